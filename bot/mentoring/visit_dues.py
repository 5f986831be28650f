"""What happens to a visit when one of its moments comes: see ``store.visits.VisitDue``."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.mentoring import preparing, visit_telling, visits
from bot.mentoring.competencies import Catalogue
from store.people import Person
from store.visits import VisitDue


def due_ids(session: Session, now: datetime, limit: int) -> list[int]:
    """Rows that are due, the longest overdue first."""
    return list(
        session.scalars(
            select(VisitDue.id)
            .where(VisitDue.done_at.is_(None), VisitDue.due_at <= now)
            .order_by(VisitDue.due_at, VisitDue.id)
            .limit(limit)
        )
    )


def look(session: Session, due_id: int, now: datetime, catalogue: Catalogue) -> bool:
    """Have the effect of a due row, once, whoever else changes the visit.

    Returns:
        Whether there was anything to do.
    """
    due = session.get_one(VisitDue, due_id)
    visit = visits.locked(session, due.visit_id)
    due = session.get_one(VisitDue, due_id, populate_existing=True)
    if due.done_at is not None or due.due_at > now:
        return False
    due.done_at = now
    session.flush()
    if visit.state != "planned":
        due.outcome = "not needed"
    elif due.kind == "remind":
        if visit.starts_at <= now:
            due.outcome = "too late"
            return True
        mentor = session.get_one(Person, visit.mentor_id)
        to_prepare = preparing.shown(session, visit, mentor, catalogue)
        visit_telling.remind(session, visit, now, to_prepare)
        due.outcome = "reminded"
    elif due.kind == "close":
        visits.over(session, visit, "unreported", now)
        due.outcome = "nobody said how it was"
    else:
        visit_telling.ask_debrief(session, visit, now, due.kind)
        due.outcome = "asked"
    return True
