"""Certificates: a row when somebody is fully validated, with what it says as it was on that day."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot import people
from bot.hooks import noting
from bot.mentoring.competencies import LANGUAGES, Catalogue
from bot.mentoring.standings import Standings
from bot.words import CODE_ALPHABET
from store.people import Person
from store.plans import Certificate

NUMBER_LENGTH: Final = 8


def issue(
    session: Session, person: Person, standings: Standings, catalogue: Catalogue, now: datetime
) -> Certificate | None:
    """The certificate of a mentee for their cadre, made when there is none yet.

    Returns:
        None: not fully validated.
    """
    if standings.fully_at is None or not person.cadre:
        return None
    known = of(session, person)
    if known is not None:
        return known
    values = {
        "person_id": person.id,
        "cadre": person.cadre,
        "name": people.bare_name(person),
        "facility": person.facility.name if person.facility else "",
        "entries": _entries(session, standings, catalogue),
        "issued_at": now,
    }
    while True:
        number = "".join(secrets.choice(CODE_ALPHABET) for _ in range(NUMBER_LENGTH))
        new = session.scalar(
            insert(Certificate)
            .values(number=number, **values)
            .on_conflict_do_nothing()
            .returning(Certificate.id)
        )
        if new is not None:
            noting.tell(session, "mentee.validated", now, mentee=person.id, cadre=person.cadre)
        made = of(session, person)
        if made is not None:
            return made


def of(session: Session, person: Person) -> Certificate | None:
    """The certificate that a mentee has for the present cadre."""
    return session.scalar(
        select(Certificate).where(
            Certificate.person_id == person.id, Certificate.cadre == person.cadre
        )
    )


def numbered(session: Session, number: str) -> Certificate | None:
    """The certificate with a number, however it is typed."""
    plain = "".join(letter for letter in number.upper() if letter.isalnum())
    return session.scalar(select(Certificate).where(Certificate.number == plain))


def _entries(
    session: Session, standings: Standings, catalogue: Catalogue
) -> list[dict[str, object]]:
    entries: list[dict[str, object]] = []
    for name in standings.required:
        found = standings.found[name]
        mentor = session.get(Person, found.mentor) if found.mentor else None
        reached = standings.reached_at(name)
        entries.append(
            {
                "competency": name,
                "title": {language: catalogue.title(name, language) for language in LANGUAGES},
                "at": reached.isoformat() if reached else None,
                "mentor": people.bare_name(mentor) if mentor and found.validated_at else "",
            }
        )
    return entries
