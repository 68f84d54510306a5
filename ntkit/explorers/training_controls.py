"""The controls of training: what is compared, which finite network is trained, and how far it has come."""

from ipywidgets import Dropdown, HBox, IntProgress, IntsInput, Label, Layout, TagsInput, VBox

from ntkit.explorers.action import Action
from ntkit.explorers.controls import ControlBar
from ntkit.explorers.number_pair import LABEL_WIDTH
from ntkit.explorers.settings import LARGEST_DEPTH, LAYERS


class TrainingControls(VBox):
    """Rivals and depths to predict beside, the finite network, and its buttons, wired to one TrainingExplorer."""

    def __init__(self, explorer):
        self._explorer, self._following = explorer, False
        bench = explorer.bench
        self.rivals = TagsInput(tooltip="activations whose training is predicted as well", layout=Layout(width="auto"))
        self.depths = IntsInput(min=1, max=LARGEST_DEPTH, tooltip="depths to predict", layout=Layout(width="auto"))
        self.layers = Dropdown(
            options=LAYERS,
            description="train",
            tooltip="which layers are trained: all, or the top one alone",
            layout=Layout(width="auto"),
            style={"description_width": LABEL_WIDTH},
        )
        self.numbers = ControlBar(bench, ("width", "steps"))
        self.train = Action("Train", self._guarded(explorer.start), "train the finite network", icon="play")
        self.stop = Action("Cancel", explorer.cancel, "stop and keep what was measured", icon="stop", disabled=True)
        self.bar = IntProgress(layout=Layout(width="auto", flex="1 1 120px", visibility="hidden"))
        self.status = Label()
        super().__init__([
            _row(Label("beside (click and type)"), self.rivals, Label("and at depths"), self.depths),
            self.numbers,
            _row(self.layers, self.train, self.stop, self.bar),
            self.status,
        ])  # fmt: skip
        for name in ("rivals", "depths", "layers"):
            getattr(self, name).observe(lambda change, name=name: self._chosen(name, change["new"]), "value")
        self._follow({"rivals", "depths", "layers"})
        bench.listen(self._follow)

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

    def _chosen(self, name, value):
        if not self._following:
            self._guarded(lambda: self._explorer.bench.update(**{name: value}))()

    def _guarded(self, action):
        def run():
            with self.numbers.messages.reporting():
                action()

        return run

    def _follow(self, changed):
        self._following = True
        settings = self._explorer.bench.settings
        for name in changed & {"rivals", "depths", "layers"}:
            value = getattr(settings, name)
            getattr(self, name).value = list(value) if isinstance(value, tuple) else value
        with self.numbers.messages.reporting():
            pass  # what was refused before no longer stands in the controls
        self._following = False


def _row(*widgets):
    row = HBox(widgets, layout=Layout(flex_flow="row wrap"))
    row.add_class("ntkit-tools")
    return row
