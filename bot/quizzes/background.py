"""Launching and changing a campaign in the background: enrolling a nation takes its time.

What was asked for is a job of the queue, deferred with the transaction that asks for it. It shows
until it is done, whoever looks; what could not be done stands in the campaign's ``reason``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from bot.quizzes import campaigns
from bot.quizzes.campaigns import CampaignError
from bot.quizzes.plan import Plan, PlanError, read
from store import queue
from store.quizzes import Campaign

LAUNCH: Final = "launch"
CHANGE: Final = "change"
NOT_DONE: Final = "could not be done: "
# Replies go first; it goes before the doses of other campaigns.
_PRIORITY: Final = queue.PRIORITY_BULK + 10


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What a campaign waits for. ``since``: aware, of the real clock; ``begun``: by a worker."""

    what: str
    since: datetime
    begun: bool


def ask(session: Session, campaign: Campaign, what: str, plan: Plan | None = None) -> None:
    """Have a campaign launched or changed as soon as this transaction is committed.

    Args:
        campaign: under its row lock.
        plan: the new one, for a change.

    Raises:
        CampaignError: something is under way with it already.
    """
    if under_way(session, campaign.id) is not None:
        raise CampaignError(f"{campaign.name!r} is being changed just now: wait a moment.")
    campaign.reason = None
    queue.defer(
        session,
        queue.CAMPAIGN,
        lock=_lock(campaign.id),
        priority=_PRIORITY,
        campaign_id=campaign.id,
        what=what,
        plan=None if plan is None else plan.model_dump(mode="json"),
    )


def under_way(session: Session, campaign_id: int) -> UnderWay | None:
    """What is waiting or being done for a campaign; None: nothing."""
    row = session.execute(
        text(
            "SELECT jobs.args->>'what' AS what, jobs.status, min(events.at) AS since"
            " FROM procrastinate_jobs jobs"
            " JOIN procrastinate_events events ON events.job_id = jobs.id"
            " WHERE jobs.lock = :lock AND jobs.status IN ('todo', 'doing')"
            " GROUP BY jobs.id ORDER BY jobs.id LIMIT 1"
        ),
        {"lock": _lock(campaign_id)},
    ).first()
    return None if row is None else UnderWay(row.what, row.since, row.status == "doing")


def carry_out(
    session: Session, campaign_id: int, what: str, plan: dict[str, Any] | None, now: datetime
) -> None:
    """Do what was asked for; what cannot be done is written down and changes nothing else.

    Args:
        plan: as JSON, for a change.
        now: aware.
    """
    campaign = campaigns.locked(session, f"#{campaign_id}")
    try:
        with session.begin_nested():
            if what == LAUNCH:
                campaigns.launch(session, campaign, now)
            else:
                campaigns.change(session, campaign, read(plan), now)
    except CampaignError as error:
        campaign.reason = f"{NOT_DONE}{error}"
    except PlanError as error:
        campaign.reason = f"{NOT_DONE}{' '.join(error.problems)}"


def _lock(campaign_id: int) -> str:
    return f"campaign:{campaign_id}"
