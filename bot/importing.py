"""Bringing people and cards in from files. All rows or none; every bad row is listed."""

from __future__ import annotations

import csv
import io
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile
from zoneinfo import available_timezones

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, sessionmaker

from bot import knowledge
from bot.mentoring import cascade, dues, duty, mentor_tree, stays
from bot.people import by_external_id, e164
from bot.settings import Settings
from bot.text.fold import clean, fold
from bot.words import language_name
from store.moves import FormerPerson
from store.people import Address, Facility, Person

PEOPLE_COLUMNS = (
    "name", "phone", "whatsapp", "role", "cadre", "facility", "facility_level", "district",
    "association", "language", "timezone", "technical_areas", "mentor_phone", "consent",
    "external_id", "groups", "backup_mentor_phone", "duty_hours", "max_open_cases",
    "max_cases_a_day", "languages",
)  # fmt: skip
ROLES = ("mentee", "mentor", "leader", "coordinator", "focal")
# More than this at once is a slip of the finger.
MOST_CASES = 500
LANGUAGES = ("en", "fr", "rw", "sw")
# Whoever waits for a long import hears of it this often, in rows.
TELL_EVERY = 100

Told = Callable[[int, int], None]
"""Is called with how many rows are done, and how many there are."""


@dataclass
class Outcome:
    """What an import found. ``problems`` empty: everything was taken."""

    problems: list[str] = field(default_factory=list)
    summary: str = ""
    # What somebody should look at; it hinders nothing.
    notes: list[str] = field(default_factory=list)
    rows: int = 0
    added: int = 0


@dataclass(frozen=True)
class PersonRow:
    """One row of a people file, checked. Numbers are E.164; ``None`` means: leave as it is."""

    line: int
    name: str
    phone: str | None
    whatsapp: str | None
    roles: tuple[str, ...]
    cadre: str | None
    facility: str | None
    facility_level: str | None
    district: str
    association: str | None
    language: str | None
    timezone: str | None
    technical_areas: tuple[str, ...] | None
    mentor_phone: str | None
    consent: bool | None
    external_id: str | None
    groups: tuple[str, ...] | None = None
    backup_mentor_phone: str | None = None
    duty: duty.Hours | None = None
    case_cap: int | None = None
    daily_cap: int | None = None
    languages: tuple[str, ...] | None = None


def read_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, {column: text}) of a CSV or XLSX file with a heading; blank rows are passed over.

    Raises:
        ValueError: one sentence: the file cannot be read, or is of another kind.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".csv":
            table = _csv(path)
        elif suffix == ".xlsx":
            table = _xlsx(path)
        else:
            raise ValueError(f"{path.name} is neither CSV nor XLSX.")
    except FileNotFoundError as error:
        raise ValueError(f"There is no file {path}.") from error
    except (
        OSError,
        UnicodeError,
        csv.Error,
        BadZipFile,
        InvalidFileException,
        KeyError,
        zlib.error,
    ) as error:
        raise ValueError(f"{path.name} cannot be read as {suffix[1:].upper()}.") from error
    if not table:
        raise ValueError(f"{path.name} is empty.")
    heading = [fold(cell).replace(" ", "_") for cell in table[0][1]]
    for line, cells in table[1:]:
        if any(cell.strip() for cell in cells):
            padded = [*cells, *[""] * (len(heading) - len(cells))]
            row = {name: clean(cell).strip() for name, cell in zip(heading, padded, strict=False)}
            yield line, {"": "", **row, "_extra": "".join(padded[len(heading) :]).strip()}


def _csv(path: Path) -> list[tuple[int, list[str]]]:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252")  # what Excel writes on many offices' machines
    sample = text[:4096]
    delimiter = ";" if sample.count(";") > sample.count(",") else ","
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    return [(reader.line_num, row) for row in reader]


def _xlsx(path: Path) -> list[tuple[int, list[str]]]:
    with path.open("rb") as file:
        sheet = load_workbook(file, read_only=True, data_only=True).worksheets[0]
        return _sheet(sheet)


def _sheet(sheet: Any) -> list[tuple[int, list[str]]]:
    return [
        (number, [_cell(value) for value in row])
        for number, row in enumerate(sheet.iter_rows(values_only=True), start=1)
    ]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a phone number that Excel took for a quantity
    return str(value)


def check_person(line: int, row: dict[str, str], settings: Settings) -> tuple[PersonRow, list[str]]:
    """A row as we keep it, and what is wrong with it (one reason each, without the line)."""
    wrong: list[str] = []

    def number(column: str) -> str | None:
        given = row.get(column, "")
        if not given:
            return None
        region = settings.default_region
        # A national number that a spreadsheet stripped of its + or its leading zero.
        bare = re.sub(r"\D", "", given)
        found = e164(given, region) if _plausible(given, region) else None
        found = found or (e164(f"+{bare}", region) if _plausible(f"+{bare}", region) else None)
        if found is None:
            wrong.append(f"{column} {given!r} is not a phone number")
        return found

    def one_of(column: str, allowed: tuple[str, ...]) -> str | None:
        given = row.get(column, "").lower()
        if given and given not in allowed:
            wrong.append(f"{column} {given!r} is not one of {', '.join(allowed)}")
            return None
        return given or None

    if row.get("_extra"):
        wrong.append("it has more cells than the heading")
    phone, whatsapp, external_id = number("phone"), number("whatsapp"), row.get("external_id")
    if not (row.get("phone") or row.get("whatsapp") or external_id):
        wrong.append("it has neither phone nor whatsapp nor external_id")
    roles = tuple(part.strip().lower() for part in re.split(r"[;,]", row.get("role", "")) if part)
    if unknown := [role for role in roles if role not in ROLES]:
        wrong.append(f"role {unknown[0]!r} is not one of {', '.join(ROLES)}")
    language = row.get("language", "")
    code = _language(language)
    if language and code is None:
        wrong.append(f"language {language!r} is not one of {', '.join(LANGUAGES)}")
    zone = row.get("timezone", "")
    if zone and zone not in available_timezones():
        wrong.append(f"timezone {zone!r} is not a name such as Africa/Kigali")
    consent = one_of("consent", ("yes", "no"))
    hours = None
    if row.get("duty_hours"):
        try:
            hours = duty.read(row["duty_hours"])
        except ValueError as error:
            wrong.append(f"duty_hours: {error}")

    def most(column: str) -> int | None:
        given = row.get(column, "")
        if not given:
            return None
        if not given.isascii() or not given.isdigit() or not 1 <= int(given) <= MOST_CASES:
            wrong.append(f"{column} {given!r} is not a number from 1 to {MOST_CASES}")
            return None
        return int(given)

    others = _list(row.get("languages", ""))
    spoken = {name: _language(name) for name in others or ()}
    if unspoken := [name for name, found in spoken.items() if found is None]:
        wrong.append(f"languages {unspoken[0]!r} is not one of {', '.join(LANGUAGES)}")
    return (
        PersonRow(
            line=line,
            name=row.get("name", "")[:200],
            phone=phone,
            whatsapp=whatsapp,
            roles=roles or ("mentee",),
            cadre=row.get("cadre") or None,
            facility=row.get("facility") or None,
            facility_level=row.get("facility_level") or None,
            district=row.get("district", ""),
            association=row.get("association") or None,
            language=code,
            timezone=zone or None,
            technical_areas=_list(row.get("technical_areas", "")),
            mentor_phone=number("mentor_phone"),
            consent=None if consent is None else consent == "yes",
            external_id=external_id or None,
            groups=_list(row.get("groups", "")),
            backup_mentor_phone=number("backup_mentor_phone"),
            duty=hours,
            case_cap=most("max_open_cases"),
            daily_cap=most("max_cases_a_day"),
            languages=None if others is None else tuple(filter(None, spoken.values())),
        ),
        wrong,
    )


def _language(name: str) -> str | None:
    return name.lower() if name.lower() in LANGUAGES else language_name(name)


def _list(cell: str) -> tuple[str, ...] | None:
    """The words of a cell between semicolons; an empty cell says nothing."""
    return tuple(filter(None, (part.strip() for part in cell.split(";")))) if cell else None


def _plausible(number: str, region: str) -> bool:
    found = e164(number, region)
    return found is not None and 8 <= len(found) <= 16


def people(
    sessions: sessionmaker[Session],
    path: Path,
    settings: Settings,
    *,
    check: bool = False,
    now: datetime | None = None,
    within: str | None = None,
    told: Told | None = None,
) -> Outcome:
    """Import people from CSV or XLSX (columns: the contract's).

    People are found again by external id, phone or WhatsApp number, and updated; nobody is
    deleted, and a STOP is never undone. Another facility than before is a transfer, see
    ``bot.mentoring.stays``.

    Args:
        check: only look, write nothing.
        now: aware; the moment of transfers. Left out: the real time.
        within: the only district that whoever imports looks after; rows beyond it are bad.
        told: hears how far it is, now and then.
    """
    outcome = Outcome()
    try:
        raw = list(read_rows(path))
    except ValueError as error:
        return Outcome([str(error)])
    outcome.rows = len(raw)
    if raw and (unknown := [c for c in raw[0][1] if c and c[0] != "_" and c not in PEOPLE_COLUMNS]):
        return Outcome([f"The heading has a column {unknown[0]!r} that is not known."])
    rows: list[PersonRow] = []
    seen: dict[str, int] = {}
    for line, cells in raw:
        row, wrong = check_person(line, cells, settings)
        for value in {v for v in (row.phone, row.whatsapp, row.external_id) if v}:
            if value in seen and seen[value] != line:
                wrong.append(f"{value} is also on line {seen[value]}")
            seen.setdefault(value, line)
        outcome.problems += [f"Line {line}: {reason}." for reason in wrong]
        rows.append(row)
    with sessions() as session:
        if not outcome.problems:
            outcome.problems += _mentors_missing(session, rows)
            if within is not None:
                outcome.problems += _beyond(session, rows, within)
        if outcome.problems:
            return outcome
        new = save_people(session, rows, settings, now, told)
        outcome.notes = _cascade(session, rows)
        if check:
            session.rollback()
        else:
            session.commit()
    outcome.added = new
    outcome.summary = f"{len(rows)} people: {new} new, {len(rows) - new} updated."
    return outcome


def save_people(
    session: Session,
    rows: Sequence[PersonRow],
    settings: Settings,
    now: datetime | None = None,
    told: Told | None = None,
) -> int:
    """Store checked rows; returns how many of the people are new. ``now``, ``told``: ``people``."""
    moment = now or datetime.now(UTC)
    new = 0
    for number, row in enumerate(rows, start=1):
        new += _save_person(session, row, settings, moment)
        if told is not None and number % TELL_EVERY == 0:
            told(number, len(rows))
    for row in rows:
        _pair(session, row)
    if any("mentor" in row.roles for row in rows):
        dues.bring_waiting(session, moment)  # a newcomer, or new hours
    return new


def _cascade(session: Session, rows: Sequence[PersonRow]) -> list[str]:
    """Where the file gives a mentor more places than the cascade has."""
    named = {row.mentor_phone for row in rows if row.mentor_phone}
    if not named:
        return []
    mentors = session.scalars(select(Address.person_id).where(Address.value.in_(named)))
    found = mentor_tree.mentors(session, only=set(mentors))
    return [sentence for mentor in found for sentence in cascade.check(mentor)]


def _mentors_missing(session: Session, rows: list[PersonRow]) -> list[str]:
    in_file = {number for row in rows for number in (row.phone, row.whatsapp)}
    wanted = {number for row in rows for _, number in _mentors_of(row)} - in_file
    known = set(session.scalars(select(Address.value).where(Address.value.in_(wanted))))
    return [
        f"Line {row.line}: {column} {number} belongs to nobody we know."
        for row in rows
        for column, number in _mentors_of(row)
        if number in wanted - known
    ]


def _beyond(session: Session, rows: list[PersonRow], district: str) -> list[str]:
    """Rows about people or places outside a district."""
    wrong = []
    for row in rows:
        person = _found(session, row)
        if row.facility and row.district != district:
            wrong.append(f"Line {row.line}: its district is not {district}, which is yours.")
        elif person is None and not row.facility:
            wrong.append(f"Line {row.line}: it needs a facility in {district}, which is yours.")
        elif person is not None and (
            person.facility is None or person.facility.district != district
        ):
            wrong.append(f"Line {row.line}: this person is recorded outside {district}.")
    return wrong


def _mentors_of(row: PersonRow) -> list[tuple[str, str]]:
    named = (("mentor_phone", row.mentor_phone), ("backup_mentor_phone", row.backup_mentor_phone))
    return [(column, number) for column, number in named if number]


def _found(session: Session, row: PersonRow) -> Person | None:
    if row.external_id:
        person = by_external_id(session, row.external_id)
        if person is not None:
            return person
    numbers = [number for number in (row.phone, row.whatsapp) if number]
    person_id = session.scalar(
        select(Address.person_id).where(Address.value.in_(numbers)).order_by(Address.id).limit(1)
    )
    return session.get(Person, person_id) if person_id else None


def _save_person(session: Session, row: PersonRow, settings: Settings, now: datetime) -> bool:
    person = _found(session, row)
    new = person is None
    if person is None:
        person = Person(
            language=row.language or settings.default_language,
            timezone=row.timezone or settings.default_timezone,
            roles=list(row.roles),
            technical_areas=[],
        )
        session.add(person)
    person.roles = sorted({*row.roles, *(() if new else person.roles)})
    for name in (
        "name",
        "external_id",
        "cadre",
        "association",
        "language",
        "timezone",
        "case_cap",
        "daily_cap",
    ):
        value = getattr(row, name)
        # That of a record that was merged into this one leads here, and does not replace ours.
        if name == "external_id" and _is_former(session, value):
            continue
        if value:
            setattr(person, name, value)
    if row.technical_areas is not None:
        person.technical_areas = list(row.technical_areas)
    if row.groups is not None:
        person.groups = list(row.groups)
    if row.languages is not None:
        person.languages = list(row.languages)
    if row.duty is not None:
        person.duty = duty.to_json(row.duty)
    if row.consent and person.consent not in ("yes", "no"):
        person.consent = "yes"
    session.flush()
    if row.facility:
        stays.move(session, person, _facility(session, row), now)
    for channel, number in (("sms", row.phone), ("whatsapp", row.whatsapp)):
        if number:
            session.execute(
                insert(Address)
                .values(person_id=person.id, channel=channel, value=number)
                .on_conflict_do_nothing(index_elements=["channel", "value"])
            )
    return new


def _is_former(session: Session, external_id: str | None) -> bool:
    former = select(FormerPerson.id).where(FormerPerson.external_id == external_id)
    return external_id is not None and session.scalar(former) is not None


def _facility(session: Session, row: PersonRow) -> int:
    statement = insert(Facility).values(
        name=row.facility, district=row.district, level=row.facility_level
    )
    found = session.execute(
        statement.on_conflict_do_update(
            index_elements=["name", "district"],
            set_={"level": statement.excluded.level}
            if row.facility_level
            else {"name": row.facility},
        ).returning(Facility.id)
    )
    return int(found.scalar_one())


def _pair(session: Session, row: PersonRow) -> None:
    if not _mentors_of(row):
        return
    person = _found(session, row)
    assert person is not None
    person.mentor_id = _owner(session, row.mentor_phone) or person.mentor_id
    person.backup_mentor_id = _owner(session, row.backup_mentor_phone) or person.backup_mentor_id


def _owner(session: Session, number: str | None) -> int | None:
    if number is None:
        return None
    return session.scalar(select(Address.person_id).where(Address.value == number).limit(1))


def cards(
    sessions: sessionmaker[Session], path: Path, settings: Settings, *, check: bool = False
) -> Outcome:
    """Import answer cards from one YAML file (the shape of ``bot/knowledge/cards``)."""
    try:
        found = knowledge.read_file(path)
    except knowledge.CardError as error:
        return Outcome([str(error)])
    return _save_cards(sessions, found, check)


def _save_cards(
    sessions: sessionmaker[Session], found: list[dict[str, Any]], check: bool
) -> Outcome:
    with sessions() as session:
        changed, same = knowledge.save(session, found)
        if check:
            session.rollback()
        else:
            session.commit()
    return Outcome(summary=f"{changed} cards new or changed, {same} as they were.")
