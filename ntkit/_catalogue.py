"""The activations of the literature: function, derivative, kinks, symmetry.

Every function takes an array of numpy or torch (any device) and returns one of the same kind; nothing overflows.
ELU and SELU follow their original definitions; Panigrahi et al. (2020), section 2, print them with a factor x too many.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from inspect import Parameter

import numpy as np
import scipy.special
from array_api_compat import array_namespace, is_torch_array

from ntkit.arguments import real, whole

SELU_SCALE = 1.0507009873554804934
SELU_ALPHA = 1.6732632423543772848
_ROOT_2PI = math.sqrt(2 * math.pi)


def _none(**_):
    return None


@dataclass(frozen=True, eq=False)
class Definition:
    function: Callable
    derivative: Callable
    kinks: Callable = lambda **_: ()
    parity: Callable = _none
    degree: Callable = _none
    parameters: dict = field(default_factory=dict)
    checks: dict = field(default_factory=dict)

    def check(self, name, value):
        return self.checks[name](value)


def _at_zero(**_):
    return (0.0,)


def _always(value):
    return lambda **_: value


# --- special functions in either library ---------------------------------------------------------------------------


def _special(name, x):
    if is_torch_array(x):
        import torch

        return getattr(torch.special, name)(x)
    return getattr(scipy.special, name)(x)


def _expit(x):
    return _special("expit", x)


def _ndtr(x):
    return _special("ndtr", x)


def _density(x):
    return array_namespace(x).exp(-0.5 * x * x) / _ROOT_2PI


def _where(condition, yes, no):
    """xp.where with numbers allowed on both sides."""
    xp = array_namespace(condition)
    like = yes if hasattr(yes, "dtype") else no
    return xp.where(condition, *(a if hasattr(a, "dtype") else xp.full_like(like, a) for a in (yes, no)))


def _indicator(condition, like):
    return array_namespace(like).astype(condition, like.dtype)


def _positive(x):
    return 0.5 * (x + array_namespace(x).abs(x))


def _negative_expm1(x):
    """e^x − 1 for x < 0, else 0; never overflows."""
    return array_namespace(x).expm1(-_positive(-x))


def _softplus(x):
    xp = array_namespace(x)
    return _positive(x) + xp.log1p(xp.exp(-xp.abs(x)))


def _mish_derivative(x):
    t = array_namespace(x).tanh(_softplus(x))
    return t + x * (1 - t * t) * _expit(x)


def _swish_derivative(x):
    s = _expit(x)
    return s + x * s * (1 - s)


# --- piecewise ------------------------------------------------------------------------------------------------------


def _elu(x, alpha, beta=1.0, scale=1.0):
    """scale·(x for x > 0, α(e^{x/β} − 1) below)."""
    return scale * (_positive(x) + alpha * _negative_expm1(x / beta))


def _elu_derivative(x, alpha, beta=1.0, scale=1.0):
    xp = array_namespace(x)
    below = scale * (alpha / beta) * xp.exp(xp.clip(x, None, 0.0) / beta)
    return below if alpha == beta else _where(x > 0, scale, below)


def _clip(x, low, high):
    return array_namespace(x).clip(x, low, high)


def _power(x, r):
    return _indicator(x > 0, x) if r == 0 else _positive(x) ** r


def shifted_relu(x, c):
    """max(x − c, 0)."""
    return _positive(x - c)


def shifted_relu_derivative(x, c):
    return _indicator(x > c, x)


# --- polynomials ----------------------------------------------------------------------------------------------------


def _hermite(x, k):
    """h_k, orthonormal under N(0, 1)."""
    older, newer = 0.0 * x, 0.0 * x + 1.0
    for i in range(k):
        older, newer = newer, (x * newer - math.sqrt(i) * older) / math.sqrt(i + 1)
    return newer


def _hermite_derivative(x, k):
    return math.sqrt(k) * _hermite(x, k - 1) if k else 0.0 * x


def _polynomial(x, coefficients):
    value = 0.0 * x
    for c in reversed(coefficients):
        value = value * x + c
    return value


def _polynomial_derivative(x, coefficients):
    return _polynomial(x, tuple(k * c for k, c in enumerate(coefficients))[1:])


def _polynomial_parity(coefficients):
    even, odd = any(coefficients[::2]), any(coefficients[1::2])
    return "even" if not odd else "odd" if not even else None


# --- checks of parameters -------------------------------------------------------------------------------------------


def _real(name):
    return partial(real, name, must="be a finite number")


def _positive_real(name):
    return partial(real, name, above=0, must="be a finite positive number")


def _order(name, highest):
    return partial(whole, name, least=0, most=highest, must=f"be a whole number from 0 to {highest}")


def _coefficients(value):
    given = [value] if np.ndim(value) == 0 else list(value)
    if not 1 <= len(given) <= 31:
        raise ValueError(f"coefficients must be 1 to 31 numbers, lowest degree first; got {len(given)}.")
    return tuple(real("a coefficient", c, must="be a finite number") for c in given)


_ALPHA = {"parameters": {"alpha": 1.0}, "checks": {"alpha": _positive_real("alpha")}}

DEFINITIONS = {
    "identity": Definition(lambda x: 1.0 * x, lambda x: 0.0 * x + 1.0, parity=_always("odd"), degree=_always(1)),
    "relu": Definition(_positive, lambda x: _indicator(x > 0, x), _at_zero, degree=_always(1)),
    "leaky_relu": Definition(
        lambda x, slope: _where(x > 0, x, slope * x),
        lambda x, slope: _where(x > 0, 0.0 * x + 1.0, 0.0 * x + slope),
        lambda slope: () if slope == 1 else (0.0,),
        lambda slope: {1: "odd", -1: "even"}.get(slope),
        _always(1),
        parameters={"slope": 0.01},
        checks={"slope": _real("slope")},
    ),
    "abs": Definition(
        lambda x: array_namespace(x).abs(x), lambda x: array_namespace(x).sign(x), _at_zero, _always("even"), _always(1)
    ),
    "step": Definition(lambda x: _indicator(x > 0, x), lambda x: 0.0 * x, _at_zero, degree=_always(0)),
    "sign": Definition(lambda x: array_namespace(x).sign(x), lambda x: 0.0 * x, _at_zero, _always("odd"), _always(0)),
    "tanh": Definition(
        lambda x: array_namespace(x).tanh(x), lambda x: 1 - array_namespace(x).tanh(x) ** 2, parity=_always("odd")
    ),
    "erf": Definition(
        lambda x: _special("erf", x),
        lambda x: (2 / math.sqrt(math.pi)) * array_namespace(x).exp(-x * x),
        parity=_always("odd"),
    ),
    "sigmoid": Definition(_expit, lambda x: _expit(x) * _expit(-x)),
    "softplus": Definition(_softplus, _expit),
    "swish": Definition(lambda x: x * _expit(x), _swish_derivative),
    "gelu": Definition(lambda x: x * _ndtr(x), lambda x: _ndtr(x) + x * _density(x)),
    "elu": Definition(_elu, _elu_derivative, _at_zero, **_ALPHA),
    "selu": Definition(
        lambda x: _elu(x, SELU_ALPHA, scale=SELU_SCALE),
        lambda x: _elu_derivative(x, SELU_ALPHA, scale=SELU_SCALE),
        _at_zero,
    ),
    "celu": Definition(
        lambda x, alpha: _elu(x, alpha, alpha), lambda x, alpha: _elu_derivative(x, alpha, alpha), _at_zero, **_ALPHA
    ),
    "mish": Definition(lambda x: x * array_namespace(x).tanh(_softplus(x)), _mish_derivative),
    "softsign": Definition(
        lambda x: x / (1 + array_namespace(x).abs(x)),
        lambda x: 1 / (1 + array_namespace(x).abs(x)) ** 2,
        _at_zero,
        _always("odd"),
    ),
    "arctan": Definition(lambda x: array_namespace(x).atan(x), lambda x: 1 / (1 + x * x), parity=_always("odd")),
    "hardtanh": Definition(
        lambda x: _clip(x, -1.0, 1.0),
        lambda x: _indicator(array_namespace(x).abs(x) < 1, x),
        _always((-1.0, 1.0)),
        _always("odd"),
    ),
    "relu6": Definition(lambda x: _clip(x, 0.0, 6.0), lambda x: _indicator((x > 0) & (x < 6), x), _always((0.0, 6.0))),
    "sin": Definition(lambda x: array_namespace(x).sin(x), lambda x: array_namespace(x).cos(x), parity=_always("odd")),
    "cos": Definition(
        lambda x: array_namespace(x).cos(x), lambda x: -array_namespace(x).sin(x), parity=_always("even")
    ),
    "exp": Definition(lambda x: array_namespace(x).exp(x), lambda x: array_namespace(x).exp(x)),
    "gaussian": Definition(
        lambda x: array_namespace(x).exp(-0.5 * x * x),
        lambda x: -x * array_namespace(x).exp(-0.5 * x * x),
        parity=_always("even"),
    ),
    "quadratic": Definition(lambda x: (x * x - 1) / math.sqrt(2), lambda x: math.sqrt(2) * x, parity=_always("even")),
    "hermite": Definition(
        _hermite,
        _hermite_derivative,
        parity=lambda k: "odd" if k % 2 else "even",
        degree=lambda k: k if k < 2 else None,
        parameters={"k": Parameter.empty},
        checks={"k": _order("k", 30)},
    ),
    "polynomial": Definition(
        _polynomial,
        _polynomial_derivative,
        parity=_polynomial_parity,
        parameters={"coefficients": Parameter.empty},
        checks={"coefficients": _coefficients},
    ),
    "relu_power": Definition(
        _power,
        lambda x, r: r * _power(x, r - 1) if r else 0.0 * x,
        _at_zero,
        degree=lambda r: r,
        parameters={"r": Parameter.empty},
        checks={"r": _order("r", 12)},
    ),
}

ALIASES = {
    "silu": "swish",
    "linear": "identity",
    "atan": "arctan",
    "logistic": "sigmoid",
    "heaviside": "step",
    "lrelu": "leaky_relu",
    "quadratic_hermite": "quadratic",
    "rbf": "gaussian",
    "absolute": "abs",
}
