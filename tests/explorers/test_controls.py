"""Controls: moving one is setting the bench, and setting the bench moves them all."""

import pytest

from ntkit.explorers.bench import Bench
from ntkit.explorers.controls import ControlBar
from ntkit.explorers.number_pair import NumberPair, even_steps, logarithmic_steps, whole_steps

EVERYTHING = ("activation", "depth", "delta", "data", "n", "seed", "c")


@pytest.fixture
def bench():
    """A bench in its usual settings."""
    return Bench()


@pytest.fixture
def controls(bench):
    """Every control, wired to the bench."""
    return ControlBar(bench, EVERYTHING).controls


@pytest.mark.parametrize(
    "steps", [whole_steps(1000), whole_steps(400, start=2), logarithmic_steps(-6), even_steps(-4, 4, 0.05)]
)
def test_steps_of_a_slider_ascend_so_that_every_key_press_changes_something(steps):
    assert list(steps) == sorted(set(steps))


@pytest.mark.parametrize("name", ["depth", "delta", "n", "c"])
def test_slider_and_box_set_the_bench_and_each_other(bench, controls, name):
    pair = controls[name]
    pair.slider.index += 1
    assert getattr(bench.settings, name) == pair.box.value == pair.slider.options[pair.slider.index][1]


def test_box_takes_a_value_between_the_steps_of_the_slider(bench, controls):
    controls["depth"].box.value = 33
    assert bench.settings.depth == 33
    assert controls["depth"].slider.value in (32, 34)


def test_bench_moves_the_controls(bench, controls):
    bench.update(depth=50, delta=1e-3, activation="tanh", n=20, seed=9, c=0.5)
    assert controls["depth"].box.value == 50
    assert controls["delta"].slider.value == 1e-3
    assert controls["activation"].names.value == "tanh"
    assert (controls["n"].box.value, controls["seed"].value, controls["c"].box.value) == (20, 9, 0.5)


def test_refused_value_is_shown_with_the_remedy_and_changes_nothing(bench, lenient):
    bar = ControlBar(bench, EVERYTHING)
    bar.controls["depth"].box.value = 5000
    assert bench.settings.depth == 32
    assert "depth must lie between 1 and 1000; got 5000" in bar.messages.value
    bar.controls["depth"].box.value = 50
    assert bar.messages.value == ""


def test_refused_value_raises_where_errors_are_strict(controls):
    with pytest.raises(ValueError, match="delta must lie in"):
        controls["delta"].box.value = 1.5


def test_separation_of_real_data_is_shown_but_not_chosen(bench, controls):
    controls["data"].value = "digits"
    assert controls["delta"].disabled
    assert controls["delta"].box.value == pytest.approx(bench.dataset.delta, rel=1e-3)
    controls["data"].value = "sphere"
    assert not controls["delta"].disabled
    assert controls["delta"].box.value == 0.05


@pytest.mark.parametrize(
    ("name", "index", "activation"),
    [("leaky_relu", 0, "leaky_relu(slope=-1.0)"), ("normrelu", 80, "normrelu(c=0.0)"), ("hermite", 4, "hermite(k=5)")],
)
def test_parameter_of_an_activation_has_its_slider(bench, controls, name, index, activation):
    control = controls["activation"]
    control.names.value = name
    _, parameter = control.children
    parameter.slider.index = index
    assert bench.settings.activation == activation


@pytest.mark.parametrize("typed", ["(0, 1, 0, 2)", "0, 1, 0, 2", "[0, 1, 0, 2]", "(0, 1, 0, 2,)"])
def test_coefficients_of_a_polynomial_are_typed(bench, controls, typed):
    control = controls["activation"]
    control.names.value = "polynomial"
    control.children[1].value = typed
    assert bench.settings.activation == "polynomial(coefficients=(0.0, 1.0, 0.0, 2.0))"


def test_parameter_follows_the_bench(bench, controls):
    bench.update(activation="leaky_relu(slope=0.3)")
    assert controls["activation"].children[1].box.value == 0.3
    bench.update(activation="tanh")
    assert len(controls["activation"].children) == 1


def test_a_default_goes_without_saying_and_is_shown_all_the_same(bench, controls):
    bench.update(activation="elu(alpha=2.0)", rivals=("celu(alpha=1)", "normrelu(c=-1.5975)"))
    bench.update(activation="elu(alpha=1.0)")
    assert (bench.settings.activation, bench.settings.rivals) == ("elu", ("celu", "normrelu"))
    assert bench.sigma.name == "normalized elu"
    assert controls["activation"].children[1].box.value == 1.0


def test_own_activation_joins_the_list(bench, controls):
    bench.update(activation=lambda x: x**3)
    assert controls["activation"].names.value == "mine"


def test_control_that_is_moved_from_python_is_silent():
    chosen = []
    pair = NumberPair("n", (1, 2, 3), 2, chosen.append, "a number")
    pair.show(3)
    assert chosen == []
    assert pair.slider.value == 3
