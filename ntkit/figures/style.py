"""How every picture looks: colours that survive colour-blindness, dash patterns, a light and a dark theme.

Colour says which kernel or activation, dash says how the curve is known: what is exact is solid, what is a bound is
dashed.  The colours are those of Okabe and Ito (2008), chosen so that they keep apart for every common colour vision,
and here so that each stands out from both backgrounds.
"""

import numpy as np
import plotly.graph_objects as go

BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
GREY = "#8A8F98"
CYCLE = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
THEMES = {
    "light": {"ink": "#1F2328", "paper": "#FFFFFF", "grid": "#E3E6EA", "axis": "#8A8F98"},
    "dark": {"ink": "#E6E8EB", "paper": "#111111", "grid": "#2E3338", "axis": "#7D838B"},
}
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif"
NNGP = {"color": BLUE}
NTK = {"color": VERMILLION}
EXACT, BOUND = {"dash": "solid", "width": 2.5}, {"dash": "dash", "width": 2}

_BAND_OPACITY = 0.16


def template(theme="light"):
    """The plotly template of a theme, "light" or "dark".

    Raises: ValueError for any other name.

    >>> template("dark").layout.paper_bgcolor
    '#111111'
    """
    if theme not in THEMES:
        raise ValueError(f"theme must be one of {', '.join(THEMES)}; got {theme!r}.")
    colours = THEMES[theme]
    axis = {
        "gridcolor": colours["grid"],
        "linecolor": colours["axis"],
        "tickcolor": colours["axis"],
        "showline": True,
        "ticks": "outside",
        "ticklen": 4,
        "zeroline": False,
        "exponentformat": "power",
        "automargin": True,
        "title": {"standoff": 8, "font": {"size": 13}},
        "tickfont": {"size": 12},
    }
    layout = {
        "font": {"family": FONT, "size": 13, "color": colours["ink"]},
        "title": {"font": {"size": 15}, "subtitle": {"font": {"size": 12}}},
        "paper_bgcolor": colours["paper"],
        "plot_bgcolor": colours["paper"],
        "colorway": CYCLE,
        "xaxis": axis,
        "yaxis": axis,
        "hoverlabel": {"bgcolor": colours["paper"], "font": {"color": colours["ink"]}},
        "modebar": {"bgcolor": colours["paper"], "color": colours["axis"], "activecolor": colours["ink"]},
    }
    return go.layout.Template(layout=layout)


def frame(title, subtitle, **axes):
    """The layout that every picture starts from: two title lines, legend below, room for both.

    Parameters: title says what is drawn, subtitle under which parameterisation and settings; axes are layout entries
    such as xaxis=axis(...).
    Returns: dict, a plotly layout.
    """
    return {
        "title": {
            "text": title,
            "subtitle": {"text": subtitle},
            "x": 0,
            "xref": "paper",
            "xanchor": "left",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"t": 14},
        },
        "margin": {"l": 60, "r": 16, "t": 64, "b": 40},
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 0,
            "yref": "container",
            "yanchor": "bottom",
            "tracegroupgap": 0,
        },
        "hovermode": "x unified",
        "uirevision": "kept",
        "height": 400,
        **axes,
    }


def axis(title, log=False, **rest):
    """A layout axis with its title (quantity and unit), logarithmic where asked."""
    # plotly.js enlarges powers of ten by a quarter: a little smaller to begin with, they match other numbers.
    scale = {"type": "log", "tickfont": {"size": 11}} if log else {"type": "linear"}
    return {"title": {"text": title}, **scale, **rest}


def falling(values, top=None, most=12):
    """The range of a logarithmic axis for what falls from `top`, in exponents: from one decade to `most` of them.

    Parameters: values, arrays together; top, their largest by default.  What is not positive and finite is not asked.

    >>> import numpy as np
    >>> falling([np.array([1.0, 0.1, 1e-300])])
    [-12.0, 0.4]
    """
    drawn = np.concatenate([np.ravel(part) for part in values]) if len(values) else np.empty(0)
    drawn = drawn[np.isfinite(drawn) & (drawn > 0)]
    if not drawn.size:
        return [-most, 0.4]
    highest = float(np.log10(drawn.max() if top is None else top))
    fallen = np.clip(highest - np.log10(drawn.min()), 1.0, most)
    return [float(highest - np.ceil(fallen)), highest + 0.4]


def curve(name, x, y, line, **rest):
    """A line trace as a plain dict; `line` is a mapping of colour, dash and width."""
    return {"type": "scatter", "mode": "lines", "name": name, "x": x, "y": y, "line": dict(line), **rest}


def band(name, x, low, high, color, **rest):
    """An area from `low` to `high` as a plain dict, in a pale colour of `color`, "#RRGGBB"; it guides the eye.

    >>> band("spread", [0, 1], [1, 2], [3, 4], "#0072B2")["fillcolor"]
    'rgba(0, 114, 178, 0.16)'
    """
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    return {
        **curve(name, np.r_[x, x[::-1]], np.r_[high, low[::-1]], {"width": 0}, **rest),
        "fill": "toself",
        "fillcolor": f"rgba({red}, {green}, {blue}, {_BAND_OPACITY})",
        "hoverinfo": "skip",
        "meta": {"guide": True},
    }


def markers(name, x, y, marker, **rest):
    """A trace of markers as a plain dict; `marker` is a mapping of colour, symbol and size."""
    return {"type": "scatter", "mode": "markers", "name": name, "x": x, "y": y, "marker": dict(marker), **rest}
