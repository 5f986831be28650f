"""Giving doses: what is due becomes messages in the outbox, many mentees in one transaction.

Each mentee's row is locked meanwhile, as it is while a message of theirs is handled: a mentee who
is just being answered is left for the next round. What cannot be given keeps the reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import exists, func, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot import outbox
from bot.mentoring.record import is_going_on
from bot.quizzes import calendar, campaigns, catalogue, cohorts, due, spending, summaries
from bot.quizzes.bank import Item
from bot.quizzes.messages import Message, Ways, question, summary, tip, ways
from bot.quizzes.plan import Plan
from bot.quizzes.planning import PASSING, SPOILT_WAITS, has_weekends
from bot.quizzes.plans import load_plans
from bot.quizzes.progress import weak_competencies
from bot.quizzes.selection import Candidate, Choice, choose
from bot.quizzes.spacing import State
from store import queue
from store.cases import Case
from store.messages import OutboxMessage
from store.people import Address, Person
from store.quizzes import Campaign, Dose, Enrolment, LearnerItem, Preference
from store.walks import Walk

# The outbox's kinds: a question we start, one that was asked for (QUIZ), and the reminder.
QUESTION = "campaign"
WANTED = "quiz"
REMINDER = "campaign_reminder"
# A dose's own message, whatever its kind, not what follows from it.
FIRST = (QUESTION, WANTED, "tip", "notice")
# Most questions a day from all campaigns together; the mentee may ask for more (QUIZ).
A_DAY = 2
# Whoever has moved a walk within this time is in the middle of it.
IN_WALK = timedelta(hours=1)
_BULK = queue.PRIORITY_BULK

log = structlog.get_logger(__name__)
# The words of the index's own condition, so that it is used whatever the plan.
_PLANNED = sql("dose.state = 'planned'")


@dataclass(frozen=True)
class Memory:
    """What is remembered of one mentee: states by item, and when each was asked last."""

    states: Mapping[str, State] = field(default_factory=dict)
    asked: Mapping[str, datetime] = field(default_factory=dict)

    def asked_on(self, now: datetime, timezone: str) -> frozenset[str]:
        """The items that were asked on the local day of ``now``."""
        here = calendar.zone(timezone)
        today = now.astimezone(here).date()
        return frozenset(
            item for item, at in self.asked.items() if at.astimezone(here).date() == today
        )


@dataclass
class _Mentee:
    """What one round knows of a mentee."""

    person: Person
    addresses: list[Address] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)
    wishes: Preference | None = None
    in_case: bool = False
    in_walk: bool = False
    open_question: bool = False
    had_any: bool = False
    weak: frozenset[str] = frozenset()

    @property
    def ways(self) -> Ways:
        return ways(self.addresses)

    @property
    def last_inbound(self) -> datetime | None:
        return max((a.last_inbound_at for a in self.addresses if a.last_inbound_at), default=None)


@dataclass
class _Round:
    """What one round will write."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    opened: list[dict[str, Any]] = field(default_factory=list)
    moved: list[dict[str, Any]] = field(default_factory=list)
    closed: list[dict[str, Any]] = field(default_factory=list)
    finished: list[tuple[int, int, str]] = field(default_factory=list)


def give_due(session: Session, now: datetime, limit: int = 200) -> int:
    """Give up to ``limit`` doses that are due; returns how many rows were looked at.

    Safe to run in several processes at once: a row is taken by one of them.

    Args:
        now: aware.
    """
    running = campaigns.held(session)
    doses = list(
        session.scalars(
            select(Dose)
            .where(_PLANNED, Dose.due_at <= now, Dose.campaign_id.in_(running))
            .order_by(Dose.due_at, Dose.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )
    if not doses:
        return 0
    try:
        with session.begin_nested():
            _give(session, doses, now)
    except PASSING:
        raise
    except Exception as error:
        log.error("doses cannot be given together", error=type(error).__name__)
        _give_one_by_one(session, doses, now)
    return len(doses)


def _give_one_by_one(session: Session, doses: Sequence[Dose], now: datetime) -> None:
    """Find the dose that spoils the others: it waits an hour, then again, and lapses when late.

    Somebody may mend its plan or its item meanwhile. Nobody else waits for that.
    """
    for dose in doses:
        dose_id, late = dose.id, now >= dose.planned_at + due.LATE
        try:
            with session.begin_nested():
                _give(session, [dose], now)
        except PASSING:
            raise
        except Exception as error:
            reason = f"cannot be given: {type(error).__name__}"
            log.error("dose cannot be given", dose=dose_id, error=type(error).__name__)
            values: dict[str, Any] = {"reason": reason, "due_at": now + SPOILT_WAITS}
            if late:
                reason = f"too late: {reason}"
                values = {"reason": reason, "state": "lapsed", "closed_at": now}
            session.execute(update(Dose).where(Dose.id == dose_id).values(**values))


def _give(session: Session, doses: Sequence[Dose], now: datetime) -> None:
    """Give these doses, which are locked, or write down why not."""
    plans = load_plans(
        session, {(dose.campaign_id or 0, dose.campaign_version or 0) for dose in doses}
    )
    broke = spending.exhausted(session, {c: p for (c, _), p in plans.items()}, now)
    doses = [dose for dose in doses if dose.campaign_id not in broke]
    mentees = _mentees(session, {dose.person_id for dose in doses}, now)
    left = _left(session, doses)
    here = [dose for dose in doses if dose.person_id in mentees]
    said = summaries.bodies(
        session,
        [dose for dose in here if dose.kind == "summary"],
        {person_id: mentee.person for person_id, mentee in mentees.items()},
        now,
    )
    tips = _tips_given(session, here)
    live = catalogue.live(session)
    bases: dict[tuple[int, int], tuple[dict[str, Item], list[Candidate]]] = {}
    this = _Round()
    for dose in here:
        mentee = mentees[dose.person_id]
        key = (dose.campaign_id or 0, dose.campaign_version or 0)
        plan = plans[key]
        verdict = due.decide(_facts(dose, plan, mentee, left), now)
        if isinstance(verdict, due.Wait):
            this.moved.append({"id": dose.id, "due_at": verdict.until, "reason": verdict.reason})
        elif isinstance(verdict, due.Lapse):
            _close(this, dose, "lapsed", verdict.reason, now)
        elif dose.kind == "tip":
            number = tips[key[0], dose.person_id]
            if number >= len(plan.tips):
                _close(this, dose, "void", cohorts.ALL_TIPS, now)
                this.finished.append((key[0], dose.person_id, cohorts.ALL_TIPS))
                continue
            tips[key[0], dose.person_id] += 1
            message = tip(plan.tips[number], mentee.person.language)
            this.messages.append(_row(dose, mentee, plan, message, now))
            _close(this, dose, "given", None, now)
        elif dose.kind == "summary":
            body = said[dose.id]
            if isinstance(body, summaries.Skip):
                _close(this, dose, "lapsed", body.reason, now)
                continue
            this.messages.append(_row(dose, mentee, plan, summary(body.text), now))
            _close(this, dose, "given", None, now)
        else:
            if key not in bases:
                items = campaigns.chosen_items(plan, live)
                bases[key] = {item.id: item for item in items}, candidates(items)
            _ask(this, dose, mentee, plan, *bases[key], now)
    _write(session, this, now)
    campaign_of = {dose.id: (dose.campaign_id or 0, dose.campaign_version or 0) for dose in here}
    whatsapp = {
        row["dose_id"]
        for row in this.messages
        if row["address_id"] == mentees[row["person_id"]].ways.whatsapp_id
    }
    spending.count_in(session, this.messages, plans, campaign_of, whatsapp)


def is_due(session: Session, now: datetime) -> bool:
    """Whether a dose of a running campaign is due."""
    found = session.execute(
        select(Dose.id)
        .join(Campaign, Campaign.id == Dose.campaign_id)
        .where(_PLANNED, Dose.due_at <= now, Campaign.state == "running")
        .limit(1)
    )
    return found.first() is not None


def _ask(
    this: _Round,
    dose: Dose,
    mentee: _Mentee,
    plan: Plan,
    items: Mapping[str, Item],
    base: Sequence[Candidate],
    now: datetime,
) -> None:
    choice = choice_for(
        base, mentee.memory, mentee.person, plan, mentee.weak, now, daily_limit=A_DAY
    )
    if choice.item is None:
        _close(this, dose, "lapsed", choice.reason, now)
        if choice.reason == "all retired":
            this.finished.append((dose.campaign_id or 0, dose.person_id, cohorts.ALL_RETIRED))
        return
    item = items[choice.item]
    message = question(item, mentee.person.language, is_first=not mentee.had_any)
    this.messages.append(_row(dose, mentee, plan, message, now))
    opened = opening(item, choice, plan, mentee.person, mentee.wishes, now)
    this.opened.append({"id": dose.id, **opened})
    this.asked.append(asked(dose.person_id, item.id, plan, now))
    mentee.memory = Memory(mentee.memory.states, {**mentee.memory.asked, item.id: now})
    mentee.open_question = mentee.had_any = True


def candidates(items: Iterable[Item]) -> list[Candidate]:
    """Items as selection sees them, for somebody who has answered none."""
    return [
        Candidate(
            item=item.id,
            competency=item.competency,
            critical=item.critical,
            cadres=item.cadres,
            twin=item.twin,
            order=order,
        )
        for order, item in enumerate(items)
    ]


def choice_for(
    base: Sequence[Candidate],
    memory: Memory,
    person: Person,
    plan: Plan,
    weak: frozenset[str],
    now: datetime,
    *,
    daily_limit: int | None = None,
) -> Choice:
    """The item to ask this mentee now, and why."""
    own = [
        Candidate(
            item=one.item,
            competency=one.competency,
            critical=one.critical,
            cadres=one.cadres,
            twin=one.twin,
            order=one.order,
            state=memory.states.get(one.item, one.state),
            asked=memory.asked[one.item],
        )
        if one.item in memory.asked
        else one
        for one in base
    ]
    today = memory.asked_on(now, plan.timezone or person.timezone)
    return choose(own, today, None, weak, now, cadre=person.cadre, daily_limit=daily_limit)


def opening(
    item: Item,
    choice: Choice,
    plan: Plan,
    person: Person,
    wishes: Preference | None,
    now: datetime,
) -> dict[str, Any]:
    """The values of a dose whose question goes out now."""
    timezone = plan.timezone or person.timezone
    expiry = timedelta(hours=plan.expiry)
    remind_at = None
    if plan.reminder:
        remind_at = calendar.reminder(
            now,
            timezone,
            plan.quiet_hours,
            has_weekends(plan, wishes),
            before=timedelta(hours=plan.reminder),
            expiry=expiry,
        )
    expires_at = calendar.expires(now, expiry)
    return {
        "state": "open",
        "reason": None,
        "item_id": item.id,
        "item_version": item.version,
        "chosen": choice.reason,
        "language": item.language(person.language),
        "sent_at": now,
        "asked_at": now,
        "remind_at": remind_at,
        "expires_at": expires_at,
        "look_at": remind_at or expires_at,
    }


def memories(session: Session, people: Iterable[int]) -> dict[int, Memory]:
    """What is remembered of these mentees; nothing is a key too."""
    states: dict[int, dict[str, State]] = defaultdict(dict)
    last: dict[int, dict[str, datetime]] = defaultdict(dict)
    for row in session.scalars(select(LearnerItem).where(LearnerItem.person_id.in_(people))):
        states[row.person_id][row.item_id] = state_of(row)
        last[row.person_id][row.item_id] = row.asked_at
    return {person: Memory(states[person], last[person]) for person in people}


def state_of(row: LearnerItem) -> State:
    """The spacing state of a row."""
    return State(
        rule="fsrs" if row.rule == "fsrs" else "kerfoot",
        due=row.due,
        last=row.last,
        answers=row.answers,
        streak=row.streak,
        missed=row.missed,
        retired=row.retired,
        stability=row.stability,
        difficulty=row.difficulty,
    )


def remember_asked(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Note when items were asked (rows of ``asked``)."""
    if not rows:
        return
    statement = insert(LearnerItem)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["person_id", "item_id"],
            set_={"asked_at": statement.excluded.asked_at},
        ),
        rows,
    )


def asked(person_id: int, item_id: str, plan: Plan, now: datetime) -> dict[str, Any]:
    """A row for ``remember_asked``."""
    return {"person_id": person_id, "item_id": item_id, "rule": plan.spacing, "asked_at": now}


def _facts(
    dose: Dose, plan: Plan, mentee: _Mentee, left: Mapping[tuple[int, int], str]
) -> due.Facts:
    person, wishes = mentee.person, mentee.wishes
    return due.Facts(
        kind=dose.kind,
        planned_at=dose.planned_at,
        timezone=plan.timezone or person.timezone,
        quiet=plan.quiet_hours,
        weekends=has_weekends(plan, wishes),
        stopped=person.stopped_at is not None,
        consented=person.consent == "yes",
        reachable=mentee.ways.any,
        left=left.get((dose.campaign_id or 0, dose.person_id)),
        paused_until=wishes.paused_until if wishes is not None else None,
        in_case=mentee.in_case,
        in_walk=mentee.in_walk,
        last_inbound=mentee.last_inbound,
        open_question=mentee.open_question,
        waited=dose.reason,
    )


def _close(this: _Round, dose: Dose, state: str, reason: str | None, now: datetime) -> None:
    this.closed.append({"id": dose.id, "state": state, "reason": reason, "closed_at": now})


def _row(
    dose: Dose, mentee: _Mentee, plan: Plan, message: Message, now: datetime
) -> dict[str, Any]:
    return outbox.row(
        mentee.person,
        message.body,
        key=f"dose:{dose.id}",
        now=now,
        kind=message.kind,
        menu=message.menu,
        template=message.template,
        address_id=mentee.ways.choose(plan, now),
        dose_id=dose.id,
        priority=_BULK,
        keep=max(dose.planned_at + due.LATE - now, timedelta(hours=1)),
        hours=plan.hours(mentee.person.timezone, has_weekends(plan, mentee.wishes)),
    )


def _write(session: Session, this: _Round, now: datetime) -> None:
    if this.messages:
        session.execute(insert(OutboxMessage).on_conflict_do_nothing(), this.messages)
    remember_asked(session, this.asked)
    for rows in (this.opened, this.moved, this.closed):
        if rows:
            session.execute(update(Dose), rows)
    given = [row["person_id"] for row in this.asked]
    if given:
        # What the product asked before has not been answered; the question now comes first.
        session.execute(
            update(Person)
            .where(Person.id.in_(given), Person.pending["kind"].astext.in_(SETTLED_BY_DOSE))
            .values(pending=None)
        )
    for campaign_id, person_id, reason in this.finished:
        session.execute(
            update(Enrolment)
            .where(Enrolment.campaign_id == campaign_id, Enrolment.person_id == person_id)
            .values(left_at=now, reason=reason)
        )
        session.execute(
            update(Dose)
            .where(
                Dose.campaign_id == campaign_id,
                Dose.person_id == person_id,
                Dose.state == "planned",
                Dose.kind != "summary",
            )
            .values(state="void", reason=reason, closed_at=now)
        )


SETTLED_BY_DOSE = ("language", "ask_mentor")


def _mentees(session: Session, wanted: set[int], now: datetime) -> dict[int, _Mentee]:
    """Those of the wanted who are not being handled at this moment, locked."""
    people = session.scalars(
        select(Person)
        .where(Person.id.in_(wanted))
        .order_by(Person.id)
        .with_for_update(skip_locked=True, of=Person, key_share=True)
        .execution_options(populate_existing=True)
    )
    found = {person.id: _Mentee(person) for person in people}
    ids = list(found)
    for address in session.scalars(
        select(Address).where(Address.person_id.in_(ids)).order_by(Address.id)
    ):
        found[address.person_id].addresses.append(address)
    for person_id, memory in memories(session, ids).items():
        found[person_id].memory = memory
    for wishes in session.scalars(select(Preference).where(Preference.person_id.in_(ids))):
        found[wishes.person_id].wishes = wishes
    in_case = select(Case.mentee_id).where(Case.mentee_id.in_(ids), is_going_on(now))
    for person_id in session.scalars(in_case):
        found[person_id].in_case = True
    in_walk = select(Walk.person_id).where(
        Walk.person_id.in_(ids), Walk.status == "open", Walk.moved_at > now - IN_WALK
    )
    for person_id in session.scalars(in_walk):
        found[person_id].in_walk = True
    had = (
        select(Dose.person_id, func.bool_or(Dose.state == "open"))
        .where(
            Dose.person_id.in_(ids),
            Dose.kind == "question",
            Dose.sent_at.is_not(None),
            Dose.state != "unsent",
        )
        .group_by(Dose.person_id)
    )
    for person_id, is_open in session.execute(had):
        found[person_id].had_any, found[person_id].open_question = True, is_open
    for person_id, weak in weak_competencies(session, ids).items():
        found[person_id].weak = weak
    return found


def _left(session: Session, doses: Sequence[Dose]) -> dict[tuple[int, int], str]:
    rows = session.execute(
        select(Enrolment.campaign_id, Enrolment.person_id, Enrolment.reason).where(
            Enrolment.campaign_id.in_({dose.campaign_id for dose in doses}),
            Enrolment.person_id.in_({dose.person_id for dose in doses}),
            Enrolment.left_at.is_not(None),
        )
    )
    return {(campaign, person): reason or "left the campaign" for campaign, person, reason in rows}


def _tips_given(session: Session, doses: Sequence[Dose]) -> dict[tuple[int, int], int]:
    tips = [dose for dose in doses if dose.kind == "tip"]
    found: dict[tuple[int, int], int] = defaultdict(int)
    if tips:
        rows = session.execute(
            select(Dose.campaign_id, Dose.person_id, func.count())
            .where(
                Dose.campaign_id.in_({dose.campaign_id for dose in tips}),
                Dose.person_id.in_({dose.person_id for dose in tips}),
                Dose.kind == "tip",
                Dose.state == "given",
                # Not yet found to be unsent.
                ~exists(
                    select(OutboxMessage.id).where(
                        OutboxMessage.dose_id == Dose.id,
                        OutboxMessage.state.in_(("failed", "dropped")),
                    )
                ),
            )
            .group_by(Dose.campaign_id, Dose.person_id)
        )
        found.update({(campaign or 0, person): count for campaign, person, count in rows})
    return found
