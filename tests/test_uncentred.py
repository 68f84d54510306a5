"""Uncentred activations: the fixed point of the dual, the three regimes, and the lemmas of appendix C.3.

The oracles share no code with ntkit: Hermite coefficients by Gauss–Legendre on either side of a kink, closed forms in
mpmath, and power series with non-negative coefficients, each of which is the dual of some activation.
"""

import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import brentq

import ntkit as nk
from ntkit import conditioning
from ntkit.conditioning import FixedPoint, fixed_point, uncentred_profile

TERMS = 240


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


def scaled(name, **parameters):
    return nk.activation(name, **parameters).with_unit_second_moment()


# Each activation from ntkit, its function written out, its σ̂'(1) and its ρ̄ (None: not below 1), worked out apart from
# this code and kept to a few digits.
SPEC = {
    "softplus": (nk.activation("softplus"), lambda x: np.logaddexp(0, x), 0.3185, None),
    "sigmoid": (nk.activation("sigmoid"), sigmoid, 0.153, None),
    "tanh + 0.3": (nk.activation("tanh").shifted(0.3), lambda x: np.tanh(x) + 0.3, 0.959, None),
    "relu": (nk.activation("relu"), relu, 1, None),
    "swish": (nk.activation("swish"), lambda x: x * sigmoid(x), 1.067, 0.6587),
    "elu": (nk.activation("elu"), lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), 1.036, 0.59757),
    "relu − 0.2": (nk.activation("relu").shifted(-0.2), lambda x: relu(x) - 0.2, 1.314, 0.40496),
    "sin 2x + 0.5": (
        nk.activation("sin").rescaled(2).shifted(0.5),
        lambda x: np.sin(2 * x) + 0.5,
        None,
        0.38863,
    ),
    "x²": (nk.activation("polynomial", coefficients=(0, 0, 1)), np.square, None, 0.5),
}
CHAOTIC = tuple(name for name, (*_, fixed) in SPEC.items() if fixed is not None)


def series(function):
    """a_k² / Σ a_k² by Gauss–Legendre on [−13, 0] and [0, 13], the kinks of all of these being at 0."""
    x, w = np.polynomial.legendre.leggauss(400)
    x, w = np.concatenate([6.5 * (x - 1), 6.5 * (x + 1)]), np.tile(6.5 * w, 2)
    weighted = w * np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    older, newer, values = np.zeros_like(x), np.ones_like(x), function(x)
    coefficients = []
    for k in range(TERMS):
        coefficients.append((weighted * values * newer).sum())
        older, newer = newer, (x * newer - math.sqrt(k) * older) / math.sqrt(k + 1)
    return np.square(coefficients) / (weighted * values**2).sum()


# --- the fixed point -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SPEC)
def test_values_of_the_specification(name):
    sigma, _, slope, fixed = SPEC[name]
    point = fixed_point(sigma.with_unit_second_moment())
    if slope is not None:
        assert point.slope_at_one == pytest.approx(slope, abs=5e-4)
    if fixed is None:
        assert (point.correlation, point.gap) == (1.0, 0.0)
    else:
        assert point.correlation == pytest.approx(fixed, abs=5e-5)
    assert point.regime == ("chaotic" if fixed else "critical" if slope == 1 else "ordered")


def test_slope_of_relu_less_a_fifth():
    # E σ'² = ½, E σ² = ½ − 2 · 0.2 E relu + 0.04
    slope = 0.5 / (0.54 - 0.4 / math.sqrt(2 * math.pi))
    assert slope == pytest.approx(1.3143, abs=5e-5)
    assert fixed_point(SPEC["relu − 0.2"][0].with_unit_second_moment()).slope_at_one == pytest.approx(slope, rel=1e-13)


@pytest.mark.parametrize("name", CHAOTIC)
def test_fixed_point_agrees_with_the_power_series(name):
    # make a problem
    sigma, function, _, _ = SPEC[name]
    # solve it by the power series, which converges where ρ̄ is
    squares = series(function)
    order = np.arange(TERMS)
    expected = brentq(lambda rho: (squares * rho**order).sum() - rho, 0, 0.8, xtol=1e-16)
    slope = (order[1:] * squares[1:] * expected ** order[:-1]).sum()
    # compare
    point = fixed_point(sigma.with_unit_second_moment())
    assert point.correlation == pytest.approx(expected, rel=1e-12)
    assert point.gap == pytest.approx(1 - expected, rel=1e-12)
    assert point.slope == pytest.approx(slope, rel=1e-12)
    assert point.at_zero == pytest.approx(squares[0], rel=1e-12)
    assert point.nonaffinity == pytest.approx(1 - squares[0] - squares[1], rel=1e-11)


def quadratic_dual(constant, linear, square):
    """The activation whose dual is constant + linear ρ + square ρ², for weights that add up to 1."""
    a, b, c = np.sqrt([constant, linear, square])
    return nk.activation(
        "polynomial", coefficients=(a - c / math.sqrt(2), b, c / math.sqrt(2))
    ).with_unit_second_moment()


@pytest.mark.parametrize("excess", [0.3, 1e-1, 1e-2, 1e-3, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12, 1e-13])
def test_fixed_point_near_the_edge(excess):
    # ρ̄ = constant/square, σ̂'(1) = 1 + square · excess
    square = 0.3
    constant = square * (1 - excess)
    point = fixed_point(quadratic_dual(constant, 1 - constant - square, square))
    assert point.regime == "chaotic"
    assert point.gap == pytest.approx(excess, abs=1e-13)
    assert point.correlation == pytest.approx(1 - excess, abs=1e-13)
    assert 1 - point.slope == pytest.approx(square * excess, abs=1e-13)


def test_fixed_point_next_to_the_edge_of_a_kinked_activation():
    # 1 − σ̂(1 − g) = q g − 2√2/(3π) g^{3/2} + … for the scaled ReLU; ReLU6 has the same g^{3/2} and a q just above 1
    with mpmath.workdps(40):
        tail = mpmath.ncdf(-6)
        second = mpmath.mpf(1) / 2 - (6 * mpmath.npdf(6) + tail) + 36 * tail
        excess = (mpmath.mpf(1) / 2 - tail) / second - 1
        expected = float((excess * 3 * mpmath.pi / (2 * mpmath.sqrt(2))) ** 2)
    point = fixed_point(scaled("relu6"))
    assert point.regime == "chaotic"
    assert point.gap == pytest.approx(expected, rel=1e-5)  # q − 1 = 1.9e-9, of which float64 keeps seven digits
    assert 1e-17 < point.gap < 1e-16


@pytest.mark.parametrize("name", ["relu", "abs", "exp", "leaky_relu"])
@pytest.mark.parametrize("factor", [1.0, 0.37, 5.3])
def test_critical_activations_are_recognised_whatever_their_scale(name, factor):
    sigma = nk.activation(name)._variant(scale=factor)
    point = fixed_point(sigma.with_unit_second_moment())
    assert (point.regime, point.gap, point.slope, point.slope_at_one) == ("critical", 0.0, 1.0, 1.0)


def test_critical_activation_of_the_users_own():
    point = fixed_point(nk.Activation("mine", relu).with_unit_second_moment())
    assert (point.regime, point.gap) == ("critical", 0.0)


def test_small_fixed_point_keeps_its_digits():
    # σ̂(0) = s tiny: ρ̄ = s/(1 − a_1²) to first order
    for shift in (1e-3, 1e-6, 1e-8):
        sigma = nk.activation("tanh").shifted(shift).with_unit_second_moment()
        point, linear = fixed_point(sigma), float(sigma.hermite(2)[1]) ** 2
        assert point.correlation == pytest.approx(point.at_zero / (1 - linear), rel=2e-5 * (shift / 1e-3) ** 4 + 1e-12)
        assert point.gap == 1 - point.correlation


@pytest.mark.parametrize("name", ["tanh", "normrelu", "hermite", "sign"])
def test_centred_activation_has_its_fixed_point_at_zero(name):
    point = fixed_point(scaled(name, **({"k": 3} if name == "hermite" else {})))
    assert (point.correlation, point.gap, point.at_zero) == (0.0, 1.0, 0.0)


def test_jumping_activation_is_chaotic():
    # σ̂(ρ) = ½ + arcsin(ρ)/π for the scaled step
    expected = brentq(lambda rho: 0.5 + math.asin(rho) / math.pi - rho, 0, 0.99, xtol=1e-16)
    point = fixed_point(scaled("step"))
    assert point.slope_at_one == math.inf
    assert point.correlation == pytest.approx(expected, rel=1e-12)
    assert point.slope == pytest.approx(1 / (math.pi * math.sqrt(1 - expected**2)), rel=1e-12)


@given(st.floats(-1.5, 1.5))
def test_regime_follows_the_shift_of_tanh(shift):
    sigma = nk.activation("tanh").shifted(shift).with_unit_second_moment()
    point = fixed_point(sigma)
    # E σ'² / (E tanh² + shift²) = 1 at shift² = E tanh'² − E tanh²
    edge = math.sqrt(0.464402863 - 0.394294450)
    assume(abs(abs(shift) - edge) > 1e-6)
    assert point.regime == ("chaotic" if abs(shift) < edge else "ordered")
    assert float(sigma.dual(point.correlation)) == pytest.approx(point.correlation, rel=1e-12, abs=1e-300)
    if point.gap > 0:
        assert float(sigma.dual.gap(point.gap)) == pytest.approx(point.gap, rel=1e-12)


# --- for any dual: power series with non-negative coefficients -------------------------------------------------------


def any_point(weights):
    """The FixedPoint and the dual of Σ w_i ρ^i / Σ w_i, by roots of polynomials."""
    squares = np.array(weights) / np.sum(weights)
    dual = np.polynomial.Polynomial(squares)
    slope_at_one = float(dual.deriv()(1.0))
    # (σ̂(ρ) − ρ)/(ρ − 1) has the other fixed point as its only root in [0, 1)
    quotient = np.polynomial.Polynomial(np.cumsum(squares[::-1])[::-1][1:] - np.eye(1, len(squares) - 1)[0])
    assume(abs(slope_at_one - 1) > 1e-3)
    fixed = brentq(quotient, 0, 1, xtol=1e-16) if slope_at_one > 1 and quotient(0.0) < 0 else float(slope_at_one <= 1)
    return dual, FixedPoint(
        activation="any",
        regime="ordered" if slope_at_one < 1 else "chaotic",
        correlation=fixed,
        gap=1 - fixed,
        slope=float(dual.deriv()(fixed)),
        slope_at_one=slope_at_one,
        at_zero=float(squares[0]),
        nonaffinity=float(min(squares[2:].sum(), 1)),
    )


weights = st.lists(st.floats(0, 1), min_size=3, max_size=9)


def uncentred_weights(given_weights):
    assume(given_weights[0] > 1e-2 and sum(given_weights[2:]) > 1e-2)
    return any_point(given_weights)


@given(weights)
def test_lemmas_of_one_layer_for_any_dual(given_weights):
    dual, point = uncentred_weights(given_weights)
    rho, share = np.linspace(-1, 1, 101), np.linspace(0, 1, 21)
    between = share + (1 - share) * point.correlation
    assert (between - dual(between) >= conditioning.lemma_32(share, point) - 1e-13).all()
    assert point.slope <= conditioning.lemma_33_sharp(point) + 1e-12 <= conditioning.lemma_33(point) + 1e-12
    for sides in (conditioning.lemma_34(rho, point), conditioning.lemma_34_sharp(rho, point)):
        assert (sides[0] <= dual(rho) + 1e-13).all()
        assert (dual(rho) <= sides[1] + 1e-13).all()
    least, largest = conditioning.lemma_31(rho[50:], point)
    assert (least <= dual(rho[50:]) + 1e-13).all()
    assert (dual(rho[50:]) <= largest + 1e-13).all()
    # what `largest_gap` rests on
    gap = 1 - rho
    assert (1 - dual(rho) <= point.slope_at_one * gap - point.nonaffinity * gap**2 + 1e-13).all()


@given(weights)
def test_sharp_sides_lie_within_those_stated(given_weights):
    _, point = uncentred_weights(given_weights)
    rho = np.linspace(-1, 1, 101)
    stated, sharp = conditioning.lemma_34(rho, point), conditioning.lemma_34_sharp(rho, point)
    assert (sharp[0] >= stated[0] - 1e-15).all()
    assert (sharp[1] <= stated[1] + 1e-15).all()
    assert conditioning.lemma_35_rate(point) == pytest.approx(max(1 - point.nonaffinity * point.gap / 2, 0))


@given(weights, st.floats(1e-6, 0.999), st.floats(-1, 1))
def test_theorems_of_any_depth_for_any_dual(given_weights, delta, place):
    dual, point = uncentred_weights(given_weights)
    rho = [place * (1 - delta)]
    for _ in range(80):
        rho.append(dual(rho[-1]))
    depth, rho = np.arange(81), np.array(rho)
    deviation = np.abs(rho - point.correlation)
    assert (deviation <= conditioning.theorem_11_sharp(depth, delta, point) * (1 + 1e-10) + 1e-12).all()
    assert (1 - rho <= conditioning.largest_gap(depth, 1 - rho[0], point) * (1 + 1e-10) + 1e-12).all()
    stated = depth[depth >= conditioning.lemma_35_depth(delta, point)]
    assert (deviation[stated] <= conditioning.lemma_35(stated, delta, point) * (1 + 1e-10) + 1e-12).all()
    np.testing.assert_array_equal(
        conditioning.theorem_11(stated, delta, point), conditioning.lemma_35(stated, delta, point)
    )


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7), st.floats(0, 1))
def test_critical_activation_has_a_mean_without_its_being_assumed(higher, linear):
    # σ̂(0) = Σ (i − 1)a_i² where Σ a_i² = Σ i a_i² = 1, and so ⌈1/σ̂(0)⌉ never counts in Lemma 36
    assume(sum(higher) > 1e-3)
    higher = np.array(higher)
    squares = np.concatenate([[(np.arange(1, len(higher) + 1) * higher).sum(), linear], higher])
    squares /= squares.sum()
    dual, nonaffinity = np.polynomial.Polynomial(squares), squares[2:].sum()
    assert dual.deriv()(1.0) == pytest.approx(1)
    assert squares[0] >= nonaffinity - 1e-15
    point = FixedPoint("any", "critical", 1.0, 0.0, 1.0, 1.0, float(squares[0]), float(nonaffinity))
    epsilon = np.array([0.01, 0.1, 0.3, 0.49])
    stated = conditioning.lemma_36(epsilon, point)
    logarithmic = np.log(2 / epsilon) / -np.log1p(-0.5 * epsilon * nonaffinity)
    assert (stated <= np.ceil(logarithmic)).all()
    # and both numbers of layers suffice, from ρ = −1, the shorter one as well
    sharp = conditioning.lemma_36_sharp(epsilon, point)
    assert (sharp <= stated).all()
    rho = [-1.0]
    while len(rho) <= min(sharp.max(), 20_000):
        rho.append(float(dual(rho[-1])))
    reached = sharp < len(rho)
    assert (1 - np.array(rho)[sharp[reached]] <= epsilon[reached] * (1 + 1e-9)).all()


def test_quadratic_dual_attains_the_sharp_forms_of_one_layer():
    sigma = scaled("polynomial", coefficients=(0, 0, 1))  # σ̂ = (1 + 2ρ²)/3, ρ̄ = ½
    point, share, rho = fixed_point(sigma), np.linspace(0, 1, 11), np.linspace(0.5, 1, 11)
    between = share + (1 - share) * 0.5
    np.testing.assert_allclose(between - (1 + 2 * between**2) / 3, conditioning.lemma_32(share, point), atol=1e-14)
    np.testing.assert_allclose((1 + 2 * rho**2) / 3, conditioning.lemma_34_sharp(rho, point)[1], atol=1e-14)
    assert point.slope == pytest.approx(conditioning.lemma_33_sharp(point), rel=1e-13)


# --- where the paper's statements fall short -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["softplus", "sigmoid", "cos", "gaussian"])
def test_lemma_35_says_nothing_where_the_fixed_point_is_one(name):
    point = fixed_point(scaled(name))
    assert conditioning.lemma_35_rate(point) == 1
    assert conditioning.lemma_35(1000, 0.5, point) == 1
    assert conditioning.theorem_11_sharp(1000, 0.5, point) < 1e-90


def test_layers_to_a_critical_limit_are_of_order_one_over_epsilon():
    # exp: σ̂ = e^(ρ − 1), 1 − ρ_L ≃ 2/L; the statement grows by a logarithm more
    point, epsilon = fixed_point(scaled("exp")), np.array([1e-2, 1e-4, 1e-6])
    np.testing.assert_allclose(conditioning.lemma_36_sharp(epsilon, point) * epsilon, 1 / 0.2642411176571153, rtol=6e-3)
    stated = conditioning.lemma_36(epsilon, point) * epsilon
    assert (np.diff(stated) > 30).all()


# --- trajectories ----------------------------------------------------------------------------------------------------


def test_relu_falls_as_the_square_of_the_depth():
    # 9π²/2 = 44.41 in the limit; 44.25 after 10⁴ layers
    gap = uncentred_profile(scaled("relu"), 10_000, (0.0,)).gap[:, 0]
    assert gap[-1] * 1e8 == pytest.approx(44.25, abs=5e-3)
    # the same by the arc-cosine formula
    rho = mpmath.mpf(0)
    with mpmath.workdps(30):
        for _ in range(1000):
            rho = (mpmath.sqrt(1 - rho**2) + rho * (mpmath.pi - mpmath.acos(rho))) / mpmath.pi
        assert gap[1000] == pytest.approx(float(1 - rho), rel=1e-11)


def test_softplus_is_near_one_after_five_layers():
    profile = uncentred_profile(scaled("softplus"), 5, (0.0,))
    assert profile.gap[5, 0] == pytest.approx(2.9e-3, abs=5e-5)
    squares = series(SPEC["softplus"][1])
    rho = 0.0
    for _ in range(5):
        rho = (squares * rho ** np.arange(TERMS)).sum()
    assert profile.gap[5, 0] == pytest.approx(1 - rho, rel=1e-11)


@pytest.mark.parametrize("name", ["exp", "x²", "cos"])
def test_trajectory_agrees_with_fifty_digits_at_both_ends(name):
    dual, fixed, sigma = {
        "exp": (lambda r: mpmath.exp(r - 1), mpmath.mpf(1), scaled("exp")),
        "x²": (lambda r: (1 + 2 * r * r) / 3, mpmath.mpf(1) / 2, scaled("polynomial", coefficients=(0, 0, 1))),
        "cos": (lambda r: mpmath.cosh(r) / mpmath.cosh(1), mpmath.mpf(1), scaled("cos")),
    }[name]
    starts = np.array([-0.999, -0.3, 0.0, 0.4999, 0.9, 1 - 1e-12])
    profile = uncentred_profile(sigma, 300, gap=1 - starts)
    with mpmath.workdps(250):
        rho = [1 - mpmath.mpf(float(gap)) for gap in 1 - starts]
        for layer in range(301):
            for column, value in enumerate(rho):
                exact = float(value - fixed), float(1 - value)
                if abs(exact[0]) > 1e-290:
                    assert profile.deviation[layer, column] == pytest.approx(exact[0], rel=1e-9)
                assert profile.gap[layer, column] == pytest.approx(exact[1], rel=1e-9, abs=1e-290)
            rho = [dual(value) for value in rho]


def test_deviation_falls_by_the_slope_in_the_end():
    for name in ("swish", "gelu", "softplus", "step"):
        profile = uncentred_profile(scaled(name), 600)
        slope = profile.point.slope
        told = np.abs(profile.deviation) > 1e-290
        late = told[1:] & (np.abs(profile.deviation[1:]) < 1e-9)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = profile.deviation[1:] / profile.deviation[:-1]
        assert late.any()
        np.testing.assert_allclose(ratio[late], slope, rtol=1e-7)


def test_profile_holds_the_bounds_beside_the_truth():
    profile = uncentred_profile(scaled("swish"), 250, (-0.9, 0.2, 0.99))
    assert profile.delta == pytest.approx(0.01)
    assert conditioning.lemma_35_depth(0.01, profile.point) == profile.L0
    assert np.isnan(profile.bound[: profile.L0]).all()
    worst = np.abs(profile.deviation).max(axis=1)
    assert (worst <= profile.sharp).all()
    assert (worst[profile.L0 :] <= profile.bound[profile.L0 :]).all()
    assert (profile.sharp[profile.L0 :] <= profile.bound[profile.L0 :]).all()
    np.testing.assert_allclose(profile.correlation, profile.point.correlation + profile.deviation, atol=1e-14)


def test_profile_agrees_with_the_architecture():
    sigma = scaled("gelu")
    profile = uncentred_profile(sigma, 40, (-0.5, 0.0, 0.3))
    trajectory = nk.mlp(40, sigma).trajectory([-0.5, 0.0, 0.3])
    np.testing.assert_allclose(profile.correlation, trajectory.correlation, rtol=0, atol=1e-14)


def test_profile_of_what_the_lemma_is_silent_about():
    for sigma, starts in ((scaled("tanh"), (0.5,)), (scaled("relu"), (0.5,)), (scaled("swish"), (1.0, 0.5))):
        profile = uncentred_profile(sigma, 5, starts)
        assert profile.L0 is None
        assert np.isnan(profile.bound).all()
    assert np.isnan(profile.sharp).all()  # from ρ_0 = 1 nothing converges to ρ̄ < 1


# --- what comes in and out -------------------------------------------------------------------------------------------


def test_scaled_activation():
    sigma = nk.activation("softplus").with_unit_second_moment()
    assert sigma.second_moment == 1.0
    assert sigma.with_unit_second_moment() is sigma
    assert sigma(0.7) == pytest.approx(nk.activation("softplus")(0.7) / math.sqrt(0.921246), rel=1e-6)
    assert sigma.coefficient_of_nonaffinity == pytest.approx(nk.activation("softplus").coefficient_of_nonaffinity)
    with pytest.raises(ValueError, match="must not be zero"):
        nk.Activation("zero", lambda x: 0 * x).with_unit_second_moment()


@given(st.floats(-3, 3), st.floats(0.1, 10))
def test_shifted_activation(constant, factor):
    sigma = nk.activation("tanh")._variant(scale=factor).shifted(constant)
    assert sigma(0.5) == pytest.approx(factor * math.tanh(0.5) + constant, rel=1e-13, abs=1e-14)
    assert sigma.mean == pytest.approx(constant, abs=1e-14 * (1 + factor))
    assert sigma.derivative(0.5) == pytest.approx(factor / math.cosh(0.5) ** 2)


def test_shifting_by_nothing_and_by_what_is_no_number():
    assert nk.activation("relu").shifted(0) is nk.activation("relu")
    assert nk.activation("relu").shifted(-0.2).name == "relu − 0.2"
    with pytest.raises(ValueError, match="constant must be a finite number"):
        nk.activation("relu").shifted(math.nan)


POINT = fixed_point(scaled("swish"))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fixed_point(nk.activation("relu")), r"E σ\(X\)² = 1.*with_unit_second_moment"),
        (lambda: fixed_point(nk.activation("identity")), "must not be affine"),
        (lambda: conditioning.lemma_31(-0.5, POINT), r"lie in \[0, 1\]"),
        (lambda: conditioning.lemma_34(1.5, POINT), "rho must lie in"),
        (lambda: conditioning.lemma_35(10, 1e-3, POINT), r"depth ≥ L0 = 173; got 10\. theorem_11_sharp"),
        (lambda: conditioning.lemma_35_depth(0.5, fixed_point(scaled("tanh"))), "centred activation take lemma_22"),
        (lambda: conditioning.lemma_35(100, 0.5, fixed_point(scaled("relu"))), "Take lemma_36"),
        (lambda: conditioning.lemma_36(0.1, POINT), r"needs σ̂'\(1\) = 1"),
        (lambda: conditioning.lemma_36_sharp(0.5, fixed_point(scaled("relu"))), "epsilon must lie in"),
        (lambda: conditioning.largest_gap(3, 2.5, POINT), r"gap must lie in \[0, 2\]"),
        (lambda: conditioning.largest_gap(3, 0.5, fixed_point(scaled("step"))), "slope_at_one must be positive"),
        (lambda: uncentred_profile(scaled("relu"), 3, (1.5,)), r"gap must lie in \[0, 2\]"),
        (lambda: uncentred_profile(scaled("relu"), 2.5), "whole number of layers"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_arguments_broadcast_and_tensors_come_back_as_tensors():
    depth, delta = np.arange(200, 204)[:, None], np.array([1e-2, 0.1, 0.6])
    table = conditioning.lemma_35(depth, delta, POINT)
    assert table.shape == (4, 3)
    assert table[2, 1] == conditioning.lemma_35(202, 0.1, POINT)
    for function in (conditioning.lemma_35, conditioning.theorem_11_sharp):
        tensor = function(torch.tensor(depth), torch.tensor(delta, dtype=torch.float64), POINT)
        np.testing.assert_allclose(tensor.numpy(), function(depth, delta, POINT), rtol=1e-14)
    rho = np.linspace(-1, 1, 7)
    for function in (conditioning.lemma_34, conditioning.lemma_34_sharp):
        for mine, theirs in zip(function(torch.tensor(rho), POINT), function(rho, POINT), strict=True):
            np.testing.assert_allclose(mine.numpy(), theirs, rtol=1e-14)
