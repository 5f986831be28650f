"""Cases: opening, asking a mentor, bringing the answer back. An answer is never guessed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from bot import words
from bot.mentoring import assigning, dues, encounters, telling
from bot.mentoring.assigning import Taken
from bot.mentoring.record import (
    asked_so_far,
    event,
    going_on,
    locked,
    mentor_of,
    shortened,
    shown_name,
    tell_mentee,
    tell_mentor,
)
from store.cases import Case, CaseEvent
from store.messages import OutboxMessage
from store.people import Person

# The mentee hears at most this often that a detail was passed on.
ACKNOWLEDGE_EVERY = timedelta(hours=1)
# A code is not given again for this long after its case has closed.
CODE_REST = timedelta(days=90)
# What stands under a message about a case on a mentor's WhatsApp.
DESK_MENU = "case_desk"
# How much of the thread a mentor reads again when an answer did not help.
THREAD_EXCERPT = 300
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
    about: Mapping[str, object] | None = None,
) -> Case:
    """Open a case, ask a mentor, and tell the mentee who was asked and when to expect an answer.

    Args:
        body: the mentee's words; identifiers are taken out before they leave for a mentor.
        key: prefix of the keys under which things are said, unique to what caused the case.
        asked: the mentee asked for a person, so nothing is said about the library.
        about: what else the record keeps of the question, such as the quiz item and its version.
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
    event(
        session,
        case,
        "opened",
        now,
        person=mentee,
        inbound_id=inbound_id,
        body=body,
        **(about or {}),
    )
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
    session: Session,
    case: Case,
    mentee: Person,
    emergency: str | None,
    *,
    now: datetime,
    key: str,
    by: Person | None = None,
) -> None:
    """It cannot wait: the mentor is told again, as urgent, and a second one is asked.

    Args:
        by: who says so; the mentee, where it is not named.
    """
    case = locked(session, case.id)
    if case.state == "closed":
        _open_again(session, case, mentee, now)
    case.urgent, case.emergency, case.state = True, emergency or case.emergency, "open"
    event(session, case, "made_urgent", now, person=by or mentee)
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
    address_id: int | None = None,
) -> None:
    """Pass what the mentee adds on to the mentor; the mentee hears so once an hour at most.

    With several cases going on it is said each time, and how to reach the others. What belongs to
    a closed case opens it again.

    Args:
        address_id: where it was written; the answer goes there from now on.
    """
    case = locked(session, case.id)
    case.address_id = address_id or case.address_id
    if case.state == "closed":
        _open_again(session, case, mentee, now)
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
            menu=DESK_MENU,
            text=body,
        )
    others = [f"#{other.code}" for other in going_on(session, mentee, now) if other.id != case.id]
    lately = case.acknowledged_at is not None and now - case.acknowledged_at <= ACKNOWLEDGE_EVERY
    if lately and not others:
        return
    case.acknowledged_at = now
    tell_mentee(
        session,
        case,
        mentee,
        "case_detail_added_to" if others else "case_detail_added",
        key=f"{key}:added",
        now=now,
        others=", ".join(others),
        mentor=telling.names(asked, mentee),
    )


def _open_again(session: Session, case: Case, by: Person, now: datetime) -> None:
    """A closed case goes on; the caller says who is expected to write."""
    case.state, case.closed_at, case.resolved_at = "open", None, None
    event(session, case, "reopened", now, person=by)


def reopen(session: Session, case: Case, mentor: Person, *, now: datetime) -> bool:
    """A mentor has more to say in a closed case of theirs.

    Returns:
        ``False``: it is not theirs, and stays closed.
    """
    case = locked(session, case.id)
    if case.state != "closed":
        return True
    if case.mentor_id != mentor.id:
        return False
    _open_again(session, case, mentor, now)
    return True


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
) -> Taken:
    """Bring a mentor's answer to the mentee, on the channel the mentee used.

    Returns:
        ``taken`` or ``already_yours``: it went. Else nothing was sent.
    """
    case = locked(session, case.id)
    if case.state != "closed" and assigning.standing(session, case, mentor) is None:
        # Passed or lost in the meantime; nobody else takes what was put to others.
        holder = mentor_of(session, case)
        return Taken("somebody_elses", shown_name(holder, mentor) if holder else "")
    taken = assigning.take(session, case, mentor, now=now, key=key, by_answering=True)
    if taken.outcome not in ("taken", "already_yours"):
        return taken
    mentee = session.get_one(Person, case.mentee_id)
    event(session, case, "answered", now, person=mentor, inbound_id=inbound_id, body=body)
    case.state, case.answered_at = "answered", now
    dues.answered(session, case, now)
    assigning.forget_reminders(session, case)
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
        text=body,
    )
    # Honest about somebody who wants to hear nothing: the answer is kept, and does not leave.
    told = "mentor_delivered" if mentee.stopped_at is None else "mentor_mentee_stopped"
    tell_mentor(session, case, mentor, told, key=f"{key}:delivered", now=now, kind="reply")
    return taken


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
    # How she is two days after an emergency is asked whatever was said on the day itself.
    stays = helped and case.urgent and not _followed_up(session, case)
    if stays:
        case.state = "answered"
        dues.answered(session, case, now)
    elif helped:
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
    told = "case_back" if not helped else "case_asked_again" if stays else "case_closed"
    tell_mentee(session, case, mentee, told, key=f"{key}:rated", now=now)
    mentor = mentor_of(session, case)
    if mentor is not None:
        news = "case_thanks_to_mentor" if helped else "case_not_yet_to_mentor"
        # Thanks can wait for the morning; a case that is not solved cannot.
        kind = "notice" if helped else "case"
        tell_mentor(
            session,
            case,
            mentor,
            news,
            key=f"{key}:rated_mentor",
            now=now,
            kind=kind,
            menu=None if helped else DESK_MENU,
            text=shortened(asked_so_far(session, case), THREAD_EXCERPT),
        )


def _followed_up(session: Session, case: Case) -> bool:
    """Whether it was asked how it went."""
    asked = select(CaseEvent.id).where(
        CaseEvent.case_id == case.id, CaseEvent.kind == "followed_up"
    )
    return session.scalar(asked.limit(1)) is not None


def withdraw(session: Session, case: Case, mentee: Person, *, now: datetime, key: str) -> None:
    """The mentee takes a case back; whoever has seen it is told, and it ends."""
    case = locked(session, case.id)
    if case.state == "closed":
        return
    event(session, case, "withdrawn", now, person=mentee)
    unseen = (OutboxMessage.case_id == case.id, OutboxMessage.person_id != mentee.id)
    session.execute(
        update(OutboxMessage)
        .where(*unseen, OutboxMessage.state.in_(("queued", "held")))
        .values(state="dropped", reason="the case was withdrawn")
    )
    for mentor in assigning.active(session, case, now):
        seen = select(OutboxMessage.id).where(
            OutboxMessage.case_id == case.id,
            OutboxMessage.person_id == mentor.id,
            OutboxMessage.attempted_at.is_not(None),
        )
        if session.scalar(seen.limit(1)) is not None:
            said = "case_withdrawn_to_mentor"
            tell_mentor(session, case, mentor, said, key=f"{key}:withdrawn:{mentor.id}", now=now)
    close(session, case, now=now, person=mentee)


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
        encounters.of_case(session, case, now)
