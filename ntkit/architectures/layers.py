"""Layers: how a kernel passes through each, and its finite twin in torch, in one place.

A layer has

    propagate(state)                        KernelState → KernelState, in the limit of infinite width
    twin(fan_in, width, generator, …)       the torch module, and the number of its outputs

and is tested against itself: theory against Monte Carlo, by the contract that every layer type inherits.
"""

from dataclasses import dataclass

from ntkit import norms
from ntkit.activations import Activation
from ntkit.dual import jump_message
from ntkit.kernels import KernelState


@dataclass(frozen=True)
class Dense:
    """u ↦ weight_std · m^{−1/2} W u + bias_std · b, all weights N(0, 1) and trained; m the number of inputs.

    With fan_in_scaling=False the factor m^{−1/2} is left out: the papers' first layer, which meets unit-norm inputs.
    """

    weight_std: float = 1.0
    bias_std: float = 0.0
    fan_in_scaling: bool = True
    outputs: int | None = None  # None: the width of the network

    def propagate(self, state):
        """k → σ_w² k + σ_b²,  h → σ_w² h,  Θ → k_new + σ_w² Θ."""
        return state.affine(self.weight_std**2, self.bias_std**2)

    def twin(self, fan_in, width, generator, **where):
        from ntkit.architectures.twins import Linear

        outputs = self.outputs or width
        scale = self.weight_std / (fan_in**0.5 if self.fan_in_scaling else 1.0)
        return Linear(fan_in, outputs, scale, self.bias_std, generator, **where), outputs


@dataclass(frozen=True)
class Elementwise:
    """u ↦ σ(u)."""

    activation: Activation

    def propagate(self, state):
        """k → E σ(u)σ(v),  Θ → Θ · E σ'(u)σ'(v), (u, v) Gaussian with the moments of the state.

        Raises: ValueError for the NTK of an activation with a jump: E σ'² is infinite.
        """
        if state.ntk is not None and not self.activation.is_continuous:
            raise ValueError(jump_message(self.activation))
        return self._shared(state) if state.is_shared else self._unequal(state)

    def _shared(self, state):
        """One variance q for all inputs: the dual of x ↦ σ(√q x)."""
        dual = self.activation.rescaled(state.variance1**0.5).dual
        pair = dual.pair(state.correlation, state.margin, slope=state.ntk is not None)
        ntk = None if state.ntk is None else state.ntk * pair.slope / state.variance1
        return KernelState(dual.at_one, dual.at_one, pair.value, pair.half_distance, pair.half_sum, ntk)

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
        )

    def twin(self, fan_in, width, generator, **where):
        from ntkit.architectures.twins import Pointwise

        return Pointwise(self.activation), fan_in
