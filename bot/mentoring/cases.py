"""Cases: opening, asking a mentor, bringing the answer back. An answer is never guessed."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot import words
from bot.mentoring import assigning
from bot.mentoring.record import (
    event,
    mentor_of,
    shown_name,
    tell_mentee,
    tell_mentor,
)
from bot.text.redact import redact
from store.cases import Case
from store.people import Person

EXPECTED_HOURS = 24
CLOSE_ANSWERED_AFTER = timedelta(hours=48)
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
    mentor = assigning.assign(session, case, mentee, now=now, key=key, media_url=media_url)
    if mentor is None:
        told = "case_nobody"
    else:
        told = "case_opened_urgent" if urgent else "case_opened_asked" if asked else "case_opened"
    tell_mentee(session, case, mentee, told, key=f"{key}:case", now=now, hours=EXPECTED_HOURS)
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
    case.urgent, case.emergency = True, emergency
    case.state, case.due_at = "open", now + assigning.look_again_after(case)
    event(session, case, "made_urgent", now, person=mentee)
    mentor = assigning.active_mentor(session, case)
    if mentor is None:
        mentor = assigning.assign(session, case, mentee, now=now, key=key)
    else:
        assigning.put_to_mentor(
            session, case, mentee, mentor, now=now, key=f"{key}:urgent", media_url=None
        )
    told = "case_nobody" if mentor is None else "case_opened_urgent"
    tell_mentee(session, case, mentee, told, key=f"{key}:urgent_case", now=now)


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
    event(session, case, "detail_added", now, person=mentee, inbound_id=inbound_id, body=body)
    if case.state == "answered":
        case.state, case.due_at = "open", now + assigning.look_again_after(case)
    mentor = assigning.active_mentor(session, case)
    if mentor is None:
        mentor = assigning.assign(session, case, mentee, now=now, key=key, media_url=media_url)
        told = "case_nobody" if mentor is None else "mentee_passed"
        tell_mentee(session, case, mentee, told, key=f"{key}:noted", now=now)
        return
    tell_mentor(
        session,
        case,
        mentor,
        "case_more_to_mentor",
        key=f"{key}:detail",
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
    mentee = session.get_one(Person, case.mentee_id)
    event(session, case, "answered", now, person=mentor, inbound_id=inbound_id, body=body)
    case.state, case.answered_at = "answered", now
    case.due_at = now + CLOSE_ANSWERED_AFTER
    assigning.forget_reminders(session, case)
    if (mentee.pending or {}).get("kind") in (None, "rate_case", "happening_now"):
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
    event(session, case, "rated", now, person=mentee, inbound_id=inbound_id, helped=helped)
    if helped:
        close(session, case, now=now, person=mentee)
    else:
        case.state, case.due_at = "open", now + assigning.look_again_after(case)
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
    if case.state != "closed":
        case.state, case.closed_at, case.due_at = "closed", now, None
        event(session, case, "closed", now, person=person)
        assigning.forget_reminders(session, case)
    mentee = session.get_one(Person, case.mentee_id)
    if (mentee.pending or {}).get("case") == case.id:
        mentee.pending = None
