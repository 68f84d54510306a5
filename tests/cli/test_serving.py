"""The two servers, started for real: who gets in, and what those who do can do."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from nbformat import v4
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.ioloop import IOLoop
from tornado.websocket import websocket_connect

from ntkit import runner
from ntkit.cli import main, serving

TOKEN = "the-token-of-this-test"
STARTUP_SECONDS = 90


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


BROWSER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _StayHere)


class Server:
    """A running ``ntkit lab`` or ``ntkit demo``."""

    def __init__(self, process, port):
        self.process, self.port, self.address = process, port, f"http://127.0.0.1:{port}"

    def get(self, path, token=None, method="GET", timeout=60):
        """Status, headers and text of one request, redirections not followed."""
        headers = {"Authorization": f"token {token}"} if token else {}
        request = urllib.request.Request(self.address + path, headers=headers, method=method)
        try:
            with BROWSER.open(request, timeout=timeout) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """Call with a command: starts it on a free port in an environment of its own, and waits until it answers."""
    processes = []

    def start(*command):
        environment, log = (
            jupyter_environment(tmp_path_factory.mktemp("jupyter")),
            tmp_path_factory.mktemp("log") / "log",
        )
        port = free_port()
        arguments = [sys.executable, "-m", "ntkit.cli", *command, "--no-browser", "--port", str(port)]
        with log.open("w") as output:
            processes.append(subprocess.Popen(arguments, env=environment, stdout=output, stderr=subprocess.STDOUT))
        server = Server(processes[-1], port)
        wait_for(server, log)
        return server

    yield start
    for process in processes:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def lab(start):
    return start("lab", "--allow-root")


@pytest.fixture(scope="module")
def demo(start):
    return start("demo")


def jupyter_environment(folder):
    """No configuration but ours, no proxy, and a known token."""
    directories = {f"JUPYTER_{kind}_DIR": str(folder / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    return {**os.environ, **directories, "JUPYTER_TOKEN": TOKEN, "IPYTHONDIR": str(folder / "ipython")}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(server, log):
    deadline = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < deadline:
        assert server.process.poll() is None, log.read_text()
        try:
            server.get("/login", timeout=5)
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"no answer within {STARTUP_SECONDS} s:\n{log.read_text()}")


# ---- who gets in


@pytest.mark.parametrize("server", ["lab", "demo"])
def test_only_the_loopback_address_is_served(request, server):
    port = request.getfixturevalue(server).port
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        pass
    with pytest.raises((ConnectionRefusedError, TimeoutError)):  # who listens on every address answers here too
        socket.create_connection(("127.0.0.2", port), timeout=5)


@pytest.mark.parametrize("token", [None, "another-token"])
@pytest.mark.parametrize(("server", "path"), [("lab", "/lab/tree/00_tour.ipynb"), ("demo", "/")])
def test_pages_lead_to_the_login_without_the_token(request, server, path, token):
    status, headers, _ = request.getfixturevalue(server).get(path, token)
    assert status == 302
    assert headers["Location"].startswith("/login?next=")


@pytest.mark.parametrize("path", ["/api/contents/00_tour.ipynb", "/api/kernels", "/api/terminals"])
def test_the_labs_interfaces_are_forbidden_without_the_token(lab, path):
    assert lab.get(path)[0] == 403
    assert lab.get(path, "another-token")[0] == 403
    assert lab.get(path, TOKEN)[0] == 200


def test_the_lab_opens_the_tour_with_the_token(lab):
    assert lab.get(f"/lab/tree/00_tour.ipynb?token={TOKEN}")[0] == 200


def test_the_demo_shows_the_lab_and_no_code_with_the_token(demo):
    status, _, page = demo.get(f"/?token={TOKEN}")
    assert status == 200
    assert "application/vnd.jupyter.widget-view+json" in page
    assert "import ntkit" not in page


# ---- what a class can do


def test_the_demo_has_no_files_terminals_or_kernels_to_start(demo):
    assert demo.get("/voila/files/demo.ipynb", TOKEN)[0] == 403
    for path in ("/api/contents", "/api/terminals", "/api/sessions"):
        assert demo.get(path, TOKEN)[0] in (302, 404)
    assert demo.get("/api/kernels", TOKEN, method="POST")[0] in (403, 404, 405)


def test_the_demos_kernels_run_no_code_of_a_visitor(demo, tmp_path):
    kernel = re.search(r'"kernelId": "([^"]+)"', demo.get(f"/?token={TOKEN}")[2])[1]
    proof = tmp_path / "proof"
    attempt = partial(try_to_run, demo, kernel, f"open({str(proof)!r}, 'w')")
    replies = IOLoop.current().run_sync(attempt, timeout=STARTUP_SECONDS)
    assert "kernel_info_reply" in replies
    assert not replies & {"execute_reply", "execute_input"}
    assert not proof.exists()


def channels(demo, kernel):
    return f"ws://127.0.0.1:{demo.port}/api/kernels/{kernel}/channels"


async def try_to_run(demo, kernel, code):
    """Send code, then ask for the kernel's info; the types of all messages up to its answer."""
    request = HTTPRequest(channels(demo, kernel), headers={"Authorization": f"token {TOKEN}"})
    connection = await websocket_connect(request)
    settings = {"code": code, "silent": False, "store_history": False, "allow_stdin": False, "user_expressions": {}}
    for kind, content in (("execute_request", settings), ("kernel_info_request", {})):
        header = {"msg_id": kind, "msg_type": kind, "session": "test", "username": "", "date": "", "version": "5.3"}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        await connection.write_message(json.dumps(message))
    kinds = set()
    while "kernel_info_reply" not in kinds:
        kinds.add(json.loads(await connection.read_message())["header"]["msg_type"])
    connection.close()
    return kinds


def test_a_kernel_of_the_demo_hears_no_one_without_the_token(demo):
    kernel = re.search(r'"kernelId": "([^"]+)"', demo.get(f"/?token={TOKEN}")[2])[1]
    with pytest.raises(HTTPClientError, match="403"):
        IOLoop.current().run_sync(
            lambda: websocket_connect(f"ws://127.0.0.1:{demo.port}/api/kernels/{kernel}/channels")
        )


# ---- JupyterLab as the tour needs it


def test_the_lab_asks_no_one_for_news(lab):
    path = "/lab/api/settings/@jupyterlab/apputils-extension:notification"
    settings = json.loads(lab.get(path, TOKEN)[2])["schema"]["properties"]
    assert settings["fetchNews"]["default"] == "false"
    assert settings["checkForUpdates"]["default"] is False


@pytest.mark.parametrize(
    ("name", "kept"), [("00_tour.ipynb", False), ("mine.ipynb", True), ("mine/00_tour.ipynb", True)]
)
def test_shipped_notebooks_are_saved_without_outputs_and_others_with_them(name, kept):
    executed = v4.new_code_cell("1 + 1", execution_count=1, outputs=[v4.new_output("stream", text="2")])
    model = {"type": "notebook", "content": v4.new_notebook(cells=[v4.new_markdown_cell("Sums"), executed])}
    serving._save_shipped_without_outputs(model=model, path=name, contents_manager=None)
    assert bool(executed.outputs) == kept
    assert executed.execution_count == (1 if kept else None)


def test_saving_a_shipped_notebook_leaves_its_file_as_the_repository_has_it():
    for path in runner.notebooks():
        kept = path.read_text()
        content = json.loads(kept)
        content["metadata"]["kernelspec"]["display_name"] = "Python 3 (ipykernel)"
        content["metadata"]["language_info"] |= {"version": "3.11.7", "file_extension": ".py"}
        serving._save_shipped_without_outputs({"type": "notebook", "content": content}, path.name, None)
        assert content == json.loads(kept)


def test_an_installed_lab_works_on_a_copy_that_is_made_once(tmp_path, monkeypatch, capsys):
    package = tmp_path / "site-packages" / "ntkit"
    (package / "notebooks").mkdir(parents=True)
    (package / "notebooks" / "00_tour.ipynb").write_text("the tour")
    monkeypatch.setattr(serving, "_HERE", package / "cli")
    monkeypatch.setattr(serving, "notebooks_directory", lambda: package / "notebooks")
    monkeypatch.chdir(tmp_path)

    copy = serving._lab_directory()
    assert copy == Path.cwd() / "ntkit-notebooks"
    assert f"copied the notebooks to {copy}" in capsys.readouterr().out

    (copy / "00_tour.ipynb").write_text("my notes")
    assert (serving._lab_directory() / "00_tour.ipynb").read_text() == "my notes"


# ---- refusals


@pytest.mark.parametrize("command", [("lab", "--allow-root"), ("demo",)])
def test_a_port_that_is_taken_is_named(command):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(main, [*command, "--no-browser", "--port", port])
    assert result.exit_code == 1
    assert f"the server must get port {port} of 127.0.0.1" in result.output
    assert "Choose another with --port" in result.output


@pytest.mark.parametrize("command", [("lab", "--allow-root"), ("demo",)])
def test_a_configuration_that_lets_everyone_in_is_refused(command, tmp_path):
    environment = jupyter_environment(tmp_path)
    (tmp_path / "config").mkdir()
    for name in ("jupyter_server_config.json", "voila.json"):
        (tmp_path / "config" / name).write_text(json.dumps({"IdentityProvider": {"token": ""}}))
    arguments = [sys.executable, "-m", "ntkit.cli", *command, "--no-browser", "--port", str(free_port())]
    finished = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=STARTUP_SECONDS)
    assert finished.returncode == 1
    assert "no one may enter without a token or password" in finished.stderr


def test_root_is_refused_unless_told_otherwise(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    result = CliRunner().invoke(main, ["lab", "--no-browser"])
    assert result.exit_code == 1
    assert "JupyterLab must run as an ordinary user" in result.output
    assert "--allow-root" in result.output


@pytest.mark.parametrize(
    ("ip", "warned"), [("127.0.0.1", False), ("localhost", False), ("::1", False), ("0.0.0.0", True), ("", True)]
)
def test_an_open_address_comes_with_a_warning(ip, warned, capsys):
    serving._warn_of_others(ip, "can run anything as you")
    assert ("Others on the network" in capsys.readouterr().err) == warned


@pytest.mark.parametrize(
    ("ip", "host"),
    [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("0.0.0.0", socket.gethostname()), ("", socket.gethostname())],
)
def test_the_address_that_is_shown_can_be_opened(ip, host):
    assert serving._host(ip) == host
