"""Functions resolved under N(0, 1): which kinks are found, what the integrals are worth, and what is refused."""

import itertools
import math

import numpy as np
import pytest
import scipy.integrate
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from ntkit.resolving import evaluate, resolve

INTEGERS = tuple(range(-14, 15))


def expectation(f, kinks=()):
    """E f(X) by Gauss–Legendre quadrature between the integers and the kinks."""
    edges = sorted({*INTEGERS, *kinks})
    parts = [
        scipy.integrate.fixed_quad(lambda x: f(x) * np.exp(-0.5 * x * x), a, b, n=40)[0]
        for a, b in itertools.pairwise(edges)
    ]
    return math.fsum(parts) / math.sqrt(2 * math.pi)


def ramp(x, place, order):
    """(x − place)₊^order, whose derivative of that order jumps."""
    return np.where(x > place, np.maximum(x - place, 0.0) ** order, 0.0)


# --- kinks -----------------------------------------------------------------------------------------------------------

KINKED = {
    "slope at -1.6": (lambda x: np.maximum(x + 1.6, 0.0), (-1.6,)),
    "slope at 1/3": (lambda x: np.maximum(x - 1 / 3, 0.0), (1 / 3,)),
    "slope at no round number": (lambda x: np.maximum(x - 0.123456789012, 0.0), (0.123456789012,)),
    "several": (lambda x: np.abs(x + 2.5) - np.maximum(x, 0.1) + np.clip(x, 0.7, np.pi), (-2.5, 0.1, 0.7, np.pi)),
    "jump": (lambda x: np.where(x > 0.7, x * x, np.sin(x)), (0.7,)),
    "second order": (lambda x: x + ramp(x, 0.3, 2), (0.3,)),
    "jump, slope and curvature": (lambda x: ramp(x, -1, 0) + ramp(x, 0.5, 1) - ramp(x, 2, 2), (-1.0, 0.5, 2.0)),
    "a hundredth apart": (lambda x: np.clip(x, 0.5, 0.51), (0.5, 0.51)),
    "a thousandth apart": (lambda x: np.maximum(x, 0.5) + np.maximum(x, 0.501), (0.5, 0.501)),
    "far out": (lambda x: np.maximum(x - 6.0, 0.0), (6.0,)),
    "smooth between": (lambda x: np.where(x > 0.2, np.expm1(0.2 - x), np.sin(x - 0.2)), (0.2,)),
    "whole numbers": (lambda x: (x > 0.25).astype(int), (0.25,)),
    "truth values": (lambda x: x > 0.25, (0.25,)),
}


@pytest.mark.parametrize("name", KINKED)
def test_kinks_are_found_where_they_are(name):
    function, kinks = KINKED[name]
    found = resolve(function).kinks
    assert len(found) == len(kinks)
    np.testing.assert_allclose(found, kinks, rtol=0, atol=4e-15)


@pytest.mark.parametrize("name", KINKED)
def test_integrals_do_not_depend_on_who_names_the_kinks(name):
    function, kinks = KINKED[name]
    for resolved in (resolve(function), resolve(function, kinks), resolve(function, kinks[:1])):
        scale = expectation(lambda x: function(x).astype(float) ** 2, kinks)
        assert resolved.expectation(resolved.values**2) == pytest.approx(scale, rel=1e-13)
        wanted = expectation(function, kinks)
        assert resolved.expectation(resolved.values) == pytest.approx(wanted, abs=1e-14 * math.sqrt(scale))


@pytest.mark.parametrize("function", [np.tanh, np.cos, np.exp, lambda x: x**3, lambda x: 1 / (1 + 4 * x * x)])
def test_smooth_functions_have_no_kinks(function):
    assert resolve(function).kinks == ()


def test_kinks_named_where_there_is_none_do_no_harm():
    resolved = resolve(np.exp, (0.5, -0.25, 0.5, 3.0))
    assert resolved.kinks == (-0.25, 0.5, 3.0)
    np.testing.assert_array_equal(resolved.jumps, 0.0)
    assert resolved.expectation(resolved.values) == pytest.approx(math.exp(0.5), rel=1e-14)
    np.testing.assert_allclose(resolved.hermite(20), math.exp(0.5) / np.sqrt([math.factorial(k) for k in range(20)]))


def test_kinks_beyond_what_is_seen_are_left_out():
    assert resolve(np.tanh, (-1e5, 50.0)).kinks == ()


def test_kinks_named_beside_the_true_ones_are_kept_with_them():
    assert resolve(lambda x: np.abs(x - 0.4), (1.0,)).kinks == (0.4, 1.0)


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("ends", [(0.0, 1.0), (-1.0, 0.0), (0.25, 0.75), (0.0, 2.0)])
def test_a_kink_halfway_between_two_named_ones_is_found(ends, order):
    middle = 0.5 * (ends[0] + ends[1])
    resolved = resolve(lambda x: np.clip(x, *ends) + ramp(x, middle, order), ends)
    assert resolved.kinks == (ends[0], middle, ends[1])
    np.testing.assert_allclose(resolved.jumps, [0, 0 if order else 1, 0], atol=1e-12)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_a_kink_that_lies_on_an_edge_of_a_panel_is_found(order):
    edges = resolve(np.tanh).edges
    for place in edges[np.abs(edges) < 5]:
        found = resolve(lambda x, b=place: np.tanh(x) + ramp(x, b, order)).kinks
        assert found == pytest.approx([place], abs=2e-7 if order == 2 else 1e-11)


def test_minus_zero_is_zero():
    assert str(resolve(np.abs, (-0.0,)).kinks) == "(0.0,)"


@pytest.mark.parametrize(
    ("function", "jumps"),
    [
        (lambda x: np.where(x > 0.7, x * x, np.sin(x)), [0.49 - math.sin(0.7)]),
        (lambda x: 3.0 * (x > -1) - 1e-3 * (x > 0.4), [3.0, -1e-3]),
        (np.abs, [0.0]),
        (lambda x: x + 1e6 * np.maximum(x, 0.0), [0.0]),
        (lambda x: ramp(x, -0.3, 2), [0.0]),
    ],
)
def test_jumps(function, jumps):
    np.testing.assert_allclose(resolve(function).jumps, jumps, atol=1e-11)


PLACES = st.lists(st.floats(-4, 4), min_size=1, max_size=4).map(sorted)
PIECES = st.tuples(st.sampled_from([0, 1, 2]), st.floats(0.25, 2.0), st.sampled_from([-1.0, 1.0]))


@settings(max_examples=60)
@given(PLACES, st.lists(PIECES, min_size=4, max_size=4), st.floats(-1, 1))
@example([1 / 3], [(2, 1.0, 1.0)] * 4, 0.3)
@example([-1.6, 0.0], [(0, 1.0, 1.0)] * 4, 0.0)
def test_any_kinks_are_found(places, pieces, slope):
    assume(all(b - a > 0.02 for a, b in itertools.pairwise(places)))
    kinds = list(zip(places, pieces, strict=False))

    def function(x):
        return slope * x + np.sin(x) + sum(sign * size * ramp(x, b, order) for b, (order, size, sign) in kinds)

    resolved = resolve(function)
    assert len(resolved.kinks) == len(places)
    # A jump is bisected until rounding hides it; an integral loses only the (m + 1)-th power at a kink of order m.
    for found, place, (order, _, _) in zip(resolved.kinks, places, pieces, strict=False):
        assert abs(found - place) <= (2e-13 * max(1, abs(place)), 1e-11, 2e-7)[order]
    second = expectation(lambda x: function(x) ** 2, places)
    assert resolved.expectation(resolved.values**2) == pytest.approx(second, rel=1e-13)
    assert resolved.expectation(resolved.values) == pytest.approx(
        expectation(function, places), abs=1e-13 * math.sqrt(second)
    )
    wanted = [0.0 if order else sign * size for order, size, sign in pieces[: len(places)]]
    np.testing.assert_allclose(resolved.jumps, wanted, atol=1e-11)


# --- steep, wiggling and fast-growing functions ----------------------------------------------------------------------

STEEP = {
    "tanh(20x)": lambda x: np.tanh(20 * x),
    "tanh(100(x - 0.4))": lambda x: np.tanh(100 * (x - 0.4)),
    "a bump of width 0.01": lambda x: np.exp(-0.5 * ((x - 0.5) / 0.01) ** 2),
    "1/(1 + 2500x^2)": lambda x: 1 / (1 + 2500 * x * x),
}


@pytest.mark.parametrize("name", STEEP)
def test_steep_but_smooth(name):
    function = STEEP[name]
    resolved = resolve(function)
    assert resolved.kinks == ()
    for power in (1, 2):
        fine = np.arange(-0.5, 1.0, 0.01).tolist()
        wanted = expectation(lambda x, power=power: function(x) ** power, fine)
        assert resolved.expectation(resolved.values**power) == pytest.approx(wanted, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("frequency", [1.0, 7.0, 30.0, 100.0])
def test_waves(frequency):
    sine, cosine = (resolve(lambda x, f=f: f(frequency * x)) for f in (np.sin, np.cos))
    decay = math.exp(-2 * frequency**2)
    assert sine.expectation(sine.values**2) == pytest.approx(0.5 * (1 - decay), rel=1e-13)
    assert cosine.expectation(cosine.values**2) == pytest.approx(0.5 * (1 + decay), rel=1e-13)
    assert cosine.expectation(cosine.values) == pytest.approx(math.exp(-0.5 * frequency**2), abs=1e-15)


def test_a_staircase():
    """floor jumps some two dozen times within what N(0, 1) sees."""
    resolved = resolve(np.floor)
    seen = [b for b in resolved.kinks if abs(b) < 8]
    assert seen == list(range(-7, 8))
    inner = np.abs(resolved.kinks) < 6
    np.testing.assert_allclose(resolved.jumps[inner], 1.0, atol=1e-12)
    steps = np.arange(1, 40)
    tails = np.array([math.erfc(k / math.sqrt(2)) / 2 for k in [0, *steps]])
    # Abel: E g(⌊X⌋) = Σ_k g(k) P(k ≤ X < k + 1)
    mass = tails - np.append(tails[1:], 0.0)
    levels = np.arange(40)
    wanted = (mass * (levels**2 + (levels + 1) ** 2)).sum()
    assert resolved.expectation(resolved.values**2) == pytest.approx(wanted, rel=1e-14)
    assert resolved.expectation(resolved.values) == pytest.approx(-0.5, rel=1e-14)


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.2])
def test_growth_up_to_what_is_promised(rate):
    resolved = resolve(lambda x: np.exp(rate * x * x))
    assert resolved.expectation(resolved.values) == pytest.approx((1 - 2 * rate) ** -0.5, rel=1e-13)
    assert resolved.expectation(resolved.values**2) == pytest.approx((1 - 4 * rate) ** -0.5, rel=1e-13)


@pytest.mark.parametrize("factor", [1e-100, 1e-12, 1.0, 1e12, 1e100])
def test_size_does_not_matter(factor):
    resolved = resolve(lambda x: factor * np.maximum(x - 1 / 3, 0.0))
    assert resolved.kinks == pytest.approx((1 / 3,), rel=1e-15)
    plain = resolve(lambda x: np.maximum(x - 1 / 3, 0.0))
    wanted = plain.expectation(plain.values)
    assert resolved.expectation(resolved.values) / factor == pytest.approx(wanted, rel=1e-14)


# --- Hermite coefficients --------------------------------------------------------------------------------------------


def test_hermite_coefficients_of_a_kink_at_any_place():
    """a_k = h_{k−2}(b)φ(b)/√(k(k−1)) for (x − b)₊: integrate by parts twice."""
    place = -1.6
    got = resolve(lambda x: np.maximum(x - place, 0.0)).hermite(60)
    older, newer = 0.0, 1.0
    for k in range(2, 60):
        wanted = newer * math.exp(-0.5 * place**2) / math.sqrt(2 * math.pi * k * (k - 1))
        assert got[k] == pytest.approx(wanted, abs=2e-15)
        older, newer = newer, (place * newer - math.sqrt(k - 2) * older) / math.sqrt(k - 1)


# --- refusals --------------------------------------------------------------------------------------------------------


def noise(x):
    return np.random.default_rng(0).normal(size=np.shape(x))


REFUSED = {
    "an infinite slope": (
        lambda x: np.sqrt(np.abs(x)),
        "near x = 0 it could not be resolved. A slope that is infinite",
    ),
    "an infinite slope elsewhere": (lambda x: np.cbrt(x - 0.37), "near x = 0.37 it could not be resolved"),
    "a logarithm": (lambda x: np.log(np.abs(x)), "near x = 0 it could not be resolved"),
    "a slope that hardly differs from a kink": (lambda x: np.tanh(3e4 * x), "smooth it or replace it by a kink"),
    "noise": (noise, "too much structure to be resolved"),
    "single precision": (lambda x: np.tanh(x.astype(np.float32)), "too much structure to be resolved"),
    "too many jumps": (lambda x: np.floor(2 * x), "at most 40 kinks are supported; found"),
    "too fast growth": (lambda x: np.exp(0.5 * x * x), r"grows too fast.*must be finite"),
    "growth at the border": (lambda x: np.exp(0.25 * x * x), r"Growth up to exp\(0.2 x²\) is supported"),
    "NaN on a half line": (np.sqrt, r"must be finite on the real line; at x = -.* it is nan"),
    "NaN in the middle": (lambda x: np.where(np.abs(x - 1) < 0.1, np.nan, x), "at x = .* it is nan"),
    "infinite": (lambda x: np.where(np.abs(x - 1) < 0.1, np.inf, x), "at x = .* it is inf"),
    "a pole": (lambda x: 1 / (x - 0.3), "finite|could not be resolved"),
    "complex": (lambda x: x + 1j, "must return real numbers; it returned complex128"),
    "text": (lambda x: "abc", "must return real numbers"),
    "nothing": (lambda x: None, "must return real numbers; it returned object"),
    "fewer values": (lambda x: x[:3], r"must map an array to an array of the same shape; .* became \(3,\)"),
    "a list of rows": (lambda x: [x.ravel().tolist()], "must map an array to an array of the same shape"),
    "for one number": (lambda x: x if x > 0 else 0, r"work elementwise.*np.where\(x > 0, x, 0\) in the place of"),
    "from math": (math.tanh, "np.tanh for math.tanh"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    function, message = REFUSED[name]
    with pytest.raises(ValueError, match=message) as caught:
        resolve(function, name="my function")
    assert str(caught.value).startswith(("my function", "at most 40 kinks"))


def test_a_mistake_inside_the_function_is_shown():
    with pytest.raises(ZeroDivisionError):
        resolve(lambda x: x / (1 // 0))


def test_values_that_are_one_number():
    np.testing.assert_array_equal(evaluate(lambda x: 3, np.zeros((2, 5)), "a constant"), np.full((2, 5), 3.0))
    resolved = resolve(lambda x: 3)
    assert resolved.kinks == ()
    assert resolved.expectation(resolved.values) == pytest.approx(3.0, rel=1e-15)
