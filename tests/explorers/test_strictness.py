"""Errors of a panel: shown with their remedy, and raised where a run has to notice."""

import asyncio

import pytest

from ntkit import explorers
from ntkit.explorers.messages import Messages
from ntkit.explorers.pause import Pause


def test_strict_mode_is_switched_in_this_process_and_those_it_starts(monkeypatch):
    monkeypatch.setenv("NTKIT_STRICT", "0")
    explorers.strict()
    assert explorers.is_strict()
    explorers.strict(False)
    assert not explorers.is_strict()


def test_message_names_the_remedy_and_markup_in_it_is_harmless(lenient):
    area = Messages()
    with area.reporting():
        raise ValueError("depth must be <b>whole</b>; take 3.")
    assert area.text == "depth must be <b>whole</b>; take 3."
    assert 'role="alert"' in area.value
    assert "<b>" not in area.value


def test_unexpected_error_is_shown_as_a_defect(lenient):
    area = Messages()
    with area.reporting():
        raise KeyError("entry")
    assert area.text == "KeyError, which should not happen: 'entry'"


def test_error_is_shown_and_raised_in_strict_mode():
    area, instead = Messages(), []
    with pytest.raises(ValueError, match="remedy"), area.reporting(instead=lambda: instead.append("done")):
        raise ValueError("remedy")
    assert area.text == "remedy"
    assert instead == ["done"]


def test_success_clears_the_message(lenient):
    area = Messages()
    with area.reporting():
        raise ValueError("wrong")
    with area.reporting():
        pass
    assert area.value == area.text == ""


def test_work_waits_for_the_pause_and_is_done_once(lenient):
    done = []

    async def move_a_slider():
        pause = Pause(lambda: done.append(len(done)), seconds=0.02)
        for _ in range(5):
            pause.restart()
            await asyncio.sleep(0)
        assert done == []
        await asyncio.sleep(0.1)

    asyncio.run(move_a_slider())
    assert done == [0]


def test_work_is_done_at_once_without_a_loop(lenient):
    done = []
    Pause(lambda: done.append(1)).restart()
    assert done == [1]


def test_work_is_done_at_once_in_strict_mode_so_that_its_error_reaches_the_caller():
    def fail():
        raise ValueError("the table is wrong")

    async def restart():
        Pause(fail).restart()

    with pytest.raises(ValueError, match="the table is wrong"):
        asyncio.run(restart())


def test_optional_work_is_left_out_where_nobody_moves_a_slider(lenient):
    done = []
    Pause(lambda: done.append(1), optional=True).restart()
    assert done == []
