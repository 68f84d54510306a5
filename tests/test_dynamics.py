"""Predicted training against matrix powers, matrix exponentials, mpmath, and real descent of a linear model."""

import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

import ntkit as nk
from ntkit import dynamics


def features(n, width, seed=0):
    return np.random.default_rng(seed).standard_normal((n, width)) / np.sqrt(width)


def kernel(n, seed=0):
    matrix = features(n, n + 3, seed)
    return matrix @ matrix.T


def targets(n, *outputs, seed=1):
    return np.random.default_rng(seed).standard_normal((n, *outputs))


@pytest.mark.parametrize("outputs", [(), (3,)])
@pytest.mark.parametrize("rate", [0.1, 0.9, 1.0, 1.7])
class TestAgainstMatrixPowers:
    def test_loss(self, outputs, rate):
        # Make a problem.
        gram, y, initial = kernel(7), targets(7, *outputs), targets(7, *outputs, seed=2)
        learning_rate = rate * dynamics.safe_learning_rate(dynamics.modes(gram))
        # Iterate the residual itself.
        residual, expected = initial - y, []
        for _ in range(40):
            expected.append((residual**2).sum() / 7)
            residual = residual - learning_rate * gram @ residual
        # Compare.
        found = dynamics.predict(gram, y, 39, learning_rate, initial)
        assert found.steps.tolist() == list(range(40))
        assert found.loss == pytest.approx(np.array(expected), rel=1e-10)

    def test_modes(self, outputs, rate):
        gram, y = kernel(6), targets(6, *outputs)
        found = dynamics.predict(gram, y, [0, 3, 17], rate * 0.5)
        vectors = dynamics.modes(gram).eigenvectors
        residual = np.linalg.matrix_power(np.eye(6) - rate * 0.5 * gram, 17) @ -y
        parts = ((vectors.T @ residual) ** 2).reshape(6, -1).sum(axis=1) / 6
        assert found.mode_loss[2] == pytest.approx(parts, rel=1e-9)
        assert found.mode_loss.sum(axis=1) == pytest.approx(found.loss, rel=1e-14)


@pytest.mark.parametrize("outputs", [(), (2,)])
def test_linear_model_trained_by_torch_follows_the_prediction(outputs):
    # Make a linear model f = Φ v with random initial weights.
    n, width, steps = 12, 30, 60
    phi, y = torch.from_numpy(features(n, width)), torch.from_numpy(targets(n, *outputs))
    weights = torch.from_numpy(targets(width, *outputs, seed=3)).requires_grad_()
    gram = (phi @ phi.T).numpy()
    learning_rate = dynamics.optimal_learning_rate(dynamics.modes(gram))
    initial = (phi @ weights).detach().numpy()
    # Train it with torch's own optimiser on the mean squared loss.
    optimizer = torch.optim.SGD([weights], lr=dynamics.optimizer_learning_rate(learning_rate, n))
    losses = []
    for _ in range(steps + 1):
        loss = ((phi @ weights - y) ** 2).sum() / n
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    # Compare.
    predicted = dynamics.predict(gram, y.numpy(), steps, learning_rate, initial)
    assert predicted.loss == pytest.approx(np.array(losses), rel=1e-10)


def test_flow_equals_the_matrix_exponential_and_small_steps():
    gram, y, times = kernel(6), targets(6), np.array([0.0, 0.3, 2.0, 11.0])
    expected = [((expm(-t * gram) @ y) ** 2).sum() / 6 for t in times]
    found = dynamics.flow(gram, y, times)
    assert found.loss == pytest.approx(np.array(expected), rel=1e-12)
    assert found.mode_loss.sum(axis=1) == pytest.approx(found.loss, rel=1e-14)
    small = 1e-7
    assert dynamics.predict(gram, y, times / small, small).loss == pytest.approx(found.loss, rel=1e-5)


def test_tiny_eigenvalues_decay_as_they_should():
    eigenvalues, steps = [1.0, 1e-12, 1e-17], [1, 10**12, 10**17]
    found = dynamics.predict(np.diag(eigenvalues), np.ones(3), steps, learning_rate=0.5)
    with mpmath.workdps(60):
        exact = [
            [float((1 - mpmath.mpf(0.5) * mpmath.mpf(value)) ** (2 * step) / 3) for value in eigenvalues]
            for step in steps
        ]
    assert found.mode_loss.ravel() == pytest.approx(np.ravel(exact), rel=1e-13, abs=1e-300)


def test_a_mode_at_the_exact_rate_is_learnt_in_one_step():
    found = dynamics.predict(2.0 * np.eye(3), np.ones(3), 3, learning_rate=0.5)
    assert found.loss.tolist() == [1.0, 0.0, 0.0, 0.0]


def test_a_mode_without_residual_stays_without_even_above_the_limit():
    found = dynamics.predict(np.diag([2.0, 1.0]), np.array([0.0, 1.0]), [0, 10**6], learning_rate=1.5)
    assert found.loss.tolist() == [0.5, 0.0]


def test_divergence_is_shown_not_hidden():
    gram, y = kernel(5), targets(5)
    limit = dynamics.largest_stable_learning_rate(dynamics.modes(gram))
    below, above = (dynamics.predict(gram, y, [0, 10, 10**6], factor * limit) for factor in (0.99, 1.01))
    assert below.is_stable
    assert not above.is_stable
    assert (np.diff(below.loss) < 0).all()
    assert above.loss[-1] == math.inf


class TestLearningRates:
    def test_definitions(self):
        spectrum = dynamics.modes(np.diag([1.0, 4.0, 2.0]))
        assert dynamics.safe_learning_rate(spectrum) == 0.25
        assert dynamics.optimal_learning_rate(spectrum) == 0.4
        assert dynamics.largest_stable_learning_rate(spectrum) == 0.5

    @given(st.integers(0, 10**6), st.floats(0.05, 1.95))
    def test_no_other_rate_has_a_smaller_worst_factor(self, seed, relative):
        spectrum = dynamics.modes(kernel(5, seed))
        best = dynamics.optimal_learning_rate(spectrum)
        worst = np.abs(1 - best * spectrum.eigenvalues).max()
        condition = spectrum.eigenvalues[0] / spectrum.eigenvalues[-1]
        assert worst == pytest.approx((condition - 1) / (condition + 1), rel=1e-9)
        assert np.abs(1 - relative * best * spectrum.eigenvalues).max() >= worst - 1e-12

    @given(st.integers(0, 10**6), st.integers(1, 200))
    def test_theorem_13_rate_holds_for_the_default(self, seed, steps):
        gram, y = kernel(6, seed), targets(6, seed=seed + 1)
        spectrum = dynamics.modes(gram)
        found = dynamics.predict(spectrum, y, [0, steps])
        condition = spectrum.eigenvalues[0] / spectrum.eigenvalues[-1]
        assert found.loss[1] <= math.exp(-steps / (4 * condition)) * found.loss[0]

    def test_default_is_the_safe_one(self):
        gram = kernel(4)
        assert dynamics.predict(gram, np.ones(4), 1).learning_rate == 1 / np.linalg.eigvalsh(gram)[-1]


class TestStepsToReach:
    @given(st.integers(0, 10**6), st.floats(1e-6, 0.9))
    def test_is_the_first_step_below(self, seed, fraction):
        found = dynamics.predict(kernel(5, seed), targets(5, seed=seed + 1), 0)
        goal = fraction * found.loss[0]
        first = dynamics.steps_to_reach(found, goal)
        around = dynamics.predict(kernel(5, seed), targets(5, seed=seed + 1), [max(first - 1, 0), first])
        assert around.loss[1] <= goal * (1 + 1e-9)
        assert first == 0 or around.loss[0] > goal * (1 - 1e-9)

    @given(st.integers(0, 10**6), st.floats(1e-4, 1.0))
    def test_per_mode(self, seed, tolerance):
        found = dynamics.predict(kernel(5, seed), targets(5, 2, seed=seed + 1), 0)
        steps = dynamics.steps_per_mode(found, tolerance)
        size, factor = np.linalg.norm(found.coefficients, axis=1), np.exp(found.log_factors)
        assert (size * factor**steps <= tolerance * (1 + 1e-9)).all()
        before = np.maximum(steps - 1, 0)
        assert ((size * factor**before > tolerance * (1 - 1e-9)) | (steps == 0)).all()

    def test_never_for_a_mode_that_stands(self):
        found = dynamics.predict(np.diag([1.0, 0.0]), np.ones(2), 0)
        assert dynamics.steps_per_mode(found, 0.1).tolist() == [1.0, math.inf]
        assert dynamics.steps_to_reach(found, 0.4) == math.inf
        assert dynamics.steps_to_reach(found, 0.5) == 1
        assert dynamics.steps_to_reach(found, 1.0) == 0

    def test_counts_far_beyond_any_run(self):
        found = dynamics.predict(np.diag([1.0, 1e-15]), np.ones(2), 0)
        assert dynamics.steps_to_reach(found, 1e-3) == pytest.approx(math.log(500) / 2e-15, rel=1e-9)

    def test_refuses_an_unstable_rate(self):
        found = dynamics.predict(np.eye(2), np.ones(2), 0, learning_rate=2.5)
        with pytest.raises(ValueError, match=r"at most 2/λ_max = 2 .*; got 2.5"):
            dynamics.steps_to_reach(found, 0.1)


class TestModes:
    def test_are_descending_and_never_negative(self):
        low_rank = features(30, 4) @ features(30, 4).T
        found = dynamics.modes(low_rank)
        assert (np.diff(found.eigenvalues) <= 0).all()
        assert found.eigenvalues.min() == 0
        assert found.eigenvectors * found.eigenvalues @ found.eigenvectors.T == pytest.approx(low_rank, abs=1e-14)

    def test_are_reused(self):
        gram, y = kernel(5), targets(5)
        again = dynamics.predict(dynamics.modes(gram), y, 9)
        assert np.array_equal(again.loss, dynamics.predict(gram, y, 9).loss)

    @pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 5e-6)])
    def test_torch_in_torch_out(self, dtype, tolerance):
        gram, y = kernel(5), targets(5)
        found = dynamics.predict(torch.from_numpy(gram).to(dtype), torch.from_numpy(y), 20, learning_rate=0.3)
        flowing = dynamics.flow(torch.from_numpy(gram).to(dtype), torch.from_numpy(y), [0.0, 1.0])
        assert found.loss.dtype == found.eigenvalues.dtype == flowing.loss.dtype == dtype
        assert found.loss.numpy() == pytest.approx(dynamics.predict(gram, y, 20, 0.3).loss, rel=tolerance)
        assert flowing.loss.numpy() == pytest.approx(dynamics.flow(gram, y, [0.0, 1.0]).loss, rel=tolerance)
        assert dynamics.steps_to_reach(found, 0.1) == dynamics.steps_to_reach(dynamics.predict(gram, y, 0, 0.3), 0.1)
        assert dynamics.steps_per_mode(found, 0.1).tolist() == pytest.approx(
            dynamics.steps_per_mode(dynamics.predict(gram, y, 0, 0.3), 0.1)
        )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dynamics.modes(np.ones((2, 3))), r"square.*got shape \(2, 3\)"),
        (lambda: dynamics.modes([[1.0, 0.5], [0.4, 1.0]]), "symmetric; entries differ from their mirror by up to 0.1"),
        (lambda: dynamics.modes([[1.0, np.nan], [np.nan, 1.0]]), "finite"),
        (lambda: dynamics.modes(np.diag([1.0, -0.1])), "positive semi-definite; its eigenvalues run from -0.1 to 1"),
        (lambda: dynamics.predict(np.zeros((2, 2)), np.ones(2), 1), "positive eigenvalue"),
        (lambda: dynamics.predict(np.eye(2), np.ones(3), 1), r"y must have shape \(2,\) or \(2, k\).*got \(3,\)"),
        (lambda: dynamics.predict(np.eye(2), [1.0, np.inf], 1), "y must be finite"),
        (lambda: dynamics.predict(np.eye(2), np.ones(2), 1, initial=np.ones((2, 1))), "initial must be shaped like y"),
        (lambda: dynamics.predict(np.eye(2), np.ones(2), 1, initial=np.ones(3)), "initial must have shape"),
        (lambda: dynamics.predict(np.eye(2), np.ones(2), 1, learning_rate=0), "learning_rate must be positive"),
        (lambda: dynamics.predict(np.eye(2), np.ones(2), -3), "steps must be"),
        (lambda: dynamics.predict(np.eye(2), np.ones(2), [1, -1]), "steps must be finite numbers ≥ 0, at least one"),
        (lambda: dynamics.flow(np.eye(2), np.ones(2), [np.inf]), "times must be"),
        (
            lambda: dynamics.steps_per_mode(dynamics.predict(np.eye(2), np.ones(2), 1), 0.0),
            "tolerance must be positive",
        ),
        (lambda: dynamics.steps_to_reach(dynamics.predict(np.eye(2), np.ones(2), 1), -1), "loss must be positive"),
    ],
)
def test_refusals_say_what_must_hold(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_rounding_of_a_deep_linear_network_stands_still_and_is_no_mistake():
    # 1000 layers leave 1e-13 of λ_max below zero
    kernel = nk.mlp(1000, "identity").ntk(nk.data.sphere(48, 1e-3, seed=0).x)
    found = dynamics.modes(kernel)
    assert found.eigenvalues[-1] >= 0
    assert dynamics.predict(found, np.ones(48), steps=3).loss[-1] <= 1
