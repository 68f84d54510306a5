"""Two inputs of different norms: how their lengths come to 1, and their correlation to 0."""

import numpy as np

import ntkit as nk
from ntkit.explorers.explorer import Explorer, Setting
from ntkit.explorers.listing import listing, normalized_code
from ntkit.figures.any_norm import length_picture


class NormExplorer(Explorer):
    """|γ_l − 1| of both inputs and |ρ_l| over depth, beside Theorems 37, 12 and 59; norms and angle as controls.

    norm_x and norm_y are the squared norms, angle the angle between the inputs in degrees.

    >>> explorer = NormExplorer(activation="tanh", depth=40, norm_x=0.5, norm_y=4.0, angle=20.0)
    >>> explorer.profile.statement
    'Theorem 12'
    >>> explorer.norm_x = 0.3
    >>> explorer.profile.silent
    'Theorems 12 and 59 ask for squared norms of at least ½; got 0.3.'
    """

    title = "norms"
    watches = frozenset({"activation", "depth", "norm_x", "norm_y", "angle"})
    controls = ("activation", "norm_x", "norm_y", "angle", "depth")
    norm_x = Setting()
    norm_y = Setting()
    angle = Setting()

    @property
    def profile(self):
        """The nk.conditioning.LengthProfile that is drawn."""
        sigma, depth = self.bench.sigma, self.bench.settings.depth
        found = self.bench.remember(
            (*self._lengths_key(), self._gap()),
            lambda: nk.conditioning.length_profile(sigma, depth, self._norms(), gap=self._gap()),
        )
        self.bench.remember(self._lengths_key(), lambda: True)
        return found

    def _lengths_key(self):
        return "lengths", self.bench.sigma, self.bench.settings.depth, self._norms()

    def _norms(self):
        return self.bench.settings.norm_x, self.bench.settings.norm_y

    def _gap(self):
        """1 − ρ₀."""
        return 2 * float(np.sin(np.radians(self.bench.settings.angle) / 2) ** 2)

    def picture(self):
        """The profile, drawn."""
        return length_picture(self.profile)

    def sketch(self):
        """What is shown already, until the reader pauses; another angle at known lengths is quick for smooth σ."""
        is_quick = self.bench.knows(self._lengths_key()) and not self.bench.sigma.kinks
        return None if is_quick or self.bench.knows((*self._lengths_key(), self._gap())) else self.shown

    @property
    def frozen_label(self):
        """What the frozen curves are called."""
        settings = self.bench.settings
        norms = f"‖x‖² = {settings.norm_x:.4g}, ‖y‖² = {settings.norm_y:.4g}"
        return f"{settings.activation}, L = {settings.depth}, {norms}, {settings.angle:.4g}°"

    @property
    def code(self):
        """Python that reproduces the figure."""
        settings = self.bench.settings
        return listing(
            f"sigma = {normalized_code(self.bench, settings.activation)}",
            f"norms = {self._norms()!r}  # squared",
            f"gap = {self._gap()!r}  # 1 − cos({settings.angle:g}°)",
            f"profile = nk.conditioning.length_profile(sigma, {settings.depth}, norms, gap=gap)",
            "figure = nk.figures.length_figure(profile)",
        )
