"""The pictures of depth draw the results' numbers as they are."""

import math

import numpy as np
import pytest

import ntkit as nk
from ntkit import figures

SOFTPLUS, TANH = nk.activation("softplus"), nk.activation("tanh")


@pytest.fixture(scope="module")
def by_depth():
    """Eight points for which the residual network overtakes between 12 and 13 layers."""
    x = np.random.default_rng(0).standard_normal((10, 8)).T
    return nk.gram.gram_by_depth(SOFTPLUS, x / np.linalg.norm(x, axis=1, keepdims=True), [2, 4, 8, 12, 13, 16])


def drawn(figure):
    return {trace.name: trace for trace in figure.data}


def test_architectures_are_drawn_with_the_place_where_skips_win(by_depth):
    figure = figures.layered_figure(by_depth)
    traces = drawn(figure)
    np.testing.assert_array_equal(traces["fully connected"].y, by_depth.fully_connected)
    np.testing.assert_array_equal(traces["residual"].y, by_depth.residual)
    np.testing.assert_allclose(traces["residual, λ₀H²"].y, by_depth.residual * by_depth.depths**2)
    assert 12 < traces["residual overtakes"].x[0] == by_depth.crossover < 13
    assert f"{by_depth.residual[-1]:.3g}" in figures.layered_picture(by_depth).summary
    assert "infinite width" in figure.layout.title.subtitle.text


def test_convolutions_are_drawn_for_images_only(by_depth):
    images = np.random.default_rng(0).standard_normal((3, 2, 4))
    found = nk.gram.gram_by_depth(nk.activation("tanh"), images, [2, 3])
    traces = drawn(figures.layered_figure(found))
    np.testing.assert_array_equal(traces["convolutional"].y, found.convolutional)
    assert found.crossover is None
    assert "residual overtakes" not in traces
    assert "convolutional" not in drawn(figures.layered_figure(by_depth))


def test_depth_helps_is_drawn_beside_its_bounds():
    found = nk.gram.depth_helps(TANH, 0.1, 120)
    figure = figures.depth_helps_figure(found)
    ys = [trace.y for trace in figure.data]
    for y, values in zip(ys, (found.exact, found.infinite, found.bound, found.finite), strict=False):
        seen = np.isfinite(y)
        np.testing.assert_array_equal(y[seen], values[seen])
    assert ys[-1][0] == 0.5 / math.e
    assert "33 layers; cρ + (1 − c)ρ² asks for 54, B_μ for 77, Lemma J.2 for 107." in (
        figures.depth_helps_picture(found).summary
    )


def test_deep_spectra_are_drawn_with_both_limits():
    spectra = nk.gram.deep_spectra(TANH, nk.data.half_circle(8).x, [1, 10, 100])
    traces = drawn(figures.deep_spectra_figure(spectra))
    np.testing.assert_array_equal(traces["with the inner product"].y, spectra.least)
    np.testing.assert_array_equal(traces["as printed"].y, spectra.as_printed)
    assert traces["E φ'²"].y[0] == spectra.limit
    assert traces["Var φ'"].y[0] == spectra.printed_limit
