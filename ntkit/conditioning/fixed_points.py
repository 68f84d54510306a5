"""Where correlations go: the smallest fixed point ρ̄ of σ̂ in [0, 1], for E σ² = 1, to the last digit at both ends."""

from dataclasses import dataclass

import numpy as np

_ROUNDING = 1e-14  # of σ̂'(1), a quotient of two quadratures
_NUMERICAL_ROUNDING = 1e-12  # of a derivative that we found ourselves
_MOST_STEPS = 300


@dataclass(frozen=True)
class FixedPoint:
    """The smallest fixed point ρ̄ of σ̂ in [0, 1], and all that the statements on uncentred activations ask of σ.

    activation:   its name
    regime:       "ordered", σ̂'(1) < 1; "critical", σ̂'(1) = 1; "chaotic", σ̂'(1) > 1
    correlation:  ρ̄, accurate where it is small
    gap:          1 − ρ̄, accurate where it is small; 0 where σ̂'(1) ≤ 1
    slope:        σ̂'(ρ̄), what one layer makes of a small ρ − ρ̄
    slope_at_one: σ̂'(1); inf where σ jumps
    at_zero:      σ̂(0) = (E σ)²
    nonaffinity:  μ̃, the coefficient of non-affinity
    """

    activation: str
    regime: str
    correlation: float
    gap: float
    slope: float
    slope_at_one: float
    at_zero: float
    nonaffinity: float


def fixed_point(activation):
    """The FixedPoint of an activation with E σ² = 1.

    ρ̄ = 1 where σ̂'(1) ≤ 1, to rounding (1e-14; 1e-12 where σ' was not given).  Else g = 1 − ρ̄ solves
    σ̂(1) − σ̂(1 − g) = g: ρ̄ and 1 − ρ̄ are exact to 1e-13, and to as many digits as σ̂'(1) − 1 has where that is small.

    Raises: ValueError for an activation with E σ² ≠ 1, and for an affine one, of which every ρ is a fixed point.
    Source: Agarwal, Awasthi, Kale (2021), appendix C.3, Lemmas 32 and 33.

    >>> import ntkit as nk
    >>> point = fixed_point(nk.activation("swish").with_unit_second_moment())
    >>> point.regime, round(point.correlation, 4), round(point.slope_at_one, 3)
    ('chaotic', 0.6587, 1.067)
    """
    demand_scaled(activation)
    mu, dual, slope_at_one = activation.coefficient_of_nonaffinity, activation.dual, activation.dual.slope_at_one
    rounding = _ROUNDING if activation.has_derivative else _NUMERICAL_ROUNDING
    if abs(slope_at_one - 1) <= rounding:
        slope_at_one = 1.0
    correlation, gap = (1.0, 0.0) if slope_at_one <= 1 else _below_one(dual, slope_at_one, mu, activation.mean)
    return FixedPoint(
        activation=activation.name,
        regime="ordered" if slope_at_one < 1 else "chaotic" if slope_at_one > 1 else "critical",
        correlation=correlation,
        gap=gap,
        slope=slope_at_one if gap == 0 else float(slope_near(dual, gap)),
        slope_at_one=float(slope_at_one),
        at_zero=float(activation.mean**2),
        nonaffinity=float(mu),
    )


def slope_near(dual, gap):
    """σ̂'(1 − gap), gap an array or number in [0, 2], relatively accurate at both ends.

    >>> import ntkit as nk
    >>> float(slope_near(nk.activation("exp").with_unit_second_moment().dual, 1.0)).__round__(6)  # 1/e
    0.367879
    """
    gap = np.asarray(gap, dtype=float)
    return dual.pair(1 - gap, np.minimum(gap, 2 - gap)).slope


def gap_after(dual, gap):
    """1 − σ̂(1 − gap), gap an array or number in [0, 2], relatively accurate at both ends, also where σ̂ is even.

    >>> import ntkit as nk
    >>> round(float(gap_after(nk.activation("quadratic").dual, 2 - 2.0**-50)) * 2.0**50, 12)
    2.0
    """
    gap = np.asarray(gap, dtype=float)
    return np.maximum(dual.pair(1 - gap, np.minimum(gap, 2 - gap), slope=False).half_distance, 0.0)


def demand_scaled(activation):
    """Raise ValueError where E σ² = 1 does not hold, or σ is affine.

    >>> import ntkit as nk
    >>> demand_scaled(nk.activation("identity"))
    Traceback (most recent call last):
    ...
    ValueError: activation must not be affine: every correlation is a fixed point of the dual of 'identity'.
    """
    if activation.second_moment != 1.0:
        raise ValueError(
            f"activation must have E σ(X)² = 1; {activation.name!r} has {activation.second_moment:.6g}. "
            "Take its .with_unit_second_moment()."
        )
    if activation.coefficient_of_nonaffinity == 0:
        raise ValueError(
            f"activation must not be affine: every correlation is a fixed point of the dual of {activation.name!r}."
        )


def _below_one(dual, slope_at_one, mu, mean):
    """ρ̄ and 1 − ρ̄ for σ̂'(1) > 1, each by Newton's method in itself where it is the smaller of the two."""
    if mean == 0:
        return 0.0, 1.0
    largest = min(1.0, (slope_at_one - 1) / mu)  # Lemma 32 at λ → 1
    gap = _descend(lambda gap: (float(dual.gap(gap)) - gap) / (1 - float(slope_near(dual, gap))), largest)
    if gap <= 0.5:
        return 1 - gap, gap
    rho = _descend(lambda rho: (float(dual(rho)) - rho) / (1 - float(dual.derivative(rho))), 0.0)
    return rho, 1 - rho


def _descend(step, start):
    """start + step + step + …, until a step turns round, which rounding alone makes it do.

    σ̂ is convex: from ρ = 0 below ρ̄, and from a gap above 1 − ρ̄, Newton's steps never pass the root.
    """
    place, last = start, 0.0
    for _ in range(_MOST_STEPS):
        following = step(place)
        if following * last < 0 or place + following == place:
            break
        place, last = place + following, following
    return place
