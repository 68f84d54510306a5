"""Activations given by name or specification, and every function of nk.gram that takes one so."""

import dataclasses
import inspect
import pickle

import numpy as np
import pytest
import torch

import ntkit as nk
from ntkit.gram import fully_connected_gram
from ntkit.specification import as_activation

POINTS = nk.data.half_circle(6)
X = POINTS.x
SLOPED = "leaky_relu(slope=0.2)"
GRAM = fully_connected_gram(nk.activation("leaky_relu", slope=0.2), X, 2)
HIDDEN, HEADS = (np.random.default_rng(0).standard_normal(shape) for shape in ((40, X.shape[1]), 40))


# ---- what a name stands for


TEXTS = ["gelu", SLOPED, "NormReLU", "leaky-relu", "hermite(k=3)", "polynomial(coefficients=(0, 1))"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_stands_for_an_activation_of_the_catalogue(text):
    name, _, parameters = text.partition("(")
    expected = nk.activation(name, **eval(f"dict({parameters}" if parameters else "{}"))
    assert as_activation(text) == expected


def test_an_activation_stands_for_itself():
    mine = nk.Activation("mine", np.tanh)
    assert as_activation(mine) is mine


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("rleu", ValueError, "activation must be one of identity, .*; got 'rleu'"),
        ("relu(slope", ValueError, "an activation is written as a name"),
        ("relu(slope=1)", TypeError, "relu takes the parameters: none; got slope"),
        (np.tanh, ValueError, "activation must be one of identity, .*Your own: nk.Activation"),
        (None, ValueError, "activation must be one of"),
    ],
)
def test_what_stands_for_none_is_refused(given, error, message):
    with pytest.raises(error, match=message):
        as_activation(given)
    with pytest.raises(error, match=message):
        nk.gram.population_g(X, given)


def test_families_take_specifications():
    for family in (nk.mlp, nk.resnet):
        assert family(3, SLOPED).activation == nk.activation("leaky_relu", slope=0.2)


def test_a_function_that_takes_names_looks_as_before():
    assert list(inspect.signature(nk.gram.population_g).parameters) == ["x", "sigma", "initialisation"]
    assert nk.gram.population_g.__name__ == "population_g"
    assert pickle.loads(pickle.dumps(nk.gram.population_g)) is nk.gram.population_g


def test_a_missing_activation_is_told_as_of_any_function():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'sigma'"):
        nk.gram.population_g(X)


# ---- functions of nk.gram

# How each is called: what follows stands for an activation, which is given as an object and as a text.
CALLS = {
    "all_asked": lambda sigma: nk.gram.all_asked(6, 0.01, sigma),
    "approximation.slope_errors": lambda sigma: nk.gram.approximation.slope_errors(sigma, 2.0, [2, 4]),
    "certificates.gershgorin_certificate": lambda sigma: nk.gram.certificates.gershgorin_certificate(sigma, 6, 0.1),
    "certificates.l2_ceiling": lambda sigma: nk.gram.certificates.l2_ceiling(sigma, X),
    "certificates.l_infinity_ceiling": lambda sigma: nk.gram.certificates.l_infinity_ceiling(sigma, X, HIDDEN, HEADS),
    "certificates.ladder": lambda sigma: nk.gram.certificates.ladder(sigma, [X]),
    "certificates.slope_jump": lambda sigma: nk.gram.certificates.slope_jump(sigma),
    "classify_kink": lambda sigma: nk.gram.classify_kink(sigma),
    "convolutional_gram": lambda sigma: nk.gram.convolutional_gram(sigma, X[:, None, :], 2, window=1),
    "deep_gram": lambda sigma: nk.gram.deep_gram(sigma, X, 2),
    "deep_gram_drawn": lambda sigma: nk.gram.deep_gram_drawn(sigma, X, 2, 30),
    "deep_spectra": lambda sigma: nk.gram.deep_spectra(sigma, X, [1, 2]),
    "depth_helps": lambda sigma: nk.gram.depth_helps(sigma, 0.1, 5),
    "drift_by_width": lambda sigma: nk.gram.drift_by_width(POINTS, sigma, (8, 16), steps=2, seeds=2),
    "enough": lambda sigma: nk.gram.enough(POINTS, sigma, widths=(8, 16), seeds=1, steps=2),
    "expected_loss": lambda sigma: nk.gram.expected_loss(X, sigma, [0.0, 1.0]),
    "features_g": lambda sigma: list(nk.gram.features_g(X, sigma, 20)),
    "finite_classes": lambda sigma: nk.gram.finite_classes(X, sigma, 20, 2),
    "finite_eigenvalues": lambda sigma: nk.gram.finite_eigenvalues(X, sigma, 20),
    "finite_g": lambda sigma: nk.gram.finite_g(X, sigma, 20),
    "finite_h": lambda sigma: nk.gram.finite_h(X, sigma, 20),
    "finite_h_eigenvalues": lambda sigma: nk.gram.finite_h_eigenvalues(X, sigma, 20),
    "finite_sum_eigenvalues": lambda sigma: nk.gram.finite_sum_eigenvalues(X, sigma, 20),
    "follow": lambda sigma: nk.gram.follow(POINTS, sigma, 20, steps=2).run.loss,
    "fully_connected_gram": lambda sigma: nk.gram.fully_connected_gram(sigma, X, 2),
    "gram_by_depth": lambda sigma: nk.gram.gram_by_depth(sigma, X, [2, 3]),
    "gram_error": lambda sigma: nk.gram.gram_error(sigma, X, GRAM, 20, draws=2),
    "hermite_decay.is_two_lines": lambda sigma: nk.gram.hermite_decay.is_two_lines(sigma),
    "hermite_decay.slope_coefficients": lambda sigma: nk.gram.hermite_decay.slope_coefficients(sigma, 4),
    "hermite_decay.slope_decay": lambda sigma: nk.gram.hermite_decay.slope_decay(sigma, 40),
    "layered_network": lambda sigma: nk.gram.layered_network(sigma, 2, 2, 20).weights,
    "least_by_size": lambda sigma: nk.gram.least_by_size([sigma], [4, 6]),
    "linear_share": lambda sigma: nk.gram.linear_share(sigma),
    "population_bias": lambda sigma: nk.gram.population_bias(X, sigma),
    "population_classes": lambda sigma: nk.gram.population_classes(X, sigma, 2),
    "population_eigenvalues": lambda sigma: nk.gram.population_eigenvalues(X, sigma),
    "population_g": lambda sigma: nk.gram.population_g(X, sigma=sigma),
    "population_h": lambda sigma: nk.gram.population_h(X, sigma),
    "population_h_eigenvalues": lambda sigma: nk.gram.population_h_eigenvalues(X, sigma),
    "population_sum": lambda sigma: nk.gram.population_sum(X, sigma),
    "population_sum_eigenvalues": lambda sigma: nk.gram.population_sum_eigenvalues(X, sigma),
    "residual_gram": lambda sigma: nk.gram.residual_gram(sigma, X, 2),
    "scaling_constant": lambda sigma: nk.gram.scaling_constant(sigma),
    "scaling_constant_over": lambda sigma: nk.gram.scaling_constant_over(sigma, 0.5),
    "single_vector": lambda sigma: nk.gram.single_vector(X, sigma, draws=50),
    "slope_bounds": lambda sigma: nk.gram.slope_bounds(sigma),
    "smoothness": lambda sigma: nk.gram.smoothness(sigma),
    "spectra": lambda sigma: nk.gram.spectra(X, activations=[sigma]),
    "stated_bounds.stated_floors": lambda sigma: nk.gram.stated_bounds.stated_floors(sigma, 6, 0.1),
    "stuck_share": lambda sigma: nk.gram.stuck_share(POINTS, sigma),
    "theorem_j5_floor": lambda sigma: nk.gram.theorem_j5_floor(sigma, 6, 0.9, 2),
    "time_to_reach": lambda sigma: nk.gram.time_to_reach(X, sigma, 0.9),
    "two_layer": lambda sigma: nk.gram.two_layer(sigma, 2, 20).hidden,
}


def functions_of_an_activation(module, prefix=""):
    """Names of the public functions of a package that have a parameter for an activation, those of its modules too."""
    for name in getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")]):
        thing = getattr(module, name)
        if inspect.ismodule(thing) and thing.__name__.startswith(module.__name__):
            yield from functions_of_an_activation(thing, f"{name}.")
        elif inspect.isroutine(thing) and thing.__module__.startswith(module.__name__) and takes_activation(thing):
            yield prefix + name


def takes_activation(function):
    return not {"sigma", "activation", "activations"}.isdisjoint(inspect.signature(function).parameters)


def plain(value):
    """A result as nested tuples that compare entry by entry."""
    if dataclasses.is_dataclass(value):
        return tuple((field.name, plain(getattr(value, field.name))) for field in dataclasses.fields(value))
    if isinstance(value, dict):
        return tuple((key, plain(entry)) for key, entry in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(plain, value))
    if isinstance(value, np.ndarray | np.generic | torch.Tensor | float):
        return np.asarray(value).tobytes()
    return value


def test_each_is_called_here():
    assert set(functions_of_an_activation(nk.gram)) - {"probability.fact_c1"} == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_a_specification_gives_what_the_activation_gives(name):
    text = {"depth_helps": "normrelu(c=-1)", "smoothness": "polynomial(coefficients=(0, 1, 0.5))"}.get(name, SLOPED)
    by_text, by_object = (CALLS[name](sigma) for sigma in (text, as_activation(text)))
    assert plain(by_text) == plain(by_object)
