"""A long job beside the notebook: it reports while it runs, can be cancelled, and never blocks a slider."""

import threading

from ntkit.explorers.pause import running_loop
from ntkit.explorers.strictness import is_strict


class Worker:
    """Runs one job at a time in a thread, and calls back in the thread of the notebook.

    Widgets may only be touched from there; the event loop carries the calls over.  Where there is none, in a plain
    script, and in strict mode, the job runs at once and to its end, so that its error reaches the caller.
    """

    def __init__(self):
        self._thread = None
        self.cancelled = threading.Event()

    @property
    def is_busy(self):
        """Whether a job is running."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, job, *, progressed, ended):
        """Start `job(report)`; each `report(value)` leads to `progressed(value)`, its end to `ended(outcome)`.

        The outcome is what the job returned, or the exception that it raised.
        Raises: RuntimeError while another job is running.
        """
        if self.is_busy:
            raise RuntimeError("a training run is going on; cancel it, or wait until it ends, before starting another.")
        self.cancelled.clear()
        loop = running_loop()
        if loop is None or is_strict():
            ended(_outcome(job, progressed))
            return

        def report(value):
            loop.call_soon_threadsafe(progressed, value)

        def work():
            loop.call_soon_threadsafe(ended, _outcome(job, report))

        self._thread = threading.Thread(target=work, name="ntkit-training", daemon=True)
        self._thread.start()

    def cancel(self):
        """Ask the running job to stop; it ends with what it has."""
        self.cancelled.set()


def _outcome(job, report):
    try:
        return job(report)
    except Exception as error:
        return error
