"""What the reports' queries share: groups, places, and how a result becomes rows that may be shown.

A query has ``x`` (one row per record, with ``person_id`` and ``at``), then ``/*people*/`` where
people and places are joined, and ``/*group*/`` where rows are grouped by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from bot.reports.fiscal import Period
from bot.reports.table import TOO_FEW, suppressed

PLACES: Final = ("district", "facility", "cadre")
EVERYBODY: Final = "All"
_PEOPLE: Final = """
JOIN person p ON p.id = x.person_id
LEFT JOIN facility_stay stay ON CAST(:by AS text) IN ('district', 'facility')
  AND stay.person_id = x.person_id AND (stay.since IS NULL OR stay.since <= x.at)
  AND (stay.until IS NULL OR stay.until > x.at)
LEFT JOIN facility f ON CAST(:by AS text) IN ('district', 'facility')
  AND f.id = coalesce(stay.facility_id, p.facility_id)
"""
_GROUP: Final = """
CASE CAST(:by AS text)
  WHEN 'district' THEN coalesce(nullif(f.district, ''), 'not known')
  WHEN 'facility' THEN coalesce(
    f.name || CASE WHEN f.district <> '' THEN ' (' || f.district || ')' ELSE '' END, 'not known')
  WHEN 'cadre' THEN coalesce(nullif(p.cadre, ''), 'not known')
  ELSE 'All'
END
"""


@dataclass(frozen=True)
class Wanted:
    """What a report is asked for.

    ``now``: aware; figures "as of" are as of the end of the period, or now if that is earlier.
    ``whole``: small groups are shown too.
    """

    period: Period
    now: datetime
    by: str | None = None
    whole: bool = False

    @property
    def as_of(self) -> datetime:
        """Aware."""
        return min(self.period.end, self.now)


def by_group(
    session: Session, records: str, wanted: Wanted, figures: str, sums: str, **more: Any
) -> list[dict[str, Any]]:
    """Figures of each group, each person in it counted once, as ``mentees``.

    Rows are put together by person first and by group then: to sort millions of rows only to
    count people takes many times as long.

    Args:
        records: a query of ``x``, one row per record.
        figures: what is computed of one person's records in a group, such as
            ``count(*) AS answers``.
        sums: what is computed of these in turn, such as ``sum(answers) AS answers``.
    """
    return run(
        session,
        f"""
        SELECT y."group", count(*) AS mentees, {sums} FROM (
          SELECT /*group*/ AS "group", x.person_id, {figures}
          FROM ({records}) x /*people*/ GROUP BY 1, 2
        ) y GROUP BY 1 ORDER BY 1
        """,  # noqa: S608 (our own text; values are bound)
        wanted,
        **more,
    )


def run(session: Session, sql: str, wanted: Wanted, **more: Any) -> list[dict[str, Any]]:
    """The rows of a query; ``:start``, ``:end``, ``:as_of`` and ``:by`` are filled in."""
    whole = sql.replace("/*people*/", _PEOPLE).replace("/*group*/", _GROUP)
    filled = {
        "start": wanted.period.start,
        "end": wanted.period.end,
        "as_of": wanted.as_of,
        "by": wanted.by,
        **more,
    }
    in_memory(session)
    used = {name: value for name, value in filled.items() if f":{name}" in whole}
    return [dict(row._mapping) for row in session.execute(text(whole), used)]


def in_memory(session: Session) -> None:
    """Until the transaction ends, millions of rows are put together in memory, not in files."""
    session.execute(text("SET LOCAL work_mem = '256MB'"))


def may_show(
    rows: Iterable[Mapping[str, Any]],
    wanted: Wanted,
    people: str,
    of_fewer: Mapping[str, Iterable[str]] | None = None,
) -> list[dict[str, Any]]:
    """Rows as they may be shown.

    Args:
        people: column of how many people a row is about; under five, all but the group is hidden.
        of_fewer: column of how many people other columns are about; under five, these are hidden.
    """
    if wanted.whole:
        return [dict(row) for row in rows]
    shown = []
    for row in rows:
        figures = tuple(name for name in row if name not in ("group", people))
        kept = suppressed(row, people, (), figures)
        for counted, about in (of_fewer or {}).items():
            if kept[people] != TOO_FEW and row[counted] < 5:
                kept |= dict.fromkeys((counted, *about), TOO_FEW)
        shown.append(kept)
    return shown
