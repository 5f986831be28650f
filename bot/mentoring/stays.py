"""Where people work, and worked: a transfer keeps the history.

A report about a moment uses the stay that covers it; where none is recorded, the present facility.
A transfer that is to come is a stay that begins later; the clock carries it out on its day.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.text.sentences import SentenceError
from store.learning import FacilityStay
from store.people import Facility, Person


class StayError(SentenceError):
    """A transfer cannot be as it was said. One sentence."""


def move(session: Session, person: Person, facility_id: int, now: datetime) -> bool:
    """Let a person work at a facility from now on; ``False``: they already do.

    The stay at the first facility we know of has no beginning: what was before we knew the person
    is counted there too.

    Args:
        now: aware; the moment of the transfer.
    """
    if person.facility_id == facility_id:
        return False
    _withdraw_planned(session, person, now)
    before = person.facility_id
    if before is not None:
        present = session.scalar(
            select(FacilityStay)
            .where(FacilityStay.person_id == person.id, FacilityStay.until.is_(None))
            .with_for_update()
        )
        if present is None:
            session.add(FacilityStay(person_id=person.id, facility_id=before, until=now))
        elif present.since is not None and present.since >= now:
            # Corrected in the same moment: nobody worked at the first one.
            present.facility_id = person.facility_id = facility_id
            session.flush()
            return True
        else:
            present.until = now
        session.flush()
    session.add(
        FacilityStay(
            person_id=person.id,
            facility_id=facility_id,
            since=None if before is None else now,
        )
    )
    person.facility_id = facility_id
    session.flush()
    session.expire(person, ["facility"])
    return True


def transfer(
    session: Session, person: Person, facility: Facility, on: datetime, now: datetime
) -> bool:
    """Let a person work at a facility from a moment on, past or to come.

    What is under way goes on: cases, campaigns, the mentor. A transfer that was planned before
    and has not come yet is replaced.

    Args:
        on, now: aware.

    Returns:
        Whether it holds already.

    Raises:
        StayError: they work there already, or were moved after that moment.
    """
    session.get_one(Person, person.id, with_for_update={"of": Person, "key_share": True})
    _withdraw_planned(session, person, now)
    if person.facility_id == facility.id:
        raise StayError("They work at %(place)s already.", place=facility.name)
    present = _present(session, person)
    if present is not None and present.since is not None and present.since >= on:
        raise StayError("They were moved after that day: give the day of this transfer.")
    if on <= now:
        move(session, person, facility.id, on)
        return True
    if person.facility_id is None:
        raise StayError("They work nowhere yet: a first facility has no day to come.")
    if present is None:
        session.add(FacilityStay(person_id=person.id, facility_id=person.facility_id, until=on))
    else:
        present.until = on
    session.flush()
    session.add(FacilityStay(person_id=person.id, facility_id=facility.id, since=on))
    session.flush()
    return False


def begins(person: Person, day: date | None, now: datetime) -> datetime:
    """When a transfer holds: the beginning of a day where the person lives; without one, now."""
    if day is None:
        return now
    return datetime.combine(day, time(), ZoneInfo(person.timezone)).astimezone(UTC)


def _present(session: Session, person: Person) -> FacilityStay | None:
    return session.scalar(
        select(FacilityStay)
        .where(FacilityStay.person_id == person.id, FacilityStay.until.is_(None))
        .with_for_update()
    )


def _withdraw_planned(session: Session, person: Person, now: datetime) -> None:
    planned = _present(session, person)
    if planned is None or planned.since is None or planned.since <= now:
        return
    session.delete(planned)
    session.flush()
    session.execute(
        update(FacilityStay)
        .where(FacilityStay.person_id == person.id, FacilityStay.until == planned.since)
        .values(until=None)
    )


def arrive(session: Session, now: datetime) -> int:
    """Transfers whose day has come: people work where their stay says.

    Returns:
        How many.
    """
    begun = (
        select(FacilityStay.person_id, FacilityStay.facility_id)
        .join(Person, Person.id == FacilityStay.person_id)
        .where(
            FacilityStay.until.is_(None),
            FacilityStay.since <= now,
            Person.facility_id != FacilityStay.facility_id,
        )
        .with_for_update(of=Person, skip_locked=True)
    )
    found = session.execute(begun).all()
    for person_id, facility_id in found:
        session.execute(
            update(Person).where(Person.id == person_id).values(facility_id=facility_id)
        )
    return len(found)
