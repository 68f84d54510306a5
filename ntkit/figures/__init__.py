"""Results in, plotly figures out: one file a subject, nothing computed in a plot.

Every figure names the parameterisation in its title and the unit on each axis; colours survive colour-blindness, and
dash patterns say the same again; `theme` is "light" or "dark".
"""

from ntkit.figures.any_norm import length_figure, length_map_figure, length_map_picture, length_picture
from ntkit.figures.bound import bound_figure, bound_picture
from ntkit.figures.certificates import (
    decay_figure,
    decay_picture,
    hermite_lab_figure,
    hermite_lab_picture,
    ladder_figure,
    ladder_picture,
    rank_figure,
    rank_picture,
)
from ntkit.figures.comparison import comparison_figure, comparison_picture
from ntkit.figures.experiments import (
    dot_product_figure,
    dot_product_picture,
    learning_rates_figure,
    learning_rates_picture,
    loss_curves_figure,
    loss_curves_picture,
    theory_beside_practice_figure,
    theory_beside_practice_picture,
    training_curves_figure,
    training_curves_picture,
)
from ntkit.figures.geometry import dimensions_figure, dimensions_picture, distances_figure, distances_picture
from ntkit.figures.gram import (
    gram_spectrum_figure,
    gram_spectrum_picture,
    kink_order_figure,
    kink_order_picture,
    single_vector_figure,
    single_vector_picture,
)
from ntkit.figures.hardness import hardness_figure, hardness_picture, queries_figure, queries_picture
from ntkit.figures.layered import (
    deep_spectra_figure,
    deep_spectra_picture,
    depth_helps_figure,
    depth_helps_picture,
    layered_figure,
    layered_picture,
)
from ntkit.figures.ledger import ledger_figure, ledger_picture
from ntkit.figures.one_layer import one_layer_figure, one_layer_picture
from ntkit.figures.optimisation import (
    depth_speed_figure,
    depth_speed_picture,
    mode_decay_figure,
    mode_decay_picture,
)
from ntkit.figures.overfitting import noise_figure, noise_picture, overfitting_figure, overfitting_picture
from ntkit.figures.picture import Picture
from ntkit.figures.shape import shape_figure, shape_picture
from ntkit.figures.spectrum import spectrum_figure, spectrum_picture
from ntkit.figures.style import template
from ntkit.figures.training import training_figure, training_picture
from ntkit.figures.two_layer_training import (
    drift_figure,
    drift_picture,
    followed_figure,
    followed_picture,
    race_figure,
    race_picture,
)
from ntkit.figures.uncentred import regimes_figure, regimes_picture, uncentred_figure, uncentred_picture

__all__ = [
    "Picture",
    "bound_figure",
    "bound_picture",
    "comparison_figure",
    "comparison_picture",
    "decay_figure",
    "decay_picture",
    "deep_spectra_figure",
    "deep_spectra_picture",
    "depth_helps_figure",
    "depth_helps_picture",
    "depth_speed_figure",
    "depth_speed_picture",
    "dimensions_figure",
    "dimensions_picture",
    "distances_figure",
    "distances_picture",
    "dot_product_figure",
    "dot_product_picture",
    "drift_figure",
    "drift_picture",
    "followed_figure",
    "followed_picture",
    "gram_spectrum_figure",
    "gram_spectrum_picture",
    "hardness_figure",
    "hardness_picture",
    "hermite_lab_figure",
    "hermite_lab_picture",
    "kink_order_figure",
    "kink_order_picture",
    "ladder_figure",
    "ladder_picture",
    "layered_figure",
    "layered_picture",
    "learning_rates_figure",
    "learning_rates_picture",
    "ledger_figure",
    "ledger_picture",
    "length_figure",
    "length_map_figure",
    "length_map_picture",
    "length_picture",
    "loss_curves_figure",
    "loss_curves_picture",
    "mode_decay_figure",
    "mode_decay_picture",
    "noise_figure",
    "noise_picture",
    "one_layer_figure",
    "one_layer_picture",
    "overfitting_figure",
    "overfitting_picture",
    "queries_figure",
    "queries_picture",
    "race_figure",
    "race_picture",
    "rank_figure",
    "rank_picture",
    "regimes_figure",
    "regimes_picture",
    "shape_figure",
    "shape_picture",
    "single_vector_figure",
    "single_vector_picture",
    "spectrum_figure",
    "spectrum_picture",
    "template",
    "theory_beside_practice_figure",
    "theory_beside_practice_picture",
    "training_curves_figure",
    "training_curves_picture",
    "training_figure",
    "training_picture",
    "uncentred_figure",
    "uncentred_picture",
]
