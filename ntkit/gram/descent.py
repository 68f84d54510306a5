"""Two-layer networks trained by gradient descent or by mini-batches, and how far everything moves meanwhile.

A step is W ← W + η ∂f/∂W · p, p = −∂loss/∂f, over all rows, or over a random batch of b rows times n/b.
"""

from dataclasses import dataclass

import numpy as np
import torch

from ntkit.arguments import real, whole
from ntkit.dynamics import Modes
from ntkit.gram.losses import HALF_SQUARES
from ntkit.gram.two_layer import LAYERS
from ntkit.memory import ensure_fits
from ntkit.networks._memory import free_memory
from ntkit.networks.training import Readings, ending_of


@dataclass(frozen=True, eq=False)
class Drift:
    """How far a network has moved from its start; arrays over the steps at which it was looked at.

    steps: (g,).  weights: max_k ‖w_k(t) − w_k(0)‖, and typical: the root mean square over k.
    gram: ‖G(t) − G(0)‖_F/‖G(0)‖_F.  entries: max_ij |g_ij(t) − g_ij(0)|.
    smallest, largest: λ_min(G(t)) and λ_max(G(t)).
    angles: (g, n − 1), the sine of the largest principal angle between the first i eigenvectors at t and those at 0.
    """

    steps: np.ndarray
    weights: np.ndarray
    typical: np.ndarray
    gram: np.ndarray
    entries: np.ndarray
    smallest: np.ndarray
    largest: np.ndarray
    angles: np.ndarray


@dataclass(frozen=True, eq=False)
class Descent:
    """What a training run of a two-layer network did.

    steps, loss: (t,), readings.  loss_function: what was descended.  learning_rate, layers, batch (None for all rows).
    initial, final: outputs (n, k) before and after.
    modes: of the Gram matrix at the start, and drift: both None where no step was watched.
    cancelled, diverged: why it ended early.  seconds: how long it took.
    """

    steps: np.ndarray
    loss: np.ndarray
    loss_function: object
    learning_rate: float
    layers: str
    batch: int | None
    initial: np.ndarray
    final: np.ndarray
    modes: Modes | None
    drift: Drift | None
    cancelled: bool
    diverged: bool
    seconds: float

    @property
    def outcome(self):
        """One sentence on how the run ended."""
        how = "Diverged" if self.diverged else "Cancelled" if self.cancelled else "Finished"
        return f"{how} after {int(self.steps[-1])} steps, loss {self.loss[0]:.4g} → {self.loss[-1]:.4g}."

    def predicted(self, y, kernel=None):
        """The loss at the readings as a fixed kernel has it: that of the start, or `kernel`, a matrix or its Modes.

        Raises: ValueError where neither is known.
        """
        kernel = self.modes if kernel is None else kernel
        if kernel is None:
            raise ValueError("a kernel is needed: give one, or train with watch=(0,) to keep that of the start.")
        initial = self.initial.reshape(np.shape(y))
        return self.loss_function.predicted(kernel, y, self.steps, self.learning_rate, initial)


def descend(
    network,
    x,
    y,
    steps,
    learning_rate,
    *,
    loss=HALF_SQUARES,
    layers="hidden",
    batch=None,
    seed=0,
    record=1,
    watch=(),
    callback=None,
    cancel=None,
):
    """Train a TwoLayer network in place by gradient descent, or by mini-batches drawn without replacement.

    Parameters: network; x rows (n, d), y targets (n,) or (n, k), one-hot rows for the cross-entropy; steps ≥ 0;
    learning_rate η > 0; loss, of `ntkit.gram.losses`; layers "hidden" (as in the papers), "top" or "all"; batch b, None
    for all rows; seed of the batches; record, steps between readings of the loss; watch, steps at which the Gram matrix
    is computed, one output only; callback(step, loss, seconds_left) at each reading; cancel() → True ends the run.
    Returns: Descent.  A loss that is not finite, or 10⁶ times the first, ends the run as diverged.
    Raises: ValueError outside these ranges; MemoryError where n × m numbers do not fit.
    Source: Panigrahi, Shetty, Goyal (2020), section 2, equation 3, Theorems 4.6 and M.10.

    >>> import ntkit as nk
    >>> from ntkit.gram import two_layer
    >>> points = nk.data.half_circle(6)
    >>> x = nk.data.span(points.x).coordinates(points.x)
    >>> run = descend(two_layer(nk.activation("tanh"), 2, 4096), x, points.y, 100, 0.1, watch=(0, 100))
    >>> bool(abs(run.predicted(points.y)[-1] / run.loss[-1] - 1) < 0.1), bool(run.drift.gram[-1] < 0.1)
    (True, True)
    """
    steps = whole("steps", steps, least=0, must="be a whole number ≥ 0")
    learning_rate = real("learning_rate", learning_rate, above=0, must="be positive and finite")
    record = whole("record", record, least=1, must="be a whole number of steps, at least 1")
    if layers not in LAYERS:
        raise ValueError(f"layers must be one of {', '.join(LAYERS)}; got {layers!r}.")
    rows = network.rows(x)
    if batch is not None:
        batch = whole("batch", batch, least=1, most=len(rows), must=f"be a whole number of rows, 1 to {len(rows)}")
    targets = _targets(network, rows, y)
    batches = _batches(len(rows), batch, seed)
    ensure_fits(
        (batch or len(rows), network.width),
        copies=2,
        itemsize=rows.itemsize,
        free=free_memory(rows.device),
        instead="Take a smaller width, fewer rows or torch.float32.",
    )
    watching = _Watch(network, rows, layers, watch)
    log = Readings(steps, record, callback)
    trained = _Trained(network, rows, targets, loss, layers)
    initial = network(rows)
    ending = _run(trained, batches, learning_rate, log, watching, cancel)
    return Descent(
        steps=np.array(log.steps),
        loss=np.array(log.losses),
        loss_function=loss,
        learning_rate=learning_rate,
        layers=layers,
        batch=batch,
        initial=initial.cpu().numpy(),
        final=network(rows).cpu().numpy(),
        modes=watching.first_modes,
        drift=watching.drift(),
        cancelled=ending == "cancelled",
        diverged=ending == "diverged",
        seconds=log.elapsed(),
    )


def _run(trained, batches, learning_rate, log, watching, cancel):
    """Step until the log is full, the loss diverges or `cancel` says so; returns which."""
    step = 0
    while True:
        chosen = next(batches)
        is_read = step % log.record == 0 or step == log.total
        if chosen is None or is_read:
            passed = trained.forward(slice(None))
            loss = trained.loss.value(passed.outputs, trained.targets)
        ending = ending_of(step, loss, log.first_loss(loss), log.total, cancel)
        log.read(step, loss, last=ending is not None)
        watching.look(step)
        if ending is not None:
            return ending
        trained.step(passed if chosen is None else trained.forward(chosen), learning_rate)
        step += 1


@dataclass(frozen=True, eq=False)
class _Pass:
    """Outputs on some rows, with what the gradients need: σ' and σ by chunks of units."""

    rows: slice | torch.Tensor
    outputs: torch.Tensor
    slopes: list
    values: list


class _Trained:
    """A network with its data and loss, forwards and one step back."""

    def __init__(self, network, rows, targets, loss, layers):
        self.network, self.rows, self.targets, self.loss, self.layers = network, rows, targets, loss, layers

    def forward(self, chosen):
        network, rows = self.network, self.rows[chosen]
        outputs = torch.zeros(len(rows), self.targets.shape[1], dtype=rows.dtype, device=rows.device)
        slopes, values = [], []
        for units in network.chunks(len(rows)):
            inputs = rows @ network.hidden[units].T
            value = network.activation(inputs)
            outputs += value @ network.heads[units]
            if self.layers != "top":
                slopes.append(network.activation.derivative(inputs))
            if self.layers != "hidden":
                values.append(value)
        return _Pass(chosen, network.factor * outputs, slopes, values)

    def step(self, passed, learning_rate):
        """W ← W + η (n/b) Σ_i p_i ∂f_i/∂W over the rows passed, and likewise the heads."""
        network, rows = self.network, self.rows[passed.rows]
        pull = self.loss.pull(passed.outputs, self.targets[passed.rows], len(self.rows))
        weighted = learning_rate * network.factor * len(self.rows) / len(rows) * pull
        for number, units in enumerate(network.chunks(len(rows))):
            heads = network.heads[units]
            if self.layers != "top":
                change = _hidden_change(passed.slopes[number], weighted, heads, rows)
            if self.layers != "hidden":
                heads += passed.values[number].T @ weighted
            if self.layers != "top":
                network.hidden[units] += change
        passed.slopes.clear()  # room for those of the next pass
        passed.values.clear()


def _hidden_change(slopes, weighted, heads, rows):
    """Σ_i Σ_q p_iq a_kq σ'(w_k·x_i) x_i, (units, d)."""
    if heads.shape[1] == 1:  # one output: n × d numbers are weighted, and not n × units
        return (slopes.T @ (weighted * rows)) * heads
    return (slopes * (weighted @ heads.T)).T @ rows


class _Watch:
    """Looks at the Gram matrix and the weights at chosen steps."""

    def __init__(self, network, rows, layers, steps):
        self.network, self.rows, self.layers = network, rows, layers
        self.steps = {whole("each of watch", step, least=0, must="be a whole number of steps") for step in steps}
        self.seen, self.first_modes = [], None
        if self.steps:
            self.first_weights, self.first_modes = network.hidden.clone(), network.modes(rows, layers)
            self.first_gram = _matrix(self.first_modes)

    def look(self, step):
        if step in self.steps:
            modes = self.network.modes(self.rows, self.layers)
            moved = _matrix(modes) - self.first_gram
            lengths = (self.network.hidden - self.first_weights).norm(dim=1)
            self.seen.append({
                "steps": step,
                "weights": float(lengths.max()),
                "typical": float(lengths.square().mean().sqrt()),
                "gram": float(np.linalg.norm(moved) / np.linalg.norm(self.first_gram)),
                "entries": float(np.abs(moved).max()),
                "smallest": float(modes.eigenvalues[-1]),
                "largest": float(modes.eigenvalues[0]),
                "angles": turned(self.first_modes.eigenvectors, modes.eigenvectors),
            })  # fmt: skip

    def drift(self):
        """The Drift of what was seen, or None."""
        if not self.seen:
            return None
        return Drift(**{name: np.array([look[name] for look in self.seen]) for name in self.seen[0]})


def turned(before, after):
    """Sines of the largest principal angle between the first i columns of two orthonormal bases, i = 1 … n − 1.

    >>> turned(np.eye(3), np.eye(3)[:, [1, 0, 2]])
    array([1., 0.])
    """
    overlap = before.T @ after
    return np.array([np.linalg.norm(overlap[i:, :i], 2) for i in range(1, len(overlap))])


def _matrix(modes):
    return (modes.eigenvectors * modes.eigenvalues) @ modes.eigenvectors.T


def _batches(n, batch, seed):
    """Row numbers of one step after another; None for all of them."""
    if batch is None:
        while True:
            yield None
    generator = np.random.default_rng(seed)
    while True:
        yield torch.from_numpy(generator.choice(n, batch, replace=False))


def _targets(network, rows, y):
    values = y if isinstance(y, torch.Tensor) else torch.tensor(np.asarray(y))
    outputs = network.heads.shape[1]
    if tuple(values.shape) not in {(len(rows), outputs), (len(rows),)} or (values.ndim == 1 and outputs != 1):
        raise ValueError(
            f"y must have shape ({len(rows)}, {outputs}), a row for each of x and a column for each output; got "
            f"{tuple(values.shape)}."
        )
    return values.to(rows).reshape(len(rows), outputs)
