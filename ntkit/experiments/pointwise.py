"""Activations as layers that run at the speed of torch's own:  x ↦ scale · (f(input_scale · x) + shift).

Where torch has f with the catalogue's definition, its kernel is taken, and scale and shift cost one more pass over the
values.  Any other activation of the catalogue, and a user's with a derivative, goes forwards and backwards by its own
value and derivative; a user's without one is differentiated by torch.
"""

from functools import partial

import torch
from torch.nn import functional

_LOW_PRECISION = (torch.bfloat16, torch.float16)
_WHERE_SOFTPLUS_IS_LINEAR = 40.0  # log(1 + e^x) = x from there on to float64 precision


class Pointwise(torch.nn.Module):
    """x ↦ σ(x), elementwise, for an nk.Activation σ; any shape, device and floating-point precision.

    What torch has no kernel for is computed in float32 at least, whatever the precision of x.

    >>> import ntkit as nk
    >>> Pointwise(nk.activation("relu"))(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def __init__(self, activation):
        super().__init__()
        self.activation = activation
        self.own, self.factor = _torchs_own(activation), float(activation.scale)
        # A tensor without axes takes the precision and the device of what it is added to.
        constant = self.factor * float(activation.shift + _missing(activation))
        self.constant = torch.tensor(constant, dtype=torch.float64, device="cpu")
        self.is_plain = (self.factor, constant) == (1.0, 0.0)

    def forward(self, x):
        if self.own is None:
            return _widened(self.activation, x)
        inner = self.activation.input_scale
        x = x if inner == 1.0 else inner * x
        y = self.own(x)
        return y if self.is_plain else torch.add(self.constant, y, alpha=self.factor)

    def extra_repr(self):
        return self.activation.name


def has_torchs_own(activation):
    """Whether torch has a kernel for this activation, up to scales and a shift.

    >>> import ntkit as nk
    >>> has_torchs_own(nk.activation("selu")), has_torchs_own(nk.activation("hermite", k=3))
    (True, False)
    """
    return _torchs_own(activation) is not None


def _identity(x):
    return x


def _leaky_relu(x, slope):
    return functional.leaky_relu(x, slope)


def _softplus(x):
    return functional.softplus(x, threshold=_WHERE_SOFTPLUS_IS_LINEAR)


def _maximum(x, c):
    """max(x, c), which is NormReLU's max(x − c, 0) but for a constant, see `_missing`."""
    return functional.threshold(x, c, c)


_TORCHS_OWN = {
    "identity": _identity,
    "relu": functional.relu,
    "leaky_relu": _leaky_relu,
    "normrelu": _maximum,
    "abs": torch.abs,
    "tanh": torch.tanh,
    "erf": torch.erf,
    "sigmoid": torch.sigmoid,
    "softplus": _softplus,
    "swish": functional.silu,
    "gelu": functional.gelu,
    "elu": functional.elu,
    "selu": functional.selu,
    "celu": functional.celu,
    "mish": functional.mish,
    "softsign": functional.softsign,
    "arctan": torch.atan,
    "hardtanh": functional.hardtanh,
    "relu6": functional.relu6,
    "sin": torch.sin,
    "cos": torch.cos,
    "exp": torch.exp,
}


def _torchs_own(activation):
    """torch's function for f, its parameters filled in; None where there is none."""
    recipe = activation.recipe
    if recipe is None or recipe.name not in _TORCHS_OWN:
        return None
    own = _TORCHS_OWN[recipe.name]
    return partial(own, **dict(recipe.parameters)) if recipe.parameters else own


def _missing(activation):
    """What is added to torch's function to give f: −c for NormReLU, whose max(x − c, 0) is max(x, c) − c."""
    recipe = activation.recipe
    return -dict(recipe.parameters)["c"] if recipe is not None and recipe.name == "normrelu" else 0.0


@torch.compiler.disable  # a function of the user's may do what no graph can hold
def _widened(activation, x):
    """σ(x) by the activation's own value and derivative, in float32 where x has fewer digits."""
    wide = x.float() if x.dtype in _LOW_PRECISION else x
    y = _ByDerivative.apply(wide, activation) if activation.has_derivative else activation(wide)
    return y.to(x.dtype)


class _ByDerivative(torch.autograd.Function):
    """σ forwards, σ' backwards."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x, activation):
        return activation(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, ctx.activation = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * ctx.activation.derivative(x), None
