"""A picture before it becomes a figure: plain traces, a layout, and one sentence for those who cannot see it."""

import csv
import io
import re
from dataclasses import dataclass, replace

import numpy as np
import plotly.graph_objects as go

from ntkit.figures.style import GREY, curve, template


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

    def over(self, earlier, label):
        """This picture with the curves of an `earlier` one behind it, grey and thin; `label` is their legend entry."""
        ghosts = map(_ghost, filter(_carries_data, earlier.traces))
        return replace(self, traces=(*self.traces, *ghosts, _legend_key(label)))

    def table(self):
        """What is drawn, point by point: rows of (curve, x axis, x, y axis, y) under a header row."""
        rows = [("curve", "x axis", "x", "y axis", "y")]
        for trace in filter(_carries_data, self.traces):
            horizontal, vertical = (self._axis_title(trace, direction) for direction in "xy")
            points = zip(_values(trace["x"]), _values(trace["y"]), strict=True)
            rows += [(plain(trace["name"]), horizontal, x, vertical, y) for x, y in points]
        return rows

    def to_csv(self):
        """The table as CSV text, numbers with every digit that they have."""
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows(self.table())
        return stream.getvalue()

    def _axis_title(self, trace, direction):
        number = trace.get(f"{direction}axis", direction)[1:]
        return plain(self.layout.get(f"{direction}axis{number}", {}).get("title", {}).get("text", direction))


def plain(label):
    """A label as text without markup: subscripts after an underscore, superscripts after a caret.

    >>> plain("exact |ρ<sub>l</sub>|"), plain("e<sup>−t</sup>")
    ('exact |ρ_l|', 'e^−t')
    """
    return re.sub(r"<sup>(.*?)</sup>", r"^\1", re.sub(r"<sub>(.*?)</sub>", r"_\1", label))


def _carries_data(trace):
    """Whether a trace shows data, rather than guiding the eye."""
    return not trace.get("meta", {}).get("guide", False)


def _ghost(trace):
    return {
        **trace,
        "name": f"{trace['name']} (frozen)",
        "marker": {**trace.get("marker", {}), "color": GREY},
        "opacity": 0.7,
        "zorder": -1,
        "legendgroup": "frozen",
        "showlegend": False,
    } | ({"line": {**trace["line"], "color": GREY, "width": 1.5}} if "line" in trace else {})


def _legend_key(label):
    """A curve without points: its entry in the legend stands for all that is frozen."""
    line = {"color": GREY, "width": 1.5}
    nowhere = np.array([np.nan])
    return curve(f"frozen: {label}", nowhere, nowhere, line, legendgroup="frozen", meta={"guide": True})


def _values(column):
    return np.asarray(column).tolist()
