"""Depth improves conditioning: the bound B_μ(L, δ) and the theorems around it, one function a statement.

    σ̂(ρ) = Σ a_i² ρ^i,  a_0 = 0,  Σ a_i² = 1,  μ = 1 − a_1²        (a normalised activation and its dual)

One layer multiplies the separation δ = 1 − |ρ| by at least 1 + μ/2 while δ ≤ ½, and after that the correlation by
at most 1 − μ/2.  L layers make that

    B_μ(L, δ) = 1 − δ(1 + μ/2)^L  up to  L₀ = ⌈log(1/2δ) / log(1 + μ/2)⌉,  then  ½(1 − μ/2)^(L − L₀).

Assumption A: unit inputs with |x_i·x_j| ≤ 1 − δ.  Assumption B: their Gram matrix has λ_min ≥ δ (B implies A).
K̄ is the NNGP kernel matrix after L hidden layers, 𝒦̄ the neural tangent kernel matrix, κ a condition number.

Every function takes depth (L), delta (δ), mu (μ) and where needed n, as numbers, numpy arrays or torch tensors that
broadcast, and raises ValueError outside the range in which its statement holds.  A function named after a theorem
gives what the paper states; its `_sharp` sibling gives what the same assumptions prove.

Source: Agarwal, Awasthi, Kale, "A Deep Conditioning Treatment of Neural Networks" (2021), sections 3.1–3.3,
appendices C.1 and C.2.
"""

from ntkit.conditioning.any_norm import (
    NormReluConstants,
    contraction_rate,
    contraction_rates,
    lemma_41,
    lemma_41_sharp,
    theorem_12,
    theorem_12_start,
    theorem_37,
    theorem_59,
    theorem_59_constants,
    theorem_59_sharp,
    theorem_59_start,
    theorem_59_start_sharp,
    unmet_for_theorem_12,
    unmet_for_theorem_37,
)
from ntkit.conditioning.convergence import UncentredProfile, uncentred_profile
from ntkit.conditioning.decay import L0, L1, L2, bound, bound_gap
from ntkit.conditioning.fixed_points import FixedPoint, fixed_point
from ntkit.conditioning.length_profile import LengthProfile, length_profile
from ntkit.conditioning.lengths import (
    bias,
    correlation_map,
    correlation_series,
    generalized_nonlinearity,
    hermite_coefficients,
    hermite_polynomials,
    length_iterates,
    length_map,
    length_map_derivative,
    scaled,
)
from ntkit.conditioning.profile import DepthProfile, depth_profile
from ntkit.conditioning.theorems import (
    corollary_4,
    corollary_4_sharp,
    corollary_6,
    corollary_6_sharp,
    corollary_8,
    corollary_8_sharp,
    corollary_10,
    corollary_10_sharp,
    lemma_21,
    lemma_22,
    lemma_26,
    ntk_diagonal,
    theorem_3,
    theorem_5,
    theorem_5_sharp,
    theorem_7,
    theorem_9,
    theorem_9_sharp,
)
from ntkit.conditioning.uncentred import (
    largest_gap,
    lemma_31,
    lemma_32,
    lemma_33,
    lemma_33_sharp,
    lemma_34,
    lemma_34_sharp,
    lemma_35,
    lemma_35_depth,
    lemma_35_rate,
    lemma_36,
    lemma_36_sharp,
    theorem_11,
    theorem_11_sharp,
)

__all__ = [
    "L0",
    "L1",
    "L2",
    "DepthProfile",
    "FixedPoint",
    "LengthProfile",
    "NormReluConstants",
    "UncentredProfile",
    "bias",
    "bound",
    "bound_gap",
    "contraction_rate",
    "contraction_rates",
    "corollary_4",
    "corollary_4_sharp",
    "corollary_6",
    "corollary_6_sharp",
    "corollary_8",
    "corollary_8_sharp",
    "corollary_10",
    "corollary_10_sharp",
    "correlation_map",
    "correlation_series",
    "depth_profile",
    "fixed_point",
    "generalized_nonlinearity",
    "hermite_coefficients",
    "hermite_polynomials",
    "largest_gap",
    "lemma_21",
    "lemma_22",
    "lemma_26",
    "lemma_31",
    "lemma_32",
    "lemma_33",
    "lemma_33_sharp",
    "lemma_34",
    "lemma_34_sharp",
    "lemma_35",
    "lemma_35_depth",
    "lemma_35_rate",
    "lemma_36",
    "lemma_36_sharp",
    "lemma_41",
    "lemma_41_sharp",
    "length_iterates",
    "length_map",
    "length_map_derivative",
    "length_profile",
    "ntk_diagonal",
    "scaled",
    "theorem_3",
    "theorem_5",
    "theorem_5_sharp",
    "theorem_7",
    "theorem_9",
    "theorem_9_sharp",
    "theorem_11",
    "theorem_11_sharp",
    "theorem_12",
    "theorem_12_start",
    "theorem_37",
    "theorem_59",
    "theorem_59_constants",
    "theorem_59_sharp",
    "theorem_59_start",
    "theorem_59_start_sharp",
    "uncentred_profile",
    "unmet_for_theorem_12",
    "unmet_for_theorem_37",
]
