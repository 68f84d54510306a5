"""Eigenvalues of the two-layer Gram matrix of several activations, at infinite width and of one random network."""

import ntkit as nk
from ntkit.explorers.listing import data_code, listing
from ntkit.explorers.rivals import RivalExplorer
from ntkit.figures.gram import gram_spectrum_picture

_QUICK = 4_000  # entries of the Gram matrices that a slider may wait for


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
