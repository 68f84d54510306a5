"""Activations σ and what the theory asks of them, X ~ N(0, 1):

    mean E σ(X),   second moment E σ(X)²,   Hermite coefficients a_k = E σ(X) h_k(X),
    coefficient of non-linearity  μ = 1 − (E Xσ(X))²  of σ normalised to E σ = 0, E σ² = 1,
    coefficient of non-affinity   μ̃ = 1 − (E σ)² − (E Xσ)²  of σ scaled to E σ² = 1,
    dual activation σ̂(ρ) = E σ(U)σ(V),  corr(U, V) = ρ.

Nobody has to supply an integral: everything follows from the function itself.
Source: Agarwal, Awasthi, Kale (2021), section 2, Definitions 2 and 29, appendix C.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from typing import NamedTuple

import numpy as np
from array_api_compat import array_namespace, is_torch_array

from ntkit import _catalogue, gaussian
from ntkit.arguments import real, whole
from ntkit.dual import Dual
from ntkit.resolving import evaluate, resolve

_ROUNDING = 1e-15
_PAPERS_C = -1.5975  # of NormReLU
_MOMENTS = ("mean", "second_moment", "variance")


class _Recipe(NamedTuple):
    """What an activation of the catalogue is made of: it is known, and pickled, by this."""

    name: str
    parameters: tuple


@dataclass(frozen=True, eq=False, repr=False)
class Activation:
    """σ(x) = scale · (f(input_scale · x) + shift).

    Parameters: name; function f, array → array of the same kind (numpy, and torch where networks are to be trained);
    kinks, the places where f or a derivative of it is discontinuous (those not named are found and reported in
    `.kinks`); derivative f', optional (numerically exact polynomials take its place); parity "even", "odd" or None and
    degree, r with f(tx) = t^r f(x) for t > 0, where known.
    Raises: ValueError, on the first use of a moment, if f is not finite and piecewise smooth, or grows so fast that
    E f(X)² is not finite.

    >>> import numpy as np
    >>> import ntkit as nk
    >>> sigma = nk.Activation("shrink", lambda x: x - np.clip(x, -0.5, 0.5))
    >>> sigma.kinks
    (-0.5, 0.5)
    >>> round(sigma.normalized().coefficient_of_nonlinearity, 4)
    0.0918
    """

    name: str
    function: Callable
    kinks_named: tuple = ()
    base_derivative: Callable | None = None
    parity_of_base: str | None = None
    degree_of_base: int | None = None
    scale: float = 1.0
    shift: float = 0.0
    input_scale: float = 1.0
    key: tuple = field(default=())

    def __init__(self, name, function, kinks=(), derivative=None, *, parity=None, degree=None, key=()):
        if not callable(function):
            raise TypeError(f"an activation needs a function of one array; got {type(function).__name__}.")
        if derivative is not None and not callable(derivative):
            raise TypeError(f"a derivative must be a function of one array; got {type(derivative).__name__}.")
        if parity not in (None, "even", "odd"):
            raise ValueError(f"parity must be 'even', 'odd' or None; got {parity!r}.")
        if degree is not None:
            real("degree", degree, least=0, must="be a number r ≥ 0 with f(tx) = t^r f(x) for t > 0, or None")
        values = {
            "name": str(name),
            "function": function,
            "kinks_named": _places(kinks),
            "base_derivative": derivative,
            "parity_of_base": parity,
            "degree_of_base": degree,
            "key": key or (str(name), function, derivative),
        }
        for attribute, value in values.items():
            object.__setattr__(self, attribute, value)

    def _variant(self, **changes):
        """A copy with other scale, shift or input scale."""
        other = object.__new__(Activation)
        for attribute in self.__dataclass_fields__:
            object.__setattr__(other, attribute, changes.get(attribute, getattr(self, attribute)))
        if "_base" in self.__dict__:
            other.__dict__["_base"] = self._base
        return other

    def __eq__(self, other):
        return isinstance(other, Activation) and self._identity == other._identity

    def __hash__(self):
        return hash(self._identity)

    @property
    def _identity(self):
        return self.key, self.scale, self.shift, self.input_scale

    def __reduce__(self):
        """Pickled without what can be found again; one of the catalogue by its name and parameters."""
        values = {attribute: getattr(self, attribute) for attribute in self.__dataclass_fields__}
        moments = {moment: self.__dict__[moment] for moment in _MOMENTS if moment in self.__dict__}
        if isinstance(self.key, _Recipe):
            del values["function"], values["base_derivative"]
        return _revived, (values, moments)

    def __repr__(self):
        return f"<Activation {self.name}>"

    # --- the function ----------------------------------------------------------------------------------------------

    def __call__(self, x):
        """σ(x), elementwise; numpy array, number or torch tensor in, the same out."""
        x = _as_array(x)
        try:
            value = self.function(self.input_scale * x if self.input_scale != 1.0 else x)
            if is_torch_array(x) and not is_torch_array(value):
                raise TypeError(f"a tensor became {type(value).__name__}, which has no gradient")
        except (TypeError, RuntimeError) as error:
            if not is_torch_array(x):
                raise
            raise TypeError(
                f"activation {self.name!r} must accept torch tensors here, but its function raised: {error}. "
                "Write it with operations that both libraries share (array_api_compat.array_namespace(x).tanh, …)."
            ) from error
        value = _like(x, value)
        return self.scale * (value + self.shift) if self.shift else self.scale * value

    def derivative(self, x):
        """σ'(x), elementwise; at a kink the value of one side."""
        x = _as_array(x)
        if self.base_derivative is None:
            return self._numerical_derivative(x)
        slope = _like(x, self.base_derivative(self.input_scale * x if self.input_scale != 1.0 else x))
        factor = self.scale * self.input_scale
        return factor * slope if factor != 1.0 else slope

    @property
    def recipe(self):
        """How the catalogue knows f, a named tuple (name, parameters as pairs); None for a function of the user's."""
        return self.key if isinstance(self.key, _Recipe) else None

    @property
    def has_derivative(self):
        """Whether σ' was given, rather than found from σ."""
        return self.base_derivative is not None

    def _numerical_derivative(self, x):
        if is_torch_array(x):
            import torch

            slope = self.resolved.derivative(x.detach().cpu().numpy())
            return torch.as_tensor(slope, dtype=x.dtype, device=x.device)
        return self.resolved.derivative(x).astype(x.dtype)

    @cached_property
    def _base(self):
        """f, resolved under N(0, 1)."""
        base = resolve(self.function, self.kinks_named, f"activation {self.name!r}")
        if self.function in self.key:  # a user's own; the catalogue has tests
            _check_claims(self, base)
        return base

    @cached_property
    def resolved(self):
        """σ, resolved under N(0, 1)."""
        if self.input_scale == 1.0 and self.shift == 0.0 and self.scale == 1.0:
            return self._base
        kinks = tuple(b / self.input_scale for b in self._base.kinks)
        return resolve(self, kinks, f"activation {self.name!r}")

    @property
    def kinks(self):
        """Where σ is not smooth, ascending: those named and those found."""
        return self.resolved.kinks

    @property
    def jumps(self):
        """σ(b+) − σ(b−) at every kink b."""
        return self.resolved.jumps

    @property
    def is_continuous(self):
        """Whether σ has no jump; only then is E σ'² finite, and with it the NTK."""
        return not self.resolved.jumps.any()

    @property
    def parity(self):
        """ "even", "odd" or None."""
        return None if self.parity_of_base == "odd" and self.shift else self.parity_of_base

    @property
    def degree(self):
        """r with σ(tx) = t^r σ(x) for t > 0, or None."""
        return None if self.shift else self.degree_of_base

    # --- moments ---------------------------------------------------------------------------------------------------

    @cached_property
    def mean(self):
        """E σ(X)."""
        mean = 0.0 if self.parity == "odd" else self.resolved.expectation(self.resolved.values)
        return 0.0 if abs(mean) <= _ROUNDING * np.sqrt(self.second_moment) else mean

    @cached_property
    def second_moment(self):
        """E σ(X)²."""
        moment = self.resolved.expectation(self.resolved.values**2)
        return 1.0 if abs(moment - 1) <= _ROUNDING else moment

    @cached_property
    def derivative_second_moment(self):
        """E σ'(X)² = σ̂'(1); infinite when σ has a jump."""
        if not self.is_continuous:
            return np.inf
        return self.resolved.expectation(self.derivative(self.resolved.nodes) ** 2)

    @cached_property
    def variance(self):
        """E (σ(X) − E σ)²."""
        return self.resolved.expectation((self.resolved.values - self.mean) ** 2)

    @cached_property
    def coefficient_of_nonlinearity(self):
        """μ = 1 − (E Xσ̄(X))² of the normalised activation σ̄, in [0, 1]: 0 for affine, 1 when no linear part is left.

        Source: Agarwal, Awasthi, Kale (2021), Definition 2; computed as Σ_{k≥2} a_k²/Var σ, which does not cancel.

        >>> import ntkit as nk
        >>> round(nk.activation("relu").coefficient_of_nonlinearity, 7)
        0.2665289
        """
        return self._share_beyond_linear(self._variance_or_refuse())

    @cached_property
    def coefficient_of_nonaffinity(self):
        """μ̃ = 1 − (E σ)² − (E Xσ)² of σ scaled to E σ² = 1 (Definition 29)."""
        if self.second_moment == 0:
            raise ValueError(f"activation {self.name!r} must not be zero: it cannot be scaled to E σ² = 1.")
        return self._share_beyond_linear(self.second_moment)

    def _share_beyond_linear(self, whole):
        nodes, linear = self.resolved.nodes, self.hermite(2)
        rest = self.resolved.values - linear[0] - linear[1] * nodes
        share = self.resolved.expectation(rest**2) / whole
        return 0.0 if share <= _ROUNDING**2 else min(share, 1.0)

    def _variance_or_refuse(self):
        if self.variance <= 1e-26 * max(self.second_moment, 1e-300):
            raise ValueError(f"activation {self.name!r} must not be constant: it cannot be normalised to variance 1.")
        return self.variance

    def hermite(self, n):
        """Hermite coefficients a_0 … a_{n−1}, a_k = E σ(X) h_k(X), h_k orthonormal; Σ a_k² = E σ².

        >>> import ntkit as nk
        >>> nk.activation("relu").hermite(3).round(6)
        array([0.398942, 0.5     , 0.282095])
        """
        n = whole("the number of Hermite coefficients", n, least=1, must="be a positive whole number")
        coefficients = self.resolved.hermite(n)
        if self.parity:
            coefficients[(1 if self.parity == "even" else 0) :: 2] = 0.0
        coefficients[0] = self.mean
        coefficients[np.abs(coefficients) <= _ROUNDING * np.sqrt(self.second_moment)] = 0.0
        return coefficients

    @cached_property
    def is_normalized(self):
        """Whether E σ = 0 and E σ² = 1, to rounding."""
        return self.mean == 0.0 and self.second_moment == 1.0

    @property
    def dual(self):
        """The dual activation σ̂, a ntkit.dual.Dual."""
        return _dual(self)

    # --- relatives -------------------------------------------------------------------------------------------------

    def normalized(self):
        """The activation centred and scaled to E σ = 0, E σ² = 1 (eq. 2).

        Raises: ValueError for a constant function.
        """
        if self.is_normalized:
            return self
        factor = 1 / np.sqrt(self._variance_or_refuse())
        other = self._variant(
            name=f"normalized {self.name}", scale=self.scale * factor, shift=self.shift - self.mean / self.scale
        )
        return other._with_exact_moments()

    def _with_exact_moments(self):
        self.__dict__.update(mean=0.0, second_moment=1.0, variance=1.0)
        return self

    def with_unit_second_moment(self):
        """The activation scaled to E σ² = 1 and not centred (equation 8 of the paper).

        Raises: ValueError for the zero function.

        >>> import ntkit as nk
        >>> sigma = nk.activation("relu").with_unit_second_moment()
        >>> round(sigma.scale, 6), sigma.second_moment, round(sigma.mean, 6)
        (1.414214, 1.0, 0.56419)
        """
        if self.second_moment == 1.0:
            return self
        if self.second_moment == 0:
            raise ValueError(f"activation {self.name!r} must not be zero: it cannot be scaled to E σ² = 1.")
        other = self._variant(name=f"scaled {self.name}", scale=float(self.scale / np.sqrt(self.second_moment)))
        other.__dict__["second_moment"] = 1.0
        return other

    def shifted(self, constant):
        """x ↦ σ(x) + constant.

        Raises: ValueError where the constant is not a finite number.

        >>> import ntkit as nk
        >>> round(nk.activation("tanh").shifted(0.3).mean, 9)
        0.3
        """
        constant = real("constant", constant, must="be a finite number")
        if constant == 0.0:
            return self
        name = f"{self.name} {'+' if constant > 0 else '−'} {abs(constant):.6g}"
        return self._variant(name=name, shift=self.shift + constant / self.scale)

    def without_shift(self):
        """scale · f(x): what is left of σ when its constant is taken away."""
        return self._variant(name=f"{self.name} less its constant", shift=0.0) if self.shift else self

    def rescaled(self, factor):
        """x ↦ σ(factor · x): the activation that pre-activations of standard deviation `factor` > 0 meet."""
        factor = real("factor", factor, above=0, must="be positive and finite")
        if factor == 1.0:
            return self
        return self._variant(name=f"{self.name} of {factor:.6g}x", input_scale=self.input_scale * factor)


def _as_array(x):
    if is_torch_array(x):
        return x
    array = np.asarray(x)
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"an activation takes real numbers, in numpy or torch; got {type(x).__name__} of {array.dtype}."
        )
    return array if array.dtype.kind == "f" else array.astype(float)


def _like(x, value):
    """The value in the shape and precision of x, where a function returned a single number, or truth values."""
    xp = array_namespace(x)
    if np.ndim(value) == 0 and (x.ndim or not hasattr(value, "dtype")):
        return xp.full_like(x, value)
    if value.dtype == x.dtype or not xp.isdtype(x.dtype, "real floating"):
        return value
    return value if xp.isdtype(value.dtype, "complex floating") else xp.astype(value, x.dtype)


def _places(kinks):
    must = "be a finite number, a place where the activation is not smooth"
    return tuple(
        real("a kink", b, must=must, remedy="Leave kinks out to have them found.")
        for b in np.atleast_1d(kinks).tolist()
    )


def _check_claims(activation, base):
    """What was said of f beside f itself: its derivative, parity and degree.

    Raises: ValueError with a place where it does not hold.
    """
    f, x = activation.function, base.nodes
    weight = gaussian.root_density(x)
    weight = weight / np.sqrt(base.expectation(base.values**2) + 1e-300)
    sign = {"even": 1.0, "odd": -1.0}.get(activation.parity_of_base)
    claims = []
    if sign:
        claims.append((f"parity={activation.parity_of_base!r}", base.values, sign * f(-x)))
    if activation.degree_of_base is not None:
        degree = activation.degree_of_base
        claims.append((f"degree={degree}, f(2x) = 2^{degree} f(x)", base.values, f(2 * x) / 2.0**degree))
    if activation.base_derivative:
        slope, uncertainty = _difference_quotient(f, x, base.kinks)
        given = evaluate(activation.base_derivative, x, f"the derivative of activation {activation.name!r}")
        claims.append(("its derivative", slope, np.where(np.abs(given - slope) < 10 * uncertainty, slope, given)))
    for claim, is_value, said in claims:
        wrong = weight * np.abs(is_value - said) > 1e-6
        if wrong.any():
            raise ValueError(
                f"what is said of activation {activation.name!r} must hold: {claim}; at x = {x[wrong][0]:.6g} there "
                f"would have to be {np.asarray(said)[wrong][0]:.6g}, but there is {is_value[wrong][0]:.6g}. "
                "Correct it, or leave it out."
            )


def _difference_quotient(f, x, kinks):
    """f'(x) from differences, and how far to trust it: not at all next to a kink."""
    step = 1e-6 * np.maximum(1.0, np.abs(x))
    wide, narrow = ((f(x + h) - f(x - h)) / (2 * h) for h in (step, 0.5 * step))
    near = (np.abs(x[..., None] - np.array([*kinks, np.inf])) < 2 * step[..., None]).any(axis=-1)
    return narrow, np.where(near, np.inf, np.abs(wide - narrow))


@lru_cache(maxsize=256)
def _dual(sigma):
    return Dual(sigma)


def _revived(values, moments):
    """An activation from its pickle."""
    key = values["key"]
    if isinstance(key, _Recipe):
        template = activation(key.name, **dict(key.parameters))
    else:
        template = Activation(values["name"], values["function"])
    sigma = template._variant(**values)
    sigma.__dict__.update(moments)
    return sigma


# --- the catalogue -------------------------------------------------------------------------------------------------


def catalogue():
    """The names that `activation` knows.

    >>> import ntkit as nk
    >>> "gelu" in nk.catalogue()
    True
    """
    return (*_catalogue.DEFINITIONS, "normrelu")


def activation(name, /, **parameters):
    """An activation of the catalogue, as the literature defines it (not normalised).

    Parameters: name, one of `catalogue()`; parameters: leaky_relu(slope=0.01), elu(alpha=1), celu(alpha=1),
    hermite(k), polynomial(coefficients), relu_power(r), normrelu(c).
    Raises: ValueError for an unknown name, TypeError for an unknown or missing parameter.

    >>> import ntkit as nk
    >>> float(nk.activation("leaky_relu", slope=0.2)(-1.0))
    -0.2
    """
    key = str(name).lower().replace("-", "_").replace(" ", "_")
    key = _catalogue.ALIASES.get(key, key)
    if key == "normrelu":
        return normrelu(**parameters)
    if key not in _catalogue.DEFINITIONS:
        raise ValueError(
            f"activation must be one of {', '.join(catalogue())}; got {name!r}. "
            "Your own: nk.Activation('mine', function, kinks=(0.0,))."
        )
    definition = _catalogue.DEFINITIONS[key]
    values = _bind(key, definition, parameters)
    return _from_definition(_Recipe(key, tuple(values.items())))


def _bind(name, definition, parameters):
    unknown = set(parameters) - set(definition.parameters)
    missing = {k for k, default in definition.parameters.items() if default is inspect.Parameter.empty} - set(
        parameters
    )
    if unknown or missing:
        wanted = ", ".join(definition.parameters) or "none"
        raise TypeError(f"{name} takes the parameters: {wanted}; got {', '.join(parameters) or 'none'}.")
    given = {k: parameters.get(k, default) for k, default in definition.parameters.items()}
    return {k: definition.check(k, v) for k, v in given.items()}


def _spelled(recipe, defaults):
    """The shortest specification of an activation: without the parameters that are at their default."""
    told = ", ".join(f"{name}={value!r}" for name, value in recipe.parameters if value != defaults.get(name))
    return f"{recipe.name}({told})" if told else recipe.name


@lru_cache(maxsize=512)
def _from_definition(recipe):
    definition, values = _catalogue.DEFINITIONS[recipe.name], dict(recipe.parameters)
    return Activation(
        _spelled(recipe, definition.parameters),
        partial(definition.function, **values),
        definition.kinks(**values),
        partial(definition.derivative, **values),
        parity=definition.parity(**values),
        degree=definition.degree(**values),
        key=recipe,
    )


def normrelu(c=_PAPERS_C):
    """NormReLU_c(x) = λ(c) [max(x − c, 0) + b(c)], normalised for every c.

    b(c) = (1 − Φ(c))c − φ(c),  λ(c) = [(1 − Φ)Φc² + (1 − 2Φ)φc + (1 − Φ − φ²)]^{−1/2}.
    Parameters: c, the place of the kink, |c| ≤ 6 (beyond, no float64 tells the kink from none).
    Returns: Activation with .scale = λ(c), .shift = b(c).
    Source: Agarwal, Awasthi, Kale (2021), section 7 and appendix I.

    >>> import ntkit as nk
    >>> sigma = nk.normrelu(-1.5975)
    >>> round(sigma.scale, 6), round(sigma.shift, 6), round(sigma.coefficient_of_nonlinearity, 6)
    (1.050001, -1.620879, 0.015599)
    """
    c = real(
        "c",
        c,
        least=-6,
        most=6,
        must="lie in [-6, 6]",
        remedy="Beyond, NormReLU is linear (c < 0) or constant (c > 0) to float64 precision.",
    )
    return _normrelu(c)


@lru_cache(maxsize=512)
def _normrelu(c):
    recipe = _Recipe("normrelu", (("c", c),))
    base = Activation(
        _spelled(recipe, {"c": _PAPERS_C}),
        partial(_catalogue.shifted_relu, c=c),
        (c,),
        partial(_catalogue.shifted_relu_derivative, c=c),
        key=recipe,
    )
    # By quadrature: the closed form of λ loses four digits at c = 6.
    return base._variant(scale=float(1 / np.sqrt(base.variance)), shift=-base.mean)._with_exact_moments()
