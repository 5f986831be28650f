"""What a coordinator does with a case: answer it in the programme's name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.mentoring import assigning, dues
from bot.mentoring.record import event, locked, tell_mentee, tell_mentor
from bot.text.redact import redact
from store.cases import Case
from store.people import Person


def answer(
    session: Session, case: Case, body: str, *, programme: str, now: datetime, key: str
) -> None:
    """Bring an answer of the programme's to the mentee; whoever has the case hears that it did.

    Args:
        programme: the name it is signed with.
    """
    mentee = session.get_one(Person, case.mentee_id)
    case = locked(session, case.id)
    expected = assigning.active(session, case, now)
    event(session, case, "answered", now, body=body, by="programme")
    case.state, case.answered_at = "answered", now
    assigning.end_offers(session, case, now)
    dues.answered(session, case, now)
    assigning.forget_reminders(session, case)
    tell_mentee(
        session,
        case,
        mentee,
        "case_answer_programme",
        key=f"{key}:answer",
        now=now,
        kind="answer",
        menu="rate_case",
        programme=programme,
        text=redact(body).text,
    )
    for mentor in expected:
        tell_mentor(
            session,
            case,
            mentor,
            "case_answered_by_programme",
            key=f"{key}:told:{mentor.id}",
            now=now,
            programme=programme,
        )
