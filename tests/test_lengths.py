"""Inputs of any norm: length map, generalised Hermite coefficients, and every theorem against the exact quantity.

Oracles that share no code with ntkit: scipy.integrate.quad and mpmath on the activations written out here.
"""

import itertools
from functools import cache

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

import ntkit as nk
from ntkit import conditioning

ODD_CONCAVE = ("tanh", "erf", "arctan", "softsign", "hardtanh", "sigmoid")
QUICK = ("tanh", "erf", "arctan", "hardtanh", "sigmoid")  # of which a pair takes milliseconds
FUNCTIONS = {
    "tanh": np.tanh,
    "erf": special.erf,
    "arctan": np.arctan,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "hardtanh": lambda x: np.clip(x, -1, 1),
    "sigmoid": lambda x: special.expit(x) - 0.5,
    "relu": lambda x: np.maximum(x, 0) - 1 / np.sqrt(2 * np.pi),
}
NORMS = ((0.5, 4.0), (1.0, 1.0), (3.0, 0.7), (0.5, 0.5), (6.0, 1.2))


@cache
def normalized(name):
    return nk.activation(name).normalized()


def expectation(function, *breaks):
    """E f(Z) by scipy.integrate.quad, split at the places given and at 0."""
    edges = sorted({-12.0, 0.0, 12.0, *np.clip(breaks, -12, 12)})
    pieces = (
        integrate.quad(lambda z: function(z) * stats.norm.pdf(z), *ends, epsabs=1e-14, epsrel=1e-13)[0]
        for ends in itertools.pairwise(edges)
    )
    return sum(pieces)


@cache
def oracle_length(name, gamma):
    """σ̂_l(γ) of the normalised activation."""
    function, root = FUNCTIONS[name], np.sqrt(gamma)
    at_one = expectation(lambda z: function(z) ** 2, -1, 1)
    return expectation(lambda z: function(root * z) ** 2, -1 / root, 1 / root) / at_one


# --- one layer -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gamma", [0.1, 0.5, 1.3, 9.0])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_length_map_is_the_integral(name, gamma):
    assert conditioning.length_map(normalized(name), gamma) == pytest.approx(oracle_length(name, gamma), rel=1e-11)


@pytest.mark.parametrize("name", ODD_CONCAVE)
def test_derivative_of_the_length_map_is_the_limit_of_its_difference_quotients(name):
    sigma, gamma, step = normalized(name), np.array([0.3, 1.0, 2.5]), 1e-4
    lengths = {k: conditioning.length_map(sigma, gamma + k * step) for k in (-2, -1, 1, 2)}
    quotient = (8 * (lengths[1] - lengths[-1]) - (lengths[2] - lengths[-2])) / (12 * step)
    np.testing.assert_allclose(conditioning.length_map_derivative(sigma, gamma), quotient, rtol=1e-9)


def test_length_of_an_activation_that_jumps_moves_as_its_normal_tail():
    # a step at 1: E 1{√γ Z > 1} = Φ(−1/√γ)
    step = nk.Activation("late step", lambda x: (x > 1) * 1.0, kinks=(1.0,))
    gamma = np.array([0.5, 1.0, 4.0])
    np.testing.assert_allclose(conditioning.length_map(step, gamma), stats.norm.sf(gamma**-0.5), rtol=1e-12)
    slope = stats.norm.pdf(gamma**-0.5) * 0.5 * gamma**-1.5
    np.testing.assert_allclose(conditioning.length_map_derivative(step, gamma), slope, rtol=1e-11)


@pytest.mark.parametrize("excess", [1e-13, -1e-9, 1e-4, 0.2, -0.2, 0.3, -0.45])
def test_one_step_from_near_the_fixed_point_keeps_every_digit(excess):
    with mpmath.workdps(40):
        places = [-20, -6, -2, 0, 2, 6, 20]
        unit = mpmath.quad(lambda z: mpmath.tanh(z) ** 2 * mpmath.npdf(z), places)
        root = mpmath.sqrt(1 + mpmath.mpf(excess))
        whole = mpmath.quad(lambda z: mpmath.tanh(root * z) ** 2 * mpmath.npdf(z), places)
        expected = float(whole / unit - 1)
    after = conditioning.length_iterates(normalized("tanh"), 1, excess=excess)[1]
    assert after == pytest.approx(expected, rel=2e-14)


def test_lengths_far_below_rounding_still_shrink_by_the_slope():
    sigma = normalized("arctan")
    found = conditioning.length_iterates(sigma, 60, excess=1e-30)
    slope = conditioning.length_map_derivative(sigma, 1.0)
    np.testing.assert_allclose(found, 1e-30 * slope ** np.arange(61), rtol=1e-11)


def test_lengths_are_the_diagonal_of_the_kernel_of_a_network():
    # the network of l layers reads out E σ(u)², γ of its last layer
    x = np.array([[1.3, 0.2], [0.4, -0.7], [0.9, 2.0]])
    for name in ("tanh", "relu", "hardtanh"):
        found = conditioning.length_iterates(normalized(name), 5, squared_norm=(x**2).sum(axis=1))
        for depth in (1, 3, 5):
            diagonal = np.diag(nk.mlp(depth, normalized(name)).nngp(x))
            np.testing.assert_allclose(1 + found[depth], diagonal, rtol=1e-11)


def test_lengths_of_relu_as_it_is_never_change():
    relu = nk.activation("relu").with_unit_second_moment()
    np.testing.assert_allclose(conditioning.length_iterates(relu, 20, squared_norm=[0.5, 7.0])[-1], [-0.5, 6.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: conditioning.length_map(normalized("tanh"), 0.0), "must be positive and finite; got 0.0"),
        (lambda: conditioning.length_iterates(nk.activation("tanh"), 3, squared_norm=2.0), r"E σ\(X\)² = 1"),
        (lambda: conditioning.length_iterates(normalized("tanh"), 3), "either squared_norm or excess="),
        (lambda: conditioning.length_iterates(normalized("relu"), 900, squared_norm=2.0), "run away"),
        (lambda: conditioning.hermite_polynomials(3, 1.0, [40.0]), "within 38 standard deviations"),
        (lambda: conditioning.correlation_map(normalized("tanh"), 1.0, 1.0, 1.5), r"rho must lie in \[−1, 1\]"),
        (lambda: conditioning.contraction_rate(normalized("relu")), r"σ\(0\) = 0 must hold"),
        (lambda: conditioning.contraction_rate(nk.activation("gelu").with_unit_second_moment()), "must be concave"),
        (lambda: conditioning.contraction_rate(nk.activation("abs")), "must be non-decreasing"),
        (lambda: conditioning.theorem_37(3, 0.4, 0.5), "squared norm must be 0.5 or more"),
        (lambda: conditioning.theorem_37(3, 0.6, -0.1), r"alpha must lie in \[0, 1\]"),
        (lambda: conditioning.theorem_12(4, 0.1, 0.5, 4.2), "Theorem 12 needs depth ≥ L̂ = 4.2; got 4"),
        (lambda: conditioning.theorem_59_constants(nk.activation("relu")), "needs E σ = 0"),
        (lambda: conditioning.theorem_59_constants(nk.normrelu(0.5)), "lengths need not tend to 1"),
        (lambda: conditioning.theorem_59_constants(nk.normrelu(-0.5)), "length map leaves"),
        (lambda: conditioning.theorem_59_constants(nk.normrelu(-3.0)), "leaves its chords"),
        (lambda: conditioning.theorem_59(500, 0.01, 0.1, constants()), "δ > δ' = 0.0185428"),
        (lambda: conditioning.length_profile(normalized("tanh"), 3, (1.0, -1.0), 0.5), "must be positive"),
    ],
)
def test_refusals_say_what_must_hold(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


# --- Lemma 40 and the series -----------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.floats(0.1, 9), st.floats(0.1, 9), st.floats(-0.99, 0.99))
def test_lemma_40(first, second, rho):
    # 40 Gauss–Hermite nodes in the plane are exact for these products
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    z, w = (a.ravel() for a in np.meshgrid(nodes, nodes))
    weight = np.outer(weights, weights).ravel() / (2 * np.pi)
    u, v = np.sqrt(first) * z, np.sqrt(second) * (rho * z + np.sqrt(1 - rho**2) * w)
    h_u, h_v = conditioning.hermite_polynomials(8, first, u), conditioning.hermite_polynomials(8, second, v)
    np.testing.assert_allclose((h_u * weight) @ h_v.T, np.diag(rho ** np.arange(8)), atol=1e-9)


def test_hermite_coefficients_are_the_integrals_against_the_polynomials():
    found = conditioning.hermite_coefficients(normalized("arctan"), 2.5, 6)
    unit = expectation(lambda z: np.arctan(z) ** 2) ** -0.5
    for j in range(6):
        hermite = special.hermitenorm(j)
        exact = expectation(lambda z, h=hermite: unit * np.arctan(2.5**0.5 * z) * h(z)) / special.factorial(j) ** 0.5
        assert found[j] == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("name", ["tanh", "erf", "arctan", "sin", "gelu"])
@pytest.mark.parametrize("norms", [(0.5, 2.0), (1.0, 1.0), (3.0, 0.4)])
def test_series_and_exact_correlation_map_agree(name, norms):
    rho = np.array([-1.0, -0.7, 0.0, 0.3, 0.95, 1.0])
    exact = conditioning.correlation_map(normalized(name), *norms, rho)
    np.testing.assert_allclose(conditioning.correlation_series(normalized(name), *norms, rho, 600), exact, atol=1e-11)


def test_correlation_map_of_the_error_function_has_a_closed_form():
    # E erf(u)erf(v) = (2/π) arcsin(2k/√((1 + 2q₁)(1 + 2q₂))), Williams (1997)
    rho, (first, second) = np.linspace(-1, 1, 9), (0.6, 5.0)
    cross = np.arcsin(2 * rho * np.sqrt(first * second) / np.sqrt((1 + 2 * first) * (1 + 2 * second)))
    own = np.sqrt(np.arcsin(2 * first / (1 + 2 * first)) * np.arcsin(2 * second / (1 + 2 * second)))
    found = conditioning.correlation_map(nk.activation("erf"), first, second, rho)
    np.testing.assert_allclose(found, cross / own, atol=1e-12)


@given(st.floats(0.05, 20), st.sampled_from(QUICK))
@settings(max_examples=20, deadline=None)
def test_generalised_nonlinearity_and_bias_are_shares(gamma, name):
    sigma = normalized(name)
    share, common = conditioning.generalized_nonlinearity(sigma, gamma), conditioning.bias(sigma, gamma)
    linear = conditioning.hermite_coefficients(sigma, gamma, 2)[1] ** 2 / conditioning.length_map(sigma, gamma)
    assert 0 <= share <= 1
    assert common == 0
    assert share == pytest.approx(1 - linear, abs=1e-11)


# --- the theorems ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ODD_CONCAVE)
def test_lemma_39_length_map_is_non_decreasing_and_concave(name):
    lengths = conditioning.length_map(normalized(name), np.linspace(0.02, 12, 120))
    assert np.diff(lengths).min() >= 0
    assert np.diff(lengths, 2).max() <= 1e-13


@pytest.mark.parametrize("name", [*ODD_CONCAVE, "selu"])
def test_theorem_37(name):
    sigma = nk.activation("selu") if name == "selu" else normalized(name)
    alpha, gamma = conditioning.contraction_rate(sigma), np.array([0.5, 0.6, 0.9, 1.0, 1.1, 3.0, 50.0])
    found = np.abs(conditioning.length_iterates(sigma, 60, squared_norm=gamma))
    bound = conditioning.theorem_37(np.arange(61)[:, None], gamma, alpha)
    assert 0 <= alpha <= 1
    assert (found <= bound * (1 + 1e-12)).all()


def test_theorem_37_with_the_printed_squares_fails():
    sigma = normalized("tanh")
    after = abs(conditioning.length_iterates(sigma, 1, squared_norm=0.5)[1])
    alpha = conditioning.contraction_rate(sigma)
    assert after**1 <= (1 - alpha) * 0.5
    assert after > (1 - alpha) * 0.5**2


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("norms", NORMS)
def test_lemma_41_and_its_sharp_form(name, norms):
    sigma, rho = normalized(name), np.concatenate([np.linspace(-1, 1, 41), [1e-6 - 1, 1 - 1e-6]])
    mu = conditioning.generalized_nonlinearity(sigma, norms)
    exact = np.abs(conditioning.correlation_map(sigma, *norms, rho))
    sharp = conditioning.lemma_41_sharp(1 - np.abs(rho), *mu)
    assert (exact <= sharp + 1e-12).all()
    assert (sharp <= conditioning.lemma_41(1 - np.abs(rho), *mu) + 1e-15).all()
    assert (exact <= np.abs(rho) + 1e-12).all()


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_lemma_41_of_one_length_is_lemma_21_and_its_sharp_form_is_smaller(delta, mu_x, mu_y):
    stated = conditioning.lemma_41(delta, mu_x, mu_y)
    assert conditioning.lemma_41_sharp(delta, mu_x, mu_y) <= stated + 1e-15
    if mu_x > 0:
        assert conditioning.lemma_41(delta, mu_x, mu_x) == pytest.approx(conditioning.lemma_21(delta, mu_x), abs=1e-15)


@pytest.mark.parametrize("name", ODD_CONCAVE)
def test_step_20_of_the_proof_of_theorem_42(name):
    # μ^{γ} ≥ μ/2 for |γ − 1| ≤ μ/4, and what it rests on: (a_1^{γ})² ≤ 1 − ¾μ
    sigma, mu = normalized(name), normalized(name).coefficient_of_nonlinearity
    for gamma in 1 + mu / 4 * np.linspace(-1, 1, 9):
        assert conditioning.generalized_nonlinearity(sigma, gamma) >= mu / 2
        assert conditioning.hermite_coefficients(sigma, gamma, 2)[1] ** 2 <= 1 - 0.75 * mu + 1e-13


@pytest.mark.parametrize("name", ODD_CONCAVE)
@pytest.mark.parametrize("norms", [(0.5, 2.0), (4.0, 4.0)])
@pytest.mark.parametrize("rho", [0.999, -0.6])
def test_theorem_12(name, norms, rho):
    profile = conditioning.length_profile(normalized(name), 80 if name in QUICK else 20, norms, rho)
    late = profile.depth >= profile.start
    assert profile.statement == "Theorem 12"
    assert late.any()
    assert (profile.correlation[late] <= profile.bound[late] * (1 + 1e-12)).all()
    assert np.isnan(profile.bound[~late]).all()
    assert (profile.correlation <= profile.step_bound * (1 + 1e-12)).all()
    assert (np.abs(profile.excess) <= profile.length_bound * (1 + 1e-12)).all()
    assert (np.abs(profile.excess[:, late]) <= profile.mu / 4 * (1 + 1e-12)).all()  # what L̂ is there for


def test_theorem_12_start_as_printed_is_too_early():
    # α·log in the place of (1/α)·log: lengths are not within μ/4 then
    sigma, norm = normalized("sigmoid"), 50.0
    alpha, mu = conditioning.contraction_rate(sigma), sigma.coefficient_of_nonlinearity
    excess = conditioning.length_iterates(sigma, 60, squared_norm=norm)
    needed = int(np.argmax(np.abs(excess) <= mu / 4))
    right = conditioning.theorem_12_start(alpha, mu, norm, 1.0)
    assert alpha**2 * right < needed <= np.ceil(right)


# --- NormReLU --------------------------------------------------------------------------------------------------------


@cache
def constants():
    return conditioning.theorem_59_constants(nk.normrelu())


def test_numbers_of_appendix_i():
    sigma = nk.normrelu(-1.5975)
    found = {
        0.5399887727: conditioning.length_map(sigma, 0.5),
        1.7545869651: conditioning.length_map(sigma, 2.0),
        0.8427674726: conditioning.length_map_derivative(sigma, 1.0),
        0.0008549889: conditioning.bias(sigma, 0.5),
        0.0029155330: conditioning.bias(sigma, 2.0),
        0.0799775455: constants().below,
        0.1572325274: constants().above,
        0.0185428105: constants().delta,
    }
    for expected, value in found.items():
        assert value == pytest.approx(expected, abs=5e-11)
    assert conditioning.bias(sigma, 1.0) == 0.0


@pytest.mark.parametrize("gamma", [0.5, 1.0, 1.7, 2.0, 30.0])
@pytest.mark.parametrize("c", [-2.5, -1.5975, 0.0, 1.0])
def test_closed_forms_of_appendix_i(c, gamma):
    sigma, k, root = nk.normrelu(c), c / gamma**0.5, gamma**0.5
    tail, density, b = stats.norm.sf(k), stats.norm.pdf(k), sigma.shift
    lam = sigma.scale
    length = lam**2 * ((c**2 + gamma - 2 * c * b) * tail + (2 * b - c) * root * density + b**2)
    assert conditioning.length_map(sigma, gamma) == pytest.approx(length, rel=1e-11)
    slope = lam**2 * (tail + b / root * density)
    assert conditioning.length_map_derivative(sigma, gamma) == pytest.approx(slope, abs=1e-11)
    mean = lam * (root * density - tail * c + b)
    assert conditioning.bias(sigma, gamma) == pytest.approx(mean**2 / length, abs=1e-12)


@pytest.mark.parametrize(("c", "depth", "norms"), [(-1.5975, 240, (2.0, 2.0)), (-0.6, 100, (0.5, 2.0))])
def test_theorem_59_as_stated_and_sharp(c, depth, norms):
    sigma = nk.normrelu(c)
    held = conditioning.theorem_59_constants(sigma)
    for rho in (1 - 1.05 * held.delta, 0.3):
        profile = conditioning.length_profile(sigma, depth, norms, rho)
        assert profile.statement == "Theorem 59"
        assert (profile.correlation <= profile.step_bound * (1 + 1e-12) + 1e-14).all()
        assert (profile.depth >= profile.start).any()
        for epsilon in (1.0, 1e-2, 1e-5):
            for start, bound in (
                (conditioning.theorem_59_start, conditioning.theorem_59),
                (conditioning.theorem_59_start_sharp, conditioning.theorem_59_sharp),
            ):
                late = profile.depth >= start(epsilon, held)
                assert (profile.correlation[late] <= bound(profile.depth[late], 1 - rho, epsilon, held)).all()


def test_theorem_59_sharp_follows_from_equation_29_on_the_worst_lengths():
    # The recursion of the proof on γ^∓ themselves, biases and all, stays below the sharp bound from its L̂ on
    held, delta, epsilon = constants(), 0.05, 1e-3
    layers = np.arange(4000)
    for rate, low in ((held.below, True), (held.above, False)):
        apart = (0.5 if low else 1.0) * (1 - rate) ** layers
        biases = (2 * held.bias_low if low else held.bias_high) * apart
        found = [1 - delta]
        for common, away in zip(biases, apart, strict=True):
            mu = held.mu / 2 if away <= held.mu / 4 else 0.0
            found.append(common + found[-1] * (1 - mu * (1 - found[-1])))
        late = layers[layers >= conditioning.theorem_59_start_sharp(epsilon, held)]
        bound = conditioning.theorem_59_sharp(late, delta, epsilon, held)
        assert (np.array(found)[late] <= bound).all()


# --- monotone is not enough ------------------------------------------------------------------------------------------


def test_shifted_relu_of_d4_has_a_length_map_that_is_neither_increasing_nor_concave():
    shifted = nk.Activation("max(x, 0) − 1", lambda x: np.maximum(x, 0) - 1, kinks=(0.0,))
    gamma = np.linspace(0.05, 4, 60)
    lengths = conditioning.length_map(shifted.with_unit_second_moment(), gamma)
    np.testing.assert_allclose(lengths * shifted.second_moment, gamma / 2 - np.sqrt(2 * gamma / np.pi) + 1, rtol=1e-12)
    assert np.diff(lengths).min() < 0
    assert np.diff(lengths, 2).min() > 0


def test_shifted_relu_converges_when_scaled_and_runs_away_when_centred_too():
    # brought to E σ² = 1 only, all lengths tend to 1; centred as well, it is the normalised ReLU
    shifted = nk.Activation("max(x, 0) − 1", lambda x: np.maximum(x, 0) - 1, kinks=(0.0,))
    norms = np.array([0.01, 0.5, 2.0, 100.0])
    tamed = conditioning.length_iterates(shifted.with_unit_second_moment(), 60, squared_norm=norms)
    assert np.abs(tamed[-1]).max() < 1e-6
    wild = conditioning.length_iterates(shifted.normalized(), 60, squared_norm=norms)
    relu = conditioning.length_iterates(normalized("relu"), 60, squared_norm=norms)
    np.testing.assert_allclose(wild, relu, rtol=1e-9)
    assert wild[-1, 2] > 1e6
    assert (np.diff(wild[:, 2:], axis=0) > 0).all()


# --- the profile -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tanh", "hardtanh", "relu"])
@pytest.mark.parametrize("rho", [0.9, -0.4])
def test_profile_follows_the_kernel_of_the_network(name, rho):
    # of two rows with these norms; the kernel has its own ways through the layers
    sigma, (first, second), depth = normalized(name), (0.6, 1.8), 3
    x = np.array([[first**0.5, 0.0], [second**0.5 * rho, second**0.5 * np.sqrt(1 - rho**2)]])
    profile = conditioning.length_profile(sigma, depth, (first, second), rho)
    kernel = nk.mlp(depth, sigma).nngp(x)
    expected = kernel[0, 1] / np.sqrt(kernel[0, 0] * kernel[1, 1])
    assert 1 - profile.gap[-1] == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("name", [*ODD_CONCAVE, "relu", "elu", "gelu"])
@pytest.mark.parametrize("rho", [0.9, -0.4])
def test_one_layer_of_the_profile_is_the_series(name, rho):
    # at |ρ| ≤ 0.9 two hundred terms leave out less than 1e-9 · 0.9^200
    profile = conditioning.length_profile(normalized(name), 1, (0.6, 1.8), rho)
    series = conditioning.correlation_series(normalized(name), 0.6, 1.8, rho, 300)
    assert 1 - profile.gap[1] == pytest.approx(series, abs=1e-12)


def test_profile_of_unit_inputs_is_the_depth_profile():
    sphere = conditioning.depth_profile(normalized("tanh"), 30, 1e-9)
    found = conditioning.length_profile(normalized("tanh"), 30, (1.0, 1.0), gap=1e-9)
    np.testing.assert_allclose(found.gap, sphere.gap, rtol=1e-10)
    assert found.start == 0


def test_profile_says_why_no_theorem_speaks():
    quiet = conditioning.length_profile(normalized("relu"), 5, (0.8, 1.2), 0.5)
    assert (quiet.statement, quiet.silent) == (
        "",
        f"Theorem 12: {conditioning.unmet_for_theorem_12(normalized('relu'))}",
    )
    assert np.isnan(quiet.bound).all()
    short = conditioning.length_profile(normalized("tanh"), 5, (0.3, 1.2), 0.5)
    assert "at least ½; got 0.3" in short.silent
    close = conditioning.length_profile(nk.normrelu(), 5, (0.8, 1.2), 0.99)
    assert "δ > δ' = 0.01854" in close.silent
