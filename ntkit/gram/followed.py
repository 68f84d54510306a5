"""A network beside its predictions: from its Gram matrix at the start, and from that of infinite width."""

from dataclasses import dataclass

import numpy as np

from ntkit import dynamics
from ntkit.data import span
from ntkit.gram.descent import Descent, descend
from ntkit.gram.losses import HALF_SQUARES
from ntkit.gram.population import population_g, population_h
from ntkit.gram.two_layer import two_layer
from ntkit.specification import takes_names


@dataclass(frozen=True, eq=False)
class Followed:
    """A run of a two-layer network with its two predictions.

    activation, n, width; run: the Descent.  start, limit: (t,), the loss at its readings by the eigen-decomposition of
    G(0) (or H, or G + H), and of that of infinite width, both from the network's own outputs at the start.
    """

    activation: str
    n: int
    width: int
    run: Descent
    start: np.ndarray
    limit: np.ndarray

    @property
    def times(self):
        """η · steps, the time of gradient flow."""
        return self.run.learning_rate * self.run.steps

    @property
    def missed(self):
        """The largest |√loss − √predicted|/√loss(0) by G(0), over the readings."""
        return float(np.abs(np.sqrt(self.run.loss) - np.sqrt(self.start)).max() / np.sqrt(self.run.loss[0]))


@takes_names
def follow(
    points, activation, width, *, steps, learning_rate=None, loss=HALF_SQUARES, layers="hidden", batch=None, seed=0,
    record=1, callback=None, cancel=None,
):  # fmt: skip
    """Train a two-layer network on the points and their targets, beside the predictions of Theorem 4.6.

    Parameters: points, a Dataset with targets (n,); activation, or its name; width; learning_rate, 1/λ_max of the
    matrix of infinite width by default; loss, squares; the others as in `descend`.
    Returns: Followed.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem 4.6, section 7 and Figure 1.

    >>> import ntkit as nk
    >>> found = follow(nk.data.half_circle(8), nk.activation("tanh"), 4096, steps=100)
    >>> found.missed < 0.1, found.start.shape == found.run.loss.shape
    (True, True)
    """
    limit = dynamics.modes(population(points.x, activation, layers))
    if learning_rate is None:
        learning_rate = loss.safe_learning_rate(limit, points.n)
    x = span(points.x).coordinates(points.x)
    network = two_layer(activation, x.shape[1], width, seed)
    run = descend(
        network, x, points.y, steps, learning_rate, loss=loss, layers=layers, batch=batch, seed=seed, record=record,
        watch=(0, steps), callback=callback, cancel=cancel,
    )  # fmt: skip
    return Followed(activation.name, points.n, width, run, run.predicted(points.y), run.predicted(points.y, limit))


def population(x, activation, layers="hidden"):
    """The Gram matrix of infinite width that drives training: G of the hidden layer, H of the top one, or their sum.

    >>> import ntkit as nk
    >>> population(np.eye(2), nk.activation("relu"), "all").diagonal().tolist()
    [1.0, 1.0]
    """
    parts = {"hidden": (population_g,), "top": (population_h,), "all": (population_g, population_h)}[layers]
    return sum(part(x, activation) for part in parts)
