"""Write unequal_norms.json: E σ(√q₁ u) σ(√q₂ v) for u, v standard normal with correlation ρ, at norms other than one.

    python tests/reference/make_unequal_norms.py

Besides the product, half the mean squared difference ½E(σ(√q₁ u) − σ(√q₂ v))², which a kernel near ρ = 1 is built from.
Two precisions must agree, and at ρ = ½ the sum of Hermite coefficients must give the same.  Takes about five minutes.
"""

import itertools
import json
from decimal import Decimal
from pathlib import Path

import mpmath as mp
from exact_catalogue import gelu_product, reference
from exact_expectations import expectation, gaussian_rule, hermite_coefficients
from exact_series import HermiteSeries, ScaledTanh

TABLE = Path(__file__).with_name("unequal_norms.json")
PRECISIONS = (34, 42)
AGREEMENT = mp.mpf(10) ** -20
DIGITS = 22
NAMES = ("relu", "tanh", "elu", "hardtanh", "relu6", "gelu")
NORMS = ("0.3", "1", "2.5")
RHOS = (-0.9, 0.0, 0.5, 0.99, 1 - 1e-8)
ABOUT = {
    "made by": "tests/reference/make_unequal_norms.py, mpmath at 34 and 42 digits, agreeing to 20",
    "q1, q2": "variances of the two arguments, float64 nearest to the decimal",
    "rho": "correlation, a float64 value written out in full",
    "value": "E σ(√q1 u) σ(√q2 v)",
    "half_squared_difference": "½ E (σ(√q1 u) − σ(√q2 v))²",
}


def product(name: str, q1, q2, rho):
    """E σ(√q1 u) σ(√q2 v) by the route that exact_duals.py has for σ."""
    dual, roots = reference(name).dual, (mp.sqrt(q1), mp.sqrt(q2))
    if name == "gelu":
        return gelu_product(q1, q2, rho * roots[0] * roots[1])[0]
    if name == "elu":
        first, second = (dual.scaled(root) for root in roots)
        return first.product(rho, second)
    if isinstance(dual, HermiteSeries):
        first, second = (ScaledTanh(root).coefficients(mp.mp.dps) for root in roots)
        return mp.fsum(a * b * rho**k for k, (a, b) in enumerate(zip(first, second, strict=False)))
    first, second = (dual.scaled(root) for root in roots)
    return first.mean * second.mean + first.centred(rho, second)


def second_moment(name: str, q):
    entry, root = reference(name), mp.sqrt(q)
    return expectation(lambda x: entry.function(root * x) ** 2, [b / root for b in entry.kinks])


def series_product(name: str, q1, q2, rho):
    """The same through one-dimensional quadrature: Σ a_k(q1) a_k(q2) ρ^k."""
    entry, lists = reference(name), []
    for root in (mp.sqrt(q1), mp.sqrt(q2)):
        nodes, weights = gaussian_rule([b / root for b in entry.kinks])
        lists.append(hermite_coefficients([entry.function(root * x) for x in nodes], nodes, weights, 90))
    return mp.fsum(a * b * rho**k for k, (a, b) in enumerate(zip(*lists, strict=True)))


def require_equal(what: str, first, second) -> None:
    if abs(first - second) > AGREEMENT * max(abs(first), abs(second), mp.mpf("1e-3")):
        raise AssertionError(f"{what}: two computations must agree to 20 digits; got {first} and {second}")


def cell(name: str, q1: str, q2: str, rho: float) -> dict:
    """One row of the table, computed at both precisions."""
    what, results = f"{name} {q1} {q2} {rho}", []
    for digits in PRECISIONS:
        with mp.workdps(digits):
            first, second, correlation = mp.mpf(float(q1)), mp.mpf(float(q2)), mp.mpf(rho)
            value = product(name, first, second, correlation)
            half_difference = (second_moment(name, first) + second_moment(name, second)) / 2 - value
            results.append((value, half_difference))
            if rho == 0.5:
                require_equal(what, value, series_product(name, first, second, correlation))
    for low, high in zip(*results, strict=True):
        require_equal(what, low, high)
    value, half_difference = (mp.nstr(number, DIGITS) for number in results[-1])
    exact_rho = format(Decimal(rho), "f")
    return {"activation": name, "q1": q1, "q2": q2, "rho": exact_rho, "value": value} | {
        "half_squared_difference": half_difference
    }


def main() -> None:
    table = []
    for name in NAMES:
        for q1, q2, rho in itertools.product(NORMS, NORMS, RHOS):
            if float(q1) <= float(q2):
                table.append(cell(name, q1, q2, rho))
        print(name, flush=True)
        TABLE.write_text(json.dumps({"about": ABOUT, "products": table}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
