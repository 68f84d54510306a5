"""Full-batch gradient descent of a finite network, in the convention in which its spectrum predicts it.

A step is θ ← θ − η ∂/∂θ ½ Σ_j (f(x_j) − y_j)² over the read-out or over all parameters, and the loss reported is
(1/n) Σ_j (f(x_j) − y_j)²: with the kernel of those parameters fixed, mode i of the residual decays by 1 − ηλ_i a step,
as in `ntkit.dynamics`.  Predict a run from the kernel at its start and from where it started:

    kernel = empirical_ntk(module, x)
    run = train(module, x, y, steps=1000)
    predict(kernel, y, run.steps, run.learning_rate, initial=run.initial)
"""

import math
import time
from dataclasses import dataclass

import numpy as np
import torch

from ntkit.networks._tensors import like, outputs_of, require_finite, require_independent_rows, rows_for
from ntkit.networks.kernels import empirical_nngp, empirical_ntk

LAYERS = ("all", "top")
_DIVERGED = 1e6


@dataclass(frozen=True, eq=False)
class TrainingRun:
    """What a training run did.

    steps: (t,), steps taken at each reading; loss: (t,), (1/n) Σ (f − y)² then, summed over outputs.
    learning_rate: η of the module's convention.  layers: "all" or "top".
    initial, final: outputs on the training rows before and after, shaped like y, of the kind that x was.
    cancelled, diverged: why it ended early, both False when it took all its steps.  seconds: how long it took.
    """

    steps: np.ndarray
    loss: np.ndarray
    learning_rate: float
    layers: str
    initial: np.ndarray
    final: np.ndarray
    cancelled: bool
    diverged: bool
    seconds: float

    @property
    def outcome(self):
        """One sentence on how the run ended."""
        taken, loss = int(self.steps[-1]), f"{self.loss[-1]:.4g}"
        if self.diverged:
            return (
                f"Diverged after {taken} steps, loss {self.loss[0]:.4g} → {loss}: the learning rate "
                f"{self.learning_rate:.4g} is more than this network bears. Leave it out for 1/λ_max of its kernel, or "
                "take less."
            )
        return f"{'Cancelled' if self.cancelled else 'Finished'} after {taken} steps, loss {self.loss[0]:.4g} → {loss}."


def train(module, x, y, steps, learning_rate=None, *, layers="all", record=1, callback=None, cancel=None):
    """Train the module in place by full-batch gradient descent on ½ Σ (f − y)², and report (1/n) Σ (f − y)².

    Parameters: module; x rows (n, d), y targets (n,) or (n, k), numpy or torch; steps ≥ 0; learning_rate η > 0 as in
    `ntkit.dynamics`, by default 1/λ_max of the empirical kernel that drives the training, where all modes fall and the
    kernel may double; layers "all", every parameter that requires a gradient, or "top", the read-out alone, where
    f = φ(x) v is linear and the prediction from the empirical NNGP kernel exact; record, steps between readings (the
    first and the last always are); callback(step, loss, seconds_left) at each reading; cancel() → True ends the run
    before its next step.
    Returns: TrainingRun.  A loss that is not finite, or 10⁶ times the first, ends the run as diverged.
    Raises: ValueError for shapes that do not fit, values that are not finite, or numbers outside these ranges.

    The run is a function of the module's weights and the arguments: nothing is drawn.

    >>> import ntkit as nk
    >>> points = nk.data.sphere(8, 0.3)
    >>> run = train(nk.mlp(2, "tanh").module(points.dim, width=128, seed=0), points.x, points.y, steps=50)
    >>> run.steps[-1], bool(run.loss[-1] < run.loss[0] / 10), run.outcome[:23]
    (np.int64(50), True, 'Finished after 50 steps')
    """
    _check_numbers(steps, learning_rate, layers, record)
    require_independent_rows(module)
    rows = rows_for(module, x)
    targets = prepared_targets(module, rows, y)
    if learning_rate is None:
        learning_rate = _default_learning_rate(module, rows, layers)
    forward, parameters = _readout(module, rows) if layers == "top" else _everything(module, rows)
    initial = forward().detach().clone()
    log = Readings(steps, record, callback)
    ending = _descend(forward, parameters, targets, learning_rate, log, cancel)
    shape = np.shape(y)
    return TrainingRun(
        steps=np.array(log.steps),
        loss=np.array(log.losses),
        learning_rate=float(learning_rate),
        layers=layers,
        initial=like(x, initial.reshape(shape)),
        final=like(x, forward().detach().reshape(shape)),
        cancelled=ending == "cancelled",
        diverged=ending == "diverged",
        seconds=log.elapsed(),
    )


def _descend(forward, parameters, targets, learning_rate, log, cancel):
    """Step until the log is full, the loss diverges or `cancel` says so; returns which."""
    target_size = targets.square().sum().item() / len(targets)
    step = 0
    while True:
        squares = (forward() - targets).square().sum()
        loss = squares.item() / len(targets)
        ending = ending_of(step, loss, max(log.first_loss(loss), target_size), log.total, cancel)
        log.read(step, loss, last=ending is not None)
        if ending is not None:
            return ending
        gradients = torch.autograd.grad(squares / 2, parameters)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.sub_(gradient, alpha=learning_rate)
        step += 1


def ending_of(step, loss, scale, total, cancel):
    """Why the run ends before this step, or None when it goes on."""
    if not math.isfinite(loss) or loss > _DIVERGED * scale:
        return "diverged"
    if step == total:
        return "finished"
    return "cancelled" if cancel is not None and cancel() else None


class Readings:
    """Readings of a run: kept every `record` steps and at the end, and passed on with the time left."""

    def __init__(self, total, record, callback):
        self.total, self.record, self.callback = total, record, callback
        self.steps, self.losses = [], []
        self.started = time.perf_counter()

    def elapsed(self):
        return time.perf_counter() - self.started

    def first_loss(self, otherwise):
        return self.losses[0] if self.losses else otherwise

    def read(self, step, loss, last):
        if step % self.record and not last:
            return
        self.steps.append(step)
        self.losses.append(loss)
        if self.callback is not None:
            self.callback(step, loss, self.elapsed() / step * (self.total - step) if step else math.nan)


def _everything(module, rows):
    parameters = [p for p in module.parameters() if p.requires_grad]
    if not parameters:
        raise ValueError("at least one parameter must require a gradient; every parameter of this module is frozen.")
    return lambda: outputs_of(module, rows), parameters


def _readout(module, rows):
    """Outputs φ(x) vᵀ from features computed once, and v, the weight of the read-out."""
    features, weight = prepared_read_out(module, rows)
    return lambda: features @ weight.T, [weight]


def prepared_read_out(module, rows):
    """The features of the rows, and v, the weight of the read-out."""
    if not (hasattr(module, "features") and hasattr(module, "read_out")):
        raise TypeError(
            "layers='top' needs module.features(x) and module.read_out, so that module(x) = features(x) @ "
            f"read_out.weight.T; {type(module).__name__} lacks them. Modules made by net.module(...) have both."
        )
    with torch.no_grad():
        features = module.features(rows)
    return features, module.read_out.weight


def _default_learning_rate(module, rows, layers):
    kernel = empirical_nngp(module, rows) if layers == "top" else empirical_ntk(module, rows)
    return 1 / torch.linalg.eigvalsh(kernel)[-1].item()


def prepared_targets(module, rows, y):
    """y as a tensor (n, k) beside the rows, checked."""
    with torch.no_grad():
        outputs = outputs_of(module, rows[:1]).shape[1]
    values = y.detach() if isinstance(y, torch.Tensor) else torch.tensor(np.asarray(y))
    targets = values.to(device=rows.device, dtype=rows.dtype)
    if tuple(targets.shape) not in {(len(rows), outputs), (len(rows),)} or (targets.ndim == 1 and outputs != 1):
        raise ValueError(
            f"y must have shape ({len(rows)}, {outputs}), one row for each of x and one column for each output; "
            f"got {tuple(targets.shape)}."
        )
    require_finite(targets, "y")
    return targets.reshape(len(rows), outputs)


def _check_numbers(steps, learning_rate, layers, record):
    if steps != int(steps) or steps < 0:
        raise ValueError(f"steps must be a whole number ≥ 0; got {steps}.")
    if learning_rate is not None and not 0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate must be positive and finite; got {learning_rate}.")
    if layers not in LAYERS:
        raise ValueError(f"layers must be 'all' or 'top'; got {layers!r}.")
    if record != int(record) or record < 1:
        raise ValueError(f"record must be a whole number of steps, at least 1; got {record}.")
