"""Gram matrices that gradient descent follows, and what is known of their smallest eigenvalue.

    F(x) = (c/√m) Σ_k a_k σ(w_k·x),      ẏ̂ = (G + H)(y − ŷ),
    G_ij = (c²/m) Σ_k a_k² σ'(w_k·x_i) σ'(w_k·x_j) ⟨x_i, x_j⟩ where the hidden layer is trained,
    H_ij = (c²/m) Σ_k σ(w_k·x_i) σ(w_k·x_j)                    where the output layer is.

At finite and at infinite width, for two layers and for many.
Source: Panigrahi, Shetty, Goyal, "Effect of Activation Functions on the Training of Overparametrized Neural Nets"
(2020); Du, Lee, Li, Wang, Zhai, "Gradient Descent Finds Global Minima of Deep Neural Networks" (December 2018).
"""

from ntkit.gram.deep import (
    DeepGram,
    DeepSpectra,
    DepthHelps,
    deep_gram,
    deep_gram_drawn,
    deep_spectra,
    depth_helps,
    lemma_j2,
    lemma_j2_infinite,
    lemma_j3_fixed_points,
    lemma_j4_layers,
    linear_share,
    theorem_j5_floor,
)
from ntkit.gram.descent import Descent, Drift, descend, turned
from ntkit.gram.layered import (
    PopulationGram,
    branch_scale,
    convolutional_gram,
    fully_connected_gram,
    residual_gram,
    scaling_constant,
    scaling_constant_over,
)
from ntkit.gram.layered_finite import LayeredNetwork, Stability, layered_network, stability
from ntkit.gram.lemma_constants import Concentration, Smoothness, smoothness, theorem_d1
from ntkit.gram.losses import (
    CROSS_ENTROPY,
    HALF_SQUARES,
    MEAN_SQUARES,
    CrossEntropy,
    MeanSquares,
    Squares,
    logit_flow,
    one_hot,
)
from ntkit.gram.requirements import Comparison, Requirement, comparison, theorem_3_1, theorem_4_1, theorem_5_1
from ntkit.gram.two_layer import TwoLayer, two_layer

__all__ = [
    "CROSS_ENTROPY",
    "HALF_SQUARES",
    "MEAN_SQUARES",
    "Comparison",
    "Concentration",
    "CrossEntropy",
    "DeepGram",
    "DeepSpectra",
    "DepthHelps",
    "Descent",
    "Drift",
    "LayeredNetwork",
    "MeanSquares",
    "PopulationGram",
    "Requirement",
    "Smoothness",
    "Squares",
    "Stability",
    "TwoLayer",
    "branch_scale",
    "comparison",
    "convolutional_gram",
    "deep_gram",
    "deep_gram_drawn",
    "deep_spectra",
    "depth_helps",
    "descend",
    "fully_connected_gram",
    "layered_network",
    "lemma_j2",
    "lemma_j2_infinite",
    "lemma_j3_fixed_points",
    "lemma_j4_layers",
    "linear_share",
    "logit_flow",
    "one_hot",
    "residual_gram",
    "scaling_constant",
    "scaling_constant_over",
    "smoothness",
    "stability",
    "theorem_3_1",
    "theorem_4_1",
    "theorem_5_1",
    "theorem_d1",
    "theorem_j5_floor",
    "turned",
    "two_layer",
]
