"""Runs on disk: whole, told apart, read back as they were, and never taken for what they are not."""

import os

import numpy as np
import pandas as pd
import pytest
import torch

import ntkit as nk
from ntkit.experiments import Augmentation, Probe, Recipe, fully_connected, grid, read_results, resnet, run, sweep
from ntkit.experiments.results import RunFolder, encoded


def quiet(trials, folder):
    return sweep(trials, folder, workers=0, device="cpu", progress=lambda progress: None)


def tiny(seeds=(0,), **more):
    return grid(fully_connected(2, 16), "digits", Recipe(0.05, epochs=2), seeds, train_size=64, test_size=64, **more)


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A folder with the runs of two trials."""
    folder = tmp_path_factory.mktemp("swept")
    quiet(tiny(range(2)), folder)
    return folder


@pytest.fixture
def copied(swept, tmp_path):
    """The runs of `swept`, to be damaged."""
    here = RunFolder(tmp_path / "copied")
    here.make()
    for path in RunFolder(swept).runs.iterdir():
        here.runs.joinpath(path.name).write_bytes(path.read_bytes())
    return here


class TestTable:
    def test_is_that_of_the_histories(self, swept):
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        expected = pd.concat([run(trial, device="cpu").table() for trial in tiny(range(2))], ignore_index=True)
        torch.set_num_threads(threads)
        found, times = read_results(swept).table(), ["seconds", "samples_per_second"]
        pd.testing.assert_frame_equal(found.drop(columns=times), expected.drop(columns=times), check_exact=True)
        assert found.columns.tolist() == expected.columns.tolist()
        assert found.dtypes.equals(expected.dtypes)

    def test_is_read_by_pandas_alone(self, swept):
        found = pd.read_parquet(swept / "runs").sort_values(["seed", "epoch"], ignore_index=True)
        pd.testing.assert_frame_equal(found, read_results(swept).table(), check_exact=True)

    def test_has_the_columns_of_all_runs(self, tmp_path):
        results = quiet(tiny() + tiny(probe=Probe(places=("1",))), tmp_path)
        table = results.table()
        assert table["dot_product features"].isna().tolist() == [False] * 3 + [True] * 3
        assert table["dot_product 1"].isna().tolist() == [True] * 3 + [False] * 3
        assert results.last()["epoch"].tolist() == [2, 2]

    def test_of_nothing_is_empty(self, tmp_path):
        results = quiet((), tmp_path)
        assert (len(results.table()), len(results.last()), results.histories) == (0, 0, ())
        assert results.outcome == "runs done: 0."


class TestHistories:
    @pytest.mark.parametrize(
        "options",
        [
            {
                "recipes": Recipe(
                    0.05, epochs=2, milestones=(1,), weight_decay=1e-4, augmentation=Augmentation(1, False, 1.0)
                )
            },
            {"models": resnet(8, width=2, activation="leaky_relu(slope=0.2)", normalisation="batch")},
            {"fold": (1, 3), "seeds": 5, "probe": Probe(("1", "2"), "train", 30, 20)},
            {"recipes": Recipe(1e6, epochs=2)},
        ],
    )
    def test_come_back_as_they_were(self, tmp_path, options):
        plain = {
            "models": fully_connected(2, 16),
            "data": "digits",
            "recipes": Recipe(0.05, epochs=1),
            "train_size": 60,
        }
        [trial] = grid(**plain | options)
        [found], here = quiet([trial], tmp_path).histories, RunFolder(tmp_path)
        again = read_results(tmp_path).histories[0]
        assert again.trial == trial
        assert again.trial.columns() == trial.columns()
        assert encoded(again) == encoded(found) == here.run(trial.key).read_bytes()
        assert again.outcome == found.outcome
        assert set(again.dot_product) == {"input", *trial.probe.places}

    def test_of_ones_own_images_need_the_trials(self, tmp_path):
        own = nk.data.images_from_arrays(np.eye(40, 16).reshape(40, 1, 4, 4).astype("float32"), np.arange(40) % 2)
        trials = grid(fully_connected(2, 8), own, Recipe(0.1, epochs=1))
        quiet(trials, tmp_path)
        assert len(read_results(tmp_path).table()) == 2
        with pytest.raises(ValueError, match=r"images or an activation of your own.*Give read_results the trials"):
            _ = read_results(tmp_path).histories
        assert read_results(tmp_path, trials).histories[0].trial == trials[0]


class TestReading:
    def test_those_asked_for_in_their_order(self, swept):
        trials = tiny((1, 7, 0))
        results = read_results(swept, trials)
        assert results.last()["seed"].tolist() == [1, 0]
        assert results.waiting == (trials[1],)
        assert results.outcome == "runs done: 2; waiting for the next call: 1."

    def test_needs_a_folder_that_was_swept(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"must hold the runs of a sweep; .*runs is not there"):
            read_results(tmp_path)

    @pytest.mark.parametrize(
        ("damage", "reason"),
        [
            (lambda good, other: good[: len(good) // 2], "it cannot be read as a parquet file"),
            (lambda good, other: b"", "it cannot be read as a parquet file"),
            (lambda good, other: other, r"it holds another run, FC-2 NormReLU, digits, η = 0.05, seed 1"),
            (lambda good, other: _foreign(), "it has no description of a run: something other than a sweep wrote it"),
            (lambda good, other: _unfinished(), "it holds a run that is not done"),
        ],
    )
    def test_file_that_is_no_run_is_refused_and_set_aside_by_a_sweep(self, copied, damage, reason):
        first, second = tiny(range(2))
        path, good = copied.run(first.key), copied.run(first.key).read_bytes()
        path.write_bytes(damage(good, copied.run(second.key).read_bytes()))
        damaged = path.read_bytes()
        with pytest.raises(ValueError, match=rf"{first.key}.parquet must be a run that a sweep wrote; {reason}"):
            read_results(copied.folder)
        results = quiet([first, second], copied.folder)
        [(place, told)] = results.set_aside.items()
        assert place.read_bytes() == damaged
        assert str(path) in told
        assert results.outcome == "runs done: 2; files set aside: 1."
        assert read_results(copied.folder).last()["seed"].tolist() == [0, 1]

    def test_foreign_file_among_the_runs_is_refused_by_name(self, copied):
        copied.runs.joinpath("notes.parquet").write_bytes(_foreign())
        with pytest.raises(ValueError, match=r"notes.parquet must be a run that a sweep wrote"):
            read_results(copied.folder)
        assert quiet(tiny(range(2)), copied.folder).set_aside == {}


def _foreign():
    return pd.DataFrame({"ending": ["finished"], "epoch": [1]}).to_parquet()


def _unfinished():
    """The file that the first run would have been, had a cancelled one been written."""
    [trial] = tiny()
    return encoded(run(trial, device="cpu", cancel=lambda: True))


class TestWriting:
    def test_kill_in_the_middle_leaves_no_run(self, tmp_path, monkeypatch):
        here = RunFolder(tmp_path)
        here.make()

        def killed(*names):
            raise KeyboardInterrupt

        monkeypatch.setattr("ntkit.experiments.results.os.replace", killed)
        with pytest.raises(KeyboardInterrupt):
            here.write("a", b"contents")
        assert list(here.runs.iterdir()) == []

    def test_left_overs_of_the_killed_go_when_they_are_old(self, tmp_path):
        here = RunFolder(tmp_path)
        here.make()
        old, new = here.runs / ".a.parquet.1.part", here.runs / ".a.parquet.2.part"
        for part in (old, new):
            part.write_bytes(b"half")
        os.utime(old, (0, 0))
        quiet((), tmp_path)
        assert [part.exists() for part in (old, new)] == [False, True]

    def test_claim_waits_for_the_one_before(self, tmp_path):
        here = RunFolder(tmp_path)
        here.make()
        with here.claim("a", lambda: False) as first, here.claim("a", lambda: True) as second:
            assert (first, second) == (True, False)
        with here.claim("a", lambda: True) as third:
            assert third
