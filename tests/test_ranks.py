"""Ranks of polynomial activations, powers of the inputs, and polynomials near σ'."""

from math import comb

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

import ntkit as nk
from ntkit.gram import approximation, polynomials


def points(n, dim, seed=0):
    """Random points of the sphere."""
    x = np.random.default_rng(seed).standard_normal((n, dim))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def gradients(x, slope, width, seed=1):
    """σ'(w_k·x_i) x_i side by side."""
    weights = np.random.default_rng(seed).standard_normal((width, x.shape[1]))
    return np.einsum("ik,ia->ika", slope(x @ weights.T), x).reshape(len(x), -1)


def rank(features):
    return np.linalg.matrix_rank(features, tol=1e-10 * np.linalg.norm(features, 2))


# ---- ranks


@pytest.mark.parametrize("dim", [2, 3, 4])
@pytest.mark.parametrize("degree", [1, 2, 3, 4])
def test_ranks_are_those_of_the_table_of_the_specification(dim, degree):
    # Given all coefficients but the constant, on more points and units than any rank
    coefficients = (0, *[1.0] * degree)
    unit = points(comb(dim + degree, degree) + 3, dim)
    uneven = unit * np.random.default_rng(2).uniform(0.5, 1.5, (len(unit), 1))
    slope = np.polynomial.Polynomial(coefficients).deriv()
    # When the rank is counted
    sphere = polynomials.polynomial_rank(dim, coefficients)
    general = polynomials.polynomial_rank(dim, coefficients, on_sphere=False)
    # Then it is that of the gradients, and of the closed forms
    assert sphere == rank(gradients(unit, slope, len(unit)))
    assert general == rank(gradients(uneven, slope, len(unit)))
    assert sphere == (dim if degree == 1 else comb(dim + degree - 1, degree) + comb(dim + degree - 2, degree - 1))
    assert general == polynomials.stated_rank(dim, degree) == comb(dim + degree, degree) - 1


@pytest.mark.parametrize("coefficients", [(0, 0, 1), (3, 0, 0, 0, 2), (0, 1, 0, 0, 1), (0, 0, 0, 1, 0, 1), (0, 2, 5)])
@pytest.mark.parametrize("dim", [2, 3])
def test_ranks_of_polynomials_with_gaps(coefficients, dim):
    unit = points(60, dim)
    uneven = unit * np.random.default_rng(2).uniform(0.5, 1.5, (60, 1))
    slope = np.polynomial.Polynomial(coefficients).deriv()
    assert polynomials.polynomial_rank(dim, coefficients) == rank(gradients(unit, slope, 60))
    assert polynomials.polynomial_rank(dim, coefficients, on_sphere=False) == rank(gradients(uneven, slope, 60))


@pytest.mark.parametrize("coefficients", [(0, 1, 1), (2, 1, 1), (1, 1), (1, 0, 0, 1), (0, 0, 1), (0.5, 0, 1)])
@pytest.mark.parametrize("on_sphere", [True, False])
def test_rank_with_the_output_layer_trained(coefficients, on_sphere):
    # Given the gradients of both layers
    x = points(30, 3) * (1.0 if on_sphere else np.random.default_rng(2).uniform(0.5, 1.5, (30, 1)))
    function = np.polynomial.Polynomial(coefficients)
    weights = np.random.default_rng(1).standard_normal((30, 3))
    both = np.hstack([gradients(x, function.deriv(), 30), function(x @ weights.T)])
    # Then their rank is that of the powers, and of a constant where there is a new one
    assert polynomials.summed_rank(3, coefficients, on_sphere=on_sphere) == rank(both)


def test_quadratic_on_a_circle_has_rank_three_and_a_line_its_dimension():
    assert polynomials.polynomial_rank(2, (0, 0, 1)) == 3
    assert polynomials.polynomial_rank(7, (0, 0, 1)) == 28
    assert polynomials.polynomial_rank(7, (1, 1)) == 7


@pytest.mark.parametrize("power", [1, 2, 3, 4])
@pytest.mark.parametrize("dim", [2, 3, 4, 5])
def test_rank_at_finite_width_is_that_of_secant_varieties(power, dim):
    size = comb(dim + power - 1, power)
    x = points(size + 3, dim)
    for width in range(1, min(size, 20) + 1):
        found = gradients(x, lambda t: t ** (power - 1), width)
        sizes = np.linalg.svd(found / np.linalg.norm(found, axis=0), compute_uv=False)
        assert polynomials.secant_rank(dim, power, width) == np.sum(sizes > 1e-9 * sizes[0]), width


def test_the_printed_condition_calls_a_regular_matrix_singular():
    # Given the degree p of σ' in the place of that of σ: C(2 + 2, 2) = 6 < 7
    assert polynomials.printed_condition(6, 2, 2)
    # Then six points of a circle would have a singular matrix, and have not
    assert rank(gradients(points(6, 2), lambda t: 1 + t + t**2, 20)) == 6
    # while with the degree of σ the condition is right wherever it speaks
    for n in range(1, 40):
        if polynomials.printed_condition(n, 2, 3):
            assert polynomials.polynomial_rank(2, (0, 1, 1, 1), on_sphere=False) < n


def test_rank_table_agrees_with_itself():
    table = polynomials.rank_table(3)
    assert table.sphere.tolist() == table.found_sphere.tolist()
    assert table.general.tolist() == table.found_general.tolist() == table.stated.tolist()


def test_features_of_a_polynomial_have_its_population_matrix():
    # Given E σ'(U)σ'(V) by two-dimensional Gauss–Hermite quadrature
    coefficients, x = (0, 0.5, -1, 0.3, 0.2), points(7, 3)
    slope = np.polynomial.Polynomial(coefficients).deriv()
    nodes, weights = np.polynomial.hermite_e.hermegauss(30)
    weights = np.outer(weights, weights) / (2 * np.pi)
    rho = x @ x.T
    u, z = nodes[:, None], nodes[None, :]
    expected = [
        [r * np.sum(weights * slope(u) * slope(r * u + np.sqrt(abs(1 - r * r)) * z)) for r in row] for row in rho
    ]
    features = polynomials.polynomial_features(x, coefficients)
    np.testing.assert_allclose(features @ features.T, expected, atol=1e-11)


def test_half_the_digits_are_lost_in_the_gram_matrix():
    features = np.array([[1.0, 0.0], [1.0, 1e-9], [1.0, 0.0]])
    assert polynomials.numerical_rank(features) == 2
    assert np.linalg.matrix_rank(features @ features.T) == 1


# ---- powers


@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 50))
def test_powers_have_the_hadamard_power_as_gram_matrix(dim, power, seed):
    x = np.random.default_rng(seed).standard_normal((5, dim))
    expected = (x @ x.T) ** power
    scale = np.abs(expected).max()
    for product in (polynomials.khatri_rao_power(x, power), polynomials.symmetric_power(x, power)):
        np.testing.assert_allclose(product @ product.T, expected, atol=1e-12 * scale)
    assert polynomials.symmetric_power(x, power).shape[1] == comb(dim + power - 1, power)


def test_powers_of_zeros_and_high_powers():
    x = np.array([[1.0, 0.0], [0.0, -1.0], [0.6, -0.8]])
    features = polynomials.symmetric_power(x, 301)
    np.testing.assert_allclose(features @ features.T, (x @ x.T) ** 301, atol=1e-12)


@pytest.mark.parametrize("power", [10, 11, 12, 15])
def test_smallest_eigenvalue_of_a_power_on_the_half_circle(power):
    # Given ten equally spaced points, on which cos^p(t) = Σ_j 2^(−p) C(p, j) e^{i(p − 2j)t} is circulant up to a sign
    n = 10
    spectrum = np.zeros(n, dtype=float)
    for j in range(power + 1):
        frequency = power - 2 * j
        spectrum[((frequency - power % 2) // 2) % n] += n * comb(power, j) / 2**power
    # Then its eigenvalues are sums of binomial coefficients, down to 10⁻³
    found = polynomials.hadamard_smallest_eigenvalue(nk.data.half_circle(n).x, power)
    assert found == pytest.approx(spectrum.min(), rel=1e-10, abs=1e-300)


def test_smallest_eigenvalues_do_not_fall_with_the_power():
    x = points(12, 3)
    found = [polynomials.hadamard_smallest_eigenvalue(x, power) for power in range(1, 120)]
    assert np.all(np.diff(found) >= -1e-13)
    assert found[2] == 0.0  # ten monomials
    exact = [np.linalg.eigvalsh((x @ x.T) ** power)[0] for power in range(1, 120)]
    np.testing.assert_allclose(found, np.maximum(exact, 0), atol=1e-13)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: polynomials.polynomial_rank(2, (1.0,)), "one beyond the constant"),
        (lambda: polynomials.polynomial_rank(0, (0, 1)), "span_dim must be"),
        (lambda: polynomials.khatri_rao_power(np.ones(3), 2), "x must have shape"),
        (lambda: polynomials.symmetric_power(np.ones((2, 2)), 0), "power must be"),
        (lambda: polynomials.polynomial_features(2 * np.eye(2), (0, 1)), "unit length"),
        (lambda: approximation.tanh_degree(-1.0, 0.1), "half_width must be positive"),
        (lambda: approximation.sigmoid_degree(1.0, 0.0), "epsilon must lie"),
        (lambda: approximation.chebyshev_coefficients(np.tanh, -1), "degree must be"),
    ],
)
def test_arguments_out_of_range_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# ---- approximation


def sech2(x):
    return np.cosh(x) ** -2.0


def swish_slope(x):
    return expit(x) * (1 + x * expit(-x))


@pytest.mark.parametrize("degree", [0, 3, 8])
def test_chebyshev_coefficients_are_their_integrals(degree):
    # Given the integral of the definition, in the angle, by mpmath
    integral = mpmath.quad(lambda t: mpmath.tanh(2 * mpmath.cos(t) + 1) * mpmath.cos(degree * t), [0, mpmath.pi])
    expected = float(integral * (1 if degree == 0 else 2) / mpmath.pi)
    found = approximation.chebyshev_coefficients(lambda x: np.tanh(x + 1), degree, 2.0)[degree]
    assert found == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("width", [1, 3, 10, 30])
@pytest.mark.parametrize("epsilon", [1e-1, 1e-3, 1e-6])
def test_degrees_are_enough(width, epsilon):
    cases = (
        (lambda x: expit(x), approximation.sigmoid_degree(width, epsilon)),
        (np.tanh, approximation.tanh_degree(width, epsilon)),
        (sech2, approximation.tanh_slope_degree(width, epsilon)),
        (swish_slope, approximation.swish_slope_degree(width, epsilon)),
    )
    for function, degree in cases:
        polynomial = approximation.chebyshev_truncation(function, degree, width)
        assert approximation.sup_error(function, polynomial, width) <= epsilon


@pytest.mark.parametrize(("width", "epsilon", "missed"), [(3, 1e-3, 2.7e-3), (10, 1e-6, 1.9e-4)])
def test_equation_8_is_not_enough_for_any_polynomial(width, epsilon, missed):
    degree = approximation.equation_8_degree(width, epsilon)
    error = approximation.sup_error(np.tanh, approximation.chebyshev_truncation(np.tanh, degree, width), width)
    floor = approximation.best_error_floor(np.tanh, degree, width)
    assert error == pytest.approx(missed, rel=0.05)
    assert epsilon < floor <= error


def test_the_rate_of_theorem_f8_is_too_fast():
    found = approximation.slope_errors(nk.activation("tanh"), 3 * np.sqrt(np.log(1e4)), [40])
    assert found.printed[0] == pytest.approx(6.6e-5, rel=0.01)
    assert found.measured[0] == pytest.approx(5.6e-3, rel=0.01)
    assert found.measured[0] < found.right[0]


def test_errors_are_those_of_the_truncation_and_below_what_is_proved():
    degrees = [2, 6, 15, 40]
    for name, function in (("tanh", sech2), ("swish", swish_slope)):
        found = approximation.slope_errors(nk.activation(name), 4.0, degrees)
        each = [
            approximation.sup_error(function, approximation.chebyshev_truncation(function, p, 4.0), 4.0)
            for p in degrees
        ]
        np.testing.assert_allclose(found.measured, each, rtol=1e-6, atol=1e-13)
        assert np.all(found.measured <= found.right)
    assert approximation.slope_errors(nk.activation("gelu"), 4.0, degrees).right is None


@given(st.floats(0.5, 20), st.integers(2, 60))
def test_best_polynomials_lie_between_floor_and_truncation(width, degree):
    truncation = approximation.chebyshev_truncation(np.tanh, degree, width)
    # Given a polynomial that is no truncation: the interpolant at Chebyshev nodes
    other = np.polynomial.Chebyshev.interpolate(np.tanh, degree, [-width, width])
    floor = approximation.best_error_floor(np.tanh, degree, width)
    assert floor <= approximation.sup_error(np.tanh, other, width) * (1 + 1e-9) + 1e-15
    assert floor <= approximation.sup_error(np.tanh, truncation, width) * (1 + 1e-9) + 1e-15


@given(st.floats(0, 1), st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1))
def test_lemma_f5_bounds_the_error_of_products(epsilon, f, g, s, t):
    assert abs(f * g - (f + s * epsilon) * (g + t * epsilon)) <= approximation.lemma_f5(epsilon) + 1e-12
