"""The networks that are compared, as torch modules: fully connected, residual, residual with Fixup's scalars.

Each maps images (n, channels, height, width) to logits (n, classes), and names the layers whose outputs can be watched:
`places`, a dict name → submodule in the order of the network, the last "features", what the read-out reads.
"""

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

from ntkit.activations import Activation
from ntkit.architectures.twins import MeanOverPixels
from ntkit.experiments.pointwise import Pointwise

FIXUP_SHARE = 0.1


@dataclass(frozen=True)
class Parts:
    """What stands around the weights of a layer: activation σ and normalisation, as `Model` names it."""

    activation: Activation
    normalisation: str = "none"

    @property
    def has_biases(self):
        """Whether weight layers have biases: batch normalisation would subtract them."""
        return self.normalisation != "batch"

    def units(self, width):
        """What follows a linear layer: normalisation, σ, normalisation, as far as there are any."""
        return self._around(torch.nn.BatchNorm1d, torch.nn.LayerNorm, width)

    def channels(self, width):
        """What follows a convolution: the same, layer normalisation over channels and pixels of an image."""
        return self._around(torch.nn.BatchNorm2d, _image_norm, width)

    def before_sum(self, width):
        """What follows the last convolution of a branch: the normalisation before σ."""
        return self.channels(width)[: 1 if self._normalises_before else 0]

    def after_sum(self, width):
        """What follows the sum of branch and shortcut: σ, and the normalisation after it."""
        return self.channels(width)[1 if self._normalises_before else 0 :]

    @property
    def _normalises_before(self):
        return self.normalisation in ("batch", "layer")

    def _around(self, batch, layer, width):
        sigma = Pointwise(self.activation)
        if self.normalisation == "none":
            return [sigma]
        normalise = (batch if self.normalisation == "batch" else layer)(width)
        return [normalise, sigma] if self._normalises_before else [sigma, normalise]


def _image_norm(channels):
    """Over all channels and pixels of an image; scale and shift by channel."""
    return torch.nn.GroupNorm(1, channels)


class Network(torch.nn.Module):
    """Images to logits: a check of the shape, the layers up to the features, and a linear read-out."""

    def __init__(self, shape):
        super().__init__()
        self.shape = tuple(shape)

    def forward(self, images):
        if tuple(images.shape[1:]) != self.shape:
            expected = ", ".join(map(str, self.shape))
            raise ValueError(f"images must have shape (n, {expected}); got {tuple(images.shape)}.")
        return self.read_out(self.represent(images))

    def parameter_groups(self):
        """[{"params": list of parameters, "share": of the learning rate that they take}, …], each parameter once."""
        return [{"params": list(self.parameters()), "share": 1.0}]


class FullyConnected(Network):
    """`depth` hidden layers of `width` units: linear, normalisation, σ; places "1" … and "features"."""

    def __init__(self, shape, classes, depth, width, parts):
        super().__init__(shape)
        inputs = [math.prod(shape)] + [width] * (depth - 1)
        self.hidden = torch.nn.ModuleList(
            torch.nn.Sequential(torch.nn.Linear(n, width, bias=parts.has_biases), *parts.units(width)) for n in inputs
        )
        self.read_out = torch.nn.Linear(width, classes)

    @property
    def places(self):
        numbered = {str(number): layer for number, layer in enumerate(self.hidden, 1)}
        return numbered | {"features": self.hidden[-1]}

    def represent(self, images):
        x = images.flatten(1)
        for layer in self.hidden:
            x = layer(x)
        return x


class InBlocks(Network):
    """A stem, residual blocks, features that are pooled; places "stem", "1" … for the blocks, "features"."""

    @property
    def places(self):
        numbered = {str(number): block for number, block in enumerate(self.blocks, 1)}
        return {"stem": self.stem, **numbered, "features": self.features}

    @property
    def branches(self):
        """The two convolutions of each branch, in order."""
        return [
            tuple(layer for layer in block.modules() if isinstance(layer, torch.nn.Conv2d)) for block in self.blocks
        ]

    def represent(self, images):
        x = self.stem(images)
        for block in self.blocks:
            x = block(x)
        return self.features(x)


class Residual(InBlocks):
    """He's residual network for small images: a stem, 3 stages of n blocks, the mean over pixels; depth 6n + 2.

    Stages have width, 2 width, 4 width channels on images of full, half, quarter size; convolutions are 3 × 3, with
    biases where no batch normalisation follows.
    Source: He, Zhang, Ren, Sun (2016), section 4.2.
    """

    def __init__(self, shape, classes, depth, width, parts):
        super().__init__(shape)
        stem = _convolution(shape[0], width, bias=parts.has_biases)
        self.stem = torch.nn.Sequential(stem, *parts.channels(width))
        self.blocks = torch.nn.ModuleList(Block(*sizes, parts) for sizes in _sizes_of_blocks(depth, width))
        self.features = MeanOverPixels()
        self.read_out = torch.nn.Linear(4 * width, classes)


class Block(torch.nn.Module):
    """x ↦ σ(skip(x) + N W₂ σ(N W₁ x)), W convolutions; a normalisation after the activation follows each σ."""

    def __init__(self, inputs, outputs, stride, parts):
        super().__init__()
        self.branch = torch.nn.Sequential(
            _convolution(inputs, outputs, stride, bias=parts.has_biases),
            *parts.channels(outputs),
            _convolution(outputs, outputs, bias=parts.has_biases),
            *parts.before_sum(outputs),
        )
        self.skip = Skip(outputs, stride)
        self.after = torch.nn.Sequential(*parts.after_sum(outputs))

    def forward(self, x):
        return self.after(self.branch(x) + self.skip(x))


class Skip(torch.nn.Module):
    """He's shortcut without parameters (option A): every stride-th pixel, and channels of zeros after those there are.

    >>> Skip(3, 2)(torch.ones(1, 2, 5, 5)).sum(dim=(2, 3))
    tensor([[9., 9., 0.]])
    """

    def __init__(self, channels, stride):
        super().__init__()
        self.channels, self.stride = channels, stride

    def forward(self, x):
        if self.stride == 1 and self.channels == x.shape[1]:
            return x
        kept = x[:, :, :: self.stride, :: self.stride]
        return functional.pad(kept, (0, 0, 0, 0, 0, self.channels - x.shape[1]))

    def extra_repr(self):
        return f"to {self.channels} channels, stride {self.stride}"


class FixupResidual(InBlocks):
    """He's residual network without normalisation, with Fixup's scalars: 5 a block and 2 more.

    Scalars, and the biases of the read-out, take a tenth of the learning rate, as in the authors' code.
    Source: Zhang, Dauphin, Ma (2019), section 3 and Figure 1.
    """

    def __init__(self, shape, classes, depth, width, parts):
        super().__init__(shape)
        self.stem = torch.nn.Sequential(_convolution(shape[0], width, bias=False), Shift(), Pointwise(parts.activation))
        self.blocks = torch.nn.ModuleList(FixupBlock(*sizes, parts) for sizes in _sizes_of_blocks(depth, width))
        self.features = torch.nn.Sequential(MeanOverPixels(), Shift())
        self.read_out = torch.nn.Linear(4 * width, classes)

    def parameter_groups(self):
        slow = [parameter for parameter in self.parameters() if parameter.ndim < 2]
        others = [parameter for parameter in self.parameters() if parameter.ndim >= 2]
        return [{"params": others, "share": 1.0}, {"params": slow, "share": FIXUP_SHARE}]


class FixupBlock(torch.nn.Module):
    """x ↦ σ(skip + m W₂(σ(W₁(x + b₁) + b₂) + b₃) + b₄) with scalars b, m; the skip is that of x, or where it halves
    the image that of x + b₁.
    """

    def __init__(self, inputs, outputs, stride, parts):
        super().__init__()
        self.before_first, self.first = Shift(), _convolution(inputs, outputs, stride, bias=False)
        self.before_sigma, self.sigma = Shift(), Pointwise(parts.activation)
        self.before_last, self.last = Shift(), _convolution(outputs, outputs, bias=False)
        self.multiplier, self.before_sum = torch.nn.Parameter(torch.empty(1)), torch.nn.Parameter(torch.empty(1))
        self.skip = Skip(outputs, stride)

    def reset_parameters(self):
        """The multiplier 1, the scalar that it is added with 0."""
        torch.nn.init.ones_(self.multiplier)
        torch.nn.init.zeros_(self.before_sum)

    def forward(self, x):
        shifted = self.before_first(x)
        branch = self.last(self.before_last(self.sigma(self.before_sigma(self.first(shifted)))))
        branch = torch.addcmul(self.before_sum, branch, self.multiplier)
        return self.sigma(branch + self.skip(x if self.skip.stride == 1 else shifted))


class Shift(torch.nn.Module):
    """x ↦ x + b with a scalar b, at first 0."""

    def __init__(self):
        super().__init__()
        self.bias = torch.nn.Parameter(torch.empty(1))

    def reset_parameters(self):
        """b = 0."""
        torch.nn.init.zeros_(self.bias)

    def forward(self, x):
        return x + self.bias


def _convolution(inputs, outputs, stride=1, *, bias):
    return torch.nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=bias)


def _sizes_of_blocks(depth, width):
    """(input channels, output channels, stride) of each block: n a stage, the first of a later stage halves."""
    channels = width
    for stage in range(3):
        for number in range((depth - 2) // 6):
            outputs = width * 2**stage
            yield channels, outputs, 2 if stage and number == 0 else 1
            channels = outputs
