"""Sections 2 and 3.1 to 3.3: normalised activations, unit inputs, both kernels."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtr

from ntkit import conditioning
from ntkit.activations import normrelu
from ntkit.architectures import mlp
from ntkit.spectra import Spectrum, assumptions, network_floors, spectrum
from ntkit.theorems.entry import Assumption, Claim, Entry, Subject

_KEPT = 512
_ENTRY_ACCURACY = 1e-13  # of a matrix entry, relative to the diagonal
_SHARES = np.array([1.0, 0.9, 0.5, 0.1])  # of the largest correlation that Assumption A allows

NORMALISED = Assumption("E σ = 0 and E σ² = 1", lambda subject: subject.activation.is_normalized)
NON_LINEAR = Assumption("σ is not linear", lambda subject: subject.activation.coefficient_of_nonlinearity > 1e-15)
CONTINUOUS = Assumption("σ has no jump, or the NTK is infinite", lambda subject: subject.activation.is_continuous)
FULL_RANK = Assumption(
    "Assumption B: λ_min of the Gram matrix of the inputs is at least δ > 0",
    lambda subject: _given(subject.points).input_floor > 0,
)
_ON_K = (NORMALISED, NON_LINEAR)
_ON_NTK = (*_ON_K, CONTINUOUS)


def _mu(subject):
    return subject.activation.coefficient_of_nonlinearity


# --- numbers and pairs -----------------------------------------------------------------------------------------------


_TABLE = {
    "identity": 0.0,
    "quadratic": 1.0,
    "relu": (np.pi - 2) / (2 * np.pi - 2),
    "step": (np.pi - 2) / np.pi,
    "exp": (np.e - 2) / (np.e - 1),
}


def _table_of_mu(subject, grid):
    return Claim(_mu(subject), _TABLE[subject.activation.name], sense="=", rounding=0.0, slack=1e-13)


def _normrelu(subject, grid):
    """λ(c), b(c) and μ by their closed forms, which lose digits as c grows."""
    cs = np.linspace(-3, 3, 25)
    found = [normrelu(float(c)) for c in cs]
    below, at = ndtr(cs), np.exp(-(cs**2) / 2) / np.sqrt(2 * np.pi)
    shift = (1 - below) * cs - at
    variance = (1 - below) * below * cs**2 + (1 - 2 * below) * at * cs + (1 - below - at**2)
    nonlinearity = 1 - (1 - below) ** 2 / variance
    exact = np.array([[sigma.scale**-2, sigma.shift, sigma.coefficient_of_nonlinearity] for sigma in found])
    closed = np.stack([variance, shift, nonlinearity], axis=1)
    return Claim(exact, closed, {"c": cs[:, None]}, sense="=", rounding=0.0, slack=1e-13)


def _lemma_19(subject, grid):
    mu, dual = _mu(subject), subject.activation.dual
    slope = float(dual.derivative(0.0))
    return [
        Claim(mu, 1.0),
        Claim(mu, np.finfo(float).tiny, sense="≥"),
        Claim(mu, 1 - slope / (dual.at_one - float(dual(0.0))), sense="=", rounding=0.0, slack=1e-12),
    ]


def _lemma_21(subject, grid):
    dual, delta = subject.activation.dual, grid.separations
    larger = np.maximum(np.abs(dual(1 - delta)), np.abs(dual(delta - 1)))
    near = delta[delta <= 0.5]
    return [
        Claim(larger, conditioning.lemma_21(delta, _mu(subject)), {"δ": delta}, rounding=1e-12),
        Claim(dual.gap(near), (1 + _mu(subject) / 2) * near, {"δ": near}, sense="≥", rounding=1e-12),
    ]


@lru_cache(maxsize=_KEPT)
def _trajectory(activation, grid):
    """From 1 − ρ₀ = δ, and from ρ₀ = ±t(1 − δ): the trajectory, and the shape (2t, δ) of its starts."""
    delta = grid.separations
    gap = 1 - (1 - delta) * _SHARES[1:, None]
    gap = np.concatenate([delta[None], gap])  # t = 1 without cancellation
    start = np.concatenate([gap, 2 - gap])
    with np.errstate(over="ignore", invalid="ignore"):  # an NTK beyond the largest float is left out below
        return mlp(grid.depth, activation).trajectory(gap=start.ravel()), start.shape


def _lemma_22(subject, grid):
    trajectory, shape = _trajectory(subject.activation, grid)
    layers, delta = grid.layers[:, None, None], grid.separations
    correlation = np.abs(trajectory.correlation[1:]).reshape(-1, *shape)
    bound = conditioning.lemma_22(layers, delta, _mu(subject))
    gap = trajectory.gap[1:].reshape(-1, *shape)[:, 0]
    floor = conditioning.bound_gap(layers[:, 0], delta, _mu(subject))
    return [
        Claim(correlation, bound, {"L": layers, "δ": delta}),
        Claim(gap, floor, {"L": layers[:, 0], "δ": delta}, sense="≥"),
    ]


def _lemma_26(subject, grid):
    dual = subject.activation.dual
    rho = np.concatenate([np.linspace(-1, 1, 201), 1 - grid.separations, grid.separations - 1])
    ratio = np.abs(dual.derivative(rho)) / dual.slope_at_one
    return Claim(ratio, conditioning.lemma_26(rho, _mu(subject)), {"ρ": rho}, slack=1e-13)


def _ntk_diagonal(subject, grid):
    trajectory, _ = _trajectory(subject.activation, grid)
    stated = conditioning.ntk_diagonal(grid.layers, subject.activation.dual.slope_at_one)
    return Claim(trajectory.ntk_diagonal[1:], stated, {"L": grid.layers}, sense="=")


def _ntk_ratio(activation, grid):
    """Of the networks of 1, …, depth layers; nan where the diagonal exceeds the largest float."""
    trajectory, shape = _trajectory(activation, grid)
    diagonal = trajectory.ntk_diagonal[1:, None]
    with np.errstate(invalid="ignore"):
        ratio = np.abs(trajectory.ntk[1:]) / np.where(np.isfinite(diagonal), diagonal, np.nan)
    return ratio.reshape(-1, *shape)


def _theorem_5(subject, grid):
    ratio, mu, claims = _ntk_ratio(subject.activation, grid), _mu(subject), []
    for column, delta in enumerate(grid.separations):
        depth = grid.layers[grid.layers >= 2 * conditioning.L0(delta, mu)]
        bound = conditioning.theorem_5(depth, delta, mu)[:, None]
        claims.append(_silent_where_unknown(ratio[depth - 1, :, column], bound, {"L": depth[:, None], "δ": delta}))
    return claims


def _theorem_5_sharp(subject, grid):
    layers, delta = grid.layers[:, None, None], grid.separations
    bound = conditioning.theorem_5_sharp(layers, delta, _mu(subject))
    return _silent_where_unknown(_ntk_ratio(subject.activation, grid), bound, {"L": layers, "δ": delta})


def _silent_where_unknown(ratio, bound, axes):
    """A claim that says nothing where the diagonal of the NTK exceeds the largest float."""
    return Claim(ratio, np.where(np.isnan(ratio), np.nan, bound), axes)


# --- matrices --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Matrix:
    """What the statements say something about: of a kernel matrix in units of its diagonal."""

    spectrum: Spectrum
    diagonal: float
    off_diagonal: float  # largest modulus

    @property
    def rounding(self):
        """What entries accurate to 1e-13 and an eigenvalue solver may move an eigenvalue by."""
        return 10 * self.spectrum.resolution + _ENTRY_ACCURACY * len(self.spectrum.eigenvalues) * self.spectrum.max


@lru_cache(maxsize=64)
def _given(points):
    return assumptions(points.x)


@lru_cache(maxsize=_KEPT)
def _matrix(kernel, activation, depth, points):
    gram = getattr(mlp(depth, activation), kernel)(points.x)
    diagonal = float(gram[0, 0])
    off_diagonal = np.abs(gram[~np.eye(len(gram), dtype=bool)]).max() / diagonal
    return _Matrix(spectrum(gram / diagonal), diagonal, float(off_diagonal))


def _off_diagonal(kernel, bound, least):
    """Largest |entry| in units of the diagonal, at every depth from `least` on."""

    def claim(subject, grid):
        delta, mu = _given(subject.points).delta, _mu(subject)
        depths = _depths(grid, least(delta, mu), others=())
        exact = [_matrix(kernel, subject.activation, depth, subject.points).off_diagonal for depth in depths]
        return Claim(np.array(exact), bound(depths, delta, mu), {"L": depths}, slack=1e-13)

    return claim


def _floor(kernel, bound, least):
    """Smallest eigenvalue in units of the diagonal, under Assumption B."""

    def claim(subject, grid):
        delta, mu = _floor_delta(subject), _mu(subject)
        depths = _depths(grid, least(delta, mu), others=())
        found = [_matrix(kernel, subject.activation, depth, subject.points) for depth in depths]
        return Claim(
            np.array([matrix.spectrum.min for matrix in found]),
            np.asarray(bound(depths, delta, mu)),
            {"L": depths},
            sense="≥",
            slack=np.array([matrix.rounding for matrix in found]),
            origin=1.0,
        )

    return claim


def _condition(kernel, bound, delta_of, least):
    """κ: λ_max ≤ bound · λ_min, which asks no quotient of what is not resolved."""

    def claim(subject, grid):
        delta, mu, n = delta_of(subject), _mu(subject), subject.points.n
        start = max(1, least(delta, mu, n))
        depths = _depths(grid, start, others=(start, start + 7))
        found = [_matrix(kernel, subject.activation, depth, subject.points) for depth in depths]
        kappa = np.asarray(bound(depths, delta, mu, n))
        largest, smallest = (np.array([getattr(m.spectrum, side) for m in found]) for side in ("max", "min"))
        rounding = np.array([matrix.rounding for matrix in found])
        return Claim(largest / smallest, kappa, {"L": depths}, slack=kappa * rounding / np.abs(smallest), origin=1.0)

    return claim


def _depths(grid, least, others):
    """The depths of the grid from `least` on, and those of `others` that the grid's deepest network reaches."""
    deepest = max(grid.matrix_depths)
    return np.array(sorted({d for d in (*grid.matrix_depths, *others) if least <= d <= deepest}), dtype=int)


def _floor_delta(subject):
    return min(_given(subject.points).input_floor, np.nextafter(1.0, 0.0))


def _pair_delta(subject):
    return min(_given(subject.points).delta, np.nextafter(1.0, 0.0))


def _lemma_23(subject, grid):
    delta, claims = _floor_delta(subject), []
    for kernel, which in (("nngp", 0), ("ntk", 1)):
        if kernel == "ntk" and not subject.activation.is_continuous:
            continue
        found = [_matrix(kernel, subject.activation, depth, subject.points) for depth in grid.matrix_depths]
        floors = [network_floors(mlp(depth, subject.activation), delta)[which] for depth in grid.matrix_depths]
        diagonals, rounding = np.array([m.diagonal for m in found]), np.array([m.rounding for m in found])
        smallest = np.array([m.spectrum.min for m in found])
        depths = {"L": np.array(grid.matrix_depths)}
        claims.append(Claim(smallest, np.array(floors) / diagonals, depths, sense="≥", slack=rounding))
    return claims


def _any_depth(*_):
    return 1


def _twice_l0(delta, mu):
    return 2 * conditioning.L0(delta, mu)


def _four_times_l0(delta, mu, n):
    return 4 * conditioning.L0(delta, mu)


# --- the entries -----------------------------------------------------------------------------------------------------


def _on_activations(key, title, source, statement, claim, assumptions=_ON_K, **rest):
    return Entry(key, title, source, statement, assumptions, lambda grid: grid.normalized(), claim, **rest)


def _on_matrices(key, title, source, statement, claim, assumptions, **rest):
    return Entry(key, title, source, statement, assumptions, lambda grid: grid.on_points(), claim, **rest)


_SHARP = "ours, from the proofs of appendix C.2"
ENTRIES = (
    Entry("table_of_mu", "Table of μ", "appendix C.4",
          "μ = 0, 1, (π − 2)/(2π − 2), (π − 2)/π, (e − 2)/(e − 1): identity, second Hermite, ReLU, step, exp", (),
          lambda grid: [subject for subject in grid.as_defined() if subject.activation.name in _TABLE], _table_of_mu,
          kind="identity"),
    Entry("normrelu", "NormReLU", "section 7, appendix I",
          "1/λ² = (1 − Φ)Φc² + (1 − 2Φ)φc + 1 − Φ − φ², b = (1 − Φ)c − φ, μ = 1 − λ²(1 − Φ)²", (),
          lambda grid: [Subject(normrelu())], _normrelu, kind="identity"),
    _on_activations("lemma_19", "Lemma 19", "appendix C; earlier: Lemma 22", "0 < μ ≤ 1", _lemma_19),
    _on_activations("lemma_21", "Lemma 21", "appendix C; earlier: Lemma 23",
                    "|σ̂(ρ)| ≤ 1 − (1 + μ/2)δ at |ρ| = 1 − δ, δ ≤ ½; else (1 − μ/2)(1 − δ)", _lemma_21),
    _on_activations("lemma_22", "Lemma 22", "appendix C; earlier: Lemma 6", "|ρ_L| ≤ B_μ(L, δ)", _lemma_22),
    _on_activations("lemma_26", "Lemma 26", "appendix C.2; earlier: Lemmas 10, 25",
                    "σ̂'(ρ)/σ̂'(1) ≤ 1 − μ(1 − |ρ|)", _lemma_26, _ON_NTK,
                    remark="The proof prints Σ i a_i² ρ^i for Σ i a_i² ρ^(i−1)."),
    _on_activations("ntk_diagonal", "Theorem 5, diagonal", "section 3.2, appendix C.2; earlier: Theorem 8",
                    "𝒦̄_ii = (q^(L+1) − 1)/(q − 1), q = σ̂'(1)", _ntk_diagonal, _ON_NTK, kind="identity",
                    remark="q = 1 gives L + 1."),
    _on_activations("theorem_5_pairs", "Theorem 5, pairs", "section 3.2; earlier: Theorem 8",
                    "|𝒦̄_12| ≤ 2B(L/2, δ) 𝒦̄_11, L ≥ 2L₀", _theorem_5, _ON_NTK),
    _on_activations("theorem_5_pairs_sharp", "Theorem 5, pairs, sharp", _SHARP,
                    "|𝒦̄_12| ≤ B(L, δ) 𝒦̄_11, every L", _theorem_5_sharp, _ON_NTK),
    _on_matrices("lemma_23", "Lemma 23", "appendix C; earlier: Lemmas 7, 24", "f[K] ⪰ (f(1) − f(1 − δ)) I for K ⪰ δI",
                 _lemma_23, (NORMALISED, FULL_RANK)),
    _on_matrices("theorem_3", "Theorem 3", "section 3.1; earlier: Theorem 2 (1)", "|K̄_ij| ≤ B(L, δ)",
                 _off_diagonal("nngp", conditioning.theorem_3, _any_depth), _ON_K),
    _on_matrices("corollary_4", "Corollary 4", "section 3.1; earlier: Corollary 3",
                 "κ(K̄) ≤ 1 + 2n(1 − μ/2)^(L − L₁), L ≥ L₁",
                 _condition("nngp", conditioning.corollary_4, _pair_delta, conditioning.L1), _ON_K,
                 remark="The factor n is not needed."),
    _on_matrices("corollary_4_sharp", "Corollary 4, sharp", "proof of Corollary 25",
                 "κ(K̄) ≤ 1 + 2(1 − μ/2)^(L − L₁), L ≥ L₁",
                 _condition("nngp", conditioning.corollary_4_sharp, _pair_delta, conditioning.L1), _ON_K),
    _on_matrices("theorem_5", "Theorem 5", "section 3.2; earlier: Theorem 8", "|𝒦̄_ij| ≤ 2B(L/2, δ) 𝒦̄_11, L ≥ 2L₀",
                 _off_diagonal("ntk", conditioning.theorem_5, _twice_l0), _ON_NTK),
    _on_matrices("theorem_5_sharp", "Theorem 5, sharp", _SHARP, "|𝒦̄_ij| ≤ B(L, δ) 𝒦̄_11, every L",
                 _off_diagonal("ntk", conditioning.theorem_5_sharp, _any_depth), _ON_NTK),
    _on_matrices("corollary_6", "Corollary 6", "section 3.2; earlier: Corollary 9",
                 "κ(𝒦̄) ≤ 1 + 4n(1 − μ/2)^(L/2 − L₂), L ≥ L₂",
                 _condition("ntk", conditioning.corollary_6, _pair_delta, conditioning.L2), _ON_NTK,
                 remark="The proof gives (L − L₂)/2, and no factor n."),
    _on_matrices("corollary_6_sharp", "Corollary 6, sharp", _SHARP, "κ(𝒦̄) ≤ 1 + 2(1 − μ/2)^(L − L₁), L ≥ L₁",
                 _condition("ntk", conditioning.corollary_6_sharp, _pair_delta, conditioning.L1), _ON_NTK),
    _on_matrices("theorem_7", "Theorem 7", "section 3.3; earlier: Theorem 2 (2)", "λ_min(K̄) ≥ 1 − B(L, δ)",
                 _floor("nngp", conditioning.theorem_7, _any_depth), (*_ON_K, FULL_RANK)),
    _on_matrices("corollary_8", "Corollary 8", "section 3.3; earlier: Corollary 3", "κ(K̄) ≤ 1 + (n/δ)(1 + μ/2)^−L",
                 _condition("nngp", conditioning.corollary_8, _floor_delta, _any_depth), (*_ON_K, FULL_RANK)),
    _on_matrices("corollary_8_sharp", "Corollary 8, sharp", "proof of Corollary 25", "κ(K̄) ≤ 1 + nB/(1 − B)",
                 _condition("nngp", conditioning.corollary_8_sharp, _floor_delta, _any_depth), (*_ON_K, FULL_RANK)),
    _on_matrices("theorem_9", "Theorem 9", "section 3.3; earlier: Theorem 8",
                 "λ_min(𝒦̄) ≥ (1 − 2B(L/2, δ)) 𝒦̄_11, L ≥ 2L₀",
                 _floor("ntk", conditioning.theorem_9, _twice_l0), (*_ON_NTK, FULL_RANK),
                 remark="Theorem 9 prints K for 𝒦̄ and leaves L ≥ 2L₀ to Theorem 27."),
    _on_matrices("theorem_9_sharp", "Theorem 9, sharp", _SHARP, "λ_min(𝒦̄) ≥ (1 − B(L, δ)) 𝒦̄_11, every L",
                 _floor("ntk", conditioning.theorem_9_sharp, _any_depth), (*_ON_NTK, FULL_RANK)),
    _on_matrices("corollary_10", "Corollary 10", "section 3.3; earlier: Corollary 9",
                 "κ(𝒦̄) ≤ 1 + (2n/δ)(1 + μ/2)^(−L/2), L ≥ 4L₀",
                 _condition("ntk", conditioning.corollary_10, _floor_delta, _four_times_l0), (*_ON_NTK, FULL_RANK),
                 remark="The proof needs (1 − μ/2)^L₀ ≤ ½, which fails for some δ > ¼; the statement holds."),
    _on_matrices("corollary_10_sharp", "Corollary 10, sharp", _SHARP, "κ(𝒦̄) ≤ 1 + nB/(1 − B), every L",
                 _condition("ntk", conditioning.corollary_10_sharp, _floor_delta, _any_depth), (*_ON_NTK, FULL_RANK)),
)  # fmt: skip
