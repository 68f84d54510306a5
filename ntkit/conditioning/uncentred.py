"""Uncentred activations, E σ² = 1 only: correlations converge to the smallest fixed point ρ̄ of σ̂ in [0, 1].

    σ̂(ρ) = Σ a_i² ρ^i,   Σ a_i² = 1,   σ̂(0) = a_0² = (E σ)²,   μ̃ = 1 − a_0² − a_1²  (coefficient of non-affinity)

σ̂ is convex on [0, 1] and σ̂(1) = 1, so that its slope there decides (names as in Schoenholz et al., 2017):

    ordered,  σ̂'(1) < 1:  ρ̄ = 1, reached exponentially,
    critical, σ̂'(1) = 1:  ρ̄ = 1, reached polynomially,
    chaotic,  σ̂'(1) > 1:  ρ̄ < 1, reached exponentially.

The sharp forms rest on two inequalities of one layer, which hold term by term in Σ a_i² ρ^i:

    σ̂(ρ) ≤ ρ − μ̃(ρ − ρ̄)(1 − ρ)  on [ρ̄, 1],        1 − σ̂(ρ) ≤ σ̂'(1)(1 − ρ) − μ̃(1 − ρ)²  on [−1, 1].

The first is Lemma 32.  The second: i(1 − ρ) − (1 − ρ^i) = (1 − ρ) Σ_{k<i} (1 − ρ^k) ≥ (1 − ρ)² for i ≥ 2.  A quadratic
σ̂ attains both.  Every function takes a FixedPoint, which carries what is asked of σ.

Source: Agarwal, Awasthi, Kale (2021), section 3.4 and appendix C.3.
"""

import numpy as np

from ntkit.conditioning.inputs import checked, plain, whole


def lemma_31(rho, point):
    """Least and largest σ̂(ρ) for ρ in [0, 1]: σ̂(0), and the chord σ̂(0) + ρ(1 − σ̂(0)).

    The lemma says that σ̂ is non-decreasing and convex on [0, 1]; this is what follows from its two ends.

    Parameters: rho in [0, 1]; point, a FixedPoint.
    Returns: two arrays.
    Raises: ValueError for rho outside [0, 1].
    Source: Agarwal, Awasthi, Kale (2021), Lemma 31.

    >>> import ntkit as nk
    >>> point = nk.conditioning.fixed_point(nk.activation("exp").with_unit_second_moment())  # σ̂(ρ) = e^(ρ − 1)
    >>> [round(float(value), 4) for value in lemma_31(0.5, point)]
    [0.3679, 0.6839]
    """
    xp, rho = checked(share=rho)
    return plain(xp.full_like(rho, point.at_zero)), plain(point.at_zero + rho * (1 - point.at_zero))


def lemma_32(share, point):
    """Least ρ_λ − σ̂(ρ_λ) at ρ_λ = λ + (1 − λ)ρ̄, which is μ̃λ(1 − λ)(1 − ρ̄)²; attained by a quadratic σ̂.

    Parameters: share, λ in [0, 1]; point, a FixedPoint.
    Raises: ValueError for share outside [0, 1].
    Source: Agarwal, Awasthi, Kale (2021), Lemma 32.

    >>> import ntkit as nk
    >>> square = nk.activation("polynomial", coefficients=(0, 0, 1)).with_unit_second_moment()
    >>> point = nk.conditioning.fixed_point(square)  # σ̂(ρ) = (1 + 2ρ²)/3, ρ̄ = ½
    >>> round(float(lemma_32(0.5, point)), 12), round(0.75 - float(square.dual(0.75)), 12)
    (0.041666666667, 0.041666666667)
    """
    _, share = checked(share=share)
    return plain(point.nonaffinity * share * (1 - share) * point.gap**2)


def lemma_33(point):
    """Largest σ̂'(ρ̄), as stated: 1, which it stays below where ρ̄ < 1.

    The proof refers to Lemma 31 where it needs Lemma 32.

    Source: Agarwal, Awasthi, Kale (2021), Lemma 33.

    >>> import ntkit as nk
    >>> lemma_33(nk.conditioning.fixed_point(nk.activation("swish").with_unit_second_moment()))
    1.0
    """
    return 1.0


def lemma_33_sharp(point):
    """Largest σ̂'(ρ̄): 1 − μ̃(1 − ρ̄), from Lemma 32 at λ → 0; attained by a quadratic σ̂.

    λ → 1 gives σ̂'(1) ≥ 1 + μ̃(1 − ρ̄) where ρ̄ < 1: the slope at 1 alone decides whether ρ̄ = 1.

    Source: ours, from Agarwal, Awasthi, Kale (2021), Lemma 32.

    >>> import ntkit as nk
    >>> round(lemma_33_sharp(nk.conditioning.fixed_point(nk.activation("swish").with_unit_second_moment())), 4)
    0.9395
    """
    return 1 - point.nonaffinity * point.gap


def lemma_34(rho, point):
    """Least and largest σ̂(ρ), as stated: one layer.

    [ρ̄, ρ − ½μ̃(1 − ρ̄)(1 − ρ)] for ρ ≥ ½(1 + ρ̄);  [ρ̄, ρ − ½μ̃(1 − ρ̄)(ρ − ρ̄)] for ρ̄ ≤ ρ < ½(1 + ρ̄);
    [ρ̄ − σ̂'(ρ̄)(ρ̄ − ρ), ρ̄] for 0 ≤ ρ < ρ̄;  from ρ + σ̂(0), within ± the largest at −ρ, for ρ < 0.
    The sides that the lemma leaves open are filled in by monotony.

    Parameters: rho in [−1, 1]; point, a FixedPoint.
    Returns: two arrays.
    Raises: ValueError for rho outside [−1, 1].
    Source: Agarwal, Awasthi, Kale (2021), Lemma 34.

    >>> import ntkit as nk
    >>> point = nk.conditioning.fixed_point(nk.activation("swish").with_unit_second_moment())
    >>> [round(float(value), 4) for value in lemma_34(0.7, point)]
    [0.6587, 0.6987]
    """
    xp, rho = checked(rho=rho)
    size = xp.abs(rho)
    drop = 0.5 * point.nonaffinity * point.gap * xp.minimum(1 - size, size - point.correlation)
    return _one_layer(xp, rho, point, size - drop, 1)


def lemma_34_sharp(rho, point):
    """Least and largest σ̂(ρ): one layer.

    [ρ̄, ρ − μ̃(ρ − ρ̄)(1 − ρ)] for ρ ≥ ρ̄, which is Lemma 32;  [ρ̄ − σ̂'(ρ̄)(ρ̄ − ρ), ρ̄] for 0 ≤ ρ < ρ̄;
    from ρ + σ̂(0)(1 − ρ), within ± the largest at −ρ, for ρ < 0.

    Parameters, errors: as of `lemma_34`.
    Source: ours, from the proof of Lemma 34 of Agarwal, Awasthi, Kale (2021).

    >>> import ntkit as nk
    >>> point = nk.conditioning.fixed_point(nk.activation("swish").with_unit_second_moment())
    >>> [round(float(value), 4) for value in lemma_34_sharp(0.7, point)]
    [0.6587, 0.6978]
    """
    xp, rho = checked(rho=rho)
    size = xp.abs(rho)
    above = size - point.nonaffinity * (size - point.correlation) * (1 - size)
    return _one_layer(xp, rho, point, above, 1 - rho)


def _one_layer(xp, rho, point, above, times):
    """The two sides of lemma 34, from the largest σ̂(|ρ|) for |ρ| ≥ ρ̄ and the multiple of σ̂(0) gained where ρ < 0."""
    fixed = xp.full_like(rho, point.correlation)
    size = xp.abs(rho)
    largest = xp.where(size >= fixed, above, fixed)
    below = xp.maximum(rho + point.at_zero * times, -largest)
    least = xp.where(rho >= fixed, fixed, xp.where(rho >= 0, fixed - point.slope * (fixed - rho), below))
    return plain(least), plain(largest)


def lemma_35_rate(point):
    """The factor of one layer in Lemma 35, as stated: max(1 − μ̃(1 − ρ̄)/2, σ̂'(ρ̄)).

    By `lemma_33_sharp` it is always the first of the two, and 1 where ρ̄ = 1.  What a layer makes of a small ρ − ρ̄ in
    the end is σ̂'(ρ̄), `point.slope`.

    Source: Agarwal, Awasthi, Kale (2021), Lemma 35.

    >>> import ntkit as nk
    >>> point = nk.conditioning.fixed_point(nk.activation("swish").with_unit_second_moment())
    >>> round(lemma_35_rate(point), 4), round(point.slope, 4)
    (0.9697, 0.9354)
    """
    return max(1 - 0.5 * point.nonaffinity * point.gap, point.slope)


def lemma_35_depth(delta, point):
    """Layers from which Lemma 35 holds, L₀ = max(⌈log((1 − ρ̄)/2δ) / log(1 + μ̃(1 − ρ̄)/2)⌉, ⌈1/σ̂(0)⌉).

    The first brings ρ below ½(1 + ρ̄), the second above 0; where ρ̄ = 1 only the second is needed.

    Parameters: delta in (0, 1), the separation 1 − max |ρ|; point, a FixedPoint with σ̂(0) > 0.
    Returns: int, or an int64 array for arrays.
    Raises: ValueError for delta out of range, or where E σ = 0.
    Source: Agarwal, Awasthi, Kale (2021), Lemma 35.

    >>> import ntkit as nk
    >>> lemma_35_depth(1e-3, nk.conditioning.fixed_point(nk.activation("swish").with_unit_second_moment()))
    173
    """
    xp, delta = checked(delta=delta)
    if point.at_zero == 0:
        raise ValueError(
            f"Lemma 35 needs σ̂(0) > 0; {point.activation!r} has E σ(X) = 0. For a centred activation take lemma_22."
        )
    up = xp.full_like(delta, _ceiling(1 / point.at_zero))
    if point.gap == 0:
        return whole(xp, up)
    down = xp.log(0.5 * point.gap / delta) / np.log1p(0.5 * point.nonaffinity * point.gap)
    return whole(xp, xp.maximum(_ceiling(down, xp), up))


def lemma_35(depth, delta, point):
    """Largest |ρ_L − ρ̄| over |ρ_0| ≤ 1 − δ, as stated: rate^(L − L₀) · ½(1 + ρ̄), for L ≥ L₀(δ).

    Where ρ̄ = 1 the stated rate is 1, and this says nothing; `theorem_11_sharp` does.

    Parameters: depth ≥ L₀, whole; delta in (0, 1); point, a FixedPoint with σ̂(0) > 0, not critical.
    Raises: ValueError where depth < L₀, an argument is out of range, σ̂(0) = 0 or σ̂'(1) = 1.
    Source: Agarwal, Awasthi, Kale (2021), Lemma 35.

    >>> import ntkit as nk
    >>> point = nk.conditioning.fixed_point(nk.activation("swish").with_unit_second_moment())
    >>> round(float(lemma_35(300, 1e-3, point)), 6)
    0.016745
    """
    xp, depth, delta = checked(whole_depth=depth, delta=delta)
    if point.regime == "critical":
        raise ValueError(f"Lemma 35 needs σ̂'(1) ≠ 1; {point.activation!r} has σ̂'(1) = 1. Take lemma_36.")
    least = lemma_35_depth(delta, point)
    depth, least = xp.broadcast_arrays(depth, xp.asarray(least))
    short = depth < least
    if short.any():
        raise ValueError(
            f"Lemma 35 needs depth ≥ L0 = {int(least[short][0])}; got {int(depth[short][0])}. "
            "theorem_11_sharp holds at every depth."
        )
    return plain(0.5 * (1 + point.correlation) * xp.exp(np.log(lemma_35_rate(point)) * (depth - least)))


def lemma_36(epsilon, point):
    """Layers after which every 1 − ρ_L ≤ ε where σ̂'(1) = 1, as stated: max(⌈log(2/ε) / −log(1 − εμ̃/2)⌉, ⌈1/σ̂(0)⌉).

    The proof ends at −log(1 − εμ̃), half as many layers, and adds the second term where the statement takes the larger
    of the two.  Either way the second never counts: σ̂'(1) = 1 implies σ̂(0) = Σ (i − 1)a_i² ≥ μ̃, so that it is below
    1/μ̃.  For the same reason σ̂(0) > 0 need not be assumed.

    Parameters: epsilon in (0, ½); point, a critical FixedPoint.
    Returns: int, or an int64 array for arrays.
    Raises: ValueError for epsilon out of range, or where σ̂'(1) ≠ 1.
    Source: Agarwal, Awasthi, Kale (2021), Lemma 36.

    >>> import ntkit as nk
    >>> lemma_36(0.01, nk.conditioning.fixed_point(nk.activation("relu").with_unit_second_moment()))
    5830
    """
    xp, epsilon = checked(epsilon=epsilon)
    _demand_critical(point)
    layers = xp.log(2 / epsilon) / -xp.log1p(-0.5 * epsilon * point.nonaffinity)
    return whole(xp, xp.maximum(_ceiling(layers, xp), xp.full_like(epsilon, _ceiling(1 / point.at_zero))))


def lemma_36_sharp(epsilon, point):
    """Layers after which every 1 − ρ_L ≤ ε where σ̂'(1) = 1: ⌈(1/ε − ½)/μ̃⌉, without the logarithm.

    `largest_gap` at σ̂'(1) = 1 is 1/(½ + μ̃L).  A quadratic σ̂ needs as many to leading order.

    Parameters, errors: as of `lemma_36`.
    Source: ours.

    >>> import ntkit as nk
    >>> lemma_36_sharp(0.01, nk.conditioning.fixed_point(nk.activation("relu").with_unit_second_moment()))
    548
    """
    xp, epsilon = checked(epsilon=epsilon)
    _demand_critical(point)
    return whole(xp, _ceiling((1 / epsilon - 0.5) / point.nonaffinity, xp))


def largest_gap(depth, gap, point):
    """Largest 1 − ρ_L from 1 − ρ_0 = gap, in every regime: gap·q^L / (1 + gap·(μ̃/q)(q^L − 1)/(q − 1)), q = σ̂'(1).

    In y = 1/(1 − ρ) one layer gives y' ≥ (y + μ̃/q)/q.  Hence q^L·gap in the ordered regime, 1/(1/gap + μ̃L) in the
    critical one, and in the chaotic one q(q − 1)/μ̃ in the end, which is at least 1 − ρ̄.

    Parameters: depth ≥ 0, whole; gap, a number in [0, 2]; point, a FixedPoint with finite σ̂'(1).
    Raises: ValueError for an argument out of range, or where σ jumps.
    Source: ours.

    >>> import ntkit as nk
    >>> point = nk.conditioning.fixed_point(nk.activation("exp").with_unit_second_moment())
    >>> round(float(largest_gap(100, 1.0, point)), 6)
    0.036464
    """
    _, depth, _, full_gap = checked(whole_depth=depth, slope_at_one=point.slope_at_one, full_gap=gap)
    slope, nonaffinity = point.slope_at_one, point.nonaffinity
    growth = slope**-depth if slope > 1 else slope**depth  # the one that does not overflow
    excess = slope - 1
    powers = depth if excess == 0 else (1 - growth) / abs(excess)
    share = full_gap * nonaffinity / slope * powers
    return plain(full_gap / (growth + share) if slope > 1 else full_gap * growth / (1 + share))


def theorem_11(depth, delta, point):
    """Largest |K̄_ij − ρ̄|, i ≠ j, under Assumption A where ρ̄ < 1: Lemma 35, in the constants of its proof.

    Source: Agarwal, Awasthi, Kale (2021), Theorem 11; parameters and errors as of `lemma_35`.

    >>> import ntkit as nk
    >>> point = nk.conditioning.fixed_point(nk.activation("swish").with_unit_second_moment())
    >>> float(theorem_11(300, 1e-3, point)) == float(lemma_35(300, 1e-3, point))
    True
    """
    return lemma_35(depth, delta, point)


def theorem_11_sharp(depth, delta, point):
    """Largest |ρ_L − ρ̄| over |ρ_0| ≤ 1 − δ: at every depth, in every regime, for centred activations as well.

    ρ̄ = 1:  `largest_gap` from 1 − ρ_0 = 2 − δ.
    ρ̄ < 1:  from above, (ρ_L − ρ̄)/(1 − ρ_L) ≤ (1 + μ̃(1 − ρ̄))^−L (ρ_0 − ρ̄)/(1 − ρ_0), which is `lemma_34_sharp` L times;
    from below, 1 − ρ_l falls by the factor 1 − σ̂(0) until ρ_l ≥ 0, and ρ̄ − ρ_l by σ̂'(ρ̄) after that.

    Parameters: depth ≥ 0, whole; delta in (0, 1); point, a FixedPoint.
    Raises: ValueError where an argument is out of range.
    Source: ours, from the lemmas of Agarwal, Awasthi, Kale (2021), appendix C.3.

    >>> import ntkit as nk
    >>> point = nk.conditioning.fixed_point(nk.activation("swish").with_unit_second_moment())
    >>> f"{theorem_11_sharp(300, 1e-3, point):.2e}"
    '2.57e-06'
    """
    xp, depth, delta = checked(whole_depth=depth, delta=delta)
    if point.gap == 0:
        return largest_gap(depth, 2 - delta, point)
    above = _from_above(xp, depth, delta, point)
    below = xp.minimum(_from_below(xp, depth, delta, point), 2 * point.correlation + above)  # |ρ_L| ≤ σ̂^(L)(|ρ_0|)
    if np.isfinite(point.slope_at_one):
        below = xp.minimum(below, xp.asarray(largest_gap(depth, 2 - delta, point)) - point.gap)
    return plain(xp.maximum(above, below))


def _from_above(xp, depth, delta, point):
    """Largest ρ_L − ρ̄ from ρ_0 = 1 − δ."""
    odds = xp.exp(-np.log1p(point.nonaffinity * point.gap) * depth) * (xp.maximum(point.gap - delta, 0 * delta) / delta)
    return point.gap * odds / (1 + odds)


def _from_below(xp, depth, delta, point):
    """Largest ρ̄ − ρ_L from ρ_0 = δ − 1; without σ̂(0) > 0 nothing drives ρ above 0."""
    if point.at_zero == 0:
        return xp.full_like(depth * delta, xp.inf)
    rise = -np.log1p(-point.at_zero)
    turn = _ceiling(xp.log(2 - delta) / rise, xp)
    negative = (2 - delta) * xp.exp(-rise * depth) - point.gap
    positive = point.correlation * point.slope ** xp.maximum(depth - turn, 0 * turn)
    return xp.where(depth < turn, negative, positive)


def _ceiling(layers, xp=np):
    """⌈layers⌉; a whole number to within rounding counts as that number."""
    return xp.ceil(layers * (1 - 4 * np.finfo(float).eps))


def _demand_critical(point):
    if point.regime != "critical":
        raise ValueError(
            f"Lemma 36 needs σ̂'(1) = 1; {point.activation!r} has σ̂'(1) = {point.slope_at_one:.6g}. "
            "Take theorem_11_sharp, which holds in every regime."
        )
