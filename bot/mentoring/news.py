"""What a mentor hears about their own work: the week, the month, visits due, that a leave is over.

And what a leader hears of the facility's month.

Each is a due row with its moment in the mentor's own time. Nothing to say, and nothing is sent.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot import outbox
from bot.mentoring import assigning, candidates, dues, leaders, rounds
from bot.text.moments import month_name
from bot.texts import text as say
from store.cases import Case, CaseEvent, MentorDue
from store.people import Person

# Local time at which a mentor reads about the week (Mondays) and the month (its first day).
AT = time(8)
# The day of a month on which a mentor hears what of the cadence is still due.
CADENCE_DAY = 15
# Who hears what.
HEARD_BY = {"week": "mentor", "month": "mentor", "cadence": "mentor", "facility": "leader"}
MOST_TOPICS = 5


@dataclass(frozen=True)
class Work:
    """A mentor's work in a span of time; ``hours``: the median time to a first answer."""

    cases: int
    answers: int
    thanks: int
    hours: float | None
    topics: tuple[str, ...]


def plan(session: Session, mentor_id: int, kind: str, due_at: datetime) -> None:
    """Have something said to a mentor; what is pending of this kind is moved."""
    row = insert(MentorDue).values(person_id=mentor_id, kind=kind, due_at=due_at)
    session.execute(
        row.on_conflict_do_update(
            index_elements=["person_id", "kind"],
            index_where=text("done_at IS NULL"),
            set_={"due_at": row.excluded.due_at},
        )
    )


def forget(session: Session, mentor_id: int, kind: str, now: datetime) -> None:
    """What is pending of this kind is not needed any more."""
    session.execute(
        update(MentorDue)
        .where(
            MentorDue.person_id == mentor_id,
            MentorDue.kind == kind,
            MentorDue.done_at.is_(None),
        )
        .values(done_at=now, outcome="not needed")
    )


def plan_ahead(session: Session, now: datetime) -> None:
    """Every mentor has a next week, month and look at the cadence; every leader a next month."""
    for kind, role in HEARD_BY.items():
        pending = exists().where(
            MentorDue.person_id == Person.id,
            MentorDue.kind == kind,
            MentorDue.done_at.is_(None),
        )
        without = session.execute(
            select(Person.id, Person.timezone).where(Person.roles.contains([role]), ~pending)
        )
        for mentor_id, zone in without.all():
            plan(session, mentor_id, kind, next_moment(kind, now, zone))


def next_moment(kind: str, now: datetime, timezone: str) -> datetime:
    """The morning of the next Monday, 1st, or of the cadence's day, in a time zone. Aware UTC."""
    here = ZoneInfo(timezone)
    today = now.astimezone(here).date()
    if kind == "week":
        day = today + timedelta(days=7 - today.weekday())
    elif kind == "cadence" and today.day < CADENCE_DAY:
        day = today.replace(day=CADENCE_DAY)
    elif kind == "cadence":
        day = (today.replace(day=1) + timedelta(days=32)).replace(day=CADENCE_DAY)
    else:
        day = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return datetime.combine(day, AT, here).astimezone(UTC)


def due_ids(session: Session, now: datetime, limit: int) -> list[int]:
    """Rows that are due."""
    return list(
        session.scalars(
            select(MentorDue.id)
            .where(MentorDue.done_at.is_(None), MentorDue.due_at <= now)
            .order_by(MentorDue.due_at)
            .limit(limit)
        )
    )


def look(session: Session, due_id: int, now: datetime) -> None:
    """Have the effect of a due row, once."""
    kind, mentor_id = session.execute(
        select(MentorDue.kind, MentorDue.person_id).where(MentorDue.id == due_id)
    ).one()
    mentor = session.get_one(
        Person,
        mentor_id,
        with_for_update={"of": Person, "key_share": True},
        populate_existing=True,
    )
    due = session.get_one(MentorDue, due_id, with_for_update=True, populate_existing=True)
    if due.done_at is not None or due.due_at > now:
        return
    due.done_at = now
    session.flush()
    if kind == "back":
        due.outcome = _back(session, mentor, due_id, now)
    elif HEARD_BY[kind] not in mentor.roles:
        due.outcome = f"no {HEARD_BY[kind]} any more"
    elif kind == "cadence":
        due.outcome = _cadence(session, mentor, due, now)
    elif kind == "facility":
        due.outcome = _facility(session, mentor, due, now)
    else:
        due.outcome = _tell(session, mentor, kind, due, now)


def _back(session: Session, mentor: Person, due_id: int, now: datetime) -> str:
    if candidates.is_away(mentor, now) or mentor.away_since is None:
        return "not needed"
    mentor.away_since = mentor.away_until = None
    dues.bring_waiting(session, now)
    return _told(session, mentor, say("mentor_leave_over", mentor.language), due_id, now)


def _cadence(session: Session, mentor: Person, due: MentorDue, now: datetime) -> str:
    body = rounds.nudge(session, mentor, now)
    if body is None:
        return "nothing is due"
    return _told(session, mentor, body, due.id, now)


def _facility(session: Session, leader: Person, due: MentorDue, now: datetime) -> str:
    start, end = span("month", due.due_at, leader.timezone)
    body = leaders.month(session, leader, start, end, now)
    if body is None or leader.consent != "yes":
        return "nothing to say" if body is None else "no consent"
    return _told(session, leader, body, due.id, now, "facility_month")


def _told(
    session: Session,
    person: Person,
    body: str,
    due_id: int,
    now: datetime,
    template: str = "mentor_news",
) -> str:
    """Say the news of a due row; outside the window the template says all of it in one line."""
    outbox.say(
        session,
        person,
        body,
        key=f"mentor_due:{due_id}",
        now=now,
        kind="notice",
        template=outbox.Template(template, {"1": " ".join(body.split())}, is_enough=True),
    )
    return "told"


def _tell(session: Session, mentor: Person, kind: str, due: MentorDue, now: datetime) -> str:
    start, end = span(kind, due.due_at, mentor.timezone)
    done = work(session, mentor, start, end)
    waiting = len(assigning.open_of(session, mentor))
    if not (done.cases or done.thanks or (waiting and kind == "week")):
        return "nothing to say"
    body = (
        week(done, waiting, mentor.language)
        if kind == "week"
        else month(done, start.astimezone(ZoneInfo(mentor.timezone)).date(), mentor.language)
    )
    return _told(session, mentor, body, due.id, now)


def span(kind: str, due_at: datetime, timezone: str) -> tuple[datetime, datetime]:
    """The week or the month before the day on which it is told. Aware UTC."""
    here = ZoneInfo(timezone)
    day = due_at.astimezone(here).date()
    first = day - timedelta(days=7) if kind == "week" else _month_before(day)
    return (
        datetime.combine(first, time(), here).astimezone(UTC),
        datetime.combine(day, time(), here).astimezone(UTC),
    )


def _month_before(day: date) -> date:
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def work(session: Session, mentor: Person, start: datetime, end: datetime) -> Work:
    """What a mentor did from ``start`` up to, not including, ``end`` (aware)."""
    answered = session.execute(
        select(CaseEvent.case_id, Case.topic, Case.opened_at, CaseEvent.at)
        .join(Case, Case.id == CaseEvent.case_id)
        .where(
            CaseEvent.kind == "answered",
            CaseEvent.person_id == mentor.id,
            CaseEvent.at >= start,
            CaseEvent.at < end,
        )
        .order_by(CaseEvent.id)
    ).all()
    thanked = session.scalars(
        select(CaseEvent.case_id)
        .join(Case, Case.id == CaseEvent.case_id)
        .where(
            CaseEvent.kind == "rated",
            CaseEvent.data["helped"].as_boolean(),
            Case.mentor_id == mentor.id,
            CaseEvent.at >= start,
            CaseEvent.at < end,
        )
    ).all()
    first: dict[int, tuple[str | None, float]] = {}
    for case_id, topic, opened_at, at in answered:
        first.setdefault(case_id, (topic, (at - opened_at) / timedelta(hours=1)))
    topics = Counter(topic for topic, _ in first.values() if topic)
    return Work(
        cases=len(first),
        answers=len(answered),
        thanks=len(set(thanked)),
        hours=median(hours for _, hours in first.values()) if first else None,
        topics=tuple(topic for topic, _ in topics.most_common(MOST_TOPICS)),
    )


def week(done: Work, waiting: int, language: str) -> str:
    """A mentor's week in a few words."""
    parts = [say(_counted("mentor_week", done.cases), language, cases=done.cases)]
    if done.thanks:
        thanks = _counted("mentor_week_thanks", done.thanks)
        parts.append(say(thanks, language, thanks=done.thanks))
    if waiting:
        parts.append(say(_counted("mentor_week_open", waiting), language, open=waiting))
    return " ".join(parts)


def _counted(key: str, number: int) -> str:
    """The text for none, for one, or for several."""
    return key + {0: "_none", 1: "_one"}.get(number, "")


def month(done: Work, first: date, language: str) -> str:
    """A mentor's month, to forward: no names of mentees, no words of theirs."""
    parts = [
        say(
            "mentor_month",
            language,
            month=month_name(first, language),
            cases=done.cases,
            answers=done.answers,
        )
    ]
    if done.hours is not None:
        parts.append(say("mentor_month_hours", language, hours=f"{done.hours:.1f}"))
    if done.thanks:
        parts.append(say("mentor_month_thanks", language, thanks=done.thanks))
    if done.topics:
        topics = ", ".join(topic.replace("_", " ") for topic in done.topics)
        parts.append(say("mentor_month_topics", language, topics=topics))
    return " ".join(parts)
