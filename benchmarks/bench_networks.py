"""The methods for an empirical neural tangent kernel side by side: time, memory and agreement; and a training step.

    python benchmarks/bench_networks.py [--width 512] [--depth 8] [--points 64] [--device cpu]

Every method computes the same n × n kernel of a ReLU network.  Ratios are to the default for such networks, layer by
layer; errors are from the Jacobians' matrix in float64, relative to its largest entry; memory is what `estimate_memory`
says.  Targets: layer by layer at least 10 times faster than Jacobians; float64 methods agree to 1e-10, float32 to 5e-6.
"""

import argparse

import numpy as np
import torch
from timing import median_seconds, table, verdict

import ntkit as nk
from ntkit import networks
from ntkit.memory import readable_size

LEAST_RATIO = 10
MOST_ERROR = {torch.float64: 1e-10, torch.float32: 5e-6}
METHODS = ("layerwise", "jacobian", "products")
STEPS = 10


def network(options: argparse.Namespace, dtype: torch.dtype) -> torch.nn.Module:
    net = nk.mlp(options.depth, nk.activation("relu").normalized())
    return net.module(20, options.width, seed=0, dtype=dtype, device=options.device)


def kernels_table(options: argparse.Namespace, dtype: torch.dtype, x: np.ndarray, reference: np.ndarray) -> str:
    """One row a method, and one for a single product with a vector."""
    module = network(options, dtype)
    times, rows = {}, []
    for method in METHODS:
        kernel = networks.empirical_ntk(module, x, method=method)
        error = np.abs(kernel - reference).max() / np.abs(reference).max()
        times[method] = median_seconds(
            lambda method=method: networks.empirical_ntk(module, x, method=method), options.repeats
        )
        memory = readable_size(networks.estimate_memory(module, x, method=method))
        met = error < MOST_ERROR[dtype] and (method != "jacobian" or times[method] > LEAST_RATIO * times["layerwise"])
        rows.append((method, *time_cells(times[method], times["layerwise"]), memory, f"{error:.1e}", verdict(met)))
    vector = np.ones(len(x))
    product = median_seconds(lambda: networks.ntk_vector_product(module, x, vector), options.repeats)
    rows.append(("one product with a vector", *time_cells(product, times["layerwise"]), "", "", ""))
    title = f"{len(x)} × {len(x)}, {options.depth} × {options.width}, {str(dtype).removeprefix('torch.')}"
    return table((title, "time", "ratio", "memory", "error", "target"), rows)


def time_cells(time: float, unit: float) -> tuple[str, str]:
    return f"{1e3 * time:.1f} ms", f"{time / unit:.1f}"


def training_table(options: argparse.Namespace, points: nk.data.Dataset) -> str:
    """Milliseconds a step of full-batch gradient descent."""
    rows = []
    for dtype in (torch.float32, torch.float64):
        for layers in ("all", "top"):
            module = network(options, dtype)
            networks.train(module, points.x, points.y, STEPS, 1e-6, layers=layers)
            run = networks.train(module, points.x, points.y, STEPS, 1e-6, layers=layers)
            rows.append((f"{layers}, {str(dtype).removeprefix('torch.')}", f"{1e3 * run.seconds / STEPS:.2f} ms"))
    return table((f"training step, n = {points.n}", "time"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--depth", type=int, default=8)
    parser.add_argument("--points", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    points = nk.data.sphere(options.points, dim=20)
    reference = networks.empirical_ntk(network(options, torch.float64), points.x, method="jacobian", chunk=16)
    for dtype in (torch.float64, torch.float32):
        print(kernels_table(options, dtype, points.x, reference), end="\n\n")
    print(training_table(options, points))


if __name__ == "__main__":
    main()
