"""The tree of districts, facilities and people, with what matters at each place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, select, true
from sqlalchemy.orm import Session, aliased

from bot.accounts.scope import Scope
from bot.overviews import cases
from bot.overviews.coaching import VisitLine, visit_lines
from bot.overviews.shown import Figure, shown
from bot.reports.query import in_memory
from bot.reports.validated import validations
from store.cases import Case
from store.learning import Assessment
from store.people import Facility, Person
from store.stock import StockReport
from store.visits import Visit

PAGE: Final = 50
MOST_PEOPLE: Final = 200


@dataclass(frozen=True)
class Summary:
    """``validated``: mentees validated in at least one competency. ``visited_at``: when the last
    visit that was held began.
    """

    facilities: int
    mentees: Figure
    mentors: Figure
    open_cases: Figure
    validated: Figure
    stock_outs: Figure
    visited_at: datetime | None


@dataclass(frozen=True)
class District:
    """One district, or "" for facilities of none."""

    name: str
    summary: Summary


@dataclass(frozen=True)
class Place:
    """One facility of a list."""

    facility: Facility
    summary: Summary


@dataclass(frozen=True)
class One:
    """One facility: its people, open cases, what is missing, visits before and to come."""

    people: Sequence[tuple[Person, str]]
    more_people: bool
    cases: Sequence[cases.Line]
    stock: Sequence[StockReport]
    visits: Sequence[VisitLine]


def districts(session: Session, scope: Scope) -> list[District]:
    """The districts that may be seen, by name."""
    rows = session.execute(
        select(Facility.district, func.count())
        .where(scope.places())
        .group_by(Facility.district)
        .order_by(Facility.district)
    ).all()
    figures = _figures(session, scope, Facility.district, scope.places())
    return [District(name, _summary(figures, name, number, scope)) for name, number in rows]


def places(
    session: Session, scope: Scope, *, district: str | None, words: str, page: int
) -> tuple[list[Place], int]:
    """Facilities by name, of one district (None: of all) or whose name holds words; how many.

    None for a viewer: what a district hides could be worked out from them.
    """
    if scope.aggregates_only:
        return [], 0
    conditions = [scope.places()]
    if district is not None:
        conditions.append(Facility.district == district)
    if words:
        conditions.append(Facility.name.icontains(words, autoescape=True))
    total = session.scalar(select(func.count()).select_from(Facility).where(*conditions)) or 0
    found = session.scalars(
        select(Facility)
        .where(*conditions)
        .order_by(func.lower(Facility.name), Facility.id)
        .offset((page - 1) * PAGE)
        .limit(PAGE)
    ).all()
    here = Facility.id.in_([one.id for one in found])
    figures = _figures(session, scope, Facility.id, here)
    return [Place(one, _summary(figures, one.id, 1, scope)) for one in found], total


def one(session: Session, scope: Scope, facility_id: int) -> Facility | None:
    """A facility within the scope; any other is not found."""
    return session.scalar(select(Facility).where(Facility.id == facility_id, scope.places()))


def summary(session: Session, scope: Scope, facility: Facility) -> Summary:
    """The figures of one facility."""
    figures = _figures(session, scope, Facility.id, Facility.id == facility.id)
    return _summary(figures, facility.id, 1, scope)


def record_of(session: Session, scope: Scope, facility: Facility, now: datetime) -> One:
    """What is at one facility, as far as it may be seen."""
    mentor = aliased(Person)
    people: Select[Person, str] = (
        select(Person, mentor.name)
        .outerjoin(mentor, mentor.id == Person.mentor_id)
        .where(Person.facility_id == facility.id, scope.people())
        .order_by(func.lower(Person.name), Person.id)
        .limit(MOST_PEOPLE + 1)
    )
    found = [(person, name or "") for person, name in session.execute(people).unique()]
    stock = session.scalars(
        select(StockReport)
        .where(StockReport.facility_id == facility.id, StockReport.state != "closed")
        .order_by(StockReport.opened_at)
    ).all()
    wanted = cases.Wanted(facility_id=facility.id)
    return One(
        found[:MOST_PEOPLE],
        len(found) > MOST_PEOPLE,
        cases.found(session, scope, wanted, now)[0],
        stock,
        visit_lines(session, Visit.facility_id == facility.id, newest=True),
    )


_Figures = Mapping[str, Mapping[Any, Any]]


def _figures(session: Session, scope: Scope, by: Any, where: ColumnElement[bool]) -> _Figures:
    """Each figure by district or facility: one query for each, however many there are."""
    in_memory(session)
    who = true() if scope.aggregates_only else scope.people()
    is_mentee = Person.roles.contains(["mentee"])

    def counted(query: Select[Any, Any]) -> dict[Any, Any]:
        return {row[0]: row[1] for row in session.execute(query.group_by(by))}

    def of_people(figure: Any, *conditions: ColumnElement[bool]) -> Select[Any, Any]:
        return (
            select(by, figure)
            .select_from(Person)
            .join(Facility, Facility.id == Person.facility_id)
            .where(where, *conditions)
        )

    here = select(Person.id).join(Facility, Facility.id == Person.facility_id).where(where, who)
    done = validations(Assessment.person_id.in_(here))
    return {
        "mentees": counted(of_people(func.count(), who, is_mentee)),
        "mentors": counted(of_people(func.count(), Person.roles.contains(["mentor"]))),
        "open_cases": counted(
            of_people(func.count(), who, Case.state == "open").join(
                Case, Case.mentee_id == Person.id
            )
        ),
        "validated": counted(
            of_people(func.count(Person.id.distinct()), who).join(
                done, done.c.person_id == Person.id
            )
        ),
        "stock_outs": counted(
            select(by, func.count())
            .select_from(StockReport)
            .join(Facility, Facility.id == StockReport.facility_id)
            .where(where, StockReport.state != "closed")
        ),
        "visited_at": counted(
            select(by, func.max(Visit.starts_at))
            .select_from(Visit)
            .join(Facility, Facility.id == Visit.facility_id)
            .where(where, Visit.state == "held")
        ),
    }


def _summary(figures: _Figures, key: Any, facilities: int, scope: Scope) -> Summary:
    hide = scope.aggregates_only

    def figure(name: str) -> Figure:
        value = int(figures[name].get(key, 0))
        return shown(value, value, hide)

    return Summary(
        facilities,
        figure("mentees"),
        figure("mentors"),
        figure("open_cases"),
        figure("validated"),
        int(figures["stock_outs"].get(key, 0)),
        figures["visited_at"].get(key),
    )
