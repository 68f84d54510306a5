"""What an entry of the ledger is: a statement of a paper, when it applies, and the two sides that it compares."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ntkit.activations import Activation
from ntkit.data import Dataset

_TOLD = 100  # times what rounding allows: less of a bound than that says nothing about how much of it is used
_SMALLEST = 1e-300  # below it floats run out of digits
KINDS = {
    "bound": "an inequality with every constant stated",
    "identity": "an equation",
    "trend": "constants are not stated, so the exponent or the sign of the trend is checked",
    "sampled": "holds with high probability or in expectation, so draws are checked",
}


@dataclass(frozen=True)
class Subject:
    """What a statement is asked about: an activation, and points where it speaks of matrices."""

    activation: Activation
    points: Dataset | None = None

    @property
    def name(self):
        """The activation's name, and that of the points."""
        return self.activation.name if self.points is None else f"{self.activation.name} on {self.points.name}"


@dataclass(frozen=True)
class Assumption:
    """What a statement takes for granted; `holds` tells from a Subject whether it does."""

    text: str
    holds: Callable[[Subject], bool]


@dataclass(frozen=True, eq=False)
class Claim:
    """The two sides of a statement about one subject, on a grid; nan where the statement is silent.

    exact:    what is there, computed or simulated without the statement
    bound:    what the statement says of it
    axes:     the grid, {"L": …, "δ": …}, each broadcasting against the two sides
    sense:    "≤" where exact ≤ bound is claimed, "≥" for exact ≥ bound, "=" for equality
    rounding: relative to the bound, and `slack` absolute: what exact may miss the bound by, with nothing wrong
    origin:   what both sides are measured from when it is told how much of a bound is used: 1 for a condition number
    """

    exact: np.ndarray
    bound: np.ndarray
    axes: dict = field(default_factory=dict)
    sense: str = "≤"
    rounding: float = 1e-10
    slack: float | np.ndarray = 0.0
    origin: float = 0.0

    def __post_init__(self):
        if self.sense not in ("≤", "≥", "="):
            raise ValueError(f"sense must be ≤, ≥ or =; got {self.sense!r}.")

    def excess(self):
        """By how much the claim is missed beyond rounding, > 0 where it is violated; nan where it is silent."""
        exact, bound, allowed = self._sides()
        with np.errstate(invalid="ignore"):  # two infinities agree
            missed = {"≤": exact - bound, "≥": bound - exact, "=": np.abs(exact - bound)}[self.sense]
        missed = np.where(exact == bound, 0.0, missed)
        silent = np.isnan(bound)
        return np.where(silent, np.nan, np.where(np.isnan(exact), np.inf, missed - allowed))

    def share(self):
        """How much of the bound is used: (exact − origin)/(bound − origin), or its inverse where the bound is nearer.

        In [0, 1] where the claim holds, 1 where the bound is attained; nan where it is silent, or too close to the
        origin for rounding.  For an equality, the deviation in units of what rounding allows.
        """
        exact, bound, allowed = self._sides()
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.sense == "=":
                return np.where(exact == bound, 0.0, np.abs(exact - bound) / allowed)
            used, whole = exact - self.origin, bound - self.origin
            is_below = (whole > 0) == (self.sense == "≤")  # whether exact lies between the origin and the bound
            used, whole = np.where(is_below, used, whole), np.where(is_below, whole, used)
            told = np.minimum(np.abs(whole), np.abs(bound - self.origin)) > _TOLD * allowed
            return np.where(told, used / whole, np.nan)

    def _sides(self):
        """exact, bound, and what the one may miss the other by, of one shape."""
        exact, bound = np.broadcast_arrays(np.asarray(self.exact, float), np.asarray(self.bound, float))
        size = np.where(np.isinf(bound), 0.0, np.abs(bound))  # nothing is near infinity
        return exact, bound, self.rounding * size + self.slack + _SMALLEST


@dataclass(frozen=True, eq=False)
class Entry:
    """A statement of the papers that can be checked.

    key:         how `check` and `ntkit theorems` call it, "theorem_3"
    title:       as the paper calls it, "Theorem 3"
    source:      where it stands, in the final version, and in the earlier one where it is there
    statement:   what it says, in a line
    assumptions: what it takes for granted, each an Assumption
    subjects:    Grid → the Subjects that it is asked about; those that an assumption excludes are left out
    claim:       (Subject, Grid) → Claim, or several of them
    kind:        one of `KINDS`
    remark:      what is checked where the paper leaves a constant open, or where the statement is misprinted
    """

    key: str
    title: str
    source: str
    statement: str
    assumptions: tuple
    subjects: Callable
    claim: Callable
    kind: str = "bound"
    remark: str = ""

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}; got {self.kind!r}.")

    def excluded(self, subject):
        """The text of the first assumption that does not hold for `subject`; None where all do."""
        return next((assumed.text for assumed in self.assumptions if not assumed.holds(subject)), None)
