"""Functions of a margin 1 − |ρ| in (0, 1] as polynomials on the octaves of floating-point numbers.

Every octave is cut into panels, a power of two of them: the panel of a margin is read off its exponent and leading
bits, so that a look-up takes tens of nanoseconds, and is as accurate for a small margin as for a large one.
"""

from functools import lru_cache

import numpy as np
from array_api_compat import array_namespace, is_torch_array

_OCTAVES = 112  # margins down to 2e-34; float64 inputs that differ have larger ones
_COARSE = 16  # Chebyshev points on an octave
_FINE = 32  # panels on an octave, a power of two
_DEGREE = 5


def sample_margins():
    """The margins at which `OctavePolynomials` asks for its functions, ascending.

    >>> margins = sample_margins()
    >>> bool(0 < margins[0] < 1e-33) and bool(margins[-1] < 1)
    True
    """
    points = 1.5 + 0.5 * _chebyshev(_COARSE)
    return (2.0 ** np.arange(-_OCTAVES, 0)[:, None] * points).ravel()


class OctavePolynomials:
    """Functions of the margin on two sides, ρ ≥ 0 and ρ < 0.

    Parameters: values (functions, 2, m), at `sample_margins()`, the side ρ ≥ 0 first; ends, for every function its
    values at ρ = 1 and at ρ = −1.

    >>> margins = sample_margins()
    >>> root = OctavePolynomials(np.sqrt(margins)[None, None] * np.ones((1, 2, 1)), [(0.0, 0.0)])
    >>> float(root(np.array([1.0]), np.array([1e-20]))[0][0].round(16))
    1e-10
    """

    def __init__(self, values, ends):
        values = np.asarray(values)
        fine = values.reshape(len(values), -1, _COARSE) @ _resampling().T
        self._coefficients = np.moveaxis(fine.reshape(len(values), -1, _DEGREE + 1), 2, 1).copy()
        self._ends = [tuple(map(float, pair)) for pair in ends]
        self._devices = {}

    def __call__(self, rho, margin):
        """The functions at ρ, given with 1 − |ρ|; arrays of one shape, float64."""
        xp = array_namespace(rho)
        panel, local = _panel(margin)
        panel = xp.where(rho < 0, panel + _OCTAVES * _FINE, panel).reshape(-1)
        local, parallel = local.reshape(-1), margin == 0
        found = []
        for coefficients, (same, antipodal) in zip(self._on_device(local), self._ends, strict=True):
            value = _horner(coefficients, panel, local).reshape(rho.shape)
            value[parallel & (rho > 0)] = same
            value[parallel & (rho < 0)] = antipodal
            found.append(value)
        return found

    def _on_device(self, like):
        if not is_torch_array(like):
            return self._coefficients
        key = str(like.device)
        if key not in self._devices:
            self._devices[key] = array_namespace(like).asarray(self._coefficients, device=like.device)
        return self._devices[key]


def _horner(coefficients, panel, local):
    value = coefficients[0][panel]
    for row in coefficients[1:]:
        value *= local
        value += row[panel]
    return value


def _panel(margin):
    """The panel of a margin and its place in it, in [−1, 1): exponent and mantissa of the float64."""
    xp = array_namespace(margin)
    bits = xp.clip(margin, 2.0**-_OCTAVES, 1 - 2.0**-53).view(xp.int64)
    shift = 52 - (_FINE.bit_length() - 1)
    panel = (bits >> shift) - ((1023 - _OCTAVES) * _FINE)
    local = xp.astype(bits & ((1 << shift) - 1), xp.float64) * 2.0 ** (1 - shift) - 1.0
    return panel, local


def _chebyshev(count):
    return -np.cos(np.pi * (np.arange(count) + 0.5) / count)


@lru_cache(maxsize=1)
def _resampling():
    """Matrix from values on the coarse points of an octave to the power coefficients on its fine panels."""
    coarse, local = _chebyshev(_COARSE), _chebyshev(_DEGREE + 1)
    centres = (2 * np.arange(_FINE) + 1) / _FINE - 1
    fine = (centres[:, None] + local / _FINE).ravel()
    chebyshev = np.polynomial.chebyshev.chebvander
    values = chebyshev(fine, _COARSE - 1) @ np.linalg.inv(chebyshev(coarse, _COARSE - 1))
    powers = np.linalg.inv(np.vander(local, _DEGREE + 1))
    return np.einsum("ab,pbc->pac", powers, values.reshape(_FINE, _DEGREE + 1, _COARSE)).reshape(-1, _COARSE)
