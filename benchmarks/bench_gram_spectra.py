"""What the spectra of two-layer Gram matrices cost: infinite width in the plane and beyond it, and random networks.

    python benchmarks/bench_gram_spectra.py [--repeats 3]

Targets: 200 inputs in less than a second at infinite width, in less than five at a width of 10⁴.
"""

import argparse

from timing import median_seconds, table, verdict

import ntkit as nk

N, WIDTH = 200, 10_000
MOST_SECONDS, MOST_SECONDS_DRAWN = 1.0, 5.0
NAMES = ("relu", "elu", "tanh", "softplus")


def infinite_table(repeats: int) -> str:
    rows, sets = [], {"half circle": nk.data.half_circle(N).x}
    sets |= {f"sphere, d = {dim}": nk.data.sphere(N, dim=dim).x for dim in (3, 10, 100)}
    for name in NAMES:
        sigma = nk.activation(name)
        times = [
            median_seconds(lambda x=x, s=sigma: nk.gram.population_eigenvalues(x, s), repeats) for x in sets.values()
        ]
        rows.append((name, *(f"{time:.2f} s" for time in times), verdict(max(times) < MOST_SECONDS)))
    return table((f"infinite width, n = {N}", *sets, "target"), rows)


def drawn_table(repeats: int) -> str:
    rows, sets = [], {f"d = {dim}": nk.data.sphere(N, dim=dim).x for dim in (3, 10, 150)}
    for name in NAMES:
        sigma = nk.activation(name)
        times = [
            median_seconds(lambda x=x, s=sigma: nk.gram.finite_eigenvalues(x, s, WIDTH), repeats) for x in sets.values()
        ]
        rows.append((name, *(f"{time:.2f} s" for time in times), verdict(max(times) < MOST_SECONDS_DRAWN)))
    return table((f"width {WIDTH}, n = {N}", *sets, "target"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    print(infinite_table(repeats))
    print()
    print(drawn_table(repeats))


if __name__ == "__main__":
    main()
