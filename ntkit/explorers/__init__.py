"""Widgets that wire controls to a result and its figure, and the lab that links them."""

from ntkit.explorers.any_norm import NormExplorer
from ntkit.explorers.architecture import ArchitectureExplorer
from ntkit.explorers.bound import BoundExplorer
from ntkit.explorers.comparison import ComparisonExplorer
from ntkit.explorers.depth_speed import DepthSpeedExplorer
from ntkit.explorers.gram_spectrum import GramSpectrumExplorer
from ntkit.explorers.hardness import HardnessExplorer
from ntkit.explorers.hermite import HermiteExplorer
from ntkit.explorers.kink_order import KinkOrderExplorer
from ntkit.explorers.lab import Lab, lab
from ntkit.explorers.ladder import LadderExplorer
from ntkit.explorers.overfitting import OverfittingExplorer
from ntkit.explorers.prediction import PredictionExplorer
from ntkit.explorers.shape import ShapeExplorer
from ntkit.explorers.spectrum import SpectrumExplorer
from ntkit.explorers.stability import StabilityExplorer
from ntkit.explorers.state import linked_state
from ntkit.explorers.stories import STORIES
from ntkit.explorers.strictness import is_strict, strict
from ntkit.explorers.sweep_progress import SweepBar, SweepPanel
from ntkit.explorers.training import TrainingExplorer
from ntkit.explorers.uncentred import UncentredExplorer

__all__ = [
    "STORIES",
    "ArchitectureExplorer",
    "BoundExplorer",
    "ComparisonExplorer",
    "DepthSpeedExplorer",
    "GramSpectrumExplorer",
    "HardnessExplorer",
    "HermiteExplorer",
    "KinkOrderExplorer",
    "Lab",
    "LadderExplorer",
    "NormExplorer",
    "OverfittingExplorer",
    "PredictionExplorer",
    "ShapeExplorer",
    "SpectrumExplorer",
    "StabilityExplorer",
    "SweepBar",
    "SweepPanel",
    "TrainingExplorer",
    "UncentredExplorer",
    "is_strict",
    "lab",
    "linked_state",
    "strict",
]
