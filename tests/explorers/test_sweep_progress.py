"""The face of a sweep: a panel in a notebook that somebody may look at, lines of text elsewhere."""

import math

import IPython
import pytest

from ntkit.experiments import Recipe, RunningTrial, SweepProgress, fully_connected, grid, sweep
from ntkit.explorers import SweepBar, SweepPanel


class _Shell:
    """A shell with a kernel behind it, as a notebook has."""

    kernel = object()


@pytest.fixture
def shown(monkeypatch):
    """What a notebook shows."""
    things = []
    monkeypatch.setattr(IPython, "get_ipython", _Shell)
    monkeypatch.setattr("IPython.display.display", things.append)
    return things


def trials():
    return grid(fully_connected(2, 16), "digits", Recipe(0.05, epochs=2), range(2), train_size=64, test_size=64)


def test_panel_follows_a_sweep(lenient, shown, tmp_path):
    results = sweep(trials(), tmp_path, workers=0, progress=SweepBar())
    [panel] = shown
    assert len(results.records) == 2
    assert (panel.bar.value, panel.bar.bar_style) == (1.0, "success")
    assert panel.status.value == "sweep: 2 of 2 done, 0 running, 0 waiting"
    assert panel.runs.value == ""


def test_lines_in_strict_mode(shown, tmp_path, capsys):
    sweep(trials(), tmp_path, workers=0, progress=SweepBar())
    assert shown == []
    assert capsys.readouterr().out.splitlines()[-1] == "sweep: 2 of 2 done, 0 running, 0 waiting"


def test_lines_in_a_script(lenient, tmp_path, capsys):
    sweep(trials(), tmp_path, workers=0, progress=SweepBar())
    assert capsys.readouterr().out.splitlines()[-1] == "sweep: 2 of 2 done, 0 running, 0 waiting"


def test_table_has_a_row_for_each_run():
    panel = SweepPanel()
    known = RunningTrial("FC-2 <mine>", 3, 12, 0.25, 0.5, 1.0, 61.0)
    begun, unknown = RunningTrial("FC-3"), RunningTrial("FC-4", 1, 4, 2.0, 0.1, 1.0, math.nan)
    panel(SweepProgress(0, (known, begun, unknown), 1, 0))
    assert panel.runs.value.count("<tr>") == 4
    for cell in ("FC-2 &lt;mine&gt;", "3 of 12", "0.25", "50.0 %", "1 min 1 s", "begins", "1 of 4"):
        assert f"<td>{cell}</td>" in panel.runs.value
    assert panel.bar.value == pytest.approx((3 / 12 + 1 / 4) / 4)


@pytest.mark.parametrize(("waiting", "failed", "style"), [(0, 0, "success"), (1, 0, "warning"), (0, 1, "warning")])
def test_end_shows_whether_all_is_done(waiting, failed, style):
    panel = SweepPanel()
    panel(SweepProgress(2, (), waiting, failed, ended=True))
    assert panel.bar.bar_style == style
