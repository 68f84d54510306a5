"""λ_min of the Gram matrix between certificates: a ladder of lower bounds, and upper bounds for smooth activations.

    G∞ = Σ_r c̄_r²(σ') K^⊙(r+1),   K = X Xᵀ,   so that
    λ_min(G∞) ≥ Σ_r c̄_r² λ_min(K^⊙(r+1)) ≥ Σ_r c̄_r² max(0, 1 − (n − 1)(1 − δ)^(r+1)),

a sum of positive semi-definite terms, each by Gershgorin.  Lemma I.1 keeps a single r.  Where σ is two lines, as ReLU
is, the coefficients are known in closed form and the sum is at least

    κ² √2/(4π^(3/2)) · √(δ/log 2n) ≥ κ²/(4π^(3/2)) · δ_sep/√(log 2n),     κ the jump of σ', δ_sep = min √(1 − ρ²).

Both factors do not fall as r grows (λ_min(A ∘ B) ≥ λ_min(A) min b_ii), so that few of them have to be computed.
Source: Panigrahi, Shetty, Goyal (2020), Lemma I.1, Theorems L.2, F.8 and F.9; the sums and the constants are ours.
"""

import math
from dataclasses import dataclass

import numpy as np

from ntkit.arguments import real, whole
from ntkit.data import separation, span
from ntkit.gram.approximation import chebyshev_truncation, sup_error
from ntkit.gram.eigenvalues import population_eigenvalues
from ntkit.gram.hermite_decay import is_two_lines, slope_coefficients, step_coefficients
from ntkit.gram.polynomials import _smallest_of_power, polynomial_rank
from ntkit.gram.stated_bounds import stated_floors
from ntkit.specification import takes_names

_TERMS = 400  # coefficients of σ' that are found by quadrature
_DENSE = 20_000  # powers of the step that are added one by one; then in blocks
_BLOCK = 1.02  # ratio of the ends of a block
_NEAR = 0.99  # where Gershgorin's floor is near enough to λ_min, which is at most 1
_SMALLEST_MASS = 1e-13  # of E σ'²: what is missing of it below that is rounding


@dataclass(frozen=True, eq=False)
class Ladder:
    """λ_min(G∞) of several sets of points beside its certificates, highest first; each array (sets,).

    activation, its name; n, points; delta, 1 − max |ρ|; delta_sine, min √(1 − ρ²); span_dim d'.
    exact:            λ_min(G∞), from singular values of its features.
    hadamard_sum:     Σ c̄_r² λ_min(K^⊙(r+1)).
    hadamard_best:    the largest term of that sum alone, as in Lemma I.1.
    gershgorin_sum:   Σ c̄_r² max(0, 1 − (n − 1)(1 − δ)^(r+1)).
    gershgorin_best:  the largest term of that sum alone.
    closed:           `step_floor` where σ is two lines, nan otherwise.
    ceiling:          `l2_ceiling`, from above.
    stated:           the papers' bounds with their constant at 1, {name: (sets,)}: those that are stated for σ.
    """

    activation: str
    n: np.ndarray
    delta: np.ndarray
    delta_sine: np.ndarray
    span_dim: np.ndarray
    exact: np.ndarray
    hadamard_sum: np.ndarray
    hadamard_best: np.ndarray
    gershgorin_sum: np.ndarray
    gershgorin_best: np.ndarray
    closed: np.ndarray
    ceiling: np.ndarray
    stated: dict


@takes_names
def ladder(sigma, sets):
    """The Ladder of an activation on sets of unit vectors.

    Parameters: sigma, an Activation or its name, without jumps; sets, arrays (n, d) of unit rows, n ≥ 2, no two of them
    parallel.
    Raises: ValueError for other rows, or a σ that jumps.
    Source: ours, after Panigrahi, Shetty, Goyal (2020), Lemma I.1 and Theorem L.2.

    >>> import ntkit as nk
    >>> found = ladder(nk.activation("relu"), [nk.data.half_circle(10).x])
    >>> [round(float(rung[0]), 4) for rung in (found.exact, found.hadamard_sum, found.gershgorin_sum, found.closed)]
    [0.0263, 0.0256, 0.0165, 0.0081]
    """
    rungs = [_rungs(sigma, np.asarray(x, dtype=float)) for x in sets]
    columns = {name: np.array([rung[name] for rung in rungs]) for name in rungs[0] if name != "stated"}
    stated = {name: np.array([rung["stated"][name] for rung in rungs]) for name in rungs[0]["stated"]}
    return Ladder(activation=sigma.name, stated=stated, **columns)


def _rungs(sigma, x):
    apart, inside, n = separation(x), span(x), len(x)
    delta = apart.correlation
    _require_apart(delta)
    powers, masses, squares = _masses(sigma, n, delta)
    from_gershgorin = gershgorin_factors(powers, n, delta)
    solved = _solved_powers(from_gershgorin)
    rows = inside.coordinates(x)
    smallest = np.array([_smallest_of_power(rows, int(power)) for power in powers[solved]])
    steps = np.maximum(_staircase(solved, smallest, len(powers)), from_gershgorin)
    return {
        "n": n,
        "delta": delta,
        "delta_sine": apart.sine,
        "span_dim": inside.dimension,
        "exact": population_eigenvalues(x, sigma).min,
        "hadamard_sum": masses @ steps,
        "hadamard_best": max(
            (squares[solved] * smallest).max(initial=0.0), (squares * from_gershgorin).max(initial=0.0)
        ),
        "gershgorin_sum": masses @ from_gershgorin,
        "gershgorin_best": (squares * from_gershgorin).max(initial=0.0),
        "closed": slope_jump(sigma) ** 2 * step_floor(delta, n) if is_two_lines(sigma) else np.nan,
        "ceiling": l2_ceiling(sigma, x).value,
        "stated": stated_floors(sigma, n, apart.sine),
    }


def gershgorin_factors(powers, n, delta):
    """max(0, 1 − (n − 1)(1 − δ)^s): the least λ_min(K^⊙s) of n unit vectors with |ρ| ≤ 1 − δ.

    Parameters: powers s ≥ 0, a number or an array; n ≥ 2; delta in (0, 1].
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), Fact C.10.

    >>> gershgorin_factors(np.array([1, 2, 4]), n=4, delta=0.5).round(12).tolist()
    [0.0, 0.25, 0.8125]
    """
    n, delta = _counted(n), _separated(delta)
    decay = math.log1p(-delta) if delta < 1 else -math.inf
    powers = np.asarray(powers, dtype=float)
    with np.errstate(invalid="ignore"):
        log_left = np.where(powers == 0, 0.0, decay * powers)
    return np.maximum(0.0, -np.expm1(log_left + math.log(n - 1)))[()]


@takes_names
def gershgorin_certificate(sigma, n, delta):
    """The least λ_min(G∞) of n unit vectors with |ρ| ≤ 1 − δ, Σ c̄_r² max(0, 1 − (n − 1)(1 − δ)^(r+1)).

    For two lines with a closed lower bound of the tail of the series; otherwise the first 400 terms of it.

    Parameters: sigma, an Activation or its name, without jumps; n ≥ 2; delta in (0, 1].
    Raises: ValueError outside these ranges.
    Source: ours, after Panigrahi, Shetty, Goyal (2020), Lemma I.1 and Theorem L.2.

    >>> import ntkit as nk
    >>> round(float(gershgorin_certificate(nk.activation("relu"), 10, 0.05)), 4)
    0.0167
    """
    powers, masses, _ = _masses(sigma, _counted(n), _separated(delta))
    return masses @ gershgorin_factors(powers, n, delta)


def step_floor(delta, n):
    """The least λ_min(G∞) of ReLU: √2/(4π^(3/2)) · √(δ/log 2n) = 0.0635 √(δ/log 2n), for every n ≥ 2.

    With λ = −log(1 − δ) and T(t) = √2/(2π^(3/2)√(t + 1)), no more than the sum of c̄_r² over odd r with r + 1 ≥ t:
    Gershgorin leaves at least ½ from t = log(2n − 2)/λ on and ¾ from t + log(2)/λ on, so λ_min ≥ ½T(t) + ¼T(t +
    log(2)/λ), which is at least √2/(4π^(3/2)) √(λ/log 2n) for λ ≤ 3/2.  Beyond, it does not fall, and δ ≤ 1 < 3/2.

    Parameters: delta in (0, 1], 1 − max |ρ|; n ≥ 2.
    Raises: ValueError outside these ranges.
    Source: ours; Panigrahi, Shetty, Goyal (2020), Theorem L.2, has Ω(δ_sep^1.5 log^−1.5 n).

    >>> round(float(step_floor(0.05, 10)), 5)
    0.0082
    """
    return math.sqrt(2) / (4 * np.pi**1.5) * math.sqrt(_separated(delta) / math.log(2 * _counted(n)))


def step_floor_sine(delta_sine, n):
    """The same in the paper's separation: λ_min(G∞) ≥ δ_sep/(4π^(3/2)√(log 2n)) = 0.0449 δ_sep/√(log 2n).

    Linear in δ_sep, as the truth is: two points at an angle θ have λ_min = ½ − cos θ (π − θ)/2π ≈ θ/2π.

    Parameters: delta_sine in (0, 1], min √(1 − ρ²); n ≥ 2.
    Raises: ValueError outside these ranges.
    Source: ours; δ_corr ≥ δ_sep²/2 in `step_floor`.

    >>> round(float(step_floor_sine(0.3, 10)), 5)
    0.00778
    """
    return _separated(delta_sine) / (4 * np.pi**1.5 * math.sqrt(math.log(2 * _counted(n))))


@takes_names
def slope_jump(sigma):
    """κ, the jump of σ' at 0 of an activation that is two lines.

    Raises: ValueError for another one.

    >>> import ntkit as nk
    >>> round(slope_jump(nk.activation("leaky_relu", slope=0.1)), 12)
    0.9
    """
    if not is_two_lines(sigma):
        raise ValueError(f"activation {sigma.name!r} must be linear on either side of 0, as relu and leaky_relu are.")
    return float(np.diff(sigma.derivative(np.array([-1.0, 1.0])))[0])


# --- from above -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ceiling:
    """An upper bound of λ_min: its value; the degree of the polynomial near σ'; the rank that leaves a null space.

    error: how far σ' is from it, sup |σ' − g| or the root of what is left of E σ'²; half_width, of the interval where
    it was measured, inf for N(0, 1).
    """

    value: float
    degree: int
    rank: int
    error: float
    half_width: float


@takes_names
def l2_ceiling(sigma, x):
    """λ_min(G∞) ≤ Σ_{r > q} c̄_r² λ_max(K^⊙(r+1)), q the largest with rank(Σ_{r ≤ q} c̄_r² K^⊙(r+1)) < n.

    A null vector of the first q terms leaves only the others.  Coefficients that are lost in rounding are left out.

    Parameters: sigma, an Activation or its name, without jumps; x (n, d), unit rows.
    Returns: Ceiling.  Where not even q = 0 leaves a null space, the trace per point E σ'² is returned, with degree −1.
    Raises: ValueError for a σ that jumps.
    Source: ours, after Panigrahi, Shetty, Goyal (2020), Theorem F.9.

    >>> import ntkit as nk
    >>> found = l2_ceiling(nk.activation("tanh"), nk.data.half_circle(10).x)
    >>> f"{found.value:.1e}", found.degree, found.rank
    ('1.1e-02', 7, 8)
    """
    x = np.asarray(x, dtype=float)
    squares = slope_coefficients(sigma, _TERMS) ** 2
    degree, rank = _affordable_degree(squares, span(x).dimension, len(x))
    whole_mass = sigma.derivative_second_moment
    missing = max(whole_mass - squares.sum(), 0.0)
    missing = missing if missing > _SMALLEST_MASS * whole_mass else 0.0
    if degree < 0:
        return Ceiling(float(whole_mass), -1, 0, math.sqrt(whole_mass), math.inf)
    rest = np.flatnonzero(squares)
    rest = rest[rest > degree]
    largest = _largest_of_powers(x @ x.T, rest + 1)
    return Ceiling(
        value=float(squares[rest] @ largest + missing * len(x)),
        degree=degree,
        rank=rank,
        error=math.sqrt(squares[rest].sum() + missing),
        half_width=math.inf,
    )


@takes_names
def l_infinity_ceiling(sigma, x, hidden, heads):
    """λ_min(G) ≤ λ_max(K) ε² mean(a_k²) ≤ n ε² mean(a_k²) of a drawn network, ε = sup |σ' − g| where its units are.

    g is the Chebyshev truncation of the highest degree whose own matrix has a null space; τ = max |w_k·x_i|.  The
    paper's proof has n where λ_max(K) is enough.

    Parameters: sigma, smooth; x (n, d), unit rows; hidden (m, d), weights; heads (m,) or (m, 1).
    Returns: Ceiling of the paper's form, with n.
    Raises: ValueError for shapes that do not fit, or points so few that no polynomial has a null space.
    Source: Panigrahi, Shetty, Goyal (2020), proof of Theorem F.8, with the polynomial rather than a bound on it.

    >>> import ntkit as nk
    >>> x, draw = nk.data.half_circle(30, dim=2).x, np.random.default_rng(0).standard_normal
    >>> found = l_infinity_ceiling(nk.activation("tanh"), x, draw((500, 2)), draw(500))
    >>> found.degree, found.rank, found.value < 0.01
    (27, 28, True)
    """
    x, hidden, heads = (np.asarray(array, dtype=float) for array in (x, hidden, heads))
    if hidden.ndim != 2 or hidden.shape[1] != x.shape[1] or heads.size != len(hidden):
        raise ValueError(
            f"hidden must have shape (m, {x.shape[1]}) and heads (m,); got {hidden.shape} and {heads.shape}."
        )
    present = np.ones(len(x) + 1)
    if sigma.parity:
        present[(1 if sigma.parity == "odd" else 0) :: 2] = 0.0  # σ' has the other parity
    degree, rank = _affordable_degree(present, span(x).dimension, len(x))
    if degree < 0:
        raise ValueError(
            f"n must exceed the span of the points, for a polynomial to have a null space; got {len(x)} points of "
            f"{span(x).dimension} dimensions."
        )
    half_width = float(np.abs(hidden @ x.T).max())
    near = chebyshev_truncation(sigma.derivative, degree, half_width)
    error = sup_error(sigma.derivative, near, half_width)
    return Ceiling(float(len(x) * error**2 * np.mean(heads**2)), degree, rank, error, half_width)


def _affordable_degree(squares, span_dim, n):
    """The highest degree q with rank < n for the terms r ≤ q that are there, and that rank; −1 and 0 where none has."""
    found = -1, 0
    for degree in range(len(squares)):
        kept = np.concatenate([[0.0], squares[: degree + 1]])  # as coefficients of σ
        if not kept.any():
            continue
        rank = polynomial_rank(span_dim, kept)
        if rank >= n:
            break
        found = degree, rank
    return found


def _largest_of_powers(gram, powers):
    """λ_max(K^⊙s) of ascending powers, or more: it does not rise with s, so that the last one computed bounds it."""
    chosen = _spread(len(powers), first=16, ratio=1.1)
    largest = np.array([np.linalg.eigvalsh(gram ** int(power))[-1] for power in powers[chosen]])
    return largest[np.searchsorted(chosen, np.arange(len(powers)), side="right") - 1]


# --- the series -------------------------------------------------------------------------------------------------------


def _masses(sigma, n, delta):
    """Powers s = r + 1 ascending, the c̄² of all terms from each to the next, and c̄_{s−1}² of each alone."""
    if not is_two_lines(sigma):
        squares = slope_coefficients(sigma, _TERMS) ** 2
        kept = np.flatnonzero(squares)
        return kept + 1, squares[kept], squares[kept]
    jump, mean = slope_jump(sigma), float(slope_coefficients(sigma, 1)[0])
    dense = step_coefficients(_DENSE)[1::2] ** 2
    starts = _block_starts(n, delta)
    in_blocks = _step_mass(starts[:-1], starts[1:])
    powers = np.concatenate([[1], np.arange(2, _DENSE + 1, 2), starts[:-1]])
    masses = np.concatenate([[mean**2], jump**2 * dense, jump**2 * in_blocks])
    squares = np.concatenate([[mean**2], jump**2 * dense, jump**2 * _step_square(starts[:-1])])
    return powers, masses, squares


def _block_starts(n, delta):
    """Even powers from the end of the dense ones until Gershgorin is near 1, in equal ratios; then infinity."""
    last = math.log(1e3 * n) / -math.log1p(-delta) if delta < 1 else 1.0
    count = max(1, math.ceil(math.log(max(last / _DENSE, 1.0)) / math.log(_BLOCK)) + 1)
    starts = _DENSE + 2 + 2 * np.floor(0.5 * _DENSE * (_BLOCK ** np.arange(count) - 1))
    return np.append(starts, np.inf)


def _step_mass(start, end):
    """A lower bound of Σ c̄_{s−1}² of the step over even s, start ≤ s < end: an integral of a bound of each."""
    with np.errstate(divide="ignore"):
        return (((start - 1) / 2) ** -0.5 - ((end - 1) / 2) ** -0.5) / (2 * np.pi**1.5)


def _step_square(power):
    """A lower bound of c̄_{s−1}² of the step for even s."""
    return ((power - 1) / 2) ** -1.5 / (4 * np.pi**1.5)


def _solved_powers(from_gershgorin):
    """Indices of the powers whose λ_min is computed: while Gershgorin is far from 1."""
    far = int(np.searchsorted(from_gershgorin, _NEAR)) + 1
    return _spread(min(far, len(from_gershgorin)), first=48, ratio=1.04)


def _spread(count, first, ratio):
    """0, …, first − 1 and then indices in that ratio, below `count`."""
    sparse = first * ratio ** np.arange(math.ceil(math.log(max(count / first, 1.0), ratio)) + 1)
    chosen = np.unique(np.concatenate([np.arange(first), np.floor(sparse)])).astype(int)
    return chosen[chosen < count]


def _staircase(places, values, count):
    """At each of `count` indices the value at the last of `places` not after it; 0 before the first."""
    at = np.searchsorted(places, np.arange(count), side="right") - 1
    return np.where(at >= 0, np.maximum.accumulate(values)[np.maximum(at, 0)], 0.0)


# --- arguments --------------------------------------------------------------------------------------------------------


def _counted(n):
    return whole("n", n, least=2, must="be a whole number of points, at least 2")


def _separated(delta):
    return real("delta", delta, above=0, most=1, must="lie in (0, 1], the separation of the points")


def _require_apart(delta):
    if not delta > 0:
        raise ValueError("no two rows of x may be parallel: λ_min has no lower bound then. Drop one of each such pair.")
