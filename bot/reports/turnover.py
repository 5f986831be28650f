"""Who comes up and who is lost: the cascade, and attrition."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from bot.mentoring.competencies import Catalogue
from bot.reports.query import Wanted, by_group, may_show, run
from bot.reports.table import Column, Report, percent
from bot.reports.validated import validations_sql

CASCADE: Final = (
    "Mentees validated in at least one competency by the end of the period; those of them who are"
    " mentors today; those of these who met mentees of their own in the period, virtually or in"
    " person; and how many such sessions they held."
)
ATTRITION: Final = (
    "Known: mentees who texted in the 90 days before the period. Stopped: of these, who texted STOP"
    " and had not come back by its end. Silent: who did not stop, and texted nothing in its last 90"
    " days. Lost: both together. Moved: who went to another facility in the period; they are not"
    " lost. Counted where they worked when the period began."
)


def cascade(session: Session, wanted: Wanted, catalogue: Catalogue) -> Report:
    """Validated mentees who mentor others, and the sessions they held."""
    sql = """
        SELECT /*group*/ AS "group", count(*) AS validated,
          count(*) FILTER (WHERE p.roles @> ARRAY['mentor']) AS mentors,
          count(held.sessions) FILTER (WHERE p.roles @> ARRAY['mentor']) AS active,
          CAST(coalesce(sum(held.sessions) FILTER (WHERE p.roles @> ARRAY['mentor']), 0) AS bigint)
            AS sessions
        FROM (SELECT v.person_id, min(v.at) AS at FROM (/*validated*/) v WHERE v.at < :as_of
              GROUP BY v.person_id) x
        /*people*/
        LEFT JOIN (
          SELECT mentor_id, count(*) AS sessions FROM encounter
          WHERE began_at >= :start AND began_at < :as_of GROUP BY mentor_id
        ) held ON held.mentor_id = x.person_id
        GROUP BY 1 ORDER BY 1
        """
    rows = run(session, sql.replace("/*validated*/", validations_sql(session)), wanted)
    return Report(
        "cascade",
        "Cascade",
        wanted.period.label,
        (
            Column("group", (wanted.by or "").capitalize()),
            Column("validated", "Validated", "count"),
            Column("mentors", "Of these, mentors", "count"),
            Column("active", "Held sessions", "count"),
            Column("sessions", "Sessions held", "count"),
        ),
        may_show(rows, wanted, "validated", {"mentors": ("sessions",), "active": ("sessions",)}),
        CASCADE,
    )


def attrition(session: Session, wanted: Wanted, catalogue: Catalogue) -> Report:
    """Mentees who are heard of no more."""
    rows = by_group(
        session,
        """
        SELECT before.person_id, CAST(:start AS timestamptz) AS at,
          q.stopped_at IS NOT NULL AND q.stopped_at < :as_of AS stopped,
          after.person_id IS NULL AS silent,
          EXISTS (SELECT FROM facility_stay s WHERE s.person_id = q.id
                  AND s.since >= :start AND s.since < :as_of) AS moved
        FROM (
          SELECT DISTINCT person_id FROM inbound WHERE person_id IS NOT NULL
            AND received_at >= CAST(:start AS timestamptz) - interval '90 days'
            AND received_at < :start
        ) before
        JOIN person q ON q.id = before.person_id AND q.roles @> ARRAY['mentee']
        LEFT JOIN (
          SELECT DISTINCT person_id FROM inbound WHERE person_id IS NOT NULL
            AND received_at >= CAST(:as_of AS timestamptz) - interval '90 days'
            AND received_at < :as_of
        ) after ON after.person_id = before.person_id
        """,
        wanted,
        "bool_or(x.stopped) AS stopped, bool_or(x.silent) AS silent, bool_or(x.moved) AS moved",
        """
        count(*) FILTER (WHERE y.stopped) AS stopped,
        count(*) FILTER (WHERE y.silent AND NOT y.stopped) AS silent,
        count(*) FILTER (WHERE y.stopped OR y.silent) AS lost,
        count(*) FILTER (WHERE y.moved) AS moved
        """,
    )
    for row in rows:
        row["share"] = percent(row["lost"], row["mentees"])
    few = {"stopped": (), "silent": (), "lost": ("share",), "moved": ()}
    return Report(
        "attrition",
        "Attrition",
        wanted.period.label,
        (
            Column("group", (wanted.by or "").capitalize()),
            Column("mentees", "Known", "count"),
            Column("stopped", "Stopped", "count"),
            Column("silent", "Silent", "count"),
            Column("lost", "Lost", "count"),
            Column("share", "%", "percent"),
            Column("moved", "Moved", "count"),
        ),
        may_show(rows, wanted, "mentees", few),
        ATTRITION,
    )
