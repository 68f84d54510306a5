"""Kernels of every depth on a mesh of separations: what a moving slider shows before the exact numbers arrive.

One pass through the layers gives the correlations after each of them, so that another depth is another row; and on
the sphere a kernel is a function of the correlation alone, so that other data are other places on the same curve.
In the coordinate s = ½ log(gap/(2 − gap)) = log tan(θ/2), θ the angle of the inputs, these curves have no boundary
layer at either end, and a cubic spline through 20 places a decade is exact to about 1e-5: more than a screen shows.
"""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

import ntkit as nk
from ntkit.explorers.number_pair import logarithmic_steps

DELTAS = logarithmic_steps(-6)
"""The separations that the slider of δ steps over; the mesh holds each, so that their profiles are exact."""

MOST_POINTS = 96
"""More points than this have too many pairs for a matrix of them to follow a slider."""

_FIRST_DEPTH = 32
_REMEMBERED = 24


@dataclass(frozen=True, eq=False)
class Mesh:
    """The trajectory of one activation from every place of the mesh.

    gaps: (m,), 1 − ρ_0, ascending.  trajectory: an nk.kernels.Trajectory of arrays (depth + 1, m).
    """

    gaps: np.ndarray
    trajectory: object

    @property
    def depth(self):
        """How many layers it covers."""
        return len(self.trajectory.nngp_diagonal) - 1

    def of_pair(self, delta, depth):
        """The trajectory of two inputs at separation `delta` up to `depth`; None where the mesh has no such place."""
        places = np.flatnonzero(self.gaps == delta)
        return self.trajectory.of_pair(places[0], depth) if len(places) else None

    def kernels(self, x, depth):
        """NNGP and NTK matrices of the unit rows `x` at a depth, to about 1e-5 of their diagonal."""
        gap = 1 - np.clip(x @ x.T, -1.0, 1.0)
        place = _coordinate(np.clip(gap, self.gaps[0], self.gaps[-1]))
        return nk.kernels.Kernels(
            *(
                None if curves is None else _interpolated(self.gaps, curves[depth], diagonal[depth], place)
                for curves, diagonal in (
                    (self.trajectory.nngp, self.trajectory.nngp_diagonal),
                    (self.trajectory.ntk, self.trajectory.ntk_diagonal),
                )
            )
        )


def mesh(sigma, depth=_FIRST_DEPTH):
    """The Mesh of a normalised activation over at least `depth` layers; deeper ones are made in powers of two.

    Parameters: sigma, a normalised Activation; depth ≥ 1.

    >>> mesh(nk.activation("tanh").normalized(), 50).depth
    64
    """
    covered = max(_FIRST_DEPTH, 1 << (int(depth) - 1).bit_length())
    return Mesh(_GAPS, nk.mlp(covered, sigma).trajectory(gap=_GAPS))


class Meshes:
    """The deepest mesh made so far of each activation; the oldest are forgotten."""

    def __init__(self):
        self._known = OrderedDict()

    def quick(self, sigma):
        """The Mesh of an activation that is known, or else a shallow one."""
        if sigma not in self._known:
            self._keep(sigma, mesh(sigma))
        return self._known[sigma]

    def covering(self, sigma, depth):
        """The Mesh of an activation over at least `depth` layers."""
        if sigma not in self._known or self._known[sigma].depth < depth:
            self._keep(sigma, mesh(sigma, depth))
        return self._known[sigma]

    def _keep(self, sigma, made):
        self._known[sigma] = made
        self._known.move_to_end(sigma)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


def _places():
    negative = 2 - np.logspace(-4, -0.05, 40)[::-1]
    return np.concatenate([DELTAS, np.linspace(0.93, 1.1, 6), negative])


_GAPS = np.unique(_places())


def _coordinate(gap):
    return 0.5 * np.log(gap / (2 - gap))


def _interpolated(gaps, curve, diagonal, place):
    matrix = CubicSpline(_coordinate(gaps), curve)(place)
    np.fill_diagonal(matrix, diagonal)
    return matrix
