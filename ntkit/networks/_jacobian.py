"""The neural tangent kernel of any module from its Jacobian, Θ(x, x') = J(x) J(x')ᵀ, and its products with vectors."""

import torch
from torch.func import functional_call, jacrev, vjp, vmap


def trained_parameters(module):
    """Name → tensor of the parameters that require a gradient, detached; ValueError when all are frozen."""
    trained = {name: p.detach() for name, p in module.named_parameters() if p.requires_grad}
    if not trained:
        raise ValueError("at least one parameter must require a gradient; every parameter of this module is frozen.")
    return trained


def function_of_parameters(module, rows):
    """parameters ↦ outputs (n, k) on `rows`."""
    places = _places(module)

    def outputs(parameters):
        values = {place: parameters[name] for place, name in places.items()}
        return functional_call(module, values, (rows,), tie_weights=False).reshape(len(rows), -1)

    return outputs


def _places(module):
    """Where each trained parameter sits: place → the parameter's name, once for each layer that holds it.

    functional_call's own tying puts a layer that is registered twice back together wrongly, so it is told every place.
    """
    name_of = {id(parameter): name for name, parameter in module.named_parameters()}
    return {
        f"{prefix}.{name}" if prefix else name: name_of[id(parameter)]
        for prefix, layer in module.named_modules()
        for name, parameter in layer.named_parameters(recurse=False)
        if parameter.requires_grad
    }


class Jacobian:
    """Kernel by contraction of per-row Jacobians, which are formed in full."""

    def __init__(self, module):
        self.module = module
        self.parameters = trained_parameters(module)

    def numbers_at_once(self, demand, chunk):
        """Numbers held at the peak: the Jacobians, and what it takes to compute the largest block of them.

        That is the activations, and the derivatives by one layer's scaled weight beside those by the weight itself.
        """
        held, largest = demand.blocks(chunk)
        sizes = [p.numel() for p in self.parameters.values()]
        return demand.size.outputs * (held * sum(sizes) + largest * (max(sizes) + 3 * demand.size.units))

    def gradients(self, rows):
        """Per parameter, its derivatives (n, k, size)."""

        def outputs_of_row(parameters, row):
            return function_of_parameters(self.module, row[None])(parameters)[0]

        derivatives = vmap(jacrev(outputs_of_row), (None, 0))(self.parameters, rows)
        return [d.flatten(2) for d in derivatives.values()]

    def contract(self, left, right, outputs):
        """Θ averaged over outputs: (1/k) Σ_o J_o(x) J_o(x')ᵀ."""
        return sum(g.flatten(1) @ h.flatten(1).T for g, h in zip(left, right, strict=True)) / outputs

    @staticmethod
    def contract_outputs(left, right):
        """Θ for every pair of outputs, (n, p, k, k)."""
        return sum(torch.einsum("iap,jbp->ijab", g, h) for g, h in zip(left, right, strict=True))


def kernel_times(module, x, y, vector):
    """Θ(x, y) v = J(x) (J(y)ᵀ v); vector and result have shape (rows, k).

    J w is taken as the transpose of u ↦ Jᵀ u, by reverse mode twice: not every operation has a forward-mode rule.
    """
    parameters = trained_parameters(module)
    _, pull_back = vjp(function_of_parameters(module, y), parameters)
    (direction,) = pull_back(vector)
    outputs, pull_back = vjp(function_of_parameters(module, x), parameters)
    _, push_forward = vjp(lambda u: pull_back(u)[0], torch.zeros_like(outputs))
    (product,) = push_forward(direction)
    return product


class Products:
    """Kernel column by column from its products with unit vectors; no Jacobian is formed."""

    def __init__(self, module):
        self.module = module
        self.parameters = trained_parameters(module)

    def numbers_at_once(self, demand, chunk):
        """Numbers held at the peak: for each column a direction in parameter space, and every row's activations."""
        weights = sum(p.numel() for p in self.parameters.values())
        columns = min(chunk or demand.columns, demand.columns)
        return 5 * columns * (weights + (demand.rows + demand.columns) * demand.size.units) // 4

    def columns(self, x, y, chosen, outputs):
        """Columns `chosen` of Θ(x, y), averaged over outputs: (n, number chosen)."""
        total = 0
        for o in range(outputs):
            units = torch.zeros(len(chosen), len(y), outputs, dtype=y.dtype, device=y.device)
            units[torch.arange(len(chosen)), chosen, o] = 1
            total = total + vmap(lambda unit: kernel_times(self.module, x, y, unit))(units)[..., o].T
        return total / outputs
