"""Pictures of two-layer training and of data geometry draw the result's numbers as they are."""

import numpy as np
import pytest

import ntkit as nk
from ntkit import figures, gram

CIRCLE = nk.data.half_circle(8)


@pytest.fixture(scope="module")
def raced():
    """A short race."""
    return gram.race(CIRCLE, ("relu", "tanh"), width=400, steps=40, learning_rate=0.3, seeds=2)


def drawn(figure):
    return {trace.name: trace for trace in figure.data}


def test_race_draws_expected_losses_and_means_of_networks(raced):
    traces = drawn(figures.race_figure(raced))
    np.testing.assert_array_equal(traces["tanh"].x, raced.long_times)
    is_drawn = np.isfinite(traces["tanh"].y)
    np.testing.assert_array_equal(traces["tanh"].y[is_drawn], raced.expected["tanh"][is_drawn])
    assert is_drawn[:50].all()
    measured = traces["relu, networks"]
    assert measured.y[-1] == raced.measured["relu"].mean(axis=0)[-1]
    assert measured.x[-1] == pytest.approx(12)
    assert "DZPS parameterisation" in figures.race_figure(raced).layout.title.subtitle.text
    assert (
        f"tanh has {raced.expected['tanh'][-1] / raced.expected['tanh'][0]:.2g}" in figures.race_picture(raced).summary
    )


def test_followed_draws_the_network_and_both_predictions():
    found = gram.follow(CIRCLE, nk.activation("tanh"), 400, steps=30, layers="all", batch=4)
    traces = drawn(figures.followed_figure({"tanh": found}, {"relu": (np.array([1.0, 2.0]), np.array([3.0, 1.0]))}))
    assert traces["tanh, network"].y[-1] == found.run.loss[-1]
    assert traces["tanh, from G(0)"].y[-1] == found.start[-1]
    assert traces["tanh, from G at infinite width"].y[-1] == found.limit[-1]
    assert traces["relu, expected"].y.tolist() == [3.0, 1.0]
    picture = figures.followed_picture({"tanh": found})
    assert "both layers trained" in picture.layout["title"]["subtitle"]["text"]
    assert "batches of 4" in picture.layout["title"]["subtitle"]["text"]
    with pytest.raises(ValueError, match="needs a run"):
        figures.followed_picture({})


def test_drift_draws_bounds_where_they_are_finite():
    found = gram.drift_by_width(CIRCLE, nk.activation("tanh"), (64, 512), steps=20, learning_rate=0.3, seeds=2)
    traces = drawn(figures.drift_figure(found))
    np.testing.assert_array_equal(traces["entries of G"].y, found.entries.mean(axis=1))
    assert np.all(traces["entries of G"].y <= traces["entries, at most (Lemma M.11)"].y)
    kinked = gram.drift_by_width(CIRCLE, nk.activation("relu"), (64,), steps=5, learning_rate=0.3, seeds=1)
    assert "entries, at most (Lemma M.11)" not in drawn(figures.drift_figure(kinked))


def test_geometry_is_drawn_with_its_least_distance_and_its_dimension():
    found = {"digits": nk.data.geometry(nk.data.digits(100).x), "circle": nk.data.geometry(CIRCLE.x)}
    distances = drawn(figures.distances_figure(found))
    assert f"digits, least {found['digits'].separation.distance:.3g}" in distances
    densities = np.nan_to_num(distances[f"digits, least {found['digits'].separation.distance:.3g}"].y)
    assert densities.sum() * 0.01 == pytest.approx(1)
    dimensions = drawn(figures.dimensions_figure(found))
    np.testing.assert_array_equal(dimensions["circle, 2 hold 95 %"].y, found["circle"].explained)
    assert dimensions["circle, log n"].x[0] == pytest.approx(np.log(8))
    assert "log n is 4.6" in figures.dimensions_picture(found).summary
