"""Who looks after a district: coordinators, and the focal persons for its stock."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import people
from store.people import Person


def coordinators(session: Session, district: str) -> list[Person]:
    """The coordinators of a district, and those of no district; only who can be reached."""
    return [one for one in _with_role(session, "coordinator") if _of(one) in ("", district)]


def focal(session: Session, district: str) -> list[Person]:
    """The focal persons for stock of a district, or those of no district, if it has none."""
    everybody = _with_role(session, "focal")
    own = [one for one in everybody if district and _of(one) == district]
    return own or [one for one in everybody if not _of(one)]


def _of(person: Person) -> str:
    return person.facility.district if person.facility else ""


def _with_role(session: Session, role: str) -> list[Person]:
    found = session.scalars(select(Person).where(Person.roles.contains([role])).order_by(Person.id))
    return [person for person in found if people.reachable(person)]
