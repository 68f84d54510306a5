"""Which rows to take, class by class: even draws, shares and folds, each a function of the labels and a seed."""

import numpy as np


def even_draw(labels, n, seed):
    """Indices of n rows, random within each class and dealt from the classes in turn; a smaller n is a beginning.

    >>> labels = np.array([0, 0, 0, 0, 1, 1])
    >>> sorted(labels[even_draw(labels, 4, seed=0)].tolist())
    [0, 0, 1, 1]
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    turn = np.empty(len(labels), dtype=int)
    for label in np.unique(labels):
        in_class = labels[order] == label
        turn[in_class] = np.arange(in_class.sum())
    return order[np.argsort(turn, kind="stable")[:n]]


def stratified_share(labels, share, seed):
    """Whether each row belongs to a random part, shape (n,): ⌊n·share⌋ rows, the same share of each class within a row.

    >>> labels = np.repeat([0, 1], [10, 20])
    >>> np.bincount(labels[stratified_share(labels, 0.2, seed=0)])
    array([2, 4])
    """
    place = np.arange(1, len(labels) + 1)
    return _scattered(labels, np.floor(place * share) > np.floor((place - 1) * share), seed)


def stratified_folds(labels, k, seed):
    """The fold of each row, 0 … k − 1, shape (n,): sizes of the folds differ by at most 1, within each class too.

    >>> labels = np.repeat([0, 1], [3, 6])
    >>> np.bincount(labels[stratified_folds(labels, 3, seed=0) == 1])
    array([1, 2])
    """
    return _scattered(labels, np.arange(len(labels)) % k, seed)


def _scattered(labels, values, seed):
    """The values, dealt to the rows class after class, in random order within each."""
    order = np.random.default_rng(seed).permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    scattered = np.empty_like(values)
    scattered[by_class] = values
    return scattered
