"""Certificates of λ_min of the Gram matrix, from below and from above, and what the papers state of it."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import binom

import ntkit as nk
from ntkit.gram import approximation, certificates, stated_bounds
from ntkit.gram.hermite_decay import slope_coefficients

RELU, TANH, SWISH, ELU = (nk.activation(name) for name in ("relu", "tanh", "swish", "elu"))
SETS = [nk.data.half_circle(10).x, nk.data.half_circle(24).x, nk.data.sphere(20, dim=10).x, nk.data.sphere(30, dim=3).x,
        nk.data.sphere(12, 1e-6, dim=4).x, nk.data.two_points(1e-3).x]  # fmt: skip


def relu_matrix(x):
    """G∞ of ReLU in closed form, ρ(π − arccos ρ)/2π."""
    rho = np.clip(x @ x.T, -1, 1)
    np.fill_diagonal(rho, 1.0)
    return rho * (np.pi - np.arccos(rho)) / (2 * np.pi)


def step_squares(count):
    """c̄_1², c̄_3², … of the step."""
    k = np.arange(count)
    return np.exp(np.cumsum(np.log(np.concatenate([[1.0], (2 * k[1:] - 1) / (2 * k[1:])])))) / (2 * np.pi * (2 * k + 1))


# ---- from below


def test_the_table_of_the_specification_on_the_half_circle():
    # Given the first 4000 coefficients of the step, term by term
    x = nk.data.half_circle(10).x
    gram, squares, powers = x @ x.T, step_squares(2000), 2 * np.arange(1, 2001)
    smallest = np.array([np.linalg.eigvalsh(gram**power)[0] for power in powers])
    floors = np.maximum(0, 1 - 9 * np.cos(np.pi / 10) ** powers)
    term_by_term = squares @ np.maximum(smallest, 0), squares @ floors
    assert term_by_term == pytest.approx((0.0236, 0.0145), abs=6e-5)
    # Then the whole series is that and its tail
    found = certificates.ladder(RELU, [x])
    tail = 0.25 - squares.sum()
    assert found.exact[0] == pytest.approx(0.0263, abs=5e-5)
    assert found.hadamard_sum[0] == pytest.approx(term_by_term[0] + tail, rel=2e-3)
    assert found.gershgorin_sum[0] == pytest.approx(term_by_term[1] + tail, rel=1e-3)
    assert found.hadamard_best[0] == pytest.approx(4.8e-4, rel=0.01)
    assert found.gershgorin_best[0] == pytest.approx(1.6e-4, rel=0.03)


@pytest.mark.parametrize(
    "sigma", [RELU, TANH, SWISH, ELU, nk.activation("leaky_relu", slope=0.1), nk.activation("gelu")]
)
def test_no_rung_is_above_the_exact_value(sigma):
    found = certificates.ladder(sigma, SETS)
    allowed = 1e-9 * found.exact + 1e-14 * found.n
    for rung in (found.hadamard_sum, found.hadamard_best, found.gershgorin_sum, found.gershgorin_best):
        assert np.all(rung <= found.exact + allowed)
    assert np.all(found.hadamard_best <= found.hadamard_sum)
    assert np.all(found.gershgorin_best <= found.gershgorin_sum)
    assert np.all(found.gershgorin_sum <= found.hadamard_sum * (1 + 1e-12))
    assert np.all(found.ceiling >= found.exact - allowed)


def test_exact_rung_of_relu_is_the_closed_form():
    found = certificates.ladder(RELU, SETS)
    smallest = [np.linalg.eigvalsh(relu_matrix(x))[0] for x in SETS]
    np.testing.assert_allclose(found.exact[:4], smallest[:4], rtol=1e-9)
    np.testing.assert_allclose(
        found.exact[5], 0.5 - np.cos(t := np.arccos(1 - 1e-3)) * (np.pi - t) / (2 * np.pi), rtol=1e-9
    )


def test_smooth_activations_on_the_half_circle_reach_down_to_tiny_eigenvalues():
    found = certificates.ladder(TANH, [nk.data.half_circle(n).x for n in (10, 20, 40)])
    np.testing.assert_allclose(found.exact, [3.04e-4, 1.62e-7, 5.2e-13], rtol=0.01)
    np.testing.assert_allclose(found.ceiling, [1.1e-2, 4.7e-4, 3.6e-6], rtol=0.05)
    # every power has the same bottom eigenvector there: the sum loses nothing
    np.testing.assert_allclose(found.hadamard_sum, found.exact, rtol=0.01)
    assert np.all(found.gershgorin_sum < 1e-3 * found.exact)


@pytest.mark.parametrize("delta", [1e-4, 1e-8, 1e-12])
def test_nearly_equal_points_lose_no_digits(delta):
    # Given two points, for which λ_min = δ(E σ'² + E σ''²) to first order in δ, by the trapezoidal rule
    x = np.linspace(-12, 12, 20_001)
    slope = np.cosh(x) ** -2.0
    integrand = (slope**2 + (2 * np.tanh(x) * slope) ** 2) * np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    expected = delta * integrand.sum() * (x[1] - x[0])
    found = certificates.ladder(TANH, [nk.data.two_points(delta).x])
    for value in (found.exact[0], found.hadamard_sum[0], found.gershgorin_sum[0]):
        assert value == pytest.approx(expected, rel=max(1e-8, 10 * delta))


@given(st.integers(2, 10**6), st.floats(1e-9, 1))
def test_closed_floor_of_the_step_is_below_gershgorins_sum(n, delta):
    # the theorem: for every n and δ, the sum that it bounds is above it
    assert certificates.step_floor(delta, n) <= certificates.gershgorin_certificate(RELU, n, delta)


@given(st.integers(2, 1000), st.floats(1e-6, 1))
def test_floor_in_the_sine_is_below_that_in_the_correlation(n, sine):
    delta = sine**2 / (1 + math.sqrt(max(0.0, 1 - sine**2)))  # 1 − √(1 − sine²), and no cancellation
    assert certificates.step_floor_sine(sine, n) <= certificates.step_floor(delta, n) * (1 + 1e-12)


def test_the_proof_of_the_closed_floor_holds_at_its_worst():
    # Given L = log 2n ≥ log 4 and λ ≤ 3/2
    log, worst = math.log(4), 1.5
    assert math.sqrt(log / (log + worst)) + 0.5 * math.sqrt(log / (log + math.log(2) + worst)) >= 1
    assert math.sqrt(2) / (4 * np.pi**1.5) == pytest.approx(0.0635, abs=1e-4)
    assert 1 / (4 * np.pi**1.5) == pytest.approx(0.0449, abs=1e-4)


def test_two_points_have_the_eigenvalue_of_their_angle():
    angle = 1e-3
    x = np.array([[1.0, 0.0], [np.cos(angle), np.sin(angle)]])
    found = certificates.ladder(RELU, [x])
    assert found.exact[0] == pytest.approx(angle / (2 * np.pi), rel=1e-2)
    assert found.closed[0] >= certificates.step_floor_sine(np.sin(angle), 2)
    # Gershgorin is exact for two points
    assert found.gershgorin_sum[0] == pytest.approx(found.exact[0], rel=0.02)


def test_sum_of_hermite_terms_of_tanh_is_the_series_by_mpmath():
    # Given the Gram matrix of three close points and its Hadamard powers at 40 digits
    points = [(1, 0), (0.8, 0.6), (0.6, 0.8)]
    squares = slope_coefficients(TANH, 150) ** 2
    with mpmath.workdps(40):
        gram = mpmath.matrix([[mpmath.mpf(a[0]) * b[0] + mpmath.mpf(a[1]) * b[1] for b in points] for a in points])
        for i in range(3):
            gram[i, i] = 1
        total = sum(
            squares[r] * min(mpmath.eigsy(gram.apply(lambda g, r=r: g ** (r + 1)), eigvals_only=True))
            for r in range(0, 150, 2)
        )
    found = certificates.ladder(TANH, [np.array(points)])
    assert found.hadamard_sum[0] == pytest.approx(float(total), rel=2e-3)
    assert found.hadamard_sum[0] <= float(total) * (1 + 1e-9)


def test_leaky_relu_has_the_squared_jump_of_the_step():
    sigma = nk.activation("leaky_relu", slope=0.1)
    assert certificates.slope_jump(sigma) == pytest.approx(0.9)
    lone, relu = certificates.ladder(sigma, SETS[:1]), certificates.ladder(RELU, SETS[:1])
    assert lone.closed[0] == pytest.approx(0.81 * relu.closed[0])
    assert lone.hadamard_sum[0] == pytest.approx(0.81 * relu.hadamard_sum[0], rel=1e-9)


# ---- from above


@pytest.mark.parametrize("n", [12, 20, 30])
@pytest.mark.parametrize("name", ["tanh", "swish", "softplus"])
def test_uniform_ceiling_of_a_drawn_network(n, name):
    # Given a network and its Gram matrix, of singular values
    sigma, x, generator = nk.activation(name), nk.data.half_circle(n, dim=2).x, np.random.default_rng(3)
    hidden, heads = generator.standard_normal((300, 2)), generator.standard_normal(300)
    features = np.einsum("k,ik,ia->ika", heads, sigma.derivative(x @ hidden.T), x).reshape(n, -1) / np.sqrt(300)
    smallest = np.linalg.svd(features, compute_uv=False)[-1] ** 2
    # When it is bounded from above
    found = certificates.l_infinity_ceiling(sigma, x, hidden, heads)
    # Then it is below, and the polynomial has a null space
    assert smallest <= found.value
    assert found.rank < n
    # the paper's proof has n where the largest eigenvalue of X Xᵀ is enough
    assert smallest <= found.value * np.linalg.eigvalsh(x @ x.T)[-1] / n


def test_degree_of_the_uniform_ceiling_uses_the_parity_of_the_slope():
    draw = np.random.default_rng(0).standard_normal
    hidden, heads, x = draw((50, 2)), draw(50), nk.data.half_circle(20, dim=2).x
    odd, mixed = (certificates.l_infinity_ceiling(sigma, x, hidden, heads) for sigma in (TANH, SWISH))
    assert (odd.degree, odd.rank) == (17, 18)  # σ of degree 17, whose odd powers span cos and sin of 1, 3, …, 17
    assert (mixed.degree, mixed.rank) == (8, 19)


def test_polynomials_have_a_ceiling_of_zero():
    found = certificates.l2_ceiling(nk.activation("polynomial", coefficients=(0, 1, 1, 1)), nk.data.half_circle(12).x)
    assert found.value < 1e-28
    assert (found.degree, found.rank) == (399, 7)


def test_points_that_span_too_much_have_only_the_trace():
    found = certificates.l2_ceiling(TANH, np.eye(3))
    assert (found.value, found.degree) == (pytest.approx(TANH.derivative_second_moment), -1)
    with pytest.raises(ValueError, match="n must exceed"):
        certificates.l_infinity_ceiling(TANH, np.eye(3), np.eye(3), np.ones(3))


# ---- what is stated


def test_stated_bounds_have_their_exponents():
    def exponent(bound, n=1000, ratio=1.001, **more):
        low, high = bound(n=n, **more), bound(n=round(n * ratio), **more)
        return (high.log10_eigenvalue - low.log10_eigenvalue) / math.log10(ratio)

    assert exponent(lambda n: stated_bounds.theorem_k1(n, 0.1, 1)) == pytest.approx(-3)
    assert exponent(lambda n: stated_bounds.theorem_k4(n, 0.1, 1, 1)) == pytest.approx(
        -7 - 1 / math.log(1000), rel=1e-3
    )
    assert exponent(lambda n: stated_bounds.theorem_47(n, 0.1, 0.5)) == pytest.approx(-6)
    for bound, power in ((stated_bounds.theorem_k1, 1), (stated_bounds.theorem_42, 1.5)):
        ratio = bound(50, 0.2, 1).eigenvalue / bound(50, 0.1, 1).eigenvalue
        assert ratio == pytest.approx(2**power)
    assert stated_bounds.theorem_k4(50, 0.2, 1, 1).eigenvalue / stated_bounds.theorem_k4(
        50, 0.1, 1, 1
    ).eigenvalue == pytest.approx(8)


def test_constants_scale_bounds_widths_and_exponents():
    one, two = (stated_bounds.theorem_42(10, 0.1, 1000, constant=c) for c in (1.0, 2.0))
    assert two.eigenvalue == pytest.approx(2 * one.eigenvalue)
    assert two.width == pytest.approx(2 * one.width)
    assert two.failure == pytest.approx(one.failure**2)


def test_which_bounds_are_stated_of_which_activation():
    names = {
        name: set(stated_bounds.stated_floors(nk.activation(name), 10, 0.1)) for name in ("relu", "selu", "elu", "tanh")
    }
    assert names == {
        "relu": {"Theorem 4.2", "Theorem K.1"},
        "selu": {"Theorem K.1"},
        "elu": {"Theorem 4.1"},
        "tanh": set(),
    }


def test_ours_decays_slower_than_what_is_stated_for_relu():
    # linear in δ_sep where Theorem 4.2 has δ^1.5: ahead by δ^−½, whatever the constants
    sines = np.array([1e-2, 1e-4, 1e-6])
    ours = np.array([certificates.step_floor_sine(s, 10) for s in sines])
    stated = np.array([stated_bounds.theorem_42(10, s, 1).eigenvalue for s in sines])
    np.testing.assert_allclose((ours / stated)[1:] / (ours / stated)[:-1], 10, rtol=1e-9)


def test_printed_rate_of_theorem_f8_against_a_drawn_network():
    # Given the smallest n at which the printed rate speaks, and what polynomials of that degree really do
    n, m = 900, 11
    degree, half_width = stated_bounds.condition_6(n, 2), 3 * math.sqrt(math.log(n * m))
    assert math.comb(2 + degree, degree) < n + 1 <= math.comb(3 + degree, degree + 1)
    printed = (4 * math.pi + 2 * half_width) / (1 + math.pi / half_width) ** degree
    found = stated_bounds.theorem_f8(n, m, 2)
    assert found.log10_eigenvalue == pytest.approx(math.log10(n) + 2 * math.log10(printed))
    # Then the error of the best polynomial of that degree is far above the printed one, 3/π² times that
    floor = approximation.best_error_floor(lambda x: np.cosh(x) ** -2.0, degree, half_width)
    assert floor > 10 * 3 / np.pi**2 * printed


@pytest.mark.parametrize(("n", "m"), [(20, 100), (60, 400)])
def test_corrected_theorem_f8_holds_for_drawn_networks(n, m):
    x, generator = nk.data.half_circle(n, dim=2).x, np.random.default_rng(1)
    hidden, heads = generator.standard_normal((m, 2)), generator.standard_normal(m)
    certified = certificates.l_infinity_ceiling(TANH, x, hidden, heads).value
    assert certified <= stated_bounds.theorem_f8_right(n, m, 2).eigenvalue


def test_smoothed_bounds_need_an_odd_power_with_enough_monomials():
    assert stated_bounds.smallest_power(40, 8) == 3
    assert math.comb(8, 3) >= 40 > math.comb(8, 2)
    assert stated_bounds.smallest_power(20, 7, odd=True) == 3
    with pytest.raises(ValueError, match="stays below"):
        stated_bounds.smallest_power(1000, 8)


def test_leading_hermite_coefficient_of_a_monic_polynomial():
    # Given φ = x^p; the proof of Theorem I.3 takes 1 for c̄_{p−1}(φ')
    for p in (2, 3, 4):
        monic = nk.activation("polynomial", coefficients=(*[0.0] * p, 1.0))
        assert slope_coefficients(monic, p)[-1] == pytest.approx(p * math.sqrt(math.factorial(p - 1)))


def test_smoothing_bound_is_far_below_what_noise_does():
    # Given forty points of a half circle in eight dimensions, with noise
    base = np.random.default_rng(0)
    x = nk.data.half_circle(40, dim=8).x + 0.1 * base.standard_normal((40, 8))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    power = stated_bounds.smallest_power(40, 8)
    features = np.stack([np.kron(np.kron(row, row), row) for row in x])
    smallest = np.linalg.svd(features, compute_uv=False)[-1]
    assert smallest > stated_bounds.lemma_i2(40, power, 0.1, 0.1).eigenvalue
    found = certificates.ladder(TANH, [x])
    assert found.exact[0] > stated_bounds.theorem_i4(40, 8, 0.1, 0.1, 10**6).eigenvalue
    assert found.exact[0] >= slope_coefficients(TANH, 3)[-1] ** 2 * smallest**2  # Lemma I.1


def test_condition_6_counts_monomials():
    for n in (5, 20, 100):
        degree = stated_bounds.condition_6(n, 3)
        assert binom(3 + degree, degree) < n + 1 <= binom(4 + degree, degree + 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: stated_bounds.theorem_k1(1, 0.1, 1), "n must be"),
        (lambda: stated_bounds.theorem_k1(5, 1.5, 1), "delta must lie"),
        (lambda: stated_bounds.theorem_42(5, 0.5, 1, constant=0), "constant must be positive"),
        (lambda: stated_bounds.lemma_i2(5, 2, 0.0, 0.1), "noise must be positive"),
        (lambda: stated_bounds.theorem_f8_right(3, 10, 3), "n must exceed"),
        (lambda: certificates.ladder(nk.activation("step"), SETS[:1]), "no jump"),
        (lambda: certificates.step_floor(0.0, 4), "delta must lie"),
        (lambda: certificates.slope_jump(TANH), "linear on either side"),
        (lambda: certificates.ladder(RELU, [np.array([[1.0, 0.0], [-1.0, 0.0]])]), "parallel"),
        (lambda: certificates.l_infinity_ceiling(TANH, np.eye(3), np.eye(2), np.ones(2)), "hidden must have shape"),
    ],
)
def test_arguments_out_of_range_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
