"""Activations as layers: values and slopes of the catalogue's own definitions, in every precision."""

import copy
import pickle

import numpy as np
import pytest
import torch

import ntkit as nk
from ntkit.experiments.pointwise import Pointwise, has_torchs_own

PARAMETERS = {
    "leaky_relu": [{}, {"slope": 0.2}, {"slope": -1.0}, {"slope": 1.0}],
    "elu": [{}, {"alpha": 0.3}],
    "celu": [{}, {"alpha": 2.5}],
    "normrelu": [{}, {"c": 0.7}, {"c": -5.0}],
    "hermite": [{"k": 0}, {"k": 3}],
    "polynomial": [{"coefficients": (0.5, -1.0, 0.25)}, {"coefficients": (2.0,)}],
    "relu_power": [{"r": 0}, {"r": 2}],
}
OF_CATALOGUE = [nk.activation(name, **given) for name in nk.catalogue() for given in PARAMETERS.get(name, [{}])]
WITHOUT_TORCHS_OWN = {"step", "sign", "gaussian", "quadratic", "hermite", "polynomial", "relu_power"}


def bent(x):
    return x + 0.5 * abs(x) ** 3


def slope_of_bent(x):
    return 1 + 1.5 * x * abs(x)


RELATIVES = [
    nk.activation("relu").normalized(),
    nk.activation("selu").rescaled(0.7).shifted(0.2),
    nk.activation("gelu").with_unit_second_moment(),
    nk.activation("gaussian").normalized().rescaled(1.3),
    nk.normrelu(0.5).rescaled(2.0).shifted(-0.1),
]
USERS = [
    nk.Activation("with its slope", bent, derivative=slope_of_bent),
    nk.Activation("without", bent),
    nk.Activation("without, normalised", bent).normalized().rescaled(0.8),
]
EVERY = [*OF_CATALOGUE, *RELATIVES, *USERS]
PLACES = np.concatenate([np.linspace(-7, 7, 281), np.random.default_rng(0).normal(size=200)])


def by_name(sigma):
    return sigma.name


def value_and_slope(sigma, places, dtype=torch.float64):
    x = torch.tensor(places, dtype=dtype, requires_grad=True)
    y = Pointwise(sigma)(x)
    if y.requires_grad:
        y.sum().backward()
    return y.detach().numpy(), None if x.grad is None else x.grad.numpy()


def tolerance(sigma, values, dtype):
    """Some roundings of the largest number on the way: of x, of f, of the value."""
    return 16 * np.finfo(dtype).eps * (np.abs(values) + sigma.scale * (8 * sigma.input_scale + abs(sigma.shift)))


def test_every_activation_of_the_catalogue_is_tried():
    assert {sigma.recipe.name for sigma in OF_CATALOGUE} == set(nk.catalogue())


@pytest.mark.parametrize("sigma", EVERY, ids=by_name)
def test_value_and_slope_are_those_of_the_definition(sigma):
    # Given places that include every kink, and some far out, where torch may put an asymptote in a function's place
    places = np.concatenate([PLACES, [-21.0, 21.0], np.array(sigma.kinks)])
    # When the layer is run forwards and backwards
    value, slope = value_and_slope(sigma, places)
    # Then both are what numpy makes of the definition, a slope at a kink included where the definition has one
    expected = sigma.derivative(places)
    assert (np.abs(value - sigma(places)) <= tolerance(sigma, sigma(places), float)).all()
    smooth = np.abs(places[:, None] - np.array([*sigma.kinks, np.inf])).min(axis=1) > 1e-9
    compared = slice(None) if sigma.has_derivative else smooth
    error = np.abs(slope - expected)[compared]
    # A slope that is not given comes from interpolated polynomials, exact to 1e-9 within five deviations
    within = np.abs(places) < 5 / sigma.input_scale
    if sigma.has_derivative:
        assert (error <= 32 * np.finfo(float).eps * (sigma.scale * sigma.input_scale * 8 + np.abs(expected))).all()
    else:
        assert (error[within[compared]] < 1e-8 * np.abs(expected[compared][within[compared]]).max()).all()


@pytest.mark.parametrize("sigma", EVERY, ids=by_name)
def test_slope_is_the_limit_of_difference_quotients(sigma):
    away = PLACES[np.abs(PLACES[:, None] - np.array([*sigma.kinks, np.inf])).min(axis=1) > 1e-3]
    step = 1e-5
    quotient = (sigma(away + step) - sigma(away - step)) / (2 * step)
    _, slope = value_and_slope(sigma, away)
    scale = np.abs(sigma(away)) + np.abs(quotient) + sigma.scale
    assert np.abs(slope - quotient) == pytest.approx(0, abs=1e-7 * scale.max())


@pytest.mark.parametrize("sigma", EVERY, ids=by_name)
def test_single_precision_stays_close(sigma):
    places = PLACES.astype(np.float32)
    value, slope = value_and_slope(sigma, places, torch.float32)
    assert value.dtype == slope.dtype == np.float32
    wide = places.astype(float)
    largest = np.abs(sigma(wide)).max()
    assert value == pytest.approx(sigma(wide), rel=5e-6, abs=5e-6 * max(largest, 1))
    assert slope == pytest.approx(sigma.derivative(wide), rel=5e-6, abs=5e-6 * max(largest, 1))


@pytest.mark.parametrize("sigma", EVERY, ids=by_name)
def test_survives_mixed_precision(sigma):
    layers = torch.nn.Sequential(torch.nn.Linear(6, 5), Pointwise(sigma), torch.nn.Linear(5, 2))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        pre = layers[0](torch.ones(3, 6))
        post = layers[1](pre)
        loss = layers[2](post).sum()
    loss.backward()
    assert pre.dtype == post.dtype == torch.bfloat16
    # One rounding to 8 binary digits, of the value and of the argument
    wide = pre.detach().double().numpy()
    room = 2**-8 * (np.abs(sigma(wide)) + np.abs(sigma.derivative(wide) * wide) + sigma.scale * (1 + abs(sigma.shift)))
    assert (np.abs(post.detach().double().numpy() - sigma(wide)) <= room).all()
    assert all(torch.isfinite(p.grad).all() for p in layers.parameters() if p.grad is not None)


@pytest.mark.parametrize("sigma", EVERY, ids=by_name)
def test_can_be_copied_and_pickled(sigma):
    x = torch.linspace(-2, 2, 9)
    layer = Pointwise(sigma)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(twin(x), layer(x))


@pytest.mark.parametrize("sigma", [nk.normrelu(), USERS[1]], ids=by_name)
def test_compiles(sigma):
    x = torch.linspace(-3, 3, 50, dtype=torch.float64, requires_grad=True)
    layer = Pointwise(sigma)
    compiled = torch.compile(layer, backend="aot_eager")
    (there,) = torch.autograd.grad(compiled(x).sum(), x)
    (here,) = torch.autograd.grad(layer(x).sum(), x)
    assert torch.allclose(compiled(x), layer(x), rtol=1e-14, atol=1e-14)
    assert torch.allclose(there, here, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("sigma", [nk.normrelu(), nk.activation("quadratic"), nk.activation("elu")], ids=by_name)
def test_slopes_of_single_rows_are_found_together(sigma):
    x = torch.linspace(-2, 3, 7, dtype=torch.float64)
    slopes = torch.func.vmap(torch.func.grad(Pointwise(sigma)))(x)
    assert slopes.numpy() == pytest.approx(sigma.derivative(x.numpy()), rel=1e-12)


@pytest.mark.parametrize("sigma", [nk.normrelu(), nk.activation("relu"), nk.activation("quadratic")], ids=by_name)
def test_what_is_not_a_number_stays_so(sigma):
    assert Pointwise(sigma)(torch.tensor([torch.nan])).isnan().all()


def test_only_what_torch_lacks_goes_another_way():
    others = {sigma.recipe.name for sigma in OF_CATALOGUE if not has_torchs_own(sigma)}
    assert others == WITHOUT_TORCHS_OWN
    assert not has_torchs_own(USERS[0])


def test_function_that_cannot_take_tensors_is_refused_with_the_way_out():
    sigma = nk.Activation("of numpy", lambda x: np.where(x > 0, x, 0.1 * np.asarray(x)))
    with pytest.raises(TypeError, match=r"'of numpy' must accept torch tensors.*array_namespace"):
        Pointwise(sigma)(torch.ones(3, requires_grad=True))


def test_is_shown_by_its_name():
    assert repr(Pointwise(nk.activation("leaky_relu", slope=0.2))) == "Pointwise(leaky_relu(slope=0.2))"
