"""The town that conversation tests play in: the product, the network, and people with phones.

Web, worker and clock are the real ones in threads of the test; the network is the simulator;
Rasa, where a test wants it, is the real server. Only time is made: ``town.later`` moves it.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import selectinload
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from bot import knowledge
from bot.quizzes import bank, campaigns, catalogue
from bot.quizzes.plan import read
from bot.settings import Settings
from channels import content
from channels.twilio import Twilio
from scheduler import ticks
from scheduler.jobs import Works
from scheduler.worker import make_app
from simulator.server import Handle
from simulator.server import start as start_simulator
from store.cases import Case
from store.messages import Inbound, OutboxMessage
from store.people import Address, Facility, Person
from webhooks.app import create_app

SMS_FROM = "+15005550006"
WHATSAPP_FROM = "+15005550009"


# A Tuesday at eleven in Kigali: nobody's quiet hours, whenever the tests are run.
MORNING = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


# What the first town of this run has brought to its network. The others begin with it.
_CONTENTS: dict[str, Any] = {}


class Time:
    """The town's clock: it starts on a working morning, and ``later`` moves it."""

    def __init__(self) -> None:
        self.offset = MORNING - datetime.now(UTC)

    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.now(UTC) + self.offset


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@dataclass
class Phone:
    """A person's phone. ``says`` sends and waits until the product has done with it."""

    town: Town
    address: str
    read: int = 0
    log: list[str] = field(default_factory=list)

    def says(self, words: str, *, quoting: str | None = None, **extra: Any) -> None:
        """Text something and let the town come to rest."""
        request: dict[str, Any] = {"text": words, **extra}
        if quoting is not None:
            request["quote"] = self.message(quoting).sid
        self.town.send(self.address, request)
        self.town.rest()

    def presses(self, title: str, *, under: str = "") -> None:
        """Press the button with this title, or choose this row of a list.

        Args:
            under: a regular expression; the newest message that fits it and has the button.
        """
        for message in reversed(self.received()):
            if not re.search(under, message.body, re.IGNORECASE | re.DOTALL):
                continue
            for kind, name, rows in (
                ("button", "title", message.buttons),
                ("list", "item", (message.picker or {"items": []})["items"]),
            ):
                for row in rows:
                    if row[name] == title:
                        self.town.send(self.address, {kind: {"sid": message.sid, "id": row["id"]}})
                        self.town.rest()
                        return
        raise AssertionError(f"no button {title!r} on this phone")

    def received(self) -> list[Any]:
        """What has arrived on this phone, oldest first."""
        thread = self.town.simulator.state.threads.get(self.address, [])
        return [m for m in thread if not m.inbound and m.status in ("sent", "delivered", "read")]

    def message(self, pattern: str) -> Any:
        """The newest message that fits a regular expression."""
        for message in reversed(self.received()):
            if re.search(pattern, message.body, re.IGNORECASE | re.DOTALL):
                return message
        raise AssertionError(f"nothing like {pattern!r} on this phone:\n{self.transcript()}")

    def hears(self, *patterns: str) -> str:
        """The next message fits every regular expression; returns it."""
        inbox = self.received()
        assert self.read < len(inbox), f"silence; so far:\n{self.transcript()}"
        body = str(inbox[self.read].body)
        self.read += 1
        for pattern in patterns:
            assert re.search(pattern, body, re.IGNORECASE | re.DOTALL), (
                f"{pattern!r} is not in:\n{body}\n--- so far:\n{self.transcript()}"
            )
        return body

    def hears_nothing(self) -> None:
        """Nothing more has arrived."""
        rest = [m.body for m in self.received()[self.read :]]
        assert rest == [], f"unexpected: {rest}"

    def transcript(self) -> str:
        """The chat as one would read it aloud."""
        thread = self.town.simulator.state.threads.get(self.address, [])
        return "\n".join(
            f"{'> ' if m.inbound else '< '}{m.body}" + ("" if m.inbound else f"   [{m.status}]")
            for m in thread
        )


@dataclass
class Town:
    """Product, network and time. ``rest`` lets everything happen that is due now."""

    settings: Settings
    time: Time
    works: Works
    simulator: Handle
    web: BaseWSGIServer
    # Training takes a while: only a test that wants it adds its queue.
    queues: tuple[str, ...] = ("default",)

    @classmethod
    def build(
        cls, database_url: str, home: Path, *, rasa_url: str | None = None, **settings: Any
    ) -> Town:
        """Start web and network for a migrated database."""
        clock = Time()
        server = _Late()
        configured = Settings(
            _env_file=None,
            database_url=database_url,
            mentorline_home=home,
            secret_key="not-a-secret",
            public_url=f"http://127.0.0.1:{server.port}",
            twilio_account_sid="AC" + "0" * 31 + "1",
            twilio_auth_token="simulated-auth-token",
            twilio_sms_from=SMS_FROM,
            twilio_whatsapp_from=WHATSAPP_FROM,
            # Port 9 (discard): nobody listens there, so Rasa is "down" unless a test brings one.
            rasa_url=rasa_url or "http://127.0.0.1:9",
            actions_token="test-actions",
            web_threads=8,
            **settings,
        )
        simulator = start_simulator(
            configured.public_url, sms_from=SMS_FROM, whatsapp_from=WHATSAPP_FROM, seed=1
        )
        simulator.state.switches.update({"delay_ms": 0})
        simulator.state.offset = clock.offset
        configured = configured.model_copy(update={"twilio_api_base": simulator.url})
        web = server.serve(create_app(configured, now=clock.now))
        works = Works.build(configured, now=clock.now)
        town = cls(configured, clock, works, simulator, web)
        bring_contents(simulator, works.provider)
        with works.sessions.begin() as session:
            content.sync(session, works.provider, clock.now())
        return town

    def __enter__(self) -> Town:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop everything."""
        self.simulator.close()
        self.web.shutdown()
        self.web.server_close()
        self.works.close()
        house = self.web.app.extensions["mentorline"]  # type: ignore[attr-defined]
        house.engine.dispose()

    # People

    def mentee(
        self,
        number: str = "+250788000301",
        channel: str = "sms",
        *,
        known: bool = True,
        **values: Any,
    ) -> Phone:
        """A mentee's phone; ``known``: imported with consent."""
        if known:
            self._person(number, channel, ["mentee"], values)
        return self.phone(number, channel)

    def coordinator(self, number: str = "+250788000501", **values: Any) -> Phone:
        """A coordinator's WhatsApp, whose window is closed."""
        values = {"name": "Grace Mutesi", **values}
        self._person(number, "whatsapp", ["coordinator"], values)
        return self.phone(number, "whatsapp")

    def focal(self, number: str = "+250788000601", **values: Any) -> Phone:
        """A district's focal person for stock, on WhatsApp; the window is closed."""
        self._person(number, "whatsapp", ["focal"], {"name": "Jean Habimana", **values})
        return self.phone(number, "whatsapp")

    def mentor(self, number: str = "+250788000401", *, window: bool = True, **values: Any) -> Phone:
        """A mentor's WhatsApp; ``window``: wrote to us lately."""
        values = {"name": "Alice Ingabire", **values}
        self._person(number, "whatsapp", ["mentor"], values)
        phone = self.phone(number, "whatsapp")
        if window:
            phone.says("CASES")
            phone.hears("no open cases|pas de cas")
        return phone

    def phone(self, number: str, channel: str = "sms") -> Phone:
        """Any phone, known or not."""
        return Phone(self, f"whatsapp:{number}" if channel == "whatsapp" else number)

    def _person(self, number: str, channel: str, roles: list[str], values: dict[str, Any]) -> int:
        facility = values.pop("facility", None)
        with self.works.sessions.begin() as session:
            person = Person(
                **{
                    "name": "Claudine Mukamana",
                    "language": "en",
                    "timezone": "Africa/Kigali",
                    "technical_areas": [],
                    "consent": "yes",
                    "roles": roles,
                    **values,
                }
            )
            if facility:
                person.facility = Facility(name=facility, district="Kayonza")
            session.add(person)
            session.flush()
            session.add(Address(person_id=person.id, channel=channel, value=number))
            return person.id

    def person(self, number: str) -> Person:
        """The row of whoever has this number."""
        with self.works.sessions() as session:
            person_id = session.scalar(select(Address.person_id).where(Address.value == number))
            return session.get_one(Person, person_id, options=[selectinload(Person.addresses)])

    def pair(self, mentee: str, mentor: str) -> None:
        """Give a mentee their own mentor."""
        with self.works.sessions.begin() as session:
            person = session.get_one(Person, self.person(mentee).id)
            person.mentor_id = self.person(mentor).id

    def stock_library(self) -> None:
        """Put the shipped cards into the database."""
        with self.works.sessions.begin() as session:
            knowledge.save(session, knowledge.read_files())

    def stock_bank(self) -> None:
        """Put the shipped quiz bank into the database."""
        with self.works.sessions.begin() as session:
            catalogue.save(session, bank.load())

    def campaign(self, name: str = "Quiz", **values: Any) -> None:
        """Launch a campaign that begins today."""
        today = self.time.now().date()
        plan = read({"start": today, "end": today + timedelta(days=90), **values})
        with self.works.sessions.begin() as session:
            made = campaigns.create(session, name, plan, self.time.now())
            campaigns.launch(session, made, self.time.now())
        self.tick()
        self.rest()

    def until(self, moment: datetime) -> None:
        """Move everybody's clock to a moment."""
        self.later(seconds=(moment - self.time.now()).total_seconds())

    def live(self, step: float = 1.0, **delta: float) -> None:
        """Let time pass in steps of some hours, so that what is due happens when it is due."""
        end = self.time.now() + timedelta(**delta)
        while self.time.now() < end:
            self.later(hours=min(step, (end - self.time.now()) / timedelta(hours=1)))

    # Time

    def later(self, **delta: float) -> None:
        """Move everybody's clock and let what has come due happen."""
        self.time.offset += timedelta(**delta)
        self.simulator.state.offset = self.time.offset
        self.tick()
        self.rest()

    def tick(self) -> None:
        """One tick of everything the clock does."""
        for tick in (
            ticks.outbox,
            ticks.waiting_questions,
            ticks.stalled_jobs,
            ticks.doubts,
            ticks.mentor_news,
            ticks.coaching_plans,
            ticks.due_cases,
            ticks.due_discussions,
            ticks.due_visits,
            ticks.newcomers,
            ticks.plan_campaigns,
            ticks.close_questions,
            ticks.unsent_questions,
            ticks.campaign_books,
            ticks.resting_walks,
            ticks.cards,
            ticks.due_stock,
            ticks.transfers,
            ticks.give_campaigns,
            ticks.file_imports,
            ticks.hooks,
            ticks.prune,
        ):
            tick(self.works)

    def send(self, address: str, request: dict[str, Any]) -> None:
        """A person sends something; returns when the product has taken it, or refused."""
        message = self.simulator.state.threads.get(address, [])
        before = len(message)
        sent = self.simulator.network.inbound.send(address, request)
        assert len(self.simulator.state.threads[address]) > before
        wait_for(lambda: sent.status in ("delivered", "failed", "waiting"), "the webhook's answer")

    def rest(self) -> None:
        """Run the real worker until the queue is empty, and wait for the network to settle."""
        asyncio.run(self._drain())
        assert not self.failing_jobs(), "a job failed; see the captured log"
        wait_for(self._quiet, "the network to settle")

    async def _drain(self) -> None:
        app = make_app(self.settings, self.works)
        async with app.open_async():
            while True:
                await app.run_worker_async(
                    queues=list(self.queues),
                    wait=False,
                    concurrency=4,
                    install_signal_handlers=False,
                    listen_notify=False,
                    delete_jobs="successful",
                )
                # A job may have deferred another after the worker had looked for the last time.
                waiting = await app.job_manager.list_jobs_async(status="todo")
                if self.failing_jobs() or all(job.queue not in self.queues for job in waiting):
                    return

    def _quiet(self) -> bool:
        with self.works.sessions() as session:
            waiting = session.scalar(
                select(func.count())
                .select_from(OutboxMessage)
                .where(OutboxMessage.state.in_(("sending", "sent")))
            )
        held = self.simulator.state.switches
        return not waiting or held.callbacks != "normal" or bool(held.network_down)

    # Looking behind the curtain

    def count(self, model: type, *conditions: Any) -> int:
        """Rows of a table that fit."""
        with self.works.sessions() as session:
            return session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0

    def failing_jobs(self) -> int:
        """Jobs that raised and will be tried again, or not any more."""
        with self.works.engine.connect() as connection:
            found = connection.execute(
                text("SELECT count(*) FROM procrastinate_jobs WHERE attempts > 0")
            )
            return int(found.scalar_one())

    def one(self, model: type, *conditions: Any) -> Any:
        """The one row that fits."""
        with self.works.sessions() as session:
            return session.scalars(select(model).where(*conditions)).one()

    def all(self, model: type, *conditions: Any) -> list[Any]:
        """The rows that fit, in order."""
        with self.works.sessions() as session:
            keys = model.__table__.primary_key.columns  # type: ignore[attr-defined]
            return list(session.scalars(select(model).where(*conditions).order_by(*keys)))

    def outbox(self, *conditions: Any) -> list[OutboxMessage]:
        """Outbox rows in order."""
        with self.works.sessions() as session:
            query = select(OutboxMessage).where(*conditions).order_by(OutboxMessage.id)
            return list(session.scalars(query))

    def inbound(self) -> list[Inbound]:
        """Inbound rows in order."""
        with self.works.sessions() as session:
            return list(session.scalars(select(Inbound).order_by(Inbound.id)))

    def case(self) -> Case:
        """The newest case."""
        with self.works.sessions() as session:
            case = session.scalars(select(Case).order_by(Case.id.desc()).limit(1)).one()
            return case

    def execute(self, statement: str, **values: Any) -> None:
        """Run SQL."""
        with self.works.engine.begin() as connection:
            connection.execute(text(statement), values)


def bring_contents(simulator: Handle, provider: Twilio) -> None:
    """Bring menus and templates to a network; once per run over HTTP, one by one."""
    if not _CONTENTS:
        content.push(provider)
        _CONTENTS.update(simulator.state.contents)
    simulator.state.contents.update({sid: replace(one) for sid, one in _CONTENTS.items()})


class _Late:
    """A free port that is known before the application that will serve it."""

    def __init__(self) -> None:
        self._server = make_server("127.0.0.1", 0, _not_yet, threaded=True, request_handler=_Quiet)
        self.port = self._server.server_port

    def serve(self, app: Any) -> BaseWSGIServer:
        self._server.app = app
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        return self._server


def _not_yet(environ: Any, start_response: Any) -> list[bytes]:
    start_response("503 Service Unavailable", [])
    return [b""]


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
    """Wait until something is so.

    Raises:
        AssertionError: it never was.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(KeyError):
            if condition():
                return
        time.sleep(0.01)
    raise AssertionError(f"waited {seconds} s for {what}")
