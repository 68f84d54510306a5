"""Notebooks for nbval: the texts that their cells must print, put back into a copy.

Committed notebooks carry no outputs.  What their checked cells print (records and digests of what was drawn, rounded)
is kept in ``reference/NN_subject.digests.json``, by cell.  A copy that carries these texts as its outputs is what
nbval needs:

    expected_copy("notebooks/01_conditioning.ipynb", "somewhere/01_conditioning.ipynb")
    pytest --nbval --nbval-sanitize-with notebooks/reference/nbval.cfg somewhere/01_conditioning.ipynb

Cells that draw are tagged ``nbval-ignore-output``; all others are compared letter by letter, after sanitising.
"""

import json
from pathlib import Path

import nbformat
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

IGNORED = "nbval-ignore-output"


def digests_path(notebook):
    """Where the expected texts of a notebook lie."""
    return notebook.parent / "reference" / f"{notebook.stem}.digests.json"


def save_digests(notebook, executed):
    """Keep the texts of an executed notebook as those that nbval must find.

    Raises: ValueError where a checked cell shows more than text.
    """
    texts = {cell.id: _texts(cell) for cell in executed.cells if _is_checked(cell)}
    path = digests_path(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(texts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def expected_copy(notebook, destination, *, device="cpu", seed=0):
    """Write a copy of a notebook, in its fast profile, that carries the expected texts as its outputs.

    Raises: ValueError where the digests speak of cells that the notebook does not have.

    >>> import tempfile
    >>> from ntkit.runner import notebooks
    >>> expected_copy(notebooks()[0], Path(tempfile.mkdtemp()) / "tour.ipynb").name
    'tour.ipynb'
    """
    notebook, destination = Path(notebook), Path(destination)
    texts = json.loads(digests_path(notebook).read_text(encoding="utf-8"))
    copy = load_notebook_node(str(notebook))
    strangers = set(texts) - {cell.id for cell in copy.cells}
    if strangers:
        raise ValueError(
            f"{digests_path(notebook).name} must speak of cells of {notebook.name} only; it also has "
            f"{', '.join(sorted(strangers))}. Run `ntkit run {notebook.name} --update-reference`."
        )
    for cell in copy.cells:
        if cell.cell_type == "code":
            cell.outputs = [nbformat.from_dict(output) for output in texts.get(cell.id, ())]
            cell.execution_count = 1  # nbval does not compare a cell that was never run
    copy = parameterize_notebook(copy, {"profile": "fast", "device": device, "seed": seed})
    nbformat.write(copy, destination)
    return destination


def _is_checked(cell):
    tags = cell.metadata.get("tags", ())
    return cell.cell_type == "code" and cell.outputs and IGNORED not in tags


def _texts(cell):
    """The outputs of a cell, without the metadata, which nbval does not compare."""
    return [_text(cell, output) for output in cell.outputs]


def _text(cell, output):
    if output.output_type == "stream":
        return {"output_type": "stream", "name": output.name, "text": output.text}
    if set(output.data) != {"text/plain"}:
        raise ValueError(
            f"cell {cell.id} must print text only, to be compared letter by letter; it shows {', '.join(output.data)}. "
            f"Draw in a cell tagged {IGNORED!r}, and print a digest of what was drawn in the next."
        )
    return {"output_type": "display_data", "metadata": {}, "data": dict(output.data)}
