"""D(θ) = E σ'(U)σ'(V): series, pieces and jumps against closed forms and against the dual by differences."""

import itertools
import math

import numpy as np
import pytest
import scipy.special
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import ntkit as nk
from ntkit.activations import Activation
from ntkit.slopes import piecewise_constant_levels, series, slope_product

ANGLES = np.array([1e-4, 0.03, 0.4, 1.0, 0.5 * np.pi, 2.2, 3.1])

CLOSED = {
    "identity": lambda t: 1 + 0 * t,
    "relu": lambda t: (np.pi - t) / (2 * np.pi),
    "abs": lambda t: 1 - 2 * t / np.pi,
    "exp": lambda t: np.exp(1 + np.cos(t)),
    "sin": lambda t: np.exp(-1) * np.cosh(np.cos(t)),
    "cos": lambda t: np.exp(-1) * np.sinh(np.cos(t)),
    "quadratic": lambda t: 2 * np.cos(t),
    "erf": lambda t: 4 / np.pi / np.sqrt(9 - 4 * np.cos(t) ** 2),
    "gaussian": lambda t: np.cos(t) * (4 - np.cos(t) ** 2) ** -1.5,
    "step": lambda t: 1 / (2 * np.pi * np.sin(t)),
    "sign": lambda t: 2 / (np.pi * np.sin(t)),
}


def derivative_table(sigma, angles):
    """D(θ), with the factor sin θ of a σ with jumps taken out."""
    value = slope_product(sigma)(angles)
    return value if sigma.is_continuous else value / np.sin(angles)


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms(name):
    np.testing.assert_allclose(
        derivative_table(nk.activation(name), ANGLES), CLOSED[name](ANGLES), rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize("r", [1, 2, 3])
def test_powers_of_relu(r):
    """σ' = r x₊^{r−1}: the arc-cosine kernels of Cho and Saul of order r − 1, times r²."""
    t = ANGLES
    angular = {
        1: np.pi - t,
        2: np.sin(t) + (np.pi - t) * np.cos(t),
        3: 3 * np.sin(t) * np.cos(t) + (np.pi - t) * (1 + 2 * np.cos(t) ** 2),
    }[r]
    got = slope_product(nk.activation("relu_power", r=r))(t)
    np.testing.assert_allclose(got, r * r * angular / (2 * np.pi), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("name", ["elu", "selu", "softsign", "hardtanh", "relu6", "tanh", "mish", "gelu"])
def test_end_is_the_second_moment_of_the_slope(name):
    """D falls by O(θ) from E σ'², as for a kink."""
    sigma = nk.activation(name)
    near = slope_product(sigma)(np.array([1e-13]))[0]
    assert near == pytest.approx(sigma.derivative_second_moment, rel=3e-12)
    assert slope_product(sigma)(np.array([0.5 * np.pi]))[0] == pytest.approx(sigma.hermite(2)[1] ** 2, rel=3e-12)


PLACES = st.lists(st.floats(-2.5, 2.5), min_size=1, max_size=3).map(sorted)


def density2(a, b, angle):
    """The bivariate normal density at (a, b)."""
    sine = math.sin(angle)
    return math.exp(-(a * a + b * b - 2 * a * b * math.cos(angle)) / (2 * sine * sine)) / (2 * math.pi * sine)


@settings(max_examples=40)
@given(PLACES, st.floats(0.1, 3.0))
def test_staircases(places, angle):
    """σ' = Σ J_j δ(x − b_j): D = Σ_ij J_i J_j φ₂(b_i, b_j)."""
    assume(all(b - a > 0.05 for a, b in itertools.pairwise(places)))
    jumps = [1.0, -0.6, 0.3][: len(places)]

    def function(x):
        return sum(jump * (x > b) for jump, b in zip(jumps, places, strict=True))

    got = derivative_table(Activation("stairs", function), np.array([angle]))[0]
    wanted = sum(
        j * k * density2(a, b, angle) for (j, a), (k, b) in itertools.product(zip(jumps, places, strict=True), repeat=2)
    )
    # a jump is found to 2e-13·max(1, |b|), which moves the exponent by up to that times |b|/sin² θ
    largest = sum(map(abs, jumps)) ** 2 / (2 * math.pi * math.sin(angle))
    assert got == pytest.approx(wanted, abs=5e-12 * largest / math.sin(angle) ** 2)


def orthant_steps(places, steps, angle):
    """E s(U)s(V) of s = Σ K_i 1{x > b_i}, by quadrature of P(V > b | U) over U > a."""
    x, w = scipy.special.roots_legendre(200)
    total = 0.0
    for (k, a), (m, b) in itertools.product(zip(steps, places, strict=True), repeat=2):
        near = b / math.cos(angle) if abs(math.cos(angle)) > 1e-3 else a
        edges = np.unique(np.clip([a, near - 0.5, near, near + 0.5, a + 1, a + 3, 12.0], a, 12.0))
        for left, right in itertools.pairwise(edges):
            u = left + 0.5 * (right - left) * (1 + x)
            inner = scipy.special.ndtr((math.cos(angle) * u - b) / math.sin(angle))
            total += k * m * 0.5 * (right - left) * (w * inner * np.exp(-0.5 * u * u)).sum() / math.sqrt(2 * math.pi)
    return total


@settings(max_examples=40)
@given(PLACES, st.floats(0.1, 3.0), st.floats(-1, 1))
def test_piecewise_linear(places, angle, slope):
    """A line and bends: σ' = slope + Σ K_i 1{x > b_i}."""
    assume(all(b - a > 0.05 for a, b in itertools.pairwise(places)))
    steps = [1.0, -0.6, 0.3][: len(places)]

    def function(x):
        return slope * x + sum(step * np.maximum(x - b, 0.0) for step, b in zip(steps, places, strict=True))

    sigma = Activation("bends", function)
    assert piecewise_constant_levels(sigma) == pytest.approx(slope + np.cumsum([0.0, *steps]), abs=1e-10)
    got = slope_product(sigma)(np.array([angle]))[0]
    assert got == pytest.approx(orthant_steps([-40.0, *places], [slope, *steps], angle), abs=1e-12)


def test_a_jump_beside_curved_pieces():
    """σ = eˣ for x > b, else 0: D is that of the pieces, of the jump eᵇ, and of both."""
    b = 0.4
    sigma = Activation("cut", lambda x: np.where(x > b, np.exp(x), 0.0), kinks=(b,))
    for angle in (0.3, 1.2, 2.5):
        c, s = math.cos(angle), math.sin(angle)
        # E e^{U+V} 1{U, V > b}: a shift of both means by 1 + c
        centre = b - 1 - c
        pieces = math.exp(1 + c) * orthant_steps([centre], [1.0], angle)
        # V given U = b is N(bc, s²); E e^V 1{V > b} of it
        shifted = math.exp(b * c + 0.5 * s * s) * scipy.special.ndtr((b * c + s * s - b) / s)
        mixed = 2 * math.exp(b) * math.exp(-0.5 * b * b) / math.sqrt(2 * math.pi) * shifted
        jumps = math.exp(2 * b) * density2(b, b, angle)
        wanted = pieces + mixed + jumps
        assert derivative_table(sigma, np.array([angle]))[0] == pytest.approx(wanted, rel=1e-12)


CURVED = {
    "curved pieces": lambda x: np.where(x > 0.37, np.expm1(0.37 - x), np.sin(x - 0.37)),
    "soft bend": lambda x: x + np.where(x > -0.3, (x + 0.3) ** 2, 0.0),
    "jump and bend": lambda x: np.where(x > 0.7, x * x, np.maximum(x, -0.2)),
    "bend at 0": lambda x: np.where(x > 0, x, np.expm1(x)),
}


@pytest.mark.parametrize("name", CURVED)
def test_the_series_far_from_one(name):
    """D(θ) = Σ k a_k² cos^{k−1} θ, which converges for |cos θ| < 0.75 also with kinks."""
    sigma = Activation(name, CURVED[name])
    angles = np.arccos(np.linspace(-0.75, 0.75, 31))
    squares = sigma.hermite(200) ** 2
    wanted = np.polynomial.polynomial.polyval(np.cos(angles), np.polynomial.polynomial.polyder(squares))
    np.testing.assert_allclose(derivative_table(sigma, angles), wanted, atol=2e-12 * np.abs(wanted).max())


@pytest.mark.parametrize("name", CURVED)
def test_a_derivative_given_changes_nothing(name):
    step = 1e-30j  # of the complex step: exact slopes of pieces that are analytic
    pieces = {
        "curved pieces": lambda x: np.where(x > 0.37, (np.expm1(0.37 - x - step)).imag, np.sin(x - 0.37 + step).imag),
        "soft bend": lambda x: np.where(x > -0.3, (x + step + (x + step + 0.3) ** 2).imag, step.imag),
        "jump and bend": lambda x: np.where(x > 0.7, ((x + step) ** 2).imag, np.where(x > -0.2, step.imag, 0.0)),
        "bend at 0": lambda x: np.where(x > 0, step.imag, np.exp(x + step).imag),
    }[name]
    given_one = Activation(name, CURVED[name], derivative=lambda x: pieces(x) / step.imag)
    got, wanted = (slope_product(s)(ANGLES) for s in (Activation(name, CURVED[name]), given_one))
    np.testing.assert_allclose(got, wanted, atol=1e-12 * np.abs(wanted).max())


# --- which way -------------------------------------------------------------------------------------------------------


def test_series_are_for_smooth_activations():
    for name in ("tanh", "gelu", "exp", "softplus"):
        sigma = nk.activation(name)
        assert series(sigma).sum() == pytest.approx(sigma.second_moment, rel=1e-12)
    for name in ("relu", "step", "elu", "softsign"):
        assert series(nk.activation(name)) is None


def test_series_that_would_need_too_many_terms_are_left_to_quadrature():
    sigma = nk.activation("erf").rescaled(20.0)
    assert series(sigma) is None
    a = 2 * 20.0**2
    cosine = np.cos(ANGLES[1:])
    wanted = 2 / np.pi * a / np.sqrt((1 + a) ** 2 - (a * cosine) ** 2)
    np.testing.assert_allclose(slope_product(sigma)(ANGLES[1:]), wanted, rtol=1e-11)


@pytest.mark.parametrize(
    ("sigma", "levels"),
    [
        (nk.activation("relu"), [0, 1]),
        (nk.activation("relu6"), [0, 1, 0]),
        (nk.activation("leaky_relu", slope=-0.3), [-0.3, 1]),
        (nk.activation("sign"), [0, 0]),
        (nk.activation("identity"), [1]),
        (nk.activation("relu").normalized(), np.array([0, 1]) / math.sqrt(0.5 - 0.5 / math.pi)),
        (nk.activation("hardtanh").rescaled(3.0), [0, 3, 0]),
        (Activation("bend", lambda x: np.abs(x - 1 / 3)), [-1, 1]),
    ],
    ids=lambda v: getattr(v, "name", ""),
)
def test_levels_of_piecewise_linear_activations(sigma, levels):
    np.testing.assert_allclose(piecewise_constant_levels(sigma), levels, atol=1e-11)


@pytest.mark.parametrize("name", ["elu", "tanh", "softsign", "exp", "selu", "mish"])
def test_curved_activations_have_no_levels(name):
    assert piecewise_constant_levels(nk.activation(name)) is None


def test_a_constant_has_no_slope():
    np.testing.assert_array_equal(slope_product(Activation("flat", lambda x: 0 * x + 2))(ANGLES), 0.0)
