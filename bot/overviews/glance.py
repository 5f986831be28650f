"""The programme at a glance: four figures, and two that move from week to week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Date, cast, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot.accounts.scope import Scope
from bot.overviews.shown import Figure, shown
from bot.reports.table import percent
from store.knowledge import Question
from store.people import Address, Person
from store.quizzes import Answer

WEEKS: Final = 12
LATELY: Final = timedelta(days=28)


@dataclass(frozen=True)
class Week:
    """One week from its Monday; a figure about fewer than five people is ``<5`` for a viewer."""

    monday: Any
    first: Figure
    second: Figure


@dataclass(frozen=True)
class Glance:
    """``questions``: answered by the library, and by mentors or not yet. ``quiz``: answers, and the
    share of right ones. Shares are percent; None of nothing.
    """

    mentees: Figure
    wrote: Figure
    by_library: Figure
    right: Figure
    questions: Sequence[Week]
    quiz: Sequence[Week]


def of(session: Session, scope: Scope, now: datetime, zone: str) -> Glance:
    """The figures of those whom a scope may see; a viewer has everybody's, with small cells hidden.

    Args:
        zone: whose weeks they are.
    """
    hide = scope.aggregates_only
    who = true() if hide else scope.people()
    mentees = _count(
        session,
        select(func.count())
        .select_from(Person)
        .where(who, Person.roles.contains(["mentee"]), Person.consent == "yes",
               Person.stopped_at.is_(None)),
    )  # fmt: skip
    wrote = _count(
        session,
        select(func.count(Person.id.distinct()))
        .join(Address, Address.person_id == Person.id)
        .where(who, Person.roles.contains(["mentee"]), Address.last_inbound_at > now - LATELY),
    )
    asked = _row(session, _questions(scope, hide, now - LATELY))
    answered = _row(session, _answers(scope, hide, now - LATELY))
    return Glance(
        shown(mentees, mentees, hide),
        shown(wrote, wrote, hide),
        shown(percent(asked[1], asked[0]), asked[2], hide),
        shown(percent(answered[1], answered[0]), answered[2], hide),
        _weeks(session, _questions(scope, hide, _since(now)), Question.asked_at, now, zone, hide,
               lambda whole, part: (part, whole - part)),
        _weeks(session, _answers(scope, hide, _since(now)), Answer.answered_at, now, zone, hide,
               lambda whole, part: (whole, percent(part, whole))),
    )  # fmt: skip


def _since(now: datetime) -> datetime:
    return now - timedelta(weeks=WEEKS)


def _count(session: Session, query: Any) -> int:
    return int(session.scalar(query) or 0)


def _row(session: Session, query: Any) -> tuple[int, int, int]:
    whole, part, people = session.execute(query).one()
    return int(whole), int(part), int(people)


def _about(scope: Scope, hide: bool, column: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    return true() if hide else scope.about(column)


def _questions(scope: Scope, hide: bool, since: datetime) -> Any:
    """Questions, those that the library answered, and who asked."""
    return select(
        func.count(),
        func.count().filter(Question.decision == "answer", Question.case_id.is_(None)),
        func.count(Question.person_id.distinct()),
    ).where(Question.asked_at > since, _about(scope, hide, Question.person_id))


def _answers(scope: Scope, hide: bool, since: datetime) -> Any:
    """Answers to the quiz, the right ones, and whose they are."""
    return select(
        func.count(),
        func.count().filter(Answer.right),
        func.count(Answer.person_id.distinct()),
    ).where(Answer.answered_at > since, _about(scope, hide, Answer.person_id))


def _weeks(
    session: Session,
    query: Any,
    at: InstrumentedAttribute[datetime],
    now: datetime,
    zone: str,
    hide: bool,
    pair: Any,
) -> list[Week]:
    monday = cast(func.date_trunc("week", func.timezone(zone, at)), Date)
    counted = {
        row[3]: row[:3] for row in session.execute(query.add_columns(monday).group_by(monday))
    }
    this = session.scalar(select(cast(func.date_trunc("week", func.timezone(zone, now)), Date)))
    assert this is not None
    weeks = []
    for ago in range(WEEKS - 1, -1, -1):
        start = this - timedelta(weeks=ago)
        whole, part, people = counted.get(start, (0, 0, 0))
        first, second = pair(int(whole), int(part))
        weeks.append(Week(start, shown(first, people, hide), shown(second, people, hide)))
    return weeks
