"""Δ(m, γ), the separation that m points have with probability 1 − γ.

On the sphere from the law of one correlation and from how many pairs there are; for any distribution by sampling.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaincinv
from scipy.stats import binom

from ntkit.arguments import real, whole
from ntkit.data import separation


@dataclass(frozen=True)
class SeparationRange:
    """Δ(m, γ) lies in [low, high]; `estimate` is low where it was derived, an order statistic where it was sampled.

    low is what a guarantee is built on.  confidence: of the interval; 1 where it was derived.
    """

    low: float
    estimate: float
    high: float
    confidence: float = 1.0


def close_pair_probability(delta, dim):
    """P(|ρ| > 1 − δ) of two uniform points of the sphere, I_{δ(2−δ)}((d − 1)/2, ½).

    ρ² has the beta law with parameters ½ and (d − 1)/2.

    Parameters: delta in [0, 1], an array or a number; dim ≥ 2.  Relatively accurate however small delta is.
    Raises: ValueError outside these ranges.

    >>> round(float(close_pair_probability(0.25, 3)), 12)  # the height of a point of the ordinary sphere is uniform
    0.25
    """
    dim, delta = _checked_dim(dim), np.asarray(delta, dtype=float)
    if not ((delta >= 0) & (delta <= 1)).all():
        raise ValueError(f"delta must lie in [0, 1]; got {delta}. A separation is 1 − |ρ|.")
    return betainc(0.5 * (dim - 1), 0.5, delta * (2 - delta))[()]


def sphere_separation(m, gamma, dim):
    """Δ(m, γ) of the uniform sphere: exact in two dimensions, within a few per cent in more: a SeparationRange.

    With p(δ) = P(|ρ| > 1 − δ) and M = m(m − 1)/2 pairs, the probability P that some pair is closer than δ satisfies

        Mp / (1 + (M − 1)p) ≤ P ≤ Mp,

    by the union bound, and by the second moment of the number of close pairs: any two correlations of uniform points
    are independent, also when they share a point.  So p(Δ) lies between γ/M and γ/(M − γ(M − 1)), and Δ grows as
    (γ/m²)^(2/(d−1)).  On the circle the m lines leave gaps above θ with probability (1 − mθ/π)^(m−1).

    Parameters: m ≥ 2 points; gamma in (0, 1); dim ≥ 2.
    Raises: ValueError outside these ranges.
    Source: Agarwal, Awasthi, Kale (2021), section 6 (the definition); the bounds are ours.

    >>> found = sphere_separation(100, 0.1, 10)
    >>> round(found.low, 4), round(found.high, 4)
    (0.0624, 0.0639)
    """
    m, gamma, dim = _checked_count(m), _checked_probability(gamma), _checked_dim(dim)
    if dim == 2:
        angle = -np.pi / m * np.expm1(np.log1p(-gamma) / (m - 1))
        exact = float(2 * np.sin(angle / 2) ** 2)
        return SeparationRange(exact, exact, exact)
    pairs = m * (m - 1) / 2
    low, high = (_separation_at(p, dim) for p in (gamma / pairs, gamma / (pairs - gamma * (pairs - 1))))
    return SeparationRange(low, low, high)


def sampled_separation(distribution, m, gamma, *, draws=400, seed=0, confidence=0.99):
    """Δ(m, γ) of any distribution, from samples of m points: a SeparationRange.

    Δ(m, γ) is the γ-quantile of the separation of a sample.  How many of the `draws` samples lie below it is binomial,
    whatever the distribution; this gives an interval between two order statistics.  Its ends are 0 or 1 where too few
    samples were drawn for that γ.

    Parameters: distribution with .draw(m, generator), such as UniformSphere or Resampled; m ≥ 2; gamma and confidence
    in (0, 1); draws ≥ 1.
    Raises: ValueError outside these ranges.

    >>> from ntkit.overfitting import UniformSphere
    >>> found, derived = sampled_separation(UniformSphere(10), 100, 0.1), sphere_separation(100, 0.1, 10)
    >>> found.low < derived.low < derived.high < found.high
    True
    """
    m, gamma = _checked_count(m), _checked_probability(gamma)
    confidence = _checked_probability(confidence, "confidence")
    draws = whole("draws", draws, least=1, must="be a positive whole number")
    generator = np.random.default_rng(seed)
    found = np.sort([separation(distribution.draw(m, generator)).correlation for _ in range(draws)])
    return _quantile(found, gamma, confidence)


def _quantile(found, gamma, confidence):
    """The γ-quantile of the law that the ascending values come from, between two of them."""
    draws, miss = len(found), 0.5 * (1 - confidence)
    below, above = int(binom.ppf(miss, draws, gamma)), int(binom.isf(miss, draws, gamma)) + 1
    return SeparationRange(
        low=float(found[below - 1]) if below > 0 else 0.0,
        estimate=float(found[int(np.ceil(draws * gamma)) - 1]),
        high=float(found[above - 1]) if above <= draws else 1.0,
        confidence=confidence,
    )


def _separation_at(probability, dim):
    """δ with P(|ρ| > 1 − δ) = probability; δ(2 − δ) = s solved without cancellation."""
    s = betaincinv(0.5 * (dim - 1), 0.5, probability)
    return float(s / (1 + np.sqrt(1 - s)))


def _checked_dim(dim):
    return whole("dim", dim, least=2, must="be a whole number, at least 2", remedy="A line has but two directions.")


def _checked_count(m):
    return whole("m", m, least=2, must="be a whole number, at least 2", remedy="A separation needs a pair.")


def _checked_probability(value, name="gamma"):
    value = real(name, value, above=0, most=1, must="lie in (0, 1)", remedy="It is a probability.")
    if value == 1:
        raise ValueError(f"{name} must lie in (0, 1); got 1. It is a probability.")
    return value
