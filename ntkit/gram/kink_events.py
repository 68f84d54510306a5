"""Why a kink keeps λ_min away from 0: one unit in δ/n² sees a jump that no combination of the others can hide.

    λ_min(G∞) = min over unit ζ of E ‖f_ζ(w)‖²,   f_ζ(w) = Σ_i ζ_i σ'(w·x_i) x_i,   w ~ N(0, I)

Let x_* be the input with the largest |ζ_i| ≥ n^−½, and w = w' + w'' with w'' = θg₂x_*, θ = δ/(5n²).  On the event E,

    |w'·x_*| ≤ δ/(10n²),   |w'·x_i| > δ/(4n²) for all others,   θ|g₂| in (δ/9n², δ/5n²),

w' + w'' and w' − w'' lie on either side of the kink of x_* and of no other: where σ is two lines, f_ζ differs there by
κζ_*x_*, so that one of the two has ‖f_ζ‖ ≥ κ/(2√n).  Draws of f_ζ: `ntkit.gram.single_vector`.
Source: Panigrahi, Shetty, Goyal (2020), appendix K.1, Claim K.2 and its proof; the constants are ours.
"""

from scipy.special import ndtr

from ntkit.arguments import real, whole

_IN_BETWEEN = 2 * float(ndtr(1) - ndtr(5 / 9))  # P(|g₂| in (5/9, 1)) = 0.2612
_NEAR = 0.797 / 10  # P(|N(0, 1)| ≤ s) ≥ 0.797 s for s ≤ 1/40
_FREE = 0.95  # of the other n − 1 inputs, each within δ/4n² with probability at most 1/(2√(2π) n²)


def event_floor(n, delta):
    """The least probability of the event E, 0.2612 · 0.0797 · 0.95 · δ/n² = 0.0198 δ/n².

    Parameters: n ≥ 2; delta in (0, 1], min √(1 − ρ²).
    Raises: ValueError outside these ranges.
    Source: ours; Panigrahi, Shetty, Goyal (2020), Claim K.2, has Ω(δ/n²).

    >>> round(event_floor(10, 0.3), 8)
    5.933e-05
    """
    n = whole("n", n, least=2, must="be a whole number of points, at least 2")
    delta = real("delta", delta, above=0, most=1, must="lie in (0, 1], the separation of the points")
    return _IN_BETWEEN * _NEAR * _FREE * delta / n**2


def claim_k2(n, delta):
    """The least P{‖f_ζ(w)‖ ≥ κ/(2√n)} over unit ζ where σ is two lines, 0.0099 δ/n²: half of E.

    Parameters, errors: as of `event_floor`.
    Source: Panigrahi, Shetty, Goyal (2020), Claim K.2, with c = ½ and its constant.

    >>> round(claim_k2(10, 0.3), 8)
    2.967e-05
    """
    return 0.5 * event_floor(n, delta)


def theorem_k1_two_lines(n, delta, jump=1.0):
    """The least λ_min(G∞) where σ is two lines by the proof of Theorem K.1, κ²/(4n) · 0.0099 δ/n² = κ²δ/(405 n³).

    Parameters: as of `event_floor`; jump κ of σ'.
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem K.1, with the constant of its proof; `certificates.step_floor_sine`
    is larger by n³ up to a logarithm.

    >>> f"{theorem_k1_two_lines(10, 0.3):.3g}"
    '7.42e-07'
    """
    return jump**2 / (4 * n) * claim_k2(n, delta)
