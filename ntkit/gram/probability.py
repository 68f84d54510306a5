"""Facts about Gaussian variables and singular values that the proofs use, as bounds to hold against the exact numbers.

Fact C.2 is an erratum of the ledger, C.10 is `certificates.gershgorin_factors`, C.7 and C.11 need no function.
Source: Panigrahi, Shetty, Goyal (2020), appendix C.
"""

import math

import numpy as np

from ntkit.arguments import real, whole


def fact_c1(t, sigma=1.0):
    """Bounds of P(|v| ≥ t) for v ~ N(0, σ²) and 0 < t < σ: (1 − 4t/5σ, 1 − 2t/3σ).

    The numerators are reconstructed: they are lost in our text, and these hold.

    Parameters: sigma > 0; t in (0, σ).
    Returns: (lower, upper), floats.
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), Fact C.1.

    >>> lower, upper = fact_c1(0.5)
    >>> round(lower, 6), round(math.erfc(0.5 / math.sqrt(2)), 6), round(upper, 6)
    (0.6, 0.617075, 0.666667)
    """
    sigma = real("sigma", sigma, above=0, must="be positive, a standard deviation")
    share = real("t", t, above=0, most=sigma, must=f"lie in (0, {sigma:g})") / sigma
    return 1 - 4 * share / 5, 1 - 2 * share / 3


def fact_c5(n, k):
    """The least probability that n Gaussians of variance σ² stay within k√log n σ: 1 − 2n^(1 − k²/2).

    With k = 3 it is 1 − 2n^−3.5, of which the theorems on smooth activations make use.

    Parameters: n ≥ 2; k > 0.  Below k = √2 it says nothing.
    Returns: float, negative where it says nothing.
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), Fact C.5.

    >>> round(fact_c5(100, 3.0), 9)
    0.9999998
    """
    n = whole("n", n, least=2, must="be a whole number of variables, at least 2")
    return 1 - 2 * n ** (1 - 0.5 * real("k", k, above=0, must="be positive") ** 2)


def fact_c6(degrees, t):
    """The interval (k − 2√(kt), k + 2√(kt) + 2t) that χ² of k degrees leaves on either side with probability ≤ e^−t.

    Parameters: degrees k ≥ 1; t > 0.
    Returns: (lower, upper), floats.
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), Fact C.6, after Laurent and Massart (2000).

    >>> fact_c6(100, 1.0)
    (80.0, 122.0)
    """
    degrees = whole("degrees", degrees, least=1, must="be a whole number of degrees of freedom, at least 1")
    t = real("t", t, above=0, must="be positive")
    spread = 2 * math.sqrt(degrees * t)
    return degrees - spread, degrees + spread + 2 * t


def fact_c9(matrix):
    """σ_min between m^−½ min_i dist(a_i, span of the others) and that distance itself, for the m columns of a matrix.

    Parameters: matrix (n, m), n ≥ m ≥ 2.
    Returns: (lower, upper), floats; only the lower bound is stated.
    Raises: ValueError for another shape.
    Source: Panigrahi, Shetty, Goyal (2020), Fact C.9, after Rudelson and Vershynin (2009).

    >>> lower, upper = fact_c9(np.eye(4))
    >>> round(lower, 12), round(upper, 12)
    (0.5, 1.0)
    """
    matrix = np.asarray(matrix, dtype=float)
    if matrix.ndim != 2 or not matrix.shape[0] >= matrix.shape[1] >= 2:
        raise ValueError(f"matrix must have shape (n, m) with n ≥ m ≥ 2; got shape {matrix.shape}.")
    least = min(_distance(matrix[:, i], np.delete(matrix, i, axis=1)) for i in range(matrix.shape[1]))
    return least / math.sqrt(matrix.shape[1]), least


def _distance(column, others):
    """From a vector to the span of the columns of a matrix."""
    left, sizes, _ = np.linalg.svd(others, full_matrices=False)
    basis = left[:, sizes > 1e-14 * sizes[0]] if sizes[0] > 0 else left[:, :0]
    return float(np.linalg.norm(column - basis @ (basis.T @ column)))
