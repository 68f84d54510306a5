"""Results in, plotly figures out: one file a subject, nothing computed in a plot.

Every figure names the parameterisation in its title and the unit on each axis; colours survive colour-blindness, and
dash patterns say the same again; `theme` is "light" or "dark".
"""

from ntkit.figures.bound import bound_figure, bound_picture
from ntkit.figures.picture import Picture
from ntkit.figures.shape import shape_figure, shape_picture
from ntkit.figures.style import template

__all__ = ["Picture", "bound_figure", "bound_picture", "shape_figure", "shape_picture", "template"]
