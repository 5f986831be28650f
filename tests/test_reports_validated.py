"""Tables 1 and 2, from individual records to the printed page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from benchmarks.reports_tables import (
    HEALTH_CENTRE,
    HOSPITALS,
    TABLE_1,
    TABLE_2,
    Rows,
    store,
    tables,
)
from bot.mentoring.competencies import load
from bot.mentoring.validation import Record, standing
from bot.reports import fiscal, writing
from bot.reports.fiscal import FiscalYear
from bot.reports.table import TOO_FEW, percent, suppressed, total_shown
from bot.reports.validated import validated, validations
from store.base import make_engine, make_sessions
from store.learning import Assessment, FacilityStay
from store.people import Person

CATALOGUE = load()
KIGALI = ZoneInfo("Africa/Kigali")


def year(number: int, first_month: int = 10) -> fiscal.Period:
    return FiscalYear(number, first_month).period(KIGALI)


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    engine = make_engine(database_url)
    with make_sessions(engine)() as made:
        yield made
    engine.dispose()


def test_both_tables_come_out_as_they_went_in(session: Session) -> None:
    store(session, tables())
    years = [year(number) for number in (2019, 2020, 2021)]
    one = validated(session, "association", years, CATALOGUE, HOSPITALS)
    found = {
        row["association"]: {
            n: (row[f"fy{n % 100}_total"], row[f"fy{n % 100}_validated"])
            for n in (2019, 2020, 2021)
        }
        for row in one.rows
    }
    assert found == TABLE_1
    ram = next(row for row in one.rows if row["association"] == "RAM")
    assert ram["fy21_percent"] == 29.7  # the source prints 27
    two = validated(session, "area", [year(2021)], CATALOGUE, [HEALTH_CENTRE])
    assert {
        row["area"]: (row["mentors"], row["reached"], row["validated"]) for row in two.rows
    } == TABLE_2
    assert two.total is not None
    assert two.total["reached"] == sum(reached for _, reached, _ in TABLE_2.values())
    page = writing.text(one)
    assert re.search(r"\nRAM +155 +143 +92\.3 +139 +124 +89\.2 +266 +79 +29\.7\n", page)
    assert page.endswith("so is what would give them away.")
    plain = json.loads(writing.as_json(two))
    assert plain["rows"][-1] | {"mentors": 0} == {
        "area": "NEONATAL", "mentors": 0, "reached": 2057, "validated": 1057, "percent": 51.4,
    }  # fmt: skip
    assert writing.as_csv(two).splitlines()[0] == "area,mentors,reached,validated,percent"
    sheet = load_workbook(BytesIO(writing.as_xlsx([two, one]))).worksheets[0]
    assert [cell.value for cell in sheet[4]] == ["FP", 214, 1239, 1007, 81.3]
    _the_rule_in_sql_is_the_plain_one(session)


def _the_rule_in_sql_is_the_plain_one(session: Session) -> None:
    table = validations()
    by_sql = {
        (row.person_id, row.technical_area, row.competency): row.at
        for row in session.execute(select(table))
    }
    records: dict[int, list[Record]] = {}
    for row in session.scalars(select(Assessment)):
        records.setdefault(row.person_id, []).append(
            Record(
                row.technical_area,
                row.competency,
                row.kind,
                row.at,  # type: ignore[arg-type]
                None if row.score is None else Fraction(row.score),
                None if row.out_of is None else Fraction(row.out_of),
                row.passed,
                row.assessor_id,
            )
        )
    by_rule = {}
    for person, theirs in records.items():
        for area, name in {(one.area, one.competency) for one in theirs if one.competency}:
            if at := standing(theirs, area, name).validated_at:
                by_rule[person, area, name] = at
    assert by_sql == by_rule
    assert len(by_rule) > 4000


def test_people_are_counted_where_they_were(session: Session) -> None:
    rows = Rows()
    old, new = (rows.place(name, "health centre", name) for name in ("Gahini", "Rukara"))
    mentor = rows.body("mentor", "midwife", None, "RAM")
    for n in range(6):
        person = rows.body("mentee", "nurse", new, None)
        for kind, result in (("post", (17, 20)), ("skill", True)):
            day = datetime(2020, 10 if n else 9, 1, tzinfo=UTC)
            rows.record(person, "MNH", "mnh-pph", kind, day, result, mentor)  # type: ignore[arg-type]
        rows.record(person, "MNH", None, "post", datetime(2021, 8, 1, tzinfo=UTC), (20, 20), mentor)
    store(session, rows)
    moved = datetime(2021, 3, 1, tzinfo=UTC)
    for person in range(mentor + 1, mentor + 7):
        session.add(FacilityStay(person_id=person, facility_id=old, until=moved))
        session.add(FacilityStay(person_id=person, facility_id=new, since=moved))
    session.execute(text("UPDATE person SET mentor_id = :m WHERE id <> :m"), {"m": mentor})
    found = validated(session, "district", [year(2021)], CATALOGUE)
    # All six worked in Rukara in August; five were validated while in Gahini, one the year before.
    assert list(found.rows) == [
        {"district": "Gahini", "mentors": 1, "reached": 5, "validated": 5, "percent": 100.0},
        {
            "district": "Rukara",
            "mentors": 1,
            "reached": 6,
            "validated": TOO_FEW,
            "percent": TOO_FEW,
        },
    ]
    assert found.total == {
        "district": "All", "mentors": 1, "reached": 6, "validated": TOO_FEW, "percent": TOO_FEW,
    }  # fmt: skip
    own = validated(session, "facility", [year(2021)], CATALOGUE, whole=True)
    assert own.rows[1]["facility"] == "Rukara (Rukara)"
    assert own.rows[1]["validated"] == 0
    # Without an association of their own, mentees stand with their mentor's.
    by_association = validated(session, "association", [year(2021)], CATALOGUE, ["Health-Centre"])
    assert by_association.rows[0]["association"] == "RAM"
    # In Rwanda's year, which begins in July, all of it was in FY21 and the last test in FY22.
    rwanda = validated(session, "area", [year(2021, 7)], CATALOGUE)
    assert rwanda.rows[0] | {"mentors": 0} == {
        "area": "MNH", "mentors": 0, "reached": 6, "validated": 6, "percent": 100.0,
    }  # fmt: skip
    assert validated(session, "area", [year(2030)], CATALOGUE).rows == []
    assert session.scalars(select(Person.id)).first() is not None


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_percentage_is_computed(part: int, whole: int) -> None:
    found = percent(part, whole)
    assert found is not None
    assert abs(Fraction(found) - Fraction(100 * part, whole)) <= Fraction(51, 1000)
    assert percent(part, 0) is None


cells = st.integers(0, 30)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=6))
def test_small_cells_cannot_be_read_or_worked_out(pairs: list[tuple[int, int]]) -> None:
    rows = [{"people": max(pair), "part": min(pair)} for pair in pairs]
    shown = [suppressed(row, "people", ("part",), ()) for row in rows]
    total = {key: sum(row[key] for row in rows) for key in ("people", "part")}
    kept = total_shown(suppressed(total, "people", ("part",), ()), shown, ("people", "part"))
    for row, before in zip(shown, rows, strict=True):
        for key, value in row.items():
            assert value == TOO_FEW if before[key] < 5 else value in (before[key], TOO_FEW)
    for key in ("people", "part"):
        hidden = [
            before[key] for row, before in zip(shown, rows, strict=True) if row[key] == TOO_FEW
        ]
        if len(hidden) == 1:
            assert kept[key] == TOO_FEW


@given(st.dates(datetime(1991, 1, 1).date(), datetime(2100, 1, 1).date()), st.integers(1, 12))
def test_every_day_lies_in_one_fiscal_year(day: datetime, first_month: int) -> None:
    found = fiscal.of(day, first_month)
    period = found.period(KIGALI)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=KIGALI)
    assert period.start <= noon < period.end
    following = FiscalYear(found.year + 1, first_month).period(KIGALI)
    assert following.start == period.end
    assert fiscal.parse(f"fy{found.year}", first_month) == found


@pytest.mark.parametrize(
    ("month", "start", "dhis2"),
    [(10, "2020-10-01", "2020Oct"), (7, "2020-07-01", "2020July"), (1, "2021-01-01", "2021"),
     (2, "2020-02-01", None)],
)  # fmt: skip
def test_the_year_2021(month: int, start: str, dhis2: str | None) -> None:
    found = fiscal.parse("21", month)
    assert found is not None
    assert (found.first_day.isoformat(), found.label, found.dhis2()) == (start, "FY21", dhis2)
    assert fiscal.parse("next", month) is None
