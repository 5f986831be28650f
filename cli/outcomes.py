"""What came of a simulation: figures, who ought to be validated, and what the reports say."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.mentoring import standings
from bot.mentoring.competencies import Catalogue, kept
from bot.mentoring.validation import KNOWLEDGE
from bot.people import bare_name
from bot.reports import fiscal
from bot.reports.programme import matrix
from bot.reports.table import Report
from bot.reports.validated import validated
from cli.playing import Play, Player
from scheduler.jobs import Works
from simulator.cohort import Mentee, Mentor
from store.cases import Case
from store.encounters import Encounter
from store.learning import Assessment
from store.messages import OutboxMessage
from store.people import Address, Person
from store.plans import Certificate, PlanItem
from store.quizzes import Answer, Dose, LearnerItem
from store.stock import StockReport
from store.visits import Visit
from store.walks import Walk


def figures(works: Works, began: datetime, this: Play) -> dict[str, Any]:
    """What came of it since a moment (aware), counted from the rows, beside what phones saw."""
    known = kept(works.settings.competencies_dir)
    with works.sessions() as session:
        doses = session.execute(
            select(Dose.kind, Dose.state, func.count())
            .where(Dose.planned_at >= began)
            .group_by(Dose.kind, Dose.state)
        ).all()
        count = {(kind, state): number for kind, state, number in doses}
        answers = session.scalars(
            select(Answer).where(Answer.answered_at >= began).order_by(Answer.id)
        ).all()
        reasons = session.execute(
            select(Dose.state, Dose.reason, func.count())
            .where(Dose.planned_at >= began, Dose.state.in_(("lapsed", "unsent")))
            .group_by(Dose.state, Dose.reason)
            .order_by(func.count().desc())
        ).all()
        retired = session.scalar(select(func.count()).where(LearnerItem.retired >= began))
        reminded = _reminders(session, began)
        cases = session.scalar(select(func.count()).where(Case.opened_at >= began))
        unreadable = session.scalar(
            select(func.coalesce(func.sum(Dose.unreadable), 0)).where(Dose.planned_at >= began)
        )
        coaching = _coaching(session, began)
        records = validated_by_records(session, people_of(session, this.players.values()), known)
    first = [answer.right for answer in answers if answer.first]
    again = [answer.right for answer in answers if not answer.first]
    given = sum(count.get(("question", s), 0) for s in ("open", "answered", "expired"))
    return {
        "from": began.isoformat(timespec="minutes"),
        "to": works.now().isoformat(timespec="minutes"),
        "questions_given": given,
        "answered": len(answers),
        "answered_share": _share(len(answers), given),
        "answered_late": sum(answer.late for answer in answers),
        "median_minutes_to_answer": round(median(a.latency for a in answers) / 60)
        if answers
        else None,
        "right_at_first": _share(sum(first), len(first)),
        "right_when_repeated": _share(sum(again), len(again)),
        "repeats": len(again),
        "reminders": reminded,
        "expired": count.get(("question", "expired"), 0),
        "unreadable_texts": int(unreadable or 0),
        "items_retired": retired,
        "weekly_summaries": count.get(("summary", "given"), 0),
        "cases_opened": cases,
        **coaching,
        "validated": len(records),
        "validated_as_phones_saw": len(validated_by_phones(this.players.values(), known)),
        "not_given": "; ".join(f"{state}: {why} ({n})" for state, why, n in reasons) or "none",
        "acts": this.acts,
        "steps": this.steps,
        "digest": _digest(works, began, answers),
    }


def _reminders(session: Session, began: datetime) -> int:
    """Reminders that were handed to the provider."""
    found = session.scalar(
        select(func.count()).where(
            OutboxMessage.kind == "campaign_reminder",
            OutboxMessage.created_at >= began,
            OutboxMessage.provider_sid.is_not(None),
        )
    )
    return int(found or 0)


def _coaching(session: Session, began: datetime) -> dict[str, Any]:
    """Self-assessments, tests, visits, skills, plans and certificates since a moment."""

    def count(model: Any, *conditions: Any) -> int:
        return session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0

    def tests(kind: str, *conditions: Any) -> int:
        return count(Assessment, Assessment.kind == kind, Assessment.at >= began, *conditions)

    ended = (Walk.kind == "assess", Walk.status == "done", Walk.closed_at >= began)
    level = Assessment.score * KNOWLEDGE.denominator >= Assessment.out_of * KNOWLEDGE.numerator
    visits = dict(
        session.execute(
            select(Visit.state, func.count())
            .where(Visit.created_at >= began)
            .group_by(Visit.state)
            .order_by(Visit.state)
        ).all()
    )
    signed, passed = tests("skill"), tests("skill", Assessment.passed)
    return {
        "self_assessments": count(Walk, *ended),
        "pre_tests": tests("pre"),
        "post_tests": _share(tests("post", level), tests("post")) + " reached 85 %",
        "visits": ", ".join(f"{number} {state}" for state, number in visits.items()) or "none",
        "skills_signed": f"{_share(passed, signed)} passed",
        "encounters": count(Encounter, Encounter.began_at >= began),
        "plan_items": count(PlanItem, PlanItem.created_at >= began),
        "stock_outs": count(StockReport, StockReport.opened_at >= began),
        "certificates": count(Certificate, Certificate.issued_at >= began),
    }


Validated = set[tuple[str, str]]
"""Mentees by name, and competencies by id."""


def validated_by_phones(players: Iterable[Player], known: Catalogue) -> Validated:
    """Who ought to be validated in what, as the phones of mentees and mentors have said.

    A post-test told a mentee that the level is reached, and a mentor signed a skill as passed.
    """
    everybody = set(players)
    signed: dict[str, set[str]] = {}
    for mentor in everybody:
        if isinstance(mentor, Mentor):
            for name, skills in mentor.rounds.signed.items():
                done = {title for title, passed in skills.items() if passed}
                signed.setdefault(name, set()).update(done)
    return {
        (mentee.traits.name, one.id)
        for mentee in everybody
        if isinstance(mentee, Mentee)
        for one in known.competencies.values()
        if one.area.upper() in mentee.course.reached
        and signed.get(mentee.traits.name, set()) & set(one.title.values())
    }


def validated_by_records(session: Session, people: Iterable[Person], known: Catalogue) -> Validated:
    """Who is validated in what by the rule of the product."""
    return {
        (bare_name(person), name)
        for person in people
        for name in standings.of(session, person, known).validated
    }


def people_of(session: Session, players: Iterable[Player]) -> list[Person]:
    """The mentees among the players, by name."""
    numbers = {one.traits.number for one in players if isinstance(one, Mentee)}
    found = session.scalars(
        select(Person)
        .where(Person.addresses.any(Address.value.in_(numbers)))
        .order_by(Person.name, Person.id)
    ).unique()
    return list(found)


def reports(works: Works, this: Play) -> list[Report]:
    """What the programme's own reports say now: table 1 or 2, and the matrix of these mentees.

    Nothing is hidden, for nobody of these exists.
    """
    known, now = kept(works.settings.competencies_dir), works.now()
    zone = ZoneInfo(works.settings.default_timezone)
    year = fiscal.of(now.astimezone(zone).date(), works.settings.fiscal_year_start_month)
    with works.sessions() as session:
        people = people_of(session, this.players.values())
        return [
            validated(session, "district", [year.period(zone)], known, whole=True),
            matrix(session, people, known),
        ]


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%} ({part} of {whole})" if whole else "none"


def _digest(works: Works, began: datetime, answers: Sequence[Answer]) -> str:
    """One word for who answered what, and was found to know and do what, on which day.

    The same seed gives the same word.
    """
    with works.sessions() as session:
        names = dict(session.execute(select(Person.id, Person.name)).all())
        records = session.scalars(select(Assessment).where(Assessment.at >= began)).all()
    lines = sorted(
        f"{names[a.person_id]} {a.item_id} {a.option} {a.answered_at:%Y-%m-%d}" for a in answers
    )
    lines += sorted(
        f"{names[one.person_id]} {one.technical_area} {one.competency} {one.kind}"
        f" {one.score} {one.passed} {one.at:%Y-%m-%d}"
        for one in records
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]
