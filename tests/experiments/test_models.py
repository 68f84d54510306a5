"""The networks that are compared: sizes and layers as published, forward passes by hand, weights as stated."""

import copy
import math
import pickle
from itertools import product

import numpy as np
import pytest
import torch
from torch.nn import functional

import ntkit as nk
from ntkit.experiments import Model, fixup_resnet, fully_connected, resnet
from ntkit.experiments.initialisation import INITIALISATIONS, VARIANCES
from ntkit.experiments.model import ARCHITECTURES, NORMALISATIONS

CIFAR, SMALL = (3, 32, 32), (2, 8, 8)
WITHOUT = {"fully_connected": ("fixup", "branch_scaled"), "resnet": ("fixup",), "fixup_resnet": ()}
EVERY_KIND = [
    *(fully_connected(3, 12, normalisation=name) for name in NORMALISATIONS),
    *(resnet(14, normalisation=name, width=4) for name in NORMALISATIONS),
    fixup_resnet(14, width=4),
    fixup_resnet(14, "normrelu", width=4),
]


def by_label(value):
    return value.label if isinstance(value, Model) else str(value)


def size(module):
    return sum(parameter.numel() for parameter in module.parameters())


def randomised(module, seed=7):
    """The module with every parameter drawn anew, so that no bias is 0 and no scale 1."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            fan_in = parameter[0].numel() if parameter.ndim > 1 else 4
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / math.sqrt(fan_in) + 0.1)
    return module


def images(count=5, shape=SMALL, dtype=torch.float64):
    return torch.randn((count, *shape), generator=torch.Generator().manual_seed(1), dtype=dtype)


def with_kept(x):
    return 0.5 * x * abs(x) + x


def rectified(x):
    return 0.5 * (x + abs(x))


class TestSizes:
    @pytest.mark.parametrize(
        ("depth", "millions", "exactly"),
        [(20, 0.27, 269722), (32, 0.46, 464154), (44, 0.66, 658586), (56, 0.85, 853018), (110, 1.7, 1727962)],
    )
    def test_of_residual_networks_are_the_published_ones(self, depth, millions, exactly):
        n, widths = (depth - 2) // 6, (16, 32, 64)
        # By hand: the stem, 2n convolutions a stage of which the first changes the channels, two numbers of batch
        # normalisation a channel and convolution, the read-out; no parameters in the shortcuts
        stem, changes = 9 * 3 * 16, 9 * (16 * 32 + 32 * 64)
        same = 9 * sum(2 * n * width**2 for width in widths) - 9 * (32**2 + 64**2)
        normalised = 2 * (16 + sum(2 * n * width for width in widths))
        by_hand = stem + changes + same + normalised + 64 * 10 + 10
        found = size(resnet(depth, normalisation="batch").module(CIFAR, 10))
        assert found == by_hand == exactly
        assert found / 1e6 == pytest.approx(millions, abs=0.05 if depth == 110 else 0.005)

    @pytest.mark.parametrize(("normalisation", "more"), [("none", 1), ("batch", 2), ("layer", 3), ("layer_after", 3)])
    def test_of_residual_networks_without_batch_normalisation(self, normalisation, more):
        # A bias, or a scale and a shift, or all three, for each of the 16 · 11 + 32 · 10 + 64 · 10 outputs of ResNet-32
        weights = size(resnet(32, normalisation="batch").module(CIFAR, 10)) - 2 * 1136
        assert size(resnet(32, normalisation=normalisation).module(CIFAR, 10)) == weights + more * 1136

    def test_of_fixup_110(self):
        module = fixup_resnet(110).module(CIFAR, 10)
        # Given He's network of that depth, 8096 parameters of batch normalisation less, five scalars a block and two
        assert size(module) == 1727962 - 8096 + 5 * 54 + 2 == 1720138
        names = [name for name, parameter in module.named_parameters() if parameter.numel() == 1]
        assert len(names) == 5 * 54 + 2
        assert not [layer for layer in module.modules() if "Norm" in type(layer).__name__]

    @pytest.mark.parametrize(
        ("normalisation", "beside_weights"), [("none", 1), ("batch", 2), ("layer", 3), ("layer_after", 3)]
    )
    def test_of_fully_connected_networks(self, normalisation, beside_weights):
        depth, width, inputs = 32, 40, 3 * 32 * 32
        weights = inputs * width + (depth - 1) * width**2
        expected = weights + beside_weights * depth * width + 10 * width + 10
        assert size(fully_connected(depth, width, normalisation=normalisation).module(CIFAR, 10)) == expected

    def test_of_the_papers_fully_connected_networks_without_drawing_them(self):
        model = fully_connected(32)
        assert (model.depth, model.width, model.activation, model.normalisation) == (32, 3000, "normrelu", "none")


class TestLayers:
    @pytest.mark.parametrize("model", [resnet(32), resnet(20, normalisation="batch"), fixup_resnet(26)], ids=by_label)
    @pytest.mark.parametrize(("shape", "sides"), [(CIFAR, (32, 16, 8)), (SMALL, (8, 4, 2)), ((1, 7, 9), (7, 4, 2))])
    def test_of_residual_networks_halve_the_image_twice(self, model, shape, sides):
        # Given a network whose convolutions are watched
        module, seen = model.module(shape, 10), []
        for layer in module.modules():
            if isinstance(layer, torch.nn.Conv2d):
                layer.register_forward_hook(lambda layer, _, out: seen.append((layer.kernel_size, tuple(out.shape))))
        # When images pass
        logits = module(torch.randn(3, *shape))
        # Then: the stem, three stages of 2n convolutions each, and the read-out
        n = (model.depth - 2) // 6
        channels = [shape_of_output[1] for _, shape_of_output in seen]
        heights = [shape_of_output[2] for _, shape_of_output in seen]
        assert {kernel for kernel, _ in seen} == {(3, 3)}
        assert channels == [16] * (2 * n + 1) + [32] * 2 * n + [64] * 2 * n
        assert heights == [sides[0]] * (2 * n + 1) + [sides[1]] * 2 * n + [sides[2]] * 2 * n
        assert len(seen) + 1 == model.depth
        assert logits.shape == (3, 10)

    @pytest.mark.parametrize("model", EVERY_KIND, ids=by_label)
    def test_are_named_in_order(self, model):
        module, seen = model.module(SMALL, 10), []
        named = list(module.places)
        for name, place in module.places.items():
            place.register_forward_hook(lambda _, __, out, name=name: seen.append((name, out)))
        module(images(dtype=torch.float32))
        numbers = 3 if model.architecture == "fully_connected" else 6
        stem = [] if model.architecture == "fully_connected" else ["stem"]
        assert [name for name, _ in seen] == named == [*stem, *map(str, range(1, numbers + 1)), "features"]

    @pytest.mark.parametrize("model", EVERY_KIND, ids=by_label)
    def test_features_are_what_the_read_out_reads(self, model):
        module, read = randomised(model.module(SMALL, 10)), {}
        module.places["features"].register_forward_hook(lambda _, __, out: read.__setitem__("features", out))
        logits = module(images(dtype=torch.float32))
        assert torch.equal(module.read_out(read["features"]), logits)
        assert read["features"].shape == (5, model.width if model.architecture == "fully_connected" else 16)

    @pytest.mark.parametrize("model", EVERY_KIND, ids=by_label)
    def test_places_hold_post_activations(self, model):
        # ReLU, and NormReLU less its lowest value, are never negative; after layer normalisation rows are centred
        if model.normalisation == "layer_after":
            module = model.module(SMALL, 10)
        else:
            module = Model(model.architecture, model.depth, model.width, "relu", model.normalisation).module(SMALL, 10)
        found = {}
        for name, place in module.places.items():
            place.register_forward_hook(lambda _, __, out, name=name: found.__setitem__(name, out))
        module(images(dtype=torch.float32))
        for name, out in list(found.items())[:-1]:
            if model.normalisation == "layer_after":
                assert out.flatten(1).mean(dim=1).abs().max() < 1e-5, name
            else:
                assert out.min() == 0, name


def by_hand(model, module, x):
    """The logits, in training mode, from the parameters in the order in which they stand, with nothing of ours."""
    values = iter([parameter.detach() for parameter in module.parameters()])
    sigma = nk.activation("relu") if model.activation == "relu" else nk.normrelu()
    walk = {"fully_connected": _dense_by_hand, "resnet": _residual_by_hand, "fixup_resnet": _fixup_by_hand}
    logits = walk[model.architecture](model, values, sigma, x)
    assert next(values, None) is None
    return logits


def _weighted(model, values, x, stride=1):
    weight = next(values)
    y = x @ weight.T if x.ndim == 2 else functional.conv2d(x, weight, stride=stride, padding=1)
    return y if model.normalisation == "batch" else y + _by_channel(next(values), y)


def _by_channel(numbers, like):
    return numbers.reshape(-1, *[1] * (like.ndim - 2))


def _normalised(model, values, y, when):
    kinds = {"before": ("batch", "layer"), "after": ("layer_after",)}[when]
    if model.normalisation not in kinds:
        return y
    over = [0, *range(2, y.ndim)] if model.normalisation == "batch" else list(range(1, y.ndim))
    centred = y - y.mean(dim=over, keepdim=True)
    y = centred / (centred.square().mean(dim=over, keepdim=True) + 1e-5).sqrt()
    return y * _by_channel(next(values), y) + _by_channel(next(values), y)


def _dense_by_hand(model, values, sigma, x):
    x = x.reshape(len(x), -1)
    for _ in range(model.depth):
        x = sigma(_normalised(model, values, _weighted(model, values, x), "before"))
        x = _normalised(model, values, x, "after")
    return x @ next(values).T + next(values)


def _shortcut_by_hand(x, channels, stride):
    y = torch.zeros(len(x), channels, *(math.ceil(side / stride) for side in x.shape[2:]), dtype=x.dtype)
    for row in range(y.shape[2]):
        for column in range(y.shape[3]):
            y[:, : x.shape[1], row, column] = x[:, :, stride * row, stride * column]
    return y


def _blocks(model):
    n = (model.depth - 2) // 6
    return [(model.width * 2**stage, 2 if stage and not number else 1) for stage in range(3) for number in range(n)]


def _residual_by_hand(model, values, sigma, x):
    x = sigma(_normalised(model, values, _weighted(model, values, x), "before"))
    x = _normalised(model, values, x, "after")
    for channels, stride in _blocks(model):
        y = sigma(_normalised(model, values, _weighted(model, values, x, stride), "before"))
        y = _normalised(model, values, y, "after")
        y = _normalised(model, values, _weighted(model, values, y), "before")
        x = _normalised(model, values, sigma(y + _shortcut_by_hand(x, channels, stride)), "after")
    return x.mean(dim=(2, 3)) @ next(values).T + next(values)


def _fixup_by_hand(model, values, sigma, x):
    x = sigma(functional.conv2d(x, next(values), padding=1) + next(values))
    for channels, stride in _blocks(model):
        # The parameters that a block holds itself stand before those of its layers
        multiplier, before_sum, before_first, first, before_sigma, before_last, last = (next(values) for _ in range(7))
        shifted = x + before_first
        y = sigma(functional.conv2d(shifted, first, stride=stride, padding=1) + before_sigma)
        y = functional.conv2d(y + before_last, last, padding=1) * multiplier + before_sum
        x = sigma(y + _shortcut_by_hand(shifted if stride == 2 else x, channels, stride))
    return (x.mean(dim=(2, 3)) + next(values)) @ next(values).T + next(values)


class TestForwardPass:
    @pytest.mark.parametrize("model", EVERY_KIND, ids=by_label)
    def test_is_the_one_by_hand(self, model):
        # Given a network whose every parameter differs from where it starts
        module = randomised(model.module(SMALL, 10, dtype=torch.float64))
        # When the same parameters are put into plain formulas
        expected = by_hand(model, module, images())
        # Then both give the same logits
        found = module(images()).detach().numpy()
        assert np.abs(found).max() > 0.1
        assert found == pytest.approx(expected.numpy(), rel=1e-10, abs=1e-10)

    @pytest.mark.parametrize("model", [fully_connected(3, 12, normalisation="batch"), EVERY_KIND[5]], ids=by_label)
    def test_in_evaluation_uses_running_statistics(self, model):
        module = randomised(model.module(SMALL, 10, dtype=torch.float64))
        rows = images(40)
        for layer in module.modules():
            if hasattr(layer, "momentum"):
                layer.momentum = 1.0
        module(rows)  # the statistics of these rows, with n − 1 in the variance
        alone = module.eval()(rows[:3])
        assert torch.allclose(alone, module(rows)[:3], rtol=1e-12)
        assert torch.allclose(alone, module.train()(rows)[:3], rtol=0.2, atol=0.2)
        assert not torch.allclose(alone, module(rows[:3]), rtol=0.2, atol=0.2)

    @pytest.mark.parametrize("model", [EVERY_KIND[0], EVERY_KIND[2], EVERY_KIND[6], EVERY_KIND[7]], ids=by_label)
    def test_of_an_image_depends_on_no_other(self, model):
        module = randomised(model.module(SMALL, 10, dtype=torch.float64))
        assert torch.allclose(module(images())[:2], module(images()[:2]), rtol=1e-12, atol=1e-12)

    @pytest.mark.parametrize("normalisation", NORMALISATIONS)
    @pytest.mark.parametrize("build", [fully_connected, resnet])
    def test_takes_an_activation_of_the_users(self, build, normalisation):
        # Given ReLU, and what computes the same by another name
        mine = nk.Activation("mine", rectified)
        theirs = build(8, activation="relu", normalisation=normalisation, width=6, initialisation="he")
        own = build(8, activation=mine, normalisation=normalisation, width=6, initialisation="he")
        # When both see the same images and are differentiated
        found = []
        for model in (theirs, own):
            module = model.module(SMALL, 10, dtype=torch.float64)
            logits = module(images())
            logits.square().sum().backward()
            found.append((logits.detach(), next(module.parameters()).grad))
        # Then they agree
        for one, other in zip(*found, strict=True):
            assert torch.allclose(one, other, rtol=1e-9, atol=1e-12)

    @pytest.mark.parametrize("model", EVERY_KIND, ids=by_label)
    def test_runs_in_mixed_precision(self, model):
        module = randomised(model.module(SMALL, 10))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = module(images(dtype=torch.float32))
        logits.float().logsumexp(dim=1).sum().backward()
        assert torch.isfinite(logits).all()
        assert all(torch.isfinite(parameter.grad).all() for parameter in module.parameters())

    def test_is_one_graph_where_it_is_compiled(self):
        module = randomised(fixup_resnet(8, "normrelu", width=4).module(SMALL, 10, dtype=torch.float64))
        compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
        assert torch.allclose(compiled(images()), module(images()), rtol=1e-10, atol=1e-12)

    @pytest.mark.parametrize("model", EVERY_KIND, ids=by_label)
    def test_refuses_images_of_another_shape(self, model):
        with pytest.raises(ValueError, match=r"images must have shape \(n, 2, 8, 8\); got \(1, 2, 8, 9\)"):
            model.module(SMALL, 10)(torch.zeros(1, 2, 8, 9))


def weight_layers(module):
    return [layer for layer in module.modules() if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)]


def stated_variance(name, layer):
    out, inputs, *kernel = layer.weight.shape
    area = math.prod(kernel)
    return {
        "lecun": 1 / (area * inputs),
        "he": 2 / (area * inputs),
        "he_fan_out": 2 / (area * out),
        "fan_out": 1 / (area * out),
    }[name]


def assert_drawn(layer, variance):
    """Mean and variance of the weights, within five standard errors of normal ones."""
    values = layer.weight.detach().double()
    n, std = values.numel(), math.sqrt(variance)
    assert values.mean().item() == pytest.approx(0, abs=5 * std / math.sqrt(n))
    assert values.var().item() == pytest.approx(variance, rel=5 * math.sqrt(2 / n))


class TestInitialWeights:
    @pytest.mark.parametrize("name", VARIANCES)
    @pytest.mark.parametrize("build", [fully_connected, resnet, fixup_resnet])
    def test_have_the_stated_variances(self, build, name):
        module = build(8, width=20, initialisation=name).module(CIFAR, 10)
        *hidden, read_out = weight_layers(module)
        for layer in hidden:
            assert_drawn(layer, stated_variance(name, layer))
        assert_drawn(read_out, 1 / read_out.in_features)

    def test_of_fixup_are_scaled_by_the_number_of_blocks(self):
        module = fixup_resnet(26, width=16).module(CIFAR, 10)  # 12 blocks
        stem, *inside, read_out = weight_layers(module)
        assert_drawn(stem, 2 / (9 * 16))
        for first, last in zip(inside[::2], inside[1::2], strict=True):
            assert_drawn(first, 2 / (9 * first.out_channels) / 12)
            assert not last.weight.any()
        assert not read_out.weight.any()
        assert not read_out.bias.any()

    @pytest.mark.parametrize("build", [resnet, fixup_resnet])
    def test_of_scaled_branches_share_one_variance_among_the_blocks(self, build):
        module = build(26, width=16, initialisation="branch_scaled").module(CIFAR, 10)  # 12 blocks
        stem, *inside, read_out = weight_layers(module)
        for layer in (stem, *inside[::2]):
            assert_drawn(layer, stated_variance("lecun", layer))
        for last in inside[1::2]:
            assert_drawn(last, stated_variance("lecun", last) / 12)
        assert_drawn(read_out, 1 / 64)

    @pytest.mark.parametrize(
        ("initialisation", "least", "most"), [("lecun", 1e8, 1e11), ("fan_out", 1e7, 1e11), ("branch_scaled", 1, 100)]
    )
    def test_of_scaled_branches_alone_keep_resnet_110_in_bounds(self, initialisation, least, most):
        # Given ResNet-110 without normalisation, and inputs with E x² = 1
        module, moments = resnet(110, initialisation=initialisation).module(CIFAR, 10), []
        module.places["54"].register_forward_hook(lambda _, __, out: moments.append(out.square().mean().item()))
        with torch.no_grad():
            module(torch.randn(2, *CIFAR, generator=torch.Generator().manual_seed(0)))
        # Then each block multiplies E x² by about 1.5, 1.5⁵⁴ = 3e9, unless the branches share one variance
        assert least < moments[0] < most

    @pytest.mark.parametrize("name", INITIALISATIONS)
    def test_of_fixups_scalars_are_zero_and_one(self, name):
        module = fixup_resnet(14, initialisation=name).module(SMALL, 10)
        for parameter_name, parameter in module.named_parameters():
            if parameter.numel() == 1:
                assert parameter.item() == ("multiplier" in parameter_name), parameter_name

    def test_of_fixup_make_logits_and_branches_vanish(self):
        module, branches = fixup_resnet(20).module(SMALL, 10), []
        for block in module.blocks:
            block.last.register_forward_hook(lambda _, __, out: branches.append(out))
        logits = module(images(dtype=torch.float32))
        assert not logits.any()
        assert len(branches) == 9
        assert not any(branch.any() for branch in branches)

    @pytest.mark.parametrize("model", EVERY_KIND, ids=by_label)
    def test_leave_biases_at_zero_and_normalisation_at_identity(self, model):
        module = model.module(SMALL, 10)
        for layer in module.modules():
            if "Norm" in type(layer).__name__:
                assert (layer.weight == 1).all()
                assert not layer.bias.any()
                if "Batch" in type(layer).__name__:
                    assert not layer.running_mean.any()
                    assert (layer.running_var == 1).all()
        for layer in weight_layers(module):
            assert layer.bias is None or not layer.bias.any()

    @pytest.mark.parametrize("model", EVERY_KIND, ids=by_label)
    def test_are_the_same_in_every_precision(self, model):
        wide, narrow, half = (
            model.module(SMALL, 10, seed=3, dtype=dtype).state_dict()
            for dtype in (torch.float64, torch.float32, torch.bfloat16)
        )
        for name, values in wide.items():
            assert torch.equal(values.to(narrow[name].dtype), narrow[name]), name
            assert torch.equal(values.to(half[name].dtype), half[name]), name
        assert {values.dtype for values in wide.values()} <= {torch.float64, torch.int64}

    def test_follow_the_seed_and_leave_torchs_generator_alone(self):
        model = resnet(8)
        state = torch.get_rng_state()
        first, again, other = (model.module(SMALL, 10, seed=seed).state_dict() for seed in (1, 1, 2))
        assert torch.equal(torch.get_rng_state(), state)
        assert all(torch.equal(first[name], again[name]) for name in first)
        assert not torch.equal(first["stem.0.weight"], other["stem.0.weight"])
        assert not torch.equal(first["blocks.0.branch.0.weight"], first["blocks.0.branch.2.weight"])

    def test_of_normrelu_keep_the_second_moment_from_layer_to_layer(self):
        # Given 16 layers of width 600 and inputs with E x² = 1
        module, moments = fully_connected(16, 600).module((3, 16, 16), 10), []
        for name in map(str, range(1, 17)):
            module.places[name].register_forward_hook(lambda _, __, out: moments.append(out.square().mean().item()))
        module(torch.randn(64, 3, 16, 16, generator=torch.Generator().manual_seed(0)))
        # Then E σ² stays near 1, where each layer adds a fluctuation of the order of 1/√width
        assert moments == pytest.approx(np.ones(16), abs=5 * math.sqrt(16 / 600))

    @pytest.mark.parametrize(
        ("model", "name"),
        [
            (fully_connected(2), "lecun"),
            (fully_connected(2, activation="selu"), "lecun"),
            (fully_connected(2, activation="leaky_relu(slope=0.2)"), "he"),
            (fully_connected(2, normalisation="batch"), "he"),
            (resnet(8), "branch_scaled"),
            (resnet(8, "selu"), "branch_scaled"),
            (resnet(8, "selu", "layer"), "lecun"),
            (resnet(8, "relu"), "he_fan_out"),
            (resnet(8, normalisation="batch"), "he_fan_out"),
            (fixup_resnet(), "fixup"),
            (fixup_resnet(activation="normrelu"), "fan_out"),
        ],
        ids=by_label,
    )
    def test_are_by_default_those_of_the_sources(self, model, name):
        assert model.initialisation == name


class TestParameterGroups:
    @pytest.mark.parametrize("model", EVERY_KIND, ids=by_label)
    def test_hold_each_parameter_once(self, model):
        module = model.module(SMALL, 10)
        grouped = [id(parameter) for group in module.parameter_groups() for parameter in group["params"]]
        assert sorted(grouped) == sorted(map(id, module.parameters()))

    def test_of_fixup_slow_the_scalars_and_the_biases(self):
        module = fixup_resnet(20).module(CIFAR, 10)
        shares = {id(p): group["share"] for group in module.parameter_groups() for p in group["params"]}
        for name, parameter in module.named_parameters():
            slow = parameter.numel() == 1 or name == "read_out.bias"
            assert shares[id(parameter)] == (0.1 if slow else 1.0), name

    def test_of_the_others_are_one(self):
        assert [group["share"] for group in resnet(8).module(SMALL, 10).parameter_groups()] == [1.0]


class TestModel:
    def test_is_hashable_equal_and_pickled_by_what_it_says(self):
        model = resnet(20, "leaky_relu(slope=0.2)", "layer", width=8)
        same = Model("resnet", 20, 8, "leaky_relu(slope=0.20)", "layer")
        assert model == same
        assert len({model, same, pickle.loads(pickle.dumps(model)), copy.deepcopy(model)}) == 1
        assert model != resnet(20, "leaky_relu", "layer", width=8)
        assert model != "ResNet-20"

    @pytest.mark.parametrize("text", ["normrelu", "normrelu(c=-1.5975)", "NormReLU"])
    def test_names_the_activation_in_one_way(self, text):
        assert fully_connected(2, 4, text).activation == "normrelu"
        assert fully_connected(2, 4, nk.normrelu()).activation == "normrelu"
        assert fully_connected(2, 4, "hermite(k=3)").activation == "hermite(k=3)"
        assert fully_connected(2, 4, "silu").activation == "swish"

    def test_knows_the_users_activations_by_what_they_compute(self):
        # Given activations of one name: two functions that compute the same, and three that do not
        one, same = (nk.Activation("mine", function) for function in (with_kept, lambda x: x + 0.5 * x * abs(x)))
        other = nk.Activation("mine", lambda x: x + 0.6 * x * abs(x))
        nearly = nk.Activation("mine", lambda x: (x + 0.5 * x * abs(x)) * (1 + 1e-15))  # as another machine rounds
        straight = nk.Activation("mine", with_kept, derivative=lambda x: 0.0 * x + 1.0)
        models = [fully_connected(2, 8, sigma) for sigma in (one, same, other, one.rescaled(2.0), straight, nearly)]
        # Then only what computes the same is the same model, and only that shares rows of a table
        assert models[0] == models[1] == models[5]
        assert len(set(models)) == len({model.label for model in models}) == 4
        assert len({model.columns()["activation"] for model in models}) == 4
        assert pickle.loads(pickle.dumps(models[0])) == models[0]

    def test_names_relatives_of_the_catalogue(self):
        model = fully_connected(4, 8, nk.activation("relu").normalized())
        assert model.label == "FC-4 normalized relu"
        assert model.columns()["activation"].startswith("normalized relu #")
        assert pickle.loads(pickle.dumps(model)) == model

    def test_columns_are_plain_values(self):
        columns = fixup_resnet(14, nk.Activation("mine", with_kept)).columns()
        assert list(columns) == [
            "model", "architecture", "depth", "width", "activation", "normalisation", "initialisation",
        ]  # fmt: skip
        assert {type(value) for value in columns.values()} == {str, int}

    def test_labels_differ_where_models_do(self):
        activations = ["relu", "normrelu", "selu", "leaky_relu", "leaky_relu(slope=0.2)", "normrelu(c=0.5)"]
        models = set()
        for architecture, depth, activation in product(ARCHITECTURES, (8, 14), activations):
            for normalisation, name in product(NORMALISATIONS, (None, *INITIALISATIONS)):
                if architecture == "fixup_resnet" and normalisation != "none":
                    continue
                if name in WITHOUT[architecture]:
                    continue
                models.add(Model(architecture, depth, 16, activation, normalisation, name))
        assert len({model.label for model in models}) == len(models) == 2 * 6 * (4 * 4 + 4 * 5 + 6)

    @pytest.mark.parametrize(
        ("model", "label"),
        [
            (fully_connected(32), "FC-32 NormReLU"),
            (fully_connected(64, activation="selu"), "FC-64 SELU"),
            (fully_connected(32, normalisation="layer"), "FC-32 LayerNorm"),
            (fully_connected(32, normalisation="layer_after"), "FC-32 LayerNorm after"),
            (resnet(110, normalisation="batch"), "ResNet-110 BatchNorm"),
            (resnet(32, "normrelu", "batch"), "ResNet-32 BatchNorm NormReLU"),
            (resnet(32, "relu"), "ResNet-32 ReLU"),
            (resnet(32, "relu", initialisation="he"), "ResNet-32 ReLU (he)"),
            (fixup_resnet(), "Fixup-110"),
            (fixup_resnet(activation="normrelu"), "Fixup-110 NormReLU"),
            (fully_connected(4, activation="normrelu(c=0.5)"), "FC-4 NormReLU(c=0.5)"),
        ],
    )
    def test_labels_read_as_in_the_paper(self, model, label):
        assert model.label == label

    @pytest.mark.parametrize("model", EVERY_KIND, ids=by_label)
    def test_modules_can_be_copied_and_pickled(self, model):
        module = model.module(SMALL, 10).eval()
        x = images(dtype=torch.float32)
        for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
            assert torch.equal(twin(x), module(x))


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"architecture": "vgg"}, "architecture must be one of fully_connected, resnet, fixup_resnet; got 'vgg'"),
            ({"normalisation": "group"}, "normalisation must be one of none, batch, layer, layer_after; got 'group'"),
            ({"initialisation": "zeros"}, "initialisation must be one of lecun, he, he_fan_out, .*; got 'zeros'"),
            ({"activation": "relux"}, "activation must be one of .*; got 'relux'"),
            ({"activation": "relu("}, "an activation is written as a name"),
            ({"depth": 30}, r"depth must be 6n \+ 2.*; got 30. Next to it are 26 and 32"),
            ({"depth": 2}, r"depth must be 6n \+ 2.*; got 2. The least is 8"),
            ({"depth": 8.5}, r"depth must be 6n \+ 2.*; got 8.5"),
            ({"architecture": "fully_connected", "depth": 0}, "whole number of hidden layers, at least 1; got 0"),
            ({"width": 0}, "width must be a whole number, at least 1; got 0"),
            ({"initialisation": "fixup"}, "must go with the architecture 'fixup_resnet'.*got 'resnet'"),
            (
                {"architecture": "fully_connected", "initialisation": "branch_scaled"},
                "'branch_scaled' must go with residual branches; a fully connected network has none",
            ),
            ({"architecture": "fixup_resnet", "normalisation": "batch"}, "must have normalisation 'none'.*got 'batch'"),
        ],
    )
    def test_of_a_model_say_what_must_hold(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            Model(**{"architecture": "resnet", "depth": 8, "width": 4, **arguments})

    @pytest.mark.parametrize(
        ("shape", "classes", "seed", "message"),
        [
            ((3, 32), 10, 0, r"shape must be \(channels, height, width\).*got \(3, 32\)"),
            ((3, 0, 8), 10, 0, "shape must hold whole numbers, at least 1; got 0"),
            ((3, 3, 8), 10, 0, "images must have at least 4 × 4 pixels.*got 3 × 8.*fully_connected"),
            (CIFAR, 1, 0, "classes must be a whole number, at least 2; got 1"),
            (CIFAR, 10, -1, "seed must be a whole number, at least 0; got -1"),
        ],
    )
    def test_of_a_module_say_what_must_hold(self, shape, classes, seed, message):
        with pytest.raises(ValueError, match=message):
            resnet(8).module(shape, classes, seed)

    def test_small_images_are_enough_for_fully_connected_networks(self):
        assert fully_connected(2, 4).module((1, 1, 3), 2)(torch.ones(2, 1, 1, 3)).shape == (2, 2)

    def test_of_an_activation_of_another_kind(self):
        with pytest.raises(TypeError, match=r"activation must be a name such as 'relu', or an nk.Activation; got int"):
            fully_connected(2, 4, 3)
        with pytest.raises(TypeError, match="relu takes the parameters: none; got slope"):
            fully_connected(2, 4, "relu(slope=0.2)")

    def test_of_an_activation_that_is_not_finite(self):
        with pytest.raises(ValueError, match="'log' must be finite with its derivative"):
            fully_connected(2, 4, nk.Activation("log", lambda x: np.log(np.maximum(x, 0.0))))
