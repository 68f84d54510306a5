"""Eigenvalues of kernel matrices, and what the theorems promise about them.

    κ = λ_max / λ_min,      λ_min(f[K]) ≥ f(1) − f(1 − δ)  for K ⪰ δI with unit diagonal  (Lemma 23)

Source of the statements: Agarwal, Awasthi, Kale, "A Deep Conditioning Treatment of Neural Networks" (2021).
"""

from ntkit.spectra.certificates import gershgorin, lemma_23, network_floors
from ntkit.spectra.comparison import Assumptions, SpectrumComparison, assumptions, compare_spectra
from ntkit.spectra.eigenvalues import Spectrum, largest_eigenvalues, smallest_eigenvalues, spectrum
from ntkit.spectra.operators import nngp_operator, ntk_operator

__all__ = [
    "Assumptions",
    "Spectrum",
    "SpectrumComparison",
    "assumptions",
    "compare_spectra",
    "gershgorin",
    "largest_eigenvalues",
    "lemma_23",
    "network_floors",
    "nngp_operator",
    "ntk_operator",
    "smallest_eigenvalues",
    "spectrum",
]
