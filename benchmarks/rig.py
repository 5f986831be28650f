"""The test bench: a database of its own, processes that are started, watched and ended."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

import psutil
import psycopg

from benchmarks.posts import Account
from cli.database import postmaster
from cli.keeper import Keeper
from store import migrate

ACCOUNT = Account("AC" + "0" * 31 + "1", "benchmark-token", "+15005550006")
WHATSAPP = "+15005550009"
STOPPING = 6.0
POLL = 0.05


class Failed(Exception):
    """The benchmark cannot be carried out; one sentence."""


def say(words: str) -> None:
    """A line of progress, on standard error."""
    print(words, file=sys.stderr, flush=True)


@dataclass
class Child:
    """A process of ours, with all that it started."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    ready: Callable[[], bool] | None
    log: Path
    popen: subprocess.Popen[bytes]


class Rig:
    """Home and database of one run, and whatever runs in it. A context manager.

    Leaves nothing behind: processes, database and files go at the end and on a signal. When this
    process is killed the files stay until the next run.
    """

    def __init__(self, home: Path, models: Path) -> None:
        """``home``: where the temporary folder is made; ``models``: the published model."""
        self._parent = home
        self._models = models
        self._children: dict[str, Child] = {}
        self._before: dict[int, Any] = {}
        self._databases = 0

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._before[number] = signal.signal(number, _asked_to_stop)
        self._keeper = Keeper()
        _sweep(self._parent)
        self.home = Path(tempfile.mkdtemp(prefix=f"bench-{os.getpid()}-", dir=self._parent))
        self.home.chmod(0o755)  # the database server runs as another user when we are root
        (self.home / "logs").mkdir()
        if self._models.is_dir():
            shutil.copytree(self._models, self.home / "models")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from store import embedded

            self._server = embedded.start(self.home)
        self._postmaster = postmaster(self.home)
        self._keeper.database(self._postmaster)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)  # asked again: it is being done
        self.stop_all()
        self._server.stop()
        self._keeper.database(0)
        self._keeper.close()
        shutil.rmtree(self.home, ignore_errors=True)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def fresh_database(self) -> str:
        """SQLAlchemy's address of a new, migrated database on the one server."""
        self._databases += 1
        name = f"bench{self._databases}"
        conninfo = migrate.psycopg_conninfo(self._server.url)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        url = self._server.url_of(name)
        migrate.upgrade(url)
        return url

    def environment(self, database_url: str, web: int, rasa: int, simulator: int) -> dict[str, str]:
        """Environment of the product's processes; the arguments are ports of this machine."""
        token = secrets.token_hex(16)
        return {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
            "PYTHONUNBUFFERED": "1",
            "MENTORLINE_HOME": str(self.home),
            "DATABASE_URL": database_url,
            "SECRET_KEY": token,
            "PUBLIC_URL": f"http://127.0.0.1:{web}",
            "TWILIO_ACCOUNT_SID": ACCOUNT.sid,
            "TWILIO_AUTH_TOKEN": ACCOUNT.token,
            "TWILIO_AUTH_TOKEN_NEXT": "",
            "TWILIO_MESSAGING_SERVICE_SID": "",
            "TWILIO_SMS_FROM": ACCOUNT.number,
            "TWILIO_WHATSAPP_FROM": WHATSAPP,
            "TWILIO_API_BASE": f"http://127.0.0.1:{simulator}",
            "RASA_URL": f"http://127.0.0.1:{rasa}",
            "RASA_ACTIONS_URL": f"http://127.0.0.1:{web}/rasa/actions",
            "RASA_TOKEN": token,
            "ACTIONS_TOKEN": token,
            "DEFAULT_LANGUAGE": "en",
        }

    def start(
        self,
        name: str,
        command: tuple[str, ...],
        env: Mapping[str, str],
        ready: Callable[[], bool] | None = None,
    ) -> Child:
        """Start a process; ``wait`` says when it is ready."""
        log = self.home / "logs" / f"{name}.log"
        with log.open("ab") as output:
            popen = subprocess.Popen(
                command,
                env=dict(env),
                cwd=Path(__file__).resolve().parent.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._keeper.started(popen.pid)
        child = Child(name, command, env, ready, log, popen)
        self._children[name] = child
        return child

    def wait(self, child: Child, patience: float = 120.0) -> None:
        """Wait until a process is ready; without a probe, that it has lived for 1.5 seconds.

        Raises:
            Failed: it ended, or was not ready in time.
        """
        started = time.monotonic()
        while True:
            lived = time.monotonic() - started
            if child.popen.poll() is not None:
                tail = child.log.read_text("utf-8", "replace").strip().splitlines()[-12:]
                raise Failed("\n".join([f"{child.name} ended too early:", *tail]))
            if child.ready() if child.ready else lived > 1.5:
                return
            if lived > patience:
                raise Failed(f"{child.name} was not ready after {patience:.0f} s ({child.log}).")
            time.sleep(POLL)

    def kill(self, name: str) -> Child:
        """Kill a process and all that it started, at once; returns what it was."""
        child = self._children.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.popen.pid, signal.SIGKILL)
        child.popen.wait()
        self._keeper.ended(child.popen.pid)
        return child

    def again(self, child: Child) -> Child:
        """Start a killed process again."""
        return self.start(child.name, child.command, child.env, child.ready)

    def stop_all(self) -> None:
        """Ask every process to stop, and kill what has not stopped in time."""
        for child in self._children.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.popen.pid, signal.SIGTERM)
        until = time.monotonic() + STOPPING
        while time.monotonic() < until:
            if all(child.popen.poll() is not None for child in self._children.values()):
                break
            time.sleep(POLL)
        for name in list(self._children):
            self.kill(name)

    def memory(self) -> list[dict[str, Any]]:
        """Per process with its children: ``process``, ``pss_mb``, ``rss_mb``, ``processes``."""
        rows = []
        for name, family in self._families():
            pss = rss = count = 0
            for process in family:
                with contextlib.suppress(psutil.Error):
                    full = process.memory_full_info()
                    pss += getattr(full, "pss", 0) or full.rss
                    rss += full.rss
                    count += 1
            row = {"process": name, "pss_mb": round(pss / 1e6, 1), "rss_mb": round(rss / 1e6, 1)}
            rows.append({**row, "processes": count})
        return rows

    def cpu(self) -> dict[str, float]:
        """Processor seconds used so far, per process with its children, and by this one."""
        used = {}
        for name, family in self._families():
            seconds = 0.0
            for process in family:
                with contextlib.suppress(psutil.Error):
                    times = process.cpu_times()
                    seconds += times.user + times.system
            used[name] = seconds
        own = os.times()
        return {
            **used,
            "generator": own.user + own.system + own.children_user + own.children_system,
        }

    @contextlib.contextmanager
    def watched(self) -> Iterator[dict[str, Any]]:
        """Watch the processors meanwhile.

        Fills in ``cores``: how many cores each process (with its children) kept busy, and
        ``others``: all that is not ours. Where ``others`` is large, the figures are not worth much.
        """
        found: dict[str, Any] = {}
        started, before, busy = time.perf_counter(), self.cpu(), _busy()
        yield found
        took = time.perf_counter() - started
        after = self.cpu()
        used = {name: used - before.get(name, 0.0) for name, used in after.items()}
        found["cores"] = {name: round(seconds / took, 2) for name, seconds in used.items()}
        others = max(0.0, _busy() - busy - sum(used.values()))
        found["others"] = round(others / took, 2)

    def _families(self) -> Iterator[tuple[str, list[psutil.Process]]]:
        roots = {name: child.popen.pid for name, child in self._children.items()}
        for name, pid in {**roots, "postgres": self._postmaster}.items():
            with contextlib.suppress(psutil.Error, ValueError):
                root = psutil.Process(pid)
                yield name, [root, *root.children(recursive=True)]


def _sweep(parent: Path) -> None:
    """Remove what runs that were killed have left."""
    for left in parent.glob("bench-*-*"):
        pid = left.name.split("-")[1]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


def _busy() -> float:
    """Processor seconds that the whole machine has worked so far."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - _guest(times))


def _guest(times: Any) -> float:
    # Linux counts guests twice: under their own name and as user time.
    return float(getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0))


def _asked_to_stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(130)
