"""The three networks of Du et al. at finite width, the Gram matrix of each of their layers, and how they train.

    u_i = ⟨a, x_i^(H)⟩,   a of signs, fixed (the same sign for all pixels of a channel),
    G^(h)_ij = ⟨∂u_i/∂W^(h), ∂u_j/∂W^(h)⟩,   G = Σ_h G^(h),   all weights N(0, 1)

One picture of p pixels is a column for each pixel; a fully connected network is one with a single pixel.
Source: Du, Lee, Li, Wang, Zhai, "Gradient Descent Finds Global Minima of Deep Neural Networks" (December 2018),
section 2.2, appendices A to C.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ntkit.activations import Activation
from ntkit.arguments import real, whole
from ntkit.gram.covariances import checked_inputs
from ntkit.gram.layered import scaling_constant
from ntkit.memory import ensure_fits
from ntkit.specification import takes_names


@dataclass(frozen=True, eq=False)
class LayeredNetwork:
    """Weights W^(1) … W^(H) and signs a, with all that the network makes of an input.

    activation: σ;  weights: torch tensors (m, q·d) and (m, q·m);  signs: (m,), ±1
    window:     q, pixels in a patch; 1 for vectors
    branch:     s of a residual network; None for a fully connected one
    """

    activation: Activation
    weights: tuple
    signs: object
    window: int = 1
    branch: float | None = None

    @property
    def depth(self):
        """H."""
        return len(self.weights)

    @property
    def width(self):
        """m."""
        return len(self.signs)

    def outputs(self, x):
        """u_i of vectors (n, d) or images (n, channels, pixels): (n,)."""
        return self._run(self._tensor(x))[0]

    def layer_outputs(self, x):
        """x^(0) … x^(H), (n, channels, pixels) each."""
        return self._run(self._tensor(x))[1]

    def layer_grams(self, x):
        """G^(1) … G^(H), (H, n, n).

        Raises: MemoryError where the gradients of all layers would not fit.
        """
        import torch

        x = self._tensor(x)
        ensure_fits((len(x) * x.shape[2] * self.depth, self.width), copies=6, instead="Take fewer inputs or units.")
        outputs, layers, units = self._run(x, watched=True)
        signals = torch.autograd.grad(outputs.sum(), units)
        grams = []
        for before, signal in zip(layers, signals, strict=False):
            patches = self._patches(before.detach())
            shared = torch.einsum("ncl,mcr->nmlr", patches, patches)
            grams.append((shared * torch.einsum("ncl,mcr->nmlr", signal, signal)).sum(dim=(2, 3)))
        return torch.stack(grams).cpu().numpy()

    def gram(self, x):
        """G = Σ_h G^(h), (n, n)."""
        return self.layer_grams(x).sum(axis=0)

    def _run(self, x, watched=False):
        """Outputs, x^(0) … x^(H), and the pre-activations, with gradients where they are watched."""
        first = scaling_constant(self.activation) ** 0.5
        layers, units = [x], []
        for number, weight in enumerate(self.weights):
            unit = weight @ self._patches(layers[-1])
            units.append(unit.requires_grad_() if watched else unit)
            is_branch = number > 0 and self.branch is not None
            scale = (self.branch if is_branch else first) / self.width**0.5
            after = scale * self.activation(unit)
            layers.append(layers[-1] + after if is_branch else after)
        return (self.signs[:, None] * layers[-1]).sum(dim=(1, 2)), layers, units

    def _patches(self, x):
        """φ(x), (n, q·channels, pixels): every pixel with its neighbours, zeros beyond the border."""
        import torch

        if self.window == 1:
            return x
        reach, pixels = self.window // 2, x.shape[2]
        padded = torch.nn.functional.pad(x, (reach, reach))
        return torch.cat([padded[:, :, o : o + pixels] for o in range(self.window)], dim=1)

    def _tensor(self, x):
        import torch

        x = np.asarray(x, dtype=float)
        x = checked_inputs(x, axes=3 if x.ndim == 3 else 2)
        columns = x if x.ndim == 3 else x[:, :, None]
        weight = self.weights[0]
        if columns.shape[1] * self.window != weight.shape[1]:
            raise ValueError(
                f"inputs must have {weight.shape[1] // self.window} channels, as the first layer does; "
                f"got shape {x.shape}."
            )
        return torch.as_tensor(columns, dtype=weight.dtype, device=weight.device)


@takes_names
def layered_network(activation, inputs, depth, width, *, window=1, branch=None, seed=0, device=None):
    """A LayeredNetwork at its initialisation.

    Parameters: activation, or its name; inputs, channels d of an input; depth H ≥ 1; width m ≥ 1; window q, odd; branch
    s, of a residual network (`branch_scale`), None for a fully connected one; seed; device, torch's.
    Raises: ValueError for values out of range; MemoryError where the weights would not fit.
    Source: Du et al. (2018), section 2.2.

    >>> import ntkit as nk
    >>> network = layered_network(nk.activation("softplus"), inputs=2, depth=3, width=50)
    >>> network.layer_grams(np.eye(2)).shape
    (3, 2, 2)
    """
    import torch

    inputs, depth, width, window = (
        whole(name, value, least=1, must="be a positive whole number")
        for name, value in (("inputs", inputs), ("depth", depth), ("width", width), ("window", window))
    )
    if window % 2 == 0:
        raise ValueError(f"window must be an odd number of pixels; got {window}.")
    if branch is not None:
        branch = real("branch", branch, above=0, must="be positive, or None for a fully connected network")
    ensure_fits((depth * width, window * width), copies=2, instead="Take fewer units, or fewer layers.")
    generator, where = torch.Generator(device or "cpu").manual_seed(seed), {"device": device, "dtype": torch.float64}
    fans = [inputs] + [width] * (depth - 1)
    weights = tuple(torch.randn(width, window * fan, generator=generator, **where) for fan in fans)
    signs = torch.randint(0, 2, (width,), generator=generator, device=device).to(torch.float64) * 2 - 1
    return LayeredNetwork(activation, weights, signs, window, branch)


@dataclass(frozen=True, eq=False)
class GramError:
    """‖G^(H)(0) − K^(H)‖₂ over draws of networks of one width.

    width, least_eigenvalue: m, and λ₀
    errors: (draws,)
    """

    width: int
    least_eigenvalue: float
    errors: np.ndarray

    @property
    def sufficient_width(self):
        """The m at which the mean error is λ₀/4, as the theorems need it, if it falls like m^(−½)."""
        return self.width * (4 * self.errors.mean() / self.least_eigenvalue) ** 2


@takes_names
def gram_error(activation, x, population, width, *, draws=10, seed=0, device=None):
    """The GramError of networks of a population Gram matrix.

    Parameters: activation, or its name; x, inputs; population, their PopulationGram; width m; draws ≥ 2, from `seed`;
    device.
    Raises: ValueError for values out of range.
    Source: Du et al. (2018), Lemmas A.2, B.2, C.2.

    >>> import ntkit as nk
    >>> sigma, x = nk.activation("tanh"), nk.data.sphere(4, seed=0).x
    >>> found = gram_error(sigma, x, nk.gram.fully_connected_gram(sigma, x, 2), 100, draws=5)
    >>> bool(100 < found.sufficient_width < 10_000)
    True
    """
    draws = whole("draws", draws, least=2, must="be a whole number of networks, at least 2")
    channels = np.asarray(x).shape[1]
    settings = {"window": population.window, "branch": population.branch, "device": device}
    networks = (
        layered_network(activation, channels, population.depth, width, seed=seed + k, **settings) for k in range(draws)
    )
    errors = [np.linalg.norm(network.layer_grams(x)[-1] - population.gram, 2) for network in networks]
    return GramError(int(width), population.least_eigenvalue, np.array(errors))


@dataclass(frozen=True, eq=False)
class Stability:
    """How far a network moved while it was trained by gradient descent on ½‖y − u‖², all W^(h), a fixed.

    before, after:  the LayeredNetwork at step 0 and after the last one
    learning_rate:  η
    residuals:      y − u, (steps + 1, n)
    grams_before, grams_after: G^(1) … G^(H), (H, n, n)
    """

    before: LayeredNetwork
    after: LayeredNetwork
    learning_rate: float
    residuals: np.ndarray
    grams_before: np.ndarray
    grams_after: np.ndarray

    @cached_property
    def loss(self):
        """½‖y − u(k)‖², (steps + 1,)."""
        return 0.5 * (self.residuals**2).sum(axis=1)

    @cached_property
    def linearised_loss(self):
        """½‖(1 − ηG(0))^k (y − u(0))‖², what the loss would be if G did not move."""
        values, vectors = np.linalg.eigh(self.grams_before.sum(axis=0))
        steps = np.arange(len(self.residuals))[:, None]
        start = (vectors.T @ self.residuals[0]) ** 2
        return 0.5 * ((1 - self.learning_rate * values) ** (2 * steps) * start).sum(axis=1)

    @property
    def shares(self):
        """tr G^(h)/tr G at the start, (H,)."""
        traces = np.trace(self.grams_before, axis1=1, axis2=2)
        return traces / traces.sum()

    @property
    def weight_drift(self):
        """‖W^(h)(T) − W^(h)(0)‖_F, (H,)."""
        pairs = zip(self.after.weights, self.before.weights, strict=True)
        return np.array([float((late - early).norm()) for late, early in pairs])

    @property
    def gram_drift(self):
        """‖G^(h)(T) − G^(h)(0)‖₂, (H,)."""
        return np.linalg.norm(self.grams_after - self.grams_before, ord=2, axis=(1, 2))

    def promised(self, least_eigenvalue):
        """(1 − ηλ₀/2)^k L(0), what Theorems 3.1 to 5.1 promise once the network is wide enough, (steps + 1,)."""
        return (1 - 0.5 * self.learning_rate * least_eigenvalue) ** np.arange(len(self.residuals)) * self.loss[0]


def stability(network, x, y, learning_rate, steps):
    """The Stability of a network under so many steps of gradient descent.

    Parameters: network, a LayeredNetwork; x, its inputs; y (n,), their labels; learning_rate η > 0; steps ≥ 1.
    Raises: ValueError for values out of range, and where the loss leaves the floats.
    Source: Du et al. (2018), Lemmas A.3 to A.5, Condition 6.1.

    >>> import ntkit as nk
    >>> network = layered_network(nk.activation("softplus"), inputs=2, depth=2, width=64)
    >>> found = stability(network, np.eye(2), [1.0, -1.0], 0.2, 200)
    >>> bool(found.loss[-1] < 0.1 * found.loss[0])
    True
    """
    import torch

    learning_rate = real("learning_rate", learning_rate, above=0, must="be positive")
    steps = whole("steps", steps, least=1, must="be a positive whole number")
    weights = [weight.clone().requires_grad_() for weight in network.weights]
    moving = replace(network, weights=tuple(weights))
    labels = torch.as_tensor(np.asarray(y, dtype=float), dtype=weights[0].dtype, device=weights[0].device)
    residuals = []
    for _ in range(steps):
        residual = labels - moving.outputs(x)
        residuals.append(residual.detach())
        gradients = torch.autograd.grad(0.5 * residual.square().sum(), weights)
        with torch.no_grad():
            for weight, gradient in zip(weights, gradients, strict=True):
                weight -= learning_rate * gradient
    after = replace(network, weights=tuple(weight.detach() for weight in weights))
    residuals.append(labels - after.outputs(x))
    residuals = torch.stack(residuals).cpu().numpy()
    if not np.isfinite(residuals).all():
        raise ValueError(
            f"the loss must stay finite; with learning_rate = {learning_rate:g} it did not. Take at most 2/λ_max(G)."
        )
    return Stability(network, after, learning_rate, residuals, network.layer_grams(x), after.layer_grams(x))
