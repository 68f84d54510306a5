"""Duals of analytic activations as Hermite series summed to their end, σ̂(ρ) = Σ a_k² ρ^k, in arbitrary precision."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import mpmath as mp
from exact_expectations import hermite_coefficients


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
    """a_k of arctan. Its derivative ∫₀^∞ e^{−t} cos(tx) dt has b_k = ±∫ t^k e^{−t−t²/2} dt/√k! for even k, else 0.

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


class ScaledTanh:
    """tanh(root·x), equal and hashed by its root, so that its coefficients are computed once."""

    def __init__(self, root):
        self.root = root

    def __call__(self, x):
        return mp.tanh(self.root * x)

    def __eq__(self, other):
        return self.root == other.root

    def __hash__(self):
        return hash(self.root)

    def coefficients(self, digits):
        """The poles lie at ±iπ/(2·root); beyond a few units a wider strip gains nothing."""
        return trapezoidal_coefficients(self, min(mp.pi / (2 * self.root), mp.mpf(4)), digits)
