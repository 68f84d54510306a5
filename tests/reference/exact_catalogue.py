"""The catalogue in arbitrary precision: each activation's function and derivative, and its dual by another route."""

from collections.abc import Callable
from dataclasses import dataclass, field

import mpmath as mp
from exact_duals import ClosedForm, ExponentialLinear, PiecewiseLinear, Softsign, arc_cosine
from exact_series import HermiteSeries, arctan_coefficients, trapezoidal_coefficients


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


def closed(name, function, slope, value, derivative, **fields):
    """An activation whose dual `value` and its `derivative` are formulas in ρ."""
    return Reference(name, function, slope, ClosedForm(value, derivative), **fields)


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


def gelu_product(q1, q2, k):
    """E σ(u)σ(v) and E σ'(u)σ'(v) for GELU, u and v of variances q1 and q2 and covariance k, by Stein's identity."""
    first, second = 1 + q1, 1 + q2
    determinant = first * second - k**2
    pdfs = 1 / (2 * mp.pi * mp.sqrt(determinant))  # E φ(u)φ(v)
    cdfs = mp.mpf(1) / 4 + mp.asin(k / mp.sqrt(first * second)) / (2 * mp.pi)  # E Φ(u)Φ(v)
    factor = q1 * (q2 - k**2 / first) + k**2 / second
    slope_of_factor = 2 * k * (1 / second - q1 / first)
    value = factor * pdfs + k * cdfs
    return value, (slope_of_factor + factor * k / determinant + k) * pdfs + cdfs


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
    def steepness(r):
        return 1 / (mp.pi * mp.sqrt(1 - r**2))

    jump = {"kinks": (mp.mpf(0),), "jumps": (mp.mpf(0),)}
    return [
        closed(
            "step",
            lambda x: mp.mpf(x > 0),
            lambda x: mp.mpf(0),
            lambda r: mp.mpf(1) / 4 + mp.asin(r) / (2 * mp.pi),
            lambda r: steepness(r) / 2,
            **jump,
        ),
        closed(
            "sign", mp.sign, lambda x: mp.mpf(0), lambda r: 2 * mp.asin(r) / mp.pi, lambda r: 2 * steepness(r), **jump
        ),
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
    return [
        analytic("tanh", mp.tanh, lambda x: mp.sech(x) ** 2, mp.pi / 2),
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


def _smooth_references():
    root, pi, e, exp = mp.sqrt, mp.pi, mp.e, mp.exp
    sinh, cosh, asin = mp.sinh, mp.cosh, mp.asin
    return [
        closed(
            "erf",
            mp.erf,
            lambda x: 2 * exp(-x * x) / root(pi),
            lambda r: 2 * asin(2 * r / 3) / pi,
            lambda r: 4 / (pi * root(9 - 4 * r**2)),
        ),
        closed("gelu", lambda x: x * mp.ncdf(x), lambda x: mp.ncdf(x) + x * mp.npdf(x), _gelu_dual, _gelu_dual_slope),
        closed("sin", mp.sin, mp.cos, lambda r: sinh(r) / e, lambda r: cosh(r) / e),
        closed("cos", mp.cos, lambda x: -mp.sin(x), lambda r: cosh(r) / e, lambda r: sinh(r) / e),
        closed("exp", exp, exp, lambda r: exp(1 + r), lambda r: exp(1 + r)),
        closed(
            "gaussian",
            lambda x: exp(-x * x / 2),
            lambda x: -x * exp(-x * x / 2),
            lambda r: 1 / root(4 - r**2),
            lambda r: r / root(4 - r**2) ** 3,
        ),
    ]


def _polynomial_references():
    root = mp.sqrt
    return [
        closed(
            "quadratic",
            lambda x: (x * x - 1) / root(mp.mpf(2)),
            lambda x: root(mp.mpf(2)) * x,
            lambda r: r**2,
            lambda r: 2 * r,
        ),
        closed(
            "hermite",
            lambda x: (x**3 - 3 * x) / root(mp.mpf(6)),
            lambda x: (x * x - 1) * root(mp.mpf("1.5")),
            lambda r: r**3,
            lambda r: 3 * r**2,
            parameters={"k": "3"},
        ),
        _cubic_reference(),
        closed(
            "relu_power",
            lambda x: max(x, 0) ** 2,
            lambda x: 2 * max(x, 0),
            _arc_cosine_second_order,
            lambda r: 4 * arc_cosine(r),
            parameters={"r": "2"},
            kinks=(mp.mpf(0),),
        ),
    ]


def _cubic_reference():
    """½ − x + ¼x² + 0.3x³ = ¾ + (−1 + 0.9) h₁ + ¼√2 h₂ + 0.3√6 h₃."""
    squares = [mp.mpf("0.5625"), mp.mpf("0.01"), mp.mpf("0.125"), mp.mpf("0.54")]
    return closed(
        "polynomial",
        lambda x: mp.mpf("0.5") - x + x * x / 4 + mp.mpf("0.3") * x**3,
        lambda x: -1 + x / 2 + mp.mpf("0.9") * x * x,
        lambda r: mp.polyval(squares[::-1], r),
        lambda r: mp.polyval([k * s for k, s in enumerate(squares)][:0:-1], r),
        parameters={"coefficients": ["0.5", "-1", "0.25", "0.3"]},
    )


def references() -> list[Reference]:
    """The whole catalogue at the current precision."""
    return [
        *_piecewise_linear_references(),
        *_jump_references(),
        *_smooth_references(),
        *_polynomial_references(),
        *_exponential_references(),
        *_analytic_references(),
    ]


def reference(name: str) -> Reference:
    """One activation by its name."""
    return next(entry for entry in references() if entry.name == name)
