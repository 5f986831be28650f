"""What a mentee writes when asked how it went, in words instead of a number."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.mentoring import assigning
from bot.mentoring.record import event, locked, tell_mentee, tell_mentor
from store.cases import Case
from store.people import Person


def remark(
    session: Session,
    case: Case,
    mentee: Person,
    body: str,
    *,
    now: datetime,
    key: str,
    inbound_id: int,
) -> None:
    """Keep it in the case and let the mentor read it; the case stays as it is.

    The question stays open: "2" still brings the case back.
    """
    case = locked(session, case.id)
    event(session, case, "told_outcome", now, person=mentee, inbound_id=inbound_id, body=body)
    for mentor in assigning.active(session, case, now):
        tell_mentor(
            session,
            case,
            mentor,
            "case_outcome_to_mentor",
            key=f"{key}:outcome:{mentor.id}",
            now=now,
            kind="notice",
            text=body,
        )
    tell_mentee(session, case, mentee, "case_outcome_noted", key=f"{key}:noted", now=now)
