"""Named numbers that a notebook records, and what it takes for two of them to agree.

A cell says ``record("ReLU, B(10, 0.05)", value)``.  The number is shown as one line of text; in full precision it
travels in the metadata of that output, where the runner finds it and compares it with the reference.  The line itself
is rounded, so that nbval can compare it letter by letter.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

MIME_TYPE = "application/vnd.ntkit.record+json"
_LARGEST = 5000


@dataclass(frozen=True)
class Exact:
    """The value is a word, a truth value or a whole number (or many): nothing but the same will do."""

    limit: float = 0.0

    @property
    def statement(self):
        return "exact"

    def deviation(self, value, reference, other):
        """0 where the values are the same, else infinite."""
        return 0.0 if value == reference else np.inf


@dataclass(frozen=True)
class Relative:
    """|value − reference| ≤ limit · |reference|, entry by entry; NaN and ±∞ only agree with themselves.

    `floor` is a difference, in the unit of the value, below which entries agree whatever their size.
    """

    limit: float = 1e-9
    floor: float = 0.0

    @property
    def statement(self):
        parts = (f"relative {self.limit:g}", self.limit), (f"within {self.floor:g}", self.floor)
        return " or ".join(text for text, bound in parts if bound) or "exact"

    def deviation(self, value, reference, other):
        """The largest relative difference."""
        value, reference = np.asarray(value, dtype=float), np.asarray(reference, dtype=float)
        with np.errstate(invalid="ignore", divide="ignore"):
            difference = np.abs(value - reference)
            relative = difference / np.abs(reference)
        same = (value == reference) | (np.isnan(value) & np.isnan(reference)) | (difference <= self.floor)
        return _largest(np.where(same, 0.0, relative))


@dataclass(frozen=True)
class MonteCarlo:
    """|value − reference| ≤ limit standard errors; each of the two brings its own, and they add in squares."""

    standard_error: object
    limit: float = 5.0

    @property
    def statement(self):
        return f"{self.limit:g} standard errors"

    def deviation(self, value, reference, other):
        """The largest difference in standard errors of that difference."""
        scale = np.hypot(np.asarray(self.standard_error, dtype=float), np.asarray(other.standard_error, dtype=float))
        difference = np.abs(np.asarray(value, dtype=float) - np.asarray(reference, dtype=float))
        with np.errstate(invalid="ignore", divide="ignore"):
            return _largest(np.where(difference == 0, 0.0, difference / scale))


@dataclass(frozen=True)
class Curves:
    """Training curves, a mapping from labels to positive losses: the same order at the end, and a band around each.

    `limit` is the factor by which any loss may differ from the reference, either way.
    """

    limit: float = 1.25

    @property
    def statement(self):
        return f"order at the end, and a factor {self.limit:g}"

    def deviation(self, value, reference, other):
        """The largest factor between a loss and its reference; infinite where labels, lengths or the order differ."""
        if _order(value) != _order(reference) or any(len(value[label]) != len(reference[label]) for label in value):
            return np.inf
        ratios = [np.asarray(value[label], dtype=float) / np.asarray(reference[label], dtype=float) for label in value]
        return float(np.exp(max(_largest(np.abs(np.log(ratio))) for ratio in ratios)))


KINDS = {"exact": Exact, "relative": Relative, "monte carlo": MonteCarlo, "curves": Curves}


@dataclass(frozen=True)
class Record:
    """A named value, plain (numbers, words, lists, and a dictionary of lists for curves), and its tolerance."""

    name: str
    value: object
    tolerance: Exact | Relative | MonteCarlo | Curves

    def __repr__(self):
        return f"{self.name} = {self.rounded}  [{self.tolerance.statement}]"

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(self)}, {MIME_TYPE: {"name": self.name, **self.payload()}}

    @property
    def rounded(self):
        """The value as text, with as many digits as the tolerance makes sense of."""
        return _rounded(self.value, self.tolerance)

    def payload(self):
        """What the metadata and the reference files hold: JSON without the name."""
        kind = next(name for name, kind in KINDS.items() if isinstance(self.tolerance, kind))
        stated = {key: _spell(entry) for key, entry in vars(self.tolerance).items()}
        return {"value": _spell(self.value), "tolerance": {"kind": kind, **stated}}

    @classmethod
    def from_payload(cls, name, payload):
        """The inverse of `payload`."""
        stated = {key: _unspell(entry) for key, entry in payload["tolerance"].items() if key != "kind"}
        return cls(name, _unspell(payload["value"]), KINDS[payload["tolerance"]["kind"]](**stated))


def record(name, value, tolerance=None):
    """Record a number, an array or curves under a name, for the runner to compare with the reference.

    Parameters: name, unique in its notebook; value, numbers (numpy, torch or plain), words, or for `Curves` a mapping
    from labels to positive losses; tolerance, an `Exact`, `Relative`, `MonteCarlo` or `Curves`.  By default
    fractional numbers are `Relative(1e-9)`, and words, truth values and whole numbers `Exact()`.
    Raises: ValueError for an empty name, an empty or too large array, or losses that are not positive.

    >>> record("μ of the step", 0.36338022763241865)
    μ of the step = 0.36338  [relative 1e-09]
    """
    from IPython.display import display

    if not isinstance(name, str) or not name.strip():
        raise ValueError(
            f"a record's name must be a non-empty text; got {name!r}. It identifies the number in reports."
        )
    display(_record(name, value, tolerance))


def _record(name, value, tolerance):
    if isinstance(tolerance, Curves):
        return Record(name, _plain_curves(name, value), tolerance)
    value = _plain(name, value)
    tolerance = tolerance or _default_tolerance(value)
    if isinstance(tolerance, MonteCarlo):
        tolerance = MonteCarlo(_plain(name, tolerance.standard_error), tolerance.limit)
    return Record(name, value, tolerance)


def _default_tolerance(value):
    return Relative() if np.asarray(value).dtype.kind == "f" else Exact()


def _plain(name, value):
    """Numbers, texts or nested lists of them, from whatever array library they come."""
    if hasattr(value, "detach"):  # a torch tensor, which may require gradients and live on a GPU
        value = value.detach().cpu().numpy()
    array = np.asarray(value)
    if array.dtype.kind not in "biufU":
        raise ValueError(f"record {name!r} must hold numbers, truth values or words; got {type(value).__name__}.")
    if not 0 < array.size <= _LARGEST:
        raise ValueError(
            f"record {name!r} must hold between 1 and {_LARGEST} entries; got {array.size}. "
            "Record what matters of it: its ends, its largest entry, a norm."
        )
    return array.tolist()


def _plain_curves(name, curves):
    if not isinstance(curves, Mapping) or not curves:
        raise ValueError(f"record {name!r} must map labels to losses; got {type(curves).__name__}.")
    plain = {str(label): _plain(name, losses) for label, losses in curves.items()}
    for label, losses in plain.items():
        if not (np.ndim(losses) == 1 and np.all(np.isfinite(losses)) and np.min(losses) > 0):
            raise ValueError(
                f"losses must be finite and positive to be held to a factor; curve {label!r} of {name!r} is not."
            )
    return plain


def _order(curves):
    return sorted(curves, key=lambda label: curves[label][-1])


def _largest(array):
    """The largest entry, infinite where one is not a number."""
    largest = float(np.max(array))
    return np.inf if np.isnan(largest) else largest


def _spell(value):
    """JSON has no NaN and no infinity: they are spelled out."""
    if isinstance(value, dict):
        return {key: _spell(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_spell(entry) for entry in value]
    return repr(value) if isinstance(value, float) and not np.isfinite(value) else value


def _unspell(value):
    if isinstance(value, dict):
        return {key: _unspell(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_unspell(entry) for entry in value]
    return float(value) if value in ("nan", "inf", "-inf") else value


def _rounded(value, tolerance):
    """As many digits as the tolerance makes sense of; of long arrays the ends."""
    digits = 6 if isinstance(tolerance, Relative | Exact) else 3
    if isinstance(value, dict):
        return ", ".join(f"{label}: {_rounded(losses, tolerance)}" for label, losses in value.items())
    flat = np.asarray(value).ravel().tolist()
    shown = [f"{entry:.{digits}g}" if isinstance(entry, float) else str(entry) for entry in flat]
    if np.ndim(value) == 0:
        return shown[0]
    return f"[{', '.join(shown if len(shown) <= 6 else [*shown[:3], '…', *shown[-2:]])}]"
