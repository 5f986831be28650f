"""Commands in this process, on a town's database and at a town's time."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from cli.app import app
from cli.errors import Refusal
from tests.town import Town


class Shell:
    """Gives what a command printed, or ``Refused:`` and its sentence."""

    def __init__(self, town: Town, home: Path, **settings: str) -> None:
        """``home``: becomes ``MENTORLINE_HOME``; ``settings``: more of the environment."""
        assert town.settings.database_url is not None
        self._town = town
        self._clock = home / "clock"
        self._environment = {
            "DATABASE_URL": town.settings.database_url,
            "MENTORLINE_HOME": str(home),
            "MENTORLINE_CLOCK": str(self._clock),
            **settings,
        }

    def __call__(self, *words: str, status: int = 0, **more: Any) -> str:
        """Run a command, which must end with ``status``; ``more`` goes to the runner."""
        self._clock.write_bytes(struct.pack("<d", self._town.time.offset.total_seconds()))
        answer = CliRunner(env=self._environment).invoke(app, words, **more)
        if isinstance(answer.exception, Refusal):
            return f"Refused: {answer.exception}"
        assert answer.exit_code == status, answer.output
        return answer.stdout
