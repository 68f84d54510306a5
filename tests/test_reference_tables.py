"""The exact core against the tables under tests/reference, at the tolerances of DESIGN.md's table.

The tables come from mpmath (tests/reference/make_*.py say how), from the papers (spec_values.json) and from
neural-tangents; none of what made them shares a line with ntkit.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import ntkit as nk
from ntkit.architectures import (
    Architecture,
    AveragePool,
    Convolution,
    Dense,
    Elementwise,
    Flatten,
    GlobalAverage,
    Residual,
)
from ntkit.norms import moments

TABLES = Path(__file__).parent / "reference"
DUAL_TOLERANCE = 1e-12
ITERATE_TOLERANCE = 1e-10
MATRIX_TOLERANCE = 1e-10
NEAR_ZERO = 0.1
SMOOTH = ("erf", "gelu", "sin", "cos")
USERS_OWN = {
    "max(x + 1.6, 0)": (lambda x: np.maximum(x + 1.6, 0.0), (-1.6,)),
    "max(x - 1.6, 0)": (lambda x: np.maximum(x - 1.6, 0.0), (1.6,)),
    "-0.5 min(x, 0) + 1.5 max(x, 0)": (lambda x: np.where(x > 0, 1.5 * x, -0.5 * x), (0.0,)),
}
PARAMETER_TYPES = {"k": int, "r": int, "coefficients": lambda texts: [float(t) for t in texts]}
KINDS = {"numpy": np.asarray, "torch": lambda x: torch.as_tensor(np.asarray(x))}


def load(name):
    return json.loads((TABLES / f"{name}.json").read_text())


DUALS = {row["name"]: row for row in load("dual_tables")["activations"]}
ITERATES = load("iterates")["iterates"]
PRODUCTS = load("unequal_norms")["products"]
NETWORKS = load("networks")
NEURAL_TANGENTS = load("neural_tangents")
IMAGES = load("neural_tangents_images")
SPEC = load("spec_values")


def activation(name, parameters):
    if name in USERS_OWN:
        function, kinks = USERS_OWN[name]
        return nk.Activation(name, function, kinks=kinks)
    return nk.activation(name, **{key: PARAMETER_TYPES.get(key, float)(text) for key, text in parameters.items()})


def numbers(rows, key):
    return np.array([float(row[key]) for row in rows])


def assert_within(got, wanted, allowed, what):
    """|got − wanted| ≤ allowed elementwise, naming the worst offender."""
    got, wanted, allowed = np.broadcast_arrays(np.asarray(got, dtype=float), wanted, allowed)
    excess = np.abs(got - wanted) > allowed
    excess |= ~np.isfinite(got)
    if excess.any():
        lines = [
            f"{w!r}: got {g!r}, off by {abs(g - w):.2e}, allowed {a:.2e}"
            for g, w, a in zip(got[excess], wanted[excess], allowed[excess], strict=True)
        ]
        pytest.fail(f"{what}, wanted\n  " + "\n  ".join(lines))


def half_unit(text):
    """Half a unit in the last printed place."""
    return 0.5001 * 10.0 ** -len(text.partition(".")[2])


@pytest.fixture(params=DUALS, name="row")
def _row(request):
    return DUALS[request.param]


@pytest.fixture(name="sigma")
def _sigma(row):
    return activation(row["name"], row["parameters"])


def test_the_tables_cover_the_catalogue():
    assert set(nk.catalogue()) <= set(DUALS)


def test_moments(row, sigma):
    scale = float(row["second_moment"])
    assert_within(sigma.mean, float(row["mean"]), DUAL_TOLERANCE * np.sqrt(scale), "E σ")
    assert_within(sigma.second_moment, scale, DUAL_TOLERANCE * scale, "E σ²")
    if row["derivative_second_moment"] == "inf":
        assert sigma.derivative_second_moment == np.inf
    else:
        slope = float(row["derivative_second_moment"])
        assert_within(sigma.derivative_second_moment, slope, DUAL_TOLERANCE * slope, "E σ'²")


def test_hermite_coefficients(row, sigma):
    allowed = DUAL_TOLERANCE * np.sqrt(float(row["second_moment"]))
    assert_within(sigma.hermite(len(row["hermite"])), np.array(row["hermite"], dtype=float), allowed, "a_k")


def test_coefficients_of_nonlinearity_and_nonaffinity(row, sigma):
    mean, second, linear = (float(row[key]) for key in ("mean", "second_moment", "linear_coefficient"))
    variance = second - mean**2
    allowed = 4 * DUAL_TOLERANCE * second / variance
    assert_within(sigma.coefficient_of_nonlinearity, 1 - linear**2 / variance, allowed, "μ")
    assert_within(sigma.coefficient_of_nonaffinity, 1 - (mean**2 + linear**2) / second, allowed, "μ̃")


@pytest.mark.parametrize("kind", KINDS)
def test_dual(row, sigma, kind):
    rho, value = numbers(row["dual"], "rho"), numbers(row["dual"], "value")
    got = sigma.dual(KINDS[kind](rho))
    assert type(got) is type(KINDS[kind](rho))
    assert_within(got, value, DUAL_TOLERANCE * float(row["second_moment"]), "σ̂(ρ)")
    if abs(float(row["mean"])) < 1e-15:
        near = np.abs(rho) <= NEAR_ZERO
        assert_within(got[near], value[near], DUAL_TOLERANCE * np.abs(value[near]), "σ̂(ρ) near ρ = 0")


@pytest.mark.parametrize("kind", KINDS)
def test_derivative_of_the_dual(row, sigma, kind):
    rows = [r for r in row["dual"] if r["derivative"] != "inf"]
    rho, slope = numbers(rows, "rho"), numbers(rows, "derivative")
    largest = float(row["derivative_second_moment"])
    allowed = DUAL_TOLERANCE * (np.abs(slope) if np.isinf(largest) else largest)
    got = sigma.dual.derivative(KINDS[kind](rho))
    assert_within(got, slope, allowed, "σ̂'(ρ)")
    if row["linear_coefficient"] == "0":
        near = np.abs(rho) <= NEAR_ZERO
        assert_within(got[near], slope[near], DUAL_TOLERANCE * np.abs(slope[near]), "σ̂'(ρ) near ρ = 0")


@pytest.mark.parametrize("name", [name for name, row in DUALS.items() if row["derivative_second_moment"] == "inf"])
@pytest.mark.parametrize("rho", [-1.0, 1.0])
def test_an_infinite_derivative_is_refused(name, rho):
    sigma = activation(name, DUALS[name]["parameters"])
    assert sigma.dual.slope_at_one == np.inf
    with pytest.raises(ValueError, match="jump"):
        sigma.dual.derivative(rho)


@pytest.mark.parametrize("kind", KINDS)
def test_gap(row, sigma, kind):
    delta, gap = numbers(row["gap"], "delta"), numbers(row["gap"], "value")
    assert_within(sigma.dual.gap(KINDS[kind](delta)), gap, DUAL_TOLERANCE * gap, "σ̂(1) − σ̂(1−δ)")


def test_dual_of_the_normalized_activation(row, sigma):
    mean, second = float(row["mean"]), float(row["second_moment"])
    normal = sigma.normalized().dual
    # (value − mean²)/variance from 25 stored digits loses nothing that float64 could hold, if it is not tiny.
    rho, value = numbers(row["dual"], "rho"), numbers(row["dual"], "value")
    variance = second - mean**2
    assert_within(normal(rho), (value - mean**2) / variance, 2 * DUAL_TOLERANCE * second / variance, "normalised σ̂")
    delta, gap = numbers(row["gap"], "delta"), numbers(row["gap"], "value") / variance
    allowed = DUAL_TOLERANCE * (1 + mean**2 / variance) * gap
    assert_within(normal.gap(delta), gap, allowed, "normalised gap")


def iterate_rows():
    return [pytest.param(row, id=f"{row['activation']}-{float(row['delta']):.2g}-{row['depth']}") for row in ITERATES]


def normalized(name):
    return activation(name, DUALS[name]["parameters"]).normalized()


@pytest.mark.parametrize("row", iterate_rows())
def test_iterates(row):
    net = nk.mlp(depth=row["depth"], activation=normalized(row["activation"]))
    delta = float(row["delta"])
    if row["rho"] is None:
        assert 0 <= net.correlation(gap=delta) < 1e-299
        return
    rho, gap = float(row["rho"]), float(row["gap"])
    assert_within(net.correlation(gap=delta), rho, ITERATE_TOLERANCE * rho, "ρ_L")
    assert_within(net.correlation_gap(gap=delta), gap, ITERATE_TOLERANCE * gap, "1 − ρ_L")


@pytest.mark.parametrize("row", [param for param in iterate_rows() if param.values[0]["ntk"]])
def test_neural_tangent_profiles(row):
    net = nk.mlp(depth=row["depth"], activation=normalized(row["activation"]))
    kernel, diagonal = float(row["ntk"]), float(row["ntk_diagonal"])
    assert_within(net.ntk_profile(gap=float(row["delta"])), kernel, ITERATE_TOLERANCE * kernel, "Θ_L")
    assert_within(net.ntk_profile(gap=0.0), diagonal, ITERATE_TOLERANCE * diagonal, "Θ_L(1)")


@pytest.mark.parametrize("row", PRODUCTS, ids=lambda r: f"{r['activation']}-{r['q1']}-{r['q2']}-{float(r['rho']):.3g}")
def test_one_layer_with_inputs_of_any_norm(row):
    q1, q2, rho = float(row["q1"]), float(row["q2"]), float(row["rho"])
    sine = np.sqrt((1 - rho) * (1 + rho))
    x = np.array([[np.sqrt(q1), 0.0], [np.sqrt(q2) * rho, np.sqrt(q2) * sine]])
    kernel = nk.mlp(depth=1, activation=activation(row["activation"], {})).nngp(x)
    assert_within(kernel[0, 1], float(row["value"]), MATRIX_TOLERANCE * kernel.max(), "E σ(√q₁u)σ(√q₂v)")


@pytest.mark.parametrize("name", sorted({row["activation"] for row in PRODUCTS}))
def test_distances_between_inputs_of_any_norm(name):
    """½E(σ(√q₁u) − σ(√q₂v))², which the next layer starts from: relative to itself, also for q₁ = q₂ and ρ near 1."""
    rows = [row for row in PRODUCTS if row["activation"] == name]
    first, second, rho = (numbers(rows, key)[:, None] for key in ("q1", "q2", "rho"))
    wanted = numbers(rows, "half_squared_difference")
    got = [
        float(moments(activation(name, {}), *(part[None] for part in pair)).half_distance[0, 0])
        for pair in zip(first, second, rho, 1 - np.abs(rho), strict=True)
    ]
    assert_within(got, wanted, ITERATE_TOLERANCE * wanted, "½E(σ(√q₁u) − σ(√q₂v))²")


def network_id(row):
    return "{activation}-{depth}-{weight_std}-{bias_std}-{inputs}".format(**row)


def network(row):
    parameters = {"slope": "0.2"} if row["activation"] == "leaky_relu" else {}
    sigma = activation(row["activation"], parameters)
    return nk.mlp(row["depth"], sigma, weight_std=row["weight_std"], bias_std=row["bias_std"])


@pytest.mark.parametrize("row", NETWORKS["kernels"], ids=network_id)
def test_deep_matrices(row):
    """The diagonal, a pair 1e-6 apart, a parallel and a nearly antipodal one included."""
    got = network(row).kernels(np.array(NETWORKS["inputs"][row["inputs"]]))
    for kernel, key in ((got.nngp, "nngp"), (got.ntk, "ntk")):
        wanted = np.array(row[key], dtype=float)
        assert_within(kernel, wanted, MATRIX_TOLERANCE * np.abs(wanted).max(), key)


@pytest.mark.parametrize("row", NEURAL_TANGENTS["kernels"], ids=network_id)
def test_matrices_of_neural_tangents(row):
    got = network(row).kernels(np.array(NEURAL_TANGENTS["inputs"][row["inputs"]]))
    # On the diagonal neural-tangents itself loses half of the digits, unless σ is smooth (make_neural_tangents.py).
    trusted = np.ones_like(got.nngp, dtype=bool) if row["activation"] in SMOOTH else ~np.eye(len(got.nngp), dtype=bool)
    for kernel, key in ((got.nngp, "nngp"), (got.ntk, "ntk")):
        wanted = np.array(row[key])
        assert_within(kernel[trusted], wanted[trusted], MATRIX_TOLERANCE * np.abs(wanted).max(), key)


def residual(*branch, skip=()):
    return Residual(branch, skip=skip)


def network_of_images(title, sigma):
    """What make_neural_tangents_images.py calls `title`, from ntkit's own layers."""
    act = Elementwise(sigma)

    def conv(window, **options):
        return Convolution(window, 1.2, 0.3, **options)

    same = (conv(3, padding="zero"), act, conv((2, 3), padding="zero"), act)
    circular = (conv(3), act, conv(3), act)
    block = residual(act, conv(3))
    layers = {
        "circular, flattened": (*circular, Flatten()),
        "circular, averaged": (*circular, GlobalAverage()),
        "zero, flattened": (*same, Flatten()),
        "zero, averaged": (*same, GlobalAverage()),
        "valid with strides": (conv(2, padding="valid", stride=(2, 1)), act, GlobalAverage()),
        "pooled inside": (conv(3), act, AveragePool(2), conv(2), act, GlobalAverage()),
        "residual": (conv(3), block, block, act, GlobalAverage()),
        "dense behind flatten": (conv(3), act, Flatten(), Dense(1.1, 0.2), act),
    }
    return Architecture((layers[title],), (Dense(),))


def residual_network_of_rows(title, sigma):
    act, stem = Elementwise(sigma), Dense(fan_in_scaling=False)
    block = residual(act, Dense(0.9, 0.2))
    wide = residual(act, Dense(0.9, 0.2), act, Dense(0.7), skip=(Dense(0.5),))
    layers = {"residual": (stem, block, block), "two layers a branch": (stem, wide, wide, act)}
    return Architecture((layers[title],), (Dense(),))


@pytest.mark.parametrize(
    "row", IMAGES["kernels"], ids=lambda r: f"{r['activation']}-{r['inputs']}-{r['network']}".replace(" ", "_")
)
def test_convolutional_and_residual_networks_of_neural_tangents(row):
    build = network_of_images if row["inputs"] == "images" else residual_network_of_rows
    got = build(row["network"], nk.activation(row["activation"])).kernels(np.array(IMAGES["inputs"][row["inputs"]]))
    # Its ReLU loses half of the digits where a pixel meets itself: on the diagonal, and everywhere behind pooling.
    pooled = row["network"] not in ("circular, flattened", "zero, flattened", "dense behind flatten")
    diagonal = np.eye(len(got.nngp), dtype=bool) | (pooled and row["inputs"] == "images")
    rough = diagonal & (row["activation"] == "relu")
    for kernel, key in ((got.nngp, "nngp"), (got.ntk, "ntk")):
        wanted = np.array(row[key])
        allowed = np.where(rough, 1e-6, MATRIX_TOLERANCE) * np.abs(wanted).max()
        assert_within(kernel, wanted, allowed, key)


# --- the papers' numbers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", SPEC["moments"]["rows"], ids=lambda r: r[0])
def test_moments_of_the_papers(row):
    name, parameters, *printed = row
    sigma = activation(name, parameters)
    ratio = sigma.dual.slope_at_one / sigma.second_moment
    got = (
        sigma.mean,
        sigma.second_moment,
        sigma.hermite(2)[1],
        sigma.derivative_second_moment,
        ratio,
        sigma.coefficient_of_nonlinearity,
    )
    for value, text, what in zip(got, printed, SPEC["moments"]["columns"], strict=True):
        assert_within(value, float(text), max(half_unit(text), 1e-12) if "." in text else 1e-12, what)


@pytest.mark.parametrize("row", SPEC["products"]["rows"], ids=lambda r: r[0])
def test_products_of_the_papers(row):
    name, parameters, slopes, values = row
    dual = activation(name, parameters).dual
    for rho, slope, value in zip(map(float, SPEC["products"]["columns"]), slopes, values, strict=True):
        assert_within(rho * dual.derivative(rho), float(slope), half_unit(slope), "ρ σ̂'(ρ)")
        assert_within(dual(rho), float(value), half_unit(value), "σ̂(ρ)")


@pytest.mark.parametrize(("name", "parameters", "mu"), SPEC["nonlinearity"]["rows"])
def test_table_of_nonlinearity(name, parameters, mu):
    got = activation(name, parameters).coefficient_of_nonlinearity
    assert_within(got, float(mu), half_unit(mu), "μ")


def test_normrelu_of_the_paper():
    spec = SPEC["normrelu"]
    sigma = nk.normrelu(float(spec["c"]))
    for got, key in ((sigma.scale, "scale"), (sigma.shift, "shift"), (sigma.coefficient_of_nonlinearity, "mu")):
        assert_within(got, float(spec[key]), half_unit(spec[key]), key)
    for length, text in spec["length_map"].items():
        moment = sigma.rescaled(np.sqrt(float(length))).second_moment
        assert_within(moment, float(text), half_unit(text), f"E σ²(√{length} z)")


def test_conditioning_numbers_of_the_paper():
    spec, relu = SPEC["conditioning"], normalized("relu")
    mu = relu.coefficient_of_nonlinearity
    for delta, text in spec["L0"]:
        assert nk.conditioning.L0(float(delta), mu) == int(text)
    for depth, delta, text in spec["bound"]:
        assert_within(nk.conditioning.bound(int(depth), float(delta), mu), float(text), half_unit(text), "B(L, δ)")
    for depth, delta, text in spec["correlation"]:
        got = nk.mlp(depth=int(depth), activation=relu).correlation(gap=float(delta))
        assert_within(got, float(text), half_unit(text), "ρ_L")


def test_hermite_coefficients_of_the_papers():
    step, tanh = nk.activation("step").hermite(12), nk.activation("tanh").hermite(42)
    for k, text in SPEC["hermite"]["step"].items():
        assert_within(step[int(k)], float(text), half_unit(text), f"a_{k} of the step")
    for k, text in SPEC["hermite"]["derivative of tanh"].items():
        got = np.sqrt(int(k) + 1) * tanh[int(k) + 1]
        assert_within(got, float(text), half_unit(text), f"a_{k} of tanh'")


@pytest.mark.parametrize(("name", "limit"), SPEC["fixed_points"]["rows"])
def test_fixed_points_of_uncentred_activations(name, limit):
    sigma = nk.activation(name)
    rho = 0.0
    for _ in range(400):
        rho = sigma.dual(rho) / sigma.second_moment
    assert_within(rho, float(limit), 2 * half_unit(limit), "fixed point of σ̂, cut off rather than rounded")


def test_deep_gram_of_softplus():
    sigma, rho = nk.activation("softplus"), 0.5
    for text in SPEC["deep_gram"]["softplus"]:
        rho = sigma.dual(rho) / sigma.second_moment
        assert_within(rho, float(text), half_unit(text), "K off the diagonal")
