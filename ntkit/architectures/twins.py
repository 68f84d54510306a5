"""Finite twins of the layers: torch modules in the NTK parameterisation, N(0, 1) weights scaled in the forward pass."""

import torch


class Linear(torch.nn.Module):
    """x ↦ scale · W x + bias_scale · b."""

    def __init__(self, inputs, outputs, scale, bias_scale, generator, dtype=None, device=None):
        super().__init__()
        self.scale, self.bias_scale = scale, bias_scale
        self.weight = _normal((outputs, inputs), generator, dtype, device)
        self.bias = _normal((outputs,), generator, dtype, device) if bias_scale else None

    def forward(self, x):
        bias = None if self.bias is None else self.bias_scale * self.bias
        return torch.nn.functional.linear(x, self.scale * self.weight, bias)

    def extra_repr(self):
        outputs, inputs = self.weight.shape
        return f"{inputs} → {outputs}, scale={self.scale:.4g}, bias_scale={self.bias_scale:g}"


class Pointwise(torch.nn.Module):
    """x ↦ σ(x)."""

    def __init__(self, activation):
        super().__init__()
        self.activation = activation

    def forward(self, x):
        return self.activation(x)

    def extra_repr(self):
        return self.activation.name


class Network(torch.nn.Module):
    """The finite network of an architecture: `features` are the inputs of the read-out, scaled so that

    features(x) features(y)ᵀ → NNGP(x, y),      forward(x) = features(x) vᵀ,  v ~ N(0, 1).
    """

    def __init__(self, hidden, read_out):
        super().__init__()
        self.hidden = torch.nn.Sequential(*hidden)
        self.read_out = read_out

    def features(self, x):
        """The last hidden layer divided by √width, shape (n, width)."""
        return self.read_out.scale * self.hidden(x)

    def forward(self, x):
        return self.read_out(self.hidden(x))


def _normal(shape, generator, dtype, device):
    """Drawn on the CPU in float64: the same network on every device and in every precision."""
    values = torch.randn(shape, generator=generator, dtype=torch.float64)
    return torch.nn.Parameter(values.to(dtype=dtype or torch.get_default_dtype(), device=device))
