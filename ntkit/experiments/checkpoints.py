"""The state of a training run on disk: written whole or not at all, so that a kill at any moment loses no file."""

from pathlib import Path

import torch

from ntkit.experiments.files import whole_file

FORMAT = 1


def save(path, state):
    """Write a state, nested dicts and lists of tensors and plain values, in place of what stood at `path`.

    Raises: OSError where the folder cannot be written to.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "run.pt"
    >>> save(path, {"key": "a", "step": 3})
    >>> load(path, "a")["step"]
    3
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as stream:
        torch.save({"format": FORMAT, **state}, stream)
    for left_over in path.parent.glob(f".{path.name}.*.part"):
        left_over.unlink(missing_ok=True)  # by a run that was killed while it wrote


def load(path, key, *, device="cpu"):
    """The state at `path`, its tensors on `device`; None where there is no file.

    Nothing in the file is executed.
    Raises: ValueError for a file that is no checkpoint, one of another version, or one of another trial than `key`.

    >>> import tempfile
    >>> load(Path(tempfile.mkdtemp()) / "none.pt", "a") is None
    True
    """
    path = Path(path)
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:
        raise ValueError(f"{path} must be a checkpoint of a training run, and cannot be read: {error}") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise ValueError(f"{path} must be a checkpoint of this version of ntkit. Remove it to start afresh.")
    if state["key"] != key:
        raise ValueError(
            f"{path} must hold the trial that is to be run; it holds another ({state['label']}). "
            "Give each trial a file of its own, or remove this one."
        )
    return state
