"""What an activation looks like: its graph as it is written, its graph normalised, and its Hermite coefficients.

σ̄(x) = (σ(x) − E σ) / √Var σ,      a_k = E σ̄(X) h_k(X),      Σ a_k² = 1,      μ = 1 − a_1²
"""

from dataclasses import dataclass

import numpy as np

from ntkit.activations import Activation


@dataclass(frozen=True, eq=False)
class Shape:
    """The graph of an activation and its expansion.

    x, raw, normalized: shape (m,), places and values of σ and of σ̄ there, dimensionless.
    hermite: shape (k,), the coefficients a_0 … a_{k−1} of σ̄.
    mu: the coefficient of non-linearity.  scale, shift: λ and b with σ̄(x) = λ(σ(x) + b).
    """

    activation: Activation
    x: np.ndarray
    raw: np.ndarray
    normalized: np.ndarray
    hermite: np.ndarray
    mu: float
    scale: float
    shift: float


def shape(sigma, /, x=None, *, terms=16):
    """The Shape of an activation, sampled at `x` and expanded to `terms` Hermite coefficients.

    Parameters: sigma, an Activation, normalised or not; x, where to sample it, 241 places from −4 to 4 by default, the
    kinks among them; terms ≥ 2.
    Raises: ValueError for a constant activation, which cannot be normalised.

    >>> import ntkit as nk
    >>> relu = shape(nk.activation("relu"), [-1.0, 0.0, 1.0])
    >>> relu.raw, relu.normalized.round(4)
    (array([0., 0., 1.]), array([-0.6833, -0.6833,  1.0295]))
    """
    x = _places(sigma) if x is None else np.asarray(x, dtype=float)
    bar = sigma.normalized()
    scale = bar.scale / sigma.scale
    return Shape(
        activation=sigma,
        x=x,
        raw=sigma(x),
        normalized=bar(x),
        hermite=bar.hermite(terms),
        mu=bar.coefficient_of_nonlinearity,
        scale=float(scale),
        shift=float(sigma.scale * (bar.shift - sigma.shift)),
    )


def _places(sigma, least=-4.0, most=4.0, count=241):
    kinks = [kink for kink in sigma.kinks if least < kink < most]
    return np.union1d(np.linspace(least, most, count), kinks)
