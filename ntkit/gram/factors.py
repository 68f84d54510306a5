"""Factors R with RᵀR = E f(u)f(v) that are known to rounding of R itself: squared singular values reach 1e-30.

    plane    f(r s) = Σ_k φ_k(s) ψ_k(r), ψ_k orthonormal under r e^(−r²/2)/2π dr: rows φ_k(‖x_i‖ cos(t − θ_i)) over k
             and directions t, between two of which no argument meets the kink of f at 0
    series   rows c_m(q_i) (A_m)_i, A_mᵀA_m = (ρ_ij)^m, A_{m+1} the triangular factor of the Khatri–Rao product A_m * X̂,
             and a Cholesky factor of all that is left once that is well conditioned

A quadrature is good to rounding of R where f itself is a polynomial to rounding between its nodes: products of two are
then integrated exactly.
"""

from dataclasses import dataclass

import numpy as np
from scipy.fft import dct
from scipy.linalg import LinAlgError, cholesky
from scipy.linalg.lapack import dpocon

from ntkit.gaussian import legendre_transform, panel_nodes
from ntkit.memory import ensure_fits

_ROUNDING = 4e-16
_RADIAL_NODES = 32
_NARROWEST_RADIAL = 1e-3
_FARTHEST = 13.0  # e^(−r²/4) is below rounding
_DEGREES = (32, 64, 128, 256, 512, 1024)
_DIRECTIONS = (64, 128, 256, 512, 1024, 2048, 4096, 8192)
_PANEL_NODES = (10, 14, 20, 28)
_PANEL_TAIL = 1e-13  # of the coefficients 5 to 3 before the last: the last are then below rounding
_NARROWEST = 1e-6
_NEGLIGIBLE = 1e-17
_CHUNK = 1 << 18  # values of φ at a time
_TERMS = (32, 64, 128, 256, 512, 1024, 2048, 4096)
_WELL_CONDITIONED = 1e-9
_TALL = 8  # times as many rows as columns are worth a triangular factor


class Triangular:
    """The triangular factor of rows that come in blocks, as many columns as there are inputs.

    >>> tall = Triangular(2)
    >>> tall.add(np.ones((5, 2)))
    >>> bool(np.allclose(tall.factor.T @ tall.factor, 5.0))
    True
    """

    def __init__(self, columns):
        self._held, self._rows, self._columns = [np.empty((0, columns))], 0, columns

    def add(self, rows):
        """More rows, (any, columns)."""
        self._held.append(rows)
        self._rows += len(rows)
        if self._rows > _TALL * self._columns:
            self._reduce()

    @property
    def factor(self):
        """R, at most as many rows as columns."""
        self._reduce()
        return self._held[0]

    def _reduce(self):
        self._held = [np.linalg.qr(np.vstack(self._held), mode="r")]
        self._rows = len(self._held[0])


def khatri_rao(first, second):
    """The columnwise Kronecker product of (a, n) and (b, n), shape (ab, n): Gram matrices are multiplied entrywise.

    >>> khatri_rao(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0]]))
    array([[ 3.,  8.],
           [ 5., 12.]])
    """
    return (first[:, None] * second).reshape(-1, first.shape[1])


def span_coordinates(x):
    """The rows of x in coordinates of their span: (n, d'), d' the numerical rank; x itself if that is d.

    >>> span_coordinates(np.array([[3.0, 4.0], [6.0, 8.0]])).shape
    (2, 1)
    """
    _, values, directions = np.linalg.svd(x, full_matrices=False)
    rank = int((values > max(x.shape) * np.finfo(float).eps * values[0]).sum())
    return x if rank == x.shape[1] else x @ directions[:rank].T


def factor(f, u):
    """R with RᵀR = E f(u_i·z)f(u_j·z), z ~ N(0, I); None where no such factor is known.

    Parameters: f, an Activation; u (n, d), full column rank.
    Returns: (at most n, n); None for an f with kinks unless they are at 0 and d = 2, and for an f too steep.

    >>> import ntkit as nk
    >>> R = factor(nk.activation("relu"), np.eye(2))
    >>> (R.T @ R).round(6)
    array([[0.5     , 0.159155],
           [0.159155, 0.5     ]])
    """
    if u.shape[1] == 2 and f.kinks in ((), (0.0,)):
        found = _plane_factor(f, u)
        if found is not None:
            return found
    return None if f.kinks else _series_factor(f, u)


# --- the plane -----------------------------------------------------------------------------------------------------


def _plane_factor(f, u):
    angles, norms = np.arctan2(u[:, 1], u[:, 0]), np.hypot(*u.T)
    table = _radial_table(f, norms.max())
    if table is None:
        return None
    return _between_kinks(table, angles, norms) if f.kinks else _all_around(table, angles, norms)


@dataclass(frozen=True, eq=False)
class _Radial:
    """φ_k as Chebyshev series on [−S, S], or on [−S, 0] and [0, S] where f has a kink at 0."""

    reach: float
    sides: tuple  # of (functions, degree + 1)

    @property
    def count(self):
        return len(self.sides[0])

    def __call__(self, s, positive):
        """φ_k(s), (count, *s.shape); `positive` says on which side of 0 a place is, where it matters."""
        if len(self.sides) == 1:
            return _chebyshev(self.sides[0], s / self.reach)
        out = np.empty((self.count, *s.shape))
        for side, where, shift in zip(self.sides, (~positive, positive), (1.0, -1.0), strict=True):
            out[:, where] = _chebyshev(side, np.clip(2 * s[where] / self.reach + shift, -1.0, 1.0))
        return out


def _radial_table(f, reach):
    radii, roots = _radial_nodes(f.rescaled(float(reach)))
    ends = ((-reach, 0.0), (0.0, reach)) if f.kinks else ((-reach, reach),)
    sampled = [_sampled(f, radii, roots, *pair) for pair in ends]
    if any(side is None for side in sampled):
        return None
    # columns are weighted by their number, so that neither side outvotes the other
    basis, sizes, _ = np.linalg.svd(np.hstack([side / np.sqrt(side.shape[1]) for side in sampled]), full_matrices=False)
    basis = basis[:, sizes > _ROUNDING * sizes[0]]
    return _Radial(float(reach), tuple(_trimmed(_series_of(basis.T @ side)) for side in sampled))


def _radial_nodes(f):
    """Radii on which f(r s), |s| ≤ 1, is resolved, and the roots of their weights under r e^(−r²/2)/2π."""
    # where f decays it still is f(0) across the ray: the weight alone must end the integral
    beyond = np.arange(f.resolved.radius + 1, _FARTHEST + 1)
    edges = np.unique(np.concatenate([np.abs(f.resolved.edges), beyond, [0.0]]))
    edges = edges[np.append(True, np.diff(edges) > _NARROWEST_RADIAL)]
    radii, weights = (a.ravel() for a in panel_nodes(edges, _RADIAL_NODES))
    return radii, np.sqrt(weights * radii * np.exp(-0.5 * radii**2) / (2 * np.pi))


def _sampled(f, radii, roots, low, high):
    """√weight · f(r s) at as many Chebyshev points of [low, high] as it takes; None where 1024 are too few."""
    for degree in _DEGREES:
        points = low + 0.5 * (high - low) * (1 + np.cos(np.pi * (np.arange(degree) + 0.5) / degree))
        values = roots[:, None] * f(radii[:, None] * points)
        series = np.abs(_series_of(values))
        if series[:, -4:].max() <= 4 * _ROUNDING * series.max():
            return values
    return None


def _series_of(values):
    """Chebyshev coefficients from values at the points cos(π(i + ½)/n), along the last axis."""
    series = dct(values, type=2, axis=1) / values.shape[1]
    series[:, 0] *= 0.5
    return series


def _trimmed(series):
    sizes = np.abs(series).max(axis=0)
    return series[:, : 1 + np.flatnonzero(sizes >= 0.02 * _ROUNDING * sizes.max())[-1]]


def _chebyshev(series, x):
    """Σ_j c_kj T_j(x), (functions, *x.shape)."""
    flat = x.ravel()
    rows = np.ones((series.shape[1], flat.size))
    rows[1:2] = flat
    for j in range(2, len(rows)):
        rows[j] = 2 * flat * rows[j - 1] - rows[j - 2]
    return (series @ rows).reshape(len(series), *x.shape)  # also where x is empty


def _all_around(table, angles, norms):
    """Equal weights in the direction: exact once there are twice as many as the highest frequency of the φ_k."""
    content = _highest_frequency(table)
    if content is None:
        return None
    directions = np.pi * np.arange(2 * content + 2) / (content + 1)
    rows, step = Triangular(len(angles)), max(1, _CHUNK // (table.count * len(angles)))
    for start in range(0, len(directions), step):
        arguments = norms * np.cos(directions[start : start + step, None] - angles)
        rows.add(table(arguments, None).reshape(-1, len(angles)))
    return np.sqrt(np.pi / (content + 1)) * rows.factor


def _highest_frequency(table):
    for count in _DIRECTIONS:
        values = table(table.reach * np.cos(2 * np.pi * np.arange(count) / count), None)
        sizes = np.abs(np.fft.rfft(values, axis=1)).max(axis=0)
        if sizes[-4:].max() <= _ROUNDING * sizes.max():
            return int(np.flatnonzero(sizes > _ROUNDING * sizes.max())[-1])
    return None


def _between_kinks(table, angles, norms):
    """Panels of directions between the lines that are orthogonal to an input."""
    lines = np.unique(np.mod(np.concatenate([angles + 0.5 * np.pi, angles - 0.5 * np.pi]), 2 * np.pi))
    left, right = lines, np.append(lines[1:], lines[0] + 2 * np.pi)
    wide = right - left > 1e-15
    rows = Triangular(len(angles))
    _add_panels(rows, table, left[wide], right[wide], angles, norms)
    return rows.factor


def _add_panels(rows, table, left, right, angles, norms, rule=0):
    """Rows of every panel by the fewest nodes that resolve it; what the longest rule does not is halved."""
    if not len(left):
        return
    nodes = _PANEL_NODES[rule]
    step, rest = max(1, _CHUNK // (nodes * table.count * len(angles))), []
    for start in range(0, len(left), step):
        part = slice(start, start + step)
        coefficients, fine = _panel_rows(table, left[part], right[part], angles, norms, nodes)
        found = coefficients[:, fine].reshape(-1, len(angles))
        sizes = np.abs(found).max(axis=1, initial=0.0)
        rows.add(found[sizes > _NEGLIGIBLE * sizes.max(initial=0.0)])
        rest.append(~fine)
    rest = np.concatenate(rest)
    left, right = left[rest], right[rest]
    if rule + 1 < len(_PANEL_NODES):
        _add_panels(rows, table, left, right, angles, norms, rule + 1)
    else:
        middle = 0.5 * (left + right)
        halves = np.concatenate([left, middle]), np.concatenate([middle, right])
        _add_panels(rows, table, *halves, angles, norms, rule)


def _panel_rows(table, left, right, angles, norms, nodes):
    """Legendre coefficients of the φ_k on panels, (functions, panels, degree, inputs), and where they resolve them."""
    directions = panel_nodes(np.stack([left, right], axis=-1), nodes)[0][:, 0]
    positive = np.cos(0.5 * (left + right)[:, None] - angles) > 0
    positive = np.broadcast_to(positive[:, None], (*directions.shape, len(angles)))
    values = table(norms * np.cos(directions[..., None] - angles), positive)
    coefficients = legendre_transform(nodes) @ values
    fine = np.abs(coefficients[:, :, -5:-2]).max(axis=(0, 2, 3)) <= _PANEL_TAIL * np.abs(values).max()
    coefficients *= np.sqrt((right - left)[:, None] / (2 * np.arange(nodes) + 1))[..., None]
    return coefficients, fine | (right - left < _NARROWEST)


# --- any dimension -------------------------------------------------------------------------------------------------


def _series_factor(f, u):
    """The stack of c_m(q_i) (A_m)_i, f smooth."""
    norms = np.sqrt((u**2).sum(axis=1))
    coefficients = hermite_coefficients(f, norms)
    if coefficients is None:
        return None
    directions = (u / norms[:, None]).T
    first, rest = _well_conditioned_rest(coefficients, directions)
    rows, power = Triangular(len(u)), np.ones((1, len(u)))
    for m in range(first):
        rows.add(power * coefficients[:, m])
        if m + 1 < first:
            power = _next_power(power, directions)
    if rest is not None:
        rows.add(rest)
    return rows.factor


def hermite_coefficients(f, norms):
    """c_m of x ↦ f(√q_i x), (n, terms), until they are below rounding; None where 4096 are not enough.

    >>> import ntkit as nk
    >>> hermite_coefficients(nk.activation("quadratic"), np.array([1.0]))[:, :4].round(12) + 0.0
    array([[0., 0., 1., 0.]])
    """
    distinct, where = np.unique(norms.round(14), return_inverse=True)
    if np.ptp(norms) <= 64 * np.finfo(float).eps * norms.max():
        distinct, where = np.array([norms.mean()]), np.zeros(len(norms), dtype=int)
    distinct = np.where(np.abs(distinct - 1) <= 64 * np.finfo(float).eps, 1.0, distinct)
    resolved = [f.rescaled(float(norm)).resolved for norm in distinct]
    scale = np.sqrt([r.expectation(r.values**2) for r in resolved])[:, None]
    for terms in _TERMS:
        found = np.array([r.hermite(terms) for r in resolved])
        kept = np.flatnonzero((np.abs(found) > 0.5 * _ROUNDING * scale).any(axis=0))
        if len(kept) and kept[-1] < 0.875 * terms:
            return found[where, : kept[-1] + 1]
    return None


def _next_power(power, directions):
    """The triangular factor of A_m * X̂, one coordinate at a time."""
    ensure_fits((len(power) * _TALL, power.shape[1]), copies=2, instead="Take fewer inputs.")
    rows = Triangular(power.shape[1])
    for direction in directions:
        rows.add(power * direction)
    return rows.factor


def _well_conditioned_rest(coefficients, directions):
    """The least m from which on Σ c_m c_mᵀ ∘ ρ^m is well conditioned, and its Cholesky factor; else all terms, None."""
    rho = directions.T @ directions
    np.fill_diagonal(rho, 1.0)
    terms, best = coefficients.shape[1], None
    checked = {m for k in range(14) for m in (2**k, 3 * 2**k)} | {0}
    total = np.zeros_like(rho)
    for m in range(terms - 1, -1, -1):
        total = total * rho + np.outer(coefficients[:, m], coefficients[:, m])
        if m in checked:
            found = _cholesky(total * rho**m)
            best = (m, found) if found is not None else best
    return best or (terms, None)


def _cholesky(gram):
    """The upper Cholesky factor, or None where the matrix is not well conditioned."""
    try:
        upper = cholesky(gram, check_finite=False)
    except LinAlgError:
        return None
    reciprocal, _ = dpocon(upper, np.abs(gram).sum(axis=0).max())
    return upper if reciprocal > _WELL_CONDITIONED else None
