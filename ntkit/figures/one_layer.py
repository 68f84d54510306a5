"""The smallest eigenvalue of one ReLU layer's kernel beside Theorem 56, over families of points."""

import numpy as np

from ntkit.figures.picture import Picture
from ntkit.figures.style import BOUND, CYCLE, DASHES, EXACT, axis, curve, frame


def one_layer_figure(families, theme="light"):
    """λ_min of K̄ against the separation δ: exact, as Theorem 56 bounds it, and by the power series.

    Parameters: families, name → nk.conditioning.OneLayerFloors; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> circles = nk.conditioning.one_layer_floors([nk.data.half_circle(n).x for n in (4, 8, 16)])
    >>> one_layer_figure({"half circle": circles}).data[0].name
    'half circle'
    """
    return one_layer_picture(families).figure(theme)


def one_layer_picture(families):
    """The Picture that `one_layer_figure` draws.

    >>> import ntkit as nk
    >>> circles = nk.conditioning.one_layer_floors([nk.data.half_circle(n).x for n in (4, 8)])
    >>> one_layer_picture({"half circle": circles}).table()[1][0]
    'half circle'
    """
    traces = tuple(
        curve(name, floors.delta, values, {**line, "color": color}, hovertemplate="%{y:.4g}")
        for color, (family, floors) in zip(CYCLE, families.items(), strict=False)
        for name, values, line in (
            (family, floors.exact, EXACT),
            (f"{family}, series", floors.sharp, {"dash": DASHES[2], "width": 2}),
            (f"{family}, Theorem 56", floors.stated, BOUND),
        )
    )
    return Picture(
        traces=traces,
        layout=frame(
            "Smallest eigenvalue of the kernel of one ReLU layer",
            "one hidden layer, NTK parameterisation, infinite width, ReLU as it is; solid: exact, dashed: Theorem 56, "
            "dotted: the power series",
            height=440,
            xaxis=axis("separation δ = 1 − max |ρ|", log=True),
            yaxis=axis("λ<sub>min</sub> of K̄", log=True),
        ),
        summary=_in_words(families),
    )


def _in_words(families):
    parts = []
    for family, floors in families.items():
        at = int(np.argmin(floors.delta))
        parts.append(
            f"{family}: at δ = {floors.delta[at]:.3g}, n = {floors.n[at]}, λ_min is {floors.exact[at]:.3g}, at least "
            f"{floors.sharp[at]:.3g} by the series and {floors.stated[at]:.3g} by Theorem 56"
        )
    return "; ".join(parts) + "."
