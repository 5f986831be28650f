"""The whole demo, as a person starts and stops it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from cli.database import postmaster
from cli.network import free_port, status
from tests.dialogue import MODELS

ROOT = Path(__file__).resolve().parent.parent
# How long is waited for it before the test fails; how long it takes is no test.
PATIENCE = 400.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@contextmanager
def demo_on(home: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A demo, in a session of its own; it does not outlive a test that fails."""
    with (home / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli", "demo", "--port", str(port)],
            env=os.environ | {"PYTHONPATH": str(ROOT), "MENTORLINE_HOME": str(home)},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.kill()  # its keeper stops whom it has started
        process.wait()


def ready(demo: subprocess.Popen[bytes], home: Path) -> list[psutil.Process]:
    """Waits until it says so; returns everybody whom it started, the database included."""

    def said() -> str:
        return (home / "output").read_text()

    def is_ready() -> bool:
        assert demo.poll() is None, said()
        return re.search(r"^Ready in ", said(), re.MULTILINE) is not None

    assert soon(is_ready, PATIENCE), said()
    database = psutil.Process(postmaster(home))
    return [*psutil.Process(demo.pid).children(recursive=True), database]


def ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def soon(true: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.1)
    return true()


def what_takes_long(home: Path) -> dict[str, object]:
    """What a start would have made anew: database, schema, sample people, model."""
    lines = (home / "postgres" / "postmaster.pid").read_text().splitlines()
    with psycopg.connect(host=lines[4], user="postgres", dbname="postgres") as connection:

        def rows(statement: str) -> list[tuple[object, ...]]:
            return connection.execute(statement).fetchall()

        return {
            "cluster": (home / "postgres" / "PG_VERSION").stat().st_ino,
            "tables": rows("SELECT oid, relname FROM pg_class WHERE relkind = 'r' ORDER BY oid"),
            "schema": rows("SELECT version_num, xmin::text FROM alembic_version"),
            "people": rows("SELECT id, created_at FROM person ORDER BY id"),
            "model": (home / "models" / "current.tar.gz").stat().st_ino,
        }


def test_demo_comes_up_makes_nothing_twice_and_leaves_nobody(tmp_path: Path) -> None:
    if MODELS.exists():
        shutil.copytree(MODELS, tmp_path / "models")
    port = free_port()

    with demo_on(tmp_path, port) as demo:
        everybody = ready(demo, tmp_path)
        for page in ("healthz", "readyz", "simulator"):
            assert status(f"http://127.0.0.1:{port}/{page}", timeout=20) == 200
        made = what_takes_long(tmp_path)
        assert made["people"]
        with demo_on(tmp_path, free_port()) as again:
            assert again.wait(60) == 1
            assert "Mentorline already runs on" in (tmp_path / "output").read_text()
        demo.send_signal(signal.SIGINT)
        assert demo.wait(30) == 0
        # Whoever is left now is left for good, and not just slow to go.
        assert soon(lambda: all(ended(process) for process in everybody), 10)

    with demo_on(tmp_path, port) as demo:
        everybody = ready(demo, tmp_path)
        assert what_takes_long(tmp_path) == made
        assert "up to date" in (tmp_path / "logs" / "train.log").read_text().splitlines()[-1]
        demo.kill()
        demo.wait()
        assert soon(lambda: all(ended(process) for process in everybody), 30)
