"""Population Gram matrices of deep networks of which the last hidden weight matrix is trained, and its companions.

    fully connected   K^(h) = c_σ E σ(u)σ(v),   (u, v) ~ N(0, K^(h−1)),   h = 1 … H − 1,
                      K^(H) = c_σ K^(H−1) ∘ E σ'(u)σ'(v)                                                       (eq. 4)
    residual          K^(h)_ij = K^(h−1)_ij + s(b_i E σ(v) + b_j E σ(u)) + s² E σ(u)σ(v),   u of input i, v of j,
                      b^(h) = b^(h−1) + s E σ(u),   K^(1) as above, b^(1) = √c_σ E σ(u),
                      K^(H) = s² K^(H−1) ∘ E σ'(u)σ'(v),   s = c_λ λ^(3/2)/H                                   (eq. 5)
    convolutional     the same for every pair of pixels of H^(h), with (u, v) of covariance
                      K^(h)_{ij,lr} = Σ_o H^(h)_{ij,l+o,r+o}, o the offsets of a patch, zero outside the image,
                      K^(H)_ij = s² Σ_lr K^(H−1)_{ij,lr} E σ'(u_l)σ'(v_r)                                      (eq. 6)

Equation (5) is printed with b_i σ(u) + b_j σ(v), and equation (6) without the patches of the first layer, with a skip
of K in the place of H, and with a sum over all pairs of offsets: here they are as Theorem D.1 has them.
Source: Du, Lee, Li, Wang, Zhai, "Gradient Descent Finds Global Minima of Deep Neural Networks" (December 2018).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import minimize_scalar

from ntkit.arguments import real, whole
from ntkit.gram.covariances import Covariance, checked_inputs, slope_activation, through
from ntkit.memory import ensure_fits
from ntkit.norms import means
from ntkit.specification import takes_names
from ntkit.spectra import spectrum

_FEWEST_RESIDUAL = 2  # the first layer has no skip
_ROUNDINGS = 64  # of entries that have been through many layers
_SINGULAR = (
    "the matrix must be positive definite beyond rounding for its least eigenvalue to be known; it is singular to "
    "some 14 digits. Take fewer inputs, inputs farther apart, or another depth."
)
_PLACES = 33  # of the standard deviation, before the least second moment is refined


class SingularGramError(ValueError):
    """A Gram matrix is singular to all digits that there are, so that its least eigenvalue is not known."""


@dataclass(frozen=True, eq=False)
class PopulationGram:
    """K^(0) … K^(H−1) and K^(H) of a network of H layers.

    architecture: "fully connected", "residual" or "convolutional residual"
    activation, depth: its name, and H
    branch:       s, what a residual branch is multiplied by; None for a fully connected network
    covariances:  the Covariance K^(h) of h = 0 … H − 1; of all n·p patches for a convolutional network
    gram:         K^(H), (n, n)
    gaps:         K^(H)_ii − K^(H)_ij, accurate where it is small; None where the inputs' norms differ
    means:        b^(1) … b^(H−1) of a residual network; empty for a fully connected one, which has no use for them
    window:       q, pixels in a patch; 1 for vectors
    """

    architecture: str
    activation: str
    depth: int
    branch: float | None
    covariances: tuple
    gram: np.ndarray
    gaps: np.ndarray | None = None
    means: tuple = ()
    window: int = 1

    @cached_property
    def least_eigenvalue(self):
        """λ₀ = λ_min(K^(H)), to many digits also where K^(H) is nearly constant.

        Raises: SingularGramError where it is not known.
        """
        if self.gaps is not None:
            return least_of_gaps(self.gram[0, 0], self.gaps)
        found = spectrum(self.gram)
        if found.min <= _ROUNDINGS * found.resolution:
            raise SingularGramError(_SINGULAR)
        return found.min

    @cached_property
    def pair_floors(self):
        """λ_min of the pairs of K^(h), h = 0 … H − 1."""
        return np.array([covariance.pair_floor for covariance in self.covariances])

    @property
    def pair_floor(self):
        """λ of Assumption 3.1: over all layers, over i ≠ j."""
        return float(self.pair_floors.min())


@takes_names
def scaling_constant(activation):
    """c_σ = 1/E σ(Z)².

    >>> import ntkit as nk
    >>> round(scaling_constant(nk.activation("softplus")), 9)
    1.085486503
    """
    if activation.second_moment == 0:
        raise ValueError(f"activation {activation.name!r} must not be zero: its outputs cannot be scaled to norm 1.")
    return 1 / activation.second_moment


@takes_names
def scaling_constant_over(activation, least):
    """c_{σ,c₀} = 1/min E σ(αZ)² over c₀ ≤ α ≤ 1, of appendix C.

    Parameters: activation, or its name; least, c₀ in (0, 1]; the paper takes p^(−½).
    Raises: ValueError for another c₀.

    >>> import ntkit as nk
    >>> round(scaling_constant_over(nk.activation("softplus"), 0.5), 4)
    1.7016
    """
    least = real("least", least, above=0, most=1, must="lie in (0, 1]")

    def moment(alpha):
        return activation.rescaled(float(alpha)).second_moment

    places = np.linspace(least, 1.0, _PLACES)
    found = np.array([moment(alpha) for alpha in places])
    worst = int(found.argmin())
    around = places[max(worst - 1, 0)], places[min(worst + 1, _PLACES - 1)]
    refined = minimize_scalar(moment, bounds=around, method="bounded", options={"xatol": 1e-9}) if least < 1 else None
    return float(1 / min(found[worst], refined.fun if refined else np.inf))


def branch_scale(depth, c_lambda, pair_floor):
    """s = c_λ λ^(3/2)/H.

    Parameters: depth H ≥ 1; c_lambda in (0, 1), which the paper leaves open; pair_floor λ > 0, at
    most 1 for unit inputs.
    Raises: ValueError outside those ranges.

    >>> branch_scale(4, 0.5, 0.25)
    0.015625
    """
    depth = whole("depth", depth, least=1, must="be a whole number of layers, at least 1")
    c_lambda = real("c_lambda", c_lambda, above=0, most=np.nextafter(1, 0), must="lie in (0, 1)")
    floor = real(
        "pair_floor",
        pair_floor,
        above=0,
        must="be positive",
        remedy="λ vanishes where two inputs are parallel, and with it every branch.",
    )
    return float(c_lambda * floor**1.5 / depth)


@takes_names
def fully_connected_gram(activation, x, depth):
    """The PopulationGram of a fully connected network, equation (4).

    Parameters: activation, or its name; x, inputs (n, d), of any norm (the theorem takes unit ones); depth H ≥ 1.
    Raises: ValueError for values out of range, or an activation with a jump.
    Source: Du et al. (2018), equation (4), Assumption 3.1.

    >>> import ntkit as nk
    >>> pair = [[1, 0], [0.5, 0.75**0.5]]
    >>> fully_connected_gram(nk.activation("softplus"), pair, 3).gram[0].round(9).tolist()
    [0.318458984, 0.300870884]
    """
    sigma, depth = _continuous(activation), _depth(depth, 1)
    factor = scaling_constant(sigma)
    covariances = [Covariance.of(x)]
    for _ in range(depth - 1):
        covariances.append(through(sigma, covariances[-1])[0].scaled(factor))
    gram, gaps = _last_layer(sigma, covariances[-1], factor)
    return PopulationGram("fully connected", sigma.name, depth, None, tuple(covariances), gram, gaps)


@takes_names
def residual_gram(activation, x, depth, *, c_lambda=0.5, pair_floor=None):
    """The PopulationGram of a residual network, equation (5) with its pairing corrected.

    Parameters: activation, or its name; x, inputs (n, d); depth H ≥ 2; c_lambda c_λ in (0, 1), open in the paper;
    pair_floor λ, that of the inputs (Assumption 4.1) where left out.
    Raises: ValueError as in `fully_connected_gram` and `branch_scale`.
    Source: Du et al. (2018), equation (5), Assumption 4.1, Theorem D.1.

    >>> import ntkit as nk
    >>> pair = [[1, 0], [0.5, 0.75**0.5]]
    >>> (1e3 * residual_gram(nk.activation("softplus"), pair, 3).gram[0]).round(9).tolist()
    [1.112734524, 0.933522958]
    """
    sigma, depth = _continuous(activation), _depth(depth, _FEWEST_RESIDUAL)
    inputs = Covariance.of(x)
    branch = branch_scale(depth, c_lambda, inputs.pair_floor if pair_floor is None else pair_floor)
    first, mean = _first_layer(sigma, inputs)
    covariances, means_so_far = [inputs, first], [mean]
    for _ in range(depth - 2):
        here = covariances[-1]
        covariance, mean = _residual(sigma, here, here, mean, branch)
        covariances.append(covariance)
        means_so_far.append(mean)
    gram, gaps = _last_layer(sigma, covariances[-1], branch**2)
    return PopulationGram(
        "residual", sigma.name, depth, branch, tuple(covariances), gram, gaps, means=tuple(means_so_far)
    )


@takes_names
def convolutional_gram(activation, images, depth, *, window=3, c_lambda=0.5, pair_floor=None):
    """The PopulationGram of a convolutional residual network, equation (6) as Theorem D.1 has it.

    Parameters: activation, or its name; images (n, channels, pixels), pixels in a row; depth H ≥ 2; window q, an odd
    number of pixels in a patch, zeros beyond the border; c_lambda c_λ in (0, 1); pair_floor λ, that of the images as
    vectors where left out: the λ of Assumption 5.1 is 0 as soon as two images have more pixels than a patch has
    numbers.
    Raises: ValueError as in `residual_gram`, and for an even window.
    Source: Du et al. (2018), equation (6), Assumption 5.1, Theorem D.1.

    >>> import ntkit as nk
    >>> images = np.random.default_rng(0).standard_normal((3, 2, 5))
    >>> convolutional_gram(nk.activation("softplus"), images, 2).gram.shape
    (3, 3)
    """
    sigma, depth = _continuous(activation), _depth(depth, _FEWEST_RESIDUAL)
    images = checked_inputs(images, axes=3)
    count, _, pixels = images.shape
    window = _window(window)
    ensure_fits(count * pixels, copies=10, instead="Take fewer images, or fewer pixels.")
    if pair_floor is None:
        pair_floor = Covariance.of(images.reshape(count, -1)).pair_floor
    branch = branch_scale(depth, c_lambda, pair_floor)
    pixelwise = Covariance.of(images.transpose(0, 2, 1).reshape(count * pixels, -1))
    patches = _patched(pixelwise, count, window)
    outputs, mean = _first_layer(sigma, patches)
    covariances, means_so_far = [patches, _patched(outputs, count, window)], [mean]
    for _ in range(depth - 2):
        outputs, mean = _residual(sigma, outputs, covariances[-1], mean, branch)
        covariances.append(_patched(outputs, count, window))
        means_so_far.append(mean)
    slopes = through(sigma, covariances[-1], slope=True)[1]
    products = branch**2 * covariances[-1].matrix * slopes
    gram = products.reshape(count, pixels, count, pixels).sum(axis=(1, 3))
    return PopulationGram(
        "convolutional residual",
        sigma.name,
        depth,
        branch,
        tuple(covariances),
        gram,
        means=tuple(means_so_far),
        window=window,
    )


def _first_layer(sigma, inputs):
    """K^(1) and b^(1): √c_σ σ(u), no skip."""
    factor = scaling_constant(sigma)
    return through(sigma, inputs)[0].scaled(factor), np.sqrt(factor) * means(sigma, inputs.variance)


def _residual(sigma, outputs, preactivations, mean, branch):
    """x + s σ(u): x and σ(u) of one unit are independent, so that their products have products of means."""
    after, _ = through(sigma, preactivations)
    mean_after = means(sigma, preactivations.variance)
    across = (mean[:, None] - mean) * (mean_after[:, None] - mean_after)
    covariance = Covariance(
        outputs.variance + 2 * branch * mean * mean_after + branch**2 * after.variance,
        outputs.half_distance + branch * across + branch**2 * after.half_distance,
    )
    return covariance, mean + branch * mean_after


def _patched(pixelwise, count, window):
    """Σ_o of the pixels l + o and r + o, for all pairs of pixels of all pairs of images."""
    pixels = len(pixelwise.variance) // count
    reach = window // 2
    edge = ((0, 0), (reach, reach))
    variance = np.pad(pixelwise.variance.reshape(count, pixels), edge)
    matrix = np.pad(pixelwise.matrix.reshape(count, pixels, count, pixels), edge + edge)
    half = np.pad(pixelwise.half_distance.reshape(count, pixels, count, pixels), edge + edge)
    inside = np.zeros(variance.shape[1], dtype=bool)
    inside[reach : reach + pixels] = True
    both = inside[:, None, None] & inside
    beyond = 0.5 * (variance[:, :, None, None] + variance) - matrix
    half = np.where(both, half, beyond)
    shifts = [slice(o, o + pixels) for o in range(window)]
    total = sum(half[:, part][:, :, :, part] for part in shifts)
    return Covariance(sum(variance[:, part] for part in shifts).ravel(), total.reshape(count * pixels, count * pixels))


def _last_layer(sigma, covariance, factor):
    """factor · K ∘ E σ'(u)σ'(v), and K_ii − K_ij where all inputs have one norm."""
    slopes = through(sigma, covariance, slope=True)[1]
    gram = factor * covariance.matrix * slopes
    if not covariance.is_shared or not covariance.variance[0]:
        return gram, None
    variance = covariance.variance.mean()
    derivative = slope_activation(sigma).rescaled(float(np.sqrt(variance)))
    rho, margin = covariance.correlation
    slope_gaps = derivative.dual.pair(rho, margin, slope=False).half_distance
    gaps = factor * (covariance.half_distance * derivative.second_moment + covariance.matrix * slope_gaps)
    np.fill_diagonal(gaps, 0.0)
    return gram, gaps


def least_of_gaps(diagonal, gaps):
    """λ_min of c 1 1ᵀ − D, for D with zeros on its diagonal, to a few digits less than D has.

    In a basis that holds 1/√n the large entries are in one row and column.  Scaled to a unit diagonal the matrix is far
    from singular, its inverse is accurate, and λ_min is one over the largest eigenvalue of that.
    Raises: SingularGramError where the matrix is not positive definite to rounding.

    >>> gaps = 1e-20 * (1 - np.eye(3))
    >>> round(least_of_gaps(1.0, gaps) * 1e20, 12)
    1.0
    """
    n = len(gaps)
    if n == 1:
        return float(diagonal)
    basis = np.linalg.qr(np.column_stack([np.ones(n), np.eye(n)[:, 1:]]))[0]
    turned = -basis.T @ gaps @ basis
    turned[0, 0] += n * diagonal
    root = np.sqrt(np.maximum(np.diag(turned), 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = turned / np.outer(root, root)
    least = np.linalg.eigvalsh(scaled)[0] if np.isfinite(scaled).all() else 0.0
    if least <= _ROUNDINGS * n * np.finfo(float).eps:
        raise SingularGramError(_SINGULAR)
    inverse = np.linalg.inv(scaled) / np.outer(root, root)
    return float(1 / np.linalg.eigvalsh(inverse)[-1])


def _continuous(activation):
    if not activation.is_continuous:
        raise ValueError(
            f"activation {activation.name!r} must have no jump: E σ'² is infinite, and with it the Gram matrix."
        )
    return activation


def _depth(depth, least):
    return whole("depth", depth, least=least, must=f"be a whole number of layers, at least {least}")


def _window(window):
    window = whole("window", window, least=1, must="be an odd number of pixels, at least 1")
    if window % 2 == 0:
        raise ValueError(f"window must be an odd number of pixels, at least 1; got {window}.")
    return window
