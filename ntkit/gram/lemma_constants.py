"""The constants of the lemmas of Du et al., each with what is printed where that is wrong.

L is the Lipschitz constant of σ, β that of σ', c_w (the paper's c_{w,0}) a bound on ‖W^(h)(0)‖₂/√m, R one on
‖W^(h)(k) − W^(h)(0)‖_F/√m, c_x0 (c_{x,0}) one on ‖x^(h)(0)‖ and on its inverse, g_α(n) = 1 + α + … + α^(n−1).
Source: Du, Lee, Li, Wang, Zhai (December 2018), appendices A to E.
"""

import math
from dataclasses import dataclass

import numpy as np

from ntkit.arguments import real, whole
from ntkit.gram.layered import scaling_constant
from ntkit.specification import takes_names

_REACH, _GRID = 40.0, 400_001
_ABSOLUTE = math.sqrt(2 / math.pi)  # E |Z|
_LN10 = math.log(10)


@dataclass(frozen=True)
class Smoothness:
    """at_zero |σ(0)|, lipschitz L, smoothness β and factor c_σ of an activation."""

    at_zero: float
    lipschitz: float
    smoothness: float
    factor: float


@takes_names
def smoothness(activation):
    """The Smoothness of an activation, L and β to six digits, from below, on [−40, 40].

    Raises: ValueError where σ has a kink: β is infinite then, and the lemmas are silent.

    >>> import ntkit as nk
    >>> found = smoothness(nk.activation("softplus"))
    >>> round(found.lipschitz, 6), round(found.smoothness, 6), round(found.at_zero, 6)
    (1.0, 0.25, 0.693147)
    """
    if activation.kinks:
        raise ValueError(
            f"activation {activation.name!r} must be smooth, as the paper assumes; it has kinks at "
            f"{list(activation.kinks)}. Take softplus in the place of ReLU."
        )
    x = np.linspace(-_REACH, _REACH, _GRID)
    slopes = activation.derivative(x)
    return Smoothness(
        abs(float(activation(0.0))),
        float(np.abs(slopes).max()),
        float(np.abs(np.diff(slopes)).max() / (x[1] - x[0])),
        scaling_constant(activation),
    )


def geometric_sum(alpha, n):
    """g_α(n) = Σ_{i<n} α^i.

    >>> geometric_sum(2.0, 4), geometric_sum(1.0, 4)
    (15.0, 4.0)
    """
    return float(n) if alpha == 1 else (alpha**n - 1) / (alpha - 1)


# --- initialisation ------------------------------------------------------------------------------------------------


def lemma_a1_growth(found):
    """C = c_σ L(2|σ(0)|√(2/π) + 3L): |E σ(αZ)² − E σ(Z)²| ≤ C|α − 1|/c_σ for ½ ≤ α ≤ 2.

    Parameters: found, a Smoothness.
    Source: Du et al. (2018), Lemma A.1, with |α + 1| ≤ 3 in the place of 2.

    >>> import ntkit as nk
    >>> lemma_a1_growth(Smoothness(0.0, 1.0, 0.0, 1.0)), lemma_a1_growth_printed(Smoothness(0.0, 1.0, 0.0, 1.0))
    (3.0, 2.0)
    """
    return found.factor * found.lipschitz * (2 * found.at_zero * _ABSOLUTE + 3 * found.lipschitz)


def lemma_a1_growth_printed(found):
    """C = c_σ L(2|σ(0)|√(2/π) + 2L), as printed: too small for σ(x) = x at α = 2.

    >>> lemma_a1_growth_printed(Smoothness(1.0, 0.0, 0.0, 1.0))
    0.0
    """
    return found.factor * found.lipschitz * (2 * found.at_zero * _ABSOLUTE + 2 * found.lipschitz)


def fourth_moment(found, norm=2.0):
    """C₂ = c_σ² E (|σ(0)| + L·norm·|Z|)⁴: m Var ‖x^(h)(0)‖² is at most that, where ‖x^(h−1)‖ ≤ norm.

    Parameters: found, a Smoothness; norm, 2 in Lemma A.1, 1 in Lemma B.1.

    >>> fourth_moment(Smoothness(0.0, 1.0, 0.0, 1.0)), fourth_moment(Smoothness(0.0, 1.0, 0.0, 1.0), 1.0)
    (48.0, 3.0)
    """
    start, slope = found.at_zero, found.lipschitz * norm
    total = start**4 + 4 * start**3 * slope * _ABSOLUTE + 6 * (start * slope) ** 2
    return found.factor**2 * (total + 8 * start * slope**3 * _ABSOLUTE + 3 * slope**4)


def fourth_moment_printed(found, norm=2.0):
    """C₂ as printed: 512L⁴ (32L⁴ in Lemma B.1) for the last term, and no c_σ².

    >>> fourth_moment_printed(Smoothness(0.0, 1.0, 0.0, 1.0)), fourth_moment_printed(Smoothness(0.0, 1.0, 0.0, 1.0), 1)
    (512.0, 32.0)
    """
    start, slope = found.at_zero, found.lipschitz * norm
    total = start**4 + 4 * start**3 * slope * _ABSOLUTE + 6 * (start * slope) ** 2
    return total + 8 * start * slope**3 * _ABSOLUTE + 32 * slope**4


def lemma_e4_failure(width, ratio, c_w):
    """P(‖W‖₂ > c_w √m) ≤ exp(−(c_w − √c − 1)² m/2) for W of m × cm standard normal entries.

    Parameters: width m ≥ 1; ratio c > 0; c_w > √c + 1.
    Raises: ValueError outside those ranges.
    Source: Du et al. (2018), Lemma E.4; the minus sign is missing in its proof.

    >>> round(lemma_e4_failure(20, 1.0, 2.5), 6)
    0.082085
    """
    width = whole("width", width, least=1, must="be a positive whole number of units")
    ratio = real("ratio", ratio, above=0, must="be positive")
    least = math.sqrt(ratio) + 1
    c_w = real("c_w", c_w, above=least, must=f"exceed √c + 1 = {least:g}")
    return math.exp(-0.5 * (c_w - least) ** 2 * width)


def lemma_b1_norm(found, c_lambda, c_w):
    """c_x0 of a residual network, 2e^α + |σ(0)|c_λ(e^α − 1)/α with α = c_λ c_w L: at most this is ‖x^(h)(0)‖.

    Parameters: found, a Smoothness; c_lambda c_λ; c_w.
    Source: Du et al. (2018), Lemma B.1, with ‖σ(Wx)‖ ≤ L‖W‖‖x‖ + |σ(0)|√m in the place of L‖W‖‖x‖.

    >>> round(lemma_b1_norm(Smoothness(0.0, 1.0, 0.25, 1.0), 0.5, 2.0) / 2, 6), round(math.e, 6)
    (2.718282, 2.718282)
    """
    alpha = c_lambda * c_w * found.lipschitz
    return 2 * math.exp(alpha) + found.at_zero * c_lambda * math.expm1(alpha) / alpha


def lemma_b1_norm_printed(found, c_lambda, c_w):
    """c_x0 = 2e^(c_λ c_w L), as printed: it forgets σ(0).

    >>> round(lemma_b1_norm_printed(Smoothness(1.0, 1.0, 0.25, 1.0), 0.5, 2.0), 6)
    5.436564
    """
    return 2 * math.exp(c_lambda * c_w * found.lipschitz)


def lemma_c1_norm(found, c_lambda, c_w, window, pixels):
    """√c_σ(√q L c_w + √p|σ(0)|)e^α + √p|σ(0)|c_λ(e^α − 1)/α, α = √q c_λ c_w L: a bound on ‖x^(h)(0)‖_F.

    Parameters: found, a Smoothness; c_lambda; c_w; window q; pixels p of images of norm at most 1.
    Source: Du et al. (2018), Lemma C.1, with ‖σ(Wφ)‖_F ≤ L‖W‖‖φ‖_F + |σ(0)|√(pm) in the place of L‖W‖‖φ‖_F.

    >>> found = Smoothness(0.0, 1.0, 0.25, 1.0)
    >>> round(lemma_c1_norm(found, 0.5, 2.0, 3, 4), 4), round(lemma_c1_norm_printed(found, 0.5, 2.0, 3, 1.5), 4)
    (19.5799, 19.5799)
    """
    alpha = math.sqrt(window) * c_lambda * c_w * found.lipschitz
    blank = math.sqrt(pixels) * found.at_zero
    first = math.sqrt(found.factor) * (math.sqrt(window) * found.lipschitz * c_w + blank)
    return first * math.exp(alpha) + blank * c_lambda * math.expm1(alpha) / alpha


def lemma_c1_norm_printed(found, c_lambda, c_w, window, over):
    """c_x0 = max{√(q L² c_σ c_w²), √(2c_{σ,p^(−½)}/c_σ)} e^(√q c_λ c_w L), as printed: it forgets σ(0).

    Parameters: as in `lemma_c1_norm`; over, c_{σ,p^(−½)} (`scaling_constant_over`).

    >>> round(lemma_c1_norm_printed(Smoothness(1.0, 1.0, 0.25, 1.0), 0.5, 2.0, 3, 1.5), 4)
    19.5799
    """
    first = math.sqrt(window * found.factor) * found.lipschitz * c_w
    growth = math.exp(math.sqrt(window) * c_lambda * c_w * found.lipschitz)
    return max(first, math.sqrt(2 * over / found.factor)) * growth


# --- how far training moves things ---------------------------------------------------------------------------------


def lemma_a3_drift(found, layer, radius, c_w, c_x0=2.0):
    """√c_σ L c_x0 g_{c_x}(h) R, a bound on ‖x^(h)(k) − x^(h)(0)‖; c_x = 2√c_σ L c_w.

    Parameters: found, a Smoothness; layer h; radius R ≤ c_w; c_w; c_x0.
    Source: Du et al. (2018), Lemma A.3.

    >>> lemma_a3_drift(Smoothness(0.0, 1.0, 0.25, 1.0), 2, 0.1, 2.0)
    1.0
    """
    root = math.sqrt(found.factor) * found.lipschitz
    return root * c_x0 * geometric_sum(2 * root * c_w, layer) * radius


def lemma_a4_drift(found, depth, n, radius, c_w, c_x0=2.0):
    """(2βc_x0 + 3√c_σ L²) L c_σ c_x0² g_{c_x}(H) nR, a bound on ‖G^(H)(k) − G^(H)(0)‖_F.

    Parameters: as in `lemma_a3_drift`; depth H; n inputs.
    Source: Du et al. (2018), Lemma A.4.

    >>> lemma_a4_drift(Smoothness(0.0, 1.0, 0.25, 1.0), 2, 1, 0.1, 2.0)
    8.0
    """
    root, slope = math.sqrt(found.factor), found.lipschitz
    inside = 2 * found.smoothness * c_x0 + 3 * root * slope**2
    return inside * slope * found.factor * c_x0**2 * geometric_sum(2 * root * slope * c_w, depth) * n * radius


def lemma_a5_radius(found, depth, width, n, least_eigenvalue, residual, c_w, c_x0=2.0):
    """R' = 8c_x0 c_x^H √n ‖y − u(0)‖/(λ₀√m), a bound on ‖W^(h)(k) − W^(h)(0)‖_F/√m.

    Parameters: as in `lemma_a4_drift`; width m; least_eigenvalue λ₀; residual ‖y − u(0)‖.
    Source: Du et al. (2018), Lemma A.5.

    >>> lemma_a5_radius(Smoothness(0.0, 1.0, 0.25, 1.0), 1, 64, 4, 1.0, 1.0, 1.0)
    8.0
    """
    c_x = max(2 * math.sqrt(found.factor) * found.lipschitz * c_w, 1.0)
    return 8 * c_x0 * c_x**depth * math.sqrt(n / width) * residual / least_eigenvalue


def lemma_a6_learning_rate(found, depth, n, least_eigenvalue, c_w, *, power=3, constant=1.0):
    """η = cλ₀/(n²H² c_x^(3H) g_{2c_x}(H)) of Lemma A.6; with power 2 in the place of 3, that of Lemma A.7.

    Parameters: as in `lemma_a5_radius`; constant c, open in the paper.
    Source: Du et al. (2018), Lemmas A.6 and A.7.

    >>> round(lemma_a6_learning_rate(Smoothness(0.0, 1.0, 0.25, 1.0), 1, 1, 1.0, 1.0), 6)
    0.125
    """
    c_x = max(2 * math.sqrt(found.factor) * found.lipschitz * c_w, 1.0)
    return constant * least_eigenvalue / ((n * depth) ** 2 * c_x ** (power * depth) * geometric_sum(2 * c_x, depth))


def lemma_b3_drift(found, radius, c_lambda, c_w, c_x0, window=1):
    """(√c_σ L√q + c_x0/c_w) e^(2c_λ c_w L√q) R, a bound on ‖x^(h)(k) − x^(h)(0)‖ of a residual network.

    Parameters: found, a Smoothness; radius R; c_lambda; c_w; c_x0; window q, 1 for vectors.
    Source: Du et al. (2018), Lemma B.3 as its proof has it (the statement has c_x0 for c_σ and for c_λ), Lemma C.3.

    >>> round(lemma_b3_drift(Smoothness(0.0, 1.0, 0.25, 1.0), 1.0, 0.5, 2.0, 2.0), 4)
    14.7781
    """
    patch = math.sqrt(window) * found.lipschitz
    return (math.sqrt(found.factor) * patch + c_x0 / c_w) * math.exp(2 * c_lambda * c_w * patch) * radius


def lemma_b3_drift_printed(found, radius, c_w, c_x0):
    """(√c_x0 L + c_x0/c_w) e^(2c_x0 c_w L) R, as the statement of Lemma B.3 prints it.

    >>> round(lemma_b3_drift_printed(Smoothness(0.0, 1.0, 0.25, 1.0), 1.0, 2.0, 2.0))
    7197
    """
    slope = found.lipschitz
    return (math.sqrt(c_x0) * slope + c_x0 / c_w) * math.exp(2 * c_x0 * c_w * slope) * radius


def lemma_b4_drift(found, depth, n, radius, c_lambda, c_w, c_x0):
    """(c_λ²/H²)[3c_x0 c_x + 2βc_x0²(2c_x c_w + c_x0)]L² nR, a bound on ‖G^(H)(k) − G^(H)(0)‖_F; c_x from Lemma B.3.

    Parameters: as in `lemma_b3_drift`; depth H; n inputs.
    Source: Du et al. (2018), proof of Lemma B.4, whose statement asks for λ₀/2 where λ₀/4 is needed.

    >>> round(lemma_b4_drift(Smoothness(0.0, 1.0, 0.25, 1.0), 2, 1, 0.1, 0.5, 2.0, 2.0), 4)
    1.3181
    """
    c_x = lemma_b3_drift(found, 1.0, c_lambda, c_w, c_x0)
    inside = 3 * c_x0 * c_x + 2 * found.smoothness * c_x0**2 * (2 * c_x * c_w + c_x0)
    return (c_lambda / depth) ** 2 * inside * found.lipschitz**2 * n * radius


def lemma_c4_drift(found, depth, n, radius, c_lambda, c_w, c_x0, window, pixels):
    """(c_λ²/H²)[3c_x0 c_x Lp + 2βc_x0²√p(2c_x c_w√q + c_x0)]L nR, a bound on ‖G^(H)(k) − G^(H)(0)‖_F for images.

    Parameters: as in `lemma_b4_drift`; window q; pixels p.  c_x from Lemma C.3, c_x0 of the patches x_{i,l}.
    Source: Du et al. (2018), proof of Lemma C.4, whose statement asks for λ₀/2 where λ₀/4 is needed.

    >>> round(lemma_c4_drift(Smoothness(0.0, 1.0, 0.25, 1.0), 2, 1, 0.1, 0.5, 2.0, 2.0, 1, 1), 4)
    1.3181
    """
    c_x = lemma_b3_drift(found, 1.0, c_lambda, c_w, c_x0, window)
    spread = 2 * found.smoothness * c_x0**2 * math.sqrt(pixels) * (2 * c_x * c_w * math.sqrt(window) + c_x0)
    inside = 3 * c_x0 * c_x * found.lipschitz * pixels + spread
    return (c_lambda / depth) ** 2 * inside * found.lipschitz * n * radius


def lemma_b5_radius(found, depth, width, n, least_eigenvalue, residual, c_lambda, c_w, c_x0, *, window=1, pixels=1):
    """R' = 8c_λ c_x0 L√(pq) e^(2c_λ c_w L√q) √n ‖y − u(0)‖/(Hλ₀√m), a bound on ‖W^(h)(k) − W^(h)(0)‖_F/√m.

    Parameters: as in `lemma_a5_radius` and `lemma_b3_drift`; window q and pixels p, 1 for vectors.
    Source: Du et al. (2018), proofs of Lemmas B.5 and C.5.

    >>> round(lemma_b5_radius(Smoothness(0.0, 1.0, 0.25, 1.0), 2, 64, 4, 1.0, 1.0, 0.5, 1.0, 2.0), 4)
    2.7183
    """
    front = 8 * c_lambda * c_x0 * found.lipschitz * math.sqrt(pixels * window)
    growth = math.exp(2 * c_lambda * c_w * found.lipschitz * math.sqrt(window))
    return front * growth * math.sqrt(n / width) * residual / (depth * least_eigenvalue)


# --- perturbations -------------------------------------------------------------------------------------------------


def lemma_e1(bounds, relative):
    """(Σ α_i) Π M_i, a bound on ‖ΠA_i − ΠB_i‖_F where ‖A_i‖₂, ‖B_i‖₂ ≤ M_i and ‖A_i − B_i‖_F ≤ α_i M_i.

    Parameters: bounds M_i, relative α_i, of one length.
    Source: Du et al. (2018), Lemma E.1.

    >>> lemma_e1([2.0, 3.0], [0.5, 0.25])
    4.5
    """
    return float(np.sum(relative) * np.prod(bounds))


def lemma_e3(found, least, largest, distance):
    """2L(|ρ(0)| + L√(max ‖·‖))·max|A − B|/√λ, a bound on |F(A) − F(B)|, F(A) = E ρ(u)ρ(v), (u, v) ~ N(0, A), A, B ⪰ λ.

    |ρ(x)| ≤ |ρ(0)| + L|x|, and ‖√A − √B‖_F ≤ ‖A − B‖_F/(2√λ) ≤ max|A − B|/√λ for matrices of two rows.
    Parameters: found, a Smoothness; least λ; largest max{‖A‖₂, ‖B‖₂}; distance max |A_ij − B_ij|.
    Source: Du et al. (2018), Lemma E.3, with L² and ρ(0), which are missing there.

    >>> lemma_e3(Smoothness(0.0, 100.0, 0.0, 1.0), 1.0, 1.0, 0.01)
    200.0
    """
    size = found.at_zero + found.lipschitz * math.sqrt(largest)
    return 2 * found.lipschitz * size * distance / math.sqrt(least)


def lemma_e3_printed(found, least, largest, distance):
    """(40L/√λ)√(max ‖·‖) max|A − B|, as printed.

    >>> lemma_e3_printed(Smoothness(0.0, 100.0, 0.0, 1.0), 1.0, 1.0, 0.01)
    40.0
    """
    return 40 * found.lipschitz / math.sqrt(least) * math.sqrt(largest) * distance


# --- Theorem D.1 ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Concentration:
    """Theorem D.1 for one network: max_ij |Ĝ_ij − K_ij| ≤ ℰ_K √(log(Hn²p²/δ)/m) in every layer.

    depth, n, pixels: H, n and p
    log10_constant:   log₁₀ ℰ_K
    """

    depth: int
    n: int
    pixels: int
    log10_constant: float

    def log10_width(self, error, failure=0.1):
        """log₁₀ of the m at which the bound is `error`, with probability 1 − failure.

        Raises: ValueError where error or failure is not positive.
        """
        error = real("error", error, above=0, must="be positive")
        failure = real("failure", failure, above=0, most=np.nextafter(1, 0), must="lie in (0, 1)")
        size = math.log(self.depth * self.n**2 * self.pixels**2 / failure)
        return 2 * (self.log10_constant - math.log10(error)) + math.log10(size)


def du_theorem_d1(population, found):
    """The Concentration of a network of which the PopulationGram is known.

    Parameters: population, a PopulationGram; found, the Smoothness of its activation.
    Source: Du et al. (2018), Theorem D.1, Remark D.4.

    >>> import ntkit as nk
    >>> sigma, x = nk.activation("softplus"), nk.data.sphere(4, seed=0).x
    >>> plain = du_theorem_d1(nk.gram.fully_connected_gram(sigma, x, 4), smoothness(sigma))
    >>> skipping = du_theorem_d1(nk.gram.residual_gram(sigma, x, 4), smoothness(sigma))
    >>> plain.log10_constant > skipping.log10_constant > 10
    True
    """
    size = population.covariances[0].variance.size
    n = len(population.gram)
    largest = 100 * max(float(np.abs(layer.matrix).max()) for layer in population.covariances)
    least = population.pair_floor
    spread = population.window  # ‖𝒲‖ on L^∞
    first = math.sqrt(found.factor) * (found.at_zero + found.lipschitz)
    if population.branch is None:
        skip, mean, later = 0.0, 0.0, first
    else:
        skip, later = 1.0, population.branch * (found.at_zero + found.lipschitz)
        mean = 100 * max(float(np.abs(vector).max()) for vector in population.means)
    inner = 2 * skip * later * (1 + mean * largest / least**1.5) + later**2 * math.sqrt(largest / least)
    factor = max(skip**2 + spread * inner, skip + later * (largest / least) ** 1.5)
    start = max(spread * 4 * largest * math.sqrt(1 + 2 * first**2 / math.sqrt(math.pi)), math.sqrt(2) * first * largest)
    logarithm = (population.depth - 1) * math.log(factor) + math.log(start / spread)
    return Concentration(population.depth, n, size // n, logarithm / _LN10)
