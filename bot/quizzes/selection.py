"""Which item a mentee is asked next, and why that one.

Never two open at once (several at once hurt completion: Kerfoot & Baker 2012, d=0.43). What is due
comes before what is new; among the due, competencies weak in the pre-test first, then the lowest
predicted recall weighed by clinical criticality; among the new, weak first, critical first, then
the bank's order. The twin of an item rests for a week after it, or the answer is merely remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from bot.quizzes.spacing import State, predicted_recall

TWINS_APART: Final = timedelta(days=7)
# Intervals are counted from the answer, which comes hours after the dose. Without this an item
# answered at 20:00 would miss the dose at 17:30 twelve days later and wait for the one after it.
DUE_AHEAD: Final = timedelta(hours=12)
CRITICAL_WEIGHT: Final = 2.0

Reason = Literal[
    "a check of a retired critical item",
    "due, weak competency",
    "due",
    "new, weak competency",
    "new, critical",
    "new",
    "one is open",
    "enough for today",
    "no question",
    "none for this cadre",
    "all retired",
    "nothing due yet",
    "only twins of recent items",
]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item as selection sees it for one mentee.

    `asked`: when it was last sent (aware), whatever came of it. `order`: its place in the bank.
    No `cadres` means every cadre.
    """

    item: str
    competency: str
    critical: bool = False
    cadres: frozenset[str] = frozenset()
    twin: str | None = None
    order: int = 0
    state: State = field(default_factory=State)
    asked: datetime | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The item to ask, or None, and the reason of either.

    `next_due` is set when nothing is asked because everything rests: the first time of return.
    """

    item: str | None
    reason: Reason
    next_due: datetime | None = None


def choose(
    candidates: Iterable[Candidate],
    asked_today: AbstractSet[str],
    open_item: str | None,
    weak_competencies: AbstractSet[str],
    now: datetime,
    *,
    cadre: str | None = None,
    daily_limit: int | None = None,
) -> Choice:
    """The item to ask now.

    Args:
        candidates: the campaign's items, in any order; ids are unique.
        asked_today: ids sent on the mentee's local day; none of them is sent again that day.
        open_item: an item that waits for its answer; nothing is asked beside it.
        weak_competencies: ids of competencies that the pre-test found weak.
        now: aware.
        cadre: the mentee's; None takes items of every cadre.
        daily_limit: most items a day; None for no limit (the mentee texts QUIZ).

    Raises:
        ValueError: `now` is naive.
    """
    if now.tzinfo is None:
        raise ValueError("the time of a choice must be aware")
    if open_item is not None:
        return Choice(None, "one is open")
    if daily_limit is not None and len(asked_today) >= daily_limit:
        return Choice(None, "enough for today")
    every = sorted(candidates, key=lambda one: (one.order, one.item))
    fitting = [one for one in every if cadre is None or not one.cadres or cadre in one.cadres]
    if not every:
        return Choice(None, "no question")
    if not fitting:
        return Choice(None, "none for this cadre")
    live = [one for one in fitting if not one.state.is_finished]
    if not live:
        return Choice(None, "all retired")
    ready = [one for one in live if _is_ready(one, now)]
    resting = _twins_of_recent(every, asked_today, now)
    askable = [one for one in ready if one.item not in asked_today and one.item not in resting]
    if askable:
        best = min(askable, key=lambda one: _rank(one, weak_competencies, now))
        return Choice(best.item, _reason(best, weak_competencies))
    if any(one.item not in asked_today for one in ready):
        return Choice(None, "only twins of recent items")
    if ready:
        return Choice(None, "enough for today")
    return Choice(None, "nothing due yet", _first_due(live))


def _is_ready(one: Candidate, now: datetime) -> bool:
    if one.state.due is not None:
        return one.state.due <= now + DUE_AHEAD
    return one.state.is_new


def _twins_of_recent(
    every: Sequence[Candidate], asked_today: AbstractSet[str], now: datetime
) -> set[str]:
    """The ids that rest because their twin was sent less than a week ago."""
    recent = asked_today | {
        one.item for one in every if one.asked is not None and now - one.asked < TWINS_APART
    }
    # A bank that changed may name a pair from one side only.
    resting = {one.twin for one in every if one.twin is not None and one.item in recent}
    resting.update(one.item for one in every if one.twin in recent)
    return resting


def _rank(
    one: Candidate, weak: AbstractSet[str], now: datetime
) -> tuple[bool, bool, float, int, int, str]:
    """Smaller comes first."""
    is_strong = one.competency not in weak
    if one.state.is_new:
        return (True, is_strong, -float(one.critical), one.state.missed, one.order, one.item)
    forgotten = 1.0 - predicted_recall(one.state, now)
    urgency = forgotten * (CRITICAL_WEIGHT if one.critical else 1.0)
    return (False, is_strong, -urgency, one.state.missed, one.order, one.item)


def _reason(one: Candidate, weak: AbstractSet[str]) -> Reason:
    is_weak = one.competency in weak
    if one.state.is_new:
        return "new, weak competency" if is_weak else "new, critical" if one.critical else "new"
    if one.state.retired is not None:
        return "a check of a retired critical item"
    return "due, weak competency" if is_weak else "due"


def _first_due(live: Iterable[Candidate]) -> datetime | None:
    return min((one.state.due for one in live if one.state.due is not None), default=None)
