"""The ledger as a picture: a row a bound, its share, and a cross where it is violated."""

from dataclasses import replace

import numpy as np
import pytest

import ntkit as nk
from ntkit import figures, theorems
from ntkit.theorems import ledger

SMALL = theorems.Grid(activations=(nk.activation("relu"), nk.activation("tanh")), deltas=(0.1, 0.5), depth=20)
KEYS = ("lemma_21", "ntk_diagonal", "theorem_5_pairs", "theorem_5_pairs_sharp")


@pytest.fixture(scope="module")
def found():
    return theorems.run(KEYS, SMALL)


def test_shares_are_those_of_the_verdicts_and_equations_are_left_out(found):
    (points,) = figures.ledger_figure(found).data
    assert list(points.y) == ["Lemma 21", "Theorem 5, pairs", "Theorem 5, pairs, sharp"]
    shares = [100 * verdict.tightest.share for verdict in found.verdicts if verdict.entry.key != "ntk_diagonal"]
    np.testing.assert_array_equal(points.x, shares)


def test_hover_says_the_statement_and_the_numbers(found):
    (points,) = figures.ledger_figure(found).data
    assert "|𝒦̄_12| ≤ 2B(L/2, δ) 𝒦̄_11" in points.text[1]
    assert str(found.verdicts[2].tightest) in points.text[1]


def test_violated_statement_is_crossed_and_told_in_words():
    honest = theorems.ENTRIES["lemma_21"]
    false = replace(honest, claim=lambda *case: [replace(c, bound=c.bound / 2) for c in honest.claim(*case)][:1])
    picture = figures.ledger_picture(ledger.check_entries([false, theorems.ENTRIES["lemma_26"]], SMALL))
    assert [(trace["name"], trace["y"]) for trace in picture.traces] == [
        ("holds", ["Lemma 26"]),
        ("violated", ["Lemma 21"]),
    ]
    assert picture.traces[1]["marker"]["symbol"] == "x"
    assert picture.summary.startswith("1 of 2 statements hold; the tightest is Lemma 21")


def test_ledger_without_bounds_draws_nothing_and_says_so():
    picture = figures.ledger_picture(theorems.run(["ntk_diagonal"], SMALL))
    assert picture.traces == ()
    assert picture.summary == "1 of 1 statements hold."


def test_titles_and_axes(found):
    layout = figures.ledger_figure(found, theme="dark").layout
    assert "NTK parameterisation" in layout.title.subtitle.text
    assert "%" in layout.xaxis.title.text
    assert layout.template == figures.template("dark")
    assert not layout.shapes
    assert not layout.annotations
