"""Kernel matrices as products with a vector, block by block, for an n at which the matrix itself would not fit."""

import numpy as np
from array_api_compat import array_namespace, is_torch_array
from scipy.sparse.linalg import LinearOperator

from ntkit import kernels


def nngp_operator(net, x, *, rows=None):
    """v ↦ K̄v as a scipy LinearOperator that computes K̄ anew with every product and holds `rows` rows of it at a time.

    Parameters: net, an Architecture; x, shape (n, d), numpy or torch; rows, the height of a block (about 256 MB by
    default).
    Returns: LinearOperator of shape (n, n), for `largest_eigenvalues`, conjugate gradients and the like.

    >>> import ntkit as nk
    >>> net, x = nk.mlp(3, nk.activation("tanh").normalized()), nk.data.half_circle(5).x
    >>> bool(np.allclose(nngp_operator(net, x, rows=2) @ np.ones(5), net.nngp(x) @ np.ones(5)))
    True
    """
    return _operator(net, x, rows, "nngp")


def ntk_operator(net, x, *, rows=None):
    """v ↦ 𝒦̄v, likewise.

    >>> import ntkit as nk
    >>> net, x = nk.mlp(3, nk.activation("tanh").normalized()), nk.data.half_circle(5).x
    >>> bool(np.allclose(ntk_operator(net, x, rows=2) @ np.ones(5), net.ntk(x) @ np.ones(5)))
    True
    """
    return _operator(net, x, rows, "ntk")


def as_operator(matrix):
    """What scipy can multiply by: an array or operator as it is, a tensor through its own device."""
    if not is_torch_array(matrix):
        return matrix if isinstance(matrix, LinearOperator) else np.asarray(matrix, dtype=float)
    xp = array_namespace(matrix)

    def product(vectors):
        there = xp.asarray(np.ascontiguousarray(vectors), dtype=matrix.dtype, device=matrix.device)
        return host_array(matrix @ there)

    return LinearOperator(matrix.shape, matvec=product, matmat=product, dtype=np.float64)


def host_array(values):
    """A float64 numpy array of the same numbers, wherever they live."""
    return np.asarray(values.detach().cpu() if is_torch_array(values) else values, dtype=float)


def _operator(net, x, rows, name):
    def product(vectors):
        products = np.empty((len(x), *vectors.shape[1:]))
        for part, matrices in kernels.blocks(net, x, rows=rows, ntk=name == "ntk"):
            products[part] = host_array(getattr(matrices, name)) @ vectors
        return products

    return LinearOperator((len(x), len(x)), matvec=product, matmat=product, dtype=np.float64)
