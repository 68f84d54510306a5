"""Random networks with normalised layers: their law by other routes, and what their width sustains."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

import ntkit as nk
from ntkit import hardness
from ntkit.hardness import correlations, layers

RELU = nk.activation("relu").normalized()
SIGN = nk.activation("sign")
WIDTH, DRAWS = 24, 1500


def exact_sign_means(width, depth, rho):
    """E ρ̂_l and E ρ̂_l² of sign networks: ρ̂ = 1 − 2K/m, K ~ Bin(m, arccos(ρ̂_{l−1})/π), a Markov chain on 0 … m."""
    values = 1 - 2 * np.arange(width + 1) / width
    chain = binom.pmf(np.arange(width + 1), width, np.arccos(values)[:, None] / np.pi)
    law = binom.pmf(np.arange(width + 1), width, np.arccos(rho) / np.pi)
    moments = []
    for _ in range(depth):
        moments.append((law @ values, law @ values**2))
        law = law @ chain
    return np.array(moments).T


@pytest.mark.parametrize(("width", "delta"), [(8, 0.5), (33, 0.1)])
def test_sign_networks_follow_their_exact_markov_chain(width, delta):
    # Given draws, and the chain of the number of units on which two inputs differ
    decay = hardness.pair_decay(SIGN, 12, delta, width, draws=4000, seed=1)
    mean, square = exact_sign_means(width, 12, 1 - delta)
    # Then mean and mean square agree layer by layer, to 5 standard errors
    drawn = decay.samples[:, 1:]
    error = drawn.std(axis=0, ddof=1) / np.sqrt(decay.draws)
    assert np.all(np.abs(decay.mean[1:] - mean) <= 5 * error)
    error = (drawn**2).std(axis=0, ddof=1) / np.sqrt(decay.draws)
    assert np.all(np.abs((drawn**2).mean(axis=0) - square) <= 5 * error)


def test_fluctuation_is_that_of_the_exact_chain_to_leading_order():
    misses = []
    for width in (64, 256):
        _, square = exact_sign_means(width, 80, 0.5)
        misses.append(abs(np.sqrt(square[-1]) / hardness.fluctuation(SIGN, width) - 1))
    assert misses[0] < 0.03
    assert misses[1] < misses[0] / 3  # the next order is 1/m


@pytest.mark.parametrize("name", ["relu", "tanh", "quadratic"])
def test_drawing_units_is_drawing_weight_matrices(name):
    # Given the correlation after 3 layers by equation (3) with its matrices
    sigma, x = nk.activation(name).normalized(), nk.data.two_points(0.3).x
    phi = [hardness.features(sigma, x, 3, WIDTH, seed=seed) for seed in range(DRAWS)]
    literal = np.array([float(one[0] @ one[1]) for one in phi])
    # When units are drawn instead
    drawn = hardness.pair_decay(sigma, 3, 0.3, WIDTH, draws=DRAWS, seed=7).samples[:, 3]
    # Then the two samples have the same mean and the same spread
    for statistic in (lambda r: r, lambda r: (r - r.mean()) ** 2):
        one, other = statistic(literal), statistic(drawn)
        error = np.hypot(one.std(), other.std()) / np.sqrt(DRAWS)
        assert abs(one.mean() - other.mean()) <= 5 * error


@pytest.mark.parametrize("width", [5, WIDTH])  # fewer units than inputs, and more
def test_sets_of_inputs_have_the_law_of_their_pairs(width):
    x = hardness.half_cube(4)
    found = hardness.query_correlations(RELU, 3, 4, width, draws=DRAWS, seed=2)
    # E (E_x g sgn f)² is the mean of (2/π) arcsin of the inner products of all pairs, here by equation (3) itself
    phi = [hardness.features(RELU, x, 3, width, seed=seed).numpy() for seed in range(DRAWS)]
    signs = 2 / np.pi * np.arcsin([np.clip(one @ one.T, -1, 1) for one in phi])
    for k, g in enumerate(hardness.queries(x, seed=2).values()):
        literal = np.einsum("x,sxy,y->s", g, signs, g) / len(x) ** 2
        error = np.hypot(found.standard_error[3, k], literal.std() / np.sqrt(DRAWS))
        assert abs(found.mean_square[3, k] - literal.mean()) <= 5 * error


def test_mean_that_the_width_sustains():
    for width, within in ((64, 0.4), (256, 0.35)):
        decay = hardness.pair_decay(RELU, 40, 0.5, width, draws=2000)
        averages = decay.samples[:, 20:].mean(axis=1)
        error = averages.std(ddof=1) / np.sqrt(decay.draws)
        assert averages.mean() > 4 * error  # Theorem 52 as printed has 0 here
        assert abs(averages.mean() / decay.floor - 1) < within + 5 * error / decay.floor
    odd = hardness.pair_decay(nk.activation("erf").normalized(), 150, 0.5, 32, draws=2000)
    assert odd.floor == 0
    assert abs(odd.mean[-1]) <= 5 * odd.standard_error[-1]


def test_wide_networks_follow_the_infinite_one_and_stay_below_the_bound():
    decay = hardness.pair_decay(RELU, 12, 0.1, 4096, draws=40)
    assert np.all(np.abs(decay.mean - decay.limit) <= 5 * decay.standard_error + 0.01)
    assert np.all(decay.mean <= decay.bound + 5 * decay.standard_error)
    np.testing.assert_allclose(decay.limit, nk.mlp(12, RELU).trajectory(gap=0.1).correlation)
    assert np.all(np.diff(decay.quantiles((0.05, 0.5, 0.95)), axis=0) >= 0)
    assert np.all(decay.modulus >= np.abs(decay.mean) - 1e-15)


def test_draws_in_pieces_have_the_same_law(monkeypatch):
    whole = hardness.pair_decay(SIGN, 4, 0.3, 16, draws=3000)
    monkeypatch.setattr(layers, "_CHUNK", 2 * 16 * 700)
    monkeypatch.setattr(correlations, "_CHUNK", 16 * 8 * 300)
    pieces = hardness.pair_decay(SIGN, 4, 0.3, 16, draws=3000)
    assert pieces.samples.shape == whole.samples.shape
    assert np.all(np.abs(whole.mean - pieces.mean)[1:] <= 5 * np.hypot(whole.standard_error, pieces.standard_error)[1:])
    assert hardness.query_correlations(SIGN, 2, 4, 16, draws=700).samples.shape == (700, 3, 5)


def test_seeds_decide():
    one, same, other = (hardness.pair_decay(RELU, 3, 0.2, 16, draws=5, seed=seed).samples for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_factor_that_is_printed_beside_pi_makes_relu_collapse():
    x = nk.data.two_points(0.5).x
    right, printed = (hardness.features(RELU, x, 8, 200, factor=factor) for factor in (1.0, 200**-0.5))
    assert abs(float(right[0] @ right[1])) < 0.5
    assert float(printed[0] @ printed[1]) > 1 - 1e-6
    for phi in (right, printed):
        np.testing.assert_allclose(phi.norm(dim=1).numpy(), 1, rtol=1e-12)


# ---- widths


def test_width_of_theorem_52_grows_where_that_of_theorem_15_falls():
    mus = np.geomspace(0.01, 1, 7)
    right = [hardness.theorem_52_width(40, 0.2, mu) for mu in mus]
    printed = [hardness.theorem_15_width(40, 0.2, mu) for mu in mus]
    assert np.all(np.diff(right) < 0)
    assert np.all(np.diff(printed) >= 0)
    assert right[-1] == printed[-1] == 1000


def test_spread_of_one_layer_is_that_of_wide_networks():
    width, delta = 2000, 0.01
    for sigma in (RELU, SIGN):
        drawn = hardness.pair_decay(sigma, 1, delta, width, draws=2000).samples[:, 1]
        spread = hardness.one_layer_spread(sigma, delta)
        assert abs(np.sqrt(width) * drawn.std() / spread - 1) < 0.1
    # in closed form for the sign: 1 − ρ̂ is 2 Bin(m, p)/m
    p = np.arccos(1 - delta) / np.pi
    assert hardness.one_layer_spread(SIGN, delta) == pytest.approx(2 * np.sqrt(p * (1 - p)), rel=0.03)


# ---- subgaussianity


def test_subgaussian_norm_of_relu_in_closed_form():
    # E e^{λσ} with σ = s(max(x, 0) − 1/√2π): e^{−λs/√2π}(½ + e^{λ²s²/2}Φ(λs)); its ratio rises to s² as λ → ∞
    s = RELU.scale
    lam = np.concatenate([-np.geomspace(0.01, 30, 200), np.geomspace(0.01, 30, 200)])
    log_moment = -lam * s / np.sqrt(2 * np.pi) + np.logaddexp(np.log(0.5), (lam * s) ** 2 / 2 + norm.logcdf(lam * s))
    alpha = hardness.subgaussian_norm(RELU)
    assert np.all(2 * log_moment / lam**2 <= alpha**2 + 1e-9)
    assert alpha == pytest.approx(s, rel=1e-6)


@pytest.mark.parametrize("name", ["cos", "gaussian", "relu6"])
def test_subgaussian_norm_where_it_is_attained_in_between(name):
    # Given the ratio of (21) on a mesh of λ, by the quadrature of the activation
    sigma = nk.activation(name).normalized()
    lam = np.concatenate([-np.geomspace(0.05, 8, 400), np.geomspace(0.05, 8, 400)])
    moments = [sigma.resolved.expectation(np.exp(one * sigma.resolved.values)) for one in lam]
    ratio = 2 * np.log(moments) / lam**2
    # Then its largest value is α², which is more than the variance
    assert ratio.max() > 1.05
    assert hardness.subgaussian_norm(sigma) ** 2 == pytest.approx(ratio.max(), rel=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.floats(-1.5, 1.5), st.floats(0.3, 3.0))
def test_bounded_activations_obey_hoeffding(centre, reach):
    sigma = nk.Activation(
        "clip", lambda x: np.clip(x, centre - reach, centre + reach), (centre - reach, centre + reach)
    )
    normalized = sigma.normalized()
    alpha = hardness.subgaussian_norm(normalized)
    span = normalized.scale * 2 * reach
    assert 1 - 1e-9 <= alpha <= span / 2 + 1e-9


@pytest.mark.parametrize("name", ["quadratic", "exp", "cube"])
def test_too_steep_is_refused_with_the_reason(name):
    sigma = nk.Activation("cube", lambda x: x**3) if name == "cube" else nk.activation(name)
    with pytest.raises(ValueError, match="at most linearly"):
        hardness.subgaussian_norm(sigma.normalized())


def test_uncentred_is_refused_with_the_remedy():
    with pytest.raises(ValueError, match=r"normalized\(\)"):
        hardness.subgaussian_norm(nk.activation("relu"))


# ---- queries


@pytest.mark.parametrize("dim", [2, 3, 6, 10])
def test_half_cube_has_no_collinear_inputs(dim):
    x = hardness.half_cube(dim)
    assert x.shape == (2 ** (dim - 1), dim)
    gram = x @ x.T
    np.testing.assert_allclose(np.diag(gram), 1)
    assert np.abs(gram[~np.eye(len(x), dtype=bool)]).max() == pytest.approx(1 - 2 / dim, abs=1e-15)
    assert all(set(values) <= {-1.0, 1.0} for values in hardness.queries(x).values())


def test_limit_of_queries_by_the_definition():
    x = hardness.half_cube(4)
    found = hardness.query_limit(RELU, 5, 4, seed=3)
    signs = 2 / np.pi * np.arcsin(np.clip(nk.mlp(5, RELU).nngp(x), -1, 1))
    for k, g in enumerate(hardness.queries(x, seed=3).values()):
        direct = np.mean([[g[i] * g[j] * signs[i, j] for j in range(8)] for i in range(8)])
        assert found.mean_square[5, k] == pytest.approx(direct, rel=1e-9)


@pytest.mark.parametrize("name", ["tanh", "relu"])
def test_no_query_beats_the_worst_one_nor_that_the_envelope(name):
    sigma = nk.activation(name).normalized()
    for dim in (2, 5, 7):
        found = hardness.query_limit(sigma, 60, dim)
        assert np.all(found.mean_square <= found.worst[:, None] + 1e-12)
        assert np.all(found.worst <= found.envelope + 1e-12)
        assert found.worst[-1] >= 1 / 2 ** (dim - 1) - 1e-12  # what (24) leaves out


def test_wide_networks_have_the_queries_of_the_infinite_one():
    found = hardness.query_correlations(nk.activation("tanh").normalized(), 4, 4, 1024, draws=1000)
    assert np.all(np.abs(found.mean_square - found.limit.mean_square) <= 5 * found.standard_error + 0.01)
    assert found.query("parity").shape == (1000, 5)


@given(st.floats(1e-12, 1), st.floats(1e-3, 1), st.floats(1e-3, 1))
def test_queries_needed_are_those_at_which_markov_reaches_one_half(mean_square, tolerance, advantage):
    p = hardness.least_queries(mean_square, tolerance, advantage)
    share = (p + 1) * mean_square / min(tolerance, advantage) ** 2
    assert p >= 0
    assert share >= 0.5 * (1 - 1e-6) - 1e-9 * mean_square / min(tolerance, advantage) ** 2
    assert p == 0 or share <= 0.5 * (1 + 1e-6) + 1e-9 * mean_square / min(tolerance, advantage) ** 2


# ---- refusals


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hardness.pair_decay(nk.activation("relu"), 3, 0.5, 8), r"normalized\(\)"),
        (lambda: hardness.pair_decay(nk.activation("identity"), 3, 0.5, 8), "linear"),
        (lambda: hardness.pair_decay(RELU, 0, 0.5, 8), "depth must"),
        (lambda: hardness.pair_decay(RELU, 3, 1.5, 8), "delta must"),
        (lambda: hardness.pair_decay(RELU, 3, 0.5, 8, draws=1), "draws must"),
        (lambda: hardness.features(RELU, np.eye(2), 3, 0), "width must"),
        (lambda: hardness.features(nk.activation("relu"), np.array([[1.0]]), 8, 1, seed=1), "not all vanish"),
        (lambda: hardness.half_cube(11), "dim must"),
        (lambda: hardness.least_queries(0.0, 0.1, 0.1), "mean_square must"),
        (lambda: hardness.least_queries(0.1, 2, 0.1), "tolerance must"),
        (lambda: hardness.theorem_52_width(3, 0.5, 0), "mu must"),
        (lambda: hardness.mean_floor(RELU, 0), "width must"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
