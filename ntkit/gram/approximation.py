"""Polynomials near σ' on an interval: Chebyshev truncation, and the degree that is enough.

    f(τt) = Σ a_k T_k(t),   a_k = (2/π) ∫ f(τt) T_k(t)/√(1 − t²) dt,   t ∈ [−1, 1]

A polynomial of low degree near σ' bounds λ_min of the Gram matrix from above: its own matrix is singular.
The formulas for the logistic function hold.  Equation (8), for tanh, takes tanh(τt) = 2s(2τt) − 1 for s(τt), s the
logistic function, and leaves out that tanh' = 1 − tanh² doubles the degree: printed and right form stand here beside
each other.
Source: Panigrahi, Shetty, Goyal (2020), section F.2, Theorem F.4 (after Shalev-Shwartz, Shamir, Sridharan 2011),
Equation (8), Lemma F.5, Theorem G.1.
"""

from dataclasses import dataclass

import numpy as np
from scipy.fft import dct

from ntkit.arguments import real, whole
from ntkit.specification import takes_names

_NODES = 8192  # of Gauss–Chebyshev quadrature: exact to rounding where the coefficients vanish before that
_MESH = 20_001  # where errors are measured


def chebyshev_coefficients(function, degree, half_width=1.0):
    """a_0 … a_degree of f on [−τ, τ], by Gauss–Chebyshev quadrature; a_0 is halved, so that f ≈ Σ a_k T_k(x/τ).

    Parameters: function, array → array, smooth on the interval; degree ≥ 0; half_width τ > 0.
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), section F.2.

    >>> chebyshev_coefficients(lambda x: x**2, 3).round(12) + 0.0  # x² = ½ + ½T₂
    array([0.5, 0. , 0.5, 0. ])
    """
    degree = whole("degree", degree, least=0, most=_NODES // 4, must=f"be a whole number from 0 to {_NODES // 4}")
    half_width = _positive("half_width", half_width)
    nodes = np.cos(np.pi * (np.arange(_NODES) + 0.5) / _NODES)
    coefficients = dct(np.asarray(function(half_width * nodes), dtype=float), type=2) / _NODES
    coefficients[0] *= 0.5
    return coefficients[: degree + 1]


def chebyshev_truncation(function, degree, half_width=1.0):
    """The truncated Chebyshev series of f on [−τ, τ], a numpy.polynomial.Chebyshev.

    Its error is that of the best polynomial to a factor that grows like log p.

    Parameters, errors: as of `chebyshev_coefficients`.

    >>> square = chebyshev_truncation(lambda x: x**2, 2, half_width=3.0)
    >>> round(float(square(1.5)), 12), square.degree()
    (2.25, 2)
    """
    coefficients = chebyshev_coefficients(function, degree, half_width)
    return np.polynomial.Chebyshev(coefficients, domain=[-half_width, half_width])


def sup_error(function, polynomial, half_width=1.0):
    """max |f − g| on [−τ, τ], measured on 20001 points that crowd towards the ends.

    >>> round(sup_error(np.tanh, lambda x: x, half_width=1.0), 6)  # 1 − tanh 1
    0.238406
    """
    points = _positive("half_width", half_width) * np.cos(np.pi * np.arange(_MESH) / (_MESH - 1))
    return float(np.abs(function(points) - polynomial(points)).max())


def best_error_floor(function, degree, half_width=1.0):
    """No polynomial of that degree comes nearer to f on [−τ, τ] than √(½ Σ_{k > p} a_k²), the rest in L².

    Parameters, errors: as of `chebyshev_coefficients`.
    Source: ours; the largest error is at least the root mean square one under dx/(π√(1 − x²)).

    >>> round(best_error_floor(lambda x: x**2, 1), 6)  # x² is at least ½ away from every line, here at least ½/√2
    0.353553
    """
    coefficients = chebyshev_coefficients(function, _NODES // 4, half_width)
    return float(np.sqrt(0.5 * np.sum(coefficients[whole("degree", degree, least=0, must="be 0 or more") + 1 :] ** 2)))


@dataclass(frozen=True, eq=False)
class ApproximationErrors:
    """How well polynomials of each degree approach σ' on [−τ, τ], measured and as it is said.

    activation, its name; half_width τ; degrees (P,); measured (P,), sup |σ' − g| of the Chebyshev truncation of that
    degree; right (P,), what is proved of the best polynomial, and printed (P,), what is printed: of tanh (Equation (8)
    with Lemma F.5, and corrected) and of swish (Theorem G.1), None for others.
    """

    activation: str
    half_width: float
    degrees: np.ndarray
    measured: np.ndarray
    printed: np.ndarray | None
    right: np.ndarray | None


@takes_names
def slope_errors(sigma, half_width, degrees):
    """ApproximationErrors of σ' on [−τ, τ].

    Parameters: sigma, an Activation or its name; half_width τ > 0; degrees, whole numbers ≥ 0.
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), Equation (8), Lemma F.5 and Theorem G.1.

    >>> import ntkit as nk
    >>> found = slope_errors(nk.activation("tanh"), 9.1, [20, 40, 80])
    >>> (found.measured > found.printed).tolist(), (found.measured < found.right).tolist()
    ([True, True, True], [True, True, True])
    """
    degrees = np.array([whole("a degree", p, least=0, must="be a whole number of at least 0") for p in degrees])
    printed, right = _promises(sigma.name, half_width, degrees)
    coefficients = chebyshev_coefficients(sigma.derivative, int(degrees.max()), half_width)
    places = np.cos(np.pi * np.arange(_MESH) / (_MESH - 1))
    values = np.asarray(sigma.derivative(half_width * places), dtype=float)
    measured = [np.abs(values - np.polynomial.chebyshev.chebval(places, coefficients[: p + 1])).max() for p in degrees]
    return ApproximationErrors(sigma.name, float(half_width), degrees, np.array(measured), printed, right)


def _promises(name, half_width, degrees):
    """What is printed of the error at each degree, and what is right."""
    if name == "tanh":
        return lemma_f5(equation_8_error(half_width, degrees)), lemma_f5(tanh_error(half_width, degrees // 2))
    if name == "swish":
        said = half_width * sigmoid_error(half_width, degrees)
        return said, said
    return None, None


# --- what is promised -------------------------------------------------------------------------------------------------


def sigmoid_error(steepness, degree):
    """Largest error of the best polynomial of degree p near s(kt) on [−1, 1]: (4π + 2k)/π² · (1 + π/k)^−p.

    Parameters: steepness k > 0; degree p ≥ 0, a number or an array.
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem F.4, solved for ε.

    >>> round(float(sigmoid_error(3.0, 10)), 6)
    0.001455
    """
    steepness = _positive("steepness", steepness)
    return (4 * np.pi + 2 * steepness) / np.pi**2 * (1 + np.pi / steepness) ** -np.asarray(degree, dtype=float)


def sigmoid_degree(steepness, epsilon):
    """A degree that is enough for s(kt) on [−1, 1] to ε: ⌈log((4π + 2k)/(π²ε))/log(1 + π/k)⌉.

    Parameters: steepness k > 0; epsilon in (0, 1].
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem F.4.

    >>> sigmoid_degree(3.0, 1e-3)
    11
    """
    return _degree(sigmoid_error(steepness, 0), steepness, epsilon)


def equation_8_error(half_width, degree):
    """What Equation (8) promises for tanh on (−τ, τ) at degree p, (4π + 2τ)/π² · (1 + π/τ)^−p: too little.

    Parameters: half_width τ > 0; degree p ≥ 0.
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), Equation (8), solved for ε.

    >>> bool(equation_8_error(3.0, 11) < 1e-3 < tanh_error(3.0, 11))
    True
    """
    return sigmoid_error(half_width, degree)


def equation_8_degree(half_width, epsilon):
    """The degree of Equation (8) as printed, ⌈log((4π + 2τ)/(π²ε))/log(1 + π/τ)⌉: not enough for tanh on (−τ, τ).

    Parameters: half_width τ > 0; epsilon in (0, 1].
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), Equation (8).

    >>> p = equation_8_degree(3.0, 1e-3)
    >>> p, round(sup_error(np.tanh, chebyshev_truncation(np.tanh, p, 3.0), 3.0), 4)
    (11, 0.0027)
    """
    return sigmoid_degree(half_width, epsilon)


def tanh_error(half_width, degree):
    """Largest error of the best polynomial of degree p near tanh on [−τ, τ]: 2(4π + 4τ)/π² · (1 + π/2τ)^−p.

    tanh x = 2s(2x) − 1: Theorem F.4 with k = 2τ, twice.

    Parameters: half_width τ > 0; degree p ≥ 0.
    Raises: ValueError outside these ranges.
    Source: ours, after Panigrahi, Shetty, Goyal (2020), Theorem F.4.

    >>> round(float(tanh_error(3.0, 20)), 6)
    0.001096
    """
    return 2 * sigmoid_error(2 * _positive("half_width", half_width), degree)


def tanh_degree(half_width, epsilon):
    """A degree that is enough for tanh on [−τ, τ] to ε: ⌈log(2(4π + 4τ)/(π²ε))/log(1 + π/2τ)⌉.

    Parameters: half_width τ > 0; epsilon in (0, 1].
    Raises: ValueError outside these ranges.
    Source: ours, after Panigrahi, Shetty, Goyal (2020), Theorem F.4; Equation (8) has τ for 2τ and no factor 2.

    >>> tanh_degree(3.0, 1e-3)
    21
    """
    return _degree(tanh_error(half_width, 0), 2 * half_width, epsilon)


def tanh_slope_degree(half_width, epsilon):
    """A degree that is enough for tanh' on [−τ, τ] to ε: twice that of tanh to ε/3, as tanh' = 1 − tanh².

    Parameters: half_width τ > 0; epsilon in (0, 1].
    Raises: ValueError outside these ranges.
    Source: ours, after Panigrahi, Shetty, Goyal (2020), Lemma F.5.  There tanh' is (1 + tanh)(1 − tanh), whose factors
    reach 2, where the lemma asks for at most 1.

    >>> tanh_slope_degree(3.0, 1e-3)
    46
    """
    return 2 * tanh_degree(half_width, _epsilon(epsilon) / 3)


def swish_slope_degree(half_width, epsilon):
    """A degree that is enough for swish' on [−k, k] to ε: ⌈log((4πk + 2k²)/(π²ε))/log(1 + π/k)⌉.

    Parameters: half_width k > 0; epsilon in (0, 1].
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem G.1.

    >>> swish_slope_degree(3.0, 1e-3)
    13
    """
    half_width = _positive("half_width", half_width)
    return _degree(half_width * sigmoid_error(half_width, 0), half_width, epsilon)


def lemma_f5(epsilon):
    """Largest error 3ε of a product of two functions of at most 1, each known to ε ≤ 1.

    Parameters: epsilon ≥ 0, a number or an array; beyond 1 the lemma is silent, and ε(2 + ε) is what holds.
    Source: Panigrahi, Shetty, Goyal (2020), Lemma F.5.

    >>> lemma_f5(0.1).round(6), lemma_f5(2.0)
    (np.float64(0.3), np.float64(8.0))
    """
    epsilon = np.asarray(epsilon, dtype=float)
    return np.where(epsilon <= 1, 3 * epsilon, epsilon * (2 + epsilon))[()]


def _degree(at_zero, steepness, epsilon):
    return max(0, int(np.ceil(np.log(at_zero / _epsilon(epsilon)) / np.log1p(np.pi / steepness))))


def _positive(name, value):
    return real(name, value, above=0, must="be positive and finite")


def _epsilon(epsilon):
    return real("epsilon", epsilon, above=0, most=1, must="lie in (0, 1], the error that is allowed")
