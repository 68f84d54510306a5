"""The picture of networks in training: means, bands and crosses are those of the runs, computed here run by run."""

from types import SimpleNamespace

import numpy as np
import pytest

from ntkit.figures import comparison_figure, comparison_picture
from ntkit.figures.style import CYCLE

EPOCHS = 4


def history(seed, *, reached=EPOCHS, ending="finished"):
    """A run with readings that are drawn at random."""
    generator = np.random.default_rng(seed)
    readings = {
        f"{part}_{quantity}": generator.uniform(0.1, 1, reached + 1)
        for part in ("train", "test")
        for quantity in ("accuracy", "loss")
    }
    products = {place: generator.uniform(-0.2, 1, reached + 1) for place in ("input", "features")}
    trial = SimpleNamespace(data_name="digits", recipe=SimpleNamespace(epochs=EPOCHS))
    return SimpleNamespace(epoch=np.arange(reached + 1), **readings, dot_product=products, ending=ending, trial=trial)


def drawn(runs, **options):
    """Trace by name."""
    return {trace.name: trace for trace in comparison_figure(runs, **options).data}


def test_one_seed_is_drawn_as_it_is():
    run = history(0)
    traces = drawn({"A": [run]})
    np.testing.assert_array_equal(traces["A, test accuracy"].y, run.test_accuracy)
    np.testing.assert_array_equal(traces["A, train loss"].y, run.train_loss)
    np.testing.assert_array_equal(traces["A, dot product"].y, run.dot_product["features"])
    np.testing.assert_array_equal(drawn({"A": [run]}, place="input")["A, dot product"].y, run.dot_product["input"])
    assert not any("smallest" in name for name in traces)


def test_test_curves_are_solid_and_train_curves_dashed_in_the_colour_of_their_network():
    traces = drawn({"A": [history(0)], "B": [history(1)]})
    assert [traces[f"{name}, test loss"].line.color for name in "AB"] == list(CYCLE[:2])
    assert traces["B, train loss"].line.color == CYCLE[1]
    assert (traces["A, test loss"].line.dash, traces["A, train loss"].line.dash) == ("solid", "dash")
    assert [trace.name for trace in traces.values() if trace.showlegend is not False] == ["A", "B"]
    assert drawn({"B": [history(1)]}, numbers={"B": 1})["B, test loss"].line.color == CYCLE[1]


def test_beyond_the_colours_networks_are_told_apart_by_symbols():
    traces = drawn({str(k): [history(k)] for k in range(2 * len(CYCLE) + 1)})
    looks = {
        (traces[f"{k}, test loss"].line.color, traces[f"{k}, test loss"].marker.symbol)
        for k in range(2 * len(CYCLE) + 1)
    }
    assert len(looks) == 2 * len(CYCLE) + 1


def test_seeds_are_drawn_as_their_mean_with_a_band_also_where_they_did_not_get_as_far():
    runs = [history(0), history(1), history(2, reached=2)]
    traces = drawn({"A": runs})
    by_epoch = [[run.test_loss[epoch] for run in runs if epoch < len(run.test_loss)] for epoch in range(EPOCHS + 1)]
    np.testing.assert_allclose(traces["A, test loss"].y, [sum(found) / len(found) for found in by_epoch], rtol=1e-15)
    band = traces["A, loss from smallest to largest"]
    assert list(band.y) == [max(found) for found in by_epoch] + [min(found) for found in by_epoch][::-1]


def test_run_that_diverged_ends_in_a_cross_and_in_words():
    lost = history(0, reached=1, ending="diverged")
    lost.test_loss[1] = np.inf
    traces = drawn({"A": [lost, history(1)], "B": [lost]})
    cross = traces["A, accuracy where it diverged"]
    assert (cross.marker.symbol, list(cross.x), list(cross.y)) == ("x", [1], [lost.test_accuracy[1]])
    assert np.isfinite(traces["B, test loss"].y).all()
    summary = comparison_picture({"A": [lost, history(1)], "B": [lost]}).summary
    assert "1 of 2 seeds diverged" in summary
    assert "B diverged in epoch 2." in summary
    assert "× where 2 diverged" in comparison_figure({"A": [lost], "B": [lost]}).layout.title.subtitle.text


@pytest.mark.parametrize(("reached", "epochs", "shown"), [(1, 4, 4), (1, 300, 10), (11, 300, 20), (170, 300, 300)])
def test_axis_of_a_run_that_goes_on_doubles_up_to_its_end(reached, epochs, shown):
    run = history(0, reached=reached, ending="running")
    run.trial.recipe.epochs = epochs
    assert comparison_figure({"A": [run]}).layout.xaxis.range[1] == pytest.approx(1.01 * shown)
    assert comparison_figure({"A": [history(0, reached=1)]}).layout.xaxis.range[1] < 2


def test_losses_within_an_epoch_are_a_tail_of_the_curve():
    run = history(0, reached=1, ending="running")
    figure = comparison_figure({"A": [run]}, tails={"A": ([1.0, 1.5], [0.4, 0.3])})
    assert {trace.name: trace for trace in figure.data}["A, within the epoch"].y == (0.4, 0.3)


def test_nothing_trained_shows_the_axes_that_will_be():
    figure = comparison_figure({"A": []})
    assert {trace.yaxis for trace in figure.data} == {"y", "y2", "y3"}
    assert figure.layout.title.subtitle.text == "nothing trained yet"
    assert comparison_picture({}).table() == [("curve", "x axis", "x", "y axis", "y")]


def test_place_that_was_not_probed_is_refused_with_those_that_were():
    with pytest.raises(ValueError, match="place must be one that was probed, input, features; got '3'"):
        comparison_figure({"A": [history(0)]}, place="3")


@pytest.mark.parametrize(("smallest", "dtick"), [(2.0, None), (0.1, "D2"), (1e-4, 1)])
def test_the_loss_has_ticks_at_any_range(smallest, dtick):
    run = history(0)
    run.train_loss = run.test_loss = np.geomspace(2.3, smallest, len(run.epoch))
    assert comparison_picture({"A": [run]}).layout["yaxis2"].get("dtick") == dtick
