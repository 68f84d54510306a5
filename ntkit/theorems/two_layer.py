"""Panigrahi et al.: Gram matrices of two layers at initialisation, their trace and their least eigenvalue."""

import numpy as np

from ntkit import data, gram
from ntkit.activations import activation
from ntkit.gram.hermite_decay import POLES
from ntkit.theorems.entry import Assumption, Claim, Entry, Subject
from ntkit.theorems.erratum import Erratum, Evidence

_PAPER, _OURS = "Panigrahi et al. (2020), ", "ours, for Panigrahi et al. (2020), "
_WIDTH, _DRAWS = 200, 12
_WIDTHS = np.array([100, 800, 6400])
_SIZES = np.array([20, 40])
_ORDERS = np.array([1, 2, 3])
_KINKED = ("relu", "selu", "elu", "softsign", "hardtanh", "relu6", "normrelu")

SLOPED = Assumption("σ has no jump, so that E σ'² is finite", lambda subject: subject.activation.is_continuous)
ANALYTIC = Assumption(
    "σ is smooth and no polynomial: its Hermite coefficients go on beyond the 20th",
    lambda subject: not subject.activation.kinks and bool(np.any(np.abs(subject.activation.hermite(40)[20:]) > 1e-13)),
)
DISTINCT = Assumption("no two inputs are parallel", lambda subject: subject.points.delta > 0)
KINKED = Assumption(
    "σ has a kink of order 1 or more", lambda subject: bool(gram.classify_kink(subject.activation).order)
)


def _on_points(grid):
    return [Subject(sigma, points) for sigma in grid.matrix_activations for points in grid.points]


def _on_circle(grid):
    return [Subject(sigma, data.half_circle(12)) for sigma in grid.matrix_activations]


def _kinked(grid):
    return [Subject(activation(name)) for name in _KINKED]


def _with_jumps_of_slope(grid):
    return [subject for subject in _kinked(grid) if gram.classify_kink(subject.activation).order == 1]


def _with_poles(grid):
    return [Subject(activation(name)) for name in POLES]


def _trace(subject, grid):
    sigma, x = subject.activation, subject.points.x
    traces = [np.trace(gram.finite_g(x, sigma, _WIDTH, seed)) for seed in range(_DRAWS)]
    half = 0.5 * len(x) * sigma.derivative_second_moment
    error = 5 * np.std(traces, ddof=1) / np.sqrt(_DRAWS)
    return [
        Claim(np.array(traces), np.full(_DRAWS, half), {"seed": np.arange(_DRAWS)}, sense="≥"),
        Claim(np.mean(traces), 2 * half, sense="=", slack=error),
    ]


def _lemma_3_2(subject, grid):
    found = gram.population_eigenvalues(subject.points.x, subject.activation)
    return Claim(found.min, found.resolution, sense="≥")


def _concentration(subject, grid):
    sigma, x = subject.activation, subject.points.x
    limit = gram.population_g(x, sigma)
    errors = [
        np.mean([np.abs(gram.finite_g(x, sigma, int(width), seed) - limit).max() for seed in range(_DRAWS)])
        for width in _WIDTHS
    ]
    slope = np.polyfit(np.log(_WIDTHS), np.log(errors), 1)[0]
    return Claim(slope, -0.5, sense="=", slack=0.15)


def _both_layers(subject, grid):
    first, both = (
        f(subject.points.x, subject.activation) for f in (gram.population_eigenvalues, gram.population_sum_eigenvalues)
    )
    return Claim(both.eigenvalues, first.eigenvalues, {"k": np.arange(12)}, sense="≥", slack=2 * both.resolution)


def _claim_k2(subject, grid):
    shares, stated = [], []
    for n in _SIZES:
        points = data.half_circle(int(n))
        shares.append(gram.single_vector(points.x, subject.activation, draws=4000).share(0.25))
        stated.append(points.separation.sine / n**2)
    return Claim(np.array(shares), np.array(stated), {"n": _SIZES}, sense="≥")


def _kink_law(subject, grid):
    found = gram.least_by_size([subject.activation], _SIZES)
    (least,), (law,) = found.least.values(), found.laws.values()
    few, many = np.abs(least / law - 1)
    return [Claim(many, few), Claim(many, 0.35 * few)]


def _pole_law(subject, grid):
    found = gram.least_by_size([subject.activation], _SIZES)
    (least,), (law,) = found.least.values(), found.laws.values()
    few, many = least / law - 1
    return [Claim(many, few), Claim(many, 0.0, sense="≥")]


def _linear_limit(subject, grid):
    x, slope = subject.points.x, float(subject.activation.derivative(np.array(0.0)))
    found = gram.population_g(x, subject.activation, initialisation=gram.fan_out(1e12))
    return Claim(found, slope**2 * x @ x.T, sense="=", slack=1e-9)


# --- errata --------------------------------------------------------------------------------------------------------


def _scale_of_relu():
    sigma, width = activation("relu"), 200_000
    squares = sigma(np.random.default_rng(0).standard_normal(width)) ** 2
    accuracy = 5 * squares.std() / squares.mean() ** 2 / np.sqrt(width)
    what = "c² that gives (c/√m)σ(Wx) the norm of x, ReLU"
    return Evidence(what, 1 / squares.mean(), gram.dzps(normalize=True).factor(sigma), sigma.second_moment, accuracy)


def _elu_and_selu():
    from torch import float64, tensor
    from torch.nn.functional import elu, selu

    x = np.array([-2.0, -1.0, -0.5])
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    truth = np.concatenate([f(tensor(x, dtype=float64)).numpy() for f in (elu, selu)])
    right = np.concatenate([activation(name)(x) for name in ("elu", "selu")])
    printed = np.concatenate([factor * x * np.expm1(x) for factor in (1.0, scale * alpha)])
    return Evidence(f"ELU and SELU at x = {x.tolist()}, as torch has them", truth, right, printed, 1e-12)


def _members_of_j1():
    from torch import autograd, float64, tensor
    from torch.nn.functional import leaky_relu, selu

    def jump(function):
        sides = [tensor(side, dtype=float64, requires_grad=True) for side in (1e-12, -1e-12)]
        return float(np.subtract(*(autograd.grad(function(x), x)[0].item() for x in sides)))

    truth = np.abs([jump(selu), jump(lambda x: leaky_relu(x, 0.1))])
    sigmas = activation("selu"), activation("leaky_relu", slope=0.1)
    right = np.abs([gram.classify_kink(sigma).kinks[0].jump for sigma in sigmas])
    return Evidence("|jump of σ'| of SELU and leaky ReLU (0.1)", truth, right, np.ones(2), 1e-9)


def _degrading():
    circles = [data.half_circle(n).x for n in (60, 120)]
    least = [[gram.population_eigenvalues(x, activation("relu_power", r=int(r))).min for r in _ORDERS] for x in circles]
    exponents = np.log2(np.divide(*least))
    what = "−d log λ_min/d log n on half circles, kinks of order 1, 2, 3"
    return Evidence(what, exponents, 2.0 * _ORDERS - 1, 2.0 * _ORDERS, 0.03, sense="≤")


ENTRIES = (
    Entry("panigrahi_theorem_3_1_limit", "Panigrahi et al., G∞", _PAPER + "Theorem 3.1, after Du et al. (2019)",
          "max |G − G∞| = O(m^(−½))", (SLOPED, DISTINCT), _on_circle, _concentration, "trend",
          remark="The exponent, from widths of 100 to 6400."),
    Entry("panigrahi_lemma_3_2", "Panigrahi et al., Lemma 3.2", _PAPER + "section 3",
          "λ_min(G∞) > 0 where φ is analytic and no polynomial", (ANALYTIC, DISTINCT), _on_points, _lemma_3_2,
          remark="Above what squared singular values resolve, about 1e-30 of the largest."),
    Entry("panigrahi_theorem_e1", "Panigrahi et al., Theorem 4.5 (E.1)", _PAPER + "section 4.2, appendix E",
          "tr G(0) ≥ cn, E φ'² = 2c", (SLOPED,), _on_circle, _trace, "sampled",
          remark=f"Draws of width {_WIDTH}; and E tr G = n E φ'², within five standard errors."),
    Entry("panigrahi_theorem_m_2", "Panigrahi et al., both layers", _PAPER + "appendix M.2",
          "λ_k(G + H) ≥ λ_k(G)", (SLOPED,), _on_circle, _both_layers),
    Entry("panigrahi_claim_k2", "Panigrahi et al., Claim K.2", _PAPER + "Theorem 6.1, appendix K.1",
          "P(‖f_ζ(w)‖ ≥ c/√n) ≥ Ω(δ/n²) where σ' jumps", (KINKED,), _with_jumps_of_slope, _claim_k2, "sampled",
          remark="For the eigenvector of λ_min, c = 1/4, the constant 1 for Ω; the share does not fall with n at all."),
    Entry("panigrahi_kink_law", "Panigrahi et al., kinks, sharp", _OURS + "appendix K",
          "λ_min(G∞) ≃ κ² e^(−α²/2) 2^r (r − 1)! π^(−2) (1 − 2^(−2r)) ζ(2r) n^(1−2r) on a half circle", (KINKED,),
          _kinked, _kink_law, "trend", remark="What is missed falls like n^(−2)."),
    Entry("panigrahi_pole_law", "Panigrahi et al., poles, sharp", _OURS + "Theorem 4.4",
          "λ_min(G∞) ∝ n^(2q−1) R^(1−2q) e^(−3R²/2), R = (2ny)^(1/3), on a half circle", (ANALYTIC,),
          _with_poles, _pole_law, "trend", remark="What is missed falls, from above, as points become more."),
    Entry("panigrahi_fan_out", "Panigrahi et al., fan-out", _OURS + "appendix D",
          "G∞ → φ'(0)² XᵀX as m grows, φ smooth", (ANALYTIC,), _on_circle, _linear_limit, "identity"),
)  # fmt: skip

ERRATA = (
    Erratum("panigrahi_scale", _PAPER + "section 2", "c_φ² = E φ(z)², as it can be read", "c_φ² = 1/E φ(z)²",
            "Appendix J has the exponent −½; layers keep the length of their inputs only so.", _scale_of_relu),
    Erratum("panigrahi_elu", _PAPER + "section 2, appendix B", "ELU(x) = max(x, 0) + min(x, 0)(e^x − 1)",
            "x for x ≥ 0, e^x − 1 below", "The printed functions are positive for x < 0 and have a kink of order 1.",
            _elu_and_selu),
    Erratum("panigrahi_members_of_j1", _PAPER + "section 4.1", "SELU and LReLU satisfy J₁: jumps of 1",
            "κ = 0.7074 and 1 − slope", "J₁ holds for φ/κ; SELU's slope reaches 1.76. λ_min has the factor κ².",
            _members_of_j1),
    Erratum("panigrahi_degrading", _PAPER + "appendix K", "for kinks of order r, degrading as n^(−2r)",
            "n^(1−2r) on half circles", "Proven are n^(−3) and n^(−7) for r = 1, 2: neither fits 2r.", _degrading),
)  # fmt: skip
