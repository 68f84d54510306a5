"""Theorems on inputs of any norm; each function gives the bound that its statement sets, or the constant it needs.

    σ(0) = 0, σ non-decreasing, concave on ℝ₊ and convex on ℝ₋, E σ² = 1:    lengths tend to 1         (Theorem 37)
    σ odd besides:                              correlations tend to 0, once the lengths are near 1    (Theorem 12, 42)
    NormReLU:                                   the same, with a share δ' of the separation to pay     (Theorem 59)

The paper asks for two derivatives of σ "only for convenience" (D.4), and so finitely many kinks are let through here.
Of the activations that D.4 names, the sigmoid has σ(0) = ½, and is odd only when it is centred; ReLU, leaky ReLU and
SELU meet the assumptions of Theorem 37 as they are, brought to E σ² = 1, but not when they are centred as
well: the lengths of the normalised ReLU run away from 1 for every ‖x‖² > 1.

Source: Agarwal, Awasthi, Kale (2021), section 3.5, appendices D and I.1.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ntkit.conditioning.decay import bound
from ntkit.conditioning.inputs import checked, plain
from ntkit.conditioning.lengths import (
    bias,
    demand_unit_second_moment,
    generalized_nonlinearity,
    length_map,
    length_map_derivative,
)

LOWEST, HIGHEST = 0.5, 2.0  # the squared norms of Theorem 59
_PLACES = np.concatenate([np.linspace(0, 12, 2401), np.geomspace(12, 1e3, 201)[1:]])
_ROUNDING = 1e-9
_LENGTHS = np.concatenate([np.linspace(LOWEST, 1, 65), np.linspace(1, HIGHEST, 65)[1:]])


# --- assumptions -----------------------------------------------------------------------------------------------------


def unmet_for_theorem_37(activation):
    """What Theorem 37 assumes and the activation does not meet, in words; "" where it meets everything.

    Looked at on a grid up to |x| = 1000, to a relative 1e-9.
    Source: Agarwal, Awasthi, Kale (2021), Theorem 37 and appendix D.4.

    >>> import ntkit as nk
    >>> unmet_for_theorem_37(nk.activation("tanh").normalized())
    ''
    >>> print(unmet_for_theorem_37(nk.activation("relu").normalized()))
    σ(0) = 0 must hold; normalized relu has σ(0) = -0.683332.
    """
    return _unmet(activation)[0]


def unmet_for_theorem_12(activation):
    """What Theorem 12 assumes and the activation does not meet, in words; "" where it meets everything.

    Source: Agarwal, Awasthi, Kale (2021), Theorems 12 and 42.

    >>> import ntkit as nk
    >>> unmet_for_theorem_12(nk.activation("softsign").normalized())
    ''
    >>> print(unmet_for_theorem_12(nk.activation("relu").with_unit_second_moment()))
    σ must be odd; scaled relu has σ(-6.505) = 0 and −σ(6.505) = -9.19946.
    """
    return _unmet(activation)[1]


@lru_cache(maxsize=256)
def _unmet(activation):
    """The first assumption that fails, of Theorem 37 and of Theorem 12."""
    if abs(activation.second_moment - 1) > 1e-12:
        reason = (
            f"E σ² = 1 must hold; {activation.name} has {activation.second_moment:.6g}. Take its .normalized(), or "
            "its .with_unit_second_moment()."
        )
        return reason, reason
    with np.errstate(all="ignore"):
        right, left = activation(_PLACES), activation(-_PLACES)
    reason = _unmet_shape(activation.name, right, left)
    return reason, reason or _unmet_oddness(activation, right, left)


def _unmet_shape(name, right, left):
    scale = max(np.abs(right[:2401]).max(), np.abs(left[:2401]).max())
    if not (np.isfinite(right).all() and np.isfinite(left).all()):
        return f"σ must be concave on ℝ₊ and convex on ℝ₋; {name} exceeds every float before |x| = 1000."
    if abs(right[0]) > _ROUNDING * scale:
        return f"σ(0) = 0 must hold; {name} has σ(0) = {right[0]:.6g}."
    slopes = np.diff(right) / np.diff(_PLACES), np.diff(-left) / np.diff(_PLACES)
    allowed = _ROUNDING * max(np.abs(slope).max() for slope in slopes)
    for slope, sign in zip(slopes, (1, -1), strict=True):
        if slope.min() < -allowed:
            return f"σ must be non-decreasing; {name} falls next to x = {sign * _PLACES[1 + slope.argmin()]:.4g}."
        if np.diff(slope).max() > allowed:
            side, shape = ("ℝ₊", "concave") if sign > 0 else ("ℝ₋", "convex")
            at = sign * _PLACES[1 + np.diff(slope).argmax()]
            return f"σ must be {shape} on {side}; {name} is not, at x = {at:.4g}."
    return ""


def _unmet_oddness(activation, right, left):
    uneven = np.abs(right + left) > _ROUNDING * np.maximum(np.abs(right), np.abs(right[:2401]).max())
    if uneven.any():
        at = np.flatnonzero(uneven)[uneven.sum() // 2]
        place = _PLACES[at]
        values = f"σ({-place:.4g}) = {left[at]:.6g} and −σ({place:.4g}) = {-right[at]:.6g}"
        return f"σ must be odd; {activation.name} has {values}."
    if activation.coefficient_of_nonlinearity <= _ROUNDING:
        return f"σ must not be linear; {activation.name} has μ = 0, and separates nothing."
    return ""


def _demand(reason):
    if reason:
        raise ValueError(reason)


# --- lengths ---------------------------------------------------------------------------------------------------------


def contraction_rates(activation):
    """(α⁻, α⁺) = (2σ̂_l(½) − 1, 1 − σ̂_l'(1)): at what rates lengths below 1, and above 1, tend to 1.

    Both lie in [0, 1] under the assumptions of Theorem 37; a negative one says that lengths may move away from 1.

    Parameters: activation with E σ² = 1.
    Returns: two floats.
    Raises: ValueError for another activation.
    Source: Agarwal, Awasthi, Kale (2021), Theorem 37 and appendix I.1.

    >>> import ntkit as nk
    >>> [round(rate, 10) for rate in contraction_rates(nk.normrelu())]
    [0.0799775455, 0.1572325274]
    """
    demand_unit_second_moment(activation)
    return _contraction_rates(activation)


@lru_cache(maxsize=256)
def _contraction_rates(activation):
    rates = 2 * length_map(activation, LOWEST) - 1, 1 - length_map_derivative(activation, 1.0)
    return tuple(0.0 if abs(rate) <= 1e-13 else float(rate) for rate in rates)


def contraction_rate(activation):
    """α_σ = min(2E σ²(√½ Z) − 1, 1 − E σ(Z)σ'(Z)Z), in [0, 1].

    Parameters: activation that meets the assumptions of Theorem 37.
    Raises: ValueError for another one, saying which assumption fails.
    Source: Agarwal, Awasthi, Kale (2021), Theorem 37 and Remark 38.

    >>> import ntkit as nk
    >>> round(contraction_rate(nk.activation("tanh").normalized()), 6)
    0.388182
    >>> contraction_rate(nk.activation("relu").with_unit_second_moment())  # of ReLU lengths stay as they are
    0.0
    """
    _demand(unmet_for_theorem_37(activation))
    return min(contraction_rates(activation))


def theorem_37(depth, squared_norm, alpha):
    """Largest |k̄^(L)(x, x) − 1| for ‖x‖² ≥ ½: (1 − α_σ)^L |‖x‖² − 1|.

    The paper prints both sides squared, |‖k̄‖² − 1| ≤ (1 − α)^L |‖x‖² − 1|², which fails for ½ ≤ ‖x‖² < 2; its proof
    shows this form.

    Parameters: depth ≥ 0, whole; squared_norm ‖x‖² ≥ ½; alpha in [0, 1].  All broadcast.
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), Theorem 37.

    >>> float(theorem_37(2, 3.0, 0.5))
    0.5
    """
    xp, depth, norm, alpha = checked(whole_depth=depth, squared_norm=squared_norm, closed_alpha=alpha)
    return plain(xp.abs(norm - 1) * (1 - alpha) ** depth)


# --- correlations ----------------------------------------------------------------------------------------------------


def lemma_41(delta, mu_x, mu_y):
    """Largest |σ̂_c(x, y)|/√(σ̂_c(x, x)σ̂_c(y, y)) at |ρ| = 1 − δ for odd σ: one layer.

    √(1 − (1 + μ_x/2)δ)·√(1 − (1 + μ_y/2)δ) where δ ≤ ½, else √(1 − μ_x/2)·√(1 − μ_y/2)·(1 − δ).

    Parameters: delta in [0, 1]; mu_x = μ^{‖x‖²} and mu_y = μ^{‖y‖²} in [0, 1].  All broadcast.
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), Lemma 41.

    >>> float(lemma_41(0.2, 0.5, 0.5)), float(lemma_41(0.75, 0.0, 0.0))
    (0.75, 0.25)
    """
    xp, delta, mu_x, mu_y = checked(closed_delta=delta, mu_x=mu_x, mu_y=mu_y)
    near = xp.minimum(delta, xp.full_like(delta, 0.5))
    growing = xp.sqrt((1 - (1 + mu_x / 2) * near) * (1 - (1 + mu_y / 2) * near))
    return plain(xp.where(delta <= 0.5, growing, xp.sqrt((1 - mu_x / 2) * (1 - mu_y / 2)) * (1 - delta)))


def lemma_41_sharp(delta, mu_x, mu_y):
    """The same where the proof of Lemma 41 has it first: (1 − δ)·√(1 − μ_x δ)·√(1 − μ_y δ), equation (19).

    Parameters and errors as in `lemma_41`.

    >>> float(lemma_41_sharp(0.5, 0.5, 0.5)), float(lemma_41(0.5, 0.5, 0.5))
    (0.375, 0.375)
    """
    xp, delta, mu_x, mu_y = checked(closed_delta=delta, mu_x=mu_x, mu_y=mu_y)
    return plain((1 - delta) * xp.sqrt((1 - mu_x * delta) * (1 - mu_y * delta)))


def theorem_12_start(alpha, mu, squared_norm_x, squared_norm_y):
    """L̂ = (1/α_σ) log(4 max(|‖x‖² − 1|, |‖y‖² − 1|, μ/4)/μ): from there on both lengths lie in 1 ± μ/4.

    Theorem 12 prints α_σ·log(…); its restatement, Theorem 42, is right.

    Parameters: alpha in (0, 1]; mu in (0, 1]; the squared norms ≥ ½.  All broadcast.
    Returns: array of real numbers ≥ 0.
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), Theorem 42.

    >>> float(theorem_12_start(0.5, 1.0, 1.0, 1.1)), float(theorem_12_start(0.5, 1.0, 1.0, 3.0).round(6))
    (0.0, 4.158883)
    """
    xp, alpha, mu, x, y = checked(alpha=alpha, mu=mu, squared_norm_x=squared_norm_x, squared_norm_y=squared_norm_y)
    farthest = xp.maximum(xp.abs(x - 1), xp.abs(y - 1))
    return plain(xp.log(4 * xp.maximum(farthest, mu / 4) / mu) / alpha)


def theorem_12(depth, delta, mu, start):
    """Largest |ρ_L| of two inputs at separation δ for odd σ, concave on ℝ₊: B_{μ/2}(⌊L − L̂⌋, δ), for L ≥ L̂.

    The paper writes B_{μ/2}(L − L̂, δ), and L̂ is not a whole number; lengths are near 1 from layer ⌈L̂⌉ on, so that
    L − ⌈L̂⌉ layers are left, which is ⌊L − L̂⌋ and what the proof gives.

    Parameters: depth L, whole; delta in (0, 1); mu in (0, 1]; start L̂, from `theorem_12_start`.  All broadcast.
    Raises: ValueError where depth < L̂ or an argument is out of range.
    Source: Agarwal, Awasthi, Kale (2021), Theorems 12 and 42.

    >>> float(theorem_12(7, 0.25, 1.0, 4.2)), float(theorem_12(5, 0.25, 1.0, 4.2))
    (0.609375, 0.75)
    """
    return _bound_since("Theorem 12", depth, delta, mu, start)


def _bound_since(statement, depth, delta, mu, start):
    """B_{μ/2}(⌊L − L̂⌋, δ)."""
    xp, depth, delta, mu, start = checked(whole_depth=depth, delta=delta, mu=mu, start=start)
    # A logarithm that should come out whole may come out a rounding above.
    left = xp.floor(depth - start * (1 - 4 * xp.finfo(start.dtype).eps))
    if (left < 0).any():
        short, least = (a[left < 0][0] for a in xp.broadcast_arrays(depth, start, left)[:2])
        raise ValueError(
            f"{statement} needs depth ≥ L̂ = {float(least):.6g}; got {int(short)}. Before, Lemma 41 still bounds |ρ|, "
            "layer by layer: nk.conditioning.length_profile(...).step_bound."
        )
    return bound(left, delta, mu / 2)


# --- NormReLU --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NormReluConstants:
    """What Theorem 59 needs to know of an activation, for inputs with ½ ≤ ‖x‖² ≤ 2.

    below, above: α⁻ = 2σ̂_l(½) − 1 and α⁺ = 1 − σ̂_l'(1)
    bias_low, bias_high: bias(½) and bias(2)
    mu: μ, the coefficient of non-linearity
    """

    below: float
    above: float
    bias_low: float
    bias_high: float
    mu: float

    @property
    def alpha(self):
        """α' = min(α⁻, α⁺): the rate at which lengths tend to 1."""
        return min(self.below, self.above)

    @property
    def delta(self):
        """δ' = max(bias(½)/α⁻, bias(2)/α⁺): the separation that the biases of all layers can use up."""
        return max(self.bias_low / self.below, self.bias_high / self.above)


def theorem_59_constants(activation):
    """The constants of Theorem 59, for any normalised activation of which its Fact 1 is true.

    What is checked, on ½ ≤ γ ≤ 2, is what the proof uses: σ̂_l does not decrease, |σ̂_l(γ) − 1| ≤ (1 − α^∓)|γ − 1|,
    bias(γ) lies below its chords to γ = 1 (28), and μ^{γ} ≥ μ/2 for |γ − 1| ≤ μ/4.

    Parameters: activation, normalised, such as nk.normrelu(c) for c from about −2.6 to −0.57.
    Returns: NormReluConstants.
    Raises: ValueError for an activation of which this is not true.
    Source: Agarwal, Awasthi, Kale (2021), appendix I.1, Fact 1, for c = −1.5975.

    >>> import ntkit as nk
    >>> constants = theorem_59_constants(nk.normrelu())
    >>> round(constants.alpha, 10), round(constants.delta, 10)  # the paper: 0.0798, 0.0185
    (0.0799775455, 0.0185428105)
    """
    if not activation.is_normalized:
        raise ValueError(f"Theorem 59 needs E σ = 0 and E σ² = 1; {activation.name!r} has not. Take its .normalized().")
    found = _theorem_59_constants(activation)
    if isinstance(found, str):
        raise ValueError(f"Theorem 59 does not speak of {activation.name!r}: {found}")
    return found


@lru_cache(maxsize=128)
def _theorem_59_constants(activation):
    """The constants, or what of Fact 1 is not true."""
    below, above = contraction_rates(activation)
    if min(below, above) <= 0:
        return f"lengths need not tend to 1, α⁻ = {below:.4g} and α⁺ = {above:.4g}."
    low, high = bias(activation, [LOWEST, HIGHEST])
    constants = NormReluConstants(below, above, float(low), float(high), activation.coefficient_of_nonlinearity)
    lengths, biases = length_map(activation, _LENGTHS), bias(activation, _LENGTHS)
    below_one, apart = _LENGTHS < 1, np.abs(_LENGTHS - 1)
    if np.diff(lengths).min() < 0:
        return "its length map decreases somewhere on [½, 2]."
    if (np.abs(lengths - 1) > (1 - np.where(below_one, below, above)) * apart + 1e-13).any():
        return "its length map leaves the chord below 1, or the tangent above."
    if (biases > np.where(below_one, 2 * low, high) * apart + 1e-15).any():
        return "bias(γ) leaves its chords to γ = 1."
    near = 1 + np.linspace(-0.25, 0.25, 5) * constants.mu
    if generalized_nonlinearity(activation, near).min() < constants.mu / 2:
        return "μ^{γ} falls below μ/2 for |γ − 1| ≤ μ/4."
    return constants


def theorem_59_start(epsilon, constants):
    """L̂ = (2/α') log(3/min(ε, μ/4)), as stated.

    Parameters: epsilon > 0; constants, a NormReluConstants.
    Raises: ValueError where epsilon is not positive.
    Source: Agarwal, Awasthi, Kale (2021), Theorem 59.

    >>> import ntkit as nk
    >>> float(theorem_59_start(0.1, theorem_59_constants(nk.normrelu())).round(4))
    166.1832
    """
    xp, epsilon = checked(residue=epsilon)
    return plain(2 / constants.alpha * xp.log(3 / xp.minimum(epsilon, xp.full_like(epsilon, constants.mu / 4))))


def theorem_59_start_sharp(epsilon, constants):
    """L̂ = (1/α') log(1/min(ε, μ/4)), from where the proof of Theorem 59 goes on.

    (1 − α')^L ≤ e^(−α'L) ≤ min(ε, μ/4) brings the lengths, |γ_0 − 1| ≤ 1, to within μ/4 and the biases still to come
    to δ'ε; the factors 2 and 3 of the statement are not needed.

    Parameters and errors as in `theorem_59_start`.
    Source: Agarwal, Awasthi, Kale (2021), proof of Theorem 59.

    >>> import ntkit as nk
    >>> float(theorem_59_start_sharp(0.1, theorem_59_constants(nk.normrelu())).round(4))
    69.3551
    """
    xp, epsilon = checked(residue=epsilon)
    return plain(xp.log(1 / xp.minimum(epsilon, xp.full_like(epsilon, constants.mu / 4))) / constants.alpha)


def theorem_59(depth, delta, epsilon, constants):
    """Largest |ρ_L| of two inputs with ½ ≤ ‖x‖², ‖y‖² ≤ 2 at separation δ > δ': B_{μ/2}(⌊L − L̂⌋, δ − δ') + δ'ε.

    Whole layers are counted from L̂ as in `theorem_12`.  The proof adds the biases as if a layer passed them on
    unchanged, but while |ρ| > ½ a layer enlarges them; the statement holds nevertheless, since 1 − δ + δ' counts all
    biases, those after layer L̂ too, and below ½ a layer only shrinks.

    Parameters: depth L, whole; delta in (δ', 1); epsilon > 0; constants, a NormReluConstants.  All broadcast.
    Raises: ValueError where depth < L̂, delta ≤ δ', or an argument is out of range.
    Source: Agarwal, Awasthi, Kale (2021), Theorem 59.

    >>> import ntkit as nk
    >>> constants = theorem_59_constants(nk.normrelu())
    >>> float(theorem_59(1000, 0.5, 1e-3, constants).round(6))
    0.022932
    """
    return _theorem_59(depth, delta, epsilon, constants, theorem_59_start(epsilon, constants))


def theorem_59_sharp(depth, delta, epsilon, constants):
    """The same from the L̂ of `theorem_59_start_sharp` on, which is what the proof gives.

    Parameters and errors as in `theorem_59`.

    >>> import ntkit as nk
    >>> constants = theorem_59_constants(nk.normrelu())
    >>> bool(theorem_59_sharp(1000, 0.5, 1e-3, constants) < theorem_59(1000, 0.5, 1e-3, constants))
    True
    """
    return _theorem_59(depth, delta, epsilon, constants, theorem_59_start_sharp(epsilon, constants))


def _theorem_59(depth, delta, epsilon, constants, start):
    _, delta, epsilon = checked(delta=delta, residue=epsilon)
    if (delta <= constants.delta).any():
        raise ValueError(
            f"Theorem 59 needs δ > δ' = {constants.delta:.6g}; got {float(delta.min()):.6g}. Closer inputs may lose "
            "all their separation to the bias of the first layers."
        )
    return _bound_since("Theorem 59", depth, delta - constants.delta, constants.mu, start) + plain(
        constants.delta * epsilon
    )
