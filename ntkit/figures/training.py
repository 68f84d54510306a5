"""Loss curves of full-batch gradient descent: predicted from the spectrum, and measured on finite networks."""

import numpy as np

from ntkit.figures.picture import Picture
from ntkit.figures.style import CYCLE, DASHES, axis, falling, frame, markers

_SHOWN_DECADES = 6
_HOVER = "%{y:.4g}"
_CURVE_POINTS, _MARKERS = 150, 40


def training_figure(predictions, runs=None, *, trained="all layers", theme="light"):
    """The loss against the steps of gradient descent, each curve with its own learning rate, on a logarithmic axis.

    Colour is the activation, dash the depth; measured curves are drawn with markers over their prediction.

    Parameters: predictions, a mapping (activation's name, depth) → nk.dynamics.Prediction; runs, the same keys →
    anything with `steps` and `loss`, such as an nk.networks.TrainingRun; trained, which layers, for the title; theme
    "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> prediction = nk.dynamics.predict([[2.0, 1.0], [1.0, 2.0]], [1.0, -1.0], steps=20)
    >>> training_figure({("relu", 3): prediction}).data[0].name
    'relu, L = 3'
    """
    return training_picture(predictions, runs, trained=trained).figure(theme)


def training_picture(predictions, runs=None, *, trained="all layers"):
    """The Picture that `training_figure` draws.

    >>> import ntkit as nk
    >>> prediction = nk.dynamics.predict([[2.0, 1.0], [1.0, 2.0]], [1.0, -1.0], steps=20)
    >>> len(training_picture({("relu", 3): prediction, ("tanh", 3): prediction}).traces)
    2
    """
    runs = runs or {}
    styles = _styles([*predictions, *runs])
    first, curves = next(iter(predictions.values())), [*predictions.values(), *runs.values()]
    return Picture(
        traces=(
            *(_predicted(key, prediction, styles[key]) for key, prediction in predictions.items()),
            *(_measured(key, run, styles[key]) for key, run in runs.items()),
        ),
        layout=frame(
            "Loss of gradient descent: predicted from the spectrum, and measured",
            f"{trained} trained, NTK parameterisation, n = {len(first.eigenvalues)}, each with "
            f"{_learning_rate(predictions.values())}",
            xaxis=axis("1 + steps of gradient descent", log=True, range=_steps_shown(curves)),
            yaxis=axis("loss (1/n) Σ (f − y)²", log=True, range=_losses_shown(curves)),
        ),
        summary=_in_words(predictions, runs),
    )


def _styles(keys):
    """A colour for each activation and a dash for each depth, in order of appearance."""
    names = list(dict.fromkeys(name for name, _ in keys))
    depths = list(dict.fromkeys(depth for _, depth in keys))
    return {
        (name, depth): (CYCLE[names.index(name) % len(CYCLE)], DASHES[depths.index(depth) % len(DASHES)])
        for name, depth in keys
    }


def _predicted(key, prediction, style):
    name, depth = key
    color, dash = style
    steps, loss = _thinned(prediction, _CURVE_POINTS)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"{name}, L = {depth}",
        "x": steps,
        "y": loss,
        "line": {"color": color, "dash": dash, "width": 2},
        "hovertemplate": _HOVER,
    }


def _measured(key, run, style):
    name, depth = key
    steps, loss = _thinned(run, _MARKERS)
    marker = {"color": style[0], "symbol": "circle-open", "size": 7, "line": {"width": 1.5}}
    return markers(f"{name}, L = {depth}, measured", steps, loss, marker, hovertemplate=_HOVER)


def _thinned(curve, count):
    """1 + steps and the loss after them, at about `count` places even on the logarithmic axis; the start included."""
    places = np.unique(np.geomspace(1, len(curve.steps), count).round().astype(int)) - 1 if len(curve.steps) else []
    return 1 + np.asarray(curve.steps)[places], np.asarray(curve.loss)[places]


def _learning_rate(predictions):
    """The learning rate in units of 1/λ_max, where all curves have the same."""
    factors = {f"{prediction.learning_rate * float(prediction.eigenvalues[0]):.3g}" for prediction in predictions}
    return f"η = {factors.pop()}/λ<sub>max</sub>" if len(factors) == 1 else "an η of its own"


def _steps_shown(curves):
    """Exponents of the axis of 1 + steps, from the start to the last step drawn."""
    last = max((curve.steps[-1] for curve in curves if len(curve.steps)), default=0)
    return [-0.02, float(np.log10(1 + max(last, 1))) + 0.02]


def _losses_shown(curves):
    """Exponents of the axis of the loss: a decade, or as many as it falls, up to where it is of no more interest."""
    top = max((curve.loss[0] for curve in curves if len(curve.loss)), default=1.0)
    return falling([curve.loss for curve in curves], top, _SHOWN_DECADES)


def _in_words(predictions, runs):
    (name, depth), chosen = next(iter(predictions.items()))
    words = f"Predicted for {name} with {depth} layers: {_course(chosen)}."
    if len(predictions) > 1:
        (name, depth), slowest = max(predictions.items(), key=lambda item: item[1].loss[-1])
        words += f" Slowest drawn: {name} with {depth} layers, {_course(slowest)}."
    for (name, depth), run in runs.items():
        if len(run.loss):
            words += f" Measured, {name} with {depth} layers: {_course(run)}."
    return words


def _course(curve):
    return f"loss {curve.loss[0]:.3g} → {curve.loss[-1]:.3g} in {int(curve.steps[-1])} steps"
