"""What an erratum is: what is printed, what is right, and a number that tells them apart."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Evidence:
    """One number (or several) by three routes.

    what:     what the numbers are
    truth:    computed without the formula in question
    right:    by the corrected formula
    printed:  by the formula as printed
    accuracy: how far `right` may be from `truth`, absolute: rounding, or five standard errors of a simulation
    sense:    "=" where the formulas give the truth, "≤" where they bound it from above
    """

    what: str
    truth: np.ndarray
    right: np.ndarray
    printed: np.ndarray
    accuracy: float
    sense: str = "="

    @property
    def right_holds(self):
        """Whether what we put in the place of the print agrees with the truth everywhere."""
        return self._holds(self.right, self.accuracy)

    @property
    def fault(self):
        """What is the matter with the print: "wrong", "loose" (a true bound, larger than need be), "" for nothing."""
        if not self._holds(self.printed, 2 * self.accuracy):
            return "wrong"
        larger = np.subtract(self.printed, self.right) > 2 * self.accuracy
        return "loose" if self.sense == "≤" and larger.any() else ""

    @property
    def tells_apart(self):
        """Whether the right form holds, and the printed one does not, or says less."""
        return self.right_holds and self.fault != ""

    def _holds(self, formula, accuracy):
        missed = np.subtract(self.truth, formula)
        return bool(((np.abs(missed) if self.sense == "=" else missed) <= accuracy).all())


@dataclass(frozen=True, eq=False)
class Erratum:
    """A misprint, a gap or a needless factor of the papers, with a live check.

    key
    source:   where it stands, in the final version and in the earlier one
    printed, right: the two forms, in a line each
    why:      what goes wrong, or how the right form follows
    evidence: () → Evidence
    """

    key: str
    source: str
    printed: str
    right: str
    why: str
    evidence: Callable
