"""How far apart directions are: 1 − max |ρ|, min √(1 − ρ²) and min ‖x − x'‖.

The three are different quantities and each theorem states its own, so each has its own name here.
None is computed from an inner product: 1 − ρ = ½(‖x − x'‖² − (‖x‖ − ‖x'‖)²) / (‖x‖‖x'‖), and 1 + ρ
likewise from ‖x + x'‖, so that a separation of 10⁻²⁰ is as exact as one of ½.
"""

from dataclasses import dataclass

import numpy as np

_BLOCK_ENTRIES = 4_000_000
_CHORD_ENTRIES = 1_000_000

COINCIDENT = 32 * np.finfo(float).eps ** 2
"""Largest 1 − |ρ| at which two rows count as one line: a chord of eight units of rounding."""


@dataclass(frozen=True)
class Separation:
    """The three separations of the rows of `x`, and the pairs that attain them.

    correlation: δ_corr = 1 − max |ρ_ij|      (Agarwal, Awasthi, Kale: Assumption A; Du et al.: λ of a pair)
    sine:        δ_sep  = min √(1 − ρ_ij²)    (Panigrahi, Shetty, Goyal: Assumption 2)
    distance:    δ_dist = min ‖x_i − x_j‖₂    (Panigrahi, Shetty, Goyal: section 2; Allen-Zhu, Li, Song)

    `pair` attains the first two and `nearest` the third; they differ when the closest lines are nearly opposite points.
    δ_corr = 1 − √(1 − δ_sep²) lies in [δ_sep²/2, δ_sep²].
    """

    correlation: float
    sine: float
    distance: float
    pair: tuple[int, int]
    nearest: tuple[int, int]


def separation(x, /):
    """The separations of the rows of `x`, shape (n, d) with n ≥ 2, rows on the unit sphere.

    Returns: Separation, each value to a few units of rounding however small it is.  Memory is bounded: pairs are
    screened by blocks of the Gram matrix, and those that tie with the closest are measured by their chords.
    Raises: ValueError when `x` is not a matrix of at least two finite unit rows.
    Source: Panigrahi, Shetty, Goyal (2020), section 2; Agarwal, Awasthi, Kale (2021), section 3.

    >>> s = separation([[1.0, 0.0], [0.6, 0.8], [-0.8, 0.6]])
    >>> round(s.correlation, 12), s.pair, round(s.distance**2, 12), s.nearest
    (0.2, (0, 2), 0.8, (0, 1))
    """
    x = _unit_rows_required(np.asarray(x, dtype=float))
    lines, points = _Closest(x, line_gap), _Closest(x, _half_squared_distance)
    for first, rho in gram_blocks(x):
        points.screen(first, rho)
        lines.screen(first, np.abs(rho))
    towards, away = _gaps(x[lines.pair[0]], x[lines.pair[1]])
    return Separation(
        correlation=float(lines.gap),
        sine=float(np.sqrt(towards * away)),
        distance=float(np.sqrt(2 * points.gap)),
        pair=lines.pair,
        nearest=points.pair,
    )


def line_gap(u, v):
    """1 − |ρ| between the rows of `u` and those of `v`, shapes (…, d), from chords."""
    return np.minimum(*_gaps(u, v))


def _gaps(u, v):
    """1 − ρ and 1 + ρ between paired rows."""
    u_norm, v_norm = np.linalg.norm(u, axis=-1), np.linalg.norm(v, axis=-1)
    stretch = (u_norm - v_norm) ** 2
    scale = 2 * u_norm * v_norm
    return tuple((np.sum(chord**2, axis=-1) - stretch) / scale for chord in (u - v, u + v))


def _half_squared_distance(u, v):
    return np.sum((u - v) ** 2, axis=-1) / 2


class _Closest:
    """The pair of rows with the smallest gap among the blocks of correlations seen so far."""

    def __init__(self, x, gap_of):
        self.x, self.gap_of = x, gap_of
        self.gap, self.pair = np.inf, None
        self.slack = _rounding_of_correlation(x)

    def screen(self, first, rho):
        """Measure the pairs of a block that could be the closest; its rows start at row and column `first`."""
        threshold = max(np.nanmax(rho), 1 - self.gap) - self.slack
        for i, j in _in_parts(np.argwhere(rho >= threshold) + first, self.x.shape[1]):
            gap = self.gap_of(self.x[i], self.x[j])
            k = int(np.argmin(gap))
            if gap[k] < self.gap:
                self.gap, self.pair = gap[k], (int(i[k]), int(j[k]))


def gram_blocks(x):
    """Correlations of each pair i < j once: (first, block), rows and columns counted from `first`; NaN where i ≥ j."""
    n = len(x)
    rows = max(1, min(n, _BLOCK_ENTRIES // n))
    for first in range(0, n - 1, rows):
        rho = x[first : first + rows] @ x[first:].T
        rho[np.tril_indices(len(rho), 0, rho.shape[1])] = np.nan
        yield first, rho


def _rounding_of_correlation(x):
    """How far an inner product of two rows may lie from their correlation: rounding, and norms that are not quite 1."""
    return max(x.shape[1], 8) * np.finfo(float).eps + 3 * np.abs(np.linalg.norm(x, axis=1) - 1).max()


def _in_parts(pairs, dim):
    size = max(1, _CHORD_ENTRIES // dim)
    for start in range(0, len(pairs), size):
        yield pairs[start : start + size].T


def coincident_pairs(x, keep=3):
    """Pairs of rows on one line, 1 − |ρ| ≤ COINCIDENT: the first `keep` of them, and how many there are."""
    kept, count = [], 0
    slack = _rounding_of_correlation(x)
    for first, rho in gram_blocks(x):
        for i, j in _in_parts(np.argwhere(np.abs(rho) >= 1 - slack) + first, x.shape[1]):
            found = line_gap(x[i], x[j]) <= COINCIDENT
            kept += list(zip(i[found], j[found], strict=True))[: keep - len(kept)]
            count += int(found.sum())
    return [(int(i), int(j)) for i, j in kept], count


def _unit_rows_required(x):
    if x.ndim != 2 or len(x) < 2:
        raise ValueError(f"x must have shape (n, d) with n ≥ 2, a separation being that of pairs; got shape {x.shape}.")
    norms = np.linalg.norm(x, axis=1)
    off = np.flatnonzero(~(np.abs(norms - 1) <= 1e-6))
    if off.size:
        raise ValueError(
            f"rows of x must have unit length; row {off[0]} has length {norms[off[0]]:.6g}, {off.size} rows are off. "
            "Map them with ntkit.data.unit_rows or ntkit.data.lift first."
        )
    return x
