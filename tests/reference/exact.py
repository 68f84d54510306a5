"""Dual activations in arbitrary precision: the oracles behind the tables in this folder.

σ̂(ρ) = E σ(u)σ(v), (u, v) standard normal with correlation ρ;  σ̂'(ρ) = E σ'(u)σ'(v);  gap(δ) = σ̂(1) − σ̂(1−δ).

Nothing here imports ntkit, and no route below is one that ntkit takes in floating point:

* `ClosedForm`: arc-cosine, arcsine, exponential and polynomial duals, by their formulas;
* `PiecewiseLinear`: Plackett's identity σ̂''(ρ) = Σ_jk J_j J_k φ₂(b_j, b_k; ρ) over the kinks, one integral in the angle;
* `ExponentialLinear` (ELU, SELU, CELU): truncated Gaussian exponentials, hence bivariate normal probabilities;
* `HermiteSeries`: functions analytic in a strip, coefficients by the trapezoidal rule, Σ a_k² ρ^k summed to its end;
* `Softsign`: radial times angular Gauss–Legendre.

Every class works at the precision `mpmath.mp.dps` of the moment it is built and called. `REFERENCES` is the catalogue.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import mpmath as mp
import numpy as np

GUARD = 40
"""Digits carried beyond those asked for, where a difference of closed forms cancels (δ = 1e-15 costs 23 at most)."""


# ---------------------------------------------------------------- one-dimensional expectations


@lru_cache(maxsize=32)
def _legendre_rule(count: int, digits: int) -> tuple[list, list]:
    """Gauss–Legendre nodes and weights on [−1, 1] to `digits` digits, by Newton from the float64 nodes."""
    nodes, weights = [], []
    with mp.workdps(digits + 10):
        for start in np.polynomial.legendre.leggauss(count)[0]:
            x = mp.mpf(float(start))
            for _ in range(int(np.log2(digits / 15 + 1)) + 2):
                value, slope = _legendre(count, x)
                x -= value / slope
            slope = _legendre(count, x)[1]
            nodes.append(x)
            weights.append(2 / ((1 - x * x) * slope**2))
    return nodes, weights


def _legendre(count: int, x):
    """P_n(x) and P_n'(x)."""
    before, value = mp.mpf(1), x
    for k in range(2, count + 1):
        before, value = value, ((2 * k - 1) * x * value - (k - 1) * before) / k
    return value, count * (x * value - before) / (x * x - 1)


def panel_rule(edges, count: int | None = None) -> tuple[list, list]:
    """Composite Gauss–Legendre rule over consecutive `edges`; by default enough nodes for panels of width ≤ 1."""
    base_nodes, base_weights = _legendre_rule(count or int(0.85 * mp.mp.dps) + 8, mp.mp.dps)
    nodes, weights = [], []
    for left, right in zip(edges[:-1], edges[1:], strict=True):
        half, middle = (right - left) / 2, (right + left) / 2
        nodes += [middle + half * x for x in base_nodes]
        weights += [half * w for w in base_weights]
    return nodes, weights


def gaussian_rule(kinks=(), reach: int = 34) -> tuple[list, list]:
    """Nodes and weights for E f(X), X ~ N(0, 1), f analytic between `kinks`: unit panels on [−reach, reach]."""
    edges = sorted({mp.mpf(k) for k in range(-reach, reach + 1)} | {mp.mpf(k) for k in kinks})
    nodes, weights = panel_rule(edges)
    return nodes, [w * mp.npdf(x) for x, w in zip(nodes, weights, strict=True)]


def hermite_coefficients(values, nodes, weights, count: int) -> list:
    """a_0 … a_{count−1} with respect to the orthonormal probabilists' Hermite polynomials, from samples of σ."""
    before, current = [mp.mpf(0)] * len(nodes), [w * v for w, v in zip(weights, values, strict=True)]
    coefficients = []
    for k in range(count):
        coefficients.append(mp.fsum(current))
        down, up = mp.sqrt(k), 1 / mp.sqrt(k + 1)
        following = [(x * c - down * b) * up for x, c, b in zip(nodes, current, before, strict=True)]
        before, current = current, following
    return coefficients


# ---------------------------------------------------------------- routes to the dual


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

    def centred(self, rho):
        """σ̂(ρ) − σ̂(0), to the working precision relative to itself while |ρ| > 1e-330."""
        with mp.workdps(mp.mp.dps + 340):
            return self.formula(mp.mpf(rho)) - self.formula(mp.mpf(0))


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
        bent = -mp.quad(
            lambda t: (rho - mp.sin(t)) * self.curvature_in_angle(mp.pi / 2 - t, other), [mp.asin(rho), 0]
        )
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
        negative = self.negative * other.negative * mp.fsum(
            sign * _both_negative(a, b, rho)
            for sign, a, b in ((1, self.rate, other.rate), (-1, self.rate, 0), (-1, 0, other.rate), (1, 0, 0))
        )
        mixed = self.positive * other.negative * (_ramp_times(other.rate, rho) - _ramp_times(mp.mpf(0), rho))
        mixed += other.positive * self.negative * (_ramp_times(self.rate, rho) - _ramp_times(mp.mpf(0), rho))
        return negative + mixed + self.positive * other.positive * _arc_cosine(rho)

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
            return self.positive**2 * both + 2 * self.positive * steep * mixed + steep**2 * _both_negative(
                self.rate, self.rate, rho
            )

    def gap(self, delta):
        with mp.workdps(mp.mp.dps + 25):
            return self.value(mp.mpf(1)) - self.value(1 - mp.mpf(delta))

    def centred(self, rho):
        """Σ_{k≥1} a_k² ρ^k where the series is short, a difference otherwise."""
        if abs(rho) > mp.mpf("0.3"):
            return self.value(rho) - self.value(mp.mpf(0))
        squares = _squared_coefficients(self, mp.mp.dps)
        return rho * mp.polyval(squares[:0:-1], rho)


@lru_cache(maxsize=8)
def _squared_coefficients(sigma, digits):
    nodes, weights = gaussian_rule((0,))
    return [a**2 for a in hermite_coefficients([sigma(x) for x in nodes], nodes, weights, 2 * digits)]


def _arc_cosine(rho):
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


@dataclass(frozen=True)
class HermiteSeries:
    """σ analytic in |Im x| < height: a_k² falls like exp(−2·height·√k), so the series is summed to its end.

    `coefficients` maps a number of digits to a_0, a_1, … as far as they count at that precision.
    """

    coefficients: Callable

    @property
    def squares(self):
        return [a**2 for a in self.coefficients(mp.mp.dps)]

    def value(self, rho):
        return mp.polyval(self.squares[::-1], mp.mpf(rho))

    def centred(self, rho):
        rho = mp.mpf(rho)
        return rho * mp.polyval(self.squares[:0:-1], rho)

    def derivative(self, rho):
        return mp.polyval([k * square for k, square in enumerate(self.squares)][:0:-1], mp.mpf(rho))

    def gap(self, delta):
        """Σ a_k² (1 − (1−δ)^k): every term is positive."""
        power, lost, terms = mp.mpf(1), mp.mpf(0), []
        for square in self.squares:
            terms.append(square * lost)
            lost += delta * power
            power *= 1 - delta
        return mp.fsum(terms)


def _series_length(height, digits):
    """K with exp(−2·height·√K) < 10^−(digits + 6)."""
    return int(((digits + 6) * mp.log(10) / (2 * height)) ** 2) + 20


@lru_cache(maxsize=64)
def trapezoidal_coefficients(function, height, digits):
    """a_k of a function analytic in |Im x| < height.

    The trapezoidal rule of step h errs by exp(−2π·height/h) times the growth exp(height·√K) of the K-th polynomial.
    """
    wanted, count = (digits + 6) * mp.log(10), _series_length(height, digits)
    inside = mp.mpf("0.95") * height
    step = 2 * mp.pi * inside / (wanted + inside * mp.sqrt(count) + inside**2 / 2)
    half = int((2 * mp.sqrt(count) + 14) / step) + 1
    nodes = [step * k for k in range(-half, half + 1)]
    with mp.workdps(digits + 12):
        weights = [step * mp.npdf(x) for x in nodes]
        return hermite_coefficients([function(x) for x in nodes], nodes, weights, count)


@lru_cache(maxsize=8)
def arctan_coefficients(digits):
    """a_k of arctan from those of 1/(1+x²) = ∫₀^∞ e^{−t} cos(tx) dt, which are b_k = (±)∫ t^k e^{−t−t²/2} dt/√k!, k even.

    Integration by parts gives √k b_{k−1} = b_k + √(k+1) b_{k+1}; b is its decaying solution, so it is run backwards.
    """
    count = _series_length(mp.mpf(1), digits)
    start = int((mp.sqrt(count) + (digits + 10) * mp.log(10) / 2) ** 2) + 10
    above, here, moments = mp.mpf(0), mp.mpf(1), []
    for k in range(start, 0, -1):
        above, here = here, (here + mp.sqrt(k + 1) * above) / mp.sqrt(k)
        if k <= count:
            moments.append(here)
    first = mp.sqrt(mp.pi * mp.e / 2) * mp.erfc(1 / mp.sqrt(2))
    moments = [m * first / moments[-1] for m in reversed(moments)]
    signs = (0, 1, 0, -1)
    return [mp.mpf(0)] + [signs[k % 4] * moments[k - 1] / mp.sqrt(k) for k in range(1, count)]


class Softsign:
    """x/(1+|x|): its one singular point is 0, so u = r sin(β + θ/2), v = ± r sin(|β − θ/2|) and two angular panels do.

    Quarter of the plane: β in [θ/2, π/2] has u and v of one sign, β in [0, θ/2] of opposite signs.
    """

    def value(self, rho):
        """To the working precision relative to itself while |ρ| > 1e-14."""
        with mp.workdps(mp.mp.dps + 14):
            return self._integral(mp.acos(mp.mpf(rho)), _softsign_product, lambda u, v, d: -_softsign_product(u, v, d))

    def centred(self, rho):
        return self.value(rho)

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


def expectation(function, kinks=()):
    """E f(X), X ~ N(0, 1), f analytic between `kinks`."""
    nodes, weights = gaussian_rule(kinks)
    return mp.fsum(w * function(x) for x, w in zip(nodes, weights, strict=True))


# ---------------------------------------------------------------- the catalogue


@dataclass(frozen=True)
class Reference:
    """An activation to tabulate: its function and derivative (one-dimensional route) and its dual (another route)."""

    name: str
    function: Callable
    slope: Callable
    dual: object
    parameters: dict = field(default_factory=dict)
    kinks: tuple = ()
    jumps: tuple = ()
    user: bool = False

    @property
    def label(self):
        return self.name + ("" if not self.parameters else str(self.parameters))


def piecewise_linear(name, intercept, slope, kinks, jumps, **fields):
    intercept, slope = mp.mpf(intercept), mp.mpf(slope)
    kinks, jumps = tuple(map(mp.mpf, kinks)), tuple(map(mp.mpf, jumps))

    def function(x):
        return intercept + slope * x + sum(j * max(x - b, 0) for b, j in zip(kinks, jumps, strict=True))

    def derivative(x):
        return slope + sum(j for b, j in zip(kinks, jumps, strict=True) if x > b)

    dual = PiecewiseLinear(intercept, slope, kinks, jumps)
    return Reference(name, function, derivative, dual, kinks=kinks, **fields)


def exponential_linear(name, positive, negative, rate, **fields):
    dual = ExponentialLinear(mp.mpf(positive), mp.mpf(negative), mp.mpf(rate))
    return Reference(name, dual, dual.slope, dual, kinks=(mp.mpf(0),), **fields)


def analytic(name, function, slope, height):
    def coefficients(digits):
        return trapezoidal_coefficients(function, mp.mpf(height), digits)

    return Reference(name, function, slope, HermiteSeries(coefficients))


def normrelu_constants(c):
    """λ(c) and b(c) of λ·(max(x − c, 0) + b), the formulas of the paper's section 7."""
    cdf, pdf = mp.ncdf(c), mp.npdf(c)
    shift = (1 - cdf) * c - pdf
    scale = 1 / mp.sqrt((1 - cdf) * cdf * c**2 + (1 - 2 * cdf) * pdf * c + (1 - cdf - pdf**2))
    return scale, shift


def _logistic(x):
    return 1 / (1 + mp.exp(-x))


def _softplus(x):
    return mp.log1p(mp.exp(x))


def _mish_slope(x):
    squashed = mp.tanh(_softplus(x))
    return squashed + x * (1 - squashed**2) * _logistic(x)


def _arc_cosine_second_order(rho):
    """E max(u, 0)² max(v, 0)² (Cho and Saul, n = 2)."""
    angle = mp.acos(rho)
    return (3 * mp.sin(angle) * rho + (mp.pi - angle) * (1 + 2 * rho**2)) / (2 * mp.pi)


def _gelu_dual(rho):
    """By Stein's identity from E Φ(u)Φ(v) = ¼ + arcsin(ρ/2)/2π and E φ(u)φ(v) = 1/(2π√(4−ρ²))."""
    return 1 / (2 * mp.pi * mp.sqrt(4 - rho**2)) + rho / 4 + rho * mp.asin(rho / 2) / (2 * mp.pi)


def _gelu_dual_slope(rho):
    root = mp.sqrt(4 - rho**2)
    return (rho / root**3 + mp.pi / 2 + mp.asin(rho / 2) + rho / root) / (2 * mp.pi)


def gelu_unequal(q1, q2, rho):
    """E σ(√q1 u) σ(√q2 v) for GELU, by the same use of Stein's identity with covariance k = ρ√(q1 q2)."""
    k = rho * mp.sqrt(q1 * q2)
    pdfs = 1 / (2 * mp.pi * mp.sqrt((1 + q1) * (1 + q2) - k**2))
    cdfs = mp.mpf(1) / 4 + mp.asin(k / mp.sqrt((1 + q1) * (1 + q2))) / (2 * mp.pi)
    return q1 * pdfs * (q2 - k**2 / (1 + q1)) + k * cdfs + k**2 * pdfs / (1 + q2)


def _piecewise_linear_references():
    scale, shift = normrelu_constants(mp.mpf("-1.5975"))
    return [
        piecewise_linear("identity", 0, 1, (), ()),
        piecewise_linear("relu", 0, 0, (0,), (1,)),
        piecewise_linear("leaky_relu", 0, "0.2", (0,), (mp.mpf(1) - mp.mpf("0.2"),), parameters={"slope": "0.2"}),
        piecewise_linear("abs", 0, -1, (0,), (2,)),
        piecewise_linear("hardtanh", -1, 0, (-1, 1), (1, -1)),
        piecewise_linear("relu6", 0, 0, (0, 6), (1, -1)),
        piecewise_linear("normrelu", scale * shift, 0, ("-1.5975",), (scale,), parameters={"c": "-1.5975"}),
        piecewise_linear("max(x + 1.6, 0)", 0, 0, ("-1.6",), (1,), user=True),
        piecewise_linear("max(x - 1.6, 0)", 0, 0, ("1.6",), (1,), user=True),
    ]


def _jump_references():
    step = ClosedForm(
        lambda r: mp.mpf(1) / 4 + mp.asin(r) / (2 * mp.pi), lambda r: 1 / (2 * mp.pi * mp.sqrt(1 - r**2))
    )
    sign = ClosedForm(lambda r: 2 * mp.asin(r) / mp.pi, lambda r: 2 / (mp.pi * mp.sqrt(1 - r**2)))
    zero = (mp.mpf(0),)
    return [
        Reference("step", lambda x: mp.mpf(x > 0), lambda x: mp.mpf(0), step, kinks=zero, jumps=zero),
        Reference("sign", lambda x: mp.sign(x), lambda x: mp.mpf(0), sign, kinks=zero, jumps=zero),
    ]


def _exponential_references():
    selu_scale, selu_alpha, celu_alpha = mp.mpf("1.0507009873554805"), mp.mpf("1.6732632423543772"), mp.mpf("0.7")
    return [
        exponential_linear("elu", 1, 1, 1),
        exponential_linear("selu", selu_scale, selu_scale * selu_alpha, 1),
        exponential_linear("celu", 1, celu_alpha, 1 / celu_alpha, parameters={"alpha": "0.7"}),
        Reference("softsign", lambda x: x / (1 + abs(x)), lambda x: (1 + abs(x)) ** -2, Softsign(), kinks=(mp.mpf(0),)),
    ]


def _analytic_references():
    half_pi = mp.pi / 2
    return [
        analytic("tanh", mp.tanh, lambda x: mp.sech(x) ** 2, half_pi),
        analytic("sigmoid", _logistic, lambda x: _logistic(x) * _logistic(-x), mp.pi),
        analytic("softplus", _softplus, _logistic, mp.pi),
        analytic(
            "swish",
            lambda x: x * _logistic(x),
            lambda x: _logistic(x) * (1 + x * _logistic(-x)),
            mp.pi,
        ),
        analytic("mish", lambda x: x * mp.tanh(_softplus(x)), _mish_slope, 3 * mp.pi / 4),
        Reference("arctan", mp.atan, lambda x: 1 / (1 + x * x), HermiteSeries(arctan_coefficients)),
    ]


def _closed_form_references():
    e, root = mp.e, mp.sqrt
    return [
        Reference("erf", mp.erf, lambda x: 2 * mp.exp(-x * x) / root(mp.pi), ClosedForm(
            lambda r: 2 * mp.asin(2 * r / 3) / mp.pi, lambda r: 4 / (mp.pi * root(9 - 4 * r**2)))),
        Reference("gelu", lambda x: x * mp.ncdf(x), lambda x: mp.ncdf(x) + x * mp.npdf(x), ClosedForm(
            _gelu_dual, _gelu_dual_slope)),
        Reference("sin", mp.sin, mp.cos, ClosedForm(lambda r: mp.sinh(r) / mp.e, lambda r: mp.cosh(r) / mp.e)),
        Reference("cos", mp.cos, lambda x: -mp.sin(x), ClosedForm(
            lambda r: mp.cosh(r) / mp.e, lambda r: mp.sinh(r) / mp.e)),
        Reference("exp", mp.exp, mp.exp, ClosedForm(lambda r: mp.exp(1 + r), lambda r: mp.exp(1 + r))),
        Reference("gaussian", lambda x: mp.exp(-x * x / 2), lambda x: -x * mp.exp(-x * x / 2), ClosedForm(
            lambda r: 1 / root(4 - r**2), lambda r: r / root(4 - r**2) ** 3)),
        Reference("quadratic", lambda x: (x * x - 1) / root(mp.mpf(2)), lambda x: root(mp.mpf(2)) * x, ClosedForm(
            lambda r: r**2, lambda r: 2 * r)),
        Reference("hermite", lambda x: (x**3 - 3 * x) / root(mp.mpf(6)), lambda x: (x * x - 1) * root(mp.mpf(1.5)),
                  ClosedForm(lambda r: r**3, lambda r: 3 * r**2), parameters={"k": "3"}),
        _polynomial_reference(),
        Reference("relu_power", lambda x: max(x, 0) ** 2, lambda x: 2 * max(x, 0), ClosedForm(
            _arc_cosine_second_order, lambda r: 4 * _arc_cosine(r)), parameters={"r": "2"}, kinks=(mp.mpf(0),)),
    ]


def _polynomial_reference():
    """½ − x + ¼x² + 0.3x³ = ¾ + (−1 + 0.9) h₁ + ¼√2 h₂ + 0.3√6 h₃."""
    squares = [mp.mpf("0.5625"), mp.mpf("0.01"), mp.mpf("0.125"), mp.mpf("0.54")]
    return Reference(
        "polynomial",
        lambda x: mp.mpf("0.5") - x + x * x / 4 + mp.mpf("0.3") * x**3,
        lambda x: -1 + x / 2 + mp.mpf("0.9") * x * x,
        ClosedForm(
            lambda r: mp.polyval(squares[::-1], r),
            lambda r: mp.polyval([k * s for k, s in enumerate(squares)][:0:-1], r),
        ),
        parameters={"coefficients": ["0.5", "-1", "0.25", "0.3"]},
    )


def references() -> list[Reference]:
    """The whole catalogue at the current precision."""
    return [
        *_piecewise_linear_references(),
        *_jump_references(),
        *_closed_form_references(),
        *_exponential_references(),
        *_analytic_references(),
    ]


def reference(name: str) -> Reference:
    """One activation by its name."""
    return next(entry for entry in references() if entry.name == name)
