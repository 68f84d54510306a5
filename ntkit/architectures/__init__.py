"""Architectures: one description, three realisations.

From the layers of an `Architecture` follow its infinite-width kernels, its finite twin and, for inputs on the sphere,
its profile, a function of the correlation alone.
"""

from dataclasses import dataclass, replace

import numpy as np

from ntkit import kernels
from ntkit.activations import Activation
from ntkit.activations import activation as _catalogued
from ntkit.architectures.layers import Dense, Elementwise
from ntkit.arguments import real, whole

__all__ = ["Architecture", "Dense", "Elementwise", "Trajectory", "mlp"]


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
    def activation(self):
        """The activation of the last hidden layer; None without one."""
        found = [layer.activation for layer in self.hidden if isinstance(layer, Elementwise)]
        return found[-1] if found else None

    # --- kernels over data -----------------------------------------------------------------------------------------

    def nngp(self, x, y=None):
        """K(x_i, y_j) = E f(x_i) f(y_j), the NNGP kernel.

        Parameters: x (n, d), y (p, d), rows of any norm; numpy or torch.  Returns: (n, p), as the input.

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
        ntk = all(layer.activation.is_continuous for layer in self.hidden if isinstance(layer, Elementwise))
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

        Parameters: input_dim, d; width, m, of every hidden layer; seed, of the weights, the same on every device;
        output_dim; dtype (default torch's) and device.
        Returns: torch.nn.Module with .features(x), the last hidden layer over √m.
        """
        import torch

        from ntkit.architectures.twins import Network

        fan_in, width, output_dim = (
            whole(name, value, least=1, must="be a positive whole number")
            for name, value in (("input_dim", input_dim), ("width", width), ("output_dim", output_dim))
        )
        generator = torch.Generator().manual_seed(whole("seed", seed, least=0, must="be a whole number, at least 0"))
        where, hidden = {"dtype": dtype, "device": device}, []
        for layer in self.hidden:
            twin, fan_in = layer.twin(fan_in, width, generator, **where)
            hidden.append(twin)
        (last,) = self.read_out
        read_out = replace(last, outputs=output_dim).twin(fan_in, width, generator, **where)[0]
        return Network(hidden, read_out)


def mlp(depth, activation, weight_std=1.0, bias_std=0.0):
    """A fully connected network: `depth` hidden layers of σ(σ_w m^{−1/2} W u + σ_b b), and a linear read-out.

    The first layer has no m^{−1/2}: f(x) = v·m^{−1/2}σ(W_L m^{−1/2}σ(… σ(W_1 x))) as in the papers, inputs of unit norm
    in mind; weight_std and bias_std scale every hidden layer as in neural-tangents, with x in the place of √d·x there.

    Parameters: depth ≥ 0; activation, an Activation or a name of the catalogue; weight_std > 0; bias_std ≥ 0.
    Returns: Architecture.
    Raises: ValueError outside these ranges.

    >>> import ntkit as nk
    >>> nk.mlp(depth=32, activation="gelu").depth
    32
    """
    depth = whole("depth", depth, least=0, must="be a whole number of hidden layers, at least 0")
    weight_std = real("weight_std", weight_std, above=0, must="be positive and finite")
    bias_std = real("bias_std", bias_std, least=0, must="be at least 0 and finite")
    sigma = activation if isinstance(activation, Activation) else _catalogued(activation)
    first, later = Dense(weight_std, bias_std, fan_in_scaling=False), Dense(weight_std, bias_std)
    blocks = tuple((first if i == 0 else later, Elementwise(sigma)) for i in range(depth))
    return Architecture(blocks, (Dense(fan_in_scaling=depth > 0),))  # without hidden layers it meets the input itself
