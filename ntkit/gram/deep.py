"""Depth helps: the Gram matrix of the last hidden layer of a deep network, and how layers part the inputs.

    x^(l) = (c_φ/√m) φ(W^(l) x^(l−1)),   F = (c_φ/√m) Σ_k a_k φ(w_k·x^(L−1)),   c_φ = (E φ²)^(−½)
    G_ij = (1/m) Σ_k a_k² φ'(w_k·x_i^(L−1)) φ'(w_k·x_j^(L−1)) ⟨x_i^(L−1), x_j^(L−1)⟩

As m → ∞ the inner products become ρ_(L−1), ρ_l = R(ρ_(l−1)) with R(ρ) = c_φ² Σ_a c̄_a²(φ) ρ^a, and G the values of
ρ E φ'(U)φ'(V) there.  The paper prints G without the inner product, which its own equation (47) and the gradient with
respect to W^(L) have; the gradient has a factor c_φ² as well.
Source: Panigrahi, Shetty, Goyal (2020), appendix J, Theorem 4.8.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ntkit.arguments import real, whole
from ntkit.conditioning import bound
from ntkit.gram.covariances import Covariance, checked_inputs, through
from ntkit.gram.layered import scaling_constant
from ntkit.memory import ensure_fits
from ntkit.specification import takes_names
from ntkit.spectra import spectrum

_UNIT = 1e-6
_ROUNDINGS = 64  # of entries that have been through many layers
_MOST_LAYERS = 10**7


@dataclass(frozen=True, eq=False)
class DeepGram:
    """G of the last hidden layer, by its factors.

    products: ⟨x_i^(L−1), x_j^(L−1)⟩, (n, n)
    slopes:   (1/m) Σ_k a_k² φ'φ', or E φ'(U)φ'(V), (n, n): G as the paper prints it
    factor:   c_φ²
    """

    products: np.ndarray
    slopes: np.ndarray
    factor: float

    @property
    def matrix(self):
        """G with the inner product, and with c_φ = 1 in front, as the paper has it for one hidden layer."""
        return self.products * self.slopes

    @property
    def gradient(self):
        """⟨∂F_i/∂W^(L), ∂F_j/∂W^(L)⟩ = c_φ² G."""
        return self.factor * self.matrix


@takes_names
def deep_gram(activation, x, depth):
    """The DeepGram of infinite width.

    Parameters: activation φ, continuous; x, unit rows (n, d); depth L ≥ 1.
    Raises: ValueError for rows that are not of unit length, and for values out of range.
    Source: Panigrahi et al. (2020), appendix J.

    >>> import ntkit as nk
    >>> found = deep_gram(nk.activation("tanh"), nk.data.half_circle(20).x, 40)
    >>> round(float(np.linalg.eigvalsh(found.matrix)[0]), 3)
    0.317
    """
    depth = _layers(depth)
    layers = _covariances(activation, x)
    return _deep(activation, [next(layers) for _ in range(depth)][-1])


@takes_names
def deep_gram_drawn(activation, x, depth, width, *, seed=0, device=None):
    """The DeepGram of one network of finite width, all weights and a_k from N(0, 1).

    Parameters: as in `deep_gram`; width m ≥ 1; seed; device, torch's.
    Raises: as in `deep_gram`; MemoryError where the weights would not fit.
    Source: Panigrahi et al. (2020), appendix J.

    >>> import ntkit as nk
    >>> deep_gram_drawn(nk.activation("tanh"), np.eye(3), depth=2, width=100).matrix.shape
    (3, 3)
    """
    import torch

    depth, x = _layers(depth), _unit_rows(x)
    width = whole("width", width, least=1, must="be a positive whole number of units")
    ensure_fits((width, max(width, x.shape[1])), copies=2, instead="Take fewer units.")
    generator, where = torch.Generator(device or "cpu").manual_seed(seed), {"device": device, "dtype": torch.float64}
    factor = scaling_constant(activation)
    hidden = torch.as_tensor(x, **where)
    for _ in range(depth - 1):
        weights = torch.randn(width, hidden.shape[1], generator=generator, **where)
        hidden = (factor / width) ** 0.5 * activation(hidden @ weights.T)
    weights = torch.randn(width, hidden.shape[1], generator=generator, **where)
    signals = activation.derivative(hidden @ weights.T) * torch.randn(width, generator=generator, **where)
    return DeepGram((hidden @ hidden.T).cpu().numpy(), (signals @ signals.T / width).cpu().numpy(), factor)


@dataclass(frozen=True, eq=False)
class DeepSpectra:
    """The least eigenvalue of the deep G against depth.

    activation, n
    depths:       L, ascending
    least:        λ_min with the inner product, one a depth; nan where the matrix is singular to rounding
    as_printed:   λ_min without it, likewise
    limit:        E φ'², where `least` goes as ρ → 0
    printed_limit: Var φ', where `as_printed` goes
    """

    activation: str
    n: int
    depths: np.ndarray
    least: np.ndarray
    as_printed: np.ndarray
    limit: float
    printed_limit: float


@takes_names
def deep_spectra(activation, x, depths):
    """The DeepSpectra of unit rows x, (n, d), at depths L ≥ 1.

    Raises: as `deep_gram`.

    >>> import ntkit as nk
    >>> found = deep_spectra(nk.activation("tanh"), nk.data.half_circle(20).x, [1, 20, 200])
    >>> found.least.round(4).tolist(), round(found.limit, 6), round(found.printed_limit, 6)
    ([0.0, 0.0491, 0.4644], 0.464403, 0.097524)
    """
    depths = np.unique([_layers(depth) for depth in np.atleast_1d(depths)])
    wanted, found = set(depths.tolist()), []
    for layer, covariance in enumerate(_covariances(activation, x), start=1):
        if layer in wanted:
            here = _deep(activation, covariance)
            found.append((_known_least(here.matrix), _known_least(here.slopes)))
        if layer == depths[-1]:
            break
    least, printed = np.array(found).T
    moment, slope = activation.derivative_second_moment, float(activation.hermite(2)[1])  # E φ' = E Zφ(Z)
    return DeepSpectra(
        activation.name, len(covariance.variance), depths, least, printed, moment, float(moment - slope**2)
    )


def _known_least(matrix):
    found = spectrum(matrix)
    return found.min if found.min > _ROUNDINGS * found.resolution else np.nan


def _covariances(activation, x):
    """K^(0), K^(1), …, each scaled to norm 1."""
    covariance, factor = Covariance.of(_unit_rows(x)), scaling_constant(activation)
    while True:
        yield covariance
        covariance = through(activation, covariance)[0].scaled(factor)


def _deep(activation, covariance):
    slopes = through(activation, covariance, slope=True)[1]
    return DeepGram(covariance.matrix, slopes, scaling_constant(activation))


# --- one pair, layer after layer -----------------------------------------------------------------------------------


@takes_names
def linear_share(activation):
    """c = c̄₁²/Σ_{a≥1} c̄_a², the paper's ratio: 1 − μ of the centred activation.

    >>> import ntkit as nk
    >>> round(linear_share(nk.activation("tanh")), 6)
    0.93047
    """
    return 1 - activation.coefficient_of_nonlinearity


def lemma_j2(rho, share, noise=0.0):
    """f̃(ρ) = ½(1 + c)ρ + ½(1 − c)ρ² + noise: the next |ρ| is at most this, at finite width; flat below ρ = noise.

    Parameters: rho in [0, 1]; share c in [0, 1]; noise ≥ 0, δ/n² in the paper.
    Raises: ValueError outside those ranges.
    Source: Panigrahi et al. (2020), Lemmas J.2 and J.3.

    >>> round(float(lemma_j2(0.5, 0.93047)), 7)
    0.4913088
    """
    rho, share = _rho_and_share(rho, share)
    noise = real("noise", noise, least=0, must="not be negative")
    held = np.maximum(rho, noise)
    return 0.5 * (1 + share) * held + 0.5 * (1 - share) * held**2 + noise


def lemma_j2_infinite(rho, share):
    """cρ + (1 − c)ρ²: the next |ρ| is at most this at infinite width.

    Parameters, raises: as in `lemma_j2`.

    >>> round(float(lemma_j2_infinite(0.5, 0.93047)), 7)
    0.4826175
    """
    rho, share = _rho_and_share(rho, share)
    return share * rho + (1 - share) * rho**2


def lemma_j3_fixed_points(share, noise):
    """Where f̃(ρ) = ρ: about 2·noise/(1 − c) and 1 − 2·noise/(1 − c), as the paper has them, here exactly.

    Parameters: share c in [0, 1); noise in (0, (1 − c)/8].
    Raises: ValueError outside those ranges: a larger noise leaves no fixed point, and |ρ| does not shrink.

    >>> [round(rho, 6) for rho in lemma_j3_fixed_points(0.93047, 1e-5)]
    [0.000288, 0.999712]
    """
    share = real("share", share, least=0, most=np.nextafter(1, 0), must="lie in [0, 1)")
    noise = real(
        "noise", noise, above=0, most=(1 - share) / 8, must=f"lie in (0, (1 − c)/8] = (0, {(1 - share) / 8:g}]"
    )
    root = math.sqrt(1 - 8 * noise / (1 - share))
    low = 4 * noise / (1 - share) / (1 + root)  # (1 − root)/2
    return low, 1 - low


def lemma_j4_layers(delta, epsilon, a, turn=0.5):
    """Layers in which f(ρ) = aρ + (1 − a)ρ² takes 1 − δ below ε, by the proof of Lemma J.4.

    While 1 − ρ doubles from x to 2x, every layer multiplies ρ by at most 1 − (1 − a)x; beyond 1 − turn by at most
    1 − (1 − a)·turn.  The paper counts 3/(1 − a) layers for a doubling; here they are counted as they come.
    Parameters: delta in (0, 1); epsilon in (0, 1); a in [0, 1); turn in (0, ½], open in the paper.
    Returns: int.
    Raises: ValueError outside those ranges.
    Source: Panigrahi et al. (2020), Lemma J.4.

    >>> lemma_j4_layers(0.01, 0.5 / math.e, a=0.965235)
    248
    """
    delta, epsilon = (
        real(name, value, above=0, most=np.nextafter(1, 0), must="lie in (0, 1)")
        for name, value in (("delta", delta), ("epsilon", epsilon))
    )
    a = real("a", a, least=0, most=np.nextafter(1, 0), must="lie in [0, 1)")
    turn = real("turn", turn, above=0, most=0.5, must="lie in (0, ½]")
    layers, apart = 0, delta
    while apart < turn and 1 - apart > epsilon:
        further = min(2 * apart, turn)
        layers += math.ceil(math.log((1 - further) / (1 - apart)) / math.log1p(-(1 - a) * apart))
        apart = further
    if 1 - apart > epsilon:
        layers += math.ceil(math.log(epsilon / (1 - apart)) / math.log1p(-(1 - a) * apart))
    return layers


@takes_names
def theorem_j5_floor(activation, n, largest, order):
    """c̄_r²(φ')(1 − (n − 1)ε^(r+1)), at most λ_min of the deep G where |ρ_(L−1)| ≤ ε, by Gershgorin.

    Parameters: activation φ; n ≥ 2 inputs; largest ε in [0, 1]; order r ≥ 0, for which the paper takes Θ(log n).
    Returns: float; not positive, and of no use, where ε is too large.
    Raises: ValueError outside those ranges.
    Source: Panigrahi et al. (2020), Theorem J.5, equation (48).

    >>> import ntkit as nk
    >>> round(theorem_j5_floor(nk.activation("tanh"), 20, 0.01, order=0), 4)
    0.2972
    """
    n = whole("n", n, least=2, must="be a whole number of inputs, at least 2")
    order = whole("order", order, least=0, must="be a whole number, at least 0")
    largest = real("largest", largest, least=0, most=1, must="lie in [0, 1]")
    coefficient = math.sqrt(order + 1) * activation.hermite(order + 2)[order + 1]  # of φ', from that of φ
    return float(coefficient**2 * (1 - (n - 1) * largest ** (order + 1)))


@dataclass(frozen=True, eq=False)
class DepthHelps:
    """|ρ_l| of two inputs at ρ₀ = 1 − δ after l = 0 … L layers, and what the papers prove of it.

    activation, delta: as scaled to E φ² = 1; δ = 1 − |ρ₀|
    share:    c = 1 − μ
    exact:    |ρ_l|, (L + 1,) like the next three
    infinite: by cρ + (1 − c)ρ², Lemma J.2 without its errors
    finite:   by f̃, Lemma J.2 as the paper uses it, with the noise left out
    bound:    B_μ(l, δ) of Agarwal, Awasthi, Kale (2021)
    """

    activation: str
    delta: float
    share: float
    exact: np.ndarray
    infinite: np.ndarray
    finite: np.ndarray
    bound: np.ndarray

    @property
    def depth(self):
        """0, 1, …, L."""
        return np.arange(len(self.exact))

    @cached_property
    def mu(self):
        """μ = 1 − c, the coefficient of non-linearity."""
        return 1 - self.share

    def layers_below(self, epsilon):
        """The layers after which each of the four is below ε: {name: int, or None where L is too few}."""
        curves = {"exact": self.exact, "infinite": self.infinite, "finite": self.finite, "bound": self.bound}
        below = {name: np.flatnonzero(curve < epsilon) for name, curve in curves.items()}
        return {name: int(where[0]) if len(where) else None for name, where in below.items()}


@takes_names
def depth_helps(activation, delta, depth):
    """The DepthHelps of an activation with E φ = 0.

    Parameters: activation φ with mean 0, not linear; delta in (0, 1), 1 − |ρ₀| (for Assumption 2's own δ, √(1 − ρ²),
    take δ_corr = 1 − √(1 − δ²)); depth L ≥ 1.
    Raises: ValueError for another activation, and outside those ranges.
    Source: Panigrahi et al. (2020), appendix J; Agarwal, Awasthi, Kale (2021), Theorem 3.

    >>> import ntkit as nk
    >>> depth_helps(nk.activation("tanh"), 0.1, 200).layers_below(0.5 / math.e)
    {'exact': 33, 'infinite': 54, 'finite': 107, 'bound': 77}
    """
    depth = _layers(depth)
    delta = real("delta", delta, above=0, most=np.nextafter(1, 0), must="lie in (0, 1)")
    sigma, share = _centred(activation), linear_share(activation)
    curves = {"infinite": [1 - delta], "finite": [1 - delta]}
    for name, step in (("infinite", lemma_j2_infinite), ("finite", lemma_j2)):
        for _ in range(depth):
            curves[name].append(float(step(curves[name][-1], share)))
    return DepthHelps(
        activation=activation.name,
        delta=delta,
        share=share,
        exact=_exact(sigma.dual, delta, depth),
        bound=bound(np.arange(depth + 1), delta, 1 - share),
        **{name: np.array(curve) for name, curve in curves.items()},
    )


def _exact(dual, delta, depth):
    """|ρ_l| by the dual activation, 1 − ρ beside it."""
    rho, margin = np.array([1 - delta]), np.array([delta])
    found = [rho]
    for _ in range(depth):
        pair = dual.pair(rho, margin, slope=False)
        rho, margin = pair.value, np.clip(np.minimum(pair.half_distance, pair.half_sum), 0, 1)
        found.append(rho)
    return np.abs(np.concatenate(found))


def _centred(activation):
    if abs(activation.mean) > 1e-9 * math.sqrt(activation.second_moment):
        raise ValueError(
            f"activation {activation.name!r} must have E φ = 0, or its layers draw inputs together; "
            f"its mean is {activation.mean:.6g}. Take its .normalized()."
        )
    if activation.coefficient_of_nonlinearity <= 1e-15:
        raise ValueError(f"activation {activation.name!r} must not be linear: it keeps every correlation.")
    return activation.with_unit_second_moment()


def _unit_rows(x):
    x = checked_inputs(x)
    off = np.abs(np.linalg.norm(x, axis=1) - 1).max()
    if off > _UNIT:
        raise ValueError(f"rows of x must have unit length, Assumption 1; one is off by {off:.3g}. Map them first.")
    return x


def _rho_and_share(rho, share):
    rho, share = np.asarray(rho, dtype=float), real("share", share, least=0, most=1, must="lie in [0, 1]")
    if not ((rho >= 0) & (rho <= 1)).all():
        raise ValueError("rho must lie in [0, 1]: it is the absolute value of a correlation.")
    return rho, share


def _layers(depth):
    return whole("depth", depth, least=1, most=_MOST_LAYERS, must="be a whole number of layers, at least 1")
