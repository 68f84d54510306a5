"""Training images in batches: shuffled, standardised by channel, cropped, mirrored and mixed, on the device.

What is drawn for an epoch is a function of the seed and the epoch alone and drawn on the CPU: a run that resumes at any
step, on any device, goes on with the batches it would have had.  Images stay on the device as they were stored, bytes
as bytes, and become floating point one batch at a time.
"""

from dataclasses import dataclass

import numpy as np
import torch

from ntkit.arguments import real, whole


@dataclass(frozen=True)
class Augmentation:
    """Random crops, mirror images and mixtures of the training images, drawn anew in every epoch.

    padding: zeros added on all four sides after standardising, from which a window of the image's own size is cut at a
    place drawn uniformly; 0 leaves the images where they are.
    mirror: left and right change sides with probability ½, in image sets whose `mirrors` says that this keeps a class.
    mixup: α ≥ 0.  Each batch becomes λx + (1 − λ)x', x' the same batch in another order and λ ~ Beta(α, α) drawn for
    the batch; 0 mixes nothing.

    The defaults are those of He, Zhang, Ren, Sun (2016), "Deep residual learning for image recognition", section 4.2.
    Source of mixup: Zhang, Cisse, Dauphin, Lopez-Paz (2018), "mixup: beyond empirical risk minimization".
    Raises: ValueError for numbers outside those ranges.

    >>> Augmentation(mixup=1.0)
    Augmentation(padding=4, mirror=True, mixup=1.0)
    """

    padding: int = 4
    mirror: bool = True
    mixup: float = 0.0

    def __post_init__(self):
        whole("padding", self.padding, least=0, must="be a whole number of pixels, at least 0")
        real("mixup", self.mixup, least=0, must="be the α ≥ 0 of Beta(α, α)", remedy="0 mixes nothing.")


@dataclass(frozen=True, eq=False)
class Batch:
    """What a training step sees.

    images: (b, channels, height, width), standardised.  labels: (b,), int64.
    partners: (b,), the labels mixed in, or None.  share: the weight λ of `labels`, 1 − λ that of `partners`.
    """

    images: torch.Tensor
    labels: torch.Tensor
    partners: torch.Tensor | None = None
    share: float = 1.0


@dataclass(frozen=True, eq=False)
class _Draws:
    """What is drawn for an epoch, place by place in its order; (n,) tensors on the device.

    order: the images.  rows, columns: how far the window lies below and right of the image.  mirrored: whether.
    partners: the place in its batch of the image mixed in.  shares: λ of each step.
    """

    order: torch.Tensor
    rows: torch.Tensor
    columns: torch.Tensor
    mirrored: torch.Tensor
    partners: torch.Tensor
    shares: list[float]


class Batches:
    """The training part of an image set, in batches of random order.

    Parameters: image_set, an nk.data.ImageSet; batch_size ≥ 1; seed ≥ 0, of the order and the augmentation; an
    Augmentation or None; device and dtype of the images that come out.
    Raises: ValueError outside those ranges, or where a window could miss the padded image altogether.

    The last batch of an epoch is smaller where the size does not divide the images, and left out where it would be a
    single image, of which batch normalisation has no deviation.

    >>> import ntkit as nk
    >>> batches = Batches(nk.data.image_set("digits"), 128, seed=0, augmentation=Augmentation(padding=1))
    >>> batches.steps_per_epoch, batches.batch(epoch=1, step=11).images.shape
    (12, torch.Size([30, 1, 8, 8]))
    """

    def __init__(self, image_set, batch_size, *, seed, augmentation=None, device="cpu", dtype=torch.float32):
        self.image_set = image_set
        self.batch_size = whole("batch_size", batch_size, least=1, must="be a whole number of images, at least 1")
        self.seed = whole("seed", seed, least=0, must="be a whole number, at least 0")
        self.augmentation = augmentation
        _check_padding(augmentation, image_set.shape)
        self.device = torch.device(device)
        self._images = _tensor(image_set.train_images, self.device)
        self._labels = _tensor(image_set.train_labels, self.device)
        self._standardise = _Standardising(image_set, self.device, dtype)
        self._epoch, self._draws = None, None

    @property
    def steps_per_epoch(self):
        """Batches of an epoch."""
        full, left = divmod(len(self._labels), self.batch_size)
        return full + (left >= 2)

    def batch(self, epoch, step):
        """The batch of a step of an epoch: a function of (seed, epoch, step), whatever was asked for before.

        Parameters: epoch ≥ 0; step from 0 to steps_per_epoch − 1.
        """
        last = self.steps_per_epoch - 1
        step = whole("step", step, least=0, most=last, must=f"be a step of an epoch, 0 … {last}")
        draws = self._draws_of(whole("epoch", epoch, least=0, must="be a whole number, at least 0"))
        places = slice(step * self.batch_size, (step + 1) * self.batch_size)
        chosen = draws.order[places]
        images, labels = self._images.index_select(0, chosen), self._labels.index_select(0, chosen)
        if self.augmentation is None:
            return Batch(self._standardise(images), labels)
        images = self._windows(images, draws.rows[places], draws.columns[places], draws.mirrored[places])
        if not self.augmentation.mixup:
            return Batch(images, labels)
        partners, share = draws.partners[places], draws.shares[step]
        mixed = share * images + (1 - share) * images.index_select(0, partners)
        return Batch(mixed, labels, labels.index_select(0, partners), share)

    def _windows(self, images, rows, columns, mirrored):
        """Standardised windows of images that are 0 outside, from one look-up among the stored pixels."""
        count, channels, height, width = images.shape
        across = torch.arange(width, device=self.device)
        row = rows[:, None] + torch.arange(height, device=self.device)
        column = columns[:, None] + torch.where(mirrored[:, None], width - 1 - across, across)
        inside = _within(row, height)[:, :, None] & _within(column, width)[:, None, :]
        pixel = row.clamp(0, height - 1)[:, :, None] * width + column.clamp(0, width - 1)[:, None, :]
        pixel = pixel.view(count, 1, -1).expand(-1, channels, -1)
        windows = images.flatten(2).gather(2, pixel).view(images.shape)
        return self._standardise(windows).mul_(inside[:, None])

    def _draws_of(self, epoch):
        if epoch != self._epoch:
            self._draws, self._epoch = self._drawn(epoch), epoch
        return self._draws

    def _drawn(self, epoch):
        """The order comes first and each part is drawn whether or not it is used: runs that differ in one agree in the
        others."""
        given, n = self.augmentation or Augmentation(padding=0, mirror=False), len(self._labels)
        generator = np.random.default_rng((self.seed, epoch))
        order = generator.permutation(n)
        rows, columns = generator.integers(-given.padding, given.padding + 1, (2, n))
        mirrored = generator.random(n) < (0.5 if given.mirror and self.image_set.mirrors else 0.0)
        partners = _orders_within(generator.random(n), self.batch_size)
        shares = generator.beta(given.mixup, given.mixup, self.steps_per_epoch).tolist() if given.mixup else []
        placed = (torch.from_numpy(part).to(self.device) for part in (order, rows, columns, mirrored, partners))
        return _Draws(*placed, shares)


def standardised(image_set, images, device="cpu", dtype=torch.float32):
    """(images − channel_mean)/channel_std of the training images, as a tensor: what networks see when they are tested.

    A channel that is constant over the training images is only shifted.
    Parameters: an nk.data.ImageSet; images (n, channels, height, width), some of its own or others of that kind.
    Returns: tensor of that shape.

    >>> import ntkit as nk
    >>> digits = nk.data.image_set("digits")
    >>> round(standardised(digits, digits.train_images).std().item(), 4)
    1.0
    """
    device = torch.device(device)
    return _Standardising(image_set, device, dtype)(_tensor(images, device))


class _Standardising:
    """Stored images to standardised ones, computed in float32 at least."""

    def __init__(self, image_set, device, dtype):
        self.dtype, computing = dtype, torch.promote_types(dtype, torch.float32)
        self.mean, std = (
            torch.tensor(values, dtype=computing, device=device).view(-1, 1, 1)
            for values in (image_set.channel_mean, image_set.channel_std)
        )
        self.std = torch.where(std > 0, std, 1.0)

    def __call__(self, images):
        return torch.sub(images, self.mean).div_(self.std).to(self.dtype)


def _within(places, size):
    return (places >= 0) & (places < size)


def _orders_within(keys, size):
    """A random order of 0 … size − 1 for each batch of `size`, one after another: that of its keys."""
    whole_batches = len(keys) // size * size
    inner = np.argsort(keys[:whole_batches].reshape(-1, size), axis=1).reshape(-1)
    return np.concatenate([inner, np.argsort(keys[whole_batches:])])


def _tensor(array, device):
    """The array on the device; on the CPU not copied, unless it is read-only as what another process sends is."""
    return torch.from_numpy(np.require(array, requirements=("C", "W"))).to(device)


def _check_padding(augmentation, shape):
    size = min(shape[1:])
    if augmentation is not None and augmentation.padding >= size:
        raise ValueError(
            f"padding must be less than the height and the width of the images, {shape[1]} and {shape[2]}, or a window "
            f"may hold nothing of its image; got {augmentation.padding}. Augmentation(padding={size // 8}) moves these "
            "images as far in proportion as the 4 pixels of CIFAR-10."
        )
