"""Whether an error that a panel shows is also raised.

A reader of the lab sees the message in the panel and goes on.  A test or a headless run must fail instead, and
neither papermill nor nbclient notices an exception that a widget swallows; so both switch strict mode on.
"""

import os

_VARIABLE = "NTKIT_STRICT"


def strict(enabled=True):
    """Re-raise from now on what panels show as errors; `strict(False)` only shows it again.

    The switch is the environment variable NTKIT_STRICT ("1" or "0"), so that it also reaches kernels started from here.

    >>> before = is_strict()
    >>> strict()
    >>> is_strict()
    True
    >>> strict(before)
    """
    os.environ[_VARIABLE] = "1" if enabled else "0"


def is_strict():
    """Whether panels re-raise the errors that they show.

    >>> import ntkit as nk
    >>> nk.explorers.is_strict() in (True, False)
    True
    """
    return os.environ.get(_VARIABLE, "0") not in ("", "0")
