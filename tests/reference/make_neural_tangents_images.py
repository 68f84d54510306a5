"""Write neural_tangents_images.json: kernels of convolutional and residual networks from neural-tangents 0.6.5.

Run by hand in the environment that make_neural_tangents.py describes.

Where the conventions meet: every layer divides by the root of its inputs, the first by that of channels × window, as
neural-tangents does; images are (n, channels, *pixels) here and (n, *pixels, channels) there; "SAME" pads as padding
"zero" does as long as the stride is 1 (with strides it pads the left side less, so strides go with "VALID" here).
Fully connected residual networks have no 1/√d on the input, so there √d·x goes in.
The networks are named like the tests' own, which build them again from ntkit's layers.
"""

import json
import sys
import types
from pathlib import Path

sys.modules["neural_tangents.experimental"] = types.ModuleType("neural_tangents.experimental")  # asks for TensorFlow

import jax  # noqa: E402
import numpy as np  # noqa: E402

jax.config.update("jax_enable_x64", True)

from neural_tangents import stax  # noqa: E402

TABLE = Path(__file__).with_name("neural_tangents_images.json")
ABOUT = {
    "made by": "tests/reference/make_neural_tangents_images.py with neural-tangents 0.6.5, jax 0.5.3, float64",
    "accuracy": "about 1e-14 for erf; for relu good to 1e-7 only where a pixel meets itself: the diagonal, and all of "
    "a kernel behind pooling",
}
ACTIVATIONS = {"erf": stax.Erf, "relu": stax.Relu}


def residual(*branch, skip=()):
    skipped = stax.serial(*skip) if skip else stax.Identity()
    return stax.serial(stax.FanOut(2), stax.parallel(skipped, stax.serial(*branch)), stax.FanInSum())


def images(sigma):
    """Networks for images, by name."""

    def conv(window, **options):
        return stax.Conv(1, window, **{"padding": "CIRCULAR", "W_std": 1.2, "b_std": 0.3} | options)

    end = stax.Flatten(), stax.Dense(1, 1.0, None)
    mean = stax.GlobalAvgPool(), stax.Dense(1, 1.0, None)
    layers = [conv((3, 3)), sigma(), conv((3, 3)), sigma()]
    same = [conv((3, 3), padding="SAME"), sigma(), conv((2, 3), padding="SAME"), sigma()]
    yield "circular, flattened", stax.serial(*layers, *end)
    yield "circular, averaged", stax.serial(*layers, *mean)
    yield "zero, flattened", stax.serial(*same, *end)
    yield "zero, averaged", stax.serial(*same, *mean)
    yield "valid with strides", stax.serial(conv((2, 2), padding="VALID", strides=(2, 1)), sigma(), *mean)
    pooled = stax.AvgPool((2, 2), strides=(2, 2), padding="VALID")
    yield "pooled inside", stax.serial(conv((3, 3)), sigma(), pooled, conv((2, 2)), sigma(), *mean)
    block = residual(sigma(), conv((3, 3)))
    yield "residual", stax.serial(conv((3, 3)), block, block, sigma(), *mean)
    yield (
        "dense behind flatten",
        stax.serial(conv((3, 3)), sigma(), stax.Flatten(), stax.Dense(1, 1.1, 0.2), sigma(), stax.Dense(1, 1.0, None)),
    )


def rows(sigma):
    """Fully connected residual networks, by name."""
    branch = sigma(), stax.Dense(1, 0.9, 0.2)
    block = residual(*branch)
    wide = residual(
        sigma(), stax.Dense(1, 0.9, 0.2), sigma(), stax.Dense(1, 0.7, None), skip=(stax.Dense(1, 0.5, None),)
    )
    yield "residual", stax.serial(stax.Dense(1, 1.0, None), block, block, stax.Dense(1, 1.0, None))
    yield "two layers a branch", stax.serial(stax.Dense(1, 1.0, None), wide, wide, sigma(), stax.Dense(1, 1.0, None))


def main() -> None:
    generator = np.random.default_rng(1)
    pictures, vectors = generator.standard_normal((4, 2, 4, 5)), generator.standard_normal((4, 3)) * 0.7
    found = []
    for name, sigma in ACTIVATIONS.items():
        for kind, networks, x in (
            ("images", images, np.moveaxis(pictures, 1, -1)),
            ("rows", rows, vectors * np.sqrt(vectors.shape[1])),
        ):
            for title, network in networks(sigma):
                result = network[2](x, None, ("nngp", "ntk"))
                found.append(
                    {"activation": name, "inputs": kind, "network": title}
                    | {"nngp": np.asarray(result.nngp).tolist(), "ntk": np.asarray(result.ntk).tolist()}
                )
                print(name, title, flush=True)
    inputs = {"images": pictures.tolist(), "rows": vectors.tolist()}
    TABLE.write_text(json.dumps({"about": ABOUT, "inputs": inputs, "kernels": found}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
