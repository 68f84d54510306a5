"""Width, step and rate as the theorems of Du et al. ask for them, with the constants that they leave open as arguments.

    L(w(k)) ≤ (1 − ηλ₀/2)^k L(w(0))      with probability 1 − δ, once m and η are as required

In the theorems δ is the probability of failure, not a separation.  2^{O(H)} is read as base^H, poly(p) as p^power.
Source: Du, Lee, Li, Wang, Zhai (December 2018), Theorems 3.1, 4.1, 5.1, section 1.2; Panigrahi, Shetty, Goyal (2020),
Theorems J.7 and J.8.
"""

import math
from dataclasses import dataclass

from ntkit.arguments import real, whole


@dataclass(frozen=True, eq=False)
class Requirement:
    """What a theorem asks for.

    theorem:             as the paper calls it
    log10_terms:         log₁₀ of every term of the maximum that the width must exceed, {how it is printed: value}
    log10_learning_rate: log₁₀ η
    least_eigenvalue:    λ₀
    """

    theorem: str
    log10_terms: dict
    log10_learning_rate: float
    least_eigenvalue: float

    @property
    def log10_width(self):
        """log₁₀ of the width m."""
        return max(self.log10_terms.values())

    @property
    def binding(self):
        """The term that decides the width."""
        return max(self.log10_terms, key=self.log10_terms.get)

    @property
    def log10_rate(self):
        """log₁₀ of ηλ₀/2, by which a step shrinks the loss."""
        return self.log10_learning_rate + math.log10(self.least_eigenvalue / 2)

    def log10_steps(self, epsilon):
        """log₁₀ of the steps until ε of the loss is left, by the rate that is promised."""
        epsilon = real("epsilon", epsilon, above=0, most=math.nextafter(1, 0), must="lie in (0, 1)")
        rate = 10**self.log10_rate
        decay = -math.log1p(-rate) if 1e-300 < rate < 1 else None
        wanted = math.log10(-math.log(epsilon))
        return wanted - (math.log10(decay) if decay else self.log10_rate)


def du_theorem_3_1(n, depth, least_eigenvalue, pair_floor, failure, *, constant=1.0, base=2.0):
    """The Requirement of Theorem 3.1, fully connected networks.

    Parameters: n inputs; depth H; least_eigenvalue λ₀ > 0; pair_floor λ in (0, 1]; failure δ in (0, 1); constant, in
    the place of every hidden one; base of 2^{O(H)}.
    Raises: ValueError outside those ranges.
    Source: Du et al. (2018), Theorem 3.1.

    >>> found = du_theorem_3_1(8, 4, 6.9e-4, 5e-3, 0.1)
    >>> round(found.log10_width, 2), found.binding
    (22.83, 'n² log(Hn²/δ)/(λ₀² λ^(3H/2))')
    """
    n, depth, floor, failure, constant = _checked(n, depth, least_eigenvalue, failure, constant)
    pair = real("pair_floor", pair_floor, above=0, must="be positive")
    powers = depth * math.log10(real("base", base, least=1, must="be at least 1"))
    scale, points, small = math.log10(constant), math.log10(n), math.log10(floor)
    return Requirement(
        "Theorem 3.1",
        {
            "n⁴ 2^{O(H)}/λ₀⁴": scale + 4 * points + powers - 4 * small,
            "n 2^{O(H)}/δ": scale + points + powers - math.log10(failure),
            "n² log(Hn²/δ)/(λ₀² λ^(3H/2))": scale
            + 2 * points
            + _log10_log(depth * n**2, failure)
            - 2 * small
            - 1.5 * depth * math.log10(pair),
        },
        scale + small - 2 * points - powers,
        floor,
    )


def du_theorem_4_1(n, depth, least_eigenvalue, failure, *, constant=1.0):
    """The Requirement of Theorem 4.1, residual networks.

    Parameters, raises: as in `du_theorem_3_1`.
    Source: Du et al. (2018), Theorem 4.1.

    >>> found = du_theorem_4_1(8, 4, 3.9e-7, 0.1)
    >>> round(found.log10_width, 2), found.binding
    (25.64, 'n⁴/(λ₀⁴ H⁶)')
    """
    n, depth, floor, failure, constant = _checked(n, depth, least_eigenvalue, failure, constant)
    scale, points = math.log10(constant), math.log10(n)
    layers, small = math.log10(depth), math.log10(floor)
    return Requirement(
        "Theorem 4.1",
        {
            "n⁴/(λ₀⁴ H⁶)": scale + 4 * points - 4 * small - 6 * layers,
            "n²/(λ₀² H²)": scale + 2 * points - 2 * small - 2 * layers,
            "n/δ": scale + points - math.log10(failure),
            "n² log(Hn²/δ)/λ₀²": scale + 2 * points + _log10_log(depth * n**2, failure) - 2 * small,
        },
        scale + small + 2 * layers - 2 * points,
        floor,
    )


def du_theorem_5_1(n, depth, least_eigenvalue, failure, pixels, *, constant=1.0, power=1.0):
    """The Requirement of Theorem 5.1, convolutional residual networks.

    Parameters, raises: as in `du_theorem_3_1`; pixels p; power of poly(p).
    Source: Du et al. (2018), Theorem 5.1.

    >>> round(du_theorem_5_1(8, 4, 3.9e-7, 0.1, pixels=16).log10_width, 2)
    29.25
    """
    n, depth, floor, failure, constant = _checked(n, depth, least_eigenvalue, failure, constant)
    pixels = whole("pixels", pixels, least=1, must="be a positive whole number")
    poly = real("power", power, least=0, must="not be negative") * math.log10(pixels)
    plain = du_theorem_4_1(n, depth, floor, failure, constant=constant)
    terms = dict(plain.log10_terms)
    del terms["n²/(λ₀² H²)"]
    terms["n⁴/(λ₀⁴ H²)"] = terms["n⁴/(λ₀⁴ H⁶)"] + 4 * math.log10(depth)
    return Requirement(
        "Theorem 5.1",
        {f"{term} · poly(p)": value + poly for term, value in terms.items()},
        plain.log10_learning_rate - poly,
        floor,
    )


def theorem_j7(n, depth, least_eigenvalue, failure, *, constant=1.0, base=2.0):
    """The Requirement of Theorem J.7 of Panigrahi et al., fully connected networks; Theorem J.8 is that of λ_min = 1/n.

    Parameters: n inputs; depth L; least_eigenvalue λ_min(G(0)) of the last hidden layer; failure κ in (0, 1); constant;
    base of 2^{O(L)}.
    Raises: ValueError outside those ranges.
    Source: Panigrahi et al. (2020), Theorems J.7 and J.8, after Theorem 3.1 of Du et al.

    >>> round(theorem_j7(20, 40, 0.317, 0.1).log10_width, 2), round(theorem_j7(20, 40, 1 / 20, 0.1).log10_width, 2)
    (19.24, 22.45)
    """
    n, depth, floor, failure, constant = _checked(n, depth, least_eigenvalue, failure, constant)
    powers = depth * math.log10(real("base", base, least=1, must="be at least 1"))
    scale, points, small = math.log10(constant) + powers, math.log10(n), math.log10(floor)
    return Requirement(
        "Theorem J.7",
        {
            "n⁴ 2^{O(L)}/λ⁴": scale + 4 * points - 4 * small,
            "n 2^{O(L)}/κ": scale + points - math.log10(failure),
            "n² 2^{O(L)} log(Ln/κ)/λ²": scale + 2 * points + _log10_log(depth * n, failure) - 2 * small,
        },
        math.log10(constant) + small - 2 * points - powers,
        floor,
    )


@dataclass(frozen=True)
class Comparison:
    """One line of the comparison of section 1.2, log₁₀ with constants 1.

    steps_printed: as the section has it; steps: as it follows from the theorem
    """

    architecture: str
    source: str
    log10_width: float
    log10_steps: float
    log10_steps_printed: float


def du_comparison(n, depth, epsilon, pair_floor, *, base=2.0):
    """The comparison of section 1.2 with Allen-Zhu, Li, Song (2018): four Comparisons.

    Theorem 4.1 with λ₀ = c_D/H² has ηλ₀ = c_D²/(n²H²), so that T ≥ n²H² log(1/ε), where the section prints n² log(1/ε).
    Its width is n⁴H² only while H ≤ n: beyond, the last term of the theorem, n²H⁴ log(Hn²/δ), is larger.
    Parameters: n inputs; depth H; epsilon, of the loss, in (0, 1); pair_floor λ in (0, 1], in the place of λ in
    (1/λ)^{O(H)} with H for O(H); base of 2^{O(H)}.
    Raises: ValueError outside those ranges.

    >>> for row in du_comparison(1000, 16, 1e-3, 0.1):
    ...     print(row.architecture, row.source, round(row.log10_width), round(row.log10_steps, 1))
    residual Allen-Zhu et al. 128 21.2
    residual Theorem 4.1 14 9.2
    fully connected Allen-Zhu et al. 128 21.2
    fully connected Theorem 3.1 28 11.7
    """
    n, depth, _, _, _ = _checked(n, depth, 1.0, 0.5, 1.0)
    epsilon = real("epsilon", epsilon, above=0, most=math.nextafter(1, 0), must="lie in (0, 1)")
    pair = real("pair_floor", pair_floor, above=0, most=1, must="lie in (0, 1]")
    points, layers, wanted = math.log10(n), math.log10(depth), math.log10(-math.log(epsilon))
    theirs = 30 * (points + layers) + 2 * wanted, 6 * points + 2 * layers + wanted
    residual = 2 * points + 2 * layers + wanted
    plain = 2 * points + depth * math.log10(base) + wanted
    return (
        Comparison("residual", "Allen-Zhu et al.", *theirs, theirs[1]),
        Comparison("residual", "Theorem 4.1", 4 * points + 2 * layers, residual, 2 * points + wanted),
        Comparison("fully connected", "Allen-Zhu et al.", *theirs, theirs[1]),
        Comparison("fully connected", "Theorem 3.1", 4 * points - depth * math.log10(pair), plain, plain),
    )


def _log10_log(count, failure):
    return math.log10(math.log(count) - math.log(failure))


def _checked(n, depth, least_eigenvalue, failure, constant):
    return (
        whole("n", n, least=1, must="be a positive whole number of inputs"),
        whole("depth", depth, least=1, must="be a whole number of layers, at least 1"),
        real("least_eigenvalue", least_eigenvalue, above=0, must="be positive"),
        real("failure", failure, above=0, most=math.nextafter(1, 0), must="lie in (0, 1)"),
        real("constant", constant, above=0, must="be positive"),
    )
