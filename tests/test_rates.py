"""The statements of section 4: rates against plain descent, depths against the corollaries, widths against samples."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

import ntkit as nk
from ntkit import conditioning as c
from ntkit import dynamics, networks
from ntkit.theorems import optimisation

KAPPAS = st.floats(1.0, 1e6)
DELTAS = st.floats(1e-12, 0.99)
MUS = st.floats(1e-3, 1.0)
COUNTS = st.integers(1, 10_000)
DEVICES = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)


def well_conditioned(n=6, seed=0, depth=6, activation="relu"):
    """A kernel of unit diagonal, and targets."""
    points = nk.data.sphere(n, 0.3, dim=n, seed=seed)
    gram = nk.mlp(depth, nk.activation(activation).normalized()).nngp(points.x)
    return gram / gram[0, 0], np.random.default_rng(seed).standard_normal(n)


def descend(gram, residual, learning_rate, steps):
    """Losses of plain gradient descent, relative to the first."""
    losses = [residual @ residual]
    for _ in range(steps):
        residual = residual - learning_rate * (gram @ residual)
        losses.append(residual @ residual)
    return np.array(losses) / losses[0]


class TestGradientDescent:
    @given(KAPPAS, st.integers(1, 200))
    def test_theorem_50_holds_at_both_ends_of_its_learning_rates_and_not_beyond(self, kappa, steps):
        least, largest = c.theorem_50_learning_rates(kappa)
        for rate, beyond in ((least, 0.9 * least), (largest, 1.01 * largest)):
            factors = np.abs(1 - rate * np.array([1 / kappa, 1.0]))
            assert factors.max() ** (2 * steps) <= c.theorem_50(steps, kappa) * (1 + 1e-9)
            assert np.abs(1 - beyond * np.array([1 / kappa, 1.0])).max() > factors.max()

    @pytest.mark.parametrize("seed", range(4))
    def test_are_attained_by_the_slowest_mode_and_by_no_other_target(self, seed):
        gram, y = well_conditioned(seed=seed, depth=2 + seed)
        values, vectors = np.linalg.eigh(gram)
        kappa, steps = values[-1] / values[0], np.arange(31)
        for rate, bound in (
            (1 / values[-1], c.theorem_50_sharp),
            (2 / (values[0] + values[-1]), c.theorem_50_optimal),
        ):
            assert descend(gram, vectors[:, 0], rate, 30) == pytest.approx(bound(steps, kappa), rel=1e-9)
            assert (descend(gram, y, rate, 30) <= bound(steps, kappa) * (1 + 1e-12)).all()

    def test_best_learning_rate_is_found_by_a_search_as_well(self):
        kappa = 7.0
        found = optimize.minimize_scalar(lambda rate: max(abs(1 - rate), abs(1 - rate / kappa)), bounds=(0.1, 2))
        assert found.fun**2 == pytest.approx(float(c.theorem_50_optimal(1, kappa)), rel=1e-5)

    @given(st.floats(1e-12, 0.99), KAPPAS)
    def test_steps_are_the_first_at_which_the_bound_is_epsilon(self, epsilon, kappa):
        for steps_of, bound in (
            (c.theorem_50_steps, c.theorem_50),
            (c.theorem_50_sharp_steps, c.theorem_50_sharp),
            (c.theorem_50_optimal_steps, c.theorem_50_optimal),
        ):
            steps = steps_of(epsilon, kappa)
            assert steps >= 1
            assert bound(steps, kappa) <= epsilon * (1 + 1e-8)
            assert steps == 1 or bound(steps - 1, kappa) > epsilon * (1 - 1e-8)

    def test_sharp_is_never_above_the_statement(self):
        kappa, steps = np.geomspace(1, 1e8, 50)[:, None], np.arange(0, 1000, 7)
        assert (c.theorem_50_optimal(steps, kappa) <= c.theorem_50_sharp(steps, kappa)).all()
        assert (c.theorem_50_sharp(steps, kappa) <= c.theorem_50(steps, kappa)).all()

    def test_paper_needs_n_over_2_of_our_learning_rate(self):
        # Given the loss of the paper, the mean of the squares, descended by torch's own optimiser
        features = torch.as_tensor(np.random.default_rng(0).standard_normal((5, 8)) / np.sqrt(8))
        y = torch.linspace(-1, 1, 5, dtype=torch.float64)
        gram = (features @ features.T).numpy()
        weight = torch.zeros(8, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.SGD([weight], lr=5 / (2 * nk.spectrum(gram).max))
        for _ in range(10):
            optimizer.zero_grad()
            ((features @ weight - y) ** 2).mean().backward()
            optimizer.step()
        # Then n/(2 λ_max) there is 1/λ_max here
        ours = dynamics.predict(gram, y.numpy(), 10).loss[-1]
        assert ((features @ weight - y) ** 2).mean().item() == pytest.approx(ours, rel=1e-10)


class TestSingleRows:
    @pytest.mark.parametrize("average", [True, False])
    def test_expectation_is_that_over_all_orders_of_rows(self, average):
        # Given three points, two epochs of two rows: 81 orders, all alike
        gram, y = well_conditioned(3)
        rate, losses = 0.7, np.zeros((2, 2))
        orders = np.array(np.meshgrid(*[range(3)] * 4)).reshape(4, -1).T
        for order in orders:
            residual = -y
            for epoch in range(2):
                seen = []
                for row in order[2 * epoch : 2 * epoch + 2]:
                    seen.append(residual)
                    residual = residual - rate * gram[:, row] * residual[row]
                mean = np.mean(seen, axis=0)
                losses[:, epoch] += np.array([(mean if average else residual) ** 2, residual**2]).mean(axis=1)
                residual = mean if average else residual
        # Then their mean is what the recursion of second moments gives
        found = networks.expected_on_rows(gram, y, 2, 2, rate, average=average)
        kept = found.loss[1:] if average else found.last[1:]
        assert kept == pytest.approx(losses[0] / len(orders), rel=1e-12)
        assert found.last[1:] == pytest.approx(losses[1] / len(orders), rel=1e-12)

    @pytest.mark.parametrize("device", DEVICES)
    def test_runs_scatter_around_the_expectation(self, device):
        points = nk.data.sphere(5, 0.3, dim=5, seed=2)
        module = nk.mlp(3, nk.activation("tanh").normalized()).module(5, 64, seed=0, dtype=torch.float64, device=device)
        start = module.read_out.weight.detach().clone()
        kernel = networks.empirical_nngp(module, points.x)
        initial = module(torch.as_tensor(points.x, device=device)).detach().cpu().numpy()[:, 0]
        expected = networks.expected_on_rows(kernel, points.y, 2, 20, initial=initial)
        runs = []
        for seed in range(150):
            module.read_out.weight.data.copy_(start)
            runs.append(networks.train_on_rows(module, points.x, points.y, 2, 20, seed=seed))
        for name in ("loss", "last"):
            losses = np.array([getattr(run, name) for run in runs])
            assert losses[:, 0] == pytest.approx(getattr(expected, name)[0], rel=1e-10)
            error = losses[:, 1:].std(axis=0, ddof=1) / np.sqrt(len(runs))
            assert (np.abs(losses[:, 1:].mean(axis=0) - getattr(expected, name)[1:]) < 5 * error).all()
        assert runs[0].steps.tolist() == expected.steps.tolist() == [0, 20, 40]

    def test_take_the_steps_of_torchs_optimiser(self):
        points = nk.data.sphere(5, 0.3, dim=5, seed=2)
        ours, theirs = (nk.mlp(2, "relu").module(5, 16, seed=0, dtype=torch.float64) for _ in range(2))
        run = networks.train_on_rows(ours, points.x, points.y, 1, 30, 0.4, seed=3, average=False)
        optimizer = torch.optim.SGD([theirs.read_out.weight], lr=0.2)  # of the square, without the half
        x, y = torch.as_tensor(points.x), torch.as_tensor(points.y)
        for row in np.random.default_rng(3).integers(5, size=30):
            optimizer.zero_grad()
            ((theirs(x[row : row + 1])[0, 0] - y[row]) ** 2).backward()
            optimizer.step()
        assert torch.allclose(ours.read_out.weight, theirs.read_out.weight, rtol=1e-10)
        assert run.final == pytest.approx(theirs(x).detach().numpy()[:, 0], rel=1e-10)

    @pytest.mark.parametrize("activation", ["relu", "tanh", "exp"])
    @pytest.mark.parametrize("depth", [2, 8])
    def test_theorem_51_in_expectation(self, activation, depth):
        gram, y = well_conditioned(5, depth=depth, activation=activation)
        found = nk.spectrum(gram)
        for epoch in (c.theorem_51_epoch, c.theorem_51_epoch_sharp):
            run = networks.expected_on_rows(gram, y, 3, epoch(5, 1.0, found.min))
            assert (run.loss[1:] <= run.loss[0] * 0.5 ** np.arange(1, 4)).all()
        steps = np.arange(0, 200, 20)
        last = networks.expected_on_rows(gram, y, 9, 20, average=False).last
        assert (last <= last[0] * c.theorem_51_last(steps, 5, 1.0, found.min, found.condition_number)).all()
        floor = c.theorem_45_floor(steps, 5, 1.0, found.max, found.condition_number)
        for rate in (0.3, 1.0, 1.5):
            slow = networks.expected_on_rows(gram, y, 9, 20, rate, average=False).last
            assert (slow >= slow[0] * floor).all()

    def test_stated_steps_hold_for_the_natural_logarithm_as_well(self):
        epsilon = np.geomspace(1e-12, 0.4, 40)
        n, least = 50, 0.3
        natural = c.theorem_51_epoch(n, 1.0, least) * np.log(1 / epsilon)
        halvings = np.log2(1 / epsilon)
        assert (c.theorem_51_epoch_sharp(n, 1.0, least) * np.maximum(halvings, 1) <= natural).all()

    @given(st.floats(1e-9, 0.9), st.integers(1, 500), st.floats(0.01, 1.0))
    def test_steps_bring_theorem_51_down_to_epsilon(self, epsilon, n, least):
        steps = c.theorem_51_steps(epsilon, n, 1.0, least)
        assert c.theorem_51(steps, n, 1.0, least) <= epsilon * (1 + 1e-12)
        assert c.theorem_51(steps - 1, n, 1.0, least) > epsilon * (1 - 1e-12)
        assert c.theorem_51_steps_sharp(epsilon, n, 1.0, least) <= steps

    def test_callback_cancel_and_divergence(self):
        points, seen = nk.data.sphere(5, 0.3, dim=5), []
        module = nk.mlp(2, "relu").module(5, 16, seed=0, dtype=torch.float64)

        def read(*reading):
            seen.append(reading)

        run = networks.train_on_rows(module, points.x, points.y, 9, 4, callback=read, cancel=lambda: len(seen) == 3)
        assert run.cancelled
        assert run.steps.tolist() == [0, 4, 8]
        assert [loss for _, loss, _ in seen] == run.loss.tolist()
        assert math.isnan(seen[0][2])
        assert seen[1][2] > 0
        again = networks.train_on_rows(module, points.x, points.y, 400, 20, 60.0)
        assert again.diverged
        assert len(again.loss) < 400

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"epochs": -1}, "epochs must be a whole number ≥ 0; got -1"),
            ({"epoch": 0}, "epoch must be a whole number of steps, at least 1; got 0"),
            ({"learning_rate": 0.0}, "learning_rate must be positive and finite; got 0.0"),
            ({"y": np.ones(3)}, r"y must have shape \(5, 1\)"),
        ],
    )
    def test_refusals(self, arguments, message):
        points = nk.data.sphere(5, 0.3, dim=5)
        module = nk.mlp(2, "relu").module(5, 16, seed=0)
        with pytest.raises(ValueError, match=message):
            networks.train_on_rows(module, **{"x": points.x, "y": points.y, "epochs": 1, "epoch": 4, **arguments})
        with pytest.raises(ValueError, match="kernel must be"):
            networks.expected_on_rows(np.eye(3), np.ones(2), 1)


class TestDepth:
    @given(st.floats(1.001, 100), DELTAS, MUS, COUNTS)
    def test_is_the_first_from_which_the_corollary_gives_kappa(self, kappa, delta, mu, n):
        for depth_of, corollary, start in (
            (c.corollary_4_depth, c.corollary_4, c.L1),
            (c.corollary_4_sharp_depth, c.corollary_4_sharp, c.L1),
            (c.corollary_6_depth, c.corollary_6, c.L2),
            (c.corollary_8_depth, c.corollary_8, None),
            (c.corollary_8_sharp_depth, c.corollary_8_sharp, None),
        ):
            depth = depth_of(kappa, delta, mu, n)
            least = 0 if start is None else start(delta, mu, n)
            assert depth >= least
            assert corollary(depth, delta, mu, n) <= kappa * (1 + 1e-8)
            if depth > max(least, 0) and not (start is None and depth - 1 <= c.L0(delta, mu) < depth):
                assert corollary(depth - 1, delta, mu, n) > kappa * (1 - 1e-8)

    @given(DELTAS, MUS, COUNTS)
    def test_theorem_44_depth_is_enough_for_3_and_of_the_stated_order(self, delta, mu, n):
        depth = c.theorem_44_depth(delta, mu, n)
        assert c.L1(delta, mu, n) <= depth
        assert c.corollary_4_sharp(depth, delta, mu, n) <= 3
        assert depth <= 2.5 * math.log(n / min(2 * delta, 1)) / mu + 2

    def test_broadcasts(self):
        deltas = np.array([1e-3, 0.1, 0.7])
        depths = c.corollary_8_sharp_depth(3.0, deltas, 0.3, 20)
        assert depths.dtype == np.int64
        assert depths.tolist() == [c.corollary_8_sharp_depth(3.0, delta, 0.3, 20) for delta in deltas]
        tensors = c.theorem_50_sharp_steps(1e-3, torch.tensor([1.0, 3.0, 50.0], dtype=torch.float64))
        assert tensors.tolist() == c.theorem_50_sharp_steps(1e-3, np.array([1.0, 3.0, 50.0])).tolist()


class TestStepsByDepth:
    @pytest.mark.parametrize("activation", ["relu", "exp", "plain"])
    def test_agrees_with_one_network_at_a_time(self, activation):
        points = nk.data.sphere(7, 1e-2, dim=9, seed=1)
        sigma = nk.activation("relu") if activation == "plain" else nk.activation(activation).normalized()
        found = networks.steps_by_depth(sigma, points.x, points.y, 25, 1e-2)
        for depth in (1, 2, 9, 25):
            net = nk.mlp(depth, sigma)
            for name in ("nngp", "ntk"):
                gram, steps = getattr(net, name)(points.x), getattr(found, name)
                prediction = dynamics.predict(gram, points.y, 0)
                assert steps.steps[depth - 1] == max(dynamics.steps_to_reach(prediction, 1e-2 * prediction.loss[0]), 1)
                kappa = nk.spectrum(gram).condition_number
                assert steps.condition_number[depth - 1] == pytest.approx(kappa, rel=1e-8)

    def test_worst_is_enough_for_every_target_and_the_ceiling_for_that(self):
        points = nk.data.sphere(10, 1e-3, dim=10, seed=0)
        sigma = nk.activation("relu").normalized()
        for seed in range(5):
            y = np.random.default_rng(seed).standard_normal(10)
            found = networks.steps_by_depth(sigma, points.x, y, 90)
            for kernel in (found.nngp, found.ntk):
                assert (kernel.steps <= kernel.worst).all()
                assert (kernel.worst <= kernel.ceiling).all()  # Assumption B holds, so it speaks at every depth
                said = np.isfinite(kernel.stated)
                assert (kernel.ceiling[said] <= kernel.stated[said]).all()
            assert found.ntk.reached <= found.nngp.reached <= found.L1

    def test_headline(self):
        # Given data of different n and δ, normalised ReLU, and ε
        epsilon, limit = 1e-4, np.ceil(np.log(1e4) / (2 * np.log(1.5)))
        sigma = nk.activation("relu").normalized()
        for n in (6, 18):
            for delta in (1e-1, 1e-5):
                points = nk.data.sphere(n, delta, dim=n, seed=0)
                found = networks.steps_by_depth(sigma, points.x, points.y, 120, epsilon)
                # Then from L₁ on, and earlier, the steps know nothing of n and δ; before, they do
                assert found.nngp.worst[0] > 1 / (4 * delta)
                assert (found.nngp.worst[found.nngp.reached - 1 :] <= limit).all()
                assert found.nngp.reached <= found.L1 <= 120
        # And without centring they never stop knowing them
        plain = networks.steps_by_depth(nk.activation("relu"), points.x, points.y, 120, epsilon)
        assert plain.nngp.reached is None
        assert (np.diff(plain.nngp.condition_number) > 0).all()
        assert plain.L1 is None
        assert np.isnan(plain.nngp.ceiling).all()

    def test_uncentred_relu_ntk_tends_to_one_plus_a_third_of_n(self):
        sigma = nk.activation("relu").with_unit_second_moment()
        for n in (4, 12):
            points = nk.data.sphere(n, 0.2, dim=n, seed=0)
            eigenvalues, _ = networks.spectra_by_depth(sigma, points.x, points.y, 600).ntk
            assert eigenvalues[-1, 0] / eigenvalues[-1, -1] == pytest.approx(1 + n / 3, rel=0.05)

    def test_singular_kernels_never_train(self):
        points = nk.data.sphere(6, 0.1, dim=3, seed=0)
        found = networks.steps_by_depth(nk.activation("identity"), points.x, points.y, 3)
        assert np.isinf(found.nngp.worst).all()
        assert np.isinf(found.nngp.steps).all()

    def test_refusals(self):
        points = nk.data.sphere(6, 0.1, seed=0)
        sigma = nk.activation("relu")
        with pytest.raises(ValueError, match=r"epsilon must lie in \(0, 1\); got 2"):
            networks.steps_by_depth(sigma, points.x, points.y, 3, 2)
        with pytest.raises(ValueError, match="y must hold 6 finite targets"):
            networks.steps_by_depth(sigma, points.x, np.zeros(6), 3)
        assert networks.steps_by_depth(nk.activation("step"), points.x, points.y, 3).ntk is None


class TestFiniteNetworks:
    @pytest.mark.parametrize("activation", ["relu", "tanh"])
    def test_count_what_their_own_kernel_predicts(self, activation):
        points = nk.data.sphere(6, 0.05, dim=6, seed=0)
        sigma = nk.activation(activation).normalized()
        found = networks.finite_steps(sigma, points.x, points.y, (1, 4, 12), 96, 1e-2, seed=1)
        assert np.isfinite(found.steps).all()
        assert np.abs(found.steps - found.predicted).max() <= 1  # a loss at ε to rounding may fall on either side
        capped = networks.finite_steps(sigma, points.x, points.y, (1,), 96, 1e-2, seed=1, most=3)
        assert np.isnan(capped.steps).all()

    def test_approach_the_infinite_ones(self):
        points = nk.data.sphere(5, 0.2, dim=5, seed=0)
        sigma = nk.activation("erf").normalized()
        limit = networks.steps_by_depth(sigma, points.x, points.y, 4).nngp.condition_number[3]
        kappas = [
            [
                networks.finite_steps(sigma, points.x, points.y, (4,), width, seed=s).condition_number[0]
                for s in range(6)
            ]
            for width in (32, 512)
        ]
        narrow, wide = (np.sqrt(np.mean((np.log(kappa) - np.log(limit)) ** 2)) for kappa in kappas)
        assert wide < narrow / 2

    def test_all_layers_are_predicted_by_the_kernel_at_their_start(self):
        points = nk.data.sphere(5, 0.3, dim=5, seed=0)
        sigma = nk.activation("tanh").normalized()
        found = networks.finite_steps(sigma, points.x, points.y, (2,), 512, 1e-2, layers="all")
        assert found.steps[0] == pytest.approx(found.predicted[0], rel=0.5)

    @pytest.mark.parametrize("layers", ["top", "all"])
    def test_modes_decay_by_their_factors(self, layers):
        # All layers of a network without hidden ones are its read-out: exact as well
        depth = 3 if layers == "top" else 0
        points = nk.data.sphere(5, 0.3, dim=5, seed=0)
        module = nk.mlp(depth, "relu").module(5, 64, seed=0, dtype=torch.float64)
        decay = networks.mode_decay(module, points.x, points.y, (0, 1, 4, 9), 0.3, layers=layers)
        residual = descend_residuals(networks, module, points, decay)
        assert decay.measured == pytest.approx(decay.predicted, rel=1e-8, abs=1e-12)
        assert decay.measured[-1] == pytest.approx(residual, rel=1e-6, abs=1e-12)
        with pytest.raises(ValueError, match="steps must increase from 0"):
            networks.mode_decay(module, points.x, points.y, (1, 2))


def descend_residuals(networks, module, points, decay):
    """|vᵢ·(f − y)| of the module as it is now, eigenvectors found anew."""
    kernel = (
        networks.empirical_nngp(module, points.x) if decay.layers == "top" else networks.empirical_ntk(module, points.x)
    )
    values, vectors = np.linalg.eigh(kernel)
    outputs = module(torch.as_tensor(points.x)).detach().numpy()[:, 0]
    assert values[::-1] == pytest.approx(decay.eigenvalues, rel=1e-9)
    return np.abs(vectors.T @ (outputs - points.y))[::-1]


class TestWidth:
    def test_errors_are_those_of_the_empirical_kernels(self):
        x, sigma = nk.data.sphere(5, 0.3, dim=5).x, nk.activation("tanh").normalized()
        found = networks.kernel_errors(sigma, x, 3, 40, seeds=(4, 7))
        for row, seed in enumerate((4, 7)):
            net = nk.mlp(3, sigma)
            kernel = networks.empirical_nngp(net.module(5, 40, seed=seed, dtype=torch.float64), networks.in_span(x))
            assert found.errors[row, 2] == pytest.approx(np.abs(kernel - net.nngp(x)).max(), rel=1e-9)
        assert found.needed_width(0.1) == pytest.approx(40 * 100 * (found.errors**2).mean(axis=0), rel=1e-12)
        with pytest.raises(ValueError, match="rows of x must have length 1"):
            networks.kernel_errors(sigma, 2 * x, 3, 40)

    @pytest.mark.parametrize(("name", "curvature"), [("tanh", 4 / (3 * math.sqrt(3))), ("sin", 1.0)])
    def test_boundedness_of_what_is_known(self, name, curvature):
        sigma = nk.activation(name)
        expected = max(1.0, curvature) / math.sqrt(sigma.second_moment)
        assert c.boundedness(sigma) == pytest.approx(expected, rel=1e-5)
        assert c.boundedness(sigma.with_unit_second_moment()) == pytest.approx(expected, rel=1e-5)

    @pytest.mark.parametrize("name", ["relu", "exp", "softplus", "quadratic", "softsign", "step", "gelu"])
    def test_unbounded_or_rough_activations_have_no_c(self, name):
        assert c.boundedness(nk.activation(name)) == math.inf
        assert c.lemma_43_width(3, 10, 0.1, math.inf) == math.inf

    def test_weyl(self):
        gram, _ = well_conditioned(6)
        found, gamma = nk.spectrum(gram), 0.02
        noise = np.random.default_rng(0).uniform(-gamma, gamma, (6, 6))
        moved = nk.spectrum(gram + np.triu(noise) + np.triu(noise, 1).T)
        assert moved.condition_number <= c.theorem_44_condition_number(found.max, found.min, 6, gamma)
        assert c.theorem_44_condition_number(found.max, found.min, 6, 1.0) == math.inf


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: c.theorem_50(1, 0.5), "condition_number must be 1 or more and finite; got 0.5"),
        (lambda: c.theorem_50(-1, 2), "steps must be 0 or more"),
        (lambda: c.theorem_50_steps(1.5, 2), r"epsilon must lie in \(0, 1\); got 1.5"),
        (lambda: c.theorem_51_epoch(5, 1.0, 0.0), "an eigenvalue must be positive and finite here; got 0"),
        (lambda: c.theorem_51_epoch(5, -1.0, 1.0), "beta must be positive"),
        (lambda: c.corollary_4_depth(1.0, 0.1, 0.5, 5), "condition_number must be above 1"),
        (lambda: c.lemma_43_width(2, 5, 0.0, 1.0), "gamma must be positive"),
        (lambda: c.lemma_43_width(2, 5, 0.1, 0.0), "boundedness must be positive"),
    ],
)
def test_refusals_say_what_must_hold(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_false_rate_is_seen():
    # Twice the exponent of the sharp rate is one that no network keeps
    from ntkit.theorems import Grid, ledger

    honest = next(entry for entry in optimisation.ENTRIES if entry.key == "theorem_50_sharp")
    claim = optimisation._descent(lambda steps, kappa: c.theorem_50_sharp(2 * steps, kappa), lambda found: (1.0,))
    grid = Grid(matrix_activations=(nk.activation("relu"),), points=(nk.data.sphere(5, 0.3),))
    false = ledger.Entry("planted", "Planted", "here", "nothing", honest.assumptions, honest.subjects, claim)
    assert ledger.check_entry(false, grid).word == "VIOLATED"
