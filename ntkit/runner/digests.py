"""What a picture shows, as rounded text that a cell prints and nbval compares letter by letter."""

import numpy as np

from ntkit.figures.picture import plain


def digest(figure, digits=5):
    """What a plotly figure shows, as text: a line a trace, with its name, length, ends and sum of absolute values.

    Parameters: figure, a `plotly.graph_objects.Figure` or `FigureWidget`; digits, significant ones.
    Returns: text, the same on every machine as long as the curves agree to that many digits.

    >>> import plotly.graph_objects as go
    >>> print(digest(go.Figure(go.Scatter(y=[1.0, 0.5], name="loss"), layout={"title": {"text": "Training"}})))
    Training
      loss: 2 values, 1 … 0.5, in all 1.5
    """
    title = figure.layout.title.text or "figure"
    return "\n".join([title, *(_trace_digest(trace, digits) for trace in figure.data)])


def _trace_digest(trace, digits):
    name, values = plain(trace.name or ""), _values(trace)
    if not values.size:
        return f"  {name}: empty"
    total = np.abs(values[np.isfinite(values)]).sum()
    return (
        f"  {name}: {values.size} values, {values[0]:.{digits}g} … {values[-1]:.{digits}g}, in all {total:.{digits}g}"
    )


def _values(trace):
    """What a trace shows as numbers: its y, or its x where y are categories; a gap, None, as NaN."""
    y = np.asarray(() if trace.y is None else trace.y)
    categories = y.dtype.kind == "U" or any(isinstance(entry, str) for entry in y.flat)
    return np.asarray(trace.x if categories else y, dtype=float).ravel()
