"""How mentors and mentees meet: encounters of every kind, and whether the cadence is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.mentoring import rounds
from bot.mentoring.cadence import Of
from bot.mentoring.competencies import Catalogue
from bot.reports.query import Wanted, may_show, run
from bot.reports.table import Column, Report

ENCOUNTERS: Final = (
    "Encounters that began in the period. Virtual: cases in which a mentor replied, also those that"
    " are still open, and discussions by text; their length is until the last word. In person:"
    " visits, observed skills and what was logged by hand, as long as the mentor said."
)
CADENCE: Final = (
    "The rules are those of the programme (district mentors two visits a month, association mentors"
    " three days, each facility one visit, each group of CHWs once a quarter with five at least)."
    " Kept and missed: months or quarters of the period that are over. Now: the last one, with"
    " what took place, what is planned, and how many it should be."
)
_MET: Final = """
SELECT e.id, m.person_id, e.mentor_id, e.began_at AS at, e.topic, e.minutes,
  replace(e.kind, '_', ' ') || ', ' || e.form AS kind
FROM encounter e JOIN encounter_mentee m ON m.encounter_id = e.id
WHERE e.began_at >= :start AND e.began_at < :end
UNION ALL
SELECT -c.id, c.mentee_id, c.mentor_id, c.opened_at, c.topic,
  greatest(1, round(extract(epoch FROM (
    SELECT max(at) FROM case_event WHERE case_id = c.id
      AND kind IN ('answered', 'detail_added')) - c.opened_at) / 60)),
  'virtual, individual'
FROM "case" c
WHERE c.opened_at >= :start AND c.opened_at < :end
  AND EXISTS (SELECT 1 FROM case_event WHERE case_id = c.id AND kind = 'answered')
  AND NOT EXISTS (SELECT 1 FROM encounter WHERE case_id = c.id)
"""


def encounters(session: Session, wanted: Wanted, catalogue: Catalogue) -> Report:
    """How often mentors and mentees met, virtually and in person, alone and in groups."""
    sql = """
        WITH met AS (
          SELECT /*group*/ AS "group", x.kind, x.id, x.person_id, x.mentor_id, x.minutes
          FROM (/*met*/) x /*people*/
        )
        SELECT people.*, each.encounters, each.length, each.minutes
        FROM (
          SELECT "group", kind, count(DISTINCT person_id) AS mentees,
            count(DISTINCT mentor_id) AS mentors FROM met GROUP BY 1, 2
        ) people JOIN (
          SELECT "group", kind, count(*) AS encounters,
            60 * percentile_cont(0.5) WITHIN GROUP (ORDER BY minutes) AS length,
            CAST(sum(minutes) AS bigint) AS minutes
          FROM (SELECT DISTINCT "group", kind, id, CAST(minutes AS float) AS minutes FROM met) one
          GROUP BY 1, 2
        ) each USING ("group", kind) ORDER BY "group", kind
        """
    sql = sql.replace("/*met*/", _MET)
    if wanted.by == "topic":
        sql = sql.replace("/*group*/", "coalesce(nullif(x.topic, ''), 'not known')")
    rows = run(session, sql, wanted)
    return Report(
        "encounters",
        "Encounters",
        wanted.period.label,
        (
            Column("group", (wanted.by or "").capitalize()),
            Column("kind", "Kind"),
            Column("mentees", "Mentees", "count"),
            Column("mentors", "Mentors", "count"),
            Column("encounters", "Encounters", "count"),
            Column("length", "Length, median", "seconds"),
            Column("minutes", "Minutes in all", "count"),
        ),
        [
            {**shown, "kind": row["kind"]}
            for shown, row in zip(may_show(rows, wanted, "mentees"), rows, strict=True)
        ],
        ENCOUNTERS,
    )


def cadence(session: Session, wanted: Wanted, catalogue: Catalogue) -> Report:
    """Whether mentors, facilities and groups meet as often as they should."""
    zone = wanted.period.start.tzinfo
    name = zone.key if isinstance(zone, ZoneInfo) else "UTC"
    here = ZoneInfo(name)
    first = wanted.period.start.astimezone(here).date()
    last = (wanted.period.end - timedelta(seconds=1)).astimezone(here).date()
    today = wanted.now.astimezone(here).date()
    of = cast("Of", wanted.by or "mentor")
    rows: list[dict[str, Any]] = []
    for one in rounds.kept(session, of, first, min(last, today), today, name):
        over = [found for found in one.standings if found.span.last < today]
        now = one.standings[-1] if one.standings else None
        rows.append(
            {
                "group": one.subject.name,
                "rule": one.rule.title["en"],
                "kept": sum(found.state == "done" for found in over),
                "missed": sum(found.state == "missed" for found in over),
                "until": now and now.span.last.isoformat(),
                "done": now and now.done,
                "planned": now and now.planned,
                "least": one.rule.least,
                "state": now and now.state,
                "size": _size(one),
            }
        )
    return Report(
        "cadence",
        "Cadence",
        wanted.period.label,
        (
            Column("group", of.capitalize()),
            Column("rule", "Rule"),
            Column("kept", "Kept", "count"),
            Column("missed", "Missed", "count"),
            Column("until", "Now, until"),
            Column("done", "Done", "count"),
            Column("planned", "Planned", "count"),
            Column("least", "Of", "count"),
            Column("state", "State"),
            *([Column("size", "People")] if of == "group" else []),
        ),
        rows,
        CADENCE,
    )


def _size(one: rounds.Kept) -> str | None:
    size, count = one.rule.size, one.subject.size
    if size is None or count is None:
        return None
    least, most = size
    return f"{count}" if least <= count <= most else f"{count}, not {least} to {most}"
