"""The notebooks that come with ntkit: each runs, records what its reference says, and prints what nbval expects."""

import json
import os
import re
import subprocess
import sys

import nbformat
import pytest

from ntkit import runner
from ntkit.runner.expected import IGNORED, digests_path
from ntkit.runner.references import reference_path
from tests.runner.replay import disagreements

NOTEBOOKS = runner.notebooks()
each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
# A panel, numbers, training: with these nbval's command is proven.  What all print is compared in the one run of each.
EXECUTED_BY_NBVAL = ("00_tour", "03_training_speed", "08_benign_overfitting")
SECONDS = 60  # of a processor's time: what a run takes on an idle core, however busy this machine is


@pytest.fixture
def sanitizing(repository):
    return repository / "notebooks" / "reference" / "nbval.cfg"


def processor_time_of_children():
    """Seconds that the kernels which have ended, and what they started, spent on a processor."""
    times = os.times()
    return times.children_user + times.children_system


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


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
        "18_normrelu_vs_batchnorm",
        "19_accuracy_and_dot_products",
        "20_deep_fully_connected",
        "21_residual_networks",
        "22_fixup",
        "23_normrelu_and_selu",
        "24_selu_in_residual_networks",
    ]


@each_notebook
def test_a_run_agrees_with_the_reference_and_prints_what_nbval_expects(notebook, tmp_path, sanitizing, request):
    # When it runs once, then all went well, in time
    start = processor_time_of_children()
    (outcome,) = runner.run([notebook], tmp_path, profile="fast", device="cpu")
    assert outcome.problems == ()
    assert 0 < processor_time_of_children() - start < SECONDS
    # and what it recorded is the reference
    assert [c for c in outcome.comparisons if c.verdict != "agrees"] == []
    assert len(outcome.comparisons) >= 5
    # and nbval, asked about that run, has nothing against what its cells printed
    expected = runner.expected_copy(notebook, tmp_path / "expected.ipynb")
    executed = nbformat.read(tmp_path / notebook.name, as_version=4)
    assert disagreements(expected, executed, sanitizing, request.session) == {}


@each_notebook
def test_nbval_would_find_a_wrong_letter_in_any_of_the_expected_texts(notebook, tmp_path, sanitizing, request):
    # Given a run that printed just what is expected
    expected = runner.expected_copy(notebook, tmp_path / "expected.ipynb")
    printed = nbformat.read(expected, as_version=4)
    assert disagreements(expected, printed, sanitizing, request.session) == {}
    # When the first letter of each text is another
    checked = {number for number, cell in enumerate(code_cells(printed)) if cell.outputs}
    for cell in code_cells(printed):
        for output in cell.outputs:
            text = output if output.output_type == "stream" else output.data
            key = "text" if output.output_type == "stream" else "text/plain"
            text[key] = "~" + text[key][1:]
    # Then every cell fails that is checked
    assert set(disagreements(expected, printed, sanitizing, request.session)) == checked


@pytest.mark.parametrize("name", EXECUTED_BY_NBVAL)
def test_nbval_finds_the_expected_texts(name, tmp_path, sanitizing):
    copy = runner.expected_copy(runner.notebooks_directory() / f"{name}.ipynb", tmp_path / f"{name}.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-sanitize-with", sanitizing, "-c", "/dev/null", copy]
    finished = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert finished.returncode == 0, finished.stdout


@each_notebook
def test_both_profiles_have_a_reference_or_the_reason_why_not(notebook):
    sections = {profile: json.loads(reference_path(notebook, profile).read_text()) for profile in ("fast", "full")}
    assert "records" in sections["fast"]["cpu"]
    assert all("cpu" in held and set(held) <= {"cpu", "cuda"} for held in sections.values())
    filled = []
    for section in (section for held in sections.values() for section in held.values()):
        if "absent" in section:
            assert set(section) == {"absent"}
            assert section["absent"].strip()
        else:
            assert section["device"]
            assert section["versions"]["torch"]
            filled.append(set(section["records"]))
    assert all(names == filled[0] for names in filled)


@each_notebook
def test_what_draws_is_not_compared_and_what_checks_is(notebook):
    cells = code_cells(nbformat.read(notebook, as_version=4))
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
