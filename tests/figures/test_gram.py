"""Pictures of Gram spectra draw the result's numbers as they are, and leave out what is rounding."""

import numpy as np
import pytest

import ntkit as nk
from ntkit import figures, gram

CIRCLE = nk.data.half_circle(10)
PAIR = [nk.activation("relu"), nk.activation("tanh")]


def drawn(figure):
    return {trace.name: trace for trace in figure.data}


def test_spectra_are_drawn_at_both_widths():
    found = gram.spectra(CIRCLE.x, PAIR, width=500, seed=3)
    traces = drawn(figures.gram_spectrum_figure(found))
    np.testing.assert_array_equal(traces["relu"].y, gram.population_eigenvalues(CIRCLE.x, PAIR[0]).eigenvalues)
    np.testing.assert_array_equal(
        traces["tanh, m = 500"].y, gram.finite_eigenvalues(CIRCLE.x, PAIR[1], 500, 3).eigenvalues
    )
    assert traces["relu"].x.tolist() == list(range(1, 11))
    assert "DZPS" in figures.gram_spectrum_figure(found).layout.title.subtitle.text
    assert set(drawn(figures.gram_spectrum_figure(gram.spectra(CIRCLE.x, PAIR)))) == {"relu", "tanh"}


def test_eigenvalues_that_are_rounding_are_left_out():
    square = nk.activation("polynomial", coefficients=(0.0, 0.0, 1.0))
    found = gram.spectra(CIRCLE.x, [square])
    (trace,) = figures.gram_spectrum_figure(found).data
    assert np.isfinite(trace.y).sum() == found.infinite[square.name].rank == 3
    assert f"{square.name} below" in figures.gram_spectrum_picture(found).summary


def test_least_eigenvalues_are_drawn_beside_their_laws():
    found = gram.least_by_size([*PAIR, nk.activation("gelu")], [6, 12, 24])
    traces = drawn(figures.kink_order_figure(found))
    np.testing.assert_array_equal(traces["relu, kink of order 1"].y, gram.classify_kink(PAIR[0]).law(found.n))
    np.testing.assert_array_equal(traces["tanh"].y, found.least["tanh"])
    assert list(traces) == ["relu", "relu, kink of order 1", "tanh", "tanh, poles of σ′", "gelu"]
    assert figures.kink_order_picture(found).summary.endswith(f"gelu {found.least['gelu'][-1]:.3g}.")


def test_what_floats_do_not_resolve_is_said():
    found = gram.least_by_size([nk.activation("softplus")], [8, 120])
    assert np.isnan(found.least["softplus"][-1])
    assert figures.kink_order_picture(found).summary == "λ_min at n = 120: softplus beyond what floats resolve."


def test_share_of_neurons_is_that_of_the_draws():
    found = gram.single_vector(CIRCLE.x, PAIR[1], draws=300)
    traces = drawn(figures.single_vector_figure([found]))
    assert traces["tanh"].y[0] == 1
    assert traces["tanh"].y[-1] == pytest.approx(1 / 300)
    assert traces["1/2√n"].x[0] == 0.5 / np.sqrt(10)
    at = np.searchsorted(traces["tanh"].x, 0.25 / np.sqrt(10))
    assert abs(traces["tanh"].y[at] - found.share(0.25)) < 0.02
