"""One hidden layer: the smallest eigenvalue beside its bounds, the event of Lemma 57, and singular kernels."""

from functools import partial

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ntkit as nk
from ntkit import conditioning
from ntkit.theorems.one_layer import arc


def relu_kernel(x):
    """E max(w·x, 0) max(w·y, 0) = (sin θ + (π − θ) cos θ)/2π, from the angles."""
    cos = np.clip(x @ x.T, -1, 1)
    angle = np.arccos(cos)
    np.fill_diagonal(angle, 0.0)
    return (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / (2 * np.pi)


unit_rows = st.integers(0, 2**32 - 1).flatmap(
    lambda seed: st.tuples(st.just(seed), st.integers(2, 12), st.integers(2, 6))
)


def rows(seed, n, dim):
    x = np.random.default_rng(seed).standard_normal((n, dim))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


# ---- Theorem 56


@settings(max_examples=40, deadline=None)
@given(unit_rows)
def test_exact_eigenvalue_stays_above_both_bounds(drawn):
    x = rows(*drawn)
    found = conditioning.one_layer_floors([x])
    assert found.exact[0] == pytest.approx(np.linalg.eigvalsh(relu_kernel(x))[0], abs=1e-7)
    assert found.exact[0] >= found.sharp[0] - 1e-15 * len(x)
    assert found.exact[0] >= found.stated[0] - 1e-15 * len(x)
    gram = np.abs(x @ x.T)[~np.eye(len(x), dtype=bool)]
    assert found.delta[0] == pytest.approx(1 - gram.max(), abs=1e-12)


def test_two_points_in_closed_form():
    # λ_min of two points is k(1) − k(ρ), and ½δ to leading order
    for delta in (1e-3, 0.1, 0.5):
        theta = np.arccos(1 - delta)
        closed = 0.5 - (np.sin(theta) + (np.pi - theta) * np.cos(theta)) / (2 * np.pi)
        found = conditioning.one_layer_floors([nk.data.two_points(delta).x])
        assert found.exact[0] == pytest.approx(closed, rel=1e-10)
    assert found.n[0] == 2


def test_half_circle_follows_its_law():
    counts = np.array([16, 64, 256])
    found = conditioning.one_layer_floors([nk.data.half_circle(int(n)).x for n in counts])
    miss = np.abs(found.exact / conditioning.half_circle_law(counts) - 1)
    np.testing.assert_allclose(found.delta, 1 - np.cos(np.pi / counts), rtol=1e-9)
    assert np.all(np.diff(miss) < 0)
    assert miss[-1] < 1e-3
    # n⁻³ is δ^(3/2): the exponent 3/2 is attained, and no power of n is lost
    assert np.ptp(found.exact / found.delta**1.5) < 0.1 * found.exact[0] / found.delta[0] ** 1.5


def test_arc_has_the_exponent_of_delta_and_near_pairs_a_smaller_one():
    steps = np.array([0.04, 0.02])
    found = conditioning.one_layer_floors([arc(step) for step in steps])
    assert np.diff(np.log(found.exact))[0] / np.diff(np.log(found.delta))[0] == pytest.approx(1.5, abs=0.02)
    pairs = conditioning.one_layer_floors([nk.data.two_points(delta).x for delta in (1e-4, 1e-5)])
    assert np.diff(np.log(pairs.exact))[0] / np.diff(np.log(pairs.delta))[0] == pytest.approx(1.0, abs=0.01)


def of_hermite(r, t):
    """t times the probabilists' Hermite polynomial of degree r, under the Gaussian density."""
    return t * mpmath.hermite(r, t / mpmath.sqrt(2)) / mpmath.sqrt(2**r) * mpmath.npdf(t)


def test_even_coefficients_of_relu():
    exact = []
    for k in range(1, 6):
        moment = mpmath.quad(partial(of_hermite, 2 * k), [0, 2, 5, 12])
        exact.append(float(moment**2 / mpmath.factorial(2 * k)))
    np.testing.assert_allclose(conditioning.relu_squares(5), exact, rtol=1e-10)
    # with a₀² and a₁² they add up to E σ² = ½
    assert 1 / (2 * np.pi) + 0.25 + conditioning.relu_squares(100_000).sum() == pytest.approx(0.5, abs=1e-8)


@given(st.floats(1e-9, 0.9), st.integers(1, 1000))
def test_series_is_of_the_order_of_its_leading_form(delta, n):
    sharp = conditioning.theorem_56_sharp(delta, n)
    leading = (delta / np.log(2 * n + 1)) ** 1.5
    assert 1e-3 * leading <= sharp <= 0.1
    assert sharp >= conditioning.theorem_56(delta, n)


@given(st.floats(1e-3, 0.9), st.integers(1, 50))
def test_series_is_the_general_one_for_the_coefficients_of_relu(delta, n):
    squares = np.zeros(40_001)
    squares[2::2] = conditioning.relu_squares(20_000)
    general = conditioning.theorem_58_sharp(squares, delta, n)
    rest = 0.25 - 1 / (2 * np.pi) - squares.sum()  # of Σ a_2k² = ½ − ¼ − 1/2π
    assert general * (1 - 1e-12) <= conditioning.theorem_56_sharp(delta, n) <= general + rest


def test_finite_layers_reach_what_is_stated():
    x = nk.data.half_circle(10).x
    weights = np.random.default_rng(0).standard_normal((20_000, x.shape[1]))
    features = np.maximum(weights @ x.T, 0) / np.sqrt(len(weights))
    smallest = np.linalg.svd(features, compute_uv=False)[-1] ** 2
    found = conditioning.one_layer_floors([x])
    assert smallest >= conditioning.theorem_56_drawn(found.delta[0], 10)
    assert smallest == pytest.approx(found.exact[0], rel=0.2)


# ---- Lemma 57


@pytest.mark.parametrize("n", [2, 5, 9])
def test_event_of_lemma_57_by_sampling(n):
    # Given the probability by quadrature, and draws of w given |w·x₁| small
    x = nk.data.half_circle(n).x
    delta, first, samples = conditioning.separation(x), n // 2, 200_000
    theta = np.sqrt(delta) / (5 * n)
    spread, near, far = np.sqrt(1 - theta**2), np.sqrt(delta) / (10 * n), np.sqrt(delta) / (4 * n)
    generator = np.random.default_rng(1)
    at = generator.uniform(-near, near, samples)
    density = np.exp(-0.5 * (at / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
    g = generator.standard_normal((samples, x.shape[1]))
    g -= np.outer(g @ x[first], x[first])
    others = (g + np.outer(at, x[first])) @ np.delete(x, first, axis=0).T
    inside = 2 * near * density * (np.abs(others) > far).all(axis=1)
    # Then they agree, and the lemma holds, with the printed θ as well
    exact = conditioning.lemma_57_plane(x, first)
    assert abs(inside.mean() - exact) <= 5 * inside.std() / np.sqrt(samples)
    assert exact >= conditioning.lemma_57(delta, n)
    assert conditioning.lemma_57_plane(x, first, theta=delta**0.25 / (5 * n)) >= conditioning.lemma_57(delta, n)


def test_theta_of_the_lemma_does_not_do_for_the_theorem():
    deltas = np.array([1e-2, 1e-4, 1e-8])
    right = [conditioning.event_probability(delta, 10, delta**0.5 / 50) for delta in deltas]
    printed = [conditioning.event_probability(delta, 10, delta**0.25 / 50) for delta in deltas]
    assert min(right) >= 0.2
    np.testing.assert_allclose(right, right[0])
    assert max(printed) < 0.2
    np.testing.assert_allclose(np.diff(np.log(printed[1:])) / np.diff(np.log(deltas[1:])), 0.25, atol=0.01)


def test_points_beside_the_plane_are_refused():
    with pytest.raises(ValueError, match="plane"):
        conditioning.lemma_57_plane(np.eye(3))


# ---- Theorem 58


@pytest.mark.parametrize(("name", "parities"), [("relu", (30, 1)), ("tanh", (0, 30)), ("abs", (30, 0))])
def test_parities_of_activations(name, parities):
    assert conditioning.hermite_parities(nk.activation(name), 60) == parities


@pytest.mark.parametrize("name", ["tanh", "abs", "softplus", "relu"])
def test_one_parity_is_enough_without_antipodal_inputs(name):
    sigma, x = nk.activation(name), nk.data.sphere(6, dim=3, seed=2).x
    floor = conditioning.theorem_58_sharp(sigma.hermite(120) ** 2, conditioning.separation(x), 6)
    smallest = np.linalg.eigvalsh(nk.mlp(1, sigma).nngp(x))[0]
    assert 0 < floor <= smallest


@pytest.mark.parametrize(("name", "singular"), [("tanh", True), ("abs", True), ("relu", False)])
def test_antipodal_inputs_need_both(name, singular):
    x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.6, 0.8]])
    smallest = np.linalg.eigvalsh(nk.mlp(1, nk.activation(name)).nngp(x))[0]
    assert (smallest < 1e-12) == singular


@pytest.mark.parametrize(("degree", "n"), [(2, 3), (3, 4)])
def test_polynomials_are_singular_on_more_points_than_they_have_dimensions(degree, n):
    # In the plane the even (odd) polynomials of degree r on the circle are a space of r + 1 dimensions
    sigma = nk.activation("hermite", k=degree)
    for count, singular in ((degree + 1, False), (degree + 2, True)):
        eigenvalues = np.linalg.eigvalsh(nk.mlp(1, sigma).nngp(nk.data.half_circle(count).x))
        assert (eigenvalues[0] < 1e-12) == singular
    assert conditioning.theorem_58_sharp(sigma.hermite(30) ** 2, conditioning.separation(arc(0.1, n + 3)), n + 3) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: conditioning.theorem_56(1.5, 3), "delta must"),
        (lambda: conditioning.theorem_56_sharp(0.5, 0), "n must"),
        (lambda: conditioning.theorem_58_sharp([-1.0], 0.5, 3), "not negative"),
        (lambda: conditioning.event_probability(0.5, 3, 0.0), "theta must"),
        (lambda: conditioning.lemma_57_plane(np.eye(2), theta=1.0), "theta must"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
