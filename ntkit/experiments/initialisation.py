"""How the weights of a network are drawn: all N(0, variance), biases 0, drawn on the CPU in float64.

    name             variance of a weight           source
    "lecun"          1/fan_in                       keeps E σ² = 1 from layer to layer where σ is normalised
    "he"             2/fan_in                       He et al. (2015), section 2.2, eq. 10, for ReLU
    "he_fan_out"     2/fan_out                      the same, eq. 14, what the code of He et al. (2016) starts from
    "fan_out"        1/fan_out                      Agarwal, Awasthi, Kale (2021), section 7, for Figure 5
    "branch_scaled"  1/fan_in; 1/(fan_in · L)       "lecun", the last of a branch as below, for L branches
    "fixup"          2/fan_out; 2/(fan_out · L); 0  Zhang, Dauphin, Ma (2019), section 3, see below

For a k × k convolution fan_in = k² · input channels, fan_out = k² · output channels; for a linear layer the numbers of
its inputs and outputs.  The read-out, which no activation follows, is N(0, 1/fan_in), but 0 with "fixup".

Fixup: the last weight layer of each residual branch and the read-out are 0; the others start as "he_fan_out", those
inside a branch times L^(−1/(2m−2)) with L branches of m = 2 weight layers, that is with 1/L of the variance.

Why "branch_scaled": without normalisation the first four make a residual network grow.  What a block adds to its input
is uncorrelated with it and about half its size, so that E x² becomes about 1.5 times as much: over the 54 blocks of
ResNet-110 10⁹ to 10¹⁰ times, from where no learning rate that the paper states is survived.  With 1/L of the variance
in the last convolution of each branch it is about 20 times as much in the end.
"""

import math

import torch

VARIANCES = {
    "lecun": lambda layer: 1 / fan_in(layer),
    "he": lambda layer: 2 / fan_in(layer),
    "he_fan_out": lambda layer: 2 / fan_out(layer),
    "fan_out": lambda layer: 1 / fan_out(layer),
}
BY_BRANCH = ("branch_scaled", "fixup")
INITIALISATIONS = (*VARIANCES, *BY_BRANCH)


def initialise(network, name, seed):
    """Draw the weights of a network in place, in the order of its layers; the same in every precision, on every device.

    Parameters: network, with `read_out`, and for a name in BY_BRANCH with `branches`, (first, last) weight layers of
    each; name, one of INITIALISATIONS; seed, a whole number ≥ 0.

    >>> from ntkit.experiments import fully_connected
    >>> layer = fully_connected(2, 400, initialisation="he").module((1, 8, 8), 10).hidden[1][0]
    >>> round(layer.weight.var().item() * fan_in(layer), 1)
    2.0
    """
    generator = torch.Generator().manual_seed(seed)
    variance_of = variances(network, name)
    with torch.no_grad():
        for layer in network.modules():
            if layer in variance_of:
                _draw(layer, variance_of[layer], generator)
            elif hasattr(layer, "reset_parameters"):
                layer.reset_parameters()


def variances(network, name):
    """The variance of the weights of each layer that has a weight matrix or kernel: dict layer → variance.

    >>> from ntkit.experiments import fully_connected
    >>> list(variances(fully_connected(1, 4).module((1, 2, 4), 2), "he").values())
    [0.25, 0.25]
    """
    layers = [layer for layer in network.modules() if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)]
    usual = VARIANCES[{"branch_scaled": "lecun", "fixup": "he_fan_out"}.get(name, name)]
    found = {layer: usual(layer) for layer in layers} | {network.read_out: 1 / fan_in(network.read_out)}
    if name == "branch_scaled":
        found |= {last: found[last] / len(network.branches) for _, last in network.branches}
    if name == "fixup":
        found |= {first: found[first] / len(network.branches) for first, _ in network.branches}
        found |= dict.fromkeys([network.read_out, *(last for _, last in network.branches)], 0.0)
    return found


def fan_in(layer):
    """How many values each output of a layer is a sum of: k² · input channels.

    >>> fan_in(torch.nn.Conv2d(4, 6, 3))
    36
    """
    return layer.weight[0].numel()


def fan_out(layer):
    """How many values each input of a layer goes into: k² · output channels.

    >>> fan_out(torch.nn.Conv2d(4, 6, 3))
    54
    """
    return layer.weight[:, 0].numel()


def _draw(layer, variance, generator):
    if variance == 0.0:
        layer.weight.zero_()
    else:
        values = torch.randn(layer.weight.shape, generator=generator, dtype=torch.float64)
        layer.weight.copy_(values.mul_(math.sqrt(variance)))
    if layer.bias is not None:
        layer.bias.zero_()
