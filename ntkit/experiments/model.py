"""Which network is trained: its architecture, depth, width, activation, normalisation and initialisation.

The models of the paper, as the constructors give them:

    Figures 1, 3       fully_connected(32), fully_connected(64); with normalisation="batch" and "layer"
    Figures 1, 4       resnet(32), resnet(110); with normalisation="batch", in Figure 1 also "layer"
    Figure 5           fixup_resnet(110), fixup_resnet(110, activation="normrelu")
    Figures 7, 8       fully_connected(32 and 64), resnet(32 and 110); with activation="selu"

Source: Agarwal, Awasthi, Kale (2021), section 7, appendices I.2 and I.3.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from ntkit.activations import Activation
from ntkit.arguments import whole
from ntkit.experiments.initialisation import BY_BRANCH, INITIALISATIONS, initialise
from ntkit.experiments.modules import FixupResidual, FullyConnected, Parts, Residual
from ntkit.specification import as_activation, is_of_catalogue

NORMALISATIONS = ("none", "batch", "layer", "layer_after")
_FAMILIES = {"fully_connected": "FC", "resnet": "ResNet", "fixup_resnet": "Fixup"}
ARCHITECTURES = tuple(_FAMILIES)
_RECTIFIERS = ("relu", "leaky_relu", "gelu", "swish", "mish")
_IN_PRINT = {
    "relu": "ReLU", "normrelu": "NormReLU", "leaky_relu": "leaky ReLU", "relu6": "ReLU6", "elu": "ELU", "selu": "SELU",
    "celu": "CELU", "gelu": "GELU", "swish": "Swish", "mish": "Mish",
}  # fmt: skip
_NORMALISATION_IN_PRINT = {"batch": "BatchNorm", "layer": "LayerNorm", "layer_after": "LayerNorm after"}
_LEAST_PIXELS = 4


@dataclass(frozen=True, eq=False)
class Model:
    """A network before its weights are drawn; plain values, so that it can be hashed, sent and put into tables.

    architecture: "fully_connected", "resnet" or "fixup_resnet".
    depth: hidden layers of a fully connected network, at least 1; weight layers of a residual one, 6n + 2, n ≥ 1.
    width: units of a hidden layer; channels of the first of three stages, the others have twice and four times as many.
    activation: as `nk.activation` names it, such as "relu", "normrelu(c=-1)", "leaky_relu(slope=0.2)"; or an
        nk.Activation of your own.
    normalisation: "none"; "batch" or "layer", before the activation; "layer_after", after it.
    initialisation: a name of `ntkit.experiments.initialisation`.  By default, for the networks that the sources train:
        "he" (fully connected) or "he_fan_out" (residual) for ReLU and its relatives, "lecun" for others; without
        normalisation "branch_scaled" for these in a resnet, "fixup" for ReLU and its relatives in a fixup_resnet, and
        "fan_out" for others there.  The paper says what it draws from for Figure 5 alone, this "fan_out".  For the rest
        these are the standard, but for "branch_scaled": from "lecun", or "fan_out", ResNet-110 without normalisation
        diverges in its first steps at the learning rates that the paper states, Figure 5's 0.005 among them.
    Raises: ValueError for an unknown name or a number out of range; TypeError for another kind of activation.

    Two models are equal when they name the same network, an activation of your own counting by its values.

    >>> model = fully_connected(32)
    >>> model.label, model.initialisation
    ('FC-32 NormReLU', 'lecun')
    >>> model == Model("fully_connected", 32, 3000, activation="normrelu(c=-1.5975)")
    True
    """

    architecture: str
    depth: int
    width: int
    activation: str | Activation = "normrelu"
    normalisation: str = "none"
    initialisation: str | None = None

    def __post_init__(self):
        _require_one_of("architecture", self.architecture, ARCHITECTURES)
        _require_one_of("normalisation", self.normalisation, NORMALISATIONS)
        self._settle("depth", _checked_depth(self.architecture, self.depth))
        self._settle("width", whole("width", self.width, least=1, must="be a whole number, at least 1"))
        self._settle("activation", _shortest(self.activation))
        self._settle("initialisation", self.initialisation or self._default_initialisation())
        _require_one_of("initialisation", self.initialisation, INITIALISATIONS)
        self._require_that_branches_fit()

    def __eq__(self, other):
        return isinstance(other, Model) and self.columns() == other.columns()

    def __hash__(self):
        return hash(tuple(self.columns().values()))

    @property
    def sigma(self):
        """The nk.Activation."""
        return as_activation(self.activation)

    @property
    def label(self):
        """The model in a legend: architecture, depth, and what sets it apart there; "FC-32 LayerNorm" is with ReLU.

        >>> fixup_resnet(110).label, resnet(32, normalisation="batch").label, resnet(32, "selu").label
        ('Fixup-110', 'ResNet-32 BatchNorm', 'ResNet-32 SELU')
        """
        words = [f"{_FAMILIES[self.architecture]}-{self.depth}"]
        if self.normalisation != "none":
            words.append(_NORMALISATION_IN_PRINT[self.normalisation])
        if self.activation != "relu" or (self.normalisation == "none" and self.architecture != "fixup_resnet"):
            words.append(self._activation_in_print())
        if self.initialisation != self._default_initialisation():
            words.append(f"({self.initialisation})")
        return " ".join(words)

    def columns(self):
        """The model as plain values: columns of a table, and what tells it from any other.

        >>> list(fully_connected(8, 256, "relu").columns().values())
        ['FC-8 ReLU', 'fully_connected', 8, 256, 'relu', 'none', 'he']
        """
        named = self.activation if isinstance(self.activation, str) else _name_with_digest(self.activation)
        return {
            "model": self.label,
            "architecture": self.architecture,
            "depth": self.depth,
            "width": self.width,
            "activation": named,
            "normalisation": self.normalisation,
            "initialisation": self.initialisation,
        }

    def module(self, shape, classes, seed=0, *, dtype=None, device=None):
        """The network for images of this shape, a torch.nn.Module: images (n, *shape) → logits (n, classes).

        Parameters: shape, (channels, height, width); classes, at least 2; seed ≥ 0, the weights are drawn from it on
        the CPU in float64, so that they are the same in every dtype (torch's default dtype where None) and on every
        device.
        Returns: a module with `places`, a dict name → submodule whose outputs are that layer's post-activations ("1",
        "2", … for hidden layers and residual blocks, before these "stem", and last "features", what the read-out
        reads), and `parameter_groups()`, the parameters with their share of the learning rate.
        Raises: ValueError for a shape or a number of classes that no such network can have.

        >>> module = fully_connected(3, width=16).module((1, 8, 8), classes=10)
        >>> list(module.places), module(torch.zeros(5, 1, 8, 8)).shape
        (['1', '2', '3', 'features'], torch.Size([5, 10]))
        """
        shape = _checked_shape(shape, 1 if self.architecture == "fully_connected" else _LEAST_PIXELS)
        classes = whole("classes", classes, least=2, must="be a whole number, at least 2")
        seed = whole("seed", seed, least=0, must="be a whole number, at least 0")
        network = self.undrawn(shape, classes)  # nothing is drawn twice, nor from torch's own generator
        network.to(dtype or torch.get_default_dtype()).to_empty(device=device or "cpu")
        initialise(network, self.initialisation, seed)
        return network

    def undrawn(self, shape, classes):
        """The network of `module` with nothing in its parameters: its layers, on torch's device "meta".

        >>> undrawn = resnet(8).undrawn((1, 8, 8), 10)
        >>> len(undrawn.blocks), undrawn.read_out.weight.device.type
        (3, 'meta')
        """
        parts = Parts(self.sigma, self.normalisation)
        with torch.device("meta"):
            return _NETWORKS[self.architecture](shape, classes, self.depth, self.width, parts)

    def _settle(self, name, value):
        object.__setattr__(self, name, value)

    def _default_initialisation(self):
        rectifies = isinstance(self.activation, str) and self.activation.partition("(")[0] in _RECTIFIERS
        if self.architecture == "fully_connected":
            return "he" if rectifies else "lecun"
        if self.architecture == "fixup_resnet":
            return "fixup" if rectifies else "fan_out"
        if rectifies:
            return "he_fan_out"
        return "branch_scaled" if self.normalisation == "none" else "lecun"

    def _require_that_branches_fit(self):
        if self.initialisation == "fixup" and self.architecture != "fixup_resnet":
            raise ValueError(
                f"initialisation 'fixup' must go with the architecture 'fixup_resnet', whose branches have the scalars "
                f"that it needs; got {self.architecture!r}. Use fixup_resnet(), or leave the initialisation out."
            )
        if self.initialisation in BY_BRANCH and self.architecture == "fully_connected":
            raise ValueError(
                f"initialisation {self.initialisation!r} must go with residual branches; a fully connected network has "
                "none. Use 'lecun' or 'he', or leave the initialisation out."
            )
        if self.architecture == "fixup_resnet" and self.normalisation != "none":
            raise ValueError(
                "a fixup_resnet must have normalisation 'none', which it exists to do without; got "
                f"{self.normalisation!r}. Use resnet(depth, normalisation={self.normalisation!r})."
            )

    def _activation_in_print(self):
        if not isinstance(self.activation, str):
            return self.activation.name if self.activation.recipe else _name_with_digest(self.activation)
        name, bracket, parameters = self.activation.partition("(")
        return _IN_PRINT.get(name, name.replace("_", " ")) + bracket + parameters


def fully_connected(depth, width=3000, activation=None, normalisation="none", initialisation=None):
    """A fully connected network: `depth` hidden layers of `width` units, and a linear read-out.

    Each hidden layer is x ↦ σ(Wx + b), with a normalisation N it is σ(N(Wx + b)), or Nσ(Wx + b) where that comes after;
    with batch normalisation there is no b.  All b start at 0.
    Parameters: as of `Model`; activation "normrelu" by default, "relu" with a normalisation.
    Returns: Model.
    Source: Agarwal, Awasthi, Kale (2021), section 7: depth 32 and 64, width 3000.

    >>> fully_connected(64, normalisation="layer").label
    'FC-64 LayerNorm'
    """
    return Model("fully_connected", depth, width, _chosen(activation, normalisation), normalisation, initialisation)


def resnet(depth, activation=None, normalisation="none", initialisation=None, *, width=16):
    """The residual network of He et al. for 32 × 32 images, and with its batch normalisation replaced or removed.

    depth = 6n + 2: a 3 × 3 convolution, 3 stages of n blocks of two 3 × 3 convolutions with `width`, 2 `width`,
    4 `width` channels on 32, 16, 8 pixels a side, the mean over pixels, a linear read-out; each block is
    x ↦ σ(skip(x) + N W₂ σ(N W₁ x)) and its shortcut has no parameters (option A: every second pixel, zeros for new
    channels).  Without batch normalisation the convolutions get biases, which start at 0.  Other sizes of images work,
    from 4 × 4 pixels: those of 8 × 8 have stages on 8, 4, 2.
    Parameters: as of `Model`; activation "normrelu" by default, "relu" with a normalisation.
    Returns: Model.
    Source: He, Zhang, Ren, Sun (2016), section 4.2; Agarwal, Awasthi, Kale (2021), section 7: depth 32 and 110.

    >>> module = resnet(20, normalisation="batch").module((3, 32, 32), classes=10)
    >>> sum(parameter.numel() for parameter in module.parameters())
    269722
    """
    return Model("resnet", depth, width, _chosen(activation, normalisation), normalisation, initialisation)


def fixup_resnet(depth=110, activation="relu", initialisation=None, *, width=16):
    """The residual network that trains without normalisation by its initialisation, and by scalars beside the weights.

    The layers are those of `resnet`, each block with four scalar biases and a multiplier; at first every branch gives
    0 and so do the logits.  Figure 5 trains the same layers with activation="normrelu" from "fan_out", the default here
    for other activations than ReLU and its relatives.
    Parameters: as of `Model`; depth 6n + 2.
    Returns: Model.
    That start is the paper's, and grows too fast for 110 layers, see `ntkit.experiments.initialisation`:
    initialisation="branch_scaled" trains at the paper's learning rate.
    Source: Zhang, Dauphin, Ma (2019), section 3; their code for CIFAR-10 leaves the stem to its library's default
    (N(0, 2/fan_out) here, as their section 3 has it) and trains with a tenth of the learning rate for the scalars,
    weight decay 1e-4, batches of 128, the rate ×0.1 at epochs 100 and 150 of 200, and mixup with α = 1.

    >>> fixup_resnet().label, fixup_resnet().initialisation, fixup_resnet(activation="normrelu").initialisation
    ('Fixup-110', 'fixup', 'fan_out')
    """
    return Model("fixup_resnet", depth, width, activation, "none", initialisation)


def _chosen(activation, normalisation):
    """The activation, where none is given that of the paper: NormReLU takes the place of normalised ReLU."""
    if activation is not None:
        return activation
    return "normrelu" if normalisation == "none" else "relu"


def _require_one_of(what, value, names):
    if value not in names:
        raise ValueError(f"{what} must be one of {', '.join(names)}; got {value!r}.")


def _checked_depth(architecture, depth):
    if architecture == "fully_connected":
        return whole("depth", depth, least=1, must="be a whole number of hidden layers, at least 1")
    must = "be 6n + 2, n ≥ 1: three stages of 2n convolutions, the stem and the read-out"
    depth = whole("depth", depth, least=8, must=must, remedy="The least is 8.")
    if depth % 6 != 2:
        below = depth - (depth - 2) % 6
        raise ValueError(f"depth must {must}; got {depth}. Next to it are {below} and {below + 6}.")
    return depth


def _checked_shape(shape, least_pixels):
    sizes = tuple(shape)
    if len(sizes) != 3:
        raise ValueError(f"shape must be (channels, height, width) of the images; got {shape!r}.")
    channels, *pixels = (whole("shape", size, least=1, must="hold whole numbers, at least 1") for size in sizes)
    if min(pixels) < least_pixels:
        raise ValueError(
            f"images must have at least {least_pixels} × {least_pixels} pixels, to be halved twice; got "
            f"{pixels[0]} × {pixels[1]}. Enlarge them, or take fully_connected."
        )
    return (channels, *pixels)


def _shortest(given):
    """The specification of an activation of the catalogue, which is its name; the user's own as it is."""
    if isinstance(given, str):
        return as_activation(given).name
    if not isinstance(given, Activation):
        raise TypeError(f"activation must be a name such as 'relu', or an nk.Activation; got {type(given).__name__}.")
    if is_of_catalogue(given):
        return given.name
    _digest(given)
    return given


def _name_with_digest(sigma):
    return f"{sigma.name} #{_digest(sigma)}"


@lru_cache(maxsize=256)
def _digest(sigma):
    """6 hexadecimal digits of what an activation computes, to 8 digits, so that every machine finds the same."""
    places = np.linspace(-6, 6, 401) + np.pi / 100
    with np.errstate(all="ignore"):
        values = np.stack([sigma(places), sigma.derivative(places)] if sigma.has_derivative else [sigma(places)])
    if not np.isfinite(values).all():
        raise ValueError(f"activation {sigma.name!r} must be finite with its derivative on [-6, 6]; it is not.")
    largest = np.abs(values).max() or 1.0
    rounded = np.round(values / largest, 8) + 0.0  # so that −0 is 0
    return hashlib.sha256(f"{largest:.8g}".encode() + rounded.tobytes()).hexdigest()[:6]


_NETWORKS = {"fully_connected": FullyConnected, "resnet": Residual, "fixup_resnet": FixupResidual}
