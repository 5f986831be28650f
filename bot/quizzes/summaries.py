"""The weekly summary: what was answered, what was learnt, how the group did, one thing to try.

Feedback on the week with the group's result and something to read is what made a daily quiz teach
(mCME v2, Vietnam: +23 % against +12 %). The group appears as one anonymous average. No clinical
words of our own: titles of competencies, and the card behind a question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import texts
from bot.quizzes.averages import Span, group_averages
from bot.quizzes.bank import FALLBACK
from bot.quizzes.calendar import zone
from bot.quizzes.progress import fitted, percent, short, titles_of
from store.knowledge import Card
from store.people import Person
from store.quizzes import Answer, Dose, ItemVersion

NOTHING: Final = "nothing was answered that week"
MOST: Final = 2  # segments
# MORE brings the card behind the last answer for a week after it; this leaves time to text it.
MORE_UNTIL: Final = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Body:
    """What to say, on one line, so that it also fits into a template's variable."""

    text: str


@dataclass(frozen=True, slots=True)
class Skip:
    """Why there is nothing to say."""

    reason: str


@dataclass(frozen=True, slots=True)
class Week:
    """One mentee's week, as the summary tells it. Titles are of competencies, per language.

    ``average``: the group's right share, 0 to 1, or None where too few have answered. ``weakest``:
    that of the week's wrong answers. ``more``: whether MORE brings a card on it. ``number``: of the
    week, so that the wording varies.
    """

    answered: int
    right: int
    learnt: Sequence[Mapping[str, str]] = ()
    average: float | None = None
    weakest: Mapping[str, str] | None = None
    more: bool = False
    number: int = 0


def body(session: Session, dose: Dose, person: Person, now: datetime) -> Body | Skip:
    """The summary of one dose; see `bodies`."""
    return bodies(session, [dose], {person.id: person}, now)[dose.id]


def bodies(
    session: Session, doses: Sequence[Dose], people: Mapping[int, Person], now: datetime
) -> dict[int, Body | Skip]:
    """What summaries say, by dose id; the queries grow with the campaigns, not with the mentees.

    A week is the mentee's own, Monday to Sunday in their time zone. It counts the answers to the
    dose's campaign, and those to what was asked for outside any.

    Args:
        doses: of kind ``summary``, with the slot "week:2026-03-02", the Monday it began.
        people: whom they are for, by id.
        now: aware.

    Raises:
        ValueError: a slot names no week, or a time zone is unknown.
    """
    if not doses:
        return {}
    spans = {dose.id: _span(dose, people[dose.person_id].timezone) for dose in doses}
    mentees = {dose.person_id for dose in doses}
    answers = _answers(session, mentees, min(since for _, since, _ in spans.values()))
    averages = group_averages(session, set(spans.values()))
    titles = titles_of(session, {one.competency for given in answers.values() for one in given})
    said: dict[int, Body | Skip] = {}
    for dose in doses:
        campaign, since, until = spans[dose.id]
        given = answers.get(dose.person_id, [])
        own = [
            one
            for one in given
            if since <= one.answered_at < until and one.campaign_id in (campaign, None)
        ]
        if not own:
            said[dose.id] = Skip(NOTHING)
            continue
        weakest = _weakest(own)
        last = given[-1]
        week = Week(
            answered=len(own),
            right=sum(one.right for one in own),
            learnt=[titles[name] for name in _learnt(own) if name != weakest],
            average=averages[spans[dose.id]],
            weakest=titles[weakest] if weakest is not None else None,
            more=last.competency == weakest
            and last.card is not None
            and now - last.answered_at < MORE_UNTIL,
            number=_monday(dose).toordinal() // 7 + dose.person_id,
        )
        said[dose.id] = Body(text(week, people[dose.person_id].language))
    return said


def text(week: Week, language: str) -> str:
    """A week in words, on one line of at most two SMS segments; English where it must be."""
    where = language if language in texts.languages("week_group") else FALLBACK
    counts = {"answered": week.answered, "right": week.right}
    opening = "week_opening" if week.right else "week_opening_none"
    parts = [(0, _variant(opening, where, week.number, **counts))]
    # The second competency is the first to go where it would be too long.
    well = zip((2, 4), ("week_learnt", "week_learnt_too"), week.learnt, strict=False)
    for rank, key, competency in well:
        parts.append((rank, texts.text(key, where, title=short(competency, where))))
    if week.average is not None:
        parts.append((3, texts.text("week_group", where, group=percent(week.average))))
    if week.weakest is None:
        parts.append((1, _variant("week_try_next", where, week.number)))
    else:
        way = "week_try_more" if week.more else "week_try_quiz"
        title = short(week.weakest, where)
        parts.append((1, _variant(way, where, week.number, title=title)))
    return fitted(parts, where, MOST, MOST)


def _variant(name: str, language: str, number: int, **values: object) -> str:
    known = texts.keys()
    variants = sorted(key for key in known if key.rpartition("_")[0] == name)
    return texts.text(variants[number % len(variants)], language, **values)


def _monday(dose: Dose) -> date:
    kind, _, day = dose.slot.partition(":")
    if kind != "week":
        raise ValueError(f"dose {dose.id} is of no week: {dose.slot}")
    return date.fromisoformat(day)


def _span(dose: Dose, timezone: str) -> Span:
    here, monday = zone(timezone), _monday(dose)
    since, until = (
        datetime.combine(day, time(0), here).astimezone(UTC)
        for day in (monday, monday + timedelta(days=7))
    )
    return (dose.campaign_id or 0, since, until)


def _answers(session: Session, people: Iterable[int], since: datetime) -> dict[int, list[Any]]:
    """Each mentee's answers, in the order they came; ``card`` only where it is live."""
    live = (
        (Card.id == ItemVersion.card) & Card.live_version.is_not(None) & Card.withdrawn_at.is_(None)
    )
    rows = session.execute(
        select(
            Answer.person_id,
            Answer.campaign_id,
            Answer.competency,
            Answer.right,
            Answer.answered_at,
            Answer.before["retired"].astext.label("retired_before"),
            Answer.after["retired"].astext.label("retired"),
            Card.id.label("card"),
        )
        .join(
            ItemVersion,
            (ItemVersion.item_id == Answer.item_id) & (ItemVersion.version == Answer.item_version),
        )
        .outerjoin(Card, live)
        .where(Answer.person_id.in_(list(people)), Answer.answered_at >= since)
        .order_by(Answer.id)
    )
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.person_id, []).append(row)
    return found


def _learnt(own: Sequence[Any]) -> list[str]:
    """The competencies of items that were retired, then of those answered right."""
    retired = [one.competency for one in own if one.retired and not one.retired_before]
    return list(dict.fromkeys([*retired, *(one.competency for one in own if one.right)]))


def _weakest(own: Sequence[Any]) -> str | None:
    """The competency with the smallest share of right answers, of those with a wrong one."""
    rights: dict[str, list[bool]] = {}
    for one in own:
        rights.setdefault(one.competency, []).append(one.right)
    wrong = [name for name, given in rights.items() if not all(given)]

    def rank(name: str) -> tuple[float, int, str]:
        given = rights[name]
        return sum(given) / len(given), -len(given), name

    return min(wrong, key=rank, default=None)
