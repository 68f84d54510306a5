"""How much memory is free, and whether a matrix fits into it.

A kernel matrix of n points holds n² numbers.  What will not fit is refused before it is started, with its size
and with the way that works through it in blocks.
"""

import math
import os
from pathlib import Path

BLOCKWISE = "Work through it in blocks of rows: `for rows, part in nk.kernels.blocks(net, x): …`."

_CONTROL_GROUPS = (  # limit, usage, statistics and the name in them of what can be dropped: version 2, version 1
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file"),
)


def memory_needed(shape, *, copies=1, itemsize=8):
    """Bytes of `copies` dense matrices of that shape: (rows, columns), or n for n × n.

    >>> memory_needed(2000)
    32000000
    """
    rows, columns = _rows_and_columns(shape)
    return copies * itemsize * rows * columns


def available_memory():
    """Bytes that this process may still take, or None where the system does not say.

    The smaller of what the machine has free (what it only caches counts as free) and what the process's control
    group leaves of its limit.
    """
    known = [free for free in (_machine_free(), _control_group_free()) if free is not None]
    return min(known) if known else None


def ensure_fits(shape, *, copies=1, itemsize=8, free=None, instead=BLOCKWISE):
    """Refuse work on dense matrices that would not fit in memory, before any of them is allocated.

    Parameters: shape of one matrix, (rows, columns) or n for n × n; copies, how many of them the work holds at once;
    itemsize, bytes a number; free, the bytes there are (`available_memory()` where left out; give a GPU's own figure
    for work on one); instead, the sentence that says what to do.
    Raises: MemoryError with the size, what is free, and `instead`.  Passes where the free memory is not known.

    >>> ensure_fits(2000, copies=3)
    """
    needed = memory_needed(shape, copies=copies, itemsize=itemsize)
    free = available_memory() if free is None else free
    if free is None or needed <= free:
        return
    rows, columns = _rows_and_columns(shape)
    raise MemoryError(
        f"{copies} dense {rows} × {columns} {'matrix takes' if copies == 1 else 'matrices take'} "
        f"{readable_size(needed)}, and {readable_size(free)} are free. {instead}"
    )


def readable_size(size):
    """A number of bytes in the largest binary unit that it fills.

    >>> readable_size(3 * 2**29)
    '1.5 GiB'
    """
    units = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
    power = min(int(math.log2(max(size, 1)) // 10), len(units) - 1)
    return f"{size / 1024**power:.4g} {units[power]}"


def _rows_and_columns(shape):
    return shape if isinstance(shape, tuple) else (shape, shape)


def _machine_free():
    """MemAvailable on Linux; elsewhere the physical pages, free ones where the system counts them."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return _free_pages()
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), None)


def _free_pages():
    names = getattr(os, "sysconf_names", {})
    pages = next((name for name in ("SC_AVPHYS_PAGES", "SC_PHYS_PAGES") if name in names), None)
    return os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE") if pages else None


def _control_group_free(root=Path("/sys/fs/cgroup")):
    """What the limit of this process's control group leaves, file cache counted as free; None without a limit."""
    for limit, usage, statistics, droppable in _CONTROL_GROUPS:
        if (root / limit).exists():
            allowed = (root / limit).read_text().strip()
            cached = dict(line.split() for line in (root / statistics).read_text().splitlines())
            used = int((root / usage).read_text()) - int(cached[droppable])
            return None if allowed == "max" else int(allowed) - used
    return None
