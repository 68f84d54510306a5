"""What the papers state of λ_min(G(0)), of widths and of rates, with what Ω and O leave open as an argument.

Each statement is a function of n, the separation δ = min √(1 − ρ²) and whatever else it speaks of.  `constant` stands
for every constant that it leaves open, in the bound, in the width and in the exponent of the probability alike; at 1 it
shows the shape and nothing more.  Sizes are kept as logarithms: n^(4p+4) is soon no float.

Where the text that we have is illegible the formula is reconstructed from its proof, and the docstring says so.
What is asked for training is in `ntkit.gram.asked`.
Source: Panigrahi, Shetty, Goyal (2020).
"""

import math
from dataclasses import dataclass

import numpy as np

from ntkit.arguments import real, whole
from ntkit.gram.approximation import lemma_f5, tanh_error
from ntkit.gram.hermite_decay import slope_coefficients
from ntkit.gram.kinks import classify_kink
from ntkit.gram.polynomials import polynomial_rank
from ntkit.specification import takes_names

LN10 = math.log(10)


@dataclass(frozen=True)
class Stated:
    """A bound on an eigenvalue, the width that it asks for, and how likely it fails.

    log10_eigenvalue; log10_width, None where no width is asked for; failure, the probability that is left at the width
    it was asked about, None where it is not stated.
    """

    log10_eigenvalue: float
    log10_width: float | None = None
    failure: float | None = None

    @property
    def eigenvalue(self):
        """The bound itself; 0 where that is no float any more."""
        return 10.0**self.log10_eigenvalue

    @property
    def width(self):
        """The width itself, None where none is asked for; inf where that is no float any more."""
        return None if self.log10_width is None else float(np.float64(10) ** np.minimum(self.log10_width, 400))


# --- kinks ------------------------------------------------------------------------------------------------------------


def theorem_k1(n, delta, m, *, constant=1.0):
    """σ' with a jump (J₁): λ_min(G(0)) ≥ Ω(δ/n³) at m ≥ Ω((n³/δ) log(n/δ^¼)), but for e^{−Ω(δm/n²)}.

    The bound is reconstructed from Claim K.2, P{‖Σ ζ_i σ'(w·x_i) x_i‖ ≥ c/√n} ≥ Ω(δ/n²).  Corollary K.2.1 says the
    same of ReLU.

    Parameters: n ≥ 2; delta in (0, 1]; m, the width that the probability is asked at; constant > 0.
    Returns: Stated.
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem K.1.

    >>> found = theorem_k1(10, 0.1, 10**6)
    >>> f"{found.eigenvalue:.1e}", f"{found.width:.1e}", found.failure < 1e-300
    ('1.0e-04', '2.9e+04', True)
    """
    n, delta, m, constant = _kinked(n, delta, m, constant)
    return Stated(
        log10_eigenvalue=math.log10(constant * delta) - 3 * math.log10(n),
        log10_width=math.log10(constant * n**3 / delta * math.log(n / delta**0.25)),
        failure=math.exp(-constant * delta * m / n**2),
    )


def corollary_k3(n, delta, m, *, constant=1.0):
    """J₁ at fan-in or fan-out initialisation, Corollaries K.3.1 and K.3.2: reconstructed as the bound of Theorem K.1.

    Neither bound can be read in our text.  A jump of σ' is as large at any scale of the weights, so that the proof of
    K.1 gives the same order.

    Parameters, returns, errors: as of `theorem_k1`.
    Source: Panigrahi, Shetty, Goyal (2020), Corollaries K.3.1 and K.3.2.

    >>> corollary_k3(10, 0.1, 100) == theorem_k1(10, 0.1, 100)
    True
    """
    return theorem_k1(n, delta, m, constant=constant)


def theorem_k4(n, delta, m, dim, *, constant=1.0):
    """σ'' with a jump (J₂): λ_min(G(0)) ≥ Ω(δ³/(n⁷ log n)), m ≥ max(Ω((n³/δ) log(n/δ)), Ω((n²/δ) log d)).

    With probability 1 − e^{−Ω(δm/n²)}; Theorem 4.1 is the same, and reads 3m/n² in our text.  The argument of the
    first logarithm in K.4 is illegible there: n/δ is that of Theorem 4.1.

    Parameters: as of `theorem_k1`; dim d ≥ 1.
    Source: Panigrahi, Shetty, Goyal (2020), Theorems 4.1 and K.4.

    >>> f"{theorem_k4(10, 0.1, 10**6, dim=2).eigenvalue:.1e}"
    '4.3e-11'
    """
    n, delta, m, constant = _kinked(n, delta, m, constant)
    dim = whole("dim", dim, least=1, must="be a whole number of coordinates, at least 1")
    kinks, coordinates = n**3 / delta * math.log(n / delta), n**2 / delta * math.log(dim)
    return Stated(
        log10_eigenvalue=math.log10(constant * delta**3 / math.log(n)) - 7 * math.log10(n),
        log10_width=math.log10(constant * max(kinks, coordinates)),
        failure=math.exp(-constant * delta * m / n**2),
    )


def corollary_k61(n, delta, m, dim, *, constant=1.0):
    """J₂ at fan-in initialisation: λ_min(G(0)) ≥ Ω(δ³/(n⁷ d log n)), at the width of Theorem K.4 (reconstructed).

    Parameters, returns, errors: as of `theorem_k4`.
    Source: Panigrahi, Shetty, Goyal (2020), Corollary K.6.1.

    >>> round(corollary_k61(10, 0.1, 100, 4).eigenvalue / theorem_k4(10, 0.1, 100, 4).eigenvalue, 12)
    0.25
    """
    same = theorem_k4(n, delta, m, dim, constant=constant)
    return Stated(same.log10_eigenvalue - math.log10(dim), same.log10_width, same.failure)


def corollary_k62(n, delta, m, *, constant=1.0):
    """J₂ at fan-out initialisation: λ_min(G(0)) ≥ Ω(δ²/(m n⁴ log n)), at m ≥ Ω((n²/δ) log(m n⁵ log n)).

    The argument of the logarithm is reconstructed from what can be read.

    Parameters, returns, errors: as of `theorem_k1`; the bound itself falls with the width m ≥ 1.
    Source: Panigrahi, Shetty, Goyal (2020), Corollary K.6.2.

    >>> f"{corollary_k62(10, 0.1, 1000).eigenvalue:.1e}"
    '4.3e-10'
    """
    n, delta, m, constant = _kinked(n, delta, m, constant)
    return Stated(
        log10_eigenvalue=math.log10(constant * delta**2 / (m * math.log(n))) - 4 * math.log10(n),
        log10_width=math.log10(constant * n**2 / delta * math.log(m * n**5 * math.log(n))),
        failure=math.exp(-constant * delta * m / n**2),
    )


def theorem_42(n, delta, m, *, constant=1.0):
    """ReLU: λ_min(G(0)) ≥ Ω(δ^1.5 log^−1.5 n), m ≥ Ω(n⁴δ^−3 log⁴ n), but for exp(−Ω(mδ³n^−2 log^−3 n)).

    Theorem L.2.  Its proof takes |ρ| ≤ 1 − δ from Assumption 2, which only gives √(1 − δ²); the bound survives, and
    better: `certificates.step_floor_sine`.

    Parameters, returns, errors: as of `theorem_k1`.
    Source: Panigrahi, Shetty, Goyal (2020), Theorems 4.2 and L.2.

    >>> found = theorem_42(10, 0.1, 10**6)
    >>> f"{found.eigenvalue:.1e}", f"{found.width:.1e}"
    ('9.1e-03', '2.8e+08')
    """
    n, delta, m, constant = _kinked(n, delta, m, constant)
    log_n = math.log(n)
    return Stated(
        log10_eigenvalue=math.log10(constant * (delta / log_n) ** 1.5),
        log10_width=math.log10(constant * n**4 * delta**-3 * log_n**4),
        failure=math.exp(-constant * m * delta**3 / (n**2 * log_n**3)),
    )


@takes_names
def stated_floors(sigma, n, delta):
    """What is stated of λ_min for n points and this activation, with constants at 1: {name: bound}.

    Theorem K.1 where σ' jumps at one place, and 4.2 for ReLU; 4.1 where σ'' does; nothing for smooth ones, whose bounds
    depend on noise in the data (`theorem_i4`).  The jump counts as 1, as the paper has it.

    Parameters: sigma, an Activation or its name, without jumps; n ≥ 2; delta in (0, 1].

    >>> import ntkit as nk
    >>> list(stated_floors(nk.activation("relu"), 10, 0.1)), list(stated_floors(nk.activation("elu"), 10, 0.1))
    (['Theorem 4.2', 'Theorem K.1'], ['Theorem 4.1'])
    """
    kinks = classify_kink(sigma).kinks
    order = kinks[0].order if len(kinks) == 1 else None
    if order == 1:
        relu = {"Theorem 4.2": theorem_42(n, delta, 1).eigenvalue} if sigma.name == "relu" else {}
        return relu | {"Theorem K.1": theorem_k1(n, delta, 1).eigenvalue}
    return {"Theorem 4.1": theorem_k4(n, delta, 1, 1).eigenvalue} if order == 2 else {}


# --- smooth activations, from above -----------------------------------------------------------------------------------


def condition_6(n, span_dim):
    """The largest p with C(d' + p, p) < n + 1, the degree of Theorems F.8 to F.12.

    Parameters: n ≥ 1; span_dim d' ≥ 1.
    Source: Panigrahi, Shetty, Goyal (2020), Condition (6).

    >>> condition_6(50, 2), condition_6(10, 2)
    (8, 3)
    """
    n = whole("n", n, least=1, must="be a whole number of points, at least 1")
    span_dim = whole("span_dim", span_dim, least=1, must="be a whole number of dimensions, at least 1")
    degree = 0
    while math.comb(span_dim + degree + 1, degree + 1) < n + 1:
        degree += 1
    return degree


def theorem_f8(n, m, span_dim, *, constant=1.0):
    """tanh: λ_min(G(0)) ≤ O(n[(4π + 6√log nm)/(1 + (π/3)/√log nm)^p]²), but for 2(nm)^−3.5, p of Condition (6).

    As printed: its rate rests on Equation (8) and on Theorem F.2 and is too fast; right is `theorem_f8_right`.

    Parameters: n ≥ 2; m ≥ 1, the width; span_dim d' ≥ 1; constant > 0.
    Returns: Stated.
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem F.8.

    >>> f"{theorem_f8(50, 200, 2).eigenvalue:.1e}", f"{theorem_f8_right(50, 200, 2).eigenvalue:.1e}"
    ('4.1e+02', '1.5e+02')
    """
    return _theorem_f8(n, m, span_dim, 1.0, constant)


def theorem_f11(n, m, span_dim, *, constant=1.0):
    """tanh at fan-out initialisation: Theorem F.8 with √(log(nm)/m) for √log nm.

    The variance 1/m of the bias is left out in its proof, so that pre-activations reach √2 times as far.

    Parameters, returns, errors: as of `theorem_f8`.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem F.11.

    >>> theorem_f11(50, 200, 2).eigenvalue < 1e-4
    True
    """
    return _theorem_f8(n, m, span_dim, 1 / math.sqrt(m), constant)


def theorem_f12(n, m, span_dim, dim, *, constant=1.0):
    """tanh at fan-in initialisation: Theorem F.8 with √(log(nm)/d) for √log nm.

    The variance 0.01 of the bias is left out in its proof.

    Parameters, returns, errors: as of `theorem_f8`; dim d ≥ 1.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem F.12.

    >>> theorem_f12(50, 200, 2, dim=100).eigenvalue < theorem_f8(50, 200, 2).eigenvalue
    True
    """
    return _theorem_f8(n, m, span_dim, 1 / math.sqrt(dim), constant)


def _theorem_f8(n, m, span_dim, spread, constant):
    n, m, constant = _smooth(n, m, constant)
    root, degree = spread * math.sqrt(math.log(n * m)), condition_6(n, span_dim)
    log10_error = math.log10(4 * math.pi + 6 * root) - degree * math.log10(1 + math.pi / (3 * root))
    return Stated(math.log10(constant * n) + 2 * log10_error, failure=2 / (n * m) ** 3.5)


def theorem_f8_right(n, m, span_dim, *, constant=5.0):
    """tanh: λ_min(G(0)) ≤ 5nε², ε what tanh' is from a polynomial of degree q on ±3√log nm, rank of degree q + 1 < n.

    With τ = 3√log nm, ε = 3 · 2(4π + 4τ)/π² (1 + π/2τ)^−(q/2): the rate π/6 in the place of π/3, half of the degree.

    Parameters, returns, errors: as of `theorem_f8`; constant, 5 in the proof, bounds the mean of a_k².  n > span_dim.
    Source: ours, after Panigrahi, Shetty, Goyal (2020), Theorem F.8.

    >>> theorem_f8_right(2000, 10**4, 2).eigenvalue < 1e-30
    True
    """
    n, m, constant = _smooth(n, m, constant)
    half_width = 3 * math.sqrt(math.log(n * m))
    error = float(lemma_f5(tanh_error(half_width, _even_degree(n, span_dim) // 2)))
    return Stated(math.log10(constant * n) + 2 * math.log10(error), failure=2 / (n * m) ** 3.5)


def _even_degree(n, span_dim):
    """The largest even degree of σ' with a Gram matrix of rank less than n on the sphere."""
    if span_dim >= n:
        raise ValueError(f"n must exceed span_dim, for any polynomial to have a null space; got {n} and {span_dim}.")
    degree = 0
    while polynomial_rank(span_dim, np.arange(degree + 4) % 2) < n:  # σ odd, of degree + 3
        degree += 2
    return degree


def theorem_f9(n, m, span_dim, *, constant=1.0):
    """tanh, wide: λ_min(G(0)) ≤ max(O(n²√p e^{−(π/4√2)√(2p+1)}), O(n log n log m/√m)), p of Condition (6).

    But for e^{−Ω(n² log m)} + m^−3.5.  The exponent is reconstructed from Corollary F.7.2.

    Parameters, returns, errors: as of `theorem_f8`.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem F.9.

    >>> theorem_f9(50, 10**12, 2).eigenvalue > theorem_f9(5000, 10**12, 2).eigenvalue / 1e4
    True
    """
    n, m, constant = _smooth(n, m, constant)
    degree = condition_6(n, span_dim)
    rest = n**2 * math.sqrt(degree) * math.exp(-math.pi / (4 * math.sqrt(2)) * math.sqrt(2 * degree + 1))
    drawn = n * math.log(n) * math.log(m) / math.sqrt(m)
    failure = min(1.0, math.exp(-constant * n**2 * math.log(m)) + m**-3.5)
    return Stated(math.log10(constant * max(rest, drawn)), failure=failure)


def theorem_f10(n, span_dim, *, constant=1.0):
    """tanh and swish: λ_k(G(0)) ≤ exp(−Ω(n^(1/2d'))) for every k ≥ ⌈n/d'⌉, but for n^−3.5, where d' = O(log^0.75 n).

    Theorems 4.4 and G.3 say the same; the width has no part in it.

    Parameters: n ≥ 2; span_dim d' ≥ 1; constant > 0, in the exponent.
    Returns: Stated.
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), Theorems 4.4, F.10 and G.3.

    >>> round(theorem_f10(10_000, 2).log10_eigenvalue, 3)
    -4.343
    """
    n, _, constant = _smooth(n, 1, constant)
    span_dim = whole("span_dim", span_dim, least=1, must="be a whole number of dimensions, at least 1")
    return Stated(-constant * n ** (1 / (2 * span_dim)) / LN10, failure=n**-3.5)


# --- smoothed data ----------------------------------------------------------------------------------------------------


def smallest_power(n, span_dim, *, odd=False):
    """The smallest p with C(d', p) ≥ n, of Lemma I.2; the smallest odd one for Theorem I.4.

    C(d', p) rises up to p = d'/2 only, so that there may be none.

    Parameters: n ≥ 1; span_dim d' ≥ 1; odd, whether p must be odd.
    Raises: ValueError where no p will do.
    Source: Panigrahi, Shetty, Goyal (2020), Equation (31).

    >>> smallest_power(40, 8), smallest_power(40, 8, odd=True)
    (3, 3)
    """
    for power in range(1, span_dim + 1, 1 + odd):
        if math.comb(span_dim, power) >= n:
            return power
    raise ValueError(
        f"C(span_dim, p) must reach n for {'an odd' if odd else 'a'} p; C({span_dim}, p) stays below {n}. "
        "The bounds for smoothed data need a larger span."
    )


def lemma_i2(n, power, noise, kappa, *, constant=1.0):
    """σ_n(X^{*p}) ≥ Ω(n^−½ (σκ/(np))^p) with probability 1 − κ over noise of deviation σ, where C(d', p) ≥ n.

    Reconstructed from the proof, by Carbery–Wright.  Returned as a Stated whose "eigenvalue" is the singular value.

    Parameters: n ≥ 2; power p ≥ 1; noise σ > 0; kappa in (0, 1); constant > 0.
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), Lemma I.2.

    >>> round(lemma_i2(40, 3, 0.1, 0.1).log10_eigenvalue, 3)
    -13.039
    """
    n, power, noise, kappa, constant = _noisy(n, power, noise, kappa, constant)
    size = power * math.log10(noise * kappa / (n * power)) - 0.5 * math.log10(n)
    return Stated(math.log10(constant) + size, failure=kappa)


def theorem_i3(n, power, noise, kappa, m, *, constant=1.0):
    """σ of degree p, leading coefficient 1: λ_min(G(0)) ≥ Ω(n^−1 (σκ/(np))^2p), but for κ.

    At m ≥ Ω(p^4p n^(4p+4) log(n/κ) log^(2p+3) m/(σκ)^4p), for d' ≥ Ω(n^(1/p)).

    Parameters: as of `lemma_i2`; m ≥ 2, the width in log m.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem I.3.  Its proof takes c̄_{p−1}(σ') = 1; it is p√((p − 1)!), larger.

    >>> found = theorem_i3(40, 2, 0.1, 0.1, 10**6)
    >>> round(found.log10_eigenvalue, 1), round(found.log10_width, 1)
    (-17.2, 46.4)
    """
    n, power, noise, kappa, constant = _noisy(n, power, noise, kappa, constant)
    return Stated(
        log10_eigenvalue=math.log10(constant / n) + 2 * power * math.log10(noise * kappa / (n * power)),
        log10_width=_smoothed_width(n, power, noise, kappa, m, 2 * power + 3, constant),
        failure=kappa,
    )


def theorem_i4(n, span_dim, noise, kappa, m, *, constant=1.0):
    """tanh: λ_min(G(0)) ≥ Ω(c̄_{p−1}²(tanh') n^−1 (σκ/(np))^2p), but for κ, p the smallest odd one with C(d', p) ≥ n.

    At m ≥ Ω(p^4p n^(4p+4) log(n/κ) log² m/(σκ)^4p).  Printed with c̄_p, which is 0 for odd p.

    Parameters: n ≥ 2; span_dim d'; noise σ > 0; kappa in (0, 1); m ≥ 2; constant > 0.
    Raises: ValueError outside these ranges, or where no p will do.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem I.4.

    >>> round(theorem_i4(40, 8, 0.1, 0.1, 10**6).log10_eigenvalue, 1)
    -27.3
    """
    from ntkit.activations import activation

    power = smallest_power(n, span_dim, odd=True)
    without = theorem_i3(n, power, noise, kappa, m, constant=constant)
    coefficient = abs(float(slope_coefficients(activation("tanh"), power)[-1]))
    return Stated(
        log10_eigenvalue=without.log10_eigenvalue + 2 * math.log10(coefficient),
        log10_width=_smoothed_width(n, power, noise, kappa, m, 2, constant),
        failure=kappa,
    )


def corollary_i41(n, *, constant=1.0):
    """tanh on smoothed data with d' = Θ(log n): λ_min(G(0)) ≥ (1/n)^O(log n).

    But for 1/poly(n) + e^{−Ω(m/(n² log² m))}, as far as it can be read.

    Parameters: n ≥ 2; constant > 0, in the exponent.
    Source: Panigrahi, Shetty, Goyal (2020), Corollary I.4.1.

    >>> round(corollary_i41(100).log10_eigenvalue, 3)
    -9.21
    """
    n, _, constant = _smooth(n, 1, constant)
    return Stated(-constant * math.log(n) * math.log10(n))


def theorem_47(n, delta, gamma, *, constant=1.0):
    """tanh on smoothed data with d' = Θ(n^γ): λ_min(G(0)) ≥ Ω̃(δ^(2/γ) n^(−3/γ)), m ≥ Ω̃(n^(6/γ) δ^(−4/γ)), 0.99 likely.

    Corollary I.4.2 with noise of the order δ/√n.

    Parameters: n ≥ 2; delta in (0, 1]; gamma in (0, 1]; constant > 0.
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem 4.7.

    >>> found = theorem_47(100, 0.1, 0.5)
    >>> round(found.log10_eigenvalue, 9), round(found.log10_width, 9)
    (-16.0, 32.0)
    """
    n, delta, _, constant = _kinked(n, delta, 1, constant)
    gamma = real("gamma", gamma, above=0, most=1, must="lie in (0, 1], the exponent of d' = Θ(n^γ)")
    log_delta, log_n, log_constant = math.log10(delta), math.log10(n), math.log10(constant)
    return Stated(
        log10_eigenvalue=log_constant + (2 * log_delta - 3 * log_n) / gamma,
        log10_width=log_constant + (6 * log_n - 4 * log_delta) / gamma,
        failure=0.01,
    )


def _smoothed_width(n, power, noise, kappa, m, logs, constant):
    m = real("m", m, least=2, must="be a width of at least 2, for its logarithm")
    ratio = 4 * power * math.log10(power / (noise * kappa)) + (4 * power + 4) * math.log10(n)
    return math.log10(constant * math.log(n / kappa)) + logs * math.log10(math.log(m)) + ratio


# --- training ---------------------------------------------------------------------------------------------------------


def theorem_l3_width(n, delta, m, kappa, *, constant=1.0):
    """log₁₀ of the width that Theorem L.3 asks for, m = Ω(n⁶ log⁶ n log m/(δ⁶κ³)): L.1 with the bound of L.2.

    Parameters: n ≥ 2; delta in (0, 1]; m ≥ 1, the width in log m; kappa in (0, 1], the probability of failure.
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem L.3.

    >>> round(theorem_l3_width(10, 0.1, 1000, 0.1), 2)
    18.01
    """
    n, delta, m, constant = _kinked(n, delta, m, constant)
    logs = math.log10(constant * math.log(n) ** 6 * max(math.log(m), 1.0))
    return logs + 6 * math.log10(n / delta) - 3 * math.log10(_probability("kappa", kappa))


def theorem_l3_time(n, delta, epsilon, *, constant=1.0):
    """The time of gradient flow until ‖u_t − y‖ ≤ ε for ReLU, Ω(δ^−1.5 log^1.5 n log(n/ε)) (reconstructed).

    Parameters: n ≥ 2; delta in (0, 1]; epsilon in (0, 1]; constant > 0.
    Raises: ValueError outside these ranges.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem L.3.

    >>> round(theorem_l3_time(10, 0.1, 0.01), 1)
    763.2
    """
    n, delta, _, constant = _kinked(n, delta, 1, constant)
    return constant * (math.log(n) / delta) ** 1.5 * math.log(n / _probability("epsilon", epsilon))


def theorem_33(loss, n, delta, m, dim, *, constant=1.0):
    """A network whose weights stay near their start has ‖∇L‖² ≥ Ω(L mδ/(d n²)), in the parameterisation of fan-out.

    Parameters: loss L ≥ 0; n ≥ 2; delta in (0, 1], min ‖x − x'‖; m ≥ 1; dim d ≥ 1; constant > 0.
    Returns: float.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem 3.3, after Allen-Zhu, Li, Song (2019).

    >>> theorem_33(1.0, 10, 0.1, 1000, 10)
    0.1
    """
    n, delta, m, constant = _kinked(n, delta, m, constant)
    return constant * loss * m * delta / (dim * n**2)


# --- arguments --------------------------------------------------------------------------------------------------------


def _kinked(n, delta, m, constant):
    return _smooth(n, m, constant)[0], _separated(delta), _smooth(n, m, constant)[1], _constant(constant)


def _smooth(n, m, constant):
    n = whole("n", n, least=2, must="be a whole number of points, at least 2")
    return n, whole("m", m, least=1, must="be a whole number of units, at least 1"), _constant(constant)


def _noisy(n, power, noise, kappa, constant):
    n, power, constant = _smooth(n, power, constant)
    noise = real("noise", noise, above=0, must="be positive, the standard deviation of the noise")
    return n, power, noise, _probability("kappa", kappa), constant


def _separated(delta):
    return real("delta", delta, above=0, most=1, must="lie in (0, 1], the separation of the points")


def _constant(constant):
    return real("constant", constant, above=0, must="be positive: what Ω and O leave open")


def _probability(name, value):
    return real(name, value, above=0, most=1, must="lie in (0, 1]")
