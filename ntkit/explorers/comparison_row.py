"""One network in the list of those compared: its colour, whether it is drawn, how far it has come, and its removal."""

from html import escape

from ipywidgets import HTML, Checkbox, HBox, Layout

from ntkit.explorers.action import Action
from ntkit.figures.style import CYCLE


class ComparisonRow(HBox):
    """A row of the list, wired to one ComparisonExplorer."""

    def __init__(self, explorer, network):
        self._explorer, self._network, self._label, self._following = explorer, network, "", False
        self.shown = Checkbox(indent=False, tooltip="draw it, or leave it out", layout=Layout(width="auto"))
        self.swatch, self.status = HTML(_swatch(network.number)), HTML(layout=Layout(flex="1 1 240px"))
        self.status.add_class("ntkit-summary")
        self.removal = Action("", self._remove, "take this network off the list", icon="trash")
        told = HBox([self.swatch, self.shown, self.status], layout=Layout(flex="1 1 0", flex_flow="row wrap"))
        super().__init__([told, self.removal])
        for row in (told, self):
            row.add_class("ntkit-tools")
        self.shown.observe(self._chosen, "value")

    def follow(self, label):
        """Show what is known of the network now."""
        self._following, self._label = True, label
        self.shown.description, self.shown.value = label, self._network.is_shown
        self.status.value = escape(self._network.status)
        self._following = False

    def _chosen(self, change):
        if not self._following:
            self._explorer.set_shown(self._label, change["new"])

    def _remove(self):
        self._explorer.remove(self._label)


def _swatch(number):
    color = CYCLE[number % len(CYCLE)]
    return f'<span style="display:inline-block;width:18px;height:4px;background:{color}" aria-hidden="true"></span>'
