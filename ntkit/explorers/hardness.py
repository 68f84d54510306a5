"""The correlation of two inputs in random networks whose layers are normalised."""

import ntkit as nk
from ntkit.explorers.explorer import Explorer
from ntkit.explorers.listing import data_code, listing, normalized_code
from ntkit.figures.hardness import hardness_picture

_SKETCHED, _AFFORDED = 250_000, 3_000_000  # units drawn while a slider moves, and in all: some 50 ms, and 0.6 s
_FEWEST = 4  # networks, or there is no spread to see


class HardnessExplorer(Explorer):
    """ρ̂_l over draws of networks with normalised layers, beside the network of infinite width and the bound.

    Where depth × width × draws is too much for a moment, fewer networks are drawn, and the legend says how many.

    >>> explorer = HardnessExplorer(activation="tanh", depth=12, delta=0.1, width=64, draws=40)
    >>> explorer.depth = 20
    >>> explorer.decay.samples.shape
    (40, 21)
    """

    title = "hardness"
    watches = frozenset({"activation", "depth", "delta", "data", "n", "seed", "width", "draws"})
    controls = ("activation", "depth", "width", "delta", "draws", "seed")

    @property
    def decay(self):
        """The nk.hardness.PairDecay that is drawn."""
        return self._decay(self._draws(_AFFORDED))

    def picture(self):
        """The decay over all networks."""
        return hardness_picture(self.decay)

    def sketch(self):
        """That over a few networks, where all of them take longer than a slider allows."""
        few = self._draws(_SKETCHED)
        return None if few == self._draws(_AFFORDED) else hardness_picture(self._decay(few))

    def _draws(self, units):
        settings = self.bench.settings
        return min(settings.draws, max(units // (settings.depth * settings.width), _FEWEST))

    def _decay(self, draws):
        bench, settings = self.bench, self.bench.settings
        key = "decay", bench.sigma, settings.depth, bench.delta, settings.width, draws, settings.seed
        return bench.remember(key, lambda: self._drawn(draws))

    def _drawn(self, draws):
        bench, settings = self.bench, self.bench.settings
        return nk.hardness.pair_decay(
            bench.sigma, settings.depth, bench.delta, settings.width, draws=draws, seed=settings.seed
        )

    @property
    def code(self):
        """Python that reproduces the figure."""
        bench, settings = self.bench, self.bench.settings
        points = [] if bench.delta_is_chosen else [f"points = {data_code(bench)}"]
        delta = f"{bench.delta!r}" if bench.delta_is_chosen else "points.delta"
        return listing(
            f"sigma = {normalized_code(bench, settings.activation)}",
            *points,
            f"decay = nk.hardness.pair_decay(sigma, {settings.depth}, {delta}, {settings.width}, "
            f"draws={self._draws(_AFFORDED)}, seed={settings.seed})",
            "figure = nk.figures.hardness_figure(decay)",
        )
