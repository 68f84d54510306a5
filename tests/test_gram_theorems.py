"""What Du et al. ask for and prove on the way: widths, steps, constants of lemmas, Theorem D.1."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import ntkit as nk
from ntkit import gram
from ntkit.gram import lemma_constants as lemmas
from ntkit.gram import requirements

SOFTPLUS, TANH = nk.activation("softplus"), nk.activation("tanh")
IDENTITY = lemmas.Smoothness(0.0, 1.0, 0.0, 1.0)


def points(n=6, dim=5, seed=0):
    return nk.data.sphere(n, dim=dim, seed=seed).x


# ---- requirements


@pytest.mark.parametrize("theorem", ["3.1", "4.1", "5.1"])
def test_widths_and_steps_are_those_printed(theorem):
    # Given numbers for which nothing overflows
    n, depth, floor, pair, failure, pixels = 5, 3, 0.01, 0.2, 0.1, 4
    logarithm = math.log(depth * n**2 / failure)
    expected = {
        "3.1": (
            max(n**4 * 8 / floor**4, n * 8 / failure, n**2 * logarithm / (floor**2 * pair**4.5)),
            floor / (n**2 * 8),
            requirements.du_theorem_3_1(n, depth, floor, pair, failure),
        ),
        "4.1": (
            max(n**4 / (floor**4 * depth**6), n**2 / (floor * depth) ** 2, n / failure, n**2 * logarithm / floor**2),
            floor * depth**2 / n**2,
            requirements.du_theorem_4_1(n, depth, floor, failure),
        ),
        "5.1": (
            4 * max(n**4 / (floor**4 * depth**2), n / failure, n**2 * logarithm / floor**2),
            floor * depth**2 / n**2 / 4,
            requirements.du_theorem_5_1(n, depth, floor, failure, pixels),
        ),
    }
    # When they are asked of a theorem
    width, learning_rate, found = expected[theorem]
    # Then width, step and number of steps are as printed
    assert 10**found.log10_width == pytest.approx(width, rel=1e-12)
    assert 10**found.log10_learning_rate == pytest.approx(learning_rate, rel=1e-12)
    rate = learning_rate * floor / 2
    assert 10 ** found.log10_steps(1e-3) == pytest.approx(math.log(1e-3) / math.log1p(-rate), rel=1e-9)


def test_theorem_j8_is_theorem_j7_at_one_over_n():
    n, depth, failure = 6, 4, 0.1
    found = requirements.theorem_j7(n, depth, 1 / n, failure)
    terms = n**8, n / failure, n**4 * math.log(n * depth / failure)
    assert 10**found.log10_width == pytest.approx(2**depth * max(terms), rel=1e-12)
    assert 10**found.log10_learning_rate == pytest.approx(1 / (n**3 * 2**depth), rel=1e-12)


def test_a_constant_scales_width_and_learning_rate():
    plain, scaled = (requirements.du_theorem_4_1(5, 3, 0.01, 0.1, constant=c) for c in (1.0, 100.0))
    assert scaled.log10_width == pytest.approx(plain.log10_width + 2)
    assert scaled.log10_learning_rate == pytest.approx(plain.log10_learning_rate + 2)


def test_nothing_overflows_at_great_depth():
    found = requirements.du_theorem_3_1(1000, 5000, 1e-300, 1e-300, 1e-300)
    assert math.isfinite(found.log10_width)
    assert math.isfinite(found.log10_steps(0.5))


@given(st.integers(10, 10**4), st.integers(2, 100))
def test_steps_of_the_residual_network_grow_with_the_square_of_the_depth(n, depth):
    # λ₀ = c/H² in Theorem 4.1, against the line of section 1.2 as corrected, up to the constants
    def steps(layers):
        return requirements.du_theorem_4_1(n, layers, 0.5 / layers**2, 0.1).log10_steps(0.01)

    def line(layers):
        rows = requirements.du_comparison(n, layers, 0.01, 0.5)
        return next(row for row in rows if row.source == "Theorem 4.1")

    assert steps(2 * depth) - steps(depth) == pytest.approx(2 * math.log10(2), rel=1e-3)
    assert line(2 * depth).log10_steps - line(depth).log10_steps == pytest.approx(2 * math.log10(2))
    assert line(2 * depth).log10_steps_printed == line(depth).log10_steps_printed


def test_width_of_the_comparison_holds_only_up_to_a_depth_of_about_n():
    for n, depth, binding in ((100, 10, "n⁴/(λ₀⁴ H⁶)"), (10, 100, "n² log(Hn²/δ)/λ₀²")):
        found = requirements.du_theorem_4_1(n, depth, 1 / depth**2, 0.1)
        assert found.binding == binding


# ---- constants of the lemmas


@pytest.mark.parametrize(("name", "lipschitz", "smooth"), [("softplus", 1, 0.25), ("tanh", 1, 0.7698), ("sin", 1, 1)])
def test_smoothness_of_known_activations(name, lipschitz, smooth):
    found = lemmas.smoothness(nk.activation(name))
    assert found.lipschitz == pytest.approx(lipschitz, rel=1e-7)
    assert found.smoothness == pytest.approx(smooth, rel=1e-5)


def test_kinks_are_refused():
    with pytest.raises(ValueError, match="must be smooth"):
        lemmas.smoothness(nk.activation("relu"))


@given(st.floats(0.5, 2.0), st.sampled_from(["softplus", "tanh", "sin", "identity", "swish"]))
def test_growth_of_lemma_a1(alpha, name):
    sigma = nk.activation(name)
    found = lemmas.smoothness(sigma)
    moved = abs(sigma.rescaled(alpha).second_moment - sigma.second_moment)
    assert moved <= lemmas.lemma_a1_growth(found) / found.factor * abs(alpha - 1) * (1 + 1e-9) + 1e-13


def test_printed_growth_of_lemma_a1_is_too_small_for_the_identity():
    assert lemmas.lemma_a1_growth_printed(IDENTITY) * 1 < 2**2 - 1 <= lemmas.lemma_a1_growth(IDENTITY) * 1


@pytest.mark.parametrize("sigma", [SOFTPLUS, TANH])
@pytest.mark.parametrize("norm", [1.0, 2.0])
def test_fourth_moment_bounds_the_variance_of_a_squared_norm(sigma, norm):
    found = lemmas.smoothness(sigma)
    z = norm * np.random.default_rng(0).standard_normal(200_000)
    fourth = found.factor**2 * np.mean(sigma(z) ** 4)
    assert fourth <= lemmas.fourth_moment(found, norm)
    envelope = (found.at_zero + found.lipschitz * np.abs(z)) ** 4
    error = 5 * found.factor**2 * envelope.std() / np.sqrt(len(z))
    assert lemmas.fourth_moment(found, norm) == pytest.approx(found.factor**2 * envelope.mean(), abs=error)


def test_norms_of_gaussian_matrices_exceed_the_bound_as_rarely_as_lemma_e4_says():
    generator, width = np.random.default_rng(0), 20
    norms = [np.linalg.norm(generator.standard_normal((width, width)), 2) for _ in range(2000)]
    for c_w in (2.05, 2.2):
        share = np.mean(np.array(norms) > c_w * np.sqrt(width))
        assert share <= lemmas.lemma_e4_failure(width, 1.0, c_w) + 5 / np.sqrt(2000)


def moved(network, radius, seed=0):
    """The network with every weight matrix moved by ‖ΔW‖_F = R√m in a random direction."""
    generator = torch.Generator().manual_seed(seed)
    weights = []
    for weight in network.weights:
        step = torch.randn(weight.shape, generator=generator, dtype=torch.float64)
        weights.append(weight + radius * network.width**0.5 * step / step.norm())
    return gram.LayeredNetwork(network.activation, tuple(weights), network.signs, network.window, network.branch)


def size_of(network):
    """c_w of the network drawn."""
    return max(float(torch.linalg.matrix_norm(weight, 2)) for weight in network.weights) / network.width**0.5


@pytest.mark.parametrize("sigma", [SOFTPLUS, TANH])
@pytest.mark.parametrize("radius", [0.01, 0.2])
def test_fully_connected_networks_move_less_than_lemmas_a3_and_a4_allow(sigma, radius):
    found, x, depth = lemmas.smoothness(sigma), points(), 3
    network = gram.layered_network(sigma, 5, depth, 60)
    later, c_w = moved(network, radius), size_of(network)
    before, after = network.layer_outputs(x), later.layer_outputs(x)
    norms = torch.stack([layer.norm(dim=(1, 2)) for layer in before[1:]])
    c_x0 = max(float(norms.max()), 1 / float(norms.min()))
    for layer in range(1, depth + 1):
        drift = float((after[layer] - before[layer]).norm(dim=(1, 2)).max())
        assert drift <= lemmas.lemma_a3_drift(found, layer, radius, c_w, c_x0)
    drift = np.linalg.norm(later.layer_grams(x)[-1] - network.layer_grams(x)[-1])
    assert drift <= lemmas.lemma_a4_drift(found, depth, len(x), radius, c_w, c_x0)


@pytest.mark.parametrize("sigma", [SOFTPLUS, TANH])
@pytest.mark.parametrize("c_lambda", [0.3, 0.9])
def test_residual_networks_move_less_than_lemmas_b3_and_b4_allow(sigma, c_lambda):
    found, x, depth, radius = lemmas.smoothness(sigma), points(), 4, 0.1
    network = gram.layered_network(sigma, 5, depth, 60, branch=c_lambda / depth)  # λ = 1, the largest
    later, c_w = moved(network, radius), size_of(network)
    before, after = network.layer_outputs(x), later.layer_outputs(x)
    norms = torch.stack([layer.norm(dim=(1, 2)) for layer in before[1:]])
    c_x0 = max(float(norms.max()), 1 / float(norms.min()))
    assert float(norms.max()) <= lemmas.lemma_b1_norm(found, c_lambda, c_w)
    drift = max(float((b - a).norm(dim=(1, 2)).max()) for a, b in zip(before[1:], after[1:], strict=True))
    assert drift <= lemmas.lemma_b3_drift(found, radius, c_lambda, c_w, c_x0)
    drift = np.linalg.norm(later.layer_grams(x)[-1] - network.layer_grams(x)[-1])
    assert drift <= lemmas.lemma_b4_drift(found, depth, len(x), radius, c_lambda, c_w, c_x0)


@pytest.mark.parametrize("sigma", [SOFTPLUS, TANH])
@pytest.mark.parametrize("c_lambda", [0.2, 0.7])
def test_convolutional_networks_move_less_than_lemmas_c3_and_c4_allow(sigma, c_lambda):
    found, depth, radius, window, pixels = lemmas.smoothness(sigma), 3, 0.05, 3, 5
    images = np.random.default_rng(0).standard_normal((4, 2, pixels))
    images /= np.linalg.norm(images, axis=(1, 2), keepdims=True)
    network = gram.layered_network(sigma, 2, depth, 60, window=window, branch=c_lambda / depth)
    later, c_w = moved(network, radius), size_of(network)
    before, after = network.layer_outputs(images), later.layer_outputs(images)
    norms = torch.stack([layer.norm(dim=(1, 2)) for layer in before[1:]])
    assert float(norms.max()) <= lemmas.lemma_c1_norm(found, c_lambda, c_w, window, pixels)
    c_x0 = max(float(norms.max()), 1 / float(norms.min()))
    drift = max(float((b - a).norm(dim=(1, 2)).max()) for a, b in zip(before[1:], after[1:], strict=True))
    assert drift <= lemmas.lemma_b3_drift(found, radius, c_lambda, c_w, c_x0, window)
    drift = np.linalg.norm(later.layer_grams(images)[-1] - network.layer_grams(images)[-1])
    patches = np.sqrt(window) * c_x0  # of φ(x), which the proof calls x
    assert drift <= lemmas.lemma_c4_drift(found, depth, len(images), radius, c_lambda, c_w, patches, window, pixels)


def test_weights_move_less_than_lemma_a5_allows():
    x, y = points(), np.array([1.0, -1, 1, -1, 1, -1])
    network = gram.layered_network(TANH, 5, 2, 200)
    found = gram.stability(network, x, y, 0.1, 60)
    least = gram.fully_connected_gram(TANH, x, 2).least_eigenvalue
    residual = float(np.linalg.norm(found.residuals[0]))
    radius = lemmas.lemma_a5_radius(lemmas.smoothness(TANH), 2, 200, len(x), least, residual, size_of(network))
    assert np.all(found.weight_drift <= radius * np.sqrt(200))


@given(st.integers(0, 10**6), st.integers(1, 5))
def test_products_move_less_than_lemma_e1_allows(seed, count):
    generator = np.random.default_rng(seed)
    first = generator.standard_normal((count, 3, 3))
    second = first + 0.1 * generator.standard_normal((count, 3, 3))
    sizes = [max(np.linalg.norm(a, 2), np.linalg.norm(b, 2)) for a, b in zip(first, second, strict=True)]
    relative = [np.linalg.norm(a - b) / size for a, b, size in zip(first, second, sizes, strict=True)]
    apart = np.linalg.multi_dot([*first, np.eye(3), np.eye(3)]) - np.linalg.multi_dot([*second, np.eye(3), np.eye(3)])
    assert np.linalg.norm(apart) <= lemmas.lemma_e1(sizes, relative) * (1 + 1e-12)


@given(st.integers(0, 10**6), st.sampled_from(["softplus", "tanh", "swish"]), st.floats(0.1, 50))
def test_expectations_move_less_than_lemma_e3_allows(seed, name, scale):
    generator = np.random.default_rng(seed)
    first, second = (a @ a.T + 0.1 * np.eye(2) for a in generator.standard_normal((2, 2, 2)))
    sigma, z = nk.activation(name), np.linspace(-8, 8, 81)
    weight = np.exp(-(z**2) / 2) * (z[1] - z[0]) / np.sqrt(2 * np.pi)

    def expectation(a):
        root = np.linalg.cholesky(a)
        u, v = root[0, 0] * z[:, None], root[1, 0] * z[:, None] + root[1, 1] * z
        return scale**2 * weight @ (sigma(u) * sigma(v)) @ weight

    plain = lemmas.smoothness(sigma)
    found = lemmas.Smoothness(scale * plain.at_zero, scale * plain.lipschitz, scale * plain.smoothness, 1.0)
    values = np.concatenate([np.linalg.eigvalsh(first), np.linalg.eigvalsh(second)])
    allowed = lemmas.lemma_e3(found, values.min(), values.max(), np.abs(first - second).max())
    assert abs(expectation(first) - expectation(second)) <= allowed


# ---- Theorem D.1


@pytest.mark.parametrize("architecture", [gram.fully_connected_gram, gram.residual_gram])
def test_theorem_d1_is_far_above_what_networks_show(architecture):
    x, depth, width = points(4), 3, 200
    population = architecture(SOFTPLUS, x, depth)
    found = lemmas.du_theorem_d1(population, lemmas.smoothness(SOFTPLUS))
    errors = []
    for seed in range(20):
        network = gram.layered_network(SOFTPLUS, 5, depth, width, branch=population.branch, seed=seed)
        hidden = network.layer_outputs(x)[depth - 1][:, :, 0].numpy()
        errors.append(np.abs(hidden @ hidden.T - population.covariances[-1].matrix).max())
    promised = found.log10_constant + 0.5 * math.log10(math.log(depth * 16 / 0.1) / width)
    assert math.log10(max(errors)) < promised - 3
    assert found.log10_width(10**promised) == pytest.approx(math.log10(width), abs=1e-9)


def test_theorem_d1_is_exponential_in_the_depth_only_without_skips():
    found = {}
    for name, architecture in (("plain", gram.fully_connected_gram), ("residual", gram.residual_gram)):
        constants = [
            lemmas.du_theorem_d1(architecture(SOFTPLUS, points(4), depth), lemmas.smoothness(SOFTPLUS)).log10_constant
            for depth in (4, 8, 16)
        ]
        found[name] = np.diff(constants)
    assert found["plain"][1] > 1.9 * found["plain"][0]
    assert np.all(found["plain"] > 5)


@pytest.mark.parametrize("sigma", [SOFTPLUS, TANH])
def test_lemma_d1_holds_from_the_first_layer_on_and_for_what_is_left_of_it(sigma):
    # Given the networks and data for which it fails from layer 0 to layer 1
    x = np.random.default_rng(0).standard_normal((10, 8)).T
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    population = gram.residual_gram(sigma, x, 8)
    first, mean = population.covariances[1], population.means[0]
    # When the means are taken away from the first layer
    centred = first.matrix - np.outer(mean, mean)
    pairs = [(i, j) for i in range(8) for j in range(i)]
    floor = min(np.linalg.eigvalsh(centred[np.ix_(p, p)])[0] for p in pairs)
    # Then all later layers stay above that, which the printed Lemma, with K^(0), does not say
    assert np.all(population.pair_floors[1:] >= floor * (1 - 1e-12))
    if sigma is SOFTPLUS:
        assert population.pair_floors[0] == pytest.approx(0.1574, abs=6e-5)
        assert population.pair_floors[1] == pytest.approx(0.0495, abs=6e-5)
        np.testing.assert_allclose(population.pair_floors[1:], 0.04952, atol=6e-6)


@pytest.mark.parametrize("count", [3, 5, 8])
def test_powers_of_points_that_are_not_parallel_are_independent(count):
    # Lemma D.3; in the plane n points already have independent powers of order n − 1, as Lemma D.2 uses
    angles = np.sort(np.random.default_rng(count).uniform(0, np.pi, count))
    plane = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for power, rank in ((count, count), (count - 1, count), (count - 2, count - 1)):
        powers = [plane[i] for i in range(count)]
        for _ in range(power - 1):
            powers = [np.multiply.outer(v, plane[i]).ravel() for i, v in enumerate(powers)]
        assert np.linalg.matrix_rank(np.array(powers), tol=1e-9) == rank
