"""Two-layer networks in training: raced, followed by the predictions of their Gram matrices, and how far they move."""

import numpy as np

from ntkit.figures.picture import Picture
from ntkit.figures.style import BOUND, CYCLE, EXACT, GREY, ORANGE, axis, curve, falling, frame, markers

_HOVER = "%{y:.4g}"
_MARKERS, _LEAST = 25, 1e-4  # of the first loss: less is not drawn


def race_figure(found, theme="light"):
    """Loss against time, one colour an activation: networks, what their Gram matrices predict, and infinite width.

    Parameters: found, a nk.gram.Race; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.
    Source: Panigrahi, Shetty, Goyal (2020), Figure 1 (a, b).

    >>> import ntkit as nk
    >>> found = nk.gram.race(nk.data.half_circle(6), ("relu",), width=500, steps=20, learning_rate=0.3, seeds=2)
    >>> [trace.name for trace in race_figure(found).data if trace.showlegend is not False]
    ['relu', 'from G(0)', 'networks']
    """
    return race_picture(found).figure(theme)


def race_picture(found):
    """The Picture that `race_figure` draws.

    >>> import ntkit as nk
    >>> found = nk.gram.race(nk.data.half_circle(6), ("relu",), width=500, steps=20, learning_rate=0.3, seeds=2)
    >>> race_picture(found).summary[:27]
    'Of the first loss relu has '
    """
    traces = []
    shown = _evenly(found.times)
    for color, (name, losses) in zip(CYCLE * len(found.measured), found.measured.items(), strict=False):
        first = found.expected[name][0]
        drawn = np.where(found.expected[name] > _LEAST * first, found.expected[name], np.nan)
        traces.append(curve(name, found.long_times, drawn, {"color": color, **EXACT}, hovertemplate=_HOVER))
        by_start = np.where(found.start[name].mean(axis=0) > _LEAST * first, found.start[name].mean(axis=0), np.nan)
        dotted = {"color": color, "dash": "dot", "width": 2}
        traces.append(curve(f"{name}, from G(0)", found.times[shown], by_start[shown], dotted, showlegend=False))
        dot = {"color": color, "size": 6, "symbol": "circle-open"}
        mean = losses.mean(axis=0)[shown]
        traces.append(markers(f"{name}, networks", found.times[shown], mean, dot, showlegend=False))
    traces += [_key("from G(0)", line={"dash": "dot", "width": 2, "color": GREY}), _key("networks", symbol=True)]
    seeds = len(next(iter(found.measured.values())))
    return Picture(
        traces=tuple(traces),
        layout=frame(
            "Two-layer networks: loss against time",
            f"DZPS parameterisation, hidden layer trained, n = {found.n}; solid: infinite width; networks: mean of "
            f"{seeds}, m = {found.width}",
            xaxis=axis("time η · steps of gradient descent", log=True),
            yaxis=axis("loss ½ Σ (y − f)²", log=True),
        ),
        summary=_race_in_words(found),
    )


def followed_figure(found, expected=None, theme="light"):
    """The loss of networks beside both predictions, and the expected losses of infinitely wide ones.

    Parameters: found, {name: nk.gram.Followed}, may be empty; expected, {name: (times, losses)}; theme.
    Returns: plotly.graph_objects.Figure.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem 4.6.

    >>> import ntkit as nk
    >>> found = nk.gram.follow(nk.data.half_circle(6), nk.activation("tanh"), 500, steps=20)
    >>> [trace.name for trace in followed_figure({"tanh": found}).data]
    ['tanh, from G(0)', 'tanh, from G at infinite width', 'tanh, network']
    """
    return followed_picture(found, expected).figure(theme)


def followed_picture(found, expected=None):
    """The Picture that `followed_figure` draws.

    Raises: ValueError where there is nothing to draw.

    >>> followed_picture({}, {"relu": (np.array([1.0, 2.0]), np.array([3.0, 1.0]))}).traces[0]["name"]
    'relu, expected'
    """
    expected = expected or {}
    if not found and not expected:
        raise ValueError("followed_picture needs a run or an expected loss to draw.")
    names = list(dict.fromkeys([*expected, *found]))
    colors = {name: CYCLE[k % len(CYCLE)] for k, name in enumerate(names)}
    traces = [
        curve(f"{name}, expected", times, losses, {"color": colors[name], **EXACT}, hovertemplate=_HOVER)
        for name, (times, losses) in expected.items()
    ]
    for name, one in found.items():
        shown = _evenly(one.times)
        times, color = one.times[shown], colors[name]
        by_start, by_limit = {"dash": "dot", "width": 2}, {**BOUND}
        traces += [
            curve(f"{name}, from G(0)", times, one.start[shown], {"color": color, **by_start}, hovertemplate=_HOVER),
            curve(
                f"{name}, from G at infinite width", times, one.limit[shown], {"color": color, **by_limit},
                hovertemplate=_HOVER,
            ),
            markers(
                f"{name}, network", times, one.run.loss[shown], {"color": color, "size": 6, "symbol": "circle-open"},
                hovertemplate=_HOVER,
            ),
        ]  # fmt: skip
    return Picture(
        traces=tuple(traces),
        layout=frame(
            "Loss of two-layer networks, and what their Gram matrices predict",
            _followed_setting(found),
            xaxis=axis("time η · steps", log=True),
            yaxis=axis("loss ½ Σ (y − f)²", log=True, range=falling([trace["y"] for trace in traces])),
        ),
        summary=_followed_in_words(found, expected),
    )


def drift_figure(found, theme="light"):
    """How far weights, Gram matrix and prediction are off after training, against the width.

    Parameters: found, a nk.gram.DriftByWidth; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.
    Source: Panigrahi, Shetty, Goyal (2020), appendix M.

    >>> import ntkit as nk
    >>> found = nk.gram.drift_by_width(
    ...     nk.data.half_circle(6), nk.activation("tanh"), (64, 256), steps=10, learning_rate=0.3, seeds=2)
    >>> drift_figure(found).data[0].name
    'farthest weight'
    """
    return drift_picture(found).figure(theme)


def drift_picture(found):
    """The Picture that `drift_figure` draws.

    >>> import ntkit as nk
    >>> found = nk.gram.drift_by_width(
    ...     nk.data.half_circle(6), nk.activation("relu"), (64, 256), steps=10, learning_rate=0.3, seeds=2)
    >>> any("Lemma M.11" in trace["name"] for trace in drift_picture(found).traces)
    False
    """
    drawn = [
        ("farthest weight", found.weights.mean(axis=1), {"color": CYCLE[0], **EXACT}),
        ("weights, root mean square", found.typical.mean(axis=1), {"color": CYCLE[0], "dash": "dashdot", "width": 2}),
        ("Gram matrix, ‖ΔG‖/‖G‖", (found.gram / found.norm).mean(axis=1), {"color": CYCLE[1], **EXACT}),
        ("entries of G", found.entries.mean(axis=1), {"color": CYCLE[2], **EXACT}),
        ("entries, at most (Lemma M.11)", found.entries_bound.mean(axis=1), {"color": CYCLE[2], **BOUND}),
        ("prediction missed by", found.missed.mean(axis=1), {"color": CYCLE[3], **EXACT}),
        ("weights that Lemma M.11 allows", found.allowed.mean(axis=1), {"color": ORANGE, "dash": "dot", "width": 2}),
    ]
    return Picture(
        traces=tuple(
            curve(name, found.widths, values, line, hovertemplate=_HOVER)
            for name, values, line in drawn
            if np.isfinite(values).all() and (values > 0).all()
        ),
        layout=frame(
            "How far training moves a two-layer network",
            f"{found.activation}, DZPS parameterisation, n = {found.n}, {found.steps} steps of η = "
            f"{found.learning_rate:.3g}; mean of {found.weights.shape[1]} networks",
            height=460,
            xaxis=axis("width m", log=True),
            yaxis=axis("distance from the start (dimensionless)", log=True),
        ),
        summary=_drift_in_words(found),
    )


def _evenly(times):
    """Indices of some readings after the start, even on a logarithmic axis."""
    last = len(times) - 1
    return np.unique(np.geomspace(1, max(last, 1), _MARKERS).round().astype(int)) if last else np.array([], dtype=int)


def _key(name, *, line=None, symbol=False):
    """An entry of the legend for all colours."""
    nowhere = np.array([np.nan])
    meta = {"guide": True}
    if symbol:
        return markers(name, nowhere, nowhere, {"color": GREY, "size": 6, "symbol": "circle-open"}, meta=meta)
    return curve(name, nowhere, nowhere, line, meta=meta)


def _race_in_words(found):
    left = [f"{name} has {losses[-1] / losses[0]:.2g}" for name, losses in found.expected.items()]
    return f"Of the first loss {', '.join(left)} left at time {found.long_times[-1]:.3g}, at infinite width."


def _followed_setting(found):
    if not found:
        return "DZPS parameterisation, hidden layer trained; mean over infinitely wide networks"
    one = next(iter(found.values()))
    layers = {"hidden": "hidden layer", "top": "output layer", "all": "both layers"}[one.run.layers]
    batches = "" if one.run.batch is None else f", batches of {one.run.batch}"
    return (
        f"DZPS parameterisation, {layers} trained, n = {one.n}, m = {one.width}, "
        f"η = {one.run.learning_rate:.3g}{batches}"
    )


def _followed_in_words(found, expected):
    words = [
        f"{name} of width {one.width}: loss {one.run.loss[0]:.3g} → {one.run.loss[-1]:.3g} in {int(one.run.steps[-1])} "
        f"steps; G(0) predicts {one.start[-1]:.3g}, infinite width {one.limit[-1]:.3g}."
        for name, one in found.items()
    ]
    words += [
        f"{name}, expected at infinite width: {losses[0]:.3g} → {losses[-1]:.3g} by time {times[-1]:.3g}."
        for name, (times, losses) in expected.items()
        if name not in found
    ]
    return " ".join(words)


def _drift_in_words(found):
    return (
        f"With {found.widths[-1]} units of {found.activation} the farthest weight moves by "
        f"{found.weights[-1].mean():.3g}, the Gram matrix by {100 * (found.gram / found.norm)[-1].mean():.2g} %; the "
        f"residual is {100 * found.missed[-1].mean():.2g} % of the first off its prediction."
    )
