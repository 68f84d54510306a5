"""Families of networks: fully connected, residual, convolutional, and both."""

from ntkit.architectures.architecture import Architecture
from ntkit.architectures.layers import Dense, Elementwise, Residual
from ntkit.architectures.pixels import Convolution, Flatten, GlobalAverage
from ntkit.arguments import real, whole
from ntkit.specification import as_activation

_ENDINGS = {"flatten": Flatten, "average": GlobalAverage}


def mlp(depth, activation, weight_std=1.0, bias_std=0.0):
    """A fully connected network: `depth` hidden layers of σ(σ_w m^{−1/2} W u + σ_b b), and a linear read-out.

    The first layer has no m^{−1/2}: f(x) = v·m^{−1/2}σ(W_L m^{−1/2}σ(… σ(W_1 x))) as in the papers, inputs of unit norm
    in mind; weight_std and bias_std scale every hidden layer as in neural-tangents, with x in the place of √d·x there.

    Parameters: depth ≥ 0; activation, an Activation, or its name or specification, such as "leaky_relu(slope=0.2)";
    weight_std > 0; bias_std ≥ 0.
    Returns: Architecture.
    Raises: ValueError outside these ranges.

    >>> import ntkit as nk
    >>> nk.mlp(depth=32, activation="gelu").depth
    32
    """
    depth = whole("depth", depth, least=0, must="be a whole number of hidden layers, at least 0")
    weight_std, bias_std = _scales(weight_std, bias_std)
    sigma = as_activation(activation)
    first, later = Dense(weight_std, bias_std, fan_in_scaling=False), Dense(weight_std, bias_std)
    blocks = tuple((first if i == 0 else later, Elementwise(sigma)) for i in range(depth))
    return Architecture(blocks, (Dense(fan_in_scaling=depth > 0),))  # without hidden layers it meets the input itself


def resnet(depth, activation, weight_std=1.0, bias_std=0.0, *, branch_scale=None):
    """A fully connected residual network: x_0 = σ_w W_0 x, x_l = x_{l−1} + α(σ_w m^{−1/2} W_l σ(x_{l−1}) + σ_b b_l).

    The read-out is linear in x_L.  With α = 1/√L, the default, the kernels have a limit as L → ∞.

    Parameters: depth ≥ 1, residual blocks; activation, an Activation or its name; weight_std > 0;
    bias_std ≥ 0; branch_scale, α > 0.
    Returns: Architecture.
    Raises: ValueError outside these ranges.
    Source: He et al. (2016), pre-activation; Huang, Wang, Tao, Zhao, "Why do deep residual networks generalize better
    than deep feedforward networks?" (2020) for the scale.

    >>> import numpy as np, ntkit as nk
    >>> nk.resnet(2, "relu").ntk(np.eye(2)).round(6)
    array([[3.75    , 0.388747],
           [0.388747, 3.75    ]])
    """
    depth, scale = _blocks_and_scale(depth, branch_scale)
    weight_std, bias_std = _scales(weight_std, bias_std)
    branch = (Elementwise(as_activation(activation)), Dense(weight_std, bias_std))
    return _after_stem(Dense(weight_std, fan_in_scaling=False), Residual(branch, scale), depth, ())


def cnn(depth, activation, weight_std=1.0, bias_std=0.0, *, window=3, padding="circular", pooling="flatten"):
    """A convolutional network: `depth` layers of σ over a Convolution, then Flatten or GlobalAverage, and a read-out.

    Every layer divides by the root of its inputs, the first by that of channels × window: the convention of
    neural-tangents and of standardised images.

    Parameters: depth ≥ 1; activation, an Activation or its name; weight_std > 0; bias_std ≥ 0; window,
    pixels along an axis, or one number for each; padding "circular", "zero" or "valid"; pooling "flatten" or "average".
    Returns: Architecture for images (n, channels, *pixels).
    Raises: ValueError outside these ranges.

    >>> import numpy as np, ntkit as nk
    >>> x = np.arange(32.0).reshape(2, 1, 4, 4) / 10
    >>> nk.cnn(2, "relu").nngp(x).round(6)
    array([[0.19375 , 0.498411],
           [0.498411, 1.43375 ]])
    """
    depth = whole("depth", depth, least=1, must="be a whole number of convolutions, at least 1")
    sigma, ending = as_activation(activation), _ending(pooling)
    block = (Convolution(window, *_scales(weight_std, bias_std), padding=padding), Elementwise(sigma))
    blocks = [block] * depth
    blocks[-1] = (*block, ending)
    return Architecture(tuple(blocks), (Dense(),))


def conv_resnet(
    depth,
    activation,
    weight_std=1.0,
    bias_std=0.0,
    *,
    window=3,
    padding="circular",
    pooling="average",
    branch_scale=None,
):
    """A convolutional residual network: x_l = x_{l−1} + α(W_l ∗ σ(x_{l−1}) + σ_b b_l) behind a first convolution.

    Parameters: as in `resnet` and `cnn`.
    Returns: Architecture for images (n, channels, *pixels).
    Raises: ValueError outside their ranges.

    >>> import numpy as np, ntkit as nk
    >>> x = np.arange(32.0).reshape(2, 1, 4, 4) / 10
    >>> nk.conv_resnet(2, "relu").nngp(x).shape
    (2, 2)
    """
    depth, scale = _blocks_and_scale(depth, branch_scale)
    sigma, weight_and_bias = as_activation(activation), _scales(weight_std, bias_std)
    branch = (Elementwise(sigma), Convolution(window, *weight_and_bias, padding=padding))
    stem = Convolution(window, weight_and_bias[0], padding=padding)
    return _after_stem(stem, Residual(branch, scale), depth, (Elementwise(sigma), _ending(pooling)))


def _after_stem(stem, residual, depth, end):
    blocks = [(residual,)] * depth
    blocks[0] = (stem, *blocks[0])
    blocks[-1] = (*blocks[-1], *end)
    return Architecture(tuple(blocks), (Dense(),))


def _blocks_and_scale(depth, branch_scale):
    depth = whole("depth", depth, least=1, must="be a whole number of residual blocks, at least 1")
    scale = depth**-0.5 if branch_scale is None else branch_scale
    return depth, real("branch_scale", scale, above=0, must="be positive and finite")


def _scales(weight_std, bias_std):
    return (
        real("weight_std", weight_std, above=0, must="be positive and finite"),
        real("bias_std", bias_std, least=0, must="be at least 0 and finite"),
    )


def _ending(pooling):
    if pooling not in _ENDINGS:
        raise ValueError(f"pooling must be one of {', '.join(map(repr, _ENDINGS))}; got {pooling!r}.")
    return _ENDINGS[pooling]()
