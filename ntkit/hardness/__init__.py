"""Random networks are hard to learn: correlations of deep networks with normalised layers, and of their signs.

    f(x) = v · Π(σ(W_L Π(σ(W_{L−1} ⋯ Π(σ(W_1 x))))),   Π(a) = a/‖a‖,   all weights N(0, 1)          (eq. 3)

ρ̂_h is the inner product of the unit-length representations of two inputs after h layers.  Given those after h − 1
layers, the pre-activations of every unit are Gaussian with correlation ρ̂_{h−1}, independent from unit to unit: that is
how the networks are drawn here, without their weight matrices.

The paper prints a factor 1/√m beside Π.  Its proof multiplies the weights by vectors of unit length, that is without
the factor, and so do we: with it, pre-activations from the second layer on would have the variance 1/m, where no
activation is non-linear.  Under Π itself a positive factor changes nothing.

Source: Agarwal, Awasthi, Kale, "A Deep Conditioning Treatment of Neural Networks" (2021), section 5, appendix F.
"""

from ntkit.hardness.correlations import (
    QueryCorrelations,
    QueryLimit,
    half_cube,
    least_queries,
    queries,
    query_correlations,
    query_limit,
)
from ntkit.hardness.layers import PairDecay, features, pair_decay
from ntkit.hardness.subgaussian import growth_exponent, subgaussian_norm
from ntkit.hardness.widths import fluctuation, mean_floor, one_layer_spread, theorem_15_width, theorem_52_width

__all__ = [
    "PairDecay",
    "QueryCorrelations",
    "QueryLimit",
    "features",
    "fluctuation",
    "growth_exponent",
    "half_cube",
    "least_queries",
    "mean_floor",
    "one_layer_spread",
    "pair_decay",
    "queries",
    "query_correlations",
    "query_limit",
    "subgaussian_norm",
    "theorem_15_width",
    "theorem_52_width",
]
