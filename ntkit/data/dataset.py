"""A set of unit inputs with targets and the separation it really has; arrays of one's own, checked."""

from dataclasses import dataclass

import numpy as np

from ntkit.data.maps import name_rows, onto_sphere
from ntkit.data.separations import COINCIDENT, Separation, coincident_pairs, separation
from ntkit.data.targets import balanced_signs


@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs on the unit sphere with their targets.

    x: shape (n, d), unit rows, no two of them on one line (but for `full_circle`, which shows what those do).
    y: targets, shape (n,), or (n, k) for several outputs; what they are is said in `description`.
    separation: the three separations that the rows have, measured on the stored coordinates.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    separation: Separation
    description: str

    @property
    def n(self):
        """Number of inputs."""
        return self.x.shape[0]

    @property
    def dim(self):
        """Number of coordinates of an input."""
        return self.x.shape[1]

    @property
    def delta(self):
        """1 − max |ρ|: the δ of the conditioning theorems."""
        return self.separation.correlation

    @property
    def delta_sine(self):
        """min √(1 − ρ²)."""
        return self.separation.sine

    @property
    def delta_distance(self):
        """min ‖x − x'‖."""
        return self.separation.distance


def assemble(name, x, y, description):
    """A Dataset of unit rows `x`, its separation measured; ValueError naming the rows that lie on one line."""
    found = separation(x)
    if found.correlation <= COINCIDENT:
        raise ValueError(_coincidence(x, x))
    return Dataset(name, x, y, found, description)


def from_array(x, y=None, /, *, name="array", to_sphere="normalise", centre=False, seed=0):
    """Your own rows as a Dataset, mapped to the unit sphere, with the separation they really have.

    Parameters: x (n, d), n ≥ 2, real and finite; y (n,) or (n, k), kept as given, or None for balanced random signs
    drawn from `seed`; to_sphere "normalise" (directions), "lift" (two more coordinates keep the lengths) or
    "lift_each"; centre subtracts the mean row first.
    Raises: ValueError naming the rows that hold NaN, are zero, equal, parallel or antiparallel, and for wrong shapes.

    >>> rows = from_array([[2.0, 0.0], [3.0, 3.0]], [1.0, -1.0])
    >>> rows.n, round(rows.delta, 4)
    (2, 0.2929)
    """
    raw = _real_matrix(x)
    centred = raw - raw.mean(axis=0) if centre else raw
    mapped = onto_sphere(centred, to_sphere)
    if y is None:
        targets = balanced_signs(len(raw), np.random.default_rng(seed))
        about = f"Targets: random signs from seed {seed}, since none were given."
    else:
        targets, about = _checked_targets(y, len(raw)), "Targets: as given."
    found = separation(mapped)
    if found.correlation <= COINCIDENT:
        raise ValueError(_coincidence(raw, mapped))
    steps = f"{'centred, ' if centre else ''}mapped to the sphere by {to_sphere!r}"
    return Dataset(name, mapped, targets, found, f"{raw.shape[0]} rows of {raw.shape[1]} columns, {steps}. {about}")


def _real_matrix(x):
    x = _real_numbers(x, "x")
    if x.ndim != 2 or x.shape[0] < 2 or x.shape[1] < 1:
        raise ValueError(f"x must have shape (n, d), one row per input, with n ≥ 2 and d ≥ 1; got shape {x.shape}.")
    bad = np.flatnonzero(~np.isfinite(x).all(axis=1))
    if bad.size:
        raise ValueError(f"x must be finite; {name_rows(bad)} NaN or infinity. Drop or fill them.")
    return x


def _checked_targets(y, n):
    y = _real_numbers(y, "y")
    if y.ndim not in (1, 2) or len(y) != n:
        raise ValueError(f"y must have shape (n,) or (n, k) with n = {n}, the rows of x; got shape {y.shape}.")
    bad = np.flatnonzero(~np.isfinite(y.reshape(n, -1)).all(axis=1))
    if bad.size:
        raise ValueError(f"y must be finite; {name_rows(bad)} NaN or infinity. Drop these rows from x and y.")
    return y


def _real_numbers(values, name):
    values = np.asarray(values)
    if values.dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold real numbers; got dtype {values.dtype}. Encode text or categories first.")
    return values.astype(float)


def _coincidence(raw, mapped):
    """Say which rows share a line, why that is refused, and what to do."""
    pairs, count = coincident_pairs(mapped)
    listed = ", ".join(f"{i} and {j} ({_relation(raw[[i, j]], mapped[[i, j]])})" for i, j in pairs)
    more = f", {count} pairs in all" if count > len(pairs) else ""
    return (
        f"no two rows may lie on one line, or the separation 1 − max |ρ| is 0; rows {listed}{more}. "
        'Drop one row of each pair; parallel rows of different length stay apart under to_sphere="lift".'
    )


def _relation(raw, mapped):
    if np.array_equal(*raw):
        return "equal"
    return "parallel" if np.dot(*mapped) > 0 else "antiparallel"
