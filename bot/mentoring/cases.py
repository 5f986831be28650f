"""Cases: opening, asking a mentor, bringing the answer back. An answer is never guessed."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from bot import outbox, people, words
from bot.mentoring import routing
from bot.mentoring.record import (
    asked_so_far,
    event,
    mentor_of,
    shown_name,
    tell_mentee,
    tell_mentor,
)
from bot.text.redact import redact
from bot.texts import text
from store.cases import Case, CaseEvent
from store.messages import OutboxMessage
from store.people import Person

EXPECTED_HOURS = 24
# Kind of the messages that only remind: dropped when the case goes on.
REMINDER = "reminder"
# When the clock looks at a case again that nobody has answered.
REMIND_AFTER = timedelta(hours=4)
REMIND_URGENT_AFTER = timedelta(minutes=10)
RETRY_ROUTING_AFTER = timedelta(minutes=1)
CLOSE_ANSWERED_AFTER = timedelta(hours=48)
# The mentee hears at most this often that a detail was passed on.
ACKNOWLEDGE_EVERY = timedelta(hours=1)
# A code is not given again for this long after its case has closed.
CODE_REST = timedelta(days=90)
# The same emergency again within this time is the same case.
SAME_EMERGENCY = timedelta(hours=1)
# WhatsApp refuses a template body over 1,024 characters; the text shares it with the frame.
TEMPLATE_TEXT = 600


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
    mentor = assign(session, case, mentee, now=now, key=key, media_url=media_url)
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


def _look_again_after(case: Case) -> timedelta:
    return REMIND_URGENT_AFTER if case.urgent else REMIND_AFTER


def assign(
    session: Session,
    case: Case,
    mentee: Person,
    *,
    now: datetime,
    key: str,
    media_url: str | None = None,
) -> Person | None:
    """Find a mentor for a case and put the question to them; ``None`` when nobody can take it.

    The case records why this mentor was chosen, and a case that nobody has is looked at again.
    """
    had_it = [
        person_id
        for person_id in session.scalars(
            select(CaseEvent.person_id)
            .where(CaseEvent.case_id == case.id, CaseEvent.kind.in_(("assigned", "passed")))
            .order_by(CaseEvent.id)
        )
        if person_id is not None
    ]
    wanted = routing.Wanted(
        own_mentor=mentee.mentor_id,
        topic=case.topic,
        language=mentee.language,
        district=mentee.facility.district if mentee.facility else "",
        mentee=mentee.id,
        tried=frozenset(had_it),
    )
    mentors = list(session.scalars(select(Person).where(Person.roles.contains(["mentor"]))))
    candidates = _candidates(session, mentors)
    choice = routing.choose(wanted, candidates)
    if choice is None and had_it:
        # Everybody had it once: round again, but not back to whoever had it last.
        choice = routing.choose(replace(wanted, tried=frozenset(had_it[-1:])), candidates)
    if choice is None:
        if case.mentor_id is not None or case.due_at is None:
            event(session, case, "unassigned", now)
        case.mentor_id = None
        case.due_at = now + RETRY_ROUTING_AFTER
        return None
    mentor = next(mentor for mentor in mentors if mentor.id == choice.mentor)
    forget_reminders(session, case)
    case.mentor_id, case.assigned_at = mentor.id, now
    case.due_at = now + _look_again_after(case)
    event(session, case, "assigned", now, person=mentor, reason=choice.reason)
    _put_to_mentor(session, case, mentee, mentor, now=now, key=key, media_url=media_url)
    return mentor


def active_mentor(session: Session, case: Case) -> Person | None:
    """Whoever has the case and can be reached: a mentor on leave or after STOP has it no more."""
    mentor = mentor_of(session, case)
    if mentor is None or mentor.away_since is not None or not people.reachable(mentor):
        return None
    return mentor


def hand_back(session: Session, mentor: Person, now: datetime) -> None:
    """A mentor leaves (AWAY, STOP): the clock finds others for the open cases at once."""
    session.execute(
        update(Case).where(Case.mentor_id == mentor.id, Case.state == "open").values(due_at=now)
    )


def forget_reminders(session: Session, case: Case) -> None:
    """Reminders that have not left yet are not needed any more."""
    session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.case_id == case.id,
            OutboxMessage.kind == REMINDER,
            OutboxMessage.state.in_(("queued", "held")),
        )
        .values(state="dropped", reason="the case went on")
    )


def _candidates(session: Session, mentors: list[Person]) -> list[routing.Candidate]:
    load = dict(
        session.execute(
            select(Case.mentor_id, func.count())
            .where(Case.state == "open")
            .group_by(Case.mentor_id)
        ).all()
    )
    return [
        routing.Candidate(
            id=mentor.id,
            topics=frozenset(mentor.technical_areas),
            languages=frozenset({mentor.language}),
            district=mentor.facility.district if mentor.facility else "",
            open_cases=load.get(mentor.id, 0),
            reachable=people.reachable(mentor),
            away=mentor.away_since is not None,
        )
        for mentor in mentors
    ]


def _put_to_mentor(
    session: Session,
    case: Case,
    mentee: Person,
    mentor: Person,
    *,
    now: datetime,
    key: str,
    media_url: str | None,
) -> None:
    asked = asked_so_far(session, case)
    shortened = " ".join(asked.split())
    variables = {
        "1": case.code,
        "2": shown_name(mentee, mentor),
        "3": shortened[:TEMPLATE_TEXT],
    }
    tell_mentor(
        session,
        case,
        mentor,
        "case_to_mentor",
        key=f"{key}:mentor:{mentor.id}",
        now=now,
        media_url=media_url,
        template=outbox.Template(
            "case_new_urgent" if case.urgent else "case_new",
            variables,
            is_enough=len(shortened) <= TEMPLATE_TEXT and media_url is None,
        ),
        urgent=text("urgent_mark", mentor.language) if case.urgent else "",
        text=asked,
    )


def make_urgent(
    session: Session, case: Case, mentee: Person, emergency: str, *, now: datetime, key: str
) -> None:
    """The mentee says that it is happening now: the mentor is told again, as urgent."""
    case.urgent, case.emergency = True, emergency
    case.state, case.due_at = "open", now + _look_again_after(case)
    event(session, case, "made_urgent", now, person=mentee)
    mentor = active_mentor(session, case)
    if mentor is None:
        mentor = assign(session, case, mentee, now=now, key=key)
    else:
        _put_to_mentor(session, case, mentee, mentor, now=now, key=f"{key}:urgent", media_url=None)
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
        case.state, case.due_at = "open", now + _look_again_after(case)
    mentor = active_mentor(session, case)
    if mentor is None:
        mentor = assign(session, case, mentee, now=now, key=key, media_url=media_url)
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
    forget_reminders(session, case)
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
        case.state, case.due_at = "open", now + _look_again_after(case)
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
        forget_reminders(session, case)
    mentee = session.get_one(Person, case.mentee_id)
    if (mentee.pending or {}).get("case") == case.id:
        mentee.pending = None


def pass_on(
    session: Session, case: Case, mentor: Person, *, now: datetime, key: str
) -> Person | None:
    """A mentor declines a case: it goes to the next one, and the mentee is told.

    Returns:
        Who has it now; ``None``: nobody could take it yet.
    """
    event(session, case, "passed", now, person=mentor)
    mentee = session.get_one(Person, case.mentee_id)
    following = assign(session, case, mentee, now=now, key=key)
    told = "mentee_passed" if following is not None else "case_nobody"
    tell_mentee(session, case, mentee, told, key=f"{key}:passed", now=now)
    return following


def take(session: Session, case: Case, mentor: Person, now: datetime) -> None:
    """A mentor takes a case that nobody has."""
    case.mentor_id, case.assigned_at = mentor.id, now
    case.due_at = now + _look_again_after(case)
    event(session, case, "assigned", now, person=mentor, reason="took it")


def look_again(session: Session, case: Case, now: datetime) -> None:
    """A case came due: find a mentor, remind the mentor, or close what was answered long ago."""
    key = f"case:{case.id}:due:{int(now.timestamp())}"
    if case.state == "answered":
        close(session, case, now=now, person=None)
        return
    mentor = active_mentor(session, case)
    reminded = 0 if mentor is None else _reminders_since_assigned(session, case)
    # An urgent case goes on at once, any other after one reminder, if there is somebody else.
    patience_over = case.urgent or reminded > 0
    if mentor is None or (patience_over and _find_another(session, case, now, key)):
        if mentor is None:
            _find_mentor_late(session, case, now, key)
        return
    event(session, case, "reminded", now, person=mentor)
    case.due_at = now + _look_again_after(case) * (3 if reminded else 1)
    forget_reminders(session, case)  # one at a time
    tell_mentor(
        session,
        case,
        mentor,
        "case_reminder_to_mentor",
        key=f"{key}:reminder",
        now=now,
        kind=REMINDER,
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
    mentor = assign(session, case, mentee, now=now, key=key)
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
