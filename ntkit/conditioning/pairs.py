"""Two inputs of different norms, layer after layer: their lengths and correlation beside what the theorems allow.

And what one layer does to any length, with the chords that the theorems put in its place.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ntkit import kernels
from ntkit.architectures import Elementwise
from ntkit.arguments import real, whole
from ntkit.conditioning.any_norm import (
    HIGHEST,
    LOWEST,
    contraction_rate,
    theorem_12,
    theorem_12_start,
    theorem_37,
    theorem_59,
    theorem_59_constants,
    theorem_59_start,
    unmet_for_theorem_12,
    unmet_for_theorem_37,
)
from ntkit.conditioning.lengths import (
    at_length,
    bias,
    demand_unit_second_moment,
    generalized_nonlinearity,
    length_iterates,
    length_map,
    length_map_derivative,
)
from ntkit.gaussian import panel_width, product_nodes
from ntkit.slopes import piecewise_constant_levels

_TERMS = (32, 64, 128, 256, 512, 1024, 2048, 4096)
_NARROWEST = 0.2  # panels of the plane; narrower ones take long
_EPSILONS = np.geomspace(1e-12, 1, 49)  # Theorem 59 holds for every ε: the best of these


@dataclass(frozen=True, eq=False)
class LengthProfile:
    """Lengths and correlation of two inputs in networks of l = 0 … L hidden layers, and their bounds.

    activation: its name; squared_norms: (‖x‖², ‖y‖²); delta: 1 − |ρ₀|; mu: μ
    statement:    "Theorem 12" or "Theorem 59", whichever bounds the correlation; "" where neither speaks
    silent:       why no theorem speaks, in words; "" where one does
    start:        L̂, from where it speaks; nan where none does
    depth:        l, shape (L + 1,)
    excess:       γ_l − 1 of x and y, shape (2, L + 1), accurate near 0
    length_bound: what |γ_l − 1| is at most, Theorem 37 (for NormReLU its proof of Theorem 59); nan where silent
    correlation:  |ρ_l|, shape (L + 1,); gap: 1 − ρ_l
    step_bound:   what |ρ_l| is at most by equation (29), Lemma 41 for odd σ, layer by layer with the exact lengths
    bound:        what it is at most by `statement`; nan for l < L̂
    """

    activation: str
    squared_norms: tuple[float, float]
    delta: float
    mu: float
    statement: str
    silent: str
    start: float
    depth: np.ndarray
    excess: np.ndarray
    length_bound: np.ndarray
    correlation: np.ndarray
    gap: np.ndarray
    step_bound: np.ndarray
    bound: np.ndarray


def length_profile(activation, depth, squared_norms, rho=None, *, gap=None):
    """The LengthProfile of two inputs of given squared norms and correlation.

    Parameters: activation with E σ² = 1; depth ≥ 0, whole; squared_norms, two numbers > 0; rho in (−1, 1), their
    correlation, or gap = 1 − ρ in (0, 2).
    Raises: ValueError for another activation, outside those ranges, and where lengths run away beyond 1e24.
    Source: Agarwal, Awasthi, Kale (2021), section 3.5, appendices D and I.1.

    >>> import ntkit as nk
    >>> profile = length_profile(nk.activation("tanh").normalized(), 32, (0.5, 4.0), rho=0.95)
    >>> profile.statement, round(profile.start, 4)
    ('Theorem 12', 13.2693)
    >>> bool((abs(profile.excess) <= profile.length_bound).all())
    True
    """
    kernels.demand_one(rho, gap)
    correlation = real("rho", 1 - gap if rho is None else rho, above=-1, must="lie in (−1, 1)")
    gap = real("gap", 1 - rho if gap is None else gap, above=0, must="lie in (0, 2): two inputs on one ray stay there")
    norms = tuple(real("a squared norm", norm, above=0, must="be positive and finite") for norm in squared_norms)
    excess = length_iterates(activation, depth, np.array(norms)).T
    rhos, gaps = correlation_iterates(activation, excess, correlation, gap)
    layers, delta = np.arange(excess.shape[1]), min(gap, 2 - gap)
    statement, start, bound, silent = _statement(activation, layers, norms, delta)
    return LengthProfile(
        activation=activation.name,
        squared_norms=norms,
        delta=delta,
        mu=float(generalized_nonlinearity(activation, 1.0)),
        statement=statement,
        silent=silent,
        start=start,
        depth=layers,
        excess=excess,
        length_bound=_length_bounds(activation, layers, norms),
        correlation=np.abs(rhos),
        gap=gaps,
        step_bound=_step_bounds(activation, excess, delta),
        bound=bound,
    )


@dataclass(frozen=True, eq=False)
class LengthCurves:
    """The length map and the bias of an activation with E σ² = 1, over squared norms: Figure 6 of the paper.

    activation: its name
    squared_norm: γ, shape (n,) like all the arrays below
    length:   σ̂_l(γ);  envelope: 1 − (1 − α⁻)(1 − γ) below 1 and 1 + (1 − α⁺)(γ − 1) above, between which and 1 it lies
    bias:     bias(γ);  bias_envelope: its chords from both ends to γ = 1, equation (28)
    below, above: α⁻ and α⁺, from the ends of the range instead of ½ where another one is asked for
    """

    activation: str
    squared_norm: np.ndarray
    length: np.ndarray
    envelope: np.ndarray
    bias: np.ndarray
    bias_envelope: np.ndarray
    below: float
    above: float


def length_curves(activation, low=LOWEST, high=HIGHEST, points=121):
    """The LengthCurves of an activation for low ≤ γ ≤ high.

    Parameters: activation with E σ² = 1; 0 < low < 1 < high; points ≥ 3 of γ.
    Raises: ValueError for another activation, and outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), Figure 6, equations (13) and (28).

    >>> import ntkit as nk
    >>> curves = length_curves(nk.normrelu())
    >>> round(float(curves.length[0]), 4), round(float(curves.bias[-1]), 4)
    (0.54, 0.0029)
    """
    demand_unit_second_moment(activation)
    low = real("low", low, above=0, most=0.999, must="lie in (0, 1)")
    high = real("high", high, least=1.001, must="be above 1")
    gamma = np.linspace(low, high, whole("points", points, least=3, must="be a whole number, 3 or more"))
    lengths, biases = length_map(activation, gamma), bias(activation, gamma)
    below = 1 - (1 - lengths[0]) / (1 - low)
    above = float(1 - length_map_derivative(activation, 1.0))
    is_below = gamma < 1
    chords = np.where(is_below, biases[0] * (1 - gamma) / (1 - low), biases[-1] * (gamma - 1) / (high - 1))
    return LengthCurves(
        activation=activation.name,
        squared_norm=gamma,
        length=lengths,
        envelope=1 + (1 - np.where(is_below, below, above)) * (gamma - 1),
        bias=biases,
        bias_envelope=chords,
        below=float(below),
        above=above,
    )


# --- the exact correlation -------------------------------------------------------------------------------------------


def correlation_iterates(activation, excess, rho, gap):
    """ρ_l and 1 − ρ_l of two inputs whose lengths γ_l − 1 are known, `excess` (2, L + 1): each (L + 1,).

    Relatively accurate for smooth σ, and for any once both lengths are 1; before that, ρ_l is off by up to 1e-14.

    >>> import ntkit as nk
    >>> relu = nk.activation("relu").with_unit_second_moment()
    >>> correlation_iterates(relu, np.zeros((2, 2)), 0.0, 1.0)[0].round(6)
    array([0.     , 0.31831])
    """
    found = [(rho, gap)]
    for first, second in 1 + excess.T[:-1]:
        step = _on_the_sphere if first == second == 1 else _step(activation)
        found.append(step(activation, first, second, *found[-1]))
    return tuple(np.array(column) for column in zip(*found, strict=True))


def _on_the_sphere(activation, first, second, rho, gap):
    """Lengths are 1 to the last digit: the dual."""
    pair = activation.dual.pair(np.array([rho]), np.array([gap if rho >= 0 else 1 + rho]), slope=False)
    return float(pair.value[0]), float(pair.half_distance[0])


def _step(activation):
    if not activation.kinks:
        return _by_series
    is_quick = activation.degree_of_base is not None or piecewise_constant_levels(activation) is not None
    return _by_layer if is_quick or not activation.is_continuous else _by_quadrature


def _by_series(activation, first, second, rho, gap):
    """Equations (15), (16); near ρ = 1 in 1 − ρ^j, which does not cancel."""
    a, b = (_coefficients(activation, float(gamma)) for gamma in (first, second))
    count = min(len(a), len(b))
    product, scale = a[:count] * b[:count], np.sqrt((a @ a) * (b @ b))
    value = float(product @ rho ** np.arange(count) / scale)
    if rho <= 0 or gap >= 1:
        return value, 1 - value
    apart = 0.0 if first == second else scale - product.sum()
    falls = -np.expm1(np.arange(count) * np.log1p(-gap))
    return value, float((apart + product @ falls) / scale)


@lru_cache(maxsize=4096)
def _coefficients(activation, gamma):
    """As many a_j^{γ} as leave nothing out, of σ̂_l(γ) and of the slope of the correlation map at 1."""
    part = at_length(activation, gamma)
    for count in _TERMS:
        squares = (found := part.hermite(count)) ** 2
        slopes = np.arange(count) * squares
        missing = abs(squares.sum() - part.second_moment)
        if missing <= 1e-14 * part.second_moment and slopes[3 * count // 4 :].sum() <= 1e-16 * slopes.sum():
            return found
    raise ValueError(
        f"signals must stay short enough for activation {activation.name!r} to be resolved; one of squared norm "
        f"{gamma:.3g} makes it too steep. Take inputs nearer to norm 1."
    )


def _by_layer(activation, first, second, rho, gap):
    """What an Elementwise layer makes of the pair."""
    after = Elementwise(activation).propagate(_state(first, second, rho, gap))
    return float(np.squeeze(after.correlation)), float(np.squeeze(after.gap))


def _state(first, second, rho, gap):
    cross, column = np.sqrt(first * second), np.ones((1, 1))
    mismatch = 0.5 * (np.sqrt(first) - np.sqrt(second)) ** 2
    margin = gap if rho >= 0 else 1 + rho
    return kernels.KernelState(
        first * column,
        second * column,
        cross * rho * column,
        (mismatch + cross * gap) * column,
        (0.5 * (first + second) + cross * rho) * column,
        None,
        margin * column,
        is_gaussian=True,
    )


def _by_quadrature(activation, first, second, rho, gap):
    """½E(σ(√γ₁ U) ∓ σ(√γ₂ V))² in the plane, split at the kinks; faster for one pair than a table of many."""
    roots, sign = np.sqrt([first, second]), -1.0 if rho < 0 else 1.0
    part = at_length(activation, float(max(first, second)))
    radius = max(9.5, part.resolved.radius - 3.5)
    width = panel_width(part.derivative, part.kinks, radius)
    if width is None or width < _NARROWEST:
        return _by_layer(activation, first, second, rho, gap)
    kinks = np.array(activation.kinks)
    angle = 2 * np.arcsin(np.sqrt(0.5 * (gap if rho >= 0 else 1 + rho)))
    u, v, weights = product_nodes(kinks / roots[0], sign * kinks / roots[1], angle, radius, width)
    near = 0.5 * (weights * (activation(roots[0] * u) - sign * activation(sign * roots[1] * v)) ** 2).sum()
    lengths = np.sqrt([at_length(activation, float(gamma)).second_moment for gamma in (first, second)])
    from_the_nearer_end = float((near - 0.5 * (lengths[0] - lengths[1]) ** 2) / lengths.prod())
    if rho < 0:
        return from_the_nearer_end - 1, 2 - from_the_nearer_end
    return 1 - from_the_nearer_end, from_the_nearer_end


# --- the bounds ------------------------------------------------------------------------------------------------------


def _length_bounds(activation, layers, norms):
    """Theorem 37 for every input that it speaks of."""
    if min(norms) < LOWEST:
        return np.full((2, len(layers)), np.nan)
    if not unmet_for_theorem_37(activation):
        return np.stack([theorem_37(layers, norm, contraction_rate(activation)) for norm in norms])
    constants = _normrelu_constants(activation, norms)
    if constants is None:
        return np.full((2, len(layers)), np.nan)
    rates = [constants.below if norm < 1 else constants.above for norm in norms]
    return np.stack([theorem_37(layers, norm, rate) for norm, rate in zip(norms, rates, strict=True)])


def _normrelu_constants(activation, norms):
    """The constants of Theorem 59, None where it does not speak of the activation or of inputs that long."""
    if not activation.is_normalized or min(norms) < LOWEST or max(norms) > HIGHEST:
        return None
    try:
        return theorem_59_constants(activation)
    except ValueError:
        return None


def _statement(activation, layers, norms, delta):
    """The name of the theorem that bounds the correlation, its L̂, its bound, and why there is none."""
    unmet = unmet_for_theorem_12(activation)
    if not unmet and min(norms) >= LOWEST:
        mu = activation.coefficient_of_nonlinearity
        start = float(theorem_12_start(contraction_rate(activation), mu, *norms))
        return "Theorem 12", start, _from(start, layers, lambda depth: theorem_12(depth, delta, mu, start)), ""
    constants = _normrelu_constants(activation, norms)
    if constants is not None and delta > constants.delta:
        start = float(theorem_59_start(1.0, constants))
        return "Theorem 59", start, _best_theorem_59(layers, delta, constants), ""
    return "", np.nan, np.full(len(layers), np.nan), _why_silent(unmet, constants, norms)


def _why_silent(unmet, constants, norms):
    if min(norms) < LOWEST:
        return f"Theorems 12 and 59 ask for squared norms of at least ½; got {min(norms):.4g}."
    if constants is not None:
        return f"Theorem 59 asks for δ > δ' = {constants.delta:.4g}."
    return f"Theorem 12: {unmet}"


def _best_theorem_59(layers, delta, constants):
    bounds = [
        _from(theorem_59_start(e, constants), layers, lambda depth, e=e: theorem_59(depth, delta, e, constants))
        for e in _EPSILONS
    ]
    return np.fmin.reduce(bounds)


def _from(start, layers, bound):
    """The bound from layer ⌈L̂⌉ on, nan before."""
    found = np.full(len(layers), np.nan)
    late = layers >= start
    if late.any():
        found[late] = bound(layers[late])
    return found


def _step_bounds(activation, excess, delta):
    """|ρ_l| ≤ √(bias_x bias_y) + (1 − δ)√(1 − μ_x δ)√(1 − μ_y δ), the bound of one layer into the next."""
    lengths = 1 + excess[:, :-1]
    biases = np.sqrt(bias(activation, lengths).prod(axis=0))
    mu_x, mu_y = generalized_nonlinearity(activation, lengths)
    found = [1 - delta]
    for common, x, y in zip(biases, mu_x, mu_y, strict=True):
        apart = 1 - found[-1]
        found.append(min(1.0, common + found[-1] * np.sqrt((1 - x * apart) * (1 - y * apart))))
    return np.array(found)
