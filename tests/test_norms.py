"""Inputs of different norms: E σ(√q₁ U)σ(√q₂ V), distances and slopes against closed forms and brute force."""

import itertools
import math

import mpmath
import numpy as np
import pytest
import scipy.integrate
import scipy.special
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

import ntkit as nk
from ntkit.activations import Activation
from ntkit.norms import means, moments, second_moments

ACCURACY = 1e-10

CORRELATION = st.one_of(st.floats(-1, 1), st.sampled_from([-1.0, 0.0, 1.0]))
NORM = st.floats(-2, 0.6).map(lambda exponent: 10.0**exponent)  # √q


def of_pair(sigma, root1, root2, rho, slope=True):
    """The moments of one pair, as numbers: Q₁, Q₂, covariance, half distance, half sum, D."""
    one = np.ones((1, 1))
    found = moments(sigma, root1**2 * one, root2**2 * one, rho * one, (1 - abs(rho)) * one, slope=slope)
    names = ("variance1", "variance2", "covariance", "half_distance", "half_sum", "slope")
    return {name: float(getattr(found, name)[0, 0]) for name in names if slope or name != "slope"}


def angle_of(rho):
    return math.acos(rho)


# --- closed forms: covariance and slope of (√q₁, √q₂, ρ) -----------------------------------------------------------


def relu(a, b, rho):
    t = angle_of(rho)
    return a * b * (math.sin(t) + (math.pi - t) * rho) / (2 * math.pi), (math.pi - t) / (2 * math.pi)


def absolute(a, b, rho):
    return (
        2 * a * b * (math.sqrt((1 - rho) * (1 + rho)) + rho * math.asin(rho)) / math.pi,
        2 * math.asin(rho) / math.pi,
    )


def erf(a, b, rho):
    """Williams (1996)."""
    first, second = 1 + 2 * a * a, 1 + 2 * b * b
    product = 2 * a * b * rho
    determinant = 1 + 2 * a * a + 2 * b * b + 4 * a * a * b * b * (1 - rho) * (1 + rho)
    return 2 / math.pi * math.asin(product / math.sqrt(first * second)), 4 / math.pi / math.sqrt(determinant)


def exponential(a, b, rho):
    value = math.exp(0.5 * (a * a + b * b) + a * b * rho)
    return value, value


def sine(a, b, rho):
    decay = 0.5 * (a * a + b * b)
    return math.exp(-decay) * math.sinh(a * b * rho), math.exp(-decay) * math.cosh(a * b * rho)


def cosine(a, b, rho):
    value, slope = sine(a, b, rho)
    return slope, value


def identity(a, b, rho):
    return a * b * rho, 1.0


def gaussian(a, b, rho):
    determinant = (1 + a * a) * (1 + b * b) - (a * b * rho) ** 2
    return determinant**-0.5, a * b * rho * determinant**-1.5


def quadratic(a, b, rho):
    """(x² − 1)/√2."""
    return 0.5 * ((a * a - 1) * (b * b - 1) + 2 * (a * b * rho) ** 2), 2 * a * b * rho


CLOSED = {
    "relu": relu, "abs": absolute, "erf": erf, "exp": exponential, "sin": sine, "cos": cosine, "identity": identity,
    "gaussian": gaussian, "quadratic": quadratic,
}  # fmt: skip


@settings(max_examples=40)
@given(st.sampled_from(sorted(CLOSED)), NORM, NORM, CORRELATION)
@example("gaussian", 1.0, 0.1, 0.0)
def test_closed_forms(name, a, b, rho):
    if name == "exp":
        a, b = min(a, 2.0), min(b, 2.0)
    value, slope = CLOSED[name](a, b, rho)
    got = of_pair(nk.activation(name), a, b, rho)
    scale = max(got["variance1"], got["variance2"])
    assert got["variance1"] == pytest.approx(CLOSED[name](a, a, 1.0)[0], rel=ACCURACY, abs=1e-15)
    assert got["variance2"] == pytest.approx(CLOSED[name](b, b, 1.0)[0], rel=ACCURACY, abs=1e-15)
    assert got["covariance"] == pytest.approx(value, abs=ACCURACY * scale)
    ends = [CLOSED[name](root, root, 1.0)[1] for root in (a, b)]
    assert got["slope"] == pytest.approx(slope, abs=ACCURACY * math.sqrt(abs(ends[0] * ends[1])) + 1e-15)
    assert got["half_distance"] == pytest.approx(
        0.5 * (got["variance1"] + got["variance2"]) - value, abs=ACCURACY * scale
    )
    assert got["half_sum"] == pytest.approx(0.5 * (got["variance1"] + got["variance2"]) + value, abs=ACCURACY * scale)


HALF_DISTANCES = {
    "relu": lambda a, b, r: (
        (a * a + b * b) / 4 - a * b * (mpmath.sqrt(1 - r * r) + r * (mpmath.pi - mpmath.acos(r))) / (2 * mpmath.pi)
    ),
    "sin": lambda a, b, r: (
        (2 - mpmath.exp(-2 * a * a) - mpmath.exp(-2 * b * b)) / 4
        - mpmath.exp(-(a * a + b * b) / 2) * mpmath.sinh(a * b * r)
    ),
    "exp": lambda a, b, r: (
        (mpmath.exp(2 * a * a) + mpmath.exp(2 * b * b)) / 2 - mpmath.exp((a * a + b * b) / 2 + a * b * r)
    ),
    "erf": lambda a, b, r: (
        (
            mpmath.asin(2 * a * a / (1 + 2 * a * a))
            + mpmath.asin(2 * b * b / (1 + 2 * b * b))
            - 2 * mpmath.asin(2 * a * b * r / mpmath.sqrt((1 + 2 * a * a) * (1 + 2 * b * b)))
        )
        / mpmath.pi
    ),
}


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(HALF_DISTANCES)),
    st.floats(0.1, 1.5),
    st.floats(-14, 0).map(lambda e: 10.0**e),
    st.floats(-14, 0).map(lambda e: 10.0**e),
)
def test_distances_of_close_inputs(name, a, apart, margin):
    """Relative to themselves: what deeper layers start from."""
    b = a * (1 + apart)
    with mpmath.workdps(70):
        wanted = float(HALF_DISTANCES[name](mpmath.mpf(a), mpmath.mpf(b), 1 - mpmath.mpf(margin)))
        moved = abs(mpmath.mpf(b) - mpmath.mpf(a))
    one = np.ones((1, 1))
    sigma = nk.activation(name)
    got = moments(sigma, a * a * one, b * b * one, (1 - margin) * one, margin * one, slope=False)
    # rounding a² and b² moves the norms by one unit in the last place each
    blur = 4 * float(np.spacing(b)) * float(moved) / (wanted / max(sigma.dual.slope_at_one, 1e-3))
    assert float(got.half_distance[0, 0]) == pytest.approx(wanted, rel=1e-9 + 4 * blur)


# --- brute force -----------------------------------------------------------------------------------------------------

GAUSS = scipy.special.roots_legendre(40)


def brute_force(f, g, kinks_f, kinks_g, rho):
    """E f(U)g(V) by nested quadrature: V given U split at the kinks of g, U at those of both."""
    x, w = GAUSS
    spread = math.sqrt((1 - rho) * (1 + rho))

    def inner(u):
        lines = (np.array(kinks_g) - rho * u[:, None]) / max(spread, 1e-300)
        grid = np.broadcast_to(np.linspace(-13, 13, 11), (len(u), 11))
        edges = np.sort(np.clip(np.concatenate([grid, lines], axis=1), -13, 13), axis=1)
        half = 0.5 * np.diff(edges)[..., None]
        z = edges[:, :-1, None] + half * (1 + x)
        return (half * w * np.exp(-0.5 * z * z) * g(rho * u[:, None, None] + spread * z)).sum(axis=(1, 2))

    steps = [sign * t * spread for t in (0, 1, 3, 8) for sign in (-1, 1)]
    near = [b + s for b in kinks_f for s in steps] + [(b + s) / rho for b in kinks_g for s in steps if rho]
    total = 0.0
    for left, right in itertools.pairwise(np.unique(np.clip([*np.linspace(-13, 13, 14), *near], -13, 13))):
        u = left + 0.5 * (right - left) * (1 + x)
        total += 0.5 * (right - left) * (w * np.exp(-0.5 * u * u) * f(u) * inner(u)).sum()
    return total / (2 * math.pi)


WAYS = {
    "homogeneous": nk.activation("leaky_relu", slope=0.3),
    "homogeneous with a constant": nk.activation("relu").normalized(),
    "step with a constant": nk.activation("step").normalized(),
    "cubed": nk.activation("relu_power", r=3),
    "Hermite": nk.activation("gelu"),
    "Hermite, normalised": nk.activation("softplus").normalized(),
    "Hermite, a user's": Activation("wave", lambda x: np.sin(2 * x + 1) + 0.1 * x),
    "piecewise linear": nk.activation("hardtanh"),
    "piecewise linear, normalised": nk.normrelu(-0.5),
    "piecewise linear, a user's": Activation("bends", lambda x: np.abs(x + 1.6) - np.maximum(x, 1 / 3)),
    "interpolated": nk.activation("elu"),
    "interpolated, normalised": nk.activation("selu").normalized(),
    "pair by pair": Activation(
        "curved",
        lambda x: np.where(x > 0.37, np.expm1(0.37 - x), np.sin(x - 0.37)),
        kinks=(0.37,),
        derivative=lambda x: np.where(x > 0.37, -np.exp(0.37 - x), np.cos(x - 0.37)),
    ),
    "pair by pair, a jump": Activation(
        "jump",
        lambda x: np.where(x > 0.7, np.cos(x), 0.1 * x),
        kinks=(0.7,),
        derivative=lambda x: np.where(x > 0.7, -np.sin(x), 0.1),
    ),
}
FAST = sorted(way for way in WAYS if not way.startswith(("pair by pair", "interpolated")))
PAIRS = [(0.3, 1.9, 0.8), (1.4, 0.6, -0.55), (1.1, 1.1, 0.0)]


@pytest.mark.parametrize("pair", PAIRS, ids=str)
@pytest.mark.parametrize("way", WAYS)
def test_brute_force(way, pair):
    sigma, (a, b, rho) = WAYS[way], pair
    kinks = [[k / root for k in sigma.kinks] for root in (a, b)]
    got = of_pair(sigma, a, b, rho, slope=sigma.is_continuous)
    scale = max(got["variance1"], got["variance2"])
    wanted = brute_force(lambda x: sigma(a * x), lambda x: sigma(b * x), *kinks, rho)
    assert got["covariance"] == pytest.approx(wanted, abs=ACCURACY * scale)
    wanted = [
        brute_force(lambda x, r=r: sigma(r * x) ** 2, np.ones_like, k, [], 0.0)
        for r, k in zip((a, b), kinks, strict=True)
    ]
    assert [got["variance1"], got["variance2"]] == pytest.approx(wanted, rel=ACCURACY)
    if sigma.is_continuous:
        slope = brute_force(lambda x: sigma.derivative(a * x), lambda x: sigma.derivative(b * x), *kinks, rho)
        assert got["slope"] == pytest.approx(slope, abs=ACCURACY * sigma.derivative_second_moment)


# --- invariants ------------------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(st.sampled_from(FAST), st.floats(0.2, 2.5), st.floats(0.2, 2.5), CORRELATION)
def test_what_holds_for_every_pair(way, a, b, rho):
    sigma = WAYS[way]
    got = of_pair(sigma, a, b, rho, slope=sigma.is_continuous)
    scale = max(got["variance1"], got["variance2"])
    assert abs(got["covariance"]) <= math.sqrt(got["variance1"] * got["variance2"]) + ACCURACY * scale
    assert min(got["half_distance"], got["half_sum"]) >= -ACCURACY * scale
    total = got["variance1"] + got["variance2"]
    assert got["half_distance"] + got["half_sum"] == pytest.approx(total, rel=ACCURACY)
    other = of_pair(sigma, b, a, rho, slope=sigma.is_continuous)
    assert got["covariance"] == pytest.approx(other["covariance"], abs=ACCURACY * scale)
    assert got["half_distance"] == pytest.approx(other["half_distance"], abs=ACCURACY * scale)
    if sigma.is_continuous:
        assert got["slope"] == pytest.approx(other["slope"], abs=ACCURACY * sigma.derivative_second_moment)


@settings(max_examples=30)
@given(st.sampled_from(FAST), st.sampled_from([0.3, 0.9, 1.6]), st.floats(-0.999, 0.999))
def test_equal_norms_are_the_dual(way, root, rho):
    sigma = WAYS[way]
    dual = sigma.rescaled(root).dual
    got = of_pair(sigma, root, root, rho, slope=sigma.is_continuous)
    assert got["covariance"] == pytest.approx(dual(rho), abs=ACCURACY * dual.at_one)
    if sigma.is_continuous:
        assert got["slope"] == pytest.approx(dual.derivative(rho) / root**2, abs=ACCURACY * dual.slope_at_one / root**2)


@pytest.mark.parametrize("way", WAYS)
def test_angles_of_zero_and_pi(way):
    """ρ = ±1: an expectation over one variable."""
    sigma, (a, b) = WAYS[way], (0.4, 1.7)
    for rho in (1.0, -1.0):
        got = of_pair(sigma, a, b, rho, slope=False)
        kinks = [k / a for k in sigma.kinks] + [rho * k / b for k in sigma.kinks]
        wanted = brute_force(lambda x, r=rho: sigma(a * x) * sigma(r * b * x), np.ones_like, kinks, [], 0.0)
        scale = max(got["variance1"], got["variance2"])
        assert got["covariance"] == pytest.approx(wanted, abs=ACCURACY * scale)
        same = of_pair(sigma, b, b, 1.0, slope=False)
        assert same["half_distance"] == pytest.approx(0, abs=1e-15 * scale)


@pytest.mark.parametrize("way", WAYS)
def test_a_matrix_is_its_pairs_and_torch_is_numpy(way):
    sigma, rng = WAYS[way], np.random.default_rng(0)
    q1, q2 = rng.uniform(0.2, 3, (2, 1)), rng.uniform(0.2, 3, (1, 2))
    rho = rng.uniform(-1, 1, (2, 2))
    rho[0, 0], rho[1, 1] = 1.0, -1.0
    arguments = q1, q2, rho, 1 - np.abs(rho)
    whole = moments(sigma, *arguments, slope=sigma.is_continuous)
    tensors = moments(sigma, *map(torch.tensor, arguments), slope=sigma.is_continuous)
    scale = max(whole.variance1.max(), whole.variance2.max())
    for name in ("covariance", "half_distance", "half_sum", *(("slope",) if sigma.is_continuous else ())):
        got = getattr(whole, name)
        assert isinstance(getattr(tensors, name), torch.Tensor)
        np.testing.assert_allclose(getattr(tensors, name).numpy(), got, atol=1e-13 * scale)
        for i, j in itertools.product(range(2), range(2)):
            pair = of_pair(sigma, q1[i, 0] ** 0.5, q2[0, j] ** 0.5, rho[i, j], slope=sigma.is_continuous)
            assert got[i, j] == pytest.approx(pair[name], abs=ACCURACY * scale)


@pytest.mark.parametrize("name", ["tanh", "relu", "elu", "hardtanh", "gelu"])
def test_matrices_are_positive_semidefinite(name):
    x = np.random.default_rng(3).normal(size=(12, 3)) * np.logspace(-2, 0.5, 12)[:, None]
    x[6:] = 1.3 * x[:6] * (1 + 1e-9)
    for kernel in vars(nk.mlp(2, name).kernels(x)).values():
        scaled = kernel / np.sqrt(np.outer(np.diag(kernel), np.diag(kernel)))
        assert np.linalg.eigvalsh(scaled).min() >= -1e-9


@pytest.mark.parametrize("root", [1e-100, 1e-8, 1e-3, 3.0])
def test_tiny_and_large_norms(root):
    """Small inputs meet the linear part of σ; ReLU is homogeneous at any size."""
    for a, b in ((root, root), (root, 1.0), (root, 0.5 * root)):
        got = of_pair(nk.activation("relu"), a, b, 0.3)
        assert got["covariance"] == pytest.approx(relu(a, b, 0.3)[0], abs=1e-12 * max(a, b) ** 2)
        for name in ("erf", "sin") if root < 10 else ():
            value, slope = CLOSED[name](a, b, 0.3)
            got = of_pair(nk.activation(name), a, b, 0.3)
            assert got["covariance"] == pytest.approx(value, abs=ACCURACY * max(a, b) ** 2)
            assert got["slope"] == pytest.approx(slope, rel=1e-9, abs=1e-13)


@pytest.mark.parametrize("name", ["tanh", "elu", "hardtanh", "relu", "exp"])
def test_second_moments_of_many(name):
    sigma = nk.activation(name)
    variances = np.array([[0.1, 0.1, 0.7], [1.0, 2.0, 0.7]])
    got = second_moments(sigma, variances)
    assert got.shape == variances.shape
    for q, value in zip(variances.ravel(), got.ravel(), strict=True):
        kinks = [k / math.sqrt(q) for k in sigma.kinks]
        wanted = brute_force(lambda x, q=q: sigma(math.sqrt(q) * x) ** 2, np.ones_like, kinks, [], 0.0)
        assert value == pytest.approx(wanted, rel=1e-12)


# --- zero vectors and refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["relu", "abs", "identity", "leaky_relu"])
def test_zero_rows_of_homogeneous_activations(name):
    x = np.array([[1.0, 2.0], [0.0, 0.0], [-0.3, 0.4]])
    kernels, others = nk.mlp(2, name).kernels(x), nk.mlp(2, name).kernels(x[::2])
    for kernel, wanted in ((kernels.nngp, others.nngp), (kernels.ntk, others.ntk)):
        np.testing.assert_array_equal(kernel[1], 0.0)
        np.testing.assert_allclose(kernel[::2, ::2], wanted, rtol=1e-12)


@pytest.mark.parametrize("name", ["tanh", "elu", "hardtanh", "gelu", "sigmoid", "softplus", "cos"])
def test_zero_rows_are_uncorrelated_with_the_others(name):
    """E σ(0)σ(v) = σ(0) E σ(v), and E σ'(0)σ'(v) likewise, the mean by a quadrature of SciPy's."""
    sigma, x = nk.activation(name), np.array([[1.0, 2.0], [0.0, 0.0], [-0.3, 0.4]])
    norms = np.linalg.norm(x, axis=1)
    found = moments(sigma, norms[:, None] ** 2, norms[None] ** 2, np.eye(3), 1 - np.eye(3))
    at_zero = float(sigma(0.0))

    def mean(function, norm):
        kinks = [kink / norm for kink in sigma.kinks] or None
        value = scipy.integrate.quad(
            lambda z: function(norm * z) * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi), -12, 12, points=kinks, limit=200
        )
        return value[0]

    for j in (0, 2):
        assert found.covariance[1, j] == pytest.approx(at_zero * mean(sigma, norms[j]), rel=1e-11, abs=1e-15)
        assert found.half_distance[1, j] == pytest.approx(
            0.5 * mean(lambda u: (sigma(u) - at_zero) ** 2, norms[j]), rel=1e-11
        )
        slope = float(sigma.derivative(0.0)) * mean(sigma.derivative, norms[j])
        assert found.slope[j, 1] == pytest.approx(slope, rel=1e-10)
    assert found.variance1[1, 0] == at_zero**2
    assert found.half_distance[1, 1] == 0


@pytest.mark.parametrize("name", ["tanh", "elu", "hardtanh", "gelu"])
def test_zero_rows_with_a_bias_have_the_moments_of_the_bias(name):
    x = np.array([[1.0, 2.0], [0.0, 0.0], [-0.3, 0.4]])
    kernel = nk.mlp(1, name, bias_std=0.5).nngp(x)
    sigma = nk.activation(name).rescaled(0.5)
    assert kernel[1, 1] == pytest.approx(sigma.second_moment, rel=1e-12)


# --- many variances, and axes of pixels ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tanh", "selu", "sigmoid", "hardtanh", "gaussian"])
def test_moments_of_many_variances_are_those_of_each(name):
    sigma = nk.activation(name)
    variances = np.exp(np.linspace(-9.0, 1.0, 301))[:, None]
    for function, attribute in ((second_moments, "second_moment"), (means, "mean")):
        wanted = np.array([getattr(sigma.rescaled(q**0.5), attribute) for q in variances[:, 0]])
        np.testing.assert_allclose(function(sigma, variances)[:, 0], wanted, rtol=2e-14, atol=1e-16)


@pytest.mark.parametrize("name", ["relu", "tanh", "selu", "hardtanh", "sigmoid"])
def test_axes_of_pixels_are_worked_through_side_by_side(name):
    # Given variances and correlations of pixels paired with others, (pixels, pixels, n, p), one of them zero
    generator = np.random.default_rng(5)
    first, second = generator.uniform(0.2, 2.0, (3, 1, 4, 1)), generator.uniform(0.2, 2.0, (1, 2, 1, 5))
    second[0, 1, 0, 2] = 0.0
    rho = generator.uniform(-1, 1, (3, 2, 4, 5))
    sigma = nk.activation(name)
    # When they are done at once and matrix by matrix
    found = moments(sigma, first, second, rho, 1 - np.abs(rho))
    # Then they agree
    for a, b in itertools.product(range(3), range(2)):
        alone = moments(sigma, first[a, 0], second[0, b], rho[a, b], 1 - np.abs(rho[a, b]))
        for values in ("covariance", "half_distance", "half_sum", "slope"):
            np.testing.assert_allclose(getattr(found, values)[a, b], getattr(alone, values), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    ("sigma", "root"),
    [(nk.activation("erf"), 30.0), *((nk.activation("elu"), root) for root in (30.0, 300.0, 1e3, 1e4))],
    ids=["Hermite", *("kink at 0" for _ in range(4))],
)
def test_norms_that_make_it_too_steep_are_refused(sigma, root):
    with pytest.raises(ValueError, match=r"smooth|Scale the inputs towards norm 1|kinks|too much structure"):
        of_pair(sigma, root, 1.0, 0.3)


@pytest.mark.parametrize("name", ["elu", "selu"])
def test_few_pairs_agree_with_the_table_of_many(name):
    # one by one up to 64 pairs, beyond from a table in norms and angle
    roots, rho = np.linspace(0.7, 1.6, 9), np.linspace(-0.95, 0.95, 81).reshape(9, 9)
    sigma = nk.activation(name)

    def found(rows):
        part = rho[:rows]
        return moments(sigma, roots[:rows, None] ** 2, roots[None] ** 2, part, 1 - np.abs(part))

    many, few = found(9), found(7)
    for field in ("covariance", "half_distance", "half_sum", "slope"):
        np.testing.assert_allclose(getattr(few, field), getattr(many, field)[:7], rtol=1e-10, atol=1e-12)
