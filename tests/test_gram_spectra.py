"""Gram matrices of two layers and their spectra, at infinite and at finite width."""

import mpmath as mp
import numpy as np
import pytest

import ntkit as nk
from ntkit import gram
from ntkit.gram import eigenvalues, factors
from ntkit.gram.covariances import slope_activation

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
