"""A number to choose: a slider that steps over a list of values, and a box that takes any value.

The values are evenly or logarithmically spaced, so that each press of an arrow key changes something, page keys move by
five, and home and end reach the ends.
"""

import math
from contextlib import contextmanager

from ipywidgets import FloatText, HBox, IntText, Layout, SelectionSlider

LABEL_WIDTH = "6.8em"
_ROUND_NUMBERS = (1, 1.1, 1.2, 1.4, 1.6, 1.8, 2, 2.2, 2.5, 2.8, 3, 3.5, 4, 4.5, 5, 5.5, 6, 7, 8, 9)


def whole_steps(most, start=1):
    """1, 2, …, 20 and then steps of about 5 %: whole numbers up to `most` for a slider.

    >>> whole_steps(24), len(whole_steps(1000))
    ((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24), 89)
    """
    steps = [start]
    while steps[-1] < most:
        steps.append(min(most, max(steps[-1] + 1, round(steps[-1] * 1.06))))
    return tuple(steps)


def logarithmic_steps(least_exponent):
    """10^least_exponent … 0.9, about evenly on a logarithmic scale: 20 round numbers a decade.

    >>> logarithmic_steps(-1)[:6], len(logarithmic_steps(-3))
    ((0.1, 0.11, 0.12, 0.14, 0.16, 0.18), 60)
    """
    return tuple(float(f"{digits}e{exponent}") for exponent in range(least_exponent, 0) for digits in _ROUND_NUMBERS)


def even_steps(least, most, step):
    """least, least + step, …, most, free of the rounding that adding up would leave.

    >>> even_steps(-1, 1, 0.5)
    (-1.0, -0.5, 0.0, 0.5, 1.0)
    """
    count = round((most - least) / step)
    return tuple(round(least + k * step, 10) for k in range(count + 1))


class NumberPair(HBox):
    """A slider over `steps` with a number box beside it; `changed` is called with each value that the reader chooses.

    Whole numbers where the steps are whole.  `show(value)` moves both without calling `changed`.
    """

    def __init__(self, label, steps, value, changed, tooltip):
        self._steps, self._changed, self._following = steps, changed, False
        self.slider = SelectionSlider(
            options=[(f"{step:g}", step) for step in steps],
            index=_nearest(steps, value),
            description=label,
            readout=False,
            tooltip=tooltip,
            layout=Layout(width="auto", flex="1 1 140px", min_width="140px"),
            style={"description_width": LABEL_WIDTH},
        )
        box = IntText if isinstance(steps[0], int) else FloatText
        self.box = box(value=value, tooltip=tooltip, layout=Layout(width="90px", flex="0 0 90px"))
        super().__init__([self.slider, self.box], layout=Layout(width="auto"))
        self.slider.observe(lambda change: self._chosen(self._steps[change["new"]]), "index")
        self.box.observe(lambda change: self._chosen(change["new"]), "value")

    def show(self, value):
        """Move slider and box to `value`, the slider as near as its steps allow."""
        with self._silently():
            self.slider.index = _nearest(self._steps, value)
            self.box.value = value

    @property
    def disabled(self):
        """Whether the reader can move it."""
        return self.box.disabled

    @disabled.setter
    def disabled(self, disabled):
        self.slider.disabled = self.box.disabled = disabled

    def _chosen(self, value):
        if not self._following:
            self._changed(value)

    @contextmanager
    def _silently(self):
        self._following = True
        try:
            yield
        finally:
            self._following = False


def _nearest(steps, value):
    """Index of the step nearest to `value`, in ratio where all are positive."""
    if min(steps) > 0 and value > 0:
        return min(range(len(steps)), key=lambda i: abs(math.log(steps[i] / value)))
    return min(range(len(steps)), key=lambda i: abs(steps[i] - value))
