"""Finite networks with batch or layer normalisation, from torch's own layers."""

import torch

from ntkit.architectures import Elementwise

KINDS = ("batch", "layer")
NEGLIGIBLE = 1e-30  # torch takes no 0


def normalised_module(net, input_dim, width, seed=0, *, normalisation, eps=NEGLIGIBLE, dtype=None, device=None):
    """The finite twin of `net` with a normalisation in every layer; its weights are those of `net.module`.

    "batch": torch.nn.BatchNorm1d on the pre-activations of every hidden unit and on the output, over the batch;
    "layer": torch.nn.LayerNorm on the post-activations of every hidden layer, over its units.
    Either makes the output independent of the centre and the scale of the activation.  That of batch normalisation
    would be so up to an affine map only, were the output not normalised as well.

    Parameters: net, an `mlp`; input_dim, width, seed, dtype, device as in `net.module`; normalisation, one of `KINDS`;
    eps > 0, what torch adds to the variance: negligible for the invariance to be exact, torch's own default is 1e-5.
    Returns: torch.nn.Sequential, in training mode, so that batch statistics are used.
    Raises: ValueError for another normalisation or an eps that is not positive.
    Source: Agarwal, Awasthi, Kale (2021), Lemma 1 (17 in appendix B).

    >>> import ntkit as nk
    >>> x = torch.randn(8, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    >>> plain, centred = (
    ...     normalised_module(nk.mlp(3, sigma), 5, 32, normalisation="layer", dtype=torch.float64)
    ...     for sigma in (nk.activation("relu"), nk.activation("relu").normalized())
    ... )
    >>> bool(torch.allclose(plain(x), centred(x), atol=1e-12))
    True
    """
    if normalisation not in KINDS:
        raise ValueError(f"normalisation must be one of {', '.join(KINDS)}; got {normalisation!r}.")
    if not eps > 0:
        raise ValueError(f"eps must be positive; got {eps}.")
    where = {"dtype": dtype, "device": device}
    twin = net.module(input_dim, width, seed, **where)
    layers = []
    for layer, module in zip(net.hidden, twin.hidden, strict=True):
        layers.append(module)
        is_activation = isinstance(layer, Elementwise)
        if normalisation == "layer" and is_activation:
            layers.append(torch.nn.LayerNorm(width, eps=eps, **where))
        if normalisation == "batch" and not is_activation:
            layers.append(torch.nn.BatchNorm1d(width, eps=eps, **where))
    layers.append(twin.read_out)
    if normalisation == "batch":
        layers.append(torch.nn.BatchNorm1d(1, eps=eps, **where))
    return torch.nn.Sequential(*layers)
