"""The lab: its panels are linked, its state is a line of text, its stories and buttons work."""

import numpy as np
import pytest

import ntkit as nk
from ntkit.explorers import STORIES
from ntkit.explorers.settings import PANELS

SMALL = {"n": 10, "steps": 20, "width": 32, "rivals": (), "depths": ()}


@pytest.fixture
def lab():
    """A small lab."""
    return nk.lab(depth=6, **SMALL)


def test_depth_moves_every_panel_that_shows_it(lab):
    lab.depth = 9
    assert len(lab.bound.profile.depth) == 10
    assert lab.spectrum.comparison.depth == 9
    assert lab.training.figure.data[0].name == "relu, L = 9"
    assert lab.bar.controls["depth"].box.value == 9


def test_slider_and_assignment_give_the_same_pictures(lab):
    other = nk.lab(depth=6, **SMALL)
    lab.depth, lab.delta = 7, 0.2
    other.bar.controls["depth"].slider.value = 7
    other.bar.controls["delta"].slider.value = 0.2
    assert other.state == lab.state
    for name, panel in lab.panels.items():
        for mine, yours in zip(panel.shown.traces, other.panels[name].shown.traces, strict=True):
            np.testing.assert_array_equal(mine["y"], yours["y"])


def test_delta_defaults_to_five_percent_and_to_the_data_where_they_decide():
    assert nk.lab(**SMALL).delta == 0.05
    digits = nk.lab(data="digits", **SMALL)
    assert digits.delta == digits.bench.dataset.delta != 0.05


def test_state_leads_back(lab):
    lab.bench.update(depth=11, activation="leaky_relu(slope=0.3)", delta=0.02, seed=4)
    state = lab.state
    pictures = {name: panel.figure.to_json() for name, panel in lab.panels.items()}
    lab.reset()
    assert lab.depth == 6
    lab.state = f"  {state}\n"
    assert lab.state == state
    again = nk.lab(state=state)
    assert again.state == state
    assert {name: panel.figure.to_json() for name, panel in again.panels.items()} == pictures


def test_state_box_shows_the_state_and_takes_another(lab):
    assert lab.desk.state.value == lab.state
    lab.desk.state.value = "v=1&depth=3&n=8&steps=20&width=32&rivals=&depths="
    assert lab.depth == 3
    assert lab.n == 8


def test_state_that_is_not_understood_is_answered_beside_its_box(lab, lenient):
    lab.desk.state.value = "depth=3"
    assert "a state starts with v=1" in lab.desk.messages.text
    assert lab.depth == 6


@pytest.mark.parametrize("title", STORIES)
def test_story_is_told_until_the_reader_moves_on(lab, title):
    lab.desk.stories.value = title
    assert lab.bench.settings == STORIES[title].settings
    assert "<b>" in lab.desk.caption.value
    lab.depth = 5
    assert lab.desk.caption.value == ""
    assert lab.desk.stories.value not in STORIES


def test_unknown_story_is_refused_with_those_that_exist(lab):
    with pytest.raises(ValueError, match=r"ReLU: the slow collapse.*got 'nothing'"):
        lab.tell("nothing")


def test_freezing_all_and_clearing_all(lab):
    freeze, clear = (button for button in lab.desk.actions if "all" in button.description)
    freeze.click()
    assert all(panel.is_frozen for panel in lab.panels.values())
    clear.click()
    assert not any(panel.is_frozen for panel in lab.panels.values())


def test_reset_goes_back_to_where_the_lab_began(lab):
    before = lab.bench.settings
    lab.bench.update(depth=20, activation="tanh", data="digits", seed=3)
    lab.desk.actions[0].click()
    assert lab.bench.settings == before


def test_data_are_described_with_the_separation_that_they_have(lab):
    lab.data = "digits"
    assert "10 of the 1797 rows of digits" in lab.desk.data_line.value
    assert f"{lab.delta:.4g}" in lab.desk.data_line.value


def test_training_returns_the_run_and_draws_it(lab):
    run = lab.train()
    assert len(run.loss) == 21
    assert lab.training.figure.data[-1].name == "relu, L = 6, measured"


def test_own_function_is_explored_like_the_catalogues(lab):
    lab.activation = lambda x: np.sin(x)
    assert lab.activation == "mine"
    assert lab.bound.profile.mu == pytest.approx(nk.activation("sin").coefficient_of_nonlinearity)


def test_lab_says_its_state_where_no_page_can_show_it(lab):
    assert repr(lab) == f"<Lab {lab.state}>"
    assert repr(lab.bound).startswith("<BoundExplorer: After 6 layers")


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"depth": 0}, ValueError, "depth must lie between"),
        ({"activation": "nope"}, ValueError, "activation must be one of"),
        ({"data": "digits", "delta": 0.5}, ValueError, "is measured"),
        ({"dephts": 3}, TypeError, "got dephts"),
        ({"state": "v=1&depth=x"}, ValueError, "depth in a state"),
    ],
)
def test_lab_is_refused_with_the_reason(wrong, error, message):
    with pytest.raises(error, match=message):
        nk.lab(**{**SMALL, **wrong})


# --- panels -----------------------------------------------------------------------------------------------------------


def test_every_panel_can_be_shown_with_the_controls_that_it_needs(lab):
    others = [name for name in PANELS if name not in lab.panels]
    assert others
    for name in others:
        lab.show(name)
        panel = lab.panels[name]
        assert lab._grid.children[-1] is panel
        assert set(panel.controls) <= {
            key for key, control in lab.bar.controls.items() if control in lab.bar._row.children
        }
        assert panel.shown.traces, name
        lab.hide(name)
    assert tuple(lab.panels) == PANELS[:4]


def test_a_hidden_panel_sleeps_and_catches_up(lab):
    bound = lab.bound
    before = bound.shown
    lab.hide("bound")
    lab.depth = 17
    assert bound.shown is before
    lab.show("bound")
    assert lab.bound is bound
    assert bound.shown is not before
    assert len(bound.profile.depth) == 18


def test_panels_are_chosen_with_toggles_and_travel_in_the_state(lab):
    lab.desk.panels["shape"].value = False
    lab.desk.panels["ladder"].value = True
    assert tuple(lab.panels) == ("bound", "spectrum", "training", "ladder")
    again = nk.lab(state=lab.state)
    assert tuple(again.panels) == tuple(lab.panels)
    assert again.desk.panels["ladder"].value
    assert not again.desk.panels["shape"].value


def test_a_story_leaves_the_panels_as_they_are(lab):
    lab.show("hermite")
    lab.desk.stories.value = next(iter(STORIES))
    assert "hermite" in lab.panels
    assert "<b>" in lab.desk.caption.value
    lab.hide("hermite")
    assert "<b>" in lab.desk.caption.value


def test_panels_that_do_not_exist_are_refused_and_nothing_changes(lab):
    with pytest.raises(ValueError, match=r"panels must be different ones of bound.*got bound, spectrum, .*nothing"):
        lab.show("nothing")
    assert tuple(lab.panels) == PANELS[:4]
