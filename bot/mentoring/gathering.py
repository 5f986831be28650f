"""Whom a host may invite: own mentees, a group, a facility, a district."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import Session

from bot import people
from bot.mentoring.membership import may_be_invited
from bot.text.fold import fold
from bot.texts import text
from store.people import Facility, Person

MOST_OPTIONS = 8

# (what the host reads, ids of the people)
Option = tuple[str, list[int]]


def options(session: Session, host: Person) -> list[Option]:
    """What a host most likely means, each with how many people, the nearest first."""
    language = host.language
    found = [(text("discuss_own_mentees", language), _ids(session, host, _own(host)))]
    if host.facility is not None:
        at_facility = Person.facility_id == host.facility_id
        found.append((host.facility.name, _ids(session, host, at_facility)))
        if host.facility.district:
            in_district = _ids(session, host, _in_district(host.facility.district))
            found.append((host.facility.district, in_district))
    groups = session.scalars(select(func.unnest(Person.groups)).where(_own(host)).distinct())
    found += [(group, _ids(session, host, _in_group(group))) for group in sorted(groups)]
    return [option for option in found if option[1]][:MOST_OPTIONS]


def named(session: Session, host: Person, words: str) -> list[int]:
    """The people of the group, facility or district that is called so, or with these names."""
    wanted = words.strip().lower()
    if not wanted:
        return []
    at_facility = Person.facility_id.in_(
        select(Facility.id).where(func.lower(Facility.name) == wanted)
    )
    for who in (_in_group(wanted), at_facility, _in_district(wanted)):
        found = _ids(session, host, who)
        if found:
            return found
    return _by_name(session, host, words)


def _by_name(session: Session, host: Person, words: str) -> list[int]:
    """Own mentees by names with commas between; empty unless each name fits exactly one."""
    own = {
        person.id: fold(person.name) for person in loaded(session, _ids(session, host, _own(host)))
    }
    found = []
    for part in words.split(","):
        fits = [who for who, name in own.items() if fold(part) and f" {fold(part)} " in f" {name} "]
        if len(fits) != 1:
            return []
        found += fits
    return found


def loaded(session: Session, ids: Iterable[int]) -> list[Person]:
    """The people with these ids, in that order."""
    wanted = list(ids)
    known = {p.id: p for p in session.scalars(select(Person).where(Person.id.in_(wanted)))}
    return [known[who] for who in wanted if who in known]


def shown(person: Person, language: str) -> str:
    """How the host sees somebody in a list: a name and a facility, never a number."""
    return people.display_name(person, text("somebody", language), language)


def _own(host: Person) -> ColumnElement[bool]:
    return Person.mentor_id == host.id


def _in_district(district: str) -> ColumnElement[bool]:
    inside = select(Facility.id).where(func.lower(Facility.district) == district.lower())
    return Person.facility_id.in_(inside)


def _in_group(group: str) -> ColumnElement[bool]:
    own = func.unnest(Person.groups).table_valued("word").render_derived()
    return (
        select(literal(1)).select_from(own).where(func.lower(own.c.word) == group.lower()).exists()
    )


def _ids(session: Session, host: Person, who: ColumnElement[bool]) -> list[int]:
    found = session.scalars(
        select(Person)
        .where(
            who,
            Person.roles.contains(["mentee"]),
            Person.consent == "yes",
            Person.stopped_at.is_(None),
            Person.id != host.id,
        )
        .order_by(Person.name, Person.id)
        .limit(500)
    ).unique()
    return [person.id for person in found if may_be_invited(person)]
