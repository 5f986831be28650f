"""Cases and mentors as routing sees them, read from the database."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, selectinload

from bot import people
from bot.mentoring import duty, levels, routing
from store.cases import Case, CaseEvent, CaseOffer
from store.people import Person

# Events that put a case to a mentor.
GIVEN = ("assigned", "offered")


def mentors(session: Session) -> list[Person]:
    """Every mentor, with addresses."""
    return list(
        session.scalars(
            select(Person)
            .where(Person.roles.contains(["mentor"]))
            .options(selectinload(Person.addresses))
            .order_by(Person.id)
        )
    )


def calendar(mentor: Person, service: levels.Service) -> duty.Calendar:
    """A mentor's hours: their own, else the programme's."""
    return duty.Calendar(duty.from_json(mentor.duty) or service.hours, mentor.timezone)


def wanted(session: Session, case: Case, mentee: Person) -> routing.Wanted:
    """What the case asks for, and who had it, passed it, has it."""
    found = session.execute(
        select(CaseEvent.kind, CaseEvent.person_id)
        .where(CaseEvent.case_id == case.id, CaseEvent.kind.in_((*GIVEN, "passed")))
        .order_by(CaseEvent.id)
    )
    events = [(kind, person) for kind, person in found if person is not None]
    offered = session.scalars(
        select(CaseOffer.mentor_id).where(
            CaseOffer.case_id == case.id, CaseOffer.ended_at.is_(None)
        )
    )
    holder = {case.mentor_id} if case.mentor_id is not None else set()
    place = mentee.facility
    return routing.Wanted(
        mentee=mentee.id,
        own_mentor=mentee.mentor_id,
        backup=mentee.backup_mentor_id,
        topic=case.topic,
        language=mentee.language,
        facility=mentee.facility_id,
        district=place.district if place else "",
        association=mentee.association or "",
        level=routing.level_of(place.level) if place else None,
        urgent=case.urgent,
        had_it=tuple(person for kind, person in events if kind in GIVEN),
        passed=frozenset(person for kind, person in events if kind == "passed"),
        has_it=frozenset({*offered, *holder}),
    )


def candidates(
    session: Session, everybody: list[Person], service: levels.Service, now: datetime
) -> list[routing.Candidate]:
    """The mentors, with how much each carries."""
    open_cases = Counter[int | None]()
    for mentor_id, count in session.execute(
        select(Case.mentor_id, func.count()).where(Case.state == "open").group_by(Case.mentor_id)
    ):
        open_cases[mentor_id] += count
    for mentor_id, count in session.execute(
        select(CaseOffer.mentor_id, func.count())
        .where(CaseOffer.ended_at.is_(None))
        .group_by(CaseOffer.mentor_id)
    ):
        open_cases[mentor_id] += count
    today = _today(session, everybody, now)
    return [
        routing.Candidate(
            id=mentor.id,
            topics=frozenset(mentor.technical_areas),
            languages=frozenset({mentor.language, *mentor.languages}),
            calendar=calendar(mentor, service),
            facility=mentor.facility_id,
            district=mentor.facility.district if mentor.facility else "",
            association=mentor.association or "",
            level=routing.level_of(mentor.facility.level) if mentor.facility else None,
            open_cases=open_cases[mentor.id],
            most_open=mentor.case_cap or service.most_open,
            today=today[mentor.id],
            most_a_day=mentor.daily_cap or service.most_a_day,
            reachable=people.reachable(mentor),
            away=mentor.away_since is not None,
            away_until=mentor.away_until,
        )
        for mentor in everybody
    ]


def _today(session: Session, everybody: list[Person], now: datetime) -> Counter[int]:
    """How many cases each mentor has got since the midnight of their own time zone."""
    midnights = {
        zone: now.astimezone(ZoneInfo(zone))
        .replace(hour=0, minute=0, second=0, microsecond=0)
        .astimezone(UTC)
        for zone in {mentor.timezone for mentor in everybody}
    }
    zones = {mentor.id: mentor.timezone for mentor in everybody}
    lately = session.execute(
        select(CaseEvent.person_id, CaseEvent.case_id, func.max(CaseEvent.at))
        .where(
            CaseEvent.kind.in_(GIVEN),
            CaseEvent.at > now - timedelta(days=1, hours=1),
            CaseEvent.person_id.is_not(None),
        )
        .group_by(CaseEvent.person_id, CaseEvent.case_id)
    )
    return Counter(
        person for person, _, at in lately if person in zones and at >= midnights[zones[person]]
    )


def last_given(session: Session, case: Case) -> str | None:
    """How the search for a mentor ended last: assigned, offered, or unassigned."""
    return session.scalar(
        select(CaseEvent.kind)
        .where(CaseEvent.case_id == case.id, CaseEvent.kind.in_((*GIVEN, "unassigned")))
        .order_by(CaseEvent.id.desc())
        .limit(1)
    )


def is_away(person: Person, now: datetime) -> bool:
    """Whether a mentor is on leave."""
    return person.away_since is not None and (person.away_until is None or person.away_until > now)


def live_offers(session: Session, case: Case) -> list[CaseOffer]:
    """Offers of a case that nobody has ended, in order."""
    return list(
        session.scalars(
            select(CaseOffer)
            .where(CaseOffer.case_id == case.id, CaseOffer.ended_at.is_(None))
            .order_by(CaseOffer.id)
        )
    )


def has_standing(mentor_id: int) -> ColumnElement[bool]:
    """Condition: the mentor holds the case or is offered it."""
    offered = select(CaseOffer.case_id).where(
        CaseOffer.mentor_id == mentor_id, CaseOffer.ended_at.is_(None)
    )
    return or_(Case.mentor_id == mentor_id, Case.id.in_(offered))
