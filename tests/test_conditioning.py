"""The bound B_μ(L, δ), its depths, the ranges it is stated for, and the profile that shows it beside the truth."""

import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import ntkit as nk
from ntkit import conditioning

RELU_MU = (math.pi - 2) / (2 * math.pi - 2)

deltas = st.floats(1e-300, 1, exclude_max=True)
mus = st.floats(1e-3, 1)
depths = st.integers(0, 2000).map(lambda twice: twice / 2)


def exact_turn(delta, mu):
    """L₀ in 60 digits, by multiplying out rather than by logarithms."""
    with mpmath.workdps(60):
        layers, gap = 0, mpmath.mpf(delta)
        while gap < 0.5:
            layers, gap = layers + 1, gap * (1 + mpmath.mpf(mu) / 2)
    return layers


def exact_bound(depth, delta, mu, turn):
    """B_μ(L, δ) and 1 − B_μ(L, δ) in 60 digits."""
    with mpmath.workdps(60):
        gap = mpmath.mpf(delta) * (1 + mpmath.mpf(mu) / 2) ** depth
        decayed = (1 - mpmath.mpf(mu) / 2) ** (depth - turn) / 2
        return (float(1 - gap), float(gap)) if depth <= turn else (float(decayed), float(1 - decayed))


# --- the bound -------------------------------------------------------------------------------------------------------


def test_bound_is_the_papers_for_relu():
    # the numbers that the specification gives, to the digits that it gives
    assert conditioning.L0(1e-3, RELU_MU) == 50
    assert conditioning.bound(10, 0.05, RELU_MU) == pytest.approx(0.8253041246, abs=5e-11)
    assert conditioning.bound(40, 0.05, RELU_MU) == pytest.approx(0.0248078331, abs=5e-11)


@pytest.mark.parametrize("mu", [0.0155988727, 0.1, RELU_MU, 0.5, 1.0])
@pytest.mark.parametrize("delta", [1e-300, 1e-14, 1e-6, 0.05, 0.3, 0.5, 0.7, 0.999])
def test_bound_agrees_with_sixty_digits(delta, mu):
    # every depth that a picture shows, both sides of the turn, and far beyond it
    turn = exact_turn(delta, mu)
    depth = np.unique(np.concatenate([np.arange(0, 60, 0.5), turn + np.arange(-3, 3.5, 0.5), [turn + 1000, 1000]]))
    depth = depth[depth >= 0]
    exact = np.array([exact_bound(float(layers), delta, mu, turn) for layers in depth])

    value, gap = conditioning.bound(depth, delta, mu), conditioning.bound_gap(depth, delta, mu)

    assert conditioning.L0(delta, mu) == turn
    np.testing.assert_allclose(value, exact[:, 0], rtol=1e-12)
    np.testing.assert_allclose(gap, exact[:, 1], rtol=1e-12)


@pytest.mark.parametrize("mu", [1e-3, 0.0155988727, RELU_MU, 0.5, 1.0])
def test_turn_is_robust_where_the_logarithms_quotient_is_whole(mu):
    # δ = ½(1 + μ/2)^−k reaches ½ after exactly k layers, whichever way its rounding went
    for k in range(400):
        with mpmath.workdps(40):
            delta = float((1 + mpmath.mpf(mu) / 2) ** -k / 2)
        assert conditioning.L0(delta, mu) == k


def test_depths_of_the_corollaries_where_their_quotients_are_whole():
    # μ = 1 halves the correlation with every layer: log₂ 8 = 3, 2 log₂ 16 = 8
    assert conditioning.L1(0.5, 1.0, 8) == 3
    assert conditioning.L2(0.5, 1.0, 8) == 8
    # δ = 2/9 = ½(1 + ½)^−2 needs two layers, counted once and twice
    assert conditioning.L1(2 / 9, 1.0, 8) == 5
    assert conditioning.L2(2 / 9, 1.0, 8) == 12


@given(depths, deltas, mus)
def test_bound_and_its_gap_are_complementary_fractions(depth, delta, mu):
    value, gap = conditioning.bound(depth, delta, mu), conditioning.bound_gap(depth, delta, mu)
    assert 0 <= value <= 1
    assert 0 < gap <= 1
    assert value + gap == pytest.approx(1, abs=1e-15)


@given(depths, mus, deltas, deltas)
def test_wider_separation_never_raises_the_bound_before_the_turn(depth, mu, one, other):
    # within a stage B decreases in δ; at the turn L₀ drops by one and B may rise, by less than the factor 1 + μ/2
    narrow, wide = sorted((one, other))
    ratio = conditioning.bound(depth, wide, mu) / max(conditioning.bound(depth, narrow, mu), 1e-300)
    assert ratio <= 1 + mu / 2 + 1e-12


@given(depths, mus, deltas, deltas)
def test_wider_separation_keeps_a_wider_separation(depth, mu, one, other):
    narrow, wide = sorted((one, other))
    if depth <= conditioning.L0(wide, mu):
        assert conditioning.bound_gap(depth, wide, mu) >= conditioning.bound_gap(depth, narrow, mu) * (1 - 1e-12)


@given(st.integers(0, 1000), st.floats(1e-300, 0.5), mus)
def test_each_further_layer_lowers_the_bound(depth, delta, mu):
    assert conditioning.bound(depth + 1, delta, mu) <= conditioning.bound(depth, delta, mu) * (1 + 1e-12)


@given(st.integers(0, 300), st.integers(0, 300), st.floats(1e-100, 0.5), mus)
def test_bound_composes_over_depth(first, then, delta, mu):
    # L + M layers are M layers on what L layers leave, as long as the separation still grows
    between = conditioning.bound_gap(first, delta, mu)
    if first + then < conditioning.L0(delta, mu):
        whole = conditioning.bound_gap(first + then, delta, mu)
        assert conditioning.bound_gap(then, between, mu) == pytest.approx(whole, rel=1e-11)


@given(st.integers(0, 1000), deltas, mus)
def test_one_layer_of_lemma_21_never_leaves_the_bound(depth, delta, mu):
    # the induction step of Lemma 22, on the bound's own values
    gap = conditioning.bound_gap(depth, delta, mu)
    next_gap = conditioning.bound_gap(depth + 1, delta, mu)
    assert 1 - conditioning.lemma_21(gap, mu) >= next_gap * (1 - 1e-12) - 2e-16


@given(st.integers(0, 1000), deltas, mus)
def test_telescoping_step_behind_the_sharp_ntk_bound(depth, delta, mu):
    # x_l (1 − μ(1 − x_l)) ≤ x_(l+1), which theorem_5_sharp rests on
    here, gap = conditioning.bound(depth, delta, mu), conditioning.bound_gap(depth, delta, mu)
    assert here * (1 - mu * gap) <= conditioning.bound(depth + 1, delta, mu) * (1 + 1e-12)


@given(mus, mus, st.integers(0, 400), st.floats(1e-100, 0.5))
def test_a_less_linear_activation_separates_faster_before_the_turn(one, other, depth, delta):
    small, large = sorted((one, other))
    if depth <= conditioning.L0(delta, large):
        assert conditioning.bound_gap(depth, delta, large) >= conditioning.bound_gap(depth, delta, small) * (1 - 1e-12)


# --- what comes in and out -------------------------------------------------------------------------------------------


def test_arguments_broadcast():
    depth, delta = np.arange(5)[:, None], np.array([0.01, 0.1, 0.6])
    table = conditioning.bound(depth, delta, RELU_MU)
    assert table.shape == (5, 3)
    assert table[3, 1] == conditioning.bound(3, 0.1, RELU_MU)
    assert conditioning.L0(delta, RELU_MU).tolist() == [conditioning.L0(d, RELU_MU) for d in delta]


def test_numbers_give_numbers():
    assert isinstance(conditioning.bound(3, 0.1, 0.5), float)
    assert isinstance(conditioning.L0(0.1, 0.5), int)
    assert isinstance(conditioning.corollary_4(100, 0.1, 0.5, 10), float)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_tensors_give_tensors_of_their_precision(dtype):
    delta = torch.tensor([1e-6, 0.05, 0.7], dtype=dtype)
    rounding = 1e-12 if dtype == torch.float64 else 5e-6
    depth = np.arange(1, 40)[:, None]
    for function in (conditioning.bound, conditioning.bound_gap, conditioning.theorem_3, conditioning.theorem_7):
        there, here = function(depth, delta, RELU_MU), function(depth, delta.double().numpy(), RELU_MU)
        assert there.dtype == dtype
        np.testing.assert_allclose(there, here, rtol=rounding)
    assert conditioning.L0(delta, RELU_MU).tolist() == conditioning.L0(delta.numpy(), RELU_MU).tolist()


def test_every_statement_accepts_tensors():
    delta, n = torch.tensor([0.05, 0.2], dtype=torch.float64), np.array([[30], [7]])
    for function in (conditioning.theorem_5, conditioning.theorem_5_sharp, conditioning.theorem_9):
        np.testing.assert_allclose(function(90, delta, 0.5), function(90, delta.numpy(), 0.5), rtol=1e-13)
    for name in ("4", "4_sharp", "6", "6_sharp", "8", "8_sharp", "10", "10_sharp"):
        function = getattr(conditioning, f"corollary_{name}")
        np.testing.assert_allclose(function(90, delta, 0.5, n), function(90, delta.numpy(), 0.5, n), rtol=1e-12)
    slope = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    np.testing.assert_allclose(conditioning.ntk_diagonal(700, slope), conditioning.ntk_diagonal(700, slope.numpy()))


def test_nothing_overflows_at_great_depth_or_at_the_smallest_separation():
    expected, _ = exact_bound(1000, 1e-14, 1.0, exact_turn(1e-14, 1.0))
    assert conditioning.bound(1000, 1e-14, 1.0) == pytest.approx(expected, rel=1e-12)
    assert conditioning.bound(10**9, 1e-300, 1.0) == 0.0
    assert conditioning.bound_gap(conditioning.L0(5e-324, 1.0), 5e-324, 1.0) >= 0.5
    assert conditioning.ntk_diagonal(1000, 3.0) == math.inf


@pytest.mark.parametrize("slope", [1e-3, 0.5, 1 - 1e-9, 1.0, 1 + 1e-15, 1 + 1e-9, 1.2665, 2.0, 10.0])
@pytest.mark.parametrize("depth", [0, 1, 2, 17, 250])
def test_ntk_diagonal_is_the_geometric_sum(depth, slope):
    with mpmath.workdps(40):
        exact = mpmath.fsum(mpmath.mpf(slope) ** layer for layer in range(depth + 1))
    assert conditioning.ntk_diagonal(depth, slope) == pytest.approx(float(exact), rel=1e-12)


# --- ranges ----------------------------------------------------------------------------------------------------------

REFUSED = {
    "a separation above 1": (
        lambda: conditioning.bound(3, 1.5, 0.5),
        r"delta must lie in \(0, 1\); got 1.5. A separation",
    ),
    "coinciding points": (lambda: conditioning.bound(3, [0.1, 0.0], 0.5), r"delta must lie in \(0, 1\); got 0.0"),
    "a separation that is no number": (lambda: conditioning.L0(math.nan, 0.5), r"delta must lie in \(0, 1\); got nan"),
    "a linear activation": (lambda: conditioning.L0(0.1, 0.0), r"mu must lie in \(0, 1\]; got 0.0.*linear"),
    "a third of a layer": (lambda: conditioning.bound(1 / 3, 0.1, 0.5), r"whole or half number of layers.*got 0.333"),
    "a negative depth": (lambda: conditioning.bound(-1, 0.1, 0.5), r"0 or more; got -1.0"),
    "half a layer of NTK": (lambda: conditioning.theorem_5(7.5, 0.9, 0.5), r"whole number of layers here.*got 7.5"),
    "half a point": (lambda: conditioning.L1(0.1, 0.5, 2.5), r"whole number of points, 1 or more; got 2.5"),
    "a correlation above 1": (lambda: conditioning.lemma_26(1.1, 0.5), r"rho must lie in \[−1, 1\]; got 1.1"),
    "a separation above 1 in a lemma": (
        lambda: conditioning.lemma_21(1.1, 0.5),
        r"delta must lie in \[0, 1\]; got 1.1",
    ),
    "the NTK of a step": (lambda: conditioning.ntk_diagonal(3, math.inf), r"positive and finite; got inf.*jumps"),
    "a depth beyond all numbers": (lambda: conditioning.L0(0.1, 1e-17), r"3.2.*e\+17 is out of reach: mu is too small"),
    "Theorem 5 too early": (
        lambda: conditioning.theorem_5(np.arange(30, 40), 0.01, 0.5),
        r"Theorem 5 needs depth ≥ 2 L0 = 36; got 30. theorem_5_sharp",
    ),
    "Theorem 9 too early": (
        lambda: conditioning.theorem_9(35, 0.01, 0.5),
        r"Theorem 9 needs depth ≥ 2 L0 = 36; got 35",
    ),
    "Corollary 4 too early": (
        lambda: conditioning.corollary_4(29, 0.01, 0.5, 30),
        r"Corollary 4 needs depth ≥ L1 = 30; got 29. Below that depth theorem_3",
    ),
    "Corollary 6 too early": (
        lambda: conditioning.corollary_6(64, 0.01, 0.5, 30),
        r"Corollary 6 needs depth ≥ L2 = 65; got 64. corollary_6_sharp holds from depth L1",
    ),
    "Corollary 10 too early": (
        lambda: conditioning.corollary_10(71, torch.tensor([0.3, 0.01]), 0.5, 30),
        r"Corollary 10 needs depth ≥ 4 L0 = 72; got 71. corollary_10_sharp",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_statement_does_not_cover_is_refused(case):
    call, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        call()


# --- the profile -----------------------------------------------------------------------------------------------------


def test_profile_of_relu_is_the_papers():
    profile = conditioning.depth_profile(nk.activation("relu").normalized(), depth=40, delta=0.05)
    assert profile.mu == pytest.approx(RELU_MU, rel=1e-13)
    assert profile.bound[[10, 40]] == pytest.approx([0.8253041246, 0.0248078331], abs=5e-11)
    assert profile.correlation[[10, 40]] == pytest.approx([0.4585830579, 8.460203e-5], rel=1e-6)


def closed_form_relu_pair(rho, ratio):
    """One layer of the normalised ReLU, written out: (ρ, Θ/Θ(1)·…) from the arc-cosine kernels of order 1 and 0."""
    variance = 0.5 - 1 / (2 * np.pi)
    value = (np.sqrt(1 - rho**2) + (np.pi - np.arccos(rho)) * rho) / (2 * np.pi) - 1 / (2 * np.pi)
    return value / variance, (np.pi - np.arccos(rho)) / (2 * np.pi) / variance


def test_profile_follows_the_closed_form_of_relu():
    profile = conditioning.depth_profile(nk.activation("relu").normalized(), depth=60, delta=0.3)
    rho, ntk, diagonal = 0.7, 0.7, 1.0
    slope = 0.5 / (0.5 - 1 / (2 * np.pi))
    for layer in range(61):
        assert profile.correlation[layer] == pytest.approx(rho, rel=1e-6, abs=1e-15)
        assert profile.gap[layer] == pytest.approx(1 - rho, rel=1e-12)
        assert profile.ntk_ratio[layer] == pytest.approx(ntk / diagonal, rel=1e-6, abs=1e-15)
        rho, derivative = closed_form_relu_pair(rho, ntk)
        ntk, diagonal = rho + derivative * ntk, 1 + slope * diagonal


def test_profile_masks_the_depths_at_which_theorem_5_is_silent():
    profile = conditioning.depth_profile(nk.activation("tanh").normalized(), depth=100, delta=0.2)
    assert profile.L0 == conditioning.L0(0.2, profile.mu) > 0
    silent = profile.depth < 2 * profile.L0
    assert np.isnan(profile.ntk_bound[silent]).all()
    expected = conditioning.theorem_5(profile.depth[~silent], 0.2, profile.mu)
    np.testing.assert_array_equal(profile.ntk_bound[~silent], expected)


def test_known_trajectory_is_not_computed_again():
    sigma = nk.activation("gelu").normalized()
    trajectory = nk.mlp(8, sigma).trajectory(gap=0.2)
    profile = conditioning.depth_profile(sigma, 8, 0.2, trajectory=trajectory)
    assert profile.gap is trajectory.gap
    for depth, delta in ((7, 0.2), (8, 0.3)):
        with pytest.raises(ValueError, match=r"trajectory must hold one pair over . layers.*got shape \(9,\)"):
            conditioning.depth_profile(sigma, depth, delta, trajectory=trajectory)


def test_profile_of_a_step_has_no_ntk():
    profile = conditioning.depth_profile(nk.activation("step").normalized(), depth=5, delta=0.2)
    assert np.isnan(profile.ntk_ratio).all()
    assert (profile.correlation <= profile.bound).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: conditioning.depth_profile(nk.activation("relu"), 5, 0.1),
            r"'relu' has E σ\(X\) = 0.398942.*normalized",
        ),
        (lambda: conditioning.depth_profile(nk.activation("identity"), 5, 0.1), r"mu must lie in \(0, 1\]; got 0.0"),
        (lambda: conditioning.depth_profile(nk.activation("tanh").normalized(), 5.5, 0.1), r"whole number of layers"),
        (lambda: conditioning.depth_profile(nk.activation("tanh").normalized(), 5, 1.0), r"delta must lie in \(0, 1\)"),
    ],
    ids=["not normalised", "linear", "half a layer", "no separation"],
)
def test_profile_refuses_what_the_theorems_do_not_cover(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_profile_of_an_ntk_beyond_the_largest_float_is_silent_there_and_warns_nobody():
    sigma = nk.activation("abs").normalized()
    profile = conditioning.depth_profile(sigma, 1000, 1e-6)
    last = int(np.log(np.finfo(float).max) / np.log(sigma.dual.slope_at_one))
    assert np.isfinite(profile.ntk_ratio[: last - 1]).all()
    assert np.isnan(profile.ntk_ratio[last + 2 :]).all()
    assert (profile.correlation <= profile.bound * (1 + 1e-10) + 1e-300).all()


@pytest.mark.parametrize("slope", [0.3, 1 - 1e-9, 1.0, 1 + 1e-9, 1.7, 4.0, 60.0])
def test_ntk_diagonal_up_to_the_last_float(slope):
    depth = np.arange(0, 1400, 7)
    found = conditioning.ntk_diagonal(depth, slope)
    with mpmath.workdps(60):
        q = mpmath.mpf(slope)
        exact = [layers + 1 if slope == 1 else (q ** (layers + 1) - 1) / (q - 1) for layers in depth.tolist()]
    for value, wanted in zip(found, exact, strict=True):
        if wanted > np.finfo(float).max:
            assert value == np.inf
        else:
            assert value == pytest.approx(float(wanted), rel=1e-12)
