"""Du's Gram matrices over depth: without skips, and with them."""

import ntkit as nk
from ntkit.explorers.explorer import Explorer, Setting
from ntkit.explorers.listing import activation_code, data_code, listing
from ntkit.figures.layered import layered_picture

_FEWEST = 2  # layers of a residual network
_SKETCHED = 16  # layers in all while a slider moves: some 0.2 s
_AFFORDED = 500  # in all: some 6 s
_ENTRIES = 40_000_000  # of the matrices of all layers


class ArchitectureExplorer(Explorer):
    """λ₀ of the population Gram matrix at H = 2, 4, 8, … layers, fully connected and residual; σ as it is, not centred.

    c_lambda: c_λ of the residual branches' scale c_λ λ^(3/2)/H, which the paper leaves open; depth: the largest H.

    >>> explorer = ArchitectureExplorer(activation="softplus", depth=16, n=8, delta=0.16)
    >>> explorer.found.depths.tolist(), 8 < explorer.found.crossover < 16
    ([2, 4, 8, 16], True)
    """

    title = "architecture"
    watches = frozenset({"activation", "depth", "delta", "data", "n", "seed", "c_lambda"})
    controls = ("activation", "depth", "c_lambda", "delta", "data", "n", "seed")
    c_lambda = Setting()

    @property
    def found(self):
        """The nk.gram.GramByDepth that is drawn."""
        return self._found(self._depths(self.bench.settings.depth))

    def picture(self):
        """The least eigenvalues, drawn."""
        self._require_affordable()
        return layered_picture(self.found)

    def sketch(self):
        """The first depths, or what is shown already where they take too long."""
        depths = self._depths(self.bench.settings.depth)
        if sum(depths) <= _SKETCHED or self.bench.knows(self._key(depths)):
            return None
        few = self._depths(_SKETCHED // 2)
        return layered_picture(self._found(few)) if self.bench.n**2 * sum(few) < _ENTRIES / 20 else self.shown

    @property
    def frozen_label(self):
        """What the frozen curves are called."""
        settings = self.bench.settings
        return f"{settings.activation}, L = {settings.depth}, c_λ = {settings.c_lambda:g}, {settings.data}"

    def _found(self, depths):
        settings, points = self.bench.settings, self.bench.dataset
        return self.bench.remember(
            self._key(depths),
            lambda: nk.gram.gram_by_depth(self.bench.raw_sigma, points.x, depths, c_lambda=settings.c_lambda),
        )

    def _key(self, depths):
        settings = self.bench.settings
        return "gram by depth", self.bench.raw_sigma, self.bench.dataset, depths, settings.c_lambda

    @staticmethod
    def _depths(largest):
        """2, 4, 8, … and the largest."""
        largest, depths = max(largest, _FEWEST), []
        depth = _FEWEST
        while depth < largest:
            depths.append(depth)
            depth *= 2
        return (*depths, largest)

    def _require_affordable(self):
        layers = sum(self._depths(self.bench.settings.depth))
        if layers > _AFFORDED or layers * self.bench.n**2 > _ENTRIES:
            raise ValueError(
                f"networks of 2, 4, 8, … layers must have at most {_AFFORDED} layers together, and {_ENTRIES:,} "
                f"entries of their matrices, to be drawn here; {self.bench.settings.depth} layers of {self.bench.n} "
                "points ask for more. Take fewer of either, or call nk.gram.gram_by_depth."
            )

    @property
    def code(self):
        """Python that reproduces the figure."""
        settings = self.bench.settings
        return listing(
            f"sigma = {activation_code(self.bench, settings.activation)}",
            f"points = {data_code(self.bench)}",
            f"found = nk.gram.gram_by_depth(sigma, points.x, {self._depths(settings.depth)!r}, "
            f"c_lambda={settings.c_lambda!r})",
            "figure = nk.figures.layered_figure(found)",
        )
