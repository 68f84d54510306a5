"""Notebooks as regression tests: they record numbers, and a run holds the numbers to their reference.

In a notebook:  ``record("B(10, 0.05)", value)``, ``print(digest(figure))``.
Outside:        ``ntkit run``, or `run` from Python.
"""

from importlib import import_module

from ntkit.runner.records import Curves, Exact, MonteCarlo, Record, Relative, record

# A notebook only records; what executes, compares and reports loads on first use.
_HOME_OF = {
    "Comparison": "references",
    "Outcome": "session",
    "digest": "digests",
    "execute": "execution",
    "expected_copy": "expected",
    "notebooks": "session",
    "notebooks_directory": "session",
    "resolve_device": "session",
    "run": "session",
}

__all__ = [*_HOME_OF, "Curves", "Exact", "MonteCarlo", "Record", "Relative", "record"]


def __getattr__(name):
    if name in _HOME_OF:
        return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; its public names are {', '.join(__all__)}")
