"""Covariances of one layer's outputs over a set of inputs, and what an elementwise activation makes of them.

    k_ij = E u_i u_j,   q_i = k_ii,   h_ij = ½E(u_i − u_j)² = ½(q_i + q_j) − k_ij

h is kept beside q, so that inputs that have come close to each other stay apart to the last digit.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ntkit.activations import Activation
from ntkit.memory import ensure_fits
from ntkit.norms import moments

_SAME = 64 * np.finfo(float).eps
_INSTEAD = "Take fewer inputs, or fewer pixels."
_COPIES = 8  # of the matrix, while a layer is computed


@dataclass(frozen=True, eq=False)
class Covariance:
    """The second moments of centred or uncentred outputs u_i: variance q (n,) and half_distance h (n, n).

    >>> Covariance.of([[1.0, 0.0], [0.6, 0.8]]).matrix
    array([[1. , 0.6],
           [0.6, 1. ]])
    """

    variance: np.ndarray
    half_distance: np.ndarray

    @classmethod
    def of(cls, x):
        """The inner products of the rows of x, (n, d).

        Raises: ValueError where x is no finite matrix; MemoryError where n × n would not fit.
        """
        x = checked_inputs(x)
        ensure_fits(len(x), copies=_COPIES, instead=_INSTEAD)
        half = np.stack([0.5 * ((x - row) ** 2).sum(axis=1) for row in x])
        return cls((x**2).sum(axis=1), half)

    @property
    def matrix(self):
        """k, (n, n)."""
        return self._mean_variance - self.half_distance

    @property
    def is_shared(self):
        """Whether all variances agree to rounding."""
        return bool(np.ptp(self.variance) <= _SAME * self.variance.max())

    @cached_property
    def correlation(self):
        """ρ and its margin 1 − |ρ|, (n, n) each; ρ = 0 where one of the two vanishes."""
        root = np.sqrt(self.variance)
        scale, mismatch = np.outer(root, root), 0.5 * (root[:, None] - root) ** 2
        blank = scale == 0
        scale = np.where(blank, 1.0, scale)
        apart = np.where(blank, 1.0, (self.half_distance - mismatch) / scale)  # 1 − ρ
        together = np.where(blank, 1.0, (2 * self._mean_variance - self.half_distance - mismatch) / scale)
        margin = np.clip(np.minimum(apart, together), 0.0, 1.0)
        return np.where(apart <= together, 1 - margin, margin - 1), margin

    @property
    def pair_floor(self):
        """min over i ≠ j of λ_min[[k_ii, k_ij], [k_ji, k_jj]]; i = j is left out, where it is 0.

        Raises: ValueError for a single input.
        """
        if len(self.variance) == 1:
            raise ValueError("a pair has two inputs; got one. Give more inputs, or λ itself as pair_floor.")
        rho, margin = self.correlation
        first, second = self.variance[:, None], self.variance
        determinant = first * second * margin * (1 + np.abs(rho))
        spread = np.sqrt(0.25 * (first - second) ** 2 + first * second * rho**2)
        floors = determinant / np.maximum(0.5 * (first + second) + spread, np.finfo(float).tiny)
        return float(floors[~np.eye(len(floors), dtype=bool)].min())

    def scaled(self, factor):
        """The covariance of √factor · u."""
        return Covariance(factor * self.variance, factor * self.half_distance)

    @property
    def _mean_variance(self):
        return 0.5 * (self.variance[:, None] + self.variance)


def through(sigma, covariance, *, slope=False):
    """The covariance of σ(u) for Gaussian u, and E σ'(u_i)σ'(u_j) where `slope` asks for it (None else).

    Raises: ValueError for an activation that pre-activations of that size do not let resolve.

    >>> import ntkit as nk
    >>> after, slopes = through(nk.activation("relu"), Covariance.of(np.eye(2)), slope=True)
    >>> after.matrix.round(6).tolist(), slopes.round(6).tolist()
    ([[0.5, 0.159155], [0.159155, 0.5]], [[0.5, 0.25], [0.25, 0.5]])
    """
    rho, margin = covariance.correlation
    if covariance.is_shared and covariance.variance[0] > 0:
        return _through_shared(sigma, covariance.variance.mean(), rho, margin, slope)
    variance = covariance.variance
    found = moments(sigma, variance[:, None], variance[None], rho, margin, slope=slope)
    return Covariance(found.variance1[:, 0], found.half_distance), found.slope


def _through_shared(sigma, variance, rho, margin, slope):
    dual = sigma.rescaled(float(np.sqrt(variance))).dual
    pair = dual.pair(rho, margin, slope=slope)
    after = Covariance(np.full(len(rho), dual.at_one), pair.half_distance)
    return after, pair.slope / variance if slope else None


def slope_activation(sigma):
    """σ' as an activation of its own.

    >>> import ntkit as nk
    >>> round(slope_activation(nk.activation("softplus")).second_moment, 9)  # E σ'²
    0.293379036
    """
    return Activation(f"derivative of {sigma.name}", sigma.derivative, sigma.kinks)


def checked_inputs(x, axes=2):
    """x as floats with so many axes, finite and not empty."""
    x = np.asarray(x, dtype=float)
    if x.ndim != axes or not x.size or not np.isfinite(x).all():
        shape = {2: "(n, d)", 3: "(n, channels, pixels)"}[axes]
        raise ValueError(f"inputs must be finite, of shape {shape}, with n ≥ 1; got shape {x.shape}.")
    return x
