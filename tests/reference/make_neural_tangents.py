"""Write neural_tangents.json: NNGP and NTK matrices from neural-tangents 0.6.5, in ntkit's conventions.

Run by hand, in an environment of its own (it is never a dependency):

    python3.11 -m venv nt && nt/bin/pip install jax==0.5.3 jaxlib==0.5.3 numpy==2.4.6 scipy==1.17.1 frozendict==2.4.6 \
        absl-py opt-einsum ml-dtypes && nt/bin/pip install --no-deps neural-tangents==0.6.5
    nt/bin/python tests/reference/make_neural_tangents.py

ntkit's network is f(x) = v·m^(−1/2)σ(h_L), h_l = weight_std·m^(−1/2) W_l σ(h_{l−1}) + bias_std·b_l,
h_1 = weight_std·W_1 x + bias_std·b_1, all of v, W, b ~ N(0, 1) and trained.  neural-tangents divides the input by √d,
so it is given √d·x; its read-out has W_std = 1 and no bias.  It computes angles as arctan2(√(1 − ρ²), ρ), so its
float64 loses half of the digits where ρ = 1: the diagonal of an NTK with kinks is good to about 1e-7 only (found by
running the same recursion in mpmath), and the inputs below are well apart.
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

TABLE = Path(__file__).with_name("neural_tangents.json")
LAYERS = {
    "relu": (stax.Relu, {}),
    "erf": (stax.Erf, {}),
    "gelu": (stax.Gelu, {"approximate": False}),
    "sin": (stax.Sin, {}),
    "cos": (stax.Cos, {}),
    "leaky_relu": (stax.LeakyRelu, {"alpha": 0.2}),
    "abs": (stax.Abs, {}),
    "-0.5 min(x, 0) + 1.5 max(x, 0)": (stax.ABRelu, {"a": -0.5, "b": 1.5}),
}
DEPTHS = (1, 3, 10)
STANDARD_DEVIATIONS = ((1.0, 0.0), (1.2, 0.3), (0.8, 0.5))
ABOUT = {
    "made by": "tests/reference/make_neural_tangents.py with neural-tangents 0.6.5, jax 0.5.3, float64",
    "conventions": "ntkit's: hidden layers scaled by weight_std and bias_std, read-out by 1 and 0, "
    "no 1/√d on the input, NTK over all parameters",
    "accuracy": "about 1e-14; on the diagonal the NTK of an activation with kinks is good to 1e-7 only",
    "parameters": "leaky_relu has slope 0.2",
}


def inputs() -> dict[str, np.ndarray]:
    """Five points in four dimensions, as drawn and on the unit sphere."""
    x = np.random.default_rng(0).standard_normal((5, 4))
    return {"unit": x / np.linalg.norm(x, axis=1, keepdims=True), "any": x * 0.6}


def network(layer, options, depth: int, weight_std: float, bias_std: float):
    hidden = [part for _ in range(depth) for part in (stax.Dense(1, weight_std, bias_std), layer(**options))]
    return stax.serial(*hidden, stax.Dense(1, 1.0, None))[2]


def main() -> None:
    points, rows = inputs(), []
    for name, (layer, options) in LAYERS.items():
        for depth in DEPTHS:
            for weight_std, bias_std in STANDARD_DEVIATIONS:
                kernel = jax.jit(network(layer, options, depth, weight_std, bias_std), static_argnums=2)
                for norms, x in points.items():
                    result = kernel(x * np.sqrt(x.shape[1]), None, ("nngp", "ntk"))
                    rows.append(
                        {"activation": name, "depth": depth, "weight_std": weight_std, "bias_std": bias_std}
                        | {"inputs": norms, "nngp": np.asarray(result.nngp).tolist()}
                        | {"ntk": np.asarray(result.ntk).tolist()}
                    )
        print(name, flush=True)
    table = {"about": ABOUT, "inputs": {k: x.tolist() for k, x in points.items()}, "kernels": rows}
    TABLE.write_text(json.dumps(table, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
