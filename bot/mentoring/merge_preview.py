"""What a merge of two records would bring together, before anybody decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session, sessionmaker

from bot.mentoring import merging
from store.people import Person

# Rows by table, as people count them; whatever is not here is "other".
PARTS: Final[Mapping[str, str]] = {
    "address": "numbers",
    "inbound": "messages",
    "outbox": "messages",
    "question": "questions",
    "case": "cases",
    "answer": "answers",
    "assessment": "assessments",
    "encounter": "encounters",
    "encounter_mentee": "encounters",
    "plan_item": "plans",
    "goal": "plans",
    "visit": "visits",
    "visit_person": "visits",
    "enrolment": "campaigns",
}
OTHER: Final = "other"


def preview(sessions: sessionmaker[Session], kept: int, gone: int, now: datetime) -> dict[str, int]:
    """How many rows of each part would go from one record to the other; nothing is changed.

    Args:
        kept, gone: ids of people.
        now: aware.

    Raises:
        MergeError: these two cannot be one person.
    """
    with sessions() as session:
        one, other = session.get_one(Person, kept), session.get_one(Person, gone)
        try:
            work = merging.merge(session, one, other, now)
        finally:
            session.rollback()
    parts: Counter[str] = Counter()
    for table, rows in work.moved.items():
        parts[PARTS.get(table, OTHER)] += rows
    return dict(parts)
