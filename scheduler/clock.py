"""The clock process: APScheduler decides when. Any number may run, one leads."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from bot import settings as settings_module
from bot.settings import SettingsError
from channels import content
from scheduler import ticks
from scheduler.jobs import Works
from scheduler.logs import configure

log = structlog.get_logger(__name__)

# Whoever holds this PostgreSQL advisory lock leads. An arbitrary constant.
LEADER_LOCK = 0x434C4F434B
RECHECK = 2.0

# Content templates are looked at this often when all of them can be used.
CONTENTS_EVERY = timedelta(minutes=10)


class Contents:
    """Asks for the provider's content ids: at each tick while one is missing, else now and then."""

    def __init__(self) -> None:
        self._asked_at: datetime | None = None

    def __call__(self, works: Works) -> None:
        """One tick."""
        now = works.now()
        if self._asked_at is not None and abs(now - self._asked_at) < CONTENTS_EVERY:
            with works.sessions() as session:
                if not content.missing(session):
                    return
        ticks.contents(works)
        self._asked_at = now


# Seconds between ticks. Misfires are made up for at once and only once (coalesce).
TICKS: dict[str, tuple[Callable[[Works], None], float]] = {
    "outbox": (ticks.outbox, 1.0),
    "waiting_questions": (ticks.waiting_questions, 1.0),
    "stalled_jobs": (ticks.stalled_jobs, 3.0),
    "doubts": (ticks.doubts, 5.0),
    "mentor_news": (ticks.mentor_news, 20.0),
    "due_cases": (ticks.due_cases, 5.0),
    "coaching_plans": (ticks.coaching_plans, 30.0),
    "due_discussions": (ticks.due_discussions, 5.0),
    "due_visits": (ticks.due_visits, 20.0),
    "plan_campaigns": (ticks.plan_campaigns, 5.0),
    "give_campaigns": (ticks.give_campaigns, 1.0),
    "close_questions": (ticks.close_questions, 5.0),
    "unsent_questions": (ticks.unsent_questions, 30.0),
    "campaign_books": (ticks.campaign_books, 60.0),
    "newcomers": (ticks.newcomers, 300.0),
    "resting_walks": (ticks.resting_walks, 60.0),
    "cards": (ticks.cards, 300.0),
    "due_stock": (ticks.due_stock, 30.0),
    "transfers": (ticks.transfers, 300.0),
    "contents": (Contents(), 60.0),
    "file_imports": (ticks.file_imports, 30.0),
    "hooks": (ticks.hooks, 1.0),
    "prune": (ticks.prune, 3600.0),
}


class Leadership:
    """Holds the advisory lock on a connection of its own; losing the connection loses the lead."""

    def __init__(self, works: Works) -> None:
        self._works = works
        self._connection: Connection | None = None

    def check(self) -> bool:
        """Whether this process leads now; takes the lead when nobody has it."""
        try:
            if self._connection is not None:
                self._connection.execute(text("SELECT 1"))
                self._connection.commit()
                return True
            connection = self._works.engine.connect()
            taken = connection.execute(
                text("SELECT pg_try_advisory_lock(:key)"), {"key": LEADER_LOCK}
            ).scalar()
            connection.commit()
            if taken:
                self._connection = connection
                log.info("leading")
                return True
            connection.close()
        except SQLAlchemyError as error:
            log.warning("database away", error=type(error).__name__)
            self.drop()
        return False

    def drop(self) -> None:
        """Give the lead up."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


def run_tick(works: Works, name: str) -> None:
    """One tick; whatever goes wrong is logged and tried again at the next."""
    try:
        TICKS[name][0](works)
    except Exception as error:
        log.error("tick failed", tick=name, error=f"{type(error).__name__}: {error}"[:300])


def run(works: Works, stop: threading.Event) -> None:
    """Tick while leading, wait while not, until ``stop`` is set."""
    leadership = Leadership(works)
    scheduler: BackgroundScheduler | None = None
    while not stop.is_set():
        leads = leadership.check()
        if leads and scheduler is None:
            scheduler = _start(works)
        elif not leads and scheduler is not None:
            scheduler.shutdown(wait=False)
            scheduler = None
        stop.wait(RECHECK)
    if scheduler is not None:
        scheduler.shutdown(wait=True)
    leadership.drop()


def _start(works: Works) -> BackgroundScheduler:
    scheduler = BackgroundScheduler(timezone="UTC")
    for name, (_, seconds) in TICKS.items():
        scheduler.add_job(
            run_tick,
            "interval",
            args=(works, name),
            id=name,
            seconds=seconds,
            coalesce=True,
            max_instances=1,
            next_run_time=datetime.now(UTC),
            misfire_grace_time=None,
        )
    scheduler.start()
    return scheduler


def main() -> int:
    """Run one clock process until it is told to stop."""
    configure()
    try:
        works = Works.build(settings_module.load())
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    run(works, stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
