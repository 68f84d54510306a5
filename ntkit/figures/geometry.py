"""What data look like to the theorems: all their distances, and how many directions hold their variance."""

import numpy as np

from ntkit.figures.picture import Picture
from ntkit.figures.style import CYCLE, DASHES, EXACT, axis, curve, frame

_SHARE = 0.95


def distances_figure(found, theme="light"):
    """Histogram of the distances of all pairs, one curve a data set.

    Parameters: found, {name: nk.data.Geometry}; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.
    Source: Panigrahi, Shetty, Goyal (2020), Figure 2 (a).

    >>> import ntkit as nk
    >>> distances_figure({"circle": nk.data.geometry(nk.data.half_circle(20).x)}).data[0].name
    'circle, least 0.157'
    """
    return distances_picture(found).figure(theme)


def distances_picture(found):
    """The Picture that `distances_figure` draws.

    >>> import ntkit as nk
    >>> distances_picture({"circle": nk.data.geometry(nk.data.half_circle(20).x)}).summary.split(":")[0]
    'circle'
    """
    traces = tuple(
        curve(
            f"{name}, least {geometry.separation.distance:.3g}",
            (geometry.edges[1:] + geometry.edges[:-1]) / 2,
            np.where(geometry.counts > 0, geometry.counts / geometry.counts.sum() / np.diff(geometry.edges), np.nan),
            {**EXACT, "color": color, "dash": dash, "shape": "hvh"},
            hovertemplate="%{y:.3g}",
            mode="lines+markers",
            marker={"size": 3, "color": color},
        )
        for (name, geometry), (color, dash) in _styled(found)
    )
    return Picture(
        traces=traces,
        layout=frame(
            "Distances of all pairs of points",
            "unit inputs; least: min ‖x − x'‖, the δ of Figure 2 (a)",
            xaxis=axis("distance ‖x − x'‖", range=[0, 2]),
            yaxis=axis("density of pairs (per unit of distance)", log=True),
        ),
        summary=" ".join(
            f"{name}: {geometry.n} points are {geometry.separation.distance:.3g} apart at least, half of the pairs "
            f"more than {geometry.distance_below(0.5):.3g}."
            for name, geometry in found.items()
        ),
    )


def dimensions_figure(found, theme="light"):
    """The share of the variance that the first principal directions hold, beside log n, one curve a data set.

    Parameters, returns: as in `distances_figure`.
    Source: Panigrahi, Shetty, Goyal (2020), Figure 2 (b).

    >>> import ntkit as nk
    >>> figure = dimensions_figure({"circle": nk.data.geometry(nk.data.half_circle(20).x)})
    >>> [trace.name for trace in figure.data]
    ['circle, 2 hold 95 %', 'circle, log n']
    """
    return dimensions_picture(found).figure(theme)


def dimensions_picture(found):
    """The Picture that `dimensions_figure` draws.

    >>> import ntkit as nk
    >>> dimensions_picture({"circle": nk.data.geometry(nk.data.half_circle(20).x)}).summary
    'circle: 2 of 10 directions hold 95 % of the variance of 20 points, log n is 3.'
    """
    traces = []
    for (name, geometry), (color, dash) in _styled(found):
        count = np.arange(1, len(geometry.variances) + 1)
        label = f"{name}, {geometry.intrinsic_dimension(_SHARE)} hold 95 %"
        line = {**EXACT, "color": color, "dash": dash}
        traces.append(curve(label, count, geometry.explained, line, hovertemplate="%{y:.4f}"))
        traces.append(
            curve(
                f"{name}, log n",
                np.full(2, np.log(geometry.n)),
                np.array([0.0, 1.0]),
                {"color": color, "dash": "dot", "width": 1.5},
                showlegend=False,
                hoverinfo="skip",
            )
        )
    return Picture(
        traces=tuple(traces),
        layout=frame(
            "Variance held by the first principal directions",
            "unit inputs, centred; dotted: log n, what the theorems on few dimensions compare with",
            xaxis=axis("principal directions k", log=True),
            yaxis=axis("share of the variance Σ<sub>i≤k</sub> λ<sub>i</sub>/Σ λ<sub>i</sub>", range=[0, 1.02]),
        ),
        summary=" ".join(
            f"{name}: {geometry.intrinsic_dimension(_SHARE)} of {geometry.dim} directions hold 95 % of the variance of "
            f"{geometry.n} points, log n is {np.log(geometry.n):.2g}."
            for name, geometry in found.items()
        ),
    )


def _styled(found):
    """Items of `found` with a colour and a dash each."""
    return (
        (item, (CYCLE[k % len(CYCLE)], DASHES[k // len(CYCLE) % len(DASHES)])) for k, item in enumerate(found.items())
    )
