"""The bound and the exact correlation over depth."""

import ntkit as nk
from ntkit.explorers.explorer import Explorer
from ntkit.explorers.listing import data_code, listing, normalized_code
from ntkit.explorers.settings import LARGEST_DEPTH
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
        return self._profile(self.bench.settings.depth)

    def _profile(self, depth):
        sigma, delta = self.bench.sigma, self.bench.delta
        mesh = self.bench.meshes.quick(sigma)
        known = mesh.of_pair(delta, depth) if depth <= mesh.depth else None
        return self.bench.remember(
            ("profile", sigma, depth, delta),
            lambda: nk.conditioning.depth_profile(sigma, depth, delta, trajectory=known),
        )

    def picture(self):
        """The profile, drawn."""
        return bound_picture(self.profile)

    def sketch(self):
        """The layers that are known already, where there are more to come."""
        covered = self.bench.meshes.quick(self.bench.sigma).depth
        return bound_picture(self._profile(covered)) if covered < self.bench.settings.depth else None

    def prepare(self):
        """Follow twice as many layers, so that the slider of the depth finds them known."""
        self.bench.meshes.covering(self.bench.sigma, min(2 * self.bench.settings.depth, LARGEST_DEPTH))

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
