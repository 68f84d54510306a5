"""The pictures of certificates, ranks and Hermite coefficients draw the results' numbers as they are."""

import numpy as np

import ntkit as nk
from ntkit import figures
from ntkit.figures.plain import drawn
from ntkit.gram import approximation, certificates, hermite_decay, polynomials


def circles(*sizes):
    return [nk.data.half_circle(n).x for n in sizes]


def test_rungs_are_drawn_over_n_with_the_constant_of_what_is_stated():
    found = certificates.ladder(nk.activation("relu"), circles(4, 8, 16))
    figure = figures.ladder_figure(found, constant=0.25)
    curves = drawn(figure)
    np.testing.assert_array_equal(curves["λ<sub>min</sub>"], found.exact)
    np.testing.assert_array_equal(curves["Hadamard sum"], found.hadamard_sum)
    np.testing.assert_array_equal(curves["Theorem 4.2, constant 0.25"], 0.25 * found.stated["Theorem 4.2"])
    np.testing.assert_array_equal(figure.data[0].x, [4, 8, 16])
    assert "infinite width" in figure.layout.title.subtitle.text
    assert f"{found.exact[-1]:.3g}" in figures.ladder_picture(found).summary


def test_sets_of_one_size_are_drawn_over_their_separation():
    sets = [nk.data.sphere(8, delta, dim=4).x for delta in (1e-3, 1e-2)]
    figure = figures.ladder_figure(certificates.ladder(nk.activation("relu"), sets))
    np.testing.assert_allclose(figure.data[0].x, [1e-3, 1e-2])
    assert figure.layout.xaxis.title.text.startswith("separation")


def test_rungs_without_a_value_have_no_place_in_the_legend():
    figure = figures.ladder_figure(certificates.ladder(nk.activation("tanh"), circles(30, 40)))
    shown = {trace.name for trace in figure.data if trace.showlegend}
    assert "closed form" not in shown
    assert "one term of Gershgorin" not in shown  # smaller than anything that is known of an eigenvalue
    assert {"λ<sub>min</sub>", "from above, L²", "Lemma I.1, best r"} <= shown


def test_ranks_are_lines_and_what_was_found_are_dots():
    table = polynomials.rank_table(3, (1, 2, 3))
    figure = figures.rank_figure([table])
    curves = {(trace.name, trace.mode): trace.y for trace in figure.data}
    np.testing.assert_array_equal(curves["d' = 3, on the sphere", "lines"], table.sphere)
    np.testing.assert_array_equal(curves["d' = 3, paper's bound", "lines"], table.stated)
    np.testing.assert_array_equal(curves["found", "markers"], table.found_sphere)
    np.testing.assert_array_equal(curves["found, any norms", "markers"], table.found_general)


def test_coefficients_are_drawn_where_hilles_rate_is_a_line():
    decays = [hermite_decay.slope_decay(nk.activation(name)) for name in ("tanh", "relu", "gelu", "quadratic")]
    figure = figures.decay_figure(decays)
    curves = drawn(figure)
    np.testing.assert_array_equal(curves["tanh"], decays[0].size)
    np.testing.assert_allclose(figure.data[0].x, np.sqrt(2 * decays[0].order + 1))
    np.testing.assert_array_equal(curves["tanh, nearest pole"], decays[0].pole.asymptote(decays[0].order))
    assert not any(name.startswith("relu,") for name in curves)
    words = figures.decay_picture(decays).summary
    assert "relu fall like r^−0.75" in words
    assert "quadratic that are not 0 number 1" in words


def test_the_lab_shows_errors_beside_coefficients():
    tanh, gelu = nk.activation("tanh"), nk.activation("gelu")
    found = approximation.slope_errors(tanh, 3.0, [4, 8, 16])
    curves = drawn(figures.hermite_lab_figure([hermite_decay.slope_decay(tanh)], found))
    np.testing.assert_array_equal(curves["sup error, tanh"], found.measured)
    np.testing.assert_array_equal(curves["proved"], found.right)
    np.testing.assert_array_equal(curves["Eq. (8) as printed"], found.printed)
    nothing_said = approximation.slope_errors(gelu, 3.0, [4, 8])
    assert "proved" not in drawn(figures.hermite_lab_figure([hermite_decay.slope_decay(gelu)], nothing_said))
