"""Benign overfitting: separations of random points, spectra on the sphere, interpolants, and what is proved of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import comb, eval_gegenbauer, gamma
from scipy.stats import binom

import ntkit as nk
from ntkit import conditioning, overfitting
from ntkit.overfitting import SampledCovariance, SphereCovariance, UniformSphere
from ntkit.overfitting.separations import _quantile
from ntkit.overfitting.zonal import gegenbauer, multiplicities

RELU = nk.activation("relu").normalized()
TANH = nk.activation("tanh").normalized()
SQUARE = nk.activation("hermite", k=2)  # σ̂(ρ) = ρ², whose features are the products x_i x_j


def draw(dim, count, seed=0):
    """Uniform points of the sphere."""
    return UniformSphere(dim).draw(count, np.random.default_rng(seed))


# ---- separations


@pytest.mark.parametrize("dim", [2, 3, 4, 10, 40])
@pytest.mark.parametrize("delta", [1e-6, 0.01, 0.3, 0.9])
def test_probability_of_a_close_pair_is_the_area_of_two_caps(dim, delta):
    cap = 2 * np.arcsin(np.sqrt(delta / 2))
    area = quad(lambda angle: np.sin(angle) ** (dim - 2), 0, cap, epsabs=0, epsrel=1e-11)[0]
    half = np.sqrt(np.pi) * gamma((dim - 1) / 2) / gamma(dim / 2) / 2
    assert overfitting.close_pair_probability(delta, dim) == pytest.approx(area / half, rel=1e-9)


@pytest.mark.parametrize("m", [2, 5, 30])
def test_separation_on_the_circle_is_that_of_equal_gaps_in_law(m):
    # Given many samples of m lines, by their sorted angles and not by correlations
    angles = np.sort(np.random.default_rng(0).uniform(0, np.pi, (20_000, m)), axis=1)
    gaps = np.diff(np.hstack([angles, angles[:, :1] + np.pi]), axis=1).min(axis=1)
    # When Δ is asked for
    exact = overfitting.sphere_separation(m, 0.2, 2)
    # Then a share γ of them is closer, to within five standard errors
    share = np.mean(2 * np.sin(gaps / 2) ** 2 < exact.low)
    assert abs(share - 0.2) < 5 * np.sqrt(0.2 * 0.8 / 20_000)
    assert exact.low == exact.high


@pytest.mark.parametrize(("dim", "m"), [(3, 5), (3, 40), (6, 20), (10, 60)])
def test_derived_range_of_the_sphere_agrees_with_samples(dim, m):
    derived = overfitting.sphere_separation(m, 0.2, dim)
    sampled = overfitting.sampled_separation(UniformSphere(dim), m, 0.2, draws=1000, confidence=0.9999)
    assert derived.low <= derived.high
    assert sampled.low <= derived.high
    assert derived.low <= sampled.high
    assert sampled.low <= sampled.estimate <= sampled.high


@given(st.integers(2, 300), st.floats(0.001, 0.9), st.integers(2, 40))
def test_separation_shrinks_with_more_points_and_less_risk(m, chance, dim):
    here = overfitting.sphere_separation(m, chance, dim)
    assert 0 < here.low <= here.high <= 1
    assert overfitting.sphere_separation(m + 1, chance, dim).low < here.low
    assert overfitting.sphere_separation(m, chance / 2, dim).low < here.low


@pytest.mark.parametrize("dim", [2, 3, 5, 11])
def test_separation_falls_as_a_power_of_the_number_of_points(dim):
    few, many = (overfitting.sphere_separation(m, 0.1, dim).low for m in (10**6, 10**8))
    assert np.log(few / many) / np.log(100) == pytest.approx(4 / (dim - 1), rel=1e-2)


def test_interval_between_order_statistics_covers_as_often_as_it_says():
    generator, covered = np.random.default_rng(0), 0
    for _ in range(1000):
        found = _quantile(np.sort(generator.uniform(size=150)), 0.1, 0.95)  # the true quantile is 0.1
        covered += found.low <= 0.1 <= found.high
    assert covered >= binom.ppf(1e-6, 1000, 0.95)


def test_too_few_samples_for_a_small_chance_leave_the_end_open():
    found = overfitting.sampled_separation(UniformSphere(3), 4, 0.01, draws=20)
    assert found.low == 0.0
    assert overfitting.sampled_separation(UniformSphere(3), 4, 0.99, draws=20).high == 1.0


def test_real_data_are_drawn_again_without_repeats():
    digits = nk.data.digits(200, seed=1)
    everything = overfitting.sampled_separation(overfitting.Resampled(digits.x), 200, 0.5, draws=3)
    assert everything.estimate == pytest.approx(digits.delta, rel=1e-12)
    few, many = (
        overfitting.sampled_separation(overfitting.Resampled(digits.x), m, 0.5, draws=100).estimate for m in (10, 100)
    )
    assert digits.delta <= many < few


# ---- spectra


@pytest.mark.parametrize("dim", [2, 3, 7])
def test_polynomial_kernels_have_the_eigenvalues_of_their_moments(dim):
    # t = P₁, t² = 1/d + (1 − 1/d)P₂, and a coordinate has E P_k² = 1/N_k
    linear = overfitting.zonal_spectrum(nk.mlp(0, RELU), dim, degree=4).eigenvalues
    np.testing.assert_allclose(linear, [0, 1 / dim, 0, 0, 0], atol=1e-15)
    square = overfitting.zonal_spectrum(nk.mlp(1, SQUARE), dim, degree=4).eigenvalues
    np.testing.assert_allclose(square, [1 / dim, 0, 2 / (dim * (dim + 2)), 0, 0], atol=1e-15)


@pytest.mark.parametrize(("dim", "k"), [(3, 0), (3, 5), (8, 1), (8, 4)])
def test_eigenvalues_of_relu_are_those_of_another_quadrature(dim, k):
    def kernel(angle):  # Cho and Saul's arc-cosine kernel, centred and scaled
        plain = (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / (2 * np.pi)
        return (plain - 1 / (2 * np.pi)) / (0.5 - 1 / (2 * np.pi))

    def polynomial(t):
        return eval_gegenbauer(k, dim / 2 - 1, t) / eval_gegenbauer(k, dim / 2 - 1, 1.0)

    def weighted(angle):
        return kernel(angle) * polynomial(np.cos(angle)) * np.sin(angle) ** (dim - 2)

    whole = quad(lambda angle: np.sin(angle) ** (dim - 2), 0, np.pi)[0]
    expected = quad(weighted, 0, np.pi, epsabs=1e-14)[0] / whole
    found = overfitting.zonal_spectrum(nk.mlp(1, RELU), dim, degree=8).eigenvalues[k]
    assert found == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize("dim", [2, 3, 9])
def test_polynomials_and_multiplicities(dim):
    t = np.linspace(-1, 1, 21)
    found = list(gegenbauer(t, dim, 12))
    for k, values in enumerate(found):
        if dim == 2:
            expected = np.cos(k * np.arccos(t))
        else:
            expected = eval_gegenbauer(k, dim / 2 - 1, t) / eval_gegenbauer(k, dim / 2 - 1, 1.0)
        np.testing.assert_allclose(values, expected, atol=1e-12)
    # polynomials of degree 11 on the sphere: those of degree 11 and of degree 10 in d variables, homogeneous
    total = comb(11 + dim - 1, dim - 1, exact=True) + comb(10 + dim - 1, dim - 1, exact=True)
    assert multiplicities(dim, 11).sum() == pytest.approx(total, rel=1e-14)


@pytest.mark.parametrize(("sigma", "depth", "dim"), [(RELU, 2, 4), (TANH, 5, 8), (RELU, 12, 10)])
def test_trace_and_mean_square_are_those_of_the_kernel(sigma, depth, dim):
    spectrum = overfitting.zonal_spectrum(nk.mlp(depth, sigma), dim)
    assert (spectrum.eigenvalues * spectrum.multiplicities).sum() == pytest.approx(1, abs=0.01)
    assert spectrum.remainder < 1e-6 * spectrum.mean_square


def test_norm_is_the_top_eigenvalue_of_a_large_gram_matrix():
    net = nk.mlp(4, TANH)
    for dim in (3, 6):
        top = nk.spectra.largest_eigenvalues(net.nngp(draw(dim, 2500)) / 2500, 1)[0]
        spectrum = overfitting.zonal_spectrum(net, dim)
        # the top harmonic is dim-fold: its eigenvalues in a sample spread by about √(dim/n)
        assert spectrum.norm == pytest.approx(top, rel=5 * np.sqrt(dim / 2500))
        assert overfitting.norms_over_depth(TANH, dim, 5)[4] == pytest.approx(spectrum.norm, rel=1e-12)


@pytest.mark.parametrize(("depth", "dim"), [(1, 3), (4, 6)])
def test_iterated_kernel_is_the_mean_of_products(depth, dim):
    net = nk.mlp(depth, RELU)
    u, sample = draw(dim, 4, seed=1), draw(dim, 60_000, seed=2)
    exact = SphereCovariance(overfitting.zonal_spectrum(net, dim))(u, u)
    values = net.nngp(sample, u)
    error = (values[:, :, None] * values[:, None, :]).std(axis=0) / np.sqrt(len(sample))
    sampled = SampledCovariance(net, sample)(u, u)
    assert np.all(np.abs(sampled - exact) < 5 * error)


def test_iterated_kernel_of_a_kernel_at_one_point_is_its_mean_square():
    spectrum = overfitting.zonal_spectrum(nk.mlp(90, RELU), 10)
    assert spectrum.iterated(1.0) == spectrum.mean_square
    assert spectrum.iterated(0.5) < spectrum.mean_square


# ---- interpolation, against explicit features


def products(x):
    """Φ(x) = x ⊗ x, the features of ρ²: shape (n, d²)."""
    return np.einsum("ni,nj->nij", x, x).reshape(len(x), -1)


def fourth_moments(dim):
    """E ΦΦᵀ = E x_i x_j x_k x_l on the sphere: (δ_ij δ_kl + δ_ik δ_jl + δ_il δ_jk)/(d(d + 2))."""
    one = np.eye(dim)
    pairings = ("ij,kl->ijkl", "ik,jl->ijkl", "il,jk->ijkl")
    return sum(np.einsum(p, one, one) for p in pairings).reshape(dim**2, dim**2) / (dim * (dim + 2))


@pytest.mark.parametrize("seed", range(4))
def test_interpolant_is_the_pseudo_inverse_and_lemma_55_that_of_its_matrices(seed):
    # Given a kernel whose features are known, labels with noise, and v* and Σ as a vector and a matrix
    dim, n, net = 5, 9, nk.mlp(1, SQUARE)
    asked = overfitting.random_problem(net, dim, norm=0.4, noise=0.5, centres=3, seed=seed)
    x = draw(dim, n, seed=100 + seed)
    y = asked.labels(x, np.random.default_rng(seed))
    best, sigma = products(asked.best.points).T @ asked.best.weights, fourth_moments(dim)
    # When v_S, B and C are formed as the paper writes them
    features = products(x)
    learned = np.linalg.pinv(features) @ y
    inverse = np.linalg.inv(features @ features.T)
    left_over = np.eye(dim**2) - features.T @ inverse @ features
    b, c = left_over @ sigma @ left_over, inverse @ features @ sigma @ features.T @ inverse
    noise = y - features @ best
    # Then kernels alone give the same
    kernel = overfitting.interpolant(net, x, y)
    np.testing.assert_allclose(kernel(x), y, atol=1e-9)
    assert kernel.norm == pytest.approx(np.linalg.norm(learned), rel=1e-9)
    assert asked.norm == pytest.approx(np.linalg.norm(best), rel=1e-9)
    found = overfitting.excess_risk(asked.best, x, y, SphereCovariance(overfitting.zonal_spectrum(net, dim, degree=8)))
    assert found.excess == pytest.approx((learned - best) @ sigma @ (learned - best), rel=1e-8)
    assert found.bias == pytest.approx(best @ b @ best, rel=1e-8)
    assert found.noise == pytest.approx(noise @ c @ noise, rel=1e-8)
    assert found.lemma_55 == pytest.approx(2 * best @ b @ best + 2 * noise @ c @ noise, rel=1e-8)
    assert found.zero == pytest.approx(best @ sigma @ best, rel=1e-8)
    assert found.distance == pytest.approx(np.sum((learned - best) ** 2), rel=1e-8)
    assert found.residual == pytest.approx(noise @ noise, rel=1e-9)


@given(st.integers(0, 10**6), st.integers(2, 14), st.integers(1, 12))
def test_no_interpolant_is_shorter(seed, n, depth):
    net, generator = nk.mlp(depth, TANH), np.random.default_rng(seed)
    x, more = draw(6, n, seed), draw(6, 3, seed + 1)
    learned = overfitting.interpolant(net, x, generator.uniform(-1, 1, n))
    other = overfitting.Predictor(net, more, generator.standard_normal(3))
    # What vanishes on the training set, added to the interpolant, makes it longer, as Pythagoras has it
    vanishing = other.minus(overfitting.interpolant(net, x, other(x)))
    longer = learned.minus(vanishing)
    np.testing.assert_allclose(longer(x), learned(x), atol=1e-6)
    assert longer.norm**2 == pytest.approx(learned.norm**2 + vanishing.norm**2, rel=1e-5)


@given(st.integers(0, 10**6), st.integers(2, 24), st.integers(1, 20), st.floats(0, 0.5))
def test_lemma_55_and_the_steps_of_theorem_16_hold_on_any_draw(seed, n, depth, noise):
    net = nk.mlp(depth, RELU)
    asked = overfitting.random_problem(net, 6, norm=0.5, noise=noise, seed=seed)
    x = draw(6, n, seed)
    covariance = SphereCovariance(overfitting.zonal_spectrum(net, 6, degree=24))
    risk = overfitting.excess_risk(asked.best, x, asked.labels(x, np.random.default_rng(seed)), covariance)
    top = covariance.spectrum.norm
    assert -1e-15 < risk.excess <= risk.lemma_55 * (1 + 1e-9) + 1e-15
    assert risk.bias <= top * asked.norm**2 * (1 + 1e-9)
    assert risk.noise <= top / risk.smallest * risk.residual * (1 + 1e-9) + 1e-18
    assert risk.excess <= top * risk.distance * (1 + 1e-9) + 1e-15
    assert risk.residual == pytest.approx(n * noise**2, rel=1e-9, abs=1e-15)


# ---- excess risk by its definition


@pytest.mark.parametrize(("sigma", "depth", "n"), [(RELU, 1, 12), (TANH, 3, 60), (RELU, 8, 40)])
def test_excess_risk_by_its_definition_agrees_with_the_kernel_form(sigma, depth, n):
    net = nk.mlp(depth, sigma)
    asked = overfitting.random_problem(net, 8, seed=5)
    x = draw(8, n, seed=6)
    y = asked.labels(x, np.random.default_rng(7))
    exact = overfitting.excess_risk(asked.best, x, y, SphereCovariance(overfitting.zonal_spectrum(net, 8)))
    test = draw(8, 40_000, seed=8)
    mean, error = overfitting.measured_excess_risk(asked, x, y, test)
    assert abs(mean - exact.excess) < 5 * error < 0.2 * exact.excess
    # and labels with drawn noise, as a reader would measure it
    labels = asked.labels(test, np.random.default_rng(9))
    learned = overfitting.interpolant(net, x, y)
    losses = (labels - learned(test)) ** 2 - (labels - asked.best(test)) ** 2
    assert abs(losses.mean() - exact.excess) < 5 * losses.std() / np.sqrt(len(test))
    # the bound of Lemma 55, sampled
    by_sample = overfitting.excess_risk(asked.best, x, y, SampledCovariance(net, test))
    assert by_sample.excess == pytest.approx(mean, rel=1e-9)
    assert by_sample.lemma_55 == pytest.approx(exact.lemma_55, rel=0.1)


def test_lemma_55_holds_where_no_predictor_fits_the_mean_of_the_labels():
    # Given an odd kernel, and labels with an even part, orthogonal to every predictor: v* stays optimal
    dim, net = 6, nk.mlp(3, TANH)
    asked = overfitting.random_problem(net, dim, norm=0.4, noise=0.0)
    direction = draw(dim, 1, seed=3)[0]

    def labels(x):
        return asked.best(x) + 0.5 * (dim * (x @ direction) ** 2 - 1) / (dim - 1)

    x, test = draw(dim, 30, seed=4), draw(dim, 60_000, seed=5)
    # When excess risk is measured by its definition
    learned, y = overfitting.interpolant(net, x, labels(x)), labels(test)
    losses = (y - learned(test)) ** 2 - (y - asked.best(test)) ** 2
    # Then it is what the kernel form says, at most what Lemma 55 does
    covariance = SphereCovariance(overfitting.zonal_spectrum(net, dim))
    found = overfitting.excess_risk(asked.best, x, labels(x), covariance)
    assert abs(losses.mean() - found.excess) < 5 * losses.std() / np.sqrt(len(test))
    assert found.excess <= found.lemma_55


def test_on_average_over_the_noise_bias_and_noise_add_up():
    net = nk.mlp(3, RELU)
    asked = overfitting.random_problem(net, 8, seed=1)
    covariance, x = SphereCovariance(overfitting.zonal_spectrum(net, 8, degree=48)), draw(8, 16, seed=2)
    generator = np.random.default_rng(0)
    risks = [overfitting.excess_risk(asked.best, x, asked.labels(x, generator), covariance) for _ in range(200)]
    cross = np.array([risk.excess - risk.bias - risk.noise for risk in risks])
    assert abs(cross.mean()) < 5 * cross.std() / np.sqrt(len(cross))


# ---- statements


@given(st.integers(2, 10**7), st.floats(1e-6, 0.999))
def test_sharp_lemma_54_solves_the_equation_of_chernoff(n, chance):
    most = 1 + (n - 1) / (2 * n)
    scaled = overfitting.lemma_54_sharp(n, chance) * n
    assert scaled - most - most * np.log(scaled / most) == pytest.approx(-np.log1p(-chance), rel=1e-5, abs=1e-12)
    assert scaled > most
    if chance <= 0.5:
        assert scaled < 3.5
        assert overfitting.lemma_54_sharp(n, chance) < overfitting.lemma_54(n)


@given(st.integers(2, 10**6), st.floats(0.001, 0.5), st.floats(0, 1e3))
def test_sharp_theorem_16_is_below_the_stated_one(n, chance, norm):
    assert overfitting.theorem_16_sharp(n, chance, norm) < overfitting.theorem_16(n, norm)


def test_excess_risk_vanishes_for_norms_up_to_the_number_of_points_and_so_does_what_can_be_explained():
    n = np.array([1e2, 1e12, 1e14])
    for power, exponent in ((0.0, -1), (0.75, -0.5), (1.0, 0)):
        found = overfitting.theorem_16_sharp(n, 0.1, n**power)
        assert np.log(found[-1] / found[-2]) / np.log(100) == pytest.approx(exponent, abs=0.01)
    # as stated the bound already grows for ‖v*‖ = n^¾, and what v* explains, at most ‖Σ‖‖v*‖², vanishes before n
    assert np.all(np.diff(overfitting.theorem_16(n, n**0.75)) > 0)
    assert np.all(np.diff(overfitting.lemma_54_sharp(n**2) * n**1.5) < 0)


@given(st.integers(2, 1000), st.floats(1e-12, 1), st.floats(0.05, 1))
def test_required_depth_is_the_formula(n, delta, mu):
    growth = conditioning.L0(delta, mu) if delta < 0.5 else 0
    decay = np.log(n**2) / -np.log1p(-mu / 2)
    assert overfitting.required_depth(n, delta, mu) - growth in (np.ceil(decay), np.ceil(decay - 1e-9))


def test_at_the_required_depth_random_points_are_nearly_orthogonal_as_often_as_promised():
    sigma = nk.activation("abs").normalized()  # a large μ, so that few layers are enough
    n, chance, dim, draws = 7, 0.4, 4, 40
    delta = overfitting.sphere_separation(n**2, chance, dim).low
    net = nk.mlp(overfitting.required_depth(n, delta, sigma.coefficient_of_nonlinearity), sigma)
    within = 0
    for seed in range(draws):
        own = np.linalg.eigvalsh(net.nngp(draw(dim, n, seed)))
        many = np.linalg.eigvalsh(net.nngp(draw(dim, n**2, seed)))
        within += own[0] >= 0.5 and own[-1] <= 1.5 and many[-1] <= 1.5
    assert within >= binom.ppf(1e-6, draws, 1 - chance)


def test_atom_among_orthogonal_points_shows_that_the_rate_is_right():
    # Given the heaviest atom that ten thousand draws hit at most once with probability ½
    n = 10_000
    mass = brentq(lambda s: (1 - s) ** n + n * s * (1 - s) ** (n - 1) - 0.5, 0, 1, xtol=1e-14)
    # When points on orthogonal axes are drawn, the first being the atom, the others so many that none comes twice
    hits = np.random.default_rng(0).binomial(n, mass, 20_000)
    # Then Δ(n, ½) = 1, at which no depth beyond L₁ is asked for, and ‖Σ‖ = mass is half of what is allowed
    assert abs(np.mean(hits <= 1) - 0.5) < 5 * 0.5 / np.sqrt(20_000)
    assert 0.45 < mass / overfitting.lemma_54_sharp(n) < 0.5
    assert mass * n == pytest.approx(1.678, abs=1e-3)


# ---- learning curves


@pytest.mark.parametrize(("sigma", "depth"), [(RELU, 3), (RELU, None), (TANH, 1)])
def test_learning_curve_is_what_single_problems_give(sigma, depth):
    # Given a curve, computed by one pass through the layers and a table
    found = overfitting.learning_curve(sigma, 6, (3, 20), depth=depth, noise=0.25, seed=4)
    # When the same training points are met by the exact kernel matrix of each depth
    generator = np.random.default_rng(np.random.SeedSequence(4, spawn_key=(2, 0)))
    points, signs = UniformSphere(6).draw(20, generator), generator.choice([-1.0, 1.0], 20)
    for place, (n, layers) in enumerate(zip(found.n, found.depth, strict=True)):
        net = nk.mlp(int(layers), sigma)
        best = overfitting.random_problem(net, 6, noise=0.25, seed=4).best
        y = best(points[:n]) + 0.25 * signs[:n]
        covariance = SphereCovariance(overfitting.zonal_spectrum(net, 6))
        risk = overfitting.excess_risk(best, points[:n], y, covariance)
        # Then both agree
        for name, value in {
            "excess": risk.excess,
            "bias": risk.bias,
            "noise_part": risk.noise,
            "zero": risk.zero,
        }.items():
            assert getattr(found, name)[place] == pytest.approx(value, rel=1e-5), name
        assert found.smallest[place] == pytest.approx(risk.smallest, rel=1e-9)
        assert found.largest[place] == pytest.approx(covariance.spectrum.norm, rel=1e-9)


def test_repeats_are_averaged():
    one, many = (overfitting.learning_curve(RELU, 8, (4, 12), depth=2, repeats=r, seed=2) for r in (1, 6))
    assert one.excess[1] != many.excess[1]
    np.testing.assert_allclose(one.zero, many.zero, rtol=1e-12)
    assert many.smallest[1] <= one.smallest[1]


def test_curve_at_the_required_depth_keeps_what_is_proved():
    for sigma in (RELU, TANH):
        found = overfitting.learning_curve(sigma, 10, (2, 8, 32), noise=0.5, gamma=0.4)
        np.testing.assert_array_equal(found.depth, found.required)
        assert np.all(found.excess <= found.lemma_55)
        assert np.all(found.lemma_55 <= found.bound)
        assert np.all(found.excess <= found.sharp)
        assert np.all(found.largest <= found.norm_sharp)
        assert np.all(found.norm_sharp <= found.norm_bound)
        assert np.all(found.smallest >= 0.5)
        # the trend of Theorem 16: faster than log(n)/n
        assert np.all(np.diff(found.excess * found.n / np.log(found.n)) < 0)


def test_shallow_curve_is_silent_about_the_theorem():
    found = overfitting.learning_curve(RELU, 10, (4, 8), depth=3)
    for name in ("bound", "sharp", "norm_bound", "norm_sharp"):
        assert np.isnan(getattr(found, name)).all()


# ---- refusals


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: overfitting.sphere_separation(1, 0.1, 3), "m must be a whole number, at least 2"),
        (lambda: overfitting.sphere_separation(5, 1.0, 3), r"gamma must lie in \(0, 1\)"),
        (lambda: overfitting.sphere_separation(5, 0.1, 1), "dim must be a whole number, at least 2"),
        (lambda: overfitting.close_pair_probability(1.5, 3), r"delta must lie in \[0, 1\]"),
        (lambda: overfitting.sampled_separation(UniformSphere(3), 5, 0.1, draws=0), "draws must be"),
        (lambda: overfitting.Resampled(np.eye(3)).draw(4, np.random.default_rng(0)), "at most the number of rows, 3"),
        (lambda: overfitting.required_depth(10, 0.0, 0.5), "no depth is enough"),
        (lambda: overfitting.lemma_54(1), "n must be a whole number of points, at least 2"),
        (lambda: overfitting.lemma_54_sharp(5, 0.0), r"gamma must lie in \(0, 1\)"),
        (lambda: overfitting.theorem_16(5, -1.0), "norm must be 0 or more"),
        (lambda: overfitting.zonal_spectrum(nk.mlp(1, RELU), 3, degree=0), "degree must be"),
        (lambda: overfitting.random_problem(nk.mlp(1, RELU), 5, norm=0.9, noise=0.3), "at most 1, so that labels lie"),
        (lambda: overfitting.learning_curve(nk.activation("relu")), "needs a normalised activation"),
        (lambda: overfitting.learning_curve(nk.activation("hermite", k=1)), "linear activation separates nothing"),
        (lambda: overfitting.learning_curve(RELU, n=(8, 4)), "ascending sizes"),
        (lambda: overfitting.learning_curve(RELU, noise=0.8), "at most 1, so that labels lie"),
        (lambda: overfitting.interpolant(nk.mlp(0, RELU), draw(3, 9), np.ones(9)), "take a deeper network"),
    ],
)
def test_refusals_say_what_must_hold(call, words):
    with pytest.raises(ValueError, match=words):
        call()
