"""Sweeps: each trial once and as it would run alone, whatever is killed, cancelled or broken on the way."""

import asyncio
import math
import os
import signal
import subprocess
import sys
import threading
import time
from itertools import count, pairwise

import numpy as np
import pandas as pd
import pytest
import torch

import ntkit as nk
from ntkit.experiments import Recipe, Trial, fully_connected, grid, read_results, resnet, sweep, sweeps
from ntkit.experiments.results import RunFolder
from ntkit.experiments.sweep_progress import Board

LONG = 300  # epochs of two steps: long enough to be cut off in the middle
TIMES = ["seconds", "samples_per_second"]


def tiny(seeds=(0,), epochs=3, rate=0.05):
    """Trials of a small network on few digits."""
    recipe = Recipe(rate, epochs=epochs, batch_size=32)
    return grid(fully_connected(2, 16), "digits", recipe, seeds, train_size=64, test_size=64)


def silent(progress):
    """The face of a sweep that nobody looks at."""


def here(trials, folder, **options):
    return sweep(trials, folder, **{"workers": 0, "progress": silent, "device": "cpu"} | options)


def assert_same_runs(found, expected):
    """The tables agree to the last bit, but for the times."""
    tables = [table.drop(columns=TIMES).sort_values(["key", "epoch"], ignore_index=True) for table in (found, expected)]
    pd.testing.assert_frame_equal(*tables, check_exact=True)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The long trials, run by themselves."""
    return here(tiny(range(2), LONG), tmp_path_factory.mktemp("undisturbed")).table()


# ---- grids


class TestGrid:
    def test_is_the_product(self):
        models, rates = [fully_connected(2, 8), fully_connected(3, 8)], (0.1, 0.01)
        trials = grid(models, ["digits", "mnist"], [Recipe(rate) for rate in rates], range(3), train_size=100)
        found = {(t.model, t.data, t.recipe.learning_rate, t.seed) for t in trials}
        assert found == {(m, d, r, s) for m in models for d in ("digits", "mnist") for r in rates for s in range(3)}
        assert len(trials) == 24
        assert {trial.train_size for trial in trials} == {100}

    def test_asks_each_model_for_its_recipes(self):
        models = [fully_connected(2, 8), fully_connected(3, 8)]
        trials = grid(models, "digits", lambda model: Recipe(0.1 / model.depth), 4)
        assert [(trial.model.depth, trial.recipe.learning_rate, trial.seed) for trial in trials] == [
            (2, 0.05, 4),
            (3, 0.1 / 3, 4),
        ]


# ---- one after the other, in this process


class TestInThisProcess:
    def test_gives_what_each_run_gives_alone(self, tmp_path):
        trials = tiny(range(2)) + tiny(rate=0.02)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        alone = pd.concat([nk.experiments.run(trial, device="cpu").table() for trial in trials])
        torch.set_num_threads(threads)
        results = here(trials, tmp_path)
        assert_same_runs(results.table(), alone)
        assert [history.trial for history in results.histories] == list(trials)
        assert torch.get_num_threads() == threads
        assert list((tmp_path / "checkpoints").iterdir()) == []

    def test_trains_only_what_is_new(self, tmp_path, monkeypatch):
        first = here(tiny(range(2)), tmp_path)
        trained, run = [], sweeps.run
        monkeypatch.setattr(sweeps, "run", lambda trial, **rest: trained.append(trial.seed) or run(trial, **rest))
        again = here(tiny(range(2)), tmp_path)
        assert trained == []
        pd.testing.assert_frame_equal(again.table(), first.table(), check_exact=True)
        here(tiny((0, 1, 7, 7)), tmp_path)
        assert trained == [7]

    def test_error_of_a_trial_costs_the_others_nothing_and_is_tried_again(self, tmp_path, monkeypatch):
        bad, good = Trial(fully_connected(2, 16), "nowhere", Recipe(0.1, epochs=1)), tiny()[0]
        results = here([bad, good], tmp_path)
        assert [record.label for record in results.records] == [good.label]
        assert results.failed[bad].startswith("ValueError:")
        assert "nowhere" in results.failed[bad]
        assert f"{bad.label}: {results.failed[bad]}" in repr(results)
        monkeypatch.setattr(sweeps, "run", lambda trial, **rest: nk.experiments.run(tiny((3,))[0], device="cpu"))
        assert here([bad, good], tmp_path).failed == {}

    def test_diverged_run_is_a_result(self, tmp_path):
        results = here(tiny(rate=1e6), tmp_path)
        assert results.failed == {}
        assert results.last()["ending"].tolist() == ["diverged"]
        assert results.outcome == "runs done: 1, 1 of them diverged."
        assert here(tiny(rate=1e6), tmp_path).histories[0].outcome.startswith("Diverged in epoch")

    def test_goes_on_after_a_cancel(self, tmp_path, undisturbed):
        heard, asked = [], count()
        half = here(tiny(range(2), LONG), tmp_path, progress=heard.append, cancel=lambda: next(asked) > LONG)
        assert [trial.seed for trial in half.waiting] == [0, 1]
        assert half.outcome == "runs done: 0; waiting for the next call: 2."
        stopped, heard = _furthest(heard), []
        whole = here(tiny(range(2), LONG), tmp_path, progress=heard.append)
        assert next(run.step for progress in heard for run in progress.running if run.steps) >= stopped
        assert_same_runs(whole.table(), undisturbed)

    def test_keyboard_interrupt_cancels_and_a_second_is_raised(self, tmp_path, undisturbed):
        asked = count()

        def interrupt():  # asked before each step
            if next(asked) == LONG:
                signal.raise_signal(signal.SIGINT)

        handler = signal.getsignal(signal.SIGINT)
        half = here(tiny(range(2), LONG), tmp_path, cancel=interrupt)
        assert len(half.waiting) == 2
        assert [path.suffix for path in (tmp_path / "checkpoints").glob("*.pt")] == [".pt"]

        def interrupt_twice(progress):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            here(tiny(range(2), LONG), tmp_path, progress=interrupt_twice)
        assert signal.getsignal(signal.SIGINT) is handler
        assert_same_runs(here(tiny(range(2), LONG), tmp_path).table(), undisturbed)

    @pytest.mark.parametrize("own", ["progress", "cancel"])
    def test_error_of_the_callers_own_function_is_raised_once_all_is_saved(self, tmp_path, own):
        def broken(*progress):
            if list((tmp_path / "checkpoints").glob("*.lock")):  # a run is going on
                raise LookupError("a defect of the caller's")

        with pytest.raises(LookupError, match="a defect of the caller's"):
            here(tiny(epochs=LONG), tmp_path, **{own: broken})
        assert len(list((tmp_path / "checkpoints").glob("*.pt"))) == 1

    def test_readings_add_up(self, tmp_path):
        heard = []
        here(
            tiny(range(3)) + tiny(rate=1e6) + grid(fully_connected(2, 4), "nowhere", Recipe(0.1)),
            tmp_path,
            progress=heard.append,
        )
        assert {progress.total for progress in heard} == {5}
        assert (heard[-1].done, heard[-1].failed, heard[-1].waiting, heard[-1].running) == (4, 1, 0, ())
        assert [progress.ended for progress in heard] == [False] * (len(heard) - 1) + [True]
        assert all(a.fraction <= b.fraction for a, b in pairwise(heard))

    def test_two_sweeps_into_one_folder_share_the_work(self, tmp_path, monkeypatch, undisturbed):
        trained, run = [], sweeps.run
        monkeypatch.setattr(sweeps, "run", lambda trial, **rest: trained.append(trial.seed) or run(trial, **rest))
        results = []
        both = [
            threading.Thread(target=lambda: results.append(here(tiny(range(2), LONG), tmp_path).table()))
            for _ in range(2)
        ]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        assert sorted(trained) == [0, 1]
        for table in results:
            assert_same_runs(table, undisturbed)

    def test_prints_a_line_by_default(self, tmp_path, capsys):
        sweep(tiny(), tmp_path, workers=0)
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == "sweep: 0 of 1 done, 0 running, 1 waiting"
        assert lines[-1] == "sweep: 1 of 1 done, 0 running, 0 waiting"

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"workers": -1}, r"workers must be a whole number of processes; 0 for this one; got -1"),
            ({"workers": 2, "address": "tcp://127.0.0.1:1"}, r"workers belong to a cluster of this machine"),
            ({"every": -1.0}, r"every must be a number of seconds, at least 0; got -1"),
            ({"threads": 0}, r"threads must be a whole number of torch threads a run, at least 1; got 0"),
            ({"device": "tpu"}, r"device must be"),
            ({"precision": "float8"}, r"precision must be one of"),
        ],
    )
    def test_refuses_options_that_cannot_be(self, tmp_path, options, message):
        with pytest.raises(ValueError, match=message):
            here(tiny(), tmp_path / "new", **options)
        assert not (tmp_path / "new").exists()

    def test_refuses_what_is_no_trial(self, tmp_path):
        with pytest.raises(TypeError, match=r"trials must be nk.experiments.Trial, such as grid\(…\) gives; got Model"):
            here([fully_connected(2, 8)], tmp_path)


def _furthest(heard):
    """The largest step that any reading shows."""
    return max((run.step for progress in heard for run in progress.running), default=0)


# ---- on a cluster


@pytest.fixture(scope="class")
def client():
    """A client of a cluster of two processes, started as a sweep starts its own."""
    from ntkit.experiments.cluster import local_client

    with local_client(2) as client:
        yield client


@pytest.fixture
def on(client):
    """Sweep on that cluster."""
    return lambda trials, folder, **options: here(trials, folder, **{"workers": None, "address": client} | options)


class TestOnACluster:
    def test_gives_the_same_bits_as_this_process(self, on, client, tmp_path):
        x = np.random.default_rng(0).integers(0, 256, (80, 1, 8, 8)).astype("uint8")
        own = nk.data.images_from_arrays(x, np.arange(80) % 4, name="noise")
        mine = nk.Activation("mine", lambda x: x / (1 + abs(x)))
        models = [fully_connected(2, 16), fully_connected(3, 8, normalisation="batch"), resnet(8, width=4)]
        trials = (
            *grid(models, "digits", Recipe(0.05, epochs=2, batch_size=32), range(2), train_size=64, test_size=64),
            *grid(fully_connected(2, 16, activation=mine), own, Recipe(0.1, epochs=2), range(2)),
        )
        there = on(trials, tmp_path / "there")
        assert there.failed == {}
        assert_same_runs(there.table(), here(trials, tmp_path / "here").table())
        assert list((tmp_path / "there" / "checkpoints").iterdir()) == []
        again = on(trials, tmp_path / "there", address=client.scheduler.address)
        pd.testing.assert_frame_equal(again.table(), there.table(), check_exact=True)

    def test_address_is_enough(self, on, client, tmp_path):
        assert on(tiny(), tmp_path, address=client.scheduler.address).outcome == "runs done: 1."

    def test_listens_on_this_machine_alone(self, client):
        info = client.scheduler_info()
        addresses = [
            info["address"],
            *(a for w in info["workers"].values() for a in (w["nanny"], f"tcp://{w['host']}:")),
        ]
        assert all(address.startswith("tcp://127.0.0.1:") for address in addresses)
        assert client.cluster.scheduler.http_server.address == "127.0.0.1"

    def test_error_of_a_trial_costs_the_others_nothing(self, on, tmp_path):
        bad = grid(fully_connected(2, 16), "nowhere", Recipe(0.1, epochs=1))
        results = on(bad + tiny(range(2)), tmp_path)
        assert len(results.records) == 2
        assert "nowhere" in results.failed[bad[0]]

    def test_cancel_stops_what_runs_and_what_waits(self, on, client, tmp_path):
        heard, trials = [], tiny(range(6), 50 * LONG)
        half = on(trials, tmp_path, progress=heard.append, cancel=lambda: _furthest(heard) > 20)
        assert half.waiting == trials
        assert list((tmp_path / "checkpoints").glob("*.pt"))
        assert not any(client.processing().values())
        assert {progress.total for progress in heard} == {6}
        readings = [run for progress in heard for run in progress.running if run.steps]
        assert all(math.isfinite(run.loss) and 0 <= run.accuracy <= 1 for run in readings)

    def test_goes_on_after_a_cancel(self, on, tmp_path, undisturbed):
        heard = []
        on(tiny(range(2), LONG), tmp_path, progress=heard.append, cancel=lambda: _furthest(heard) > 20)
        assert_same_runs(on(tiny(range(2), LONG), tmp_path).table(), undisturbed)

    def test_workers_that_do_not_see_the_folder_send_their_results(self, on, client, tmp_path):
        client.run(_look_elsewhere, True)
        results = on(tiny(range(2)), tmp_path / "there")
        client.run(_look_elsewhere, False)
        assert results.failed == {}
        assert_same_runs(read_results(tmp_path / "there").table(), here(tiny(range(2)), tmp_path / "here").table())

    def test_needs_a_synchronous_client(self, client, tmp_path):
        from distributed import Client

        async def attempt():
            async with Client(client.scheduler.address, asynchronous=True, set_as_default=False) as awaited:
                with pytest.raises(ValueError, match="address must not be an asynchronous Client"):
                    here(tiny(), tmp_path, workers=None, address=awaited)

        asyncio.run(attempt())

    def test_killed_worker_costs_nothing(self, on, client, tmp_path, undisturbed):
        kill = _Killer(client)
        results = on(tiny(range(2), LONG), tmp_path, progress=kill, every=0.02)
        assert kill.killed
        assert results.failed == {}
        assert_same_runs(results.table(), undisturbed)

    def test_run_that_kills_its_workers_fails_alone_and_goes_on_next_time(self, on, client, tmp_path, undisturbed):
        scheduler, kill = client.cluster.scheduler, _Killer(client)
        allowed, scheduler.allowed_failures = scheduler.allowed_failures, 0
        try:
            results = on(tiny(range(2), LONG), tmp_path, progress=kill, every=0.02)
        finally:
            scheduler.allowed_failures = allowed
        assert kill.killed
        assert all(text.startswith("distributed.scheduler.KilledWorker:") for text in results.failed.values())
        assert len(results.failed) == 2 - len(results.records) > 0
        assert_same_runs(here(tiny(range(2), LONG), tmp_path).table(), undisturbed)


def _look_elsewhere(elsewhere):
    """On a worker: see another folder than the client's, or the same again."""
    from ntkit.experiments.results import RunFolder

    if elsewhere:
        RunFolder.as_it_was, RunFolder.is_seen_as = RunFolder.is_seen_as, lambda here, identity: False
    else:
        RunFolder.is_seen_as = RunFolder.as_it_was


class _Killer:
    """The face of a sweep that kills a worker in the middle of a run, once."""

    def __init__(self, client):
        self.client, self.killed = client, False

    def __call__(self, progress):
        if not self.killed and _furthest([progress]):
            busy = [address for address, keys in self.client.processing().items() if keys]
            os.kill(self.client.run(os.getpid, workers=busy[:1])[busy[0]], signal.SIGKILL)
            self.killed = True


# ---- a worker by itself


class _Worker:
    """As much of dask's worker as a trial asks for."""

    name = 3

    def log_event(self, topic, message):
        """Nobody listens."""


def _trainer(trials, folder, **options):
    from ntkit.experiments.cluster import Trainer

    here = RunFolder(folder)
    here.make()
    trainer = Trainer(trials, here, sweeps.Terms(**options), local=True)
    trainer.setup(_Worker())
    return trainer


def test_worker_refuses_a_trial_that_is_another_there(tmp_path):
    with pytest.raises(RuntimeError, match=r"the key of FC-2 NormReLU.* must be the same on client and worker"):
        _trainer({"0123": tiny()[0]}, tmp_path).train("0123")


def test_workers_of_a_machine_share_out_its_gpus(tmp_path, monkeypatch):
    [trial], devices = tiny(), []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(sweeps, "run", lambda trial, **rest: devices.append(rest["device"]))
    for device in ("auto", "cuda", "cpu", "cuda:0"):
        _trainer({trial.key: trial}, tmp_path, device=device).train(trial.key)
    assert devices == ["cuda:1", "cuda:1", "cpu", "cuda:0"]


def test_late_reading_does_not_bring_back_a_run_that_was_cancelled(tmp_path):
    from ntkit.experiments.cluster import ClusterSweep

    trials = {trial.key: trial for trial in tiny(range(2))}
    board = Board(trials, 0, silent)
    going = ClusterSweep(None, _trainer(trials, tmp_path), board)
    late, timely = trials
    going.futures[timely] = None
    for numbers in ({}, {"step": 1, "steps": 2}):
        for key in (late, timely):
            going.hears((0.0, {"key": key, "numbers": numbers, "worker": "tcp://…"}))
    going.look()
    assert set(board.running) == {timely}
    assert board.waiting == {late}


def test_folder_is_told_from_another_of_its_path(tmp_path):
    here, there = RunFolder(tmp_path / "here"), RunFolder(tmp_path / "there")
    for folder in (here, there):
        folder.make()
    assert here.identity() == RunFolder(tmp_path / "here").identity() != there.identity()
    assert here.is_seen_as(here.identity())
    assert not there.is_seen_as(here.identity())
    assert not RunFolder(tmp_path / "nowhere").is_seen_as(here.identity())


# ---- the whole program killed

SCRIPT = """
import sys
from tests.experiments.test_sweeps import LONG, sweep, tiny

if __name__ == "__main__":
    sweep(tiny(range(2), LONG), sys.argv[1], workers=1, device="cpu", every=0.05)
"""


def test_killed_program_is_taken_up(repository, tmp_path, undisturbed):
    script, folder = tmp_path / "script.py", tmp_path / "folder"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    program = subprocess.Popen([sys.executable, script, folder], env=environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(folder.glob("checkpoints/*.pt")):
        assert program.poll() is None, "the program ended by itself"
        assert time.monotonic() < deadline, "the program never began"
        time.sleep(0.02)
    program.kill()
    program.wait()
    heard = []
    results = here(tiny(range(2), LONG), folder, progress=heard.append)
    assert_same_runs(results.table(), undisturbed)
    assert next(run.step for progress in heard for run in progress.running if run.steps) > 0
