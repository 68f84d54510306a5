"""Eigenvalues of the Gram matrices of a two-layer network at infinite width, the tiny ones too.

The eigenvalues of a matrix in float64 are known to about 1e-16 λ₁, the squares of singular values to 1e-32 λ₁: so they
are taken from a factor of the matrix (`ntkit.gram.factors`), wherever one is known,

    G = Rᵀ R,   R = (factor of E σ'(u)σ'(v)) * X   columnwise.

Source of the matrices: Panigrahi, Shetty, Goyal (2020), equation (2), Lemma I.1, appendix M.2.
"""

from dataclasses import dataclass

import numpy as np

from ntkit.gram.covariances import checked_inputs, slope_activation
from ntkit.gram.factors import factor, khatri_rao, span_coordinates
from ntkit.gram.initialisation import dzps
from ntkit.gram.population import demand_limit, demand_slope, population_g, population_h
from ntkit.memory import ensure_fits
from ntkit.specification import takes_names

_EPS = np.finfo(float).eps


@dataclass(frozen=True, eq=False)
class GramSpectrum:
    """Eigenvalues of a Gram matrix and down to where they are known.

    eigenvalues: (n,), descending, not negative
    resolution:  eigenvalues below it are rounding; above it their relative error is about √(resolution/λ) + 1e-7 at
                 most for singular values, resolution/λ for eigenvalues of the matrix
    route:       "singular values" of a factor, or "matrix", its own eigenvalues

    >>> found = GramSpectrum(np.array([2.0, 1.0, 1e-40]), 1e-31, "singular values")
    >>> found.rank, found.condition_number
    (2, inf)
    """

    eigenvalues: np.ndarray
    resolution: float
    route: str

    @property
    def max(self):
        """λ₁."""
        return float(self.eigenvalues[0])

    @property
    def min(self):
        """λ_n as computed; rounding where it is below the resolution."""
        return float(self.eigenvalues[-1])

    @property
    def rank(self):
        """How many eigenvalues are above the resolution."""
        return int((self.eigenvalues > self.resolution).sum())

    @property
    def trace(self):
        """Σ λ_i."""
        return float(self.eigenvalues.sum())

    @property
    def condition_number(self):
        """λ₁/λ_n; inf where λ_n is below the resolution."""
        return self.max / self.min if self.min > self.resolution else float("inf")


@takes_names
def population_eigenvalues(x, sigma, *, initialisation=None):
    """The eigenvalues of G at infinite width, a GramSpectrum.

    In the plane (inputs that span two dimensions) for every σ with kinks at 0 alone, and for smooth σ in any dimension,
    from singular values: down to 1e-30 λ₁.  Else, with kinks, from the matrix, to 1e-16 n λ₁: λ_n falls no faster than
    a power of n there.

    Parameters: x (n, d), rows of any norm but 0; sigma, an Activation or its name, without jumps; initialisation, DZPS
    by default.
    Raises: ValueError and MemoryError as `population_g`.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem 3.1 and Lemma I.1.

    >>> import ntkit as nk
    >>> found = population_eigenvalues(nk.data.half_circle(50).x, nk.activation("swish"))
    >>> f"{found.max:.4g} {found.min:.2g}"
    '9.191 3.2e-25'
    """
    return _spectrum(x, initialisation, lambda *given: _g_factor(*given, sigma), _matrix(population_g, sigma))


@takes_names
def population_h_eigenvalues(x, sigma, *, initialisation=None):
    """The eigenvalues of H at infinite width, a GramSpectrum; as `population_eigenvalues`, and σ may jump.

    Raises: ValueError also for an initialisation under which H grows with the width.

    >>> import ntkit as nk
    >>> found = population_h_eigenvalues(nk.data.half_circle(10).x, nk.activation("relu"))
    >>> f"{found.min:.3g}"
    '0.000472'
    """
    demand_limit(initialisation or dzps())
    return _spectrum(x, initialisation, lambda *given: _h_factor(*given, sigma), _matrix(population_h, sigma))


@takes_names
def population_sum_eigenvalues(x, sigma, *, initialisation=None):
    """The eigenvalues of G + H at infinite width, a GramSpectrum; as `population_eigenvalues`.

    >>> import ntkit as nk
    >>> found = population_sum_eigenvalues(nk.data.half_circle(10).x, nk.activation("relu"))
    >>> f"{found.min:.4f}"
    '0.0268'
    """
    demand_limit(initialisation or dzps())

    def both(z, start):
        parts = _g_factor(z, start, sigma), _h_factor(z, start, sigma)
        return None if any(part is None for part in parts) else np.vstack(parts)

    def matrix(x, start):
        return population_g(x, sigma, initialisation=start) + population_h(x, sigma, initialisation=start)

    return _spectrum(x, initialisation, both, matrix)


def from_factor(rows):
    """The GramSpectrum of RᵀR, R (any, n).

    >>> from_factor(np.diag([2.0, 1e-12])).eigenvalues
    array([4.e+00, 1.e-24])
    """
    values = np.linalg.svd(rows, compute_uv=False) ** 2
    values = np.append(values, np.zeros(rows.shape[1] - len(values)))
    return GramSpectrum(values, (4 * _EPS) ** 2 * float(values[0]), "singular values")


def from_matrix(gram):
    """The GramSpectrum of a positive semi-definite matrix.

    >>> from_matrix(np.diag([1.0, 4.0])).eigenvalues
    array([4., 1.])
    """
    values = np.linalg.eigvalsh(gram)[::-1]
    return GramSpectrum(np.maximum(values, 0.0), len(values) * _EPS * float(values[0]), "matrix")


def _spectrum(x, initialisation, rows, matrix):
    x, start = checked_inputs(x), initialisation or dzps()
    ensure_fits(len(x), copies=16, instead="Take fewer inputs, or nk.spectra.largest_eigenvalues of a finite width.")
    found = rows(span_coordinates(x), start)
    return from_matrix(matrix(x, start)) if found is None else from_factor(found)


def _matrix(population, sigma):
    return lambda x, start: population(x, sigma, initialisation=start)


def _g_factor(z, start, sigma):
    """The columnwise product of a factor of c² E σ'(u)σ'(v) with the inputs z; None where there is none."""
    demand_slope(sigma)
    slopes = factor(slope_activation(sigma), _before(z, start))
    return None if slopes is None else np.sqrt(start.factor(sigma)) * khatri_rao(slopes, z.T)


def _h_factor(z, start, sigma):
    values = factor(sigma, _before(z, start))
    return None if values is None else np.sqrt(start.factor(sigma)) * values


def _before(z, start):
    """Vectors u with u_i·u_j the covariance of the pre-activations."""
    before = start.weight_std * z
    return np.hstack([before, np.full((len(z), 1), start.bias_std)]) if start.bias_std else before
