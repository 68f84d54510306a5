"""No error of a cell, a callback or a thread gets past a run."""

import os

import pytest

from ntkit.runner import execute

SETTINGS = {"profile": "fast", "device": "cpu", "seed": 0}

BROKEN = {
    "a cell": ["1 / 0"],
    "a button": [
        "import ipywidgets as widgets",
        "button = widgets.Button()\nbutton.on_click(lambda _: 1 / 0)\nbutton.click()",
    ],
    "a slider": [
        "import ipywidgets as widgets",
        "slider = widgets.IntSlider()\nslider.observe(lambda change: 1 / 0, 'value')\nslider.value = 3",
    ],
    "an output capture": [
        "import ipywidgets as widgets\nout = widgets.Output()\nslider = widgets.IntSlider()",
        "@out.capture()\ndef broken(change):\n    1 / 0\n\nslider.observe(broken, 'value')\nslider.value = 3",
    ],
    "interact": [
        "import ipywidgets as widgets",
        "@widgets.interact(x=(0, 5))\ndef show(x):\n    1 / (3 - x)\n\nshow.widget.children[0].value = 3",
    ],
    "a thread": ["import threading", "thread = threading.Thread(target=lambda: 1 / 0)\nthread.start()\nthread.join()"],
}


def run(path, **settings):
    return execute(path, path.with_suffix(".executed.ipynb"), **{**SETTINGS, **settings})


@pytest.mark.parametrize("sources", BROKEN.values(), ids=BROKEN.keys())
def test_an_error_is_a_problem_that_names_the_cell(notebook, sources):
    (problem,) = run(notebook(*sources)).problems
    assert "ZeroDivisionError: division by zero" in problem
    assert f"cell-{len(sources)}" in problem


def test_a_failed_assertion_shows_its_line(notebook):
    (problem,) = run(notebook("bound = 0.5\nassert 0.6 <= bound")).problems
    assert problem == "cell 2 (cell-1): AssertionError [assert 0.6 <= bound]"


def test_a_kernel_that_dies_is_a_problem(notebook):
    (problem,) = run(notebook("import os", "os._exit(1)", "1 + 1")).problems
    assert "the kernel died" in problem


def test_what_goes_well_is_no_problem(notebook):
    sources = [
        "import ipywidgets as widgets\nfrom ntkit.runner import record",
        "slider = widgets.IntSlider()\nslider.observe(lambda change: record('slider', change.new), 'value')",
        "slider.value = 3",
        "import sys\nprint('a warning', file=sys.stderr)",
        "record('parameters', [profile, device, str(seed)])",
    ]
    execution = run(notebook(*sources), profile="full", seed=4)
    assert execution.problems == ()
    assert {name: record.value for name, record in execution.records.items()} == {
        "slider": 3,
        "parameters": ["full", "cpu", "4"],
    }


def test_widgets_leave_no_state_in_the_executed_notebook(notebook):
    execution = run(notebook("import ipywidgets as widgets\nwidgets.VBox([widgets.Output(), widgets.IntSlider()])"))
    assert execution.problems == ()
    assert "widgets" not in execution.notebook.metadata


def test_panels_are_strict_and_the_environment_is_put_back(notebook, monkeypatch):
    monkeypatch.delenv("NTKIT_STRICT", raising=False)
    sources = ["import os\nfrom ntkit.runner import record", "record('strict', os.environ['NTKIT_STRICT'])"]
    assert run(notebook(*sources)).records["strict"].value == "1"
    assert "NTKIT_STRICT" not in os.environ


def test_a_name_is_recorded_once(notebook):
    sources = ["from ntkit.runner import record\nrecord('twice', 1.0)\nrecord('twice', 2.0)"]
    (problem,) = run(notebook(*sources)).problems
    assert "'twice' is recorded more than once" in problem


@pytest.mark.parametrize("text", ["{}", "no JSON"])
def test_a_file_that_is_no_notebook_is_named(tmp_path, text):
    (tmp_path / "broken.ipynb").write_text(text)
    with pytest.raises(ValueError, match=r"^broken\.ipynb must be a notebook"):
        run(tmp_path / "broken.ipynb")


@pytest.mark.parametrize("parameters", ["", "profile = 'fast'\ndevice = 'cpu'"])
def test_a_notebook_takes_its_parameters(notebook, parameters):
    with pytest.raises(
        ValueError, match=r"must set profile, device, seed in a cell tagged 'parameters'; missing: .*seed"
    ):
        run(notebook("1 + 1", parameters=parameters))
