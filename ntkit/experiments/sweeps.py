"""Many trials, each trained once: on the cores of this machine, or on a cluster of many.

A trial is one run, and no run needs another's: dask.distributed hands the trials to its workers, which write each
result and tell how far they are.  What is finished is never trained again, what was cut off goes on where it stood.
"""

import math
import signal
import threading
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product

import torch

from ntkit.arguments import real, whole
from ntkit.data import ImageSet
from ntkit.experiments.machine import Machine
from ntkit.experiments.model import Model
from ntkit.experiments.recipe import Recipe
from ntkit.experiments.results import RESULTS, Results, RunFolder, encoded
from ntkit.experiments.sweep_progress import Board, SweepLines
from ntkit.experiments.trainer import run
from ntkit.experiments.trial import Trial


def grid(models, data, recipes, seeds=(0,), **more):
    """Every model on every image set with each of its recipes from every seed.

    Parameters: models, a Model or several; data, the name of an image set or an nk.data.ImageSet, or several; recipes,
    a Recipe or several, or a function that gives a model its Recipe or Recipes; seeds, whole numbers, or one; more,
    what else all trials have in common: fold, train_size, test_size, probe.
    Returns: a tuple of Trial, seeds running fastest, then recipes, image sets, models.
    Raises: what Trial raises.

    >>> from ntkit.experiments import fully_connected
    >>> models = [fully_connected(4, 32, normalisation=name) for name in ("none", "batch")]
    >>> trials = grid(models, "digits", [Recipe(rate, epochs=2) for rate in (0.1, 0.01)], seeds=range(3))
    >>> len(trials), trials[-1].label
    (12, 'FC-4 BatchNorm, digits, η = 0.01, seed 2')
    """
    recipes_of = recipes if callable(recipes) else lambda model: recipes
    return tuple(
        Trial(model, images, recipe, seed=seed, **more)
        for model, images in product(_several(models, Model), _several(data, (str, ImageSet)))
        for recipe, seed in product(_several(recipes_of(model), Recipe), _several(seeds, int))
    )


def _several(values, kind):
    return (values,) if isinstance(values, kind) else tuple(values)


@dataclass(frozen=True)
class Terms:
    """How the runs of a sweep are made, whoever makes them: as in `run`; threads, of torch, for a run on the CPU."""

    device: str = "auto"
    precision: str = "float32"
    compile: bool | str = False
    every: float = 60.0
    threads: int = 1


def sweep(
    trials,
    folder,
    *,
    address=None,
    workers=None,
    device="auto",
    precision="float32",
    compile=False,
    threads=1,
    every=60.0,
    progress=None,
    cancel=None,
):
    """Train the trials that the folder does not hold yet, several at once, and return what it holds then.

    Parameters:
        trials: of `grid`, or any; one that comes twice is trained once.
        folder: where results and checkpoints lie (`ntkit.experiments.results`); made where it is missing.
        address: an existing cluster, "tcp://…" or a dask Client or cluster; by default one of this machine, which
            listens on 127.0.0.1 alone and ends with the call.
        workers: processes of the cluster on this machine, by default one a core, or one a GPU where the runs use GPUs;
            0 trains the trials one after the other in this process.
        device, precision, compile: as in `run`.
        threads: of torch, for each run.  The same number gives the same table but for the times, to the last bit on
            one kind of processor, whether in this process or on a cluster.
        every: seconds between two checkpoints of a run.
        progress: called with a SweepProgress a few times a second; by default a line is printed every few seconds.
        cancel: cancel() → True stops the sweep within about a second; each run in progress saves its checkpoint, and
            the next call goes on from there.  The first keyboard interrupt does the same, and so does an error of
            `progress` or `cancel`, which is raised then; a second interrupt is raised at once.

    A finished run counts as one whatever device, precision and threads made it: give each their own folder to compare.
    A worker that is killed is replaced and its run goes on from its last checkpoint; one that dies again and again on
    the same trial (dask's allowed-failures, 3) makes it a failed one.  A trial that ends in an error is in
    `Results.failed` with its text, costs the others nothing, and is tried again on the next call.  A run that diverges
    is a result.  A file that cannot be the run that its name says is set aside, and the run trained anew.

    Several sweeps may write to one folder at once: a trial is trained by one of them, the others wait for it.  Workers
    that do not see the folder send their results to this process, which writes them; their runs have no checkpoints.
    In a script, call it under `if __name__ == "__main__":`, since the workers import the script.

    Returns: Results of these trials.
    Raises: ValueError for numbers out of range, or both an address and workers; TypeError for something other than
    trials; OSError where the folder cannot be written to or the cluster not reached.

    >>> import tempfile
    >>> from ntkit.experiments import fully_connected
    >>> trials = grid(fully_connected(2, 16), "digits", Recipe(0.05, epochs=2), seeds=range(3), train_size=64)
    >>> results = sweep(trials, tempfile.mkdtemp(), workers=0, progress=lambda reading: None)
    >>> results.outcome, results.last()[["seed", "epoch", "ending"]].values.tolist()
    ('runs done: 3.', [[0, 2, 'finished'], [1, 2, 'finished'], [2, 2, 'finished']])
    """
    wanted, terms = _by_key(trials), Terms(device, precision, compile, every, threads)
    workers = _checked(terms, workers, address)
    here = RunFolder(folder)
    here.make()
    here.sweep_out()
    there, set_aside = _there(here, wanted)
    missing = {key: trial for key, trial in wanted.items() if key not in there}
    stop = Stop(cancel)
    board = Board(missing, len(there), stop.guarded(progress or SweepLines()))
    with stop.on_interrupt():
        board.show()
        if missing and workers == 0:
            _train_here(missing, here, terms, board, stop)
        elif missing:
            from ntkit.experiments.cluster import train_on

            train_on(address, workers, missing, here, terms, board, stop)
        board.show(ended=True)
    stop.raise_error()
    return _results(here, wanted, board.failed, set_aside)


def _by_key(trials):
    """The trials by their keys, each once."""
    trials = _several(trials, Trial)
    strangers = [trial for trial in trials if not isinstance(trial, Trial)]
    if strangers:
        raise TypeError(f"trials must be nk.experiments.Trial, such as grid(…) gives; got {strangers[0]!r}.")
    return {trial.key: trial for trial in trials}


def _checked(terms, workers, address):
    """Refuse what cannot be before anything is made; returns workers as a whole number, or None."""
    real("every", terms.every, least=0, must="be a number of seconds, at least 0")
    whole("threads", terms.threads, least=1, must="be a whole number of torch threads a run, at least 1")
    if address is None:
        Machine(terms.device, terms.precision, terms.compile)  # elsewhere there may be others
    elif workers is not None:
        raise ValueError("workers belong to a cluster of this machine; the one at `address` has its own. Give one.")
    if workers is None:
        return None
    return whole("workers", workers, least=0, must="be a whole number of processes; 0 for this one")


def _there(here, wanted):
    """The Record of each trial that is done, by key; and of the files that are none, what was wrong, by new place."""
    there, set_aside = {}, {}
    for key, trial in wanted.items():
        if here.run(key).exists():
            try:
                there[key] = here.read(key, trial)
            except ValueError as error:
                set_aside[here.set_aside(key)] = str(error)
    return there, set_aside


def _results(here, wanted, failed, set_aside):
    there, damaged = _there(here, wanted)
    return Results(
        here.folder,
        tuple(there.values()),
        failed={wanted[key]: text for key, text in failed.items() if key not in there},
        waiting=tuple(trial for key, trial in wanted.items() if key not in there and key not in failed),
        set_aside=set_aside | damaged,
    )


class Stop:
    """Whether the sweep is to stop: once `cancel` has said so, the keyboard, or an error of the caller's own functions,
    it stays so."""

    def __init__(self, cancel):
        self.cancel, self.asked, self.error = cancel, False, None

    def __call__(self):
        if not self.asked and self.cancel is not None:
            self.asked = bool(self._called(self.cancel)) or self.asked
        return self.asked

    def guarded(self, face):
        """The face; when it raises, the runs save themselves first, and `raise_error` raises it."""
        return lambda progress: self._called(face, progress)

    def _called(self, function, *arguments):
        if self.error is not None:
            return None
        try:
            return function(*arguments)
        except Exception as error:
            self.error, self.asked = error, True
            return None

    def raise_error(self):
        """Raise what the caller's functions raised, if they did."""
        if self.error is not None:
            raise self.error

    @contextmanager
    def on_interrupt(self):
        """Inside, the first keyboard interrupt stops the sweep; one that comes while it stops is raised."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def interrupted(number, frame):
            if self.asked:
                raise KeyboardInterrupt
            self.asked = True

        before = signal.signal(signal.SIGINT, interrupted)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler if before is None else before)


# ---- one trial


@dataclass(frozen=True)
class Outcome:
    """How a trial ended: "finished", "diverged", "cancelled" or "failed"; the file of its run, or what went wrong."""

    ending: str
    seconds: float = 0.0
    contents: bytes = b""
    text: str = ""


def outcome_of(trial, here, terms, report, stop):
    """Train a trial to its end, be it an error.

    Parameters: here, the RunFolder, or None where this machine does not see it; report, called with the numbers of a
    RunningTrial; stop() → True ends the run.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(terms.threads)
    try:
        if here is None:
            return _outcome(_trained(trial, terms, report, stop))
        return _kept(trial, here, terms, report, stop)
    except Exception as error:
        return Outcome("failed", text=told(error))
    finally:
        torch.set_num_threads(threads)


def _kept(trial, here, terms, report, stop):
    """Train with a checkpoint, and write the result, unless another process has."""
    history = here.history(trial, stop, lambda checkpoint: _trained(trial, terms, report, stop, checkpoint))
    return Outcome("cancelled") if history is None else _outcome(history)


def _trained(trial, terms, report, stop, checkpoint=None):
    return run(
        trial,
        device=terms.device,
        precision=terms.precision,
        compile=terms.compile,
        checkpoint=checkpoint,
        every=terms.every,
        callback=lambda reading: report(_numbers(reading)),
        cancel=stop,
    )


def _outcome(history):
    contents = encoded(history) if history.ending in RESULTS else b""
    return Outcome(history.ending, float(history.seconds[-1]), contents)


def _numbers(reading):
    """What a RunningTrial tells of a Reading."""
    history = reading.history
    accuracy, seconds = (history.test_accuracy[-1], history.seconds[-1]) if len(history.epoch) else (math.nan, 0.0)
    return {
        "step": int(reading.step),
        "steps": int(reading.steps),
        "loss": float(reading.loss),
        "accuracy": float(accuracy),
        "seconds": float(seconds),
        "seconds_left": float(reading.seconds_left),
    }


def told(error):
    """An error in one line, and where it arose.

    >>> told(ValueError("depth must be positive."))
    'ValueError: depth must be positive.'
    """
    text = "".join(traceback.format_exception_only(error)).strip()
    frames = traceback.extract_tb(error.__traceback__)
    return f"{text} (in {frames[-1].name}, {frames[-1].filename}:{frames[-1].lineno})" if frames else text


# ---- in this process


def _train_here(trials, here, terms, board, stop):
    """Train the trials one after the other."""
    for key, trial in trials.items():
        if stop():
            return
        board.starts(key)
        board.show()
        outcome = outcome_of(trial, here, terms, _Reporter(board, key), stop)
        settle(board, key, outcome)


class _Reporter:
    """Puts the readings of a run on the board."""

    def __init__(self, board, key):
        self.board, self.key = board, key

    def __call__(self, numbers):
        self.board.reads(self.key, numbers)
        self.board.show()


def settle(board, key, outcome):
    """Put the end of a trial on the board."""
    if outcome.ending in RESULTS:
        board.finishes(key, outcome.seconds)
    elif outcome.ending == "failed":
        board.fails(key, outcome.text)
    else:
        board.stops(key)
