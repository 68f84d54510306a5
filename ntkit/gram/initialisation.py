"""How a two-layer network starts, and how fast its layers learn.

    F(x) = c·m^p Σ_k a_k σ(w_k·x + b_k),     w_k ~ N(0, s² I),  b_k ~ N(0, β²),  a_k of standard deviation m^q,

m the width, and the learning rate is multiplied by m^r.  In every initialisation here
G = (c²/m) Σ_k α_k² σ'σ'⟨·, ·⟩ with α_k of variance 1: the hidden layer's Gram matrix has a limit.  That of the output
layer, H, carries m^(2p + r + 1).
Source: Panigrahi, Shetty, Goyal (2020), equation (1) and appendix D.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from ntkit.arguments import real

_LAWS = ("normal", "rademacher")
_FAN_IN_BIAS = 0.1


@dataclass(frozen=True)
class Initialisation:
    """The law of the first weights of F(x) = c·m^p Σ_k a_k σ(w_k·x + b_k), and the layers' learning rate.

    name:              of the initialisation
    weight_std:        s, of every hidden weight
    bias_std:          β, of the hidden biases, which are not trained
    normalize:         c = (E σ(z)²)^(−1/2) if true, else 1
    output_law:        of a_k: "normal", or "rademacher" for signs
    output_power:      q, a_k has standard deviation m^q
    multiplier_power:  p
    rate_power:        r, the learning rate is multiplied by m^r

    >>> dzps().with_signs().output_law
    'rademacher'
    """

    name: str
    weight_std: float = 1.0
    bias_std: float = 0.0
    normalize: bool = False
    output_law: str = "normal"
    output_power: float = 0.0
    multiplier_power: float = -0.5
    rate_power: float = 0.0

    def __post_init__(self):
        real("weight_std", self.weight_std, above=0, must="be positive and finite")
        real("bias_std", self.bias_std, least=0, must="be finite and at least 0")
        if self.output_law not in _LAWS:
            raise ValueError(f"output_law must be one of {', '.join(_LAWS)}; got {self.output_law!r}.")

    def with_signs(self):
        """The same with random signs as output weights: G varies less from draw to draw, its mean is the same."""
        return replace(self, name=f"{self.name}, signs", output_law="rademacher")

    def factor(self, sigma):
        """c² of an activation.

        Raises: ValueError for the zero function, if it is to be normalised.
        """
        if not self.normalize:
            return 1.0
        if sigma.second_moment == 0:
            raise ValueError(f"activation {sigma.name!r} must not be zero: c² = 1/E σ² normalises it.")
        return 1 / sigma.second_moment

    def multiplier(self, sigma, width):
        """c·m^p, what the sum over the neurons is multiplied by."""
        return math.sqrt(self.factor(sigma)) * width**self.multiplier_power

    def rate(self, width):
        """m^r, what the learning rate is multiplied by."""
        return width**self.rate_power

    @property
    def output_growth(self):
        """The power of m with which H grows; 0 where it has a limit."""
        return 2 * self.multiplier_power + self.rate_power + 1

    def draw(self, dim, width, generator, outputs=1):
        """First weights (width, dim), biases (width,) and α (width, outputs), the output weights over m^q.

        Parameters: generator, a numpy Generator.

        >>> [array.shape for array in dzps().draw(3, 5, np.random.default_rng(0))]
        [(5, 3), (5,), (5, 1)]
        """
        weights = self.weight_std * generator.standard_normal((width, dim))
        biases = self.bias_std * generator.standard_normal(width) if self.bias_std else np.zeros(width)
        if self.output_law == "rademacher":
            return weights, biases, generator.choice([-1.0, 1.0], size=(width, outputs))
        return weights, biases, generator.standard_normal((width, outputs))


def dzps(*, normalize=False):
    """w ~ N(0, I), a ~ N(0, 1), F = (c/√m) Σ a_k σ(w_k·x): the setting of Du, Zhai, Póczos, Singh.

    Parameters: normalize, whether c = (E σ(z)²)^(−1/2); the paper takes c = 1 for two layers, without loss of
    generality but for the speed at a common learning rate.
    Source: Panigrahi, Shetty, Goyal (2020), equation (1); its c_φ² is printed as E φ², it is the inverse.

    >>> import ntkit as nk
    >>> dzps(normalize=True).factor(nk.activation("relu"))
    2.0
    """
    return Initialisation("DZPS, normalised" if normalize else "DZPS", normalize=normalize)


def fan_in(dim, *, gain=1.0):
    """w ~ N(0, gain/d), a ~ N(0, 1/m), b ~ N(0, 0.1²), F = Σ a_k σ(w_k·x + b_k).

    Parameters: dim, d ≥ 1, of the inputs; gain > 0, 1 in the paper and 2 in He's initialisation.
    Raises: ValueError outside those ranges.
    Source: Panigrahi, Shetty, Goyal (2020), appendix D.

    >>> fan_in(4).weight_std, fan_in(4).output_growth
    (0.5, 1.0)
    """
    std = math.sqrt(_positive("gain", gain) / _positive("dim", dim))
    return Initialisation("fan-in", std, _FAN_IN_BIAS, output_power=-0.5, multiplier_power=0.0)


def fan_out(width, *, gain=1.0):
    """w ~ N(0, gain/m), a ~ N(0, 1), b ~ N(0, 1/m), F = Σ a_k σ(w_k·x + b_k), learning rate over m.

    As m grows the pre-activations vanish, so that a smooth σ becomes linear: G → σ'(0)² XᵀX.
    Parameters: width, m ≥ 1; gain > 0, 1 in the paper and 2 in He's initialisation.
    Raises: ValueError outside those ranges.
    Source: Panigrahi, Shetty, Goyal (2020), appendix D.

    >>> fan_out(100).weight_std, fan_out(100).output_growth
    (0.1, 0.0)
    """
    std = math.sqrt(_positive("gain", gain) / _positive("width", width))
    return Initialisation("fan-out", std, 1 / math.sqrt(width), multiplier_power=0.0, rate_power=-1.0)


def _positive(name, value):
    return real(name, value, above=0, must="be positive and finite")
