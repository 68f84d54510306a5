"""What a training run did, epoch by epoch."""

from dataclasses import dataclass

import numpy as np

from ntkit.experiments.trial import Trial
from ntkit.progress import readable_duration

METRICS = (
    "current_learning_rate",
    "train_loss",
    "train_accuracy",
    "test_loss",
    "test_accuracy",
    "seconds",
)
CONDITIONING = ("dot_product", "condition_number")
ENDINGS = ("finished", "cancelled", "diverged", "running")


@dataclass(frozen=True, eq=False)
class History:
    """A training run as far as it went; the first reading, epoch 0, is the network as it was drawn.

    epoch: (t,), completed epochs.  current_learning_rate: (t,), in that epoch.  train_loss, train_accuracy: (t,), mean
    over the images of the epoch as they were trained on, each with the weights of its step; at epoch 0 over all
    training images.  test_loss, test_accuracy: (t,), of the weights at the end of the epoch, over the test images (or
    the fold held out).  Losses are cross-entropies in nats, accuracies shares in [0, 1].
    dot_product: place → (t,), the mean normalised dot product over pairs of different probe images, in [−1, 1];
    condition_number: place → (t,), of their normalised Gram matrix; nan where a network maps an image to 0.
    seconds: (t,), time taken so far, over all sessions.
    ending: "finished", "cancelled", "diverged", or "running" while it still trains.  step, last_loss: steps taken in
    all, and the mean loss of the epoch then going on.  device, precision, compiled: what computed.
    samples_per_second: images trained on a second, measuring apart.
    """

    trial: Trial
    epoch: np.ndarray
    current_learning_rate: np.ndarray
    train_loss: np.ndarray
    train_accuracy: np.ndarray
    test_loss: np.ndarray
    test_accuracy: np.ndarray
    dot_product: dict
    condition_number: dict
    seconds: np.ndarray
    ending: str
    step: int
    last_loss: float
    device: str
    precision: str
    compiled: bool
    samples_per_second: float

    @property
    def outcome(self):
        """One sentence on how the run ended."""
        epochs, recipe = int(self.epoch[-1]), self.trial.recipe
        if self.ending == "diverged":
            return (
                f"Diverged in epoch {epochs + 1} at step {self.step}, loss {self.train_loss[0]:.4g} → "
                f"{self.last_loss:.4g}: the learning rate {recipe.learning_rate:.4g} is more than "
                f"{self.trial.model.label} bears. Take less, or a normalisation."
            )
        word = {"finished": "Finished", "cancelled": "Cancelled", "running": "Running,"}[self.ending]
        return (
            f"{word} after {epochs} of {recipe.epochs} epochs, {readable_duration(self.seconds[-1])}: train loss "
            f"{self.train_loss[-1]:.4g}, test accuracy {100 * self.test_accuracy[-1]:.1f} %."
        )

    def table(self):
        """A pandas.DataFrame, one row an epoch: the trial's columns, the metrics, and how the run ended.

        Conditioning at a place is a column of its own, such as "dot_product features".
        """
        import pandas as pd

        readings = {name: getattr(self, name) for name in METRICS}
        for name in CONDITIONING:
            readings |= {f"{name} {place}": values for place, values in getattr(self, name).items()}
        about = {
            name: getattr(self, name) for name in ("ending", "device", "precision", "compiled", "samples_per_second")
        }
        return pd.DataFrame({"key": self.trial.key, **self.trial.columns(), "epoch": self.epoch, **readings, **about})


class Log:
    """The readings of a run as they come; `history` makes a History of them."""

    def __init__(self, rows=()):
        self.rows = list(rows)

    def add(self, **row):
        """One reading: the metrics as floats, the conditioning as dicts place → float."""
        self.rows.append(row)

    def history(self, **rest):
        """The History of what was read so far; rest: its other fields."""
        columns = {name: np.array([row[name] for row in self.rows], dtype=float) for name in METRICS}
        places = {
            name: {place: np.array([row[name][place] for row in self.rows]) for place in self.rows[0][name]}
            for name in CONDITIONING
        }
        return History(epoch=np.array([row["epoch"] for row in self.rows], dtype=int), **columns, **places, **rest)
