"""Recipes and trials: ranges, schedule, identity."""

import dataclasses
import math
import pickle

import numpy as np
import pytest

import ntkit as nk
from ntkit.experiments import Augmentation, Probe, Recipe, Trial, fully_connected, resnet

TRIAL = Trial(fully_connected(3, 16), "digits", Recipe(0.1))
OTHERS = {
    "model": fully_connected(4, 16),
    "data": "mnist",
    "recipe": Recipe(0.1, momentum=0.8),
    "seed": 1,
    "fold": (0, 5),
    "train_size": 100,
    "test_size": 100,
    "probe": Probe(count=100),
}


def test_the_learning_rate_drops_after_each_milestone():
    """Against the product written out, epoch by epoch; the published schedule is ×0.1 after 100 and 200 of 300."""
    recipe = Recipe(0.05)
    rate, expected = 0.05, []
    for epoch in range(1, 301):
        expected.append(rate)
        if epoch in (100, 200):
            rate /= 10
    assert [recipe.learning_rate_in(epoch) for epoch in range(1, 301)] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("learning_rate", 0), ("learning_rate", math.inf), ("learning_rate", "fast"),
        ("epochs", -1), ("epochs", 2.5), ("batch_size", 1), ("momentum", 1.0), ("momentum", -0.1),
        ("weight_decay", -1e-4), ("factor", 0), ("factor", 2), ("milestones", (0,)), ("milestones", (1.5,)),
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(field, value):
    with pytest.raises(ValueError, match=field):
        Recipe(**({"learning_rate": 0.1} | {field: value}))


def test_an_augmentation_of_another_kind_is_refused():
    with pytest.raises(TypeError, match="Augmentation"):
        Recipe(0.1, augmentation=True)


@pytest.mark.parametrize("field", list(OTHERS))
def test_whatever_changes_the_run_changes_its_key(field):
    other = dataclasses.replace(TRIAL, **{field: OTHERS[field]})
    assert other.key != TRIAL.key
    assert other != TRIAL


@pytest.mark.parametrize("field", [entry.name for entry in dataclasses.fields(Recipe)])
def test_every_field_of_the_recipe_changes_the_key(field):
    values = {"learning_rate": 0.2, "epochs": 3, "batch_size": 7, "momentum": 0.1, "weight_decay": 0.1}
    values |= {"milestones": (1,), "factor": 0.5, "augmentation": Augmentation()}
    other = dataclasses.replace(TRIAL, recipe=dataclasses.replace(TRIAL.recipe, **{field: values[field]}))
    assert other.key != TRIAL.key


@pytest.mark.parametrize("field", ["places", "images", "count", "gram"])
def test_every_field_of_the_probe_changes_the_key(field):
    values = {"places": ("1",), "images": "train", "count": 9, "gram": 9}
    assert dataclasses.replace(TRIAL, probe=Probe(**{field: values[field]})).key != TRIAL.key


def test_a_key_is_the_same_in_another_process_and_after_pickling():
    again = Trial(fully_connected(3, 16), "digits", Recipe(0.1))
    assert again.key == TRIAL.key
    assert again == TRIAL
    assert hash(again) == hash(TRIAL)
    assert pickle.loads(pickle.dumps(TRIAL)).key == TRIAL.key


def test_images_of_ones_own_are_known_by_their_contents():
    rng = np.random.default_rng(0)
    images, labels = rng.random((40, 1, 4, 4), dtype=np.float32), np.arange(40) % 2
    mine, same = (nk.data.images_from_arrays(images, labels, name="mine") for _ in range(2))
    other = nk.data.images_from_arrays(images + 1, labels, name="mine")
    keys = [Trial(resnet(8), data, Recipe(0.1)).key for data in (mine, same, other)]
    assert keys[0] == keys[1] != keys[2]
    assert Trial(resnet(8), mine, Recipe(0.1)).label.startswith("ResNet-8 NormReLU, mine")


def test_the_parts_of_a_fold_and_the_sizes():
    fold = dataclasses.replace(TRIAL, fold=(1, 4))
    whole, held_out = TRIAL.image_set(), fold.image_set()
    assert len(held_out.train_images) + len(held_out.test_images) == len(whole.train_images)
    small = dataclasses.replace(TRIAL, train_size=50, test_size=30).image_set()
    assert (len(small.train_images), len(small.test_images)) == (50, 30)


@pytest.mark.parametrize("fold", [(5, 5), (0, 1), (-1, 3), (0,), (0.5, 2)])
def test_folds_that_are_none_are_refused(fold):
    with pytest.raises(ValueError, match="fold must be"):
        dataclasses.replace(TRIAL, fold=fold)


@pytest.mark.parametrize(("field", "value"), [("model", "resnet"), ("recipe", 0.1), ("probe", None), ("data", 3)])
def test_fields_of_another_kind_are_refused(field, value):
    with pytest.raises(TypeError, match=field):
        dataclasses.replace(TRIAL, **{field: value})


@pytest.mark.parametrize("values", [{"places": "features"}, {"images": "validation"}, {"count": 1}, {"gram": 0}])
def test_probes_that_measure_nothing_are_refused(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        Probe(**values)
