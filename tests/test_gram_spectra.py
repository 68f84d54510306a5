"""Gram matrices of two layers and their spectra, at infinite and at finite width."""

import mpmath as mp
import numpy as np
import pytest
import torch
from scipy.integrate import quad

import ntkit as nk
from ntkit import conditioning, gram
from ntkit.gram import eigenvalues, factors
from ntkit.gram.covariances import slope_activation
from ntkit.gram.hermite_decay import POLES

SQUARE = nk.activation("polynomial", coefficients=(0.0, 0.0, 1.0))
NAMES = {"lrelu": ("leaky_relu", {"slope": 0.1})}


def named(name):
    """An activation by the name that the paper gives it; its quadratic is x²."""
    if name == "quadratic":
        return SQUARE
    known, parameters = NAMES.get(name, (name, {}))
    return nk.activation(known, **parameters)


def half_circle(n):
    """n points at the angles πi/n, in ten dimensions."""
    return nk.data.half_circle(n).x


# ---- the matrices


CONSTANTS = {  # G(½), G(−½), G(0.9), H(½), H(−½), H(0.9): ten digits of the specification
    "relu": (1 / 6, -0.0833333333, 0.3853951681, 0.3044988905, 0.0544988905, 0.4547691994),
    "lrelu": (0.185, -0.1175, 0.4021700862, 0.2966441013, -0.0058558987, 0.4583630515),
    "elu": (0.3085921050, -0.2739680714, 0.5895627722, 0.3247836490, -0.2560427102, 0.5788189633),
    "selu": (0.4972295345, -0.4813594814, 0.9318426609, 0.4905691283, -0.4826608085, 0.8952593091),
    "tanh": (0.1923735142, -0.1923735142, 0.3948856600, 0.1863244132, -0.1863244132, 0.3492033506),
    "swish": (0.1561398076, -0.0938601924, 0.3288024689, 0.1831696631, -0.0668303369, 0.3185384279),
    "softplus": (0.1357141628, -0.1142858372, 0.2600262110, 0.7800781652, 0.5300781652, 0.8921314241),
    "quadratic": (1.0, 1.0, 3.24, 1.5, 1.5, 2.62),
}


def pair(rho):
    """Two unit inputs of that correlation."""
    return np.array([[1.0, 0.0], [rho, np.sqrt(1 - rho**2)]])


@pytest.mark.parametrize("name", CONSTANTS)
def test_entries_are_those_of_the_table(name):
    sigma = named(name)
    for k, rho in enumerate((0.5, -0.5, 0.9)):
        assert gram.population_g(pair(rho), sigma)[0, 1] == pytest.approx(CONSTANTS[name][k], abs=6e-11)
        assert gram.population_h(pair(rho), sigma)[0, 1] == pytest.approx(CONSTANTS[name][3 + k], abs=6e-11)


@pytest.mark.parametrize(
    ("name", "trace"),
    [
        ("relu", 0.5),
        ("tanh", 0.464403),
        ("elu", 0.668102),
        ("selu", 1.071575),
        ("swish", 0.379482),
        ("softplus", 0.293379),
    ],
)
def test_diagonal_is_the_mean_square_of_the_slope(name, trace):
    x = half_circle(7)
    assert np.diag(gram.population_g(x, named(name))) == pytest.approx(trace, abs=6e-7)


# ---- tiny eigenvalues


def eigenvalues_by_mpmath(x, kernel):
    """Eigenvalues of kernel(ρ_ij) at sixty digits, descending."""
    with mp.workdps(60):
        rows = [[mp.mpf(float(value)) for value in row] for row in x]
        lengths = [mp.sqrt(mp.fsum(value**2 for value in row)) for row in rows]
        matrix = mp.matrix(len(x), len(x))
        for i, u in enumerate(rows):
            for j, v in enumerate(rows[: i + 1]):
                rho = mp.fdot(u, v) / lengths[i] / lengths[j] if i != j else mp.mpf(1)
                matrix[i, j] = matrix[j, i] = kernel(rho)
        return np.array(sorted(map(float, mp.eigsy(matrix, eigvals_only=True)), reverse=True))


def arc_cosine(order):
    """ρ E φ'φ' of φ = relu^order, by Cho and Saul."""

    def kernel(rho):
        angle = mp.acos(rho)
        if order == 2:
            return 4 * rho * (mp.sin(angle) + (mp.pi - angle) * mp.cos(angle)) / (2 * mp.pi)
        part = 3 * mp.sin(angle) * mp.cos(angle) + (mp.pi - angle) * (1 + 2 * mp.cos(angle) ** 2)
        return 9 * rho * part / (2 * mp.pi)

    return kernel


CLOSED_FORMS = {
    "erf": lambda rho: rho * 4 / (3 * mp.pi) / mp.sqrt(1 - 4 * rho**2 / 9),
    "exp": lambda rho: rho * mp.exp(1 + rho),
    "sin": lambda rho: rho * mp.exp(-1) * mp.cosh(rho),
}


@pytest.mark.parametrize(
    ("name", "x"),
    [
        ("erf", half_circle(12)),
        ("erf", half_circle(36)),
        ("erf", nk.data.sphere(12, dim=2, seed=4).x),
        ("exp", half_circle(16)),
        ("sin", half_circle(14)),
        ("erf", nk.data.sphere(24, dim=3).x),
        ("exp", nk.data.sphere(24, dim=3).x),
        ("exp", nk.data.sphere(30, dim=4).x),
    ],
)
def test_tiny_eigenvalues_of_smooth_activations_are_those_of_sixty_digits(name, x):
    found = gram.population_eigenvalues(x, nk.activation(name))
    exact = eigenvalues_by_mpmath(x, CLOSED_FORMS[name])
    known = exact > found.resolution
    assert found.route == "singular values"
    assert found.rank == known.sum()
    error = np.abs(found.eigenvalues / exact - 1)[known]
    assert (error <= np.sqrt(found.resolution / exact[known]) + 1e-7).all()


@pytest.mark.parametrize("order", [2, 3])
def test_eigenvalues_of_powers_of_relu_are_those_of_sixty_digits(order):
    x = half_circle(24)
    found = gram.population_eigenvalues(x, nk.activation("relu_power", r=order))
    assert found.eigenvalues == pytest.approx(eigenvalues_by_mpmath(x, arc_cosine(order)), rel=1e-11)


def test_an_eigenvalue_of_1e_minus_30_is_seen():
    x = half_circle(32)
    found = gram.population_eigenvalues(x, nk.activation("exp"))
    exact = eigenvalues_by_mpmath(x, CLOSED_FORMS["exp"])
    seen = exact > 1e-30 * exact[0]
    assert exact[seen][-1] < 5e-29 * exact[0]
    assert found.eigenvalues[seen] == pytest.approx(exact[seen], rel=0.3)


DECAY = {  # λ_min on the half circle of n points
    "tanh": {4: 5.9e-2, 6: 9.3e-3, 8: 1.6e-3, 10: 3.04e-4, 14: 1.29e-5, 20: 1.62e-7, 30: 2.2e-10, 40: 5.2e-13},
    "swish": {10: 1.78e-6, 20: 4.4e-12, 40: 3.3e-21},
    "softplus": {10: 5.7e-8, 20: 4.0e-14},
}


@pytest.mark.parametrize(("name", "n"), [(name, n) for name, table in DECAY.items() for n in table])
def test_smooth_activations_decay_as_tabulated(name, n):
    assert gram.population_eigenvalues(half_circle(n), named(name)).min == pytest.approx(DECAY[name][n], rel=0.02)


ACCEPTANCE = {  # λ₁ λ₂ λ₃ λ_{n/2} λ_min of G on the half circle, n = 10 and 50, every digit of the specification
    "relu": ("2.2072 1.7209 .6323 8.87e-2 2.633e-2", "10.982 8.519 3.129 1.073e-2 5.010e-3"),
    "elu": ("3.2768 3.0880 .2263 1.27e-2 4.98e-4", "16.377 15.424 1.131 3.35e-5 3.31e-6"),
    "selu": ("5.1907 5.0999 .1772 4.39e-2 1.34e-2", "25.93 25.47 .858 5.40e-3 2.50e-3"),
    "swish": ("1.8402 1.5037 .3696 6.71e-3 1.78e-6", "9.191 7.493 1.855 1.40e-13 3e-25"),
    "tanh": ("2.1737 2.1737 .1325 1.37e-2 3.04e-4", "10.869 10.869 .6625 4.32e-9 1.9e-15"),
    "softplus": ("1.4470 1.3319 .1263 1.55e-3 5.67e-8", "7.231 6.650 .634 9.8e-16 <1e-27"),
    "quadratic": ("20 10 10 0 0", "100 50 50 0 0"),
}


def last_digit(text):
    """The unit of the last digit of a printed number."""
    mantissa, _, power = text.partition("e")
    return 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))


@pytest.mark.parametrize(("name", "n"), [(name, n) for name in ACCEPTANCE for n in (10, 50)])
def test_spectra_of_figure_1_are_those_of_the_table(name, n):
    found = gram.population_eigenvalues(half_circle(n), named(name))
    for value, text in zip(
        found.eigenvalues[[0, 1, 2, n // 2 - 1, -1]], ACCEPTANCE[name][n == 50].split(), strict=True
    ):
        if text.startswith("<"):
            assert value < float(text[1:])
        elif text == "0":
            assert value < found.resolution
        else:
            assert abs(value - float(text)) < last_digit(text)  # some are cut, not rounded


@pytest.mark.parametrize("name", ["tanh", "swish", "softplus", "gelu", "mish"])
def test_plane_and_series_give_the_same_eigenvalues(name):
    # Given the same inputs of the plane, of norms 1
    x, f = factors.span_coordinates(half_circle(18)), slope_activation(nk.activation(name))
    # When the factor comes from directions and radii, and from powers of the correlations
    plane, series = (
        eigenvalues.from_factor(factors.khatri_rao(made(f, x), x.T))
        for made in (factors._plane_factor, factors._series_factor)
    )
    error = np.sqrt(plane.resolution / plane.eigenvalues) + 1e-7
    assert (np.abs(plane.eigenvalues / series.eigenvalues - 1) <= error).all()


@pytest.mark.parametrize("name", ["relu", "elu", "tanh", "softplus", "relu_power", "softsign", "identity", "hermite"])
@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize(
    "start", [gram.dzps(normalize=True), gram.fan_in(2), gram.fan_out(100)], ids=lambda start: start.name
)
def test_factors_give_the_matrices_back(name, dim, start):
    sigma = nk.activation(name, **{"relu_power": {"r": 3}, "hermite": {"k": 4}}.get(name, {}))
    x = nk.data.sphere(15, dim=dim, seed=1).x
    found = gram.population_eigenvalues(x, sigma, initialisation=start)
    exact = np.linalg.eigvalsh(gram.population_g(x, sigma, initialisation=start))[::-1]
    assert found.eigenvalues == pytest.approx(exact, abs=1e-13 * exact[0])
    assert found.trace == pytest.approx(exact.sum(), rel=1e-12)


@pytest.mark.parametrize("name", ["relu", "elu", "tanh", "leaky_relu", "exp"])
def test_inputs_of_any_norm_in_the_plane(name):
    x = nk.data.sphere(9, dim=2, seed=3).x * np.linspace(0.8, 1.2, 9)[:, None]
    sigma = nk.activation(name)
    for found, matrix in (
        (gram.population_eigenvalues(x, sigma), gram.population_g(x, sigma)),
        (gram.population_h_eigenvalues(x, sigma), gram.population_h(x, sigma)),
        (gram.population_sum_eigenvalues(x, sigma), gram.population_sum(x, sigma)),
    ):
        exact = np.linalg.eigvalsh(matrix)[::-1]
        assert found.eigenvalues == pytest.approx(exact, abs=1e-12 * exact[0])


def test_output_layer_follows_the_third_power_of_n():
    wanted = {10: 4.72e-4, 20: 5.31e-5, 40: 6.48e-6, 80: 8.05e-7, 160: 1.00e-7}
    relu = nk.activation("relu")
    found = {n: gram.population_h_eigenvalues(half_circle(n), relu).min for n in wanted}
    assert list(found.values()) == pytest.approx(list(wanted.values()), rel=0.01)
    for n in (10, 40):
        first, both = (
            f(half_circle(n), relu).min for f in (gram.population_eigenvalues, gram.population_sum_eigenvalues)
        )
        assert first <= both <= 1.1 * first


def test_only_what_can_be_resolved_so_is_taken_from_the_matrix():
    hardtanh, elu = nk.activation("hardtanh"), nk.activation("elu")
    assert gram.population_eigenvalues(half_circle(10), hardtanh).route == "matrix"
    assert gram.population_eigenvalues(nk.data.sphere(10, dim=3).x, elu).route == "matrix"
    assert gram.population_eigenvalues(half_circle(10), elu).route == "singular values"


def test_what_has_no_limit_is_refused():
    x = half_circle(5)
    with pytest.raises(ValueError, match="jumps at x = 0"):
        gram.population_eigenvalues(x, nk.activation("step"))
    for made in (gram.population_h, gram.population_h_eigenvalues, gram.population_sum_eigenvalues):
        with pytest.raises(ValueError, match="under fan-in it grows like m\\^1"):
            made(x, nk.activation("relu"), initialisation=gram.fan_in(10))
    with pytest.raises(ValueError, match="normalises it"):
        gram.dzps(normalize=True).factor(nk.Activation("zero", lambda x: 0 * x))
    with pytest.raises(ValueError, match="output_law"):
        gram.Initialisation("mine", output_law="uniform")


# ---- kinks


@pytest.mark.parametrize(
    ("sigma", "kinks"),
    [
        (nk.activation("relu"), [(0.0, 1, 1.0)]),
        (nk.activation("leaky_relu", slope=0.1), [(0.0, 1, 0.9)]),
        (nk.activation("abs"), [(0.0, 1, 2.0)]),
        (nk.activation("selu"), [(0.0, 1, 1.0507009873554805 * (1 - 1.6732632423543772))]),
        (nk.activation("elu"), [(0.0, 2, -1.0)]),
        (nk.activation("elu", alpha=0.5), [(0.0, 1, 0.5)]),
        (nk.activation("softsign"), [(0.0, 2, -4.0)]),  # σ'' = ∓2/(1 + |x|)³
        (nk.activation("hardtanh"), [(-1.0, 1, 1.0), (1.0, 1, -1.0)]),
        (nk.activation("relu6"), [(0.0, 1, 1.0), (6.0, 1, -1.0)]),
        (nk.activation("step"), [(0.0, 0, 1.0)]),
        (nk.activation("relu").rescaled(0.3), [(0.0, 1, 0.3)]),
        (nk.activation("elu").rescaled(2.0), [(0.0, 2, -4.0)]),
        (nk.Activation("mine", lambda x: np.where(x > 0.3, (x - 0.3) ** 2, 0.0) + np.tanh(x)), [(0.3, 2, 2.0)]),
        (nk.Activation("mine", lambda x: np.where(x > 1, x - 1, 0.0) + np.abs(x) * x), [(0.0, 2, 4.0), (1.0, 1, 1.0)]),
        *[(nk.activation("relu_power", r=r), [(0.0, r, float(mp.factorial(r)))]) for r in range(1, 7)],
        *[(nk.activation(name), []) for name in ("tanh", "swish", "softplus", "gelu", "identity", "cos", "arctan")],
    ],
    ids=str,
)
def test_kinks_have_their_place_order_and_jump(sigma, kinks):
    found = gram.classify_kink(sigma)
    assert [(kink.place, kink.order) for kink in found.kinks] == [kink[:2] for kink in kinks]
    assert [kink.jump for kink in found.kinks] == pytest.approx([kink[2] for kink in kinks], rel=1e-8)
    assert found.order == min((kink[1] for kink in kinks), default=None)


def test_bounds_of_the_derivatives_and_the_word_of_the_class():
    assert gram.classify_kink(nk.activation("elu")).bounds == pytest.approx((1, 1, 1))
    assert gram.classify_kink(nk.activation("softsign")).bounds == pytest.approx((1, 2, 6))
    assert gram.classify_kink(nk.activation("selu")).bounds == pytest.approx(
        2 * (1.0507009873554805 * 1.6732632423543772,)
    )
    assert gram.classify_kink(nk.activation("relu_power", r=4)).bounds == pytest.approx(
        (864, 432, 144, 24, 0), abs=1e-5
    )
    literal = {name for name in nk.catalogue() if name not in ("hermite", "polynomial", "relu_power")}
    literal = {name for name in literal if gram.classify_kink(nk.activation(name)).is_literal}
    assert literal == {"relu", "elu", "celu"}


LAW = [
    nk.activation("relu"),
    nk.activation("leaky_relu", slope=0.1),
    nk.activation("selu"),
    nk.activation("elu"),
    nk.activation("softsign"),
    nk.activation("hardtanh"),
    nk.activation("relu6"),
    nk.normrelu(-1.5975),
    nk.normrelu(0.5),
    nk.activation("relu_power", r=3),
    nk.activation("relu_power", r=4),
]


@pytest.mark.parametrize("sigma", LAW, ids=str)
def test_least_eigenvalue_follows_the_law_of_its_kinks(sigma):
    law = gram.classify_kink(sigma).law
    few, many = (gram.population_eigenvalues(half_circle(n), sigma).min / law(n) - 1 for n in (40, 80))
    assert abs(many) < 0.02
    # What is left falls like n^(−2): the law is the first term of a series
    assert many == pytest.approx(few / 4, rel=0.15)


@pytest.mark.parametrize("sigma", [nk.activation("relu"), nk.activation("elu"), nk.activation("hardtanh")], ids=str)
def test_law_of_the_output_layer_is_that_of_the_next_order(sigma):
    found = gram.classify_kink(sigma)
    law = sum(gram.half_circle_law(80, found.order + 1, kink.jump, place=kink.place) for kink in found.lowest)
    assert gram.population_h_eigenvalues(half_circle(80), sigma).min == pytest.approx(law, rel=0.02)


@pytest.mark.parametrize(
    ("name", "n", "value", "law"),
    [
        ("relu", 50, 5.0099e-3, 5.0e-3),
        ("lrelu", 50, 4.058e-3, 4.050e-3),
        ("selu", 50, 2.509e-3, 2.502e-3),
        ("elu", 50, 3.3132e-6, 3.2899e-6),
    ],
)
def test_law_has_the_numbers_of_the_specification(name, n, value, law):
    sigma = named(name)
    assert gram.classify_kink(sigma).law(n) == pytest.approx(law, rel=3e-4)
    assert gram.population_eigenvalues(half_circle(n), sigma).min == pytest.approx(value, rel=2e-4)


def test_law_of_relu_s_output_layer_is_that_of_its_kernel():
    assert gram.half_circle_law(37, 2) == pytest.approx(conditioning.half_circle_law(37))


def test_law_of_the_cube_of_relu_and_its_exponent():
    cube = nk.activation("relu_power", r=3)  # κ = 6
    assert gram.half_circle_law(160, 3) == pytest.approx(1.548e-11, rel=1e-3)
    assert gram.half_circle_law(7, 3) == pytest.approx(np.pi**4 / 60 / 7**5)
    small, large = (gram.population_eigenvalues(half_circle(n), cube).min / 36 for n in (80, 160))
    assert large == pytest.approx(1.5514e-11, rel=1e-3)
    assert np.log2(large / small) == pytest.approx(-5.009, abs=2e-3)


def test_there_is_no_law_without_a_kink():
    with pytest.raises(ValueError, match="'tanh' has none: it is smooth"):
        gram.classify_kink(nk.activation("tanh")).law(10)
    with pytest.raises(ValueError, match="it jumps"):
        gram.classify_kink(nk.activation("step")).law(10)
    with pytest.raises(ValueError, match="n must be at least 2"):
        gram.half_circle_law(1, 1)


# ---- finite width


STARTS = {
    "DZPS": gram.dzps(),
    "normalised": gram.dzps(normalize=True),
    "fan-in": gram.fan_in(4),
    "fan-out": gram.fan_out(64),
}


def network(sigma, z, start, width, seed, outputs=1):
    """The network as appendix D writes it, in torch: inputs, trained weights by name, and its outputs as a function."""
    weights, biases, alpha = start.draw(z.shape[1], width, np.random.default_rng(seed), outputs)
    top = torch.tensor(alpha * width**start.output_power, requires_grad=True)
    hidden, biases, z = torch.tensor(weights, requires_grad=True), torch.tensor(biases), torch.tensor(z)
    multiplier = start.multiplier(sigma, width)

    def outputs_of(hidden, top):
        return multiplier * sigma(z @ hidden.T + biases) @ top

    return hidden, top, outputs_of


def moved(outputs, weights, direction):
    """The derivative of all outputs, in the order of the rows, when the weights move in that direction."""
    gradients = [torch.autograd.grad(value, weights, retain_graph=True)[0] for value in outputs.ravel()]
    return np.array([(gradient * direction).sum().item() for gradient in gradients])


def gram_by_autograd(outputs, weights):
    """Inner products of the gradients of all outputs, in the order of the rows."""
    gradients = [torch.autograd.grad(value, weights, retain_graph=True)[0].ravel() for value in outputs.ravel()]
    rows = torch.stack(gradients).numpy()
    return rows @ rows.T


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
@pytest.mark.parametrize("name", ["relu", "tanh", "elu"])
def test_finite_matrices_are_those_of_the_gradients(name, start):
    # Given a network of 64 neurons on eight inputs of four dimensions
    sigma, z = nk.activation(name), factors.span_coordinates(nk.data.sphere(8, dim=4).x)
    hidden, top, outputs_of = network(sigma, z, start, 64, seed=5)
    outputs = outputs_of(hidden, top)
    # Then G and H are inner products of its gradients, times the rate
    rate = start.rate(64)
    first, second = (rate * gram_by_autograd(outputs, weights) for weights in (hidden, top))
    assert gram.finite_g(z, sigma, 64, 5, initialisation=start) == pytest.approx(first, abs=1e-12 * first.max())
    assert gram.finite_h(z, sigma, 64, 5, initialisation=start) == pytest.approx(second, abs=1e-12 * second.max())


@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_squared_gradient_of_the_loss_is_a_form_of_the_gram_matrix(name):
    sigma, z = nk.activation(name), factors.span_coordinates(nk.data.sphere(8, dim=4).x)
    y = torch.tensor(np.random.default_rng(0).choice([-1.0, 1.0], 8))
    hidden, top, outputs_of = network(sigma, z, gram.dzps(), 200, seed=2)
    error = y - outputs_of(hidden, top)[:, 0]
    loss = 0.5 * (error**2).sum()
    least = gram.finite_eigenvalues(z, sigma, 200, 2).min
    squared = float((torch.autograd.grad(loss, hidden, retain_graph=True)[0] ** 2).sum())
    matrix, error = gram.finite_g(z, sigma, 200, 2), error.detach().numpy()
    assert squared == pytest.approx(error @ matrix @ error, rel=1e-12)
    assert squared >= 2 * least * loss.item()


def test_classes_follow_the_block_matrix_and_probabilities_its_product_with_the_softmax():
    # Given six inputs, three classes, cross-entropy
    sigma, z = nk.activation("tanh"), factors.span_coordinates(nk.data.sphere(6, dim=4).x)
    hidden, top, outputs_of = network(sigma, z, gram.dzps(), 50, seed=1, outputs=3)
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    wanted = torch.nn.functional.one_hot(labels, 3).numpy().ravel()
    # When the hidden weights move along the negative gradient
    logits = outputs_of(hidden, top)
    loss = torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
    direction = -torch.autograd.grad(loss, hidden, retain_graph=True)[0]
    flow, spread = (moved(values, hidden, direction) for values in (logits, logits.softmax(dim=1)))
    # Then logits follow 𝒢(y − u), and probabilities J𝒢(y − u)
    u = logits.softmax(dim=1).detach().numpy()
    block = gram.finite_classes(z, sigma, 50, 3, 1)
    told = block @ (wanted - u.ravel())
    assert flow == pytest.approx(told, abs=1e-12)
    assert spread == pytest.approx(gram.softmax_jacobian(u) @ told, abs=1e-12)
    # And what is printed, u̇ = 𝒢(y − u), is far off
    assert np.linalg.norm(spread - told) > 0.3 * np.linalg.norm(told)


def test_blocks_of_classes_become_one_matrix_for_each():
    x, sigma = nk.data.sphere(5, dim=3).x, nk.activation("relu")
    assert gram.finite_classes(x, sigma, 300, 1, 4) == pytest.approx(gram.finite_g(x, sigma, 300, 4))
    limit = gram.population_classes(x, sigma, 3)
    assert np.abs(gram.finite_classes(x, sigma, 40_000, 3) - limit).max() < 0.03
    single, block = np.linalg.eigvalsh(gram.population_g(x, sigma)), np.linalg.eigvalsh(limit)
    assert block == pytest.approx(np.repeat(single, 3), abs=1e-13)


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
@pytest.mark.parametrize("name", ["relu", "tanh", "elu", "softplus"])
def test_finite_matrices_average_to_those_of_infinite_width(name, start):
    # Given independent draws
    sigma, x = nk.activation(name), nk.data.sphere(6, dim=4, seed=2).x
    pairs = [(gram.finite_g, gram.population_g)]
    if not start.output_growth:
        pairs.append((gram.finite_h, gram.population_h))
    for finite, population in pairs:
        draws = np.array([finite(x, sigma, 500, seed, initialisation=start) for seed in range(60)])
        # Then their mean is the limit, within five standard errors of every entry
        error = draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
        assert (np.abs(draws.mean(axis=0) - population(x, sigma, initialisation=start)) <= 5 * error + 1e-12).all()


def test_spread_falls_with_the_root_of_the_width_and_is_less_for_signs():
    x, sigma = half_circle(6), nk.activation("relu")
    limit = gram.population_g(x, sigma)

    def spread(width, start):
        draws = [gram.finite_g(x, sigma, width, seed, initialisation=start) - limit for seed in range(80)]
        return np.sqrt(np.mean(np.square(draws)))

    normal, signs = gram.dzps(), gram.dzps().with_signs()
    assert np.log(spread(6400, normal) / spread(100, normal)) / np.log(64) == pytest.approx(-0.5, abs=0.04)
    # E a⁴ = 3 for normal weights, 1 for signs
    assert spread(400, signs) < 0.7 * spread(400, normal)


@pytest.mark.parametrize("name", ["relu", "tanh", "swish"])
def test_finite_spectra_are_those_of_the_rows_and_of_the_matrix(name):
    x, sigma = nk.data.sphere(12, dim=5).x, nk.activation(name)
    for width in (7, 9000):  # fewer neurons than inputs, and more than are drawn at a time
        found = gram.finite_eigenvalues(x, sigma, width, 3).eigenvalues
        rows = np.vstack(list(gram.features_g(x, sigma, width, 3)))
        assert rows.shape == (5 * width, 12)
        assert found == pytest.approx(np.linalg.svd(rows, compute_uv=False) ** 2, abs=1e-14 * found[0])
        for values, matrix in (
            (found, gram.finite_g(x, sigma, width, 3)),
            (gram.finite_h_eigenvalues(x, sigma, width, 3).eigenvalues, gram.finite_h(x, sigma, width, 3)),
        ):
            exact = np.linalg.eigvalsh(matrix)[::-1]
            assert values == pytest.approx(exact, abs=1e-13 * exact[0])


def test_tiny_eigenvalues_of_a_network_are_those_of_sixty_digits():
    # Given a network of 40 neurons, and its G in sixty digits
    x, sigma = factors.span_coordinates(half_circle(14)), nk.activation("exp")
    weights, _, alpha = gram.dzps().draw(2, 40, np.random.default_rng(8))
    with mp.workdps(60):
        points, weights = mp.matrix(x.tolist()), mp.matrix(weights.tolist())
        slopes = (points * weights.T).apply(mp.exp)
        scaled = slopes * mp.diag([mp.mpf(float(a)) ** 2 / 40 for a in alpha[:, 0]])
        matrix, inner = scaled * slopes.T, points * points.T
        exact = mp.eigsy(mp.matrix(14, 14) + _entrywise(matrix, inner), eigvals_only=True)
        exact = np.array(sorted(map(float, exact), reverse=True))
    # Then its eigenvalues are found to their last digits
    found = gram.finite_eigenvalues(x, sigma, 40, 8)
    assert exact[-1] < 1e-10 * exact[0]
    assert (np.abs(found.eigenvalues / exact - 1) <= np.sqrt(found.resolution / exact) + 1e-12).all()


def _entrywise(first, second):
    return mp.matrix([[first[i, j] * second[i, j] for j in range(second.cols)] for i in range(second.rows)])


@pytest.mark.parametrize("name", ["relu", "elu", "selu", "swish", "tanh", "softplus"])
def test_wide_networks_have_the_spectrum_of_infinite_width(name):
    draws = [gram.finite_eigenvalues(half_circle(10), named(name), 200_000, seed).eigenvalues for seed in range(5)]
    limit = gram.population_eigenvalues(half_circle(10), named(name)).eigenvalues
    seen = limit > 1e-6
    spread = np.std(draws, axis=0, ddof=1)
    assert (np.abs(np.mean(draws, axis=0) - limit) <= 5 / np.sqrt(5) * spread)[seen].all()
    assert (spread < 0.05 * limit)[seen].all()


def test_full_circles_hold_antipodes_that_relu_cannot_tell_apart():
    for n in (10, 50):
        angles = 2 * np.pi * np.arange(n) / n
        x = np.column_stack([np.cos(angles), np.sin(angles)])
        # In floats the antipodes are off by 1e-16, and ReLU's eigenvalues by as much
        found = {name: gram.population_eigenvalues(x, named(name)).eigenvalues for name in ("relu", "tanh", "swish")}
        zeros = {name: int((values < 1e-14 * values[0]).sum()) for name, values in found.items()}
        assert zeros["relu"] == n // 2 - 2
        assert zeros["tanh"] >= n // 2
        assert zeros["swish"] >= n // 2 - 2
    assert gram.population_eigenvalues(half_circle(10), named("relu")).rank == 10


INITIALISED = {  # λ_min of twenty points in ten dimensions: DZPS, fan-in, fan-out at m = 10⁵
    "relu": (0.121, 0.116, 0.086),
    "tanh": (4.4e-2, 5.2e-3, 2.5e-10),
    "elu": (3.5e-2, 8.2e-3, 1.5e-6),
    "swish": (4.3e-2, 7.9e-3, 8.8e-7),
}


@pytest.mark.parametrize("name", INITIALISED)
def test_least_eigenvalues_by_initialisation_are_those_of_the_table(name):
    # The table has one draw of the data that it does not give: eleven draws lie around it
    starts = gram.dzps(), gram.fan_in(10), gram.fan_out(10**5)
    for start, wanted in zip(starts, INITIALISED[name], strict=True):
        draws = [
            gram.population_eigenvalues(nk.data.sphere(20, dim=10, seed=seed).x, named(name), initialisation=start).min
            for seed in range(11)
        ]
        assert min(draws) < wanted < max(draws)
        assert np.median(draws) == pytest.approx(wanted, rel=0.35)


def test_smooth_activations_become_linear_under_fan_out():
    x = nk.data.sphere(20, dim=10).x
    found = gram.population_g(x, nk.activation("softplus"), initialisation=gram.fan_out(10**10))
    assert found == pytest.approx(0.25 * x @ x.T, abs=1e-9)  # σ'(0) = ½
    assert gram.population_eigenvalues(x, nk.activation("tanh"), initialisation=gram.fan_out(10**6)).eigenvalues[
        10
    ] == pytest.approx(0, abs=1e-8)


# ---- poles


@pytest.mark.parametrize(
    ("name", "sizes"), [("tanh", (24, 96)), ("sigmoid", (12, 48)), ("swish", (12, 48)), ("softplus", (12, 48))]
)
def test_least_eigenvalue_of_smooth_slopes_follows_the_law_of_their_poles(name, sizes):
    # Over ten orders of magnitude and more
    pole = POLES[name]
    values = np.array([gram.population_eigenvalues(half_circle(n), named(name)).min for n in sizes])
    assert values[0] / values[1] > 1e14
    few, many = values / gram.half_circle_pole_law(np.array(sizes), pole) - 1
    # What is left falls like n^(−2/3) in the end, to within the next term at these sizes
    assert 0 < many < 1.2
    assert 0.55 < np.log(few / many) / np.log(4) < 1.2


def test_law_of_poles_is_the_integral_that_it_comes_from():
    # Given the Fourier coefficients of r ↦ A/(r cos t − iy)^q + conjugate, and R² ~ χ²₂
    pole = POLES["tanh"]
    exact = []
    for n in (10**3, 10**5, 10**7):
        radius = gram.deciding_norm(n, pole.distance)

        def density(r, n=n, radius=radius):
            exponent = 0.5 * r * r + 2 * n * np.arcsinh(pole.distance / r) - 1.5 * radius**2
            return r * (2 * n / (r * r + pole.distance**2)) ** 2 * np.exp(-exponent)

        value = quad(density, radius - 12, radius + 12, epsabs=0, epsrel=1e-10, points=[radius])[0]
        # Then their mean square is the law, next to the exponential, as n grows
        law = 8 * np.sqrt(2 * np.pi / 3) * np.exp(pole.distance**2 / 6) * (n / radius) ** 3
        exact.append(2 * n * value / law - 1)
    assert np.abs(exact).max() < 0.05
    assert abs(exact[-1]) < abs(exact[0]) / 50


def test_tiny_eigenvalues_need_neurons_that_narrow_networks_do_not_have():
    # Given points whose λ_min comes from neurons of norm 5.4, one in two million
    n, tanh = 50, nk.activation("tanh")
    limit = gram.population_eigenvalues(half_circle(n), tanh).min
    assert np.exp(0.5 * gram.deciding_norm(n, np.pi / 2) ** 2) > 2e6
    # Then networks a thousand times narrower have hardly any of it, and those of ReLU nearly all
    drawn = [gram.finite_eigenvalues(half_circle(n), tanh, 2000, seed).min for seed in range(9)]
    assert np.median(drawn) < 0.01 * limit
    relu = nk.activation("relu")
    kinked = [gram.finite_eigenvalues(half_circle(n), relu, 2000, seed).min for seed in range(9)]
    assert np.median(kinked) > 0.4 * gram.population_eigenvalues(half_circle(n), relu).min


# ---- surveys


def test_surveys_hold_what_their_parts_give():
    pair = [nk.activation("relu"), nk.activation("elu")]
    found = gram.spectra(half_circle(8), pair, width=300, seed=1, initialisation=gram.fan_in(10))
    for sigma in pair:
        infinite = gram.population_eigenvalues(half_circle(8), sigma, initialisation=gram.fan_in(10))
        assert found.infinite[sigma.name].eigenvalues == pytest.approx(infinite.eigenvalues)
    assert (found.n, found.dim, found.initialisation) == (8, 2, "fan-in")
    with pytest.raises(ValueError, match="at least one activation"):
        gram.spectra(half_circle(8), [])
    with pytest.raises(ValueError, match="at least one size"):
        gram.least_by_size(pair, [])
    with pytest.raises(ValueError, match="n must be at least 2"):
        gram.deciding_norm(1, 1.0)


# ---- single vectors


@pytest.mark.parametrize("name", ["relu", "selu", "elu", "tanh"])
def test_mean_square_of_single_neurons_is_the_form_of_the_limit(name):
    x, sigma = half_circle(10), named(name)
    for vector in (None, np.arange(1.0, 11.0)):
        found = gram.single_vector(x, sigma, vector)
        squares = found.norms**2
        error = squares.std(ddof=1) / np.sqrt(len(squares))
        assert abs(squares.mean() - found.form) < 5 * error
        assert np.linalg.norm(found.vector) == pytest.approx(1)
    bottom = gram.single_vector(x, sigma, draws=10).form
    assert bottom == pytest.approx(gram.population_eigenvalues(x, sigma).min, rel=1e-9)


def test_relu_gives_each_of_the_sectors_between_lines_one_value():
    # Given ten lines that cut the plane into twenty sectors of the same probability
    x, vector = factors.span_coordinates(half_circle(10)), np.random.default_rng(0).standard_normal(10)
    vector /= np.linalg.norm(vector)
    middles = np.arctan2(x[0, 1], x[0, 0]) + np.pi * (np.arange(20) + 0.5) / 10
    active = np.cos(np.subtract.outer(middles, np.arctan2(x[:, 1], x[:, 0]))) > 0
    values = np.linalg.norm((active * vector) @ x, axis=1)
    # Then draws have these values, each as often as the others
    found = gram.single_vector(half_circle(10), nk.activation("relu"), vector, draws=40_000)
    counts = np.array([np.sum(np.abs(found.norms - value) < 1e-12) for value in values])
    assert np.abs(found.norms[:, None] - values).min(axis=1).max() < 1e-12
    assert np.abs(counts - 2000).max() < 5 * np.sqrt(2000)
    # And somewhere two neighbours differ by the largest |ζ_i| ≥ 1/√n: one of them is at least half of it
    assert values.max() >= 0.5 * np.abs(vector).max() >= 0.5 / np.sqrt(10)


def test_what_is_no_vector_of_the_inputs_is_refused():
    for vector in (np.ones(3), np.zeros(5)):
        with pytest.raises(ValueError, match=r"shape \(5,\), not all 0"):
            gram.single_vector(half_circle(5), nk.activation("relu"), vector)
