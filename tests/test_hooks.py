"""Outgoing webhooks: what is told, how it is signed, and what becomes of it when nobody listens."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hooks import delivering, keeping, noting
from bot.hooks.events import EVENTS
from bot.hooks.signature import HEADER, body, signature
from bot.hooks.target import HookError, UnknownName, check, resolve
from store.hooks import Hook, HookDelivery
from tests.console import NOW, Desk, TownDesk
from tests.town import Town

ROOT = Path(__file__).resolve().parent.parent
NURSE, ALICE = "+250788000301", "+250788000401"


class Receiver:
    """Another system: a real HTTP server that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                outer.told.append((dict(self.headers), self.rfile.read(length)))
                self.send_response(outer.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?from=mentorline"
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        if not self._thread.is_alive():
            return
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(content) for _, content in self.told]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    made = Desk(database_url, {"webhook_private_addresses": True})
    yield made
    made.close()


def is_ours() -> Any:
    """The function that the documentation shows."""
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    (source,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(source, "docs/api.md", "exec"), names)
    return names["is_ours"]


@given(
    secret=st.text(st.characters(codec="ascii"), min_size=1),
    content=st.binary(),
    at=st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),
    late=st.integers(-900, 900),
)
def test_the_check_in_the_documentation_takes_what_is_ours_and_nothing_else(
    secret: str, content: bytes, at: datetime, late: int
) -> None:
    ours = is_ours()
    header = signature(secret, content, at)
    second = int(at.timestamp())
    assert ours(secret, header, content, second + late) == (abs(late) < 300)
    assert not ours(secret, header, content + b"x", second)
    assert not ours(secret + "x", header, content, second)
    later = header.replace(f"t={second}", f"t={second + 1}")
    assert not ours(secret, later, content, second)


def test_the_documentation_names_every_event() -> None:
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    table = page.split("| Event |", 1)[1].split("\n\n", 1)[0]
    assert set(re.findall(r"`(\w+\.\w+)`", table)) == set(EVENTS)


def test_a_body_is_the_same_at_every_attempt() -> None:
    data = {"case": 17, "code": "K7XM", "mentee": 12, "urgent": False}
    made = body(93, "case.opened", NOW, data)
    assert made == body(93, "case.opened", NOW, dict(reversed(data.items())))
    shown = re.findall(r"```json\n(.*)\n```", (ROOT / "docs" / "api.md").read_text("utf-8"))
    assert made.decode() == shown[0]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "ftp://example.org/x",
        "http://example.org/x",
        "https://",
        "https:///x",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://user:secret@example.org/",
        "https://exa mple.org/",
        "https://münchen.example/",
        "https://localhost/x",
        "https://db/x",
        "https://printer.local/x",
        "https://127.0.0.1/x",
        "https://10.1.2.3/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://[fe80::1%25eth0]/x",
        "https://0.0.0.0/",
        "https://example.org/" + "x" * 500,
        "https://[::1",
    ],
)
def test_addresses_that_lead_nowhere_or_inside_are_refused(url: str) -> None:
    with pytest.raises(HookError):
        check(url, private=False)


@given(st.ip_addresses())
def test_an_address_is_taken_when_everybody_can_reach_it(ip: IPv4Address | IPv6Address) -> None:
    host = f"[{ip}]" if ip.version == 6 else str(ip)
    known = ip_address(str(ip))
    inside = getattr(known, "ipv4_mapped", None) or known
    try:
        check(f"https://{host}/x", private=False)
        taken = True
    except HookError:
        taken = False
    assert taken == (inside.is_global and not inside.is_multicast)
    assert check(f"https://{host}/x", private=True) == f"https://{host}/x"


def test_a_name_that_leads_inside_is_refused_when_it_is_called() -> None:
    assert check("https://mentor.example.org/hook", private=False)
    with pytest.raises(UnknownName):
        resolve("https://no-such-name.invalid/", private=False)
    with pytest.raises(HookError):
        resolve("https://localhost.localdomain.internal/", private=False)
    found = resolve("http://127.0.0.1:8080/x", private=True)
    assert (found.ip, found.port) == ("127.0.0.1", 8080)


def hook(desk: Desk, url: str, *events: str) -> int:
    with desk.house.sessions.begin() as session:
        made = keeping.add(session, url, events or EVENTS, private=True, now=desk.now, by=None)
        return made.id


def delivered(desk: Desk, hook_id: int) -> int:
    return delivering.deliver(desk.house.sessions, desk.settings, hook_id, lambda: desk.now)


def told(desk: Desk, event: str, **data: Any) -> None:
    with desk.house.sessions.begin() as session:
        noting.tell(session, event, desk.now, **data)


def rows(desk: Desk) -> list[HookDelivery]:
    with desk.house.sessions() as session:
        return list(session.query(HookDelivery).order_by(HookDelivery.id))


def test_what_is_wanted_arrives_once_signed_and_in_order(desk: Desk, receiver: Receiver) -> None:
    number = hook(desk, receiver.url, "case.opened", "case.closed")
    told(desk, "case.opened", case=1)
    told(desk, "case.answered", case=1)
    told(desk, "case.closed", case=1)
    assert delivered(desk, number) == 2
    assert [one["event"] for one in receiver.events()] == ["case.opened", "case.closed"]
    with desk.house.sessions() as session:
        secret = session.get_one(Hook, number).secret
    for headers, content in receiver.told:
        assert is_ours()(secret, headers[HEADER], content, desk.now.timestamp())
        assert headers["Host"] == f"127.0.0.1:{receiver.server.server_port}"
    assert delivered(desk, number) == 0
    assert len(receiver.told) == 2
    assert {one.state for one in rows(desk)} == {"sent"}


def test_what_is_not_taken_is_tried_again_with_pauses_and_given_up_in_the_end(
    desk: Desk, receiver: Receiver
) -> None:
    number = hook(desk, receiver.url)
    receiver.status = 503
    told(desk, "case.opened", case=1)
    told(desk, "case.closed", case=1)
    # The first one that fails ends the round.
    assert delivered(desk, number) == 0
    assert len(receiver.told) == 1
    for pause in delivering.PAUSES:
        first = rows(desk)[0]
        assert (first.state, first.reason, first.status) == ("waiting", "not taken", 503)
        assert first.due_at == desk.now + pause
        desk.time = first.due_at
        delivered(desk, number)
    first = rows(desk)[0]
    assert (first.state, first.attempts) == ("dead", len(delivering.PAUSES) + 1)
    ids = {one["id"] for one in receiver.events() if one["event"] == "case.opened"}
    assert len(ids) == 1

    receiver.status = 200
    with desk.house.sessions.begin() as session:
        found = keeping.called(session, number)
        assert keeping.again(session, found, desk.now) == 1
    desk.later(days=3)
    assert delivered(desk, number) == 2
    assert {one.state for one in rows(desk)} == {"sent"}
    with desk.house.sessions.begin() as session:
        delivering.prune(session, desk.now + timedelta(days=31))
    assert rows(desk) == []


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 500])
def test_only_a_good_answer_counts_and_redirects_are_not_followed(
    desk: Desk, receiver: Receiver, status: int
) -> None:
    number = hook(desk, receiver.url)
    receiver.status = status
    told(desk, "case.opened", case=1)
    assert delivered(desk, number) == 0
    assert len(receiver.told) == 1
    assert rows(desk)[0].status == status


def test_nobody_there_and_what_is_not_allowed_have_a_reason(desk: Desk, receiver: Receiver) -> None:
    number = hook(desk, receiver.url)
    receiver.close()
    told(desk, "case.opened", case=1)
    delivered(desk, number)
    assert rows(desk)[0].reason == "not reached"
    strict = desk.settings.model_copy(update={"webhook_private_addresses": False})
    desk.later(hours=1)
    delivering.deliver(desk.house.sessions, strict, number, lambda: desk.now)
    assert rows(desk)[0].reason == "not allowed"
    with desk.house.sessions.begin() as session:
        keeping.end(session, keeping.called(session, number), desk.now, by=None)
    assert rows(desk)[0].state == "dropped"
    told(desk, "case.closed", case=1)
    assert len(rows(desk)) == 1


def test_a_case_of_a_town_is_told_by_the_worker_and_nothing_personal_with_it(
    town: Town, receiver: Receiver
) -> None:
    town.settings.webhook_private_addresses = True
    with town.works.sessions.begin() as session:
        keeping.add(session, receiver.url, EVENTS, private=True, now=town.time.now(), by=None)
    nurse, alice = town.mentee(NURSE), town.mentor(ALICE)
    town.pair(NURSE, ALICE)
    nurse.says("MENTOR")
    nurse.says("Snake bite on the leg of Marie, what now")
    alice.hears("Snake bite")
    code = town.case().code
    alice.says(f"#{code} Keep the limb still. Refer now.")
    alice.says(f"DONE #{code}")
    town.rest()
    for _ in range(3):
        town.tick()
        town.rest()
    seen = [one["event"] for one in receiver.events()]
    assert seen == ["case.opened", "case.answered", "case.closed"]
    said = b"".join(content for _, content in receiver.told).decode()
    assert code in said
    for personal in ("Snake", "Marie", "limb", "Claudine", "Alice", "+250"):
        assert personal not in said


def test_an_admin_adds_tries_and_removes_a_webhook_on_the_page(
    town: Town, receiver: Receiver
) -> None:
    desk = TownDesk(town)
    for settings in (town.settings, desk.house.settings):
        settings.webhook_private_addresses = True
    desk.account("root@example.org", "admin")
    root = desk.signed_in("root@example.org")
    where = "/console/settings/webhooks"
    assert "No other system" in root.goes(where)
    assert "must begin with https" in root.sends(where, url="ftp://x.example", events="case.opened")
    assert "ftp://x.example" in root.page
    assert "at least one event" in root.sends(where, url=receiver.url)
    root.sends(where, url=receiver.url, events="case.opened")
    shown = re.search(r'<code class="link-once">([^<]+)</code>', root.page)
    assert shown is not None
    assert shown[1] not in root.goes(where)
    number = town.one(Hook).id
    assert "on its way" in root.sends(f"{where}/{number}", do="test")
    town.tick()
    town.rest()
    assert [one["event"] for one in receiver.events()] == ["test"]
    headers, content = receiver.told[0]
    assert is_ours()(shown[1], headers[HEADER], content, town.time.now().timestamp())
    assert "Delivered" in root.goes(where)
    assert "tick that you are sure" in root.sends(f"{where}/{number}", do="remove")
    assert "is removed" in root.sends(f"{where}/{number}", do="remove", sure="1")
    assert "No other system" in root.goes(where)
    assert "was removed" in root.sends(f"{where}/{number}", do="test")
    noted = re.findall(r'value="(webhook_\w+)"', root.goes("/console/audit"))
    assert set(noted) == {"webhook_added", "webhook_removed", "webhook_tested"}
