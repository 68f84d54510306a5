"""Smoothed data: points moved by Gaussian noise inside a subspace, and brought back to the sphere."""

import math

import numpy as np

from ntkit.arguments import real
from ntkit.data.dataset import assemble
from ntkit.data.maps import unit_rows
from ntkit.data.spans import span


def smoothed(points, sigma, *, within=None, seed=0):
    """x_i = (x'_i + n_i)/‖x'_i + n_i‖, n_i ~ N(0, σ²I) in the span V' of the points x'.

    Parameters: points, a Dataset, whose targets are kept; sigma ≥ 0, in any direction of V'; within, the Span that
    noise is drawn in, by default that of the points; seed.
    Returns: Dataset.  Its description says whether σ is small enough for Assumption 3, see `assumption_3_noise`.
    Raises: ValueError for a negative σ, or where two rows fall on one line.
    Source: Panigrahi, Shetty, Goyal (2020), Assumption 3.

    >>> from ntkit.data import half_circle, span
    >>> circle = half_circle(10, dim=8)
    >>> span(smoothed(circle, 0.01).x).dimension, span(smoothed(circle, 0.01, within=span(np.eye(8))).x).dimension
    (2, 8)
    """
    sigma = real("sigma", sigma, least=0, must="be a number ≥ 0", remedy="It is the deviation of the noise.")
    within = span(points.x) if within is None else within
    noise = np.random.default_rng(seed).standard_normal((points.n, within.dimension))
    x = unit_rows(points.x + sigma * noise @ within.basis.T)
    limit = assumption_3_noise(points)
    verdict = "at most" if sigma <= limit else "more than"
    about = (
        f"{points.name} with noise of deviation {sigma:g} in {within.dimension} dimensions (seed {seed}), {verdict} "
        f"the {limit:.3g} of Assumption 3. Before: {points.description}"
    )
    return assemble(f"smoothed {points.name}", x, points.y, about)


def assumption_3_noise(points, constant=1.0):
    """The σ that Assumption 3 allows, c δ/(2√n), where the points are 2δ apart, min √(1 − ρ²) = 2δ.

    With c = 1 noise has length σ√d' ≤ δ/2 or nearly so, and two points that were 2δ apart are δ apart after it.
    Parameters: points, a Dataset; constant c > 0, which the paper leaves open.
    Source: Panigrahi, Shetty, Goyal (2020), Assumption 3 and the remark below it.

    >>> from ntkit.data import half_circle
    >>> bool(np.isclose(assumption_3_noise(half_circle(10)), np.sin(np.pi / 10) / (4 * np.sqrt(10))))
    True
    """
    constant = real("constant", constant, above=0, must="be positive")
    return constant * float(points.delta_sine) / 2 / (2 * math.sqrt(points.n))
