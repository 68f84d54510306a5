"""A sweep of small models on the cores of this machine against running them one after another, side by side in one run.

The same trials on the digits, in turns: by a plain loop of `run` with all of torch's threads; by `sweep` in this
process; by `sweep` on its own cluster, the start of its processes counted; by `sweep` on a cluster that is there.
The ratio is the time of the plain loop over that of each.

    python benchmarks/bench_sweep.py [--workers 2] [--trials 16] [--epochs 40] [--repeats 3]
"""

import argparse
import os
import statistics
import tempfile

import torch
from timing import seconds, table

from ntkit.experiments import Recipe, fully_connected, grid, run, sweep
from ntkit.experiments.cluster import local_client


def main() -> None:
    arguments = _arguments()
    models = [fully_connected(4, 128, normalisation=name) for name in ("none", "batch", "layer", "layer_after")]
    trials = grid(models, "digits", Recipe(0.01, epochs=arguments.epochs), range(-(-arguments.trials // 4)))
    print(f"{len(trials)} trials, {arguments.workers} workers, torch {torch.__version__}, {os.cpu_count()} cores")
    with local_client(arguments.workers) as client:
        _sweep(trials[: arguments.workers], address=client)  # what is imported on first use
        ways = {
            f"one after another, {torch.get_num_threads()} threads": lambda: _one_by_one(trials),
            "sweep in this process, 1 thread": lambda: _sweep(trials, workers=0),
            "sweep on its own cluster": lambda: _sweep(trials, workers=arguments.workers),
            "sweep on a cluster that is there": lambda: _sweep(trials, address=client),
        }
        rounds = [{way: _told(way, train) for way, train in ways.items()} for _ in range(arguments.repeats)]
    first = next(iter(ways))
    rows = []
    for way in ways:
        ratio = statistics.median(times[first] / times[way] for times in rounds)
        rows.append((way, f"{statistics.median(times[way] for times in rounds):.1f} s", f"{ratio:.2f}x"))
    print(table(("", "median time", "ratio"), rows))


def _told(way, train) -> float:
    """The time of one way, told at once."""
    taken = seconds(train)
    print(f"{way}: {taken:.1f} s", flush=True)
    return taken


def _one_by_one(trials) -> None:
    for trial in trials:
        run(trial)


def _sweep(trials, **options) -> None:
    with tempfile.TemporaryDirectory() as folder:
        results = sweep(trials, folder, progress=lambda progress: None, **options)
    if results.failed or results.waiting:
        raise RuntimeError(f"every run must end; {results.outcome} {[*results.failed.values()]}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
