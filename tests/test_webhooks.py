"""Twilio's two webhooks: who is let in, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from twilio.request_validator import RequestValidator

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
