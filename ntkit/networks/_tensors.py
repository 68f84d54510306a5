"""Arrays to a module's device and precision, and results back to the kind that came in."""

from dataclasses import dataclass

import numpy as np
import torch

from ntkit.data.maps import name_rows


@dataclass(frozen=True)
class Size:
    """What one row costs: how many outputs it has, and how many numbers the layers hand on for it."""

    outputs: int
    units: int


def parameter_of(module):
    """Any parameter of the module, to read its device and precision from."""
    parameter = next(module.parameters(), None)
    if parameter is None:
        raise TypeError(f"a network with parameters is needed; this {type(module).__name__} has none.")
    return parameter


def rows_for(module, x, name="x"):
    """`x` as a tensor in the module's precision on its device: rows (n, …), n ≥ 1, all finite."""
    reference = parameter_of(module)
    values = x if isinstance(x, torch.Tensor) else torch.tensor(np.asarray(x))
    if values.ndim < 2 or len(values) == 0:
        raise ValueError(f"{name} must have shape (n, d), one row per input; got {tuple(values.shape)}.")
    rows = values.detach().to(device=reference.device, dtype=reference.dtype)
    require_finite(rows, name)
    return rows


def require_finite(rows, name):
    """ValueError naming the rows that hold NaN or infinity."""
    finite = torch.isfinite(rows).reshape(len(rows), -1).all(dim=1)
    if not bool(finite.all()):
        raise ValueError(f"{name} must be finite; {name_rows(torch.nonzero(~finite).flatten())} NaN or infinity.")


def like(x, result):
    """`result`, a tensor, as the kind that `x` is: numpy, or a tensor on the device of `x`."""
    result = result.detach()
    return result.to(x.device) if isinstance(x, torch.Tensor) else result.cpu().numpy()


def outputs_of(module, rows):
    """The module's outputs as (n, k), also where it returns (n,)."""
    return module(rows).reshape(len(rows), -1)


def size_of(module, rows):
    """The module's Size, from running it on the first row."""
    handed_on = []
    leaves = [layer for layer in module.modules() if next(layer.children(), None) is None]
    hooks = [layer.register_forward_hook(lambda _, __, out: handed_on.append(out.numel())) for layer in leaves]
    try:
        with torch.no_grad():
            outputs = outputs_of(module, rows[:1])
    finally:
        for hook in hooks:
            hook.remove()
    return Size(outputs.shape[1], sum(handed_on))


def require_independent_rows(module):
    """Refuse batch normalisation in training mode: an output depends on all rows there, and no kernel of two exists."""
    for layer in module.modules():
        mixes = isinstance(layer, torch.nn.modules.batchnorm._BatchNorm)
        if mixes and (layer.training or layer.running_mean is None):
            raise ValueError(
                f"each output must depend on its own row only; {type(layer).__name__} in training mode mixes the rows "
                "of a batch. Call module.eval() first, so that it uses its running statistics."
            )
