"""Networks trained beside each other in the lab: what is drawn is what was trained, and nothing measured is lost."""

import asyncio
import base64
import io
import re
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

import ntkit as nk
from ntkit.experiments import model as models
from ntkit.explorers import ComparisonExplorer
from ntkit.explorers import settings as choices

SMALL = {"depth": 2, "width": 16, "train_size": 128, "epochs": 3, "batch_size": 32, "rivals": ("tanh",)}
LONG = {**SMALL, "epochs": 5000, "schedule": "constant"}


def traces(explorer):
    """Trace by name."""
    return {trace.name: trace for trace in explorer.figure.data}


def drawn_epochs(explorer):
    """How many epochs are drawn in the page."""
    return max(trace["x"].size for trace in explorer.shown.traces)


def same_run(one, other):
    """Whether two histories read the same at every epoch."""
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy")
    )


async def until(condition, seconds=20.0):
    """Let the loop run until `condition()` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        await asyncio.sleep(0.01)


# ---- what is trained


def test_chosen_network_is_trained_as_the_experiments_train_it():
    explorer = ComparisonExplorer(
        **SMALL, activation="leaky_relu(slope=0.2)", normalisation="layer", learning_rate=0.03
    )
    (history,) = explorer.train()
    trial = nk.experiments.Trial(
        nk.experiments.fully_connected(2, 16, "leaky_relu(slope=0.2)", "layer"),
        "digits",
        nk.experiments.Recipe(0.03, epochs=3, batch_size=32, milestones=(1, 2)),
        train_size=128,
    )
    assert history.trial == trial
    assert same_run(history, nk.experiments.run(trial))
    drawn = traces(explorer)["FC-2 LayerNorm leaky ReLU(slope=0.2), test accuracy"]
    np.testing.assert_array_equal(drawn.y, history.test_accuracy)


@pytest.mark.parametrize(
    ("schedule", "epochs", "milestones"),
    [("thirds", 300, (100, 200)), ("thirds", 2, (1,)), ("thirds", 1, ()), ("constant", 300, ())],
)
def test_schedule_is_that_of_the_paper_at_any_length(schedule, epochs, milestones):
    explorer = ComparisonExplorer(**{**SMALL, "epochs": epochs}, schedule=schedule)
    assert explorer.trials()[0].recipe.milestones == milestones


def test_residual_networks_have_channels_and_fully_connected_ones_units():
    explorer = ComparisonExplorer(**{**SMALL, "depth": 8}, architecture="resnet", channels=4)
    assert explorer.trials()[0].model == nk.experiments.Model("resnet", 8, 4, "relu")
    assert list(explorer.board.controls._row.children)[2] is explorer.board.controls.controls["channels"]
    explorer.architecture = "fully_connected"
    assert explorer.trials()[0].model.width == 16
    assert list(explorer.board.controls._row.children)[2] is explorer.board.controls.controls["width"]


def test_names_in_the_lists_are_those_of_the_experiments():
    assert models.ARCHITECTURES == choices.ARCHITECTURES
    assert models.NORMALISATIONS == choices.NORMALISATIONS


def test_runs_of_several_seeds_are_one_network():
    explorer = ComparisonExplorer(**SMALL, repeats=2, seed=5)
    histories = explorer.train()
    assert [history.trial.seed for history in histories] == [5, 6]
    assert list(explorer.comparison.labels) == ["FC-2 ReLU"]
    mean = (histories[0].test_loss + histories[1].test_loss) / 2
    np.testing.assert_allclose(traces(explorer)["FC-2 ReLU, test loss"].y, mean, rtol=1e-14)
    assert "2 seeds: 2 finished; test accuracy" in explorer.board.list.children[0].status.value


def test_own_images_and_activation_are_trained_and_named_in_the_code():
    generator = np.random.default_rng(0)
    mine = nk.data.images_from_arrays(generator.normal(size=(60, 8, 8)), np.arange(60) % 3, name="mine")
    bent = nk.Activation("bent", lambda x: x * x / (1 + abs(x)))
    explorer = ComparisonExplorer(**{**SMALL, "train_size": 0}, images=mine, activation=bent)
    (history,) = explorer.train()
    assert history.trial.data is mine
    assert history.trial.model.activation is bent
    assert "yours,  # the images 'mine' that you gave to the lab" in explorer.code
    assert "yours,  # the activation 'bent' that you gave to the lab" in explorer.code


# ---- comparing


def test_networks_are_named_by_what_tells_them_apart():
    explorer = ComparisonExplorer(**SMALL)
    explorer.train()
    assert list(explorer.comparison.labels) == ["FC-2 ReLU"]
    explorer.learning_rate = 0.02
    explorer.train()
    assert list(explorer.comparison.labels) == ["FC-2 ReLU, η = 0.01", "FC-2 ReLU, η = 0.02"]
    explorer.bench.update(depth=1, epochs=2)
    explorer.train()
    assert list(explorer.comparison.labels)[2] == "FC-1 ReLU"
    explorer.schedule = "constant"
    explorer.train()
    explorer.epochs = 4
    explorer.train()
    assert list(explorer.comparison.labels)[2:] == [
        "FC-1 ReLU, 2 epochs, η falls after 1",
        "FC-1 ReLU, 2 epochs, η constant",
        "FC-1 ReLU, 4 epochs",
    ]


def test_runs_made_elsewhere_are_told_apart_whatever_they_differ_in():
    experiments, digits = nk.experiments, nk.data.image_set("digits")
    recipes = experiments.Recipe(0.02, epochs=0), experiments.Recipe(0.02, epochs=0, momentum=0.5)
    trials = [experiments.Trial(experiments.fully_connected(1, 8), digits, recipe) for recipe in recipes]
    trials += [replace(trials[0], data=digits.subset(500))]
    explorer = ComparisonExplorer()
    explorer.take([experiments.run(trial) for trial in trials])
    assert list(explorer.comparison.labels) == [
        "FC-1 NormReLU, momentum 0.9",
        "FC-1 NormReLU, momentum 0.5",
        "FC-1 NormReLU, momentum 0.9 no. 2",
    ]


def test_code_reproduces_what_is_drawn(monkeypatch):
    explorer, shown = ComparisonExplorer(**SMALL, repeats=2), []
    planned = explorer.code
    explorer.train()
    assert explorer.code == planned
    for normalisation in ("batch", "layer"):
        explorer.bench.update(normalisation=normalisation, repeats=1)
        explorer.train()
    explorer.hide("FC-2 BatchNorm")
    monkeypatch.setattr(go.Figure, "show", lambda figure: shown.append(figure))
    exec(compile(explorer.code, "shown code", "exec"), {})
    for mine, theirs in zip(shown[0].data, explorer.figure.data, strict=True):
        assert (mine.name, mine.line.color) == (theirs.name, theirs.line.color)
        np.testing.assert_array_equal(mine.y, theirs.y)
    explorer.unhide("FC-2 BatchNorm")
    assert "FC-2 BatchNorm" in {trace.name for trace in explorer.figure.data}
    assert "FC-2 BatchNorm" not in {trace.name for trace in shown[0].data}


def test_code_of_what_would_be_trained_follows_the_settings(lenient):
    explorer = ComparisonExplorer(**SMALL)
    explorer.tools.code.value = True
    assert "depth=2, width=16" in explorer.tools.listing.value
    explorer.depth = 3
    assert "depth=3, width=16" in explorer.tools.listing.value
    explorer.architecture = "resnet"
    assert "The least is 8" in explorer.board.messages.text
    assert "depth=" not in explorer.tools.listing.value


def test_code_tells_everything_about_runs_that_were_made_elsewhere():
    experiments = nk.experiments
    recipe = experiments.Recipe(0.02, epochs=1, weight_decay=1e-4, augmentation=experiments.Augmentation(1, False, 0.5))
    probe = experiments.Probe(places=("1", "features"), count=64)
    model = experiments.fully_connected(1, 8, "relu", initialisation="lecun")
    trial = experiments.Trial(model, "digits", recipe, 3, fold=(1, 4), train_size=64, test_size=32, probe=probe)
    explorer = ComparisonExplorer()
    explorer.take([experiments.run(trial)])
    trained = explorer.code.replace("nk.experiments.run(", "(").replace("figure", "# ")
    space = {}
    exec(compile(trained, "shown code", "exec"), space)
    assert space["runs"] == {"FC-1 ReLU (lecun)": [trial]}


def test_network_that_is_hidden_or_removed_leaves_the_others_their_colours():
    explorer = ComparisonExplorer(**{**SMALL, "epochs": 1})
    for activation in ("relu", "tanh", "elu"):
        explorer.activation = activation
        explorer.train()
    color = traces(explorer)["FC-2 tanh, test loss"].line.color
    explorer.board.list.children[0].shown.value = False
    assert "FC-2 ReLU, test loss" not in traces(explorer)
    explorer.board.list.children[0].removal.click()
    assert list(explorer.comparison.labels) == ["FC-2 tanh", "FC-2 ELU"]
    assert len(explorer.board.list.children) == 2
    assert traces(explorer)["FC-2 tanh, test loss"].line.color == color
    explorer.activation = "relu"
    explorer.train()
    assert len({explorer.comparison.labels[label].number for label in explorer.comparison.labels}) == 3


def test_unknown_label_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="label must be one of the list, which is empty; got 'FC-2'"):
        ComparisonExplorer(**SMALL).hide("FC-2")


def test_frozen_curves_stay_behind():
    explorer = ComparisonExplorer(**SMALL)
    explorer.train()
    explorer.freeze()
    explorer.remove("FC-2 ReLU")
    assert "FC-2 ReLU, test loss (frozen)" in traces(explorer)


# ---- the buttons


def test_button_trains_at_once_in_a_script_and_not_twice():
    explorer = ComparisonExplorer(**SMALL)
    explorer.board.start.click()
    assert explorer.board.list.children[0].status.value.startswith("Finished after 3 of 3 epochs")
    with pytest.raises(ValueError, match="has run already"):
        explorer.board.start.click()


def test_rivals_are_started_with_the_chosen_activation():
    explorer = ComparisonExplorer(**SMALL, activation="elu")
    explorer.board.start_rivals.click()
    assert list(explorer.comparison.labels) == ["FC-2 ELU", "FC-2 tanh"]
    assert {history.ending for history in explorer.comparison.histories()} == {"finished"}


def test_run_that_was_cancelled_goes_on_to_where_it_would_have_come(lenient):
    async def cancel_and_go_on():
        explorer = ComparisonExplorer(**{**SMALL, "epochs": 150})
        explorer.board.start.click()
        assert not explorer.board.stop.disabled
        await until(explorer.comparison.histories)
        explorer.depth = 3  # a slider can move meanwhile
        explorer.board.stop.click()
        await until(lambda: not explorer.board.resume.disabled)
        network = explorer.comparison.networks[0]
        (stopped,) = network.histories.values()
        explorer.board.resume.click()
        await until(lambda: set(network.states.values()) == {"finished"})
        return stopped, *network.histories.values(), explorer

    stopped, finished, explorer = asyncio.run(cancel_and_go_on())
    assert stopped.ending == "cancelled"
    assert stopped.step < finished.step
    assert same_run(finished, nk.experiments.run(finished.trial))
    assert explorer.board.stop.disabled
    assert explorer.board.resume.disabled


def test_what_is_started_while_a_run_goes_on_waits_and_is_cancelled_with_it(lenient):
    async def start_three():
        explorer = ComparisonExplorer(**LONG, repeats=2)
        explorer.board.start.click()
        explorer.bench.update(activation="tanh", repeats=1)
        explorer.board.start.click()
        await until(lambda: "; 2 more to come" in explorer.board.status.value)
        assert [trial.label for trial in explorer.comparison.waiting] == [
            "FC-2 ReLU, digits, η = 0.01, seed 1",
            "FC-2 tanh, digits, η = 0.01, seed 0",
        ]
        explorer.board.stop.click()
        await until(lambda: explorer._running is None)
        return explorer

    explorer = asyncio.run(start_three())
    states = [state for network in explorer.comparison.networks for state in network.states.values()]
    assert states == ["cancelled"] * 3
    assert len(explorer.comparison.cancelled()) == 3


def test_picture_moves_while_a_network_trains_and_the_next_run_starts_when_it_is_removed(lenient):
    async def watch():
        explorer = ComparisonExplorer(**LONG)
        explorer.board.start.click()
        await until(lambda: drawn_epochs(explorer) > 1)
        first = drawn_epochs(explorer)
        await until(lambda: drawn_epochs(explorer) > first)
        explorer.bench.update(epochs=2)
        explorer.board.start.click()
        explorer.board.list.children[0].removal.click()
        await until(lambda: [history.ending for history in explorer.comparison.histories()] == ["finished"])
        return explorer

    assert list(asyncio.run(watch()).comparison.labels) == ["FC-2 ReLU"]


def test_hidden_panel_trains_on_and_catches_up(lenient):
    async def hide():
        lab = nk.lab(**SMALL, n=8, panels=("comparison",))
        panel = lab.panels["comparison"]
        panel.board.start.click()
        lab.hide("comparison")
        before = panel.shown
        await until(lambda: [history.ending for history in panel.comparison.histories()] == ["finished"])
        assert panel.shown is before
        lab.show("comparison")
        assert panel.shown is not before
        await asyncio.sleep(0.3)

    asyncio.run(hide())


# ---- what goes wrong


def test_depth_that_a_residual_network_cannot_have_is_answered_with_the_next_ones(lenient):
    lab = nk.lab(depth=12, n=8, panels=("bound", "comparison"))
    panel = lab.panels["comparison"]
    lab.bench.update(architecture="resnet")
    assert "got 12. Next to it are 8 and 14" in panel.board.messages.text
    assert lab.depth == 12
    assert panel.messages.text == ""
    panel.board.start.click()
    assert "Next to it are 8 and 14" in panel.board.messages.text
    assert not panel.comparison.networks
    lab.depth = 14
    assert panel.board.messages.text == ""
    assert panel.board.planned.value.startswith("next: ResNet-14 ReLU on all training images of digits")


def test_run_that_diverged_is_shown_as_such():
    explorer = ComparisonExplorer(**SMALL, learning_rate=500.0)
    (history,) = explorer.train()
    assert history.ending == "diverged"
    assert "FC-2 ReLU, loss where it diverged" in traces(explorer)
    assert "Diverged in epoch 1" in explorer.board.list.children[0].status.value
    assert "FC-2 ReLU diverged in epoch 1." in explorer.summary


def test_error_of_a_run_reaches_the_panel_and_the_others_go_on(lenient):
    async def start():
        explorer = ComparisonExplorer(**SMALL, repeats=2, activation=nk.Activation("numpy only", _not_for_torch))
        explorer.board.start.click()
        explorer.activation = "relu"
        explorer.board.start.click()
        await until(lambda: not explorer.comparison.waiting and explorer._running is None)
        return explorer

    explorer = asyncio.run(start())
    failed, finished = explorer.comparison.networks
    assert list(failed.states.values()) == ["failed"] * 2
    assert list(finished.states.values()) == ["finished"] * 2
    assert explorer.board.list.children[0].status.value.count("failed: ") == 1
    assert explorer.board.messages.text
    explorer.learning_rate = 0.1
    assert explorer.board.messages.text == ""


def _not_for_torch(x):
    return np.arctan(np.asarray(x, float)) * 1.0


def test_error_of_a_run_is_raised_in_strict_mode():
    explorer = ComparisonExplorer(**{**SMALL, "train_size": 5000})
    with pytest.raises(ValueError, match="must be a whole number from 2 to 1438"):
        explorer.start()
    assert explorer._running is None
    with pytest.raises(ValueError, match="must be a whole number from 2 to 1438"):
        explorer.train()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"architecture": "transformer"}, "architecture must be one of fully_connected, resnet, fixup_resnet"),
        ({"normalisation": "group"}, "normalisation must be one of none, batch"),
        ({"schedule": "cosine"}, "schedule must be one of constant, thirds"),
        ({"learning_rate": 0}, "learning_rate must lie in"),
        ({"epochs": 0}, "epochs must lie between 1 and"),
        ({"batch_size": 1}, "batch_size must lie between 2 and"),
        ({"repeats": 0}, "repeats must lie between 1 and"),
        ({"train_size": -1}, "train_size must lie between 0 and"),
        ({"channels": 0}, "channels must lie between 1 and"),
        ({"images": "cats"}, r"images must be one of digits.*Your own come as an nk.data.ImageSet"),
    ],
)
def test_setting_out_of_range_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        ComparisonExplorer(**wrong)


# ---- what is kept


def test_settings_travel_in_the_state_and_older_states_still_load():
    chosen = {
        "architecture": "resnet", "channels": 8, "normalisation": "batch", "images": "mnist", "train_size": 500,
        "learning_rate": 0.05, "schedule": "constant", "epochs": 7, "batch_size": 64, "repeats": 3,
    }  # fmt: skip
    lab = nk.lab(depth=8, n=8, **chosen, panels=("bound",))
    again = nk.lab(state=lab.state)
    assert {name: getattr(again.bench.settings, name) for name in chosen} == chosen
    old = nk.lab(state="v=1&depth=40&activation=relu&delta=0.05&data=sphere&n=8&seed=0&panels=bound")
    assert old.bench.settings == replace(choices.Settings(), depth=40, n=8, panels=("bound",))


def test_runs_are_saved_as_one_table(tmp_path):
    explorer = ComparisonExplorer(**SMALL)
    with pytest.raises(ValueError, match="there is none yet"):
        explorer.save(tmp_path / "runs.csv")
    assert explorer.to_frame().empty
    histories = [*explorer.train()]
    explorer.normalisation = "batch"
    histories += explorer.train()
    frame = explorer.to_frame()
    assert list(frame["model"].unique()) == ["FC-2 ReLU", "FC-2 BatchNorm"]
    np.testing.assert_array_equal(frame["test_loss"], np.concatenate([history.test_loss for history in histories]))
    explorer.save(tmp_path / "runs.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "runs.parquet"), frame)
    explorer.save(tmp_path / "runs.csv")
    np.testing.assert_allclose(pd.read_csv(tmp_path / "runs.csv")["test_loss"], frame["test_loss"], rtol=1e-15)
    with pytest.raises(ValueError, match=r"must end in .parquet or .csv; got 'runs.xlsx'"):
        explorer.save(tmp_path / "runs.xlsx")


def test_links_hold_all_runs_hidden_ones_too():
    explorer = ComparisonExplorer(**SMALL)
    explorer.train()
    explorer.hide("FC-2 ReLU")
    links = dict(re.findall(r'download="([^"]*)" href="data:[^;]*;base64,([^"]*)"', explorer.board.links.value))
    frame = explorer.to_frame()
    parquet = pd.read_parquet(io.BytesIO(base64.b64decode(links["ntkit-runs.parquet"])))
    pd.testing.assert_frame_equal(parquet, frame)
    csv = pd.read_csv(io.BytesIO(base64.b64decode(links["ntkit-runs.csv"])))
    np.testing.assert_allclose(csv["train_loss"], frame["train_loss"], rtol=1e-15)


def test_named_folder_keeps_runs_for_another_session(tmp_path, monkeypatch):
    first = ComparisonExplorer(**SMALL, folder=tmp_path)
    (history,) = first.train()
    monkeypatch.setattr("ntkit.experiments.trainer._Training.take_step", lambda training: pytest.fail("trained again"))
    second = ComparisonExplorer(**SMALL)
    second.board.folder.value = f" {tmp_path} "
    second.start()
    (again,) = second.comparison.histories()
    assert same_run(history, again)
    assert again.seconds[-1] == history.seconds[-1]


def test_runs_of_a_sweep_are_taken_up_and_those_of_the_panel_are_read_as_a_sweeps(tmp_path):
    explorer = ComparisonExplorer(**SMALL, repeats=2, folder=tmp_path)
    swept = nk.experiments.sweep(explorer.trials()[:1], tmp_path, workers=0, progress=lambda reading: None)
    explorer.train()
    assert explorer.comparison.histories()[0].seconds[-1] == swept.histories[0].seconds[-1]
    results = nk.experiments.read_results(tmp_path)
    assert [history.trial.seed for history in results.histories] == [0, 1]
    other = ComparisonExplorer(**SMALL)
    other.take(results.histories)
    assert traces(other)["FC-2 ReLU, test loss"].y.tolist() == traces(explorer)["FC-2 ReLU, test loss"].y.tolist()


def test_images_that_are_not_there_are_answered_with_how_to_get_them(lenient, monkeypatch, tmp_path):
    monkeypatch.setenv("NTKIT_DATA", str(tmp_path))
    explorer = ComparisonExplorer(**SMALL, images="cifar10")
    explorer.board.start.click()
    assert "CIFAR-10 is not at" in explorer.board.messages.text
    assert "should not happen" not in explorer.board.messages.text
    assert "cifar10" not in explorer.code.partition("figure")[0]
