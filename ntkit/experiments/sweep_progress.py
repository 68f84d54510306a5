"""How far a sweep has come: what is done, what each run in progress reads, what waits, and how long it will take."""

import math
import time
from dataclasses import dataclass

from ntkit.progress import readable_duration

_SECONDS_BETWEEN_FACES = 0.25


@dataclass(frozen=True)
class RunningTrial:
    """Where one run of a sweep stands.

    label: of the trial.  step of steps; 0 of 0 before the first reading, and while another process trains the trial.
    loss: mean of the epoch going on.  accuracy: on the test images after the last epoch.  seconds taken so far,
    seconds_left; nan where not known yet.

    >>> print(RunningTrial("FC-4 NormReLU, seed 0", 250, 1000, 0.125, 0.9, 30.0, 90.0))
    FC-4 NormReLU, seed 0: step 250 of 1000, loss 0.125, accuracy 90.0 %, 1 min 30 s left
    """

    label: str
    step: int = 0
    steps: int = 0
    loss: float = math.nan
    accuracy: float = math.nan
    seconds: float = math.nan
    seconds_left: float = math.nan

    @property
    def fraction(self):
        """Part done, from 0 to 1."""
        return self.step / self.steps if self.steps else 0.0

    def __str__(self):
        if not self.steps:
            return f"{self.label}: begins"
        parts = [f"step {self.step} of {self.steps}", f"loss {self.loss:.4g}", f"accuracy {100 * self.accuracy:.1f} %"]
        return f"{self.label}: {', '.join(parts)}{_left(self.seconds_left)}"


@dataclass(frozen=True)
class SweepProgress:
    """One reading of a sweep.

    done: trials whose result is on disk, those of earlier calls too.  running: a RunningTrial each.  waiting: trials
    not begun.  failed: trials that ended in an error.  seconds_left: for the whole sweep, nan until a run is known.
    ended: whether this is the last reading; a cancelled sweep ends with trials waiting.

    >>> print(SweepProgress(3, (), 9, 0, 90.0))
    sweep: 3 of 12 done, 0 running, 9 waiting, 1 min 30 s left
    """

    done: int
    running: tuple[RunningTrial, ...]
    waiting: int
    failed: int
    seconds_left: float = math.nan
    ended: bool = False

    @property
    def total(self):
        """All trials of the sweep."""
        return self.done + len(self.running) + self.waiting + self.failed

    @property
    def fraction(self):
        """Part done, from 0 to 1, steps of the runs in progress counted."""
        return (self.done + self.failed + sum(run.fraction for run in self.running)) / self.total if self.total else 1.0

    def __str__(self):
        parts = [f"{self.done} of {self.total} done", f"{len(self.running)} running", f"{self.waiting} waiting"]
        parts += [f"{self.failed} failed"] * bool(self.failed)
        return f"sweep: {', '.join(parts)}{'' if self.ended else _left(self.seconds_left)}"


class SweepLines:
    """The face of a sweep where nobody watches: a line of text every few seconds, and the last reading always.

    Parameters: every, seconds between two lines; clock, seconds that pass.

    >>> show = SweepLines(every=3600)
    >>> for done in range(3):
    ...     show(SweepProgress(done, (), 2 - done, 0, ended=done == 2))
    sweep: 0 of 2 done, 0 running, 2 waiting
    sweep: 2 of 2 done, 0 running, 0 waiting
    """

    def __init__(self, *, every=5.0, clock=time.monotonic):
        self.every, self.clock = every, clock
        self._due = -math.inf

    def __call__(self, progress):
        now = self.clock()
        if now < self._due and not progress.ended:
            return
        self._due = now + self.every
        furthest = max(progress.running, key=lambda run: run.fraction, default=None)
        print(progress if furthest is None else f"{progress}; {furthest}", flush=True)


class Board:
    """What is known of the trials of a sweep while it goes on; shown to its face a few times a second.

    Parameters: trials that are to be run, by key; found, how many others have been run before; face, called with each
    SweepProgress.
    """

    def __init__(self, trials, found, face):
        self.trials, self.face = trials, face
        self.waiting, self.running, self.done, self.failed = set(trials), {}, set(), {}
        self._found, self._durations, self._due = found, [], -math.inf

    def starts(self, key):
        """The trial is being run."""
        self.waiting.discard(key)
        self.running[key] = RunningTrial(self.trials[key].label)

    def reads(self, key, reading):
        """A run in progress; reading: the numbers of a RunningTrial.  What comes after its end is not heard."""
        if key in self.waiting or key in self.running:
            self.waiting.discard(key)
            self.running[key] = RunningTrial(self.trials[key].label, **reading)

    def finishes(self, key, seconds):
        """The result is on disk."""
        self._leave(key)
        self.done.add(key)
        self._durations.append(seconds)

    def fails(self, key, text):
        """The trial ended in an error."""
        self._leave(key)
        self.failed[key] = text

    def stops(self, key):
        """The trial was cancelled, and waits for the next call."""
        self._leave(key)
        self.waiting.add(key)

    def _leave(self, key):
        self.waiting.discard(key)
        self.running.pop(key, None)

    def show(self, *, ended=False):
        """Show the face where the sweep stands, unless it was shown just now."""
        now = time.monotonic()
        if ended or now >= self._due:
            self._due = now + _SECONDS_BETWEEN_FACES
            self.face(self.standing(ended=ended))

    def standing(self, *, ended=False):
        """The SweepProgress of now."""
        return SweepProgress(
            done=self._found + len(self.done),
            running=tuple(self.running[key] for key in sorted(self.running)),
            waiting=len(self.waiting),
            failed=len(self.failed),
            seconds_left=self.seconds_left(),
            ended=ended,
        )

    def seconds_left(self):
        """Work left over the runs that go on at once, never less than the slowest of them needs; trials not begun count
        with the mean of those known."""
        left = [run.seconds_left for run in self.running.values() if not math.isnan(run.seconds_left)]
        known = self._durations + [
            run.seconds + run.seconds_left for run in self.running.values() if not math.isnan(run.seconds_left)
        ]
        unknown = len(self.waiting) + len(self.running) - len(left)
        if unknown and not known:
            return math.nan
        work = sum(left) + (unknown * sum(known) / len(known) if unknown else 0.0)
        return max(work / max(1, len(self.running)), *left, 0.0)


def _left(seconds):
    return "" if math.isnan(seconds) else f", {readable_duration(seconds)} left"
