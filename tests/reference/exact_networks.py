"""NNGP and NTK of deep networks in arbitrary precision, for a handful of points."""

import mpmath as mp
from exact_catalogue import gelu_product
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


def kernels_of_any_norm(name: str, x, depth: int, weight_std: float, bias_std: float) -> tuple[list, list]:
    """NNGP and NTK on the rows of x, whatever their norms, with biases; `name` one of `PRODUCTS`.

    k = Θ = w² x·y + b², then layer by layer K = E σ(u)σ(v) and Θ = K + Θ·E σ'(u)σ'(v) under covariance k, where every
    layer but the read-out multiplies both by w² and adds b².
    """
    product, weight, bias = PRODUCTS[name], mp.mpf(weight_std) ** 2, mp.mpf(bias_std) ** 2
    rows = [[mp.mpf(float(t)) for t in row] for row in x]
    covariance = [[weight * mp.fdot(u, v) + bias for v in rows] for u in rows]
    tangent = [list(line) for line in covariance]
    pairs = [(i, j) for i in range(len(rows)) for j in range(len(rows))]
    for layer in range(depth):
        variances = [covariance[i][i] for i in range(len(rows))]
        for i, j in pairs:
            value, slope = product(variances[i], variances[j], covariance[i][j])
            last = layer == depth - 1
            tangent[i][j] *= slope if last else weight * slope
            covariance[i][j] = value if last else weight * value + bias
            tangent[i][j] += covariance[i][j]
    return covariance, tangent


def _relu_product(q1, q2, k):
    rho = min(k / mp.sqrt(q1 * q2), mp.mpf(1))
    return mp.sqrt(q1 * q2) * arc_cosine(rho), (mp.pi - mp.acos(rho)) / (2 * mp.pi)


def _abs_product(q1, q2, k):
    """|x| = 2 max(x, 0) − x."""
    value, slope = _relu_product(q1, q2, k)
    return 4 * value - k, 4 * slope - 1


def _erf_product(q1, q2, k):
    whole = (1 + 2 * q1) * (1 + 2 * q2)
    return 2 * mp.asin(2 * k / mp.sqrt(whole)) / mp.pi, 4 / (mp.pi * mp.sqrt(whole - 4 * k**2))


def _sin_product(q1, q2, k):
    damping = mp.exp(-(q1 + q2) / 2)
    return damping * mp.sinh(k), damping * mp.cosh(k)


PRODUCTS = {"relu": _relu_product, "abs": _abs_product, "erf": _erf_product, "sin": _sin_product, "gelu": gelu_product}
"""(q, q', k) to E σ(√q u)σ(√q' v) and E σ'(√q u)σ'(√q' v), where √q u and √q' v have covariance k."""
