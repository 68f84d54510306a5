"""How fast the Hermite coefficients of σ' decay, which decides how small λ_min of the Gram matrix can be.

    c̄_r(σ') = E σ'(X) h_r(X) = √(r + 1) a_{r+1}(σ),      G∞(ρ) = Σ c̄_r² ρ^{r+1}

A jump of σ' makes them fall like a power of r: r^(−3/4) for the step.  A pole of σ' at distance y from the real line
makes them fall like exp(−(y/√2)√(2r + 1)), times (2r + 1)^(q/2 − 3/4) for a pole of order q.
Source: Panigrahi, Shetty, Goyal (2020), section F.3, Theorems F.6 and F.7, Corollary F.7.1, Equations (18)–(20) and
(34), after Hille (1940) and Boyd (1984).
"""

from dataclasses import dataclass
from math import factorial

import numpy as np
from scipy.special import gammaln

from ntkit.arguments import real, whole
from ntkit.specification import takes_names

NOISE = 1e-13
"""Coefficients of σ' below that times √E σ'² are taken for rounding."""


@takes_names
def slope_coefficients(sigma, count):
    """c̄_0 … c̄_{count−1} of σ', those below the noise floor as 0.

    Parameters: sigma, an Activation or its name, without jumps; count ≥ 1.
    Returns: (count,), dimensionless; exact (to rounding) for the step, a_{r+1}√(r + 1) of σ otherwise.
    Raises: ValueError where σ jumps: σ' is no function then.
    Source: Panigrahi, Shetty, Goyal (2020), section F.3.

    >>> import ntkit as nk
    >>> slope_coefficients(nk.activation("tanh"), 5).round(4)
    array([ 0.6057,  0.    , -0.2571,  0.    ,  0.1399])
    """
    count = whole("count", count, least=1, must="be a whole number of coefficients, at least 1")
    if not sigma.is_continuous:
        raise ValueError(
            f"activation {sigma.name!r} must have no jump for σ' to have Hermite coefficients. Take its integral: "
            "relu, whose slope is the step."
        )
    if is_two_lines(sigma):
        left, right = sigma.derivative(np.array([-1.0, 1.0]))
        found = (right - left) * step_coefficients(count)
        found[0] = 0.5 * (left + right)
        return found
    found = sigma.hermite(count + 1)[1:] * np.sqrt(np.arange(1, count + 1))
    found[np.abs(found) < NOISE * np.sqrt(sigma.derivative_second_moment)] = 0.0
    return found


@takes_names
def is_two_lines(sigma):
    """Whether σ is linear on either side of 0, as ReLU and leaky ReLU are: then σ' is a step and a constant.

    >>> import ntkit as nk
    >>> is_two_lines(nk.activation("leaky_relu")), is_two_lines(nk.activation("elu"))
    (True, False)
    """
    return sigma.degree == 1


def step_coefficients(count):
    """c̄_0 … c̄_{count−1} of the step 1[x > 0] = ReLU': ½, then 0 for even r, (−1)^k [C(2k, k) 4^−k/(2k + 1)/2π]^½ for
    r = 2k + 1.

    Parameters: count ≥ 1.
    Raises: ValueError outside that range.
    Source: Panigrahi, Shetty, Goyal (2020), Equations (18)–(20), where the rate k^(−3/4) is written for every k; the
    even ones vanish.

    >>> step_coefficients(6).round(6)
    array([ 0.5     ,  0.398942,  0.      , -0.162868,  0.      ,  0.109255])
    """
    count = whole("count", count, least=1, must="be a whole number of coefficients, at least 1")
    found = np.zeros(count)
    k = np.arange(count // 2)
    log_ratio = gammaln(2 * k + 1) - 2 * gammaln(k + 1) - 2 * k * np.log(2)
    found[1::2] = (-1.0) ** k * np.sqrt(np.exp(log_ratio) / (2 * np.pi * (2 * k + 1)))
    found[0] = 0.5
    return found


def step_asymptote(order):
    """|c̄_r| of the step for odd r → ∞, (2π)^−½ (2/π)^¼ r^(−¾) = 0.356 r^(−¾).

    Parameters: order r ≥ 1, a number or an array.
    Source: Panigrahi, Shetty, Goyal (2020), Equation (20), with its constant.

    >>> round(float(step_asymptote(101)), 6), round(float(abs(step_coefficients(102)[-1])), 6)
    (0.011185, 0.011199)
    """
    return (2 / np.pi) ** 0.25 / np.sqrt(2 * np.pi) * np.asarray(order, dtype=float) ** -0.75


def step_tail(first):
    """A lower bound of Σ c̄_r² of the step over r ≥ first: 1/(2 π^(3/2) √(K + ½)), K = ⌈(first − 1)/2⌉.

    From C(2k, k) 4^−k > 1/√(π(k + ½)), and the sum of a falling function by its integral.

    Parameters: first ≥ 1, a number or an array.
    Source: ours.

    >>> bool(step_tail(101) < 0.25 - (step_coefficients(101)[1:] ** 2).sum() < 1.01 * step_tail(101))
    True
    """
    k = np.ceil((np.asarray(first, dtype=float) - 1) / 2)
    return 1 / (2 * np.pi**1.5 * np.sqrt(k + 0.5))


# --- smooth slopes ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pole:
    """The pair of poles of σ' nearest to the real line, ±iy.

    distance y; order q; strength |A| of A/(z − iy)^q.  Coefficients of one parity vanish, or add up, on either side.
    """

    distance: float
    order: int
    strength: float

    @property
    def rate(self):
        """τ = y/√2: |c̄_r| falls like e^{−τ√(2r+1)} (Hille)."""
        return self.distance / np.sqrt(2)

    def asymptote(self, order):
        """|c̄_r| as r → ∞ where it does not vanish; see `pole_asymptote`."""
        return pole_asymptote(order, self.distance, self.order, self.strength)


POLES = {
    "tanh": Pole(np.pi / 2, 2, 1.0),
    "sigmoid": Pole(np.pi, 2, 1.0),
    "swish": Pole(np.pi, 2, np.pi),
    "softplus": Pole(np.pi, 1, 1.0),
}
"""σ' of the catalogue whose nearest poles are known, by the name of σ."""


def pole_asymptote(order, distance, pole_order=2, strength=1.0):
    """|c̄_r| of a function with poles of order q at ±iy, as r → ∞, where the two add up:

        2|A|√π/(q − 1)! · (r + ½)^((q−1)/2) (2π(r + ½))^(−¼) e^{y²/4} e^{−(y/√2)√(2r+1)},

    that is a constant times (2r + 1)^(q/2 − 3/4) e^{−τ√(2r+1)}, τ = y/√2: from E h_r(X)/(iy − X) =
    (−i)^{r+1}/√r! ∫ t^r e^{−yt − t²/2} dt by Laplace's method; to a factor 1 + O(r^(−½)).

    Parameters: order r ≥ 0; distance y > 0; pole_order q ≥ 1; strength |A| > 0.
    Raises: ValueError outside these ranges.
    Source: ours; Panigrahi, Shetty, Goyal (2020), Equation (34), has the exponent −¼ of a simple pole for tanh', whose
    poles are double, and half of the rate.

    >>> import ntkit as nk
    >>> exact = abs(slope_coefficients(nk.activation("tanh"), 201)[200])
    >>> bool(0.9 < exact / pole_asymptote(200, np.pi / 2) < 1)
    True
    """
    distance = real("distance", distance, above=0, must="be positive, the distance of the pole from the real line")
    pole_order = whole("pole_order", pole_order, least=1, must="be a whole number of at least 1")
    middle = np.asarray(order, dtype=float) + 0.5
    size = 2 * strength * np.sqrt(np.pi) / factorial(pole_order - 1)
    power = middle ** ((pole_order - 1) / 2) * (2 * np.pi * middle) ** -0.25
    return size * power * np.exp(0.25 * distance**2 - distance * np.sqrt(middle))


def corollary_f71(order, constant=1.0):
    """What Corollary F.7.1 allows |c̄_k| of tanh' to be, e^{−(π/4)√k}, times a constant that it leaves open.

    Parameters: order k ≥ 0; constant > 0.
    Source: Panigrahi, Shetty, Goyal (2020), Corollary F.7.1 (its exponent as reconstructed from the proof); half the
    true rate, for the proof uses half of the strip.

    >>> round(float(corollary_f71(16)), 6)
    0.043214
    """
    constant = real("constant", constant, above=0, must="be positive, what O(·) leaves open")
    return constant * np.exp(-0.25 * np.pi * np.sqrt(np.asarray(order, dtype=float)))


def equation_34(order, constant=1.0):
    """What Equation (34) prints for |c̄_k| of tanh', (2k + 1)^(−¼) e^{−(π/4)√(2k+1)}, times a constant.

    The right rate is π/(2√2), and the right power +¼: `pole_asymptote`.

    Parameters: order k ≥ 0; constant > 0.
    Source: Panigrahi, Shetty, Goyal (2020), Equation (34), as it can be read.

    >>> orders = np.array([40, 200, 400])
    >>> (equation_34(orders) / pole_asymptote(orders, np.pi / 2)).round(1)  # no constant will do
    array([  0.6,   9.7, 101. ])
    """
    constant = real("constant", constant, above=0, must="be positive, what Θ(·) leaves open")
    root = np.sqrt(2 * np.asarray(order, dtype=float) + 1)
    return constant * root**-0.5 * np.exp(-0.25 * np.pi * root)


@dataclass(frozen=True, eq=False)
class HermiteDecay:
    """The coefficients of σ' above the noise floor, and how fast they fall.

    activation, its name; order (K,) and size (K,) |c̄_r|, the non-zero ones; slope, fitted to log|c̄_r| over the upper
    half of √(2r + 1), with intercept, and power, fitted over log r there: of the parity that is larger, and nan where
    fewer than four are left; pole, the nearest Pole where it is known; jump, of σ' where σ is two lines, else 0.
    """

    activation: str
    order: np.ndarray
    size: np.ndarray
    slope: float
    intercept: float
    power: float
    pole: Pole | None
    jump: float

    @property
    def predicted_slope(self):
        """−τ of the nearest pole; None where it is not known."""
        return None if self.pole is None else -float(self.pole.rate)


@takes_names
def slope_decay(sigma, count=300):
    """HermiteDecay of the first `count` coefficients of σ'.

    Parameters: sigma, an Activation or its name, without jumps; count ≥ 1.
    Raises: ValueError where σ jumps.
    Source: Panigrahi, Shetty, Goyal (2020), section F.3.

    >>> import ntkit as nk
    >>> found = slope_decay(nk.activation("softplus"))
    >>> round(found.slope, 2), round(found.predicted_slope, 2)  # −(π/√2), and what the power in front of it does
    (-2.25, -2.22)
    """
    coefficients = np.abs(slope_coefficients(sigma, count))
    order = np.flatnonzero(coefficients)
    size = coefficients[order]
    late = _late_envelope(order, size)
    slope, intercept = _line(np.sqrt(2 * order[late] + 1), size[late])
    power, _ = _line(np.log(order[late] + 0.5), size[late])
    jump = float(np.diff(sigma.derivative(np.array([-1.0, 1.0])))[0]) if is_two_lines(sigma) else 0.0
    return HermiteDecay(sigma.name, order, size, slope, intercept, power, POLES.get(sigma.name), jump)


def _late_envelope(order, size):
    """Which coefficients a decay is fitted to: the upper half of √(2r + 1), and of the two parities the larger."""
    late = np.sqrt(2 * order + 1) >= 0.5 * np.sqrt(2 * order[-1] + 1) if len(order) else np.zeros(0, dtype=bool)
    halves = [late & (order % 2 == parity) for parity in (0, 1)]
    return max(halves, key=lambda half: size[half].sum())


def _line(places, size):
    """Slope and intercept of log size over places."""
    if len(size) < 4:
        return np.nan, np.nan
    slope, intercept = np.polyfit(places, np.log(size), 1)
    return float(slope), float(intercept)
