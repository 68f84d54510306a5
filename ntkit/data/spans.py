"""The subspace that the rows of a data matrix span: its dimension d', a basis, and coordinates in it."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Span:
    """span{x_1, …, x_n} by singular values.

    singular_values: (min(n, d),), of the matrix of rows, descending.
    basis: (d, d'), orthonormal columns.
    """

    singular_values: np.ndarray
    basis: np.ndarray

    @property
    def dimension(self):
        """d', the numerical rank: singular values above max(n, d) ε σ₁."""
        return self.basis.shape[1]

    @property
    def gap(self):
        """σ_{d'}/σ_{d'+1}, how clearly the rank shows; inf where no singular value is left over, or it is 0."""
        left = self.singular_values[self.dimension :]
        return float(self.singular_values[self.dimension - 1] / left[0]) if left.size and left[0] > 0 else math.inf

    def coordinates(self, x, /):
        """Rows (n, d) in the basis, (n, d'): for rows of the span all inner products stay.

        Gaussian weights drawn in d' dimensions give the networks that those drawn in d do, in law, at d'/d of the cost.
        """
        return np.asarray(x, dtype=float) @ self.basis


def span(x, /):
    """The span of the rows of `x`, shape (n, d), not all zero.

    Raises: ValueError when `x` is no finite matrix, or zero.
    Source: Panigrahi, Shetty, Goyal (2020), Assumption 4 (d', and the projection by singular vectors).

    >>> from ntkit.data import half_circle
    >>> found = span(half_circle(10, dim=10).x)
    >>> found.dimension, found.gap > 1e12, found.coordinates(half_circle(10, dim=10).x).shape
    (2, True, (10, 2))
    """
    x = np.asarray(x, dtype=float)
    if x.ndim != 2 or not np.isfinite(x).all() or not x.any():
        raise ValueError(f"x must be a finite matrix (n, d) with a row that is not zero; got shape {x.shape}.")
    _, values, directions = np.linalg.svd(x, full_matrices=False)
    rank = int((values > max(x.shape) * np.finfo(float).eps * values[0]).sum())
    return Span(values, directions[:rank].T)
