"""A case's record, how to find a case, and how its two sides are spoken to."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from bot import outbox, people
from bot.hooks import events, noting
from bot.text.redact import redact
from bot.texts import text
from store import queue
from store.cases import Case, CaseEvent
from store.messages import OutboxMessage
from store.people import Person

# Longer than any text in parts: the number of the photo that follows a text with buttons.
MEDIA_PART = 99
# For this long after an answer, what the mentee writes still belongs to the thread.
THREAD_STAYS_OPEN = timedelta(minutes=30)


def locked(session: Session, case_id: int) -> Case:
    """A case as it is now, under its row lock until the transaction ends.

    Taken before a case's state is read to change it: two mentors, the mentee and the clock act at
    the same time. Whoever also needs a person's row takes that one first, and only their own.
    """
    session.flush()  # what is not written yet would be overwritten
    return session.get_one(
        Case, case_id, with_for_update={"key_share": True}, populate_existing=True
    )


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
    """Append to the case's record, without identifiers: the raw text stays with the message."""
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
    session.flush()
    if kind in events.OF_CASES:
        told = {"case": case.id, "code": case.code, "mentee": case.mentee_id}
        noting.tell(session, events.OF_CASES[kind], now, **told, urgent=case.urgent)


def is_going_on(now: datetime) -> ColumnElement[bool]:
    """A case in which words still pass: not closed, and not answered a while ago."""
    return and_(
        Case.state != "closed",
        or_(Case.answered_at.is_(None), Case.answered_at > now - THREAD_STAYS_OPEN),
    )


def asked_so_far(session: Session, case: Case) -> str:
    """What was asked and added so far (events carry no identifiers)."""
    asked = session.scalars(
        select(CaseEvent.text)
        .where(CaseEvent.case_id == case.id, CaseEvent.kind.in_(("opened", "detail_added")))
        .order_by(CaseEvent.id)
    )
    return " / ".join(filter(None, asked))


def shortened(words: str, longest: int) -> str:
    """Words in one line, cut where they are too long."""
    line = " ".join(words.split())
    return line if len(line) <= longest else line[: longest - 3].rstrip() + "..."


def mentor_of(session: Session, case: Case) -> Person | None:
    """Whoever is expected to answer."""
    return session.get(Person, case.mentor_id) if case.mentor_id else None


def shown_name(person: Person, reader: Person) -> str:
    """How one side of a case sees the other: a name, a mentee's cadre and facility, no number."""
    return people.display_name(person, text("somebody", reader.language), reader.language)


def short_name(person: Person, reader: Person) -> str:
    """A name alone, where the rest is known."""
    return people.bare_name(person) or text("somebody", reader.language)


def role_of(mentor: Person, reader: Person) -> str:
    """What a mentee is told about a mentor: "mentor, midwife, Association"."""
    cadre = people.cadre_name(mentor, reader.language)
    parts = [text("mentor_role", reader.language), cadre, mentor.association]
    return ", ".join(filter(None, parts))


def tell_mentee(
    session: Session,
    case: Case,
    mentee: Person,
    say: str,
    *,
    key: str,
    now: datetime,
    kind: str = "reply",
    menu: str | None = None,
    media_url: str | None = None,
    **values: object,
) -> None:
    """Say one of our texts about a case to its mentee, where the mentee asked.

    Args:
        say: a key of ``texts.yml``; code, mentor and role are filled in.
        values: ``text`` is somebody's words; identifiers are taken out of it.
    """
    mentor = mentor_of(session, case)
    role = role_of(mentor, mentee) if mentor else text("mentor_role", mentee.language)
    name = shown_name(mentor, mentee) if mentor else text("somebody", mentee.language)
    filled = {"code": case.code, "mentor": name, "role": role, **_clean(values)}
    outbox.say(
        session,
        mentee,
        text(say, mentee.language, **filled),
        key=key,
        now=now,
        kind=kind,
        menu=menu,
        media_url=media_url,
        case_id=case.id,
        address_id=case.address_id,
        template=outbox.Template("answer_waiting", {"1": case.code}),
    )


def tell_mentor(
    session: Session,
    case: Case,
    mentor: Person,
    say: str,
    *,
    key: str,
    now: datetime,
    kind: str = "case",
    template: outbox.Template | None = None,
    media_url: str | None = None,
    menu: str | None = None,
    **values: object,
) -> None:
    """Say one of our texts about a case to its mentor; quoting it answers the case.

    Args:
        say: a key of ``texts.yml``; code, mentee (with cadre and facility) and name are filled in.
        values: ``text`` is somebody's words; identifiers are taken out of it.
    """
    mentee = session.get_one(Person, case.mentee_id)
    filled = {
        "code": case.code,
        "mentee": shown_name(mentee, mentor),
        "name": short_name(mentee, mentor),
        **_clean(values),
    }
    # WhatsApp puts no buttons under a photo: it follows by itself. A text message takes its link.
    apart = media_url is not None and menu is not None and people.uses_whatsapp(mentor)
    outbox.say(
        session,
        mentor,
        text(say, mentor.language, **filled),
        key=key,
        now=now,
        kind=kind,
        case_id=case.id,
        menu=menu,
        media_url=None if apart else media_url,
        priority=queue.PRIORITY_URGENT if case.urgent else queue.PRIORITY_REPLY,
        template=template or outbox.Template("case_waiting", {"1": case.code}),
    )
    if apart and media_url is not None:
        # Counted with the text, so that both knock once.
        tell_media(session, case, mentor, media_url, key=f"{key}/{MEDIA_PART}", now=now)


def tell_media(
    session: Session, case: Case, reader: Person, url: str, *, key: str, now: datetime
) -> None:
    """An attachment by itself, to either side of a case."""
    mentee = reader.id == case.mentee_id
    outbox.say(
        session,
        reader,
        text("thread_media", reader.language, code=case.code),
        key=key,
        now=now,
        kind="answer" if mentee else "case",
        case_id=case.id,
        media_url=url,
        address_id=case.address_id if mentee else None,
        priority=queue.PRIORITY_URGENT if case.urgent else queue.PRIORITY_REPLY,
        template=outbox.Template("answer_waiting" if mentee else "case_waiting", {"1": case.code}),
    )


def _clean(values: dict[str, object]) -> dict[str, object]:
    """What people wrote, without identifiers: nothing else leaves for a private phone."""
    if "text" not in values:
        return values
    return {**values, "text": redact(str(values["text"])).text}


def going_on(session: Session, mentee: Person, now: datetime) -> list[Case]:
    """The cases in which a human has the conversation; first the one that moved last."""
    return list(
        session.scalars(
            select(Case)
            .where(
                Case.mentee_id == mentee.id,
                or_(
                    Case.state == "open",
                    (Case.state == "answered") & (Case.answered_at > now - THREAD_STAYS_OPEN),
                ),
            )
            .order_by(func.greatest(Case.opened_at, Case.answered_at).desc(), Case.id.desc())
        )
    )


def open_for_mentee(session: Session, mentee: Person, now: datetime) -> Case | None:
    """The case that a mentee's free text belongs to, if a human has the conversation."""
    return next(iter(going_on(session, mentee, now)), None)


def by_code(session: Session, code: str) -> Case | None:
    """The newest case with this code, whoever has it: a code is not reused for long."""
    return session.scalar(select(Case).where(Case.code == code).order_by(Case.id.desc()).limit(1))


def by_quoted(session: Session, person: Person, provider_sid: str) -> Case | None:
    """The case that a quoted message of ours is about, if the message went to this person."""
    return session.scalar(
        select(Case)
        .join(OutboxMessage, OutboxMessage.case_id == Case.id)
        .where(OutboxMessage.provider_sid == provider_sid, OutboxMessage.person_id == person.id)
    )
