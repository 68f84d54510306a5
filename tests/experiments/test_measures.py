"""Mean normalised dot products and condition numbers of features, against plain loops and closed forms."""

import math

import numpy as np
import pytest
import torch

from ntkit.experiments import fully_connected
from ntkit.experiments.measures import (
    calibrated,
    conditioning_of,
    features_at,
    mean_normalised_dot_product,
    normalised_condition_number,
)


def _mean_by_pairs(rows):
    cosines = [
        float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))
        for i, a in enumerate(rows)
        for j, b in enumerate(rows)
        if i != j
    ]
    return sum(cosines) / len(cosines)


@pytest.mark.parametrize("shape", [(2, 3), (40, 7), (15, 200)])
def test_the_mean_is_that_over_all_pairs(shape):
    rows = np.random.default_rng(0).standard_normal(shape) + 0.5
    assert mean_normalised_dot_product(rows) == pytest.approx(_mean_by_pairs(rows), abs=1e-14)


def test_images_count_as_rows():
    images = np.random.default_rng(1).standard_normal((9, 3, 4, 4))
    assert mean_normalised_dot_product(images) == pytest.approx(_mean_by_pairs(images.reshape(9, -1)), abs=1e-14)


def test_opposite_and_equal_rows_are_the_ends_of_the_range():
    assert mean_normalised_dot_product([[1.0, 2.0], [-2.0, -4.0]]) == pytest.approx(-1)
    assert mean_normalised_dot_product([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]) == pytest.approx(1)


@pytest.mark.parametrize("rho", [-0.4, 0.0, 0.3, 0.999])
def test_the_condition_number_of_equal_correlations_is_known(rho):
    """n rows with ρ_ij = ρ: eigenvalues 1 + (n − 1)ρ and 1 − ρ."""
    n = 3
    gram = np.full((n, n), rho) + (1 - rho) * np.eye(n)
    rows = np.linalg.cholesky(gram) * np.array([[1.0], [5.0], [0.01]])
    eigenvalues = sorted((1 + (n - 1) * rho, 1 - rho))
    assert normalised_condition_number(rows) == pytest.approx(eigenvalues[1] / eigenvalues[0], rel=1e-10)


def test_dependent_rows_have_no_finite_condition_number():
    rng = np.random.default_rng(2)
    assert normalised_condition_number(rng.standard_normal((5, 4))) == math.inf
    assert normalised_condition_number(rng.standard_normal((5, 2)) @ rng.standard_normal((2, 9))) == math.inf


@pytest.mark.parametrize(
    ("rows", "words"),
    [([[1.0, 0.0]], "two or more"), ([[1.0, 0.0], [0.0, 0.0]], "none of them 0"), ([[1.0], [np.nan]], "finite")],
)
def test_rows_without_directions_are_refused(rows, words):
    with pytest.raises(ValueError, match=words):
        mean_normalised_dot_product(rows)
    with pytest.raises(ValueError, match=words):
        normalised_condition_number(rows)


def test_conditioning_is_that_of_the_outputs_of_the_layers():
    module = fully_connected(3, 64, activation="relu").module((1, 2, 3), 10, seed=4)
    images = torch.randn(20, 1, 2, 3, generator=torch.Generator().manual_seed(0))
    found = conditioning_of(module, images, ("input", "2", "features"), gram=10)
    outputs = []
    module.places["2"].register_forward_hook(lambda layer, arguments, output: outputs.append(output))
    module(images)
    second = outputs[0].detach().double().numpy()
    assert found["2"].dot_product == pytest.approx(_mean_by_pairs(second), abs=1e-6)
    unit = second[:10] / np.linalg.norm(second[:10], axis=1, keepdims=True)
    assert found["2"].condition_number == pytest.approx(np.linalg.cond(unit @ unit.T), rel=1e-4)
    assert found["input"].dot_product == pytest.approx(_mean_by_pairs(images.flatten(1).numpy()), abs=1e-6)
    assert found["features"].dot_product > found["2"].dot_product  # ReLU's correlations grow with depth


def test_a_place_that_is_not_there_is_named():
    module = fully_connected(2, 8).module((1, 2, 2), 10)
    with pytest.raises(ValueError, match=r"'input' or layers of the network, 1, .*; got 7"):
        features_at(module, torch.ones(2, 1, 2, 2), ("7",))


def test_a_layer_that_maps_an_image_to_zero_has_no_conditioning():
    module = fully_connected(2, 8, activation="relu").module((1, 2, 2), 10)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    found = conditioning_of(module, torch.ones(4, 1, 2, 2), ("features",))["features"]
    assert math.isnan(found.dot_product)
    assert math.isnan(found.condition_number)


def test_calibrating_gives_batch_statistics_and_leaves_the_network_alone():
    module = fully_connected(2, 32, activation="relu", normalisation="batch").module((1, 2, 2), 10)
    images = 3 + torch.randn(50, 1, 2, 2, generator=torch.Generator().manual_seed(1))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    with torch.no_grad():
        in_evaluation = calibrated(module, images)(images)
        in_training = module.train()(images)
    module.load_state_dict(before)
    # torch's running variance is unbiased, the batch's is not: n/(n − 1) in every layer
    torch.testing.assert_close(in_evaluation, in_training, rtol=0.05, atol=0.02)
    assert calibrated(fully_connected(2, 8).module((1, 2, 2), 10), images).training
