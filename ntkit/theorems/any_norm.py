"""Section 3.5, appendices D and I.1: inputs of any norm."""

import math
from functools import lru_cache

import numpy as np
from scipy.special import expit

from ntkit import conditioning
from ntkit.activations import activation, normrelu
from ntkit.conditioning.pairs import correlation_iterates
from ntkit.theorems.entry import Assumption, Claim, Entry, Subject
from ntkit.theorems.erratum import Erratum, Evidence

_LENGTHS = np.array([0.5, 0.7, 0.95, 1.05, 2.0, 9.0])  # squared norms
_PAIRS = ((0.5, 4.0), (2.0, 2.0), (1.0, 0.7))
_KINKS = (-1.5975, -1.0, -0.6)  # c of NormReLU_c
_EPSILONS = (1.0, 1e-2, 1e-4)
_PAIR_ACCURACY = 1e-14  # of a correlation of two signals of different lengths, absolute
_ROUNDING = 1e-15  # of a length, absolute
_DEEPEST = 60
_ON_NODES = np.linspace(-12, 12, 241)


def _is_odd(sigma):
    values, mirrored = sigma(_ON_NODES), sigma(-_ON_NODES)
    return bool(np.abs(values + mirrored).max() <= 1e-12 * np.abs(values).max())


def _meets_fact_1(subject):
    try:
        conditioning.theorem_59_constants(subject.activation)
    except ValueError:
        return False
    return True


CONCAVE = Assumption(
    "σ(0) = 0, σ non-decreasing, concave on ℝ₊ and convex on ℝ₋",
    lambda subject: not conditioning.unmet_for_theorem_37(subject.activation),
)
ODD = Assumption("σ is odd", lambda subject: _is_odd(subject.activation))
ODD_AND_CONCAVE = Assumption(
    "σ is odd, increasing, concave on ℝ₊, and not linear",
    lambda subject: not conditioning.unmet_for_theorem_12(subject.activation),
)
FACT_1 = Assumption("Fact 1 of appendix I.1, and α' > 0", _meets_fact_1)


def _scaled(grid):
    return [Subject(sigma.with_unit_second_moment()) for sigma in grid.activations]


def _normrelus(grid):
    kept = [sigma.normalized() for sigma in grid.matrix_activations if sigma.name != normrelu().name]
    return [Subject(sigma) for sigma in (*map(normrelu, _KINKS), *kept)]


# --- lengths ---------------------------------------------------------------------------------------------------------


def _lemma_39(subject, grid):
    gamma = np.linspace(0.05, 12, 60)
    lengths = conditioning.length_map(subject.activation, gamma)
    middle = 0.5 * (lengths[2:] + lengths[:-2])
    return [
        Claim(lengths[1:], lengths[:-1], {"γ": gamma[1:]}, sense="≥", rounding=1e-13),
        Claim(lengths[1:-1], middle, {"γ": gamma[1:-1]}, sense="≥", rounding=1e-13),
    ]


def _theorem_37(subject, grid):
    depth = min(grid.depth, _DEEPEST)
    layers = np.arange(1, depth + 1)[:, None]
    alpha = conditioning.contraction_rate(subject.activation)
    found = np.abs(conditioning.length_iterates(subject.activation, depth, _LENGTHS)[1:])
    bound = conditioning.theorem_37(layers, _LENGTHS, alpha)
    return Claim(found, bound, {"L": layers, "‖x‖²": _LENGTHS}, slack=_ROUNDING)


# --- two signals -----------------------------------------------------------------------------------------------------


def _lemma_40(subject, grid):
    """By Gauss–Hermite quadrature in the plane, exact for these products."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    z, w = (a.ravel() for a in np.meshgrid(nodes, nodes))
    weight, claims = np.outer(weights, weights).ravel() / (2 * np.pi), []
    for first, second in _PAIRS:
        for rho in (-0.9, -0.3, 0.0, 0.5, 1.0):
            u, v = np.sqrt(first) * z, np.sqrt(second) * (rho * z + math.sqrt(1 - rho**2) * w)
            h_u, h_v = (conditioning.hermite_polynomials(6, gamma, at) for gamma, at in ((first, u), (second, v)))
            axes = {"i": np.arange(6)[:, None], "j": np.arange(6), "ρ": rho}
            stated = np.diag(rho ** np.arange(6.0))
            claims.append(Claim((h_u * weight) @ h_v.T, stated, axes, sense="=", slack=1e-11))
    return claims


def _equation_15(subject, grid):
    rho, claims = np.array([-0.8, -0.3, 0.0, 0.4, 0.8]), []
    for norms in _PAIRS:
        exact = conditioning.correlation_map(subject.activation, *norms, rho)
        series = conditioning.correlation_series(subject.activation, *norms, rho, 250)
        claims.append(Claim(exact, series, {"ρ": rho}, sense="=", rounding=0.0, slack=1e-11))
    return claims


@lru_cache(maxsize=512)
def _one_layer(sigma, norms, grid):
    """|ρ| after one layer from ρ₀ = ±(1 − δ), larger one."""
    excess = np.array([[norm - 1] * 2 for norm in norms])
    found = [
        max(abs(correlation_iterates(sigma, excess, sign * (1 - d), 1 - sign * (1 - d) if sign < 0 else d)[0][1])
            for sign in (1, -1))
        for d in grid.deltas
    ]  # fmt: skip
    return np.array(found)


def _lemma_41(bound):
    def claim(subject, grid):
        sigma, delta, claims = subject.activation, grid.separations, []
        for norms in _PAIRS:
            mu = conditioning.generalized_nonlinearity(sigma, norms)
            found = _one_layer(sigma, norms, grid)
            claims.append(Claim(found, bound(delta, *mu), {"δ": delta}, slack=_PAIR_ACCURACY))
        return claims

    return claim


# --- many layers -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def _profile(sigma, depth, norms, delta):
    return conditioning.length_profile(sigma, depth, norms, gap=delta)


def _some(grid):
    """The smallest, a middle and the largest separation."""
    chosen = sorted(grid.deltas)
    return sorted({chosen[0], chosen[len(chosen) // 2], chosen[-1]})


def _theorem_12(subject, grid):
    sigma, claims = subject.activation, []
    alpha, mu = conditioning.contraction_rate(sigma), sigma.coefficient_of_nonlinearity
    for norms in _PAIRS[:2]:
        depth = min(grid.depth, math.ceil(conditioning.theorem_12_start(alpha, mu, *norms)) + 20)
        for delta in _some(grid):
            found = _profile(sigma, depth, norms, delta)
            axes = {"L": found.depth, "δ": delta}
            claims.append(Claim(found.correlation, found.bound, axes, slack=_PAIR_ACCURACY))
    return claims


def _equation_29(subject, grid):
    """Theorem 12 and 59 rest on it: layer by layer, with the exact lengths."""
    sigma, depth, claims = subject.activation, min(grid.depth, _DEEPEST), []
    for delta in _some(grid):
        found = _profile(sigma, depth, _PAIRS[0], delta)
        axes = {"L": found.depth, "δ": delta}
        claims.append(Claim(found.correlation, found.step_bound, axes, slack=_PAIR_ACCURACY))
    return claims


def _theorem_59(start, bound):
    def claim(subject, grid):
        sigma = subject.activation
        constants, claims = conditioning.theorem_59_constants(sigma), []
        delta = constants.delta + 0.5 * (1 - constants.delta)
        depth = math.ceil(conditioning.theorem_59_start(1e-2, constants)) + _DEEPEST
        found = _profile(sigma, depth, (0.5, 2.0), delta)
        for epsilon in _EPSILONS:
            late = found.depth[found.depth >= start(epsilon, constants)]
            if late.size:
                stated = bound(late, delta, epsilon, constants)
                axes = {"L": late, "δ": delta, "ε": epsilon}
                claims.append(Claim(found.correlation[late], stated, axes, slack=_PAIR_ACCURACY))
        return claims

    return claim


# --- errata ----------------------------------------------------------------------------------------------------------


def _theorem_37_squares():
    sigma = activation("tanh").normalized()
    falls = 1 - conditioning.contraction_rate(sigma)
    truth = abs(float(conditioning.length_map(sigma, 0.5)) - 1)
    return Evidence("|σ̂_l(½) − 1| of tanh", truth, falls * 0.5, falls * 0.5**2, 1e-12, sense="≤")


def _theorem_12_start():
    sigma, norm = activation("sigmoid").normalized(), 50.0
    alpha, mu = conditioning.contraction_rate(sigma), sigma.coefficient_of_nonlinearity
    excess = conditioning.length_iterates(sigma, 60, squared_norm=norm)
    needed = float(np.argmax(np.abs(excess) <= mu / 4))
    right = float(conditioning.theorem_12_start(alpha, mu, norm, 1.0))
    what = f"layers until |k̄(x, x) − 1| ≤ μ/4, the centred sigmoid, ‖x‖² = {norm:g}"
    return Evidence(what, needed, math.ceil(right), math.ceil(alpha**2 * right), 0.0, sense="≤")


def _generating_function():
    gamma = 2.0
    nodes, weights = np.polynomial.hermite_e.hermegauss(8)
    u, weight = np.sqrt(gamma) * nodes, weights / weights.sum()
    right, printed = (
        [float(weight @ (u**2 - power)) / (math.sqrt(2) * gamma) for power in (gamma, gamma**2)][k] for k in (0, 1)
    )
    return Evidence(f"E h₂^{{γ}}(U), U ~ N(0, γ), γ = {gamma:g}", 0.0, right, printed, 1e-12)


def _mean_of_normrelu():
    sigma = normrelu()
    nodes, weights = np.polynomial.legendre.leggauss(200)
    pieces = [(-12.0, -1.5975), (-1.5975, 12.0)]
    truth = 0.0
    for low, high in pieces:
        z = 0.5 * (low + high) + 0.5 * (high - low) * nodes
        truth += 0.5 * (high - low) * float(weights @ (sigma(z) * np.exp(-(z**2) / 2))) / math.sqrt(2 * math.pi)
    return Evidence("a_0^{1} of NormReLU, c = −1.5975", truth, 0.0, 1.0, 1e-12)


def _gamma_plus():
    constants = conditioning.theorem_59_constants(normrelu())
    truth = float(conditioning.length_iterates(normrelu(), 1, squared_norm=2.0)[1])
    right, printed = ((1 - constants.above) * (start - 1) for start in (2.0, 0.5))
    return Evidence("k̄^(1)(x, x) − 1 ≤ γ_1^+ − 1, NormReLU, ‖x‖² = 2", truth, right, printed, 1e-12, sense="≤")


def _theorem_59_start():
    constants, epsilon = conditioning.theorem_59_constants(normrelu()), 1e-3
    layers = np.arange(600)
    left = np.maximum((1 - constants.below) ** layers, (1 - constants.above) ** layers)
    needed = float(np.argmax(left <= min(epsilon, constants.mu / 4)))
    right, printed = (
        math.ceil(start(epsilon, constants))
        for start in (conditioning.theorem_59_start_sharp, conditioning.theorem_59_start)
    )
    what = f"layers after which the proof goes on, NormReLU, ε = {epsilon:g}"
    return Evidence(what, needed, right, printed, 0.0, sense="≤")


def _sigmoid_at_zero():
    return Evidence("σ(0) of the sigmoid", float(expit(0.0)), 0.5, 0.0, 1e-15)


_FACT_1_REMARK = "Stated for c = −1.5975; Fact 1 is checked, and holds for c from about −2.6 to −0.57, SELU and ELU."
ENTRIES = (
    Entry("lemma_39", "Lemma 39", "appendix D.1", "σ̂_l is non-decreasing and concave", (CONCAVE,), _scaled, _lemma_39,
          remark="The proof prints (σ'(z))²z² − σ(z)σ'(z)z ≥ 0 for ≤ 0, which it then shows."),
    Entry("theorem_37", "Theorem 37", "appendix D.1", "|k̄(x, x) − 1| ≤ (1 − α)^L |‖x‖² − 1|, ‖x‖² ≥ ½", (CONCAVE,),
          _scaled, _theorem_37, remark="Printed with both sides squared."),
    Entry("lemma_40", "Lemma 40", "appendix D.2", "E h_i^{γ₁}(U) h_j^{γ₂}(V) = ρ^j if i = j, else 0", (),
          lambda grid: [Subject(activation("identity"))], _lemma_40, kind="identity",
          remark="Of polynomials alone, no activation; (14) prints γ² for γ."),
    Entry("equation_15", "Equations (15), (16)", "appendix D.2", "σ̂_c(x, y) = Σ_j a_j^{‖x‖²} a_j^{‖y‖²} ρ^j", (),
          lambda grid: [Subject(sigma) for sigma in grid.matrix_activations], _equation_15, kind="identity",
          remark="(15) prints ρ^i for ρ^j; 250 terms, |ρ| ≤ 0.8."),
    Entry("lemma_41", "Lemma 41", "appendix D.2", "|ρ'| ≤ √(1 − (1 + μ_x/2)δ) √(1 − (1 + μ_y/2)δ), δ ≤ ½; else …",
          (ODD,), lambda grid: grid.normalized(), _lemma_41(conditioning.lemma_41)),
    Entry("lemma_41_sharp", "Lemma 41, sharp", "appendix D.2, equation (19)",
          "|ρ'| ≤ (1 − δ) √(1 − μ_x δ) √(1 − μ_y δ)", (ODD,), lambda grid: grid.normalized(),
          _lemma_41(conditioning.lemma_41_sharp)),
    Entry("theorem_12", "Theorem 12", "section 3.5, appendix D.3 (Theorem 42)", "|ρ_L| ≤ B_{μ/2}(⌊L − L̂⌋, δ), L ≥ L̂",
          (ODD_AND_CONCAVE,), lambda grid: grid.normalized(), _theorem_12,
          remark="L̂ = (1/α) log(…), as in Theorem 42; whole layers, as the proof counts them."),
    Entry("equation_29", "Equation (29)", "appendix I.1",
          "|ρ_l| ≤ √(bias_x bias_y) + (1 − δ) √(1 − μ_x δ) √(1 − μ_y δ), layer by layer", (FACT_1,), _normrelus,
          _equation_29),
    Entry("theorem_59", "Theorem 59", "appendix I.1", "|ρ_L| ≤ B_{μ/2}(⌊L − L̂⌋, δ − δ') + δ'ε, L ≥ L̂, δ > δ'",
          (FACT_1,), _normrelus, _theorem_59(conditioning.theorem_59_start, conditioning.theorem_59),
          remark=_FACT_1_REMARK),
    Entry("theorem_59_sharp", "Theorem 59, sharp", "proof of Theorem 59", "the same, L̂ = (1/α') log(1/min(ε, μ/4))",
          (FACT_1,), _normrelus, _theorem_59(conditioning.theorem_59_start_sharp, conditioning.theorem_59_sharp)),
)  # fmt: skip

ERRATA = (
    Erratum("theorem_37_squares", "Theorem 37", "|‖k̄(x, x)‖² − 1| ≤ (1 − α)^L |‖x‖² − 1|²",
            "|k̄(x, x) − 1| ≤ (1 − α)^L |‖x‖² − 1|", "k̄(x, x) is a squared length already; (12) is without squares.",
            _theorem_37_squares),
    Erratum("theorem_12_start", "Theorem 12", "L̂ = α_σ log(…)", "L̂ = (1/α_σ) log(…)",
            "(1 − α)^L ≤ e^(−αL) asks for L ≥ log(…)/α; Theorem 42, which restates it, has it.", _theorem_12_start),
    Erratum("generating_function", "equation (14)", "exp(tz − γ²t²/2)", "exp(tz − γt²/2)",
            "γ is a variance; with γ² the polynomials are not orthogonal under N(0, γ). The proof of Lemma 40 has "
            "‖u‖ = γ₁ for ‖u‖² = γ₁ alike.", _generating_function),
    Erratum("sigmoid_at_zero", "appendix D.4", "the sigmoid satisfies the assumptions of Theorem 37",
            "it does once it is centred", "σ(0) = ½. ReLU and SELU satisfy them only where they are not centred.",
            _sigmoid_at_zero),
    Erratum("mean_of_normrelu", "appendix I.1", "a_0^{γ} = 1", "a_0^{1} = 0",
            "E σ = 0 is what (2) imposes; at other γ the mean is small, and counted by bias(γ).", _mean_of_normrelu),
    Erratum("gamma_plus", "proof of Theorem 59", "γ_l^+ − 1 = (1 − α⁺)(γ_(l−1)^− − 1)", "(1 − α⁺)(γ_(l−1)^+ − 1)",
            "Lengths above 1 follow lengths above 1.", _gamma_plus),
    Erratum("theorem_59_start", "Theorem 59", "L̂ = (2/α') log(3/min(ε, μ/4))", "L̂ = (1/α') log(1/min(ε, μ/4))",
            "(1 − α')^L |‖x‖² − 1| ≤ min(ε, μ/4) with |‖x‖² − 1| ≤ 1 is all that the proof uses.", _theorem_59_start),
)  # fmt: skip
