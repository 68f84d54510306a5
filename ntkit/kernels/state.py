"""The state that passes through the layers: second moments of two signals, and the NTK up to there."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from array_api_compat import array_namespace, is_torch_array

from ntkit.dual import clamp

CENTRED = (0.0, 0.0)  # means behind weights whose law is symmetric
_ROUNDING = 4e-15  # relative, of distances of inputs of different norms


@dataclass(frozen=True, eq=False)
class Kernels:
    """NNGP and NTK of the same pairs; ntk is None where it was not asked for."""

    nngp: np.ndarray
    ntk: np.ndarray | None


@dataclass(frozen=True, eq=False)
class KernelState:
    """Second moments of the signals u (first input) and v (second) of one neuron, and the NTK up to here.

    variance1 = E u², variance2 = E v²: numbers when all inputs share them, else (n, 1) and (1, p).
    covariance = E uv, half_distance = ½E(u − v)², half_sum = ½E(u + v)², ntk: (n, p); ntk None: not followed.
    known_margin: 1 − |ρ|, where a layer knows it better than the distances do (norms that differ hide small angles).
    means: (E u, E v), or a function that gives them when a residual sum asks; None where neurons differ, as of inputs.
    is_gaussian: whether neurons are Gaussian, as an activation needs them: behind weights of their own.
    axes: of images, the leading axes that count the pixels of the first input, and those of the second: the same ones
        where only equal pixels are paired, others where all are.
    selves: where images are pooled, the states of (x_i, x_i) and of (y_j, y_j), all pixels paired: (…, n, 1, 1).
    """

    variance1: object
    variance2: object
    covariance: np.ndarray
    half_distance: np.ndarray
    half_sum: np.ndarray
    ntk: np.ndarray | None
    known_margin: np.ndarray | None = None
    means: tuple | Callable | None = None
    is_gaussian: bool = False
    axes: tuple = ((), ())
    selves: tuple | None = None

    @property
    def is_shared(self):
        """Whether every input has the same variance."""
        return isinstance(self.variance1, float) and self.variance1 == self.variance2

    def affine(self, weight, bias, *, trains_weight=True, trains_bias=True):
        """The state of weight^½ W u + bias^½ b: W, b of unit variance."""
        covariance = weight * self.covariance
        return KernelState(
            weight * self.variance1 + bias,
            weight * self.variance2 + bias,
            covariance + bias,
            weight * self.half_distance,
            weight * self.half_sum + 2 * bias,
            self._tangent(weight, covariance if trains_weight else None, bias if trains_bias else 0.0),
            None if bias else self.known_margin,
            CENTRED,
            True,
            self.axes,
            self._of_selves(lambda own: own.affine(weight, bias, trains_weight=trains_weight, trains_bias=trains_bias)),
        )

    def _tangent(self, weight, fresh, bias):
        """weight · Θ and what new weights add to it: their inputs' covariance, and their biases' 1."""
        if self.ntk is None:
            return None
        return weight * self.ntk + bias if fresh is None else fresh + bias + weight * self.ntk

    def scaled(self, factor):
        """The state of factor · u."""
        square = factor**2
        return replace(
            self,
            variance1=square * self.variance1,
            variance2=square * self.variance2,
            covariance=square * self.covariance,
            half_distance=square * self.half_distance,
            half_sum=square * self.half_sum,
            ntk=None if self.ntk is None else square * self.ntk,
            means=_through(self.means, lambda mean: factor * mean),
            selves=self._of_selves(lambda own: own.scaled(factor)),
        )

    def plus(self, branch):
        """The state of u + w, w the signal of a branch whose last weights u has not met: all they share is means."""
        (a1, a2), (b1, b2) = self._means_beside(branch)
        return KernelState(
            self.variance1 + branch.variance1 + 2 * (a1 * b1),
            self.variance2 + branch.variance2 + 2 * (a2 * b2),
            self.covariance + branch.covariance + (a1 * b2 + b1 * a2),
            self.half_distance + branch.half_distance + (a1 - a2) * (b1 - b2),
            self.half_sum + branch.half_sum + (a1 + a2) * (b1 + b2),
            None if self.ntk is None else self.ntk + branch.ntk,
            None,
            _added(self.means, branch.means),
            self.is_gaussian and branch.is_gaussian,
            self.axes,
            self._of_selves(lambda own, other: own.plus(other), branch),
        )

    def _means_beside(self, branch):
        if self.means is None or branch.means is None:
            raise ValueError(
                "a residual sum must add neurons with random weights before them; got the inputs themselves, or "
                "flattened images. Put a Dense or Convolution layer before the Residual, or into its skip."
            )
        if self.means is CENTRED or branch.means is CENTRED:
            return CENTRED, CENTRED
        return _found(self.means), _found(branch.means)

    def _of_selves(self, act, other=None):
        if self.selves is None:
            return None
        return tuple(map(act, self.selves) if other is None else map(act, self.selves, other.selves))

    @property
    def correlation(self):
        """ρ = E uv/√(E u² E v²), 0 where one of them vanishes."""
        return self.covariance / self._scale

    @property
    def gap(self):
        """1 − ρ."""
        return (self.half_distance - self._mismatch) / self._scale

    @property
    def margin(self):
        """1 − |ρ|, from h or s, whichever is the smaller; what is below their rounding is 0: parallel inputs."""
        if self.known_margin is not None:
            return self.known_margin
        xp = array_namespace(self.covariance)
        nearer = xp.minimum(self.half_distance, self.half_sum)
        if self.is_shared:
            return clamp(nearer / self._scale, 0.0, 1.0)
        apart = nearer - self._mismatch
        rounding = _ROUNDING * (nearer + xp.abs(self.variance1 - self.variance2))
        return clamp(xp.where(apart <= rounding, 0.0 * apart, apart) / self._scale, 0.0, 1.0)

    @property
    def _scale(self):
        """√(E u² E v²); 1 where it vanishes, and with it everything that is divided by it."""
        if self.is_shared:
            return self.variance1
        scale = (self.variance1 * self.variance2) ** 0.5
        return array_namespace(scale).where(scale > 0, scale, 1.0 + scale)

    @property
    def _mismatch(self):
        return 0.0 if self.is_shared else 0.5 * (self.variance1**0.5 - self.variance2**0.5) ** 2


def sphere_state(rho=None, *, gap=None, variance=1.0, ntk=True):
    """The state of inputs of one norm, from their correlation or from 1 − ρ.

    >>> float(sphere_state(gap=1e-20).margin)
    1e-20
    """
    demand_one(rho, gap)
    given = _as_float(gap if rho is None else rho)
    low, high, name = (0, 2, "gap") if rho is None else (-1, 1, "rho")
    inside = (given >= low) & (given <= high)
    if not bool(inside.all()):
        raise ValueError(f"{name} must lie in [{low}, {high}]; got {float(given[~inside].ravel()[0])}.")
    rho, gap = (1 - given, given) if rho is None else (given, 1 - given)
    return KernelState(
        variance, variance, variance * rho, variance * gap, variance * (1 + rho), 0.0 * rho if ntk else None
    )


def demand_one(rho, gap):
    """Refuse what does not say which of the two is meant.

    >>> demand_one(0.5, None)
    """
    if (rho is None) == (gap is None):
        raise TypeError("give either rho or gap=, not both: a correlation is accurate near 0, its gap 1 − ρ near 1.")


def run(layers, state):
    """The state behind the last of `layers`.

    >>> import ntkit as nk
    >>> state = run(nk.mlp(1, "relu").layers, sphere_state(1.0))
    >>> round(float(state.covariance), 12), round(float(state.ntk), 12)
    (0.5, 1.0)
    """
    for layer in layers:
        state = layer.propagate(state)
    return state


def read_out(architecture, state):
    """The Kernels behind the last layer of an architecture.

    >>> import ntkit as nk
    >>> float(read_out(nk.mlp(0, "relu"), sphere_state(0.5)).ntk)
    0.5
    """
    out = run(architecture.layers, state)
    return Kernels(out.covariance, out.ntk)


def _as_float(value):
    return value if is_torch_array(value) else np.asarray(value, dtype=float)


def _found(means):
    return means() if callable(means) else means


def _through(means, act):
    """The means of signals that a linear map `act` has taken elsewhere."""
    if means is None or means is CENTRED:
        return means
    return lambda: tuple(map(act, _found(means)))


def _added(means, others):
    if means is CENTRED:
        return others
    if others is CENTRED:
        return means
    return tuple(a + b for a, b in zip(_found(means), _found(others), strict=True))
