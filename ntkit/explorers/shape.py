"""The activation's shape, normalised and not, beside NormReLU, SELU and ReLU."""

import ntkit as nk
from ntkit.explorers.controls import ControlBar
from ntkit.explorers.explorer import Explorer
from ntkit.explorers.listing import activation_code, listing
from ntkit.figures.shape import shape_picture


class ShapeExplorer(Explorer):
    """The graph of σ beside those of NormReLU_c, SELU and ReLU, and the Hermite coefficients of σ normalised.

    >>> ShapeExplorer(activation="tanh").figure.data[0].name
    'tanh'
    """

    title = "shape"
    watches = frozenset({"activation", "c"})
    controls = ("activation",)

    def extras(self):
        """The slider of c, wherever this explorer stands."""
        return (ControlBar(self.bench, ("c",)),)

    def picture(self):
        """The chosen activation with those that it is compared with."""
        shapes = [self._shape(sigma) for sigma in (self.bench.raw_sigma, *self._compared())]
        return shape_picture(shapes[0], shapes[1:])

    def _compared(self):
        beside = nk.normrelu(self.bench.settings.c), nk.activation("selu"), nk.activation("relu")
        return [sigma for sigma in beside if sigma != self.bench.raw_sigma]

    def _shape(self, sigma):
        return self.bench.remember(("shape", sigma), lambda: nk.shapes.shape(sigma))

    @property
    def code(self):
        """Python that reproduces the figure."""
        compared = ", ".join(activation_code(self.bench, sigma.name) for sigma in self._compared())
        return listing(
            f"sigma = {activation_code(self.bench, self.bench.settings.activation)}",
            f"compared = [{compared}]",
            "shapes = [nk.shapes.shape(activation) for activation in (sigma, *compared)]",
            "figure = nk.figures.shape_figure(shapes[0], shapes[1:])",
        )
