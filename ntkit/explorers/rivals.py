"""Explorers that show several activations beside each other."""

from ipywidgets import Label, Layout, TagsInput

from ntkit.explorers.explorer import Explorer
from ntkit.explorers.listing import activation_code
from ntkit.explorers.run_buttons import tool_row


class RivalExplorer(Explorer):
    """An explorer that shows the chosen activation, as the literature defines it, beside the rivals of its bench."""

    def extras(self):
        """The rivals."""
        self._following = False
        self.rival_tags = TagsInput(tooltip="activations that are shown as well", layout=Layout(width="auto"))
        self._follow_rivals({"rivals"})
        self.rival_tags.observe(lambda change: self._rivals_chosen(change["new"]), "value")
        self.bench.listen(self._follow_rivals)
        return (tool_row(Label("beside (click and type)"), self.rival_tags, *self.beside_rivals()),)

    def beside_rivals(self):
        """Widgets of this kind alone, in the row of the rivals."""
        return ()

    @property
    def names(self):
        """The chosen activation and its rivals, each once."""
        return tuple(dict.fromkeys((self.bench.settings.activation, *self.bench.settings.rivals)))

    @property
    def activations(self):
        """The activations of these names."""
        return tuple(self.bench.resolve(name) for name in self.names)

    def activations_code(self):
        """The lines that make a list of them."""
        items = (activation_code(self.bench, name).partition("  #") for name in self.names)
        lines = [f"    {expression},{separator}{comment}" for expression, separator, comment in items]
        return ["activations = [", *lines, "]"]

    def _rivals_chosen(self, names):
        if not self._following:
            with self.messages.reporting():
                self.bench.update(rivals=tuple(names))

    def _follow_rivals(self, changed):
        if "rivals" in changed:
            self._following = True
            self.rival_tags.value = list(self.bench.settings.rivals)
            self._following = False
