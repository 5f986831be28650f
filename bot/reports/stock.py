"""Stock-outs: what was missing, where, and for how long."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from bot.mentoring.competencies import Catalogue
from bot.mentoring.stock_list import load
from bot.reports.query import Wanted, run
from bot.reports.table import Column, Report

STOCK: Final = (
    "Stock-outs that were open on some day of the period, each once however many people reported"
    " it. Days open: from the report until somebody who reported it said that it was there, or the"
    " programme closed it; of those still open, until the end of the period or now if that is"
    " earlier. Answered: the district said sent, arrived or not available."
)


def stock_outs(session: Session, wanted: Wanted, catalogue: Catalogue) -> Report:
    """By item, facility or district. About things, not people: nothing is hidden."""
    known = load(session.info.get("stock_items"))
    group = {
        None: "r.item",
        "facility": "f.name || CASE WHEN f.district <> '' THEN ' (' || f.district || ')' ELSE ''"
        " END",
        "district": "coalesce(nullif(f.district, ''), 'not known')",
    }[wanted.by]
    rows = run(
        session,
        f"""
        SELECT x."group", count(*) AS reports, count(DISTINCT x.facility_id) AS facilities,
          count(*) FILTER (WHERE x.urgency = 'none') AS none_left,
          count(*) FILTER (WHERE x.answered) AS answered,
          count(*) FILTER (WHERE x.still_open) AS still_open,
          CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY x.days) AS float) AS days,
          CAST(max(x.days) AS float) AS longest
        FROM (
          SELECT {group} AS "group", r.facility_id, r.urgency,
            r.closed_at IS NULL OR r.closed_at > :as_of AS still_open,
            EXISTS (SELECT FROM stock_event e WHERE e.report_id = r.id
                    AND e.kind IN ('sent', 'arrived', 'refused')) AS answered,
            extract(epoch FROM least(coalesce(r.closed_at, :as_of), :as_of) - r.opened_at) / 86400
              AS days
          FROM stock_report r JOIN facility f ON f.id = r.facility_id
          WHERE r.opened_at < :as_of AND (r.closed_at IS NULL OR r.closed_at >= :start)
        ) x GROUP BY 1 ORDER BY reports DESC, 1
        """,  # noqa: S608 (one of three texts above)
        wanted,
    )
    if wanted.by is None:
        rows = [row | {"group": known.title(row["group"], "en")} for row in rows]
    for row in rows:
        row |= {name: round(row[name]) for name in ("days", "longest")}
    return Report(
        "stock-outs",
        "Stock-outs",
        wanted.period.label,
        (
            Column("group", (wanted.by or "item").capitalize()),
            Column("reports", "Stock-outs", "count"),
            Column("facilities", "Facilities", "count"),
            Column("none_left", "None left", "count"),
            Column("answered", "Answered", "count"),
            Column("still_open", "Still open", "count"),
            Column("days", "Days open, median", "count"),
            Column("longest", "Longest", "count"),
        ),
        rows,
        STOCK,
    )
