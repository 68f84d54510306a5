"""Kernels of rows: Gram matrices of inputs of any norm, and look-ups where all have the same."""

from array_api_compat import array_namespace, is_torch_array

from ntkit.dual import clamp
from ntkit.kernels.state import Kernels, KernelState, read_out
from ntkit.kernels.tables import profile

_NEAR = 0.01  # margins 1 − |ρ| below this are taken from differences of the inputs
_BLOCK = {"numpy": 1 << 15, "cpu": 1 << 17, "cuda": 1 << 24}  # pairs looked up at a time


def row_matrices(architecture, x, y, ntk, eps):
    """Kernels of rows x (n, d), y (p, d) or None for x, float64; eps: rounding of the type they came in."""
    variance = _shared_variance(x, x if y is None else y, eps)
    if variance is not None:
        return _sphere_matrices(architecture, x, y, variance, ntk)
    return read_out(architecture, gram_state(x, y, ntk=ntk))


def gram_state(x, y=None, *, ntk=True):
    """The state of inputs of any norm: x (n, d), y (p, d), float64.

    >>> import numpy as np
    >>> state = gram_state(np.array([[3.0, 4.0], [0.0, 2.0]]))
    >>> state.covariance
    array([[25.,  8.],
           [ 8.,  4.]])
    """
    xp = array_namespace(x)
    second = x if y is None else y
    q1, q2 = xp.sum(x * x, axis=1)[:, None], xp.sum(second * second, axis=1)[None, :]
    covariance = x @ second.T
    half_distance = _near_from_differences(0.5 * (q1 + q2) - covariance, covariance, q1, q2, x, second, 1)
    half_sum = _near_from_differences(0.5 * (q1 + q2) + covariance, covariance, q1, q2, x, second, -1)
    return KernelState(
        q1,
        q2,
        covariance,
        half_distance,
        half_sum,
        0.0 * covariance if ntk else None,
        _correlations(_unit(x), _unit(second), same=y is None)[1],
    )


def _unit(x):
    """Rows divided by their norms; those of norm 1, to rounding, keep every digit, and a zero row stays."""
    xp = array_namespace(x)
    squares = xp.sum(x * x, axis=1)[:, None]
    is_kept = (xp.abs(squares - 1) <= 4 * xp.finfo(xp.float64).eps) | (squares == 0)
    return x / xp.where(is_kept, 1.0 + 0.0 * squares, xp.sqrt(squares))


def _near_from_differences(half, covariance, q1, q2, x, y, sign):
    """½‖x ∓ y‖² where the difference of Gram entries would cancel."""
    near = half < _NEAR * (q1 + q2)
    if bool(near.any()):
        half[near] = _half_distances(x, sign * y, near)
    return half


def _half_distances(x, y, where):
    """½‖x_i − y_j‖² for the pairs of `where`, in order, by chunks."""
    xp = array_namespace(x)
    i, j = xp.nonzero(where)
    step = max(1, (1 << 22) // x.shape[1])
    parts = [0.5 * xp.sum((x[i[a : a + step]] - y[j[a : a + step]]) ** 2, axis=1) for a in range(0, len(i), step)]
    return xp.concat(parts)


def _sphere_matrices(architecture, x, y, variance, ntk):
    """Matrices of inputs of one norm: rows by rows, the half below the diagonal mirrored when y is x."""
    xp = array_namespace(x)
    x = _unit(x)
    second = x if y is None else _unit(y)
    n, p = x.shape[0], second.shape[0]
    look_up = profile(architecture, variance, ntk, n * p)
    out = [xp.empty((n, p), dtype=xp.float64, device=x.device) for _ in range(2 if ntk else 1)]
    rows = max(1, _block_size(x) // p)
    for top in range(0, n, rows):
        bottom, left = min(top + rows, n), 0 if y is not None else top
        rho, margin = _correlations(x[top:bottom], second[left:], same=y is None)
        for matrix, values in zip(out, look_up(rho, margin), strict=True):
            matrix[top:bottom, left:] = values
            if y is None:
                matrix[bottom:, top:bottom] = values[:, bottom - top :].T
    return Kernels(out[0], out[1] if ntk else None)


def _block_size(x):
    return _BLOCK.get(x.device.type, _BLOCK["cuda"]) if is_torch_array(x) else _BLOCK["numpy"]


def _correlations(x, y, same):
    """ρ and 1 − |ρ| of unit rows; of a block on the diagonal if `same`."""
    xp = array_namespace(x)
    rho = clamp(x @ y.T, -1.0, 1.0)
    margin = 1 - xp.abs(rho)
    if same:
        i = xp.arange(x.shape[0], device=x.device)
        rho[i, i], margin[i, i] = 1.0, 0.0
    near = margin < _NEAR
    if same:
        near[i, i] = False
    for sign, side in ((1, rho > 0), (-1, rho < 0)):
        pairs = near & side
        if bool(pairs.any()):
            margin[pairs] = clamp(_half_distances(x, sign * y, pairs), 0.0, 1.0)
    return rho, margin


def _shared_variance(x, y, eps):
    """The squared norm that all rows have, to rounding `eps` of the type they came in; None if they differ."""
    xp = array_namespace(x)
    norms = xp.concat([xp.sum(x * x, axis=1), xp.sum(y * y, axis=1)])
    low, high = float(norms.min()), float(norms.max())
    rounding = 64 * eps
    if high - low > rounding * high or high == 0:
        return None
    middle = 0.5 * (low + high)
    return 1.0 if abs(middle - 1) <= rounding else middle
