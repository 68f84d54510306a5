"""Everything that the sliders of the offline page can reach, computed beforehand."""

from dataclasses import dataclass

import numpy as np

import ntkit as nk
from ntkit.dual import jump_message

ACTIVATIONS = ("relu", "leaky_relu", "tanh", "erf", "gelu", "selu", "normrelu", "quadratic")
DELTAS = (1e-6, 1e-5, 1e-4, 1e-3, 3e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
DEPTHS = (*range(1, 17), *range(18, 33, 2), *range(36, 65, 4), 72, 80, 96, 112, 128)


@dataclass(frozen=True, eq=False)
class PageTables:
    """All that the sliders of a page can reach.

    activations: the normalised activations, A of them.  deltas: (D,) separations.  depths: (P,) depths of the slider.
    rho: (R,) correlations of the kernel profile.  n: points of the spectrum.
    tables: arrays by name, with the axes that AXES names: L₀ (A, D), depth profiles (A, D, layer), kernel profiles in
    units of the diagonal (A, P, R), eigenvalues in the same units (A, D, P, n).
    """

    activations: tuple
    deltas: np.ndarray
    depths: np.ndarray
    rho: np.ndarray
    n: int
    tables: dict


AXES = {
    "L0": ("activation", "delta"),
    "bound": ("activation", "delta", "layer"),
    "correlation": ("activation", "delta", "layer"),
    "ntk_bound": ("activation", "delta", "layer"),
    "ntk_ratio": ("activation", "delta", "layer"),
    "nngp_profile": ("activation", "depth", "rho"),
    "ntk_profile": ("activation", "depth", "rho"),
    "nngp_eigenvalues": ("activation", "delta", "depth", "index"),
    "ntk_eigenvalues": ("activation", "delta", "depth", "index"),
}


def page_tables(activations=ACTIVATIONS, deltas=DELTAS, depths=DEPTHS, n=16, seed=0):
    """The PageTables for names of activations, separations and depths, the spectra on n points of the sphere.

    Raises: ValueError for an activation with a jump, which has no NTK.

    >>> page_tables(["relu"], [0.05], [1, 4], n=6).tables["ntk_eigenvalues"].shape
    (1, 1, 2, 6)
    """
    sigmas = tuple(nk.activation(name).normalized() for name in activations)
    depths, rho = np.asarray(sorted(depths)), np.cos(np.linspace(np.pi, 0, 81))
    points = np.stack([nk.data.sphere(n, delta=delta, dim=n, seed=seed).x for delta in deltas])
    rows = [_tables_of(sigma, deltas, depths, rho, points) for sigma in sigmas]
    tables = {name: np.stack([row[name] for row in rows]) for name in AXES}
    return PageTables(sigmas, np.asarray(deltas), depths, rho, n, tables)


def _tables_of(sigma, deltas, depths, rho, points):
    """All tables of one activation, from one pass through its layers for each kind."""
    net = nk.mlp(int(depths[-1]), sigma)
    pairs = net.trajectory(gap=np.asarray(deltas))
    if pairs.ntk is None:
        raise ValueError(jump_message(sigma))
    profiles = [
        nk.conditioning.depth_profile(sigma, net.depth, delta, trajectory=pairs.of_pair(place, net.depth))
        for place, delta in enumerate(deltas)
    ]
    found = {name: np.stack([getattr(p, name) for p in profiles]) for name, axes in AXES.items() if "layer" in axes}
    kernel = net.trajectory(rho)
    found["L0"] = np.array([profile.L0 for profile in profiles])
    found["nngp_profile"] = kernel.nngp[depths] / kernel.nngp_diagonal[depths, None]
    found["ntk_profile"] = kernel.ntk[depths] / kernel.ntk_diagonal[depths, None]
    found["nngp_eigenvalues"], found["ntk_eigenvalues"] = _eigenvalues(net, depths, points)
    return found


def _eigenvalues(net, depths, points):
    """Eigenvalues of both kernels in units of the diagonal, descending: (2, D, P, n) for D sets of points, P depths."""
    i, j = np.triu_indices(points.shape[1], 1)
    layers = net.trajectory(gap=0.5 * np.sum((points[:, i] - points[:, j]) ** 2, axis=-1))
    kernels = (layers.nngp, layers.nngp_diagonal), (layers.ntk, layers.ntk_diagonal)
    entries = np.stack([values[depths] / diagonal[depths, None, None] for values, diagonal in kernels])
    matrices = np.zeros((*entries.shape[:-1], points.shape[1], points.shape[1])) + np.eye(points.shape[1])
    matrices[..., i, j] = entries
    return np.linalg.eigvalsh(matrices, UPLO="U")[..., ::-1].swapaxes(1, 2)
