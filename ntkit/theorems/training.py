"""Panigrahi et al.: data on the sphere, and the training of two-layer networks (sections 2, 3, 7, appendices I, M)."""

import itertools
import math
from functools import lru_cache

import numpy as np
import torch
from scipy.special import erf, softmax

from ntkit import data, dynamics, gram
from ntkit.activations import activation
from ntkit.gram.population import population_g
from ntkit.theorems.entry import Assumption, Claim, Entry, Subject
from ntkit.theorems.erratum import Erratum, Evidence

_PAPER = "Panigrahi et al. (2020), "
_N, _CLASSES = 6, 3
_NARROW, _WIDE = 400, 8192
_ACCURACY = 0.03  # ε of Theorem 4.6, as a share of the first residual
_TIMES = np.array([5, 20, 50, 100])

SMOOTH = Assumption("σ' is Lipschitz", lambda subject: _bounds(subject.activation).smoothness < math.inf)
LIPSCHITZ = Assumption("σ is Lipschitz", lambda subject: _bounds(subject.activation).lipschitz < math.inf)


@lru_cache(maxsize=32)
def _bounds(sigma):
    return gram.slope_bounds(sigma)


@lru_cache(maxsize=1)
def _circle():
    return data.half_circle(_N, seed=1)


def _rows(points):
    return data.span(points.x).coordinates(points.x)


def _on_circle(grid):
    return [Subject(activation(name), _circle()) for name in ("relu", "tanh", "swish", "elu", "softplus")]


def _on_points(grid):
    return [Subject(activation("relu"), points) for points in grid.points]


def _network(subject, width=_NARROW, seed=0, outputs=1):
    x = _rows(subject.points)
    return x, gram.two_layer(subject.activation, x.shape[1], width, seed, outputs=outputs)


# --- data ------------------------------------------------------------------------------------------------------------


def _preprocessing(subject, grid):
    found = data.separation(data.lift(subject.points.x * np.linspace(1, 2, subject.points.n)[:, None]))
    return Claim(found.sine, found.distance / math.sqrt(2), sense="≥", rounding=1e-9)


def _separations(subject, grid):
    found = subject.points.separation
    return Claim(
        [found.correlation, found.correlation], [found.sine**2 / (1 + math.sqrt(1 - found.sine**2)), found.sine**2 / 2],
        {"relation": np.arange(2)}, sense="≥", rounding=1e-9,
    )  # fmt: skip


def _assumption_3(subject, grid):
    sigma, seeds = data.assumption_3_noise(subject.points), np.arange(min(grid.seeds, 20))
    moved = [data.smoothed(subject.points, sigma, seed=int(seed)).delta_sine for seed in seeds]
    return Claim(np.array(moved), subject.points.delta_sine / 2, {"seed": seeds}, sense="≥")


# --- training --------------------------------------------------------------------------------------------------------


def _gradient(subject, grid):
    x, network = _network(subject)
    hidden = network.hidden.clone().requires_grad_()
    outputs = network.activation(network.rows(x) @ hidden.T) @ network.heads * network.factor
    residual = torch.tensor(subject.points.y[:, None]) - outputs
    (gradient,) = torch.autograd.grad(residual.square().sum() / 2, hidden)
    r = residual.detach().numpy().ravel()
    return Claim(float(gradient.square().sum()), r @ network.gram(x) @ r, sense="=", rounding=1e-10)


def _theorem_4_6(subject, grid):
    x, network = _network(subject, _WIDE)
    found = gram.descend(network, x, subject.points.y, int(_TIMES[-1]), 0.2, watch=(0,))
    told, there = np.sqrt(2 * found.predicted(subject.points.y)), np.sqrt(2 * found.loss)
    return Claim(there[_TIMES], told[_TIMES] + _ACCURACY * there[0], {"t": _TIMES}, slack=0.0)


def _theorem_m_5(subject, grid):
    smallest = float(dynamics.modes(population_g(subject.points.x, subject.activation)).eigenvalues[-1])
    x, network = _network(subject, _WIDE)
    run = gram.descend(network, x, subject.points.y, int(_TIMES[-1]), 0.2)
    return Claim(run.loss[_TIMES], run.loss[0] * (1 - 0.1 * smallest) ** _TIMES, {"t": _TIMES})


def _lemma_m_11(subject, grid):
    x, network = _network(subject)
    bounds, first = _bounds(subject.activation), network.modes(x).eigenvalues[-1]
    radius = gram.lemma_m_11_radius(subject.points.n, first, bounds)
    least = [gram.TwoLayer(_moved(network, radius, seed), network.heads, network.activation) for seed in range(5)]
    smallest = np.array([moved.modes(x).eigenvalues[-1] for moved in least])
    return Claim(smallest, first / 2, {"seed": np.arange(5)}, sense="≥")


def _lemma_m_11_entries(subject, grid):
    x, network = _network(subject)
    before, square = network.gram(x), float(network.heads.square().mean())
    radii, change = np.array([1e-3, 0.1, 1.0]), []
    for radius in radii:
        moved = gram.TwoLayer(_moved(network, radius, 0), network.heads, network.activation)
        change.append(np.abs(moved.gram(x) - before).max())
    return Claim(np.array(change), gram.lemma_m_11_entries(radii, _bounds(subject.activation), square), {"R": radii})


def _moved(network, radius, seed):
    """Hidden weights, each `radius` away in a random direction."""
    step = np.random.default_rng(seed).standard_normal(network.hidden.shape)
    return network.hidden + network.rows(radius * step / np.linalg.norm(step, axis=1, keepdims=True))


def _theorem_m_6(subject, grid):
    widths = (400, 6400)
    found = gram.drift_by_width(subject.points, subject.activation, widths, steps=15, learning_rate=0.2, seeds=4)
    return Claim(found.slope("typical"), -0.5, sense="=", rounding=0.0, slack=0.15)


def _theorem_m_10(subject, grid):
    x, network = _network(subject)
    smallest, ratios = network.modes(x).eigenvalues[-1], []
    for batch in itertools.combinations(range(_N), 3):
        copy = gram.TwoLayer(network.hidden.clone(), network.heads, network.activation)
        ratios.append(_after_batch(copy, x, subject.points.y, batch, 0.02))
    return Claim(np.mean(ratios), 1 - 0.02 * smallest / 4)


def _after_batch(network, x, y, batch, learning_rate):
    """‖y − u‖² over what it was, after a step along n/b times the gradient over a batch."""
    chosen, first = list(batch), np.sum((y - network(x).numpy().ravel()) ** 2)
    gram.descend(network, x[chosen], y[chosen], 1, learning_rate * len(x) / len(chosen))
    return np.sum((y - network(x).numpy().ravel()) ** 2) / first


def _unbiased(subject, grid):
    x, network = _network(subject)
    steps = []
    for batch in [*itertools.combinations(range(_N), 2), tuple(range(_N))]:
        copy = gram.TwoLayer(network.hidden.clone(), network.heads, network.activation)
        chosen = list(batch)
        gram.descend(copy, x[chosen], subject.points.y[chosen], 1, 0.1 * _N / len(chosen))
        steps.append((copy.hidden - network.hidden).numpy())
    return Claim(np.mean(steps[:-1], axis=0)[:20], steps[-1][:20], sense="=", slack=1e-13)


def _many_classes(subject, grid):
    """𝒢 at finite width, mean over draws: blocks of one class have G∞, the others 0, to five standard errors."""
    draws = np.array([_network(subject, 300, seed, _CLASSES)[1].gram(_rows(subject.points)) for seed in range(40)])
    error = draws.std(axis=0, ddof=1) / math.sqrt(len(draws))
    limit = np.kron(population_g(subject.points.x, subject.activation), np.eye(_CLASSES))
    return Claim(draws.mean(axis=0), limit, sense="=", rounding=0.0, slack=5 * error + 1e-14)


# --- errata ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _classified():
    """A network of three classes, one-hot labels, the probabilities, and their rate of change under a small step."""
    subject, step = Subject(activation("tanh"), _circle()), 1e-6
    x, network = _network(subject, 200, outputs=_CLASSES)
    labels = gram.one_hot(np.arange(_N) % _CLASSES, _CLASSES)
    kernel, before = network.gram(x), softmax(network(x).numpy(), axis=1)
    gram.descend(network, x, labels, 1, step, loss=gram.CROSS_ENTROPY)
    after = softmax(network(x).numpy(), axis=1)
    return kernel, labels, before, (after - before).ravel() / step


def _logits():
    kernel, labels, u, rate = _classified()
    pull = kernel @ (labels - u).ravel()
    spread = [np.diag(row) - np.outer(row, row) for row in u]
    right = np.concatenate([part @ pull[_CLASSES * i : _CLASSES * (i + 1)] for i, part in enumerate(spread)])
    what = f"du/dt of {_N} points in {_CLASSES} classes, u = softmax(f); tanh, m = 200, by a small step of descent"
    return Evidence(what, rate, right, pull, 1e-4)


def _inner_product():
    subject = Subject(activation("tanh"), _circle())
    x, network = _network(subject, 50)
    hidden = network.hidden.clone().requires_grad_()
    outputs = network.activation(network.rows(x) @ hidden.T) @ network.heads * network.factor
    rows = [torch.autograd.grad(value, hidden, retain_graph=True)[0].numpy().ravel() for value in outputs.ravel()]
    slopes = network.activation.derivative(network.rows(x) @ network.hidden.T).numpy()
    printed = (slopes * network.heads.numpy().ravel() ** 2) @ slopes.T / 50
    truth = np.array(rows) @ np.array(rows).T
    pairs = np.triu_indices(3)
    right, found, without = (matrix[pairs] for matrix in (printed * (x @ x.T), truth, printed))
    return Evidence("gradients' inner products of three points, C = 1, m = 50, tanh", found, right, without, 1e-12)


def _index():
    p = np.arange(1, 7)  # y_{C(i−1)+j}, C = 3: the place of p in each
    truth = np.repeat([1, 2], 3)
    return Evidence("i of p = 1 … 6, C = 3", truth, np.ceil(p / 3), p // 3 + 1, 1e-12)


@lru_cache(maxsize=1)
def _whole_circle():
    """The share of the loss that ReLU keeps on ten points of a whole circle, and the share in the null space."""
    points, sigma = data.full_circle(10, seed=2), activation("relu")
    x = _rows(points)
    network = gram.two_layer(sigma, 2, 500)
    network.hidden[1::2], network.heads[1::2] = network.hidden[::2], -network.heads[::2]  # outputs start at 0
    run = gram.descend(network, x, points.y, 1500, 0.4, record=1500)
    return float(run.loss[-1] / run.loss[0]), gram.stuck_share(points, sigma)


def _figure_1():
    truth, right = _whole_circle()
    what = "share of the first loss that ReLU ends with, 10 points on the whole circle, labels ±1, m = 500"
    return Evidence(what, truth, right, 0.0, 1e-3)


def _assumption_2():
    # Two points of length 1/√2 at a right angle and two at 160°, as they come out of the preprocessing
    raw = np.array([[1.0, 0.0], [math.cos(2.8), math.sin(2.8)]])
    found = data.separation(data.lift(raw))
    (u, v) = data.lift(raw)
    truth = np.linalg.norm(v - (u @ v) * u)
    what = "δ of Assumption 2 for two points, at least (negated)"
    right = found.distance * math.sqrt(1 - found.distance**2 / 4)
    return Evidence(what, -truth, -right, -found.distance, 1e-12, "≤")


def _learning_rate():
    points = _circle()
    modes = dynamics.modes(population_g(points.x, activation("relu")))
    smallest = float(modes.eigenvalues[-1])
    what = f"1/η of ReLU on {_N} points of a half circle: at least λ_max/2, by Theorem 3.1 at most"
    return Evidence(what, modes.eigenvalues[0] / 2, _N**2 / smallest, _N**3 / smallest, 1e-12, "≤")


def _concentration():
    t = np.array([1.2, 1.5, 2.0, 3.0])
    inside = erf(t / math.sqrt(2))
    which = np.sign(inside - (1 - 2 * np.exp(-(t**2) / 2)))
    what = f"sign of P(|v − μ| ≤ tσ) − (1 − 2e^(−t²/2)), t = {t.tolist()}"
    return Evidence(what, which, np.ones(4), -np.ones(4), 1e-12)


def _inverse_width():
    narrow, wide = 400, 6400
    found = gram.drift_by_width(_circle(), activation("tanh"), (narrow, wide), steps=15, learning_rate=0.2, seeds=6)
    moved = np.sqrt(np.mean(found.gram**2, axis=1))
    what = f"‖G(t) − G(0)‖ at width {wide} over that at {narrow}, tanh, mean square of six networks"
    return Evidence(what, moved[1] / moved[0], narrow / wide, math.sqrt(narrow / wide), 0.05, "≤")


ENTRIES = (
    Entry("panigrahi_preprocessing", "Panigrahi et al., preprocessing", _PAPER + "section 2",
          "√(1 − ρ²) ≥ ‖x − x'‖/√2 after the lift", (), _on_points, _preprocessing,
          remark="Stated without the √2."),
    Entry("panigrahi_separations", "Panigrahi et al., separations", "ours, for Assumption 2",
          "1 − max |ρ| = 1 − √(1 − δ²) ≥ δ²/2, δ = min √(1 − ρ²)", (), _on_points, _separations),
    Entry("panigrahi_assumption_3", "Panigrahi et al., Assumption 3", _PAPER + "appendix I",
          "2δ-separated points are δ-separated after noise of σ = δ/(2√n)", (), _on_points, _assumption_3, "sampled",
          remark="The constant of σ = O(δ/(2√n)) taken for 1."),
    Entry("panigrahi_gradient", "Panigrahi et al., gradient", _PAPER + "section 3",
          "‖∇_W L‖² = (y − u)ᵀG(y − u)", (), _on_circle, _gradient, "identity"),
    Entry("panigrahi_theorem_4_6", "Panigrahi et al., Theorem 4.6", _PAPER + "Theorems 4.6 and M.9",
          "‖y − u(t)‖ ≤ (Σ (1 − ηλ_i)^2t (v_i·(y − u(0)))²)^½ + ε", (SMOOTH, LIPSCHITZ), _on_circle, _theorem_4_6,
          "sampled", remark="At 8192 units and η = 0.2, far outside its assumptions, with ε = 3 % of ‖y − u(0)‖."),
    Entry("panigrahi_theorem_m_5", "Panigrahi et al., Theorem M.5", _PAPER + "Theorems 3.1 and M.5",
          "‖y − u(t)‖² ≤ (1 − ηλ/2)^t ‖y − u(0)‖²", (), _on_circle, _theorem_m_5, "sampled",
          remark="At 8192 units and η = 0.2; λ = λ_min(G∞)."),
    Entry("panigrahi_lemma_m_11", "Panigrahi et al., Lemma M.11", _PAPER + "Lemmas M.1 and M.11",
          "λ_min(G(t)) ≥ ½ λ_min(G(0)) while ‖w_r(t) − w_r(0)‖ ≤ λ_min(G(0))/(4αβn)", (SMOOTH, LIPSCHITZ), _on_circle,
          _lemma_m_11),
    Entry("panigrahi_lemma_m_11_entries", "Panigrahi et al., Lemma M.11, entries", _PAPER + "proof of Lemma M.11",
          "|g_ij(t) − g_ij(0)| ≤ 2αβ (Σ a_r²/m) max ‖w_r(t) − w_r(0)‖", (SMOOTH, LIPSCHITZ), _on_circle,
          _lemma_m_11_entries, remark="The proof takes Σ a_r²/m for 1."),
    Entry("panigrahi_theorem_m_6", "Panigrahi et al., Theorem M.6", _PAPER + "Theorem M.6",
          "‖w_k(t) − w_k(0)‖ ∝ m^(−½)", (SMOOTH, LIPSCHITZ), _on_circle, _theorem_m_6, "trend",
          remark="In root mean square over k."),
    Entry("panigrahi_theorem_m_10", "Panigrahi et al., Theorem M.10", _PAPER + "equation (91)",
          "E ‖y − u(t + 1)‖² ≤ (1 − ηλ_min/4) ‖y − u(t)‖²", (), _on_circle, _theorem_m_10, "sampled",
          remark="All batches of 3 of 6 points, one step of η = 0.02."),
    Entry("panigrahi_batches", "Panigrahi et al., mini-batches", _PAPER + "appendix M, before (76)",
          "E (n/b) ∇L_S = ∇L", (), _on_circle, _unbiased, "identity"),
    Entry("panigrahi_many_classes", "Panigrahi et al., many classes", _PAPER + "appendix M.3",
          "E 𝒢 = G∞ ⊗ I", (), _on_circle, _many_classes, "sampled"),
)  # fmt: skip

ERRATA = (
    Erratum("panigrahi_preprocessing", _PAPER + "section 2", "‖x_i − x_j‖ ≥ δ implies Assumption 2",
            "with δ√(1 − δ²/4) ≥ δ/√2 in the place of δ",
            "√(1 − ρ²) = D√(1 − D²/4), D the distance of two unit vectors.", _assumption_2),
    Erratum("panigrahi_logits", _PAPER + "appendix M.3", "du/dt = 𝒢(y − u), u = softmax(f)",
            "df/dt = 𝒢(y − u), du/dt = J𝒢(y − u)", "J = blockdiag(diag(u_i) − u_i u_iᵀ); the loss there is printed "
            "with f in the place of u.", _logits),
    Erratum("panigrahi_many_classes", _PAPER + "appendix M.3", "𝒢 = (1/m) Σ a_q a_q' φ'(w·x_i)φ'(w·x_j)",
            "times ⟨x_i, x_j⟩", "A prime and the inner product are missing.", _inner_product),
    Erratum("panigrahi_index", _PAPER + "appendix M.3", "i = ⌊p/C⌋ + 1", "⌈p/C⌉",
            "The entries are numbered C(i − 1) + q: off by one at p = iC.", _index),
    Erratum("panigrahi_figure_1", _PAPER + "section 7", "n = 10, 50 equally spaced points on S¹; ReLU reaches 0",
            "on a half circle (or with odd n)", "An even circle holds antipodes, where φ'(z) + φ'(−z) = 1 leaves "
            "n/2 − 2 directions of the outputs alone at any width.", _figure_1),
    Erratum("panigrahi_theorem_3_1", _PAPER + "Theorem 3.1", "η = O(λ/n³)", "O(λ/n²)",
            "As in the theorem quoted, Du et al. (2019a), 4.1. Perhaps a misreading of our text.", _learning_rate),
    Erratum("panigrahi_theorem_m_7", _PAPER + "Theorem M.7", "‖G(t) − G(0)‖ = O(m^(−½))", "of the order 1/m",
            "True, and not tight: the change is odd in a_k to first order, and averages to nothing.", _inverse_width),
    Erratum("panigrahi_fact_c_2", _PAPER + "Fact C.2", "P(|v − μ| ≤ t) ≤ 1 − 2e^(−t²/2σ²)", "≥",
            "A Gaussian is rarely far from its mean.", _concentration),
)  # fmt: skip
