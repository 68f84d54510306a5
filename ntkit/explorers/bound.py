"""The bound and the exact correlation over depth."""

import ntkit as nk
from ntkit.explorers.explorer import Explorer
from ntkit.explorers.listing import data_code, listing, normalized_code
from ntkit.figures.bound import bound_picture


class BoundExplorer(Explorer):
    """B(l, δ) and the exact |ρ_l| over depth, with L₀ marked, and the same for the neural tangent kernel.

    >>> explorer = BoundExplorer(activation="tanh", depth=20, delta=0.1)
    >>> explorer.depth = 40
    >>> len(explorer.profile.depth)
    41
    """

    title = "bound"
    watches = frozenset({"activation", "depth", "delta", "data", "n", "seed"})
    controls = ("activation", "depth", "delta")

    @property
    def profile(self):
        """The nk.conditioning.DepthProfile that is drawn."""
        bench = self.bench
        arguments = bench.sigma, bench.settings.depth, bench.delta
        return bench.remember(("profile", *arguments), lambda: nk.conditioning.depth_profile(*arguments))

    def picture(self):
        """The profile, drawn."""
        return bound_picture(self.profile)

    @property
    def code(self):
        """Python that reproduces the figure."""
        bench = self.bench
        points = [] if bench.delta_is_chosen else [f"points = {data_code(bench)}"]
        delta = f"{bench.delta!r}" if bench.delta_is_chosen else "points.delta"
        return listing(
            f"sigma = {normalized_code(bench, bench.settings.activation)}",
            *points,
            f"profile = nk.conditioning.depth_profile(sigma, depth={bench.settings.depth}, delta={delta})",
            "figure = nk.figures.bound_figure(profile)",
        )
