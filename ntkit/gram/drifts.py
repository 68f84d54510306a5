"""How far weights, Gram matrix and eigenvectors move in training, against width: lazy training, measured.

Theorem M.6 has ‖w_k(t) − w_k(0)‖ = O(n/(√m λ)), Theorem M.7 ‖G(t) − G(0)‖_F = O(γn²/(√m λ)): both fall as m^(−½).
The proofs take |a_k| = O(1); with a_k ~ N(0, 1) the farthest weight falls more slowly, by powers of log m.  G moves by
1/m only: to first order its change, (1/m) Σ a_k³(…)/√m, is odd in a_k, and averages to nothing.
Source: Panigrahi, Shetty, Goyal (2020), appendix M.1, M.4.
"""

from dataclasses import dataclass

import numpy as np

from ntkit import dynamics
from ntkit.arguments import whole
from ntkit.data import span
from ntkit.gram.asked import SlopeBounds, slope_bounds
from ntkit.gram.descent import descend
from ntkit.gram.population import population_g
from ntkit.gram.two_layer import two_layer
from ntkit.specification import takes_names


@dataclass(frozen=True, eq=False)
class DriftByWidth:
    """Arrays over (widths, seeds), after the same number of steps.

    activation, n, steps, learning_rate; widths: (w,); bounds: the SlopeBounds of the activation.
    weights: max_k ‖w_k(t) − w_k(0)‖, and typical: the root mean square over k.
    gram: ‖G(t) − G(0)‖_F; norm: ‖G(0)‖_F.  entries: max_ij |g_ij(t) − g_ij(0)|.
    before, after: λ_min(G(0)), λ_min(G(t)).  turned: (w, seeds, n − 1), sines of the angles of the leading eigenspaces.
    mean_square: Σ a_k²/m.  missed: |‖y − u(t)‖ − predicted|/‖y − u(0)‖, the prediction from G(0).
    """

    activation: str
    n: int
    steps: int
    learning_rate: float
    bounds: SlopeBounds
    widths: np.ndarray
    weights: np.ndarray
    typical: np.ndarray
    gram: np.ndarray
    norm: np.ndarray
    entries: np.ndarray
    before: np.ndarray
    after: np.ndarray
    turned: np.ndarray
    mean_square: np.ndarray
    missed: np.ndarray

    @property
    def entries_bound(self):
        """2αβ (Σ a²/m) max_k ‖w_k(t) − w_k(0)‖, Lemma M.11: never below `entries`; inf where σ' jumps."""
        return 2 * self.bounds.lipschitz * self.bounds.smoothness * self.mean_square * self.weights

    @property
    def allowed(self):
        """λ_min(G(0))/(4αβn), how far a weight may move by Lemma M.11; 0 where σ' jumps."""
        return self.before / (4 * self.bounds.lipschitz * self.bounds.smoothness * self.n)

    def slope(self, quantity):
        """The power of the width with which a quantity ("typical", "gram", "missed") falls, by least squares."""
        logs = np.log(np.sqrt(np.mean(np.square(getattr(self, quantity)), axis=1)))
        return float(np.polyfit(np.log(self.widths), logs, 1)[0])


@takes_names
def drift_by_width(points, activation, widths, *, steps, learning_rate=None, seeds=3, cancel=None):
    """Train the hidden layer of networks of several widths on the same points, and see how far all moves.

    Parameters: points, a Dataset, in coordinates of its span; activation, or its name; widths, ascending; steps,
    learning_rate as in `descend`, the same at all widths, 1/λ_max at infinite width by default; seeds of the weights;
    cancel() → True ends the run that is going on, and what follows.
    Returns: DriftByWidth, of the widths that were finished.
    Raises: ValueError outside the ranges, or where it was cancelled before any width was finished.

    >>> import ntkit as nk
    >>> found = drift_by_width(
    ...     nk.data.half_circle(6), nk.activation("tanh"), (128, 2048), steps=50, learning_rate=0.3, seeds=4)
    >>> -0.7 < found.slope("typical") < -0.3, bool((found.entries <= found.entries_bound).all())
    (True, True)
    """
    seeds = whole("seeds", seeds, least=1, must="be a positive whole number of networks")
    if learning_rate is None:
        learning_rate = dynamics.safe_learning_rate(dynamics.modes(population_g(points.x, activation)))
    x, finished = span(points.x).coordinates(points.x), []
    for width in widths:
        looks = [_look(points, x, activation, width, seed, steps, learning_rate, cancel) for seed in range(seeds)]
        if cancel is not None and cancel():
            break
        finished.append(looks)
    if not finished:
        raise ValueError("at least one width must be finished; the run was cancelled before. Take smaller widths.")
    return DriftByWidth(
        activation=activation.name,
        n=points.n,
        steps=int(steps),
        learning_rate=float(learning_rate),
        bounds=slope_bounds(activation),
        widths=np.array(widths[: len(finished)]),
        **{name: np.array([[look[name] for look in looks] for looks in finished]) for name in finished[0][0]},
    )


def _look(points, x, activation, width, seed, steps, learning_rate, cancel):
    network = two_layer(activation, x.shape[1], width, seed)
    mean_square = float(network.heads.square().mean())
    run = descend(network, x, points.y, steps, learning_rate, record=steps or 1, watch=(0, steps), cancel=cancel)
    drift, norm = run.drift, float(np.linalg.norm(run.modes.eigenvalues))
    residuals = np.sqrt(2 * np.array([run.loss[0], run.loss[-1], run.predicted(points.y)[-1]]))
    return {
        "weights": drift.weights[-1],
        "typical": drift.typical[-1],
        "gram": drift.gram[-1] * norm,
        "norm": norm,
        "entries": drift.entries[-1],
        "before": drift.smallest[0],
        "after": drift.smallest[-1],
        "turned": drift.angles[-1],
        "mean_square": mean_square,
        "missed": abs(residuals[1] - residuals[2]) / residuals[0],
    }
