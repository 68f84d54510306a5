"""ntkit and neural-tangents side by side: the time of an NNGP and an NTK matrix, and the error of both against mpmath.

    python benchmarks/bench_against_neural_tangents.py --neural-tangents-python path/to/its/python

neural-tangents 0.6.5 needs an environment of its own (tests/reference/make_neural_tangents.py says how to make it), so
its side runs in a subprocess.  Both compute in float64 on the same unit-norm inputs, the jit warm; two of the points
are only 1e-4 apart.  Targets: 10 times faster on closed-form ReLU of depth 50, 300 times on numerical tanh of depth 10.
neural-tangents is jitted in the way that is fastest there: tanh is tried both whole and layer by layer; a whole ReLU
network of depth 50 takes ten times as long as its layers one by one, so it is only run so.
Errors are relative to the largest entry, over the entries among the first four points.

Convolutional networks on real images have no such oracle here: the error is the difference of the two sides.  Behind
an average over pixels every pair of pixels has a kernel of its own, and fused closed forms are what neural-tangents is
best at; no target is set there.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import sklearn.datasets
from timing import median_seconds, seconds, table, verdict

import ntkit as nk

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "reference"))

import mpmath as mp
from exact_networks import deep_kernels

SIDE = Path(__file__).with_name("neural_tangents_side.py")
CHECKED = 4


@dataclass(frozen=True)
class Case:
    """One comparison: the network, the number of points, the repeats of either side, the ways that theirs is jitted."""

    activation: str
    depth: int
    weight_std: float
    points: int
    repeats: int
    their_repeats: int
    target: float
    ways: tuple[str, ...]
    pooling: str | None = None  # of a convolutional network on images; None: fully connected, on unit rows


def images(count: int) -> np.ndarray:
    """Handwritten digits of 8 × 8 pixels."""
    return sklearn.datasets.load_digits().images[:count, None] / 16


def unit_inputs(count: int, dimension: int = 10) -> np.ndarray:
    """Random unit vectors, the second of them at distance about 1e-4 from the first."""
    x = np.random.default_rng(0).standard_normal((count, dimension))
    x[1] = x[0] + 1e-4 * x[1]
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def theirs(case: Case, x: np.ndarray, python: str) -> tuple[dict, dict]:
    """Times and matrices of neural-tangents."""
    with tempfile.TemporaryDirectory() as folder:
        files = {"inputs": f"{folder}/x.npy", "outputs": f"{folder}/kernels.npz", "request": f"{folder}/request.json"}
        np.save(files["inputs"], x)
        request = {
            "activation": case.activation,
            "depth": case.depth,
            "weight_std": case.weight_std,
            "pooling": case.pooling,
            "repeats": case.their_repeats,
            "ways": case.ways,
            "inputs": files["inputs"],
            "outputs": files["outputs"],
        }
        Path(files["request"]).write_text(json.dumps(request))
        reply = subprocess.run([python, "-W", "ignore", str(SIDE), files["request"]], capture_output=True, text=True)
        if reply.returncode:
            raise RuntimeError(f"the neural-tangents side must run under {python}; it ended with\n{reply.stderr}")
        return json.loads(reply.stdout.splitlines()[-1]), dict(np.load(files["outputs"]))


def ours(case: Case, x: np.ndarray) -> tuple[dict, dict]:
    """Times and matrices of ntkit."""
    build = nk.mlp if case.pooling is None else partial(nk.cnn, pooling=case.pooling)
    net = build(depth=case.depth, activation=nk.activation(case.activation), weight_std=case.weight_std)
    first = seconds(lambda: net.kernels(x))
    warm = median_seconds(lambda: net.kernels(x), case.repeats)
    kernels = net.kernels(x)
    return {"first": first, "warm": warm}, {"nngp": kernels.nngp, "ntk": kernels.ntk}


def largest_error(matrix: np.ndarray, exact: list) -> float:
    """Over the checked entries, relative to the largest of them."""
    scale = max(abs(entry) for line in exact for entry in line)
    differences = [abs(mp.mpf(float(matrix[i, j])) - exact[i][j]) for i in range(len(exact)) for j in range(len(exact))]
    return float(max(differences) / scale)


def errors_by_mpmath(case: Case, x: np.ndarray, sides: dict) -> dict:
    with mp.workdps(25):
        nngp, ntk = deep_kernels(case.activation, x[:CHECKED], case.depth, case.weight_std)
        return {
            who: (largest_error(kernels["nngp"], nngp), largest_error(kernels["ntk"], ntk))
            for who, (_, kernels) in sides.items()
        }


def differences(case: Case, x: np.ndarray, sides: dict) -> dict:
    (_, first), (_, second) = sides.values()
    found = tuple(np.abs(first[name] - second[name]).max() / np.abs(second[name]).max() for name in ("nngp", "ntk"))
    return dict.fromkeys(sides, found)


def compare(case: Case, python: str) -> list[tuple[str, ...]]:
    x = images(case.points) if case.pooling else unit_inputs(case.points)
    sides = {"neural-tangents": theirs(case, x, python), "ntkit": ours(case, x)}
    errors = (differences if case.pooling else errors_by_mpmath)(case, x, sides)
    ratio = sides["neural-tangents"][0]["warm"] / sides["ntkit"][0]["warm"]
    kind = f"convolutional, {case.pooling}, " if case.pooling else ""
    goal = f"{case.target:.0f}x {verdict(ratio >= case.target)}" if case.target else "none set"
    rows = []
    for who, (times, _) in sides.items():
        what = f"{kind}{case.activation}, depth {case.depth}, n = {case.points}: {who}"
        cells = [f"{times['first']:.3f} s", f"{times['warm']:.4f} s", *(f"{error:.1e}" for error in errors[who])]
        rows.append((what, *cells, *([f"{ratio:.3g}x", goal] if who == "ntkit" else ["", ""])))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neural-tangents-python", required=True, help="the interpreter that has neural-tangents")
    parser.add_argument("--relu-points", type=int, nargs="*", default=[500, 1000, 2000])
    parser.add_argument("--tanh-points", type=int, nargs="*", default=[300])
    options = parser.parse_args()
    cases = [Case("relu", 50, float(np.sqrt(2)), n, 7, 3, 10, ("layer by layer",)) for n in options.relu_points]
    ways = ("layer by layer", "whole network")
    cases += [Case("tanh", 10, 1.0, n, 7, 2, 300, ways) for n in options.tanh_points]
    for sigma, points, pooling in (
        ("relu", 200, "flatten"),
        ("erf", 100, "flatten"),
        ("relu", 20, "average"),
        ("erf", 20, "average"),
        ("tanh", 20, "flatten"),
    ):
        cases.append(Case(sigma, 3, 1.5, points, 3, 3, 0, ("whole network",), pooling))
    header = ("", "first call", "warm", "NNGP error", "NTK error", "speed-up", "target")
    rows = [row for case in cases for row in compare(case, options.neural_tangents_python)]
    print(table(header, rows))


if __name__ == "__main__":
    main()
