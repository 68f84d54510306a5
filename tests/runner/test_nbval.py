"""nbval on a copy that carries the expected texts: right digests pass, a tampered one fails, and so does an error."""

import json
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

SOURCES = [
    "import plotly.graph_objects as go\nfrom ntkit.runner import digest, record",
    "figure = go.Figure(go.Scatter(y=[0.5, 0.25], name='curve'))\nfigure",
    "print(digest(figure))\nrecord('last', 0.25)",
]


@pytest.fixture(scope="module")
def executed_once(write_notebook, tmp_path_factory):
    """A notebook, its drawing cell tagged, with the digests of one execution."""
    path = write_notebook(tmp_path_factory.mktemp("digested") / "small.ipynb", *SOURCES)
    tagged = nbformat.read(path, as_version=4)
    tagged.cells[2].metadata.tags = ["nbval-ignore-output"]
    nbformat.write(tagged, path)
    save_digests(path, run(path).notebook)
    return path


@pytest.fixture
def digested(executed_once, tmp_path):
    """The same in a folder of the test's own."""
    return Path(shutil.copytree(executed_once.parent, tmp_path / "copy")) / executed_once.name


def run(path):
    return execute(path, path.with_suffix(".executed.ipynb"), profile="fast", device="cpu", seed=0)


def nbval(path, tmp_path, repository):
    """The exit status and the output of nbval on the expected copy."""
    copy = expected_copy(path, tmp_path / "expected.ipynb")
    sanitizing = repository / "notebooks" / "reference" / "nbval.cfg"
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-sanitize-with", sanitizing, "-c", "/dev/null", copy]
    finished = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    return finished.returncode, finished.stdout


def tamper(path, old, new):
    texts = digests_path(path).read_text()
    assert old in texts
    digests_path(path).write_text(texts.replace(old, new))


def test_right_digests_pass(digested, tmp_path, repository):
    status, output = nbval(digested, tmp_path, repository)
    assert status == 0, output
    assert "5 passed" in output


@pytest.mark.parametrize(
    ("old", "new"), [("2 values", "3 values"), ("last = 0.25", "last = 0.26")], ids=["a digest", "a record"]
)
def test_a_tampered_text_fails(digested, tmp_path, repository, old, new):
    tamper(digested, old, new)
    status, output = nbval(digested, tmp_path, repository)
    assert status == 1
    assert "1 failed, 4 passed" in output


def test_a_text_too_many_fails(digested, tmp_path, repository):
    digests_path(digested).write_text("{}")
    status, output = nbval(digested, tmp_path, repository)
    assert status == 1
    assert "Unexpected output fields" in output


def test_a_broken_callback_fails(digested, tmp_path, repository):
    broken = nbformat.read(digested, as_version=4)
    broken.cells[1].source += "\nimport ipywidgets as w\nb = w.Button()\nb.on_click(lambda _: 1 / 0)\nb.click()"
    nbformat.write(broken, digested)
    status, output = nbval(digested, tmp_path, repository)
    assert status == 1
    assert "ZeroDivisionError" in output


def test_digests_of_cells_that_are_gone_are_refused(digested, tmp_path):
    tamper(digested, '"cell-3"', '"cell-9"')
    with pytest.raises(ValueError, match=r"must speak of cells of small\.ipynb only; it also has cell-9"):
        expected_copy(digested, tmp_path / "expected.ipynb")


def test_a_checked_cell_prints_text_only(notebook):
    path = notebook(*SOURCES)
    with pytest.raises(ValueError, match="cell cell-2 must print text only"):
        save_digests(path, run(path).notebook)


def test_digests_hold_the_texts_by_cell(digested):
    texts = json.loads(digests_path(digested).read_text())
    assert list(texts) == ["cell-3"]
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
