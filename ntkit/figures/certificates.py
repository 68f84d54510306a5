"""λ_min of the Gram matrix between its certificates, ranks of polynomial activations, decay of Hermite coefficients."""

import numpy as np

from ntkit.figures.picture import Picture
from ntkit.figures.style import (
    BLUE,
    BOUND,
    CYCLE,
    DASHES,
    EXACT,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    axis,
    curve,
    falling,
    frame,
    markers,
)

_HOVER = "%{y:.3g}"
_LEAST = 1e-32  # drawn: below it nothing is known of an eigenvalue
_RANKS = [2, 5, 10, 20, 50, 100, 200, 500]  # named on the axis
_LABELS = 9  # of points on the axis, at most


def ladder_figure(found, constant=1.0, theme="light"):
    """λ_min(G∞) with its certificates and the papers' bounds, against n, or against δ where n is the same throughout.

    Parameters: found, a nk.gram.certificates.Ladder; constant, for what the papers' Ω leaves open; theme "light" or
    "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> circles = [nk.data.half_circle(n).x for n in (4, 8)]
    >>> found = nk.gram.certificates.ladder(nk.activation("relu"), circles)
    >>> ladder_figure(found).data[0].name
    'λ<sub>min</sub>'
    """
    return ladder_picture(found, constant).figure(theme)


def ladder_picture(found, constant=1.0):
    """The Picture that `ladder_figure` draws.

    >>> import ntkit as nk
    >>> found = nk.gram.certificates.ladder(nk.activation("elu"), [nk.data.half_circle(n).x for n in (4, 8)])
    >>> [trace["name"] for trace in ladder_picture(found, 0.1).traces if trace["showlegend"]][-1]
    'Theorem 4.1, constant 0.1'
    """
    over_n = len(set(found.n.tolist())) == len(found.n)
    x = found.n if over_n else found.delta
    rungs = [
        ("λ<sub>min</sub>", found.exact, {"color": BLUE, **EXACT}),
        ("from above, L²", found.ceiling, {"color": SKY, **BOUND}),
        ("Hadamard sum", found.hadamard_sum, {"color": GREEN, **BOUND}),
        ("Gershgorin sum", found.gershgorin_sum, {"color": ORANGE, **BOUND}),
        ("closed form", found.closed, {"color": VERMILLION, "dash": "longdash", "width": 2}),
        ("Lemma I.1, best r", found.hadamard_best, {"color": GREEN, "dash": "dot", "width": 1.5}),
        ("one term of Gershgorin", found.gershgorin_best, {"color": ORANGE, "dash": "dot", "width": 1.5}),
    ]
    lines = zip((PURPLE, GREY), DASHES[3:], strict=False)
    rungs += [
        (f"{name}, constant {constant:g}", constant * values, {"color": color, "dash": dash, "width": 2})
        for (name, values), (color, dash) in zip(found.stated.items(), lines, strict=False)
    ]
    return Picture(
        traces=tuple(_rung(name, x, values, line) for name, values, line in rungs),
        layout=frame(
            "Smallest eigenvalue of the Gram matrix, and what is known of it",
            f"{found.activation}, two layers, G at infinite width, {_ranges(found, over_n)}",
            height=460,
            xaxis=_sizes_axis(found.n) if over_n else axis("separation δ = 1 − max |ρ|", log=True),
            yaxis=axis("λ<sub>min</sub>(G<sup>∞</sup>)", log=True),
        ),
        summary=_ladder_in_words(found, constant),
    )


def _rung(name, x, values, line):
    drawn = np.where(values > _LEAST, values, np.nan)
    seen = bool(np.isfinite(drawn).any())
    return curve(name, x, drawn, line, hovertemplate=_HOVER, showlegend=seen, mode="lines+markers", marker={"size": 4})


def _ranges(found, over_n):
    if over_n:
        return f"δ = {found.delta.min():.3g} … {found.delta.max():.3g}"
    return f"n = {found.n[0]}"


def _sizes_axis(n):
    """A logarithmic axis with a tick at sizes that were computed."""
    ticks = n[:: 1 + (len(n) - 1) // _LABELS]
    return axis("points n", log=True, tickmode="array", tickvals=ticks, ticktext=[f"{size}" for size in ticks])


def _ladder_in_words(found, constant):
    at = int(np.argmin(found.delta))
    words = (
        f"For {found.activation} on {found.n[at]} points with δ = {found.delta[at]:.3g}, λ_min is "
        f"{found.exact[at]:.3g}: at least {found.hadamard_sum[at]:.3g} by the sum of Hadamard powers, "
        f"{found.gershgorin_sum[at]:.3g} by Gershgorin, at most {found.ceiling[at]:.3g}"
    )
    stated = [f"{constant * values[at]:.3g} by {name}" for name, values in found.stated.items()]
    return words + (f"; stated, with the constant {constant:g}: {', '.join(stated)}." if stated else ".")


def rank_figure(tables, theme="light"):
    """The rank of G for polynomial activations against their degree: exact, found, and the paper's bound.

    Parameters: tables, nk.gram.polynomials.RankTables of several dimensions; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> rank_figure([nk.gram.polynomials.rank_table(2)]).data[0].name
    "d' = 2, on the sphere"
    """
    return rank_picture(tables).figure(theme)


def rank_picture(tables):
    """The Picture that `rank_figure` draws.

    >>> import ntkit as nk
    >>> rank_picture([nk.gram.polynomials.rank_table(3)]).summary
    "For d' = 3 and degree 4 the rank is 25 on the sphere and 34 for other norms; found 25 and 34, stated at most 34."
    """
    traces = []
    for color, table in zip(CYCLE, tables, strict=False):
        dim = f"d' = {table.span_dim}"
        dots = {"color": color, "size": 9}
        traces += [
            curve(f"{dim}, on the sphere", table.degrees, table.sphere, {"color": color, **EXACT}),
            curve(f"{dim}, paper's bound", table.degrees, table.stated, {"color": color, **BOUND}),
            markers("found", table.degrees, table.found_sphere, {**dots, "symbol": "circle"}, showlegend=False),
            markers("found, any norms", table.degrees, table.found_general, {**dots, "symbol": "x"}, showlegend=False),
        ]
    degrees = sorted({int(p) for table in tables for p in table.degrees})
    return Picture(
        traces=tuple(traces),
        layout=frame(
            "Rank of the Gram matrix of a polynomial activation",
            "two layers, all coefficients but the constant; lines: counted, dots: singular values, × without unit norm",
            xaxis=axis("degree p of σ", tickmode="array", tickvals=degrees),
            height=430,
            yaxis=axis("rank of G", log=True, tickmode="array", tickvals=_RANKS, ticktext=[str(k) for k in _RANKS]),
        ),
        summary=" ".join(map(_rank_in_words, tables)),
    )


def _rank_in_words(table):
    return (
        f"For d' = {table.span_dim} and degree {table.degrees[-1]} the rank is {table.sphere[-1]} on the sphere and "
        f"{table.general[-1]} for other norms; found {table.found_sphere[-1]} and {table.found_general[-1]}, stated at "
        f"most {table.stated[-1]}."
    )


def decay_figure(decays, theme="light"):
    """|c̄_r| of σ' against √(2r + 1), where Hille's rate is a straight line; dashed, what the nearest pole predicts.

    Parameters: decays, nk.gram.hermite_decay.HermiteDecays of several activations; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> decay_figure([nk.gram.hermite_decay.slope_decay(nk.activation("tanh"))]).data[1].name
    'tanh, nearest pole'
    """
    return decay_picture(decays).figure(theme)


def decay_picture(decays):
    """The Picture that `decay_figure` draws.

    >>> import ntkit as nk
    >>> decay_picture([nk.gram.hermite_decay.slope_decay(nk.activation("relu"))]).summary
    'The coefficients of relu fall like r^−0.753.'
    """
    traces = []
    for color, decay in zip(CYCLE * len(decays), decays, strict=False):
        root = np.sqrt(2 * decay.order + 1)
        dots = {"color": color, "size": 5, "symbol": "circle"}
        traces.append(markers(decay.activation, root, decay.size, dots, hovertemplate=_HOVER))
        if decay.pole is not None:
            line = {"color": color, **BOUND}
            traces.append(curve(f"{decay.activation}, nearest pole", root, decay.pole.asymptote(decay.order), line))
    return Picture(
        traces=tuple(traces),
        layout=frame(
            "Hermite coefficients of σ'",
            "c̄<sub>r</sub> = E σ'(X)h<sub>r</sub>(X), those of one parity may vanish; dashed: the nearest pole alone",
            xaxis=axis("√(2r + 1), r the order"),
            yaxis=axis("|c̄<sub>r</sub>(σ')|", log=True),
        ),
        summary=" ".join(map(_decay_in_words, decays)),
    )


def _decay_in_words(decay):
    if decay.pole is not None:
        return (
            f"The coefficients of {decay.activation} fall like e^({decay.slope:.3g}√(2r+1)); the nearest pole says "
            f"{decay.predicted_slope:.3g}."
        )
    if not np.isfinite(decay.power):
        return f"The coefficients of {decay.activation} that are not 0 number {len(decay.order)}."
    if decay.size[-1] > 1e-8:
        return f"The coefficients of {decay.activation} fall like r^−{-decay.power:.3g}."
    return f"The coefficients of {decay.activation} fall like e^({decay.slope:.3g}√(2r+1))."


def hermite_lab_figure(decays, errors, theme="light"):
    """The coefficients of σ' as in `decay_figure`, and beside them how well polynomials approach σ' on [−τ, τ].

    Parameters: decays, HermiteDecays; errors, nk.gram.approximation.ApproximationErrors of one activation; theme.
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> tanh = nk.activation("tanh")
    >>> decays = [nk.gram.hermite_decay.slope_decay(tanh)]
    >>> hermite_lab_figure(decays, nk.gram.approximation.slope_errors(tanh, 3.0, [4, 8])).data[-1].name
    'Eq. (8) as printed'
    """
    return hermite_lab_picture(decays, errors).figure(theme)


def hermite_lab_picture(decays, errors):
    """The Picture that `hermite_lab_figure` draws.

    >>> import ntkit as nk
    >>> gelu = nk.activation("gelu")
    >>> decays = [nk.gram.hermite_decay.slope_decay(gelu)]
    >>> picture = hermite_lab_picture(decays, nk.gram.approximation.slope_errors(gelu, 3.0, [4, 8]))
    >>> picture.summary.split(". ")[1]
    'On [−3, 3] a polynomial of degree 8 comes within 0.0123 of the slope of gelu.'
    """
    coefficients = decay_picture(decays)
    right = {"xaxis": "x2", "yaxis": "y2", "hovertemplate": _HOVER}
    lines = [
        (f"sup error, {errors.activation}", errors.measured, {"color": CYCLE[0], **EXACT}),
        ("proved", errors.right, {"color": CYCLE[0], **BOUND}),
        ("Eq. (8) as printed", errors.printed, {"color": VERMILLION, "dash": "dot", "width": 2}),
    ]
    same = errors.printed is not None and np.array_equal(errors.printed, errors.right)
    drawn = [(name, values, line) for name, values, line in lines if values is not None][: 2 if same else 3]
    layout = coefficients.layout
    return Picture(
        traces=(*coefficients.traces, *(curve(name, errors.degrees, y, line, **right) for name, y, line in drawn)),
        layout=layout
        | {
            "title": layout["title"] | {"text": "Hermite coefficients of σ', and polynomials near σ'"},
            "height": 460,
            "xaxis": layout["xaxis"] | {"domain": [0, 0.46]},
            "xaxis2": axis("degree of the polynomial", domain=[0.58, 1], anchor="y2"),
            "yaxis2": axis(
                f"sup |σ' − g| on [−{errors.half_width:.3g}, {errors.half_width:.3g}]",
                log=True,
                anchor="x2",
                range=falling([values for _, values, _ in drawn], most=20),
            ),
        },
        summary=f"{coefficients.summary} On [−{errors.half_width:.3g}, {errors.half_width:.3g}] a polynomial of degree "
        f"{errors.degrees[-1]} comes within {errors.measured[-1]:.3g} of the slope of {errors.activation}.",
    )
