"""Open questions that have come due: the one reminder, the expiry, and those that never arrived.

What nobody answers in time is asked again later and counts as nothing (Kerfoot & Baker 2012).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import exists, func, literal, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Session, aliased

from bot import outbox
from bot.mentoring.record import is_going_on
from bot.quizzes import calendar, catalogue, due, giving, planning, spacing
from bot.quizzes.messages import question, ways
from bot.quizzes.plan import Plan
from bot.quizzes.plans import load_plans
from store import queue
from store.cases import Case
from store.messages import OutboxMessage
from store.people import Person
from store.quizzes import Campaign, Dose, LearnerItem, Preference

# Sent this much later than it was handed out, a question stays open that much longer.
SLOW = timedelta(minutes=30)
# A message that old has its fate: a dose is kept a day, a question open for a week at most.
GONE_FOR = timedelta(days=8)


def look(session: Session, now: datetime, limit: int = 200) -> int:
    """Remind or expire open questions that have come due; returns how many were looked at.

    Args:
        now: aware.
    """
    doses = list(
        session.scalars(
            select(Dose)
            # The words of the index's own condition.
            .where(sql("dose.state = 'open'"), Dose.look_at <= now)
            .order_by(Dose.look_at, Dose.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )
    plans = load_plans(
        session,
        {
            (dose.campaign_id, dose.campaign_version)
            for dose in doses
            if dose.campaign_id is not None and dose.campaign_version is not None
        },
    )
    for dose in doses:
        # A message of theirs is being handled: it may be the answer.
        person = session.scalar(
            select(Person)
            .where(Person.id == dose.person_id)
            .with_for_update(skip_locked=True, of=Person, key_share=True)
            .execution_options(populate_existing=True)
        )
        if person is not None:
            plan = plans.get((dose.campaign_id or 0, dose.campaign_version or 0))
            _look(session, dose, person, plan, now)
    session.flush()
    return len(doses)


def unsent(session: Session, now: datetime, limit: int = 500) -> int:
    """Close the doses whose message never left or never arrived; returns how many.

    Nothing is held against the mentee, and the item or tip is free to be given again.
    """
    other = aliased(OutboxMessage)
    there = exists(
        select(literal(1)).where(
            other.dose_id == Dose.id,
            other.kind.in_(giving.FIRST),
            other.state.not_in(("failed", "dropped")),
        )
    )
    rows = session.execute(
        select(Dose, OutboxMessage.reason)
        .join(OutboxMessage, OutboxMessage.dose_id == Dose.id)
        .where(
            # The words of the index's own condition.
            sql("outbox.state IN ('failed', 'dropped') AND outbox.dose_id IS NOT NULL"),
            OutboxMessage.created_at > now - GONE_FOR,
            OutboxMessage.kind.in_(giving.FIRST),
            Dose.state.in_(("open", "given")),
            ~there,
        )
        .limit(limit)
        .with_for_update(skip_locked=True, of=Dose)
    ).all()
    for dose, reason in rows:
        dose.state, dose.reason, dose.closed_at = "unsent", reason, now
        dose.look_at = dose.remind_at = None
    session.flush()
    return len(rows)


def _look(session: Session, dose: Dose, person: Person, plan: Plan | None, now: datetime) -> None:
    assert dose.expires_at is not None
    left = _left_at(session, dose)
    late = left - dose.sent_at if left is not None and dose.sent_at is not None else timedelta()
    if late > SLOW:
        dose.expires_at += late
        dose.sent_at = (dose.sent_at or now) + late
        dose.remind_at = dose.remind_at + late if dose.remind_at else None
        dose.look_at = dose.remind_at or dose.expires_at
        if dose.look_at > now:
            return
    if now >= dose.expires_at:
        drop_waiting(session, dose, "expired before it left")
        if left is None:
            dose.state, dose.reason, dose.closed_at = "unsent", "it never left", now
            dose.look_at = dose.remind_at = None
        else:
            expire(session, dose, now)
        return
    dose.remind_at, dose.look_at = None, dose.expires_at
    if plan is not None and left is not None:
        _remind(session, dose, person, plan, now)


def _left_at(session: Session, dose: Dose) -> datetime | None:
    """When the question left, which may be long after it was handed to the sender."""
    return session.scalar(
        select(func.min(OutboxMessage.sent_at)).where(
            OutboxMessage.dose_id == dose.id,
            OutboxMessage.kind.in_((giving.QUESTION, giving.WANTED)),
        )
    )


def expire(session: Session, dose: Dose, now: datetime) -> None:
    """Close a question that nobody answered in time."""
    dose.state, dose.closed_at, dose.look_at, dose.remind_at = "expired", now, None, None
    if dose.item_id is None:
        return
    row = session.get(LearnerItem, (dose.person_id, dose.item_id), with_for_update=True)
    if row is not None:
        after = spacing.expired(giving.state_of(row), now)
        row.missed, row.due = after.missed, after.due


def _remind(session: Session, dose: Dose, person: Person, plan: Plan, now: datetime) -> None:
    assert dose.expires_at is not None
    assert dose.item_id is not None
    assert dose.item_version is not None
    running = session.scalar(
        select(Campaign.state == "running").where(Campaign.id == dose.campaign_id)
    )
    wishes = session.get(Preference, person.id)
    paused = wishes is not None and wishes.paused_until is not None and wishes.paused_until > now
    if not running or paused or person.stopped_at is not None or person.consent != "yes":
        return
    timezone = plan.timezone or person.timezone
    weekends = planning.has_weekends(plan, wishes)
    in_case = session.scalar(select(exists().where(Case.mentee_id == person.id, is_going_on(now))))
    reach = ways(person.addresses)
    last = max((a.last_inbound_at for a in person.addresses if a.last_inbound_at), default=None)
    talking = last is not None and now - last < due.CONVERSATION
    allowed = calendar.is_allowed(now, timezone, plan.quiet_hours, weekends)
    if in_case or talking or not allowed:
        again = max(
            now + due.LOOK_AGAIN,
            calendar.next_allowed(now, timezone, plan.quiet_hours, weekends),
        )
        if again < dose.expires_at - calendar.REMINDER_MARGIN:
            dose.remind_at = dose.look_at = again
        return
    item = catalogue.version(session, dose.item_id, dose.item_version)
    message = question(item, dose.language or person.language, again=True)
    outbox.say(
        session,
        person,
        message.body,
        key=f"dose:{dose.id}:reminder",
        now=now,
        kind=giving.REMINDER,
        menu=message.menu,
        template=message.template,
        address_id=reach.choose(plan, now),
        dose_id=dose.id,
        priority=queue.PRIORITY_BULK,
        keep=dose.expires_at - now,
        hours=plan.hours(person.timezone, weekends),
        wake=False,
    )
    dose.asked_at = now


def drop_waiting(session: Session, dose: Dose, reason: str) -> None:
    """The question or its reminder is not needed any more, if it has not left yet."""
    session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.dose_id == dose.id,
            OutboxMessage.kind.in_((giving.QUESTION, giving.REMINDER)),
            OutboxMessage.state.in_(("queued", "held")),
        )
        .values(state="dropped", reason=reason)
    )
