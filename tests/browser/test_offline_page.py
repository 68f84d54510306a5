"""The offline page from a file, with the network switched off."""

import numpy as np
import pytest

from ntkit.figures.page import write_page
from ntkit.figures.page_tables import page_tables

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def tables():
    """Few of everything."""
    return page_tables(["relu", "tanh"], [0.01, 0.05, 0.1], [1, 2, 8, 30], n=6)


@pytest.fixture(scope="module")
def path(tables, tmp_path_factory):
    """The page as a file."""
    return write_page(tmp_path_factory.mktemp("page") / "lab.html", tables)


@pytest.fixture
def page(path, browse):
    """The page, opened offline."""
    with browse(path.as_uri(), offline=True) as opened:
        opened.wait_until_drawn(3)
        yield opened


def correlation(tables, activation, delta, depth):
    """A row of the tables as far as the page draws it."""
    return np.float32(tables.tables["correlation"][activation, delta, : depth + 1]).astype(float)


def test_first_view_shows_depth_8_and_five_percent(page, tables):
    page.wait_for_curve("exact |ρ<sub>l</sub>|", correlation(tables, 0, 1, 8))
    assert "After 8 layers of normalized relu" in page.page.locator("#summary").text_content()


def test_dragging_the_depth_changes_every_picture(page, tables):
    box = page.page.locator("#depth").bounding_box()
    page.page.mouse.move(box["x"] + box["width"] * 2 / 3, box["y"] + box["height"] / 2)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2, steps=8)
    page.page.mouse.up()
    page.wait_for_curve("exact |ρ<sub>l</sub>|", correlation(tables, 0, 1, 30))
    page.wait_for_curve("NNGP ρ<sub>L</sub>(ρ)", np.float32(tables.tables["nngp_profile"][0, 3]), figure=1)
    page.wait_for_curve("NTK", np.float32(tables.tables["ntk_eigenvalues"][0, 1, 3]), figure=2)


def test_keys_and_the_list_change_the_curve(page, tables):
    page.page.locator("#delta").focus()
    page.page.keyboard.press("ArrowLeft")
    page.wait_for_curve("exact |ρ<sub>l</sub>|", correlation(tables, 0, 0, 8))
    page.page.locator("#activation").select_option(label="normalized tanh")
    page.wait_for_curve("exact |ρ<sub>l</sub>|", correlation(tables, 1, 0, 8))


def test_dark_scheme(path, browse):
    with browse(path.as_uri(), offline=True, color_scheme="dark") as page:
        page.wait_until_drawn(3)
        assert page.page.evaluate("() => document.querySelector('#bound')._fullLayout.paper_bgcolor") == "#111111"
