"""Errata of sections 2 to 3.3: a dual, the product of the neural tangent kernel, needless factors, gaps of proofs."""

import math

import numpy as np

from ntkit import conditioning
from ntkit.activations import activation
from ntkit.architectures import mlp
from ntkit.data import two_points
from ntkit.spectra import spectrum
from ntkit.theorems.erratum import Erratum, Evidence

_STEP = 1e-3
_RHO = np.array([-0.7, 0.2, 0.5, 0.9])


def _dual_of_exp():
    rho = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    u, z = np.meshgrid(nodes, nodes)
    weight = np.outer(weights, weights) / (2 * np.pi)
    truth = [np.sum(weight * np.exp(u + r * u + math.sqrt(1 - r * r) * z)) for r in rho]
    return Evidence(f"E e^U e^V at ρ = {rho.tolist()}", np.array(truth), np.exp(1 + rho), np.exp(3 + rho), 1e-11)


def _ntk_product():
    depth = 3

    def dual(r):  # of (h₁ + h₂)/√2: a polynomial, so that it may be asked beyond |ρ| = 1, as the difference does
        return 0.5 * (r + r**2)

    def slope(r):
        return 0.5 + r

    right, printed = (_equation_7(dual, slope, _RHO, depth, shift) for shift in (1, 0))
    truth = _ntk_by_interpolation(dual, _RHO, depth)
    return Evidence(f"Θ(ρ) of (h₁ + h₂)/√2, L = {depth}, ρ = {_RHO.tolist()}", truth, right, printed, 1e-9)


def _equation_7(dual, slope, rho, depth, shift):
    """Σ_h σ̂^(h−1)(ρ) Π_{h'=h}^{L} σ̂'(σ̂^(h'−shift)(ρ)); printed with shift 0, right with 1."""
    iterates = [rho]
    for _ in range(depth):
        iterates.append(dual(iterates[-1]))
    slopes = [slope(iterates[layer - shift]) for layer in range(1, depth + 1)]
    return sum(iterates[h - 1] * math.prod(slopes[h - 1 :]) for h in range(1, depth + 2))


def _ntk_by_interpolation(dual, rho, depth):
    """d/dc c·σ̂(c·σ̂(… c ρ)) at c = 1, by a difference of sixth order: no product over layers in it.

    Networks whose weights have correlation c in every layer have E f(x)f'(x') = c σ̂(c σ̂(… c ρ)); by Gaussian
    interpolation its derivative at c = 1 is E ∇f(x)·∇f(x').
    """

    def covariance(c):
        value = rho
        for _ in range(depth):
            value = dual(c * value)
        return c * value

    weights = {1: 45, 2: -9, 3: 1}
    return sum(w * (covariance(1 + k * _STEP) - covariance(1 - k * _STEP)) for k, w in weights.items()) / (60 * _STEP)


def _lemma_26_index():
    squares = activation("relu").normalized().hermite(4001) ** 2
    order, rho = np.arange(len(squares)), np.array([-0.6, -0.2, 0.3, 0.8])
    right = [np.sum(order[1:] * squares[1:] * r ** (order[1:] - 1)) for r in rho]
    printed = [np.sum(order * squares * r**order) for r in rho]
    # σ̂' of the normalised ReLU is that of the plain one, 1/2 − arccos(ρ)/2π, over its variance ½ − 1/2π
    truth = (0.5 - np.arccos(rho) / (2 * np.pi)) / (0.5 - 0.5 / np.pi)
    return Evidence(f"σ̂'(ρ) of the normalised ReLU, ρ = {rho.tolist()}", truth, right, printed, 1e-9)


def _corollary_4_factor():
    return _ceilings("nngp", conditioning.corollary_4_sharp, conditioning.corollary_4, conditioning.L1, "κ(K̄)")


def _corollary_6_factor():
    return _ceilings("ntk", conditioning.corollary_6_sharp, conditioning.corollary_6, conditioning.L2, "κ(𝒦̄)")


def _ceilings(kernel, sharp, stated, least, what):
    """The largest κ that 50 points can have, through Gershgorin, at the depth where a corollary starts."""
    n, delta, sigma = 50, 0.1, activation("tanh").normalized()
    mu = sigma.coefficient_of_nonlinearity
    depth = least(delta, mu, n)
    net = mlp(depth, sigma)
    profile = net.nngp_profile if kernel == "nngp" else net.ntk_profile
    spread = (n - 1) * float(abs(profile(gap=delta)) / profile(1.0))
    truth = (1 + spread) / (1 - spread)
    ours, theirs = (float(bound(depth, delta, mu, n)) for bound in (sharp, stated))
    return Evidence(f"{what} of {n} points, δ = {delta}, tanh, L = {depth}", truth, ours, theirs, 1e-9, sense="≤")


def _theorem_5_factor():
    delta, sigma = 0.1, activation("relu").normalized()
    mu = sigma.coefficient_of_nonlinearity
    depth = 2 * conditioning.L0(delta, mu)
    net = mlp(depth, sigma)
    truth = float(abs(net.ntk_profile(gap=delta)) / net.ntk_profile(1.0))
    ours, theirs = (float(bound(depth, delta, mu)) for bound in (conditioning.theorem_5_sharp, conditioning.theorem_5))
    return Evidence(f"|𝒦̄_12|/𝒦̄_11 of ReLU, δ = {delta}, L = {depth}", truth, ours, theirs, 1e-12, sense="≤")


def _theorem_9_kernel():
    delta, sigma = 0.6, activation("relu").normalized()
    depth, x = 6, two_points(delta).x
    kernels = mlp(depth, sigma).kernels(x)
    floor = float(conditioning.theorem_9(depth, delta, sigma.coefficient_of_nonlinearity)) * kernels.ntk[0, 0]
    right, printed = spectrum(kernels.ntk).min, spectrum(kernels.nngp).min
    return Evidence(f"(1 − 2B(L/2, δ)) 𝒦̄_11 of ReLU, δ = {delta}, L = {depth}", floor, right, printed, 1e-12, sense="≤")


def _corollary_10_step():
    delta, mu = 0.45, activation("normrelu").coefficient_of_nonlinearity
    truth = (1 - mu / 2) ** conditioning.L0(delta, mu)
    return Evidence(f"(1 − μ/2)^L₀ of NormReLU, δ = {delta}", truth, 1.0, 0.5, 1e-12, sense="≤")


ERRATA = (
    Erratum("dual_of_exp", "appendix C.4", "σ̂(ρ) = e³(1 + ρ + …) = e^(ρ+3)", "e^(1+ρ)",
            "E e^(U+V) = e^(½·Var(U+V)) = e^(1+ρ); μ = (e − 2)/(e − 1) is right either way.", _dual_of_exp),
    Erratum("ntk_product", "equation (7); earlier: equation (2)", "Π_{h'=h}^{L} σ̂'(σ̂^(h')(ρ))",
            "Π_{h'=h}^{L} σ̂'(σ̂^(h'−1)(ρ))",
            "Layer h' meets the correlation that h' − 1 layers left. At L = 1: σ̂(ρ) + ρσ̂'(ρ).", _ntk_product),
    Erratum("lemma_26_index", "proof of Lemma 26; earlier: Lemma 25", "σ̂'(ρ) = Σ i a_i² ρ^i", "Σ i a_i² ρ^(i−1)",
            "A derivative lowers the exponent; the lemma itself is right.", _lemma_26_index),
    Erratum("corollary_4_factor", "Corollary 4; earlier: Corollary 3", "κ(K̄) ≤ 1 + 2n(1 − μ/2)^(L−L₁)",
            "1 + 2(1 − μ/2)^(L−L₁)", "(n − 1)B(L, δ) ≤ ½(1 − μ/2)^(L−L₁) holds already; the factor n is counted twice.",
            _corollary_4_factor),
    Erratum("corollary_6_factor", "Corollary 6; earlier: Corollary 9", "κ(𝒦̄) ≤ 1 + 4n(1 − μ/2)^(L/2−L₂)",
            "1 + 2(1 − μ/2)^(L−L₁), from L₁ on", "The proof gives (L − L₂)/2 without n; theorem_5_sharp gives this.",
            _corollary_6_factor),
    Erratum("theorem_5_factor", "Theorem 5; earlier: Theorem 8", "|𝒦̄_ij| ≤ 2B(L/2, δ) 𝒦̄_11, for L ≥ 2L₀",
            "B(L, δ) 𝒦̄_11, at every L", "x_l(1 − μ(1 − x_l)) ≤ x_(l+1) makes every product of the proof telescope.",
            _theorem_5_factor),
    Erratum("theorem_9_kernel", "Theorem 9", "λ_min(K) ≥ (1 − 2B(L/2, δ)) 𝒦̄_11", "λ_min(𝒦̄) ≥ …, for L ≥ 2L₀",
            "Theorem 27, which restates it, has both.", _theorem_9_kernel),
    Erratum("corollary_10_step", "proof of Corollary 10", "(1 − μ/2)^L₀ ≤ ½", "≤ 1",
            "It fails for some δ > ¼; the corollary follows from corollary_10_sharp.", _corollary_10_step),
)  # fmt: skip
