"""A picture as a figure, as a table, and behind another picture."""

import csv
import io

import numpy as np
import pytest

from ntkit.figures.picture import Picture
from ntkit.figures.style import GREY, axis, curve, frame


@pytest.fixture
def picture():
    """Two curves on an axis pair each, and a guide."""
    guide = curve("L₀", np.zeros(2), np.ones(2), {"color": GREY}, meta={"guide": True})
    main = curve("exact", np.arange(3), np.array([1.0, 0.1, 1 / 3]), {"color": "#0072B2", "dash": "dash", "width": 2})
    other = curve("bars", np.arange(2), np.array([np.nan, 5.0]), {"color": "#D55E00"}, xaxis="x2", yaxis="y2")
    axes = {"xaxis": axis("l"), "yaxis": axis("ρ", log=True), "xaxis2": axis("k"), "yaxis2": axis("a")}
    return Picture((main, guide, other), frame("title", "NTK parameterisation", **axes), "in words")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figure_is_valid_and_keeps_every_number(picture, theme):
    figure = picture.figure(theme)
    assert [trace.name for trace in figure.data] == ["exact", "L₀", "bars"]
    np.testing.assert_array_equal(figure.data[0].y, [1.0, 0.1, 1 / 3])
    assert figure.layout.yaxis.type == "log"


def test_table_names_axes_and_leaves_guides_out(picture):
    header, *rows = picture.table()
    assert header == ("curve", "x axis", "x", "y axis", "y")
    assert rows[1] == ("exact", "l", 1, "ρ", 0.1)
    assert {row[0] for row in rows} == {"exact", "bars"}
    assert [row[1:4:2] for row in rows if row[0] == "bars"] == [("k", "a")] * 2


def test_table_is_free_of_markup():
    marked = curve("|ρ<sub>l</sub>|", np.zeros(1), np.ones(1), {})
    (_, row) = Picture((marked,), frame("", "", xaxis=axis("λ<sub>max</sub>"), yaxis=axis("ρ")), "").table()
    assert row == ("|ρ_l|", "λ_max", 0.0, "ρ", 1.0)


def test_csv_gives_back_the_same_numbers(picture):
    # Given the text of the table
    rows = list(csv.DictReader(io.StringIO(picture.to_csv())))
    # When it is read again
    values = [float(row["y"]) for row in rows if row["curve"] == "exact"]
    # Then no digit is lost
    assert values == [1.0, 0.1, 1 / 3]


def test_frozen_curves_lie_grey_behind_under_one_entry_of_the_legend(picture):
    both = picture.over(picture, "relu, L = 3").figure()
    frozen = [trace for trace in both.data if trace.name.endswith("(frozen)")]
    assert [trace.name for trace in frozen] == ["exact (frozen)", "bars (frozen)"]
    assert {trace.line.color for trace in frozen} == {GREY}
    assert frozen[0].line.dash == "dash"
    assert all(trace.zorder < 0 and trace.showlegend is False for trace in frozen)
    assert [trace.name for trace in both.data if trace.legendgroup == "frozen" and trace.showlegend is None] == [
        "frozen: relu, L = 3"
    ]


def test_frozen_curves_follow_the_others_so_that_hidden_curves_stay_hidden(picture):
    assert picture.over(picture, "relu, L = 3").traces[: len(picture.traces)] == picture.traces
