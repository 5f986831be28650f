"""What the clock does about coaching plans: a reminder a week at most, a look for gaps by night."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import outbox, people
from bot.mentoring import coaching, gaps, plan_dues, reaching
from bot.mentoring.competencies import kept
from bot.settings import Settings
from bot.texts import text
from store import queue
from store.learning import Assessment
from store.people import Person
from store.plans import PlanDue, PlanItem
from store.quizzes import Preference

# Records that came in by other ways than the phone, dated so lately, may bring something about.
RECORDS_OF: Final = timedelta(days=7)
FIRST_LOOK: Final = timedelta(days=30)


def remind(session: Session, due_id: int, now: datetime) -> None:
    """Have the effect of a due reminder, once, and plan the next while something is open.

    Args:
        now: aware.
    """
    taken = _taken(session, due_id, now)
    if taken is None:
        return
    due, owner = taken
    items = list(
        session.scalars(
            select(PlanItem)
            .where(PlanItem.owner_id == owner.id, PlanItem.state == "open")
            .order_by(PlanItem.due_on, PlanItem.number)
        )
    )
    if not items:
        due.outcome = "nothing open"
        return
    plan_dues.remind_later(session, owner.id, now)
    due.outcome = _not_now(session, owner, now) or _say(session, owner, items[0], due_id, now)


def _taken(session: Session, due_id: int, now: datetime) -> tuple[PlanDue, Person] | None:
    """A row that is still due, marked as done, with its person under their lock."""
    person_id = session.scalars(select(PlanDue.person_id).where(PlanDue.id == due_id)).one()
    assert person_id is not None
    person = session.get_one(
        Person,
        person_id,
        with_for_update={"of": Person, "key_share": True},
        populate_existing=True,
    )
    due = session.get_one(PlanDue, due_id, with_for_update=True, populate_existing=True)
    if due.done_at is not None or due.due_at > now:
        return None
    due.done_at = now
    session.flush()
    return due, person


def record_grew(session: Session, due_id: int, settings: Settings, now: datetime) -> None:
    """What follows from a mentee's record, of which something new was written down.

    Args:
        now: aware.
    """
    taken = _taken(session, due_id, now)
    if taken is not None:
        due, mentee = taken
        reaching.look(session, mentee, settings, now)
        due.outcome = "looked"


def _not_now(session: Session, owner: Person, now: datetime) -> str | None:
    if owner.consent != "yes" or not people.reachable(owner):
        return "not reachable"
    wishes = session.get(Preference, owner.id)
    if wishes is not None and wishes.paused_until is not None and wishes.paused_until > now:
        return "paused"
    return None


def _say(session: Session, owner: Person, item: PlanItem, due_id: int, now: datetime) -> str:
    """The item that is due first, without shaming: what it is, and where help is."""
    said = " ".join(f"{item.gap}: {item.action}".split())
    if item.mentee_id != owner.id:
        mentee = session.get_one(Person, item.mentee_id)
        name = people.bare_name(mentee) or text("plan_mentee", owner.language)
        said = f"{name}, {said}"
    late = item.due_on < coaching.day_after(owner, now, timedelta(0))
    outbox.say(
        session,
        owner,
        text(
            "plan_reminder_late" if late else "plan_reminder",
            owner.language,
            said=said,
            day=coaching.day_said(item.due_on, owner.language),
        ),
        key=f"plan_due:{due_id}",
        now=now,
        kind="notice",
        template=outbox.Template("plan_reminder", {"1": said}, is_enough=True),
        priority=queue.PRIORITY_BULK,
    )
    return "told"


def gaps_since(session: Session, due_id: int) -> datetime | None:
    """From when the night's look is to look, if it is this row's turn still."""
    due = session.get_one(PlanDue, due_id)
    if due.done_at is not None:
        return None
    last = session.scalar(
        select(func.max(PlanDue.due_at)).where(PlanDue.kind == "gaps", PlanDue.done_at.is_not(None))
    )
    return last or due.due_at - FIRST_LOOK


def whose_record_grew(session: Session, now: datetime) -> Iterator[int]:
    """Mentees with a test or an observed skill of the last days."""
    yield from session.scalars(
        select(Assessment.person_id)
        .where(Assessment.at > now - RECORDS_OF, Assessment.kind.in_(("post", "skill")))
        .distinct()
        .order_by(Assessment.person_id)
    )


def look_at_record(session: Session, person_id: int, settings: Settings, now: datetime) -> None:
    """What a mentee's record brings about; the transaction is about this one person."""
    mentee = session.get_one(Person, person_id, with_for_update={"of": Person, "key_share": True})
    reaching.look(session, mentee, settings, now)


def write_down(session: Session, gap: gaps.Gap, settings: Settings, now: datetime) -> None:
    """Put a gap into its mentee's plan; the transaction is about this one person."""
    gaps.write_down(session, gap, kept(settings.competencies_dir), now)


def find_gaps(
    session: Session, since: datetime, settings: Settings, now: datetime
) -> list[gaps.Gap]:
    """Gaps that showed since a moment."""
    return gaps.find(session, since, now, kept(settings.competencies_dir))


def gaps_done(session: Session, due_id: int, found: int, settings: Settings, now: datetime) -> None:
    """The night's look is over; the next is planned."""
    due = session.get_one(PlanDue, due_id, with_for_update=True, populate_existing=True)
    if due.done_at is None:
        due.done_at, due.outcome = now, f"{found} gaps"
        session.flush()
        plan_dues.gaps_later(session, now, settings.default_timezone)
