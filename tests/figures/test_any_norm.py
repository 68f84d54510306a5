"""Figures of inputs of any norm: they draw the result's numbers as they are, and say where a theorem is silent."""

import numpy as np
import pytest

import ntkit as nk
from ntkit import conditioning, figures


@pytest.fixture(scope="module")
def tanh():
    """The normalised tanh."""
    return nk.activation("tanh").normalized()


def curves(figure):
    """Trace by name."""
    return {trace.name: trace for trace in figure.data}


def all_figures(tanh):
    return (
        figures.length_map_figure(conditioning.length_curves(tanh, points=9)),
        figures.length_figure(conditioning.length_profile(tanh, 20, (0.5, 4.0), rho=0.95), theme="dark"),
    )


def test_titles_name_the_parameterisation_and_axes_say_what_they_show(tanh):
    for figure in all_figures(tanh):
        assert "NTK parameterisation" in figure.layout.title.subtitle.text
        axes = [axis for axis in figure.layout.to_plotly_json() if axis.startswith(("xaxis", "yaxis"))]
        assert all(figure.layout[axis].title.text for axis in axes)
        assert not figure.layout.shapes
        assert not figure.layout.annotations


def test_figure_6_draws_the_length_map_and_the_bias_with_their_chords():
    found = conditioning.length_curves(nk.normrelu(), points=41)
    drawn = curves(figures.length_map_figure(found))
    np.testing.assert_array_equal(drawn["length map σ̂<sub>l</sub>(γ)"].y, found.length)
    np.testing.assert_array_equal(drawn["at most this far from 1"].y, found.envelope)
    np.testing.assert_array_equal(drawn["bias(γ)"].y, found.bias)
    np.testing.assert_array_equal(drawn["bias at most"].y, found.bias_envelope)
    assert drawn["bias(γ)"].xaxis == "x2"
    words = figures.length_map_picture(found).summary
    assert "0.54 and one of 2 into 1.755" in words
    assert "0.07998 from below and 0.1572 from above" in words


def test_two_inputs_are_drawn_beside_their_bounds(tanh):
    found = conditioning.length_profile(tanh, 30, (0.5, 4.0), rho=0.95)
    drawn = curves(figures.length_figure(found))
    np.testing.assert_array_equal(drawn["‖x‖² = 0.5: |γ<sub>l</sub> − 1|"].y, np.abs(found.excess[0]))
    np.testing.assert_array_equal(drawn["of y at most"].y, found.length_bound[1])
    np.testing.assert_array_equal(drawn["exact |ρ<sub>l</sub>|"].y, found.correlation)
    np.testing.assert_array_equal(drawn["layer by layer at most"].y, found.step_bound)
    np.testing.assert_array_equal(drawn["Theorem 12: at most"].y, found.bound)
    assert list(drawn["L̂ = 13.27"].x) == [found.start] * 2
    assert f"at most {found.bound[-1]:.3g} by Theorem 12" in figures.length_picture(found).summary


def test_theorem_that_is_silent_is_left_out_of_the_legend_and_the_words_say_why():
    found = conditioning.length_profile(nk.activation("relu").normalized(), 8, (0.5, 2.0), rho=0.95)
    drawn = curves(figures.length_figure(found))
    assert not drawn["theorem: at most"].showlegend
    assert not any(name.startswith("L̂") for name in drawn)
    assert found.silent in figures.length_picture(found).summary


def test_theorem_that_speaks_deeper_down_is_announced(tanh):
    shallow = conditioning.length_profile(tanh, 5, (0.5, 4.0), rho=0.95)
    assert "Theorem 12 speaks from layer 14 on" in figures.length_picture(shallow).summary


def test_lengths_that_are_one_at_once_leave_a_dot():
    # a logarithmic axis has no place for 0
    found = conditioning.length_profile(nk.activation("sign"), 4, (0.5, 2.0), rho=0.5)
    drawn = curves(figures.length_figure(found))["‖y‖² = 2: |γ<sub>l</sub> − 1|"]
    assert drawn.y[0] == 1
    assert np.isnan(np.asarray(drawn.y[1:], dtype=float)).all()
    assert drawn.mode == "lines+markers"
