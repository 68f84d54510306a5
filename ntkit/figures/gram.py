"""Spectra of Gram matrices of two layers, and their least eigenvalue against the number of points."""

import numpy as np

from ntkit.figures.picture import Picture
from ntkit.figures.style import BOUND, CYCLE, EXACT, GREY, axis, curve, frame, markers

_HOVER = "%{y:.3g}"
_LABELS = 9  # of sizes on the axis, at most
_LEAST = 1e-31  # drawn of a law
_DRAWN = 400  # of the sorted norms
_NORMS = (-6.0, 0.3)  # powers of ten on their axis
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross")


def gram_spectrum_figure(found, theme="light"):
    """Eigenvalues of G of several activations, largest first, at infinite width and of random networks.

    Parameters: found, a nk.gram.Spectra; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> found = nk.gram.spectra(nk.data.half_circle(10).x, [nk.activation("relu")], width=1000)
    >>> [trace.name for trace in gram_spectrum_figure(found).data]
    ['relu', 'relu, m = 1000']
    """
    return gram_spectrum_picture(found).figure(theme)


def gram_spectrum_picture(found):
    """The Picture that `gram_spectrum_figure` draws; eigenvalues below what is known are left out.

    >>> import ntkit as nk
    >>> found = nk.gram.spectra(nk.data.half_circle(10).x, [nk.activation("relu"), nk.activation("tanh")])
    >>> gram_spectrum_picture(found).summary
    'Least of 10 eigenvalues of G: relu 0.0263, tanh 0.000304.'
    """
    traces = []
    for index, (name, values) in enumerate(found.infinite.items()):
        color = CYCLE[index % len(CYCLE)]
        traces.append(_descending(name, values, {"color": color, **EXACT}))
        if name in found.finite:
            dots = {"color": color, "symbol": _SYMBOLS[index % len(_SYMBOLS)], "size": 5}
            order, shown = _known(found.finite[name])
            traces.append(markers(f"{name}, m = {found.width}", order, shown, dots, hovertemplate=_HOVER))
    beside = f"; markers: one network of width {found.width}" if found.finite else ""
    return Picture(
        traces=tuple(traces),
        layout=frame(
            "Eigenvalues of the Gram matrix G",
            f"{found.initialisation}, hidden layer trained, infinite width{beside}; n = {found.n}, span of dimension "
            f"{found.dim}",
            height=460,
            xaxis=axis("eigenvalue k, largest first", range=[0.5, found.n + 0.5]),
            yaxis=axis("λ<sub>k</sub> (dimensionless)", log=True),
        ),
        summary=_spectra_in_words(found),
    )


def kink_order_figure(found, theme="light"):
    """λ_min of G against the number of points on a half circle, and what it tends to: the law of a kink, or of poles.

    Parameters: found, a nk.gram.LeastBySize; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> found = nk.gram.least_by_size([nk.activation("relu"), nk.activation("tanh")], [4, 8, 16, 32])
    >>> [trace.name for trace in kink_order_figure(found).data]
    ['relu', 'relu, kink of order 1', 'tanh', 'tanh, poles of σ′']
    """
    return kink_order_picture(found).figure(theme)


def kink_order_picture(found):
    """The Picture that `kink_order_figure` draws.

    >>> import ntkit as nk
    >>> found = nk.gram.least_by_size([nk.activation("softsign"), nk.activation("selu")], [8, 16])
    >>> kink_order_picture(found).summary
    'λ_min at n = 16: softsign 0.823 times the law n^−3 of its kink, selu 1.03 times the law n^−1 of its kink.'
    """
    traces = []
    for index, (name, least) in enumerate(found.least.items()):
        color = CYCLE[index % len(CYCLE)]
        dots = {"symbol": _SYMBOLS[index % len(_SYMBOLS)], "size": 6, "color": color}
        line = {"color": color, "dash": "solid", "width": 1.5}
        traces.append(
            curve(name, found.n, least, line, hovertemplate=_HOVER) | {"mode": "lines+markers", "marker": dots}
        )
        traces += _guide(found, name, {"color": color, **BOUND})
    return Picture(
        traces=tuple(traces),
        layout=frame(
            "Least eigenvalue of G on a half circle",
            "DZPS, hidden layer trained, infinite width; dashed: what a kink, or the nearest poles, make it tend to",
            height=480,
            xaxis=_sizes_axis(found.n),
            yaxis=axis("λ<sub>min</sub> (dimensionless)", log=True),
        ),
        summary=_kinks_in_words(found),
    )


def single_vector_figure(found, theme="light"):
    """How often ‖f_ζ(w)‖ exceeds a value, for several activations, each with its own bottom eigenvector ζ.

    Parameters: found, nk.gram.SingleVectors of several activations on the same inputs; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> found = [nk.gram.single_vector(nk.data.half_circle(10).x, nk.activation("relu"), draws=500)]
    >>> [trace.name for trace in single_vector_figure(found).data]
    ['relu', '1/2√n']
    """
    return single_vector_picture(found).figure(theme)


def single_vector_picture(found):
    """The Picture that `single_vector_figure` draws.

    >>> import ntkit as nk
    >>> x = nk.data.half_circle(10).x
    >>> single_vector_picture([nk.gram.single_vector(x, nk.activation("tanh"), draws=500)]).summary
    'Half of all neurons give the bottom eigenvector of tanh a norm above 0.00118.'
    """
    traces = []
    for index, each in enumerate(found):
        norms = each.norms[np.unique(np.linspace(0, len(each.norms) - 1, _DRAWN).astype(int))]
        above = 1 - np.searchsorted(each.norms, norms) / len(each.norms)
        traces.append(
            curve(each.activation, norms, above, {"color": CYCLE[index % len(CYCLE)], "shape": "vh", **EXACT})
        )
    n = len(found[0].vector)
    guide = {"color": GREY, "dash": "dot", "width": 1.5}
    traces.append(curve("1/2√n", np.full(2, 0.5 / n**0.5), np.array([0.0, 1.0]), guide, meta={"guide": True}))
    medians = [f"{each.activation} a norm above {np.median(each.norms):.3g}" for each in found]
    return Picture(
        traces=tuple(traces),
        layout=frame(
            "What single neurons make of the bottom eigenvector ζ of G",
            f"DZPS, hidden layer trained; n = {n}; "
            "f<sub>ζ</sub>(w) = Σ ζ<sub>i</sub> σ′(w·x<sub>i</sub>) x<sub>i</sub>, w ~ N(0, 1)",
            height=440,
            xaxis=axis("‖f<sub>ζ</sub>(w)‖ (dimensionless)", log=True, range=_NORMS),
            yaxis=axis("share of neurons above"),
        ),
        summary=f"Half of all neurons give the bottom eigenvector of {', of '.join(medians)}.",
    )


def _descending(name, values, line):
    order, shown = _known(values)
    return curve(name, order, shown, line, hovertemplate=_HOVER)


def _known(values):
    """Numbers 1, 2, … and the eigenvalues, without those that are rounding."""
    eigenvalues = values.eigenvalues
    return np.arange(1, len(eigenvalues) + 1), np.where(eigenvalues > values.resolution, eigenvalues, np.nan)


def _guide(found, name, line):
    """What λ_min tends to, where that is known."""
    if name not in found.laws:
        return []
    why = f"kink of order {found.orders[name]}" if name in found.orders else "poles of σ′"
    law = np.where(found.laws[name] > _LEAST, found.laws[name], np.nan)
    return [curve(f"{name}, {why}", found.n, law, line, hovertemplate=_HOVER)]


def _sizes_axis(n):
    """A logarithmic axis with a tick at sizes that were computed."""
    ticks = n[:: 1 + (len(n) - 1) // _LABELS]
    return axis("points n", log=True, tickmode="array", tickvals=ticks, ticktext=[f"{size}" for size in ticks])


def _spectra_in_words(found):
    words = [
        f"{name} {values.min:.3g}" if values.min > values.resolution else f"{name} below {values.resolution:.1g}"
        for name, values in found.infinite.items()
    ]
    return f"Least of {found.n} eigenvalues of G: {', '.join(words)}."


def _kinks_in_words(found):
    words = []
    for name, least in found.least.items():
        known = np.flatnonzero(np.isfinite(least))
        if not len(known) or known[-1] < len(least) - 1:
            words.append(f"{name} beyond what floats resolve")
        elif name in found.orders:
            power = 2 * found.orders[name] - 1
            words.append(f"{name} {least[-1] / found.laws[name][-1]:.3g} times the law n^−{power} of its kink")
        elif name in found.poles:
            words.append(f"{name} {least[-1] / found.laws[name][-1]:.3g} times the law of its poles")
        else:
            words.append(f"{name} {least[-1]:.3g}")
    return f"λ_min at n = {found.n[-1]}: {', '.join(words)}."
