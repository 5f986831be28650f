"""What a coordinator sees before a campaign is launched or changed; nothing is written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.quizzes import (
    campaigns,
    catalogue,
    cautions,
    cohorts,
    costs,
    counting,
    examples,
    forecast,
    planning,
    spending,
)
from bot.quizzes.bank import Item
from bot.quizzes.cohorts import LeftOut, Member
from bot.quizzes.costs import Expected
from bot.quizzes.counting import Doses
from bot.quizzes.examples import Example
from bot.quizzes.forecast import RESPONSE, Capacity, Use, Way, way
from bot.quizzes.giving import candidates
from bot.quizzes.plan import Plan
from bot.quizzes.selection import choose
from store.quizzes import Campaign, Enrolment

NOT_SAID: Final = "not said"


@dataclass(frozen=True, slots=True)
class Out:
    """Who is left out for one reason: names in the order of the people, and their ids."""

    reason: str
    count: int
    names: list[str]
    people: list[int]


@dataclass(frozen=True, slots=True)
class Preview:
    """All that is known before the launch.

    ``by``: members per district, facility, cadre, language and channel, each kind the commonest
    first. ``capacity`` is that of a typical mentee, and ``None`` for tips or without members.
    """

    kind: str
    members: int
    by: dict[str, dict[str, int]]
    out: list[Out]
    doses: Doses
    expected: Expected
    capacity: Capacity | None
    examples: list[Example]
    warnings: list[str]


def build(
    session: Session,
    plan: Plan,
    now: datetime,
    *,
    campaign: Campaign | None = None,
    exact: int = counting.EXACT,
    response: float = RESPONSE,
) -> Preview:
    """The preview of a plan; where the campaign runs already, of what is still to come.

    Args:
        now: aware.
        campaign: the one that has this plan, or would get it.
        exact: up to how many members every dose is counted, beyond it a sample of as many.
        response: the share of questions that is expected to be answered, 0 to 1.
    """
    items = campaigns.chosen_items(plan, catalogue.live(session))
    found, left_out = cohorts.find(session, plan, items)
    members, gone = _still_in(session, campaign, found)
    doses = counting.count(session, plan, members, now, campaign=campaign, exact=exact)
    capacity = _capacity(plan, items, members, campaign, now, response)
    ways = _ways(plan, members)
    return Preview(
        kind=plan.kind,
        members=len(members),
        by=_by(plan, members),
        out=_out([*left_out, *gone]),
        doses=doses,
        expected=costs.expect(plan, items, doses, capacity, _spent(session, campaign)),
        capacity=capacity,
        examples=_examples(session, plan, items, members, ways, now),
        warnings=cautions.find(
            session, plan, items, members, ways, now, campaign=campaign, capacity=capacity
        ),
    )


def _still_in(
    session: Session, campaign: Campaign | None, found: Sequence[Member]
) -> tuple[list[Member], list[LeftOut]]:
    """Whoever left the campaign by their own wish, or has had all of it, does not come back."""
    if campaign is None:
        return list(found), []
    rows = session.execute(
        select(Enrolment.person_id, Enrolment.reason).where(
            Enrolment.campaign_id == campaign.id,
            Enrolment.left_at.is_not(None),
            Enrolment.reason.is_distinct_from(cohorts.LEFT_BY_CHANGE),
        )
    )
    left = {row.person_id: f"has left it: {row.reason or 'no reason given'}" for row in rows}
    return (
        [member for member in found if member.person not in left],
        [LeftOut(one, left[one.person]) for one in found if one.person in left],
    )


def _spent(session: Session, campaign: Campaign | None) -> Use:
    if campaign is None or campaign.launched_at is None:
        return Use()
    so_far = spending.spent(session, campaign.id)
    return Use(so_far.segments, so_far.templates, so_far.free)


def _by(plan: Plan, members: Sequence[Member]) -> dict[str, dict[str, int]]:
    def channel(member: Member) -> str:
        return "SMS" if way(plan, member.sms, member.whatsapp, False) == "sms" else "WhatsApp"

    kinds: dict[str, Any] = {
        "district": lambda member: member.district,
        "facility": lambda member: member.facility,
        "cadre": lambda member: member.cadre,
        "language": lambda member: member.language,
        "channel": channel,
    }
    return {
        name: dict(Counter(word(member) or NOT_SAID for member in members).most_common())
        for name, word in kinds.items()
    }


def _out(out: Sequence[LeftOut]) -> list[Out]:
    found: dict[str, list[Member]] = defaultdict(list)
    for one in out:
        found[one.reason].append(one.member)
    return [
        Out(
            reason,
            len(who),
            [member.name or f"person {member.person}" for member in who],
            [member.person for member in who],
        )
        for reason, who in sorted(found.items(), key=lambda pair: -len(pair[1]))
    ]


def _capacity(
    plan: Plan,
    items: Sequence[Item],
    members: Sequence[Member],
    campaign: Campaign | None,
    now: datetime,
    response: float,
) -> Capacity | None:
    typical = _typical(members)
    if plan.kind != "quiz" or typical is None:
        return None
    timezone = plan.timezone or typical.timezone
    key = counting.key(campaign, typical)
    # As from the beginning: what has been learnt already is not looked at.
    doses = planning.times(plan, key, timezone, plan.start, plan.end, now)
    return forecast.capacity(
        plan, candidates(items), doses, timezone, cadre=typical.cadre, response=response
    )


def _typical(members: Sequence[Member]) -> Member | None:
    """The first of those of the commonest cadre and time zone."""
    common = Counter((one.cadre, one.timezone) for one in members).most_common(1)
    if not common:
        return None
    return next(one for one in members if (one.cadre, one.timezone) == common[0][0])


def _ways(plan: Plan, members: Sequence[Member]) -> dict[str, set[Way]]:
    """How members can be reached, in the window and outside it, by language."""
    found: dict[str, set[Way]] = defaultdict(set)
    for member in members:
        for is_open in (True, False):
            reached = way(plan, member.sms, member.whatsapp, is_open)
            if reached is not None:
                found[member.language].add(reached)
    return dict(found)


def _examples(
    session: Session,
    plan: Plan,
    items: Sequence[Item],
    members: Sequence[Member],
    ways: dict[str, set[Way]],
    now: datetime,
) -> list[Example]:
    typical = _typical(members)
    if typical is None:
        return []
    if plan.kind == "tips":
        return [
            one
            for where in sorted(ways)
            for one in examples.of_tips(plan.tips[0], where, ways[where])
        ]
    chosen = choose(
        candidates(items), frozenset(), None, frozenset(), now, cadre=typical.cadre
    ).item
    first = next((item for item in items if item.id == chosen), None)
    if first is None:
        return []
    found = []
    titles = {one: row.title for one, row in catalogue.competencies(session).items()}
    learnt = list(dict.fromkeys([first.competency, *(item.competency for item in items)]))[:2]
    for where in sorted(ways):
        found += examples.of_quiz(first, where, ways[where], reminder=bool(plan.reminder))
        if plan.summary:
            found += examples.of_summary([titles[one] for one in learnt], where, ways[where])
    return found
