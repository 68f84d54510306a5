"""Training as a linear system: the residual of each eigenmode of the kernel decays on its own.

With f on the training inputs driven by a fixed kernel K = Σ λ_i v_i v_iᵀ (the NNGP kernel when only the read-out is
trained, the neural tangent kernel when every layer is), gradient descent gives

    f_t − y = Σ_i (1 − ηλ_i)^t c_i v_i,      c_i = v_iᵀ(f_0 − y),      loss_t = (1/n) Σ_i (1 − ηλ_i)^{2t} c_i².

How η enters: a step is W ← W − η ∂/∂W ½ Σ_j (f(x_j) − y_j)², so that the factor of a mode is 1 − ηλ_i whatever n is.
`ntkit.networks.train` takes the same η.  An optimiser that descends the reported loss (1/n) Σ (f − y)² itself needs
`optimizer_learning_rate(η, n)` = ηn/2 for the same steps.

The eigenvectors are found once, by `modes`; another y costs n², another η or other steps n per step.
Source: Agarwal, Awasthi, Kale (2021), section 4 and appendix E; Panigrahi, Shetty, Goyal (2020), equation 3 and
Theorem 4.6.
"""

import math
from dataclasses import dataclass

import numpy as np
from array_api_compat import array_namespace, device, is_torch_array

_UNDERFLOWING_LOG = -1e4


@dataclass(frozen=True, eq=False)
class Modes:
    """Eigenvalues of a kernel matrix, (n,), descending, and its orthonormal eigenvectors, the columns of (n, n)."""

    eigenvalues: np.ndarray
    eigenvectors: np.ndarray


@dataclass(frozen=True, eq=False)
class Prediction:
    """Gradient descent as the spectrum predicts it.

    steps: (t,), numbers of steps taken.  loss: (t,), (1/n) Σ_j (f(x_j) − y_j)² after them, summed over outputs.
    eigenvalues: (n,), λ_i, descending.  coefficients: (n,) or (n, k), c_i = v_iᵀ(f_0 − y).
    learning_rate: η of the module's convention, factor 1 − ηλ_i.  log_factors: (n,), log |1 − ηλ_i|.
    """

    steps: np.ndarray
    loss: np.ndarray
    eigenvalues: np.ndarray
    coefficients: np.ndarray
    learning_rate: float
    log_factors: np.ndarray

    @property
    def mode_loss(self):
        """Each mode's part of the loss, (1/n)(1 − ηλ_i)^{2t} c_i², shape (t, n); the rows sum to `loss`."""
        return _mode_loss(self.steps, self.log_factors, self.coefficients)

    @property
    def is_stable(self):
        """Whether no mode grows: ηλ_max ≤ 2."""
        return bool(self.learning_rate * self.eigenvalues[0] <= 2)


@dataclass(frozen=True, eq=False)
class Flow:
    """Gradient flow, df/dt = −K(f − y), the limit of small steps with t = η · steps.

    times: (t,).  loss: (t,), (1/n) Σ_i e^{−2λ_i t} c_i².  eigenvalues, coefficients: as in Prediction.
    """

    times: np.ndarray
    loss: np.ndarray
    eigenvalues: np.ndarray
    coefficients: np.ndarray

    @property
    def mode_loss(self):
        """Each mode's part of the loss, shape (t, n)."""
        return _mode_loss(self.times, -self.eigenvalues, self.coefficients)


def modes(gram, /):
    """Eigenvalues and eigenvectors of a kernel matrix, (n, n), symmetric and positive semi-definite.

    Negative eigenvalues within √ε λ_max, which rounding and deep tables stay well below, are set to 0: such a mode
    stands still, and rounding cannot make it grow.  numpy in, numpy (float64) out; torch in, torch out, on its device
    and in its precision.
    Raises: ValueError when the matrix is not square, finite, symmetric, or has a negative eigenvalue beyond rounding.

    >>> modes([[2.0, 1.0], [1.0, 2.0]]).eigenvalues
    array([3., 1.])
    """
    gram = gram if is_torch_array(gram) else np.asarray(gram, dtype=float)
    xp = array_namespace(gram)
    _require_symmetric(gram, xp)
    eigenvalues, eigenvectors = xp.linalg.eigh(gram)
    eigenvalues, eigenvectors = xp.flip(eigenvalues, axis=0), xp.flip(eigenvectors, axis=1)
    rounding = xp.finfo(gram.dtype).eps ** 0.5 * float(eigenvalues[0])
    if not -rounding <= float(eigenvalues[-1]):
        raise ValueError(
            f"a kernel matrix must be positive semi-definite; its eigenvalues run from {float(eigenvalues[-1]):.3g} "
            f"to {float(eigenvalues[0]):.3g}. Check that it is K(x, x) of one set of rows."
        )
    return Modes(xp.where(eigenvalues > 0, eigenvalues, xp.zeros_like(eigenvalues)), eigenvectors)


def safe_learning_rate(spectrum, /):
    """η = 1/λ_max: every factor 1 − ηλ lies in [0, 1), and the kernel may double before a mode grows.

    The Θ(1/λ_max) of Theorem 13; the slowest mode needs κ steps for a factor 1/e.
    Parameters: anything with `eigenvalues`, such as Modes.

    >>> safe_learning_rate(modes([[2.0, 1.0], [1.0, 2.0]])) == 1 / 3
    True
    """
    return 1 / _largest(spectrum)


def optimal_learning_rate(spectrum, /):
    """η = 2/(λ_min + λ_max): the slowest mode decays fastest, by (κ − 1)/(κ + 1) a step.

    The choice of Theorem 14.  The top mode then alternates in sign and decays no faster than the bottom one, and with
    λ_min ≪ λ_max it stands at the edge of divergence: use it where the kernel is well conditioned and does not move.

    >>> optimal_learning_rate(modes([[2.0, 1.0], [1.0, 2.0]]))
    0.5
    """
    return 2 / (_largest(spectrum) + float(spectrum.eigenvalues[-1]))


def largest_stable_learning_rate(spectrum, /):
    """η = 2/λ_max: above it the top mode grows.

    >>> largest_stable_learning_rate(modes([[2.0, 0.0], [0.0, 1.0]]))
    1.0
    """
    return 2 / _largest(spectrum)


def optimizer_learning_rate(learning_rate, n):
    """What an optimiser on the loss (1/n) Σ (f − y)² must be given to take the steps of this module's η: ηn/2.

    >>> optimizer_learning_rate(0.5, 100)
    25.0
    """
    return learning_rate * n / 2


def predict(kernel, y, steps, learning_rate=None, initial=None):
    """The loss of full-batch gradient descent under a fixed kernel, mode by mode.

    Parameters: kernel, the matrix (n, n) or its `modes`; y targets (n,) or (n, k), each output with the same kernel;
    steps, a number T for 0 … T, or an increasing sequence of step numbers; learning_rate η > 0 in the module's
    convention, `safe_learning_rate` by default; initial f_0, shaped like y, zero by default.
    Returns: Prediction.  Above the stability limit the loss grows, to inf; tiny ηλ lose nothing (log1p).
    Raises: ValueError for shapes that do not fit, values that are not finite, η ≤ 0 or negative steps.
    Source: module docstring.

    >>> prediction = predict([[2.0, 1.0], [1.0, 2.0]], [1.0, -1.0], steps=2, learning_rate=0.5)
    >>> prediction.loss
    array([1.    , 0.25  , 0.0625])
    """
    found = kernel if isinstance(kernel, Modes) else modes(kernel)
    coefficients = _coefficients(found, y, initial)
    learning_rate = safe_learning_rate(found) if learning_rate is None else _checked_learning_rate(learning_rate)
    steps = _checked_times(range(steps + 1) if np.ndim(steps) == 0 else steps, "steps", found.eigenvalues)
    log_factors = _log_factors(learning_rate, found.eigenvalues)
    loss = _loss(steps, log_factors, coefficients)
    return Prediction(steps, loss, found.eigenvalues, coefficients, learning_rate, log_factors)


def flow(kernel, y, times, initial=None):
    """The loss of gradient flow under a fixed kernel at `times` ≥ 0; other parameters and errors as in `predict`.

    Source: Panigrahi, Shetty, Goyal (2020), equation 3.

    >>> bool(flow([[2.0, 0.0], [0.0, 1.0]], [0.0, 2.0], [1.0]).loss[0] == 2 * np.exp(-2))
    True
    """
    found = kernel if isinstance(kernel, Modes) else modes(kernel)
    coefficients = _coefficients(found, y, initial)
    times = _checked_times(times, "times", found.eigenvalues)
    loss = _loss(times, -found.eigenvalues, coefficients)
    return Flow(times, loss, found.eigenvalues, coefficients)


def steps_per_mode(prediction, tolerance, /):
    """Steps after which each mode's residual |c_i| |1 − ηλ_i|^t is at most `tolerance` > 0: shape (n,), inf for never.

    About log(|c_i|/tolerance)/(ηλ_i) for small ηλ_i.  With k outputs |c_i| is the norm over them.
    Source: Panigrahi, Shetty, Goyal (2020), equation 3.

    >>> steps_per_mode(predict([[2.0, 0.0], [0.0, 1.0]], [4.0, 4.0], 0, learning_rate=0.25), 1.0)
    array([2., 5.])
    """
    _require_positive(tolerance, "tolerance")
    xp = array_namespace(prediction.coefficients)
    size = xp.sqrt(_energy(prediction.coefficients))
    above = size > tolerance
    shrinking = prediction.log_factors < 0
    needed = xp.log(xp.where(above, size / tolerance, xp.ones_like(size)))
    rate = xp.where(shrinking, -prediction.log_factors, xp.ones_like(size))
    return xp.where(above & ~shrinking, xp.full_like(size, math.inf), xp.ceil(needed / rate))


def steps_to_reach(prediction, loss, /):
    """The first step at which the predicted loss is at most `loss` > 0: an int, or inf when it never is.

    Raises: ValueError when the learning rate is above the stability limit, where the loss need not fall.

    >>> steps_to_reach(predict([[2.0, 1.0], [1.0, 2.0]], [1.0, -1.0], steps=2, learning_rate=0.5), 0.1)
    2
    """
    _require_positive(loss, "loss")
    if not prediction.is_stable:
        raise ValueError(
            f"learning_rate must be at most 2/λ_max = {largest_stable_learning_rate(prediction):.6g} for a loss that "
            f"falls; got {prediction.learning_rate:.6g}."
        )

    def after(step):
        times = _checked_times([float(step)], "steps", prediction.eigenvalues)
        return float(_loss(times, prediction.log_factors, prediction.coefficients)[0])

    standing = prediction.log_factors >= 0
    if float((_energy(prediction.coefficients)[standing]).sum()) / len(prediction.eigenvalues) > loss:
        return math.inf
    return _first_integer(lambda step: after(step) <= loss)


def _first_integer(holds):
    """Smallest t ≥ 0 with holds(t), for a condition that stays true once it is."""
    if holds(0):
        return 0
    high = 1
    while not holds(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _log_factors(learning_rate, eigenvalues):
    """log |1 − ηλ|: log1p(−ηλ) up to 1 and log1p(ηλ − 2) above, both without cancellation."""
    xp = array_namespace(eigenvalues)
    scaled = learning_rate * eigenvalues
    argument = xp.where(scaled <= 1, -scaled, scaled - 2)
    vanishes = argument == -1
    logarithm = xp.log1p(xp.where(vanishes, xp.zeros_like(argument), argument))
    # A finite stand-in for log 0: its exponential underflows to 0 from the first step on, and 0 steps leave 1.
    return xp.where(vanishes, xp.full_like(logarithm, _UNDERFLOWING_LOG), logarithm)


def _energy(coefficients):
    """Σ over outputs of c_i², shape (n,)."""
    return (coefficients**2).reshape(len(coefficients), -1).sum(axis=1)


def _mode_loss(times, log_factors, coefficients):
    xp = array_namespace(log_factors)
    energy = _energy(coefficients)[None, :] / len(log_factors)
    with np.errstate(over="ignore", invalid="ignore"):  # a diverging mode is inf; without residual it stays 0
        powers = xp.exp(2 * xp.astype(times, log_factors.dtype)[:, None] * log_factors[None, :])
        return xp.where(energy > 0, energy * powers, xp.zeros_like(powers))


def _loss(times, log_factors, coefficients):
    return _mode_loss(times, log_factors, coefficients).sum(axis=1)


def _coefficients(found, y, initial):
    """c = Vᵀ(f_0 − y)."""
    y = _checked_like_rows(y, "y", found.eigenvectors)
    residual = -y if initial is None else _checked_like_rows(initial, "initial", found.eigenvectors) - y
    if residual.shape != y.shape:
        raise ValueError(f"initial must be shaped like y, {tuple(y.shape)}; got {tuple(residual.shape)} beside it.")
    return found.eigenvectors.T @ residual


def _checked_like_rows(values, name, eigenvectors):
    xp = array_namespace(eigenvectors)
    values = xp.asarray(values, dtype=eigenvectors.dtype, device=device(eigenvectors))
    n = len(eigenvectors)
    if values.ndim not in (1, 2) or len(values) != n:
        raise ValueError(
            f"{name} must have shape ({n},) or ({n}, k) for a kernel of {n} points; got {tuple(values.shape)}."
        )
    if not bool(xp.all(xp.isfinite(values))):
        raise ValueError(f"{name} must be finite; it holds NaN or infinity.")
    return values


def _checked_times(times, name, eigenvalues):
    xp = array_namespace(eigenvalues)
    times = xp.asarray(times, device=device(eigenvalues))
    if times.ndim != 1 or len(times) == 0 or not bool(xp.all((times >= 0) & (times < math.inf))):
        raise ValueError(f"{name} must be finite numbers ≥ 0, at least one; got {times}.")
    return times


def _checked_learning_rate(learning_rate):
    _require_positive(learning_rate, "learning_rate")
    return float(learning_rate)


def _require_positive(value, name):
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be positive and finite; got {value}.")


def _largest(spectrum):
    largest = float(spectrum.eigenvalues[0])
    if largest <= 0:
        raise ValueError("a kernel must have a positive eigenvalue to train with; all of this one's are 0.")
    return largest


def _require_symmetric(gram, xp):
    if gram.ndim != 2 or gram.shape[0] != gram.shape[1]:
        raise ValueError(f"a kernel matrix must be square, K(x, x) of one set of rows; got shape {tuple(gram.shape)}.")
    if not bool(xp.all(xp.isfinite(gram))):
        raise ValueError("a kernel matrix must be finite; it holds NaN or infinity.")
    asymmetry = float(xp.max(xp.abs(gram - gram.T)))
    if asymmetry > 1e3 * xp.finfo(gram.dtype).eps * float(xp.max(xp.abs(gram))):
        raise ValueError(
            f"a kernel matrix must be symmetric; entries differ from their mirror by up to {asymmetry:.3g}."
        )
