"""Dual activations σ̂(ρ) = E σ(U)σ(V), corr(U, V) = ρ, as maps of the correlation that lose no digit at either end.

With ρ = cos θ and D(θ) = E σ'(U)σ'(V) = σ̂'(cos θ),

    σ̂(1) − σ̂(cos θ) = ½ E (σ(U) − σ(V))² = ∫₀^θ D(t) sin t dt,      σ̂(ρ) = Σ a_k² ρ^k.

D sin t is analytic in the *angle*, also for activations with kinks and jumps.  It is tabulated once per activation, on
panels of [0, π] refined until they are exact to rounding, from the Hermite series where that converges and from
quadrature split at the kinks where it does not; the gap is divided by sin² (θ/2) (by sin (θ/2) for a σ with jumps), so
that it keeps its relative accuracy down to θ = 0.  Near ρ = 0 the power series keeps σ̂ relatively accurate.
Source: Agarwal, Awasthi, Kale (2021), appendix C, facts 1–5.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from array_api_compat import array_namespace, device, is_torch_array

from ntkit.arguments import floats
from ntkit.gaussian import NODES, density, gauss_legendre, panel_nodes
from ntkit.slopes import slope_product

_DEGREE = 24  # Chebyshev points on a panel of the angle
_ACCURACY = 1e-12
_TOLERANCE = 5e-15
_NUMERICAL_TOLERANCE = 2e-13  # of the derivative that we found ourselves
_SMALLEST_PANEL = 1e-8
_MOST_PANELS = 96
_SMALL_CORRELATION = 0.5
_SMALL_TERMS = 56  # 0.5^56 < 2e-17
_FEW_POINTS = 96


class Dual:
    """The dual of one activation: dual(rho), dual.derivative(rho), dual.gap(delta).

    Parameters: activation, a ntkit Activation.
    Raises: ValueError when the activation is not square-integrable, or can't be resolved to 1e-12.

    >>> import ntkit as nk
    >>> dual = nk.activation("relu").dual
    >>> round(float(dual(0.5)), 10), round(float(dual.gap(1e-14)) * 1e14, 6)
    (0.3044988905, 0.5)
    """

    def __init__(self, activation):
        self.activation = activation
        self.at_one = activation.second_moment
        self.slope_at_one = activation.derivative_second_moment
        self._power = 2 if activation.is_continuous else 1  # the gap vanishes like sin^power(θ/2)
        small = activation.hermite(_SMALL_TERMS) ** 2
        self._small = small, (np.arange(len(small)) * small)[1:]
        tolerance = _TOLERANCE if activation.has_derivative else _NUMERICAL_TOLERANCE
        self._edges, self._tables, misfit = _tabulate(slope_product(activation), self._power, tolerance)
        self._devices = {}
        self._check(misfit)

    def _check(self, misfit):
        """Refuse a table that did not converge, or misses one of two ends that it did not use."""
        sigma, edges = self.activation, self.activation.resolved.edges
        nodes, weights = panel_nodes(np.unique(np.concatenate([edges, -edges])), NODES)
        mirrored = (weights * density(nodes) * sigma(nodes) * sigma(-nodes)).sum()
        gaps = self._gap_at(np.array([0.5 * np.pi, np.pi]))
        misses = np.abs(self.at_one - gaps - np.array([sigma.mean**2, mirrored])) / (self.at_one + 1e-300)
        error = max(misfit, *misses)
        if not error <= _ACCURACY:
            raise ValueError(
                f"the dual of activation {sigma.name!r} could not be resolved to {_ACCURACY}: it is off by "
                f"{error:.1e}. Name all its kinks, give its derivative, or smooth it."
            )

    # --- public ----------------------------------------------------------------------------------------------------

    def __call__(self, rho):
        """σ̂(ρ), ρ ∈ [−1, 1]; relatively accurate near ρ = 0 when E σ = 0."""
        rho = _correlations(rho)
        return self.pair(rho, 1 - array_namespace(rho).abs(rho), slope=False).value[()]

    def derivative(self, rho):
        """σ̂'(ρ) = E σ'(U)σ'(V), ρ ∈ [−1, 1].

        Raises: ValueError at ρ = ±1 when σ has a jump, where it is infinite.
        """
        rho = _correlations(rho)
        return self.pair(rho, 1 - array_namespace(rho).abs(rho)).slope[()]

    def gap(self, delta):
        """σ̂(1) − σ̂(1 − δ), δ ∈ [0, 2], relatively accurate down to the smallest δ."""
        delta = floats("delta", delta)
        if not bool(((delta >= 0) & (delta <= 2)).all()):
            raise ValueError(
                f"delta must lie in [0, 2]; got {_offending(delta, (delta >= 0) & (delta <= 2))}. "
                "A gap is 1 − ρ for a correlation ρ."
            )
        return clamp(self._gap_at(_angle(delta)), 0.0, 2 * self.at_one)[()]

    # --- for the layers --------------------------------------------------------------------------------------------

    def pair(self, rho, margin, slope=True):
        """All of a layer at once, from ρ and its margin 1 − |ρ| (each given where it is accurate).

        Returns: Pair of arrays: value σ̂(ρ), half_distance σ̂(1) − σ̂(ρ), half_sum σ̂(1) + σ̂(ρ), slope σ̂'(ρ).
        """
        if is_torch_array(rho) or rho.ndim == 0 or rho.size <= _FEW_POINTS:
            return self._pair(rho, margin, slope)
        parts = [self._pair(rho[i], margin[i], slope) for i in _chunks(rho)]
        return Pair(*(None if a[0] is None else np.concatenate(a) for a in zip(*map(_fields, parts), strict=True)))

    def _pair(self, rho, margin, slope):
        xp = array_namespace(rho)
        parity = self.activation.parity
        angle = _angle(margin)  # the smaller of the angles of ρ and −ρ
        negative = rho < 0
        if parity is None:
            angle = xp.where(negative, xp.pi - angle, angle)
        gap, derivative = self._table_at(angle, slope)
        magnitude = rho if parity is None else xp.abs(rho)
        small = xp.abs(rho) <= _SMALL_CORRELATION
        value = self.at_one - gap
        if bool(xp.any(small)):
            value = _replace(value, small, self._power_series(0, magnitude[small]))
            if slope:
                derivative = _replace(derivative, small, self._power_series(1, magnitude[small]))
            gap = xp.where(small, self.at_one - value, gap)
        total = xp.where(gap < self.at_one, 2 * self.at_one - gap, self.at_one + value)
        if parity == "odd":
            value = xp.where(negative, -value, value)
            gap, total = xp.where(negative, total, gap), xp.where(negative, gap, total)
        if parity == "even" and slope:
            derivative = xp.where(negative, -derivative, derivative)
        return Pair(value, gap, total, derivative)

    def _power_series(self, which, rho):
        """Σ c_k ρ^k; by Horner's rule where there are many points."""
        if not is_torch_array(rho) and rho.size <= _FEW_POINTS:
            coefficients = self._small[which]
            return rho[..., None] ** np.arange(len(coefficients)) @ coefficients
        value = 0.0 * rho
        for c in self._small[which][::-1].tolist():
            value = value * rho + c
        return value

    def _gap_at(self, angle):
        return self._table_at(angle, slope=False)[0]

    def _table_at(self, angle, slope=True):
        """The gap and σ̂' at the angles."""
        xp = array_namespace(angle)
        edges, tables = self._tables_for(angle)
        panel = xp.searchsorted(edges, angle, side="right") - 1
        panel = clamp(panel, 0, len(edges) - 2)
        left, right = edges[panel], edges[panel + 1]
        local = clamp((2 * angle - left - right) / (right - left), -1.0, 1.0)
        half = xp.sin(0.5 * angle)
        gap = _chebyshev(tables[0], panel, local) * half**self._power
        if not slope:
            return gap, None
        derivative = _chebyshev(tables[1], panel, local)
        if self._power == 1:
            sine = xp.sin(angle)
            if bool(xp.any(sine < 1e-15)):  # sin π is 1.2e-16 in float64
                raise ValueError(jump_message(self.activation))
            derivative = derivative / sine
        return gap, derivative

    def _tables_for(self, array):
        """The tables as arrays of the caller's library, device and precision."""
        if not is_torch_array(array):
            return self._edges, self._tables
        key = str(device(array)), array.dtype
        if key not in self._devices:
            xp = array_namespace(array)
            self._devices[key] = tuple(
                xp.asarray(a.copy(), dtype=array.dtype, device=array.device) for a in (self._edges, self._tables)
            )
        return self._devices[key]


@dataclass(frozen=True, eq=False)
class Pair:
    """What a layer makes of two unit-variance inputs of correlation ρ; see Dual.pair."""

    value: np.ndarray
    half_distance: np.ndarray
    half_sum: np.ndarray
    slope: np.ndarray | None


def _fields(pair):
    return pair.value, pair.half_distance, pair.half_sum, pair.slope


def _chunks(array, size=16384):
    return [slice(i, i + size) for i in range(0, len(array), size)]


def jump_message(activation):
    """Why an activation with a jump has no σ̂'(1), and what to take instead.

    >>> import ntkit as nk
    >>> jump_message(nk.activation("step")).split(",")[0]
    "σ̂'(1) = E σ'(X)² must be finite"
    """
    place = activation.kinks[int(np.flatnonzero(activation.jumps)[0])]
    return (
        f"σ̂'(1) = E σ'(X)² must be finite, but {activation.name!r} jumps at x = {place:g}: it has no finite "
        "derivative of the dual at ρ = ±1 and no neural tangent kernel. Its NNGP kernel exists; for the NTK take "
        "a continuous activation (hardtanh, tanh, erf)."
    )


# --- arguments -----------------------------------------------------------------------------------------------------


def _correlations(rho):
    rho = floats("rho", rho)
    inside = (rho >= -1) & (rho <= 1)
    if not bool(inside.all()):
        raise ValueError(f"rho must lie in [-1, 1]; got {_offending(rho, inside)}. It is a correlation.")
    return rho


def _offending(array, good):
    return float(array[~good].ravel()[0]) if array.ndim else float(array)


def _angle(gap):
    """θ with 1 − cos θ = gap, exact near 0: 1 − cos θ = 2 sin²(θ/2)."""
    xp = array_namespace(gap)
    return 2 * xp.asin(xp.sqrt(clamp(0.5 * gap, 0.0, 1.0)))


def clamp(x, low, high):
    """Elementwise min(max(x, low), high); on the path of a moving slider, so without the checks of xp.clip.

    >>> clamp(np.array([-2.0, 0.3]), -1.0, 1.0)
    array([-1. ,  0.3])
    """
    return x.clamp(low, high) if is_torch_array(x) else np.minimum(np.maximum(x, low), high)


def _replace(array, where, values):
    array = array.clone() if is_torch_array(array) else np.array(array)
    array[where] = values
    return array


# --- tables --------------------------------------------------------------------------------------------------------


def _chebyshev(coefficients, panel, x):
    """Σ_k c_k T_k(x), c the column of `coefficients` (degree, panels) that belongs to the panel."""
    if not is_torch_array(x) and x.size <= _FEW_POINTS:
        return (np.cos(np.arange(_DEGREE) * np.arccos(x)[..., None]) * coefficients.T[panel]).sum(axis=-1)
    older = newer = 0.0 * x
    for row in coefficients[1:][::-1] if not is_torch_array(x) else list(coefficients[1:])[::-1]:
        older, newer = newer, row[panel] + 2 * x * newer - older
    return coefficients[0][panel] + x * newer - older


@lru_cache(maxsize=2)
def _chebyshev_points(count):
    """Points in (−1, 1) and the matrix from values there to Chebyshev coefficients."""
    angles = np.pi * (np.arange(count) + 0.5) / count
    transform = 2 / count * np.cos(np.outer(np.arange(count), angles))
    transform[0] *= 0.5
    return np.cos(angles), transform


def _tabulate(integrand, power, tolerance):
    """Chebyshev coefficients of gap/sin^power(θ/2) and of the derivative table on panels of [0, π].

    The derivative table holds D for power 2, D sin θ for power 1.
    Returns: edges (panels + 1,), tables (2, degree, panels), the largest of the last coefficients relative to D.
    """
    points, transform = _chebyshev_points(_DEGREE)
    left, right = np.array([0.0, 0.5 * np.pi]), np.array([0.5 * np.pi, np.pi])
    starts, kept, scale, worst = [], [], 0.0, 0.0
    while len(left):
        angles = left[:, None] + 0.5 * (right - left)[:, None] * (1 + points)
        coefficients = integrand(angles.ravel()).reshape(angles.shape) @ transform.T
        scale = max(scale, np.abs(coefficients).max(), 1e-300)
        tail = np.abs(coefficients[:, -3:]).max(axis=1) / scale
        fine = (tail <= tolerance) | (right - left < _SMALLEST_PANEL) | (len(kept) + len(left) > _MOST_PANELS)
        starts += left[fine].tolist()
        kept += list(coefficients[fine])
        worst = max(worst, tail[fine].max(initial=0.0))
        middle = 0.5 * (left + right)[~fine]
        left, right = np.concatenate([left[~fine], middle]), np.concatenate([middle, right[~fine]])
    order = np.argsort(starts)
    edges, slopes = np.append(np.array(starts)[order], np.pi), np.stack(kept, axis=1)[:, order]
    return edges, np.stack([_integrate(edges, slopes, power), slopes]), worst


def _integrate(edges, slopes, power):
    """Coefficients of gap/sin^power(θ/2): every Chebyshev point gets its own quadrature from the panel's left end."""
    points, transform = _chebyshev_points(_DEGREE)
    x, w = gauss_legendre(_DEGREE)
    total, out = 0.0, np.empty_like(slopes)
    for p, (left, right) in enumerate(pairwise(edges)):
        ends = np.append(left + 0.5 * (right - left) * (1 + points), right)
        half = 0.5 * (ends - left)[:, None]
        t = left + half * (1 + x)
        values = np.polynomial.chebyshev.chebval((2 * t - left - right) / (right - left), slopes[:, p])
        gaps = total + (half * w * values * (np.sin(t) if power == 2 else 1.0)).sum(axis=1)
        out[:, p] = transform @ (gaps[:-1] / np.sin(0.5 * ends[:-1]) ** power)
        total = gaps[-1]
    return out
