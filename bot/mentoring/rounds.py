"""The cadence rules beside what was recorded: which mentor, facility or group has met how often."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import people
from bot.mentoring import cadence
from bot.mentoring.cadence import Meeting, Of, Rule, Span, Standing
from bot.texts import text
from store.encounters import Encounter, EncounterMentee
from store.people import Facility, Person
from store.visits import Visit

_CHW: Final = "chw"
# A visit reaches this far into the time after it began.
_LONGEST: Final = timedelta(days=14)


@dataclass(frozen=True)
class Subject:
    """Whom a rule counts for. ``since``: from when on; ``size``: how many people a group has.

    ``id``: of a mentor or a facility.
    """

    name: str
    since: date
    association: bool | None = None
    size: int | None = None
    id: int | None = None


@dataclass(frozen=True)
class Kept:
    """How a rule stands for one subject in each of some spans, the earliest first."""

    subject: Subject
    rule: Rule
    standings: Sequence[Standing]


def kept(
    session: Session, of: Of, first: date, last: date, today: date, timezone: str
) -> list[Kept]:
    """Every rule of a kind, for each of its subjects by name, in the spans between two days.

    Args:
        timezone: whose days these are: the programme's.
    """
    wanted = [rule for rule in cadence.rules() if rule.of == of]
    from_day = min((cadence.span_of(rule.every, first).first for rule in wanted), default=first)
    to_day = max((cadence.span_of(rule.every, last).last for rule in wanted), default=last)
    zone = ZoneInfo(timezone)
    subjects = _subjects(session, of, zone)
    done, planned = _meetings(session, of, from_day, to_day, zone)
    found = []
    for key, subject in sorted(subjects.items(), key=lambda one: (one[1].name, str(one[0]))):
        for rule in wanted:
            if rule.association not in (None, subject.association):
                continue
            found.append(
                Kept(
                    subject,
                    rule,
                    [
                        cadence.standing(rule, span, today, done[key], planned[key])
                        for span in cadence.spans(rule.every, first, last)
                        if span.last >= subject.since
                    ],
                )
            )
    return found


def _subjects(session: Session, of: Of, zone: ZoneInfo) -> Mapping[object, Subject]:
    if of == "mentor":
        mentors = session.scalars(select(Person).where(Person.roles.contains(["mentor"])))
        return {
            one.id: Subject(
                people.bare_name(one) or f"#{one.id}",
                one.created_at.astimezone(zone).date(),
                bool(one.association),
                id=one.id,
            )
            for one in mentors.unique()
        }
    if of == "facility":
        rows = session.execute(
            select(Facility.id, Facility.name, Facility.district, func.min(Person.created_at))
            .join(Person, Person.facility_id == Facility.id)
            .where(Person.roles.contains(["mentee"]), Person.mentor_id.is_not(None))
            .group_by(Facility.id)
        )
        return {
            one: Subject(
                f"{name} ({district})" if district else name,
                since.astimezone(zone).date(),
                id=one,
            )
            for one, name, district, since in rows
        }
    return {
        name: Subject(name, since.astimezone(zone).date(), size=len(members))
        for name, (members, since) in groups(session).items()
    }


def groups(
    session: Session, mentor_id: int | None = None
) -> dict[str, tuple[frozenset[int], datetime]]:
    """Groups of CHWs by name, with the ids of their people, and since when the first is known."""
    query = select(Person.id, Person.groups, Person.created_at).where(
        func.lower(Person.cadre) == _CHW, func.cardinality(Person.groups) > 0
    )
    if mentor_id is not None:
        query = query.where(Person.mentor_id == mentor_id)
    members: dict[str, set[int]] = defaultdict(set)
    since: dict[str, datetime] = {}
    for person_id, names, created_at in session.execute(query):
        for name in names:
            members[name].add(person_id)
            since[name] = min(since.get(name, created_at), created_at)
    return {name: (frozenset(ids), since[name]) for name, ids in members.items()}


Meetings = defaultdict[object, list[Meeting]]


def _meetings(
    session: Session, of: Of, first: date, last: date, zone: ZoneInfo
) -> tuple[Meetings, Meetings]:
    """What took place and what is planned, by subject."""
    start = datetime.combine(first, time(), zone)
    end = datetime.combine(last + timedelta(days=1), time(), zone)
    if of == "group":
        return _sessions(session, start, end, zone), defaultdict(list)
    done: Meetings = defaultdict(list)
    planned: Meetings = defaultdict(list)
    for visit in session.scalars(
        select(Visit).where(
            Visit.starts_at >= start - _LONGEST,
            Visit.starts_at < end,
            Visit.state.in_(("planned", "held")),
        )
    ):
        key = visit.mentor_id if of == "mentor" else visit.facility_id
        day = visit.starts_at.astimezone(zone).date()
        meeting = Meeting(day, visit.days, visit.facility_id)
        (done if visit.state == "held" else planned)[key].append(meeting)
    for mentor_id, began_at, places in _in_person(session, start, end):
        place = places.most_common(1)[0][0] if places else None
        subject = mentor_id if of == "mentor" else place
        done[subject].append(Meeting(began_at.astimezone(zone).date(), 1, place))
    return done, planned


def _in_person(
    session: Session, start: datetime, end: datetime
) -> Iterable[tuple[int, datetime, Counter[int]]]:
    """Meetings in person outside of visits: the mentor, when, and where its mentees work."""
    rows = session.execute(
        select(Encounter.id, Encounter.mentor_id, Encounter.began_at, Person.facility_id)
        .join(EncounterMentee, EncounterMentee.encounter_id == Encounter.id)
        .join(Person, Person.id == EncounterMentee.person_id)
        .where(
            Encounter.kind == "in_person",
            Encounter.visit_id.is_(None),
            Encounter.began_at >= start,
            Encounter.began_at < end,
        )
    )
    found: dict[int, tuple[int, datetime, Counter[int]]] = {}
    for encounter_id, mentor_id, began_at, facility_id in rows:
        one = found.setdefault(encounter_id, (mentor_id, began_at, Counter()))
        if facility_id is not None:
            one[2][facility_id] += 1
    return found.values()


def _sessions(session: Session, start: datetime, end: datetime, zone: ZoneInfo) -> Meetings:
    """Group encounters, by text or in person, and how many of each group took part."""
    of_person: dict[int, list[str]] = defaultdict(list)
    for name, (members, _) in groups(session).items():
        for person_id in members:
            of_person[person_id].append(name)
    rows = session.execute(
        select(Encounter.id, Encounter.began_at, EncounterMentee.person_id)
        .join(EncounterMentee, EncounterMentee.encounter_id == Encounter.id)
        .where(Encounter.form == "group", Encounter.began_at >= start, Encounter.began_at < end)
    )
    took_part: Counter[tuple[str, int]] = Counter()
    began: dict[int, date] = {}
    for encounter_id, began_at, person_id in rows:
        began[encounter_id] = began_at.astimezone(zone).date()
        took_part.update((name, encounter_id) for name in of_person.get(person_id, ()))
    found: Meetings = defaultdict(list)
    for (name, encounter_id), people_there in took_part.items():
        found[name].append(Meeting(began[encounter_id], people=people_there))
    return found


def nudge(session: Session, mentor: Person, now: datetime) -> str | None:
    """What of the cadence is still due for a mentor and not planned; ``None``: nothing."""
    today = now.astimezone(ZoneInfo(mentor.timezone)).date()
    done, planned = _meetings(
        session, "mentor", *_ends(cadence.span_of("month", today)), ZoneInfo(mentor.timezone)
    )
    lines = []
    for rule in cadence.rules():
        if rule.of != "mentor" or rule.association not in (None, bool(mentor.association)):
            continue
        span = cadence.span_of(rule.every, today)
        found = cadence.standing(rule, span, today, done[mentor.id], planned[mentor.id])
        if found.state == "due":
            lines.append(
                text(
                    f"cadence_{rule.what}_due",
                    mentor.language,
                    done=found.done,
                    least=rule.least,
                    planned=found.planned,
                )
            )
    lines += _groups_due(session, mentor, today)
    return " ".join(lines) or None


def _groups_due(session: Session, mentor: Person, today: date) -> list[str]:
    own = groups(session, mentor.id)
    rules = [rule for rule in cadence.rules() if rule.of == "group"] if own else []
    due: list[str] = []
    for rule in rules:
        span = cadence.span_of(rule.every, today)
        zone = ZoneInfo(mentor.timezone)
        done, planned = _meetings(session, "group", *_ends(span), zone)
        due += [
            name
            for name in sorted(own)
            if cadence.standing(rule, span, today, done[name], planned[name]).state == "due"
        ]
    if not due:
        return []
    return [text("cadence_groups_due", mentor.language, groups=", ".join(dict.fromkeys(due)))]


def _ends(span: Span) -> tuple[date, date]:
    return span.first, span.last
