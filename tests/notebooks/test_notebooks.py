"""The notebooks that come with ntkit: each runs, records what its reference says, and prints what nbval expects."""

import json
import re
import subprocess
import sys

import nbformat
import pytest

from ntkit import runner
from ntkit.runner.expected import IGNORED, digests_path
from ntkit.runner.references import reference_path

NOTEBOOKS = runner.notebooks()
each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
SECONDS = 60


def test_they_are_all_there():
    assert [path.stem for path in NOTEBOOKS] == [
        "00_tour",
        "01_conditioning",
        "02_activations",
        "03_training_speed",
        "04_uncentred",
        "05_any_norm",
        "06_optimisation",
        "07_hardness",
        "08_benign_overfitting",
        "09_one_layer",
        "10_theorem_ledger",
        "11_errata",
        "12_gram_matrices",
        "13_lower_bounds",
        "14_data_geometry",
        "15_fast_and_slow_activations",
        "16_depth_and_architecture",
        "17_convolutions_and_skips",
    ]


@each_notebook
def test_a_run_agrees_with_the_reference(notebook, tmp_path):
    (outcome,) = runner.run([notebook], tmp_path, profile="fast", device="cpu")
    assert outcome.problems == ()
    assert [c for c in outcome.comparisons if c.verdict != "agrees"] == []
    assert len(outcome.comparisons) >= 5
    assert outcome.seconds < SECONDS


@each_notebook
def test_nbval_finds_the_expected_texts(notebook, tmp_path, repository):
    copy = runner.expected_copy(notebook, tmp_path / notebook.name)
    sanitizing = repository / "notebooks" / "reference" / "nbval.cfg"
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-sanitize-with", sanitizing, "-c", "/dev/null", copy]
    finished = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert finished.returncode == 0, finished.stdout


@each_notebook
def test_both_profiles_have_a_reference_on_the_cpu(notebook):
    names = {}
    for profile in ("fast", "full"):
        section = json.loads(reference_path(notebook, profile).read_text())["cpu"]
        names[profile] = set(section["records"])
        assert section["versions"]["torch"]
    assert names["fast"] == names["full"]


@each_notebook
def test_what_draws_is_not_compared_and_what_checks_is(notebook):
    cells = [cell for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]
    drawing = {cell.id for cell in cells if IGNORED in cell.metadata.get("tags", ())}
    checking = {cell.id for cell in cells if "assert" in cell.source and cell.id != "imports"}
    assert drawing
    assert not drawing & checking
    compared = json.loads(digests_path(notebook).read_text())
    assert not drawing & set(compared)
    assert len(checking & set(compared)) >= 0.8 * len(checking)


@each_notebook
def test_the_text_needs_no_net_to_be_read(notebook):
    texts = [cell.source for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "markdown"]
    assert not [text for text in texts if re.search(r"https?://|\$[^$]+\$|!\[", text)]


@each_notebook
def test_links_between_notebooks_lead_somewhere(notebook):
    links = re.findall(r"\]\(([^)#\s]+\.ipynb)\)", notebook.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (notebook.parent / link).exists()] == []
