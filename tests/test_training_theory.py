"""What is asked of widths and steps, how loose it is, how far networks move, and which activation is fast."""

import math

import numpy as np
import pytest

import ntkit as nk
from ntkit import gram
from ntkit.gram.population import population_g

CIRCLE = nk.data.half_circle(10)


def network(points, name, width, seed=0):
    x = nk.data.span(points.x).coordinates(points.x)
    return x, gram.two_layer(nk.activation(name), x.shape[1], width, seed)


# ---- slopes


@pytest.mark.parametrize(
    ("name", "lipschitz", "smoothness"),
    [
        ("tanh", 1.0, 4 / (3 * math.sqrt(3))),
        ("softplus", 1.0, 0.25),
        ("sigmoid", 0.25, 1 / (6 * math.sqrt(3))),
        ("elu", 1.0, 1.0),
        ("sin", 1.0, 1.0),
        ("relu", 1.0, math.inf),
        ("selu", 1.0507009873554805 * 1.6732632423543772, math.inf),
        ("exp", math.inf, math.inf),
    ],
)
def test_slope_bounds_are_the_known_ones(name, lipschitz, smoothness):
    found = gram.slope_bounds(nk.activation(name))
    assert found.lipschitz == pytest.approx(lipschitz, rel=2e-5)
    assert found.smoothness == pytest.approx(smoothness, rel=2e-5)


# ---- what is asked


def test_widths_scale_as_they_are_stated():
    bounds = gram.SlopeBounds(1.0, 0.77)
    powers = {
        gram.quoted_theorem_3_1: (6, -4, lambda n, lam: (n, lam, 0.1)),
        gram.theorem_4_6: (5, -4, lambda n, lam: (n, lam, 0.1, 0.1)),
        gram.theorem_m_5: (4, -4, lambda n, lam: (n, lam, 0.1)),
    }
    for theorem, (in_n, in_smallest, arguments) in powers.items():
        at = theorem(*arguments(10, 1e-3)).width
        assert theorem(*arguments(20, 1e-3)).width / at == pytest.approx(2**in_n)
        assert theorem(*arguments(10, 2e-3)).width / at == pytest.approx(2**in_smallest)
        assert theorem(*arguments(10, 1e-3), constant=7.0).width / at == pytest.approx(7)
    for asked in (gram.theorem_m_10(10, 1e-3, 5, bounds), gram.lemma_m_2(10, 1e-3, bounds)):
        power, batch = {"Theorem M.10": (6, 5), "Lemma M.2": (4, 1)}[asked.theorem]
        scale = 10**power * 0.77**2 / (batch**2 * 1e-12)
        assert asked.width == pytest.approx(scale * math.log(asked.width), rel=1e-9)


def test_what_is_enough_is_many_orders_below_what_is_asked():
    for name, least in (("relu", 9), ("tanh", 9)):
        found = gram.enough(nk.data.half_circle(6), nk.activation(name), seeds=2, steps=100)
        assert found.width is not None
        assert found.width <= 1024
        for asked in gram.all_asked(6, found.smallest, nk.activation(name)):
            assert found.looseness(asked) > least
            assert math.isnan(asked.learning_rate) or found.slowness(asked) > 2


def test_points_on_one_line_have_no_width():
    with pytest.raises(ValueError, match="λ_min"):
        gram.enough(nk.data.full_circle(10), nk.activation("relu"), widths=(8,), seeds=1)


# ---- how far it moves


@pytest.mark.parametrize("name", ["tanh", "swish", "softplus", "elu"])
def test_entries_move_no_more_than_lemma_m_11_allows(name):
    points, sigma = nk.data.half_circle(20), nk.activation(name)
    x, net = network(points, name, 2000)
    bounds, generator = gram.slope_bounds(sigma), np.random.default_rng(0)
    before, mean_square = net.gram(x), float(net.heads.square().mean())
    for radius in (1e-3, 0.1, 1.0):
        step = generator.standard_normal(net.hidden.shape)
        step *= radius / np.linalg.norm(step, axis=1, keepdims=True)
        moved = gram.TwoLayer(net.hidden + net.rows(step), net.heads, sigma)
        change = moved.gram(x) - before
        assert np.abs(change).max() <= gram.lemma_m_11_entries(radius, bounds, mean_square)


def test_looseness_of_lemma_m_11_is_the_recorded_one():
    # Recorded elsewhere: R = 0.1, tanh, n = 20 on a half circle: ‖ΔG‖_F = 3.5e-3 against a bound of 3.03
    points = nk.data.half_circle(20)
    bounds = gram.slope_bounds(nk.activation("tanh"))
    stated = points.n * gram.lemma_m_11_entries(0.1, bounds)
    assert stated == pytest.approx(3.03, rel=0.03)
    found, generator = [], np.random.default_rng(0)
    x, net = network(points, "tanh", 200_000)
    step = generator.standard_normal(net.hidden.shape)
    step *= 0.1 / np.linalg.norm(step, axis=1, keepdims=True)
    moved = gram.TwoLayer(net.hidden + net.rows(step), net.heads, net.activation)
    found = np.linalg.norm(moved.gram(x) - net.gram(x))
    assert 1e2 < stated / found < 1e4


def test_weights_that_stay_within_the_radius_keep_half_of_the_smallest_eigenvalue():
    # Given few points, so that the radius of Lemma M.11 is not tiny, and weights moved by all of it
    points, sigma = nk.data.half_circle(3), nk.activation("tanh")
    x, net = network(points, "tanh", 500)
    smallest = net.modes(x).eigenvalues[-1]
    radius = gram.lemma_m_11_radius(3, smallest, gram.slope_bounds(sigma))
    for seed in range(20):
        step = np.random.default_rng(seed).standard_normal(net.hidden.shape)
        step *= radius / np.linalg.norm(step, axis=1, keepdims=True)
        moved = gram.TwoLayer(net.hidden + net.rows(step), net.heads, sigma)
        assert moved.modes(x).eigenvalues[-1] >= smallest / 2


@pytest.mark.parametrize("name", ["tanh", "swish"])
def test_weights_move_as_the_root_of_the_width_and_the_matrix_as_its_inverse(name):
    widths = (400, 1600, 6400)
    found = gram.drift_by_width(CIRCLE, nk.activation(name), widths, steps=20, learning_rate=0.2, seeds=8)
    assert found.slope("typical") == pytest.approx(-0.5, abs=0.1)
    # G itself moves by 1/m, not m^(−½): to first order its change is odd in a_k, and averages to nothing
    assert found.slope("gram") == pytest.approx(-1.0, abs=0.25)
    assert found.slope("missed") == pytest.approx(-1.0, abs=0.3)
    assert np.all(found.entries <= found.entries_bound)
    assert np.all(found.turned[-1, :, 1] < found.turned[0, :, 1].max())
    # Theorems M.6 and M.7 with the constant 1 hold with room to spare
    for row, width in enumerate(found.widths):
        for smallest, weights, moved in zip(found.before[row], found.weights[row], found.gram[row], strict=True):
            assert weights < gram.theorem_m_6(10, smallest, width)
            assert moved < gram.theorem_m_7(10, smallest, width, found.bounds.smoothness)


def test_cancelled_drift_keeps_the_widths_that_were_finished():
    calls = iter(range(10_000))
    found = gram.drift_by_width(
        CIRCLE, nk.activation("tanh"), (50, 100, 200), steps=30, learning_rate=0.1, seeds=1,
        cancel=lambda: next(calls) > 50,
    )  # fmt: skip
    assert found.widths.tolist() == [50]


# ---- which is fast


@pytest.mark.parametrize("name", ["relu", "tanh", "elu"])
def test_mean_loss_is_that_of_many_wide_networks(name):
    # Given 600 networks of width 1000, with labels of their own, whose residuals follow the matrix of infinite width
    x, times, losses = nk.data.span(CIRCLE.x).coordinates(CIRCLE.x), np.array([0.0, 1.0, 20.0, 300.0]), []
    values, vectors = np.linalg.eigh(population_g(CIRCLE.x, nk.activation(name)))
    for seed in range(600):
        start = gram.two_layer(nk.activation(name), 2, 1000, seed)(x).numpy().ravel()
        modes = vectors.T @ (gram.random_signs(10, seed) - start)
        losses.append(np.exp(-2 * np.outer(times, values)) @ modes**2 / 2)
    # Then their mean is the formula, to five standard errors
    error = np.std(losses, axis=0, ddof=1) / np.sqrt(600)
    exact = gram.expected_loss(CIRCLE.x, nk.activation(name), times)
    assert np.all(np.abs(np.mean(losses, axis=0) - exact) <= 5 * error)


def test_race_brings_the_fast_home_first():
    found = gram.race(CIRCLE, ("relu", "tanh"), width=1000, steps=200, learning_rate=0.3, seeds=3, record=50)
    assert np.all(found.measured["relu"][:, -1] < found.measured["tanh"][:, -1])
    for name in ("relu", "tanh"):
        start = found.measured[name][:, :1]
        np.testing.assert_allclose(found.start[name][:, 0], start[:, 0], rtol=1e-9)
        np.testing.assert_allclose(found.limit[name][:, 0], start[:, 0], rtol=1e-9)
    missed = np.sqrt(found.start["tanh"] / start) - np.sqrt(found.measured["tanh"] / start)
    assert np.all(np.abs(missed) < 0.15)
    np.testing.assert_allclose(found.times, [0, 15, 30, 45, 60])


@pytest.mark.parametrize("n", [10, 50])
def test_activations_come_in_the_order_of_figure_1(n):
    x = nk.data.half_circle(n).x
    names = ("relu", "elu", "tanh", "swish")
    # late losses: of the four ReLU has least, then ELU, then tanh and swish
    late = [gram.expected_loss(x, nk.activation(name), 3e3) for name in names]
    assert late == sorted(late)
    assert late[0] < 1e-3 * late[2]
    reached = [gram.time_to_reach(x, nk.activation(name), 0.1, longest=1e7) for name in names]
    assert reached == sorted(reached)


def test_stuck_share_is_where_long_training_ends():
    points = nk.data.full_circle(10, seed=2)
    x, net = network(points, "relu", 3000)
    net.heads[1::2] = -net.heads[::2]
    net.hidden[1::2] = net.hidden[::2]  # outputs start at 0, so that all energy is the labels'
    run = gram.descend(net, x, points.y, 3000, 0.3, record=3000)
    share = gram.stuck_share(points, nk.activation("relu"))
    assert run.loss[0] == pytest.approx(5, rel=1e-9)
    assert run.loss[-1] / run.loss[0] == pytest.approx(share, rel=1e-3)
    assert share > 0


@pytest.mark.parametrize(("name", "directions"), [("relu", 3), ("tanh", 5)])
def test_share_that_is_stuck_is_on_average_that_of_the_directions(name, directions):
    points, sigma = nk.data.full_circle(10), nk.activation(name)
    shares = [gram.stuck_share(points, sigma, gram.random_signs(10, seed)) for seed in range(300)]
    error = np.std(shares, ddof=1) / np.sqrt(300)
    assert abs(np.mean(shares) - directions / 10) < 5 * error
