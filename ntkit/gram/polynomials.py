"""Polynomial activations have Gram matrices of bounded rank: which rank, exactly.

    Σ_i ζ_i σ'(w·x_i) x_i = 0 for every w   ⟺   Σ_i ζ_i x_i^⊗k = 0 for every power k ≥ 1 that σ contains,

so the rank of G is the dimension of the homogeneous polynomials of those degrees k on the points: C(d' + k − 1, k) each
in general, d' the dimension of the span of the inputs.  On the sphere ‖x‖² = 1, and the polynomials of degree k contain
those of degree k − 2: only the highest even and the highest odd power count.

The Gram matrix of the k-th Khatri–Rao power X^{*k} is the k-th Hadamard power of that of X.
Source: Panigrahi, Shetty, Goyal (2020), Definition C.1, Lemma F.1, Theorems F.2 and F.3; the exact ranks are ours.
"""

from dataclasses import dataclass
from math import comb

import numpy as np
from scipy.special import gammaln

from ntkit.arguments import floats, whole
from ntkit.data import span
from ntkit.memory import ensure_fits

_FEATURES = 4  # times as many monomials as points: beyond, eigenvalues of the matrix are cheaper than their features
_IN_BLOCKS = "Take fewer points, their coordinates in their span, or a lower power."
_RANK = 1e-10  # of the largest singular value, above which one counts


def polynomial_rank(span_dim, coefficients, *, on_sphere=True):
    """The rank of G∞ for a polynomial activation on enough points in general position; on any points at most that.

    Σ C(d' + k − 1, k) over the powers k ≥ 1 of σ; on the sphere over the highest even and the highest odd power only.
    The same for every sufficiently large width, with probability 1.  On n points: min(n, that).

    Parameters: span_dim ≥ 1, d' = dim span{x_i}; coefficients of σ itself, lowest degree first; on_sphere, whether the
    inputs have unit length.
    Raises: ValueError outside these ranges.
    Source: ours; Panigrahi, Shetty, Goyal (2020), Theorem F.2, has C(d' + p, p) − 1 as a bound for degree p.

    >>> polynomial_rank(2, (0, 0, 1)), polynomial_rank(3, (0, 1, 1)), polynomial_rank(3, (0, 1, 1), on_sphere=False)
    (3, 9, 9)
    >>> polynomial_rank(2, (0, 1, 1, 1)), polynomial_rank(2, (0, 1, 1, 1), on_sphere=False)
    (7, 9)
    """
    span_dim = _span(span_dim)
    powers = _powers(coefficients)
    if on_sphere:
        powers = [max(same) for parity in (0, 1) if (same := [k for k in powers if k % 2 == parity])]
    return sum(comb(span_dim + k - 1, k) for k in powers)


def summed_rank(span_dim, coefficients, *, on_sphere=True):
    """The rank of G∞ + H∞ for a polynomial activation, the output layer being trained too: hardly more than that of G.

    H has the homogeneous polynomials of the degrees that σ contains, which are those of G, and the constants where σ
    has one: they are new unless an even power on the sphere has them already.

    Parameters, errors: as of `polynomial_rank`.
    Source: ours; Panigrahi, Shetty, Goyal (2020), Theorem M.3, adds C(d' + p, p) to the rank of G.

    >>> summed_rank(2, (0, 1, 1)), summed_rank(2, (1, 1, 1)), summed_rank(2, (1, 1, 1), on_sphere=False)
    (5, 5, 6)
    """
    of_hidden = polynomial_rank(span_dim, coefficients, on_sphere=on_sphere)
    has_even = on_sphere and any(k % 2 == 0 for k in _powers(coefficients))
    return of_hidden + int(floats("coefficients", coefficients)[0] != 0 and not has_even)


def stated_rank(span_dim, degree):
    """The paper's bound on the rank of G for σ of that degree, C(d' + p, p) − 1: all monomials but the constant.

    Attained where the inputs have any norms and no coefficient of σ' vanishes; on the sphere too large from p = 3 on.

    Parameters: span_dim ≥ 1; degree p ≥ 1 of σ.
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), proof of Theorem F.2.

    >>> stated_rank(2, 3), stated_rank(3, 2)
    (9, 9)
    """
    degree = whole("degree", degree, least=1, must="be a whole number of at least 1, the degree of σ")
    return comb(_span(span_dim) + degree, degree) - 1


def printed_condition(n, span_dim, slope_degree):
    """Whether Theorem F.2 as printed calls G singular: C(d' + p, p) < n + 1 with p the degree of σ', not of σ.

    The proof counts the monomials of degree at most p, and those of Σ c_ℓ (w·x)^ℓ x reach degree p + 1: right is
    C(d' + p + 1, p + 1) < n + 1.

    Parameters: n ≥ 1; span_dim ≥ 1; slope_degree p ≥ 0, of σ'.
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem F.2 and Condition (6).

    >>> printed_condition(6, 2, 2), polynomial_rank(2, (0, 1, 1, 1))  # called singular, of full rank
    (True, 7)
    """
    n = whole("n", n, least=1, must="be a whole number of points, at least 1")
    slope_degree = whole(
        "slope_degree", slope_degree, least=0, must="be a whole number of at least 0, the degree of σ'"
    )
    return comb(_span(span_dim) + slope_degree, slope_degree) < n + 1


def secant_rank(span_dim, power, width):
    """The rank of G at finite width for σ(x) = x^p and generic weights and points: min(md', C(d' + p − 1, p)), nearly.

    The features (w_k·x)^(p−1) x_a span the sum of the tangent spaces of the Veronese variety at w_1 … w_m: the rank is
    the dimension of its m-th secant variety, given by the theorem of Alexander and Hirschowitz with its exceptions:
    p = 2, where it is md' − m(m − 1)/2, and one less than expected at (p, d', m) = (4, 3, 5), (4, 4, 9), (3, 5, 7) and
    (4, 5, 14).

    Parameters: span_dim ≥ 1; power p ≥ 1; width m ≥ 1.
    Raises: ValueError outside these ranges.
    Source: J. Alexander, A. Hirschowitz (1995), Polynomial interpolation in several variables; the use of it is ours.

    >>> secant_rank(4, 2, 2), secant_rank(3, 4, 5), secant_rank(3, 4, 6)  # 2·4 − 1; 14, not 15; all 15 monomials
    (7, 14, 15)
    """
    span_dim = _span(span_dim)
    power = whole("power", power, least=1, must="be a whole number of at least 1")
    width = whole("width", width, least=1, must="be a whole number of units, at least 1")
    whole_space = comb(span_dim + power - 1, power)
    if power == 1:
        return span_dim
    if power == 2:
        return whole_space if width >= span_dim else width * span_dim - comb(width, 2)
    expected = min(width * span_dim, whole_space)
    return expected - ((power, span_dim, width) in {(4, 3, 5), (4, 4, 9), (3, 5, 7), (4, 5, 14)})


# --- powers of the inputs ---------------------------------------------------------------------------------------------


def khatri_rao_power(x, power):
    """X^{*r}: row i is x_i ⊗ … ⊗ x_i (r times), so that the Gram matrix of the rows is (X Xᵀ)^⊙r.

    Parameters: x (n, d), rows are inputs; power r ≥ 1.
    Returns: (n, d^r).  (The paper writes inputs as columns.)
    Raises: ValueError for another shape or power, MemoryError where it would not fit: `symmetric_power` is smaller.
    Source: Panigrahi, Shetty, Goyal (2020), Definition C.1.

    >>> khatri_rao_power([[1.0, 2.0]], 2)
    array([[1., 2., 2., 4.]])
    """
    x, power = _rows(x), _power(power)
    ensure_fits(
        (len(x), x.shape[1] ** power), copies=2, instead="Take symmetric_power, which has the same Gram matrix."
    )
    product = x
    for _ in range(power - 1):
        product = (product[:, :, None] * x[:, None, :]).reshape(len(x), -1)
    return product


def symmetric_power(x, power):
    """The distinct columns of X^{*r}, each times the root of how often it occurs: the same Gram matrix (X Xᵀ)^⊙r.

    √(r!/Πβ_a!) Πx_a^β_a over the C(d + r − 1, r) exponents β with Σβ_a = r, in logarithms, so that r may be large.

    Parameters, errors: as of `khatri_rao_power`.
    Returns: (n, C(d + r − 1, r)).

    >>> symmetric_power([[1.0, 2.0]], 2).round(6)
    array([[4.      , 2.828427, 1.      ]])
    """
    x, power = _rows(x), _power(power)
    if power == 1:
        return x.copy()
    ensure_fits((len(x), comb(x.shape[1] + power - 1, power)), copies=4, instead=_IN_BLOCKS)
    exponents = _exponents(x.shape[1], power)
    log_multiplicity = gammaln(power + 1) - gammaln(exponents + 1).sum(axis=1)
    with np.errstate(divide="ignore"):
        logs = np.maximum(np.log(np.abs(x)), -1e5)  # 0^0 is 1: no infinity times 0
    signs = np.where((x < 0).astype(float) @ exponents.T % 2 == 1, -1.0, 1.0)
    return signs * np.exp(logs @ exponents.T + 0.5 * log_multiplicity)


def _exponents(dim, power):
    """All β ∈ ℕ^dim with Σβ = power, (count, dim), as floats."""
    if dim == 1:
        return np.array([[float(power)]])
    parts = [_exponents(dim - 1, power - first) for first in range(power + 1)]
    firsts = np.repeat(np.arange(power + 1.0), [len(part) for part in parts])
    return np.column_stack([firsts, np.concatenate(parts)])


def hadamard_smallest_eigenvalue(x, power):
    """λ_min of (X Xᵀ)^⊙r, from the singular values of its features where these are not too many.

    Exactly 0 where n exceeds the C(d' + r − 1, r) monomials.  For unit rows it does not fall as r grows (Schur's
    product theorem: λ_min(A ∘ B) ≥ λ_min(A) min b_ii).

    Parameters: x (n, d); power r ≥ 1.
    Returns: float, relatively accurate from features; else a lower bound of it, short of it by what rounding may do.
    Raises: ValueError for another shape or power.
    Source: Panigrahi, Shetty, Goyal (2020), Lemma I.1.

    >>> x = np.array([[1.0, 0.0], [0.6, 0.8]])
    >>> round(hadamard_smallest_eigenvalue(x, 2), 12)  # 1 − 0.36
    0.64
    """
    power = _power(power)
    x = _rows(x)
    return _smallest_of_power(span(x).coordinates(x), power)


def _smallest_of_power(coordinates, power):
    n, dim = coordinates.shape
    monomials = comb(dim + power - 1, power)
    if monomials < n:
        return 0.0
    if monomials <= _FEATURES * n:
        return float(np.linalg.svd(symmetric_power(coordinates, power), compute_uv=False)[-1] ** 2)
    return _least_eigenvalue((coordinates @ coordinates.T) ** power, power)


def _least_eigenvalue(matrix, power):
    """Of a Hadamard power, less what rounding of its entries and of the solver may have added; never negative."""
    eigenvalues = np.linalg.eigvalsh(matrix)
    of_entries = (power + 2) * np.abs(matrix).sum(axis=1).max()
    return max(0.0, float(eigenvalues[0] - np.finfo(float).eps * (of_entries + len(matrix) * abs(eigenvalues[-1]))))


# --- ranks as they are found ------------------------------------------------------------------------------------------


def polynomial_features(x, coefficients):
    """Rows whose Gram matrix is G∞ of a polynomial σ: c̄_r(σ') times the (r + 1)-th symmetric power, side by side.

    Parameters: x (n, d), unit rows; coefficients of σ, lowest degree first.
    Returns: (n, Σ C(d + r, r + 1)).
    Raises: ValueError for rows that are not of unit length, or without coefficients.
    Source: Panigrahi, Shetty, Goyal (2020), proof of Lemma I.1.

    >>> features = polynomial_features(np.array([[1.0, 0.0], [0.6, 0.8]]), (0, 1))
    >>> (features @ features.T).round(6)
    array([[1. , 0.6],
           [0.6, 1. ]])
    """
    x = _unit(_rows(x))
    _powers(coefficients)
    slope = np.polynomial.polynomial.polyder(np.asarray(coefficients, dtype=float))
    raw = np.polynomial.hermite_e.poly2herme(slope)
    normal = raw * np.sqrt([float(np.exp(gammaln(r + 1))) for r in range(len(raw))])  # He_r = √r! h_r
    return np.hstack([c * symmetric_power(x, r + 1) for r, c in enumerate(normal) if c])


def numerical_rank(features, tolerance=_RANK):
    """How many singular values of the features exceed tolerance times the largest.

    Of features, not of the Gram matrix: its eigenvalues are their squares, and 1e-10 would be lost in rounding there.

    Parameters: features (n, p); tolerance in (0, 1).

    >>> numerical_rank(np.array([[1.0, 0.0], [1.0, 1e-8], [1.0, 0.0]])), numerical_rank(np.eye(3))
    (2, 3)
    """
    sizes = np.linalg.svd(np.asarray(features, dtype=float), compute_uv=False)
    return int(np.sum(sizes > tolerance * sizes[0]))


@dataclass(frozen=True, eq=False)
class RankTable:
    """Ranks of G for σ of several degrees with all its coefficients, on random points with a span of d' dimensions.

    span_dim d'; degrees (P,); sphere and general (P,), the exact ranks for unit and for other norms; found_sphere and
    found_general (P,), those of the singular values of gradients at finite width; stated (P,), the paper's bound;
    n, the points that were drawn, and width, the units: more of both than any of the ranks.
    """

    span_dim: int
    degrees: np.ndarray
    sphere: np.ndarray
    general: np.ndarray
    found_sphere: np.ndarray
    found_general: np.ndarray
    stated: np.ndarray
    n: int
    width: int


def rank_table(span_dim, degrees=(1, 2, 3, 4), seed=0):
    """RankTable: the ranks that are predicted beside those that are found.

    Parameters: span_dim d' ≥ 2; degrees of σ, whose coefficients are all 1; seed of the points and weights.
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem F.2; the exact ranks are ours.

    >>> table = rank_table(2, (1, 2, 3))
    >>> table.sphere.tolist(), table.found_sphere.tolist(), table.stated.tolist()
    ([2, 5, 7], [2, 5, 7], [2, 5, 9])
    """
    span_dim = whole("span_dim", span_dim, least=2, must="be a whole number of dimensions, at least 2")
    degrees = [whole("a degree", p, least=1, must="be a whole number of at least 1") for p in degrees]
    stated = [stated_rank(span_dim, p) for p in degrees]
    size, generator = max(stated) + 2, np.random.default_rng(seed)
    raw, weights = generator.standard_normal((2, size, span_dim))
    unit = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    uneven = unit * generator.uniform(0.5, 1.5, (size, 1))
    return RankTable(
        span_dim=span_dim,
        degrees=np.array(degrees),
        sphere=np.array([polynomial_rank(span_dim, _ones(p)) for p in degrees]),
        general=np.array([polynomial_rank(span_dim, _ones(p), on_sphere=False) for p in degrees]),
        found_sphere=np.array([numerical_rank(_gradients(unit, weights, p)) for p in degrees]),
        found_general=np.array([numerical_rank(_gradients(uneven, weights, p)) for p in degrees]),
        stated=np.array(stated),
        n=size,
        width=size,
    )


def _ones(degree):
    """Coefficients of x + x² + … + x^degree."""
    return (0.0, *([1.0] * degree))


def _gradients(x, weights, degree):
    """σ'(w_k·x_i) x_i for all units side by side, (n, m d), for σ = x + … + x^degree."""
    slope = np.polynomial.Polynomial(_ones(degree)).deriv()
    return (slope(x @ weights.T)[:, :, None] * x[:, None, :]).reshape(len(x), -1)


# --- arguments --------------------------------------------------------------------------------------------------------


def _span(span_dim):
    return whole("span_dim", span_dim, least=1, must="be a whole number of dimensions, at least 1")


def _power(power):
    return whole("power", power, least=1, must="be a whole number of at least 1")


def _powers(coefficients):
    """The powers k ≥ 1 that σ contains."""
    given = floats("coefficients", coefficients)
    powers = np.flatnonzero(given) if given.ndim == 1 else np.array([])
    powers = [int(k) for k in powers if k >= 1]
    if not powers:
        raise ValueError(
            "coefficients must list those of σ, lowest degree first, one beyond the constant not 0; "
            f"got {coefficients!r}."
        )
    return powers


def _rows(x):
    x = floats("x", x)
    if x.ndim != 2 or not x.size:
        raise ValueError(f"x must have shape (n, d), one row per input; got shape {x.shape}.")
    return x


def _unit(x):
    off = np.abs(np.linalg.norm(x, axis=1) - 1)
    if off.max() > 1e-6:
        raise ValueError(f"rows of x must have unit length; row {off.argmax()} does not. Map them with data.unit_rows.")
    return x
