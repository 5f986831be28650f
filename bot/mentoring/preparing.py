"""What a mentor may want to have ready for a visit: skills to see, and items of coaching plans."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Final, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.mentoring import coaching, visit_telling
from bot.mentoring.competencies import Catalogue
from bot.mentoring.validation import Kind, Record, standing
from bot.texts import text
from store.learning import Assessment
from store.people import Person
from store.visits import Visit

MOST: Final = 4
LONGEST: Final = 60


def shown(session: Session, visit: Visit, mentor: Person, catalogue: Catalogue) -> str:
    """A line for the mentor, with names and no numbers; empty where there is nothing."""
    mentees = [
        person
        for person, mine in visit_telling.members(session, visit)
        if mine.part == "mentee" and mine.coming is not False
    ]
    found = _skills(session, mentees, mentor, catalogue) + _items(session, mentees, mentor)
    return "; ".join(found[:MOST])


def _skills(
    session: Session, mentees: list[Person], mentor: Person, catalogue: Catalogue
) -> list[str]:
    """Whose knowledge is there and whose skill nobody has signed yet: the visit is for that."""
    records: dict[int, list[Record]] = defaultdict(list)
    ids = [person.id for person in mentees]
    for row in session.scalars(select(Assessment).where(Assessment.person_id.in_(ids))):
        records[row.person_id].append(
            Record(
                row.technical_area,
                row.competency,
                cast("Kind", row.kind),
                row.at,
                None if row.score is None else Fraction(row.score),
                None if row.out_of is None else Fraction(row.out_of),
                row.passed,
                row.assessor_id,
            )
        )
    found = []
    for one in catalogue.competencies.values():
        waiting = [
            visit_telling.named(person, mentor)
            for person in mentees
            if catalogue.required(person.cadre).get(one.id) == "perform"
            and standing(records[person.id], one.area, one.id).status == "skill missing"
        ]
        if waiting:
            title = catalogue.title(one.id, mentor.language)
            names = ", ".join(waiting)
            found.append(text("visit_skill_to_see", mentor.language, skill=title, names=names))
    return found


def _items(session: Session, mentees: list[Person], mentor: Person) -> list[str]:
    return [
        f"{visit_telling.named(person, mentor)}: {item.gap[:LONGEST]}"
        for person in mentees
        for item in coaching.open_items(session, person.id)[:1]
    ]
