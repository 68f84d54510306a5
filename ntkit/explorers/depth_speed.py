"""How many steps gradient descent needs, against depth: normalised, and not centred."""

from ipywidgets import ToggleButtons

import ntkit as nk
from ntkit.explorers.explorer import Explorer, Setting
from ntkit.explorers.listing import data_code, listing, normalized_code, scaled_code
from ntkit.explorers.settings import LAYERS
from ntkit.figures.optimisation import depth_speed_picture

_FIRST_DEPTH = 32
_QUICK, _AFFORDED = 10_000, 8_000_000  # entries of the matrices of all depths: some 16 ms, and 3 s


class DepthSpeedExplorer(Explorer):
    """Steps until ε of the loss is left against depth, at infinite width: σ normalised, and σ scaled but not centred.

    >>> explorer = DepthSpeedExplorer(activation="relu", depth=60, delta=0.01, n=10, layers="top")
    >>> explorer.results["relu, normalised"].nngp.reached < 30, explorer.results["relu, not centred"].nngp.reached
    (True, None)
    """

    title = "depth-speed"
    watches = frozenset({"activation", "depth", "delta", "data", "n", "seed", "epsilon", "layers"})
    controls = ("activation", "depth", "delta", "epsilon", "data", "n", "seed")
    epsilon = Setting()

    def extras(self):
        """Which layers are trained."""
        self.layers_choice = ToggleButtons(
            options=[({"all": "all layers", "top": "top layer"}[layers], layers) for layers in LAYERS],
            value=self.bench.settings.layers,
            tooltips=["train every layer: the neural tangent kernel", "train the read-out alone: the NNGP kernel"],
        )
        self.layers_choice.observe(lambda change: self._choose(change["new"]), "value")
        self.bench.listen(self._follow)
        return (self.layers_choice,)

    @property
    def results(self):
        """nk.networks.StepsByDepth of what is drawn, by its name in the legend."""
        depth, epsilon = self.bench.settings.depth, self.bench.settings.epsilon
        points = self.bench.dataset
        return {
            name: nk.networks.steps_by_depth(sigma, points.x, points.y, depth, epsilon, spectra=self._spectra(sigma))
            for name, sigma in self._activations().items()
        }

    def picture(self):
        """The steps, drawn."""
        self._require_affordable()
        return depth_speed_picture(self.results, layers=self.bench.settings.layers)

    def sketch(self):
        """What was shown, where the spectra take longer than a slider allows."""
        known = all(self.bench.knows(self._key(sigma)) for sigma in self._activations().values())
        return None if known or self._entries() <= _QUICK else self.shown

    def _activations(self):
        name = self.bench.settings.activation
        found = {f"{name}, normalised": self.bench.sigma}
        if not self._is_centred():
            found[f"{name}, not centred"] = self._scaled()
        return found

    def _is_centred(self):
        return abs(self.bench.raw_sigma.mean) < 1e-12

    def _scaled(self):
        sigma = self.bench.raw_sigma
        return self.bench.remember(("scaled", sigma, 0.0), sigma.with_unit_second_moment)

    def _covered(self):
        """Layers that are followed: twice as many again when the slider of the depth goes beyond."""
        return max(_FIRST_DEPTH, 1 << (self.bench.settings.depth - 1).bit_length())

    def _key(self, sigma):
        return "spectra by depth", sigma, self.bench.dataset, self._covered()

    def _spectra(self, sigma):
        points = self.bench.dataset
        return self.bench.remember(
            self._key(sigma), lambda: nk.networks.spectra_by_depth(sigma, points.x, points.y, self._covered())
        )

    def _entries(self):
        return self._covered() * self.bench.n**2

    def _require_affordable(self):
        if self._entries() > _AFFORDED:
            most = int((_AFFORDED / self._covered()) ** 0.5)
            raise ValueError(
                f"depth × n² must be at most {_AFFORDED:,} here, so that every depth keeps up; got "
                f"{self._covered()} layers of {self.bench.n} points. Take n ≤ {most}, or fewer layers."
            )

    def _choose(self, layers):
        with self.messages.reporting():
            self.bench.update(layers=layers)

    def _follow(self, changed):
        if "layers" in changed:
            self.layers_choice.value = self.bench.settings.layers

    @property
    def code(self):
        """Python that reproduces the figure."""
        bench, settings = self.bench, self.bench.settings
        name = settings.activation
        given = {f"{name}, normalised": normalized_code(bench, name)}
        if not self._is_centred():
            given[f"{name}, not centred"] = scaled_code(bench, name, 0.0)
        return listing(
            f"points = {data_code(bench)}",
            "activations = {",
            *(_item(label, expression) for label, expression in given.items()),
            "}",
            "results = {",
            "    name: nk.networks.steps_by_depth("
            f"sigma, points.x, points.y, depth={settings.depth}, epsilon={settings.epsilon!r})",
            "    for name, sigma in activations.items()",
            "}",
            f'figure = nk.figures.depth_speed_figure(results, layers="{settings.layers}")',
        )


def _item(label, expression):
    """A line of a dictionary, with the comma before the comment."""
    code, separator, comment = expression.partition("  #")
    return f"    {label!r}: {code},{separator}{comment}"
