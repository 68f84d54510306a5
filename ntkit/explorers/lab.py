"""The lab: four panels over one bench, with the controls, stories and state that they share."""

from ipywidgets import GridBox, Layout, VBox

from ntkit.explorers.bench import Bench
from ntkit.explorers.bound import BoundExplorer
from ntkit.explorers.controls import ControlBar
from ntkit.explorers.desk import Desk
from ntkit.explorers.explorer import OnBench
from ntkit.explorers.shape import ShapeExplorer
from ntkit.explorers.spectrum import SpectrumExplorer
from ntkit.explorers.state import from_text, to_text
from ntkit.explorers.stories import STORIES
from ntkit.explorers.training import TrainingExplorer

_CONTROLS = ("activation", "depth", "delta", "data", "n", "seed")
_PANELS = {"bound": BoundExplorer, "spectrum": SpectrumExplorer, "shape": ShapeExplorer, "training": TrainingExplorer}
_COLUMNS = "repeat(auto-fit, minmax(min(100%, max(440px, 45%)), 1fr))"


def lab(depth=32, activation="relu", delta=None, data="sphere", n=48, seed=0, *, state=None, theme="auto", **more):
    """The linked lab: one set of controls over the bound, the spectrum, the activation's shape and training.

    Assigning to an attribute, as in `lab.depth = 40`, moves every panel.  In the theory panels the activation is always
    normalised, since the theorems need it.

    Parameters: depth, hidden layers; activation, a name, a specification like "leaky_relu(slope=0.2)", an nk.Activation
    or a function; delta, the separation asked for where the data can be made to one (0.05 when None); data, a name of
    nk.data.names() or an nk.data.Dataset; n, points; seed; state, text from the state box of a lab, which takes the
    place of all of these; theme "auto", "light" or "dark"; more, other fields of Settings, such as width or steps.
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
    """Four explorers over one bench; `lab(...)` makes one."""

    def __init__(self, *, state=None, theme="auto", **settings):
        self.bench = Bench(**settings)
        if state is not None:
            self.bench.adopt(from_text(state))
        self.panels = {name: panel(self.bench, theme=theme) for name, panel in _PANELS.items()}
        self.bar = ControlBar(self.bench, _CONTROLS)
        self.desk = Desk(self)
        grid = GridBox(list(self.panels.values()), layout=Layout(grid_template_columns=_COLUMNS))
        grid.add_class("ntkit-grid")
        super().__init__([self.bar, self.desk.top, grid, self.desk.bottom])
        self.add_class("ntkit-lab")
        self.bench.listen(lambda changed: self.desk.follow())

    def __repr__(self):
        return f"<Lab {self.state}>"

    @property
    def bound(self):
        """The BoundExplorer."""
        return self.panels["bound"]

    @property
    def spectrum(self):
        """The SpectrumExplorer."""
        return self.panels["spectrum"]

    @property
    def shape(self):
        """The ShapeExplorer."""
        return self.panels["shape"]

    @property
    def training(self):
        """The TrainingExplorer."""
        return self.panels["training"]

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
        self.bench.adopt(STORIES[title].settings)
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
