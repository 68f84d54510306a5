"""The contract that every layer type inherits: its kernel rule against its finite twin.

A subclass supplies `blocks`, the hidden layers of a small network of that type, and inherits the tests.
"""

import numpy as np
import pytest
import torch

import ntkit as nk
from ntkit.architectures import Architecture, Dense


def inputs(norms):
    """Five points in four dimensions: generic, a near pair, an obtuse pair."""
    x = np.random.default_rng(3).normal(size=(5, 4))
    x[1] = x[0] + 0.1 * x[1]
    x[3] = -x[2] + 0.3 * x[3]
    x /= np.linalg.norm(x, axis=1)[:, None]
    return x if norms == "unit" else x * np.array([0.5, 0.8, 1.0, 1.3, 1.7])[:, None]


def images():
    """Four images of 2 channels and 4 × 3 pixels: generic, a near pair, one with a blank corner."""
    x = np.random.default_rng(7).normal(size=(4, 2, 4, 3))
    x[1] = x[0] + 0.1 * x[1]
    x[3, :, :3, :] = 0.0
    return x


class _Contract:
    """What rows and images have in common: theory against finite networks, symmetry, blocks, types."""

    blocks = ()
    input_dim = 4
    width, seeds = 256, 120

    @property
    def net(self):
        return Architecture(self.blocks, (Dense(),))

    def test_theory_meets_finite_networks(self, x):
        # Setup: the kernels of independent finite twins
        tensor = torch.tensor(x)
        samples = {"nngp": [], "ntk": []}
        for seed in range(self.seeds):
            module = self.net.module(self.input_dim, self.width, seed, dtype=torch.float64)
            samples["nngp"].append(nk.empirical_nngp(module, tensor).numpy())
            samples["ntk"].append(nk.empirical_ntk(module, tensor).numpy())
        theory = self.net.kernels(x)
        # Test: five standard errors of the mean, and the bias of finite width, O(1/m), below them
        for name, drawn in samples.items():
            mean, error = np.mean(drawn, axis=0), np.std(drawn, axis=0, ddof=1) / np.sqrt(self.seeds)
            wanted = getattr(theory, name)
            excess = np.abs(mean - wanted) - 5 * error
            assert excess.max() <= 2 / self.width * np.abs(wanted).max(), name

    def test_kernels_are_symmetric_and_positive(self, x):
        for kernel in vars(self.net.kernels(x)).values():
            assert np.abs(kernel - kernel.T).max() <= 1e-13 * np.abs(kernel).max()
            assert np.linalg.eigvalsh(kernel).min() >= -1e-12 * np.abs(kernel).max()

    def test_blocks_of_a_matrix_are_the_matrix(self, x):
        whole, part = self.net.kernels(x), self.net.kernels(x[:2], x[1:])
        for name in ("nngp", "ntk"):
            np.testing.assert_allclose(
                getattr(part, name), getattr(whole, name)[:2, 1:], rtol=1e-9, atol=1e-10 * np.abs(whole.ntk).max()
            )

    def test_float32_and_torch(self, x):
        wanted = self.net.kernels(x)
        for values in (x.astype(np.float32), torch.tensor(x), torch.tensor(x, dtype=torch.float32)):
            got = self.net.kernels(values)
            assert type(got.ntk) is type(values)
            assert got.ntk.dtype == values.dtype
            for name in ("nngp", "ntk"):
                expected = getattr(wanted, name)
                error = np.abs(np.asarray(getattr(got, name), dtype=float) - expected).max()
                # rounding the inputs to float32 moves an angle by 1e-7, and a kernel with a kink as much
                tolerance = 1e-12 if values.dtype in (torch.float64, np.float64) else 5e-6
                assert error <= tolerance * np.abs(expected).max(), (name, values.dtype)


class LayerContract(_Contract):
    """Inherit, and define `blocks`: a tuple of tuples of layers, one a hidden layer, for rows."""

    @pytest.fixture(params=["unit", "any"])
    def x(self, request):
        return inputs(request.param)

    def test_sphere_and_any_norm_agree(self, x):
        """Unit rows through the rules for inputs of different norms: one row of another norm switches to them."""
        unit = inputs("unit")
        sphere, mixed = self.net.kernels(unit), self.net.kernels(np.vstack([unit, 1.5 * unit[:1]]))
        for name in ("nngp", "ntk"):
            scale = np.abs(getattr(sphere, name)).max()
            np.testing.assert_allclose(getattr(mixed, name)[:5, :5], getattr(sphere, name), atol=1e-10 * scale)


class ImageContract(_Contract):
    """Inherit, and define `blocks`: a tuple of tuples of layers, one a hidden layer, for images."""

    input_dim = (2, 4, 3)
    width, seeds = 96, 100

    @pytest.fixture
    def x(self):
        return images()

    def test_several_blocks_of_pairs_are_one(self, x, monkeypatch):
        whole = self.net.kernels(x)
        monkeypatch.setattr("ntkit.kernels.images._BYTES", 1)
        assert_close = np.testing.assert_allclose
        for name in ("nngp", "ntk"):
            scale = np.abs(getattr(whole, name)).max()
            assert_close(getattr(self.net.kernels(x), name), getattr(whole, name), atol=1e-12 * scale)
