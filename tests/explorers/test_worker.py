"""A job in a thread: its reports and its end arrive in the thread of the loop."""

import asyncio
import threading
import time

import pytest

from ntkit.explorers.worker import Worker


async def until(condition, seconds=5.0):
    """Let the loop run until `condition()` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        await asyncio.sleep(0.005)


def test_reports_and_end_arrive_in_the_thread_of_the_loop(lenient):
    heard = []

    def job(report):
        report("half")
        return threading.get_ident()

    async def run():
        worker = Worker()
        worker.start(
            job,
            progressed=lambda value: heard.append((value, threading.get_ident())),
            ended=lambda outcome: heard.append((outcome, threading.get_ident())),
        )
        await until(lambda: len(heard) == 2)

    asyncio.run(run())
    (half, first), (worker_thread, second) = heard
    assert half == "half"
    assert first == second == threading.get_ident() != worker_thread


def test_loop_stays_responsive_and_cancelling_ends_the_job(lenient):
    outcomes = []

    async def run():
        worker = Worker()
        worker.start(lambda report: worker.cancelled.wait(5.0), progressed=lambda value: None, ended=outcomes.append)
        assert worker.is_busy
        with pytest.raises(RuntimeError, match="cancel it, or wait"):
            worker.start(lambda report: None, progressed=None, ended=None)
        await asyncio.sleep(0.02)
        worker.cancel()
        await until(lambda: outcomes)
        assert not worker.is_busy

    asyncio.run(run())
    assert outcomes == [True]


def test_error_of_a_job_is_its_outcome(lenient):
    outcomes = []

    async def run():
        Worker().start(lambda report: 1 / 0, progressed=None, ended=outcomes.append)
        await until(lambda: outcomes)

    asyncio.run(run())
    assert isinstance(outcomes[0], ZeroDivisionError)


def test_job_runs_to_its_end_without_a_loop():
    heard = []
    Worker().start(lambda report: report(1) or "done", progressed=heard.append, ended=heard.append)
    assert heard == [1, "done"]
