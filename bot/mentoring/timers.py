"""What happens to a case when one of its moments comes: see ``store.cases.CaseDue``."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from bot import outbox
from bot.mentoring import assigning, cases, dues, offices, telling
from bot.mentoring.record import event, locked, mentor_of, shown_name, tell_mentee, tell_mentor
from bot.texts import text
from store import queue
from store.cases import Case, CaseDue, CaseEvent
from store.people import Person

log = structlog.get_logger(__name__)

# Kinds whose effect writes to the mentee's own row: its lock is taken before the case's.
WRITES_MENTEE = frozenset({"follow_up"})
# A question of ours that a follow-up must not push aside waits this long.
ASK_LATER = timedelta(hours=1)


def look(session: Session, due_id: int, now: datetime) -> bool:
    """Have the effect of a due row, once, whoever else acts on the case.

    Returns:
        Whether there was anything to do.
    """
    due = session.get_one(CaseDue, due_id)
    case = session.get_one(Case, due.case_id)
    mentee = session.get_one(
        Person,
        case.mentee_id,
        with_for_update={"of": Person, "key_share": True} if due.kind in WRITES_MENTEE else None,
        populate_existing=due.kind in WRITES_MENTEE,
    )
    case = locked(session, case.id)
    due = session.get_one(CaseDue, due_id, populate_existing=True)
    if due.done_at is not None or due.due_at > now:
        return False
    key = f"due:{due.id}"
    due.done_at = now
    session.flush()  # the effect may plan the next one of its kind
    outcome: str
    match due.kind:
        case "remind":
            outcome = _remind(session, case, now, key)
        case "pass_on":
            outcome = _pass_on(session, case, mentee, now, key)
        case "route":
            outcome = _route(session, case, mentee, now, key)
        case "alert":
            outcome = _alert(session, case, mentee, now, key)
        case "apologise":
            outcome = _apologise(session, case, mentee, now, key)
        case "follow_up":
            outcome = _follow_up(session, case, mentee, now, key)
        case _:
            cases.close(session, case, now=now, person=None)
            outcome = "closed"
    due.outcome = outcome
    return True


def _remind(session: Session, case: Case, now: datetime, key: str) -> str:
    asked = assigning.active(session, case, now)
    if not asked:
        dues.plan(session, case, "pass_on", now)
        return "nobody to remind"
    assigning.forget_reminders(session, case, [assigning.REMINDER])  # one at a time
    for mentor in asked:
        event(session, case, "reminded", now, person=mentor)
        tell_mentor(
            session,
            case,
            mentor,
            "case_reminder_to_mentor",
            key=f"{key}:{mentor.id}",
            now=now,
            kind=assigning.REMINDER,
        )
    return "reminded"


def _pass_on(session: Session, case: Case, mentee: Person, now: datetime, key: str) -> str:
    """It waits too long, or its mentor cannot be reached: on to somebody who has not had it.

    An urgent case that was offered stays offered and is offered to more; one that was taken and
    not answered is offered again, to its mentor too.
    """
    holder = mentor_of(session, case)
    asked = assigning.active(session, case, now)
    if holder is not None and holder not in asked:
        assigning.let_go(session, case, holder, "withdrawn", now)
    if not asked:
        return _route(session, case, mentee, now, key)
    following = assigning.assign(session, case, mentee, now=now, key=key, waits_too_long=True)
    if not following.mentors:
        dues.given(session, case, asked[0], now)  # nobody else: bring it to mind again
        return "nobody else"
    telling.who_was_asked(
        session,
        case,
        mentee,
        following,
        "mentee_also_asked" if case.urgent else "mentee_passed",
        key=f"{key}:passed",
        now=now,
        kind="answer",
    )
    return "passed on"


def _route(session: Session, case: Case, mentee: Person, now: datetime, key: str) -> str:
    if assigning.active(session, case, now):
        return "has somebody"
    following = assigning.assign(session, case, mentee, now=now, key=key)
    if following.mentors or following.news:
        say = "case_opened_urgent" if case.urgent else "case_assigned_later"
        telling.who_was_asked(
            session, case, mentee, following, say, key=f"{key}:later", now=now, kind="answer"
        )
    return "found" if following.mentors else "nobody yet"


def _alert(session: Session, case: Case, mentee: Person, now: datetime, key: str) -> str:
    """Tell the coordinators of the mentee's district, and those of no district, that it waits."""
    district = mentee.facility.district if mentee.facility else ""
    told = offices.coordinators(session, district)
    event(session, case, "alerted", now, coordinators=[one.id for one in told])
    if not told:
        log.warning("no coordinator to alert", case=case.id)
        return "no coordinator"
    asked = assigning.active(session, case, now)
    for coordinator in told:
        name = telling.names(asked, coordinator) if asked else text("nobody", coordinator.language)
        since = telling.when(case.waiting_since or case.opened_at, now, coordinator)
        outbox.say(
            session,
            coordinator,
            text(
                "case_alert",
                coordinator.language,
                urgent=text("urgent_mark", coordinator.language) if case.urgent else "",
                code=case.code,
                mentee=shown_name(mentee, coordinator),
                since=since,
                mentor=name,
            ),
            key=f"{key}:alert:{coordinator.id}",
            now=now,
            kind="alert",
            case_id=case.id,
            priority=queue.PRIORITY_URGENT if case.urgent else queue.PRIORITY_REPLY,
            template=outbox.Template("case_alert", {"1": case.code, "2": since}, is_enough=True),
        )
    return "alerted"


def _apologise(session: Session, case: Case, mentee: Person, now: datetime, key: str) -> str:
    asked = assigning.active(session, case, now)
    event(session, case, "apologised", now)
    told = select(CaseEvent.id).where(
        CaseEvent.case_id == case.id,
        CaseEvent.kind == "alerted",
        CaseEvent.at >= case.waiting_since,
        CaseEvent.data["coordinators"] != sql("'[]'::jsonb"),
    )
    coordinator = session.scalar(told.limit(1)) is not None
    tell_mentee(
        session,
        case,
        mentee,
        "case_sorry" if asked else "case_sorry_nobody",
        key=f"{key}:sorry",
        now=now,
        kind=assigning.APOLOGY,
        coordinator=text("coordinator_told", mentee.language) if coordinator else "",
        mentor=telling.names(asked, mentee),
    )
    return "apologised"


def _follow_up(session: Session, case: Case, mentee: Person, now: datetime, key: str) -> str:
    """Two days after the answer: how did it go? Not while we wait for another answer."""
    if (mentee.pending or {}).get("kind") not in (None, "rate_case"):
        dues.plan(session, case, "follow_up", now + ASK_LATER)
        return "put off"
    mentee.pending = {"kind": "follow_up", "case": case.id}
    event(session, case, "followed_up", now)
    tell_mentee(
        session,
        case,
        mentee,
        "case_follow_up",
        key=f"{key}:follow_up",
        now=now,
        kind="notice",
        menu="follow_up",
    )
    return "asked"


def due_ids(session: Session, now: datetime, limit: int) -> list[int]:
    """Rows that are due, the longest overdue first; a route before whatever else is due then."""
    return list(
        session.scalars(
            select(CaseDue.id)
            .where(CaseDue.done_at.is_(None), CaseDue.due_at <= now)
            .order_by(CaseDue.due_at, CaseDue.id)
            .limit(limit)
        )
    )
