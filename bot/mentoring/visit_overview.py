"""Visits as a coordinator sees them: a list, and the record of one. Names, never numbers."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import people
from bot.mentoring import visit_telling
from store.people import Facility, Person
from store.visits import Visit, VisitDue

RECENT: Final = timedelta(days=30)
_COMING: Final = {True: "will be there", False: "cannot", None: "has not said"}


def listed(
    session: Session,
    now: datetime,
    timezone: str,
    *,
    mentor: Person | None = None,
    since: date | None = None,
    until: date | None = None,
) -> list[dict[str, Any]]:
    """Visits that begin from one day to another, both included; without: from 30 days ago on.

    Args:
        timezone: whose days these are, and in which moments are given.
    """
    zone = ZoneInfo(timezone)
    first = datetime.combine(since, time(), zone) if since else now - RECENT
    query = select(Visit).where(Visit.starts_at >= first)
    if until is not None:
        query = query.where(
            Visit.starts_at < datetime.combine(until + timedelta(days=1), time(), zone)
        )
    if mentor is not None:
        query = query.where(Visit.mentor_id == mentor.id)
    return [
        _line(session, visit, zone)
        for visit in session.scalars(query.order_by(Visit.starts_at, Visit.id))
    ]


def _line(session: Session, visit: Visit, zone: ZoneInfo) -> dict[str, Any]:
    yes, no, silent = visit_telling.counted(session, visit)
    mentor = session.get_one(Person, visit.mentor_id)
    return {
        "number": visit.id,
        "starts": visit.starts_at.astimezone(zone).isoformat(timespec="minutes"),
        "days": visit.days,
        "facility": session.get_one(Facility, visit.facility_id).name,
        "mentor": people.bare_name(mentor) or f"#{mentor.id}",
        "topics": list(visit.topics),
        "state": visit.state,
        "yes": len(yes),
        "no": len(no),
        "silent": len(silent),
    }


def record_of(session: Session, visit: Visit, timezone: str) -> dict[str, Any]:
    """Everything about one visit."""
    zone = ZoneInfo(timezone)
    dues = session.scalars(
        select(VisitDue).where(VisitDue.visit_id == visit.id).order_by(VisitDue.due_at, VisitDue.id)
    )
    return _line(session, visit, zone) | {
        "reason": visit.reason,
        "people": [
            {
                "name": people.bare_name(person) or f"#{person.id}",
                "part": mine.part,
                "coming": _COMING[mine.coming] if mine.notice_key else "not told by text",
                "seen": mine.seen,
            }
            for person, mine in visit_telling.members(session, visit)
        ],
        "debrief": dict(visit.debrief),
        "dues": [
            {
                "at": due.due_at.astimezone(zone).isoformat(timespec="minutes"),
                "kind": due.kind,
                "outcome": due.outcome or "waits",
            }
            for due in dues
        ],
    }
