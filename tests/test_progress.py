"""Progress is told at a bearable rate, and in words."""

import math

import pytest

from ntkit.progress import Progress, Report, readable_duration


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_shows_the_first_the_last_and_one_every_few_seconds():
    clock, shown = Clock(), []
    progress = Progress(100, "training", face=shown.append, every=5.0, clock=clock)
    for step in range(101):
        clock.now = step * 0.4
        progress(step, 1.0, 2.0)
    assert [report.step for report in shown] == [0, 13, 26, 39, 52, 65, 78, 91, 100]


def test_headless_face_writes_lines(capsys):
    Progress(2, "sampling")(2, 0.5, 0.0)
    assert capsys.readouterr().out == "sampling: 2 of 2 (100 %), 0.5, 0 s left\n"


def test_report_without_time_or_steps():
    assert str(Report("training", 0, 10, 0.25, math.nan)) == "training: 0 of 10 (0 %), 0.25"
    assert Report("training", 0, 0, 0.25, math.nan).fraction == 1.0


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0 s"), (59.6, "1 min 0 s"), (90, "1 min 30 s"), (7500, "2 h 5 min")]
)
def test_durations_in_words(seconds, words):
    assert readable_duration(seconds) == words
