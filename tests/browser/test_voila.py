"""The lab as a class sees it, served without code by `ntkit demo`."""

import pytest

import ntkit as nk

pytestmark = pytest.mark.xdist_group("browser")

EXACT = "exact |ρ<sub>l</sub>|"


def exact_correlation(depth):
    """|ρ_l| of the theory, computed here and not in the kernel of the page."""
    return nk.conditioning.depth_profile(nk.activation("relu").normalized(), depth, 0.05).correlation


def test_depth_slider_moves_the_curve(voila, browse):
    with browse(voila.address()) as page:
        page.wait_until_drawn()
        page.wait_for_curve(EXACT, exact_correlation(32))
        page.drag("depth L", 30)
        depth = int(page.settled_number("depth L"))
        assert depth > 32
        page.wait_for_curve(EXACT, exact_correlation(depth))
        page.slider("depth L").focus()
        page.page.keyboard.press("Home")
        page.wait_for_curve(EXACT, exact_correlation(1))
        assert page.errors_in_panels() == []
        assert page.page.locator(".jp-CodeCell .jp-Editor:visible").count() == 0


def test_nobody_enters_without_the_token(voila, browse):
    with browse(f"{voila.url}/") as page:
        assert page.page.locator(".ntkit-lab").count() == 0
        page.problems.clear()


def test_state_in_the_link_is_where_the_lab_begins(voila, browse):
    with browse(f"{voila.address()}&v=1&depth=50&activation=relu&n=12") as page:
        page.wait_until_drawn()
        page.wait_for_curve(EXACT, exact_correlation(50))
        assert page.number("depth L") == 50
