"""The settings that linked panels share, as plain values that can be compared and copied."""

from dataclasses import dataclass

LARGEST_DEPTH = 1000
LARGEST_N = 400
LARGEST_SHIFT = 100
NORMS = (1e-3, 1e3)
ANGLES = (1e-6, 180 - 1e-6)
CONSTANTS, HALF_WIDTHS = (1e-9, 1e9), (0.01, 100)
LAYERS = ("all", "top")
TRAINED = ("hidden", "top", "all")
DEPTH_RULES = ("required", "chosen")
PANELS = (
    "bound",
    "spectrum",
    "shape",
    "training",
    "uncentred",
    "any_norm",
    "depth_speed",
    "hardness",
    "overfitting",
    "ladder",
    "hermite",
    "prediction",
    "stability",
    "gram_spectrum",
    "kink_order",
    "architecture",
    "comparison",
)
INPUTS = ("vectors", "pixels")
LARGEST_DIM, LARGEST_NOISE = 100, 0.5
ARCHITECTURES = ("fully_connected", "resnet", "fixup_resnet")
NORMALISATIONS = ("none", "batch", "layer", "layer_after")
SCHEDULES = ("constant", "thirds")
RATES, LARGEST_EPOCHS = (1e-9, 1e3), 10_000
_CHOICES = {
    "layers": LAYERS,
    "trained": TRAINED,
    "inputs": INPUTS,
    "depth_rule": DEPTH_RULES,
    "architecture": ARCHITECTURES,
    "normalisation": NORMALISATIONS,
    "schedule": SCHEDULES,
}


@dataclass(frozen=True)
class Settings:
    """Everything that a lab can be set to.

    depth: hidden layers.  activation: a specification such as "relu" or "leaky_relu(slope=0.2)", or the name of an
    activation of the user's own.  delta: the separation asked for, used by data sets that can be given one.  data: the
    name of a data set, n its number of points, seed what draws the data and the networks.  c: the kink of NormReLU_c in
    the shape panel.  rivals, depths: the activations and depths whose training is predicted beside.  width, steps,
    layers: the finite network that is trained, how long, and whether "all" its layers or the "top" one;
    trained: of a two-layer network, the "hidden" layer, the "top" one or "all".
    draws, how many networks are drawn where many are.  shift: what is
    added to an activation that is not centred; start: ρ₀, where its correlations start.
    norm_x, norm_y: squared norms of two inputs; angle, in degrees, between them.
    epsilon: the share of the loss that training may leave.
    c_lambda: c_λ of the scale of residual branches; inputs: whether coordinates are "pixels" in a row as well, for
    convolutions, or make "vectors" only.
    dim: of the sphere that random points are drawn from; noise: of their labels; depth_rule: whether a panel that knows
    which depth a theorem asks for takes that one, "required", or `depth`, "chosen".
    constant: what the papers' Ω and O leave open; half_width: τ, of the interval [−τ, τ] on which polynomials are near
    σ'.
    Of networks trained on images: architecture, "fully_connected", "resnet" or "fixup_resnet", whose first stage has
    `channels`; normalisation, "none", "batch", "layer" or "layer_after" the activation; images, the name of an image
    set, train_size how many of its training images are used, 0 for all; learning_rate, which stays "constant" or, by
    its schedule "thirds", falls to a tenth after each third of the epochs; batch_size, images a step; repeats, how many
    seeds are trained, from `seed` on.
    panels: those that a lab shows, in order.
    Raises: ValueError for a value out of range, TypeError for one of the wrong kind.

    >>> Settings(depth=40).delta
    0.05
    """

    depth: int = 32
    activation: str = "relu"
    delta: float = 0.05
    data: str = "sphere"
    n: int = 48
    seed: int = 0
    c: float = -1.5975
    rivals: tuple[str, ...] = ("relu", "tanh", "normrelu")
    depths: tuple[int, ...] = (4,)
    width: int = 256
    steps: int = 300
    layers: str = "all"
    trained: str = "hidden"
    draws: int = 200
    shift: float = 0.0
    start: float = 0.0
    norm_x: float = 0.5
    norm_y: float = 2.0
    angle: float = 18.0
    dim: int = 10
    noise: float = 0.3
    depth_rule: str = "required"
    epsilon: float = 1e-3
    constant: float = 1.0
    half_width: float = 4.0
    c_lambda: float = 0.5
    inputs: str = "vectors"
    architecture: str = "fully_connected"
    channels: int = 16
    normalisation: str = "none"
    images: str = "digits"
    train_size: int = 0
    learning_rate: float = 0.01
    schedule: str = "thirds"
    epochs: int = 20
    batch_size: int = 128
    repeats: int = 1
    panels: tuple[str, ...] = PANELS[:4]

    def __post_init__(self):
        _whole("depth", self.depth, 1, LARGEST_DEPTH, "It counts hidden layers.")
        _open_unit("delta", self.delta, "A separation is 1 − max |ρ|.")
        _whole("n", self.n, 2, LARGEST_N, "For more points call nk.spectrum, which need not keep up with a slider.")
        _whole("seed", self.seed, 0, 2**32 - 1, "It seeds the data and the weights.")
        _whole("width", self.width, 8, 8192, "It is the number of units of each hidden layer.")
        _whole("steps", self.steps, 1, 100_000, "It counts steps of gradient descent.")
        _whole("draws", self.draws, 2, 100_000, "It counts networks, and a spread needs two.")
        for name, known in _CHOICES.items():
            _one_of(name, getattr(self, name), known)
        _between("shift", self.shift, -LARGEST_SHIFT, LARGEST_SHIFT, "It is added to σ before σ is scaled to E σ² = 1.")
        _between("start", self.start, -1, 1, "It is the correlation of two inputs.")
        _open_unit("epsilon", self.epsilon, "It is the share of the loss that may be left.")
        _between("constant", self.constant, *CONSTANTS, "It stands for what Ω and O leave open.")
        _between("half_width", self.half_width, *HALF_WIDTHS, "Polynomials are near σ' on [−half_width, half_width].")
        _open_unit("c_lambda", self.c_lambda, "It scales the branches of residual networks.")
        for name in ("norm_x", "norm_y"):
            _between(name, getattr(self, name), *NORMS, "It is the squared norm of an input.")
        _between("angle", self.angle, *ANGLES, "It is the angle between two inputs, in degrees.")
        _whole("dim", self.dim, 2, LARGEST_DIM, "It is the number of coordinates of random points.")
        _between("noise", self.noise, 0, LARGEST_NOISE, "It is added to labels of at most ½, which must stay below 1.")
        _whole("channels", self.channels, 1, 512, "They are those of the first stage of a residual network.")
        _whole("train_size", self.train_size, 0, 10**7, "It counts training images, and 0 takes all.")
        _between("learning_rate", self.learning_rate, *RATES, "It is η of stochastic gradient descent.")
        _whole("epochs", self.epochs, 1, LARGEST_EPOCHS, "They are passes over the training images.")
        _whole("batch_size", self.batch_size, 2, 65_536, "It is the number of images a step.")
        _whole("repeats", self.repeats, 1, 100, "It counts seeds, from `seed` on.")
        if len(set(self.panels)) < len(self.panels) or not set(self.panels) <= set(PANELS):
            raise ValueError(f"panels must be different ones of {', '.join(PANELS)}; got {', '.join(self.panels)}.")
        for depth in self.depths:
            _whole("each of depths", depth, 1, LARGEST_DEPTH, "They count hidden layers.")


def _one_of(name, value, known):
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}; got {value!r}.")


def _whole(name, value, least, most, meaning):
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be a whole number; got {value!r}. {meaning}")
    if not least <= value <= most:
        raise ValueError(f"{name} must lie between {least} and {most}; got {value}. {meaning}")


def _between(name, value, least, most, meaning):
    if isinstance(value, (bool, str)):
        raise TypeError(f"{name} must be a number; got {value!r}. {meaning}")
    if not least <= value <= most:
        raise ValueError(f"{name} must lie in [{least}, {most}]; got {value}. {meaning}")


def _open_unit(name, value, meaning):
    if isinstance(value, (bool, str)):
        raise TypeError(f"{name} must be a number; got {value!r}. {meaning}")
    if not 0 < value < 1:
        raise ValueError(f"{name} must lie in (0, 1); got {value}. {meaning}")
