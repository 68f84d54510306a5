"""Benign overfitting: the minimum-norm interpolant of a deep network of infinite width, and its excess risk.

The kernel of a deep network nearly separates all points, so that interpolating n noisy labels costs little: with
v_S = Xᵀ K̄⁻¹ y and the optimal predictor v*,

    E(y − v_SᵀΦ(x))² − E(y − v*ᵀΦ(x))² ≤ 2v*ᵀBv* + 2εᵀCε ≤ O(log n / n),

at a depth that follows from Δ(n², γ), the separation that n² points have with probability 1 − γ.

Source: Agarwal, Awasthi, Kale (2021), section 6 and appendix G.
"""

from ntkit.overfitting.distributions import Resampled, UniformSphere
from ntkit.overfitting.interpolation import (
    ExcessRisk,
    Predictor,
    Problem,
    SampledCovariance,
    SphereCovariance,
    excess_risk,
    interpolant,
    measured_excess_risk,
    random_problem,
)
from ntkit.overfitting.learning import LearningCurve, learning_curve
from ntkit.overfitting.separations import (
    SeparationRange,
    close_pair_probability,
    sampled_separation,
    sphere_separation,
)
from ntkit.overfitting.statements import (
    lemma_54,
    lemma_54_sharp,
    required_depth,
    theorem_16,
    theorem_16_rate,
    theorem_16_sharp,
)
from ntkit.overfitting.zonal import ZonalSpectrum, norms_over_depth, zonal_spectrum

__all__ = [
    "ExcessRisk",
    "LearningCurve",
    "Predictor",
    "Problem",
    "Resampled",
    "SampledCovariance",
    "SeparationRange",
    "SphereCovariance",
    "UniformSphere",
    "ZonalSpectrum",
    "close_pair_probability",
    "excess_risk",
    "interpolant",
    "learning_curve",
    "lemma_54",
    "lemma_54_sharp",
    "measured_excess_risk",
    "norms_over_depth",
    "random_problem",
    "required_depth",
    "sampled_separation",
    "sphere_separation",
    "theorem_16",
    "theorem_16_rate",
    "theorem_16_sharp",
    "zonal_spectrum",
]
