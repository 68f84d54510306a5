"""The picture of one layer's smallest eigenvalue draws the result's numbers as they are."""

import numpy as np

import ntkit as nk
from ntkit import figures


def test_families_are_drawn_beside_their_bounds():
    floors = nk.conditioning.one_layer_floors([nk.data.half_circle(n).x for n in (4, 8, 16)])
    figure = figures.one_layer_figure({"half circle": floors})
    drawn = {trace.name: trace for trace in figure.data}
    np.testing.assert_array_equal(drawn["half circle"].y, floors.exact)
    np.testing.assert_array_equal(drawn["half circle, series"].y, floors.sharp)
    np.testing.assert_array_equal(drawn["half circle, Theorem 56"].y, floors.stated)
    assert f"{floors.exact[-1]:.3g}" in figures.one_layer_picture({"half circle": floors}).summary
    assert "NTK parameterisation" in figure.layout.title.subtitle.text
