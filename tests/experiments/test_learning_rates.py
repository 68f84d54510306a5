"""Cross-validated learning rates: the means of runs made one by one, on folds that never meet the test images."""

import math
from itertools import count

import pytest
import torch

import ntkit as nk
from ntkit.experiments import Recipe, Trial, best_learning_rates, cross_validate, fully_connected, run

QUIET = {"workers": 0, "device": "cpu", "progress": lambda progress: None}
SIZES = {"train_size": 90, "test_size": 60}
RATES = (1e-4, 0.03, 1e5)
RECIPE = Recipe(1.0, epochs=2, batch_size=32)


def crossed(model=None, rates=RATES, **options):
    model = model or fully_connected(2, 16)
    return cross_validate(model, "digits", RECIPE, rates, **{"folds": 3} | SIZES | QUIET | options)


class TestCrossValidation:
    def test_is_the_mean_of_runs_on_each_fold(self):
        found, digits = crossed(seeds=(0, 1)), nk.data.image_set("digits")
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        for place, rate in enumerate(RATES[:2]):
            recipe, accuracies = Recipe(rate, epochs=2, batch_size=32), []
            for fold in range(3):
                images = digits.fold(fold, 3).subset(90, 60)
                trials = [Trial(fully_connected(2, 16), images, recipe, seed) for seed in (0, 1)]
                accuracies += [run(trial, device="cpu").test_accuracy[-1] for trial in trials]
            mean = sum(accuracies) / 6
            assert found.accuracy[place] == pytest.approx(mean, rel=1e-12)
            error = math.sqrt(sum((accuracy - mean) ** 2 for accuracy in accuracies) / 5 / 6)
            assert found.standard_error[place] == pytest.approx(error, rel=1e-12)
        torch.set_num_threads(threads)
        assert len(found.results.records) == 18

    def test_diverged_run_counts_as_nothing_right(self):
        found = crossed()
        assert found.diverged.tolist() == [0, 0, 3]
        assert (found.accuracy[2], found.standard_error[2]) == (0.0, 0.0)
        useless = crossed(rates=(1e5, 1e6))
        assert (useless.best, useless.at_edge) == (1e5, True)
        assert useless.outcome.endswith("try smaller ones. Diverged with it: 3 runs.")

    def test_chooses_the_best_and_says_where_it_lies(self):
        inner = crossed()
        assert (inner.best, inner.at_edge) == (0.03, False)
        assert inner.outcome.startswith("FC-2 NormReLU: η = 0.03, accuracy ")
        lower, upper = crossed(rates=(0.03, 1e5)), crossed(rates=(1e-4, 0.03))
        assert (lower.best, lower.at_edge, upper.best, upper.at_edge) == (0.03, True, 0.03, True)
        assert lower.outcome.endswith("It is the smallest that was tried: try smaller ones.")
        assert upper.outcome.endswith("It is the largest that was tried: try larger ones.")
        assert not crossed(rates=[0.03]).at_edge

    def test_no_fold_holds_a_test_image(self):
        digits = nk.data.image_set("digits")
        test_images = {image.tobytes() for image in digits.test_images}
        shown = [trial.image_set() for trial in (record.history().trial for record in crossed().results.records)]
        seen = {
            image.tobytes() for images in shown for part in (images.train_images, images.test_images) for image in part
        }
        training = {image.tobytes() for image in digits.train_images}
        assert seen <= training
        assert not (seen - training) & test_images

    def test_goes_on_where_it_was_cancelled(self, tmp_path):
        heard, asked = [], count()
        with pytest.raises(RuntimeError, match=r"every run must end; \d of 9 wait, .* Call again with the same folder"):
            crossed(folder=tmp_path, cancel=lambda: next(asked) > 40)  # asked before each of 54 steps
        done = len(list((tmp_path / "runs").iterdir()))
        assert 0 < done < 9
        again = crossed(folder=tmp_path, progress=heard.append)
        assert heard[0].done == done
        assert again.accuracy.tolist() == crossed().accuracy.tolist()

    def test_table_has_a_row_a_rate(self):
        table = crossed().table()
        assert table["learning_rate"].tolist() == list(RATES)
        assert table["diverged"].tolist() == [0, 0, 3]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"rates": ()}, "learning_rates must hold at least one"),
            ({"rates": (0.1, -1.0)}, "learning_rates must be positive finite numbers; got -1.0"),
            ({"folds": 1}, "folds must be a whole number of parts, at least 2; got 1"),
        ],
    )
    def test_refuses_what_cannot_be(self, options, message):
        with pytest.raises(ValueError, match=message):
            crossed(**options)

    def test_failed_run_is_an_error(self):
        with pytest.raises(RuntimeError, match=r"every run must end; 4 of 4 failed, the first, FC-2 .*ValueError"):
            cross_validate(fully_connected(2, 8), "digits", RECIPE, (0.1, 0.2), folds=2, train_size=10**6, **QUIET)


def test_several_models_at_once_are_each_as_alone():
    models = [fully_connected(2, 16), fully_connected(2, 16, normalisation="batch")]
    rates = {models[0]: (1e-4, 0.03), models[1]: (0.3, 0.01)}
    found = best_learning_rates(models, "digits", RECIPE, rates.get, folds=3, **SIZES, **QUIET)
    for model in models:
        alone = crossed(model, rates[model])
        assert found[model].learning_rates.tolist() == sorted(rates[model])
        assert found[model].accuracy.tolist() == alone.accuracy.tolist()
        assert found[model].best == alone.best
