"""Batches against a plain search for the window that each image was cut from; what is drawn, against its law."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

from ntkit import data
from ntkit.experiments import Augmentation, Batches, standardised

DEVICES = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)


def image_set(n=40, channels=2, height=8, width=6, seed=0, mirrors=True, dtype=np.uint8):
    """Images each of which is a class of its own, so that a label says which image it belongs to."""
    images = np.random.default_rng(seed).integers(0, 256, (n, channels, height, width)).astype(dtype)
    return data.images_from_arrays(images, np.arange(n), images[:2], np.arange(2), mirrors=mirrors)


def plainly_standardised(images):
    """Every training image, pixel by pixel channel by channel."""
    result = np.empty(images.train_images.shape)
    for channel in range(images.shape[0]):
        values = images.train_images[:, channel].astype(float)
        result[:, channel] = (values - values.mean()) / values.std()
    return result


def plain_windows(image, padding):
    """Every image that padding, cropping and mirroring one image can give, by (row, column, mirrored); plain loops."""
    channels, height, width = image.shape
    windows = {}
    for row in range(-padding, padding + 1):
        for column in range(-padding, padding + 1):
            window = np.zeros(image.shape)
            for i in range(height):
                for j in range(width):
                    if 0 <= i + row < height and 0 <= j + column < width:
                        for channel in range(channels):
                            window[channel, i, j] = image[channel, i + row, j + column]
            windows[row, column, False] = window
            windows[row, column, True] = np.stack([[list(reversed(line)) for line in plane] for plane in window])
    return windows


def epoch_of(batches, epoch):
    """(images, labels) of a whole epoch, as numpy arrays."""
    cut = [batches.batch(epoch, step) for step in range(batches.steps_per_epoch)]
    return tuple(torch.cat([getattr(batch, part) for batch in cut]).cpu().numpy() for part in ("images", "labels"))


def places_of_windows(images, padding, epochs, **options):
    """(row, column, mirrored) of each image of some epochs, found by comparing it with all that it may be."""
    batches = Batches(images, 16, seed=5, augmentation=Augmentation(padding=padding, **options), dtype=torch.float64)
    windows = [plain_windows(image, padding) for image in plainly_standardised(images)]
    candidates = [np.stack(list(of_image.values())) for of_image in windows]
    keys = list(windows[0])
    found = []
    for epoch in range(epochs):
        for image, label in zip(*epoch_of(batches, epoch), strict=True):
            equal = np.abs(candidates[label] - image).max(axis=(1, 2, 3)) < 1e-12
            assert equal.sum() == 1
            found.append(keys[equal.argmax()])
    return found


class TestOrder:
    @pytest.mark.parametrize("augmentation", [None, Augmentation(padding=1), Augmentation(mixup=1.0)])
    def test_an_epoch_is_every_image_once(self, augmentation):
        _, labels = epoch_of(Batches(image_set(), 7, seed=0, augmentation=augmentation), 3)
        assert sorted(labels.tolist()) == list(range(40))

    def test_differs_from_epoch_to_epoch_and_seed_to_seed(self):
        orders = {
            tuple(epoch_of(Batches(image_set(), 7, seed=seed), epoch)[1].tolist())
            for seed in range(3)
            for epoch in range(3)
        }
        assert len(orders) == 9

    def test_is_uniform(self):
        # The first image of an epoch, in 4000 epochs of 8 images.
        batches = Batches(image_set(n=8), 8, seed=0)
        first = [batches.batch(epoch, 0).labels[0].item() for epoch in range(4000)]
        assert stats.chisquare(np.bincount(first)).pvalue > 1e-3

    def test_is_the_same_with_and_without_augmentation(self):
        augmentations = (None, Augmentation(padding=0), Augmentation(), Augmentation(mirror=False, mixup=0.2))
        orders = [epoch_of(Batches(image_set(), 7, seed=0, augmentation=given), 2)[1] for given in augmentations]
        for order in orders[1:]:
            assert np.array_equal(orders[0], order)

    @pytest.mark.parametrize(
        ("n", "batch_size", "sizes"),
        [(40, 20, [20, 20]), (40, 19, [19, 19, 2]), (40, 13, [13, 13, 13]), (40, 64, [40]), (3, 1, [1, 1, 1])],
    )
    def test_a_smaller_last_batch_is_kept_unless_it_is_one_image(self, n, batch_size, sizes):
        batches = Batches(image_set(n=n), batch_size, seed=0)
        assert batches.steps_per_epoch == len(sizes)
        assert [len(batches.batch(0, step).labels) for step in range(len(sizes))] == sizes


class TestPurity:
    @pytest.mark.parametrize("augmentation", [None, Augmentation(padding=2, mixup=0.5)])
    def test_a_batch_is_the_same_whatever_was_asked_for_before(self, augmentation):
        def batches():
            return Batches(image_set(), 7, seed=3, augmentation=augmentation)

        # One goes through two epochs in order; the others come from nowhere.
        through = batches()
        in_order = {(epoch, step): through.batch(epoch, step) for epoch in range(2) for step in range(6)}
        for (epoch, step), batch in reversed(in_order.items()):
            for other in (through.batch(epoch, step), batches().batch(epoch, step)):
                assert torch.equal(other.images, batch.images)
                assert torch.equal(other.labels, batch.labels)
                assert other.share == batch.share
                assert augmentation is None or torch.equal(other.partners, batch.partners)

    def test_changing_a_batch_changes_nothing_else(self):
        images = image_set(dtype=np.float32)
        batches = Batches(images, 7, seed=0)
        before, stored = batches.batch(0, 0).images.clone(), images.train_images.copy()
        for batch in (batches.batch(0, 0), Batches(images, 7, seed=0, augmentation=Augmentation()).batch(0, 0)):
            batch.images.zero_()
            batch.labels.zero_()
        standardised(images, images.train_images).zero_()
        assert torch.equal(batches.batch(0, 0).images, before)
        assert np.array_equal(images.train_images, stored)
        assert batches.batch(0, 0).labels.any()

    @pytest.mark.parametrize("device", DEVICES)
    def test_a_device_draws_what_the_cpu_draws(self, device):
        given = Augmentation(padding=2, mixup=1.0)
        here, there = (Batches(image_set(), 7, seed=0, augmentation=given, device=on) for on in ("cpu", device))
        for step in range(6):
            ours, theirs = here.batch(1, step), there.batch(1, step)
            assert theirs.images.device.type == theirs.labels.device.type == device
            assert torch.allclose(ours.images, theirs.images.cpu(), rtol=1e-6, atol=1e-6)
            assert torch.equal(ours.partners, theirs.partners.cpu())


class TestStandardising:
    @pytest.mark.parametrize("dtype", [np.uint8, np.float32])
    def test_training_images_get_mean_0_and_deviation_1(self, dtype):
        cut, labels = epoch_of(Batches(image_set(dtype=dtype), 7, seed=0, dtype=torch.float64), 0)
        assert cut.mean(axis=(0, 2, 3)) == pytest.approx([0, 0], abs=1e-12)
        assert cut.std(axis=(0, 2, 3)) == pytest.approx([1, 1], rel=1e-12)
        assert cut == pytest.approx(plainly_standardised(image_set())[labels], abs=1e-12)

    def test_other_images_are_measured_by_the_training_images(self):
        images = image_set()
        other = np.random.default_rng(1).integers(0, 256, (5, *images.shape)).astype(np.uint8)
        found = standardised(images, other, dtype=torch.float64).numpy()
        for channel in range(2):
            values = images.train_images[:, channel].astype(float)
            expected = (other[:, channel] - values.mean()) / values.std()
            assert found[:, channel] == pytest.approx(expected, abs=1e-12)

    @pytest.mark.parametrize("stored", [np.uint8, np.float32])
    def test_a_constant_channel_is_zero(self, stored):
        images = image_set(dtype=stored)
        images.train_images[:, 1] = 7 if stored == np.uint8 else np.float32(0.1)
        for augmentation in (None, Augmentation(padding=1)):
            cut, _ = epoch_of(Batches(images, 7, seed=0, augmentation=augmentation), 0)
            assert not cut[:, 1].any()
            assert cut[:, 0].any()

    @pytest.mark.parametrize(
        ("dtype", "tolerance"),
        [(torch.float32, 1e-6), (torch.float16, 2e-3), (torch.bfloat16, 2e-2)],
    )
    def test_rounds_to_the_dtype_asked_for(self, dtype, tolerance):
        given = Augmentation(padding=2)
        exact, found = (
            Batches(image_set(), 7, seed=0, augmentation=given, dtype=kind).batch(0, 0).images
            for kind in (torch.float64, dtype)
        )
        assert found.dtype == dtype
        assert (found.double() - exact).abs().max() < tolerance
        assert standardised(image_set(), image_set().test_images, dtype=dtype).dtype == dtype

    def test_takes_arrays_that_may_not_be_written_to(self):
        images = image_set()
        expected = Batches(images, 7, seed=0).batch(0, 0).images
        for part in (images.train_images, images.train_labels):
            part.flags.writeable = False
        assert torch.equal(Batches(images, 7, seed=0).batch(0, 0).images, expected)
        assert standardised(images, images.train_images).shape == images.train_images.shape


class TestWindows:
    @pytest.mark.parametrize("padding", [0, 1, 3])
    @pytest.mark.parametrize("mirrors", [True, False])
    def test_each_image_is_one_of_the_windows_of_itself(self, padding, mirrors):
        found = places_of_windows(image_set(mirrors=mirrors), padding, epochs=2)
        assert {mirrored for *_, mirrored in found} == ({False, True} if mirrors else {False})

    def test_places_and_mirrors_are_uniform_and_independent(self):
        found = places_of_windows(image_set(n=50), 2, epochs=80)
        counts = [found.count(place) for place in plain_windows(np.zeros((1, 2, 2)), 2)]
        assert len(counts) == 50
        assert sum(counts) == 4000
        assert stats.chisquare(counts).pvalue > 1e-3
        mirrored = sum(place[2] for place in found)
        assert abs(mirrored - 2000) < 4 * math.sqrt(4000) / 2

    def test_nothing_is_mirrored_unless_asked(self):
        assert not any(mirrored for *_, mirrored in places_of_windows(image_set(), 1, epochs=2, mirror=False))

    def test_an_image_moves_from_epoch_to_epoch(self):
        batches = Batches(image_set(n=2, width=8), 2, seed=0, augmentation=Augmentation(mirror=False))
        seen = set()
        for epoch in range(20):
            images, labels = epoch_of(batches, epoch)
            seen.add(images[labels == 0].tobytes())
        assert len(seen) > 15  # of 81 windows, 20 drawn: 17.8 different ones on average

    def test_nothing_outside_the_window_is_left_of_a_plain_crop(self):
        # Padding by zeros after standardising: where a window leaves the image it shows the mean, not black.
        images = image_set()
        window = plain_windows(plainly_standardised(images)[0], 3)[3, 0, False]
        assert not window[:, -3:].any()
        assert window[:, :-3].all()


class TestMixup:
    @pytest.mark.parametrize("batch_size", [7, 20, 64])
    def test_mixes_each_batch_with_itself_in_another_order(self, batch_size):
        plain, mixing = (
            Batches(image_set(), batch_size, seed=1, augmentation=Augmentation(mixup=alpha), dtype=torch.float64)
            for alpha in (0.0, 0.7)
        )
        for epoch in range(3):
            for step in range(plain.steps_per_epoch):
                apart, mixed = plain.batch(epoch, step), mixing.batch(epoch, step)
                image_of = dict(zip(apart.labels.tolist(), apart.images.numpy(), strict=True))
                assert torch.equal(apart.labels, mixed.labels)
                assert (apart.partners, apart.share) == (None, 1.0)
                assert sorted(mixed.partners.tolist()) == sorted(apart.labels.tolist())
                for i, (label, partner) in enumerate(zip(mixed.labels.tolist(), mixed.partners.tolist(), strict=True)):
                    expected = mixed.share * image_of[label] + (1 - mixed.share) * image_of[partner]
                    assert mixed.images[i].numpy() == pytest.approx(expected, abs=1e-12)

    @pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
    def test_shares_follow_the_beta_law(self, alpha):
        batches = Batches(image_set(n=40, height=5, width=5), 2, seed=2, augmentation=Augmentation(mixup=alpha))
        shares = np.array([batches.batch(epoch, step).share for epoch in range(100) for step in range(20)])
        deviation = 1 / (2 * math.sqrt(2 * alpha + 1))
        assert shares.mean() == pytest.approx(0.5, abs=4 * deviation / math.sqrt(2000))
        assert shares.std() == pytest.approx(deviation, rel=0.05)
        assert stats.kstest(shares, stats.beta(alpha, alpha).cdf).pvalue > 1e-3

    @pytest.mark.parametrize("step", [0, 1])
    def test_partners_are_uniform(self, step):
        # The last batch, step 1, is a smaller one.
        batches = Batches(image_set(n=11), 6, seed=3, augmentation=Augmentation(mixup=1.0))
        size = 6 - step
        pairs = np.zeros((size, size), dtype=int)
        for epoch in range(1000):
            batch = batches.batch(epoch, step)
            place = {label: k for k, label in enumerate(batch.labels.tolist())}
            for k, partner in enumerate(batch.partners.tolist()):
                pairs[k, place[partner]] += 1
        # A sum of uniform permutation matrices has (size − 1)² free directions, each of variance 1000/(size − 1).
        statistic = ((pairs - 1000 / size) ** 2).sum() * (size - 1) / 1000
        assert stats.chi2((size - 1) ** 2).sf(statistic) > 1e-3


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"batch_size": 0}, "batch_size must be a whole number of images, at least 1; got 0"),
            ({"batch_size": 2.5}, "got 2.5"),
            ({"seed": -1}, "seed must be a whole number, at least 0; got -1"),
            (
                {"augmentation": Augmentation(padding=6)},
                r"the height and the width of the images, 8 and 6.*6",
            ),
        ],
    )
    def test_of_batches(self, change, message):
        with pytest.raises(ValueError, match=message):
            Batches(image_set(), **{"batch_size": 7, "seed": 0, **change})

    @pytest.mark.parametrize(
        ("epoch", "step", "message"),
        [
            (0, 6, "step must be a step of an epoch, 0 … 5; got 6"),
            (0, -1, "got -1"),
            (-1, 0, "epoch must be a whole number, at least 0; got -1"),
            (0.5, 0, "got 0.5"),
        ],
    )
    def test_of_steps(self, epoch, step, message):
        with pytest.raises(ValueError, match=message):
            Batches(image_set(), 7, seed=0).batch(epoch, step)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"padding": -1}, "padding must be a whole number of pixels, at least 0; got -1"),
            ({"padding": 0.5}, "got 0.5"),
            ({"mixup": -0.1}, r"mixup must be the α ≥ 0 of Beta\(α, α\); got -0.1. 0 mixes nothing."),
            ({"mixup": math.nan}, "got nan"),
        ],
    )
    def test_of_augmentation(self, change, message):
        with pytest.raises(ValueError, match=message):
            Augmentation(**change)


def test_the_name_and_the_words_of_a_set_change_no_batch():
    images = image_set()
    renamed = replace(images, name="other", description="")
    first, second = (Batches(given, 7, seed=0).batch(0, 0).images for given in (images, renamed))
    assert torch.equal(first, second)
