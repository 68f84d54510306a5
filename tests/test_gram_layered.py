"""Du's population Gram matrices: against the paper's recursions by another quadrature, and networks of finite width."""

import numpy as np
import pytest
import torch

import ntkit as nk
from ntkit import gram
from ntkit.architectures import Architecture, Convolution, Dense, Elementwise, GlobalAverage, Residual
from ntkit.gram.covariances import Covariance, through
from ntkit.gram.layered import least_of_gaps

SOFTPLUS, TANH, RELU = (nk.activation(name) for name in ("softplus", "tanh", "relu"))
PAIR = np.array([[1, 0], [0.5, 0.75**0.5]])  # ρ = ½
TRIPLE = np.array([[0.2, 0, 0], [0.3, 0.9, 0.3], [-1, 2, 3.3]])  # of norms 0.2, 1 and 4
NODES = np.linspace(-9, 9, 241)
WEIGHTS = np.exp(-(NODES**2) / 2) / np.sqrt(2 * np.pi) * (NODES[1] - NODES[0])


def eight_points():
    """The points of the spec's depth table."""
    x = np.random.default_rng(0).standard_normal((10, 8)).T
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def two_images():
    images = np.array([[[1, 0, 2, -1], [0, 1, -1, 1]], [[0, 1, 1, 0], [1, -1, 0, 2]]], dtype=float)
    return images / np.linalg.norm(images, axis=(1, 2), keepdims=True)


# ---- the oracle: loops over pairs, the trapezoidal rule in the plane, which is exact for what is analytic


def expectation(f, first, second, cross):
    """E f(u)f(v) for (u, v) ~ N(0, [[first, cross], [cross, second]])."""
    u = np.sqrt(first) * NODES[:, None]
    v = cross / np.sqrt(first) * NODES[:, None] + np.sqrt(max(second - cross**2 / first, 0)) * NODES
    return WEIGHTS @ (f(u) * f(v)) @ WEIGHTS


def pairwise(f, k):
    n = len(k)
    return np.array([[expectation(f, k[i, i], k[j, j], k[i, j]) for j in range(n)] for i in range(n)])


def mean(f, q):
    return np.array([WEIGHTS @ f(np.sqrt(value) * NODES) for value in q])


def fully_connected(sigma, x, depth):
    factor = 1 / (WEIGHTS @ sigma(NODES) ** 2)
    k = x @ x.T
    for _ in range(depth - 1):
        k = factor * pairwise(sigma, k)
    return factor * k * pairwise(sigma.derivative, k)


def residual(sigma, x, depth, s):
    factor = 1 / (WEIGHTS @ sigma(NODES) ** 2)
    k = x @ x.T
    b, k = np.sqrt(factor) * mean(sigma, np.diag(k)), factor * pairwise(sigma, k)
    for _ in range(depth - 2):
        e = mean(sigma, np.diag(k))
        k, b = k + s * (np.outer(b, e) + np.outer(e, b)) + s**2 * pairwise(sigma, k), b + s * e
    return s**2 * k * pairwise(sigma.derivative, k)


def convolutional(sigma, images, depth, s, window):
    n, _, p = images.shape
    patch = patch_operator(n, p, window)
    factor = 1 / (WEIGHTS @ sigma(NODES) ** 2)
    pixels = images.transpose(0, 2, 1).reshape(n * p, -1)
    k = patch(pixels @ pixels.T)
    b, h = np.sqrt(factor) * mean(sigma, np.diag(k)), factor * pairwise(sigma, k)
    for _ in range(depth - 2):
        k = patch(h)
        e = mean(sigma, np.diag(k))
        h, b = h + s * (np.outer(b, e) + np.outer(e, b)) + s**2 * pairwise(sigma, k), b + s * e
    k = patch(h)
    return (s**2 * k * pairwise(sigma.derivative, k)).reshape(n, p, n, p).sum(axis=(1, 3))


def patch_operator(n, p, window):
    """K ↦ Σ_o S_o K S_oᵀ, S_o the shift by o pixels within each image: 𝒲 of Theorem D.1."""
    shifts = [np.kron(np.eye(n), np.eye(p, k=o)) for o in range(-(window // 2), window // 2 + 1)]
    return lambda k: sum(shift @ k @ shift.T for shift in shifts)


# ---- covariances


@pytest.mark.parametrize("sigma", [SOFTPLUS, TANH, nk.activation("swish")])
@pytest.mark.parametrize("x", [PAIR, TRIPLE, eight_points()])
def test_one_layer_has_the_expectations_of_another_quadrature(sigma, x):
    covariance = Covariance.of(x)
    after, slopes = through(sigma, covariance, slope=True)
    np.testing.assert_allclose(covariance.matrix, x @ x.T, atol=1e-14)
    np.testing.assert_allclose(after.matrix, pairwise(sigma, x @ x.T), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(slopes, pairwise(sigma.derivative, x @ x.T), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("x", [PAIR, TRIPLE, eight_points(), -TRIPLE])
def test_pair_floor_is_the_least_eigenvalue_of_two_by_two_blocks(x):
    k, n = x @ x.T, len(x)
    blocks = [k[np.ix_([i, j], [i, j])] for i in range(n) for j in range(i)]
    expected = min(np.linalg.eigvalsh(block)[0] for block in blocks)
    assert Covariance.of(x).pair_floor == pytest.approx(expected, rel=1e-10)


def test_close_inputs_keep_their_distance():
    close = np.array([[1.0, 0.0], [np.cos(1e-9), np.sin(1e-9)]])
    covariance = Covariance.of(close)
    assert covariance.pair_floor == pytest.approx(5e-19, rel=1e-6)
    after = through(SOFTPLUS, covariance)[0]
    slope = WEIGHTS @ SOFTPLUS.derivative(NODES) ** 2
    assert after.half_distance[0, 1] == pytest.approx(5e-19 * slope, rel=1e-6)


def test_blank_inputs_have_the_covariances_of_a_constant():
    after, slopes = through(SOFTPLUS, Covariance.of([[0.0, 0.0], [0.6, 0.8]]), slope=True)
    expected = np.log(2) * np.array([[np.log(2), mean(SOFTPLUS, [1.0])[0]]])
    np.testing.assert_allclose(after.matrix[:1], expected, rtol=1e-12)
    np.testing.assert_allclose(slopes[0], [0.25, 0.5 * mean(SOFTPLUS.derivative, [1.0])[0]], rtol=1e-10)


# ---- the recursions


@pytest.mark.parametrize("sigma", [SOFTPLUS, TANH])
@pytest.mark.parametrize("x", [PAIR, TRIPLE])
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_fully_connected_recursion(sigma, x, depth):
    found = gram.fully_connected_gram(sigma, x, depth)
    np.testing.assert_allclose(found.gram, fully_connected(sigma, x, depth), rtol=1e-8, atol=1e-10)
    assert len(found.covariances) == depth


@pytest.mark.parametrize("sigma", [SOFTPLUS, TANH])
@pytest.mark.parametrize("x", [PAIR, TRIPLE])
@pytest.mark.parametrize("depth", [2, 3, 5])
def test_residual_recursion(sigma, x, depth):
    found = gram.residual_gram(sigma, x, depth, c_lambda=0.9, pair_floor=1.0)
    assert found.branch == pytest.approx(0.9 / depth, rel=1e-15)
    np.testing.assert_allclose(found.gram, residual(sigma, x, depth, 0.9 / depth), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("window", [1, 3, 5])
@pytest.mark.parametrize("depth", [2, 4])
def test_convolutional_recursion(window, depth):
    images = np.random.default_rng(1).standard_normal((2, 3, 4))
    found = gram.convolutional_gram(SOFTPLUS, images, depth, window=window, c_lambda=0.9, pair_floor=1.0)
    expected = convolutional(SOFTPLUS, images, depth, found.branch, window)
    np.testing.assert_allclose(found.gram, expected, rtol=1e-7, atol=1e-10)


def test_one_pixel_and_a_window_of_one_are_the_residual_network():
    plain = gram.residual_gram(SOFTPLUS, TRIPLE, 4, pair_floor=0.3)
    images = gram.convolutional_gram(SOFTPLUS, TRIPLE[:, :, None], 4, window=1, pair_floor=0.3)
    np.testing.assert_allclose(images.gram, plain.gram, rtol=1e-12)


def test_numbers_of_the_spec_for_vectors():
    layers = gram.fully_connected_gram(SOFTPLUS, PAIR, 4).covariances
    correlations = [layer.matrix[0, 1] for layer in layers[1:]]
    np.testing.assert_allclose(correlations, [0.8467643196, 0.9517692032, 0.9846969822], atol=6e-11)
    off = [gram.fully_connected_gram(SOFTPLUS, PAIR, depth).gram for depth in (1, 2, 3, 4)]
    np.testing.assert_allclose([k[0, 0] for k in off], 0.318458983684, atol=6e-13)
    expected = [0.147315892001, 0.263392225732, 0.300870883894, 0.312852802071]
    np.testing.assert_allclose([k[0, 1] for k in off], expected, atol=6e-13)


@pytest.mark.parametrize(
    ("depth", "diagonal", "beside", "same", "other"),
    [
        (2, 1, 0.846764319608, 2.292023717641e-3, 1.895695393599e-3),
        (3, 1.082976160937, 0.929586201295, 1.112734523840e-3, 9.335229578827e-4),
        (4, 1.126347765707, 0.972937891071, 6.538037900762e-4, 5.521575295451e-4),
    ],
)
def test_numbers_of_the_spec_for_the_residual_network(depth, diagonal, beside, same, other):
    found = gram.residual_gram(SOFTPLUS, PAIR, depth, c_lambda=0.5, pair_floor=0.5)
    np.testing.assert_allclose(found.covariances[-1].matrix[0], [diagonal, beside], atol=6e-13)
    np.testing.assert_allclose(found.gram[0], [same, other], rtol=1e-12)


@pytest.mark.parametrize(
    ("depth", "expected"),
    [(2, [0.055821019254, 0.054155631719, 0.054668073843]), (3, [0.028465469874, 0.027673296547, 0.027877424155])],
)
def test_numbers_of_the_spec_for_images(depth, expected):
    found = gram.convolutional_gram(SOFTPLUS, two_images(), depth, pair_floor=0.5).gram
    np.testing.assert_allclose(found[np.triu_indices(2)], expected, atol=6e-13)


def test_constants_of_the_spec():
    assert gram.scaling_constant(SOFTPLUS) == pytest.approx(1.0854865030, abs=6e-11)
    assert gram.scaling_constant_over(SOFTPLUS, 4**-0.5) == pytest.approx(1.7016, abs=6e-5)
    assert gram.scaling_constant_over(SOFTPLUS, 16**-0.5) == pytest.approx(1.9724, abs=6e-5)


def test_scaling_constant_over_a_range_finds_a_worst_point_inside_it():
    # (x² − 1)/√2 has E σ(αZ)² = (3α⁴ − 2α² + 1)/2, least at α² = ⅓
    assert gram.scaling_constant_over(nk.activation("quadratic"), 0.3) == pytest.approx(3, rel=1e-12)


@pytest.mark.parametrize("sigma", [SOFTPLUS, TANH, RELU])
def test_scaling_constant_over_a_range_is_that_of_its_worst_point(sigma):
    alphas = np.linspace(0.3, 1, 200)
    worst = min(sigma.rescaled(float(alpha)).second_moment for alpha in alphas)
    assert gram.scaling_constant_over(sigma, 0.3) == pytest.approx(1 / worst, rel=1e-9)


# ---- the layer algebra: the neural tangent kernel with only the last hidden weight matrix trained

FIXED = {"trains_weight": False, "trains_bias": False}


def unit(sigma):
    """√c_σ σ, elementwise."""
    return Elementwise(sigma.with_unit_second_moment())


def fully_connected_architecture(sigma, depth):
    """H layers, of which the last is trained."""
    layers = [Dense(fan_in_scaling=h > 0, trains_weight=h == depth - 1, trains_bias=False) for h in range(depth)]
    return Architecture(tuple((layer, unit(sigma)) for layer in layers), (Dense(**FIXED),))


def residual_architecture(sigma, depth, s):
    first = Dense(fan_in_scaling=False, **FIXED)
    branches = [Dense(trains_weight=h == depth, trains_bias=False) for h in range(2, depth + 1)]
    blocks = [(first, unit(sigma)), *((Residual((layer, Elementwise(sigma)), s),) for layer in branches)]
    return Architecture(tuple(blocks), (Dense(**FIXED),))


def convolutional_architecture(sigma, depth, s, window, pixels):
    """Patches are not divided by the root of their pixels, and the read-out sums over pixels: hence the stds."""
    first = Convolution(window, fan_in_scaling=False, padding="zero", **FIXED)
    branches = [
        Convolution(window, window**0.5, padding="zero", trains_weight=h == depth, trains_bias=False)
        for h in range(2, depth + 1)
    ]
    blocks = [[first, unit(sigma)], *([Residual((layer, Elementwise(sigma)), s)] for layer in branches)]
    blocks[-1].append(GlobalAverage())
    return Architecture(tuple(map(tuple, blocks)), (Dense(float(pixels), **FIXED),))


@pytest.mark.parametrize("sigma", [SOFTPLUS, TANH, RELU])
@pytest.mark.parametrize("x", [PAIR, TRIPLE])
@pytest.mark.parametrize("depth", [2, 4])
def test_recursions_for_vectors_are_the_tangent_kernel_of_the_last_layer(sigma, x, depth):
    plain = fully_connected_architecture(sigma, depth).ntk(x)
    np.testing.assert_allclose(gram.fully_connected_gram(sigma, x, depth).gram, plain, rtol=1e-9)
    found = gram.residual_gram(sigma, x, depth, c_lambda=0.9, pair_floor=1.0)
    np.testing.assert_allclose(found.gram, residual_architecture(sigma, depth, found.branch).ntk(x), rtol=1e-9)


@pytest.mark.parametrize("window", [1, 3])
@pytest.mark.parametrize("depth", [2, 3])
def test_recursion_for_images_is_the_tangent_kernel_of_the_last_layer(window, depth):
    images = np.random.default_rng(4).standard_normal((3, 2, 5))
    images[0, :, :3] = 0.0  # a blank part, with patches of zeros
    found = gram.convolutional_gram(SOFTPLUS, images, depth, window=window, c_lambda=0.9, pair_floor=1.0)
    architecture = convolutional_architecture(SOFTPLUS, depth, found.branch, window, 5)
    np.testing.assert_allclose(found.gram, architecture.ntk(images), rtol=1e-9)


# ---- what depth does to the least eigenvalue


@pytest.mark.parametrize(
    ("depth", "pair", "plain", "skipping"),
    [
        (2, 4.952e-2, 6.975e-3, 1.566e-6),
        (4, 4.997e-3, 6.911e-4, 3.926e-7),
        (8, 5.137e-5, 7.091e-6, 9.831e-8),
        (16, 5.434e-9, 7.501e-10, 2.460e-8),
    ],
)
def test_depth_table_of_the_spec(depth, pair, plain, skipping):
    found = gram.fully_connected_gram(SOFTPLUS, eight_points(), depth)
    assert found.pair_floors[-1] == pytest.approx(pair, rel=2e-4)
    assert found.pair_floor == found.pair_floors[-1]
    assert found.least_eigenvalue == pytest.approx(plain, rel=2e-4)
    residual_found = gram.residual_gram(SOFTPLUS, eight_points(), depth)
    assert residual_found.least_eigenvalue == pytest.approx(skipping, rel=4e-4)
    assert 6.2615e-6 <= residual_found.least_eigenvalue * depth**2 <= 6.2975e-6


def test_depth_raises_the_least_eigenvalue_of_tanh():
    found = [gram.fully_connected_gram(TANH, eight_points(), depth).least_eigenvalue for depth in (2, 4, 8, 16)]
    np.testing.assert_allclose(found, [0.1996, 0.2790, 0.4378, 0.7170], atol=6e-5)


def test_least_eigenvalue_below_rounding_is_that_of_sixty_digits():
    mpmath = pytest.importorskip("mpmath")
    # Given a matrix whose entries agree to 20 digits, from positive definite differences
    generator = np.random.default_rng(3)
    points = generator.standard_normal((6, 4))
    distances = ((points[:, None] - points) ** 2).sum(axis=2)
    gaps = 1e-20 * (np.sqrt(distances) + distances)
    # When its least eigenvalue is computed from the differences, and with 60 digits
    with mpmath.workdps(60):
        exact = mpmath.eigsy(mpmath.matrix([[mpmath.mpf(1) - mpmath.mpf(g) for g in row] for row in gaps]))[0]
        expected = float(min(exact))
    # Then they agree
    assert least_of_gaps(1.0, gaps) == pytest.approx(expected, rel=1e-11)


def test_least_eigenvalue_falls_by_one_rate_a_layer_however_small_it_is():
    found = [gram.fully_connected_gram(SOFTPLUS, eight_points(), depth).least_eigenvalue for depth in (30, 31, 32)]
    rate = SOFTPLUS.derivative_second_moment / SOFTPLUS.second_moment
    np.testing.assert_allclose(np.divide(found[1:], found[:-1]), rate, rtol=1e-8)
    assert found[-1] < 1e-17


def test_depths_are_followed_one_by_one_and_skips_pay_between_two_of_them():
    depths = [16, 2, 12, 13, 12]
    found = gram.gram_by_depth(SOFTPLUS, eight_points(), depths, c_lambda=0.5)
    assert found.depths.tolist() == [2, 12, 13, 16]
    for k, depth in enumerate(found.depths):
        plain = gram.fully_connected_gram(SOFTPLUS, eight_points(), int(depth))
        assert found.fully_connected[k] == plain.least_eigenvalue
        assert found.pair_floors[k] == plain.pair_floors[-1]
    assert 12 < found.crossover < 13
    assert gram.gram_by_depth(TANH, eight_points(), [2, 16]).crossover is None


def test_singular_matrices_are_silent_over_depth():
    x = np.random.default_rng(0).standard_normal((5, 3))  # five points of three dimensions, and features of degree one
    found = gram.gram_by_depth(nk.activation("identity"), x / np.linalg.norm(x, axis=1, keepdims=True), [2, 4])
    assert np.all(np.isnan(found.fully_connected) & np.isnan(found.residual))
    assert found.crossover is None
    assert "singular to rounding" in nk.figures.layered_picture(found).summary


def test_two_points_of_one_direction_are_refused():
    with pytest.raises(ValueError, match="λ vanishes"):
        gram.residual_gram(SOFTPLUS, [[1.0, 0.0], [1.0, 0.0]], 3)
    with pytest.raises(ValueError, match="singular"):
        _ = gram.fully_connected_gram(SOFTPLUS, [[1.0, 0.0], [1.0, 0.0]], 3).least_eigenvalue


def test_a_single_input_has_no_pair():
    assert gram.fully_connected_gram(SOFTPLUS, PAIR[:1], 3).least_eigenvalue == pytest.approx(0.318458983684)
    with pytest.raises(ValueError, match="a pair has two inputs"):
        gram.residual_gram(SOFTPLUS, PAIR[:1], 3)
    assert gram.residual_gram(SOFTPLUS, PAIR[:1], 3, pair_floor=0.5).gram.shape == (1, 1)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="at least 2"):
        gram.residual_gram(SOFTPLUS, PAIR, 1)
    with pytest.raises(ValueError, match="odd number"):
        gram.convolutional_gram(SOFTPLUS, two_images(), 2, window=2)
    with pytest.raises(ValueError, match="no jump"):
        gram.fully_connected_gram(nk.activation("sign"), PAIR, 2)
    with pytest.raises(ValueError, match="c_lambda"):
        gram.branch_scale(3, 1.0, 0.5)
    with pytest.raises(ValueError, match="shape"):
        gram.convolutional_gram(SOFTPLUS, PAIR, 2)


# ---- networks of finite width


def draws(make, x, count):
    """G^(H) of networks from many seeds: their mean, and its standard error."""
    samples = np.array([make(seed).layer_grams(x)[-1] for seed in range(count)])
    return samples.mean(axis=0), samples.std(axis=0, ddof=1) / np.sqrt(count)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_fully_connected_networks_have_the_population_gram(depth):
    average, error = draws(lambda seed: gram.layered_network(SOFTPLUS, 3, depth, 300, seed=seed), TRIPLE, 60)
    expected = gram.fully_connected_gram(SOFTPLUS, TRIPLE, depth).gram
    assert np.all(np.abs(average - expected) < 5 * error)


@pytest.mark.parametrize("depth", [2, 4])
def test_residual_networks_have_the_population_gram(depth):
    population = gram.residual_gram(SOFTPLUS, TRIPLE, depth, c_lambda=0.9, pair_floor=2.0)
    average, error = draws(
        lambda seed: gram.layered_network(SOFTPLUS, 3, depth, 300, branch=population.branch, seed=seed), TRIPLE, 60
    )
    assert np.all(np.abs(average - population.gram) < 5 * error)


@pytest.mark.parametrize("depth", [2, 4])
def test_convolutional_networks_have_the_population_gram(depth):
    images = two_images()
    population = gram.convolutional_gram(SOFTPLUS, images, depth, c_lambda=0.9, pair_floor=1.0)
    average, error = draws(
        lambda seed: gram.layered_network(SOFTPLUS, 2, depth, 200, window=3, branch=population.branch, seed=seed),
        images,
        60,
    )
    assert np.all(np.abs(average - population.gram) < 5 * error)


def test_entries_approach_the_population_like_the_root_of_the_width():
    expected, spreads = gram.fully_connected_gram(SOFTPLUS, PAIR, 2).gram, []
    for width in (100, 400, 1600):
        samples = [gram.layered_network(SOFTPLUS, 2, 2, width, seed=s).layer_grams(PAIR)[-1] for s in range(40)]
        spreads.append(np.sqrt(np.mean((np.array(samples) - expected) ** 2)))
    slope = np.polyfit(np.log([100, 400, 1600]), np.log(spreads), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.15)


def test_a_width_that_suffices_does():
    # Given what the error at a small width says of the width at which it is λ₀/4
    x = eight_points()
    population = gram.fully_connected_gram(TANH, x, 1)
    width = gram.gram_error(TANH, x, population, 200, draws=20).sufficient_width
    # When networks of that width are drawn
    found = gram.gram_error(TANH, x, population, round(width), draws=10, seed=100)
    # Then it is
    assert found.errors.mean() == pytest.approx(population.least_eigenvalue / 4, rel=0.3)


@pytest.mark.parametrize("branch", [None, 0.4])
def test_all_layers_together_are_the_tangent_kernel_with_a_fixed_read_out(branch):
    # Given networks of finite width with all their hidden matrices trained, and the limit by the layer algebra
    depth, trained = 3, {"trains_bias": False}
    if branch is None:
        blocks = [(Dense(fan_in_scaling=h > 0, **trained), unit(SOFTPLUS)) for h in range(depth)]
    else:
        blocks = [(Dense(fan_in_scaling=False, **trained), unit(SOFTPLUS))]
        blocks += [(Residual((Dense(**trained), Elementwise(SOFTPLUS)), branch),)] * (depth - 1)
    expected = Architecture(tuple(blocks), (Dense(**FIXED),)).ntk(TRIPLE)
    # When G = Σ_h G^(h) is averaged over draws
    samples = np.array(
        [gram.layered_network(SOFTPLUS, 3, depth, 300, branch=branch, seed=s).gram(TRIPLE) for s in range(60)]
    )
    # Then the limit is within five standard errors
    error = samples.std(axis=0, ddof=1) / np.sqrt(60)
    assert np.all(np.abs(samples.mean(axis=0) - expected) < 5 * error)


@pytest.mark.parametrize(("window", "branch", "x"), [(1, None, TRIPLE), (1, 0.4, TRIPLE), (3, 0.4, two_images())])
def test_layer_grams_are_inner_products_of_gradients(window, branch, x):
    network = gram.layered_network(TANH, x.shape[1], 3, 11, window=window, branch=branch)
    weights = [weight.clone().requires_grad_() for weight in network.weights]
    outputs = gram.LayeredNetwork(TANH, tuple(weights), network.signs, window, branch).outputs(x)
    gradients = [torch.autograd.grad(output, weights, retain_graph=True) for output in outputs]
    expected = [[[float((a[h] * b[h]).sum()) for b in gradients] for a in gradients] for h in range(3)]
    np.testing.assert_allclose(network.layer_grams(x), expected, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(network.gram(x), np.sum(expected, axis=0), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("window", [3, 5])
def test_patches_hold_each_pixel_at_least_once_and_at_most_so_often(window):
    images = np.random.default_rng(0).standard_normal((5, 2, 7))
    network = gram.layered_network(SOFTPLUS, 2, 1, 4, window=window)
    whole = np.linalg.norm(network._patches(torch.as_tensor(images)).numpy(), axis=(1, 2))
    plain = np.linalg.norm(images, axis=(1, 2))
    assert np.all((plain <= whole) & (whole <= np.sqrt(window) * plain))


def test_one_step_of_descent_follows_the_gram_matrix():
    # u(1) − u(0) = ηG(y − u(0)) to first order in η: the identity I₁ of section 6
    network, y = gram.layered_network(SOFTPLUS, 3, 3, 40), np.array([1.0, -1.0, 0.5])
    found = gram.stability(network, TRIPLE, y, 1e-7, 1)
    moved = found.residuals[0] - found.residuals[1]
    np.testing.assert_allclose(moved, 1e-7 * network.gram(TRIPLE) @ found.residuals[0], rtol=1e-4)


def test_wider_networks_move_their_gram_matrices_less():
    x, y = eight_points(), np.random.default_rng(1).choice([-1.0, 1.0], 8)
    narrow, wide = (gram.stability(gram.layered_network(SOFTPLUS, 10, 3, width), x, y, 0.1, 100) for width in (64, 512))
    np.testing.assert_allclose(wide.shares, [0.07, 0.22, 0.71], atol=0.02)  # of the spec
    assert np.all(wide.gram_drift < 0.6 * narrow.gram_drift)
    least = gram.fully_connected_gram(SOFTPLUS, x, 3).least_eigenvalue
    assert np.all(wide.loss <= wide.promised(least) * (1 + 1e-12))
    assert wide.loss[0] == pytest.approx(wide.linearised_loss[0], rel=1e-12)


def test_least_eigenvalue_of_a_whole_residual_network_is_that_of_one_layer():
    # its λ₀, which the theorem has in the rate, is 7·10⁻⁷
    x = eight_points()
    population = gram.residual_gram(SOFTPLUS, x, 3)
    assert population.least_eigenvalue == pytest.approx(7.0e-7, rel=0.01)
    network = gram.layered_network(SOFTPLUS, 10, 3, 1000, branch=population.branch)
    first = gram.fully_connected_gram(SOFTPLUS, x, 1).least_eigenvalue
    assert first == pytest.approx(0.0233, abs=1e-4)
    assert np.linalg.eigvalsh(network.gram(x))[0] == pytest.approx(first, rel=0.15)


def test_nearly_all_of_the_gram_matrix_of_a_residual_network_is_that_of_its_first_layer():
    x = eight_points()
    branch = gram.residual_gram(SOFTPLUS, x, 3).branch
    grams = gram.layered_network(SOFTPLUS, 10, 3, 400, branch=branch).layer_grams(x)
    traces = np.trace(grams, axis1=1, axis2=2)
    assert traces[0] / traces.sum() == pytest.approx(0.9998, abs=1.5e-4)
