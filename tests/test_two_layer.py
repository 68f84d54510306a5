"""Two-layer networks: Gram matrices against autograd, descent against torch's own, and against what is predicted."""

import itertools

import mpmath
import numpy as np
import pytest
import torch
from scipy.special import softmax

import ntkit as nk
from ntkit import gram
from ntkit.gram import CROSS_ENTROPY, HALF_SQUARES, MEAN_SQUARES, descend, two_layer
from ntkit.gram.descent import _Trained

CIRCLE = nk.data.half_circle(10)
X = nk.data.span(CIRCLE.x).coordinates(CIRCLE.x)
TORCH = {"relu": torch.relu, "tanh": torch.tanh, "swish": torch.nn.functional.silu, "elu": torch.nn.functional.elu}
LABELS = gram.one_hot(np.arange(10) % 3, 3)


def network(name="tanh", width=300, dim=2, seed=0, **options):
    return two_layer(nk.activation(name), dim, width, seed, **options)


def leaves(net):
    """The network's weights as leaves of autograd, and its outputs by torch's own functions."""
    hidden, heads = net.hidden.clone().requires_grad_(), net.heads.clone().requires_grad_()
    sigma = TORCH[net.activation.name.partition("(")[0]]

    def outputs(x):
        return net.scale * sigma(torch.as_tensor(x, dtype=hidden.dtype) @ hidden.T) @ heads / net.width**0.5

    return (hidden, heads), outputs


def jacobian(net, x, layers):
    """∂f_iq/∂(trained parameters), (nk, parameters), by autograd."""
    parameters, outputs = leaves(net)
    chosen = {"hidden": parameters[:1], "top": parameters[1:], "all": parameters}[layers]
    rows = [torch.autograd.grad(f, chosen, retain_graph=True) for f in outputs(x).ravel()]
    return np.array([torch.cat([part.ravel() for part in row]).numpy() for row in rows])


# ---- the network and its Gram matrices


@pytest.mark.parametrize("layers", ["hidden", "top", "all"])
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("name", ["relu", "tanh", "swish"])
def test_gram_matrix_is_the_product_of_gradients(name, outputs, layers, monkeypatch):
    monkeypatch.setitem(gram.TwoLayer.chunks.__globals__["_ENTRIES"], "cpu", 640)  # 64 units at a time
    net = network(name, outputs=outputs, scale=1.3)
    gradients = jacobian(net, X, layers)
    np.testing.assert_allclose(net.gram(X, layers), gradients @ gradients.T, rtol=0, atol=1e-13)
    np.testing.assert_allclose(net(X), leaves(net)[1](X).detach(), rtol=0, atol=1e-13)
    if outputs == 1:
        modes = net.modes(X, layers)
        rebuilt = (modes.eigenvectors * modes.eigenvalues) @ modes.eigenvectors.T
        np.testing.assert_allclose(rebuilt, gradients @ gradients.T, rtol=0, atol=1e-13)


def test_modes_keep_the_digits_of_tiny_eigenvalues():
    # Given swish on 24 points of a half circle, with an eigenvalue far below rounding of the matrix's entries
    angles = np.pi * np.arange(24) / 24
    x, net = np.stack([np.cos(angles), np.sin(angles)], 1), network("swish", width=60)
    # When the same matrix is made and solved with fifty digits
    with mpmath.workdps(50):

        def slope(t):
            s = 1 / (1 + mpmath.exp(-t))
            return s + t * s * (1 - s)

        weights, heads = net.hidden.numpy().tolist(), net.heads.ravel().tolist()
        features = mpmath.matrix(120, 24)
        for i, (p, q) in enumerate(x.tolist()):
            for k, (w, a) in enumerate(zip(weights, heads, strict=True)):
                value = a * slope(mpmath.mpf(w[0]) * p + mpmath.mpf(w[1]) * q)
                features[2 * k, i], features[2 * k + 1, i] = value * p, value * q
        exact = sorted(map(float, mpmath.eigsy(features.T * features / 60, eigvals_only=True)), reverse=True)
    # Then it has the digits
    found = net.modes(x).eigenvalues
    assert exact[-1] < 1e-16 * exact[0]
    np.testing.assert_allclose(found[:18], exact[:18], rtol=1e-6)
    np.testing.assert_allclose(np.sqrt(found), np.sqrt(exact), rtol=0, atol=1e-14)


@pytest.mark.parametrize("heads", ["normal", "signs"])
@pytest.mark.parametrize("name", ["relu", "elu"])
def test_mean_gram_matrix_is_that_of_infinite_width(name, heads):
    drawn = np.array([network(name, 500, seed=k, heads=heads).gram(X) for k in range(100)])
    rho = np.clip(X @ X.T, -1, 1)
    limit = rho * nk.activation(name).dual.derivative(rho)
    error = drawn.std(axis=0, ddof=1) / np.sqrt(len(drawn))
    assert np.all(np.abs(drawn.mean(axis=0) - limit) <= 5 * error + 1e-15)


def test_many_outputs_have_blocks_of_one_output_and_the_others_vanish():
    # Given a wide network of three outputs: sample-major order
    wide = [network("tanh", width, outputs=3) for width in (1000, 64_000)]
    grams = [net.gram(X).reshape(10, 3, 10, 3) for net in wide]
    single = two_layer(nk.activation("tanh"), 2, 1000)
    single.hidden[:], single.heads[:] = wide[0].hidden, wide[0].heads[:, 1:2]
    np.testing.assert_allclose(grams[0][:, 1, :, 1], single.gram(X), rtol=0, atol=1e-14)
    off = [np.abs(found[:, 0, :, 1]).max() for found in grams]
    assert off[1] < off[0] / 3 < 0.1  # eight times smaller in the mean


# ---- steps


@pytest.mark.parametrize("layers", ["hidden", "top", "all"])
@pytest.mark.parametrize("loss", [HALF_SQUARES, MEAN_SQUARES, CROSS_ENTROPY], ids=lambda loss: loss.name)
@pytest.mark.parametrize("name", TORCH)
def test_two_steps_are_those_of_autograd(name, loss, layers, monkeypatch):
    monkeypatch.setitem(gram.TwoLayer.chunks.__globals__["_ENTRIES"], "cpu", 640)
    outputs = 3 if loss is CROSS_ENTROPY else 1
    y = LABELS if loss is CROSS_ENTROPY else CIRCLE.y[:, None]
    net = network(name, outputs=outputs)
    (hidden, heads), of = leaves(net)
    target = torch.tensor(y)

    def value(f):
        if loss is CROSS_ENTROPY:
            return torch.nn.functional.cross_entropy(f, target.argmax(1), reduction="sum")
        return (f - target).square().sum() / (2 if loss is HALF_SQUARES else 10)

    chosen = {"hidden": (hidden,), "top": (heads,), "all": (hidden, heads)}[layers]
    optimiser, losses = torch.optim.SGD(chosen, 0.3), []
    for _ in range(2):
        optimiser.zero_grad()
        losses.append(value(of(X)).item())
        value(of(X)).backward()
        optimiser.step()
    run = descend(net, X, y, 2, 0.3, loss=loss, layers=layers)
    np.testing.assert_allclose(run.loss, [*losses, value(of(X)).item()], rtol=1e-12)
    np.testing.assert_allclose(net.hidden, hidden.detach(), rtol=0, atol=1e-13)
    np.testing.assert_allclose(net.heads, heads.detach(), rtol=0, atol=1e-13)


def test_squared_gradient_is_the_quadratic_form_of_the_gram_matrix():
    net = network("swish")
    (hidden, _), of = leaves(net)
    residual = torch.tensor(CIRCLE.y[:, None]) - of(X)
    (gradient,) = torch.autograd.grad(residual.square().sum() / 2, hidden)
    r = residual.detach().numpy().ravel()
    assert float(gradient.square().sum()) == pytest.approx(r @ net.gram(X) @ r, rel=1e-12)
    assert float(gradient.square().sum()) >= net.modes(X).eigenvalues[-1] * (r @ r)


def test_batches_are_unbiased():
    # Given every batch of 3 of the 10 rows
    before = network("tanh").hidden
    moved = []
    for rows in itertools.combinations(range(10), 3):
        net = network("tanh")
        trained = _Trained(net, net.rows(X), torch.tensor(CIRCLE.y[:, None]), HALF_SQUARES, "hidden")
        trained.step(trained.forward(torch.tensor(rows)), 0.1)
        moved.append(net.hidden - before)
    # Then their mean step is that over all rows
    whole = network("tanh")
    descend(whole, X, CIRCLE.y, 1, 0.1)
    np.testing.assert_allclose(torch.stack(moved).mean(dim=0), whole.hidden - before, rtol=0, atol=1e-15)


def test_expected_loss_falls_under_batches_as_theorem_m_10_says():
    # E‖y − u(t + 1)‖² ≤ (1 − ηλ_min/4) ‖y − u(t)‖², from one state, over batches
    state = network("relu", 4000)
    smallest, ratios = state.modes(X).eigenvalues[-1], []
    for seed in range(80):
        net = network("relu", 4000)
        run = descend(net, X, CIRCLE.y, 1, 0.05, batch=4, seed=seed)
        ratios.append(run.loss[1] / run.loss[0])
    error = np.std(ratios, ddof=1) / np.sqrt(80)
    assert np.mean(ratios) <= 1 - 0.05 * smallest / 4 + 5 * error
    assert error > 0


def test_small_batches_follow_the_flow_of_all_rows():
    runs = [descend(network("relu", 2000), X, CIRCLE.y, 400, 0.01, batch=batch) for batch in (None, 5)]
    assert runs[1].loss[-1] == pytest.approx(runs[0].loss[-1], rel=0.05)


def test_float32_does_what_float64_does():
    runs = [
        descend(network("relu", 1000, dtype=dtype), X, CIRCLE.y, 50, 0.3) for dtype in (torch.float32, torch.float64)
    ]
    np.testing.assert_allclose(runs[0].loss, runs[1].loss, rtol=1e-4)
    assert runs[0].final.dtype == np.float32


# ---- predictions


@pytest.mark.parametrize("loss", [HALF_SQUARES, MEAN_SQUARES], ids=lambda loss: loss.name)
def test_top_layer_follows_its_prediction_exactly(loss):
    run = descend(network("relu"), X, CIRCLE.y, 300, 0.5, loss=loss, layers="top", watch=(0, 300))
    np.testing.assert_allclose(run.predicted(CIRCLE.y), run.loss, rtol=1e-9)
    assert run.drift.gram[-1] == run.drift.weights[-1] == 0


# ‖y − u(t)‖ after 0, 100, 1000, 2000 steps of another implementation: the fixed kernel's, and the network's
REFERENCE = {"tanh": (4.077, 1.4912, 0.7623, 0.6580), "swish": (5.225, 2.1910, 1.6542, 1.3383)}


@pytest.mark.parametrize("name", REFERENCE)
def test_smooth_networks_follow_their_gram_matrix_at_the_start(name):
    # Given the run of the specification: 10 points on a half circle, width 20 000, η = 0.1, 1000 steps
    run = descend(network(name, 20_000), X, CIRCLE.y, 1000, 0.1, record=100, watch=(0, 1000))
    # Then the eigen-decomposition of G(0) has the residual to 3 % of where it started
    told, there = np.sqrt(2 * run.predicted(CIRCLE.y)), np.sqrt(2 * run.loss)
    assert np.all(np.abs(told - there) <= 0.03 * there[0])
    assert run.drift.gram[-1] < 0.03
    # and it falls by shares like those of the reference, whose labels and weights are others
    share, recorded = there[[1, 10]] / there[0], np.array(REFERENCE[name])[1:3] / REFERENCE[name][0]
    assert np.all((share / recorded > 0.4) & (share / recorded < 2.6))


def test_relu_on_the_whole_circle_stays_where_the_null_space_leaves_it():
    # Given antipodes: σ'(z) + σ'(−z) = 1, so that n/2 − 2 directions of the outputs never move, at any width
    points = nk.data.full_circle(10)
    x = nk.data.span(points.x).coordinates(points.x)
    net = network("relu", 2000)
    modes = net.modes(x)
    still = modes.eigenvectors[:, modes.eigenvalues < 1e-12]
    assert still.shape[1] == 3
    run = descend(net, x, points.y, 4000, 0.3, record=4000)
    # Then what the labels have there is what is left
    energy = [np.sum((still.T @ (f.ravel() - points.y)) ** 2) / 2 for f in (run.initial, run.final)]
    assert energy[1] == pytest.approx(energy[0], rel=1e-9)
    assert run.loss[-1] == pytest.approx(energy[0], rel=0.02)
    assert run.loss[-1] >= energy[0] * (1 - 1e-12)


@pytest.mark.parametrize("width", [50, 400])
def test_logits_obey_the_equation_that_the_paper_prints_for_probabilities(width):
    # Given a small step of descent on the cross-entropy
    net, step = network("tanh", width, outputs=3), 1e-6
    kernel, f = net.gram(X), net(X).numpy()
    u = softmax(f, axis=1)
    pull = (LABELS - u).ravel()
    descend(net, X, LABELS, 1, step, loss=CROSS_ENTROPY)
    moved, changed = (net(X).numpy() - f).ravel() / step, (softmax(net(X).numpy(), axis=1) - u).ravel() / step
    # Then the logits move by 𝒢(y − u), the probabilities by J𝒢(y − u), and not by what is printed
    np.testing.assert_allclose(moved, kernel @ pull, rtol=0, atol=1e-5 * np.abs(moved).max())
    softly = np.zeros((30, 30))
    for i in range(10):
        softly[3 * i : 3 * i + 3, 3 * i : 3 * i + 3] = np.diag(u[i]) - np.outer(u[i], u[i])
    np.testing.assert_allclose(changed, softly @ kernel @ pull, rtol=0, atol=1e-5 * np.abs(changed).max())
    assert np.abs(changed - kernel @ pull).max() > 0.3 * np.abs(kernel @ pull).max()


def test_logit_flow_is_the_limit_of_small_steps_of_a_fixed_kernel():
    net = network("relu", 400, outputs=3)
    kernel, f = net.gram(X), net(X).numpy()
    flow = gram.logit_flow(kernel, LABELS, [0.0, 1.0, 3.0], f)
    stepped, size = f.copy(), 1e-4
    for _ in range(30_000):
        stepped = stepped + size * (kernel @ (LABELS - softmax(stepped, axis=1)).ravel()).reshape(f.shape)
    np.testing.assert_allclose(flow[0], f, atol=1e-12)
    np.testing.assert_allclose(flow[2], stepped, rtol=0, atol=2e-3)


def test_cross_entropy_of_a_wide_network_follows_its_linearised_logits():
    net = network("tanh", 20_000, outputs=3)
    kernel = net.gram(X)
    run = descend(net, X, LABELS, 200, 0.05, loss=CROSS_ENTROPY, record=50)
    np.testing.assert_allclose(run.predicted(LABELS, kernel), run.loss, rtol=0.01)
    assert run.loss[-1] < 0.8 * run.loss[0]


def test_infinite_width_has_one_block_for_all_classes():
    net = network("tanh", 400, outputs=3)
    rho = np.clip(X @ X.T, -1, 1)
    kernel = rho * nk.activation("tanh").dual.derivative(rho)
    small = gram.logit_flow(kernel, LABELS, [2.0], net(X).numpy())
    large = gram.logit_flow(np.kron(kernel, np.eye(3)), LABELS, [2.0], net(X).numpy())
    np.testing.assert_allclose(small, large, rtol=0, atol=1e-6)


def test_turned_eigenvectors_are_measured_as_subspaces():
    generator = np.random.default_rng(0)
    before, after = (np.linalg.qr(generator.standard_normal((6, 6)))[0] for _ in range(2))
    for i, sine in enumerate(gram.turned(before, after), 1):
        cosine = np.linalg.svd(before[:, :i].T @ after[:, :i], compute_uv=False)[-1]
        assert sine == pytest.approx(np.sqrt(1 - cosine**2), abs=1e-7)


# ---- how runs end, and what is refused


def test_run_can_be_watched_and_cancelled():
    told = []
    run = descend(
        network(), X, CIRCLE.y, 50, 0.1, record=10, watch=(0, 20), cancel=lambda: len(told) > 2,
        callback=lambda *reading: told.append(reading),
    )  # fmt: skip
    assert run.cancelled
    assert run.steps.tolist() == [0, 10, 20, 21]
    assert [step for step, _, _ in told] == [0, 10, 20, 21]
    assert run.drift.steps.tolist() == [0, 20]
    assert run.outcome.startswith("Cancelled after 21 steps")


def test_run_that_diverges_says_so():
    run = descend(network("relu"), X, CIRCLE.y, 500, 5.0, layers="top")
    assert run.diverged
    assert "Diverged" in run.outcome


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": -1}, "steps must be a whole number"),
        ({"learning_rate": 0}, "learning_rate must be positive"),
        ({"layers": "both"}, "layers must be one of hidden, top, all; got 'both'"),
        ({"batch": 11}, "batch must be a whole number of rows, 1 to 10; got 11"),
        ({"y": CIRCLE.y[:4]}, r"y must have shape \(10, 1\)"),
        ({"x": CIRCLE.x}, r"x must have shape \(n, 2\)"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    given = {"x": X, "y": CIRCLE.y, "steps": 3, "learning_rate": 0.1, **options}
    with pytest.raises(ValueError, match=message):
        descend(network(), **given)


def test_step_and_unknown_heads_are_refused():
    with pytest.raises(ValueError, match="must be continuous"):
        network("step")
    with pytest.raises(ValueError, match="heads must be one of normal, signs"):
        network(heads="uniform")
    with pytest.raises(MemoryError, match="Take a smaller width"):
        network(width=10**12)
