"""The eigenvalues of a Gram matrix, and as much of its condition number as floating point can tell.

The eigenvalues of an n × n matrix carry an absolute error of about n·ε·λ_max.  What lies below that is not resolved,
and its condition number is given as infinite rather than as a number made of rounding.
"""

from dataclasses import dataclass

import numpy as np
from array_api_compat import array_namespace, is_torch_array
from scipy.sparse.linalg import ArpackNoConvergence, eigsh

from ntkit.spectra.operators import as_operator


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigenvalues of a symmetric positive semi-definite matrix, largest first.

    eigenvalues: shape (n,), descending, of the kind of array that came in, on its device.

    >>> spectrum([[1.0, 0.5], [0.5, 1.0]]).condition_number
    3.0
    """

    eigenvalues: np.ndarray

    @property
    def max(self):
        """The largest eigenvalue."""
        return float(self.eigenvalues[0])

    @property
    def min(self):
        """The smallest eigenvalue as computed; its absolute error is about `resolution`."""
        return float(self.eigenvalues[-1])

    @property
    def resolution(self):
        """n·ε·λ_max, the absolute accuracy of the eigenvalues; ε is that of the matrix's floats."""
        eigenvalues = self.eigenvalues
        return len(eigenvalues) * float(array_namespace(eigenvalues).finfo(eigenvalues.dtype).eps) * self.max

    @property
    def condition_number(self):
        """κ = λ_max / λ_min; inf where λ_min ≤ resolution, so that the matrix is singular for all that can be seen.

        An infinite κ means κ ≥ 1/(nε), about 2e13 for n = 200 in float64.
        """
        return self.max / self.min if self.min > self.resolution else float("inf")


def spectrum(gram):
    """The Spectrum of a Gram matrix, by `eigvalsh`.

    Parameters: gram, shape (n, n), finite, symmetric and positive semi-definite to rounding; numpy or torch.
    Returns: Spectrum; eigenvalues are computed where the matrix lives, in its precision (whole numbers in float64).
    Raises: ValueError where one of these does not hold, saying where.

    >>> spectrum(np.diag([1.0, 4.0, 2.0])).eigenvalues
    array([4., 2., 1.])
    """
    gram, xp = _checked_gram(gram)
    eigenvalues = xp.flip(xp.linalg.eigvalsh(gram), axis=0)
    smallest, largest = float(eigenvalues[-1]), float(eigenvalues[0])
    if smallest < -_slack(gram, xp) * max(largest, -smallest):
        raise ValueError(
            f"gram must be positive semi-definite, as a matrix of inner products is; its eigenvalues go from "
            f"{smallest:.3g} to {largest:.3g}. Take numpy.linalg.eigvalsh for a matrix that is only symmetric."
        )
    return Spectrum(eigenvalues)


def largest_eigenvalues(matrix, k):
    """The k largest eigenvalues, descending, by Lanczos iteration: for an n at which all of them would be too many.

    Parameters: matrix, shape (n, n), symmetric: a numpy array, a torch tensor, or a scipy LinearOperator, which need
    not form it; k in 1 … n − 1.
    Returns: numpy array of shape (k,); absolute error about n·ε·λ_max.
    Raises: ValueError where k is out of range; RuntimeError where the iteration does not converge.

    >>> largest_eigenvalues(np.diag([1.0, 4.0, 2.0, 3.0]), 2).round(12)
    array([4., 3.])
    """
    return _lanczos(matrix, k, "LA")


def smallest_eigenvalues(matrix, k):
    """The k smallest eigenvalues, descending, by Lanczos iteration; arguments and errors as in `largest_eigenvalues`.

    Slow where they lie close together compared with λ_max.

    >>> smallest_eigenvalues(np.diag([1.0, 4.0, 2.0, 3.0]), 2).round(12)
    array([2., 1.])
    """
    return _lanczos(matrix, k, "SA")


def _checked_gram(gram):
    """The matrix in floating point and its namespace, once it is square, finite and symmetric."""
    gram = gram if is_torch_array(gram) else np.asarray(gram)
    xp = array_namespace(gram)
    if gram.ndim != 2 or gram.shape[0] != gram.shape[1] or gram.shape[0] == 0:
        raise ValueError(
            f"gram must be a square matrix of inner products, shape (n, n); got shape {tuple(gram.shape)}."
        )
    if not xp.isdtype(gram.dtype, "real floating"):
        gram = xp.astype(gram, xp.float64)
    if not xp.all(xp.isfinite(gram)):
        row, column = _first(~xp.isfinite(gram), xp)
        raise ValueError(
            f"gram must be finite; entry ({row}, {column}) is {float(gram[row, column])}. "
            "Look for that value in the inputs, or for an activation that overflows at this depth."
        )
    apart = xp.abs(gram - gram.T)
    if xp.any(apart > _slack(gram, xp) * xp.max(xp.abs(gram))):
        row, column = _first(apart == xp.max(apart), xp)
        raise ValueError(
            f"gram must be symmetric; entries ({row}, {column}) and ({column}, {row}) are "
            f"{float(gram[row, column]):.6g} and {float(gram[column, row]):.6g}. A kernel of two sets of points has "
            "no spectrum; a sampled kernel can be symmetrised, (gram + gram.T) / 2."
        )
    return gram, xp


def _first(where, xp):
    """Row and column of the first true entry."""
    return divmod(int(xp.argmax(xp.astype(xp.reshape(where, (-1,)), xp.int8))), where.shape[1])


def _slack(gram, xp):
    """√ε: what is larger relative to the matrix is a mistake; kernels from tables and samples stay well below it."""
    return float(xp.finfo(gram.dtype).eps) ** 0.5


def _lanczos(matrix, k, which):
    operator = as_operator(matrix)
    n = operator.shape[0]
    if not 1 <= k < n:
        raise ValueError(
            f"k must lie in 1 … n − 1 = {n - 1}; got {k}. All eigenvalues together are cheaper by spectrum."
        )
    start = np.random.default_rng(0).standard_normal(n)
    try:
        found = eigsh(operator, k, which=which, v0=start, return_eigenvectors=False)
    except ArpackNoConvergence as error:
        raise RuntimeError(
            f"Lanczos iteration must separate the {k} eigenvalues from the rest, but {len(error.eigenvalues)} of them "
            "converged: they lie too close together. Take spectrum for all of them, or a smaller k."
        ) from error
    return np.sort(found)[::-1]
