"""Empirical kernels: three methods against each other, against plain autograd loops and written-out formulas."""

import subprocess
import sys

import numpy as np
import pytest
import torch

import ntkit as nk
from ntkit import networks
from ntkit.networks import _memory

METHODS = ("layerwise", "jacobian", "products")
DEVICES = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)
X = torch.randn(7, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
Y = torch.randn(3, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def twin(activation="tanh", depth=3, width=20, output_dim=1, **scales):
    dtype = scales.pop("dtype", torch.float64)
    return nk.mlp(depth, activation, **scales).module(4, width, seed=3, output_dim=output_dim, dtype=dtype)


def plain(outputs=1):
    torch.manual_seed(0)
    layers = [torch.nn.Linear(4, 11), torch.nn.GELU(), torch.nn.Linear(11, 9, bias=False), torch.nn.Linear(9, outputs)]
    return torch.nn.Sequential(*layers).double()


def convolutional():
    torch.manual_seed(0)
    layers = [torch.nn.Unflatten(1, (1, 4)), torch.nn.Conv1d(1, 5, 2), torch.nn.Tanh(), torch.nn.Flatten()]
    return torch.nn.Sequential(*layers, torch.nn.Linear(15, 2)).double()


def with_frozen(name):
    module = twin(bias_std=0.4)
    module.get_parameter(name).requires_grad_(False)
    return module


DENSE = {
    "relu": lambda: twin("relu"),
    "two kinks, biased and scaled": lambda: twin("hardtanh", weight_std=1.3, bias_std=0.4),
    "three outputs": lambda: twin("tanh", bias_std=0.2, output_dim=3),
    "no hidden layer": lambda: twin(depth=0),
    "torch's own layers": plain,
    "torch's own layers, two outputs": lambda: plain(2),
    "frozen first layer": lambda: with_frozen("hidden.0.weight"),
    "frozen bias": lambda: with_frozen("hidden.2.bias"),
    "frozen read-out": lambda: with_frozen("read_out.weight"),
}


def by_loops(module, x, y):
    """J(x) J(y)ᵀ for every pair of outputs from one autograd call for each number, (n, p, k, k)."""

    def jacobian(rows):
        parameters = [p for p in module.parameters() if p.requires_grad]
        outputs = module(rows).reshape(len(rows), -1)
        rows_of_gradients = [
            torch.cat([g.flatten() for g in torch.autograd.grad(value, parameters, retain_graph=True)])
            for value in outputs.flatten()
        ]
        return torch.stack(rows_of_gradients).reshape(*outputs.shape, -1)

    return torch.einsum("iap,jbp->ijab", jacobian(x), jacobian(y))


def close(found, expected, tolerance=1e-10):
    return float((found - expected).abs().max() / expected.abs().max()) < tolerance


@pytest.mark.parametrize("make", DENSE.values(), ids=DENSE)
class TestDenseStacks:
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("chunk", [None, 1, 3, 100])
    def test_every_method_gives_the_loops_kernel(self, make, method, chunk):
        module = make()
        expected = torch.einsum("ijaa->ij", by_loops(module, X, Y)) / module(X).shape[1]
        assert close(networks.empirical_ntk(module, X, Y, method=method, chunk=chunk), expected)

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("chunk", [None, 2])
    def test_one_set_of_rows_is_the_same_as_twice_the_same(self, make, method, chunk):
        module = make()
        kernel = networks.empirical_ntk(module, X, method=method, chunk=chunk)
        assert close(kernel, networks.empirical_ntk(module, X, X, method=method))
        assert close(kernel, kernel.T, 1e-14)

    def test_products_with_vectors_and_all_pairs_of_outputs(self, make):
        module = make()
        expected = by_loops(module, X, Y)
        vector = torch.randn(3, module(X).shape[1], dtype=torch.float64)
        assert close(networks.empirical_ntk_outputs(module, X, Y), expected)
        assert close(networks.empirical_ntk_outputs(module, X), by_loops(module, X, X))
        product = networks.ntk_vector_product(module, X, vector, Y)
        assert close(product, torch.einsum("ijab,jb->ia", expected, vector))

    def test_auto_is_layerwise(self, make):
        module = make()
        assert torch.equal(networks.empirical_ntk(module, X), networks.empirical_ntk(module, X, method="layerwise"))


class TestOtherModules:
    def test_auto_takes_jacobians(self):
        module = convolutional()
        expected = torch.einsum("ijaa->ij", by_loops(module, X, Y)) / 2
        for method in ("auto", "jacobian", "products"):
            assert close(networks.empirical_ntk(module, X, Y, method=method), expected)
        with pytest.raises(ValueError, match=r"dense layer; Conv1d has another kind. Take"):
            networks.empirical_ntk(module, X, method="layerwise")

    def test_layerwise_refuses_a_layer_that_runs_twice_or_never(self):
        square = torch.nn.Linear(4, 4).double()
        twice = torch.nn.Sequential(square, torch.nn.Tanh(), square)
        with pytest.raises(ValueError, match=r"to run once.*ran again"):
            networks.empirical_ntk(twice, X)
        assert close(
            networks.empirical_ntk(twice, X, method="jacobian"),
            torch.einsum("ijaa->ij", by_loops(twice, X, X)) / 4,
        )
        idle = torch.nn.Sequential(square)
        idle.forward = lambda x: x
        with pytest.raises(ValueError, match="did not run"):
            networks.empirical_ntk(idle, X)

    def test_weights_shared_by_two_layers_go_by_jacobians(self):
        module = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Tanh(), torch.nn.Linear(4, 4)).double()
        module[2].weight = module[0].weight
        expected = torch.einsum("ijaa->ij", by_loops(module, X, Y)) / 4
        for method in ("auto", "jacobian", "products"):
            assert close(networks.empirical_ntk(module, X, Y, method=method), expected)
        with pytest.raises(ValueError, match="two layers share one"):
            networks.empirical_ntk(module, X, method="layerwise")

    def test_outputs_may_come_without_their_axis(self):
        module = plain()
        flat = plain()
        flat.forward = lambda x: torch.nn.Sequential.forward(flat, x)[:, 0]
        for method in METHODS:
            assert close(networks.empirical_ntk(flat, X, method=method), networks.empirical_ntk(module, X), 1e-12)
        vector = torch.randn(7, dtype=torch.float64)
        expected = networks.empirical_ntk(module, X) @ vector
        assert close(networks.ntk_vector_product(flat, X, vector), expected)

    def test_batch_normalisation_mixes_rows(self):
        module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 1)).double()
        with pytest.raises(ValueError, match=r"BatchNorm1d in training mode mixes.*module.eval"):
            networks.empirical_ntk(module, X)
        module.eval()
        assert close(networks.empirical_ntk(module, X), by_loops(module, X, X)[..., 0, 0])


class TestFormulas:
    def test_one_hidden_layer_written_out(self):
        module = twin("tanh", depth=1, width=50)
        w, v = module.hidden[0].weight, module.read_out.weight[0]
        z = (X @ w.T).detach()
        hidden, slope = torch.tanh(z), 1 - torch.tanh(z) ** 2
        expected = (hidden @ hidden.T + (slope * v**2) @ slope.T * (X @ X.T)) / 50
        assert close(networks.empirical_ntk(module, X), expected.detach())
        assert close(networks.empirical_nngp(module, X), hidden @ hidden.T / 50)

    def test_with_a_frozen_read_out_it_is_the_g_matrix(self):
        module = twin("tanh", depth=1, width=50)
        module.read_out.weight.requires_grad_(False)
        z = (X @ module.hidden[0].weight.T).detach()
        slope = 1 - torch.tanh(z) ** 2
        expected = (slope * module.read_out.weight[0] ** 2) @ slope.T * (X @ X.T) / 50
        assert close(networks.empirical_ntk(module, X), expected)

    def test_nngp_is_the_kernel_of_the_read_out(self):
        module = twin("relu", weight_std=1.4, bias_std=0.3)
        module.hidden.requires_grad_(False)
        assert close(networks.empirical_nngp(module, X, Y), networks.empirical_ntk(module, X, Y))

    def test_without_hidden_layers_it_is_the_linear_kernel(self):
        assert close(networks.empirical_ntk(twin(depth=0), X), X @ X.T)


class TestKindsAndPrecision:
    @pytest.mark.parametrize("device", DEVICES)
    @pytest.mark.parametrize("method", METHODS)
    def test_float32_is_within_its_rounding_of_float64(self, method, device):
        exact = networks.empirical_ntk(twin("relu", width=64), X)
        module = twin("relu", width=64, dtype=torch.float32).to(device)
        found = networks.empirical_ntk(module, X, method=method)
        assert found.dtype == torch.float32
        assert found.device == X.device
        assert close(found.double(), exact, 5e-6)

    def test_numpy_in_numpy_out(self):
        module = twin()
        for kernel in (networks.empirical_ntk, networks.empirical_nngp, networks.empirical_ntk_outputs):
            found = kernel(module, X.numpy(), Y.numpy())
            assert isinstance(found, np.ndarray)
            assert np.array_equal(found, kernel(module, X, Y).numpy())
        assert isinstance(networks.ntk_vector_product(module, X.numpy(), np.ones(7)), np.ndarray)

    def test_results_carry_no_graph_and_leave_the_module_as_it_was(self):
        module = twin()
        before = list(module.parameters())
        for method in METHODS:
            assert not networks.empirical_ntk(module, X, method=method).requires_grad
        assert not networks.empirical_nngp(module, X).requires_grad
        assert all(p is kept and p.grad is None for p, kept in zip(module.parameters(), before, strict=True))
        assert not any(layer._forward_hooks for layer in module.modules())


class TestMemory:
    @pytest.mark.parametrize(("method", "n"), [("layerwise", 2500), ("jacobian", 48), ("products", 32)])
    def test_estimate_bounds_the_measured_peak(self, method, n):
        # In a process of its own, since the peak that a process reports never falls.  Linux starts the ru_maxrss of a
        # child at the size of its parent, which hides the child's own peak; VmHWM counts the child alone.
        code = f"""
import pathlib, re, resource, sys, torch, ntkit as nk
from ntkit import networks

def peak():
    if sys.platform == "linux":
        return 1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

module = nk.mlp(4, "relu").module(20, 512, seed=0, dtype=torch.float64)
x = torch.randn({n}, 20, dtype=torch.float64)
networks.empirical_ntk(module, x[:2], method="{method}")
before = peak()
networks.empirical_ntk(module, x, method="{method}")
print((peak() - before) / networks.estimate_memory(module, x, method="{method}"))
"""
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        assert 0.3 < float(done.stdout) < 1.1

    @pytest.mark.parametrize("method", METHODS)
    def test_what_would_not_fit_is_refused_with_a_chunk_that_does(self, method, monkeypatch):
        module, x = twin(width=200), torch.randn(64, 4, dtype=torch.float64)
        free = networks.estimate_memory(module, x, method=method) // 2
        monkeypatch.setattr(_memory, "available_memory", lambda: free)
        with pytest.raises(
            MemoryError, match=rf"method='{method}' with chunk=None takes about .* are free on cpu"
        ) as refusal:
            networks.empirical_ntk(module, x, method=method)
        chunk = int(str(refusal.value).split("chunk=")[2].split()[0])
        assert networks.estimate_memory(module, x, method=method, chunk=chunk) <= free / 2
        assert networks.empirical_ntk(module, x, method=method, chunk=chunk).shape == (64, 64)

    def test_says_so_when_nothing_fits(self, monkeypatch):
        monkeypatch.setattr(_memory, "available_memory", lambda: 1000)
        with pytest.raises(MemoryError, match="No chunk makes it fit: take fewer rows, or its products with vectors"):
            networks.empirical_ntk_outputs(twin(), X)

    def test_nngp_is_refused_with_a_way_out(self, monkeypatch):
        monkeypatch.setattr(_memory, "available_memory", lambda: 100)
        with pytest.raises(
            MemoryError, match=r"7 × 7 matrix takes 392 B, and 100 B are free. Take some rows at a time"
        ):
            networks.empirical_nngp(twin(), X)

    def test_passes_where_free_memory_is_unknown(self, monkeypatch):
        monkeypatch.setattr(_memory, "available_memory", lambda: None)
        assert networks.empirical_ntk(twin(), X).shape == (7, 7)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: networks.empirical_ntk(twin(), X, method="fast"), ValueError, "'layerwise', .*; got 'fast'"),
        (lambda: networks.empirical_ntk(twin(), X, chunk=0), ValueError, "at least 1; got 0"),
        (lambda: networks.empirical_ntk(twin(), X, chunk=1.5), ValueError, "got 1.5"),
        (lambda: networks.empirical_ntk(twin(), X[0]), ValueError, r"one row per input; got \(4,\)"),
        (lambda: networks.empirical_ntk(twin(), X[:0]), ValueError, r"got \(0, 4\)"),
        (
            lambda: networks.empirical_ntk(twin(), X, Y / 0),
            ValueError,
            "y must be finite; rows 0, 1, 2 hold NaN or infinity",
        ),
        (lambda: networks.empirical_ntk(torch.nn.Tanh(), X), TypeError, "this Tanh has none"),
        (lambda: networks.empirical_ntk(twin().requires_grad_(False), X), ValueError, "every parameter .* is frozen"),
        (lambda: networks.empirical_nngp(plain(), X), TypeError, r"Sequential has none. Modules made by net.module"),
        (lambda: networks.ntk_vector_product(twin(), X, np.ones(5)), ValueError, r"shape \(7, 1\); got \(5,\)"),
        (lambda: networks.ntk_vector_product(plain(2), X, np.ones(7)), ValueError, r"shape \(7, 2\); got \(7,\)"),
    ],
)
def test_refusals_say_what_must_hold(call, error, message):
    with pytest.raises(error, match=message):
        call()
