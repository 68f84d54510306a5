"""Activations, the catalogue's and a user's own: moments, coefficients, claims, relatives, kinds of arrays."""

import copy
import itertools
import math
import pickle

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import ntkit as nk
from ntkit.activations import Activation

CATALOGUE = [
    *((name, {}) for name in nk.catalogue() if name not in ("hermite", "polynomial", "relu_power")),
    *(("leaky_relu", {"slope": slope}) for slope in (0.0, 1.0, -1.0, 0.3, -20.0)),
    *((name, {"alpha": alpha}) for name in ("elu", "celu") for alpha in (0.1, 0.7, 3.0, 10.0)),
    *(("normrelu", {"c": c}) for c in (-6.0, -3.1, -1 / 3, 0.0, 2.5, 4.0)),
    *(("relu_power", {"r": r}) for r in (0, 1, 2, 5, 12)),
    *(("hermite", {"k": k}) for k in (0, 1, 2, 7, 15, 30)),
    *(("polynomial", {"coefficients": c}) for c in ((2.0,), (0.0, 3.0), (1.0, -2.0, 0.5), (0, 0, 0, 1, 0, -0.1))),
]
IDS = [f"{name}-{'-'.join(map(str, parameters.values()))}" for name, parameters in CATALOGUE]
CONSTANT = {"hermite-0", "polynomial-(2.0,)"}


@pytest.fixture(params=range(len(CATALOGUE)), ids=IDS, name="sigma")
def _sigma(request):
    name, parameters = CATALOGUE[request.param]
    return nk.activation(name, **parameters)


def is_constant(sigma):
    return sigma.variance <= 1e-20 * sigma.second_moment


def expectation(f, kinks=(), reach=24):
    """E f(X) by Gauss–Legendre quadrature between the half integers and the kinks."""
    edges = sorted({*np.arange(-reach, reach + 0.5, 0.5).tolist(), *kinks})
    parts = [
        scipy.integrate.fixed_quad(lambda x: f(x) * np.exp(-0.5 * x * x), a, b, n=40)[0]
        for a, b in itertools.pairwise(edges)
    ]
    return math.fsum(parts) / math.sqrt(2 * math.pi)


def hermite_polynomial(k, x):
    return scipy.special.eval_hermitenorm(k, x) / math.sqrt(math.factorial(k))


def root(value):
    return math.sqrt(value)


# --- moments and coefficients against quadrature ---------------------------------------------------------------------


def test_moments(sigma):
    second = expectation(lambda x: sigma(x) ** 2, sigma.kinks)
    assert sigma.second_moment == pytest.approx(second, rel=2e-13)
    assert sigma.mean == pytest.approx(expectation(sigma, sigma.kinks), abs=2e-13 * root(second))
    variance = expectation(lambda x: (sigma(x) - sigma.mean) ** 2, sigma.kinks)
    assert sigma.variance == pytest.approx(variance, rel=2e-13, abs=1e-26 * second)
    if sigma.is_continuous:
        slope = expectation(lambda x: sigma.derivative(x) ** 2, sigma.kinks)
        assert sigma.derivative_second_moment == pytest.approx(slope, rel=2e-13)
    else:
        assert sigma.derivative_second_moment == math.inf


def test_hermite_coefficients(sigma):
    got = sigma.hermite(24)
    for k in range(24):
        wanted = expectation(lambda x, k=k: sigma(x) * hermite_polynomial(k, x), sigma.kinks)
        assert got[k] == pytest.approx(wanted, abs=1e-12 * root(sigma.second_moment))


def test_coefficients_beyond_the_linear_part(sigma):
    """The linear part of least squares, and what it leaves."""
    linear = expectation(lambda x: x * sigma(x), sigma.kinks)
    rest = expectation(lambda x: (sigma(x) - sigma.mean - linear * x) ** 2, sigma.kinks)
    assert sigma.coefficient_of_nonaffinity == pytest.approx(rest / sigma.second_moment, abs=1e-13)
    if not is_constant(sigma):
        assert sigma.coefficient_of_nonlinearity == pytest.approx(rest / sigma.variance, abs=1e-13)


def test_parseval(sigma):
    """Σ a_k² grows to E σ², and is complete where σ is a polynomial."""
    squares = sigma.hermite(400) ** 2
    assert squares.sum() <= sigma.second_moment * (1 + 1e-12)
    if sigma.kinks == () and sigma.name.startswith(("hermite", "polynomial", "quadratic", "identity", "exp", "cos")):
        assert squares.sum() == pytest.approx(sigma.second_moment, rel=1e-12)


def test_derivative(sigma):
    """Central differences of fourth order, away from the kinks."""
    x, step = np.linspace(-5, 5, 997), 2e-3
    x = x[(np.abs(x[:, None] - np.array([*sigma.kinks, 99.0])) > 3 * step).all(axis=1)]
    wanted = (8 * (sigma(x + step) - sigma(x - step)) - sigma(x + 2 * step) + sigma(x - 2 * step)) / (12 * step)
    fifth = np.abs(np.diff(sigma(x[:, None] + step * np.arange(-3, 4)), 5, axis=1)).max(axis=1) / step  # h⁴ f⁽⁵⁾
    np.testing.assert_array_less(np.abs(sigma.derivative(x) - wanted), fifth + 1e-11 * (1 + np.abs(sigma(x))) / step)


def test_parity(sigma):
    x = np.linspace(0.01, 7, 301)
    if sigma.parity:
        np.testing.assert_allclose(sigma(-x), {"even": 1, "odd": -1}[sigma.parity] * sigma(x), rtol=1e-14)
        start = 1 if sigma.parity == "even" else 0
        assert not sigma.hermite(40)[start::2].any()
    else:
        assert np.abs(sigma(-x) - sigma(x)).max() > 1e-8 * np.abs(sigma(x)).max()
        assert np.abs(sigma(-x) + sigma(x)).max() > 1e-8 * np.abs(sigma(x)).max()


def test_degree(sigma):
    x = np.linspace(-7, 7, 301)
    if sigma.degree is not None:
        for t in (0.3, 2.0, 17.0):
            np.testing.assert_allclose(sigma(t * x), t**sigma.degree * sigma(x), rtol=1e-13)


def test_kinks_of_the_catalogue_are_all_named(sigma):
    """Those found without help are those that the catalogue names, up to a jump of the second derivative."""
    if sigma.name.startswith("relu_power") and sigma.degree > 2:
        return
    found = Activation("found", sigma).kinks
    named = [b for b in sigma.kinks if abs(b) < 6]
    assert [b for b in found if abs(b) < 6] == pytest.approx(named, abs=1e-9)


CLOSED = {
    "exp": (math.exp(0.5), math.exp(2), lambda k: math.exp(0.5) / root(math.factorial(k))),
    "cos": (math.exp(-0.5), 0.5 * (1 + math.exp(-2)), None),
    "sin": (0.0, 0.5 * (1 - math.exp(-2)), None),
    "relu": (1 / root(2 * math.pi), 0.5, None),
    "abs": (root(2 / math.pi), 1.0, None),
    "gaussian": (root(0.5), root(1 / 3), None),
    "sigmoid": (0.5, None, None),
}


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms(name):
    mean, second, coefficient = CLOSED[name]
    sigma = nk.activation(name)
    assert sigma.mean == pytest.approx(mean, rel=1e-14)
    if second:
        assert sigma.second_moment == pytest.approx(second, rel=1e-14)
    if coefficient:
        np.testing.assert_allclose(sigma.hermite(40), [coefficient(k) for k in range(40)], atol=1e-14)


@pytest.mark.parametrize("k", [0, 1, 5, 17, 30])
def test_a_hermite_polynomial_has_one_coefficient(k):
    np.testing.assert_allclose(nk.activation("hermite", k=k).hermite(40), np.eye(40)[k], atol=1e-13)


@pytest.mark.parametrize("r", [0, 1, 2, 7, 12])
def test_powers_of_relu(r):
    sigma = nk.activation("relu_power", r=r)
    assert sigma.second_moment == pytest.approx(scipy.special.factorial2(2 * r - 1) / 2 if r else 0.5, rel=1e-14)
    assert sigma.mean == pytest.approx(2 ** (r / 2 - 1) * math.gamma((r + 1) / 2) / root(math.pi), rel=1e-14)


def test_elu_and_selu_are_those_of_their_authors():
    """α(eˣ − 1) for x ≤ 0, without a further factor x; SELU fixes mean 0 and variance 1."""
    x = np.linspace(-5, 3, 81)
    for alpha in (0.1, 1.0, 10.0):
        np.testing.assert_allclose(
            nk.activation("elu", alpha=alpha)(x), np.where(x > 0, x, alpha * np.expm1(x)), rtol=1e-15
        )
        np.testing.assert_allclose(
            nk.activation("celu", alpha=alpha)(x), np.where(x > 0, x, alpha * np.expm1(x / alpha)), rtol=1e-14
        )
    selu = nk.activation("selu")
    np.testing.assert_allclose(selu(x), torch.nn.functional.selu(torch.tensor(x)).numpy(), rtol=1e-14)
    assert selu.mean == pytest.approx(0, abs=1e-14)
    assert selu.second_moment == pytest.approx(1, rel=1e-14)


TORCH = {
    "relu": "relu", "tanh": "tanh", "sigmoid": "sigmoid", "softplus": "softplus", "swish": "silu", "gelu": "gelu",
    "elu": "elu", "celu": "celu", "selu": "selu", "mish": "mish", "softsign": "softsign", "hardtanh": "hardtanh",
    "relu6": "relu6", "leaky_relu": "leaky_relu",
}  # fmt: skip


@pytest.mark.parametrize("name", TORCH)
def test_functions_are_those_of_torch(name):
    x = torch.linspace(-12, 12, 241, dtype=torch.float64)
    wanted = getattr(torch.nn.functional, TORCH[name])(x)
    torch.testing.assert_close(nk.activation(name)(x), wanted, rtol=1e-12, atol=1e-14)


# --- a user's own ----------------------------------------------------------------------------------------------------

USERS = {
    "wave": lambda a, b, c: lambda x: np.sin(a * x + b) + c * x,
    "bend": lambda a, b, c: lambda x: a * np.maximum(x - b, 0) + c * np.minimum(x - b, 0) + 0.1,
    "jump": lambda a, b, c: lambda x: np.where(x > b, a, c + 0.1 * x),
    "bump": lambda a, b, c: lambda x: np.exp(-((x - b) ** 2) / (1 + a * a)) - c,
}


@settings(max_examples=40)
@given(st.sampled_from(sorted(USERS)), st.floats(0.25, 3), st.floats(-2, 2), st.floats(-2, 2))
def test_moments_of_a_users_own(kind, a, b, c):
    function = USERS[kind](a, b, c)
    sigma = Activation("mine", function)
    kinks = (b,) if kind in ("bend", "jump") else ()
    second = expectation(lambda x: function(x) ** 2, kinks, reach=13)
    assert sigma.second_moment == pytest.approx(second, rel=1e-12)
    assert sigma.mean == pytest.approx(expectation(function, kinks, reach=13), abs=1e-12 * root(second))
    got = sigma.hermite(8)
    for k in (1, 4, 7):
        wanted = expectation(lambda x, k=k: function(x) * hermite_polynomial(k, x), kinks, reach=13)
        assert got[k] == pytest.approx(wanted, abs=1e-12 * root(second))
    assert 0 <= sigma.coefficient_of_nonaffinity <= 1


def test_a_derivative_need_not_be_given():
    named = Activation("named", lambda x: np.abs(x - 0.3), kinks=(0.3,), derivative=lambda x: np.sign(x - 0.3))
    plain = Activation("plain", lambda x: np.abs(x - 0.3))
    assert named.has_derivative
    assert not plain.has_derivative
    x = np.linspace(-40, 40, 801)[1::2]
    np.testing.assert_allclose(plain.derivative(x), named.derivative(x), atol=1e-11)
    assert plain.derivative_second_moment == pytest.approx(1.0, rel=1e-12)


CLAIMS = {
    "parity": (np.tanh, {"parity": "even"}, "parity='even'"),
    "parity of neither": (np.exp, {"parity": "odd"}, "parity='odd'"),
    "degree": (np.tanh, {"degree": 1}, r"degree=1, f\(2x\) = 2\^1 f\(x\)"),
    "degree of another": (np.abs, {"degree": 2}, "degree=2"),
    "derivative": (np.tanh, {"derivative": np.tanh}, "its derivative"),
    "derivative a little off": (np.sin, {"derivative": lambda x: 1.00001 * np.cos(x)}, "its derivative"),
    "derivative wrong on one side": (np.abs, {"derivative": np.ones_like}, "its derivative"),
    "derivative forgets a factor": (lambda x: np.sin(3 * x), {"derivative": lambda x: np.cos(3 * x)}, "its derivative"),
    "derivative of another shape": (np.sin, {"derivative": lambda x: x[:2]}, "the derivative of .* same shape"),
    "derivative is NaN": (np.abs, {"derivative": lambda x: np.nan * x}, "the derivative of .* must be finite"),
    "derivative is complex": (np.abs, {"derivative": lambda x: 1j * x}, "the derivative of .* real numbers"),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_wrong_claims_are_refused(name):
    function, claim, message = CLAIMS[name]
    with pytest.raises(ValueError, match=message) as caught:
        _ = Activation("mine", function, **claim).second_moment
    assert "activation 'mine'" in str(caught.value)


def test_right_claims_are_accepted():
    claims = [
        (np.tanh, {"parity": "odd", "derivative": lambda x: 1 / np.cosh(np.clip(x, -300, 300)) ** 2}),
        (np.abs, {"parity": "even", "degree": 1, "derivative": np.sign}),
        (np.cbrt, None),
        (lambda x: np.where(x > 0, x**2, -0.3 * x**2), {"degree": 2}),
        (lambda x: 3 * x, {"derivative": lambda x: 3, "degree": 1, "parity": "odd"}),
        (np.floor, {"derivative": lambda x: 0 * x}),
    ]
    for function, claim in claims:
        if claim is not None:
            assert Activation("mine", function, **claim).second_moment > 0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"function": 3}, TypeError, "needs a function of one array; got int"),
        ({"parity": "none"}, ValueError, "parity must be 'even', 'odd' or None"),
        ({"degree": "a"}, ValueError, "degree must be a number"),
        ({"degree": -1}, ValueError, "degree must be a number"),
        ({"degree": math.nan}, ValueError, "degree must be a number"),
        ({"derivative": 1.0}, TypeError, "derivative must be a function of one array; got float"),
        ({"kinks": (math.nan,)}, ValueError, "a kink must be a finite number.*got nan.*Leave kinks out"),
        ({"kinks": (0.0, math.inf)}, ValueError, "a kink must be a finite number"),
        ({"kinks": "zero"}, ValueError, "a kink must be a finite number"),
        ({"kinks": (1j,)}, ValueError, "a kink must be a finite number"),
    ],
)
def test_arguments_of_an_activation(arguments, error, message):
    with pytest.raises(error, match=message):
        Activation("mine", **({"function": np.tanh} | arguments))


def test_one_kink_may_be_a_number():
    assert Activation("mine", np.abs, kinks=0).kinks == (0.0,)


@pytest.mark.parametrize("value", [0.0, 3.0, -1e-8])
def test_constants_have_moments_but_cannot_be_normalised(value):
    for sigma in (Activation("flat", lambda x: value), Activation("flat", lambda x: 0 * x + value)):
        assert sigma.mean == pytest.approx(value, rel=1e-14)
        assert sigma.second_moment == pytest.approx(value**2, rel=1e-14)
        for ask in (sigma.normalized, lambda s=sigma: s.coefficient_of_nonlinearity):
            with pytest.raises(ValueError, match="activation 'flat' must not be constant: it cannot be normalised"):
                ask()
    if value == 0.0:
        with pytest.raises(ValueError, match="must not be zero"):
            _ = sigma.coefficient_of_nonaffinity


def test_a_refused_function_is_named_by_its_activation():
    with pytest.raises(ValueError, match="activation 'root' must be piecewise smooth; near x = 0"):
        _ = Activation("root", lambda x: np.sqrt(np.abs(x))).mean


# --- the catalogue ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parameters", "error", "message"),
    [
        ("rellu", {}, ValueError, "activation must be one of identity.*Your own"),
        ("relu", {"slope": 1}, TypeError, "relu takes the parameters: none; got slope"),
        ("hermite", {}, TypeError, "hermite takes the parameters: k; got none"),
        ("hermite", {"k": 31}, ValueError, "k must be a whole number from 0 to 30"),
        ("hermite", {"k": 1.5}, ValueError, "k must be a whole number"),
        ("elu", {"alpha": 0.0}, ValueError, "alpha must be a finite positive number"),
        ("leaky_relu", {"slope": math.nan}, ValueError, "slope must be a finite number"),
        ("relu_power", {"r": 13}, ValueError, "r must be a whole number from 0 to 12"),
        ("polynomial", {"coefficients": []}, ValueError, "coefficients must be 1 to 31 numbers"),
        ("polynomial", {"coefficients": [1, math.inf]}, ValueError, "a coefficient must be a finite number"),
        ("normrelu", {"c": 6.1}, ValueError, r"c must lie in \[-6, 6\].*linear"),
    ],
)
def test_what_the_catalogue_refuses(name, parameters, error, message):
    with pytest.raises(error, match=message):
        nk.activation(name, **parameters)


@pytest.mark.parametrize("c", [-6.0, -4.0, -1.5975, 0.0, 1.0, 6.0])
def test_normrelu_is_normalised_relu_with_its_kink_at_c(c):
    sigma = nk.normrelu(c)
    assert sigma.kinks == (c,)
    assert sigma.is_normalized
    # at c = 6, E (x − c)₊² is 1e-11 of what rounding sees of x: relative to λ(c) = 1e5
    assert expectation(sigma, (c,)) == pytest.approx(0, abs=1e-15 * max(1, sigma.scale))
    assert expectation(lambda x: sigma(x) ** 2, (c,)) == pytest.approx(1, rel=1e-12)


def test_leaky_relu_at_its_ends():
    x = np.linspace(-3, 3, 13)
    np.testing.assert_array_equal(nk.activation("leaky_relu", slope=0)(x), nk.activation("relu")(x))
    np.testing.assert_array_equal(nk.activation("leaky_relu", slope=1)(x), x)
    np.testing.assert_array_equal(nk.activation("leaky_relu", slope=-1)(x), np.abs(x))
    assert nk.activation("leaky_relu", slope=1).coefficient_of_nonlinearity == 0.0


# --- equality, copies ------------------------------------------------------------------------------------------------


def test_equality_and_hash(sigma):
    again = pickle.loads(pickle.dumps(sigma))
    assert again == sigma
    assert hash(again) == hash(sigma)
    assert sigma != sigma.rescaled(2.0)
    assert sigma.rescaled(2.0) == sigma.rescaled(2.0)
    assert sigma != "relu"


def test_activations_with_different_parameters_differ():
    several = [nk.activation(name, **parameters) for name, parameters in CATALOGUE]
    assert len(set(several)) == len(CATALOGUE)
    assert len({Activation("relu", np.tanh), Activation("relu", np.sin), nk.activation("relu")}) == 3
    assert Activation("t", np.tanh) == Activation("t", np.tanh)


@pytest.mark.parametrize("copied", [lambda s: pickle.loads(pickle.dumps(s)), copy.deepcopy, copy.copy])
def test_copies_are_the_same_activation(sigma, copied):
    x = np.linspace(-3, 3, 61)
    relatives = [sigma, sigma.rescaled(0.7)] + ([] if is_constant(sigma) else [sigma.normalized()])
    for relative in relatives:
        other = copied(relative)
        assert other == relative
        assert (other.name, other.parity, other.degree) == (relative.name, relative.parity, relative.degree)
        assert (other.mean, other.second_moment) == (relative.mean, relative.second_moment)
        assert other.is_normalized == relative.is_normalized
        np.testing.assert_array_equal(other(x), relative(x))
        np.testing.assert_array_equal(other.derivative(x), relative.derivative(x))


def shrink(x):
    return x - np.clip(x, -0.5, 0.5)


def test_a_users_own_pickles_when_its_function_does():
    sigma = Activation("shrink", shrink, kinks=(0.5,)).normalized()
    _ = sigma.dual(0.5)
    other = pickle.loads(pickle.dumps(sigma))
    assert other == sigma
    assert other.kinks == (-0.5, 0.5)
    assert other.dual(0.5) == sigma.dual(0.5)


def test_a_pickle_is_small():
    sigma = nk.activation("gelu").normalized()
    sigma.dual(0.5)
    assert len(pickle.dumps(sigma)) < 1000


def test_networks_pickle():
    net = nk.mlp(3, nk.activation("selu").normalized(), bias_std=0.1)
    assert pickle.loads(pickle.dumps(net)).ntk_profile(0.3) == net.ntk_profile(0.3)


# --- relatives -------------------------------------------------------------------------------------------------------


def test_normalized(sigma):
    if is_constant(sigma):
        with pytest.raises(ValueError, match="must not be constant"):
            sigma.normalized()
        return
    normal = sigma.normalized()
    assert (normal.mean, normal.second_moment, normal.is_normalized) == (0.0, 1.0, True)
    assert normal.normalized() is normal
    x = np.linspace(-3, 3, 61)
    wanted = (sigma(x) - sigma.mean) / root(sigma.variance)
    conditioning = root(sigma.second_moment / sigma.variance)  # subtracting a mean that is known to rounding
    np.testing.assert_allclose(normal(x), wanted, rtol=1e-13, atol=1e-13 * conditioning)
    assert normal.coefficient_of_nonlinearity == pytest.approx(normal.coefficient_of_nonaffinity, abs=1e-12)
    assert normal.coefficient_of_nonlinearity == pytest.approx(sigma.coefficient_of_nonlinearity, abs=1e-12)
    assert normal.kinks == sigma.kinks


@settings(max_examples=40)
@given(st.sampled_from(range(len(CATALOGUE))), st.floats(0.05, 3.0))
def test_rescaled(index, factor):
    name, parameters = CATALOGUE[index]
    sigma = nk.activation(name, **parameters)
    if name == "exp" or sigma.second_moment > 1e8:
        factor = min(factor, 1.5)
    part = sigma.rescaled(factor)
    x = np.linspace(-3, 3, 61)
    np.testing.assert_allclose(part(x), sigma(factor * x), rtol=1e-14)
    np.testing.assert_allclose(part.derivative(x), factor * sigma.derivative(factor * x), rtol=1e-14)
    assert part.kinks == pytest.approx([b / factor for b in sigma.kinks if abs(b / factor) < part.resolved.radius])
    second = expectation(lambda x: sigma(factor * x) ** 2, part.kinks, reach=30)
    # a distant jump or bend is only known as well as its place is
    assert part.second_moment == pytest.approx(second, rel=1e-12)


def test_rescaling_composes_and_refuses():
    sigma = nk.activation("tanh")
    assert sigma.rescaled(1.0) is sigma
    assert sigma.rescaled(0.5).rescaled(4.0) == sigma.rescaled(2.0)
    for factor in (0.0, -1.0, math.inf, math.nan, "2"):
        with pytest.raises(ValueError, match="factor must be positive and finite"):
            sigma.rescaled(factor)


def test_without_shift():
    relu = nk.activation("relu")
    assert relu.without_shift() is relu
    part = relu.normalized().without_shift()
    np.testing.assert_allclose(part(np.array([-1.0, 2.0])), [0.0, 2 / root(relu.variance)], rtol=1e-15)


def test_a_shift_takes_oddness_and_homogeneity_away():
    even, odd = nk.activation("abs").normalized(), nk.activation("hardtanh")
    assert (even.parity, even.degree) == ("even", None)
    assert odd.normalized().parity == "odd"
    assert nk.activation("relu").normalized().degree is None


# --- kinds of arrays -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numpy_and_torch(sigma, dtype):
    x = np.linspace(-4, 4, 33).reshape(3, 11).astype(dtype)
    reference = sigma(x.astype(float)), sigma.derivative(x.astype(float))
    rounding = 1e-13 if dtype == "float64" else 2e-5
    for array in (x, torch.tensor(x)):
        for got, wanted in zip((sigma(array), sigma.derivative(array)), reference, strict=True):
            assert type(got) is type(array)
            assert got.dtype == array.dtype
            assert got.shape == array.shape
            np.testing.assert_allclose(np.asarray(got), wanted, rtol=rounding, atol=rounding * np.abs(wanted).max())


def test_numbers_and_lists(sigma):
    assert np.shape(sigma(0.5)) == ()
    assert sigma(1) == sigma(1.0)
    assert sigma(np.array(1)) == sigma(1.0)
    np.testing.assert_array_equal(sigma([1, 2]), sigma(np.array([1.0, 2.0])))
    assert sigma(np.empty((0, 3))).shape == (0, 3)
    assert sigma.derivative(np.empty((0, 3))).shape == (0, 3)


def test_nothing_overflows(sigma):
    if sigma.name.startswith(("exp", "hermite", "polynomial", "quadratic", "relu_power")):
        return
    with np.errstate(all="raise", under="ignore"):
        for values in (sigma(np.array([-1e4, 1e4])), sigma.derivative(np.array([-1e4, 1e4]))):
            assert np.isfinite(values).all()


def test_gradients_of_torch_are_the_derivative(sigma):
    x = torch.linspace(-3, 3, 60, dtype=torch.float64, requires_grad=True)  # no kink of the catalogue among them
    value = sigma(x)
    if not value.requires_grad:  # a step
        assert not sigma.derivative(x).any()
        return
    (slope,) = torch.autograd.grad(value.sum(), x)
    torch.testing.assert_close(slope, sigma.derivative(x.detach()), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_users_numbers_and_truth_values_become_arrays_like_the_argument(dtype):
    x = np.array([-1.0, 2.0], dtype=dtype)
    for function, wanted in ((lambda x: 3, [3, 3]), (lambda x: x > 0, [0, 1]), (lambda x: (x > 0).astype(int), [0, 1])):
        got = Activation("mine", function)(x)
        assert got.dtype == dtype
        np.testing.assert_array_equal(got, wanted)
    tensor = Activation("mine", lambda x: x > 0)(torch.tensor(x))
    assert tensor.dtype == torch.tensor(x).dtype
    assert Activation("mine", lambda x: 3)(0.5) == 3.0


@pytest.mark.parametrize("x", ["a", [1j], None, [object()]])
def test_only_real_numbers_are_taken(x):
    with pytest.raises(TypeError, match="an activation takes real numbers, in numpy or torch"):
        nk.activation("tanh")(x)


def test_a_function_of_numpy_alone_says_so_to_a_tensor():
    tensor = torch.ones(3, requires_grad=True)
    for function in (np.tanh, lambda x: np.asarray(x.detach())):
        with pytest.raises(TypeError, match=r"must accept torch tensors here.*array_api_compat"):
            Activation("mine", function)(tensor)


@pytest.mark.parametrize("n", [0, -1, 1.5, "3", True])
def test_the_number_of_coefficients(n):
    with pytest.raises(ValueError, match="the number of Hermite coefficients must be a positive whole number"):
        nk.activation("relu").hermite(n)
