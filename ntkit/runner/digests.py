"""What a picture shows, as rounded text that a cell prints and nbval compares letter by letter."""

import numpy as np


def digest(figure, digits=5):
    """What a plotly figure shows, as text: a line a trace, with its name, length, ends and sum of absolute values.

    Parameters: figure, a `plotly.graph_objects.Figure` or `FigureWidget`; digits, significant ones.
    Returns: text, the same on every machine as long as the curves agree to that many digits.
    """
    title = figure.layout.title.text or "figure"
    return "\n".join([title, *(_trace_digest(trace, digits) for trace in figure.data)])


def _trace_digest(trace, digits):
    y = _numbers(trace.y)
    if not y.size:
        return f"  {trace.name}: empty"
    size = np.abs(y[np.isfinite(y)]).sum()
    return f"  {trace.name}: {y.size} values, {y[0]:.{digits}g} … {y[-1]:.{digits}g}, in all {size:.{digits}g}"


def _numbers(values):
    """Trace data as floats; None, which plotly draws as a gap, as NaN."""
    return np.asarray(() if values is None else values, dtype=float).ravel()
