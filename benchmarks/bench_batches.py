"""What cutting a batch costs, of arrays as large as CIFAR-10, as a share of the training step that it is for.

    python benchmarks/bench_batches.py [--images 50000] [--batch-size 128] [--width 3000] [--steps 3] [--device cpu]

A batch counts with its part of what is drawn for the epoch.  The step is forward, backward and SGD with momentum, of
FC-32 with `--width` units and of ResNet-32, in float32.  The target: at most 3 per cent of either.
"""

import argparse

import numpy as np
import torch
from timing import median_seconds, seconds, table, verdict

import ntkit as nk

TARGET = 0.03
AUGMENTATIONS = {
    "as stored": None,
    "crops and mirrors": nk.experiments.Augmentation(),
    "crops, mirrors, mixup": nk.experiments.Augmentation(mixup=1.0),
}


def images_like_cifar(n):
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (n, 3, 32, 32), dtype=np.uint8)
    labels = np.arange(n) % 10
    return nk.data.images_from_arrays(images, labels, images[:10], labels[:10], mirrors=True)


def seconds_of_batch(images, batch_size, augmentation, device):
    """Of one batch: its cutting, and its part of the draws of an epoch."""
    batches = nk.experiments.Batches(images, batch_size, seed=0, augmentation=augmentation, device=device)

    def cut(epoch, step):
        batch = batches.batch(epoch, step)
        return batch.images[-1, -1, -1, -1].item()  # waits for the device

    cut(0, 0)
    cutting = median_seconds(lambda: cut(0, 1), 50)
    drawing = seconds(lambda: cut(1, 1)) - cutting
    return cutting + max(drawing, 0.0) / batches.steps_per_epoch


def seconds_of_step(model, images, batch_size, steps, device):
    module = model.module(images.shape, len(images.classes), seed=0, device=device)
    optimiser = torch.optim.SGD(module.parameters(), lr=1e-3, momentum=0.9)
    batch = nk.experiments.Batches(images, batch_size, seed=0, device=device).batch(0, 0)

    def step():
        loss = torch.nn.functional.cross_entropy(module(batch.images), batch.labels)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        return loss.item()

    return median_seconds(step, steps)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--width", type=int, default=3000)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    asked = parser.parse_args()
    images = images_like_cifar(asked.images)
    models = (nk.experiments.fully_connected(32, width=asked.width), nk.experiments.resnet(32))
    steps = {
        model.label: seconds_of_step(model, images, asked.batch_size, asked.steps, asked.device) for model in models
    }
    rows, worst = [], 0.0
    for name, augmentation in AUGMENTATIONS.items():
        taken = seconds_of_batch(images, asked.batch_size, augmentation, asked.device)
        shares = [taken / step for step in steps.values()]
        worst = max(worst, *shares)
        rate = f"{asked.batch_size / taken:,.0f}"
        rows.append((name, f"{1e3 * taken:.2f} ms", rate, *(f"{100 * share:.2f} %" for share in shares)))
    told = (f"of a step of {label} ({1e3 * step:.0f} ms)" for label, step in steps.items())
    print(f"batches of {asked.batch_size} of {asked.images} images on {asked.device}")
    print(table(("batches", "a batch", "images a second", *told), rows))
    print(f"largest share {100 * worst:.2f} %, at most {100 * TARGET:.0f} % asked: {verdict(worst <= TARGET)}")


if __name__ == "__main__":
    main()
