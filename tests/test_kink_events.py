"""The event behind Theorem K.1: its probability, and what follows for sums of slopes and for λ_min."""

import numpy as np
import pytest
from scipy.special import ndtr

import ntkit as nk
from ntkit.gram import certificates, kink_events
from ntkit.gram.eigenvalues import population_eigenvalues
from ntkit.gram.single_vectors import single_vector

RELU = nk.activation("relu")


def drawn_event(x, first, delta, draws, seed=0):
    """The share of draws of w' and g₂ in the event E for x_* = row `first`."""
    generator, n = np.random.default_rng(seed), len(x)
    theta, unit = delta / (5 * n**2), delta / n**2
    weights = generator.standard_normal((draws, x.shape[1]))
    along = np.sqrt(1 - theta**2) * generator.standard_normal(draws)
    weights += np.outer(along - weights @ x[first], x[first])
    inner = np.abs(weights @ x.T)
    others = np.delete(inner, first, axis=1)
    moved = theta * np.abs(generator.standard_normal(draws))
    inside = (inner[:, first] <= unit / 10) & (others > unit / 4).all(axis=1) & (moved > unit / 9) & (moved < unit / 5)
    return inside.mean(), inside.std() / np.sqrt(draws)


@pytest.mark.parametrize("n", [2, 3])
def test_event_is_at_least_as_likely_as_derived(n):
    x = nk.data.half_circle(n, dim=2).x
    delta = nk.data.separation(x).sine
    share, error = drawn_event(x, 0, delta, 1_000_000)
    assert share + 5 * error >= kink_events.event_floor(n, delta)
    assert share - 5 * error <= 1.2 * kink_events.event_floor(n, delta)  # and hardly more


def test_constants_of_the_event():
    assert 2 * (ndtr(1) - ndtr(5 / 9)) == pytest.approx(0.2612, abs=1e-4)
    for s in np.linspace(1e-6, 1 / 40, 50):
        assert 2 * ndtr(s) - 1 >= 0.797 * s
    n = np.arange(2, 1000)
    assert np.all(1 - (n - 1) / (2 * np.sqrt(2 * np.pi) * n**2) >= 0.95)


@pytest.mark.parametrize("sigma", [RELU, nk.activation("leaky_relu", slope=0.1), nk.activation("abs")])
@pytest.mark.parametrize("x", [nk.data.half_circle(10).x, nk.data.sphere(12, dim=4).x], ids=["circle", "sphere"])
def test_sums_of_slopes_are_as_large_as_claimed(sigma, x):
    found = single_vector(x, sigma, draws=40_000)
    squares = found.norms**2
    # the mean square is the smallest eigenvalue
    assert (
        abs(squares.mean() - found.form) <= 5 * squares.std() / np.sqrt(len(squares)) + 1e-14
    )  # |x| on a circle: alike
    assert found.form == pytest.approx(population_eigenvalues(x, sigma).min, rel=1e-8)
    # and more draws than claimed are beyond the threshold
    floor = kink_events.claim_k2(len(x), nk.data.separation(x).sine)
    assert found.share(0.5 * certificates.slope_jump(sigma)) >= floor


def test_a_jump_on_one_side_of_every_other_input_cannot_be_hidden():
    # Given two weights on either side of the kink of x_* alone
    x, generator = nk.data.half_circle(6, dim=2).x, np.random.default_rng(0)
    zeta = generator.standard_normal(6)
    zeta /= np.linalg.norm(zeta)
    star = int(np.argmax(np.abs(zeta)))
    across = np.array([-x[star][1], x[star][0]])
    sums = [(RELU.derivative(x @ (across + s * 1e-3 * x[star])) * zeta) @ x for s in (1, -1)]
    # Then one of the sums is at least ½ n^−½
    assert max(np.linalg.norm(each) for each in sums) >= 0.5 / np.sqrt(6)


@pytest.mark.parametrize("n", [2, 5, 20, 60])
def test_theorem_k1_with_its_constant_holds_and_is_far_below(n):
    x = nk.data.half_circle(n, dim=2).x
    delta = nk.data.separation(x).sine
    stated = kink_events.theorem_k1_two_lines(n, delta)
    assert stated <= certificates.step_floor_sine(delta, n) <= population_eigenvalues(x, RELU).min


def test_arguments_out_of_range_are_refused():
    with pytest.raises(ValueError, match="delta must lie"):
        kink_events.claim_k2(5, 0.0)
