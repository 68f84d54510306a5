"""Spectra against matrices whose eigenvalues are known, certificates, and the comparison that the lab draws."""

import dataclasses
import math

import numpy as np
import pytest
import scipy.sparse.linalg
import torch
from hypothesis import given
from hypothesis import strategies as st

import ntkit as nk
from ntkit import memory, spectra


def with_eigenvalues(eigenvalues, seed=0):
    """A symmetric matrix that has these eigenvalues, in a random basis."""
    basis, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(eigenvalues),) * 2))
    matrix = basis @ np.diag(eigenvalues) @ basis.T
    return (matrix + matrix.T) / 2


# --- eigenvalues -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_spectrum_finds_prescribed_eigenvalues(convert, dtype):
    expected = np.array([9.0, 4.0, 1.0, 1.0, 0.25])
    found = spectra.spectrum(convert(with_eigenvalues(expected).astype(dtype)))
    assert type(found.eigenvalues) is type(convert(expected))
    assert str(found.eigenvalues.dtype).endswith(dtype)
    np.testing.assert_allclose(np.asarray(found.eigenvalues), expected, rtol=1e-12 if dtype == "float64" else 5e-6)
    assert found.max == pytest.approx(9.0, rel=1e-5)
    assert found.min == pytest.approx(0.25, rel=1e-5)
    assert found.condition_number == pytest.approx(36.0, rel=1e-5)


def test_spectrum_takes_whole_numbers_and_lists():
    assert spectra.spectrum([[2, 1], [1, 2]]).eigenvalues == pytest.approx([3.0, 1.0])


def test_spectrum_of_one_point():
    assert spectra.spectrum([[4.0]]).condition_number == 1.0


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=12), st.integers(0, 1000))
def test_spectrum_keeps_trace_and_order(eigenvalues, seed):
    found = spectra.spectrum(with_eigenvalues(eigenvalues, seed))
    assert found.eigenvalues.sum() == pytest.approx(sum(eigenvalues), rel=1e-10)
    assert (np.diff(found.eigenvalues) <= 0).all()
    assert found.min == pytest.approx(min(eigenvalues), abs=10 * found.resolution)


@given(st.floats(1e-3, 1e3), st.lists(st.floats(0.01, 1), min_size=2, max_size=8))
def test_condition_number_does_not_depend_on_the_scale(factor, eigenvalues):
    gram = with_eigenvalues(eigenvalues)
    there, here = spectra.spectrum(factor * gram), spectra.spectrum(gram)
    assert there.condition_number == pytest.approx(here.condition_number, rel=1e-9)


def test_what_rounding_hides_has_an_infinite_condition_number():
    # λ_min = 1e-14 lies below 30·ε·λ_max, 1e-10 does not
    eigenvalues = np.ones(30)
    eigenvalues[-1] = 1e-15
    assert spectra.spectrum(with_eigenvalues(eigenvalues)).condition_number == math.inf
    eigenvalues[-1] = 1e-10
    assert spectra.spectrum(with_eigenvalues(eigenvalues)).condition_number == pytest.approx(1e10, rel=1e-3)


def test_duplicate_points_are_singular():
    x = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    assert spectra.spectrum(x @ x.T).condition_number == math.inf
    assert spectra.spectrum(np.zeros((2, 2))).condition_number == math.inf


REFUSED = {
    "a vector": (np.ones(3), r"square matrix.*got shape \(3,\)"),
    "a rectangle": (np.ones((2, 3)), r"square matrix.*got shape \(2, 3\)"),
    "nothing": (np.ones((0, 0)), r"square matrix.*got shape \(0, 0\)"),
    "no number": (np.array([[1.0, math.nan], [math.nan, 1.0]]), r"finite; entry \(0, 1\) is nan"),
    "an overflow": (torch.tensor([[1.0, 0.0], [0.0, math.inf]]), r"finite; entry \(1, 1\) is inf"),
    "asymmetry": (np.array([[1.0, 0.5], [0.4, 1.0]]), r"symmetric; entries \(0, 1\) and \(1, 0\) are 0.5 and 0.4"),
    "an indefinite matrix": (np.array([[1.0, 2.0], [2.0, 1.0]]), r"semi-definite.*eigenvalues go from -1 to 3"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_gram_matrix_is_refused(case):
    matrix, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        spectra.spectrum(matrix)


def test_rounding_is_neither_asymmetry_nor_indefiniteness():
    gram = with_eigenvalues([1.0, 1.0, 0.0])
    gram[0, 1] += 1e-14
    assert spectra.spectrum(gram).condition_number == math.inf


# --- a few eigenvalues of large matrices -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["numpy", "torch", "operator"])
def test_lanczos_agrees_with_all_eigenvalues(kind):
    eigenvalues = np.geomspace(100, 1, 60)
    gram = with_eigenvalues(eigenvalues)
    matrix = {"numpy": gram, "torch": torch.as_tensor(gram), "operator": scipy.sparse.linalg.aslinearoperator(gram)}[
        kind
    ]
    np.testing.assert_allclose(spectra.largest_eigenvalues(matrix, 3), eigenvalues[:3], rtol=1e-11)
    np.testing.assert_allclose(spectra.smallest_eigenvalues(matrix, 3), eigenvalues[-3:], rtol=1e-10)


def test_lanczos_repeats_itself_to_the_last_bit():
    gram = with_eigenvalues(np.geomspace(100, 1, 60))
    np.testing.assert_array_equal(spectra.largest_eigenvalues(gram, 4), spectra.largest_eigenvalues(gram, 4))


@pytest.mark.parametrize("k", [0, 5, 6])
def test_lanczos_refuses_as_many_eigenvalues_as_there_are(k):
    with pytest.raises(ValueError, match=rf"k must lie in 1 … n − 1 = 4; got {k}"):
        spectra.largest_eigenvalues(np.eye(5), k)


@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
def test_operators_work_through_blocks(convert):
    net, x = nk.mlp(2, nk.activation("gelu").normalized()), nk.data.sphere(30, 0.1).x
    for operator, matrix in ((spectra.nngp_operator, net.nngp(x)), (spectra.ntk_operator, net.ntk(x))):
        vectors = np.random.default_rng(0).standard_normal((30, 3))
        np.testing.assert_allclose(operator(net, convert(x), rows=12) @ vectors, matrix @ vectors, rtol=1e-9, atol=1e-9)
        found = spectra.largest_eigenvalues(operator(net, convert(x), rows=12), 2)
        np.testing.assert_allclose(found, spectra.spectrum(matrix).eigenvalues[:2], rtol=1e-10)


# --- certificates ----------------------------------------------------------------------------------------------------


@given(st.integers(1, 30), st.floats(0, 1), st.integers(0, 1000))
def test_gershgorin_encloses_the_eigenvalues(n, largest, seed):
    entries = np.random.default_rng(seed).uniform(-largest, largest, (n, n))
    matrix = np.tril(entries, -1) + np.tril(entries, -1).T + np.eye(n)
    floor, ceiling = spectra.gershgorin(n, largest)
    eigenvalues = np.linalg.eigvalsh(matrix)
    assert floor - 1e-12 <= eigenvalues[0] <= eigenvalues[-1] <= ceiling + 1e-12


def test_gershgorin_refuses_a_negative_bound():
    with pytest.raises(ValueError, match=r"off_diagonal 0 or more; got 3 and -0.1"):
        spectra.gershgorin(3, -0.1)


@pytest.mark.parametrize("delta", [0.0, -0.1, 1.5, math.nan])
def test_certificates_refuse_what_is_no_floor_of_the_inputs(delta):
    sigma = nk.activation("relu").normalized()
    for call in (lambda: spectra.lemma_23(sigma.dual, delta), lambda: spectra.network_floors(nk.mlp(3, sigma), delta)):
        with pytest.raises(ValueError, match=r"delta must lie in \(0, 1\]; got"):
            call()


@pytest.mark.parametrize("name", ["relu", "tanh", "swish"])
@pytest.mark.parametrize("scales", [(1.0, 0.0), (1.5, 0.3)])
def test_network_floors_are_attained_by_equicorrelated_points(name, scales):
    # (1 − δ)11ᵀ + δI goes to k(1 − δ)11ᵀ + (k(1) − k(1 − δ))I: for any activation, weight_std and bias_std
    net, x = nk.mlp(5, nk.activation(name), *scales), nk.data.equicorrelated(12, 0.2).x
    nngp, ntk = spectra.network_floors(net, 0.2)
    assert spectra.spectrum(net.nngp(x)).min == pytest.approx(nngp, rel=1e-9)
    assert spectra.spectrum(net.ntk(x)).min == pytest.approx(ntk, rel=1e-9)


def test_network_floor_of_one_layer_is_lemma_23():
    sigma = nk.activation("gelu")
    for delta in (1e-14, 1e-3, 1.0):
        nngp, _ = spectra.network_floors(nk.mlp(1, sigma), delta)
        assert nngp == pytest.approx(float(spectra.lemma_23(sigma.dual, delta)), rel=1e-12)


def test_network_floor_of_a_jump_knows_the_nngp_alone():
    nngp, ntk = spectra.network_floors(nk.mlp(3, nk.activation("step").normalized()), 0.1)
    assert nngp > 0.1
    assert math.isnan(ntk)


# --- what the points allow to assume ---------------------------------------------------------------------------------


@pytest.mark.parametrize("delta", [1e-12, 1e-6, 0.3])
def test_assumptions_are_accurate_however_close_the_points(delta):
    found = spectra.assumptions(nk.data.equicorrelated(10, 0.3).x)
    assert (found.delta, found.input_floor) == pytest.approx((0.3, 0.3), rel=1e-12)
    found = spectra.assumptions(nk.data.two_points(delta).x)
    assert found.delta == pytest.approx(delta, rel=1e-12)
    assert found.input_floor == pytest.approx(delta, rel=1e-9)


def test_assumption_b_implies_assumption_a():
    for seed in range(20):
        found = spectra.assumptions(nk.data.sphere(10, dim=30, seed=seed).x)
        assert 0 < found.input_floor <= found.delta


def test_assumption_b_fails_where_points_outnumber_dimensions_or_span_fewer():
    assert math.isnan(spectra.assumptions(nk.data.sphere(10, dim=5).x).input_floor)
    assert math.isnan(spectra.assumptions(nk.data.half_circle(8, dim=20).x).input_floor)


def test_points_on_one_line_are_refused_by_their_rows():
    x = torch.tensor([[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0]], dtype=torch.float64)
    with pytest.raises(ValueError, match="rows 0 and 2 do"):
        spectra.assumptions(x)


def test_rows_off_the_sphere_are_refused():
    with pytest.raises(ValueError, match="rows of x must have unit length; row 1 has length 2"):
        spectra.assumptions(np.array([[1.0, 0.0], [0.0, 2.0]]))


# --- the comparison --------------------------------------------------------------------------------------------------


def compare(name="relu", depth=20, x=None, **scales):
    net = nk.mlp(depth, nk.activation(name).normalized(), **scales)
    return spectra.compare_spectra(net, nk.data.sphere(15, 0.3, dim=20).x if x is None else x)


def test_comparison_holds_the_spectra_of_both_kernels():
    x = nk.data.sphere(15, 0.3, dim=20).x
    net = nk.mlp(20, nk.activation("relu").normalized())
    found = spectra.compare_spectra(net, x)
    np.testing.assert_allclose(found.nngp.eigenvalues, np.linalg.eigvalsh(net.nngp(x))[::-1], rtol=1e-12)
    np.testing.assert_allclose(found.ntk.eigenvalues, np.linalg.eigvalsh(net.ntk(x))[::-1], rtol=1e-12)
    assert (found.activation, found.depth, found.n) == ("normalized relu", 20, 15)
    assert found.delta == pytest.approx(0.3, rel=1e-9)


def test_every_statement_speaks_for_a_deep_network_on_separated_points():
    found = compare(depth=150)
    values = {**found.nngp_floors, **found.ntk_floors, **found.condition_bounds}
    assert not [name for name, value in values.items() if math.isnan(value)]
    assert set(found.condition_bounds) == {f"corollary_{k}{s}" for k in (4, 6, 8, 10) for s in ("", "_sharp")}
    assert found.nngp_floor == max(found.nngp_floors.values())
    assert found.ntk_floor == max(found.ntk_floors.values())


def test_statements_that_ask_for_more_depth_are_silent_in_a_shallow_network():
    found = compare(depth=1)
    silent = {name for name, value in found.condition_bounds.items() if math.isnan(value)}
    assert silent == {"corollary_4", "corollary_4_sharp", "corollary_6", "corollary_6_sharp", "corollary_10"}
    assert {name for name, value in found.ntk_floors.items() if math.isnan(value)} == {"theorem_5", "theorem_9"}
    assert found.nngp_floors["theorem_3"] < 0 < found.nngp_floor


def test_statements_under_assumption_b_are_silent_where_it_fails():
    found = compare(depth=150, x=nk.data.half_circle(8).x)
    assert math.isnan(found.input_floor)
    assert math.isnan(found.nngp_floors["theorem_7"])
    assert math.isnan(found.nngp_floors["lemma_23"])
    assert math.isnan(found.condition_bounds["corollary_8"])
    assert found.nngp_floor == found.nngp_floors["theorem_3"]


def test_a_floor_below_zero_is_no_floor():
    found = compare(depth=2, x=nk.data.half_circle(12).x)
    assert found.nngp_floors["theorem_3"] < 0
    assert math.isnan(found.nngp_floor)
    assert math.isnan(found.ntk_floor)


@pytest.mark.parametrize("scales", [{"weight_std": 1.1}, {"bias_std": 0.1}])
def test_networks_that_the_theorems_do_not_cover_keep_lemma_23_alone(scales):
    found = compare(depth=10, **scales)
    assert all(math.isnan(value) for value in found.condition_bounds.values())
    assert all(math.isnan(value) for name, value in found.nngp_floors.items() if name != "lemma_23")
    assert math.isnan(found.nngp_ceiling)
    assert math.isnan(found.ntk_ceiling)
    assert found.nngp_floor == found.nngp_floors["lemma_23"] <= found.nngp.min * (1 + 1e-9)
    assert found.ntk_floor == found.ntk_floors["lemma_23"] <= found.ntk.min * (1 + 1e-9)


@pytest.mark.parametrize("dim", [5, 15, 20])
def test_spectrum_of_the_inputs_is_that_of_their_gram_matrix(dim):
    x = nk.data.sphere(15, dim=dim).x
    found = compare(x=x).inputs
    np.testing.assert_allclose(found.eigenvalues, np.linalg.eigvalsh(x @ x.T)[::-1], atol=15 * 1e-15 * found.max)
    assert np.isinf(found.condition_number) == (dim < 15)


def test_a_linear_network_separates_nothing():
    found = compare("identity", depth=10)
    assert math.isnan(found.nngp_ceiling)
    assert found.nngp.min == pytest.approx(found.input_floor, rel=1e-9)


def test_orthogonal_points_are_as_far_apart_as_points_can_be():
    found = compare(depth=5, x=np.eye(6))
    assert (found.delta, found.input_floor) == (1.0, 1.0)
    assert found.nngp_floor == pytest.approx(1.0)
    assert found.nngp.condition_number == pytest.approx(1.0)


def test_known_assumptions_are_taken_as_given():
    x = nk.data.sphere(15, 0.3, dim=20).x
    net = nk.mlp(9, nk.activation("relu").normalized())
    given = dataclasses.replace(spectra.assumptions(x), delta=0.2, input_floor=math.nan)
    found = spectra.compare_spectra(net, x, given=given)
    assert found.delta == 0.2
    assert math.isnan(found.nngp_floors["theorem_7"])


def test_known_kernels_are_taken_as_given():
    x = nk.data.sphere(15, 0.3, dim=20).x
    net = nk.mlp(9, nk.activation("relu").normalized())
    found = spectra.compare_spectra(net, x, kernels=net.kernels(x))
    np.testing.assert_array_equal(found.ntk.eigenvalues, spectra.compare_spectra(net, x).ntk.eigenvalues)
    with pytest.raises(ValueError, match=r"kernels must be those of x, 14 × 14; got \(15, 15\)"):
        spectra.compare_spectra(net, x[:-1], kernels=net.kernels(x))


def test_tensors_are_compared_where_they_live():
    x = nk.data.sphere(15, 0.3, dim=20).x
    there, here = compare(x=torch.as_tensor(x)), compare(x=x)
    assert isinstance(there.ntk.eigenvalues, torch.Tensor)
    np.testing.assert_allclose(there.ntk.eigenvalues, here.ntk.eigenvalues, rtol=1e-10)
    assert there.condition_bounds == pytest.approx(here.condition_bounds, nan_ok=True)


def test_a_jump_has_no_ntk_to_compare():
    with pytest.raises(ValueError, match="jumps at x = 0"):
        compare("step", depth=3)


def test_what_would_not_fit_is_refused_before_it_is_started(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 5000)
    with pytest.raises(MemoryError, match=r"3 dense 15 × 15 matrices take 5.273 KiB, and 4.883 KiB are free.*blocks"):
        compare()
