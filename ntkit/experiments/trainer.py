"""Training one network on images, so that it can be watched, stopped, killed and taken up again exactly.

The run is a function of its trial and its machine.  What is drawn, weights, order of the images and augmentation,
comes from the trial's seed and the epoch's number, so the state on disk is the weights, the momentum and where the run
stands; resumed from there it takes the very steps that it would have taken.
"""

import math
import time
from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy

from ntkit.experiments import checkpoints
from ntkit.experiments.batches import Batches, standardised
from ntkit.experiments.history import History, Log
from ntkit.experiments.machine import Machine, repeatable
from ntkit.experiments.measures import INPUT, calibrated, conditioning_of

_DIVERGED = 1e4  # times the loss at the start, or that of a guess if it is larger
_STEPS_BETWEEN_LOOKS = 20
_SECONDS_BETWEEN_READINGS = 0.25
_EVALUATED_AT_ONCE = 1000


@dataclass(frozen=True, eq=False)
class Reading:
    """How far a run has come: its History so far, steps taken of all, the loss now, seconds left (nan if not known)."""

    history: History
    step: int
    steps: int
    loss: float
    seconds_left: float


def run(
    trial,
    *,
    images=None,
    device="auto",
    precision="float32",
    compile=False,
    checkpoint=None,
    every=60.0,
    callback=None,
    cancel=None,
):
    """Train the network of a trial, or take up its training where a checkpoint left it.

    Parameters: trial; images, the nk.data.ImageSet to use instead of loading `trial.image_set()`; device, precision,
    compile as in `Machine`; checkpoint, a file that the state is written to every `every` seconds, when the run is
    cancelled and when it ends, and taken up from if it is there; callback(reading), called at each epoch's end and a
    few times a second with a Reading; cancel() → True ends the run after the step it is at.
    Returns: History; one that was cancelled goes on from its checkpoint when the trial is run again.
    Raises: ValueError for a checkpoint of another trial, a device that is not there, or a probe's place that the
    network does not have; what `trial.image_set()` raises.

    On one device, with as many threads, the same trial gives the same History but for its times.  A loss that is not
    finite, or 10⁴ times that of the start (of a guess, where that is more), ends the run as "diverged".

    >>> from ntkit.experiments import Recipe, Trial, fully_connected
    >>> history = run(Trial(fully_connected(2, 32), "digits", Recipe(0.05, epochs=2), train_size=256), device="cpu")
    >>> history.ending, history.epoch.tolist(), bool(history.train_loss[-1] < history.train_loss[0])
    ('finished', [0, 1, 2], True)
    """
    machine = Machine(device, precision, compile)
    with repeatable(machine.torch_device):
        training = _Training(trial, images or trial.image_set(), machine)
        keeper = _Keeper(training, checkpoint, every)
        teller = _Teller(training, callback)
        if keeper.resume() and training.ending in ("finished", "diverged"):
            return training.history()
        training.ending = "running"
        training.begin()
        teller.tell()
        training.ending = _go_on(training, keeper, teller, cancel)
        keeper.keep()
        teller.tell()
        return training.history()


def trained_module(trial, checkpoint, *, device="cpu"):
    """The network of a trial with the weights that a checkpoint holds, in evaluation mode.

    Raises: FileNotFoundError where there is no checkpoint; ValueError for one of another trial.

    >>> import tempfile, pathlib
    >>> from ntkit.experiments import Recipe, Trial, fully_connected
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "run.pt"
    >>> trial = Trial(fully_connected(2, 16), "digits", Recipe(0.05, epochs=1), train_size=64)
    >>> history = run(trial, device="cpu", checkpoint=file)
    >>> trained_module(trial, file)(torch.zeros(3, 1, 8, 8)).shape
    torch.Size([3, 10])
    """
    state = checkpoints.load(checkpoint, trial.key, device=device)
    if state is None:
        raise FileNotFoundError(f"a checkpoint must exist; there is none at {checkpoint}. Run the trial with it first.")
    images = trial.image_set()
    module = trial.model.module(images.shape, len(images.classes), trial.seed, device=torch.device(device))
    module.load_state_dict(state["module"])
    return module.eval()


class _Training:
    """A network in training: its weights, its optimiser, where it stands, and what was read."""

    def __init__(self, trial, images, machine):
        self.trial, self.machine, self.images = trial, machine, images
        device, recipe = machine.torch_device, trial.recipe
        self.module = trial.model.module(images.shape, len(images.classes), trial.seed, device=device)
        self.stepped = machine.compiled(self.module)
        self.batches = Batches(
            images, recipe.batch_size, seed=trial.seed, augmentation=recipe.augmentation, device=device
        )
        groups = self.module.parameter_groups()
        self.shares = [group["share"] for group in groups]
        self.optimiser = torch.optim.SGD(
            [{"params": group["params"]} for group in groups],
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
        )
        self.scaler = machine.scaler()
        self.probe = _Probed(trial.probe, images, device)
        self.log, self.ending = Log(), "running"
        self.step, self.seconds, self.stepping = 0, 0.0, 0.0  # steps taken, seconds in all, and of those in steps
        self.sums = torch.zeros(2, dtype=torch.float64, device=device)  # losses and right answers of this epoch
        self.count = 0  # images of this epoch
        self._clock = time.perf_counter()

    # ---- where it stands

    @property
    def steps(self):
        return self.trial.recipe.epochs * self.batches.steps_per_epoch

    @property
    def epoch(self):
        """The epoch that the next step belongs to, counted from 1."""
        return self.step // self.batches.steps_per_epoch + 1

    @property
    def loss(self):
        """The mean loss of the epoch that is going on; of the one before at its start."""
        return self.sums[0].item() / self.count if self.count else self.log.rows[-1]["train_loss"]

    def lap(self):
        """Add the time since the last lap to the seconds taken, and return it."""
        now = time.perf_counter()
        elapsed, self._clock = now - self._clock, now
        self.seconds += elapsed
        return elapsed

    def seconds_left(self):
        return self.seconds / self.step * (self.steps - self.step) if self.step else math.nan

    # ---- what it does

    def begin(self):
        """The reading of epoch 0, unless there are readings already."""
        self._clock = time.perf_counter()
        if self.log.rows:
            return
        module = calibrated(self.module, self.probe.images)
        train_loss, train_accuracy = self.evaluate(module, self.images.train_images, self.images.train_labels)
        self.read(module, 0, train_loss, train_accuracy)
        self.largest_loss = _DIVERGED * max(train_loss, math.log(len(self.images.classes)))

    def take_step(self):
        """One step of gradient descent."""
        epoch, within = self.epoch, self.step % self.batches.steps_per_epoch
        if within == 0:
            self.set_learning_rate(epoch)
        batch = self.batches.batch(epoch, within)
        with self.machine.autocast():
            outputs = self.stepped(batch.images)
        loss = _loss(outputs.float(), batch)
        self.optimiser.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.step += 1
        count = len(batch.labels)
        with torch.no_grad():
            self.sums += torch.stack([loss.double() * count, _right(outputs, batch)])
        self.count += count

    def set_learning_rate(self, epoch):
        rate = self.trial.recipe.learning_rate_in(epoch)
        for group, share in zip(self.optimiser.param_groups, self.shares, strict=True):
            group["lr"] = share * rate

    def close_epoch(self):
        """The reading at the end of an epoch."""
        loss, accuracy = (self.sums / self.count).tolist()
        self.sums.zero_()
        self.count = 0
        self.read(self.module, self.step // self.batches.steps_per_epoch, loss, accuracy)

    def read(self, module, epoch, train_loss, train_accuracy):
        test_loss, test_accuracy = self.evaluate(module, self.images.test_images, self.images.test_labels)
        conditioning = self.probe.conditioning(module)
        self.lap()
        self.log.add(
            epoch=epoch,
            current_learning_rate=self.trial.recipe.learning_rate_in(max(epoch, 1)),
            train_loss=train_loss,
            train_accuracy=train_accuracy,
            test_loss=test_loss,
            test_accuracy=test_accuracy,
            seconds=self.seconds,
            dot_product={place: found.dot_product for place, found in conditioning.items()},
            condition_number={place: found.condition_number for place, found in conditioning.items()},
        )

    def evaluate(self, module, images, labels):
        """Mean loss and accuracy of a network in evaluation mode."""
        device, was_training = self.machine.torch_device, module.training
        sums = torch.zeros(2, dtype=torch.float64, device=device)
        module.eval()
        with torch.no_grad():
            for start in range(0, len(images), _EVALUATED_AT_ONCE):
                rows = slice(start, start + _EVALUATED_AT_ONCE)
                inputs = standardised(self.images, images[rows], device, torch.float32)
                right = torch.as_tensor(labels[rows], device=device)
                with self.machine.autocast():
                    outputs = module(inputs)
                losses = cross_entropy(outputs.float(), right, reduction="sum")
                sums += torch.stack([losses.double(), (outputs.argmax(1) == right).double().sum()])
        module.train(was_training)
        return tuple((sums / len(images)).tolist())

    def history(self):
        machine = self.machine
        return self.log.history(
            trial=self.trial,
            ending=self.ending,
            step=self.step,
            last_loss=self.loss,
            device=machine.name,
            precision=machine.precision,
            compiled=bool(machine.compile),
            samples_per_second=self.step * self.trial.recipe.batch_size / self.stepping if self.stepping else math.nan,
        )

    # ---- its state

    def state(self):
        return {
            "key": self.trial.key,
            "label": self.trial.label,
            "module": self.module.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            "sums": self.sums,
            "count": self.count,
            "rows": self.log.rows,
            "step": self.step,
            "seconds": self.seconds,
            "stepping": self.stepping,
            "largest_loss": self.largest_loss,
            "ending": self.ending,
        }

    def adopt(self, state):
        self.module.load_state_dict(state["module"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.scaler.load_state_dict(state["scaler"])
        self.sums.copy_(state["sums"])
        self.log = Log(state["rows"])
        for name in ("count", "step", "seconds", "stepping", "largest_loss", "ending"):
            setattr(self, name, state[name])


def _go_on(training, keeper, teller, cancel):
    """Step until all epochs are done, the loss diverges or `cancel` says so; returns which."""
    training.module.train()
    while training.step < training.steps:
        if cancel is not None and cancel():
            training.stepping += training.lap()
            return "cancelled"
        training.take_step()
        ends_epoch = training.step % training.batches.steps_per_epoch == 0
        if ends_epoch or training.step % _STEPS_BETWEEN_LOOKS == 0:
            is_finite = math.isfinite(training.loss) and training.loss <= training.largest_loss
            training.stepping += training.lap()
            if not is_finite:
                return "diverged"
        if ends_epoch:
            training.close_epoch()
        keeper.keep_if_due()
        teller.tell_if_due(at_once=ends_epoch)
    return "finished"


class _Keeper:
    """Writes the state of a training to its file, when it is due, and reads it back."""

    def __init__(self, training, path, every):
        self.training, self.path, self.every = training, path, every
        self.due = time.monotonic() + every

    def resume(self):
        """Take up the state in the file; returns whether there was one."""
        if self.path is None:
            return False
        training = self.training
        state = checkpoints.load(self.path, training.trial.key, device=training.machine.torch_device)
        if state is not None:
            training.adopt(state)
        return state is not None

    def keep_if_due(self):
        if self.path is not None and time.monotonic() >= self.due:
            self.keep()

    def keep(self):
        if self.path is not None:
            self.training.lap()
            checkpoints.save(self.path, self.training.state())
            self.due = time.monotonic() + self.every


class _Teller:
    """Calls back with a Reading, when it is due."""

    def __init__(self, training, callback):
        self.training, self.callback, self.due = training, callback, -math.inf

    def tell_if_due(self, *, at_once):
        if self.callback is not None and (at_once or time.monotonic() >= self.due):
            self.tell()

    def tell(self):
        if self.callback is None:
            return
        training = self.training
        self.callback(
            Reading(training.history(), training.step, training.steps, training.loss, training.seconds_left())
        )
        training.lap()  # what the listener takes is not the network's time a step
        self.due = time.monotonic() + _SECONDS_BETWEEN_READINGS


class _Probed:
    """The images that conditioning is measured on."""

    def __init__(self, probe, image_set, device):
        source = image_set.test_images if probe.images == "test" else image_set.train_images
        self.places, self.gram = tuple(dict.fromkeys((INPUT, *probe.places))), probe.gram
        self.images = standardised(image_set, source[: probe.count], device, torch.float32)

    def conditioning(self, module):
        return conditioning_of(module, self.images, self.places, gram=self.gram)


def _loss(outputs, batch):
    """Cross-entropy, of mixed labels where images were mixed."""
    loss = cross_entropy(outputs, batch.labels)
    if batch.partners is None:
        return loss
    return batch.share * loss + (1 - batch.share) * cross_entropy(outputs, batch.partners)


def _right(outputs, batch):
    """How many images are classified rightly, mixed ones in parts."""
    answers = outputs.argmax(1)
    right = (answers == batch.labels).double().sum()
    if batch.partners is None:
        return right
    return batch.share * right + (1 - batch.share) * (answers == batch.partners).double().sum()
