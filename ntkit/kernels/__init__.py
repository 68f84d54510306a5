"""Running an architecture over data: NNGP and NTK, on the sphere and off it, of rows and of images.

A kernel passes through the layers as a `KernelState`: beside the covariance k = E uv of two pre-activations or
activations it carries the half squared distance h = ½E(u − v)² and the half squared sum s = ½E(u + v)², so that neither
k near 0 nor ρ near ±1 cancels.  Dense and convolutional layers and residual sums act linearly on all three.

For rows of one norm every kernel is a function of the correlation alone.  A matrix is then a look-up: the layers run
once over a mesh of correlations, graded towards ρ = ±1 like floating-point numbers are, and every pair of inputs reads
its value from polynomials on that mesh.  The cost of a matrix does not grow with the depth.
"""

import numpy as np
from array_api_compat import array_namespace, is_torch_array

from ntkit.kernels.images import image_matrices, image_state
from ntkit.kernels.rows import gram_state, row_matrices
from ntkit.kernels.state import CENTRED, Kernels, KernelState, demand_one, read_out, run, sphere_state
from ntkit.memory import ensure_fits

__all__ = [
    "CENTRED",
    "KernelState",
    "Kernels",
    "blocks",
    "demand_one",
    "gram_state",
    "image_state",
    "matrices",
    "read_out",
    "run",
    "sphere_state",
]


_SHAPES = {
    False: "a matrix with one input a row, shape (n, d), or the network must begin with a Convolution",
    True: "images, shape (n, channels, *pixels), for a network with convolutions",
}


def matrices(architecture, x, y=None, *, ntk=True):
    """NNGP and, if asked for, NTK of all pairs of rows.

    Parameters: x (n, d), or (n, channels, *pixels) where the architecture takes images; y (p, …) or None for y = x;
    numpy or torch, any device.  Computed in float64, returned in the type that came in.
    Returns: Kernels of (n, p) arrays.
    Raises: ValueError for inputs that are not finite or not of that shape; MemoryError with the size, if the matrices
    would not fit.

    >>> import ntkit as nk
    >>> matrices(nk.mlp(1, "relu"), np.eye(2)).ntk.round(6)
    array([[1.      , 0.159155],
           [0.159155, 1.      ]])
    """
    x = _inputs(architecture, x, "x")
    second = x if y is None else _inputs(architecture, y, "y")
    if second.shape[1:] != x.shape[1:]:
        raise ValueError(
            f"x and y must hold inputs of one shape; got {tuple(x.shape[1:])} and {tuple(second.shape[1:])}."
        )
    ensure_fits((x.shape[0], second.shape[0]), copies=2 if ntk else 1)
    xp, dtype = array_namespace(x), _result_type(x)
    x64, y64 = (None if a is None else _scaled(architecture, a) for a in (x, None if y is None else second))
    if architecture.takes_images:
        found = image_matrices(architecture, x64, y64, ntk)
    else:
        found = row_matrices(architecture, x64, y64, ntk, float(xp.finfo(dtype).eps))
    return Kernels(*(None if k is None else xp.astype(k, dtype, copy=False) for k in (found.nngp, found.ntk)))


def blocks(architecture, x, y=None, *, rows=None, ntk=True):
    """The matrices by blocks of rows, for data whose matrix would not fit.

    Parameters: rows, the height of a block; by default so that a block takes about 256 MB.
    Yields: (slice of rows, Kernels of shape (rows, p)).

    >>> import ntkit as nk
    >>> net, x = nk.mlp(3, nk.activation("tanh").normalized()), nk.data.half_circle(5).x
    >>> [kernels.ntk.shape for _, kernels in nk.kernels.blocks(net, x, rows=2)]
    [(2, 5), (2, 5), (1, 5)]
    """
    second = x if y is None else y
    rows = rows or max(1, (1 << 25) // len(second))
    for start in range(0, len(x), rows):
        part = slice(start, min(start + rows, len(x)))
        yield part, matrices(architecture, x[part], second, ntk=ntk)


def _inputs(architecture, x, name):
    if not is_torch_array(x):
        x = np.asarray(x)
        x = x if x.dtype in (np.float32, np.float64) else x.astype(float)
    if 0 in x.shape or (x.ndim < 3 if architecture.takes_images else x.ndim != 2):
        raise ValueError(f"{name} must be {_SHAPES[architecture.takes_images]}; got shape {tuple(x.shape)}.")
    bad = ~array_namespace(x).isfinite(x)
    if bool(bad.any()):
        rows = np.flatnonzero(np.asarray(bad.reshape(bad.shape[0], -1).any(axis=1).tolist()))
        raise ValueError(f"{name} must be finite; rows {rows[:5].tolist()} hold NaN or infinity.")
    return x


def _result_type(x):
    xp = array_namespace(x)
    return x.dtype if x.dtype in (xp.float32, xp.float64) else xp.float64


def _scaled(architecture, x):
    """In float64; over √d, d the coordinates or channels, where the first layer scales by its inputs."""
    xp = array_namespace(x)
    x = xp.astype(x, xp.float64, copy=False)
    return x / x.shape[1] ** 0.5 if architecture.scales_inputs else x
