"""What people hear of a visit: mentees and leaders before it, its mentor on the way."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot import outbox, people, sending
from bot.mentoring import visit_rules
from bot.text.moments import dated
from bot.texts import text
from store.messages import OutboxMessage
from store.people import Facility, Person
from store.visits import Visit, VisitPerson

# The menus under which a person confirms or declines.
MENUS = ("visit", "visit_leader")
MIND_CHANGES = timedelta(hours=1)


def when(visit: Visit, reader: Person) -> str:
    """A visit's day and hour in the reader's own time, and how many days it goes on."""
    said = dated(visit.starts_at, reader.timezone, reader.language)
    if visit.days == 1:
        return said
    return text("visit_days", reader.language, when=said, days=visit.days)


def about(visit: Visit, reader: Person) -> str:
    """Its topics, or that it is as agreed."""
    if not visit.topics:
        return text("visit_topics_open", reader.language)
    return ", ".join(topic.replace("_", " ") for topic in visit.topics)


def place(session: Session, visit: Visit) -> str:
    """The facility's name."""
    return session.get_one(Facility, visit.facility_id).name


def named(person: Person, reader: Person) -> str:
    """A name without a number."""
    return people.bare_name(person) or text("somebody", reader.language)


def members(session: Session, visit: Visit) -> list[tuple[Person, VisitPerson]]:
    """Everybody who belongs to a visit, by name."""
    rows = session.execute(
        select(Person, VisitPerson)
        .join(VisitPerson, VisitPerson.person_id == Person.id)
        .where(VisitPerson.visit_id == visit.id)
        .order_by(Person.name, Person.id)
        .execution_options(populate_existing=True)
    )
    return [(person, mine) for person, mine in rows.unique()]


def reached(person: Person) -> bool:
    """Whether somebody has agreed to hear from us and can be reached."""
    return person.consent == "yes" and people.reachable(person)


def ask_all(session: Session, visit: Visit, mentor: Person, now: datetime) -> None:
    """Tell everybody who can be reached, and ask whether they will be there."""
    for person, mine in members(session, visit):
        if reached(person):
            label = "notice" if visit.revision == 1 else "moved"
            _ask(session, visit, mentor, person, mine, label, now)


def _ask(
    session: Session,
    visit: Visit,
    mentor: Person,
    person: Person,
    mine: VisitPerson,
    label: str,
    now: datetime,
) -> None:
    leader = "_leader" if mine.part == "leader" else ""
    parts = {
        "mentor": named(mentor, person),
        "facility": place(session, visit),
        "when": when(visit, person),
        "topics": about(visit, person),
    }
    key = f"visit:{visit.id}:{visit.revision}:{label}:{person.id}"
    outbox.say(
        session,
        person,
        text(f"visit_{label}{leader}", person.language, **parts),
        key=key,
        now=now,
        kind="notice",
        menu=f"visit{leader}",
        template=outbox.Template(
            f"visit_{'moved' if label == 'moved' else 'notice'}{leader}",
            dict(zip("1234", parts.values(), strict=True)),
            is_enough=True,
        ),
        keep=max(visit.starts_at - now, visit_rules.AT_LEAST),
    )
    mine.notice_key = key
    session.flush()


def tell(
    session: Session, visit: Visit, person: Person, body: str, *, label: str, now: datetime
) -> None:
    """Tell somebody something of a visit; outside WhatsApp's window by a template that says it."""
    outbox.say(
        session,
        person,
        body,
        key=f"visit:{visit.id}:{visit.revision}:{label}:{person.id}",
        now=now,
        kind="notice",
        template=outbox.Template("visit_news", {"1": " ".join(body.split())}, is_enough=True),
    )


def take_back(session: Session, visit: Visit, reason: str) -> set[int]:
    """What has not left yet is not said any more.

    Returns:
        The ids of the people who have heard nothing of this visit.
    """
    everybody = {person.id for person, _ in members(session, visit)}
    ours = (
        OutboxMessage.person_id.in_(everybody | {visit.mentor_id}),
        OutboxMessage.dedupe_key.like(f"visit:{visit.id}:%"),
    )
    session.execute(
        update(OutboxMessage)
        .where(*ours, OutboxMessage.state.in_(("queued", "held")))
        .values(state="dropped", reason=reason)
    )
    told = session.scalars(
        select(OutboxMessage.person_id).where(*ours, OutboxMessage.attempted_at.is_not(None))
    )
    return everybody - set(told)


def called_off(session: Session, visit: Visit, unheard: Collection[int], now: datetime) -> int:
    """Tell whoever heard of a visit, and did not decline, that it is called off."""
    mentor = session.get_one(Person, visit.mentor_id)
    count = 0
    for person, mine in members(session, visit):
        if person.id in unheard or mine.coming is False or not reached(person):
            continue
        body = text(
            "visit_cancelled",
            person.language,
            mentor=named(mentor, person),
            facility=place(session, visit),
            when=when(visit, person),
        )
        tell(session, visit, person, body, label="cancelled", now=now)
        count += 1
    return count


def answered(
    session: Session,
    visit: Visit,
    person: Person,
    mine: VisitPerson,
    before: bool | None,
    now: datetime,
) -> None:
    """The mentor hears of a no, of a yes after a no, and when everybody has answered."""
    mentor = session.get_one(Person, visit.mentor_id)
    say = None
    if mine.coming is False:
        say = "visit_declined_leader" if mine.part == "leader" else "visit_declined"
    elif before is False:
        say = "visit_comes_after_all"
    parts = {"facility": place(session, visit), "when": when(visit, mentor)}
    label = f"{person.id}:{now.isoformat()}"
    if say is not None:
        body = text(say, mentor.language, name=named(person, mentor), number=visit.id, **parts)
        tell(session, visit, mentor, body, label=label, now=now)
    if len(told(session, visit)) > 1 and before is None and not waiting(session, visit):
        yes, no, _ = counted(session, visit)
        body = text("visit_all_answered", mentor.language, yes=len(yes), no=len(no), **parts)
        tell(session, visit, mentor, body, label="all", now=now)


def counted(session: Session, visit: Visit) -> tuple[list[Person], list[Person], list[Person]]:
    """Who will be there, who cannot, and who has not said."""
    found: dict[bool | None, list[Person]] = {True: [], False: [], None: []}
    for person, mine in members(session, visit):
        found[mine.coming].append(person)
    return found[True], found[False], found[None]


def told(session: Session, visit: Visit) -> list[Person]:
    """Who was told by text, or is being told."""
    return [person for person, mine in members(session, visit) if mine.notice_key is not None]


def told_by_when(session: Session, visit: Visit, now: datetime) -> tuple[int, int]:
    """How many of those who are being told hear of it now, and how many when their night is over.

    Args:
        now: aware.
    """
    everybody = told(session, visit)
    later = sum(sending.quiet_until(now, one.timezone) is not None for one in everybody)
    return len(everybody) - later, later


def asked_about(session: Session, notice: OutboxMessage, now: datetime) -> int | None:
    """The visit that a notice asks about, while a bare "1" or "no" may still be the answer.

    An hour after it was answered such a text is more likely about something else.
    """
    visit_id = of_key(notice.dedupe_key)
    mine = session.get(VisitPerson, (visit_id, notice.person_id)) if visit_id else None
    if mine is None or (mine.answered_at is not None and now - mine.answered_at > MIND_CHANGES):
        return None
    visit = session.get_one(Visit, visit_id)
    return visit.id if visit.state == "planned" and visit.starts_at > now else None


def of_key(key: str) -> int | None:
    """The visit that a message of ours with this key is about."""
    found = re.match(r"visit:(\d+):", key)
    return int(found[1]) if found else None


def waiting(session: Session, visit: Visit) -> list[Person]:
    """Who was asked and has not answered."""
    return [
        person
        for person, mine in members(session, visit)
        if mine.coming is None and mine.notice_key is not None
    ]


def unreached(session: Session, visit: Visit) -> list[Person]:
    """Who cannot be told by text: no consent, STOP, or no address that works."""
    return [person for person, _ in members(session, visit) if not reached(person)]


def remind(session: Session, visit: Visit, now: datetime, to_prepare: str) -> None:
    """The day before: whoever said yes is reminded, whoever said nothing is asked once more.

    Args:
        to_prepare: what the mentor may want to have ready; may be empty.
    """
    mentor = session.get_one(Person, visit.mentor_id)
    for person, mine in members(session, visit):
        if not reached(person) or mine.coming is False:
            continue
        if mine.coming is None:
            _ask(session, visit, mentor, person, mine, "reminder", now)
            continue
        body = text(
            "visit_tomorrow",
            person.language,
            mentor=named(mentor, person),
            facility=place(session, visit),
            when=when(visit, person),
            topics=about(visit, person),
        )
        tell(session, visit, person, body, label="reminder", now=now)
    yes, no, silent = counted(session, visit)
    lines = [
        text(
            "visit_tomorrow_mentor",
            mentor.language,
            facility=place(session, visit),
            when=when(visit, mentor),
            yes=len(yes),
            no=len(no),
            silent=len(silent),
        )
    ]
    if to_prepare:
        lines.append(text("visit_prepare", mentor.language, items=to_prepare))
    tell(session, visit, mentor, "\n".join(lines), label="reminder", now=now)


def ask_debrief(session: Session, visit: Visit, now: datetime, label: str) -> None:
    """Ask the mentor how it was."""
    mentor = session.get_one(Person, visit.mentor_id)
    parts = {"facility": place(session, visit), "when": when(visit, mentor)}
    outbox.say(
        session,
        mentor,
        text(f"visit_{label}", mentor.language, **parts),
        key=f"visit:{visit.id}:{visit.revision}:{label}:{mentor.id}",
        now=now,
        kind="notice",
        menu="visit_debrief",
        template=outbox.Template(
            "visit_debrief", dict(zip("12", parts.values(), strict=True)), is_enough=True
        ),
    )
