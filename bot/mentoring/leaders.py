"""What a facility's leader hears on the first of each month. Of few mentees, no figures."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot.text.moments import dated, month_name
from bot.texts import text
from store.cases import Case
from store.encounters import Encounter, EncounterMentee
from store.people import Facility, Person
from store.quizzes import Answer
from store.visits import Visit

# Figures about fewer mentees than this say too much of each.
FEWEST: Final = 5


def month(
    session: Session, leader: Person, start: datetime, end: datetime, now: datetime
) -> str | None:
    """The month from ``start`` up to ``end`` (aware) in a leader's words; ``None``: nothing to say.

    Args:
        now: the next visit is one after it.
    """
    if leader.facility_id is None:
        return None
    place = session.get_one(Facility, leader.facility_id)
    here = select(Person.id).where(
        Person.facility_id == place.id, Person.roles.contains(["mentee"])
    )
    visits = session.scalar(
        select(func.count())
        .select_from(Visit)
        .where(
            Visit.facility_id == place.id,
            Visit.state == "held",
            Visit.starts_at >= start,
            Visit.starts_at < end,
        )
    )
    met = session.scalar(
        select(func.count(func.distinct(EncounterMentee.person_id)))
        .join(Encounter, Encounter.id == EncounterMentee.encounter_id)
        .where(
            Encounter.kind == "in_person",
            Encounter.began_at >= start,
            Encounter.began_at < end,
            EncounterMentee.person_id.in_(here),
        )
    )
    mentees = len(session.scalars(here).all())
    language = leader.language
    coming = session.scalars(
        select(Visit)
        .where(Visit.facility_id == place.id, Visit.state == "planned", Visit.starts_at > now)
        .order_by(Visit.starts_at)
        .limit(1)
    ).first()
    parts = [
        text(
            "leader_month",
            language,
            facility=place.name,
            month=month_name(start.astimezone(ZoneInfo(leader.timezone)).date(), language),
            visits=visits or 0,
        )
    ]
    if mentees >= FEWEST:
        asked = _people(session, Case.mentee_id, Case.opened_at, here, start, end)
        quiz = _people(session, Answer.person_id, Answer.answered_at, here, start, end)
        parts.append(
            text(
                "leader_month_mentees",
                language,
                mentees=mentees,
                met=_shown(met or 0),
                asked=_shown(asked),
                quiz=_shown(quiz),
            )
        )
    if coming is not None:
        when = dated(coming.starts_at, leader.timezone, language)
        parts.append(text("leader_month_next", language, when=when))
    if not visits and coming is None and mentees < FEWEST:
        return None
    return " ".join(parts)


def _shown(people: int) -> str:
    return str(people) if people == 0 or people >= FEWEST else f"<{FEWEST}"


def _people(
    session: Session,
    who: InstrumentedAttribute[int],
    at: InstrumentedAttribute[datetime],
    here: Select[int],
    start: datetime,
    end: datetime,
) -> int:
    """How many of a facility's mentees have a row in a span of time."""
    found = select(func.count(func.distinct(who))).where(who.in_(here), at >= start, at < end)
    return session.scalar(found) or 0
