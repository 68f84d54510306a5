"""Networks trained in a real JupyterLab: started, watched, cancelled and compared while the page stays alive."""

import numpy as np
import pytest

import ntkit as nk

pytestmark = pytest.mark.xdist_group("browser")

FIGURE = 1  # the second of two panels
EXACT = "exact |ρ<sub>l</sub>|"


@pytest.fixture(scope="module")
def lab(open_notebook):
    """The page of comparison.ipynb: the bound, and networks of 4 layers to train on digits."""
    with open_notebook("comparison.ipynb") as page:
        page.wait_until_drawn(2)
        yield page


def history(normalisation):
    """What the page trains, trained here and not in its kernel."""
    model = nk.experiments.fully_connected(4, 32, "relu", normalisation)
    recipe = nk.experiments.Recipe(0.01, epochs=4, milestones=(1, 3))
    return nk.experiments.run(nk.experiments.Trial(model, "digits", recipe, train_size=256), device="cpu")


def start(lab):
    lab.page.get_by_title("train the network of these settings").click()


def enter(lab, label, number):
    """Type a number into the box beside the slider called `label`."""
    row = lab.page.locator(".widget-hbox").filter(has=lab.page.locator(f"label:text-is('{label}')"))
    box = row.locator("input[type=number]").first
    box.fill(str(number))
    box.press("Enter")


def test_two_networks_are_started_and_compared(lab):
    start(lab)
    lab.choose("normalise", "batch")
    lab.page.get_by_text("next: FC-4 BatchNorm on 256 images of digits, 4 epochs").wait_for()
    start(lab)
    expected = {"FC-4 ReLU": history("none"), "FC-4 BatchNorm": history("batch")}
    lab.page.get_by_text("Finished after 4 of 4 epochs").nth(1).wait_for()
    for name, run in expected.items():
        # Another number of threads adds in another order, and training amplifies that a little.
        lab.wait_for_curve(f"{name}, train loss", run.train_loss, FIGURE, rtol=1e-3)
    lab.page.get_by_role("checkbox", name="FC-4 ReLU", exact=True).uncheck()
    lab.page.wait_for_function("() => !document.querySelectorAll('.js-plotly-plot')[1]._fullData.some("
                               "(trace) => trace.name === 'FC-4 ReLU, train loss')")  # fmt: skip
    assert lab.errors_in_panels() == []


def test_training_is_watched_while_sliders_move_and_can_be_cancelled_and_go_on(lab):
    enter(lab, "epochs", 10_000)
    lab.page.get_by_text("10000 epochs").wait_for()
    start(lab)
    lab.page.get_by_text(" left").first.wait_for()
    lab.slider("depth L").focus()
    lab.page.keyboard.press("ArrowRight")
    correlation = nk.conditioning.depth_profile(nk.activation("relu").normalized(), 5, 0.05).correlation
    lab.wait_for_curve(EXACT, correlation)
    name = "FC-4 BatchNorm, 10000 epochs, train loss"
    lab.wait_for_name(name, FIGURE)
    reached = len(lab.curve(name, FIGURE)[1])
    lab.page.wait_for_function(
        "([name, reached]) => document.querySelectorAll('.js-plotly-plot')[1]._fullData"
        ".find((trace) => trace.name === name).x.length > reached",
        arg=[name, reached],
    )
    lab.page.get_by_title("stop; what was measured stays").click()
    lab.page.get_by_text("Cancelled after").wait_for()
    lab.page.get_by_title("take up what was cancelled").click()
    lab.page.get_by_text(" left").first.wait_for()
    lab.page.get_by_title("stop; what was measured stays").click()
    lab.page.get_by_text("Cancelled after").wait_for()
    assert np.isfinite(lab.curve(name, FIGURE)[1]).all()
    assert lab.errors_in_panels() == []


def test_depth_that_no_residual_network_has_is_answered_in_its_panel(lab):
    enter(lab, "depth L", 12)
    lab.choose("architecture", "ResNet")
    lab.page.locator(".ntkit-error").wait_for()
    assert lab.errors_in_panels() == [
        "depth must be 6n + 2, n ≥ 1: three stages of 2n convolutions, the stem and the read-out; got 12. Next to it "
        "are 8 and 14."
    ]
    enter(lab, "depth L", 14)
    lab.page.locator(".ntkit-error").wait_for(state="detached")
