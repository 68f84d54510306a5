"""The bound B_μ(L, δ) beside the exact correlation, layer by layer, and the same for the neural tangent kernel."""

import numpy as np

from ntkit.figures.picture import Picture
from ntkit.figures.style import BOUND, EXACT, GREY, NNGP, NTK, axis, curve, frame


def bound_figure(profile, theme="light"):
    """How fast depth separates two inputs: exact correlations and their bounds over the layers, on a logarithmic axis.

    Parameters: profile, a nk.conditioning.DepthProfile; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> profile = nk.conditioning.depth_profile(nk.activation("relu").normalized(), depth=32, delta=0.05)
    >>> bound_figure(profile).data[0].name
    'bound B(l, δ)'
    """
    return bound_picture(profile).figure(theme)


def bound_picture(profile):
    """The Picture that `bound_figure` draws.

    >>> import ntkit as nk
    >>> profile = nk.conditioning.depth_profile(nk.activation("tanh").normalized(), depth=8, delta=0.05)
    >>> bound_picture(profile).table()[0]
    ('curve', 'x axis', 'x', 'y axis', 'y')
    """
    layers = profile.depth
    pairs = (
        _over_layers("bound B(l, δ)", profile.bound, {**NNGP, **BOUND}),
        _over_layers("exact |ρ<sub>l</sub>|", profile.correlation, {**NNGP, **EXACT}),
        _over_layers("NTK bound 2B(l/2, δ)", profile.ntk_bound, {**NTK, **BOUND}),
        _over_layers("exact NTK |Θ<sub>l</sub>(ρ)|/Θ<sub>l</sub>(1)", profile.ntk_ratio, {**NTK, **EXACT}),
    )
    floor = _smallest_positive(pairs)
    markers = (_turn("L₀", profile.L0, floor, "dot"), _turn("2L₀", 2 * profile.L0, floor, "longdash"))
    return Picture(
        traces=pairs + tuple(marker for marker in markers if marker["x"][0] <= layers[-1]),
        layout=frame(
            "Correlation of two inputs after l layers: exact, and at most",
            f"{profile.activation} MLP, NTK parameterisation, δ = {profile.delta:.4g}, μ = {profile.mu:.4g}",
            xaxis=axis("hidden layers l", range=[0, max(int(layers[-1]), 1)], **_whole_ticks(int(layers[-1]))),
            yaxis=axis("correlation (dimensionless)", log=True),
        ),
        summary=_in_words(profile),
    )


_HOVER = "%{y:.6g}"


def _over_layers(name, values, line):
    """A curve over the layers; one with no value at any of them, as a bound before it holds, has no legend entry."""
    seen = bool(np.isfinite(values).any())
    return curve(name, np.arange(len(values)), values, line, hovertemplate=_HOVER, showlegend=seen)


def _whole_ticks(depth):
    """A tick for every layer where there are few; plotly.js would put some between two layers."""
    return {"dtick": 1} if depth <= 8 else {}


def _smallest_positive(curves):
    """Where a vertical marker may end on the logarithmic axis."""
    drawn = np.concatenate([trace["y"] for trace in curves])
    positive = drawn[drawn > 0]
    return float(positive.min()) if positive.size else 1.0


def _turn(name, layer, floor, dash):
    """A vertical line at a layer, as a trace: shapes are not refreshed in open views."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"{name} = {layer}",
        "x": np.array([layer, layer]),
        "y": np.array([floor, 1.0]),
        "line": {"color": GREY, "dash": dash, "width": 1.5},
        "hoverinfo": "skip",
        "meta": {"guide": True},
    }


def _in_words(profile):
    depth = int(profile.depth[-1])
    ntk = f"; of the NTK ratio {profile.ntk_ratio[-1]:.3g}" if np.isfinite(profile.ntk_ratio[-1]) else ""
    if np.isfinite(profile.ntk_bound[-1]):
        ntk += f", at most {min(profile.ntk_bound[-1], 1.0):.3g}"
    return (
        f"After {depth} layers of {profile.activation}, two inputs at separation δ = {profile.delta:.3g} have "
        f"correlation {profile.correlation[-1]:.3g}, at most {profile.bound[-1]:.3g}{ntk}. "
        f"The bound turns at L₀ = {profile.L0}."
    )
