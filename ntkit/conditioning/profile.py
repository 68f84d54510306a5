"""The bound beside what it bounds: two points at ρ₀ = 1 − δ, layer after layer."""

from dataclasses import dataclass

import numpy as np

from ntkit.architectures import mlp
from ntkit.conditioning.decay import L0, bound
from ntkit.conditioning.inputs import checked


@dataclass(frozen=True, eq=False)
class DepthProfile:
    """B_μ(l, δ) and the exact correlation of two inputs at ρ₀ = 1 − δ, for networks of l = 0 … L hidden layers.

    activation: name of the (normalised) activation; delta: δ; mu: μ; L0: L₀(δ)
    depth:       l, shape (L + 1,) like all the arrays below
    bound:       B_μ(l, δ), Theorem 3; it bounds ntk_ratio as well (theorem_5_sharp)
    correlation: |ρ_l|, the NNGP kernel of the pair
    gap:         1 − ρ_l, accurate where ρ_l is near 1
    ntk_bound:   2B_μ(l/2, δ), Theorem 5; nan for l < 2L₀, where the theorem is silent
    ntk_ratio:   |Θ_l(ρ₀)| / Θ_l(1), the NTK of the pair in units of its diagonal; nan for an activation that jumps,
                 which has no finite NTK, and where Θ_l(1) exceeds the largest float
    """

    activation: str
    delta: float
    mu: float
    L0: int
    depth: np.ndarray
    bound: np.ndarray
    correlation: np.ndarray
    gap: np.ndarray
    ntk_bound: np.ndarray
    ntk_ratio: np.ndarray


def depth_profile(activation, depth, delta, *, trajectory=None):
    """The DepthProfile of a normalised activation up to `depth` layers, from ρ₀ = 1 − `delta`.

    Parameters: activation, an Activation with E σ = 0, E σ² = 1; depth ≥ 0, whole; delta in (0, 1); trajectory, what
    `mlp(depth, activation).trajectory(gap=delta)` gives, where it is known already.
    Raises: ValueError for an activation that is not normalised or is linear, and outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), sections 3.1 and 3.2.

    >>> import ntkit as nk
    >>> profile = depth_profile(nk.activation("relu").normalized(), depth=40, delta=0.05)
    >>> profile.L0, round(float(profile.bound[40]), 6), round(float(profile.correlation[40]), 10)
    (19, 0.024808, 8.4602e-05)
    """
    _demand_normalized(activation)
    checked(whole_depth=depth, delta=delta)
    mu = activation.coefficient_of_nonlinearity
    layers = np.arange(int(depth) + 1)
    if trajectory is None:
        with np.errstate(over="ignore", invalid="ignore"):  # ntk_ratio is nan where the NTK exceeds the largest float
            trajectory = mlp(int(depth), activation).trajectory(gap=float(delta))
    _demand_start(trajectory, int(depth), float(delta))
    turn = L0(delta, mu)
    return DepthProfile(
        activation=activation.name,
        delta=float(delta),
        mu=float(mu),
        L0=turn,
        depth=layers,
        bound=bound(layers, delta, mu),
        correlation=np.abs(trajectory.correlation),
        gap=trajectory.gap,
        ntk_bound=np.where(layers >= 2 * turn, 2 * bound(layers / 2, delta, mu), np.nan),
        ntk_ratio=_ntk_ratio(trajectory),
    )


def _ntk_ratio(trajectory):
    if trajectory.ntk is None:
        return np.full_like(trajectory.gap, np.nan)
    diagonal = np.where(np.isfinite(trajectory.ntk_diagonal), trajectory.ntk_diagonal, np.nan)
    return np.abs(trajectory.ntk) / diagonal


def _demand_start(trajectory, depth, delta):
    if trajectory.gap.shape != (depth + 1,) or trajectory.gap[0] != delta:
        raise ValueError(
            f"trajectory must hold one pair over {depth} layers, from 1 − ρ₀ = {delta}; got shape "
            f"{trajectory.gap.shape}, starting at {trajectory.gap[0]}."
        )


def _demand_normalized(activation):
    if not activation.is_normalized:
        raise ValueError(
            f"activation must be normalised, E σ(X) = 0 and E σ(X)² = 1; {activation.name!r} has E σ(X) = "
            f"{activation.mean:.6g} and E σ(X)² = {activation.second_moment:.6g}. Take its .normalized()."
        )
