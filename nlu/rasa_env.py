"""Where Rasa's own Python is and what its processes need in their environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class RasaEnvironmentMissing(Exception):
    """Rasa's environment is not set up here. The message is one sentence."""


def python(env: Mapping[str, str] | None = None) -> Path:
    """Return Rasa's Python: ``MENTORLINE_RASA_PYTHON``, else the one under ``.venv/rasa``.

    Raises:
        RasaEnvironmentMissing: it is not there.
    """
    chosen = (os.environ if env is None else env).get("MENTORLINE_RASA_PYTHON")
    path = Path(chosen) if chosen else ROOT / ".venv" / "rasa" / "bin" / "python"
    if not path.exists():
        raise RasaEnvironmentMissing(
            "Rasa's environment is not set up: run ./mentorline rasa, which makes it."
        )
    return path


def environment(scratch: Path, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a Rasa process: ours on the path, no TensorFlow, no telemetry.

    Args:
        scratch: a writable folder; libraries keep caches there.
        env: what to start from; the current environment when absent.
    """
    return {
        **(os.environ if env is None else env),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "nlu" / "stub")]),
        "PYTHONWARNINGS": "ignore",
        "PYTHONUNBUFFERED": "1",
        "RASA_TELEMETRY_ENABLED": "false",
        "RASA_MAX_CACHE_SIZE": "0",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "MPLCONFIGDIR": str(scratch),
        "TQDM_DISABLE": "1",
    }
