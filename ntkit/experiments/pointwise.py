"""Activations as layers that run at the speed of torch's own:  x ↦ scale · (f(input_scale · x) + shift).

Where torch has f with the catalogue's definition, its kernel is taken, and scale and shift cost one more pass over the
values; for ReLU and NormReLU, scale · max(x, c) + a constant, that pass takes no memory of its own.  Any other
activation of the catalogue, and a user's with a derivative, goes forwards and backwards by its own value and
derivative; a user's without one is differentiated by torch.
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
        self.own, self.kink = _torchs_own(activation), _only_kink(activation)
        self.factor = float(activation.scale)
        self.constant = self.factor * float(activation.shift - (self.kink or 0.0))

    def forward(self, x):
        if self.own is None:
            return _widened(self.activation, x)
        inner = self.activation.input_scale
        x = x if inner == 1.0 else inner * x
        if (self.factor, self.constant) == (1.0, 0.0):
            return self.own(x)
        if self.kink is not None and not torch.compiler.is_compiling():  # which finds its own way of doing the same
            return _ScaledMaximum.apply(x, self.kink, self.factor, self.constant)
        return torch.rsub(self.own(x), self.constant, alpha=-self.factor)  # constant + factor · y, in one pass

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
    """max(x, c), which is NormReLU's max(x − c, 0) but for a constant."""
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


def _only_kink(activation):
    """c where f(x) = max(x, c) − c; None for any other f."""
    recipe = activation.recipe
    if recipe is None or recipe.name not in ("relu", "normrelu"):
        return None
    return float(dict(recipe.parameters).get("c", 0.0))


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


class _ScaledMaximum(torch.autograd.Function):
    """factor · max(x, c) + constant, scaled where the maximum lies."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x, c, factor, constant):
        return _maximum(x, c).mul_(factor).add_(constant)

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, ctx.c, ctx.factor, _ = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        slope = torch.ops.aten.threshold_backward(gradient, x, ctx.c).mul_(ctx.factor)
        return slope, None, None, None
