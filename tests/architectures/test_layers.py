"""Each layer type against the contract, over the kinds of activation that take different ways to their kernel."""

import numpy as np
import pytest
import torch

import ntkit as nk
from ntkit.architectures import Architecture, Dense, Elementwise, Residual

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


class TestResidualBlocks(LayerContract):
    blocks = nk.resnet(2, "tanh", weight_std=1.2, bias_std=0.3).blocks


class TestResidualBranchesOfTwoLayersBesideAProjection(LayerContract):
    branch = (Elementwise(nk.activation("relu")), Dense(), Elementwise(nk.activation("selu")), Dense(0.8, 0.2))
    blocks = (
        (Dense(fan_in_scaling=False), Residual(branch, 0.7, skip=(Dense(0.6),)), Elementwise(nk.activation("gelu"))),
    )


class TestResidualSumsOfActivations(LayerContract):
    """x + s σ(W x) of neurons whose means do not vanish, as in Du et al.: the branch ends in the activation."""

    sigma = Elementwise(nk.activation("softplus"))
    blocks = (
        (Dense(fan_in_scaling=False), sigma),
        (Residual((Dense(), sigma), 0.5),),
        (Residual((Dense(), sigma), 0.5),),
    )


class TestFrozenLayers(LayerContract):
    """Only the second of three layers is trained, and its biases are not."""

    blocks = (
        (
            Dense(1.1, 0.2, fan_in_scaling=False, trains_weight=False, trains_bias=False),
            Elementwise(nk.activation("relu")),
        ),
        (Dense(1.3, 0.4, trains_bias=False), Elementwise(nk.activation("tanh"))),
    )

    @property
    def net(self):
        return Architecture(self.blocks, (Dense(trains_weight=False),))


def test_shares_of_the_layers_add_up_to_the_ntk():
    x = np.random.default_rng(2).normal(size=(4, 3))
    for net in (nk.mlp(3, "tanh", 1.2, 0.3), nk.resnet(2, "elu", 1.1, 0.2)):
        count = len(net.weighted_layers)
        shares = [net.training_only(number).ntk(x) for number in range(1, count + 1)]
        np.testing.assert_allclose(sum(shares), net.ntk(x), rtol=1e-12)
        np.testing.assert_allclose(shares[-1], net.nngp(x), rtol=1e-12)
        np.testing.assert_array_equal(net.training_only(-1).ntk(x), shares[-1])
        np.testing.assert_allclose(net.training_only(1, count).ntk(x), shares[0] + shares[-1], rtol=1e-12)


def test_a_share_is_the_kernel_of_a_module_with_the_rest_frozen():
    x = torch.randn(3, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    net = nk.mlp(2, "tanh", bias_std=0.3)
    for number in (1, 2, 3):
        module = net.module(4, 32, dtype=torch.float64)
        frozen = net.training_only(number).module(4, 32, dtype=torch.float64)
        chosen = [*module.hidden[::2], module.read_out][number - 1]
        for parameter in module.parameters():
            parameter.requires_grad_(any(parameter is own for own in chosen.parameters()))
        torch.testing.assert_close(nk.empirical_ntk(frozen, x), nk.empirical_ntk(module, x), rtol=1e-13, atol=0)


def test_a_residual_network_on_the_sphere_is_a_function_of_the_correlation():
    net, x = nk.resnet(4, "relu", bias_std=0.2), nk.data.sphere(70, 0.05, dim=6, seed=1).x
    rho = x @ x.T
    np.testing.assert_allclose(net.ntk(x), net.ntk_profile(np.clip(rho, -1, 1)), rtol=1e-7)  # ρ forgets small angles
    assert net.trajectory(0.5).ntk[-1] == pytest.approx(float(net.ntk_profile(0.5)), rel=1e-13)


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        (((Elementwise(nk.activation("relu")),),), "must follow a Dense or Convolution"),
        (((Dense(fan_in_scaling=False), *[Elementwise(nk.activation("relu"))] * 2),), "must follow a Dense"),
        (((Residual((Dense(),)), Elementwise(nk.activation("relu"))),), "random weights before them"),
    ],
)
def test_sums_and_activations_that_have_no_limit_are_refused(blocks, message):
    with pytest.raises(ValueError, match=message):
        Architecture(blocks, (Dense(),)).nngp(np.eye(3))


def test_branches_without_weights_and_layers_that_grow_are_refused():
    with pytest.raises(ValueError, match="must have a Dense or Convolution layer of its own"):
        Residual((Elementwise(nk.activation("relu")),))
    with pytest.raises(ValueError, match="must divide by the root of its inputs"):
        Architecture(((Dense(),), (Dense(fan_in_scaling=False),)), (Dense(),))
    with pytest.raises(ValueError, match="numbered from 1 to 3"):
        nk.mlp(2, "relu").training_only(4)


def test_a_step_has_no_ntk():
    net = nk.mlp(2, "step")
    x = nk.data.half_circle(4).x
    assert net.nngp(x).shape == (4, 4)
    for call in (lambda: net.ntk(x), lambda: net.kernels(x), lambda: net.ntk_profile(0.5), lambda: net.ntk(2 * x)):
        with pytest.raises(ValueError, match=r"jumps at x = 0.*NNGP kernel exists"):
            call()
    assert net.trajectory(0.5).ntk is None
