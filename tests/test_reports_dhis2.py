"""DHIS2: the hierarchy in, aggregate values out, in the shape that its Web API takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from typer.testing import CliRunner

from benchmarks.reports_tables import Rows, store
from bot.reports.dhis2 import DataValueSet, MappingError, facilities, value_set, wiring
from bot.reports.dhis2_shape import problems
from bot.reports.fiscal import FiscalYear
from bot.reports.table import Column, Report
from bot.settings import Settings
from cli.app import app
from store.base import make_engine, make_sessions
from store.learning import OrgUnit
from store.people import Facility

SETTINGS = Settings(_env_file=None)
MAPPING = Path(__file__).parent.parent / "docs" / "examples" / "dhis2.yml"
UNITS = [
    {"id": "Gahini00006", "name": "Gahini", "level": 6, "parent": {"id": "Kayonza0003"}},
    {"id": "Kayonza0003", "name": "Kayonza District", "level": 3, "parent": {"id": "Rwanda00001"}},
    {"id": "Rwanda00001", "displayName": "Rwanda", "level": 1},
    {"id": "Rukara00006", "name": "RUKARA", "level": 6, "parent": {"id": "Kayonza0003"}},
]
DAY = datetime(2021, 1, 5, tzinfo=UTC)
Sessions = sessionmaker[Session]


@pytest.fixture
def sessions(database_url: str) -> Iterator[Sessions]:
    engine = make_engine(database_url)
    made = make_sessions(engine)
    rows = Rows()
    rukara = rows.place("Rukara", "health centre", "Kayonza")
    village = rows.place("Nowhere", "village", "Elsewhere")
    mentor = rows.body("mentor", "midwife", None, None)
    for n in range(14):
        person = rows.body("mentee", "nurse", rukara if n < 8 else village, None)
        rows.record(person, "MNH", "mnh-pph", "post", DAY, (18, 20), mentor)
        if n < 6:
            rows.record(person, "MNH", "mnh-pph", "skill", DAY, True, mentor)
    with made.begin() as session:
        store(session, rows)
    yield made
    engine.dispose()


def file(path: Path, units: object) -> Path:
    path.write_text(json.dumps({"organisationUnits": units}))
    return path


def test_the_hierarchy_comes_in_and_values_go_out(
    sessions: Sessions, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file(tmp_path / "units.json", UNITS)
    assert facilities(sessions, path, SETTINGS, check=True).problems == []
    first = facilities(sessions, path, SETTINGS)
    assert first.summary == "4 organisation units; facilities: 1 new, 1 known."
    again = facilities(sessions, path, SETTINGS)
    assert again.summary == "4 organisation units; facilities: 0 new, 2 known."
    with sessions() as session:
        assert session.get_one(OrgUnit, "Gahini00006").parent == "Kayonza0003"
        units = {place.name: place.org_unit for place in session.scalars(select(Facility))}
    assert units == {"Rukara": "Rukara00006", "Nowhere": None, "Gahini": "Gahini00006"}
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("MENTORLINE_HOME", str(tmp_path))
    words = ["report", "validated", "--fy", "2021", "--format", "dhis2", "--by"]
    for by, unit in (("facility", "Rukara00006"), ("district", "Kayonza0003")):
        made = CliRunner().invoke(app, [*words, by, "--mapping", str(MAPPING)])
        assert made.exit_code == 0, made.output
        found = DataValueSet.model_validate_json(made.stdout)
        assert {(v.dataElement, v.orgUnit, v.period, v.value) for v in found.dataValues} == {
            ("rEaChEdMnT1", unit, "2020Oct", "8"),
            ("vAlIdAtEdM1", unit, "2020Oct", "6"),
            ("mEnToRsNum1", unit, "2020Oct", "1"),
        }
        assert "Elsewhere" in made.stderr
    refused = CliRunner().invoke(app, [*words, "area", "--mapping", str(MAPPING)])
    assert "DHIS2 takes one year" in str(refused.exception)


@pytest.mark.parametrize(
    ("unit", "sentence"),
    [
        ({"id": "short", "name": "X", "level": 6}, "Unit 1: id 'short' is not 11 letters"),
        ({"id": "Gahini00006", "level": 6}, "Unit 1 (Gahini00006): it has no name."),
        ({"id": "Gahini00006", "name": "X", "level": "6"}, "level '6' is not a whole number"),
        ({"id": "Gahini00006", "name": "X", "level": 6, "parent": {"id": "Nobody00001"}},
         "its parent Nobody00001 is not there"),
        ("X", "Unit 1: id None is not"),
    ],
)  # fmt: skip
def test_a_bad_unit_is_named(
    sessions: Sessions, tmp_path: Path, unit: object, sentence: str
) -> None:
    outcome = facilities(sessions, file(tmp_path / "u.json", [unit]), SETTINGS)
    assert len(outcome.problems) == 1
    assert sentence in outcome.problems[0]
    (tmp_path / "not.json").write_text("[]")
    assert "is no JSON with" in facilities(sessions, tmp_path / "not.json", SETTINGS).problems[0]


def test_what_dhis2_would_refuse_is_not_written(sessions: Sessions, tmp_path: Path) -> None:
    wired = wiring(MAPPING)
    report = Report("validated", "", "", (Column("district", "District"),), [], "")
    with sessions() as session:
        with pytest.raises(MappingError, match="no financial year that begins in month 2"):
            value_set(session, report, "district", FiscalYear(2021, 2), wired)
        with pytest.raises(MappingError, match="'reached' is no column"):
            value_set(session, report, "district", FiscalYear(2021, 7), wired)
    bad = tmp_path / "bad.yml"
    for text, sentence in [
        ("validated: {reached: short}", "bad.yml, validated.reached: "),
        ("validated: {}\ncolour: red", "bad.yml, colour: "),
        ("a: [", "cannot be read as YAML"),
    ]:
        bad.write_text(text)
        with pytest.raises(MappingError) as refused:
            wiring(bad)
        assert sentence in str(refused.value)
    value = {"dataElement": "rEaChEdMnT1", "period": "2020Oct", "orgUnit": "Gahini00006"}
    for change in ({"value": "<5"}, {"value": "5", "period": "FY21"}, {"value": "5", "x": 1}):
        with pytest.raises(ValidationError):
            DataValueSet.model_validate({"dataValues": [value | change]})


# The shapes, as JSON schemas


def test_what_is_written_and_read_is_as_dhis2_has_it(tmp_path: Path) -> None:
    """A set of values and a list of units; `report dhis2 --check` says what is wrong where."""
    value = {
        "dataElement": "Validated01", "period": "2020Oct", "orgUnit": "Rukara00006", "value": "6"
    }  # fmt: skip
    good = {"dataSet": "MentorSet01", "dataValues": [value]}
    assert problems("data_value_set", good) == []
    assert problems("organisation_units", {"organisationUnits": UNITS}) == []
    cases: list[tuple[dict[str, object], str]] = [
        ({"period": "FY21"}, 'dataValues.0.period: "FY21" is not as it must be'),
        ({"orgUnit": "Rukara"}, 'dataValues.0.orgUnit: "Rukara" is not as it must be'),
        ({"value": 6}, "dataValues.0.value: 6 is not of the type string"),
        ({"value": "<5"}, 'dataValues.0.value: "<5" is not as it must be'),
        ({"mentor": "x"}, "a field that DHIS2 does not know"),
    ]
    for changed, says in cases:
        found = problems("data_value_set", {"dataValues": [value | changed]})
        assert len(found) == 1
        assert says in found[0]
    assert "'level' is a required property" in "".join(
        problems("organisation_units", {"organisationUnits": [{"id": "Rukara00006", "name": "R"}]})
    )
    many = problems("data_value_set", {"dataValues": [{}] * 9})
    assert many[-1] == "and 16 more"
    path = tmp_path / "values.json"
    for content, status, says in (
        (good, 0, "data values as DHIS2 has them"),
        ({"organisationUnits": UNITS}, 0, "organisation units as DHIS2 has them"),
        ({"dataValues": [value | {"period": "x"}]}, 1, "not as DHIS2 has them"),
        ({}, 1, "neither dataValues nor organisationUnits"),
    ):
        path.write_text(json.dumps(content))
        ran = CliRunner().invoke(app, ["report", "dhis2", "--check", str(path)])
        assert (ran.exit_code != 0) == bool(status)
        assert says in ran.output + str(ran.exception)
