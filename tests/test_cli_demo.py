"""The whole demo, as a person starts and stops it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from cli.common import home_of, settings
from cli.database import postmaster
from cli.network import free_port, status

ROOT = Path(__file__).resolve().parent.parent
FIRST_START = 400.0  # it may have to train
SECOND_START = 20.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def begin(home: Path, port: int) -> subprocess.Popen[bytes]:
    with (home / "output").open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "cli", "demo", "--port", str(port)],
            env=os.environ | {"PYTHONPATH": str(ROOT), "MENTORLINE_HOME": str(home)},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def seconds_until_ready(demo: subprocess.Popen[bytes], home: Path, patience: float) -> float:
    """What the demo itself says; fails when it ends, or is not ready in time."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        said = (home / "output").read_text()
        found = re.search(r"^Ready in ([0-9.]+) s", said, re.MULTILINE)
        if found:
            return float(found[1])
        assert demo.poll() is None, said
        time.sleep(0.1)
    pytest.fail(f"not ready after {patience} s: {said}")


def family(demo: subprocess.Popen[bytes], home: Path) -> list[psutil.Process]:
    """Everybody whom the demo started, the database included."""
    database = psutil.Process(postmaster(home))
    return [*psutil.Process(demo.pid).children(recursive=True), database]


def ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def soon(true: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.1)
    return true()


def test_demo_comes_up_is_quick_the_second_time_and_leaves_nobody(tmp_path: Path) -> None:
    trained = home_of(settings()) / "models"
    if trained.exists():
        shutil.copytree(trained, tmp_path / "models")
    port = free_port()

    demo = begin(tmp_path, port)
    seconds_until_ready(demo, tmp_path, FIRST_START)
    everybody = family(demo, tmp_path)
    for page in ("healthz", "readyz", "simulator"):
        assert status(f"http://127.0.0.1:{port}/{page}", timeout=5) == 200
    again = begin(tmp_path, free_port())
    assert again.wait(30) == 1
    assert "Mentorline already runs on" in (tmp_path / "output").read_text()
    demo.send_signal(signal.SIGINT)
    assert demo.wait(10) == 0
    assert soon(lambda: all(ended(process) for process in everybody), 2)

    demo = begin(tmp_path, port)
    assert seconds_until_ready(demo, tmp_path, 120) < SECOND_START
    everybody = family(demo, tmp_path)
    demo.kill()
    demo.wait()
    assert soon(lambda: all(ended(process) for process in everybody), 15)
