"""Steps of gradient descent against depth: from the spectra of infinite networks, and counted on finite ones.

With η = 1/λ_max a target y needs the first t at which Σ_i (1 − λ_i/λ_max)^{2t} c_i² ≤ ε Σ c_i², and every target is
served after ⌈log ε / 2 log(1 − 1/κ)⌉ steps.  Depth brings κ of a normalised activation down to 3 within
L₁ = O(log(n/δ)/μ) layers, and from there on the count is ⌈1.24 log(1/ε)⌉ at most, whatever n and δ: the paper's
headline.  Source: Agarwal, Awasthi, Kale (2021), Theorems 13, 14, 44, 50, Corollary 48.
"""

from dataclasses import dataclass

import numpy as np

from ntkit import conditioning, dynamics
from ntkit.architectures import mlp
from ntkit.networks.ensembles import in_span
from ntkit.networks.kernels import empirical_nngp, empirical_ntk
from ntkit.networks.training import train
from ntkit.spectra import assumptions

WELL_CONDITIONED = 3.0
"""The κ that `corollary_4_sharp` reaches at L₁."""

_LARGEST_COUNT = 1e15
_LARGEST_DELTA = float(np.nextafter(1.0, 0.0))


@dataclass(frozen=True, eq=False)
class KernelSteps:
    """Steps of gradient descent under one kernel, at each depth; inf where a mode never trains.

    condition_number: (d,), κ.  steps: (d,), for the targets asked for.  worst: (d,), enough for every target.
    ceiling: (d,), what the theorems allow for every target, in sharp constants; stated: as printed, Theorem 50 with
    Corollary 4 or 6.  Both nan where they are silent.  reached: the first depth from which on κ ≤ 3; None if there is
    none.
    """

    condition_number: np.ndarray
    steps: np.ndarray
    worst: np.ndarray
    ceiling: np.ndarray
    stated: np.ndarray
    reached: int | None


@dataclass(frozen=True, eq=False)
class StepsByDepth:
    """How many steps of gradient descent with η = 1/λ_max leave ε of the loss, depth by depth, at infinite width.

    activation: its name; mu: its μ, nan where it is not normalised and the theorems are silent.  n, delta, input_floor:
    the points, δ of Assumption A and of Assumption B (nan where they have none).  epsilon: ε.  depth: (d,), 1 … L.
    nngp: KernelSteps of the top layer trained alone; ntk: of all layers, None where the activation jumps.
    L1: the depth from which on the theorems promise κ ≤ 3; None without μ.
    """

    activation: str
    mu: float
    n: int
    delta: float
    input_floor: float
    epsilon: float
    depth: np.ndarray
    nngp: KernelSteps
    ntk: KernelSteps | None
    L1: int | None


@dataclass(frozen=True, eq=False)
class SpectraByDepth:
    """The spectra of both kernels at every depth, with what the targets have in each mode.

    activation: the Activation.  n, delta, input_floor: as of StepsByDepth.
    nngp, ntk: (eigenvalues (L, n), descending, in units of the diagonal; coefficients squared (L, n)); ntk may be None.
    """

    activation: object
    n: int
    delta: float
    input_floor: float
    nngp: tuple
    ntk: tuple | None


@dataclass(frozen=True, eq=False)
class FiniteSteps:
    """Steps that finite networks took.

    depth: (d,).  steps: (d,), counted in training; nan where the most allowed did not do.  predicted: (d,), from the
    network's own kernel.  condition_number: (d,), of that kernel.  width, seed, epsilon, layers: what was trained.
    """

    depth: np.ndarray
    steps: np.ndarray
    predicted: np.ndarray
    condition_number: np.ndarray
    width: int
    seed: int
    epsilon: float
    layers: str


@dataclass(frozen=True, eq=False)
class ModeDecay:
    """The residual of a finite network, mode by mode, while it trains.

    steps: (t,).  eigenvalues: (n,), λ_i of its kernel at the start, descending.  measured, predicted: (t, n),
    |v_iᵀ(f_t − y)| and |1 − ηλ_i|^t |v_iᵀ(f_0 − y)|.  learning_rate: η.  layers: "top", where both agree, or "all".
    """

    steps: np.ndarray
    eigenvalues: np.ndarray
    measured: np.ndarray
    predicted: np.ndarray
    learning_rate: float
    layers: str


def spectra_by_depth(activation, x, y, depth):
    """The SpectraByDepth of networks with 1, …, depth hidden layers, in one pass through the layers.

    Parameters: activation, an Activation; x, n ≥ 2 rows of unit length, no two on one line; y targets (n,); depth ≥ 1.
    Where E σ² < 1 the kernels shrink with depth and in the end underflow: scale σ before (`with_unit_second_moment`).
    Raises: ValueError for other rows or targets.

    >>> import ntkit as nk
    >>> points = nk.data.sphere(8, 0.1, seed=0)
    >>> spectra = spectra_by_depth(nk.activation("relu").normalized(), points.x, points.y, depth=20)
    >>> spectra.nngp[0].shape
    (20, 8)
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    given = assumptions(x)
    if y.shape != (len(x),) or not np.isfinite(y).all() or not y.any():
        raise ValueError(f"y must hold {len(x)} finite targets, not all 0; got shape {y.shape}.")
    above = np.triu_indices(len(x), 1)
    gap = 0.5 * np.square(x[above[0]] - x[above[1]]).sum(axis=1)  # 1 − x·x' without cancellation
    trajectory = mlp(depth, activation).trajectory(gap=gap)
    kernels = (trajectory.nngp, trajectory.nngp_diagonal), (trajectory.ntk, trajectory.ntk_diagonal)
    found = [None if pairs is None else _modes(pairs / diagonal[:, None], y, above) for pairs, diagonal in kernels]
    return SpectraByDepth(activation, len(x), given.delta, given.input_floor, *found)


def steps_by_depth(activation, x, y, depth, epsilon=1e-3, *, spectra=None):
    """The StepsByDepth of networks with 1, …, depth hidden layers.

    Parameters: as of `spectra_by_depth`; epsilon in (0, 1), the share of the loss (of f_0 = 0) that may be left;
    spectra, a SpectraByDepth of at least that depth, where it is known already.
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), section 4.

    >>> import ntkit as nk
    >>> points = nk.data.sphere(8, 0.01, seed=0)
    >>> found = steps_by_depth(nk.activation("relu").normalized(), points.x, points.y, depth=60)
    >>> bool(found.nngp.steps[0] > 10 * found.nngp.steps[-1]), found.nngp.reached < found.L1
    (True, True)
    """
    if not 0 < epsilon < 1:
        raise ValueError(f"epsilon must lie in (0, 1); got {epsilon}. It is the share of the loss that may be left.")
    spectra = spectra_by_depth(activation, x, y, depth) if spectra is None else spectra
    layers = np.arange(1, depth + 1)
    promised = activation.is_normalized and activation.coefficient_of_nonlinearity > 0
    mu = activation.coefficient_of_nonlinearity if promised else np.nan
    delta = min(spectra.delta, _LARGEST_DELTA)
    ceiling, stated = _ceilings(spectra, layers, mu)
    kernels = {}
    for name in ("nngp", "ntk"):
        found = getattr(spectra, name)
        kernels[name] = found and _kernel_steps(*(part[:depth] for part in found), epsilon, ceiling, stated[name])
    return StepsByDepth(
        activation=activation.name,
        mu=mu,
        n=spectra.n,
        delta=spectra.delta,
        input_floor=spectra.input_floor,
        epsilon=epsilon,
        depth=layers,
        L1=conditioning.L1(delta, mu, spectra.n) if promised else None,
        **kernels,
    )


def finite_steps(
    activation,
    x,
    y,
    depths,
    width,
    epsilon=1e-3,
    *,
    layers="top",
    seed=0,
    most=2000,
    dtype=None,
    device=None,
    callback=None,
):
    """The FiniteSteps of one network for each of `depths`, trained with η = 1/λ_max of its own kernel.

    Trained in the top layer alone it starts from a read-out of 0, as the theory has it; in all layers from where its
    weights put it.  ε is the share of the loss at that start.

    Parameters: activation, x, y, epsilon as of `steps_by_depth`; depths; width; layers "top" or "all"; seed of the
    weights; most, steps after which counting stops; dtype, torch's (float64 by default), and device
    of the networks; callback(depth, steps, nan) after each.

    >>> import ntkit as nk
    >>> points = nk.data.sphere(6, 0.1, seed=0)
    >>> found = finite_steps(nk.activation("relu").normalized(), points.x, points.y, (2, 8), width=128)
    >>> bool((found.steps == found.predicted).all())
    True
    """
    rows = [
        _counted(activation, x, y, int(depth), width, epsilon, layers, seed, most, (dtype, device), callback)
        for depth in depths
    ]
    steps, predicted, condition = map(np.array, zip(*rows, strict=True))
    return FiniteSteps(np.array(depths), steps, predicted, condition, width, seed, epsilon, layers)


def mode_decay(module, x, y, steps, learning_rate=None, *, layers="top"):
    """The ModeDecay of a finite network, trained in place.

    Parameters: module, x, y (n,), learning_rate, layers as of `train`; steps, an increasing sequence that starts at 0.
    Raises: ValueError as `train` does, and for other steps.

    >>> import ntkit as nk
    >>> points = nk.data.sphere(6, 0.1, seed=0)
    >>> module = nk.mlp(3, "relu").module(points.dim, width=64, seed=0).double()
    >>> decay = mode_decay(module, points.x, points.y, steps=(0, 5, 10))
    >>> bool(np.allclose(decay.measured, decay.predicted))
    True
    """
    steps = np.asarray(steps)
    if steps.ndim != 1 or steps[0] != 0 or (np.diff(steps) <= 0).any():
        raise ValueError(f"steps must increase from 0; got {steps}.")
    modes = dynamics.modes(np.asarray((empirical_nngp if layers == "top" else empirical_ntk)(module, x), dtype=float))
    learning_rate = dynamics.safe_learning_rate(modes) if learning_rate is None else learning_rate
    outputs = [train(module, x, y, 0, learning_rate, layers=layers).initial]
    for more in np.diff(steps):
        outputs.append(train(module, x, y, int(more), learning_rate, layers=layers, record=int(more)).final)
    measured = np.abs((np.array(outputs, dtype=float) - y) @ modes.eigenvectors)
    predicted = np.abs(1 - learning_rate * modes.eigenvalues) ** steps[:, None] * measured[0]
    return ModeDecay(steps, modes.eigenvalues, measured, predicted, float(learning_rate), layers)


def _modes(pairs, y, above):
    """Eigenvalues, descending, of the matrices with these entries above a diagonal of 1, and (vᵀy)² for each."""
    grams = np.empty((len(pairs) - 1, len(y), len(y)))
    grams[:, above[0], above[1]] = grams[:, above[1], above[0]] = pairs[1:]
    grams[:, np.arange(len(y)), np.arange(len(y))] = 1.0
    eigenvalues, eigenvectors = np.linalg.eigh(grams)
    rounding = len(y) * np.finfo(float).eps * eigenvalues[:, -1:]
    eigenvalues = np.where(eigenvalues > rounding, eigenvalues, 0.0)
    return eigenvalues[:, ::-1], np.square(np.swapaxes(eigenvectors, 1, 2) @ y)[:, ::-1]


def _kernel_steps(eigenvalues, energy, epsilon, ceiling, stated):
    with np.errstate(divide="ignore"):
        kappa = eigenvalues[:, 0] / eigenvalues[:, -1]
    good = kappa <= WELL_CONDITIONED
    last_bad = np.flatnonzero(~good)
    first = 1 if not len(last_bad) else int(last_bad[-1]) + 2
    return KernelSteps(
        condition_number=kappa,
        steps=_steps_to(epsilon, eigenvalues, energy),
        worst=_worst(epsilon, kappa),
        ceiling=_worst(epsilon, ceiling),
        stated=_where_known(stated, lambda kappa: conditioning.theorem_50_steps(epsilon, kappa)),
        reached=first if first <= len(kappa) else None,
    )


def _worst(epsilon, kappa):
    """Steps for every target with η = 1/λ_max; inf where κ is, nan where it is."""
    return _where_known(kappa, lambda kappa: conditioning.theorem_50_sharp_steps(epsilon, kappa))


def _where_known(kappa, count):
    """count(κ) where that is below what can be counted."""
    known = np.isfinite(kappa) & (kappa < _LARGEST_COUNT)
    steps = np.where(np.isnan(kappa), np.nan, np.inf)
    steps[known] = count(kappa[known])
    return steps


def _steps_to(epsilon, eigenvalues, energy):
    """The first t with Σ (1 − λ_i/λ_max)^{2t} c_i² ≤ ε Σ c_i², for every row: by doubling, then by bisection."""
    with np.errstate(divide="ignore"):
        rate = 2 * np.log1p(-eigenvalues / eigenvalues[:, :1])
    share = energy / energy.sum(axis=1, keepdims=True)
    high = np.ones(len(rate))

    def above(steps):
        with np.errstate(invalid="ignore"):
            return (share * np.exp(steps[:, None] * rate)).sum(axis=1) > epsilon

    while (growing := above(high) & (high < _LARGEST_COUNT)).any():
        high = np.where(growing, 2 * high, high)
    never, low = above(high), np.where(high > 1, high / 2, 0.0)
    while (wide := high - low > 1).any():
        middle = np.floor((low + high) / 2)
        too_few = above(middle)
        low, high = np.where(wide & too_few, middle, low), np.where(wide & ~too_few, middle, high)
    return np.where(never, np.inf, high)


def _ceilings(spectra, layers, mu):
    """Largest κ at each depth: in sharp constants, the same for both kernels, and as stated for each."""
    silent = np.full(len(layers), np.nan)
    if np.isnan(mu):
        return silent, {"nngp": silent, "ntk": silent}
    n, delta, floor = spectra.n, min(spectra.delta, _LARGEST_DELTA), min(spectra.input_floor, _LARGEST_DELTA)
    sharp = _from(conditioning.L1(delta, mu, n), layers, lambda at: conditioning.corollary_4_sharp(at, delta, mu, n))
    if floor > 0:
        sharp = np.fmin(sharp, conditioning.corollary_8_sharp(layers, floor, mu, n))
    return sharp, {
        "nngp": _from(conditioning.L1(delta, mu, n), layers, lambda at: conditioning.corollary_4(at, delta, mu, n)),
        "ntk": _from(conditioning.L2(delta, mu, n), layers, lambda at: conditioning.corollary_6(at, delta, mu, n)),
    }


def _from(least, layers, bound):
    """The bound at the depths from `least` on; nan before."""
    holds = layers >= least
    values = np.full(len(layers), np.nan)
    if holds.any():
        values[holds] = bound(layers[holds])
    return values


def _counted(activation, x, y, depth, width, epsilon, layers, seed, most, place, callback):
    import torch

    rows = in_span(x)
    module = mlp(depth, activation).module(rows.shape[1], width, seed, dtype=place[0] or torch.float64, device=place[1])
    if layers == "top":
        module.read_out.weight.data.zero_()
    kernel = np.asarray((empirical_nngp if layers == "top" else empirical_ntk)(module, rows), dtype=float)
    modes = dynamics.modes(kernel)
    start = train(module, rows, y, 0, dynamics.safe_learning_rate(modes), layers=layers)
    prediction = dynamics.predict(modes, y, 0, initial=start.initial)
    predicted, goal = dynamics.steps_to_reach(prediction, epsilon * prediction.loss[0]), epsilon * start.loss[0]
    watch = _Watch(goal)
    run = train(module, rows, y, most, start.learning_rate, layers=layers, callback=watch, cancel=watch.is_reached)
    if callback is not None:
        callback(depth, int(run.steps[-1]), np.nan)
    done = np.flatnonzero(run.loss <= goal)
    least = modes.eigenvalues[-1]
    condition = modes.eigenvalues[0] / least if least > 0 else np.inf
    return (run.steps[done[0]] if len(done) else np.nan), predicted, condition


class _Watch:
    """Ends a run when its loss is down to `goal`."""

    def __init__(self, goal):
        self.goal, self.loss = goal, np.inf

    def __call__(self, step, loss, seconds_left):
        self.loss = loss

    def is_reached(self):
        return self.loss <= self.goal
