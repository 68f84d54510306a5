"""What a comparison is steered with: which network, how it is trained, the buttons, and the list of runs."""

import base64
import io
from html import escape

from ipywidgets import HTML, IntProgress, Layout, Text, VBox

from ntkit.explorers.action import Action
from ntkit.explorers.comparison_row import ComparisonRow
from ntkit.explorers.controls import ControlBar
from ntkit.explorers.messages import Messages
from ntkit.explorers.number_pair import LABEL_WIDTH
from ntkit.explorers.run_buttons import tool_row

_MOST_BYTES = 4_000_000
_TRAINED = ("images", "train_size", "learning_rate", "schedule", "epochs", "batch_size", "repeats")


class ComparisonBoard(VBox):
    """Controls, buttons and the list of runs of one ComparisonExplorer.

    rivals: the row in which other activations are chosen.
    """

    def __init__(self, explorer, rivals):
        self._explorer, self._rows, self._linked = explorer, {}, []
        self.messages = Messages()
        self.controls = ControlBar(explorer.bench, self._control_names())
        self.start = Action(
            "Start", self._starting(explorer.trials), "train the network of these settings", icon="play"
        )
        self.start_rivals = Action(
            "Start with these",
            self._starting(explorer.trials_with_rivals),
            "train the chosen activation and those beside it",
            icon="play",
        )
        rivals.children = (*rivals.children, self.start_rivals)
        self.stop = Action("Cancel", explorer.cancel, "stop; what was measured stays", icon="stop", disabled=True)
        self.resume = Action(
            "Go on",
            self._starting(explorer.comparison.cancelled),
            "take up what was cancelled",
            icon="step-forward",
            disabled=True,
        )
        self.bar = IntProgress(layout=Layout(width="auto", flex="1 1 120px", visibility="hidden"))
        self.planned, self.status, self.links = _line(), _line(), HTML()
        self.list = VBox()
        self.folder = Text(
            placeholder="a temporary folder",
            description="keep runs in",
            tooltip="a folder of your own: its runs outlive this session, and those of a sweep are taken up from there",
            continuous_update=False,
            layout=Layout(width="auto", flex="1 1 200px"),
            style={"description_width": LABEL_WIDTH},
        )
        self.folder.observe(lambda change: setattr(explorer, "folder", change["new"].strip()), "value")
        super().__init__([
            self.controls,
            self.planned,
            self.messages,
            tool_row(self.start, self.stop, self.resume, self.bar),
            rivals,
            self.status,
            self.list,
            tool_row(self.folder, self.links),
        ])  # fmt: skip

    # ---- what is planned

    def _control_names(self):
        width = "width" if self._explorer.bench.settings.architecture == "fully_connected" else "channels"
        return ("architecture", "normalisation", width, *_TRAINED)

    def plan(self):
        """Say what Start would train, or in the message area why it cannot."""
        self.controls.offer(self._control_names())
        self.planned.value = ""
        with self.messages.reporting():
            self.planned.value = escape(self._in_words(self._explorer.trials()))

    def _in_words(self, trials):
        trial, recipe = trials[0], trials[0].recipe
        seeds = f"seed {trial.seed}" if len(trials) == 1 else f"seeds {trial.seed} … {trials[-1].seed}"
        images = f"{trial.train_size} images" if trial.train_size else "all training images"
        return (
            f"next: {trial.model.label} on {images} of {trial.data_name}, {recipe.epochs} epochs, "
            f"η = {recipe.learning_rate:.4g}, {seeds}"
        )

    # ---- how far it has come

    def progress(self, report):
        """Show how far the present run has come and how long it will take."""
        waiting = len(self._explorer.comparison.waiting)
        self.bar.max, self.bar.value = report.total, report.step
        self.status.value = escape(f"{report}{f'; {waiting} more to come' if waiting else ''}")

    def follow(self):
        """Bring buttons, list and links up to date."""
        comparison = self._explorer.comparison
        is_busy = "running" in {state for network in comparison.networks for state in network.states.values()}
        self.stop.disabled, self.resume.disabled = not is_busy, not comparison.cancelled()
        if is_busy and self.bar.layout.visibility == "hidden":
            self.bar.value, self.status.value = 0, "starting"
        self.bar.layout.visibility = "visible" if is_busy else "hidden"
        if not is_busy:
            self.status.value = ""
            self._link_runs()
        self._list_runs()

    def _list_runs(self):
        labels = self._explorer.comparison.labels
        rows = {
            network: self._rows.get(network) or ComparisonRow(self._explorer, network) for network in labels.values()
        }
        for label, network in labels.items():
            rows[network].follow(label)
        if list(rows) != list(self._rows):
            self._rows, self.list.children = rows, tuple(rows.values())

    def _link_runs(self):
        histories = self._explorer.comparison.histories()
        if histories != self._linked:
            self._linked, self.links.value = histories, self._exports()

    def _exports(self):
        """Links to all runs; a table too long for a page as text is there in the smaller format alone."""
        table = self._explorer.to_frame()
        if table.empty:
            return ""
        parquet = io.BytesIO()
        table.to_parquet(parquet, index=False)
        files = {
            "ntkit-runs.csv": ("text/csv", table.to_csv(index=False).encode()),
            "ntkit-runs.parquet": ("application/vnd.apache.parquet", parquet.getvalue()),
        }
        links = (_link(name, *file) for name, file in files.items() if len(file[1]) <= _MOST_BYTES)
        return f"all runs: {' '.join(links)}"

    def _starting(self, trials):
        """What a button does that starts `trials()`; an error of a run stays readable until something else is done."""

        def start():
            with self.messages.reporting():
                self._explorer.line_up(trials())
            self._explorer.train_waiting()

        return start


def _line():
    """A line of text that wraps where it is too long."""
    line = HTML()
    line.add_class("ntkit-summary")
    return line


def _link(name, kind, content):
    """A link that saves `content` under `name` without asking any server."""
    encoded = base64.b64encode(content).decode()
    return f'<a download="{name}" href="data:{kind};base64,{encoded}">{name.rpartition(".")[2]}</a>'
