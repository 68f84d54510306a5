"""Excess risk of the minimum-norm interpolant against the number of points, beside what is proved of it."""

import numpy as np

from ntkit.figures.picture import Picture
from ntkit.figures.style import BLUE, BOUND, CYCLE, EXACT, GREY, ORANGE, VERMILLION, axis, curve, frame

_HOVER = "%{y:.4g}"
_LABELS = 9  # of points on the axis, at most


def overfitting_figure(found, theme="light"):
    """Excess risk against n, with the curves of Lemma 55 and Theorem 16, on logarithmic axes.

    Parameters: found, a nk.overfitting.LearningCurve; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> found = nk.overfitting.learning_curve(nk.activation("relu").normalized(), n=(4, 8, 16))
    >>> overfitting_figure(found).data[0].name
    'interpolant, exact'
    """
    return overfitting_picture(found).figure(theme)


def overfitting_picture(found):
    """The Picture that `overfitting_figure` draws.

    >>> import ntkit as nk
    >>> found = nk.overfitting.learning_curve(nk.activation("tanh").normalized(), n=(4, 8), depth=3)
    >>> [trace["name"] for trace in overfitting_picture(found).traces if trace["showlegend"]]
    ['interpolant, exact', 'Lemma 55', 'zero predictor']
    """
    traces = (
        _over_n("interpolant, exact", found, found.excess, {"color": BLUE, **EXACT}, "circle"),
        _over_n("Lemma 55", found, found.lemma_55, {"color": BLUE, **BOUND}),
        _over_n("Theorem 16", found, found.bound, {"color": VERMILLION, **BOUND}),
        _over_n("Theorem 16, sharp", found, found.sharp, {"color": VERMILLION, "dash": "dot", "width": 2}),
        _over_n("zero predictor", found, found.zero, {"color": GREY, "dash": "dashdot", "width": 2}),
        _over_n("‖Σ‖·‖v*‖²", found, found.largest * found.norm**2, {"color": ORANGE, "dash": "longdash", "width": 1.5}),
    )
    traces[-1]["visible"] = True if found.fixed_depth is None else "legendonly"
    traces[-1]["showlegend"] = found.fixed_depth is None
    return Picture(
        traces=traces,
        layout=frame(
            "Excess risk of the minimum-norm interpolant of n labels",
            f"{_setting(found)}, noise {found.noise:g}; {_depths(found)}",
            xaxis=_sizes_axis(found.n),
            yaxis=axis("excess risk (dimensionless)", log=True),
        ),
        summary=_in_words(found),
    )


def noise_figure(curves, theme="light"):
    """Risk E(y − v_SᵀΦ(x))² against n for several levels of noise, each beside noise², the risk of the best predictor.

    Parameters: curves, {noise: nk.overfitting.LearningCurve}, alike but for the noise; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> sigma = nk.activation("relu").normalized()
    >>> curves = {s: nk.overfitting.learning_curve(sigma, n=(4, 8), depth=3, noise=s) for s in (0.1, 0.5)}
    >>> [trace.name for trace in noise_figure(curves).data if trace.showlegend is not False]
    ['noise 0.1', 'noise 0.5', 'best predictor']
    """
    return noise_picture(curves).figure(theme)


def noise_picture(curves):
    """The Picture that `noise_figure` draws.

    Raises: ValueError without any curve.

    >>> import ntkit as nk
    >>> found = nk.overfitting.learning_curve(nk.activation("relu").normalized(), n=(4, 8), depth=3, noise=0.1)
    >>> noise_picture({0.1: found}).summary.split(";")[0]
    'With noise 0.1 the interpolant of 8 points has risk 0.0166, the best predictor 0.01.'
    """
    if not curves:
        raise ValueError("noise_picture needs at least one curve to draw.")
    traces, words = [], []
    for color, (noise, found) in zip(CYCLE * len(curves), curves.items(), strict=False):
        best = np.full(len(found.n), noise**2)
        traces.append(_over_n(f"noise {noise:g}", found, found.risk, {"color": color, **EXACT}, "circle"))
        traces.append(_over_n(f"best, noise {noise:g}", found, best, {"color": color, "dash": "dot", "width": 1.5}))
        traces[-1]["showlegend"] = False
        words.append(
            f"With noise {noise:g} the interpolant of {found.n[-1]} points has risk {found.risk[-1]:.3g}, "
            f"the best predictor {noise**2:.3g}."
        )
    key = {"color": GREY, "dash": "dot", "width": 1.5}
    nowhere = np.array([np.nan])
    traces.append(curve("best predictor", nowhere, nowhere, key, showlegend=True, meta={"guide": True}))
    found = next(iter(curves.values()))
    return Picture(
        traces=tuple(traces),
        layout=frame(
            "Risk of the interpolant, by the noise of its labels",
            f"{_setting(found)}; {_depths(found)}",
            xaxis=_sizes_axis(found.n),
            yaxis=axis("risk E(y − v<sub>S</sub>·Φ(x))²", log=True),
        ),
        summary=" ".join(words),
    )


def _over_n(name, found, values, line, symbol=None):
    """A curve over n; one with no value at any of them has no legend entry."""
    drawn = np.where(values > 0, values, np.nan)
    marks = {"mode": "lines+markers", "marker": {"symbol": symbol, "size": 7, "color": line["color"]}} if symbol else {}
    seen = bool(np.isfinite(drawn).any())
    return curve(name, found.n, drawn, line, hovertemplate=_HOVER, showlegend=seen) | marks


def _sizes_axis(n):
    """A logarithmic axis with a tick at sizes that were computed."""
    ticks = n[:: 1 + (len(n) - 1) // _LABELS]
    return axis("training points n", log=True, tickmode="array", tickvals=ticks, ticktext=[f"{size}" for size in ticks])


def _setting(found):
    return f"{found.activation} MLP, NTK parameterisation, sphere of ℝ<sup>{found.dim}</sup>, ‖v*‖ = {found.norm:g}"


def _depths(found):
    if found.fixed_depth is not None:
        return f"L = {found.fixed_depth}"
    return f"L = {found.depth[0]} … {found.depth[-1]} as required" if len(found.n) > 1 else f"L = {found.depth[0]}"


def _in_words(found):
    words = (
        f"With {found.n[-1]} points and {found.depth[-1]} layers of {found.activation}, interpolating labels of noise "
        f"{found.noise:g} has excess risk {found.excess[-1]:.3g}, at most {found.lemma_55[-1]:.3g} by Lemma 55; "
        f"predicting 0 has {found.zero[-1]:.3g}."
    )
    if np.isfinite(found.bound[-1]):
        return f"{words} Theorem 16 allows {found.bound[-1]:.3g}, in its sharp form {found.sharp[-1]:.3g}."
    return f"{words} Theorem 16 asks for {found.required[-1]} layers."
