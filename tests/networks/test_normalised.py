"""Lemma 1 on torch's own layers: under normalisation, centre and scale of the activation do not matter."""

import numpy as np
import pytest
import torch

import ntkit as nk
from ntkit.networks import normalised_module

X = torch.as_tensor(nk.data.sphere(24, dim=10, seed=0).x)
Y = torch.linspace(-1, 1, 24, dtype=torch.float64)
SIGMA = nk.activation("softplus")


def module(sigma, normalisation, depth=3, **options):
    return normalised_module(
        nk.mlp(depth, sigma), 10, 48, 5, normalisation=normalisation, dtype=torch.float64, **options
    )


@pytest.mark.parametrize("normalisation", ["batch", "layer"])
def test_output_is_that_of_a_network_written_out(normalisation):
    # torch's layers against the formulas of appendix B, in numpy, with the weights of the twin
    twin = nk.mlp(2, SIGMA).module(10, 48, 5, dtype=torch.float64)
    weights = [layer.weight.detach().numpy() for layer in (twin.hidden[0], twin.hidden[2], twin.read_out)]

    def standardised(values, axis):
        return (values - values.mean(axis, keepdims=True)) / values.std(axis, keepdims=True)

    over_batch = (lambda v: standardised(v, 0)) if normalisation == "batch" else (lambda v: v)
    over_units = (lambda v: standardised(v, 1)) if normalisation == "layer" else (lambda v: v)
    features = over_units(np.log1p(np.exp(over_batch(X.numpy() @ weights[0].T))))
    features = over_units(np.log1p(np.exp(over_batch(features @ weights[1].T / np.sqrt(48)))))
    expected = over_batch(features @ weights[2].T / np.sqrt(48))
    found = module(SIGMA, normalisation, depth=2)(X).detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("normalisation", ["batch", "layer"])
@pytest.mark.parametrize("name", ["relu", "sigmoid", "gelu", "exp", "step", "normrelu"])
def test_lemma_1(name, normalisation):
    sigma = nk.activation(name)
    plain, centred = (module(s, normalisation)(X).detach() for s in (sigma, sigma.normalized()))
    torch.testing.assert_close(plain, centred, atol=1e-12, rtol=0)
    assert plain.std() > 1e-3


@pytest.mark.parametrize("normalisation", ["batch", "layer"])
def test_training_is_the_same_too(normalisation):
    # beyond the lemma: f is the same function of the weights, so gradient descent takes the same path
    losses = []
    for sigma in (SIGMA, SIGMA.normalized()):
        net = module(sigma, normalisation)
        optimiser = torch.optim.SGD(net.parameters(), lr=0.2)
        path = []
        for _ in range(20):
            optimiser.zero_grad()
            loss = ((net(X).ravel() - Y) ** 2).mean()
            loss.backward()
            optimiser.step()
            path.append(loss.item())
        losses.append(path)
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-8)
    assert losses[0][-1] < 0.9 * losses[0][0]


def test_without_normalisation_they_differ():
    plain, centred = (nk.mlp(3, s).module(10, 48, 5, dtype=torch.float64)(X) for s in (SIGMA, SIGMA.normalized()))
    assert (plain - centred).abs().max() > 0.1


def test_the_eps_of_torch_breaks_the_invariance_where_the_activation_is_small():
    small = nk.Activation("small softplus", lambda x: 1e-3 * SIGMA(x))
    exact, torchs = (
        (module(small, "layer", eps=eps)(X) - module(SIGMA, "layer", eps=eps)(X)).abs().max() for eps in (1e-30, 1e-5)
    )
    assert exact < 1e-11 < 1e-3 < torchs


@pytest.mark.parametrize(
    ("options", "message"),
    [({"normalisation": "group"}, "batch, layer; got 'group'"), ({"normalisation": "batch", "eps": 0.0}, "positive")],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        normalised_module(nk.mlp(2, SIGMA), 4, 8, **options)
