"""What a coordinator does with a case: answer it in the programme's name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot import outbox, people
from bot.mentoring import assigning, candidates, cases, dues
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


def answer_once(
    session: Session, case: Case, body: str, *, programme: str, now: datetime, key: str
) -> bool:
    """Answer a case that is not closed, once for each key.

    Returns:
        ``False``: it is closed, and nothing was sent.
    """
    _lock_both(session, case)
    if outbox.was_said(session, f"{key}:answer"):
        return True
    if case.state == "closed":
        return False
    answer(session, case, body, programme=programme, now=now, key=key)
    return True


def give_once(session: Session, case: Case, mentor: Person, *, now: datetime, key: str) -> bool:
    """Give a case that is not closed to a mentor, once for each key.

    Returns:
        ``False``: it is closed, and nothing was sent.
    """
    mentee = _lock_both(session, case)
    if outbox.was_said(session, f"{key}:given"):
        return True
    if case.state == "closed":
        return False
    assigning.give(session, case, mentee, mentor, now=now, key=key)
    return True


def close_once(session: Session, case: Case, *, now: datetime, key: str) -> None:
    """Close a case in the programme's name; the mentee is told. A closed one stays as it is."""
    mentee = _lock_both(session, case)
    if case.state == "closed":
        return
    cases.close(session, case, now=now, person=None)
    # By the clock it would count as solved with the answer; somebody has said so now.
    case.resolved_at = case.resolved_at or now
    say = "case_closed_by_programme"
    tell_mentee(session, case, mentee, say, key=f"{key}:closed", now=now)


def may_have(session: Session, case: Case) -> list[Person]:
    """The mentors whom a case can be given to: who can be reached, and did not ask it."""
    return [
        mentor
        for mentor in candidates.mentors(session)
        if mentor.id != case.mentee_id and people.reachable(mentor)
    ]


def _lock_both(session: Session, case: Case) -> Person:
    """The mentee's row, then the case's, as everybody takes them."""
    mentee = session.get_one(
        Person, case.mentee_id, with_for_update={"of": Person, "key_share": True}
    )
    locked(session, case.id)
    return mentee
