"""`./mentorline bench reports`: tables 1 and 2 from individual records, and a national programme.

Part ``tables`` loads every mentee behind both tables and compares what is printed with what went
in. Part ``national`` makes 20,000 CHWs, 7,000 facility mentees and three years of answers, and
takes the time of each report over one fiscal year.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from benchmarks.figures import machine, table
from benchmarks.reports_national import Size, programme
from benchmarks.reports_tables import (
    HEALTH_CENTRE,
    HOSPITALS,
    TABLE_1,
    TABLE_2,
    store,
    tables,
)
from bot.mentoring.competencies import Catalogue, load
from bot.reports import writing
from bot.reports.fiscal import FiscalYear, Period
from bot.reports.query import Wanted
from bot.reports.registry import REPORTS, Entry
from bot.reports.table import Report
from bot.reports.validated import validated
from store import embedded, migrate
from store.base import make_engine, make_sessions

AIM_SECONDS = 10.0
ZONE = ZoneInfo("Africa/Kigali")
WHOLE = Size(chws=20_000, nurses=7_000, weeks=156)
QUICK = Size(chws=600, nurses=200, weeks=30)
AGAIN = ("plan",)
"""Other names of reports that are measured already."""


def main() -> int:
    """Run the parts asked for and print them; 1 when the tables differ from the counts."""
    parser = argparse.ArgumentParser(prog="./mentorline bench reports")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument("--quick", action="store_true", help="a small programme")
    parser.add_argument("--part", choices=("tables", "national"), help="only this part")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mentorline-bench-") as folder:
        found: dict[str, Any] = {"machine": machine(Path(folder))}
        server = embedded.start(Path(folder), durable=False)
        try:
            for part, work in {"tables": both_tables, "national": national}.items():
                if chosen.part in (None, part):
                    found[part] = _in_house(server, part, work, QUICK if chosen.quick else WHOLE)
        finally:
            server.stop()
    print(json.dumps(found, ensure_ascii=False, default=str) if chosen.json else shown(found))
    return 0 if found.get("tables", {}).get("equal", True) else 1


def _in_house(
    server: embedded.EmbeddedServer,
    name: str,
    work: Callable[[Engine, Size], dict[str, Any]],
    size: Size,
) -> dict[str, Any]:
    admin = make_engine(server.url)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE bench_{name}"))
    admin.dispose()
    url = server.url_of(f"bench_{name}")
    migrate.upgrade(url)
    engine = make_engine(url)
    try:
        return work(engine, size)
    finally:
        engine.dispose()


def both_tables(engine: Engine, size: Size) -> dict[str, Any]:
    """Every mentee of FY19 to FY21 as records; both tables, and whether they equal the counts."""
    print("Loading the mentees of both tables …", file=sys.stderr)
    started = time.perf_counter()
    rows = tables()
    with make_sessions(engine)() as session:
        store(session, rows)
        session.commit()
        session.execute(text("ANALYZE"))
        loaded = time.perf_counter()
        catalogue = load()
        years = [FiscalYear(year, 10).period(ZONE) for year in (2019, 2020, 2021)]
        one = validated(session, "association", years, catalogue, HOSPITALS)
        two = validated(session, "area", years[-1:], catalogue, [HEALTH_CENTRE])
        computed = time.perf_counter()
    return {
        "people": len(rows.person),
        "assessments": len(rows.assessment),
        "load_seconds": round(loaded - started, 2),
        "report_seconds": round(computed - loaded, 2),
        "equal": counts_of(one) == TABLE_1 and areas_of(two) == TABLE_2,
        "table_1": writing.text(one),
        "table_2": writing.text(two),
    }


def counts_of(report: Report) -> dict[str, dict[int, tuple[int, int]]]:
    """Table 1 as the counts are written down."""
    return {
        row["association"]: {
            year: (row[f"fy{year % 100}_total"], row[f"fy{year % 100}_validated"])
            for year in (2019, 2020, 2021)
        }
        for row in report.rows
    }


def areas_of(report: Report) -> dict[str, tuple[int, int, int]]:
    """Table 2 as the counts are written down."""
    return {row["area"]: (row["mentors"], row["reached"], row["validated"]) for row in report.rows}


def national(engine: Engine, size: Size) -> dict[str, Any]:
    """Each report of a national programme, over its last fiscal year."""
    print(f"Making {size.people:,} people and their {size.weeks} weeks …", file=sys.stderr)
    started = time.perf_counter()
    counts = programme(engine, size)
    loaded = time.perf_counter()
    catalogue = load()
    now = datetime(2026, 9, 30, 12, tzinfo=UTC)
    period = FiscalYear(2026, 10).period(ZONE)
    reports: list[dict[str, Any]] = []

    def measure(name: str, work: Callable[[Session], Report]) -> None:
        begun = time.perf_counter()
        # As for a command: a report knows nothing of the one before it.
        with make_sessions(engine)() as session:
            report = work(session)
        seconds = round(time.perf_counter() - begun, 2)
        reports.append({"report": name, "seconds": seconds, "rows": len(report.rows)})
        print(f"  {name}: {seconds} s", file=sys.stderr)

    for by in ("association", "area", "district", "facility"):
        measure(f"validated by {by}", _validated(by, period, catalogue))
    for name, entry in REPORTS.items():
        if name in AGAIN:
            continue
        for group in (None, "district") if "district" in entry.by else (None,):
            wanted = Wanted(period, now, group)
            label = f"{name} by {group}" if group else name
            measure(label, _named(entry, wanted, catalogue))
    return {
        "counts": counts,
        "load_seconds": round(loaded - started, 1),
        "reports": reports,
        "slowest": max(one["seconds"] for one in reports),
        "aim_met": all(one["seconds"] < AIM_SECONDS for one in reports),
    }


def _validated(by: Any, period: Period, catalogue: Catalogue) -> Callable[[Session], Report]:
    return lambda session: validated(session, by, [period], catalogue)


def _named(entry: Entry, wanted: Wanted, catalogue: Catalogue) -> Callable[[Session], Report]:
    return lambda session: entry.compute(session, wanted, catalogue)


def shown(found: dict[str, Any]) -> str:
    """The figures as people read them."""
    where = found["machine"]
    lines = [
        f"{where['cores']} cores, {where['memory_gb']} GB, load {where['load_before']} before."
    ]
    if one := found.get("tables"):
        lines += [
            "", one["table_1"], "", one["table_2"], "",
            f"{one['people']:,} people and {one['assessments']:,} records loaded in"
            f" {one['load_seconds']} s, both tables in {one['report_seconds']} s;"
            f" {'equal to' if one['equal'] else 'NOT equal to'} the counts.",
        ]  # fmt: skip
    if two := found.get("national"):
        counted = ", ".join(f"{number:,} {name}" for name, number in two["counts"].items())
        rows = [(one["report"], one["seconds"], one["rows"]) for one in two["reports"]]
        lines += [
            "", f"{counted}; made in {two['load_seconds']} s.", "",
            table(("report", "seconds", "rows"), rows), "",
            f"{'met    ' if two['aim_met'] else 'NOT MET'}  each report under"
            f" {AIM_SECONDS:.0f} s: the slowest took {two['slowest']} s",
        ]  # fmt: skip
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
