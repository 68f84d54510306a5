"""A kernel on the sphere as a function of the margin 1 − |ρ|: the layers themselves, or their table."""

from functools import lru_cache

import numpy as np
from array_api_compat import array_namespace

from ntkit.kernels.state import KernelState, read_out
from ntkit.octaves import OctavePolynomials, sample_margins

_DIRECT_PAIRS = 4096  # up to here the layers run over the pairs themselves


def profile(architecture, variance, ntk, pairs):
    """(ρ, margin) → kernels of the read-out: the layers themselves, or their table if there are many pairs."""
    if pairs > _DIRECT_PAIRS:
        return profile_table(architecture, variance, ntk)

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


@lru_cache(maxsize=64)
def profile_table(architecture, variance, ntk):
    """Kernels of one architecture on a sphere as OctavePolynomials: the layers run once, over the octaves' points.

    >>> import ntkit as nk
    >>> table = profile_table(nk.mlp(1, "relu"), 1.0, False)
    >>> float(table(np.array([0.5]), np.array([0.5]))[0][0].round(9))
    0.304498891
    """
    margins = sample_margins()
    rho = np.concatenate([1 - margins, margins - 1])
    kernels = read_out(architecture, _margin_state(rho, np.tile(margins, 2), variance, ntk))
    ends = read_out(architecture, _margin_state(np.array([1.0, -1.0]), np.zeros(2), variance, ntk))
    kept = [(k, e) for k, e in ((kernels.nngp, ends.nngp), (kernels.ntk, ends.ntk)) if k is not None]
    return OctavePolynomials([values.reshape(2, -1) for values, _ in kept], [e for _, e in kept])
