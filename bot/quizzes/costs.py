"""What a campaign is expected to send and to cost, and whether its budget suffices.

Questions, reminders for those who have not answered, feedback after each answer, and weekly
summaries. A mentee who has WhatsApp is counted as outside its 24 h window when a dose comes, which
is the dearer case and the usual one; feedback goes into the window that the answer has opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import fmean
from typing import Final

from bot.quizzes import examples
from bot.quizzes.bank import Item
from bot.quizzes.counting import Doses, Group
from bot.quizzes.forecast import CHANCES, RESPONSE, Capacity, Use, Way, runs_out
from bot.quizzes.plan import Plan

# A weekly summary is kept to this many.
SUMMARY_SEGMENTS: Final = 2


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected to go out from now on, if ``response`` of the questions are answered.

    ``questions`` (or tips) may be fewer than the doses: a question that waits for its answer keeps
    the next one back. ``spent`` went out before. ``cost``, of ``use``, in ``currency``; ``None``
    without prices. ``suffices``: ``None`` without a limit; ``runs_out``: the Monday of the week in
    which the budget is used up.
    """

    response: float
    questions: int
    reminders: int
    answers: int
    summaries: int
    use: Use
    spent: Use
    cost: float | None
    currency: str
    suffices: bool | None
    runs_out: date | None


@dataclass(frozen=True, slots=True)
class _Shares:
    """Of each dose: questions that go out, reminders, answers; of each summary: those sent."""

    asked: float = 1.0
    reminded: float = 0.0
    answered: float = 0.0
    summed: float = 0.0


@dataclass(frozen=True, slots=True)
class _Segments:
    """Mean SMS segments of each kind of message."""

    question: float = 0.0
    reminder: float = 0.0
    feedback: float = 0.0


def expect(
    plan: Plan,
    items: Sequence[Item],
    doses: Doses,
    capacity: Capacity | None,
    spent: Use,
) -> Expected:
    """The expectation for a plan.

    Args:
        items: the plan's.
        doses: as counted.
        capacity: of a typical mentee; ``None`` for tips.
        spent: what the campaign has used so far.
    """
    shares = _shares(plan, doses, capacity)
    segments = {
        pair: _segments(plan, items, *pair)
        for pair in {(language, cadre) for way, language, cadre in doses.groups if way == "sms"}
    }
    parts = [
        _use(group, counts, shares, segments.get(group[1:], _Segments()))
        for group, counts in doses.groups.items()
    ]
    use = sum(parts, Use())
    budget = plan.budget
    limited = budget is not None and (budget.segments is not None or budget.money is not None)
    day = None
    if budget is not None and limited:
        day = runs_out(_weekly(doses, use), budget, spent)
    priced = budget is not None and (budget.per_segment or budget.per_template)
    return Expected(
        response=capacity.response if capacity is not None else RESPONSE,
        questions=round(doses.total * shares.asked),
        reminders=round(doses.total * shares.reminded),
        answers=round(doses.total * shares.answered),
        summaries=round(doses.summaries * shares.summed),
        use=use,
        spent=spent,
        cost=round(use.cost(budget), 2) if budget is not None and priced else None,
        currency=budget.currency if budget is not None else "",
        suffices=day is None if limited else None,
        runs_out=day,
    )


def _shares(plan: Plan, doses: Doses, capacity: Capacity | None) -> _Shares:
    if capacity is None or not capacity.life.doses:
        return _Shares()
    life = capacity.life
    weeks = len([week for week in doses.weeks if week.doses]) or 1
    # A week in which nothing is answered has no summary.
    silent = (1 - capacity.response) ** (life.asked / weeks)
    return _Shares(
        asked=life.asked / life.doses,
        reminded=life.reminded / life.doses,
        answered=life.answered / life.doses,
        summed=1 - silent if plan.summary else 0.0,
    )


def _segments(plan: Plan, items: Sequence[Item], language: str, cadre: str | None) -> _Segments:
    if plan.kind == "tips":
        return _Segments(question=fmean(examples.tip_sizes(plan.tips, language)))
    open_to = [item for item in items if cadre is None or not item.cadres or cadre in item.cadres]
    found = [examples.sizes(item, language) for item in open_to]
    if not found:
        return _Segments()
    right = CHANCES[0]
    return _Segments(
        question=fmean(size.question for size in found),
        reminder=fmean(size.reminder for size in found),
        feedback=fmean(right * size.right + (1 - right) * size.wrong for size in found),
    )


def _use(group: Group, counts: tuple[float, float], shares: _Shares, size: _Segments) -> Use:
    way: Way = group[0]
    doses, summaries = counts[0], counts[1] * shares.summed
    if way == "sms":
        each = (
            shares.asked * size.question
            + shares.reminded * size.reminder
            + shares.answered * size.feedback
        )
        return Use(segments=doses * each + summaries * SUMMARY_SEGMENTS)
    ours = doses * (shares.asked + shares.reminded) + summaries
    return Use(templates=ours, messages=doses * shares.answered)


def _weekly(doses: Doses, use: Use) -> list[tuple[date, Use]]:
    """The use of each week, in proportion to its doses."""
    total = sum(week.doses for week in doses.weeks) or 1
    return [(week.monday, use.times(week.doses / total)) for week in doses.weeks if week.doses]
