"""Random networks with normalised layers: correlations over depth and draws, and what queries see of their sign."""

import numpy as np

from ntkit.figures.picture import Picture
from ntkit.figures.style import (
    BLUE,
    BOUND,
    CYCLE,
    EXACT,
    GREEN,
    GREY,
    ORANGE,
    SKY,
    VERMILLION,
    axis,
    curve,
    frame,
    markers,
)

_HOVER = "%{y:.4g}"
_HEIGHT = 460  # room for a legend of three rows
_OUTER = (0.05, 0.95)
_ROOM = 0.3  # decades below the lowest curve that matters


def hardness_figure(decay, theme="light"):
    """The correlation of two inputs over the layers of normalised networks: draws, infinite width, and the bound.

    Parameters: decay, a nk.hardness.PairDecay; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> decay = nk.hardness.pair_decay(nk.activation("relu").normalized(), depth=16, delta=0.1, width=64, draws=50)
    >>> hardness_figure(decay).data[0].name
    'bound B(l, δ)'
    """
    return hardness_picture(decay).figure(theme)


def hardness_picture(decay):
    """The Picture that `hardness_figure` draws.

    >>> import ntkit as nk
    >>> decay = nk.hardness.pair_decay(nk.activation("sign"), depth=8, delta=0.1, width=32, draws=20)
    >>> hardness_picture(decay).table()[0]
    ('curve', 'x axis', 'x', 'y axis', 'y')
    """
    low, high = decay.quantiles(_OUTER)
    drawn = f"{decay.draws} networks"
    sustained = ((decay.floor, "E ρ̂ that the width sustains", GREEN, "dashdot"),
                 (decay.fluctuation, "√E ρ̂² that it sustains", ORANGE, "longdash"))  # fmt: skip
    traces = (
        _line("bound B(l, δ)", decay.depth, decay.bound, {**BOUND, "color": BLUE}),
        _line("exact |ρ<sub>l</sub>|, infinite width", decay.depth, np.abs(decay.limit), {**EXACT, "color": BLUE}),
        _line(f"95 % of |ρ̂<sub>l</sub>|, {drawn}", decay.depth, high, {"color": SKY, "dash": "dot", "width": 1.5}),
        _line("5 % of it", decay.depth, low, {"color": SKY, "dash": "dot", "width": 1.5}),
        *(
            _line(name, decay.depth[[0, -1]], np.full(2, level), {"color": color, "dash": dash, "width": 1.5})
            for level, name, color, dash in sustained
            if 0 < level < 1
        ),
        _line("standard error of the mean", decay.depth[1:], decay.standard_error[1:], {"color": GREY, "width": 1.5}),
        _drawn(f"|mean| of ρ̂<sub>l</sub>, {drawn}", decay.depth, np.abs(decay.mean), VERMILLION, decay.standard_error),
    )
    return Picture(
        traces=traces,
        layout=frame(
            "Correlation of two inputs in networks with normalised layers",
            f"{decay.activation}, NTK parameterisation with every layer of unit length; {decay.width} units, "
            f"δ = {decay.delta:.4g}, μ = {decay.mu:.4g}, seed {decay.seed}",
            height=_HEIGHT,
            xaxis=axis("hidden layers l", range=[0, int(decay.depth[-1])]),
            yaxis=axis("correlation (dimensionless)", log=True, range=_decades(decay)),
        ),
        summary=_in_words(decay),
    )


def queries_figure(found, theme="light"):
    """E_W (E_x g(x) sgn f(x))² over the depth of f, for fixed queries g: draws, infinite width, and the envelope.

    Parameters: found, a nk.hardness.QueryCorrelations; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> sigma = nk.activation("tanh").normalized()
    >>> queries_figure(nk.hardness.query_correlations(sigma, depth=8, dim=4, width=32, draws=40)).data[0].name
    '1/|S| + B(l, 2/d)'
    """
    return queries_picture(found).figure(theme)


def queries_picture(found):
    """The Picture that `queries_figure` draws.

    >>> import ntkit as nk
    >>> found = nk.hardness.query_correlations(nk.activation("sign"), depth=8, dim=4, width=32, draws=40)
    >>> queries_picture(found).traces[1]["name"]
    'worst g, infinite width'
    """
    limit, depth = found.limit, found.depth
    exact = [
        _line(f"{name}, infinite width", depth, limit.mean_square[:, k], {"color": color, "width": 1.5},
              showlegend=False)
        for k, (name, color) in enumerate(zip(found.names, CYCLE, strict=False))
    ]  # fmt: skip
    drawn = [
        _drawn(f"g = {name}", depth, found.mean_square[:, k], color, found.standard_error[:, k], symbol)
        for k, (name, color, symbol) in enumerate(zip(found.names, CYCLE, _SYMBOLS, strict=False))
    ]
    shown = np.concatenate([found.mean_square, limit.mean_square])
    lowest = min(1 / found.inputs, float(shown[shown > 0].min()))
    return Picture(
        traces=(
            _line("1/|S| + B(l, 2/d)", depth, limit.envelope, {**BOUND, "color": GREY}),
            _line("worst g, infinite width", depth, limit.worst, {"color": GREY, "dash": "solid", "width": 2.5}),
            *exact,
            *drawn,
        ),
        layout=frame(
            "What queries see of sgn f: markers drawn, solid lines infinite width",
            f"{found.activation}, NTK parameterisation with every layer of unit length; {found.width} units, "
            f"{found.draws} networks, half cube with d = {found.dim}, |S| = {found.inputs}, seed {found.seed}",
            height=_HEIGHT,
            xaxis=axis("hidden layers l", range=[-0.3, int(depth[-1]) + 0.3]),
            yaxis=axis("E<sub>W</sub> (E<sub>x</sub> g sgn f)²", log=True, range=[np.log10(lowest) - _ROOM, 0.15]),
        ),
        summary=_queries_in_words(found),
    )


_SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "x")


def _line(name, x, y, line, **rest):
    return curve(name, x, y, line, hovertemplate=_HOVER, **rest)


def _drawn(name, x, y, color, error, symbol="circle"):
    """Markers, with the standard error told on hovering."""
    marker, hover = {"color": color, "symbol": symbol, "size": 6}, _HOVER + " ± %{customdata:.2g}"
    return markers(name, x, y, marker, customdata=error, hovertemplate=hover)


def _decades(decay):
    """From the top down to where the draws say nothing more; what is exact may go on below."""
    seen = np.concatenate([np.abs(decay.mean), decay.standard_error[-1:], decay.bound[-1:]])
    return [float(np.log10(max(seen[seen > 0].min(), 0.1 * seen[-2], 1e-300))) - _ROOM, 0.1]


def _in_words(decay):
    return (
        f"After {decay.depth[-1]} normalised layers of {decay.width} units of {decay.activation}, two inputs at "
        f"separation δ = {decay.delta:.3g} have mean correlation {decay.mean[-1]:.3g} ± {decay.standard_error[-1]:.1g} "
        f"over {decay.draws} networks, and {decay.modulus[-1]:.3g} in modulus; at infinite width "
        f"{decay.limit[-1]:.3g}, at most {decay.bound[-1]:.3g}. The width sustains {decay.floor:.3g} in the mean."
    )


def _queries_in_words(found):
    last = dict(zip(found.names, found.mean_square[-1], strict=True))
    best = max(last, key=last.get)
    return (
        f"After {found.depth[-1]} layers of {found.activation}, the query that sees most of sgn f on "
        f"{found.inputs} inputs is {best!r}, with mean square {last[best]:.3g}; at infinite width no query has more "
        f"than {found.limit.worst[-1]:.3g}, and equation (24) with 1/|S| allows {found.limit.envelope[-1]:.3g}."
    )
