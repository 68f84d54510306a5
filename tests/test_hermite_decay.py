"""Hermite coefficients of σ': against Fourier integrals, closed forms and the poles of σ'."""

import mpmath
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import binom, factorial

import ntkit as nk
from ntkit.gram import hermite_decay as decay


def by_fourier(order, transform):
    """|E f(X) h_r(X)| = |(1/2π) ∫ F(t) t^r e^{−t²/2} dt|/√r!, F the Fourier transform of f."""
    with mpmath.workdps(40):
        integral = 2 * mpmath.quad(
            lambda t: transform(t) * t**order * mpmath.exp(-t * t / 2), [0, *range(1, 16), 20, 40, mpmath.inf]
        )
        return float(integral / (2 * mpmath.pi * mpmath.sqrt(mpmath.factorial(order))))


def of_sech2(t):
    return mpmath.pi * t / mpmath.sinh(mpmath.pi * t / 2) if t else mpmath.mpf(2)


def of_logistic_slope(t):
    return mpmath.pi * t / mpmath.sinh(mpmath.pi * t) if t else mpmath.mpf(1)


@pytest.mark.parametrize("order", [0, 2, 8, 40, 100, 160])
def test_coefficients_of_tanh_slope_are_fourier_integrals(order):
    found = decay.slope_coefficients(nk.activation("tanh"), 200)
    assert abs(found[order]) == pytest.approx(by_fourier(order, of_sech2), rel=1e-9, abs=1e-13)
    assert found[order + 1] == 0.0


@pytest.mark.parametrize("order", [0, 2, 10, 60])
def test_coefficients_of_sigmoid_slope_are_fourier_integrals(order):
    found = decay.slope_coefficients(nk.activation("sigmoid"), 70)
    assert abs(found[order]) == pytest.approx(by_fourier(order, of_logistic_slope), rel=1e-8, abs=1e-13)


def test_coefficients_of_tanh_slope_are_those_of_the_specification():
    found = decay.slope_coefficients(nk.activation("tanh"), 101)
    expected = {0: 0.605706, 2: -0.2571, 4: 0.1399, 6: -0.0832, 8: 0.05226, 10: -0.03413, 20: 5.811e-3, 40: 4.097e-4}
    expected |= {60: 5.05e-5, 80: 8.46e-6, 100: 1.73e-6}
    for order, value in expected.items():
        assert found[order] == pytest.approx(value, rel=1e-3), order


@pytest.mark.parametrize("name", ["tanh", "swish", "softplus", "elu", "gelu", "relu"])
def test_squares_add_up_to_the_second_moment(name):
    sigma = nk.activation(name)
    found = decay.slope_coefficients(sigma, 2000 if name in ("relu", "elu") else 150)
    missing = sigma.derivative_second_moment - (found**2).sum()
    assert missing >= -1e-12
    assert missing <= (0.02 if name in ("relu", "elu") else 1e-12)


@pytest.mark.parametrize("name", ["swish", "elu", "gelu"])
def test_coefficients_are_integrals_of_the_slope(name):
    sigma = nk.activation(name)
    found = decay.slope_coefficients(sigma, 6)
    for order, value in enumerate(found):
        hermite = np.polynomial.hermite_e.HermiteE.basis(order)

        def integrand(x, hermite=hermite):
            return float(sigma.derivative(x)) * hermite(x) * np.exp(-x * x / 2) / np.sqrt(2 * np.pi)

        whole = quad(integrand, -12, 0, epsabs=1e-13)[0] + quad(integrand, 0, 12, epsabs=1e-13)[0]
        assert value == pytest.approx(whole / np.sqrt(factorial(order)), abs=1e-11)


# ---- the step


def test_coefficients_of_the_step_are_exact():
    found = decay.step_coefficients(400)
    k = np.arange(200)
    squares = binom(2 * k, k) / 4.0**k / (2 * np.pi * (2 * k + 1))
    np.testing.assert_allclose(found[1::2] ** 2, squares, rtol=1e-12)
    np.testing.assert_allclose(found[[1, 3, 5, 11]], [0.398942, -0.162868, 0.109255, -0.059671], atol=1e-6)
    assert found[0] == 0.5
    assert not found[2::2].any()
    # and those that quadrature finds for ReLU
    np.testing.assert_allclose(
        np.abs(nk.activation("relu").hermite(401)[1:]) * np.sqrt(np.arange(1, 401)), abs(found), atol=1e-12
    )


def test_slope_of_leaky_relu_is_a_step_and_a_constant():
    sigma = nk.activation("leaky_relu", slope=0.1)
    found = decay.slope_coefficients(sigma, 50)
    np.testing.assert_allclose(found, sigma.hermite(51)[1:] * np.sqrt(np.arange(1, 51)), atol=1e-13)


def test_asymptote_of_the_step():
    found = np.abs(decay.step_coefficients(20_002))
    np.testing.assert_allclose(found[[1001, 20_001]] / decay.step_asymptote(np.array([1001, 20_001])), 1, atol=1.5e-3)
    assert (2 / np.pi) ** 0.25 / np.sqrt(2 * np.pi) == pytest.approx(0.356353, abs=1e-6)


@pytest.mark.parametrize("first", [1, 2, 3, 10, 101, 1000])
def test_tail_of_the_step_is_bounded_from_below(first):
    # Given Σ_{r ≥ 1} c̄_r² = E step² − ¼ = ¼
    exact = 0.25 - (decay.step_coefficients(first)[1:] ** 2).sum()
    assert decay.step_tail(first) <= exact
    if first >= 10:
        assert exact <= 1.06 * decay.step_tail(first)


# ---- poles


def test_poles_give_the_asymptote():
    # Given the ratio of coefficients to the asymptote at r and at 4r, it nears 1 like r^(−½)
    for name, orders in (("tanh", (70, 280)), ("sigmoid", (30, 120)), ("swish", (31, 123)), ("softplus", (25, 101))):
        found = np.abs(decay.slope_coefficients(nk.activation(name), 300))
        pole = decay.POLES[name]
        near, far = (1 - found[order] / pole.asymptote(order) for order in orders)
        assert 0 < far < 0.25, name
        assert near / far == pytest.approx(2, abs=0.25), name


def test_asymptote_is_the_integral_of_its_pole():
    # Given 2/√r! ∫ t^(r+1) e^{−yt − t²/2} dt for a double pole, to which the other poles add nothing
    order, y = 4000, np.pi / 2
    with mpmath.workdps(30):
        peak = mpmath.sqrt(order)
        integral = mpmath.quad(
            lambda t: mpmath.exp((order + 1) * mpmath.log(t) - y * t - t * t / 2 - mpmath.loggamma(order + 1) / 2),
            [peak - 12, peak - 4, peak, peak + 4, peak + 12],
        )
    assert float(2 * integral / decay.pole_asymptote(order, y)) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(("name", "least", "most"), [("tanh", -1.12, -1.06), ("sigmoid", -2.23, -2.12),
                                                     ("swish", -2.23, -2.12), ("softplus", -2.28, -2.2)])  # fmt: skip
def test_fitted_slope_is_that_of_the_nearest_pole(name, least, most):
    found = decay.slope_decay(nk.activation(name))
    assert least < found.slope < most
    assert found.slope == pytest.approx(found.predicted_slope, rel=0.05)


@pytest.mark.parametrize(("name", "power"), [("relu", -0.75), ("elu", -1.25)])
def test_kinks_give_powers(name, power):
    found = decay.slope_decay(nk.activation(name), 600)
    assert found.power == pytest.approx(power, abs=0.01)
    assert found.pole is None


def test_printed_rates_of_tanh_are_half_the_true_one():
    found = decay.slope_decay(nk.activation("tanh"), 200)
    # F.7.1 holds, and ever more loosely
    share = found.size / decay.corollary_f71(found.order)
    assert np.all(share <= 1)
    assert np.all(np.diff(share[5:]) < 0)
    # No constant makes (34) a rate of both sides
    share = found.size / decay.equation_34(found.order)
    assert share.max() / share[-1] > 10


def test_what_has_no_coefficients_is_refused():
    with pytest.raises(ValueError, match="no jump"):
        decay.slope_coefficients(nk.activation("step"), 4)
    with pytest.raises(ValueError, match="distance must be"):
        decay.pole_asymptote(3, -1.0)


def test_polynomials_have_no_rate():
    found = decay.slope_decay(nk.activation("quadratic"))
    assert found.order.tolist() == [1]
    assert np.isnan(found.slope)
