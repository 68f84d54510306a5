"""Checking the entries, and the table that comes of it."""

import html
import time
from dataclasses import dataclass, field

import numpy as np

from ntkit.theorems.entry import Entry
from ntkit.theorems.grid import Grid


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two numbers that a statement compares: exact, `sense` (≤, ≥ or =), bound; `excess` > 0 where it is violated.

    share: how much of the bound is used, 1 where it is attained.
    """

    subject: str
    place: str
    exact: float
    bound: float
    sense: str
    share: float
    excess: float

    @property
    def tells_share(self):
        """Whether there is a bound to use part of: an equation has none, nor has what is at the level of rounding."""
        return self.sense != "=" and not np.isnan(self.share)

    def __str__(self):
        return f"{self.exact:.6g} {self.sense} {self.bound:.6g}: {', '.join(filter(None, (self.subject, self.place)))}"


@dataclass(frozen=True, eq=False)
class Verdict:
    """What became of one entry on a grid.

    entry: the Entry
    compared, violations: how many numbers were compared, and how many of them violate the statement, rounding aside
    subjects: how many activations (on data sets) were asked
    excluded: {assumption: names of the subjects that do not meet it}
    tightest: the Comparison that uses most of its bound, or the gravest violation; None where nothing was compared
    seconds: what it took
    """

    entry: Entry
    compared: int
    violations: int
    subjects: int
    excluded: dict
    tightest: Comparison | None
    seconds: float

    @property
    def holds(self):
        """Whether something was compared, and nothing violates the statement."""
        return self.compared > 0 and self.violations == 0

    @property
    def word(self):
        """ "holds", "VIOLATED", or "not asked" where no subject meets the assumptions."""
        return "holds" if self.holds else "VIOLATED" if self.violations else "not asked"


@dataclass(frozen=True, eq=False)
class Table:
    """Rows, dicts with the same keys: print it, show it in a notebook, or make a frame of `rows`."""

    rows: tuple

    def __len__(self):
        return len(self.rows)

    def __str__(self):
        if not self.rows:
            return "no statements"
        cells = [list(self.rows[0]), *(list(map(str, row.values())) for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self):
        def line(tag, cells):
            return (
                "<tr>" + "".join(f"<{tag} style='text-align: left'>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"
            )

        rows = "".join(line("td", map(str, row.values())) for row in self.rows)
        return f"<table><thead>{line('th', self.rows[0] if self.rows else ())}</thead><tbody>{rows}</tbody></table>"


@dataclass(frozen=True, eq=False)
class Ledger(Table):
    """The verdicts on some entries, with the row of each."""

    verdicts: tuple = field(repr=False)

    @property
    def holds(self):
        """Whether every entry was asked, and holds."""
        return len(self.verdicts) > 0 and all(verdict.holds for verdict in self.verdicts)


@dataclass(frozen=True, eq=False)
class Errata(Table):
    """What is printed, what is right, and the Evidence that tells them apart, with the row of each."""

    evidence: tuple = field(repr=False)

    @property
    def holds(self):
        """Whether every right form holds, and every printed one is wrong or says less."""
        return len(self.evidence) > 0 and all(evidence.tells_apart for evidence in self.evidence)


def check_entry(entry, grid=None):
    """The Verdict on one Entry; grid, a `Grid` (the default one if None).

    >>> from ntkit.theorems import ENTRIES
    >>> verdict = check_entry(ENTRIES["lemma_21"], Grid(deltas=(0.1, 0.2)))
    >>> verdict.word, verdict.violations
    ('holds', 0)
    """
    grid = Grid() if grid is None else grid
    started, tightest, compared, violations, asked, excluded = time.perf_counter(), [], 0, 0, 0, {}
    for subject in entry.subjects(grid):
        reason = entry.excluded(subject)
        if reason is not None:
            excluded.setdefault(reason, []).append(subject.name)
            continue
        asked += 1
        claims = entry.claim(subject, grid)
        for claim in claims if isinstance(claims, list | tuple) else (claims,):
            excess = np.atleast_1d(claim.excess())
            compared += int((~np.isnan(excess)).sum())
            violations += int((excess > 0).sum())
            tightest += _tightest(claim, subject)
    worst = max(tightest, key=_gravity, default=None)
    return Verdict(entry, compared, violations, asked, excluded, worst, time.perf_counter() - started)


def check_entries(entries, grid=None, on_verdict=None):
    """A Ledger of the verdicts on `entries`; on_verdict is called with each Verdict as it comes.

    >>> from ntkit.theorems import ENTRIES
    >>> ledger = check_entries([ENTRIES["lemma_21"]], Grid(deltas=(0.1, 0.2)))
    >>> ledger.holds, ledger.rows[0]["verdict"]
    (True, 'holds')
    """
    verdicts = []
    for entry in entries:
        verdicts.append(check_entry(entry, grid))
        if on_verdict is not None:
            on_verdict(verdicts[-1])
    return Ledger(tuple(map(verdict_row, verdicts)), tuple(verdicts))


def entry_row(entry):
    """A row of the table of entries.

    >>> from ntkit.theorems import ENTRIES
    >>> entry_row(ENTRIES["lemma_21"])["statement"]
    'Lemma 21'
    """
    return {
        "name": entry.key,
        "statement": entry.title,
        "says": entry.statement,
        "source": entry.source,
        "kind": entry.kind,
    }


def verdict_row(verdict):
    """A row of the table of verdicts.

    >>> from ntkit.theorems import ENTRIES
    >>> list(verdict_row(check_entry(ENTRIES["lemma_21"], Grid(deltas=(0.1,)))))
    ['name', 'statement', 'verdict', 'compared', 'uses', 'tightest']
    """
    tightest = verdict.tightest
    return {
        "name": verdict.entry.key,
        "statement": verdict.entry.title,
        "verdict": verdict.word,
        "compared": verdict.compared,
        "uses": f"{100 * tightest.share:.3g} %" if tightest and tightest.tells_share else "–",
        "tightest": "–" if tightest is None else str(tightest),
    }


def check_errata(errata):
    """Errata with their evidence, computed now.

    >>> from ntkit.theorems import ERRATA
    >>> found = check_errata([ERRATA["dual_of_exp"]])
    >>> found.holds, found.rows[0]["print is"]
    (True, 'wrong')
    """
    evidence = tuple(erratum.evidence() for erratum in errata)
    return Errata(tuple(map(_erratum_row, errata, evidence)), evidence)


def _erratum_row(erratum, evidence):
    return {
        "name": erratum.key,
        "where": erratum.source,
        "printed": erratum.printed,
        "right": erratum.right,
        "print is": evidence.fault if evidence.tells_apart else "NOT TOLD APART",
        "why": erratum.why,
        "number": evidence.what,
        "its value": _rounded(evidence.truth),
        "right gives": _rounded(evidence.right),
        "print gives": _rounded(evidence.printed),
    }


def _rounded(values):
    return ", ".join(f"{value:.6g}" for value in np.atleast_1d(values))


def _gravity(comparison):
    """Violations come before tight bounds, the largest of each first."""
    violated = comparison.excess > 0
    return violated, comparison.excess if violated else np.nan_to_num(comparison.share, nan=-1.0)


def _tightest(claim, subject):
    """The comparison of one claim that comes first by `_gravity`, in a list; empty where the claim is silent."""
    excess, share = np.atleast_1d(claim.excess()), np.atleast_1d(claim.share())
    if np.isnan(excess).all():
        return []
    score = excess if np.nanmax(excess) > 0 else np.where(np.isnan(excess), -np.inf, np.nan_to_num(share, nan=-1.0))
    index = np.unravel_index(np.nanargmax(score), score.shape)
    places = {name: np.broadcast_to(values, score.shape)[index] for name, values in claim.axes.items()}
    exact, bound = (np.broadcast_to(np.asarray(side, float), score.shape)[index] for side in (claim.exact, claim.bound))
    return [
        Comparison(
            subject=subject.name,
            place=", ".join(f"{name} = {value:.6g}" for name, value in places.items()),
            exact=float(exact),
            bound=float(bound),
            sense=claim.sense,
            share=float(share[index]),
            excess=float(excess[index]),
        )
    ]
