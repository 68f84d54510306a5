"""The theorem ledger: each lemma, theorem and corollary as an entry that is called, seen and checked.

An entry knows its source, what it assumes (checked on the activation and the points), what it bounds, and how to
compute the exact quantity without it.  `table()` lists the entries; `run()` checks them on a `Grid` and returns the
table of verdicts; `check("theorem_3")` gives one `Verdict`.  A wider grid is a `Grid` with other arguments.

Source: Agarwal, Awasthi, Kale, "A Deep Conditioning Treatment of Neural Networks", final version (2021), whose numbers
are used, and the earlier one (2020).
"""

from ntkit.theorems import (
    any_norm,
    approximation,
    finite,
    hardness,
    layered,
    ledger,
    misprints,
    normalized,
    one_layer,
    optimisation,
    overfitting,
    training,
    two_layer,
    uncentred,
)
from ntkit.theorems.entry import Assumption, Claim, Entry, Subject
from ntkit.theorems.erratum import Erratum, Evidence
from ntkit.theorems.grid import Grid
from ntkit.theorems.ledger import Comparison, Errata, Ledger, Table, Verdict

__all__ = [
    "ENTRIES",
    "ERRATA",
    "Assumption",
    "Claim",
    "Comparison",
    "Entry",
    "Errata",
    "Erratum",
    "Evidence",
    "Grid",
    "Ledger",
    "Subject",
    "Table",
    "Verdict",
    "check",
    "errata",
    "run",
    "table",
]

_SUBJECTS = (
    finite,
    normalized,
    uncentred,
    any_norm,
    optimisation,
    hardness,
    overfitting,
    one_layer,
    misprints,
    two_layer,
    approximation,
    layered,
    training,
)  # in the order of the paper

ENTRIES = {entry.key: entry for subject in _SUBJECTS for entry in getattr(subject, "ENTRIES", ())}
"""Every entry by its key, in the order of the paper."""

ERRATA = {erratum.key: erratum for subject in _SUBJECTS for erratum in getattr(subject, "ERRATA", ())}
"""What is misprinted, by key, each with a live check."""


def table():
    """The entries as a Table that prints as one, and shows as one in a notebook.

    >>> [row["statement"] for row in table().rows if row["name"] == "theorem_3"]
    ['Theorem 3']
    """
    return Table(tuple(map(ledger.entry_row, ENTRIES.values())))


def errata(keys=None):
    """What is printed, what is right, and a number by both and by a third route, computed now: an Errata table.

    Parameters: keys, of `ERRATA`; all if None.
    Raises: ValueError for an unknown key.

    >>> found = errata(["dual_of_exp", "corollary_10_step"])
    >>> len(found), found.holds
    (2, True)
    """
    return ledger.check_errata([_erratum(key) for key in (ERRATA if keys is None else keys)])


def check(key, grid=None):
    """The Verdict on the entry called `key`, on a Grid (the default one if None).

    Raises: ValueError for an unknown key.

    >>> verdict = check("lemma_21", Grid(deltas=(0.1, 0.2)))
    >>> verdict.word, verdict.violations
    ('holds', 0)
    """
    return ledger.check_entry(_entry(key), grid)


def run(keys=None, grid=None, on_verdict=None):
    """The verdicts on the entries called `keys` (all if None) as a Ledger; `.holds` says whether all hold.

    on_verdict is called with each Verdict as it comes.
    Raises: ValueError for an unknown key.

    >>> run(["lemma_21", "lemma_26"], Grid(deltas=(0.1, 0.2))).holds
    True
    """
    entries = list(ENTRIES.values()) if keys is None else [_entry(key) for key in keys]
    return ledger.check_entries(entries, grid, on_verdict)


def _entry(key):
    if key not in ENTRIES:
        raise ValueError(f"a statement is one of {', '.join(ENTRIES)}; got {key!r}.")
    return ENTRIES[key]


def _erratum(key):
    if key not in ERRATA:
        raise ValueError(f"an erratum is one of {', '.join(ERRATA)}; got {key!r}.")
    return ERRATA[key]
