"""The figure of each subject: it draws the result's numbers as they are, under a title that says what they are."""

import numpy as np
import pytest

import ntkit as nk
from ntkit import figures


@pytest.fixture(scope="module")
def sigma():
    """The normalised ReLU."""
    return nk.activation("relu").normalized()


@pytest.fixture(scope="module")
def profile(sigma):
    """A depth profile that turns at L₀ = 19."""
    return nk.conditioning.depth_profile(sigma, depth=60, delta=0.05)


@pytest.fixture(scope="module")
def comparison(sigma):
    """Spectra of few points, deep enough for every corollary."""
    x = nk.data.sphere(8, 0.3, dim=12).x
    return nk.spectra.compare_spectra(nk.mlp(120, sigma), x)


def curves(figure):
    """Trace by name."""
    return {trace.name: trace for trace in figure.data}


def all_figures(sigma, profile, comparison):
    """One figure of each subject."""
    kernel = nk.mlp(3, sigma).ntk(nk.data.sphere(6, 0.2).x)
    predictions = {("relu", 3): nk.dynamics.predict(kernel, np.ones(6), 30)}
    return (
        figures.bound_figure(profile),
        figures.spectrum_figure(comparison),
        figures.shape_figure(nk.shapes.shape(sigma), [nk.shapes.shape(nk.normrelu())]),
        figures.training_figure(predictions),
        figures.hardness_figure(nk.hardness.pair_decay(sigma, 6, 0.2, 32, draws=20)),
        figures.one_layer_figure({"arc": nk.conditioning.one_layer_floors([nk.data.half_circle(4).x])}),
        figures.queries_figure(nk.hardness.query_correlations(sigma, 4, 4, 32, draws=20)),
        figures.overfitting_figure(learned(sigma)),
        figures.noise_figure({0.1: learned(sigma, noise=0.1), 0.4: learned(sigma, noise=0.4)}),
        figures.depth_speed_figure(speeds(sigma)),
        figures.mode_decay_figure(decay(sigma)),
        figures.uncentred_figure(uncentred("swish")),
        figures.regimes_figure([uncentred("softplus"), uncentred("relu"), uncentred("swish")]),
    )


def learned(sigma, **settings):
    """How minimum-norm interpolation of few points fares."""
    return nk.overfitting.learning_curve(sigma, 10, (4, 8, 16), **settings)


def speeds(sigma, depth=20):
    """Steps against depth of few points, normalised and not centred."""
    points = nk.data.sphere(6, 0.1, dim=6, seed=0)
    beside = nk.activation("relu").with_unit_second_moment()
    return {
        name: nk.networks.steps_by_depth(chosen, points.x, points.y, depth)
        for name, chosen in {"normalised": sigma, "not centred": beside}.items()
    }


def decay(sigma):
    """Modes of a small network while its read-out is trained."""
    points = nk.data.sphere(6, 0.1, dim=6, seed=0)
    module = nk.mlp(3, sigma).module(points.dim, width=32, seed=0).double()
    return nk.networks.mode_decay(module, points.x, points.y, steps=(0, 3, 9))


def uncentred(name, depth=200):
    """The way of an uncentred activation to its fixed point, from three starts."""
    return nk.conditioning.uncentred_profile(nk.activation(name).with_unit_second_moment(), depth)


def test_every_title_names_the_parameterisation_and_every_axis_says_what_it_shows(sigma, profile, comparison):
    for figure in all_figures(sigma, profile, comparison):
        assert "NTK parameterisation" in figure.layout.title.subtitle.text
        axes = [axis for axis in figure.layout.to_plotly_json() if axis.startswith(("xaxis", "yaxis"))]
        titled = [axis for axis in axes if figure.layout[axis].title.text or figure.layout[axis].type == "category"]
        assert titled == axes


def test_no_information_is_in_shapes_or_annotations_which_open_views_do_not_refresh(sigma, profile, comparison):
    for figure in all_figures(sigma, profile, comparison):
        assert not figure.layout.shapes
        assert not figure.layout.annotations


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_themes(profile, theme):
    assert figures.bound_figure(profile, theme=theme).layout.template == figures.template(theme)


# ---- bound


def test_bound_figure_draws_the_profile_and_marks_where_the_bound_turns(profile):
    drawn = curves(figures.bound_figure(profile))
    np.testing.assert_array_equal(drawn["bound B(l, δ)"].y, profile.bound)
    np.testing.assert_array_equal(drawn["exact |ρ<sub>l</sub>|"].y, profile.correlation)
    np.testing.assert_array_equal(drawn["NTK bound 2B(l/2, δ)"].y, profile.ntk_bound)
    np.testing.assert_array_equal(drawn["exact NTK |Θ<sub>l</sub>(ρ)|/Θ<sub>l</sub>(1)"].y, profile.ntk_ratio)
    assert list(drawn["L₀ = 19"].x) == [19, 19]
    assert list(drawn["2L₀ = 38"].x) == [38, 38]
    assert figures.bound_figure(profile).layout.yaxis.type == "log"


def test_marker_beyond_the_axis_is_left_out(sigma):
    shallow = nk.conditioning.depth_profile(sigma, depth=10, delta=0.05)
    assert not any(name.startswith(("L₀", "2L₀")) for name in curves(figures.bound_figure(shallow)))


@pytest.mark.parametrize(("depth", "listed"), [(37, False), (38, True)])
def test_bound_that_holds_at_no_layer_drawn_is_left_out_of_the_legend(sigma, depth, listed):
    profile = nk.conditioning.depth_profile(sigma, depth=depth, delta=0.05)
    assert curves(figures.bound_figure(profile))["NTK bound 2B(l/2, δ)"].showlegend == listed


def test_few_layers_get_a_tick_each(sigma):
    few = figures.bound_figure(nk.conditioning.depth_profile(sigma, depth=4, delta=0.05))
    assert few.layout.xaxis.dtick == 1


def test_bound_in_words_gives_the_numbers_of_the_deepest_layer(profile):
    words = figures.bound_picture(profile).summary
    assert f"{profile.correlation[-1]:.3g}" in words
    assert f"at most {profile.bound[-1]:.3g}" in words
    assert "L₀ = 19" in words


def test_curves_that_vanish_do_not_break_the_logarithmic_axis():
    profile = nk.conditioning.depth_profile(nk.activation("quadratic").normalized(), depth=40, delta=0.5)
    assert profile.correlation[-1] == 0
    marker = next(t for t in figures.bound_figure(profile).data if t.name.startswith("L₀"))
    assert marker.y[0] > 0


# ---- spectrum


def test_spectrum_figure_draws_both_spectra_in_units_of_their_diagonal(comparison):
    drawn = curves(figures.spectrum_figure(comparison))
    np.testing.assert_array_equal(drawn["NNGP"].y, comparison.nngp.eigenvalues)
    np.testing.assert_allclose(np.mean(drawn["NTK"].y), 1, rtol=1e-12)
    np.testing.assert_allclose(drawn["NTK"].y / drawn["NTK"].y[0], comparison.ntk.eigenvalues / comparison.ntk.max)


def test_floor_and_ceiling_enclose_the_eigenvalues(comparison):
    drawn = curves(figures.spectrum_figure(comparison))
    for kernel in ("NNGP", "NTK"):
        assert np.all(drawn[f"floor, {kernel}"].y <= np.min(drawn[kernel].y) + 1e-12)
        assert np.all(drawn[f"bounds, {kernel}"].y >= np.max(drawn[kernel].y) - 1e-12)


def test_condition_numbers_stand_below_the_corollaries_that_apply(comparison):
    drawn = curves(figures.spectrum_figure(comparison))
    for kernel in ("NNGP", "NTK"):
        exact, *bounds = drawn[f"κ of {kernel}"].x
        assert exact == getattr(comparison, kernel.lower()).condition_number
        assert all(exact <= bound for bound in bounds if not np.isnan(bound))
        assert any(not np.isnan(bound) for bound in bounds)


def test_inputs_are_drawn_beside_what_depth_makes_of_them(sigma):
    x = nk.data.sphere(8, dim=5).x
    comparison = nk.spectra.compare_spectra(nk.mlp(4, sigma), x)
    drawn = curves(figures.spectrum_figure(comparison))["inputs, L = 0"].y
    np.testing.assert_allclose(drawn[:5], np.linalg.eigvalsh(x @ x.T)[:2:-1])
    assert np.all(np.isnan(drawn[5:]))
    assert "inputs is singular" in figures.spectrum_picture(comparison).summary


def test_eigenvalues_within_rounding_of_zero_are_not_drawn(sigma):
    x = nk.data.two_points(1e-17).x
    comparison = nk.spectra.compare_spectra(nk.mlp(1, sigma), x)
    assert comparison.nngp.condition_number == np.inf
    drawn = curves(figures.spectrum_figure(comparison))
    assert np.isnan(drawn["NNGP"].y[-1])
    assert np.isnan(drawn["κ of NNGP"].x[0])


# ---- shape


def test_shape_figure_draws_the_activation_and_its_expansion():
    chosen = nk.shapes.shape(nk.activation("relu"))
    drawn = curves(figures.shape_figure(chosen, [nk.shapes.shape(nk.activation("selu"))]))
    np.testing.assert_array_equal(drawn["relu"].y, np.maximum(chosen.x, 0))
    np.testing.assert_allclose(drawn["normalized relu"].y, chosen.scale * (np.maximum(chosen.x, 0) + chosen.shift))
    assert "selu, normalized" in drawn
    np.testing.assert_allclose(drawn["a<sub>k</sub>²"].y.sum(), 1, atol=1e-2)


def test_activation_that_is_normalised_already_is_drawn_once():
    figure = figures.shape_figure(nk.shapes.shape(nk.normrelu()))
    assert [trace.name for trace in figure.data] == ["normrelu", "a<sub>k</sub>²"]
    assert "σ̄ = σ" in figure.layout.title.subtitle.text


# ---- training


def test_training_figure_tells_activations_by_colour_and_depths_by_dash():
    kernel = np.diag([2.0, 1.0])
    keys = [("relu", 2), ("tanh", 2), ("relu", 8)]
    predictions = {key: nk.dynamics.predict(kernel, [1.0, 1.0], 50) for key in keys}
    lines = {trace.name: trace.line for trace in figures.training_figure(predictions).data}
    assert lines["relu, L = 2"].color == lines["relu, L = 8"].color != lines["tanh, L = 2"].color
    assert lines["relu, L = 2"].dash == lines["tanh, L = 2"].dash != lines["relu, L = 8"].dash


def test_training_figure_begins_at_the_start_and_ends_at_the_end():
    prediction = nk.dynamics.predict(np.diag([2.0, 1.0]), [1.0, 1.0], 5000)
    (trace,) = figures.training_figure({("relu", 2): prediction}).data
    assert (trace.x[0], trace.x[-1]) == (1, 5001)
    assert (trace.y[0], trace.y[-1]) == (prediction.loss[0], prediction.loss[-1])
    assert len(trace.x) <= 150


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        ((0.5, 0.5), "each with η = 1/λ<sub>max</sub>"),
        ((0.25, 0.25), "each with η = 0.5/λ<sub>max</sub>"),
        ((0.5, 0.25), "each with an η of its own"),
    ],
)
def test_title_of_training_names_the_learning_rate_that_was_taken(rates, words):
    kernel = np.diag([2.0, 1.0])
    predictions = {("relu", L): nk.dynamics.predict(kernel, [1.0, 1.0], 9, rate) for L, rate in enumerate(rates, 1)}
    assert words in figures.training_figure(predictions).layout.title.subtitle.text


@pytest.mark.parametrize(("steps", "decades"), [(3, 1), (20, 4), (5000, 6)])
def test_axis_of_the_loss_shows_as_many_decades_as_it_falls(steps, decades):
    prediction = nk.dynamics.predict(np.diag([2.0, 0.35]), [0.0, 1.0], steps)
    layout = figures.training_figure({("relu", 2): prediction}).layout
    low, high = layout.yaxis.range
    assert low == pytest.approx(np.log10(prediction.loss[0]) - decades)
    assert high > np.log10(prediction.loss[0])
    assert layout.xaxis.range[0] < 0 < np.log10(1 + steps) < layout.xaxis.range[1]


def test_measured_curve_lies_over_its_prediction():
    x, y = nk.data.sphere(6, 0.3).x, np.array([1.0, -1.0] * 3)
    net = nk.mlp(1, nk.activation("tanh").normalized())
    run = nk.networks.train(net.module(x.shape[1], 64, seed=0), x, y, 20)
    predictions = {("tanh", 1): nk.dynamics.predict(net.ntk(x), y, 20, run.learning_rate, initial=run.initial)}
    predicted, measured = figures.training_figure(predictions, {("tanh", 1): run}).data
    assert measured.name == "tanh, L = 1, measured"
    assert measured.marker.color == predicted.line.color
    np.testing.assert_allclose(measured.y[0], predicted.y[0], rtol=1e-5)


# ---- uncentred activations


def test_uncentred_figure_draws_the_profile_and_its_fixed_point():
    profile = uncentred("swish")
    drawn = curves(figures.uncentred_figure(profile))
    np.testing.assert_array_equal(drawn["σ̂(ρ)"].y, profile.dual)
    np.testing.assert_array_equal(drawn["Lemma 35, as stated"].y, profile.bound)
    np.testing.assert_array_equal(drawn["sharp"].y, profile.sharp)
    for column, start in enumerate(("−0.9", "0", "0.9")):
        way = drawn[f"|ρ<sub>l</sub> − ρ̄| from ρ₀ = {start}"]
        np.testing.assert_array_equal(way.y, np.abs(profile.deviation[:, column]))
    assert drawn["ρ̄"].x == drawn["ρ̄"].y == (profile.point.correlation,)


def test_cobweb_goes_from_the_diagonal_to_the_dual_and_back():
    profile = uncentred("swish")
    web = curves(figures.uncentred_figure(profile))["cobweb from ρ₀ = −0.9"]
    np.testing.assert_array_equal(web.x[0], web.y[0])
    sigma = nk.activation("swish").with_unit_second_moment()
    np.testing.assert_allclose(web.y[1::2], sigma.dual(np.asarray(web.x[1::2])), atol=1e-13)
    np.testing.assert_array_equal(web.x[2::2], web.y[2::2])


def test_regimes_share_one_scale_and_one_legend():
    profiles = [uncentred("softplus"), uncentred("relu"), uncentred("swish")]
    figure = figures.regimes_figure(profiles)
    assert figure.layout.yaxis2.range == figure.layout.yaxis4.range == figure.layout.yaxis6.range
    shown = [trace.name for trace in figure.data if trace.showlegend is not False]
    assert len(shown) == len(set(shown)) == 7
    drawn = curves(figure)
    np.testing.assert_array_equal(drawn["relu, Lemma 36, as stated"].y, profiles[1].bound)
    words = figures.regimes_picture(profiles).summary
    assert all(part in words for part in ("softplus is ordered", "relu is critical", "swish is chaotic", "0.6587"))


# ---- overfitting


def test_overfitting_figure_draws_the_excess_risk_beside_its_bounds(sigma):
    found = learned(sigma, noise=0.2)
    drawn = curves(figures.overfitting_figure(found))
    np.testing.assert_array_equal(drawn["interpolant, exact"].y, found.excess)
    np.testing.assert_array_equal(drawn["Lemma 55"].y, found.lemma_55)
    np.testing.assert_array_equal(drawn["Theorem 16"].y, found.bound)
    np.testing.assert_array_equal(drawn["Theorem 16, sharp"].y, found.sharp)
    np.testing.assert_array_equal(drawn["zero predictor"].y, found.zero)
    assert list(drawn["Lemma 55"].x) == [4, 8, 16]


def test_theorem_that_does_not_apply_is_left_out_of_the_legend_and_its_depth_is_in_the_words(sigma):
    found = learned(sigma, depth=3)
    drawn = curves(figures.overfitting_figure(found))
    assert [name for name, trace in drawn.items() if trace.showlegend] == [
        "interpolant, exact",
        "Lemma 55",
        "zero predictor",
    ]
    assert f"Theorem 16 asks for {found.required[-1]} layers" in figures.overfitting_picture(found).summary


def test_noise_figure_sets_each_risk_beside_that_of_the_best_predictor(sigma):
    found = learned(sigma, depth=3, noise=0.4)
    drawn = curves(figures.noise_figure({0.4: found}))
    np.testing.assert_array_equal(drawn["noise 0.4"].y, found.risk)
    np.testing.assert_allclose(drawn["best, noise 0.4"].y, 0.16, rtol=1e-15)
    with pytest.raises(ValueError, match="at least one curve"):
        figures.noise_picture({})


# ---- optimisation


def test_depth_speed_figure_draws_the_steps_their_ceiling_and_what_was_counted(sigma):
    results = speeds(sigma, depth=60)
    points = nk.data.sphere(6, 0.1, dim=6, seed=0)
    counted = nk.networks.finite_steps(sigma, points.x, points.y, (2, 5), width=32)
    for layers, kernel in (("top", "nngp"), ("all", "ntk")):
        drawn = curves(figures.depth_speed_figure(results, {"normalised": counted}, layers=layers))
        found = getattr(results["normalised"], kernel)
        np.testing.assert_array_equal(drawn["normalised"].y, found.steps)
        np.testing.assert_array_equal(drawn["normalised, at most"].y, found.ceiling)
        assert "not centred, at most" not in drawn  # the theorems are silent
        np.testing.assert_array_equal(drawn["normalised, width 32"].y, counted.steps)
        level = drawn["1.24 log(1/ε), from κ = 3 on"].y
        assert level[0] == level[1] == pytest.approx(np.log(1000) / (2 * np.log(1.5)))
    figure = figures.depth_speed_figure(results)
    assert figure.layout.yaxis.type == "log"
    assert "δ = 0.1" in figure.layout.title.subtitle.text
    words = figures.depth_speed_picture(results).summary
    assert f"from layer {results['normalised'].nngp.reached} on" in words
    assert "κ stays above 3" in words


def test_depth_speed_of_a_step_has_no_all_layers():
    points = nk.data.sphere(6, 0.1, dim=6, seed=0)
    found = nk.networks.steps_by_depth(nk.activation("step").normalized(), points.x, points.y, 4)
    with pytest.raises(ValueError, match=r'no neural tangent kernel.*Take layers="top"'):
        figures.depth_speed_figure({"step": found}, layers="all")


def test_kernels_that_never_train_leave_a_figure():
    points = nk.data.sphere(6, 0.1, dim=3, seed=0)
    found = nk.networks.steps_by_depth(nk.activation("identity"), points.x, points.y, 4)
    assert np.isfinite(figures.depth_speed_figure({"identity": found}).layout.yaxis.range).all()


def test_mode_decay_figure_draws_fast_and_slow_modes(sigma):
    found = decay(sigma)
    drawn = figures.mode_decay_figure(found).data
    np.testing.assert_array_equal(drawn[0].y, found.predicted[:, 0])
    measured = [trace for trace in drawn if trace.mode == "markers"]
    np.testing.assert_array_equal(measured[-1].y, found.measured[:, -1])
    assert len(measured) == len(drawn) // 2 == 5
