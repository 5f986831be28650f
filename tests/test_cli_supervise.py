"""The supervisor with real processes: readiness, restarts, stopping, and nobody left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.errors import Refusal
from cli.network import answers, free_port, require_free

ROOT = Path(__file__).resolve().parent.parent

# Runs the processes that are described in JSON under the supervisor, as the product does.
DRIVER = """
import json, sys
from pathlib import Path
from cli.board import Board
from cli.errors import Refusal
from cli.keeper import Keeper
from cli.network import answers
from cli.signals import Stops
from cli.supervise import GRACE, Process, Supervisor

folder = Path(sys.argv[1])
described = json.loads((folder / "processes.json").read_text())
processes = []
for one in described:
    url = one.pop("url", None)
    one["command"] = tuple([sys.executable, "-c", one["command"]])
    one["after"] = tuple(one.get("after", ()))
    processes.append(Process(**one, ready=answers(url) if url else None))
GRACE.update({stage: float(seconds) for stage, seconds in enumerate(sys.argv[2:])})
with Stops() as stops:
    keeper = Keeper()
    try:
        Supervisor(processes, folder / "logs", Board(live=False), keeper, stops).run(
            lambda: print("ALL READY", flush=True)
        )
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(1)
    finally:
        keeper.close()
"""

SLEEPER = "import time; time.sleep(600)"
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""
# Has a child of its own, whose number it writes down.
PARENT = """
import subprocess, sys, time
from pathlib import Path
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
Path({note!r}).write_text(str(child.pid))
time.sleep(600)
"""


class Run:
    """One supervisor in a process of its own."""

    def __init__(
        self, folder: Path, *processes: dict[str, object], grace: tuple[float, ...] = ()
    ) -> None:
        self.folder = folder
        (folder / "processes.json").write_text(json.dumps(processes))
        self.output = folder / "output"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", DRIVER, str(folder), *map(str, grace)],
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.output.read_text()

    def pids(self) -> list[int]:
        """Its direct children, the keeper included."""
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        return [int(pid) for pid in listed.stdout.split()]


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Waits until it is true; fails when that takes longer than `seconds`."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def begin(*processes: dict[str, object], grace: tuple[float, ...] = ()) -> Run:
        runs.append(Run(tmp_path, *processes, grace=grace))
        return runs[-1]

    yield begin
    for run in runs:
        if run.process.poll() is None:
            run.process.kill()
            run.process.wait()


def test_work_is_done_before_what_waits_for_it(supervise: Callable[..., Run]) -> None:
    port = free_port()
    serve = f"""
        import http.server, pathlib
        assert pathlib.Path({str(ROOT)!r}).exists()
        class Hello(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200); self.end_headers()
        http.server.HTTPServer(("127.0.0.1", {port}), Hello).serve_forever()
    """
    run = supervise(
        {
            "name": "web",
            "command": textwrap.dedent(serve),
            "after": ["work"],
            "url": f"http://127.0.0.1:{port}/",
        },
        {"name": "work", "command": "print('working')", "once": True},
    )
    until(lambda: "ALL READY" in run.said())
    lines = [line.split()[:2] for line in run.said().splitlines()]
    assert lines.index(["work", "done"]) < lines.index(["web", "ready"])
    assert "working" in (run.folder / "logs" / "work.log").read_text()
    run.process.send_signal(signal.SIGTERM)
    assert run.process.wait(60) == 0
    assert not answers(f"http://127.0.0.1:{port}/")()


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_asked_to_stop_it_leaves_no_grandchild(
    supervise: Callable[..., Run], tmp_path: Path, asked: signal.Signals
) -> None:
    note = tmp_path / "grandchild"
    run = supervise({"name": "parent", "command": PARENT.format(note=str(note)), "settle": 0.5})
    until(lambda: "ALL READY" in run.said() and note.exists())
    everybody = [*run.pids(), int(note.read_text())]
    run.process.send_signal(asked)
    assert run.process.wait(60) == 0
    until(lambda: all(gone(pid) for pid in everybody))


@pytest.mark.slow
def test_killed_supervisor_leaves_nobody(supervise: Callable[..., Run], tmp_path: Path) -> None:
    note = tmp_path / "grandchild"
    run = supervise(
        {"name": "parent", "command": PARENT.format(note=str(note)), "settle": 0.5},
        {"name": "deaf", "command": STUBBORN},
    )
    until(lambda: "ALL READY" in run.said() and note.exists())
    everybody = [*run.pids(), int(note.read_text())]
    os.killpg(run.process.pid, signal.SIGKILL)
    run.process.wait()
    until(lambda: all(gone(pid) for pid in everybody))


@pytest.mark.slow
def test_who_does_not_listen_is_killed_in_the_end(supervise: Callable[..., Run]) -> None:
    run = supervise(
        {"name": "deaf", "command": STUBBORN, "stage": 1},
        {"name": "deaf-too", "command": STUBBORN},
    )
    until(lambda: "ALL READY" in run.said())
    children = run.pids()
    run.process.send_signal(signal.SIGTERM)
    until(lambda: "Stopping" in run.said())
    assert not any(gone(pid) for pid in children)  # they are given their time
    assert run.process.wait(60) == 0
    until(lambda: all(gone(pid) for pid in children))


def test_second_ctrl_c_kills_at_once(supervise: Callable[..., Run]) -> None:
    never = (3600.0, 3600.0)
    run = supervise({"name": "deaf", "command": STUBBORN, "stage": 1}, grace=never)
    until(lambda: "ALL READY" in run.said())
    children = run.pids()
    run.process.send_signal(signal.SIGINT)
    until(lambda: "Stopping" in run.said())
    assert not any(gone(pid) for pid in children)
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(60) == 0
    until(lambda: all(gone(pid) for pid in children))


def test_who_dies_is_started_again_and_that_is_said(supervise: Callable[..., Run]) -> None:
    run = supervise({"name": "sleeper", "command": SLEEPER, "settle": 0.3})
    until(lambda: "ALL READY" in run.said())
    victim = next(pid for pid in run.pids() if b"sleep(600)" in command_line(pid))
    os.kill(victim, signal.SIGKILL)
    until(lambda: "sleeper is back." in run.said())
    assert "sleeper stopped (signal 9); starting it again in 1 s." in run.said()
    assert victim not in run.pids()


def command_line(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_failed_work_is_told_with_its_last_words(supervise: Callable[..., Run]) -> None:
    run = supervise(
        {"name": "sleeper", "command": SLEEPER},
        {"name": "migrate", "command": "raise SystemExit('no such database')", "once": True},
    )
    assert run.process.wait(60) == 1
    assert "migrate failed (exit 1): no such database" in run.said()
    assert "Traceback" not in run.said()


def test_who_never_comes_up_is_told_after_three_attempts(supervise: Callable[..., Run]) -> None:
    run = supervise({"name": "web", "command": "raise SystemExit('port gone')", "settle": 30})
    assert run.process.wait(60) == 1
    assert run.said().count("starting it again") == 2
    assert "web failed (exit 1): port gone" in run.said()


def test_port_in_use_is_refused_in_one_sentence() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Refusal, match=f"Port {port} is in use by another program"):
            require_free("127.0.0.1", port)
    require_free("127.0.0.1", port)
