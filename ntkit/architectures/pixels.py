"""Layers that meet images, (channels, *pixels) with one, two or three pixel axes: convolutions and what ends them."""

import math
from dataclasses import dataclass, replace

from array_api_compat import array_namespace

from ntkit.kernels import CENTRED

PADDINGS = ("circular", "zero", "valid")


@dataclass(frozen=True)
class Convolution:
    """u ↦ weight_std · (m|P|)^{−1/2} Σ_{o ∈ P} W_o u(· + o) + bias_std · b, all weights N(0, 1); m channels, window P.

    window: pixels of P along every axis, a number or one for each axis; stride likewise.  padding: "circular" and
    "zero" keep the pixels (an even window reaches one further to the right), "valid" leaves out where P does not fit.
    With fan_in_scaling=False the factor (m|P|)^{−1/2} is left out.  trains_weight, trains_bias as in Dense.

    Raises: ValueError outside these ranges.
    """

    window: int | tuple = 3
    weight_std: float = 1.0
    bias_std: float = 0.0
    stride: int | tuple = 1
    padding: str = "circular"
    fan_in_scaling: bool = True
    trains_weight: bool = True
    trains_bias: bool = True

    def __post_init__(self):
        if self.padding not in PADDINGS:
            raise ValueError(f"padding must be one of {', '.join(map(repr, PADDINGS))}; got {self.padding!r}.")
        for name in ("window", "stride"):
            _demand_pixels(name, getattr(self, name))

    def propagate(self, state):
        """k(p, p') → σ_w²/|P| Σ_o k(s p + o, s p' + o) + σ_b², likewise h, s and Θ; Θ gains what is trained of it."""
        count = _demand_images(state, "a Convolution")
        windows = _along(self.window, count), _along(self.stride, count)
        gathered = _moved(
            state, lambda values, axes: self._gathered(values, axes, *windows), leaves_image=self.padding == "zero"
        )
        share = 1 / math.prod(windows[0]) if self.fan_in_scaling else 1.0
        return gathered.affine(
            share * self.weight_std**2,
            self.bias_std**2,
            trains_weight=self.trains_weight,
            trains_bias=self.trains_bias,
        )

    def _gathered(self, values, axes, windows, strides):
        """Σ_o over the window: pixels of both inputs move together, axis by axis."""
        for together, window, stride in zip(axes, windows, strides, strict=True):
            values = _window_sum(values, together, window, stride, self.padding)
        return values

    def twin(self, shape, width, generator, **where):
        from ntkit.architectures.twins import Convolve

        channels, *pixels = images_only(shape, "a Convolution")
        window, stride = _along(self.window, len(pixels)), _along(self.stride, len(pixels))
        scale = self.weight_std / ((channels * math.prod(window)) ** 0.5 if self.fan_in_scaling else 1.0)
        module = Convolve(channels, width, window, stride, self.padding, scale, self.bias_std, generator, **where)
        left = [_pixels_left(*sizes, self.padding) for sizes in zip(pixels, window, stride, strict=True)]
        return module.training_only(weight=self.trains_weight, bias=self.trains_bias), (width, *left)


@dataclass(frozen=True)
class Flatten:
    """Every pixel of every channel a neuron of its own: (channels, *pixels) → (channels · |pixels|,)."""

    def propagate(self, state):
        """k → the mean of k(p, p) over pixels, likewise h, s and Θ."""
        pixels = tuple(range(_demand_images(state, "Flatten")))
        state = _equal_pixels(state)

        def mean(values):
            return None if values is None else array_namespace(values).mean(values, axis=pixels)

        names = ("variance1", "variance2", "covariance", "half_distance", "half_sum", "ntk")
        moments = {name: mean(getattr(state, name)) for name in names}
        return replace(state, **moments, known_margin=None, means=None, is_gaussian=False, axes=((), ()))

    def twin(self, shape, width, generator, **where):
        import torch

        return torch.nn.Flatten(), (math.prod(images_only(shape, "Flatten")),)


@dataclass(frozen=True)
class GlobalAverage:
    """The mean over all pixels of a channel: (channels, *pixels) → (channels,)."""

    def propagate(self, state):
        """k → the mean of k(p, p') over pairs of pixels, and Θ likewise."""
        pixels = tuple(range(2 * _demand_images(state, "GlobalAverage")))
        return _pooled(state, lambda values: array_namespace(values).mean(values, axis=pixels), 0)

    def twin(self, shape, width, generator, **where):
        from ntkit.architectures.twins import MeanOverPixels

        return MeanOverPixels(), (images_only(shape, "GlobalAverage")[0],)


@dataclass(frozen=True)
class AveragePool:
    """The mean over windows of pixels, which do not overlap; what is left at the end of an axis is left out."""

    window: int | tuple = 2

    def __post_init__(self):
        _demand_pixels("window", self.window)

    def propagate(self, state):
        """k → the mean of k(p, p') over pairs of pixels of two windows, and Θ likewise."""
        windows = _along(self.window, _demand_images(state, "AveragePool"))
        return _pooled(state, lambda values: _window_means(values, state.axes, windows), len(windows))

    def twin(self, shape, width, generator, **where):
        from ntkit.architectures.twins import MeanOverWindows

        channels, *pixels = images_only(shape, "AveragePool")
        window = _along(self.window, len(pixels))
        left = [size // step for size, step in zip(pixels, window, strict=True)]
        if 0 in left:
            raise ValueError(f"the window of AveragePool must fit into the {tuple(pixels)} pixels; got {window}.")
        return MeanOverWindows(window), (channels, *left)


POOLING = (GlobalAverage, AveragePool)
IMAGE_LAYERS = (Convolution, Flatten, *POOLING)


def images_only(shape, layer):
    """The shape of an image; ValueError for that of a row.

    >>> images_only((3, 8, 8), "a Convolution")
    (3, 8, 8)
    """
    if len(shape) < 2:
        raise ValueError(f"{layer} must meet images, shape (channels, *pixels); got rows of shape {tuple(shape)}.")
    return tuple(shape)


def _demand_images(state, layer):
    """The number of pixel axes."""
    count = len(state.axes[0])
    if count == 0:
        raise ValueError(f"{layer} must meet images; here it meets rows. Dense layers come after Flatten().")
    return count


def _demand_pixels(name, value):
    if any(size != int(size) or size < 1 for size in (value if isinstance(value, tuple) else (value,))):
        raise ValueError(f"{name} must be a whole number of pixels, at least 1, or one for each axis; got {value!r}.")


def _along(value, count):
    """A number for each of `count` axes."""
    values = value if isinstance(value, tuple) else (value,) * count
    if len(values) != count:
        raise ValueError(f"there must be one number for each of the {count} pixel axes; got {value!r}.")
    return tuple(map(int, values))


def _pixels_left(size, window, stride, padding):
    left = (size - (window if padding == "valid" else 1)) // stride + 1
    if left < 1:
        raise ValueError(f"a window of {window} must fit into the {size} pixels of an axis; take padding='zero'.")
    return left


# --- states --------------------------------------------------------------------------------------------------------


def _moved(state, act, *, leaves_image):
    """The state behind a map `act` of (values, groups of axes) under which pixels of both inputs move together.

    leaves_image: whether it meets pixels outside, which are 0.
    """
    first, second = state.axes
    alone = tuple((axis,) for axis in first), tuple((axis,) for axis in second)
    together = tuple(tuple(dict.fromkeys(pair)) for pair in zip(first, second, strict=True))
    variances = [act(q, axes) for q, axes in zip((state.variance1, state.variance2), alone, strict=True)]
    half_distance, half_sum = act(state.half_distance, together), act(state.half_sum, together)
    if leaves_image and first != second:
        # where a window lies outside one image only, the other's length is left
        for whole, q in zip(variances, (state.variance1, state.variance2), strict=True):
            left = 0.5 * (whole - act(q + 0.0 * state.covariance, together))
            half_distance, half_sum = half_distance + left, half_sum + left
    return replace(
        state,
        variance1=variances[0],
        variance2=variances[1],
        covariance=act(state.covariance, together),
        half_distance=half_distance,
        half_sum=half_sum,
        ntk=None if state.ntk is None else act(state.ntk, together),
        known_margin=None,
        selves=None
        if state.selves is None
        else tuple(_moved(own, act, leaves_image=leaves_image) for own in state.selves),
    )


def _window_sum(values, axes, window, stride, padding):
    """Σ_o values(s p + o) along `axes`, all of which move by the same o."""
    xp, total = array_namespace(values), 0.0
    left = 0 if padding == "valid" else (window - 1) // 2
    count = _pixels_left(values.shape[axes[0]], window, stride, padding)
    if padding != "valid":
        for axis in axes:
            values = _padded(xp, values, axis, left, window - 1 - left, padding)
    for offset in range(window):
        chosen = slice(offset, offset + (count - 1) * stride + 1, stride)
        total = total + values[tuple(chosen if axis in axes else slice(None) for axis in range(values.ndim))]
    return total


def _padded(xp, values, axis, left, right, padding):
    size = values.shape[axis]
    if padding == "zero":  # of any number of pixels, also where the window is wider than the image
        sides = (_zeros_like(xp, values, axis, width) for width in (left, right))
    elif max(left, right) > size:
        raise ValueError(f"a circular window must not be wider than the image; an axis has {size} pixels.")
    else:
        sides = (_part(values, axis, size - left, size), _part(values, axis, 0, right))
    before, after = sides
    return xp.concat([before, values, after], axis=axis)


def _part(values, axis, start, stop):
    return values[tuple(slice(start, stop) if a == axis else slice(None) for a in range(values.ndim))]


def _zeros_like(xp, values, axis, width):
    shape = tuple(width if a == axis else size for a, size in enumerate(values.shape))
    return xp.zeros(shape, dtype=values.dtype, device=values.device)


def _equal_pixels(state):
    """The state of pairs of equal pixels, of one that knows all pairs."""
    first, second = state.axes
    if first == second:
        return state
    count = len(first)
    pixels = state.covariance.shape[:count]
    changed = {
        name: None if getattr(state, name) is None else _diagonal(getattr(state, name), count)
        for name in ("covariance", "half_distance", "half_sum", "ntk")
    }
    for name in ("variance1", "variance2"):
        values = getattr(state, name)
        changed[name] = values.reshape(*pixels, *values.shape[2 * count :])
    return replace(state, **changed, known_margin=None, axes=(first, first), selves=None)


def _diagonal(values, count):
    """(*pixels, *pixels, …) → (*pixels, …)."""
    xp, pixels = array_namespace(values), tuple(values.shape[:count])
    size, rest = math.prod(pixels), tuple(values.shape[2 * count :])
    index = xp.arange(size, device=values.device)
    return xp.reshape(xp.reshape(values, (size, size, *rest))[index, index], (*pixels, *rest))


def _pooled(state, average, pixel_axes):
    """The state behind averages over pixels; its variances are those of an image with itself, nan if nobody asks.

    h and s follow from variances and covariance, so that of two images that differ by rounding h is lost here.
    """
    if state.axes[0] == state.axes[1]:
        raise ValueError("pooling must know the covariance of all pairs of pixels; this state pairs equal pixels only.")
    if state.selves is None:
        return _averaged(state, average, pixel_axes, (float("nan"), float("nan")))
    variances = [_diagonal(average(own.covariance), pixel_axes) for own in state.selves]
    placed = tuple(_placed(values, side, pixel_axes, 0) for side, values in enumerate(variances))
    pooled = _averaged(state, average, pixel_axes, placed)
    if pixel_axes == 0:
        return pooled
    selves = (
        _averaged(own, average, pixel_axes, tuple(_placed(values, side, pixel_axes, 1) for side in (0, 1)))
        for own, values in zip(state.selves, variances, strict=True)
    )
    return replace(pooled, selves=tuple(selves))


def _averaged(state, average, pixel_axes, variances):
    covariance, half = average(state.covariance), 0.5 * (variances[0] + variances[1])
    return replace(
        state,
        variance1=variances[0],
        variance2=variances[1],
        covariance=covariance,
        half_distance=half - covariance,
        half_sum=half + covariance,
        ntk=None if state.ntk is None else average(state.ntk),
        known_margin=None,
        means=state.means if state.means is CENTRED else None,
        axes=(tuple(range(pixel_axes)), tuple(range(pixel_axes, 2 * pixel_axes))),
        selves=None,
    )


def _placed(variance, side, count, extra):
    """(*pixels, n, 1, 1) where a state has it: (*pixels, 1, …, n, 1), or (1, …, *pixels, 1, n) for the second input.

    With `extra`, as the states of images with themselves have it.
    """
    pixels, n, room = tuple(variance.shape[:count]), variance.shape[count], (1,) * count
    leading = (*pixels, *room) if side == 0 else (*room, *pixels)
    trailing = (n, 1, 1) if extra else (n, 1) if side == 0 else (1, n)
    return array_namespace(variance).reshape(variance, (*leading, *trailing))


def _window_means(values, axes, windows):
    """The mean over windows along every axis of both inputs."""
    xp = array_namespace(values)
    for axis, window in zip((*axes[0], *axes[1]), windows * 2, strict=True):
        count = values.shape[axis] // window
        if count == 0:
            raise ValueError(f"the window of AveragePool must fit into the {values.shape[axis]} pixels; got {window}.")
        kept = _part(values, axis, 0, count * window)
        shape = (*values.shape[:axis], count, window, *values.shape[axis + 1 :])
        values = xp.mean(xp.reshape(kept, shape), axis=axis + 1)
    return values
