"""Visits: planned, told, changed, called off, and afterwards told of.

Every change happens under the row lock of the visit (``locked``), taken after the writing person's
own. What people are told goes through the outbox; what was told and has not left yet is taken back
when it is not true any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot.mentoring import visit_rules, visit_telling
from bot.text.redact import redact
from store.people import Facility, Person
from store.visits import Visit, VisitDue, VisitPerson


class VisitError(Exception):
    """A visit cannot be planned or changed like that; the message is the key of a text."""


def locked(session: Session, visit_id: int) -> Visit:
    """A visit under its row lock, as it is now."""
    session.flush()
    return session.get_one(
        Visit, visit_id, with_for_update={"key_share": True}, populate_existing=True
    )


def guests(session: Session, mentor: Person, facility: Facility) -> list[tuple[Person, str]]:
    """Who is told of a visit: the facility's mentees and its leaders, with the part of each."""
    found = session.scalars(
        select(Person)
        .where(
            Person.facility_id == facility.id,
            Person.id != mentor.id,
            Person.roles.overlap(["mentee", "leader"]),
        )
        .order_by(Person.name, Person.id)
    ).unique()
    return [(one, "leader" if "leader" in one.roles else "mentee") for one in found]


def plan(
    session: Session,
    mentor: Person,
    facility: Facility,
    starts_at: datetime,
    *,
    now: datetime,
    source: str,
    days: int = 1,
    topics: Sequence[str] = (),
    mentees: Iterable[int] | None = None,
) -> Visit:
    """Plan a visit and tell the facility; the same plan a second time is the first one.

    Args:
        starts_at: aware, and so is ``now``.
        source: ``whatsapp`` or ``command``.
        mentees: only these of the facility's; its leaders are told in any case.

    Raises:
        VisitError: the moment is past or too far ahead.
    """
    _check(starts_at, now)
    visit_id = session.scalar(
        insert(Visit)
        .values(
            mentor_id=mentor.id,
            facility_id=facility.id,
            starts_at=starts_at,
            days=days,
            topics=list(topics),
            source=source,
            created_at=now,
        )
        .on_conflict_do_nothing(
            index_elements=["mentor_id", "facility_id", "starts_at"],
            index_where=text("state = 'planned'"),
        )
        .returning(Visit.id)
    )
    if visit_id is None:
        return session.scalars(
            select(Visit).where(
                Visit.mentor_id == mentor.id,
                Visit.facility_id == facility.id,
                Visit.starts_at == starts_at,
                Visit.state == "planned",
            )
        ).one()
    visit = session.get_one(Visit, visit_id)
    chosen = None if mentees is None else set(mentees)
    for person, part in guests(session, mentor, facility):
        if part == "leader" or chosen is None or person.id in chosen:
            session.add(VisitPerson(visit_id=visit.id, person_id=person.id, part=part))
    session.flush()
    _plan_dues(session, visit, mentor, now)
    visit_telling.ask_all(session, visit, mentor, now)
    return visit


def of_day(session: Session, mentor: Person, facility: Facility, day: date) -> Visit | None:
    """A mentor's visit to a facility that goes on, or went on, on a day of the mentor's own."""
    found = session.scalars(
        select(Visit)
        .where(
            Visit.mentor_id == mentor.id,
            Visit.facility_id == facility.id,
            Visit.state.not_in(("cancelled", "missed")),
        )
        .order_by(Visit.starts_at.desc())
    )
    here = ZoneInfo(mentor.timezone)
    for visit in found:
        first = visit.starts_at.astimezone(here).date()
        if first <= day < first + timedelta(days=visit.days):
            return visit
    return None


def note_down(
    session: Session,
    mentor: Person,
    facility: Facility,
    day: date,
    *,
    now: datetime,
    source: str,
    days: int = 1,
    topics: Sequence[str] = (),
) -> Visit:
    """A visit that took place and was not planned here: nobody is told, and its debrief follows."""
    nine = datetime.combine(day, visit_rules.USUAL_START, ZoneInfo(mentor.timezone))
    visit = Visit(
        mentor_id=mentor.id,
        facility_id=facility.id,
        starts_at=min(nine.astimezone(UTC), now),
        days=days,
        topics=list(topics),
        source=source,
        created_at=now,
    )
    session.add(visit)
    session.flush()
    for person, part in guests(session, mentor, facility):
        if part == "mentee":
            session.add(VisitPerson(visit_id=visit.id, person_id=person.id, part=part))
    closes = VisitDue(visit_id=visit.id, kind="close", due_at=now + visit_rules.CLOSES_AFTER)
    session.add(closes)
    session.flush()
    return visit


def change(
    session: Session,
    visit: Visit,
    *,
    now: datetime,
    starts_at: datetime | None = None,
    days: int | None = None,
    topics: Sequence[str] | None = None,
) -> bool:
    """Move a visit or change what it is about; everybody is asked again. Returns whether it did.

    Raises:
        VisitError: it is over, or the moment cannot be one.
    """
    if visit.state != "planned":
        raise VisitError("visit_is_over")
    before = (visit.starts_at, visit.days, list(visit.topics))
    wanted = (
        starts_at or visit.starts_at,
        days or visit.days,
        list(visit.topics if topics is None else topics),
    )
    if wanted == before:
        return False
    _check(wanted[0], now)
    clash = select(Visit.id).where(
        Visit.mentor_id == visit.mentor_id,
        Visit.facility_id == visit.facility_id,
        Visit.starts_at == wanted[0],
        Visit.state == "planned",
        Visit.id != visit.id,
    )
    if session.scalar(clash) is not None:
        raise VisitError("visit_twice")
    visit_telling.take_back(session, visit, "the visit was changed")
    visit.starts_at, visit.days, visit.topics = wanted
    visit.revision += 1
    session.execute(
        update(VisitPerson)
        .where(VisitPerson.visit_id == visit.id)
        .values(coming=None, answered_at=None)
    )
    session.flush()
    mentor = session.get_one(Person, visit.mentor_id)
    _plan_dues(session, visit, mentor, now)
    visit_telling.ask_all(session, visit, mentor, now)
    return True


def cancel(session: Session, visit: Visit, *, now: datetime, reason: str = "") -> int:
    """Call a visit off; whoever heard of it is told. Returns how many.

    Raises:
        VisitError: it is over.
    """
    if visit.state != "planned":
        raise VisitError("visit_is_over")
    unheard = visit_telling.take_back(session, visit, "the visit was cancelled")
    visit.state, visit.closed_at = "cancelled", now
    visit.reason = redact(reason).text
    visit.revision += 1
    settle(session, visit, "cancelled", now)
    return visit_telling.called_off(session, visit, unheard, now)


def answer(session: Session, visit: Visit, person: Person, coming: bool, now: datetime) -> str:
    """Somebody confirms or declines: ``taken``, ``same`` or ``over``. The mentor hears of a no."""
    mine = of_person(session, visit, person)
    if mine is None or visit.state != "planned" or visit.starts_at <= now:
        return "over"
    if mine.coming is coming:
        return "same"
    before, mine.coming, mine.answered_at = mine.coming, coming, now
    session.flush()
    visit_telling.answered(session, visit, person, mine, before, now)
    return "taken"


def over(session: Session, visit: Visit, state: str, now: datetime, reason: str = "") -> None:
    """It took place (``held``), or its mentor says that it did not (``missed``)."""
    visit.state, visit.closed_at = state, now
    visit.reason = redact(reason).text
    settle(session, visit, state, now)


def settle(session: Session, visit: Visit, outcome: str, now: datetime) -> None:
    """What is still due of a visit is not needed any more."""
    session.execute(
        update(VisitDue)
        .where(VisitDue.visit_id == visit.id, VisitDue.done_at.is_(None))
        .values(done_at=now, outcome=outcome)
    )


def of_person(session: Session, visit: Visit, person: Person) -> VisitPerson | None:
    """Somebody's part in a visit."""
    return session.get(VisitPerson, (visit.id, person.id), populate_existing=True)


def planned(session: Session, mentor: Person) -> list[Visit]:
    """A mentor's visits to come, and those not told of yet, the earliest first."""
    return list(
        session.scalars(
            select(Visit)
            .where(Visit.mentor_id == mentor.id, Visit.state == "planned")
            .order_by(Visit.starts_at, Visit.id)
        )
    )


def to_tell_of(session: Session, mentor: Person, now: datetime) -> list[Visit]:
    """Visits that have begun and whose mentor has not said how they were, the latest first."""
    return list(
        session.scalars(
            select(Visit)
            .where(
                Visit.mentor_id == mentor.id,
                Visit.state.in_(("planned", "unreported")),
                Visit.starts_at <= now,
            )
            .order_by(Visit.starts_at.desc())
        )
    )


def coming_to(session: Session, person: Person, now: datetime) -> list[tuple[Visit, VisitPerson]]:
    """The visits that somebody was told of and that are to come, the earliest first."""
    rows = session.execute(
        select(Visit, VisitPerson)
        .join(VisitPerson, VisitPerson.visit_id == Visit.id)
        .where(VisitPerson.person_id == person.id, Visit.state == "planned", Visit.starts_at > now)
        .order_by(Visit.starts_at, Visit.id)
    )
    return [(visit, mine) for visit, mine in rows]


def _check(starts_at: datetime, now: datetime) -> None:
    found = visit_rules.wrong(starts_at, now)
    if found is not None:
        raise VisitError(f"visit_{found}")


def _plan_dues(session: Session, visit: Visit, mentor: Person, now: datetime) -> None:
    settle(session, visit, "moved", now)
    found = visit_rules.moments(visit.starts_at, visit.days, mentor.timezone, now)
    for kind, at in (
        ("remind", found.remind),
        ("debrief", found.debrief),
        ("debrief_again", found.again),
        ("close", found.close),
    ):
        if at is not None:
            session.add(VisitDue(visit_id=visit.id, kind=kind, due_at=at))
    session.flush()
