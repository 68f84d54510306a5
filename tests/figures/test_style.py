"""The colours keep apart for every common colour vision and stand out from both backgrounds."""

import itertools

import numpy as np
import pytest

from ntkit.figures import style

# Linear RGB as seen with one kind of cone missing: Viénot, Brettel, Mollon (1999); the identity is common vision.
VISION = {
    "common": np.eye(3),
    "protanopia": np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
    "deuteranopia": np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]),
}
XYZ_OF_RGB = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear_rgb(colour):
    """The linear intensities of a colour written #RRGGBB."""
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIE L*a*b* of linear RGB, in which distances are about what is seen."""
    ratio = XYZ_OF_RGB @ rgb / XYZ_OF_RGB.sum(axis=1)
    root = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


def contrast(one, other):
    """The contrast ratio of the WCAG, from 1 to 21."""
    light, dark = sorted((XYZ_OF_RGB[1] @ linear_rgb(colour) for colour in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(style.CYCLE, 2)))
def test_two_colours_differ_in_every_vision(vision, one, other):
    seen = [lab(np.clip(VISION[vision] @ linear_rgb(colour), 0, 1)) for colour in (one, other)]
    assert np.linalg.norm(seen[0] - seen[1]) > 10  # a just noticeable difference is 2.3


@pytest.mark.parametrize("theme", style.THEMES)
@pytest.mark.parametrize("colour", [style.BLUE, style.VERMILLION, style.GREEN, style.PURPLE, style.GREY])
def test_lines_stand_out_from_the_background(theme, colour):
    assert contrast(colour, style.THEMES[theme]["paper"]) > 2.7


@pytest.mark.parametrize("theme", style.THEMES)
def test_text_is_readable_on_the_background(theme):
    assert contrast(style.THEMES[theme]["ink"], style.THEMES[theme]["paper"]) > 7


def test_unknown_theme_is_refused_with_those_that_exist():
    with pytest.raises(ValueError, match="light, dark; got 'sepia'"):
        style.template("sepia")
