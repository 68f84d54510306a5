"""Training comparisons: NormReLU against batch and layer normalisation, SELU and Fixup, on real images.

A `Model` says which network, a `Recipe` how it is trained, a `Trial` which of both on which images from which seed;
`run` trains a trial and returns its `History`.
Source: Agarwal, Awasthi, Kale (2021), section 7, appendices I.2 and I.3.
"""

from ntkit.experiments import paper
from ntkit.experiments.batches import Augmentation, Batch, Batches, standardised
from ntkit.experiments.history import History
from ntkit.experiments.learning_rates import LearningRates, best_learning_rates, cross_validate
from ntkit.experiments.machine import Machine
from ntkit.experiments.measures import (
    Conditioning,
    conditioning_of,
    features_at,
    mean_normalised_dot_product,
    normalised_condition_number,
)
from ntkit.experiments.model import Model, fixup_resnet, fully_connected, resnet
from ntkit.experiments.predictions import ConditioningPrediction, measured, predict
from ntkit.experiments.recipe import Recipe
from ntkit.experiments.results import Results, read_results
from ntkit.experiments.sweep_progress import RunningTrial, SweepLines, SweepProgress
from ntkit.experiments.sweeps import grid, sweep
from ntkit.experiments.trainer import Reading, run, trained_module
from ntkit.experiments.trial import Probe, Trial
from ntkit.experiments.verdicts import (
    Verdict,
    alike,
    better,
    epochs_needed,
    falls_as_rises,
    faster,
    verdict_table,
)

__all__ = [
    "Augmentation",
    "Batch",
    "Batches",
    "Conditioning",
    "ConditioningPrediction",
    "History",
    "LearningRates",
    "Machine",
    "Model",
    "Probe",
    "Reading",
    "Recipe",
    "Results",
    "RunningTrial",
    "SweepLines",
    "SweepProgress",
    "Trial",
    "Verdict",
    "alike",
    "best_learning_rates",
    "better",
    "conditioning_of",
    "cross_validate",
    "epochs_needed",
    "falls_as_rises",
    "faster",
    "features_at",
    "fixup_resnet",
    "fully_connected",
    "grid",
    "mean_normalised_dot_product",
    "measured",
    "normalised_condition_number",
    "paper",
    "predict",
    "read_results",
    "resnet",
    "run",
    "standardised",
    "sweep",
    "trained_module",
    "verdict_table",
]
