"""Twilio's two webhooks: who is let in, and what is kept."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from tests.door import (
    FORM,
    MESSAGE,
    NEXT,
    OTHER,
    PUBLIC,
    REPORT,
    ROUTES,
    STATUS,
    TOKEN,
    Door,
    opened,
)
from webhooks.signed import is_signed


@pytest.fixture
def door(database_url: str) -> Iterator[Door]:
    with opened(database_url) as door:
        yield door


# Who is let in


@pytest.mark.parametrize(("path", "form"), ROUTES)
def test_a_signed_form_is_taken(door: Door, path: str, form: dict[str, str]) -> None:
    assert door.post(form, path) == 204


@pytest.mark.parametrize("path", [MESSAGE, STATUS])
@pytest.mark.parametrize(
    "signature", [None, "", "wrong", "é€".encode().decode("latin-1"), "=" * 28]
)
def test_without_a_signature_nobody_is_let_in(door: Door, path: str, signature: str | None) -> None:
    headers = {} if signature is None else {"X-Twilio-Signature": signature}
    assert door.client.post(path, data=FORM | REPORT, headers=headers).status_code == 403
    assert door.rows("SELECT 1 FROM inbound UNION ALL SELECT 1 FROM status_callback") == []


@pytest.mark.parametrize(("path", "form"), ROUTES)
def test_whose_token_and_which_address_was_signed(
    door: Door, path: str, form: dict[str, str]
) -> None:
    assert door.post(form, path, token=OTHER) == 403
    assert door.post(form, path, token=NEXT) == 204
    assert door.post(form, path, signed_for="https://mentor.example.org:443") == 204
    assert door.post(form, path, signed_for="https://mentor.example.org:8443") == 403
    assert door.post(form, path, signed_for="https://evil.example.org") == 403
    assert door.post(form, path, signed_for="http://mentor.example.org") == 403


@pytest.mark.parametrize(("path", "form"), ROUTES)
def test_one_parameter_more_or_changed_than_was_signed(
    door: Door, path: str, form: dict[str, str]
) -> None:
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC + path, form)
    for changed in ({**form, "Extra": "1"}, {**form, "MessageSid": "SM2"}, {}):
        answer = door.client.post(path, data=changed, headers={"X-Twilio-Signature": signature})
        assert answer.status_code == 403
    answer = door.client.post(f"{path}?x=1", data=form, headers={"X-Twilio-Signature": signature})
    assert answer.status_code == 403


def test_the_address_is_the_configured_one_whatever_the_request_claims(door: Door) -> None:
    lies = {"Host": "evil.example.org", "X-Forwarded-Host": "evil.example.org"}
    lies |= {"X-Forwarded-Proto": "http", "X-Forwarded-Port": "1", "Forwarded": "host=evil"}
    assert door.post(FORM, headers=lies) == 204
    assert door.post(FORM, headers=lies, signed_for="https://evil.example.org") == 403


@pytest.mark.parametrize("path", [MESSAGE, STATUS])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods(door: Door, path: str, method: str) -> None:
    assert door.client.open(path, method=method).status_code == 405


# What is kept


def test_a_repeat_is_accepted_and_does_nothing(door: Door) -> None:
    assert [door.post(FORM) for _ in range(3)] == [204, 204, 204]
    assert door.post({**FORM, "Body": "another text under the same sid"}) == 204
    assert len(door.rows("SELECT 1 FROM inbound")) == 1
    assert len(door.rows("SELECT 1 FROM procrastinate_jobs")) == 1
    assert door.stored().body == "MENU"


def test_the_raw_form_is_kept_with_unknown_fields_and_order(door: Door) -> None:
    pairs = [("Zebra", "1"), *FORM.items(), ("NewIn2031", "é € 😀"), ("Blank", ""), ("Zebra", "2")]
    assert door.post(pairs) == 204
    assert [tuple(pair) for pair in door.stored().form] == pairs


@pytest.mark.parametrize(
    "fields",
    [
        {"ButtonText": "Yes", "ButtonPayload": "1", "OriginalRepliedMessageSid": "MM9"},
        {"ListId": "3", "ListTitle": "Something else"},
        {"OriginalRepliedMessageSid": "SM9", "OriginalRepliedMessageSender": "whatsapp:+1"},
        {"Latitude": "-1.9441", "Longitude": "30.0619", "Label": "Kigali", "Address": "KN 4"},
        {
            "NumMedia": "1",
            "MediaUrl0": "https://api.twilio.com/x",
            "MediaContentType0": "image/png",
        },
        {"OptOutType": "STOP"},
    ],
)
def test_what_whatsapp_adds_is_kept(door: Door, fields: dict[str, str]) -> None:
    assert door.post({**FORM, "From": "whatsapp:+250788000301", **fields}) == 204
    stored = door.stored()
    assert (stored.channel, stored.sender) == ("whatsapp", "+250788000301")
    assert fields.items() <= dict(map(tuple, stored.form)).items()


def test_a_whatsapp_sender_without_a_number(door: Door) -> None:
    assert door.post({**FORM, "From": "whatsapp:RW.134912086553", "ProfileName": "C."}) == 204
    assert (door.stored().channel, door.stored().sender) == ("whatsapp", "RW.134912086553")


def test_stop_overtakes(door: Door) -> None:
    door.post({**FORM, "MessageSid": "SM1", "Body": "dose of oxytocin?"})
    door.post({**FORM, "MessageSid": "SM2", "Body": " Arrêt! "})
    jobs = door.rows("SELECT priority FROM procrastinate_jobs ORDER BY id")
    assert jobs[1].priority > jobs[0].priority


def test_stop_holds_from_the_moment_it_is_acknowledged(door: Door) -> None:
    """Before any worker has seen it: one may be waiting for a dialogue that hangs."""
    with door.engine.begin() as connection:
        connection.execute(
            text(
                "WITH who AS (INSERT INTO person (language, timezone, consent) "
                "VALUES ('en', 'UTC', 'yes') RETURNING id) "
                "INSERT INTO address (person_id, channel, value) "
                "SELECT id, 'sms', '+250788000301' FROM who"
            )
        )
    now = "SELECT stopped_at IS NOT NULL AS stopped FROM person"
    door.post({**FORM, "MessageSid": "SM1", "Body": "stop bleeding how?"})
    assert not door.rows(now)[0].stopped
    door.post({**FORM, "MessageSid": "SM2", "Body": "hello", "OptOutType": "STOP"})
    assert door.rows(now)[0].stopped
    with door.engine.begin() as connection:
        connection.execute(text("UPDATE person SET stopped_at = NULL"))  # START came in between
    door.post({**FORM, "MessageSid": "SM2", "Body": "hello", "OptOutType": "STOP"})
    assert not door.rows(now)[0].stopped  # a repeat does nothing
    door.post({**FORM, "MessageSid": "SM3", "Body": "Hagarika"})
    assert door.rows(now)[0].stopped


# Status callbacks: two or three to every message of a campaign


def messages(door: Door, *states: tuple[str, str | None]) -> list[int]:
    """Messages to one person, in these states with these sids, each with its attempt."""
    with door.engine.begin() as connection:
        return [
            connection.execute(
                text(
                    "WITH who AS (INSERT INTO person (language, timezone, consent) "
                    "VALUES ('en', 'UTC', 'yes') RETURNING id), said AS ("
                    "INSERT INTO outbox (person_id, kind, dedupe_key, language, body, priority, "
                    "created_at, next_attempt_at, state, provider_sid, attempts, attempted_at) "
                    "SELECT id, 'tip', 'm' || id, 'en', 'x', 0, now(), now(), :state, :sid, 1, "
                    "now() FROM who RETURNING id) "
                    "INSERT INTO attempt (outbox_id, started_at, provider_sid) "
                    "SELECT id, now(), :sid FROM said RETURNING outbox_id"
                ),
                {"state": state, "sid": sid},
            ).scalar_one()
            for state, sid in states
        ]


def test_callbacks_that_come_at_the_same_time_are_all_kept(door: Door) -> None:
    sids = [f"SM{n}" for n in range(6)]
    ids = messages(door, *(("sent", sid) for sid in sids))
    words = ("sent", "delivered", "read", "delivered", "sent")
    posts = [
        ({"MessageSid": sid, "MessageStatus": word}, f"{STATUS}?m={number}")
        for word in words
        for number, sid in zip(ids, sids, strict=True)
    ]
    random.Random(1).shuffle(posts)
    with ThreadPoolExecutor(10) as many:
        assert set(many.map(lambda post: door.post(*post), posts)) == {204}
    assert [row.state for row in door.rows("SELECT state FROM outbox")] == ["read"] * 6
    kept = door.rows("SELECT sid, status FROM status_callback ORDER BY sid, status")
    assert [tuple(row) for row in kept] == [
        (sid, word) for sid in sids for word in ("delivered", "read", "sent")
    ]


def test_a_callback_faster_than_our_own_commit(door: Door) -> None:
    [first] = messages(door, ("sending", None))
    post = {"MessageSid": "SM7", "MessageStatus": "sent"}
    assert door.post(post, f"{STATUS}?m={first}") == 204
    assert [tuple(row) for row in door.rows("SELECT state, provider_sid FROM outbox")] == [
        ("sent", "SM7")
    ]
    assert door.rows("SELECT provider_sid FROM attempt")[0].provider_sid == "SM7"
    # Somebody else's sid moves nothing, and is kept as history.
    assert door.post({**post, "MessageSid": "SM8", "MessageStatus": "read"}, f"{STATUS}?m={first}")
    assert door.rows("SELECT state FROM outbox")[0].state == "sent"
    assert len(door.rows("SELECT 1 FROM status_callback")) == 2


def test_a_callback_waits_for_whoever_holds_its_message(door: Door) -> None:
    held, free = messages(door, ("sent", "SM1"), ("sent", "SM2"))
    with ThreadPoolExecutor(1) as other, door.engine.connect() as holder:
        holder.execute(text("SELECT 1 FROM outbox WHERE id = :id FOR UPDATE"), {"id": held})
        waiting = other.submit(door.post, REPORT, f"{STATUS}?m={held}")
        # Nobody else waits with it.
        assert door.post({**REPORT, "MessageSid": "SM2"}, f"{STATUS}?m={free}") == 204
        assert not waiting.done()
        holder.rollback()
        assert waiting.result(10) == 204
    assert {row.state for row in door.rows("SELECT state FROM outbox")} == {"delivered"}


def test_callbacks_go_on_after_the_database_has_hung_up(door: Door) -> None:
    [one] = messages(door, ("sent", "SM1"))
    assert door.post({**REPORT, "MessageStatus": "sent"}, f"{STATUS}?m={one}") == 204
    with door.engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    assert door.post(REPORT, f"{STATUS}?m={one}") == 204
    assert door.rows("SELECT state FROM outbox")[0].state == "delivered"


signed_pairs = st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=6)


@given(pairs=signed_pairs, changed=signed_pairs)
def test_the_quick_check_of_a_signature_agrees_with_twilios(
    pairs: list[tuple[str, str]], changed: list[tuple[str, str]]
) -> None:
    url = PUBLIC + STATUS
    good = RequestValidator(TOKEN).compute_signature(url, MultiDict(pairs))
    assert is_signed(url, pairs, good, [OTHER, TOKEN])
    assert not is_signed(url, pairs, good, [OTHER])
    theirs = RequestValidator(TOKEN).validate(url, MultiDict(changed), good)
    assert is_signed(url, changed, good, [TOKEN]) == theirs
