"""``python -m ntkit.cli`` is ``ntkit``."""

from ntkit.cli import main

main(prog_name="ntkit")
