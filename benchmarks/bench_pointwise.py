"""Activations as layers of a network beside torch's own functions, forwards and backwards.

    python benchmarks/bench_pointwise.py [--rows 128] [--units 3000] [--device cpu]

"ReLU's" is a ratio to torch's ReLU on the same values; "its own" to torch's function of that name, where there is one;
"as defined" to the plain formula, nk.activation on tensors.  NormReLU scales and shifts beside what ReLU does.
Targets: torch's own functions at torch's speed (ratio below 1.1), NormReLU no slower than torch's SELU (and twice as
fast as its formula).  Times are of the processor, which a busy machine lengthens less than those of the clock.
"""

import argparse
import time
from collections.abc import Callable

import torch
from timing import table, verdict
from torch.nn import functional

import ntkit as nk
from ntkit.experiments.pointwise import Pointwise

MOST_RATIO = 1.1
TORCHS_OWN = {
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "selu": functional.selu,
    "elu": functional.elu,
    "gelu": functional.gelu,
    "swish": functional.silu,
    "tanh": torch.tanh,
}


def activations() -> list[nk.Activation]:
    shifted = [nk.normrelu(), nk.activation("relu").normalized(), nk.activation("gelu").normalized()]
    others = [nk.activation("gaussian"), nk.Activation("x + |x|³/2", lambda x: x + 0.5 * abs(x) ** 3)]
    return [*map(nk.activation, TORCHS_OWN), *shifted, *others]


def pass_over(function: Callable, options: argparse.Namespace) -> Callable:
    """Forwards and backwards through the function, on normal values."""
    generator = torch.Generator().manual_seed(0)
    shape = (options.rows, options.units)
    x = torch.randn(shape, generator=generator).to(options.device).requires_grad_()
    upstream = torch.randn(shape, generator=generator).to(options.device)

    def run():
        torch.autograd.grad(function(x), x, upstream)
        if options.device != "cpu":
            torch.cuda.synchronize()

    return run


def side_by_side(functions: list[Callable], options: argparse.Namespace) -> list[float]:
    """Seconds of each, the least of rounds in which all take their turns."""
    clock = time.process_time if options.device == "cpu" else time.perf_counter
    runs = [pass_over(function, options) for function in functions]

    def seconds(run):
        start = clock()
        for _ in range(options.repeats):
            run()
        return (clock() - start) / options.repeats

    rounds = [[seconds(run) for run in runs] for _ in range(options.rounds)]
    return [min(column) for column in zip(*rounds, strict=True)]


def row(sigma: nk.Activation, options: argparse.Namespace) -> tuple[str, ...]:
    own = TORCHS_OWN.get(sigma.name)
    functions = [Pointwise(sigma), functional.relu, functional.selu, sigma, *([own] if own else [])]
    ours, relu, selu, formula, *theirs = side_by_side(functions, options)
    cells = [f"{ours / relu:.2f}", f"{ours / theirs[0]:.2f}" if own else "", f"{ours / formula:.2f}"]
    if own:
        cells.append(verdict(ours / theirs[0] < MOST_RATIO))
    elif sigma == nk.normrelu():
        cells.append(verdict(ours < selu and ours < formula / 2))
    return sigma.name, f"{1e6 * ours:.0f} µs", *cells, *[""] * (4 - len(cells))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=128)
    parser.add_argument("--units", type=int, default=3000)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(1)
    title = f"{options.rows} × {options.units}, forwards and backwards"
    rows = [row(sigma, options) for sigma in activations()]
    print(table((title, "time", "ReLU's", "its own", "as defined", "target"), rows))


if __name__ == "__main__":
    main()
