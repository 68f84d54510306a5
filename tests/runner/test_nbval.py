"""nbval on a copy that carries the expected texts: right digests pass, a tampered one fails, and so does an error.

Each is asked twice: of nbval's command, which executes the copy, and of `disagreements`, which plays back an execution.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import plotly.graph_objects as go
import pytest

from ntkit.runner import digest, execute, expected_copy
from ntkit.runner.expected import digests_path, save_digests
from tests.runner.replay import disagreements

SOURCES = [
    "import ipywidgets as widgets\nimport plotly.graph_objects as go\nfrom ntkit.runner import digest, record",
    "figure = go.Figure(go.Scatter(y=[0.5, 0.25], name='curve'))\nfigure",
    "print(digest(figure))",
    "record('last', 0.25)",
    "print('drawn in 0.123 s')",
    "print('a text')",
    "nothing = 'printed'",
    "button = widgets.Button()\nbutton.on_click(lambda _: None)\nbutton.click()",
]
# What nbval must say of the cells of a tampered copy, where one cell more holds the parameters of the run; sanitising
# hides the duration in cell 6.
SAID = {
    4: ("mismatch 'stdout'", "2 values", "3 values"),
    5: ("mismatch 'text/plain'", "last = 0.25", "last = 0.26"),
    7: ("Unexpected output fields", "stdout"),
    8: ("Missing output fields", "stdout"),
    9: ("ZeroDivisionError",),
}


def run(path):
    return execute(path, path.with_suffix(".executed.ipynb"), profile="fast", device="cpu", seed=0).notebook


@pytest.fixture(scope="module")
def executed_once(write_notebook, tmp_path_factory):
    """A notebook, its drawing cell tagged, with the digests of one execution; and that execution."""
    path = write_notebook(tmp_path_factory.mktemp("digested") / "small.ipynb", *SOURCES)
    tagged = nbformat.read(path, as_version=4)
    tagged.cells[2].metadata.tags = ["nbval-ignore-output"]
    nbformat.write(tagged, path)
    executed = run(path)
    save_digests(path, executed)
    return path, executed


@pytest.fixture
def digested(executed_once, tmp_path):
    """The same in a folder of the test's own."""
    path, _ = executed_once
    return copied(path, tmp_path / "copy")


def copied(path, folder):
    return Path(shutil.copytree(path.parent, folder)) / path.name


def tamper(path, old, new):
    texts = digests_path(path).read_text()
    assert old in texts
    digests_path(path).write_text(texts.replace(old, new))


def tampered(path):
    """The same notebook with wrong digests, and with a button that fails."""
    for old, new in [("2 values", "3 values"), ("last = 0.25", "last = 0.26"), ("0.123 s", "4.5 s")]:
        tamper(path, old, new)
    texts = json.loads(digests_path(path).read_text())
    texts["cell-7"] = texts.pop("cell-6")
    digests_path(path).write_text(json.dumps(texts))
    path.write_text(path.read_text().replace("lambda _: None", "lambda _: 1 / 0"))
    return path


@pytest.fixture(scope="module")
def copies(executed_once, tmp_path_factory):
    """The right and the wrong copy, each with its execution, in one folder."""
    path, executed = executed_once
    folder = tmp_path_factory.mktemp("copies")
    wrong = tampered(copied(path, tmp_path_factory.mktemp("tampered") / "copy"))
    return {
        "right": (expected_copy(path, folder / "right.ipynb"), executed),
        "wrong": (expected_copy(wrong, folder / "wrong.ipynb"), run(wrong)),
    }


@pytest.fixture(scope="module")
def sanitizing(repository):
    return repository / "notebooks" / "reference" / "nbval.cfg"


@pytest.fixture(scope="module")
def said_by_nbval(copies, sanitizing):
    """What nbval's command has against both copies, by copy and cell."""
    folder = copies["right"][0].parent
    options = ["--nbval", "--nbval-sanitize-with", sanitizing, "-c", "/dev/null", "--rootdir", folder, "--color", "no"]
    command = [sys.executable, "-m", "pytest", *options, folder]
    finished = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=120)
    assert finished.returncode == 1
    assert f"{len(SAID)} failed, {2 * (len(SOURCES) + 2) - len(SAID)} passed" in finished.stdout
    said = re.split(r"^_+ (\w+)\.ipynb::Cell (\d+) _+$", finished.stdout, flags=re.MULTILINE)
    return {(name, int(cell)): words for name, cell, words in zip(said[1::3], said[2::3], said[3::3], strict=True)}


def test_nbval_finds_what_is_wrong_and_nothing_else(said_by_nbval):
    assert set(said_by_nbval) == {("wrong", cell) for cell in SAID}
    assert [cell for cell, words in SAID.items() for word in words if word not in said_by_nbval["wrong", cell]] == []


def test_an_execution_that_is_played_back_to_nbval_is_judged_as_by_its_command(copies, sanitizing, request):
    right, wrong = (disagreements(*copies[name], sanitizing, request.session) for name in ("right", "wrong"))
    assert right == {}
    assert set(wrong) == set(SAID)
    assert [cell for cell, words in SAID.items() for word in words if word not in wrong[cell]] == []


def test_an_execution_of_another_notebook_is_not_played_back(copies, sanitizing, request):
    (expected, _), (_, executed) = copies["right"], copies["wrong"]
    with pytest.raises(AssertionError, match="must have the cells of the expected copy"):
        disagreements(expected, executed, sanitizing, request.session)


def test_digests_of_cells_that_are_gone_are_refused(digested, tmp_path):
    tamper(digested, '"cell-3"', '"cell-9"')
    with pytest.raises(ValueError, match=r"must speak of cells of small\.ipynb only; it also has cell-9"):
        expected_copy(digested, tmp_path / "expected.ipynb")


def test_a_checked_cell_prints_text_only(notebook):
    path = notebook(*SOURCES[:2])
    with pytest.raises(ValueError, match="cell cell-2 must print text only"):
        save_digests(path, run(path))


def test_digests_hold_the_texts_by_cell(digested):
    texts = json.loads(digests_path(digested).read_text())
    assert list(texts) == ["cell-3", "cell-4", "cell-5", "cell-6"]
    assert texts["cell-3"][0]["text"] == "figure\n  curve: 2 values, 0.5 … 0.25, in all 0.75\n"


def test_a_digest_changes_with_what_is_drawn():
    figure = go.Figure([go.Scatter(y=np.array([1.0, None, 3.0], dtype=float), name="gap"), go.Bar(name="none")])
    figure.update_layout(title="A title")
    assert digest(figure) == "A title\n  gap: 3 values, 1 … 3, in all 4\n  none: empty"
    figure.data[0].y = [1.0, 2.0, 3.0]
    assert "in all 6" in digest(figure)


def test_a_digest_of_bars_that_lie_reads_their_length():
    figure = go.Figure(go.Bar(x=[2.0, 3.0], y=["relu", "tanh"], orientation="h", name="μ"))
    assert digest(figure) == "figure\n  μ: 2 values, 2 … 3, in all 5"
