"""Running one notebook without a front end, and catching every error on the way.

papermill sees the errors that end a cell.  ipywidgets keeps most errors of callbacks from ending one: `interact` and
``@Output.capture()`` put the traceback into an Output widget, whose contents are not part of the cell's output, and
`Button.on_click` prints it and goes on.  All of these reach the client as messages, so the client that runs the
notebook here looks at each message before it is filed.  What leaves no message cannot be seen from outside: a callback
that turns its exception into a text for the user.  The lab's own panels do that, and re-raise under ``NTKIT_STRICT=1``,
which is set here.  Nor can an error be seen that a background thread meets after the last cell has ended: wait for it.
"""

import os
import re
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import papermill
from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from ntkit.runner.records import MIME_TYPE, Record

PARAMETERS = ("profile", "device", "seed")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_ARROW = re.compile(r"^-+> +\d+ (.*)$", re.MULTILINE)
_ENVIRONMENT = {"NTKIT_STRICT": "1", "PLOTLY_RENDERER": "plotly_mimetype"}


@dataclass(frozen=True)
class Execution:
    """An executed notebook: what it recorded, and what went wrong (one text a problem; empty where all went well)."""

    notebook: nbformat.NotebookNode
    records: dict
    problems: tuple
    seconds: float


class _WatchfulClient(PapermillNotebookClient):
    """Files outputs as papermill does, and keeps a list of all errors among them.

    The state of widgets is followed while the notebook runs, because nbclient fails on Output widgets where it is not,
    but never stored: a single plotly widget would add megabytes to the notebook.
    """

    def __init__(self, manager, *, problems, **settings):
        super().__init__(manager, **settings)
        self._problems = problems

    def output(self, outs, msg, display_id, cell_index):
        problem = _problem_in(msg["msg_type"], msg["content"])
        if problem:
            self._problems.append(f"cell {_label(self.nb.cells[cell_index], cell_index)}: {problem}")
        return super().output(outs, msg, display_id, cell_index)

    def set_widgets_metadata(self):
        """Store nothing."""


class _WatchfulEngine(NBClientEngine):
    """papermill's engine with the watchful client in it."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, *, problems, start_timeout=60, **settings):
        for unused in ("input_path", "log_output", "stdout_file", "stderr_file"):
            settings.pop(unused, None)
        client = _WatchfulClient(
            nb_man,
            problems=problems,
            kernel_name=kernel_name,
            startup_timeout=start_timeout,
            coalesce_streams=True,  # how often a cell's output was flushed is chance
            extra_arguments=["--log-level=CRITICAL"],  # what a kernel logs about its own sockets and signals is noise
            **settings,
        )
        return client.execute()


papermill_engines.register("ntkit", _WatchfulEngine)


def execute(notebook, output, *, profile, device, seed):
    """Run a notebook through papermill with its three parameters, and save it, outputs and all, as `output`.

    Returns: an `Execution`; errors in cells and callbacks are among its problems rather than raised.
    Raises: ValueError where the notebook has no cell tagged ``parameters`` that sets profile, device and seed.

    >>> import nbformat, tempfile
    >>> from nbformat.v4 import new_code_cell, new_notebook
    >>> folder = Path(tempfile.mkdtemp())
    >>> settings = "profile = 'fast'\\ndevice = 'auto'\\nseed = 0"
    >>> parameters = new_code_cell(settings, metadata={"tags": ["parameters"]})
    >>> answer = new_code_cell("from ntkit.runner import record; record('answer', 6 * 7)")
    >>> kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    >>> nbformat.write(new_notebook(cells=[parameters, answer], metadata=kernel), folder / "answer.ipynb")
    >>> execution = execute(folder / "answer.ipynb", folder / "run.ipynb", profile="fast", device="cpu", seed=0)
    >>> execution.records["answer"].value, execution.problems
    (42, ())
    """
    notebook, output = Path(notebook), Path(output)
    _require_parameters(notebook)
    problems = []
    start = time.perf_counter()
    with _environment(_ENVIRONMENT):
        try:
            papermill.execute_notebook(
                notebook,
                output,
                {"profile": profile, "device": device, "seed": seed},
                engine_name="ntkit",
                cwd=notebook.parent,
                progress_bar=False,
                problems=problems,
            )
        except PapermillExecutionError as error:
            problems = problems or [f"{error.ename}: {error.evalue}"]
        except DeadKernelError:
            problems.append("the kernel died, most often for want of memory; the last cell that ran is in the report")
    executed = nbformat.read(output, as_version=4)
    records, repeated = records_in(executed)
    problems += [f"the name {name!r} is recorded more than once; each needs its own" for name in repeated]
    return Execution(executed, records, tuple(problems), time.perf_counter() - start)


def records_in(notebook):
    """The records of an executed notebook by name, and the names that occur more than once."""
    payloads = [
        output.metadata[MIME_TYPE]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if MIME_TYPE in output.get("metadata", {})
    ]
    counts = Counter(payload["name"] for payload in payloads)
    records = {payload["name"]: Record.from_payload(payload["name"], payload) for payload in payloads}
    return records, [name for name, count in counts.items() if count > 1]


def _require_parameters(notebook):
    try:
        missing = set(PARAMETERS) - set(papermill.inspect_notebook(str(notebook)))
    except (nbformat.ValidationError, nbformat.reader.NotJSONError, ValueError) as error:
        raise ValueError(
            f"{notebook.name} must be a notebook as JupyterLab saves it, and cannot be read: {error}"
        ) from error
    if missing:
        raise ValueError(
            f"{notebook.name} must set {', '.join(PARAMETERS)} in a cell tagged 'parameters'; "
            f"missing: {', '.join(sorted(missing))}. Without them a run could not choose its size or device."
        )


def _problem_in(kind, content):
    """The error that a message reports, or None: an error of a cell or callback, or the traceback of a thread."""
    if kind == "error":
        said = ": ".join(filter(None, (content["ename"], content["evalue"])))
        return said + _line_at_fault(content["traceback"])
    if kind == "stream" and content["name"] == "stderr" and "Traceback (most recent call last)" in content["text"]:
        return _ANSI.sub("", content["text"].strip().splitlines()[-1])
    return None


def _line_at_fault(traceback):
    """The line of the cell that IPython's arrow points at, in brackets; an assertion says no more than this."""
    line = _ARROW.search(_ANSI.sub("", "\n".join(traceback)))
    return f" [{line[1].strip()}]" if line else ""


def _label(cell, index):
    return f"{index} ({cell.id})" if "id" in cell else str(index)


@contextmanager
def _environment(variables):
    """Set environment variables for the kernels started inside."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
