"""How many doses a plan makes, and on which days, before any of them is written.

Counted from the very moments that planning will write, for every member up to a number of them; of
more, a sample is counted and the figures are marked as estimates.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.quizzes import campaigns, planning
from bot.quizzes.calendar import zone
from bot.quizzes.cohorts import Member
from bot.quizzes.forecast import Way, way
from bot.quizzes.plan import DAYS, Plan
from store.quizzes import Campaign, Dose, Preference

EXACT: Final = 5000
_DAY: Final = timedelta(days=1)

# Outside the window, language, cadre: what the price of a dose depends on.
Group = tuple[Way, str, str | None]


@dataclass(frozen=True, slots=True)
class Week:
    """One week of the dose calendar, by the mentees' own days. ``monday``: its first day."""

    monday: date
    doses: int
    summaries: int


@dataclass(frozen=True, slots=True)
class Doses:
    """Doses (questions or tips), and weekly summaries beside them.

    ``about``: estimated from a sample. ``first``, ``last``: local days of doses. ``first_week``:
    (weekday, local hour, doses) of the first week that has any. ``groups``: doses and summaries by
    what their price depends on.
    """

    total: int
    summaries: int
    about: bool
    first: date | None
    last: date | None
    weeks: list[Week]
    first_week: list[tuple[str, int, int]]
    groups: Mapping[Group, tuple[float, float]]


@dataclass
class _Tally:
    """By local day; by day and hour; by group."""

    doses: Counter[date] = field(default_factory=Counter)
    summaries: Counter[date] = field(default_factory=Counter)
    hours: Counter[tuple[date, int]] = field(default_factory=Counter)
    groups: dict[Group, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))


def key(campaign: Campaign | None, member: Member) -> str:
    """What planning names a mentee's doses by, where there is a campaign already."""
    return f"{campaign.id if campaign is not None else 0}:{member.person}"


def sample(members: Sequence[Member], exact: int) -> list[Member]:
    """All of them, or of more than ``exact`` that many, the same every time."""
    if len(members) <= exact:
        return list(members)
    return Random(len(members)).sample(list(members), exact)  # noqa: S311  no secret hangs on it


def count(
    session: Session,
    plan: Plan,
    members: Sequence[Member],
    now: datetime,
    *,
    campaign: Campaign | None = None,
    exact: int = EXACT,
) -> Doses:
    """The doses from now to the end of a campaign.

    A mentee gets each tip once, so that there are never more doses than tips.

    Args:
        now: aware.
        campaign: the one that has this plan, or would get it; what it has given does not count.
        exact: up to how many members each is counted.
    """
    some = sample(members, exact)
    wishes = _wishes(session, some)
    given = _given(session, campaign, now)
    tips = _tips(session, campaign)
    # A campaign is over at the first tick of this day; what is planned beyond it becomes void.
    until = datetime.combine(plan.end + campaigns.AFTER_END + _DAY, time(0), UTC)
    tally = _Tally()
    for member in some:
        coming = planning.moments(
            plan,
            key=key(campaign, member),
            timezone=member.timezone,
            start=now,
            until=until,
            wishes=wishes.get(member.person),
        )
        left = len(plan.tips) - tips[member.person] if plan.kind == "tips" else len(coming)
        here = zone(plan.timezone or member.timezone)
        group = tally.groups[
            way(plan, member.sms, member.whatsapp, False) or "sms", member.language, member.cadre
        ]
        for kind, slot, moment in coming:
            if (member.person, slot) in given:
                continue
            local = moment.astimezone(here)
            if kind == "summary":
                tally.summaries[local.date()] += 1
                group[1] += 1
            elif left > 0:
                tally.doses[local.date()] += 1
                tally.hours[local.date(), local.hour] += 1
                group[0] += 1
                left -= 1
    return _doses(tally, len(members) / len(some) if some else 1.0, about=len(some) < len(members))


def _wishes(session: Session, members: Sequence[Member]) -> dict[int, Preference]:
    wanted = {member.person for member in members}
    rows = session.scalars(select(Preference))
    return {row.person_id: row for row in rows if row.person_id in wanted}


def _given(session: Session, campaign: Campaign | None, now: datetime) -> set[tuple[int, str]]:
    """Days that have had their dose, by mentee: nothing is planned for them again."""
    if campaign is None:
        return set()
    rows = session.execute(
        select(Dose.person_id, Dose.slot).where(
            Dose.campaign_id == campaign.id,
            Dose.state.not_in(("planned", "void")),
            Dose.planned_at > now - 15 * _DAY,
        )
    )
    return {(row.person_id, row.slot) for row in rows}


def _tips(session: Session, campaign: Campaign | None) -> Counter[int]:
    """How many tips each mentee has had."""
    found: Counter[int] = Counter()
    if campaign is not None:
        rows = session.execute(
            select(Dose.person_id, func.count())
            .where(Dose.campaign_id == campaign.id, Dose.kind == "tip", Dose.state == "given")
            .group_by(Dose.person_id)
        )
        for person, had in rows:
            found[person] = had
    return found


def _doses(tally: _Tally, scale: float, *, about: bool) -> Doses:
    def scaled(number: int) -> int:
        return round(number * scale)

    weeks: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for place, days in enumerate((tally.doses, tally.summaries)):
        for day, number in days.items():
            weeks[_monday(day)][place] += number
    first = min(tally.doses, default=None)
    return Doses(
        total=scaled(tally.doses.total()),
        summaries=scaled(tally.summaries.total()),
        about=about,
        first=first,
        last=max(tally.doses, default=None),
        weeks=[Week(day, *map(scaled, weeks[day])) for day in sorted(weeks)],
        first_week=[
            (DAYS[day.weekday()], hour, scaled(number))
            for (day, hour), number in sorted(tally.hours.items())
            if first is not None and _monday(day) == _monday(first)
        ],
        groups={
            group: (doses * scale, summaries * scale)
            for group, (doses, summaries) in tally.groups.items()
        },
    )


def _monday(day: date) -> date:
    return day - day.weekday() * _DAY
