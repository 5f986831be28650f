"""What a campaign has cost so far, and whether it may spend more.

Counted from the messages that left (``outbox``) once a minute; in between what is handed out is
added, so that a budget is not overrun by more than the answers of a minute.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, case, func, select, true, update
from sqlalchemy.orm import Session

from bot.quizzes import campaigns
from bot.quizzes.plan import Budget, Plan
from bot.text.gsm7 import to_gsm7
from bot.text.segments import count
from store.messages import OutboxMessage
from store.people import Address
from store.quizzes import Campaign, Dose

USED_UP = "the budget is used up"
ALL: Final = true()


@dataclass(frozen=True)
class Spent:
    """What has left: messages in all, SMS segments, WhatsApp templates and free-form messages."""

    messages: int
    segments: int
    templates: int
    free: int

    def cost(self, budget: Budget | None) -> float:
        """In the budget's currency; 0 without prices."""
        if budget is None:
            return 0.0
        return (
            self.segments * budget.per_segment
            + self.templates * budget.per_template
            + self.free * budget.per_message
        )


def spent(session: Session, campaign_id: int, whose: ColumnElement[bool] = ALL) -> Spent:
    """What has left for a campaign: questions, reminders, feedback, summaries and tips.

    Args:
        whose: a condition on ``dose``, where not all of it is asked for.
    """
    sms = OutboxMessage.channel == "sms"
    template = OutboxMessage.form == "template"
    row = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(case((sms, OutboxMessage.segments), else_=0)), 0),
            func.count().filter(~sms & template),
            func.count().filter(~sms & ~template),
        )
        .select_from(OutboxMessage)
        .join(Dose, Dose.id == OutboxMessage.dose_id)
        .where(Dose.campaign_id == campaign_id, whose, OutboxMessage.provider_sid.is_not(None))
    ).one()
    return Spent(*map(int, row))


def recount(session: Session, now: datetime) -> None:
    """Count again what running campaigns with a budget have spent; the clock does so."""
    for campaign in session.scalars(select(Campaign).where(Campaign.state == "running")):
        plan = campaigns.plan_of(session, campaign)
        if plan.budget is None:
            continue
        locked = session.get_one(Campaign, campaign.id, with_for_update={"key_share": True})
        found, waits = spent(session, campaign.id), _waiting(session, campaign.id)
        locked.messages = found.messages + len(waits)
        locked.segments = found.segments + sum(waits)
        locked.cost = found.cost(plan.budget) + sum(_dearest(plan.budget, size) for size in waits)


def _waiting(session: Session, campaign_id: int) -> list[int]:
    """The segments of each message that has been handed out and has not left; 0 on WhatsApp."""
    rows = session.execute(
        select(OutboxMessage.body, OutboxMessage.language, Address.channel)
        .join(Dose, Dose.id == OutboxMessage.dose_id)
        .outerjoin(Address, Address.id == OutboxMessage.address_id)
        .where(
            Dose.campaign_id == campaign_id,
            OutboxMessage.state.in_(("queued", "held", "sending", "unknown")),
            OutboxMessage.provider_sid.is_(None),
        )
    )
    return [
        0 if channel == "whatsapp" else count(to_gsm7(body, language)).segments
        for body, language, channel in rows
    ]


def _dearest(budget: Budget, segments: int) -> float:
    # Whether the window is still open is seen when it leaves.
    return segments * budget.per_segment if segments else budget.per_template


def exhausted(session: Session, plans: Mapping[int, Plan], now: datetime) -> set[int]:
    """The campaigns that may not spend more; they are paused, with the reason."""
    limited = [campaign for campaign, plan in plans.items() if plan.budget is not None]
    if not limited:
        return set()
    broke = set()
    for campaign in session.scalars(
        select(Campaign)
        .where(Campaign.id.in_(limited))
        .order_by(Campaign.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ):
        budget = plans[campaign.id].budget
        assert budget is not None
        over = budget.segments is not None and campaign.segments >= budget.segments
        if over or (budget.money is not None and campaign.cost >= budget.money):
            broke.add(campaign.id)
            if campaign.state == "running":
                # What has been handed out was within it, and leaves.
                campaign.state, campaign.reason = "paused", USED_UP
    return broke


def count_in(
    session: Session,
    messages: Sequence[Mapping[str, Any]],
    plans: Mapping[tuple[int, int], Plan],
    campaign_of: Mapping[int, tuple[int, int]],
    on_whatsapp: Container[int],
) -> None:
    """Add what is being handed out to campaigns with a budget, until it is counted exactly.

    Args:
        messages: outbox rows.
        campaign_of: dose id → (campaign, version).
        on_whatsapp: ids of doses that do not go by SMS.
    """
    segments: dict[int, int] = defaultdict(int)
    money: dict[int, float] = defaultdict(float)
    for row in messages:
        key = campaign_of[row["dose_id"]]
        budget = plans[key].budget
        if budget is not None:
            sms = row["dose_id"] not in on_whatsapp
            size = count(to_gsm7(row["body"], row["language"])).segments if sms else 0
            segments[key[0]] += size
            money[key[0]] += _dearest(budget, size)
    for campaign_id, more in segments.items():
        session.execute(
            update(Campaign)
            .where(Campaign.id == campaign_id)
            .values(segments=Campaign.segments + more, cost=Campaign.cost + money[campaign_id])
        )
