"""Settings: what they refuse, and the line of text that they are written into and read from."""

import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ntkit as nk
from ntkit.explorers.settings import Settings
from ntkit.explorers.state import from_text, linked_state, to_text
from ntkit.specification import parse_activation, split_activation

ACTIVATIONS = st.sampled_from(["relu", "tanh", "leaky_relu(slope=0.2)", "polynomial(coefficients=(0.0, 1.0, -2.5))"])
SETTINGS = st.builds(
    Settings,
    depth=st.integers(1, 1000),
    activation=ACTIVATIONS,
    delta=st.floats(1e-15, 0.999),
    data=st.sampled_from(["sphere", "digits"]),
    n=st.integers(2, 400),
    seed=st.integers(0, 2**32 - 1),
    c=st.floats(-4, 4),
    rivals=st.lists(ACTIVATIONS, max_size=3).map(tuple),
    depths=st.lists(st.integers(1, 1000), max_size=3).map(tuple),
    width=st.integers(8, 8192),
    steps=st.integers(1, 100_000),
    layers=st.sampled_from(["all", "top"]),
    draws=st.integers(2, 100_000),
    architecture=st.sampled_from(["fully_connected", "resnet"]),
    normalisation=st.sampled_from(["none", "layer_after"]),
    images=st.sampled_from(["digits", "mnist"]),
    train_size=st.integers(0, 50_000),
    learning_rate=st.floats(1e-9, 1e3),
    epochs=st.integers(1, 10_000),
)


@given(SETTINGS)
def test_text_gives_back_the_same_settings(settings):
    text = to_text(settings)
    again = from_text(text)
    # Spaces inside a specification carry no meaning.
    tidy = {name: re.sub(r"\s", "", repr(value)) for name, value in vars(settings).items()}
    assert {name: re.sub(r"\s", "", repr(value)) for name, value in vars(again).items()} == tidy


@given(SETTINGS)
def test_text_can_stand_in_a_link_as_it_is(settings):
    text = to_text(settings)
    assert quote(text, safe="&=(),;%+") == text
    assert len(to_text(Settings())) < 80


@pytest.mark.parametrize("text", ["?v=1&depth=40", " v=1&depth=40 \n", "#v=1&depth=40", "v=1&\n depth=40"])
def test_text_survives_being_copied_carelessly(text):
    assert from_text(text) == Settings(depth=40)


@pytest.mark.parametrize(
    ("query", "state"),
    [
        ("token=abc&v=1&depth=40&voila-theme=dark", "v=1&depth=40"),
        ("v=1&activation=leaky_relu(slope=0.2)", "v=1&activation=leaky_relu(slope=0.2)"),
        ("token=abc", None),
        ("", None),
    ],
)
def test_link_of_a_served_page_may_carry_a_state(monkeypatch, query, state):
    monkeypatch.setenv("QUERY_STRING", query)
    assert linked_state() == state


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("depth=40", r"starts with v=1.*got 'depth=40'"),
        ("v=2&depth=40", "starts with v=1"),
        ("", "starts with v=1"),
        ("v=1&depht=40", "got also depht"),
        ("v=1&depth=deep", "depth in a state must be written as a number; got 'deep'"),
        ("v=1&delta=2", r"delta must lie in \(0, 1\); got 2.0"),
    ],
)
def test_text_that_is_not_understood_is_refused_with_the_reason(text, message):
    with pytest.raises(ValueError, match=message):
        from_text(text)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"depth": 0}, ValueError, "depth must lie between 1 and 1000; got 0"),
        ({"depth": 2.5}, TypeError, "depth must be a whole number; got 2.5"),
        ({"depth": True}, TypeError, "whole number"),
        ({"delta": 1.5}, ValueError, r"delta must lie in \(0, 1\); got 1.5. A separation is 1 − max \|ρ\|."),
        ({"delta": "small"}, TypeError, "delta must be a number"),
        ({"n": 1}, ValueError, "n must lie between 2 and 400"),
        ({"seed": -1}, ValueError, "seed must lie between 0"),
        ({"layers": "some"}, ValueError, "layers must be one of all, top; got 'some'"),
        ({"depths": (3, 0)}, ValueError, "each of depths must lie between"),
    ],
)
def test_setting_out_of_range_is_refused(wrong, error, message):
    with pytest.raises(error, match=message):
        Settings(**wrong)


@pytest.mark.parametrize("name", nk.catalogue())
def test_every_activation_of_the_catalogue_is_its_own_specification(name):
    needed = {"hermite": {"k": 3}, "polynomial": {"coefficients": (0.0, 1.0)}, "relu_power": {"r": 2}}
    sigma = nk.activation(name, **needed.get(name, {}))
    assert parse_activation(sigma.name) == sigma


@pytest.mark.parametrize("text", ["relu(", "2 + 2", "relu(0.2)", "relu.elu", "__import__('os')()", "relu(slope=x)", ""])
def test_what_is_no_specification_is_refused_unevaluated(text):
    with pytest.raises(ValueError, match="an activation is written as a name"):
        split_activation(text)


@pytest.mark.parametrize(
    ("given", "shortest"),
    [
        ("elu(alpha=1)", "elu"),
        ("elu(alpha=1.5)", "elu(alpha=1.5)"),
        ("leaky_relu", "leaky_relu"),
        ("normrelu(c=-1.5975)", "normrelu"),
        ("normrelu(c=0)", "normrelu(c=0.0)"),
        ("hermite(k=2)", "hermite(k=2)"),
    ],
)
def test_name_of_an_activation_is_its_shortest_specification(given, shortest):
    assert parse_activation(given).name == shortest
    assert parse_activation(shortest) == parse_activation(given)
