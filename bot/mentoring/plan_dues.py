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


def nudge_later(session: Session, person_id: int, now: datetime) -> None:
    """Have somebody reminded of their plan in a week; what is pending stays as it is.

    Args:
        now: aware.
    """
    timezone = session.scalars(select(Person.timezone).where(Person.id == person_id)).one()
    here = ZoneInfo(timezone)
    day = (now.astimezone(here) + APART).date()
    _plan(session, "nudge", person_id, datetime.combine(day, AT, here).astimezone(UTC))


def gaps_later(session: Session, now: datetime, timezone: str) -> None:
    """Have gaps looked for in the coming night; the first time at once.

    Args:
        now: aware.
        timezone: the programme's.
    """
    first = session.scalar(select(PlanDue.id).where(PlanDue.kind == "gaps").limit(1)) is None
    here = ZoneInfo(timezone)
    local = now.astimezone(here)
    next_day = local.date() + timedelta(days=0 if local.time() < LOOKED_AT else 1)
    due_at = now if first else datetime.combine(next_day, LOOKED_AT, here).astimezone(UTC)
    _plan(session, "gaps", None, due_at)


def _plan(session: Session, kind: str, person_id: int | None, due_at: datetime) -> None:
    session.execute(
        insert(PlanDue)
        .values(kind=kind, person_id=person_id, due_at=due_at)
        .on_conflict_do_nothing()
    )


def due_ids(session: Session, now: datetime, limit: int) -> list[int]:
    """Rows that are due, oldest first."""
    return list(
        session.scalars(
            select(PlanDue.id)
            .where(PlanDue.done_at.is_(None), PlanDue.due_at <= now)
            .order_by(PlanDue.due_at)
            .limit(limit)
        )
    )
