"""Where correlations go without centring: σ̂ against the diagonal, and how fast ρ_l reaches the fixed point ρ̄."""

import numpy as np

from ntkit.figures.picture import Picture
from ntkit.figures.style import (
    BLUE,
    BOUND,
    EXACT,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    axis,
    curve,
    frame,
    markers,
)

_HOVER = "%{y:.6g}"
_STEPS = 40  # of the cobweb
_FLOOR = 1e-12
_STATED = "Lemmas 35 and 36, as stated"
_STARTS = (BLUE, VERMILLION, GREEN, ORANGE, SKY)
_SPACE = 0.42  # between columns, of their width
_SUBTITLE = "MLP, NTK parameterisation, infinite width, unit inputs, E σ² = 1"


def uncentred_figure(profile, theme="light"):
    """The way of one activation to ρ̄: the cobweb of σ̂ on the left, |ρ_l − ρ̄| and its bounds over the layers right.

    Parameters: profile, a nk.conditioning.UncentredProfile; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> swish = nk.activation("swish").with_unit_second_moment()
    >>> uncentred_figure(nk.conditioning.uncentred_profile(swish, 40)).data[0].name
    'σ̂(ρ)'
    """
    return uncentred_picture(profile).figure(theme)


def uncentred_picture(profile):
    """The Picture that `uncentred_figure` draws.

    >>> import ntkit as nk
    >>> relu = nk.activation("relu").with_unit_second_moment()
    >>> uncentred_picture(nk.conditioning.uncentred_profile(relu, 100, (0.0,))).summary.split(": ")[0]
    'scaled relu is critical'
    """
    point = profile.point
    return Picture(
        traces=(*_web(profile, ("x", "y")), *_convergence(profile, ("x2", "y2"))),
        layout=frame(
            f"{_regime(point).capitalize()}: correlations go to ρ̄ = {point.correlation:.4g}",
            f"{point.activation} {_SUBTITLE}; σ̂'(1) = {point.slope_at_one:.4g}, σ̂'(ρ̄) = {point.slope:.4g}",
            hovermode="closest",
            height=440,
            xaxis=_before("correlation ρ before a layer", domain=[0, 0.4]),
            yaxis=_after(),
            xaxis2=_layers(profile, "hidden layers l", domain=[0.53, 1], anchor="y2"),
            yaxis2=_distance([profile], anchor="x2"),
        ),
        summary=_in_words(profile),
    )


def regimes_figure(profiles, theme="light"):
    """Several activations side by side: cobwebs above, |ρ_l − ρ̄| and its bounds on one logarithmic scale below.

    Parameters: profiles, UncentredProfiles from the same starts, as many as there is room for (three); theme "light" or
    "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> sigmas = [nk.activation(name).with_unit_second_moment() for name in ("softplus", "relu", "swish")]
    >>> profiles = [nk.conditioning.uncentred_profile(sigma, 40) for sigma in sigmas]
    >>> len(regimes_figure(profiles).data)
    40
    """
    return regimes_picture(profiles).figure(theme)


def regimes_picture(profiles):
    """The Picture that `regimes_figure` draws.

    >>> import ntkit as nk
    >>> relu = nk.activation("relu").with_unit_second_moment()
    >>> regimes_picture([nk.conditioning.uncentred_profile(relu, 10)]).layout["xaxis2"]["title"]["text"]
    'hidden layers l'
    """
    columns = [_column(profile, index, profiles) for index, profile in enumerate(profiles)]
    traces = [trace for drawn, _ in columns for trace in drawn]
    return Picture(
        traces=(*_legend(traces), *({**trace, "showlegend": False} for trace in traces)),
        layout=frame(
            "Uncentred activations: the slope of σ̂ at 1 decides where correlations go, and how fast",
            _SUBTITLE,
            hovermode="closest",
            height=720,
            **{name: entry for _, axes in columns for name, entry in axes.items()},
        ),
        summary=" ".join(map(_in_words, profiles)),
    )


def _column(profile, index, profiles):
    """Traces and axes of one activation among several: its cobweb above, its way to ρ̄ below."""
    point, above, below = profile.point, str(2 * index + 1).replace("1", "", index == 0), str(2 * index + 2)
    width = 1 / (len(profiles) + _SPACE * (len(profiles) - 1))
    left = index * width * (1 + _SPACE)
    domain, name = [left, min(left + width, 1.0)], point.activation.removeprefix("scaled ")
    title = (
        f"{name}: {point.regime}, σ̂'(1) = {point.slope_at_one:.4g}, ρ̄ = {point.correlation:.4g}"
        "<br>correlation ρ before a layer"
    )
    web = _web(profile, (f"x{above}", f"y{above}"), f"{name}, ")
    ways = _convergence(profile, (f"x{below}", f"y{below}"), f"{name}, ")
    return (*web, *ways), {
        f"xaxis{above}": _before(title, domain=domain, anchor=f"y{above}"),
        f"yaxis{above}": _after(domain=[0.58, 1], anchor=f"x{above}"),
        f"xaxis{below}": _layers(profile, "hidden layers l", domain=domain, anchor=f"y{below}"),
        f"yaxis{below}": _distance(profiles, domain=[0, 0.4], anchor=f"x{below}"),
    }


def _legend(traces):
    """One entry, a trace without points, for all traces that mean the same."""
    keys = {trace["meta"]["key"]: trace for trace in traces if trace.get("showlegend", True) and "meta" in trace}
    nowhere = np.array([np.nan])
    return [{**trace, "name": key, "x": nowhere, "y": nowhere, "meta": {"guide": True}} for key, trace in keys.items()]


# ---- what is drawn


def _web(profile, axes, prefix=""):
    """σ̂, the diagonal, the cobweb from every start, and ρ̄."""
    place, ends = {"xaxis": axes[0], "yaxis": axes[1]}, np.array([-1.0, 1.0])
    fixed = np.array([profile.point.correlation])
    steps = profile.correlation[: _STEPS + 1]
    webs = (
        curve(
            f"{prefix}cobweb from {_start(start)}", *_cobweb(steps[:, index]), {"color": _color(index), "width": 1.2},
            hoverinfo="skip", showlegend=False, legendgroup=f"{start:.3g}", **place,
        )
        for index, start in enumerate(profile.starts)
    )  # fmt: skip
    return (
        curve(f"{prefix}σ̂(ρ)", profile.rho, profile.dual, {"color": PURPLE, "width": 2.5, "dash": "solid"},
              hovertemplate=_HOVER, meta={"key": "σ̂(ρ)"}, **place),
        curve(f"{prefix}diagonal", ends, ends, {"color": GREY, "width": 1, "dash": "dot"}, hoverinfo="skip",
              showlegend=False, **place),
        *webs,
        markers(f"{prefix}ρ̄", fixed, fixed,
             {"color": GREY, "size": 10, "symbol": "diamond", "line": {"width": 1.5, "color": "#1F2328"}},
             hovertemplate="ρ̄ = %{x:.6g}", meta={"key": "ρ̄"}, **place),
    )  # fmt: skip


def _cobweb(correlations):
    """From the diagonal to σ̂, from there to the diagonal, and on."""
    twice = np.repeat(correlations, 2)
    return twice[:-1], np.concatenate([twice[:1], twice[2:]])


def _convergence(profile, axes, prefix=""):
    """|ρ_l − ρ̄| from every start, and what bounds it."""
    place = {"xaxis": axes[0], "yaxis": axes[1]}
    ways = (
        curve(f"{prefix}|ρ<sub>l</sub> − ρ̄| from {_start(start)}", profile.depth, np.abs(profile.deviation[:, index]),
              {**EXACT, "color": _color(index)}, hovertemplate=_HOVER, legendgroup=f"{start:.3g}",
              meta={"key": f"|ρ<sub>l</sub> − ρ̄| from {_start(start)}"}, **place)
        for index, start in enumerate(profile.starts)
    )  # fmt: skip
    lemma = "Lemma 36" if profile.point.regime == "critical" else "Lemma 35"
    return (
        *ways,
        _limit(f"{prefix}{lemma}, as stated", _STATED, profile.depth, profile.bound, "dash", place),
        _limit(f"{prefix}sharp", "sharp", profile.depth, profile.sharp, "dot", place),
    )


def _limit(name, key, depth, values, dash, place):
    """A bound over the layers; one that is silent at all of them has no legend entry."""
    line, told = {**BOUND, "color": GREY, "dash": dash}, bool(np.isfinite(values).any())
    return curve(name, depth, values, line, hovertemplate=_HOVER, showlegend=told, meta={"key": key}, **place)


def _start(correlation):
    return f"ρ₀ = {correlation:.3g}".replace("-", "−")


def _color(index):
    return _STARTS[index % len(_STARTS)]


# ---- axes and words


def _before(title, **rest):
    return axis(title, range=[-1.05, 1.05], **rest)


def _after(**rest):
    return axis("σ̂(ρ), after it", range=[-1.05, 1.05], **rest)


def _layers(profile, title, **rest):
    return axis(title, range=[0, max(int(profile.depth[-1]), 1)], **rest)


def _distance(profiles, **rest):
    """From what is drawn, or from where the least of it would no longer be looked at, to 3."""
    drawn = np.concatenate([np.abs(profile.deviation).ravel() for profile in profiles])
    least = np.log10(0.5 * max(float(drawn[drawn > 0].min(initial=1.0)), _FLOOR))
    ticks = {"dtick": 1} if -6 < least < -1.2 else {}  # plotly.js would crowd them with digits between the powers
    return axis("|ρ<sub>l</sub> − ρ̄| (dimensionless)", log=True, range=[least, np.log10(3)], **ticks, **rest)


def _regime(point):
    return {"ordered": "ordered regime", "critical": "critical", "chaotic": "chaotic regime"}[point.regime]


def _in_words(profile):
    point, depth = profile.point, int(profile.depth[-1])
    farthest = float(np.abs(profile.deviation[-1]).max())
    at_most = f", at most {profile.sharp[-1]:.3g}" if np.isfinite(profile.sharp[-1]) else ""
    return (
        f"{point.activation} is {point.regime}: slope {point.slope_at_one:.4g} of σ̂ at 1, ρ̄ = {point.correlation:.4g}. "
        f"After {depth} layers |ρ − ρ̄| is {farthest:.3g}{at_most}."
    )
