"""The training experiments of the paper: which networks its figures compare, how they are trained, what it claims.

    figure  networks (FC: of 3000 units)      compared                              learning rates
    1       FC-32, ResNet-32                  BatchNorm, LayerNorm, NormReLU        .005/.003/.0009, .1/.05/.001
    3       FC-32, FC-64                      BatchNorm, LayerNorm, NormReLU        .01/.001/.0009, .007/.001/.0009
    4       ResNet-32, ResNet-110             BatchNorm, NormReLU                   .1/.009, .05/.005
    5       Fixup's network of depth 110      Fixup, NormReLU from N(0, 1/(k²·out)) .1, .005
    7       FC-32, FC-64                      NormReLU, SELU                        .001, .0005
    8       ResNet-32, -110, no BatchNorm     NormReLU, SELU                        .01, .009

All on CIFAR-10 for 300 epochs, the learning rate a tenth after every 100 (appendix I.3 says "iterations", of which an
epoch has hundreds: epochs must be meant), 10 runs each.  Figure 5 follows the schedule of Zhang, Dauphin, Ma (2019)
for Fixup.  Batch size, momentum and weight decay are not printed: 128, 0.9, and none but Fixup's 1e-4 are ours.
Section 7 speaks of learning rates "of the order of 10⁻⁵" for NormReLU; appendix I.3 prints 0.0005 to 0.01.
Source: Agarwal, Awasthi, Kale (2021), section 7, appendices I.2 and I.3.
"""

from dataclasses import dataclass, field, replace

from ntkit.experiments.batches import Augmentation
from ntkit.experiments.model import Model, fixup_resnet, fully_connected, resnet
from ntkit.experiments.recipe import Recipe
from ntkit.experiments.trial import Probe, Trial

SEEDS = 10


@dataclass(frozen=True)
class PaperFigure:
    """A figure of the paper as the trials behind it.

    number, title; entries: pairs of a Model and the Recipe that it is trained with; claims: what the paper says the
    figure shows, in its order; data, the name of an image set; seeds, of the independent runs; probe, where the
    conditioning is measured.
    """

    number: int
    title: str
    entries: tuple[tuple[Model, Recipe], ...]
    claims: tuple[str, ...]
    data: str = "cifar10"
    seeds: tuple[int, ...] = tuple(range(SEEDS))
    probe: Probe = field(default_factory=Probe)

    @property
    def models(self):
        """The networks that are compared."""
        return tuple(model for model, _ in self.entries)

    def trials(self):
        """Every run of the figure: each network from each seed."""
        return tuple(
            Trial(model, self.data, recipe, seed=seed, probe=self.probe)
            for model, recipe in self.entries
            for seed in self.seeds
        )

    def reduced(self, data, learning_rates, *, width, epochs, batch_size=64, seeds=(0, 1, 2), augmentation=None):
        """The same comparison at a size that a small machine bears: the depths and what is compared stay.

        Parameters: data, an image set; learning_rates, a mapping from labels of the models to their learning rates,
        since those of the paper belong to its width; width, of all networks; epochs, at least 3, after each third of
        which the learning rate drops, as it does in the paper; batch_size, seeds; augmentation, in place of that of
        figures with one.
        Returns: PaperFigure.
        Raises: KeyError for a model without a learning rate; ValueError for fewer epochs than the drops need.

        >>> small = figure(7).reduced("digits", {"FC-32 NormReLU": 0.01, "FC-32 SELU": 0.01,
        ...     "FC-64 NormReLU": 0.005, "FC-64 SELU": 0.005}, width=64, epochs=9)
        >>> len(small.trials()), small.entries[0][1].milestones
        (12, (3, 6))
        """

        def shrunk(model, recipe):
            return replace(model, width=width), replace(
                recipe,
                learning_rate=learning_rates[model.label],
                epochs=epochs,
                batch_size=batch_size,
                milestones=tuple(milestone * epochs // recipe.epochs for milestone in recipe.milestones),
                augmentation=augmentation if recipe.augmentation else None,
            )

        entries = tuple(shrunk(model, recipe) for model, recipe in self.entries)
        return replace(self, data=data, seeds=tuple(seeds), entries=entries)


def figure(number):
    """A figure of the paper at its printed size.

    Parameters: number, one of `FIGURES`.
    Returns: PaperFigure.
    Raises: ValueError for a figure that shows no training.

    >>> [model.label for model in figure(5).models]
    ['Fixup-110', 'Fixup-110 NormReLU']
    >>> len(figure(3).trials())
    60
    """
    if number not in _FIGURES:
        raise ValueError(f"a figure that shows training is one of {', '.join(map(str, FIGURES))}; got {number!r}.")
    return _FIGURES[number]


def _trained(pairs, **changes):
    return tuple((model, Recipe(learning_rate, **changes)) for model, learning_rate in pairs)


def _normalisations(build, depth, rates):
    """BatchNorm, LayerNorm and NormReLU at one depth; ReLU where there is a normalisation."""
    kinds = (("relu", "batch"), ("relu", "layer"), ("normrelu", "none"))
    models = (build(depth, activation=sigma, normalisation=normalisation) for sigma, normalisation in kinds)
    return zip(models, rates, strict=True)


def _with_and_without(depth, rates):
    models = resnet(depth, activation="relu", normalisation="batch"), resnet(depth, activation="normrelu")
    return zip(models, rates, strict=True)


def _against_selu(build, depth, rate):
    return ((build(depth, activation=sigma), rate) for sigma in ("normrelu", "selu"))


_FIXUP = {"epochs": 200, "milestones": (100, 150), "weight_decay": 1e-4, "augmentation": Augmentation()}

_FIGURES = {
    entry.number: entry
    for entry in (
        PaperFigure(
            1,
            "Test accuracy and mean normalised dot products between test inputs",
            _trained(
                (
                    *_normalisations(fully_connected, 32, (0.005, 0.003, 0.0009)),
                    *_normalisations(resnet, 32, (0.1, 0.05, 0.001)),
                )
            ),
            ("as the accuracy on test images rises, their mean normalised dot product falls",),
        ),
        PaperFigure(
            3,
            "NormReLU against batch and layer normalisation, fully connected",
            _trained(
                (
                    *_normalisations(fully_connected, 32, (0.01, 0.001, 0.0009)),
                    *_normalisations(fully_connected, 64, (0.007, 0.001, 0.0009)),
                )
            ),
            ("NormReLU optimises significantly faster", "NormReLU generalises significantly better"),
        ),
        PaperFigure(
            4,
            "NormReLU in the place of batch normalisation in residual networks",
            _trained((*_with_and_without(32, (0.1, 0.009)), *_with_and_without(110, (0.05, 0.005)))),
            ("NormReLU is competitive with batch normalisation", "at depth 110 NormReLU is slightly better"),
        ),
        PaperFigure(
            5,
            "NormReLU from standard initialisation against Fixup",
            _trained(
                ((fixup_resnet(110, activation="relu"), 0.1), (fixup_resnet(110, activation="normrelu"), 0.005)),
                **_FIXUP,
            ),
            ("NormReLU reaches a similar accuracy as Fixup",),
        ),
        PaperFigure(
            7,
            "NormReLU and SELU, fully connected",
            _trained((*_against_selu(fully_connected, 32, 0.001), *_against_selu(fully_connected, 64, 0.0005))),
            ("NormReLU and SELU train and generalise very similarly",),
        ),
        PaperFigure(
            8,
            "NormReLU and SELU in residual networks without batch normalisation",
            _trained((*_against_selu(resnet, 32, 0.01), *_against_selu(resnet, 110, 0.009))),
            ("NormReLU and SELU behave similarly", "NormReLU reaches slightly higher test accuracies"),
        ),
    )
}
FIGURES = tuple(_FIGURES)
