"""What the theorems ask for, widths and learning rates, as stated with their unknown constant; and how much is enough.

The looseness of a statement is log₁₀(stated/sufficient), in orders of magnitude.
Source: Panigrahi, Shetty, Goyal (2020), Theorems 3.1, 4.6 (M.9), L.1, M.5 to M.7, M.10, Lemmas M.2 and M.11.
"""

import math
from dataclasses import dataclass

import numpy as np

from ntkit import dynamics
from ntkit.arguments import real, whole
from ntkit.data import span
from ntkit.gram.descent import descend
from ntkit.gram.population import population_g
from ntkit.gram.two_layer import two_layer
from ntkit.specification import takes_names

_RESOLVED = 1e-13  # of λ_max: smaller eigenvalues of a matrix are rounding
_WIDTHS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)


@dataclass(frozen=True)
class Asked:
    """What a theorem asks for: the least width, the largest learning rate (nan where it states none), and its text.

    theorem; width; learning_rate; statement: of the width.
    """

    theorem: str
    width: float
    learning_rate: float
    statement: str


@dataclass(frozen=True)
class SlopeBounds:
    """lipschitz: α = sup |σ'|.  smoothness: β = sup |σ''|, inf where σ' jumps.  inf also where there is no bound."""

    lipschitz: float
    smoothness: float


@takes_names
def slope_bounds(activation, reach=30.0):
    """The Lipschitz constants of σ and of σ', from a grid on [−reach, reach], to 10⁻⁵ of them.

    Raises: ValueError for an activation with a jump.

    >>> import ntkit as nk
    >>> found = slope_bounds(nk.activation("tanh"))
    >>> round(found.lipschitz, 6), round(found.smoothness, 4), slope_bounds(nk.activation("relu")).smoothness
    (1.0, 0.7698, inf)
    """
    if not activation.is_continuous:
        raise ValueError(f"activation {activation.name!r} must be continuous to have a slope everywhere.")
    inner, outer = (_slopes_on(activation, extent) for extent in (reach, 2 * reach))
    return SlopeBounds(*(low if high <= low * (1 + 1e-6) else math.inf for low, high in zip(inner, outer, strict=True)))


def _slopes_on(activation, reach, points=60_001, step=1e-6):
    """max |σ'| and max |σ'(z + h) − σ'(z)|/h on a grid; inf for the second where σ' jumps at a kink."""
    z = np.linspace(-reach, reach, points)
    kinks = np.asarray(activation.kinks, dtype=float)
    z = np.concatenate([z + 0.3 * step, kinks - 2 * step, kinks + step])  # beside the kinks, and never on one
    slope = activation.derivative(z)
    jumps = np.abs(activation.derivative(kinks + step) - activation.derivative(kinks - step)) if len(kinks) else [0.0]
    curvature = np.abs(activation.derivative(z + step) - slope).max() / step
    return float(np.abs(slope).max()), math.inf if np.max(jumps) > 100 * step else float(curvature)


# --- one function a theorem ------------------------------------------------------------------------------------------


def quoted_theorem_3_1(n, smallest, failure, constant=1.0):
    """ReLU, a = ±1: m ≥ c n⁶/(λ⁴κ³), η ≤ c λ/n²; then ‖y − u(t)‖² ≤ (1 − ηλ/2)^t ‖y − u(0)‖².

    Parameters: n points; smallest λ = λ_min(G∞) > 0; failure κ in (0, 1); constant c > 0, in both.
    Returns: Asked.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem 3.1, quoting Du, Zhai, Póczos, Singh (2019), Theorem 4.1, which has
    η = O(λ/n²); the text we have prints λ/n³.

    >>> quoted_theorem_3_1(10, 0.02633, 0.1).width > 1e15
    True
    """
    n, smallest, failure, constant = _checked(n, smallest, failure, constant)
    width = constant * n**6 / (smallest**4 * failure**3)
    return Asked("Theorem 3.1", width, constant * smallest / n**2, "n⁶/(λ⁴κ³)")


def theorem_4_6(n, smallest, failure, accuracy, smoothness=1.0, constant=1.0):
    """Smooth σ: m ≥ c γ n⁵/(κλ⁴ε²), η ≤ c λ/n²; then ‖y − u(t)‖ is its eigen-decomposition to within ε.

    Parameters: as in `quoted_theorem_3_1`, λ = λ_min(G(0)); accuracy ε > 0; smoothness γ, which Theorem 4.6 leaves out.
    Source: Panigrahi, Shetty, Goyal (2020), Theorems 4.6 and M.9.

    >>> theorem_4_6(10, 3.04e-4, 0.1, 0.1).learning_rate < 1e-5
    True
    """
    n, smallest, failure, constant = _checked(n, smallest, failure, constant)
    accuracy = real("accuracy", accuracy, above=0, must="be positive")
    width = constant * smoothness * n**5 / (failure * smallest**4 * accuracy**2)
    return Asked("Theorem 4.6", width, constant * smallest / n**2, "γn⁵/(κλ⁴ε²)")


def theorem_l_1(n, smallest, failure, constant=1.0):
    """ReLU, gradient flow: m ≥ c n⁶ log m/(λ⁴κ³); then ‖y − u(t)‖ ≤ e^{−λt} ‖y − u(0)‖.

    Parameters, returns: as in `quoted_theorem_3_1`; the least m that satisfies it.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem L.1.

    >>> asked = theorem_l_1(10, 0.02633, 0.1).width
    >>> bool(abs(asked / (1e6 * np.log(asked) / (0.02633**4 * 1e-3)) - 1) < 1e-9)
    True
    """
    n, smallest, failure, constant = _checked(n, smallest, failure, constant)
    width = _with_logarithm(constant * n**6 / (smallest**4 * failure**3))
    return Asked("Theorem L.1", width, math.nan, "n⁶ log m/(λ⁴κ³)")


def lemma_m_2(n, smallest, bounds, constant=1.0):
    """λ_min(G(t)) ≥ λ_min(G(0))/2 throughout, for m ≥ c n⁴α⁴β² log m/λ⁴.

    Parameters: n, smallest, constant as in `quoted_theorem_3_1`; bounds, the SlopeBounds of σ.
    Returns: Asked; an infinite width where σ' jumps, of which the lemma says nothing.
    Source: Panigrahi, Shetty, Goyal (2020), Lemma M.2.

    >>> lemma_m_2(10, 3.04e-4, SlopeBounds(1.0, 0.77)).width > 1e18
    True
    """
    n, smallest, _, constant = _checked(n, smallest, 0.5, constant)
    width = _with_logarithm(constant * n**4 * bounds.lipschitz**4 * bounds.smoothness**2 / smallest**4)
    return Asked("Lemma M.2", width, math.nan, "n⁴α⁴β² log m/λ⁴")


def theorem_m_5(n, smallest, failure, constant=1.0):
    """‖y − u(t)‖² ≤ (1 − ηλ/2)^t ‖y − u(0)‖² for m ≥ c max{n⁴/λ⁴, n/κ, n² log(n/κ)/λ²}, η ≤ c λ/n².

    Parameters, returns: as in `quoted_theorem_3_1`.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem M.5.

    >>> math.isclose(theorem_m_5(10, 0.02633, 0.1).width, (10 / 0.02633) ** 4)
    True
    """
    n, smallest, failure, constant = _checked(n, smallest, failure, constant)
    width = constant * max((n / smallest) ** 4, n / failure, (n / smallest) ** 2 * math.log(n / failure))
    return Asked("Theorem M.5", width, constant * smallest / n**2, "max{n⁴/λ⁴, n/κ, n² log(n/κ)/λ²}")


def theorem_m_10(n, smallest, batch, bounds, constant=1.0):
    """Mini-batches of b: m ≥ c n⁶α⁴β² log m/(b²λ⁴), η ≤ c λb²/(βn⁵α⁴), its logarithms left out.

    Parameters: as in `lemma_m_2`; batch b, 1 to n.
    Source: Panigrahi, Shetty, Goyal (2020), Theorem M.10.

    >>> asked = [theorem_m_10(10, 3.04e-4, b, SlopeBounds(1.0, 0.77)) for b in (1, 10)]
    >>> asked[0].width > 90 * asked[1].width, round(asked[1].learning_rate / asked[0].learning_rate)
    (True, 100)
    """
    n, smallest, _, constant = _checked(n, smallest, 0.5, constant)
    batch = whole("batch", batch, least=1, most=n, must=f"be a whole number of rows, 1 to {n}")
    alpha, beta = bounds.lipschitz, bounds.smoothness
    width = _with_logarithm(constant * n**6 * alpha**4 * beta**2 / (batch**2 * smallest**4))
    rate = constant * smallest * batch**2 / (beta * n**5 * alpha**4)
    return Asked("Theorem M.10", width, rate, "n⁶α⁴β² log m/(b²λ⁴)")


def theorem_m_6(n, smallest, width, constant=1.0):
    """How far a weight may move, ‖w_k(t) − w_k(0)‖ ≤ c n/(√m λ).

    Source: Panigrahi, Shetty, Goyal (2020), Theorem M.6.

    >>> theorem_m_6(10, 0.1, 10_000)
    1.0
    """
    return constant * n / (math.sqrt(width) * smallest)


def theorem_m_7(n, smallest, width, smoothness=1.0, constant=1.0):
    """How far the Gram matrix may move, ‖G(t) − G(0)‖_F ≤ c γ n²/(√m λ).

    Source: Panigrahi, Shetty, Goyal (2020), Theorem M.7.

    >>> theorem_m_7(10, 0.1, 10_000)
    10.0
    """
    return constant * smoothness * n**2 / (math.sqrt(width) * smallest)


def lemma_m_11_radius(n, smallest, bounds):
    """How far weights may move while λ_min(G(t)) ≥ λ_min(G(0))/2 is sure: λ/(4αβn).

    Source: Panigrahi, Shetty, Goyal (2020), Lemma M.11.

    >>> lemma_m_11_radius(10, 0.4, SlopeBounds(1.0, 1.0))
    0.01
    """
    return smallest / (4 * bounds.lipschitz * bounds.smoothness * n)


def lemma_m_11_entries(moved, bounds, mean_square=1.0):
    """How far an entry of G may move when weights move by `moved` at most: 2αβ (Σ a_k²/m) max_k ‖w_k(t) − w_k(0)‖.

    Parameters: mean_square, Σ a_k²/m, which the proof takes for 1.
    Source: Panigrahi, Shetty, Goyal (2020), proof of Lemma M.11.

    >>> lemma_m_11_entries(0.1, SlopeBounds(1.0, 0.5))
    0.1
    """
    return 2 * bounds.lipschitz * bounds.smoothness * mean_square * moved


# --- all together, and what is enough --------------------------------------------------------------------------------


@takes_names
def all_asked(n, smallest, activation, *, failure=0.1, accuracy=0.1, batch=1, constant=1.0):
    """What each theorem asks of n points with λ_min = `smallest`: those for ReLU where σ' jumps, else the smooth ones.

    Returns: a tuple of Asked.
    Raises: ValueError outside the ranges of the theorems; a λ of 0 has no finite width.

    >>> import ntkit as nk
    >>> [asked.theorem for asked in all_asked(10, 0.026, nk.activation("relu"))]
    ['Theorem 3.1', 'Theorem L.1']
    """
    bounds = slope_bounds(activation)
    if not math.isfinite(bounds.smoothness):
        return quoted_theorem_3_1(n, smallest, failure, constant), theorem_l_1(n, smallest, failure, constant)
    return (
        theorem_4_6(n, smallest, failure, accuracy, bounds.smoothness, constant),
        lemma_m_2(n, smallest, bounds, constant),
        theorem_m_5(n, smallest, failure, constant),
        theorem_m_10(n, smallest, batch, bounds, constant),
    )


@dataclass(frozen=True, eq=False)
class Enough:
    """The least width from which on all seeds did what the theorems conclude; arrays over the widths that were tried.

    widths; halved: (w, seeds), the least λ_min(G(t))/λ_min(G(0)) seen; slower: (w, seeds), the largest
    ‖y − u(t)‖²/((1 − ηλ/2)^t ‖y − u(0)‖²), λ = λ_min(G∞).
    width: the least from which on halved ≥ ½ and slower ≤ 1 for every seed; None where the largest does not do.
    learning_rate: η that was used, 1/λ_max(G∞).  smallest: λ_min(G∞).
    """

    widths: np.ndarray
    halved: np.ndarray
    slower: np.ndarray
    width: int | None
    learning_rate: float
    smallest: float

    def looseness(self, asked):
        """Orders of magnitude by which a theorem's width is larger than need be; nan where no width was enough."""
        return math.log10(asked.width / self.width) if self.width else math.nan

    def slowness(self, asked):
        """Orders of magnitude by which a theorem's learning rate is smaller than the one used; nan without one."""
        return math.log10(self.learning_rate / asked.learning_rate) if asked.learning_rate > 0 else math.nan


@takes_names
def enough(points, activation, *, widths=_WIDTHS, seeds=5, steps=200):
    """The width that is enough on these points: trained networks, checked against the theorems' two conclusions.

    Along `steps` steps of η = 1/λ_max(G∞): λ_min(G(t)) ≥ λ_min(G(0))/2, and ‖y − u(t)‖² ≤ (1 − ηλ/2)^t ‖y − u(0)‖².
    Parameters: points, a Dataset; activation, or its name; widths, ascending; seeds of the weights; steps.
    Returns: Enough.
    Raises: ValueError where G is singular at infinite width: there is nothing to be slower than.

    >>> import ntkit as nk
    >>> found = enough(nk.data.half_circle(6), nk.activation("relu"), widths=(8, 1024), seeds=2, steps=50)
    >>> found.width, round(found.looseness(quoted_theorem_3_1(6, found.smallest, 0.1)))
    (1024, 10)
    """
    modes = dynamics.modes(population_g(points.x, activation))
    smallest, rate = float(modes.eigenvalues[-1]), dynamics.safe_learning_rate(modes)
    least = _RESOLVED * float(modes.eigenvalues[0])
    real("λ_min(G∞)", smallest, above=least, must=f"be above rounding, {least:.1g}", remedy="Take fewer points.")
    x = span(points.x).coordinates(points.x)
    halved, slower = (np.empty((len(widths), seeds)) for _ in range(2))
    for row, width in enumerate(widths):
        for seed in range(seeds):
            network = two_layer(activation, x.shape[1], width, seed)
            run = descend(network, x, points.y, steps, rate, watch=sorted({0, steps // 2, steps}))
            halved[row, seed] = (run.drift.smallest / run.drift.smallest[0]).min() if run.drift.smallest[0] > 0 else 0.0
            slower[row, seed] = (run.loss / (run.loss[0] * (1 - rate * smallest / 2) ** run.steps)).max()
    holds = ((halved >= 0.5) & (slower <= 1 + 1e-12)).all(axis=1)
    from_here = [bool(holds[row:].all()) for row in range(len(widths))]
    width = int(widths[from_here.index(True)]) if True in from_here else None
    return Enough(np.array(widths), halved, slower, width, rate, smallest)


def _with_logarithm(scale):
    """The least m ≥ e with m ≥ scale · log m."""
    if not math.isfinite(scale) or scale <= math.e:
        return scale if math.isfinite(scale) and scale > 0 else math.inf
    logarithm = 1 + math.log(scale)
    for _ in range(100):
        logarithm = math.log(scale) + math.log(logarithm)
    return math.exp(logarithm)


def _checked(n, smallest, failure, constant):
    return (
        whole("n", n, least=2, must="be a whole number of points, at least 2"),
        real("smallest", smallest, above=0, must="be positive", remedy="It is λ_min, and no width does for 0."),
        real("failure", failure, above=0, most=np.nextafter(1, 0), must="lie in (0, 1)"),
        real("constant", constant, above=0, must="be positive"),
    )
