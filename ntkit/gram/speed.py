"""How fast activations train: finite networks raced against what their Gram matrices predict, at any width.

With labels ±1 at random and outputs that start as N(0, H), the mean loss of infinitely wide networks under gradient
flow is known exactly,

    E ½‖y − u(t)‖² = ½ Σ_i e^{−2λ_i t} (1 + v_iᵀ H v_i),      G = Σ λ_i v_i v_iᵀ.

Source: Panigrahi, Shetty, Goyal (2020), equation 3, section 7 and Figure 1.
"""

from dataclasses import dataclass

import numpy as np
import torch

from ntkit import dynamics
from ntkit.arguments import real, whole
from ntkit.data import span
from ntkit.gram.descent import descend
from ntkit.gram.followed import population
from ntkit.gram.population import population_g, population_h
from ntkit.gram.two_layer import two_layer
from ntkit.specification import as_activation, takes_names

_FIRST_TIME = 0.1


@dataclass(frozen=True, eq=False)
class Race:
    """Losses of several activations on the same points: mappings from a name to arrays over seeds and steps.

    n, width, learning_rate; steps: (t,).
    measured: (seeds, t), of the networks.  start: (seeds, t), by the Gram matrix G(0) of each.  limit: (seeds, t), by
    that of infinite width, from the network's own outputs at the start.
    long_times: (p,); expected: (p,) at those, the mean over all labels ±1 and all infinitely wide networks, under
    gradient flow.
    eigenvalues: (n,), of G at infinite width.
    """

    n: int
    width: int
    learning_rate: float
    steps: np.ndarray
    measured: dict
    start: dict
    limit: dict
    long_times: np.ndarray
    expected: dict
    eigenvalues: dict

    @property
    def times(self):
        """η · steps: the time of gradient flow, by which runs of different η are compared."""
        return self.learning_rate * self.steps


def race(
    points,
    names,
    *,
    width,
    steps,
    learning_rate,
    seeds=5,
    record=1,
    dtype=torch.float64,
    device="cpu",
    horizon=1e5,
    cancel=None,
):
    """Train two-layer networks of each activation on ½ Σ (y − f)², hidden layer alone, random labels ±1 each time.

    Parameters: points, a Dataset, used in coordinates of its span; names of activations; width, steps, learning_rate,
    record, dtype, device, cancel as in `two_layer` and `descend`; seeds, networks a name, each with labels of its own;
    horizon, the time of gradient flow up to which the expected loss is told.
    Returns: Race.
    Source: Panigrahi, Shetty, Goyal (2020), section 7, Figure 1 (width 10⁶, η = 10⁻³, five runs).

    >>> import ntkit as nk
    >>> found = race(nk.data.half_circle(6), ("relu", "tanh"), width=2000, steps=200, learning_rate=0.3, seeds=2)
    >>> bool(found.expected["relu"][60] < found.expected["tanh"][60]), found.measured["relu"].shape
    (True, (2, 201))
    """
    seeds = whole("seeds", seeds, least=1, must="be a positive whole number of networks")
    x = span(points.x).coordinates(points.x)
    measured, start, limit, expected, eigenvalues = {}, {}, {}, {}, {}
    long_times = np.geomspace(_FIRST_TIME, real("horizon", horizon, above=_FIRST_TIME, must="be later than 0.1"), 121)
    for name in names:
        sigma = as_activation(name)
        population = dynamics.modes(population_g(points.x, sigma))
        runs, labels = [], []
        for seed in range(seeds):
            labels.append(random_signs(points.n, seed))
            network = two_layer(sigma, x.shape[1], width, seed, dtype=dtype, device=device)
            runs.append(descend(network, x, labels[-1], steps, learning_rate, record=record, watch=(0,), cancel=cancel))
        measured[name] = np.array([run.loss for run in runs])
        start[name] = np.array([run.predicted(y) for run, y in zip(runs, labels, strict=True)])
        limit[name] = np.array([run.predicted(y, population) for run, y in zip(runs, labels, strict=True)])
        expected[name] = expected_loss(points.x, sigma, long_times)
        eigenvalues[name] = population.eigenvalues
    return Race(
        points.n, width, float(learning_rate), runs[0].steps, measured, start, limit, long_times, expected, eigenvalues
    )


@takes_names
def expected_loss(x, sigma, times, y=None, layers="hidden"):
    """E ½‖y − u(t)‖² over infinitely wide networks, under gradient flow.

    Parameters: x (n, d), unit rows; sigma, an Activation or its name, without jumps; times ≥ 0; y (n,), or None for the
    mean over all labels ±1; layers that are trained, "hidden", "top" or "all".
    Raises: ValueError for targets of several outputs.
    Returns: array like times.
    Source: ours, from equation 3 of Panigrahi, Shetty, Goyal (2020).

    >>> import ntkit as nk
    >>> expected_loss(np.eye(2), nk.activation("relu"), [0.0]).round(12)  # ½ n (1 + E σ²)
    array([1.5])
    """
    if y is not None and np.shape(y) != (len(x),):
        raise ValueError(f"y must have shape ({len(x)},), one output for each row of x; got {np.shape(y)}.")
    modes = dynamics.modes(population(x, sigma, layers))
    of_labels = 1 if y is None else (modes.eigenvectors.T @ np.asarray(y, dtype=float)) ** 2
    spread = of_labels + np.sum(modes.eigenvectors * (population_h(x, sigma) @ modes.eigenvectors), axis=0)
    times = np.asarray(times, dtype=float)
    return 0.5 * np.exp(-2 * times[..., None] * modes.eigenvalues) @ spread


@takes_names
def time_to_reach(x, sigma, share, *, longest=1e9):
    """The time of gradient flow after which `share` of the expected loss is left; inf where it is not before `longest`.

    Parameters: x, sigma as in `expected_loss`; share in (0, 1).
    Source: ours.

    >>> import ntkit as nk
    >>> x = nk.data.half_circle(8).x
    >>> time_to_reach(x, nk.activation("relu"), 0.01) < time_to_reach(x, nk.activation("tanh"), 0.01)
    True
    """
    share = real("share", share, above=0, most=np.nextafter(1, 0), must="lie in (0, 1)")
    low, high = 0.0, 1.0
    goal = share * float(expected_loss(x, sigma, 0.0))
    while float(expected_loss(x, sigma, high)) > goal:
        low, high = high, 2 * high
        if high > longest:
            return float("inf")
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if float(expected_loss(x, sigma, middle)) > goal else (low, middle)
    return high


@takes_names
def stuck_share(points, sigma, y=None, tolerance=1e-12):
    """The share of the labels' energy that no training of the hidden layer can reach: in the null space of G.

    Zero where G is regular; on a whole circle with antipodes ReLU leaves n/2 − 2 directions alone at any width, since
    σ'(z) + σ'(−z) = 1.
    Parameters: points, a Dataset; sigma; y (n,), the points' targets by default; tolerance, of λ/λ_max that count as 0.
    Source: ours, on the full circle of Figure 1.

    >>> import ntkit as nk
    >>> relu = nk.activation("relu")
    >>> stuck_share(nk.data.half_circle(10), relu), 0 < stuck_share(nk.data.full_circle(10), relu) < 1
    (0.0, True)
    """
    y = points.y if y is None else np.asarray(y, dtype=float)
    modes = dynamics.modes(population_g(points.x, sigma))
    still = modes.eigenvectors[:, modes.eigenvalues <= tolerance * modes.eigenvalues[0]]
    return float(np.sum((still.T @ y) ** 2) / np.sum(y**2))


def random_signs(n, seed):
    """Labels from U{−1, 1}, (n,), as in Figure 1: not balanced.

    >>> sorted(set(random_signs(20, 0).tolist()))
    [-1.0, 1.0]
    """
    return np.random.default_rng((seed, n)).choice([-1.0, 1.0], n)
