"""Reports on their pages in both languages, and packs: whose may be taken by whom."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from store.accounts import AuditEntry
from store.people import Person
from tests.console import Desk
from tests.test_console_roles import Programme, programme


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    made = Desk(database_url)
    yield made
    made.close()


@pytest.fixture
def made(desk: Desk) -> Programme:
    with desk.house.sessions.begin() as session:
        return programme(session)


def test_a_report_speaks_the_language_of_the_account(desk: Desk, made: Programme) -> None:
    desk.account("grace@example.org", "admin", language="fr")
    grace = desk.signed_in("grace@example.org")
    page = grace.goes("/console/reports/validated?by=district")
    assert "Mentorés validés par district" in page
    assert "Validated mentees" not in page
    assert "réponse" in grace.goes("/console/reports/service-level")
    assert "Moins de cinq personnes" in grace.goes("/console/reports")


def test_one_report_is_listed_once(desk: Desk) -> None:
    desk.account("grace@example.org", "admin")
    page = desk.signed_in("grace@example.org").goes("/console/reports")
    assert page.count("Coaching plans: open, done, overdue") == 1


def test_a_mentor_takes_the_own_month_and_no_other(desk: Desk, made: Programme) -> None:
    desk.account("alice@example.org", "mentor", person=made.mentors[0])
    alice = desk.signed_in("alice@example.org")
    page = alice.goes("/console/reports")
    assert "A mentor's month" in page.replace("&#39;", "'")
    assert "quarter" not in page
    assert "/console/reports/validated" not in page
    own = f"/console/reports/pack?mentor={made.mentors[0]}&month=2026-02"
    answer = alice.client.get(f"{own}&as=pdf")
    assert answer.data.startswith(b"%PDF")
    assert answer.headers["Content-Disposition"].endswith(f"pack-{made.mentors[0]}-2026-02.pdf")
    workbook = load_workbook(BytesIO(alice.client.get(f"{own}&as=xlsx").data))
    mentees = [row[0].value for row in workbook["Your mentees"].iter_rows(min_row=4)]
    assert mentees.count("Mentee") == 3
    for wrong in (f"mentor={made.mentors[1]}&month=2026-02", "district=Kayonza&quarter=2026-Q1"):
        alice.goes(f"/console/reports/pack?{wrong}")
        assert alice.status == 422
    with desk.house.sessions() as session:
        taken = select(AuditEntry).where(AuditEntry.what == "report_taken")
        assert len(session.scalars(taken).all()) == 2


def test_a_coordinator_stays_in_the_district(desk: Desk, made: Programme) -> None:
    desk.account("ben@example.org", "coordinator", district="Kayonza")
    ben = desk.signed_in("ben@example.org")
    ben.goes(f"/console/reports/pack?mentor={made.mentors[0]}&month=2026-02")
    assert ben.answer.data.startswith(b"%PDF")
    ben.goes("/console/reports/pack?district=Kayonza&quarter=2026-Q1&as=xlsx")
    assert ben.status == 200
    for wrong in (f"mentor={made.mentors[1]}&month=2026-02", "district=Gatsibo&quarter=2026-Q1"):
        assert "Please choose" in ben.goes(f"/console/reports/pack?{wrong}")
        assert ben.status == 422


def test_a_viewer_takes_districts_only(desk: Desk, made: Programme) -> None:
    desk.account("ministry@example.org", "viewer")
    viewer = desk.signed_in("ministry@example.org")
    page = viewer.goes("/console/reports").replace("&#39;", "'")
    assert "A district's quarter" in page
    assert "A mentor's month" not in page
    viewer.goes("/console/reports/pack?district=Gatsibo&quarter=2026-Q1")
    assert viewer.answer.data.startswith(b"%PDF")
    viewer.goes(f"/console/reports/pack?mentor={made.mentors[0]}&month=2026-02")
    assert viewer.status == 422


@pytest.mark.parametrize(
    "asked", ["", "month=", "month=2026-13&mentor=1", "quarter=2026-Q9&district=Kayonza", "as=exe"]
)
def test_what_cannot_be_read_is_said(desk: Desk, made: Programme, asked: str) -> None:
    desk.account("grace@example.org", "admin")
    grace = desk.signed_in("grace@example.org")
    assert "Please choose a month" in grace.goes(f"/console/reports/pack?{asked}")
    assert grace.status == 422


def test_a_name_cannot_break_a_pack(desk: Desk, made: Programme) -> None:
    with desk.house.sessions.begin() as session:
        session.get_one(Person, made.mentors[0]).name = "<b>=1+1</b> \x0b & Ünïcode 漢字"
    desk.account("grace@example.org", "admin")
    grace = desk.signed_in("grace@example.org")
    for form in ("pdf", "xlsx"):
        grace.goes(f"/console/reports/pack?mentor={made.mentors[0]}&month=2026-02&as={form}")
        assert grace.status == 200
