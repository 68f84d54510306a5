"""Lower bounds on λ_min that need no eigenvalues of the matrix itself."""

import numpy as np

from ntkit import kernels


def gershgorin(n, off_diagonal):
    """Floor and ceiling of the eigenvalues of a matrix with unit diagonal and other entries of at most b: 1 ∓ (n − 1)b.

    Raises: ValueError where b is negative or n < 1.

    >>> gershgorin(3, 0.25)
    (0.5, 1.5)
    """
    if n < 1 or not off_diagonal >= 0:
        raise ValueError(f"n must be 1 or more and off_diagonal 0 or more; got {n} and {off_diagonal}.")
    radius = (n - 1) * float(off_diagonal)
    return 1 - radius, 1 + radius


def lemma_23(dual, delta):
    """Smallest λ_min(f[K]) for K ⪰ δI with unit diagonal and f applied to each entry: f(1) − f(1 − δ).

    Parameters: dual, an f with a non-negative power series and its own `gap`: a Dual; delta in (0, 1].
    Raises: ValueError where delta is out of range.
    Source: Agarwal, Awasthi, Kale (2021), Lemma 23.  `network_floors` is the same for a network of any depth.

    >>> import ntkit as nk
    >>> round(float(lemma_23(nk.activation("quadratic").dual, 0.5)), 12)
    0.75
    """
    _demand_input_floor(delta)
    return dual.gap(delta)


def network_floors(net, delta):
    """Lemma 23 for a whole network: the smallest λ_min of K̄ and of 𝒦̄ for unit inputs whose Gram matrix has λ_min ≥ δ.

    k(1) − k(1 − δ) and Θ(1) − Θ(1 − δ), with the kernels on the sphere as functions of the correlation, whose power
    series have no negative coefficient (Schoenberg).  It holds for any activation, weight_std and bias_std.

    Parameters: net, an `mlp`; delta in (0, 1].
    Returns: (NNGP, NTK), floats; the first relatively accurate, the second to about ε·Θ(1), nan for an activation that
    jumps.
    Raises: ValueError where delta is out of range.

    >>> import ntkit as nk
    >>> [round(floor, 12) for floor in network_floors(nk.mlp(1, nk.activation("quadratic")), 0.5)]
    [0.75, 2.25]
    """
    _demand_input_floor(delta)
    smooth = net.activation is None or net.activation.is_continuous
    state = kernels.run(net.layers, kernels.sphere_state(gap=np.array([0.0, delta]), ntk=smooth))
    return float(state.half_distance[1]), float(state.ntk[0] - state.ntk[1]) if smooth else np.nan


def _demand_input_floor(delta):
    if not 0 < delta <= 1:
        raise ValueError(
            f"delta must lie in (0, 1]; got {delta}. It is a lower bound on λ_min of the inputs' Gram matrix."
        )
