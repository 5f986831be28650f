"""Who has a case: finding a mentor, putting the question to them, passing it on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot import outbox, people
from bot.mentoring import routing
from bot.mentoring.record import (
    asked_so_far,
    event,
    mentor_of,
    shown_name,
    tell_mentee,
    tell_mentor,
)
from bot.texts import text
from store.cases import Case, CaseEvent
from store.messages import OutboxMessage
from store.people import Person

# Kind of the messages that only remind: dropped when the case goes on.
REMINDER = "reminder"
# When the clock looks at a case again that nobody has answered.
REMIND_AFTER = timedelta(hours=4)
REMIND_URGENT_AFTER = timedelta(minutes=10)
RETRY_ROUTING_AFTER = timedelta(minutes=1)
# WhatsApp refuses a template body over 1,024 characters; the text shares it with the frame.
TEMPLATE_TEXT = 600


def look_again_after(case: Case) -> timedelta:
    return REMIND_URGENT_AFTER if case.urgent else REMIND_AFTER


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
    case.due_at = now + look_again_after(case)
    event(session, case, "assigned", now, person=mentor, reason=choice.reason)
    put_to_mentor(session, case, mentee, mentor, now=now, key=key, media_url=media_url)
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
    case.due_at = now + look_again_after(case)
    event(session, case, "assigned", now, person=mentor, reason="took it")


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


def put_to_mentor(
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
