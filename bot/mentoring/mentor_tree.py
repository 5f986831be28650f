"""The mentors and their mentees' places, as ``bot.mentoring.cascade`` looks at them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from bot.mentoring.cascade import Mentor, Place, level
from bot.people import bare_name
from store.people import Facility, Person


def mentors(
    session: Session, *, district: str | None = None, only: Iterable[int] | None = None
) -> list[Mentor]:
    """Everybody who is somebody's mentor, or has the role.

    Args:
        district: only mentors who work there.
        only: only mentors with these numbers.
    """
    mentee, theirs = aliased(Person), aliased(Facility)
    counted: dict[int, dict[Place, int]] = {}
    for mentor_id, place, number in session.execute(
        select(mentee.mentor_id, theirs, func.count())
        .join(theirs, theirs.id == mentee.facility_id)
        .where(mentee.mentor_id.is_not(None))
        .group_by(mentee.mentor_id, theirs.id)
    ):
        if mentor_id is not None:
            counted.setdefault(mentor_id, {})[_place(place)] = number
    wanted = (
        select(Person)
        .outerjoin(Facility, Facility.id == Person.facility_id)
        .where(Person.roles.contains(["mentor"]) | Person.id.in_(list(counted)))
        .order_by(Person.name, Person.id)
    )
    if district is not None:
        wanted = wanted.where(Facility.district == district)
    if only is not None:
        wanted = wanted.where(Person.id.in_(list(only)))
    return [
        Mentor(
            bare_name(person) or person.external_id or f"person {person.id}",
            _place(person.facility) if person.facility else None,
            counted.get(person.id, {}),
        )
        for person in session.scalars(wanted)
    ]


def _place(facility: Facility) -> Place:
    return Place(facility.id, facility.name, level(facility.level, facility.name))
