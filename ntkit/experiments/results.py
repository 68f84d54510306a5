"""Finished training runs on disk, a parquet file each, and all of them as one tidy table.

    folder/runs/<key>.parquet        a finished run: a row an epoch, with the columns of its trial
    folder/checkpoints/<key>.pt      a run in progress, or one that was cancelled or killed
    folder/set_aside/                files that could not be what their names say

`pandas.read_parquet(folder / "runs")` reads the whole table without ntkit.  A file appears under its name only when it
is complete and on disk, so that a kill at any moment leaves either the whole run or none of it.
"""

import io
import json
import os
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path

from filelock import FileLock, Timeout

from ntkit.experiments.batches import Augmentation
from ntkit.experiments.files import whole_file
from ntkit.experiments.history import CONDITIONING, METRICS, History
from ntkit.experiments.model import Model
from ntkit.experiments.recipe import Recipe
from ntkit.experiments.trial import Probe, Trial

FORMAT = 1
RESULTS = ("finished", "diverged")  # endings that are results; a cancelled run is not done
_ABOUT = b"ntkit run"
_IDENTITY = ".identity"
_SECONDS_BETWEEN_TRIES = 0.25
_SECONDS_OF_LEFT_OVERS = 3600


@dataclass(frozen=True, eq=False, repr=False)
class Results:
    """What a sweep found.

    folder: where its runs lie.  records: the Record of each finished run, in the order of the trials.  failed: trial →
    the error that it ended in; it is tried again on the next call.  waiting: trials that a cancelled sweep left.
    set_aside: file → what was wrong with it; it did not count as a run.
    """

    folder: Path
    records: tuple
    failed: dict = field(default_factory=dict)
    waiting: tuple = ()
    set_aside: dict = field(default_factory=dict)

    def __repr__(self):
        errors = "".join(f"\n  {trial.label}: {text}" for trial, text in self.failed.items())
        return f"<Results: {self.outcome}{errors}>"

    def table(self):
        """All finished runs as a pandas.DataFrame, a row an epoch: the columns of `History.table()`.

        A column that only some runs have, such as the conditioning at a layer, is nan for the others.
        """
        import pandas as pd

        tables = [record.table for record in self.records]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()

    def last(self):
        """The last epoch of each run: a pandas.DataFrame, a row a run."""
        import pandas as pd

        rows = [record.table.tail(1) for record in self.records]
        return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()

    @cached_property
    def histories(self):
        """The History of each run.

        Raises: ValueError for a trial on images or with an activation of one's own, which no file can hold: give
        `read_results` the trials then.
        """
        return tuple(record.history() for record in self.records)

    @property
    def outcome(self):
        """One sentence on what is there."""
        diverged = sum(record.ending == "diverged" for record in self.records)
        parts = [f"runs done: {len(self.records)}" + (f", {diverged} of them diverged" if diverged else "")]
        parts += [f"failed: {len(self.failed)}"] * bool(self.failed)
        parts += [f"waiting for the next call: {len(self.waiting)}"] * bool(self.waiting)
        parts += [f"files set aside: {len(self.set_aside)}"] * bool(self.set_aside)
        return "; ".join(parts) + "."


def read_results(folder, trials=None):
    """The finished runs in a folder that a sweep wrote; nothing is trained.

    Parameters: folder; trials, those to read, in this order (the ones not finished are `waiting` in what is returned);
    by default all that the folder holds, in the order of their labels.
    Returns: Results.
    Raises: FileNotFoundError where no sweep has written; ValueError for a file among the runs that is damaged or not
    a run of ours.

    >>> import tempfile
    >>> from ntkit.experiments import Recipe, fully_connected, grid, sweep
    >>> folder = tempfile.mkdtemp()
    >>> trials = grid(fully_connected(2, 16), "digits", Recipe(0.05, epochs=1), seeds=(0, 1), train_size=64)
    >>> results = sweep(trials, folder, workers=0, progress=lambda reading: None)
    >>> read_results(folder).outcome
    'runs done: 2.'
    """
    here = RunFolder(folder)
    if not here.runs.is_dir():
        raise FileNotFoundError(f"the folder must hold the runs of a sweep; {here.runs} is not there.")
    if trials is None:
        records = [here.read(path.stem) for path in here.runs.glob("*.parquet")]
        return Results(here.folder, tuple(sorted(records, key=lambda record: (record.label, record.key))))
    wanted = {trial.key: trial for trial in trials}
    there = {key: here.read(key, trial) for key, trial in wanted.items() if here.run(key).exists()}
    waiting = tuple(trial for key, trial in wanted.items() if key not in there)
    return Results(here.folder, tuple(there.values()), waiting=waiting)


# ---- one run


@dataclass(frozen=True, eq=False)
class Record:
    """A run as its file holds it: the trial's key and label, how it ended, the table, and the rest of its History."""

    key: str
    label: str
    table: object
    rest: dict
    trial: Trial | None = None

    @property
    def ending(self):
        """ "finished" or "diverged"."""
        return self.table["ending"].iloc[-1]

    @property
    def seconds(self):
        """How long the run took."""
        return float(self.table["seconds"].iloc[-1])

    def history(self):
        """The History that was written.

        Raises: ValueError where the trial is not known and cannot be made from its description.
        """
        trial, table = self.trial or self._described_trial(), self.table
        places = {name: _places(table, name) for name in CONDITIONING}
        metrics = {name: table[name].to_numpy(dtype=float) for name in METRICS}
        about = {name: table[name].iloc[-1] for name in ("ending", "device", "precision")}
        return History(
            trial=trial,
            epoch=table["epoch"].to_numpy(dtype=int),
            **metrics,
            **places,
            **about,
            compiled=bool(table["compiled"].iloc[-1]),
            samples_per_second=float(table["samples_per_second"].iloc[-1]),
            **{name: self.rest[name] for name in ("step", "last_loss")},
        )

    def _described_trial(self):
        trial = _trial_of(self.rest["trial"]) if self.rest["trial"] else None
        if trial is None or trial.key != self.key:
            raise ValueError(
                f"the trial of a history must be known; {self.label!r} has images or an activation of your own, which "
                "its file cannot hold. Give read_results the trials, or use its table()."
            )
        return trial


def encoded(history):
    """A History as the bytes of a parquet file, its trial's description in the metadata.

    >>> from ntkit.experiments import Recipe, Trial, fully_connected, run
    >>> history = run(Trial(fully_connected(2, 16), "digits", Recipe(0.05, epochs=1), train_size=64), device="cpu")
    >>> decoded(encoded(history), history.trial.key).history().outcome == history.outcome
    True
    """
    import pyarrow as pa
    import pyarrow.parquet

    rest = {
        "format": FORMAT,
        "key": history.trial.key,
        "label": history.trial.label,
        "trial": _described(history.trial),
        "step": history.step,
        "last_loss": history.last_loss,
    }
    table = pa.Table.from_pandas(history.table(), preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), _ABOUT: json.dumps(rest).encode()})
    stream = io.BytesIO()
    pa.parquet.write_table(table, stream)
    return stream.getvalue()


def decoded(contents, key, trial=None):
    """The Record in the bytes of a parquet file.

    Parameters: contents; key that the run must have; trial, where it is known.
    Raises: ValueError for bytes that are no parquet file, no run of ours, another run's, or one that is not done.
    """
    import pyarrow as pa
    import pyarrow.parquet

    try:
        table = pa.parquet.read_table(pa.BufferReader(contents))
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"it cannot be read as a parquet file: {str(error).splitlines()[0]}") from error
    about = (table.schema.metadata or {}).get(_ABOUT)
    if about is None:
        raise ValueError("it has no description of a run: something other than a sweep wrote it")
    rest = json.loads(about)
    if rest["format"] != FORMAT:
        raise ValueError(f"it has format {rest['format']}, and this version of ntkit reads {FORMAT}")
    if rest["key"] != key:
        raise ValueError(f"it holds another run, {rest['label']}, whose key is {rest['key']}")
    frame = table.to_pandas()
    if not len(frame) or frame["ending"].iloc[-1] not in RESULTS:
        raise ValueError("it holds a run that is not done")
    return Record(key, rest["label"], frame, rest, trial)


def _places(table, name):
    """place → readings, from the columns "name place"."""
    columns = [column for column in table.columns if column.startswith(f"{name} ")]
    return {column.removeprefix(f"{name} "): table[column].to_numpy(dtype=float) for column in columns}


def _described(trial):
    """The trial as plain values from which it can be made again; None where it holds more than those."""
    if not isinstance(trial.data, str) or not isinstance(trial.model.activation, str):
        return None
    values = {part.name: getattr(trial, part.name) for part in fields(trial)}
    return {**values, **{name: asdict(values[name]) for name in ("model", "recipe", "probe")}}


def _trial_of(values):
    recipe = dict(values["recipe"])
    if recipe["augmentation"]:
        recipe["augmentation"] = Augmentation(**recipe["augmentation"])
    parts = {"model": Model(**values["model"]), "recipe": Recipe(**recipe), "probe": Probe(**values["probe"])}
    return Trial(**{**values, **parts})


# ---- the folder


class RunFolder:
    """The folder of a sweep: where each file lies, and how it is written so that none is ever half there."""

    def __init__(self, folder):
        self.folder = Path(folder).absolute()
        self.runs, self.checkpoints = self.folder / "runs", self.folder / "checkpoints"

    def make(self):
        """Make the folders that are missing.

        Raises: OSError where that is not allowed.
        """
        self.runs.mkdir(parents=True, exist_ok=True)
        self.checkpoints.mkdir(exist_ok=True)

    def identity(self):
        """What this folder and no other is called, given when first asked for."""
        path = self.folder / _IDENTITY
        with FileLock(f"{path}.lock"):
            if not path.exists() or not path.read_text():
                path.write_text(uuid.uuid4().hex)
            return path.read_text()

    def is_seen_as(self, identity):
        """Whether there is a folder of this path here, and it is the one that is called so."""
        try:
            return (self.folder / _IDENTITY).read_text() == identity
        except OSError:
            return False

    def run(self, key):
        """The file of a finished run."""
        return self.runs / f"{key}.parquet"

    def checkpoint(self, key):
        """The file of a run in progress."""
        return self.checkpoints / f"{key}.pt"

    def read(self, key, trial=None):
        """The Record of a finished run.

        Raises: ValueError for a file that is damaged or not that run.
        """
        path = self.run(key)
        try:
            return decoded(path.read_bytes(), key, trial)
        except ValueError as error:
            raise ValueError(
                f"{path} must be a run that a sweep wrote; {error}. Remove it, or sweep again: that sets it aside and "
                "trains the run anew."
            ) from error

    def write(self, key, contents):
        """Write a finished run."""
        with whole_file(self.run(key)) as stream:
            stream.write(contents)

    def set_aside(self, key):
        """Move the file of a run out of the way; returns its new place."""
        aside = self.folder / "set_aside"
        aside.mkdir(exist_ok=True)
        place = aside / f"{key}.{uuid.uuid4().hex[:8]}.parquet"
        os.replace(self.run(key), place)
        return place

    def sweep_out(self):
        """Remove what writers that were killed left over; what is younger than an hour may still be written."""
        for part in self.runs.glob(".*.part"):
            with suppress(FileNotFoundError):
                if time.time() - part.stat().st_mtime > _SECONDS_OF_LEFT_OVERS:
                    part.unlink()

    def forget_progress(self, key):
        """Remove the checkpoint of a run whose result is on disk."""
        self.checkpoint(key).unlink(missing_ok=True)

    def history(self, trial, stop, train):
        """The History of a trial: as its file holds it, or by `train(checkpoint)`, which is written if it is a result.

        Parameters: stop() → True while another process trains the same gives the waiting up; None is returned then.
        """
        key = trial.key
        with self.claim(key, stop) as ours:
            if not ours:
                return None
            if self.run(key).exists():
                return self.read(key, trial).history()
            history = train(self.checkpoint(key))
            if history.ending in RESULTS:
                self.write(key, encoded(history))
                self.forget_progress(key)
            return history

    @contextmanager
    def claim(self, key, cancelled):
        """Wait until no other process trains this trial; yields whether it is ours, False when cancelled meanwhile.

        The system gives a claim back when its process ends, however it ends.
        """
        lock = FileLock(self.checkpoints / f"{key}.lock")
        while True:
            try:
                lock.acquire(timeout=_SECONDS_BETWEEN_TRIES)
                break
            except Timeout:
                if cancelled():
                    yield False
                    return
        try:
            yield True
        finally:
            if self.run(key).exists():
                with suppress(PermissionError):  # where an open file cannot be removed
                    Path(lock.lock_file).unlink(missing_ok=True)
            lock.release()
