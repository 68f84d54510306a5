"""Matrices: the look-up against the layers themselves, blocks, types, and what is refused."""

import numpy as np
import pytest
import torch

import ntkit as nk
from ntkit import kernels

DEPTHS = (0, 1, 3, 50, 300)
CONTINUOUS = [nk.activation(name).normalized() for name in ("relu", "tanh", "selu", "gelu", "hardtanh", "sin", "abs")]


def sphere_points(n=80):
    """Random rows, with a pair 1e-9 apart, a pair 1e-4 apart, an antipodal pair and a duplicate."""
    x = np.random.default_rng(0).normal(size=(n, 5))
    x[1] = x[0] + 1e-9
    x[2] = x[0] + 1e-4 * x[3]
    x[4] = -x[5]
    x[7] = x[6]
    return x / np.linalg.norm(x, axis=1)[:, None]


def exact_gaps(x):
    """1 − ρ from differences of rows; of antipodal rows without the rounding of 2, which a deep network would see."""
    gaps = 0.5 * ((x[:, None] - x[None]) ** 2).sum(axis=-1)
    return np.where((x[:, None] == -x[None]).all(axis=-1), 2.0, np.minimum(gaps, 2.0))


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("sigma", [*CONTINUOUS, nk.normrelu()], ids=lambda s: s.name)
def test_look_up_meets_the_layers(sigma, depth):
    net, x = nk.mlp(depth, sigma), sphere_points()
    found = net.kernels(x)  # 6400 pairs: from the table
    gaps = exact_gaps(x)
    for name, wanted in (("nngp", net.nngp_profile(gap=gaps)), ("ntk", net.ntk_profile(gap=gaps))):
        assert np.abs(getattr(found, name) - wanted).max() <= 1e-10 * np.abs(wanted).max(), name


@pytest.mark.parametrize("depth", DEPTHS)
def test_look_up_of_a_step(depth):
    net, x = nk.mlp(depth, nk.activation("step").normalized()), sphere_points()
    gaps = exact_gaps(x)
    assert np.abs(net.nngp(x) - net.nngp_profile(gap=gaps)).max() <= 1e-10


@pytest.mark.parametrize("radius", [1e-3, 0.5, 3.0])
def test_any_radius_is_a_sphere(radius):
    """Rows of one norm other than 1, through the table and through the rules for different norms."""
    net, x = nk.mlp(3, "tanh", 1.2, 0.1), radius * sphere_points()
    table, mixed = net.kernels(x), net.kernels(np.vstack([x[:20], 1.01 * x[:1]]))
    for name in ("nngp", "ntk"):
        wanted = getattr(table, name)[:20, :20]
        assert np.abs(getattr(mixed, name)[:20, :20] - wanted).max() <= 1e-10 * np.abs(wanted).max()


def test_two_sets_and_blocks_give_parts_of_one_matrix():
    net, x = nk.mlp(4, nk.activation("elu").normalized()), sphere_points(120)
    whole = net.kernels(x)
    assert np.abs(net.ntk(x[:90], x[30:]) - whole.ntk[:90, 30:]).max() <= 1e-10 * whole.ntk.max()
    for rows, part in kernels.blocks(net, x, rows=50):
        assert np.abs(part.nngp - whole.nngp[rows]).max() <= 1e-10
        assert np.abs(part.ntk - whole.ntk[rows]).max() <= 1e-10 * whole.ntk.max()


@pytest.mark.parametrize("n", [5, 80])
def test_kind_of_array_and_precision(n):
    net, x = nk.mlp(3, nk.activation("relu").normalized()), sphere_points(n=80)[-n:]
    wanted = net.ntk(x)
    tensor = torch.tensor(x, requires_grad=True)
    for values, tolerance in ((np.asfortranarray(x), 1e-12), (tensor.detach(), 1e-12), (x.astype("f4"), 5e-6)):
        got = net.ntk(values)
        assert type(got) is type(values)
        assert got.dtype == values.dtype
        assert np.abs(np.asarray(got, dtype=float) - wanted).max() <= tolerance * wanted.max()
    assert net.ntk(np.eye(3, dtype=int)).dtype == np.float64


def test_the_recursion_with_the_corrected_index():
    """Θ = Σ_h K^{(h−1)} Π_{h' ≥ h} σ̂'(ρ^{(h'−1)}), written out with closed forms of the arc-cosine kernels."""
    rho, depth, mean, variance = 0.37, 6, 1 / np.sqrt(2 * np.pi), 0.5 - 1 / (2 * np.pi)

    def dual(r):
        return ((np.sqrt(1 - r * r) + (np.pi - np.arccos(r)) * r) / (2 * np.pi) - mean**2) / variance

    def slope(r):
        return (np.pi - np.arccos(r)) / (2 * np.pi * variance)

    chain = [rho]
    for _ in range(depth):
        chain.append(dual(chain[-1]))
    slopes = np.array([slope(r) for r in chain[:-1]])
    wanted = sum(chain[h - 1] * np.prod(slopes[h - 1 :]) for h in range(1, depth + 1)) + chain[-1]
    net = nk.mlp(depth, nk.activation("relu").normalized())
    assert float(net.ntk_profile(rho)) == pytest.approx(wanted, rel=1e-13)


def test_depths_compose():
    sigma = nk.activation("gelu").normalized()
    rho = np.linspace(-1, 1, 41)
    twice = nk.mlp(4, sigma).correlation(np.clip(nk.mlp(3, sigma).correlation(rho), -1, 1))
    np.testing.assert_allclose(nk.mlp(7, sigma).correlation(rho), twice, atol=1e-13)


def test_trajectory_holds_the_networks_of_every_depth():
    sigma, gaps = nk.activation("swish").normalized(), np.array([[1e-12, 0.3], [1.0, 1.9]])
    trajectory = nk.mlp(5, sigma).trajectory(gap=gaps)
    for depth in range(6):
        net = nk.mlp(depth, sigma)
        np.testing.assert_allclose(trajectory.gap[depth], net.correlation_gap(gap=gaps), rtol=1e-13)
        np.testing.assert_allclose(trajectory.ntk[depth], net.ntk_profile(gap=gaps), rtol=1e-12, atol=1e-14)
        assert trajectory.ntk_diagonal[depth] == pytest.approx(float(net.ntk_profile(1.0)), rel=1e-13)


WITH_A_ZERO_ROW = np.array([[0.0, 0.0], [0.6, 0.8], [1.0, 2.0]])


def test_zero_rows_of_a_homogeneous_network_give_zeros():
    found = nk.mlp(2, "relu").kernels(WITH_A_ZERO_ROW)
    assert not found.nngp[0].any()
    assert not found.ntk[0].any()
    assert np.isfinite(found.ntk).all()


def test_zero_rows_with_a_bias_are_inputs_like_others():
    net, nearly = nk.mlp(2, "tanh", bias_std=0.5), WITH_A_ZERO_ROW + np.array([[1e-9, 0.0], [0.0, 0.0], [0.0, 0.0]])
    assert np.abs(net.ntk(WITH_A_ZERO_ROW) - net.ntk(nearly)).max() < 1e-8


@pytest.mark.parametrize("sigma", ["tanh", "sigmoid", "hardtanh"])
def test_zero_rows_without_a_bias_are_the_limit_of_small_ones(sigma):
    net, nearly = nk.mlp(2, sigma), WITH_A_ZERO_ROW + np.array([[1e-7, 0.0], [0.0, 0.0], [0.0, 0.0]])
    exact, limit = net.kernels(WITH_A_ZERO_ROW), net.kernels(nearly)
    for name in ("nngp", "ntk"):
        assert np.abs(getattr(exact, name) - getattr(limit, name)).max() < 1e-6


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones(3), "one input a row"),
        (np.ones((2, 0)), "one input a row"),
        (np.array([[1.0, np.nan]]), r"rows \[0\]"),
        (np.array([[1.0, 0.0], [np.inf, 0.0]]), r"rows \[1\]"),
    ],
)
def test_inputs_that_are_no_inputs_are_refused(x, message):
    with pytest.raises(ValueError, match=message):
        nk.mlp(1, "relu").ntk(x)


@pytest.mark.parametrize("sigma", ["tanh", "softsign"])
def test_norms_that_make_a_step_of_the_activation_are_refused(sigma):
    with pytest.raises(ValueError, match="Scale the inputs towards norm 1"):
        nk.mlp(1, sigma).ntk(np.array([[60.0, 0.0], [0.0, 50.0]]))


def test_what_would_not_fit_is_refused():
    x = np.lib.stride_tricks.as_strided(np.ones(1), shape=(10**7, 1), strides=(0, 0))
    with pytest.raises(MemoryError, match=r"nk\.kernels\.blocks"):
        nk.mlp(1, "relu").nngp(x)


def test_correlation_or_gap():
    net = nk.mlp(1, "relu")
    for arguments in ({}, {"rho": 0.5, "gap": 0.5}):
        for call in (net.correlation, net.trajectory):
            with pytest.raises(TypeError, match="either rho or gap"):
                call(**arguments)
    with pytest.raises(ValueError, match=r"rho must lie in \[-1, 1\]; got 1.5"):
        net.correlation(1.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": -1}, "whole number of hidden layers"),
        ({"depth": 2.5}, "whole number of hidden layers"),
        ({"depth": 1, "weight_std": 0}, "weight_std must be positive"),
        ({"depth": 1, "bias_std": -1}, "bias_std must be at least 0"),
        ({"depth": 1, "activation": "rellu"}, "activation must be one of"),
    ],
)
def test_architectures_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        nk.mlp(**{"activation": "relu", **arguments})
