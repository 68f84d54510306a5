"""A picture before it becomes a figure: plain traces, a layout, and one sentence for those who cannot see it."""

import csv
import io
from dataclasses import dataclass, replace

import numpy as np
import plotly.graph_objects as go

from ntkit.figures.style import GREY, template


@dataclass(frozen=True)
class Picture:
    """Traces and layout as plain dicts, with the sentence that says the same in words.

    A widget sends the dicts on as they are, which costs microseconds where building a validated figure costs
    milliseconds; `figure` builds that figure for everyone else.
    """

    traces: tuple[dict, ...]
    layout: dict
    summary: str

    def figure(self, theme="light"):
        """The picture as a plotly.graph_objects.Figure, validated, in the light or the dark theme."""
        return go.Figure(data=self.traces, layout={**self.layout, "template": template(theme)})

    def over(self, earlier):
        """This picture with the curves of an `earlier` one behind it, grey and thin, each under its own name."""
        ghosts = tuple(map(_ghost, filter(_carries_data, earlier.traces)))
        return replace(self, traces=ghosts + self.traces)

    def table(self):
        """What is drawn, point by point: rows of (curve, x axis, x, y axis, y) under a header row."""
        rows = [("curve", "x axis", "x", "y axis", "y")]
        for trace in filter(_carries_data, self.traces):
            horizontal, vertical = (self._axis_title(trace, direction) for direction in "xy")
            points = zip(_values(trace["x"]), _values(trace["y"]), strict=True)
            rows += [(trace["name"], horizontal, x, vertical, y) for x, y in points]
        return rows

    def to_csv(self):
        """The table as CSV text, numbers with every digit that they have."""
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows(self.table())
        return stream.getvalue()

    def _axis_title(self, trace, direction):
        number = trace.get(f"{direction}axis", direction)[1:]
        return self.layout.get(f"{direction}axis{number}", {}).get("title", {}).get("text", direction)


def _carries_data(trace):
    """Whether a trace shows data, rather than guiding the eye."""
    return not trace.get("meta", {}).get("guide", False)


def _ghost(trace):
    name = f"{trace['name']} (frozen)"
    line = {**trace.get("line", {}), "color": GREY, "width": 1.5}
    marker = {**trace.get("marker", {}), "color": GREY}
    return {**trace, "name": name, "line": line, "marker": marker, "opacity": 0.7, "legendgroup": "frozen"}


def _values(column):
    return np.asarray(column).tolist()
