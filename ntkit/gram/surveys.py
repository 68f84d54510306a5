"""Spectra of several activations on the same inputs, and their least eigenvalue as the inputs become more.

On n points of a half circle λ_min falls like n^(1−2r) for a kink of order r, like exp(−c n^(2/3)) where σ'
has poles.
Source: Panigrahi, Shetty, Goyal (2020), section 7, Figure 1 (c, d); sections 4.1 and 4.2.
"""

from dataclasses import dataclass

import numpy as np

from ntkit.data import half_circle
from ntkit.gram.eigenvalues import population_eigenvalues
from ntkit.gram.finite import finite_eigenvalues
from ntkit.gram.hermite_decay import POLES
from ntkit.gram.initialisation import dzps
from ntkit.gram.kinks import classify_kink
from ntkit.gram.pole_law import half_circle_pole_law
from ntkit.specification import takes_names


@dataclass(frozen=True, eq=False)
class Spectra:
    """Eigenvalues of G of several activations on the same inputs.

    n, dim:         of the inputs: how many, and the dimension of their span
    initialisation: its name
    infinite:       {name of the activation: GramSpectrum} at infinite width
    finite:         the same for one random network of `width` neurons from `seed`; empty where width is None
    """

    n: int
    dim: int
    initialisation: str
    infinite: dict
    finite: dict
    width: int | None
    seed: int


@dataclass(frozen=True, eq=False)
class LeastBySize:
    """λ_min of G on half circles of n points, infinite width.

    n:      the sizes
    least:  {name of the activation: λ_min, (sizes,), nan where it is below what is known}
    orders: {name: r}, of the activations that have a kink
    poles:  {name: Pole}, of the smooth ones whose nearest poles are known
    laws:   {name: what λ_min tends to, (sizes,)}, of both
    """

    n: np.ndarray
    least: dict
    orders: dict
    poles: dict
    laws: dict


@takes_names
def spectra(x, activations, width=None, seed=0, *, initialisation=None):
    """The eigenvalues of G of several activations on the same inputs, Spectra.

    Parameters: x (n, d); activations, or their names, without jumps; width of the random networks beside, None for
    none; seed; initialisation, DZPS by default.
    Raises: as `population_eigenvalues`; ValueError without any activation.
    Source: Panigrahi, Shetty, Goyal (2020), Figure 1 (c, d).

    >>> import ntkit as nk
    >>> found = spectra(nk.data.half_circle(10).x, [nk.activation("relu"), nk.activation("tanh")], width=1000)
    >>> {name: round(values.min, 5) for name, values in found.infinite.items()}
    {'relu': 0.02633, 'tanh': 0.0003}
    """
    activations, start = _some(activations), initialisation or dzps()
    infinite = {sigma.name: population_eigenvalues(x, sigma, initialisation=start) for sigma in activations}
    finite = {}
    if width is not None:
        finite = {sigma.name: finite_eigenvalues(x, sigma, width, seed, initialisation=start) for sigma in activations}
    return Spectra(len(x), int(np.linalg.matrix_rank(x)), start.name, infinite, finite, width, seed)


@takes_names
def least_by_size(activations, sizes):
    """λ_min of G on half circles, against the number of points: LeastBySize.

    Parameters: activations, or their names, without jumps; sizes, whole numbers of at least 2.
    Raises: as `population_eigenvalues`; ValueError without any activation or size.
    Source: Panigrahi, Shetty, Goyal (2020), Theorems 4.1 and 4.4; the laws are ours.

    >>> import ntkit as nk
    >>> found = least_by_size([nk.activation("selu"), nk.activation("tanh")], [5, 10, 20, 40])
    >>> {name: round(float(found.least[name][-1] / law[-1]), 3) for name, law in found.laws.items()}
    {'selu': 1.004, 'tanh': 1.285}
    """
    activations, sizes = _some(activations), np.array(sorted(sizes))
    if not sizes.size:
        raise ValueError("least_by_size needs at least one size n.")
    circles = [half_circle(int(n)).x for n in sizes]
    least = {sigma.name: np.array([_least(x, sigma) for x in circles]) for sigma in activations}
    kinked = {sigma.name: found for sigma in activations if (found := classify_kink(sigma)).order}
    poles = {sigma.name: POLES[sigma.name] for sigma in activations if sigma.name in POLES}
    laws = {name: found.law(sizes) for name, found in kinked.items()}
    laws |= {name: half_circle_pole_law(sizes, pole) for name, pole in poles.items()}
    return LeastBySize(sizes, least, {name: found.order for name, found in kinked.items()}, poles, laws)


def _some(activations):
    activations = list(activations)
    if not activations:
        raise ValueError("spectra need at least one activation.")
    return activations


def _least(x, sigma):
    found = population_eigenvalues(x, sigma)
    return found.min if found.min > found.resolution else np.nan
