"""Correlations on their way to ρ̄, layer after layer, beside what bounds them."""

from dataclasses import dataclass

import numpy as np

from ntkit.arguments import floats
from ntkit.conditioning.fixed_points import FixedPoint, fixed_point, gap_after, slope_near
from ntkit.conditioning.inputs import checked
from ntkit.conditioning.uncentred import lemma_35, lemma_35_depth, lemma_36, theorem_11_sharp
from ntkit.gaussian import gauss_legendre

_NODES = 12
_NEAR = 0.25  # of 1 − ρ̄: there 12 nodes are exact to rounding, σ̂' being analytic up to ρ = 1
_CURVE = 241
_ROUNDING = 1e-14
_EPSILONS = np.geomspace(0.4999, 1e-8, 4000)
_BELOW_ONE = float(np.nextafter(1.0, 0.0))


@dataclass(frozen=True, eq=False)
class UncentredProfile:
    """ρ_l from several starts through l = 0 … L layers of an activation with E σ² = 1, and their distance from ρ̄.

    point:       the FixedPoint: ρ̄, the regime and the rates
    starts:      ρ_0, shape (s,)
    delta:       δ = 1 − max |ρ_0|
    L0:          of Lemma 35 at δ; None where the lemma is silent: σ̂(0) = 0, σ̂'(1) = 1 or δ = 0
    depth:       l, shape (L + 1,)
    correlation: ρ_l, shape (L + 1, s)
    gap:         1 − ρ_l, accurate where it is small
    deviation:   ρ_l − ρ̄, accurate where it is small
    bound:       Lemma 35 at δ, Lemma 36 where σ̂'(1) = 1, shape (L + 1,); nan where they are silent
    sharp:       theorem_11_sharp at δ; nan where δ = 0
    rho, dual:   the graph of σ̂ on [−1, 1]
    """

    point: FixedPoint
    starts: np.ndarray
    delta: float
    L0: int | None
    depth: np.ndarray
    correlation: np.ndarray
    gap: np.ndarray
    deviation: np.ndarray
    bound: np.ndarray
    sharp: np.ndarray
    rho: np.ndarray
    dual: np.ndarray


def uncentred_profile(activation, depth, starts=(-0.9, 0.0, 0.9), *, gap=None):
    """The UncentredProfile of an activation with E σ² = 1, from each correlation ρ₀ of `starts`.

    Far from ρ̄ one layer is 1 − ρ ↦ σ̂(1) − σ̂(ρ); near it, ρ − ρ̄ ↦ (ρ − ρ̄) times the mean of σ̂' between the two, by
    quadrature, so that ρ_l − ρ̄ keeps its relative accuracy down to the smallest float.

    Parameters: activation, an Activation with E σ² = 1, not affine; depth ≥ 0, whole; starts, numbers in [−1, 1]; gap,
    1 − ρ₀ in the place of `starts`, numbers in [0, 2], accurate where that is small.
    Raises: ValueError for another activation, and outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), section 3.4 and appendix C.3.

    >>> import ntkit as nk
    >>> profile = uncentred_profile(nk.activation("softplus").with_unit_second_moment(), depth=5, starts=(0.0,))
    >>> profile.point.regime, f"{profile.gap[5, 0]:.1e}"
    ('ordered', '2.9e-03')
    """
    gaps = 1 - np.atleast_1d(floats("starts", starts)) if gap is None else np.atleast_1d(floats("gap", gap))
    checked(whole_depth=depth, full_gap=gaps)
    point = fixed_point(activation)
    layers = np.arange(int(depth) + 1)
    delta = min(float(np.minimum(gaps, 2 - gaps).min()), _BELOW_ONE)
    gap, deviation = _follow(activation.dual, point, gaps, int(depth))
    turn = lemma_35_depth(delta, point) if delta > 0 and point.at_zero > 0 and point.regime != "critical" else None
    rho = np.linspace(-1.0, 1.0, _CURVE)
    return UncentredProfile(
        point=point,
        starts=1 - gaps,
        delta=delta,
        L0=turn,
        depth=layers,
        correlation=np.where(np.abs(deviation) < 0.5 * point.correlation, point.correlation + deviation, 1 - gap),
        gap=gap,
        deviation=deviation,
        bound=_inverse_of_lemma_36(layers, point) if point.regime == "critical" else _from(turn, layers, delta, point),
        sharp=theorem_11_sharp(layers, delta, point) if delta > 0 else np.full(layers.shape, np.nan),
        rho=rho,
        dual=_graph(activation.dual, rho),
    )


def _from(turn, layers, delta, point):
    bound = np.full(layers.shape, np.nan)
    if turn is not None and turn <= layers[-1]:
        bound[turn:] = lemma_35(layers[turn:], delta, point)
    return bound


def _graph(dual, rho):
    """σ̂ on the mesh, 0 where it is rounding of σ̂(1) = 1."""
    value = np.asarray(dual(rho))
    return np.where(np.abs(value) < _ROUNDING, 0.0, value)


def _inverse_of_lemma_36(layers, point):
    """The smallest of many ε that Lemma 36 promises after so many layers; nan before its first."""
    needed = lemma_36(_EPSILONS, point)
    found = np.searchsorted(needed, layers, side="right")
    return np.where(found > 0, _EPSILONS[np.maximum(found - 1, 0)], np.nan)


def _follow(dual, point, start, depth):
    """1 − ρ_l and ρ_l − ρ̄, each (depth + 1, s)."""
    gaps = [start]
    deviations = [(1 - start) - point.correlation if point.correlation < 0.5 else point.gap - start]
    for _ in range(depth):
        gap, deviation = _one_layer(dual, point, gaps[-1], deviations[-1])
        gaps.append(gap)
        deviations.append(deviation)
    return np.array(gaps), np.array(deviations)


def _one_layer(dual, point, gap, deviation):
    """One layer, from 1 − ρ and ρ − ρ̄, both given where they are accurate."""
    if point.gap == 0:
        following = gap_after(dual, gap)
        return following, -following
    near = np.abs(deviation) <= _NEAR * point.gap
    following, moved = np.empty_like(gap), np.empty_like(gap)
    following[~near] = gap_after(dual, gap[~near])
    moved[~near] = point.gap - following[~near]
    moved[near] = deviation[near] * _mean_slope(dual, point, deviation[near])
    following[near] = point.gap - moved[near]
    return following, moved


def _mean_slope(dual, point, deviation):
    """The mean of σ̂' between ρ̄ and ρ̄ + deviation."""
    x, w = gauss_legendre(_NODES)
    return 0.5 * slope_near(dual, point.gap - deviation[..., None] * 0.5 * (1 + x)) @ w
