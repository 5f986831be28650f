"""Coaching plans as a programme reports them: open, done, overdue."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from bot.mentoring.competencies import Catalogue
from bot.reports.query import Wanted, may_show, run
from bot.reports.table import Column, Report, percent

DEFINITION: Final = (
    "Items of coaching plans. Open: agreed and neither done nor dropped at the end of the period;"
    " overdue: open, and their day has passed. Done and dropped: in the period. Done %: of those"
    " that were done, dropped or are overdue. Counted where the mentee worked when the item was"
    " agreed."
)
SMALL: Final = "Groups of fewer than five mentees are shown as <5."


def plans(session: Session, wanted: Wanted, catalogue: Catalogue) -> Report:
    """Items of coaching plans, by where the mentee works or by cadre."""
    sql = """
        SELECT /*group*/ AS "group", count(DISTINCT x.person_id) AS mentees,
          count(*) FILTER (WHERE x.open) AS open,
          count(*) FILTER (WHERE x.open AND x.late) AS overdue,
          count(*) FILTER (WHERE NOT x.open AND x.state = 'done') AS done,
          count(*) FILTER (WHERE NOT x.open AND x.state = 'dropped') AS dropped
        FROM (
          SELECT i.mentee_id AS person_id, i.created_at AS at, i.state,
            i.ended_at IS NULL OR i.ended_at >= :as_of AS open,
            i.due_on < CAST(:as_of AS date) AS late
          FROM plan_item i
          WHERE i.created_at < :as_of AND (i.ended_at IS NULL OR i.ended_at >= :start)
        ) x
        /*people*/ GROUP BY 1 ORDER BY 1
        """
    rows = run(session, sql, wanted)
    for row in rows:
        settled = row["done"] + row["dropped"] + row["overdue"]
        row["done_percent"] = percent(row["done"], settled)
    return Report(
        "plans",
        "Coaching plans",
        wanted.period.label,
        (
            Column("group", (wanted.by or "").capitalize()),
            Column("mentees", "Mentees", "count"),
            Column("open", "Open", "count"),
            Column("overdue", "Of these, overdue", "count"),
            Column("done", "Done", "count"),
            Column("dropped", "Dropped", "count"),
            Column("done_percent", "Done %", "percent"),
        ),
        may_show(rows, wanted, "mentees"),
        DEFINITION,
        () if wanted.whole else (SMALL,),
    )
