"""Gram matrices of a two-layer network of m neurons with weights at random, and their spectra.

    G = MᵀM,   M = (c/√m) (α_k σ'(w_k·x_i + b_k) x_i),   a column an input, d rows a neuron:   M = S * X columnwise,

so that M is never held: neurons come in chunks, S is reduced to its triangular factor R, and squared singular values
of R * X are the eigenvalues of G, down to 1e-30 of the largest.  Inputs are taken in coordinates of their span first,
which leaves the law of every matrix as it is.
Source: Panigrahi, Shetty, Goyal (2020), equation (2), appendices C.1, M.2 and M.3.
"""

import numpy as np

from ntkit.arguments import whole
from ntkit.gram.covariances import checked_inputs
from ntkit.gram.eigenvalues import from_factor
from ntkit.gram.factors import Triangular, khatri_rao, span_coordinates
from ntkit.gram.initialisation import dzps
from ntkit.gram.population import demand_slope
from ntkit.memory import ensure_fits
from ntkit.specification import takes_names

_UNITS = 4096  # drawn at a time, whatever n is: so that a seed means the same neurons for every n
_VALUES = 1 << 20  # of M at a time


@takes_names
def finite_g(x, sigma, width, seed=0, *, initialisation=None):
    """G of a random network: (c²/m) Σ_k α_k² σ'(w_k·x_i + b_k) σ'(w_k·x_j + b_k) ⟨x_i, x_j⟩.

    Parameters: x (n, d); sigma, an Activation or its name, without jumps; width m ≥ 1; seed; initialisation, DZPS by
    default.
    Returns: (n, n).
    Raises: ValueError for inputs that are not finite, or a σ that jumps; MemoryError if n × n would not fit.
    Source: Panigrahi, Shetty, Goyal (2020), equation (2).

    >>> import ntkit as nk
    >>> finite_g(np.eye(2), nk.activation("relu"), width=10**5).round(2)
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    z, start = _inputs(x, initialisation)
    demand_slope(sigma)
    total = np.zeros((len(z), len(z)))
    for inputs, alpha in _neurons(z, width, seed, start):
        slopes = alpha * sigma.derivative(inputs)
        total += slopes.T @ slopes
    return start.factor(sigma) / width * total * (z @ z.T)


@takes_names
def finite_h(x, sigma, width, seed=0, *, initialisation=None):
    """H of a random network: (c²/m) Σ_k σ(w_k·x_i + b_k) σ(w_k·x_j + b_k), times m under fan-in, where it grows.

    Parameters, returns and errors as of `finite_g`; σ may jump.
    Source: Panigrahi, Shetty, Goyal (2020), appendix M.2.

    >>> import ntkit as nk
    >>> finite_h(np.eye(2), nk.activation("relu"), width=10**5).round(1)
    array([[0.5, 0.2],
           [0.2, 0.5]])
    """
    z, start = _inputs(x, initialisation)
    total = np.zeros((len(z), len(z)))
    for inputs, _ in _neurons(z, width, seed, start):
        values = sigma(inputs)
        total += values.T @ values
    return start.factor(sigma) * width ** (start.output_growth - 1) * total


@takes_names
def features_g(x, sigma, width, seed=0, *, initialisation=None):
    """The matrix M with G = MᵀM, some rows at a time: (c/√m) α_k σ'(w_k·x_i + b_k) x_i, the coordinates of x_i in rows.

    Parameters and errors as of `finite_g`.
    Yields: (any, n), the rows of some neurons.
    Source: Panigrahi, Shetty, Goyal (2020), appendix C.1; their M is √m times this.

    >>> import ntkit as nk
    >>> sigma = nk.activation("relu")
    >>> gram = sum(rows.T @ rows for rows in features_g(np.eye(2), sigma, width=500))
    >>> bool(np.allclose(gram, finite_g(np.eye(2), sigma, width=500)))
    True
    """
    z, start = _inputs(x, initialisation)
    demand_slope(sigma)
    scale, step = np.sqrt(start.factor(sigma) / width), max(1, _VALUES // z.size)
    for inputs, alpha in _neurons(z, width, seed, start):
        slopes = scale * alpha * sigma.derivative(inputs)
        for first in range(0, len(slopes), step):
            yield khatri_rao(slopes[first : first + step], z.T)


@takes_names
def finite_eigenvalues(x, sigma, width, seed=0, *, initialisation=None):
    """The eigenvalues of G of a random network, a GramSpectrum: squared singular values of M.

    Parameters and errors as of `finite_g`.

    >>> import ntkit as nk
    >>> found = finite_eigenvalues(nk.data.half_circle(20).x, nk.activation("softplus"), width=1000)
    >>> found.rank, found.min < 1e-13
    (20, True)
    """
    z, start = _inputs(x, initialisation)
    return from_factor(_g_factor(z, sigma, width, seed, start))


@takes_names
def finite_h_eigenvalues(x, sigma, width, seed=0, *, initialisation=None):
    """The eigenvalues of H of a random network, a GramSpectrum; parameters and errors as of `finite_h`.

    >>> import ntkit as nk
    >>> finite_h_eigenvalues(nk.data.half_circle(20).x, nk.activation("relu"), width=15).rank <= 15
    True
    """
    z, start = _inputs(x, initialisation)
    return from_factor(_h_factor(z, sigma, width, seed, start))


@takes_names
def finite_sum_eigenvalues(x, sigma, width, seed=0, *, initialisation=None):
    """The eigenvalues of G + H of a random network, a GramSpectrum; parameters and errors as of `finite_g`.

    >>> import ntkit as nk
    >>> x, relu = nk.data.half_circle(10).x, nk.activation("relu")
    >>> finite_sum_eigenvalues(x, relu, width=99).min >= finite_eigenvalues(x, relu, width=99).min
    True
    """
    z, start = _inputs(x, initialisation)
    parts = _g_factor(z, sigma, width, seed, start), _h_factor(z, sigma, width, seed, start)
    return from_factor(np.vstack(parts))


@takes_names
def finite_classes(x, sigma, width, classes, seed=0, *, initialisation=None):
    """The Gram matrix of `classes` logits: entry ((i, p), (j, q)) is (c²/m) Σ_k α_kp α_kq σ'σ' ⟨x_i, x_j⟩.

    Rows C·i + p.  Logits f follow ḟ = 𝒢(y − u) under cross-entropy, u = softmax(f); the probabilities themselves
    u̇ = J𝒢(y − u) with J of `softmax_jacobian`: the paper has the first equation for u.

    Parameters: classes C ≥ 1; the others as of `finite_g`.
    Returns: (nC, nC).
    Raises: as `finite_g`.
    Source: Panigrahi, Shetty, Goyal (2020), appendix M.3, where ⟨x_i, x_j⟩ is missing.

    >>> import ntkit as nk
    >>> finite_classes(np.eye(2), nk.activation("relu"), width=100, classes=3).shape
    (6, 6)
    """
    classes = whole("classes", classes, least=1, must="be a whole number of logits, at least 1")
    z, start = _inputs(x, initialisation)
    demand_slope(sigma)
    n = len(z)
    ensure_fits(n * classes, copies=3, instead="Take fewer inputs or classes.")
    total = np.zeros((n, classes, n, classes))
    for inputs, alpha in _neurons(z, width, seed, start, classes):
        slopes = sigma.derivative(inputs)
        for p in range(classes):
            for q in range(p + 1):
                block = (alpha[:, p] * alpha[:, q] * slopes.T) @ slopes
                total[:, p, :, q] += block
                if p != q:
                    total[:, q, :, p] += block
    total *= start.factor(sigma) / width * (z @ z.T)[:, None, :, None]
    return total.reshape(n * classes, n * classes)


def softmax_jacobian(probabilities):
    """J = ∂u/∂f of u = softmax(f) for every input: blocks diag(u_i) − u_i u_iᵀ along the diagonal.

    Parameters: probabilities u, (n, C).
    Returns: (nC, nC), rows C·i + p.

    >>> softmax_jacobian(np.array([[0.5, 0.5]]))
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])
    """
    u = np.asarray(probabilities, dtype=float)
    n, classes = u.shape
    blocks = u[:, :, None] * (np.eye(classes) - u[:, None])
    out = np.zeros((n, classes, n, classes))
    out[np.arange(n), :, np.arange(n)] = blocks
    return out.reshape(n * classes, n * classes)


def _inputs(x, initialisation):
    """Inputs in coordinates of their span, and the initialisation."""
    x = checked_inputs(x)
    ensure_fits(len(x), copies=4, instead="Take fewer inputs.")
    return span_coordinates(x), initialisation or dzps()


def _neurons(z, width, seed, start, outputs=1):
    """Pre-activations (units, n) and α (units, outputs), chunk by chunk."""
    width = whole("width", width, least=1, must="be a positive whole number of neurons")
    generator = np.random.default_rng(seed)
    for first in range(0, width, _UNITS):
        weights, biases, alpha = start.draw(z.shape[1], min(_UNITS, width - first), generator, outputs)
        yield weights @ z.T + biases[:, None], alpha


def _g_factor(z, sigma, width, seed, start):
    demand_slope(sigma)
    rows = Triangular(len(z))
    for inputs, alpha in _neurons(z, width, seed, start):
        rows.add(alpha * sigma.derivative(inputs))
    return np.sqrt(start.factor(sigma) / width) * khatri_rao(rows.factor, z.T)


def _h_factor(z, sigma, width, seed, start):
    rows = Triangular(len(z))
    for inputs, _ in _neurons(z, width, seed, start):
        rows.add(sigma(inputs))
    return np.sqrt(start.factor(sigma) * width ** (start.output_growth - 1)) * rows.factor
