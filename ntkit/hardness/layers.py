"""Networks of finite width whose layers are normalised to unit length, many drawn at once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ntkit.architectures import mlp
from ntkit.arguments import real, whole
from ntkit.conditioning import L0, bound
from ntkit.hardness.widths import demand_normalized, fluctuation, mean_floor
from ntkit.networks import in_span

_CHUNK = 2**21  # numbers drawn at once: 16 MiB


@dataclass(frozen=True, eq=False)
class PairDecay:
    """The correlation ρ̂_l of two inputs after l = 0 … L normalised layers, over draws of the weights.

    activation, mu: the normalised activation's name and coefficient of non-linearity
    delta, width, draws, seed: ρ̂_0 = 1 − δ; units a layer; networks drawn, and from which seed
    samples:     (draws, L + 1)
    limit:       (L + 1,), ρ_l of the network of infinite width
    bound:       (L + 1,), B_μ(l, δ), Theorem 3
    floor:       E ρ̂ that the width sustains at any depth (`mean_floor`)
    fluctuation: √E ρ̂² that it sustains
    L0:          where the bound turns
    """

    activation: str
    mu: float
    delta: float
    width: int
    draws: int
    seed: int
    samples: np.ndarray
    limit: np.ndarray
    bound: np.ndarray
    floor: float
    fluctuation: float
    L0: int

    @property
    def depth(self):
        """0, 1, …, L."""
        return np.arange(self.samples.shape[1])

    @cached_property
    def mean(self):
        """E ρ̂_l over the draws, (L + 1,)."""
        return self.samples.mean(axis=0)

    @cached_property
    def standard_error(self):
        """Of the mean, (L + 1,)."""
        return self.samples.std(axis=0, ddof=1) / np.sqrt(self.draws)

    @cached_property
    def modulus(self):
        """E |ρ̂_l|, (L + 1,): it stays of the order of m^(−½) however deep the network is."""
        return np.abs(self.samples).mean(axis=0)

    def quantiles(self, shares, /):
        """Quantiles of |ρ̂_l|, (number of shares, L + 1)."""
        return np.quantile(np.abs(self.samples), shares, axis=0)

    @cached_property
    def sign_correlation(self):
        """E sgn f(x) sgn f(y) = (2/π) E arcsin ρ̂_l over v and the draws, (L + 1,)."""
        return 2 / np.pi * np.arcsin(self.samples).mean(axis=0)


def pair_decay(activation, depth, delta, width, *, draws=200, seed=0, device=None):
    """How the correlation of two inputs falls with the depth of a normalised network of finite width: a PairDecay.

    Parameters: activation, normalised; depth L ≥ 1; delta in (0, 1), of the inputs; width m ≥ 2; draws ≥ 2 of the
    network, from `seed`; device, torch's (the CPU by default), on which the draws differ from those of another.
    Raises: ValueError for values out of range, an activation that is not normalised or linear, and where all units of
    a layer vanish, so that Π is not defined.
    Source: Agarwal, Awasthi, Kale (2021), Theorem 52.

    >>> import ntkit as nk
    >>> decay = pair_decay(nk.activation("relu").normalized(), depth=30, delta=0.5, width=32)
    >>> decay.samples.shape, bool(decay.limit[-1] < 1e-3 < decay.mean[-1])  # the width sustains a little
    ((200, 31), True)
    """
    sigma = demand_normalized(activation)
    depth, width, draws = (
        whole(name, value, least=least, must=f"be a whole number, at least {least}")
        for name, value, least in (("depth", depth, 1), ("width", width, 2), ("draws", draws, 2))
    )
    delta = real("delta", delta, above=0, most=np.nextafter(1, 0), must="lie in (0, 1)")
    layers, mu = np.arange(depth + 1), sigma.coefficient_of_nonlinearity
    return PairDecay(
        activation=sigma.name,
        mu=mu,
        delta=delta,
        width=width,
        draws=draws,
        seed=seed,
        samples=_pairs(sigma, depth, delta, width, draws, seed, device),
        limit=mlp(depth, sigma).trajectory(gap=delta).correlation,
        bound=bound(layers, delta, mu),
        floor=mean_floor(sigma, width),
        fluctuation=fluctuation(sigma, width),
        L0=L0(delta, mu),
    )


def _pairs(sigma, depth, delta, width, draws, seed, device):
    """ρ̂_l, (draws, depth + 1), kept as 1 − ρ̂ on the way, where it is small."""
    import torch

    generator, where = torch.Generator(device or "cpu").manual_seed(seed), {"device": device, "dtype": torch.float64}
    samples, most = [], max(1, _CHUNK // (2 * width))
    for start in range(0, draws, most):
        count = min(most, draws - start)
        gaps = [torch.full((count, 1), delta, **where)]
        for _ in range(depth):
            gap = gaps[-1]
            u, w = (torch.randn(count, width, generator=generator, **where) for _ in range(2))
            v = (1 - gap) * u + torch.sqrt(gap * (2 - gap)) * w
            apart = _unit(sigma(u), dim=1) - _unit(sigma(v), dim=1)
            gaps.append((0.5 * apart.square().sum(dim=1, keepdim=True)).clamp(max=2.0))
        samples.append(1 - torch.cat(gaps, dim=1))
    return torch.cat(samples).cpu().numpy()


def drawn_triangles(sigma, x, depth, width, draws, generator):
    """T_l, (draws, k, n), with T_lᵀT_l the Gram matrices of the unit representations of n inputs, for l = 0 … depth.

    The representations themselves where there are fewer units than inputs, a triangle of as many rows as inputs else.
    """
    import torch

    where = {"device": generator.device, "dtype": torch.float64}
    triangle = torch.as_tensor(in_span(x).T.copy(), **where).expand(draws, -1, -1)
    yield triangle
    for _ in range(depth):
        weights = torch.randn(draws, width, triangle.shape[1], generator=generator, **where)
        unit = _unit(sigma(weights @ triangle), dim=1)
        triangle = unit if width <= unit.shape[2] else torch.linalg.qr(unit, mode="r").R
        yield triangle


def features(activation, x, depth, width, *, seed=0, factor=1.0, device=None):
    """The unit-length representations of the inputs in one network, with its weight matrices as equation (3) has them.

    Parameters: activation; x, unit rows (n, d); depth L ≥ 1; width m; seed; factor beside Π, 1 as in the proof, m^(−½)
    as printed (where pre-activations from the second layer on have the variance 1/m); device, torch's.
    Returns: torch tensor (n, m), rows of unit length.
    Raises: ValueError where depth, width or factor is not positive, or all units of a layer vanish.
    Source: Agarwal, Awasthi, Kale (2021), equation (3).

    >>> import ntkit as nk
    >>> phi = features(nk.activation("relu").normalized(), np.eye(2), depth=20, width=300)
    >>> bool(abs(phi[0] @ phi[1]) < 0.5)
    True
    """
    import torch

    depth, width = (
        whole(name, value, least=1, must="be a positive whole number")
        for name, value in (("depth", depth), ("width", width))
    )
    factor = real("factor", factor, above=0, must="be positive")
    generator, where = torch.Generator(device or "cpu").manual_seed(seed), {"device": device, "dtype": torch.float64}
    hidden = torch.as_tensor(np.asarray(x, dtype=float), **where) / factor
    for _ in range(depth):
        weights = torch.randn(width, hidden.shape[1], generator=generator, **where)
        hidden = _unit(activation(factor * hidden @ weights.T), dim=1)
    return hidden


def _unit(post, dim):
    """Π: vectors along `dim` divided by their length."""
    length = post.norm(dim=dim, keepdim=True)
    if not (length > 0).all():
        raise ValueError(
            "the units of a layer must not all vanish, or it has no direction; at this width they did. Take more units."
        )
    return post / length
