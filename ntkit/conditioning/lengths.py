"""Inputs of any norm: what one layer makes of a squared length, and of two signals of different lengths.

    length map        σ̂_l(γ) = E σ(√γ Z)²,            the fixed point 1 where E σ² = 1
    Hermite           h_j^{γ}(u) = h_j(u/√γ),          a_j^{γ} = E σ(√γ Z) h_j(Z)
    correlation map   σ̂_c(x, y) = E σ(w·x)σ(w·y) = Σ_j a_j^{‖x‖²} a_j^{‖y‖²} ρ^j                          (15), (16)

γ is a squared norm.  The length map is iterated in γ − 1, which near the fixed point is accurate where γ is not.
The paper prints exp(tz − γ²t²/2) as the generating function (14) of √(γ^j j!) h_j^{γ}; polynomials that belong to a
normal distribution of variance γ have exp(tz − γt²/2).

Source: Agarwal, Awasthi, Kale (2021), section 3.5 and appendix D.
"""

from functools import lru_cache

import numpy as np
from numpy.polynomial import chebyshev, polynomial

from ntkit import norms
from ntkit.arguments import real, whole
from ntkit.gaussian import hermite_functions, root_density

NEAR = 0.25  # of the fixed point: inside, the length map is a polynomial of γ − 1
_CHEBYSHEV_POINTS = 24  # the map is analytic for |γ − 1| < 1, so the error is below (4 + √15)^−24
_ROUNDING = 1e-12
_LARGEST = 1e24  # beyond, lengths do not come back


def length_map(activation, squared_norm):
    """σ̂_l(γ) = E σ(√γ Z)², the mean square of a layer whose input has squared norm γ.

    Non-decreasing and concave where σ(0) = 0, σ non-decreasing, concave on ℝ₊ and convex on ℝ₋ (Lemma 39); its proof
    prints (σ'(z))²z² − σ(z)σ'(z)z ≥ 0 for ≤ 0.

    Parameters: activation, an Activation; squared_norm γ > 0, a number or an array.
    Returns: array of that shape; relative error below 1e-13.
    Raises: ValueError where γ is not positive and finite, or too large for σ to be resolved.
    Source: Agarwal, Awasthi, Kale (2021), appendix D.1.

    >>> import ntkit as nk
    >>> float(length_map(nk.normrelu(), 0.5).round(10))
    0.5399887727
    """
    return norms.second_moments(activation, _positive(squared_norm))[()]


def length_map_derivative(activation, squared_norm):
    """σ̂_l'(γ) = E σ(√γ Z)σ'(√γ Z)Z/√γ, for σ with jumps E (Z² − 1)σ(√γ Z)²/2γ.

    Parameters, errors and source as in `length_map`.

    >>> import ntkit as nk
    >>> float(length_map_derivative(nk.normrelu(), 1.0).round(10))
    0.8427674726
    """
    gamma = _positive(squared_norm)
    return np.array([_slope(activation, value) for value in gamma.ravel()]).reshape(gamma.shape)[()]


@lru_cache(maxsize=256)
def at_length(activation, squared_norm):
    """x ↦ σ(√γ x), what pre-activations of variance γ meet; kept, since finding its quadrature is what takes time.

    >>> import ntkit as nk
    >>> at_length(nk.activation("tanh"), 4.0)
    <Activation tanh of 2x>
    """
    return activation.rescaled(np.sqrt(squared_norm))


def _slope(activation, gamma):
    part = at_length(activation, float(gamma))
    found, z = part.resolved, part.resolved.nodes
    if activation.is_continuous:
        return found.expectation(found.values * part.derivative(z) * z) / gamma
    return found.expectation((z**2 - 1) * found.values**2) / (2 * gamma)


def length_iterates(activation, depth, squared_norm=None, *, excess=None):
    """γ_l − 1 for l = 0 … depth, where γ_{l+1} = σ̂_l(γ_l): how the length of a signal passes through a network.

    Near 1 it is relatively accurate: there σ̂_l(γ) − 1 = (γ − 1) ∫₀¹ σ̂_l'(1 + t(γ − 1)) dt is evaluated, which does
    not cancel.

    Parameters: activation with E σ² = 1 (it need not be centred); depth ≥ 0; either squared_norm γ₀ > 0 or
    excess γ₀ − 1 > −1, numbers or arrays.
    Returns: array (depth + 1, …).
    Raises: ValueError for another activation, outside those ranges, and where lengths grow beyond 1e24.
    Source: Agarwal, Awasthi, Kale (2021), appendix D.1: k̄(x, x) = σ̂_l^(L)(‖x‖²).

    >>> import ntkit as nk
    >>> tanh = nk.activation("tanh").normalized()
    >>> length_iterates(tanh, 3, squared_norm=2.0).round(4)
    array([1.    , 0.3187, 0.1281, 0.0557])
    """
    demand_unit_second_moment(activation)
    if (squared_norm is None) == (excess is None):
        raise TypeError("give either squared_norm or excess=, not both: near 1 only γ − 1 keeps its digits.")
    _positive(squared_norm if excess is None else np.add(1.0, excess))
    found = [np.subtract(squared_norm, 1.0) if excess is None else np.asarray(excess, dtype=float)]
    for layer in range(whole("depth", depth, least=0, must="be a whole number of layers, 0 or more")):
        found.append(_next_excess(activation, found[-1], layer))
    return np.stack(found)


def _next_excess(activation, excess, layer):
    """σ̂_l(1 + e) − 1."""
    is_near = np.abs(excess) <= NEAR
    after = np.empty_like(excess)
    if is_near.any():
        near = excess[is_near]
        after[is_near] = near * polynomial.polyval(near / NEAR, _mean_slope(activation))
    if not is_near.all():
        far = 1 + excess[~is_near]
        if far.max() > _LARGEST:
            raise ValueError(
                f"lengths must stay below {_LARGEST:g}; those of {activation.name!r} exceed it after {layer} layers. "
                "They run away from the fixed point 1: take fewer layers, or inputs of norm 1."
            )
        after[~is_near] = norms.second_moments(activation, far) - 1
    return after


@lru_cache(maxsize=128)
def _mean_slope(activation):
    """Coefficients of ∫₀¹ σ̂_l'(1 + te) dt in powers of e/NEAR."""
    nodes = np.cos(np.pi * (np.arange(_CHEBYSHEV_POINTS) + 0.5) / _CHEBYSHEV_POINTS)
    slopes = length_map_derivative(activation, 1 + NEAR * nodes)
    powers = chebyshev.cheb2poly(chebyshev.chebfit(nodes, slopes, _CHEBYSHEV_POINTS - 1))
    return powers / np.arange(1, _CHEBYSHEV_POINTS + 1)


def demand_unit_second_moment(activation):
    """Refuse an activation whose length map does not have the fixed point 1.

    >>> import ntkit as nk
    >>> demand_unit_second_moment(nk.activation("relu").normalized())
    """
    if abs(activation.second_moment - 1) > _ROUNDING:
        raise ValueError(
            f"activation must have E σ(X)² = 1, so that lengths have the fixed point 1; {activation.name!r} has "
            f"{activation.second_moment:.6g}. Take its .normalized(), or .with_unit_second_moment()."
        )


# --- generalised Hermite polynomials ---------------------------------------------------------------------------------


def hermite_polynomials(count, squared_norm, points):
    """h_0^{γ} … h_{count−1}^{γ} at the points, h_j^{γ}(u) = h_j(u/√γ): orthonormal under N(0, γ).

    For (U, V) Gaussian of variances γ₁, γ₂ and covariance γ₃: E h_i^{γ₁}(U) h_j^{γ₂}(V) = (γ₃/√(γ₁γ₂))^j if i = j,
    else 0 (Lemma 40).

    Parameters: count ≥ 1; squared_norm γ > 0; points, array of shape (n,), |u| < 38 √γ.
    Returns: (count, n).
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), appendix D.2, with γ for γ² in (14).

    >>> hermite_polynomials(3, 4.0, np.array([2.0, 4.0])).round(6)  # 1, u/2, (u²/4 − 1)/√2
    array([[1.     , 1.     ],
           [1.     , 2.     ],
           [0.     , 2.12132]])
    """
    count = whole("count", count, least=1, must="be a positive whole number of polynomials")
    gamma = real("squared_norm", squared_norm, above=0, must="be positive and finite")
    z = np.atleast_1d(np.asarray(points, dtype=float)) / np.sqrt(gamma)
    if not (np.abs(z) < 38).all():
        raise ValueError(f"points must lie within 38 standard deviations; got {np.abs(z).max():.3g} of them.")
    return hermite_functions(z, count) / root_density(z)


def hermite_coefficients(activation, squared_norm, count):
    """a_0^{γ} … a_{count−1}^{γ}, a_j^{γ} = E σ(√γ Z) h_j(Z): those of x ↦ σ(√γ x).

    Parameters: activation; squared_norm γ > 0, a number; count ≥ 1.
    Returns: (count,); Σ_j (a_j^{γ})² = σ̂_l(γ).
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), appendix D.2.

    >>> import ntkit as nk
    >>> hermite_coefficients(nk.activation("tanh").normalized(), 2.0, 4).round(6)
    array([ 0.      ,  1.081105,  0.      , -0.325399])
    """
    gamma = real("squared_norm", squared_norm, above=0, must="be positive and finite")
    return at_length(activation, gamma).hermite(count)


def generalized_nonlinearity(activation, squared_norm):
    """μ^{γ} = 1 − (a_1^{γ})² / Σ_j (a_j^{γ})², the share of a signal of squared norm γ that is not linear.

    Computed from what is left of σ without its affine part, so that it does not cancel.

    Parameters: activation; squared_norm γ > 0, a number or an array.
    Returns: array of that shape, in [0, 1]; μ^{1} is the coefficient of non-linearity of a normalised σ.
    Raises: ValueError where γ is not positive and finite.
    Source: Agarwal, Awasthi, Kale (2021), Lemma 41.

    >>> import ntkit as nk
    >>> tanh = nk.activation("tanh").normalized()
    >>> generalized_nonlinearity(tanh, [0.5, 1.0, 2.0]).round(6)
    array([0.036186, 0.06953 , 0.113715])
    """
    gamma = _positive(squared_norm)
    return np.array([_share_beyond_linear(activation, float(value)) for value in gamma.ravel()]).reshape(gamma.shape)[
        ()
    ]


@lru_cache(maxsize=4096)
def _share_beyond_linear(activation, gamma):
    part = at_length(activation, gamma)
    return part.coefficient_of_nonaffinity + part.mean**2 / part.second_moment


def bias(activation, squared_norm):
    """bias(γ) = (a_0^{γ})² / Σ_j (a_j^{γ})², the share of a signal of squared norm γ that all inputs have in common.

    0 at every γ for odd activations; a normalised one has it 0 at γ = 1 (the paper prints a_0^{γ} = 1 for a_0^{1} = 0).

    Parameters: activation; squared_norm γ > 0, a number or an array.
    Returns: array of that shape, in [0, 1].
    Raises: ValueError where γ is not positive and finite.
    Source: Agarwal, Awasthi, Kale (2021), appendix I.1.

    >>> import ntkit as nk
    >>> bias(nk.normrelu(), [0.5, 1.0, 2.0]).round(10)
    array([0.00085499, 0.        , 0.00291553])
    """
    gamma = _positive(squared_norm)
    parts = [at_length(activation, float(value)) for value in gamma.ravel()]
    return np.array([part.mean**2 / part.second_moment for part in parts]).reshape(gamma.shape)[()]


# --- two signals -----------------------------------------------------------------------------------------------------


def correlation_map(activation, squared_norm_x, squared_norm_y, rho):
    """σ̂_c(x, y)/√(σ̂_c(x, x)σ̂_c(y, y)) at correlation ρ: exact, by the ways of ntkit.norms.

    Parameters: activation; squared_norm_x, squared_norm_y > 0, numbers; rho in [−1, 1], a number or an array.
    Returns: array of the shape of rho; absolute error below 1e-12.
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), appendix D.2.

    >>> import ntkit as nk
    >>> float(correlation_map(nk.activation("relu"), 0.5, 8.0, 0.5).round(6))  # of ReLU the lengths do not matter
    0.608998
    """
    rho, first, second = _pairs(rho, squared_norm_x, squared_norm_y)
    column = rho.reshape(-1, 1)
    first, second = np.full_like(column, first), np.array([[second]])
    found = norms.moments(activation, first, second, column, 1 - np.abs(column), slope=False)
    return (found.covariance / np.sqrt(found.variance1 * found.variance2)).reshape(rho.shape)[()]


def correlation_series(activation, squared_norm_x, squared_norm_y, rho, terms):
    """The same from the first `terms` Hermite coefficients, Σ_j a_j^{‖x‖²} a_j^{‖y‖²} ρ^j over the root of the lengths.

    Parameters: as in `correlation_map`; terms ≥ 1.
    Returns: array of the shape of rho; off by what is left of the two series, most of all near ρ = ±1.
    Raises: ValueError outside those ranges.
    Source: Agarwal, Awasthi, Kale (2021), equations (15) and (16).

    >>> import ntkit as nk
    >>> float(correlation_series(nk.activation("relu"), 0.5, 8.0, 0.5, terms=40).round(6))
    0.608998
    """
    rho, first, second = _pairs(rho, squared_norm_x, squared_norm_y)
    a, b = (hermite_coefficients(activation, gamma, terms) for gamma in (first, second))
    lengths = length_map(activation, [first, second])
    return polynomial.polyval(rho, a * b / np.sqrt(lengths.prod()))[()]


def _pairs(rho, squared_norm_x, squared_norm_y):
    """The arguments, checked."""
    rho = np.asarray(rho, dtype=float)
    if not (np.abs(rho) <= 1).all():
        raise ValueError(f"rho must lie in [−1, 1]; got {rho[~(np.abs(rho) <= 1)].ravel()[0]}. It is a correlation.")
    first, second = (
        real("a squared norm", gamma, above=0, must="be positive and finite")
        for gamma in (squared_norm_x, squared_norm_y)
    )
    return rho, first, second


def _positive(squared_norm):
    values = np.asarray(squared_norm, dtype=float)
    if not ((values > 0) & np.isfinite(values)).all():
        worst = values[~((values > 0) & np.isfinite(values))].ravel()[0]
        raise ValueError(f"a squared norm must be positive and finite; got {worst}. A zero vector has no direction.")
    return values
