"""Files that are there whole or not at all, whatever moment the program is killed at."""

import os
import uuid
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path):
    """A binary stream whose contents take the place of the file at `path` when the block ends, and none if it raises.

    They are complete under another name, ".<name>.….part" beside it, and on disk, before they take that name.
    Raises: OSError where the folder cannot be written to.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "answer"
    >>> with whole_file(path) as stream:
    ...     _ = stream.write(b"42")
    >>> path.read_bytes(), len(list(path.parent.iterdir()))
    (b'42', 1)
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
