"""Predicted conditioning: against kernels of ntkit's architectures, against formulas, against wide random networks."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import ntkit as nk
from ntkit.architectures import Convolution, Elementwise, GlobalAverage
from ntkit.experiments import fixup_resnet, fully_connected, resnet, wide_limit
from ntkit.experiments.predictions import EXACT, GAUSSIAN_NORM, GAUSSIAN_SUMS, measured, predict
from ntkit.kernels import image_state, run


def drawn_images(count):
    """Images that are alike next to each other, of different lengths."""
    rng = np.random.default_rng(3)
    return rng.standard_normal((count, 1, 8, 8)).cumsum(axis=2) * 0.5 + rng.uniform(-1, 1, (count, 1, 1, 1))


IMAGES = drawn_images(6)
PAIRS = np.triu_indices(len(IMAGES), 1)


def normalised(gram):
    lengths = np.sqrt(np.diag(gram))
    return gram / np.outer(lengths, lengths)


def unit_rows():
    """The rows as the papers' first layer takes them, x/√d."""
    rows = IMAGES.reshape(len(IMAGES), -1)
    return rows / np.sqrt(rows.shape[1])


def correlations_of(found, place):
    return found.gram[found.places.index(place)]


class TestFullyConnected:
    @pytest.mark.parametrize(
        ("activation", "initialisation", "weight_std", "accuracy"),
        [
            ("normrelu", "lecun", 1.0, 1e-9),
            ("relu", "he", 2**0.5, 1e-5),
            ("tanh", "lecun", 1.0, 1e-12),
            ("gelu", "he", 2**0.5, 1e-12),
            ("leaky_relu(slope=0.2)", "lecun", 1.0, 1e-5),
        ],
    )
    def test_is_the_nngp_of_any_norm(self, activation, initialisation, weight_std, accuracy):
        # Given images of different norms, a network on them, and ntkit's own layers on the same rows
        found = predict(fully_connected(5, 16, activation, initialisation=initialisation), IMAGES)
        state = nk.kernels.gram_state(unit_rows(), ntk=False)
        net = nk.mlp(5, nk.activation("leaky_relu", slope=0.2) if "(" in activation else activation, weight_std)
        # When both are followed through the layers
        for place, block in zip(found.places[1:-1], net.blocks, strict=True):
            state = run(block, state)
            # Then they agree; series of 192 terms, quadrature of the plane there
            np.testing.assert_allclose(correlations_of(found, place), state.correlation, rtol=0, atol=accuracy)
        np.testing.assert_array_equal(found.gram[-1], found.gram[-2])

    @pytest.mark.parametrize("activation", ["relu", "normrelu", "tanh"])
    def test_layer_norm_before_is_the_dual_over_its_value_at_one(self, activation):
        found, dual = predict(fully_connected(4, 16, activation, "layer"), IMAGES), nk.activation(activation).dual
        rho = normalised(unit_rows() @ unit_rows().T)
        for depth in range(1, 5):
            rho = np.clip(dual(np.clip(rho, -1, 1)) / dual(1.0), -1, 1)
            # torch adds 1e-5 to the variance
            np.testing.assert_allclose(correlations_of(found, str(depth)), rho, rtol=0, atol=2e-5)

    def test_layer_norm_after_centres_the_dual(self):
        found = predict(fully_connected(4, 16, "relu", "layer_after"), IMAGES)
        first = nk.kernels.gram_state(unit_rows(), ntk=False)
        first = run(nk.mlp(1, "relu", 2**0.5).blocks[0], first)
        lengths = np.sqrt(2 * (unit_rows() ** 2).sum(axis=1))
        means = lengths * nk.activation("relu").mean
        rho = normalised(first.covariance - np.outer(means, means))
        np.testing.assert_allclose(correlations_of(found, "1"), rho, rtol=0, atol=2e-5)
        sigma = nk.activation("relu")
        for depth in range(2, 5):  # degree 1: the weights' scale drops out
            rho = (sigma.dual(np.clip(rho, -1, 1)) - sigma.mean**2) / (sigma.second_moment - sigma.mean**2)
            np.testing.assert_allclose(correlations_of(found, str(depth)), rho, rtol=0, atol=3e-5)

    @pytest.mark.parametrize("normalisation", ["none", "layer", "layer_after"])
    @pytest.mark.parametrize("activation", ["relu", "normrelu"])
    def test_is_what_wide_networks_have(self, activation, normalisation):
        model = fully_connected(3, 400, activation, normalisation)
        found, seen = predict(model, IMAGES), measured(model, IMAGES, seeds=range(10))
        assert found.kind == EXACT
        for place in found.places:
            values = seen[seen["place"] == place]["dot_product"]
            # 5 standard errors; 1e-6 for float32
            assert abs(values.mean() - found.at(place)["dot_product"]) < 5 * values.std() / np.sqrt(10) + 1e-6

    def test_batch_norm_is_what_wide_networks_have_to_0_02(self):
        model = fully_connected(4, 600, "relu", "batch")
        images = drawn_images(24)
        found, seen = predict(model, images), measured(model, images, seeds=range(4))
        assert found.kind == GAUSSIAN_NORM
        for place in found.places[1:]:
            values = seen[seen["place"] == place]["dot_product"]
            assert values.mean() == pytest.approx(found.at(place)["dot_product"], abs=0.02)


class TestBatchNorm:
    def sampled(self, covariance, draws=200_000):
        rng = np.random.default_rng(5)
        signals = rng.multivariate_normal(np.zeros(len(covariance)), covariance, draws)
        signals *= np.sqrt(len(covariance) / (signals**2).sum(axis=1))[:, None]
        products = signals[:, :, None] * signals[:, None, :]
        return products.mean(axis=0), products.std(axis=0) / np.sqrt(draws)

    def test_has_the_moments_of_samples(self):
        rng = np.random.default_rng(5)
        root = rng.standard_normal((5, 5)) * [3.0, 1.0, 0.5, 0.1, 0.0]
        covariance = root @ root.T
        found = wide_limit._of_fixed_length(torch.as_tensor(covariance), eps=0.0).numpy()
        mean, error = self.sampled(covariance)
        assert np.abs(found - mean).max() < 5 * error.max()
        assert (np.abs(found - mean) < 5 * error + 1e-12).all()

    @pytest.mark.parametrize("rank", [1, 3, 40])
    def test_spreads_the_length_over_directions_that_are_alike(self, rank):
        rng = np.random.default_rng(5)
        basis = torch.linalg.qr(torch.as_tensor(rng.standard_normal((40, rank)))).Q
        found = wide_limit._of_fixed_length(7.0 * basis @ basis.T, eps=0.0)
        # The integral over t ends at 10⁹; of what is left rank 1 has the most, (2 · 10⁹)^(−1/2).
        torch.testing.assert_close(found, 40 / rank * basis @ basis.T, rtol=0, atol=1e-3 if rank == 1 else 1e-6)

    def test_needs_the_largest_eigenvalues_alone(self, monkeypatch):
        rng = np.random.default_rng(5)
        values = torch.as_tensor(np.r_[np.geomspace(100, 1, 12), np.full(128, 0.02)])
        basis = torch.linalg.qr(torch.as_tensor(rng.standard_normal((140, 140)))).Q
        covariance = (basis * values) @ basis.T
        whole = wide_limit._of_fixed_length(covariance, eps=1e-5)
        monkeypatch.setattr(wide_limit, "_ALL_EIGENVALUES", 100)
        torch.testing.assert_close(wide_limit._of_fixed_length(covariance, eps=1e-5), whole, rtol=0, atol=1e-3)


class TestGaussianMoments:
    @pytest.mark.parametrize("activation", ["relu", "normrelu", "selu", "tanh"])
    def test_of_signals_with_means_are_those_of_samples(self, activation):
        rng = np.random.default_rng(5)
        sigma, mean = nk.activation(activation), np.array([0.7, -1.2, 3.0, 0.0])
        root = rng.standard_normal((4, 4)) * [2.0, 1.0, 0.5, 0.2]
        root[3] = 0.0  # a signal that does not vary
        found = wide_limit.gaussian_moments((sigma,), torch.as_tensor(mean), torch.as_tensor(root @ root.T))
        values = sigma(mean + rng.standard_normal((200_000, 4)) @ root.T)
        error = values.std(axis=0) / np.sqrt(len(values))
        assert (np.abs(found[0].numpy() - values.mean(axis=0)) < 5 * error + 1e-9).all()
        centred = values - values.mean(axis=0)
        products = centred[:, :, None] * centred[:, None, :]
        error = products.std(axis=0) / np.sqrt(len(values))
        assert (np.abs(found[1].numpy() - products.mean(axis=0)) < 5 * error + 1e-9).all()

    def test_of_a_function_twice_are_those_of_their_composition(self):
        twice = nk.Activation("twice", lambda x: np.tanh(np.tanh(x)))
        mean, covariance = torch.zeros(3).double(), torch.as_tensor([[1.0, 0.5, 0.1], [0.5, 2.0, 0], [0.1, 0, 0.5]])
        covariance = covariance.double()
        found = wide_limit.gaussian_moments((nk.activation("tanh"),) * 2, mean, covariance)
        state = nk.kernels.KernelState(
            np.array([[1.0], [2.0], [0.5]]), np.array([[1.0, 2.0, 0.5]]), covariance.numpy(),
            0.5 * (np.add.outer([1, 2, 0.5], [1, 2, 0.5])) - covariance.numpy(),
            0.5 * (np.add.outer([1, 2, 0.5], [1, 2, 0.5])) + covariance.numpy(), None, is_gaussian=True,
        )  # fmt: skip
        np.testing.assert_allclose(found[1], Elementwise(twice).propagate(state).covariance, atol=1e-9)

    @pytest.mark.parametrize("signals", [30, 1600])
    def test_of_many_signals_have_fewer_terms_and_hardly_less_accuracy(self, signals):
        relu = nk.activation("relu")
        rho = np.linspace(-0.9, 1, 5)
        covariance = torch.eye(signals).double()
        covariance[:5, 0] = covariance[0, :5] = torch.as_tensor(rho[::-1].copy())
        found = wide_limit.gaussian_moments((relu,), torch.zeros(signals).double(), covariance)[1]
        error = np.abs(found[0, :5].numpy() - (relu.dual(rho[::-1]) - relu.mean**2)).max()
        assert error < (1e-5 if signals == 30 else 1e-3)


class Convolutional(torch.nn.Module):
    """Two convolutions, the second of stride 2, and the mean over pixels."""

    def __init__(self, sigma):
        super().__init__()
        pointwise = wide_limit.Pointwise(sigma)
        self.layers = torch.nn.Sequential(
            torch.nn.Conv2d(2, 7, 3, padding=1), pointwise, torch.nn.Conv2d(7, 5, 3, 2, padding=1), pointwise,
            wide_limit.MeanOverPixels(),
        )  # fmt: skip
        self.read_out = torch.nn.Linear(5, 2)
        self.places = {"flat": self.layers[2], "features": self.layers}


class TestImages:
    @pytest.mark.parametrize("pixels", [(4, 4), (5, 3)])
    def test_convolutions_and_pooling_are_ntkits_own(self, pixels):
        rng = np.random.default_rng(5)
        sigma, images = nk.activation("tanh"), rng.standard_normal((3, 2, *pixels))
        walk = wide_limit.Walk(Convolutional(sigma), "lecun")
        walk.through(walk_layers(walk), wide_limit.images_as_signals(torch.as_tensor(images)))
        convolutions = (Convolution(padding="zero"), Elementwise(sigma), Convolution(padding="zero", stride=2))
        state = run(convolutions, image_state(*[images / np.sqrt(2)] * 2, pooled=True, ntk=False))
        flat = np.einsum("hwhwij->ij", state.covariance) / np.prod(state.covariance.shape[:2])
        np.testing.assert_allclose(walk.grams["flat"], flat, atol=1e-9)
        pooled = run((Elementwise(sigma), GlobalAverage()), state)
        np.testing.assert_allclose(walk.grams["features"], pooled.covariance, atol=1e-9)

    def test_fixup_repeats_the_activation_on_the_same_unit(self):
        found = predict(fixup_resnet(8), IMAGES)
        assert found.kind == EXACT
        # ReLU after ReLU is ReLU, and the stem is a convolution of ntkit's
        stem = nk.cnn(1, "relu", padding="zero").nngp(IMAGES)
        np.testing.assert_allclose(correlations_of(found, "stem"), normalised(stem), atol=1e-4)
        np.testing.assert_allclose(correlations_of(found, "1"), correlations_of(found, "stem"), atol=1e-4)

    @pytest.mark.parametrize("activation", ["relu", "selu"])
    def test_fixup_is_what_wide_networks_have(self, activation):
        model = fixup_resnet(8, activation, initialisation="fixup", width=48)
        found, seen = predict(model, IMAGES), measured(model, IMAGES, seeds=range(8))
        for place in found.places:
            values = seen[seen["place"] == place]["dot_product"]
            # 5 standard errors; 0.01 for 48 channels, which lower a mean of ratios
            assert abs(values.mean() - found.at(place)["dot_product"]) < 5 * values.std() / np.sqrt(8) + 0.01

    @pytest.mark.parametrize(
        ("model", "kind", "accuracy"),
        [
            (resnet(8, width=48), GAUSSIAN_SUMS, 0.04),
            (resnet(20, "selu", width=24), GAUSSIAN_SUMS, 0.03),
            (resnet(8, "relu", width=48), GAUSSIAN_SUMS, 0.03),
            (resnet(8, normalisation="layer", width=48), GAUSSIAN_SUMS, 0.03),
            (resnet(8, normalisation="layer_after", width=48), GAUSSIAN_SUMS, 0.04),
            (resnet(8, normalisation="batch", width=48), f"{GAUSSIAN_NORM}, {GAUSSIAN_SUMS}", 0.06),
            (fixup_resnet(8, "normrelu", width=48), GAUSSIAN_SUMS, 0.04),
        ],
        ids=lambda value: getattr(value, "label", None),
    )
    def test_residual_networks_are_what_wide_networks_have_nearly(self, model, kind, accuracy):
        found, seen = predict(model, IMAGES), measured(model, IMAGES, seeds=range(4))
        assert found.kind == kind
        for place in found.places:
            values = seen[seen["place"] == place]["dot_product"]
            error = abs(values.mean() - found.at(place)["dot_product"])
            assert error < 5 * values.std() / np.sqrt(4) + accuracy, place


class TestResidualSum:
    @pytest.mark.parametrize("size", [0.03, 3.0])
    def test_behind_a_linear_function_is_exact_by_both_ways(self, size):
        # Given a linear function of Gaussian signals, and a branch of little or of much variance
        line = nk.Activation("line", lambda x: 2 * x + 1, derivative=lambda x: 2 + 0 * x)
        mean, covariance = torch.as_tensor([0.3, -0.5]).double(), torch.as_tensor([[1.0, 0.4], [0.4, 2.0]]).double()
        added = size * torch.as_tensor([[1.0, -0.2], [-0.2, 0.5]]).double()
        branch, skipped = (
            wide_limit.Signals((group,), 1, (2, 1, 1))
            for group in (
                wide_limit.Channels(1.0, torch.zeros(2).double(), added),
                wide_limit.Channels(1.0, mean, covariance, (line,)),
            )
        )
        # When they are added
        (found,) = wide_limit._sum(branch, skipped).groups
        # Then means and covariances are those of sums of Gaussians
        assert bool(found.functions) == (size < 1)
        torch.testing.assert_close(found.moments[0], 2 * mean + 1)
        torch.testing.assert_close(found.moments[1], 4 * covariance + added)


def walk_layers(walk):
    """The Sequential that a Walk knows as its features."""
    return next(layer for layer, names in walk._names.items() if "features" in names)


class TestBound:
    @pytest.mark.parametrize(
        "model",
        [
            fully_connected(12, 16),
            fully_connected(12, 16, "normrelu", "layer"),
            fully_connected(12, 16, "relu", "layer_after"),
        ],
    )
    def test_holds_for_images_of_one_norm(self, model):
        rows = IMAGES.reshape(len(IMAGES), -1)
        images = (8 * rows / np.linalg.norm(rows, axis=1, keepdims=True)).reshape(IMAGES.shape)
        found = predict(model, images)
        mean = np.abs(found.gram[:, *PAIRS]).mean(axis=1)
        assert (mean <= found.bound + 1e-12).all()
        delta = 1 - np.abs(found.gram[0][PAIRS])
        assert found.bound[5] == pytest.approx(nk.conditioning.bound(5, delta, found.mu).mean(), rel=1e-12)

    @pytest.mark.parametrize(
        "model",
        [
            fully_connected(3, 16, "relu"),
            fully_connected(3, 16, "relu", "layer"),
            fully_connected(3, 16, normalisation="batch"),
            resnet(8),
        ],
    )
    def test_is_not_given_where_the_theorem_says_nothing(self, model):
        found = predict(model, IMAGES)
        assert np.isnan(found.mu)
        assert np.isnan(found.bound).all()


class TestResult:
    found = predict(fully_connected(3, 16), IMAGES)

    def test_has_the_numbers_of_its_gram_matrices(self):
        gram = self.found.gram[2]
        assert self.found.at("2") == pytest.approx(
            {
                "dot_product": gram[PAIRS].mean(),
                "largest": np.abs(gram[PAIRS]).max(),
                "condition_number": nk.spectrum(gram).condition_number,
                "bound": self.found.bound[2],
            }
        )
        assert self.found.table()["place"].tolist() == ["input", "1", "2", "3", "features"]

    def test_knows_its_places(self):
        with pytest.raises(ValueError, match="place must be one of input, 1, 2, 3, features; got '4'"):
            self.found.at("4")

    def test_input_is_that_of_the_images_themselves(self):
        rows = IMAGES.reshape(len(IMAGES), -1)
        np.testing.assert_allclose(self.found.gram[0], normalised(rows @ rows.T), atol=1e-14)
        seen = measured(fully_connected(3, 16), IMAGES, seeds=(0,), places=())
        assert seen["dot_product"].tolist() == pytest.approx([self.found.dot_product[0]], rel=1e-6)

    def test_does_not_depend_on_the_order_of_the_images(self):
        turned = predict(replace(self.found.model), IMAGES[::-1].copy())
        np.testing.assert_allclose(turned.gram[:, ::-1, ::-1], self.found.gram, atol=1e-12)


class TestRefusals:
    @pytest.mark.parametrize("shape", [(1, 1, 8, 8), (6, 64)])
    def test_images_come_as_images_and_in_pairs(self, shape):
        with pytest.raises(ValueError, match="images must be two or more, shape"):
            predict(fully_connected(3), np.ones(shape))

    def test_an_image_of_zeros_has_no_direction(self):
        with pytest.raises(ValueError, match="images must be finite and none of them 0"):
            predict(fully_connected(3), IMAGES * (np.arange(6) > 0).reshape(6, 1, 1, 1))

    def test_a_jump_is_not_trained(self):
        with pytest.raises(ValueError, match="the activation must be continuous; sign has a jump"):
            predict(fully_connected(3, activation="sign"), IMAGES)

    def test_more_images_than_fit_are_refused_at_once(self):
        with pytest.raises(MemoryError, match="Take fewer images"):
            predict(resnet(8), np.ones((2, 1, 1000, 1000)))
