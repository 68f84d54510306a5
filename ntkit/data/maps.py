"""Ways onto the unit sphere: by direction, or by two more coordinates that keep the lengths."""

import numpy as np


def unit_rows(x, /):
    """Each row divided by its length: x / ‖x‖.  Parallel rows coincide afterwards.

    Raises: ValueError naming the rows that are zero and have no direction.

    >>> unit_rows([[3.0, 4.0], [0.0, 2.0]]).tolist()
    [[0.6, 0.8], [0.0, 1.0]]
    """
    x = np.asarray(x, dtype=float)
    largest = np.abs(x).max(axis=1, keepdims=True)
    zero = np.flatnonzero(largest == 0)
    if zero.size:
        raise ValueError(
            f"rows must be non-zero to have a direction; {name_rows(zero)} only zeros. "
            'Drop them, or take to_sphere="lift", which maps a zero row as well.'
        )
    scaled = x / largest  # so that no square overflows or underflows
    return scaled / np.linalg.norm(scaled, axis=1, keepdims=True)


def lift(x, /):
    """All rows divided by √2 max ‖x‖, then √(½ − ‖x‖²) and √½ appended: (n, d) → (n, d + 2), unit rows.

    Lengths are kept apart, so parallel rows stay distinct.  With D the distance of two lifted points ρ = 1 − D²/2 ≥ 0,
    D is at least the scaled distance, and √(1 − ρ²) = D√(1 − D²/4) ≥ D/√2.
    Raises: ValueError when every row is zero.
    Source: Panigrahi, Shetty, Goyal (2020), section 2 (their separation claim holds up to that √2).

    >>> lift([[3.0, 4.0], [0.0, 0.0]]).round(4).tolist()
    [[0.4243, 0.5657, 0.0, 0.7071], [0.0, 0.0, 0.7071, 0.7071]]
    """
    x = np.asarray(x, dtype=float)
    largest = np.abs(x).max()
    if largest == 0:
        raise ValueError("at least one row must be non-zero to set the scale; every row holds only zeros.")
    x = x / largest
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    longest = lengths.max()
    # √(R² − ‖x‖²) as a product: the difference of squares would cancel for the longest rows.
    height = np.sqrt((longest - lengths) * (longest + lengths))
    base = np.full_like(lengths, longest)
    return np.hstack([x, height, base]) / (np.sqrt(2) * longest)


def lift_each(x, /):
    """Each row scaled by its own length before the lift: (x / ‖x‖, 0, 1) / √2.

    The per-point reading of the same preprocessing: ρ becomes ½(1 + ρ), lengths are lost, opposite rows end orthogonal.
    Source: Panigrahi, Shetty, Goyal (2020), section 2, whose "renormalise each x_i" allows both readings.

    >>> lift_each([[0.0, 2.0]]).round(4).tolist()
    [[0.0, 0.7071, 0.0, 0.7071]]
    """
    x = unit_rows(x)
    return np.hstack([x, np.zeros((len(x), 1)), np.ones((len(x), 1))]) / np.sqrt(2)


ONTO_SPHERE = {"normalise": unit_rows, "lift": lift, "lift_each": lift_each}
"""The maps that `to_sphere` may name."""


def onto_sphere(x, name):
    """`x` mapped by the member of ONTO_SPHERE called `name`."""
    if name not in ONTO_SPHERE:
        raise ValueError(f"to_sphere must be one of {', '.join(map(repr, ONTO_SPHERE))}; got {name!r}.")
    return ONTO_SPHERE[name](x)


def name_rows(rows, shown=3):
    """'row 4 holds', or 'rows 1, 2, 3 (5 in all) hold': the start of a message about some rows."""
    rows = [int(row) for row in rows]
    if len(rows) == 1:
        return f"row {rows[0]} holds"
    total = f" ({len(rows)} in all)" if len(rows) > shown else ""
    return f"rows {', '.join(map(str, rows[:shown]))}{total} hold"
