"""How far a long computation has come, told at a bearable rate: a text line where nobody watches, a bar where one does.

A computation calls back with (step, value, seconds_left); a `Progress` is such a callback.  It passes a Report to its
face, which draws it: `print_line` writes a line of text, a widget moves its bar.
"""

import math
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    """One reading: `step` of `total` done, `value` what the computation watches (a loss), seconds_left or nan.

    >>> print(Report("training", 250, 1000, 0.125, 90.0))
    training: 250 of 1000 (25 %), 0.125, 1 min 30 s left
    """

    label: str
    step: int
    total: int
    value: float
    seconds_left: float

    @property
    def fraction(self):
        """Part done, from 0 to 1."""
        return self.step / self.total if self.total else 1.0

    def __str__(self):
        left = "" if math.isnan(self.seconds_left) else f", {readable_duration(self.seconds_left)} left"
        return f"{self.label}: {self.step} of {self.total} ({100 * self.fraction:.0f} %), {self.value:.4g}{left}"


def print_line(report, /):
    """The headless face: the report as a line of text, written at once."""
    print(report, flush=True)


class Progress:
    """A callback (step, value, seconds_left) that shows a Report every few seconds, and the last one always.

    Parameters: total number of steps; label, what is being done; face, called with each Report that is shown;
    every, seconds between two; clock, seconds that pass.

    >>> progress = Progress(2, "training", every=3600)
    >>> for step in range(3):
    ...     progress(step, 1 / (1 + step), 2.0 - step)
    training: 0 of 2 (0 %), 1, 2 s left
    training: 2 of 2 (100 %), 0.3333, 0 s left
    """

    def __init__(self, total, label, *, face=print_line, every=5.0, clock=time.monotonic):
        self.total, self.label, self.face, self.every, self.clock = total, label, face, every, clock
        self._due = -math.inf

    def __call__(self, step, value, seconds_left=math.nan):
        now = self.clock()
        if now < self._due and step < self.total:
            return
        self._due = now + self.every
        self.face(Report(self.label, step, self.total, value, seconds_left))


def readable_duration(seconds):
    """Seconds in words: '40 s', '1 min 30 s', '2 h 5 min'.

    >>> readable_duration(7500)
    '2 h 5 min'
    """
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
