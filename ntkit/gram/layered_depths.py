"""λ₀ against depth for the three architectures of Du et al., and where skips begin to pay.

Without skips λ₀ falls like (σ̂'(1)c_σ)^H where σ is far from centred, with them like 1/H²: but from c_λ²λ³ on, so that a
shallow network has the larger λ₀ without them.
Source: Du, Lee, Li, Wang, Zhai (December 2018), sections 3 to 5, Proposition D.1.
"""

from dataclasses import dataclass

import numpy as np

from ntkit.arguments import whole
from ntkit.gram.covariances import Covariance
from ntkit.gram.layered import SingularGramError, convolutional_gram, fully_connected_gram, residual_gram
from ntkit.specification import takes_names

_FEWEST = 2


@dataclass(frozen=True, eq=False)
class GramByDepth:
    """λ₀ of the population Gram matrices at several depths, for n inputs.

    activation, n, c_lambda
    pair_floor:      λ of the inputs, in the branches' scale s = c_λ λ^(3/2)/H
    depths:          H, ascending
    fully_connected, residual, convolutional: λ₀, one a depth, nan where the matrix is singular to rounding;
                     convolutional None for inputs that are vectors
    pair_floors:     λ_min of the pairs of K^(H−1) of the fully connected network
    """

    activation: str
    n: int
    c_lambda: float
    pair_floor: float
    depths: np.ndarray
    fully_connected: np.ndarray
    residual: np.ndarray
    convolutional: np.ndarray | None
    pair_floors: np.ndarray

    @property
    def crossover(self):
        """The H at which the residual network's λ₀ overtakes, between the depths by their logarithms; None if never."""
        ahead = np.log(self.residual / self.fully_connected)  # nan is neither
        turns = np.flatnonzero((ahead[:-1] < 0) & (ahead[1:] >= 0))
        if not len(turns):
            return None
        k = turns[0]
        return float(np.interp(0.0, ahead[k : k + 2], self.depths[k : k + 2]))


@takes_names
def gram_by_depth(activation, x, depths, *, c_lambda=0.5, window=3):
    """The GramByDepth of inputs at depths H ≥ 2.

    Parameters: activation, continuous, or its name; x, vectors (n, d), or images (n, channels, pixels), which the
    networks without convolutions see as vectors; depths, each at least 2; c_lambda c_λ in (0, 1); window q of a patch.
    Raises: ValueError for values out of range, and inputs of which two are parallel.
    Source: Du et al. (2018), equations (4) to (6).

    >>> import ntkit as nk
    >>> found = gram_by_depth(nk.activation("softplus"), nk.data.sphere(6, seed=0).x, [2, 8, 16])
    >>> bool(found.fully_connected[0] > found.residual[0]), bool(found.fully_connected[-1] < found.residual[-1])
    (True, True)
    """
    x = np.asarray(x, dtype=float)
    vectors = x.reshape(len(x), -1)
    depths = np.unique([_depth(depth) for depth in np.atleast_1d(depths)])
    plain = [fully_connected_gram(activation, vectors, int(depth)) for depth in depths]
    skipping = [residual_gram(activation, vectors, int(depth), c_lambda=c_lambda) for depth in depths]
    images = None
    if x.ndim == 3:
        found = (convolutional_gram(activation, x, int(h), window=window, c_lambda=c_lambda) for h in depths)
        images = _least_eigenvalues(found)
    return GramByDepth(
        activation=activation.name,
        n=len(x),
        c_lambda=c_lambda,
        pair_floor=Covariance.of(vectors).pair_floor,
        depths=depths,
        fully_connected=_least_eigenvalues(plain),
        residual=_least_eigenvalues(skipping),
        convolutional=images,
        pair_floors=np.array([population.pair_floors[-1] for population in plain]),
    )


def _least_eigenvalues(populations):
    found = []
    for population in populations:
        try:
            found.append(population.least_eigenvalue)
        except SingularGramError:
            found.append(np.nan)
    return np.array(found)


def _depth(depth):
    return whole("depth", depth, least=_FEWEST, must="be a whole number of layers, at least 2")
