"""Stochastic gradient descent on single rows for the read-out: measured on a network, and its exact expectation.

A step draws one row i and takes v ← v − η ∂/∂v ½(φ(x_i)·v − y_i)², which changes the residuals by −η r_i K e_i, K the
empirical NNGP kernel.  An epoch is T such steps; it ends at the average of its T iterates, and the next one starts
there: this is what the proof of Theorem 51 shows to halve the expected loss with η = 1/β, β = max K_ii, and
T = ⌈8nβ/λ_min⌉.  (The paper's η is half of this one: it takes the gradient of (φ(x_i)·v − y_i)².)

The residuals' second moments M = E r rᵀ follow without sampling, one step being linear in r:

    M ← M − (η/n)(KM + MK) + (η²/n) K diag(M) K.

Source: Agarwal, Awasthi, Kale (2021), Theorems 45 and 51.
"""

import math
import time
from dataclasses import dataclass

import numpy as np
import torch

from ntkit.conditioning import theorem_51_epoch
from ntkit.networks._tensors import like, rows_for
from ntkit.networks.training import prepared_read_out, prepared_targets

_DIVERGED = 1e6


@dataclass(frozen=True, eq=False)
class RowsRun:
    """What stochastic gradient descent on single rows did.

    steps: (e,), rows taken at each reading, one reading at the start and one after each epoch.
    loss: (e,), (1/n) Σ (f − y)² of the epoch's average, summed over outputs; last: (e,), of its last iterate.
    learning_rate: η of the module's convention.  epoch: T, rows an epoch.  seed: what drew the rows.
    final: outputs on the training rows, shaped like y.  cancelled, diverged: why it ended early.  seconds: it took.
    """

    steps: np.ndarray
    loss: np.ndarray
    last: np.ndarray
    learning_rate: float
    epoch: int
    seed: int
    final: np.ndarray
    cancelled: bool
    diverged: bool
    seconds: float


@dataclass(frozen=True, eq=False)
class RowsExpectation:
    """The expected losses of stochastic gradient descent on single rows under a fixed kernel.

    steps, loss, last: as of RowsRun, exact expectations over the rows drawn.  learning_rate η; epoch T.
    """

    steps: np.ndarray
    loss: np.ndarray
    last: np.ndarray
    learning_rate: float
    epoch: int


def train_on_rows(
    module, x, y, epochs, epoch=None, learning_rate=None, *, seed=0, average=True, callback=None, cancel=None
):
    """Train the read-out in place on one row a step, rows drawn uniformly, and average the iterates of each epoch.

    Parameters: module with `features` and `read_out`; x rows (n, d), y targets (n,) or (n, k), numpy or torch; epochs
    ≥ 0; epoch T ≥ 1, steps in each, ⌈8nβ/λ_min⌉ of the empirical kernel by default; learning_rate η > 0, 1/β by
    default; seed draws the rows; average False goes on from the last iterate instead; callback(step, loss,
    seconds_left) after each epoch; cancel() → True ends the run before its next epoch.
    Returns: RowsRun.  A loss that is not finite, or 10⁶ times the first, ends the run as diverged.
    Raises: ValueError for shapes that do not fit, values that are not finite, or numbers outside these ranges; for a
    singular kernel where T is left out.
    Source: Agarwal, Awasthi, Kale (2021), Theorem 51.

    >>> import ntkit as nk
    >>> points = nk.data.sphere(6, 0.3)
    >>> module = nk.mlp(2, nk.activation("tanh").normalized()).module(points.dim, width=256, seed=0)
    >>> run = train_on_rows(module, points.x, points.y, epochs=4)
    >>> len(run.loss), bool(run.loss[-1] < run.loss[0] / 16)
    (5, True)
    """
    rows = rows_for(module, x)
    features, weight = prepared_read_out(module, rows)
    targets = prepared_targets(module, rows, y)
    plan = _plan((features @ features.T).cpu().numpy(), epochs, epoch, learning_rate)
    log = _Log(features, targets, weight, epochs, plan, callback)
    order = np.random.default_rng(seed)
    for _ in range(epochs):
        log.cancelled = cancel is not None and bool(cancel())
        if log.cancelled or log.diverged:
            break
        mean = _run_epoch(features, targets, weight, order.integers(len(rows), size=plan.epoch), plan.learning_rate)
        log.read(mean if average else weight)
        if average:
            weight.data.copy_(mean)
    return RowsRun(
        steps=plan.epoch * np.arange(len(log.losses)),
        loss=np.array(log.losses),
        last=np.array(log.lasts),
        learning_rate=plan.learning_rate,
        epoch=plan.epoch,
        seed=seed,
        final=like(x, (features @ weight.detach().T).reshape(np.shape(y))),
        cancelled=log.cancelled,
        diverged=log.diverged,
        seconds=time.perf_counter() - log.started,
    )


def expected_on_rows(kernel, y, epochs, epoch=None, learning_rate=None, *, initial=None, average=True):
    """The exact expectation of what `train_on_rows` measures, over the rows drawn, under a fixed kernel.

    Parameters: kernel (n, n), symmetric, positive definite where T is left out; y targets (n,) or (n, k); initial f_0,
    shaped like y, zero by default; the others as of `train_on_rows`.  Costs n³ a step.
    Returns: RowsExpectation.
    Raises: ValueError for shapes that do not fit and numbers outside these ranges.
    Source: ours; the recursion of the module's docstring.

    >>> found = expected_on_rows(np.eye(2), [1.0, -1.0], epochs=1, epoch=2)
    >>> found.last.tolist(), found.loss.tolist()
    ([1.0, 0.25], [1.0, 0.625])
    """
    kernel, y = np.asarray(kernel, dtype=float), np.asarray(y, dtype=float)
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or len(y) != len(kernel):
        raise ValueError(f"kernel must be (n, n) and y (n,) or (n, k); got {kernel.shape} and {y.shape}.")
    plan = _plan(kernel, epochs, epoch, learning_rate)
    residual = (-y if initial is None else np.asarray(initial, dtype=float) - y).reshape(len(y), -1)
    moments = residual @ residual.T
    losses, lasts = [np.trace(moments) / len(y)], [np.trace(moments) / len(y)]
    for _ in range(epochs):
        averaged, last = _expected_epoch(kernel, moments, plan)
        moments = averaged if average else last
        losses.append(np.trace(moments) / len(y))
        lasts.append(np.trace(last) / len(y))
    steps = plan.epoch * np.arange(epochs + 1)
    return RowsExpectation(steps, np.array(losses), np.array(lasts), plan.learning_rate, plan.epoch)


@dataclass(frozen=True)
class _Plan:
    epoch: int
    learning_rate: float


def _plan(kernel, epochs, epoch, learning_rate):
    if epochs != int(epochs) or epochs < 0:
        raise ValueError(f"epochs must be a whole number ≥ 0; got {epochs}.")
    beta = float(np.diag(kernel).max())
    if learning_rate is None:
        learning_rate = 1 / beta
    if not 0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate must be positive and finite; got {learning_rate}.")
    if epoch is None:
        epoch = theorem_51_epoch(len(kernel), beta, float(np.linalg.eigvalsh(kernel)[0]))
    if epoch != int(epoch) or epoch < 1:
        raise ValueError(f"epoch must be a whole number of steps, at least 1; got {epoch}.")
    return _Plan(int(epoch), float(learning_rate))


def _run_epoch(features, targets, weight, order, learning_rate):
    """Takes the steps in place and returns the mean of the weights before each of them."""
    total = torch.zeros_like(weight)
    with torch.no_grad():
        for row in order.tolist():
            total += weight
            residual = weight @ features[row] - targets[row]
            weight.addr_(residual, features[row], alpha=-learning_rate)
    return total / len(order)


def _expected_epoch(kernel, moments, plan):
    """E r̄ r̄ᵀ of the mean of the epoch's residuals, and E r rᵀ after its last step.

    cross: E S rᵀ with S the sum so far; squared: E S Sᵀ.
    """
    n, rate = len(kernel), plan.learning_rate
    decay = np.eye(n) - rate / n * kernel
    cross, squared = moments.copy(), moments.copy()
    for step in range(plan.epoch):
        moments = (
            moments
            - rate / n * (kernel @ moments + moments @ kernel)
            + rate**2 / n * (kernel * np.diag(moments)) @ kernel
        )
        if step < plan.epoch - 1:
            cross = cross @ decay
            squared = squared + cross + cross.T + moments
            cross = cross + moments
    return squared / plan.epoch**2, moments


class _Log:
    """Readings of a run, one an epoch, passed on with the time left."""

    def __init__(self, features, targets, weight, epochs, plan, callback):
        self.features, self.targets, self.weight = features, targets, weight
        self.epochs, self.plan, self.callback = epochs, plan, callback
        self.losses, self.lasts, self.cancelled = [], [], False
        self.started = time.perf_counter()
        self.read(weight)

    @property
    def diverged(self):
        """Whether the last reading is out of bounds."""
        return not self.losses[-1] <= _DIVERGED * max(self.losses[0], self._loss(torch.zeros_like(self.weight)))

    def read(self, kept):
        """Keep the losses of the weights with which the next epoch starts, and of the last iterate."""
        self.losses.append(self._loss(kept))
        self.lasts.append(self._loss(self.weight))
        if self.callback is not None:
            done, elapsed = len(self.losses) - 1, time.perf_counter() - self.started
            left = elapsed / done * (self.epochs - done) if done else math.nan
            self.callback(done * self.plan.epoch, self.losses[-1], left)

    def _loss(self, weight):
        with torch.no_grad():
            return (self.features @ weight.T - self.targets).square().sum().item() / len(self.targets)
