"""What Du's population Gram matrices cost over depth once the duals are known: vectors, and images.

    python benchmarks/bench_depth_gram.py [--repeats 3]

Target: 8 depths up to 32 of 8 vectors in less than a second.
"""

import argparse

import numpy as np
from timing import median_seconds, table, verdict

import ntkit as nk

DEPTHS = (2, 3, 4, 6, 8, 16, 24, 32)
MOST_SECONDS = 1.0


def vectors_table(repeats: int) -> str:
    rows = []
    for name in ("softplus", "tanh", "relu"):
        sigma = nk.activation(name)
        sets = [nk.data.sphere(n, seed=0).x for n in (8, 200)]
        few, many = (median_seconds(lambda x=x, s=sigma: nk.gram.gram_by_depth(s, x, DEPTHS), repeats) for x in sets)
        rows.append((name, f"{few:.2f} s", f"{many:.2f} s", f"{many / few:.1f}", verdict(few < MOST_SECONDS)))
    return table((f"{len(DEPTHS)} depths, vectors", "n = 8", "n = 200", "ratio", "target"), rows)


def images_table(repeats: int) -> str:
    rows = []
    for name in ("softplus", "relu"):
        sigma, times = nk.activation(name), []
        for pixels in (4, 8):
            images = np.random.default_rng(0).standard_normal((6, 2, pixels))
            images /= np.linalg.norm(images, axis=(1, 2), keepdims=True)
            times.append(median_seconds(lambda x=images, s=sigma: nk.gram.convolutional_gram(s, x, 8), repeats))
        rows.append((name, *(f"{time:.2f} s" for time in times), f"{times[1] / times[0]:.1f}"))
    return table(("6 images, H = 8", "4 pixels", "8 pixels", "ratio"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    print(vectors_table(repeats), images_table(repeats), sep="\n\n")


if __name__ == "__main__":
    main()
