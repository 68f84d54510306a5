"""How a network is trained: stochastic gradient descent with momentum, its learning rate dropping in steps.

With the loss ℓ, cross-entropy averaged over a batch, and weight decay w, a step is torch.optim.SGD's

    v ← momentum · v + ∂ℓ/∂θ + w θ,        θ ← θ − η(e) v,        η(e) = η · factor^{milestones before epoch e}.
"""

import math
from dataclasses import dataclass

from ntkit.arguments import real, whole
from ntkit.experiments.batches import Augmentation

MOST_EPOCHS = 1_000_000


@dataclass(frozen=True)
class Recipe:
    """Everything about training but the network, the images and the seed.

    learning_rate: η > 0.  epochs: passes over the training images, counted from 1.  batch_size: images a step, at
    least 2.  momentum in [0, 1); weight_decay ≥ 0.  milestones: epochs after which the learning rate is multiplied by
    `factor`, in (0, 1]; those at or after `epochs` are never reached.  augmentation: an Augmentation, or None.
    The defaults are the paper's 300 epochs, a tenth after every 100; the paper states neither batch size, momentum nor
    weight decay, and these are those of He et al. (2016) but for the weight decay (theirs: 1e-4).
    Raises: ValueError for numbers out of range, TypeError for an augmentation of another kind.
    Source: Agarwal, Awasthi, Kale (2021), appendix I.3; He, Zhang, Ren, Sun (2016), section 4.2.

    >>> recipe = Recipe(0.1, epochs=300)
    >>> [round(recipe.learning_rate_in(epoch), 6) for epoch in (1, 100, 101, 201)]
    [0.1, 0.1, 0.01, 0.001]
    """

    learning_rate: float
    epochs: int = 300
    batch_size: int = 128
    momentum: float = 0.9
    weight_decay: float = 0.0
    milestones: tuple[int, ...] = (100, 200)
    factor: float = 0.1
    augmentation: Augmentation | None = None

    def __post_init__(self):
        must = "be a positive finite number"
        _settle(self, "learning_rate", real("learning_rate", self.learning_rate, above=0, must=must))
        must = f"be a whole number of passes over the training images, 0 to {MOST_EPOCHS}"
        _settle(self, "epochs", whole("epochs", self.epochs, least=0, most=MOST_EPOCHS, must=must))
        must = "be a whole number of images, at least 2"
        _settle(self, "batch_size", whole("batch_size", self.batch_size, least=2, must=must))
        must = "lie in [0, 1)"
        _settle(self, "momentum", real("momentum", self.momentum, least=0, most=math.nextafter(1, 0), must=must))
        _settle(self, "weight_decay", real("weight_decay", self.weight_decay, least=0, must="be at least 0"))
        _settle(self, "factor", real("factor", self.factor, above=0, most=1, must="lie in (0, 1]"))
        must = "be whole numbers of epochs, at least 1"
        after = tuple(whole("milestones", epoch, least=1, must=must) for epoch in self.milestones)
        _settle(self, "milestones", tuple(sorted(after)))
        if self.augmentation is not None and not isinstance(self.augmentation, Augmentation):
            raise TypeError(
                f"augmentation must be an nk.experiments.Augmentation or None; got {self.augmentation!r}. "
                "Augmentation() is the crop and mirror of He et al. (2016)."
            )

    def learning_rate_in(self, epoch):
        """η(e), the learning rate during that epoch, counted from 1."""
        return self.learning_rate * self.factor ** sum(milestone < epoch for milestone in self.milestones)

    def columns(self):
        """The recipe as plain values for a table."""
        augmentation = self.augmentation
        return {
            "learning_rate": self.learning_rate,
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "momentum": self.momentum,
            "weight_decay": self.weight_decay,
            "milestones": ", ".join(map(str, self.milestones)),
            "factor": self.factor,
            "padding": augmentation.padding if augmentation else 0,
            "mirror": augmentation.mirror if augmentation else False,
            "mixup": float(augmentation.mixup) if augmentation else 0.0,
        }


def _settle(recipe, name, value):
    object.__setattr__(recipe, name, value)
