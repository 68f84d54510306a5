"""Write dual_tables.json: the exact expectations, Hermite coefficients and duals of every activation.

    python tests/reference/make_dual_tables.py [name …]

Every number is computed at two working precisions that must agree to `AGREEMENT`, and by two routes where they meet:
the one-dimensional quadrature behind the moments and Hermite coefficients against the dual (see exact_duals.py).
Inputs ρ and δ are float64 values, written out exactly: what a float64 program receives is what was evaluated.
With names, only those entries are replaced.  Takes about ten minutes on one core.
"""

import json
import sys
import time
from decimal import Decimal
from pathlib import Path

import mpmath as mp
from exact_catalogue import Reference, references
from exact_expectations import gaussian_rule, hermite_coefficients

TABLE = Path(__file__).with_name("dual_tables.json")
PRECISIONS = (30, 50)
AGREEMENT = mp.mpf(10) ** -22
DIGITS = 25
STORED_COEFFICIENTS = 12
CHECKED_COEFFICIENTS = 110
NEGATIVE_RHOS = (-1.0, -0.999999, -0.99, -0.9, -0.5, -0.1, -1e-3)
RHOS = (*NEGATIVE_RHOS, 0.0, 1e-12, 1e-3, 0.1, 0.5, 0.9, 0.99, 0.999999, 1 - 1e-12, 1.0)
DELTAS = (1e-15, 1e-12, 1e-8, 1e-4, 0.01, 0.1, 0.5, 1.0)
ABOUT = {
    "made by": "tests/reference/make_dual_tables.py, mpmath at 30 and 50 digits, agreeing to 22",
    "linear_coefficient": "E X σ(X)",
    "derivative_second_moment": "E σ'(X)², inf where σ jumps",
    "hermite": "a_0 … a_11, orthonormal probabilists' Hermite polynomials",
    "dual": "value σ̂(ρ) = E σ(u)σ(v) and derivative σ̂'(ρ) at correlation ρ",
    "gap": "σ̂(1) − σ̂(1−δ)",
}


def exact_decimal(number: float) -> str:
    """A float64 written out in full."""
    return format(Decimal(number), "f")


def tabulate(entry: Reference) -> dict:
    """All numbers of one activation at the current precision, as mpf."""
    nodes, weights = gaussian_rule(entry.kinks)
    values = [entry.function(x) for x in nodes]
    coefficients = hermite_coefficients(values, nodes, weights, CHECKED_COEFFICIENTS)
    numbers = {
        "mean": coefficients[0],
        "second_moment": mp.fsum(w * v * v for w, v in zip(weights, values, strict=True)),
        "linear_coefficient": coefficients[1],
        "derivative_second_moment": mp.fsum(w * entry.slope(x) ** 2 for w, x in zip(weights, nodes, strict=True)),
    }
    if entry.jumps:
        numbers["derivative_second_moment"] = mp.inf
    check_routes_meet(entry, numbers, coefficients)
    numbers |= {f"hermite {k}": coefficients[k] for k in range(STORED_COEFFICIENTS)}
    for rho in RHOS:
        numbers[f"value {rho}"] = entry.dual.value(mp.mpf(rho))
        infinite = entry.jumps and abs(rho) == 1
        numbers[f"derivative {rho}"] = mp.inf if infinite else entry.dual.derivative(mp.mpf(rho))
    numbers |= {f"gap {delta}": entry.dual.gap(mp.mpf(delta)) for delta in DELTAS}
    return numbers


def check_routes_meet(entry: Reference, numbers: dict, coefficients: list) -> None:
    """The dual against the one-dimensional quadrature: Σ a_k² ρ^k at ρ = ±½, and both moments at ρ = 1."""
    squares = [a * a for a in coefficients]
    for rho in (mp.mpf("0.5"), mp.mpf("-0.5")):
        require_equal(entry.label, entry.dual.value(rho), mp.polyval(squares[::-1], rho))
        series = mp.polyval([k * square for k, square in enumerate(squares)][:0:-1], rho)
        require_equal(entry.label, entry.dual.derivative(rho), series)
    require_equal(entry.label, entry.dual.value(mp.mpf(1)), numbers["second_moment"])
    if not entry.jumps:
        require_equal(entry.label, entry.dual.derivative(mp.mpf(1)), numbers["derivative_second_moment"])


def require_equal(what: str, first, second, scale=0) -> None:
    if abs(first - second) > AGREEMENT * max(abs(first), abs(second), scale):
        raise AssertionError(f"{what}: two computations must agree to 22 digits; got {first} and {second}")


def text(what: str, low, high, scale) -> str:
    """25 digits of a number that two precisions agree on; what vanishes at both (or nearly, as ρ → −1) is written 0."""
    if mp.isinf(high):
        return "inf"
    may_vanish = what.startswith(("mean", "linear", "hermite")) or what.endswith((" 0.0", "-1.0")) or " -0.9" in what
    if may_vanish and max(abs(low), abs(high)) < scale * mp.mpf(10) ** -26:
        return "0"
    require_equal(what, low, high, scale if what.startswith(("mean", "hermite")) else 0)
    return mp.nstr(high, DIGITS)


def row(entry: Reference, low: dict, high: dict) -> dict:
    scale = 1 + mp.sqrt(high["second_moment"])
    numbers = {key: text(key, low[key], high[key], scale) for key in high}
    moments = ("mean", "second_moment", "linear_coefficient", "derivative_second_moment")
    return {
        "name": entry.name,
        "parameters": entry.parameters,
        "user": entry.user,
        "kinks": [mp.nstr(k, 20) for k in entry.kinks],
        **{key: numbers[key] for key in moments},
        "hermite": [numbers[f"hermite {k}"] for k in range(STORED_COEFFICIENTS)],
        "dual": [
            {"rho": exact_decimal(r), "value": numbers[f"value {r}"], "derivative": numbers[f"derivative {r}"]}
            for r in RHOS
        ],
        "gap": [{"delta": exact_decimal(d), "value": numbers[f"gap {d}"]} for d in DELTAS],
    }


def at_precision(digits: int, index: int) -> tuple[Reference, dict]:
    with mp.workdps(digits):
        entry = references()[index]
        return entry, tabulate(entry)


def main(names: list[str]) -> None:
    rows = {r["name"]: r for r in json.loads(TABLE.read_text())["activations"]} if TABLE.exists() else {}
    order = [entry.name for entry in references()]
    for index, name in enumerate(order):
        if names and name not in names:
            continue
        start = time.perf_counter()
        (_, low), (entry, high) = (at_precision(digits, index) for digits in PRECISIONS)
        with mp.workdps(PRECISIONS[-1]):
            rows[name] = row(entry, low, high)
        print(f"{name}: {time.perf_counter() - start:.1f} s", flush=True)
        table = {"about": ABOUT, "activations": [rows[n] for n in order if n in rows]}
        TABLE.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
