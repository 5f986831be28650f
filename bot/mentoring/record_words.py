"""A mentee's record in words, for PROGRESS: what is validated, what is half-way, the goal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session

from bot.mentoring import goals, standings
from bot.mentoring.competencies import Catalogue
from bot.quizzes.progress import fitted
from bot.texts import languages, text
from store.people import Person

# Titles named of a kind; the rest is counted.
MOST_NAMED: Final = 3


def shown(session: Session, person: Person, catalogue: Catalogue) -> str | None:
    """The matrix of one mentee in two or three SMS segments; None: nothing is on record yet."""
    where = person.language if person.language in languages("record_reached") else "en"
    found = standings.of(session, person, catalogue)
    goal = goals.active(session, person.id)
    by_status: dict[str, list[str]] = {}
    for name, one in found.found.items():
        by_status.setdefault(one.status, []).append(name)
    tried = any(status != "not assessed" for status in by_status)
    if not tried and goal is None:
        return None
    parts: list[tuple[int, str]] = []
    reached = [one for one in found.found if found.reached_at(one) is not None]
    if found.fully_at is not None:
        parts.append((0, text("record_fully", where, count=len(found.required))))
    elif reached:
        counted = {"done": len(reached), "total": max(len(found.required), len(reached))}
        titles = _titles(reached, catalogue, where)
        parts.append((0, text("record_reached", where, titles=titles, **counted)))
    for status, key in (
        ("skill missing", "record_skill_missing"),
        ("knowledge missing", "record_knowledge_missing"),
        ("not yet", "record_not_yet"),
    ):
        names = [
            one
            for one in by_status.get(status, [])
            if found.reached_at(one) is None or found.required.get(one) != "know"
        ]
        if names:
            parts.append((1, text(key, where, titles=_titles(names, catalogue, where))))
    if goal is not None:
        parts.append((2, text("goal_is", where, goal=goals.title(goal, catalogue, where))))
    return fitted(parts, where) if parts else None


def _titles(names: Sequence[str], catalogue: Catalogue, language: str) -> str:
    said = "; ".join(catalogue.title(one, language) for one in names[:MOST_NAMED])
    more = len(names) - MOST_NAMED
    return f"{said} (+{more})" if more > 0 else said
