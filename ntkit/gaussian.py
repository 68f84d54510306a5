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
_PARTS, _FINE_DEGREE = 8, 9  # of a panel, for derivatives
PRODUCT_NODES = 20  # on a panel of the inner integral in two dimensions
_WIDTHS = (2.6, 1.8, 1.2, 0.8, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02)


@lru_cache(maxsize=16)
def gauss_legendre(nodes):
    """Nodes and weights on [−1, 1].

    >>> x, w = gauss_legendre(5)
    >>> float((w * x**4).sum().round(12))  # 2/5
    0.4
    """
    x, _ = np.polynomial.legendre.leggauss(nodes)
    # its weights lose up to four digits towards the ends; this sum of squares does not
    squares = np.polynomial.legendre.legvander(x, nodes - 1) ** 2
    return x, 1 / (squares @ (np.arange(nodes) + 0.5))


@lru_cache(maxsize=4)
def legendre_transform(nodes):
    """Matrix that takes values at the Gauss–Legendre nodes to Legendre coefficients.

    >>> x, _ = gauss_legendre(3)
    >>> (legendre_transform(3) @ (2 + x)).round(12) + 0.0
    array([2., 1., 0.])
    """
    x, w = gauss_legendre(nodes)
    vandermonde = np.polynomial.legendre.legvander(x, nodes - 1)
    return (vandermonde * w[:, None]).T * (np.arange(nodes)[:, None] + 0.5)


def density(x):
    """The standard normal density φ(x).

    >>> round(float(density(0.0)), 6)
    0.398942
    """
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
        scale = np.sqrt(self.expectation(self.values**2))
        rounding = 1e-10 * np.abs(self.values).max(axis=1)[inner]
        # far out a kink is found only as well as N(0, 1) sees it
        matters = np.abs(jumps) * root_density(np.array(self.kinks)) > 1e-10 * scale
        return np.where(matters & (np.abs(jumps) > rounding), jumps, 0.0)

    def expectation(self, values):
        """E g(X) from the values of g at the nodes."""
        return float((self.weights * values).sum())

    def derivative(self, x):
        """f'(x) from the polynomials; by a five-point difference outside [−R, R]."""
        x = np.asarray(x, dtype=float)
        edges, coefficients = self._fine_slopes
        panel = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, len(edges) - 2)
        left, right = edges[panel], edges[panel + 1]
        local = np.clip((2 * x - left - right) / (right - left), -1, 1)
        inside = coefficients[0][panel]
        for row in coefficients[1:]:
            inside = inside * local + row[panel]
        outside = np.abs(x) > self.radius
        return np.where(outside, _difference(self.function, x), inside) if outside.any() else inside

    @cached_property
    def _fine_slopes(self):
        """f' by polynomials of low degree on every panel cut in `_PARTS`: edges, coefficients, highest power first."""
        points = np.cos(np.pi * (np.arange(_FINE_DEGREE + 1) + 0.5) / (_FINE_DEGREE + 1))
        parts = np.arange(_PARTS)[:, None]
        places = (2 * parts + 1 + points) / _PARTS - 1
        values = np.polynomial.legendre.legval(places, self._slopes).reshape(-1, _FINE_DEGREE + 1)
        edges = self.edges[:-1, None] + np.diff(self.edges)[:, None] * parts[:, 0] / _PARTS
        return np.append(edges, self.radius), np.linalg.solve(np.vander(points), values.T)

    def hermite(self, count):
        """a_0 … a_{count−1}, a_k = E f(X) h_k(X)."""
        return self._expansion.coefficients(count)

    @cached_property
    def _expansion(self):
        nodes = self.nodes.ravel()
        return HermiteExpansion(nodes, (self.weights * self.values).ravel() / root_density(nodes))


def _difference(function, x):
    step = 1e-3 * np.maximum(1.0, np.abs(x))
    near = function(x + step) - function(x - step)
    far = function(x + 2 * step) - function(x - 2 * step)
    return (8 * near - far) / (12 * step)


def root_density(x):
    """√φ(x).

    >>> round(float(root_density(0.0) ** 2), 6)
    0.398942
    """
    return np.exp(-0.25 * np.square(x)) / (2 * np.pi) ** 0.25


class HermiteExpansion:
    """Σ_i g_i h_k(x_i)√φ(x_i) for as many k as were asked for so far; h_k√φ is bounded, so that no order overflows.

    Parameters: nodes x (m,); weighted g (…, m).
    """

    _STEP = 64

    def __init__(self, nodes, weighted):
        self._nodes, self._weighted = nodes, weighted
        self._block = hermite_functions(nodes, self._STEP)
        self._known = weighted @ self._block.T

    def coefficients(self, count):
        """The first `count`, along the last axis."""
        while self._known.shape[-1] < count:
            self._block = _next_hermite_functions(self._nodes, self._block, self._known.shape[-1])
            self._known = np.concatenate([self._known, self._weighted @ self._block.T], axis=-1)
        return self._known[..., :count].copy()


def hermite_functions(x, count):
    """h_k(x)·√φ(x), k < count, shape (count, len(x)).

    >>> x = np.array([2.0])
    >>> (hermite_functions(x, 3) / root_density(x)).ravel().round(6)  # 1, x, (x² − 1)/√2
    array([1.     , 2.     , 2.12132])
    """
    first = np.stack([np.zeros_like(x), root_density(x)])
    return np.concatenate([first[1:], _next_hermite_functions(x, first, 1, count - 1)])


def _next_hermite_functions(x, previous, start, count=None):
    """The functions from order `start` on, as many as there are in `previous`, which end at the order before."""
    out = np.empty((2 + (len(previous) if count is None else count), len(x)))
    out[:2] = previous[-2:]
    for k in range(start, start + len(out) - 2):
        row = k - start
        out[row + 2] = (x * out[row + 1] - np.sqrt(k - 1) * out[row]) / np.sqrt(k)
    return out[2:]


def panel_nodes(edges, count):
    """Gauss–Legendre nodes and weights on the panels between `edges` (last axis), shape (…, panels, count).

    >>> x, w = panel_nodes(np.array([0.0, 1.0, 3.0]), 4)
    >>> x.shape, float((w * x**2).sum().round(12))
    ((2, 4), 9.0)
    """
    x, w = gauss_legendre(count)
    left, right = edges[..., :-1, None], edges[..., 1:, None]
    half = 0.5 * (right - left)
    return left + half * (1 + x), half * w


# --- how wide panels may be --------------------------------------------------------------------------------------


def panel_width(function, kinks, radius):
    """The widest panels between the kinks on which twenty Legendre polynomials resolve f under N(0, 1).

    Parameters: function, array → array; kinks, ascending; radius, beyond which f √φ does not matter.
    Returns: float, or None when the narrowest do not suffice.

    >>> panel_width(np.tanh, (), 9.0), panel_width(lambda x: np.sin(20 * x), (), 9.0)
    (0.8, 0.2)
    """
    breaks = np.array([-radius, *kinks, radius])[None]
    for width in _WIDTHS:
        nodes = panel_nodes(subdivide(breaks, width)[0], PRODUCT_NODES)[0]
        values = function(nodes)
        tail = np.abs(values @ legendre_transform(PRODUCT_NODES).T)[:, -3:].max(axis=1)
        weight = root_density(np.abs(nodes).min(axis=1))
        if (tail * weight).max() <= 1e-13 * np.abs(values * root_density(nodes)).max() + 1e-300:
            return width
    return None


# --- two dimensions ------------------------------------------------------------------------------------------------


def product_nodes(kinks_f, kinks_g, angle, radius, width=2.6, *, half=False):
    """Nodes u, v and weights for E f(U) g(V), corr(U, V) = cos(angle), f and g smooth between their kinks.

    With U = cZ + sW, V = cZ − sW, c = cos(angle/2), s = sin(angle/2), the kinks are the lines cz ± sw = b: for every w
    the inner integral over z is split there, the outer one where two of these lines cross.

    Parameters: angle in [0, π/2] (beyond, replace g(x) by g(−x)); radius, where f² φ is negligible; width, of panels
    that twenty Gauss–Legendre nodes resolve; half, only w > 0 (the other half exchanges u and v).

    >>> u, v, weights = product_nodes([0.0], [0.0], np.pi / 3, 9.0)
    >>> float((weights * (u > 0) * (v > 0)).sum().round(12))  # (π − θ)/2π
    0.333333333333
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
    """Split every panel into equal parts no wider than `width` (the same number of parts in all rows).

    >>> subdivide(np.array([[0.0, 1.0, 1.5]]), 0.6)
    array([[0. , 0.5, 1. , 1.5]])
    """
    parts = []
    for left, right in zip(breaks.T[:-1], breaks.T[1:], strict=True):
        count = max(1, int(np.ceil((right - left).max() / width)))
        parts.append(left[:, None] + (right - left)[:, None] * np.arange(count) / count)
    return np.concatenate([*parts, breaks[:, -1:]], axis=1)
