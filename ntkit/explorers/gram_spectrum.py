"""Eigenvalues of the two-layer Gram matrix of several activations, at infinite width and of one random network."""

from ipywidgets import HBox, Label, Layout, TagsInput

import ntkit as nk
from ntkit.explorers.explorer import Explorer
from ntkit.explorers.listing import activation_code, data_code, listing
from ntkit.figures.gram import gram_spectrum_picture

_QUICK = 4_000  # entries of the Gram matrices that a slider may wait for


class RivalExplorer(Explorer):
    """An explorer that shows the chosen activation, as the literature defines it, beside the rivals of its bench."""

    def extras(self):
        """The rivals."""
        self._following = False
        self.rival_tags = TagsInput(tooltip="activations that are shown as well", layout=Layout(width="auto"))
        self._follow_rivals({"rivals"})
        self.rival_tags.observe(lambda change: self._rivals_chosen(change["new"]), "value")
        self.bench.listen(self._follow_rivals)
        row = HBox([Label("beside (click and type)"), self.rival_tags], layout=Layout(flex_flow="row wrap"))
        row.add_class("ntkit-tools")
        return (row,)

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


class GramSpectrumExplorer(RivalExplorer):
    """Eigenvalues of G on the chosen data: lines at infinite width, markers for a random network of the chosen width.

    >>> explorer = GramSpectrumExplorer(activation="relu", rivals=("tanh",), data="half_circle", n=10, width=512)
    >>> round(explorer.found.infinite["tanh"].min, 6)
    0.000304
    >>> [trace["name"] for trace in explorer.shown.traces]
    ['relu', 'relu, m = 512', 'tanh', 'tanh, m = 512']
    """

    title = "gram-spectrum"
    watches = frozenset({"activation", "rivals", "data", "n", "delta", "seed", "width"})
    controls = ("activation", "data", "n", "delta", "width", "seed")

    @property
    def found(self):
        """The nk.gram.Spectra that are drawn."""
        settings = self.bench.settings
        return self.bench.remember(
            self._key(),
            lambda: nk.gram.spectra(self.bench.dataset.x, self.activations, settings.width, settings.seed),
        )

    def picture(self):
        """The spectra, drawn."""
        return gram_spectrum_picture(self.found)

    def sketch(self):
        """What is shown already, where the matrices take longer than a slider allows."""
        few = len(self.names) * self.bench.n**2 <= _QUICK
        return None if few or self.bench.knows(self._key()) else self.shown

    @property
    def frozen_label(self):
        """What the frozen curves are called."""
        settings = self.bench.settings
        return f"{settings.activation}, {settings.data}, n = {self.bench.n}, m = {settings.width}"

    def _key(self):
        settings = self.bench.settings
        return "Gram spectra", self.activations, self.bench.dataset, settings.width, settings.seed

    @property
    def code(self):
        """Python that reproduces the figure."""
        settings = self.bench.settings
        return listing(
            f"points = {data_code(self.bench)}",
            *self.activations_code(),
            f"found = nk.gram.spectra(points.x, activations, width={settings.width}, seed={settings.seed})",
            "figure = nk.figures.gram_spectrum_figure(found)",
        )
