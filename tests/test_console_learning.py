"""Learning and facilities: who stands where, and whom a figure may be about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from bot.accounts.scope import Scope
from bot.mentoring import standings
from bot.mentoring.competencies import load
from bot.overviews import coaching, facilities, learning
from bot.overviews.people import Wanted
from bot.reports import query
from bot.reports.answers import knowledge_gain
from bot.reports.fiscal import Period
from store.cases import Case
from store.learning import Assessment
from store.people import Facility, Person
from store.plans import PlanItem
from store.stock import StockReport
from store.visits import Visit
from tests.console import NOW, Desk

CATALOGUE = load()
MNH = CATALOGUE.area("MNH")
TODAY = NOW.date()


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    made = Desk(database_url)
    with made.house.sessions.begin() as session:
        programme(session)
    yield made
    made.close()


def programme(session: Session) -> None:
    """Kayonza: Alice with 6 nurses, of whom 5 are validated; Gatsibo: Beata with 3, one is."""
    serial = 0

    def person(name: str, place: Facility, role: str, mentor: int | None = None) -> Person:
        one = Person(name=name, language="en", timezone="Africa/Kigali", consent="yes",
                     roles=[role], cadre="nurse" if role == "mentee" else None,
                     facility_id=place.id, mentor_id=mentor)  # fmt: skip
        session.add(one)
        session.flush()
        return one

    def found(whom: int, kind: str, days: int, **more: object) -> None:
        nonlocal serial
        serial += 1
        values = {"score": 18, "out_of": 20, "competency": None} if kind != "skill" else {}
        session.add(
            Assessment(**{"person_id": whom, "technical_area": "MNH", "kind": kind,
                          "at": NOW - timedelta(days=days), "source": "import",
                          "key": str(serial), **values, **more})
        )  # fmt: skip

    for district, mentor_name, number, done in (
        ("Kayonza", "Alice Ingabire", 6, 5),
        ("Gatsibo", "Beata Uwase", 3, 1),
    ):
        place = Facility(name=f"{district} Hospital", district=district, level="hospital")
        session.add(place)
        session.flush()
        mentor = person(mentor_name, place, "mentor")
        for n in range(number):
            mentee = person(f"{district} Nurse {n}", place, "mentee", mentor.id)
            found(mentee.id, "pre", 60, score=8 + n)
            if n < done:
                found(mentee.id, "post", 30)
                found(mentee.id, "skill", 20, competency="mnh-pph", passed=True,
                      assessor_id=mentor.id)  # fmt: skip
            else:
                found(mentee.id, "post", 30, score=12)
        session.add(
            PlanItem(mentee_id=mentee.id, owner_id=mentee.id, gap="Newborn", action="Read",
                     number=1, due_on=TODAY - timedelta(days=2), source="mentor",
                     key=district, created_at=NOW)
        )  # fmt: skip
        for days, state in ((-5, "held"), (5, "planned"), (-3, "missed")):
            session.add(Visit(mentor_id=mentor.id, facility_id=place.id, state=state,
                              starts_at=NOW + timedelta(days=days), source="whatsapp",
                              created_at=NOW))  # fmt: skip
        session.add(StockReport(code=district[:4].upper(), item="oxytocin", urgency="none",
                                facility_id=place.id, opened_at=NOW, moved_at=NOW))  # fmt: skip
        session.add(Case(code=f"{district[:3].upper()}1", mentee_id=mentee.id, cause="asked",
                         opened_at=NOW, waiting_since=NOW))  # fmt: skip


def test_the_heat_map_agrees_with_each_mentees_own_record(desk: Desk) -> None:
    assert MNH is not None
    with desk.house.sessions() as session:
        heat = learning.heat(session, Scope("admin"), Wanted(role="mentee"), "RW", CATALOGUE, MNH)
        assert heat.total == 9
        for row in heat.rows:
            person = row.person.person
            own = standings.of(session, person, CATALOGUE)
            for one, cell in zip(MNH.competencies, row.cells, strict=True):
                level = own.required.get(one.id)
                assert cell == learning.status(own.found[one.id], level)
                assert (cell == "validated") == (one.id in own.validated)
            matrix = learning.matrix(session, person, CATALOGUE)
            assert {one.competency for one in matrix} >= set(own.required)
        progress, months = learning.progress(
            session, Scope("admin"), "", MNH, TODAY, "Africa/Kigali"
        )
        validated = {one.competency: one.validated for one in progress}
        assert validated["mnh-pph"] == 6
        assert sum(int(str(one)) for one in validated.values()) == 6
        assert {one.assessed for one in progress} == {9}
        assert len(months) == learning.MONTHS
        assert months[-1].first == TODAY.replace(day=1)
        assert sum(int(str(one.mentees)) for one in months) == 6


def test_pre_and_post_are_those_of_the_report(desk: Desk) -> None:
    with desk.house.sessions() as session:
        zone = ZoneInfo("Africa/Kigali")
        period = Period("all", NOW.astimezone(zone) - timedelta(days=900), NOW.astimezone(zone))
        report = knowledge_gain(session, query.Wanted(period, NOW, whole=True), CATALOGUE)
        (gain,) = learning.gains(session, Scope("admin"), "", CATALOGUE)
        (row,) = report.rows
        assert (gain.area, gain.mentees, gain.pre, gain.post) == (
            row["group"], row["mentees"], row["pre"], row["post"]
        )  # fmt: skip
        (here,) = learning.gains(session, Scope("coordinator", "Gatsibo"), "", CATALOGUE)
        assert here.mentees == 3
        assert learning.gains(session, Scope("coordinator", "Gatsibo"), "Kayonza", CATALOGUE) == []


def test_everybody_sees_their_own_and_a_viewer_no_small_figure(desk: Desk) -> None:
    assert MNH is not None
    with desk.house.sessions() as session:
        alice = session.query(Person).filter_by(name="Alice Ingabire").one().id
        for scope, mentees, places in (
            (Scope("admin"), 9, 2),
            (Scope("coordinator"), 9, 2),
            (Scope("coordinator", "Kayonza"), 6, 1),
            (Scope("mentor", person_id=alice), 6, 1),
            (Scope("mentor"), 0, 0),
        ):
            found = learning.heat(session, scope, Wanted(role="mentee"), "RW", CATALOGUE, MNH)
            assert found.total == mentees, scope
            tree = facilities.districts(session, scope)
            assert len(tree) == places, scope
            assert sum(int(str(one.summary.mentees)) for one in tree) == mentees
            plans = coaching.plans(session, scope, "", NOW, TODAY)
            assert plans.overdue == len(plans.late) == places
            visits = coaching.visits(session, scope, "", NOW, "Africa/Kigali")
            assert (visits.held, visits.missed, visits.planned) == (places,) * 3
            assert visits.due == len(visits.due_at) == 0  # one is planned
            assert len(visits.ahead) == places
            assert len(visits.behind) == 2 * places
        viewer = Scope("viewer")
        tree = facilities.districts(session, viewer)
        figures = {one.name: one.summary for one in tree}
        assert (figures["Kayonza"].mentees, figures["Kayonza"].validated) == (6, 5)
        assert (figures["Gatsibo"].mentees, figures["Gatsibo"].validated) == ("<5", "<5")
        assert facilities.places(session, viewer, district="Gatsibo", words="", page=1) == ([], 0)
        assert coaching.plans(session, viewer, "", NOW, TODAY) == coaching.Plans("<5", "<5", 0)
        assert coaching.visits(session, viewer, "", NOW, "Africa/Kigali").held == "<5"
        progress, _ = learning.progress(session, viewer, "", MNH, TODAY, "Africa/Kigali")
        assert {one.validated for one in progress} == {0, 6}
        assert Scope("nobody").places().compare(Scope("").places())


def test_facilities_wait_for_the_visit_of_the_month(desk: Desk) -> None:
    with desk.house.sessions.begin() as session:
        session.query(Visit).delete()
        session.query(Person).update({"created_at": NOW - timedelta(days=90)})
        found = coaching.visits(session, Scope("admin"), "", NOW, "Africa/Kigali")
        assert [name for _, name in found.due_at] == [
            "Gatsibo Hospital (Gatsibo)", "Kayonza Hospital (Kayonza)"
        ]  # fmt: skip
        here = coaching.visits(session, Scope("coordinator", "Kayonza"), "", NOW, "Africa/Kigali")
        assert here.due == 1
        assert coaching.visits(session, Scope("viewer"), "", NOW, "Africa/Kigali").due == "<5"


def test_a_district_opens_into_facilities_and_people(desk: Desk) -> None:
    desk.account("grace@example.org", "coordinator")
    desk.account("minister@example.org", "viewer")
    grace, viewer = desk.signed_in("grace@example.org"), desk.signed_in("minister@example.org")
    page = grace.goes("/console/facilities")
    assert "Kayonza Hospital" not in page
    page = grace.goes("/console/facilities?district=Kayonza")
    place = re.search(r'href="(/console/facilities/\d+)">Kayonza Hospital', page)
    assert place is not None
    assert "Gatsibo Hospital" in grace.goes("/console/facilities?q=gatsibo")
    assert "No facility has this" in grace.goes("/console/facilities?q=%25")
    page = grace.goes(place[1])
    for words in (
        "Kayonza Nurse 0",
        "Alice Ingabire",
        "#KAY1",
        "#KAYO",
        "oxytocin",
        "Did not take",
    ):
        assert words in page, words
    assert "Gatsibo" not in page
    for odd in ("district=", "district=Nowhere", "page=99&district=Kayonza", "q=%00"):
        grace.goes(f"/console/facilities?{odd}")
        assert grace.status == 200, odd
    page = viewer.goes("/console/facilities?district=Kayonza&q=hospital")
    assert "Hospital" not in page
    assert "&lt;5" in page
    viewer.goes(place[1])
    assert viewer.status == 403


def test_the_learning_page_by_role_and_language(desk: Desk) -> None:
    desk.account("grace@example.org", "coordinator", language="fr")
    desk.account("minister@example.org", "viewer")
    with desk.house.sessions() as session:
        alice = session.query(Person).filter_by(name="Alice Ingabire").one().id
        nurse = session.query(Person).filter_by(name="Kayonza Nurse 0").one().id
    desk.account("alice@example.org", "mentor", person=alice)
    grace = desk.signed_in("grace@example.org")
    page = grace.goes("/console/learning?area=MNH")
    assert "Santé maternelle" in page
    assert "Kayonza Nurse 0" in page
    assert "heat-validated" in page
    assert "Pratique manquante" in page
    assert "Gatsibo Nurse" not in grace.goes("/console/learning?area=MNH&district=Kayonza")
    assert "Gatsibo Nurse" in grace.goes("/console/learning?area=mnh&q=gatsibo")
    assert "Gatsibo Hospital" in grace.goes("/console/learning?part=visits")
    assert (
        "Gatsibo"
        not in grace.goes("/console/learning?part=visits&district=Kayonza")
        .split("</form>")[-1]
        .split("<footer")[0]
    )
    assert "Pré-test" in grace.goes("/console/learning?part=progress&area=MNH")
    for odd in ("area=x", "part=x", "page=99", "q=%00", "district=x", "cadre=x"):
        grace.goes(f"/console/learning?{odd}")
        assert grace.status == 200, odd
    assert "Meilleur post-test : 90\u00a0%" in grace.goes(f"/console/people/{nurse}")
    mentor = desk.signed_in("alice@example.org")
    page = mentor.goes("/console/learning?area=MNH")
    assert "Kayonza Nurse 0" in page
    assert "Gatsibo" not in page
    viewer = desk.signed_in("minister@example.org")
    page = viewer.goes("/console/learning?area=MNH&district=Gatsibo")
    assert "Nurse" not in page
    assert "Validated, by competency" in page
    assert "Nurse" not in viewer.goes("/console/learning?part=mentees&area=MNH")
