"""What the statements on conditioning may be asked: numbers or arrays, brought to one kind and checked."""

import array_api_compat.numpy as np
from array_api_compat import array_namespace, device, is_torch_array

_REQUIREMENTS = {  # by name: what must hold, and what to say where it does not
    "depth": (
        lambda depth, xp: (depth >= 0) & (2 * depth == xp.floor(2 * depth)),
        "depth must be a whole or half number of layers, 0 or more; got {}.",
    ),
    "whole_depth": (
        lambda depth, xp: (depth >= 0) & (depth == xp.floor(depth)),
        "depth must be a whole number of layers here, 0 or more; got {}.",
    ),
    "delta": (
        lambda delta, xp: (delta > 0) & (delta < 1),
        "delta must lie in (0, 1); got {}. A separation is 1 − max |ρ|.",
    ),
    "closed_delta": (
        lambda delta, xp: (delta >= 0) & (delta <= 1),
        "delta must lie in [0, 1]; got {}. A separation is 1 − |ρ|.",
    ),
    "mu": (
        lambda mu, xp: (mu > 0) & (mu <= 1),
        "mu must lie in (0, 1]; got {}. It is the coefficient of non-linearity of a normalised activation; "
        "a linear one has mu = 0 and separates nothing.",
    ),
    "n": (
        lambda n, xp: (n >= 1) & (n == xp.floor(n)),
        "n must be a whole number of points, 1 or more; got {}.",
    ),
    "rho": (
        lambda rho, xp: xp.abs(rho) <= 1,
        "rho must lie in [−1, 1]; got {}. It is a correlation.",
    ),
    "share": (
        lambda share, xp: (share >= 0) & (share <= 1),
        "share must lie in [0, 1]; got {}. It is λ, how far between two correlations a third one lies.",
    ),
    "epsilon": (
        lambda epsilon, xp: (epsilon > 0) & (epsilon < 0.5),
        "epsilon must lie in (0, ½); got {}. It is what 1 − ρ is to fall to.",
    ),
    "full_gap": (
        lambda gap, xp: (gap >= 0) & (gap <= 2),
        "gap must lie in [0, 2]; got {}. It is 1 − ρ of a correlation ρ.",
    ),
    "slope_at_one": (
        lambda slope, xp: (slope > 0) & xp.isfinite(slope),
        "slope_at_one must be positive and finite; got {}. An activation that jumps has an infinite σ̂'(1) and "
        "no finite neural tangent kernel.",
    ),
    **dict.fromkeys(
        ("squared_norm", "squared_norm_x", "squared_norm_y"),
        (
            lambda norm, xp: (norm >= 0.5) & xp.isfinite(norm),
            "a squared norm must be 0.5 or more here; got {}. Below, the paper's contraction rate says nothing.",
        ),
    ),
    **dict.fromkeys(
        ("mu_x", "mu_y"),
        (
            lambda mu, xp: (mu >= 0) & (mu <= 1),
            "a generalised coefficient of non-linearity must lie in [0, 1]; got {}.",
        ),
    ),
    "alpha": (
        lambda alpha, xp: (alpha > 0) & (alpha <= 1),
        "alpha must lie in (0, 1]; got {}. At 0 lengths need not come nearer to 1, as those of a linear network.",
    ),
    "closed_alpha": (
        lambda alpha, xp: (alpha >= 0) & (alpha <= 1),
        "alpha must lie in [0, 1]; got {}. Lengths that move away from 1 have no such rate.",
    ),
    "residue": (
        lambda residue, xp: residue > 0,
        "epsilon must be positive; got {}. It is the share of the biases that may be left to come.",
    ),
    "steps": (
        lambda steps, xp: steps >= 0,
        "steps must be 0 or more; got {}.",
    ),
    "condition_number": (
        lambda kappa, xp: (kappa >= 1) & xp.isfinite(kappa),
        "condition_number must be 1 or more and finite; got {}. A singular kernel has modes that never train.",
    ),
    "condition_excess": (
        lambda excess, xp: (excess > 0) & xp.isfinite(excess),
        "condition_number must be above 1 and finite; got 1 + {}. No finite depth makes it 1.",
    ),
    "accuracy": (
        lambda epsilon, xp: (epsilon > 0) & (epsilon < 1),
        "epsilon must lie in (0, 1); got {}. It is the share of the loss that may be left.",
    ),
    "least_eigenvalue": (
        lambda value, xp: (value > 0) & xp.isfinite(value),
        "an eigenvalue must be positive and finite here; got {}. A singular kernel has modes that never train.",
    ),
    "beta": (
        lambda beta, xp: (beta > 0) & xp.isfinite(beta),
        "beta must be positive and finite; got {}. It is the largest squared length of a row, K_ii.",
    ),
    "gamma": (
        lambda gamma, xp: gamma > 0,
        "gamma must be positive; got {}. It is how far an entry of K may be from that of its limit.",
    ),
    "boundedness": (
        lambda bounded, xp: bounded > 0,
        "boundedness must be positive; got {}. It is C, the largest of sup |σ|, |σ'|, |σ''| where E σ² = 1.",
    ),
    "start": (
        lambda start, xp: (start >= 0) & xp.isfinite(start),
        "start must be 0 or more; got {}. It is the depth from which lengths are near 1.",
    ),
}
_LARGEST_WHOLE = 2.0**53  # above it float64 skips whole numbers


def checked(**values):
    """The namespace, then the values as arrays in it: torch where a tensor came in, numpy otherwise.

    Computing is in float64, in float32 where every floating tensor is float32.
    Raises: ValueError for a value outside the range that its name has here, showing the first one.
    """
    tensors = [value for value in values.values() if is_torch_array(value)]
    if tensors:
        xp, place = array_namespace(*tensors), device(tensors[0])
        floating = {tensor.dtype for tensor in tensors if xp.isdtype(tensor.dtype, "real floating")}
        dtype = xp.float32 if floating == {xp.float32} else xp.float64
    else:
        xp, place, dtype = np, "cpu", np.float64
    found = {name: xp.asarray(value, dtype=dtype, device=place) for name, value in values.items()}
    for name, value in found.items():
        holds, message = _REQUIREMENTS[name]
        _demand(holds(value, xp), value, message)
    return xp, *found.values()


def plain(value):
    """A numpy array without axes as the number it is; anything else as it came."""
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value


def whole(xp, value):
    """Whole numbers held in floats, as an int or as an int64 array."""
    _demand(value < _LARGEST_WHOLE, value, "A depth of {:g} is out of reach: mu is too small to separate anything.")
    return xp.astype(value, xp.int64) if value.ndim else int(value)


def _demand(holds, values, message):
    if not holds.all():
        raise ValueError(message.format(float(values[~holds].reshape(-1)[0])))
