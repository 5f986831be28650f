"""People as a list: searched, filtered, by pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, selectinload

from bot import people
from bot.accounts.scope import Scope, works_in
from store.people import Address, Facility, Person

PAGE: Final = 50
STATES: Final = ("stopped", "no_consent", "not_asked", "unreachable", "away")
# Fewer digits would find half of a country.
LEAST_DIGITS: Final = 6


@dataclass(frozen=True)
class Wanted:
    """What is looked for; empty: everybody. ``page`` counts from 1."""

    words: str = ""
    role: str = ""
    district: str = ""
    cadre: str = ""
    state: str = ""
    page: int = 1


@dataclass(frozen=True)
class Line:
    """One person in the list. ``numbers``: empty where they may not be seen."""

    person: Person
    mentor: str
    heard_at: datetime | None
    numbers: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """One page of a list, and how many there are in all."""

    lines: tuple[Line, ...]
    total: int


def found(session: Session, scope: Scope, wanted: Wanted, region: str) -> Page:
    """Who is found, by name.

    Args:
        region: two-letter country, for numbers typed in national form.
    """
    conditions = [scope.people(), *_conditions(scope, wanted, region)]
    mentor = aliased(Person)
    heard = (
        select(func.max(Address.last_inbound_at))
        .where(Address.person_id == Person.id)
        .scalar_subquery()
    )
    query: Select[Person, str, datetime | None] = (
        select(Person, mentor.name, heard)
        .outerjoin(mentor, mentor.id == Person.mentor_id)
        .where(*conditions)
        .order_by(func.lower(Person.name), Person.id)
        .offset((wanted.page - 1) * PAGE)
        .limit(PAGE)
    )
    if scope.numbers:
        query = query.options(selectinload(Person.addresses))
    lines = tuple(
        Line(person, name or "", at, _numbers(person) if scope.numbers else ())
        for person, name, at in session.execute(query).unique()
    )
    total = session.scalar(select(func.count()).select_from(Person).where(*conditions)) or 0
    return Page(lines, total)


def _numbers(person: Person) -> tuple[str, ...]:
    return tuple(dict.fromkeys(address.value for address in person.addresses))


def _conditions(scope: Scope, wanted: Wanted, region: str) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    words = " ".join(wanted.words.split())[:80]
    if words:
        conditions.append(_named(scope, words, region))
    if wanted.role:
        conditions.append(Person.roles.contains([wanted.role]))
    if wanted.cadre:
        conditions.append(Person.cadre == wanted.cadre)
    if wanted.district:
        conditions.append(works_in(wanted.district))
    if wanted.state in STATES:
        conditions.append(_in_state(wanted.state))
    return conditions


def _named(scope: Scope, words: str, region: str) -> ColumnElement[bool]:
    """Name, external id or facility; and, for those who may see them, a number or its end."""
    places = select(Facility.id).where(Facility.name.icontains(words, autoescape=True))
    ways = [
        Person.name.icontains(words, autoescape=True),
        func.lower(Person.external_id) == words.lower(),
        Person.facility_id.in_(places),
    ]
    digits = "".join(filter(str.isdecimal, words))
    if scope.numbers and len(digits) >= LEAST_DIGITS:
        whole = people.e164(words, region)
        numbers = select(Address.person_id).where(
            or_(
                Address.value == (whole or words),
                Address.value.endswith(digits, autoescape=True),
            )
        )
        ways.append(Person.id.in_(numbers))
    return or_(*ways)


def _in_state(state: str) -> ColumnElement[bool]:
    match state:
        case "stopped":
            return Person.stopped_at.is_not(None)
        case "no_consent":
            return Person.consent == "no"
        case "not_asked":
            return Person.consent.in_(("unknown", "asked"))
        case "away":
            return Person.away_since.is_not(None)
        case _:
            good = exists().where(
                and_(
                    Address.person_id == Person.id,
                    Address.bad_at.is_(None),
                    Address.stopped_at.is_(None),
                )
            )
            return ~good


def one(session: Session, scope: Scope, person_id: int) -> Person | None:
    """Somebody within the scope, with addresses; anybody else is not found."""
    return session.scalar(
        select(Person)
        .where(Person.id == person_id, scope.people())
        .options(selectinload(Person.addresses))
    )


def names(session: Session, ids: Sequence[int | None]) -> dict[int, str]:
    """The names of those people, by id; of nobody without a name."""
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return {}
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted)))
    return {person: name for person, name in rows if name}


def choices(session: Session, scope: Scope) -> tuple[Sequence[str], Sequence[str]]:
    """The districts and cadres of whoever may be seen, for the filters."""
    districts = session.scalars(
        select(Facility.district)
        .join(Person, Person.facility_id == Facility.id)
        .where(scope.people(), Facility.district != "")
        .distinct()
        .order_by(Facility.district)
    ).all()
    cadres = session.scalars(
        select(Person.cadre)
        .where(scope.people(), Person.cadre.is_not(None), Person.cadre != "")
        .distinct()
        .order_by(Person.cadre)
    ).all()
    return districts, [cadre for cadre in cadres if cadre]
