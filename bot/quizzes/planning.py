"""Planning ahead: which doses, at which moments, as rows that a coordinator can see.

A week at a time, so that a change of plan, of the bank or of a mentee's wishes voids little.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from bot.quizzes import calendar, campaigns
from bot.quizzes.plan import Plan
from bot.quizzes.plans import load_plans
from store.people import Person
from store.quizzes import Campaign, Dose, Enrolment, Preference

AHEAD = timedelta(days=8)
# Plan on when less than this is left.
LEFT = timedelta(days=1)
# The weekly summary comes at midday of the first day of the next week that has doses.
SUMMARY_WINDOW = (time(12), time(13))
_DAY = timedelta(days=1)
PUSHED = 3 * _DAY
# Nothing is wrong with a plan: the database cannot be asked just now, or asks to try again.
PASSING = (OperationalError, InterfaceError)
SPOILT_WAITS = timedelta(hours=1)

log = structlog.get_logger(__name__)


def plan_ahead(session: Session, now: datetime, limit: int = 500) -> int:
    """Plan the coming week of up to ``limit`` enrolments; returns how many were planned on.

    Safe to run at once in several processes, and again after a crash: a day has one dose.

    Args:
        now: aware.
    """
    running = campaigns.held(session)
    rows = session.execute(
        select(Enrolment, Campaign.version, Person.timezone, Preference)
        .join(Campaign, Campaign.id == Enrolment.campaign_id)
        .join(Person, Person.id == Enrolment.person_id)
        .outerjoin(Preference, Preference.person_id == Enrolment.person_id)
        .where(
            Enrolment.left_at.is_(None),
            Enrolment.campaign_id.in_(running),
            Enrolment.planned_to < now + LEFT,
        )
        .order_by(Enrolment.planned_to)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Enrolment)
    ).all()
    if not rows:
        return 0
    try:
        with session.begin_nested():
            _plan(session, rows, now)
    except PASSING:
        raise
    except Exception as error:
        log.error("enrolments cannot be planned together", error=type(error).__name__)
        _plan_one_by_one(session, rows, now)
    return len(rows)


def _plan_one_by_one(session: Session, rows: Sequence[Any], now: datetime) -> None:
    """Find the enrolment that spoils the others: it is passed over for an hour, and tried again.

    So a day is left out of its plan. Kept where it is, it would be the first of every batch.
    """
    for row in rows:
        enrolment_id = row.Enrolment.id
        try:
            with session.begin_nested():
                _plan(session, [row], now)
        except PASSING:
            raise
        except Exception as error:
            log.error(
                "enrolment cannot be planned", enrolment=enrolment_id, error=type(error).__name__
            )
            session.execute(
                update(Enrolment)
                .where(Enrolment.id == enrolment_id)
                .values(planned_to=now + LEFT + SPOILT_WAITS)
            )


def _plan(session: Session, rows: Sequence[Any], now: datetime) -> None:
    """Plan these enrolments, which are locked: (Enrolment, version, timezone, wishes) each."""
    plans = load_plans(session, {(row.Enrolment.campaign_id, row.version) for row in rows})
    doses: list[dict[str, Any]] = []
    ahead: list[dict[str, Any]] = []
    for enrolment, version, timezone, wishes in rows:
        chosen = plans[enrolment.campaign_id, version]
        # From where it ended, though the clock stood since: what is too late lapses, and says so.
        start = enrolment.planned_to
        until = max(now, start) + AHEAD
        doses += [
            {
                "campaign_id": enrolment.campaign_id,
                "campaign_version": version,
                "person_id": enrolment.person_id,
                "kind": kind,
                "slot": slot,
                "planned_at": at,
                "due_at": at,
            }
            for kind, slot, at in moments(
                chosen,
                key=f"{enrolment.campaign_id}:{enrolment.person_id}",
                timezone=timezone,
                start=start,
                until=until,
                wishes=wishes,
            )
        ]
        ahead.append({"id": enrolment.id, "planned_to": until})
    if doses:
        session.execute(insert(Dose).on_conflict_do_nothing(), doses)
    session.execute(update(Enrolment), ahead)


def moments(
    chosen: Plan,
    *,
    key: str,
    timezone: str,
    start: datetime,
    until: datetime,
    wishes: Preference | None = None,
) -> list[tuple[str, str, datetime]]:
    """What one mentee gets from ``start`` up to, not including, ``until``: (kind, slot, moment).

    Args:
        key: names campaign and mentee; the same key gives the same days and minute.
        timezone: the mentee's; the plan's own goes first.
    """
    zone_name = chosen.timezone or timezone
    here = calendar.zone(zone_name)
    first, last = start.astimezone(here).date(), until.astimezone(here).date()
    # A dose that the quiet hours or the weekend of a day before push into this span is in it.
    at = times(chosen, key, zone_name, first - PUSHED, last, start, wishes)
    kind = "question" if chosen.kind == "quiz" else "tip"
    found = [
        (kind, str(moment.astimezone(here).date()), moment)
        for moment in at
        if start <= moment < until
    ]
    if chosen.kind == "quiz" and chosen.summary:
        found += [
            ("summary", f"week:{monday}", moment)
            for monday, moment in _summaries(chosen, key, zone_name, first, last, start, wishes)
            if start <= moment < until
        ]
    return found


def times(
    chosen: Plan,
    key: str,
    timezone: str,
    first: date,
    last: date,
    now: datetime,
    wishes: Preference | None = None,
) -> list[datetime]:
    """The times of one mentee's doses on the local days from ``first`` to ``last``, in UTC."""
    start, end = max(first, chosen.start), min(last, chosen.end)
    if end < start:
        return []
    once = chosen.start == chosen.end
    wished = wishes is not None and chosen.own_hour
    moments = calendar.plan(
        timezone,
        start,
        end,
        key,
        now,
        # Something that is sent once is sent on its day.
        weekdays={chosen.start.weekday()} if once else _days(chosen, wishes),
        per_week=(wishes.per_week if wishes is not None else None) or chosen.per_week,
        hour=wishes.hour if wished and wishes is not None else None,
        window=chosen.window,
        quiet=chosen.quiet_hours,
        weekends=has_weekends(chosen, wishes),
    )
    paused = wishes.paused_until if wishes is not None else None
    return [moment for moment in moments if paused is None or moment >= paused]


def has_weekends(chosen: Plan, wishes: Preference | None) -> bool:
    """Whether this mentee gets something on Saturdays and Sundays.

    What is sent once is sent on its day.
    """
    if chosen.start == chosen.end:
        return True
    wish = wishes.weekends if wishes is not None else None
    return chosen.weekends if wish is None else wish


def _days(chosen: Plan, wishes: Preference | None) -> frozenset[int]:
    wish = wishes.weekends if wishes is not None else None
    return chosen.days | {5, 6} if wish else chosen.days


def _summaries(
    chosen: Plan,
    key: str,
    timezone: str,
    first: date,
    last: date,
    now: datetime,
    wishes: Preference | None,
) -> list[tuple[date, datetime]]:
    """(Monday of the week that is over, when its summary is due)."""
    weekends = has_weekends(chosen, wishes)
    paused = wishes.paused_until if wishes is not None else None
    found = []
    monday = first - _DAY * first.weekday()
    while monday <= last:
        over = monday - 7 * _DAY
        days = sorted(_days(chosen, wishes) if weekends else chosen.days & calendar.WEEKDAYS)
        is_ours = over + 6 * _DAY >= chosen.start and over <= chosen.end
        if is_ours and days:
            day = monday + _DAY * days[0]
            found += [
                (over, moment)
                for moment in calendar.plan(
                    timezone,
                    day,
                    day,
                    f"summary:{key}",
                    now,
                    weekdays={day.weekday()},
                    per_week=1,
                    window=SUMMARY_WINDOW,
                    quiet=chosen.quiet_hours,
                    weekends=True,
                )
                if paused is None or moment >= paused
            ]
        monday += 7 * _DAY
    return found


def replan(session: Session, person_id: int, now: datetime, reason: str) -> None:
    """A mentee's wishes changed: void what is planned for them and plan it anew."""
    # Waits for a planner that is at work on this mentee; then its doses are seen.
    session.execute(
        update(Enrolment)
        .where(Enrolment.person_id == person_id, Enrolment.left_at.is_(None))
        .values(planned_to=now)
    )
    session.execute(
        update(Dose)
        .where(Dose.person_id == person_id, Dose.state == "planned")
        .values(state="void", reason=reason, closed_at=now)
    )
