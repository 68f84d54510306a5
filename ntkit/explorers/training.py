"""How fast networks train: predicted from their spectra for several at once, and measured on a finite one."""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

import ntkit as nk
from ntkit.explorers.explorer import Explorer
from ntkit.explorers.listing import data_code, listing, normalized_code
from ntkit.explorers.mesh import MOST_POINTS
from ntkit.explorers.training_controls import TrainingControls
from ntkit.explorers.worker import Worker
from ntkit.figures.training import training_picture
from ntkit.progress import Progress

_TRAINED = {"all": "all layers", "top": "top layer"}
_SECONDS_BETWEEN_REPORTS = 0.25


@dataclass(frozen=True, eq=False)
class _Reading:
    """A training run as far as it has come: steps and loss like an nk.networks.TrainingRun."""

    steps: np.ndarray
    loss: np.ndarray
    initial: np.ndarray


class TrainingExplorer(Explorer):
    """Loss curves of gradient descent: predicted for several activations and depths, measured on a finite network.

    A measured network starts from outputs of its own, not from 0; its prediction is then drawn from there.

    >>> explorer = TrainingExplorer(activation="tanh", depth=3, n=12, width=64, steps=40, rivals=(), depths=())
    >>> run = explorer.train()
    >>> bool(run.loss[-1] < run.loss[0])
    True
    """

    title = "training"
    watches = frozenset(
        {"activation", "depth", "delta", "data", "n", "seed", "rivals", "depths", "width", "steps", "layers"}
    )
    controls = ("activation", "depth", "delta", "data", "n", "seed")

    def extras(self):
        """What only training needs: rivals, the finite network, and the buttons that train it."""
        self.worker, self._readings = Worker(), {}
        self.training_controls = TrainingControls(self)
        return (self.training_controls,)

    # ---- the picture

    def picture(self):
        """Every chosen activation at every chosen depth, and the measured curves that belong to them."""
        return self._drawn(self._keys())

    def sketch(self):
        """The chosen network from interpolated kernels, and of the others those that need no computing."""
        if self.bench.n > MOST_POINTS:
            return self.shown
        keys = self._keys()
        known = [key for key in keys if self.bench.knows(self._modes_key(*key))]
        if len(known) == len(keys):
            return None
        quick = {} if keys[0] in known else self._quick_prediction(*keys[0])
        return self._drawn(known, quick) if known or quick else self.shown

    def _drawn(self, keys, quick=MappingProxyType({})):
        readings = {key: self._readings[self._run_key(*key)] for key in keys if self._run_key(*key) in self._readings}
        predictions = {**quick, **{key: self.prediction(*key, reading=readings.get(key)) for key in keys}}
        return training_picture(predictions, readings, trained=_TRAINED[self.bench.settings.layers])

    def _keys(self):
        """(activation, depth) of each curve, the chosen one first."""
        settings = self.bench.settings
        depths = dict.fromkeys((settings.depth, *settings.depths))
        names = dict.fromkeys((settings.activation, *settings.rivals))
        return [(name, depth) for depth in depths for name in names]

    # ---- predictions

    def prediction(self, name, depth, reading=None):
        """The nk.dynamics.Prediction for an activation and a depth on the chosen data, from where `reading` started."""
        modes = self.bench.remember(self._modes_key(name, depth), lambda: self._modes(name, depth))
        y, steps = self.bench.dataset.y, self.bench.settings.steps
        if reading is not None:
            return nk.dynamics.predict(modes, y, steps, initial=reading.initial)
        return self.bench.remember(("prediction", modes, steps), lambda: nk.dynamics.predict(modes, y, steps))

    def _quick_prediction(self, name, depth):
        """The same from interpolated kernels, under its key, or nothing where they will not do."""
        mesh, points = self.bench.meshes.quick(self.bench.normalized(name)), self.bench.dataset
        if depth > mesh.depth or mesh.trajectory.ntk is None:
            return {}
        kernels = mesh.kernels(points.x, depth)
        kernel = kernels.ntk if self.bench.settings.layers == "all" else kernels.nngp
        try:
            return {(name, depth): nk.dynamics.predict(kernel, points.y, self.bench.settings.steps)}
        except ValueError:  # a nearly singular matrix became indefinite by interpolation
            return {}

    def _modes_key(self, name, depth):
        return "modes", name, depth, self.bench.dataset, self.bench.settings.layers

    def _modes(self, name, depth):
        network = nk.mlp(depth, self.bench.normalized(name))
        kernel = network.ntk if self.bench.settings.layers == "all" else network.nngp
        return nk.dynamics.modes(kernel(self.bench.dataset.x))

    # ---- the finite network

    def train(self):
        """Train the finite network of the present settings to its end; returns the nk.networks.TrainingRun.

        Raises: what nk.networks.train raises.
        """
        training = self._training()
        run = training(lambda reading: None)
        self._keep(training.key, run)
        return run

    def start(self):
        """Train beside the notebook, drawing the curve as it grows; what the button does."""
        training = self._training()
        self.training_controls.buttons.begin()
        self.worker.start(
            training,
            progressed=lambda told: self._progressed(training.key, *told),
            ended=lambda outcome: self._ended(training.key, outcome),
        )

    def cancel(self):
        """Ask a run started with the button to stop; what it measured stays."""
        self.worker.cancel()

    def _training(self):
        settings, dataset = self.bench.settings, self.bench.dataset
        name, depth = settings.activation, settings.depth
        return _Training(
            key=self._run_key(name, depth),
            network=nk.mlp(depth, self.bench.normalized(name)),
            dataset=dataset,
            width=settings.width,
            seed=settings.seed,
            steps=settings.steps,
            layers=settings.layers,
            learning_rate=self.prediction(name, depth).learning_rate,
            cancelled=self.worker.cancelled,
        )

    def _run_key(self, name, depth):
        settings = self.bench.settings
        return name, depth, self.bench.dataset, settings.width, settings.seed, settings.steps, settings.layers

    def _progressed(self, key, reading, report):
        self.training_controls.buttons.progress(report)
        self._keep(key, reading)

    def _ended(self, key, outcome):
        with self.messages.reporting():
            self.training_controls.buttons.end(getattr(outcome, "outcome", ""))
            if isinstance(outcome, Exception):
                raise outcome
            self._keep(key, outcome)

    def _keep(self, key, reading):
        self._readings[key] = reading
        self.refresh()

    # ---- code

    @property
    def code(self):
        """Python that reproduces the figure."""
        bench, settings = self.bench, self.bench.settings
        kernel = "ntk" if settings.layers == "all" else "nngp"
        names = dict.fromkeys(name for name, _ in self._keys())
        activations = [f'    "{name}": {normalized_code(bench, name)},' for name in names]
        return listing(
            f"points = {data_code(bench)}",
            "activations = {",
            *activations,
            "}",
            "predictions = {}",
            f"for depth in {list(dict.fromkeys(depth for _, depth in self._keys()))}:",
            "    for name, sigma in activations.items():",
            f"        kernel = nk.mlp(depth, sigma).{kernel}(points.x)",
            f"        predictions[name, depth] = nk.dynamics.predict(kernel, points.y, steps={settings.steps})",
            *self._measured_code(),
        )

    def _measured_code(self):
        settings = self.bench.settings
        trained = f'trained="{_TRAINED[settings.layers]}"'
        key = settings.activation, settings.depth
        if self._run_key(*key) not in self._readings:
            return [f"figure = nk.figures.training_figure(predictions, {trained})"]
        return [
            f'key = "{key[0]}", {key[1]}',
            f"module = nk.mlp({key[1]}, activations[key[0]]).module(points.dim, width={settings.width}, "
            f"seed={settings.seed})",
            "learning_rate = predictions[key].learning_rate",
            f"run = nk.networks.train(module, points.x, points.y, {settings.steps}, learning_rate, "
            f'layers="{settings.layers}")',
            "predictions[key] = nk.dynamics.predict(",
            f"    nk.mlp({key[1]}, activations[key[0]]).{'ntk' if settings.layers == 'all' else 'nngp'}(points.x),",
            f"    points.y, {settings.steps}, initial=run.initial)",
            f"figure = nk.figures.training_figure(predictions, {{key: run}}, {trained})",
        ]


@dataclass(frozen=True, eq=False)
class _Training:
    """A finite network to train, complete in itself: settings may change while it runs."""

    key: tuple
    network: object
    dataset: object
    width: int
    seed: int
    steps: int
    layers: str
    learning_rate: float
    cancelled: object

    def __call__(self, report):
        """Train; `report` hears (reading so far, nk.progress.Report) a few times a second."""
        module = self.network.module(self.dataset.dim, self.width, self.seed)
        start = self._train(module, 0)
        steps, losses = [], []
        progress = Progress(
            self.steps,
            "training",
            face=lambda told: report((_Reading(np.array(steps), np.array(losses), start.initial), told)),
            every=_SECONDS_BETWEEN_REPORTS,
        )

        def read(step, loss, seconds_left):
            steps.append(step)
            losses.append(loss)
            progress(step, loss, seconds_left)

        return self._train(module, self.steps, callback=read, cancel=self.cancelled.is_set)

    def _train(self, module, steps, **watching):
        return nk.networks.train(
            module,
            self.dataset.x,
            self.dataset.y,
            steps,
            self.learning_rate,
            layers=self.layers,
            **watching,
        )
