"""Expectations in the plane of two normal variables, for many angles at once, against closed forms and SciPy."""

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from ntkit.gaussian import density
from ntkit.plane import integrals, line_integrals, meshed, products

ANGLES = np.array([1e-6, 1e-3, 0.1, 0.7, 0.5 * np.pi, 2.0, np.pi - 1e-3, np.pi - 1e-6])


def orthant(a, b, rho):
    """P(U > a, V > b), corr(U, V) = ρ: ∂/∂ρ of it is the bivariate density."""
    start = scipy.special.ndtr(-a) * scipy.special.ndtr(-b)

    def slope(angle):
        sine, cosine = math.sin(angle), math.cos(angle)
        exponent = (
            (a * a + b * b - 2 * a * b * cosine) / (2 * sine * sine) if sine else (0 if a == b == 0 else math.inf)
        )
        return math.exp(-exponent) / (2 * math.pi)

    gained = scipy.integrate.quad(slope, math.acos(rho), 0.5 * math.pi, epsabs=1e-15, epsrel=1e-13, limit=200)[0]
    return start + gained


# --- one dimension ---------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0.1, 5), min_size=1, max_size=5), st.floats(0.5, 6))
def test_integrals_of_every_row(ends, frequency):
    edges = np.stack([np.zeros(len(ends)), np.array(ends)], axis=1)
    got = integrals(lambda row, x: (1 + row) * np.sin(frequency * x), edges, scale=1.0)
    wanted = (1 + np.arange(len(ends))) * (1 - np.cos(frequency * np.array(ends))) / frequency
    np.testing.assert_allclose(got, wanted, atol=2e-14 * len(ends))


def test_integrals_split_where_it_is_steep():
    peak = integrals(lambda row, x: np.exp(-((x / 0.01) ** 2)), np.array([[-1.0, 0.0, 1.0]]), scale=0.01)
    np.testing.assert_allclose(peak, 0.01 * np.sqrt(np.pi), rtol=1e-13)


def test_integrals_over_breaks_that_coincide():
    edges = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 0.5, 0.5, 1.0]])
    np.testing.assert_allclose(integrals(lambda row, x: x**3, edges, scale=1.0), 0.25, rtol=1e-14)
    assert integrals(lambda row, x: x, np.array([[2.0, 2.0]]), scale=1.0) == [0.0]


def test_integrals_that_would_take_minutes_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"must not have so many kinks, or be so steep.*smooth it, or rescale"):
        integrals(lambda row, x: rng.normal(size=x.shape), np.array([[0.0, 1.0]]), scale=1.0, cost=1000)


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=4))
def test_line_integrals_split_at_the_kinks(places):
    """E |Z − b| = 2φ(b) + b erf(b/√2)."""
    b = np.array(places)
    breaks = np.stack([np.full_like(b, -9.0), b, np.full_like(b, 9.0)], axis=1)
    got = line_integrals(lambda row, z: np.abs(z - b[row]), breaks, lambda row, z: np.zeros_like(row))
    np.testing.assert_allclose(got, 2 * density(b) + b * scipy.special.erf(b / math.sqrt(2)), atol=2e-14)


def test_line_integrals_leave_out_what_is_negligible():
    breaks = np.array([[-9.0, 0.0, 9.0]])
    got = line_integrals(lambda row, z: 1.0 + 0 * z, breaks, lambda row, z: np.where(z > 0, 2, -1))
    np.testing.assert_allclose(got, 0.5, rtol=1e-14)


# --- meshes ----------------------------------------------------------------------------------------------------------


def test_a_mesh_holds_the_kinks_and_is_as_fine_as_needed():
    mesh = meshed(lambda x: np.where(x > 0.3, np.sin(40 * x), 0.5), [0.3], 9.0, scale=0.3)
    assert 0.3 in mesh.edges
    assert mesh.kinks.tolist() == [0.3]
    assert mesh.radius == 9.0
    assert np.diff(mesh.edges)[mesh.edges[:-1] < 0.3].max() > 1  # constant there
    assert np.diff(mesh.edges)[(mesh.edges[:-1] >= 0.3) & (mesh.edges[:-1] < 3)].max() < 1
    assert len(mesh.sizes) == len(mesh.levels) == len(mesh.edges) - 1


def test_kinks_beyond_the_radius_are_left_out():
    assert meshed(np.abs, [-12.0, 0.0, 11.0], 9.0, scale=1.0).kinks.tolist() == [0.0]


def test_the_panel_that_holds_a_place():
    mesh = meshed(np.tanh, [-1.0, 0.5], 9.0, scale=0.4)
    x = np.linspace(-8.99, 8.99, 500)
    panel = mesh.panel_of(x)
    assert (mesh.edges[panel] <= x).all()
    assert (x <= mesh.edges[panel + 1]).all()


def test_mirrored():
    mesh = meshed(lambda x: np.where(x > 0.3, np.exp(x), -1.0), [0.3], 9.0, scale=4.0)
    mirrored = mesh.mirrored()
    x = np.linspace(-5, 5, 101)
    np.testing.assert_array_equal(mirrored.function(x), mesh.function(-x))
    np.testing.assert_array_equal(mirrored.edges, -mesh.edges[::-1])
    assert mirrored.kinks.tolist() == [-0.3]
    np.testing.assert_array_equal(mirrored.mirrored().sizes, mesh.sizes)


# --- products --------------------------------------------------------------------------------------------------------


def test_a_step_at_zero():
    step = meshed(lambda x: np.where(x > 0, 1.0, 0.0), [0.0], 9.0, scale=0.5)
    np.testing.assert_allclose(products(step, ANGLES), (np.pi - ANGLES) / (2 * np.pi), atol=1e-14)


@pytest.mark.parametrize("b", [-1.6, 1 / 3, 2.5])
def test_a_step_elsewhere(b):
    step = meshed(lambda x: np.where(x > b, 1.0, 0.0), [b], 9.0, scale=float(scipy.special.ndtr(-b)))
    wanted = [orthant(b, b, math.cos(angle)) for angle in ANGLES]
    np.testing.assert_allclose(products(step, ANGLES), wanted, atol=1e-13)


@settings(max_examples=25)
@given(
    st.lists(st.floats(-2.5, 2.5), min_size=1, max_size=3, unique_by=lambda b: round(b, 2)),
    st.floats(0.05, math.pi - 0.05),
)
def test_several_steps_at_any_places(places, angle):
    heights = np.array([1.0, -0.7, 0.4])[: len(places)]
    places = np.array(places)

    def function(x):
        return (heights[:, None] * (x.ravel() > places[:, None])).sum(axis=0).reshape(x.shape)

    mesh = meshed(function, sorted(places), 9.0, scale=1.0)
    wanted = sum(
        h * k * orthant(a, b, math.cos(angle))
        for h, a in zip(heights, places, strict=True)
        for k, b in zip(heights, places, strict=True)
    )
    np.testing.assert_allclose(products(mesh, np.array([angle])), wanted, atol=1e-13)


def test_relu_at_zero_and_elsewhere_is_the_arc_cosine_kernel():
    cosine = np.cos(ANGLES)
    wanted = (np.sin(ANGLES) + (np.pi - ANGLES) * cosine) / (2 * np.pi)
    relu = meshed(lambda x: np.maximum(x, 0.0), [0.0], 10.0, scale=0.5)
    np.testing.assert_allclose(products(relu, ANGLES), wanted, atol=1e-14)
    # a second kink that is none sends it through the other coordinates
    np.testing.assert_allclose(products(meshed(relu.function, [0.0, 0.7], 10.0, 0.5), ANGLES), wanted, atol=1e-13)


@pytest.mark.parametrize("kinks", [[], [0.0], [-0.4, 1.1]])
def test_smooth_functions(kinks):
    """Whatever the coordinates: exp, sin and cubes."""
    cosine = np.cos(ANGLES)
    exponential = meshed(np.exp, kinks, 13.0, scale=math.exp(2))
    np.testing.assert_allclose(products(exponential, ANGLES), np.exp(1 + cosine), rtol=1e-12, atol=1e-12)
    sine = meshed(lambda x: np.sin(3 * x), kinks, 9.5, scale=0.5)
    np.testing.assert_allclose(products(sine, ANGLES), np.exp(-9) * np.sinh(9 * cosine), atol=1e-13)
    cube = meshed(lambda x: x**3, kinks, 12.0, scale=15.0)
    np.testing.assert_allclose(products(cube, ANGLES), 9 * cosine + 6 * cosine**3, atol=1.5e-12)


def test_order_and_number_of_angles_do_not_matter():
    mesh = meshed(lambda x: np.where(x > 0.3, np.cos(x), x), [0.3], 10.0, scale=1.0)
    angles = np.random.default_rng(0).uniform(0, np.pi, 40)
    together = products(mesh, angles)
    one_by_one = [products(mesh, angles[i : i + 1])[0] for i in range(40)]
    np.testing.assert_allclose(together, one_by_one, atol=1e-14)
    np.testing.assert_allclose(products(mesh, angles[::-1]), together[::-1], atol=1e-14)
    assert products(mesh, angles[:0]).shape == (0,)
