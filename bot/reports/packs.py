"""Packs: a mentor's month and a district's quarter, several reports each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from babel.dates import format_date
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.mentoring.competencies import Catalogue
from bot.people import display_name
from bot.reports.fiscal import Period
from bot.reports.language import heading, translated
from bot.reports.programme import matrix
from bot.reports.query import Wanted, run
from bot.reports.registry import REPORTS
from bot.reports.table import Column, Report, percent
from bot.reports.validated import validated
from store.people import Person

OF_A_DISTRICT: Final = (
    "active", "response", "time-to-answer", "questions", "service-level", "danger", "encounters",
    "stock-outs", "cascade", "attrition",
)  # fmt: skip
MONTH: Final = (
    "Your mentees and what they did in the month: questions they were asked and answered, cases"
    " they had with you and how soon you first replied, tests and observed skills. In the order of"
    " their names; this is for you, not for ranking anybody."
)


@dataclass(frozen=True)
class Pack:
    """Several reports under one heading, in one language."""

    heading: str
    reports: tuple[Report, ...]


def mentors_month(
    session: Session,
    mentor: Person,
    month: Period,
    now: datetime,
    catalogue: Catalogue,
    language: str,
) -> Pack:
    """What ``of_mentor`` says, to be handed to the mentor."""
    reports = of_mentor(session, mentor, month, now, catalogue)
    name = display_name(mentor, "–")
    head = f"Monthly pack: {name}, {format_date(month.start, 'MMMM yyyy', locale=language)}"
    return _pack(head, reports, catalogue, language)


def districts_quarter(
    session: Session,
    district: str,
    quarter: Period,
    now: datetime,
    catalogue: Catalogue,
    language: str,
) -> Pack:
    """What ``of_district`` says, to be handed to the district."""
    reports = of_district(session, district, quarter, now, catalogue)
    first = format_date(quarter.start, "MMMM", locale=language)
    last = format_date(quarter.end - timedelta(days=1), "MMMM yyyy", locale=language)
    return _pack(f"Quarterly pack: {district}, {first} to {last}", reports, catalogue, language)


def _pack(head: str, reports: Iterable[Report], catalogue: Catalogue, language: str) -> Pack:
    return Pack(
        heading(head, language), tuple(translated(one, language, catalogue) for one in reports)
    )


def of_mentor(
    session: Session, mentor: Person, month: Period, now: datetime, catalogue: Catalogue
) -> list[Report]:
    """A mentor's own list: the month of each mentee, and where each stands. Nothing is hidden."""
    mentees = session.scalars(select(Person).where(Person.mentor_id == mentor.id)).all()
    return [
        _month(session, mentor, Wanted(month, now, whole=True)),
        replace(matrix(session, mentees, catalogue), period=f"at the end of {month.label}"),
    ]


def _month(session: Session, mentor: Person, wanted: Wanted) -> Report:
    rows = run(
        session,
        """
        SELECT coalesce(nullif(p.name, ''), p.external_id, '#' || p.id) AS mentee,
          f.name AS facility,
          (SELECT count(*) FROM dose d WHERE d.person_id = p.id AND d.kind = 'question'
             AND d.sent_at >= :start AND d.sent_at < :end) AS asked,
          coalesce(a.answers, 0) AS answers, coalesce(a.rights, 0) AS rights,
          coalesce(c.cases, 0) AS cases, c.reply,
          (SELECT count(*) FROM assessment s WHERE s.person_id = p.id AND s.kind <> 'self'
             AND s.at >= :start AND s.at < :end) AS assessed
        FROM person p LEFT JOIN facility f ON f.id = p.facility_id
        LEFT JOIN LATERAL (
          SELECT count(*) AS answers, count(*) FILTER (WHERE "right") AS rights FROM answer
          WHERE person_id = p.id AND answered_at >= :start AND answered_at < :end) a ON true
        LEFT JOIN LATERAL (
          SELECT count(*) AS cases, percentile_cont(0.5) WITHIN GROUP (ORDER BY
            CAST(extract(epoch FROM (SELECT min(at) FROM case_event
              WHERE case_id = k.id AND kind = 'answered') - k.opened_at) AS float)) AS reply
          FROM "case" k WHERE k.mentee_id = p.id AND k.mentor_id = :mentor
            AND k.opened_at >= :start AND k.opened_at < :end) c ON true
        WHERE p.mentor_id = :mentor ORDER BY 1, p.id
        """,
        wanted,
        mentor=mentor.id,
    )
    for row in rows:
        row["right"] = percent(row.pop("rights"), row["answers"])
    return Report(
        "month",
        "Your mentees",
        wanted.period.label,
        (
            Column("mentee", "Mentee"),
            Column("facility", "Facility"),
            Column("asked", "Asked", "count"),
            Column("answers", "Answered", "count"),
            Column("right", "Right %", "percent"),
            Column("cases", "Cases", "count"),
            Column("reply", "First reply, median", "seconds"),
            Column("assessed", "Tests and skills", "count"),
        ),
        rows,
        MONTH,
    )


def of_district(
    session: Session, district: str, quarter: Period, now: datetime, catalogue: Catalogue
) -> list[Report]:
    """A district's facilities in a quarter; small groups are hidden.

    Its own row stands first in each, and says nothing of others.
    """
    wanted = Wanted(quarter, now, by="facility")
    found = [_only(validated(session, "facility", [quarter], catalogue), "facility", district)]
    for name in OF_A_DISTRICT:
        by_facility = _only(REPORTS[name].compute(session, wanted, catalogue), "group", district)
        whole = REPORTS[name].compute(session, replace(wanted, by="district"), catalogue)
        own = [
            dict(row) | {"group": f"{district}, all"}
            for row in whole.rows
            if row["group"] == district
        ]
        found.append(replace(by_facility, rows=[*own, *by_facility.rows]))
    return found


def _only(report: Report, key: str, district: str) -> Report:
    """The rows of one district's facilities, ``Facility (District)``, without the district."""
    place = f" ({district})"
    ours = [
        {**row, key: row[key].removesuffix(place)}
        for row in report.rows
        if row[key].endswith(place)
    ]
    return replace(report, rows=ours, total=None)
