"""What a description of layers is turned into: kernels, a profile on the sphere, a finite twin."""

from dataclasses import dataclass, replace

import numpy as np

from ntkit import kernels
from ntkit.architectures.layers import Elementwise, is_weighted, walk, with_training
from ntkit.architectures.pixels import IMAGE_LAYERS, POOLING
from ntkit.arguments import whole


@dataclass(frozen=True, eq=False)
class Trajectory:
    """What the networks with 0, 1, …, depth hidden layers make of two inputs on the sphere.

    All arrays have the depth as their first axis. correlation: ρ_l; gap: 1 − ρ_l; nngp, ntk: the kernels of the network
    that reads out after l hidden layers (ntk None where it does not exist); nngp_diagonal, ntk_diagonal: at ρ = 1.
    """

    correlation: np.ndarray
    gap: np.ndarray
    nngp: np.ndarray
    ntk: np.ndarray | None
    nngp_diagonal: np.ndarray
    ntk_diagonal: np.ndarray | None

    def of_pair(self, place, depth):
        """That of the pair at `place` among those it was asked for, up to `depth` hidden layers."""
        rows = slice(0, depth + 1)
        pairs = {name: getattr(self, name) for name in ("correlation", "gap", "nngp", "ntk")}
        ntk_diagonal = None if self.ntk_diagonal is None else self.ntk_diagonal[rows]
        return Trajectory(
            **{name: None if values is None else values[rows, place] for name, values in pairs.items()},
            nngp_diagonal=self.nngp_diagonal[rows],
            ntk_diagonal=ntk_diagonal,
        )


@dataclass(frozen=True)
class Architecture:
    """Blocks of layers, one a hidden layer, and a read-out.

    Everything but `module` is the limit of infinite width, in the NTK parameterisation.

    >>> import ntkit as nk
    >>> net = nk.mlp(depth=2, activation=nk.activation("relu").normalized())
    >>> float(net.correlation(0.5).round(6)), float(net.ntk_profile(1.0).round(6))
    (0.355903, 4.618862)
    """

    blocks: tuple
    read_out: tuple

    def __post_init__(self):
        later = self.weighted_layers[1:]
        if not all(layer.fan_in_scaling for layer in later):
            raise ValueError(
                "every layer but the first must divide by the root of its inputs, or it grows with the width; got "
                f"fan_in_scaling=False in {next(layer for layer in later if not layer.fan_in_scaling)}."
            )

    @property
    def depth(self):
        """The number of hidden layers, L."""
        return len(self.blocks)

    @property
    def hidden(self):
        """The layers before the read-out."""
        return tuple(layer for block in self.blocks for layer in block)

    @property
    def layers(self):
        """All layers."""
        return self.hidden + self.read_out

    @property
    def activations(self):
        """The activations of the hidden layers, residual branches among them, in order."""
        return tuple(layer.activation for layer in walk(self.hidden) if isinstance(layer, Elementwise))

    @property
    def activation(self):
        """The activation of the last hidden layer; None without one."""
        return self.activations[-1] if self.activations else None

    @property
    def weighted_layers(self):
        """The Dense and Convolution layers in the order in which a signal meets them, the read-out last."""
        return tuple(filter(is_weighted, walk(self.layers)))

    @property
    def takes_images(self):
        """Whether inputs are images, (n, channels, *pixels), and not rows, (n, d)."""
        return any(isinstance(layer, IMAGE_LAYERS) for layer in walk(self.layers))

    @property
    def pools_pixels(self):
        """Whether a layer averages over pixels, so that all pairs of pixels count."""
        return any(isinstance(layer, POOLING) for layer in walk(self.layers))

    @property
    def pools_inside(self):
        """Whether an activation follows such an average, so that it has to know the variance that is left."""
        layers = list(walk(self.layers))
        first = next((place for place, layer in enumerate(layers) if isinstance(layer, POOLING)), len(layers))
        return any(isinstance(layer, Elementwise) for layer in layers[first:])

    @property
    def scales_inputs(self):
        """Whether the first layer divides by the root of the number of its inputs."""
        return self.weighted_layers[0].fan_in_scaling

    def training_only(self, *numbers):
        """The same network with only those weight layers trained: 1, 2, … as in `weighted_layers`, −1 the read-out.

        Its NTK is the sum of their shares; that of the last hidden layer alone is the Gram matrix K^(H) of Du et al.,
        that of the hidden layer of a network with one the matrix G of Panigrahi et al., and its read-out's the NNGP.
        Raises: ValueError for a number that no layer has.

        >>> import numpy as np, ntkit as nk
        >>> net = nk.mlp(1, "relu")
        >>> shares = [net.training_only(layer).ntk(np.eye(2)) for layer in (1, 2)]
        >>> bool((sum(shares) == net.ntk(np.eye(2))).all())
        True
        """
        count = len(self.weighted_layers)
        chosen = {number + count + 1 if number < 0 else number for number in numbers}
        if not chosen <= set(range(1, count + 1)):
            raise ValueError(f"layers must be numbered from 1 to {count}, or from −1 back; got {numbers}.")
        changed = with_training((*self.hidden, *self.read_out), chosen)
        sizes, blocks = [len(block) for block in self.blocks], []
        for size in sizes:
            blocks.append(changed[:size])
            changed = changed[size:]
        return replace(self, blocks=tuple(blocks), read_out=changed)

    # --- kernels over data -----------------------------------------------------------------------------------------

    def nngp(self, x, y=None):
        """K(x_i, y_j) = E f(x_i) f(y_j), the NNGP kernel.

        Parameters: x (n, d), y (p, d), rows of any norm, or images (n, channels, *pixels) where a layer is a
        Convolution; numpy or torch.  Returns: (n, p), as the input.

        >>> import numpy as np, ntkit as nk
        >>> nk.mlp(1, nk.activation("relu")).nngp(np.eye(2)).round(6)
        array([[0.5     , 0.159155],
               [0.159155, 0.5     ]])
        """
        return kernels.matrices(self, x, y, ntk=False).nngp

    def ntk(self, x, y=None):
        """Θ(x_i, y_j) = E ⟨∇f(x_i), ∇f(y_j)⟩, the neural tangent kernel, all weights trained.

        Θ_L = Σ_{h=1}^{L+1} σ̂^{(h−1)}(ρ) Π_{h'=h}^{L} σ̂'(σ̂^{(h'−1)}(ρ)) on the unit sphere for a normalised activation
        (eq. 7 with its product index corrected).
        Raises: ValueError for an activation with a jump.
        """
        return kernels.matrices(self, x, y, ntk=True).ntk

    def kernels(self, x, y=None):
        """Both at once: Kernels with .nngp and .ntk, for the price of one."""
        return kernels.matrices(self, x, y, ntk=True)

    # --- the sphere ------------------------------------------------------------------------------------------------

    def correlation(self, rho=None, *, gap=None):
        """ρ_L of unit-norm inputs with correlation ρ, or with 1 − ρ = gap; relatively accurate also when tiny.

        >>> import ntkit as nk
        >>> net = nk.mlp(depth=40, activation=nk.activation("relu").normalized())
        >>> float(net.correlation(gap=0.05).round(9))
        8.4602e-05
        """
        return self._hidden_state(rho, gap).correlation

    def correlation_gap(self, rho=None, *, gap=None):
        """1 − ρ_L, relatively accurate also when tiny."""
        return self._hidden_state(rho, gap).gap

    def nngp_profile(self, rho=None, *, gap=None):
        """K as a function of the correlation of unit-norm inputs."""
        return kernels.run(self.read_out, self._hidden_state(rho, gap)).covariance

    def ntk_profile(self, rho=None, *, gap=None):
        """Θ as a function of the correlation of unit-norm inputs."""
        return kernels.run(self.layers, kernels.sphere_state(rho, gap=gap)).ntk

    def trajectory(self, rho=None, *, gap=None):
        """The kernels of the networks with 0, 1, …, depth hidden layers: one pass, a Trajectory."""
        ntk = all(sigma.is_continuous for sigma in self.activations)
        kernels.demand_one(rho, gap)
        given = np.asarray(gap if rho is None else rho, dtype=float)
        with_diagonal = np.append(given.ravel(), 0.0 if rho is None else 1.0)
        start = {"gap" if rho is None else "rho": with_diagonal}
        states = [kernels.sphere_state(ntk=ntk, **start)]
        for block in self.blocks:
            states.append(kernels.run(block, states[-1]))
        out = [kernels.run(self.read_out, state) for state in states]
        values = {
            "correlation": [s.correlation for s in states],
            "gap": [s.gap for s in states],
            "nngp": [s.covariance for s in out],
            "ntk": [s.ntk for s in out] if ntk else None,
        }
        stacks = {name: None if rows is None else np.stack(rows) for name, rows in values.items()}
        pairs = {
            name: None if rows is None else rows[:, :-1].reshape(len(rows), *given.shape)
            for name, rows in stacks.items()
        }
        return Trajectory(
            **pairs, nngp_diagonal=stacks["nngp"][:, -1], ntk_diagonal=stacks["ntk"][:, -1] if ntk else None
        )

    def _hidden_state(self, rho, gap):
        return kernels.run(self.hidden, kernels.sphere_state(rho, gap=gap, ntk=False))

    # --- finite width ----------------------------------------------------------------------------------------------

    def module(self, input_dim, width, seed=0, *, output_dim=1, dtype=None, device=None):
        """The finite twin, f(x) = v·m^{−1/2}σ(W_L m^{−1/2}σ(… σ(W_1 x))), all weights N(0, 1).

        Parameters: input_dim, d, or the shape of an image, (channels, *pixels); width, m, neurons or channels of every
        hidden layer; seed, of the weights, the same on every device; output_dim; dtype (default torch's) and device.
        Returns: torch.nn.Module with .features(x), the last hidden layer over the root of its size.
        """
        import torch

        from ntkit.architectures.twins import Network, in_turn

        sizes = input_dim if isinstance(input_dim, tuple) else (input_dim,)
        shape = tuple(whole("input_dim", size, least=1, must="be a positive whole number") for size in sizes)
        width, output_dim = (
            whole(name, value, least=1, must="be a positive whole number")
            for name, value in (("width", width), ("output_dim", output_dim))
        )
        generator = torch.Generator().manual_seed(whole("seed", seed, least=0, must="be a whole number, at least 0"))
        where = {"dtype": dtype, "device": device}
        hidden, shape = in_turn(self.hidden, shape, width, generator, **where)
        (last,) = self.read_out
        return Network(hidden, replace(last, outputs=output_dim).twin(shape, width, generator, **where)[0])
