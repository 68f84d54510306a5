"""What a picture shows, as rounded text that a cell prints and nbval compares letter by letter."""

import numpy as np

from ntkit.figures.picture import plain

_INVISIBLE = 1e-12  # of the largest value, on a linear axis


def digest(figure, digits=5):
    """What a plotly figure shows, as text: a line a trace, with its name, length, ends and sum of absolute values.

    What a linear axis cannot show, less than 1e-12 of the largest value beside it, is 0.

    Parameters: figure, a `plotly.graph_objects.Figure` or `FigureWidget`; digits, significant ones.
    Returns: text, the same on every machine as long as the curves agree to that many digits.

    >>> import plotly.graph_objects as go
    >>> print(digest(go.Figure(go.Scatter(y=[1.0, 0.5], name="loss"), layout={"title": {"text": "Training"}})))
    Training
      loss: 2 values, 1 … 0.5, in all 1.5
    """
    title = figure.layout.title.text or "figure"
    return "\n".join([title, *(_trace_digest(trace, _values(trace, figure.layout), digits) for trace in figure.data)])


def _trace_digest(trace, values, digits):
    name = plain(trace.name or "")
    if not values.size:
        return f"  {name}: empty"
    total = np.abs(values[np.isfinite(values)]).sum()
    return (
        f"  {name}: {values.size} values, {values[0]:.{digits}g} … {values[-1]:.{digits}g}, in all {total:.{digits}g}"
    )


def _values(trace, layout):
    """What a trace shows as numbers: its y, or its x where y are categories; a gap, None, as NaN."""
    y = np.asarray(() if trace.y is None else trace.y)
    categories = y.dtype.kind == "U" or any(isinstance(entry, str) for entry in y.flat)
    values = np.asarray(trace.x if categories else y, dtype=float).ravel()
    side = "x" if categories else "y"
    axis = layout[f"{side}axis{(getattr(trace, f'{side}axis', None) or side)[1:]}"]
    if axis.type == "log" or not np.isfinite(values).any():
        return values
    return np.where(np.abs(values) < _INVISIBLE * np.nanmax(np.abs(values[np.isfinite(values)])), 0.0, values)
