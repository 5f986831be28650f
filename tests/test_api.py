"""``/api/v1``: who may use what, whom they see, and that the document says what is served."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from sqlalchemy import select
from werkzeug.test import TestResponse

from api import openapi
from api.routes import ROUTES
from bot.accounts import tokens
from bot.accounts.api_roles import OPEN, WRITES
from bot.accounts.api_roles import ROUTES as ROLES_OF
from bot.accounts.rules import ROLES
from bot.accounts.scope import Scope
from bot.overviews import records
from bot.overviews.records import Span
from store.accounts import AuditEntry
from store.cases import CaseEvent
from store.encounters import Encounter, EncounterMentee
from store.imports import FileImport
from store.learning import Assessment
from store.messages import Inbound, OutboxMessage
from store.people import Person
from store.quizzes import Campaign
from store.tokens import ApiToken
from tests.console import NOW, Desk, TownDesk
from tests.test_console_roles import Programme, programme
from tests.town import Town

NURSE, ALICE = "+250788000301", "+250788000401"
WORDS = "Ring me on 0788 123 456 about the placenta"


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    made = Desk(database_url)
    yield made
    made.close()


class Program:
    """Another program with a token."""

    def __init__(self, desk: Desk, role: str, **more: Any) -> None:
        self.desk = desk
        person = more.pop("person", None)
        with desk.house.sessions.begin() as session:
            made, self.token = tokens.add(
                session,
                more.pop("name", role),
                role=role,
                district=more.pop("district", None),
                person=session.get_one(Person, person) if person else None,
                may_write=more.pop("may_write", False),
                days=more.pop("days", 30),
                now=desk.now,
                by=None,
            )
            self.id = made.id
        self.client = desk.app.test_client()

    def get(self, path: str) -> TestResponse:
        return self.client.get(f"/api/v1{path}", headers=self.headers)

    def post(self, path: str, **more: Any) -> TestResponse:
        return self.client.post(f"/api/v1{path}", headers=self.headers, **more)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def items(self, path: str) -> list[dict[str, Any]]:
        answer = self.get(path)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        found: list[dict[str, Any]] = answer.get_json()["items"]
        return found


def lived(desk: Desk) -> Programme:
    """A programme in which each mentee wrote, heard, was tested and met a mentor."""
    with desk.house.sessions.begin() as session:
        made = programme(session)
        for n, mentee in enumerate(made.mentees):
            at = NOW - timedelta(hours=n)
            session.add(
                Inbound(sid=f"SM{n:032}", channel="sms", sender="+250788000001", body=WORDS,
                        form=[], received_at=at, state="done", person_id=mentee)
            )  # fmt: skip
            session.add(
                OutboxMessage(person_id=mentee, kind="reply", dedupe_key=f"t:{n}", language="en",
                              body=WORDS, priority=1, created_at=at, next_attempt_at=at,
                              state="failed", reason="Unreachable", error_code=30003)
            )  # fmt: skip
            session.add(
                Assessment(person_id=mentee, technical_area="MNH", kind="pre", score=7, out_of=20,
                           at=at, source="import", key=f"t:{n}")
            )  # fmt: skip
            met = Encounter(kind="virtual", form="group", mentor_id=made.mentors[0], began_at=at,
                            ended_at=at, minutes=5, source="command", logged_at=at)  # fmt: skip
            session.add(met)
            session.flush()
            session.add(EncounterMentee(encounter_id=met.id, person_id=mentee))
        session.add(Campaign(name="Safe birth", state="running", created_at=NOW))
    return made


def filled(path: str, made: Programme) -> str:
    own = made.mentees[0]
    values = {"person_id": own, "case_id": made.cases[own], "name": "service-level",
              "import_id": 1}  # fmt: skip
    return re.sub(r"{(\w+)}", lambda part: str(values[part[1]]), path)


def test_every_route_serves_its_roles_and_nobody_else(desk: Desk) -> None:
    made = lived(desk)
    programs = {
        role: Program(desk, role, person=made.mentors[0] if role == "mentor" else None)
        for role in ROLES
    }
    writers = {
        role: Program(
            desk, role, may_write=True, person=made.mentors[0] if role == "mentor" else None
        )
        for role in ROLES
    }
    rules = {
        rule.endpoint.removeprefix("api."): rule
        for rule in desk.app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
    }
    assert set(rules) - {"nothing"} == set(ROLES_OF) | OPEN == set(ROUTES) | OPEN
    assert set(WRITES) == {name for name, route in ROUTES.items() if route.method == "post"}
    nobody = desk.app.test_client()
    for name, route in ROUTES.items():
        path = filled(route.path, made)
        assert nobody.open(f"/api/v1{path}", method=route.method).status_code == 401, name
        for role in ROLES:
            for program in (programs[role], writers[role]):
                ask = program.get if route.method == "get" else program.post
                answer = ask(path)
                what = f"{name} as {role}: {answer.status_code}"
                assert answer.content_type == "application/json", what
                allowed = role in ROLES_OF[name]
                if name in WRITES:
                    allowed = allowed and program is writers[role]
                if not allowed:
                    assert answer.status_code == 403, what
                else:
                    # An import of nobody's, and a body that is missing.
                    assert answer.status_code in (200, 404, 415, 422), what
                    assert (answer.status_code == 200) == (
                        route.method == "get" and name != "import_status"
                    ), what


def test_the_document_describes_what_is_served(desk: Desk) -> None:
    made = lived(desk)
    answer = desk.app.test_client().get("/api/v1/openapi.json")
    document = answer.get_json()
    assert document == openapi.document("Mentorline", "http://localhost")
    assert document["openapi"].startswith("3.1")
    operations = [one for methods in document["paths"].values() for one in methods.values()]
    assert {one["operationId"] for one in operations} == set(ROUTES)
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    for place in re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)):
        assert place.removeprefix("#/components/schemas/") in schemas
    for path, methods in document["paths"].items():
        for one in methods.values():
            named = {part["name"] for part in one["parameters"] if part["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path))
            assert one["summary"].endswith(".")
            assert {"200", "401", "403", "422"} <= set(one["responses"])
            assert len({(part["in"], part["name"]) for part in one["parameters"]}) == len(
                one["parameters"]
            )
    # What comes back is what it says, to the last field.
    admin = Program(desk, "admin")
    for path, methods in document["paths"].items():
        if "get" not in methods or methods["get"]["operationId"] == "import_status":
            continue
        schema = methods["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        whole = {**schema, "components": document["components"]}
        given = admin.get(filled(path, made)).get_json()
        problems = [error.message for error in Draft202012Validator(whole).iter_errors(given)]
        assert problems == [], path


def test_a_list_is_read_to_its_end_whatever_the_pages(desk: Desk) -> None:
    made = lived(desk)
    for path in ("people", "cases", "messages/received", "messages/sent", "assessments",
                 "encounters", "facilities", "campaigns", "answers"):  # fmt: skip
        admin = Program(desk, "admin")  # each has its own rate
        whole = [one["id"] for one in admin.items(f"/{path}?limit=500")]
        assert whole == sorted(set(whole))
        for limit in (1, 2, 4):
            seen: list[int] = []
            after: int | None = 0
            while after is not None:
                page = admin.get(f"/{path}?limit={limit}&after={after}").get_json()
                assert len(page["items"]) <= limit
                seen += [one["id"] for one in page["items"]]
                after = page["next"]
            assert seen == whole, path
    since = (NOW - timedelta(hours=3)).isoformat().replace("+", "%2B")
    until = NOW.isoformat()  # with a plus that reads as a space
    found = admin.items(f"/messages/received?since={since}&until={until}")
    assert len(found) == 3
    assert all(one["received_at"].endswith("Z") for one in found)
    one = made.mentees[2]
    assert {row["person_id"] for row in admin.items(f"/messages/sent?person={one}")} == {one}
    assert admin.items("/messages/sent?state=delivered") == []
    assert len(admin.items("/encounters?person=" + str(one))) == 1
    assert len(admin.items("/cases?state=open&urgent=false")) == len(made.mentees)
    assert admin.items("/people?role=mentor&district=Kayonza")[0]["id"] == made.mentors[0]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "after=-1", "since=2026-03-03", "since=x", "unknown=1",
     "until=2026-03-03T09:00:00", "role=x", "after=99999999999999999999"],
)  # fmt: skip
def test_a_slip_in_a_query_is_refused_with_a_sentence(desk: Desk, query: str) -> None:
    answer = Program(desk, "admin").get(f"/people?{query}")
    assert answer.status_code == 422
    error = answer.get_json()["error"]
    assert error["code"] == "not_usable"
    assert query.partition("=")[0] in error["message"]


def test_numbers_and_words_are_for_those_who_may_see_them(desk: Desk) -> None:
    made = lived(desk)
    mentor, admin = Program(desk, "mentor", person=made.mentors[0]), Program(desk, "admin")
    assert admin.items("/people")[0]["addresses"][0]["value"].startswith("+250788")
    mine = mentor.items("/people")
    assert {one["mentor_id"] for one in mine} == {made.mentors[0]}
    assert all(one["addresses"] == [] for one in mine)
    everything = ""
    for route in ROUTES.values():
        if route.method == "get":
            for program in (mentor, admin):
                everything += program.get(filled(route.path, made)).get_data(as_text=True)
    assert "placenta" in everything
    assert "123 456" not in everything
    assert "+250788" not in "".join(
        mentor.get(filled(route.path, made)).get_data(as_text=True)
        for route in ROUTES.values()
        if route.method == "get"
    )
    others = made.mentees[1]
    assert mentor.get(f"/people/{others}").status_code == 404
    assert mentor.get(f"/cases/{made.cases[others]}").status_code == 404
    assert mentor.items(f"/messages/received?person={others}") == []


def test_what_is_read_of_people_is_in_the_audit_and_nothing_of_what_they_wrote(desk: Desk) -> None:
    made = lived(desk)
    viewer, admin = Program(desk, "viewer"), Program(desk, "admin")
    for path in ("/people", f"/people/{made.mentees[0]}", "/messages/sent", "/encounters"):
        assert admin.get(path).status_code == 200
    viewer.get("/reports/danger")
    viewer.get("/people")  # refused: nothing was seen
    viewer.get("/facilities")  # about nobody
    with desk.house.sessions() as session:
        noted = session.query(AuditEntry).filter(AuditEntry.what == "api_used").all()
        routes = [entry.data["route"] for entry in noted]
        assert routes == ["people", "person", "messages_sent", "encounters", "report"]
        assert noted[1].person_id == made.mentees[0]
        assert {entry.data["token"] for entry in noted} == {admin.id, viewer.id}
        assert "placenta" not in str([entry.data for entry in noted])
        assert session.get_one(ApiToken, admin.id).used_at == NOW


def test_a_token_ends_when_it_expires_or_is_revoked(desk: Desk) -> None:
    short, other = Program(desk, "viewer", days=30), Program(desk, "viewer", days=90)
    assert short.get("/facilities").status_code == 200
    for odd in ("", "Bearer", "Bearer x", f"Basic {short.token}", f"Bearer {short.token[:-1]}"):
        answer = short.client.get("/api/v1/facilities", headers={"Authorization": odd})
        assert answer.status_code == 401, odd
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    desk.later(days=31)
    assert short.get("/facilities").status_code == 401
    assert other.get("/facilities").status_code == 200
    with desk.house.sessions.begin() as session:
        tokens.revoke(session, tokens.called(session, other.id), desk.now, by=None)
    assert other.get("/facilities").status_code == 401
    with desk.house.sessions() as session:
        kept = str([vars(row) for row in session.query(ApiToken)])
        assert short.token not in kept


def test_too_many_requests_of_one_token_are_put_off(desk: Desk) -> None:
    fast, other = Program(desk, "viewer"), Program(desk, "viewer")
    statuses = [fast.get("/facilities").status_code for _ in range(121)]
    assert statuses == [200] * 120 + [429]
    refused = fast.get("/facilities")
    assert refused.headers["Retry-After"] == "60"
    assert refused.get_json()["error"]["code"] == "too_fast"
    assert other.get("/facilities").status_code == 200


def test_what_leads_nowhere_or_is_too_large_is_said_in_json(desk: Desk) -> None:
    writer = Program(desk, "coordinator", may_write=True)
    for answer in (writer.get("/nowhere"), writer.post("/people"), writer.get("/people/0/x")):
        assert answer.status_code == 404
        assert answer.get_json()["error"]["code"] == "not_found"
    large = writer.post("/cases/1/answer", data=b"x" * 100_000, content_type="application/json")
    assert large.status_code == 413
    assert large.get_json()["error"]["code"] == "too_large"
    for body in (b"", b"{", b"[]", b'{"text": ""}', b'{"text": "x", "key": "short"}'):
        answer = writer.post("/cases/1/answer", data=body, content_type="application/json")
        assert answer.status_code == 422, body


def test_a_case_is_answered_once_however_often_it_is_sent(town: Town) -> None:
    desk = TownDesk(town)
    nurse, alice = town.mentee(NURSE), town.mentor(ALICE)
    town.pair(NURSE, ALICE)
    nurse.says("MENTOR")
    nurse.says("Snake bite, what now")
    alice.hears("Snake bite")
    writer = Program(desk, "coordinator", may_write=True)
    path = f"/cases/{town.case().id}/answer"
    while nurse.read < len(nurse.received()):
        nurse.hears("")
    for _ in range(2):
        answer = writer.post(path, json={"text": "Refer now.", "key": "ticket-1"})
        assert answer.get_json() == {"done": True}
    town.rest()
    nurse.hears("Refer now.")
    nurse.hears_nothing()
    assert town.count(CaseEvent, CaseEvent.kind == "answered") == 1
    alice.says(f"DONE #{town.case().code}")
    late = writer.post(path, json={"text": "Too late", "key": "ticket-2"})
    assert late.status_code == 409
    assert late.get_json()["error"]["code"] == "closed"
    events = writer.get(f"/cases/{town.case().id}").get_json()["events"]
    assert [one["kind"] for one in events if one["kind"] in ("opened", "answered", "closed")] == [
        "opened", "answered", "closed",
    ]  # fmt: skip


def test_people_are_checked_first_and_imported_when_confirmed(desk: Desk) -> None:
    lived(desk)
    writer = Program(desk, "coordinator", may_write=True, district="Kayonza")
    other = Program(desk, "coordinator", may_write=True)
    head = b"name,phone,facility,district\n"
    bad = head + b"Ange,12,Rukara,Kayonza\nBea,0788000999,Kiziguro,Gatsibo\n"
    answer = writer.post("/imports", data=bad, content_type="text/csv")
    assert answer.get_json()["state"] == "refused"
    assert answer.get_json()["problems"] == ["Line 2: phone '12' is not a phone number."]
    beyond = head + b"Bea,0788000999,Kiziguro,Gatsibo\n"
    answer = writer.post("/imports", data=beyond, content_type="text/csv")
    assert answer.get_json()["problems"] == ["Line 2: its district is not Kayonza, which is yours."]
    good = head + b"Ange,0788000998,Rukara,Kayonza\n"
    answer = writer.post("/imports?name=new.csv", data=good, content_type="text/csv")
    file = answer.get_json()
    assert (file["state"], file["rows"], file["added"], file["name"]) == ("ready", 1, 1, "new.csv")
    with desk.house.sessions() as session:
        assert session.query(Person).filter(Person.name == "Ange").count() == 0
    assert other.post(f"/imports/{file['id']}/confirm").status_code == 404
    assert other.get(f"/imports/{file['id']}").status_code == 404
    done = writer.post(f"/imports/{file['id']}/confirm")
    assert done.get_json()["state"] == "done"
    assert writer.post(f"/imports/{file['id']}/confirm").status_code == 409
    assert writer.get(f"/imports/{file['id']}").get_json()["state"] == "done"
    with desk.house.sessions() as session:
        assert session.query(Person).filter(Person.name == "Ange").count() == 1
        kept = session.query(FileImport).all()
        assert all(one.content is None and one.sample == [] for one in kept)
    assert writer.post("/imports", data=good, content_type="application/json").status_code == 415
    empty = writer.post("/imports", data=b"", content_type="text/csv")
    assert empty.get_json()["error"]["message"] == "This file is empty."


def test_reports_are_those_of_the_pages_with_small_groups_hidden(desk: Desk) -> None:
    lived(desk)
    viewer = Program(desk, "viewer")
    names = [one["name"] for one in viewer.get("/reports").get_json()["items"]]
    assert "cadence" not in names
    for name in names:
        assert viewer.get(f"/reports/{name}").status_code == 200, name
    found = viewer.get("/reports/questions?since=2026-03-01&until=2026-03-31&by=district")
    assert found.get_json()["period"] == "2026-03-01 to 2026-03-31"
    assert viewer.get("/reports/cadence").status_code == 404
    assert viewer.get("/reports/questions?by=mood").status_code == 422
    wrong = viewer.get("/reports/questions?since=2026-03-31&until=2026-03-01")
    assert wrong.get_json()["error"]["message"] == "The first day is after the last one."


def test_no_record_of_somebody_beyond_a_scope_is_listed(desk: Desk) -> None:
    made = lived(desk)
    session = desk.house.sessions()

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        role=st.sampled_from([*ROLES, "nobody"]),
        district=st.sampled_from([None, "Kayonza", "Gatsibo", "Nowhere"]),
        own=st.sampled_from([None, *made.mentors]),
        after=st.integers(0, 20),
        limit=st.integers(1, 20),
    )
    def holds(role: str, district: str | None, own: int | None, after: int, limit: int) -> None:
        scope, span = Scope(role, district, own), Span(after=after, limit=limit)
        seen = set(session.scalars(select(Person.id).where(scope.people())))
        assert {one.id for one in records.people(session, scope, span)} <= seen
        assert {one.mentee_id for one in records.cases(session, scope, span)} <= seen
        assert {one.person_id for one in records.received(session, scope, span)} <= seen
        assert {one.person_id for one in records.sent(session, scope, span)} <= seen
        assert {one.person_id for one in records.assessments(session, scope, span)} <= seen
        for _, mentees in records.encounters(session, scope, span):
            assert mentees
            assert set(mentees) <= seen

    holds()
    session.close()
