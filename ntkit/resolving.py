"""Resolving a function under N(0, 1): panels on which it is a polynomial to rounding, and the kinks between them.

Panels are bisected until the last Legendre coefficients vanish.  Where they never do, the panels pile up at a kink:
a jump is bisected down to rounding, a kink of higher order is where the polynomials of its two sides meet,

    p_R − p_L ≈ K (x − b)^m / m!   →   b is the simple root of its (m−1)-th derivative.
"""

import numpy as np

from ntkit.gaussian import NODES, Resolved, density, legendre_transform, panel_nodes, root_density

_PANEL_WIDTH = 0.9712385  # crooked, so that no edge of ours falls on a number at which somebody puts a kink
_OFFSET = 0.0137219
_CROOKED = 0.4137219
_LARGEST_RADIUS = 38.0  # the normal density underflows beyond
_NEGLIGIBLE = 42.0  # −log(6e-19)
_MOST_KINKS = 40
_MOST_PANELS = 4000
_ROUNDS = 4
_SMALLEST_WIDTH = 4e-14
_STEEP_WIDTH = 1e-3
_EDGE = 2e-13  # how close to an edge a kink may hide
_REACH = 0.01  # of the polynomials of either side
_CLEAR = 30.0
_MISMATCH = (1e-11, 1e-9, 1e-6)  # of neighbours, their slopes and curvatures; what rounding leaves is ten times less
_ULP = 2.3e-16


def resolve(function, kinks=(), name="the function"):
    """`function` on panels between its kinks; those not named in `kinks` are found.

    Parameters: function, array → array, float64; kinks, where it is not smooth.
    Returns: Resolved.
    Raises: ValueError when it is not finite, when E f(X)² is not finite, or when it is not piecewise smooth.

    >>> shrink = resolve(lambda x: x - np.clip(x, -0.5, 1 / 3))
    >>> shrink.kinks, round(shrink.expectation(shrink.values), 6)
    ((-0.5, 0.3333333333333333), 0.05644)
    """
    radius = _radius(function, name)
    kinks = tuple(sorted({float(b) + 0.0 for b in kinks if abs(b) < radius}))
    for _ in range(_ROUNDS):
        edges, steep = _refine(function, _initial_edges(radius, kinks), name)
        found = _locate(function, edges, steep, kinks)
        if not found:
            values = evaluate(function, panel_nodes(edges, NODES)[0], name)
            resolved = Resolved(function, edges, values @ legendre_transform(NODES).T, values, kinks)
            found = _hidden_at_edges(resolved)
            if not found:
                return resolved
        kinks = tuple(sorted({*kinks, *found}))
    raise ValueError(
        f"{name} must be piecewise smooth; near x = {found[0]:.6g} it could not be resolved. "
        "A slope that is infinite or changes over less than 1e-3 is not supported: smooth it or replace it by a kink."
    )


# --- evaluating ----------------------------------------------------------------------------------------------------


def _radius(function, name):
    """Smallest R with |f|√φ negligible beyond it."""
    x = np.arange(_OFFSET, _LARGEST_RADIUS, 0.05)
    x = np.concatenate([-x[::-1], x])
    values = np.minimum(np.abs(evaluate(function, x, name, allow_overflow=True)), 1e300)
    size = np.log(np.maximum(values, 1e-300)) - 0.25 * x**2
    relevant = np.abs(x)[size > size.max() - _NEGLIGIBLE].max()
    if relevant > _LARGEST_RADIUS - 1:
        raise ValueError(
            f"{name} grows too fast: E f(X)², X ~ N(0, 1), must be finite and resolvable in float64, "
            "but f(x)² exp(−x²/2) does not vanish for large |x|. Growth up to exp(0.2 x²) is supported."
        )
    return max(float(relevant) + 0.05, 8.0)


def evaluate(function, x, name, allow_overflow=False):
    """The values of a user's function as an array of the shape of x.

    Raises: ValueError when they are not real, finite (NaN at least, if overflow is allowed) and of that shape.

    >>> evaluate(lambda x: x > 0, np.array([-1.0, 1.0]), "a step")
    array([0., 1.])
    """
    values = _real_values(function, x, name)
    if values.ndim == 0:
        values = np.broadcast_to(values, x.shape)
    if values.shape != x.shape:
        raise ValueError(f"{name} must map an array to an array of the same shape; {x.shape} became {values.shape}.")
    bad = np.isnan(values) if allow_overflow else ~np.isfinite(values)
    if bad.any():
        raise ValueError(f"{name} must be finite on the real line; at x = {x[bad][0]:.6g} it is {values[bad][0]}.")
    return values


def _real_values(function, x, name):
    try:
        with np.errstate(all="ignore"):
            values = np.asarray(function(x))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} must take an array and work elementwise, but its function raised: {error} "
            "Write it with numpy: np.where(x > 0, x, 0) in the place of `x if x > 0 else 0`, np.tanh for math.tanh."
        ) from error
    if values.dtype.kind not in "biuf":
        raise ValueError(f"{name} must return real numbers; it returned {values.dtype}.")
    return values.astype(float)


# --- panels --------------------------------------------------------------------------------------------------------


def _initial_edges(radius, kinks):
    count = int(radius / _PANEL_WIDTH) + 1
    inner = _OFFSET + _PANEL_WIDTH * np.arange(-count, count + 1)
    distance = np.abs(inner[:, None] - np.array([*kinks, np.inf])).min(axis=1)
    inner = inner[(np.abs(inner) < radius - 0.3) & (distance > 0.2)]
    edges = np.unique(np.concatenate([[-radius], inner, kinks, [radius]]))
    between = np.isin(edges[:-1], kinks) & np.isin(edges[1:], kinks) & (np.diff(edges) > 10 * _STEEP_WIDTH)
    # halfway between two named kinks there may be one that was forgotten
    return np.sort(np.append(edges, (edges[:-1] + _CROOKED * np.diff(edges))[between]))


def _refine(function, edges, name):
    """Bisect panels until all are resolved; returns the edges and the panels that can't be."""
    left, right = edges[:-1], edges[1:]
    done, steep, scale = [], [], None
    while len(left):
        nodes = panel_nodes(np.stack([left, right], axis=-1), NODES)[0][:, 0]
        values = evaluate(function, nodes, name)
        if scale is None:
            scale = np.sqrt((values**2 * density(nodes)).sum(axis=1).max()) + 1e-300
        fine = _is_resolved(function, left, right, values, scale, name)
        tiny = right - left < _SMALLEST_WIDTH * np.maximum(1.0, np.abs(left))
        steep += list(zip(left[tiny & ~fine], right[tiny & ~fine], strict=True))
        done += list(left[fine | tiny])
        split = ~fine & ~tiny
        if len(done) + 2 * split.sum() > _MOST_PANELS:
            raise ValueError(f"{name} must be piecewise smooth; it has too much structure to be resolved (noise?).")
        middle = 0.5 * (left[split] + right[split])
        left, right = np.concatenate([left[split], middle]), np.concatenate([middle, right[split]])
    return np.append(np.sort(done), edges[-1]), steep


def _is_resolved(function, left, right, values, scale, name):
    """Whether the last Legendre coefficients vanish, and the polynomial holds up to the ends of the panel."""
    coefficients = values @ legendre_transform(NODES).T
    size, width = np.abs(coefficients).max(axis=1), right - left
    weight = root_density(np.where(left * right < 0, 0.0, np.minimum(np.abs(left), np.abs(right))))
    # f cannot be known better than its argument is
    blur = _ULP * np.maximum(np.abs(left), np.abs(right)) * np.ptp(values, axis=1) / width
    noise = np.maximum(np.maximum(size, scale) * 1e-14, 8 * blur)
    tail = np.abs(coefficients[:, -4:]).max(axis=1)
    margin = np.minimum(_EDGE * np.maximum(1.0, np.maximum(np.abs(left), np.abs(right))), 0.01 * width)
    ends = np.stack([left + margin, right - margin], axis=1)
    local = (2 * ends - (left + right)[:, None]) / width[:, None]
    polynomials = np.einsum("pek,pk->pe", np.polynomial.legendre.legvander(local, NODES - 1), coefficients)
    misfit = np.abs(evaluate(function, ends, name) - polynomials)
    flat = (tail <= noise) | (tail * weight <= 1e-17 * scale)
    return flat & ((misfit <= 16 * noise[:, None]) | (misfit * weight[:, None] <= 1e-15 * scale)).all(axis=1)


# --- kinks ---------------------------------------------------------------------------------------------------------


def _locate(function, edges, steep, kinks):
    """Kinks not yet known: panels that can't be resolved, or towers of ever smaller panels."""
    found = [_snap(0.5 * (a + b), b - a) for a, b in steep]
    widths = np.diff(edges)
    narrow = np.flatnonzero(widths < _STEEP_WIDTH)
    for group in np.split(narrow, np.flatnonzero(np.diff(narrow) > 1) + 1) if len(narrow) else []:
        smallest = group[widths[group] < 1.5 * widths[group].min()]
        found.append(_meeting_point(function, edges[smallest[0]], edges[smallest[-1] + 1]))
    unique = []
    for b in sorted(found):
        if all(abs(b - other) > 1e-6 for other in unique):
            unique.append(float(b))
    if len(unique) + len(kinks) > _MOST_KINKS:
        raise ValueError(f"at most {_MOST_KINKS} kinks are supported; found {len(unique) + len(kinks)}.")
    return unique


def _hidden_at_edges(resolved):
    """Kinks that happen to lie on an edge of ours: the polynomials of its two sides, or their slopes, differ."""
    inner, widths = resolved.edges[1:-1], np.diff(resolved.edges)
    reach, weight = np.minimum(widths[:-1], widths[1:]), root_density(inner)
    scale = np.sqrt(resolved.expectation(resolved.values**2)) + 1e-300
    differs = np.zeros(len(inner), dtype=bool)
    for order, tolerance in enumerate(_MISMATCH):
        derivatives = np.polynomial.legendre.legder(resolved.coefficients, order, axis=1)
        derivatives *= (2 / widths[:, None]) ** order
        right = derivatives[1:] @ (-1.0) ** np.arange(derivatives.shape[1])
        size = np.maximum(scale, weight * np.abs(resolved.values).max(axis=1)[1:])
        differs |= weight * reach**order * np.abs(right - derivatives[:-1].sum(axis=1)) > tolerance * size
    return [float(b) for b in inner[differs] if b not in resolved.kinks]


def _meeting_point(function, left, right):
    """Where the polynomials of the two sides meet, if that is where the panels pile up; else the middle."""
    middle, width = 0.5 * (left + right), right - left
    apart = _difference_of_sides(function, left, right)
    order = _order([abs(d(middle)) for d in apart], width)
    place = middle
    for _ in range(4 if order else 0):
        place -= _REACH * apart[order - 1](place) / apart[order](place)
    meets = order and abs(place - middle) <= 4 * width + 1e-9
    return _snap(place, min(1e-3 * width, 5e-8)) if meets else _snap(middle, width)


def _difference_of_sides(function, left, right):
    """p_R − p_L and its first three derivatives, in units of the reach, as functions of x."""
    sides = [
        (end, np.polynomial.Chebyshev.interpolate(lambda t, end=end: function(end + _REACH * t), 7, domain=[-1, 1]))
        for end in (left - _REACH, right + _REACH)
    ]
    return [
        lambda x, k=k: sum(
            sign * (p.deriv(k) if k else p)((x - end) / _REACH) for sign, (end, p) in zip((-1, 1), sides, strict=True)
        )
        for k in range(4)
    ]


def _order(sizes, width):
    """The order of the kink: its jump is in the first derivative that is not small by closeness to the kink alone."""
    closeness = _CLEAR * width / _REACH
    return next((k for k in range(3) if sizes[k] > closeness * max(sizes[k + 1 :])), 3)


def _snap(place, uncertainty):
    """The roundest number within the uncertainty: the one that was probably meant."""
    rounded = (round(place, digits) for digits in range(7))
    return next((r + 0.0 for r in rounded if abs(r - place) <= 2 * uncertainty + _EDGE), place)
