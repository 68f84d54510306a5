"""Labelled images, parted into those to train on and those to test on; arrays of one's own, checked.

Images are kept as they were stored, whole numbers of 0 … 255 as bytes: what trains on them standardises each channel by
the mean and the deviation of the training images, (x − channel_mean)/channel_std.
"""

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from ntkit.arguments import real, whole
from ntkit.data.draws import even_draw, stratified_folds, stratified_share
from ntkit.data.maps import name_rows

_BLOCK_IMAGES = 64  # turned into float64 at a time; few enough to stay in the cache
_IMAGE_CHANNELS = (1, 3, 4)


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images with their classes, in a training part and a test part.

    train_images, test_images: (n, channels, height, width), uint8 or float32, as stored.
    train_labels, test_labels: (n,), int64, the place 0, 1, … of an image's class in `classes`.
    classes: names of the classes.
    mirrors: whether a mirror image belongs to the same class, as a horse does and a digit does not.
    description: where the images come from and how they were parted.

    Two sets are told apart by their `fingerprint`.
    """

    name: str
    train_images: np.ndarray = field(repr=False)
    test_images: np.ndarray = field(repr=False)
    train_labels: np.ndarray = field(repr=False)
    test_labels: np.ndarray = field(repr=False)
    classes: tuple[str, ...]
    mirrors: bool
    description: str

    @property
    def shape(self):
        """(channels, height, width) of an image."""
        return self.train_images.shape[1:]

    @cached_property
    def channel_mean(self):
        """Mean of each channel over the pixels of all training images, (channels,), float64."""
        return _pixel_mean(self.train_images, lambda x: x)

    @cached_property
    def channel_std(self):
        """Standard deviation of each channel over the pixels of all training images, (channels,); 0 if constant.

        float64 adds up 2²⁹ equal numbers of float32 without rounding, so that the 0 is one.
        """
        return np.sqrt(_pixel_mean(self.train_images, lambda x: (x - self.channel_mean[:, None, None]) ** 2))

    @cached_property
    def fingerprint(self):
        """16 hexadecimal digits that change with any image, label, the number of classes, or `mirrors`."""
        digest = hashlib.blake2b(f"{len(self.classes)} {bool(self.mirrors)}".encode(), digest_size=8)
        for part in (self.train_images, self.test_images, self.train_labels, self.test_labels):
            digest.update(f" {part.dtype.str} {part.shape} ".encode())
            digest.update(np.ascontiguousarray(part).data)
        return digest.hexdigest()

    def subset(self, train=None, test=None, seed=0):
        """Fewer images, drawn at random and as many of each class as can be; None keeps them all.

        Of one seed a smaller subset is part of a larger one.
        Parameters: train ≥ 2 and test ≥ 1, how many images to keep; seed of both draws.
        Raises: ValueError for more images than there are.

        >>> import ntkit as nk
        >>> few = nk.data.image_set("digits").subset(train=50, test=20)
        >>> few.train_images.shape, np.bincount(few.train_labels).tolist()
        ((50, 1, 8, 8), [5, 5, 5, 5, 5, 5, 5, 5, 5, 5])
        """
        kept = _kept(self.train_labels, "train", train, 2, seed)
        kept_for_test = _kept(self.test_labels, "test", test, 1, seed)
        about = f"Of these {len(kept)} to train on and {len(kept_for_test)} to test on (seed {seed})."
        return replace(
            self,
            train_images=self.train_images[kept],
            train_labels=self.train_labels[kept],
            test_images=self.test_images[kept_for_test],
            test_labels=self.test_labels[kept_for_test],
            description=f"{self.description} {about}",
        )

    def fold(self, i, k, seed=0):
        """The i-th of k folds of the training images to test on, the other k − 1 to train on: for cross-validation.

        The test images of this set are left out.  Folds of one seed have no image in common, together they are all the
        training images, and their sizes differ by at most one, those of each class too.
        Parameters: i from 0 to k − 1; k from 2 to the training images of the smallest class; seed of the folds.
        Raises: ValueError outside those ranges.

        >>> import ntkit as nk
        >>> digits = nk.data.image_set("digits")
        >>> [len(digits.fold(i, 3).test_labels) for i in range(3)], len(digits.train_labels)
        ([480, 479, 479], 1438)
        """
        smallest = int(np.unique(self.train_labels, return_counts=True)[1].min())
        k = whole("k", k, least=2, most=smallest, must=f"be from 2 to {smallest}, the images of the smallest class")
        i = whole("i", i, least=0, most=k - 1, must=f"be the number of a fold, 0 … {k - 1}")
        held = stratified_folds(self.train_labels, k, seed) == i
        return replace(
            self,
            train_images=self.train_images[~held],
            train_labels=self.train_labels[~held],
            test_images=self.train_images[held],
            test_labels=self.train_labels[held],
            description=f"{self.description} Tested on fold {i} of {k} of the training images (seed {seed}).",
        )


def images_from_arrays(
    train_images,
    train_labels,
    test_images=None,
    test_labels=None,
    *,
    classes=None,
    name="images",
    mirrors=False,
    test_share=0.2,
    seed=0,
):
    """Your own images as an ImageSet, checked and copied.

    Parameters: train_images (n, height, width) or (n, channels, height, width), real and finite: whole numbers of
    0 … 255 are kept as bytes, all others as float32; train_labels (n,), whole numbers or names; test_images and
    test_labels likewise, or neither: then the share `test_share` of each class, drawn by `seed`, is put aside to test
    on; classes, names of the classes whose places 0, 1, … the labels are, by default what labels there are, in order;
    name, for legends; mirrors, whether a mirror image belongs to the same class.
    Returns: ImageSet.
    Raises: ValueError naming the images that hold NaN, the labels that are out of range, and shapes that do not fit.

    >>> generator = np.random.default_rng(0)
    >>> images = generator.integers(0, 256, (40, 3, 16, 16))
    >>> mine = images_from_arrays(images, generator.permutation(np.arange(40) % 2), classes=("cat", "dog"))
    >>> mine.train_images.shape, mine.train_images.dtype, np.bincount(mine.test_labels).tolist()
    ((32, 3, 16, 16), dtype('uint8'), [4, 4])
    """
    if (test_images is None) != (test_labels is None):
        raise ValueError("test_images and test_labels must be given both, or neither to put a share aside.")
    images = _stored("train_images", train_images)
    labels = _label_array("train_labels", train_labels, len(images))
    values, classes = _classes(labels, classes)
    places = _places("train_labels", labels, values)
    if test_images is None:
        held = _held_out(places, classes, test_share, seed)
        train, test, how = (images[~held], places[~held]), (images[held], places[held]), f"drawn by seed {seed}"
    else:
        train, test, how = (images, places), _test_part(test_images, test_labels, values), "as given"
    train_images, test_images = _alike(train[0], test[0])
    size = " × ".join(map(str, images.shape[1:]))
    about = f"{len(train[0])} images of {size} to train on and {len(test[0])} to test on, {how}."
    return ImageSet(name, train_images, test_images, train[1], test[1], classes, bool(mirrors), about)


def _pixel_mean(images, of):
    """Mean of a function of the pixels over images, rows and columns, (channels,), in float64 by blocks of images."""
    total = 0.0
    for start in range(0, len(images), _BLOCK_IMAGES):
        total = total + of(images[start : start + _BLOCK_IMAGES].astype(float)).sum(axis=(0, 2, 3))
    return total / (len(images) * images.shape[2] * images.shape[3])


def _kept(labels, name, n, least, seed):
    available = len(labels)
    must = f"be a whole number from {least} to {available}, the images there are"
    n = available if n is None else whole(name, n, least=least, most=available, must=must)
    return np.arange(available) if n == available else even_draw(labels, n, seed)


def _stored(argument, images):
    """A copy of the images, (n, channels, height, width), as bytes where they are whole numbers of 0 … 255."""
    images = np.asarray(images)
    if images.dtype.kind not in "fiub":
        raise ValueError(f"{argument} must hold real numbers; got dtype {images.dtype}.")
    images = _with_channels(argument, images)
    if images.dtype.kind != "f" and images.min() >= 0 and images.max() <= 255:
        return images.astype(np.uint8, order="C")
    with np.errstate(over="ignore"):  # said below
        stored = images.astype(np.float32, order="C")
    bad = np.flatnonzero(~np.isfinite(stored).all(axis=(1, 2, 3)))
    if bad.size:
        raise ValueError(
            f"{argument} must be finite, and so as float32; {name_rows(bad)} NaN, infinity or more than 3.4e38. "
            "Drop or fill these images."
        )
    return stored


def _with_channels(argument, images):
    if images.ndim == 3:
        images = images[:, None]
    if images.ndim != 4 or 0 in images.shape:
        raise ValueError(
            f"{argument} must have shape (n, height, width) or (n, channels, height, width), none of them 0; got shape "
            f"{images.shape}. Rows of pixels become images by reshape."
        )
    _, channels, height, width = images.shape
    if channels == height and channels not in _IMAGE_CHANNELS and width in _IMAGE_CHANNELS:
        raise ValueError(
            f"{argument} must have its channels before height and width; got shape {images.shape}, which looks as if "
            f"they came last. Move them: np.moveaxis({argument}, -1, 1)."
        )
    return images


def _label_array(argument, labels, n):
    """Labels (n,): whole numbers or text."""
    labels = np.asarray(labels)
    if labels.shape != (n,):
        one_hot = " Of one column for each class take argmax(axis=1)." if labels.ndim == 2 else ""
        raise ValueError(f"{argument} must have shape ({n},), a class for each image; got {labels.shape}.{one_hot}")
    if labels.dtype.kind == "f" and (labels == np.floor(labels)).all() and np.isfinite(labels).all():
        return labels.astype(np.int64)
    if labels.dtype.kind not in "iubU":
        raise ValueError(f"{argument} must be whole numbers or names of classes; got dtype {labels.dtype}.")
    return labels


def _classes(labels, names):
    """The values that labels may have, in the order of the classes, and the names of the classes."""
    found = np.unique(labels).tolist()
    if len(found) < 2:
        raise ValueError(f"train_labels must hold at least two classes; got {found[0]!r} for all images.")
    if names is None:
        return found, tuple(map(str, found))
    names = tuple(names)
    if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        raise ValueError(f"classes must be different names, text; got {names}.")
    return (list(names) if labels.dtype.kind == "U" else list(range(len(names)))), names


def _places(argument, labels, values):
    """The place of each label among the values, int64."""
    place_of = {value: place for place, value in enumerate(values)}
    labels = labels.tolist()
    strange = sorted({label for label in labels if label not in place_of})
    if strange:
        listed = ", ".join(map(repr, strange[:3])) + (f" ({len(strange)} in all)" if len(strange) > 3 else "")
        among = ", ".join(map(repr, values)) if len(values) <= 10 else f"{values[0]!r} … {values[-1]!r}"
        raise ValueError(f"{argument} must be classes of the training images, {among}; got {listed}.")
    return np.array([place_of[label] for label in labels], dtype=np.int64)


def _held_out(places, classes, share, seed):
    """Which images are put aside to test on, so that either part has every class."""
    share = real("test_share", share, above=0, most=np.nextafter(1, 0), must="lie in (0, 1)")
    held = stratified_share(places, share, seed)
    for place in np.unique(places):
        of_class = held[places == place]
        if of_class.all() or not of_class.any():
            raise ValueError(
                f"both parts need images of each class, and test_share = {share:g} leaves none of class "
                f"{classes[place]}, of which there are {len(of_class)}, to {'train' if of_class.all() else 'test'} on. "
                "Take another share, or give test_images and test_labels."
            )
    return held


def _test_part(images, labels, values):
    images = _stored("test_images", images)
    return images, _places("test_labels", _label_array("test_labels", labels, len(images)), values)


def _alike(train, test):
    """Both parts in one dtype, once they are found to be of one size."""
    if train.shape[1:] != test.shape[1:]:
        raise ValueError(
            f"test_images must be of the size of train_images, {train.shape[1:]} (channels, height, width); got "
            f"{test.shape[1:]}."
        )
    dtype = np.result_type(train, test)
    return train.astype(dtype, copy=False), test.astype(dtype, copy=False)
