"""Why a kink keeps λ_min from 0: what one neuron makes of a unit vector ζ.

    f_ζ(w) = Σ_i ζ_i σ'(w·x_i) x_i,      E ‖f_ζ(w)‖² = ζᵀ G∞ ζ,

w ~ N(0, I).  Where w crosses the plane w·x_i = α of the kink, f_ζ jumps by κζ_i x_i, and some |ζ_i| is at least n^(−½):
so ‖f_ζ‖ ≥ κ/(2√n) on one side.
Source: Panigrahi, Shetty, Goyal (2020), equation (5), proof of Theorem K.1, Claim K.2.
"""

from dataclasses import dataclass

import numpy as np

from ntkit.arguments import whole
from ntkit.gram.covariances import checked_inputs
from ntkit.gram.factors import span_coordinates
from ntkit.gram.population import demand_slope, population_g
from ntkit.memory import ensure_fits
from ntkit.specification import takes_names


@dataclass(frozen=True, eq=False)
class SingleVector:
    """‖f_ζ(w)‖ over draws of w.

    activation: its name
    vector:     ζ, (n,), of norm 1
    form:       ζᵀ G∞ ζ, the mean of the squares
    norms:      ‖f_ζ(w)‖, (draws,), ascending
    """

    activation: str
    vector: np.ndarray
    form: float
    norms: np.ndarray

    def share(self, constant):
        """How often ‖f_ζ(w)‖ ≥ constant/√n."""
        return float(np.mean(self.norms >= constant / np.sqrt(len(self.vector))))


@takes_names
def single_vector(x, sigma, vector=None, draws=20_000, seed=0):
    """What neurons make of one vector, a SingleVector.

    Parameters: x (n, d), rows of any norm but 0; sigma, an Activation or its name, without jumps; vector ζ (n,), scaled
    to norm 1, by default the eigenvector of λ_min(G∞), as far as a matrix of floats has it; draws ≥ 2; seed.
    Raises: ValueError for another shape or a zero vector; as `population_g`; MemoryError where draws × n would not fit.
    Source: Panigrahi, Shetty, Goyal (2020), equation (5), Claim K.2.

    >>> import ntkit as nk
    >>> found = single_vector(nk.data.half_circle(10).x, nk.activation("relu"))
    >>> round(found.form, 5), found.share(0.25) < 0.6
    (0.02633, False)
    """
    draws = whole("draws", draws, least=2, must="be a whole number, at least 2")
    demand_slope(sigma)
    z, limit = span_coordinates(checked_inputs(x)), population_g(x, sigma)
    ensure_fits((draws, len(z)), copies=3, instead="Take fewer draws.")
    vector = np.linalg.eigh(limit)[1][:, 0] if vector is None else _unit(vector, len(z))
    weights = np.random.default_rng(seed).standard_normal((draws, z.shape[1]))
    values = (sigma.derivative(weights @ z.T) * vector) @ z
    return SingleVector(sigma.name, vector, float(vector @ limit @ vector), np.sort(np.linalg.norm(values, axis=1)))


def _unit(vector, n):
    vector = np.asarray(vector, dtype=float)
    size = np.linalg.norm(vector)
    if vector.shape != (n,) or not (np.isfinite(size) and size > 0):
        raise ValueError(f"vector must have one finite number an input, shape ({n},), not all 0; got {vector.shape}.")
    return vector / size
