"""`./mentorline bench NAME`: runs a module of `benchmarks/` in a process of its own."""

import os

from cli.common import child_environment, home_of, module, settings
from cli.errors import Refusal
from cli.services import wait_for

STOPPED = 130
"""Exit status after Ctrl-C."""


def run(name: str, as_json: bool, quick: bool, more: tuple[str, ...] = ()) -> None:
    """Runs `benchmarks.<name>`, which prints a table, or JSON with `--json`.

    `more`: options that only this benchmark has.

    Raises:
        Refusal: it failed.
    """
    flags = (*(["--json"] if as_json else []), *(["--quick"] if quick else []), *more)
    command = module(f"benchmarks.{name}", *flags)
    code = wait_for(command, os.environ | child_environment(home_of(settings())))
    if code == STOPPED:
        raise SystemExit(code)
    if code:
        raise Refusal(f"The benchmark {name} failed (exit {code}).")
