"""How far training moves two-layer networks, against their width."""

import ntkit as nk
from ntkit.explorers.explorer import Explorer
from ntkit.explorers.listing import activation_code, data_code, listing
from ntkit.figures.two_layer_training import drift_picture

_NARROWEST, _SEEDS = 32, 3
_QUICK, _AFFORDED = 3e6, 4e8  # values of σ in all runs: what a slider may wait for, and some 5 s


class StabilityExplorer(Explorer):
    """Weights, Gram matrix and prediction after training, at widths of 32, 64, … up to the chosen one.

    The activation as the literature defines it, the hidden layer trained at η = 1/λ_max of the matrix of infinite
    width; beside it what Lemma M.11 allows.

    >>> explorer = StabilityExplorer(activation="tanh", n=8, data="half_circle", width=256, steps=20)
    >>> explorer.drift.widths.tolist(), bool((explorer.drift.entries <= explorer.drift.entries_bound).all())
    ([32, 64, 128, 256], True)
    """

    title = "stability"
    watches = frozenset({"activation", "delta", "data", "n", "seed", "width", "steps"})
    controls = ("activation", "data", "n", "seed", "width", "steps")

    @property
    def drift(self):
        """The nk.gram.DriftByWidth that is drawn."""
        self._demand_affordable()
        settings, bench = self.bench.settings, self.bench
        return bench.remember(
            self._key(),
            lambda: nk.gram.drift_by_width(
                bench.dataset, bench.raw_sigma, self._widths(), steps=settings.steps, seeds=_SEEDS
            ),
        )

    def picture(self):
        """The drift, drawn."""
        return drift_picture(self.drift)

    def sketch(self):
        """What was shown, where the runs take longer than a slider allows."""
        return None if self.bench.knows(self._key()) or self._values() <= _QUICK else self.shown

    @property
    def frozen_label(self):
        """What the frozen curves are called."""
        settings = self.bench.settings
        return f"{settings.activation}, n = {settings.n}, {settings.data}, {settings.steps} steps"

    def _key(self):
        return "drift", self.bench.raw_sigma, self.bench.dataset, self._widths(), self.bench.settings.steps

    def _widths(self):
        widths = [_NARROWEST]
        while 2 * widths[-1] < self.bench.settings.width:
            widths.append(2 * widths[-1])
        return tuple(dict.fromkeys((*widths, max(self.bench.settings.width, _NARROWEST))))

    def _values(self):
        """Values of σ in all runs, and the work on eigenvalues in the same unit of time."""
        n, dim = self.bench.n, min(self.bench.n, self.bench.dataset.dim)
        return _SEEDS * sum(self._widths()) * n * (self.bench.settings.steps + 0.3 * n * dim)

    def _demand_affordable(self):
        if self._values() > _AFFORDED:
            raise ValueError(
                f"points, widths and steps must be few enough for {_AFFORDED:.0e} values of σ in all, some 5 s here; "
                f"these take {self._values():.1e}. Take fewer points, a smaller width or fewer steps, or call "
                "nk.gram.drift_by_width, which takes any number."
            )

    @property
    def code(self):
        """Python that reproduces the figure."""
        expression, separator, comment = activation_code(self.bench, self.bench.settings.activation).partition("  #")
        return listing(
            f"points = {data_code(self.bench)}",
            f"sigma = {expression}{separator}{comment}",
            f"drift = nk.gram.drift_by_width(points, sigma, {self._widths()!r}, "
            f"steps={self.bench.settings.steps}, seeds={_SEEDS})",
            "figure = nk.figures.drift_figure(drift)",
        )
