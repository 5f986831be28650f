"""DHIS2: its hierarchy of organisation units in, aggregate values out.

Out is what the Web API's resource ``dataValueSets`` takes. `DataValueSet` records that shape: a
set is built through it, so that what is written is what DHIS2 accepts. Which figure is which of
DHIS2's data elements is the programme's to say, in a mapping file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, sessionmaker

from bot.importing import Outcome
from bot.reports import dhis2_shape
from bot.reports.fiscal import FiscalYear
from bot.reports.table import TOO_FEW, Report
from bot.settings import Settings
from bot.text.fold import fold
from store.learning import OrgUnit
from store.people import Facility

_UID: Final = r"^[A-Za-z][A-Za-z0-9]{10}$"
Uid = Annotated[str, Field(pattern=_UID)]
_PERIOD: Final = r"^\d{4}(?:April|July|Sep|Oct|Nov)?$"


class MappingError(Exception):
    """The mapping file cannot be used. One sentence."""


class DataValue(BaseModel):
    """One figure of one organisation unit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataElement: Uid
    period: str = Field(pattern=_PERIOD)
    orgUnit: Uid
    value: str = Field(pattern=r"^-?\d+(?:\.\d+)?$")
    categoryOptionCombo: Uid | None = None


class DataValueSet(BaseModel):
    """What is posted to ``/api/dataValueSets``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataSet: Uid | None = None
    dataValues: tuple[DataValue, ...]


class Wiring(BaseModel):
    """A programme's mapping: which column of a report is which data element."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data_set: Uid | None = None
    district_level: int = Field(default=3, ge=1)
    facility_level: int = Field(default=6, ge=2)
    validated: dict[str, Uid]


def wiring(path: Path) -> Wiring:
    """The mapping of a YAML file.

    Raises:
        MappingError: it cannot be read, or an entry is not as it must be.
    """
    try:
        return Wiring.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, yaml.YAMLError, ValueError) as error:
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise MappingError(f"{path.name}, {where or 'whole'}: {first['msg']}.") from error
        raise MappingError(f"{path.name} cannot be read as YAML.") from error


def value_set(
    session: Session, report: Report, by: str, year: FiscalYear, wired: Wiring
) -> tuple[DataValueSet, list[str]]:
    """A report's rows as data values, and the groups that DHIS2 has no organisation unit for.

    Hidden cells are left out: an absent value is not a nought.

    Raises:
        MappingError: DHIS2 knows no such fiscal year, or a mapped column is not in the report.
    """
    period = year.dhis2()
    if period is None:
        raise MappingError(f"DHIS2 has no financial year that begins in month {year.first_month}.")
    known = {column.key for column in report.columns}
    if unknown := [key for key in wired.validated if key not in known]:
        raise MappingError(f"The mapping's {unknown[0]!r} is no column of the report.")
    units = _units(session, by, wired.district_level)
    values: list[DataValue] = []
    missing: list[str] = []
    for row in report.rows:
        unit = units.get(fold(row[by]))
        if unit is None:
            missing.append(row[by])
            continue
        values += [
            DataValue(dataElement=element, period=period, orgUnit=unit, value=str(row[key]))
            for key, element in wired.validated.items()
            if row[key] is not None and row[key] != TOO_FEW
        ]
    return DataValueSet(dataSet=wired.data_set, dataValues=tuple(values)), missing


def as_json(values: DataValueSet) -> str:
    """As it is posted; what is not set is left out.

    Raises:
        MappingError: it is not as DHIS2 takes it, and what is wrong with it.
    """
    wrong = dhis2_shape.problems(
        "data_value_set", values.model_dump(mode="json", exclude_none=True)
    )
    if wrong:
        raise MappingError(f"DHIS2 would not take this: {wrong[0]}.")
    return values.model_dump_json(exclude_none=True, indent=1)


def looked_at(path: Path) -> tuple[str, list[str]]:
    """What a JSON file is, data values or organisation units, and what is wrong with it.

    Raises:
        MappingError: it is neither.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise MappingError(f"{path.name} cannot be read as JSON.") from error
    shapes: dict[str, tuple[dhis2_shape.Shape, str]] = {
        "dataValues": ("data_value_set", "data values"),
        "organisationUnits": ("organisation_units", "organisation units"),
    }
    for key, (shape, name) in shapes.items():
        if isinstance(data, dict) and key in data:
            return name, dhis2_shape.problems(shape, data)
    raise MappingError(f"{path.name} has neither dataValues nor organisationUnits.")


def _units(session: Session, by: str, district_level: int) -> Mapping[str, str]:
    """Organisation units by the folded names that a report has in its rows."""
    if by == "district":
        rows = session.execute(
            select(OrgUnit.name, OrgUnit.uid).where(OrgUnit.level == district_level)
        )
        return {fold(_district(row.name)): row.uid for row in rows}
    places = session.execute(
        select(Facility.name, Facility.district, Facility.org_unit).where(
            Facility.org_unit.is_not(None)
        )
    )
    return {
        fold(f"{name} ({district})" if district else name): unit
        for name, district, unit in places
        if unit
    }


def facilities(
    sessions: sessionmaker[Session],
    path: Path,
    settings: Settings,
    *,
    check: bool = False,
    district_level: int = 3,
    facility_level: int = 6,
) -> Outcome:
    """Import DHIS2's organisation units (``/api/organisationUnits?fields=id,name,level,parent``).

    Those of the facilities' level become facilities, or are joined to the facility of the same
    name and district. Nothing is deleted.

    Args:
        check: only look, write nothing.
    """
    try:
        units = json.loads(path.read_text("utf-8"))["organisationUnits"]
        assert isinstance(units, list)
    except (OSError, ValueError, KeyError, TypeError, AssertionError):
        return Outcome([f"{path.name} is no JSON with a list organisationUnits."])
    problems: list[str] = []
    found = [one for n, unit in enumerate(units, 1) if (one := _unit(n, unit, problems))]
    ids = {one["uid"] for one in found}
    with sessions() as session:
        ids |= set(session.scalars(select(OrgUnit.uid)))
        problems += [
            f"Unit {one['uid']} ({one['name']}): its parent {one['parent']} is not there."
            for one in found
            if one["parent"] is not None and one["parent"] not in ids
        ]
        if problems:
            return Outcome(problems)
        _save_units(session, found)
        new, joined = _save_facilities(session, found, district_level, facility_level)
        if check:
            session.rollback()
        else:
            session.commit()
    return Outcome(
        summary=f"{len(found)} organisation units; facilities: {new} new, {joined} known."
    )


def _unit(number: int, unit: Any, problems: list[str]) -> dict[str, Any] | None:
    entry = unit if isinstance(unit, dict) else {}
    uid, name, level = (
        entry.get("id"),
        entry.get("name") or entry.get("displayName"),
        entry.get("level"),
    )
    parent = entry.get("parent")
    above = parent.get("id") if isinstance(parent, dict) else None
    if not isinstance(uid, str) or not re.fullmatch(_UID, uid):
        problems.append(f"Unit {number}: id {uid!r} is not 11 letters and digits.")
    elif not isinstance(name, str) or not name.strip():
        problems.append(f"Unit {number} ({uid}): it has no name.")
    elif not isinstance(level, int) or isinstance(level, bool) or level < 1:
        problems.append(f"Unit {number} ({uid}): level {level!r} is not a whole number from 1.")
    else:
        return {"uid": uid, "name": name.strip(), "level": level, "parent": above}
    return None


def _save_units(session: Session, found: Sequence[Mapping[str, Any]]) -> None:
    # From the top down: a unit's parent is there before it.
    for one in sorted(found, key=lambda unit: unit["level"]):
        statement = insert(OrgUnit).values(**one)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["uid"],
                set_={key: one[key] for key in ("name", "level", "parent")},
            )
        )


def _save_facilities(
    session: Session, found: Sequence[Mapping[str, Any]], district_level: int, facility_level: int
) -> tuple[int, int]:
    everything = {unit.uid: unit for unit in session.scalars(select(OrgUnit))}
    places = list(session.scalars(select(Facility)))
    by_unit = {place.org_unit: place for place in places if place.org_unit}
    by_name = {(fold(place.name), fold(place.district)): place for place in places}
    new = joined = 0
    for one in found:
        if one["level"] != facility_level:
            continue
        district = _above(everything, one["uid"], district_level)
        place = by_unit.get(one["uid"]) or by_name.get((fold(one["name"]), fold(district)))
        if place is None:
            place = Facility(name=one["name"], district=district)
            session.add(place)
            by_name[fold(one["name"]), fold(district)] = place
            new += 1
        else:
            joined += 1
        place.org_unit = one["uid"]
    session.flush()
    return new, joined


def _above(units: Mapping[str, OrgUnit], uid: str, level: int) -> str:
    """The name of the unit of a level above another one; empty where there is none."""
    seen: set[str] = set()
    at: str | None = uid
    while at is not None and at not in seen and at in units:
        seen.add(at)
        if units[at].level == level:
            return _district(units[at].name)
        at = units[at].parent
    return ""


def _district(name: str) -> str:
    """DHIS2 writes "Kayonza District" where lists of people write "Kayonza"."""
    return re.sub(r"\s+district$", "", name.strip(), flags=re.IGNORECASE)
