"""What a step of a two-layer network costs, up to the width 10⁶ of Panigrahi et al., Figure 1, and how much memory.

    python benchmarks/bench_two_layer.py [--widths 20000 1000000] [--points 10] [--steps 5]

Float32 and float64, hidden layer trained.  Each in a process of its own, whose peak the system counts; the share is
that of one array of points × width numbers.
"""

import argparse
import subprocess
import sys

_RUN = """
import sys, torch, ntkit as nk
name, width, points, steps, dtype = sys.argv[1], *map(int, sys.argv[2:5]), getattr(torch, sys.argv[5])
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
circle = nk.data.half_circle(points)
x = nk.data.span(circle.x).coordinates(circle.x)
sigma = nk.activation(name)
nk.gram.descend(nk.gram.two_layer(sigma, 2, 1000, dtype=dtype), x, circle.y, 2, 0.05)
before = peak()
run = nk.gram.descend(nk.gram.two_layer(sigma, 2, width, dtype=dtype), x, circle.y, steps, 0.05, record=steps)
print(run.seconds / (steps + 1), peak() - before)
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--widths", type=int, nargs="+", default=[20_000, 1_000_000])
    parser.add_argument("--points", type=int, default=10)
    parser.add_argument("--steps", type=int, default=5)
    asked = parser.parse_args()
    for name in ("relu", "tanh", "swish", "elu"):
        for width in asked.widths:
            for dtype, size in (("float32", 4), ("float64", 8)):
                arguments = map(str, (name, width, asked.points, asked.steps, dtype))
                told = subprocess.run(
                    [sys.executable, "-c", _RUN, *arguments], capture_output=True, text=True, check=True
                )
                seconds, grown = map(float, told.stdout.split())
                arrays = grown * 1024 / (size * asked.points * width)
                print(
                    f"{name} {dtype}, {asked.points} points, m = {width}: {1e3 * seconds:.1f} ms a step, "
                    f"{grown / 1024:.0f} MiB more, {arrays:.1f} arrays of n × m"
                )


if __name__ == "__main__":
    main()
