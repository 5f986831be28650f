"""Why one mentee got a question of a campaign, or none. Only reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.quizzes import campaigns, catalogue, cohorts
from store.people import Person
from store.quizzes import Answer, Campaign, Dose, Enrolment, Preference

SHOWN: Final = 40

# in: gets doses. left: does no more. coming: fits, and joins at the launch or within minutes.
# out: fits the lists and is left out. elsewhere: does not fit the lists.
State = Literal["in", "left", "coming", "out", "elsewhere"]


@dataclass(frozen=True, slots=True)
class Line:
    """One dose. ``right``: of its answer, None without one. Moments are aware."""

    kind: str
    state: str
    reason: str | None
    due_at: datetime
    sent_at: datetime | None
    item: str | None
    right: bool | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a mentee stands to a campaign.

    ``reason``: why they left it or are left out. ``hindered``: of somebody who is in it, what
    would leave them out today. ``lists``: those of the cohort that they do not fit. ``counts``:
    (kind, state, reason, how many). ``next_at``: when the next dose is planned for. ``lines``: the
    newest doses first.
    """

    state: State
    reason: str | None
    hindered: str | None
    lists: Sequence[str]
    joined_at: datetime | None
    left_at: datetime | None
    wishes: Preference | None
    next_at: datetime | None
    counts: Sequence[tuple[str, str, str | None, int]]
    lines: Sequence[Line]


def of(session: Session, campaign: Campaign, person: Person) -> Standing:
    """How this person stands to this campaign as it is now."""
    plan = campaigns.plan_of(session, campaign)
    items = campaigns.chosen_items(plan, catalogue.live(session))
    members, left_out = cohorts.find(session, plan, items, only=person.id)
    hindered = left_out[0].reason if left_out else None
    enrolment = session.scalar(
        select(Enrolment).where(
            Enrolment.campaign_id == campaign.id, Enrolment.person_id == person.id
        )
    )
    state: State
    if enrolment is not None:
        state = "in" if enrolment.left_at is None else "left"
    elif members:
        state = "coming"
    else:
        state = "out" if left_out else "elsewhere"
    return Standing(
        state=state,
        reason=enrolment.reason if enrolment is not None else hindered,
        hindered=hindered if state == "in" else None,
        lists=cohorts.unfitting(session, plan, person.id) if state == "elsewhere" else (),
        joined_at=enrolment.joined_at if enrolment is not None else None,
        left_at=enrolment.left_at if enrolment is not None else None,
        wishes=session.get(Preference, person.id),
        next_at=_next(session, campaign, person),
        counts=_counts(session, campaign, person),
        lines=_lines(session, campaign, person),
    )


def _next(session: Session, campaign: Campaign, person: Person) -> datetime | None:
    return session.scalar(
        select(func.min(Dose.due_at)).where(
            Dose.campaign_id == campaign.id,
            Dose.person_id == person.id,
            Dose.state == "planned",
            Dose.kind != "summary",
        )
    )


def _counts(
    session: Session, campaign: Campaign, person: Person
) -> Sequence[tuple[str, str, str | None, int]]:
    rows = session.execute(
        select(Dose.kind, Dose.state, Dose.reason, func.count())
        .where(Dose.campaign_id == campaign.id, Dose.person_id == person.id)
        .group_by(Dose.kind, Dose.state, Dose.reason)
        .order_by(Dose.kind, func.count().desc(), Dose.state, Dose.reason)
    )
    return [(kind, state, reason, count) for kind, state, reason, count in rows]


def _lines(session: Session, campaign: Campaign, person: Person) -> Sequence[Line]:
    rows = session.execute(
        select(
            Dose.kind,
            Dose.state,
            Dose.reason,
            Dose.due_at,
            Dose.sent_at,
            Dose.item_id,
            Answer.right,
            Answer.answered_at,
        )
        .outerjoin(Answer, Answer.dose_id == Dose.id)
        .where(Dose.campaign_id == campaign.id, Dose.person_id == person.id)
        .order_by(Dose.due_at.desc(), Dose.id.desc())
        .limit(SHOWN)
    )
    return [Line(*row) for row in rows]
