"""B_μ(L, δ), the largest correlation that L layers can leave, and the depths L₀, L₁, L₂ that go with it."""

from ntkit.conditioning.inputs import checked, plain, whole


def bound(depth, delta, mu):
    """Largest possible |ρ| after `depth` layers, B_μ(L, δ).

    1 − δ(1 + μ/2)^L up to L₀(δ), then ½(1 − μ/2)^(L − L₀).  Where it is near 1, take `bound_gap`.

    Parameters: depth ≥ 0, half-integers allowed; delta in (0, 1), the separation 1 − max |ρ|;
    mu in (0, 1], the coefficient of non-linearity.  All broadcast.
    Returns: array, dimensionless, in [0, 1]; relative error below 1e-12 where depth < 1000.
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), section 3.1.

    >>> float(round(bound(10, 0.05, 0.2665289), 6))
    0.825304
    """
    xp, depth, delta, mu = checked(depth=depth, delta=delta, mu=mu)
    growing, gap, decayed = _stages(xp, depth, delta, mu)
    return plain(xp.where(growing, 1 - gap, decayed))


def bound_gap(depth, delta, mu):
    """Smallest possible separation after `depth` layers, 1 − B_μ(L, δ), without cancellation.

    δ(1 + μ/2)^L up to L₀(δ), then 1 − ½(1 − μ/2)^(L − L₀); parameters, errors and source as in `bound`.

    >>> float(round(bound_gap(1, 1e-14, 0.5), 17))
    1.25e-14
    """
    xp, depth, delta, mu = checked(depth=depth, delta=delta, mu=mu)
    growing, gap, decayed = _stages(xp, depth, delta, mu)
    return plain(xp.where(growing, gap, 1 - decayed))


def L0(delta, mu):  # noqa: N802 the paper's symbol
    """Layers after which the separation is at least ½, L₀(δ) = max(⌈log(1/2δ) / log(1 + μ/2)⌉, 0).

    A quotient that is a whole number to within rounding counts as that number.

    Returns: int, or an int64 array for arrays.
    Raises: ValueError where delta is not in (0, 1) or mu not in (0, 1].
    Source: Agarwal, Awasthi, Kale (2021), section 3.1.

    >>> L0(1e-3, 0.2665289)
    50
    """
    xp, delta, mu = checked(delta=delta, mu=mu)
    return whole(xp, _growth_depth(xp, delta, mu))


def L1(delta, mu, n):  # noqa: N802 the paper's symbol
    """Depth from which Corollary 4 holds for n points, L₁(δ) = ⌈log n / −log(1 − μ/2)⌉ + L₀(δ).

    Returns: int, or an int64 array for arrays.
    Raises: ValueError where delta, mu or n is out of range.
    Source: Agarwal, Awasthi, Kale (2021), Corollary 4.

    >>> L1(1e-3, 0.2665289, 100)
    83
    """
    xp, delta, mu, n = checked(delta=delta, mu=mu, n=n)
    return whole(xp, _decay_depth(xp, xp.log(n), mu) + _growth_depth(xp, delta, mu))


def L2(delta, mu, n):  # noqa: N802 the paper's symbol
    """Depth from which Corollary 6 holds for n points, L₂(δ) = ⌈2 log(2n) / −log(1 − μ/2)⌉ + 2L₀(δ).

    Returns: int, or an int64 array for arrays.
    Raises: ValueError where delta, mu or n is out of range.
    Source: Agarwal, Awasthi, Kale (2021), Corollary 6.

    >>> L2(1e-3, 0.2665289, 100)
    175
    """
    xp, delta, mu, n = checked(delta=delta, mu=mu, n=n)
    return whole(xp, _decay_depth(xp, 2 * xp.log(2 * n), mu) + 2 * _growth_depth(xp, delta, mu))


def _stages(xp, depth, delta, mu):
    """Whether depth ≤ L₀, the separation of that stage, and the correlation of the stage after it."""
    turn = _growth_depth(xp, delta, mu)
    # Two factors, because (1 + μ/2)^L₀ alone overflows where δ is below the smallest normal number.
    half_growth = xp.exp(0.5 * xp.log1p(mu / 2) * xp.minimum(depth, turn))
    decay = xp.exp(xp.log1p(-mu / 2) * xp.maximum(depth - turn, xp.zeros_like(turn)))
    return depth <= turn, delta * half_growth * half_growth, decay / 2


def _growth_depth(xp, delta, mu):
    """L₀(δ), in floats.  The tolerance is the rounding of the quotient, and of a δ meant to be ½(1 + μ/2)^−k."""
    rate = xp.log1p(mu / 2)
    layers = -xp.log(2 * delta) / rate
    rounding = 4 * xp.finfo(delta.dtype).eps * (xp.abs(layers) + 1 / rate)
    return xp.maximum(xp.ceil(layers - rounding), xp.zeros_like(layers))


def _decay_depth(xp, logarithm, mu):
    """⌈logarithm / −log(1 − μ/2)⌉, in floats."""
    layers = logarithm / -xp.log1p(-mu / 2)
    return xp.ceil(layers * (1 - 4 * xp.finfo(layers.dtype).eps))
