"""Networks trained on images beside each other: chosen, started, watched, stopped, compared and kept."""

import math
import shutil
import tempfile
import time
import weakref
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import numpy as np

import ntkit as nk
from ntkit.explorers.compared import Comparison
from ntkit.explorers.comparison_board import ComparisonBoard
from ntkit.explorers.comparison_code import comparison_code
from ntkit.explorers.explorer import Setting
from ntkit.explorers.rivals import RivalExplorer
from ntkit.explorers.worker import Worker
from ntkit.figures.comparison import comparison_picture
from ntkit.progress import Report

_SECONDS_BETWEEN_READINGS = 0.2


class ComparisonExplorer(RivalExplorer):
    """Accuracy, loss and dot products of networks as they train on images, each run kept to compare with the next.

    `start` trains the network of the present settings from each of its seeds, beside the notebook; what runs already
    stays on the picture.  The activation is trained as the literature defines it, not normalised.  A run that was
    cancelled goes on where it stopped, from a checkpoint in `folder`.

    Parameters: as of every explorer; images may be an nk.data.ImageSet of one's own.  folder, where runs are kept, as
    nk.experiments.sweep keeps them: by default one that is removed with the session.  In a folder of one's own, runs
    that are there already, from a sweep as well, are taken up and not trained again.

    >>> explorer = ComparisonExplorer(activation="tanh", depth=2, width=32, train_size=128, epochs=2, repeats=2)
    >>> [history.ending for history in explorer.train()]
    ['finished', 'finished']
    >>> explorer.normalisation = "batch"
    >>> histories = explorer.train()
    >>> list(explorer.comparison.labels)
    ['FC-2 tanh', 'FC-2 BatchNorm tanh']
    """

    title = "comparison"
    controls = ("activation", "depth", "seed")
    architecture, channels, normalisation = Setting(), Setting(), Setting()
    images, train_size, batch_size = Setting(), Setting(), Setting()
    learning_rate, schedule, epochs, repeats = Setting(), Setting(), Setting(), Setting()

    def __init__(self, bench=None, *, folder=None, **options):
        self._folder, self._running, self._tail = folder, None, []
        self.worker, self.comparison = Worker(), Comparison()
        super().__init__(bench, **options)
        self.plan()

    def extras(self):
        """Which network, how it is trained, the buttons, and the list of runs."""
        (rivals,) = super().extras()
        self.board = ComparisonBoard(self, rivals)
        return (self.board,)

    # ---- the picture

    def picture(self):
        """The runs that are shown."""
        return comparison_picture(
            self.comparison.drawn(), numbers=self.comparison.numbers(), tails=self._running_tail()
        )

    def _running_tail(self):
        """Label → (epochs, losses) of the run that is going on, since its last reading."""
        network = self._running and self.comparison.of(self._running)
        history = network and network.histories.get(self._running.key)
        if not history:
            return {}
        start = int(history.epoch[-1])
        points = [(start, history.train_loss[-1]), *(point for point in self._tail if point[0] > start)]
        label = next(label for label, one in self.comparison.labels.items() if one is network)
        return {label: tuple(np.array(points, dtype=float).T)}

    @property
    def frozen_label(self):
        """What frozen curves are called."""
        return "runs before"

    @property
    def code(self):
        """Python that reproduces the runs shown; before there is one, what `start` would run."""
        return comparison_code(self.comparison if self.comparison.networks else self._planned())

    def _planned(self):
        planned = Comparison()
        with suppress(ValueError):  # said in the panel
            planned.add(self.trials())
        return planned

    # ---- what the settings ask for

    def trials(self, name=None):
        """The nk.experiments.Trial of each seed, of the chosen activation or of the one called `name`.

        Raises: ValueError where there is no such network: the depth of a residual one must be 6n + 2.
        """
        settings = self.bench.settings
        experiments = nk.experiments
        model = experiments.Model(
            settings.architecture,
            settings.depth,
            settings.width if settings.architecture == "fully_connected" else settings.channels,
            self.bench.resolve(name or settings.activation),
            settings.normalisation,
        )
        recipe = experiments.Recipe(
            settings.learning_rate,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            milestones=_milestones(settings),
        )
        return tuple(
            experiments.Trial(model, self.bench.image_source, recipe, seed=seed, train_size=settings.train_size or None)
            for seed in range(settings.seed, settings.seed + settings.repeats)
        )

    def trials_with_rivals(self):
        """Those of the chosen activation and of each of its rivals."""
        return [trial for name in self.names for trial in self.trials(name)]

    def plan(self):
        """Say what `start` would train, or why it cannot."""
        self.board.plan()
        if not self.comparison.networks:
            self.tools.follow()

    def _changed(self, names):
        super()._changed(names)
        if not self._is_asleep:
            self.plan()

    def wake(self):
        """Follow again."""
        super().wake()
        self.plan()

    # ---- training

    def train(self):
        """Train the network of the present settings to its end; returns the nk.experiments.History of each seed.

        Raises: what nk.experiments.run raises.
        """
        trials = self.trials()
        self.comparison.add(trials)
        for trial in trials:
            self._train(trial)
        self._redraw()
        network = self.comparison.of(trials[0])
        return tuple(network.histories[trial.key] for trial in trials)

    def _train(self, trial):
        try:
            self.comparison.keep(trial, _Training(trial, self.folder)(_hear_nothing))
        except Exception as error:
            self.comparison.fail(trial, error)
            raise

    def start(self):
        """Train the network of the present settings beside the notebook, after those that wait; what the button does.

        Raises: ValueError for settings that are no network, or that have run already.
        """
        self.line_up(self.trials())
        self.train_waiting()

    def start_rivals(self):
        """Start the chosen activation and each of its rivals."""
        self.line_up(self.trials_with_rivals())
        self.train_waiting()

    def line_up(self, trials):
        """Put trials on the list, to be trained after those that wait.

        Raises: ValueError where all of them have run already.
        """
        if not self.comparison.add(trials) and self._running is None:
            raise ValueError("all of this has run already. Change a setting, or take another seed.")
        self._redraw()

    def cancel(self):
        """Stop the run that is going on, and those that wait; what was measured stays, and can go on."""
        self.comparison.cancel()
        self.worker.cancel()
        self.board.follow()

    def take(self, histories):
        """Put runs that were made elsewhere on the list.

        Parameters: histories, nk.experiments.History each, such as `nk.experiments.read_results(folder).histories`.
        """
        for history in histories:
            self.comparison.add([history.trial])
            self.comparison.keep(history.trial, history)
        self._redraw()

    def remove(self, label):
        """Take a network off the list, and stop it if it is running."""
        network = self._called(label)
        if self._running is not None and self.comparison.of(self._running) is network:
            self.worker.cancel()
        self.comparison.remove(network)
        self._redraw()

    def hide(self, label):
        """Leave a network out of the picture."""
        self.set_shown(label, False)

    def unhide(self, label):
        """Draw a hidden network again."""
        self.set_shown(label, True)

    def set_shown(self, label, is_shown):
        """Draw a network or leave it out."""
        self._called(label).is_shown = is_shown
        self._redraw()

    def _called(self, label):
        labels = self.comparison.labels
        if label not in labels:
            raise ValueError(f"label must be one of the list, {', '.join(labels) or 'which is empty'}; got {label!r}.")
        return labels[label]

    def train_waiting(self):
        """Train what waits, one run after the other, beside the notebook."""
        if self._running is not None or not self.comparison.waiting:
            self.board.follow()
            return
        trial = self._running = self.comparison.waiting[0]
        self.comparison.begin(trial)
        self._tail = []
        self.worker = Worker()  # a new one for each run: the last one's thread may not be quite gone
        self.board.follow()
        self.worker.start(
            _Training(trial, self.folder, self.worker.cancelled),
            progressed=lambda reading: self._progressed(trial, reading),
            ended=lambda outcome: self._ended(trial, outcome),
        )

    def _progressed(self, trial, reading):
        if self._running is trial:
            label = f"{trial.model.label}, seed {trial.seed}"
            self.board.progress(Report(label, reading.step, reading.steps, reading.loss, reading.seconds_left))
            point = trial.recipe.epochs * reading.step / reading.steps, reading.loss
            self._tail = [*(earlier for earlier in self._tail if earlier[0] > reading.history.epoch[-1]), point]
            self.comparison.keep(trial, reading.history)
            self._redraw(self._draw_curves)

    def _ended(self, trial, outcome):
        self._running = None
        if isinstance(outcome, Exception):
            self.comparison.fail(trial, outcome)
            self._redraw()
            with self.board.messages.reporting():
                raise outcome
        else:
            self.comparison.keep(trial, outcome)
            self._redraw()
        self.train_waiting()

    def _redraw(self, draw=None):
        self.board.follow()
        if self._is_asleep:
            self._missed = True
        else:
            (draw or self.refresh)()

    def _draw_curves(self):
        """The curves and what they come to; table and code follow when the run has ended."""
        with self.messages.reporting():
            self._draw_quickly()
            self._say_in_words()

    # ---- what is kept

    @property
    def folder(self):
        """Where runs are kept, and their checkpoints."""
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="ntkit-")
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return Path(self._folder)

    @folder.setter
    def folder(self, folder):
        self._folder = folder or None

    def to_frame(self):
        """All runs as a pandas.DataFrame, one row an epoch: nk.experiments.History.table, one below the other."""
        import pandas as pd

        tables = [history.table() for history in self.comparison.histories()]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()

    def save(self, path):
        """Write all runs to a file, .parquet or .csv.

        Raises: ValueError for another ending, or where nothing has run.
        """
        path = Path(path)
        if path.suffix not in (".parquet", ".csv"):
            raise ValueError(f"path must end in .parquet or .csv; got {path.name!r}.")
        table = self.to_frame()
        if table.empty:
            raise ValueError("there must be a run to save; there is none yet. Press Start, or call train().")
        if path.suffix == ".csv":
            table.to_csv(path, index=False)
        else:
            table.to_parquet(path, index=False)


def _milestones(settings):
    """Epochs after which the learning rate falls to a tenth: 100 and 200 of the paper's 300."""
    thirds = {round(settings.epochs / 3), round(2 * settings.epochs / 3)} if settings.schedule == "thirds" else ()
    return tuple(sorted(epoch for epoch in thirds if 1 <= epoch < settings.epochs))


@dataclass(frozen=True, eq=False)
class _Training:
    """A trial to run, complete in itself: settings may change while it runs."""

    trial: object
    folder: Path
    cancelled: object = field(default_factory=Event)

    def __call__(self, report):
        """The History, or None where it was cancelled before there was one; `report` hears Readings as it runs."""
        from ntkit.experiments.results import RunFolder

        here = RunFolder(self.folder)
        here.make()
        return here.history(self.trial, self.cancelled.is_set, lambda checkpoint: self._trained(checkpoint, report))

    def _trained(self, checkpoint, report):
        due = -math.inf

        def heard(reading):
            nonlocal due
            if time.monotonic() >= due:
                due = time.monotonic() + _SECONDS_BETWEEN_READINGS
                report(reading)

        return nk.experiments.run(self.trial, checkpoint=checkpoint, callback=heard, cancel=self.cancelled.is_set)


def _hear_nothing(reading):
    """What a run that nobody watches reports to."""
