"""Where the inputs come from: the uniform law of the sphere, or the rows of a data set drawn again."""

from dataclasses import dataclass

import numpy as np

from ntkit.arguments import whole
from ntkit.data import unit_rows


@dataclass(frozen=True)
class UniformSphere:
    """The uniform law of the unit sphere in `dim` ≥ 2 dimensions.

    Raises: ValueError for another dim.

    >>> UniformSphere(3).draw(4, np.random.default_rng(0)).shape
    (4, 3)
    """

    dim: int

    def __post_init__(self):
        whole("dim", self.dim, least=2, must="be a whole number, at least 2", remedy="A line has but two directions.")

    def draw(self, m, generator):
        """m independent points, shape (m, dim)."""
        return unit_rows(generator.standard_normal((m, self.dim)))


@dataclass(frozen=True, eq=False)
class Resampled:
    """m of the rows x (n, d) at a time, none of them twice: a stand-in for m new draws from where the rows came from.

    With replacement two rows would coincide, and no sample had a separation; without, the samples have common rows, so
    that intervals from them are too narrow where m is not small beside n.

    >>> Resampled(np.eye(5)).draw(3, np.random.default_rng(0)).sum()
    np.float64(3.0)
    """

    x: np.ndarray

    def draw(self, m, generator):
        """m different rows, shape (m, d).

        Raises: ValueError for more than there are.
        """
        if m > len(self.x):
            raise ValueError(f"m must be at most the number of rows, {len(self.x)}; got {m}. No row is drawn twice.")
        return self.x[generator.choice(len(self.x), m, replace=False)]
