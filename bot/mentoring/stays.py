"""Where people work, and worked: a transfer keeps the history.

A report about a moment uses the stay that covers it; where none is recorded, the present facility.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.learning import FacilityStay
from store.people import Person


def move(session: Session, person: Person, facility_id: int, now: datetime) -> bool:
    """Let a person work at a facility from now on; ``False``: they already do.

    The stay at the first facility we know of has no beginning: what was before we knew the person
    is counted there too.

    Args:
        now: aware; the moment of the transfer.
    """
    if person.facility_id == facility_id:
        return False
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
    return True
