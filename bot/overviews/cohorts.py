"""What a cohort can be chosen by: the districts, cadres and groups that there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.accounts.scope import Scope
from bot.quizzes import catalogue
from store.people import Facility, Person


@dataclass(frozen=True)
class Part:
    """A topic or competency. ``items``: how many questions of it can be asked."""

    id: str
    title: dict[str, str]
    items: int


@dataclass(frozen=True)
class Topic(Part):
    """A topic with its competencies."""

    competencies: tuple[Part, ...]


def choices(session: Session, scope: Scope) -> dict[str, Sequence[str]]:
    """By the names of the options, what mentees whom the caller may see have, in order."""
    theirs = (scope.people(), Person.roles.contains(["mentee"]))

    def of_facility(column: Any) -> Sequence[str]:
        rows = select(column).join(Person, Person.facility_id == Facility.id).where(*theirs)
        return session.scalars(rows.where(column != "").distinct().order_by(column)).all()

    def own(column: Any) -> Sequence[str]:
        rows = select(column).where(*theirs, column.is_not(None), column != "")
        return session.scalars(rows.distinct().order_by(column)).all()

    def listed(column: Any) -> Sequence[str]:
        each = select(func.unnest(column).label("word")).where(*theirs).subquery()
        return session.scalars(select(each.c.word).distinct().order_by(each.c.word)).all()

    return {
        "district": of_facility(Facility.district),
        "facility": of_facility(Facility.name),
        "cadre": own(Person.cadre),
        "area": listed(Person.technical_areas),
        "association": own(Person.association),
        "group": listed(Person.groups),
        "language": own(Person.language),
    }


def topics(session: Session) -> list[Topic]:
    """The topics of the bank that have a question to ask, with their competencies."""
    live = catalogue.live(session)
    titles = catalogue.topics(session)
    parts = catalogue.competencies(session)
    found = []
    for topic in dict.fromkeys(item.topic for item in live):
        here = [item.competency for item in live if item.topic == topic]
        found.append(
            Topic(
                topic,
                titles.get(topic, {}),
                len(here),
                tuple(
                    Part(one, dict(parts[one].title) if one in parts else {}, here.count(one))
                    for one in dict.fromkeys(here)
                ),
            )
        )
    return found
