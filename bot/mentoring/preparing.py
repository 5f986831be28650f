"""What a mentor may want to have ready for a visit: skills to see, and items of coaching plans."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from bot.mentoring import coaching, standings, visit_telling
from bot.mentoring.competencies import Catalogue
from bot.texts import text
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
    known = {person.id: standings.of(session, person, catalogue) for person in mentees}
    found = []
    for one in catalogue.competencies.values():
        waiting = [
            visit_telling.named(person, mentor)
            for person in mentees
            if known[person.id].required.get(one.id) == "perform"
            and known[person.id].found[one.id].status == "skill missing"
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
