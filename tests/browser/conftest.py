"""A real JupyterLab, a real Voila and a headless Chromium, each started once for the run and ended with it.

Nothing outside the loopback address is contacted: both servers bind to 127.0.0.1 behind a fresh token, JupyterLab's news
and update checks are switched off, and every request of a page to another host fails the test that made it.
"""

import json
import os
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

import pytest
from playwright.sync_api import sync_playwright

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
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
NOTEBOOKS = Path(__file__).parent / "notebooks"


@dataclass(frozen=True)
class Server:
    """Where a server listens, and the token that it asks for."""

    url: str
    token: str

    def address(self, path, **query):
        """The full address of `path`, with the token and `query` as its query string."""
        pairs = "&".join(f"{key}={value}" for key, value in {"token": self.token, **query}.items())
        return f"{self.url}/{path}?{pairs}"


@dataclass
class Watched:
    """A page together with everything that went wrong in it."""

    page: object
    problems: list = field(default_factory=list)


def free_port():
    """A port that was free a moment ago on the loopback address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_up(process, url, log, seconds=90.0):
    """Poll `url` until it answers; a server that ends first raises with its log."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}:\n{log.read_text()}")
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except urllib.error.HTTPError:
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"no answer from {url} within {seconds:g} s:\n{log.read_text()}")


@pytest.fixture(scope="session")
def jupyter_environment(tmp_path_factory):
    """Environment variables under which Jupyter keeps every file of its own in a fresh folder."""
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
    threads = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    return {**os.environ, **{name: str(path) for name, path in own.items()}, **threads}


@pytest.fixture(scope="session")
def notebook_root(tmp_path_factory):
    """A folder of copies of the notebooks, so that a browser that saves cannot change the originals."""
    root = tmp_path_factory.mktemp("root")
    project = Path(__file__).parents[2] / "notebooks"
    for source in (*NOTEBOOKS.glob("*.ipynb"), *project.glob("*.ipynb")):
        shutil.copy(source, root / source.name)
    return root


@contextmanager
def serving(command, environment, folder, url):
    """Run `command` in `folder` until the block is left; the server must answer at `url` first."""
    log = folder / f"{command[2]}.log"
    with log.open("w") as stream:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=stream, stderr=stream)
        try:
            wait_until_up(process, url, log)
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture(scope="session")
def jupyter_lab(jupyter_environment, notebook_root):
    """A running JupyterLab over the copied notebooks."""
    server = Server(f"http://127.0.0.1:{free_port()}", secrets.token_hex(16))
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": server.url.rpartition(":")[2],
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": notebook_root,
        "ServerApp.allow_root": True,
        "IdentityProvider.token": server.token,
        "LabApp.expose_app_in_browser": True,
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", *(f"--{k}={v}" for k, v in options.items())]
    with serving(command, jupyter_environment, notebook_root, server.address("api/status")):
        yield server


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium."""
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGUMENTS))
        yield browser
        browser.close()
