"""The offline page: its tables are the core's numbers, and the file needs nothing but itself."""

import base64
import gzip
import json
import re

import numpy as np
import pytest

import ntkit as nk
from ntkit.figures.page import offline_page
from ntkit.figures.page_tables import AXES, page_tables


@pytest.fixture(scope="module")
def tables():
    """Two activations, two separations, three depths."""
    return page_tables(["relu", "tanh"], [0.01, 0.1], [1, 4, 30], n=6)


def test_profiles_are_those_of_the_theory(tables):
    profile = nk.conditioning.depth_profile(nk.activation("tanh").normalized(), 30, 0.1)
    for name in ("bound", "correlation", "ntk_bound", "ntk_ratio"):
        np.testing.assert_allclose(tables.tables[name][1, 1], getattr(profile, name), rtol=1e-12)
    assert tables.tables["L0"][1, 1] == profile.L0


def test_kernel_profiles_are_those_of_the_network(tables):
    net = nk.mlp(4, nk.activation("relu").normalized())
    np.testing.assert_allclose(tables.tables["nngp_profile"][0, 1], net.correlation(tables.rho), rtol=1e-12)
    expected = net.ntk_profile(tables.rho) / net.ntk_profile(np.array(1.0))
    np.testing.assert_allclose(tables.tables["ntk_profile"][0, 1], expected, rtol=1e-12)


def test_eigenvalues_are_those_of_the_matrices(tables):
    x = nk.data.sphere(6, 0.1, dim=6, seed=0).x
    found = nk.spectra.compare_spectra(nk.mlp(4, nk.activation("tanh").normalized()), x)
    np.testing.assert_allclose(tables.tables["nngp_eigenvalues"][1, 1, 1], found.nngp.eigenvalues, rtol=1e-10)
    ratio = found.ntk.eigenvalues / found.ntk.eigenvalues.mean()
    np.testing.assert_allclose(tables.tables["ntk_eigenvalues"][1, 1, 1], ratio, rtol=1e-10)


def test_every_table_has_the_axes_that_it_names(tables):
    sizes = {"activation": 2, "delta": 2, "depth": 3, "layer": 31, "rho": 81, "index": 6}
    assert {name: table.shape for name, table in tables.tables.items()} == {
        name: tuple(sizes[axis] for axis in axes) for name, axes in AXES.items()
    }


def test_page_carries_its_numbers_and_refers_to_nothing_outside(tables):
    page = offline_page(tables)
    assert not re.search(r"""(src|href)\s*=|https?://|@import|@(script|content|plotly)@""", page)
    packed = re.search(r'<script id="content" type="text/plain">([^<]+)</script>', page).group(1)
    content = json.loads(gzip.decompress(base64.b64decode(packed)))
    correlation = content["tables"]["correlation"]
    values = np.frombuffer(base64.b64decode(correlation["values"]), "<f4").reshape(correlation["shape"])
    np.testing.assert_allclose(values, tables.tables["correlation"], rtol=1e-6)


def test_page_with_everything_stays_small_enough_to_send():
    assert len(offline_page().encode()) < 6e6


def test_activation_without_an_ntk_is_refused():
    with pytest.raises(ValueError, match="no neural tangent kernel"):
        page_tables(["step"], [0.1], [2], n=4)
