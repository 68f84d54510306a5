"""Expectations under N(0, 1) and Hermite coefficients in arbitrary precision, by Gauss–Legendre between the kinks.

Everything works at the precision `mpmath.mp.dps` of the moment it is called.
"""

import itertools
from functools import lru_cache

import mpmath as mp
import numpy as np


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
    for left, right in itertools.pairwise(edges):
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


def expectation(function, kinks=()):
    """E f(X), X ~ N(0, 1), f analytic between `kinks`."""
    nodes, weights = gaussian_rule(kinks)
    return mp.fsum(w * function(x) for x, w in zip(nodes, weights, strict=True))
