"""Kernels of images: a state for every pixel, or for every pair of pixels where a layer pools them.

The arrays of the state lead with the pixels of the first input and those of the second, the pairs of images come last:
(H, W, n, p) where equal pixels are paired, (H, W, H', W', n, p) where all are.
"""

import math
from dataclasses import replace

from array_api_compat import array_namespace

from ntkit.kernels.state import Kernels, KernelState, read_out

_ARRAYS = 24  # of the size of a state that a layer holds at its peak
_BYTES = 1 << 28  # of a block


def image_matrices(architecture, x, y, ntk):
    """Kernels of images x (n, channels, *pixels), y (p, …) or None for x, float64, by blocks of pairs.

    >>> import numpy as np, ntkit as nk
    >>> x = np.arange(24.0).reshape(2, 3, 4)
    >>> image_matrices(nk.cnn(1, "relu"), x, None, ntk=True).nngp.shape
    (2, 2)
    """
    xp = array_namespace(x)
    second, symmetric = (x, True) if y is None else (y, False)
    n, p = x.shape[0], second.shape[0]
    out = [xp.empty((n, p), dtype=xp.float64, device=x.device) for _ in range(2 if ntk else 1)]
    size = max(1, int((_BYTES / _numbers(architecture, x)) ** 0.5))
    for top in range(0, n, size):
        for left in range(top if symmetric else 0, p, size):
            rows, columns = slice(top, min(top + size, n)), slice(left, min(left + size, p))
            found = _block(architecture, x[rows, ...], second[columns, ...], ntk)
            for matrix, values in zip(out, found, strict=True):
                matrix[rows, columns] = values
                if symmetric:
                    matrix[columns, rows] = values.T
    return Kernels(out[0], out[1] if ntk else None)


def _numbers(architecture, x):
    """Bytes that a pair of images takes while a layer works on it."""
    pixels = math.prod(x.shape[2:])
    return 8 * _ARRAYS * (pixels**2 if architecture.pools_pixels else pixels)


def _block(architecture, x, y, ntk):
    state = image_state(x, y, pooled=architecture.pools_pixels, selves=architecture.pools_inside, ntk=ntk)
    found = read_out(architecture, state)
    return [kernel for kernel in (found.nngp, found.ntk) if kernel is not None]


def image_state(x, y, *, pooled, selves=False, ntk=True):
    """The state of images x (n, channels, *pixels) and y (p, channels, *pixels).

    Parameters: pooled, whether all pairs of pixels are followed, and not equal ones alone; selves, whether each image
    with itself is followed as well, for activations behind a pooling layer.

    >>> import numpy as np
    >>> image_state(np.ones((2, 3, 4, 4)), np.ones((5, 3, 4, 4)), pooled=False).covariance.shape
    (4, 4, 2, 5)
    """
    first, second = _channels(x), _channels(y)
    count = x.ndim - 2
    if not pooled:
        axes = tuple(range(count))
        return _state([c[..., :, None] for c in first], [c[..., None, :] for c in second], (axes, axes), ntk)
    axes = tuple(range(count)), tuple(range(count, 2 * count))
    here, there = ([_with_room(c, side) for c in channels] for channels, side in ((first, 0), (second, 1)))
    crossed = _state([c[..., :, None] for c in here], [c[..., None, :] for c in there], axes, ntk)
    return replace(crossed, selves=tuple(_own(part, axes, ntk) for part in (first, second))) if selves else crossed


def _own(channels, axes, ntk):
    """The state of every image with itself, all its pixels paired: (*pixels, *pixels, n, 1, 1)."""
    here, there = ([_with_room(c, side)[..., None, None] for c in channels] for side in (0, 1))
    return _state(here, there, axes, ntk)


def _channels(x):
    """The channels of images, each (*pixels, n)."""
    xp = array_namespace(x)
    return [xp.permute_dims(x[:, c, ...], (*range(1, x.ndim - 1), 0)) for c in range(x.shape[1])]


def _with_room(channel, side):
    """(*pixels, n) with room for the other input's pixels: behind its own (side 0) or before them."""
    pixels, room = tuple(channel.shape[:-1]), (1,) * (channel.ndim - 1)
    shape = (*pixels, *room) if side == 0 else (*room, *pixels)
    return array_namespace(channel).reshape(channel, (*shape, channel.shape[-1]))


def _state(first, second, axes, ntk):
    """Sums over channels; distances from differences, so that close images stay apart."""
    covariance, half_distance, half_sum = (
        sum(form(u, v) for u, v in zip(first, second, strict=True))
        for form in (lambda u, v: u * v, lambda u, v: 0.5 * (u - v) ** 2, lambda u, v: 0.5 * (u + v) ** 2)
    )
    return KernelState(
        sum(u * u for u in first),
        sum(v * v for v in second),
        covariance,
        half_distance,
        half_sum,
        0.0 * covariance if ntk else None,
        axes=axes,
    )
