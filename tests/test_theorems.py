"""Every theorem on conditioning against the exact quantity that it bounds, on whole grids: no bound is ever beaten.

Agarwal, Awasthi, Kale (2021).  A bound may be beaten by rounding alone, and the tolerances say how much that is:
ENTRIES for scalars of any depth, which are accurate to 1e-10 of themselves, and for eigenvalues the n·ε·λ_max that
every eigenvalue solver leaves, plus n times 1e-13 of the diagonal for the entries.
"""

from functools import cache

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import ntkit as nk
from ntkit import conditioning
from ntkit.spectra import compare_spectra, lemma_23

ENTRIES = 1e-10
DEEPEST = 120
LAYERS = np.arange(DEEPEST + 1)[:, None]
DELTAS = np.array([1e-12, 1e-9, 1e-6, 1e-4, 1e-3, 0.01, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9])
PARAMETERS = {
    "leaky_relu": {"slope": 0.2},
    "hermite": {"k": 3},
    "polynomial": {"coefficients": (0.0, 1.0, 0.3, 0.2)},
    "relu_power": {"r": 2},
}
JUMPING = ("step", "sign")
NONLINEAR = tuple(name for name in nk.catalogue() if name != "identity")
CONTINUOUS = tuple(name for name in NONLINEAR if name not in JUMPING)


@cache
def normalized(name):
    return nk.activation(name, **PARAMETERS.get(name, {})).normalized()


@cache
def mu_of(name):
    return normalized(name).coefficient_of_nonlinearity


# --- one layer -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NONLINEAR)
def test_lemma_19_coefficient_of_nonlinearity(name):
    assert 0 < mu_of(name) <= 1


@pytest.mark.parametrize("name", NONLINEAR)
def test_lemma_21_one_layer(name):
    dual, mu = normalized(name).dual, mu_of(name)
    values = np.asarray(dual(1 - DELTAS))
    mirrored = np.abs(np.asarray(dual(DELTAS - 1)))
    assert (mirrored <= values * (1 + 1e-12) + 1e-15).all()
    assert (values <= conditioning.lemma_21(DELTAS, mu) * (1 + 1e-12)).all()


@pytest.mark.parametrize("name", NONLINEAR)
def test_lemma_21_separation_of_nearly_equal_points_grows(name):
    # where 1 − σ̂ would cancel: δ down to 1e-15
    near = np.geomspace(1e-15, 0.5, 200)
    grown = np.asarray(normalized(name).dual.gap(near))
    assert (grown >= (1 + mu_of(name) / 2) * near * (1 - 1e-12)).all()


@pytest.mark.parametrize("name", CONTINUOUS)
def test_lemma_26_slope(name):
    dual, mu = normalized(name).dual, mu_of(name)
    rho = np.concatenate([np.linspace(-1, 1, 401), 1 - DELTAS, DELTAS - 1])
    ratio = np.asarray(dual.derivative(rho)) / dual.slope_at_one
    assert (np.abs(ratio) <= conditioning.lemma_26(rho, mu) + 1e-13).all()


# --- any depth, two points -------------------------------------------------------------------------------------------


@cache
def exact(name):
    """The trajectories from every ρ₀ = ±(1 − δ)·t, t in (0, 1]: |ρ_l| and 1 − |ρ_l| where ρ₀ > 0; axes (l, δ, t)."""
    gap = 1 - (1 - DELTAS[:, None]) * np.array([0.9, 0.5, 0.1])
    gap = np.concatenate([DELTAS[:, None], gap], axis=1)  # t = 1 without cancellation
    start = np.concatenate([gap, 2 - gap], axis=1)
    return nk.mlp(DEEPEST, normalized(name)).trajectory(gap=start.ravel()), start.shape


def exact_correlations(name):
    trajectory, shape = exact(name)
    return np.abs(trajectory.correlation).reshape(-1, *shape), trajectory.gap.reshape(-1, *shape)


def exact_ntk_ratios(name):
    trajectory, shape = exact(name)
    return (np.abs(trajectory.ntk) / trajectory.ntk_diagonal[:, None]).reshape(-1, *shape)


@pytest.mark.parametrize("name", NONLINEAR)
def test_lemma_22_correlations_decay(name):
    correlation, gap = exact_correlations(name)
    bound = conditioning.lemma_22(LAYERS, DELTAS, mu_of(name))
    least_gap = conditioning.bound_gap(LAYERS, DELTAS, mu_of(name))
    assert (correlation <= bound[..., None] * (1 + ENTRIES)).all()
    assert (gap[..., 0] >= least_gap * (1 - ENTRIES)).all()


@pytest.mark.parametrize("name", CONTINUOUS)
def test_theorem_5_diagonal(name):
    trajectory, _ = exact(name)
    diagonal = conditioning.ntk_diagonal(LAYERS[:, 0], normalized(name).dual.slope_at_one)
    np.testing.assert_allclose(trajectory.ntk_diagonal, diagonal, rtol=1e-12)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_theorem_5_as_stated(name):
    ratio = exact_ntk_ratios(name)
    for column, delta in enumerate(DELTAS):
        depth = np.arange(2 * conditioning.L0(delta, mu_of(name)), DEEPEST + 1)
        bound = conditioning.theorem_5(depth, delta, mu_of(name))
        assert (ratio[depth, column] <= bound[:, None] * (1 + ENTRIES)).all()


@pytest.mark.parametrize("name", CONTINUOUS)
def test_theorem_5_sharp(name):
    ratio = exact_ntk_ratios(name)
    bound = conditioning.theorem_5_sharp(LAYERS, DELTAS, mu_of(name))
    assert (ratio <= bound[..., None] * (1 + ENTRIES)).all()


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9), st.floats(1e-6, 0.999), st.sampled_from((-1, 1)))
def test_theorems_3_and_5_for_any_dual(weights, delta, sign):
    # any σ̂ with non-negative coefficients and σ̂(0) = 0 is the dual of a normalised activation
    squares = np.array([0.0, *weights])
    assume(squares[2:].sum() > 1e-3)
    mu = min(squares[2:].sum() / squares.sum(), 1.0)
    dual = np.polynomial.Polynomial(squares / squares.sum())
    slope = dual.deriv()
    rho, ntk, diagonal = [sign * (1 - delta)], [sign * (1 - delta)], [1.0]
    for _ in range(59):
        ntk.append(dual(rho[-1]) + ntk[-1] * slope(rho[-1]))
        diagonal.append(1 + diagonal[-1] * slope(1.0))
        rho.append(dual(rho[-1]))
    depth, ratio = np.arange(60), np.abs(ntk) / np.array(diagonal)
    assert (np.abs(rho) <= conditioning.theorem_3(depth, delta, mu) * (1 + ENTRIES) + 1e-300).all()
    assert (ratio <= conditioning.theorem_5_sharp(depth, delta, mu) * (1 + ENTRIES)).all()
    stated = depth[2 * conditioning.L0(delta, mu) :]
    assert (ratio[stated] <= conditioning.theorem_5(stated, delta, mu) * (1 + ENTRIES)).all()


# --- kernel matrices -------------------------------------------------------------------------------------------------

DEPTHS = (1, 2, 9, 40, 119)
ON_MATRICES = (
    *("relu", "leaky_relu", "selu", "elu", "gelu", "tanh", "erf", "swish", "softplus", "hardtanh", "sin"),
    *("quadratic", "normrelu", "exp"),
)
DATA = {
    "two points, far apart": lambda: nk.data.two_points(0.6),
    "two points, 1e-12 apart": lambda: nk.data.two_points(1e-12),
    "equicorrelated": lambda: nk.data.equicorrelated(30, 0.01),
    "sphere, more dimensions than points": lambda: nk.data.sphere(20, dim=40, seed=1),
    "sphere with a close pair": lambda: nk.data.sphere(25, 1e-4, dim=30, seed=3),
    "half circle": lambda: nk.data.half_circle(12),
    "digits": lambda: nk.data.digits(100, seed=0),
}


@cache
def data(label):
    return DATA[label]().x


@cache
def compared(name):
    """Comparisons of both kernels over all data and depths, and at the 400 layers that Corollary 6 may ask for."""
    cases = [(depth, label) for label in DATA for depth in DEPTHS] + [(400, "two points, far apart")]
    return [compare_spectra(nk.mlp(depth, normalized(name)), data(label)) for depth, label in cases]


def rounding(spectrum):
    """What entries accurate to 1e-13 and an eigenvalue solver may move an eigenvalue by."""
    return 10 * spectrum.resolution + 1e-13 * len(spectrum.eigenvalues) * spectrum.max


def covered(name, applies):
    """The comparisons to which a statement applies, which must not be none."""
    found = [comparison for comparison in compared(name) if applies(comparison)]
    assert found
    return found


def assert_floor(name, kernel, statement):
    for comparison in covered(name, lambda c: not np.isnan(getattr(c, f"{kernel}_floors")[statement])):
        spectrum = getattr(comparison, kernel)
        assert spectrum.min >= getattr(comparison, f"{kernel}_floors")[statement] - rounding(spectrum)


def assert_condition(name, kernel, corollary):
    for comparison in covered(name, lambda c: not np.isnan(c.condition_bounds[corollary])):
        spectrum = getattr(comparison, kernel)
        assert spectrum.max <= comparison.condition_bounds[corollary] * (spectrum.min + rounding(spectrum))


@pytest.mark.parametrize("name", ON_MATRICES)
def test_theorem_3_through_gershgorin(name):
    assert_floor(name, "nngp", "theorem_3")
    assert all(c.nngp.max <= c.nngp_ceiling + rounding(c.nngp) for c in compared(name))


@pytest.mark.parametrize("name", ON_MATRICES)
def test_theorem_5_through_gershgorin(name):
    assert_floor(name, "ntk", "theorem_5")
    assert_floor(name, "ntk", "theorem_5_sharp")
    assert all(c.ntk.max <= c.ntk_ceiling + rounding(c.ntk) for c in compared(name))


@pytest.mark.parametrize("name", ON_MATRICES)
def test_theorem_7(name):
    assert_floor(name, "nngp", "theorem_7")


@pytest.mark.parametrize("name", ON_MATRICES)
def test_theorem_9_as_stated(name):
    assert_floor(name, "ntk", "theorem_9")


@pytest.mark.parametrize("name", ON_MATRICES)
def test_theorem_9_sharp(name):
    assert_floor(name, "ntk", "theorem_9_sharp")


@pytest.mark.parametrize("name", ON_MATRICES)
def test_lemma_23_at_any_depth(name):
    assert_floor(name, "nngp", "lemma_23")
    assert_floor(name, "ntk", "lemma_23")


@pytest.mark.parametrize("kind", ["", "_sharp"])
@pytest.mark.parametrize("name", ON_MATRICES)
def test_corollary_4(name, kind):
    assert_condition(name, "nngp", f"corollary_4{kind}")


@pytest.mark.parametrize("kind", ["", "_sharp"])
@pytest.mark.parametrize("name", ON_MATRICES)
def test_corollary_6(name, kind):
    assert_condition(name, "ntk", f"corollary_6{kind}")


@pytest.mark.parametrize("kind", ["", "_sharp"])
@pytest.mark.parametrize("name", ON_MATRICES)
def test_corollary_8(name, kind):
    assert_condition(name, "nngp", f"corollary_8{kind}")


@pytest.mark.parametrize("kind", ["", "_sharp"])
@pytest.mark.parametrize("name", ON_MATRICES)
def test_corollary_10(name, kind):
    assert_condition(name, "ntk", f"corollary_10{kind}")


@pytest.mark.parametrize("name", JUMPING)
@pytest.mark.parametrize("label", DATA)
def test_theorems_3_and_7_for_a_jump(name, label):
    # no NTK here, so the NNGP matrix alone
    x = data(label)
    delta, input_floor = nk.data.separation(x).correlation, np.linalg.svd(x, compute_uv=False)[-1] ** 2
    for depth in DEPTHS:
        gram = nk.mlp(depth, normalized(name)).nngp(x)
        off_diagonal = np.abs(gram[~np.eye(len(x), dtype=bool)]).max()
        assert off_diagonal <= conditioning.theorem_3(depth, delta, mu_of(name)) * (1 + ENTRIES) + 1e-15
        if len(x) <= x.shape[1] and input_floor > 1e-9:
            spectrum = nk.spectrum(gram)
            assert spectrum.min >= conditioning.theorem_7(depth, input_floor, mu_of(name)) - rounding(spectrum)


@pytest.mark.parametrize("name", NONLINEAR)
def test_lemma_23_is_attained_by_equicorrelated_points(name):
    # K = (1 − δ)11ᵀ + δI: f[K] has the eigenvalue f(1) − f(1 − δ) exactly
    dual, x = normalized(name).dual, nk.data.equicorrelated(10, 0.3).x
    spectrum = nk.spectrum(np.asarray(dual(np.clip(x @ x.T, -1, 1))))
    assert spectrum.min == pytest.approx(float(lemma_23(dual, 0.3)), rel=1e-10)


# --- statements between the statements -------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 10, 1000])
@pytest.mark.parametrize("mu", [0.0156, 0.07, 0.2665, 0.5, 1.0])
def test_sharp_bounds_are_never_above_the_stated_ones(mu, n):
    for delta in DELTAS:
        turn, first, second = (conditioning.L0(delta, mu), conditioning.L1(delta, mu, n), conditioning.L2(delta, mu, n))
        for number, least in ((4, first), (6, second), (8, 0), (10, 4 * turn)):
            stated, sharp = (getattr(conditioning, f"corollary_{number}{kind}") for kind in ("", "_sharp"))
            depth = np.arange(least, least + 200)
            assert (sharp(depth, delta, mu, n) <= stated(depth, delta, mu, n) * (1 + 1e-12)).all()
        depth = np.arange(2 * turn, 2 * turn + 200)
        stated, sharp = conditioning.theorem_5(depth, delta, mu), conditioning.theorem_5_sharp(depth, delta, mu)
        assert (sharp <= stated * (1 + 1e-12)).all()


def test_the_proof_of_corollary_10_fails_above_a_quarter_though_its_statement_holds():
    # it needs (1 − μ/2)^L₀ ≤ ½; NormReLU at δ = 0.45 has L₀ = 14 and 0.896
    mu, delta = mu_of("normrelu"), 0.45
    turn = conditioning.L0(delta, mu)
    assert (1 - mu / 2) ** turn > 0.5
    for depth in range(4 * turn, 400):
        assert conditioning.corollary_10_sharp(depth, delta, mu, 50) <= conditioning.corollary_10(depth, delta, mu, 50)


def test_corollary_4_states_a_factor_that_its_proof_does_not_need():
    # n = 50 points at δ = 0.1 through L₁ layers of tanh: Gershgorin 2.86, ours 3, the paper 101
    mu = mu_of("tanh")
    depth = conditioning.L1(0.1, mu, 50)
    spread = 49 * conditioning.bound(depth, 0.1, mu)
    assert (1 + spread) / (1 - spread) == pytest.approx(2.86, abs=5e-3)
    assert conditioning.corollary_4_sharp(depth, 0.1, mu, 50) == pytest.approx(3, rel=1e-12)
    assert conditioning.corollary_4(depth, 0.1, mu, 50) == pytest.approx(101, rel=1e-12)


# --- numbers of the specification ------------------------------------------------------------------------------------


def test_relu_after_ten_and_forty_layers():
    profile = conditioning.depth_profile(normalized("relu"), 40, 0.05)
    assert profile.correlation[10] == pytest.approx(0.4585830579, abs=5e-11)
    assert profile.correlation[40] == pytest.approx(8.460203e-5, abs=5e-12)


def test_share_of_theorem_5_that_relu_uses():
    # 0.305 at most, at δ = 0.6 and one layer; ½, which the sharp bound allows at most, at δ ≥ ½ and no layer at all
    ratio, shares = exact_ntk_ratios("relu")[..., 0], {}
    for column, delta in enumerate(DELTAS):
        depth = np.arange(2 * conditioning.L0(delta, mu_of("relu")), DEEPEST)
        shares |= {
            (delta, layers): ratio[layers, column] / conditioning.theorem_5(layers, delta, mu_of("relu"))
            for layers in depth
        }
    assert max(shares.values()) == shares[0.6, 0] == pytest.approx(0.5, rel=1e-12)
    assert max(share for (delta, layers), share in shares.items() if layers > 0 and delta != 0.5) == shares[0.6, 1]
    assert shares[0.6, 1] == pytest.approx(0.305, abs=5e-4)


def test_table_of_the_coefficient_of_nonlinearity():
    expected = {"relu": 0.2665289, "step": 0.3633802, "exp": 0.4180233, "quadratic": 1.0}
    for name, value in expected.items():
        assert mu_of(name) == pytest.approx(value, abs=5e-8)
    assert nk.activation("identity").coefficient_of_nonlinearity == 0.0


def test_normrelu_of_the_experiments():
    sigma = nk.normrelu(-1.5975)
    assert sigma.scale == pytest.approx(1.0500009681, abs=5e-11)
    assert sigma.shift == pytest.approx(-1.6208793133, abs=5e-11)
    assert sigma.coefficient_of_nonlinearity == pytest.approx(0.0155988727, abs=5e-11)


# --- the neural tangent kernel's formula -----------------------------------------------------------------------------

DUALS = {
    "quadratic": lambda rho: rho**2,
    "half quadratic": lambda rho: (rho + rho**2) / 2,
    "cubic": lambda rho: 0.7 * rho + 0.1 * rho**2 + 0.2 * rho**3,
    "exponential": lambda rho: mpmath.expm1(rho) / mpmath.expm1(1),
    "relu": lambda rho: (mpmath.sqrt(1 - rho**2) + (mpmath.pi - mpmath.acos(rho)) * rho - 1) / (mpmath.pi - 1),
}


def ntk_formula(dual, rho, depth, shift):
    """Equation (7) in mpmath: Σ_h σ̂^(h−1)(ρ) Π_{h'=h}^{L} σ̂'(σ̂^(h'−shift)(ρ)); printed with shift 0, right with 1."""
    iterates = [rho]
    for _ in range(depth):
        iterates.append(dual(iterates[-1]))
    slopes = [mpmath.diff(dual, iterates[layer - shift]) for layer in range(1, depth + 1)]
    return mpmath.fsum(iterates[h - 1] * mpmath.fprod(slopes[h - 1 :]) for h in range(1, depth + 2))


def ntk_by_interpolation(dual, rho, depth):
    """d/dc c·σ̂(c·σ̂(… c ρ)) at c = 1.

    Two networks whose weights have correlation c in every layer have E f(x) f'(x') = c σ̂(c σ̂(… c ρ)); by Gaussian
    interpolation its derivative at c = 1 is E ∇f(x)·∇f(x'), the neural tangent kernel.  No product over layers here.
    """

    def covariance(c):
        value = rho
        for _ in range(depth):
            value = dual(c * value)
        return c * value

    return mpmath.diff(covariance, 1)


@pytest.mark.parametrize("name", DUALS)
@pytest.mark.parametrize("depth", [1, 2, 3, 7])
def test_product_of_equation_7_starts_one_layer_lower_than_printed(name, depth):
    with mpmath.workdps(60):
        for rho in map(mpmath.mpf, ("-0.7", "0.2", "0.5", "0.9")):
            truth = ntk_by_interpolation(DUALS[name], rho, depth)
            corrected, printed = (ntk_formula(DUALS[name], rho, depth, shift) for shift in (1, 0))
            assert abs(corrected / truth - 1) < 1e-12
            assert abs(printed / truth - 1) > 1e-2


@pytest.mark.parametrize("depth", [0, 1, 2, 7, 30])
def test_network_uses_the_corrected_equation_7(depth):
    network = nk.mlp(depth, normalized("relu"))
    for rho in (-0.7, 0.2, 0.5, 0.9):
        with mpmath.workdps(30):
            expected = float(ntk_formula(DUALS["relu"], mpmath.mpf(rho), depth, shift=1))
        assert float(network.ntk_profile(rho)) == pytest.approx(expected, rel=1e-11)


def test_equation_7_at_one_layer_of_the_second_hermite_polynomial():
    # f = v·m^{−1/2} σ(W x) has the NTK σ̂(ρ) + ρ σ̂'(ρ) = 3ρ²; equation (7) as printed gives 2ρ³ + ρ²
    rho = np.linspace(-1, 1, 21)
    np.testing.assert_allclose(nk.mlp(1, nk.activation("quadratic")).ntk_profile(rho), 3 * rho**2, atol=1e-13)


def test_finite_networks_have_the_corrected_ntk():
    # gradients of f = v·m^{−1/2} σ(W x), written out; their mean is the infinite-width kernel at any width
    generator, rho, width, draws = np.random.default_rng(0), 0.5, 64, 4000
    x = np.array([[1.0, 0.0], [rho, np.sqrt(1 - rho**2)]])
    inner = generator.standard_normal((draws, width, 2)) @ x.T
    read_out = generator.standard_normal((draws, width))
    sigma = nk.activation("quadratic")
    post, slope = sigma(inner), sigma.derivative(inner)
    last = (post[..., 0] * post[..., 1]).mean(axis=1)
    first = (read_out**2 * slope[..., 0] * slope[..., 1]).mean(axis=1) * rho
    sample = last + first
    standard_error = sample.std(ddof=1) / np.sqrt(draws)
    corrected, printed = 3 * rho**2, 2 * rho**3 + rho**2
    assert abs(sample.mean() - corrected) < 5 * standard_error
    assert abs(sample.mean() - printed) > 5 * standard_error
