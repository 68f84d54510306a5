"""The command line: what it offers, and that mistakes are explained rather than raised."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from ntkit import __version__
from ntkit.cli import main


def invoke(*arguments):
    return CliRunner().invoke(main, arguments)


def test_version():
    assert invoke("--version").output == f"ntkit, version {__version__}\n"


@pytest.mark.parametrize("command", ["lab", "demo", "run", "page"])
def test_each_command_explains_itself(command):
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert command in invoke("--help").output


def test_help_loads_nothing_slow():
    code = (
        "import sys; from click.testing import CliRunner; from ntkit.cli import main;"
        "CliRunner().invoke(main, ['--help']);"
        "print([name for name in ('torch', 'plotly', 'jupyterlab', 'voila', 'papermill') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_module_is_the_command():
    command = [sys.executable, "-m", "ntkit.cli", "--version"]
    assert (
        subprocess.run(command, capture_output=True, text=True, check=True).stdout == f"ntkit, version {__version__}\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "--profile", "slow"), "'slow' is not one of 'fast', 'full'"),
        (("run", "--device", "tpu"), "'tpu' is not one of 'auto', 'cpu', 'cuda'"),
        (("lab", "--port", "70000"), "70000 is not in the range 0<=x<=65535"),
        (("teach",), "No such command 'teach'"),
    ],
)
def test_misuse_exits_with_2(arguments, message):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_a_page_that_cannot_be_written_is_explained(tmp_path):
    result = invoke("page", str(tmp_path / "absent" / "page.html"))
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert "absent" in result.output
