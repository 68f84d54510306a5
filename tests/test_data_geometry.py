"""Spans, smoothed data, circles with antipodes, and what `geometry` says of a data set."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

import ntkit as nk
from ntkit import data


def smallest(sigma, x):
    """λ_min of ρ E σ'(u)σ'(v), from the dual's derivative."""
    rho = x @ x.T
    np.fill_diagonal(rho, 1.0)
    return np.linalg.eigvalsh(rho * sigma.dual.derivative(np.clip(rho, -1, 1)))[0]


# ---- separations and their relations


@given(st.floats(1e-12, 1.0), st.integers(2, 12), st.integers(0, 50))
def test_separations_of_lifted_points_are_related_as_the_section_says_up_to_a_root_of_two(scale, n, seed):
    # Given points lifted to the sphere, some of them close
    raw = np.random.default_rng(seed).standard_normal((n, 4))
    raw[1] = raw[0] + scale * raw[1]
    lifted = data.lift(raw)
    found = data.separation(lifted)
    # When the distance is D, then √(1 − ρ²) = D√(1 − D²/4), which is D/√2 at least
    stated = found.distance * np.sqrt(1 - found.distance**2 / 4)
    assert found.sine == pytest.approx(stated, rel=1e-6, abs=1e-15)
    assert found.sine >= found.distance / np.sqrt(2) * (1 - 1e-6)
    # and no scaled distance has shrunk
    assert found.distance >= pdist(raw).min() / (np.sqrt(2) * np.linalg.norm(raw, axis=1).max()) * (1 - 1e-3)
    np.testing.assert_allclose(np.linalg.norm(lifted, axis=1), 1, rtol=0, atol=4e-16)
    assert (lifted @ lifted.T).min() >= -1e-15


@given(st.floats(1e-10, 0.9))
def test_separation_by_correlation_lies_between_half_the_squared_sine_and_its_square(delta):
    found = data.two_points(delta).separation
    assert found.correlation == pytest.approx(found.sine**2 / (1 + np.sqrt(1 - found.sine**2)), rel=1e-12)
    assert found.sine**2 / 2 * (1 - 1e-12) <= found.correlation <= found.sine**2


# ---- spans


@pytest.mark.parametrize(("span_dim", "dim"), [(2, 2), (2, 10), (3, 50), (7, 8)])
def test_span_of_points_in_a_subspace_is_that_subspace(span_dim, dim):
    points = data.low_dimensional_span(40, span_dim=span_dim, dim=dim, seed=1)
    found = data.span(points.x)
    assert found.dimension == span_dim
    assert found.gap > 1e10 or span_dim == dim
    inside = found.coordinates(points.x)
    assert inside.shape == (40, span_dim)
    np.testing.assert_allclose(inside @ inside.T, points.x @ points.x.T, rtol=0, atol=1e-14)


def test_span_cannot_be_larger_than_the_space():
    with pytest.raises(ValueError, match="span_dim must be at most dim, here 3; got 4"):
        data.low_dimensional_span(10, span_dim=4, dim=3)
    with pytest.raises(ValueError, match="a row that is not zero"):
        data.span(np.zeros((3, 2)))


# ---- circles


@pytest.mark.parametrize("n", [2, 4, 10, 50])
def test_even_circle_holds_antipodes(n):
    circle = data.full_circle(n, seed=3)
    np.testing.assert_array_equal(circle.x[n // 2 :], -circle.x[: n // 2])
    assert circle.delta == circle.delta_sine == 0
    assert circle.delta_distance == pytest.approx(2 * np.sin(np.pi / n), rel=1e-14)


@pytest.mark.parametrize("n", [3, 9, 25])
def test_odd_circle_has_the_lines_of_a_half_circle(n):
    circle, half = data.full_circle(n), data.half_circle(n)
    assert circle.delta == pytest.approx(half.delta, rel=1e-12)


@pytest.mark.parametrize(("name", "zeros"), [("relu", lambda n: n // 2 - 2), ("swish", lambda n: n // 2 - 2)])
@pytest.mark.parametrize("n", [10, 50])
def test_antipodes_make_the_gram_matrix_singular(name, zeros, n):
    # φ'(w·x) + φ'(−w·x) = 1: the features of x and of −x differ by x itself, in two dimensions
    x = data.full_circle(n).x
    rho = np.clip(x @ x.T, -1, 1)
    kernel = rho * nk.activation(name).dual.derivative(rho)
    eigenvalues = np.linalg.eigvalsh(kernel)
    if name == "relu":
        assert (eigenvalues < 1e-12 * eigenvalues[-1]).sum() == zeros(n)
        assert eigenvalues[zeros(n)] > 1e-4
    else:  # the others of swish are as small as rounding for n = 50
        assert (eigenvalues < 1e-12 * eigenvalues[-1]).sum() >= zeros(n)


# ---- smoothed data


def test_noise_as_large_as_assumption_3_allows_halves_the_separation_at_most():
    circle = data.half_circle(20)
    sigma = data.assumption_3_noise(circle)
    for seed in range(200):
        moved = data.smoothed(circle, sigma, seed=seed)
        assert moved.delta_sine >= circle.delta_sine / 2
        assert "at most" in moved.description
    assert "more than" in data.smoothed(circle, 1.01 * sigma).description
    np.testing.assert_allclose(data.smoothed(circle, 0).x, circle.x, rtol=0, atol=1e-15)


def test_noise_stays_in_the_span_that_it_is_drawn_in():
    circle = data.half_circle(20, dim=9)
    basis = data.span(circle.x).basis
    x = data.smoothed(circle, 0.3, seed=4).x
    np.testing.assert_allclose(x @ basis @ basis.T, x, rtol=0, atol=1e-14)
    assert data.span(data.smoothed(circle, 0.3, within=data.span(np.eye(9))).x).dimension == 9


# Median λ_min(G∞) over five seeds, 40 points, noise in all eight dimensions; of another implementation.
TREND = {
    "tanh": (9.0e-8, 5.2e-7, 3.8e-6, 2.6e-5, 5.7e-4, 6.1e-3),
    "relu": (6.29e-3, 6.40e-3, 6.97e-3, 9.2e-3, 1.9e-2, 4.3e-2),
}


@pytest.mark.parametrize("name", TREND)
def test_smoothing_raises_the_smallest_eigenvalue_as_recorded(name):
    circle, sigma = data.half_circle(40, dim=8), nk.activation(name)
    everywhere = data.span(np.eye(8))
    found = [
        np.median([smallest(sigma, data.smoothed(circle, s, within=everywhere, seed=k).x) for k in range(15)])
        for s in (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3)
    ]
    spread = {"tanh": 2.5, "relu": 1.35}[name]  # a median of five, each over decades for tanh
    ratio = np.array(found) / TREND[name]
    assert np.all((1 / spread < ratio) & (ratio < spread)), ratio
    assert np.all(np.diff(found) > 0)


# ---- geometry


def test_geometry_counts_every_distance_and_every_variance():
    # Given rows of a real set, lifted
    x = data.digits(300, to_sphere="lift").x
    found = data.geometry(x, bins=64)
    # When all is computed at once by other routines
    counts = np.histogram(pdist(x), np.linspace(0, 2, 65))[0]
    variances = np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1]
    # Then it is the same
    assert found.counts.sum() == 300 * 299 // 2
    assert np.abs(found.counts - counts).sum() <= 2
    np.testing.assert_allclose(found.variances, variances, rtol=0, atol=1e-15)
    np.testing.assert_allclose(found.squares, np.linalg.eigvalsh(x.T @ x / 300)[::-1], rtol=0, atol=1e-14)
    assert found.span_dimension == np.linalg.matrix_rank(x) == data.span(x).dimension
    assert found.distance_below(0.5) == pytest.approx(np.median(pdist(x)), abs=2 / 64)
    share = found.explained[found.intrinsic_dimension(0.9) - 1 - 1], found.explained[found.intrinsic_dimension(0.9) - 1]
    assert share[0] < 0.9 <= share[1]


@pytest.mark.parametrize("k", [1, 3, 12])
def test_equal_variances_fill_as_many_dimensions(k):
    x = np.vstack([np.eye(k + 1), -np.eye(k + 1)])
    assert data.geometry(x).effective_dimension == pytest.approx(k + 1, rel=1e-12)


def test_geometry_sees_variances_far_below_rounding_of_a_product():
    points = data.two_points(1e-20)
    found = data.geometry(points.x)
    assert found.variances[0] == pytest.approx(0.5e-20, rel=1e-12)
    assert found.span_dimension == 1 or found.squares[1] == pytest.approx(0.5e-20, rel=1e-9)


_REPORT = """
import numpy as np, ntkit as nk
x = np.random.default_rng(0).standard_normal(({n}, {dim}))
x /= np.linalg.norm(x, axis=1, keepdims=True)
nk.data.geometry(x)
print(next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_report_on_ten_thousand_rows_holds_no_square_matrix():
    # Given the peak of a process that reports on 10⁴ rows, whose Gram matrix alone would take 800 MB
    code = _REPORT.format(n=10_000, dim=40)
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    # Then it stays well below
    assert int(told) < 400 * 1024
