"""The least eigenvalue of G on a half circle for a smooth σ whose σ' has poles ±iy next to the real line.

    λ_min(G) ≃ 8|A|²/((q − 1)!)² √(2π/3) e^(y²/6) n^(2q−1) R^(1−2q) e^(−3R²/2),      R = (2ny)^(1/3),

for poles A/(z ∓ iy)^q: a decay like exp(−(3/2)(2ny)^(2/3)), faster than e^(−c√n).  For t ↦ σ'(r cos t) has poles at
the height arsinh(y/r), its n-th Fourier coefficient is 2|A| n^(q−1) r^(−q) e^(−n arsinh(y/r))/(q − 1)!, and the mean of
its square over r e^(−r²/2) comes from r near R: from neurons of that norm alone, of which m draws hold m e^(−R²/2).
Source: ours; Panigrahi, Shetty, Goyal (2020), Theorem 4.4, have e^(−Ω(n^(1/2d))) as an upper bound.
"""

from math import factorial, pi

import numpy as np

from ntkit.arguments import real


def half_circle_pole_law(n, pole):
    """λ_min(G) on a half circle of n points as n grows, to a factor 1 + O(n^(−2/3)).

    Parameters: n ≥ 2, may be an array; pole, a ntkit.gram.hermite_decay.Pole of σ'.
    Returns: array of the shape of n.
    Raises: ValueError for n below 2.

    >>> from ntkit.gram.hermite_decay import POLES
    >>> f"{half_circle_pole_law(96, POLES['tanh']):.2g}"  # of 3.0e-25
    '2.6e-25'
    """
    n, radius = np.asarray(n, dtype=float), deciding_norm(n, pole.distance)
    power = 2 * pole.order - 1
    constant = 8 * (pole.strength / factorial(pole.order - 1)) ** 2 * np.sqrt(2 * pi / 3) * np.exp(pole.distance**2 / 6)
    return (constant * (n / radius) ** power * np.exp(-1.5 * radius**2))[()]


def deciding_norm(n, distance):
    """R = (2ny)^(1/3), the norm of the neurons that λ_min is made of; a network needs m ≫ e^(R²/2) to have some.

    Parameters: n ≥ 2, points of a half circle, may be an array; distance y > 0 of the poles of σ' from the real line.
    Returns: array of the shape of n.
    Raises: ValueError outside these ranges.

    >>> round(float(deciding_norm(50, np.pi / 2)), 3)
    5.396
    """
    distance = real("distance", distance, above=0, must="be positive, the distance of the poles from the real line")
    n = np.asarray(n, dtype=float)
    if not (n >= 2).all():
        raise ValueError(f"n must be at least 2; got {n.min():g}. One point has no smallest of several eigenvalues.")
    return np.cbrt(2 * n * distance)[()]
