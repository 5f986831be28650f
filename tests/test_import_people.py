"""Bringing people in from the lists that programmes really have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload, sessionmaker

from bot import importing
from bot.importing import PEOPLE_COLUMNS, Outcome
from bot.settings import Settings
from cli import importing as command
from cli.errors import Refusal
from store.base import make_engine, make_sessions
from store.people import Address, Facility, Person
from tests.town import Town

SETTINGS = Settings(_env_file=None, default_region="RW")
NURSE, MENTOR = "+250788000301", "+250788000401"
Sessions = sessionmaker[Session]


@pytest.fixture
def sessions(database_url: str) -> Iterator[Sessions]:
    engine = make_engine(database_url)
    yield make_sessions(engine)
    engine.dispose()


Bring = Callable[..., Outcome]


@pytest.fixture
def bring(sessions: Sessions, tmp_path: Path) -> Bring:
    """Import a file of this content (text or bytes: CSV; rows: XLSX)."""

    def run(content: str | bytes | list[list[Any]], *, check: bool = False) -> Outcome:
        if isinstance(content, list):
            path = tmp_path / "people.xlsx"
            book = Workbook()
            for row in content:
                book.worksheets[0].append(row)
            book.save(path)
            book.close()
        else:
            path = tmp_path / "people.csv"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return importing.people(sessions, path, SETTINGS, check=check)

    return run


def everybody(sessions: Sessions) -> dict[str, Person]:
    with sessions() as session:
        people = session.scalars(select(Person).options(selectinload(Person.addresses)))
        return {person.name: person for person in people}


def count(sessions: Sessions, model: type) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


FULL = f"""{",".join(PEOPLE_COLUMNS)}
Claudine Mukamana,0788000301,+250 788 000 302,mentee,nurse,Rukara,health centre,Kayonza,\
RAM,fr,Africa/Kigali,maternal;newborn,0788000401,yes,RAM-7
Alice Ingabire,0788 000 401,,mentor;leader,midwife,Gahini,hospital,Kayonza,RAM,English,,,,yes,
"""


def test_every_column_is_taken(bring: Bring, sessions: Sessions) -> None:
    outcome = bring(FULL)
    assert outcome.problems == []
    assert outcome.summary == "2 people: 2 new, 0 updated."
    people = everybody(sessions)
    nurse, mentor = people["Claudine Mukamana"], people["Alice Ingabire"]
    assert {(a.channel, a.value) for a in nurse.addresses} == {
        ("sms", NURSE),
        ("whatsapp", "+250788000302"),
    }
    assert (nurse.language, nurse.consent, nurse.external_id) == ("fr", "yes", "RAM-7")
    assert (nurse.cadre, nurse.association) == ("nurse", "RAM")
    assert nurse.technical_areas == ["maternal", "newborn"]
    assert nurse.facility is not None
    assert (nurse.facility.name, nurse.facility.level) == ("Rukara", "health centre")
    assert nurse.mentor_id == mentor.id
    assert mentor.roles == ["leader", "mentor"]
    assert (mentor.language, mentor.timezone) == ("en", "Africa/Kigali")


def test_the_same_file_twice_changes_nothing(bring: Bring, sessions: Sessions) -> None:
    bring(FULL)
    assert bring(FULL).summary == "2 people: 0 new, 2 updated."
    assert (count(sessions, Person), count(sessions, Address)) == (2, 3)
    assert count(sessions, Facility) == 2


@pytest.mark.parametrize(
    "written",
    [
        "+250788000301",
        "0788000301",
        "0788 000 301",
        "(0788) 000-301",
        "250788000301",
        "00250788000301",
        "788000301",
        "+250 (0)788 000 301",
        "\u202a+250788000301\u202c",
        "+250\u00a0788\u00a0000\u00a0301",
    ],
)
def test_a_number_as_people_write_it(bring: Bring, sessions: Sessions, written: str) -> None:
    assert bring(f"name,phone\nC,{written}\n").problems == []
    assert [a.value for a in everybody(sessions)["C"].addresses] == [NURSE]


def test_numbers_of_other_countries(bring: Bring, sessions: Sessions) -> None:
    assert bring("name,phone\nK,+254 711 555 010\nU,+15005550101\n").problems == []
    assert everybody(sessions)["K"].addresses[0].value == "+254711555010"


@pytest.mark.parametrize("written", ["07880", "abc", "+", "n/a", "0788000301 / 0788000302", "12"])
def test_what_is_no_number_is_listed(bring: Bring, sessions: Sessions, written: str) -> None:
    assert bring(f"name,phone\nC,{written}\n").problems == [
        f"Line 2: phone {written!r} is not a phone number."
    ]
    assert count(sessions, Person) == 0


def test_every_bad_row_is_listed_and_nothing_is_taken(bring: Bring, sessions: Sessions) -> None:
    outcome = bring(
        "name,phone,role,language,timezone,consent,mentor_phone\n"
        "Good,0788000301,,,,,\n"
        "Bad,nonsense,doctor,Latin,Kigali,perhaps,x\n"
        "\n"
        "Nobody,,,,,,\n"
        "Twin,0788000301,,,,,\n"
        "Wide,0788000305,,,,,,one cell too many\n"
    )
    assert outcome.summary == ""
    assert outcome.problems == [
        "Line 3: phone 'nonsense' is not a phone number.",
        "Line 3: role 'doctor' is not one of mentee, mentor, leader, coordinator, focal.",
        "Line 3: language 'Latin' is not one of en, fr, rw, sw.",
        "Line 3: timezone 'Kigali' is not a name such as Africa/Kigali.",
        "Line 3: consent 'perhaps' is not one of yes, no.",
        "Line 3: mentor_phone 'x' is not a phone number.",
        "Line 5: it has neither phone nor whatsapp nor external_id.",
        "Line 6: +250788000301 is also on line 2.",
        "Line 7: it has more cells than the heading.",
    ]
    assert count(sessions, Person) == 0


def test_a_mentor_is_in_the_file_or_in_the_database(bring: Bring, sessions: Sessions) -> None:
    below = "name,phone,mentor_phone\nC,0788000301,0788000401\nA,0788000401,\n"
    assert bring(below).problems == []
    assert bring("name,phone,mentor_phone\nD,0788000302,0788000401\n").problems == []
    people = everybody(sessions)
    assert people["C"].mentor_id == people["D"].mentor_id == people["A"].id
    assert bring("name,phone,mentor_phone\nE,0788000303,0788000499\n").problems == [
        "Line 2: mentor_phone +250788000499 belongs to nobody we know."
    ]


def test_check_writes_nothing(bring: Bring, sessions: Sessions) -> None:
    outcome = bring(FULL, check=True)
    assert outcome.problems == []
    assert outcome.summary == "2 people: 2 new, 0 updated."
    for model in (Person, Address, Facility):
        assert count(sessions, model) == 0


def test_an_import_never_undoes_a_no_and_deletes_nobody(town: Town, tmp_path: Path) -> None:
    stopped, stranger = town.mentee(NURSE), town.phone("+250788000777")
    town.mentee("+250788000305", name="Not in the file")
    stopped.says("STOP")
    stranger.says("hello")
    stranger.says("3")
    path = tmp_path / "people.csv"
    path.write_text("name,phone,consent\nClaudine,0788000301,yes\nShy,0788000777,yes\n")
    assert importing.people(town.works.sessions, path, town.settings).problems == []
    assert town.person(NURSE).stopped_at is not None
    shy = town.person("+250788000777")
    assert (shy.name, shy.consent) == ("Shy", "no")
    assert shy.stopped_at is not None
    assert town.person("+250788000305").name == "Not in the file"


def test_a_blank_cell_leaves_things_as_they_are(bring: Bring, sessions: Sessions) -> None:
    bring(FULL)
    assert bring("phone,name,cadre,language,role\n0788000301,,,,\n").problems == []
    nurse = everybody(sessions)["Claudine Mukamana"]
    assert (nurse.cadre, nurse.language, nurse.consent) == ("nurse", "fr", "yes")


def test_people_without_a_phone(bring: Bring, sessions: Sessions) -> None:
    assert bring("name,external_id\nA,X-1\nB,X-2\n").problems == []
    assert bring("name,external_id,phone\nA,X-1,0788000301\n").summary.endswith("1 updated.")
    assert len(everybody(sessions)["A"].addresses) == 1
    assert bring("name,external_id\nA,X-3\nB,X-3\n").problems == ["Line 3: X-3 is also on line 2."]


@pytest.mark.parametrize(
    "content",
    [
        "name;phone;facility\nHélène;0788000301;Dépôt, nord\n",
        '\ufeffname,phone,facility\nHélène,0788000301,"Dépôt, nord"\n',
        "name;phone;facility\r\nHélène;0788000301;Dépôt, nord\r\n".encode("cp1252"),
        'Name , PHONE,Facility\n Hélène ,0788000301 ,"Dépôt, nord"',
        [["name", "phone", "facility"], ["Hélène", "0788000301", "Dépôt, nord"]],
        [["name", "phone", "facility", None], ["Hélène", 788000301.0, "Dépôt, nord", None], [None]],
        [["Name", "Phone", "Facility"], ["Hélène", 250788000301, "Dépôt, nord"]],
    ],
)
def test_files_as_offices_write_them(bring: Bring, sessions: Sessions, content: Any) -> None:
    assert bring(content).problems == []
    person = everybody(sessions)["Hélène"]
    assert person.addresses[0].value == NURSE
    assert person.facility is not None
    assert person.facility.name == "Dépôt, nord"


def test_a_cell_like_a_formula_is_only_text(bring: Bring, sessions: Sessions) -> None:
    bring('name,phone,cadre\n"=HYPERLINK(""http://x"")",0788000301,+cmd|calc\n')
    assert everybody(sessions)['=HYPERLINK("http://x")'].cadre == "+cmd|calc"
    assert bring([["name", "phone"], ["=1+1", "0788000302"]]).problems == []
    assert count(sessions, Person) == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "people.csv is empty."),
        ("name,phone,shoe size\nC,0788000301,39\n", "The heading has a column 'shoe_size'"),
        (b"\x81\x8d\xff", "people.csv cannot be read as CSV."),
        ('name,phone\n"C,0788000301\n', "people.csv cannot be read as CSV."),
    ],
)
def test_a_file_that_cannot_be_read(bring: Bring, content: str | bytes, reason: str) -> None:
    outcome = bring(content)
    assert len(outcome.problems) == 1
    assert outcome.problems[0].startswith(reason)


DUTY = """name,phone,role,duty_hours,max_open_cases,max_cases_a_day,languages,backup_mentor_phone
Claudine,0788000301,mentee,,,,,0788000401
Alice,0788000401,mentor,"mon-fri 08:00-17:00; sat 09:00-12:00",6,9,fr;Kinyarwanda,
Grace,0788000501,coordinator,,,,,
"""


def test_duty_hours_caps_languages_and_a_backup(bring: Bring, sessions: Sessions) -> None:
    assert bring(DUTY).problems == []
    people = everybody(sessions)
    alice = people["Alice"]
    assert people["Claudine"].backup_mentor_id == alice.id
    assert people["Grace"].roles == ["coordinator"]
    assert (alice.duty["mon"], alice.duty["sat"]) == ([["08:00", "17:00"]], [["09:00", "12:00"]])
    assert (alice.case_cap, alice.daily_cap, alice.languages) == (6, 9, ["fr", "rw"])
    # An empty cell leaves what is there.
    bring("name,phone,duty_hours,max_open_cases\nAlice,0788000401,,\n")
    assert everybody(sessions)["Alice"].duty == alice.duty
    assert everybody(sessions)["Alice"].case_cap == 6
    outcome = bring(
        "name,phone,role,duty_hours,max_open_cases,languages,backup_mentor_phone\n"
        "B,0788000402,mentor,sometimes,many,fr;klingon,0788000999\n"
    )
    assert outcome.problems == [
        "Line 2: duty_hours: 'sometimes' is not like mon-fri 08:00-17:00.",
        "Line 2: languages 'klingon' is not one of en, fr, rw, sw.",
        "Line 2: max_open_cases 'many' is not a number from 1 to 500.",
    ]
    assert bring("name,phone,backup_mentor_phone\nB,0788000402,0788000999\n").problems == [
        "Line 2: backup_mentor_phone +250788000999 belongs to nobody we know."
    ]


def test_files_of_another_kind(sessions: Sessions, tmp_path: Path) -> None:
    for name, content in (("a.ods", b"x"), ("b.xlsx", b"not a workbook"), ("c.csv", None)):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        outcome = importing.people(sessions, tmp_path / name, SETTINGS)
        assert len(outcome.problems) == 1
        assert re.search(
            r"neither CSV|cannot be read as XLSX|There is no file", outcome.problems[0]
        )


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.one_of(st.binary(max_size=120), st.text(max_size=120).map(lambda t: "name,phone\n" + t)))
def test_no_file_breaks_it(bring: Bring, content: str | bytes) -> None:
    if isinstance(content, str):
        content = content.encode("utf-8", "replace")
    outcome = bring(content, check=True)
    assert bool(outcome.problems) != bool(outcome.summary)


def test_the_command(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    path = tmp_path / "people.csv"
    path.write_text("name,phone\nC,0788000301\n")
    command.people(path, check=True)
    assert capsys.readouterr().out.strip().endswith("(only checked, nothing was written)")
    command.people(path, check=False)
    assert capsys.readouterr().out == "1 people: 1 new, 0 updated.\n"
    path.write_text("name,phone\nC,zero\n")
    with pytest.raises(Refusal, match=r"^Nothing was imported"):
        command.people(path, check=False)
    assert capsys.readouterr().err == "Line 2: phone 'zero' is not a phone number.\n"
