"""Starts named processes, waits until each is ready, keeps them alive, and leaves nobody behind.

One thread, one loop. Every process leads a session of its own, so that Ctrl-C reaches only us and
a signal to its group reaches all that it started. Their output goes straight into a log file each.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cli.board import Board
from cli.errors import Refusal
from cli.keeper import Keeper
from cli.signals import Stops

TICK = 0.05
LONGEST_BACKOFF = 30.0
STEADY_AFTER = 60.0
"""Seconds after which a process counts as healthy: its next death starts the backoff anew."""
ATTEMPTS = 3
"""How often a process may die before it was ever ready."""
GRACE = {1: 6.0, 0: 2.0}
"""Seconds that each stage may take to stop; with the database all is over within 10."""
LARGEST_LOG = 10_000_000


@dataclass(frozen=True)
class Process:
    """One process to run.

    `once`: it does a piece of work, and is ready when it ends with 0. `ready` is asked every tick;
    without it a process is ready when it has lived for `settle` seconds. `after`: names that must
    be ready first. `patience`: seconds until ready. Those of stage 1 are stopped before stage 0.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    once: bool = False
    ready: Callable[[], bool] | None = None
    settle: float = 1.5
    after: tuple[str, ...] = ()
    patience: float = 90.0
    stage: int = 0
    detail: str = ""


class Running:
    """A process as it stands now (what the board shows)."""

    def __init__(self, process: Process, log: Path) -> None:
        self.process = process
        self.log = log
        self.state = "waiting"
        self.deaths = 0
        self.was_ready = False
        self.popen: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.ended_at: float | None = None
        self.start_again_at: float | None = None

    @property
    def name(self) -> str:
        return self.process.name

    @property
    def seconds(self) -> float:
        """Seconds from its start until it was ready, or until now."""
        if not self.started_at:
            return 0.0
        return (self.ended_at or time.monotonic()) - self.started_at

    @property
    def detail(self) -> str:
        """What a piece of work is at, while it is."""
        busy = self.state == "running"
        return (last_line(self.log) or self.process.detail) if busy else ""

    @property
    def alive(self) -> bool:
        return self.popen is not None


def last_line(log: Path) -> str:
    """The last line that says anything, at most 100 characters; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4000))
            lines = file.read().decode("utf-8", "replace").replace("\r", "\n").split("\n")
    except OSError:
        return ""
    return next(
        (x.strip()[:100] for x in reversed(lines) if x.strip() and not x.startswith("---")), ""
    )


class Supervisor:
    """Runs processes until asked to stop."""

    def __init__(
        self, processes: Sequence[Process], logs: Path, board: Board, keeper: Keeper, stops: Stops
    ) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self.all = [Running(p, logs / f"{p.name}.log") for p in processes]
        self._by_name = {r.name: r for r in self.all}
        self._board = board
        self._keeper = keeper
        self._stops = stops
        self._settled = False

    @property
    def groups(self) -> list[int]:
        """Process groups that live now."""
        return [r.popen.pid for r in self.all if r.popen is not None]

    def run(self, when_ready: Callable[[], None]) -> None:
        """Starts everything, calls `when_ready` once, and returns when all has been stopped.

        Raises:
            Refusal: a process could not be brought up; all others have been stopped.
        """
        try:
            while not self._stops:
                for running in self.all:
                    self._step(running)
                if not self._settled:
                    self._board.show(self.all)
                    if all(r.state in ("ready", "done") for r in self.all):
                        self._settled = True
                        self._board.settle()
                        when_ready()
                time.sleep(TICK)
            self._board.say("Stopping … (Ctrl-C again: at once)")
        finally:
            self._board.settle()
            self.stop()

    def stop(self) -> None:
        """Stops what runs, in order; kills what has not stopped in time, or at once if pressed."""
        for stage in sorted({r.process.stage for r in self.all}, reverse=True):
            mine = [r for r in self.all if r.process.stage == stage and r.alive]
            for running in mine:
                self._signal(running, signal.SIGTERM)
            until = time.monotonic() + GRACE.get(stage, 3.0)
            while any(r.alive for r in mine) and time.monotonic() < until:
                if self._stops.at_once:
                    break
                for running in mine:
                    self._reap(running)
                time.sleep(TICK)
            for running in mine:
                self._kill(running)

    def _step(self, running: Running) -> None:
        now = time.monotonic()
        if running.alive:
            code = self._reap(running)
            if code is not None:
                self._ended(running, code, now)
            elif running.state in ("starting", "running"):
                self._check(running, now)
            return
        if running.state == "died":
            if running.start_again_at is not None and now >= running.start_again_at:
                self._start(running)
        elif running.state == "waiting":
            first = [self._by_name[name] for name in running.process.after]
            if all(other.was_ready for other in first):
                self._start(running)

    def _start(self, running: Running) -> None:
        process, log = running.process, running.log
        if log.exists() and log.stat().st_size > LARGEST_LOG:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            output.write(f"\n--- {time.strftime('%Y-%m-%d %H:%M:%S')} start\n".encode())
            output.flush()
            try:
                running.popen = subprocess.Popen(
                    process.command,
                    env={**os.environ, **process.env},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                what = f"{process.command[0]}: {error.strerror}"
                raise Refusal(f"{process.name} could not be started ({what}).") from None
        self._keeper.started(running.popen.pid)
        running.started_at, running.ended_at = time.monotonic(), None
        running.state = "running" if process.once else "starting"

    def _check(self, running: Running, now: float) -> None:
        process = running.process
        if process.once:
            return
        lived = now - running.started_at
        if process.ready() if process.ready else lived >= process.settle:
            running.state, running.ended_at = "ready", now
            running.was_ready = True
            if self._settled:
                self._board.say(f"{running.name} is back.")
        elif lived > process.patience and not running.was_ready:
            raise Refusal(
                f"{running.name} was not ready after {process.patience:.0f} seconds; its log is "
                f"{running.log}."
            )

    def _ended(self, running: Running, code: int, now: float) -> None:
        process = running.process
        lived = now - running.started_at
        running.ended_at = now
        if process.once and code == 0:
            running.state, running.was_ready = "done", True
            return
        running.deaths = 1 if running.was_ready and lived > STEADY_AFTER else running.deaths + 1
        how = f"signal {-code}" if code < 0 else f"exit {code}"
        if process.once or (not running.was_ready and running.deaths >= ATTEMPTS):
            why = last_line(running.log)
            raise Refusal(f"{running.name} failed ({how}): {why} — its log is {running.log}.")
        wait = min(LONGEST_BACKOFF, 2.0 ** (running.deaths - 1))
        running.state, running.start_again_at = "died", now + wait
        self._board.say(f"{running.name} stopped ({how}); starting it again in {wait:.0f} s.")

    def _reap(self, running: Running) -> int | None:
        """Exit status if it has ended; then whatever it left of its group is ended too."""
        if running.popen is None:
            return None
        code = running.popen.poll()
        if code is not None:
            self._signal(running, signal.SIGKILL)
            self._keeper.ended(running.popen.pid)
            running.popen = None
        return code

    def _kill(self, running: Running) -> None:
        if running.popen is not None:
            self._signal(running, signal.SIGKILL)
            running.popen.wait()
            self._keeper.ended(running.popen.pid)
            running.popen = None

    def _signal(self, running: Running, number: signal.Signals) -> None:
        if running.popen is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(running.popen.pid, number)
