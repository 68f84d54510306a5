"""Training of finite networks against its prediction, against torch's own optimiser, and its ways to end."""

import math

import numpy as np
import pytest
import torch

import ntkit as nk
from ntkit import dynamics, networks

POINTS = nk.data.sphere(9, 0.3, seed=1)
DEVICES = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)


def module(activation="tanh", width=40, depth=2, seed=0, output_dim=1, dtype=torch.float64, **scales):
    net = nk.mlp(depth, activation, **scales)
    return net.module(POINTS.dim, width, seed=seed, output_dim=output_dim, dtype=dtype)


def targets(outputs=None):
    return np.random.default_rng(5).standard_normal((9,) if outputs is None else (9, outputs))


class TestTopLayer:
    @pytest.mark.parametrize("device", DEVICES)
    @pytest.mark.parametrize("outputs", [None, 3])
    @pytest.mark.parametrize("activation", ["relu", "tanh"])
    def test_follows_the_empirical_nngp_exactly(self, activation, outputs, device):
        network, y = module(activation, output_dim=outputs or 1, bias_std=0.3).to(device), targets(outputs)
        kernel = networks.empirical_nngp(network, POINTS.x)
        run = networks.train(network, POINTS.x, y, 300, layers="top")
        predicted = dynamics.predict(kernel, y, run.steps, run.learning_rate, run.initial)
        assert run.loss == pytest.approx(predicted.loss, rel=1e-8)
        assert run.loss[-1] == pytest.approx(((run.final - y) ** 2).sum() / 9, rel=1e-12)

    def test_leaves_the_other_layers_alone(self):
        trained, untouched = module(), module()
        networks.train(trained, POINTS.x, POINTS.y, 5, layers="top")
        assert all(
            torch.equal(a, b) for a, b in zip(trained.hidden.parameters(), untouched.hidden.parameters(), strict=True)
        )
        assert not torch.equal(trained.read_out.weight, untouched.read_out.weight)

    def test_needs_features_and_read_out(self):
        with pytest.raises(TypeError, match=r"layers='top' needs module.features.*Linear lacks them"):
            networks.train(torch.nn.Linear(POINTS.dim, 1), POINTS.x, POINTS.y, 5, 0.1, layers="top")


class TestAllLayers:
    @pytest.mark.parametrize("outputs", [None, 2])
    def test_of_a_linear_network_follow_the_kernel_exactly(self, outputs):
        network, y = module(depth=0, output_dim=outputs or 1), targets(outputs)
        kernel = networks.empirical_ntk(network, POINTS.x)
        run = networks.train(network, POINTS.x, y, 200)
        predicted = dynamics.predict(kernel, y, run.steps, run.learning_rate, run.initial)
        assert run.loss == pytest.approx(predicted.loss, rel=1e-8)

    @pytest.mark.parametrize(("activation", "slowest"), [("tanh", -0.75), ("relu", -0.3)])
    def test_approach_the_prediction_with_width(self, activation, slowest):
        net = nk.mlp(2, nk.activation(activation).normalized())
        limit = dynamics.modes(net.ntk(POINTS.x))
        learning_rate = dynamics.safe_learning_rate(limit) / 2
        widths, seeds = (32, 96, 288), 10
        errors = np.zeros((2, len(widths), seeds))
        for w, width in enumerate(widths):
            for seed in range(seeds):
                network = net.module(POINTS.dim, width, seed=seed, dtype=torch.float64)
                start = networks.empirical_ntk(network, POINTS.x)
                run = networks.train(network, POINTS.x, POINTS.y, 30, learning_rate)
                for k, kernel in enumerate((limit, start)):
                    predicted = dynamics.predict(kernel, POINTS.y, 30, learning_rate, run.initial)
                    errors[k, w, seed] = np.abs(predicted.loss - run.loss).max() / run.loss[0]
        typical = np.sqrt((errors**2).mean(axis=2))
        from_limit, from_start = (np.polyfit(np.log(widths), np.log(error), 1)[0] for error in typical)
        # Halves as the width quadruples; from the kernel at the start it falls faster, that kernel having no error.
        assert from_limit == pytest.approx(-0.5, abs=0.2)
        assert from_start < slowest
        assert (typical[1] < typical[0]).all()

    def test_take_the_steps_of_torchs_optimiser(self):
        ours, theirs = module("relu"), module("relu")
        x, y = torch.from_numpy(POINTS.x), torch.from_numpy(POINTS.y)
        run = networks.train(ours, x, y, 25, 0.05)
        optimizer = torch.optim.SGD(theirs.parameters(), lr=dynamics.optimizer_learning_rate(0.05, 9))
        for step in range(25):
            loss = ((theirs(x)[:, 0] - y) ** 2).mean()
            assert run.loss[step] == pytest.approx(loss.item(), rel=1e-12)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            assert torch.allclose(a, b, rtol=1e-11, atol=1e-13)

    def test_frozen_ones_stay(self):
        network = module()
        network.read_out.weight.requires_grad_(False)
        before = network.read_out.weight.clone()
        run = networks.train(network, POINTS.x, POINTS.y, 20)
        assert torch.equal(network.read_out.weight, before)
        assert run.loss[-1] < run.loss[0]


class TestLearningRate:
    @pytest.mark.parametrize("layers", ["all", "top"])
    def test_default_is_the_safe_one_of_the_kernel_at_the_start(self, layers):
        network = module(width=200)
        kernel = (networks.empirical_ntk if layers == "all" else networks.empirical_nngp)(network, POINTS.x)
        expected = dynamics.safe_learning_rate(dynamics.modes(kernel))
        run = networks.train(network, POINTS.x, POINTS.y, 0, layers=layers)
        assert run.learning_rate == pytest.approx(expected, rel=1e-12)

    def test_top_layer_diverges_exactly_above_the_limit(self):
        network = module()
        limit = dynamics.largest_stable_learning_rate(dynamics.modes(networks.empirical_nngp(network, POINTS.x)))
        below = networks.train(module(), POINTS.x, POINTS.y, 2000, 0.99 * limit, layers="top")
        above = networks.train(module(), POINTS.x, POINTS.y, 2000, 1.01 * limit, layers="top")
        assert not below.diverged
        assert below.loss[-1] < below.loss[0]
        assert above.diverged


class TestEndings:
    def test_finishes_with_a_reading_of_every_step(self):
        run = networks.train(module(), POINTS.x, POINTS.y, 12)
        assert run.steps.tolist() == list(range(13))
        assert (run.cancelled, run.diverged) == (False, False)
        assert run.outcome.startswith("Finished after 12 steps, loss ")
        assert run.seconds > 0

    def test_records_now_and_then_and_always_the_last(self):
        run = networks.train(module(), POINTS.x, POINTS.y, 25, record=10)
        every = networks.train(module(), POINTS.x, POINTS.y, 25)
        assert run.steps.tolist() == [0, 10, 20, 25]
        assert np.array_equal(run.loss, every.loss[[0, 10, 20, 25]])

    def test_diverges_and_says_so(self):
        run = networks.train(module(), POINTS.x, POINTS.y, 500, learning_rate=50.0)
        assert run.diverged
        assert run.steps[-1] < 500
        assert "the learning rate 50 is more than this network bears. Leave it out" in run.outcome

    def test_stops_at_a_loss_that_is_no_number(self):
        network = module(dtype=torch.float32)
        with torch.no_grad():
            network.read_out.weight[:] = math.inf
        run = networks.train(network, POINTS.x, POINTS.y, 10, 0.1)
        assert run.diverged
        assert run.steps.tolist() == [0]

    def test_can_be_cancelled(self):
        seen = []
        run = networks.train(
            module(),
            POINTS.x,
            POINTS.y,
            100,
            callback=lambda *reading: seen.append(reading),
            cancel=lambda: len(seen) == 3,
        )
        assert run.cancelled
        assert run.steps.tolist() == [0, 1, 2, 3]
        assert run.outcome.startswith("Cancelled after 3 steps")

    def test_cancel_after_the_last_step_is_too_late(self):
        run = networks.train(module(), POINTS.x, POINTS.y, 0, cancel=lambda: True)
        assert not run.cancelled

    def test_calls_back_with_step_loss_and_time_left(self):
        seen = []
        run = networks.train(module(), POINTS.x, POINTS.y, 20, record=5, callback=lambda *reading: seen.append(reading))
        assert [step for step, _, _ in seen] == run.steps.tolist()
        assert [loss for _, loss, _ in seen] == run.loss.tolist()
        assert math.isnan(seen[0][2])
        assert all(left > 0 for _, _, left in seen[1:-1])
        assert seen[-1][2] == 0


def test_is_a_function_of_its_arguments():
    first, again = (networks.train(module("relu"), POINTS.x, POINTS.y, 50) for _ in range(2))
    assert np.array_equal(first.loss, again.loss)


def test_float32_stays_close_to_float64():
    runs = [
        networks.train(module(dtype=dtype), POINTS.x, POINTS.y, 30, 0.05) for dtype in (torch.float32, torch.float64)
    ]
    assert runs[0].loss == pytest.approx(runs[1].loss, rel=1e-4)
    assert runs[0].final.dtype == np.float32


def test_outputs_come_as_the_inputs_came():
    run = networks.train(module(), torch.from_numpy(POINTS.x), POINTS.y, 2)
    assert isinstance(run.initial, torch.Tensor)
    assert run.initial.shape == run.final.shape == (9,)
    assert networks.train(module(), POINTS.x, POINTS.y[:, None], 2).final.shape == (9, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": -1}, "steps must be a whole number ≥ 0; got -1"),
        ({"steps": 2.5}, "got 2.5"),
        ({"learning_rate": 0.0}, "learning_rate must be positive and finite; got 0.0"),
        ({"layers": "first"}, "layers must be 'all' or 'top'; got 'first'"),
        ({"record": 0}, "record must be a whole number of steps, at least 1; got 0"),
        ({"y": np.ones(4)}, r"y must have shape \(9, 1\).*got \(4,\)"),
        ({"y": np.full(9, np.nan)}, "y must be finite"),
        ({"x": np.full((9, POINTS.dim), np.inf)}, r"x must be finite; rows 0, 1, 2 \(9 in all\) hold"),
    ],
)
def test_refusals_say_what_must_hold(arguments, message):
    with pytest.raises(ValueError, match=message):
        networks.train(module(), **{"x": POINTS.x, "y": POINTS.y, "steps": 3, **arguments})


def test_refuses_a_frozen_module():
    with pytest.raises(ValueError, match="every parameter of this module is frozen"):
        networks.train(module().requires_grad_(False), POINTS.x, POINTS.y, 3, 0.1)
