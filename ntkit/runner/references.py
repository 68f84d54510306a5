"""Reference numbers: where they lie, how they are written, and the verdict on what a run recorded.

Beside a notebook ``NN_subject.ipynb`` lies ``reference/NN_subject.<profile>.json``.  It has one section for each kind
of device, ``cpu`` and ``cuda``, with the name of the device, the versions of the libraries and the seed of the run
that made it; or, where nobody could run it yet, the reason, {"absent": reason}, until a run replaces it.
"""

import json
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from ntkit.runner.records import Record

AGREES, DEVIATES, MISSING, UNEXPECTED, RESTATED = "agrees", "deviates", "missing", "unexpected", "restated"
_LIBRARIES = ("ntkit", "numpy", "scipy", "torch", "scikit-learn", "plotly", "ipywidgets")


@dataclass(frozen=True)
class Comparison:
    """One line of the report: a record, its reference (either may be None), how far apart they are and the verdict."""

    name: str
    record: Record | None
    reference: Record | None
    deviation: float
    verdict: str


def reference_path(notebook, profile):
    """Where the reference numbers of a notebook lie."""
    return notebook.parent / "reference" / f"{notebook.stem}.{profile}.json"


def load_reference(notebook, profile, device, seed):
    """The reference records of a notebook, by name.

    Raises: ValueError where there are none for this device, with the reason where one is given, or none for this seed.
    """
    path = reference_path(notebook, profile)
    sections = _sections(path)
    section = sections.get(device, {})
    if "records" not in section:
        raise ValueError(
            f"{path.name} must hold reference numbers for {device}; {_instead(sections, section)}. "
            f"Run with --device {device} --update-reference, read the numbers, and commit the file; "
            "or compare --against another device."
        )
    if section["seed"] != seed:
        raise ValueError(
            f"the reference numbers in {path.name} must come from the same seed; they come from {section['seed']}, "
            f"the run from {seed}. Run with --seed {section['seed']}."
        )
    return {name: Record.from_payload(name, payload) for name, payload in section["records"].items()}


def save_reference(notebook, profile, device, seed, records):
    """Make `records` the reference for this notebook, profile and kind of device; other devices keep theirs."""
    section = {
        "device": device_name(device),
        "seed": seed,
        "versions": library_versions(),
        "records": {name: record.payload() for name, record in records.items()},
    }
    return _save_section(reference_path(notebook, profile), device, section)


def save_absence(notebook, profile, device, reason):
    """Say why there are no reference numbers for this notebook, profile and kind of device, until a run brings some.

    Raises: ValueError for an empty reason, and where there are numbers already.
    """
    path = reference_path(notebook, profile)
    if not isinstance(reason, str) or not reason.strip():
        raise ValueError(f"why there are no reference numbers must be told in words; got {reason!r}.")
    if "records" in _sections(path).get(device, ()):
        raise ValueError(f"{path.name} must hold no numbers for {device} to say why there are none; it has some.")
    return _save_section(path, device, {"absent": reason})


def _save_section(path, device, section):
    path.parent.mkdir(parents=True, exist_ok=True)
    sections = dict(sorted({**_sections(path), device: section}.items()))
    path.write_text(_one_record_a_line(sections), encoding="utf-8")
    return path


def compare(records, reference):
    """The verdict on each name that the run or the reference has, in the order of the run, missing ones last."""
    names = [*records, *(name for name in reference if name not in records)]
    return [_comparison(name, records.get(name), reference.get(name)) for name in names]


def device_name(device):
    """What computed: the GPU's name, or the processor's architecture."""
    if device == "cuda":
        import torch

        return torch.cuda.get_device_name()
    return f"CPU ({platform.machine()})"


def library_versions():
    """Versions of Python and of the libraries that the numbers depend on."""
    return {"python": platform.python_version(), **{name: _installed(name) for name in _LIBRARIES}}


def _comparison(name, record, reference):
    if record is None or reference is None:
        return Comparison(name, record, reference, np.inf, MISSING if record is None else UNEXPECTED)
    if record.tolerance.statement != reference.tolerance.statement:
        return Comparison(name, record, reference, np.nan, RESTATED)
    deviation = _deviation(record, reference)
    verdict = AGREES if deviation <= reference.tolerance.limit else DEVIATES
    return Comparison(name, record, reference, deviation, verdict)


def _deviation(record, reference):
    """How far apart two values are, in the unit of their tolerance; infinite where their shapes differ."""
    if _shape(record.value) != _shape(reference.value):
        return np.inf
    return record.tolerance.deviation(record.value, reference.value, reference.tolerance)


def _shape(value):
    return sorted(value) if isinstance(value, dict) else np.shape(value)


def _sections(path):
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _instead(sections, section):
    """What a file without numbers for a device has in their place: the reason, or those for other devices."""
    if "absent" in section:
        return f"it says why there are none: {section['absent'].rstrip('.')}"
    filled = [device for device, other in sections.items() if "records" in other]
    return f"it has only {', '.join(filled)}" if filled else "it has none at all"


def _installed(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _one_record_a_line(sections):
    """JSON whose differences read well: a line a record, and arrays are not spread over lines."""
    return _object(((device, _object(_entries(section), 2)) for device, section in sections.items()), 1) + "\n"


def _entries(section):
    for key, value in section.items():
        lines = ((name, _json(payload)) for name, payload in value.items()) if key == "records" else None
        yield key, _object(lines, 3) if lines else _json(value)


def _object(entries, indent):
    lines = [f"{' ' * indent}{_json(key)}: {text}" for key, text in entries]
    return "{\n" + ",\n".join(lines) + "\n" + " " * (indent - 1) + "}"


def _json(value):
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
