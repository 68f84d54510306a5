"""Many finite networks of one architecture: their mean, their spread over seeds, and how both depend on the width."""

from dataclasses import dataclass

import numpy as np

from ntkit.networks.kernels import empirical_ntk


@dataclass(frozen=True, eq=False)
class MonteCarlo:
    """A statistic of independent random networks.

    samples: (s, …), one for each seed.  mean, standard_error: (…), of the mean.  width: of the hidden layers.
    seeds: (s,).
    """

    samples: np.ndarray
    mean: np.ndarray
    standard_error: np.ndarray
    width: int
    seeds: tuple[int, ...]

    def deviation(self, theory):
        """(mean − theory) / standard error, entry by entry; ±inf where samples agree with each other but not with it.

        Within ±5 when theory is the limit of the mean and the bias of this width, of order 1/width, below the error.
        """
        difference = self.mean - np.asarray(theory)
        rounding = 16 * np.finfo(self.mean.dtype).eps * np.abs(self.mean)
        error = np.where(self.standard_error <= rounding, 0.0, self.standard_error)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(np.abs(difference) <= rounding, 0.0, difference / error)


@dataclass(frozen=True, eq=False)
class WidthScaling:
    """Distance of finite networks from the infinite one, as the width grows.

    widths: (w,).  error: (w,), root mean square over seeds and entries of statistic − theory.
    slope: of log error in log width by least squares; −½ where fluctuations dominate.
    """

    widths: np.ndarray
    error: np.ndarray
    slope: float


def monte_carlo(net, x, width, seeds, *, statistic=empirical_ntk, dtype=None, device=None, callback=None):
    """A statistic of finite networks drawn with independent weights.

    Rows are first rotated into their span: the law of every kernel is the same, and the first layer is smaller.

    Parameters: net, an architecture with `module(...)`; x rows (n, d), or images for a network of images; width of the
    hidden layers; seeds, how many (0, 1, …) or which, at least two; statistic(module, x) → array, such as empirical_ntk
    (the default), empirical_nngp or lambda module, x: nk.spectrum(nk.empirical_ntk(module, x)).condition_number; dtype,
    torch's (float64 by default), and device of the modules; callback(step, nan, nan) after each network.
    Returns: MonteCarlo.
    Raises: ValueError for fewer than two seeds.

    >>> import ntkit as nk
    >>> sample = monte_carlo(nk.mlp(1, "relu"), np.eye(2), width=64, seeds=100, statistic=nk.empirical_nngp)
    >>> bool((abs(sample.deviation(nk.mlp(1, "relu").nngp(np.eye(2)))) < 5).all())
    True
    """
    import torch

    seeds = tuple(range(seeds)) if np.ndim(seeds) == 0 else tuple(int(seed) for seed in seeds)
    if len(seeds) < 2:
        raise ValueError(f"seeds must be at least two, or there is no spread; got {len(seeds)}.")
    inputs, shape = _inputs(net, x)
    samples = []
    for count, seed in enumerate(seeds, start=1):
        module = net.module(shape, width, seed=seed, dtype=dtype or torch.float64, device=device)
        samples.append(np.asarray(statistic(module, inputs)))
        if callback is not None:
            callback(count, np.nan, np.nan)
    samples = np.stack(samples)
    error = samples.std(axis=0, ddof=1) / np.sqrt(len(seeds))
    return MonteCarlo(samples, samples.mean(axis=0), error, width, seeds)


def width_scaling(net, x, widths, seeds, theory, **options):
    """How the distance to `theory`, the statistic's value at infinite width, falls with the width.

    Parameters: widths, at least two; the others as in `monte_carlo`, which takes the options.
    Returns: WidthScaling.

    >>> import ntkit as nk
    >>> net, x = nk.mlp(1, "erf"), np.eye(3)
    >>> scaling = width_scaling(net, x, (32, 128, 512), 100, net.ntk(x))
    >>> bool(abs(scaling.slope + 0.5) < 0.1)
    True
    """
    if len(widths) < 2:
        raise ValueError(f"widths must be at least two, to fit a slope; got {len(widths)}.")
    samples = [monte_carlo(net, x, width, seeds, **options).samples for width in widths]
    error = np.array([np.sqrt(np.mean((found - np.asarray(theory)) ** 2)) for found in samples])
    slope = np.polyfit(np.log(widths), np.log(error), 1)[0]
    return WidthScaling(np.asarray(widths), error, float(slope))


def _inputs(net, x):
    """The inputs as the modules get them, and the shape of one."""
    if net.takes_images or net.scales_inputs:  # pixels, and the number of coordinates, count
        x = np.asarray(x, dtype=float)
        return x, tuple(x.shape[1:])
    rows = in_span(x)
    return rows, rows.shape[1]


def in_span(x, /):
    """Rows in coordinates of their own span, (n, d) → (n, min(n, d)): all inner products stay.

    Source: Panigrahi, Shetty, Goyal (2020), Assumption 4.

    >>> in_span([[0.0, 3.0, 4.0]])
    array([[5.]])
    """
    x = np.asarray(x, dtype=float)
    if x.shape[0] >= x.shape[1]:
        return x
    triangle = np.linalg.qr(x.T, mode="r").T
    return triangle * np.where(np.diag(triangle) < 0, -1.0, 1.0)
