"""Cases as a list by state and urgency, and one case with its thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, aliased

from bot.accounts.scope import Scope
from bot.mentoring import overview
from store.cases import Case, CaseOffer
from store.people import Facility, Person

PAGE: Final = 50
STATES: Final = ("open", "answered", "closed", "all")


@dataclass(frozen=True)
class Wanted:
    """``state``: of ``STATES``. ``page`` counts from 1. ``facility_id``: where the mentee works."""

    state: str = "open"
    urgent: bool = False
    overdue: bool = False
    page: int = 1
    facility_id: int | None = None


@dataclass(frozen=True)
class Line:
    """One case in a list. ``offered``: whom it is offered to while nobody holds it."""

    case: Case
    mentee: str
    facility: str
    mentor: str
    offered: tuple[str, ...]
    overdue: bool


def found(
    session: Session, scope: Scope, wanted: Wanted, now: datetime, limit: int = PAGE
) -> tuple[tuple[Line, ...], int]:
    """Cases, the urgent first and of these the longest waiting; and how many there are."""
    conditions = _conditions(scope, wanted, now)
    mentee, mentor = aliased(Person), aliased(Person)
    latest = wanted.state in ("closed", "all")
    order = (
        (Case.opened_at.desc(), Case.id.desc())
        if latest
        else (Case.urgent.desc(), Case.waiting_since.asc().nulls_last(), Case.id)
    )
    query: Select[Case, str, str, str, bool] = (
        select(
            Case,
            mentee.name,
            Facility.name,
            mentor.name,
            func.coalesce(overview.overdue(now), False),
        )
        .join(mentee, mentee.id == Case.mentee_id)
        .outerjoin(Facility, Facility.id == mentee.facility_id)
        .outerjoin(mentor, mentor.id == Case.mentor_id)
        .where(*conditions)
        .order_by(*order)
        .offset((wanted.page - 1) * limit)
        .limit(limit)
    )
    rows = session.execute(query).all()
    offered = _offered(session, [row[0].id for row in rows])
    lines = tuple(
        Line(case, who or "", place or "", holder or "", offered.get(case.id, ()), late)
        for case, who, place, holder, late in rows
    )
    total = session.scalar(select(func.count()).select_from(Case).where(*conditions)) or 0
    return lines, total


def _conditions(scope: Scope, wanted: Wanted, now: datetime) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [scope.about(Case.mentee_id)]
    if wanted.state in ("open", "answered", "closed"):
        conditions.append(Case.state == wanted.state)
    if wanted.urgent:
        conditions.append(Case.urgent.is_(True))
    if wanted.overdue:
        conditions.append(overview.overdue(now))
    if wanted.facility_id is not None:
        there = select(Person.id).where(Person.facility_id == wanted.facility_id)
        conditions.append(Case.mentee_id.in_(there))
    return conditions


def _offered(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    if not ids:
        return {}
    rows = session.execute(
        select(CaseOffer.case_id, Person.name)
        .join(Person, Person.id == CaseOffer.mentor_id)
        .where(CaseOffer.case_id.in_(ids), CaseOffer.ended_at.is_(None))
        .order_by(CaseOffer.id)
    )
    found: dict[int, tuple[str, ...]] = {}
    for case, name in rows:
        found[case] = (*found.get(case, ()), name)
    return found


def one(session: Session, scope: Scope, case_id: int) -> Case | None:
    """A case within the scope; any other is not found."""
    return session.scalar(select(Case).where(Case.id == case_id, scope.about(Case.mentee_id)))
