"""The neural-tangents side of bench_against_neural_tangents.py; runs under the interpreter that has neural-tangents.

    python neural_tangents_side.py request.json

The request names the activation, depth, weight_std, the inputs (.npy), repeats, the ways to jit and where to put the
matrices (.npz); the reply on the last line of standard output is JSON: the fastest way, the seconds of its first call
(it compiles) and the median of the warm ones.
"""

import json
import sys
import time
import types

sys.modules["neural_tangents.experimental"] = types.ModuleType("neural_tangents.experimental")  # asks for TensorFlow

import jax  # noqa: E402
import numpy as np  # noqa: E402

jax.config.update("jax_enable_x64", True)

from neural_tangents import stax  # noqa: E402

LAYERS = {
    "relu": stax.Relu,
    "erf": stax.Erf,
    "tanh": lambda: stax.ElementwiseNumerical(jax.numpy.tanh, deg=25),
}
POOLINGS = {"flatten": stax.Flatten, "average": stax.GlobalAvgPool}


def whole_network(layers, read_out):
    """One jit around everything.  XLA fuses across layers and computes some of them again: slow when deep."""
    kernel = jax.jit(stax.serial(*[part for layer in layers for part in layer], read_out)[2], static_argnums=2)
    return lambda x: kernel(x, None, ("nngp", "ntk"))


def layer_by_layer(layers, read_out):
    """A jit around each layer; the hidden layers are alike, so two compilations serve any depth."""
    hidden, last = jax.jit(stax.serial(*layers[0])[2]), jax.jit(read_out[2])

    def kernel(x):
        state = hidden(x, None)
        for _ in layers[1:]:
            state = hidden(state)
        return last(state)

    return kernel


WAYS = {"whole network": whole_network, "layer by layer": layer_by_layer}


def timed(kernel, x, repeats: int) -> tuple[list, tuple]:
    """Seconds of the first call and of `repeats` more, and the two matrices."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        result = kernel(x)
        matrices = result.nngp.block_until_ready(), result.ntk.block_until_ready()
        times.append(time.perf_counter() - start)
    return times, matrices


def main() -> None:
    with open(sys.argv[1]) as file:
        request = json.load(file)
    x = np.load(request["inputs"])
    std, sigma, read_out = request["weight_std"], LAYERS[request["activation"]](), stax.Dense(1, 1.0, None)
    if request["pooling"]:
        scaled = jax.numpy.asarray(np.moveaxis(x, 1, -1))
        layer = stax.Conv(1, (3, 3), padding="CIRCULAR", W_std=std, b_std=None)
        read_out = stax.serial(POOLINGS[request["pooling"]](), read_out)
    else:
        scaled = jax.numpy.asarray(x * np.sqrt(x.shape[1]))
        layer = stax.Dense(1, std, 0.0)
    layers, replies = [(layer, sigma)] * request["depth"], []
    for way in request["ways"]:
        kernel = WAYS[way](layers, read_out)
        times, matrices = timed(kernel, scaled, request["repeats"])
        replies.append({"way": way, "first": times[0], "warm": float(np.median(times[1:]))})
    np.savez(request["outputs"], nngp=matrices[0], ntk=matrices[1])
    print(json.dumps(min(replies, key=lambda reply: reply["warm"])))


if __name__ == "__main__":
    main()
