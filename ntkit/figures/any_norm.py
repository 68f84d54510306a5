"""Inputs of any norm: the length map with its bias (Figure 6 of the paper), and two inputs through the layers."""

import numpy as np

from ntkit.figures.picture import Picture
from ntkit.figures.style import BLUE, BOUND, EXACT, GREEN, GREY, VERMILLION, axis, curve, frame

_HOVER = "%{y:.6g}"
_LEFT, _RIGHT = {"domain": [0, 0.46]}, {"domain": [0.56, 1], "anchor": "y2"}
_ON_THE_RIGHT = {"xaxis": "x2", "yaxis": "y2"}


def length_map_figure(curves, theme="light"):
    """What a layer makes of a squared norm, and the share of a signal that all inputs have in common: Figure 6.

    Parameters: curves, a nk.conditioning.LengthCurves; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> length_map_figure(nk.conditioning.length_curves(nk.normrelu())).data[0].name
    'length map σ̂<sub>l</sub>(γ)'
    """
    return length_map_picture(curves).figure(theme)


def length_map_picture(curves):
    """The Picture that `length_map_figure` draws.

    >>> import ntkit as nk
    >>> length_map_picture(nk.conditioning.length_curves(nk.normrelu())).traces[1]["name"]
    'at most this far from 1'
    """
    gamma, guide = curves.squared_norm, {"color": GREY, "dash": "dot", "width": 1.5}
    return Picture(
        traces=(
            curve("length map σ̂<sub>l</sub>(γ)", gamma, curves.length, {"color": BLUE, **EXACT}, hovertemplate=_HOVER),
            curve("at most this far from 1", gamma, curves.envelope, {"color": BLUE, **BOUND}, hovertemplate=_HOVER),
            curve("γ", gamma, gamma, guide, hoverinfo="skip", meta={"guide": True}),
            curve("bias(γ)", gamma, curves.bias, {"color": VERMILLION, **EXACT}, hovertemplate=_HOVER, **_ON_THE_RIGHT),
            curve("bias at most", gamma, curves.bias_envelope, {"color": VERMILLION, **BOUND}, hovertemplate=_HOVER,
                  **_ON_THE_RIGHT),
        ),
        layout=frame(
            "One layer: what it makes of a squared norm, and its bias",
            f"{curves.activation} MLP, NTK parameterisation, α⁻ = {curves.below:.4g}, α⁺ = {curves.above:.4g}",
            xaxis=axis("squared norm γ before the layer", **_LEFT),
            yaxis=axis("squared norm after it"),
            xaxis2=axis("squared norm γ before the layer", **_RIGHT),
            yaxis2=axis("bias(γ), a share", anchor="x2"),
        ),
        summary=_map_in_words(curves),
    )  # fmt: skip


def _map_in_words(curves):
    low, high = curves.squared_norm[[0, -1]]
    return (
        f"A layer of {curves.activation} makes a squared norm of {low:.3g} into {curves.length[0]:.4g} and one of "
        f"{high:.3g} into {curves.length[-1]:.4g}; lengths come nearer to 1 at the rate {curves.below:.4g} from below "
        f"and {curves.above:.4g} from above. The bias is at most {curves.bias.max():.3g}."
    )


def length_figure(profile, theme="light"):
    """Two inputs of different norms, layer by layer: how far their lengths are from 1, and their correlation.

    Parameters: profile, a nk.conditioning.LengthProfile; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> profile = nk.conditioning.length_profile(nk.activation("tanh").normalized(), 32, (0.5, 4.0), rho=0.95)
    >>> length_figure(profile).data[0].name
    '‖x‖² = 0.5: |γ<sub>l</sub> − 1|'
    """
    return length_picture(profile).figure(theme)


def length_picture(profile):
    """The Picture that `length_figure` draws.

    >>> import ntkit as nk
    >>> profile = nk.conditioning.length_profile(nk.activation("tanh").normalized(), 32, (0.5, 4.0), rho=0.95)
    >>> length_picture(profile).traces[-1]["name"]
    'L̂ = 13.27'
    """
    layers = profile.depth
    ticks = {"range": [0, max(int(layers[-1]), 1)], **({"dtick": 1} if layers[-1] <= 8 else {})}
    correlations = _correlations(profile)
    return Picture(
        traces=(*_lengths(profile), *correlations, *_start(profile, correlations)),
        layout=frame(
            "Two inputs after l layers: distance of their squared lengths from 1, and their correlation",
            f"{profile.activation} MLP, NTK parameterisation, δ = {profile.delta:.4g}, μ = {profile.mu:.4g}",
            xaxis=axis("hidden layers l", **ticks, **_LEFT),
            yaxis=axis("|squared length − 1|", log=True),
            xaxis2=axis("hidden layers l", **ticks, **_RIGHT),
            yaxis2=axis("correlation (dimensionless)", log=True, anchor="x2", dtick=_decades(correlations)),
        ),
        summary=_in_words(profile),
    )


def _over_layers(name, values, line, **rest):
    """A curve over the layers; without a legend entry where it has no value, a dot where it has one alone."""
    seen = int(np.isfinite(values).sum())
    mode = "lines+markers" if seen == 1 else "lines"
    layers = np.arange(len(values))
    return curve(name, layers, values, line, hovertemplate=_HOVER, showlegend=seen > 0, mode=mode, **rest)


def _lengths(profile):
    """Both inputs; the curve of x is wider, so that it is seen where they lie on each other."""
    styles = ("x", BLUE, 5), ("y", VERMILLION, 2)
    for (name, color, width), norm, excess, bound in zip(
        styles, profile.squared_norms, profile.excess, profile.length_bound, strict=True
    ):
        yield _over_layers(
            f"‖{name}‖² = {norm:.4g}: |γ<sub>l</sub> − 1|",
            _drawable(np.abs(excess)),
            {"color": color, "dash": "solid", "width": width},
        )
        yield _over_layers(f"of {name} at most", _drawable(bound), {"color": color, **BOUND})


def _drawable(values):
    """Without zeros, which a logarithmic axis has no place for."""
    return np.where(values == 0, np.nan, values)


def _correlations(profile):
    name = f"{profile.statement or 'theorem'}: at most"
    return (
        _over_layers("exact |ρ<sub>l</sub>|", profile.correlation, {"color": GREEN, **EXACT}, **_ON_THE_RIGHT),
        _over_layers("layer by layer at most", profile.step_bound, {"color": GREEN, "dash": "dot", "width": 2},
                     **_ON_THE_RIGHT),
        _over_layers(name, profile.bound, {"color": GREEN, **BOUND}, **_ON_THE_RIGHT),
    )  # fmt: skip


def _smallest(correlations):
    drawn = np.concatenate([trace["y"] for trace in correlations])
    return float(np.min(drawn[drawn > 0], initial=1.0))


def _decades(correlations):
    """Labels at powers of ten where there are two of them, else at 1, 2, 5 as well; plotly.js would crowd them."""
    return None if _smallest(correlations) < 1e-6 else 1 if _smallest(correlations) < 0.02 else "D2"


def _start(profile, correlations):
    """A vertical line at L̂, as a trace: shapes are not refreshed in open views."""
    if not profile.start <= profile.depth[-1]:
        return ()
    line = {"color": GREY, "dash": "dashdot", "width": 1.5}
    x, y = np.full(2, profile.start), np.array([_smallest(correlations), 1.0])
    marker = curve(f"L̂ = {profile.start:.4g}", x, y, line, hoverinfo="skip", meta={"guide": True}, **_ON_THE_RIGHT)
    return (marker,)


def _in_words(profile):
    depth, (x, y) = int(profile.depth[-1]), profile.squared_norms
    ends = f"are {profile.excess[0, -1]:+.3g} and {profile.excess[1, -1]:+.3g} from 1"
    if np.isfinite(profile.bound[-1]):
        limit = f"at most {profile.bound[-1]:.3g} by {profile.statement}"
    elif profile.statement:
        limit = f"{profile.statement} speaks from layer {int(np.ceil(profile.start))} on"
    else:
        limit = f"no theorem bounds it. {profile.silent}"
    return (
        f"After {depth} layers of {profile.activation} the squared lengths of two inputs, at first {x:.4g} and "
        f"{y:.4g}, {ends}; their correlation, at first {1 - profile.delta:.4g}, is {profile.correlation[-1]:.3g}; "
        f"{limit}{'' if limit.endswith('.') else '.'}"
    )
