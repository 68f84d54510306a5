"""Interpolating noisy labels on the sphere: the excess risk against n, beside Lemma 55 and Theorem 16."""

import ntkit as nk
from ntkit.explorers.explorer import Explorer, Setting
from ntkit.explorers.listing import listing, normalized_code
from ntkit.figures.overfitting import overfitting_picture

_FIRST = 4  # points
_SKETCHED, _AFFORDED = 400, 2000  # layers while a slider moves, and in all: some 0.2 s, and 1 s


class OverfittingExplorer(Explorer):
    """Excess risk of the minimum-norm interpolant of 4, 8, …, n points, beside what is proved of it.

    dim: of the sphere; noise: of the labels, whose best predictor has norm ½; depth_rule: "required" for the layers
    that Theorem 16 asks for at each n, or "chosen" for `depth`.  Sizes that need more than 2000 layers are left out.

    >>> explorer = OverfittingExplorer(activation="tanh", n=32, dim=12, noise=0.2)
    >>> explorer.curve.depth.tolist()
    [107, 162, 217, 271]
    >>> explorer.depth_rule, explorer.depth = "chosen", 3
    >>> explorer.curve.depth.tolist()
    [3, 3, 3, 3]
    """

    title = "overfitting"
    watches = frozenset({"activation", "depth", "depth_rule", "n", "dim", "noise", "seed"})
    controls = ("activation", "depth_rule", "depth", "n", "dim", "noise", "seed")
    dim = Setting()
    noise = Setting()
    depth_rule = Setting()

    @property
    def curve(self):
        """The nk.overfitting.LearningCurve that is drawn."""
        return self._curve(self._sizes(_AFFORDED))

    def picture(self):
        """The learning curve, drawn."""
        return overfitting_picture(self.curve)

    def sketch(self):
        """The sizes that need few layers, or what is shown already where all need many."""
        full, few = self._sizes(_AFFORDED), self._sizes(_SKETCHED)
        if few == full or self.bench.knows(self._key(full)):
            return None
        return overfitting_picture(self._curve(few)) if few else self.shown

    @property
    def frozen_label(self):
        """What the frozen curves are called."""
        settings = self.bench.settings
        depth = f"L = {settings.depth}" if settings.depth_rule == "chosen" else "required L"
        return f"{settings.activation}, {depth}, d = {settings.dim}, noise {settings.noise:g}"

    def _curve(self, sizes):
        settings = self.bench.settings
        self._demand(sizes)
        return self.bench.remember(
            self._key(sizes),
            lambda: nk.overfitting.learning_curve(
                self.bench.sigma, settings.dim, sizes, depth=self._depth(), noise=settings.noise, seed=settings.seed
            ),
        )

    def _key(self, sizes):
        settings = self.bench.settings
        return "learning curve", self.bench.sigma, settings.dim, sizes, self._depth(), settings.noise, settings.seed

    def _depth(self):
        return self.bench.settings.depth if self.bench.settings.depth_rule == "chosen" else None

    def _sizes(self, most):
        """4, 8, … and n, those that need at most so many layers."""
        n, sizes = self.bench.settings.n, []
        size = min(_FIRST, n)
        while size < n:
            sizes.append(size)
            size *= 2
        return tuple(size for size in (*sizes, n) if self._layers(size) <= most)

    def _layers(self, size):
        settings = self.bench.settings
        if settings.depth_rule == "chosen":
            return settings.depth
        delta = nk.overfitting.sphere_separation(size**2, 0.1, settings.dim).low
        mu = self.bench.sigma.coefficient_of_nonlinearity
        return nk.overfitting.required_depth(size, delta, mu) if mu > 1e-12 else 0  # refused by the computation

    def _demand(self, sizes):
        if not sizes:
            least = self._layers(min(_FIRST, self.bench.settings.n))
            raise ValueError(
                f"Theorem 16 must ask for at most {_AFFORDED} layers to be drawn here; it asks for {least} already at "
                'the least n. Take more dimensions, an activation with a larger μ, or the "chosen" depth.'
            )

    @property
    def code(self):
        """Python that reproduces the figure."""
        settings = self.bench.settings
        return listing(
            f"sigma = {normalized_code(self.bench, settings.activation)}",
            f"curve = nk.overfitting.learning_curve(sigma, {settings.dim}, {self._sizes(_AFFORDED)!r}, "
            f"depth={self._depth()!r}, noise={settings.noise!r}, seed={settings.seed})",
            "figure = nk.figures.overfitting_figure(curve)",
        )
