"""How the programme stands: cost, plans, and the matrix of mentees."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.mentoring.competencies import Catalogue
from bot.mentoring.standings import record
from bot.mentoring.validation import Record, Standing, fully, standing
from bot.people import display_name
from bot.reports.query import Wanted, run
from bot.reports.table import Column, Report
from bot.reports.validated import validations_sql
from store.learning import Assessment
from store.people import Person

COST: Final = (
    "Messages of the period that the network took: SMS segments, WhatsApp templates, and other"
    " WhatsApp messages. Active: mentees with at least one answer in the period. Validated: mentees"
    " who became validated in at least one competency in it. Multiply by your contract's prices."
)
MATRIX: Final = (
    "V: validated. K: 85 % in a post-test, skill not signed yet. S: skill signed, 85 % not reached"
    " yet. n: tried, neither reached yet. A point: required, not assessed. Empty: not required of"
    " the cadre."
)
_SIGNS: Final = {
    "validated": "V",
    "skill missing": "K",
    "knowledge missing": "S",
    "not yet": "n",
    "not assessed": "",
}


def cost(session: Session, wanted: Wanted, catalogue: Catalogue) -> Report:
    """Messages and segments, for each active and each validated mentee."""
    sql = """
        SELECT 'All' AS "group", sent.*,
          (SELECT count(DISTINCT person_id) FROM answer
           WHERE answered_at >= :start AND answered_at < :end) AS active,
          (SELECT count(DISTINCT v.person_id) FROM (/*validated*/) v
           WHERE v.at >= :start AND v.at < :end) AS validated
        FROM (
          SELECT CAST(coalesce(sum(segments) FILTER (WHERE channel = 'sms'), 0) AS bigint)
              AS segments,
            count(*) FILTER (WHERE channel = 'whatsapp' AND form = 'template') AS templates,
            count(*) FILTER (WHERE channel = 'whatsapp' AND form IS DISTINCT FROM 'template')
              AS free
          FROM outbox WHERE provider_sid IS NOT NULL
            AND attempted_at >= :start AND attempted_at < :end
        ) sent
        """
    rows = run(session, sql.replace("/*validated*/", validations_sql(session)), wanted)
    for row in rows:
        for people in ("active", "validated"):
            for what in ("segments", "templates"):
                number = row[people]
                row[f"{what}_per_{people}"] = round(row[what] / number, 1) if number else None
    return Report(
        "cost",
        "Cost",
        wanted.period.label,
        (
            Column("segments", "SMS segments", "count"),
            Column("templates", "Templates", "count"),
            Column("free", "Other WhatsApp", "count"),
            Column("active", "Active mentees", "count"),
            Column("segments_per_active", "Segments each", "number"),
            Column("templates_per_active", "Templates each", "number"),
            Column("validated", "Validated", "count"),
            Column("segments_per_validated", "Segments each", "number"),
            Column("templates_per_validated", "Templates each", "number"),
        ),
        rows,
        COST,
    )


def matrix(session: Session, people: Iterable[Person], catalogue: Catalogue) -> Report:
    """How each of these mentees stands in each competency of their cadre.

    Only for whoever works with them: nothing is hidden. In the order of their names.
    """
    everybody = list(people)
    records: dict[int, list[Record]] = {person.id: [] for person in everybody}
    for row in session.scalars(select(Assessment).where(Assessment.person_id.in_(records))):
        records[row.person_id].append(record(row))
    needed = [catalogue.required(person.cadre) for person in everybody]
    tried = {(one.area, one.competency) for theirs in records.values() for one in theirs}
    shown = [
        one
        for one in catalogue.competencies.values()
        if any(one.id in levels for levels in needed) or (one.area, one.id) in tried
    ]
    rows: list[dict[str, Any]] = []
    for person, levels in zip(everybody, needed, strict=True):
        found = {one.id: standing(records[person.id], one.area, one.id) for one in shown}
        validated = sum(one.validated_at is not None for one in found.values())
        rows.append(
            {
                "mentee": display_name(person, person.external_id or f"#{person.id}"),
                **{name: _sign(one, name in levels) for name, one in found.items()},
                "validated": validated,
                "fully": "yes" if fully(found, levels) else "no",
            }
        )
    rows.sort(key=lambda row: row["mentee"])
    return Report(
        "matrix",
        "Mentees and competencies",
        "",
        (
            Column("mentee", "Mentee"),
            *(Column(one.id, one.id) for one in shown),
            Column("validated", "Validated", "count"),
            Column("fully", "Fully"),
        ),
        rows,
        MATRIX,
        tuple(f"{one.id}: {one.title['en']}" for one in shown),
    )


def one_mentee(session: Session, person: Person, catalogue: Catalogue) -> Report:
    """All that one mentee has shown, competency by competency, with dates and attempts."""
    records = [
        record(row)
        for row in session.scalars(select(Assessment).where(Assessment.person_id == person.id))
    ]
    levels = catalogue.required(person.cadre)
    tried = {(one.area, one.competency) for one in records}
    rows = []
    for one in catalogue.competencies.values():
        if one.id not in levels and (one.area, one.id) not in tried:
            continue
        found = standing(records, one.area, one.id)
        mentor = session.get(Person, found.mentor) if found.mentor else None
        rows.append(
            {
                "area": one.area,
                "competency": one.title["en"],
                "required": levels.get(one.id, "–"),
                "post_tests": found.post_tests,
                "best": None if found.best is None else int(found.best * 1000) / 10,
                "knowledge": found.knowledge_at and found.knowledge_at.date().isoformat(),
                "observed": found.observations,
                "skill": found.skill_at and found.skill_at.date().isoformat(),
                "mentor": display_name(mentor, "a mentor") if mentor else None,
                "status": found.status,
            }
        )
    return Report(
        "matrix",
        display_name(person, "One mentee"),
        "",
        (
            Column("area", "Area"),
            Column("competency", "Competency"),
            Column("required", "Required"),
            Column("post_tests", "Post-tests", "count"),
            Column("best", "Best %", "percent"),
            Column("knowledge", "85 % since"),
            Column("observed", "Observed", "count"),
            Column("skill", "Signed"),
            Column("mentor", "By"),
            Column("status", "Status"),
        ),
        rows,
        "Validated: a post-test of at least 85 % and a skill signed by a mentor. Percent are cut"
        " off, not rounded.",
    )


def _sign(found: Standing, required: bool) -> str:
    return _SIGNS[found.status] or ("·" if required else "")
