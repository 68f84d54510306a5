"""Timing and printing, shared by the benchmarks."""

import statistics
import time
from collections.abc import Callable


def seconds(function: Callable) -> float:
    """Wall-clock time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def median_seconds(function: Callable, repeats: int) -> float:
    """Median wall-clock time of `repeats` calls, after one that is not counted."""
    function()
    return statistics.median(seconds(function) for _ in range(repeats))


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Columns aligned: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]

    def line(cells):
        first, *others = (
            cell.ljust(width) if k == 0 else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join([first, *others])

    return "\n".join([line(header), "-" * len(line(header)), *map(line, rows)])


def verdict(met: bool) -> str:
    return "met" if met else "MISSED"
