"""Kernels of one finite network: the empirical NNGP and neural tangent kernels, and how much memory they take.

    Θ(x, x') = ⟨∂f(x)/∂θ, ∂f(x')/∂θ⟩ over the parameters θ that require a gradient: freeze some, and theirs drop out.

With k outputs Θ(x, x') is a k × k matrix; `empirical_ntk` gives its trace over k, which is what tends to the infinite
network's kernel, and `empirical_ntk_outputs` all of it.
Source: Jacot, Gabriel, Hongler (2018); Novak, Sohl-Dickstein, Schoenholz (2022) for the comparison of methods.
"""

from enum import StrEnum

import torch

from ntkit.memory import ensure_fits
from ntkit.networks._jacobian import Jacobian, Products, kernel_times, trained_parameters
from ntkit.networks._layerwise import Layerwise
from ntkit.networks._memory import Demand, estimate, free_memory, require_memory
from ntkit.networks._tensors import like, require_independent_rows, rows_for, size_of


class Method(StrEnum):
    """Ways to compute an empirical neural tangent kernel, n × p, of a network with P parameters and k outputs.

    All give the same matrix to rounding; they differ in time and memory.

    auto:      the default: layer by layer where that is possible, since nothing else is as fast there; otherwise by
               Jacobians, which take any module.
    layerwise: one forward and k backward passes, then (A Aᵀ) ∘ (B Bᵀ) for each layer; memory grows with the number of
               units, not of weights.  Wins for every stack of dense layers, by 10 to 100 times in width.
    jacobian:  vmap of jacrev, all weights at once; memory (n + p) k P numbers, less with `chunk`.  Takes any module
               whose outputs depend on their own rows; the oracle of the other two.
    products:  columns Θ e_j as J(x) (J(y)ᵀ e_j); memory P numbers and all rows' activations a column.  Wins where
               Jacobians are too large and few columns are wanted; otherwise the slowest.
    """

    AUTO = "auto"
    LAYERWISE = "layerwise"
    JACOBIAN = "jacobian"
    PRODUCTS = "products"


_COMPUTE = {Method.LAYERWISE: Layerwise, Method.JACOBIAN: Jacobian, Method.PRODUCTS: Products}


def empirical_nngp(module, x, y=None):
    """The finite network's NNGP kernel φ(x)·φ(y): (n, d), (p, d) → (n, p).

    φ, the module's `features`, are the last hidden post-activations over √width.  The kernel drives training of the
    read-out alone.
    Parameters: module with `features`, as `net.module(...)` gives it; x, y rows, numpy or torch; y is x by default.
    Returns: the kind that x is, in the module's precision.
    Raises: TypeError for a module without `features`; ValueError for rows that are not finite; MemoryError for a matrix
    that does not fit.

    >>> import ntkit as nk
    >>> empirical_nngp(nk.mlp(2, "relu").module(3, width=64, seed=0), torch.eye(3)).shape
    torch.Size([3, 3])
    """
    if not hasattr(module, "features"):
        raise TypeError(
            "the NNGP kernel needs module.features(x), the last hidden layer's outputs over the root of its width; "
            f"{type(module).__name__} has none. Modules made by net.module(...) have it."
        )
    rows, others = rows_for(module, x), None if y is None else rows_for(module, y, "y")
    ensure_fits(
        (len(rows), len(rows if others is None else others)),
        itemsize=rows.element_size(),
        free=free_memory(rows.device),
        instead="Take some rows at a time: empirical_nngp(module, x[:k], x).",
    )
    with torch.no_grad():
        left = module.features(rows)
        right = left if others is None else module.features(others)
        return like(x, left @ right.T)


def empirical_ntk(module, x, y=None, *, method="auto", chunk=None):
    """The finite network's neural tangent kernel Θ(x, y), averaged over outputs: (n, d), (p, d) → (n, p).

    Parameters: module, any whose outputs, (n, k) or (n,), depend on their own rows; x, y rows, numpy or torch; y is x
    by default; method, a member of Method or its name; chunk, rows (with "products" columns) worked on at a time, all
    of them by default.
    Returns: the kind that x is, in the module's precision, computed on its device.
    Raises: MemoryError before anything is computed, with the estimate and a chunk that fits; ValueError for a method
    that does not suit the module, for batch normalisation in training mode and for frozen modules.

    >>> empirical_ntk(torch.nn.Linear(2, 1), [[1.0, 2.0], [0.0, 1.0]])
    array([[6., 3.],
           [3., 2.]], dtype=float32)
    """
    rows, others = _rows(module, x, y)
    method = _suitable(module, method)
    compute, demand = _COMPUTE[method](module), _demand(module, rows, others, method)
    require_memory(compute, demand, _checked_chunk(chunk), rows.device)
    run = _by_columns if method is Method.PRODUCTS else _by_blocks
    return like(x, run(compute, rows, others, chunk, demand.size.outputs))


def empirical_ntk_outputs(module, x, y=None):
    """Θ for every pair of outputs, (n, p, k, k): entry [i, j, a, b] = ⟨∂f_a(x_i)/∂θ, ∂f_b(y_j)/∂θ⟩.

    Off-diagonal blocks vanish with growing width; parameters and errors as in `empirical_ntk`, by Jacobians.

    >>> empirical_ntk_outputs(torch.nn.Linear(2, 3, bias=False), [[2.0, 0.0]])[0, 0]
    array([[4., 0., 0.],
           [0., 4., 0.],
           [0., 0., 4.]], dtype=float32)
    """
    rows, others = _rows(module, x, y)
    compute = Jacobian(module)
    require_memory(compute, _demand(module, rows, others, Method.JACOBIAN), None, rows.device)
    left = compute.gradients(rows)
    right = left if others is None else compute.gradients(others)
    return like(x, compute.contract_outputs(left, right))


def ntk_vector_product(module, x, vector, y=None):
    """Θ(x, y) v without the matrix: J(x) (J(y)ᵀ v), three passes whatever n.

    Parameters: vector v, shape (p,), or (p, k) for k outputs, where Θ is all of (n, p, k, k); others as in
    `empirical_ntk`.
    Returns: shape (n,) or (n, k), the kind that x is.
    Raises: ValueError when v does not fit the rows and outputs.

    >>> ntk_vector_product(torch.nn.Linear(2, 1), [[1.0, 2.0], [0.0, 1.0]], [1.0, -1.0])
    array([3., 1.], dtype=float32)
    """
    rows, others = _rows(module, x, y)
    others = rows if others is None else others
    outputs = size_of(module, rows).outputs
    vector = torch.as_tensor(vector, dtype=rows.dtype, device=rows.device)
    if tuple(vector.shape) not in {(len(others), outputs), (len(others),)} or (vector.ndim == 1 and outputs != 1):
        raise ValueError(f"vector must have shape ({len(others)}, {outputs}); got {tuple(vector.shape)}.")
    product = kernel_times(module, rows, others, vector.reshape(len(others), outputs))
    return like(x, product.reshape(len(rows), *vector.shape[1:]))


def estimate_memory(module, x, y=None, *, method="auto", chunk=None):
    """Bytes that `empirical_ntk` with these arguments takes at its peak, beside the module itself: an int.

    >>> import ntkit as nk
    >>> module = nk.mlp(4, "relu").module(20, width=512, seed=0)
    >>> layerwise, jacobian = (estimate_memory(module, torch.ones(64, 20), method=m) for m in ("layerwise", "jacobian"))
    >>> jacobian > 20 * layerwise
    True
    """
    rows, others = _rows(module, x, y)
    method = _suitable(module, method)
    return estimate(_COMPUTE[method](module), _demand(module, rows, others, method), _checked_chunk(chunk))


def _rows(module, x, y):
    rows, others = rows_for(module, x), None if y is None else rows_for(module, y, "y")
    require_independent_rows(module)
    trained_parameters(module)
    return rows, others


def _suitable(module, method):
    if method not in list(Method):
        raise ValueError(f"method must be one of {', '.join(repr(str(m)) for m in Method)}; got {method!r}.")
    method = Method(method)
    if method is Method.AUTO:
        return Method.LAYERWISE if Layerwise.fits(module) else Method.JACOBIAN
    return method


def _demand(module, rows, others, method):
    columns = rows if others is None else others
    return Demand(method, len(rows), len(columns), others is None, size_of(module, rows), rows.element_size())


def _checked_chunk(chunk):
    if chunk is not None and (chunk != int(chunk) or chunk < 1):
        raise ValueError(f"chunk must be a whole number of rows, at least 1; got {chunk}.")
    return chunk


def _by_blocks(compute, rows, others, chunk, outputs):
    """Kernel from the gradients of blocks of rows; those above the diagonal once where it is symmetric."""
    symmetric = others is None
    others = rows if symmetric else others
    kernel = rows.new_empty(len(rows), len(others))
    for i, left_rows in _blocks(rows, chunk):
        left = compute.gradients(left_rows)
        for j, right_rows in _blocks(others, chunk):
            if symmetric and j.start < i.start:
                continue
            # Not named, so that one block's gradients are gone before the next are computed.
            block = compute.contract(left, left if symmetric and i == j else compute.gradients(right_rows), outputs)
            kernel[i, j] = block
            if symmetric and i != j:
                kernel[j, i] = block.T
    return kernel


def _by_columns(compute, rows, others, chunk, outputs):
    others = rows if others is None else others
    columns = torch.arange(len(others), device=rows.device)
    return torch.cat([compute.columns(rows, others, chosen, outputs) for _, chosen in _blocks(columns, chunk)], dim=1)


def _blocks(rows, chunk):
    size = len(rows) if chunk is None else int(chunk)
    for start in range(0, len(rows), size):
        block = slice(start, min(start + size, len(rows)))
        yield block, rows[block]
