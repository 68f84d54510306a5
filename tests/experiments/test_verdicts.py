"""Verdicts: against scipy's own tests, against their stated share of errors, and their words in every case."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ntkit.experiments import verdicts


def table(**models):
    """Runs of models: name → one sequence of test accuracies a seed, epoch 0 first."""
    rows = [
        (name, seed, epoch, accuracy, accuracy - 0.01)
        for name, runs in models.items()
        for seed, run in enumerate(runs)
        for epoch, accuracy in enumerate(run)
    ]
    return pd.DataFrame(rows, columns=["model", "seed", "epoch", "test_accuracy", "train_accuracy"])


def rising(epochs, length=21, threshold=0.8):
    """A test accuracy whose train accuracy gets to the threshold in just that epoch, and stays where it is infinite."""
    return np.where(np.arange(length) < epochs, 0.1, threshold + 0.02)


class TestBetter:
    @pytest.mark.parametrize(("a", "b"), [([0.91, 0.93, 0.92], [0.88, 0.86, 0.87, 0.89]), ([0.5, 0.9], [0.4, 0.8])])
    def test_is_welch_of_scipy(self, a, b):
        found = verdicts.better(table(A=[[x] for x in a], B=[[x] for x in b]), "A", "B", level=0.03)
        expected = stats.ttest_ind(a, b, equal_var=False)
        low, high = expected.confidence_interval(0.97)
        assert found.difference == pytest.approx(np.mean(a) - np.mean(b), rel=1e-12)
        assert found.difference / found.standard_error == pytest.approx(expected.statistic, rel=1e-12)
        assert f"interval {low:.3g} to {high:.3g}" in found.evidence
        assert (found.word == "shows") == (expected.pvalue < 0.03)

    def test_says_the_opposite_of_the_swapped_claim(self):
        runs = table(A=[[0.9], [0.91], [0.92]], B=[[0.8], [0.81], [0.83]])
        forward, backward = verdicts.better(runs, "A", "B"), verdicts.better(runs, "B", "A")
        assert (forward.word, backward.word) == ("shows", "the opposite shows")
        assert forward.difference == -backward.difference
        assert forward.shows
        assert not backward.shows

    def test_takes_a_small_loss_for_the_better_one(self):
        runs = table(A=[[0.9], [0.91]], B=[[0.8], [0.81]]).rename(columns={"test_accuracy": "test_loss"})
        assert verdicts.better(runs, "A", "B", "test_loss").word == "the opposite shows"

    def test_compares_at_the_last_epoch_that_all_have(self):
        runs = table(A=[[0.1, 0.5, 0.9], [0.1, 0.51]], B=[[0.1, 0.6], [0.1, 0.61]])
        assert verdicts.better(runs, "A", "B").difference == pytest.approx(-0.1)

    def test_counts_a_diverged_run_with_its_last_reading(self):
        runs = table(A=[[0.1, 0.5, 0.9], [0.1]], B=[[0.1, 0.6, 0.7], [0.1, 0.6, 0.7]])
        runs["ending"] = np.where((runs.model == "A") & (runs.seed == 1), "diverged", "finished")
        assert verdicts.better(runs, "A", "B").difference == pytest.approx((0.9 + 0.1) / 2 - 0.7)

    def test_is_wrong_in_the_stated_share_where_nothing_differs(self):
        rng, level, repetitions = np.random.default_rng(0), 0.1, 1500
        samples = rng.normal([0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8], 0.03, (repetitions, 7))
        words = [
            verdicts._signed("", verdicts._difference(row[:3], row[3:]), 1, level, "").word for row in samples
        ]  # fmt: skip
        wrong = sum(word != "does not show" for word in words) / repetitions
        # Welch's degrees of freedom are an approximation; at these sizes it stays within a tenth of the level.
        assert wrong == pytest.approx(level, abs=0.1 * level + 5 * np.sqrt(level * (1 - level) / repetitions))


class TestFaster:
    def test_counts_the_epochs(self):
        runs = table(A=[rising(4), rising(5), rising(6)], B=[rising(11), rising(12), rising(13)])
        found = verdicts.faster(runs, "A", "B", 0.8)
        assert (found.word, found.difference) == ("shows", -7.0)
        assert found.standard_error == pytest.approx(np.sqrt(2 / 3))
        assert "A 5 (3 seeds) and B 12 (3 seeds)" in found.evidence

    def test_counts_a_run_that_never_gets_there_as_the_last_epoch(self):
        runs = table(A=[rising(4), rising(6)], B=[rising(np.inf), rising(18)])
        found = verdicts.faster(runs, "A", "B", 0.8)
        assert found.difference == (4 + 6) / 2 - (20 + 18) / 2
        assert "1 of 2 runs of B do not get there in 20 epochs" in found.evidence

    def test_cannot_tell_where_nobody_gets_there(self):
        runs = table(A=[rising(np.inf)] * 2, B=[rising(np.inf)] * 2)
        found = verdicts.faster(runs, "A", "B", 0.8)
        assert found.word == "cannot be told"
        assert np.isnan(found.difference)

    def test_does_not_take_equal_whole_epochs_for_certainty(self):
        near = verdicts.faster(table(A=[rising(4)] * 2, B=[rising(5)] * 2), "A", "B", 0.8)
        far = verdicts.faster(table(A=[rising(4)] * 2, B=[rising(15)] * 2), "A", "B", 0.8)
        assert near.standard_error == pytest.approx(np.sqrt(2 / 12 / 2))
        assert (near.word, far.word) == ("does not show", "shows")

    def test_looks_no_further_than_both_ran(self):
        runs = table(A=[rising(4, 11)] * 2, B=[rising(15)] * 2)
        assert verdicts.faster(runs, "A", "B", 0.8).difference == 4 - 10

    def test_waits_for_a_loss_to_fall(self):
        runs = table(A=[2 - rising(4)] * 2, B=[2 - rising(15)] * 2).rename(columns={"test_accuracy": "test_loss"})
        assert verdicts.faster(runs, "A", "B", 1.2, metric="test_loss").difference == 4 - 15


class TestAlike:
    A, B = [0.91, 0.912, 0.911], [0.909, 0.913, 0.91]

    def found(self, band, shift=0.0):
        runs = table(A=[[x] for x in self.A], B=[[x + shift] for x in self.B])
        return verdicts.alike(runs, "A", "B", band=band).word

    @pytest.mark.parametrize("shift", [-0.02, -0.004, 0.0, 0.004, 0.02])
    @pytest.mark.parametrize("band", [0.001, 0.006, 0.03])
    def test_is_two_one_sided_tests_of_scipy(self, band, shift):
        b = np.array(self.B) + shift
        above, below = (
            {
                side: stats.ttest_ind(np.array(self.A) - end, b, equal_var=False, alternative=side).pvalue
                for side in ("less", "greater")
            }
            for end in (band, -band)
        )
        expected = "does not show"
        if max(above["less"], below["greater"]) < 0.05:
            expected = "shows"
        elif min(above["greater"], below["less"]) < 0.05:
            expected = "the opposite shows"
        assert self.found(band, shift) == expected

    def test_has_three_outcomes(self):
        assert [self.found(0.02), self.found(0.001), self.found(0.001, shift=0.1)] == [
            "shows",
            "does not show",
            "the opposite shows",
        ]


class TestFallsAsRises:
    def runs(self, *dot_products):
        found = table(A=[np.linspace(0.1, 0.9, len(dot_products[0]))] * len(dot_products))
        return found.assign(**{"dot_product features": np.concatenate(dot_products)})

    def test_says_so_in_both_directions(self):
        falling = self.runs([0.9, 0.5, 0.3, 0.2, 0.1], [0.8, 0.4, 0.5, 0.2, 0.1], [0.8, 0.4, 0.3, 0.2, 0.3])
        mean = np.mean([stats.spearmanr(run["dot_product features"], run["test_accuracy"])[0]
                        for _, run in falling.groupby("seed")])  # fmt: skip
        found = verdicts.falls_as_rises(falling, "A")
        assert found.difference == pytest.approx(mean, rel=1e-12)
        assert found.word == "shows"
        mirrored = falling.assign(**{"dot_product features": -falling["dot_product features"]})
        assert verdicts.falls_as_rises(mirrored, "A").word == "the opposite shows"

    def test_does_not_show_where_the_seeds_disagree(self):
        assert verdicts.falls_as_rises(self.runs([3, 2, 1.0], [1, 2, 3.0]), "A").word == "does not show"

    def test_takes_what_does_not_move_for_0_and_leaves_out_what_is_not_there(self):
        found = verdicts.falls_as_rises(self.runs([0.5, 0.5, 0.5, 0.5], [np.nan, 0.3, 0.2, 0.1]), "A")
        assert found.difference == -0.5

    def test_names_the_places_that_were_measured(self):
        with pytest.raises(ValueError, match="place must be one that was measured, features; got '7'"):
            verdicts.falls_as_rises(self.runs([1.0, 0.5]), "A", place="7")


class TestEpochsNeeded:
    def test_has_a_row_a_run(self):
        found = verdicts.epochs_needed(table(A=[rising(4), rising(np.inf)], B=[rising(0, 5)]), 0.8)
        assert found["model"].tolist() == ["A", "A", "B"]
        assert found["epochs"].tolist() == [4, np.inf, 0]
        assert found["trained"].tolist() == [20, 20, 4]


class TestRefusals:
    @pytest.mark.parametrize("judge", [verdicts.better, lambda *which: verdicts.faster(*which, 0.8)])
    def test_one_seed_cannot_tell(self, judge):
        found = judge(table(A=[rising(3)], B=[rising(9), rising(10)]), "A", "B")
        assert found.word == "cannot be told"
        assert np.isnan(found.standard_error)
        assert "one seed" in found.evidence

    def test_one_seed_cannot_tell_likeness_or_a_trend(self):
        runs = table(A=[rising(3)], B=[rising(9)]).assign(**{"dot_product features": 0.5})
        assert verdicts.alike(runs, "A", "B", band=0.1).word == "cannot be told"
        assert verdicts.falls_as_rises(runs, "A").word == "cannot be told"

    def test_readings_that_are_not_finite_cannot_be_compared(self):
        runs = table(A=[[0.9], [0.8]], B=[[0.7], [0.8]]).assign(**{"condition_number features": np.inf})
        assert verdicts.better(runs, "A", "B", "condition_number features").word == "cannot be told"

    def test_unknown_model_is_named_beside_those_there_are(self):
        with pytest.raises(ValueError, match="the table must have runs of 'C'; it has A, B"):
            verdicts.better(table(A=[[1.0]], B=[[1.0]]), "A", "C")

    def test_several_runs_of_a_seed_must_be_chosen_from(self):
        runs = table(A=[[0.9], [0.8]], B=[[0.7], [0.8]])
        both = pd.concat([runs.assign(learning_rate=0.1), runs.assign(learning_rate=0.2)])
        with pytest.raises(ValueError, match=r"each seed of 'A' must have one run.*different learning_rate"):
            verdicts.better(both, "A", "B")

    def test_metric_must_have_a_better_direction(self):
        with pytest.raises(ValueError, match=r"metric must be an accuracy, a loss.*got 'seconds'"):
            verdicts.better(table(A=[[1.0]], B=[[1.0]]), "A", "B", "seconds")

    @pytest.mark.parametrize("level", [0.0, 0.5])
    def test_level_is_a_share_of_errors(self, level):
        with pytest.raises(ValueError, match=r"level must lie in \(0, 0.5\)"):
            verdicts.better(table(A=[[1.0]], B=[[1.0]]), "A", "B", level=level)

    def test_models_count_by_their_labels(self):
        class Named:
            label = "A"

        assert verdicts.better(table(A=[[0.9], [0.8]], B=[[0.7], [0.8]]), Named(), "B").claim.startswith("A ends")


def test_table_has_the_words_and_the_numbers():
    found = verdicts.better(table(A=[[0.9], [0.8]], B=[[0.7], [0.8]]), "A", "B")
    row = verdicts.verdict_table([found]).iloc[0]
    assert row.tolist() == [found.claim, found.word, found.difference, found.standard_error, found.evidence]
    assert list(row.index) == ["claim", "verdict", "difference", "standard error", "evidence"]
