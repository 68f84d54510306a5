"""Tiny notebooks to run."""

import nbformat
import pytest
from nbformat import v4

PARAMETERS = "profile = 'fast'\ndevice = 'cpu'\nseed = 0"


@pytest.fixture(scope="session")
def write_notebook():
    """Call with a path and sources: a notebook with a parameters cell and code cells, their ids counted from cell-1."""

    def write(path, *sources, parameters=PARAMETERS):
        cells = [v4.new_code_cell(parameters, id="parameters", metadata={"tags": ["parameters"]})]
        cells += [v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources, start=1)]
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        nbformat.write(v4.new_notebook(cells=cells, metadata=metadata), path)
        return path

    return write


@pytest.fixture
def notebook(write_notebook, tmp_path):
    """Call with sources: writes ``small.ipynb`` (over an earlier one) and returns its path."""
    return lambda *sources, **settings: write_notebook(tmp_path / "small.ipynb", *sources, **settings)
