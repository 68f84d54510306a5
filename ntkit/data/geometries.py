"""What a data set looks like to the theorems: all its distances, and how many dimensions it fills."""

from dataclasses import dataclass

import numpy as np

from ntkit.arguments import real, whole
from ntkit.data.separations import Separation, gram_blocks, separation


@dataclass(frozen=True, eq=False)
class Geometry:
    """Distances and dimensions of n unit rows of d coordinates.

    separation: the three separations, measured from chords.
    edges, counts: histogram of ‖x_i − x_j‖ over all n(n − 1)/2 pairs: (bins + 1,) from 0 to 2, and (bins,).
    variances: (min(n, d),), eigenvalues of the covariance (1/n) Σ (x_i − x̄)(x_i − x̄)ᵀ, descending.
    squares: (min(n, d),), eigenvalues of (1/n) Σ x_i x_iᵀ, the squared singular values of the data over n.
    """

    n: int
    dim: int
    separation: Separation
    edges: np.ndarray
    counts: np.ndarray
    variances: np.ndarray
    squares: np.ndarray

    @property
    def span_dimension(self):
        """d', dimension of the span of the rows: squared singular values above (max(n, d) ε)² of the first."""
        smallest = (max(self.n, self.dim) * np.finfo(float).eps) ** 2 * self.squares[0]
        return int((self.squares > smallest).sum())

    @property
    def explained(self):
        """Share of the variance that the first 1, 2, … principal directions hold."""
        return np.cumsum(self.variances) / self.variances.sum()

    @property
    def effective_dimension(self):
        """(Σ λ)²/Σ λ², the number of directions of equal variance that would be as spread out."""
        return float(self.variances.sum() ** 2 / (self.variances**2).sum())

    def intrinsic_dimension(self, share=0.95):
        """Principal directions that hold `share` of the variance, share in (0, 1)."""
        share = real("share", share, above=0, most=np.nextafter(1, 0), must="lie in (0, 1)")
        return int(np.searchsorted(self.explained, share)) + 1

    def distance_below(self, share):
        """The distance that `share` of the pairs stay below, to the width of a bin of the histogram."""
        share = real("share", share, least=0, most=1, must="lie in [0, 1]")
        below = np.concatenate([[0], np.cumsum(self.counts)]) / self.counts.sum()
        return float(np.interp(share, below, self.edges))


def geometry(x, /, *, bins=200):
    """Histogram of all pairwise distances, and the spectrum of the covariance, of rows on the unit sphere.

    Pairs are gone through by blocks of the Gram matrix and rows by blocks of d, so that no n × n matrix is held: 10⁴
    rows of CIFAR's 3074 coordinates stay below 1 GB.  Variances are squared singular values, never eigenvalues of a
    product, and so have digits down to 10⁻³⁰ of the first.

    Parameters: x (n, d), unit rows, as `lift` or `from_array` give them; bins of the histogram on [0, 2].
    Raises: ValueError when `x` is not a matrix of at least two finite unit rows.
    Source: Panigrahi, Shetty, Goyal (2020), section 7, Figure 2 (a, b).

    >>> from ntkit.data import half_circle
    >>> found = geometry(half_circle(10).x)
    >>> found.span_dimension, found.intrinsic_dimension(), int(found.counts.sum())
    (2, 2, 45)
    """
    x = np.asarray(x, dtype=float)
    bins = whole("bins", bins, least=1, must="be a positive whole number")
    found = separation(x)
    edges = np.linspace(0, 2, bins + 1)
    mean = x.mean(axis=0)
    factor = _triangular_factor(x, mean)
    uncentred = np.vstack([factor, np.sqrt(len(x)) * mean])
    return Geometry(
        n=len(x),
        dim=x.shape[1],
        separation=found,
        edges=edges,
        counts=_distance_counts(x, edges),
        variances=_squared_singular_values(factor) / len(x),
        squares=_squared_singular_values(uncentred)[: len(x)] / len(x),
    )


def _distance_counts(x, edges):
    counts = np.zeros(len(edges) - 1, dtype=np.int64)
    for _, rho in gram_blocks(x):
        rho = rho[~np.isnan(rho)]
        # Rounding may carry ρ past ±1; such pairs belong to the first or the last bin.
        counts += np.histogram(np.sqrt(np.clip(2 - 2 * rho, 0, 4)), edges)[0]
    return counts


def _triangular_factor(x, mean):
    """R of the rows less their mean, RᵀR = Σ (x − x̄)(x − x̄)ᵀ, by blocks of d rows."""
    size, factor = max(x.shape[1], 64), np.empty((0, x.shape[1]))
    for start in range(0, len(x), size):
        factor = np.linalg.qr(np.vstack([factor, x[start : start + size] - mean]), mode="r")
    return factor


def _squared_singular_values(factor):
    return np.linalg.svd(factor, compute_uv=False) ** 2
