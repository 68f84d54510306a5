"""The spectra of both kernels on given points, beside every floor, ceiling and condition number that is proved."""

from dataclasses import dataclass

import numpy as np

from ntkit import conditioning
from ntkit.architectures import mlp
from ntkit.data.separations import separation
from ntkit.memory import ensure_fits
from ntkit.spectra.certificates import gershgorin, network_floors
from ntkit.spectra.eigenvalues import Spectrum, spectrum
from ntkit.spectra.operators import host_array

_LARGEST_DELTA = float(np.nextafter(1.0, 0.0))  # the bound asks for δ < 1, and a smaller δ assumes less
_NNGP_FLOORS = ("theorem_3", "theorem_7")
_NTK_FLOORS = ("theorem_5", "theorem_5_sharp", "theorem_9", "theorem_9_sharp")
_COROLLARIES = tuple(f"corollary_{number}{kind}" for number in (4, 6, 8, 10) for kind in ("", "_sharp"))


@dataclass(frozen=True)
class Assumptions:
    """What the theorems may assume of some points on the sphere.

    delta:       1 − max |ρ|, the δ of Assumption A
    input_floor: λ_min of the Gram matrix, the δ of Assumption B; nan where it is singular (as for n > d)
    inputs:      the Spectrum of that Gram matrix, which depth starts from
    """

    delta: float
    input_floor: float
    inputs: Spectrum


@dataclass(frozen=True, eq=False)
class SpectrumComparison:
    """The spectra of both kernels on one set of points, with the floors and ceilings that the theorems put to them.

    activation, depth, n: the network and the number of points
    delta, input_floor: the Assumptions that the points meet
    inputs:        the Spectrum of the Gram matrix of the points themselves
    nngp, ntk:     the Spectrum of K̄ and of 𝒦̄
    nngp_floors, ntk_floors: lower bounds on the smallest eigenvalue, by the name of their statement
    nngp_ceiling, ntk_ceiling: upper bound on the largest (Theorem 3 and theorem_5_sharp, through Gershgorin's circles)
    condition_bounds: upper bounds on κ, by the name of the corollary: 4, 8 for K̄ and 6, 10 for 𝒦̄, as stated and sharp

    Values of statements that do not apply (too shallow, Assumption B not met, network not normalised) are nan.
    """

    activation: str
    depth: int
    n: int
    delta: float
    input_floor: float
    inputs: Spectrum
    nngp: Spectrum
    ntk: Spectrum
    nngp_floors: dict
    ntk_floors: dict
    nngp_ceiling: float
    ntk_ceiling: float
    condition_bounds: dict

    @property
    def nngp_floor(self):
        """The best lower bound on λ_min(K̄); nan where none says more than λ_min ≥ 0."""
        return _best(self.nngp_floors)

    @property
    def ntk_floor(self):
        """The best lower bound on λ_min(𝒦̄); nan where none says more than λ_min ≥ 0."""
        return _best(self.ntk_floors)


def assumptions(x):
    """The Assumptions that the rows of x meet, each to a few units of rounding however small it is.

    Parameters: x, shape (n, d), n ≥ 2 rows of unit length, no two on one line; numpy or torch.
    Raises: ValueError for other rows.
    Source: Agarwal, Awasthi, Kale (2021), sections 3.1 and 3.3.

    >>> found = assumptions([[1.0, 0.0], [0.6, 0.8]])
    >>> round(found.delta, 12), round(found.input_floor, 12)
    (0.4, 0.4)
    """
    points = host_array(x)
    singular_values = np.linalg.svd(points, compute_uv=False)
    return Assumptions(
        delta=_separation(points),
        input_floor=_input_floor(len(points), singular_values),
        inputs=_input_spectrum(len(points), singular_values),
    )


def compare_spectra(net, x, *, given=None, kernels=None):
    """The SpectrumComparison of a network's NNGP and NTK matrices on the rows of x.

    Parameters: net, an `mlp`; x, shape (n, d), n ≥ 2 rows of unit length, no two on one line; numpy or torch; given,
    the `assumptions(x)`, and kernels, the `net.kernels(x)`, where they are known already.
    Raises: ValueError for other rows, or for an activation that jumps, which has no NTK; MemoryError where the matrices
    would not fit.

    >>> import ntkit as nk
    >>> sigma = nk.activation("tanh").normalized()
    >>> comparison = compare_spectra(nk.mlp(200, sigma), nk.data.sphere(20, 0.3).x)
    >>> comparison.nngp_floor <= comparison.nngp.min <= comparison.nngp.max <= comparison.nngp_ceiling
    True
    """
    ensure_fits(len(x), copies=3)  # K̄, 𝒦̄ and what eigvalsh works on
    given = assumptions(x) if given is None else given
    kernels = net.kernels(x) if kernels is None else kernels
    if tuple(kernels.ntk.shape) != (len(x), len(x)):
        raise ValueError(f"kernels must be those of x, {len(x)} × {len(x)}; got {tuple(kernels.ntk.shape)}.")
    case = _Case.of(net, len(x), given)
    nngp_certificate, ntk_certificate = _certificates(net, given.input_floor)
    diagonal = float(kernels.ntk[0, 0])
    return SpectrumComparison(
        activation=net.activation.name if net.activation else "none",
        depth=net.depth,
        n=len(x),
        delta=given.delta,
        input_floor=given.input_floor,
        inputs=given.inputs,
        nngp=spectrum(kernels.nngp),
        ntk=spectrum(kernels.ntk),
        nngp_floors=_nngp_floors(case) | {"lemma_23": nngp_certificate},
        ntk_floors={name: diagonal * floor for name, floor in _ntk_floors(case).items()}
        | {"lemma_23": ntk_certificate},
        nngp_ceiling=_ceiling(case),
        ntk_ceiling=diagonal * _ceiling(case),
        condition_bounds=_condition_bounds(case),
    )


@dataclass(frozen=True)
class _Case:
    """What the statements are asked: `a` and `b` are the δ of Assumptions A and B, None where they say nothing."""

    depth: int
    n: int
    mu: float
    a: float | None
    b: float | None

    @classmethod
    def of(cls, net, n, given):
        """The case of a network on n points; the theorems are on normalised non-linear activations."""
        sigma = net.activation
        mu = sigma.coefficient_of_nonlinearity if sigma else 0.0
        covered = mu > 0 and sigma.is_normalized and net == mlp(net.depth, sigma)
        return cls(
            depth=net.depth,
            n=n,
            mu=mu,
            a=min(given.delta, _LARGEST_DELTA) if covered else None,
            b=min(given.input_floor, _LARGEST_DELTA) if covered and not np.isnan(given.input_floor) else None,
        )


def _certificates(net, input_floor):
    return (np.nan, np.nan) if np.isnan(input_floor) else network_floors(net, min(input_floor, 1.0))


def _nngp_floors(case):
    floors = dict.fromkeys(_NNGP_FLOORS, np.nan)
    if case.a:
        floors["theorem_3"] = gershgorin(case.n, conditioning.theorem_3(case.depth, case.a, case.mu))[0]
    if case.b:
        floors["theorem_7"] = conditioning.theorem_7(case.depth, case.b, case.mu)
    return floors


def _ntk_floors(case):
    """In units of the diagonal of 𝒦̄."""
    floors = dict.fromkeys(_NTK_FLOORS, np.nan)
    if case.a:
        floors["theorem_5_sharp"] = gershgorin(case.n, conditioning.theorem_5_sharp(case.depth, case.a, case.mu))[0]
        if case.depth >= 2 * conditioning.L0(case.a, case.mu):
            floors["theorem_5"] = gershgorin(case.n, conditioning.theorem_5(case.depth, case.a, case.mu))[0]
    if case.b:
        floors["theorem_9_sharp"] = conditioning.theorem_9_sharp(case.depth, case.b, case.mu)
        if case.depth >= 2 * conditioning.L0(case.b, case.mu):
            floors["theorem_9"] = conditioning.theorem_9(case.depth, case.b, case.mu)
    return floors


def _ceiling(case):
    """Theorem 3, and theorem_5_sharp in units of the diagonal of 𝒦̄: the entries of both are at most B(L, δ)."""
    return gershgorin(case.n, conditioning.theorem_3(case.depth, case.a, case.mu))[1] if case.a else np.nan


def _condition_bounds(case):
    statements = []  # with the δ of its assumption and the depth from which each holds
    if case.a:
        first, second = (depth(case.a, case.mu, case.n) for depth in (conditioning.L1, conditioning.L2))
        statements += [
            (conditioning.corollary_4, case.a, first),
            (conditioning.corollary_4_sharp, case.a, first),
            (conditioning.corollary_6, case.a, second),
            (conditioning.corollary_6_sharp, case.a, first),
        ]
    if case.b:
        statements += [
            (conditioning.corollary_8, case.b, 0),
            (conditioning.corollary_8_sharp, case.b, 0),
            (conditioning.corollary_10, case.b, 4 * conditioning.L0(case.b, case.mu)),
            (conditioning.corollary_10_sharp, case.b, 0),
        ]
    return dict.fromkeys(_COROLLARIES, np.nan) | {
        corollary.__name__: float(corollary(case.depth, delta, case.mu, case.n))
        for corollary, delta, least in statements
        if case.depth >= least
    }


def _separation(points):
    """1 − max |ρ|, Assumption A."""
    found = separation(points)
    if not found.correlation > 0:
        raise ValueError(
            f"no two rows of x may lie on one line; rows {found.pair[0]} and {found.pair[1]} do, so that δ = 0 and "
            "nothing separates them at any depth. Drop one of them."
        )
    return found.correlation


def _input_floor(n, singular_values):
    """λ_min of the Gram matrix, Assumption B, from the singular values of the n rows; nan where it is not resolved."""
    if len(singular_values) < n:
        return np.nan
    rounding = n * np.finfo(float).eps * singular_values[0]
    return float(singular_values[-1] ** 2) if singular_values[-1] > rounding else np.nan


def _input_spectrum(n, singular_values):
    """The Spectrum of the Gram matrix of n rows: the squares of their singular values, and 0 beyond their dimension."""
    return Spectrum(np.pad(singular_values**2, (0, n - len(singular_values))))


def _best(floors):
    best = max((floor for floor in floors.values() if floor > 0), default=np.nan)
    return float(best)
