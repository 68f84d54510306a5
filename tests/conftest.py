"""What every test runs under: strict panels, repeatable property tests, and a browser that must be there."""

import os
import shutil
from pathlib import Path

import hypothesis
import pytest

# An error that a panel shows must also fail the test that caused it, in this process and in those it starts.
os.environ["NTKIT_STRICT"] = "1"

hypothesis.settings.register_profile("ntkit", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "ntkit")

# Scripts that are run by hand, from their own folder, when a reference table is made anew, and what they import.
collect_ignore_glob = ["reference/*.py"]

# One worker takes all tests of a folder that share a running server, so that each server starts once.
SERVER_FOLDERS = {"browser", "cli"}

# Their tests take longest one by one, so they start first: a worker that met one last would keep the others waiting.
LONG_FOLDERS = {"notebooks"}

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM_BUNDLES = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent.name in SERVER_FOLDERS:
            item.add_marker(pytest.mark.xdist_group(item.path.parent.name))
    items.sort(key=lambda item: item.path.parent.name not in LONG_FOLDERS)


@pytest.fixture(scope="session")
def repository():
    """The folder that holds pyproject.toml."""
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def chromium_path():
    """The Chromium or Chrome that the browser tests drive: $NTKIT_CHROMIUM, or the first one installed."""
    chosen = os.environ.get("NTKIT_CHROMIUM")
    candidates = [chosen] if chosen else [*CHROMIUM_NAMES, *CHROMIUM_BUNDLES]
    found = next(filter(None, map(shutil.which, candidates)), None)
    if found is None:
        pytest.fail(
            f"The browser tests need Chromium or Chrome; none of these can be run: {', '.join(candidates)}. "
            "Install one (apt-get install chromium; brew install --cask chromium) "
            "or name yours: NTKIT_CHROMIUM=/path/to/chrome make test.",
            pytrace=False,
        )
    return found
