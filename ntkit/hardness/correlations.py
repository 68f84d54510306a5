"""What statistical queries see of sgn f: its correlation with fixed functions on the half cube.

    E_W (E_x g(x) sgn f(x))² = gᵀM g/|S|²,   M_xy = (2/π) E arcsin ρ̂_L(x, y),

x uniform on the 2^(d−1) inputs of a half of the cube {±1}^d/√d, no two of which are collinear: δ = 2/d.
"""

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ntkit.architectures import mlp
from ntkit.arguments import real, whole
from ntkit.conditioning import bound
from ntkit.hardness.layers import drawn_triangles
from ntkit.hardness.widths import demand_normalized, mean_floor

_LARGEST_DIM = 10
_CHUNK = 2**21


def half_cube(dim):
    """The inputs on which Theorem 15 is proved: the points of {±1}^d/√d whose first coordinate is positive.

    Parameters: dim, d, from 2 to 10.
    Returns: array (2^(d−1), d), unit rows with |x·y| ≤ 1 − 2/d.
    Raises: ValueError for another dim.
    Source: Agarwal, Awasthi, Kale (2021), proof of Theorem 15.

    >>> half_cube(2).round(3)
    array([[ 0.707,  0.707],
           [ 0.707, -0.707]])
    """
    dim = whole("dim", dim, least=2, most=_LARGEST_DIM, must=f"be a whole number from 2 to {_LARGEST_DIM}")
    return np.array([(1, *rest) for rest in itertools.product((1, -1), repeat=dim - 1)]) / np.sqrt(dim)


def queries(x, seed=0):
    """Functions g with values ±1 on the rows of a half cube: what a learner may ask to be correlated with.

    Parameters: x as `half_cube` gives it; seed of the random one.
    Returns: dict, name → array (n,): constant, coordinate, majority (ties to +1), parity, random.

    >>> {name: values.tolist() for name, values in queries(half_cube(2)).items() if name != "random"}
    {'constant': [1.0, 1.0], 'coordinate': [1.0, -1.0], 'majority': [1.0, 1.0], 'parity': [1.0, -1.0]}
    """
    signs = np.sign(np.asarray(x, dtype=float))
    return {
        "constant": np.ones(len(signs)),
        "coordinate": signs[:, 1],
        "majority": np.where(signs.sum(axis=1) >= 0, 1.0, -1.0),
        "parity": signs.prod(axis=1),
        "random": np.random.default_rng(seed).choice([-1.0, 1.0], size=len(signs)),
    }


@dataclass(frozen=True, eq=False)
class QueryLimit:
    """E_W (E_x g(x) sgn f(x))² for networks of infinite width with 0 … L layers.

    names:       of the q queries g
    mean_square: (L + 1, q)
    worst:       (L + 1,), λ_max(M)/|S|: no g with |g| ≤ 1 has more
    envelope:    (L + 1,), 1/|S| + B_μ(l, 2/d): equation (24) with its constants, and with the term that it drops
    """

    names: tuple[str, ...]
    mean_square: np.ndarray
    worst: np.ndarray
    envelope: np.ndarray


@dataclass(frozen=True, eq=False)
class QueryCorrelations:
    """E_x g(x) sgn f(x) over draws of the network f, for networks of 0 … L layers and several queries g.

    activation, dim, inputs, width, draws, seed: of what; |S| = inputs = 2^(dim − 1), δ = 2/dim
    names:    of the q queries
    samples:  (draws, L + 1, q)
    limit:    the QueryLimit at infinite width
    floor:    (2/π) E ρ̂, what the width adds to the constant query at any depth
    """

    activation: str
    dim: int
    inputs: int
    width: int
    draws: int
    seed: int
    names: tuple[str, ...]
    samples: np.ndarray
    limit: QueryLimit
    floor: float

    @property
    def depth(self):
        """0, 1, …, L."""
        return np.arange(self.samples.shape[1])

    @cached_property
    def mean_square(self):
        """E_W (E_x g sgn f)² over the draws, (L + 1, q)."""
        return np.square(self.samples).mean(axis=0)

    @cached_property
    def standard_error(self):
        """Of the mean square, (L + 1, q)."""
        return np.square(self.samples).std(axis=0, ddof=1) / np.sqrt(self.draws)

    def query(self, name):
        """The samples of one query, (draws, L + 1)."""
        return self.samples[:, :, self.names.index(name)]


def query_limit(activation, depth, dim, seed=0):
    """What `query_correlations` tends to as the width grows, exactly: a QueryLimit.

    Parameters: activation, normalised; depth L ≥ 1; dim, d of the half cube, 2 to 10; seed of the random query.
    Raises: ValueError for values out of range.
    Source: Agarwal, Awasthi, Kale (2021), proof of Theorem 15, equation (24).

    >>> import ntkit as nk
    >>> found = query_limit(nk.activation("relu").normalized(), depth=20, dim=6)
    >>> bool((found.mean_square <= found.worst[:, None] + 1e-12).all() and (found.worst <= found.envelope).all())
    True
    """
    sigma = demand_normalized(activation)
    depth = whole("depth", depth, least=1, must="be a whole number of layers, at least 1")
    x = half_cube(dim)
    asked = queries(x, seed)
    g = np.stack(list(asked.values()))
    differing = np.rint((1 - x @ x.T) * dim / 2).astype(int)
    by_distance = mlp(depth, sigma).trajectory(gap=2 * np.arange(dim) / dim).correlation
    matrices = 2 / np.pi * np.arcsin(np.clip(by_distance, -1, 1))[:, differing]
    most = bound(np.arange(depth + 1), min(2 / dim, np.nextafter(1, 0)), sigma.coefficient_of_nonlinearity)
    return QueryLimit(
        names=tuple(asked),
        mean_square=np.einsum("qx,lxy,qy->lq", g, matrices, g, optimize=True) / len(x) ** 2,
        worst=np.linalg.eigvalsh(matrices)[:, -1] / len(x),
        envelope=1 / len(x) + most,
    )


def query_correlations(activation, depth, dim, width, *, draws=200, seed=0, device=None):
    """How sgn f of random networks is correlated with fixed queries, a QueryCorrelations.

    The networks of 0 … L layers share their hidden weights; each has a read-out v of its own.

    Parameters: activation, normalised; depth L ≥ 1; dim, d of the half cube, 2 to 10; width m ≥ 2; draws ≥ 2; seed;
    device, torch's.
    Raises: ValueError for values out of range.
    Source: Agarwal, Awasthi, Kale (2021), proof of Theorem 15, equation (24).

    >>> import ntkit as nk
    >>> found = query_correlations(nk.activation("tanh").normalized(), depth=3, dim=4, width=32, draws=50)
    >>> found.samples.shape, found.names[0]
    ((50, 4, 5), 'constant')
    """
    sigma = demand_normalized(activation)
    depth, width, draws = (
        whole(name, value, least=least, must=f"be a whole number, at least {least}")
        for name, value, least in (("depth", depth, 1), ("width", width, 2), ("draws", draws, 2))
    )
    x = half_cube(dim)
    asked = queries(x, seed)
    g = np.stack(list(asked.values()))
    return QueryCorrelations(
        activation=sigma.name,
        dim=dim,
        inputs=len(x),
        width=width,
        draws=draws,
        seed=seed,
        names=tuple(asked),
        samples=_signs(sigma, x, depth, width, draws, seed, device) @ g.T / len(x),
        limit=query_limit(sigma, depth, dim, seed),
        floor=2 / np.pi * mean_floor(sigma, width),
    )


def _signs(sigma, x, depth, width, draws, seed, device):
    """sgn f(x), (draws, L + 1, n)."""
    import torch

    generator = torch.Generator(device or "cpu").manual_seed(seed)
    found, most = [], max(1, _CHUNK // (width * len(x)))
    for start in range(0, draws, most):
        count, signs = min(most, draws - start), []
        for triangle in drawn_triangles(sigma, x, depth, width, count, generator):
            read_out = torch.randn(
                count, 1, triangle.shape[1], generator=generator, device=generator.device, dtype=torch.float64
            )
            signs.append((read_out @ triangle).sign())
        found.append(torch.cat(signs, dim=1))
    return torch.cat(found).cpu().numpy()


def least_queries(mean_square, tolerance, advantage):
    """The fewest queries with which any algorithm can succeed on half of the networks: min(τ, ε)²/(2E) − 1.

    With p queries of tolerance τ and an output that is ε-correlated, all p + 1 functions are within min(τ, ε) of
    uncorrelated, and zero a valid answer to all, but for a share (p + 1)E/min(τ, ε)² of the networks (Markov).  That
    share must reach ½.

    Parameters: mean_square, E ≥ sup_g E_W (E_x g sgn f)², positive; tolerance τ and advantage ε in (0, 1].
    Returns: float, 0 where the argument says nothing.
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), end of the proof of Theorem 15, after Bshouty and Feldman (2002).

    >>> least_queries(1e-6, tolerance=0.1, advantage=0.2)
    4999.0
    """
    mean_square = real("mean_square", mean_square, above=0, must="be positive")
    tolerance, advantage = (
        real(name, value, above=0, most=1, must="lie in (0, 1]")
        for name, value in (("tolerance", tolerance), ("advantage", advantage))
    )
    return max(0.0, round(min(tolerance, advantage) ** 2 / (2 * mean_square), 9) - 1)
