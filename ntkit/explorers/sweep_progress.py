"""How far a sweep has come, live in a notebook: a bar for all of it, and a row for each run in progress."""

import math
from html import escape

from ipywidgets import HTML, FloatProgress, Label, Layout, VBox

import ntkit as nk
from ntkit.explorers.strictness import is_strict
from ntkit.progress import readable_duration

_HEADINGS = ("run", "step", "loss", "accuracy", "left")


class SweepPanel(VBox):
    """A bar, a line of text and a table of the runs in progress; called with each SweepProgress.

    It stands as it is told while the cell computes.  To stop the sweep, interrupt the kernel: each run saves itself.

    >>> import ntkit as nk
    >>> panel = SweepPanel()
    >>> running = nk.experiments.RunningTrial("FC-4 NormReLU, seed 0", 50, 100, 0.125, 0.9, 30.0, 30.0)
    >>> panel(nk.experiments.SweepProgress(1, (running,), 1, 0, 90.0))
    >>> panel.bar.value, panel.status.value
    (0.5, 'sweep: 1 of 3 done, 1 running, 1 waiting, 1 min 30 s left')
    """

    def __init__(self):
        self.bar = FloatProgress(max=1.0, layout=Layout(width="100%"))
        self.status, self.runs = Label(), HTML()
        super().__init__((self.bar, self.status, self.runs))
        self.add_class("ntkit-sweep")

    def __call__(self, progress):
        self.bar.value, self.status.value = progress.fraction, str(progress)
        self.runs.value = _table(progress.running)
        if progress.ended:
            self.bar.bar_style = "warning" if progress.waiting or progress.failed else "success"


class SweepBar:
    """The face of a sweep for a notebook: a SweepPanel below the cell, or lines of text where nobody watches.

    Nobody watches a script, nor a run by papermill or in strict mode.

    >>> import tempfile
    >>> from ntkit.experiments import Recipe, fully_connected, grid, sweep
    >>> trials = grid(fully_connected(2, 16), "digits", Recipe(0.05, epochs=1), train_size=64)
    >>> results = sweep(trials, tempfile.mkdtemp(), workers=0, progress=SweepBar())
    sweep: 0 of 1 done, 0 running, 1 waiting
    sweep: 1 of 1 done, 0 running, 0 waiting
    """

    def __init__(self):
        self.face = None

    def __call__(self, progress):
        if self.face is None:
            self.face = _shown_panel() if is_watched() else nk.experiments.SweepLines()
        self.face(progress)


def is_watched():
    """Whether this runs in a notebook that somebody may look at.

    >>> is_watched()
    False
    """
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel") and not is_strict()


def _shown_panel():
    from IPython.display import display

    panel = SweepPanel()
    display(panel)
    return panel


def _table(running):
    """The runs in progress as HTML; empty without any."""
    if not running:
        return ""
    head = "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in _cells(run)) + "</tr>" for run in running)
    return f'<table class="ntkit-runs"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _cells(run):
    if not run.steps:
        return run.label, "begins", "", "", ""
    left = "" if math.isnan(run.seconds_left) else readable_duration(run.seconds_left)
    return run.label, f"{run.step} of {run.steps}", f"{run.loss:.4g}", f"{100 * run.accuracy:.1f} %", left
