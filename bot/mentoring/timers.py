"""What happens to a case when its time comes: remind, find another mentor, close."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import people
from bot.mentoring import assigning, cases
from bot.mentoring.record import event, tell_mentee, tell_mentor
from store.cases import Case, CaseEvent
from store.people import Person


def look_again(session: Session, case: Case, now: datetime) -> None:
    """A case came due: find a mentor, remind the mentor, or close what was answered long ago."""
    key = f"case:{case.id}:due:{int(now.timestamp())}"
    if case.state == "answered":
        cases.close(session, case, now=now, person=None)
        return
    mentor = assigning.active_mentor(session, case)
    reminded = 0 if mentor is None else _reminders_since_assigned(session, case)
    # An urgent case goes on at once, any other after one reminder, if there is somebody else.
    patience_over = case.urgent or reminded > 0
    if mentor is None or (patience_over and _find_another(session, case, now, key)):
        if mentor is None:
            _find_mentor_late(session, case, now, key)
        return
    event(session, case, "reminded", now, person=mentor)
    case.due_at = now + assigning.look_again_after(case) * (3 if reminded else 1)
    assigning.forget_reminders(session, case)  # one at a time
    tell_mentor(
        session,
        case,
        mentor,
        "case_reminder_to_mentor",
        key=f"{key}:reminder",
        now=now,
        kind=assigning.REMINDER,
    )


def _reminders_since_assigned(session: Session, case: Case) -> int:
    return (
        session.scalar(
            select(func.count())
            .select_from(CaseEvent)
            .where(
                CaseEvent.case_id == case.id,
                CaseEvent.kind == "reminded",
                CaseEvent.at >= case.assigned_at,
            )
        )
        or 0
    )


def _find_another(session: Session, case: Case, now: datetime, key: str) -> bool:
    """Give a case that waits too long to somebody who has not had it; false: there is nobody."""
    mentee = session.get_one(Person, case.mentee_id)
    had_it = select(CaseEvent.person_id).where(
        CaseEvent.case_id == case.id, CaseEvent.person_id.is_not(None)
    )
    others = session.scalars(
        select(Person).where(
            Person.roles.contains(["mentor"]),
            Person.away_since.is_(None),
            Person.id != mentee.id,
            Person.id.not_in(had_it),
        )
    )
    if not any(people.reachable(other) for other in others):
        return False
    _find_mentor_late(session, case, now, key, told="mentee_passed")
    return True


def _find_mentor_late(
    session: Session, case: Case, now: datetime, key: str, told: str = "case_assigned_later"
) -> None:
    mentee = session.get_one(Person, case.mentee_id)
    mentor = assigning.assign(session, case, mentee, now=now, key=key)
    if mentor is not None:
        tell_mentee(
            session,
            case,
            mentee,
            told,
            key=f"{key}:later",
            now=now,
            kind="answer",
        )
