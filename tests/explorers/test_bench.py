"""A bench: settings, the objects that they name, and listeners."""

import numpy as np
import pytest

import ntkit as nk
from ntkit.explorers.bench import Bench


@pytest.fixture
def heard():
    """A list that a listener fills."""
    return []


def test_listeners_hear_once_what_differs(heard):
    bench = Bench()
    bench.listen(heard.append)
    bench.update(depth=40, delta=0.05, seed=3)
    assert heard == [{"depth", "seed"}]


def test_setting_what_is_already_so_tells_nobody(heard):
    bench = Bench(activation="normrelu")
    bench.listen(heard.append)
    bench.update(depth=32, activation="normrelu(c=-1.5975)")
    assert heard == []


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"depth": -3}, ValueError, "depth must lie between"),
        ({"activation": "rely"}, ValueError, "must be one of identity, relu"),
        ({"activation": "relu(slope=1)"}, TypeError, "relu takes the parameters: none"),
        ({"rivals": ("relu", "nope")}, ValueError, "got 'nope'"),
        ({"data": "imagenet"}, ValueError, "a data set is one of two_points"),
        ({"dpeth": 3}, TypeError, "got dpeth"),
    ],
)
def test_refused_change_leaves_everything_as_it_was(heard, change, error, message):
    bench = Bench(depth=7)
    bench.listen(heard.append)
    before = bench.settings
    with pytest.raises(error, match=message):
        bench.update(**change)
    assert bench.settings == before
    assert heard == []


def test_every_listener_is_called_although_one_fails(heard):
    def fail(changed):
        raise ValueError("the first one")

    bench = Bench()
    bench.listen(fail)
    bench.listen(heard.append)
    with pytest.raises(ValueError, match="the first one"):
        bench.update(depth=3)
    assert heard == [{"depth"}]


def test_separation_is_chosen_where_data_are_made_to_one():
    bench = Bench(data="sphere", delta=0.2, n=12)
    assert bench.delta == 0.2
    assert bench.dataset.delta == pytest.approx(0.2, rel=1e-6)


def test_separation_of_real_data_is_measured_and_cannot_be_chosen():
    bench = Bench(data="digits", n=20)
    assert bench.delta == nk.data.load("digits", n=20, seed=0).delta
    with pytest.raises(ValueError, match=r"delta of the data set 'digits' is measured \(0\.\d+\), not chosen.*sphere"):
        bench.update(delta=0.3)
    bench.update(data="sphere", delta=0.3)
    assert bench.delta == 0.3


def test_own_function_activation_and_data_are_known_by_name():
    # Given a function, an activation and rows of one's own
    def swirl(x):
        return np.sin(2 * x)

    shrink = nk.Activation("shrink", lambda x: x - np.clip(x, -0.5, 0.5), kinks=(-0.5, 0.5))
    rows = nk.data.from_array(np.eye(4) + 0.1, [1.0, -1.0, 1.0, -1.0], name="rows")
    # When a bench takes them
    bench = Bench(activation=swirl, rivals=(shrink, "relu"), data=rows)
    # Then the settings hold names that the bench resolves
    assert (bench.settings.activation, bench.settings.rivals, bench.settings.data) == (
        "swirl",
        ("shrink", "relu"),
        "rows",
    )
    assert bench.sigma.is_normalized
    assert bench.resolve("shrink") is shrink
    assert bench.dataset is rows


def test_activation_object_of_the_catalogue_is_not_the_users_own():
    bench = Bench(activation=nk.activation("leaky_relu", slope=0.2))
    assert bench.own_activations == ()
    assert bench.settings.activation == "leaky_relu(slope=0.2)"


def test_what_was_computed_is_remembered_and_the_oldest_forgotten():
    bench, calls = Bench(), []
    for _ in range(2):
        bench.remember("key", lambda: calls.append("computed"))
    assert calls == ["computed"]
    for k in range(100):
        bench.remember(k, lambda: None)
    bench.remember("key", lambda: calls.append("again"))
    assert calls == ["computed", "again"]


def test_own_data_beyond_what_a_slider_can_follow_are_refused_with_the_way_out():
    rows = nk.data.from_array(np.random.default_rng(0).standard_normal((401, 5)))
    with pytest.raises(ValueError, match=r"at most 400 points.*got 401.*nk\.spectrum"):
        Bench(data=rows)


def test_number_of_points_is_that_of_the_chosen_data():
    rows = nk.data.from_array(np.eye(4) + 0.1, name="rows")
    bench = Bench(n=20)
    assert bench.n == 20
    bench.update(data=rows)
    assert bench.n == 4
