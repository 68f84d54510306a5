"""One hidden layer: how small the eigenvalues of its kernel can be, for ReLU (Theorem 56) and any σ (Theorem 58).

    K̄(ρ) = Σ a_r² ρ^r,    λ_min(K̄) ≥ Σ a_r² λ_min(G^∘r) ≥ Σ a_r² max(0, 1 − (n − 1)(1 − δ)^r)

for n inputs of unit length with |x_i·x_j| ≤ 1 − δ and their Gram matrix G: a sum of positive semi-definite terms, each
by Gershgorin.  It is positive as soon as some a_r ≠ 0 with (n − 1)(1 − δ)^r < 1: any σ that is no polynomial will do.

Source: Agarwal, Awasthi, Kale (2021), appendix H; the sum is ours, after Panigrahi, Shetty, Goyal (2020), Lemma I.1.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from ntkit.architectures import mlp
from ntkit.conditioning.inputs import checked, plain

_TERMS = 20_000  # of the even coefficients of ReLU that are added one by one
_FLAT = 1e-7  # how far out of a plane points may lie that are said to lie in one
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)


@dataclass(frozen=True, eq=False)
class OneLayerFloors:
    """λ_min of the infinitely wide ReLU layer's kernel on several sets of points, beside what is proved of it.

    n, delta: of each set.  exact: λ_min of K̄ = E σ(w·x)σ(w·y).  stated: `theorem_56`.  sharp: `theorem_56_sharp`.
    """

    n: np.ndarray
    delta: np.ndarray
    exact: np.ndarray
    stated: np.ndarray
    sharp: np.ndarray


def one_layer_floors(sets):
    """OneLayerFloors of sets of unit vectors.

    Parameters: sets, arrays (n, d) of unit rows, no two of them collinear.
    Raises: ValueError for collinear rows.

    >>> x = np.array([[1.0, 0.0], [0.6, 0.8]])
    >>> found = one_layer_floors([x])
    >>> bool(found.stated[0] < found.sharp[0] < found.exact[0])
    True
    """
    n = np.array([len(x) for x in sets])
    delta = np.array([separation(x) for x in sets])
    net = mlp(1, "relu")
    return OneLayerFloors(
        n=n,
        delta=delta,
        exact=np.array([np.linalg.eigvalsh(net.nngp(x))[0] for x in sets]),
        stated=theorem_56(delta, n),
        sharp=np.array([theorem_56_sharp(*each) for each in zip(delta, n, strict=True)]),
    )


def separation(x):
    """1 − max |x_i·x_j| of unit rows, i ≠ j, from their distances, so that nothing cancels.

    >>> round(separation(np.array([[1.0, 0.0], [0.6, 0.8]])), 12)
    0.4
    """
    x = np.asarray(x, dtype=float)
    apart = 0.5 * np.minimum(*(np.square(x[:, None] - sign * x[None]).sum(axis=-1) for sign in (1, -1)))
    return float(apart[~np.eye(len(x), dtype=bool)].min())


def theorem_56(delta, n):
    """The least λ_min of the infinitely wide ReLU layer's kernel, δ^(3/2)/(81000 n³): Theorem 56 with its constant.

    The statement is Ω(δ^(3/2)/n³) for a layer of finite width; its proof has this for the mean.

    Parameters: delta in (0, 1), of Assumption A; n points.
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), proof of Theorem 56.

    >>> f"{theorem_56(0.25, 2):.6g}"
    '1.92901e-07'
    """
    _, delta, n = checked(delta=delta, n=n)
    return plain(delta**1.5 / (81_000 * n**3))


def theorem_56_drawn(delta, n):
    """The least σ_min(ΦᵀΦ) of a layer wide enough, (δ^(3/4)/(2000 n^(3/2)))², with high probability.

    Parameters, errors: as in `theorem_56`.
    Source: Agarwal, Awasthi, Kale (2021), proof of Theorem 56.

    >>> f"{theorem_56_drawn(0.25, 1):.6g}"
    '3.125e-08'
    """
    _, delta, n = checked(delta=delta, n=n)
    return plain((delta**0.75 / (2000 * n**1.5)) ** 2)


def theorem_56_sharp(delta, n):
    """The least λ_min of the infinitely wide ReLU layer's kernel, by the series: about (δ/log 2n)^(3/2), without n³.

    Σ a_r² max(0, 1 − (n − 1)(1 − δ)^r) over even r, a_2k² = C(2k, k)/(2π 4^k (2k − 1)²); beyond 40000 the last factor
    times a lower bound of the rest, Σ_{k ≥ K} a_2k² ≥ (K + ½)^(−3/2)/(12 π^(3/2)).

    Parameters: delta in (0, 1), n, numbers.
    Raises: ValueError outside those ranges.
    Source: ours; the exponent 3/2 is attained on an arc, and on the half circle λ_min = π²/(24 n³) = Θ(δ^(3/2)).

    >>> bool(theorem_56_sharp(0.01, 100) > 1e6 * theorem_56(0.01, 100))
    True
    """
    _, delta, n = checked(delta=delta, n=n)
    decay, delta, n = math.log1p(-float(delta)), float(delta), int(n)
    factors = np.maximum(0.0, 1 - (n - 1) * np.exp(2 * decay * np.arange(1, _TERMS + 1)))
    summed = float(relu_squares(_TERMS) @ factors) + float(factors[-1]) * _rest(_TERMS + 1)
    half = max(1, math.ceil(math.log(2 * max(n - 1, 1)) / (-2 * decay)))
    return max(summed, 0.5 * _rest(half))


def relu_squares(count):
    """a_2², a_4², … of ReLU, `count` of them; its other coefficients are a_0² = 1/2π and a_1² = ¼.

    >>> relu_squares(2).round(6)
    array([0.079577, 0.006631])
    """
    k = np.arange(1, count + 1)
    return np.cumprod((2 * k - 1) / (2 * k)) / (2 * np.pi * (2 * k - 1.0) ** 2)


def _rest(first):
    """A lower bound of Σ a_2k², k ≥ first."""
    return (first + 0.5) ** -1.5 / (12 * np.pi**1.5)


def half_circle_law(n):
    """λ_min of the infinitely wide ReLU layer's kernel on n points evenly over a half circle, π²/(24 n³) as n → ∞.

    Source: ours, from the Fourier tail of the kink of σ.

    >>> round(float(half_circle_law(10)), 8)
    0.00041123
    """
    _, n = checked(n=n)
    return plain(np.pi**2 / (24 * n**3))


def theorem_58_sharp(squares, delta, n):
    """The least λ_min of a layer's kernel by its Hermite coefficients, Σ a_r² max(0, 1 − (n − 1)(1 − δ)^r).

    Positive for every δ and n where infinitely many a_r are not 0, of whatever parity: Theorem 58 asks for infinitely
    many of both, which antipodal inputs need and Assumption A excludes.  ReLU itself has a single odd one.

    Parameters: squares, a_0², a_1², …, non-negative (those left out count as 0); delta in (0, 1); n.
    Raises: ValueError outside those ranges, or for a negative square.
    Source: ours, after Agarwal, Awasthi, Kale (2021), Theorem 58.

    >>> theorem_58_sharp([0, 0, 1.0], delta=0.5, n=3)
    0.5
    """
    _, delta, n = checked(delta=delta, n=n)
    squares = np.asarray(squares, dtype=float)
    if squares.ndim != 1 or (squares < 0).any():
        raise ValueError(f"squares must be a list of numbers that are not negative; got shape {squares.shape}.")
    factors = 1 - (float(n) - 1) * np.exp(math.log1p(-float(delta)) * np.arange(len(squares)))
    return float(squares @ np.maximum(0.0, factors))


def hermite_parities(activation, terms=60):
    """How many of the Hermite coefficients a_0 … of σ are not 0: (even ones, odd ones).

    Parameters: activation; terms to look at.  A coefficient below 1e-12 of √E σ² counts as 0.

    >>> import ntkit as nk
    >>> hermite_parities(nk.activation("relu"), 20), hermite_parities(nk.activation("quadratic"), 20)
    ((10, 1), (1, 0))
    """
    present = np.abs(activation.hermite(terms)) > 1e-12 * np.sqrt(activation.second_moment)
    return int(present[0::2].sum()), int(present[1::2].sum())


def lemma_57(delta, n):
    """The least probability of the event of Lemma 57, √δ/(50n).

    Parameters, errors: as in `theorem_56`.
    Source: Agarwal, Awasthi, Kale (2021), Lemma 57.

    >>> lemma_57(0.25, 10)
    np.float64(0.001)
    """
    xp, delta, n = checked(delta=delta, n=n)
    return plain(xp.sqrt(delta) / (50 * n))


def lemma_57_plane(x, first=0, theta=None):
    """The probability of the event of Lemma 57 for points in a plane, by quadrature.

    w = √(1 − θ²) z x₁ + g; the event is |w·x₁| ≤ √δ/(10n) and |w·x_i| > √δ/(4n) for the others.  Given w·x₁, each of
    them keeps one coordinate of g out of an interval.

    Parameters: x, unit rows (n, d) of rank 2; first, which of them is x₁; theta in [0, 1), √δ/(5n) by default, as in
    Theorem 56 (the lemma prints δ^(1/4)/(5n)).
    Raises: ValueError for points that do not lie in a plane, or a theta outside the range.
    Source: Agarwal, Awasthi, Kale (2021), Lemma 57.

    >>> angles = np.pi * np.arange(8) / 8
    >>> x = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    >>> bool(lemma_57_plane(x) > lemma_57(separation(x), 8))
    True
    """
    x = np.asarray(x, dtype=float)
    n, delta = len(x), separation(x)
    theta = math.sqrt(delta) / (5 * n) if theta is None else float(theta)
    if not 0 <= theta < 1:
        raise ValueError(f"theta must lie in [0, 1); got {theta}.")
    along, across = _plane(x, first)
    spread, near, far = math.sqrt(1 - theta**2), math.sqrt(delta) / (10 * n), math.sqrt(delta) / (4 * n)
    at = near * _NODES
    density = np.exp(-0.5 * (at / spread) ** 2) / (spread * math.sqrt(2 * np.pi))
    free = [1 - _covered(-along * value / across, far / np.abs(across)) for value in at]
    return float(near * np.sum(_WEIGHTS * density * free))


def _plane(x, first):
    """Coordinates of the other points along x₁ and across it."""
    others = np.delete(x, first, axis=0)
    along = others @ x[first]
    rest = others - np.outer(along, x[first])
    directions = np.linalg.svd(rest, full_matrices=False)
    if len(others) > 1 and directions.S[1] > _FLAT * directions.S[0]:
        raise ValueError("x must lie in a plane, for the probability to be one integral; got points that do not.")
    return along, rest @ directions.Vh[0]


def _covered(centres, reaches):
    """The standard Gaussian measure of a union of intervals."""
    order = np.argsort(centres - reaches)
    starts, ends = (centres - reaches)[order], np.maximum.accumulate((centres + reaches)[order])
    fresh = np.maximum(starts, np.append(-np.inf, ends[:-1]))
    return float(np.sum(np.where(ends > fresh, ndtr(ends) - ndtr(fresh), 0.0)))


def event_probability(delta, n, theta):
    """P(θ|z| ∈ [√δ/(9n), √δ/(5n)]), z ~ N(0, 1): the event E in the proof of Theorem 56, which takes it for 0.2.

    Parameters: delta in (0, 1); n; theta > 0.
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), proof of Theorem 56.

    >>> round(event_probability(0.01, 10, theta=0.1 / 50), 4)
    0.2612
    """
    _, delta, n = checked(delta=delta, n=n)
    if not theta > 0:
        raise ValueError(f"theta must be positive; got {theta}.")
    unit = math.sqrt(float(delta)) / (float(n) * theta)
    return float(2 * (ndtr(unit / 5) - ndtr(unit / 9)))
