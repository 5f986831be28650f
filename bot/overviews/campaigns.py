"""Campaigns as a list, and how one goes from week to week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, func, literal_column, select, true
from sqlalchemy.orm import Session

from bot.accounts.scope import Scope
from bot.overviews.needs import BEHIND
from bot.quizzes import districts
from bot.quizzes.plan import Plan
from bot.quizzes.plans import load_plans
from store.quizzes import Answer, Campaign, Dose, Enrolment

PAGE: Final = 25
STATES: Final = ("draft", "running", "paused", "ended")
WEEKS: Final = 12


@dataclass(frozen=True)
class Line:
    """One campaign. Its figures are of the mentees whom the caller may see.

    ``behind``: doses that wait for more than two hours. ``used``: the part of its budget that is
    spent, 0 to 1 or a little above; None without one, or where the caller sees only a part.
    """

    campaign: Campaign
    plan: Plan | None
    enrolled: int
    sent: int
    answered: int
    behind: int
    used: float | None


@dataclass(frozen=True)
class Week:
    """Questions or tips that left in a week, and those of them that were answered."""

    monday: date
    sent: int
    answered: int


def found(
    session: Session, scope: Scope, state: str, page: int, now: datetime
) -> tuple[Sequence[Line], int]:
    """One page of campaigns, the newest first, and how many there are.

    Args:
        state: one of ``STATES``; empty: all.
        page: from 1.
        now: aware.
    """
    in_state = Campaign.state == state if state else true()
    rows = session.scalars(
        select(Campaign)
        .where(in_state)
        .order_by(Campaign.id.desc())
        .offset((page - 1) * PAGE)
        .limit(PAGE)
    ).all()
    plans = load_plans(session, {(one.id, one.version) for one in rows})
    ids = [one.id for one in rows]

    def number(column: Any, *conditions: ColumnElement[bool]) -> dict[int, int]:
        groups = session.execute(
            select(column, func.count()).where(column.in_(ids), *conditions).group_by(column)
        )
        return {row[0]: row[1] for row in groups}

    enrolled = number(
        Enrolment.campaign_id, Enrolment.left_at.is_(None), scope.about(Enrolment.person_id)
    )
    ours = scope.about(Dose.person_id)
    sent = number(Dose.campaign_id, Dose.sent_at.is_not(None), Dose.kind != "summary", ours)
    behind = number(Dose.campaign_id, Dose.state == "planned", Dose.due_at < now - BEHIND, ours)
    answered = number(Answer.campaign_id, scope.about(Answer.person_id))
    lines = [
        Line(
            campaign,
            plan := plans.get((campaign.id, campaign.version)),
            enrolled.get(campaign.id, 0),
            sent.get(campaign.id, 0),
            answered.get(campaign.id, 0),
            behind.get(campaign.id, 0) if campaign.state == "running" else 0,
            used(campaign, plan) if scope.sees_all else None,
        )
        for campaign in rows
    ]
    total = session.scalar(select(func.count()).select_from(Campaign).where(in_state))
    return lines, total or 0


def used(campaign: Campaign, plan: Plan | None) -> float | None:
    """The part of the budget that is spent, as far as counted; None without a limit."""
    budget = plan.budget if plan is not None else None
    if budget is None:
        return None
    parts = [
        spent / limit
        for spent, limit in (
            (campaign.segments, budget.segments), (campaign.cost, budget.money)
        )
        if limit is not None
    ]  # fmt: skip
    return max(parts, default=None)


def may_act(session: Session, scope: Scope, plan: Plan) -> bool:
    """Whether the caller may launch, change, pause or end a campaign with this plan."""
    return not districts.reaches_beyond(session, plan, scope)


def weeks(session: Session, scope: Scope, campaign: Campaign, today: date) -> list[Week]:
    """The last weeks that have had doses, the oldest first.

    Args:
        today: of the programme; weeks are counted in UTC, which differs by some hours at most.
    """
    monday = today - timedelta(days=today.weekday() + 7 * (WEEKS - 1))
    since = datetime.combine(monday, time(), UTC)
    # Words of the statement and no parameters, which would differ between SELECT and GROUP BY.
    in_utc = func.timezone(literal_column("'UTC'"), Dose.sent_at)
    week = func.date_trunc(literal_column("'week'"), in_utc)
    rows = session.execute(
        select(week, func.count(), func.count(Answer.id))
        .select_from(Dose)
        .outerjoin(Answer, Answer.dose_id == Dose.id)
        .where(
            Dose.campaign_id == campaign.id,
            Dose.kind != "summary",
            Dose.sent_at >= since,
            scope.about(Dose.person_id),
        )
        .group_by(week)
        .order_by(week)
    )
    return [Week(begins.date(), sent, answered) for begins, sent, answered in rows]


@dataclass(frozen=True)
class Standing:
    """How a campaign stands, of the mentees whom the caller may see.

    ``left``: (reason, mentees) of those who are in it no more. ``doses``: (kind, state, reason,
    how many). ``next_at``: when the next dose is planned for.
    """

    enrolled: int
    left: Sequence[tuple[str | None, int]]
    doses: Sequence[tuple[str, str, str | None, int]]
    next_at: datetime | None
    behind: int
    used: float | None

    def number(self, *states: str) -> int:
        """Questions and tips in one of these states."""
        return sum(
            count for kind, state, _, count in self.doses if kind != "summary" and state in states
        )

    @property
    def sent(self) -> int:
        """Questions and tips that reached a phone, as far as is known."""
        return self.number("open", "answered", "expired", "given")


def standing(
    session: Session, scope: Scope, campaign: Campaign, plan: Plan, now: datetime
) -> Standing:
    """How one campaign stands at a moment (aware)."""
    ours = (Dose.campaign_id == campaign.id, scope.about(Dose.person_id))
    enrolments = session.execute(
        select(Enrolment.left_at.is_(None), Enrolment.reason, func.count())
        .where(Enrolment.campaign_id == campaign.id, scope.about(Enrolment.person_id))
        .group_by(Enrolment.left_at.is_(None), Enrolment.reason)
        .order_by(func.count().desc())
    ).all()
    doses = session.execute(
        select(Dose.kind, Dose.state, Dose.reason, func.count())
        .where(*ours)
        .group_by(Dose.kind, Dose.state, Dose.reason)
        .order_by(Dose.kind, Dose.state, func.count().desc(), Dose.reason)
    )
    late = Dose.due_at < now - BEHIND
    next_at, behind = session.execute(
        select(func.min(Dose.due_at), func.count().filter(late)).where(
            *ours, Dose.state == "planned"
        )
    ).one()
    return Standing(
        enrolled=sum(count for there, _, count in enrolments if there),
        left=[(reason, count) for there, reason, count in enrolments if not there],
        doses=[(kind, state, reason, count) for kind, state, reason, count in doses],
        next_at=next_at,
        behind=behind if campaign.state == "running" else 0,
        used=used(campaign, plan) if scope.sees_all else None,
    )


def of_person(session: Session, person_id: int) -> Sequence[tuple[int, str, bool]]:
    """The campaigns that somebody is or was in, the newest first: number, name, still in it."""
    rows = session.execute(
        select(Campaign.id, Campaign.name, Enrolment.left_at.is_(None))
        .join(Enrolment, Enrolment.campaign_id == Campaign.id)
        .where(Enrolment.person_id == person_id)
        .order_by(Campaign.id.desc())
    )
    return [(number, name, there) for number, name, there in rows]
