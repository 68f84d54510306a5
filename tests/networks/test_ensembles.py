"""Finite width against infinite width: within five standard errors, error proportional to width^(−½)."""

import numpy as np
import pytest
import torch

import ntkit as nk
from ntkit import networks

X = nk.data.sphere(5, 0.1, dim=6, seed=1).x
SEEDS = 80


def both_kernels(module, x):
    return np.stack([networks.empirical_nngp(module, x), networks.empirical_ntk(module, x)])


def in_theory(net, x):
    kernels = net.kernels(x)
    return np.stack([kernels.nngp, kernels.ntk])


@pytest.mark.parametrize("activation", ["relu", "tanh", "erf", "normrelu"])
class TestTheory:
    @pytest.mark.parametrize(("weight_std", "bias_std"), [(1.0, 0.0), (1.4, 0.0), (1.0, 0.5)])
    def test_mean_is_within_five_standard_errors(self, activation, weight_std, bias_std):
        net = nk.mlp(2, activation, weight_std=weight_std, bias_std=bias_std)
        sample = networks.monte_carlo(net, X, 300, SEEDS, statistic=both_kernels)
        assert np.abs(sample.deviation(in_theory(net, X))).max() < 5

    def test_error_falls_as_the_root_of_the_width(self, activation):
        net = nk.mlp(2, activation)
        for statistic, theory in ((networks.empirical_nngp, net.nngp(X)), (networks.empirical_ntk, net.ntk(X))):
            scaling = networks.width_scaling(net, X, (24, 80, 256), 2 * SEEDS, theory, statistic=statistic)
            assert scaling.slope == pytest.approx(-0.5, abs=0.1)
            assert (np.diff(scaling.error) < 0).all()


def test_closed_form_of_one_relu_layer():
    rho = X @ X.T
    angle = np.arccos(np.clip(rho, -1, 1))
    value = (np.sin(angle) + (np.pi - angle) * rho) / (2 * np.pi)
    slope = (np.pi - angle) / (2 * np.pi)
    sample = networks.monte_carlo(nk.mlp(1, "relu"), X, 400, SEEDS, statistic=both_kernels)
    assert np.abs(sample.deviation(np.stack([value, value + rho * slope]))).max() < 5


def test_rejects_a_theory_that_is_wrong():
    net = nk.mlp(1, "relu")
    sample = networks.monte_carlo(net, X, 400, SEEDS)
    assert np.abs(sample.deviation(1.05 * net.ntk(X))).max() > 5


def test_summary_is_that_of_the_samples():
    sample = networks.monte_carlo(nk.mlp(1, "erf"), X, 16, (5, 9, 11), statistic=networks.empirical_nngp)
    assert sample.samples.shape == (3, 5, 5)
    assert sample.seeds == (5, 9, 11)
    assert sample.mean == pytest.approx(sample.samples.mean(axis=0))
    spread = ((sample.samples - sample.mean) ** 2).sum(axis=0) / 2
    assert sample.standard_error == pytest.approx(np.sqrt(spread / 3))
    again = networks.monte_carlo(nk.mlp(1, "erf"), X, 16, (9, 11), statistic=networks.empirical_nngp)
    assert np.array_equal(again.samples, sample.samples[1:])


def test_any_statistic_and_a_callback():
    told = []

    def condition_number(module, x):
        return np.linalg.cond(networks.empirical_nngp(module, x))

    sample = networks.monte_carlo(
        nk.mlp(1, "tanh"), X, 64, 4, statistic=condition_number, callback=lambda step, *_: told.append(step)
    )
    assert sample.samples.shape == (4,)
    assert told == [1, 2, 3, 4]


def test_samples_that_do_not_vary_deviate_by_nothing_or_infinitely():
    net = nk.mlp(0, "relu")
    sample = networks.monte_carlo(net, X, 8, 3)
    assert np.abs(sample.deviation(X @ X.T)).max() == 0
    assert np.isinf(sample.deviation(2 * X @ X.T)).all()


class TestSpan:
    @pytest.mark.parametrize("shape", [(4, 30), (4, 4), (9, 3)])
    def test_keeps_all_inner_products(self, shape):
        x = np.random.default_rng(0).standard_normal(shape)
        found = networks.in_span(x)
        assert found.shape == (shape[0], min(shape))
        assert found @ found.T == pytest.approx(x @ x.T, rel=1e-12, abs=1e-12)

    def test_is_applied_before_the_first_layer(self):
        seen = []
        networks.monte_carlo(
            nk.mlp(1, "relu"),
            np.eye(3, 50),
            8,
            2,
            statistic=lambda module, x: seen.append(x.shape) or x,
            dtype=torch.float32,
        )
        assert seen == [(3, 3), (3, 3)]


def test_refusals():
    net = nk.mlp(1, "relu")
    with pytest.raises(ValueError, match="at least two, or there is no spread; got 1"):
        networks.monte_carlo(net, X, 8, 1)
    with pytest.raises(ValueError, match="at least two, to fit a slope; got 1"):
        networks.width_scaling(net, X, (8,), 3, net.ntk(X))
