"""The lab in a real JupyterLab: what a reader drags, types and presses is what the page then shows."""

import csv
import io

import numpy as np
import pytest

import ntkit as nk

pytestmark = pytest.mark.xdist_group("browser")

# JupyterLab takes the cells that are out of sight out of the page.
_SCROLL_TO_LAB = """() => {
  const { content } = window.jupyterapp.shell.currentWidget;
  return content.scrollToItem(content.widgets.findIndex((cell) => cell.node.querySelector(".ntkit-lab")), "start");
}"""
EXACT = "exact |ρ<sub>l</sub>|"


@pytest.fixture(scope="module")
def lab(open_notebook):
    """The page of linked.ipynb, which makes a lab, sets its depth to 20 at once, and shows one panel twice."""
    with open_notebook("linked.ipynb") as page:
        page.wait_until_drawn(5)
        yield page


def exact_correlation(depth, activation="relu", delta=0.05):
    """|ρ_l| of the theory, computed here and not in the kernel of the page."""
    return nk.conditioning.depth_profile(nk.activation(activation).normalized(), depth, delta).correlation


@pytest.fixture(autouse=True)
def reset(lab):
    """Every test begins where the lab began, at depth 12."""
    lab.page.get_by_role("button", name="Reset", exact=True).click()
    lab.wait_for_curve(EXACT, exact_correlation(12))


def test_no_panel_shows_an_error(lab):
    assert lab.errors_in_panels() == []


def test_every_view_shows_what_was_assigned_before_the_page_had_drawn_anything(open_notebook):
    with open_notebook("linked.ipynb") as page:
        page.wait_until_drawn(5)
        page.wait_for_curve(EXACT, exact_correlation(20))
        page.wait_for_curve(EXACT, exact_correlation(20), figure=4)


def test_dragging_the_depth_moves_the_curve_in_every_view(lab):
    before = lab.curve(EXACT)[1]
    lab.drag("depth L", 40)
    depth = int(lab.settled_number("depth L"))
    assert depth > 12
    lab.wait_for_curve(EXACT, exact_correlation(depth))
    lab.wait_for_curve(EXACT, exact_correlation(depth), figure=4)
    assert len(lab.curve(EXACT)[1]) > len(before)


def test_dragging_the_depth_moves_the_other_panels(lab):
    lab.wait_for_name("relu, L = 12", figure=3)
    spectrum = lab.curve("NTK", figure=1)[1]
    lab.drag("depth L", -40)
    depth = int(lab.settled_number("depth L"))
    lab.wait_for_curve(EXACT, exact_correlation(depth))
    lab.wait_for_name(f"relu, L = {depth}", figure=3)
    lab.page.wait_for_timeout(1000)
    assert not np.allclose(lab.curve("NTK", figure=1)[1], spectrum)


@pytest.mark.parametrize(
    ("key", "depth"), [("ArrowRight", 13), ("ArrowLeft", 11), ("PageUp", 17), ("PageDown", 7), ("Home", 1)]
)
def test_keys_move_the_slider(lab, key, depth):
    lab.slider("depth L").focus()
    lab.page.keyboard.press(key)
    lab.wait_for_curve(EXACT, exact_correlation(depth))
    assert lab.number("depth L") == depth


def test_dragging_delta_moves_the_start_of_the_curve(lab):
    lab.drag("δ", -30)
    delta = lab.settled_number("δ")
    assert delta < 0.05
    lab.wait_for_curve(EXACT, exact_correlation(12, delta=delta))


def test_number_box_takes_what_the_slider_has_no_step_for(lab):
    box = lab.page.get_by_role("spinbutton").first
    box.fill("333")
    box.press("Enter")
    lab.wait_for_curve(EXACT, exact_correlation(333))


def test_refused_number_is_answered_with_the_remedy(lab):
    box = lab.page.get_by_role("spinbutton").first
    box.fill("5000")
    box.press("Enter")
    lab.page.locator(".ntkit-error").first.wait_for()
    assert lab.errors_in_panels() == ["depth must lie between 1 and 1000; got 5000. It counts hidden layers."]


def test_choosing_an_activation_changes_all_panels(lab):
    lab.choose("activation", "tanh")
    lab.wait_for_curve(EXACT, exact_correlation(12, "tanh"))
    lab.wait_for_name("normalized tanh", figure=2)


def test_error_stands_in_its_panel_and_goes(lab):
    lab.choose("activation", "step")
    lab.page.locator(".ntkit-error").first.wait_for()
    assert all("no neural tangent kernel" in message for message in lab.errors_in_panels())
    lab.choose("activation", "erf")
    lab.wait_for_curve(EXACT, exact_correlation(12, "erf"))
    lab.page.locator(".ntkit-error").first.wait_for(state="detached")


def test_table_is_saved_without_a_server(lab):
    with lab.page.expect_download() as download:
        lab.page.get_by_role("link", name="CSV").first.click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    y = [float(row["y"]) for row in rows if row["curve"] == "exact |ρ_l|"]
    np.testing.assert_allclose(y, exact_correlation(12), rtol=1e-12)


@pytest.mark.parametrize(
    ("title", "start"), [("Download plot as a PNG", b"\x89PNG"), ("Download plot as an SVG", b"<svg")]
)
def test_picture_is_saved_as_an_image(lab, title, start):
    figure = lab.page.locator(".js-plotly-plot").first
    figure.scroll_into_view_if_needed()
    figure.hover()
    with lab.page.expect_download() as download:
        figure.locator(f"[data-title='{title}']").click()
    assert download.value.path().read_bytes().startswith(start)


def test_finite_network_trains_while_the_page_stays_alive(lab):
    lab.page.get_by_title("train the finite network").click()
    lab.page.get_by_text("Finished after 200 steps").wait_for()
    _, loss = lab.curve("relu, L = 12, measured", figure=3)
    assert loss[-1] < loss[0]


def test_training_can_be_cancelled(lab):
    steps = lab.page.get_by_role("spinbutton").nth(-1)
    steps.fill("100000")
    steps.press("Enter")
    lab.page.get_by_title("train the finite network").click()
    lab.page.get_by_text(" left").first.wait_for()
    lab.slider("depth L").focus()
    lab.page.keyboard.press("ArrowRight")
    lab.wait_for_curve(EXACT, exact_correlation(13))
    lab.page.get_by_title("stop and keep what was measured").click()
    lab.page.get_by_text("Cancelled after").wait_for()


def test_pictures_follow_the_theme_of_the_page(lab):
    paper = "() => document.querySelector('.js-plotly-plot')._fullLayout.paper_bgcolor"
    assert lab.page.evaluate(paper) == "#FFFFFF"
    switch = "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
    lab.page.evaluate(switch, "JupyterLab Dark")
    lab.page.wait_for_function(f"() => ({paper})() === '#111111'")
    lab.page.evaluate(switch, "JupyterLab Light")
    lab.page.wait_for_function(f"() => ({paper})() === '#FFFFFF'")


def test_narrow_page_keeps_every_figure_inside(lab):
    lab.page.set_viewport_size({"width": 640, "height": 900})
    lab.page.wait_for_timeout(500)
    widths = lab.page.evaluate(
        "() => [...document.querySelectorAll('.js-plotly-plot')].map((plot) =>"
        " [plot._fullLayout.width, plot.parentElement.clientWidth])"
    )
    assert all(drawn == room for drawn, room in widths)
    lab.page.set_viewport_size({"width": 1440, "height": 900})


def test_reload_shows_the_current_state(lab):
    lab.slider("depth L").focus()
    lab.page.keyboard.press("PageUp")
    lab.wait_for_curve(EXACT, exact_correlation(17))
    lab.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    lab.page.reload()
    lab.wait_until_drawn(5)
    lab.wait_for_curve(EXACT, exact_correlation(17))
    assert lab.number("depth L") == 17
    assert lab.problems == []


def test_tour_runs_and_its_depth_slider_moves_the_curve(open_notebook):
    with open_notebook("00_tour.ipynb") as page:
        page.wait_until_drawn(4)
        page.page.evaluate(_SCROLL_TO_LAB)
        page.drag("depth L", 30)
        depth = int(page.settled_number("depth L"))
        assert depth > 32
        page.wait_for_curve(EXACT, exact_correlation(depth))
        assert page.errors_in_panels() == []
