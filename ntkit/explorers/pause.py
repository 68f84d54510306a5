"""Work that waits until the reader pauses, so that a moving slider is followed first."""

import asyncio

from ntkit.explorers.strictness import is_strict


class Pause:
    """Calls `work` once `seconds` have passed without another `restart`.

    Where nothing can be awaited, in a plain script or in strict mode, `restart` does the work at once: then an error
    reaches the line that caused it.  Work that is only for the reader's next move is left out there: `optional`.
    """

    def __init__(self, work, seconds=0.15, *, optional=False):
        self._work, self._seconds, self._optional = work, seconds, optional
        self._timer = None

    def restart(self):
        """Start waiting, or start over."""
        self.cancel()
        loop = running_loop()
        if loop is not None and not is_strict():
            self._timer = loop.call_later(self._seconds, self._elapsed)
        elif not self._optional:
            self._work()

    def _elapsed(self):
        self._timer = None
        self._work()

    def cancel(self):
        """Do not do the work, unless it is asked for again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def running_loop():
    """The event loop that this code runs in, or None outside of any."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
