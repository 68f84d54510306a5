"""Several networks in training beside each other: accuracy, loss and how alike they find different images."""

import math
from dataclasses import dataclass

import numpy as np

from ntkit.figures.picture import Picture
from ntkit.figures.style import CYCLE, axis, band, curve, frame, markers

_SYMBOLS = ("", "circle-open", "square-open", "diamond-open", "triangle-up-open")  # where colours begin again
_FIRST_EPOCHS = 10
_PARTS = {"train": {"dash": "dash", "width": 1.5}, "test": {"dash": "solid", "width": 2.25}}
_HOVER = {"accuracy": "%{y:.1%}", "loss": "%{y:.4g}", "dot product": "%{y:.4f}"}
_WORDS = {
    **{(part, quantity): f"{part} {quantity}" for part in ("train", "test") for quantity in ("accuracy", "loss")},
    ("test", "dot product"): "dot product",
}
_AXES = {"accuracy": "y", "loss": "y2", "dot product": "y3"}
_NOWHERE = np.array([np.nan])
# Curves without points: the axes that will be, before anything was trained.
_EMPTY = tuple(
    curve("nothing trained yet", _NOWHERE, _NOWHERE, {"width": 1}, yaxis=place, showlegend=False, meta={"guide": True})
    for place in _AXES.values()
)
_SHARES = {"domain": [0.7, 1]}, {"domain": [0.35, 0.65]}, {"domain": [0, 0.3]}


def comparison_figure(runs, *, place="features", numbers=None, tails=None, theme="light"):
    """Accuracy, loss and the mean normalised dot product of different images against epochs, one above the other.

    A colour is a network; solid on test images, dashed on training images.  Of several seeds the mean is drawn, and
    for test images a band from smallest to largest; a run that diverged ends in a cross.

    Parameters: runs, a mapping name → nk.experiments.History of each seed; place, the layer whose dot products are
    drawn; numbers, name → place in the cycle of colours, by default the order of the runs; tails, name → (epochs,
    losses) within the epoch that is going on, drawn dotted; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.
    Raises: ValueError for a place that was not probed.
    Source: after Agarwal, Awasthi, Kale (2021), Figure 1.

    >>> from ntkit.experiments import Recipe, Trial, fully_connected, run
    >>> trial = Trial(fully_connected(2, 16), "digits", Recipe(0.05, epochs=1), train_size=64)
    >>> [trace.name for trace in comparison_figure({"FC-2": [run(trial, device="cpu")]}).data][:3]
    ['FC-2', 'FC-2, train accuracy', 'FC-2, test accuracy']
    """
    return comparison_picture(runs, place=place, numbers=numbers, tails=tails).figure(theme)


def comparison_picture(runs, *, place="features", numbers=None, tails=None):
    """The Picture that `comparison_figure` draws.

    >>> comparison_picture({}).summary
    'No network has been trained yet.'
    """
    numbers = numbers or {name: number for number, name in enumerate(runs)}
    drawn = {name: histories for name, histories in runs.items() if histories}
    epochs = max((_epochs(history) for histories in drawn.values() for history in histories), default=1)
    traces = tuple(
        trace
        for name, histories in drawn.items()
        for trace in _course(name, histories, place, numbers[name], (tails or {}).get(name))
    )
    return Picture(
        traces=traces or _EMPTY,
        layout=frame(
            "Networks as they train: accuracy, loss, dot product",
            _subtitle(drawn),
            height=640,
            xaxis=axis("epochs", anchor="y3", range=[-0.01 * epochs, max(1.01 * epochs, 1)], **_whole(epochs)),
            yaxis=axis("accuracy (% of images)", tickformat=".0%", **_SHARES[0], **_shown(drawn, [0, 1])),
            yaxis2=axis("loss (nats)", log=True, **_SHARES[1], **_shown(drawn, [-2, 1]), **_ticks(traces)),
            yaxis3=axis(f"mean dot product, {place}", **_SHARES[2], **_shown(drawn, [0, 1])),
        ),
        summary=_in_words(drawn, place),
    )


def _course(name, histories, place, number, tail):
    """The curves of one network, on all three axes, and its entry in the legend."""
    _require_place(histories, place)
    look = _Look(name, CYCLE[number % len(CYCLE)], _SYMBOLS[number // len(CYCLE) % len(_SYMBOLS)])
    yield look.key()
    for quantity in ("accuracy", "loss"):
        for part in _PARTS:
            found = [(history.epoch, getattr(history, f"{part}_{quantity}")) for history in histories]
            yield from _spread(look, part, found, quantity)
        yield from _crosses(look, histories, quantity)
    found = [(history.epoch, history.dot_product[place]) for history in histories]
    yield from _spread(look, "test", found, "dot product")
    if tail is not None:
        yield look.curve("train", *tail, "loss") | {"name": f"{name}, within the epoch", "meta": {"guide": True}}


@dataclass(frozen=True)
class _Look:
    """The name of a network in the legend, its colour, and where colours begin again the symbol on its curves."""

    name: str
    color: str
    symbol: str

    def key(self):
        """A curve without points: the entry in the legend that stands for all curves of the network."""
        line = {**_PARTS["test"], "color": self.color}
        guide = curve(self.name, _NOWHERE, _NOWHERE, line, legendgroup=self.name, meta={"guide": True})
        return {**guide, **self.marks()}

    def curve(self, part, x, y, quantity):
        line = {**_PARTS[part], "color": self.color}
        return {**curve(f"{self.name}, {_WORDS[part, quantity]}", x, y, line, **self.shared(quantity)), **self.marks()}

    def band(self, x, low, high, quantity):
        name = f"{self.name}, {quantity} from smallest to largest"
        return band(name, x, low, high, self.color, **self.shared(quantity)) | {"hovertemplate": None}

    def shared(self, quantity):
        place = {"yaxis": _AXES[quantity], "hovertemplate": _HOVER[quantity]}
        return {**place, "legendgroup": self.name, "showlegend": False}

    def marks(self):
        return {"mode": "lines+markers", "marker": {"symbol": self.symbol, "color": self.color}} if self.symbol else {}


def _spread(look, part, found, quantity):
    """The mean over seeds at each epoch that any reached; on test images a band from smallest to largest."""
    epochs, values = _by_epoch(found)
    if part == "test" and len(found) > 1:
        yield look.band(epochs, np.nanmin(values, axis=0), np.nanmax(values, axis=0), quantity)
    yield look.curve(part, epochs, np.nanmean(values, axis=0), quantity)


def _by_epoch(found):
    """Epochs at which there is a finite reading, and the readings, (seeds, epochs), nan where a seed has none."""
    last = max(int(epoch[-1]) for epoch, _ in found)
    values = np.full((len(found), last + 1), np.nan)
    for row, (epoch, reading) in zip(values, found, strict=True):
        row[epoch] = np.where(np.isfinite(reading), reading, np.nan)
    known = np.flatnonzero(np.isfinite(values).any(axis=0))
    return known, values[:, known]


def _crosses(look, histories, quantity):
    """Where runs diverged: at their last readings."""
    ended = [history for history in histories if history.ending == "diverged"]
    if ended:
        x = np.array([history.epoch[-1] for history in ended])
        y = np.array([getattr(history, f"test_{quantity}")[-1] for history in ended])
        marker = {"color": look.color, "symbol": "x", "size": 10}
        name = f"{look.name}, {quantity} where it diverged"
        yield markers(name, x, np.where(np.isfinite(y), y, np.nan), marker, **look.shared(quantity))


def _require_place(histories, place):
    for history in histories:
        if place not in history.dot_product:
            raise ValueError(f"place must be one that was probed, {', '.join(history.dot_product)}; got {place!r}.")


def _epochs(history):
    """How far the axis has to reach; it doubles as a run goes on, so that there is something to see early on."""
    reached = int(history.epoch[-1])
    if history.ending != "running":
        return reached
    return min(history.trial.recipe.epochs, _FIRST_EPOCHS * 2 ** math.ceil(math.log2(max(reached / _FIRST_EPOCHS, 1))))


def _ticks(traces):
    """Ticks of the loss: plotly's even ones within a decade, 1, 2 and 5 over a few, powers of ten over more."""
    losses = [trace["y"] for trace in traces if trace.get("yaxis") == _AXES["loss"]]
    drawn = np.concatenate([*losses, [np.nan]])
    drawn = drawn[np.isfinite(drawn) & (drawn > 0)]
    decades = np.log10(drawn.max() / drawn.min()) if drawn.size else 3.0
    return {} if decades < 1 else {"dtick": "D2" if decades < 3 else 1}


def _shown(runs, empty):
    """The range of an axis while there is nothing on it."""
    return {} if runs else {"range": empty}


def _whole(epochs):
    """Whole numbers at the ticks, however few epochs there are."""
    return {"dtick": 1} if epochs <= 8 else {}


def _subtitle(runs):
    histories = [history for group in runs.values() for history in group]
    if not runs:
        return "nothing trained yet"
    data = ", ".join(dict.fromkeys(history.trial.data_name for history in histories))
    several = max(map(len, runs.values())) > 1
    seeds = "; mean over seeds, band from smallest to largest" if several else ""
    diverged = sum(history.ending == "diverged" for history in histories)
    return f"{data}; solid: test, dashed: train{seeds}" + (f"; × where {diverged} diverged" if diverged else "")


def _in_words(runs, place):
    return " ".join(_ending(*run, place) for run in runs.items()) or "No network has been trained yet."


def _ending(name, histories, place):
    if all(history.ending == "diverged" for history in histories):
        return f"{name} diverged in epoch {int(histories[0].epoch[-1]) + 1}."
    kept = [history for history in histories if history.ending != "diverged"]
    epochs = sorted({int(history.epoch[-1]) for history in kept})
    accuracy = np.mean([history.test_accuracy[-1] for history in kept])
    loss = np.mean([history.train_loss[-1] for history in kept])
    product = np.mean([history.dot_product[place][-1] for history in kept])
    lost = len(histories) - len(kept)
    seeds = f", {lost} of {len(histories)} seeds diverged" if lost else ""
    after = f"{epochs[0]}" if len(epochs) == 1 else f"{epochs[0]} to {epochs[-1]}"
    return (
        f"{name} after {after} epochs: test accuracy {100 * accuracy:.1f} %, train loss {loss:.3g}, "
        f"dot product {product:.3g}{seeds}."
    )
