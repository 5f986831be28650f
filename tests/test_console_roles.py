"""Who may open which page, and whom they see on it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.accounts.rules import ROLES
from bot.accounts.scope import Scope
from bot.mentoring import cases as services
from bot.overviews import cases, glance, people
from bot.quizzes import campaigns
from bot.quizzes.plan import read
from bot.uploads import people as uploads
from console.roles import OPEN, PAGES
from store.cases import Case
from store.knowledge import Card, CardDraft, CardVersion
from store.people import Address, Facility, Person
from tests.console import NOW, Desk
from tests.programme import stock_bank

# What is not the console's: each has its own lock, or is open to all.
OUTSIDE = {
    "/webhooks/",
    "/rasa/",
    "/media/",
    "/certificate/",
    "/api/v1/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/static/",
}


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    made = Desk(database_url)
    yield made
    made.close()


@dataclass
class Programme:
    """Two districts; a mentor in each; mentees with and without a mentor; a case of each."""

    mentors: list[int]
    mentees: list[int]
    cases: dict[int, int]
    places: list[int]


def programme(session: Session) -> Programme:
    places = [Facility(name=f"Health Centre {d}", district=d) for d in ("Kayonza", "Gatsibo")]
    session.add_all(places)
    session.flush()
    made = Programme([], [], {}, [place.id for place in places])
    number = 0

    def person(name: str, role: str, place: Facility | None, mentor: int | None) -> int:
        nonlocal number
        number += 1
        one = Person(
            name=name, roles=[role], language="en", timezone="Africa/Kigali", consent="yes",
            facility_id=place.id if place else None, mentor_id=mentor, cadre="nurse",
        )  # fmt: skip
        session.add(one)
        session.flush()
        value = f"+250788000{number:03}"
        session.add(Address(person_id=one.id, channel="sms", value=value))
        return one.id

    for place in places:
        made.mentors.append(person(f"Mentor of {place.district}", "mentor", place, None))
    for place in (*places, None):
        for mentor in (*made.mentors, None):
            made.mentees.append(person("Mentee", "mentee", place, mentor))
    session.flush()
    for mentee in made.mentees:
        case = services.open_case(
            session, session.get_one(Person, mentee), "which eye drops", cause="asked", now=NOW,
            key=f"test:{mentee}", address_id=None, inbound_id=None,
        )  # fmt: skip
        made.cases[mentee] = case.id
    return made


def filled(rule: str, ids: Mapping[str, int | str]) -> str:
    values = {**ids, "digest": "0" * 16, "name": "danger", "token": "x" * 43, "language": "fr",
              "rest": "nowhere"}  # fmt: skip
    return re.sub(r"<(?:[\w()=]+:)?(\w+)>", lambda found: str(values[found[1]]), rule)


def test_every_page_opens_for_its_roles_and_for_nobody_else(desk: Desk) -> None:
    with desk.house.sessions.begin() as session:
        made = programme(session)
        stock_bank(session)
        plan = read({"start": NOW.date(), "end": NOW.date()})
        campaign = campaigns.create(session, "Safe birth", plan, NOW).id
        draft = CardDraft(state="in_review", proposed_by="x", proposed_at=NOW, content={})
        session.add_all([draft, Card(id="pph-test", topic="pph", live_version=1)])
        session.flush()
        session.add(
            CardVersion(card_id="pph-test", version=1, title={"en": "Test"}, topic_title={},
                        answer={"en": "Refer."}, examples={}, source="s", review="r")
        )  # fmt: skip
        drafted = draft.id
    accounts = {
        "admin": desk.account("admin@example.org", "admin"),
        "coordinator": desk.account("coordinator@example.org", "coordinator"),
        "mentor": desk.account("mentor@example.org", "mentor", person=made.mentors[0]),
        "viewer": desk.account("viewer@example.org", "viewer"),
    }
    assert set(accounts) == set(ROLES)
    own = made.mentees[0]
    whose = uploads.Whose(accounts["coordinator"])
    file = uploads.begin(
        desk.house.sessions, desk.settings, name="x.csv", content=b"name,phone\nX,0788000111\n",
        whose=whose, now=NOW, real_now=NOW,
    )  # fmt: skip
    ids: dict[str, int | str] = {
        "person_id": own,
        "case_id": made.cases[own],
        "account_id": accounts["viewer"],
        "campaign_id": campaign,
        "item_id": "pph-q01",
        "draft_id": drafted,
        "card_id": "pph-test",
        "facility_id": made.places[0],
        "import_id": file,
        "token_id": 1,
        "hook_id": 1,
    }
    browsers = {role: desk.signed_in(f"{role}@example.org") for role in ROLES}
    nobody = desk.browser()
    nobody.goes("/console/login")
    seen = set()
    for rule in desk.app.url_map.iter_rules():
        if not rule.rule.startswith("/console/"):
            assert rule.rule == "/" or rule.rule.startswith(tuple(OUTSIDE)), rule
            continue
        seen.add(rule.endpoint)
        assert (rule.endpoint in OPEN) != (rule.endpoint in PAGES), f"{rule.endpoint}: no roles"
        path = filled(rule.rule, ids)
        if rule.endpoint in OPEN or rule.endpoint == "console.logout":
            continue
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            for role, browser in {**browsers, "": nobody}.items():
                browser.goes("/console/login" if role == "" else "/console/")
                if method == "GET":
                    answer = browser.client.get(path)
                else:
                    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.page)
                    assert token is not None
                    answer = browser.client.post(path, data={"csrf_token": token[1]})
                what = f"{method} {rule.endpoint} as {role or 'nobody'}: {answer.status_code}"
                if role == "":
                    assert answer.status_code == 302, what
                    assert answer.location.startswith("/console/login"), what
                elif role not in PAGES[rule.endpoint]:
                    assert answer.status_code == 403, what
                elif rule.endpoint == "console.nothing":
                    assert answer.status_code == 404, what
                else:
                    assert answer.status_code in (200, 302, 422), what
    assert seen == OPEN | set(PAGES)


def test_nobody_reaches_beyond_their_scope_by_an_address(desk: Desk) -> None:
    with desk.house.sessions.begin() as session:
        made = programme(session)
    desk.account("ben@example.org", "coordinator", district="Kayonza")
    desk.account("alice@example.org", "mentor", person=made.mentors[0])
    ben, alice = desk.signed_in("ben@example.org"), desk.signed_in("alice@example.org")
    here, there = made.mentees[0], made.mentees[3]
    theirs, others = made.mentees[3], made.mentees[1]
    # Nor to another's file, nor to somebody else's record by merging it.
    whose = uploads.Whose(desk.row("alice@example.org").id)
    file = uploads.begin(
        desk.house.sessions, desk.settings, name="x.csv", content=b"name,phone\nX,0788000111\n",
        whose=whose, now=NOW, real_now=NOW,
    )  # fmt: skip
    ben.goes(f"/console/import/{file}")
    assert ben.status == 404
    assert "No other record" in ben.goes(f"/console/people/{here}/merge?other={there}&who=x")
    ben.goes(f"/console/people/{here}")
    for deed in ("transfer", "number", "consent", "merge"):
        ben.sends(f"/console/people/{there}/{deed}", sure="1")
        assert ben.status == 404, deed
    for browser, mine, foreign in ((ben, here, there), (alice, theirs, others)):
        assert "Timeline" in browser.goes(f"/console/people/{mine}")
        assert "Thread" in browser.goes(f"/console/cases/{made.cases[mine]}")
        for path in (f"people/{foreign}", f"cases/{made.cases[foreign]}", "people/999999999",
                     "facilities/999999999"):  # fmt: skip
            browser.goes(f"/console/{path}")
            assert browser.status == 404
    ben.goes(f"/console/cases/{made.cases[here]}")
    ben.sends(f"/console/cases/{made.cases[there]}/close", sure="1")
    assert ben.status == 404
    with desk.house.sessions() as session:
        assert session.get_one(Case, made.cases[there]).state != "closed"
    # The other district's facility, and one where none of the mentor's mentees works.
    assert "Health Centre" in ben.goes(f"/console/facilities/{made.places[0]}")
    ben.goes(f"/console/facilities/{made.places[1]}")
    assert ben.status == 404
    assert "Gatsibo" not in ben.goes("/console/facilities")
    # Numbers are for those who may see them.
    assert "+250788" in ben.goes("/console/people")
    assert "+250788" not in alice.goes("/console/people")
    assert "+250788" not in alice.goes(f"/console/people/{theirs}")
    assert alice.goes("/console/people?q=788000006").count("<tbody>") == 0


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    made = Desk(database_url)
    with made.house.sessions() as opened:
        yield opened
    made.close()


def test_a_scope_is_what_it_says(session: Session) -> None:
    made = programme(session)
    everybody = session.scalars(select(Person)).unique().all()

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        role=st.sampled_from([*ROLES, "nobody", ""]),
        district=st.sampled_from([None, "Kayonza", "Gatsibo", "Nowhere", ""]),
        own=st.sampled_from([None, *made.mentors, made.mentees[0]]),
    )
    def holds(role: str, district: str | None, own: int | None) -> None:
        scope = Scope(role, district, own)

        def sees(one: Person) -> bool:
            if role == "admin" or (role == "coordinator" and district is None):
                return True
            if role == "coordinator":
                return one.facility is not None and one.facility.district == district
            return role == "mentor" and own is not None and one.mentor_id == own

        allowed = {one.id for one in everybody if sees(one)}
        listed = people.found(session, scope, people.Wanted(), "RW")
        assert {line.person.id for line in listed.lines} == allowed
        assert listed.total == len(allowed)
        assert scope.numbers or all(line.numbers == () for line in listed.lines)
        found, total = cases.found(session, scope, cases.Wanted(state="all"), NOW)
        assert {line.case.mentee_id for line in found} == allowed & set(made.mentees)
        assert total == len(found)
        for one in everybody:
            assert (people.one(session, scope, one.id) is not None) == (one.id in allowed)
        for mentee, case in made.cases.items():
            assert (cases.one(session, scope, case) is not None) == (mentee in allowed)

    holds()


def test_a_viewer_sees_no_figure_about_fewer_than_five(session: Session) -> None:
    made = programme(session)
    for mentee in made.mentees[:6]:
        session.get_one(Person, mentee).consent = "no"
    few = glance.of(session, Scope("viewer"), NOW, "Africa/Kigali")
    assert few.mentees == "<5"
    assert glance.of(session, Scope("coordinator"), NOW, "Africa/Kigali").mentees == 3
    for mentee in made.mentees[:2]:
        session.get_one(Person, mentee).consent = "yes"
    assert glance.of(session, Scope("viewer"), NOW, "Africa/Kigali").mentees == 5
