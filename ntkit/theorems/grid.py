"""The grid on which the ledger checks the statements, and which a reader can widen."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from ntkit import data
from ntkit.activations import Activation, activation, catalogue
from ntkit.theorems.entry import Subject

_PARAMETERS = {
    "leaky_relu": {"slope": 0.2},
    "hermite": {"k": 3},
    "polynomial": {"coefficients": (0.0, 1.0, 0.3, 0.2)},
    "relu_power": {"r": 2},
}
_DELTAS = (1e-12, 1e-9, 1e-6, 1e-4, 1e-3, 0.01, 0.05, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9)
_ON_MATRICES = ("relu", "tanh", "gelu", "swish", "softplus", "hardtanh", "exp", "normrelu")


@lru_cache(maxsize=1)
def _every_activation():
    return tuple(activation(name, **_PARAMETERS.get(name, {})) for name in catalogue())


@lru_cache(maxsize=1)
def _default_points():
    return (
        data.two_points(0.6),
        data.two_points(1e-12),
        data.equicorrelated(30, 0.01),
        data.sphere(25, 1e-4, dim=30, seed=3),
        data.half_circle(12),
        data.digits(60, seed=0),
    )


@dataclass(frozen=True)
class Grid:
    """Where the statements are checked.

    activations: as the literature defines them; a statement on normalised ones normalises them (default: the catalogue)
    matrix_activations: those on which statements about matrices are checked (default: eight of them)
    deltas: separations δ in (0, 1)
    depth:  deepest network, in hidden layers
    matrix_depths: depths at which matrices are compared; those at which a corollary starts are added to them
    points: data sets (nk.data), for statements about matrices
    seeds:  number of draws, for statements about random networks

    >>> import ntkit as nk
    >>> grid = Grid(activations=(nk.activation("relu"),), deltas=(0.1, 0.2), depth=400)
    >>> grid.layers.shape, len(Grid().activations) == len(nk.catalogue())
    ((400,), True)
    """

    activations: tuple[Activation, ...] = None
    matrix_activations: tuple[Activation, ...] = None
    deltas: tuple[float, ...] = _DELTAS
    depth: int = 120
    matrix_depths: tuple[int, ...] = (1, 2, 9, 40, 119)
    points: tuple[data.Dataset, ...] = None
    seeds: int = 40

    def __post_init__(self):
        defaults = {
            "activations": _every_activation,
            "matrix_activations": lambda: tuple(activation(name) for name in _ON_MATRICES),
            "points": _default_points,
        }
        for name, default in defaults.items():
            given = getattr(self, name)
            object.__setattr__(self, name, default() if given is None else tuple(given))
        if not all(0 < delta < 1 for delta in self.deltas):
            raise ValueError(f"deltas must lie in (0, 1); got {self.deltas}. A separation is 1 − max |ρ|.")
        if min(self.depth, *self.matrix_depths) < 1 or self.seeds < 2:
            raise ValueError(
                f"depths must be 1 or more and seeds 2 or more; got {self.depth}, {self.matrix_depths}, {self.seeds}."
            )

    @cached_property
    def layers(self):
        """1, …, depth."""
        return np.arange(1, self.depth + 1)

    @cached_property
    def separations(self):
        """`deltas` as an array."""
        return np.array(self.deltas, dtype=float)

    def normalized(self):
        """A Subject for every activation that can be normalised, normalised."""
        return [Subject(sigma.normalized()) for sigma in self.activations]

    def as_defined(self):
        """A Subject for every activation as it is."""
        return [Subject(sigma) for sigma in self.activations]

    def on_points(self):
        """A Subject for every one of `matrix_activations`, normalised, on every data set."""
        return [Subject(sigma.normalized(), points) for sigma in self.matrix_activations for points in self.points]
