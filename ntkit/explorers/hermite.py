"""Hermite coefficients of σ' beside those of ReLU, tanh and swish, and polynomials near σ'."""

import ntkit as nk
from ntkit.explorers.explorer import Explorer, Setting
from ntkit.explorers.listing import activation_code, listing
from ntkit.figures.certificates import hermite_lab_picture

_BESIDE = ("relu", "tanh", "swish")
_DEGREES = range(2, 101, 2)


class HermiteExplorer(Explorer):
    """The Hermite coefficients of σ' and what the nearest pole predicts; how well polynomials approach σ' on [−τ, τ].

    half_width: τ.

    >>> explorer = HermiteExplorer(activation="tanh", half_width=9.0)
    >>> explorer.half_width = 3.0
    >>> bool(explorer.errors.measured[-1] < 1e-12)
    True
    """

    title = "hermite"
    watches = frozenset({"activation", "half_width"})
    controls = ("activation", "half_width")
    half_width = Setting()

    @property
    def decays(self):
        """The nk.gram.hermite_decay.HermiteDecay of the chosen σ', and of the others beside it."""
        return [self._decay(name) for name in self._names()]

    @property
    def errors(self):
        """The nk.gram.approximation.ApproximationErrors of the chosen σ'."""
        sigma, half_width = self.bench.raw_sigma, self.bench.settings.half_width
        return self.bench.remember(
            ("slope errors", sigma, half_width), lambda: nk.gram.approximation.slope_errors(sigma, half_width, _DEGREES)
        )

    def picture(self):
        """Coefficients and errors, drawn."""
        return hermite_lab_picture(self.decays, self.errors)

    @property
    def frozen_label(self):
        """What the frozen curves are called."""
        return f"{self.bench.settings.activation}, τ = {self.bench.settings.half_width:g}"

    def _names(self):
        chosen = self.bench.settings.activation
        return (chosen, *(name for name in _BESIDE if name != chosen))

    def _decay(self, name):
        sigma = self.bench.resolve(name)
        return self.bench.remember(("slope decay", sigma), lambda: nk.gram.hermite_decay.slope_decay(sigma))

    @property
    def code(self):
        """Python that reproduces the figure."""
        bench = self.bench
        given = ", ".join(f'nk.activation("{name}")' for name in self._names()[1:])
        return listing(
            f"sigma = {activation_code(bench, bench.settings.activation)}",
            f"beside = [{given}]",
            "decays = [nk.gram.hermite_decay.slope_decay(each) for each in (sigma, *beside)]",
            f"errors = nk.gram.approximation.slope_errors(sigma, {bench.settings.half_width!r}, {_DEGREES!r})",
            "figure = nk.figures.hermite_lab_figure(decays, errors)",
        )
