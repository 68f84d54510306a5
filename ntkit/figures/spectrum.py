"""The eigenvalues of K̄ and 𝒦̄ beside what is proved of them, and the condition numbers beside the corollaries."""

import numpy as np

from ntkit.figures.picture import Picture
from ntkit.figures.style import BOUND, GREY, NNGP, NTK, axis, frame, markers

_HOVER = "%{y:.6g}"
_NNGP_ROWS = {"NNGP exact": None, "Cor. 4": "corollary_4", "Cor. 4 sharp": "corollary_4_sharp",
              "Cor. 8": "corollary_8", "Cor. 8 sharp": "corollary_8_sharp"}  # fmt: skip
_NTK_ROWS = {"NTK exact": None, "Cor. 6": "corollary_6", "Cor. 6 sharp": "corollary_6_sharp",
             "Cor. 10": "corollary_10", "Cor. 10 sharp": "corollary_10_sharp"}  # fmt: skip


def spectrum_figure(comparison, theme="light"):
    """Eigenvalues of both kernels between floor and ceiling, on the left; condition numbers and corollaries, right.

    The eigenvalues of 𝒦̄ are drawn in units of its diagonal, which is their mean, so that both kernels share an axis;
    those of the inputs' own Gram matrix are drawn grey, since they are what depth starts from.

    Parameters: comparison, a nk.spectra.SpectrumComparison; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> net = nk.mlp(32, nk.activation("relu").normalized())
    >>> spectrum_figure(nk.spectra.compare_spectra(net, nk.data.sphere(12, 0.1).x)).data[0].name
    'NNGP'
    """
    return spectrum_picture(comparison).figure(theme)


def spectrum_picture(comparison):
    """The Picture that `spectrum_figure` draws.

    >>> import ntkit as nk
    >>> net = nk.mlp(4, nk.activation("tanh").normalized())
    >>> spectrum_picture(nk.spectra.compare_spectra(net, nk.data.sphere(5, 0.1).x)).traces[1]["name"]
    'NTK'
    """
    unit = float(comparison.ntk.eigenvalues.mean())
    conditions = (
        _conditions(
            "κ of NNGP", _NNGP_ROWS, comparison.nngp.condition_number, comparison.condition_bounds, NNGP, "circle"
        ),
        _conditions(
            "κ of NTK", _NTK_ROWS, comparison.ntk.condition_number, comparison.condition_bounds, NTK, "diamond"
        ),
    )
    traces = (
        _eigenvalues("NNGP", comparison.nngp, 1.0, NNGP, "circle"),
        _eigenvalues("NTK", comparison.ntk, unit, NTK, "diamond"),
        *_limits("NNGP", comparison.n, comparison.nngp_floor, comparison.nngp_ceiling, NNGP),
        *_limits("NTK", comparison.n, comparison.ntk_floor / unit, comparison.ntk_ceiling / unit, NTK),
        _eigenvalues("inputs, L = 0", comparison.inputs, 1.0, {"color": GREY}, "x-thin-open"),
        *conditions,
    )
    rows = [*_NTK_ROWS, *_NNGP_ROWS][::-1]
    return Picture(
        traces=traces,
        layout=frame(
            "Gram spectrum, and the condition number",
            f"{comparison.activation} MLP, L = {comparison.depth}, NTK parameterisation, n = {comparison.n}, "
            f"δ = {comparison.delta:.4g}",
            hovermode="closest",
            xaxis=axis("index of the eigenvalue", domain=[0, 0.52]),
            yaxis=axis("eigenvalue (units of the diagonal)", log=True, **_sparse_ticks(traces[:-2])),
            xaxis2=axis("κ = λ<sub>max</sub>/λ<sub>min</sub>", log=True, domain=[0.74, 1], anchor="y2",
                        **_decades_of(conditions)),
            yaxis2={"type": "category", "categoryorder": "array", "categoryarray": rows, "anchor": "x2",
                    "range": [-0.5, len(rows) - 0.5], "tickfont": {"size": 11}},
        ),
        summary=_in_words(comparison),
    )  # fmt: skip


def _eigenvalues(name, spectrum, unit, color, symbol):
    """All eigenvalues that stand out from rounding; the others are drawn nowhere."""
    eigenvalues = np.asarray(spectrum.eigenvalues)
    resolved = np.where(eigenvalues > spectrum.resolution, eigenvalues, np.nan)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": np.arange(1, len(eigenvalues) + 1),
        "y": resolved / unit,
        "line": {**color, "width": 1},
        "marker": {**color, "symbol": symbol, "size": 5},
        "hovertemplate": f"λ<sub>%{{x}}</sub> = {_HOVER}",
    }


def _limits(kernel, n, floor, ceiling, color):
    """Floor and ceiling across the whole axis; one that says nothing is drawn nowhere."""
    line = {**color, **BOUND, "width": 1.5}
    style = {"type": "scatter", "mode": "lines", "hovertemplate": _HOVER, "legendgroup": kernel}
    ends = np.array([1, n])
    return (
        {**style, "name": f"bounds, {kernel}", "x": ends, "y": np.full(2, ceiling), "line": line,
         "showlegend": bool(np.isfinite(ceiling))},
        {**style, "name": f"floor, {kernel}", "x": ends, "y": np.full(2, floor), "line": line, "showlegend": False},
    )  # fmt: skip


def _conditions(name, rows, exact, bounds, color, symbol):
    """Condition numbers on a row each: exact filled, bounds hollow; what does not apply leaves its row empty."""
    values = [exact if statement is None else bounds[statement] for statement in rows.values()]
    return markers(
        name,
        np.array([value if np.isfinite(value) else np.nan for value in values]),
        list(rows),
        {**color, "size": 9, "symbol": [symbol, *[f"{symbol}-open"] * (len(rows) - 1)]},
        xaxis="x2",
        yaxis="y2",
        showlegend=False,
        hovertemplate="%{y}: %{x:.6g}",
    )


def _decades_of(conditions):
    """Range and ticks of the axis of κ: from 1 to the largest drawn, whole decades apart, four ticks at most."""
    decades = float(np.log10(np.nanmax([10.0, *np.concatenate([trace["x"] for trace in conditions])])))
    return {"range": [-0.1, decades + 0.2], "dtick": max(1, int(np.ceil(decades / 3)))}


def _sparse_ticks(traces):
    """1, 2 and 5 alone where all that is drawn spans less than two decades; plotly would label every digit there."""
    drawn = np.concatenate([np.asarray(trace["y"], dtype=float) for trace in traces])
    drawn = drawn[np.isfinite(drawn) & (drawn > 0)]
    return {"dtick": "D2"} if drawn.size and drawn.max() < 100 * drawn.min() else {}


def _in_words(comparison):
    inputs = comparison.inputs.condition_number
    parts = [
        f"The Gram matrix of the inputs {f'has κ = {inputs:.3g}' if np.isfinite(inputs) else 'is singular'}",
        f"the NNGP matrix of {comparison.n} points at depth {comparison.depth} has eigenvalues from "
        f"{comparison.nngp.min:.3g} to {comparison.nngp.max:.3g}, κ = {comparison.nngp.condition_number:.3g}",
        f"the NTK matrix has κ = {comparison.ntk.condition_number:.3g}",
    ]
    proved = {name: value for name, value in comparison.condition_bounds.items() if np.isfinite(value)}
    if proved:
        best = min(proved, key=proved.get)
        parts.append(f"the smallest bound on κ that applies is {proved[best]:.3g}, from {best.replace('_', ' ')}")
    else:
        parts.append("no corollary applies at this depth")
    return "; ".join(parts) + "."
