"""Records: what may be recorded, what it looks like, and when two of them agree."""

import json

import numpy as np
import pytest
import torch

from ntkit.runner import Curves, Exact, MonteCarlo, Record, Relative, record
from ntkit.runner.records import MIME_TYPE
from ntkit.runner.references import AGREES, DEVIATES, MISSING, RESTATED, UNEXPECTED, compare


@pytest.fixture
def displayed(monkeypatch):
    """What `record` hands to the front end."""
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    return shown


def verdict(record, reference):
    (comparison,) = compare({"x": record}, {"x": reference})
    return comparison.verdict


def relative(value, **tolerance):
    return Record("x", value, Relative(**tolerance))


# ---- what is recorded


@pytest.mark.parametrize(
    "value",
    [0.5, 7, True, "relu", [1.0, 2.0], np.float64(0.5), np.arange(3), np.eye(2), torch.eye(2, requires_grad=True)],
    ids=lambda value: f"{type(value).__name__}",
)
def test_values_of_any_library_become_plain(displayed, value):
    record("x", value)
    expected = value.detach().numpy() if isinstance(value, torch.Tensor) else value
    assert displayed[0].value == np.asarray(expected).tolist()


@pytest.mark.parametrize("value", [1, True, "relu", [1, 2]])
def test_whole_numbers_and_words_must_be_the_same(displayed, value):
    record("x", value)
    assert displayed[0].tolerance == Exact()


@pytest.mark.parametrize(
    "record_",
    [
        relative([1.0, float("nan"), float("inf"), -float("inf")], floor=1e-12),
        Record("x", "relu", Exact()),
        Record("x", [1.0, 2.0], MonteCarlo([0.1, 0.2], limit=4.0)),
        Record("x", {"one": [2.0, 1.0], "two": [3.0, 2.0]}, Curves(1.5)),
    ],
    ids=lambda record: type(record.tolerance).__name__,
)
def test_metadata_and_reference_files_keep_a_record(record_):
    text, metadata = record_._repr_mimebundle_()
    payload = json.loads(json.dumps(metadata[MIME_TYPE], allow_nan=False))
    assert repr(Record.from_payload(payload.pop("name"), payload)) == repr(record_) == text["text/plain"]
    assert verdict(Record.from_payload("x", payload), record_) == AGREES


@pytest.mark.parametrize("name", ["", "  ", None, 3])
def test_a_record_needs_a_name(displayed, name):
    with pytest.raises(ValueError, match="name must be a non-empty text"):
        record(name, 1.0)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "between 1 and 5000 entries; got 0"),
        (np.zeros(5001), "got 5001"),
        (None, "must hold numbers"),
        ({"a": 1.0}, "must hold numbers"),
        (1j, "must hold numbers"),
    ],
)
def test_a_record_holds_a_sensible_amount_of_numbers(displayed, value, message):
    with pytest.raises(ValueError, match=message):
        record("x", value)


@pytest.mark.parametrize("losses", [[1.0, 0.0], [1.0, -1.0], [1.0, np.nan], [1.0, np.inf], 1.0])
def test_losses_are_positive(displayed, losses):
    with pytest.raises(ValueError, match="losses must be finite and positive"):
        record("x", {"curve": losses}, Curves())


@pytest.mark.parametrize("value", [[1.0], {}])
def test_curves_have_labels(displayed, value):
    with pytest.raises(ValueError, match="must map labels to losses"):
        record("x", value, Curves())


def test_long_arrays_show_their_ends():
    assert repr(relative(list(range(10)))) == "x = [0, 1, 2, …, 8, 9]  [relative 1e-09]"


# ---- when records agree


@pytest.mark.parametrize(
    ("value", "reference", "expected"),
    [
        (1.0, 1.0 + 9e-10, AGREES),
        (1.0, 1.0 + 2e-9, DEVIATES),
        (0.0, 0.0, AGREES),
        (1e-300, 0.0, DEVIATES),
        (float("nan"), float("nan"), AGREES),
        (float("nan"), 1.0, DEVIATES),
        (float("inf"), float("inf"), AGREES),
        (float("inf"), -float("inf"), DEVIATES),
        ([1.0, 2.0], [1.0, 2.0], AGREES),
        ([1.0, 2.0], [1.0, 2.1], DEVIATES),
        ([1.0], 1.0, DEVIATES),
        ([1.0, 1.0], [1.0], DEVIATES),
    ],
)
def test_relative(value, reference, expected):
    assert verdict(relative(value), relative(reference)) == expected


def test_floor_forgives_small_differences():
    assert verdict(relative(1e-13, floor=1e-12), relative(0.0, floor=1e-12)) == AGREES
    assert verdict(relative(1e-11, floor=1e-12), relative(0.0, floor=1e-12)) == DEVIATES


@pytest.mark.parametrize(
    ("value", "expected"), [(1.0, AGREES), (1.7, AGREES), (1.8, DEVIATES), (float("nan"), DEVIATES)]
)
def test_monte_carlo_adds_standard_errors_in_squares(value, expected):
    # 5·√(0.1² + 0.1²) = 0.707…
    assert verdict(Record("x", value, MonteCarlo(0.1)), Record("x", 1.0, MonteCarlo(0.1))) == expected


def test_monte_carlo_without_spread_must_be_the_same():
    assert verdict(Record("x", 1.0, MonteCarlo(0.0)), Record("x", 1.0, MonteCarlo(0.0))) == AGREES
    assert verdict(Record("x", 1.1, MonteCarlo(0.0)), Record("x", 1.0, MonteCarlo(0.0))) == DEVIATES


@pytest.mark.parametrize(
    ("fast", "slow", "expected"),
    [
        ([1.0, 0.1], [1.0, 0.5], AGREES),
        ([1.1, 0.11], [1.1, 0.45], AGREES),
        ([1.0, 0.2], [1.0, 0.5], DEVIATES),  # outside the band
        ([1.0, 0.1, 0.01], [1.0, 0.5, 0.1], DEVIATES),  # another length
    ],
)
def test_curves_keep_to_a_band(fast, slow, expected):
    reference = Record("x", {"fast": [1.0, 0.1], "slow": [1.0, 0.5]}, Curves(1.25))
    assert verdict(Record("x", {"fast": fast, "slow": slow}, Curves(1.25)), reference) == expected


def test_curves_keep_their_order():
    reference = Record("x", {"fast": [1.0, 0.4], "slow": [1.0, 0.5]}, Curves(2.0))
    assert verdict(Record("x", {"fast": [1.0, 0.5], "slow": [1.0, 0.4]}, Curves(2.0)), reference) == DEVIATES


def test_curves_keep_their_labels():
    reference = Record("x", {"fast": [1.0], "slow": [2.0]}, Curves())
    assert verdict(Record("x", {"fast": [1.0]}, Curves()), reference) == DEVIATES


def test_a_loosened_tolerance_is_a_verdict_of_its_own():
    assert verdict(relative(1.0, limit=1e-3), relative(1.0)) == RESTATED
    assert verdict(Record("x", 1.0, MonteCarlo(1.0)), relative(1.0)) == RESTATED


def test_each_name_of_either_side_gets_a_verdict():
    records = {"new": relative(1.0), "both": relative(1.0)}
    reference = {"both": relative(1.0), "old": relative(1.0)}
    assert [(c.name, c.verdict) for c in compare(records, reference)] == [
        ("new", UNEXPECTED),
        ("both", AGREES),
        ("old", MISSING),
    ]


@pytest.mark.parametrize(
    ("tolerance", "statement"),
    [
        (Relative(), "relative 1e-09"),
        (Relative(1e-9, floor=1e-12), "relative 1e-09 or within 1e-12"),
        (Relative(0, floor=1), "within 1"),
        (Relative(0), "exact"),
        (Exact(), "exact"),
        (MonteCarlo(0.1), "5 standard errors"),
        (Curves(1.5), "order at the end, and a factor 1.5"),
    ],
)
def test_a_tolerance_says_what_it_demands(tolerance, statement):
    assert tolerance.statement == statement
