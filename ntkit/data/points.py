"""Points made to have a given separation δ = 1 − max |ρ|.

Two directions at ρ = 1 − δ stand at the half angles, (√(1 − δ/2), ±√(δ/2)): their distance is 2√(δ/2) to the last bit
however small δ is, which no rotation of them keeps in float64.
"""

import math

import numpy as np

from ntkit.data.dataset import Dataset, assemble
from ntkit.data.maps import unit_rows
from ntkit.data.separations import separation
from ntkit.data.targets import balanced_signs

SMALLEST_DELTA = 1e-28
"""Below this two rows agree to a few units of rounding of their large coordinate."""

_SPREADING_STEPS = 500
_OVERSHOOT = 0.95  # pairs are pushed a little past the limit, or the last ones would approach it for ever
_STEP = 0.7  # over the excess's norm: longer steps throw rows that many others push across the sphere
_DELTA_HEADROOM = 1e-9
_RANDOM_SIGNS = "Targets: balanced random signs."


def two_points(delta=0.05, *, n=2):
    """Two points of the plane with correlation ρ = 1 − δ, targets −1 and +1.

    ‖x − x'‖² = 2δ and 1 − |ρ| = δ to rounding for every delta in [1e-28, 1]; n can only be 2.

    >>> points = two_points(1e-14)
    >>> bool(abs(points.delta / 1e-14 - 1) < 1e-15)
    True
    """
    delta = _checked_delta(delta, largest=1.0)
    if n != 2:
        raise ValueError(f"two_points has n = 2; got n = {n}. Take sphere or equicorrelated for more points.")
    description = f"Two points with correlation 1 - {delta:g}. Targets: -1 and +1."
    return assemble("two_points", _closest_pair(delta, 2), np.array([-1.0, 1.0]), description)


def equicorrelated(n=32, delta=0.05):
    """n points, every two of them at ρ = 1 − δ: √(1 − δ) e₀ + √δ e_i, in n + 1 coordinates.

    The Gram matrix is (1 − δ) 1 1ᵀ + δ I, with smallest eigenvalue δ: Assumptions A and B of Agarwal, Awasthi, Kale
    (2021) hold together, both with equality.  Targets: balanced signs, alternating.

    >>> bool(np.allclose(np.linalg.eigvalsh(equicorrelated(3, 0.1).x @ equicorrelated(3, 0.1).x.T), [0.1, 0.1, 2.8]))
    True
    """
    n, delta = _checked_count(n), _checked_delta(delta, largest=1.0)
    x = np.hstack([np.full((n, 1), math.sqrt(1 - delta)), math.sqrt(delta) * np.eye(n)])
    description = f"{n} points, each two with correlation 1 - {delta:g}. Targets: alternating signs."
    return assemble("equicorrelated", x, np.where(np.arange(n) % 2 == 0, -1.0, 1.0), description)


def half_circle(n=10, *, dim=10, seed=0):
    """n points at the angles πi/n of a circle, turned into `dim` dimensions by a random isometry.

    Equally spaced as lines: max |ρ| = cos(π/n), so δ = 2 sin²(π/2n); on a full circle an even n would hold antipodes.
    Parameters: n ≥ 2; dim ≥ 2; seed of the isometry and of the targets, which are balanced random signs.
    Source: Panigrahi, Shetty, Goyal (2020), section 7, Figure 1 (their S¹ lifted to S⁹).

    >>> circle = half_circle(10)
    >>> circle.x.shape, bool(abs(circle.delta - 2 * np.sin(np.pi / 20) ** 2) < 1e-15)
    ((10, 10), True)
    """
    n, dim = _checked_count(n), _checked_dim(dim)
    generator = np.random.default_rng(seed)
    angles = np.pi * np.arange(n) / n
    isometry, _ = np.linalg.qr(generator.standard_normal((dim, 2)))
    x = unit_rows(np.column_stack([np.cos(angles), np.sin(angles)]) @ isometry.T)
    description = f"{n} points equally spaced on a half circle, in {dim} dimensions (seed {seed}). {_RANDOM_SIGNS}"
    return assemble("half_circle", x, balanced_signs(n, generator), description)


def full_circle(n=10, *, dim=10, seed=0):
    """n points at the angles 2πi/n of a whole circle, turned into `dim` dimensions by a random isometry.

    With an even n they are n/2 pairs x, −x: the separations 1 − max |ρ| and min √(1 − ρ²) are 0, against Assumption 2,
    and Gram matrices of σ' are singular where σ' of x and of −x are related.  This is what Figure 1 prints; an odd n
    has the directions of the half circle.  The only builder of points on one line, to show what they do.

    Parameters: n ≥ 2; dim ≥ 2; seed of the isometry and of the targets, which are balanced random signs.
    Source: Panigrahi, Shetty, Goyal (2020), section 7, Figure 1.

    >>> full_circle(10).delta, full_circle(9).delta > 0.06
    (0.0, True)
    """
    n, dim = _checked_count(n), _checked_dim(dim)
    generator = np.random.default_rng(seed)
    isometry, _ = np.linalg.qr(generator.standard_normal((dim, 2)))
    angles = 2 * np.pi * np.arange(n) / n
    x = unit_rows(np.column_stack([np.cos(angles), np.sin(angles)]) @ isometry.T)
    if n % 2 == 0:
        x[n // 2 :] = -x[: n // 2]  # antipodes to the last bit
    opposite = ", which are opposite in pairs" if n % 2 == 0 else ""
    description = f"{n} points equally spaced on a circle{opposite}, in {dim} dimensions (seed {seed}). {_RANDOM_SIGNS}"
    return Dataset("full_circle", x, balanced_signs(n, generator), separation(x), description)


def low_dimensional_span(n=32, *, span_dim=4, dim=10, seed=0):
    """n uniform points on the sphere of a random subspace of `span_dim` dimensions of ℝ^dim.

    What theorems on λ_min ask for is span_dim = d', not the number of coordinates.
    Parameters: n ≥ 2; 2 ≤ span_dim ≤ dim; seed of the points, the subspace and the targets, balanced random signs.
    Source: Panigrahi, Shetty, Goyal (2020), Assumption 4.

    >>> np.linalg.matrix_rank(low_dimensional_span(20, span_dim=3, dim=50).x)
    np.int64(3)
    """
    n, dim, span_dim = _checked_count(n), _checked_dim(dim), _checked_dim(span_dim)
    if span_dim > dim:
        raise ValueError(f"span_dim must be at most dim, here {dim}; got {span_dim}. It is a subspace of that space.")
    generator = np.random.default_rng(seed)
    inside = unit_rows(generator.standard_normal((n, span_dim)))
    isometry, _ = np.linalg.qr(generator.standard_normal((dim, span_dim)))
    description = f"{n} uniform points in {span_dim} of {dim} dimensions (seed {seed}). {_RANDOM_SIGNS}"
    return assemble("low_dimensional_span", unit_rows(inside @ isometry.T), balanced_signs(n, generator), description)


def sphere(n=32, delta=None, *, dim=None, seed=0):
    """n random points on the sphere of `dim` dimensions; with `delta`, 1 − max |ρ| is exactly that.

    Rows 0 and 1 are then the closest pair and stand at half angles in the first two coordinates; the others are drawn
    uniformly, and where a pair comes nearer than δ it is pushed apart along its chord until none does.  Without `delta`
    all rows are uniform and have the separation they happen to have.

    Parameters: n ≥ 2; delta in [1e-28, 0.999], or None; dim ≥ 2, by default 10 or, with `delta`, the smallest in which
    random points are about that far apart, at most n; seed.  Targets: balanced random signs, opposite for rows 0 and 1.
    Raises: ValueError when n points so far apart cannot exist in `dim` dimensions (Welch's bound,
    max ρ² ≥ (n − d)/(d(n − 1)), or cos(π/n) on the circle), or when none were found although it allows them.
    Source: L. R. Welch (1974), Lower bounds on the maximum cross correlation of signals.

    >>> points = sphere(20, 1e-6, dim=5)
    >>> points.x.shape, points.separation.pair, bool(abs(points.delta / 1e-6 - 1) < 1e-12)
    ((20, 5), (0, 1), True)
    """
    n = _checked_count(n)
    generator = np.random.default_rng(seed)
    if delta is None:
        dim = 10 if dim is None else _checked_dim(dim)
        x = unit_rows(generator.standard_normal((n, dim)))
        origin = f"{n} uniform points"
    else:
        delta = _checked_delta(delta, largest=0.999)
        dim = _ample_dim(n, delta) if dim is None else _checked_dim(dim)
        _require_room(n, delta, dim)
        x = _separated_points(n, delta, dim, generator)
        origin = f"{n} random points with 1 − max |ρ| = {delta:g}"
    description = f"{origin} on the sphere of {dim} dimensions (seed {seed}). {_RANDOM_SIGNS}"
    return assemble("sphere", x, _signs_apart(n, generator), description)


def _closest_pair(delta, dim):
    """Two rows at ρ = 1 − δ, half an angle to either side of the first axis."""
    pair = np.zeros((2, dim))
    pair[:, 0] = math.sqrt(1 - delta / 2)
    pair[:, 1] = math.sqrt(delta / 2), -math.sqrt(delta / 2)
    return pair


def _separated_points(n, delta, dim, generator):
    """The closest pair, and n − 2 random rows pushed apart until each |ρ| ≤ 1 − δ."""
    pair = _closest_pair(delta, dim)
    # Drawn coordinate by coordinate: when a slider of delta adds a dimension, the points only gain a coordinate.
    others = generator.standard_normal((dim, n - 2)).T
    x = np.vstack([pair, others / np.linalg.norm(others, axis=1, keepdims=True)])
    allowed = 1 - delta * (1 + _DELTA_HEADROOM)
    for _ in range(_SPREADING_STEPS):
        rho = x @ x.T
        np.fill_diagonal(rho, 0.0)
        rho[0, 1] = rho[1, 0] = 0.0
        if np.abs(rho).max() <= allowed:
            return x
        goal = _OVERSHOOT * allowed
        excess = rho - np.clip(rho, -goal, goal)
        x = unit_rows(x - _STEP / (1 + _spectral_norm(excess, generator)) * (excess @ x))
        x[:2] = pair
    raise ValueError(
        f"no {n} points with separation {delta:g} were found in {dim} dimensions by pushing random ones apart "
        f"{_SPREADING_STEPS} times, though Welch's bound does not exclude them. Take a larger dim "
        f"({_ample_dim(n, delta)} is ample), fewer points or a smaller delta."
    )


def _spectral_norm(matrix, generator, steps=5):
    """Estimate, from below, of the largest |eigenvalue| of a symmetric matrix that is not zero: the power method."""
    direction = generator.standard_normal(len(matrix))
    for _ in range(steps):
        direction = matrix @ (direction / np.linalg.norm(direction))
    return np.linalg.norm(direction)


def _signs_apart(n, generator):
    """Balanced random signs in which the first two differ."""
    signs = balanced_signs(n - 2, generator)
    first = generator.choice([-1.0, 1.0])
    return np.concatenate([[first, -first], signs])


def _ample_dim(n, delta):
    """Dimension in which n uniform lines have max |ρ| ≈ 2√(log n / d) ≤ 1 − δ; n dimensions always hold n of them."""
    return max(2, min(n, math.ceil(4 * math.log(n) / (1 - delta) ** 2)))


def _require_room(n, delta, dim):
    largest = 1 - delta
    least = math.sqrt(max(0, n - dim) / (dim * (n - 1)))
    if dim == 2:
        least = math.cos(math.pi / n)
    if largest < least:
        raise ValueError(
            f"{n} points in {dim} dimensions have max |ρ| ≥ {least:.6g}, so a separation of at most {1 - least:.6g}; "
            f"got delta = {delta:g}. Take fewer points, a smaller delta, or dim ≥ {_least_dim(n, largest)}."
        )


def _least_dim(n, largest):
    """Smallest d with (n − d)/(d(n − 1)) ≤ ρ², Welch's bound solved for the dimension."""
    return max(3, math.ceil(n / (1 + largest**2 * (n - 1))))


def _checked_delta(delta, largest):
    if not SMALLEST_DELTA <= delta <= largest:
        raise ValueError(
            f"delta must lie in [{SMALLEST_DELTA:g}, {largest:g}]; got {delta}. A separation is 1 − max |ρ|."
        )
    return float(delta)


def _checked_count(n):
    if n != int(n) or n < 2:
        raise ValueError(f"n must be a whole number, at least 2; got {n}. A separation needs a pair.")
    return int(n)


def _checked_dim(dim):
    if dim != int(dim) or dim < 2:
        raise ValueError(f"dim must be a whole number, at least 2; got {dim}. On a line all points are parallel.")
    return int(dim)
