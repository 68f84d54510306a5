"""Widgets that wire controls to a result and its figure, and the lab that links them."""

from ntkit.explorers.shape import ShapeExplorer
from ntkit.explorers.strictness import is_strict, strict

__all__ = ["ShapeExplorer", "is_strict", "strict"]
