"""Dual activations: what every one of them must fulfil, quadrature in the plane, kinds of arrays, refusals."""

import itertools
import math
import pickle

import mpmath
import numpy as np
import pytest
import scipy.integrate
import scipy.special
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import ntkit as nk
from ntkit.activations import Activation

ACCURACY = 1e-12

ACTIVATIONS = [
    *(nk.activation(n) for n in nk.catalogue() if n not in ("hermite", "polynomial", "relu_power", "normrelu")),
    *(nk.activation("leaky_relu", slope=slope) for slope in (0.0, 1.0, -1.0, 5.0)),
    *(nk.activation(name, alpha=alpha) for name in ("elu", "celu") for alpha in (0.1, 10.0)),
    *(nk.activation("relu_power", r=r) for r in (2, 5, 12)),
    *(nk.activation("hermite", k=k) for k in (0, 3, 30)),
    nk.activation("polynomial", coefficients=(1, -2, 0.5)),
    *(nk.normrelu(c) for c in (-6.0, -1.6, 1 / 3, 4.0)),
    *(nk.activation(name).normalized() for name in ("relu", "gelu", "step", "softplus", "exp")),
    nk.activation("tanh").rescaled(3.0),
    nk.activation("sin").rescaled(30.0),
    Activation("two bends", lambda x: np.abs(x + 1.6) - np.maximum(x, 1 / 3)),
    Activation("a jump and a bend", lambda x: np.where(x > 0.7, 1.0, np.maximum(x, -0.2))),
    Activation("curved pieces", lambda x: np.where(x > 0.37, np.expm1(0.37 - x), np.sin(x - 0.37))),
    Activation("a soft bend", lambda x: x + np.where(x > -0.3, (x + 0.3) ** 2, 0.0)),
    Activation("a wave", lambda x: np.sin(2 * x + 1) + 0.1 * x**2),
]
NAMES = [sigma.name for sigma in ACTIVATIONS]
CONTINUOUS = [sigma for sigma in ACTIVATIONS if sigma.is_continuous]
ACTIVATION = st.sampled_from(ACTIVATIONS)
CORRELATION = st.floats(-1, 1)
SMOOTH = ("exp", "sin", "erf", "gaussian", "quadratic", "polynomial(coefficients=(1.0, -2.0, 0.5))")


@pytest.fixture(params=ACTIVATIONS, ids=NAMES, name="sigma")
def _sigma(request):
    return request.param


@pytest.fixture(params=CONTINUOUS, ids=[s.name for s in CONTINUOUS], name="continuous")
def _continuous(request):
    return request.param


# --- what holds for every dual ---------------------------------------------------------------------------------------


@settings(max_examples=300)
@given(ACTIVATION, CORRELATION)
def test_largest_at_one(sigma, rho):
    """|E σ(U)σ(V)| ≤ E σ², by Cauchy and Schwarz, to the accuracy of the table."""
    assert abs(sigma.dual(rho)) <= sigma.dual(1.0) * (1 + ACCURACY)


def test_ends_and_middle(sigma):
    dual, at_one = sigma.dual, sigma.second_moment
    assert dual(1.0) == at_one
    assert dual(0.0) == pytest.approx(sigma.mean**2, abs=ACCURACY * at_one)
    edges = sorted({*range(-24, 25), *sigma.kinks, *(-b for b in sigma.kinks)})
    mirrored = sum(
        scipy.integrate.fixed_quad(lambda x: sigma(x) * sigma(-x) * np.exp(-0.5 * x * x), *pair, n=60)[0]
        for pair in itertools.pairwise(edges)
    )
    assert dual(-1.0) == pytest.approx(mirrored / math.sqrt(2 * math.pi), abs=ACCURACY * at_one)


def test_slopes_at_the_ends_and_the_middle(continuous):
    dual = continuous.dual
    assert dual.derivative(1.0) == pytest.approx(dual.slope_at_one, rel=ACCURACY)
    assert dual.derivative(1.0) == pytest.approx(continuous.derivative_second_moment, rel=ACCURACY)
    assert dual.derivative(0.0) == pytest.approx(continuous.hermite(2)[1] ** 2, abs=ACCURACY * dual.slope_at_one)


@settings(max_examples=150)
@given(ACTIVATION, st.floats(-0.7, 0.7))
def test_power_series(sigma, rho):
    """σ̂(ρ) = Σ a_k² ρ^k, σ̂'(ρ) = Σ k a_k² ρ^{k−1}; 0.7^120 is below rounding."""
    squares = sigma.hermite(120) ** 2
    wanted = np.polynomial.polynomial.polyval(rho, squares)
    assert sigma.dual(rho) == pytest.approx(wanted, abs=2 * ACCURACY * sigma.second_moment)
    slope = np.polynomial.polynomial.polyval(rho, np.polynomial.polynomial.polyder(squares))
    scale = sigma.dual.slope_at_one if sigma.is_continuous else abs(slope) + sigma.second_moment
    assert sigma.dual.derivative(rho) == pytest.approx(slope, abs=2 * ACCURACY * scale)


def test_power_series_at_one(sigma):
    """Σ a_k² grows to σ̂(1) and Σ k a_k² to σ̂'(1); both are reached where σ is entire and of slow growth."""
    squares = sigma.hermite(1000) ** 2
    slopes = np.arange(1000) * squares
    assert squares.sum() <= sigma.dual(1.0) * (1 + ACCURACY)
    assert slopes.sum() <= sigma.dual.slope_at_one * (1 + ACCURACY)
    if sigma.name in SMOOTH:
        assert squares.sum() == pytest.approx(sigma.dual(1.0), rel=ACCURACY)
        assert slopes.sum() == pytest.approx(sigma.dual.slope_at_one, rel=ACCURACY)


def test_monotone_and_convex_from_zero_to_one(sigma):
    """All coefficients a_k² are nonnegative."""
    rho = np.concatenate([np.linspace(0, 1, 400), 1 - np.logspace(-9, -3, 30)])
    rho.sort()
    value = sigma.dual(rho)
    assert np.diff(value).min() >= -2 * ACCURACY * sigma.second_moment
    inside = rho[rho < 1]
    slope = sigma.dual.derivative(inside)
    assert slope.min() >= -ACCURACY * slope.max()
    assert np.diff(slope).min() >= -2 * ACCURACY * slope.max()


@settings(max_examples=200)
@given(ACTIVATION, st.floats(0.0, 2.0))
def test_gap_is_what_is_missing(sigma, delta):
    """Compared where neither 1 − δ nor the difference cancels."""
    rounding = 2e-16 * sigma.second_moment + (sigma.dual.slope_at_one * 2e-16 if sigma.is_continuous else 0)
    if not sigma.is_continuous:
        assume(1e-6 < delta < 2 - 1e-6)
        rounding += 2e-16 * abs(sigma.dual.derivative(1 - delta))
    wanted = sigma.dual(1.0) - sigma.dual(1 - delta)
    assert sigma.dual.gap(delta) == pytest.approx(wanted, abs=ACCURACY * sigma.second_moment + rounding)
    assert sigma.dual.gap(delta) >= (0 if delta <= 1 else -ACCURACY * sigma.second_moment)  # 0 at δ = 2 for even σ


def test_no_gap_at_zero(sigma):
    assert sigma.dual.gap(0.0) == 0
    assert sigma.dual.gap(0) == 0


@pytest.mark.parametrize("delta", [1e-300, 1e-100, 1e-30, 1e-15])
def test_smallest_gaps(continuous, delta):
    """gap ≈ σ̂'(1) δ; the next term is at most δ^{3/2}, as of ReLU."""
    wanted = continuous.dual.slope_at_one * delta
    error = 1e2 * math.sqrt(delta) + ACCURACY
    if continuous.name.startswith(("sin of 30", "relu_power", "hermite", "normrelu")):
        error *= 1e2
    assert continuous.dual.gap(delta) == pytest.approx(wanted, rel=error)


@settings(max_examples=150)
@given(ACTIVATION, CORRELATION)
def test_parity(sigma, rho):
    if sigma.parity:
        sign = {"even": 1, "odd": -1}[sigma.parity]
        assert sigma.dual(-rho) == sign * sigma.dual(rho)
        if sigma.is_continuous or abs(rho) < 1:
            assert sigma.dual.derivative(-rho) == -sign * sigma.dual.derivative(rho)


@settings(max_examples=80)
@given(ACTIVATION, st.integers(0, 2**32 - 1), st.integers(1, 6), st.floats(0.0, 1.0))
def test_matrices_are_positive_semidefinite(sigma, seed, dimension, closeness):
    """Schoenberg: σ̂ of a Gram matrix of unit vectors is a Gram matrix; also where some rows nearly coincide."""
    x = np.random.default_rng(seed).normal(size=(12, dimension))
    x[6:] = x[:6] + 10.0 ** (-12 * closeness) * x[6:]
    x /= np.linalg.norm(x, axis=1)[:, None]
    gram = np.clip(x @ x.T, -1, 1)
    np.fill_diagonal(gram, 1.0)
    kernel = sigma.dual(gram)
    rounding = 12 * 4e-16 * (sigma.dual.slope_at_one if sigma.is_continuous else math.inf)
    if sigma.is_continuous:
        allowed = rounding + 12 * ACCURACY * sigma.second_moment
    else:  # σ̂ moves like √ of an error of ρ
        allowed = 12 * 4e-8 * sigma.second_moment
    assert np.linalg.eigvalsh(kernel).min() >= -allowed


def test_pair_holds_together(sigma):
    rho = np.linspace(-0.999, 0.999, 241)
    pair = sigma.dual.pair(rho, 1 - np.abs(rho))
    scale = sigma.second_moment
    np.testing.assert_array_equal(pair.value, sigma.dual(rho))
    np.testing.assert_array_equal(pair.slope, sigma.dual.derivative(rho))
    np.testing.assert_allclose(pair.half_distance, scale - pair.value, atol=ACCURACY * scale)
    np.testing.assert_allclose(pair.half_sum, scale + pair.value, atol=ACCURACY * scale)
    assert sigma.dual.pair(rho, 1 - np.abs(rho), slope=False).slope is None


# --- quadrature in the plane -----------------------------------------------------------------------------------------


def plane_expectation(f, kinks, rho):
    """E f(U)f(V), the inner integral over V given U split at the kinks, the outer one at the kinks of both."""
    spread = math.sqrt(1 - rho * rho)
    x, w = scipy.special.roots_legendre(40)

    def inner(u):
        lines = [(b - rho * u) / spread for b in kinks]
        edges = np.unique(np.clip([*np.linspace(-13, 13, 27), *lines], -13, 13))
        half = 0.5 * np.diff(edges)[:, None]
        z = edges[:-1, None] + half * (1 + x)
        return (half * w * np.exp(-0.5 * z * z) * f(rho * u + spread * z)).sum()

    # the inner integral is smooth in u, but changes over √(1 − ρ²) next to a kink
    near = [b + t * spread * sign for b in kinks for t in (0, 0.5, 1, 2, 4, 8) for sign in (-1, 1)]
    near += [(b + t * spread * sign) / rho for b in kinks for t in (0, 0.5, 1, 2, 4, 8) for sign in (-1, 1) if rho]
    edges = np.unique(np.clip([*np.linspace(-13, 13, 14), *near], -13, 13))
    total = 0.0
    for a, b in itertools.pairwise(edges):
        u = a + 0.5 * (b - a) * (1 + x)
        total += 0.5 * (b - a) * (w * np.exp(-0.5 * u * u) * f(u) * np.array([inner(v) for v in u])).sum()
    return total / (2 * math.pi)


ODD_PLACES = {
    "bend at -1.6": (lambda x: np.maximum(x + 1.6, 0.0), (-1.6,)),
    "bends at -1.6 and 1/3": (lambda x: np.abs(x + 1.6) - np.maximum(x, 1 / 3), (-1.6, 1 / 3)),
    "curved pieces": (lambda x: np.where(x > 0.37, np.expm1(0.37 - x), np.sin(x - 0.37)), (0.37,)),
    "jump at 0.7": (lambda x: np.where(x > 0.7, x * x, np.sin(x)), (0.7,)),
    "jumps at -1 and 1/3": (lambda x: (x > -1) - 0.5 * (x > 1 / 3) * x, (-1.0, 1 / 3)),
    "soft bend": (lambda x: x + np.where(x > -0.3, (x + 0.3) ** 2, 0.0), (-0.3,)),
    "wave and bend": (lambda x: np.sin(3 * x) + np.maximum(x - 0.11, 0.0), (0.11,)),
    "sharp": (lambda x: np.tanh(4 * x), ()),
}


@pytest.mark.parametrize("rho", [0.61, -0.35, 0.97])
@pytest.mark.parametrize("name", ODD_PLACES)
def test_duals_of_a_users_own(name, rho):
    function, kinks = ODD_PLACES[name]
    sigma = Activation(name, function)
    assert sigma.kinks == pytest.approx(kinks, abs=1e-9)
    wanted = plane_expectation(function, kinks, rho)
    assert sigma.dual(rho) == pytest.approx(wanted, abs=3 * ACCURACY * sigma.second_moment)


@pytest.mark.parametrize(("name", "rho"), [("elu", 0.4), ("softsign", -0.8), ("mish", 0.9), ("relu6", 0.2)])
def test_duals_of_the_catalogue(name, rho):
    sigma = nk.activation(name)
    wanted = plane_expectation(sigma, sigma.kinks, rho)
    assert sigma.dual(rho) == pytest.approx(wanted, abs=ACCURACY * sigma.second_moment)


CLOSED = {
    "exp": lambda r: mpmath.exp(1 + r),
    "sin": lambda r: mpmath.exp(-1) * mpmath.sinh(r),
    "cos": lambda r: mpmath.exp(-1) * mpmath.cosh(r),
    "erf": lambda r: 2 / mpmath.pi * mpmath.asin(2 * r / 3),
    "sign": lambda r: 2 / mpmath.pi * mpmath.asin(r),
    "gaussian": lambda r: 1 / mpmath.sqrt(4 - r * r),
    "relu": lambda r: (mpmath.sqrt(1 - r * r) + r * (mpmath.pi - mpmath.acos(r))) / (2 * mpmath.pi),
    "abs": lambda r: 2 / mpmath.pi * (mpmath.sqrt(1 - r * r) + r * mpmath.asin(r)),
    "identity": lambda r: r,
    "quadratic": lambda r: r * r,
}


@settings(max_examples=120)
@given(st.sampled_from(sorted(CLOSED)), CORRELATION)
def test_closed_forms(name, rho):
    with mpmath.workdps(40):
        wanted = float(CLOSED[name](mpmath.mpf(rho)))
    sigma = nk.activation(name)
    assert sigma.dual(rho) == pytest.approx(wanted, abs=ACCURACY * sigma.second_moment)
    if sigma.mean == 0 and abs(rho) < 0.1:
        assert sigma.dual(rho) == pytest.approx(wanted, rel=ACCURACY, abs=1e-300)


@settings(max_examples=120)
@given(st.sampled_from(sorted(CLOSED)), st.floats(-300, 0.3))
def test_closed_forms_of_the_gap(name, exponent):
    delta = 10.0**exponent
    with mpmath.workdps(1000 if exponent < -100 else 400 if exponent < -30 else 90):
        wanted = float(CLOSED[name](mpmath.mpf(1)) - CLOSED[name](1 - mpmath.mpf(delta)))
    assert nk.activation(name).dual.gap(delta) == pytest.approx(wanted, rel=ACCURACY)


@settings(max_examples=60)
@given(st.sampled_from([0.1, 1.0, 3.7, 8.0]), CORRELATION)
def test_steep_error_functions(factor, rho):
    """Williams: E erf(aU)erf(aV) = 2/π asin(2a²ρ/(1 + 2a²))."""
    sigma = nk.activation("erf").rescaled(factor)
    a = 2 * factor**2
    wanted = 2 / math.pi * math.asin(a * rho / (1 + a))
    assert sigma.dual(rho) == pytest.approx(wanted, abs=ACCURACY)


@pytest.mark.parametrize("frequency", [3.0, 10.0, 30.0])
def test_fast_waves(frequency):
    sigma, rho = Activation("wave", lambda x: np.sin(frequency * x)), np.linspace(-1, 1, 101)
    square = frequency**2
    wanted = 0.5 * (np.exp(-square * (1 - rho)) - np.exp(-square * (1 + rho)))
    np.testing.assert_allclose(sigma.dual(rho), wanted, atol=ACCURACY)
    slope = 0.5 * square * (np.exp(-square * (1 - rho)) + np.exp(-square * (1 + rho)))
    np.testing.assert_allclose(sigma.dual.derivative(rho), slope, atol=ACCURACY * square)


def test_a_staircase():
    """floor = Σ steps: σ̂(ρ) − σ̂(0) = Σ_ij of bivariate normal orthants, from their derivative φ₂(i, j; ρ) in ρ."""
    sigma, places = Activation("stairs", np.floor), np.arange(-9.0, 10.0)
    x, y = np.meshgrid(places, places)

    def slope(r):
        return (np.exp(-(x * x - 2 * r * x * y + y * y) / (2 * (1 - r * r)))).sum() / (2 * np.pi * np.sqrt(1 - r * r))

    for rho in (-0.9, 0.5, 0.9):
        gained = scipy.integrate.quad(slope, 0, rho, epsabs=1e-14, epsrel=1e-13)[0]
        assert sigma.dual(rho) == pytest.approx(0.25 + gained, abs=3 * ACCURACY)
        assert sigma.dual.derivative(rho) == pytest.approx(slope(rho), rel=1e-10)


# --- arrays ----------------------------------------------------------------------------------------------------------


def calls(sigma):
    dual = sigma.dual
    return {"value": dual, "slope": dual.derivative, "gap": lambda rho: dual.gap(1 - rho)}


def test_torch_is_numpy(sigma):
    rho = np.concatenate([np.linspace(-0.99, 0.99, 150), 1 - np.logspace(-12, -3, 20)])
    for name, call in calls(sigma).items():
        wanted, got = call(rho), call(torch.tensor(rho))
        assert isinstance(got, torch.Tensor)
        assert got.dtype == torch.float64
        np.testing.assert_allclose(got.numpy(), wanted, rtol=1e-12, atol=1e-14 * np.abs(wanted).max(), err_msg=name)


def test_float32(sigma):
    """5e-6 of the value at one, for a ρ that float32 holds."""
    rho = torch.linspace(-0.875, 0.875, 57, dtype=torch.float32)
    for name, call in calls(sigma).items():
        got, wanted = call(rho), call(rho.double())
        assert got.dtype == torch.float32
        scale = sigma.dual.slope_at_one if name == "slope" and sigma.is_continuous else wanted.abs().max()
        assert (got.double() - wanted).abs().max() <= 5e-6 * max(float(scale), sigma.second_moment), name


@pytest.mark.parametrize("shape", [(), (1,), (0,), (0, 3), (97,), (5, 7), (2, 3, 4), (3, 1, 40)])
def test_shapes(shape):
    rho = np.random.default_rng(0).uniform(-1, 1, shape)
    for name in ("tanh", "relu", "hardtanh", "gelu"):
        for call in calls(nk.activation(name)).values():
            for array in (rho, torch.tensor(rho)):
                got = call(array)
                assert tuple(got.shape) == shape
                one_by_one = [float(call(float(r))) for r in rho.ravel()]
                np.testing.assert_allclose(np.asarray(got).ravel(), one_by_one, rtol=1e-12, atol=1e-15)


def test_large_arrays_are_small_ones_put_together(sigma):
    rho = np.linspace(-0.999, 0.999, 40001)
    for call in calls(sigma).values():
        whole = call(rho)
        np.testing.assert_allclose(whole[::997], call(rho[::997]), rtol=1e-12, atol=1e-14 * np.abs(whole).max())


def test_numbers():
    dual = nk.activation("tanh").dual
    for rho in (1, 0, -1, np.float32(0.5), np.int64(0), [0.5, 1], (0,)):
        assert np.shape(dual(rho)) == np.shape(rho)
        np.testing.assert_array_equal(dual(rho), dual(np.asarray(rho, dtype=float)))


def test_arguments_are_left_alone():
    rho = np.linspace(-1, 1, 200)
    kept = rho.copy()
    for call in calls(nk.activation("elu")).values():
        call(rho)
    np.testing.assert_array_equal(rho, kept)


def test_a_dual_is_made_once_and_pickles():
    sigma = nk.activation("swish")
    assert sigma.dual is nk.activation("swish").dual
    assert pickle.loads(pickle.dumps(sigma.dual))(0.3) == sigma.dual(0.3)


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rho", [1.5, -1.0000001, math.nan, math.inf, [0.5, 2.0], [0.1, math.nan]])
@pytest.mark.parametrize("kind", [np.asarray, torch.tensor])
def test_no_correlation(rho, kind):
    dual = nk.activation("tanh").dual
    worst = np.atleast_1d(rho)[-1]
    for call in (dual, dual.derivative):
        with pytest.raises(ValueError, match=rf"rho must lie in \[-1, 1\]; got {worst}.*correlation"):
            call(kind(rho, dtype=float) if kind is np.asarray else kind(rho, dtype=torch.float64))


@pytest.mark.parametrize("delta", [-1e-9, 2.0000001, math.nan, [0.5, -1.0]])
def test_no_gap(delta):
    with pytest.raises(ValueError, match=r"delta must lie in \[0, 2\]; got .*A gap is 1 − ρ"):
        nk.activation("tanh").dual.gap(delta)


@pytest.mark.parametrize("rho", ["a", [1j], None, [True], [[0.1], "b"]])
def test_not_numbers(rho):
    with pytest.raises(ValueError, match=r"must hold real numbers|inhomogeneous"):
        nk.activation("tanh").dual(rho)


JUMPING = [sigma for sigma in ACTIVATIONS if not sigma.is_continuous]


@pytest.mark.parametrize("sigma", JUMPING, ids=[s.name for s in JUMPING])
@pytest.mark.parametrize("rho", [1.0, -1.0, [0.3, 1.0]])
def test_a_jump_has_no_slope_at_one(sigma, rho):
    with pytest.raises(ValueError, match=r"jumps at x = .*no finite derivative of the dual at ρ = ±1"):
        sigma.dual.derivative(rho)
    assert np.isfinite(sigma.dual(rho)).all()


UNRESOLVED = {
    "steeper than its integrals allow": lambda x: np.sin(100 * x),
    "too many kinks": lambda x: np.abs(np.sin(10 * x)),
    "infinite slope": lambda x: np.sqrt(np.abs(x)),
}


@pytest.mark.parametrize("name", UNRESOLVED)
def test_what_cannot_be_resolved_is_refused(name):
    with pytest.raises(ValueError, match=r"smooth|kinks"):
        _ = Activation(name, UNRESOLVED[name]).dual


@pytest.mark.parametrize("name", ["abs", "cos", "gaussian", "quadratic", "tanh", "erf"])
def test_gap_of_antipodes_is_not_negative_and_not_more_than_twice_the_variance(name):
    dual = nk.activation(name).normalized().dual
    assert 0 <= dual.gap(2.0) <= 2 * dual.at_one
    assert dual.gap(2.0) == pytest.approx(dual.at_one * (2 if name in ("tanh", "erf") else 0), abs=1e-12)
