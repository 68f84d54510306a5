"""The neural-tangents side of bench_against_neural_tangents.py; runs under the interpreter that has neural-tangents.

    python neural_tangents_side.py request.json

The request names the activation, depth, weight_std, the inputs (.npy), repeats and where to put the matrices (.npz);
the reply on the last line of standard output is JSON: seconds of the first call (it compiles) and of a warm one.
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
    "tanh": lambda: stax.ElementwiseNumerical(jax.numpy.tanh, deg=25),
}


def main() -> None:
    with open(sys.argv[1]) as file:
        request = json.load(file)
    x = np.load(request["inputs"])
    scaled = jax.numpy.asarray(x * np.sqrt(x.shape[1]))
    layer, dense = LAYERS[request["activation"]], (1, request["weight_std"], 0.0)
    hidden = [part for _ in range(request["depth"]) for part in (stax.Dense(*dense), layer())]
    kernel = jax.jit(stax.serial(*hidden, stax.Dense(1, 1.0, None))[2], static_argnums=2)

    def matrices():
        result = kernel(scaled, None, ("nngp", "ntk"))
        return result.nngp.block_until_ready(), result.ntk.block_until_ready()

    times = []
    for _ in range(request["repeats"] + 1):
        start = time.perf_counter()
        nngp, ntk = matrices()
        times.append(time.perf_counter() - start)
    np.savez(request["outputs"], nngp=nngp, ntk=ntk)
    print(json.dumps({"first": times[0], "warm": float(np.median(times[1:]))}))


if __name__ == "__main__":
    main()
