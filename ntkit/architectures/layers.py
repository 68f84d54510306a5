"""Layers: how a kernel passes through each, and its finite twin in torch, in one place.

A layer has

    propagate(state)                       KernelState → KernelState, in the limit of infinite width
    twin(shape, width, generator, …)       the torch module, and the shape of its outputs for one input of this shape

and is tested against itself: theory against Monte Carlo, by the contract that every layer type inherits.  Shapes are
(d,) for rows, (channels, *pixels) for images.
"""

from dataclasses import dataclass, replace

from ntkit import norms
from ntkit.activations import Activation
from ntkit.dual import jump_message
from ntkit.kernels import KernelState, run


def walk(layers):
    """Every layer, those within residual blocks among them, in the order in which a signal meets them.

    >>> [type(layer).__name__ for layer in walk((Residual((Dense(),)),))]
    ['Residual', 'Dense']
    """
    for layer in layers:
        yield layer
        if isinstance(layer, Residual):
            yield from walk(layer.skip)
            yield from walk(layer.branch)


def is_weighted(layer):
    """Whether a layer has weights.

    >>> is_weighted(Dense()), is_weighted(Residual((Dense(),)))
    (True, False)
    """
    return hasattr(layer, "weight_std")


@dataclass(frozen=True)
class Dense:
    """u ↦ weight_std · m^{−1/2} W u + bias_std · b, all weights N(0, 1); m the number of inputs.

    With fan_in_scaling=False the factor m^{−1/2} is left out: the papers' first layer, which meets unit-norm inputs.
    What is not trained (trains_weight, trains_bias) adds nothing to the NTK, and its twin needs no gradient.
    """

    weight_std: float = 1.0
    bias_std: float = 0.0
    fan_in_scaling: bool = True
    outputs: int | None = None  # None: the width of the network
    trains_weight: bool = True
    trains_bias: bool = True

    def propagate(self, state):
        """k → σ_w² k + σ_b²,  h → σ_w² h,  Θ → k_new + σ_w² Θ: of k_new what is trained.

        Raises: ValueError for images.
        """
        if any(state.axes):
            raise ValueError("a Dense layer must meet rows, not images; put Flatten() or GlobalAverage() before it.")
        return state.affine(
            self.weight_std**2,
            self.bias_std**2,
            trains_weight=self.trains_weight,
            trains_bias=self.trains_bias,
        )

    def twin(self, shape, width, generator, **where):
        from ntkit.architectures.twins import Linear

        (fan_in,) = rows_only(shape)
        outputs = self.outputs or width
        scale = self.weight_std / (fan_in**0.5 if self.fan_in_scaling else 1.0)
        module = Linear(fan_in, outputs, scale, self.bias_std, generator, **where)
        return module.training_only(weight=self.trains_weight, bias=self.trains_bias), (outputs,)


def rows_only(shape):
    """The shape of a row; ValueError for that of an image.

    >>> rows_only((7,))
    (7,)
    """
    if len(shape) != 1:
        raise ValueError(
            f"a Dense layer must meet rows; got images of shape {tuple(shape)}. Put Flatten() or GlobalAverage() first."
        )
    return tuple(shape)


@dataclass(frozen=True)
class Elementwise:
    """u ↦ σ(u)."""

    activation: Activation

    def propagate(self, state):
        """k → E σ(u)σ(v),  Θ → Θ · E σ'(u)σ'(v), (u, v) Gaussian with the moments of the state.

        Raises: ValueError for neurons that are not Gaussian, and for the NTK of an activation with a jump: E σ'² is
        infinite.
        """
        if not state.is_gaussian:
            raise ValueError(
                "an activation must follow a Dense or Convolution layer, whose neurons are Gaussian in the limit; here "
                "it meets the inputs, another activation, or a residual sum that ends in one."
            )
        if state.ntk is not None and not self.activation.is_continuous:
            raise ValueError(jump_message(self.activation))
        return self._shared(state) if state.is_shared else self._unequal(state)

    def _shared(self, state):
        """One variance q for all inputs: the dual of x ↦ σ(√q x)."""
        part = self.activation.rescaled(state.variance1**0.5)
        pair = part.dual.pair(state.correlation, state.margin, slope=state.ntk is not None)
        ntk = None if state.ntk is None else state.ntk * pair.slope / state.variance1
        at_one = part.dual.at_one
        return KernelState(
            at_one,
            at_one,
            pair.value,
            pair.half_distance,
            pair.half_sum,
            ntk,
            means=lambda: (part.mean, part.mean),
        )

    def _unequal(self, state):
        """Variances that differ from input to input."""
        found = norms.moments(
            self.activation,
            state.variance1,
            state.variance2,
            state.correlation,
            state.margin,
            slope=state.ntk is not None,
        )
        return KernelState(
            found.variance1,
            found.variance2,
            found.covariance,
            found.half_distance,
            found.half_sum,
            None if state.ntk is None else state.ntk * found.slope,
            found.margin,
            lambda: tuple(norms.means(self.activation, q) for q in (state.variance1, state.variance2)),
            axes=state.axes,
            selves=None if state.selves is None else tuple(map(self.propagate, state.selves)),
        )

    def twin(self, shape, width, generator, **where):
        from ntkit.architectures.twins import Pointwise

        return Pointwise(self.activation), tuple(shape)


@dataclass(frozen=True)
class Residual:
    """u ↦ skip(u) + scale · branch(u); without layers in `skip` it is u itself.

    The branch has weights of its own, so that in the limit its signal and the skipped one share their means only:

        k = k_skip + s² k_branch + s(E u_skip E v_branch + E u_branch E v_skip),    Θ = Θ_skip + s² Θ_branch.

    Raises: ValueError for a branch without weights.
    """

    branch: tuple
    scale: float = 1.0
    skip: tuple = ()

    def __post_init__(self):
        object.__setattr__(self, "branch", tuple(self.branch))
        object.__setattr__(self, "skip", tuple(self.skip))
        if not any(is_weighted(layer) for layer in walk(self.branch)):
            raise ValueError(
                "a residual branch must have a Dense or Convolution layer of its own; without one it stays correlated "
                f"with what it is added to. Got {self.branch}."
            )

    def propagate(self, state):
        """The sum of the skipped state and of the branch's.

        Raises: ValueError where inputs themselves would be skipped, and where the two differ in their pixels.
        """
        skipped, branch = run(self.skip, state), run(self.branch, state).scaled(self.scale)
        if skipped.covariance.shape != branch.covariance.shape:
            raise ValueError(
                "the branch of a Residual must keep the pixels that its skip has; they differ. Give both the same "
                "strides and padding."
            )
        return skipped.plus(branch)

    def twin(self, shape, width, generator, **where):
        from ntkit.architectures.twins import Sum, in_turn

        skip, kept = in_turn(self.skip, shape, width, generator, **where)
        branch, added = in_turn(self.branch, shape, width, generator, **where)
        if kept != added:
            raise ValueError(
                f"the branch of a Residual must keep the shape that its skip has; got {added} and {kept}. "
                "Put a Dense or Convolution layer before it or into its skip."
            )
        return Sum(skip, branch, self.scale), kept


def with_training(layers, chosen):
    """The layers with only those weights trained whose number is in `chosen`: 1, 2, … in the order of `walk`.

    >>> [layer.trains_weight for layer in with_training((Dense(), Dense()), {2})]
    [False, True]
    """
    counter = iter(range(1, 1 + sum(map(is_weighted, walk(layers)))))

    def changed(layer):
        if isinstance(layer, Residual):
            skip = tuple(map(changed, layer.skip))
            return replace(layer, skip=skip, branch=tuple(map(changed, layer.branch)))
        if not is_weighted(layer):
            return layer
        is_chosen = next(counter) in chosen
        return replace(layer, trains_weight=is_chosen, trains_bias=is_chosen)

    return tuple(map(changed, layers))
