"""What ntkit's kernels cost: a 2000 × 2000 NNGP and NTK at two depths, the import, the first use of every activation.

    python benchmarks/bench_kernels.py [--points 2000] [--repeats 5]

Targets (DESIGN.md): any depth < 1 s on two cores, depth 50 within 1.3 times depth 5, import < 0.5 s,
a change of activation < 0.1 s.
"""

import argparse
import statistics
import subprocess
import sys

import numpy as np
from timing import median_seconds, seconds, table, verdict

import ntkit as nk

SHALLOW, DEEP = 5, 50
LARGEST_RATIO = 1.3
MOST_SECONDS = 1.0
MOST_IMPORT_SECONDS = 0.5
MOST_FIRST_USE_SECONDS = 0.1
PARAMETERS = {"hermite": {"k": 3}, "polynomial": {"coefficients": [0.5, -1.0, 0.25, 0.3]}, "relu_power": {"r": 2}}
TIMED_IMPORT = "import time; t = time.perf_counter(); import ntkit; print(time.perf_counter() - t)"


def points_on_the_sphere(count: int, dimension: int = 10) -> np.ndarray:
    x = np.random.default_rng(0).standard_normal((count, dimension))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def kernels_table(count: int, repeats: int) -> str:
    """NNGP and NTK together, from an activation whose dual is already there."""
    x, rows = points_on_the_sphere(count), []
    for name in ("relu", "tanh", "normrelu"):
        sigma = nk.activation(name).normalized()
        nets = [nk.mlp(depth=depth, activation=sigma) for depth in (SHALLOW, DEEP)]
        shallow, deep = (median_seconds(lambda net=net: net.kernels(x), repeats) for net in nets)
        met = deep < MOST_SECONDS and deep < LARGEST_RATIO * shallow
        rows.append((name, f"{shallow:.3f} s", f"{deep:.3f} s", f"{deep / shallow:.2f}", verdict(met)))
    return table((f"{count} points", f"depth {SHALLOW}", f"depth {DEEP}", "ratio", "target"), rows)


def import_line(repeats: int) -> str:
    command = [sys.executable, "-c", TIMED_IMPORT]
    times = [float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(repeats)]
    median = statistics.median(times)
    return f"import ntkit: {median:.3f} s  {verdict(median < MOST_IMPORT_SECONDS)}"


def first_use(name: str) -> None:
    nk.activation(name, **PARAMETERS.get(name, {})).normalized().dual(0.5)


def first_use_table() -> str:
    """Normalising an activation and building its dual, from nothing."""
    first_use("identity")  # loads what every activation needs
    times = {name: seconds(lambda name=name: first_use(name)) for name in nk.catalogue() if name != "identity"}
    rows = [
        (name, f"{1e3 * t:.1f} ms", verdict(t < MOST_FIRST_USE_SECONDS))
        for name, t in sorted(times.items(), key=lambda item: -item[1])
    ]
    return table(("activation", "first use", "target"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(import_line(options.repeats), end="\n\n")
    print(first_use_table(), end="\n\n")
    print(kernels_table(options.points, options.repeats))


if __name__ == "__main__":
    main()
