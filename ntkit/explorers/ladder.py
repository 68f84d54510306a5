"""The smallest eigenvalue of the Gram matrix between its certificates, with the papers' constant to choose."""

import ntkit as nk
from ntkit.explorers.explorer import Explorer, Setting
from ntkit.explorers.listing import activation_code, data_code, listing
from ntkit.figures.certificates import ladder_picture

_FIRST, _MOST = 4, 128  # points
_DELTAS = tuple(10.0**k for k in range(-6, 0))
_QUICK = 12  # points that a slider's moment is enough for


class LadderExplorer(Explorer):
    """λ_min(G∞) with its certificates and what the papers state, on 4, 6, 8, 12, …, n points; σ as it is.

    constant: for what the papers' Ω leaves open.  Two points are shown over their separation instead; sizes beyond 128
    are left out.

    >>> explorer = LadderExplorer(activation="relu", data="half_circle", n=16, constant=0.1)
    >>> explorer.found.n.tolist()
    [4, 6, 8, 12, 16]
    >>> explorer.constant = 0.01
    >>> explorer.shown.traces[-1]["name"]
    'Theorem K.1, constant 0.01'
    """

    title = "ladder"
    watches = frozenset({"activation", "data", "n", "delta", "seed", "constant"})
    controls = ("activation", "constant", "data", "n", "delta", "seed")
    constant = Setting()

    @property
    def found(self):
        """The nk.gram.certificates.Ladder that is drawn."""
        return self.bench.remember(self._key(), self._climb)

    def picture(self):
        """The ladder, drawn."""
        return ladder_picture(self.found, self.bench.settings.constant)

    def sketch(self):
        """What is shown already, where the eigenvalues take longer than a slider allows."""
        return None if self.bench.knows(self._key()) or self.bench.n <= _QUICK else self.shown

    @property
    def frozen_label(self):
        """What the frozen curves are called."""
        settings = self.bench.settings
        return f"{settings.activation}, {settings.data}, constant {settings.constant:g}"

    def _key(self):
        settings = self.bench.settings
        return "ladder", self.bench.raw_sigma, self.bench.dataset, settings.data, self._choices()

    def _climb(self):
        if self.bench.settings.data in self.bench.own_data:
            sets = [self.bench.dataset.x]
        else:
            given = self.bench.data_arguments()
            name, values = self._choices()
            sets = [nk.data.load(self.bench.settings.data, **{**given, name: value}).x for value in values]
        return nk.gram.certificates.ladder(self.bench.raw_sigma, sets)

    def _choices(self):
        """What differs from set to set, n or delta, and its values."""
        settings = self.bench.settings
        if settings.data in self.bench.own_data or "n" not in self.bench.data_arguments():
            return "delta", (*(delta for delta in _DELTAS if delta < settings.delta), settings.delta)
        last = min(settings.n, _MOST)
        halves = (_FIRST * 2**k * part // 2 for k in range(6) for part in (2, 3))
        return "n", (*(size for size in halves if size < last), last)

    @property
    def code(self):
        """Python that reproduces the figure."""
        bench = self.bench
        return listing(
            f"sigma = {activation_code(bench, bench.settings.activation)}",
            *self._data_code(),
            "found = nk.gram.certificates.ladder(sigma, sets)",
            f"figure = nk.figures.ladder_figure(found, constant={bench.settings.constant!r})",
        )

    def _data_code(self):
        bench = self.bench
        if bench.settings.data in bench.own_data:
            return [f"points = {data_code(bench)}", "sets = [points.x]"]
        name, values = self._choices()
        given = "".join(f", {key}={value!r}" for key, value in bench.data_arguments().items() if key != name)
        load = f'nk.data.load("{bench.settings.data}", {name}={name}{given})'
        return [f"sets = [{load}.x for {name} in {values!r}]"]
