"""Section 3.4 and appendix C.3: activations with E σ² = 1 that need not be centred, and the fixed point ρ̄ of σ̂."""

from functools import lru_cache

import numpy as np

from ntkit import conditioning
from ntkit.activations import activation
from ntkit.theorems.entry import Assumption, Claim, Entry, Subject
from ntkit.theorems.erratum import Erratum, Evidence

_KEPT = 512
_SHIFTS = (-0.3, 0.3)  # added to the activations for matrices, so that more than their own means are met
_SHARES = np.array([1.0, 0.9, 0.5, 0.1])  # of the largest correlation that Assumption A allows
_ROUNDING = 1e-13  # of a value of σ̂, absolute
_TINY = 1e-290
_LARGEST_GAP = np.nextafter(2.0, 0.0)
_EPSILONS = np.array([0.49, 0.2, 0.1, 0.03, 0.01])

NON_AFFINE = Assumption("σ is not affine", lambda subject: subject.activation.coefficient_of_nonaffinity > 1e-15)
UNCENTRED = Assumption("σ̂(0) > 0", lambda subject: subject.activation.mean != 0)
NOT_CRITICAL = Assumption("σ̂'(1) ≠ 1", lambda subject: _point(subject.activation).regime != "critical")
CRITICAL = Assumption("σ̂'(1) = 1", lambda subject: _point(subject.activation).regime == "critical")
CHAOTIC = Assumption("ρ̄ < 1", lambda subject: _point(subject.activation).regime == "chaotic")
CONTINUOUS = Assumption("σ has no jump, or σ̂'(1) is infinite", lambda subject: subject.activation.is_continuous)


@lru_cache(maxsize=_KEPT)
def _point(sigma):
    return conditioning.fixed_point(sigma)


def _subjects(grid):
    """Every activation scaled to E σ² = 1, and some of them with a constant added before."""
    shifted = (sigma.shifted(constant) for sigma in grid.matrix_activations for constant in _SHIFTS)
    return [Subject(sigma.with_unit_second_moment()) for sigma in (*grid.activations, *shifted)]


# --- one layer -------------------------------------------------------------------------------------------------------


def _lemma_30(subject, grid):
    sigma = subject.activation
    mu, slope = sigma.coefficient_of_nonaffinity, float(sigma.dual.derivative(0.0))
    return [
        Claim(mu, 1.0, slack=1e-15),
        Claim(mu, np.finfo(float).tiny, sense="≥"),
        Claim(mu, 1 - float(sigma.dual(0.0)) - slope, sense="=", rounding=0.0, slack=1e-12),
    ]


def _lemma_31(subject, grid):
    dual, point = subject.activation.dual, _point(subject.activation)
    rho = np.linspace(0, 1, 101)
    value = np.asarray(dual(rho))
    least, largest = conditioning.lemma_31(rho, point)
    middle = 0.5 * (value[2:] + value[:-2])
    return [
        Claim(value[1:], value[:-1], {"ρ": rho[1:]}, sense="≥", slack=_ROUNDING),
        Claim(value[1:-1], middle, {"ρ": rho[1:-1]}, slack=_ROUNDING),
        Claim(value, least, {"ρ": rho}, sense="≥", slack=_ROUNDING),
        Claim(value, largest, {"ρ": rho}, slack=_ROUNDING),
    ]


def _lemma_32(subject, grid):
    """From 1 − ρ, so that nothing cancels where ρ̄ is near 1."""
    point, dual = _point(subject.activation), subject.activation.dual
    share = np.linspace(0.05, 0.95, 19)
    gap = (1 - share) * point.gap
    drop = np.asarray(dual.gap(gap)) - gap
    return Claim(drop, conditioning.lemma_32(share, point), {"λ": share}, sense="≥", slack=_ROUNDING * gap)


def _lemma_33(bound):
    def claim(subject, grid):
        point = _point(subject.activation)
        return Claim(point.slope, bound(point), slack=_ROUNDING)

    return claim


def _lemma_34(bounds, growth):
    """σ̂ between its two sides on [−1, 1]; and by how much 1 − ρ grows near 1, where σ̂ would cancel."""

    def claim(subject, grid):
        point, dual, delta = _point(subject.activation), subject.activation.dual, grid.separations
        gap = np.concatenate([np.linspace(0, 2, 201), 2 - delta, delta])
        least, largest = bounds(1 - gap, point)
        near = delta[delta <= 0.5 * point.gap]
        return [
            Claim(dual(1 - gap), largest, {"1 − ρ": gap}, slack=_ROUNDING),
            Claim(dual.gap(gap), 1 - least, {"1 − ρ": gap}, slack=_ROUNDING),
            Claim(dual.gap(near), growth(near, point) * near, {"1 − ρ": near}, sense="≥", rounding=1e-12),
        ]

    return claim


def _growth(near, point):
    return 1 + 0.5 * point.nonaffinity * point.gap


def _growth_sharp(near, point):
    return 1 + point.nonaffinity * (point.gap - near)


# --- many layers -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=_KEPT)
def _trajectories(sigma, grid):
    """|ρ_l − ρ̄| and 1 − ρ_l, l = 0 … depth, from ρ_0 = ±t(1 − δ): arrays (depth + 1, 2t, δ)."""
    gap = 1 - (1 - grid.separations) * _SHARES[1:, None]
    gap = np.concatenate([grid.separations[None], gap])  # t = 1 without cancellation
    start = np.concatenate([gap, np.minimum(2 - gap, _LARGEST_GAP)])
    profile = conditioning.uncentred_profile(sigma, grid.depth, gap=start.ravel())
    return np.abs(profile.deviation).reshape(-1, *start.shape), profile.gap.reshape(-1, *start.shape)


def _delta(grid):
    """δ of the starts as they are: 1 + ρ_0 of one near −1 is kept to 1e-16 only."""
    return np.minimum(grid.separations, 2 - np.minimum(2 - grid.separations, _LARGEST_GAP))


def _theorem_11(subject, grid):
    """|ρ_L − ρ̄| falls, and where ρ̄ < 1 by a factor of at most c_σ a layer, from the depth that the proof gives."""
    point, (deviation, _) = _point(subject.activation), _trajectories(subject.activation, grid)
    half, end = np.maximum(deviation[len(deviation) // 2], _TINY), deviation[-1]
    claims = [Claim(end, half, {"δ": grid.separations})]
    if point.regime == "chaotic":
        before = deviation[-2]
        told = (before > _TINY) & (before < 0.5 * point.gap)
        rate = np.where(told, conditioning.lemma_35_rate(point), np.nan)
        claims.append(Claim(end / np.maximum(before, _TINY), rate, {"δ": grid.separations}))
    return claims


def _lemma_35(subject, grid):
    point, (deviation, _), claims = _point(subject.activation), _trajectories(subject.activation, grid), []
    for column, delta in enumerate(_delta(grid)):
        depth = grid.layers[grid.layers >= conditioning.lemma_35_depth(delta, point)]
        bound = conditioning.lemma_35(depth, delta, point)[:, None]
        claims.append(Claim(deviation[depth, :, column], bound, {"L": depth[:, None], "δ": delta}))
    return claims


def _theorem_11_sharp(subject, grid):
    point, (deviation, _) = _point(subject.activation), _trajectories(subject.activation, grid)
    layers, delta = grid.layers[:, None, None], _delta(grid)
    bound = conditioning.theorem_11_sharp(layers, delta, point)
    return Claim(deviation[1:], bound, {"L": layers, "δ": delta})


def _largest_gap(subject, grid):
    point, (_, gap) = _point(subject.activation), _trajectories(subject.activation, grid)
    layers = grid.layers[:, None, None]
    bound = np.stack([conditioning.largest_gap(grid.layers, start, point) for start in gap[0].ravel()], axis=1)
    return Claim(gap[1:], bound.reshape(gap[1:].shape), {"L": layers, "δ": grid.separations}, rounding=1e-10)


@lru_cache(maxsize=_KEPT)
def _layers_to(sigma, epsilon):
    """The first layer after which 1 − ρ ≤ ε from every start: from ρ_0 in [−1, 0], since σ̂ increases above 0."""
    gap, layers = 2 - np.linspace(0, 1, 21), 0
    while gap.max() > epsilon:
        gap, layers = np.maximum(sigma.dual.gap(gap), 0.0), layers + 1
    return layers


def _lemma_36(bound):
    def claim(subject, grid):
        needed = [_layers_to(subject.activation, epsilon) for epsilon in _EPSILONS]
        return Claim(np.array(needed), bound(_EPSILONS, _point(subject.activation)), {"ε": _EPSILONS})

    return claim


# --- the entries -----------------------------------------------------------------------------------------------------


def _entry(key, title, source, statement, claim, assumptions=(NON_AFFINE,), **rest):
    return Entry(key, title, source, statement, assumptions, _subjects, claim, **rest)


_OURS = "ours, from the proofs of appendix C.3"
ENTRIES = (
    _entry("theorem_11", "Theorem 11", "section 3.4", "ρ_L → ρ̄; |ρ_L − ρ̄| ≤ c^(L − L₀) where ρ̄ < 1", _theorem_11,
           kind="trend", remark="With the constants of Lemma 35: c = 1 − μ̃(1 − ρ̄)/2, checked on the last layer."),
    _entry("lemma_30", "Lemma 30", "appendix C.3", "0 < μ̃ ≤ 1", _lemma_30),
    _entry("lemma_31", "Lemma 31", "appendix C.3", "σ̂ is non-decreasing and convex on [0, 1]", _lemma_31),
    _entry("lemma_32", "Lemma 32", "appendix C.3", "ρ_λ − σ̂(ρ_λ) ≥ μ̃λ(1 − λ)(1 − ρ̄)², ρ_λ = λ + (1 − λ)ρ̄", _lemma_32,
           (NON_AFFINE, CHAOTIC)),
    _entry("lemma_33", "Lemma 33", "appendix C.3", "σ̂'(ρ̄) ≤ 1, below 1 where ρ̄ < 1",
           _lemma_33(conditioning.lemma_33), remark="The proof refers to Lemma 31 for Lemma 32."),
    _entry("lemma_33_sharp", "Lemma 33, sharp", _OURS, "σ̂'(ρ̄) ≤ 1 − μ̃(1 − ρ̄)",
           _lemma_33(conditioning.lemma_33_sharp)),
    _entry("lemma_34", "Lemma 34", "appendix C.3", "least and largest σ̂(ρ), in four cases",
           _lemma_34(conditioning.lemma_34, _growth)),
    _entry("lemma_34_sharp", "Lemma 34, sharp", _OURS, "σ̂(ρ) ≤ ρ − μ̃(ρ − ρ̄)(1 − ρ), ρ ≥ ρ̄; ≥ ρ + σ̂(0)(1 − ρ), ρ < 0",
           _lemma_34(conditioning.lemma_34_sharp, _growth_sharp)),
    _entry("lemma_35", "Lemma 35", "appendix C.3", "|ρ_L − ρ̄| ≤ max(1 − μ̃(1 − ρ̄)/2, σ̂'(ρ̄))^(L − L₀) ½(1 + ρ̄), L ≥ L₀",
           _lemma_35, (NON_AFFINE, UNCENTRED, NOT_CRITICAL),
           remark="Where ρ̄ = 1 the bound as stated is 1. The statement ends in an unfinished sentence."),
    _entry("theorem_11_sharp", "Theorem 11, sharp", _OURS, "|ρ_L − ρ̄| at every L, in every regime", _theorem_11_sharp),
    _entry("lemma_36", "Lemma 36", "appendix C.3", "1 − ρ_L ≤ ε after max(⌈log(2/ε)/−log(1 − εμ̃/2)⌉, ⌈1/σ̂(0)⌉) layers",
           _lemma_36(conditioning.lemma_36), (NON_AFFINE, CRITICAL),
           remark="The proof gives −log(1 − εμ̃), and a sum for the maximum."),
    _entry("lemma_36_sharp", "Lemma 36, sharp", _OURS, "1 − ρ_L ≤ ε after ⌈(1/ε − ½)/μ̃⌉ layers",
           _lemma_36(conditioning.lemma_36_sharp), (NON_AFFINE, CRITICAL)),
    _entry("largest_gap", "Lemma 36, every regime", _OURS, "1 − ρ_L ≤ q^L/(1/(1 − ρ_0) + (μ̃/q)(q^L − 1)/(q − 1))",
           _largest_gap, (NON_AFFINE, CONTINUOUS)),
)  # fmt: skip

# --- errata ----------------------------------------------------------------------------------------------------------


def _scaled(*names):
    return [activation(name).with_unit_second_moment() for name in names]


def _approach_to_one():
    """Plain iteration of σ̂ from ρ = 0, with nothing known of a fixed point."""
    sigmas, deepest = _scaled("swish", "elu", "gelu", "softplus"), 3000
    truth = np.zeros(len(sigmas))
    for _ in range(deepest):
        truth = np.array([float(sigma.dual(rho)) for sigma, rho in zip(sigmas, truth, strict=True)])
    right = [_point(sigma).correlation for sigma in sigmas]
    return Evidence(f"ρ_{deepest} from ρ_0 = 0: Swish, ELU, GELU, softplus", truth, right, np.ones(4), 1e-11)


def _exponential_rate():
    """How 1 − ρ of ReLU falls from depth 500 to depth 1000, against the power of L that it follows."""
    (relu,) = _scaled("relu")
    gap = conditioning.uncentred_profile(relu, 1000, (0.0,)).gap[:, 0]
    truth = np.log2(gap[500] / gap[1000])
    rate = np.log2(gap[100] / gap[101])  # a layer's, if it were to stay
    return Evidence("log₂ of (1 − ρ_500)/(1 − ρ_1000), ReLU from ρ_0 = 0", truth, 2.0, 500 * rate, 0.05)


def _lemma_35_at_one():
    sigmas, depth = _scaled("softplus", "sigmoid", "cos"), 20
    truth = [float(conditioning.uncentred_profile(sigma, depth, (0.0,)).gap[depth, 0]) for sigma in sigmas]
    right, printed = (
        [float(bound(depth, 0.5, _point(sigma))) for sigma in sigmas]
        for bound in (conditioning.theorem_11_sharp, conditioning.lemma_35)
    )
    what = f"1 − ρ_{depth} from ρ_0 = 0: softplus, sigmoid, cos"
    return Evidence(what, np.array(truth), right, printed, 1e-12, sense="≤")


def _lemma_35_maximum():
    points = [_point(sigma) for sigma in _scaled("swish", "gelu", "elu", "mish", "step", "tanh")]
    truth = [point.slope for point in points]
    right = [conditioning.lemma_33_sharp(point) for point in points]
    printed = [conditioning.lemma_35_rate(point) for point in points]
    what = "σ̂'(ρ̄): Swish, GELU, ELU, Mish, step, tanh"
    return Evidence(what, np.array(truth), right, printed, 1e-12, sense="≤")


def _lemma_35_negative():
    """Layers until ρ_L ≥ 0 from every start."""
    points, truth = [], []
    for sigma in _scaled("elu", "swish", "relu"):
        rho, layers = np.linspace(-1, 0, 41), 0
        while rho.min() < 0:
            rho, layers = np.asarray(sigma.dual(rho)), layers + 1
        points.append(_point(sigma))
        truth.append(layers)
    right = [np.ceil(np.log(2) / -np.log1p(-point.at_zero)) for point in points]
    printed = [np.ceil(1 / point.at_zero) for point in points]
    return Evidence("layers until ρ_L ≥ 0: ELU, Swish, ReLU", np.array(truth), right, printed, 0.0, sense="≤")


def _lemma_36_depth():
    epsilon, sigmas = 0.01, _scaled("exp", "relu", "leaky_relu")
    truth = [_layers_to(sigma, epsilon) for sigma in sigmas]
    right, printed = (
        [bound(epsilon, _point(sigma)) for sigma in sigmas]
        for bound in (conditioning.lemma_36_sharp, conditioning.lemma_36)
    )
    what = f"layers until 1 − ρ_L ≤ {epsilon}: exp, ReLU, leaky ReLU"
    return Evidence(what, np.array(truth), right, printed, 0.0, sense="≤")


ERRATA = (
    Erratum("uncentred_limit", "earlier version: section 7", "with uncentred activations all dot products approach 1",
            "they approach ρ̄, which is below 1 where σ̂'(1) > 1", "Theorem 11, which takes its place, says so.",
            _approach_to_one),
    Erratum("uncentred_speed", "earlier version: section 7", "… at an exponential rate",
            "only where σ̂'(1) ≠ 1; for ReLU 1 − ρ_L ≃ (9π²/2)/L²", "The print gives what the rate of L = 100 would do.",
            _exponential_rate),
    Erratum("lemma_35_at_one", "Lemma 35", "rate max(1 − μ̃(1 − ρ̄)/2, σ̂'(ρ̄)), which is 1 where ρ̄ = 1",
            "1 − ρ_L ≤ σ̂'(1)^L (1 − ρ_0) where σ̂'(1) ≤ 1",
            "Where ρ̄ = 1 only case 3 of Lemma 34 is used; and 1 − ρ^i ≤ i(1 − ρ).", _lemma_35_at_one),
    Erratum("lemma_35_maximum", "Lemma 35", "max(1 − μ̃(1 − ρ̄)/2, σ̂'(ρ̄))", "σ̂'(ρ̄) ≤ 1 − μ̃(1 − ρ̄): never the larger",
            "Lemma 32 at λ → 0; Lemma 33 says no more than σ̂'(ρ̄) ≤ 1.", _lemma_35_maximum),
    Erratum("lemma_35_negative", "Lemmas 34 and 35", "σ̂(ρ) ≥ ρ + σ̂(0), so that ⌈1/σ̂(0)⌉ layers lead above 0",
            "σ̂(ρ) ≥ ρ + σ̂(0)(1 − ρ): ⌈log 2/−log(1 − σ̂(0))⌉",
            "The proof drops the factor 1 − ρ, by 1 − ρ ≥ 0 where it needs 1 − ρ ≥ 1.", _lemma_35_negative),
    Erratum("lemma_36_depth", "Lemma 36", "⌈log(2/ε)/−log(1 − εμ̃/2)⌉ layers", "⌈(1/ε − ½)/μ̃⌉",
            "The proof ends at half of it, and a step of 1/(1 − ρ) by μ̃ a layer needs no logarithm.", _lemma_36_depth),
)  # fmt: skip
