"""The figures of the paper as trials: against what appendix I.3 prints, written out, and trained at a small size."""

import numpy as np
import pytest

import ntkit as nk
from ntkit.experiments import Augmentation, paper, run

# Appendix I.3 (and sections 7, I.2 for what is compared): the learning rate of every network of every figure.
PRINTED = {
    1: {
        "FC-32 BatchNorm": 0.005, "FC-32 LayerNorm": 0.003, "FC-32 NormReLU": 0.0009,
        "ResNet-32 BatchNorm": 0.1, "ResNet-32 LayerNorm": 0.05, "ResNet-32 NormReLU": 0.001,
    },
    3: {
        "FC-32 BatchNorm": 0.01, "FC-32 LayerNorm": 0.001, "FC-32 NormReLU": 0.0009,
        "FC-64 BatchNorm": 0.007, "FC-64 LayerNorm": 0.001, "FC-64 NormReLU": 0.0009,
    },
    4: {
        "ResNet-32 BatchNorm": 0.1, "ResNet-32 NormReLU": 0.009,
        "ResNet-110 BatchNorm": 0.05, "ResNet-110 NormReLU": 0.005,
    },
    5: {"Fixup-110": 0.1, "Fixup-110 NormReLU": 0.005},
    7: {"FC-32 NormReLU": 0.001, "FC-32 SELU": 0.001, "FC-64 NormReLU": 0.0005, "FC-64 SELU": 0.0005},
    8: {
        "ResNet-32 NormReLU": 0.01, "ResNet-32 SELU": 0.01,
        "ResNet-110 NormReLU": 0.009, "ResNet-110 SELU": 0.009,
    },
}  # fmt: skip
# What the text around each figure says of it, in the words that cannot be left out.
CLAIMED = {
    1: ["dot product falls"],
    3: ["significantly faster", "significantly better"],
    4: ["competitive", "depth 110"],
    5: ["similar accuracy"],
    7: ["very similarly"],
    8: ["similarly", "slightly higher test"],
}
each_figure = pytest.mark.parametrize("number", list(PRINTED))


def rates(figure):
    return {model.label: recipe.learning_rate for model, recipe in figure.entries}


def shrunk(number, **changes):
    figure = paper.figure(number)
    settings = {"width": 4, "epochs": 9, "seeds": (0, 1)} | changes
    return figure.reduced("digits", dict.fromkeys(rates(figure), 0.01), **settings)


def test_the_figures_that_show_training():
    assert list(PRINTED) == list(paper.FIGURES)


@each_figure
def test_networks_and_learning_rates_are_those_printed(number):
    assert rates(paper.figure(number)) == PRINTED[number]


@each_figure
def test_ten_runs_of_each_network_on_cifar(number):
    trials = paper.figure(number).trials()
    assert len(trials) == len({trial.key for trial in trials}) == 10 * len(PRINTED[number])
    assert {trial.data for trial in trials} == {"cifar10"}
    for label in PRINTED[number]:
        assert sorted(trial.seed for trial in trials if trial.model.label == label) == list(range(10))


@each_figure
def test_fully_connected_networks_have_3000_units_and_residual_ones_the_channels_of_he(number):
    widths = {(model.architecture, model.width) for model in paper.figure(number).models}
    assert widths <= {("fully_connected", 3000), ("resnet", 16), ("fixup_resnet", 16)}
    for model in paper.figure(number).models:
        assert model.depth == int(model.label.split()[0].rpartition("-")[2])


@each_figure
def test_a_normalisation_goes_with_relu_and_none_with_the_other_activations(number):
    for model in paper.figure(number).models:
        normalised = model.normalisation != "none"
        fixup = model.initialisation == "fixup"
        assert (model.activation == "relu") == (normalised or fixup)
        assert model.activation in ("relu", "normrelu", "selu")


@each_figure
def test_the_rate_is_a_tenth_after_every_hundred_epochs_of_300(number):
    for _, recipe in paper.figure(number).entries:
        epochs = recipe.epochs
        drops = [e for e in range(1, epochs) if recipe.learning_rate_in(e + 1) < recipe.learning_rate_in(e)]
        last = recipe.learning_rate_in(epochs)
        assert (epochs, drops) == ((200, [100, 150]) if number == 5 else (300, [100, 200]))
        assert last == pytest.approx(recipe.learning_rate / 100)


@each_figure
def test_images_are_augmented_for_the_comparison_with_fixup_alone(number):
    for _, recipe in paper.figure(number).entries:
        assert recipe.augmentation == (Augmentation() if number == 5 else None)
        assert recipe.weight_decay == (1e-4 if number == 5 else 0)


def test_figure_5_draws_the_weights_of_normrelu_with_variance_1_over_k_squared_out():
    fixup, model = shrunk(5, width=16).models
    weights = next(
        parameter for parameter in model.module((3, 8, 8), 10).parameters() if parameter.shape[2:] == (3, 3)
    ).detach()
    count, variance = weights.numel(), float(weights.square().mean())
    assert variance == pytest.approx(1 / (9 * weights.shape[0]), rel=5 * np.sqrt(2 / count))
    assert (fixup.initialisation, model.initialisation) == ("fixup", "fan_out")


@each_figure
def test_the_claims_are_those_of_the_paper(number):
    claims = paper.figure(number).claims
    assert len(claims) == len(CLAIMED[number])
    for claim, words in zip(claims, CLAIMED[number], strict=True):
        assert words in claim


@pytest.mark.parametrize("number", [0, 2, 6, 9, "3"])
def test_figures_without_training_are_refused(number):
    with pytest.raises(ValueError, match="1, 3, 4, 5, 7, 8"):
        paper.figure(number)


# ---- at a smaller size


@each_figure
def test_a_reduced_figure_compares_the_same(number):
    figure, small = paper.figure(number), shrunk(number)
    kept = ("architecture", "depth", "activation", "normalisation", "initialisation")
    for model, same in zip(figure.models, small.models, strict=True):
        assert [getattr(model, name) for name in kept] == [getattr(same, name) for name in kept]
        assert (same.width, same.label) == (4, model.label)
    assert (small.claims, small.title, small.probe) == (figure.claims, figure.title, figure.probe)


@each_figure
def test_a_reduced_figure_has_its_own_data_seeds_and_recipe(number):
    small = shrunk(number, epochs=12, batch_size=32)
    assert [trial.data for trial in small.trials()] == ["digits"] * 2 * len(PRINTED[number])
    assert {trial.seed for trial in small.trials()} == {0, 1}
    for _, recipe in small.entries:
        assert (recipe.learning_rate, recipe.epochs, recipe.batch_size) == (0.01, 12, 32)
        assert recipe.milestones == ((6, 9) if number == 5 else (4, 8))
        assert recipe.augmentation is None


def test_a_reduced_figure_takes_the_augmentation_that_is_given_where_the_figure_has_one():
    mine = Augmentation(padding=1, mirror=False)
    assert {recipe.augmentation for _, recipe in shrunk(5, augmentation=mine).entries} == {mine}
    assert {recipe.augmentation for _, recipe in shrunk(3, augmentation=mine).entries} == {None}


def test_a_network_without_a_learning_rate_is_refused():
    with pytest.raises(KeyError, match="FC-64 NormReLU"):
        paper.figure(7).reduced("digits", {"FC-32 NormReLU": 0.01, "FC-32 SELU": 0.01}, width=4, epochs=3)


@pytest.mark.parametrize("epochs", [1, 2])
def test_too_few_epochs_for_the_drops_of_the_rate_are_refused(epochs):
    with pytest.raises(ValueError, match="milestones must be whole numbers of epochs, at least 1"):
        shrunk(3, epochs=epochs)


def test_a_reduced_figure_trains():
    images = nk.data.image_set("digits").subset(train=128, test=64)
    small = paper.figure(3).reduced(images, dict.fromkeys(PRINTED[3], 0.005), width=16, epochs=3, seeds=(0,))
    for trial in small.trials()[:3]:
        history = run(trial, device="cpu")
        assert history.ending == "finished"
        assert history.current_learning_rate[1:] == pytest.approx([0.005, 0.0005, 0.00005])
        assert np.isfinite(history.dot_product["features"]).all()
