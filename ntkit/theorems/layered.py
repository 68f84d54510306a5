"""Du et al.: population Gram matrices of deep networks and the lemmas around them; Panigrahi et al., appendix J.

Panigrahi et al. cite Du et al. by the numbers of the version of 2019: their "Theorem 5.1", "Lemma F.1" and "Eq. 13" are
Theorem 3.1, Lemma D.2 and the display after equation (7) of the version of December 2018, whose numbers are used here.
"""

import math
from functools import lru_cache

import numpy as np

from ntkit import data, gram
from ntkit.activations import activation
from ntkit.gram import lemma_constants as lemmas
from ntkit.gram.covariances import Covariance, through
from ntkit.norms import means
from ntkit.theorems.entry import Assumption, Claim, Entry, Subject
from ntkit.theorems.erratum import Erratum, Evidence

_DU, _PANIGRAHI = "Du et al. (December 2018), ", "Panigrahi et al. (2020), "
_NAMES = ("softplus", "tanh")
_DEPTH, _WIDTH, _RADIUS, _C_LAMBDA = 4, 100, 0.05, 0.5
_DEPTHS = np.array([4, 8, 16])
_DELTAS = (1e-3, 0.01, 0.1, 0.5)
_BELOW = 0.5 / math.e
_STEPS, _LEARNING_RATE = 60, 0.1

SMOOTH = Assumption("σ is Lipschitz and smooth", lambda subject: not subject.activation.kinks)
CENTRED = Assumption("E φ = 0, and φ is not linear", lambda subject: subject.activation.coefficient_of_nonlinearity > 0)


@lru_cache(maxsize=1)
def _points():
    """Eight points of the sphere of ten dimensions, at λ = 1 − max |ρ| = 0.157."""
    x = np.random.default_rng(0).standard_normal((10, 8)).T
    return data.unit_rows(x)


@lru_cache(maxsize=1)
def _images():
    """Two images of two channels and four pixels, of norm 1."""
    images = np.array([[[1, 0, 2, -1], [0, 1, -1, 1]], [[0, 1, 1, 0], [1, -1, 0, 2]]], dtype=float)
    return images / np.linalg.norm(images, axis=(1, 2), keepdims=True)


def _smooth(grid):
    return [Subject(activation(name)) for name in _NAMES]


def _centred(grid):
    return [Subject(activation("tanh")), *(Subject(activation(name).normalized()) for name in ("relu", "swish"))]


# --- Panigrahi et al., appendix J ----------------------------------------------------------------------------------


def _lemma_j2(subject, grid):
    exact, bound = [], []
    for delta in _DELTAS:
        found = gram.depth_helps(subject.activation, delta, grid.depth)
        exact.append(found.exact[1:])
        bound.append(gram.lemma_j2_infinite(found.exact[:-1], found.share))
    return Claim(np.array(exact), np.array(bound), {"δ": np.array(_DELTAS)[:, None], "l": grid.layers}, slack=1e-14)


def _lemma_j4(subject, grid):
    a, counted, promised = 0.5 * (1 + gram.linear_share(subject.activation)), [], []
    for delta in _DELTAS:
        rho, layers = 1 - delta, 0
        while rho > _BELOW:
            rho, layers = a * rho + (1 - a) * rho**2, layers + 1
        counted.append(layers)
        promised.append(gram.lemma_j4_layers(delta, _BELOW, a))
    return Claim(np.array(counted), np.array(promised), {"δ": np.array(_DELTAS)})


def _theorem_j5(subject, grid):
    sigma, x = subject.activation, data.half_circle(12).x
    exact, floors, depths = [], [], np.array([5, 20, 80])
    for depth in depths:
        found = gram.deep_gram(sigma, x, int(depth))
        largest = min(float(np.abs(found.products - np.eye(12)).max()), 1.0)
        floor = max(gram.theorem_j5_floor(sigma, 12, largest, order) for order in range(8))
        exact.append(np.linalg.eigvalsh(found.matrix)[0])
        floors.append(floor if floor > 0 else np.nan)
    return Claim(np.array(exact), np.array(floors), {"L": depths}, sense="≥", slack=1e-14)


# --- Du et al. -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _moved(sigma, branch):
    """A network, the same with all weights moved by R√m, its c_w, and its c_x0."""
    import torch

    x = _points()
    before = gram.layered_network(sigma, 10, _DEPTH, _WIDTH, branch=branch)
    generator, weights = torch.Generator().manual_seed(1), []
    for weight in before.weights:
        step = torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
        weights.append(weight + _RADIUS * _WIDTH**0.5 * step / step.norm())
    after = gram.LayeredNetwork(sigma, tuple(weights), before.signs, before.window, branch)
    size = max(float(torch.linalg.matrix_norm(w, 2)) for pair in (before, after) for w in pair.weights)
    hidden = [[layer[:, :, 0].numpy() for layer in network.layer_outputs(x)[1:]] for network in (before, after)]
    norms = np.linalg.norm(hidden[0], axis=2)
    drift = np.linalg.norm(np.subtract(*hidden), axis=2).max(axis=1)
    turned = np.linalg.norm(after.layer_grams(x)[-1] - before.layer_grams(x)[-1])
    return size / _WIDTH**0.5, max(norms.max(), 1 / norms.min()), drift, turned


def _lemma_a3(subject, grid):
    found, layers = lemmas.smoothness(subject.activation), np.arange(1, _DEPTH + 1)
    c_w, c_x0, drift, turned = _moved(subject.activation, None)
    allowed = [lemmas.lemma_a3_drift(found, int(h), _RADIUS, c_w, c_x0) for h in layers]
    whole = lemmas.lemma_a4_drift(found, _DEPTH, 8, _RADIUS, c_w, c_x0)
    return [Claim(drift, np.array(allowed), {"h": layers}), Claim(turned, whole)]


def _lemma_b3(subject, grid):
    found = lemmas.smoothness(subject.activation)
    c_w, c_x0, drift, turned = _moved(subject.activation, _C_LAMBDA / _DEPTH)
    allowed = lemmas.lemma_b3_drift(found, _RADIUS, _C_LAMBDA, c_w, c_x0)
    whole = lemmas.lemma_b4_drift(found, _DEPTH, 8, _RADIUS, _C_LAMBDA, c_w, c_x0)
    return [Claim(drift, np.full(_DEPTH, allowed), {"h": np.arange(1, _DEPTH + 1)}), Claim(turned, whole)]


def _theorem_d1(subject, grid):
    sigma, x, claims = subject.activation, _points(), []
    for make in (gram.fully_connected_gram, gram.residual_gram):
        population = make(sigma, x, _DEPTH)
        found = lemmas.du_theorem_d1(population, lemmas.smoothness(sigma))
        network = gram.layered_network(sigma, 10, _DEPTH, _WIDTH, branch=population.branch)
        hidden = [layer[:, :, 0].numpy() for layer in network.layer_outputs(x)[1:_DEPTH]]
        errors = [
            np.abs(outputs @ outputs.T - layer.matrix).max()
            for outputs, layer in zip(hidden, population.covariances[1:], strict=True)
        ]
        allowed = 10**found.log10_constant * math.sqrt(math.log(_DEPTH * 64 / 0.1) / _WIDTH)
        claims.append(Claim(np.array(errors), np.full(_DEPTH - 1, allowed), {"h": np.arange(1, _DEPTH)}))
    return claims


def _lemma_d1(subject, grid):
    population = gram.residual_gram(subject.activation, _points(), 8)
    floors = population.pair_floors[1:]
    return Claim(floors, np.full(len(floors), _centred_floor(population)), {"h": np.arange(1, 8)}, sense="≥")


def _centred_floor(population):
    """min over pairs of λ_min of K^(1) − b^(1)b^(1)ᵀ."""
    first, mean = population.covariances[1].matrix, population.means[0]
    centred = first - np.outer(mean, mean)
    n = len(centred)
    return min(np.linalg.eigvalsh(centred[np.ix_([i, j], [i, j])])[0] for i in range(n) for j in range(i))


def _proposition_d1(subject, grid):
    found = gram.gram_by_depth(subject.activation, _points(), _DEPTHS)
    slopes = np.diff(np.log(found.residual)) / np.diff(np.log(_DEPTHS))
    return Claim(slopes, np.full(2, -2.0), {"H": _DEPTHS[1:]}, sense="=", rounding=0.0, slack=0.01)


def _lemma_d2(subject, grid):
    # n = 4 points of the plane: positive definite, however close to it a direction may be
    least = gram.fully_connected_gram(subject.activation, data.half_circle(4).x, 1).least_eigenvalue
    return Claim(least, 0.0, sense="≥")


def _condition_61(subject, grid):
    sigma, x, claims = subject.activation, _points(), []
    y = np.where(np.arange(8) % 2, 1.0, -1.0)
    for make in (gram.fully_connected_gram, gram.residual_gram):
        population = make(sigma, x, 2)
        network = gram.layered_network(sigma, 10, 2, 300, branch=population.branch)
        found = gram.stability(network, x, y, _LEARNING_RATE, _STEPS)
        promised = found.promised(population.least_eigenvalue)
        claims.append(Claim(found.loss, promised, {"k": np.arange(_STEPS + 1)}))
    return claims


# --- errata --------------------------------------------------------------------------------------------------------


def _mean_and_error(samples):
    samples = np.array(samples)
    return samples.mean(axis=0), 5 * samples.std(axis=0, ddof=1) / np.sqrt(len(samples))


def _equation_5():
    sigma, s = activation("softplus"), 0.7
    x = np.array([[0.2, 0, 0], [0, 1.0, 0], [2.4, 0, 3.2]])  # of norms 0.2, 1 and 4
    factor = gram.scaling_constant(sigma)
    first = through(sigma, Covariance.of(x))[0].scaled(factor)
    mean = np.sqrt(factor) * means(sigma, (x**2).sum(axis=1))
    after, beside = through(sigma, first)[0].matrix, means(sigma, first.variance)
    common = first.matrix + s**2 * after
    right = (common + s * (np.outer(mean, beside) + np.outer(beside, mean)))[0, 2]
    printed = (common + s * (mean * beside)[:, None] + s * (mean * beside))[0, 2]
    samples = []
    for seed in range(80):
        hidden = gram.layered_network(sigma, 3, 2, 400, branch=s, seed=seed).layer_outputs(x)[2][:, :, 0]
        samples.append(float(hidden[0] @ hidden[2]))
    truth, error = _mean_and_error(samples)
    what = f"K^(2) of inputs of norms 0.2 and 4, softplus, s = {s}: mean of 80 networks of width 400"
    return Evidence(what, truth, right, printed, error)


def _equation_6():
    sigma, images, depth = activation("softplus"), _images(), 3
    found = gram.convolutional_gram(sigma, images, depth, pair_floor=0.5)
    samples = []
    for seed in range(12):
        network = gram.layered_network(sigma, 2, depth, 300, window=3, branch=found.branch, seed=seed)
        samples.append(network.layer_grams(images)[-1][0, 1])
    truth, error = _mean_and_error(samples)
    what = "K^(3)_12 of two images, softplus, c_λ = λ = ½: mean of 12 networks of width 300"
    return Evidence(what, truth, found.gram[0, 1], _printed_equation_6(sigma, found), error)


def _printed_equation_6(sigma, found):
    """K^(3)_12 with a sum over all pairs of offsets, the skip of K^(1), and no patches after the first layer."""
    s, factor = found.branch, gram.scaling_constant(sigma)
    inputs = found.covariances[0]
    first = through(sigma, inputs)[0].scaled(factor)
    mean, beside = np.sqrt(factor) * means(sigma, inputs.variance), means(sigma, first.variance)
    product = s * mean * beside
    skipped = first.matrix + product[:, None] + product + s**2 * through(sigma, first)[0].matrix
    spread = np.kron(np.eye(2), sum(np.eye(4, k=offset) for offset in (-1, 0, 1)))
    second = spread @ skipped @ spread.T
    variance = np.diag(second)
    last = Covariance(variance, 0.5 * (variance[:, None] + variance) - second)
    slopes = through(sigma, last, slope=True)[1]
    return float((s**2 * second * slopes)[:4, 4:].sum())


def _assumption_31():
    x = _points()
    pairs = [np.linalg.eigvalsh(x[[i, j]] @ x[[i, j]].T)[0] for i in range(8) for j in range(i)]
    return Evidence("λ of K^(0) for 8 points", min(pairs), Covariance.of(x).pair_floor, 0.0, 1e-12)


def _assumption_51():
    images = data.unit_rows(np.random.default_rng(0).standard_normal((2, 8)))
    padded = np.pad(images, ((0, 0), (1, 1)))
    patches = np.stack([padded[:, o : o + 8] for o in range(3)], axis=2).reshape(16, 3)
    truth = np.linalg.eigvalsh(patches @ patches.T)[0]
    vectors = Covariance.of(images).pair_floor
    return Evidence("λ of Assumption 5.1: two images of 8 pixels, patches of 3 numbers", truth, 0.0, vectors, 1e-12)


def _depth_two():
    sigma, x = activation("softplus"), np.array([[1, 0], [0.5, 0.75**0.5]])
    z = np.linspace(-9, 9, 241)
    weight = np.exp(-(z**2) / 2) * (z[1] - z[0]) / np.sqrt(2 * np.pi)
    slopes = sigma.derivative(z)[:, None] * sigma.derivative(0.5 * z[:, None] + 0.75**0.5 * z)
    truth = gram.scaling_constant(sigma) * 0.5 * (weight @ slopes @ weight)
    right, printed = (gram.fully_connected_gram(sigma, x, depth).gram[0, 1] for depth in (1, 2))
    return Evidence("Gram matrix of one hidden layer, c_σ ⟨x, x'⟩ E σ'σ', at ρ = ½", truth, right, printed, 1e-10)


def _section_12_steps():
    found = gram.gram_by_depth(activation("softplus"), _points(), [8, 32])
    steps = [
        gram.du_theorem_4_1(8, int(depth), least, 0.1).log10_steps(0.01)
        for depth, least in zip(found.depths, found.residual, strict=True)
    ]
    what = "steps of Theorem 4.1 at H = 32 over those at H = 8, softplus on 8 points"
    return Evidence(what, 10 ** (steps[1] - steps[0]), 16.0, 1.0, 0.1)


def _section_12_width():
    n, depth, failure = 10, 100, 0.1
    truth = gram.du_theorem_4_1(n, depth, depth**-2.0, failure).log10_width
    last = math.log10(n**2 * depth**4 * math.log(depth * n**2 / failure))
    right, printed = max(last, math.log10(n**4 * depth**2)), math.log10(n**4 * depth**2)
    return Evidence(
        f"log₁₀ of the width of Theorem 4.1 at λ₀ = 1/H², n = {n}, H = {depth}", truth, right, printed, 1e-9
    )


def _lemma_d1_printed():
    population = gram.residual_gram(activation("softplus"), _points(), 3)
    truth, printed = population.pair_floors[1], population.pair_floors[0]
    what = "−λ of K^(1), softplus on 8 points; at most minus the bound"
    return Evidence(what, -truth, -_centred_floor(population), -printed, 1e-12, "≤")


def _proposition_d1_scale():
    sigma, x, depth, floor = activation("softplus"), _points(), 4, 0.157
    network = gram.layered_network(sigma, 10, depth, 200, branch=gram.branch_scale(depth, _C_LAMBDA, floor))
    hidden = network.layer_outputs(x)[depth - 1][0, :, 0].numpy()
    slopes = sigma.derivative(network.weights[-1].numpy() @ hidden)
    truth = network.layer_grams(x)[-1][0, 0] / (hidden @ hidden * np.mean(slopes**2))
    right, printed = _C_LAMBDA**2 * floor**3 / depth**2, _C_LAMBDA * floor**1.5 / depth**2
    return Evidence("c_H, what K^(H) has before K^(H−1) E σ'σ': H = 4, λ = 0.157", truth, right, printed, 1e-12)


def _lemma_a1_slope():
    found = lemmas.Smoothness(0.0, 1.0, 0.0, 1.0)
    right, printed = lemmas.lemma_a1_growth(found), lemmas.lemma_a1_growth_printed(found)
    return Evidence("|E σ(2Z)² − E σ(Z)²| for σ(x) = x, at most C", 3.0, right, printed, 1e-12, "≤")


def _lemma_a1_variance():
    z = np.linspace(-9, 9, 2001)
    weight = np.exp(-(z**2) / 2) * (z[1] - z[0]) / np.sqrt(2 * np.pi)
    factor = 1 / (weight @ (0.1 * np.tanh(z)) ** 2)
    found = lemmas.Smoothness(0.0, 0.1, 0.077, factor)
    truth = factor**2 * (weight @ (0.1 * np.tanh(2 * z)) ** 4)
    right, printed = lemmas.fourth_moment(found), lemmas.fourth_moment_printed(found)
    return Evidence("c_σ² E σ(2Z)⁴ for σ = tanh/10, at most C₂", truth, right, printed, 1e-12, "≤")


def _lemma_a1_fourth():
    found = lemmas.Smoothness(0.0, 1.0, 0.0, 1.0)
    right, printed = lemmas.fourth_moment(found), lemmas.fourth_moment_printed(found)
    return Evidence("E (2|Z|)⁴, in C₂", 48.0, right, printed, 1e-12, "≤")


def _lemma_b1():
    sigma = activation("softplus")
    weight = np.random.default_rng(0).standard_normal((200, 200))
    x = np.full(200, 0.1 / 200**0.5)
    truth = np.linalg.norm(sigma(weight @ x)) / 200**0.5
    printed = np.linalg.norm(weight, 2) / 200**0.5 * 0.1
    what = "‖σ(Wx)‖/√m for softplus, ‖x‖ = 0.1, m = 200"
    return Evidence(what, truth, printed + math.log(2), printed, 1e-12, "≤")


def _lemma_b1_lower():
    alpha, depth = 1.9, 2
    truth = (1 - alpha / depth) ** (depth - 1)
    what = f"−Π_(h=2)^H (1 − α/H), α = c_λ c_w L = {alpha}, H = {depth}; at most minus the bound"
    right = alpha * (depth - 1) / (depth - alpha)
    return Evidence(what, -truth, -math.exp(-right), -math.exp(-alpha), 1e-12, "≤")


def _lemma_b3_statement():
    sigma = activation("softplus")
    found = lemmas.smoothness(sigma)
    c_w, c_x0, drift, _ = _moved(sigma, _C_LAMBDA / _DEPTH)
    right = lemmas.lemma_b3_drift(found, _RADIUS, _C_LAMBDA, c_w, c_x0)
    printed = lemmas.lemma_b3_drift_printed(found, _RADIUS, c_w, c_x0)
    what = f"‖x^({_DEPTH})(k) − x^({_DEPTH})(0)‖ of a residual network moved by R = {_RADIUS}"
    return Evidence(what, drift[-1], right, printed, 1e-9, "≤")


def _first_step():
    sigma, x, learning_rate = activation("softplus"), _points(), 1e-6
    network = gram.layered_network(sigma, 10, 2, 60)
    before, after = gram.stability(network, x, np.where(np.arange(8) % 2, 1.0, -1.0), learning_rate, 1).residuals
    printed = before @ network.gram(x) @ before
    what = "(y − u)·(u(1) − u(0)) of softplus on 8 points, η = 10⁻⁶"
    return Evidence(what, before @ (before - after), learning_rate * printed, printed, 1e-4 * learning_rate * printed)


def _lemma_b4_half():
    left = np.diag([0.75, 2.0])  # λ_min(G(0)) = ¾, in units of λ₀
    right, printed = (np.linalg.eigvalsh(left - drift * np.eye(2))[0] for drift in (0.25, 0.5))
    return Evidence("λ_min(G(k))/λ₀ left at least, of which the induction needs ½", 0.5, right, printed, 1e-12, "≤")


def _lemma_e3():
    first, second = np.eye(2), np.array([[1.0, 0.01], [0.01, 1.0]])
    found, values = lemmas.Smoothness(0.0, 100.0, 0.0, 1.0), np.linalg.eigvalsh(second)
    truth = 100.0**2 * abs(second - first)[0, 1]  # E ρ(u)ρ(v) of ρ(x) = 100x
    right, printed = (
        formula(found, values[0], values[1], 0.01) for formula in (lemmas.lemma_e3, lemmas.lemma_e3_printed)
    )
    return Evidence(
        "|F(A) − F(B)| for ρ(x) = 100x, A = 1, B with 0.01 off its diagonal", truth, right, printed, 1e-9, "≤"
    )


def _lemma_e4():
    generator, width, c_w = np.random.default_rng(0), 20, 2.1
    norms = [np.linalg.norm(generator.standard_normal((width, width)), 2) for _ in range(300)]
    share = np.mean(np.array(norms) > c_w * math.sqrt(width))
    right = lemmas.lemma_e4_failure(width, 1.0, c_w)
    return Evidence(f"P(‖W‖₂ > {c_w}√m), m = {width}", share, right, math.exp(0.5 * 0.1**2 * width), 0.03, "≤")


def _gradient():
    import torch

    sigma, x, width = activation("softplus"), _points()[:1], 30
    network = gram.layered_network(sigma, 10, 2, width)
    first = network.weights[0].clone().requires_grad_()
    moving = gram.LayeredNetwork(sigma, (first, network.weights[1]), network.signs)
    truth = torch.autograd.grad(moving.outputs(x).sum(), first)[0].numpy()
    weights = [weight.numpy() for weight in network.weights]
    hidden = network.layer_outputs(x)[1][0, :, 0].numpy()
    signal = network.signs.numpy() * sigma.derivative(weights[1] @ hidden)
    signal = (signal @ weights[1]) * sigma.derivative(weights[0] @ x[0])
    printed = np.outer(signal, x[0])
    right = gram.scaling_constant(sigma) / width * printed
    return Evidence("∂f/∂W^(1), H = 2, m = 30: its norm", *map(np.linalg.norm, (truth, right, printed)), 1e-10)


def _deep_gram():
    import torch

    sigma, width = activation("tanh"), 40
    generator = torch.Generator().manual_seed(0)
    x = torch.as_tensor(data.half_circle(6).x[:2])
    weights = [torch.randn(width, fan, generator=generator, dtype=x.dtype) for fan in (x.shape[1], width)]
    signs, scale = torch.randn(width, generator=generator, dtype=x.dtype), (sigma.second_moment * width) ** -0.5
    hidden = scale * torch.tanh(x @ weights[0].T)
    last = weights[1].requires_grad_()
    outputs = scale * torch.tanh(hidden @ last.T) @ signs
    gradients = [torch.autograd.grad(output, last, retain_graph=True)[0] for output in outputs]
    truth = float((gradients[0] * gradients[1]).sum())
    slopes = sigma.derivative(hidden.numpy() @ weights[1].detach().numpy().T)
    printed = float(np.mean(signs.numpy() ** 2 * slopes[0] * slopes[1]))
    right = printed * float(hidden[0] @ hidden[1]) / sigma.second_moment
    return Evidence("⟨∂F₁/∂W^(2), ∂F₂/∂W^(2)⟩ of tanh, two neighbours of six, m = 40", truth, right, printed, 1e-12)


def _theorem_j5_separation():
    x = data.half_circle(20).x
    apart = data.separation(x)
    truth = np.abs(x @ x.T - np.eye(20)).max()
    return Evidence("max |ρ| of 20 points of a half circle", truth, 1 - apart.correlation, 1 - apart.sine, 1e-12, "≤")


ENTRIES = (
    Entry("panigrahi_lemma_j2", "Panigrahi et al., Lemma J.2", _PANIGRAHI + "appendix J",
          "|ρ_l| ≤ c|ρ_(l−1)| + (1 − c)ρ_(l−1)²", (CENTRED,), _centred, _lemma_j2,
          remark="At infinite width; at finite width c is replaced by ½(1 + c), to absorb the errors."),
    Entry("panigrahi_lemma_j4", "Panigrahi et al., Lemma J.4", _PANIGRAHI + "appendix J",
          "f(ρ) = aρ + (1 − a)ρ² is below ε after O(log 1/δ + log 1/ε)/(1 − a) steps", (CENTRED,), _centred, _lemma_j4,
          remark="Counted as in the proof, without the constants that it leaves open."),
    Entry("panigrahi_theorem_j5", "Panigrahi et al., Theorem J.5", _PANIGRAHI + "equation (48)",
          "λ_min(G∞) ≥ c̄_r²(φ')(1 − (n − 1)ε^(r+1)) where |ρ_(L−1)| ≤ ε", (CENTRED,), _centred, _theorem_j5,
          remark="For the best r ≤ 7; G with the inner product. The paper takes r = Θ(log n)."),
    Entry("du_condition_6_1", "Du et al., Theorems 3.1 and 4.1", _DU + "Condition 6.1",
          "L(w(k)) ≤ (1 − ηλ₀/2)^k L(w(0))", (SMOOTH,), _smooth, _condition_61, "sampled",
          remark="At H = 2, width 300 and η = 0.1: the theorems ask for more than 10²⁰ units."),
    Entry("du_lemma_a3", "Du et al., Lemmas A.3 and A.4", _DU + "appendix A",
          "‖x^(h)(k) − x^(h)(0)‖ ≤ √c_σ L c_x0 g(h)R, and ‖ΔG^(H)‖_F likewise", (SMOOTH,), _smooth, _lemma_a3,
          "sampled", remark="Weights moved by R√m in random directions."),
    Entry("du_lemma_b3", "Du et al., Lemmas B.3 and B.4", _DU + "appendix B",
          "‖x^(h)(k) − x^(h)(0)‖ ≤ (√c_σ L + c_x0/c_w)e^(2c_λ c_w L)R, and ‖ΔG^(H)‖_F likewise", (SMOOTH,), _smooth,
          _lemma_b3, "sampled", remark="Constants as in the proofs."),
    Entry("du_theorem_d1", "Du et al., Theorem D.1", _DU + "appendix D",
          "max |K̂^(h) − K^(h)| ≤ ℰ_K √(log(Hn²/δ)/m)", (SMOOTH,), _smooth, _theorem_d1, "sampled",
          remark="With and without skips. Loose by many orders of magnitude."),
    Entry("du_lemma_d1", "Du et al., Lemma D.1", _DU + "appendix D", "λ(K^(h)) ≥ λ(K^(1) − b^(1)b^(1)ᵀ), h ≥ 1",
          (SMOOTH,), _smooth, _lemma_d1,
          remark="Printed with λ(K^(0)) on the right, which is false: the first layer has no skip."),
    Entry("du_proposition_d1", "Du et al., Proposition D.1", _DU + "appendix D.1", "λ₀ ∝ 1/H² for residual networks",
          (SMOOTH,), _smooth, _proposition_d1, "trend"),
    Entry("du_lemma_d2", "Du et al., Lemma D.2", _DU + "appendix D.1", "λ_min(G(Z)) > 0 where no two are parallel",
          (SMOOTH,), _smooth, _lemma_d2),
)  # fmt: skip

ERRATA = (
    Erratum("panigrahi_deep_gram", _PANIGRAHI + "appendix J", "G_ij = (1/m) Σ a_k² φ'φ'",
            "c_φ² ⟨x_i^(L−1), x_j^(L−1)⟩ (1/m) Σ a_k² φ'φ'",
            "The gradient with respect to W^(L) has the inner product, and so has equation (47) of the proof, which "
            "takes the Khatri–Rao power of X^(L) where X^(L−1) is meant.", _deep_gram),
    Erratum("panigrahi_theorem_j5", _PANIGRAHI + "Theorem J.5", "Assumption 2 gives |ρ| ≤ 1 − δ", "|ρ| ≤ √(1 − δ²)",
            "Assumption 2 bounds the sine: its δ is √(1 − ρ²). With δ_corr = 1 − √(1 − δ²) all that follows holds.",
            _theorem_j5_separation),
    Erratum("du_depth_two", _DU + "section 1.2", "two-layer networks are H = 2", "H = 1 in equation (2)",
            "In equation (2) H counts the hidden layers, and K^(1) is the Gram matrix of one of them.", _depth_two),
    Erratum("du_section_1_2_steps", _DU + "section 1.2", "T ≥ n² log(1/ε) for Theorem 4.1", "n²H² log(1/ε)",
            "η = λ₀H²/n² and λ₀ = c_D/H² give ηλ₀ = c_D²/(n²H²).", _section_12_steps),
    Erratum("du_section_1_2_width", _DU + "section 1.2", "m ≥ n⁴H² for Theorem 4.1", "max{n⁴H², n²H⁴ log(Hn²/δ)}",
            "With λ₀ = c_D/H² the last term of the theorem is the larger one from H ≈ n/√log on.", _section_12_width),
    Erratum("du_assumption_3_1", _DU + "Assumptions 3.1 and 4.1", "λ = min over all (i, j), h ∈ [H]",
            "over i ≠ j, h = 0 … H − 1",
            "For i = j the block is singular, λ = 0; K^(H) is of another kind, and Theorem D.1 needs K^(0) … K^(H−1).",
            _assumption_31),
    Erratum("du_assumption_5_1", _DU + "Assumption 5.1", "λ > 0, basically the same as Assumption 4.1",
            "λ = 0 where 2p > q d₀",
            "The block of two images is the Gram matrix of their 2p patches of q d₀ numbers. Two pictures of 32 × 32 "
            "pixels have 2048 patches of 27 numbers, and pairs of pixels are what Theorem D.1 needs.", _assumption_51),
    Erratum("du_equation_5", _DU + "equation (5)", "b_i σ(u) + b_j σ(v)", "b_i σ(v) + b_j σ(u), as in Theorem D.1",
            "x_i and σ of the pre-activation of x_j are paired. For inputs of one norm it makes no difference.",
            _equation_5),
    Erratum("du_equation_6", _DU + "equation (6)", "K_lr^(h) = Σ_s Σ_t H_st^(h) for h ≥ 2, H^(h) = K^(h−1) + …",
            "K_lr^(h) = Σ_o H_(l+o, r+o)^(h) for h ≥ 1, H^(h) = H^(h−1) + …",
            "Offsets of the two pixels are the same, W being shared; the skip has no patches; outputs of the first "
            "layer meet patches as well. Besides the pairing of equation (5), and h − 1 for H − 1 in its last line.",
            _equation_6),
    Erratum("du_first_step", _DU + "section 6", "(y − u)ᵀI₁ = … ≥ λ_min(G)‖y − u‖²", "≥ ηλ_min(G)‖y − u‖²",
            "I₁ = ηG(y − u): a factor η is lost on the way, and is there again in the line after.", _first_step),
    Erratum("du_gradient", _DU + "appendix A", "∂L/∂W^(h) = Σ (f − y)x^(h−1)aᵀJ^(H)W^(H) … J^(h)",
            "(c_σ/m)^((H−h+1)/2) before it",
            "The proof of Lemma A.5 has the factor. Appendix B has y − u in the place of u − y, and 1/(H√m) where "
            "c_λλ^(3/2)/(H√m) is meant.", _gradient),
    Erratum("du_lemma_a1", _DU + "proof of Lemma A.1", "C = c_σ L(2|σ(0)|√(2/π) + 2L)", "3L in the place of 2L",
            "|α + 1| ≤ 3 for α ≤ 2.", _lemma_a1_slope),
    Erratum("du_lemma_a1_fourth", _DU + "proofs of Lemmas A.1 and B.1", "512 L⁴ and 32 L⁴ in C₂", "48 L⁴ and 3 L⁴",
            "E Z⁴ = 3, times 2⁴ where norms are at most 2.", _lemma_a1_fourth),
    Erratum("du_lemma_a1_factor", _DU + "proofs of Lemmas A.1 and B.1", "Var ≤ C₂/m", "c_σ² C₂/m",
            "The factor c_σ²/m of the lines before is lost: tanh/10 tells.", _lemma_a1_variance),
    Erratum("du_lemma_b1", _DU + "proofs of Lemmas B.1 and C.1", "‖σ(Wx)‖ ≤ L‖W‖‖x‖", "L‖W‖‖x‖ + |σ(0)|√m",
            "True only where σ(0) = 0; softplus, the guiding example, has σ(0) = log 2.", _lemma_b1),
    Erratum("du_lemma_b1_lower", _DU + "proof of Lemma B.1", "Π (1 − α/H) ≥ e^(−α), α = c_λ c_w L",
            "≥ e^(−α(H − 1)/(H − α))",
            "log(1 − t) ≥ −t/(1 − t). The printed bound fails for α near 2, as with c_w = 2 and c_λ near 1: c_λ has to "
            "be small.", _lemma_b1_lower),
    Erratum("du_lemma_b3", _DU + "Lemma B.3", "(√c_x0 L + c_x0/c_w)e^(2c_x0 c_w L)R",
            "(√c_σ L + c_x0/c_w)e^(2c_λ c_w L)R", "As the proof has it.", _lemma_b3_statement),
    Erratum("du_lemma_b4", _DU + "Lemmas B.4 and C.4", "‖G(k) − G(0)‖ ≤ λ₀/2", "λ₀/4, as in Lemma A.4",
            "λ_min(G(0)) ≥ ¾λ₀ leaves ¼λ₀ only, and the induction needs ½λ₀.", _lemma_b4_half),
    Erratum("du_lemma_d1", _DU + "Lemma D.1", "λ(K^(h)) ≥ λ(K^(0))", "λ(K^(h)) ≥ λ(K^(1) − b^(1)b^(1)ᵀ)",
            "The chain of inequalities breaks at h = 1, where a^(1) = 0: there is no skip to keep K^(0).",
            _lemma_d1_printed),
    Erratum("du_proposition_d1", _DU + "Proposition D.1", "c_H = c_λ λ^(3/2)/H²", "c_λ² λ³/H²",
            "Equation (5). In the proof λ(K^(H−1)) ≥ c_H g(…) should be λ_min(K^(H)) ≥ c_H g(…).",
            _proposition_d1_scale),
    Erratum("du_lemma_e3", _DU + "Lemmas E.2 and E.3", "40L √(max ‖·‖/λ) max|A − B|",
            "2L(|ρ(0)| + L√(max ‖·‖)) max|A − B|/√λ", "Products of two values of ρ grow with L², and with ρ(0).",
            _lemma_e3),
    Erratum("du_lemma_e4", _DU + "proof of Lemma E.4", "P(…) ≤ e^(t²/2)", "e^(−t²/2)", "As the statement has it.",
            _lemma_e4),
)  # fmt: skip
