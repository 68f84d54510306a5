"""Inputs of different norms: E σ(√q₁ U)σ(√q₂ V), corr(U, V) = ρ, and the same for σ', for every pair of a matrix.

Four ways, each exact to rounding, the first that applies:

    homogeneous up to a constant   σ(tx) = t^r σ(x): the norms factor out (ReLU, |x|, step, also normalised)
    Hermite                        Σ_m a_m(q₁) a_m(q₂) ρ^m, for smooth σ; a_m(q): coefficients of x ↦ σ(√q x)
    piecewise linear               F''(ρ) is a sum of bivariate normal densities at the kinks (hardtanh, ReLU6, NormReLU)
    interpolated                   kinks at 0 only (ELU, SELU, softsign): smooth in (log q₁, log q₂, θ)

and, for what is left, quadrature pair by pair.  Distances of pairs come from ½(Q₁ + Q₂) − k here: absolutely, not
relatively, exact.  Source: Agarwal, Awasthi, Kale (2021), section 3.5 and appendix D (Lemma 40, eq. 15, 16).
"""

from functools import lru_cache

import numpy as np
from array_api_compat import array_namespace, is_torch_array
from scipy.special import ndtr

from ntkit.dual import piecewise_constant_levels
from ntkit.gaussian import density, hermite_functions, panel_nodes, product_nodes, resolve, root_density, subdivide

_TERMS = (64, 128, 256, 512, 1024)
_FEW_NORMS = 3
_ANGLE_POINTS = (24, 48, 96, 160)
_NORM_POINTS = (8, 14, 24, 40, 56)
_TAIL = 1e-12
_CHUNK = 1 << 14


def moments(sigma, variance1, variance2, rho, margin, *, slope=True):
    """E σ(u)σ(v) and E σ'(u)σ'(v) of all pairs, with E σ(u)² and E σ(v)².

    Parameters: variance1 (n, 1), variance2 (1, p), rho and margin 1 − |ρ| (n, p).
    Returns: value (n, p), slope (n, p) or None, second moments (n, 1) and (1, p).
    """
    if sigma.degree_of_base is not None:
        value, slopes = _homogeneous(sigma, variance1, variance2, rho, margin, slope)
    else:
        value, slopes = _method(sigma)(sigma, variance1, variance2, rho, margin, slope)
    return value, slopes, second_moments(sigma, variance1), second_moments(sigma, variance2)


def second_moments(sigma, variances):
    """E σ(√q Z)² for every q of an array."""
    return _expectations(lambda x: sigma(x) ** 2, sigma, variances)


def _method(sigma):
    if not sigma.kinks:
        return _hermite
    if sigma.is_continuous and piecewise_constant_levels(sigma) is not None:
        return _piecewise_linear
    if sigma.kinks == (0.0,):
        return _interpolated
    return _pairwise


def _to_numpy(array):
    return array.detach().cpu().numpy() if is_torch_array(array) else np.asarray(array)


def _like(values, array):
    return array_namespace(array).asarray(values, device=array.device) if is_torch_array(array) else values


def _expectations(function, sigma, variances):
    """E g(√q Z) for every q: panels end at the kinks b/√q."""
    roots = np.sqrt(_to_numpy(variances)).ravel()
    distinct, where = np.unique(roots, return_inverse=True)
    values = np.array([_expectation(function, sigma, root) for root in distinct])
    return _like(values[where].reshape(tuple(variances.shape)), variances)


def _expectation(function, sigma, root):
    radius, width = 13.0, sigma.resolved.smoothest_width / max(1.0, root)
    breaks = np.clip(np.array([-radius, *(b / root for b in sigma.kinks), radius]), -radius, radius)[None]
    x, weights = panel_nodes(subdivide(breaks, min(1.3, width)), 24)
    return float((weights * density(x) * function(root * x)).sum())


# --- homogeneous up to a constant ----------------------------------------------------------------------------------


def _homogeneous(sigma, variance1, variance2, rho, margin, slope):
    """σ = scale (f + c), f(tx) = t^r f(x): E f(u)f(v) = (q₁q₂)^{r/2} f̂(ρ)."""
    degree, part = sigma.degree_of_base, sigma.without_shift()
    pair = part.dual.pair(rho.reshape(-1), margin.reshape(-1), slope=slope)
    roots = variance1**0.5, variance2**0.5
    constant = sigma.scale * sigma.shift
    mean = part.mean * constant
    value = ((roots[0] * roots[1]) ** degree * pair.value.reshape(rho.shape)
             + mean * (roots[0] ** degree + roots[1] ** degree) + constant**2)
    return value, (roots[0] * roots[1]) ** (degree - 1) * pair.slope.reshape(rho.shape) if slope else None


# --- smooth --------------------------------------------------------------------------------------------------------


def _hermite(sigma, variance1, variance2, rho, margin, slope):
    """Σ_m a_m(q₁) a_m(q₂) ρ^m, and with √((m+1)/q) a_{m+1}(q) for the derivative."""
    rows, columns = _coefficients(sigma, variance1, variance2)
    if rows is None:
        return _interpolated(sigma, variance1, variance2, rho, margin, slope)
    value = _rank_one_horner(_like(rows, rho), _like(columns, rho), rho)
    if not slope:
        return value, None
    root = np.sqrt(np.arange(1, rows.shape[1]))
    first, second = (root * a[:, 1:] / np.sqrt(_to_numpy(q)).reshape(-1, 1)
                     for a, q in ((rows, variance1), (columns, variance2)))
    return value, _rank_one_horner(_like(first, rho), _like(second, rho), rho)


def _coefficients(sigma, *variances):
    """a_m(q), shape (len(q), terms), enough of them for every q; None where 1024 are not."""
    roots = [np.sqrt(_to_numpy(q)).ravel() for q in variances]
    distinct, where = np.unique(np.concatenate(roots), return_inverse=True)
    resolved = resolve(sigma.rescaled(distinct[-1]), name=f"activation {sigma.name!r}")
    nodes, weights = resolved.nodes.ravel(), (resolved.weights / root_density(resolved.nodes)).ravel()
    values = sigma(distinct[:, None] * nodes)
    wanted = (values**2) @ (weights * root_density(nodes))
    for terms in _TERMS:
        found = (values * weights) @ hermite_functions(nodes, terms).T
        complete = np.abs((found**2).sum(axis=1) - wanted) <= 1e-13 * wanted
        tail = (np.arange(terms) * found**2)[:, 3 * terms // 4:].sum(axis=1)
        if complete.all() and (tail <= 1e-16 * (np.arange(terms) * found**2).sum(axis=1)).all():
            found = found[where]
            return found[:len(roots[0])], found[len(roots[0]):]
    return None, None


def _rank_one_horner(rows, columns, rho):
    """Σ_m r_m c_mᵀ ∘ ρ^m."""
    value = rows[:, -1, None] * columns[None, :, -1] + 0.0 * rho
    for m in range(rows.shape[1] - 2, -1, -1):
        value *= rho
        value += rows[:, m, None] * columns[None, :, m]
    return value


# --- piecewise linear ----------------------------------------------------------------------------------------------


def _piecewise_linear(sigma, variance1, variance2, rho, margin, slope):
    """F(ρ) = E f E g + ρ E f' E g' + ∫₀^ρ (ρ − r) F''(r) dr, F'' = Σ_ij K_i K_j √(q₁q₂) φ₂(b_i/√q₁, b_j/√q₂; r)."""
    kinks, steps = np.array(sigma.kinks), np.diff(piecewise_constant_levels(sigma))
    q1, q2, r, m = (_to_numpy(a) for a in (variance1, variance2, rho, margin))
    roots1, roots2, correlation = (a.ravel() for a in np.broadcast_arrays(np.sqrt(q1), np.sqrt(q2), r))
    first, second = np.empty(correlation.size), np.empty(correlation.size)
    for start in range(0, correlation.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        first[part], second[part] = _density_integrals(
            kinks, steps, roots1[part], roots2[part], correlation[part], m.ravel()[part])
    means = [_to_numpy(_expectations(sigma, sigma, q)) for q in (variance1, variance2)]
    slopes = [_mean_slopes(sigma, kinks, np.sqrt(q)) for q in (q1, q2)]
    value = means[0] * means[1] + np.sqrt(q1 * q2) * r * slopes[0] * slopes[1] \
        + np.sqrt(q1 * q2) * second.reshape(r.shape)
    derivative = slopes[0] * slopes[1] + first.reshape(r.shape)
    return _like(value, rho), _like(derivative, rho) if slope else None


def _mean_slopes(sigma, kinks, roots):
    """E σ'(√q Z)."""
    bounds = np.concatenate([np.full((1,), -np.inf), kinks, np.full((1,), np.inf)])
    probabilities = np.diff(ndtr(bounds / roots[..., None]), axis=-1)
    return probabilities @ piecewise_constant_levels(sigma)


def _density_integrals(kinks, steps, roots1, roots2, rho, margin):
    """∫₀^ρ S dr and ∫₀^ρ (ρ − r) S dr, S = Σ_ij K_i K_j φ₂(b_i/√q₁, b_j/√q₂; r), in the angle, graded to 0 and π."""
    angle = 2 * np.arcsin(np.sqrt(0.5 * margin))  # of |ρ|
    panels = 2 + int(np.ceil(np.log(0.5 * np.pi / max(angle.min(), 1e-12)) / 1.5))
    lowest = np.log(np.maximum(angle, 1e-12))[:, None]
    t, weights = panel_nodes(lowest + (np.log(0.5 * np.pi) - lowest) * np.linspace(0, 1, panels + 1), 16)
    t, weights = np.exp(t.reshape(len(rho), -1)), weights.reshape(len(rho), -1)
    weights = weights * t
    sign = np.where(rho < 0, -1.0, 1.0)[:, None]
    total = np.zeros_like(t)
    for i, b in enumerate(kinks):
        for j, other in enumerate(kinks):
            x, y = (b / roots1)[:, None], sign * (other / roots2)[:, None]
            exponent = ((0.5 * (x + y)) / np.cos(0.5 * t)) ** 2 + ((0.5 * (x - y)) / np.sin(0.5 * t)) ** 2
            total += steps[i] * steps[j] * np.exp(-0.5 * exponent)
    total *= weights / (2 * np.pi)
    lever = 2 * np.sin(0.5 * (t + angle[:, None])) * np.sin(0.5 * np.maximum(t - angle[:, None], 0.0))
    return sign[:, 0] * total.sum(axis=1), (total * lever).sum(axis=1)


# --- kinks at 0 ----------------------------------------------------------------------------------------------------


def _interpolated(sigma, variance1, variance2, rho, margin, slope):
    """Chebyshev in (log q₁, log q₂) and in the angle on [0, π/2] and [π/2, π]."""
    xp = array_namespace(rho)
    low, high = _log_range(variance1, variance2)
    tables = _tensor(sigma, low, high)
    count = tables.shape[-1]
    left, right = (_like(_cardinal(np.log(_to_numpy(q)).ravel(), low, high, count), rho)
                   for q in (variance1, variance2))
    angle = 2 * xp.asin(xp.sqrt(0.5 * margin))  # of |ρ|, from the nearer end
    local = xp.clip(4 * angle / xp.pi - 1, -1.0, 1.0)
    out = []
    for table in tables[:2 if slope else 1]:
        sides = [_clenshaw_matrix([left @ c @ right.T for c in _like(side, rho)], local) for side in table]
        out.append(xp.where(rho < 0, sides[1], sides[0]))
    return out[0], out[1] if slope else None


def _log_range(*variances):
    logs = np.concatenate([np.log(_to_numpy(q)).ravel() for q in variances])
    low, high = float(logs.min()), float(logs.max())
    return (low, high) if high - low > 1e-12 else (low - 1e-6, high + 1e-6)


@lru_cache(maxsize=64)
def _tensor(sigma, low, high):
    """Chebyshev coefficients in the angle at the norms' Chebyshev points: (kernel, side, degree, norms, norms)."""
    angles = next((a for a in _ANGLE_POINTS if _tail(_tensor_of(sigma, low, high, _FEW_NORMS, a), axis=2) <= _TAIL), None)
    for count in _NORM_POINTS if angles else ():
        tables = _tensor_of(sigma, low, high, count, angles)
        if _tail(np.einsum("ab,ksdbc->ksdac", _chebyshev_matrix(count), tables), axis=3) <= _TAIL:
            return tables
    raise ValueError(f"the norms of the inputs, between {np.exp(0.5 * low):.3g} and {np.exp(0.5 * high):.3g}, are too "
                     f"large or too different for activation {sigma.name!r}: normalise the inputs, or scale them to 1.")


def _tail(coefficients, axis):
    """The last two coefficients along the axis, relative to the largest of each kernel."""
    last = np.abs(np.take(coefficients, (-2, -1), axis=axis))
    return (last.max(axis=(1, 2, 3, 4)) / np.abs(coefficients).max(axis=(1, 2, 3, 4))).max()


def _tensor_of(sigma, low, high, count, angle_count):
    """All norms share their nodes, since a kink at 0 stays at 0: a matrix product for every angle."""
    roots = np.exp(0.25 * (low + high) + 0.25 * (high - low) * _points(count))[:, None]
    angles = 0.25 * np.pi * (1 + _points(angle_count))
    values = np.empty((2, 2, angle_count, count, count))
    radius, width = _extent(sigma, roots.max())
    for a, angle in enumerate(angles):
        u, v, weights = (part.ravel() for part in product_nodes(sigma.kinks, sigma.kinks, angle, radius, width))
        for k, f in enumerate((sigma, sigma.derivative)):
            left = weights * f(roots * u)
            for side, sign in enumerate((1.0, -1.0)):
                values[k, side, a] = left @ f(roots * (sign * v)).T
    return np.einsum("da,ksaij->ksdij", _chebyshev_matrix(angle_count), values)


def _extent(sigma, root):
    """Radius and panel width for x ↦ σ(root · x)."""
    radius = resolve(sigma.rescaled(root), [b / root for b in sigma.kinks], f"activation {sigma.name!r}").radius
    return max(9.5, radius - 3.5), sigma.resolved.smoothest_width / max(1.0, root)


def _pair(sigma, root1, root2, angle, sign):
    """E σ(√q₁ U)σ(√q₂ V) and E σ'(√q₁ U)σ'(√q₂ V) at ρ = sign · cos(angle), angle ≤ π/2."""
    kinks = np.array(sigma.kinks)
    nodes = product_nodes(kinks / root1, sign * kinks / root2, angle, *_extent(sigma, max(root1, root2)))
    return tuple((nodes[2] * f(root1 * nodes[0]) * f(sign * root2 * nodes[1])).sum()
                 for f in (sigma, sigma.derivative))


def _points(count):
    return np.cos(np.pi * (np.arange(count) + 0.5) / count)


def _chebyshev_matrix(count):
    """From values at `_points` to Chebyshev coefficients."""
    matrix = 2 / count * np.cos(np.outer(np.arange(count), np.arccos(_points(count))))
    matrix[0] *= 0.5
    return matrix


def _cardinal(x, low, high, count):
    """The cardinal functions of the Chebyshev points at x, shape (len(x), count)."""
    local = np.clip((2 * x - low - high) / (high - low), -1, 1)
    return np.polynomial.chebyshev.chebvander(local, count - 1) @ _chebyshev_matrix(count)


def _clenshaw_matrix(coefficients, x):
    """Σ_k C_k ∘ T_k(x) for matrices C_k."""
    older = newer = 0.0 * x
    for matrix in coefficients[:0:-1]:
        older, newer = newer, matrix + 2 * x * newer - older
    return coefficients[0] + x * newer - older


# --- anything else -------------------------------------------------------------------------------------------------


def _pairwise(sigma, variance1, variance2, rho, margin, slope):
    """Quadrature for every pair: seconds per thousand pairs."""
    roots1, roots2, r, m = np.broadcast_arrays(*(_to_numpy(a) for a in (variance1**0.5, variance2**0.5, rho, margin)))
    angles = 2 * np.arcsin(np.sqrt(0.5 * m))
    found = np.array([_pair(sigma, *pair) for pair in
                      zip(roots1.ravel(), roots2.ravel(), angles.ravel(), np.where(r < 0, -1.0, 1.0).ravel(),
                          strict=True)])
    value, derivative = (_like(found[:, k].reshape(r.shape), rho) for k in (0, 1))
    return value, derivative if slope else None
