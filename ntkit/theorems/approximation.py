"""Panigrahi et al.: ranks of polynomial activations, polynomials near a slope, and what they say of λ_min.

Theorems F.2 to F.9, G.1, I.1 to I.4, K.1, K.4, L.2 on the Gram matrix G of a two-layer network, with σ as it is.
"""

import math

import numpy as np
from scipy.integrate import quad
from scipy.special import expit, gammaln

from ntkit import data
from ntkit.activations import activation
from ntkit.gram import approximation, certificates, hermite_decay, kink_events, polynomials, stated_bounds
from ntkit.gram.eigenvalues import population_eigenvalues
from ntkit.gram.single_vectors import single_vector
from ntkit.theorems.entry import Assumption, Claim, Entry, Subject
from ntkit.theorems.erratum import Erratum, Evidence

_PAPER = "Panigrahi et al."
_OURS = "ours, after Panigrahi et al."
_COUNTS = (8, 16, 32)  # of points on a half circle
_WIDTH = 300
_ORDERS = np.arange(6)
_STEEPNESS = np.array([1.0, 3.0, 10.0, 30.0])
_EPSILONS = np.array([1e-1, 1e-3, 1e-6])
_IMPLIED = 0.022  # of Theorem L.2, by `step_floor_sine`: (log 2n)^−½ (log n)^1.5 ≥ 0.49 from n = 2 on

APART = Assumption("Assumption 2: no two inputs are parallel", lambda subject: subject.points.delta > 0)
CROWDED = Assumption(
    "more points than dimensions", lambda subject: subject.points.n > data.span(subject.points.x).dimension
)
CONTINUOUS = Assumption("σ has no jump", lambda subject: subject.activation.is_continuous)


def _on_points(*names):
    """Those activations, on the points of the grid that are not too many for a moment."""

    def subjects(grid):
        return [Subject(activation(name), points) for name in names for points in grid.points if points.n <= 60]

    return subjects


def _alone(*names):
    return lambda grid: [Subject(activation(name)) for name in names]


def _polynomials(grid):
    given = ((0, 1), (0, 0, 1), (0, 1, 1), (0, 1, 1, 1), (0, 0, 0, 1), (0, 1, 1, 1, 1))
    return [Subject(activation("polynomial", coefficients=each)) for each in given]


def _smallest(subject):
    """λ_min(G∞), and what rounding may move it by."""
    found = population_eigenvalues(subject.points.x, subject.activation)
    return found.min, 10 * found.resolution


# --- from below -------------------------------------------------------------------------------------------------------


def _lemma_i1(subject, grid):
    smallest, rounding = _smallest(subject)
    squares = hermite_decay.slope_coefficients(subject.activation, len(_ORDERS)) ** 2
    powers = [polynomials.hadamard_smallest_eigenvalue(subject.points.x, int(r) + 1) for r in _ORDERS]
    return Claim(smallest, squares * powers, {"r": _ORDERS}, sense="≥", slack=rounding)


def _series(subject, grid):
    smallest, rounding = _smallest(subject)
    found = certificates.ladder(subject.activation, [subject.points.x])
    floors = np.array([found.hadamard_sum[0], found.gershgorin_sum[0]])
    return Claim(smallest, floors, {"rung": np.arange(2)}, sense="≥", rounding=1e-9, slack=rounding)


def _closed(subject, grid):
    smallest, rounding = _smallest(subject)
    return Claim(smallest, _step_floor(subject.points), sense="≥", slack=rounding)


def _step_floor(points):
    return certificates.step_floor_sine(points.separation.sine, points.n)


def _theorem_l2(subject, grid):
    smallest, rounding = _smallest(subject)
    stated = stated_bounds.theorem_42(subject.points.n, subject.points.separation.sine, 1, constant=_IMPLIED)
    return Claim(smallest, stated.eigenvalue, sense="≥", slack=rounding)


def _kink_exponents(stated):
    def claim(subject, grid):
        sets = [data.half_circle(n, dim=2) for n in _COUNTS]
        exact = [population_eigenvalues(points.x, subject.activation).min for points in sets]
        said = [stated(points.n, points.separation.sine).eigenvalue for points in sets]
        powers = [np.diff(np.log(values)) / np.diff(np.log(_COUNTS)) for values in (exact, said)]
        return Claim(powers[0], powers[1], {"n": np.array(_COUNTS[1:])}, sense="≥", slack=1e-6)

    return claim


def _theorem_k1_constant(subject, grid):
    smallest, rounding = _smallest(subject)
    jump = certificates.slope_jump(subject.activation)
    floor = kink_events.theorem_k1_two_lines(subject.points.n, subject.points.separation.sine, jump)
    return Claim(smallest, floor, sense="≥", slack=rounding)


def _claim_k2(subject, grid):
    points = subject.points
    found = single_vector(points.x, subject.activation)
    threshold = 0.5 * certificates.slope_jump(subject.activation)
    return Claim(found.share(threshold), kink_events.claim_k2(points.n, points.separation.sine), sense="≥")


def _few_on_points(name):
    """On those points that leave δ/n² to be drawn."""
    return lambda grid: [
        Subject(activation(name), points)
        for points in grid.points
        if points.n <= 60 and kink_events.claim_k2(points.n, points.separation.sine) > 1e-7
    ]


def _theorem_k1(n, delta):
    return stated_bounds.theorem_k1(n, delta, 1)


def _theorem_k4(n, delta):
    return stated_bounds.theorem_k4(n, delta, 1, 2)


def _smoothed(draw, n=20, dim=6, noise=0.05):
    """Points of a half circle in `dim` dimensions with noise: Assumption 3."""
    rows = data.half_circle(n, dim=dim).x + noise * np.random.default_rng(draw).standard_normal((n, dim))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _lemma_i2(subject, grid):
    n, dim, noise, kappa = 20, 6, 0.05, 0.1
    power = stated_bounds.smallest_power(n, dim)
    draws = np.arange(grid.seeds)
    found = [np.sqrt(polynomials.hadamard_smallest_eigenvalue(_smoothed(draw), power)) for draw in draws]
    stated = stated_bounds.lemma_i2(n, power, noise, kappa).eigenvalue
    return Claim(np.array(found), stated, {"draw": draws}, sense="≥")


def _theorem_i4(subject, grid):
    draws = np.arange(4)
    found = [population_eigenvalues(_smoothed(draw), subject.activation).min for draw in draws]
    stated = stated_bounds.theorem_i4(20, 6, 0.05, 0.1, 10**6).eigenvalue
    return Claim(np.array(found), stated, {"draw": draws}, sense="≥")


# --- ranks ------------------------------------------------------------------------------------------------------------


def _coefficients(sigma):
    return dict(sigma.key.parameters)["coefficients"]


def _rank_found(sigma, dim, on_sphere):
    size = polynomials.stated_rank(dim, 4) + 2
    generator = np.random.default_rng(dim)
    rows, weights = generator.standard_normal((2, size, dim))
    if on_sphere:
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    slopes = sigma.derivative(rows @ weights.T)
    return polynomials.numerical_rank((slopes[:, :, None] * rows[:, None, :]).reshape(size, -1))


def _ranks(exact):
    def claim(subject, grid):
        given = _coefficients(subject.activation)
        dims, shapes = np.array([2, 3, 4]), (True, False)
        found = [[_rank_found(subject.activation, int(dim), shape) for shape in shapes] for dim in dims]
        said = [[exact(int(dim), given, shape) for shape in shapes] for dim in dims]
        axes = {"d'": dims[:, None], "unit norm": np.array(shapes)}
        sense = "=" if exact is _exact_rank else "≤"
        return Claim(np.array(found, float), np.array(said, float), axes, sense=sense, rounding=0.0)

    return claim


def _exact_rank(dim, given, on_sphere):
    return polynomials.polynomial_rank(dim, given, on_sphere=on_sphere)


def _stated_rank(dim, given, on_sphere):
    return polynomials.stated_rank(dim, len(given) - 1)


# --- polynomials near a slope -----------------------------------------------------------------------------------------


def _degrees(function, degree):
    """Errors of truncations of the degree that a theorem gives, beside the error that it promises."""

    def claim(subject, grid):
        errors = np.array([[_error(function, degree, k, e) for e in _EPSILONS] for k in _STEEPNESS])
        return Claim(errors, np.broadcast_to(_EPSILONS, errors.shape), {"k": _STEEPNESS[:, None], "ε": _EPSILONS})

    return claim


def _error(function, degree, k, epsilon):
    """On [−1, 1] for f(kx), or on [−k, k] for f: the same polynomial."""
    polynomial = approximation.chebyshev_truncation(function, degree(k, epsilon), k)
    return approximation.sup_error(function, polynomial, k)


def _swish_slope(x):
    return activation("swish").derivative(x)


def _corollary_f71(subject, grid):
    found = np.abs(hermite_decay.slope_coefficients(subject.activation, 200))
    order = np.arange(200)
    return Claim(found, hermite_decay.corollary_f71(order), {"k": order}, slack=1e-13)


def _theorem_f6(subject, grid):
    found = hermite_decay.slope_decay(subject.activation)
    return Claim(np.array([found.slope]), np.array([found.predicted_slope]), sense="=", rounding=0.05)


def _theorem_f8(subject, grid):
    draws, x = np.arange(8), data.half_circle(20, dim=2).x
    exact, bound = [], []
    for draw in draws:
        generator = np.random.default_rng(draw)
        hidden, heads = generator.standard_normal((_WIDTH, 2)), generator.standard_normal(_WIDTH)
        slopes = subject.activation.derivative(x @ hidden.T) * heads
        features = (slopes[:, :, None] * x[:, None, :]).reshape(len(x), -1) / math.sqrt(_WIDTH)
        exact.append(np.linalg.svd(features, compute_uv=False)[-1] ** 2)
        bound.append(certificates.l_infinity_ceiling(subject.activation, x, hidden, heads).value)
    return Claim(np.array(exact), np.array(bound), {"draw": draws})


def _theorem_f9(subject, grid):
    smallest, rounding = _smallest(subject)
    return Claim(smallest, certificates.l2_ceiling(subject.activation, subject.points.x).value, slack=rounding)


# --- errata -----------------------------------------------------------------------------------------------------------


def _equation_8():
    tau, epsilon = 10.0, 1e-6
    degree = approximation.equation_8_degree(tau, epsilon)
    what = f"error of the best polynomial of degree {degree} near tanh on (−{tau:g}, {tau:g}); by its rest in L²"
    floor = approximation.best_error_floor(np.tanh, degree, tau)
    return Evidence(what, floor, float(approximation.tanh_error(tau, degree)), epsilon, 1e-14, "≤")


def _theorem_f8_rate():
    tau, degree = 3 * math.sqrt(math.log(1e4)), 40
    slope = activation("tanh").derivative
    printed, right = (
        float(approximation.lemma_f5(error))
        for error in (approximation.equation_8_error(tau, degree), approximation.tanh_error(tau, degree // 2))
    )
    what = f"error of the best polynomial of degree {degree} near tanh' on ±3√log nm, nm = 10⁴; by its rest in L²"
    return Evidence(what, approximation.best_error_floor(slope, degree, tau), right, printed, 1e-12, "≤")


def _factors_of_slope():
    places = np.linspace(-9, 9, 2001)
    return Evidence("sup |1 + tanh| on [−9, 9], a factor of tanh'", (1 + np.tanh(places)).max(), 2.0, 1.0, 1e-6)


def _degree_of_slope():
    n, sigma = 6, activation("polynomial", coefficients=(0, 1, 1, 1))
    x = np.random.default_rng(0).standard_normal((n, 2))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    rank = polynomials.numerical_rank(polynomials.polynomial_features(x, (0, 1, 1, 1)))
    right = min(n, polynomials.polynomial_rank(2, _coefficients(sigma)))
    printed = n - 1 if polynomials.printed_condition(n, 2, 2) else n
    return Evidence("rank of G, six points in the plane, σ' of degree p = 2", rank, right, printed, 0.0)


def _edge_of_null_space():
    x = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [-0.8, 0.6]])
    what = "eigenvalues of G that are not 0; four points in the plane, σ linear: C(3, 1) − 1 = 2 = n/d'"
    return Evidence(what, np.linalg.matrix_rank(x), polynomials.polynomial_rank(2, (0, 1)), 4 // 2 - 1, 0.0)


def _correlation_of_separation():
    angle = 0.1
    x = np.array([[1.0, 0.0], [np.cos(angle), np.sin(angle)]])
    delta = data.separation(x).sine
    what = f"|ρ| of two points with √(1 − ρ²) = δ = {delta:.4f}"
    return Evidence(what, abs(x[0] @ x[1]), math.sqrt(1 - delta**2), 1 - delta, 1e-12)


def _power_of_separation():
    points = data.half_circle(200, dim=2)
    exact = population_eigenvalues(points.x, activation("relu")).min
    stated = stated_bounds.theorem_42(points.n, points.separation.sine, 1, constant=_IMPLIED).eigenvalue
    what = f"1/λ_min of G∞ for ReLU on 200 points of a half circle; Ω with the constant {_IMPLIED}"
    return Evidence(what, 1 / exact, 1 / _step_floor(points), 1 / stated, 1e-9 / exact, "≤")


def _odd_coefficient():
    def integrand(t):  # E tanh'(X)h₂(X)
        return math.cosh(t) ** -2 * (t * t - 1) / math.sqrt(2) * math.exp(-t * t / 2) / math.sqrt(2 * math.pi)

    truth = quad(integrand, -12, 12, epsabs=1e-13)[0] ** 2
    found = hermite_decay.slope_coefficients(activation("tanh"), 4) ** 2
    return Evidence("coefficient of (X Xᵀ)^⊙p in G∞ for tanh, p = 3", truth, found[2], found[3], 1e-11)


def _leading_coefficient():
    degree = 4
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    cubic = (nodes**3 - 3 * nodes) / math.sqrt(6)
    truth = weights @ (degree * nodes**3 * cubic) / math.sqrt(2 * math.pi)
    what = "c̄_(p−1) of σ' = 4x³, p = 4, by Gauss–Hermite quadrature"
    return Evidence(what, truth, degree * math.sqrt(math.factorial(degree - 1)), 1.0, 1e-10)


def _fourier(order):
    """log |c̄_r| of tanh' as ∫ t^(r+1) e^(−t²/2)/sinh(πt/2) dt/√r!, whose integrand is a bump near √r."""
    peak = math.sqrt(order)

    def integrand(t):
        return math.exp((order + 1) * math.log(t / peak) - (t * t - peak**2) / 2) / math.sinh(math.pi * t / 2)

    value = quad(integrand, max(peak - 9, 1e-9), peak + 9, epsabs=0, epsrel=1e-10, limit=200)[0]
    return math.log(value) + (order + 1) * math.log(peak) - peak**2 / 2 - 0.5 * float(gammaln(order + 1))


def _rate_of_tanh():
    orders = np.array([100, 400])
    truth = _fourier(400) - _fourier(100)
    right = np.diff(np.log(hermite_decay.POLES["tanh"].asymptote(orders)))[0]
    printed = np.diff(np.log(hermite_decay.equation_34(orders)))[0]
    return Evidence("log |c̄₄₀₀/c̄₁₀₀| of tanh', by its Fourier integral", truth, right, printed, 0.06)


def _half_of_the_strip():
    order = 100
    truth = math.exp(_fourier(order))
    what = f"|c̄_k| of tanh' at k = {order}, by its Fourier integral"
    right, printed = hermite_decay.POLES["tanh"].asymptote(order), hermite_decay.corollary_f71(order)
    return Evidence(what, truth, float(right), float(printed), 1e-12, "≤")


def _even_coefficients_of_the_step():
    order = 10
    truth = quad(lambda t: _hermite_times_density(t, order), 0, 12, epsabs=1e-13)[0]
    what = f"c̄_k of the step at k = {order}, up to its sign"
    return Evidence(what, abs(truth), abs(hermite_decay.step_coefficients(order + 1)[order]), order**-0.75, 1e-10)


def _hermite_times_density(t, order):
    value = np.polynomial.hermite_e.HermiteE.basis(order)(t) / math.exp(0.5 * float(gammaln(order + 1)))
    return value * math.exp(-t * t / 2) / math.sqrt(2 * math.pi)


def _variance_with_bias():
    width, count = 100, 200_000
    generator = np.random.default_rng(0)
    inputs = generator.standard_normal((2, count)) / math.sqrt(width)  # w·x for unit x, and b
    scaled = width * inputs.sum(axis=0) ** 2
    error = 5 * scaled.std() / math.sqrt(count)
    return Evidence("m E(w·x + b)² at fan-out initialisation, drawn", scaled.mean(), 2.0, 1.0, error)


ENTRIES = (
    Entry("panigrahi_lemma_i1", f"{_PAPER}, Lemma I.1", "appendix I", "λ_min(G∞) ≥ c̄_r²(σ') λ_min((XᵀX)^⊙(r+1)), all r",
          (CONTINUOUS,), _on_points("relu", "tanh", "swish"), _lemma_i1, remark="The squares are lost in our text."),
    Entry("panigrahi_series", f"{_PAPER}, Lemma I.1, summed", _OURS,
          "λ_min(G∞) ≥ Σ c̄_r² λ_min((XᵀX)^⊙(r+1)) ≥ Σ c̄_r² max(0, 1 − (n − 1)(1 − δ)^(r+1))", (APART, CONTINUOUS),
          _on_points("relu", "tanh"), _series),
    Entry("panigrahi_theorem_l2", f"{_PAPER}, Theorem L.2", "section 4.1, Theorem 4.2; appendix L",
          f"λ_min(G∞) ≥ {_IMPLIED} δ^1.5 log^−1.5 n", (APART,), _on_points("relu"), _theorem_l2,
          remark="Stated with Ω, at finite width; the constant follows from the sharper bound."),
    Entry("panigrahi_theorem_l2_sharp", f"{_PAPER}, Theorem L.2, sharp", _OURS,
          "λ_min(G∞) ≥ δ/(4π^(3/2)√log 2n), δ = min √(1 − ρ²)", (APART,), _on_points("relu"), _closed,
          remark="Linear in δ, as the truth is for two points."),
    Entry("panigrahi_theorem_k1", f"{_PAPER}, Theorem K.1", "appendix K.1", "λ_min(G(0)) ≥ Ω(δ/n³) where σ' jumps", (),
          _alone("relu", "selu", "leaky_relu"), _kink_exponents(_theorem_k1), "trend",
          remark="On a half circle: exponent −1 of n, where −4 is stated."),
    Entry("panigrahi_claim_k2_constant", f"{_PAPER}, Claim K.2, constant", "appendix K.1",
          "P{‖Σ ζ_i σ'(w·x_i) x_i‖ ≥ 1/(2√n)} ≥ 0.0099 δ/n², ζ of λ_min", (APART,), _few_on_points("relu"), _claim_k2,
          "sampled", remark="Stated as Ω(δ/n²) with c/√n; for ReLU with the constants of the proof."),
    Entry("panigrahi_theorem_k1_constant", f"{_PAPER}, Theorem K.1, constant", "appendix K.1",
          "λ_min(G∞) ≥ κ²δ/(405 n³) where σ is two lines", (APART,), _on_points("relu", "leaky_relu"),
          _theorem_k1_constant, remark="The constant is that of the proof; printed with Ω, at finite width."),
    Entry("panigrahi_theorem_k4", f"{_PAPER}, Theorem 4.1 (K.4)", "section 4.1; appendix K.2",
          "λ_min(G(0)) ≥ Ω(δ³/(n⁷ log n)) where σ'' jumps", (), _alone("elu"), _kink_exponents(_theorem_k4), "trend",
          remark="On a half circle: exponent −3 of n, where −10 is stated."),
    Entry("panigrahi_lemma_i2", f"{_PAPER}, Lemma I.2", "appendix I",
          "σ_n(X^{*p}) ≥ Ω(n^−½ (σκ/(np))^p) for smoothed data, C(d', p) ≥ n", (), _alone("tanh"), _lemma_i2, "sampled",
          remark="With the constant 1."),
    Entry("panigrahi_theorem_i4", f"{_PAPER}, Theorem I.4", "section 4.2, Theorem 4.7; appendix I",
          "λ_min(G) ≥ Ω(c̄_(p−1)²(tanh') n^−1 (σκ/(np))^2p) for smoothed data", (), _alone("tanh"), _theorem_i4,
          "sampled", remark="At infinite width, with the constant 1; printed with c̄_p."),
    Entry("panigrahi_theorem_f2", f"{_PAPER}, Theorem F.2", "section 4.2, Theorem 4.3; appendix F.1",
          "rank G ≤ C(d' + p, p) − 1 for σ of degree p", (), _polynomials, _ranks(_stated_rank),
          remark="The theorem has p as the degree of σ'; its proof, and Theorem 4.3, as that of σ."),
    Entry("panigrahi_theorem_f2_sharp", f"{_PAPER}, Theorem F.2, exact", _OURS,
          "rank G = Σ C(d' + k − 1, k) over the powers k of σ; on the sphere over the highest of either parity", (),
          _polynomials, _ranks(_exact_rank), "identity"),
    Entry("panigrahi_theorem_f4", f"{_PAPER}, Theorem F.4", "appendix F.2, after Shalev-Shwartz et al. (2011)",
          "the logistic function of kx is within ε of a polynomial of degree ⌈log((4π + 2k)/(π²ε))/log(1 + π/k)⌉", (),
          _alone("sigmoid"), _degrees(expit, approximation.sigmoid_degree)),
    Entry("panigrahi_equation_8_right", f"{_PAPER}, Equation (8), corrected", _OURS,
          "tanh on ±τ is within ε of a polynomial of degree ⌈log(2(4π + 4τ)/(π²ε))/log(1 + π/2τ)⌉", (),
          _alone("tanh"), _degrees(np.tanh, approximation.tanh_degree)),
    Entry("panigrahi_theorem_g1", f"{_PAPER}, Theorem G.1", "appendix G",
          "swish' on ±k is within ε of a polynomial of degree ⌈log((4πk + 2k²)/(π²ε))/log(1 + π/k)⌉", (),
          _alone("swish"), _degrees(_swish_slope, approximation.swish_slope_degree)),
    Entry("panigrahi_theorem_f6", f"{_PAPER}, Theorem F.6", "appendix F.3, after Hille (1940)",
          "|c̄_k| falls like e^(−τ√(2k+1)), τ = y/√2 for the nearest poles ±iy of σ'", (),
          _alone("tanh", "sigmoid", "swish", "softplus"), _theorem_f6, "trend",
          remark="The slope of a fitted line; a power in front of the exponential is in it."),
    Entry("panigrahi_corollary_f71", f"{_PAPER}, Corollary F.7.1", "appendix F.3", "|c̄_k(tanh')| ≤ e^(−(π/4)√k)", (),
          _alone("tanh"), _corollary_f71, remark="Stated with O; checked with the constant 1."),
    Entry("panigrahi_theorem_f8", f"{_PAPER}, Theorem F.8", "appendix F.3.1",
          "λ_min(G(0)) ≤ n ε² mean(a_k²), ε = sup |σ' − g| for a polynomial g with a singular matrix", (),
          _alone("tanh", "swish"), _theorem_f8, "sampled", remark="The argument of the proof, with ε as measured."),
    Entry("panigrahi_theorem_f9", f"{_PAPER}, Theorem F.9", "appendix F.3.1",
          "λ_min(G∞) ≤ Σ_{r > q} c̄_r² λ_max((XᵀX)^⊙(r+1)) where the first q terms are singular", (CROWDED, CONTINUOUS),
          _on_points("tanh", "swish"), _theorem_f9, remark="The argument of the proof, at infinite width."),
)  # fmt: skip

ERRATA = (
    Erratum("panigrahi_equation_8", f"{_PAPER}, Equation (8)", "degree ⌈log((4π + 2τ)/(π²ε))/log(1 + π/τ)⌉ for tanh",
            "⌈log(2(4π + 4τ)/(π²ε))/log(1 + π/2τ)⌉",
            "tanh(τx) = 2s(2τx) − 1 for the logistic s: k = 2τ and ε/2 in Theorem F.4.", _equation_8),
    Erratum("panigrahi_theorem_f8_rate", f"{_PAPER}, Theorem F.8", "(1 + (π/3)/√log nm)^−p", "π/6 for π/3, p/2 for p",
            "Equation (8), and tanh' = 1 − tanh², which doubles the degree.", _theorem_f8_rate),
    Erratum("panigrahi_lemma_f5_use", f"{_PAPER}, Lemma F.5 as used", "tanh' = (1 + tanh)(1 − tanh), factors ≤ 1",
            "tanh' = 1 − tanh·tanh", "The factors reach 2, where the lemma asks for 1; with tanh² it applies.",
            _factors_of_slope),
    Erratum("panigrahi_theorem_f2_degree", f"{_PAPER}, Theorem F.2, Corollary F.2.1, Theorem F.3",
            "σ' = Σ_{ℓ ≤ p} c_ℓ x^ℓ, singular if C(d' + p, p) < n + 1", "σ' of degree p − 1, σ of degree p",
            "The proof counts monomials up to degree p, and σ'(w·x)x has one more than σ'.", _degree_of_slope),
    Erratum("panigrahi_theorem_f3_edge", f"{_PAPER}, Theorem F.3, Theorem 4.3",
            "λ_k = 0 for k ≥ ⌈n/d'⌉ if C(d' + p, p) − 1 ≤ n/d'", "for k > n/d'",
            "A rank of n/d' leaves λ_k with k = n/d' as it is.", _edge_of_null_space),
    Erratum("panigrahi_theorem_l2_correlation", f"{_PAPER}, proofs of Theorem L.2 and Lemma J.5",
            "|ρ| ≤ 1 − δ by Assumption 2", "|ρ| ≤ √(1 − δ²)", "Assumption 2 is on √(1 − ρ²). The statement survives.",
            _correlation_of_separation),
    Erratum("panigrahi_theorem_l2_power", f"{_PAPER}, Theorem 4.2 (L.2)", "λ_min ≥ Ω(δ^1.5 log^−1.5 n)",
            "δ/(4π^(3/2)√log 2n)", "All terms of the series add up; the proof keeps one.", _power_of_separation),
    Erratum("panigrahi_theorem_i4_order", f"{_PAPER}, Theorem I.4", "c̄_p²(tanh'), p odd", "c̄_(p−1)²(tanh')",
            "Lemma I.1 gives c̄_(p−1) for X^{*p}; odd coefficients of the even tanh' vanish.", _odd_coefficient),
    Erratum("panigrahi_theorem_i3_coefficient", f"{_PAPER}, proof of Theorem I.3", "c̄_(p−1)(σ') = 1", "p√((p − 1)!)",
            "x^(p−1) has √((p − 1)!) as its coefficient of the normalised h_(p−1). Larger, so the bound holds.",
            _leading_coefficient),
    Erratum("panigrahi_equation_34", f"{_PAPER}, Equation (34)",
            "(2k + 1)^(−¼) Θ(e^(−(π/4)√(2k+1))), as it can be read",
            "√2 π^¼ e^(π²/16) (2k + 1)^(+¼) e^(−(π/2√2)√(2k+1))", "The poles of tanh' are double, at ±iπ/2.",
            _rate_of_tanh),
    Erratum("panigrahi_corollary_f71_rate", f"{_PAPER}, Theorem F.7, Corollary F.7.1", "O(e^(−(π/4)√k))",
            "O(k^¼ e^(−(π/2)√k))", "Half of the strip of tanh'(√2 z) is used, which F.7 takes for tanh'(z/√2).",
            _half_of_the_strip),
    Erratum("panigrahi_equation_20", f"{_PAPER}, Equation (20)", "c̄_k ≈ (−1)^k/k^0.75 for every k",
            "0 for even k ≥ 2, 0.356 k^−0.75 for odd k", "The step is ½ and an odd function.",
            _even_coefficients_of_the_step),
    Erratum("panigrahi_theorem_f11_bias", f"{_PAPER}, Theorem F.11 (and F.12)", "w·x + b has the variance 1/m", "2/m",
            "The bias has the variance 1/m of its own (0.01 at fan-in).", _variance_with_bias),
)  # fmt: skip
