"""The covariance operator Σ = E Φ(x)Φ(x)ᵀ for inputs uniform on the sphere, by the theorem of Funk and Hecke.

A kernel k(x, x') = f(x·x') acts on functions on the sphere of ℝ^d by averaging.  Its eigenfunctions are the spherical
harmonics, N_k of degree k, and its eigenvalues, which are those of Σ,

    λ_k = E f(t) P_k(t),   t one coordinate of a uniform point,   P_k the Gegenbauer polynomial with P_k(1) = 1.

Σ N_k λ_k = f(1) = Tr Σ, and E_x k(u, x) k(u', x) = Σ N_k λ_k² P_k(u·u').
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from scipy.special import comb, gammaln

from ntkit import kernels
from ntkit.architectures import mlp
from ntkit.arguments import whole
from ntkit.gaussian import legendre_transform, panel_nodes

_OCTAVES = 40  # of angles near 0 and π, where kernels of deep networks have their spike
_NODES = 20
_PHASE = 16.0  # the most that k·θ may grow over a panel
_NEGLIGIBLE = 1e-17
_COINCIDENT = 1e-13


@dataclass(frozen=True, eq=False)
class ZonalSpectrum:
    """Eigenvalues of Σ on the sphere of `dim` dimensions.

    eigenvalues: λ_k, k = 0 … degree; multiplicities: N_k, float; mean_square: E f(t)², which is Σ N_k λ_k² over all k
    """

    dim: int
    eigenvalues: np.ndarray
    multiplicities: np.ndarray
    mean_square: float

    @property
    def norm(self):
        """‖Σ‖, the largest eigenvalue; degrees beyond those computed have λ_k ≤ 1/N_k."""
        return self.eigenvalues.max()

    @property
    def remainder(self):
        """Σ N_k λ_k² over the degrees that were left out: how far `iterated` may be from the truth."""
        return max(self.mean_square - float(self._weights.sum()), 0.0)

    def iterated(self, rho):
        """E_x k(u, x) k(u', x) as a function of ρ = u·u', to within `remainder`; exact for u = u'."""
        rho = np.asarray(rho, dtype=float)
        weights = self._weights
        tails = np.cumsum(weights[::-1])[::-1]
        kept = int((tails > _NEGLIGIBLE * self.mean_square).sum())
        total = sum(w * p for w, p in zip(weights[:kept], gegenbauer(rho, self.dim, kept), strict=True))
        return np.where(rho >= 1 - _COINCIDENT, self.mean_square, total)

    @property
    def _weights(self):
        return self.multiplicities * self.eigenvalues**2


def zonal_spectrum(net, dim, degree=256):
    """The eigenvalues of Σ for the NNGP kernel of `net` and inputs uniform on the sphere: a ZonalSpectrum.

    Quadrature in the angle, on panels graded towards 0 and π.  Absolute error about 1e-15 of E|f|.

    Parameters: net, an Architecture; dim ≥ 2; degree, the largest k, ≥ 1.
    Raises: ValueError outside these ranges.

    >>> import ntkit as nk
    >>> zonal_spectrum(nk.mlp(1, nk.activation("hermite", k=2)), dim=3, degree=4).eigenvalues.round(6) + 0.0  # f = ρ²
    array([0.333333, 0.      , 0.133333, 0.      , 0.      ])
    """
    dim = whole("dim", dim, least=2, must="be a whole number, at least 2", remedy="A line has but two directions.")
    degree = whole("degree", degree, least=1, most=4096, must="be a whole number from 1 to 4096")
    return spectrum_of_profile(kernels.run(net.layers, correlation_mesh(degree)).covariance, dim, degree)


def norms_over_depth(activation, dim, depth, degree=24):
    """‖Σ‖ of the networks with 0, 1, …, depth hidden layers, shape (depth + 1,): one pass through the layers.

    Parameters: activation, normalised; dim ≥ 2; depth ≥ 0; degree, among whose harmonics the largest λ_k is sought.
    Raises: ValueError outside these ranges.

    >>> import ntkit as nk
    >>> norms_over_depth(nk.activation("tanh").normalized(), 4, 2).round(6)
    array([0.25    , 0.240559, 0.231076])
    """
    dim = whole("dim", dim, least=2, must="be a whole number, at least 2", remedy="A line has but two directions.")
    state, net = correlation_mesh(degree), mlp(depth, activation)
    norms = [spectrum_of_profile(state.covariance, dim, degree).norm]
    for block in net.blocks:
        state = kernels.run(block, state)
        norms.append(spectrum_of_profile(kernels.run(net.read_out, state).covariance, dim, degree).norm)
    return np.array(norms)


def spectrum_of_profile(profile, dim, degree):
    """The ZonalSpectrum of a kernel from its values on `correlation_mesh(degree)`.

    >>> float(spectrum_of_profile(correlation_mesh(8).covariance, 4, 8).norm.round(12))  # f = ρ
    0.25
    """
    mesh, weight = correlation_mesh(degree), _weights(dim, degree)
    weighted = weight * profile
    values = np.array([weighted @ p for p in gegenbauer(mesh.covariance, dim, degree + 1)])
    return ZonalSpectrum(dim, values, multiplicities(dim, degree), float(weighted @ profile))


def gegenbauer(t, dim, count):
    """P_0(t), …, P_{count−1}(t), the Gegenbauer polynomials of the sphere of `dim` dimensions, P_k(1) = 1.

    (k + d − 2) P_{k+1} = (2k + d − 2) t P_k − k P_{k−1}; those of Legendre for d = 3, of Chebyshev for d = 2.
    Yields: arrays of the shape of t.

    >>> [round(float(p), 6) for p in gegenbauer(0.5, 3, 3)]  # 1, t, (3t² − 1)/2
    [1.0, 0.5, -0.125]
    """
    t = np.asarray(t, dtype=float)
    previous, current = np.zeros_like(t), np.ones_like(t)
    for k in range(count):
        yield current
        grown = t * current if k == 0 else ((2 * k + dim - 2) * t * current - k * previous) / (k + dim - 2)
        previous, current = current, grown


def profile_at(profile, angle, degree):
    """A kernel at angles in [0, π] (an array) from its values on `correlation_mesh(degree)`: Legendre on each panel.

    >>> round(float(profile_at(correlation_mesh(8).covariance, np.array([1.0]), 8)[0] - np.cos(1.0)), 14)
    0.0
    """
    edges = _edges(degree)
    coefficients = profile.reshape(2, -1, _NODES) @ legendre_transform(_NODES).T
    far = angle > np.pi / 2
    folded = np.where(far, np.pi - angle, angle)
    panel = np.clip(np.searchsorted(edges, folded, side="right") - 1, 0, len(edges) - 2)
    left, right = edges[panel], edges[panel + 1]
    chosen = np.moveaxis(coefficients[far.astype(int), panel], -1, 0)
    return np.polynomial.legendre.legval((2 * folded - left - right) / (right - left), chosen, tensor=False)


def multiplicities(dim, degree):
    """N_k, k = 0 … degree: how many independent spherical harmonics of degree k there are in `dim` dimensions.

    >>> multiplicities(3, 3), multiplicities(2, 3)
    (array([1., 3., 5., 7.]), array([1., 2., 2., 2.]))
    """
    k = np.arange(1, degree + 1)
    return np.append(1.0, (2 * k + dim - 2) / (k + dim - 2) * comb(k + dim - 2, k))


@lru_cache(maxsize=8)
def correlation_mesh(degree):
    """The correlations at which a kernel is asked, as a KernelState, accurate next to both ends.

    >>> len(correlation_mesh(8).covariance) == len(correlation_mesh(8).half_distance)
    True
    """
    angle, _ = _angles(degree)
    less, more, cosine = 2 * np.sin(angle / 2) ** 2, 2 * np.cos(angle / 2) ** 2, np.cos(angle)
    mesh = (np.concatenate(pair) for pair in ((cosine, -cosine), (less, more), (more, less)))
    return kernels.KernelState(1.0, 1.0, *mesh, None)


@lru_cache(maxsize=16)
def _weights(dim, degree):
    """The law of one coordinate of a uniform point on that mesh: density ∝ sin^(d−2) in the angle."""
    angle, weight = _angles(degree)
    scale = np.exp(gammaln(dim / 2) - gammaln((dim - 1) / 2)) / np.sqrt(np.pi)
    return np.tile(scale * weight * np.sin(angle) ** (dim - 2), 2)


def _angles(degree):
    """Angles in (0, π/2) and weights of dθ, on panels graded towards 0."""
    angle, weight = panel_nodes(_edges(degree), _NODES)
    return angle.ravel(), weight.ravel()


def _edges(degree):
    graded = np.append(0.0, 0.5 * np.pi * 0.5 ** np.arange(_OCTAVES, -1, -1))
    widest = _PHASE / degree
    parts = [np.linspace(a, b, 1 + int(np.ceil((b - a) / widest)))[1:] for a, b in pairwise(graded)]
    return np.concatenate([[0.0], *parts])
