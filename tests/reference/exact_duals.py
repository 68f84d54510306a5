"""Dual activations in arbitrary precision: the oracles behind the tables in this folder.

σ̂(ρ) = E σ(u)σ(v), (u, v) standard normal with correlation ρ;  σ̂'(ρ) = E σ'(u)σ'(v);  gap(δ) = σ̂(1) − σ̂(1−δ).

Nothing here imports ntkit, and no route below is one that ntkit takes in floating point:

* `ClosedForm`: arc-cosine, arcsine, exponential and polynomial duals, by their formulas;
* `PiecewiseLinear`: Plackett's identity σ̂''(ρ) = Σ_jk J_j J_k φ₂(b_j, b_k; ρ) over the kinks, one integral in the
  angle;
* `ExponentialLinear` (ELU, SELU, CELU): truncated Gaussian exponentials, hence bivariate normal probabilities;
* `Softsign`: radial times angular Gauss–Legendre;
* `HermiteSeries` (exact_series.py): functions analytic in a strip.

Every class works at the precision `mpmath.mp.dps` of the moment it is built and called.
"""

from collections.abc import Callable
from dataclasses import dataclass

import mpmath as mp
from exact_expectations import expectation, panel_rule

GUARD = 40
"""Digits carried beyond those asked for, where a difference of closed forms cancels (δ = 1e-15 costs 23 at most)."""


@dataclass(frozen=True)
class ClosedForm:
    """A dual known by formula, for ρ in [−1, 1]."""

    formula: Callable
    slope_formula: Callable

    def value(self, rho):
        with mp.workdps(mp.mp.dps + GUARD):
            return self.formula(mp.mpf(rho))

    def derivative(self, rho):
        with mp.workdps(mp.mp.dps + GUARD):
            return self.slope_formula(mp.mpf(rho))

    def gap(self, delta):
        with mp.workdps(mp.mp.dps + GUARD):
            return self.formula(mp.mpf(1)) - self.formula(1 - mp.mpf(delta))


@dataclass(frozen=True)
class PiecewiseLinear:
    """σ(x) = intercept + slope·x + Σ_k jump_k max(x − kink_k, 0).

    The second derivative of σ is a sum of point masses, so σ̂''(t) = Σ J_j J_k φ₂(b_j, b_k; t) (Plackett), and
    σ̂(ρ) = a_0² + a_1² ρ + ∫_0^ρ (ρ − t) σ̂''(t) dt; in the angle the integrand is bounded.
    """

    intercept: object
    slope: object
    kinks: tuple
    jumps: tuple

    def scaled(self, root):
        """x ↦ σ(root·x), root > 0."""
        kinks = tuple(b / root for b in self.kinks)
        return PiecewiseLinear(self.intercept, self.slope * root, kinks, tuple(j * root for j in self.jumps))

    @property
    def mean(self):
        ramps = (j * (mp.npdf(b) - b * mp.ncdf(-b)) for j, b in zip(self.jumps, self.kinks, strict=True))
        return self.intercept + mp.fsum(ramps)

    @property
    def mean_slope(self):
        return self.slope + mp.fsum(j * mp.ncdf(-b) for j, b in zip(self.jumps, self.kinks, strict=True))

    @property
    def slope_second_moment(self):
        """E σ'(X)², interval by interval."""
        edges, total, slope = (-mp.inf, *self.kinks, mp.inf), mp.mpf(0), self.slope
        for k, jump in enumerate((*self.jumps, mp.mpf(0))):
            total += slope**2 * (mp.ncdf(edges[k + 1]) - mp.ncdf(edges[k]))
            slope += jump
        return total

    def curvature_in_angle(self, angle, other=None):
        """σ̂''(cos ψ)·sin ψ, with the density's exponent written so that neither ψ → 0 nor ψ → π cancels."""
        other = other or self
        cosine, sine = mp.cos(angle), mp.sin(angle)
        total = mp.mpf(0)
        for b, j in zip(self.kinks, self.jumps, strict=True):
            for c, k in zip(other.kinks, other.jumps, strict=True):
                if cosine >= 0:
                    exponent = (b - c) ** 2 / (2 * sine**2) + b * c / (1 + cosine)
                else:
                    exponent = (b + c) ** 2 / (2 * sine**2) - b * c / (1 - cosine)
                total += j * k * mp.exp(-exponent)
        return total / (2 * mp.pi)

    def centred(self, rho, other=None):
        """E σ(u)τ(v) − E σ E τ, τ = `other` (σ itself by default); relative accuracy as ρ → 0."""
        other = other or self
        rho = mp.mpf(rho)
        bent = -mp.quad(lambda t: (rho - mp.sin(t)) * self.curvature_in_angle(mp.pi / 2 - t, other), [mp.asin(rho), 0])
        return self.mean_slope * other.mean_slope * rho + bent

    def value(self, rho):
        """A difference near ρ = −1, where a ReLU's dual vanishes."""
        with mp.workdps(mp.mp.dps + GUARD // 2):
            return self.mean**2 + self.centred(rho)

    def derivative(self, rho):
        with mp.workdps(mp.mp.dps + GUARD // 2):
            bent = mp.quad(lambda t: self.curvature_in_angle(mp.pi / 2 - t), [mp.asin(mp.mpf(rho)), 0])
            return self.mean_slope**2 - bent

    def gap(self, delta):
        """δ σ̂'(1) − ∫_{1−δ}^1 (t − 1 + δ) σ̂''(t) dt: the second term is the smaller for small δ."""
        angle = 2 * mp.asin(mp.sqrt(mp.mpf(delta) / 2))
        bent = mp.quad(
            lambda t: 2 * (mp.sin(angle / 2) ** 2 - mp.sin(t / 2) ** 2) * self.curvature_in_angle(t), [0, angle]
        )
        return delta * self.slope_second_moment - bent


def bivariate_normal_cdf(h, k, rho):
    """P(u < h, v < k), by Plackett's integral in the angle."""

    def density(angle):
        return mp.exp(-(h * h + k * k - 2 * h * k * mp.sin(angle)) / (2 * mp.cos(angle) ** 2))

    return mp.ncdf(h) * mp.ncdf(k) - mp.quad(density, [mp.asin(rho), 0]) / (2 * mp.pi)


@dataclass(frozen=True)
class ExponentialLinear:
    """σ(x) = positive·x for x > 0, negative·(e^{rate·x} − 1) for x < 0; ELU, SELU and CELU."""

    positive: object
    negative: object
    rate: object

    def scaled(self, root):
        return ExponentialLinear(self.positive * root, self.negative, self.rate * root)

    def __call__(self, x):
        return self.positive * x if x > 0 else self.negative * mp.expm1(self.rate * x)

    def slope(self, x):
        return self.positive if x > 0 else self.negative * self.rate * mp.exp(self.rate * x)

    def product(self, rho, other):
        """E σ(u)τ(v) for |ρ| < 1, τ = `other`."""
        negative = (
            self.negative
            * other.negative
            * mp.fsum(
                sign * _both_negative(a, b, rho)
                for sign, a, b in ((1, self.rate, other.rate), (-1, self.rate, 0), (-1, 0, other.rate), (1, 0, 0))
            )
        )
        mixed = self.positive * other.negative * (_ramp_times(other.rate, rho) - _ramp_times(mp.mpf(0), rho))
        mixed += other.positive * self.negative * (_ramp_times(self.rate, rho) - _ramp_times(mp.mpf(0), rho))
        return negative + mixed + self.positive * other.positive * arc_cosine(rho)

    def value(self, rho):
        rho = mp.mpf(rho)
        if abs(rho) == 1:
            return expectation(lambda x: self(x) * self(rho * x), (0,))
        with mp.workdps(mp.mp.dps + GUARD):
            return self.product(rho, self)

    def derivative(self, rho):
        rho = mp.mpf(rho)
        if abs(rho) == 1:
            return expectation(lambda x: self.slope(x) * self.slope(rho * x), (0,))
        with mp.workdps(mp.mp.dps + GUARD):
            steep = self.negative * self.rate
            both = mp.mpf(1) / 4 + mp.asin(rho) / (2 * mp.pi)
            mixed = mp.exp(self.rate**2 / 2) * _above_below(-self.rate * rho, -self.rate, rho)
            return (
                self.positive**2 * both
                + 2 * self.positive * steep * mixed
                + steep**2 * _both_negative(self.rate, self.rate, rho)
            )

    def gap(self, delta):
        with mp.workdps(mp.mp.dps + 25):
            return self.value(mp.mpf(1)) - self.value(1 - mp.mpf(delta))


def arc_cosine(rho):
    """E max(u, 0) max(v, 0)."""
    return (mp.sqrt(1 - rho**2) + rho * (mp.pi - mp.acos(rho))) / (2 * mp.pi)


def _both_negative(a, b, rho):
    """E[e^{au + bv}; u < 0, v < 0]."""
    return mp.exp((a * a + b * b + 2 * a * b * rho) / 2) * bivariate_normal_cdf(-a - b * rho, -b - a * rho, rho)


def _above_below(h, k, rho):
    """P(u > h, v < k)."""
    return mp.ncdf(k) - bivariate_normal_cdf(h, k, rho)


def _ramp_times(b, rho):
    """E[u e^{bv}; u > 0, v < 0], by the change of measure that moves v by b and one integration by parts."""
    h, k, s = -b * rho, -b, mp.sqrt(1 - rho**2)
    moment = mp.npdf(h) * mp.ncdf((k - rho * h) / s) - rho * mp.npdf(k) * mp.ncdf((rho * k - h) / s)
    return mp.exp(b * b / 2) * (moment + b * rho * _above_below(h, k, rho))


class Softsign:
    """x/(1+|x|): its one singular point is 0, so u = r sin(β + θ/2), v = ± r sin(|β − θ/2|) and two angular panels do.

    Quarter of the plane: β in [θ/2, π/2] has u and v of one sign, β in [0, θ/2] of opposite signs.
    """

    def value(self, rho):
        """To the working precision relative to itself while |ρ| > 1e-14."""
        with mp.workdps(mp.mp.dps + 14):
            return self._integral(mp.acos(mp.mpf(rho)), _softsign_product, lambda u, v, d: -_softsign_product(u, v, d))

    def derivative(self, rho):
        return self._integral(mp.acos(mp.mpf(rho)), _softsign_slopes, _softsign_slopes)

    def gap(self, delta):
        """½ E (σ(u) − σ(v))², with u − v formed from the angle."""
        angle = 2 * mp.asin(mp.sqrt(mp.mpf(delta) / 2))
        return self._integral(angle, _softsign_same_side, _softsign_opposite_sides)

    def _integral(self, angle, same_side, opposite_sides):
        half = angle / 2
        total = mp.mpf(0)
        for edges, integrand in (
            (_graded(half, mp.pi / 2), same_side),
            (_graded(half, mp.mpf(0)), opposite_sides),
        ):
            if len(edges) > 1:
                total += _polar(edges, half, integrand)
        return 2 * total / mp.pi


def _graded(start, end):
    """Panel edges from `start`, where the integrand's poles come close, to `end`, ascending."""
    length, sign = abs(end - start), 1 if end > start else -1
    steps = [mp.mpf(s) for s in ("0", "0.06", "0.2", "0.5", "1") if mp.mpf(s) < length]
    return sorted({start + sign * s for s in steps} | {end}) if length else [start]


def _polar(edges, half, integrand):
    radii, radial_weights = panel_rule([mp.mpf(e) for e in (0, 1, 2, 4, 7, 11, 17)], int(0.7 * mp.mp.dps) + 8)
    radial_weights = [w * r * mp.exp(-r * r / 2) for r, w in zip(radii, radial_weights, strict=True)]
    total = mp.mpf(0)
    for beta, weight in zip(*panel_rule(edges, int(0.7 * mp.mp.dps) + 8), strict=True):
        a, b, difference = mp.sin(beta + half), abs(mp.sin(beta - half)), 2 * mp.cos(beta) * mp.sin(half)
        radial = (w * integrand(r * a, r * b, r * difference) for r, w in zip(radii, radial_weights, strict=True))
        total += weight * mp.fsum(radial)
    return total


def _softsign_product(u, v, _):
    return u * v / ((1 + u) * (1 + v))


def _softsign_slopes(u, v, _):
    return 1 / ((1 + u) * (1 + v)) ** 2


def _softsign_same_side(u, v, difference):
    return (difference / ((1 + u) * (1 + v))) ** 2 / 2


def _softsign_opposite_sides(u, v, _):
    return (u / (1 + u) + v / (1 + v)) ** 2 / 2
