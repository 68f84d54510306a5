"""What holds for every explorer: it follows its settings, reproduces itself as code, and says what is wrong."""

import asyncio
import csv
import io

import numpy as np
import plotly.graph_objects as go
import pytest

import ntkit as nk
from ntkit.explorers import (
    ArchitectureExplorer,
    BoundExplorer,
    DepthSpeedExplorer,
    GramSpectrumExplorer,
    HardnessExplorer,
    HermiteExplorer,
    KinkOrderExplorer,
    LadderExplorer,
    NormExplorer,
    OverfittingExplorer,
    PredictionExplorer,
    ShapeExplorer,
    SpectrumExplorer,
    StabilityExplorer,
    TrainingExplorer,
    UncentredExplorer,
)

KINDS = (
    BoundExplorer,
    SpectrumExplorer,
    ShapeExplorer,
    TrainingExplorer,
    UncentredExplorer,
    NormExplorer,
    HardnessExplorer,
    DepthSpeedExplorer,
    OverfittingExplorer,
    ArchitectureExplorer,
    LadderExplorer,
    HermiteExplorer,
    PredictionExplorer,
    StabilityExplorer,
    GramSpectrumExplorer,
    KinkOrderExplorer,
)
SMALL = {"n": 10, "steps": 20, "width": 32, "rivals": ("tanh",), "depths": (2,), "draws": 20, "depth_rule": "chosen"}
SETTINGS = (
    {"activation": "relu", "depth": 6, "delta": 0.05},
    {"activation": "gelu", "depth": 4, "n": 24, "depth_rule": "required", "dim": 12, "noise": 0.2},
    {"activation": "leaky_relu(slope=0.2)", "depth": 3, "delta": 0.123, "data": "two_points", "rivals": ()},
    {"activation": "polynomial(coefficients=(0, 1, 0.5))", "depth": 2, "data": "digits"},
    {"activation": "normrelu(c=-0.5)", "depth": 5, "layers": "top"},
    {"activation": "elu", "depth": 150, "shift": -0.2, "start": -0.4},
    {"activation": "arctan", "depth": 30, "norm_x": 0.3, "norm_y": 4.0, "angle": 120.0},
)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request):
    """Each kind of explorer."""
    return request.param


def shown_figure(code, monkeypatch):
    """The figure that a script shows at its end."""
    shown = []
    monkeypatch.setattr(go.Figure, "show", lambda figure: shown.append(figure))
    exec(compile(code, "shown code", "exec"), {})
    (figure,) = shown
    return figure


def assert_same_picture(one, other):
    """Two figures draw the same curves, to the last few bits of every number."""
    assert [trace.name for trace in one.data] == [trace.name for trace in other.data]
    for mine, yours in zip(one.data, other.data, strict=True):
        for ours, theirs in ((mine.x, yours.x), (mine.y, yours.y)):
            if np.asarray(ours).dtype.kind in "fiu":
                np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-300)
            else:
                assert list(ours) == list(theirs)
    assert one.layout.title == other.layout.title


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: settings["activation"])
def test_code_reproduces_the_picture(kind, settings, monkeypatch):
    explorer = kind(**{**SMALL, **settings})
    assert_same_picture(shown_figure(explorer.code, monkeypatch), explorer.figure)


def test_code_reproduces_a_trained_network(monkeypatch):
    explorer = TrainingExplorer(**SMALL, activation="tanh", depth=2)
    explorer.train()
    assert explorer.figure.data[-1].name == "tanh, L = 2, measured"
    assert_same_picture(shown_figure(explorer.code, monkeypatch), explorer.figure)


def test_convolutions_are_drawn_where_coordinates_are_pixels(monkeypatch):
    explorer = ArchitectureExplorer(activation="tanh", n=4, depth=4)
    explorer.inputs_choice.value = "pixels"
    assert explorer.inputs == "pixels"
    np.testing.assert_array_equal(explorer.figure.data[3].y, explorer.found.convolutional)
    assert_same_picture(shown_figure(explorer.code, monkeypatch), explorer.figure)
    with pytest.raises(ValueError, match="convolutions to keep up"):
        explorer.data = "digits"


def test_each_of_its_controls_leads_to_what_a_fresh_explorer_shows(kind):
    # Given an explorer that was set step by step
    explorer = kind(**SMALL)
    changes = {"depth": 7, "activation": "tanh", "delta": 0.2, "data": "half_circle", "n": 8, "seed": 1, "c": 0.5}
    for name, value in changes.items():
        setattr(explorer, name, value)
    # When another is made with the final settings
    fresh = kind(**{**SMALL, **changes, "delta": 0.05})
    # Then both show the same
    assert_same_picture(explorer.figure, fresh.figure)
    assert explorer.shown.summary == fresh.shown.summary


def test_what_the_page_gets_is_the_whole_picture(kind):
    explorer = kind(**SMALL)
    explorer.depth = 4
    names = [trace["name"] for trace in explorer.live.get_state()["picture"]["traces"]]
    assert names == [trace.name for trace in explorer.figure.data]
    assert explorer.summary in explorer.summary_line.value


def test_live_figure_is_made_once(kind):
    explorer = kind(**SMALL)
    live = explorer.live
    explorer.depth, explorer.activation = 9, "erf"
    assert explorer.live is live


def test_table_holds_what_is_drawn(kind):
    explorer = kind(**SMALL)
    rows = list(csv.DictReader(io.StringIO(explorer.to_csv())))
    columns = explorer.to_columns()
    assert list(columns) == ["curve", "x axis", "x", "y axis", "y"]
    assert len(rows) == len(columns["y"]) > 0
    assert [float(row["y"]) for row in rows if row["y"].replace(".", "", 1).isdigit()][:3]
    assert f'download="ntkit-{explorer.title}.csv"' in explorer.tools.link.value


def test_frozen_curves_stay_while_others_move(kind):
    explorer = kind(**SMALL, depth=4)
    before = {trace.name: np.array(trace.y) for trace in explorer.figure.data}
    explorer.tools.freeze.click()
    explorer.activation, explorer.depth = "erf", 9
    frozen = {trace.name: trace for trace in explorer.figure.data if trace.name.endswith("(frozen)")}
    assert frozen
    assert any(trace.name.startswith("frozen: relu, ") for trace in explorer.figure.data)
    for name, trace in frozen.items():
        np.testing.assert_array_equal(trace.y, before[name.removesuffix(" (frozen)")])
    explorer.tools.thaw.click()
    assert explorer.tools.thaw.disabled
    assert not any("frozen" in trace.name for trace in explorer.figure.data)


def test_code_is_listed_on_demand(kind):
    explorer = kind(**SMALL)
    assert explorer.tools.listing.value == ""
    explorer.tools.code.value = True
    assert "import ntkit as nk" in explorer.tools.listing.value
    explorer.depth = 11
    if "depth" in explorer.watches:
        assert "11" in explorer.tools.listing.value


@pytest.mark.parametrize("kind", [SpectrumExplorer, TrainingExplorer], ids=lambda kind: kind.__name__)
def test_error_stands_in_the_panel_with_its_remedy_until_it_is_mended(kind, lenient):
    explorer = kind(**SMALL)
    explorer.activation = "step"
    assert "no neural tangent kernel" in explorer.messages.text
    assert explorer.live.picture["traces"] == []
    assert explorer.summary_line.value == ""
    explorer.activation = "tanh"
    assert explorer.messages.text == ""
    assert explorer.live.picture["traces"]


@pytest.mark.parametrize("kind", [SpectrumExplorer, TrainingExplorer], ids=lambda kind: kind.__name__)
def test_error_of_a_panel_reaches_the_assignment_in_strict_mode(kind):
    explorer = kind(**SMALL)
    with pytest.raises(ValueError, match="no neural tangent kernel"):
        explorer.activation = "step"


def test_bound_is_drawn_for_a_step_without_its_ntk():
    explorer = BoundExplorer(activation="step", depth=5)
    drawn = {trace.name: trace.y for trace in explorer.figure.data}
    assert np.isnan(drawn["exact NTK |Θ<sub>l</sub>(ρ)|/Θ<sub>l</sub>(1)"]).all()
    assert np.all(drawn["exact |ρ<sub>l</sub>|"] <= drawn["bound B(l, δ)"])


def test_shift_drags_the_slope_at_one_through_one():
    explorer = UncentredExplorer(activation="tanh", depth=60, start=-0.5)
    regimes, gaps = [], []
    for shift in (0.0, 0.2, 0.26, 0.27, 0.5):
        explorer.shift = shift
        regimes.append(explorer.profile.point.regime)
        gaps.append(explorer.profile.point.gap)
    assert regimes == ["chaotic"] * 3 + ["ordered"] * 2
    assert gaps == sorted(gaps, reverse=True)
    assert ".shifted(0.5).with_unit_second_moment()" in explorer.code
    explorer.start = 0.25
    assert explorer.profile.starts == 0.25
    assert "start=0.25" in nk.explorers.state.to_text(explorer.bench.settings)


def test_many_layers_of_an_uncentred_activation_come_after_the_first(lenient):
    async def deepen():
        explorer = UncentredExplorer(activation="swish", depth=20)
        await asyncio.sleep(0.4)
        explorer.depth = 900
        seen = [len(explorer.shown.traces[-1]["x"])]
        await asyncio.sleep(0.8)
        return [*seen, len(explorer.shown.traces[-1]["x"])]

    assert asyncio.run(deepen()) == [129, 901]


def test_affine_activation_has_no_fixed_point_of_its_own(lenient):
    explorer = UncentredExplorer(activation="identity", depth=20)
    assert "must not be affine" in explorer.messages.text
    explorer.activation = "relu"
    assert explorer.messages.text == ""


def test_rivals_are_shown_beside_and_chosen_by_typing():
    explorer = KinkOrderExplorer(**SMALL, activation="relu")
    assert [trace.name for trace in explorer.figure.data][::2] == ["relu", "tanh"]
    explorer.rival_tags.value = ["selu", "softplus"]
    assert [trace.name for trace in explorer.figure.data][::2] == ["relu", "selu", "softplus"]
    explorer.rivals = ()
    assert explorer.rival_tags.value == []
    assert explorer.n == explorer.sizes[-1] == 10


def test_widths_of_the_gram_spectrum_are_those_of_its_markers():
    explorer = GramSpectrumExplorer(**SMALL, activation="elu", data="half_circle")
    explorer.width = 64
    found = nk.gram.finite_eigenvalues(explorer.bench.dataset.x, nk.activation("elu"), 64)
    drawn = {trace.name: trace.y for trace in explorer.figure.data}
    np.testing.assert_array_equal(drawn["elu, m = 64"], found.eigenvalues)


@pytest.mark.parametrize(("name", "value"), [("start", 1.5), ("shift", 1e6)])
def test_settings_of_an_uncentred_activation_out_of_range(name, value):
    with pytest.raises(ValueError, match=f"{name} must lie in"):
        UncentredExplorer(**{name: value})


@pytest.mark.parametrize("kind", [BoundExplorer, SpectrumExplorer, TrainingExplorer], ids=lambda kind: kind.__name__)
def test_while_a_slider_moves_the_picture_is_right_to_what_a_screen_shows(kind, lenient):
    seen = []

    async def drag():
        explorer = kind(**{**SMALL, "n": 24}, depth=5)
        await asyncio.sleep(0.6)
        for depth in (6, 8, 12, 9):
            explorer.depth = depth
            seen.append((explorer.shown, explorer.picture()))
        await asyncio.sleep(0.6)
        seen.append((explorer.shown, explorer.picture()))

    asyncio.run(drag())
    for shown, exact in seen:
        for trace in shown.traces:
            (match,) = [other for other in exact.traces if other["name"] == trace["name"]]
            if np.asarray(trace["y"]).dtype.kind == "f":
                np.testing.assert_allclose(trace["y"], match["y"], rtol=1e-2, atol=1e-4)
    assert len(seen[-1][0].traces) == len(seen[-1][1].traces)


def test_picture_that_waits_for_the_pause_is_dimmed_until_then(lenient):
    async def jump():
        explorer = SpectrumExplorer(**SMALL, depth=5)
        await asyncio.sleep(0.4)
        explorer.depth = 200
        seen = [explorer.live.is_waiting]
        await asyncio.sleep(0.8)
        return [*seen, explorer.live.is_waiting]

    assert asyncio.run(jump()) == [True, False]


def test_depth_that_is_covered_costs_nothing_and_too_many_points_are_refused(lenient):
    explorer = DepthSpeedExplorer(**SMALL, depth=20)
    known = explorer.bench.remember
    explorer.bench.remember = lambda key, compute: known(key, compute if key[0] != "spectra by depth" else pytest.fail)
    explorer.depth, explorer.epsilon = 31, 1e-6
    assert len(explorer.results["relu, normalised"].depth) == 31
    explorer.bench.remember = known
    explorer.bench.update(n=400, depth=500)
    assert "depth × n² must be at most 8,000,000" in explorer.messages.text


def test_depth_speed_of_a_step_is_that_of_its_top_layer(lenient):
    explorer = DepthSpeedExplorer(**SMALL, activation="step", depth=5)
    assert "no neural tangent kernel" in explorer.messages.text
    explorer.layers_choice.value = "top"
    assert explorer.messages.text == ""
    assert "step, normalised" in [trace.name for trace in explorer.figure.data]


def test_depth_speed_of_an_odd_activation_has_nothing_to_centre():
    assert list(DepthSpeedExplorer(**SMALL, activation="tanh", depth=5).results) == ["tanh, normalised"]


def test_own_activation_and_data_are_named_in_the_code():
    rows = nk.data.from_array(np.eye(5) + 0.1, [1.0, -1.0, 1.0, -1.0, 1.0], name="rows")
    explorer = SpectrumExplorer(activation=np.arctan, data=rows, depth=3)
    assert "yours.normalized()  # the activation 'arctan' that you gave to the lab" in explorer.code
    assert "yours  # the data set 'rows' that you gave to the lab" in explorer.code


def test_training_panel_draws_only_runs_of_the_present_settings():
    explorer = TrainingExplorer(**SMALL, activation="tanh", depth=2)
    explorer.train()
    explorer.seed = 5
    assert not any("measured" in trace.name for trace in explorer.figure.data)
    explorer.seed = 0
    assert any("measured" in trace.name for trace in explorer.figure.data)


def test_training_beside_the_notebook_reports_and_can_be_cancelled(lenient):
    async def train_and_cancel():
        explorer = TrainingExplorer(**{**SMALL, "steps": 100_000}, activation="tanh", depth=2)
        await asyncio.sleep(0.3)
        explorer.training_controls.buttons.train.click()
        assert explorer.training_controls.buttons.train.disabled
        for _ in range(200):
            await asyncio.sleep(0.02)
            if " left" in explorer.training_controls.buttons.status.value:
                break
        explorer.depth = 2  # a slider can move meanwhile
        explorer.training_controls.buttons.stop.click()
        for _ in range(200):
            await asyncio.sleep(0.02)
            if not explorer.worker.is_busy:
                break
        await asyncio.sleep(0.3)
        return explorer

    explorer = asyncio.run(train_and_cancel())
    controls = explorer.training_controls.buttons
    assert controls.status.value.startswith("Cancelled after")
    assert (controls.train.disabled, controls.stop.disabled) == (False, True)
    assert any("measured" in trace.name for trace in explorer.figure.data)


def test_training_button_trains_at_once_in_a_script():
    explorer = TrainingExplorer(**SMALL, activation="tanh", depth=2)
    explorer.training_controls.buttons.train.click()
    assert explorer.training_controls.buttons.status.value.startswith("Finished after 20 steps")


def test_training_error_is_shown_in_its_panel(lenient):
    explorer = TrainingExplorer(**SMALL, activation="tanh", depth=2)
    explorer.bench.update(activation=nk.Activation("numpy only", lambda x: np.arctan(np.asarray(x, float)) * 1.0))
    explorer.training_controls.buttons.train.click()
    assert "must accept torch tensors" in explorer.messages.text
    assert not explorer.training_controls.buttons.train.disabled
