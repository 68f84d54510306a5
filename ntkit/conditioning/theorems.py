"""The lemmas, theorems and corollaries on conditioning; each function gives the bound that its statement sets."""

import math

from ntkit.conditioning.decay import L0, L1, L2, bound, bound_gap
from ntkit.conditioning.inputs import checked, plain

_HUGE = 60.0  # e^60 − 1 is e^60 in float64, and e^60 is finite in float32
_ENTRIES = "Below that depth theorem_3 and theorem_5_sharp still bound each entry."


def lemma_21(delta, mu):
    """Largest |σ̂(ρ)| at |ρ| = 1 − δ: one layer.

    1 − (1 + μ/2)δ where δ ≤ ½, else (1 − μ/2)(1 − δ).

    Parameters: delta in [0, 1]; mu in (0, 1].
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), Lemma 21.

    >>> float(lemma_21(0.2, 0.5))
    0.75
    """
    xp, delta, mu = checked(closed_delta=delta, mu=mu)
    return plain(xp.where(delta <= 0.5, 1 - (1 + mu / 2) * delta, (1 - mu / 2) * (1 - delta)))


def lemma_22(depth, delta, mu):
    """Largest |σ̂^(L)(ρ)| over |ρ| ≤ 1 − δ, B_μ(L, δ): correlations decay.

    Source: Agarwal, Awasthi, Kale (2021), Lemma 22; parameters and errors as in `bound`.

    >>> float(lemma_22(0, 0.25, 0.5))
    0.75
    """
    return bound(depth, delta, mu)


def lemma_26(rho, mu):
    """Largest σ̂'(ρ) / σ̂'(1), which is 1 − μ(1 − |ρ|).

    The proof prints Σ i a_i² ρ^i for Σ i a_i² ρ^(i−1); the statement is right.

    Parameters: rho in [−1, 1]; mu in (0, 1].
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), Lemma 26.

    >>> float(lemma_26(-0.5, 0.5))
    0.75
    """
    xp, rho, mu = checked(rho=rho, mu=mu)
    return plain(1 - mu * (1 - xp.abs(rho)))


def theorem_3(depth, delta, mu):
    """Largest |K̄_ij|, i ≠ j, under Assumption A: B_μ(L, δ).

    Source: Agarwal, Awasthi, Kale (2021), Theorem 3; parameters and errors as in `bound`.

    >>> float(round(theorem_3(40, 0.05, 0.2665289), 6))
    0.024808
    """
    return bound(depth, delta, mu)


def corollary_4(depth, delta, mu, n):
    """Largest κ(K̄) of n points under Assumption A, as stated: 1 + 2n(1 − μ/2)^(L − L₁), for L ≥ L₁(δ).

    Raises: ValueError where depth < L₁ or an argument is out of range.
    Source: Agarwal, Awasthi, Kale (2021), Corollary 4.

    >>> corollary_4(L1(0.1, 0.5, 50), 0.1, 0.5, 50)
    np.float64(101.0)
    """
    _, depth, delta, mu, n = checked(whole_depth=depth, delta=delta, mu=mu, n=n)
    return 1 + 2 * plain(n) * _decay_since_l1(depth, delta, mu, n, "Corollary 4", _ENTRIES)


def corollary_4_sharp(depth, delta, mu, n):
    """Largest κ(K̄) of n points under Assumption A: 1 + 2(1 − μ/2)^(L − L₁), for L ≥ L₁(δ).

    The proof of Corollary 4 ends here: (n − 1)B(L, δ) ≤ ½(1 − μ/2)^(L − L₁), and (1 + x)/(1 − x) ≤ 1 + 4x up to
    x = ½.  The factor n of the statement is not needed.

    Raises: ValueError where depth < L₁ or an argument is out of range.
    Source: Agarwal, Awasthi, Kale (2021), proof of Corollary 25.

    >>> corollary_4_sharp(L1(0.1, 0.5, 50), 0.1, 0.5, 50)
    np.float64(3.0)
    """
    return 1 + 2 * _decay_since_l1(depth, delta, mu, n, "Corollary 4", _ENTRIES)


def ntk_diagonal(depth, slope_at_one):
    """The diagonal entry of 𝒦̄ on the unit sphere, (q^(L+1) − 1)/(q − 1) with q = σ̂'(1); L + 1 where q = 1.

    Returns: array; inf where it exceeds the largest float.
    Raises: ValueError where depth is not a whole number of layers, or q is not positive and finite (a step).
    Source: Agarwal, Awasthi, Kale (2021), proof of Theorem 27.

    >>> round(float(ntk_diagonal(2, 2.0)), 9), float(ntk_diagonal(2, 1.0))
    (7.0, 3.0)
    """
    xp, depth, slope = checked(whole_depth=depth, slope_at_one=slope_at_one)
    excess = slope - 1
    divisor = xp.where(excess == 0, xp.ones_like(excess), excess)
    exponent = (depth + 1) * xp.log1p(excess)
    logarithm = exponent - xp.log(xp.abs(divisor))  # of the quotient, as soon as the 1 does not count
    huge, overflows = exponent > _HUGE, logarithm > math.log(xp.finfo(slope.dtype).max)
    zero = xp.zeros_like(logarithm)
    series = xp.expm1(xp.where(huge, zero, exponent)) / divisor
    series = xp.where(huge, xp.exp(xp.where(huge & ~overflows, logarithm, zero)), series)
    return plain(xp.where(excess == 0, depth + 1, xp.where(overflows, float("inf"), series)))


def theorem_5(depth, delta, mu):
    """Largest |𝒦̄_ij| / 𝒦̄_11, i ≠ j, under Assumption A, as stated: 2B_μ(L/2, δ), for L ≥ 2L₀(δ).

    Raises: ValueError where depth < 2L₀, depth is not whole, or an argument is out of range.
    Source: Agarwal, Awasthi, Kale (2021), Theorem 5; L/2 is a half-integer where L is odd.

    >>> float(theorem_5(2, 0.5, 1.0))
    0.5
    """
    return 2 * _bound_at_half(depth, delta, mu, "Theorem 5", "theorem_5_sharp holds at every depth.")


def theorem_5_sharp(depth, delta, mu):
    """Largest |𝒦̄_ij| / 𝒦̄_11, i ≠ j, under Assumption A: B_μ(L, δ), at every depth.

    With x_l = B(l, δ), the ratio is at most the largest of x_j Π_{l=j}^{L−1} (1 − μ(1 − x_l)), j = 0 … L (equation
    (7), Lemmas 22 and 26).  Since x_l(1 − μ(1 − x_l)) ≤ x_(l+1), as in the proof of Lemma 21, every one of these
    products telescopes to at most x_L: neither the halved depth nor the factor 2 of Theorem 5 is needed.

    Raises: ValueError where depth is not whole or an argument is out of range.
    Source: ours, from the lemmas of Agarwal, Awasthi, Kale (2021), appendix C.2.

    >>> float(theorem_5_sharp(2, 0.5, 1.0))
    0.125
    """
    checked(whole_depth=depth)
    return bound(depth, delta, mu)


def corollary_6(depth, delta, mu, n):
    """Largest κ(𝒦̄) of n points under Assumption A, as stated: 1 + 4n(1 − μ/2)^(L/2 − L₂), for L ≥ L₂(δ).

    The exponent is printed so; the proof gives (L − L₂)/2, and no factor n.

    Raises: ValueError where depth < L₂ or an argument is out of range.
    Source: Agarwal, Awasthi, Kale (2021), Corollary 6.

    >>> round(float(corollary_6(6, 0.5, 1.0, 4)), 9), L2(0.5, 1.0, 4)
    (129.0, 6)
    """
    xp, depth, delta, mu, n = checked(whole_depth=depth, delta=delta, mu=mu, n=n)
    least = L2(delta, mu, n)
    _demand_depth(xp, depth, least, "Corollary 6", "L2", "corollary_6_sharp holds from depth L1.")
    return plain(1 + 4 * n * xp.exp(xp.log1p(-mu / 2) * (depth / 2 - least)))


def corollary_6_sharp(depth, delta, mu, n):
    """Largest κ(𝒦̄) of n points under Assumption A: 1 + 2(1 − μ/2)^(L − L₁), for L ≥ L₁(δ), as for K̄.

    Follows from `theorem_5_sharp` as `corollary_4_sharp` follows from Theorem 3.

    Raises: ValueError where depth < L₁ or an argument is out of range.
    Source: ours.

    >>> float(corollary_6_sharp(3, 0.5, 1.0, 4))
    2.0
    """
    return 1 + 2 * _decay_since_l1(depth, delta, mu, n, "corollary_6_sharp", _ENTRIES)


def theorem_7(depth, delta, mu):
    """Smallest λ_min(K̄) under Assumption B: 1 − B_μ(L, δ).

    Source: Agarwal, Awasthi, Kale (2021), Theorem 7; parameters and errors as in `bound`.

    >>> float(theorem_7(0, 0.25, 0.5))
    0.25
    """
    return bound_gap(depth, delta, mu)


def corollary_8(depth, delta, mu, n):
    """Largest κ(K̄) of n points under Assumption B, as stated: 1 + (n/δ)(1 + μ/2)^−L, at every depth.

    Raises: ValueError where an argument is out of range.
    Source: Agarwal, Awasthi, Kale (2021), Corollary 8.

    >>> float(corollary_8(0, 0.25, 0.5, 4))
    17.0
    """
    xp, depth, delta, mu, n = checked(whole_depth=depth, delta=delta, mu=mu, n=n)
    return plain(1 + n / delta * xp.exp(-xp.log1p(mu / 2) * depth))


def corollary_8_sharp(depth, delta, mu, n):
    """Largest κ(K̄) of n points under Assumption B: 1 + nB/(1 − B) with B = B_μ(L, δ), at every depth.

    The proof of Corollary 8 starts here: λ_max ≤ 1 + (n − 1)B, λ_min ≥ 1 − B.  Beyond L₀ it decays as (1 − μ/2)^L,
    faster than the (1 + μ/2)^−L of the statement.

    Raises: ValueError where an argument is out of range.
    Source: Agarwal, Awasthi, Kale (2021), proof of Corollary 25.

    >>> float(corollary_8_sharp(0, 0.25, 0.5, 4))
    13.0
    """
    _, depth, delta, mu, n = checked(depth=depth, delta=delta, mu=mu, n=n)
    return 1 + plain(n) * bound(depth, delta, mu) / bound_gap(depth, delta, mu)


def theorem_9(depth, delta, mu):
    """Smallest λ_min(𝒦̄) / 𝒦̄_11 under Assumption B, as stated: 1 − 2B_μ(L/2, δ), for L ≥ 2L₀(δ).

    The condition on the depth is in Theorem 27, the paper's restatement, and missing in Theorem 9.

    Raises: ValueError where depth < 2L₀, depth is not whole, or an argument is out of range.
    Source: Agarwal, Awasthi, Kale (2021), Theorems 9 and 27.

    >>> float(theorem_9(2, 0.5, 1.0))
    0.5
    """
    return 1 - 2 * _bound_at_half(depth, delta, mu, "Theorem 9", "theorem_9_sharp holds at every depth.")


def theorem_9_sharp(depth, delta, mu):
    """Smallest λ_min(𝒦̄) / 𝒦̄_11 under Assumption B: 1 − B_μ(L, δ), at every depth.

    Lemma 23 for the NTK as a function of the correlation, with `theorem_5_sharp` in the place of Theorem 5.

    Raises: ValueError where depth is not whole or an argument is out of range.
    Source: ours.

    >>> float(theorem_9_sharp(2, 0.5, 1.0))
    0.875
    """
    checked(whole_depth=depth)
    return bound_gap(depth, delta, mu)


def corollary_10(depth, delta, mu, n):
    """Largest κ(𝒦̄) of n points under Assumption B, as stated: 1 + (2n/δ)(1 + μ/2)^(−L/2), for L ≥ 4L₀(δ).

    The proof uses (1 − μ/2)^L₀ ≤ ½, which fails for δ > ¼; the statement holds there as well, by
    `corollary_10_sharp`, which is smaller.

    Raises: ValueError where depth < 4L₀ or an argument is out of range.
    Source: Agarwal, Awasthi, Kale (2021), Corollary 10.

    >>> float(corollary_10(2, 0.5, 1.0, 3))
    9.0
    """
    xp, depth, delta, mu, n = checked(whole_depth=depth, delta=delta, mu=mu, n=n)
    _demand_depth(xp, depth, 4 * L0(delta, mu), "Corollary 10", "4 L0", "corollary_10_sharp holds at every depth.")
    return plain(1 + 2 * n / delta * xp.exp(-xp.log1p(mu / 2) * depth / 2))


def corollary_10_sharp(depth, delta, mu, n):
    """Largest κ(𝒦̄) of n points under Assumption B: 1 + nB/(1 − B) with B = B_μ(L, δ), at every depth, as for K̄.

    Raises: ValueError where depth is not whole or an argument is out of range.
    Source: ours, from `theorem_5_sharp` and `theorem_9_sharp`.

    >>> float(corollary_10_sharp(2, 0.5, 1.0, 7))
    2.0
    """
    checked(whole_depth=depth)
    return corollary_8_sharp(depth, delta, mu, n)


def _decay_since_l1(depth, delta, mu, n, statement, otherwise):
    """(1 − μ/2)^(L − L₁), for L ≥ L₁."""
    xp, depth, delta, mu, n = checked(whole_depth=depth, delta=delta, mu=mu, n=n)
    least = L1(delta, mu, n)
    _demand_depth(xp, depth, least, statement, "L1", otherwise)
    return plain(xp.exp(xp.log1p(-mu / 2) * (depth - least)))


def _bound_at_half(depth, delta, mu, statement, otherwise):
    """B_μ(L/2, δ), for L ≥ 2L₀."""
    xp, depth, delta, mu = checked(whole_depth=depth, delta=delta, mu=mu)
    _demand_depth(xp, depth, 2 * L0(delta, mu), statement, "2 L0", otherwise)
    return bound(depth / 2, delta, mu)


def _demand_depth(xp, depth, least, statement, name, otherwise):
    """Raise ValueError at the first depth that is below the least one at which the statement holds."""
    depth, least = xp.broadcast_arrays(depth, xp.asarray(least))
    short = depth < least
    if short.any():
        raise ValueError(
            f"{statement} needs depth ≥ {name} = {int(least[short][0])}; got {int(depth[short][0])}. {otherwise}"
        )
