"""An observed skill, signed by a mentor: the record, and what the mentee hears.

The mentor's job writes; it holds the mentor's row only. What the record brings about for the mentee
(a goal reached, a certificate) is left to a due row of the mentee's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import literal, or_, select
from sqlalchemy.orm import Session

from bot import people
from bot.mentoring import coaching, encounters, plan_dues, reaching
from bot.mentoring.competencies import Competency, Step
from bot.mentoring.marks import Mark
from bot.mentoring.validation import skill_passed
from bot.texts import text
from store.learning import Assessment, SkillObservation
from store.people import Person
from store.visits import Visit, VisitPerson

# Steps to practise that are named to the mentee; the mentor tells the rest.
MOST_NAMED: Final = 3
# What was seen on a visit may be signed so long after its last day.
SIGNS_FOR: Final = timedelta(days=7)
# A walk that was put aside for a night is no encounter of a night.
LONGEST: Final = timedelta(hours=2)


def mentees_of(session: Session, mentor: Person, now: datetime) -> list[Person]:
    """The mentees whose skills somebody may sign, by name.

    Those whom they mentor, as their own or as the backup, and those whom they meet on a visit of
    their own: from its beginning until a week after its last day, and once it is told of only who
    was seen.

    Args:
        now: aware.
    """
    over_at = Visit.starts_at + Visit.days * literal(timedelta(days=1))
    met = (
        select(VisitPerson.person_id)
        .join(Visit, Visit.id == VisitPerson.visit_id)
        .where(
            Visit.mentor_id == mentor.id,
            VisitPerson.part == "mentee",
            Visit.starts_at <= now,
            over_at > now - SIGNS_FOR,
            or_(Visit.state == "planned", (Visit.state == "held") & VisitPerson.seen),
        )
    )
    found = session.scalars(
        select(Person).where(
            or_(
                Person.mentor_id == mentor.id,
                Person.backup_mentor_id == mentor.id,
                Person.id.in_(met),
            ),
            Person.id != mentor.id,
        )
    ).unique()
    return sorted(found, key=lambda one: (people.bare_name(one).casefold(), one.id))


def result(
    competency: Competency, marks: Mapping[str, Mark]
) -> tuple[bool, list[Step], list[Step]]:
    """Whether it is passed, the steps done, and what to practise: critical ones first."""
    done = [one for one in competency.checklist if marks.get(one.id) == "done"]
    passed, _ = skill_passed(competency, [one.id for one in done])
    open_ = [
        one
        for one in competency.checklist
        if marks.get(one.id) == "not_yet" or (one.critical and marks.get(one.id) != "done")
    ]
    return passed, done, sorted(open_, key=lambda one: not one.critical)


def sign(
    session: Session,
    *,
    mentor: Person,
    mentee: Person,
    competency: Competency,
    marks: Mapping[str, Mark],
    key: str,
    began_at: datetime,
    now: datetime,
) -> bool:
    """Keep a signed observation, once per ``key``, and tell the mentee. Never changed afterwards.

    The patient has agreed; without that there is no observation.

    Args:
        marks: by the ids of the checklist's steps.
        began_at: aware, and so is ``now``.

    Returns:
        Whether the skill is passed.
    """
    passed, done, practise = result(competency, marks)
    known = session.scalar(select(Assessment.id).where(Assessment.key == f"skill:{key}"))
    if known is not None:
        return passed
    row = Assessment(
        person_id=mentee.id,
        technical_area=competency.area,
        competency=competency.id,
        kind="skill",
        score=len(done),
        out_of=len(competency.checklist),
        passed=passed,
        at=now,
        assessor_id=mentor.id,
        source="phone",
        key=f"skill:{key}",
    )
    session.add(row)
    session.flush()
    _, failed = skill_passed(competency, [one.id for one in done])
    session.add(
        SkillObservation(
            assessment_id=row.id,
            competency=competency.id,
            mentor_id=mentor.id,
            patient_consent=True,
            steps=[
                {
                    "id": one.id,
                    "critical": one.critical,
                    "done": marks.get(one.id) == "done",
                    "mark": marks.get(one.id, "not_seen"),
                }
                for one in competency.checklist
            ],
            critical_failed=list(failed),
            signed_at=now,
        )
    )
    session.flush()
    encounters.of_skill(
        session,
        mentor=mentor.id,
        mentee=mentee.id,
        competency=competency.id,
        key=key,
        began_at=max(began_at, now - LONGEST),
        now=now,
    )
    if not passed:
        _into_the_plan(session, mentee, competency, practise, key, now)
    _tell(session, mentor, mentee, competency, passed, done, practise, key, now)
    plan_dues.record_grew(session, mentee.id, now)
    return passed


def _into_the_plan(
    session: Session,
    mentee: Person,
    competency: Competency,
    practise: list[Step],
    key: str,
    now: datetime,
) -> None:
    steps = "; ".join(_words(one, mentee.language) for one in practise if one.critical)
    coaching.add(
        session,
        mentee=mentee,
        gap=f"{_title(competency, mentee.language)} ({steps})",
        action=text("plan_action_skill", mentee.language),
        owner_id=mentee.id,
        due_on=None,
        source="skill",
        key=f"skill:{key}",
        now=now,
        competency=competency.id,
    )


def _tell(
    session: Session,
    mentor: Person,
    mentee: Person,
    competency: Competency,
    passed: bool,
    done: list[Step],
    practise: list[Step],
    key: str,
    now: datetime,
) -> None:
    """What went well first, then what to practise, then what it counts for."""
    where = mentee.language
    values = {
        "mentor": people.bare_name(mentor) or text("plan_mentor", where),
        "competency": _title(competency, where),
        "done": len(done),
        "total": len(competency.checklist),
    }
    parts = [text("skill_seen" if done else "skill_seen_none", where, **values)]
    if practise:
        named = "; ".join(_words(one, where) for one in practise[:MOST_NAMED])
        parts.append(text("skill_practise", where, steps=named))
    parts.append(text("skill_signed" if passed else "skill_again", where, **values))
    reaching.say_plain(session, mentee, " ".join(parts), f"skill:{key}", now)


def _title(competency: Competency, language: str) -> str:
    return competency.title.get(language) or competency.title["en"]


def _words(step: Step, language: str) -> str:
    return step.text.get(language) or step.text["en"]
