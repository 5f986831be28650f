"""Starts Rasa on a published model: ``python -m nlu.serve [--port 5005] [--host 127.0.0.1]``.

The REST channel itself asks for no password, so Rasa listens on this machine unless told otherwise;
on several machines it belongs in a private network. ``RASA_TOKEN`` protects the rest of its HTTP.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from nlu import rasa_env
from nlu.rasa_env import ROOT

DIALOGUES = ROOT / "bot" / "dialogues"
ACTIONS_URL = "http://127.0.0.1:8000/rasa/actions"
TRACKER_SCHEMA = "rasa"
IN_MEMORY = "rasa.core.tracker_store.InMemoryTrackerStore"


class NoModel(Exception):
    """No model has been published yet. The message is one sentence."""


def home(env: Mapping[str, str]) -> Path:
    """Return where data and models live: ``MENTORLINE_HOME``, else ``var`` beside the launcher."""
    return Path(env.get("MENTORLINE_HOME") or ROOT / "var").resolve()


def command(model: Path, host: str, port: int, python: Path) -> list[str]:
    """Return the command line of one Rasa server."""
    line = [str(python), "-m", "nlu.run_rasa", "run", "--quiet", "--enable-api"]
    line += ["--model", str(model), "--interface", host, "--port", str(port)]
    line += ["--endpoints", str(DIALOGUES / "endpoints.yml")]
    return [*line, "--credentials", str(DIALOGUES / "credentials.yml")]


def environment(env: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """Return the environment of one Rasa server, made from ours.

    Reads ``DATABASE_URL`` (conversations are kept there, in schema ``rasa``; in memory when it is
    not set), ``RASA_ACTIONS_URL`` and ``ACTIONS_TOKEN``.
    """
    database = env.get("DATABASE_URL")
    return {
        **rasa_env.environment(scratch, env),
        "RASA_ACTIONS_URL": env.get("RASA_ACTIONS_URL") or ACTIONS_URL,
        "ACTIONS_TOKEN": env.get("ACTIONS_TOKEN") or "none",
        "RASA_TRACKER_TYPE": "SQL" if database else IN_MEMORY,
        "RASA_TRACKER_URL": tracker_url(database) if database else "none",
        "POSTGRESQL_SCHEMA": TRACKER_SCHEMA,
        # One event loop uses few connections, and each of PostgreSQL's costs memory.
        "SQL_POOL_SIZE": "2",
        "SQL_MAX_OVERFLOW": "3",
        # Short texts are too small to be worth several threads, and these would fight the worker's.
        "OPENBLAS_NUM_THREADS": "1",
    }


def tracker_url(database_url: str) -> str:
    """Return the same database for Rasa's SQLAlchemy 1.4 and its psycopg2."""
    _, _, rest = database_url.partition("://")
    return f"postgresql+psycopg2://{rest}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Become Rasa."""
    parser = argparse.ArgumentParser(prog="python -m nlu.serve", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5005)
    parser.add_argument("--model", type=Path, help="a model other than the published one")
    parser.add_argument("--print", action="store_true", help="only print the command")
    chosen = parser.parse_args(arguments)
    base = home(os.environ)
    model = chosen.model or base / "models" / "current.tar.gz"
    try:
        if not model.exists():
            raise NoModel("There is no trained model yet: ./mentorline train makes one.")
        line = command(model, chosen.host, chosen.port, rasa_env.python())
    except (NoModel, rasa_env.RasaEnvironmentMissing) as error:
        raise SystemExit(str(error)) from None
    if chosen.print:
        print(shlex.join(line))
        return
    scratch = base / "rasa"
    scratch.mkdir(parents=True, exist_ok=True)
    # Rasa looks for further files where it stands; there it finds none.
    os.chdir(scratch)
    sys.stdout.flush()
    os.execve(line[0], line, environment(os.environ, scratch))  # noqa: S606


if __name__ == "__main__":
    main()
