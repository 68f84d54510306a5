"""Section 4 and appendix E: gradient descent and single rows; top layer, all layers; infinite and finite width."""

from functools import lru_cache

import numpy as np

from ntkit import conditioning, data, dynamics
from ntkit.architectures import mlp
from ntkit.networks import empirical_nngp, expected_on_rows, kernel_errors, train
from ntkit.spectra import assumptions, spectrum
from ntkit.theorems.entry import Assumption, Claim, Entry, Subject
from ntkit.theorems.erratum import Erratum, Evidence

_KEPT = 512
_DEPTH = 9
_DEEPEST = 600
_STEPS = np.array([1, 2, 5, 20, 60])
_EPSILONS = np.array([0.1, 1e-3, 1e-8])
_EPOCHS = 3
_MOST_ROWS = 3000
_WIDTH, _RELU_WIDTH = 256, 1024
_WIDTHS, _SLOPE_SPREAD, _LAYERS = (32, 256), 0.12, 8
_KAPPA = 3.0

NORMALISED = Assumption("E σ = 0 and E σ² = 1", lambda subject: subject.activation.is_normalized)
NON_LINEAR = Assumption("σ is not linear", lambda subject: subject.activation.coefficient_of_nonlinearity > 1e-15)
CONTINUOUS = Assumption("σ has no jump, or the NTK is infinite", lambda subject: subject.activation.is_continuous)
C_BOUNDED = Assumption(
    "σ is C-bounded: |σ|, |σ'| and |σ''| are at most C",
    lambda subject: np.isfinite(conditioning.boundedness(subject.activation)),
)
RESOLVED = Assumption("λ_min is resolved in float64", lambda subject: _spectrum(subject).condition_number < 1e9)
SHORT = Assumption(
    f"an epoch takes at most {_MOST_ROWS} rows, each an n × n recursion",
    lambda subject: 8 * subject.points.n / _spectrum(subject).min < _MOST_ROWS,
)
IN_REACH = Assumption(
    f"log(n/δ)/μ takes at most {_DEEPEST} layers, with its constant", lambda subject: _depth_of(subject) <= _DEEPEST
)


@lru_cache(maxsize=_KEPT)
def _gram_of(activation, points, depth, kernel):
    gram = getattr(mlp(depth, activation), kernel)(points.x)
    return gram / gram[0, 0]


def _gram(subject, depth=_DEPTH, kernel="nngp"):
    return _gram_of(subject.activation, subject.points, depth, kernel)


@lru_cache(maxsize=_KEPT)
def _spectrum_of(activation, points, depth, kernel):
    return spectrum(_gram_of(activation, points, depth, kernel))


def _spectrum(subject, depth=_DEPTH, kernel="nngp"):
    return _spectrum_of(subject.activation, subject.points, depth, kernel)


def _depth_of(subject):
    """That of Theorem 44 with its constant made explicit."""
    delta = min(_delta(subject.points), np.nextafter(1.0, 0.0))
    return conditioning.theorem_44_depth(delta, subject.activation.coefficient_of_nonlinearity, subject.points.n)


@lru_cache(maxsize=64)
def _delta(points):
    return assumptions(points.x).delta


# --- gradient descent ------------------------------------------------------------------------------------------------


def _descended(gram, residual, learning_rate):
    """L(t)/L(0) at each of `_STEPS`, taken one by one."""
    start, losses = residual @ residual, []
    for _ in range(_STEPS[-1]):
        residual = residual - learning_rate * (gram @ residual)
        losses.append(residual @ residual / start)
    return np.array(losses)[_STEPS - 1]


def _targets(subject):
    """The data's own, some drawn at random, and the mode that trains most slowly."""
    slowest = np.linalg.eigh(_gram(subject))[1][:, 0]
    return subject.points.y, np.random.default_rng(0).standard_normal(subject.points.n), slowest


def _descent(bound, rates):
    """Gradient descent under K̄ of 9 layers with each η λ_max of `rates`, for every target."""

    def claim(subject, grid):
        found, gram = _spectrum(subject), _gram(subject)
        stated = bound(_STEPS, found.condition_number)
        losses = [_descended(gram, target, rate / found.max) for rate in rates(found) for target in _targets(subject)]
        return [Claim(loss, stated, {"t": _STEPS}, slack=1e-12) for loss in losses]

    return claim


def _stated_rates(found):
    least, largest = conditioning.theorem_50_learning_rates(found.condition_number)
    return least, 0.5, 1.0, largest


def _safe_rate(found):
    return (1.0,)


def _optimal_rate(found):
    return (2 / (1 + 1 / found.condition_number),)


# --- single rows -----------------------------------------------------------------------------------------------------


def _rows(epoch):
    def claim(subject, grid):
        gram, found, n = _gram(subject), _spectrum(subject), subject.points.n
        run = expected_on_rows(gram, subject.points.y, _EPOCHS, epoch(n, 1.0, found.min))
        count = np.arange(1, _EPOCHS + 1)
        last = conditioning.theorem_51_last(run.epoch, n, 1.0, found.min, found.condition_number)
        return [
            Claim(run.loss[1:] / run.loss[0], 0.5**count, {"epochs": count}),
            Claim(run.last[1] / run.last[0], last, {"steps": run.epoch}),
        ]

    return claim


def _theorem_45(subject, grid):
    """16 n ⌈log₂ 1/ε⌉ rows do at the depth of Theorem 44, and fewer than (n − ½) log(1/ε) do not, for large n."""
    depth, n = _depth_of(subject), subject.points.n
    found = _spectrum(subject, depth)
    steps = conditioning.theorem_51_steps(_EPSILONS, n, 1.0, found.min)
    run = expected_on_rows(_gram(subject, depth), subject.points.y, 1, 4 * n)
    floor = conditioning.theorem_45_floor(4 * n, n, 1.0, found.max, found.condition_number)
    return [
        Claim(steps, 16 * n * np.ceil(np.log2(1 / _EPSILONS)), {"ε": _EPSILONS}),
        Claim(run.last[-1] / run.last[0], floor, {"steps": 4 * n}, sense="≥"),
    ]


# --- depth -----------------------------------------------------------------------------------------------------------


def _at_depth(kernel, steps_to, allowed):
    """κ ≤ 3 at the depth, and a number of steps in which neither n nor δ appears."""

    def claim(subject, grid):
        depth = _depth_of(subject)
        kappa = _spectrum(subject, depth, kernel).condition_number
        return [
            Claim(kappa, _KAPPA, {"L": depth}, origin=1.0),
            Claim(steps_to(_EPSILONS, kappa), np.ceil(allowed * np.log(1 / _EPSILONS)), {"ε": _EPSILONS, "L": depth}),
        ]

    return claim


def _small_points(grid):
    """Every activation on few points, so that a wide network is cheap."""
    points = data.sphere(5, 0.5, dim=6, seed=1)
    return [Subject(sigma.normalized(), points) for sigma in grid.activations]


def _module(subject, depth, seed=0):
    import torch

    return mlp(depth, subject.activation).module(subject.points.dim, _WIDTH, seed=seed, dtype=torch.float64)


def _theorem_44_finite(subject, grid):
    """A network of 256 units: its κ within Weyl's bound, and its loss below e^(−t/3), the rate at κ = 6."""
    depth, n = _depth_of(subject), subject.points.n
    module, x = _module(subject, depth), subject.points.x
    kernel, found = empirical_nngp(module, x), _spectrum(subject, depth)
    gamma = float(np.abs(kernel - _gram(subject, depth)).max())
    ceiling = conditioning.theorem_44_condition_number(found.max, found.min, n, gamma)
    run = train(module, x, subject.points.y, 20, layers="top")
    return [
        Claim(spectrum(kernel).condition_number, ceiling, {"L": depth}, origin=1.0),
        Claim(run.loss[1:] / run.loss[0], np.exp(-run.steps[1:] / 3), {"t": run.steps[1:]}),
    ]


def _theorem_47(subject, grid):
    """All layers of a network of 3 layers and 256 units, η of the infinite network: loss below e^(−t/κ)."""
    gram = mlp(3, subject.activation).ntk(subject.points.x)
    found = spectrum(gram)
    learning_rate = dynamics.optimal_learning_rate(found)
    run = train(_module(subject, 3), subject.points.x, subject.points.y, 40, learning_rate)
    steps = run.steps[1:]
    return Claim(run.loss[1:] / run.loss[0], np.exp(-steps / found.condition_number), {"t": steps})


# --- width -----------------------------------------------------------------------------------------------------------


def _lemma_43(subject, grid):
    """|K − K̄| falls as m^(−½), and m γ² stays below (4C)^(L+1) log n at every depth: the Ω with the constant 1."""
    points, seeds = subject.points, min(grid.seeds, 20)
    found = [kernel_errors(subject.activation, points.x, _LAYERS, width, seeds) for width in _WIDTHS]
    slope = np.mean(np.log(found[1].typical / found[0].typical)) / np.log(_WIDTHS[1] / _WIDTHS[0])
    bounded = conditioning.boundedness(subject.activation)
    width = conditioning.lemma_43_width(found[1].depth, points.n, 1.0, bounded)
    return [
        Claim(slope, -0.5, sense="=", rounding=0.0, slack=_SLOPE_SPREAD),
        Claim(found[1].needed_width(1.0), width, {"L": found[1].depth}),
    ]


def _lemma_43_relu(subject, grid):
    """The exponent of L in the width that a γ needs, over the first layers: at most 2."""
    found = kernel_errors(subject.activation, subject.points.x, 6, _RELU_WIDTH, min(grid.seeds, 10))
    exponent = np.polyfit(np.log(found.depth), np.log(found.needed_width(1.0)), 1)[0]
    return Claim(exponent, 2.0)


# --- errata ----------------------------------------------------------------------------------------------------------


def _features(n, width, seed=0):
    return np.random.default_rng(seed).standard_normal((n, width)) / np.sqrt(width)


def _step_of_the_mean_loss():
    import torch

    features = torch.as_tensor(_features(12, 20))
    y = torch.linspace(-1.0, 1.0, 12, dtype=torch.float64)
    hessian = torch.autograd.functional.hessian(
        lambda w: ((features @ w - y) ** 2).mean(), torch.zeros(20, dtype=torch.float64)
    )
    truth = 1 / torch.linalg.eigvalsh(hessian)[-1].item()
    largest = spectrum((features @ features.T).numpy()).max
    return Evidence("1/λ_max of the Hessian of L, 12 points", truth, 12 / (2 * largest), 1 / largest, 1e-12)


def _rows_against_n():
    """The exponent of n in the rows that leave a thousandth, points well separated by 60 layers."""
    sizes, counts = np.array([6, 12, 24]), []
    for n in sizes:
        gram = mlp(60, _relu()).nngp(data.sphere(int(n), 0.3, dim=int(n), seed=0).x)
        run = expected_on_rows(gram / gram[0, 0], np.ones(n), int(10 * n), epoch=1, average=False)
        counts.append(np.log(1e3) / np.mean(-np.diff(np.log(run.last))))
    truth = np.polyfit(np.log(sizes), np.log(counts), 1)[0]
    return Evidence("exponent of n in the steps of single rows at κ < 1.1", truth, 1.0, 0.0, 0.1)


def _relu():
    from ntkit.activations import activation

    return activation("relu").normalized()


def _least_loss():
    features = _features(6, 3)
    y = np.linspace(-1.0, 1.0, 6)
    truth = np.linalg.lstsq(features, y, rcond=None)[1][0] / 6
    values, vectors = np.linalg.eigh(features @ features.T)
    left = vectors[:, values < 1e-12].T @ y
    return Evidence("min L of 6 points and 3 features, λ_min(AᵀA) > 0", truth, left @ left / 6, 0.0, 1e-13)


def _progress_of_a_row():
    """E‖w − w*‖² after one row of 5, all of length 1, with η of the paper at 1/(2β)."""
    features = _features(5, 9)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    wish = np.linalg.pinv(features) @ np.linspace(-1.0, 1.0, 5)
    gradients = 2 * features * (features @ -wish)[:, None]  # of (a_i·w − y_i)² at w = 0
    loss = np.mean((features @ wish) ** 2)
    after = np.mean([np.sum((-0.5 * gradient - wish) ** 2) for gradient in gradients])
    before = wish @ wish
    what = "E‖w′ − w*‖² after a row, η = 1/(2β), β = 1"
    return Evidence(what, after, before - loss, before - loss / 4, 1e-12, "≤")


def _halvings():
    left, count = 1.0, 0
    while left > 1e-3:
        left, count = left / 2, count + 1
    return Evidence("halvings until ε = 10⁻³ is left", count, np.ceil(np.log2(1e3)), np.ceil(np.log(1e3)), 0.1)


# --- the entries -----------------------------------------------------------------------------------------------------


def _on_points(grid):
    return grid.on_points()


def _few_points(grid):
    few = data.sphere(8, 0.3, dim=8, seed=0), data.equicorrelated(6, 0.3), data.half_circle(5)
    return [Subject(sigma.normalized(), points) for sigma in grid.matrix_activations for points in few]


def _entry(key, title, source, statement, assumptions, subjects, claim, kind="bound", remark=""):
    return Entry(key, title, source, statement, (NORMALISED, *assumptions), subjects, claim, kind, remark)


_E = "appendix E"
_OURS = "ours, from the proofs of appendix E"
_ON_ALL = (NON_LINEAR, IN_REACH)
ENTRIES = (
    _entry("lemma_43", "Lemma 43", f"{_E}; earlier: Lemma 11", "|K_ij − K̄_ij| ≤ γ for m = Ω((4C)^(L+1) log n/γ²)",
           (C_BOUNDED,), _small_points, _lemma_43, "trend",
           "Checked: the distance falls as m^(−½), and mγ² is below the stated width with the constant 1."),
    _entry("lemma_43_relu", "Lemma 43, ReLU", "earlier version only: Lemma 11",
           "|K_ij − K̄_ij| ≤ γ for m = Ω(L² log n/γ²), γ = O(1/L)", (),
           lambda grid: [Subject(_relu(), data.sphere(5, 0.5, dim=6, seed=1))], _lemma_43_relu, "trend",
           f"Checked: mγ² grows with L by an exponent of at most 2, over 6 layers of {_RELU_WIDTH} units."),
    _entry("theorem_44", "Theorems 13, 44", f"sections 4.1, {_E}; earlier: Theorem 12",
           "from Θ(log(n/δ)/μ) layers on, O(log 1/ε) steps", _ON_ALL, _on_points,
           _at_depth("nngp", conditioning.theorem_50_sharp_steps, 1 / (2 * np.log(1.5))),
           remark="Θ and O made explicit: log(n/min(2δ, 1))/(μ log 1.5) + 2 layers, 1.24 log(1/ε) + 1 steps, "
                  "K̄ and η = 1/λ_max."),
    _entry("theorem_44_finite", "Theorem 44, finite width", f"{_E}; earlier: Theorem 12",
           "L(t) ≤ e^(−Ω(t)) L(0)", (*_ON_ALL, C_BOUNDED), _small_points, _theorem_44_finite, "sampled",
           f"One network of {_WIDTH} units; the Ω checked as e^(−t/3)."),
    _entry("theorem_45", "Theorems 13, 45", f"section 4.1, {_E}; earlier: Theorem 13",
           "O(n log 1/ε) single rows, and Ω(n log 1/ε)", (*_ON_ALL, SHORT), _few_points, _theorem_45,
           remark="Printed: O(log 1/ε), from λ_min = Ω(n), but λ_min ≤ 1. Exact expectation, averages of epochs."),
    _entry("theorem_47", "Theorems 14, 47", f"section 4.2, {_E}; earlier: Theorem 15",
           "all layers, η = 2/(λ_min + λ_max): L(t) ≤ e^(−Ω(t/κ)) L(0)", (NON_LINEAR, C_BOUNDED), _small_points,
           _theorem_47, "trend", f"One network of 3 layers and {_WIDTH} units; the Ω checked as e^(−t/κ)."),
    _entry("corollary_48", "Corollary 48", f"{_E}; earlier: Corollary 16",
           "all layers, from Θ(log(n/δ)/μ) layers on, O(log 1/ε) steps", (*_ON_ALL, CONTINUOUS), _on_points,
           _at_depth("ntk", conditioning.theorem_50_optimal_steps, 1 / (2 * np.log(2.0))),
           remark="Explicit: ½ log₂(1/ε) + 1 steps under 𝒦̄, as Theorem 47 has it at infinite width."),
    _entry("theorem_50", "Theorem 50", f"{_E}; earlier: Theorem 28", "L(t) ≤ e^(−t/(4κ)) L(0)", (RESOLVED,),
           _on_points, _descent(conditioning.theorem_50, _stated_rates),
           remark="No η is printed; checked at both ends of what the constant allows, and between."),
    _entry("theorem_50_sharp", "Theorem 50, sharp", _OURS, "L(t) ≤ (1 − 1/κ)^(2t) L(0), η = 1/λ_max", (RESOLVED,),
           _on_points, _descent(conditioning.theorem_50_sharp, _safe_rate)),
    _entry("theorem_50_optimal", "Theorem 50, best η", "Nesterov (2014), Theorem 2.1.15",
           "L(t) ≤ ((κ − 1)/(κ + 1))^(2t) L(0), η = 2/(λ_min + λ_max)", (RESOLVED,),
           _on_points, _descent(conditioning.theorem_50_optimal, _optimal_rate)),
    _entry("theorem_51", "Theorem 51", f"{_E}; earlier: Theorem 29",
           "the average of 8nβ/λ_min single rows halves E L, η = 1/(2β)", (RESOLVED, SHORT), _few_points,
           _rows(conditioning.theorem_51_epoch), remark="Exact expectation over the rows, of the averaged iterate."),
    _entry("theorem_51_sharp", "Theorem 51, sharp", _OURS, "2nβ/λ_min single rows do", (RESOLVED, SHORT),
           _few_points, _rows(conditioning.theorem_51_epoch_sharp)),
)  # fmt: skip

ERRATA = (
    Erratum("theorem_44_step", "Theorems 44, 47",
            "η = Θ(1/λ_max(K)) and 2/(λ_min + λ_max), descending L = (1/n) Σ (f − y)²", "n/2 times that",
            "∂²L = (2/n) ΦᵀΦ; with the printed η every rate is divided by n. Right for ½ Σ (f − y)².",
            _step_of_the_mean_loss),
    Erratum("theorem_45_steps", "Theorems 13, 45, stochastic gradient descent", "O(log(1/ε)) steps",
            "O(n log(1/ε)) steps, O(log(1/ε)) passes",
            "The proof has λ_min(K) = Ω(n); the trace of K is n, so λ_min ≤ 1. Ω(n log(1/ε)) by theorem_45_floor.",
            _rows_against_n),
    Erratum("theorem_50_gram", "before Theorem 50, and in 50 and 51", "λ_min(AᵀA) > 0 implies min L = 0",
            "λ_min(AAᵀ) > 0 does", "The rows must be independent, not the columns; AᵀA is singular in the wide case.",
            _least_loss),
    Erratum("theorem_51_progress", "proof of Theorem 51; earlier: Theorem 29", "E‖w′ − w*‖² ≤ ‖w − w*‖² − η(1 − ηβ)L",
            "− 4η(1 − ηβ)L", "−2η(w − w*)·∇L = −4ηL and ‖∇‖² = 4r²‖a‖²: 8nβ/λ_min can be 2nβ/λ_min.",
            _progress_of_a_row),
    Erratum("theorem_51_logarithm", "proof of Theorem 51; earlier: Theorem 29", "halving log(1/ε) times leaves ε",
            "log₂(1/ε) times", "The statement holds for the natural logarithm too, by the factor 4 above.", _halvings),
)  # fmt: skip
