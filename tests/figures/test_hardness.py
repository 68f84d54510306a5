"""Pictures of random networks with normalised layers: they draw the result's numbers as they are."""

import numpy as np
import pytest

import ntkit as nk
from ntkit import figures

RELU = nk.activation("relu").normalized()


@pytest.fixture(scope="module")
def decay():
    """Narrow networks, deep enough for what the width sustains."""
    return nk.hardness.pair_decay(RELU, 40, 0.2, 64, draws=100)


@pytest.fixture(scope="module")
def found():
    """Queries on 16 inputs."""
    return nk.hardness.query_correlations(RELU, 6, 5, 32, draws=60)


def curves(figure):
    """Trace by name."""
    return {trace.name: trace for trace in figure.data}


def test_decay_is_drawn_with_its_draws_and_its_limits(decay):
    drawn = curves(figures.hardness_figure(decay))
    np.testing.assert_array_equal(drawn["bound B(l, δ)"].y, decay.bound)
    np.testing.assert_array_equal(drawn["exact |ρ<sub>l</sub>|, infinite width"].y, np.abs(decay.limit))
    mean = drawn["|mean| of ρ̂<sub>l</sub>, 100 networks"]
    np.testing.assert_array_equal(mean.y, np.abs(decay.mean))
    np.testing.assert_array_equal(mean.customdata, decay.standard_error)
    np.testing.assert_array_equal(drawn["E ρ̂ that the width sustains"].y, decay.floor)
    assert np.all(drawn["5 % of it"].y <= drawn["95 % of |ρ̂<sub>l</sub>|, 100 networks"].y)


def test_odd_activation_has_no_floor_to_draw():
    odd = nk.hardness.pair_decay(nk.activation("sign"), 5, 0.2, 32, draws=20)
    assert "E ρ̂ that the width sustains" not in curves(figures.hardness_figure(odd))


def test_axis_shows_the_draws_and_not_the_depths_of_the_limit(decay):
    low, _ = figures.hardness_figure(decay).layout.yaxis.range
    assert low < np.log10(np.abs(decay.mean).min())
    assert low > np.log10(decay.limit[-1])


def test_queries_are_drawn_beside_their_limits(found):
    drawn = curves(figures.queries_figure(found))
    np.testing.assert_array_equal(drawn["1/|S| + B(l, 2/d)"].y, found.limit.envelope)
    np.testing.assert_array_equal(drawn["worst g, infinite width"].y, found.limit.worst)
    for k, name in enumerate(found.names):
        np.testing.assert_array_equal(drawn[f"g = {name}"].y, found.mean_square[:, k])
        np.testing.assert_array_equal(drawn[f"{name}, infinite width"].y, found.limit.mean_square[:, k])


def test_words_give_the_numbers_of_the_deepest_layer(decay, found):
    words = figures.hardness_picture(decay).summary
    assert f"{decay.mean[-1]:.3g}" in words
    assert f"at most {decay.bound[-1]:.3g}" in words
    assert f"no query has more than {found.limit.worst[-1]:.3g}" in figures.queries_picture(found).summary
