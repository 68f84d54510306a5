"""The lab's bound, kernel profile and spectrum as one HTML file with sliders: no server, no kernel, no network.

Everything the sliders can reach is computed beforehand and travels in the file, beside plotly.js, both compressed; the
page only looks up and draws.
"""

import base64
import gzip
import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import plotly

from ntkit.figures.page_tables import AXES, page_tables
from ntkit.figures.picture import Picture
from ntkit.figures.style import BOUND, EXACT, GREY, NNGP, NTK, THEMES, axis, curve, frame, template


def write_page(path, tables=None):
    """Write the page to `path`; returns the path.

    Raises: OSError where the file cannot be written.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_page(folder / "lab.html", page_tables(["relu"], [0.05], [1, 4], n=6)).name
    'lab.html'
    """
    path = Path(path)
    path.write_text(offline_page(tables), encoding="utf-8")
    return path


def offline_page(tables=None):
    """The page as HTML text, about 3 MB: sliders for depth and δ, a list of activations, and three linked pictures.

    Parameters: tables, a PageTables, by default `page_tables()`.

    >>> "<html" in offline_page(page_tables(["relu"], [0.05], [1, 4], n=6))
    True
    """
    tables = page_tables() if tables is None else tables
    here = files("ntkit.figures")
    parts = {
        "script": here.joinpath("page.js").read_text(encoding="utf-8"),
        "content": _packed(json.dumps(_content(tables)).encode()),
        "plotly": _packed(plotly.offline.get_plotlyjs().encode()),
    }
    page = here.joinpath("page.html").read_text(encoding="utf-8")
    for name, text in parts.items():
        page = page.replace(f"@{name}@", text)
    return page


def _content(tables):
    """What the script reads: choices, tables, and the three pictures that it fills in."""
    return {
        "activations": [
            {"name": sigma.name, "mu": float(f"{sigma.coefficient_of_nonlinearity:.4g}")}
            for sigma in tables.activations
        ],
        "deltas": tables.deltas.tolist(),
        "depths": tables.depths.tolist(),
        "tables": {name: {"axes": axes, **_table(tables.tables[name])} for name, axes in AXES.items()},
        "templates": {theme: template(theme).to_plotly_json() for theme in THEMES},
        "pictures": {name: _skeleton(picture) for name, picture in _pictures(tables).items()},
    }


def _table(values):
    numbers = np.ascontiguousarray(values, dtype="<f4")
    return {"shape": numbers.shape, "values": base64.b64encode(numbers).decode()}


def _skeleton(picture):
    traces = [
        {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in trace.items()}
        for trace in picture.traces
    ]
    return {"traces": traces, "layout": picture.layout}


def _packed(content):
    return base64.b64encode(gzip.compress(content, compresslevel=9, mtime=0)).decode()


def _pictures(tables):
    """The three pictures without their data: `meta.table` says where each curve finds it."""
    return {"bound": _bound(tables), "profile": _profile(tables), "spectrum": _spectrum(tables)}


def _looked_up(name, table, x, line, **rest):
    return curve(name, x, np.array([]), line, meta={"table": table}, hovertemplate="%{y:.4g}", **rest)


def _bound(tables):
    layers = np.arange(int(tables.depths[-1]) + 1)
    marker = {"color": GREY, "dash": "dot", "width": 1.5}
    return Picture(
        traces=(
            _looked_up("bound B(l, δ)", "bound", layers, {**NNGP, **BOUND}),
            _looked_up("exact |ρ<sub>l</sub>|", "correlation", layers, {**NNGP, **EXACT}),
            _looked_up("NTK bound 2B(l/2, δ)", "ntk_bound", layers, {**NTK, **BOUND}),
            _looked_up("exact NTK |Θ<sub>l</sub>(ρ)|/Θ<sub>l</sub>(1)", "ntk_ratio", layers, {**NTK, **EXACT}),
            curve("L₀", np.array([]), np.array([]), marker, meta={"marker": "L0"}, hoverinfo="skip"),
        ),
        layout=frame(
            "Correlation of two inputs after l layers",
            "",
            xaxis=axis("hidden layers l"),
            yaxis=axis("correlation (dimensionless)", log=True, exponentformat="power"),
        ),
        summary="",
    )


def _profile(tables):
    return Picture(
        traces=(
            _looked_up("NNGP ρ<sub>L</sub>(ρ)", "nngp_profile", tables.rho, {**NNGP, **EXACT}),
            _looked_up("NTK Θ<sub>L</sub>(ρ)/Θ<sub>L</sub>(1)", "ntk_profile", tables.rho, {**NTK, "dash": "dash"}),
        ),
        layout=frame(
            "The kernels as functions of the correlation",
            "",
            xaxis=axis("correlation ρ of two inputs", range=[-1, 1]),
            yaxis=axis("normalised kernel (dimensionless)", range=[-1.05, 1.05]),
        ),
        summary="",
    )


def _spectrum(tables):
    index = np.arange(1, tables.n + 1)
    return Picture(
        traces=(
            _looked_up("NNGP", "nngp_eigenvalues", index, NNGP, mode="lines+markers"),
            _looked_up(
                "NTK",
                "ntk_eigenvalues",
                index,
                {**NTK, "dash": "dash"},
                mode="lines+markers",
                marker={"symbol": "diamond"},
            ),
        ),
        layout=frame(
            f"Gram spectrum of {tables.n} points",
            "",
            xaxis=axis("index of the eigenvalue"),
            yaxis=axis("eigenvalue (units of the diagonal)", log=True),
        ),
        summary="",
    )
