"""Bringing assessments in that were made before or outside Mentorline. All rows or none."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, sessionmaker

from bot.importing import Outcome, read_rows
from bot.mentoring.competencies import Catalogue, CatalogueError, load
from bot.mentoring.validation import reaches
from bot.people import e164
from bot.settings import Settings
from store.learning import Assessment
from store.moves import FormerPerson
from store.people import Address, Person

COLUMNS: Final = (
    "phone", "external_id", "technical_area", "competency", "kind", "score", "out_of", "passed",
    "date", "assessor_phone",
)  # fmt: skip
KINDS: Final = ("pre", "post", "skill")
EARLIEST: Final = 1990
CHUNK: Final = 2000
_YES_NO: Final = {"yes": True, "oui": True, "no": False, "non": False}
_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]00:00:00(?:\.0+)?)?")
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")


@dataclass(frozen=True)
class Row:
    """One row, checked as far as it can be without the database. Numbers are E.164."""

    line: int
    phone: str | None
    external_id: str | None
    area: str
    competency: str | None
    kind: str
    score: Decimal | None
    out_of: Decimal | None
    passed: bool | None
    day: date
    assessor: str | None

    def key(self, person_id: int) -> str:
        """The same for the same record of the same person, in whatever file it stands."""
        parts = (
            person_id, self.area, self.competency, self.kind, _plain(self.score),
            _plain(self.out_of), self.passed, self.day.isoformat(), self.assessor,
        )  # fmt: skip
        return "import:" + hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


def assessments(
    sessions: sessionmaker[Session],
    path: Path,
    settings: Settings,
    *,
    check: bool = False,
    now: datetime | None = None,
) -> Outcome:
    """Import assessments from CSV or XLSX (columns: the contract's).

    A record that is there already is not taken twice. A day is one of the programme's time zone;
    dates are written 2021-03-31 or, with the day first, 31/03/2021.

    Args:
        check: only look, write nothing.
        now: aware; nothing can have happened after it. Left out: the real time.
    """
    zone = ZoneInfo(settings.default_timezone)
    today = (now or datetime.now(UTC)).astimezone(zone).date()
    try:
        catalogue = load(settings.competencies_dir)
        raw = list(read_rows(path))
    except CatalogueError as error:
        return Outcome(error.problems)
    except ValueError as error:
        return Outcome([str(error)])
    if raw and (unknown := [c for c in raw[0][1] if c and c[0] != "_" and c not in COLUMNS]):
        return Outcome([f"The heading has a column {unknown[0]!r} that is not known."])
    rows: list[Row] = []
    problems: list[tuple[int, str]] = []
    for line, cells in raw:
        row, wrong = check_row(line, cells, catalogue, settings.default_region, today)
        problems += [(line, reason) for reason in wrong]
        if row is not None:
            rows.append(row)
    with sessions() as session:
        values, more = _resolved(session, rows, zone)
        problems += more
        if problems:
            listed = sorted(problems, key=lambda problem: problem[0])
            return Outcome([f"Line {line}: {reason}." for line, reason in listed])
        new = _save(session, values)
        if check:
            session.rollback()
        else:
            session.commit()
    return Outcome(summary=f"{len(values)} assessments: {new} new, {len(values) - new} known.")


def check_row(
    line: int, cells: Mapping[str, str], catalogue: Catalogue, region: str, today: date
) -> tuple[Row | None, list[str]]:
    """A row as we keep it, or None, and what is wrong with it (one reason each)."""
    wrong: list[str] = []

    def number(column: str) -> str | None:
        given = cells.get(column, "")
        if not given:
            return None
        bare = re.sub(r"\D", "", given)
        found = next(
            (n for text in (given, f"+{bare}") if (n := e164(text, region)) and len(n) >= 8), None
        )
        if found is None:
            wrong.append(f"{column} {given!r} is not a phone number")
        return found

    if cells.get("_extra"):
        wrong.append("it has more cells than the heading")
    phone, external_id = number("phone"), cells.get("external_id") or None
    if not cells.get("phone") and external_id is None:
        wrong.append("it has neither phone nor external_id")
    assessor = number("assessor_phone")
    kind = cells.get("kind", "").lower()
    if kind not in KINDS:
        wrong.append(f"kind {kind!r} is not one of {', '.join(KINDS)}")
    area, competency = _named(cells, catalogue, wrong)
    score, out_of = _score(cells, wrong)
    passed = _passed(cells, wrong)
    if kind in ("pre", "post"):
        wrong += _test_problems(cells, score, out_of, passed)
        passed = None
    elif kind == "skill":
        wrong += _skill_problems(cells)
    day = _day(cells.get("date", ""), today, wrong)
    if wrong or day is None:
        return None, wrong
    return (
        Row(line, phone, external_id, area, competency, kind, score, out_of, passed, day, assessor),
        [],
    )


def _named(
    cells: Mapping[str, str], catalogue: Catalogue, wrong: list[str]
) -> tuple[str, str | None]:
    given = cells.get("technical_area", "")
    area = catalogue.area(given)
    if area is None:
        known = ", ".join(one.id for one in catalogue.areas)
        wrong.append(f"technical_area {given!r} is not one of {known}" if given else
                     "it has no technical_area")  # fmt: skip
        return "", None
    name = cells.get("competency", "")
    if not name:
        return area.id, None
    competency = catalogue.competency(name, area)
    if competency is None:
        known = ", ".join(one.id for one in area.competencies)
        wrong.append(f"competency {name!r} is not one of {area.id}: {known}")
        return area.id, None
    return area.id, competency.id


def _score(cells: Mapping[str, str], wrong: list[str]) -> tuple[Decimal | None, Decimal | None]:
    given, of = cells.get("score", ""), cells.get("out_of", "")
    if given.endswith("%") and not of:
        given, of = given[:-1].strip(), "100"
    found: list[Decimal | None] = []
    for column, text in (("score", given), ("out_of", of)):
        try:
            value = Decimal(text.replace(",", ".")) if text else None
        except InvalidOperation:
            value = None
        if text and (value is None or not value.is_finite() or abs(value) > 10**6):
            wrong.append(f"{column} {text!r} is not a number")
            value = None
        found.append(value)
    score, out_of = found
    if (given == "") != (of == ""):
        wrong.append("score and out_of go together")
    elif score is not None and out_of is not None and not 0 <= score <= out_of > 0:
        wrong.append(f"a score of {given} out of {of} cannot be")
    return score, out_of


def _passed(cells: Mapping[str, str], wrong: list[str]) -> bool | None:
    given = cells.get("passed", "").lower()
    if given and given not in _YES_NO:
        wrong.append(f"passed {given!r} is neither yes nor no")
    return _YES_NO.get(given)


def _test_problems(
    cells: Mapping[str, str], score: Decimal | None, out_of: Decimal | None, passed: bool | None
) -> list[str]:
    if not cells.get("score"):
        return ["a test needs its score and out_of"]
    if passed is None or score is None or not out_of:
        return []
    if passed != reaches(Fraction(score), Fraction(out_of)):
        side = "under" if passed else "at least"
        return [f"passed says {cells['passed']}, but {score} of {out_of} is {side} 85 %"]
    return []


def _skill_problems(cells: Mapping[str, str]) -> list[str]:
    needed = {
        "competency": "a skill needs its competency",
        "passed": "a skill needs passed, yes or no",
        "assessor_phone": "a skill needs the mentor who signed it, in assessor_phone",
    }
    return [reason for column, reason in needed.items() if not cells.get(column)]


def _day(given: str, today: date, wrong: list[str]) -> date | None:
    if not given:
        wrong.append("it has no date")
        return None
    iso, other = _ISO.fullmatch(given), _DAY_FIRST.fullmatch(given)
    try:
        if iso:
            day = date(int(iso[1]), int(iso[2]), int(iso[3]))
        elif other:
            day = date(int(other[3]), int(other[2]), int(other[1]))
        else:
            raise ValueError
    except ValueError:
        wrong.append(f"date {given!r} is not a day such as 2021-03-31 or 31/03/2021")
        return None
    if day > today:
        wrong.append(f"date {given} has not come yet")
    elif day.year < EARLIEST:
        wrong.append(f"date {given} is before {EARLIEST}")
    return day


def _resolved(
    session: Session, rows: list[Row], zone: ZoneInfo
) -> tuple[list[dict[str, Any]], list[tuple[int, str]]]:
    """The rows as they are stored, and what is wrong with them beside what we know."""
    numbers = {n for row in rows for n in (row.phone, row.assessor) if n}
    by_number = _lookup(session, Address.value, Address.person_id, numbers)
    externals = {row.external_id for row in rows if row.external_id}
    by_external = {
        **_lookup(session, FormerPerson.external_id, FormerPerson.person_id, externals),
        **_lookup(session, Person.external_id, Person.id, externals),
    }
    assessors = {by_number[row.assessor] for row in rows if row.assessor in by_number}
    mentors = {
        person_id
        for chunk in _chunks(assessors)
        for person_id in session.scalars(
            select(Person.id).where(Person.id.in_(chunk), Person.roles.contains(["mentor"]))
        )
    }
    values: list[dict[str, Any]] = []
    problems: list[tuple[int, str]] = []
    seen: dict[str, int] = {}
    former = _former(session, {*by_number.values(), *by_external.values()})
    before: dict[str, str] = {}
    for row in rows:
        wrong: list[str] = []
        person_id = _person(row, by_number, by_external, wrong)
        assessor = by_number.get(row.assessor or "")
        if row.assessor and assessor is None:
            wrong.append(f"assessor_phone {row.assessor} belongs to nobody we know")
        elif assessor is not None and assessor == person_id:
            wrong.append("nobody signs for themselves: assessor_phone is the mentee's own")
        elif row.kind == "skill" and assessor not in mentors:
            wrong.append(f"assessor_phone {row.assessor} is no mentor's")
        if person_id is not None and not wrong:
            key = row.key(person_id)
            if key in seen:
                wrong.append(f"it is the same record as line {seen[key]}")
            seen.setdefault(key, row.line)
            before |= {row.key(number): key for number in former.get(person_id, ())}
            values.append(_values(row, person_id, assessor, key, zone))
        problems += [(row.line, reason) for reason in wrong]
    # Recorded already, before two records of the person became one.
    known = {before[key]: key for key in _lookup(session, Assessment.key, Assessment.id, before)}
    for value in values:
        value["key"] = known.get(value["key"], value["key"])
    return values, problems


def _former(session: Session, people: Iterable[int]) -> dict[int, list[int]]:
    """The numbers of the records that became these people."""
    found: dict[int, list[int]] = {}
    for chunk in _chunks(people):
        merged = select(FormerPerson).where(FormerPerson.person_id.in_(chunk))
        for one in session.scalars(merged):
            found.setdefault(one.person_id, []).append(one.id)
    return found


def _person(
    row: Row, by_number: Mapping[str, int], by_external: Mapping[str, int], wrong: list[str]
) -> int | None:
    phone, external = by_number.get(row.phone or ""), by_external.get(row.external_id or "")
    if row.phone and phone is None:
        wrong.append(f"phone {row.phone} belongs to nobody we know")
    if row.external_id and external is None:
        wrong.append(f"external_id {row.external_id!r} belongs to nobody we know")
    if phone is not None and external is not None and phone != external:
        wrong.append("phone and external_id belong to two different people")
        return None
    return external if external is not None else phone


def _values(
    row: Row, person_id: int, assessor: int | None, key: str, zone: ZoneInfo
) -> dict[str, Any]:
    return {
        "person_id": person_id,
        "technical_area": row.area,
        "competency": row.competency,
        "kind": row.kind,
        "score": row.score,
        "out_of": row.out_of,
        "passed": row.passed,
        "at": datetime.combine(row.day, time(), zone),
        "assessor_id": assessor,
        "source": "import",
        "key": key,
    }


def _save(session: Session, values: list[dict[str, Any]]) -> int:
    """How many of them are new."""
    new = 0
    for chunk in _chunks(values):
        found = session.execute(
            insert(Assessment)
            .values(chunk)
            .on_conflict_do_nothing(index_elements=["key"])
            .returning(Assessment.id)
        )
        new += len(found.all())
    return new


def _lookup(session: Session, name: Any, number: Any, wanted: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for chunk in _chunks(wanted):
        for row in session.execute(select(name, number).where(name.in_(chunk))):
            found[row[0]] = row[1]
    return found


def _chunks(values: Iterable[Any]) -> list[list[Any]]:
    everything = list(values)
    return [everything[i : i + CHUNK] for i in range(0, len(everything), CHUNK)]


def _plain(value: Decimal | None) -> str:
    # 17, 17.0 and 17.00 are one score.
    return "" if value is None else str(Fraction(value))
