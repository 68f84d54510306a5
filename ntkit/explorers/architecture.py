"""Du's Gram matrices over depth: without skips, and with them."""

from ipywidgets import ToggleButtons

import ntkit as nk
from ntkit.explorers.explorer import Explorer, Setting
from ntkit.explorers.listing import activation_code, data_code, listing
from ntkit.explorers.settings import INPUTS
from ntkit.figures.layered import layered_picture

_FEWEST = 2  # layers of a residual network
_SKETCHED = 16  # layers in all while a slider moves: some 0.2 s
_AFFORDED = 500  # in all: some 6 s
_ENTRIES = 40_000_000  # of the matrices of all layers
_CONVOLVED = 80_000  # of those of convolutional ones: some 3 s


class ArchitectureExplorer(Explorer):
    """λ₀ of the population Gram matrix at H = 2, 4, 8, … layers, fully connected and residual; σ as it is, not centred.

    c_lambda: c_λ of the residual branches' scale c_λ λ^(3/2)/H, which the paper leaves open; depth: the largest H;
    inputs: "pixels" to see the coordinates as pixels in a row too, and with them the convolutional network.

    >>> explorer = ArchitectureExplorer(activation="softplus", depth=16, n=8, delta=0.16)
    >>> explorer.found.depths.tolist(), 8 < explorer.found.crossover < 16
    ([2, 4, 8, 16], True)
    """

    title = "architecture"
    watches = frozenset({"activation", "depth", "delta", "data", "n", "seed", "c_lambda", "inputs"})
    controls = ("activation", "depth", "c_lambda", "delta", "data", "n", "seed")
    c_lambda = Setting()
    inputs = Setting()

    def extras(self):
        """Whether a convolutional network is drawn."""
        self.inputs_choice = ToggleButtons(
            options=[({"vectors": "vectors", "pixels": "pixels in a row"}[inputs], inputs) for inputs in INPUTS],
            value=self.bench.settings.inputs,
            tooltips=["fully connected and residual networks", "the convolutional one beside them"],
        )
        self.inputs_choice.observe(lambda change: self._choose(change["new"]), "value")
        self.bench.listen(self._follow)
        return (self.inputs_choice,)

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
        is_quick = self.bench.n**2 * sum(few) < _ENTRIES / 20 and self.bench.settings.inputs == "vectors"
        return layered_picture(self._found(few)) if is_quick else self.shown

    @property
    def frozen_label(self):
        """What the frozen curves are called."""
        settings = self.bench.settings
        return f"{settings.activation}, L = {settings.depth}, c_λ = {settings.c_lambda:g}, {settings.data}"

    def _found(self, depths):
        settings, x = self.bench.settings, self.bench.dataset.x
        inputs = x[:, None, :] if settings.inputs == "pixels" else x
        return self.bench.remember(
            self._key(depths),
            lambda: nk.gram.gram_by_depth(self.bench.raw_sigma, inputs, depths, c_lambda=settings.c_lambda),
        )

    def _key(self, depths):
        settings = self.bench.settings
        return "gram by depth", self.bench.raw_sigma, self.bench.dataset, depths, settings.c_lambda, settings.inputs

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
        if self.bench.settings.inputs == "pixels" and layers * self.bench.dataset.x.size**2 > _CONVOLVED:
            n, pixels = self.bench.dataset.x.shape
            raise ValueError(
                f"layers × (points × pixels)² must be at most {_CONVOLVED:,} for convolutions to keep up; got {layers} "
                f"layers in all, {n} points and {pixels} pixels. Take fewer points or layers, or vectors."
            )

    def _choose(self, inputs):
        with self.messages.reporting():
            self.bench.update(inputs=inputs)

    def _follow(self, changed):
        if "inputs" in changed:
            self.inputs_choice.value = self.bench.settings.inputs

    @property
    def code(self):
        """Python that reproduces the figure."""
        settings = self.bench.settings
        inputs = "points.x[:, None, :]" if settings.inputs == "pixels" else "points.x"
        return listing(
            f"sigma = {activation_code(self.bench, settings.activation)}",
            f"points = {data_code(self.bench)}",
            f"found = nk.gram.gram_by_depth(sigma, {inputs}, {self._depths(settings.depth)!r}, "
            f"c_lambda={settings.c_lambda!r})",
            "figure = nk.figures.layered_figure(found)",
        )
