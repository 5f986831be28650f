"""Taking an answer: what it changes, and what is kept of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from bot.quizzes import catalogue, closing, giving, spacing
from bot.quizzes.bank import Item
from bot.quizzes.plans import load_plans
from store.messages import Inbound, OutboxMessage
from store.quizzes import Answer, Dose, LearnerItem

# Longer than this after it expired, a letter is no answer to a question any more.
LATE_FOR = timedelta(days=14)


_REACHED_PROVIDER = exists(
    select(OutboxMessage.id).where(
        OutboxMessage.dose_id == Dose.id, OutboxMessage.provider_sid.is_not(None)
    )
)


@dataclass(frozen=True)
class Taken:
    """An answer that counts. ``again``: it was right the last time, too."""

    item: Item
    right: bool
    again: bool


def open_dose(session: Session, person_id: int) -> Dose | None:
    """The question that waits for this mentee's answer."""
    return session.scalar(select(Dose).where(Dose.person_id == person_id, Dose.state == "open"))


def last_asked(session: Session, person_id: int) -> Dose | None:
    """The open question, else the one that was asked last, whatever became of it."""
    return session.scalar(
        select(Dose)
        .where(
            Dose.person_id == person_id,
            Dose.kind == "question",
            Dose.sent_at.is_not(None),
            or_(Dose.state != "unsent", _REACHED_PROVIDER),
        )
        # An open one first, should a clock have been put back.
        .order_by((Dose.state == "open").desc(), Dose.sent_at.desc(), Dose.id.desc())
        .limit(1)
    )


def last_answered(session: Session, person_id: int) -> Dose | None:
    """The question that was answered last."""
    return session.scalar(
        select(Dose)
        .join(Answer, Answer.dose_id == Dose.id)
        .where(Dose.person_id == person_id)
        .order_by(Answer.id.desc())
        .limit(1)
    )


def by_message(session: Session, person_id: int, provider_sid: str) -> Dose | None:
    """The question that a message of ours asked, reminded of, or gave feedback about."""
    return session.scalar(
        select(Dose)
        .join(OutboxMessage, OutboxMessage.dose_id == Dose.id)
        .where(
            OutboxMessage.provider_sid == provider_sid,
            Dose.person_id == person_id,
            Dose.kind == "question",
        )
        .limit(1)
    )


def item_of(session: Session, dose: Dose) -> Item:
    """The item as it was asked."""
    assert dose.item_id is not None
    assert dose.item_version is not None
    return catalogue.version(session, dose.item_id, dose.item_version)


def came_in_time(dose: Dose, received_at: datetime) -> bool:
    """Whether a message arrived before the question expired, however late it is handled."""
    return dose.state == "expired" and dose.expires_at is not None and received_at < dose.expires_at


def still_counts(session: Session, dose: Dose, now: datetime) -> bool:
    """Whether a question that is not open may still be answered: not long ago, not asked since.

    One that the provider could not deliver may have reached the phone all the same.
    """
    if (
        dose.state not in ("expired", "unsent")
        or dose.expires_at is None
        or now - dose.expires_at > LATE_FOR
    ):
        return False
    since = select(1).where(
        Dose.person_id == dose.person_id, Dose.item_id == dose.item_id, Dose.id > dose.id
    )
    return not session.scalar(select(exists(since.where(Dose.sent_at.is_not(None)))))


def take(session: Session, dose: Dose, option: int, inbound: Inbound, text: str) -> Taken:
    """Record the answer to an open question, or a late one to an expired question.

    Args:
        option: the place of the option chosen, from 0.
        inbound: the message; it counts from when it arrived, not from when it was handled.
        text: what was typed or pressed.
    """
    item = item_of(session, dose)
    right = option == item.answer
    when = inbound.received_at
    memory = session.get(LearnerItem, (dose.person_id, item.id), with_for_update=True)
    assert memory is not None  # written when the question was asked
    before = giving.state_of(memory)
    if came_in_time(dose, when):
        before = replace(before, missed=max(0, before.missed - 1))
    key = (dose.campaign_id or 0, dose.campaign_version or 0)
    plan = load_plans(session, {key}).get(key) if dose.campaign_id else None
    rule: spacing.Rule = plan.spacing if plan is not None else "kerfoot"
    retention = plan.retention if plan is not None else spacing.RETENTION
    after = spacing.answered(rule, before, right, when, critical=item.critical, retention=retention)
    late = dose.expires_at is not None and when > dose.expires_at
    session.add(
        Answer(
            dose_id=dose.id,
            person_id=dose.person_id,
            campaign_id=dose.campaign_id,
            inbound_id=inbound.id,
            item_id=item.id,
            item_version=item.version,
            competency=item.competency,
            option=option,
            right=right,
            first=before.is_new,
            late=late,
            answered_at=when,
            latency=_latency(session, dose, when),
            text=text[:500],
            channel=inbound.channel,
            rule=rule,
            recall=spacing.predicted_recall(before, when),
            before=spacing.to_json(before),
            after=spacing.to_json(after),
        )
    )
    memory.rule, memory.due, memory.last = after.rule, after.due, after.last
    memory.answers, memory.streak, memory.missed = after.answers, after.streak, after.missed
    memory.retired, memory.stability = after.retired, after.stability
    memory.difficulty = after.difficulty
    dose.state, dose.option, dose.right = "answered", option, right
    dose.closed_at = when
    dose.remind_at = dose.look_at = None
    session.flush()
    closing.drop_waiting(session, dose, "answered already")
    return Taken(item, right, right and before.streak > 0)


def _latency(session: Session, dose: Dose, when: datetime) -> float:
    left = session.scalar(
        select(OutboxMessage.sent_at)
        .where(
            OutboxMessage.dose_id == dose.id,
            OutboxMessage.kind.in_((giving.QUESTION, giving.WANTED)),
            OutboxMessage.sent_at.is_not(None),
        )
        .order_by(OutboxMessage.id)
        .limit(1)
    )
    since = left or dose.sent_at or when
    return max(0.0, (when - since).total_seconds())
