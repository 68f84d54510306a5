"""The two servers: JupyterLab on the tour, and the lab without code through Voila.

The lab is a full Jupyter server: who has the token can run anything as the user who started it.  The demo is Voila's
own server rather than Voila inside a Jupyter server, because a class gets its token: it offers no way to start a
kernel of one's own, no files and no terminals, and its kernels take messages to widgets and no code.  Voila has no
token unless it is told to; here it is.
"""

import os
import shutil
import socket
import tempfile
import threading
import webbrowser
from html import escape
from ipaddress import ip_address
from pathlib import Path

import click
from jupyterlab.labapp import LabApp
from tornado.ioloop import IOLoop
from voila.app import Voila

from ntkit.runner import notebooks, notebooks_directory

_HERE = Path(__file__).resolve().parent
_DEMO = _HERE / "demo.ipynb"
_COPY = "ntkit-notebooks"
_IDLE_SECONDS = 900
_KEPT_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def serve_lab(*, ip, port, browser, allow_root):
    """Open JupyterLab on the tour, and return when it is stopped.

    Raises: ValueError where the server would be open to anyone, or runs as root without being told that it may; OSError
    where the port is taken.
    """
    _require_ordinary_user(allow_root)
    _require_free(ip, port)
    _add_configuration(_HERE / "jupyter")
    server = LabApp.initialize_server(
        argv=[
            f"--ServerApp.ip={ip}",
            *([f"--ServerApp.port={port}", "--ServerApp.port_retries=0"] if port is not None else []),
            f"--ServerApp.open_browser={browser}",
            f"--ServerApp.allow_root={allow_root}",
            f"--ServerApp.root_dir={_lab_directory()}",
            "--ServerApp.log_level=WARN",
            "--LabApp.log_level=WARN",
            "--LabApp.default_url=/lab/tree/00_tour.ipynb",
        ]
    )
    server.contents_manager.register_pre_save_hook(_save_shipped_without_outputs)
    _require_token(server.identity_provider)
    _warn_of_others(ip, "can run anything as you")
    server.start()


def serve_demo(*, ip, port, browser):
    """Serve the lab without its code, and return when it is stopped.

    Raises: ValueError where the server would be open to anyone; OSError where the port is taken.
    """
    _require_free(ip, port)
    _Demo.launch_instance(
        argv=[
            str(_DEMO),
            f"--Voila.ip={ip}",
            *([f"--Voila.port={port}", "--Voila.port_retries=0"] if port is not None else []),
            f"--Voila.open_browser={browser}",
            f"--Voila.root_dir={_HERE}",
            "--Voila.auto_token=True",
            "--Voila.log_level=WARN",
            "--VoilaConfiguration.file_allowlist=(?!).*",  # matches no file
            f"--MappingKernelManager.cull_idle_timeout={_IDLE_SECONDS}",
        ]
    )


class _Demo(Voila):
    """Voila that refuses to start without a token, and opens the browser with it."""

    def init_settings(self):
        settings = super().init_settings()
        _require_token(self.identity_provider)
        return settings

    def listen(self):
        IOLoop.current().add_callback(self._announce)  # once it runs, and the port is known
        super().listen()

    def _announce(self):
        _warn_of_others(self.ip, "can move the sliders, in a kernel of their own")
        click.echo(f"The lab, until you press Ctrl-C: {self._address}")

    @property
    def _address(self):
        return f"http://{_host(self.ip)}:{self.port}{self.base_url}?token={self.identity_provider.token}"

    def launch_browser(self):
        """Through a file that only this user can read: other users can see the arguments of a command."""
        address = escape(self._address, quote=True)
        with tempfile.NamedTemporaryFile("w", suffix=".html", dir=self.connection_dir, delete=False) as page:
            page.write(f'<meta http-equiv="refresh" content="0; url={address}">')
        threading.Thread(target=webbrowser.open, args=(Path(page.name).as_uri(),), daemon=True).start()


def _require_token(identity_provider):
    if not identity_provider.auth_enabled:
        raise ValueError(
            "no one may enter without a token or password; your Jupyter configuration switches both off. "
            "Remove `IdentityProvider.token = ''` there (`jupyter --paths` lists the directories)."
        )


def _require_ordinary_user(allow_root):
    if hasattr(os, "geteuid") and os.geteuid() == 0 and not allow_root:
        raise ValueError(
            "JupyterLab must run as an ordinary user, since who has the token can run anything; got root. "
            "Change the user, or say --allow-root where root is harmless, as in a container."
        )


def _require_free(ip, port):
    """Better before the server starts, whose own message comes amid its log."""
    if not port:
        return
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ip, port))
        except OSError as error:
            raise OSError(
                f"the server must get port {port} of {ip}; {error.strerror}. Choose another with --port."
            ) from error


def _warn_of_others(ip, power):
    if not _is_loopback(ip):
        message = f"Others on the network can reach {ip}. Who has the token {power}; the connection is not encrypted."
        click.secho(message, fg="yellow", err=True)


def _host(ip):
    """What a browser is told for an address to listen on."""
    if ip in ("", "0.0.0.0", "::"):
        return socket.gethostname()
    return f"[{ip}]" if ":" in ip else ip


def _is_loopback(ip):
    try:
        return ip_address(ip).is_loopback
    except ValueError:
        return ip == "localhost"


def _add_configuration(directory):
    """Put a directory before the user's own Jupyter configuration: news and update checks off."""
    paths = [str(directory), os.environ.get("JUPYTER_CONFIG_PATH")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(path for path in paths if path)


def _lab_directory():
    """The clone's notebooks themselves; from a wheel a copy in the working directory, made once and then the user's
    own."""
    source = notebooks_directory()
    if not source.is_relative_to(_HERE.parent):
        return source
    copy = Path.cwd() / _COPY
    if not copy.exists():
        shutil.copytree(source, copy)
        click.echo(f"copied the notebooks to {copy}")
    return copy


def _save_shipped_without_outputs(model, path, contents_manager, **_):
    """The notebooks that come with ntkit stay as they are kept in the repository: without outputs, which rot, and
    without the version of the kernel."""
    shipped = {notebook.name for notebook in notebooks()}
    if model["type"] == "notebook" and path in shipped:
        model["content"]["metadata"] |= _KEPT_METADATA
        for cell in model["content"]["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
