"""The trainer against a plain loop, and what it promises: repeatable, cancelled, killed, resumed, diverged."""

import dataclasses
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from ntkit.experiments import (
    Augmentation,
    Probe,
    Recipe,
    Trial,
    fixup_resnet,
    fully_connected,
    resnet,
    run,
    trained_module,
)
from ntkit.experiments.batches import Batches
from ntkit.experiments.history import METRICS
from ntkit.experiments.machine import Machine
from ntkit.experiments.measures import mean_normalised_dot_product

REPEATED = [name for name in METRICS if name != "seconds"]


def _trial(model=None, *, epochs=3, learning_rate=0.02, **changes):
    recipe = Recipe(learning_rate, epochs=epochs, batch_size=64, milestones=(2,))
    given = {"seed": 1, "train_size": 320, "test_size": 120, "probe": Probe(places=("1", "features"), count=40)}
    return Trial(model or fully_connected(3, 32), "digits", recipe, **(given | changes))


def _assert_same(first, second):
    assert first.ending == second.ending
    np.testing.assert_array_equal(first.epoch, second.epoch)
    for name in REPEATED:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name), err_msg=name)
    for name in ("dot_product", "condition_number"):
        for place, values in getattr(first, name).items():
            np.testing.assert_array_equal(values, getattr(second, name)[place], err_msg=f"{name} {place}")


# ---- what it computes


def _plain_loop(trial):
    """Losses and accuracies of the epochs, by the loop that anyone would write: momentum and schedule by hand."""
    images, recipe = trial.image_set(), trial.recipe
    module = trial.model.module(images.shape, len(images.classes), trial.seed).train()
    batches = Batches(images, recipe.batch_size, seed=trial.seed)
    velocity = [torch.zeros_like(p) for p in module.parameters()]
    found = []
    for epoch in range(1, recipe.epochs + 1):
        rate = recipe.learning_rate * (0.1 if epoch > recipe.milestones[0] else 1)
        total = right = count = 0
        for step in range(batches.steps_per_epoch):
            batch = batches.batch(epoch, step)
            outputs = module(batch.images)
            loss = cross_entropy(outputs, batch.labels)
            gradients = torch.autograd.grad(loss, list(module.parameters()))
            with torch.no_grad():
                for p, v, g in zip(module.parameters(), velocity, gradients, strict=True):
                    v.mul_(recipe.momentum).add_(g + recipe.weight_decay * p)
                    p.sub_(rate * v)
            total += loss.item() * len(batch.labels)
            right += int((outputs.argmax(1) == batch.labels).sum())
            count += len(batch.labels)
        mean, std = (np.asarray(v, dtype=np.float32)[:, None, None] for v in (images.channel_mean, images.channel_std))
        rows = torch.tensor((images.test_images.astype(np.float32) - mean) / std)
        with torch.no_grad():
            answers = module.eval()(rows)
        labels = torch.tensor(images.test_labels)
        accuracy = float((answers.argmax(1) == labels).double().mean())
        found.append((total / count, right / count, float(cross_entropy(answers, labels)), accuracy))
        module.train()
    return np.array(found)


@pytest.mark.parametrize("normalisation", ["none", "batch"])
def test_a_run_is_that_of_the_plain_loop(normalisation):
    trial = _trial(fully_connected(3, 32, activation="relu", normalisation=normalisation))
    trial = dataclasses.replace(trial, recipe=dataclasses.replace(trial.recipe, weight_decay=1e-2))
    history = run(trial, device="cpu")
    read = np.column_stack([history.train_loss, history.train_accuracy, history.test_loss, history.test_accuracy])[1:]
    np.testing.assert_allclose(read, _plain_loop(trial), rtol=1e-4, atol=1e-6)
    assert history.current_learning_rate.tolist() == pytest.approx([0.02, 0.02, 0.02, 0.002])


def test_the_first_reading_is_the_network_as_it_was_drawn():
    trial = _trial(epochs=0)
    history = run(trial, device="cpu")
    images = trial.image_set()
    module = trial.model.module(images.shape, 10, trial.seed).eval()
    std = np.asarray(images.channel_std, dtype=np.float32)[:, None, None]
    mean = np.asarray(images.channel_mean, dtype=np.float32)[:, None, None]
    rows = torch.tensor((images.train_images.astype(np.float32) - mean) / std)
    with torch.no_grad():
        expected = float(cross_entropy(module(rows), torch.tensor(images.train_labels)))
    assert history.train_loss[0] == pytest.approx(expected, rel=1e-5)
    probe = (images.test_images[:40].astype(np.float32) - mean) / std
    assert history.dot_product["input"][0] == pytest.approx(mean_normalised_dot_product(probe), abs=1e-6)
    assert (history.ending, history.epoch.tolist()) == ("finished", [0])


def test_fixup_trains_its_scalars_at_a_tenth(tmp_path):
    """One step from the initialisation: a parameter moves by its share of η times its gradient."""
    recipe = Recipe(0.1, epochs=1, batch_size=64)
    trial = Trial(fixup_resnet(8, width=4), "digits", recipe, train_size=64, test_size=20)
    images = trial.image_set()
    module = trial.model.module(images.shape, 10, 0).train()
    batch = Batches(images, 64, seed=0).batch(1, 0)
    cross_entropy(module(batch.images), batch.labels).backward()
    shares = {id(p): group["share"] for group in module.parameter_groups() for p in group["params"]}
    assert set(shares.values()) == {1.0, 0.1}
    moved = {name: p.detach() - 0.1 * shares[id(p)] * p.grad for name, p in module.named_parameters()}
    path = trial_path(trial, tmp_path)
    run(trial, device="cpu", checkpoint=path)
    for name, parameter in trained_module(trial, path).named_parameters():
        torch.testing.assert_close(parameter.detach(), moved[name], rtol=1e-5, atol=1e-7, msg=name)


def trial_path(trial, folder):
    return folder / f"{trial.key}.pt"


@pytest.mark.parametrize(
    "model",
    [fully_connected(3, 32), resnet(8, width=4, normalisation="batch"), fixup_resnet(8, width=4)],
    ids=lambda model: model.label,
)
def test_the_same_seed_gives_the_same_run_and_another_another(model):
    trial = _trial(model, epochs=1, probe=Probe())
    first, second = (run(trial, device="cpu") for _ in range(2))
    _assert_same(first, second)
    other = run(dataclasses.replace(trial, seed=2), device="cpu")
    assert other.train_loss[-1] != first.train_loss[-1]


# ---- stopping and going on


class _After:
    """A cancel that says so after some steps."""

    def __init__(self, steps):
        self.left = steps

    def __call__(self):
        self.left -= 1
        return self.left < 0


@pytest.mark.parametrize("steps", [0, 3, 5, 12])
@pytest.mark.parametrize("normalisation", ["none", "batch"])
def test_a_cancelled_run_goes_on_as_if_nothing_had_been(tmp_path, steps, normalisation):
    """5 steps an epoch: cancelled before any, within an epoch, at its end, and later; with augmentation and mixup."""
    trial = _trial(fully_connected(2, 32, normalisation=normalisation))
    recipe = dataclasses.replace(trial.recipe, augmentation=Augmentation(1, False, 0.4))
    trial = dataclasses.replace(trial, recipe=recipe)
    undisturbed = run(trial, device="cpu")
    path = trial_path(trial, tmp_path)
    stopped = run(trial, device="cpu", checkpoint=path, cancel=_After(steps))
    assert (stopped.ending, stopped.step) == ("cancelled", steps)
    assert stopped.epoch.tolist() == list(range(steps // 5 + 1))
    assert "Cancelled after" in stopped.outcome
    _assert_same(run(trial, device="cpu", checkpoint=path), undisturbed)


def test_a_finished_run_is_not_trained_again(tmp_path):
    trial = _trial(epochs=1)
    path = trial_path(trial, tmp_path)
    first = run(trial, device="cpu", checkpoint=path)
    written = path.stat().st_mtime_ns
    _assert_same(run(trial, device="cpu", checkpoint=path, cancel=lambda: pytest.fail("a step was taken")), first)
    assert path.stat().st_mtime_ns == written


_SCRIPT = """
import sys
from ntkit.experiments import Probe, Recipe, Trial, fully_connected, run
import torch
torch.set_num_threads(1)
recipe = Recipe(0.02, epochs=400, batch_size=64, milestones=(2,))
trial = Trial(fully_connected(3, 32), "digits", recipe, seed=1, train_size=320, test_size=120)
print("ready", flush=True)
run(trial, device="cpu", checkpoint=sys.argv[1], every=0.0)
"""


def test_a_killed_run_goes_on_exactly(tmp_path):
    """Killed twice at any moment, while a checkpoint is written after every step, it takes the same steps."""
    recipe = Recipe(0.02, epochs=400, batch_size=64, milestones=(2,))
    trial = Trial(fully_connected(3, 32), "digits", recipe, seed=1, train_size=320, test_size=120)
    path = trial_path(trial, tmp_path)
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    for attempt in range(2):
        process = subprocess.Popen(
            [sys.executable, "-c", _SCRIPT, path], stdout=subprocess.PIPE, text=True, env=environment
        )
        with process:
            assert process.stdout.readline() == "ready\n"
            deadline = time.monotonic() + 30
            written = path.stat().st_mtime_ns if path.exists() else 0
            while not path.exists() or path.stat().st_mtime_ns == written:
                assert time.monotonic() < deadline
                time.sleep(0.001)
            time.sleep(0.05 + 0.037 * attempt)
            process.send_signal(signal.SIGKILL)
    stop = _After(40)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        resumed = run(trial, device="cpu", checkpoint=path, cancel=stop)
        assert 40 < resumed.step < 2000  # the killed runs left something, and not all
        undisturbed = run(trial, device="cpu", cancel=_After(resumed.step))
    finally:
        torch.set_num_threads(threads)
    assert resumed.step == undisturbed.step
    assert resumed.last_loss == undisturbed.last_loss
    _assert_same(resumed, undisturbed)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]  # half-written files are cleared away


# ---- going wrong


def test_a_learning_rate_that_is_too_large_ends_the_run_as_diverged(tmp_path):
    trial = _trial(fully_connected(6, 32), learning_rate=1e4)
    path = trial_path(trial, tmp_path)
    history = run(trial, device="cpu", checkpoint=path)
    assert history.ending == "diverged"
    assert "Diverged in epoch 1" in history.outcome
    assert "10000" in history.outcome.replace("1e+04", "10000")
    assert np.isfinite(history.train_loss).all()
    assert run(trial, device="cpu", checkpoint=path).ending == "diverged"


def test_a_network_that_is_infinite_from_the_start_is_diverged():
    grows = fully_connected(40, 16, activation="exp")
    history = run(_trial(grows, epochs=1), device="cpu")
    assert history.ending == "diverged"
    assert history.step <= 20


def test_a_checkpoint_of_another_trial_is_refused(tmp_path):
    path = tmp_path / "run.pt"
    run(_trial(epochs=0), device="cpu", checkpoint=path)
    with pytest.raises(ValueError, match=r"must hold the trial that is to be run; it holds another .*η = 0\.02"):
        run(_trial(epochs=0, learning_rate=0.03), device="cpu", checkpoint=path)


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    path = tmp_path / "run.pt"
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(ValueError, match="must be a checkpoint of a training run"):
        run(_trial(epochs=0), device="cpu", checkpoint=path)
    torch.save({"something": 1}, path)
    with pytest.raises(ValueError, match="of this version of ntkit"):
        run(_trial(epochs=0), device="cpu", checkpoint=path)


def test_a_checkpoint_executes_nothing(tmp_path):
    import pickle

    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "executed"),)

    path = tmp_path / "run.pt"
    path.write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(ValueError, match="must be a checkpoint"):
        run(_trial(epochs=0), device="cpu", checkpoint=path)
    assert not (tmp_path / "executed").exists()


def test_an_error_while_writing_keeps_the_checkpoint_that_was_there(tmp_path, monkeypatch):
    trial = _trial(epochs=1)
    path = trial_path(trial, tmp_path)
    run(trial, device="cpu", checkpoint=path, cancel=_After(3))
    before = path.read_bytes()

    def fails(*arguments):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="no space left"):
        run(trial, device="cpu", checkpoint=path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_place_that_the_network_lacks_is_named_before_training():
    with pytest.raises(ValueError, match="got 17"):
        run(_trial(probe=Probe(places=("17",))), device="cpu")


# ---- watching


def test_readings_come_as_it_trains():
    readings = []
    history = run(_trial(), device="cpu", callback=readings.append)
    assert [reading.history.epoch[-1] for reading in readings if reading.step % 5 == 0][-1] == 3
    assert readings[0].step == 0
    assert readings[-1].step == readings[-1].steps == 15
    assert readings[-1].seconds_left == 0
    assert {reading.history.ending for reading in readings[:-1]} == {"running"}
    assert readings[-1].history.ending == history.ending == "finished"
    table = history.table()
    assert len(table) == 4
    assert table["dot_product features"].tolist() == history.dot_product["features"].tolist()
    assert set(table["model"]) == {"FC-3 NormReLU"}


# ---- other precisions


def test_mixed_precision_is_near_and_is_not_the_same():
    trial = _trial(epochs=2)
    exact, mixed = run(trial, device="cpu"), run(trial, device="cpu", precision="bfloat16")
    assert mixed.precision == "bfloat16"
    assert not np.array_equal(exact.train_loss, mixed.train_loss)
    np.testing.assert_allclose(mixed.train_loss, exact.train_loss, rtol=0.05)


def test_a_compiled_network_trains_the_same():
    trial = _trial(resnet(8, width=4, normalisation="batch"), epochs=1, probe=Probe())
    plain, compiled = run(trial, device="cpu"), run(trial, device="cpu", compile="aot_eager")
    assert compiled.compiled
    np.testing.assert_allclose(compiled.train_loss, plain.train_loss, rtol=1e-4)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"device": "tpu"}, "device must be"),
        ({"precision": "float8"}, "precision must be one of float32"),
        ({"device": "cpu", "precision": "float16"}, "needs a GPU"),
    ],
)
def test_what_is_not_there_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        Machine(**options)


def test_a_gpu_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="finds no GPU"):
        run(_trial(), device="cuda")
