"""The pages: what a coordinator does with cases, people and reports, and what it costs."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy.orm import Session

from bot.accounts import tokens
from bot.hooks import keeping
from bot.hooks.events import EVENTS
from bot.mentoring import cases as services
from console.report_form import SECOND_NAMES
from console.words import REPORTS
from store.accounts import Account, AuditEntry
from store.cases import CaseEvent
from store.imports import FileImport
from store.knowledge import Card, CardDraft, CardVersion, Question
from store.learning import Assessment
from store.messages import Inbound, OutboxMessage
from store.people import Address, Facility, Person
from store.quizzes import Campaign
from store.visits import Visit
from tests.console import NOW, Desk, TownDesk
from tests.town import Town

NURSE, ALICE, BEATA = "+250788000301", "+250788000401", "+250788000402"
AWKWARD = "<script>alert(1)</script> & '{{ 7*7 }}' =1+1 \uffff \u202e \u0627\u0644"


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    made = Desk(database_url)
    yield made
    made.close()


def test_a_coordinator_answers_gives_away_and_closes_a_case(town: Town) -> None:
    desk = TownDesk(town)
    nurse = town.mentee(NURSE, facility="Rukara Health Centre")
    alice = town.mentor(ALICE)
    beata = town.mentor(BEATA, name="Beata Uwase")
    town.pair(NURSE, ALICE)
    nurse.says("MENTOR")
    nurse.hears("Text")
    nurse.says("Snake bite, call me on 0788 123 456")
    nurse.hears("asked Alice")
    alice.hears("Snake bite")
    case = town.case()

    desk.account("grace@example.org", "coordinator")
    grace = desk.signed_in("grace@example.org")
    assert "Nothing waits for you" in grace.page
    town.later(hours=30)
    grace.goes("/console/")
    grace.enter("grace@example.org")
    assert "Overdue cases" in grace.page
    assert f"#{case.code}" in grace.page
    assert "Rukara Health Centre" in grace.page
    page = grace.goes(f"/console/cases/{case.id}")
    assert "Snake bite" in page
    assert "123 456" not in page
    assert "Given to a mentor: Alice Ingabire" in page

    while nurse.read < len(nurse.received()):
        nurse.hears("")
    where = f"/console/cases/{case.id}"
    assert "no answer yet" in grace.sends(f"{where}/answer", text=" ")
    once = re.search(r'name="once" value="([^"]+)"', grace.page)
    assert once is not None
    for _ in range(2):  # a form that is sent twice
        grace.sends(f"{where}/answer", text="Keep the limb still. Refer now.", once=once[1])
        assert "on its way" in grace.page
    town.rest()
    nurse.hears("Keep the limb still. Refer now.")
    nurse.hears_nothing()
    assert town.count(CaseEvent, CaseEvent.kind == "answered") == 1
    assert "Keep the limb still" in grace.goes(where)

    assert "choose a mentor" in grace.sends(f"{where}/give", mentor="999999")
    grace.sends(f"{where}/give", mentor=str(town.person(BEATA).id))
    assert "The case is with Beata Uwase" in grace.page
    town.rest()
    beata.hears("Snake bite")
    nurse.hears("Beata")

    assert "tick" in grace.sends(f"{where}/close")
    grace.sends(f"{where}/close", sure="1")
    assert "The case is closed" in grace.page
    town.rest()
    nurse.hears("closed")
    assert "Send answer" not in grace.page
    assert "closed in the meantime" in grace.sends(f"{where}/answer", text="Too late")
    town.rest()
    nurse.hears_nothing()

    page = grace.goes(f"/console/people/{town.person(NURSE).id}")
    assert "Keep the limb still" in page
    assert "Delivered" in page
    assert "123 456" not in page
    assert NURSE in page
    assert f"#{case.code}" in page
    assert grace.goes(f"/console/people/{town.person(NURSE).id}?only=quiz").count("<article") == 0
    whats = [entry.what for entry in town.all(AuditEntry)]
    for what in ("case_seen", "case_answered", "case_given", "case_closed", "person_seen"):
        assert what in whats
    kept = str([vars(entry) for entry in town.all(AuditEntry)])
    assert "Keep the limb" not in kept


def crowd(session: Session, first: int, number: int) -> None:
    """People with a case, messages, questions and tests each."""
    place = session.query(Facility).first() or Facility(name="Rukara", district="Kayonza")
    session.add(place)
    mentor = session.query(Person).filter(Person.roles.contains(["mentor"])).first()
    if mentor is None:
        mentor = Person(
            name="Alice", roles=["mentor"], language="en", timezone="Africa/Kigali", consent="yes"
        )
        session.add(mentor)
        session.flush()
        session.add(Address(person_id=mentor.id, channel="whatsapp", value=ALICE))
    session.flush()
    for n in range(first, first + number):
        one = Person(
            name=f"Mentee {n:03} {AWKWARD}", language="en", timezone="Africa/Kigali",
            consent="yes", facility_id=place.id, mentor_id=mentor.id, cadre="nurse",
        )  # fmt: skip
        session.add(one)
        session.flush()
        session.add(Address(person_id=one.id, channel="sms", value=f"+2507881{n:05}"))
        urgent = n % 2 == 0
        services.open_case(
            session, one, AWKWARD, cause="asked", now=NOW - timedelta(days=2), key=f"test:{n}",
            address_id=None, inbound_id=None, urgent=urgent,
        )  # fmt: skip


def busy(session: Session, person: Person, first: int, number: int) -> None:
    """Much that happened with one person."""
    for n in range(first, first + number):
        at = NOW - timedelta(minutes=n)
        inbound = Inbound(
            sid=f"SM{n:032}", channel="sms", sender="+250788000001", body=AWKWARD, form=[],
            received_at=at, state="done", person_id=person.id,
        )  # fmt: skip
        session.add(inbound)
        session.flush()
        session.add(
            Question(
                inbound_id=inbound.id,
                person_id=person.id,
                text=AWKWARD,
                language="en",
                ranking=[],
                decision="case",
                asked_at=at,
            )
        )
        session.add(
            OutboxMessage(
                person_id=person.id,
                kind="reply",
                dedupe_key=f"busy:{n}",
                language="en",
                body=AWKWARD,
                priority=1,
                created_at=at,
                next_attempt_at=at,
                state="failed",
                reason="Unreachable",
                error_code=30003,
            )
        )
        session.add(
            Assessment(
                person_id=person.id,
                technical_area="MNH",
                kind="pre",
                score=3,
                out_of=20,
                at=at,
                source="import",
                key=f"busy:{n}",
            )
        )


def library(session: Session, name: str) -> None:
    """A card that expires today."""
    session.add(Card(id=name, topic="pph", live_version=1, expires_on=NOW.date()))
    session.flush()
    session.add(
        CardVersion(card_id=name, version=1, title={"en": AWKWARD}, topic_title={},
                    answer={"en": AWKWARD}, examples={"en": [AWKWARD]}, source=AWKWARD, review="r")
    )  # fmt: skip


PAGES = (
    "/console/",
    "/console/people",
    "/console/cases?state=all",
    "/console/people/{person}",
    "/console/cases/{case}",
    "/console/reports/questions?fy=FY26&by=district",
    "/console/users",
    "/console/audit",
    "/console/cards",
    "/console/cards/library",
    "/console/cards/library/c-own",
    "/console/cards/drafts/{draft}",
    "/console/facilities?district=Kayonza",
    "/console/facilities/{facility}",
    "/console/learning",
    "/console/learning?part=progress",
    "/console/learning?part=visits",
    "/console/messages",
    "/console/import",
    "/console/settings",
    "/console/settings/templates",
    "/console/settings/roles",
    "/console/settings/tokens",
    "/console/settings/webhooks",
)


def test_queries_do_not_grow_with_rows_and_words_stay_words(desk: Desk) -> None:
    desk.account("grace@example.org", "admin")
    with desk.house.sessions.begin() as session:
        crowd(session, 0, 5)
        person = session.query(Person).filter(Person.name.startswith("Mentee 000")).one()
        busy(session, person, 0, 5)
        session.add(Campaign(name=AWKWARD, state="paused", created_at=NOW,
                             reason="the budget is used up"))  # fmt: skip
        case = session.query(CaseEvent).filter(CaseEvent.person_id == person.id).first()
        assert case is not None
        library(session, "c-own")
        draft = CardDraft(state="in_review", proposed_by=AWKWARD, proposed_at=NOW,
                          card_id="c-own", content={"title": {"en": AWKWARD},
                                                    "answer": {"en": AWKWARD}})  # fmt: skip
        session.add(draft)
        session.flush()
        ids = {"person": person.id, "case": case.case_id, "draft": draft.id,
               "facility": person.facility_id}  # fmt: skip
        paths = [path.format(**ids) for path in PAGES]
        things(session, 1)
    grace = desk.signed_in("grace@example.org")

    def counts() -> dict[str, int]:
        found = {}
        for path in paths:
            grace.goes(path)
            with desk.counted() as statements:
                page = grace.goes(path)
            assert grace.status == 200, path
            found[path] = len(statements)
            assert "<script" not in page, path
            assert "49" not in re.findall(r"\{\{ 7\*7 \}\}|49 '", page), path
            assert len(page.encode()) < 200_000, path
        return found

    few = counts()
    with desk.house.sessions.begin() as session:
        crowd(session, 5, 45)
        busy(session, session.get_one(Person, person.id), 5, 45)
        things(session, 12)
        for n in range(45):
            session.add(AuditEntry(at=NOW, what="case_seen", person_id=person.id, data={}))
            library(session, f"c{n}")
            session.add(CardDraft(state="in_review", proposed_by="x", proposed_at=NOW,
                                  content={"title": {"en": AWKWARD}}))  # fmt: skip
    many = counts()
    # The log looks once more for where it stops as long as a page is not full.
    assert {path for path in paths if many[path] > few[path]} == set()
    assert max(many.values()) < 40
    assert "&lt;script&gt;alert" in grace.goes("/console/")
    assert "The phone is off or out of reach (30003)" in grace.page
    assert "Cards that expire" in grace.page


def test_home_names_visits_that_come_and_those_nobody_reported(desk: Desk) -> None:
    with desk.house.sessions.begin() as session:
        places = {d: Facility(name=f"{d} Clinic", district=d) for d in ("Kayonza", "Gatsibo")}
        mentor = Person(name="Alice Ingabire", roles=["mentor"], language="en",
                        timezone="Africa/Kigali")  # fmt: skip
        session.add_all([*places.values(), mentor])
        session.flush()
        for hours, days, state, place in (
            (30, 5, "planned", "Kayonza"),  # comes
            (100, 1, "planned", "Gatsibo"),  # later than that
            (20, 1, "cancelled", "Gatsibo"),
            (-30, 1, "planned", "Gatsibo"),  # is over, and nobody has said a word
            (-30, 2, "planned", "Kayonza"),  # goes on
            (-80, 1, "held", "Gatsibo"),
            (-2000, 1, "unreported", "Gatsibo"),  # nobody will remember
        ):
            session.add(Visit(mentor_id=mentor.id, facility_id=places[place].id, days=days,
                              starts_at=NOW + timedelta(hours=hours), state=state,
                              source="command", created_at=NOW))  # fmt: skip
    desk.account("grace@example.org", "coordinator")
    desk.account("ben@example.org", "coordinator", district="Kayonza")
    everywhere = desk.signed_in("grace@example.org").page
    coming, _, unreported = everywhere.partition("Visits that nobody has reported")
    assert "4 Mar 2026, 17:00: Kayonza Clinic, Alice Ingabire" in coming
    assert everywhere.count("Clinic") == 2
    assert "2 Mar 2026, 05:00: Gatsibo Clinic" in unreported
    of_district = desk.signed_in("ben@example.org").page
    assert "Kayonza Clinic" in of_district
    assert "Gatsibo" not in of_district


def things(session: Session, number: int) -> None:
    """Tokens, webhooks with deliveries, and imports."""
    by = session.query(Account).first()
    assert by is not None
    for n in range(number):
        tokens.add(session, AWKWARD, role="viewer", district=None, person=None, may_write=False,
                   days=30, now=NOW, by=by.id)  # fmt: skip
        if n < keeping.MOST - 1:
            hook = keeping.add(session, f"https://x.example.org/{n}", EVENTS, private=False,
                               now=NOW, by=by.id)  # fmt: skip
            for _ in range(number):
                keeping.test(session, hook, NOW)
        session.add(FileImport(account_id=by.id, name=AWKWARD, state="refused",
                               problems=[AWKWARD], made_at=NOW, moved_at=NOW))  # fmt: skip


def test_people_are_found_by_what_one_knows_of_them(desk: Desk) -> None:
    desk.account("grace@example.org", "coordinator")
    with desk.house.sessions.begin() as session:
        crowd(session, 0, 60)
        session.query(Person).filter(Person.name.startswith("Mentee 007")).one().stopped_at = NOW
    grace = desk.signed_in("grace@example.org")

    def names(query: str) -> list[str]:
        return re.findall(r"Mentee (\d{3})", grace.goes(f"/console/people?{query}"))

    assert len(names("role=mentee")) == 50
    assert "1–50 of 60" in grace.page
    assert len(names("role=mentee&page=2")) == 10
    assert names("q=mentee 012") == ["012"]
    assert names("q=0788100012") == ["012"]
    assert names("q=%2B250788100012") == ["012"]
    assert names("q=100012") == ["012"]
    assert names("state=stopped") == ["007"]
    assert names("q=%25") == []
    assert names("q=rukara&district=Kayonza&cadre=nurse&page=2")
    assert names("district=Nowhere") == []
    assert "Nobody fits" in grace.page
    for odd in ("page=0", "page=-1", "page=99999999", "page=x", "role=x", "state=x", "q=%00",
                "q=" + "%EF%BF%BF" * 50):  # fmt: skip
        names(odd)
        assert grace.status == 200, odd


def test_a_time_line_is_read_to_its_end_without_a_gap_or_a_double(desk: Desk) -> None:
    desk.account("grace@example.org", "coordinator")
    with desk.house.sessions.begin() as session:
        crowd(session, 0, 1)
        person = session.query(Person).filter(Person.name.startswith("Mentee 000")).one()
        busy(session, person, 0, 50)
        whom = person.id
    grace = desk.signed_in("grace@example.org")
    path, seen = f"/console/people/{whom}", 0
    for _ in range(10):
        page = grace.goes(path)
        seen += page.count("<article")
        older = re.search(r'href="([^"]+)">Older', page)
        if older is None:
            break
        path = older[1].replace("&amp;", "&")
    # Four of each minute, the case, and what was said about it.
    with desk.house.sessions() as session:
        said = session.query(OutboxMessage).filter(OutboxMessage.person_id == whom).count()
    assert seen == 3 * 50 + said + 1
    for odd in (
        "_external=1&_scheme=javascript&endpoint=x&_anchor=y",
        "before=x",
        "before=2026-03-03",
        "only=x",
        "before=9999-12-31T23:59:59%2B00:00",
    ):
        page = grace.goes(f"/console/people/{whom}?{odd}")
        assert grace.status == 200, odd
        assert "javascript:" not in page


def test_every_report_is_shown_and_taken_as_a_file(desk: Desk) -> None:
    desk.account("minister@example.org", "viewer", language="fr")
    with desk.house.sessions.begin() as session:
        crowd(session, 0, 6)
        busy(session, session.query(Person).order_by(Person.id.desc()).first(), 0, 3)
    viewer = desk.signed_in("minister@example.org")
    assert "Rapports" in viewer.page
    for name in (name for name in REPORTS if name not in ("cadence", *SECOND_NAMES)):
        viewer.goes(f"/console/reports/{name}")
        assert viewer.status == 200, name
        for form, begins in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("pdf", b"%PDF")):
            answer = viewer.client.get(f"/console/reports/{name}?as={form}")
            assert answer.data.startswith(begins), (name, form)
            assert f".{form}" in answer.headers["Content-Disposition"]
    days = viewer.goes("/console/reports/questions?since=2026-03-01&until=2026-03-31")
    assert "2026-03-01" in days
    # One person's three questions are nobody else's business.
    assert "&lt;5" in days
    book = load_workbook(io.BytesIO(
        viewer.client.get("/console/reports/questions?since=2026-03-01&as=xlsx").data
    ))  # fmt: skip
    assert "<5" in [cell.value for row in book.active.iter_rows() for cell in row]
    assert "premier jour" in viewer.goes(
        "/console/reports/active?since=2026-03-02&until=2026-03-01"
    )
    for odd in ("fy=x", "by=x", "as=exe", "since=0001-01-01", "until=9999-12-31", "since=x"):
        viewer.goes(f"/console/reports/active?{odd}")
        assert viewer.status in (200, 422), odd
    # Its rows are about one mentor each.
    for hidden in ("secrets", "cadence"):
        viewer.goes(f"/console/reports/{hidden}")
        assert viewer.status == 404
    desk.account("grace@example.org", "coordinator")
    assert "Cadence" in desk.signed_in("grace@example.org").goes("/console/reports/cadence")


def test_an_admin_keeps_the_accounts(desk: Desk) -> None:
    desk.account("root@example.org", "admin")
    with desk.house.sessions.begin() as session:
        crowd(session, 0, 1)
    root = desk.signed_in("root@example.org")
    root.goes("/console/users")
    add = {"email": "Ben@Example.org", "role": "coordinator", "name": "Ben", "language": "fr"}
    assert "No facility" in root.sends("/console/users", **add, district="Nowhere")
    page = root.sends("/console/users", **add, district="Kayonza")
    link = re.search(r"http://localhost(/console/password/[\w-]+)", page)
    assert link is not None
    assert link[1] not in root.goes("/console/users")
    assert "already" in root.sends("/console/users", **add)
    assert "needs the phone" in root.sends("/console/users", email="a@example.org", role="mentor")
    root.sends("/console/users", email="alice@example.org", role="mentor", phone="0788 000 401")
    assert "/console/password/" in root.page
    ben = desk.browser()
    assert "Choisissez votre mot de passe" in ben.goes(
        link[1], headers={"Accept-Language": "fr-RW,fr;q=0.9"}
    )
    where = f"/console/users/{desk.row('ben@example.org').id}"
    root.goes("/console/users")
    root.sends(where, do="role", role="viewer")
    assert "has another role now" in root.page
    assert desk.row("ben@example.org").district is None
    root.sends(where, do="disable")
    assert "disabled and signed out" in root.page
    assert ben.goes(link[1])
    assert ben.status == 404
    root.sends(where, do="enable")
    own = f"/console/users/{desk.row('root@example.org').id}"
    assert "your own account" in root.sends(own, do="disable")
    assert "your own role" in root.sends(own, do="role", role="viewer")
    audit = root.goes("/console/audit?what=role_changed")
    assert "ben@example.org" in audit
    assert "coordinator" in audit
