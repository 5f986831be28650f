"""Due rows of coaching plans: when somebody is reminded of theirs, and when gaps are looked for."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from store.people import Person
from store.plans import PlanDue

# After work, as the quiz (learning.md).
AT: Final = time(17)
# At most one in so many days.
APART: Final = timedelta(days=7)
# Everybody's answers and questions are looked at once a day.
LOOKED_AT: Final = time(3)


def remind_later(session: Session, person_id: int, now: datetime) -> None:
    """Have somebody reminded of their plan in a week; what is pending stays as it is.

    Args:
        now: aware.
    """
    timezone = session.scalars(select(Person.timezone).where(Person.id == person_id)).one()
    here = ZoneInfo(timezone)
    day = (now.astimezone(here) + APART).date()
    _plan(session, "reminder", person_id, datetime.combine(day, AT, here).astimezone(UTC))


def record_grew(session: Session, person_id: int, now: datetime) -> None:
    """Have a mentee's record looked at, at the next tick.

    Args:
        now: aware.
    """
    _plan(session, "record", person_id, now)


def gaps_later(session: Session, now: datetime, timezone: str) -> None:
    """Have gaps looked for in the coming night.

    Args:
        now: aware.
        timezone: the programme's.
    """
    here = ZoneInfo(timezone)
    local = now.astimezone(here)
    day = local.date() + timedelta(days=0 if local.time() < LOOKED_AT else 1)
    _plan(session, "gaps", None, datetime.combine(day, LOOKED_AT, here).astimezone(UTC))


def _plan(session: Session, kind: str, person_id: int | None, due_at: datetime) -> None:
    session.execute(
        insert(PlanDue)
        .values(kind=kind, person_id=person_id, due_at=due_at)
        .on_conflict_do_nothing()
    )


def due(session: Session, now: datetime, limit: int) -> list[tuple[int, str]]:
    """Ids and kinds of rows that are due, oldest first."""
    rows = session.execute(
        select(PlanDue.id, PlanDue.kind)
        .where(PlanDue.done_at.is_(None), PlanDue.due_at <= now)
        .order_by(PlanDue.due_at)
        .limit(limit)
    )
    return [(row.id, row.kind) for row in rows]
