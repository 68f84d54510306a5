"""The shape of an activation, as written and normalised, beside others; and its Hermite coefficients."""

import numpy as np

from ntkit.figures.picture import Picture
from ntkit.figures.style import BLUE, GREEN, GREY, PURPLE, SKY, VERMILLION, axis, curve, frame

_COMPARED = ((VERMILLION, "dash"), (GREEN, "dot"), (PURPLE, "dashdot"), (SKY, "longdash"))


def shape_figure(chosen, compared=(), theme="light"):
    """The graphs of activations on the left, the Hermite coefficients of the first on the right.

    Parameters: chosen, a nk.shapes.Shape; compared, Shapes drawn beside it, normalised; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> shape_figure(nk.shapes.shape(nk.activation("relu")), [nk.shapes.shape(nk.normrelu())]).data[1].name
    'normalized relu'
    """
    return shape_picture(chosen, compared).figure(theme)


def shape_picture(chosen, compared=()):
    """The Picture that `shape_figure` draws.

    >>> import ntkit as nk
    >>> shape_picture(nk.shapes.shape(nk.activation("relu"))).traces[0]["name"]
    'relu'
    """
    return Picture(
        traces=(*_graphs(chosen), *map(_beside, compared, _COMPARED), _coefficients(chosen)),
        layout=frame(
            "The activation, and its Hermite coefficients",
            f"{_normalising(chosen)}: E σ̄ = 0, E σ̄² = 1 for pre-activations N(0, 1), as in the NTK parameterisation; "
            f"μ = {chosen.mu:.4g}",
            xaxis=axis("pre-activation x (dimensionless)", domain=[0, 0.6]),
            yaxis=axis("σ(x)", range=[-3.2, 4.2]),
            xaxis2=axis("degree k", domain=[0.72, 1], anchor="y2"),
            yaxis2=axis("a<sub>k</sub>²", anchor="x2", range=[0, 1.05]),
        ),
        summary=_in_words(chosen),
    )


_HOVER = "%{y:.6g}"


def _graphs(chosen):
    """σ as it is written and σ̄; once only where they are the same."""
    name, line = chosen.activation.name, {"color": BLUE, "dash": "solid", "width": 3}
    if chosen.activation.is_normalized:
        return (curve(name, chosen.x, chosen.normalized, line, hovertemplate=_HOVER),)
    thin = {"color": GREY, "dash": "solid", "width": 2}
    return (
        curve(name, chosen.x, chosen.raw, thin, hovertemplate=_HOVER),
        curve(f"normalized {name}", chosen.x, chosen.normalized, line, hovertemplate=_HOVER),
    )


def _beside(shape, style):
    color, dash = style
    name = shape.activation.name.removeprefix("normalized ")
    line = {"color": color, "dash": dash, "width": 2}
    return curve(f"{name}, normalized", shape.x, shape.normalized, line, hovertemplate=_HOVER)


def _coefficients(chosen):
    return {
        "type": "bar",
        "name": "a<sub>k</sub>²",
        "x": np.arange(len(chosen.hermite)),
        "y": chosen.hermite**2,
        "marker": {"color": BLUE},
        "showlegend": False,
        "xaxis": "x2",
        "yaxis": "y2",
        "hovertemplate": _HOVER,
    }


def _normalising(chosen):
    if chosen.activation.is_normalized:
        return "σ̄ = σ, normalised as it is"
    return f"σ̄ = {chosen.scale:.4g}·(σ {_signed(chosen.shift)})"


def _signed(value):
    return f"{'+' if value >= 0 else '−'} {abs(value):.4g}"


def _in_words(chosen):
    how = f"by adding {chosen.shift:.4g} and scaling by {chosen.scale:.4g}"
    return (
        f"{chosen.activation.name} is normalised {'as it is' if chosen.activation.is_normalized else how}; its "
        f"coefficient of non-linearity is μ = {chosen.mu:.4g}, its linear part {1 - chosen.mu:.4g} of the variance."
    )
