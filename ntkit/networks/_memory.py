"""What an empirical kernel will take in memory, and its refusal, with a call that fits, before anything is spent."""

from dataclasses import dataclass

import torch

from ntkit.memory import available_memory, readable_size
from ntkit.networks._tensors import Size

_MATRIX_COPIES = 4  # the kernel, the sum over layers, and the two factors of one layer


@dataclass(frozen=True)
class Demand:
    """A kernel to be computed: rows × columns, between the same rows where symmetric, of a module of this size."""

    method: str
    rows: int
    columns: int
    symmetric: bool
    size: Size
    itemsize: int

    def blocks(self, chunk):
        """Rows whose gradients are held at once, and those of the largest block: (held, largest)."""
        left, right = min(chunk or self.rows, self.rows), min(chunk or self.columns, self.columns)
        return (left if self.symmetric and left == self.rows else left + right), max(left, right)


def estimate(compute, demand, chunk):
    """Bytes at the peak: what the method holds, and the matrices."""
    matrices = _MATRIX_COPIES * demand.rows * demand.columns
    return demand.itemsize * (compute.numbers_at_once(demand, chunk) + matrices)


def require_memory(compute, demand, chunk, device):
    """MemoryError with the estimate, what is free, and a chunk that fits; passes where the free memory is not known."""
    needed, free = estimate(compute, demand, chunk), free_memory(device)
    if free is None or needed <= free:
        return
    raise MemoryError(
        f"this kernel by method='{demand.method}' with chunk={chunk} takes about {readable_size(needed)}, and "
        f"{readable_size(free)} are free on {device}. {_what_fits(compute, demand, chunk, free)}"
    )


def free_memory(device):
    """Bytes that are free on the device, or None where that is not known."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else available_memory()


def _what_fits(compute, demand, chunk, free):
    """The largest power of two of rows at a time that takes at most half of what is free, as a call."""
    most = chunk or max(demand.rows, demand.columns)
    for power in range((most - 1).bit_length() - 1, -1, -1):
        needed = estimate(compute, demand, 2**power)
        if needed <= free / 2:
            return f"With method='{demand.method}', chunk={2**power} it takes {readable_size(needed)}."
    return "No chunk makes it fit: take fewer rows, or its products with vectors, ntk_vector_product."
