"""Appendix H: one hidden layer, Theorem 56 and Lemma 57 for ReLU, Theorem 58 for other activations."""

import numpy as np

from ntkit import conditioning
from ntkit.activations import activation
from ntkit.architectures import mlp
from ntkit.data import half_circle
from ntkit.spectra import spectrum
from ntkit.theorems.entry import Assumption, Claim, Entry, Subject
from ntkit.theorems.erratum import Erratum, Evidence

_COUNTS = np.array([8, 16, 32, 64, 128])  # of points on a half circle
_STEPS = np.array([0.2, 0.1, 0.05, 0.025])  # between neighbours on an arc, radians
_ON_ARC = 5
_WIDTH, _SEEDS_A_DRAW = 2048, 10
_TERMS = 200
_SHARP = "ours, after appendix H"

DISTINCT = Assumption("Assumption A: no two inputs are collinear", lambda subject: subject.points.delta > 0)
PLANAR = Assumption("the points lie in a plane", lambda subject: np.linalg.matrix_rank(subject.points.x) <= 2)
NO_POLYNOMIAL = Assumption(
    "infinitely many Hermite coefficients are not 0: more than 10 of the first 60",
    lambda subject: sum(conditioning.hermite_parities(subject.activation)) > 10,
)


def arc(step, count=_ON_ARC):
    """Points of the unit circle, `step` radians from one to the next."""
    angles = step * np.arange(count)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _relu_on_points(grid):
    return [Subject(activation("relu"), points) for points in grid.points]


def _raw_on_points(grid):
    return [Subject(sigma, points) for sigma in grid.matrix_activations for points in grid.points]


def _relu(grid):
    return [Subject(activation("relu"))]


def _smallest(sigma, x):
    """λ_min of the kernel of one layer, and what rounding may move it by."""
    found = spectrum(mlp(1, sigma).nngp(x))
    return found.min, 10 * found.resolution + 1e-15 * len(x)


def _theorem_56(bound):
    def claim(subject, grid):
        smallest, rounding = _smallest(subject.activation, subject.points.x)
        return Claim(smallest, bound(subject.points.delta, subject.points.n), sense="≥", slack=rounding)

    return claim


def _theorem_56_drawn(subject, grid):
    x = subject.points.x
    draws = max(grid.seeds // _SEEDS_A_DRAW, 2)
    least = []
    for seed in range(draws):
        weights = np.random.default_rng(seed).standard_normal((_WIDTH, x.shape[1]))
        features = np.maximum(weights @ x.T, 0) / np.sqrt(_WIDTH)
        least.append(np.linalg.svd(features, compute_uv=False)[-1] ** 2)
    stated = conditioning.theorem_56_drawn(subject.points.delta, subject.points.n)
    return Claim(np.array(least), stated, {"draw": np.arange(draws)}, sense="≥", slack=1e-16 * len(x))


def _exponents(subject, grid):
    """λ_min ∝ n⁻³ on the half circle and ∝ δ^(3/2) on an arc: log-log slopes between neighbours, last one."""
    circle = conditioning.one_layer_floors([half_circle(int(n)).x for n in _COUNTS])
    arcs = conditioning.one_layer_floors([arc(step) for step in _STEPS])
    slopes = [
        np.diff(np.log(circle.exact))[-1] / np.diff(np.log(circle.n))[-1],
        np.diff(np.log(arcs.exact))[-1] / np.diff(np.log(arcs.delta))[-1],
    ]
    return Claim(np.array(slopes), np.array([-3.0, 1.5]), {"family": np.arange(2)}, sense="=", rounding=0.0, slack=0.02)


def _lemma_57(subject, grid):
    x, n = subject.points.x, subject.points.n
    exact = [conditioning.lemma_57_plane(x, first) for first in range(n)]
    stated = conditioning.lemma_57(subject.points.delta, n)
    return Claim(np.array(exact), stated, {"x": np.arange(n)}, sense="≥")


def _theorem_58(subject, grid):
    smallest, rounding = _smallest(subject.activation, subject.points.x)
    squares = subject.activation.hermite(_TERMS) ** 2
    floor = conditioning.theorem_58_sharp(squares, subject.points.delta, subject.points.n)
    return Claim(smallest, floor, sense="≥", slack=rounding)


# --- errata ----------------------------------------------------------------------------------------------------------


def _theta():
    delta, n = 1e-4, 10
    right, printed = (conditioning.event_probability(delta, n, delta**power / (5 * n)) for power in (0.5, 0.25))
    return Evidence(
        f"P(E), which the proof takes for 0.2 at least; δ = {delta}, n = {n}", 0.2, right, printed, 1e-12, "≤"
    )


def _variance():
    delta = 0.01
    truth = 1 - (1 - delta) ** 2  # of what a unit vector at correlation 1 − δ has across x₁
    return Evidence(f"Var(w·x_i | w·x₁) at ρ = 1 − δ, δ = {delta}", truth, delta * (2 - delta), delta**2 / 4, 1e-15)


def _coefficient():
    n, delta = 20, 0.01
    term = (np.ones(n) / np.sqrt(n))[0] * np.sqrt(delta) / (9 * n)  # α_i* σ(w·x_i*) at the edge of E, all α alike
    what = f"(α_i* w·x_i*)² at |α_i*| = n^(−½), |w·x_i*| = √δ/(9n); n = {n}, δ = {delta}"
    return Evidence(what, term**2, delta / (81 * n**3), delta / (81 * n**2), 1e-15)


def _power_of_n():
    n = 200
    found = conditioning.one_layer_floors([half_circle(n).x])
    what = f"1/λ_min of ReLU on the half circle, n = {n}"
    return Evidence(what, 1 / found.exact[0], 1 / found.sharp[0], 1 / found.stated[0], 1e-3 / found.exact[0], "≤")


def _parities():
    sigma, x = activation("tanh"), half_circle(3).x
    floor = conditioning.theorem_58_sharp(sigma.hermite(_TERMS) ** 2, conditioning.separation(x), 3)
    what = (
        "λ_min ≥ floor for tanh on three points, which has no even coefficient: the floor, by the sum and by Theorem 58"
    )
    smallest, _ = _smallest(sigma, x)
    return Evidence(what, -smallest, -floor, 0.0, 1e-15, "≤")


ENTRIES = (
    Entry("theorem_56", "Theorem 56, infinite width", "appendix H; earlier: Theorem 30",
          "λ_min(K̄) ≥ δ^(3/2)/(81000 n³)", (DISTINCT,), _relu_on_points, _theorem_56(conditioning.theorem_56),
          remark="Stated as Ω(δ^(3/2)/n³); the constant is that of the proof."),
    Entry("theorem_56_drawn", "Theorem 56", "appendix H; earlier: Theorem 30", "σ_min(ΦᵀΦ) ≥ δ^(3/2)/(4·10⁶ n³)",
          (DISTINCT,), _relu_on_points, _theorem_56_drawn, "sampled",
          remark="At 2048 units; the theorem asks for c n⁸ log(n/δ)/δ³, with high probability."),
    Entry("theorem_56_sharp", "Theorem 56, sharp", _SHARP, "λ_min(K̄) ≥ Σ a_r² max(0, 1 − (n − 1)(1 − δ)^r)",
          (DISTINCT,), _relu_on_points, _theorem_56(np.vectorize(conditioning.theorem_56_sharp)),
          remark="Of the order (δ/log n)^(3/2): no power of n is lost."),
    Entry("theorem_56_exponents", "Theorem 56, exponents", "appendix H; earlier: Theorem 30",
          "λ_min(K̄) ∝ n⁻³ on a half circle, where δ ∝ n⁻², and ∝ δ^(3/2) on an arc", (), _relu, _exponents, "trend",
          remark="So 3/2 cannot be improved, and n³ is not needed."),
    Entry("lemma_57", "Lemma 57", "appendix H; earlier: Lemma 31", "P(G) ≥ √δ/(50n)", (DISTINCT, PLANAR),
          _relu_on_points, _lemma_57, remark="Exact in a plane. Printed with θ = δ^(1/4)/(5n); used with √δ/(5n)."),
    Entry("theorem_58", "Theorem 58", "appendix H; earlier: Theorem 32",
          "λ_min(K̄) ≥ Σ a_r² max(0, 1 − (n − 1)(1 − δ)^r)", (DISTINCT, NO_POLYNOMIAL), _raw_on_points, _theorem_58,
          remark="Stated: K̄ is not singular if infinitely many a_r are not 0 for even and for odd r. Either will do."),
)  # fmt: skip

ERRATA = (
    Erratum("lemma_57_theta", "Lemma 57; earlier: Lemma 31", "θ = δ^(1/4)/(5n)", "θ = √δ/(5n), as in Theorem 56",
            "The lemma holds with either; the proof of Theorem 56 then needs θ|z| ∈ [√δ/9n, √δ/5n] with constant "
            "probability.", _theta),
    Erratum("lemma_57_variance", "proof of Lemma 57", "variance at least δ²/4", "1 − ρ² ≥ δ(2 − δ)",
            "With δ²/4 the union bound fails for small δ; with δ(2 − δ) each i ≠ 1 fails with probability 0.2/n.",
            _variance),
    Erratum("theorem_56_alpha", "proof of Theorem 56", "T_j² ≥ δ/(81n²)", "δ/(81n³)",
            "|α_i*| ≥ n^(−½) enters squared: the argument gives δ^(3/2)/n⁴. The statement holds all the same.",
            _coefficient),
    Erratum("theorem_56_power", "Theorem 56; earlier: Theorem 30", "σ_min(ΦᵀΦ) ≥ Ω(δ^(3/2)/n³)", "Ω((δ/log n)^(3/2))",
            "The power series of the kernel with Gershgorin. The note's reference, a theorem of Panigrahi et al., is "
            "on another matrix, that of σ'.", _power_of_n),
    Erratum("theorem_58_parity", "Theorem 58; earlier: Theorem 32",
            "infinitely many even and infinitely many odd coefficients", "infinitely many, of whatever parity",
            "Both are needed for antipodal inputs, which Assumption A excludes. ReLU has one odd coefficient: Theorem "
            "58 as stated does not contain Theorem 56.", _parities),
)  # fmt: skip
