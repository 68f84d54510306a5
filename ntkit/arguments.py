"""Arguments that are numbers: a message says what must hold and what came instead."""

import math

import numpy as np
from array_api_compat import array_namespace, is_torch_array


def real(name, value, *, least=-math.inf, above=-math.inf, most=math.inf, must, remedy=""):
    """The value as a float.

    Parameters: name, of the argument; least, above, most: the range, finite in any case; must, how the message
    says it ("lie in [0, 1]"); remedy, a sentence that follows.
    Raises: ValueError when it is no finite number in that range.

    >>> real("slope", 1, must="be a finite number")
    1.0
    """
    number = _number(value)
    if number is None or not (least <= number <= most and number > above and math.isfinite(number)):
        raise ValueError(f"{name} must {must}; got {value!r}.{' ' * bool(remedy)}{remedy}")
    return number


def whole(name, value, *, least, most=2**53, must, remedy=""):
    """The value as an int.

    Parameters: as of `real`.  Raises: ValueError when it is no whole number in the range.

    >>> whole("depth", 3.0, least=0, must="be a whole number of hidden layers, at least 0")
    3
    """
    number = _number(value)
    if number is None or not (least <= number <= most and number == int(number)):
        raise ValueError(f"{name} must {must}; got {value!r}.{' ' * bool(remedy)}{remedy}")
    return int(number)


def floats(name, values):
    """Numbers as an array to compute with: float64, or a torch tensor of float32 or float64.

    Raises: ValueError for anything but real numbers.

    >>> floats("rho", [1, 0])
    array([1., 0.])
    """
    if is_torch_array(values):
        xp = array_namespace(values)
        return values if values.dtype in (xp.float32, xp.float64) else xp.astype(values, xp.float64)
    array = np.asarray(values)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must hold real numbers; got {values!r}.")
    return array.astype(float, copy=False)


def _number(value):
    """float(value); None for what only looks like a number: text, truth values."""
    if isinstance(value, str | bytes) or str(getattr(value, "dtype", type(value).__name__)).endswith("bool"):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None
