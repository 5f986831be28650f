"""People in the console: import with a preview, transfer, number, merge, consent."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask_babel import force_locale
from openpyxl import Workbook

from bot.importing import check_person
from bot.uploads import people as uploads
from console.row_words import in_words
from store.accounts import AuditEntry
from store.cases import Case
from store.imports import FileImport
from store.learning import FacilityStay
from store.moves import FormerNumber
from store.people import Address, Facility, Person
from tests.console import NOW, Browser, Desk, TownDesk
from tests.town import Town

NURSE, OTHER, NEW, ALICE = "+250788000301", "+250788000302", "+250788000303", "+250788000401"
HEAD = "name,phone,facility,district,mentor_phone,consent\n"


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    made = Desk(database_url)
    yield made
    made.close()


def hands_in(browser: Browser, content: str | bytes, name: str = "people.csv") -> str:
    """Choose a file and press the button."""
    browser.goes("/console/import")
    raw = content.encode() if isinstance(content, str) else content
    more: dict[str, Any] = {"file": (io.BytesIO(raw), name)}
    return browser.sends("/console/import", **more)


def whats(desk: Desk) -> list[str]:
    with desk.house.sessions() as session:
        return [entry.what for entry in session.query(AuditEntry).order_by(AuditEntry.id)]


def test_a_file_is_looked_at_before_anything_is_written(desk: Desk) -> None:
    desk.account("grace@example.org", "coordinator")
    grace = desk.signed_in("grace@example.org")
    page = hands_in(grace, HEAD + "Ange,12,,,,\nBea,0788000311,,,0788000999,maybe\n")
    assert "Nothing was imported" in page
    assert "Line 2: phone &#39;12&#39; is not a phone number." in page
    assert "Line 3: consent &#39;maybe&#39; is not one of yes, no." in page
    page = hands_in(
        grace, HEAD + "<b>Ange</b>,0788000310,Rukara,Kayonza,,yes\nBea,0788000311,,,,\n"
    )
    assert "People in it: 2. New: 2. Known, and to be brought up to date: 0." in page
    assert "&lt;b&gt;Ange&lt;/b&gt;" in page
    with desk.house.sessions() as session:
        assert session.query(Person).count() == 0
    where = grace.at
    assert "Imported: 2. New: 2." in grace.sends(where, do="import")
    assert "Imported: 2." in grace.sends(where, do="import")
    with desk.house.sessions() as session:
        assert session.query(Person).count() == 2
        assert all(one.content is None for one in session.query(FileImport))
    # The same again brings people up to date, and one may think better of it.
    hands_in(grace, HEAD + "Ange Uwera,0788000310,,,,\n")
    assert "People in it: 1. New: 0." in grace.page
    where = grace.at
    assert "the file is deleted" in grace.sends(where, do="drop")
    assert "was not imported" in grace.goes(where)
    assert "Deleted" in grace.goes("/console/import")
    assert whats(desk).count("people_imported") == 1
    assert whats(desk).count("import_checked") == 3


def test_a_spreadsheet_and_what_is_none(desk: Desk) -> None:
    desk.account("grace@example.org", "coordinator", language="fr")
    grace = desk.signed_in("grace@example.org")
    book, file = Workbook(), io.BytesIO()
    book.active.append(["name", "phone"])
    book.active.append(["Ange", 788000310])
    book.save(file)
    assert "Nouvelles : 1." in hands_in(grace, file.getvalue(), "gens.xlsx")
    assert "gens.xlsx" in grace.page
    assert "tableur" in hands_in(grace, b"PK nothing", "gens.xlsx")
    assert "CSV ou XLSX" in hands_in(grace, "x", "gens.pdf")
    assert "vide" in hands_in(grace, "", "gens.csv")
    assert "illisible comme CSV" in hands_in(grace, b'name,phone\n"x', "gens.csv")
    assert "colonne" in hands_in(grace, "name,phone,mood\nX,0788000310,good\n")
    with pytest.raises(uploads.FileImportError, match="too large"):
        uploads.begin(
            desk.house.sessions, desk.settings, name="x.csv", content=bytes(uploads.LARGEST + 1),
            whose=uploads.Whose(None), now=NOW, real_now=NOW,
        )  # fmt: skip
    assert "trop gros" in grace.sends("/console/people/1/transfer", facility="x" * 300_000)
    assert grace.status == 413
    odd = hands_in(grace, HEAD + "A\x00nge,0788000310,,,,\n", "../../../etc/x\ny.csv")
    assert grace.status in (200, 422)
    assert "etc/" not in odd


def test_a_stop_outlives_every_import_and_a_district_keeps_to_itself(desk: Desk) -> None:
    with desk.house.sessions.begin() as session:
        for district in ("Kayonza", "Gatsibo"):
            session.add(Facility(name=f"HC {district}", district=district))
        session.flush()
        for n, district in enumerate(("Kayonza", "Gatsibo"), start=310):
            place = session.query(Facility).filter(Facility.district == district).one()
            one = Person(name=district, language="en", timezone="Africa/Kigali", consent="no",
                         stopped_at=NOW, facility_id=place.id)  # fmt: skip
            session.add(one)
            session.flush()
            session.add(Address(person_id=one.id, channel="sms", value=f"+250788000{n}"))
    desk.account("ben@example.org", "coordinator", district="Kayonza")
    ben = desk.signed_in("ben@example.org")
    assert "Only people and facilities of Kayonza" in ben.goes("/console/import")
    page = hands_in(
        ben,
        HEAD + "A,0788000311,,,,\nB,0788000320,HC Gatsibo,Gatsibo,,\nC,0788000321,,,,\n",
    )
    assert "Line 2: this person is recorded outside Kayonza." in page
    assert "Line 3: its district is not Kayonza, which is yours." in page
    assert "Line 4: it needs a facility in Kayonza, which is yours." in page
    hands_in(ben, HEAD + "Ange,0788000310,HC Kayonza,Kayonza,,yes\n")
    ben.sends(ben.at, do="import")
    with desk.house.sessions() as session:
        one = session.query(Person).filter(Person.name == "Ange").one()
        assert (one.stopped_at, one.consent) == (NOW, "no")


def test_a_big_file_is_brought_in_by_a_worker_and_its_page_says_how_far_it_is(town: Town) -> None:
    desk = TownDesk(town)
    desk.account("grace@example.org", "coordinator")
    grace = desk.signed_in("grace@example.org")
    rows = "".join(f"Mentee {n},07881{n:05},Rukara,Kayonza,,\n" for n in range(450))
    assert len(rows) > uploads.AT_ONCE
    page = hands_in(grace, HEAD + rows)
    where = grace.at
    assert "of – rows so far" in page
    assert grace.answer.headers["Refresh"] == "3"
    town.rest()
    assert "People in it: 450. New: 450." in grace.goes(where)
    assert "Refresh" not in grace.answer.headers
    assert town.count(Person) == 0
    page = grace.sends(where, do="import")
    assert "0 of 450 rows so far" in page
    town.rest()
    assert "Imported: 450." in grace.goes(where)
    assert town.count(Person) == 450
    # A process that died leaves a file behind; another one takes it up.
    hands_in(grace, HEAD + rows)
    town.execute("DELETE FROM procrastinate_jobs")
    town.later(minutes=5)
    assert "New: 0. Known, and to be brought up to date: 450." in grace.goes(grace.at)
    town.later(days=4)
    assert town.count(FileImport, FileImport.state == "dropped", FileImport.content.is_(None)) == 1


def test_how_far_an_import_is_is_written_down_meanwhile(desk: Desk, tmp_path: Path) -> None:
    from bot import importing

    rows = "".join(f"Mentee {n},07881{n:05},Rukara,Kayonza,,\n" for n in range(250))
    (tmp_path / "x.csv").write_text(HEAD + rows, "utf-8")
    told: list[tuple[int, int]] = []
    importing.people(
        desk.house.sessions, tmp_path / "x.csv", desk.settings, now=NOW,
        told=lambda done, of: told.append((done, of)),
    )  # fmt: skip
    assert told == [(100, 250), (200, 250)]


def test_every_problem_of_a_row_is_said_in_french_too(desk: Desk) -> None:
    bad = {
        "name": "X", "phone": "12", "role": "king", "language": "xx", "timezone": "Mars",
        "consent": "maybe", "duty_hours": "someday 08:00-17:00", "max_open_cases": "no",
        "languages": "xx", "_extra": "more",
    }  # fmt: skip
    problems = [f"Line 2: {one}." for one in check_person(2, bad, desk.settings)[1]]
    problems += [f"Line 2: {one}." for one in check_person(2, {"name": "X"}, desk.settings)[1]]
    problems += [
        "Line 2: +250788000301 is also on line 3.",
        "Line 2: mentor_phone +250788000301 belongs to nobody we know.",
        "The heading has a column 'mood' that is not known.",
    ]
    assert len(problems) == 13
    with desk.app.test_request_context("/console/import"), force_locale("fr"):
        from console.guard import _CATALOGUES

        _CATALOGUES.as_default()
        for problem in problems:
            said = in_words(problem)
            assert said != problem
            assert not re.search(r"\b(is|Line|has|on)\b", said.partition(" : ")[0]), said


def test_a_nurse_moves_and_changes_the_number_and_nothing_stops(town: Town) -> None:
    desk = TownDesk(town)
    nurse = town.mentee(NURSE, facility="Rukara Health Centre")
    alice = town.mentor(ALICE)
    town.pair(NURSE, ALICE)
    with town.works.sessions.begin() as session:
        session.add_all(
            [
                Facility(name="Gahini Health Centre", district="Kayonza"),
                Facility(name="Mareba", district="Bugesera"),
                Facility(name="Mareba", district="Ngoma"),
            ]
        )
    nurse.says("MENTOR")
    nurse.says("Snake bite, what now")
    alice.hears("Snake bite")
    nurse.read = len(nurse.received())
    desk.account("grace@example.org", "coordinator")
    grace = desk.signed_in("grace@example.org")
    who = town.person(NURSE).id
    where = f"/console/people/{who}"

    grace.goes(where)
    assert "Did you mean Gahini Health Centre" in grace.sends(
        f"{where}/transfer", facility="Gahinni"
    )
    assert grace.status == 422
    assert "Give the district too" in grace.sends(f"{where}/transfer", facility="Mareba")
    assert "too far" in grace.sends(f"{where}/transfer", facility="Gahini HC", on="9999-01-01")
    assert "works at Gahini Health Centre since" in grace.sends(
        f"{where}/transfer", facility="gahini hc"
    )
    assert "already" in grace.sends(f"{where}/transfer", facility="gahini hc")
    later = grace.sends(f"{where}/transfer", facility="Mareba (Ngoma)", on="2026-12-01")
    assert "from 1 Dec 2026 on; until then as before" in later
    assert town.count(FacilityStay) == 3

    assert "not a phone number" in grace.sends(f"{where}/number", do="change", new="12", old=NURSE)
    assert "tick" in grace.sends(f"{where}/number", do="change", new=NEW, old=NURSE)
    assert "The number is changed" in grace.sends(
        f"{where}/number", do="change", new="0788 000 303", old=NURSE, sure="1"
    )
    assert town.one(FormerNumber).value == NURSE
    alice.says(f"#{town.case().code} Keep the limb still.")
    town.rest()
    town.phone(NEW).hears("Keep the limb still")
    nurse.hears_nothing()
    assert "The number is added" in grace.sends(
        f"{where}/number", do="add", new="0788000305", channel="whatsapp"
    )
    assert "already" in grace.sends(
        f"{where}/number", do="add", new="0788000305", channel="whatsapp"
    )
    assert {"person_moved", "number_changed", "number_added"} <= set(whats(desk))
    with town.works.sessions() as session:
        kept = str([entry.data for entry in session.query(AuditEntry)])
    assert "+250" not in kept


def test_a_number_in_doubt_is_vouched_for_or_taken_away(town: Town) -> None:
    desk = TownDesk(town)
    town.mentee(NURSE)
    who = town.person(NURSE).id
    desk.account("grace@example.org", "coordinator")
    grace = desk.signed_in("grace@example.org")
    where = f"/console/people/{who}"
    for deed, expected in (("vouch", "the same person"), ("release", "somebody else")):
        town.execute("UPDATE address SET doubted_at = now(), doubt = 'silent'")
        assert "A number in doubt" in grace.goes(where)
        assert expected in grace.sends(f"{where}/number", do=deed, old=NURSE, sure="1")
        assert "A number in doubt" not in grace.page
    assert town.one(FormerNumber).reason == "given_up"
    assert town.count(Person) == 2


def test_two_records_are_compared_and_made_one(town: Town) -> None:
    desk = TownDesk(town)
    nurse = town.mentee(NURSE, facility="Rukara Health Centre", external_id="N-1")
    town.mentee(OTHER, name="Claudine M", external_id="N-2")
    town.mentor(ALICE)
    nurse.says("MENTOR")
    nurse.says("Snake bite, what now")
    kept, gone = town.person(OTHER).id, town.person(NURSE).id
    town.execute("UPDATE person SET stopped_at = now() WHERE id = :id", id=gone)
    desk.account("grace@example.org", "coordinator")
    grace = desk.signed_in("grace@example.org")
    where = f"/console/people/{kept}"

    grace.goes(where)
    assert "No other record" in grace.goes(f"{where}/merge?who=0788999999")
    assert "No other record" in grace.goes(f"{where}/merge?who={OTHER.replace('+', '%2B')}")
    grace.goes(where)
    page = grace.sends(f"{where}/number", do="change", new=NURSE, old=OTHER, sure="1")
    assert "Are these one person?" in page
    page = grace.goes(f"{where}/merge?who=N-1")
    assert "Cases: 1" in page
    assert "Texted STOP" in page
    assert "Rukara Health Centre" in page
    assert town.count(Person, Person.id == gone) == 1
    assert "tick" in grace.sends(f"{where}/merge", other=str(gone))
    assert "one now" in grace.sends(f"{where}/merge", other=str(gone), sure="1")
    assert town.count(Person, Person.id == gone) == 0
    assert town.one(Case).mentee_id == kept
    assert town.person(OTHER).stopped_at is not None
    grace.sends(f"{where}/merge", other=str(gone), sure="1")
    assert grace.status == 422
    assert whats(desk).count("people_merged") == 1


def test_two_who_signed_for_each_other_stay_two(desk: Desk) -> None:
    from store.learning import Assessment

    with desk.house.sessions.begin() as session:
        people = [
            Person(name=name, roles=[role], language="en", timezone="Africa/Kigali",
                   external_id=name)
            for name, role in (("A", "mentee"), ("B", "mentor"))
        ]  # fmt: skip
        session.add_all(people)
        session.flush()
        session.add(
            Assessment(person_id=people[0].id, technical_area="MNH", competency="mnh-pph",
                       kind="skill", passed=True, at=NOW, assessor_id=people[1].id,
                       source="import", key="x")
        )  # fmt: skip
        where = f"/console/people/{people[0].id}/merge"
    desk.account("grace@example.org", "coordinator", language="fr")
    grace = desk.signed_in("grace@example.org")
    assert "deux personnes" in grace.goes(f"{where}?who=B")
    grace.sends(where, who="B", sure="1")
    with desk.house.sessions() as session:
        assert session.query(Person).count() == 2


def test_a_no_is_recorded_and_only_the_person_takes_it_back(town: Town) -> None:
    desk = TownDesk(town)
    nurse = town.mentee(NURSE)
    who = town.person(NURSE).id
    desk.account("grace@example.org", "coordinator")
    grace = desk.signed_in("grace@example.org")
    where = f"/console/people/{who}"
    assert "Yes" in grace.goes(where)
    assert "tick" in grace.sends(f"{where}/consent")
    assert town.person(NURSE).consent == "yes"
    assert "until they text START" in grace.sends(f"{where}/consent", sure="1")
    assert "Only they can change that" in grace.page
    first = town.person(NURSE)
    assert first.consent == "no"
    assert first.stopped_at is not None
    assert abs(first.stopped_at - town.time.now()) < timedelta(minutes=5)
    assert "said no already" in grace.sends(f"{where}/consent", sure="1")
    assert town.person(NURSE).stopped_at == first.stopped_at
    nurse.read = len(nurse.received())
    town.later(hours=1)
    nurse.hears_nothing()
    nurse.says("START")
    assert town.person(NURSE).stopped_at is None
    assert "consent_withdrawn" in whats(desk)


def test_a_mentor_sees_no_deeds(desk: Desk) -> None:
    with desk.house.sessions.begin() as session:
        mentor = Person(name="Alice", roles=["mentor"], language="en", timezone="Africa/Kigali")
        session.add(mentor)
        session.flush()
        mine = Person(name="Ange", language="en", timezone="Africa/Kigali", mentor_id=mentor.id)
        session.add(mine)
        session.flush()
        ids = mentor.id, mine.id
    desk.account("alice@example.org", "mentor", person=ids[0])
    alice = desk.signed_in("alice@example.org")
    page = alice.goes(f"/console/people/{ids[1]}")
    for word in ("Another facility", "Recorded twice", "Record that they said no", "Import"):
        assert word not in page
    assert "Import people" not in alice.goes("/console/people")
