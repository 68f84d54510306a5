"""What a training run computes on: the device, its precision, and what makes it repeatable there."""

import os
import platform
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import torch

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("float32", "bfloat16", "float16")
_HALVES = {"bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Machine:
    """Where and how a run computes.

    device: "auto" takes the GPU where there is one; also "cpu", "cuda", "cuda:1".  precision: "float32", or "bfloat16"
    or "float16" for automatic mixed precision (weights stay in float32; float16 scales its gradients and needs a GPU).
    compile: whether torch.compile makes the steps of training, or the name of one of its backends; worth its minutes in
    long runs on a GPU.
    Raises: ValueError for a device that is not there and for another precision.

    >>> Machine("cpu").name != "", Machine("cpu").torch_device
    (True, device(type='cpu'))
    """

    device: str = "auto"
    precision: str = "float32"
    compile: bool | str = False

    def __post_init__(self):
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}; got {self.precision!r}.")
        device = "cuda" if self.device == "auto" and torch.cuda.is_available() else self.device
        object.__setattr__(self, "device", "cpu" if device == "auto" else str(device))
        kind = self.torch_device.type
        if kind == "cuda" and not torch.cuda.is_available():
            raise ValueError(
                f"device {self.device!r} must be present; torch {torch.__version__} finds no GPU. Use device='auto'."
            )
        if kind not in ("cpu", "cuda"):
            raise ValueError(f"device must be 'auto', 'cpu', 'cuda' or one of several such as 'cuda:1'; got {kind!r}.")
        if self.precision == "float16" and kind != "cuda":
            raise ValueError("precision 'float16' needs a GPU, since its gradients are scaled there. Use 'bfloat16'.")

    @property
    def torch_device(self):
        """The torch.device."""
        try:
            return torch.device(self.device)
        except RuntimeError as error:
            raise ValueError(f"device must be one of {', '.join(DEVICES)}; got {self.device!r}.") from error

    @property
    def name(self):
        """The name of the device as its maker calls it."""
        if self.torch_device.type == "cuda":
            return torch.cuda.get_device_name(self.torch_device)
        return f"{_processor()}, {torch.get_num_threads()} threads" if torch.get_num_threads() > 1 else _processor()

    def autocast(self):
        """The context in which a network computes."""
        half = _HALVES.get(self.precision)
        return torch.autocast(self.torch_device.type, dtype=half) if half else nullcontext()

    def scaler(self):
        """What scales the gradients; it does nothing but in float16."""
        return torch.amp.GradScaler(self.torch_device.type, enabled=self.precision == "float16")

    def compiled(self, module):
        """The module as it is trained."""
        if not self.compile:
            return module
        return torch.compile(module, backend="inductor" if self.compile is True else self.compile)


@contextmanager
def repeatable(device):
    """Inside, the same seed gives the same run on this device: on a GPU only algorithms without races are used.

    >>> with repeatable(torch.device("cpu")):
    ...     pass
    """
    if device.type != "cuda":
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    backend = torch.backends.cudnn
    before = torch.are_deterministic_algorithms_enabled(), backend.deterministic, backend.benchmark
    torch.use_deterministic_algorithms(True)
    backend.deterministic, backend.benchmark = True, False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        _, backend.deterministic, backend.benchmark = before


def _processor():
    """The processor's name, from the system's own list where it keeps one."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
