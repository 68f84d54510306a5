"""How smooth an activation is where it is least smooth, and what that makes of λ_min.

σ has a kink of order r at α where its derivatives below the r-th are continuous and the r-th jumps by κ: ReLU has
order 1, ELU order 2, relu^r/r! order r, each with κ = 1 at 0.  On n points at the angles πi/n of a half circle

    λ_min(G) ≃ 2^r (r − 1)! π^(−2) (1 − 2^(−2r)) ζ(2r) n^(1−2r) Σ_j κ_j² e^(−α_j²/2),    j over the kinks of order r,

κ²/(4n), κ²π²/(24n³), κ²π⁴/(60n⁵) for r = 1, 2, 3 at 0; λ_min(H) is that of r + 1.  Only order, place and jump matter:
the Fourier coefficients of t ↦ σ'(R cos t) end in κ(R² − α²)^((r−1)/2) q^(−r), λ_min is what they leave at q = n.
Source of the classes: Panigrahi, Shetty, Goyal (2020), section 4.1 and appendix K.  The law is not in the paper.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import zeta

from ntkit.arguments import real, whole
from ntkit.gaussian import panel_nodes
from ntkit.specification import takes_names

_HIGHEST_ORDER = 6
_REACH = 0.5  # of the polynomials at both sides of a kink
_POINTS = 14
_CLEAR = 30.0  # a jump is one when it is so many times its uncertainty
_SMALLEST = 1e-7
_RANGE = 6.0  # beyond, N(0, 1) sees nothing


@dataclass(frozen=True)
class Kink:
    """One place where an activation is not smooth: the derivative of that `order` jumps there by `jump`."""

    place: float
    order: int
    jump: float


@dataclass(frozen=True)
class KinkClass:
    """The kinks of an activation, and the class J_r that they put it in.

    activation: its name
    kinks:      those of every order, by place; empty for a smooth activation
    bounds:     the largest |σ^(i)|, i = 1 … r + 1, between the kinks and within |x| ≤ 6; empty without a class

    >>> import ntkit as nk
    >>> classify_kink(nk.activation("tanh")).order is None
    True
    """

    activation: str
    kinks: tuple
    bounds: tuple

    @property
    def order(self):
        """r, the lowest order; None for a smooth activation, 0 for one that jumps and belongs to no class."""
        return min((kink.order for kink in self.kinks), default=None)

    @property
    def lowest(self):
        """The kinks of the lowest order."""
        return tuple(kink for kink in self.kinks if kink.order == self.order)

    @property
    def is_literal(self):
        """Whether J_r holds word for word: one kink, |α| ≤ 1, jump 1, derivatives 1 … r + 1 at most 1."""
        if not self.order or len(self.kinks) != 1:
            return False
        kink = self.kinks[0]
        return abs(kink.place) <= 1 and abs(abs(kink.jump) - 1) < 1e-6 and max(self.bounds) <= 1 + 1e-6

    def law(self, n):
        """What λ_min(G) tends to on a half circle of n points: `half_circle_law` summed over the kinks of order r.

        Raises: ValueError for a smooth activation, or one that jumps.
        """
        if not self.order:
            state = "it is smooth" if self.order is None else "it jumps, so that G is infinite"
            raise ValueError(f"the law needs a kink of order 1 or more; {self.activation!r} has none: {state}.")
        return sum(half_circle_law(n, self.order, kink.jump, place=kink.place) for kink in self.lowest)


@takes_names
def classify_kink(sigma):
    """The KinkClass of an activation, from its kinks and the derivatives of both sides.

    Parameters: sigma, any Activation, or its name; kinks of order 3 and more are seen where it names them: those of
    lower order are found.
    Returns: KinkClass; jumps to about 1e-9, orders up to 6 where σ' is known, 4 where it is not.
    Source: Panigrahi, Shetty, Goyal (2020), section 4.1, appendix K.

    >>> import ntkit as nk
    >>> classify_kink(nk.activation("elu")).kinks
    (Kink(place=0.0, order=2, jump=-1.0),)
    >>> round(classify_kink(nk.activation("selu")).kinks[0].jump, 5)  # λ − λα
    -0.7074
    """
    places = sigma.kinks
    found = [_kink(sigma, place, _reach(place, places)) for place in places]
    kinks = tuple(kink for kink in found if kink is not None)
    order = min((kink.order for kink in kinks), default=None)
    return KinkClass(sigma.name, kinks, _bounds(sigma, order + 1) if order else ())


def half_circle_law(n, order, jump=1.0, *, place=0.0):
    """λ_min(G) of one kink on a half circle of n points, as n grows.

    κ² e^(−α²/2) 2^r (r − 1)! π^(−2) (1 − 2^(−2r)) ζ(2r) n^(1−2r); for H take order r + 1.

    Parameters: n ≥ 2, may be an array; order r ≥ 1; jump κ; place α.
    Returns: array of the shape of n.
    Raises: ValueError outside these ranges.

    >>> half_circle_law(np.array([50, 100]), 1)
    array([0.005 , 0.0025])
    >>> round(float(half_circle_law(50, 2)) * 1e6, 4)
    3.2899
    """
    r = whole("order", order, least=1, must="be a whole number, at least 1", remedy="Smooth σ decay exponentially.")
    jump, place = (real(name, value, must="be finite") for name, value in (("jump", jump), ("place", place)))
    n = np.asarray(n, dtype=float)
    if not (n >= 2).all():
        raise ValueError(f"n must be at least 2; got {n.min():g}. One point has no smallest of several eigenvalues.")
    constant = 2**r * math.factorial(r - 1) * (1 - 2.0 ** (-2 * r)) * zeta(2 * r) / math.pi**2
    return (jump**2 * math.exp(-0.5 * place**2) * constant * n ** (1.0 - 2 * r))[()]


# --- jumps ---------------------------------------------------------------------------------------------------------


def _reach(place, places):
    """How far the polynomials may reach without meeting the next kink."""
    return min([_REACH, *(0.9 * abs(place - other) for other in places if other != place)])


def _kink(sigma, place, reach):
    """The first derivative that jumps by more than the uncertainty of its two sides; None where none does."""
    known = int(sigma.has_derivative)
    jump, doubt = _jumps(sigma, place, reach)
    if known and abs(jump[0]) > _SMALLEST:
        return Kink(float(place), 0, float(jump[0]))
    if known:
        jump, doubt = _jumps(sigma.derivative, place, reach)
    for k, (size, uncertainty) in enumerate(zip(jump, doubt, strict=True)):
        if abs(size) > max(_CLEAR * uncertainty, _SMALLEST):
            return Kink(float(place), k + known, float(_rounded(size, uncertainty)))
    return None


def _jumps(function, place, reach):
    """f^(k)(b+) − f^(k)(b−), k = 0, 1, …, and how far they may be off: what two reaches differ by, and rounding."""
    first, second = (_one_sided(function, place, share * reach) for share in (1.0, 0.7))
    sizes = np.abs(function(place + reach * np.linspace(-1, 1, 9))).max() + 1e-300
    orders = np.arange(len(first))
    rounding = 1e-16 * sizes * (2.0 * _POINTS**2 / reach) ** orders
    return second, np.abs(first - second) + 1e-3 * rounding + 1e-15 * sizes


def _one_sided(function, place, reach):
    points = np.cos(np.pi * (np.arange(_POINTS) + 0.5) / _POINTS)
    sides = []
    for sign in (1.0, -1.0):
        values = function(place + 0.5 * reach * sign * (1 + points))
        matrix = np.polynomial.chebyshev.chebvander(points, _POINTS - 1)
        series = np.polynomial.Chebyshev(np.linalg.solve(matrix, values))
        scale = 2 * sign / reach
        sides.append([float(series.deriv(k)(-1.0) if k else series(-1.0)) * scale**k for k in range(_HIGHEST_ORDER)])
    return np.subtract(*sides)


def _rounded(value, uncertainty):
    """The roundest number that is within the uncertainty."""
    return next(
        (r for r in (round(value, digits) for digits in range(10)) if abs(r - value) <= 10 * uncertainty), value
    )


def _bounds(sigma, highest):
    """sup |σ^(i)|, i = 1 … highest, from Chebyshev polynomials on short panels between the kinks."""
    inner = [b for b in sigma.kinks if abs(b) < _RANGE]
    edges = np.unique(np.concatenate([np.arange(-_RANGE, _RANGE + 0.1, 0.25), inner]))
    places = panel_nodes(edges, _POINTS)[0]
    slopes = sigma.derivative(places)
    largest, local = [], (2 * places[0] - edges[0] - edges[1]) / (edges[1] - edges[0])
    transform = np.linalg.inv(np.polynomial.chebyshev.chebvander(local, _POINTS - 1))
    series = slopes @ transform.T
    series[np.abs(series) < 4e-16 * np.abs(series).max()] = 0.0  # derivatives would enlarge what is rounding
    ends = np.linspace(-1, 1, 9)
    for order in range(highest):
        values = np.polynomial.chebyshev.chebval(ends, np.polynomial.chebyshev.chebder(series, order, axis=1).T)
        largest.append(float(np.abs(values * (2 / np.diff(edges)[:, None]) ** order).max()))
    return tuple(largest)
