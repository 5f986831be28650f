"""What a campaign will come to before it is launched: ways, capacity, use and budget. Plain rules.

Capacity is counted twice: by the formula of Kerfoot's rule, expected sends (1+p)/p² to retire an
item, and by living through the campaign with the real rules, which also knows the calendar: an item
needs 24 days between two right answers, and one that waits for its answer keeps the next one back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final, Literal

from bot.quizzes import calendar, spacing
from bot.quizzes.due import LATE
from bot.quizzes.plan import Budget, Plan
from bot.quizzes.selection import TWINS_APART, Candidate, choose

Way = Literal["sms", "whatsapp", "template"]

# Uganda's SMS quizzes had 37 to 79 % of their questions answered, half of those within 50 minutes.
RESPONSE: Final = 0.6
LATENCY: Final = timedelta(minutes=50)
CHANCES: Final = (0.7, 0.85)
# Lives that are lived through for one figure: the more doses, the fewer, so that it takes a moment.
MOST_LIVES: Final = 100
DOSES_LIVED: Final = 4000


def way(plan: Plan, sms: bool, whatsapp: bool, window_open: bool) -> Way | None:
    """How a question reaches a mentee: SMS, WhatsApp in its window, or a template outside it.

    Args:
        sms: whether there is an SMS number that can be used.
        whatsapp: the same for WhatsApp.
        window_open: whether free text may go to WhatsApp now.

    Returns:
        ``None`` where there is no way at all.
    """
    if not (sms or whatsapp):
        return None
    if not whatsapp or (sms and plan.channel == "sms"):
        return "sms"
    if window_open:
        return "whatsapp"
    if sms and plan.channel == "any" and plan.outside == "sms":
        return "sms"
    return "template"


@dataclass(frozen=True, slots=True)
class Life:
    """One mentee's campaign, lived through: how many questions went out and what came of them.

    ``items``: different ones that were asked. ``retired``: learnt by Kerfoot's rule; FSRS retires
    nothing. The mean of several lives has fractions.
    """

    doses: float = 0
    asked: float = 0
    reminded: float = 0
    answered: float = 0
    items: float = 0
    retired: float = 0


def lives(
    plan: Plan,
    items: Sequence[Candidate],
    doses: Sequence[datetime],
    timezone: str,
    *,
    right: float,
    response: float,
    cadre: str | None = None,
    seed: int = 0,
) -> Life:
    """The mean of a number of lives; the same seed gives the same figures. See ``live``."""
    count = max(2, min(MOST_LIVES, DOSES_LIVED // max(1, len(doses))))
    lived = [
        live(
            plan,
            items,
            doses,
            timezone,
            right=right,
            response=response,
            random=Random(f"{seed}:{number}"),  # noqa: S311  no secret hangs on it
            cadre=cadre,
        )
        for number in range(count)
    ]
    names = ("doses", "asked", "reminded", "answered", "items", "retired")
    return Life(*(sum(getattr(one, name) for one in lived) / count for name in names))


def live(
    plan: Plan,
    items: Sequence[Candidate],
    doses: Sequence[datetime],
    timezone: str,
    *,
    right: float,
    response: float,
    random: Random,
    cadre: str | None = None,
) -> Life:
    """Live through a campaign once, by the rules of selection, spacing and expiry.

    Args:
        items: the plan's, as nobody has been asked them yet; in any order.
        doses: when questions are due (aware), in order.
        timezone: the mentee's.
        right: chance of a right answer, the same for every item and time.
        response: chance that a question is answered at all.
        cadre: the mentee's.
    """
    world = {one.item: one for one in items}
    new = sorted(
        (one for one in items if cadre is None or not one.cadres or cadre in one.cadres),
        key=lambda one: (not one.critical, one.order, one.item),
    )
    touched: dict[str, datetime] = {}
    free = datetime.min.replace(tzinfo=UTC)
    reminded = answered = asked = 0
    for due in doses:
        if free - due > LATE:
            continue  # it waited for an answer until its time was over
        now = max(due, free)
        shown = _looked_at(world, new, touched, now)
        choice = choose(shown, frozenset(), None, frozenset(), now, cadre=cadre)
        if choice.item is None:
            continue
        one = world[choice.item]
        asked += 1
        touched[one.item] = now
        if random.random() < response:
            free = now + LATENCY
            answered += 1
            is_right = random.random() < right
            state = _answered(plan, one, is_right, free)
        else:
            free = calendar.expires(now, timedelta(hours=plan.expiry))
            state = spacing.expired(one.state, free)
            reminded += _is_reminded(plan, now, timezone)
        world[one.item] = replace(one, state=state, asked=now)
    retired = sum(world[item].state.retired is not None for item in touched)
    return Life(len(doses), asked, reminded, answered, len(touched), retired)


def _looked_at(
    world: Mapping[str, Candidate],
    new: Sequence[Candidate],
    touched: Mapping[str, datetime],
    now: datetime,
) -> list[Candidate]:
    """The items among which the choice falls; leaving out the others saves most of the time.

    Of those never asked, in the order in which they would be: one more than can rest because a twin
    was asked this week.
    """
    recent = {item for item, when in touched.items() if now - when < TWINS_APART}
    shown = [world[item] for item in touched if item in recent or not world[item].state.is_finished]
    resting = {world[item].twin for item in recent} - {None}
    wanted = 1 + len(resting) + sum(one.twin in recent for one in new if one.twin)
    for one in new:
        if one.item not in touched:
            shown.append(one)
            wanted -= 1
            if not wanted:
                break
    return shown


def _answered(plan: Plan, one: Candidate, right: bool, when: datetime) -> spacing.State:
    return spacing.answered(
        plan.spacing,
        one.state,
        right,
        when,
        critical=one.critical,
        retention=plan.retention,
    )


def _is_reminded(plan: Plan, sent: datetime, timezone: str) -> bool:
    if not plan.reminder:
        return False
    wanted = calendar.reminder(
        sent,
        timezone,
        plan.quiet_hours,
        plan.weekends,
        before=timedelta(hours=plan.reminder),
        expiry=timedelta(hours=plan.expiry),
    )
    return wanted is not None


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many items a mentee learns for good, by chance of a right answer (``CHANCES``).

    ``formula``: doses / ((1+p)/p²), if all are answered. ``lived``: by living through it, if all
    are answered; ``expected``: if ``response`` of them are. Each is at most ``items``. ``life``: a
    life at that response with the lower chance; ``fullest``: one with every question answered and
    the higher chance.
    """

    doses: int
    items: int
    response: float
    formula: Mapping[float, float]
    lived: Mapping[float, float]
    expected: Mapping[float, float]
    life: Life
    fullest: Life


def capacity(
    plan: Plan,
    items: Sequence[Candidate],
    doses: Sequence[datetime],
    timezone: str,
    *,
    cadre: str | None = None,
    response: float = RESPONSE,
    seed: int = 0,
) -> Capacity:
    """What one mentee can learn in a campaign; the arguments are those of ``live``."""

    def lived(right: float, answered: float) -> Life:
        return lives(
            plan, items, doses, timezone, right=right, response=answered, cadre=cadre, seed=seed
        )

    there = sum(cadre is None or not one.cadres or cadre in one.cadres for one in items)
    full = {right: lived(right, 1.0) for right in CHANCES}
    expected = {right: lived(right, response) for right in CHANCES}
    return Capacity(
        doses=len(doses),
        items=there,
        response=response,
        formula={p: min(there, len(doses) / spacing.expected_sends(p)) for p in CHANCES},
        lived={right: life.retired for right, life in full.items()},
        expected={right: life.retired for right, life in expected.items()},
        life=expected[CHANCES[0]],
        fullest=full[CHANCES[-1]],
    )


@dataclass(frozen=True, slots=True)
class Use:
    """What is charged: SMS segments, WhatsApp templates, WhatsApp messages in the window."""

    segments: float = 0
    templates: float = 0
    messages: float = 0

    def __add__(self, other: Use) -> Use:
        return Use(
            self.segments + other.segments,
            self.templates + other.templates,
            self.messages + other.messages,
        )

    def times(self, factor: float) -> Use:
        """The same, so many times."""
        return Use(self.segments * factor, self.templates * factor, self.messages * factor)

    def cost(self, budget: Budget) -> float:
        """In the budget's currency, by its prices."""
        return (
            self.segments * budget.per_segment
            + self.templates * budget.per_template
            + self.messages * budget.per_message
        )


def runs_out(
    weeks: Sequence[tuple[date, Use]], budget: Budget, spent: Use | None = None
) -> date | None:
    """The first day of the week in which a budget is used up, or ``None``: it suffices.

    Args:
        weeks: first day and expected use of each week, in order.
        spent: what has been used before.
    """
    so_far = spent or Use()
    for monday, use in weeks:
        so_far += use
        over = budget.segments is not None and so_far.segments > budget.segments
        if over or (budget.money is not None and so_far.cost(budget) > budget.money):
            return monday
    return None
