"""The conditioning that theory predicts for a network as it is drawn, beside what finite networks have.

    ρ_ij(l) = E u_i u_j / √(E u_i² E u_j²),   u the signals of layer l at infinite width (ntkit.experiments.wide_limit),

and where Theorem 3 speaks of such a network, its bound |ρ_ij(l)| ≤ B_μ(l, 1 − |ρ_ij(0)|).

Source: Agarwal, Awasthi, Kale (2021), section 3.1, Theorem 3, Lemma 1, Figure 1.
"""

from dataclasses import dataclass
from functools import reduce

import numpy as np
import torch

from ntkit.conditioning import bound
from ntkit.experiments.measures import INPUT, calibrated, conditioning_of
from ntkit.experiments.model import Model
from ntkit.experiments.modules import FullyConnected
from ntkit.experiments.wide_limit import Walk, images_as_signals

EXACT, GAUSSIAN_SUMS, GAUSSIAN_NORM = "exact", "Gaussian residual sums", "Gaussian batch norm"
_CLASSES = 2  # the read-out takes no part


@dataclass(frozen=True, eq=False)
class ConditioningPrediction:
    """Conditioning of images at the layers of a network as it is drawn, at infinite width.

    kind: "exact", or what is approximated: "Gaussian residual sums", "Gaussian batch norm", or both.
    places: t names, "input" first, then those of the network's `places`.  gram: (t, n, n), ρ_ij.
    dot_product: (t,), mean of ρ_ij over i < j.  largest: (t,), largest |ρ_ij|.  condition_number: (t,), λ_max/λ_min of
    ρ, infinite where rounding hides λ_min.
    mu: coefficient of non-linearity of the activation as the network meets it, nan where that varies.
    bound: (t,), mean over i < j of B_μ(l, 1 − |ρ_ij(0)|) for the images brought to one norm, which Theorem 3 asks for;
    nan where it says nothing of the network.
    """

    model: Model
    kind: str
    places: tuple
    gram: np.ndarray
    dot_product: np.ndarray
    largest: np.ndarray
    condition_number: np.ndarray
    mu: float
    bound: np.ndarray

    @property
    def is_exact(self):
        """Whether nothing is approximated but the width."""
        return self.kind == EXACT

    def at(self, place):
        """What is predicted at one place: dict of dot_product, largest, condition_number, bound.

        Raises: ValueError for a place that the network does not have.
        """
        if place not in self.places:
            raise ValueError(f"place must be one of {', '.join(self.places)}; got {place!r}.")
        row = self.places.index(place)
        names = ("dot_product", "largest", "condition_number", "bound")
        return {name: float(getattr(self, name)[row]) for name in names}

    def table(self):
        """A pandas.DataFrame, one row a place."""
        import pandas as pd

        rows = [{"model": self.model.label, "place": place, **self.at(place)} for place in self.places]
        return pd.DataFrame(rows).assign(kind=self.kind)


def predict(model, images):
    """The ConditioningPrediction of a model on some images.

    Exact at infinite width, to 1e-5 in ρ, are fully connected networks with and without layer normalisation, before the
    activation and after it, and Fixup, whose branches are 0 at first.  Elsewhere the pre-activations behind a residual
    sum, or behind batch normalisation over these very images, are taken for functions of Gaussians.  On 24 digits that
    makes the mean normalised dot product of pooled features 0.445 for ResNet-32 NormReLU, where wide networks have
    0.46 ± 0.02; 0.55 for 0.54 with SELU, 0.91 for 0.87 with batch normalisation; in FC-8 with batch normalisation it is
    off by 0.02.  For residual networks every pair of pixels is followed: 24 images of 8 × 8 pixels take seconds, 2 of
    32 × 32 as long, twice as many four times as long.

    Parameters: model; images (n, channels, height, width), standardised as the network sees them, n ≥ 2, an array or a
    tensor, whose device does the work.
    Raises: ValueError for another shape, an image of zeros, or an activation with a jump, which gradients do not train;
    MemoryError for more images than fit.

    >>> from ntkit.experiments import fully_connected
    >>> images = np.random.default_rng(0).standard_normal((4, 1, 8, 8)) + 1
    >>> found = predict(fully_connected(8), images)
    >>> found.kind, found.places[-1], bool((np.diff(found.dot_product[:-1]) < 0).all())
    ('exact', 'features', True)
    """
    images = _checked(model, images)
    network = model.undrawn(tuple(images.shape[1:]), _CLASSES)
    walk = Walk(network, model.initialisation)
    with torch.no_grad():
        _walk_through(walk, network, images)
    rows = images.flatten(1)
    grams = {INPUT: rows @ rows.T} | {name: walk.grams[name] for name in network.places}
    gram = np.stack([_normalised(found.cpu().numpy()) for found in grams.values()])
    pairs = gram[:, *np.triu_indices(len(images), 1)]
    mu, bounds = _bounds(model, network, walk, pairs[0])
    return ConditioningPrediction(
        model=model,
        kind=_kind(model, network, walk),
        places=tuple(grams),
        gram=gram,
        dot_product=pairs.mean(axis=1),
        largest=np.abs(pairs).max(axis=1),
        condition_number=np.array([_condition_number(matrix) for matrix in gram]),
        mu=mu,
        bound=bounds,
    )


def measured(model, images, seeds=(0, 1, 2), *, places=None):
    """The same conditioning of networks as they are drawn, at their width: a pandas.DataFrame, a row a seed and place.

    Parameters: model; images as of `predict`, on the device that is to compute; seeds, of the networks; places, names
    of layers, all by default, and always "input".  Batch normalisation uses the statistics of these images.
    Returns: columns model, seed, place, dot_product, condition_number (infinite where a layer has fewer features than
    there are images).

    >>> from ntkit.experiments import fully_connected
    >>> found = measured(fully_connected(3, 64), np.eye(16).reshape(16, 1, 4, 4), seeds=(0, 1), places=("features",))
    >>> found["place"].tolist()
    ['input', 'features', 'input', 'features']
    """
    import pandas as pd

    images = _checked(model, images).float()
    rows = []
    for seed in seeds:
        module = model.module(tuple(images.shape[1:]), _CLASSES, seed, device=images.device)
        module = calibrated(module, images)
        wanted = dict.fromkeys((INPUT, *(module.places if places is None else places)))
        found = conditioning_of(module, images, tuple(wanted), gram=len(images))
        rows += [
            {
                "model": model.label,
                "seed": seed,
                "place": place,
                "dot_product": found[place].dot_product,
                "condition_number": found[place].condition_number,
            }
            for place in wanted
        ]
    return pd.DataFrame(rows)


def _checked(model, images):
    images = torch.as_tensor(images).detach().double()
    if images.ndim != 4 or len(images) < 2:
        raise ValueError(
            f"images must be two or more, shape (n, channels, height, width); got shape {tuple(images.shape)}."
        )
    if not bool(torch.isfinite(images).all()) or not bool(images.flatten(1).any(dim=1).all()):
        raise ValueError("images must be finite and none of them 0, which has no direction; drop those that are not.")
    if not model.sigma.is_continuous:
        raise ValueError(
            f"the activation must be continuous; {model.sigma.name} has a jump, where gradients do not see it. "
            "nk.mlp(…).nngp has its kernels."
        )
    return images


def _walk_through(walk, network, images):
    if isinstance(network, FullyConnected):
        layers, images = network.hidden, images.reshape(len(images), -1, 1, 1)
    else:
        layers = (network.stem, *network.blocks, network.features)
    return reduce(lambda signals, layer: walk.through(layer, signals), layers, images_as_signals(images))


def _kind(model, network, walk):
    is_sum = not isinstance(network, FullyConnected) and any(walk.variances[last] for _, last in network.branches)
    approximate = [GAUSSIAN_NORM] * (model.normalisation == "batch") + [GAUSSIAN_SUMS] * is_sum
    return ", ".join(approximate) or EXACT


def _normalised(gram):
    lengths = np.sqrt(np.diag(gram))
    return gram / np.outer(lengths, lengths)


def _condition_number(gram):
    values = np.linalg.eigvalsh(gram)
    return values[-1] / values[0] if values[0] > len(gram) * np.finfo(float).eps * values[-1] else np.inf


def _bounds(model, network, walk, inputs):
    """μ and the mean of B_μ(l, 1 − |ρ|) at each place; nan without Theorem 3."""
    sigma = _normalised_activation(model, network, walk)
    if sigma is None:
        return float("nan"), np.full(1 + len(network.places), np.nan)
    mu = sigma.coefficient_of_nonlinearity
    depths = np.array([*range(model.depth + 1), model.depth])
    delta = np.clip(1 - np.abs(inputs), np.finfo(float).tiny, np.nextafter(1, 0))
    return mu, bound(depths[:, None], delta, mu).mean(axis=1)


def _normalised_activation(model, network, walk):
    """The activation that Theorem 3 is about, as pre-activations of unit variance meet it; None if it is not."""
    if not isinstance(network, FullyConnected) or model.normalisation == "batch":
        return None
    gains = {round(walk.variances[layer[0]] * layer[0].in_features, 12) for layer in network.hidden}
    sigma = model.sigma
    if model.normalisation == "layer_after" and len(gains) == 1:  # centres and scales any activation (Lemma 1)
        sigma = sigma.rescaled(gains.pop() ** 0.5).normalized()
    elif model.normalisation == "none" and gains != {1.0}:
        return None
    return sigma if sigma.is_normalized and sigma.coefficient_of_nonlinearity > 0 else None
