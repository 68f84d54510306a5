"""Expectations under N(0, 1) and N(0, Σ), exact to rounding for piecewise smooth functions.

A function is *resolved* once: on panels that end at its kinks it is represented by Legendre polynomials, refined until
their tails vanish.  From that follow, with the same nodes,

    E f(X),   a_k = E f(X) h_k(X)   (h_k: orthonormal probabilists' Hermite polynomials),   E f(U) g(V),

X ~ N(0, 1), (U, V) ~ N(0, [[1, ρ], [ρ, 1]]).  A panel never contains a kink, neither in one dimension nor in two, so
Gauss–Legendre quadrature converges spectrally, wherever the kinks are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

NODES = 32
_PANEL_WIDTH = 0.97  # with the offset below: no panel edge of ours falls on a round number, where kinks usually are
_OFFSET = 0.0137
_LARGEST_RADIUS = 38.0  # the normal density underflows beyond
_NEGLIGIBLE = 42.0  # −log(6e-19)
_MAX_KINKS = 40
_SMALLEST_WIDTH = 4e-14
_STEEP_WIDTH = 1e-3
PRODUCT_NODES = 20  # on a panel of the inner integral in two dimensions
_WIDTHS = (2.6, 1.8, 1.2, 0.8, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02)


@lru_cache(maxsize=16)
def gauss_legendre(nodes):
    """Nodes and weights on [−1, 1]."""
    return np.polynomial.legendre.leggauss(nodes)


@lru_cache(maxsize=4)
def _legendre_transform(nodes):
    """Matrix that takes values at the Gauss–Legendre nodes to Legendre coefficients."""
    x, w = gauss_legendre(nodes)
    vandermonde = np.polynomial.legendre.legvander(x, nodes - 1)
    return (vandermonde * w[:, None]).T * (np.arange(nodes)[:, None] + 0.5)


def density(x):
    """The standard normal density φ(x)."""
    return np.exp(-0.5 * np.square(x)) / np.sqrt(2 * np.pi)


@dataclass(frozen=True, eq=False)
class Resolved:
    """A function on [−R, R] as Legendre polynomials on panels; `kinks` are the edges across which it is not smooth."""

    function: Callable
    edges: np.ndarray  # (panels + 1,)
    coefficients: np.ndarray  # (panels, NODES)
    values: np.ndarray  # (panels, NODES), at the Gauss–Legendre nodes
    kinks: tuple

    @cached_property
    def _slopes(self):
        """Legendre coefficients of f', shape (degree, panels); those of f below rounding are left out."""
        size = np.abs(self.coefficients)
        noise = 1.2e-15 * (2 * np.arange(NODES) + 1) * size.max(axis=1, keepdims=True)
        kept = np.flip(np.maximum.accumulate(np.flip(size > noise, 1), axis=1), 1)
        slopes = np.polynomial.legendre.legder(np.where(kept, self.coefficients, 0.0), axis=1)
        slopes *= 2 / np.diff(self.edges)[:, None]
        return slopes.T[: max(1, int(kept.sum(axis=1).max()) - 1)]

    @property
    def radius(self):
        """R: beyond it, f√φ is below rounding."""
        return self.edges[-1]

    @cached_property
    def nodes(self):
        """Quadrature nodes, shape (panels, NODES)."""
        return panel_nodes(self.edges, NODES)[0]

    @cached_property
    def weights(self):
        """Quadrature weights under N(0, 1), shape (panels, NODES)."""
        nodes, weights = panel_nodes(self.edges, NODES)
        return weights * density(nodes)

    @cached_property
    def jumps(self):
        """f(b+) − f(b−) at every kink b, zero where f is continuous."""
        right = self.coefficients @ (-1.0) ** np.arange(NODES)
        left = self.coefficients.sum(axis=1)
        inner = np.searchsorted(self.edges, self.kinks)
        jumps = right[inner] - left[inner - 1]
        scale = np.sqrt(self.expectation(self.values**2)) + np.abs(self.values).max(axis=1)[inner]
        return np.where(np.abs(jumps) > 1e-10 * scale, jumps, 0.0)

    def expectation(self, values):
        """E g(X) from the values of g at the nodes."""
        return float((self.weights * values).sum())

    def derivative(self, x):
        """f'(x) from the polynomials; by a five-point difference outside [−R, R]."""
        x = np.asarray(x, dtype=float)
        panel = np.clip(np.searchsorted(self.edges, x, side="right") - 1, 0, len(self.edges) - 2)
        left, right = self.edges[panel], self.edges[panel + 1]
        local = np.clip((2 * x - left - right) / (right - left), -1, 1)
        inside = _horner_legendre(local, self._slopes, panel)
        outside = np.abs(x) > self.radius
        return np.where(outside, _difference(self.function, x), inside) if outside.any() else inside

    def hermite(self, count):
        """a_0 … a_{count−1}, a_k = E f(X) h_k(X)."""
        weighted = self.weights * self.values / root_density(self.nodes)
        return hermite_functions(self.nodes.ravel(), count) @ weighted.ravel()


def _horner_legendre(x, coefficients, panel):
    """Σ_k c_k P_k(x), c the column of `coefficients` (degree, panels) that belongs to the panel (Clenshaw)."""
    older = newer = np.zeros_like(x)
    for k in range(len(coefficients) - 1, 0, -1):
        row = coefficients[k][panel]
        older, newer = newer, row + (2 * k + 1) / (k + 1) * x * newer - (k + 1) / (k + 2) * older
    return coefficients[0][panel] + x * newer - 0.5 * older


def _difference(function, x):
    step = 1e-3 * np.maximum(1.0, np.abs(x))
    near = function(x + step) - function(x - step)
    far = function(x + 2 * step) - function(x - 2 * step)
    return (8 * near - far) / (12 * step)


def root_density(x):
    """√φ(x)."""
    return np.exp(-0.25 * np.square(x)) / (2 * np.pi) ** 0.25


def hermite_functions(x, count):
    """h_k(x)·√φ(x), k < count, shape (count, len(x)): bounded, so that no order overflows."""
    out = np.empty((count, len(x)))
    out[0] = root_density(x)
    if count > 1:
        out[1] = x * out[0]
    for k in range(1, count - 1):
        out[k + 1] = (x * out[k] - np.sqrt(k) * out[k - 1]) / np.sqrt(k + 1)
    return out


def panel_nodes(edges, count):
    """Gauss–Legendre nodes and weights on the panels between `edges` (last axis), shape (…, panels, count)."""
    x, w = gauss_legendre(count)
    left, right = edges[..., :-1, None], edges[..., 1:, None]
    half = 0.5 * (right - left)
    return left + half * (1 + x), half * w


# --- resolving -----------------------------------------------------------------------------------------------------


def resolve(function, kinks=(), name="the function"):
    """`function` on panels between its kinks; those not named in `kinks` are found.

    Parameters: function, array → array, float64; kinks, where it is not smooth.
    Returns: Resolved.
    Raises: ValueError when it is not finite, when E f(X)² is not finite, or when it is not piecewise smooth.
    """
    radius = _radius(function, name)
    kinks = tuple(sorted(float(b) for b in kinks if abs(b) < radius))
    for _ in range(4):
        edges, steep = _refine(function, _initial_edges(radius, kinks), name)
        found = _locate(edges, steep, kinks)
        if not found:
            return _on_panels(function, edges, kinks, name)
        kinks = tuple(sorted({*kinks, *map(float, found)}))
    raise ValueError(
        f"{name} must be piecewise smooth; near x = {found[0]:.6g} it could not be resolved. "
        "A slope that is infinite or changes over less than 1e-3 is not supported: smooth it or replace it by a kink."
    )


def _radius(function, name):
    """Smallest R with |f|√φ negligible beyond it."""
    x = np.arange(_OFFSET, _LARGEST_RADIUS, 0.05)
    x = np.concatenate([-x[::-1], x])
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        values = np.abs(_evaluate(function, x, name, allow_overflow=True))
        size = np.log(np.maximum(values, 1e-300)) - 0.25 * x**2
    relevant = np.abs(x)[size > size.max() - _NEGLIGIBLE].max()
    if relevant > _LARGEST_RADIUS - 1:
        raise ValueError(
            f"{name} grows too fast: E f(X)², X ~ N(0, 1), must be finite and resolvable in float64, "
            "but f(x)² exp(−x²/2) does not vanish for large |x|. Growth up to exp(0.2 x²) is supported."
        )
    return max(float(relevant) + 0.05, 8.0)


def _evaluate(function, x, name, allow_overflow=False):
    with np.errstate(all="ignore"):
        values = np.asarray(function(x), dtype=float)
    if values.shape != x.shape:
        values = np.broadcast_to(values, x.shape) if values.ndim == 0 else values
    if values.shape != x.shape:
        raise ValueError(f"{name} must map an array to an array of the same shape; {x.shape} became {values.shape}.")
    bad = np.isnan(values) if allow_overflow else ~np.isfinite(values)
    if bad.any():
        raise ValueError(f"{name} must be finite on the real line; at x = {x[bad][0]:.6g} it is {values[bad][0]}.")
    return values


def _initial_edges(radius, kinks):
    count = int(np.ceil(2 * radius / _PANEL_WIDTH))
    inner = -radius + _OFFSET + _PANEL_WIDTH * np.arange(1, count)
    inner = inner[(inner < radius - 0.3) & (np.abs(inner[:, None] - np.array([*kinks, np.inf])).min(axis=1) > 0.2)]
    return np.unique(np.concatenate([[-radius], inner, kinks, [radius]]))


def _refine(function, edges, name):
    """Bisect panels until all are resolved; returns the edges and the panels that can't be."""
    left, right = edges[:-1], edges[1:]
    done, steep, scale = [], [], None
    while len(left):
        nodes = panel_nodes(np.stack([left, right], axis=-1), NODES)[0][:, 0]
        values = _evaluate(function, nodes, name)
        if scale is None:
            scale = np.sqrt((values**2 * density(nodes)).sum(axis=1).max()) + 1e-300
        fine = _is_resolved(values, nodes, scale)
        tiny = right - left < _SMALLEST_WIDTH * np.maximum(1.0, np.abs(left))
        steep += list(zip(left[tiny & ~fine], right[tiny & ~fine], strict=True))
        done += list(left[fine | tiny])
        split = ~fine & ~tiny
        if len(done) + 2 * split.sum() > 4000:
            raise ValueError(f"{name} must be piecewise smooth; it has too much structure to be resolved (noise?).")
        middle = 0.5 * (left[split] + right[split])
        left, right = np.concatenate([left[split], middle]), np.concatenate([middle, right[split]])
    return np.append(np.sort(done), edges[-1]), steep


def _is_resolved(values, nodes, scale):
    coefficients = np.abs(values @ _legendre_transform(NODES).T)
    tail = coefficients[:, -4:].max(axis=1)
    weighted = tail * root_density(np.abs(nodes).min(axis=1)) <= 1e-17 * scale
    return weighted | (tail <= 1e-14 * np.maximum(coefficients.max(axis=1), scale))


def _locate(edges, steep, kinks):
    """Kinks not yet known: panels that can't be resolved, or towers of ever smaller panels."""
    found = [_snap(0.5 * (a + b), b - a) for a, b in steep]
    widths = np.diff(edges)
    narrow = np.flatnonzero(widths < _STEEP_WIDTH)
    for group in np.split(narrow, np.flatnonzero(np.diff(narrow) > 1) + 1) if len(narrow) else []:
        smallest = group[widths[group] < 1.5 * widths[group].min()]
        left, right = edges[smallest[0]], edges[smallest[-1] + 1]
        found.append(_snap(0.5 * (left + right), right - left))
    unique = []
    for b in sorted(found):
        if all(abs(b - other) > 1e-6 for other in unique):
            unique.append(b)
    if len(unique) + len(kinks) > _MAX_KINKS:
        raise ValueError(f"at most {_MAX_KINKS} kinks are supported; found {len(unique) + len(kinks)}.")
    return unique


def _snap(place, uncertainty):
    """The roundest number within the uncertainty: the one that was probably meant."""
    rounded = (round(place, digits) for digits in range(7))
    return next((r + 0.0 for r in rounded if abs(r - place) <= 2 * uncertainty + 1e-12), place)


def _on_panels(function, edges, kinks, name):
    nodes = panel_nodes(edges, NODES)[0]
    values = _evaluate(function, nodes, name)
    return Resolved(function, edges, values @ _legendre_transform(NODES).T, values, kinks)


def panel_width(function, kinks, radius):
    """The widest panels between the kinks on which twenty Legendre polynomials resolve f under N(0, 1).

    Parameters: function, array → array; kinks, ascending; radius, beyond which f √φ does not matter.
    Raises: ValueError when panels of width 0.02 do not suffice.
    """
    breaks = np.array([-radius, *kinks, radius])[None]
    for width in _WIDTHS:
        nodes = panel_nodes(subdivide(breaks, width)[0], PRODUCT_NODES)[0]
        values = function(nodes)
        tail = np.abs(values @ _legendre_transform(PRODUCT_NODES).T)[:, -3:].max(axis=1)
        weight = root_density(np.abs(nodes).min(axis=1))
        if (tail * weight).max() <= 1e-13 * np.abs(values * root_density(nodes)).max() + 1e-300:
            return width
    raise ValueError(f"a function must vary slowly enough for panels of width {_WIDTHS[-1]}; this one does not.")


# --- two dimensions ------------------------------------------------------------------------------------------------


def product_expectation(f, g, kinks_f, kinks_g, angle, radius, width=2.6):
    """E f(U) g(V), corr(U, V) = cos(angle), for f, g smooth between their kinks.

    Parameters: see `product_nodes`.  Returns: float.
    """
    u, v, weights = product_nodes(kinks_f, kinks_g, angle, radius, width, half=f is g)
    total = float((weights * f(u) * g(v)).sum())
    return 2 * total if f is g else total


def product_nodes(kinks_f, kinks_g, angle, radius, width=2.6, *, half=False):
    """Nodes u, v and weights for E f(U) g(V), corr(U, V) = cos(angle), f and g smooth between their kinks.

    With U = cZ + sW, V = cZ − sW, c = cos(angle/2), s = sin(angle/2), the kinks are the lines cz ± sw = b: for every w
    the inner integral over z is split there, the outer one where two of these lines cross.

    Parameters: angle in [0, π/2] (beyond, replace g(x) by g(−x)); radius, where f² φ is negligible; width, of panels
    that twenty Gauss–Legendre nodes resolve; half, only w > 0 (the other half exchanges u and v).
    """
    c, s = np.cos(0.5 * angle), np.sin(0.5 * angle)
    kinks_f, kinks_g = np.asarray(kinks_f, float), np.asarray(kinks_g, float)
    outer = _outer_edges(kinks_f, kinks_g, s, 0.0 if half else -radius, radius, width)
    w, w_weights = (a.ravel() for a in panel_nodes(outer, 16))
    reach = np.sqrt(radius**2 - w**2)[:, None]  # the density is negligible outside the disc
    breaks = np.concatenate([-reach, (kinks_f - s * w[:, None]) / c, (kinks_g + s * w[:, None]) / c, reach], axis=1)
    breaks = np.sort(np.clip(breaks, -reach, reach), axis=1)
    z, z_weights = (a.reshape(len(w), -1) for a in panel_nodes(subdivide(breaks, width), PRODUCT_NODES))
    weights = z_weights * density(z) * (w_weights * density(w))[:, None]
    return c * z + s * w[:, None], c * z - s * w[:, None], weights


def _outer_edges(kinks_f, kinks_g, s, lowest, highest, width):
    """Panel edges in w, split where the order of the inner breaks changes."""
    with np.errstate(divide="ignore", invalid="ignore"):
        # cz = b − sw and cz = b' + sw meet at w = (b − b')/(2s)
        crossings = np.subtract.outer(kinks_f, kinks_g).ravel() / (2 * s)
    crossings = crossings[(crossings > lowest) & (crossings < highest)]
    edges = np.unique(np.concatenate([[lowest, highest], crossings]))
    return subdivide(edges[None], min(3.3, width / s) if s else 3.3)[0]


def subdivide(breaks, width):
    """Split every panel into equal parts no wider than `width` (the same number of parts in all rows)."""
    parts = []
    for left, right in zip(breaks.T[:-1], breaks.T[1:], strict=True):
        count = max(1, int(np.ceil((right - left).max() / width)))
        parts.append(left[:, None] + (right - left)[:, None] * np.arange(count) / count)
    return np.concatenate([*parts, breaks[:, -1:]], axis=1)
