"""`./mentorline bench NAME`: runs a module of `benchmarks/` in a process of its own."""

import os
from collections.abc import Sequence

from cli.common import child_environment, home_of, module, settings
from cli.errors import Refusal
from cli.services import wait_for


def run(name: str, as_json: bool, arguments: Sequence[str]) -> None:
    """Runs `benchmarks.<name>`, which prints a table, or JSON with `--json`.

    Raises:
        Refusal: it failed.
    """
    flags = ["--json"] if as_json else []
    command = module(f"benchmarks.{name}", *flags, *arguments)
    code = wait_for(command, os.environ | child_environment(home_of(settings())))
    if code:
        raise Refusal(f"The benchmark {name} failed (exit {code}).")
