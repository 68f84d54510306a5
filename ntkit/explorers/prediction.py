"""Two-layer networks in training beside what their Gram matrices predict, for several activations."""

from dataclasses import dataclass

import numpy as np

import ntkit as nk
from ntkit.explorers.explorer import Setting
from ntkit.explorers.listing import activation_code, data_code, listing
from ntkit.explorers.rivals import RivalExplorer
from ntkit.explorers.run_buttons import RunButtons
from ntkit.explorers.worker import Worker
from ntkit.figures.two_layer_training import followed_picture
from ntkit.progress import Progress

_TIMES = "np.geomspace(0.1, 1e4, 121)"
_QUICK = 10_000  # entries of the Gram matrices that a slider may wait for
_SECONDS_BETWEEN_REPORTS = 0.25


class PredictionExplorer(RivalExplorer):
    """Expected losses of infinitely wide two-layer networks on the chosen data, and one network trained beside them.

    The activation as the literature defines it, in the papers' (DZPS) parameterisation; trained: "hidden", "top" or
    "all".  A measured network starts from outputs of its own, and its predictions are drawn from there.

    >>> explorer = PredictionExplorer(activation="tanh", n=8, data="half_circle", width=512, steps=40, rivals=("relu",))
    >>> run = explorer.train().run
    >>> bool(run.loss[-1] < run.loss[0]), len(explorer.figure.data)
    (True, 5)
    """

    title = "prediction"
    watches = frozenset({"activation", "delta", "data", "n", "seed", "rivals", "width", "steps", "trained"})
    controls = ("activation", "data", "n", "seed", "width", "steps", "trained")
    trained = Setting()

    def beside_rivals(self):
        """The buttons that train."""
        return self.buttons.row

    def extras(self):
        """Rivals and the buttons that train, and how far a run has come."""
        self.worker, self._found = Worker(), {}
        self.buttons = RunButtons(self, self.messages)
        return (*super().extras(), self.buttons.status)

    # ---- the picture

    def picture(self):
        """What is expected of each activation, and the networks that belong to the settings."""
        return followed_picture(self._measured(), {name: self.expected(name) for name in self.names})

    def sketch(self):
        """What was shown, where the Gram matrices take longer than a slider allows."""
        known = all(self.bench.knows(self._key(name)) for name in self.names)
        return None if known or len(self.names) * self.bench.n**2 <= _QUICK else self.shown

    @property
    def frozen_label(self):
        """What the frozen curves are called."""
        settings = self.bench.settings
        return f"{settings.activation}, n = {settings.n}, {settings.data}"

    def expected(self, name):
        """Times of gradient flow, and the expected loss of infinitely wide networks at them."""
        times, points = np.geomspace(0.1, 1e4, 121), self.bench.dataset
        losses = self.bench.remember(
            self._key(name),
            lambda: nk.gram.expected_loss(
                points.x, self.bench.resolve(name), times, points.y, self.bench.settings.trained
            ),
        )
        return times, losses

    def _key(self, name):
        return "expected loss", self.bench.resolve(name), self.bench.dataset, self.bench.settings.trained

    def _measured(self):
        return {name: self._found[self._run_key(name)] for name in self.names if self._run_key(name) in self._found}

    # ---- the finite network

    def train(self):
        """Train the network of the present settings to its end; returns the nk.gram.Followed.

        Raises: what nk.gram.follow raises.
        """
        training = self._training()
        found = training(lambda report: None)
        self._keep(training.key, found)
        return found

    def start(self):
        """Train beside the notebook; what the button does."""
        training = self._training()
        self.buttons.begin()
        self.worker.start(
            training,
            progressed=self.buttons.progress,
            ended=lambda outcome: self._ended(training.key, outcome),
        )

    def cancel(self):
        """Ask a run started with the button to stop; what it measured stays."""
        self.worker.cancel()

    def _training(self):
        settings, bench = self.bench.settings, self.bench
        return _Training(
            self._run_key(settings.activation),
            bench.dataset,
            bench.raw_sigma,
            settings.width,
            settings.seed,
            settings.steps,
            settings.trained,
            self.worker.cancelled,
        )

    def _run_key(self, name):
        settings = self.bench.settings
        return name, self.bench.dataset, settings.width, settings.seed, settings.steps, settings.trained

    def _ended(self, key, outcome):
        with self.messages.reporting():
            self.buttons.end("" if isinstance(outcome, Exception) else outcome.run.outcome)
            if isinstance(outcome, Exception):
                raise outcome
            self._keep(key, outcome)

    def _keep(self, key, found):
        self._found[key] = found
        self.refresh()

    # ---- code

    @property
    def code(self):
        """Python that reproduces the figure."""
        bench, settings = self.bench, self.bench.settings
        measured = list(self._measured())
        return listing(
            "import numpy as np",
            "",
            f"points = {data_code(bench)}",
            "activations = {",
            *(_item(name, activation_code(bench, name)) for name in self.names),
            "}",
            f"times = {_TIMES}",
            "expected = {",
            f'    name: (times, nk.gram.expected_loss(points.x, sigma, times, points.y, layers="{settings.trained}"))',
            "    for name, sigma in activations.items()",
            "}",
            "found = {",
            f"    name: nk.gram.follow(points, activations[name], {settings.width}, steps={settings.steps}, "
            f'layers="{settings.trained}", seed={settings.seed})',
            f"    for name in {measured!r}",
            "}",
            "figure = nk.figures.followed_figure(found, expected)",
        )


@dataclass(frozen=True, eq=False)
class _Training:
    """A network to train, complete in itself: settings may change while it runs."""

    key: tuple
    points: object
    activation: object
    width: int
    seed: int
    steps: int
    layers: str
    cancelled: object

    def __call__(self, report):
        """Train; `report` hears an nk.progress.Report a few times a second."""
        progress = Progress(self.steps, "training", face=report, every=_SECONDS_BETWEEN_REPORTS)
        return nk.gram.follow(
            self.points,
            self.activation,
            self.width,
            steps=self.steps,
            layers=self.layers,
            seed=self.seed,
            callback=progress,
            cancel=self.cancelled.is_set,
        )


def _item(name, expression):
    """A line of a dictionary, with the comma before the comment."""
    code, separator, comment = expression.partition("  #")
    return f"    {name!r}: {code},{separator}{comment}"
