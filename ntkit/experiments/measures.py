"""How well conditioned the features of a network are: on images, at any of its layers.

For rows x_1 … x_n with normalised dot products ρ_ij = x_i·x_j / (‖x_i‖‖x_j‖):

    mean normalised dot product  (1/(n(n−1))) Σ_{i≠j} ρ_ij = (‖Σ_i x_i/‖x_i‖‖² − n)/(n(n−1)),
    condition number             λ_max/λ_min of the matrix ρ, from the singular values of the unit rows.

Source: Agarwal, Awasthi, Kale (2021), Figure 1.
"""

import copy
from dataclasses import dataclass

import numpy as np
import torch

INPUT = "input"


@dataclass(frozen=True)
class Conditioning:
    """Of the features of some images at one layer: their mean normalised dot product and their condition number.

    Both are nan where the layer maps an image to 0, whose direction does not exist.
    """

    dot_product: float
    condition_number: float


def mean_normalised_dot_product(rows):
    """The mean of ρ_ij over pairs i ≠ j: (n, …) → a float in [−1/(n − 1), 1].

    Raises: ValueError for fewer than two rows, rows that are not finite, and a row of zeros, which has no direction.

    >>> round(mean_normalised_dot_product([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]]), 6)
    0.471405
    """
    directions = _directions(rows)
    n = len(directions)
    return float((np.square(directions.sum(axis=0)).sum() - n) / (n * (n - 1)))


def normalised_condition_number(rows):
    """λ_max/λ_min of the matrix of normalised dot products: (n, …) → a float, infinite where the rows are dependent.

    Raises: as `mean_normalised_dot_product`.

    >>> round(normalised_condition_number([[1.0, 0.0], [1.0, 1.0]]), 4)
    5.8284
    """
    directions = _directions(rows)
    values = np.linalg.svd(directions, compute_uv=False)
    smallest = values[-1] if len(directions) <= directions.shape[1] else 0.0
    rounding = len(directions) * np.finfo(_precision(rows)).eps * values[0]
    return float((values[0] / smallest) ** 2) if smallest > rounding else np.inf


def conditioning_of(module, images, places, *, gram=32):
    """The Conditioning of images at layers of a network, in evaluation mode.

    Parameters: module with `places`, a mapping name → layer; images, a tensor (n, channels, height, width) where the
    module lives; places, names of `module.places`, or "input"; gram, how many of the images the condition number is
    taken of.
    Returns: dict place → Conditioning.
    Raises: ValueError for a place that the module does not have.

    >>> from ntkit.experiments import fully_connected
    >>> module = fully_connected(3, 64).module((1, 2, 2), 10)
    >>> list(conditioning_of(module, torch.eye(4).reshape(4, 1, 2, 2), ("input", "2")))
    ['input', '2']
    """
    return {place: _conditioning(rows, gram) for place, rows in features_at(module, images, places).items()}


def features_at(module, images, places):
    """The outputs of layers on images, one row an image: dict place → (n, units) tensor.

    Parameters and errors as of `conditioning_of`.

    >>> from ntkit.experiments import fully_connected
    >>> features_at(fully_connected(3, 64).module((1, 2, 2), 10), torch.ones(5, 1, 2, 2), ("1",))["1"].shape
    torch.Size([5, 64])
    """
    unknown = [place for place in places if place != INPUT and place not in module.places]
    if unknown:
        raise ValueError(
            f"places must be {INPUT!r} or layers of the network, {', '.join(module.places)}; got {', '.join(unknown)}."
        )
    found = {INPUT: images} if INPUT in places else {}

    def keep(place):
        return lambda layer, arguments, output: found.__setitem__(place, output)

    hooks = [module.places[place].register_forward_hook(keep(place)) for place in places if place != INPUT]
    was_training = module.training
    try:
        module.eval()
        with torch.no_grad():
            module(images)
    finally:
        module.train(was_training)
        for hook in hooks:
            hook.remove()
    return {place: found[place].flatten(1) for place in places}


def calibrated(module, images):
    """A copy of a network whose batch normalisation uses the statistics of these images; the module itself otherwise.

    A network that was just drawn has none: its running mean and variance still stand at 0 and 1.

    >>> calibrated(torch.nn.Linear(2, 2), torch.ones(3, 2))
    Linear(in_features=2, out_features=2, bias=True)
    """
    batch_norm = torch.nn.modules.batchnorm._BatchNorm
    if not any(isinstance(layer, batch_norm) for layer in module.modules()):
        return module
    twin = copy.deepcopy(module).train()
    for layer in twin.modules():
        if isinstance(layer, batch_norm):
            layer.momentum = 1.0
    with torch.no_grad():
        twin(images)
    return twin.eval()


def _conditioning(rows, gram):
    rows = rows.detach().float().cpu().numpy()
    if not (np.isfinite(rows).all() and rows.any(axis=1).all()):
        return Conditioning(np.nan, np.nan)
    return Conditioning(mean_normalised_dot_product(rows), normalised_condition_number(rows[:gram]))


def _directions(rows):
    rows = np.asarray(rows)
    rows = rows.reshape(len(rows), -1).astype(float)
    if len(rows) < 2:
        raise ValueError(f"rows must be two or more, to make pairs; got {len(rows)}.")
    lengths = np.linalg.norm(rows, axis=1)
    if not np.isfinite(lengths).all() or not lengths.all():
        raise ValueError("rows must be finite and none of them 0, to have directions; drop those that are not.")
    return rows / lengths[:, None]


def _precision(rows):
    kind = np.asarray(rows).dtype
    return kind if kind.kind == "f" else float
