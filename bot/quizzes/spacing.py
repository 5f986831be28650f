"""When an item comes back: two rules as pure functions, chosen per campaign.

Kerfoot & Baker 2012 (Annals of Surgery; n=1,470): a wrong answer brings the item back after 12
days, a right one after 24, two right in a row retire it; what nobody answers is asked again and
counts as nothing. FSRS (the `fsrs` package, version 6 weights, right or wrong only): intervals that
keep the predicted recall at a desired level.

An item whose error can kill ("critical") is checked once 90 days after Kerfoot's rule retired it,
and under FSRS, which retires nothing, never rests longer than 90 days. A right answer at the check
retires it for good; a wrong one brings it back into use.

All times are aware; they are kept in UTC. An answer dated before the last one (a clock put back)
counts as given at the time of the last one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, Literal

from fsrs import Card, Rating, Scheduler
from fsrs import State as Phase

AFTER_WRONG: Final = timedelta(days=12)
AFTER_RIGHT: Final = timedelta(days=24)
RIGHT_TO_RETIRE: Final = 2
CRITICAL_CHECK: Final = timedelta(days=90)
LONGEST: Final = timedelta(days=180)
RETENTION: Final = 0.85
RETENTIONS: Final = (0.80, 0.85)
# Kerfoot's rule predicts nothing. For ranking alone: a half-life of 12 days after a wrong answer
# that doubles with each right answer in a row, so that at its due time an item stands at one half.
HALF_LIFE: Final = timedelta(days=12)
LONGEST_HALF_LIFE: Final = LONGEST

Rule = Literal["kerfoot", "fsrs"]


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of one mentee and one item. `State()` is an item never answered.

    `due`: when it comes back; None before the first answer and when it is retired for good.
    `streak`: right answers in a row. `missed`: sends that expired unanswered, in all.
    `retired`: since when; a retired item with a `due` awaits its check.
    `stability` (days) and `difficulty` (1-10) are FSRS's and stay None under Kerfoot's rule.
    """

    rule: Rule = "kerfoot"
    due: datetime | None = None
    last: datetime | None = None
    answers: int = 0
    streak: int = 0
    missed: int = 0
    retired: datetime | None = None
    stability: float | None = None
    difficulty: float | None = None

    @property
    def is_new(self) -> bool:
        """Whether it was never answered."""
        return self.answers == 0

    @property
    def is_finished(self) -> bool:
        """Whether it is retired and will not come back."""
        return self.retired is not None and self.due is None


def kerfoot(state: State, right: bool, when: datetime, *, critical: bool = False) -> State:
    """The state after an answer, by Kerfoot's rule: due in 12 or 24 days, or retired.

    Raises:
        ValueError: `when` is naive.
    """
    when = _moment(state, when)
    after = replace(state, rule="kerfoot", last=when, answers=state.answers + 1)
    if not right:
        return replace(after, streak=0, retired=None, due=when + AFTER_WRONG)
    streak = state.streak + 1
    if state.retired is not None:
        early = state.due is not None and when < state.due
        return replace(after, streak=streak, due=state.due if early else None)
    if streak < RIGHT_TO_RETIRE:
        return replace(after, streak=streak, due=when + AFTER_RIGHT)
    check = when + CRITICAL_CHECK if critical else None
    return replace(after, streak=streak, retired=when, due=check)


def fsrs(
    state: State,
    right: bool,
    when: datetime,
    *,
    critical: bool = False,
    retention: float = RETENTION,
) -> State:
    """The state after an answer, by FSRS: due in whole days, 1 to 180 (90 if critical).

    A state that Kerfoot's rule kept until now starts as a card that FSRS has not seen. `retention`
    is the predicted recall at which an item comes back, 0.80 to 0.85 by the evidence.

    Raises:
        ValueError: `when` is naive, or `retention` is not between 0.5 and 0.99.
    """
    when = _moment(state, when)
    scheduler = _scheduler(retention)
    rated, _ = scheduler.review_card(_card(state), Rating.Good if right else Rating.Again, when)
    due = min(rated.due, when + CRITICAL_CHECK) if critical else rated.due
    return replace(
        state,
        rule="fsrs",
        due=due,
        last=when,
        answers=state.answers + 1,
        streak=state.streak + 1 if right else 0,
        retired=None,
        stability=rated.stability,
        difficulty=rated.difficulty,
    )


def answered(
    rule: Rule,
    state: State,
    right: bool,
    when: datetime,
    *,
    critical: bool = False,
    retention: float = RETENTION,
) -> State:
    """The state after an answer, by the campaign's rule. Raises ValueError as the rules do."""
    if rule == "fsrs":
        return fsrs(state, right, when, critical=critical, retention=retention)
    return kerfoot(state, right, when, critical=critical)


def expired(state: State, when: datetime) -> State:
    """The state after a send that nobody answered: asked again, not counted wrong.

    An item in use is due at once, a new one stays new; only `missed` goes up.

    Raises:
        ValueError: `when` is naive.
    """
    when = _utc(when)
    requeued = None if state.due is None else min(state.due, when)
    return replace(state, missed=state.missed + 1, due=requeued)


def predicted_recall(state: State, when: datetime) -> float:
    """The chance, 0 to 1, of a right answer at `when`; 0 for an item never answered.

    By FSRS's forgetting curve (whole days) where it was last spaced by FSRS, else by a half-life
    of 12 days that doubles with each right answer in a row, up to 180 days: good for ranking, not
    for reports.

    Raises:
        ValueError: `when` is naive.
    """
    if state.last is None:
        return 0.0
    when = _moment(state, when)
    if state.rule == "fsrs" and state.stability is not None:
        return float(_scheduler(RETENTION).get_card_retrievability(_card(state), when))
    half_life = min(HALF_LIFE * 2 ** min(state.streak, 16), LONGEST_HALF_LIFE)
    return float(0.5 ** ((when - state.last) / half_life))


def expected_sends(p: float) -> float:
    """Answers needed on average until two in a row are right, each with chance `p`: (1+p)/p².

    Raises:
        ValueError: `p` is not above 0 and at most 1.
    """
    if not 0 < p <= 1:
        raise ValueError(f"the chance of a right answer must be above 0 and at most 1, not {p}")
    return (1 + p) / p**2


def to_json(state: State) -> dict[str, Any]:
    """`state` as plain JSON values; times in ISO 8601, UTC."""
    return {
        "rule": state.rule,
        "due": _written(state.due),
        "last": _written(state.last),
        "answers": state.answers,
        "streak": state.streak,
        "missed": state.missed,
        "retired": _written(state.retired),
        "stability": state.stability,
        "difficulty": state.difficulty,
    }


def from_json(data: Mapping[str, Any]) -> State:
    """The state that `to_json` wrote; what is left out is as in `State()`.

    Raises:
        ValueError: unknown keys, an unknown rule, or a time that is none.
    """
    try:
        times = {name: _read(data.get(name)) for name in ("due", "last", "retired")}
        state = State(**{**data, **times})
    except TypeError as error:
        raise ValueError(f"not a state of spacing: {error}") from error
    if state.rule not in ("kerfoot", "fsrs"):
        raise ValueError(f"no such rule of spacing: {state.rule}")
    return state


@cache
def _scheduler(retention: float) -> Scheduler:
    if not 0.5 <= retention <= 0.99:
        raise ValueError(f"the desired retention must be between 0.5 and 0.99, not {retention}")
    return Scheduler(
        desired_retention=retention,
        learning_steps=(),
        relearning_steps=(),
        maximum_interval=LONGEST.days,
        enable_fuzzing=False,
    )


def _card(state: State) -> Card:
    # An id of its own keeps the package from reading the clock and sleeping.
    if state.stability is None or state.difficulty is None or state.last is None:
        return Card(card_id=1, due=datetime(1970, 1, 1, tzinfo=UTC))
    return Card(
        card_id=1,
        state=Phase.Review,
        stability=state.stability,
        difficulty=state.difficulty,
        due=state.due or state.last,
        last_review=state.last,
    )


def _moment(state: State, when: datetime) -> datetime:
    when = _utc(when)
    return when if state.last is None else max(when, state.last)


def _utc(when: datetime) -> datetime:
    if when.tzinfo is None or when.utcoffset() is None:
        raise ValueError("times of spacing must be aware")
    return when.astimezone(UTC)


def _written(when: datetime | None) -> str | None:
    return None if when is None else _utc(when).isoformat()


def _read(text: Any) -> datetime | None:
    return None if text is None else _utc(datetime.fromisoformat(text))
