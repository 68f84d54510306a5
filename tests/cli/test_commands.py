"""The command line: what it offers, and that mistakes are explained rather than raised."""

import csv
import subprocess
import sys
from dataclasses import replace

import pytest
from click.testing import CliRunner

from ntkit import __version__, theorems
from ntkit.cli import main


def invoke(*arguments):
    return CliRunner().invoke(main, arguments)


def test_version():
    assert invoke("--version").output == f"ntkit, version {__version__}\n"


@pytest.mark.parametrize("command", ["lab", "demo", "run", "page", "theorems", "fetch"])
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
        (("fetch", "imagenet"), "'imagenet' is not 'cifar10'"),
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


def test_theorems_lists_the_statements_without_checking_them():
    result = invoke("theorems", "--list")
    assert result.exit_code == 0
    assert len(result.output.splitlines()) == len(theorems.ENTRIES) + 1


def test_theorems_checks_those_named_and_writes_the_table(tmp_path):
    table = tmp_path / "verdicts.csv"
    result = invoke("theorems", "lemma_21", "lemma_26", "--depth", "9", "--csv", str(table))
    assert result.exit_code == 0, result.output
    assert "2 of 2 statements hold." in result.output
    with table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["name"], row["verdict"]) for row in rows] == [("lemma_21", "holds"), ("lemma_26", "holds")]


def test_theorems_exits_with_1_where_a_statement_is_violated(monkeypatch):
    honest = theorems.ENTRIES["lemma_21"]

    def exaggerated(subject, grid):
        return [replace(claim, bound=0.5 * claim.bound) for claim in honest.claim(subject, grid) if claim.sense == "≤"]

    monkeypatch.setitem(theorems.ENTRIES, "lemma_21", replace(honest, claim=exaggerated))
    result = invoke("theorems", "lemma_21")
    assert result.exit_code == 1
    assert "VIOLATED" in result.output
    assert "0 of 1 statements hold." in result.output


def test_theorems_exits_with_1_where_an_erratum_is_none(monkeypatch):
    agreeing = theorems.Evidence("two", 2.0, 2.0, 2.0, accuracy=1e-12)
    erratum = replace(theorems.ERRATA["dual_of_exp"], evidence=lambda: agreeing)
    monkeypatch.setattr(theorems, "ERRATA", {"dual_of_exp": erratum})
    monkeypatch.setattr(theorems, "ENTRIES", {"lemma_21": theorems.ENTRIES["lemma_21"]})
    result = invoke("theorems")
    assert result.exit_code == 1
    assert "NOT TOLD APART" in result.output


def test_theorems_names_what_it_does_not_know():
    result = invoke("theorems", "theorem_99")
    assert result.exit_code == 1
    assert "got 'theorem_99'" in result.output
