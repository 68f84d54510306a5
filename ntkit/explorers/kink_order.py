"""The least eigenvalue of the two-layer Gram matrix against n: kinks of every order, and smooth activations."""

import ntkit as nk
from ntkit.explorers.listing import listing
from ntkit.explorers.rivals import RivalExplorer
from ntkit.figures.gram import kink_order_picture

_FIRST, _MOST = 4, 128  # points
_QUICK = 16


class KinkOrderExplorer(RivalExplorer):
    """λ_min of G on 4, 6, 8, 12, …, n points of a half circle, beside the law of the activation's kink or poles.

    Sizes beyond 128 are left out.

    >>> explorer = KinkOrderExplorer(activation="relu", rivals=("elu",), n=16)
    >>> explorer.found.n.tolist(), explorer.found.orders
    ([4, 6, 8, 12, 16], {'relu': 1, 'elu': 2})
    """

    title = "kink-order"
    watches = frozenset({"activation", "rivals", "n"})
    controls = ("activation", "n")

    @property
    def found(self):
        """The nk.gram.LeastBySize that is drawn."""
        return self.bench.remember(self._key(), lambda: nk.gram.least_by_size(self.activations, self.sizes))

    @property
    def sizes(self):
        """The numbers of points."""
        last = min(self.bench.settings.n, _MOST)
        halves = (_FIRST * 2**k * part // 2 for k in range(6) for part in (2, 3))
        return (*(size for size in halves if size < last), last)

    def picture(self):
        """The least eigenvalues, drawn."""
        return kink_order_picture(self.found)

    def sketch(self):
        """What is shown already, where the eigenvalues take longer than a slider allows."""
        return None if self.bench.settings.n <= _QUICK or self.bench.knows(self._key()) else self.shown

    @property
    def frozen_label(self):
        """What the frozen curves are called."""
        return f"{self.bench.settings.activation}, n ≤ {self.sizes[-1]}"

    def _key(self):
        return "least by size", self.activations, self.sizes

    @property
    def code(self):
        """Python that reproduces the figure."""
        return listing(
            *self.activations_code(),
            f"found = nk.gram.least_by_size(activations, {self.sizes!r})",
            "figure = nk.figures.kink_order_figure(found)",
        )
