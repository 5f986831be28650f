"""Running what installs things: shown with its seconds, logged, its failures in one sentence.

Used before anything is installed: standard library only.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from cli.errors import Refusal
from cli.places import ROOT, VENV

LOG = VENV / "setup.log"
# As uv and pip say it, in lower case.
OFFLINE_SIGNS = (
    "dns error",
    "error sending request",
    "failed to fetch",
    "failed to download",
    "could not connect",
    "network is unreachable",
    "temporary failure in name resolution",
    "newconnectionerror",
)


class Failed(Exception):
    """A command that the set-up ran has failed; the text is what it wrote."""


def say(text: str, end: str = "\n") -> None:
    # Standard output belongs to the command that follows: people redirect it.
    sys.stderr.write(text + end)
    sys.stderr.flush()


def ask(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs something short and gives what it said; a failure is an answer too."""
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)


def run(command: Sequence[str | Path], title: str) -> None:
    """Runs a command, showing `title` and the seconds it has taken; raises Failed."""
    started = time.monotonic()
    live = sys.stderr.isatty()
    say(f"Setting up {title} …", end="" if live else "\n")
    with open(LOG, "a+", encoding="utf-8", errors="replace") as log:
        log.write(f"\n$ {' '.join(map(str, command))}\n")
        log.flush()
        begin = log.seek(0, os.SEEK_END)
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            # It holds the lock as well: if we are killed, the next start waits until it is done.
            close_fds=False,
            env={k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")},
        )
        try:
            while process.poll() is None:
                time.sleep(0.1)
                if live:
                    say(f"\rSetting up {title} … {time.monotonic() - started:.0f} s", end="")
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            if live:
                say("")
        log.seek(begin)
        output = log.read()
    if process.returncode:
        raise Failed(output)
    if not live:
        say(f"Setting up {title} … {time.monotonic() - started:.0f} s")


def offline(failure: Failed) -> bool:
    output = str(failure).lower()
    return any(sign in output for sign in OFFLINE_SIGNS)


def explain(what: str, failure: Failed) -> Refusal:
    """The one sentence for a failed download or installation."""
    if "no space left" in str(failure).lower():
        return Refusal(f"There is no room left on the disk for {what}.")
    if offline(failure):
        return Refusal(
            f"Setting up {what} needs the internet this first time, and it cannot be reached: "
            f"connect and start again (details: {LOG})."
        )
    return Refusal(f"Setting up {what} failed; what went wrong is in {LOG}.")
