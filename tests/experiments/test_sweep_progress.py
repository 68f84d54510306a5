"""What is known of a sweep while it goes on, in numbers worked out by hand."""

import math

import pytest

from ntkit.experiments import Recipe, RunningTrial, SweepLines, SweepProgress, fully_connected, grid
from ntkit.experiments.sweep_progress import Board


def reading(step, seconds, seconds_left):
    return {"step": step, "steps": 100, "loss": 1.0, "accuracy": 0.5, "seconds": seconds, "seconds_left": seconds_left}


@pytest.fixture
def board():
    """Five trials, a to e."""
    trials = grid(fully_connected(2, 8), "digits", Recipe(0.1), range(5))
    return Board(dict(zip("abcde", trials, strict=True)), 2, lambda progress: None)


class TestBoard:
    def test_counts_what_is_done_before_and_now(self, board):
        board.starts("a")
        board.reads("b", reading(10, 1.0, 9.0))
        board.finishes("c", 8.0)
        board.fails("d", "ValueError: no")
        standing = board.standing()
        assert (standing.done, len(standing.running), standing.waiting, standing.failed) == (3, 2, 1, 1)
        assert standing.total == 7
        assert standing.fraction == pytest.approx((3 + 1 + 0.1) / 7)

    def test_does_not_know_how_long_before_a_run_does(self, board):
        board.starts("a")
        board.reads("b", reading(0, 0.0, math.nan))
        assert math.isnan(board.seconds_left())

    def test_estimates_from_the_runs_it_knows(self, board):
        board.finishes("a", 8.0)
        board.reads("b", reading(50, 6.0, 6.0))
        board.starts("c")
        # b needs 6 s more; c, d and e as long as a and b on average, 10 s each; two go on at once.
        assert board.seconds_left() == pytest.approx((6 + 3 * 10) / 2)

    def test_is_never_less_than_the_slowest_run(self, board):
        for key in "abc":
            board.finishes(key, 1.0)
        board.reads("d", reading(1, 1.0, 50.0))
        board.reads("e", reading(99, 1.0, 1.0))
        assert board.seconds_left() == 50.0

    def test_nothing_is_left_at_the_end(self, board):
        for key in "abcde":
            board.finishes(key, 1.0)
        assert board.seconds_left() == 0.0

    def test_does_not_hear_a_run_that_has_ended(self, board):
        board.finishes("a", 1.0)
        board.reads("a", reading(10, 1.0, 9.0))
        assert board.standing().running == ()

    def test_cancelled_run_waits(self, board):
        board.starts("a")
        board.stops("a")
        assert (board.standing().waiting, board.standing().running) == (5, ())


class TestLines:
    def test_come_every_few_seconds_and_at_the_end(self, capsys):
        now = [0.0]
        show = SweepLines(every=5.0, clock=lambda: now[0])
        for now[0] in (0.0, 4.0, 6.0, 10.0):
            show(SweepProgress(int(now[0]), (), 10 - int(now[0]), 0))
        show(SweepProgress(10, (), 0, 0, ended=True))
        numbers = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
        assert numbers == ["0", "6", "10"]

    def test_tell_of_the_furthest_run(self, capsys):
        runs = RunningTrial("slow", 1, 10, 1.0, 0.1, 1.0, 9.0), RunningTrial("fast", 5, 10, 0.5, 0.2, 1.0, 1.0)
        SweepLines()(SweepProgress(0, runs, 3, 1, 100.0))
        assert capsys.readouterr().out == (
            "sweep: 0 of 6 done, 2 running, 3 waiting, 1 failed, 1 min 40 s left; "
            "fast: step 5 of 10, loss 0.5, accuracy 20.0 %, 1 s left\n"
        )


def test_empty_sweep_is_whole():
    assert SweepProgress(0, (), 0, 0).fraction == 1.0
    assert RunningTrial("begins").fraction == 0.0
    assert str(RunningTrial("FC-2")) == "FC-2: begins"
