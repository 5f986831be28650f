"""The moments at which a case must be looked at, as rows that a coordinator can see.

A case that is not closed has at least one pending row; a case that nobody holds and nobody is
offered has a pending ``route``.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot.mentoring import levels
from store.cases import Case, CaseDue
from store.people import Person


def plan(session: Session, case: Case, kind: str, due_at: datetime) -> None:
    """Have a case looked at; what is pending of this kind is moved."""
    row = insert(CaseDue).values(case_id=case.id, kind=kind, due_at=due_at)
    session.execute(
        row.on_conflict_do_update(
            index_elements=["case_id", "kind"],
            index_where=text("done_at IS NULL"),
            set_={"due_at": row.excluded.due_at},
        )
    )


def settle(session: Session, case: Case, outcome: str, now: datetime, *kinds: str) -> None:
    """Rows that have had their effect, or are not needed any more; all kinds when none is named."""
    pending = update(CaseDue).where(CaseDue.case_id == case.id, CaseDue.done_at.is_(None))
    if kinds:
        pending = pending.where(CaseDue.kind.in_(kinds))
    session.execute(pending.values(done_at=now, outcome=outcome))


def is_planned(session: Session, case: Case, *kinds: str) -> bool:
    """Whether a row of one of these kinds is pending."""
    pending = select(CaseDue.id).where(
        CaseDue.case_id == case.id, CaseDue.done_at.is_(None), CaseDue.kind.in_(kinds)
    )
    return session.scalar(pending.limit(1)) is not None


def service(session: Session) -> levels.Service:
    """The service levels of the programme."""
    return levels.of(session.info)


def moment(session: Session, case: Case, span: str, start: datetime, timezone: str) -> datetime:
    """When a span of the case's level, such as ``remind``, is over. Aware UTC."""
    rules = service(session)
    level = rules.of(case.urgent)
    return levels.due(rules, level, start, getattr(level, span), timezone)


def wait(session: Session, case: Case, mentee: Person, now: datetime) -> None:
    """The mentee waits for an answer from now on, if not already: alert and apology are planned."""
    if case.waiting_since is not None:
        return
    case.waiting_since = now
    for kind in ("alert", "apologise"):
        plan(session, case, kind, moment(session, case, kind, now, mentee.timezone))
    settle(session, case, "not needed", now, "follow_up", "close")


def given(session: Session, case: Case, mentor: Person, now: datetime) -> None:
    """Somebody has it, or is offered it: a reminder and a passing on are planned."""
    settle(session, case, "found", now, "route")
    for kind in ("remind", "pass_on"):
        plan(session, case, kind, moment(session, case, kind, now, mentor.timezone))


def nobody(session: Session, case: Case, now: datetime, look_at: datetime) -> None:
    """Nobody has it: look for somebody at that moment."""
    settle(session, case, "nobody has it", now, "remind", "pass_on")
    plan(session, case, "route", look_at)


def answered(session: Session, case: Case, now: datetime) -> None:
    """The mentor has answered: ask how it went, and close it in the end."""
    case.waiting_since = None
    case.first_response_at = case.first_response_at or now
    settle(session, case, "answered", now)
    level = service(session).of(case.urgent)
    plan(session, case, "follow_up", now + level.follow_up)
    plan(session, case, "close", now + level.close)


def closed(session: Session, case: Case, now: datetime) -> None:
    """It is over."""
    case.waiting_since = None
    settle(session, case, "closed", now)


def bring_waiting(session: Session, now: datetime) -> None:
    """Somebody has come back or has room: look for a mentor now for whatever nobody has."""
    session.execute(
        update(CaseDue)
        .where(CaseDue.kind == "route", CaseDue.done_at.is_(None), CaseDue.due_at > now)
        .values(due_at=now)
    )
