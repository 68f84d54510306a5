"""What section 6 and appendix G state, with every constant: the depth, ‖Σ‖, and the excess risk."""

import numpy as np
from scipy.special import lambertw

from ntkit import conditioning
from ntkit.arguments import real, whole


def required_depth(n, delta, mu):
    """Layers that Theorem 16 asks for n points, ⌈log n² / −log(1 − μ/2)⌉ + L₀(δ), δ = Δ(n², γ); L₁(δ) for n² points.

    For a guarantee take a δ that Δ(n², γ) is not below, such as `.low` of a SeparationRange.

    Parameters: n ≥ 2; delta in (0, 1], where 1 stands for orthogonal points; mu in (0, 1].
    Raises: ValueError outside these ranges.
    Source: Agarwal, Awasthi, Kale (2021), Theorem 16.

    >>> required_depth(100, 7.9e-3, 0.2665289)
    99
    """
    n = whole("n", n, least=2, must="be a whole number of points, at least 2")
    remedy = "Where two draws coincide with more than the probability γ, no depth is enough."
    delta = real("delta", delta, above=0, most=1, must="lie in (0, 1]", remedy=remedy)
    return conditioning.L1(min(delta, 0.5), mu, n * n)  # L₀ is 0 from ½ on


def lemma_54(n):
    """Largest ‖Σ‖ at the depth L₁(Δ(n, γ)) of n points, γ < ½, as stated: 8 ln(n)/n.

    The lemma is stated for n = 1 as well, where it would give 0; Tr Σ = 1.

    Parameters: n ≥ 2, a number or an array (N in the paper).
    Raises: ValueError for a smaller n.
    Source: Agarwal, Awasthi, Kale (2021), Lemma 54.

    >>> round(float(lemma_54(100)), 6)
    0.368414
    """
    n = _counts(n)
    return 8 * np.log(n) / n


def lemma_54_sharp(n, gamma=0.5):
    """Largest ‖Σ‖ at the depth L₁(Δ(n, γ)) of n points: t/n with t < 3.5 for γ ≤ ½.  No logarithm is needed.

    With u the top eigenvector of Σ and s = ‖Σ‖, the Z_i = (uᵀΦ(x_i))² are independent, in [0, 1], of mean s.  With
    probability 1 − γ, Σ Z_i ≤ ‖K̄‖ ≤ a = 1 + (n − 1)/2n.  By Chernoff, that has probability at most
    exp(−(t − a − a ln(t/a))) where t = ns > a: so t is at most the solution of t − a − a ln(t/a) = −ln(1 − γ),
    t = −a W₋₁(−(1 − γ)^(1/a)/e).  An atom of mass 1.67/n among orthogonal points shows that 1/n is the right rate.

    Parameters: n ≥ 2; gamma in (0, 1): any γ, not only γ < ½.
    Raises: ValueError outside these ranges.
    Source: ours.

    >>> round(float(100 * lemma_54_sharp(100)), 4)
    3.4294
    """
    n, gamma = _counts(n), _probabilities(gamma)
    most = 1 + _row_sum(n, n)
    argument = -np.exp(-1 + np.log1p(-gamma) / most)
    return -most * lambertw(argument, -1).real / n


def theorem_16(n, norm):
    """Largest excess risk at the required depth, with the proof's constants: (16 ln n / n²)(2‖v*‖² + 4n(1 + ‖v*‖)²).

    The theorem says O(log(n/γ)/n · ‖v*‖²).  Its proof gives this, with (1 + ‖v*‖²) for (1 + ‖v*‖)², which is an error:
    |y − v*ᵀΦ(x)| can be 1 + ‖v*‖.  There is no γ in it, and the 1 stays also where v* = 0.

    Parameters: n ≥ 2; norm ≥ 0, ‖v*‖; y in [−1, 1].
    Raises: ValueError outside these ranges.
    Source: Agarwal, Awasthi, Kale (2021), proof of Theorem 16.

    >>> round(float(theorem_16(100, 0.5)), 4)
    6.6351
    """
    n, norm = _counts(n), _norms(norm)
    return 16 * np.log(n) / n**2 * (2 * norm**2 + 4 * n * (1 + norm) ** 2)


def theorem_16_rate(n, gamma, norm):
    """What stands inside O(·) in Theorem 16, log(n/γ)/n · ‖v*‖².

    Parameters: n ≥ 2; gamma in (0, 1); norm ≥ 0.
    Raises: ValueError outside these ranges.
    Source: Agarwal, Awasthi, Kale (2021), Theorem 16.

    >>> round(float(theorem_16_rate(100, 0.1, 1.0)), 6)
    0.069078
    """
    n, norm = _counts(n), _norms(norm)
    return np.log(n / _probabilities(gamma)) / n * norm**2


def theorem_16_sharp(n, gamma, norm):
    """Largest excess risk at the required depth: (t/n²)(‖v*‖² + (√n + √(1 + r)‖v*‖)²/(1 − r)), r = (n − 1)/2n².

    v_S − v* = −(I − P)v* + Xᵀ K̄⁻¹ ε in two orthogonal parts, P = Xᵀ K̄⁻¹ X, so that the excess risk is at most
    ‖Σ‖(‖v*‖² + εᵀK̄⁻¹ε): the factor 2 of Lemma 55 is not needed.  ‖ε‖ ≤ ‖y‖ + ‖Xv*‖ ≤ √n + ‖K̄‖^½ ‖v*‖, the
    eigenvalues of K̄ lie within r of 1, and ‖Σ‖ ≤ t/n² (`lemma_54_sharp` for n² points).  So the excess risk is
    O(1/n + ‖v*‖²/n²) with no logarithm, and vanishes where ‖v*‖ = o(n).
    So does then what v* explains at all: v*ᵀΣv* ≤ ‖Σ‖‖v*‖² ≤ t‖v*‖²/n², which is the excess risk of predicting 0.

    Parameters: n ≥ 2; gamma in (0, 1); norm ≥ 0, ‖v*‖; y in [−1, 1].
    Raises: ValueError outside these ranges.
    Source: ours.

    >>> round(float(theorem_16_sharp(100, 0.1, 0.5)), 4)
    0.0237
    """
    n, norm = _counts(n), _norms(norm)
    r = _row_sum(n, n**2)
    noise = (np.sqrt(n) + np.sqrt(1 + r) * norm) ** 2 / (1 - r)
    return lemma_54_sharp(n**2, gamma) * (norm**2 + noise)


def _row_sum(n, size):
    """The largest row sum of |K̄ − I| of n points at the depth L₁ of `size` ≥ n of them: (n − 1)B, B ≤ 1/(2·size)."""
    return (n - 1) / (2 * size)


def _counts(n):
    n = np.asarray(n, dtype=float)
    if not ((n >= 2) & (n == np.floor(n))).all():
        raise ValueError(f"n must be a whole number of points, at least 2; got {n}.")
    return n[()]


def _probabilities(gamma):
    gamma = np.asarray(gamma, dtype=float)
    if not ((gamma > 0) & (gamma < 1)).all():
        raise ValueError(f"gamma must lie in (0, 1); got {gamma}. It is a probability.")
    return gamma[()]


def _norms(norm):
    norm = np.asarray(norm, dtype=float)
    if not ((norm >= 0) & np.isfinite(norm)).all():
        raise ValueError(f"norm must be 0 or more; got {norm}. It is ‖v*‖.")
    return norm[()]
