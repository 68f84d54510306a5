"""What a moving slider of the lab costs in Python: from the change to new curves in every panel that shows it.

    python benchmarks/bench_lab.py [--points 48]

The lab runs in an event loop, as in a notebook: a change draws what is quick at once (the first two columns) and
completes the picture when the reader pauses (the last column, the time of all panels together).
Targets (DESIGN.md): depth or δ slider < 16 ms, a change of activation < 100 ms.
"""

import argparse
import asyncio
import os
import statistics
from dataclasses import dataclass

from timing import seconds, table, verdict

import ntkit as nk

SLIDER_SECONDS, ACTIVATION_SECONDS = 0.016, 0.1
DEPTHS = (33, 34, 35, 37, 39, 41, 43, 40, 36, 31, 27, 22, 16, 12, 9)
DELTAS = (0.055, 0.06, 0.07, 0.08, 0.09, 0.1, 0.08, 0.06, 0.045, 0.035, 0.025, 0.018, 0.012)
ACTIVATIONS = ("tanh", "gelu", "elu", "erf", "selu", "swish", "hardtanh", "leaky_relu(slope=0.3)", "mish", "softplus")


@dataclass(frozen=True)
class Movement:
    """A setting and the values that it goes through; `pausing` waits for the complete picture after each."""

    setting: str
    values: tuple
    budget: float
    pausing: bool = False


MOVEMENTS = (
    Movement("depth", DEPTHS, SLIDER_SECONDS),
    Movement("delta", DELTAS, SLIDER_SECONDS),
    Movement("c", (-1.5, -1.4, -1.2, -1.0, -0.8, -0.5), SLIDER_SECONDS),
    Movement("activation", ACTIVATIONS, ACTIVATION_SECONDS, pausing=True),
)


def row(lab, movement, times, complete):
    """One line of the table."""
    median = statistics.median(times)
    cells = (median, max(times), movement.budget, statistics.median(complete))
    return (
        f"{movement.setting} ({lab.data})",
        *(f"{1e3 * cell:.1f} ms" for cell in cells[:3]),
        verdict(median < movement.budget),
        f"{1e3 * cells[3]:.0f} ms",
    )


async def move(lab, movement):
    """Times of the quick pictures and of completing them, in seconds."""
    times, complete = [], []
    for value in movement.values:
        times.append(seconds(lambda value=value: setattr(lab, movement.setting, value)))
        if movement.pausing:
            complete.append(seconds(lambda: draw_completely(lab)))
            await settle()
    complete.append(seconds(lambda: draw_completely(lab)))
    await settle()
    return times, complete


def draw_completely(lab):
    for panel in lab.panels.values():
        panel.picture()


async def settle():
    """Let the pause of the lab pass, and with it all that it put off."""
    await asyncio.sleep(0.5)


async def measured(points):
    """Rows for points made to a separation, and for real data, whose separation is not chosen."""
    rows = []
    for data in ("sphere", "digits"):
        lab = nk.lab(data=data, n=points)
        await settle()
        lab.depth, lab.activation = 30, "sigmoid"  # what only the very first change pays for
        await settle()
        lab.reset()
        await settle()
        for movement in MOVEMENTS:
            if movement.setting != "delta" or lab.bench.delta_is_chosen:
                rows.append(row(lab, movement, *await move(lab, movement)))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=48)
    options = parser.parse_args()
    os.environ["NTKIT_STRICT"] = "0"  # in strict mode nothing is put off
    rows = asyncio.run(measured(options.points))
    header = (f"change, {options.points} points", "median", "worst", "budget", "target", "complete")
    print(table(header, rows))


if __name__ == "__main__":
    main()
