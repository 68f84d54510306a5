"""Facts of appendix C against exact distributions and singular values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, norm

from ntkit.gram import probability


@given(st.floats(1e-6, 1, exclude_max=True), st.floats(0.1, 10))
def test_fact_c1_brackets_the_tail_of_a_gaussian(share, sigma):
    lower, upper = probability.fact_c1(share * sigma, sigma)
    assert lower < 2 * norm.sf(share) < upper


@given(st.integers(2, 10**6), st.floats(0.5, 6))
def test_fact_c5_is_below_the_exact_probability(n, k):
    exact = n * np.log1p(-2 * norm.sf(k * np.sqrt(np.log(n))))
    assert probability.fact_c5(n, k) <= np.exp(exact) + 1e-15


@given(st.integers(1, 1000), st.floats(0.01, 30))
def test_fact_c6_bounds_both_tails_of_chi_square(degrees, t):
    lower, upper = probability.fact_c6(degrees, t)
    assert chi2.sf(upper, degrees) <= np.exp(-t)
    assert chi2.cdf(lower, degrees) <= np.exp(-t)


@given(st.integers(2, 8), st.integers(0, 5), st.integers(0, 100))
def test_fact_c9_brackets_the_smallest_singular_value(columns, more, seed):
    matrix = np.random.default_rng(seed).standard_normal((columns + more, columns))
    lower, upper = probability.fact_c9(matrix)
    exact = np.linalg.svd(matrix, compute_uv=False)[-1]
    assert lower * (1 - 1e-9) <= exact <= upper * (1 + 1e-9)
    # the distances are the inverse lengths of the rows of the pseudo-inverse
    assert upper == pytest.approx(1 / np.linalg.norm(np.linalg.pinv(matrix), axis=1).max(), rel=1e-7)


@pytest.mark.parametrize(
    "call",
    [
        lambda: probability.fact_c1(2.0),
        lambda: probability.fact_c5(1, 3.0),
        lambda: probability.fact_c6(0, 1.0),
        lambda: probability.fact_c9(np.ones((2, 3))),
    ],
)
def test_arguments_out_of_range_are_refused(call):
    with pytest.raises(ValueError, match="must"):
        call()
