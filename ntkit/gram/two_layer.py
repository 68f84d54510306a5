"""Two-layer networks of any width: F(x) = (c/√m) Σ_k a_k σ(w_k·x), their outputs and their Gram matrices.

    G_ij = (c²/m) Σ_k a_k² σ'(w_k·x_i) σ'(w_k·x_j) ⟨x_i, x_j⟩,      H_ij = (c²/m) Σ_k σ(w_k·x_i) σ(w_k·x_j)

Units are gone through in chunks, so that a width of 10⁶ takes a few arrays of n × m numbers at most.
Source: Panigrahi, Shetty, Goyal (2020), equations 1 and 2, appendices C.1, M.2 and M.3.
"""

from dataclasses import dataclass

import numpy as np
import torch

from ntkit.activations import Activation
from ntkit.arguments import real, whole
from ntkit.dynamics import Modes
from ntkit.memory import ensure_fits
from ntkit.specification import takes_names

LAYERS = ("hidden", "top", "all")
HEADS = ("normal", "signs")
_ENTRIES = {"cpu": 2**15, "cuda": 2**26}  # of n × units at a time: what one core keeps at hand, a part of a GPU


@dataclass(frozen=True, eq=False)
class TwoLayer:
    """A two-layer network that training changes in place.

    hidden: W, (m, d).  heads: a, (m, k), a column an output.  activation: σ.  scale: c.
    """

    hidden: torch.Tensor
    heads: torch.Tensor
    activation: Activation
    scale: float = 1.0

    @property
    def width(self):
        """m, the number of hidden units."""
        return len(self.hidden)

    @property
    def factor(self):
        """c/√m."""
        return self.scale / self.width**0.5

    def __call__(self, x):
        """Outputs (n, k) on rows x (n, d): a tensor on the network's device."""
        rows = self.rows(x)
        outputs = torch.zeros(len(rows), self.heads.shape[1], dtype=rows.dtype, device=rows.device)
        for units in self.chunks(len(rows)):
            outputs += self.activation(rows @ self.hidden[units].T) @ self.heads[units]
        return self.factor * outputs

    def rows(self, x):
        """x as a tensor (n, d) in the network's precision, on its device.

        Raises: ValueError when a row does not have the d coordinates that the weights were drawn for.
        """
        values = x if isinstance(x, torch.Tensor) else torch.tensor(np.asarray(x))
        if values.ndim != 2 or values.shape[1] != self.hidden.shape[1]:
            raise ValueError(
                f"x must have shape (n, {self.hidden.shape[1]}), the coordinates that the weights were drawn for; got "
                f"{tuple(values.shape)}."
            )
        return values.to(device=self.hidden.device, dtype=self.hidden.dtype)

    def chunks(self, n):
        """Slices of the units, each of so many that their values on n rows stay in fast memory."""
        size = max(1, _ENTRIES.get(self.hidden.device.type, _ENTRIES["cpu"]) // n)
        for start in range(0, self.width, size):
            yield slice(start, start + size)

    def gram(self, x, layers="hidden"):
        """G, H or G + H on rows x: (n, n), or (nk, nk) in sample-major order for k outputs.

        Parameters: layers "hidden" for G, "top" for H, "all" for their sum.
        Returns: float64 or float32 array, numpy.
        """
        rows, outputs = self.rows(x), self.heads.shape[1]
        n = len(rows)
        ensure_fits(n * outputs, copies=2, itemsize=rows.itemsize)
        total = torch.zeros(n, outputs, n, outputs, dtype=rows.dtype, device=rows.device)
        for units in self.chunks(n):
            inputs = rows @ self.hidden[units].T
            if layers != "top":
                total += self._hidden_part(inputs, self.heads[units], rows)
            if layers != "hidden":
                values = self.activation(inputs)
                total += torch.einsum("ij,pq->ipjq", values @ values.T, torch.eye(outputs, dtype=rows.dtype).to(total))
        return (self.factor**2 * total).reshape(n * outputs, n * outputs).cpu().numpy()

    def _hidden_part(self, inputs, heads, rows):
        slopes, inner = self.activation.derivative(inputs), rows @ rows.T
        blocks = [
            [((slopes * (heads[:, p] * heads[:, q])) @ slopes.T) * inner for q in range(heads.shape[1])]
            for p in range(heads.shape[1])
        ]
        return torch.stack([torch.stack(line, dim=-1) for line in blocks], dim=1)

    def modes(self, x, layers="hidden"):
        """Eigenvalues and eigenvectors of `gram` for one output, from singular values of its features.

        By QR in chunks of units, never from the matrix itself: eigenvalues keep digits down to 10⁻³⁰ of the largest.
        Returns: nk.dynamics.Modes, numpy.
        Raises: ValueError for several outputs.
        """
        if self.heads.shape[1] != 1:
            raise ValueError(f"modes are those of one output; this network has {self.heads.shape[1]}. Take its gram.")
        rows = self.rows(x)
        triangle = torch.zeros(0, len(rows), dtype=rows.dtype, device=rows.device)
        for units in self.chunks(len(rows) * (1 + rows.shape[1])):
            inputs = rows @ self.hidden[units].T
            features = []
            if layers != "top":
                slopes = self.activation.derivative(inputs).T * self.heads[units]
                features.append((slopes[:, None, :] * rows.T).reshape(-1, len(rows)))
            if layers != "hidden":
                features.append(self.activation(inputs).T)
            triangle = torch.linalg.qr(torch.cat([triangle, *features]), mode="r").R
        _, values, directions = np.linalg.svd(self.factor * triangle.cpu().numpy())
        eigenvalues = np.zeros(len(rows))
        eigenvalues[: len(values)] = values**2
        return Modes(eigenvalues, directions.T)


@takes_names
def two_layer(
    activation, dim, width, seed=0, *, outputs=1, heads="normal", scale=1.0, dtype=torch.float64, device="cpu"
):
    """A TwoLayer network at its initialisation of Du et al. and Panigrahi et al. (DZPS): w ~ N(0, I), a ~ N(0, 1).

    Parameters: activation, with a derivative; dim d, of the inputs: give the data in coordinates of their span
    (`nk.data.span(x).coordinates(x)`), where the law of all outputs is the same and the cost less; width m; seed;
    outputs k; heads "normal" for a ~ N(0, 1) or "signs" for ±1; scale c, 1 as in the paper's one hidden layer, or
    σ.second_moment**−½; dtype torch.float64 or float32; device.  Draws are the same on every device.
    Raises: ValueError outside these ranges, for a step without a derivative; MemoryError where the weights do not fit.
    Source: Panigrahi, Shetty, Goyal (2020), equation 1; ±1: Du, Zhai, Póczos, Singh (2019).

    >>> import ntkit as nk
    >>> network = two_layer(nk.activation("relu"), dim=2, width=1000)
    >>> network([[0.6, 0.8], [1.0, 0.0]]).shape, network.gram([[0.6, 0.8], [1.0, 0.0]]).shape
    (torch.Size([2, 1]), (2, 2))
    """
    dim = whole("dim", dim, least=1, must="be a positive whole number of coordinates")
    width = whole("width", width, least=1, must="be a positive whole number of units")
    outputs = whole("outputs", outputs, least=1, must="be a positive whole number")
    scale = real("scale", scale, above=0, must="be positive")
    if heads not in HEADS:
        raise ValueError(f"heads must be one of {', '.join(HEADS)}; got {heads!r}.")
    if not activation.is_continuous:
        raise ValueError(
            f"activation {activation.name!r} must be continuous: the slope of a jump is 0 almost everywhere, and the "
            "hidden layer never moves. Take one without a jump."
        )
    ensure_fits(
        (width, dim + outputs), copies=3, instead="Take a smaller width, or the data in the basis of their span."
    )
    generator = torch.Generator().manual_seed(seed)
    hidden = torch.randn(width, dim, generator=generator, dtype=torch.float64)
    top = torch.randn(width, outputs, generator=generator, dtype=torch.float64)
    if heads == "signs":
        top = torch.sign(top)
    return TwoLayer(hidden.to(device, dtype), top.to(device, dtype), activation, scale)
