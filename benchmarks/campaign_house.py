"""The house of ``campaign``: one database with its programme, and the real processes on it."""

from __future__ import annotations

import contextlib
import struct
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

import httpx
import psycopg

from benchmarks import campaign_network as network
from benchmarks import campaign_people as programme
from benchmarks.people import seed
from benchmarks.rig import Child, Failed, Rig, say
from bot.quizzes import campaigns
from bot.settings import Settings
from channels import content
from channels.twilio import Twilio
from cli import processes
from cli.common import module
from cli.network import answers, free_port
from store import clock, migrate
from store.base import make_engine, make_sessions

TUESDAY, HALF_PAST_FIVE = 1, timedelta(hours=17, minutes=30)
PATIENCE = 30.0
# What has piled up of status callbacks at full speed takes its time.
SETTLING = 900.0

_DUE = """
    WITH next AS (
        SELECT min(id) AS id FROM dose
        WHERE state = 'planned' AND kind = 'question' AND person_id > %(after)s
        GROUP BY person_id ORDER BY person_id LIMIT %(count)s
    )
    UPDATE dose SET planned_at = %(now)s, due_at = %(now)s
    FROM next WHERE dose.id = next.id
    RETURNING person_id
"""
_LEFT = """
    SELECT EXISTS (SELECT FROM dose WHERE state = 'planned' AND due_at <= %(now)s)
        OR EXISTS (SELECT FROM outbox WHERE state = 'queued' AND priority = 0)
"""
_WORKERS = """
    SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '10 seconds'
"""


class House:
    """A database with ``mentees`` in a launched campaign; nothing runs before ``open``.

    A context manager. Everybody's clock, the emulator's too, says Tuesday 17:30 in Kigali.
    """

    def __init__(self, rig: Rig, mentees: int) -> None:
        self.rig = rig
        self.mentees = mentees
        self.offset = offset_to_tuesday(datetime.now(UTC))
        self.webhook = self.simulator = ""
        self._staff: list[Child] = []
        self._last_due = 0

    def __enter__(self) -> Self:
        rig = self.rig
        say(f"A programme of {self.mentees} mentees …")
        self._url = rig.fresh_database()
        self._clock = rig.home / "clock"
        clock.make(self._clock)
        self._clock.write_bytes(struct.pack("<d", self.offset.total_seconds()))
        self.now = clock.of(self._clock)
        self.connection = psycopg.connect(migrate.psycopg_conninfo(self._url), autocommit=True)
        self._engine = make_engine(self._url, pool_size=1)
        self.sessions = make_sessions(self._engine)
        self._http = httpx.Client(trust_env=False, timeout=30.0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()
        self.rig.stop_all()
        self._engine.dispose()
        name = self.connection.info.dbname
        self.connection.close()
        # Autovacuum would tidy it up in the middle of what is measured next.
        conninfo = psycopg.conninfo.make_conninfo(
            migrate.psycopg_conninfo(self._url), dbname="postgres"
        )
        with contextlib.suppress(psycopg.Error), psycopg.connect(conninfo, autocommit=True) as it:
            it.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def prepare(self) -> dict[str, Any]:
        """Seed, launch and plan; the figures of it (``campaign_people``)."""
        connection, sessions = self.connection, self.sessions
        found = programme.enrolled(connection, sessions, self.mentees, self.now())
        found |= programme.planned(connection, sessions, self.now)
        say(
            f"  launched in {found['launch_s']} s; planned {found['enrolments_per_second']} "
            f"enrolments, {found['doses_per_second']} doses a second"
        )
        # In life the autovacuum has passed between the planning and the hour of doses.
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
        return found

    def open(self, *, rasa: bool = False) -> None:
        """Start the emulator and web; with ``rasa`` also Rasa, the cards and people who ask."""
        rig, ports = self.rig, (free_port(), free_port(), free_port())
        web, dialogue, simulator = ports
        self.env = {
            **rig.environment(self._url, *ports),
            "MENTORLINE_CLOCK": str(self._clock),
            network.OFFSET: str(self.offset.total_seconds()),
            network.MENTEES: str(self.mentees),
        }
        self.webhook = f"http://127.0.0.1:{web}/webhooks/twilio/message"
        self.simulator = f"http://127.0.0.1:{simulator}"
        alive = answers(f"http://127.0.0.1:{web}/healthz")
        there = answers(f"{self.simulator}/simulator/api/stats")
        waiting = [
            rig.start("simulator", network.command(simulator), self.env, there),
            rig.start("web", processes.web_command("127.0.0.1", web), self.env, alive),
        ]
        if rasa:
            seed(self.env)
            ready = processes.rasa_ready(dialogue, self.env["RASA_TOKEN"])
            waiting.append(rig.start("rasa", processes.rasa_command(dialogue), self.env, ready))
        for child in waiting:
            rig.wait(child)
        provider = Twilio(_settings(self.env))
        content.push(provider)
        with self.sessions.begin() as session:
            content.sync(session, provider, self.now())

    def staff(self, workers: int, rate: float) -> None:
        """Have so many workers and one clock, with ``CAMPAIGN_RATE`` as given.

        Raises:
            Failed: they do not come to work.
        """
        self._dismiss()
        env = {**self.env, "CAMPAIGN_RATE": str(rate)}
        self._staff = [
            self.rig.start(f"worker-{n}", module("scheduler.worker"), env)
            for n in range(1, workers + 1)
        ]
        self._staff.append(self.rig.start("clock", module("scheduler.clock"), env))
        for child in self._staff:
            self.rig.wait(child)
        self.wait_for(lambda: self.count(_WORKERS) == workers, "the workers have not come")

    def _dismiss(self) -> None:
        for child in self._staff:
            child.popen.terminate()
        for child in self._staff:
            with contextlib.suppress(Exception):
                child.popen.wait(10)
            self.rig.kill(child.name)
        self._staff = []

    def due(self, count: int) -> int:
        """Make the next question of the next ``count`` mentees due now; how many there were."""
        values = {"after": self._last_due, "count": count, "now": self.now()}
        found = [row[0] for row in self.connection.execute(_DUE, values)]
        self._last_due = max(found, default=self._last_due)
        return len(found)

    def going_on(self) -> bool:
        """Whether doses or messages of the campaign still wait to leave."""
        return bool(self.count(_LEFT, {"now": self.now()}))

    def call_off(self) -> None:
        """Take back what has not left, as a coordinator's pause does, and let the rest settle."""
        for step in (campaigns.pause, campaigns.resume):
            with self.sessions.begin() as session:
                step(session, campaigns.locked(session, programme.NAME), self.now())
        self.wait_for(lambda: not self.going_on(), "the campaign goes on though called off")
        self.wait_for(
            lambda: bool(self.stats()["idle"]), "the emulator does not come to rest", SETTLING
        )

    def stats(self) -> dict[str, Any]:
        """What the emulator has counted."""
        found: dict[str, Any] = self._http.get(f"{self.simulator}/simulator/api/stats").json()
        return found

    def count(self, query: Any, values: Any = None) -> int:
        """The one number that a query gives."""
        row = self.connection.execute(query, values).fetchone()
        return int(row[0]) if row else 0

    def wait_for(
        self, condition: Callable[[], bool], otherwise: str, patience: float = PATIENCE
    ) -> None:
        """Wait until something is so.

        Raises:
            Failed: it is not so after ``patience`` seconds; ``otherwise`` says how it is.
        """
        until = time.monotonic() + patience
        while not condition():
            if time.monotonic() > until:
                raise Failed(f"After {patience:.0f} s {otherwise}.")
            time.sleep(0.1)


def offset_to_tuesday(now: datetime) -> timedelta:
    """How far the nearest Tuesday 17:30 in Kigali is from ``now`` (aware), before or after."""
    zone = ZoneInfo(programme.ZONE)
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight + timedelta(days=TUESDAY - midnight.weekday() - 7) + HALF_PAST_FIVE
    return min((first + timedelta(weeks=n) - now for n in range(3)), key=abs)


def _settings(env: dict[str, str]) -> Settings:
    known = {name.lower(): value for name, value in env.items()}
    values: dict[str, Any] = {name: known[name] for name in Settings.model_fields if name in known}
    return Settings(**values)
