"""A plotly figure in the notebook page that follows its model: created once, redrawn when its picture changes.

plotly's own FigureWidget sends 5 MB of JavaScript for every figure, loses what changes before the page has drawn it,
and reloads as it was first made.  Here the whole picture is the synchronised state, so whatever view is opened shows
what is current, and one compressed copy of plotly.js (1.4 MB) serves every figure of a page.
"""

import base64
import functools
import gzip
from pathlib import Path

import anywidget
import numpy as np
import plotly
import traitlets
from ipywidgets import Widget, widget_serialization

from ntkit.figures.style import THEMES, template


class _Library(Widget):
    """plotly.js itself, compressed: a model without a view."""

    version = traitlets.Unicode(plotly.__version__).tag(sync=True)
    source = traitlets.Bytes().tag(sync=True)

    @traitlets.default("source")
    def _plotly_js(self):
        return _compressed_plotly_js()


@functools.cache
def _compressed_plotly_js():
    return gzip.compress(plotly.offline.get_plotlyjs().encode(), compresslevel=6, mtime=0)


_library = functools.cache(_Library)


class LiveFigure(anywidget.AnyWidget):
    """A figure that shows one picture at a time.

    Parameters: picture, a ntkit.figures.Picture; filename, what a downloaded image is called (no extension); theme,
    "light", "dark" or "auto", which follows the background that the figure lies on.  While `is_waiting`, what is drawn
    is out of date, and dimmed.
    """

    _esm = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    _css = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
    _library = traitlets.Instance(Widget).tag(sync=True, **widget_serialization)
    _templates = traitlets.Dict().tag(sync=True)
    picture = traitlets.Dict().tag(sync=True)
    filename = traitlets.Unicode("ntkit").tag(sync=True)
    theme = traitlets.Enum(["auto", *THEMES], default_value="auto").tag(sync=True)
    is_waiting = traitlets.Bool(False).tag(sync=True)

    def __init__(self, picture, **options):
        templates = {theme: template(theme).to_plotly_json() for theme in THEMES}
        super().__init__(_library=_library(), _templates=templates, picture=_packed(picture), **options)

    def show(self, picture):
        """Replace what is drawn; zoom and hidden curves stay as the reader left them."""
        self.picture = _packed(picture)


def _packed(picture):
    traces = [{key: _packed_value(value) for key, value in trace.items()} for trace in picture.traces]
    return {"traces": traces, "layout": picture.layout, "summary": picture.summary}


def _packed_value(value):
    """Numeric arrays in plotly.js's own binary form, which unlike JSON also holds NaN."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub":
        return value
    numbers = np.ascontiguousarray(value, dtype="<f8")
    return {"dtype": "f8", "bdata": base64.b64encode(numbers).decode("ascii")}
