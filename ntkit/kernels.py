"""Running an architecture over data: NNGP and NTK, on the sphere and off it.

A kernel passes through the layers as a `KernelState`: beside the covariance k = E uv of two pre-activations or
activations it carries the half squared distance h = ½E(u − v)² and the half squared sum s = ½E(u + v)², so that neither
k near 0 nor ρ near ±1 cancels.  Dense layers, pooling and residual sums act linearly on all three.

For inputs of one norm every kernel is a function of the correlation alone.  A matrix is then a look-up: the layers run
once over a mesh of correlations, graded towards ρ = ±1 like floating-point numbers are, and every pair of inputs reads
its value from polynomials on that mesh.  The cost of a matrix does not grow with the depth.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from array_api_compat import array_namespace, is_torch_array

from ntkit.dual import clamp
from ntkit.memory import ensure_fits

_DIRECT_PAIRS = 4096  # up to here the layers run over the pairs themselves
_NEAR = 0.01  # margins 1 − |ρ| below this are taken from differences of the inputs
_ROUNDING = 4e-15  # relative, of distances of inputs of different norms
_OCTAVES = 112  # margins down to 2e-34; float64 inputs that differ have larger ones
_COARSE = 16  # Chebyshev points on an octave
_FINE = 32  # panels on an octave, a power of two
_DEGREE = 5
_BLOCK = {"numpy": 1 << 15, "cpu": 1 << 17, "cuda": 1 << 24}  # pairs looked up at a time


@dataclass(frozen=True, eq=False)
class Kernels:
    """NNGP and NTK of the same pairs; ntk is None where it was not asked for."""

    nngp: np.ndarray
    ntk: np.ndarray | None


@dataclass(frozen=True, eq=False)
class KernelState:
    """Second moments of the signals u (first input) and v (second) of one neuron, and the NTK up to here.

    variance1 = E u², variance2 = E v²: numbers when all inputs share them, else (n, 1) and (1, p).
    covariance = E uv, half_distance = ½E(u − v)², half_sum = ½E(u + v)², ntk: (n, p); ntk None: not followed.
    known_margin: 1 − |ρ|, where a layer knows it better than the distances do (norms that differ hide small angles).
    """

    variance1: object
    variance2: object
    covariance: np.ndarray
    half_distance: np.ndarray
    half_sum: np.ndarray
    ntk: np.ndarray | None
    known_margin: np.ndarray | None = None

    @property
    def is_shared(self):
        """Whether every input has the same variance."""
        return isinstance(self.variance1, float) and self.variance1 == self.variance2

    def affine(self, weight, bias):
        """The state of weight^½ W u + bias^½ b: W, b of unit variance, both trained."""
        covariance = weight * self.covariance + bias
        return KernelState(
            weight * self.variance1 + bias,
            weight * self.variance2 + bias,
            covariance,
            weight * self.half_distance,
            weight * self.half_sum + 2 * bias,
            None if self.ntk is None else covariance + weight * self.ntk,
            None if bias else self.known_margin,
        )

    @property
    def correlation(self):
        """ρ = E uv/√(E u² E v²), 0 where one of them vanishes."""
        return self.covariance / self._scale

    @property
    def gap(self):
        """1 − ρ."""
        return (self.half_distance - self._mismatch) / self._scale

    @property
    def margin(self):
        """1 − |ρ|, from h or s, whichever is the smaller; what is below their rounding is 0: parallel inputs."""
        if self.known_margin is not None:
            return self.known_margin
        xp = array_namespace(self.covariance)
        nearer = xp.minimum(self.half_distance, self.half_sum)
        if self.is_shared:
            return clamp(nearer / self._scale, 0.0, 1.0)
        apart = nearer - self._mismatch
        rounding = _ROUNDING * (nearer + xp.abs(self.variance1 - self.variance2))
        return clamp(xp.where(apart <= rounding, 0.0 * apart, apart) / self._scale, 0.0, 1.0)

    @property
    def _scale(self):
        """√(E u² E v²); 1 where it vanishes, and with it everything that is divided by it."""
        if self.is_shared:
            return self.variance1
        scale = (self.variance1 * self.variance2) ** 0.5
        return array_namespace(scale).where(scale > 0, scale, 1.0 + scale)

    @property
    def _mismatch(self):
        return 0.0 if self.is_shared else 0.5 * (self.variance1**0.5 - self.variance2**0.5) ** 2


def sphere_state(rho=None, *, gap=None, variance=1.0, ntk=True):
    """The state of inputs of one norm, from their correlation or from 1 − ρ.

    >>> float(sphere_state(gap=1e-20).margin)
    1e-20
    """
    demand_one(rho, gap)
    given = _as_float(gap if rho is None else rho)
    low, high, name = (0, 2, "gap") if rho is None else (-1, 1, "rho")
    inside = (given >= low) & (given <= high)
    if not bool(inside.all()):
        raise ValueError(f"{name} must lie in [{low}, {high}]; got {float(given[~inside].ravel()[0])}.")
    rho, gap = (1 - given, given) if rho is None else (given, 1 - given)
    return KernelState(
        variance, variance, variance * rho, variance * gap, variance * (1 + rho), 0.0 * rho if ntk else None
    )


def demand_one(rho, gap):
    """Refuse what does not say which of the two is meant.

    >>> demand_one(0.5, None)
    """
    if (rho is None) == (gap is None):
        raise TypeError("give either rho or gap=, not both: a correlation is accurate near 0, its gap 1 − ρ near 1.")


def run(layers, state):
    """The state behind the last of `layers`.

    >>> import ntkit as nk
    >>> state = run(nk.mlp(1, "relu").layers, sphere_state(1.0))
    >>> round(float(state.covariance), 12), round(float(state.ntk), 12)
    (0.5, 1.0)
    """
    for layer in layers:
        state = layer.propagate(state)
    return state


# --- matrices ------------------------------------------------------------------------------------------------------


def matrices(architecture, x, y=None, *, ntk=True):
    """NNGP and, if asked for, NTK of all pairs of rows.

    Parameters: x (n, d), y (p, d) or None for y = x; numpy or torch, any device. Computed in float64, returned in the
    type that came in.
    Returns: Kernels of (n, p) arrays.
    Raises: ValueError for inputs that are not finite or not of that shape; MemoryError with the size, if the matrices
    would not fit.

    >>> import ntkit as nk
    >>> matrices(nk.mlp(1, "relu"), np.eye(2)).ntk.round(6)
    array([[1.      , 0.159155],
           [0.159155, 1.      ]])
    """
    x = _rows(x, "x")
    second = x if y is None else _rows(y, "y")
    if second.shape[1] != x.shape[1]:
        raise ValueError(f"x and y must have rows of the same length; got {x.shape[1]} and {second.shape[1]}.")
    kept = 2 if ntk else 1
    ensure_fits((x.shape[0], second.shape[0]), copies=kept)
    dtype = _result_type(x)
    x64, y64 = _to_float64(x), _to_float64(second)
    variance = _shared_variance(x, x64, y64)
    if variance is not None:
        found = _sphere_matrices(architecture, x64, None if y is None else y64, variance, ntk)
    else:
        found = _read_out(architecture, gram_state(x64, None if y is None else y64, ntk=ntk))
    xp = array_namespace(x)
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


def gram_state(x, y=None, *, ntk=True):
    """The state of inputs of any norm: x (n, d), y (p, d), float64.

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


def _read_out(architecture, state):
    hidden = run(architecture.hidden, state)
    out = run(architecture.read_out, hidden)
    return Kernels(out.covariance, out.ntk)


def _rows(x, name):
    if not is_torch_array(x):
        x = np.asarray(x)
        x = x if x.dtype in (np.float32, np.float64) else x.astype(float)
    if x.ndim != 2 or 0 in x.shape:
        raise ValueError(f"{name} must be a matrix with one input a row, shape (n, d); got shape {tuple(x.shape)}.")
    bad = ~array_namespace(x).isfinite(x)
    if bool(bad.any()):
        rows = np.flatnonzero(np.asarray(bad.any(axis=1).tolist()))
        raise ValueError(f"{name} must be finite; rows {rows[:5].tolist()} hold NaN or infinity.")
    return x


def _result_type(x):
    xp = array_namespace(x)
    return x.dtype if x.dtype in (xp.float32, xp.float64) else xp.float64


def _to_float64(x):
    xp = array_namespace(x)
    return xp.astype(x, xp.float64, copy=False)


def _shared_variance(x, x64, y64):
    """The squared norm that all rows have, to rounding of the type they came in; None if they differ."""
    xp = array_namespace(x64)
    norms = xp.concat([xp.sum(x64 * x64, axis=1), xp.sum(y64 * y64, axis=1)])
    low, high = float(norms.min()), float(norms.max())
    rounding = 64 * float(xp.finfo(_result_type(x)).eps)
    if high - low > rounding * high or high == 0:
        return None
    middle = 0.5 * (low + high)
    return 1.0 if abs(middle - 1) <= rounding else middle


def _as_float(value):
    return value if is_torch_array(value) else np.asarray(value, dtype=float)


# --- the sphere ----------------------------------------------------------------------------------------------------


def _sphere_matrices(architecture, x, y, variance, ntk):
    """Matrices of inputs of one norm: rows by rows, the half below the diagonal mirrored when y is x."""
    xp = array_namespace(x)
    x = _unit(x)
    second = x if y is None else _unit(y)
    n, p = x.shape[0], second.shape[0]
    look_up = _profile(architecture, variance, ntk, n * p)
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


def _profile(architecture, variance, ntk, pairs):
    """(ρ, margin) → kernels of the read-out: the layers themselves, or their table if there are many pairs."""
    if pairs > _DIRECT_PAIRS:
        return ProfileTable.of(architecture, variance, ntk)

    def direct(rho, margin):
        shape = rho.shape
        state = _margin_state(rho.reshape(-1), margin.reshape(-1), variance, ntk)
        kernels = _read_out(architecture, state)
        return [k.reshape(shape) for k in (kernels.nngp, kernels.ntk) if k is not None]

    return direct


def _margin_state(rho, margin, variance, ntk):
    xp = array_namespace(rho)
    near, far = variance * margin, variance * (2 - margin)
    positive = rho >= 0
    return KernelState(
        variance,
        variance,
        variance * rho,
        xp.where(positive, near, far),
        xp.where(positive, far, near),
        0.0 * rho if ntk else None,
    )


class ProfileTable:
    """Kernels of one architecture on a sphere as polynomials of the margin 1 − |ρ|, for ρ ≥ 0 and ρ < 0.

    The panels are those of floating-point numbers, every octave of the margin cut in `_FINE`: the panel of a margin is
    read off its exponent and leading bits.
    """

    def __init__(self, coefficients, ends):
        self._coefficients = coefficients  # (kernels, degree + 1, side · panels), highest power first
        self._ends = ends  # of every kernel, at ρ = −1 and ρ = 1
        self._devices = {}

    @classmethod
    def of(cls, architecture, variance, ntk):
        return _table(cls, architecture, variance, ntk)

    def __call__(self, rho, margin):
        """The kernels at ρ, given with 1 − |ρ|."""
        xp = array_namespace(rho)
        panel, local = _panel(margin)
        panel = xp.where(rho < 0, panel + _OCTAVES * _FINE, panel)
        values = self._horner(panel.reshape(-1), local.reshape(-1))
        values = [v.reshape(rho.shape) for v in values]
        parallel = margin == 0
        for value, (antipodal, same) in zip(values, self._ends, strict=True):
            value[parallel & (rho > 0)] = same
            value[parallel & (rho < 0)] = antipodal
        return values

    def _horner(self, panel, local):
        values = []
        for coefficients in self._on_device(local):
            value = coefficients[0][panel]
            for row in coefficients[1:]:
                value *= local
                value += row[panel]
            values.append(value)
        return values

    def _on_device(self, like):
        if not is_torch_array(like):
            return self._coefficients
        key = str(like.device)
        if key not in self._devices:
            self._devices[key] = array_namespace(like).asarray(self._coefficients, device=like.device)
        return self._devices[key]


def _panel(margin):
    """The panel of a margin and its place in it, in [−1, 1): exponent and mantissa of the float64."""
    xp = array_namespace(margin)
    bits = clamp(margin, 2.0**-_OCTAVES, 1 - 2.0**-53).view(xp.int64)
    shift = 52 - (_FINE.bit_length() - 1)
    panel = (bits >> shift) - ((1023 - _OCTAVES) * _FINE)
    local = xp.astype(bits & ((1 << shift) - 1), xp.float64) * 2.0 ** (1 - shift) - 1.0
    return panel, local


@lru_cache(maxsize=64)
def _table(cls, architecture, variance, ntk):
    """Run the layers on Chebyshev points of every octave, then resample to polynomials of low degree."""
    points = 1.5 + 0.5 * _chebyshev(_COARSE)
    margins = (2.0 ** np.arange(-_OCTAVES, 0)[:, None] * points).ravel()
    rho = np.concatenate([1 - margins, margins - 1])
    kernels = _read_out(architecture, _margin_state(rho, np.tile(margins, 2), variance, ntk))
    ends = _read_out(architecture, _margin_state(np.array([-1.0, 1.0]), np.zeros(2), variance, ntk))
    kept = [(k, e) for k, e in ((kernels.nngp, ends.nngp), (kernels.ntk, ends.ntk)) if k is not None]
    resample = _resampling()
    fine = [(values.reshape(-1, _COARSE) @ resample.T).reshape(-1, _DEGREE + 1) for values, _ in kept]
    return cls(np.stack([f.T for f in fine]), [e.tolist() for _, e in kept])


def _chebyshev(count):
    return -np.cos(np.pi * (np.arange(count) + 0.5) / count)


@lru_cache(maxsize=1)
def _resampling():
    """Matrix from values on the coarse points of an octave to the power coefficients on its fine panels."""
    coarse, local = _chebyshev(_COARSE), _chebyshev(_DEGREE + 1)
    centres = (2 * np.arange(_FINE) + 1) / _FINE - 1
    fine = (centres[:, None] + local / _FINE).ravel()
    chebyshev = np.polynomial.chebyshev.chebvander
    values = chebyshev(fine, _COARSE - 1) @ np.linalg.inv(chebyshev(coarse, _COARSE - 1))
    powers = np.linalg.inv(np.vander(local, _DEGREE + 1))
    return np.einsum("ab,pbc->pac", powers, values.reshape(_FINE, _DEGREE + 1, _COARSE)).reshape(-1, _COARSE)
