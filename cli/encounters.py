"""`./mentorline encounters …`: log what happened in person, and list what was logged."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.mentoring import encounters
from bot.mentoring.visit_rules import USUAL_START
from bot.settings import Settings
from bot.text.redact import redact
from cli.common import settings
from cli.demo import now
from cli.errors import Refusal
from cli.records import person_of, session_of
from store.encounters import Encounter, EncounterMentee
from store.people import Person


def log(
    mentor: str, mentees: Sequence[str], day: datetime, minutes: int, topic: str | None, note: str
) -> None:
    """Logs an encounter in person, once: the same mentor, day, mentees and topic are the same.

    Raises:
        Refusal: nobody has one of the phones or ids, or the day is yet to come.
    """
    current = settings()
    with session_of(current) as session:
        moment = now(current)
        who = person_of(session, mentor, current)
        if not who.is_mentor:
            raise Refusal(f"{mentor!r} is not a mentor.")
        met = [person_of(session, one, current) for one in dict.fromkeys(mentees)]
        ids = sorted({person.id for person in met})
        if who.id in ids:
            raise Refusal("The mentor cannot be one of the mentees.")
        began = datetime.combine(day.date(), USUAL_START, ZoneInfo(who.timezone)).astimezone(UTC)
        if day.date() > moment.astimezone(ZoneInfo(who.timezone)).date():
            raise Refusal(f"{day.date()} is yet to come.")
        encounter_id = encounters.log(
            session,
            kind="in_person",
            form="individual" if len(ids) == 1 else "group",
            mentor=who.id,
            mentees=ids,
            began_at=began,
            minutes=minutes,
            source="command",
            now=moment,
            topic=topic,
            key=f"command:{who.id}:{day.date()}:{topic or ''}:{','.join(map(str, ids))}",
            note=redact(note).text,
        )
        session.commit()
    if encounter_id is None:
        print("It was logged before; nothing changed.")
    else:
        people = "1 mentee" if len(ids) == 1 else f"{len(ids)} mentees"
        print(f"Logged: encounter {encounter_id}, {people}, {minutes} minutes.")


def listed(since: datetime | None, until: datetime | None, as_json: bool) -> None:
    """Prints encounters, the oldest first. Days are the programme's."""
    current = settings()
    with session_of(current) as session:
        found = rows(session, current, since, until)
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return
    table = Table("No.", "Began", "Kind", "Form", "Channel", "Topic", "Mentor", "Mentees", "Min.")
    for row in found:
        table.add_row(
            str(row["id"]),
            row["began"][:16].replace("T", " "),
            row["kind"].replace("_", " "),
            row["form"],
            row["channel"] or "-",
            Text(row["topic"] or "-"),
            Text(row["mentor"]),
            Text(", ".join(row["mentees"])),
            str(row["minutes"]),
        )
    Console(width=150).print(table)


def rows(
    session: Session, current: Settings, since: datetime | None, until: datetime | None
) -> list[dict[str, Any]]:
    """Encounters that began from one day to another, both included, as they may be shown."""
    zone = ZoneInfo(current.default_timezone)
    query = select(Encounter).order_by(Encounter.began_at, Encounter.id)
    if since is not None:
        query = query.where(Encounter.began_at >= since.replace(tzinfo=zone))
    if until is not None:
        query = query.where(Encounter.began_at < until.replace(tzinfo=zone) + timedelta(days=1))
    found = []
    for encounter in session.scalars(query):
        mentor = session.get_one(Person, encounter.mentor_id)
        mentees = session.scalars(
            select(Person.name)
            .join(EncounterMentee, EncounterMentee.person_id == Person.id)
            .where(EncounterMentee.encounter_id == encounter.id)
            .order_by(Person.name)
        )
        found.append(
            {
                "id": encounter.id,
                "began": encounter.began_at.astimezone(zone).isoformat(timespec="minutes"),
                "ended": encounter.ended_at.astimezone(zone).isoformat(timespec="minutes"),
                "minutes": encounter.minutes,
                "kind": encounter.kind,
                "form": encounter.form,
                "channel": encounter.channel,
                "topic": encounter.topic,
                "mentor": mentor.name,
                "mentees": list(mentees),
                "source": encounter.source,
                "note": encounter.note,
            }
        )
    return found
