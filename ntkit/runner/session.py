"""A run: each notebook executed, its records compared with their reference, everything written into one report."""

from dataclasses import dataclass
from pathlib import Path

from ntkit.runner.execution import execute
from ntkit.runner.expected import save_digests
from ntkit.runner.references import AGREES, compare, load_reference, save_reference
from ntkit.runner.report import write_index, write_page

PROFILES = ("fast", "full")
DEVICES = ("auto", "cpu", "cuda")
_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Outcome:
    """What became of one notebook: its comparisons, its problems, where its executed form lies, and the time it
    took."""

    name: str
    comparisons: tuple
    problems: tuple
    page: Path
    seconds: float

    @property
    def passed(self):
        """Whether nothing went wrong and every record agrees."""
        return not self.problems and all(comparison.verdict == AGREES for comparison in self.comparisons)


def notebooks_directory():
    """Where the notebooks that come with ntkit lie: those of the clone, or those that the wheel carries.

    Raises: FileNotFoundError where neither is there.

    >>> notebooks_directory().name
    'notebooks'
    """
    candidates = (_PACKAGE.parent / "notebooks", _PACKAGE / "notebooks")
    for directory in candidates:
        if (directory / "00_tour.ipynb").exists():
            return directory
    places = " and ".join(map(str, candidates))
    raise FileNotFoundError(
        f"the notebooks must lie beside the package or in it; looked for 00_tour.ipynb in {places}. "
        "Name the notebooks to run, or install ntkit from a clone or a wheel."
    )


def notebooks():
    """The numbered notebooks that come with ntkit, in order.

    >>> notebooks()[0].name
    '00_tour.ipynb'
    """
    return sorted(notebooks_directory().glob("[0-9][0-9]_*.ipynb"))


def resolve_device(device):
    """``cpu`` or ``cuda``: ``auto`` takes the GPU where there is one.

    Raises: ValueError for another name, and for ``cuda`` where there is none.

    >>> resolve_device("cpu")
    'cpu'
    """
    if device not in DEVICES:
        raise ValueError(f"device must be one of {', '.join(DEVICES)}; got {device!r}.")
    if device == "cpu":
        return device
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise ValueError(
            f"device 'cuda' must be present; torch {torch.__version__} finds none. "
            "Use --device cpu or --device auto, or install a torch with CUDA on a machine with an NVIDIA GPU."
        )
    return "cpu"


def run(paths, output, *, profile="fast", device="auto", seed=0, against=None, update_reference=False, on_outcome=None):
    """Execute notebooks, compare what they record with their reference, and write the report.

    Parameters: paths, notebooks; output, a directory for ``index.html`` and the executed notebooks; profile, ``fast``
    or ``full``; device, ``auto``, ``cpu`` or ``cuda``; seed, passed to the notebooks; against, the kind of device
    whose reference is used, by default the one that computes; update_reference, make what was recorded the reference;
    on_outcome, called with each `Outcome` as it comes.
    Returns: a list of `Outcome`.
    Raises: ValueError for a bad device, profile or notebook; FileNotFoundError for a notebook that is not there.

    >>> import nbformat, tempfile
    >>> from nbformat.v4 import new_code_cell, new_notebook
    >>> folder = Path(tempfile.mkdtemp())
    >>> settings = "profile = 'fast'\\ndevice = 'auto'\\nseed = 0"
    >>> parameters = new_code_cell(settings, metadata={"tags": ["parameters"]})
    >>> answer = new_code_cell("from ntkit.runner import record; record('answer', 6 * 7)")
    >>> kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    >>> nbformat.write(new_notebook(cells=[parameters, answer], metadata=kernel), folder / "answer.ipynb")
    >>> [outcome] = run([folder / "answer.ipynb"], folder / "report", device="cpu", update_reference=True)
    >>> outcome.passed
    True
    """
    if profile not in PROFILES:
        raise ValueError(f"profile must be one of {', '.join(PROFILES)}; got {profile!r}.")
    device, output = resolve_device(device), Path(output)
    paths = _distinct(_existing(path) for path in paths)
    output.mkdir(parents=True, exist_ok=True)
    settings = {"profile": profile, "device": device, "seed": seed}
    outcomes = []
    for path in paths:
        outcomes.append(_run_one(path, output, settings, against or device, update_reference))
        if on_outcome:
            on_outcome(outcomes[-1])
    write_index(output, outcomes, settings)
    return outcomes


def _run_one(path, output, settings, against, update_reference):
    execution = execute(path, output / path.name, **settings)
    problems = list(execution.problems)
    if not execution.records:
        problems.append("it recorded nothing; a notebook that only runs proves nothing. Record numbers with record().")
    if update_reference and not problems:
        _update(path, execution, settings)
    comparisons = ()
    try:
        reference = load_reference(path, settings["profile"], against, settings["seed"])
    except ValueError as error:
        problems.append(str(error))
    else:
        comparisons = tuple(compare(execution.records, reference))
    page = write_page(execution.notebook, output / f"{path.stem}.html")
    return Outcome(path.stem, comparisons, tuple(problems), page, execution.seconds)


def _update(path, execution, settings):
    save_reference(path, **settings, records=execution.records)
    if settings["profile"] == "fast" and settings["device"] == "cpu":
        save_digests(path, execution.notebook)


def _existing(path):
    path = Path(path).resolve()
    if not path.is_file():
        raise FileNotFoundError(f"a notebook to run must exist; there is none at {path}.")
    return path


def _distinct(paths):
    paths = list(paths)
    names = [path.stem for path in paths]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(
            f"notebooks of one run must differ in name, as their pages do; repeated: {', '.join(repeated)}."
        )
    return paths
