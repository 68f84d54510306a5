"""The controls of training: what is compared, which finite network is trained, and how far it has come."""

from ipywidgets import Dropdown, IntsInput, Label, Layout, TagsInput, VBox

from ntkit.explorers.controls import ControlBar
from ntkit.explorers.number_pair import LABEL_WIDTH
from ntkit.explorers.run_buttons import RunButtons, tool_row
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
        self.buttons = RunButtons(explorer, self.numbers.messages)
        super().__init__([
            tool_row(Label("beside (click and type)"), self.rivals, Label("and at depths"), self.depths),
            self.numbers,
            tool_row(self.layers, *self.buttons.row),
            self.buttons.status,
        ])  # fmt: skip
        for name in ("rivals", "depths", "layers"):
            getattr(self, name).observe(lambda change, name=name: self._chosen(name, change["new"]), "value")
        self._follow({"rivals", "depths", "layers"})
        bench.listen(self._follow)

    def _chosen(self, name, value):
        if not self._following:
            with self.numbers.messages.reporting():
                self._explorer.bench.update(**{name: value})

    def _follow(self, changed):
        self._following = True
        settings = self._explorer.bench.settings
        for name in changed & {"rivals", "depths", "layers"}:
            value = getattr(settings, name)
            getattr(self, name).value = list(value) if isinstance(value, tuple) else value
        with self.numbers.messages.reporting():
            pass  # what was refused before no longer stands in the controls
        self._following = False
