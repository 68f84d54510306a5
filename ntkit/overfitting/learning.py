"""Learning curves: the excess risk of the minimum-norm interpolant against n, beside what is proved of it."""

from dataclasses import dataclass

import numpy as np

from ntkit import kernels
from ntkit.activations import Activation
from ntkit.architectures import mlp
from ntkit.arguments import real, whole
from ntkit.overfitting.distributions import UniformSphere
from ntkit.overfitting.interpolation import Problem, random_centres, risk_from_kernels
from ntkit.overfitting.separations import sphere_separation
from ntkit.overfitting.statements import lemma_54, lemma_54_sharp, required_depth, theorem_16, theorem_16_sharp
from ntkit.overfitting.zonal import correlation_mesh, profile_at, spectrum_of_profile

SIZES = (4, 8, 16, 32, 64, 128)
"""Sizes of training sets of a learning curve, unless others are asked for."""

_MEANS = {"noise_part": "noise"} | {
    name: name for name in ("excess", "bias", "lemma_55", "zero", "residual", "distance")
}
_DEGREE = 96  # of the expansion in spherical harmonics


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """Excess risks of interpolants of n uniform points of the sphere; arrays over n, each a mean over training sets.

    activation, dim, noise, norm (‖v*‖), gamma: what was asked; fixed_depth: the depth asked for, None for the required
    n; depth, what was used; required, what Theorem 16 asks for; delta, Δ(n², γ) from below
    excess, bias, noise_part: excess risk, v*ᵀBv* and εᵀCε; lemma_55: 2v*ᵀBv* + 2εᵀCε; zero: excess risk of the zero
    predictor, v*ᵀΣv*, which is all that v* explains; residual: ‖y − Xv*‖²; distance: ‖v_S − v*‖²
    largest: ‖Σ‖; smallest: the smallest λ_min(K̄) of the training sets
    bound, sharp: `theorem_16` and `theorem_16_sharp`; nan where the depth is below the required one
    norm_bound, norm_sharp: `lemma_54` and its sharp form for n² points, likewise
    """

    activation: str
    dim: int
    noise: float
    norm: float
    gamma: float
    fixed_depth: int | None
    n: np.ndarray
    depth: np.ndarray
    required: np.ndarray
    delta: np.ndarray
    excess: np.ndarray
    bias: np.ndarray
    noise_part: np.ndarray
    lemma_55: np.ndarray
    zero: np.ndarray
    residual: np.ndarray
    distance: np.ndarray
    largest: np.ndarray
    smallest: np.ndarray
    bound: np.ndarray
    sharp: np.ndarray
    norm_bound: np.ndarray
    norm_sharp: np.ndarray

    @property
    def risk(self):
        """E(y − v_SᵀΦ(x))², the risk of the interpolant; the optimal predictor has noise²."""
        return self.excess + self.noise**2


def learning_curve(
    activation, dim=10, n=SIZES, *, depth=None, noise=0.3, norm=0.5, gamma=0.1, centres=8, repeats=1, seed=0
):
    """Excess risk against n on the uniform sphere, in kernel form (Funk–Hecke), beside Lemmas 54, 55, Theorem 16.

    The training sets of different n are nested, and v* has the same centres, coefficients and norm at every depth.

    Parameters: activation, normalised, not linear; dim ≥ 2; n, ascending sizes ≥ 2; depth, hidden layers, or None for
    what Theorem 16 asks at each n; noise, norm with noise + norm ≤ 1; gamma in (0, ½); centres of v*; repeats, training
    sets that are averaged; seed.
    Returns: LearningCurve.
    Raises: ValueError outside these ranges, or where a network is too shallow to interpolate.
    Source: Agarwal, Awasthi, Kale (2021), section 6.

    >>> import ntkit as nk
    >>> curve = learning_curve(nk.activation("tanh").normalized(), dim=10, n=(4, 16), noise=0.2)
    >>> bool((curve.excess <= curve.lemma_55).all() and (curve.lemma_55 <= curve.bound).all())
    True
    """
    sigma, sizes = _checked(activation), _checked_sizes(n)
    gamma = real("gamma", gamma, above=0, most=0.5, must="lie in (0, ½)", remedy="It is a probability of failure.")
    repeats = whole("repeats", repeats, least=1, must="be a positive whole number")
    mu = sigma.coefficient_of_nonlinearity
    deltas = np.array([sphere_separation(size**2, gamma, dim).low for size in sizes])
    required = np.array([required_depth(size, delta, mu) for size, delta in zip(sizes, deltas, strict=True)])
    used = required if depth is None else np.full_like(required, whole("depth", depth, least=1, must="be 1 or more"))
    made = _Setting(dim, sizes[-1], centres, norm, noise, repeats, seed)
    found = made.risks(sigma, sizes, used.tolist())
    holds = used >= required
    return LearningCurve(
        activation=sigma.name, dim=dim, noise=float(noise), norm=float(norm), gamma=gamma,
        fixed_depth=None if depth is None else int(depth),
        n=np.array(sizes), depth=used, required=required, delta=deltas,
        **{name: np.array([row[name] for row in found]) for name in found[0]},
        bound=np.where(holds, theorem_16(sizes, norm), np.nan),
        sharp=np.where(holds, theorem_16_sharp(sizes, gamma, norm), np.nan),
        norm_bound=np.where(holds, lemma_54(np.square(sizes)), np.nan),
        norm_sharp=np.where(holds, lemma_54_sharp(np.square(sizes), gamma), np.nan),
    )  # fmt: skip


class _Setting:
    """Training sets, and the points of v* behind them; signs of the noise belong to the training points."""

    def __init__(self, dim, largest, centres, norm, noise, repeats, seed):
        Problem.check(norm, noise)
        self.dim, self.norm, self.noise = dim, norm, noise
        points, self._weights = random_centres(dim, centres, seed)
        streams = [np.random.SeedSequence(seed, spawn_key=(2, repeat)) for repeat in range(repeats)]
        generators = [np.random.default_rng(stream) for stream in streams]
        self._x = [np.vstack([UniformSphere(dim).draw(largest, generator), points]) for generator in generators]
        self._signs = [generator.choice([-1.0, 1.0], largest) for generator in generators]

    def risks(self, sigma, sizes, depths):
        """For every size and its depth: means over the training sets."""
        kept = dict.fromkeys(depths)
        state, last = correlation_mesh(_DEGREE), mlp(max(depths), sigma)
        for depth, block in enumerate(last.blocks, start=1):
            state = kernels.run(block, state)
            if depth in kept:
                kept[depth] = kernels.run(last.read_out, state).covariance
        return [self._mean(size, kept[depth]) for size, depth in zip(sizes, depths, strict=True)]

    def _mean(self, n, profile):
        spectrum = spectrum_of_profile(profile, self.dim, _DEGREE)
        risks = [self._risk(n, place, profile, spectrum) for place in range(len(self._x))]
        means = {name: np.mean([getattr(risk, of_one) for risk in risks]) for name, of_one in _MEANS.items()}
        return means | {"largest": spectrum.norm, "smallest": min(risk.smallest for risk in risks)}

    def _risk(self, n, place, profile, spectrum):
        """Of the first n points of one training set, by kernel matrices that are read from the profile."""
        signs = self._signs[place]
        x = np.vstack([self._x[place][:n], self._x[place][len(signs) :]])
        angles = _angles_above_diagonal(x)
        gram = _symmetric(profile_at(profile, angles, _DEGREE), 1.0, len(x))
        form = _symmetric(spectrum.iterated(np.cos(angles)), spectrum.mean_square, len(x))
        unscaled = np.sqrt(self._weights @ gram[n:, n:] @ self._weights)
        return risk_from_kernels(gram, form, self._weights * (self.norm / unscaled), self.noise * signs[:n])


def _angles_above_diagonal(x):
    """From chords, which keep small angles."""
    i, j = np.triu_indices(len(x), 1)
    near, far = (np.linalg.norm(x[i] + sign * x[j], axis=1) / 2 for sign in (-1, 1))
    return 2 * np.arctan2(near, far)


def _symmetric(above, diagonal, n):
    """The matrix with these entries above its diagonal."""
    matrix = np.zeros((n, n))
    matrix[np.triu_indices(n, 1)] = above
    return matrix + matrix.T + diagonal * np.eye(n)


def _checked(sigma):
    if not isinstance(sigma, Activation) or not sigma.is_normalized:
        raise ValueError(
            f"the theorem needs a normalised activation; got {sigma!r}. Take activation.normalized() of one."
        )
    if sigma.coefficient_of_nonlinearity < 1e-12:
        raise ValueError("a linear activation separates nothing: no depth lets its network interpolate.")
    return sigma


def _checked_sizes(n):
    sizes = [whole("n", size, least=2, must="be a whole number of points, at least 2") for size in np.ravel(n)]
    if not sizes or sizes != sorted(set(sizes)):
        raise ValueError(f"n must be ascending sizes of training sets; got {n}.")
    return sizes
