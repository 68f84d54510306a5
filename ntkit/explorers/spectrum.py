"""The spectra of both kernels on the chosen data."""

import ntkit as nk
from ntkit.explorers.explorer import Explorer
from ntkit.explorers.listing import data_code, listing, normalized_code
from ntkit.figures.spectrum import spectrum_picture


class SpectrumExplorer(Explorer):
    """Eigenvalues of K̄ and 𝒦̄ beside the floor and ceiling of the theorems, and κ beside the corollaries.

    >>> explorer = SpectrumExplorer(activation="tanh", depth=64, n=16)
    >>> explorer.comparison.nngp.min > 0
    True
    """

    title = "spectrum"
    watches = frozenset({"activation", "depth", "delta", "data", "n", "seed"})
    controls = ("activation", "depth", "delta", "data", "n", "seed")

    @property
    def comparison(self):
        """The nk.spectra.SpectrumComparison that is drawn."""
        network, points = self.bench.network, self.bench.dataset
        return self.bench.remember(("spectra", network, points), lambda: nk.spectra.compare_spectra(network, points.x))

    def picture(self):
        """The comparison, drawn."""
        return spectrum_picture(self.comparison)

    @property
    def code(self):
        """Python that reproduces the figure."""
        bench = self.bench
        return listing(
            f"sigma = {normalized_code(bench, bench.settings.activation)}",
            f"points = {data_code(bench)}",
            f"net = nk.mlp(depth={bench.settings.depth}, activation=sigma)",
            "comparison = nk.spectra.compare_spectra(net, points.x)",
            "figure = nk.figures.spectrum_figure(comparison)",
        )
