"""What stands around the panels of a lab: stories, the data in words, reset, freeze, and the state to copy."""

from dataclasses import replace
from html import escape

from ipywidgets import HTML, Accordion, Dropdown, GridBox, HBox, Layout, Text, ToggleButton, VBox

from ntkit.explorers.action import Action
from ntkit.explorers.messages import Messages
from ntkit.explorers.number_pair import LABEL_WIDTH
from ntkit.explorers.pause import Pause
from ntkit.explorers.settings import PANELS
from ntkit.explorers.stories import STORIES

_NO_STORY = "choose one …"


class Desk:
    """Two rows of a lab, `top` above its panels and `bottom` below them."""

    def __init__(self, lab):
        self._lab, self._story, self._following = lab, None, False
        self._rest = Pause(self._describe_data)
        self.messages = Messages()
        self.stories = Dropdown(
            options=[_NO_STORY, *STORIES],
            description="story",
            tooltip="settings worth a look, and what to see in them",
            layout=Layout(width="auto"),
            style={"description_width": LABEL_WIDTH},
        )
        self.caption, self.data_line = _line("ntkit-caption"), _line("ntkit-summary")
        self.state = Text(
            description="state",
            tooltip="copy this line to come back here; paste one and press enter to go there",
            continuous_update=False,
            layout=Layout(width="auto", flex="1 1 auto"),
            style={"description_width": LABEL_WIDTH},
        )
        self.actions = (
            Action("Reset", self._guarded(lab.reset), "back to the settings that this lab began with"),
            Action("Freeze all", self._guarded(lab.freeze), "keep the curves of every panel, grey, to compare with"),
            Action("Clear all", self._guarded(lab.thaw), "remove the frozen curves"),
        )
        buttons = HBox(self.actions)
        buttons.add_class("ntkit-tools")
        row = GridBox([self.stories, buttons], layout=Layout(width="auto"))
        row.add_class("ntkit-controls")
        self.panels = {name: self._toggle(name) for name in PANELS}
        toggles = HBox(list(self.panels.values()), layout=Layout(flex_flow="row wrap"))
        toggles.add_class("ntkit-tools")
        self.chooser = Accordion([toggles], titles=["panels"], selected_index=None)
        self.top = VBox([row, self.caption, self.data_line, self.chooser])
        self.bottom = VBox([self.state, self.messages])
        self.stories.observe(lambda change: self._chosen(self._tell, change["new"]), "value")
        self.state.observe(lambda change: self._chosen(self._go_to, change["new"]), "value")
        self.follow()

    def _toggle(self, name):
        toggle = ToggleButton(description=name.replace("_", " "), tooltip=f"show or hide the {name} panel")
        toggle.observe(lambda change: self._chosen(self._choose_panel(name), change["new"]), "value")
        return toggle

    def _choose_panel(self, name):
        return lambda is_shown: (self._lab.show if is_shown else self._lab.hide)(name)

    def follow(self):
        """Show what the bench is set to."""
        settings = self._lab.bench.settings
        if self._story is not None and settings != replace(self._story.settings, panels=settings.panels):
            self._story = None
        self._following = True
        for name, toggle in self.panels.items():
            toggle.value = name in settings.panels
        self.state.value = self._lab.state
        self.stories.value = _NO_STORY if self._story is None else self._story.title
        self._following = False
        self.caption.value = "" if self._story is None else f"<b>{escape(self._story.caption)}</b>"
        self._rest.restart()

    def _describe_data(self):
        with self.messages.reporting():
            points = self._lab.bench.dataset
            self.data_line.value = f"{escape(points.description)} Separation δ = {points.delta:.4g}."

    def narrate(self, story):
        """Show the caption of a story for as long as its settings stay."""
        self._story = story
        self.follow()

    def _chosen(self, action, value):
        if not self._following:
            self._guarded(lambda: action(value))()

    def _guarded(self, action):
        def run():
            with self.messages.reporting():
                action()

        return run

    def _tell(self, title):
        if title != _NO_STORY:
            self._lab.tell(title)

    def _go_to(self, text):
        self._lab.state = text


def _line(css_class):
    line = HTML()
    line.add_class(css_class)
    return line
