"""The neural tangent kernel of a stack of dense layers from one forward and one backward pass.

A layer z = s W a + t b contributes to Θ(x, x') = ⟨∂f(x)/∂W, ∂f(x')/∂W⟩ + ⟨∂f(x)/∂b, ∂f(x')/∂b⟩

    s² (A Aᵀ) ∘ (B Bᵀ) + t² (B Bᵀ),      A the layer's inputs, B = ∂f/∂z, one row an input.

No gradient of a weight is ever formed: a layer of width m costs n² m instead of n² m².
"""

from dataclasses import dataclass

import torch

from ntkit.architectures.twins import Linear
from ntkit.networks._tensors import outputs_of


@dataclass(frozen=True)
class _Dense:
    """A dense layer and the scales of its weight and bias in the forward pass."""

    layer: torch.nn.Module
    weight_scale: float
    bias_scale: float


@dataclass(frozen=True)
class _Gradients:
    """What a layer contributes for a block of rows: inputs (n, d) and derivatives ∂f_o/∂z as (n, k·m)."""

    inputs: torch.Tensor
    derivatives: torch.Tensor


class Layerwise:
    """Kernel by the layer-wise contraction; `fits(module)` tells whether every parameter sits in a dense layer."""

    @staticmethod
    def fits(module):
        return _dense_layers(module) is not None

    def __init__(self, module):
        self.module = module
        self.dense = _dense_layers(module)
        if self.dense is None:
            raise ValueError(
                "the layer-wise method needs every parameter to be the weight or bias of one dense layer; "
                f"{_what_else(module)}. Take method='jacobian'."
            )

    def numbers_at_once(self, demand, chunk):
        """Numbers held at the peak: inputs and derivatives of every layer, and autograd's graph of a block."""
        held, largest = demand.blocks(chunk)
        shapes = [d.layer.weight.shape for d in self.dense]
        kept = sum(into + demand.size.outputs * out for out, into in shapes)
        return held * kept + 3 * largest * demand.size.units

    def gradients(self, rows):
        """Per layer, its inputs and the derivatives of every output with respect to its pre-activations."""
        seen = _Taps(self.dense)
        with seen, torch.enable_grad():
            outputs = outputs_of(self.module, rows)
        inputs, pre_activations = zip(*seen.pairs, strict=True)
        count = outputs.shape[1]
        derivatives = [z.new_empty(len(z), count, z.shape[1]) for z in pre_activations]
        for o in range(count):
            of_output = torch.autograd.grad(outputs[:, o].sum(), pre_activations, retain_graph=o + 1 < count)
            for all_outputs, one in zip(derivatives, of_output, strict=True):
                all_outputs[:, o] = one
        return [_Gradients(a, b.flatten(1)) for a, b in zip(inputs, derivatives, strict=True)]

    def contract(self, left, right, outputs):
        """Σ over layers of s² (A Aᵀ) ∘ (B Bᵀ) + t² (B Bᵀ), averaged over outputs."""
        total = left[0].inputs.new_zeros(len(left[0].inputs), len(right[0].inputs))
        for dense, g, h in zip(self.dense, left, right, strict=True):
            weight = dense.weight_scale**2 if _is_trained(dense.layer, "weight") else 0.0
            bias = dense.bias_scale**2 if _is_trained(dense.layer, "bias") else 0.0
            if weight or bias:
                layer = (g.inputs @ h.inputs.T).mul_(weight).add_(bias)
                total += layer.mul_(g.derivatives @ h.derivatives.T)
        return total.div_(outputs)


class _Taps:
    """While open, notes every dense layer's input and keeps its output in the graph, in the order they ran."""

    def __init__(self, dense):
        self.dense = dense
        self.noted = {}

    def __enter__(self):
        self.handles = [d.layer.register_forward_hook(self._note) for d in self.dense]

    def __exit__(self, *exception):
        for handle in self.handles:
            handle.remove()

    def _note(self, layer, inputs, output):
        shape = tuple(inputs[0].shape)
        if layer in self.noted or len(shape) != 2:
            _refuse(f"{layer} ran again, or on shape {shape}")
        # The output of a frozen first layer is outside the graph; the derivative by it is wanted all the same.
        output = output if output.requires_grad else output.requires_grad_()
        self.noted[layer] = inputs[0].detach(), output
        return output

    @property
    def pairs(self):
        for dense in self.dense:
            if dense.layer not in self.noted:
                _refuse(f"{dense.layer} did not run")
        return [self.noted[dense.layer] for dense in self.dense]


def _refuse(reason):
    raise ValueError(
        f"the layer-wise method needs each dense layer to run once, on rows of shape (n, d); {reason}. "
        "Take method='jacobian'."
    )


def _dense_layers(module):
    """The dense layers in order of registration; None when a parameter is another kind of layer's, or two share it."""
    owners = [layer for layer in module.modules() if any(True for _ in layer.parameters(recurse=False))]
    dense = [_as_dense(layer) for layer in owners]
    held = sum(len(list(layer.parameters(recurse=False))) for layer in owners)
    shared = held > len(list(module.parameters()))
    return dense if dense and all(dense) and not shared else None


def _as_dense(layer):
    if isinstance(layer, Linear):
        return _Dense(layer, layer.scale, layer.bias_scale)
    if isinstance(layer, torch.nn.Linear):
        return _Dense(layer, 1.0, 1.0)
    return None


def _what_else(module):
    owners = [layer for layer in module.modules() if any(True for _ in layer.parameters(recurse=False))]
    others = [type(layer).__name__ for layer in owners if _as_dense(layer) is None]
    return f"{others[0]} has another kind" if others else "two layers share one"


def _is_trained(layer, name):
    parameter = getattr(layer, name, None)
    return parameter is not None and parameter.requires_grad
