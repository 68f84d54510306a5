"""How much of each bound the tightest comparison uses: the ledger as a picture."""

import numpy as np

from ntkit.figures.picture import Picture
from ntkit.figures.style import BLUE, VERMILLION, axis, frame, markers

_ROW = 22  # pixels


def ledger_figure(ledger, theme="light"):
    """A row a statement: the largest share of its bound that was met on the grid; violated ones are crossed.

    Equations, which have no bound to use, are left out.

    Parameters: ledger, what `nk.theorems.run()` gives; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.

    >>> import ntkit as nk
    >>> ledger_figure(nk.theorems.run(["lemma_21", "lemma_26"])).data[0].name
    'holds'
    """
    return ledger_picture(ledger).figure(theme)


def ledger_picture(ledger):
    """The Picture that `ledger_figure` draws.

    >>> import ntkit as nk
    >>> ledger_picture(nk.theorems.run(["theorem_5_pairs"])).summary
    '1 of 1 statements hold; the tightest is Theorem 5, pairs, which uses 49 % of its bound.'
    """
    drawn = [verdict for verdict in ledger.verdicts if verdict.tightest and verdict.tightest.tells_share]
    titles = [verdict.entry.title for verdict in drawn]
    traces = tuple(
        _points(name, [verdict for verdict in drawn if verdict.holds is holds], color, symbol)
        for name, holds, color, symbol in (("holds", True, BLUE, "circle"), ("violated", False, VERMILLION, "x"))
    )
    return Picture(
        traces=tuple(trace for trace in traces if len(trace["y"])),
        layout=frame(
            "How much of each bound is used",
            "tightest comparison on the grid, NTK parameterisation, infinite width",
            hovermode="closest",
            height=130 + _ROW * len(drawn),
            xaxis=axis("exact quantity, share of the bound (%)"),
            yaxis={"type": "category", "categoryorder": "array", "categoryarray": titles[::-1],
                   "range": [-0.6, len(titles) - 0.4], "tickfont": {"size": 11}},
        ),
        summary=_in_words(ledger, drawn),
    )  # fmt: skip


def _points(name, verdicts, color, symbol):
    return markers(
        name,
        np.array([100 * verdict.tightest.share for verdict in verdicts], dtype=float),
        [verdict.entry.title for verdict in verdicts],
        {"color": color, "symbol": symbol, "size": 9},
        text=[f"{verdict.entry.statement}<br>{verdict.tightest}" for verdict in verdicts],
        hovertemplate="%{y}: %{x:.4g} %<br>%{text}",
    )


def _in_words(ledger, drawn):
    holding = f"{sum(verdict.holds for verdict in ledger.verdicts)} of {len(ledger)} statements hold"
    shares = {v.entry.title: v.tightest.share for v in drawn if np.isfinite(v.tightest.share)}
    if not shares:
        return f"{holding}."
    tightest = max(shares, key=shares.get)
    return f"{holding}; the tightest is {tightest}, which uses {100 * shares[tightest]:.3g} % of its bound."
