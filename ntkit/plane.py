"""Expectations E f(U)f(V), corr(U, V) = cos θ, of a piecewise smooth f, for many angles θ at once.

In the plane of two independent normal variables, f(U) and f(V) are smooth between two families of parallel lines, the
images of the kinks.  The inner integral is split exactly at these lines, the outer one where two of them cross; what is
left is analytic, and its panels are bisected until Gauss–Legendre quadrature converges.  Lines through the origin (one
kink, at 0) do not cross elsewhere, so that polar coordinates need fewest nodes:

    U = r cos(α − θ/2),  V = r cos(α + θ/2)          one kink, at 0
    U = cZ + sW,  V = cZ − sW,  c, s = cos, sin(θ/2)   otherwise

Source of the polar form: Cho, Saul (2009), section 2.1, who take its inner integral in closed form.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ntkit.gaussian import density, legendre_transform, panel_nodes, root_density

_NODES = (10, 16, 32)  # on a panel of the inner integral, as many as it needs
_OUTER_NODES = (10, 24)
# n Gauss–Legendre nodes are exact to degree 2n − 1: they err by about the square of what n coefficients leave.
_TAIL, _OUTER_TAIL = 1e-9, 1e-8
_WIDTHS = np.array([0.7, 2.5])  # of panels on which 10, and 16, nodes do for the normal density
_NARROWEST = 1e-5
_NEGLIGIBLE = 1e-19
_CHUNK = 1 << 15  # nodes evaluated at a time: what a cache likes
_MOST_NODES = 4e7  # seconds, for one call


@dataclass(frozen=True, eq=False)
class Meshed:
    """f on [−R, R], with panels on which 32 Gauss–Legendre nodes integrate it.

    edges: ascending, from −R to R, the kinks among them; sizes: of |f| on each panel; levels: how many nodes each panel
    needs, as an index of `_NODES`; scale: E f(X)².
    """

    function: Callable
    kinks: np.ndarray
    edges: np.ndarray
    sizes: np.ndarray
    levels: np.ndarray
    scale: float

    @property
    def radius(self):
        """R."""
        return self.edges[-1]

    def mirrored(self):
        """x ↦ f(−x)."""
        return Meshed(
            lambda x: self.function(-x),
            *(-a[::-1] for a in (self.kinks, self.edges)),
            *(a[::-1] for a in (self.sizes, self.levels)),
            self.scale,
        )

    def panel_of(self, x):
        """The panel that holds x."""
        return np.clip(np.searchsorted(self.edges, x) - 1, 0, len(self.sizes) - 1)


def meshed(function, kinks, radius, scale):
    """The Meshed of a function that is smooth between its kinks, and negligible under N(0, 1) beyond the radius.

    >>> meshed(np.abs, [0.0], 9.0, scale=1.0).edges
    array([-9.,  0.,  9.])
    """
    kinks = np.array([b for b in kinks if abs(b) < radius])
    edges = np.array([-radius, *(kinks if len(kinks) else [0.0]), radius])
    largest = np.sqrt(scale)
    left, right, done = edges[:-1], edges[1:], []
    while len(left):
        fine = _is_resolved(function, left, right, _NODES[-1], largest) | (right - left < _NARROWEST)
        done += list(left[fine])
        left, right = _halves(left[~fine], right[~fine])
    edges = np.append(np.sort(done), radius)
    sizes = np.abs(function(panel_nodes(edges, _NODES[-1])[0])).max(axis=1)
    fewer = [_is_resolved(function, edges[:-1], edges[1:], nodes, largest) for nodes in _NODES[:-1]]
    levels = np.select(fewer, range(len(fewer)), len(fewer))
    return Meshed(function, kinks, edges, sizes, levels, scale)


def _is_resolved(function, left, right, nodes, scale):
    places = panel_nodes(np.stack([left, right], axis=-1), nodes)[0][:, 0]
    return _tail(function(places) * root_density(places)) <= _TAIL * scale


def products(f, angles):
    """E f(U)f(V), corr(U, V) = cos θ, for every angle θ in (0, π).

    Parameters: f, Meshed; angles, shape (n,).  Returns: (n,), exact to rounding of E f².
    Raises: ValueError when f has so much structure that it would take minutes.

    >>> step = meshed(lambda x: np.where(x > 0, 1.0, 0.0), [0.0], 9.0, scale=0.5)
    >>> products(step, np.array([np.pi / 3])).round(12)  # (π − θ)/2π
    array([0.33333333])
    """
    if f.kinks.tolist() == [0.0]:
        return _polar(f, angles)
    out, near = np.empty_like(angles), angles <= 0.5 * np.pi
    # cos(θ/2) divides below: beyond the right angle, −V is the nearer of the two
    out[near] = _cartesian(f, f, angles[near])
    out[~near] = _cartesian(f, f.mirrored(), np.pi - angles[~near])
    return out


def integrals(function, edges, scale, cost=1):
    """∫ function over the panels of every row of `edges` (rows, breaks), split further where that is needed.

    Parameters: function, (row of every place, places) → values, both (panels, nodes); smooth between the breaks;
    scale, of which the integrals shall be exact to rounding; cost, evaluations a place.

    >>> integrals(lambda row, x: (row + 1) * np.cos(x), np.array([[0.0, 1.0], [0.0, np.pi / 2]]), scale=1.0).round(12)
    array([0.84147098, 2.        ])
    """
    row, left, right = _panels(edges)
    total, spent = np.zeros(len(edges)), 0
    while len(left):
        narrow = right - left < _WIDTHS[0]
        fine = right - left < _NARROWEST
        spent += cost * (_OUTER_NODES[0] * narrow.sum() + _OUTER_NODES[1] * (~narrow).sum())
        if spent > _MOST_NODES:
            raise ValueError(
                "a function must not have so many kinks, or be so steep, that its integrals in the plane take "
                f"{spent:.0e} evaluations: smooth it, or rescale its argument."
            )
        for nodes, part in zip(_OUTER_NODES, (narrow, ~narrow), strict=True):
            found, resolved = _on_panels(function, row[part], left[part], right[part], nodes, scale)
            fine[part] |= resolved
            total += np.bincount(row[part][fine[part]], found[fine[part]], minlength=len(edges))
        row = np.tile(row[~fine], 2)
        left, right = _halves(left[~fine], right[~fine])
    return total


def _on_panels(function, row, left, right, nodes, scale):
    """The integrals over panels, and which of them are resolved."""
    places, weights = (a[:, 0] for a in panel_nodes(np.stack([left, right], axis=-1), nodes))
    values = function(np.repeat(row, nodes).reshape(places.shape), places)
    return (weights * values).sum(axis=1), _tail(values) * (right - left) <= _OUTER_TAIL * scale


def line_integrals(values, breaks, level):
    """E g_i(Z) for every row i, g_i smooth between breaks[i] and negligible outside them.

    Parameters: values, (rows, places) → g there, (panels, 1) and (panels, nodes) → (panels, nodes); breaks (rows, k),
    ascending; level, (rows, middles of panels) → the index in `_NODES` that g needs there, −1 where g is negligible.

    >>> breaks = np.array([[-9.0, 0.0, 9.0]])
    >>> line_integrals(lambda row, z: np.abs(z), breaks, lambda row, z: np.zeros_like(row)) * np.sqrt(np.pi / 2)
    array([1.])
    """
    row, left, right = _panels(breaks)
    wanted = level(row, 0.5 * (left + right))
    wanted = np.where(wanted < 0, -1, np.maximum(wanted, np.searchsorted(_WIDTHS, right - left)))
    total = np.zeros(len(breaks))
    for index, nodes in enumerate(_NODES):
        part = wanted == index
        places, weights = (a[:, 0] for a in panel_nodes(np.stack([left[part], right[part]], axis=-1), nodes))
        weighted = weights * density(places) * values(row[part, None], places)
        total += np.bincount(row[part], weighted.sum(axis=1), minlength=len(breaks))
    return total


# --- two coordinate systems ----------------------------------------------------------------------------------------


def _polar(f, angles):
    """f(U) breaks at α = π/2 + θ/2 and f(V) at π/2 − θ/2, for every radius; exchanging them mirrors α."""
    radii = np.unique(np.abs(f.edges))
    r, weights = (a.ravel() for a in panel_nodes(radii, _NODES[-1]))
    weights = weights * r * np.exp(-0.5 * r * r) / np.pi
    half = 0.5 * angles

    def inner(row, alpha):
        ray_u, ray_v = (np.cos(alpha + sign * half[row]).ravel()[:, None] for sign in (-1, 1))
        values = np.empty(alpha.size)
        for part in _chunks(alpha.size, len(r)):
            values[part] = (f.function(ray_u[part] * r) * f.function(ray_v[part] * r)) @ weights
        return values.reshape(alpha.shape)

    ends = np.zeros_like(half), np.full_like(half, np.pi)
    edges = np.stack([ends[0], 0.5 * np.pi - half, 0.5 * np.pi + half, ends[1]], axis=1)
    return integrals(inner, edges, f.scale, cost=len(r))


def _cartesian(f, g, angles):
    """The lines cz + sw = b and cz − sw = b' meet at w = (b − b')/(2s).

    One half of the plane mirrors the other: exchanging U and V turns w round when g is f, and z when g is x ↦ f(−x).
    """
    c, s = np.cos(0.5 * angles), np.sin(0.5 * angles)
    lowest_w, lowest_z = (0.0, -f.radius) if g is f else (-f.radius, 0.0)
    cost = 16 * (len(f.edges) + len(g.edges) - 3)

    def inner(row, w):
        values = np.empty(w.size)
        row, flat = row.ravel(), w.ravel()
        for part in _chunks(w.size, cost):
            values[part] = _along(f, g, c[row[part]], s[row[part]], flat[part], lowest_z)
        return values.reshape(w.shape) * density(w)

    apart = np.unique(np.subtract.outer(f.kinks, g.kinks))
    crossings = np.clip(0.5 * apart / s[:, None], lowest_w, f.radius)
    ends = (np.full((len(s), 1), w) for w in (lowest_w, 0.0, f.radius))
    edges = np.sort(np.concatenate([*ends, crossings], axis=1), axis=1)
    return 2 * integrals(inner, edges, f.scale, cost=cost)


def _along(f, g, c, s, w, lowest):
    """E over Z of f(cZ + sw) g(cZ − sw) for every w, c, s, shape (n,)."""
    c, shift = c[:, None], (s * w)[:, None]
    reach = np.sqrt(np.maximum(f.radius**2 - w**2, 0.0))[:, None]  # the density is negligible outside the disc
    lowest = np.maximum(lowest, -reach)
    lines = np.concatenate([lowest, (f.edges[1:-1] - shift) / c, (g.edges[1:-1] + shift) / c, reach], axis=1)
    breaks = np.sort(np.clip(lines, lowest, reach), axis=1)
    weight = density(w)

    def values(row, z):
        middle, apart = c[row[:, 0]] * z, shift[row[:, 0]]
        return f.function(middle + apart) * g.function(middle - apart)

    def level(row, z):
        middle, apart = c[row, 0] * z, shift[row, 0]
        i, j = f.panel_of(middle + apart), g.panel_of(middle - apart)
        matters = weight[row] * f.sizes[i] * g.sizes[j] > _NEGLIGIBLE * f.scale
        return np.where(matters, np.maximum(f.levels[i], g.levels[j]), -1)

    return line_integrals(values, breaks, level)


# --- panels --------------------------------------------------------------------------------------------------------


def _panels(breaks):
    """The panels between the breaks of every row that are not empty: row, left and right end."""
    left, right = breaks[:, :-1].ravel(), breaks[:, 1:].ravel()
    row = np.repeat(np.arange(len(breaks)), breaks.shape[1] - 1)
    wide = right - left > 1e-15
    return row[wide], left[wide], right[wide]


def _halves(left, right):
    middle = 0.5 * (left + right)
    return np.concatenate([left, middle]), np.concatenate([middle, right])


def _tail(values):
    """The largest of the last three Legendre coefficients on every panel."""
    return np.abs(values @ legendre_transform(values.shape[1]).T[:, -3:]).max(axis=1)


def _chunks(count, cost):
    step = max(1, _CHUNK // cost)
    return [slice(start, start + step) for start in range(0, count, step)]
