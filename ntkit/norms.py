"""Inputs of different norms: the moments of σ(√q₁ U), σ(√q₂ V), corr(U, V) = ρ, for every pair of a matrix.

What keeps the distance of two close inputs accurate, and with it everything deeper layers make of it:

    h = ½E(σ(√q₁ U) − σ(√q₂ V))² = H₀(q₁, q₂) + √(q₁q₂) ∫_ρ¹ D(r) dr,     D(r) = E σ'(√q₁ U)σ'(√q₂ V),

H₀ = ½E(σ(√q₁ U) − σ(√q₂ U))², and E σσ = ½(Q₁ + Q₂) − h.  Four ways to D, the first that applies:

    homogeneous up to a constant   σ(tx) = t^r σ(x): the norms factor out (ReLU, |x|, step, also normalised)
    Hermite                        Σ_m a_m(q₁) a_m(q₂) ρ^m, for smooth σ; a_m(q): coefficients of x ↦ σ(√q x)
    piecewise linear               D' is a sum of bivariate normal densities at the kinks (hardtanh, ReLU6, NormReLU)
    interpolated                   kinks at 0 only (ELU, SELU, softsign): smooth in (log q₁, log q₂, θ)

and, for what is left and for few pairs in the place of a table, quadrature pair by pair.  Leading axes, of pixels, are
worked through side by side: variances (…, n, 1) and (…, 1, p).  A zero vector is σ(0), correlated with nothing.
Source: Agarwal, Awasthi, Kale (2021), section 3.5 and appendix D (Lemma 40, eq. 15, 16).
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from array_api_compat import array_namespace, is_torch_array
from scipy.special import ndtr

from ntkit.gaussian import (
    NODES,
    density,
    gauss_legendre,
    hermite_functions,
    panel_nodes,
    panel_width,
    product_nodes,
    root_density,
    subdivide,
)
from ntkit.octaves import OctavePolynomials, sample_margins
from ntkit.resolving import resolve
from ntkit.slopes import piecewise_constant_levels

_TERMS = (64, 128, 256, 512, 1024, 2048, 4096)
_FEW_NORMS = 3
_FEW_PAIRS = 64  # done one by one before a table is ready
_DIRECT_PAIRS = 1 << 14  # up to here a dual is evaluated, beyond it is read from a table
_LOOK_UPS = 1 << 15  # at a time
_FEW_MOMENTS = 24  # variances whose moments are taken one by one
_MOMENT_PANEL, _MOMENT_POINTS = 0.5, 20  # of log √q
_ANGLE_POINTS = (24, 48, 96, 160)
_NORM_POINTS = (8, 14, 24, 40, 56)
_RANGE_STEP = 0.5  # of log q
_TAIL = 1e-12
_WHOLE_LINE = 9.0  # nodes up to here see all that a normal variable does
_NARROWEST = 0.2  # panels of the plane; narrower ones take minutes
_CHUNK = 1 << 13
_GRADING = np.concatenate([[0.0], 2.5 ** np.arange(-14.0, 1.0)])  # of the angle, towards 0


@dataclass(frozen=True, eq=False)
class Moments:
    """variance1 E σ(u)² (n, 1), variance2 (1, p); half_distance, half_sum, slope D (n, p); slope None: not asked for.

    margin: 1 − |ρ| of the outputs, where it is known better than from the distances.
    """

    variance1: np.ndarray
    variance2: np.ndarray
    half_distance: np.ndarray
    half_sum: np.ndarray
    slope: np.ndarray | None
    margin: np.ndarray | None = None

    @property
    def covariance(self):
        """E σ(u)σ(v), from the smaller of the two."""
        xp = array_namespace(self.half_sum)
        half = 0.5 * (self.variance1 + self.variance2)
        return xp.where(self.half_distance < self.half_sum, half - self.half_distance, self.half_sum - half)


def moments(sigma, variance1, variance2, rho, margin, *, slope=True):
    """The moments of a layer for every pair.

    Parameters: variance1 (…, n, 1), variance2 (…, 1, p), the variances of its inputs; rho and margin 1 − |ρ| (…, n, p).
    Returns: Moments.
    """
    method = _method(sigma)
    if method is _interpolated and math.prod(rho.shape) <= _FEW_PAIRS:
        method = _pairwise
    if method is _homogeneous or bool((variance1 > 0).all() & (variance2 > 0).all()):
        return method(sigma, variance1, variance2, rho, margin, slope)
    return _with_zero_vectors(method, sigma, variance1, variance2, rho, margin, slope)


def _with_zero_vectors(method, sigma, variance1, variance2, rho, margin, slope):
    """E σ(0)σ(v) = σ(0) E σ(v) where one of the two vanishes, and the slope likewise; elsewhere by `method`."""
    xp = array_namespace(rho)
    is_zero = variance1 == 0, variance2 == 0
    blank = is_zero[0] | is_zero[1]
    stand_in = _smallest_positive(variance1, variance2)
    first, second = (xp.where(zero, stand_in + q, q) for zero, q in zip(is_zero, (variance1, variance2), strict=True))
    found = method(sigma, first, second, xp.where(blank, 0.0 * rho, rho), xp.where(blank, 1 + 0.0 * rho, margin), slope)

    def beside(at_zero, of_variance):
        return (
            xp.where(zero, at_zero + 0.0 * q, of_variance(sigma, q))
            for zero, q in zip(is_zero, (first, second), strict=True)
        )

    at_zero = float(sigma(np.zeros(1))[0])
    variances = [
        xp.where(zero, at_zero**2 + 0.0 * q, q)
        for zero, q in zip(is_zero, (found.variance1, found.variance2), strict=True)
    ]
    mean1, mean2 = beside(at_zero, means)
    half, product = 0.5 * (variances[0] + variances[1]), mean1 * mean2
    if slope:
        slope1, slope2 = beside(float(sigma.derivative(np.zeros(1))[0]), _mean_slopes)
    return Moments(
        *variances,
        xp.where(blank, half - product, found.half_distance),
        xp.where(blank, half + product, found.half_sum),
        xp.where(blank, slope1 * slope2, found.slope) if slope else None,
    )


def _smallest_positive(*variances):
    positive = np.concatenate([_to_numpy(q).ravel() for q in variances])
    positive = positive[positive > 0]
    return float(positive.min()) if positive.size else 1.0


def _method(sigma):
    if sigma.degree_of_base is not None:
        return _homogeneous
    if not sigma.kinks:
        return _hermite
    if sigma.is_continuous and piecewise_constant_levels(sigma) is not None:
        return _piecewise_linear
    return _interpolated if sigma.is_continuous and sigma.kinks == (0.0,) else _pairwise


def second_moments(sigma, variances):
    """E σ(√q Z)² for every q of an array."""
    return _of_every(sigma, variances, _second_moment)


def means(sigma, variances):
    """E σ(√q Z) for every q of an array, σ(0) where q = 0."""
    if bool((variances > 0).all()):
        return _of_every(sigma, variances, _mean)
    xp, at_zero = array_namespace(variances), float(sigma(np.zeros(1))[0])
    filled = xp.where(variances > 0, variances, _smallest_positive(variances) + variances)
    return xp.where(variances > 0, _of_every(sigma, filled, _mean), at_zero + 0.0 * variances)


def _mean_slopes(sigma, variances):
    """E σ'(√q Z) = a_1(q)/√q."""
    return _of_every(sigma, variances, _mean_slope)


@lru_cache(maxsize=256)
def _rescaled(sigma, root):
    """x ↦ σ(root · x), resolved once for all its moments."""
    return sigma.rescaled(root)


def _second_moment(sigma, root):
    return _rescaled(sigma, root).second_moment


def _mean(sigma, root):
    return _rescaled(sigma, root).mean


def _mean_slope(sigma, root):
    return float(_rescaled(sigma, root).hermite(2)[1]) / root


def _of_every(sigma, variances, moment):
    """A moment of x ↦ σ(√q x) for every q: one by one, or from polynomials in log √q where they are many."""
    roots = np.sqrt(_to_numpy(variances)).ravel()
    distinct, where = np.unique(roots, return_inverse=True)
    if len(distinct) <= _FEW_MOMENTS:
        values = np.array([moment(sigma, float(root)) for root in distinct])
    else:
        values = _interpolated_moments(sigma, distinct, moment)
    return _like(values[where].reshape(tuple(variances.shape)), variances)


def _interpolated_moments(sigma, roots, moment):
    values, panel = np.empty(len(roots)), np.floor(np.log(roots) / _MOMENT_PANEL).astype(int)
    for k in np.unique(panel):
        here = panel == k
        coefficients = _moment_panel(sigma, int(k), moment)
        if coefficients is None:
            values[here] = [moment(sigma, float(root)) for root in roots[here]]
        else:
            local = 2 * (np.log(roots[here]) / _MOMENT_PANEL - k) - 1
            values[here] = np.polynomial.chebyshev.chebval(local, coefficients)
    return values


@lru_cache(maxsize=1024)
def _moment_panel(sigma, k, moment):
    """Chebyshev coefficients on panel k of log √q; None where they do not decay."""
    roots = np.exp(_MOMENT_PANEL * (k + 0.5 * (1 + _points(_MOMENT_POINTS))))
    coefficients = _chebyshev_matrix(_MOMENT_POINTS) @ [moment(sigma, float(root)) for root in roots]
    return coefficients if np.abs(coefficients[-2:]).max() <= 1e-14 * np.abs(coefficients).max() else None


def _too_large(sigma, root):
    return ValueError(
        f"inputs of different norms must keep activation {sigma.name!r} resolvable; pre-activations of standard "
        f"deviation {root:.3g} make it too steep. Scale the inputs towards norm 1, or give all the same norm."
    )


def _to_numpy(array):
    return array.detach().cpu().numpy() if is_torch_array(array) else np.asarray(array)


def _like(values, array):
    return array_namespace(array).asarray(values, device=array.device) if is_torch_array(array) else values


def _assemble(variance1, variance2, rho, near, rest, slope):
    """Moments from the nearer of the half distance (ρ ≥ 0) and the half sum (ρ < 0)."""
    xp = array_namespace(rho)
    whole = variance1 + variance2
    far = whole - near
    return Moments(
        variance1, variance2, xp.where(rho < 0, far, near), xp.where(rho < 0, near, far), rest if slope else None
    )


# --- homogeneous up to a constant ----------------------------------------------------------------------------------


def _homogeneous(sigma, variance1, variance2, rho, margin, slope):
    """σ = f + c, f(tx) = t^r f(x): E f(u)f(v) = (q₁q₂)^{r/2} f̂(ρ); the distance does not see c."""
    degree, part = sigma.degree_of_base, sigma.without_shift()
    at_one, constant = part.dual.at_one, sigma.scale * sigma.shift
    nearer, slopes = _unit_pairs(part, rho, margin, slope)
    xp, further = array_namespace(rho), 2 * at_one - nearer
    half_distance, half_sum = xp.where(rho < 0, further, nearer), xp.where(rho < 0, nearer, further)
    roots = variance1**0.5, variance2**0.5
    powers = roots[0] ** degree, roots[1] ** degree
    mismatch = 0.5 * at_one * (powers[0] - powers[1]) ** 2
    product = powers[0] * powers[1]
    means = part.mean * powers[0], part.mean * powers[1]
    return Moments(
        *(at_one * power**2 + 2 * constant * mean + constant**2 for power, mean in zip(powers, means, strict=True)),
        mismatch + product * half_distance,
        mismatch + product * half_sum + 2 * constant * (means[0] + means[1] + constant),
        (roots[0] * roots[1]) ** (degree - 1) * slopes if slope else None,
        None if constant else xp.minimum(half_distance, half_sum) / at_one,
    )


def _unit_pairs(part, rho, margin, slope):
    """f̂(1) − f̂(ρ) for ρ ≥ 0, f̂(1) + f̂(ρ) for ρ < 0, and f̂'(ρ): by the dual, or its table if there are many pairs."""
    xp, shape = array_namespace(rho), rho.shape
    rho, margin = rho.reshape(-1), margin.reshape(-1)
    if math.prod(shape) <= _DIRECT_PAIRS:
        pair = part.dual.pair(rho, margin, slope=slope)
        found = [xp.where(rho < 0, pair.half_sum, pair.half_distance), pair.slope]
    else:
        table = _unit_table(part, slope)
        parts = [table(rho[i], margin[i]) for i in _slices(rho)]
        found = [xp.concat(values) for values in zip(*parts, strict=True)]
    return found[0].reshape(shape), found[1].reshape(shape) if slope else None


def _slices(array):
    size = _LOOK_UPS if not is_torch_array(array) else len(array)
    return (slice(start, start + size) for start in range(0, len(array), size))


@lru_cache(maxsize=64)
def _unit_table(part, slope):
    margins = sample_margins()
    rho = np.concatenate([1 - margins, margins - 1, [1.0, -1.0]])
    pair = part.dual.pair(rho, np.concatenate([margins, margins, [0.0, 0.0]]), slope=slope)
    kept = [np.where(rho < 0, pair.half_sum, pair.half_distance), *([pair.slope] if slope else [])]
    return OctavePolynomials([values[:-2].reshape(2, -1) for values in kept], [values[-2:] for values in kept])


# --- smooth --------------------------------------------------------------------------------------------------------


def _hermite(sigma, variance1, variance2, rho, margin, slope):
    """k = Σ_m a_m(q₁) a_m(q₂) ρ^m; (k(1) − k(ρ))/(1 − ρ) is the sum of Horner's intermediate values."""
    rows, columns = _coefficients(sigma, variance1, variance2)
    if rows is None:
        raise _too_large(sigma, max(float(variance1.max()), float(variance2.max())) ** 0.5)
    q1, q2 = second_moments(sigma, variance1), second_moments(sigma, variance2)
    near = _in_slabs(_hermite_distance, (rows, columns), (rho, margin))
    rest = None
    if slope:
        slopes = (_slope_coefficients(a, q) for a, q in ((rows, variance1), (columns, variance2)))
        rest = _in_slabs(_horner, slopes, (rho,))
    return _assemble(q1, q2, rho, near, rest, slope)


def _in_slabs(act, coefficients, pairs):
    """act(rows, columns, *pairs), the terms of the coefficients first, by slabs that stay in the processor's cache."""
    rho = pairs[0]
    rows, columns = (_like(np.ascontiguousarray(np.moveaxis(a, -1, 0)), rho) for a in coefficients)
    count = rho.shape[0]
    size = max(1, count * _LOOK_UPS // max(1, math.prod(rho.shape)))
    if is_torch_array(rho) or size >= count:
        return act(rows, columns, *pairs)
    out = np.empty(rho.shape)
    for start in range(0, count, size):
        part = slice(start, start + size)
        some_rows = rows[:, part] if rows.shape[1] > 1 else rows
        # where pixels lead they are those of the first input, of the second, or of both
        some_columns = columns[:, part] if rho.ndim > 2 and columns.shape[1] > 1 else columns
        out[part] = act(some_rows, some_columns, *(values[part] for values in pairs))
    return out


def _hermite_distance(rows, columns, rho, margin):
    """½E(u − v)² where ρ ≥ 0, ½E(u + v)² where ρ < 0: there with v(−x) in the place of −v(x)."""
    xp = array_namespace(rho)
    magnitude, negative = xp.abs(rho), rho < 0
    near = None
    if not bool(negative.all()):
        near = _half_square_distance(rows, columns) + margin * _horner_rest(rows, columns, magnitude)
    if bool(negative.any()):
        signs = -((-1.0) ** np.arange(columns.shape[0])).reshape(-1, *(1,) * (columns.ndim - 1))
        mirrored = columns * _like(signs, rho)
        other = _half_square_distance(rows, mirrored) + margin * _horner_rest(rows, mirrored, magnitude)
        near = other if near is None else xp.where(negative, other, near)
    return near


def _slope_coefficients(coefficients, variances):
    """s_m(q) = √((m+1)/q) a_{m+1}(q), so that E σ'σ' = Σ_m s_m(q₁) s_m(q₂) ρ^m."""
    root = np.sqrt(np.arange(1, coefficients.shape[-1]))
    return root * coefficients[..., 1:] / np.sqrt(_to_numpy(variances)).reshape(*coefficients.shape[:-1], 1)


def _horner(rows, columns, rho):
    """Σ_m r_m c_mᵀ ∘ ρ^m."""
    value = _outer(rows, columns, -1) + 0.0 * rho
    for m in range(rows.shape[0] - 2, -1, -1):
        value *= rho
        value += _outer(rows, columns, m)
    return value


def _outer(rows, columns, m):
    """r_m c_mᵀ of rows (terms, …, n) and columns (terms, …, p)."""
    return rows[m][..., :, None] * columns[m][..., None, :]


def _half_square_distance(rows, columns):
    """½ Σ_m (r_m − c_m)², differences first."""
    total = 0.0
    for r, c in zip(rows, columns, strict=True):
        difference = r[..., :, None] - c[..., None, :]
        difference *= difference
        total += difference
    return 0.5 * total


def _horner_rest(rows, columns, rho):
    """(p(1) − p(ρ))/(1 − ρ) for p = Σ_m r_m c_mᵀ ∘ ρ^m."""
    value = _outer(rows, columns, -1) + 0.0 * rho
    total = 1.0 * value
    for m in range(rows.shape[0] - 2, 0, -1):
        value *= rho
        value += _outer(rows, columns, m)
        total += value
    return total


def _coefficients(sigma, variance1, variance2):
    """a_m(q), shapes (…, n, terms) and (…, p, terms), enough of them for every q; None where 4096 are not."""
    variances = variance1, variance2
    roots = [np.sqrt(_to_numpy(q)).ravel() for q in variances]
    distinct, where = np.unique(np.concatenate(roots), return_inverse=True)
    smallest, largest = (resolve(sigma.rescaled(root), name=f"activation {sigma.name!r}") for root in distinct[[0, -1]])
    # a σ that decays is seen farther out where the norm is small
    missing = smallest.edges[smallest.edges > largest.radius]
    edges = np.concatenate([-missing[::-1], largest.edges, missing])
    nodes, weights = (a.ravel() for a in panel_nodes(edges, NODES))
    weights = weights * root_density(nodes)
    # σ(0) is taken off, or it would drown what a small norm adds to it; not of a σ that decays within the nodes
    at_zero = float(sigma(np.zeros(1))[0]) if edges[-1] >= _WHOLE_LINE else 0.0
    values = sigma(distinct[:, None] * nodes) - at_zero
    wanted = (values**2) @ (weights * root_density(nodes))
    for terms in _TERMS:
        found = (values * weights) @ hermite_functions(nodes, terms).T
        complete = np.abs((found**2).sum(axis=1) - wanted) <= 1e-13 * wanted
        slopes = np.arange(terms) * found**2
        if complete.all() and (slopes[:, 3 * terms // 4 :].sum(axis=1) <= 1e-16 * slopes.sum(axis=1)).all():
            found[:, 0] += at_zero
            parts = np.split(where, [len(roots[0])])
            return tuple(found[part].reshape(*_row_shape(q), terms) for part, q in zip(parts, variances, strict=True))
    return None, None


def _row_shape(variances):
    """(…, n, 1) or (…, 1, p) → (…, n) or (…, p)."""
    *leading, n, p = variances.shape
    return (*leading, n * p)


# --- piecewise linear ----------------------------------------------------------------------------------------------


def _piecewise_linear(sigma, variance1, variance2, rho, margin, slope):
    """D(r) = D(1) − ∫_r¹ S, S = Σ_ij K_i K_j φ₂(b_i/√q₁, b_j/√q₂; r), so ∫_ρ¹ D = (1−ρ) D(1) − ∫_ρ¹ (r−ρ) S(r) dr."""
    shape = rho.shape
    roots1, roots2, r, m = (
        a.ravel()
        for a in np.broadcast_arrays(
            *(np.sqrt(_to_numpy(q)) for q in (variance1, variance2)), _to_numpy(rho), _to_numpy(margin)
        )
    )
    near, rest = np.empty(r.size), np.empty(r.size)
    for start in range(0, r.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        near[part], rest[part] = _piecewise_linear_pairs(sigma, roots1[part], roots2[part], r[part], m[part])
    return _assemble(
        second_moments(sigma, variance1),
        second_moments(sigma, variance2),
        rho,
        _like(near.reshape(shape), rho),
        _like(rest.reshape(shape), rho),
        slope,
    )


def _piecewise_linear_pairs(sigma, roots1, roots2, rho, margin):
    """½E(u ∓ v)² and D for arrays of pairs; for ρ < 0 with v(−x) in the place of v(x)."""
    kinks, levels = np.array(sigma.kinks), piecewise_constant_levels(sigma)
    sign = np.where(rho < 0, -1.0, 1.0)
    start, at_end = _same_input(sigma, kinks, roots1, roots2, sign)
    angle = 2 * np.arcsin(np.sqrt(0.5 * margin))
    t, weights = panel_nodes(angle[:, None] * _GRADING, 12)
    t, weights = t.reshape(len(rho), -1), weights.reshape(len(rho), -1)
    total = np.zeros_like(t)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for b, step in zip(kinks, np.diff(levels), strict=True):
            for other, further in zip(kinks, np.diff(levels), strict=True):
                x, y = (b / roots1)[:, None], (sign * other / roots2)[:, None]
                apart = np.where(x == y, 0.0, 0.5 * (x - y) / np.sin(0.5 * t))
                total += step * further * np.exp(-0.5 * ((0.5 * (x + y) / np.cos(0.5 * t)) ** 2 + apart**2))
    total *= weights / (2 * np.pi)
    lever = 2 * np.sin(0.5 * (angle[:, None] + t)) * np.sin(0.5 * (angle[:, None] - t))
    slope = at_end - sign * total.sum(axis=1)
    near = start + roots1 * roots2 * (margin * at_end - sign * (total * lever).sum(axis=1))
    return near, slope


def _same_input(sigma, kinks, roots1, roots2, sign):
    """½E(σ(√q₁ Z) ∓ σ(±√q₂ Z))² and E σ'(√q₁ Z)σ'(±√q₂ Z): the ends ρ = ±1."""
    count = len(roots1)
    bounds = np.full((count, 1), 13.0)
    breaks = np.concatenate([-bounds, kinks / roots1[:, None], sign[:, None] * kinks / roots2[:, None], bounds], axis=1)
    edges = subdivide(np.sort(np.clip(breaks, -13.0, 13.0), axis=1), 2.6)
    x, weights = (a.reshape(count, -1) for a in panel_nodes(edges, 16))
    weights = weights * density(x)
    first, second = roots1[:, None] * x, (sign * roots2)[:, None] * x
    difference = sigma(first) - sign[:, None] * sigma(second)
    middles = 0.5 * (edges[:, :-1] + edges[:, 1:])
    slopes = sigma.derivative(roots1[:, None] * middles) * sigma.derivative((sign * roots2)[:, None] * middles)
    return 0.5 * (weights * difference**2).sum(axis=1), (slopes * np.diff(ndtr(edges), axis=1)).sum(axis=1)


# --- kinks at 0 ----------------------------------------------------------------------------------------------------


def _interpolated(sigma, variance1, variance2, rho, margin, slope):
    """Chebyshev in (log q₁, log q₂) and in the angle from the nearer of ρ = 1 and ρ = −1."""
    xp = array_namespace(rho)
    span = _log_range(variance1, variance2)
    ends, tables = _tensor(sigma, *span)
    left, right = (_like(_cardinal(_to_numpy(q), *span, ends.shape[-1]), rho) for q in (variance1, variance2))
    right = xp.matrix_transpose(right)
    angle = 2 * xp.asin(xp.sqrt(0.5 * margin))
    local = xp.clip(4 * angle / xp.pi - 1, -1.0, 1.0)
    roots = variance1**0.5, variance2**0.5
    mismatch = (roots[0] - roots[1]) ** 2 * (left @ _like(ends[0], rho) @ right), left @ _like(ends[1], rho) @ right
    slopes, integrals = (
        [_clenshaw_matrix(lambda c: left @ c @ right, _like(side, rho), local) for side in table] for table in tables
    )
    near = [start + roots[0] * roots[1] * margin * part for start, part in zip(mismatch, integrals, strict=True)]
    return _assemble(
        second_moments(sigma, variance1),
        second_moments(sigma, variance2),
        rho,
        xp.where(rho < 0, near[1], near[0]),
        xp.where(rho < 0, slopes[1], slopes[0]),
        slope,
    )


def _log_range(*variances):
    logs = np.log(np.concatenate([_to_numpy(q).ravel() for q in variances]))
    low, high = float(logs.min()), float(logs.max())
    if (
        len(variances[0].shape) > 2
    ):  # images come by blocks and layers, which share a table if their ranges are the same
        return math.floor(low / _RANGE_STEP) * _RANGE_STEP, math.ceil(high / _RANGE_STEP) * _RANGE_STEP
    return (low, high) if high - low > 1e-12 else (low - 1e-6, high + 1e-6)


@lru_cache(maxsize=64)
def _tensor(sigma, low, high):
    """Tables at the norms' Chebyshev points.

    Returns: ends (side, norms, norms): H₀/(√q₁ − √q₂)², and ½E(σ(√q₁ Z) + σ(−√q₂ Z))²; Chebyshev coefficients in the
    angle of D and of ∫_ρ¹ D/(1 − ρ), shape (2, side, degree, norms, norms).
    """
    angles = next((a for a in _ANGLE_POINTS if _tail(_slopes(sigma, low, high, _FEW_NORMS, a), axis=1) <= _TAIL), None)
    for count in _NORM_POINTS if angles else ():
        slopes = _slopes(sigma, low, high, count, angles)
        if _tail(np.einsum("ab,sdbc->sdac", _chebyshev_matrix(count), slopes), axis=2) <= _TAIL:
            integrals = np.einsum("de,seij->sdij", _mean_from_the_end(angles), slopes)
            return _ends(sigma, _roots(low, high, count)), np.stack([slopes, integrals])
    raise _too_large(sigma, np.exp(0.5 * high))


def _tail(coefficients, axis):
    """The last two coefficients along the axis, relative to the largest."""
    return np.abs(np.take(coefficients, (-2, -1), axis=axis)).max() / np.abs(coefficients).max()


def _roots(low, high, count):
    return np.exp(0.25 * (low + high) + 0.25 * (high - low) * _points(count))


def _slopes(sigma, low, high, count, angle_count):
    """D at both sides, Chebyshev coefficients in the angle: (side, degree, norms, norms).

    All norms share their nodes, since a kink at 0 stays at 0: a matrix product for every angle.
    """
    roots = _roots(low, high, count)[:, None]
    radius, width = _extent(sigma, roots.max())
    values = np.empty((2, angle_count, count, count))
    for a, angle in enumerate(0.25 * np.pi * (1 + _points(angle_count))):
        u, v, weights = (
            part.ravel() for part in product_nodes(sigma.kinks, sigma.kinks, angle, radius, width, half=True)
        )
        # the other half of the plane exchanges u and v
        first, second, first_mirrored, second_mirrored = (sigma.derivative(roots * x) for x in (u, v, -u, -v))
        values[0, a] = (weights * first) @ second.T + (weights * second) @ first.T
        values[1, a] = (weights * first) @ second_mirrored.T + (weights * second) @ first_mirrored.T
    return np.einsum("da,saij->sdij", _chebyshev_matrix(angle_count), values)


def _mean_from_the_end(count):
    """Matrix taking Chebyshev coefficients of D in the angle to those of ∫_ρ¹ D dr/(1 − ρ)."""
    x, w = gauss_legendre(32)
    angles = 0.25 * np.pi * (1 + _points(count))
    t = 0.5 * angles[:, None] * (1 + x)
    weights = 0.5 * angles[:, None] * w * np.sin(t) / (2 * np.sin(0.5 * angles[:, None]) ** 2)
    values = np.einsum("at,atd->ad", weights, np.polynomial.chebyshev.chebvander(4 * t / np.pi - 1, count - 1))
    return _chebyshev_matrix(count) @ values


def _ends(sigma, roots):
    radius, width = _extent(sigma, roots.max())
    x, weights = (a.ravel() for a in panel_nodes(subdivide(np.array([[-radius, *sigma.kinks, radius]]), width)[0], 20))
    weights = weights * density(x)
    values, mirrored = sigma(roots[:, None] * x), sigma(-roots[:, None] * x)
    slopes = x * sigma.derivative(roots[:, None] * x)
    apart = roots[:, None] - roots
    differences = values[:, None] - values[None]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(apart[..., None] == 0, slopes[:, None], differences / apart[..., None])
    return np.stack([0.5 * (ratio**2) @ weights, 0.5 * ((values[:, None] + mirrored[None]) ** 2) @ weights])


@lru_cache(maxsize=256)
def _extent(sigma, root):
    """Radius and panel width for x ↦ σ(root · x)."""
    part = sigma.rescaled(float(root))
    radius = max(9.5, resolve(part, part.resolved.kinks, f"activation {sigma.name!r}").radius - 3.5)
    width = panel_width(part.derivative, part.resolved.kinks, radius)
    if width is None or min(width, 2 * _narrowest_halved(part.resolved)) < _NARROWEST:
        raise _too_large(sigma, root)
    return radius, width


def _narrowest_halved(resolved):
    """The narrowest panel of σ that is one because σ is steep there, not because two kinks are close."""
    at_kink = np.isin(resolved.edges, (resolved.edges[0], *resolved.kinks, resolved.edges[-1]))
    return np.diff(resolved.edges)[~(at_kink[:-1] & at_kink[1:])].min(initial=np.inf)


def _points(count):
    return np.cos(np.pi * (np.arange(count) + 0.5) / count)


def _chebyshev_matrix(count):
    """From values at `_points` to Chebyshev coefficients."""
    matrix = 2 / count * np.cos(np.outer(np.arange(count), np.arccos(_points(count))))
    matrix[0] *= 0.5
    return matrix


def _cardinal(variances, low, high, count):
    """The cardinal functions of the Chebyshev points at log q, shape (…, n, count)."""
    local = np.clip((2 * np.log(variances).reshape(_row_shape(variances)) - low - high) / (high - low), -1, 1)
    return np.polynomial.chebyshev.chebvander(local, count - 1) @ _chebyshev_matrix(count)


def _clenshaw_matrix(matrix, coefficients, x):
    """Σ_k matrix(C_k) ∘ T_k(x)."""
    older = newer = 0.0 * x
    for k in range(len(coefficients) - 1, 0, -1):
        older, newer = newer, matrix(coefficients[k]) + 2 * x * newer - older
    return matrix(coefficients[0]) + x * newer - older


# --- anything else -------------------------------------------------------------------------------------------------


def _pairwise(sigma, variance1, variance2, rho, margin, slope):
    """Quadrature for every pair: seconds per thousand pairs."""
    roots1, roots2, r, m = np.broadcast_arrays(*(_to_numpy(a) for a in (variance1**0.5, variance2**0.5, rho, margin)))
    angles = 2 * np.arcsin(np.sqrt(0.5 * m))
    found = np.array(
        [
            _pair(sigma, *pair, slope)
            for pair in zip(
                roots1.ravel(), roots2.ravel(), angles.ravel(), np.where(r < 0, -1.0, 1.0).ravel(), strict=True
            )
        ]
    )
    near, rest = (_like(found[:, k].reshape(r.shape), rho) for k in (0, 1))
    return _assemble(second_moments(sigma, variance1), second_moments(sigma, variance2), rho, near, rest, slope)


def _pair(sigma, root1, root2, angle, sign, slope):
    """½E(σ(√q₁ U) ∓ σ(√q₂ V))² and E σ'(√q₁ U)σ'(√q₂ V) at ρ = ± cos(angle), angle ≤ π/2."""
    kinks = np.array(sigma.kinks)
    u, v, weights = product_nodes(kinks / root1, sign * kinks / root2, angle, *_extent(sigma, max(root1, root2)))
    u, v = root1 * u, sign * root2 * v
    near = 0.5 * (weights * (sigma(u) - sign * sigma(v)) ** 2).sum()
    return near, (weights * sigma.derivative(u) * sigma.derivative(v)).sum() if slope else 0.0
