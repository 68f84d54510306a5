"""Gram matrices of a two-layer network at infinite width.

    G_ij = c² ⟨x_i, x_j⟩ E σ'(u)σ'(v),   H_ij = c² E σ(u)σ(v),   (u, v) ~ N(0, s²[x_i, x_j]ᵀ[x_i, x_j] + β²),

for w ~ N(0, s² I) and biases ~ N(0, β²).  On the unit sphere G_ij = Σ_r c_r(σ')² ρ_ij^(r+1), c_r Hermite
coefficients.
Source: Panigrahi, Shetty, Goyal (2020), equation (2), Theorem 3.1, appendices D, I and M.2–M.3; Du, Zhai, Póczos, Singh
(2019), equation (6).
"""

import numpy as np

from ntkit.arguments import whole
from ntkit.dual import jump_message
from ntkit.gram.covariances import Covariance, through
from ntkit.gram.initialisation import dzps
from ntkit.memory import ensure_fits
from ntkit.specification import takes_names


@takes_names
def population_g(x, sigma, *, initialisation=None):
    """G at infinite width, of the hidden layer's weights: c² ⟨x_i, x_j⟩ E σ'(u)σ'(v).

    Parameters: x (n, d), rows of any norm but 0; sigma, an Activation or its name, without jumps; initialisation, DZPS
    by default.
    Returns: (n, n), exact to about 1e-12 of its largest entry.
    Raises: ValueError for inputs that are not finite or zero, or a σ with a jump; MemoryError if n × n would not fit.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem 3.1.

    >>> import ntkit as nk
    >>> x = np.array([[1.0, 0.0], [0.5, np.sqrt(0.75)]])  # ρ (π − arccos ρ)/2π for ReLU
    >>> population_g(x, nk.activation("relu")).round(6)
    array([[0.5     , 0.166667],
           [0.166667, 0.5     ]])
    """
    covariance = Covariance.of(x)
    return covariance.matrix * _slopes(covariance, sigma, initialisation)


@takes_names
def population_h(x, sigma, *, initialisation=None):
    """H at infinite width, of the output layer: c² E σ(u)σ(v).

    Parameters, returns and errors as of `population_g`; σ may jump.
    Raises: ValueError also for an initialisation under which H grows with the width (fan-in).
    Source: Panigrahi, Shetty, Goyal (2020), appendix M.2.

    >>> import ntkit as nk
    >>> population_h(np.eye(2), nk.activation("relu")).round(6)
    array([[0.5     , 0.159155],
           [0.159155, 0.5     ]])
    """
    start = initialisation or dzps()
    demand_limit(start)
    after, _ = through(sigma, _before(Covariance.of(x), start))
    return start.factor(sigma) * after.matrix


@takes_names
def population_sum(x, sigma, *, initialisation=None):
    """G + H: both layers are trained.

    Parameters, returns and errors as of `population_h`, and a σ with a jump is refused.

    >>> import ntkit as nk
    >>> population_sum(np.eye(2), nk.activation("relu")).round(6)
    array([[1.      , 0.159155],
           [0.159155, 1.      ]])
    """
    start = initialisation or dzps()
    return population_g(x, sigma, initialisation=start) + population_h(x, sigma, initialisation=start)


@takes_names
def population_bias(x, sigma, *, initialisation=None):
    """What trained hidden biases add to G: c² E σ'(u)σ'(v), since ⟨x_i, x_j⟩ + 1 takes the place of ⟨x_i, x_j⟩.

    Parameters, returns and errors as of `population_g`.

    >>> import ntkit as nk
    >>> population_bias(np.eye(2), nk.activation("relu"))
    array([[0.5 , 0.25],
           [0.25, 0.5 ]])
    """
    return _slopes(Covariance.of(x), sigma, initialisation)


@takes_names
def population_classes(x, sigma, classes, *, initialisation=None):
    """The Gram matrix of `classes` logits, G ⊗ I: row C·i + q is logit q of input i.

    Its eigenvalues are those of G, each C times.
    Parameters: classes, C ≥ 1; the others as of `population_g`.
    Returns: (nC, nC).
    Source: Panigrahi, Shetty, Goyal (2020), appendix M.3; the factor ⟨x_i, x_j⟩ is missing there.

    >>> import ntkit as nk
    >>> population_classes(np.eye(2), nk.activation("relu"), classes=2).shape
    (4, 4)
    """
    classes = whole("classes", classes, least=1, must="be a whole number of logits, at least 1")
    ensure_fits(len(x) * classes, instead="Take G itself: the eigenvalues are the same, each as often as classes.")
    return np.kron(population_g(x, sigma, initialisation=initialisation), np.eye(classes))


def demand_limit(initialisation):
    """Refuse an initialisation under which H has no limit.

    >>> demand_limit(dzps())
    """
    if initialisation.output_growth:
        raise ValueError(
            f"H must have a limit as the width m grows; under {initialisation.name} it grows like "
            f"m^{initialisation.output_growth:g}, so that only the output layer learns. Take dzps or fan_out, or "
            "finite_h at a given width."
        )


def demand_slope(sigma):
    """Refuse an activation that jumps: E σ'² is infinite.

    >>> import ntkit as nk
    >>> demand_slope(nk.activation("relu"))
    """
    if not sigma.is_continuous:
        raise ValueError(jump_message(sigma))


def _slopes(covariance, sigma, initialisation):
    """c² E σ'(u)σ'(v)."""
    start = initialisation or dzps()
    demand_slope(sigma)
    return start.factor(sigma) * through(sigma, _before(covariance, start), slope=True)[1]


def _before(covariance, start):
    """The covariance of the pre-activations."""
    weight, bias = start.weight_std**2, start.bias_std**2
    return Covariance(weight * covariance.variance + bias, weight * covariance.half_distance)
