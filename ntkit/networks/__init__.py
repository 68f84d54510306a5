"""Finite networks, in torch: their kernels, their spread over seeds, and their training.

The modules come from `net.module(input_dim, width, seed)`; any torch module whose outputs depend on their own rows will
do for the neural tangent kernel.  Everything runs where the module lives, on the CPU or on a GPU, in its precision.
"""

from ntkit.networks.concentration import KernelErrors, kernel_errors
from ntkit.networks.depths import (
    FiniteSteps,
    KernelSteps,
    ModeDecay,
    SpectraByDepth,
    StepsByDepth,
    finite_steps,
    mode_decay,
    spectra_by_depth,
    steps_by_depth,
)
from ntkit.networks.ensembles import MonteCarlo, WidthScaling, in_span, monte_carlo, width_scaling
from ntkit.networks.kernels import (
    Method,
    empirical_nngp,
    empirical_ntk,
    empirical_ntk_outputs,
    estimate_memory,
    ntk_vector_product,
)
from ntkit.networks.normalised import normalised_module
from ntkit.networks.rows import RowsExpectation, RowsRun, expected_on_rows, train_on_rows
from ntkit.networks.training import TrainingRun, train

__all__ = [
    "FiniteSteps",
    "KernelErrors",
    "KernelSteps",
    "Method",
    "ModeDecay",
    "MonteCarlo",
    "RowsExpectation",
    "RowsRun",
    "SpectraByDepth",
    "StepsByDepth",
    "TrainingRun",
    "WidthScaling",
    "empirical_nngp",
    "empirical_ntk",
    "empirical_ntk_outputs",
    "estimate_memory",
    "expected_on_rows",
    "finite_steps",
    "in_span",
    "kernel_errors",
    "mode_decay",
    "monte_carlo",
    "normalised_module",
    "ntk_vector_product",
    "spectra_by_depth",
    "steps_by_depth",
    "train",
    "train_on_rows",
    "width_scaling",
]
