"""What several commands need: places, settings, and how one of our modules is started."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cli.errors import Refusal
from cli.places import ROOT

if TYPE_CHECKING:
    from bot.settings import Settings


def settings() -> "Settings":
    """The settings.

    Raises:
        Refusal: one of them is malformed.
    """
    from bot.settings import SettingsError, load

    try:
        return load()
    except SettingsError as error:
        raise Refusal(str(error)) from None


def require(current: "Settings", *names: str) -> None:
    """Makes sure that the named settings are set.

    Raises:
        Refusal: one of them is not.
    """
    from bot.settings import SettingsError

    try:
        current.require(*names)
    except SettingsError as error:
        raise Refusal(str(error)) from None


def home_of(current: "Settings") -> Path:
    """`MENTORLINE_HOME` as an absolute path, made if absent.

    Raises:
        Refusal: it cannot be made or written to.
    """
    home = current.mentorline_home.resolve()
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal(f"MENTORLINE_HOME ({home}) cannot be made: {error.strerror}.") from None
    if not os.access(home, os.W_OK | os.X_OK):
        raise Refusal(f"MENTORLINE_HOME ({home}) cannot be written to.")
    return home


CLOCK = "demo.clock"
"""Under MENTORLINE_HOME: by how much the demo's time is off the real one."""


def module(name: str, *arguments: str) -> tuple[str, ...]:
    """Command line that runs one of our modules in the app's environment."""
    return (sys.executable, "-P", "-m", name, *arguments)


def child_environment(home: Path) -> dict[str, str]:
    """What every process of ours needs, wherever it is started from."""
    return {
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "MENTORLINE_HOME": str(home),
    }
