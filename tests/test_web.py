"""The other doors of the web process: Rasa's actions, health, metrics, and what people sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import psycopg
import pytest

from bot import media
from bot.settings import Settings
from channels.fetch import FetchError, fetch
from store.embedded import EmbeddedServer
from store.messages import Inbound
from store.migrate import psycopg_conninfo
from tests.town import Town
from webhooks.app import create_app

NURSE = "+250788000301"
TOKEN = {"Authorization": "Bearer test-actions"}


@pytest.fixture
def web(town: Town) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=town.settings.public_url, timeout=10) as client:
        yield client


# Rasa's actions


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "é"}, {"Authorization": "Bearer"}],
)
def test_actions_need_the_token(web: httpx.Client, headers: dict[str, str]) -> None:
    encoded = {name: value.encode() for name, value in headers.items()}
    answer = web.post("/rasa/actions", json={"next_action": "x"}, headers=encoded)
    assert answer.status_code == 403
    assert web.post("/rasa/actions?token=wrong", json={}).status_code == 403


def test_actions_are_closed_where_no_token_is_set(database_url: str) -> None:
    app = create_app(
        Settings(_env_file=None, database_url=database_url, secret_key="x", twilio_auth_token="x")
    )
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
        assert app.test_client().post("/rasa/actions", json={}, headers=headers).status_code == 403
    app.extensions["mentorline"].engine.dispose()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'"text"', 400),
        (b"\xff\xfe", 400),
        (b'{"next_action": "action_of_2031"}', 404),
        (b'{"next_action": null}', 404),
        (b"{}", 404),
    ],
)
def test_odd_action_calls(web: httpx.Client, body: bytes, status: int) -> None:
    headers = TOKEN | {"Content-Type": "application/json"}
    answer = web.post("/rasa/actions", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_an_action_of_a_message_that_is_not_there_does_nothing(web: httpx.Client) -> None:
    tracker = {"latest_message": {"text": "hi", "metadata": {"message_id": "987654321"}}}
    call = {"next_action": "action_answer_question", "tracker": tracker}
    answer = web.post("/rasa/actions", json=call, headers=TOKEN)
    assert answer.status_code == 200
    assert answer.json() == {"events": [], "responses": []}


# Health


def test_alive_ready_and_measured(town: Town, web: httpx.Client) -> None:
    assert web.get("/healthz").json() == {"status": "ok"}
    assert web.get("/readyz").json() == {"status": "ready"}
    town.mentee(NURSE).says("MENU")
    measured = web.get("/metrics").text
    assert 'mentorline_inbound_total{channel="sms"} 1.0' in measured
    assert "mentorline_outbox_queued 0.0" in measured


def test_a_database_without_our_schema_is_not_ready(postgres: EmbeddedServer) -> None:
    with psycopg.connect(psycopg_conninfo(postgres.url), autocommit=True) as admin:
        admin.execute("CREATE DATABASE unmigrated")
    values: dict[str, Any] = {"secret_key": "x", "twilio_auth_token": "x"}
    for url in (postgres.url_of("unmigrated"), postgres.url_of("there_is_no_such_database")):
        app = create_app(Settings(_env_file=None, database_url=url, **values))
        client = app.test_client()
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503
        measured = client.get("/metrics")
        assert measured.status_code == 200
        assert b"_open" not in measured.data  # unknown is not nought
        app.extensions["mentorline"].engine.dispose()


# What people sent


def sent(town: Town, **fields: str) -> int:
    """A stored message with these fields; returns its id."""
    with town.works.sessions.begin() as session:
        row = Inbound(
            sid=f"MM{town.count(Inbound)}",
            channel="whatsapp",
            sender=NURSE,
            form=[list(pair) for pair in fields.items()],
            received_at=town.time.now(),
        )
        session.add(row)
        session.flush()
        return row.id


def shown(town: Town, web: httpx.Client, inbound_id: int) -> httpx.Response:
    link = media.link(town.settings, inbound_id, 0, town.time.now())
    return web.get(link.removeprefix(town.settings.public_url))


def test_a_photo_is_shown_as_long_as_messages_are_kept_and_not_to_be_guessed(
    town: Town, web: httpx.Client
) -> None:
    town.mentor()
    town.mentee(NURSE, "whatsapp").says("what is this rash", media=["sample"])
    inbound = town.inbound()[-1]
    answer = shown(town, web, inbound.id)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    link = media.link(town.settings, inbound.id, 0, town.time.now())
    path = link.removeprefix(town.settings.public_url)
    for forged in (path[:-1] + "~", path + "x", "/media/x", "/media/W10.x", "/media/%00"):
        assert web.get(forged).status_code == 404
    other = media.link(town.settings.model_copy(update={"secret_key": "y"}), 1, 0, town.time.now())
    assert web.get(other.removeprefix(town.settings.public_url)).status_code == 404
    town.time.offset += timedelta(hours=73)
    assert web.get(path).status_code == 404


@pytest.mark.parametrize(
    "url",
    [
        "http://api.twilio.com/x",
        "https://evil.example.org/x",
        "https://api.twilio.com.evil.example.org/x",
        "https://api.twilio.com@evil.example.org/x",
        "https://api.twilio.com:8443/x",
        "https://127.0.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "https://[bad",
        "//api.twilio.com/x",
        "x",
    ],
)
def test_only_the_provider_is_asked_for_media(town: Town, web: httpx.Client, url: str) -> None:
    assert shown(town, web, sent(town, MediaUrl0=url)).status_code == 502


def test_a_message_without_media_shows_nothing(town: Town, web: httpx.Client) -> None:
    assert shown(town, web, sent(town, Body="hi")).status_code == 404
    assert shown(town, web, 987654321).status_code == 404


class _Elsewhere(BaseHTTPRequestHandler):
    """A server that sends everybody on to ``to`` and remembers who came."""

    to = ""
    seen: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers.get("Authorization")))
        self.send_response(302 if self.to else 200)
        self.send_header("Location", self.to)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    "target", ["http://{here}/secret", "https://{here}/secret", "https://[bad", "", "/secret"]
)
def test_a_redirect_elsewhere_is_not_followed(target: str) -> None:
    handler = type("Handler", (_Elsewhere,), {"seen": [], "to": ""})
    server = HTTPServer(("127.0.0.1", 0), handler)
    handler.to = target.format(here=f"127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    settings = Settings(
        _env_file=None,
        twilio_account_sid="AC1",
        twilio_auth_token="t",
        twilio_api_base=f"http://127.0.0.1:{server.server_port}",
    )
    with pytest.raises(FetchError):
        fetch(settings, "https://api.twilio.com/photo")
    server.shutdown()
    server.server_close()
    assert [path for path, _ in handler.seen] == ["/photo"]
