"""Time and peak memory of `nk.data.geometry` on 10⁴ rows: digits' size, MNIST's, and CIFAR-10's after the lift.

    python benchmarks/bench_data_report.py

Each runs in a process of its own, whose peak the system counts; the share is that of 1 GB.
"""

import subprocess
import sys
import time

ROWS = 10_000
DIMS = {"digits": 66, "MNIST": 786, "CIFAR-10": 3074}
_REPORT = """
import numpy as np, ntkit as nk
x = np.random.default_rng(0).standard_normal(({rows}, {dim}))
x /= np.linalg.norm(x, axis=1, keepdims=True)
nk.data.geometry(x)
print(next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def peak_and_seconds(dim):
    """Peak of the process in kibibytes, and how long it took."""
    started = time.perf_counter()
    code = _REPORT.format(rows=ROWS, dim=dim)
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return int(told), time.perf_counter() - started


def main():
    for name, dim in DIMS.items():
        peak, seconds = peak_and_seconds(dim)
        share = peak * 1024 / 1e9
        print(f"{name}: {ROWS} rows of {dim}, peak {peak / 1024:.0f} MiB, {share:.2f} of 1 GB; {seconds:.0f} s")


if __name__ == "__main__":
    main()
