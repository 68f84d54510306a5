"""How far the NNGP kernel of a finite network is from its limit, entry by entry, layer after layer.

    max_ij |K_ij − K̄_ij| ≈ c(L) / √m,    so that   m = c(L)² / γ²   units bring it down to γ.

Lemma 43 puts c(L)² at (4C)^(L+1) log n for a C-bounded activation, the earlier version at L² log n for ReLU.
Source: Agarwal, Awasthi, Kale (2021), Lemma 43; earlier version (2020), Lemma 11.
"""

from dataclasses import dataclass

import numpy as np

from ntkit.architectures import mlp
from ntkit.networks.ensembles import in_span


@dataclass(frozen=True, eq=False)
class KernelErrors:
    """max_ij |K_ij − K̄_ij| of finite networks that read out after 1, …, L hidden layers.

    activation: its name.  n points.  width of the hidden layers.  depth: (L,).  errors: (s, L), one row a network.
    """

    activation: str
    n: int
    width: int
    depth: np.ndarray
    errors: np.ndarray

    @property
    def typical(self):
        """Root mean square over the networks, (L,)."""
        return np.sqrt(np.square(self.errors).mean(axis=0))

    def needed_width(self, gamma):
        """The width at which the typical error is γ, by the law m^(−½), (L,)."""
        return self.width * (self.typical / gamma) ** 2


def kernel_errors(activation, x, depth, width, seeds=20, *, dtype=None, callback=None):
    """The KernelErrors of networks with one set of weights each, read out after every layer.

    Parameters: activation, an Activation; x rows (n, d) of unit length; depth L ≥ 1; width; seeds, how many (0, 1, …)
    or which; dtype, torch's (float64 by default); callback(step, nan, nan) after each network.
    Returns: KernelErrors.
    Raises: ValueError for rows that are not of unit length.

    >>> import ntkit as nk
    >>> x = nk.data.sphere(6, 0.3).x
    >>> wide, narrow = (kernel_errors(nk.activation("tanh").normalized(), x, 3, m, seeds=20) for m in (400, 100))
    >>> bool((abs(narrow.typical / wide.typical - 2) < 0.6).all())
    True
    """
    import torch

    rows, net = in_span(x), mlp(depth, activation)
    lengths = np.square(rows).sum(axis=1)
    if not np.allclose(lengths, 1, atol=1e-9):
        raise ValueError(f"rows of x must have length 1; their squares run from {lengths.min()} to {lengths.max()}.")
    gap = 0.5 * np.square(rows[:, None] - rows[None]).sum(axis=2)
    limits = net.trajectory(gap=gap).nngp[1:]
    seeds = range(seeds) if np.ndim(seeds) == 0 else seeds
    errors = []
    for count, seed in enumerate(seeds, start=1):
        module = net.module(rows.shape[1], width, seed=int(seed), dtype=dtype or torch.float64)
        errors.append(
            [np.abs(kernel - limit).max() for kernel, limit in zip(_after(module, rows), limits, strict=True)]
        )
        if callback is not None:
            callback(count, np.nan, np.nan)
    return KernelErrors(activation.name, len(rows), width, np.arange(1, depth + 1), np.array(errors))


def _after(module, rows):
    """The NNGP kernel after each hidden layer."""
    import torch

    with torch.no_grad():
        values = torch.as_tensor(rows).to(next(module.parameters()).dtype)
        for linear, pointwise in zip(module.hidden[::2], module.hidden[1::2], strict=True):
            values = pointwise(linear(values))
            yield (values @ values.T / values.shape[1]).cpu().numpy()
