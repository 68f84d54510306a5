"""The buttons that train a finite network, and how far it has come."""

from ipywidgets import HBox, IntProgress, Label, Layout

from ntkit.explorers.action import Action


class RunButtons:
    """Train, cancel, a bar and a line of status, for a panel to place; wired to an explorer with `start` and `cancel`.

    messages: where an error of the start is shown.
    """

    def __init__(self, explorer, messages):
        def start():
            with messages.reporting():
                explorer.start()

        self.train = Action("Train", start, "train the finite network", icon="play")
        self.stop = Action("Cancel", explorer.cancel, "stop and keep what was measured", icon="stop", disabled=True)
        self.bar = IntProgress(layout=Layout(width="auto", flex="1 1 120px", visibility="hidden"))
        self.status = Label()

    @property
    def row(self):
        """What stands in a row; the status stands below it."""
        return self.train, self.stop, self.bar

    def begin(self):
        """Show that a run has begun."""
        self.train.disabled, self.stop.disabled = True, False
        self.bar.layout.visibility = "visible"
        self.bar.value, self.bar.bar_style, self.status.value = 0, "", "starting"

    def progress(self, report):
        """Show how far it has come and how long it will take."""
        self.bar.max, self.bar.value, self.status.value = report.total, report.step, str(report)

    def end(self, outcome):
        """Show how it ended."""
        self.train.disabled, self.stop.disabled = False, True
        self.bar.bar_style, self.status.value = "success" if outcome else "danger", outcome
        self.bar.value = self.bar.max


def tool_row(*widgets):
    """Widgets in a row that wraps, as the tools of a panel stand.

    >>> len(tool_row(Label("a"), Label("b")).children)
    2
    """
    row = HBox(widgets, layout=Layout(flex_flow="row wrap"))
    row.add_class("ntkit-tools")
    return row
