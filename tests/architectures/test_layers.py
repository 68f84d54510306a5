"""Each layer type against the contract, over the kinds of activation that take different ways to their kernel."""

import pytest

import ntkit as nk
from ntkit.architectures import Dense, Elementwise

from .layer_contract import LayerContract


def dense_blocks(sigma, depth, weight_std=1.0, bias_std=0.0):
    return nk.mlp(depth, sigma, weight_std, bias_std).blocks


class TestReluLayers(LayerContract):
    blocks = dense_blocks("relu", 2)


class TestNormalizedReluLayers(LayerContract):
    blocks = dense_blocks(nk.activation("relu").normalized(), 2)


class TestReluLayersWithBias(LayerContract):
    blocks = dense_blocks("relu", 2, weight_std=1.3, bias_std=0.4)


class TestTanhLayers(LayerContract):
    blocks = dense_blocks("tanh", 2, weight_std=1.4, bias_std=0.2)


class TestSeluLayers(LayerContract):
    blocks = dense_blocks("selu", 2)


class TestHardtanhLayers(LayerContract):
    blocks = dense_blocks(nk.activation("hardtanh").normalized(), 2)


class TestNormReluLayers(LayerContract):
    blocks = dense_blocks(nk.normrelu(-0.5), 2)


class TestDenseAlone(LayerContract):
    """A linear network: one dense layer a block."""

    blocks = ((Dense(1.2, 0.3, fan_in_scaling=False),), (Dense(0.9, 0.1),))


class TestMixedActivations(LayerContract):
    """A different activation in every layer."""

    blocks = (
        (Dense(fan_in_scaling=False), Elementwise(nk.activation("gelu"))),
        (Dense(1.1), Elementwise(nk.activation("sin"))),
    )


def test_a_step_has_no_ntk():
    net = nk.mlp(2, "step")
    x = nk.data.half_circle(4).x
    assert net.nngp(x).shape == (4, 4)
    for call in (lambda: net.ntk(x), lambda: net.kernels(x), lambda: net.ntk_profile(0.5), lambda: net.ntk(2 * x)):
        with pytest.raises(ValueError, match=r"jumps at x = 0.*NNGP kernel exists"):
            call()
    assert net.trajectory(0.5).ntk is None
