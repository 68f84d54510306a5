"""Pictures of training comparisons: they draw means and ranges of the table's numbers as they are."""

import numpy as np
import pandas as pd
import pytest

from ntkit import figures
from ntkit.experiments import fully_connected, measured, predict, resnet
from ntkit.figures.style import CYCLE

RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((6, 1, 8, 8)) + 0.5
MODELS = (fully_connected(3, 32), fully_connected(3, 32, normalisation="batch"), resnet(8, width=4))
PREDICTIONS = tuple(predict(model, IMAGES) for model in MODELS)
MEASURED = pd.concat([measured(model, IMAGES, places=("features",)) for model in MODELS])
NEEDED = pd.DataFrame(
    [(model.label, seed, 3.0 + seed + 5 * k, 20) for k, model in enumerate(MODELS) for seed in range(3)],
    columns=["model", "seed", "epochs", "trained"],
)


def table(models=("A", "B"), seeds=3, epochs=6, **settings):
    """Random readings of a few runs of each model."""
    runs = [(model, seed, epoch) for model in models for seed in range(seeds) for epoch in range(epochs + 1)]
    names = ("train_accuracy", "test_accuracy", "train_loss", "test_loss", "dot_product features")
    readings = {name: RNG.uniform(0.1, 0.9, len(runs)) for name in names}
    return pd.DataFrame(runs, columns=["model", "seed", "epoch"]).assign(ending="finished", **readings, **settings)


def curves(picture):
    """Traces by name and panel."""
    return {(trace["name"], trace["yaxis"]): trace for trace in picture.traces}


@pytest.mark.parametrize("quantity", ["accuracy", "loss"])
def test_curves_are_means_in_a_band_from_smallest_to_largest(quantity):
    readings = table()
    draw = {"accuracy": figures.training_curves_picture, "loss": figures.loss_curves_picture}[quantity]
    drawn = curves(draw(readings))
    for part, panel in (("train", "y"), ("test", "y2")):
        # By numpy on the readings as they were made: (seeds, epochs).
        values = readings[readings.model == "B"][f"{part}_{quantity}"].to_numpy().reshape(3, 7)
        np.testing.assert_allclose(drawn["B", panel]["y"], values.mean(axis=0), rtol=1e-14)
        band = drawn["B, smallest to largest", panel]
        np.testing.assert_array_equal(band["y"][:7], values.max(axis=0))
        np.testing.assert_array_equal(band["y"][7:][::-1], values.min(axis=0))
        np.testing.assert_array_equal(band["x"][:7], np.arange(7))


def test_dot_products_are_drawn_below_test_accuracies():
    readings = table(seeds=1)
    drawn = curves(figures.dot_product_picture(readings))
    rows = readings[readings.model == "A"]
    np.testing.assert_array_equal(drawn["A", "y"]["y"], rows["test_accuracy"])
    np.testing.assert_array_equal(drawn["A", "y2"]["y"], rows["dot_product features"])


def test_one_run_has_no_band():
    assert {name for name, _ in curves(figures.training_curves_picture(table(seeds=1)))} == {"A", "B"}


def test_each_model_has_a_look_of_its_own_beyond_six():
    names = [f"model {k}" for k in range(13)]
    lines = [curves(figures.training_curves_picture(table(names, seeds=1)))[name, "y"]["line"] for name in names]
    looks = [(line["color"], line["dash"]) for line in lines]
    assert len(set(looks)) == 13
    assert looks[0] == (CYCLE[0], "solid")
    assert looks[7] == (CYCLE[1], "dash")


def test_settings_that_differ_within_a_model_are_named():
    both = pd.concat([table(learning_rate=0.1), table(learning_rate=0.01)])
    names = {name for name, _ in curves(figures.training_curves_picture(both)) if "largest" not in name}
    assert names == {"A, η = 0.1", "A, η = 0.01", "B, η = 0.1", "B, η = 0.01"}


def test_a_run_that_diverged_is_crossed_where_it_ended():
    readings = table()
    gone = (readings.model == "A") & (readings.seed == 1)
    readings.loc[gone, "ending"] = "diverged"
    readings = readings[~(gone & (readings.epoch > 3))]
    picture = figures.training_curves_picture(readings)
    cross = curves(picture)["A, diverged", "y2"]
    last = readings[(readings.model == "A") & (readings.seed == 1) & (readings.epoch == 3)]
    assert (cross["x"].tolist(), cross["y"].tolist()) == ([3], last["test_accuracy"].tolist())
    assert "× where 1 of them diverged" in picture.layout["title"]["subtitle"]["text"]


def test_live_tables_with_runs_of_different_lengths_are_drawn():
    readings = table()
    picture = figures.dot_product_picture(readings[(readings.seed == 0) | (readings.epoch < 2)])
    assert len(curves(picture)["A", "y"]["x"]) == 7


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures_are_valid_in_both_themes(theme):
    readings = table(learning_rate=0.1)
    drawn = (
        figures.training_curves_figure(readings, theme=theme),
        figures.loss_curves_figure(readings, theme=theme),
        figures.dot_product_figure(readings, theme=theme),
        figures.learning_rates_figure(readings, {"A": 0.1}, theme=theme),
    )
    for figure in drawn:
        assert figure.layout.title.text
        assert figure.layout.xaxis.title.text
        assert figure.layout.yaxis.title.text


def test_table_of_a_picture_has_the_means_and_not_the_bands():
    rows = figures.training_curves_picture(table()).table()
    assert {row[0] for row in rows[1:]} == {"A", "B"}
    assert len(rows) == 1 + 2 * 2 * 7


def test_learning_rates_show_runs_their_mean_and_the_chosen_one():
    readings = pd.concat([table(learning_rate=rate) for rate in (0.1, 0.001, 0.01)])
    drawn = {trace["name"]: trace for trace in figures.learning_rates_picture(readings, {"B": 0.01}).traces}
    last = readings[(readings.model == "B") & (readings.epoch == 6)]
    expected = [last[last.learning_rate == rate]["test_accuracy"].mean() for rate in (0.001, 0.01, 0.1)]
    np.testing.assert_array_equal(drawn["B"]["x"], [0.001, 0.01, 0.1])
    np.testing.assert_allclose(drawn["B"]["y"], expected, rtol=1e-14)
    assert sorted(drawn["B, runs"]["y"]) == sorted(last["test_accuracy"])
    assert drawn["B, chosen"]["y"] == pytest.approx([expected[1]])
    assert "A, chosen" not in drawn


def test_learning_rates_count_what_diverged_as_nothing():
    readings = pd.concat([table(("A",), learning_rate=rate) for rate in (0.1, 0.01)], ignore_index=True)
    gone = (readings.seed == 2) & (readings.learning_rate == 0.1)
    readings.loc[gone, "ending"] = "diverged"
    drawn = {trace["name"]: trace for trace in figures.learning_rates_picture(readings, {"A": 0.1}).traces}
    last = readings[(readings.epoch == 6) & (readings.learning_rate == 0.1)]
    expected = last[last.seed != 2]["test_accuracy"].sum() / 3
    assert drawn["A"]["y"][1] == pytest.approx(expected, rel=1e-14)
    assert drawn["A, diverged"]["y"].tolist() == [0.0]
    assert len(drawn["A, runs"]["y"]) == 5


def test_a_chosen_rate_that_was_not_tried_is_refused():
    with pytest.raises(ValueError, match="must be one that was tried; it is not for A"):
        figures.learning_rates_figure(table(("A",), learning_rate=0.1), {"A": 0.2})


class TestTheoryBesidePractice:
    def picture(self, needed=None):
        return figures.theory_beside_practice_picture(PREDICTIONS, MEASURED, NEEDED if needed is None else needed)

    def drawn(self, needed=None):
        return {(trace["name"], trace["xaxis"]): trace for trace in self.picture(needed).traces}

    def test_has_a_row_a_model_in_the_order_of_the_predictions(self):
        labels = [model.label for model in MODELS]
        assert self.picture().layout["yaxis"]["categoryarray"] == labels[::-1]

    @pytest.mark.parametrize(("column", "panel"), [("dot_product", "x"), ("condition_number", "x2")])
    def test_shows_what_was_predicted_and_what_was_measured(self, column, panel):
        drawn = self.drawn()
        expected = [prediction.at("features")[column] for prediction in PREDICTIONS]
        np.testing.assert_array_equal(drawn["predicted", panel]["x"], expected)
        seen = drawn["measured", panel]
        for label, mean, above, below in zip(
            seen["y"], seen["x"], seen["error_x"]["array"], seen["error_x"]["arrayminus"], strict=True
        ):
            rows = MEASURED[(MEASURED.model == label) & (MEASURED.place == "features")][column]
            assert (mean, mean + above, mean - below) == pytest.approx((rows.mean(), rows.max(), rows.min()))

    def test_opens_the_diamonds_of_approximations(self):
        symbols = self.drawn()["predicted", "x"]["marker"]["symbol"]
        assert symbols == ["diamond", "diamond-open", "diamond-open"]

    def test_draws_the_bound_where_there_is_one(self):
        bound = self.drawn()["bound B(L, δ)", "x"]
        assert bound["y"] == [MODELS[0].label]
        assert bound["x"] == pytest.approx([PREDICTIONS[0].at("features")["bound"]])

    def test_points_beyond_the_end_where_a_run_did_not_get_there(self):
        needed = NEEDED.copy()
        needed.loc[4, "epochs"] = np.inf
        drawn = self.drawn(needed)
        assert drawn["epochs needed", "x3"]["x"].tolist() == [4.0, 14.0]
        late = drawn["not reached in some run", "x3"]
        assert late["y"] == [MODELS[1].label]
        assert late["x"] == pytest.approx([(8 + 20 + 10) / 3])
        assert "not trained in time" in self.picture(needed).summary

    def test_needs_a_prediction(self):
        with pytest.raises(ValueError, match="at least one prediction"):
            figures.theory_beside_practice_figure([], MEASURED, NEEDED)

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_is_a_valid_figure(self, theme):
        figure = figures.theory_beside_practice_figure(PREDICTIONS, MEASURED, NEEDED, theme=theme)
        assert figure.layout.xaxis3.title.text == "epochs needed"


def test_words_give_the_means_of_the_last_epoch():
    readings = table(seeds=2, models=("A",))
    last = readings[readings.epoch == 6].mean(numeric_only=True)
    words = figures.training_curves_picture(readings).summary
    assert words == (
        f"After 6 epochs A has train accuracy {100 * last['train_accuracy']:.1f} % and test accuracy "
        f"{100 * last['test_accuracy']:.1f} %."
    )


def test_refuses_what_is_not_there():
    with pytest.raises(ValueError, match="the table has no rows"):
        figures.training_curves_figure(table().iloc[:0])
    with pytest.raises(ValueError, match="the table has no rows"):
        figures.learning_rates_figure(table(learning_rate=0.1).iloc[:0], {})
    with pytest.raises(ValueError, match="place must be one that was probed, features; got '7'"):
        figures.dot_product_figure(table(), place="7")


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [("width", (64, 96), "width 64"), ("epochs", (6, 12), "6 epochs"), ("train_size", (0, 500), "500 images")],
)
def test_runs_of_a_model_that_differ_in_a_setting_are_curves_of_their_own(column, values, words):
    rows = [("A", value, seed, epoch, 0.1 * epoch) for value in values for seed in (0, 1) for epoch in (0, 1, 2)]
    table = pd.DataFrame(rows, columns=["model", column, "seed", "epoch", "train_accuracy"])
    table["test_accuracy"] = table["train_accuracy"]
    names = {
        trace.name
        for trace in figures.training_curves_figure(table).data
        if trace.name and trace.showlegend is not False
    }
    assert len(names) == 2
    assert any(words in name for name in names)
