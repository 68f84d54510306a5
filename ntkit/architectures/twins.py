"""Finite twins of the layers: torch modules in the NTK parameterisation, N(0, 1) weights scaled in the forward pass."""

import torch


class Weighted(torch.nn.Module):
    """A layer with N(0, 1) weights, scaled in the forward pass, and perhaps biases."""

    def __init__(self, shape, scale, bias_scale, generator, dtype=None, device=None):
        super().__init__()
        self.scale, self.bias_scale = scale, bias_scale
        self.weight = _normal(shape, generator, dtype, device)
        self.bias = _normal(shape[:1], generator, dtype, device) if bias_scale else None

    def training_only(self, *, weight, bias):
        """The layer itself, with what is not trained frozen."""
        for parameter, is_trained in ((self.weight, weight), (self.bias, bias)):
            if parameter is not None:
                parameter.requires_grad_(is_trained)
        return self

    def scaled_bias(self):
        """bias_scale · b, or None without one."""
        return None if self.bias is None else self.bias_scale * self.bias

    def extra_repr(self):
        outputs, inputs, *window = self.weight.shape
        over = f", window {tuple(window)}" if window else ""
        return f"{inputs} → {outputs}{over}, scale={self.scale:.4g}, bias_scale={self.bias_scale:g}"


class Linear(Weighted):
    """x ↦ scale · W x + bias_scale · b."""

    def __init__(self, inputs, outputs, scale, bias_scale, generator, dtype=None, device=None):
        super().__init__((outputs, inputs), scale, bias_scale, generator, dtype, device)

    def forward(self, x):
        return torch.nn.functional.linear(x, self.scale * self.weight, self.scaled_bias())


class Convolve(Weighted):
    """x ↦ scale · W ∗ x + bias_scale · b on images (n, channels, *pixels), one to three pixel axes."""

    def __init__(self, inputs, outputs, window, stride, padding, scale, bias_scale, generator, dtype=None, device=None):
        super().__init__((outputs, inputs, *window), scale, bias_scale, generator, dtype, device)
        self.window, self.stride, self.padding = window, stride, padding

    def forward(self, x):
        if self.padding != "valid":
            sides = [side for size in reversed(self.window) for side in ((size - 1) // 2, size // 2)]
            x = torch.nn.functional.pad(x, sides, mode="circular" if self.padding == "circular" else "constant")
        return _of_axes("conv", x)(x, self.scale * self.weight, self.scaled_bias(), stride=self.stride)


class MeanOverPixels(torch.nn.Module):
    """(n, channels, *pixels) → (n, channels)."""

    def forward(self, x):
        return x.flatten(2).mean(dim=2)


class MeanOverWindows(torch.nn.Module):
    """The mean over windows that do not overlap."""

    def __init__(self, window):
        super().__init__()
        self.window = window

    def forward(self, x):
        return _of_axes("avg_pool", x)(x, self.window)

    def extra_repr(self):
        return f"window {self.window}"


class Sum(torch.nn.Module):
    """x ↦ skip(x) + scale · branch(x)."""

    def __init__(self, skip, branch, scale):
        super().__init__()
        self.skip, self.branch, self.scale = skip, branch, scale

    def forward(self, x):
        return self.skip(x) + self.scale * self.branch(x)

    def extra_repr(self):
        return f"scale={self.scale:.4g}"


def in_turn(layers, shape, width, generator, **where):
    """The twins of `layers` one after the other, and the shape of their outputs for an input of this shape.

    >>> from ntkit.architectures import Dense
    >>> in_turn((Dense(), Dense(outputs=2)), (3,), 5, torch.Generator())[1]
    (2,)
    """
    twins = []
    for layer in layers:
        twin, shape = layer.twin(shape, width, generator, **where)
        twins.append(twin)
    return torch.nn.Sequential(*twins), tuple(shape)


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
        self.hidden = hidden
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


def _of_axes(name, x):
    """torch's function of that name for images with as many pixel axes as `x` has."""
    axes = x.ndim - 2
    if axes not in (1, 2, 3):
        raise ValueError(f"images must have one, two or three pixel axes, shape (n, channels, *pixels); got {x.shape}.")
    return getattr(torch.nn.functional, f"{name}{axes}d")
