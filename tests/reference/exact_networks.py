"""NNGP and NTK of a deep network without biases in arbitrary precision, for a handful of unit vectors."""

import mpmath as mp
from exact_duals import ClosedForm, arc_cosine
from exact_series import HermiteSeries, ScaledTanh


def _scaled_relu(root):
    square = root**2
    return ClosedForm(lambda r: square * arc_cosine(r), lambda r: square * (mp.pi - mp.acos(r)) / (2 * mp.pi))


SCALED_DUALS = {"relu": _scaled_relu, "tanh": lambda root: HermiteSeries(ScaledTanh(root).coefficients)}


def deep_kernels(name: str, x, depth: int, weight_std: float) -> tuple[list, list]:
    """NNGP and NTK of a network of ReLU or tanh on the rows of x, taken as unit vectors; lists of lists of mpf.

    q₁ = w², then layer by layer K = E σ(√q u)σ(√q v), Θ = K + E σ'(√q u)σ'(√q v)·w²·(the Θ before), q = w² E σ(√q u)².
    """
    squared_weight, duals = mp.mpf(weight_std) ** 2, []
    variance = squared_weight
    for _ in range(depth):
        dual = SCALED_DUALS[name](mp.sqrt(variance))
        second_moment = dual.value(mp.mpf(1))
        duals.append((dual, variance, second_moment))
        variance = squared_weight * second_moment
    entries = [[_deep_entry(duals, squared_weight, _cosine(u, v)) for v in x] for u in x]
    return tuple([[entry[which] for entry in line] for line in entries] for which in (0, 1))


def _deep_entry(duals, squared_weight, rho):
    kernel = tangent = rho
    for dual, variance, second_moment in duals:
        kernel, slope = dual.value(rho), dual.derivative(rho) / variance
        tangent = kernel + slope * squared_weight * tangent
        rho = kernel / second_moment
    return kernel, tangent


def _cosine(u, v):
    u, v = ([mp.mpf(float(t)) for t in w] for w in (u, v))
    return mp.fdot(u, v) / mp.sqrt(mp.fdot(u, u) * mp.fdot(v, v))
