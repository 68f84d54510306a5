"""Nodes, Hermite functions and derivatives under N(0, 1) against closed forms and mpmath."""

import math

import mpmath
import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from ntkit import gaussian
from ntkit.gaussian import HermiteExpansion, density, gauss_legendre, hermite_functions, panel_nodes, root_density
from ntkit.resolving import resolve


@pytest.mark.parametrize("nodes", [5, 10, 16, 24, 32])
def test_gauss_legendre_integrates_every_polynomial_below_twice_its_nodes(nodes):
    x, w = gauss_legendre(nodes)
    for degree in range(2 * nodes):
        wanted = 2 / (degree + 1) if degree % 2 == 0 else 0.0
        assert (w * x**degree).sum() == pytest.approx(wanted, abs=2e-15)


@pytest.mark.parametrize("nodes", [10, 24, 32])
def test_gauss_legendre_weights_keep_their_digits_at_the_ends(nodes):
    x, w = gauss_legendre(nodes)
    with mpmath.workdps(40):
        for place, weight in zip(x.tolist(), w.tolist(), strict=True):
            root = mpmath.findroot(lambda t: mpmath.legendre(nodes, t), place)
            slope = nodes * (root * mpmath.legendre(nodes, root) - mpmath.legendre(nodes - 1, root)) / (root**2 - 1)
            assert place == pytest.approx(float(root), abs=2e-16)
            assert weight == pytest.approx(float(2 / ((1 - root**2) * slope**2)), rel=5e-14)


def test_legendre_transform_inverts_the_polynomials():
    x, _ = gauss_legendre(32)
    vandermonde = np.polynomial.legendre.legvander(x, 31)
    np.testing.assert_allclose(gaussian.legendre_transform(32) @ vandermonde, np.eye(32), atol=1e-14)


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=6, unique=True).map(sorted))
def test_panels_fill_what_lies_between_the_edges(edges):
    x, w = panel_nodes(np.array(edges), 10)
    assert w.sum() == pytest.approx(edges[-1] - edges[0], rel=1e-14)
    assert (np.diff(x.ravel()) >= 0).all()
    assert edges[0] <= x.min()
    assert x.max() <= edges[-1]


def test_densities():
    x = np.linspace(-8, 8, 101)
    np.testing.assert_allclose(density(x), np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi), rtol=1e-15)
    np.testing.assert_allclose(root_density(x) ** 2, density(x), rtol=1e-14)


# --- Hermite functions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [0, 1, 2, 3, 7, 20, 60])
def test_hermite_functions_are_the_orthonormal_polynomials(order):
    x = np.linspace(-7, 7, 57)
    polynomial = scipy.special.eval_hermitenorm(order, x) / math.sqrt(math.factorial(order))
    got = hermite_functions(x, order + 1)[order]
    np.testing.assert_allclose(got, polynomial * root_density(x), atol=1e-13)


def test_hermite_functions_are_orthonormal():
    x, w = (a.ravel() for a in panel_nodes(np.linspace(-45, 45, 181), 32))
    functions = hermite_functions(x, 300)
    np.testing.assert_allclose((functions * w) @ functions.T, np.eye(300), atol=2e-13)


def test_hermite_functions_of_high_order_stay_bounded():
    assert np.abs(hermite_functions(np.linspace(-38, 38, 401), 5000)).max() < 1


def exponential():
    return resolve(np.exp)


def test_expansion_grows_to_what_is_asked_in_any_order():
    resolved = exponential()
    wanted = np.exp(0.5) / np.sqrt(scipy.special.factorial(np.arange(200.0)))
    for count in (3, 200, 64, 65, 1, 129):
        got = resolved.hermite(count)
        assert got.shape == (count,)
        np.testing.assert_allclose(got, wanted[:count], atol=3e-15)


def test_expansion_does_not_hand_out_its_own_memory():
    resolved = exponential()
    resolved.hermite(5)[:] = 0
    assert resolved.hermite(5)[0] == pytest.approx(math.exp(0.5))


def test_expansion_of_many_functions_at_once():
    x, w = (a.ravel() for a in panel_nodes(np.linspace(-20, 20, 61), 32))
    several = np.stack([x**2, np.exp(x)]) * w * root_density(x)
    got = HermiteExpansion(x, several).coefficients(100)
    np.testing.assert_allclose(got[0, :4], [1, 0, math.sqrt(2), 0], atol=1e-14)
    np.testing.assert_allclose(got[1], np.exp(0.5) / np.sqrt(scipy.special.factorial(np.arange(100.0))), atol=1e-14)


# --- derivatives -----------------------------------------------------------------------------------------------------

DERIVATIVES = {
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "sin": (np.sin, np.cos),
    "a kink": (lambda x: np.where(x > 1 / 3, np.exp(x), np.exp(2 / 3 - x)),
               lambda x: np.where(x > 1 / 3, np.exp(x), -np.exp(2 / 3 - x))),
    "a jump": (lambda x: np.where(x > -1.6, x**2, np.sin(x)), lambda x: np.where(x > -1.6, 2 * x, np.cos(x))),
    "soft kink": (lambda x: x / (1 + np.abs(x)), lambda x: 1 / (1 + np.abs(x)) ** 2),
    "sharp": (lambda x: np.tanh(20 * x), lambda x: 20 / np.cosh(np.clip(20 * x, -300, 300)) ** 2),
}  # fmt: skip


@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivative_of_what_was_resolved(name):
    function, slope = DERIVATIVES[name]
    x = np.linspace(-6, 6, 4321)
    wanted = slope(x)
    scale = np.abs(root_density(x) * wanted).max()
    misfit = np.abs(resolve(function).derivative(x) - wanted)[np.abs(x - 1 / 3) > 1e-9]
    assert (misfit * root_density(x)[np.abs(x - 1 / 3) > 1e-9]).max() < 3e-11 * scale


def test_derivative_outside_the_radius():
    resolved = resolve(np.tanh)
    x = resolved.radius + np.array([0.1, 3.0, 50.0])
    np.testing.assert_allclose(resolved.derivative(x), 1 / np.cosh(x) ** 2, atol=1e-13)
    np.testing.assert_allclose(resolve(lambda x: x**2).derivative(np.array([-60.0, 60.0])), [-120, 120], rtol=1e-11)
