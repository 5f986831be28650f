"""Cases: opening, asking a mentor, bringing the answer back. An answer is never guessed."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot import words
from bot.mentoring import assigning, dues, telling
from bot.mentoring.record import (
    event,
    locked,
    mentor_of,
    shown_name,
    tell_mentee,
    tell_mentor,
)
from bot.text.redact import redact
from store.cases import Case
from store.people import Person

# The mentee hears at most this often that a detail was passed on.
ACKNOWLEDGE_EVERY = timedelta(hours=1)
# A code is not given again for this long after its case has closed.
CODE_REST = timedelta(days=90)
# The same emergency again within this time is the same case.
SAME_EMERGENCY = timedelta(hours=1)


def open_case(
    session: Session,
    mentee: Person,
    body: str,
    *,
    cause: str,
    now: datetime,
    key: str,
    address_id: int | None,
    inbound_id: int | None,
    topic: str | None = None,
    urgent: bool = False,
    emergency: str | None = None,
    media_url: str | None = None,
    asked: bool = False,
) -> Case:
    """Open a case, ask a mentor, and tell the mentee who was asked and when to expect an answer.

    Args:
        body: the mentee's words; identifiers are taken out before they leave for a mentor.
        key: prefix of the keys under which things are said, unique to what caused the case.
        asked: the mentee asked for a person, so nothing is said about the library.
    """
    if urgent:
        same = _same_emergency(session, mentee, emergency, now)
        if same is not None:
            add_detail(session, same, mentee, body, now=now, key=key, inbound_id=inbound_id)
            return same
    case = Case(
        code=_free_code(session, now),
        mentee_id=mentee.id,
        address_id=address_id,
        topic=topic,
        cause=cause,
        urgent=urgent,
        emergency=emergency,
        state="open",
        opened_at=now,
    )
    session.add(case)
    session.flush()
    event(session, case, "opened", now, person=mentee, inbound_id=inbound_id, body=body)
    assigned = assigning.assign(session, case, mentee, now=now, key=key, media_url=media_url)
    told = "case_opened_urgent" if urgent else "case_opened_asked" if asked else "case_opened"
    telling.who_was_asked(session, case, mentee, assigned, told, key=f"{key}:case", now=now)
    return case


def _same_emergency(
    session: Session, mentee: Person, emergency: str | None, now: datetime
) -> Case | None:
    return session.scalar(
        select(Case)
        .where(
            Case.mentee_id == mentee.id,
            Case.state != "closed",
            Case.emergency == emergency,
            Case.opened_at > now - SAME_EMERGENCY,
        )
        .order_by(Case.id.desc())
        .limit(1)
    )


def _free_code(session: Session, now: datetime) -> str:
    while True:
        code = "".join(secrets.choice(words.CODE_ALPHABET) for _ in range(words.CODE_LENGTH))
        taken = session.scalar(
            select(Case.id)
            .where(
                Case.code == code,
                or_(Case.state != "closed", Case.closed_at > now - CODE_REST),
            )
            .limit(1)
        )
        if taken is None:
            return code


def make_urgent(
    session: Session, case: Case, mentee: Person, emergency: str, *, now: datetime, key: str
) -> None:
    """The mentee says that it is happening now: the mentor is told again, as urgent."""
    case = locked(session, case.id)
    case.urgent, case.emergency, case.state = True, emergency, "open"
    event(session, case, "made_urgent", now, person=mentee)
    assigned = assigning.raise_urgency(session, case, mentee, now=now, key=f"{key}:urgent")
    telling.who_was_asked(
        session, case, mentee, assigned, "case_opened_urgent", key=f"{key}:urgent_case", now=now
    )


def add_detail(
    session: Session,
    case: Case,
    mentee: Person,
    body: str,
    *,
    now: datetime,
    key: str,
    inbound_id: int | None,
    media_url: str | None = None,
) -> None:
    """Pass what the mentee adds on to the mentor; the mentee hears so once an hour at most."""
    case = locked(session, case.id)
    event(session, case, "detail_added", now, person=mentee, inbound_id=inbound_id, body=body)
    asked = assigning.wait_again(session, case, mentee, now)
    if not asked:
        assigned = assigning.assign(session, case, mentee, now=now, key=key, media_url=media_url)
        telling.who_was_asked(
            session, case, mentee, assigned, "mentee_passed", key=f"{key}:noted", now=now
        )
        return
    for mentor in asked:
        tell_mentor(
            session,
            case,
            mentor,
            "case_more_to_mentor",
            key=f"{key}:detail:{mentor.id}",
            now=now,
            media_url=media_url,
            text=redact(body).text,
        )
    if case.acknowledged_at is None or now - case.acknowledged_at > ACKNOWLEDGE_EVERY:
        case.acknowledged_at = now
        tell_mentee(session, case, mentee, "case_detail_added", key=f"{key}:added", now=now)


def answer(
    session: Session,
    case: Case,
    mentor: Person,
    body: str,
    *,
    now: datetime,
    key: str,
    inbound_id: int | None,
    media_url: str | None = None,
) -> None:
    """Bring a mentor's answer to the mentee, on the channel the mentee used."""
    assigning.take(session, case, mentor, now=now, key=key, by_answering=True)
    mentee = session.get_one(Person, case.mentee_id)
    event(session, case, "answered", now, person=mentor, inbound_id=inbound_id, body=body)
    case.state, case.answered_at = "answered", now
    dues.answered(session, case, now)
    assigning.forget_reminders(session, case)
    if (mentee.pending or {}).get("kind") in (None, "rate_case", "follow_up", "happening_now"):
        # Anything else that we asked keeps waiting for its own answer.
        mentee.pending = {"kind": "rate_case", "case": case.id}
    tell_mentee(
        session,
        case,
        mentee,
        "case_answer",
        key=f"{key}:answer",
        now=now,
        kind="answer",
        menu="rate_case",
        media_url=media_url,
        text=redact(body).text,
        mentor=shown_name(mentor, mentee),
    )
    tell_mentor(
        session, case, mentor, "mentor_delivered", key=f"{key}:delivered", now=now, kind="reply"
    )


def rate(
    session: Session,
    case: Case,
    mentee: Person,
    helped: bool,
    *,
    now: datetime,
    key: str,
    inbound_id: int | None,
) -> None:
    """The mentee says whether a mentor's answer helped; "not yet" goes back to the mentor."""
    case = locked(session, case.id)
    event(session, case, "rated", now, person=mentee, inbound_id=inbound_id, helped=helped)
    if helped:
        close(session, case, now=now, person=mentee)
    else:
        case.state = "open"
        asked = assigning.wait_again(session, case, mentee, now)
        if not asked:
            assigned = assigning.assign(session, case, mentee, now=now, key=key)
            telling.who_was_asked(
                session, case, mentee, assigned, "mentee_passed", key=f"{key}:noted", now=now
            )
            return
    told = "case_closed" if helped else "case_back"
    tell_mentee(session, case, mentee, told, key=f"{key}:rated", now=now)
    mentor = mentor_of(session, case)
    if mentor is not None:
        news = "case_thanks_to_mentor" if helped else "case_not_yet_to_mentor"
        # Thanks can wait for the morning; a case that is not solved cannot.
        kind = "notice" if helped else "case"
        tell_mentor(session, case, mentor, news, key=f"{key}:rated_mentor", now=now, kind=kind)


def close(session: Session, case: Case, *, now: datetime, person: Person | None) -> None:
    """End a case."""
    case = locked(session, case.id)
    if case.state != "closed":
        # By the clock: nobody said more after the answer.
        case.resolved_at = now if person is not None else case.answered_at
        case.state, case.closed_at = "closed", now
        assigning.end_offers(session, case, now)
        dues.closed(session, case, now)
        event(session, case, "closed", now, person=person)
        assigning.forget_reminders(session, case)
    mentee = session.get_one(Person, case.mentee_id)
    if (mentee.pending or {}).get("case") == case.id:
        mentee.pending = None
