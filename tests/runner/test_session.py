"""`ntkit run` from the outside: what passes, what fails, and what it leaves behind."""

import json
import re
import shutil

import pytest
import torch
from click.testing import CliRunner

from ntkit import runner
from ntkit.cli import main
from ntkit.runner.references import save_absence

GOOD = "from ntkit.runner import record\nrecord('one', 1.5)\nrecord('two', [1.0, 2.0])"


@pytest.fixture
def ntkit_run(tmp_path):
    """Call with arguments: runs ``ntkit run`` with its report in ``report/`` and returns the click result."""

    def invoke(*arguments):
        output = ["--output", str(tmp_path / "report")]
        return CliRunner().invoke(main, ["run", *map(str, arguments), *output], catch_exceptions=False)

    return invoke


@pytest.fixture(scope="module")
def referenced_once(write_notebook, tmp_path_factory):
    """A small notebook whose reference numbers have been written."""
    folder = tmp_path_factory.mktemp("referenced")
    path = write_notebook(folder / "small.ipynb", GOOD)
    (outcome,) = runner.run([path], tmp_path_factory.mktemp("report"), device="cpu", update_reference=True)
    assert outcome.passed
    return path


@pytest.fixture
def referenced(referenced_once, tmp_path):
    """The same in a folder of the test's own, where `notebook` writes over it."""
    shutil.copytree(referenced_once.parent, tmp_path, dirs_exist_ok=True)
    return tmp_path / referenced_once.name


# ---- exit status


def test_a_good_notebook_passes(referenced, ntkit_run, tmp_path):
    result = ntkit_run(referenced, "--device", "cpu")
    assert result.exit_code == 0
    assert re.search(r"small: passed, 2 of 2 records agree, \d+\.\d s", result.output)
    assert f"report: {tmp_path / 'report' / 'index.html'}" in result.output


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("1.5", "1.500001"), "deviates: one: got 1.5, reference 1.5 (deviation 6.67e-07; relative 1e-09)"),
        (("record('one', 1.5)\n", ""), "missing: one: got nothing, reference 1.5 (deviation inf; relative 1e-09)"),
        (("'two'", "'three'"), "unexpected: three"),
        (("[1.0, 2.0])", "[1.0, 2.0], Relative(1e-3))"), "restated: two"),
        (("record('one'", "1 / 0\nrecord('one'"), "cell 2 (cell-1): ZeroDivisionError: division by zero"),
        ((GOOD, "1 + 1"), "it recorded nothing"),
    ],
    ids=["wrong number", "missing record", "unexpected record", "loosened tolerance", "error", "no record"],
)
def test_a_run_fails(referenced, notebook, ntkit_run, change, line):
    notebook(GOOD.replace(*change).replace("import record", "import Relative, record"))
    result = ntkit_run(referenced, "--device", "cpu")
    assert result.exit_code == 1
    assert "small: FAILED" in result.output
    assert line in result.output


def test_a_broken_callback_fails_the_run_though_every_number_is_right(referenced, notebook, ntkit_run):
    broken = "import ipywidgets as widgets\nb = widgets.Button()\nb.on_click(lambda _: 1 / 0)\nb.click()"
    notebook(GOOD, broken)
    result = ntkit_run(referenced, "--device", "cpu")
    assert result.exit_code == 1
    assert "2 of 2 records agree" in result.output
    assert "cell 3 (cell-2): ZeroDivisionError" in result.output


def test_one_failure_among_several_notebooks_fails_the_run(referenced, ntkit_run):
    other = referenced.with_name("other.ipynb")
    other.write_text(referenced.read_text())
    result = ntkit_run(referenced, other, "--device", "cpu")
    assert result.exit_code == 1
    assert "small: passed" in result.output
    assert "other: FAILED" in result.output
    assert "other.fast.json must hold reference numbers for cpu; it has none at all" in result.output


def test_an_error_is_never_made_the_reference(notebook, ntkit_run):
    path = notebook(GOOD, "1 / 0")
    assert ntkit_run(path, "--device", "cpu", "--update-reference").exit_code == 1
    assert not (path.parent / "reference").exists()


# ---- what it says where it cannot run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.ipynb"], "a notebook to run must exist; there is none at"),
        (["{notebook}", "{notebook}"], "notebooks of one run must differ in name"),
    ],
)
def test_bad_arguments_are_explained(notebook, ntkit_run, arguments, message):
    result = ntkit_run(*(argument.format(notebook=notebook(GOOD)) for argument in arguments))
    assert result.exit_code == 1
    assert message in result.output


def test_cuda_where_there_is_none_is_explained(notebook, ntkit_run, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    result = ntkit_run(notebook(GOOD), "--device", "cuda")
    assert result.exit_code == 1
    assert "device 'cuda' must be present" in result.output
    assert "Use --device cpu or --device auto" in result.output


@pytest.mark.parametrize(("available", "expected"), [(False, "cpu"), (True, "cuda")])
def test_auto_takes_the_gpu_where_there_is_one(monkeypatch, available, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    assert runner.resolve_device("auto") == expected
    assert runner.resolve_device("cpu") == "cpu"


def test_names_are_checked(notebook, tmp_path):
    with pytest.raises(ValueError, match="device must be one of auto, cpu, cuda; got 'tpu'"):
        runner.run([notebook(GOOD)], tmp_path, device="tpu")
    with pytest.raises(ValueError, match="profile must be one of fast, full; got 'slow'"):
        runner.run([notebook(GOOD)], tmp_path, profile="slow")


# ---- reference files


def test_the_reference_says_where_it_comes_from_and_keeps_devices_and_profiles_apart(referenced, ntkit_run):
    reference = referenced.parent / "reference"
    sections = json.loads((reference / "small.fast.json").read_text())
    assert set(sections["cpu"]) == {"device", "seed", "versions", "records"}
    assert sections["cpu"]["device"].startswith("CPU (")
    assert sections["cpu"]["versions"]["numpy"]

    (reference / "small.fast.json").write_text(json.dumps({"cuda": sections["cpu"]}))
    result = ntkit_run(referenced, "--device", "cpu")
    assert result.exit_code == 1
    assert "must hold reference numbers for cpu; it has only cuda" in result.output
    assert ntkit_run(referenced, "--device", "cpu", "--against", "cuda").exit_code == 0

    ntkit_run(referenced, "--device", "cpu", "--update-reference")
    ntkit_run(referenced, "--device", "cpu", "--update-reference", "--profile", "full")
    assert list(json.loads((reference / "small.fast.json").read_text())) == ["cpu", "cuda"]
    assert (reference / "small.full.json").exists()


def test_a_reference_may_say_why_it_is_empty_until_a_run_fills_it(notebook, ntkit_run):
    path = notebook(GOOD)
    written = save_absence(path, "full", "cpu", "not run yet: no data were at hand.")
    result = ntkit_run(path, "--device", "cpu", "--profile", "full")
    assert result.exit_code == 1
    assert "small: FAILED, 0 of 0 records agree" in result.output
    assert (
        "small.full.json must hold reference numbers for cpu; it says why there are none: not run yet: no data were at "
        "hand. Run with --device cpu --update-reference, read the numbers, and commit the file"
    ) in result.output

    assert ntkit_run(path, "--device", "cpu", "--profile", "full", "--update-reference").exit_code == 0
    assert set(json.loads(written.read_text())["cpu"]["records"]) == {"one", "two"}
    assert ntkit_run(path, "--device", "cpu", "--profile", "full").exit_code == 0


def test_an_absence_is_told_in_words_and_never_wipes_numbers(referenced):
    for reason in ("", "  ", None):
        with pytest.raises(ValueError, match="why there are no reference numbers must be told in words"):
            save_absence(referenced, "fast", "cuda", reason)
    with pytest.raises(ValueError, match=r"small\.fast\.json must hold no numbers for cpu"):
        save_absence(referenced, "fast", "cpu", "no GPU was at hand")
    sections = json.loads(save_absence(referenced, "fast", "cuda", "no GPU was at hand").read_text())
    assert sections["cuda"] == {"absent": "no GPU was at hand"}
    assert sections["cpu"]["records"]


def test_a_run_on_a_gpu_is_compared_with_numbers_of_a_gpu_only(referenced, ntkit_run, monkeypatch):
    # Given a machine that would have a GPU, and numbers for the CPU only
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    save_absence(referenced, "fast", "cuda", "no GPU was at hand")
    cpu = json.loads((referenced.parent / "reference" / "small.fast.json").read_text())["cpu"]
    # When it runs there, the numbers of the CPU do not count, though they are the same
    result = ntkit_run(referenced, "--device", "cuda")
    assert result.exit_code == 1
    assert "must hold reference numbers for cuda; it says why there are none: no GPU was at hand." in result.output
    # Then its own become the reference, with the device's name, and those of the CPU stay as they are
    assert ntkit_run(referenced, "--device", "auto", "--update-reference").exit_code == 0
    sections = json.loads((referenced.parent / "reference" / "small.fast.json").read_text())
    assert sections["cuda"]["device"] == "a GPU"
    assert sections["cpu"] == cpu
    assert ntkit_run(referenced, "--device", "cuda").exit_code == 0


def test_another_seed_needs_another_reference(referenced, ntkit_run):
    result = ntkit_run(referenced, "--device", "cpu", "--seed", "1")
    assert result.exit_code == 1
    assert "must come from the same seed; they come from 0, the run from 1. Run with --seed 0." in result.output


# ---- the report


def test_the_report_lists_every_record_and_links_the_executed_notebook(referenced, ntkit_run, tmp_path):
    ntkit_run(referenced, "--device", "cpu")
    index = (tmp_path / "report" / "index.html").read_text()
    for text in ("one", "1.5", "[1, 2]", "relative 1e-09", "agrees", "passed"):
        assert text in index
    for link in re.findall(r'href="([^"]+)"', index):
        assert (tmp_path / "report" / link).exists()


def test_pages_show_figures_and_fetch_nothing(notebook, ntkit_run, tmp_path):
    sources = [
        "import plotly.graph_objects as go\ngo.Figure(go.Scatter(y=[1, 2], name='</script><b>'))",
        "import ipywidgets as widgets\nwidgets.IntSlider()",
        "from ntkit.runner import record\nrecord('<script>alert(1)</script>', 1.5)",
    ]
    ntkit_run(notebook(*sources), "--device", "cpu")
    report = tmp_path / "report"
    page, index = (report / "small.html").read_text(), (report / "index.html").read_text()
    assert (report / "plotly.min.js").stat().st_size > 1_000_000
    assert "Plotly.newPlot" in page
    assert "open the notebook in JupyterLab" in page
    for html in (page, index):
        assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//[^"']*""", html)
        assert "<script>alert" not in html
