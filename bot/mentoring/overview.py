"""Cases as a coordinator sees them: lists, one case's whole record, rows to export.

Words are redacted when they are recorded; nothing here shows a number of anybody's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from bot import people
from bot.mentoring import candidates
from bot.text.redact import redact
from store.cases import Case, CaseDue, CaseEvent, CaseOffer
from store.people import Facility, Person

NO_NAME = "no name"


def overdue(now: datetime) -> ColumnElement[bool]:
    """A case that waits for an answer longer than the mentee was told, or for a mentor."""
    alerted = exists().where(CaseEvent.case_id == Case.id, CaseEvent.kind == "alerted")
    return (Case.state == "open") & ((Case.expected_by < now) | alerted)


def listed(
    session: Session, now: datetime, *, only_open: bool, only_overdue: bool, only_urgent: bool
) -> list[dict[str, Any]]:
    """Cases, the longest waiting first."""
    query = select(Case).order_by(Case.waiting_since.nulls_last(), Case.id)
    if only_open:
        query = query.where(Case.state == "open")
    if only_overdue:
        query = query.where(overdue(now))
    if only_urgent:
        query = query.where(Case.urgent)
    if not (only_open or only_overdue or only_urgent):
        query = query.where(Case.state != "closed")
    return [_line(session, case, now) for case in session.scalars(query)]


def _line(session: Session, case: Case, now: datetime) -> dict[str, Any]:
    mentee = session.get_one(Person, case.mentee_id)
    due = session.execute(
        select(CaseDue.kind, CaseDue.due_at)
        .where(CaseDue.case_id == case.id, CaseDue.done_at.is_(None))
        .order_by(CaseDue.due_at)
        .limit(1)
    ).first()
    return {
        "code": case.code,
        "state": case.state,
        "urgent": case.urgent,
        "topic": case.topic,
        "mentee": people.display_name(mentee, NO_NAME),
        "with": who_has(session, case),
        "opened_at": case.opened_at,
        "expected_by": case.expected_by,
        "overdue": case.state == "open" and case.expected_by is not None and case.expected_by < now,
        "next": due and due.kind,
        "next_at": due and due.due_at,
    }


def who_has(session: Session, case: Case) -> str:
    """The holder's name, or those it is offered to, or nobody."""
    if case.mentor_id is not None:
        return people.display_name(session.get_one(Person, case.mentor_id), NO_NAME)
    offered = [
        people.display_name(session.get_one(Person, offer.mentor_id), NO_NAME)
        for offer in candidates.live_offers(session, case)
    ]
    return f"offered to {' and '.join(offered)}" if offered else "nobody"


def by_code(session: Session, code: str) -> Case | None:
    """The newest case with this code."""
    return session.scalar(select(Case).where(Case.code == code).order_by(Case.id.desc()).limit(1))


def record_of(session: Session, case: Case, now: datetime) -> dict[str, Any]:
    """All that is known of a case: its line, times, events with reasons, offers, due rows."""
    names = _names(session)
    events = session.scalars(
        select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id)
    )
    dues = session.scalars(
        select(CaseDue).where(CaseDue.case_id == case.id).order_by(CaseDue.due_at, CaseDue.id)
    )
    offers = session.scalars(
        select(CaseOffer).where(CaseOffer.case_id == case.id).order_by(CaseOffer.id)
    )
    times = ("opened_at", "waiting_since", "expected_by", "first_response_at", "answered_at",
             "resolved_at", "closed_at")  # fmt: skip
    return {
        "case": _line(session, case, now),
        "cause": case.cause,
        "times": {name: getattr(case, name) for name in times},
        "events": [
            {
                "at": event.at,
                "kind": event.kind,
                "who": names.get(event.person_id or 0),
                "text": redact(event.text).text,
                "reason": event.data.get("reason"),
                "not_chosen": {
                    why: [names.get(mentor, "?") for mentor in mentors]
                    for why, mentors in event.data.get("not_chosen", {}).items()
                },
            }
            for event in events
        ],
        "offers": [
            {
                "mentor": names.get(offer.mentor_id),
                "offered_at": offer.offered_at,
                "ended_at": offer.ended_at,
                "outcome": offer.outcome,
            }
            for offer in offers
        ],
        "dues": [
            {
                "kind": due.kind,
                "due_at": due.due_at,
                "done_at": due.done_at,
                "outcome": due.outcome,
            }
            for due in dues
        ],
    }


def _names(session: Session) -> dict[int, str]:
    everybody = session.execute(
        select(Person.id, Person.name).where(
            Person.id.in_(select(CaseEvent.person_id))
            | Person.roles.overlap(["mentor", "coordinator"])
        )
    )
    return {person: name or NO_NAME for person, name in everybody}


COLUMNS = (
    "code", "opened_at", "state", "urgent", "cause", "topic", "language", "district", "facility",
    "cadre", "mentee", "mentor", "mentors_asked", "reminders", "passed", "expected_by",
    "first_response_at", "first_response_minutes", "resolved_at", "resolution_minutes",
    "closed_at", "helped", "question", "answer",
)  # fmt: skip


def exported(session: Session, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    """Rows of the cases opened from ``since`` up to, not including, ``until`` (aware).

    A mentee appears by external id or number of record, never by name or phone.
    """
    query = (
        select(Case, Person, Facility)
        .join(Person, Person.id == Case.mentee_id)
        .outerjoin(Facility, Facility.id == Person.facility_id)
        .where(Case.opened_at >= since, Case.opened_at < until)
        .order_by(Case.id)
    )
    for case, mentee, place in session.execute(query).unique():
        events = session.scalars(
            select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id)
        ).all()
        yield _row(session, case, mentee, place, list(events))


def _row(
    session: Session, case: Case, mentee: Person, place: Facility | None, events: list[CaseEvent]
) -> dict[str, Any]:
    kinds = [event.kind for event in events]
    rated = [event.data.get("helped") for event in events if event.kind == "rated"]
    mentor = session.get(Person, case.mentor_id) if case.mentor_id else None
    return {
        "code": case.code,
        "opened_at": case.opened_at,
        "state": case.state,
        "urgent": case.urgent,
        "cause": case.cause,
        "topic": case.topic,
        "language": mentee.language,
        "district": place.district if place else None,
        "facility": place.name if place else None,
        "cadre": mentee.cadre,
        "mentee": mentee.external_id or mentee.id,
        "mentor": mentor and (mentor.external_id or mentor.id),
        "mentors_asked": len(
            {event.person_id for event in events if event.kind in candidates.GIVEN}
        ),
        "reminders": kinds.count("reminded"),
        "passed": kinds.count("passed"),
        "expected_by": case.expected_by,
        "first_response_at": case.first_response_at,
        "first_response_minutes": _minutes(case.opened_at, case.first_response_at),
        "resolved_at": case.resolved_at,
        "resolution_minutes": _minutes(case.opened_at, case.resolved_at),
        "closed_at": case.closed_at,
        "helped": rated[-1] if rated else None,
        "question": _words(events, ("opened", "detail_added")),
        "answer": _words(events, ("answered",)),
    }


def _minutes(start: datetime, end: datetime | None) -> int | None:
    return None if end is None else round((end - start) / timedelta(minutes=1))


def _words(events: list[CaseEvent], kinds: tuple[str, ...]) -> str:
    return " / ".join(redact(event.text).text for event in events if event.kind in kinds)
