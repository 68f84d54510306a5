"""Write networks.json: exact NNGP and NTK matrices of deep networks, on inputs of any norm and on the unit sphere.

    python tests/reference/make_networks.py

The inputs hold what is hard in floating point: a pair 1e-6 apart, a parallel and a nearly antipodal one.  Closed forms
at two precisions that must agree.  Takes about a minute.
"""

import itertools
import json
from pathlib import Path

import mpmath as mp
import numpy as np
from exact_networks import PRODUCTS, kernels_of_any_norm

TABLE = Path(__file__).with_name("networks.json")
PRECISIONS = (40, 60)
AGREEMENT = mp.mpf(10) ** -18
DIGITS = 20
DEPTHS = (1, 3, 10, 50)
STANDARD_DEVIATIONS = ((1.0, 0.0), (1.2, 0.3))
ABOUT = {
    "made by": "tests/reference/make_networks.py, mpmath at 40 and 60 digits, agreeing to 18",
    "inputs": "float64, written so that they are read back exactly",
    "network": "hidden layers scaled by weight_std and bias_std, read-out by 1 and 0, NTK over all parameters",
}


def inputs() -> dict[str, np.ndarray]:
    """Five points in three dimensions: one, its near double, its multiple, near its opposite, and another."""
    point, across, other = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    near, opposite = point + 1e-6 * across, -point + 1e-3 * other
    x = np.array([point, near, point, opposite, 0.6 * point + 0.8 * other])
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    return {"unit": unit, "any": unit * np.array([[0.9], [0.9], [1.5], [0.7], [1.1]])}


def matrices(name, x, depth, weight_std, bias_std) -> dict[str, list]:
    results = []
    for digits in PRECISIONS:
        with mp.workdps(digits):
            results.append(kernels_of_any_norm(name, x, depth, weight_std, bias_std))
    for low, high in zip(*results, strict=True):
        for a, b in zip(itertools.chain(*low), itertools.chain(*high), strict=True):
            require_equal(f"{name}, depth {depth}", a, b, high[0][0])
    nngp, ntk = ([[mp.nstr(entry, DIGITS) for entry in line] for line in matrix] for matrix in results[-1])
    return {"nngp": nngp, "ntk": ntk}


def require_equal(what: str, first, second, scale) -> None:
    if abs(first - second) > AGREEMENT * max(abs(first), abs(scale)):
        raise AssertionError(f"{what}: two precisions must agree to 18 digits; got {first} and {second}")


def main() -> None:
    points, rows = inputs(), []
    for name in PRODUCTS:
        for depth in DEPTHS:
            for weight_std, bias_std in STANDARD_DEVIATIONS:
                for norms, x in points.items():
                    row = {"activation": name, "depth": depth, "weight_std": weight_std, "bias_std": bias_std}
                    rows.append(row | {"inputs": norms} | matrices(name, x, depth, weight_std, bias_std))
        print(name, flush=True)
    table = {"about": ABOUT, "inputs": {key: x.tolist() for key, x in points.items()}, "kernels": rows}
    TABLE.write_text(json.dumps(table, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
