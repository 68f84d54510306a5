"""Section 6 and appendix G: the norm of Σ, and the excess risk of minimum-norm interpolation."""

from functools import lru_cache

import numpy as np
from scipy.optimize import brentq

from ntkit import conditioning, overfitting
from ntkit.activations import activation
from ntkit.architectures import mlp
from ntkit.overfitting import SphereCovariance, UniformSphere
from ntkit.theorems.entry import Claim, Entry, Subject
from ntkit.theorems.erratum import Erratum, Evidence
from ntkit.theorems.normalized import NON_LINEAR, NORMALISED

_KEPT = 64
_GAMMA = 0.4  # the statements allow γ < ½; a large one asks for the least depth
_DIMS, _COUNTS = (3, 10), np.array([2, 10, 100])
_DIM, _NORM, _NOISE = 10, 0.5, 0.5
_SIZES = (4, 16, 64)
_DEPTHS, _DRAWS = (1, 3, 9), 4
_ROUNDING = 1e-12  # of matrix entries


# --- the norm of Σ ----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=_KEPT)
def _norms(sigma):
    """‖Σ‖ on spheres, by Funk and Hecke, at the depth that Lemma 54 asks for: shape (dims, counts)."""
    mu, found = sigma.coefficient_of_nonlinearity, []
    for dim in _DIMS:
        deltas = [overfitting.sphere_separation(int(m), _GAMMA, dim).low for m in _COUNTS]
        depths = [conditioning.L1(delta, mu, int(m)) for delta, m in zip(deltas, _COUNTS, strict=True)]
        found.append(overfitting.norms_over_depth(sigma, dim, max(depths))[depths])
    return np.array(found)


def _lemma_54(bound):
    def claim(subject, grid):
        axes = {"d": np.array(_DIMS)[:, None], "N": _COUNTS}
        return [
            Claim(_norms(subject.activation), bound(_COUNTS), axes, rounding=_ROUNDING),
            Claim(_heaviest_atom(_COUNTS), bound(_COUNTS), {"N, with an atom": _COUNTS}, rounding=_ROUNDING),
        ]

    return claim


def _heaviest_atom(counts):
    """‖Σ‖ of an atom of mass s among orthogonal points of no mass: N draws hit it at most once with probability 1 − γ.

    Then Δ(N, γ) = 1, and since σ̂(0) = 0 orthogonal points stay orthogonal: ‖Σ‖ = s at every depth.
    """

    def missed(s, m):
        return (1 - s) ** m + m * s * (1 - s) ** (m - 1) - (1 - _GAMMA)

    return np.array([brentq(missed, 0, 1, args=(int(m),), xtol=1e-15) for m in counts])


# --- excess risk ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=_KEPT)
def _risk(sigma, depth, n, draw):
    net, generator = mlp(depth, sigma), np.random.default_rng((n, draw))
    asked = overfitting.random_problem(net, _DIM, norm=_NORM, noise=_NOISE, seed=draw)
    x = UniformSphere(_DIM).draw(n, generator)
    covariance = SphereCovariance(overfitting.zonal_spectrum(net, _DIM, degree=64))
    return overfitting.excess_risk(asked.best, x, asked.labels(x, generator), covariance)


def _lemma_55(subject, grid):
    depths, sizes, draws = np.array(_DEPTHS)[:, None, None], np.array(_SIZES)[:, None], np.arange(_DRAWS)
    risks = [[[_risk(subject.activation, L, n, draw) for draw in draws] for n in _SIZES] for L in _DEPTHS]
    excess, bound = (_each(risks, name) for name in ("excess", "lemma_55"))
    return Claim(excess, bound, {"L": depths, "n": sizes, "draw": draws}, rounding=_ROUNDING)


def _each(risks, name):
    return np.vectorize(lambda risk: getattr(risk, name), otypes=[float])(np.array(risks, dtype=object))


@lru_cache(maxsize=_KEPT)
def _at_required_depth(sigma):
    return overfitting.learning_curve(sigma, _DIM, _SIZES, noise=_NOISE, norm=_NORM, gamma=_GAMMA)


def _theorem_16(subject, grid):
    """The bound, and the inequalities of the proof in their order."""
    found = _at_required_depth(subject.activation)
    axes = {"n": found.n, "L": found.depth}
    steps = (
        (found.excess, overfitting.theorem_16(found.n, _NORM)),
        (found.bias, found.largest * _NORM**2),
        (found.noise_part, found.largest / found.smallest * found.residual),
        (found.residual, found.n * (1 + _NORM) ** 2),
        (found.largest, overfitting.lemma_54(found.n**2)),
    )
    floor = Claim(found.smallest, 0.5, axes, sense="≥")
    return [*(Claim(exact, bound, axes, rounding=_ROUNDING) for exact, bound in steps), floor]


def _theorem_16_sharp(subject, grid):
    found = _at_required_depth(subject.activation)
    axes = {"n": found.n, "L": found.depth}
    return [
        Claim(found.excess, overfitting.theorem_16_sharp(found.n, _GAMMA, _NORM), axes, rounding=_ROUNDING),
        Claim(found.excess, found.largest * found.distance, axes, rounding=_ROUNDING),
    ]


# --- errata -----------------------------------------------------------------------------------------------------------


def _one_point():
    """One point: log 1 = 0 and Δ(1, γ) = 1, so that no layer is asked for, and Σ is that of the inputs."""
    truth = overfitting.norms_over_depth(activation("relu").normalized(), 3, 0)[0]
    return Evidence("‖Σ‖ of uniform points of the sphere of ℝ³, L = 0, N = 1", truth, 1.0, 0.0, 1e-12, sense="≤")


def _no_logarithm():
    n = 1000
    truth = _heaviest_atom([n])[0]
    right, printed = overfitting.lemma_54_sharp(n, _GAMMA), overfitting.lemma_54(n)
    return Evidence(f"‖Σ‖ of an atom among orthogonal points, N = {n}", truth, right, printed, 1e-12, sense="≤")


def _residual():
    """v* = aΦ(x₁) for labels ±1 of mean v*ᵀΦ(x), one of which came out against it."""
    a, net = 0.5, mlp(40, activation("relu").normalized())
    x = UniformSphere(_DIM).draw(2, np.random.default_rng(0))
    best = overfitting.Predictor(net, x[:1], np.array([a]))
    covariance = SphereCovariance(overfitting.zonal_spectrum(net, _DIM, degree=16))
    truth = overfitting.excess_risk(best, x, [-1.0, 1.0], covariance).residual
    return Evidence("‖y − Xv*‖², n = 2, ‖v*‖ = ½", truth, 2 * (1 + a) ** 2, 2 * (1 + a**2), 1e-9, sense="≤")


def _pure_noise():
    """Labels ±1 that have nothing to do with x: v* = 0."""
    n, sigma = 16, activation("relu").normalized()
    delta = overfitting.sphere_separation(n**2, _GAMMA, _DIM).low
    depth = overfitting.required_depth(n, delta, sigma.coefficient_of_nonlinearity)
    net, generator = mlp(depth, sigma), np.random.default_rng(0)
    x, y = UniformSphere(_DIM).draw(n, generator), generator.choice([-1.0, 1.0], n)
    covariance = SphereCovariance(overfitting.zonal_spectrum(net, _DIM, degree=64))
    learned = overfitting.interpolant(net, x, y)
    truth, scale = learned.second_moment(covariance), 1e-12 * covariance.spectrum.norm
    what = f"excess risk of interpolating {n} labels ±1, v* = 0, L = {net.depth}"
    return Evidence(what, truth, overfitting.theorem_16(n, 0.0), 0.0, scale, sense="≤")


def _subjects(grid):
    return [Subject(sigma.normalized()) for sigma in grid.matrix_activations]


def _entry(key, title, source, statement, claim, kind="bound", remark=""):
    return Entry(key, title, source, statement, (NORMALISED, NON_LINEAR), _subjects, claim, kind, remark)


_SOURCE = "section 6, appendix G"
_OURS = "ours, from the proof in appendix G"

ENTRIES = (
    _entry("lemma_54", "Lemma 54", _SOURCE, "‖Σ‖ ≤ 8 ln(N)/N at L ≥ L₁(Δ(N, γ)) of N points, γ < ½",
           _lemma_54(overfitting.lemma_54), remark="For N ≥ 2; at N = 1 it would be 0. Σ by Funk and Hecke."),
    _entry("lemma_54_sharp", "Lemma 54, sharp", _OURS, "‖Σ‖ ≤ t/N, t < 3.5, likewise",
           _lemma_54(lambda counts: overfitting.lemma_54_sharp(counts, _GAMMA)),
           remark="An atom among orthogonal points comes near it: 1/N is the right rate."),
    _entry("lemma_55", "Lemma 55", _SOURCE, "excess risk ≤ 2v*ᵀBv* + 2εᵀCε, every L", _lemma_55),
    _entry("theorem_16", "Theorem 16", _SOURCE, "excess risk ≤ O(log(n/γ)/n · ‖v*‖²) at the required depth",
           _theorem_16, "sampled",
           remark="Checked with the constants of the proof, mended: (16 ln n/n²)(2‖v*‖² + 4n(1 + ‖v*‖)²); each step."),
    _entry("theorem_16_sharp", "Theorem 16, sharp", _OURS,
           "excess risk ≤ (t/n²)(‖v*‖² + (√n + √(1+r)‖v*‖)²/(1−r)), r = (n−1)/2n²", _theorem_16_sharp, "sampled"),
)  # fmt: skip

ERRATA = (
    Erratum("lemma_54_one", "Lemma 54", "‖Σ‖ ≤ 8 ln(N)/N for any positive integer N", "for N ≥ 2; Tr Σ = 1 for N = 1",
            "ln 1 = 0, but Σ does not vanish.", _one_point),
    Erratum("lemma_54_logarithm", "Lemma 54", "‖Σ‖ ≤ 8 ln(N)/N", "t/N, t < 3.5",
            "Σ (uᵀΦ(x_i))² ≤ ‖K̄‖ along the top eigenvector u: a sum of numbers, to which Chernoff's bound applies.",
            _no_logarithm),
    Erratum("theorem_16_residual", "proof of Theorem 16", "‖y − Xv*‖² ≤ n(1 + ‖v*‖²)", "n(1 + ‖v*‖)²",
            "|y − v*ᵀΦ(x)| ≤ 1 + ‖v*‖ is attained by a label of the other sign; the constant in O(·) doubles.",
            _residual),
    Erratum("theorem_16_norm", "Theorem 16", "O(log(n/γ)/n · ‖v*‖²)", "O(log(n)/n · (1 + ‖v*‖²))",
            "Where v* = 0 the noise that is interpolated still costs εᵀCε > 0; γ does not enter.", _pure_noise),
)  # fmt: skip
