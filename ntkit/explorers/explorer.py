"""What every explorer is: one live figure over a bench, with its message, its summary, its table and its code."""

import base64
from html import escape

from ipywidgets import HTML, HBox, Layout, ToggleButton, VBox

from ntkit.explorers.action import Action
from ntkit.explorers.bench import Bench
from ntkit.explorers.controls import ControlBar
from ntkit.explorers.live_figure import LiveFigure
from ntkit.explorers.messages import Messages
from ntkit.explorers.pause import Pause
from ntkit.figures.picture import Picture

_NOTHING = Picture((), {}, "")


class Setting:
    """A setting of the bench as an attribute of the explorer: assigning moves every panel of that bench."""

    def __set_name__(self, owner, name):
        self._name = name

    def __get__(self, explorer, owner=None):
        if explorer is None:
            return self
        return explorer.bench.delta if self._name == "delta" else getattr(explorer.bench.settings, self._name)

    def __set__(self, explorer, value):
        explorer.bench.update(**{self._name: value})


class OnBench:
    """The settings of `self.bench` as attributes."""

    depth = Setting()
    activation = Setting()
    delta = Setting()
    data = Setting()
    n = Setting()
    seed = Setting()
    c = Setting()
    rivals = Setting()
    depths = Setting()
    width = Setting()
    steps = Setting()
    layers = Setting()
    draws = Setting()


class Explorer(OnBench, VBox):
    """One picture that follows the settings of a bench.

    A kind of explorer says `title`, `watches` (the settings that change its picture), `controls` (those it offers when
    it stands alone), and defines `picture()` and `code`; where the whole picture takes longer than a slider allows it
    also defines `sketch()`, which is drawn first.

    Parameters: bench, to follow one that is shared; otherwise settings for a bench of its own, with controls.
    theme: "light", "dark" or "auto".
    """

    title = ""
    watches = frozenset()
    controls = ()

    def __init__(self, bench=None, *, theme="auto", **settings):
        self.bench = bench or Bench(**settings)
        self.messages = Messages()
        self._frozen, self._is_sketch, self._is_asleep, self._missed = None, False, False, False
        self._rest = Pause(self._finish)
        self._longer_rest = Pause(self.prepare, seconds=0.6, optional=True)
        self.shown = _NOTHING
        self.live = LiveFigure(_NOTHING, filename=f"ntkit-{self.title}", theme=theme)
        self.summary_line, self.tools = _summary_line(), _Tools(self)
        bar = () if bench else (ControlBar(self.bench, self.controls),)
        super().__init__([*bar, self.live, self.messages, self.summary_line, *self.extras(), self.tools])
        self.add_class("ntkit-panel")
        self.bench.listen(self._changed)
        self.refresh()

    def __repr__(self):
        return f"<{type(self).__name__}: {self.shown.summary}>"

    # ---- what a kind of explorer defines

    def picture(self):
        """The complete Picture of the present settings."""
        raise NotImplementedError(f"{type(self).__name__} must define picture(), which returns a Picture.")

    def sketch(self):
        """What can be drawn while a slider moves: `self.shown` to wait, None where the whole picture can be drawn."""
        return

    def prepare(self):
        """Work towards the reader's next move, done after the present pictures are complete."""

    @property
    def code(self):
        """Python that reproduces the figure of the present settings."""
        raise NotImplementedError(f"{type(self).__name__} must define code, the lines that reproduce its figure.")

    def extras(self):
        """Widgets of this kind alone, below its figure."""
        return ()

    # ---- what a script asks

    @property
    def figure(self):
        """The present picture, complete, as a plotly.graph_objects.Figure."""
        return self._complete().figure("dark" if self.live.theme == "dark" else "light")

    @property
    def summary(self):
        """The present picture in one sentence."""
        return self.picture().summary

    def to_columns(self):
        """What is drawn as a mapping of column name → list: curve, x axis, x, y axis, y."""
        header, *rows = self._complete().table()
        columns = zip(*rows, strict=True) if rows else ((),) * len(header)
        return dict(zip(header, map(list, columns), strict=True))

    def to_csv(self):
        """What is drawn as CSV text."""
        return self._complete().to_csv()

    @property
    def is_frozen(self):
        """Whether earlier curves lie behind the present ones."""
        return self._frozen is not None

    def freeze(self):
        """Keep the present curves, grey, behind those to come."""
        self._frozen = self.picture(), self.frozen_label
        self.refresh()

    @property
    def frozen_label(self):
        """What frozen curves are called in the legend."""
        settings = self.bench.settings
        return f"{settings.activation}, L = {settings.depth}, δ = {self.bench.delta:.3g}, {settings.data}"

    def thaw(self):
        """Let go of the frozen curves."""
        self._frozen = None
        self.refresh()

    # ---- how it follows

    def refresh(self):
        """Draw the present settings: what is quick at once, the rest as soon as the reader pauses."""
        self._rest.cancel()
        with self.messages.reporting(instead=self._show_nothing):
            self._draw_quickly()
        if not self.messages.text:
            self._rest.restart()

    def _draw_quickly(self):
        sketch = self.sketch()
        self._is_sketch = sketch is not None
        if sketch is self.shown:
            self.live.is_waiting = True
        else:
            self._show(self._over_frozen(sketch) if self._is_sketch else self._complete())

    def sleep(self):
        """Follow no longer, while nobody looks."""
        self._is_asleep = True
        self._rest.cancel()
        self._longer_rest.cancel()

    def wake(self):
        """Follow again, and draw what has changed since."""
        self._is_asleep, missed = False, self._missed
        if missed:
            self._missed = False
            self.refresh()

    def _changed(self, names):
        if names & self.watches:
            if self._is_asleep:
                self._missed = True
            else:
                self.refresh()

    def _finish(self):
        with self.messages.reporting(instead=self._show_nothing):
            if self._is_sketch:
                self.live.is_waiting = True  # seen where the complete picture takes its time
                self._show(self._complete())
            self._say_in_words()
            self.tools.follow()
            self._longer_rest.restart()

    def _say_in_words(self):
        self.summary_line.value = f'<div role="status" aria-live="polite">{escape(self.shown.summary)}</div>'

    def _show(self, picture):
        self.shown = picture
        self.live.show(picture)
        self.live.is_waiting = False

    def _show_nothing(self):
        self._show(_NOTHING)
        self.summary_line.value = ""
        self.tools.follow()

    def _complete(self):
        return self._over_frozen(self.picture())

    def _over_frozen(self, picture):
        return picture if self._frozen is None else picture.over(*self._frozen)


def _summary_line():
    line = HTML()
    line.add_class("ntkit-summary")
    return line


class _Tools(VBox):
    """Freeze, table and code of one explorer."""

    def __init__(self, explorer):
        self._explorer = explorer
        self.freeze = Action("Freeze", self._freeze, "keep these curves, grey, to compare with")
        self.thaw = Action("Clear", explorer.thaw, "remove the frozen curves", disabled=True)
        self.code = ToggleButton(description="Code", tooltip="Python that reproduces this picture")
        self.link, self.listing = HTML(), HTML()
        row = HBox([self.freeze, self.thaw, self.code, self.link], layout=Layout(flex_flow="row wrap"))
        row.add_class("ntkit-tools")
        super().__init__([row, self.listing])
        self.code.observe(lambda change: self.follow(), "value")

    def _freeze(self):
        with self._explorer.messages.reporting():
            self._explorer.freeze()

    def follow(self):
        """Bring the buttons, the link to the table and the code up to date with what is drawn."""
        self.thaw.disabled = not self._explorer.is_frozen
        self.link.value = _download(f"ntkit-{self._explorer.title}.csv", self._explorer.shown.to_csv())
        self.listing.layout.display = None if self.code.value else "none"
        self.listing.value = f"<pre>{escape(self._explorer.code)}</pre>" if self.code.value else ""


def _download(name, text):
    """A link that saves `text` under `name` without asking any server."""
    content = base64.b64encode(text.encode()).decode()
    return f'<a download="{name}" href="data:text/csv;base64,{content}" title="the drawn points">CSV</a>'
