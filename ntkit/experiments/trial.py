"""One training run before it is made: which network, which images, which recipe, which seed."""

import hashlib
import json
from dataclasses import dataclass, field

from ntkit.arguments import whole
from ntkit.data import ImageSet, image_set
from ntkit.experiments.model import Model
from ntkit.experiments.recipe import Recipe

MOST_SEEDS = 2**32 - 1
_IMAGES = ("test", "train")


@dataclass(frozen=True)
class Probe:
    """On which inputs, and at which layers, the conditioning is measured as a network trains.

    places: names of the network's layers (`module.places`); the input is always measured as well.  images: "test" or
    "train".  count: images, at least 2, over which normalised dot products are averaged.  gram: how many of these make
    the Gram matrix whose condition number is taken; it is infinite where a layer has fewer features than that.
    Raises: ValueError for anything else.

    >>> Probe(places=("1", "features"), count=100).gram
    32
    """

    places: tuple[str, ...] = ("features",)
    images: str = "test"
    count: int = 256
    gram: int = 32

    def __post_init__(self):
        if isinstance(self.places, str) or len(set(self.places)) < len(tuple(self.places)):
            raise ValueError(f"places must be different names of layers, such as ('features',); got {self.places!r}.")
        if self.images not in _IMAGES:
            raise ValueError(f"images must be 'test' or 'train'; got {self.images!r}.")
        object.__setattr__(self, "places", tuple(map(str, self.places)))
        for name in ("count", "gram"):
            value = whole(name, getattr(self, name), least=2, must="be a whole number of images, at least 2")
            object.__setattr__(self, name, value)


@dataclass(frozen=True, eq=False)
class Trial:
    """A training run: model, images, recipe, seed.  Two trials are equal when they train the same.

    data: the name of an image set (nk.data.image_set_names()), or an nk.data.ImageSet.  seed: draws the weights, the
    order of the images and their augmentation.  fold: (i, k) holds the i-th of k parts of the training images out and
    tests on it, for choosing a learning rate without looking at the test images; None tests on the test images.
    train_size, test_size: how many images of each part are used, evenly over the classes; None for all.
    Raises: TypeError, ValueError for a field of another kind or out of range.

    >>> from ntkit.experiments import Recipe, fully_connected
    >>> trial = Trial(fully_connected(4, 32), "digits", Recipe(0.01, epochs=3))
    >>> trial.label, len(trial.key), trial == Trial(fully_connected(4, 32), "digits", Recipe(0.02, epochs=3))
    ('FC-4 NormReLU, digits, η = 0.01, seed 0', 16, False)
    """

    model: Model
    data: str | ImageSet
    recipe: Recipe
    seed: int = 0
    fold: tuple[int, int] | None = None
    train_size: int | None = None
    test_size: int | None = None
    probe: Probe = field(default_factory=Probe)

    def __post_init__(self):
        for name, kind in (("model", Model), ("recipe", Recipe), ("probe", Probe), ("data", (str, ImageSet))):
            if not isinstance(getattr(self, name), kind):
                raise TypeError(f"{name} must be {_MUST_BE[name]}; got {getattr(self, name)!r}.")
        must = f"be a whole number from 0 to {MOST_SEEDS}"
        object.__setattr__(self, "seed", whole("seed", self.seed, least=0, most=MOST_SEEDS, must=must))
        if self.fold is not None:
            object.__setattr__(self, "fold", _checked_fold(self.fold))

    def __eq__(self, other):
        return isinstance(other, Trial) and self.key == other.key

    def __hash__(self):
        return hash(self.key)

    @property
    def data_name(self):
        """The name of the image set."""
        return self.data if isinstance(self.data, str) else self.data.name

    @property
    def label(self):
        """The trial in a few words, for progress and errors."""
        fold = f", fold {self.fold[0]} of {self.fold[1]}" if self.fold else ""
        return f"{self.model.label}, {self.data_name}, η = {self.recipe.learning_rate:.4g}, seed {self.seed}{fold}"

    @property
    def key(self):
        """16 hexadecimal digits that differ between trials which train differently or are measured differently."""
        identity = {**self.columns(), "data": self.data if isinstance(self.data, str) else self.data.fingerprint}
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]

    def columns(self):
        """The trial as plain values: the columns that say in a table which run a row belongs to."""
        return {
            **self.model.columns(),
            "data": self.data_name,
            **self.recipe.columns(),
            "seed": self.seed,
            "fold": "{} of {}".format(*self.fold) if self.fold else "",
            "train_size": self.train_size or 0,
            "test_size": self.test_size or 0,
            "probe": f"{', '.join(self.probe.places)} on {self.probe.count} {self.probe.images} images, "
            f"Gram of {self.probe.gram}",
        }

    def image_set(self):
        """The nk.data.ImageSet to train and test on: loaded, cut to its fold and its sizes.

        Raises: what nk.data.image_set raises for an unknown name, or data that are not there.
        """
        images = image_set(self.data) if isinstance(self.data, str) else self.data
        if self.fold:
            images = images.fold(*self.fold)
        if self.train_size or self.test_size:
            images = images.subset(self.train_size, self.test_size)
        return images


_MUST_BE = {
    "model": "an nk.experiments.Model, such as nk.experiments.fully_connected(32) gives",
    "recipe": "an nk.experiments.Recipe",
    "probe": "an nk.experiments.Probe",
    "data": "the name of an image set or an nk.data.ImageSet",
}


def _checked_fold(fold):
    pair = tuple(fold)
    if (
        len(pair) != 2
        or not all(isinstance(number, int) for number in pair)
        or not 0 <= pair[0] < pair[1]
        or pair[1] < 2
    ):
        raise ValueError(f"fold must be (i, k), the i-th of k ≥ 2 parts counted from 0; got {fold!r}.")
    return pair
