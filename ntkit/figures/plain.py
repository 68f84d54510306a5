"""Plain pictures in the lab's style, for a notebook: curves that are exact, curves that bound, dots that were drawn.

draw("Theorem 3", "normalised ReLU", [exact("|ρ|", depth, rho), limit("B", depth, bound)], axis("layers"), axis("ρ"))
"""

import numpy as np

from ntkit.figures.picture import Picture
from ntkit.figures.style import BOUND, CYCLE, EXACT, curve, frame, markers


def draw(title, subtitle, traces, x, y):
    """A figure of plain traces on one pair of axes.

    Parameters: title, subtitle; traces, as `exact`, `limit` and `dots` give them; x and y, axes of `style.axis`.
    Returns: plotly.graph_objects.Figure.

    >>> from ntkit.figures.style import axis
    >>> draw("Squares", "of two numbers", [exact("x²", [1, 2], [1, 4])], axis("x"), axis("x²")).data[0].name
    'x²'
    """
    return Picture(tuple(traces), frame(title, subtitle, xaxis=x, yaxis=y), summary=title).figure()


def exact(name, x, y, color=0):
    """A solid curve, in colour number `color`.

    >>> exact("x²", [1, 2], [1, 4])["line"]["dash"]
    'solid'
    """
    return curve(name, x, y, {**EXACT, "color": CYCLE[color]})


def limit(name, x, y, color=0, dash="dash"):
    """A bound: a dashed curve, in colour number `color`.

    >>> limit("at most", [1, 2], [2, 5])["line"]["dash"]
    'dash'
    """
    return curve(name, x, y, {**BOUND, "color": CYCLE[color], "dash": dash})


def dots(name, x, y, color=0, symbol="circle"):
    """Markers, for what is measured or drawn at random.

    >>> dots("samples", [1, 2], [1.1, 3.9])["mode"]
    'markers'
    """
    return markers(name, x, y, {"color": CYCLE[color], "symbol": symbol, "size": 8})


def drawn(figure):
    """What a figure shows, {name of the curve: y as floats}: so that a claim is checked on the picture itself.

    >>> from ntkit.figures.style import axis
    >>> drawn(draw("Squares", "", [exact("x²", [1, 2], [1, 4])], axis("x"), axis("x²")))["x²"]
    array([1., 4.])
    """
    return {trace.name: np.asarray(trace.y, dtype=float) for trace in figure.data}
