"""Second moments of the signals of a network as it is drawn, with infinitely many units or channels, layer by layer.

A signal is a channel's value at a pixel of an image; u_a, a = (image, pixel), over the channels of a layer is random.

    weights         K_ab = variance · fan-in/window · Σ_o E u_{a+o} u_{b+o},  Gaussian of mean 0 as their input is wide
    activation      E σ(u_a)σ(u_b) = Σ_k α_k(a) α_k(b) ρ_ab^k,  α_k(a) = E σ(m_a + s_a Z) h_k(Z),  u Gaussian (m, K)
    batch norm      E u uᵀ/(uᵀu/N) of u ~ N(0, HKH), H = 1 − 11ᵀ/N, and again as if Gaussian
    layer norm      by image: less the mean over channels and pixels, over the standard deviation
    residual sum    f(u) + g, g of the branch: as if Gaussian, or where g has little of the variance as f(u + g/E f'(u))
    shortcut        the share of new channels is 0 and keeps its own moments

Weights and activations in turn, with or without layer norm, are exact in the limit.  Behind batch norm the second
moments are exact, but lengths over the batch are fixed, which a Gaussian's are not; residual sums are Gaussian only
before any f, and exact where g = 0.  The series is cut after as many terms as time allows, from 16 (1500 signals) to
192 (125); what is left of E σ² and E σ'² decides one more power.

With λ and e the eigenvalues and eigenvectors of HKH, the moments behind batch norm are Σ_a b_a e_a e_aᵀ,

    b_a = N E λ_a Z_a²/Σ_c λ_c Z_c² = N λ_a ∫_0^∞ (1 + 2tλ_a)^{−1} Π_c (1 + 2tλ_c)^{−½} dt.

Source: Agarwal, Awasthi, Kale (2021), section 3.1 and Lemma 1; He, Zhang, Ren, Sun (2016), section 4.2.
"""

from dataclasses import dataclass, replace
from functools import cached_property, reduce

import numpy as np
import torch

from ntkit.experiments.initialisation import variances
from ntkit.experiments.modules import Block, FixupBlock, MeanOverPixels, Shift
from ntkit.experiments.pointwise import Pointwise
from ntkit.gaussian import density, panel_nodes
from ntkit.memory import ensure_fits

_MATRICES = 8  # of the size of a covariance, held at a time
_FEWEST_TERMS, _MOST_TERMS, _PRODUCT = 16, 192, 24_000  # terms · signals
_REACH = {False: 8.0, True: 10.0}  # of the nodes, in standard deviations: few terms, many terms
_MANY_TERMS = 32
_CHUNK = 128  # of signals, whose nodes stay in the cache
_PLACES = np.array([-8.0, -2.0, 0.0, 2.0, 8.0])  # of a pre-activation, where functions bend
_ROWS = 64  # of a covariance at a time
_NEGLIGIBLE = 1e-13
_LITTLE, _LEAST_SLOPE = 0.1, 0.1  # of the variance of a sum; of the largest slope
_ALL_EIGENVALUES, _LARGEST, _ROUNDS = 400, 24, 4  # up to how many signals all, beyond how many, by how many products
_TIMES = np.geomspace(1e-9, 1e9, 500)  # t · trace
_FEWER_IMAGES = "Take fewer images: a network on images needs every pair of pixels."


@dataclass(frozen=True, eq=False)
class Channels:
    """A share of the channels of a layer: `functions`, one after the other, of Gaussian signals.

    mean: (N,); covariance: (N, N), of the Gaussian.
    """

    share: float
    mean: torch.Tensor
    covariance: torch.Tensor
    functions: tuple = ()

    @cached_property
    def moments(self):
        """Mean and covariance behind the functions."""
        if not self.functions:
            return self.mean, self.covariance
        return gaussian_moments(self.functions, self.mean, self.covariance)


@dataclass(frozen=True, eq=False)
class Signals:
    """The signals of a layer: groups of channels that are alike at random.

    count: of its channels; shape: (n, height, width), the N signals of a channel.
    """

    groups: tuple
    count: int
    shape: tuple

    @cached_property
    def second_moment(self):
        """E u_a u_b over the channels, (N, N)."""
        moments = [(group.share, *group.moments) for group in self.groups]
        return sum(share * (covariance + torch.outer(mean, mean)) for share, mean, covariance in moments)

    @property
    def gram(self):
        """The mean of E u_a u_b over equal pixels of two images, (n, n)."""
        n, *pixels = self.shape
        size = pixels[0] * pixels[1]
        return torch.einsum("ipjp->ij", self.second_moment.reshape(n, size, n, size)) / size


def images_as_signals(images):
    """The signals that images (n, channels, height, width) are."""
    n, channels, *pixels = images.shape
    signals = images.movedim(1, 0).reshape(channels, -1)
    ensure_fits(signals.shape[1], copies=_MATRICES, instead=_FEWER_IMAGES)
    covariance = signals.T @ signals / channels
    return Signals((Channels(1.0, torch.zeros_like(covariance[0]), covariance),), channels, (n, *pixels))


class Walk:
    """Signals through the layers of a network; keeps the Gram matrix at each of the network's places."""

    def __init__(self, network, initialisation):
        self.variances = variances(network, initialisation)
        self.grams, self._names = {}, {}
        for name, layer in network.places.items():
            self._names.setdefault(layer, []).append(name)

    def through(self, layer, signals):
        """The signals behind a layer."""
        found = self._behind(layer, signals)
        if layer in self._names:
            self.grams.update(dict.fromkeys(self._names[layer], found.gram))
        return found

    def _behind(self, layer, signals):
        match layer:
            case torch.nn.Sequential():
                return reduce(lambda found, part: self.through(part, found), layer, signals)
            case torch.nn.Linear() | torch.nn.Conv2d():
                return _weighted(layer, self.variances[layer], signals)
            case Pointwise():
                return _each(signals, lambda group: replace(group, functions=(*group.functions, layer.activation)))
            case torch.nn.BatchNorm1d() | torch.nn.BatchNorm2d():
                return _each(signals, lambda group: _batch_normalised(group, layer.eps))
            case torch.nn.LayerNorm() | torch.nn.GroupNorm():
                return _layer_normalised(signals, layer.eps)
            case Block():
                branch = self.through(layer.branch, signals)
                return self.through(layer.after, _sum(branch, _skipped(layer.skip, signals)))
            case FixupBlock():
                return self.through(layer.sigma, self._before_last_sigma(layer, signals))
            case MeanOverPixels():
                return _pooled(signals)
            case torch.nn.Identity() | Shift():  # shifts start at 0
                return signals
        raise TypeError(f"a layer must be one of the networks' own; got {layer}.")

    def _before_last_sigma(self, block, signals):
        skipped = _skipped(block.skip, signals)
        if self.variances[block.last] == 0.0:
            return skipped
        inside = (block.first, block.sigma, block.last)
        return _sum(reduce(lambda found, part: self.through(part, found), inside, signals), skipped)


# --- layers ----------------------------------------------------------------------------------------------------------


def _each(signals, act):
    return replace(signals, groups=tuple(map(act, signals.groups)))


def _weighted(layer, variance, signals):
    """Sums over channels and windows with random weights: Gaussian, of mean 0."""
    found, shape, outputs = signals.second_moment, signals.shape, layer.weight.shape[0]
    if isinstance(layer, torch.nn.Conv2d):
        found, shape = _over_windows(found, shape, layer)
    covariance = variance * signals.count * found
    group = Channels(1.0, torch.zeros_like(covariance[0]), covariance)
    return Signals((group,), outputs, shape)


def _over_windows(matrix, shape, layer):
    """Σ_o of what pairs of pixels have at an offset o, the same for both; outside the image there is 0."""
    moved = matrix.reshape(*shape, *shape)
    for axis, size in zip((1, 2), layer.kernel_size, strict=True):
        moved = _over_offsets(moved, (axis, axis + 3), size // 2)
    moved = _subsampled(moved, layer.stride)
    left = tuple(moved.shape[:3])
    return moved.reshape(np.prod(left), -1), left


def _over_offsets(values, axes, radius):
    total = values.clone()
    for offset in range(1, radius + 1):
        size = values.shape[axes[0]] - offset
        for to, come_from in ((0, offset), (offset, 0)):
            into, out_of = total, values
            for axis in axes:
                into, out_of = into.narrow(axis, to, size), out_of.narrow(axis, come_from, size)
            into += out_of
    return total


def _subsampled(values, stride):
    down, right = stride
    return values[:, ::down, ::right] if values.ndim == 3 else values[:, ::down, ::right, :, ::down, ::right]


def _skipped(skip, signals):
    """Every stride-th pixel of the channels there are, and channels of zeros."""
    kept = [_at_pixels(group, signals.shape, skip.stride) for group in signals.groups]
    share = signals.count / skip.channels
    groups = [replace(group, share=group.share * share) for group in kept]
    if share < 1:
        blank = Channels(1 - share, torch.zeros_like(kept[0].mean), torch.zeros_like(kept[0].covariance))
        groups.append(blank)
    n, *pixels = signals.shape
    return Signals(tuple(groups), skip.channels, (n, *(-(-size // skip.stride) for size in pixels)))


def _at_pixels(group, shape, stride):
    if stride == 1:
        return group
    mean = _subsampled(group.mean.reshape(shape), (stride, stride)).reshape(-1)
    covariance = _subsampled(group.covariance.reshape(*shape, *shape), (stride, stride)).reshape(len(mean), -1)
    return replace(group, mean=mean, covariance=covariance)


def _sum(branch, skipped):
    """Skip and branch, whose last weights, of mean 0, the skip has not met: covariances add."""
    ((_, added),) = (group.moments for group in branch.groups)
    return _each(skipped, lambda group: _with_little(group, added) or _with_much(group, added))


def _with_much(group, added):
    """The sum taken for Gaussian."""
    mean, covariance = group.moments
    return Channels(group.share, mean, covariance + added)


def _with_little(group, added):
    """f(u) + g taken for f(u + g/E f'(u)), which keeps the shape that f gives; None where g is too much for it."""
    if not group.functions or added.trace() > _LITTLE * (group.moments[1].trace() + added.trace()):
        return None
    deviation = group.covariance.diagonal().clamp(min=0).sqrt()
    slopes = torch.as_tensor(_mean_slopes(group.functions, group.mean.cpu().numpy(), deviation.cpu().numpy()))
    if slopes.abs().min() < _LEAST_SLOPE * slopes.abs().max():
        return None
    slopes = slopes.to(added.device)
    return replace(group, covariance=group.covariance + added / torch.outer(slopes, slopes))


def _batch_normalised(group, eps):
    """Each channel less its mean over the batch, over its standard deviation there."""
    mean, covariance = group.moments
    rows = covariance.mean(dim=0)
    covariance = covariance - rows[:, None] - rows[None, :] + rows.mean()
    mean = mean - mean.mean()
    if mean.any():  # of channels with a mean of their own: by the variance that they have on average
        variance = covariance.diagonal().mean() + mean.square().mean() + eps
        return Channels(group.share, mean / variance.sqrt(), covariance / variance)
    return Channels(group.share, mean, _of_fixed_length(covariance, eps))


def _of_fixed_length(covariance, eps):
    """E u uᵀ/(uᵀu/N + eps), u ~ N(0, K): the largest eigenvalues of K as they are, the others by their sum."""
    count = len(covariance)
    values, vectors = _largest_eigenvectors(covariance)
    trace = float(covariance.trace())
    rest = max(trace - float(values.sum()), 0.0)
    times = torch.as_tensor(_TIMES, device=values.device) / trace
    steps = times * np.log(_TIMES[1] / _TIMES[0])  # ∫ dt = ∫ t d log t
    factors = 1 + 2 * torch.outer(times, values)
    shared = steps * torch.exp(-0.5 * factors.log().sum(dim=1) - times * (rest + count * eps))
    inverse = count * shared.sum()
    weights = count * (shared[:, None] / factors).sum(dim=0) - inverse
    return inverse * covariance + (vectors * (weights * values)) @ vectors.T


def _largest_eigenvectors(matrix):
    """All eigenvalues and eigenvectors of a small covariance; of a large one the largest, by powers of it."""
    if len(matrix) <= _ALL_EIGENVALUES:
        values, vectors = torch.linalg.eigh(matrix)
        return values.clamp(min=0), vectors
    basis = torch.randn(len(matrix), _LARGEST, generator=torch.Generator().manual_seed(0), dtype=matrix.dtype)
    basis = basis.to(matrix.device)
    for _ in range(_ROUNDS):
        basis = torch.linalg.qr(matrix @ basis).Q
    values, turned = torch.linalg.eigh(basis.T @ matrix @ basis)
    return values.clamp(min=0), basis @ turned


def _layer_normalised(signals, eps):
    """Each image less its mean over channels and pixels, over the standard deviation there."""
    n, moments = signals.shape[0], [(group.share, *group.moments) for group in signals.groups]
    centre = sum(share * mean.reshape(n, -1).mean(dim=1) for share, mean, _ in moments)
    pixels = len(moments[0][1]) // n
    centred = [(share, mean - centre.repeat_interleave(pixels), covariance) for share, mean, covariance in moments]
    square = sum(share * (mean**2 + covariance.diagonal()) for share, mean, covariance in centred)
    root = (square.reshape(n, -1).mean(dim=1) + eps).sqrt().repeat_interleave(pixels)
    return replace(
        signals,
        groups=tuple(
            Channels(share, mean / root, covariance / torch.outer(root, root)) for share, mean, covariance in centred
        ),
    )


def _pooled(signals):
    """The mean over the pixels of each channel."""
    n = signals.shape[0]

    def pooled(group):
        mean, covariance = group.moments
        size = len(mean) // n
        return Channels(
            group.share, mean.reshape(n, -1).mean(dim=1), covariance.reshape(n, size, n, size).mean(dim=(1, 3))
        )

    return replace(_each(signals, pooled), shape=(n, 1, 1))


# --- functions of Gaussian signals -----------------------------------------------------------------------------------


def gaussian_moments(functions, mean, covariance):
    """Mean and covariance of f(u), u Gaussian, f the functions one after the other.

    Parameters: functions, nk.Activations; mean (N,) and covariance (N, N), float64 tensors.
    Returns: tensors of the same shapes.

    >>> import ntkit as nk
    >>> found = gaussian_moments((nk.activation("relu"),), torch.zeros(2).double(), torch.eye(2).double())
    >>> [part.numpy().round(6).tolist() for part in found]
    [[0.398942, 0.398942], [[0.340845, 0.0], [0.0, 0.340845]]]
    """
    deviation = covariance.diagonal().clamp(min=0).sqrt()
    terms = int(np.clip(_PRODUCT // len(mean), _FEWEST_TERMS, _MOST_TERMS))
    found = _coefficients(functions, mean.cpu().numpy(), deviation.cpu().numpy(), terms)
    coefficients, rest, power = (torch.as_tensor(part, device=mean.device) for part in found)
    inverse = torch.where(deviation > 0, 1 / torch.where(deviation > 0, deviation, 1.0), 0.0)
    out = torch.empty_like(covariance)
    for top in range(0, len(mean), _ROWS):
        rows, right = slice(top, top + _ROWS), slice(top, None)
        rho = covariance[rows, right] * torch.outer(inverse[rows], inverse[right])
        out[rows, right] = _series(coefficients[:, rows], coefficients[:, right], rest[rows], rest[right], rho, power)
        out[right, rows] = out[rows, right].T.clone()
    return coefficients[0], out


def _series(left, right, rest_left, rest_right, rho, power):
    """Σ_{k≥1} α_k α_k' ρ^k by Horner's rule, and what is left of the squares times ρ^power."""
    total = torch.zeros_like(rho)
    for first, second in zip(left[1:].flip(0), right[1:].flip(0), strict=True):
        total.addr_(first, second).mul_(rho)
    if power > 0:
        total += torch.outer(rest_left, rest_right) * rho.clamp(min=0).pow(power)
    return total


def _coefficients(functions, mean, deviation, terms):
    """α_k (terms, N), the root of what is left of E f² (N,), and the power that what is left of E f'² gives it."""
    points, where = np.unique(np.stack([mean, deviation]).round(14), axis=1, return_inverse=True)
    chunks = (points[:, start : start + _CHUNK] for start in range(0, points.shape[1], _CHUNK))
    parts = zip(*(_expansions(functions, *chunk, terms) for chunk in chunks), strict=True)
    coefficients, square, slope = (np.concatenate(part, axis=-1) for part in parts)
    rest = np.maximum(square - (coefficients**2).sum(axis=0), 0.0)
    left = slope.sum() - (np.arange(terms)[:, None] * coefficients**2).sum()
    power = max(left / rest.sum(), terms) if rest.sum() > _NEGLIGIBLE * square.sum() else 0.0
    return coefficients[:, where.ravel()], np.sqrt(rest)[where.ravel()], power


def _expansions(functions, mean, deviation, terms):
    """α_k (terms, N), E f² (N,), E (df/dZ)² (N,), by quadrature."""
    nodes, weights = _nodes(functions[0], mean, deviation, terms > _MANY_TERMS)
    values, slopes = _values_and_slopes(functions, mean[:, None] + deviation[:, None] * nodes)
    weights = weights * density(nodes)
    weighted = weights * values
    coefficients, previous, current = np.empty((terms, len(mean))), np.zeros_like(nodes), np.ones_like(nodes)
    for k in range(terms):  # √(k + 1) h_{k+1} = Z h_k − √k h_{k−1}
        coefficients[k] = np.einsum("ij,ij->i", weighted, current)
        previous *= -np.sqrt(k)
        previous += nodes * current
        previous /= np.sqrt(k + 1)
        previous, current = current, previous
    square, slope = (weighted * values).sum(axis=1), (weights * slopes**2).sum(axis=1)
    return coefficients, square, deviation**2 * slope


def _mean_slopes(functions, mean, deviation):
    """E f'(m + sZ), (N,)."""
    nodes, weights = _nodes(functions[0], mean, deviation, many=False)
    _, slopes = _values_and_slopes(functions, mean[:, None] + deviation[:, None] * nodes)
    return (weights * density(nodes) * slopes).sum(axis=1)


def _nodes(sigma, mean, deviation, many):
    """Gauss–Legendre nodes and weights for each Gaussian, (N, nodes), parted where σ bends."""
    places, reach = np.union1d(_PLACES, sigma.kinks), _REACH[many]
    scale = np.where(deviation > 0, deviation, 1.0)[:, None]
    bends = np.clip((places - mean[:, None]) / scale, -reach, reach)
    even = np.arange(-reach, reach + 1, 2.0)
    edges = np.concatenate([bends, np.broadcast_to(even, (len(mean), len(even)))], axis=1)
    nodes, weights = panel_nodes(np.sort(edges, axis=1), 16 if many else 8)
    return nodes.reshape(len(mean), -1), weights.reshape(len(mean), -1)


def _values_and_slopes(functions, x):
    slopes = np.ones_like(x)
    for function in functions:
        slopes, x = slopes * function.derivative(x), function(x)
    return x, slopes
