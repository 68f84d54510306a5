"""The lab: panels over one bench, with the controls, stories and state that they share."""

from dataclasses import replace

from ipywidgets import GridBox, Layout, VBox

from ntkit.explorers.any_norm import NormExplorer
from ntkit.explorers.architecture import ArchitectureExplorer
from ntkit.explorers.bench import Bench
from ntkit.explorers.bound import BoundExplorer
from ntkit.explorers.comparison import ComparisonExplorer
from ntkit.explorers.controls import ControlBar
from ntkit.explorers.depth_speed import DepthSpeedExplorer
from ntkit.explorers.desk import Desk
from ntkit.explorers.explorer import OnBench
from ntkit.explorers.gram_spectrum import GramSpectrumExplorer
from ntkit.explorers.hardness import HardnessExplorer
from ntkit.explorers.hermite import HermiteExplorer
from ntkit.explorers.kink_order import KinkOrderExplorer
from ntkit.explorers.ladder import LadderExplorer
from ntkit.explorers.overfitting import OverfittingExplorer
from ntkit.explorers.prediction import PredictionExplorer
from ntkit.explorers.shape import ShapeExplorer
from ntkit.explorers.spectrum import SpectrumExplorer
from ntkit.explorers.stability import StabilityExplorer
from ntkit.explorers.state import from_text, to_text
from ntkit.explorers.stories import STORIES
from ntkit.explorers.training import TrainingExplorer
from ntkit.explorers.uncentred import UncentredExplorer

_CONTROLS = ("activation", "depth", "delta", "data", "n", "seed")
_EXPLORERS = {
    "bound": BoundExplorer,
    "spectrum": SpectrumExplorer,
    "shape": ShapeExplorer,
    "training": TrainingExplorer,
    "uncentred": UncentredExplorer,
    "any_norm": NormExplorer,
    "depth_speed": DepthSpeedExplorer,
    "hardness": HardnessExplorer,
    "overfitting": OverfittingExplorer,
    "ladder": LadderExplorer,
    "hermite": HermiteExplorer,
    "prediction": PredictionExplorer,
    "stability": StabilityExplorer,
    "gram_spectrum": GramSpectrumExplorer,
    "kink_order": KinkOrderExplorer,
    "architecture": ArchitectureExplorer,
    "comparison": ComparisonExplorer,
}
_COLUMNS = "repeat(auto-fit, minmax(min(100%, max(440px, 45%)), 1fr))"


def lab(depth=32, activation="relu", delta=None, data="sphere", n=48, seed=0, *, state=None, theme="auto", **more):
    """The linked lab: one set of controls over the bound, the spectrum, the activation's shape and training.

    Assigning to an attribute, as in `lab.depth = 40`, moves every panel.  In the theory panels the activation is always
    normalised, since the theorems need it.  `lab.show("ladder")` adds a panel, `lab.hide("shape")` takes one away; they
    bring the controls that they need.

    Parameters: depth, hidden layers; activation, a name, a specification like "leaky_relu(slope=0.2)", an nk.Activation
    or a function; delta, the separation asked for where the data can be made to one (0.05 when None); data, a name of
    nk.data.names() or an nk.data.Dataset; n, points; seed; state, text from the state box of a lab, which takes the
    place of all of these; theme "auto", "light" or "dark"; more, other fields of Settings, such as width, steps, or
    panels, the names of those to show.
    Returns: Lab, a widget.
    Raises: ValueError or TypeError for settings out of range and unknown names.

    >>> import ntkit as nk
    >>> lab = nk.lab(depth=20, activation="tanh", n=16, steps=50)
    >>> lab.depth = 40
    >>> len(lab.bound.profile.depth), lab.spectrum.comparison.depth
    (41, 40)
    """
    given = {"depth": depth, "activation": activation, "data": data, "n": n, "seed": seed, **more}
    if delta is not None:
        given["delta"] = delta
    return Lab(state=state, theme=theme, **given)


class Lab(OnBench, VBox):
    """Explorers over one bench; `lab(...)` makes one.

    panels: those that are shown, by name.
    """

    def __init__(self, *, state=None, theme="auto", **settings):
        self.bench = Bench(**settings)
        if state is not None:
            self.bench.adopt(from_text(state))
        self._theme, self._made, self.panels = theme, {}, {}
        self.bar = ControlBar(self.bench, _CONTROLS)
        self._grid = GridBox(layout=Layout(grid_template_columns=_COLUMNS))
        self._grid.add_class("ntkit-grid")
        self._arrange()
        self.desk = Desk(self)
        super().__init__([self.bar, self.desk.top, self._grid, self.desk.bottom])
        self.add_class("ntkit-lab")
        self.bench.listen(self._changed)

    def _changed(self, names):
        if "panels" in names:
            self._arrange()
        self.desk.follow()

    def _arrange(self):
        """Show the panels of the settings, with the controls that they need; the others sleep."""
        chosen = self.bench.settings.panels
        self.panels = {name: self._panel(name) for name in chosen}
        for name, panel in self._made.items():
            if name in chosen:
                panel.wake()
            else:
                panel.sleep()
        more = (name for panel in self.panels.values() for name in panel.controls)
        self.bar.offer(tuple(dict.fromkeys((*_CONTROLS, *more))))
        self._grid.children = list(self.panels.values())

    def _panel(self, name):
        if name not in self._made:
            self._made[name] = _EXPLORERS[name](self.bench, theme=self._theme)
        return self._made[name]

    def show(self, *names):
        """Add panels, after those that are shown; ValueError for unknown names."""
        self.bench.update(panels=tuple(dict.fromkeys((*self.bench.settings.panels, *names))))

    def hide(self, *names):
        """Take panels away; their frozen curves are there when they come back."""
        self.bench.update(panels=tuple(name for name in self.bench.settings.panels if name not in names))

    def __repr__(self):
        return f"<Lab {self.state}>"

    @property
    def bound(self):
        """The BoundExplorer."""
        return self._panel("bound")

    @property
    def spectrum(self):
        """The SpectrumExplorer."""
        return self._panel("spectrum")

    @property
    def shape(self):
        """The ShapeExplorer."""
        return self._panel("shape")

    @property
    def training(self):
        """The TrainingExplorer."""
        return self._panel("training")

    @property
    def state(self):
        """The settings as a short line of text that can be kept, sent, and assigned again."""
        return to_text(self.bench.settings)

    @state.setter
    def state(self, text):
        self.bench.adopt(from_text(text))

    def tell(self, title):
        """Set up one of `STORIES`, by its title."""
        if title not in STORIES:
            raise ValueError(f"a story is one of {', '.join(map(repr, STORIES))}; got {title!r}.")
        self.bench.adopt(replace(STORIES[title].settings, panels=self.bench.settings.panels))
        self.desk.narrate(STORIES[title])

    def reset(self):
        """Back to the settings that this lab began with."""
        self.bench.adopt(self.bench.initial)

    def freeze(self):
        """Keep the present curves of every panel, grey, behind those to come."""
        for panel in self.panels.values():
            panel.freeze()

    def thaw(self):
        """Let go of the frozen curves."""
        for panel in self.panels.values():
            panel.thaw()

    def train(self):
        """Train the finite network of the present settings to the end; returns its nk.networks.TrainingRun."""
        return self.training.train()

    def cancel(self):
        """Stop a training run that was started with the button."""
        self.training.cancel()
