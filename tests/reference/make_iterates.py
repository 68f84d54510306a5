"""Write iterates.json: ρ_L, 1 − ρ_L and the neural tangent kernel Θ_L of normalised activations, to depth 1000.

    python tests/reference/make_iterates.py

ρ_{l+1} = σ̂(ρ_l), Θ_{l+1} = σ̂(ρ_l) + σ̂'(ρ_l) Θ_l, Θ_0 = ρ_0 = 1 − δ, for σ centred and scaled to E σ = 0, E σ² = 1.
Above ρ = 0.3 the gap is iterated, below it ρ by its Hermite series: neither cancels.  The duals are those of
exact_duals.py; where each value costs an integral and is analytic in the angle (NormReLU, SELU), they are interpolated
at Chebyshev nodes, which `AngleInterpolant` checks between the nodes.  Two precisions must agree.
Takes about five minutes on one core.
"""

import json
import time
from decimal import Decimal
from pathlib import Path

import mpmath as mp
from exact_catalogue import reference
from exact_expectations import gaussian_rule, hermite_coefficients

TABLE = Path(__file__).with_name("iterates.json")
PRECISIONS = (28, 36)
AGREEMENT = mp.mpf(10) ** -20
DIGITS = 22
DEPTHS = (1, 2, 5, 10, 30, 100, 300, 1000)
DEEPEST_NTK = 100
DELTAS = (1e-14, 1e-6, 0.05, 0.5)
SMALLEST = mp.mpf("1e-300")
SERIES_BELOW = mp.mpf("0.3")
SERIES_TERMS = 100
INTERPOLATED = ("normrelu", "selu")
NAMES = ("relu", "normrelu", "erf", "gelu", "hardtanh", "quadratic", "tanh", "selu")
ABOUT = {
    "made by": "tests/reference/make_iterates.py, mpmath at 28 and 36 digits, agreeing to 20",
    "activation": "centred and scaled: E σ = 0, E σ² = 1",
    "delta": "1 − ρ_0, the float64 value written out in full",
    "ntk": "Θ_L(ρ_0) of f = v·m^(−1/2)σ(W_L m^(−1/2)…σ(W_1 x)), unit-norm inputs; ntk_diagonal is Θ_L(1)",
    "null": "a correlation below 1e-300, or a kernel deeper than 100",
}


class AngleInterpolant:
    """gap(δ)/δ and σ̂' as Chebyshev interpolants in the angle θ = arccos(1 − δ), 0 ≤ θ ≤ arccos 0.25."""

    def __init__(self, dual, nodes: int):
        self.half = mp.acos(mp.mpf("0.25")) / 2
        points = [mp.cos(mp.pi * (2 * k + 1) / (2 * nodes)) for k in range(nodes)]
        deltas = [2 * mp.sin(self.half * (1 + x) / 2) ** 2 for x in points]
        self.ratios = _chebyshev_coefficients([dual.gap(d) / d for d in deltas])
        self.slopes = _chebyshev_coefficients([dual.derivative(1 - d) for d in deltas])
        self._check(dual)

    def gap(self, delta):
        return delta * self._evaluate(self.ratios, delta)

    def derivative_at_gap(self, delta):
        return self._evaluate(self.slopes, delta)

    def _evaluate(self, coefficients, delta):
        return _clenshaw(coefficients, 2 * mp.asin(mp.sqrt(delta / 2)) / self.half - 1)

    def _check(self, dual):
        for delta in map(mp.mpf, ("1e-14", "1e-5", "0.01", "0.3", "0.7")):
            require_equal("interpolated gap", self.gap(delta), dual.gap(delta))
            require_equal("interpolated slope", self.derivative_at_gap(delta), dual.derivative(1 - delta))


def _chebyshev_coefficients(values):
    """Coefficients of the interpolant through `values` at cos(π(2k+1)/2n), the first one halved."""
    n = len(values)
    angles = [mp.pi * (2 * k + 1) / (2 * n) for k in range(n)]
    sums = [2 * mp.fsum(v * mp.cos(j * angle) for v, angle in zip(values, angles, strict=True)) / n for j in range(n)]
    return [sums[0] / 2, *sums[1:]]


def _clenshaw(coefficients, x):
    last = before = mp.mpf(0)
    for c in coefficients[:0:-1]:
        last, before = c + 2 * x * last - before, last
    return coefficients[0] + x * last - before


class NormalisedMap:
    """One layer: (ρ, 1 − ρ) to (ρ', 1 − ρ', σ̂'(ρ)) for the normalised activation."""

    def __init__(self, name: str):
        entry = reference(name)
        nodes, weights = gaussian_rule(entry.kinks)
        values = [entry.function(x) for x in nodes]
        coefficients = hermite_coefficients(values, nodes, weights, SERIES_TERMS)
        second_moment = mp.fsum(w * v * v for w, v in zip(weights, values, strict=True))
        self.variance = second_moment - coefficients[0] ** 2
        self.squares = [a**2 if abs(a) > mp.mpf(10) ** (6 - mp.mp.dps) else mp.mpf(0) for a in coefficients]
        self.slope_at_one = entry.dual.derivative(mp.mpf(1)) / self.variance
        self.dual = entry.dual
        if name in INTERPOLATED:
            self.dual = AngleInterpolant(entry.dual, 2 * mp.mp.dps)

    def __call__(self, rho, gap):
        if rho < SERIES_BELOW:
            following = rho * mp.polyval(self.squares[:0:-1], rho) / self.variance
            slope = mp.polyval([k * square for k, square in enumerate(self.squares)][:0:-1], rho)
            return following, 1 - following, slope / self.variance
        following = self.dual.gap(gap) / self.variance
        return 1 - following, following, self._slope(gap) / self.variance

    def _slope(self, gap):
        if isinstance(self.dual, AngleInterpolant):
            return self.dual.derivative_at_gap(gap)
        return self.dual.derivative(1 - gap)


def iterate(layer: NormalisedMap, delta: float) -> dict:
    """depth → (ρ, 1 − ρ, Θ, Θ at ρ = 1); ρ is None once below 1e-300 and Θ beyond depth 100."""
    gap = mp.mpf(delta)
    rho, kernel, diagonal = 1 - gap, 1 - gap, mp.mpf(1)
    kept = {}
    for depth in range(1, max(DEPTHS) + 1):
        rho, gap, slope = layer(rho, gap)
        if rho < SMALLEST:
            break
        if depth <= DEEPEST_NTK:
            kernel = rho + slope * kernel
            diagonal = 1 + layer.slope_at_one * diagonal
        if depth in DEPTHS:
            deep = depth > DEEPEST_NTK
            kept[depth] = (rho, gap, None if deep else kernel, None if deep else diagonal)
    return kept


def require_equal(what: str, first, second) -> None:
    if abs(first - second) > AGREEMENT * max(abs(first), abs(second)):
        raise AssertionError(f"{what}: two computations must agree to 20 digits; got {first} and {second}")


def text(what: str, low, high) -> str | None:
    if high is None:
        return None
    require_equal(what, low, high)
    return mp.nstr(high, DIGITS)


def rows(name: str, delta: float, low: dict, high: dict) -> list[dict]:
    keys = ("rho", "gap", "ntk", "ntk_diagonal")
    absent = (None,) * len(keys)
    return [
        {"activation": name, "delta": format(Decimal(delta), "f"), "depth": depth}
        | {
            key: text(f"{name} {delta} {depth} {key}", a, b)
            for key, a, b in zip(keys, low.get(depth, absent), high.get(depth, absent), strict=True)
        }
        for depth in DEPTHS
    ]


def iterate_all(name: str, digits: int) -> list[dict]:
    with mp.workdps(digits):
        layer = NormalisedMap(name)
        return [iterate(layer, delta) for delta in DELTAS]


def main() -> None:
    table = []
    for name in NAMES:
        start = time.perf_counter()
        low, high = (iterate_all(name, digits) for digits in PRECISIONS)
        with mp.workdps(PRECISIONS[-1]):
            for delta, a, b in zip(DELTAS, low, high, strict=True):
                table += rows(name, delta, a, b)
        print(f"{name}: {time.perf_counter() - start:.1f} s", flush=True)
        TABLE.write_text(json.dumps({"about": ABOUT, "iterates": table}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
