"""The cases that a mentor's message could be about, for ``bot.mentoring.matching``."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot import words
from bot.mentoring import assigning, record
from bot.mentoring.candidates import has_standing
from bot.mentoring.matching import Meant, Said, Standing, State
from bot.turn import Turn
from store.cases import Case
from store.messages import OutboxMessage
from store.people import Person

# What we wrote to a mentor about a case this lately, they may still be answering: it may have been
# closed, passed or taken by another in the meantime.
LATELY = timedelta(hours=6)
# An answered case may be meant for this long, should it not close before.
ANSWERED_COUNTS = timedelta(hours=24)


def meant(session: Session, person: Person, case: Case, now: datetime) -> Meant:
    """How a case stands to somebody."""
    standing: Standing = (
        "mentee"
        if case.mentee_id == person.id
        else assigning.standing(session, case, person) or "none"
    )
    states: dict[str, State] = {"open": "open", "answered": "answered"}
    state = states.get(case.state, "closed")
    warm = case.answered_at is not None and now - case.answered_at <= record.THREAD_STAYS_OPEN
    return Meant(case.id, case.code, standing, state, warm)


def of_mentor(session: Session, mentor: Person, now: datetime) -> list[Case]:
    """Every case that a mentor's unaddressed words could be about: open ones first, oldest first.

    One that was put to them and is gone still counts for a while: they may not have seen that.
    """
    written_about = select(OutboxMessage.case_id).where(
        OutboxMessage.person_id == mentor.id,
        OutboxMessage.attempted_at > now - LATELY,
        OutboxMessage.case_id.is_not(None),
        # Of a mentor who is a coordinator too: nobody put that case to them.
        OutboxMessage.kind != "alert",
    )
    found = session.scalars(
        select(Case)
        .where(
            Case.mentee_id != mentor.id,
            or_(
                has_standing(mentor.id) & (Case.state == "open"),
                (Case.mentor_id == mentor.id)
                & (Case.state == "answered")
                & (Case.answered_at > now - ANSWERED_COUNTS),
                Case.id.in_(written_about),
            ),
        )
        .order_by(Case.state != "open", Case.id)
    )
    return list(found)


def all_meant(turn: Turn) -> list[Meant]:
    """Every case that an unaddressed text of this person could be about, their own included."""
    session, person, now = turn.session, turn.person, turn.now
    cases = [*of_mentor(session, person, now), *record.going_on(session, person, now)]
    return [meant(session, person, case, now) for case in cases]


def said(turn: Turn, *, expecting: bool, alarming: bool) -> Said:
    """A mentor's message as matching sees it."""
    session, person = turn.session, turn.person
    quoted = None
    if turn.quoted_sid is not None and not turn.pressed:
        quoted = record.by_quoted(session, person, turn.quoted_sid)
    asked = words.command(turn.text)
    code = asked.argument if asked is not None and asked.name == "answer" else None
    if turn.has_media:
        code = code or words.only_code(turn.text)
    coded = None if code is None else record.by_code(session, code)
    return Said(
        text=turn.text,
        has_media=turn.has_media,
        quoted=None if quoted is None else meant(session, person, quoted, turn.now),
        coded=None if coded is None else meant(session, person, coded, turn.now),
        quotes_other=turn.quoted_sid is not None and not turn.pressed and quoted is None,
        expecting=expecting,
        alarming=alarming,
    )
