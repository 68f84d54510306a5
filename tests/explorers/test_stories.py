"""Every number in the caption of a story is so."""

import numpy as np
import pytest

import ntkit as nk
from ntkit.explorers.bench import Bench
from ntkit.explorers.stories import STORIES


@pytest.fixture
def told():
    """The bench that a story is told on, by the story's title."""

    def bench_of(title):
        bench = Bench()
        bench.adopt(STORIES[title].settings)
        return bench

    return bench_of


def profile(bench):
    """The depth profile that a bench shows."""
    return nk.conditioning.depth_profile(bench.sigma, bench.settings.depth, bench.delta)


def condition_number(activation, depth, bench):
    """κ of the NTK on the data of a bench."""
    net = nk.mlp(depth, bench.normalized(activation))
    return nk.spectra.compare_spectra(net, bench.dataset.x).ntk.condition_number


def test_relu_collapses_slowly(told):
    found = profile(told("ReLU: the slow collapse"))
    assert found.L0 == 69
    assert found.correlation[15] > 0.97
    near = found.gap < 0.5
    growth = found.gap[1:] / found.gap[:-1]
    assert np.all(growth[near[1:]] > 1 + found.mu / 2)
    half = [int(np.argmax(curve < 0.5)) for curve in (found.ntk_ratio, found.correlation, found.bound)]
    assert half == sorted(half)


def test_normrelu_rescues(told):
    bench = told("NormReLU to the rescue")
    assert round(bench.sigma.coefficient_of_nonlinearity, 4) == 0.0156
    assert round(bench.sigma.dual.slope_at_one, 2) == 1.04
    assert round(bench.normalized("relu").dual.slope_at_one, 2) == 1.47
    assert condition_number("relu", 64, bench) < 1.001
    name = bench.settings.activation
    assert condition_number(name, 1, bench) > 2000
    assert 2 < condition_number(name, 64, bench) < 20
    assert profile(bench).correlation[-1] > 0.5


def test_tanh_drifts_apart_by_the_slope_at_one(told):
    bench = told("tanh at the edge")
    found, slope = profile(bench), bench.sigma.dual.slope_at_one
    assert round(slope, 2) == 1.18
    np.testing.assert_allclose(found.gap[1:20] / found.gap[:19], slope, rtol=2e-2)
    assert found.correlation[-1] < 0.01


def test_depth_conditions_the_digits(told):
    bench = told("Digits: depth conditions")
    assert bench.dataset.n == 48
    assert 200 < condition_number("relu", 1, bench) < 1000
    assert condition_number("relu", 16, bench) < 1.1


def test_quadratic_squares_the_correlation(told):
    found = profile(told("No linear part at all"))
    assert found.mu == 1
    assert found.L0 == 22
    np.testing.assert_allclose(found.correlation[1:9], found.correlation[:8] ** 2, rtol=1e-10)
    assert found.correlation[16] == pytest.approx(0.0014, rel=0.05)
    assert found.correlation[23] == 0
    assert found.bound[22] <= 0.5 < found.bound[21]
