"""The spectra of both kernels on the chosen data."""

import ntkit as nk
from ntkit.explorers.explorer import Explorer
from ntkit.explorers.listing import data_code, listing, normalized_code
from ntkit.explorers.mesh import MOST_POINTS
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
        return self._compare(self.bench.network)

    def _compare(self, network, kernels=None):
        points = self.bench.dataset
        given = self.bench.remember(("assumptions", points), lambda: nk.spectra.assumptions(points.x))
        if kernels is not None:
            return nk.spectra.compare_spectra(network, points.x, given=given, kernels=kernels)
        return self.bench.remember(
            ("spectra", network, points), lambda: nk.spectra.compare_spectra(network, points.x, given=given)
        )

    def picture(self):
        """The comparison, drawn."""
        return spectrum_picture(self.comparison)

    def sketch(self):
        """The spectra of interpolated kernels, to three digits, or what is shown until the exact ones are there."""
        mesh, depth = self.bench.meshes.quick(self.bench.sigma), self.bench.settings.depth
        if mesh.trajectory.ntk is None:
            return None  # the exact computation says why there is no NTK
        if self.bench.n > MOST_POINTS or depth > mesh.depth:
            return self.shown
        try:
            return spectrum_picture(self._compare(self.bench.network, mesh.kernels(self.bench.dataset.x, depth)))
        except ValueError:  # a nearly singular matrix became indefinite by interpolation
            return self.shown

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
