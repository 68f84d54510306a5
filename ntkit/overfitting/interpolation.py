"""The minimum-norm interpolant v_S = Xᵀ K̄⁻¹ y, and its excess risk over the optimal predictor v*.

Both live in the span of features, so that all of Lemma 55 is a matter of kernels: for a predictor Σ w_p Φ(u_p),

    vᵀΣv = Σ w_p w_q E_x k(u_p, x) k(x, u_q),

where E_x k k is known exactly on the sphere (`zonal.ZonalSpectrum.iterated`), or an average over a sample.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from ntkit.architectures import Architecture
from ntkit.arguments import real, whole
from ntkit.overfitting.distributions import UniformSphere

_BLOCK = 20_000


@dataclass(frozen=True, eq=False)
class Predictor:
    """v = Σ w_p Φ(u_p) in the RKHS of the NNGP kernel of `net`: points u (p, d), weights w (p,).

    >>> import ntkit as nk
    >>> v = Predictor(nk.mlp(1, nk.activation("tanh").normalized()), np.eye(2), np.array([3.0, 4.0]))
    >>> v(np.eye(2)).round(12), round(v.norm, 12)
    (array([3., 4.]), 5.0)
    """

    net: Architecture
    points: np.ndarray
    weights: np.ndarray

    def __call__(self, x):
        """vᵀΦ(x) for rows x (n, d), shape (n,)."""
        parts = [self.net.nngp(x[i : i + _BLOCK], self.points) @ self.weights for i in range(0, len(x), _BLOCK)]
        return np.concatenate(parts)

    @property
    def norm(self):
        """‖v‖."""
        return float(np.sqrt(max(self.weights @ self.net.nngp(self.points) @ self.weights, 0.0)))

    def minus(self, other):
        """v − v', a Predictor of the same net."""
        points, weights = np.vstack([self.points, other.points]), np.append(self.weights, -other.weights)
        return Predictor(self.net, points, weights)

    def second_moment(self, covariance):
        """vᵀΣv = E (vᵀΦ(x))²; covariance, (u, u') → E_x k(u, x) k(x, u'), as SphereCovariance or SampledCovariance."""
        return float(self.weights @ covariance(self.points, self.points) @ self.weights)


@dataclass(frozen=True, eq=False)
class Problem:
    """Labels y = v*ᵀΦ(x) ± noise, each sign with probability ½ whatever x is: v* is the optimal predictor.

    best: v*, a Predictor; noise ≥ 0.  |y| ≤ ‖v*‖ + noise, which must be at most 1, as the theorem has it.
    Raises: ValueError where it is more.
    """

    best: Predictor
    noise: float
    norm: float = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "norm", self.best.norm)
        self.check(self.norm, self.noise)

    @staticmethod
    def check(norm, noise):
        """Refuse labels that could leave [−1, 1]."""
        noise = real("noise", noise, least=0, must="be at least 0 and finite")
        if norm + noise > 1 + 1e-9:
            raise ValueError(
                f"‖v*‖ + noise must be at most 1, so that labels lie in [−1, 1]; got {norm:.4g} + {noise:.4g}. "
                "Take less noise, or a smaller predictor."
            )

    def labels(self, x, generator):
        """y for rows x (n, d)."""
        return self.best(x) + self.noise * generator.choice([-1.0, 1.0], len(x))


def random_problem(net, dim, *, norm=0.5, noise=0.3, centres=8, seed=0):
    """A Problem with v* = Σ c_j Φ(z_j): uniform z_j on the sphere, normal c_j, scaled to ‖v*‖ = norm.

    Parameters: net, an Architecture; dim ≥ 2; norm > 0 and noise ≥ 0, at most 1 together; centres, how many; seed.
    Raises: ValueError outside these ranges.

    >>> import ntkit as nk
    >>> made = random_problem(nk.mlp(3, nk.activation("tanh").normalized()), 10, norm=0.4)
    >>> round(made.norm, 12), made.best.points.shape
    (0.4, (8, 10))
    """
    norm = real("norm", norm, above=0, must="be positive and finite")
    points, weights = random_centres(dim, centres, seed)
    return Problem(Predictor(net, points, weights * (norm / Predictor(net, points, weights).norm)), noise)


def random_centres(dim, centres, seed):
    """Uniform points z (centres, dim) and normal coefficients c (centres,).

    >>> [part.shape for part in random_centres(10, 8, 0)]
    [(8, 10), (8,)]
    """
    centres = whole("centres", centres, least=1, must="be a positive whole number")
    # not the stream of the seed itself, from which a caller may draw the training points
    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))
    return UniformSphere(dim).draw(centres, generator), generator.standard_normal(centres)


def interpolant(net, x, y):
    """v_S = Xᵀ K̄⁻¹ y, the predictor of least norm with v_Sᵀ Φ(x_i) = y_i: a Predictor.

    Parameters: net, an Architecture; x (n, d); y (n,).
    Raises: ValueError where K̄ is singular to rounding: points on one line, or too shallow a network.
    Source: Agarwal, Awasthi, Kale (2021), appendix G.

    >>> import ntkit as nk
    >>> x, y = nk.data.sphere(6, dim=4).x, np.arange(6.0)
    >>> interpolant(nk.mlp(8, nk.activation("tanh").normalized()), x, y)(x).round(9)
    array([0., 1., 2., 3., 4., 5.])
    """
    return Predictor(net, x, _solve(net.nngp(x), np.asarray(y, dtype=float)))


@dataclass(frozen=True, eq=False)
class SphereCovariance:
    """E_x k(u, x) k(x, u') for x uniform on the sphere, from its ZonalSpectrum: exact, to within its remainder."""

    spectrum: object

    def __call__(self, u, v):
        return self.spectrum.iterated(u @ v.T)


@dataclass(frozen=True, eq=False)
class SampledCovariance:
    """The same as an average over the rows of `sample` (m, d), of any distribution."""

    net: Architecture
    sample: np.ndarray

    def __call__(self, u, v):
        total = 0.0
        for start in range(0, len(self.sample), _BLOCK):
            part = self.sample[start : start + _BLOCK]
            left = self.net.nngp(part, u)
            total = total + left.T @ (left if v is u else self.net.nngp(part, v))
        return total / len(self.sample)


@dataclass(frozen=True)
class ExcessRisk:
    """E(y − v_SᵀΦ(x))² − E(y − v*ᵀΦ(x))² of one training set, and what Lemma 55 and the proof of Theorem 16 make of it.

    excess:    (v_S − v*)ᵀΣ(v_S − v*)
    bias:      v*ᵀBv*, B = (I − P)Σ(I − P), P = Xᵀ K̄⁻¹ X
    noise:     εᵀCε, C = K̄⁻¹ X Σ Xᵀ K̄⁻¹, ε = y − Xv*
    zero:      v*ᵀΣv*, the excess risk of the predictor 0
    residual:  ‖ε‖²
    distance:  ‖v_S − v*‖², which is ‖(I − P)v*‖² + εᵀK̄⁻¹ε
    smallest:  λ_min(K̄)
    """

    excess: float
    bias: float
    noise: float
    zero: float
    residual: float
    distance: float
    smallest: float

    @property
    def lemma_55(self):
        """2v*ᵀBv* + 2εᵀCε."""
        return 2 * self.bias + 2 * self.noise


def excess_risk(best, x, y, covariance):
    """The excess risk of the minimum-norm interpolant of (x, y) over the optimal predictor, in kernel form: ExcessRisk.

    The label enters only through y on the training set, since E[(y − v*ᵀΦ(x))Φ(x)] = 0 for the optimal v*.

    Parameters: best, v*, a Predictor; x (n, d), y (n,); covariance, SphereCovariance or SampledCovariance of its net.
    Raises: ValueError where K̄ is singular to rounding.
    Source: Agarwal, Awasthi, Kale (2021), Lemma 55.

    >>> import ntkit as nk
    >>> net, generator = nk.mlp(3, nk.activation("relu").normalized()), np.random.default_rng(1)
    >>> asked, x = random_problem(net, 10), UniformSphere(10).draw(50, generator)
    >>> exact = SphereCovariance(nk.overfitting.zonal_spectrum(net, 10))
    >>> risk = excess_risk(asked.best, x, asked.labels(x, generator), exact)
    >>> 0 < risk.excess < risk.lemma_55
    True
    """
    both = np.vstack([x, best.points])
    gram, n = best.net.nngp(both), len(x)
    residual = np.asarray(y, dtype=float) - gram[:n, n:] @ best.weights
    return risk_from_kernels(gram, covariance(both, both), best.weights, residual)


def risk_from_kernels(gram, form, weights, residual):
    """The ExcessRisk from matrices over the n training points and, behind them, the p points of v*.

    Parameters: gram, K̄, and form, E_x k(u, x) k(x, u'), both (n + p, n + p); weights of v*, (p,); residual, ε, (n,).
    Raises: ValueError where K̄ of the training points is singular to rounding.

    >>> risk = risk_from_kernels(np.eye(2), np.eye(2) / 4, np.array([1.0]), np.array([1.0]))  # one point far from v*
    >>> risk.excess, risk.bias, risk.noise, risk.distance
    (0.5, 0.25, 0.25, 2.0)
    """
    n = len(residual)
    signal, own = gram[:n, n:] @ weights, gram[:n, :n]
    fitted, noisy = _solve(own, np.column_stack([signal, residual])).T
    left_over = np.append(-fitted, weights)  # (I − P)v*
    noise_part = np.append(noisy, 0 * weights)
    v_star = np.append(0 * fitted, weights)
    off = noise_part - left_over
    distance = weights @ gram[n:, n:] @ weights - signal @ fitted + residual @ noisy
    return ExcessRisk(
        excess=float(off @ form @ off),
        bias=float(left_over @ form @ left_over),
        noise=float(noise_part @ form @ noise_part),
        zero=float(v_star @ form @ v_star),
        residual=float(residual @ residual),
        distance=float(distance),
        smallest=float(np.linalg.eigvalsh(own)[0]),
    )


def measured_excess_risk(asked, x, y, test):
    """The excess risk by its definition, on test points: (mean, standard error) of (y − v_SᵀΦ(x))² − (y − v*ᵀΦ(x))².

    Each test point is given both of its labels, so that their noise adds nothing to the error of the mean.

    Parameters: asked, a Problem; x (n, d), y (n,), the training set; test (m, d), new draws.
    Raises: ValueError where K̄ is singular to rounding.

    >>> import ntkit as nk
    >>> net, generator = nk.mlp(3, nk.activation("relu").normalized()), np.random.default_rng(1)
    >>> asked, x = random_problem(net, 10), UniformSphere(10).draw(50, generator)
    >>> test = UniformSphere(10).draw(1000, generator)
    >>> mean, error = measured_excess_risk(asked, x, asked.labels(x, generator), test)
    >>> 0 < error < mean
    True
    """
    learned, signal = interpolant(asked.best.net, x, y)(test), asked.best(test)
    both = [(signal + s * asked.noise - learned) ** 2 - (s * asked.noise) ** 2 for s in (-1, 1)]
    differences = 0.5 * (both[0] + both[1])
    return float(differences.mean()), float(differences.std(ddof=1) / np.sqrt(len(test)))


def _solve(gram, right):
    try:
        return cho_solve(cho_factor(gram), right)
    except LinAlgError as error:
        raise ValueError(
            f"K̄ must be non-singular to interpolate; it has {len(gram)} rows and its smallest eigenvalue is "
            f"{np.linalg.eigvalsh(gram)[0]:.3g}. Drop points that lie on one line, or take a deeper network."
        ) from error
