"""Explorers of two-layer training: what is expected, what is trained beside the notebook, and how far it moves."""

import asyncio

import numpy as np
import pytest

import ntkit as nk
from ntkit.explorers import PredictionExplorer, StabilityExplorer

SMALL = {"n": 8, "data": "half_circle", "width": 128, "steps": 20, "rivals": ("relu",)}


def names(explorer):
    return [trace.name for trace in explorer.figure.data]


def test_expected_losses_are_those_of_the_data():
    explorer = PredictionExplorer(**SMALL, activation="tanh")
    points = explorer.bench.dataset
    for name in ("tanh", "relu"):
        times, losses = explorer.expected(name)
        exact = nk.gram.expected_loss(points.x, nk.activation(name), times, points.y)
        np.testing.assert_allclose(losses, exact, rtol=1e-12)
    explorer.trained = "all"
    assert explorer.expected("relu")[1][-1] < losses[-1] + 1e-12


def test_trained_network_is_drawn_while_the_settings_are_its_own():
    explorer = PredictionExplorer(**SMALL, activation="tanh")
    found = explorer.train()
    assert names(explorer)[-3:] == ["tanh, from G(0)", "tanh, from G at infinite width", "tanh, network"]
    assert explorer.figure.data[-1].y[-1] == found.run.loss[-1]
    explorer.trained = "top"
    assert "tanh, network" not in names(explorer)
    assert "output layer" not in explorer.figure.layout.title.subtitle.text
    explorer.trained = "hidden"
    assert "tanh, network" in names(explorer)


def test_code_reproduces_a_trained_two_layer_network(monkeypatch):
    import plotly.graph_objects as go

    explorer, shown = PredictionExplorer(**SMALL, activation="tanh"), []
    explorer.train()
    monkeypatch.setattr(go.Figure, "show", lambda figure: shown.append(figure))
    exec(compile(explorer.code, "shown code", "exec"), {})
    for mine, theirs in zip(shown[0].data, explorer.figure.data, strict=True):
        assert mine.name == theirs.name
        np.testing.assert_allclose(mine.y, theirs.y, rtol=1e-9)


def test_run_beside_the_notebook_can_be_cancelled(monkeypatch):
    monkeypatch.setenv("NTKIT_STRICT", "0")

    async def train_and_cancel():
        explorer = PredictionExplorer(**{**SMALL, "steps": 100_000, "width": 2048}, activation="tanh")
        await asyncio.sleep(0.3)
        explorer.buttons.train.click()
        assert explorer.buttons.train.disabled
        for _ in range(200):
            await asyncio.sleep(0.02)
            if " left" in explorer.buttons.status.value:
                break
        explorer.buttons.stop.click()
        for _ in range(200):
            await asyncio.sleep(0.02)
            if not explorer.worker.is_busy:
                break
        await asyncio.sleep(0.3)
        return explorer

    explorer = asyncio.run(train_and_cancel())
    assert explorer.buttons.status.value.startswith("Cancelled after")
    assert "tanh, network" in names(explorer)


def test_button_trains_at_once_in_a_script():
    explorer = PredictionExplorer(**SMALL, activation="tanh")
    explorer.buttons.train.click()
    assert explorer.buttons.status.value.startswith("Finished after 20 steps")


def test_rivals_are_chosen_in_the_panel():
    explorer = PredictionExplorer(**SMALL, activation="tanh")
    explorer.rival_tags.value = ["elu", "relu"]
    assert names(explorer) == ["tanh, expected", "elu, expected", "relu, expected"]


def test_targets_of_several_outputs_are_refused(monkeypatch):
    monkeypatch.setenv("NTKIT_STRICT", "0")
    explorer = PredictionExplorer(**SMALL, activation="tanh")
    explorer.bench.update(data="linnerud")
    assert "y must have shape (8,), one output" in explorer.messages.text


def test_drift_is_that_of_the_computation():
    explorer = StabilityExplorer(**SMALL, activation="tanh")
    exact = nk.gram.drift_by_width(
        explorer.bench.dataset, nk.activation("tanh"), explorer.drift.widths.tolist(), steps=20, seeds=3
    )
    np.testing.assert_allclose(explorer.drift.gram, exact.gram, rtol=1e-12)
    assert explorer.drift.widths.tolist() == [32, 64, 128]


def test_too_much_is_refused_with_what_to_do(monkeypatch):
    monkeypatch.setenv("NTKIT_STRICT", "0")
    explorer = StabilityExplorer(**SMALL, activation="tanh")
    explorer.bench.update(n=300, width=8192, steps=2000)
    assert "Take fewer points" in explorer.messages.text
    explorer.bench.update(n=8, width=64, steps=20)
    assert explorer.messages.text == ""


@pytest.mark.parametrize("value", ["both", ""])
def test_layers_that_do_not_exist_cannot_be_trained(value):
    with pytest.raises(ValueError, match="trained must be one of hidden, top, all"):
        PredictionExplorer(**SMALL, trained=value)
