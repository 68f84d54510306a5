"""Statements on finite networks at initialisation: Lemma 1 (normalisation layers) and Lemma 20 (wide networks)."""

import numpy as np

from ntkit import data
from ntkit.activations import activation
from ntkit.architectures import mlp
from ntkit.networks import empirical_nngp, normalised_module, width_scaling
from ntkit.theorems.entry import Assumption, Claim, Entry, Subject
from ntkit.theorems.erratum import Erratum, Evidence

_DEPTH, _WIDTH, _BATCH = 4, 64, 24
_INVARIANCE = 1e-12  # of the largest output; measured: 8e-15 at most
_WIDTHS, _SLOPE_SPREAD = (32, 128, 512), 0.12

_NOT_CONSTANT = Assumption("σ is not constant", lambda subject: subject.activation.variance > 0)

_POLYNOMIAL = Assumption(
    "σ grows like a polynomial at most, or finite networks have no second moment",
    lambda subject: np.abs(subject.activation(np.array([-100.0, 100.0]))).max() < 1e12,
)


def _outputs(activation, normalisation, seed):
    import torch

    x = torch.as_tensor(data.sphere(_BATCH, dim=10, seed=seed).x)
    net = mlp(_DEPTH, activation)
    module = normalised_module(net, 10, _WIDTH, seed, normalisation=normalisation, dtype=torch.float64)
    return module(x).detach().numpy().ravel()


def _lemma_1(normalisation):
    def claim(subject, grid):
        plain, normalized = (
            _outputs(sigma, normalisation, seed=0) for sigma in (subject.activation, subject.activation.normalized())
        )
        size = np.abs(plain).max()
        axes = {"input": np.arange(_BATCH)}
        return Claim(normalized, plain, axes, sense="=", rounding=0.0, slack=_INVARIANCE * size)

    return claim


def _lemma_20(subject, grid):
    """The distance from the limit falls as width^(−½), as the central limit theorem has it."""
    net, x = mlp(2, subject.activation), data.sphere(4, 0.2, seed=1).x
    scaling = width_scaling(net, x, _WIDTHS, grid.seeds, net.nngp(x), statistic=empirical_nngp)
    return Claim(scaling.slope, -0.5, sense="=", rounding=0.0, slack=_SLOPE_SPREAD)


def _lemma_1_terms(which):
    """Means and deviations of one unit over a batch (of one input over the units) before and after normalising σ."""

    def evidence():
        sigma, m, batch = activation("softplus"), 32, 7
        normal = np.random.default_rng(0)
        x, w = normal.standard_normal((m, batch)), normal.standard_normal(m)
        c, s = sigma.mean, np.sqrt(sigma.variance)
        if which == "batch":
            plain, centred = (w @ f(x) / np.sqrt(m) for f in (sigma, sigma.normalized()))
            term = c * w.sum() / np.sqrt(m)
        else:
            plain, centred = (f(x[:, 0]) / np.sqrt(m) for f in (sigma, sigma.normalized()))
            term = c / np.sqrt(m)
        what = f"mean of the normalised softplus, {m} units, {batch} inputs"
        return Evidence(what, centred.mean(), (plain.mean() - term) / s, (plain.mean() - c) / s, 1e-13)

    return evidence


def _on_every_activation(key, title, statement, claim):
    source = "section 2, appendix B (Lemma 17); earlier: a remark"
    return Entry(key, title, source, statement, (_NOT_CONSTANT,), lambda grid: grid.as_defined(), claim, "identity")


ENTRIES = (
    _on_every_activation("lemma_1_batch", "Lemma 1, batch normalisation",
                         "with it in every layer, f is the same for σ and for σ normalised", _lemma_1("batch")),
    _on_every_activation("lemma_1_layer", "Lemma 1, layer normalisation",
                         "with it after every activation, f is the same for σ and for σ normalised", _lemma_1("layer")),
    Entry("lemma_20", "Lemma 20", "appendix C; earlier: Lemma 5", "k^(l)(x, x') → σ̂^(l)(x·x') as the width m → ∞",
          (_POLYNOMIAL,),
          lambda grid: [Subject(sigma.normalized()) for sigma in grid.matrix_activations], _lemma_20, "sampled",
          remark="No rate is stated; checked: the root mean square distance falls as m^(−½)."),
)  # fmt: skip

ERRATA = (
    Erratum("lemma_1_batch_mean", "proof of Lemma 1 (17), batch normalisation", "μ̃ = (μ − c)/s",
            "(μ − c Σ_j w_j/√m)/s", "The constant c reaches the unit through its weights. The lemma stays right.",
            _lemma_1_terms("batch")),
    Erratum("lemma_1_layer_mean", "proof of Lemma 1 (17), layer normalisation", "μ̃ = (μ − c)/s", "(μ − c/√m)/s",
            "The vector is σ(x)/√m. The lemma stays right.", _lemma_1_terms("layer")),
)  # fmt: skip
