"""Steps of gradient descent against depth, beside what the theorems allow; and modes that decay, each by its factor."""

import numpy as np

from ntkit.figures.picture import Picture
from ntkit.figures.style import CYCLE, DASHES, GREY, axis, curve, frame, markers

_TRAINED = {"top": ("nngp", "top layer"), "all": ("ntk", "all layers")}
_HOVER = "%{y:.4g}"
_SHOWN_DECADES = 12
_MODES = 5
_PLATEAU = 1 / (2 * np.log(1.5))  # steps over log(1/ε) at κ = 3, with η = 1/λ_max


def depth_speed_figure(results, finite=None, *, layers="top", theme="light"):
    """Steps to ε of the loss against depth: infinite width, what the theorems allow, and finite networks.

    Colour is the activation; solid the prediction at infinite width, dashed the ceiling of Theorem 50 with Corollaries
    4, 6 and 8 in sharp constants, circles the steps that finite networks took.  The grey level, 1.24 log(1/ε), is what
    remains from L₁ on, whatever n and δ.

    Parameters: results, a mapping name → nk.networks.StepsByDepth; finite, a mapping of some of these names →
    nk.networks.FiniteSteps; layers "top", the read-out trained alone, or "all"; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> points = nk.data.sphere(8, 0.01, seed=0)
    >>> found = nk.networks.steps_by_depth(nk.activation("relu").normalized(), points.x, points.y, depth=30)
    >>> depth_speed_figure({"relu": found}).data[0].name
    'relu'
    """
    return depth_speed_picture(results, finite, layers=layers).figure(theme)


def depth_speed_picture(results, finite=None, *, layers="top"):
    """The Picture that `depth_speed_figure` draws.

    >>> import ntkit as nk
    >>> points = nk.data.sphere(8, 0.01, seed=0)
    >>> found = nk.networks.steps_by_depth(nk.activation("tanh").normalized(), points.x, points.y, depth=9)
    >>> depth_speed_picture({"tanh": found}, layers="all").table()[1][2:3]
    (1,)
    """
    kernel, trained = _TRAINED[layers]
    colours = {name: CYCLE[place % len(CYCLE)] for place, name in enumerate(results)}
    traces = []
    for name, result in results.items():
        found = getattr(result, kernel)
        if found is None:
            raise ValueError(
                f"{result.activation} jumps and has no neural tangent kernel: all layers cannot be trained. "
                'Take layers="top".'
            )
        line = {"color": colours[name], "dash": "solid", "width": 2.5}
        traces.append(curve(name, result.depth, found.steps, line, hovertemplate=_HOVER))
        if np.isfinite(found.ceiling).any():
            dashed = {**line, "dash": "dash", "width": 1.75}
            traces.append(curve(f"{name}, at most", result.depth, found.ceiling, dashed, hovertemplate=_HOVER))
    traces += [
        _circles(f"{name}, width {run.width}", run.depth, run.steps, colours[name])
        for name, run in (finite or {}).items()
    ]
    first = next(iter(results.values()))
    deepest = int(max(result.depth[-1] for result in results.values()))
    traces.append(_plateau(first.epsilon, deepest))
    return Picture(
        traces=tuple(traces),
        layout=frame(
            f"Steps of gradient descent until {first.epsilon:.3g} of the loss is left",
            f"{trained} trained, NTK parameterisation, η = 1/λ<sub>max</sub>; n = {first.n}{_separation(results)}",
            xaxis=axis("hidden layers L", range=[0, deepest + 1]),
            yaxis=axis("steps of gradient descent", log=True, range=_shown(traces)),
        ),
        summary=_in_words(results, kernel),
    )


def mode_decay_figure(decay, theme="light"):
    """The residual in some modes of the kernel while a finite network trains: measured, and each by its factor.

    Parameters: decay, an nk.networks.ModeDecay; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> points = nk.data.sphere(6, 0.1, seed=0)
    >>> module = nk.mlp(3, "relu").module(points.dim, width=64, seed=0)
    >>> figure = mode_decay_figure(nk.networks.mode_decay(module, points.x, points.y, steps=(0, 5, 10)))
    >>> figure.data[0].name.startswith("i = 1, ηλ = 1")
    True
    """
    return mode_decay_picture(decay).figure(theme)


def mode_decay_picture(decay):
    """The Picture that `mode_decay_figure` draws.

    >>> import ntkit as nk
    >>> points = nk.data.sphere(6, 0.1, seed=0)
    >>> module = nk.mlp(3, "relu").module(points.dim, width=64, seed=0)
    >>> len(mode_decay_picture(nk.networks.mode_decay(module, points.x, points.y, steps=(0, 5, 10))).traces)
    10
    """
    n = len(decay.eigenvalues)
    places = np.unique(np.linspace(0, n - 1, min(_MODES, n)).round().astype(int))
    lines = {
        place: {"color": CYCLE[k % len(CYCLE)], "dash": DASHES[k % len(DASHES)], "width": 2}
        for k, place in enumerate(places)
    }
    names = {place: f"i = {place + 1}, ηλ = {decay.learning_rate * decay.eigenvalues[place]:.2g}" for place in places}
    predicted = [
        curve(names[place], decay.steps, decay.predicted[:, place], lines[place], hovertemplate=_HOVER)
        for place in places
    ]
    measured = [
        _circles(f"{names[place]}, measured", decay.steps, decay.measured[:, place], lines[place]["color"])
        for place in places
    ]
    return Picture(
        traces=(*predicted, *(dict(trace, showlegend=False) for trace in measured)),
        layout=frame(
            "Residual in the modes of the kernel: predicted by 1 − ηλ a step (lines), measured (circles)",
            f"{_TRAINED[decay.layers][1]} trained, NTK parameterisation, η = {decay.learning_rate:.3g}, n = {n}",
            xaxis=axis("steps of gradient descent"),
            yaxis=axis("residual |v<sub>i</sub>·(f − y)|", log=True, range=_shown(predicted)),
        ),
        summary=_course(decay, places),
    )


def _circles(name, x, y, colour):
    marker = {"color": colour, "symbol": "circle-open", "size": 8, "line": {"width": 1.75}}
    return markers(name, x, y, marker, hovertemplate=_HOVER)


def _plateau(epsilon, deepest):
    """The level of κ = 3, as a trace: shapes are not refreshed in open views."""
    level = max(1.0, _PLATEAU * np.log(1 / epsilon))
    line = {"color": GREY, "dash": "dot", "width": 1.75}
    places, levels = np.array([0, deepest + 1]), np.array([level, level])
    return curve("1.24 log(1/ε), from κ = 3 on", places, levels, line, hovertemplate=_HOVER, meta={"guide": True})


def _separation(results):
    """The separation of the points, where all results share it."""
    deltas = {f"{result.delta:.3g}" for result in results.values()}
    return f", δ = {deltas.pop()}" if len(deltas) == 1 else ""


def _shown(traces):
    """Exponents of the axis, around all that is drawn and finite."""
    drawn = np.concatenate([np.asarray(trace["y"], dtype=float) for trace in traces])
    drawn = drawn[np.isfinite(drawn) & (drawn > 0)]
    top = float(np.log10(drawn.max())) if drawn.size else 1.0
    bottom = float(np.log10(drawn.min())) if drawn.size else 0.0
    return [max(bottom, top - _SHOWN_DECADES) - 0.2, top + 0.3]


def _in_words(results, kernel):
    words = []
    for name, result in results.items():
        found = getattr(result, kernel)
        reached = f"κ ≤ 3 from layer {found.reached} on" if found.reached else "κ stays above 3"
        promised = f", as promised from L₁ = {result.L1}" if result.L1 is not None else ""
        words.append(
            f"{name}: {found.steps[0]:.4g} steps with 1 layer, {found.steps[-1]:.4g} with {result.depth[-1]}; "
            f"{reached}{promised}."
        )
    return " ".join(words)


def _course(decay, places):
    last, slow = decay.steps[-1], places[-1]
    return (
        f"After {last} steps the residual of the slowest mode drawn is {decay.measured[-1, slow]:.3g}, predicted "
        f"{decay.predicted[-1, slow]:.3g}, from {decay.measured[0, slow]:.3g}."
    )
