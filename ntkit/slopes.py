"""The dual of the derivative, D(θ) = E σ'(U)σ'(V) = σ̂'(cos θ), for many angles at once.

For smooth σ it is the Hermite series Σ k a_k² cos^{k−1} θ.  With kinks and jumps, σ' = s + Σ_j J_j δ(x − b_j),

    D = E s(U)s(V) + 2 Σ_j J_j φ(b_j) E s(b_j cos θ + sin θ Z) + Σ_ij J_i J_j φ₂(b_i, b_j; cos θ),

and where s is piecewise constant, with steps K_i at the kinks,

    E s(U)s(V) = E s² − ∫₀^θ Σ_ij K_i K_j φ₂(b_i, b_j; cos t) sin t dt.
"""

import numpy as np
from scipy.special import ndtr

from ntkit import plane
from ntkit.gaussian import density, root_density

_SERIES_TERMS = (64, 128, 256, 512, 1024, 2048, 4096)


def slope_product(activation):
    """The function θ → D(θ), or D(θ) sin θ for a σ with jumps: bounded in both cases.

    Returns: callable, angles in (0, π), shape (n,), to (n,).

    >>> import ntkit as nk
    >>> slope_product(nk.activation("abs"))(np.array([np.pi / 4])).round(12)  # 1 − 2θ/π
    array([0.5])
    """
    squares = series(activation)
    return _Quadrature(activation) if squares is None else _Series(squares)


def series(activation):
    """a_k² of a smooth activation until their tail is below rounding; None where 4096 do not suffice.

    >>> import ntkit as nk
    >>> series(nk.activation("quadratic"))[:4].round(12), series(nk.activation("relu"))
    (array([0., 0., 1., 0.]), None)
    """
    for count in () if activation.kinks else _SERIES_TERMS:
        squares = activation.hermite(count) ** 2
        slopes = np.arange(count) * squares
        complete = abs(squares.sum() - activation.second_moment) <= 1e-13 * activation.second_moment
        if complete and slopes[3 * count // 4 :].sum() <= 1e-17 * slopes.sum():
            return squares
    return None


class _Series:
    """D(θ) = Σ k a_k² cos^{k−1} θ."""

    def __init__(self, squares):
        coefficients = (np.arange(len(squares)) * squares)[1:]
        relevant = np.flatnonzero(coefficients > 1e-20 * coefficients.sum())
        self._coefficients = coefficients[: relevant[-1] + 1] if len(relevant) else coefficients[:1]

    def __call__(self, angles):
        return np.polynomial.polynomial.polyval(np.cos(angles), self._coefficients)


class _Quadrature:
    """D by quadrature that is split at the kinks."""

    def __init__(self, activation):
        self._kinks, self._jumps = np.array(activation.kinks), np.array(activation.jumps)
        self._levels = piecewise_constant_levels(activation)
        self._scale = activation.resolved.expectation(activation.derivative(activation.resolved.nodes) ** 2)
        if self._levels is None:
            self._slope = plane.meshed(activation.derivative, self._kinks, _radius(activation), self._scale)

    def __call__(self, angles):
        regular = plane.products(self._slope, angles) if self._levels is None else self._piecewise_constant(angles)
        if not self._jumps.any():
            return regular
        return (regular + self._mixed(angles)) * np.sin(angles) + _coincidence(self._kinks, self._jumps, angles)

    def _piecewise_constant(self, angles):
        """E s² less what is lost from one angle to the next."""
        steps = np.diff(self._levels)
        if not steps.any():
            return np.full_like(angles, self._scale)
        order = np.argsort(angles)
        ends = np.append(0.0, angles[order])
        lost = plane.integrals(
            lambda _, t: _coincidence(self._kinks, steps, t.ravel()).reshape(t.shape),
            np.stack([ends[:-1], ends[1:]], axis=1),
            self._scale,
            cost=len(steps) ** 2,
        )
        out = np.empty_like(angles)
        out[order] = self._scale - np.cumsum(lost)
        return out

    def _mixed(self, angles):
        """2 Σ_j J_j φ(b_j) E s(b_j cos θ + sin θ Z)."""
        places, jumps = (a[self._jumps != 0] for a in (self._kinks, self._jumps))
        centre = np.multiply.outer(np.cos(angles), places)
        spread = np.sin(angles)[:, None]
        mean = self._mean_slope if self._levels is None else self._mean_level
        return mean(centre, spread) @ (2 * jumps * density(places))

    def _mean_level(self, centre, spread):
        """E s(centre + spread·Z) for a piecewise constant s."""
        bounds = (self._kinks - centre[..., None]) / spread[..., None]
        return self._levels[-1] - ndtr(bounds) @ np.diff(self._levels)

    def _mean_slope(self, centre, spread):
        """The same by quadrature."""
        radius, edges = self._slope.radius, self._slope.edges
        rows, spreads = centre.ravel(), np.broadcast_to(spread, centre.shape).ravel()
        lines = np.concatenate([(edges - rows[:, None]) / spreads[:, None], np.zeros((len(rows), 1))], axis=1)
        breaks = np.sort(np.clip(lines, -radius, radius), axis=1)
        values = plane.line_integrals(
            lambda i, z: self._slope.function(rows[i] + spreads[i] * z),
            breaks,
            lambda i, z: self._slope.levels[self._slope.panel_of(rows[i] + spreads[i] * z)],
        )
        return values.reshape(centre.shape)


def piecewise_constant_levels(activation):
    """The values of σ' between the kinks if it is piecewise constant, as far as N(0, 1) sees it, else None.

    >>> import ntkit as nk
    >>> piecewise_constant_levels(nk.activation("hardtanh")), piecewise_constant_levels(nk.activation("elu"))
    (array([0., 1., 0.]), None)
    """
    resolved = activation.resolved
    slopes, weights = activation.derivative(resolved.nodes), root_density(resolved.nodes)
    between = np.searchsorted(activation.kinks, resolved.nodes[:, 0])
    inside = [between == i for i in range(len(activation.kinks) + 1)]
    levels = np.array([slopes[i].flat[weights[i].argmax()] for i in inside])
    spread = (weights * np.abs(slopes - levels[between][:, None])).max()
    scale = max(np.abs(levels).max(), np.sqrt(activation.second_moment))
    return levels if spread <= 1e-12 * scale else None


def _coincidence(places, jumps, angles):
    """sin θ Σ_ij J_i J_j φ₂(b_i, b_j; cos θ): bounded and smooth where φ₂ is not."""
    mean, apart = 0.5 * np.add.outer(places, places), 0.5 * np.subtract.outer(places, places)
    c, s = (f(0.5 * angles)[:, None, None] for f in (np.cos, np.sin))
    # (b_i² + b_j² − 2 b_i b_j cos θ)/(2 sin² θ) in the coordinates U = cZ + sW, V = cZ − sW
    with np.errstate(divide="ignore", over="ignore"):
        exponent = 0.5 * ((mean / c) ** 2 + (apart / s) ** 2)
    return (np.exp(-exponent) * np.outer(jumps, jumps)).sum(axis=(1, 2)) / (2 * np.pi)


def _radius(activation):
    """R with σ² φ and σ'² φ negligible beyond it; smaller than where σ √φ is."""
    resolved = activation.resolved
    sizes = (resolved.values**2 + activation.derivative(resolved.nodes) ** 2) * density(resolved.nodes)
    relevant = sizes > 1e-19 * sizes.max()
    return min(float(np.abs(resolved.nodes[relevant]).max()) + 0.1, resolved.radius)
