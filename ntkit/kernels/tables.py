"""A kernel on the sphere as a function of the margin 1 − |ρ|: the layers themselves, or their table."""

from functools import lru_cache

import numpy as np
from array_api_compat import array_namespace, is_torch_array

from ntkit.dual import clamp
from ntkit.kernels.state import KernelState, read_out

_DIRECT_PAIRS = 4096  # up to here the layers run over the pairs themselves
_OCTAVES = 112  # margins down to 2e-34; float64 inputs that differ have larger ones
_COARSE = 16  # Chebyshev points on an octave
_FINE = 32  # panels on an octave, a power of two
_DEGREE = 5


def profile(architecture, variance, ntk, pairs):
    """(ρ, margin) → kernels of the read-out: the layers themselves, or their table if there are many pairs."""
    if pairs > _DIRECT_PAIRS:
        return ProfileTable.of(architecture, variance, ntk)

    def direct(rho, margin):
        shape = rho.shape
        state = _margin_state(rho.reshape(-1), margin.reshape(-1), variance, ntk)
        kernels = read_out(architecture, state)
        return [k.reshape(shape) for k in (kernels.nngp, kernels.ntk) if k is not None]

    return direct


def _margin_state(rho, margin, variance, ntk):
    xp = array_namespace(rho)
    near, far = variance * margin, variance * (2 - margin)
    positive = rho >= 0
    return KernelState(
        variance,
        variance,
        variance * rho,
        xp.where(positive, near, far),
        xp.where(positive, far, near),
        0.0 * rho if ntk else None,
    )


class ProfileTable:
    """Kernels of one architecture on a sphere as polynomials of the margin 1 − |ρ|, for ρ ≥ 0 and ρ < 0.

    The panels are those of floating-point numbers, every octave of the margin cut in `_FINE`: the panel of a margin is
    read off its exponent and leading bits.
    """

    def __init__(self, coefficients, ends):
        self._coefficients = coefficients  # (kernels, degree + 1, side · panels), highest power first
        self._ends = ends  # of every kernel, at ρ = −1 and ρ = 1
        self._devices = {}

    @classmethod
    def of(cls, architecture, variance, ntk):
        return _table(cls, architecture, variance, ntk)

    def __call__(self, rho, margin):
        """The kernels at ρ, given with 1 − |ρ|."""
        xp = array_namespace(rho)
        panel, local = _panel(margin)
        panel = xp.where(rho < 0, panel + _OCTAVES * _FINE, panel)
        values = self._horner(panel.reshape(-1), local.reshape(-1))
        values = [v.reshape(rho.shape) for v in values]
        parallel = margin == 0
        for value, (antipodal, same) in zip(values, self._ends, strict=True):
            value[parallel & (rho > 0)] = same
            value[parallel & (rho < 0)] = antipodal
        return values

    def _horner(self, panel, local):
        values = []
        for coefficients in self._on_device(local):
            value = coefficients[0][panel]
            for row in coefficients[1:]:
                value *= local
                value += row[panel]
            values.append(value)
        return values

    def _on_device(self, like):
        if not is_torch_array(like):
            return self._coefficients
        key = str(like.device)
        if key not in self._devices:
            self._devices[key] = array_namespace(like).asarray(self._coefficients, device=like.device)
        return self._devices[key]


def _panel(margin):
    """The panel of a margin and its place in it, in [−1, 1): exponent and mantissa of the float64."""
    xp = array_namespace(margin)
    bits = clamp(margin, 2.0**-_OCTAVES, 1 - 2.0**-53).view(xp.int64)
    shift = 52 - (_FINE.bit_length() - 1)
    panel = (bits >> shift) - ((1023 - _OCTAVES) * _FINE)
    local = xp.astype(bits & ((1 << shift) - 1), xp.float64) * 2.0 ** (1 - shift) - 1.0
    return panel, local


@lru_cache(maxsize=64)
def _table(cls, architecture, variance, ntk):
    """Run the layers on Chebyshev points of every octave, then resample to polynomials of low degree."""
    points = 1.5 + 0.5 * _chebyshev(_COARSE)
    margins = (2.0 ** np.arange(-_OCTAVES, 0)[:, None] * points).ravel()
    rho = np.concatenate([1 - margins, margins - 1])
    kernels = read_out(architecture, _margin_state(rho, np.tile(margins, 2), variance, ntk))
    ends = read_out(architecture, _margin_state(np.array([-1.0, 1.0]), np.zeros(2), variance, ntk))
    kept = [(k, e) for k, e in ((kernels.nngp, ends.nngp), (kernels.ntk, ends.ntk)) if k is not None]
    resample = _resampling()
    fine = [(values.reshape(-1, _COARSE) @ resample.T).reshape(-1, _DEGREE + 1) for values, _ in kept]
    return cls(np.stack([f.T for f in fine]), [e.tolist() for _, e in kept])


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
