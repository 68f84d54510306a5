"""nbval's verdict on an execution that is over: a kernel that runs nothing, and says again what each cell printed.

nbval collects the cells of the expected copy, reads their tags, sanitises and compares as ever; only the kernel that it
asks is another.  So a notebook that a run has executed need not be executed a second time to be compared.
"""

from nbformat import from_dict
from nbval.plugin import IPyNbFile, NbCellError, get_sanitize_patterns


class _Replay:
    """What nbval asks of a kernel, answered from an executed notebook, whose cells must be the same in order."""

    def __init__(self, executed):
        self._cells = iter([cell for cell in executed.cells if cell.cell_type == "code"])
        self._messages = iter(())

    def is_alive(self):
        return True

    def execute_cell_input(self, source, allow_stdin):
        cell = next(self._cells)
        assert cell.source == source, "the executed notebook must have the cells of the expected copy"
        self._messages = iter([*map(_message, cell.outputs), _message({"output_type": "status"})])
        return "replay"

    def await_reply(self, msg_id, timeout):
        pass

    def await_idle(self, msg_id, timeout):
        pass

    def get_message(self, stream, timeout):
        return next(self._messages)


def _message(output):
    content = {"execution_state": "idle", "metadata": {}, "execution_count": None, **output}
    return {"msg_type": output["output_type"], "parent_header": {"msg_id": "replay"}, "content": from_dict(content)}


def disagreements(expected, executed, sanitizing, session):
    """What nbval has against an executed notebook: by cell, counted from 0 among those of code, its words.

    Parameters: expected, path of the copy that carries the expected texts; executed, notebook; sanitizing, path of the
    patterns; session, pytest's own, whose options nbval reads.
    """
    file = IPyNbFile.from_parent(session, path=expected)
    file.sanitize_patterns.update(get_sanitize_patterns(sanitizing.read_text(encoding="utf-8")))
    file.kernel = _Replay(executed)
    found = {}
    for item in file.collect():
        try:
            item.runtest()
        except NbCellError as error:
            found[item.cell_num] = f"{error}\n{error.inner_traceback}"
    return found
