"""The command line: ``ntkit lab``, ``demo``, ``run``, ``page``, ``theorems`` and ``fetch``."""

import csv
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path

import click

from ntkit import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ntkit")
def main():
    """The laboratory bench for the theory of wide and deep neural networks."""


def _server_options(command):
    """Options that `lab` and `demo` share."""
    for option in reversed(
        (
            click.option("--ip", default="127.0.0.1", show_default=True, help="Address to listen on."),
            click.option(
                "--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: the first free one]"
            ),
            click.option("--no-browser", is_flag=True, help="Print the address, and do not open a browser."),
        )
    ):
        command = option(command)
    return command


@main.command()
@_server_options
@click.option("--allow-root", is_flag=True, help="Serve as the root user too, as containers often need.")
def lab(ip, port, no_browser, allow_root):
    """Open JupyterLab on the tour.

    Only this machine can reach it, and only with the token that is printed; --ip opens it to others.
    """
    _hush_deprecations()
    from ntkit.cli.serving import serve_lab

    _or_explain(serve_lab, ip=ip, port=port, browser=not no_browser, allow_root=allow_root)


@main.command()
@_server_options
def demo(ip, port, no_browser):
    """Serve the lab without code, for a class.

    Who has the address with its token moves the sliders, and can run nothing else.  Each has a kernel of their own,
    which takes about 0.4 GB.
    Only this machine can reach it; --ip 0.0.0.0 opens it to the class.
    """
    _hush_deprecations()
    from ntkit.cli.serving import serve_demo

    _or_explain(serve_demo, ip=ip, port=port, browser=not no_browser)


@main.command()
@click.argument("output", type=click.Path(path_type=Path, dir_okay=False), default="ntkit.html")
def page(output):
    """Write the lab's pictures as one HTML file, OUTPUT, with sliders that need no server, no kernel and no net."""
    from ntkit.figures.page import write_page

    click.echo(f"wrote {_or_explain(write_page, output)}")


@main.command()
@click.argument("notebooks", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--profile", type=click.Choice(("fast", "full")), default="fast", show_default=True, help="Size of the run."
)
@click.option(
    "--device", type=click.Choice(("auto", "cpu", "cuda")), default="auto", show_default=True, help="Where to compute."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the notebooks' random numbers.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of the report.  [default: runs/<time>]",
)
@click.option(
    "--against",
    type=click.Choice(("cpu", "cuda")),
    help="Whose reference to use.  [default: of the device that computes]",
)
@click.option("--update-reference", is_flag=True, help="Make the recorded numbers the reference.")
def run(notebooks, profile, device, seed, output, against, update_reference):
    """Execute NOTEBOOKS (all that come with ntkit if none are named) and compare their numbers with the reference.

    Exits with 1 where a cell or a callback fails, or a record is missing, unexpected or deviates.
    """
    from ntkit import runner

    output = output or Path("runs") / f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    outcomes = _or_explain(
        runner.run,
        notebooks or _or_explain(runner.notebooks),
        output,
        profile=profile,
        device=device,
        seed=seed,
        against=against,
        update_reference=update_reference,
        on_outcome=_print_outcome,
    )
    click.echo(f"report: {output / 'index.html'}")
    sys.exit(0 if all(outcome.passed for outcome in outcomes) else 1)


@main.command()
@click.argument("names", nargs=-1)
@click.option("--list", "only_list", is_flag=True, help="List the statements, and check nothing.")
@click.option("--depth", type=click.IntRange(min=1), help="Deepest network for pairs of points.  [default: 120]")
@click.option(
    "--csv", "table", type=click.Path(path_type=Path, dir_okay=False), help="Write the table of verdicts to this file."
)
def theorems(names, only_list, depth, table):
    """Check the statements of the papers called NAMES (all if none are named) against exact quantities.

    Prints a line a statement: its verdict, how many numbers were compared, how much of the bound the tightest of them
    uses, and where.  Without NAMES the errata follow.  Exits with 1 where a statement is violated.
    """
    from ntkit import theorems as ledger

    if only_list:
        click.echo(str(ledger.table()))
        return
    grid = ledger.Grid() if depth is None else ledger.Grid(depth=depth)
    found = _or_explain(ledger.run, names or None, grid, on_verdict=_print_verdict)
    if table is not None:
        _or_explain(_write_csv, table, found.rows)
    errata = ledger.errata() if not names else None
    if errata is not None:
        click.echo("\nErrata, each told from what is right by a number:")
        for row in errata.rows:
            click.echo(f"  {row['where']}: {row['printed']}  →  {row['right']}  [{row['print is']}]")
    click.echo(f"\n{sum(verdict.holds for verdict in found.verdicts)} of {len(found)} statements hold.")
    sys.exit(0 if found.holds and (errata is None or errata.holds) else 1)


@main.command()
@click.argument("name", type=click.Choice(("cifar10",)))
@click.option(
    "--to", "place", type=click.Path(path_type=Path), help="Folder to put it in.  [default: NTKIT_DATA, or your cache]"
)
def fetch(name, place):
    """Download the images NAME unless they are there, read them once, and print where they lie.

    A machine without network takes a copy of that file: name its folder in the environment variable NTKIT_DATA there.
    """
    from ntkit.data import cifar, cifar10

    lies = _or_explain(cifar.fetch, place)
    click.echo(_or_explain(cifar10, lies).description, err=True)
    click.echo(lies)


def _print_verdict(verdict):
    word = click.style(f"{verdict.word:<9}", fg="green" if verdict.holds else "red")
    tightest = verdict.tightest
    share = f"{100 * tightest.share:5.1f} %" if tightest and tightest.tells_share else " " * 7
    click.echo(f"{verdict.entry.title:<28} {word} {verdict.compared:>8}  {share}  {tightest or ''}")


def _write_csv(path, rows):
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _print_outcome(outcome):
    """One line for a notebook that passes; for one that fails, a line for everything that is wrong with it."""
    agreeing = sum(comparison.verdict == "agrees" for comparison in outcome.comparisons)
    verdict = click.style("passed", fg="green") if outcome.passed else click.style("FAILED", fg="red")
    click.echo(
        f"{outcome.name}: {verdict}, {agreeing} of {len(outcome.comparisons)} records agree, {outcome.seconds:.1f} s"
    )
    for problem in outcome.problems:
        click.echo(f"  {problem}")
    for comparison in outcome.comparisons:
        if comparison.verdict != "agrees":
            click.echo(f"  {_deviation_line(comparison)}")


def _deviation_line(comparison):
    got, expected = (record.rounded if record else "nothing" for record in (comparison.record, comparison.reference))
    stated = (comparison.reference or comparison.record).tolerance.statement
    distance = f"(deviation {comparison.deviation:.3g}; {stated})"
    return f"{comparison.verdict}: {comparison.name}: got {got}, reference {expected} {distance}"


def _hush_deprecations():
    """Voila shows everyone what Jupyter's parts deprecate in one another; whoever runs a command can do nothing about
    it."""
    import voila  # noqa: F401  its import switches these warnings on, also in JupyterLab, which loads it as an extension

    warnings.filterwarnings("ignore", category=DeprecationWarning, module="traitlets")


def _or_explain(function, *arguments, **keywords):
    """Call, and turn what the user can put right into a message and exit status 1 instead of a traceback."""
    try:
        return function(*arguments, **keywords)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
