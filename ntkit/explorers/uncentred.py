"""Where the correlations of an uncentred activation go, and how fast."""

import ntkit as nk
from ntkit.explorers.explorer import Explorer, Setting
from ntkit.explorers.listing import listing, scaled_code
from ntkit.figures.uncentred import uncentred_picture

_QUICK = 128  # layers that can be followed between two ticks of a slider


class UncentredExplorer(Explorer):
    """σ̂ with its cobweb and fixed point ρ̄, and |ρ_l − ρ̄| over depth; a shift of σ drags σ̂'(1) through 1.

    >>> explorer = UncentredExplorer(activation="tanh", depth=50, shift=0.1, start=0.5)
    >>> explorer.profile.point.regime
    'chaotic'
    >>> explorer.shift = 0.3
    >>> explorer.profile.point.regime
    'ordered'
    """

    title = "uncentred"
    watches = frozenset({"activation", "depth", "shift", "start"})
    controls = ("activation", "shift", "depth", "start")
    shift = Setting()
    start = Setting()

    @property
    def sigma(self):
        """The chosen activation, shifted, and scaled to E σ² = 1 without centring."""
        sigma, shift = self.bench.raw_sigma, self.bench.settings.shift
        return self.bench.remember(("scaled", sigma, shift), lambda: sigma.shifted(shift).with_unit_second_moment())

    @property
    def profile(self):
        """The nk.conditioning.UncentredProfile that is drawn."""
        return self._profile(self.bench.settings.depth)

    def _key(self, depth):
        return "uncentred", self.sigma, depth, self.bench.settings.start

    def _profile(self, depth):
        starts = (self.bench.settings.start,)
        return self.bench.remember(
            self._key(depth), lambda: nk.conditioning.uncentred_profile(self.sigma, depth, starts)
        )

    def picture(self):
        """The profile, drawn."""
        return uncentred_picture(self.profile)

    def sketch(self):
        """The first layers, where there are many."""
        depth = self.bench.settings.depth
        is_quick = depth <= _QUICK or self.bench.knows(self._key(depth))
        return None if is_quick else uncentred_picture(self._profile(_QUICK))

    @property
    def code(self):
        """Python that reproduces the figure."""
        settings = self.bench.settings
        return listing(
            f"sigma = {scaled_code(self.bench, settings.activation, settings.shift)}",
            f"profile = nk.conditioning.uncentred_profile(sigma, depth={settings.depth}, starts=({settings.start!r},))",
            "figure = nk.figures.uncentred_figure(profile)",
        )
