"""Whose packs an account may take: a mentor's month, a district's quarter."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.accounts.scope import Scope
from store.people import Facility, Person


def mentors(session: Session, scope: Scope) -> Sequence[Person]:
    """Mentors by name whose month may be seen: in it, nothing about their own mentees is hidden."""
    if scope.role == "mentor":
        own = session.get(Person, scope.person_id) if scope.person_id is not None else None
        return [] if own is None else [own]
    return session.scalars(
        select(Person)
        .where(scope.people(), Person.roles.contains(["mentor"]))
        .order_by(Person.name, Person.id)
    ).all()


def districts(session: Session, scope: Scope) -> Sequence[str]:
    """Districts whose quarter may be seen. Small groups are hidden in it, so viewers may."""
    if scope.role == "mentor":
        return []
    return session.scalars(
        select(Facility.district)
        .where(Facility.district != "", scope.places())
        .distinct()
        .order_by(Facility.district)
    ).all()
