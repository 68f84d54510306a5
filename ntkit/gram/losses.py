"""Losses that a network descends: their values, what they pull the outputs towards, and what a fixed kernel predicts.

With a fixed kernel K of the trained parameters, gradient descent on a loss moves the outputs by f ← f + η K p(f), where
p = −∂loss/∂f.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.integrate import solve_ivp
from scipy.special import log_softmax, softmax

from ntkit import dynamics
from ntkit.arguments import real


@dataclass(frozen=True)
class Squares:
    """½ Σ_i ‖y_i − f_i‖², the loss of the paper's section 2.

    >>> HALF_SQUARES.value(torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0], [4.0]]))
    2.0
    """

    name: str
    symbol: str

    def value(self, outputs, targets):
        """The loss, a float."""
        return self._of_mean(len(targets)) * float((outputs - targets).square().sum()) / len(targets)

    def pull(self, outputs, targets, n):
        """−∂loss/∂f, (b, k), of b of the n rows."""
        return self._strength(n) * (targets - outputs)

    def predicted(self, kernel, y, steps, learning_rate, initial):
        """The loss after `steps` with a fixed kernel, by its eigenvectors: nk.dynamics.predict in this loss's units.

        Parameters: kernel (n, n) or its nk.dynamics.Modes; y, initial (n,) or (n, k); steps, as in `predict`.
        """
        n = len(np.asarray(y))
        rate = self._strength(n) * real("learning_rate", learning_rate, above=0, must="be positive")
        return self._of_mean(n) * dynamics.predict(kernel, y, steps, rate, initial).loss

    def safe_learning_rate(self, modes, n):
        """η at which the fastest mode of n points goes to 0 in a step, and the matrix may double before it grows."""
        return dynamics.safe_learning_rate(modes) / self._strength(n)

    def _of_mean(self, n):
        """This loss over (1/n) Σ (y − f)²."""
        return n / 2

    def _strength(self, n):
        """p over y − f."""
        return 1.0


class MeanSquares(Squares):
    """(1/n) Σ_i ‖y_i − f_i‖²: at the same η everything takes n/2 times as many steps.

    >>> MEAN_SQUARES.value(torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0], [4.0]]))
    2.0
    """

    def _of_mean(self, n):
        return 1.0

    def _strength(self, n):
        return 2.0 / n


@dataclass(frozen=True)
class CrossEntropy:
    """−Σ_i log u_i,y_i, u = softmax(f), for targets y that are one-hot rows (n, C).

    Logits move by ḟ = 𝒢(y − u), 𝒢 the (nC, nC) Gram matrix in sample-major order; probabilities do not: u̇ = J𝒢(y − u)
    with J = blockdiag(diag(u_i) − u_i u_iᵀ).  The paper prints the first equation with u on the left.
    Source: Panigrahi, Shetty, Goyal (2020), appendix M.3.
    """

    name: str = "cross-entropy"
    symbol: str = "−Σ log softmax(f)<sub>y</sub>"

    def value(self, outputs, targets):
        """The loss, a float."""
        return -float((targets * torch.log_softmax(outputs, dim=1)).sum())

    def pull(self, outputs, targets, n):
        """−∂loss/∂f = y − softmax(f), (b, C), of b of the n rows."""
        return targets - torch.softmax(outputs, dim=1)

    def predicted(self, kernel, y, steps, learning_rate, initial):
        """The loss after `steps` with a fixed kernel, from gradient flow of the logits to the times η · steps.

        Parameters: kernel (nC, nC); y one-hot (n, C); steps ascending; initial (n, C), the logits at the start.
        """
        times = real("learning_rate", learning_rate, above=0, must="be positive") * np.asarray(steps, dtype=float)
        logits = logit_flow(kernel, y, times, initial)
        return -(np.asarray(y) * log_softmax(logits, axis=-1)).sum(axis=(1, 2))


HALF_SQUARES = Squares("half squares", "½ Σ (y − f)²")
MEAN_SQUARES = MeanSquares("mean squares", "(1/n) Σ (y − f)²")
CROSS_ENTROPY = CrossEntropy()


def logit_flow(kernel, y, times, initial):
    """Logits under gradient flow of the cross-entropy with a fixed kernel, ḟ = 𝒢(y − softmax f).

    Parameters: kernel (nC, nC), sample-major, or (n, n) for 𝒢 = K ⊗ I, its limit of infinite width; y one-hot rows
    (n, C); times ≥ 0, ascending; initial (n, C).
    Returns: (t, n, C).
    Raises: ValueError for shapes that do not fit.
    Source: Panigrahi, Shetty, Goyal (2020), appendix M.3, corrected.

    >>> flowing = logit_flow(np.eye(2), np.eye(2), [0.0, 5.0], np.zeros((2, 2)))
    >>> bool(np.allclose(flowing[1], flowing[1].T)), bool(flowing[1, 0, 0] > 1 > flowing[1, 0, 1])
    (True, True)
    """
    kernel, y, initial = (np.asarray(values, dtype=float) for values in (kernel, y, initial))
    if y.ndim != 2 or initial.shape != y.shape:
        raise ValueError(f"y and initial must have one shape (n, C); got {y.shape} and {initial.shape}.")
    if kernel.shape not in {(y.size, y.size), (len(y), len(y))}:
        raise ValueError(f"kernel must be square of size nC = {y.size} or n = {len(y)}; got shape {kernel.shape}.")
    whole = kernel.shape == (y.size, y.size)

    def velocity(_, flat):
        pull = y - softmax(flat.reshape(y.shape), axis=1)
        return kernel @ pull.ravel() if whole else (kernel @ pull).ravel()

    times = np.asarray(times, dtype=float)
    solved = solve_ivp(
        velocity, (0.0, max(float(times[-1]), 1e-300)), initial.ravel(), "LSODA", times, rtol=1e-8, atol=1e-10
    )
    return solved.y.T.reshape(len(times), *y.shape)


def one_hot(labels, classes):
    """Labels 0 … C − 1 as rows (n, C) with a single 1.

    >>> one_hot([1, 0], 2).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"labels must be whole numbers from 0 to {classes - 1}; got {labels!r}.")
    return np.eye(classes)[labels]
