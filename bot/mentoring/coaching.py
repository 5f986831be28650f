"""A mentee's coaching plan: items of gap, action, owner and due day.

Items come from self-assessments, wrong answers, repeated questions, observed skills, debriefs, and
from whoever mentors; each gap is written down once. Reminders of them are in
``bot.mentoring.plan_clock``.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot.mentoring import plan_dues
from bot.text.redact import redact
from bot.texts import languages
from store.people import Person
from store.plans import PlanItem

# Mentoring is most often monthly (R26): by the next meeting.
DUE_AFTER: Final = timedelta(days=28)


def add(
    session: Session,
    *,
    mentee: Person,
    gap: str,
    action: str,
    owner_id: int,
    due_on: date | None,
    source: str,
    key: str,
    now: datetime,
    competency: str | None = None,
) -> PlanItem:
    """Write down one thing in a mentee's plan, once per ``key``; identifiers are taken out.

    Args:
        gap: what is missing, in words that mentee and mentor read.
        owner_id: whoever does it, the mentee or a mentor.
        due_on: the last day, in the mentee's own time zone; None: four weeks from now.
        source: assess, answers, questions, skill, debrief, mentor, console.
        now: aware.
        competency: an id of the catalogue, where it is about one.

    Returns:
        The item; the one written down before, where there is one with this key.
    """
    values = {
        "mentee_id": mentee.id,
        "competency": competency,
        "gap": redact(gap).text,
        "action": redact(action).text,
        "owner_id": owner_id,
        "due_on": due_on or day_after(mentee, now, DUE_AFTER),
        "source": source,
        "key": key,
        "created_at": now,
    }
    number = select(func.coalesce(func.max(PlanItem.number), 0) + 1).where(
        PlanItem.owner_id == owner_id
    )
    while True:
        known = session.scalar(select(PlanItem).where(PlanItem.key == key))
        if known is not None:
            return known
        # Another process may take the same number: then nothing is written, and it is tried again.
        made = session.scalar(
            insert(PlanItem)
            .values(number=number.scalar_subquery(), **values)
            .on_conflict_do_nothing()
            .returning(PlanItem.id)
        )
        if made is not None:
            plan_dues.remind_later(session, owner_id, now)
            return session.get_one(PlanItem, made)


def day_after(person: Person, now: datetime, span: timedelta) -> date:
    """The day so long from now, in a person's own time zone."""
    return (now + span).astimezone(ZoneInfo(person.timezone)).date()


def day_said(day: date, language: str) -> str:
    """A day as people read it: "Tue 3 Mar"."""
    where = language if language in languages("plan_line") else "en"
    return format_date(day, "EEE d MMM", locale=where)


def open_items(session: Session, mentee_id: int) -> list[PlanItem]:
    """A mentee's open items in the order in which they are shown and counted: due first."""
    return list(
        session.scalars(
            select(PlanItem)
            .where(PlanItem.mentee_id == mentee_id, PlanItem.state == "open")
            .order_by(PlanItem.due_on, PlanItem.id)
        )
    )


def done(session: Session, item: PlanItem, by: Person, now: datetime) -> bool:
    """An item is done.

    Returns:
        Whether it was open until now.
    """
    return _end(session, item, "done", by, now)


def drop(session: Session, item: PlanItem, by: Person, now: datetime) -> bool:
    """An item is not wanted any more.

    Returns:
        Whether it was open until now.
    """
    return _end(session, item, "dropped", by, now)


def close_gap(session: Session, mentee: Person, competency: str, now: datetime) -> int:
    """A mentee became validated in a competency: its open items are done.

    Returns:
        How many.
    """
    items = [one for one in open_items(session, mentee.id) if one.competency == competency]
    return sum(_end(session, one, "done", None, now) for one in items)


def _end(session: Session, item: PlanItem, state: str, by: Person | None, now: datetime) -> bool:
    if item.state != "open":
        return False
    item.state, item.ended_at, item.ended_by_id = state, now, by.id if by else None
    session.flush()
    return True
