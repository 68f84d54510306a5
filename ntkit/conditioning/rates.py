"""How fast a well-conditioned network trains: the statements of section 4, with their step sizes and their constants.

    L(w) = (1/n) ‖Aw − y‖²,   K = AAᵀ,   κ = λ_max(K)/λ_min(K)        (rows of A: the features of the n points)

How η enters: as in `ntkit.dynamics`, a step is w ← w − η ∂/∂w ½‖Aw − y‖², so that a mode decays by 1 − ηλ_i.  The paper
descends L itself, which takes 2η/n in the place of η: the Θ(1/λ_max(K)) of its Theorem 44 and the
2/(λ_min + λ_max) of Theorem 47 are right in this convention, and n/2 times too small in its own.  The paper prints AᵀA
for K in Theorems 50 and 51; with more features than points, where the loss can be 0, AᵀA is singular.

Source: Agarwal, Awasthi, Kale (2021), section 4 and appendix E; the earlier version (2020) for the width of ReLU.
"""

import numpy as np

from ntkit.conditioning.decay import L0, L1, L2
from ntkit.conditioning.inputs import checked, plain, whole

_REACH = 60.0
_GRID = 240_001
_GROWTH = 1.05  # of the largest value, from the grid to a thousand times its reach: what is unbounded grows more


# --- gradient descent ------------------------------------------------------------------------------------------------


def theorem_50(steps, condition_number):
    """Largest L(t)/L(0) of gradient descent, as stated: e^(−t/(4κ)).

    The statement names no step size; it holds for those of `theorem_50_learning_rates`, such as η = 1/λ_max.

    Parameters: steps t ≥ 0; condition_number κ ≥ 1 of K = AAᵀ (printed: of AᵀA).  Both broadcast.
    Returns: array, dimensionless, in [0, 1].
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), Theorem 50.

    >>> round(float(theorem_50(40, 10.0)), 6)
    0.367879
    """
    xp, steps, kappa = checked(steps=steps, condition_number=condition_number)
    return plain(xp.exp(-steps / (4 * kappa)))


def theorem_50_sharp(steps, condition_number):
    """Largest L(t)/L(0) of gradient descent with η = 1/λ_max: (1 − 1/κ)^(2t), attained by the slowest mode.

    At most e^(−2t/κ): a constant of 2 where Theorem 50 has ¼.

    Parameters, errors: as of `theorem_50`.
    Source: ours, from 0 ≤ 1 − ηλ_i ≤ 1 − 1/κ.

    >>> float(theorem_50_sharp(1, 2.0))
    0.25
    """
    xp, steps, kappa = checked(steps=steps, condition_number=condition_number)
    return plain(_power(xp, (kappa - 1) / kappa, 2 * steps))


def theorem_50_optimal(steps, condition_number):
    """Largest L(t)/L(0) of gradient descent with η = 2/(λ_min + λ_max): ((κ − 1)/(κ + 1))^(2t).

    No other constant η has a smaller one; both ends of the spectrum attain it.

    Parameters, errors: as of `theorem_50`.
    Source: Nesterov, "Introductory Lectures on Convex Optimization" (2014), Theorem 2.1.15.

    >>> float(theorem_50_optimal(1, 3.0))
    0.25
    """
    xp, steps, kappa = checked(steps=steps, condition_number=condition_number)
    return plain(_power(xp, (kappa - 1) / (kappa + 1), 2 * steps))


def theorem_50_learning_rates(condition_number):
    """Smallest and largest ηλ_max with which Theorem 50 holds: κ(1 − e^(−1/(8κ))) and 1 + e^(−1/(8κ)).

    |1 − ηλ| ≤ e^(−1/(8κ)) at λ = λ_max/κ and at λ_max.  The smallest is at most ⅛, the largest at least 1.88: this is
    what Θ(1/λ_max) allows with the constant 4.

    Parameters: condition_number κ ≥ 1.
    Returns: two arrays, dimensionless.
    Raises: ValueError outside that range.
    Source: ours.

    >>> least, largest = theorem_50_learning_rates(100.0)
    >>> round(float(least), 4), round(float(largest), 4)
    (0.1249, 1.9988)
    """
    xp, kappa = checked(condition_number=condition_number)
    exponent = -1 / (8 * kappa)
    return plain(-kappa * xp.expm1(exponent)), plain(1 + xp.exp(exponent))


def theorem_50_steps(epsilon, condition_number):
    """Steps after which Theorem 50 leaves at most ε of the loss: ⌈4κ log(1/ε)⌉.

    Parameters: epsilon in (0, 1); condition_number κ ≥ 1.  Both broadcast.
    Returns: int, or an int64 array for arrays.
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), Theorem 50.

    >>> theorem_50_steps(1e-3, 3.0)
    83
    """
    xp, epsilon, kappa = checked(accuracy=epsilon, condition_number=condition_number)
    return whole(xp, xp.ceil(_down(xp, -4 * kappa * xp.log(epsilon))))


def theorem_50_sharp_steps(epsilon, condition_number):
    """Steps after which gradient descent with η = 1/λ_max leaves at most ε of the loss: ⌈log ε / 2 log(1 − 1/κ)⌉.

    At least 1: with κ = 1 one step is enough.  Parameters, errors: as of `theorem_50_steps`.
    Source: ours, from `theorem_50_sharp`.

    >>> theorem_50_sharp_steps(1e-3, 3.0), theorem_50_sharp_steps(1e-3, 1.0)
    (9, 1)
    """
    xp, epsilon, kappa = checked(accuracy=epsilon, condition_number=condition_number)
    return _steps_at(xp, epsilon, kappa, drop=1)


def theorem_50_optimal_steps(epsilon, condition_number):
    """Steps after which η = 2/(λ_min + λ_max) leaves at most ε of the loss: ⌈log ε / 2 log((κ − 1)/(κ + 1))⌉.

    At least 1.  Parameters, errors: as of `theorem_50_steps`.
    Source: ours, from `theorem_50_optimal`.

    >>> theorem_50_optimal_steps(1e-3, 3.0)
    5
    """
    xp, epsilon, kappa = checked(accuracy=epsilon, condition_number=condition_number)
    return _steps_at(xp, epsilon, kappa, drop=2)


# --- stochastic gradient descent, one row a step ---------------------------------------------------------------------


def theorem_51_epoch(n, beta, least_eigenvalue):
    """Steps that halve the expected loss, as stated: T = ⌈8nβ/λ_min⌉ single rows, whose iterates are averaged.

    η = 1/β here, the paper's 1/(2β): each step then goes as near to its own row's solution as the longest row allows.
    The proof shows that the average w̄ of T iterates has E L(w̄) ≤ ½ E L(w_1); the next epoch starts from w̄.

    Parameters: n points; beta β > 0, the largest ‖a_i‖² = K_ii; least_eigenvalue λ_min(K) > 0.  All broadcast.
    Returns: int, or an int64 array for arrays.
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), Theorem 51.

    >>> theorem_51_epoch(10, 1.0, 0.5)
    160
    """
    return _epoch(8, n, beta, least_eigenvalue)


def theorem_51_epoch_sharp(n, beta, least_eigenvalue):
    """Steps that halve the expected loss, from the same proof: ⌈2nβ/λ_min⌉.

    With ∇ of one squared residual, 2a_i r_i, the first line of the proof reads −2η(w − w*)·∇ = −4ηL (printed: −ηL) and
    the last +4η²βL (printed: +η²βL): −4η(1 − ηβ)L, four times what is printed, which is what makes the statement true.

    Parameters, errors: as of `theorem_51_epoch`.
    Source: ours.

    >>> theorem_51_epoch_sharp(10, 1.0, 0.5)
    40
    """
    return _epoch(2, n, beta, least_eigenvalue)


def theorem_51(steps, n, beta, least_eigenvalue):
    """Largest E L/L(0) of the last epoch's average, as the proof shows it: 2^(−⌊t/T⌋), T of `theorem_51_epoch`.

    Parameters: steps t ≥ 0, whole; others and errors as of `theorem_51_epoch`.
    Source: Agarwal, Awasthi, Kale (2021), proof of Theorem 51.

    >>> float(theorem_51(500, 10, 1.0, 0.5))
    0.125
    """
    xp, steps, n, beta, least = checked(steps=steps, n=n, beta=beta, least_eigenvalue=least_eigenvalue)
    return plain(2.0 ** -xp.floor(steps / _epoch_length(xp, 8, n, beta, least)))


def theorem_51_steps(epsilon, n, beta, least_eigenvalue):
    """Steps to E L ≤ ε L(0): T⌈log₂(1/ε)⌉ with T of `theorem_51_epoch`.

    Halving "log(1/ε) times" gives ε for log₂.  With the natural logarithm the printed count holds as well, since
    `theorem_51_steps_sharp` is smaller: 2 log₂(1/ε) ≤ 8 log(1/ε).

    Parameters: epsilon in (0, 1); others and errors as of `theorem_51_epoch`.
    Source: Agarwal, Awasthi, Kale (2021), Theorem 51.

    >>> theorem_51_steps(1e-3, 10, 1.0, 0.5)
    1600
    """
    return _halvings(epsilon) * theorem_51_epoch(n, beta, least_eigenvalue)


def theorem_51_steps_sharp(epsilon, n, beta, least_eigenvalue):
    """Steps to E L ≤ ε L(0): T⌈log₂(1/ε)⌉ with T of `theorem_51_epoch_sharp`; parameters, errors as there.

    Source: ours.

    >>> theorem_51_steps_sharp(1e-3, 10, 1.0, 0.5)
    400
    """
    return _halvings(epsilon) * theorem_51_epoch_sharp(n, beta, least_eigenvalue)


def theorem_51_last(steps, n, beta, least_eigenvalue, condition_number):
    """Largest E L(w_t)/L(0) of the last iterate, nothing averaged: κ(1 − λ_min/(nβ))^t.

    From E‖w_(t+1) − w*‖² ≤ ‖w_t − w*‖² − L(w_t)/β with λ_min‖w − w*‖² ≤ nL(w) ≤ λ_max‖w − w*‖².

    Parameters: steps t ≥ 0; condition_number κ ≥ 1; others and errors as of `theorem_51_epoch`.
    Source: Strohmer, Vershynin (2009), for rows drawn uniformly.

    >>> float(theorem_51_last(2, 1, 1.0, 0.5, 2.0))
    0.5
    """
    xp, steps, n, beta, least, kappa = checked(
        steps=steps, n=n, beta=beta, least_eigenvalue=least_eigenvalue, condition_number=condition_number
    )
    return plain(kappa * _power(xp, _at_least_zero(xp, 1 - least / (n * beta)), steps))


def theorem_45_floor(steps, n, least_squared_norm, largest_eigenvalue, condition_number):
    """Smallest E L(w_t)/L(0) that single rows can reach, whatever η: (1/κ)(1 − λ_max/(n min_i ‖a_i‖²))^t.

    A step cannot take more than r_i²/‖a_i‖² from ‖w − w*‖².  With κ = O(1) and rows of length 1, λ_max = O(1): single
    rows need Ω(n log(1/ε)) steps, and Theorem 45's O(log(1/ε)) counts passes over the data.  Its proof takes
    λ_min(K) = Ω(n); the trace of K being n, it is at most 1.

    Parameters: steps t ≥ 0; n; least_squared_norm > 0, min ‖a_i‖²; largest_eigenvalue λ_max(K) > 0; condition_number κ.
    Returns: array; 0 where the bracket is not positive, and nothing is said.
    Raises: ValueError outside those ranges.
    Source: ours.

    >>> float(theorem_45_floor(2, 2, 1.0, 1.0, 1.0))
    0.25
    """
    xp, steps, n, least, largest, kappa = checked(
        steps=steps,
        n=n,
        beta=least_squared_norm,
        least_eigenvalue=largest_eigenvalue,
        condition_number=condition_number,
    )
    return plain(_power(xp, _at_least_zero(xp, 1 - largest / (n * least)), steps) / kappa)


# --- depth -----------------------------------------------------------------------------------------------------------


def theorem_44_depth(delta, mu, n):
    """Θ(log(n/δ)/μ) with a constant: from ⌈log(n/min(2δ, 1)) / (μ log 1.5)⌉ + 1 layers on, κ(K̄) and κ(𝒦̄) are at most 3.

    L₁(δ) is no larger, −log(1 − μ/2) and log(1 + μ/2) being at least μ log 1.5, and there `corollary_4_sharp` and
    `corollary_6_sharp` give 3.  Gradient descent with η = 1/λ_max then takes ⌈1.24 log(1/ε)⌉ steps, whatever n and δ.

    Parameters: delta in (0, 1); mu in (0, 1]; n points.  All broadcast.
    Returns: int, or an int64 array for arrays.
    Raises: ValueError outside those ranges.
    Source: ours, for Theorems 13, 44 and 45 and Corollary 48 of Agarwal, Awasthi, Kale (2021).

    >>> theorem_44_depth(1e-3, 0.2665289, 100), L1(1e-3, 0.2665289, 100)
    (102, 83)
    """
    xp, delta, mu, n = checked(delta=delta, mu=mu, n=n)
    separations = xp.log(n) - xp.minimum(xp.log(2 * delta), xp.zeros_like(delta))
    return whole(xp, xp.ceil(separations / (mu * np.log(1.5))) + 1)


def corollary_4_depth(condition_number, delta, mu, n):
    """Least depth at which Corollary 4, as stated, gives κ(K̄) ≤ κ: L₁ + ⌈log(2n/(κ − 1)) / −log(1 − μ/2)⌉.

    Parameters: condition_number κ > 1; delta in (0, 1); mu in (0, 1]; n points.  All broadcast.
    Returns: int, or an int64 array for arrays.
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), Corollary 4.

    >>> corollary_4_depth(3.0, 1e-3, 0.2665289, 100)
    116
    """
    xp, excess, delta, mu, n = _excess(condition_number, delta=delta, mu=mu, n=n)
    return L1(delta, mu, n) + _decayed(xp, 2 * n / excess, mu)


def corollary_4_sharp_depth(condition_number, delta, mu, n):
    """Least depth at which `corollary_4_sharp` gives κ(K̄) ≤ κ: L₁ + ⌈log(2/(κ − 1)) / −log(1 − μ/2)⌉, L₁ from κ = 3 on.

    Parameters, errors: as of `corollary_4_depth`.  The same depth serves κ(𝒦̄), by `corollary_6_sharp`.
    Source: Agarwal, Awasthi, Kale (2021), proof of Corollary 25.

    >>> corollary_4_sharp_depth(3.0, 1e-3, 0.2665289, 100)
    83
    """
    xp, excess, delta, mu, n = _excess(condition_number, delta=delta, mu=mu, n=n)
    return L1(delta, mu, n) + _decayed(xp, 2 / excess, mu)


def corollary_6_depth(condition_number, delta, mu, n):
    """Least depth at which Corollary 6, as stated, gives κ(𝒦̄) ≤ κ: 2(L₂ + log(4n/(κ − 1)) / −log(1 − μ/2)), or L₂.

    The largest of the two, in whole layers.  Parameters, errors: as of `corollary_4_depth`.
    Source: Agarwal, Awasthi, Kale (2021), Corollary 6.

    >>> corollary_6_depth(3.0, 1e-3, 0.2665289, 100)
    425
    """
    xp, excess, delta, mu, n = _excess(condition_number, delta=delta, mu=mu, n=n)
    least = xp.astype(xp.asarray(L2(delta, mu, n)), mu.dtype)
    layers = 2 * (least + xp.log(4 * n / excess) / -xp.log1p(-mu / 2))
    return whole(xp, xp.maximum(xp.ceil(_down(xp, layers)), least))


def corollary_8_depth(condition_number, delta, mu, n):
    """Least depth at which Corollary 8, as stated, gives κ(K̄) ≤ κ: ⌈log(n/(δ(κ − 1))) / log(1 + μ/2)⌉.

    Under Assumption B.

    Parameters, errors: as of `corollary_4_depth`.
    Source: Agarwal, Awasthi, Kale (2021), Corollary 8.

    >>> corollary_8_depth(3.0, 1e-3, 0.2665289, 100)
    87
    """
    xp, excess, delta, mu, n = _excess(condition_number, delta=delta, mu=mu, n=n)
    return whole(xp, _layers(xp, xp.log(n / (delta * excess)), xp.log1p(mu / 2)))


def corollary_8_sharp_depth(condition_number, delta, mu, n):
    """Depth from which on `corollary_8_sharp` gives κ(K̄) ≤ κ: B_μ(L, δ) ≤ (κ − 1)/(n + κ − 1), under Assumption B.

    Parameters, errors: as of `corollary_4_depth`.  The same depth serves κ(𝒦̄), by `corollary_10_sharp`.
    Source: Agarwal, Awasthi, Kale (2021), proof of Corollary 25.

    >>> corollary_8_sharp_depth(3.0, 1e-3, 0.2665289, 100)
    73
    """
    xp, excess, delta, mu, n = _excess(condition_number, delta=delta, mu=mu, n=n)
    allowed = excess / (n + excess)
    turn = xp.astype(xp.asarray(L0(delta, mu)), mu.dtype)
    growing = xp.minimum(_layers(xp, xp.log((1 - allowed) / delta), xp.log1p(mu / 2)), turn)
    decaying = turn + _layers(xp, xp.log(0.5 / allowed), -xp.log1p(-mu / 2))
    return whole(xp, xp.where(allowed <= 0.5, decaying, growing))


# --- width -----------------------------------------------------------------------------------------------------------


def lemma_43_width(depth, n, gamma, boundedness):
    """The width of Lemma 43 for |K_ij − K̄_ij| ≤ γ without its constant: (4C)^(L+1) log n / γ².

    Parameters: depth ≥ 0, whole; n points; gamma > 0; boundedness C > 0, of `boundedness`.  All broadcast.
    Returns: array, units, up to the constant that the Ω leaves open; inf for C = inf.
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), Lemma 43.

    >>> round(float(lemma_43_width(1, 3, 0.1, 1.0)))
    1758
    """
    xp, depth, n, gamma, bounded = checked(whole_depth=depth, n=n, gamma=gamma, boundedness=boundedness)
    with np.errstate(over="ignore"):
        return plain(xp.exp((depth + 1) * xp.log(4 * bounded)) * xp.log(n) / gamma**2)


def lemma_43_relu_width(depth, n, gamma):
    """The width for |K_ij − K̄_ij| ≤ γ that only the earlier version has, for ReLU, without its constant: L² log n / γ².

    For γ = O(1/L).  Parameters, errors: as of `lemma_43_width`.
    Source: Agarwal, Awasthi, Kale, earlier version (2020), Lemma 11.

    >>> round(float(lemma_43_relu_width(2, 3, 0.1)))
    439
    """
    xp, depth, n, gamma = checked(whole_depth=depth, n=n, gamma=gamma)
    return plain(depth**2 * xp.log(n) / gamma**2)


def boundedness(activation):
    """C of a C-bounded activation: the largest of sup|σ|, sup|σ'|, sup|σ''|, over √E σ²; inf where one is infinite.

    inf also where σ' has a kink.  From 240 001 places on [−60, 60], and σ'' by differences of σ': to about 1e-6 of C.

    Parameters: activation, an Activation.
    Source: Daniely, Frostig, Singer (2016), Definition 6.

    >>> import ntkit as nk
    >>> round(boundedness(nk.activation("tanh").normalized()), 4), boundedness(nk.activation("relu"))
    (1.5925, inf)
    """
    if activation.kinks or activation.second_moment <= 0:
        return float("inf")
    x = np.linspace(-_REACH, _REACH, _GRID)
    far = 1e3 * _REACH * np.array([-1.0, -0.01, 0.01, 1.0])
    with np.errstate(over="ignore", invalid="ignore"):
        value, slope = np.abs(activation(x)), activation.derivative(x)
        beyond = np.nan_to_num(np.abs(activation(far)), nan=np.inf).max()
    if not beyond <= _GROWTH * value.max():
        return float("inf")
    curvature = np.abs(np.gradient(slope, x))
    return float(max(value.max(), np.abs(slope).max(), curvature.max()) / np.sqrt(activation.second_moment))


def theorem_44_condition_number(largest_eigenvalue, least_eigenvalue, n, gamma):
    """Largest κ(K) of a finite network whose K is within γ of K̄ entry by entry: (λ_max + nγ)/(λ_min − nγ), of K̄.

    By Weyl's inequality; how the proof of Theorem 44 gets from Lemma 43 to κ(K) = O(1).

    Parameters: largest_eigenvalue, least_eigenvalue > 0 of K̄; n points; gamma > 0.
    Returns: array; inf where nγ ≥ λ_min, and nothing is said.
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), proof of Theorem 44.

    >>> float(theorem_44_condition_number(1.5, 0.75, 10, 0.025))
    3.5
    """
    xp, largest, least, n, gamma = checked(beta=largest_eigenvalue, least_eigenvalue=least_eigenvalue, n=n, gamma=gamma)
    floor = least - n * gamma
    return plain(xp.where(floor > 0, (largest + n * gamma) / xp.where(floor > 0, floor, 1.0), float("inf")))


# --- pieces ----------------------------------------------------------------------------------------------------------


def _power(xp, base, exponent):
    """base^exponent for base in [0, 1], with 0⁰ = 1."""
    safe = xp.where(base > 0, base, xp.ones_like(base))
    value = xp.exp(exponent * xp.log(safe))
    return xp.where((base > 0) | (exponent == 0), value, xp.zeros_like(value))


def _steps_at(xp, epsilon, kappa, drop):
    """⌈log ε / 2 log f⌉, at least 1, where a step leaves f = 1 − drop/(κ − 1 + drop) of a residual; 1 for κ = 1."""
    above = kappa > 1
    excess = xp.where(above, kappa - 1, xp.ones_like(kappa))
    small = excess < drop  # of f and of 1 − f the smaller one is exact
    rate = xp.where(
        small, -xp.log(excess / (excess + drop)), -xp.log1p(-drop / xp.where(small, 2.0 * drop, excess + drop))
    )
    steps = xp.ceil(_down(xp, -xp.log(epsilon) / (2 * rate)))
    return whole(xp, xp.where(above, xp.maximum(steps, xp.ones_like(steps)), xp.ones_like(steps)))


def _down(xp, value):
    """A quotient that is a whole number to within rounding counts as that number."""
    return value - 8 * xp.finfo(value.dtype).eps * xp.abs(value)


def _epoch(factor, n, beta, least_eigenvalue):
    xp, n, beta, least = checked(n=n, beta=beta, least_eigenvalue=least_eigenvalue)
    return whole(xp, _epoch_length(xp, factor, n, beta, least))


def _epoch_length(xp, factor, n, beta, least):
    return xp.ceil(_down(xp, factor * n * beta / least))


def _halvings(epsilon):
    xp, epsilon = checked(accuracy=epsilon)
    return whole(xp, xp.ceil(_down(xp, -xp.log2(epsilon))))


def _at_least_zero(xp, value):
    return xp.maximum(value, xp.zeros_like(value))


def _excess(condition_number, **others):
    """The namespace, κ − 1 > 0, and the other values."""
    xp, excess, *rest = checked(condition_excess=_less_one(condition_number), **others)
    return xp, excess, *rest


def _less_one(condition_number):
    return condition_number - 1 if hasattr(condition_number, "dtype") else np.asarray(condition_number, float) - 1


def _layers(xp, logarithm, rate):
    """⌈logarithm / rate⌉, at least 0, in floats."""
    layers = xp.ceil(_down(xp, logarithm / rate))
    return xp.maximum(layers, xp.zeros_like(layers))


def _decayed(xp, ratio, mu):
    """Layers that bring a factor (1 − μ/2)^L down to 1/ratio."""
    return whole(xp, _layers(xp, xp.log(ratio), -xp.log1p(-mu / 2)))
