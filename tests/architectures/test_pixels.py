"""Layers that meet images: their kernel rules against finite networks, other layers, and what they refuse."""

import numpy as np
import pytest
import torch

import ntkit as nk
from ntkit.architectures import (
    Architecture,
    AveragePool,
    Convolution,
    Dense,
    Elementwise,
    Flatten,
    GlobalAverage,
    Residual,
)

from .layer_contract import ImageContract, images

RELU, TANH, SELU = (Elementwise(nk.activation(name)) for name in ("relu", "tanh", "selu"))


class TestCircularConvolutions(ImageContract):
    blocks = nk.cnn(2, "relu", 1.2, 0.3).blocks


class TestZeroPaddingAndAveraging(ImageContract):
    blocks = nk.cnn(2, "tanh", 1.2, 0.3, padding="zero", pooling="average").blocks


class TestValidEvenWindows(ImageContract):
    blocks = nk.cnn(1, "selu", window=2, padding="valid").blocks


class TestStrides(ImageContract):
    blocks = (
        (Convolution(3, stride=2, padding="zero"), TANH),
        (Convolution((1, 2), bias_std=0.2), RELU, Flatten()),
    )


class TestPoolingInside(ImageContract):
    blocks = (
        (Convolution(3, padding="zero"), RELU),
        (AveragePool((2, 1)),),
        (Convolution(2, bias_std=0.1), TANH, GlobalAverage()),
    )


class TestConvolutionalResiduals(ImageContract):
    blocks = nk.conv_resnet(2, "relu").blocks


class TestConvolutionalSumsOfActivations(ImageContract):
    """The branch ends in an activation whose mean does not vanish, as in Du et al."""

    sigma = Elementwise(nk.activation("softplus"))
    conv = Convolution(3, weight_std=3**0.5, padding="zero")
    blocks = ((conv, sigma), (Residual((conv, sigma), 0.5),), (Residual((conv, sigma), 0.5), GlobalAverage()))


class TestDenseBehindFlatten(ImageContract):
    blocks = ((Convolution(3), RELU, Flatten()), (Dense(bias_std=0.2), SELU))


# --- other routes ----------------------------------------------------------------------------------------------------


def test_a_window_of_one_pixel_is_a_dense_layer_on_every_pixel():
    x = images()
    net = Architecture(((Convolution(1, 1.3, 0.2), TANH, Flatten()),), (Dense(),))
    dense = nk.mlp(1, "tanh", 1.3, 0.2)
    pixels = [dense.kernels(x[:, :, a, b] / 2**0.5) for a in range(4) for b in range(3)]
    for name in ("nngp", "ntk"):
        wanted = np.mean([getattr(kernels, name) for kernels in pixels], axis=0)
        np.testing.assert_allclose(getattr(net.kernels(x), name), wanted, rtol=1e-12)


def test_a_window_of_the_whole_image_is_a_dense_layer():
    x = images()
    net = Architecture(((Convolution((4, 3), 1.3, 0.2, padding="valid"), SELU, Flatten()),), (Dense(),))
    dense = nk.mlp(1, "selu", 1.3, 0.2)
    for name in ("nngp", "ntk"):
        np.testing.assert_allclose(
            getattr(net.kernels(x), name), getattr(dense.kernels(x.reshape(4, -1) / 24**0.5), name), rtol=1e-11
        )


def test_circular_networks_do_not_see_shifts():
    x = images()
    average = nk.cnn(2, "tanh", pooling="average")
    np.testing.assert_allclose(average.ntk(x, np.roll(x, (1, 2), (2, 3))), average.ntk(x), rtol=1e-11)
    flat = nk.cnn(2, "tanh")
    together = np.roll(x, (1, 2), (2, 3))
    np.testing.assert_allclose(flat.ntk(together), flat.ntk(x), rtol=1e-12)
    assert np.abs(flat.ntk(x, together) - flat.ntk(x)).max() > 0.01


@pytest.mark.parametrize("shape", [(2, 6), (2, 3, 2, 2)])
def test_one_and_three_axes_of_pixels(shape):
    """A finite network of large width, and images as of two axes where the others have one pixel."""
    x = np.random.default_rng(3).normal(size=(3, *shape))
    net = nk.cnn(2, "relu", bias_std=0.2, padding="zero")
    drawn = [nk.empirical_nngp(net.module(shape, 256, seed, dtype=torch.float64), x) for seed in range(60)]
    mean, error = np.mean(drawn, axis=0), np.std(drawn, axis=0, ddof=1) / 60**0.5
    assert (np.abs(mean - net.nngp(x)) <= 5 * error).all()


def test_one_axis_is_two_with_a_single_row():
    x = np.random.default_rng(3).normal(size=(3, 2, 6))
    for pooling in ("flatten", "average"):
        line = nk.cnn(2, "tanh", padding="zero", pooling=pooling, window=3)
        plane = nk.cnn(2, "tanh", padding="zero", pooling=pooling, window=(1, 3))
        np.testing.assert_allclose(plane.ntk(x[:, :, None, :]), line.ntk(x), rtol=1e-12)


def test_blank_images_have_kernels():
    x = images()
    x[2] = 0.0
    assert not nk.cnn(2, "relu").ntk(x)[2].any()
    kernel = nk.cnn(1, "sigmoid").nngp(x)
    assert kernel[2, 2] == pytest.approx(0.25, rel=1e-14)
    mean = nk.cnn(1, "sigmoid").module((2, 4, 3), 4096, dtype=torch.float64).features(torch.tensor(x)).mean().item()
    assert mean > 0  # the module takes them too


def test_close_images_stay_apart():
    """1e-9 apart: the half distance of two kernels is that of a perturbation to second order."""
    x, step = images()[:1], np.random.default_rng(4).normal(size=(1, 2, 4, 3))
    net = nk.cnn(2, "tanh")
    gaps = []
    for scale in (1e-3, 1e-9):
        state = nk.kernels.run(net.hidden, nk.kernels.image_state(x, x + scale * step, pooled=False, ntk=False))
        gaps.append(float(state.half_distance[0, 0]) / scale**2)
    assert gaps[1] == pytest.approx(gaps[0], rel=0.02)


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("net", "x", "message"),
    [
        (nk.cnn(1, "relu"), np.ones((3, 4)), r"images, shape \(n, channels"),
        (nk.mlp(1, "relu"), np.ones((3, 1, 4, 4)), "must begin with a Convolution"),
        (Architecture(((Convolution(), RELU),), (Dense(),)), np.ones((2, 1, 4, 4)), "must meet rows, not images"),
        (nk.cnn(1, "relu", window=5, padding="valid"), np.ones((2, 1, 4, 4)), "must fit into the 4 pixels"),
        (nk.cnn(1, "relu", window=11), np.ones((2, 1, 4, 4)), "must not be wider than the image"),
        (nk.cnn(1, "relu", window=(3, 3)), np.ones((2, 1, 4)), "one number for each of the 1 pixel axes"),
        (nk.cnn(1, "step"), np.ones((2, 1, 4, 4)), "jumps"),
        (nk.cnn(1, "relu"), np.full((2, 1, 4, 4), np.nan), "must be finite"),
    ],
)
def test_images_that_do_not_fit_are_refused(net, x, message):
    with pytest.raises(ValueError, match=message):
        net.ntk(x)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: nk.cnn(1, "relu", padding="same"), "padding must be one of 'circular', 'zero', 'valid'"),
        (lambda: nk.cnn(1, "relu", window=0), "window must be a whole number"),
        (lambda: nk.cnn(1, "relu", pooling="max"), "pooling must be one of"),
        (lambda: nk.cnn(0, "relu"), "at least 1"),
        (lambda: nk.conv_resnet(2, "relu", branch_scale=0.0), "branch_scale must be positive"),
        (lambda: nk.cnn(1, "relu").module(7, 16), "must meet images"),
        (lambda: nk.mlp(1, "relu").module((2, 4, 4), 16), "must meet rows"),
        (
            lambda: Architecture(((Residual((Convolution(),)), Flatten()),), (Dense(),)).module((2, 4, 4), 16),
            "keep the",
        ),
    ],
)
def test_networks_that_cannot_be_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()
