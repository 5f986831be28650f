"""The product as real processes on a real, durable database, for tests that kill things."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from bot.mentoring import duty
from channels import content
from channels.twilio import Twilio
from simulator.model import Message
from simulator.server import Handle
from simulator.server import start as start_simulator
from store import embedded, migrate
from store.base import make_engine, make_sessions
from store.clock import utc_now
from store.people import Address, Person
from tests.town import SMS_FROM, WHATSAPP_FROM, bring_contents

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = {
    "web": ("gunicorn", "-c", "webhooks/gunicorn_conf.py"),
    "worker": ("scheduler.worker",),
    "clock": ("scheduler.clock",),
}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class Machines:
    """A database, an emulated network, and processes by name (``worker``, ``clock-2`` …)."""

    database: embedded.EmbeddedServer
    simulator: Handle
    env: dict[str, str]
    logs: Path
    engine: Engine
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @classmethod
    def build(cls, logs: Path, **settings: str) -> Machines:
        """Start the database and the network; processes are started one by one."""
        home = Path(tempfile.mkdtemp(prefix="mldur-"))
        database = embedded.start(home, durable=True)
        migrate.upgrade(database.url)
        url = f"http://127.0.0.1:{free_port()}"
        simulator = start_simulator(url, sms_from=SMS_FROM, whatsapp_from=WHATSAPP_FROM, seed=1)
        simulator.state.switches.update({"delay_ms": 20})
        env = {
            **os.environ,
            "DATABASE_URL": database.url,
            "MENTORLINE_HOME": str(home),
            "MENTORLINE_BIND": url.removeprefix("http://"),
            "SECRET_KEY": "not-a-secret",
            "PUBLIC_URL": url,
            "TWILIO_ACCOUNT_SID": simulator.account.sid,
            "TWILIO_AUTH_TOKEN": simulator.account.auth_token,
            "TWILIO_SMS_FROM": SMS_FROM,
            "TWILIO_WHATSAPP_FROM": WHATSAPP_FROM,
            "TWILIO_API_BASE": simulator.url,
            "RASA_URL": "http://127.0.0.1:9",
            **settings,
        }
        machines = cls(database, simulator, env, logs, make_engine(database.url))
        machines._templates()
        return machines

    def _templates(self) -> None:
        from bot.settings import Settings

        values = {name.lower(): value for name, value in self.env.items()}
        provider = Twilio(Settings(_env_file=None, **values))
        bring_contents(self.simulator, provider)
        with make_sessions(self.engine).begin() as session:
            content.sync(session, provider, utc_now())

    def __enter__(self) -> Machines:
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self.running):
            self.kill(name)
        with warnings.catch_warnings():
            # The emulator leaves its kept connections to the garbage collector.
            warnings.simplefilter("ignore", ResourceWarning)
            self.simulator.close()
            time.sleep(0.3)
            gc.collect()
        self.engine.dispose()
        self.database.stop()
        shutil.rmtree(self.env["MENTORLINE_HOME"], ignore_errors=True)

    # Processes

    def start(self, *names: str) -> None:
        """Start processes; returns when ``web`` answers, at once for the others."""
        for name in names:
            command = COMMANDS[name.partition("-")[0]]
            with (self.logs / f"{name}.log").open("ab") as log:
                self.running[name] = subprocess.Popen(
                    [sys.executable, "-m", *command],
                    cwd=ROOT,
                    env=self.env,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        if "web" in names:
            until(self.web_answers, "the web process", 120)

    def kill(self, name: str) -> None:
        """``kill -9`` of a process and its children."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def log(self, name: str) -> str:
        return (self.logs / f"{name}.log").read_text(errors="replace")

    def web_answers(self) -> bool:
        """Whether the web process, with its database, takes messages."""
        try:
            return httpx.get(f"{self.env['PUBLIC_URL']}/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    # People

    def person(self, number: str, channel: str = "sms", role: str = "mentee") -> str:
        """Somebody known, with consent; returns the address that the network uses."""
        with make_sessions(self.engine).begin() as session:
            person = Person(
                name=f"{role} {number[-3:]}",
                language="en",
                timezone="Africa/Kigali",
                technical_areas=[],
                consent="yes",
                roles=[role],
                # These play in real time, whatever the hour is.
                duty=duty.to_json(duty.read("always")),
            )
            session.add(person)
            session.flush()
            address = Address(person_id=person.id, channel=channel, value=number)
            address.last_inbound_at = utc_now()
            session.add(address)
        where = f"whatsapp:{number}" if channel == "whatsapp" else number
        if channel == "whatsapp":
            state = self.simulator.state
            state.last_inbound[where, state.account.ours(where)] = state.now()
        return where

    def says(self, address: str, words: str) -> Message:
        """Somebody texts; the network posts it in its own time."""
        return self.simulator.network.inbound.send(address, {"text": words})

    def heard(self, address: str) -> list[str]:
        """What the provider was ever given for an address, oldest first."""
        thread = list(self.simulator.state.threads.get(address, []))
        return [message.body for message in thread if not message.inbound]

    # Looking behind the curtain

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """Rows of a query; asked again when the database has been restarted."""
        try:
            with self.engine.connect() as connection:
                return list(connection.execute(text(statement), values))
        except OperationalError:
            time.sleep(0.5)
            with self.engine.connect() as connection:
                return list(connection.execute(text(statement), values))

    def settled(self) -> bool:
        """Nothing is under way any more."""
        return not self.rows(
            "SELECT 1 FROM inbound WHERE state <> 'done' "
            "UNION ALL SELECT 1 FROM outbox WHERE state IN ('queued', 'sending', 'unknown') "
            "UNION ALL SELECT 1 FROM procrastinate_jobs WHERE status IN ('todo', 'doing') LIMIT 1"
        )


def until(condition: Callable[[], bool], what: str, seconds: float) -> float:
    """Wait until something is so; returns how many seconds it took.

    Raises:
        AssertionError: it never was.
    """
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if condition():
            return time.monotonic() - began
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s for {what}")
