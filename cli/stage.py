"""Runs the product under the supervisor, on the database it wants, and says what it costs."""

import contextlib
import fcntl
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

from cli.board import Board
from cli.database import database
from cli.errors import Refusal
from cli.keeper import Keeper
from cli.signals import Stops
from cli.supervise import Process, Supervisor

STOPPING = 12.0
"""Seconds that a start waits for an earlier one on this home that is just being stopped."""


def run(
    home: Path,
    database_url: str | None,
    processes: Callable[[str], Sequence[Process]],
    address: str,
    farewell: Callable[[], Iterable[str]],
    first: Callable[[], None] = lambda: None,
    work: Callable[[str], None] | None = None,
) -> None:
    """Runs `processes(database url)` until asked to stop.

    `address` is what another start on this home is told; `farewell` gives the lines to print when
    all are ready; `first` is done once nobody else runs on this home, before the database starts.
    `work` is given the database's address once all are ready, and when it is done all is stopped.

    Raises:
        Refusal: another runs on this home, or something did not come up.
    """
    started = time.monotonic()
    with Stops() as stops, only_one(home, address) as lock:
        keeper = Keeper(keep_open=(lock.fileno(),))
        try:
            first()
            with database(database_url, home) as found:
                if stops:
                    return
                keeper.database(found.pid)
                supervisor = Supervisor(processes(found.url), home / "logs", Board(), keeper, stops)

                def when_ready() -> None:
                    took = time.monotonic() - started
                    memory = memory_of([*supervisor.groups, os.getpid(), found.pid])
                    ready = f"\nReady in {took:.1f} s, {memory / 1e6:.0f} MB of memory in all."
                    print("\n".join([ready, *farewell()]), file=sys.stderr if work else sys.stdout)
                    sys.stdout.flush()
                    if work is not None:
                        worked.begin(lambda: work(found.url))

                worked = _Work(stops)
                supervisor.run(when_ready)
            keeper.database(0)
            worked.raise_what_it_raised()
        except Refusal:
            # A Ctrl-C while something was just starting is no failure.
            if not stops:
                raise
        finally:
            keeper.close()


class _Work:
    """A piece of work in a thread of its own; when it ends, everything is asked to stop."""

    def __init__(self, stops: Stops) -> None:
        self._stops = stops
        self._error: BaseException | None = None

    def begin(self, work: Callable[[], None]) -> None:
        """Start it. It does not keep the process alive after a Ctrl-C."""

        def run() -> None:
            try:
                work()
            except BaseException as error:
                self._error = error
            self._stops.ask()

        threading.Thread(target=run, name="work", daemon=True).start()

    def raise_what_it_raised(self) -> None:
        """Raise what the work raised, if it did."""
        if self._error is not None:
            raise self._error


def memory_of(roots: Iterable[int]) -> int:
    """Bytes that these processes and all their descendants use, shared pages counted once.

    Proportional set size where the system tells it, resident set size elsewhere.
    """
    import psutil

    seen: dict[int, psutil.Process] = {}
    for root in roots:
        try:
            process = psutil.Process(root)
            seen |= {p.pid: p for p in [process, *process.children(recursive=True)]}
        except (psutil.Error, ValueError):
            continue
    total = 0
    for process in seen.values():
        try:
            full = process.memory_full_info()
            total += getattr(full, "pss", 0) or full.rss
        except psutil.Error:
            continue
    return total


@contextlib.contextmanager
def only_one(home: Path, address: str) -> Iterator[IO[str]]:
    """Holds the home: two products on the same data would answer everybody twice."""
    with open(home / "running.lock", "a+", encoding="utf-8") as lock:
        until = time.monotonic() + STOPPING
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                pid, where = _holder(lock)
                # The keeper of a killed one holds on until it has stopped what was left.
                if alive(pid) or time.monotonic() > until:
                    raise Refusal(
                        f"Mentorline already runs on {home} (process {pid}, {where}): use that "
                        "one, stop it, or set MENTORLINE_HOME to another folder."
                    ) from None
                time.sleep(0.1)
        lock.truncate(0)
        lock.write(f"{os.getpid()} {address}\n")
        lock.flush()
        yield lock


def _holder(lock: IO[str]) -> tuple[int, str]:
    lock.seek(0)
    pid, _, where = lock.read().strip().partition(" ")
    return (int(pid), where) if pid.isdigit() else (0, "just starting")


def alive(pid: int) -> bool:
    """Whether a process with this id exists, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
