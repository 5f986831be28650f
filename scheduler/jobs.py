"""The worker's jobs: receive a message, send to a person, bring a file in, tell a webhook."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from bot import inbound
from bot.hooks import delivering
from bot.quizzes import background
from bot.settings import Settings
from bot.uploads import people as uploads
from channels.twilio import Twilio
from nlu.client import RasaClient, RasaUnavailable
from scheduler.breaker import Breaker
from scheduler.bulk import Bulk, Replies
from scheduler.ears import Ears
from scheduler.sender import Sender
from store import clock
from store.base import make_engine, make_sessions
from store.migrate import psycopg_conninfo

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Works:
    """What a worker process is made of."""

    settings: Settings
    engine: Engine
    sessions: sessionmaker[Session]
    provider: Twilio
    rasa: RasaClient
    sender: Sender
    replies: Replies
    bulk: Bulk
    breaker: Breaker
    ears: Ears
    # Turns wait in threads of their own, so that a job can send while its turn goes on.
    turns: ThreadPoolExecutor
    now: Callable[[], datetime]

    @classmethod
    def build(cls, settings: Settings, now: Callable[[], datetime] | None = None) -> Works:
        """Compose a worker.

        Raises:
            bot.settings.SettingsError: a needed setting is missing.
        """
        settings.require("DATABASE_URL", "SECRET_KEY")
        assert settings.database_url is not None
        engine = make_engine(
            settings.database_url, pool_size=settings.worker_concurrency, check=False
        )
        sessions = make_sessions(engine, settings.session_info)
        provider = Twilio(settings)
        now = now or clock.of(settings.mentorline_clock)
        sender, replies = Sender(sessions, provider, now), Replies()
        return cls(
            settings=settings,
            engine=engine,
            sessions=sessions,
            provider=provider,
            rasa=RasaClient(
                settings.rasa_urls, timeout=settings.rasa_timeout, token=settings.rasa_token
            ),
            sender=sender,
            replies=replies,
            bulk=Bulk(sessions, sender, replies, now),
            breaker=Breaker(time.monotonic),
            ears=Ears(psycopg_conninfo(settings.database_url)),
            turns=ThreadPoolExecutor(settings.worker_concurrency, thread_name_prefix="turn"),
            now=now,
        )

    def receive(self, inbound_id: int) -> None:
        """Handle one inbound message and send what it leads to.

        May be run again at any point after a crash: each step knows what is done already.
        """
        with self.replies.going_on():
            self._receive(inbound_id)

    def _receive(self, inbound_id: int) -> None:
        with self.sessions.begin() as session:
            step = inbound.receive(session, inbound_id, self.now(), self.settings)
        if isinstance(step, inbound.AskDialogue):
            with self.ears.expecting(inbound_id) as spoken:
                turn = self.turns.submit(self._turn, step)
                turn.add_done_callback(lambda _: self.ears.wake(inbound_id))
                spoken.wait()
                if not turn.done():
                    self.sender.flush(step.person_id)
            said = turn.result()
            with self.sessions.begin() as session:
                settled = said is not None and inbound.settle(session, inbound_id, said, self.now())
                if not settled:
                    inbound.postpone(session, inbound_id, self.now(), self.settings)
        self.sender.flush(step.person_id)

    def _turn(self, step: inbound.AskDialogue) -> list[dict[str, Any]] | None:
        """What Rasa says, or ``None`` when it cannot be asked now."""
        if not self.breaker.allows():
            return None
        try:
            said = self.rasa.turn(step.sender, step.text, step.metadata)
        except RasaUnavailable as error:
            self.breaker.failed()
            log.warning("dialogue unavailable", inbound=step.inbound_id, error=str(error))
            return None
        except BaseException:
            self.breaker.failed()
            raise
        self.breaker.succeeded()
        return said

    def send(self, person_id: int) -> None:
        """Send what is due for one person."""
        with self.replies.going_on():
            self.sender.flush(person_id)

    def give_and_send(self, most: int) -> None:
        """Give doses of campaigns and send what they have queued, up to ``most`` of each."""
        self.bulk.run(most)

    def campaign(self, campaign_id: int, what: str, plan: dict[str, Any] | None) -> None:
        """Launch or change a campaign, as it was asked for in the console."""
        with self.sessions.begin() as session:
            background.carry_out(session, campaign_id, what, plan, self.now())

    def import_file(self, import_id: int) -> None:
        """Check or import a file of people."""
        uploads.look(self.sessions, self.settings, import_id, self.now())

    def deliver_hook(self, hook_id: int) -> None:
        """Deliver what is due for one outgoing webhook."""
        delivering.deliver(self.sessions, self.settings, hook_id, self.now)

    def close(self) -> None:
        """Let go of connections and threads."""
        self.ears.close()
        self.bulk.close()
        self.turns.shutdown(wait=False, cancel_futures=True)
        self.rasa.close()
        self.engine.dispose()
