"""Pickled dictionaries of plain values and byte arrays, read without running anything that they name.

A pickle is a program: it names functions and calls them.  Here no name is looked up.  The three that an array of bytes
needs are acted out by objects that can do nothing else, and any other ends the reading.
"""

import io
import pickle

import numpy as np

_RECONSTRUCT = ("numpy.core.multiarray", "_reconstruct")
_ARRAY_TYPE = ("numpy", "ndarray")
_NUMBER_TYPE = ("numpy", "dtype")


def byte_arrays(content):
    """The dictionary that a pickle of Python 2 holds: text as bytes, arrays of bytes as numpy arrays of uint8.

    Parameters: content, the bytes of the pickle.
    Raises: pickle.UnpicklingError when it names anything but such arrays, is cut off, or is no pickled dictionary.

    >>> byte_arrays(pickle.dumps({"labels": [3, 8]}, protocol=2))
    {'labels': [3, 8]}
    """
    try:
        found = _Reader(content).load()
    except pickle.UnpicklingError:
        raise
    except Exception as error:  # whatever a damaged program may do: EOFError, IndexError, TypeError, …
        raise pickle.UnpicklingError(f"{type(error).__name__}: {error}") from error
    if not isinstance(found, dict):
        raise pickle.UnpicklingError(f"it holds {type(found).__name__}, not a dictionary")
    return {key: value.array if isinstance(value, _Array) else value for key, value in found.items()}


class _Reader(pickle.Unpickler):
    def __init__(self, content):
        super().__init__(io.BytesIO(content), encoding="bytes")

    def find_class(self, module, name):
        if (module, name) in _ACTORS:
            return _Actor(_ACTORS[module, name])
        raise pickle.UnpicklingError(f"it asks to run {module}.{name}, and may only hold numbers, text and arrays")


class _Actor:
    """Called in place of what a pickle names; cannot be given attributes."""

    __slots__ = ("_act",)

    def __init__(self, act):
        self._act = act

    def __call__(self, *arguments):
        return self._act(*arguments)

    def __setstate__(self, state):
        raise pickle.UnpicklingError("it sets attributes of what it names")


class _Array:
    """An array of bytes, once its state is set: (version, shape, type of its numbers, columnwise, bytes)."""

    __slots__ = ("array",)

    def __init__(self, *_):
        self.array = None

    def __setstate__(self, state):
        _, shape, numbers, columnwise, content = state
        if not isinstance(numbers, _NumberType) or numbers.kind != b"u1":
            raise pickle.UnpicklingError(f"it holds an array of {getattr(numbers, 'kind', numbers)!r}, not of bytes")
        self.array = np.frombuffer(content, dtype=np.uint8).reshape(shape, order="F" if columnwise else "C")


class _NumberType:
    """The type of an array's numbers; the state that follows has the byte order, of which a byte has none."""

    __slots__ = ("kind",)

    def __init__(self, kind, *_):
        self.kind = kind

    def __setstate__(self, state):
        pass


def _nothing(*_):
    raise pickle.UnpicklingError("it makes an array other than by its bytes")


_ACTORS = {_RECONSTRUCT: _Array, _ARRAY_TYPE: _nothing, _NUMBER_TYPE: _NumberType}
