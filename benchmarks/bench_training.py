"""Training speed: ntkit's trainer against a plain PyTorch loop written for one model, side by side in one run.

For each model samples per second of both loops, measured in turns on the same batches' sizes, and their ratio, whose
target is at least 0.95; on a GPU also what torch.compile and mixed precision change, against the plain loop compiled
by torch.compile in the same precision.

    python benchmarks/bench_training.py [--device cuda] [--seconds 6] [--compile]
"""

import argparse
import itertools
import statistics
import time

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

import ntkit as nk
from ntkit.experiments import Recipe, Trial, fully_connected, resnet, run
from ntkit.experiments.machine import Machine

TARGET = 0.95
NORMRELU = nk.normrelu(-1.5975)


def main():
    arguments = _arguments()
    machine = Machine(arguments.device)
    print(f"{machine.name}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    print(f"{'model':34}{'precision':>10}{'ntkit /s':>12}{'plain /s':>12}{'ratio':>8}")
    worst = np.inf
    for precision, compile in _ways(machine, arguments):
        for label, model, plain, shape in _cases(machine):
            ours, theirs = _compared(model, plain, shape, Machine(arguments.device, precision, compile), arguments)
            worst = min(worst, ours / theirs)
            way = f"{precision}{' compiled' if compile else ''}"
            print(f"{label:34}{way:>10}{ours:12.0f}{theirs:12.0f}{ours / theirs:8.2f}")
    print(f"worst ratio {worst:.2f}, target at least {TARGET}")


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each loop, for each model")
    parser.add_argument("--compile", action="store_true", help="compile on the CPU as well")
    return parser.parse_args()


def _ways(machine, arguments):
    """(precision, whether compiled) to compare in."""
    if machine.torch_device.type == "cuda":
        return [(precision, compile) for precision in ("float32", "bfloat16") for compile in (False, True)]
    return [("float32", compile) for compile in ((False, True) if arguments.compile else (False,))]


def _cases(machine):
    """(label, our model, the same by hand, shape of an image): the paper's on a GPU, narrower ones elsewhere."""
    on_gpu = machine.torch_device.type == "cuda"
    width, image = (3000, (3, 32, 32)) if on_gpu else (256, (1, 8, 8))
    inputs = int(np.prod(image))
    yield (
        f"FC-32, {width} units, NormReLU",
        fully_connected(32, width),
        lambda: _dense(inputs, width, 32, _NormReLU),
        image,
    )
    yield (
        f"FC-32, {width} units, BatchNorm",
        fully_connected(32, width, activation="relu", normalisation="batch"),
        lambda: _dense(inputs, width, 32, nn.ReLU, nn.BatchNorm1d),
        image,
    )
    images = (3, 32, 32) if on_gpu else (1, 8, 8)
    yield (
        f"ResNet-32 BatchNorm, {images[1]} × {images[2]}",
        resnet(32, activation="relu", normalisation="batch"),
        lambda: _PlainResNet(5, images[0]),
        images,
    )


# ---- what anyone would write for one model


class _NormReLU(nn.Module):
    def forward(self, x):
        return NORMRELU.scale * (torch.relu(x + 1.5975) + NORMRELU.shift)


def _dense(inputs, width, depth, activation, normalisation=None):
    layers = [nn.Flatten()]
    for fan_in in (inputs, *[width] * (depth - 1)):
        layers.append(nn.Linear(fan_in, width, bias=normalisation is None))
        if normalisation:
            layers.append(normalisation(width))
        layers.append(activation())
    return nn.Sequential(*layers, nn.Linear(width, 10))


class _Block(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        stride = outputs // inputs
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.stride, self.added = stride, outputs - inputs

    def forward(self, x):
        y = self.second_norm(self.second(torch.relu(self.first_norm(self.first(x)))))
        if self.stride > 1:
            x = nn.functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added))
        return torch.relu(x + y)


class _PlainResNet(nn.Module):
    def __init__(self, blocks, channels):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(channels, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        sizes = [16] * (blocks + 1) + [32] * blocks + [64] * blocks
        self.blocks = nn.Sequential(*(_Block(*pair) for pair in itertools.pairwise(sizes)))
        self.read_out = nn.Linear(64, 10)

    def forward(self, x):
        return self.read_out(self.blocks(torch.relu(self.norm(self.stem(x)))).mean((2, 3)))


# ---- the two loops


def _compared(model, plain, shape, machine, arguments):
    """Samples per second of both, the median over turns that alternate."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (4096, *shape), dtype=np.uint8)
    labels = rng.integers(0, 10, 4096)
    data = nk.data.images_from_arrays(images, labels, images[:128], labels[:128], name="noise")
    hand = _Plain(plain(), images, labels, machine)
    trial = Trial(model, data, Recipe(1e-4, epochs=10**6))
    _ours(trial, data, machine, 1.0)  # both warm, and compiled
    hand.samples_per_second(1.0)
    turns = [
        (_ours(trial, data, machine, arguments.seconds / 3), hand.samples_per_second(arguments.seconds / 3))
        for _ in range(3)
    ]
    return tuple(map(statistics.median, zip(*turns, strict=True)))


def _ours(trial, data, machine, seconds):
    started = []

    def is_over():
        started.append(time.perf_counter())
        return started[-1] - started[0] > seconds

    options = {"device": machine.device, "precision": machine.precision, "compile": machine.compile}
    return run(trial, images=data, cancel=is_over, **options).samples_per_second


class _Plain:
    """The loop: images standardised beforehand, shuffled every epoch, torch's own optimiser."""

    def __init__(self, module, images, labels, machine):
        device = machine.torch_device
        self.machine, self.module = machine, module.to(device).train()
        self.stepped = machine.compiled(self.module)
        self.optimiser = torch.optim.SGD(self.module.parameters(), lr=1e-4, momentum=0.9)
        pixels = torch.tensor(images, dtype=torch.float32, device=device)
        self.images = (pixels - pixels.mean((0, 2, 3), keepdim=True)) / pixels.std((0, 2, 3), keepdim=True)
        self.labels = torch.tensor(labels, device=device)

    def samples_per_second(self, seconds):
        start, samples = time.perf_counter(), 0
        while True:
            for rows in torch.randperm(len(self.images), device=self.images.device).split(128):
                with self.machine.autocast():
                    outputs = self.stepped(self.images[rows])
                loss = cross_entropy(outputs.float(), self.labels[rows])
                self.optimiser.zero_grad()
                loss.backward()
                self.optimiser.step()
                samples += len(rows)
                if samples % (20 * 128) == 0:
                    loss.item()  # waits for the GPU, as whoever watches a loss does
                    elapsed = time.perf_counter() - start
                    if elapsed > seconds:
                        return samples / elapsed


if __name__ == "__main__":
    main()
