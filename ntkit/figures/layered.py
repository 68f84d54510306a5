"""What depth does to Gram matrices: λ₀ of three architectures, correlations layer by layer, the deep G of tanh."""

import math

import numpy as np

from ntkit.figures.picture import Picture
from ntkit.figures.style import BLUE, BOUND, EXACT, GREEN, GREY, ORANGE, PURPLE, VERMILLION, axis, curve, frame, markers

_HOVER = "%{y:.4g}"
_DOTTED = {"dash": "dot", "width": 2}
_SMALLEST = 1e-18  # drawn of a correlation
_TICKS = 9


def layered_figure(found, theme="light"):
    """λ₀ = λ_min(K^(H)) against depth for Du's architectures, with λ₀H², flat where λ₀ ∝ 1/H², and where skips win.

    Parameters: found, a nk.gram.GramByDepth; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> found = nk.gram.gram_by_depth(nk.activation("softplus"), nk.data.sphere(6, seed=0).x, [2, 4, 8])
    >>> layered_figure(found).data[0].name
    'fully connected'
    """
    return layered_picture(found).figure(theme)


def layered_picture(found):
    """The Picture that `layered_figure` draws.

    >>> import ntkit as nk
    >>> found = nk.gram.gram_by_depth(nk.activation("tanh"), nk.data.sphere(6, seed=0).x, [2, 4])
    >>> [trace["name"] for trace in layered_picture(found).traces]
    ['fully connected', 'residual', 'residual, λ₀H²', 'least pair of K<sup>(H−1)</sup>, fully connected']
    """
    traces = [_over_depth("fully connected", found, found.fully_connected, {"color": BLUE, **EXACT}, "circle")]
    for name, values, color, symbol in (
        ("residual", found.residual, VERMILLION, "square"),
        ("convolutional", found.convolutional, GREEN, "diamond"),
    ):
        if values is not None:
            traces.append(_over_depth(name, found, values, {"color": color, **EXACT}, symbol))
            traces.append(_over_depth(f"{name}, λ₀H²", found, values * found.depths**2, {"color": color, **_DOTTED}))
    pairs = "least pair of K<sup>(H−1)</sup>, fully connected"
    traces.append(_over_depth(pairs, found, found.pair_floors, {"color": GREY, "dash": "dashdot", "width": 1.5}))
    if found.crossover is not None:
        height = math.exp(np.interp(math.log(found.crossover), np.log(found.depths), np.log(found.residual)))
        mark = {"color": ORANGE, "symbol": "x", "size": 11}
        traces.append(markers("residual overtakes", [found.crossover], [height], mark, hovertemplate="H = %{x:.1f}"))
    return Picture(
        traces=tuple(traces),
        layout=frame(
            "Least eigenvalue λ₀ of the population Gram matrix",
            f"{found.activation}, n = {found.n}, last hidden matrix trained, infinite width; "
            f"c<sub>λ</sub> = {found.c_lambda:g}, λ = {found.pair_floor:.3g}",
            height=460,
            xaxis=_depths_axis(found.depths, "layers H"),
            yaxis=axis("λ<sub>min</sub> (dimensionless)", log=True),
        ),
        summary=_architectures_in_words(found),
    )


def depth_helps_figure(found, theme="light"):
    """|ρ_l| against the layer l: exact, by the recursions of Panigrahi et al., and below B_μ(l, δ).

    Parameters: found, a nk.gram.DepthHelps; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> depth_helps_figure(nk.gram.depth_helps(nk.activation("tanh"), 0.1, 50)).data[0].name
    'exact |ρ<sub>l</sub>|'
    """
    return depth_helps_picture(found).figure(theme)


def depth_helps_picture(found):
    """The Picture that `depth_helps_figure` draws.

    >>> import ntkit as nk
    >>> depth_helps_picture(nk.gram.depth_helps(nk.activation("tanh"), 0.1, 150)).summary.split(";")[0]
    'Inputs of tanh at ρ₀ = 0.9 are below 1/2e after 33 layers'
    """
    threshold = 0.5 / math.e
    curves = (
        ("exact |ρ<sub>l</sub>|", found.exact, {"color": BLUE, **EXACT}),
        ("cρ + (1 − c)ρ²", found.infinite, {"color": GREEN, **_DOTTED}),
        ("B<sub>μ</sub>(l, δ), Agarwal et al.", found.bound, {"color": VERMILLION, **BOUND}),
        ("½(1 + c)ρ + ½(1 − c)ρ², Lemma J.2", found.finite, {"color": PURPLE, "dash": "longdash", "width": 2}),
    )
    traces = [
        curve(name, found.depth, np.where(values > _SMALLEST, values, np.nan), line, hovertemplate=_HOVER)
        for name, values, line in curves
    ]
    ends = found.depth[[0, -1]]
    guide = {"color": GREY, "dash": "dashdot", "width": 1}
    traces.append(curve("1/2e", ends, np.full(2, threshold), guide, hoverinfo="skip", meta={"guide": True}))
    return Picture(
        traces=tuple(traces),
        layout=frame(
            "Depth parts the inputs",
            f"{found.activation} scaled to E φ² = 1, infinite width, ρ₀ = 1 − {found.delta:g}; "
            f"c = {found.share:.4g}, μ = 1 − c = {found.mu:.4g}",
            height=460,
            xaxis=axis("layers l"),
            yaxis=axis("|correlation| of the two inputs", log=True),
        ),
        summary=_layers_in_words(found, threshold),
    )


def deep_spectra_figure(spectra, theme="light"):
    """λ_min of the Gram matrix of the last hidden layer against depth, with and without ⟨x_i^(L−1), x_j^(L−1)⟩.

    Parameters: spectra, a nk.gram.DeepSpectra; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> spectra = nk.gram.deep_spectra(nk.activation("tanh"), nk.data.half_circle(6).x, [1, 10, 100])
    >>> deep_spectra_figure(spectra).data[0].name
    'with the inner product'
    """
    return deep_spectra_picture(spectra).figure(theme)


def deep_spectra_picture(spectra):
    """The Picture that `deep_spectra_figure` draws.

    >>> import ntkit as nk
    >>> spectra = nk.gram.deep_spectra(nk.activation("tanh"), nk.data.half_circle(6).x, [1, 10, 100])
    >>> deep_spectra_picture(spectra).summary.split(";")[0]
    'λ_min of 6 inputs is 0.00928 with one layer and 0.464 with 100'
    """
    guide = {"color": GREY, "dash": "dashdot", "width": 1.5}
    shown = {"x": spectra.depths[[0, -1]], "hovertemplate": _HOVER, "meta": {"guide": True}}
    traces = (
        _by_depth("with the inner product", spectra.depths, spectra.least, {"color": BLUE, **EXACT}, "circle"),
        _by_depth("as printed", spectra.depths, spectra.as_printed, {"color": VERMILLION, **_DOTTED}, "square"),
        curve("E φ'²", y=np.full(2, spectra.limit), line=guide, **shown),
        curve("Var φ'", y=np.full(2, spectra.printed_limit), line={**guide, "dash": "dot"}, **shown),
    )
    first = "one layer" if spectra.depths[0] == 1 else f"{spectra.depths[0]} layers"
    return Picture(
        traces=traces,
        layout=frame(
            "Least eigenvalue of the Gram matrix of the last hidden layer",
            f"{spectra.activation}, n = {spectra.n}, infinite width, layers scaled to E φ² = 1",
            height=440,
            xaxis=_depths_axis(spectra.depths, "layers L"),
            yaxis=axis("λ<sub>min</sub>(G) (dimensionless)", log=True),
        ),
        summary=f"λ_min of {spectra.n} inputs is {spectra.least[0]:.3g} with {first} and {spectra.least[-1]:.3g} with "
        f"{spectra.depths[-1]}; it tends to E φ'² = {spectra.limit:.4g} and, without the inner product, to Var φ' = "
        f"{spectra.printed_limit:.4g}.",
    )


def _over_depth(name, found, values, line, symbol=None):
    return _by_depth(name, found.depths, values, line, symbol)


def _by_depth(name, depths, values, line, symbol=None):
    marks = {"mode": "lines+markers", "marker": {"symbol": symbol, "size": 7, "color": line["color"]}} if symbol else {}
    return curve(name, depths, np.where(values > 0, values, np.nan), line, hovertemplate=_HOVER) | marks


def _depths_axis(depths, title):
    """A logarithmic axis with ticks at depths that were computed, no two of them close."""
    ticks, room = [], (depths[-1] / depths[0]) ** (1 / _TICKS)
    for depth in depths:
        if not ticks or depth / ticks[-1] >= room:
            ticks.append(int(depth))
    return axis(title, log=True, tickmode="array", tickvals=ticks, ticktext=[f"{depth}" for depth in ticks])


def _architectures_in_words(found):
    known = np.flatnonzero(np.isfinite(found.fully_connected + found.residual))
    if not len(known):
        return f"The Gram matrices of {found.n} inputs and {found.activation} are singular to rounding."
    k = known[-1]
    last = found.depths[k]
    words = (
        f"With {last} layers of {found.activation}, λ₀ of {found.n} inputs is {found.fully_connected[k]:.3g} without "
        f"skips and {found.residual[k]:.3g} with them, {found.residual[k] * last**2:.3g}/H²"
    )
    if found.convolutional is not None:
        words += f"; {found.convolutional[k]:.3g} with convolutions"
    if found.crossover is None:
        return f"{words}; the residual network overtakes at none of the depths."
    return f"{words}; the residual network overtakes at H = {found.crossover:.1f}."


def _layers_in_words(found, threshold):
    counts = found.layers_below(threshold)
    names = {"exact": "", "infinite": "cρ + (1 − c)ρ² asks for ", "finite": "Lemma J.2 for ", "bound": "B_μ for "}
    told = {name: f"{names[name]}{count}" for name, count in counts.items() if count is not None}
    start = f"Inputs of {found.activation} at ρ₀ = {1 - found.delta:g} are"
    if "exact" not in told:
        return f"{start} still above 1/2e after {found.depth[-1]} layers."
    rest = [told[name] for name in ("infinite", "bound", "finite") if name in told]
    return f"{start} below 1/2e after {told['exact']} layers" + (f"; {', '.join(rest)}." if rest else ".")
