"""Depth helps: the deep Gram matrix of Panigrahi et al., its limit, and the papers' recursions beside the exact one."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import ntkit as nk
from ntkit import gram

TANH, SELU = nk.activation("tanh"), nk.activation("selu")
BELOW = 0.5 / math.e


def series(sigma, x, depth, terms=200):
    """ρ_(L−1) and E φ'φ' by Hermite series alone: Σ c̄_a² ρ^a, Fact N.2."""
    coefficients = sigma.hermite(terms)
    squares = coefficients**2 / np.sum(coefficients**2)
    slopes = np.arange(1, terms) * coefficients[1:] ** 2
    rho = x @ x.T
    for _ in range(depth - 1):
        rho = np.polynomial.polynomial.polyval(rho, squares)
    return rho, np.polynomial.polynomial.polyval(rho, slopes)


@pytest.mark.parametrize("depth", [1, 3, 10])
def test_deep_gram_is_that_of_hermite_series(depth):
    x = nk.data.half_circle(9).x
    found = gram.deep_gram(TANH, x, depth)
    rho, slopes = series(TANH, x, depth)
    np.testing.assert_allclose(found.products, rho, atol=1e-12)
    np.testing.assert_allclose(found.slopes, slopes, atol=1e-12)
    np.testing.assert_allclose(found.gradient, gram.fully_connected_gram(TANH, x, depth).gram, atol=1e-13)


def test_least_eigenvalues_of_the_spec():
    depths = [1, 5, 10, 20, 40, 60, 100, 200]
    found = gram.deep_spectra(TANH, nk.data.half_circle(20).x, depths)
    expected = [1.62e-7, 3.38e-5, 1.42e-3, 0.0491, 0.317, 0.428, 0.4624, 0.4644]
    np.testing.assert_allclose(found.least, expected, rtol=4e-3)
    assert found.limit == pytest.approx(0.464403, abs=6e-7)
    assert found.least[-1] == pytest.approx(found.limit, rel=1e-4)
    assert found.printed_limit == pytest.approx(0.097524, abs=6e-7)
    assert found.as_printed[-1] == pytest.approx(found.printed_limit, rel=1e-3)


def test_least_eigenvalues_that_rounding_hides_are_silent():
    found = gram.deep_spectra(nk.activation("softplus"), nk.data.half_circle(20).x, [1, 2])  # 4·10⁻¹⁴ and less
    assert np.all(np.isnan(found.least))


@pytest.mark.parametrize("depth", [1, 3])
def test_networks_of_finite_width_have_the_deep_gram(depth):
    x = nk.data.half_circle(4).x
    samples = np.array([gram.deep_gram_drawn(TANH, x, depth, 300, seed=seed).matrix for seed in range(60)])
    error = samples.std(axis=0, ddof=1) / np.sqrt(60)
    assert np.all(np.abs(samples.mean(axis=0) - gram.deep_gram(TANH, x, depth).matrix) < 5 * error + 1e-15)


def test_gradient_with_respect_to_the_last_weights_has_the_inner_product():
    # Given a network of three layers with the weights of deep_gram_drawn, built here once more
    x, width = nk.data.half_circle(3).x, 7
    generator = torch.Generator().manual_seed(5)
    scale = (TANH.second_moment * width) ** -0.5
    fans = [x.shape[1], width, width]
    weights = [torch.randn(width, fan, generator=generator, dtype=torch.float64) for fan in fans]
    signs = torch.randn(width, generator=generator, dtype=torch.float64)
    last = weights[2].requires_grad_()
    hidden = torch.as_tensor(x)
    for weight in weights[:2]:
        hidden = scale * torch.tanh(hidden @ weight.T)
    outputs = scale * torch.tanh(hidden @ last.T) @ signs
    # When the outputs are differentiated
    gradients = torch.stack([torch.autograd.grad(u, last, retain_graph=True)[0].flatten() for u in outputs])
    # Then their Gram matrix is the one with the inner product and c_φ²
    found = gram.deep_gram_drawn(TANH, x, 3, width, seed=5)
    np.testing.assert_allclose(found.gradient, (gradients @ gradients.T).numpy(), rtol=1e-12)
    assert not np.allclose(found.slopes, found.matrix)


# ---- layers


@pytest.mark.parametrize(
    ("delta", "exact", "finite"), [(0.5, 16, 43), (0.1, 33, 107), (0.01, 48, 177), (0.001, 62, 245)]
)
def test_layer_counts_of_the_spec(delta, exact, finite):
    counts = gram.depth_helps(TANH, delta, 300).layers_below(BELOW)
    assert counts["exact"] == exact
    assert counts["finite"] == finite
    assert 2 / (1 - gram.linear_share(TANH)) == pytest.approx(28.76, abs=6e-3)


@given(st.floats(1e-9, 0.95), st.sampled_from(["tanh", "selu", "sin", "erf"]))
def test_exact_correlation_is_below_every_bound(delta, name):
    sigma = nk.activation(name)
    found = gram.depth_helps(sigma if sigma.parity == "odd" else sigma.normalized(), delta, 60)
    for curve in (found.infinite, found.finite, found.bound):
        assert np.all(found.exact <= curve * (1 + 1e-12) + 1e-15)
    assert np.all(found.infinite <= found.finite * (1 + 1e-12))
    # B_μ turns once; the recursion that it comes from is below it
    assert np.all(found.infinite <= found.bound * (1 + 1e-9))


@given(st.floats(1e-9, 0.9), st.floats(1e-6, 0.5), st.floats(0, 0.99), st.floats(0.05, 0.5))
def test_lemma_j4_counts_enough_layers(delta, epsilon, a, turn):
    rho = 1 - delta
    promised = gram.lemma_j4_layers(delta, epsilon, a, turn)
    for _ in range(promised):
        rho = a * rho + (1 - a) * rho**2
    assert rho <= epsilon * (1 + 1e-6)


@given(st.floats(1e-9, 0.3), st.floats(0, 0.99))
def test_three_layers_over_one_minus_a_suffice_for_a_doubling(apart, a):
    rho = 1 - apart
    for _ in range(math.ceil(3 / (1 - a))):
        rho = a * rho + (1 - a) * rho**2
    assert rho <= 1 - 2 * apart


@given(st.floats(0, 0.99), st.floats(1e-8, 1.0))
def test_fixed_points_of_the_noisy_recursion(share, fraction):
    noise = fraction * (1 - share) / 8
    for rho in gram.lemma_j3_fixed_points(share, noise):
        assert gram.lemma_j2(rho, share, noise) == pytest.approx(rho, abs=1e-12)
    low, _ = gram.lemma_j3_fixed_points(share, noise)
    assert 2 * noise / (1 - share) <= low * (1 + 1e-12) <= 4 * noise / (1 - share) * (1 + 1e-9)


def test_noisy_recursion_is_flat_where_it_does_not_reach():
    assert gram.lemma_j2(0.0, 0.9, 1e-3) == gram.lemma_j2(1e-3, 0.9, 1e-3)


@pytest.mark.parametrize("depth", [10, 30, 60])
@pytest.mark.parametrize("order", [0, 2, 4])
def test_floor_of_theorem_j5_is_below_the_least_eigenvalue(depth, order):
    x = nk.data.half_circle(8).x
    found = gram.deep_gram(TANH, x, depth)
    largest = np.abs(found.products - np.eye(8)).max()
    floor = gram.theorem_j5_floor(TANH, 8, min(largest, 1.0), order)
    assert floor <= np.linalg.eigvalsh(found.matrix)[0]
    assert (floor > 0) == (7 * largest ** (order + 1) < 1)


def test_odd_coefficients_of_an_even_derivative_vanish():
    assert gram.theorem_j5_floor(TANH, 5, 0.0, 1) == 0.0
    assert gram.theorem_j5_floor(TANH, 5, 0.0, 2) == pytest.approx(0.2571**2, rel=1e-3)  # c̄₂(tanh') of the spec


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="E φ = 0"):
        gram.depth_helps(nk.activation("relu"), 0.1, 5)
    with pytest.raises(ValueError, match="must not be linear"):
        gram.depth_helps(nk.activation("linear"), 0.1, 5)
    with pytest.raises(ValueError, match="unit length"):
        gram.deep_gram(TANH, [[1.0, 1.0]], 2)
    with pytest.raises(ValueError, match="noise must lie"):
        gram.lemma_j3_fixed_points(0.9, 0.1)
