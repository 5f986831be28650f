"""`./mentorline test`: sees to the browser and the model, then runs pytest in the project."""

import os
import sys
from collections.abc import Sequence

from cli.browser import HOW_TO_GET_IT, chromium
from cli.common import child_environment, home_of, module, settings
from cli.errors import Refusal
from cli.places import ROOT
from cli.services import train, wait_for


def test(arguments: Sequence[str]) -> int:
    """Runs every test, or what `arguments` pick; gives pytest's exit status, as 0 or 1.

    Where there is no Chromium the tests with the mark `browser` are left out, and that is said;
    in CI (`CI` is set) it is a failure.

    Raises:
        Refusal: no Chromium in CI, or the model cannot be trained.
    """
    env = os.environ | child_environment(home_of(settings()))
    chosen = [*shared_out(arguments), *arguments]
    browser = chromium()
    if browser:
        env["MENTORLINE_CHROMIUM"] = browser
    elif os.environ.get("CI"):
        raise Refusal(f"The browser tests need Chromium, which is not here: {HOW_TO_GET_IT}.")
    else:
        print(f"No Chromium, so the browser tests are left out: {HOW_TO_GET_IT}.", file=sys.stderr)
        chosen = ["-m", "not browser", *chosen]
    train(())
    os.chdir(ROOT)
    return 1 if wait_for(module("pytest", *chosen), env) else 0


def shared_out(arguments: Sequence[str]) -> list[str]:
    """Several processes share the tests, unless single files or tests are named.

    `tests/conftest.py` says how many `auto` are, and what stays together.
    """
    named = (one for one in arguments if not one.startswith("-"))  # not `--ignore=tests/x.py`
    if any(argument.partition("::")[0].endswith(".py") for argument in named):
        return []
    return ["-n", "auto", "--dist", "loadgroup", "--no-loadscope-reorder"]
