"""Tables 1 and 2 of the programme's own reports, as individual records.

The counts are from practice.md: what 26 district hospitals, two upgraded health centres and the
health centres of a programme reported for FY19 to FY21. Every mentee becomes a person with tests
and observed skills; who is not validated fails in one of the ways in which people do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

TABLE_1: Final = {
    "RPA": {2019: (137, 80), 2020: (84, 71), 2021: (201, 174)},
    "RAM": {2019: (155, 143), 2020: (139, 124), 2021: (266, 79)},
    "RSOG": {2019: (85, 47), 2020: (73, 39), 2021: (130, 70)},
}
"""Association → fiscal year → (mentees, validated)."""
TABLE_2: Final = {
    "MNH": (183, 1008, 739),
    "IMCI": (164, 2392, 1277),
    "FP": (214, 1239, 1007),
    "NEONATAL": (173, 2057, 1057),
}
"""Technical area → (mentors, mentees reached, validated in at least one competency), FY21."""
SKILLS: Final = {
    "MNH": ("mnh-pph", "mnh-preeclampsia"),
    "IMCI": ("imci-pneumonia", "imci-diarrhoea"),
    "FP": ("fp-dmpa", "fp-eligibility"),
    "NEONATAL": ("neonatal-resuscitation", "neonatal-kangaroo"),
}
ASSOCIATION_AREA: Final = {"RPA": "NEONATAL", "RAM": "MNH", "RSOG": "MNH"}
HOSPITALS: Final = ("hospital", "upgraded health centre")
HEALTH_CENTRE: Final = "health centre"
MENTORS: Final = 650


@dataclass
class Rows:
    """Rows for the tables of the same names. Ids count from ``first`` + 1."""

    first: int = 0
    facility: list[tuple[Any, ...]] = field(default_factory=list)
    person: list[tuple[Any, ...]] = field(default_factory=list)
    assessment: list[tuple[Any, ...]] = field(default_factory=list)

    def place(self, name: str, level: str, district: str) -> int:
        """A facility; its id."""
        self.facility.append((self.first + len(self.facility) + 1, name, level, district))
        return int(self.facility[-1][0])

    def body(self, role: str, cadre: str, place: int | None, association: str | None) -> int:
        """A person; the id."""
        number = self.first + len(self.person) + 1
        name = f"{role.capitalize()} {number}"
        self.person.append(
            (
                number,
                f"T-{number}",
                name,
                [role],
                cadre,
                place,
                association,
                "en",
                "Africa/Kigali",
                [],
            )
        )
        return number

    def record(self, person: int, area: str, competency: str | None, kind: str, at: datetime,
               result: tuple[float, int] | bool, mentor: int | None) -> None:  # fmt: skip
        """A test (score, out of) or an observed skill (passed)."""
        score, out_of = (None, None) if isinstance(result, bool) else result
        passed = result if isinstance(result, bool) else None
        key = f"table:{self.first}:{len(self.assessment)}"
        self.assessment.append(
            (person, area, competency, kind, score, out_of, passed, at, mentor, "import", key)
        )


COLUMNS: Final = {
    "facility": ("id", "name", "level", "district"),
    "person": ("id", "external_id", "name", "roles", "cadre", "facility_id", "association",
               "language", "timezone", "technical_areas"),
    "assessment": ("person_id", "technical_area", "competency", "kind", "score", "out_of",
                   "passed", "at", "assessor_id", "source", "key"),
}  # fmt: skip


def store(session: Session, rows: Rows) -> None:
    """Bring rows into the database, the fast way, and let the ids go on after them."""
    for table, columns in COLUMNS.items():
        copy(session, table, columns, iter(getattr(rows, table)))
        if columns[0] == "id":
            session.connection().exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"  # noqa: S608
            )


def copy(
    session: Session, table: str, columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]]
) -> None:
    """PostgreSQL's COPY, within the session's transaction."""
    raw = session.connection().connection.driver_connection
    assert raw is not None
    names = ", ".join(columns)
    with raw.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as out:
        for row in rows:
            out.write_row(row)


def tables(first: int = 0) -> Rows:
    """Everybody of both tables."""
    rows = Rows(first)
    hospitals = [rows.place(f"Hospital {n}", "hospital", f"District {n % 20}") for n in range(26)]
    hospitals += [rows.place(f"Upgraded {n}", "upgraded health centre", "District 1")
                  for n in range(2)]  # fmt: skip
    centres = [rows.place(f"Centre {n}", HEALTH_CENTRE, f"District {n % 20}") for n in range(325)]
    mentors = [rows.body("mentor", "midwife", None, None) for _ in range(MENTORS)]
    for association, years in TABLE_1.items():
        for year, (total, validated) in years.items():
            area = ASSOCIATION_AREA[association]
            for n in range(total):
                person = rows.body("mentee", "nurse", hospitals[n % 28], association)
                _life(rows, person, area, year, n < validated, n, mentors[n % 40])
    offset = 0
    for area, (number, reached, validated) in TABLE_2.items():
        theirs = [mentors[(offset + n) % MENTORS] for n in range(number)]
        offset += number
        for n in range(reached):
            person = rows.body("mentee", "nurse", centres[n % 325], None)
            _life(rows, person, area, 2021, n < validated, n, theirs[n % number])
    return rows


def _life(
    rows: Rows, person: int, area: str, year: int, validated: bool, n: int, mentor: int
) -> None:
    """What was found of one mentee in one fiscal year (from October of the year before)."""
    day = datetime(year - 1, 10, 5, 8, tzinfo=UTC) + timedelta(days=n % 300)
    week = timedelta(days=7)
    first, second = SKILLS[area]
    rows.record(person, area, None, "pre", day, (8 + n % 9, 20), mentor)
    if validated:
        if n % 3 == 0:
            rows.record(person, area, first, "post", day + week, (16, 20), mentor)
        rows.record(person, area, None if n % 2 else first, "post", day + 2 * week,
                    (17 + n % 4, 20), mentor)  # fmt: skip
        if n % 5 == 0:
            rows.record(person, area, first, "skill", day + 3 * week, False, mentor)
        rows.record(person, area, first, "skill", day + 4 * week, True, mentor)
        return
    way = n % 5
    if way == 0:  # knows, and nobody has seen it done
        rows.record(person, area, None, "post", day + week, (20, 20), mentor)
    elif way == 1:  # does it, and falls just short of 85 %
        rows.record(person, area, first, "post", day + week, (16.99, 20), mentor)
        rows.record(person, area, first, "skill", day + week, True, mentor)
    elif way == 2:  # knows, and missed a critical step
        rows.record(person, area, None, "post", day + week, (19, 20), mentor)
        rows.record(person, area, first, "skill", day + week, False, mentor)
    elif way == 3:  # knows one thing and does another
        rows.record(person, area, second, "post", day + week, (18, 20), mentor)
        rows.record(person, area, first, "skill", day + week, True, mentor)
    else:  # knew it all before, which is no post-test
        rows.record(person, area, None, "pre", day + week, (20, 20), mentor)
        rows.record(person, area, first, "skill", day + week, True, mentor)
