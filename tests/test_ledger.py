"""The theorem ledger: every statement holds, every misprint is told from the truth, and a false statement is seen."""

import inspect
from dataclasses import replace

import numpy as np
import pytest

import ntkit as nk
from ntkit import theorems
from ntkit.theorems import Claim, Entry, Grid, Subject, ledger

SMALL = Grid(activations=(nk.activation("relu"), nk.activation("step")), deltas=(0.1, 0.5), depth=20)


@pytest.mark.parametrize("key", theorems.ENTRIES)
def test_statement_holds(key):
    verdict = theorems.check(key)
    assert verdict.compared > 0
    assert verdict.violations == 0, str(verdict.tightest)
    assert verdict.holds
    assert verdict.tightest.sense == "=" or not verdict.tightest.share > 1.02  # shares are told to a hundredth


@pytest.mark.parametrize("key", theorems.ERRATA)
def test_misprint_is_told_from_what_is_right(key):
    erratum = theorems.ERRATA[key]
    evidence = erratum.evidence()
    assert evidence.right_holds, f"{evidence.what}: {evidence.truth}, but {evidence.right}"
    assert evidence.fault in ("wrong", "loose")
    assert evidence.tells_apart


# --- the ledger can say no -------------------------------------------------------------------------------------------


def entry(claim, assumptions=(), subjects=lambda grid: grid.normalized()):
    return Entry("planted", "Planted", "here", "nothing", assumptions, subjects, claim)


def test_false_bound_is_seen_with_its_place():
    def claim(subject, grid):
        rho = np.abs(nk.mlp(grid.depth, subject.activation).trajectory(gap=grid.separations).correlation[1:])
        bound = nk.conditioning.bound(grid.layers[:, None], grid.separations, 1.0)  # as if every μ were 1
        return Claim(rho, bound, {"L": grid.layers[:, None], "δ": grid.separations})

    verdict = ledger.check_entry(entry(claim), SMALL)
    assert verdict.word == "VIOLATED"
    assert verdict.compared == 2 * 20 * 2
    assert 0 < verdict.violations <= verdict.compared
    worst = verdict.tightest
    assert worst.excess > 0
    assert worst.exact > worst.bound
    # and the place is that of the numbers
    values = dict(part.split(" = ") for part in worst.place.split(", "))
    assert nk.conditioning.bound(int(values["L"]), float(values["δ"]), 1.0) == pytest.approx(worst.bound)
    found = theorems.Ledger((ledger.verdict_row(verdict),), (verdict,))
    assert not found.holds
    assert "VIOLATED" in str(found)
    assert "VIOLATED" in found._repr_html_()


def test_exact_value_that_is_nan_is_a_violation_and_a_silent_bound_is_not():
    both = Claim(np.array([np.nan, 1.0, 3.0]), np.array([1.0, np.nan, 4.0]))
    np.testing.assert_array_equal(np.isnan(both.excess()), [False, True, False])
    np.testing.assert_array_equal(both.excess() > 0, [True, False, False])


@pytest.mark.parametrize(
    ("sense", "exact", "bound", "holds"),
    [
        ("≤", 1, 2, True),
        ("≤", 2, 1, False),
        ("≥", 2, 1, True),
        ("≥", 1, 2, False),
        ("=", 1, 1, True),
        ("=", 1, 2, False),
    ],
)
def test_senses(sense, exact, bound, holds):
    assert bool((Claim(exact, bound, sense=sense).excess() <= 0).all()) is holds


def test_rounding_and_slack_are_allowed_and_no_more():
    assert Claim(1 + 9e-11, 1.0).excess() <= 0 < Claim(1 + 2e-10, 1.0).excess()
    assert Claim(1e-13, 0.0, slack=2e-13).excess() <= 0 < Claim(3e-13, 0.0, slack=2e-13).excess()


def test_what_is_below_the_digits_of_a_float_is_no_violation():
    assert Claim(5e-324, 0.0).excess() <= 0 < Claim(1e-299, 0.0).excess()
    assert np.isnan(Claim(6e-315, 5e-315).share())


def test_infinities_that_agree_are_no_violation():
    assert Claim(np.inf, np.inf, sense="=").excess() <= 0
    assert Claim(np.inf, 1.0).excess() > 0
    assert Claim(1.0, np.inf, sense="=").excess() > 0


def test_share_is_that_of_the_bound_that_is_used():
    assert Claim(0.3, 0.6).share() == pytest.approx(0.5)
    assert Claim(0.6, 0.3, sense="≥").share() == pytest.approx(0.5)
    assert Claim(1.5, 3.0, origin=1.0).share() == pytest.approx(0.25)
    assert Claim(0.9, 0.6, sense="≥", origin=1.0).share() == pytest.approx(0.25)
    assert Claim(-0.4, -0.1).share() == pytest.approx(0.25)  # a rate of decay
    assert Claim(-0.1, -0.4, sense="≥").share() == pytest.approx(0.25)
    assert np.isnan(Claim(1.0, 1.0, origin=1.0, slack=1e-12).share())
    assert Claim(2.0, 2.0, sense="=").share() == 0


def test_subjects_outside_the_assumptions_are_left_out_and_named():
    verdict = theorems.check("theorem_5_pairs", SMALL)
    (reason,) = verdict.excluded
    assert "jump" in reason
    assert verdict.excluded[reason] == ["normalized step"]
    assert verdict.subjects == 1


def test_statement_without_subjects_is_not_said_to_hold():
    verdict = theorems.check("theorem_5_pairs", Grid(activations=(nk.activation("step"),)))
    assert verdict.word == "not asked"
    assert not verdict.holds
    assert not theorems.run(["theorem_5_pairs"], Grid(activations=(nk.activation("step"),))).holds


# --- tables and arguments --------------------------------------------------------------------------------------------


def test_table_lists_every_entry_once():
    table = theorems.table()
    assert [row["name"] for row in table.rows] == list(theorems.ENTRIES)
    assert len(str(table).splitlines()) == len(table) + 1
    assert table._repr_html_().count("<tr>") == len(table) + 1


def test_markup_in_a_cell_is_text():
    assert "<b>" not in theorems.Table(({"a": "<b>"},))._repr_html_()


def test_errata_say_what_is_printed_and_give_three_numbers(monkeypatch):
    # Given one erratum that computes, and the others with evidence at hand, as each computes in a test of its own
    at_hand = theorems.Evidence("one", 1.0, 1.0, 2.0, accuracy=0.1)
    for key in set(theorems.ERRATA) - {"corollary_10_step"}:
        monkeypatch.setitem(theorems.ERRATA, key, replace(theorems.ERRATA[key], evidence=lambda: at_hand))
    # When all are asked for
    errata = theorems.errata()
    # Then each has its row, and that of the one the numbers that it computed
    assert errata.holds
    assert [row["name"] for row in errata.rows] == list(theorems.ERRATA)
    row = next(row for row in errata.rows if row["name"] == "corollary_10_step")
    assert (row["its value"], row["right gives"], row["print gives"]) == ("0.896174", "1", "0.5")


def test_erratum_that_is_none_is_seen():
    agreeing = theorems.Evidence("two", 2.0, 2.0, 2.0, accuracy=1e-12)
    astray = theorems.Evidence("two", 2.0, 3.0, 1.0, accuracy=1e-12)
    assert (agreeing.right_holds, agreeing.fault, agreeing.tells_apart) == (True, "", False)
    assert (astray.right_holds, astray.fault, astray.tells_apart) == (False, "wrong", False)
    erratum = theorems.Erratum("none", "here", "2", "2", "nothing", lambda: agreeing)
    found = ledger.check_errata([erratum])
    assert not found.holds
    assert found.rows[0]["print is"] == "NOT TOLD APART"


def test_wider_grid_compares_more():
    narrow, wide = (theorems.check("lemma_22", Grid(deltas=(0.1,), depth=depth)).compared for depth in (10, 20))
    assert wide == 2 * narrow > 0


def test_a_users_activation_and_points_can_be_asked():
    mine = nk.Activation("leaky", lambda x: np.where(x > 0, x, 0.3 * x), kinks=(0.0,))
    grid = Grid(activations=(mine,), matrix_activations=(mine,), points=(nk.data.sphere(8, 0.1, seed=4),))
    assert theorems.run(["lemma_22", "theorem_3", "corollary_10_sharp"], grid).holds


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"deltas": (0.0,)}, r"\(0, 1\)"), ({"depth": 0}, "1 or more"), ({"seeds": 1}, "2 or more")],
)
def test_grid_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        Grid(**arguments)


def test_unknown_statement_is_refused_with_those_that_exist():
    with pytest.raises(ValueError, match=r"theorem_3.*got 'theorem_99'"):
        theorems.check("theorem_99")


def test_entry_and_claim_refuse_unknown_kinds():
    with pytest.raises(ValueError, match="kind must be one of"):
        Entry("a", "a", "a", "a", (), None, None, kind="rumour")
    with pytest.raises(ValueError, match="sense"):
        Claim(1, 1, sense="<")


def test_subject_names_the_points():
    points = nk.data.two_points(0.5)
    assert Subject(nk.activation("relu"), points).name == f"relu on {points.name}"


@pytest.mark.parametrize("kind", ["ENTRIES", "ERRATA"])
def test_no_two_share_a_key(kind):
    """A mapping by keys would keep the last of them without a word."""
    modules = [getattr(theorems, name) for name in dir(theorems)]
    listed = [item.key for module in modules if inspect.ismodule(module) for item in getattr(module, kind, ())]
    assert sorted(listed) == sorted(getattr(theorems, kind))
