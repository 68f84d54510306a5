"""What a network is asked to learn: signs, a standardised number, or one column of signs per class."""

import numpy as np

TARGETS = ("signs", "index", "one_vs_rest")


def class_targets(labels, classes, kind=None):
    """Targets for class labels, and one sentence that says what they are.

    signs:       −1 for the first of two classes, +1 for the second (the default for two classes)
    index:       position of the class in `classes`, standardised to mean 0 and variance 1 (the default otherwise)
    one_vs_rest: shape (n, number of classes), +1 in the column of the row's class, −1 elsewhere

    Parameters: labels (n,), each a member of `classes`; kind one of TARGETS or None for the default.
    Raises: ValueError for an unknown kind, and for signs with more than two classes.

    >>> class_targets(np.array([8, 3]), (3, 8))
    (array([ 1., -1.]), 'Targets: -1 for class 3, +1 for class 8.')
    """
    kind = kind or ("signs" if len(classes) == 2 else "index")
    position = np.array([classes.index(label) for label in labels])
    if kind == "signs":
        if len(classes) != 2:
            raise ValueError(f"signs need two classes; got {len(classes)}. Take targets='index' or 'one_vs_rest'.")
        return 2.0 * position - 1, f"Targets: -1 for class {classes[0]}, +1 for class {classes[1]}."
    if kind == "index":
        y, _ = standardised(position)
        return y, f"Targets: index of the class among {', '.join(map(str, classes))}, standardised."
    if kind == "one_vs_rest":
        y = np.where(position[:, None] == np.arange(len(classes)), 1.0, -1.0)
        return y, f"Targets: one column for each of {', '.join(map(str, classes))}, +1 in the class and -1 outside."
    raise ValueError(f"targets must be one of {', '.join(map(repr, TARGETS))}; got {kind!r}.")


def standardised(values):
    """Columns shifted and scaled to mean 0 and variance 1, and a sentence saying so; a constant column is only shifted.

    >>> standardised([1.0, 3.0])
    (array([-1.,  1.]), 'Targets: standardised to mean 0 and variance 1.')
    """
    values = np.asarray(values, dtype=float)
    centred = values - values.mean(axis=0)
    deviation = centred.std(axis=0)
    return centred / np.where(deviation > 0, deviation, 1.0), "Targets: standardised to mean 0 and variance 1."


def balanced_signs(n, generator):
    """±1 in random order, as many of one as of the other (one more +1 when n is odd), shape (n,)."""
    return generator.permutation(np.where(np.arange(n) % 2 == 0, 1.0, -1.0))
