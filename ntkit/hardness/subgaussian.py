"""Assumption (21): E e^{λσ(X)} ≤ e^{λ²α²/2} for every λ, and the smallest α for which it holds."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

_REACH, _PANEL = 12.0, 0.5  # of the quadrature, in standard deviations
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_LAMBDAS = np.geomspace(0.03, 30, 31)
_FAR = 1e6, 1e9
_LINEAR = 1.01  # of the growth exponent


def subgaussian_norm(activation):
    """The smallest α with E e^{λσ(X)} ≤ e^{λ²α²/2} for all λ, X ~ N(0, 1).

    α² = sup 2 log E e^{λσ(X)}/λ².  It tends to E σ² as λ → 0, and to the squared slope of σ far out as |λ| → ∞.

    Parameters: activation with E σ = 0, without which no α will do.
    Returns: float, at least √E σ²; to about 1e-6.
    Raises: ValueError where E σ ≠ 0, or where σ grows faster than linearly: then E e^{λσ} is too large for any α.
    Source: Agarwal, Awasthi, Kale (2021), equation (21).

    >>> import ntkit as nk
    >>> round(subgaussian_norm(nk.activation("sign")), 4)
    1.0
    >>> round(subgaussian_norm(nk.activation("relu").normalized()), 3)  # its slope, 1/√(½ − 1/2π)
    1.713
    """
    if activation.mean != 0:
        raise ValueError(
            f"activation {activation.name!r} must have E σ(X) = 0 to satisfy (21); its mean is {activation.mean:.6g}. "
            "Take sigma.normalized()."
        )
    exponent = growth_exponent(activation)
    if exponent > _LINEAR:
        raise ValueError(
            f"activation {activation.name!r} must grow at most linearly to be subgaussian (21); it grows like "
            f"|x|^{exponent:.3g}, so that no α bounds E e^(λσ) for all λ. Take one such as relu, tanh or sign."
        )
    steepest = max(_slope(activation, -_FAR[0]), _slope(activation, _FAR[0]))
    largest = max(_largest_ratio(activation, sign, steepest) for sign in (-1, 1))
    return float(np.sqrt(max(activation.second_moment, largest, steepest**2)))


def growth_exponent(activation):
    """The larger p of |σ(x)| ~ |x|^p as x → ±∞: 0 where σ is bounded, 1 for ReLU, inf where it overflows.

    >>> import ntkit as nk
    >>> round(growth_exponent(nk.activation("relu")), 3), growth_exponent(nk.activation("exp"))
    (1.0, inf)
    """
    with np.errstate(over="ignore", invalid="ignore"):
        near, far = (np.abs(np.asarray(activation(np.array([-end, end])), dtype=float)) for end in _FAR)
    if not np.isfinite(far).all():
        return np.inf
    rises = np.log(np.maximum(far, 1e-300) / np.maximum(near, 1e-300)) / np.log(_FAR[1] / _FAR[0])
    return float(max(np.where(far > 1e-3, rises, 0.0).max(), 0.0))


def _slope(activation, end):
    """|σ'| far out on that side; 0 where σ is bounded there, even if it oscillates."""
    if abs(float(activation(end))) < 1e-3 * abs(end):
        return 0.0
    return abs(float(activation(2 * end) - activation(end)) / end)


def _largest_ratio(activation, sign, steepest):
    """The largest ratio over λ of one sign: the best of a mesh, and then near it."""
    ratios = [_ratio(activation, sign * size, steepest) for size in _LAMBDAS]
    best = int(np.argmax(ratios))
    near = np.log(_LAMBDAS[[max(best - 1, 0), min(best + 1, len(_LAMBDAS) - 1)]])
    found = minimize_scalar(lambda t: -_ratio(activation, sign * np.exp(t), steepest), bounds=near, method="bounded")
    return max(ratios[best], -found.fun)


def _ratio(activation, lam, steepest):
    """2 log E e^{λσ(X)}/λ², by Gauss-Legendre quadrature in panels that end at the kinks."""
    reach = _REACH + 1.05 * steepest * abs(lam)
    edges = np.linspace(-reach, reach, 2 * int(np.ceil(reach / _PANEL)) + 1)
    edges = np.unique(np.concatenate([edges, [kink for kink in activation.kinks if abs(kink) < reach]]))
    half = 0.5 * np.diff(edges)[:, None]
    x = edges[:-1, None] + half * (1 + _NODES)
    log_mass = logsumexp(lam * activation(x) - 0.5 * x**2, b=half * _WEIGHTS / np.sqrt(2 * np.pi))
    return 2 * log_mass / lam**2
