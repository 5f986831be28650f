"""Cases: opening, asking a mentor, bringing the answer back. An answer is never guessed."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from bot import outbox, people, words
from bot.mentoring import routing
from bot.text.redact import redact
from bot.texts import text
from store import queue
from store.cases import Case, CaseEvent
from store.messages import OutboxMessage
from store.people import Person

EXPECTED_HOURS = 24
# When the clock looks at a case again that nobody has answered.
REMIND_AFTER = timedelta(hours=4)
REMIND_URGENT_AFTER = timedelta(minutes=10)
RETRY_ROUTING_AFTER = timedelta(minutes=1)
CLOSE_ANSWERED_AFTER = timedelta(hours=48)
# For this long after an answer, what the mentee writes still belongs to the thread.
THREAD_STAYS_OPEN = timedelta(minutes=30)
# A code is not given again for this long after its case has closed.
CODE_REST = timedelta(days=90)
# The same emergency again within this time is the same case.
SAME_EMERGENCY = timedelta(hours=1)
# WhatsApp refuses a template body over 1,024 characters; the text shares it with the frame.
TEMPLATE_TEXT = 600


def event(
    session: Session,
    case: Case,
    kind: str,
    now: datetime,
    *,
    person: Person | None = None,
    inbound_id: int | None = None,
    body: str = "",
    **data: object,
) -> None:
    """Append to the case's record. Identifiers are taken out: the raw text stays with the message."""
    session.add(
        CaseEvent(
            case_id=case.id,
            at=now,
            kind=kind,
            person_id=person.id if person else None,
            inbound_id=inbound_id,
            text=redact(body).text,
            data=data,
        )
    )


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
            add_detail(
                session, same, mentee, body, now=now, key=key, inbound_id=inbound_id
            )
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
    language = mentee.language
    if mentor is None:
        told = text("case_nobody", language, code=case.code)
    else:
        which = (
            "case_opened_urgent"
            if urgent
            else "case_opened_asked"
            if asked
            else "case_opened"
        )
        told = text(
            which,
            language,
            mentor=shown_name(mentor, mentee),
            code=case.code,
            hours=EXPECTED_HOURS,
        )
    outbox.say(
        session,
        mentee,
        told,
        key=f"{key}:case",
        now=now,
        address_id=address_id,
        inbound_id=inbound_id,
        case_id=case.id,
        template=outbox.Template("answer_waiting", {"1": case.code}),
    )
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
        code = "".join(
            secrets.choice(words.CODE_ALPHABET) for _ in range(words.CODE_LENGTH)
        )
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


def shown_name(person: Person, reader: Person) -> str:
    """How one side of a case sees the other: a name and a facility, never a number."""
    return people.display_name(person, text("somebody", reader.language))


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
    tried = {
        row.data["mentor"]
        for row in session.scalars(
            select(CaseEvent).where(
                CaseEvent.case_id == case.id, CaseEvent.kind.in_(("assigned", "passed"))
            )
        )
    }
    wanted = routing.Wanted(
        own_mentor=mentee.mentor_id,
        topic=case.topic,
        language=mentee.language,
        district=mentee.facility.district if mentee.facility else "",
        mentee=mentee.id,
        tried=frozenset(tried),
    )
    mentors = list(
        session.scalars(select(Person).where(Person.roles.contains(["mentor"])))
    )
    choice = routing.choose(wanted, _candidates(session, mentors))
    if choice is None:
        case.mentor_id = None
        case.due_at = now + RETRY_ROUTING_AFTER
        event(session, case, "unassigned", now)
        return None
    mentor = next(mentor for mentor in mentors if mentor.id == choice.mentor)
    case.mentor_id, case.assigned_at = mentor.id, now
    case.due_at = now + (REMIND_URGENT_AFTER if case.urgent else REMIND_AFTER)
    event(
        session,
        case,
        "assigned",
        now,
        person=mentor,
        mentor=mentor.id,
        reason=choice.reason,
    )
    _put_to_mentor(session, case, mentee, mentor, now=now, key=key, media_url=media_url)
    return mentor


def _candidates(session: Session, mentors: list[Person]) -> list[routing.Candidate]:
    load: dict[int | None, int] = {
        mentor_id: count
        for mentor_id, count in session.execute(
            select(Case.mentor_id, func.count())
            .where(Case.state == "open")
            .group_by(Case.mentor_id)
        )
    }
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


def safe_question(session: Session, case: Case) -> str:
    """What was asked and added so far (events carry no identifiers)."""
    asked = session.scalars(
        select(CaseEvent.text)
        .where(CaseEvent.case_id == case.id, CaseEvent.kind.in_(("opened", "detail_added")))
        .order_by(CaseEvent.id)
    )
    return " / ".join(filter(None, asked))


def tell_mentee(
    session: Session, case: Case, mentee: Person, body: str, *, key: str, now: datetime,
    kind: str = "answer",
) -> None:
    """Say something about a case to its mentee, where the mentee asked."""
    outbox.say(
        session, mentee, body, key=key, now=now, kind=kind, case_id=case.id,
        address_id=case.address_id, template=outbox.Template("answer_waiting", {"1": case.code}),
    )


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
    safe = safe_question(session, case)
    name = shown_name(mentee, mentor)
    urgent = text("urgent_mark", mentor.language) if case.urgent else ""
    shortened = " ".join(safe.split())
    fits = len(shortened) <= TEMPLATE_TEXT and media_url is None
    outbox.say(
        session,
        mentor,
        text(
            "case_to_mentor",
            mentor.language,
            urgent=urgent,
            code=case.code,
            mentee=name,
            text=safe,
        ),
        key=f"{key}:mentor:{mentor.id}",
        now=now,
        kind="case",
        case_id=case.id,
        media_url=media_url,
        priority=queue.PRIORITY_URGENT if case.urgent else queue.PRIORITY_REPLY,
        template=outbox.Template(
            "case_new",
            # WhatsApp refuses an empty variable.
            {
                "1": urgent or "· ",
                "2": case.code,
                "3": name,
                "4": shortened[:TEMPLATE_TEXT] or "…",
            },
            is_enough=fits,
        ),
    )


def open_for_mentee(session: Session, mentee: Person, now: datetime) -> Case | None:
    """The case that a mentee's free text belongs to, if a human has the conversation."""
    return session.scalar(
        select(Case)
        .where(
            Case.mentee_id == mentee.id,
            or_(
                Case.state == "open",
                (Case.state == "answered")
                & (Case.answered_at > now - THREAD_STAYS_OPEN),
            ),
        )
        .order_by(Case.id.desc())
        .limit(1)
    )


def open_of_mentor(session: Session, mentor: Person) -> list[Case]:
    """The cases a mentor is expected to answer, the oldest first."""
    return list(
        session.scalars(
            select(Case)
            .where(Case.mentor_id == mentor.id, Case.state == "open")
            .order_by(Case.id)
        )
    )


def by_code(session: Session, mentor: Person, code: str) -> Case | None:
    """The newest case with this code that the mentor has."""
    return session.scalar(
        select(Case)
        .where(Case.mentor_id == mentor.id, Case.code == code)
        .order_by(Case.id.desc())
        .limit(1)
    )


def by_quoted(session: Session, person: Person, provider_sid: str) -> Case | None:
    """The case that a quoted message of ours is about, if the message went to this person."""
    return session.scalar(
        select(Case)
        .join(OutboxMessage, OutboxMessage.case_id == Case.id)
        .where(
            OutboxMessage.provider_sid == provider_sid,
            OutboxMessage.person_id == person.id,
        )
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
    event(
        session,
        case,
        "detail_added",
        now,
        person=mentee,
        inbound_id=inbound_id,
        body=body,
    )
    if case.state == "answered":
        case.state = "open"
        case.due_at = now + REMIND_AFTER
    mentor = session.get(Person, case.mentor_id) if case.mentor_id else None
    if mentor is None:
        outbox.say(
            session,
            mentee,
            text("case_nobody", mentee.language, code=case.code),
            key=f"{key}:noted",
            now=now,
            address_id=case.address_id,
            inbound_id=inbound_id,
            case_id=case.id,
        )
        return
    outbox.say(
        session,
        mentor,
        text(
            "case_more_to_mentor",
            mentor.language,
            code=case.code,
            mentee=shown_name(mentee, mentor),
            text=redact(body).text,
        ),
        key=f"{key}:detail",
        now=now,
        kind="case",
        case_id=case.id,
        media_url=media_url,
        priority=queue.PRIORITY_URGENT if case.urgent else queue.PRIORITY_REPLY,
        template=outbox.Template("answer_waiting", {"1": case.code}),
    )
    if case.acknowledged_at is None or now - case.acknowledged_at > timedelta(hours=1):
        case.acknowledged_at = now
        outbox.say(
            session,
            mentee,
            text(
                "case_detail_added",
                mentee.language,
                code=case.code,
                mentor=shown_name(mentor, mentee),
            ),
            key=f"{key}:added",
            now=now,
            inbound_id=inbound_id,
            case_id=case.id,
            address_id=case.address_id,
        )


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
    event(
        session, case, "answered", now, person=mentor, inbound_id=inbound_id, body=body
    )
    if case.state == "open":
        case.state = "answered"
        case.answered_at = case.answered_at or now
    case.due_at = now + CLOSE_ANSWERED_AFTER
    mentee.pending = {"kind": "rate_case", "case": case.id}
    outbox.say(
        session,
        mentee,
        text(
            "case_answer",
            mentee.language,
            code=case.code,
            text=redact(body).text,
            mentor=shown_name(mentor, mentee),
        ),
        key=f"{key}:answer",
        now=now,
        kind="answer",
        menu="rate_case",
        address_id=case.address_id,
        case_id=case.id,
        media_url=media_url,
        template=outbox.Template("answer_waiting", {"1": case.code}),
    )
    outbox.say(
        session,
        mentor,
        text(
            "mentor_delivered",
            mentor.language,
            code=case.code,
            mentee=shown_name(mentee, mentor),
        ),
        key=f"{key}:delivered",
        now=now,
        inbound_id=inbound_id,
        case_id=case.id,
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
    mentor = session.get(Person, case.mentor_id) if case.mentor_id else None
    event(
        session, case, "rated", now, person=mentee, inbound_id=inbound_id, helped=helped
    )
    if helped:
        close(session, case, now=now, person=mentee)
    else:
        case.state, case.due_at = "open", now + REMIND_AFTER
    name = shown_name(mentor, mentee) if mentor else text("somebody", mentee.language)
    outbox.say(
        session,
        mentee,
        text(
            "case_closed" if helped else "case_back",
            mentee.language,
            code=case.code,
            mentor=name,
        ),
        key=f"{key}:rated",
        now=now,
        inbound_id=inbound_id,
        case_id=case.id,
        address_id=case.address_id,
    )
    if mentor is not None:
        outbox.say(
            session,
            mentor,
            text(
                "case_thanks_to_mentor" if helped else "case_not_yet_to_mentor",
                mentor.language,
                code=case.code,
                mentee=shown_name(mentee, mentor),
            ),
            key=f"{key}:rated_mentor",
            now=now,
            case_id=case.id,
            kind="notice" if helped else "case",
            template=None
            if helped
            else outbox.Template("answer_waiting", {"1": case.code}),
        )


def close(
    session: Session, case: Case, *, now: datetime, person: Person | None
) -> None:
    """End a case."""
    if case.state != "closed":
        case.state, case.closed_at, case.due_at = "closed", now, None
        event(session, case, "closed", now, person=person)


def pass_on(
    session: Session, case: Case, mentor: Person, *, now: datetime, key: str
) -> None:
    """A mentor declines a case: it goes to the next one, and the mentee is told."""
    event(session, case, "passed", now, person=mentor, mentor=mentor.id)
    mentee = session.get_one(Person, case.mentee_id)
    following = assign(session, case, mentee, now=now, key=key)
    told = (
        text("case_nobody", mentee.language, code=case.code)
        if following is None
        else text(
            "mentee_passed",
            mentee.language,
            code=case.code,
            mentor=shown_name(following, mentee),
        )
    )
    outbox.say(
        session,
        mentee,
        told,
        key=f"{key}:passed",
        now=now,
        case_id=case.id,
        address_id=case.address_id,
        kind="notice",
        template=outbox.Template("answer_waiting", {"1": case.code}),
    )


def take(session: Session, case: Case, mentor: Person, now: datetime) -> None:
    """A mentor takes a case that nobody has."""
    case.mentor_id, case.assigned_at = mentor.id, now
    case.due_at = now + (REMIND_URGENT_AFTER if case.urgent else REMIND_AFTER)
    event(
        session,
        case,
        "assigned",
        now,
        person=mentor,
        mentor=mentor.id,
        reason="took it",
    )


def look_again(session: Session, case: Case, now: datetime) -> None:
    """A case came due: find a mentor, remind the mentor, or close what was answered long ago."""
    mentee = session.get_one(Person, case.mentee_id)
    key = f"case:{case.id}:due:{int(now.timestamp())}"
    if case.state == "answered":
        close(session, case, now=now, person=None)
        if (mentee.pending or {}).get("case") == case.id:
            mentee.pending = None
        return
    if case.mentor_id is None:
        mentor = assign(session, case, mentee, now=now, key=key)
        if mentor is not None:
            outbox.say(
                session,
                mentee,
                text(
                    "case_assigned_later",
                    mentee.language,
                    code=case.code,
                    mentor=shown_name(mentor, mentee),
                ),
                key=f"{key}:later",
                now=now,
                case_id=case.id,
                address_id=case.address_id,
                kind="answer",
                template=outbox.Template("answer_waiting", {"1": case.code}),
            )
        return
    mentor = session.get_one(Person, case.mentor_id)
    event(session, case, "reminded", now, person=mentor)
    case.due_at = now + (REMIND_URGENT_AFTER if case.urgent else REMIND_AFTER) * 3
    outbox.say(
        session,
        mentor,
        text(
            "case_reminder_to_mentor",
            mentor.language,
            code=case.code,
            mentee=shown_name(mentee, mentor),
        ),
        key=f"{key}:reminder",
        now=now,
        case_id=case.id,
        kind="case",
        template=outbox.Template("answer_waiting", {"1": case.code}),
    )
