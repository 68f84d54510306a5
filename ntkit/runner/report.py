"""The report of a run: an index with every comparison, and each executed notebook as a page.

Nothing is loaded from the net: plotly's script lies beside the pages, and formulas in the notebooks are plain text.
"""

from datetime import UTC, datetime

import nbformat
import plotly.io
from jinja2 import Environment, PackageLoader, StrictUndefined
from nbconvert import HTMLExporter
from plotly.offline import get_plotlyjs
from pygments.formatters import HtmlFormatter

from ntkit.runner.references import device_name, library_versions

_FIGURE = "application/vnd.plotly.v1+json"
_WIDGET = "application/vnd.jupyter.widget-view+json"
_WIDGET_NOTE = "<p class='note'>Interactive controls: open the notebook in JupyterLab to use them.</p>"
_PLOTLY = "plotly.min.js"


def write_index(output, outcomes, settings):
    """Write ``index.html``: a table of records for each notebook, and what went wrong."""
    page = _template("index.html.j2").render(
        outcomes=outcomes,
        passed=all(outcome.passed for outcome in outcomes),
        settings={**settings, "device": device_name(settings["device"])},
        versions=library_versions(),
        written=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    )
    index = output / "index.html"
    index.write_text(page, encoding="utf-8")
    return index


def write_page(notebook, page):
    """Write an executed notebook as a page that works without a net, with plotly's script beside it."""
    exporter = HTMLExporter(template_name="basic")
    body, _ = exporter.from_notebook_node(_without_scripts(notebook))
    script = page.parent / _PLOTLY
    if not script.exists():
        script.write_text(get_plotlyjs(), encoding="utf-8")
    html = _template("notebook.html.j2").render(
        title=page.stem, body=body, plotly=_PLOTLY, highlighting=HtmlFormatter().get_style_defs(".highlight")
    )
    page.write_text(html, encoding="utf-8")
    return page


def _template(name):
    environment = Environment(
        loader=PackageLoader("ntkit.runner"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["short"] = _short
    return environment.get_template(name)


def _without_scripts(notebook):
    """A copy whose figures are drawn by the page's own plotly and whose widgets are replaced by a note."""
    copy = nbformat.from_dict(notebook)
    for cell in copy.cells:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if _FIGURE in data:
                figure = plotly.io.to_html(data[_FIGURE], include_plotlyjs=False, full_html=False, validate=False)
                output.data = nbformat.from_dict({"text/html": figure})
            elif _WIDGET in data:
                output.data = nbformat.from_dict({"text/html": _WIDGET_NOTE})
    return copy


def _short(record):
    """A record's value as the notebook shows it."""
    return "—" if record is None else record.rounded
