"""How wide a normalised network must be, and what its finite width leaves of a correlation however deep it is."""

import numpy as np

from ntkit.arguments import real, whole


def theorem_52_width(depth, delta, mu, constant=1.0):
    """The width that Theorem 52 asks for, c₁ L/(μ²δ²); the constant c₁ is not stated.

    Parameters: depth L ≥ 1, delta in (0, 1), mu in (0, 1], constant c₁ > 0.
    Returns: int, the least whole number above.
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), Theorem 52.

    >>> theorem_52_width(32, 0.5, 0.2665289)
    1802
    """
    depth, delta, mu, constant = _checked(depth, delta, mu, constant)
    return int(np.ceil(constant * depth / (mu * delta) ** 2))


def theorem_15_width(depth, delta, mu, constant=1.0):
    """The width as Theorem 15 (53) prints it, c L μ²/δ²: misprinted, since less non-linearity would need less width.

    Parameters, returns, raises: as in `theorem_52_width`, which has what the proof uses.
    Source: Agarwal, Awasthi, Kale (2021), Theorem 15.

    >>> theorem_15_width(32, 0.5, 0.2665289)
    10
    """
    depth, delta, mu, constant = _checked(depth, delta, mu, constant)
    return int(np.ceil(constant * depth * (mu / delta) ** 2))


def fluctuation(activation, width):
    """√E ρ̂² that the width sustains at any depth, [m(1 − (1 − μ)²)]^(−½), to leading order in 1/m.

    Each layer multiplies a small correlation by a₁ = √(1 − μ) squared and adds an independent error of variance 1/m:
    E ρ̂² = (1 − μ)² E ρ̂² + 1/m.  So E |ρ̂| does not fall below about 0.8 times this, √(2/π).

    Parameters: activation, normalised and not linear; width m.
    Raises: ValueError for another activation.
    Source: ours, from equation (23) of Agarwal, Awasthi, Kale (2021).

    >>> import ntkit as nk
    >>> round(fluctuation(nk.activation("quadratic"), 100), 6)
    0.1
    """
    keep = 1 - demand_normalized(activation).coefficient_of_nonlinearity
    return float((_width(width) * (1 - keep**2)) ** -0.5)


def mean_floor(activation, width):
    """E ρ̂ that the width sustains at any depth, a₂²/(μ²(2 − μ)m), to leading order in 1/m; 0 for an odd σ.

    σ̂(ρ) = (1 − μ)ρ + a₂²ρ² + …, and ρ̂ fluctuates: E ρ̂ = (1 − μ)E ρ̂ + a₂² E ρ̂², with E ρ̂² from `fluctuation`.
    Theorem 52 has no such term: its proof bounds |E ρ̂_h| by a multiple of |ρ̂_{h−1}|, whose mean is not |E ρ̂_{h−1}|.

    Parameters, raises: as in `fluctuation`.
    Source: ours.

    >>> import ntkit as nk
    >>> round(100 * mean_floor(nk.activation("relu").normalized(), 100), 3), mean_floor(nk.activation("sign"), 100)
    (1.896, 0.0)
    """
    mu = demand_normalized(activation).coefficient_of_nonlinearity
    return float(activation.hermite(3)[2] ** 2 / mu * fluctuation(activation, width) ** 2)


def one_layer_spread(activation, delta, samples=100_000, seed=0):
    """√m times the standard deviation of ρ̂₁ between inputs of correlation 1 − δ, as the width m → ∞.

    By the delta method, the standard deviation of ½(σ(U) − σ(V))² − ½(1 − σ̂)(σ(U)² + σ(V)²).  A layer is reliable
    where it is a fraction of √m times what the layer gains, δμ/4 in the proof of Theorem 52: m ≥ 16(spread/δμ)².

    Parameters: activation, normalised; delta in (0, 1); samples of (U, V) and their seed.
    Returns: float, with a relative error of about samples^(−½).
    Raises: ValueError for another activation or a delta outside (0, 1).
    Source: ours, for equation (23) of Agarwal, Awasthi, Kale (2021).

    >>> import ntkit as nk
    >>> round(one_layer_spread(nk.activation("relu").normalized(), 1e-6) / 1e-6)  # of the order of δ: σ is Lipschitz
    4
    """
    demand_normalized(activation)
    delta = real("delta", delta, above=0, most=np.nextafter(1, 0), must="lie in (0, 1)")
    u, w = np.random.default_rng(seed).standard_normal((2, samples))
    one, other = activation(u), activation((1 - delta) * u + np.sqrt(delta * (2 - delta)) * w)
    gap = float(activation.dual.gap(delta))
    return float(np.std(0.5 * (one - other) ** 2 - 0.5 * gap * (one**2 + other**2)))


def demand_normalized(activation):
    """The activation, where it is normalised and not linear.

    Raises: ValueError otherwise.
    """
    if not activation.is_normalized:
        raise ValueError(
            f"activation {activation.name!r} must have E σ = 0 and E σ² = 1, or its layers do not separate inputs. "
            "Take sigma.normalized()."
        )
    if activation.coefficient_of_nonlinearity <= 1e-15:
        raise ValueError(f"activation {activation.name!r} must not be linear: it keeps every correlation.")
    return activation


def _width(width):
    return whole("width", width, least=1, must="be a positive whole number of units")


def _checked(depth, delta, mu, constant):
    return (
        whole("depth", depth, least=1, must="be a whole number of layers, at least 1"),
        real("delta", delta, above=0, most=np.nextafter(1, 0), must="lie in (0, 1)"),
        real("mu", mu, above=0, most=1, must="lie in (0, 1]"),
        real("constant", constant, above=0, must="be positive"),
    )
