"""What is agreed on and when mentors come: coaching plans, and visits due and held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, select, true
from sqlalchemy.orm import Session, aliased

from bot.accounts.scope import Scope, works_in
from bot.mentoring import rounds
from bot.overviews.shown import Figure, shown
from store.people import Facility, Person
from store.plans import PlanItem
from store.visits import Visit

LATELY: Final = timedelta(days=90)
AHEAD: Final = timedelta(days=60)
BEHIND: Final = timedelta(days=30)
SHOWN: Final = 20


@dataclass(frozen=True)
class Plans:
    """Items of coaching plans. ``done``: in the last 90 days. ``late``: the longest overdue first,
    (item, mentee, owner); nobody's for a viewer.
    """

    open: Figure
    overdue: Figure
    done: Figure
    late: Sequence[tuple[PlanItem, str, str]] = ()


@dataclass(frozen=True)
class VisitLine:
    """One visit with its place and mentor."""

    visit: Visit
    facility: str
    facility_id: int
    mentor: str


@dataclass(frozen=True)
class Visits:
    """``held`` and ``missed`` (or never reported): in the last 90 days. The lines of those that
    come, and of those that were to take place in the last 30 days.

    ``due``: facilities whose visit of this month is neither held nor planned; ``due_at``: the
    first of them, (id, name).
    """

    held: Figure
    missed: Figure
    planned: Figure
    due: Figure
    ahead: Sequence[VisitLine] = ()
    behind: Sequence[VisitLine] = ()
    due_at: Sequence[tuple[int, str]] = ()


def plans(session: Session, scope: Scope, district: str, now: datetime, today: date) -> Plans:
    """Coaching plans of those who may be seen.

    Args:
        district: only of mentees who work there; empty: of all.
        today: of the programme.
    """
    whose = select(Person.id).where(true() if scope.aggregates_only else scope.people())
    if district:
        whose = whose.where(works_in(district))
    theirs = PlanItem.mentee_id.in_(whose)
    is_open = PlanItem.state == "open"
    late = is_open & (PlanItem.due_on < today)
    done = (PlanItem.state == "done") & (PlanItem.ended_at > now - LATELY)
    counted = session.execute(
        select(
            *(
                figure
                for kind in (is_open, late, done)
                for figure in (
                    func.count().filter(kind),
                    func.count(PlanItem.mentee_id.distinct()).filter(kind),
                )
            )
        ).where(theirs)
    ).one()
    hide = scope.aggregates_only
    totals = Plans(*_figures(counted, hide))
    if hide:
        return totals
    mentee, owner = aliased(Person), aliased(Person)
    query: Select[PlanItem, str, str] = (
        select(PlanItem, mentee.name, owner.name)
        .join(mentee, mentee.id == PlanItem.mentee_id)
        .join(owner, owner.id == PlanItem.owner_id)
        .where(theirs, late)
        .order_by(PlanItem.due_on, PlanItem.id)
        .limit(SHOWN)
    )
    return replace(totals, late=[(item, whom, who) for item, whom, who in session.execute(query)])


def _figures(counted: Sequence[int], hide: bool) -> tuple[Figure, Figure, Figure]:
    """Three figures from pairs of how many, and about how many people."""
    first, second, third = (shown(counted[n], counted[n + 1], hide) for n in (0, 2, 4))
    return first, second, third


def visits(session: Session, scope: Scope, district: str, now: datetime, timezone: str) -> Visits:
    """Visits to the facilities that may be seen; a mentor's are their own.

    Args:
        timezone: whose month it is: the programme's.
    """
    theirs = _theirs(scope, district)
    lately = Visit.starts_at.between(now - LATELY, now)
    kinds = (
        (Visit.state == "held") & lately,
        Visit.state.in_(("missed", "unreported")) & lately,
        (Visit.state == "planned") & (Visit.starts_at > now),
    )
    counted = session.execute(
        select(
            *(
                figure
                for kind in kinds
                for figure in (
                    func.count().filter(kind),
                    func.count(Visit.mentor_id.distinct()).filter(kind),
                )
            )
        )
        .join(Facility, Facility.id == Visit.facility_id)
        .where(*theirs)
    ).one()
    hide = scope.aggregates_only
    due = _due(session, scope, district, now.astimezone(ZoneInfo(timezone)).date(), timezone)
    totals = Visits(*_figures(counted, hide), shown(len(due), len(due), hide))
    if hide:
        return totals
    ahead = visit_lines(session, *theirs, Visit.starts_at.between(now, now + AHEAD))
    behind = visit_lines(session, *theirs, Visit.starts_at.between(now - BEHIND, now), newest=True)
    return replace(totals, ahead=ahead, behind=behind, due_at=due[:SHOWN])


def _due(
    session: Session, scope: Scope, district: str, today: date, timezone: str
) -> list[tuple[int, str]]:
    """The facilities that wait for their visit of this month, by the rules of the cadence."""
    places = select(Facility.id).where(scope.places())
    if district:
        places = places.where(Facility.district == district)
    seen = set(session.scalars(places))
    return [
        (one.subject.id, one.subject.name)
        for one in rounds.kept(session, "facility", today, today, today, timezone)
        if one.subject.id in seen and one.standings and one.standings[-1].state == "due"
    ]


def _theirs(scope: Scope, district: str) -> list[ColumnElement[bool]]:
    own = Visit.mentor_id == scope.person_id if scope.role == "mentor" else scope.places()
    return [own, Facility.district == district] if district else [own]


def visit_lines(
    session: Session, *conditions: ColumnElement[bool], newest: bool = False, most: int = SHOWN
) -> list[VisitLine]:
    """The first visits under some conditions, in the order of their days."""
    query: Select[Visit, str, int, str] = (
        select(Visit, Facility.name, Facility.id, Person.name)
        .join(Facility, Facility.id == Visit.facility_id)
        .join(Person, Person.id == Visit.mentor_id)
        .where(*conditions)
        .order_by(Visit.starts_at.desc() if newest else Visit.starts_at, Visit.id)
        .limit(most)
    )
    return [VisitLine(*row) for row in session.execute(query)]
