"""A real JupyterLab, a real Voila and a headless Chromium, each started once for the run and ended with it.

Nothing outside the loopback address is contacted: both servers bind to 127.0.0.1 behind a token, and whatever a page
asks of another host is refused and counts as a problem of the test that opened it, like every error on its console.
"""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

REPOSITORY = Path(__file__).parents[2]
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
QUIET_LAB = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/extensionmanager-extension:plugin": {"enabled": False},
}
PATIENCE = 90_000  # milliseconds: a busy machine takes its time to start a kernel
SETTLED = 20_000

# Voila's own page asks a server on the net for icons, which its bundle holds as well; that request is refused here.
KNOWN_PROBLEMS = (re.compile(r"https://cdn\.jsdelivr\.net/npm/@fortawesome/"),)


# ---- servers


@dataclass(frozen=True)
class Server:
    """Where a server listens, and the token that it asks for."""

    url: str
    token: str

    def address(self, path=""):
        """The full address of `path`, with the token."""
        return f"{self.url}/{path}?token={self.token}"


def free_port():
    """A port that was free a moment ago on the loopback address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(command, environment, folder, log):
    """Run `command` in `folder`, its output in the file `log`, until the block is left."""
    with log.open("w") as stream:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=stream, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=30)


def wait_for(condition, process, log, seconds=90.0):
    """Poll until `condition()` gives something; a server that ends first, or never gets there, fails with its log."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        found = condition()
        if found:
            return found
        time.sleep(0.2)
    return pytest.fail(f"the server did not start:\n{log.read_text()}", pytrace=False)


def answers(url):
    """Whether a server answers at `url`, with whatever status."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except (urllib.error.URLError, OSError):
        return False
    return True


@pytest.fixture(scope="session")
def jupyter_environment(tmp_path_factory):
    """Variables under which Jupyter keeps every file of its own in a fresh folder.

    Strict mode is off, so that an error is looked for in the page, where the reader would find it.
    """
    home = tmp_path_factory.mktemp("jupyter")
    settings = home / "config" / "labconfig" / "default_setting_overrides.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(QUIET_LAB))
    own = {
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "JUPYTERLAB_SETTINGS_DIR": home / "user-settings",
        "IPYTHONDIR": home / "ipython",
    }
    rest = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY), "NTKIT_STRICT": "0", "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **{name: str(path) for name, path in own.items()}, **rest}


@pytest.fixture(scope="session")
def jupyter_lab(jupyter_environment, tmp_path_factory):
    """A running JupyterLab over copies of the notebooks, so that a page that saves cannot change the originals."""
    root = tmp_path_factory.mktemp("notebooks")
    for source in (*Path(__file__).parent.glob("notebooks/*.ipynb"), *REPOSITORY.glob("notebooks/*.ipynb")):
        shutil.copy(source, root)
    server = Server(f"http://127.0.0.1:{free_port()}", secrets.token_hex(16))
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": server.url.rpartition(":")[2],
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": root,
        "ServerApp.allow_root": True,
        "IdentityProvider.token": server.token,
        "LabApp.expose_app_in_browser": True,
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", *(f"--{k}={v}" for k, v in options.items())]
    log = root / "jupyterlab.log"
    with serving(command, jupyter_environment, root, log) as process:
        wait_for(lambda: answers(server.address("api/status")), process, log)
        yield server


@pytest.fixture(scope="session")
def voila(jupyter_environment, tmp_path_factory):
    """The lab as `ntkit demo` serves it."""
    folder = tmp_path_factory.mktemp("demo")
    log = folder / "demo.log"
    command = [sys.executable, "-m", "ntkit.cli", "demo", "--no-browser", "--port", str(free_port())]
    with serving(command, jupyter_environment, folder, log) as process:
        told = wait_for(lambda: re.search(r"(http://127\.0\.0\.1:\d+)/\?token=(\w+)", log.read_text()), process, log)
        yield Server(*told.groups())


# ---- pages


@pytest.fixture(scope="module")
def chromium(chromium_path):
    """A headless Chromium.

    Closed with each module: as long as playwright is open, its event loop counts as running in this process, and no
    other test could run one.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=list(CHROMIUM_ARGUMENTS))
        yield browser
        browser.close()


@dataclass
class Page:
    """A page of the browser with what went wrong in it, and the lab that it shows."""

    page: object
    problems: list = field(default_factory=list)

    def watch(self):
        """Write down errors on the console, exceptions, and whatever is asked of another host."""
        self.page.set_default_timeout(PATIENCE)
        self.page.on(
            "console", lambda told: self._note(told.text, told.location["url"]) if told.type == "error" else None
        )
        self.page.on("pageerror", lambda error: self._note(str(error)))
        self.page.route(re.compile(r"^https?://(?!127\.0\.0\.1[:/])"), self._refuse)

    def _refuse(self, route):
        self._note(f"asked for {route.request.url}")
        route.abort()

    def _note(self, problem, where=""):
        if not any(known.search(f"{problem} {where}") for known in KNOWN_PROBLEMS):
            self.problems.append(f"{problem} {where}")

    # -- what is drawn

    def wait_until_drawn(self, count=4):
        """Wait for `count` figures."""
        self.page.wait_for_function(f"() => document.querySelectorAll('.js-plotly-plot .xy').length >= {count}")

    def curve(self, name, figure=0):
        """x and y of the curve called `name` as plotly.js holds them in the page."""
        found = self.page.evaluate(_CURVE, [figure, name])
        return None if found is None else tuple(np.array(values, dtype=float) for values in found)

    def wait_for_curve(self, name, y, figure=0, rtol=1e-9):
        """Wait until that curve has the values `y`."""
        deadline = time.monotonic() + SETTLED / 1000
        while time.monotonic() < deadline:
            drawn = self.curve(name, figure)
            if drawn is not None and drawn[1].shape == y.shape and np.allclose(drawn[1], y, rtol=rtol, atol=1e-300):
                return
            self.page.wait_for_timeout(50)
        np.testing.assert_allclose(self.curve(name, figure)[1], y, rtol=rtol)

    def wait_for_name(self, name, figure):
        """Wait until there is a curve called `name`; panels are redrawn one after the other."""
        deadline = time.monotonic() + SETTLED / 1000
        while self.curve(name, figure) is None:
            assert time.monotonic() < deadline, f"no curve {name!r} in figure {figure}"
            self.page.wait_for_timeout(50)

    # -- what a reader does

    def slider(self, label):
        """The handle of the slider called `label`."""
        row = self.page.locator(".widget-hslider", has=self.page.locator(f"label:text-is('{label}')")).first
        return row.locator(".noUi-handle")

    def drag(self, label, pixels):
        """Drag the slider by so many pixels, in small steps like a hand."""
        handle = self.slider(label)
        handle.scroll_into_view_if_needed()
        box = handle.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        for step in range(1, 11):
            self.page.mouse.move(x + pixels * step / 10, y)
            self.page.wait_for_timeout(20)
        self.page.mouse.up()

    def settled_number(self, label):
        """What the box beside a slider says once it has said so for a second: the messages of a drag are through."""
        said = [self.number(label)]
        while len(said) < 6 or len(set(said[-6:])) > 1:
            self.page.wait_for_timeout(200)
            said.append(self.number(label))
        return said[-1]

    def number(self, label):
        """What the box beside the slider called `label` says."""
        row = self.page.locator(".widget-inline-hbox:has(label), .widget-hbox").filter(
            has=self.page.locator(f"label:text-is('{label}')")
        )
        return float(row.locator("input[type=number]").first.input_value())

    def choose(self, label, option):
        """Choose an option of the list called `label`."""
        self.page.get_by_label(label, exact=True).first.select_option(label=option)

    def errors_in_panels(self):
        """The messages that stand in panels."""
        return self.page.locator(".ntkit-error").all_text_contents()


_CURVE = """([figure, name]) => {
  const plots = [...document.querySelectorAll(".js-plotly-plot")];
  const trace = plots[figure]?._fullData.find((trace) => trace.name === name);
  return trace ? [Array.from(trace.x), Array.from(trace.y)] : null;
}"""


@pytest.fixture(scope="module")
def browse(chromium):
    """Open an address in a page of its own: `with browse(address) as page`; problems fail whoever opened it."""

    @contextmanager
    def open_page(address, **context):
        with chromium.new_context(**{"viewport": {"width": 1440, "height": 900}, **context}) as window:
            page = Page(window.new_page())
            page.watch()
            page.page.goto(address)
            yield page
            assert page.problems == []

    return open_page


@pytest.fixture(scope="module")
def open_notebook(jupyter_lab, browse):
    """Open a notebook in JupyterLab and run all of its cells: `with open_notebook(name) as page`."""

    @contextmanager
    def opened(name):
        # A workspace of its own, or JupyterLab would also bring back what another page had open.
        with browse(jupyter_lab.address(f"lab/workspaces/{secrets.token_hex(4)}/tree/{name}")) as page:
            page.page.wait_for_function(f"() => window.jupyterapp?.shell.currentWidget?.context?.path === '{name}'")
            page.page.evaluate(_READY)
            page.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
            page.page.wait_for_function(_ALL_RUN)
            assert page.page.evaluate(_ERRORS) == []
            yield page

    return opened


# "Run All" sent before these are ready is dropped now and then.
_READY = """async () => {
  const { context, sessionContext } = window.jupyterapp.shell.currentWidget;
  await context.ready;
  await sessionContext.ready;
}"""
_ALL_RUN = """() => {
  const cells = window.jupyterapp.shell.currentWidget.content.widgets.filter((cell) => cell.model.type === "code");
  const failed = cells.some((cell) => cell.model.outputs.toJSON().some((output) => output.output_type === "error"));
  return failed || cells.every((cell) => cell.model.executionCount > 0 && cell.model.executionState !== "running");
}"""
_ERRORS = """() => window.jupyterapp.shell.currentWidget.content.widgets.flatMap((cell) =>
  cell.model.type !== "code" ? [] :
  cell.model.outputs.toJSON().filter((output) => output.output_type === "error").map((output) => output.evalue))"""
