"""The live figure: its synchronised state is always the whole current picture."""

import base64
import gzip

import numpy as np
import plotly
import pytest

from ntkit.explorers.live_figure import LiveFigure
from ntkit.figures.picture import Picture
from ntkit.figures.style import axis, curve, frame


def picture(values):
    """A picture of one curve."""
    trace = curve("curve", np.arange(len(values)), np.asarray(values), {"color": "#0072B2"})
    return Picture((trace,), frame("title", "NTK parameterisation", xaxis=axis("x"), yaxis=axis("y")), "in words")


def numbers(packed):
    """The array that plotly.js reads from its binary form."""
    return np.frombuffer(base64.b64decode(packed["bdata"]), dtype="<f8")


def test_state_for_a_new_view_holds_what_is_current():
    # Given a figure whose picture was replaced
    figure = LiveFigure(picture([1.0, 2.0]))
    figure.show(picture([3.0, np.nan, 5.0]))
    # When a view opened later, or after a reload, asks for its state
    state = figure.get_state()
    # Then it gets the current picture, NaN included
    np.testing.assert_array_equal(numbers(state["picture"]["traces"][0]["y"]), [3.0, np.nan, 5.0])
    assert state["picture"]["summary"] == "in words"


def test_figures_share_one_compressed_plotly():
    one, other = LiveFigure(picture([1.0])), LiveFigure(picture([2.0]))
    assert one.get_state()["_library"] == other.get_state()["_library"]
    source = one._library.source
    assert len(source) < 2e6
    assert gzip.decompress(source).decode() == plotly.offline.get_plotlyjs()


@pytest.mark.parametrize("values", [[1, 2], [True, False], np.float32([0.5, 0.25])])
def test_numbers_of_every_kind_reach_the_page_as_float64(values):
    packed = LiveFigure(picture(values)).picture["traces"][0]["y"]
    np.testing.assert_array_equal(numbers(packed), np.asarray(values, dtype=float))


def test_names_stay_names():
    trace = {"type": "scatter", "name": "rows", "x": np.array([1.0]), "y": ["a row"]}
    assert LiveFigure(Picture((trace,), {}, "")).picture["traces"][0]["y"] == ["a row"]


def test_both_themes_travel_with_the_figure():
    templates = LiveFigure(picture([1.0]))._templates
    assert {name: entry["layout"]["paper_bgcolor"] for name, entry in templates.items()} == {
        "light": "#FFFFFF",
        "dark": "#111111",
    }
