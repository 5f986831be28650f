"""What the simulated network does by itself: webhooks, callbacks, opt-outs, faults, memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from simulator import server, testkit
from simulator.testkit import Call, Receiver, eventually

SMS, WHATSAPP = server.SMS_FROM, server.WHATSAPP_FROM
NURSE, MENTOR = "+250788000001", "whatsapp:+250788000002"
PUBLIC = "https://mentor.example.org"
CALLBACK = f"{PUBLIC}/webhooks/twilio/status?x=1"
INBOX = "/webhooks/twilio/message"


@pytest.fixture
def product() -> Iterator[Receiver]:
    receiver = Receiver(PUBLIC, server.AUTH_TOKEN).start()
    yield receiver
    receiver.close()


@pytest.fixture
def sim(product: Receiver) -> Iterator[server.Handle]:
    handle = server.start(product.url, public_url=PUBLIC, seed=1)
    handle.state.switches.delay_ms = 5
    yield handle
    handle.close()


@pytest.fixture
def twilio(sim: server.Handle) -> Client:
    return testkit.client(sim)


def api(sim: server.Handle, method: str, path: str, body: Any = None) -> Any:
    answer = requests.request(method, f"{sim.url}/simulator/api/{path}", json=body, timeout=10)
    assert answer.ok, answer.text
    return answer.json()


def heard(product: Receiver, count: int = 1) -> list[Call]:
    eventually(lambda: len(product.calls) >= count)
    return product.calls


def statuses(product: Receiver, count: int) -> list[str]:
    return [call.form["MessageStatus"] for call in heard(product, count)]


def test_an_sms_arrives_as_twilio_would_post_it(sim: server.Handle, product: Receiver) -> None:
    sent = api(sim, "POST", f"phones/{NURSE}/send", {"text": "pph mgmt? " * 20})
    call = heard(product)[0]
    assert call.genuine
    assert call.path == INBOX
    assert call.token
    form = call.form
    assert form["MessageSid"] == form["SmsSid"] == form["SmsMessageSid"] == sent["sid"]
    assert (form["From"], form["To"], form["NumMedia"]) == (NURSE, SMS, "0")
    assert (form["NumSegments"], form["AccountSid"]) == ("2", sim.account.sid)
    assert "ProfileName" not in form
    assert "OptOutType" not in form
    eventually(lambda: sim.state.messages[sent["sid"]].status == "delivered")


def test_whatsapp_adds_its_fields(sim: server.Handle, product: Receiver) -> None:
    api(sim, "PUT", "phonebook", [{"name": "Dr Amina", "role": "mentor", "whatsapp": MENTOR}])
    api(sim, "POST", f"phones/{MENTOR}/send", {"text": "hello"})
    form = heard(product)[0].form
    assert (form["ProfileName"], form["WaId"]) == ("Dr Amina", "250788000002")
    assert (form["MessageType"], form["To"]) == ("text", WHATSAPP)
    hidden = "whatsapp:RW.1234567890"
    api(sim, "POST", f"phones/{hidden}/send", {"text": "hello", "profile_name": "N."})
    form = heard(product, 2)[1].form
    assert (form["From"], form["ExternalUserId"]) == (hidden, "RW.1234567890")
    assert "WaId" not in form


def test_buttons_lists_quotes_places_and_photos(
    sim: server.Handle, product: Receiver, twilio: Client
) -> None:
    send = f"phones/{MENTOR}/send"
    api(sim, "POST", send, {"text": "hello"})
    heard(product)
    auth = (sim.account.sid, sim.account.auth_token)
    sids = {}
    for name, parts in {
        "twilio/quick-reply": {"body": "Did this help?", "actions": [{"title": "Yes", "id": "y"}]},
        "twilio/list-picker": {
            "body": "Which?",
            "button": "Choose",
            "items": [{"item": "Sepsis", "id": "card:sepsis", "description": "newborn"}],
        },
    }.items():
        made = requests.post(
            f"{sim.url}/v1/Content",
            json={"friendly_name": "x", "language": "en", "types": {name: parts}},
            auth=auth,
            timeout=5,
        )
        sent = twilio.messages.create(to=MENTOR, from_=WHATSAPP, content_sid=made.json()["sid"])
        sids[name] = sent.sid
    quick, pick = sids["twilio/quick-reply"], sids["twilio/list-picker"]
    api(sim, "POST", send, {"button": {"sid": quick, "id": "y"}})
    api(sim, "POST", send, {"list": {"sid": pick, "id": "card:sepsis"}})
    api(sim, "POST", send, {"text": "give oxytocin", "quote": quick})
    api(sim, "POST", send, {"location": {"latitude": -1.95, "longitude": 30.06, "label": "HC"}})
    api(sim, "POST", send, {"media": ["sample"]})
    button, row, quote, place, photo = [call.form for call in heard(product, 6)[1:]]
    assert (button["Body"], button["ButtonText"], button["ButtonPayload"]) == ("Yes", "Yes", "y")
    assert (button["MessageType"], button["OriginalRepliedMessageSid"]) == ("button", quick)
    assert (row["ListId"], row["ListTitle"], row["Body"]) == ("card:sepsis", "Sepsis", "Sepsis")
    assert row["MessageType"] == "interactive"
    assert quote["OriginalRepliedMessageSid"] == quick
    assert quote["OriginalRepliedMessageSender"] == WHATSAPP
    assert (place["Latitude"], place["Longitude"], place["Label"]) == ("-1.95", "30.06", "HC")
    assert (photo["NumMedia"], photo["MediaContentType0"]) == ("1", "image/jpeg")
    assert photo["MediaUrl0"].startswith("https://api.twilio.com/2010-04-01/Accounts/AC")
    assert all(call.genuine for call in product.calls)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": ""},
        {"button": {"sid": "SM1", "id": "x"}},
        {"text": "x", "quote": "SM1"},
        {"location": {"latitude": "north"}},
        {"media": ["nothing"]},
    ],
)
def test_what_a_phone_cannot_send(sim: server.Handle, body: dict[str, Any]) -> None:
    answer = requests.post(f"{sim.url}/simulator/api/phones/{NURSE}/send", json=body, timeout=5)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")
    assert not sim.state.messages


def test_stop_blocks_sms_until_start(sim: server.Handle, twilio: Client) -> None:
    api(sim, "POST", f"phones/{NURSE}/send", {"text": " Stop "})
    with pytest.raises(TwilioRestException) as refused:
        twilio.messages.create(to=NURSE, from_=SMS, body="x")
    assert (refused.value.status, refused.value.code) == (400, 21610)
    api(sim, "POST", f"phones/{NURSE}/send", {"text": "yes"})
    assert twilio.messages.create(to=NURSE, from_=SMS, body="x").sid
    api(sim, "POST", f"phones/{MENTOR}/send", {"text": "STOP"})
    assert twilio.messages.create(to=MENTOR, from_=WHATSAPP, body="x").sid


def test_advanced_opt_out_answers_by_itself(sim: server.Handle, product: Receiver) -> None:
    api(sim, "POST", "switches", {"advanced_opt_out": True})
    for word in ("STOP", "START", "HELP", "yes", "stop it"):
        api(sim, "POST", f"phones/{NURSE}/send", {"text": word})
    forms = [call.form for call in heard(product, 5)]
    assert [form.get("OptOutType") for form in forms] == ["STOP", "START", "HELP", None, None]
    thread = api(sim, "GET", f"threads/{NURSE}")["messages"]
    assert len([message for message in thread if message["automatic"]]) == 3


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("normal", ["sent", "delivered", "read"]),
        ("out_of_order", ["read", "delivered", "sent"]),
        ("twice", ["sent", "sent", "delivered", "delivered", "read", "read"]),
    ],
)
def test_callbacks(
    sim: server.Handle, twilio: Client, product: Receiver, mode: str, expected: list[str]
) -> None:
    sim.state.last_inbound[MENTOR, WHATSAPP] = sim.state.now()
    api(sim, "POST", "switches", {"callbacks": mode})
    twilio.messages.create(to=MENTOR, from_=WHATSAPP, body="x", status_callback=CALLBACK)
    assert statuses(product, len(expected)) == expected
    assert all(call.genuine for call in product.calls)


def test_late_and_no_callbacks(sim: server.Handle, twilio: Client, product: Receiver) -> None:
    api(sim, "POST", "switches", {"callbacks": "none"})
    quiet = twilio.messages.create(to=NURSE, from_=SMS, body="x", status_callback=CALLBACK)
    eventually(lambda: sim.state.messages[quiet.sid].status == "delivered")
    api(sim, "POST", "switches", {"callbacks": "late", "late_ms": 300})
    late = twilio.messages.create(to=NURSE, from_=SMS, body="x", status_callback=CALLBACK)
    eventually(lambda: sim.state.messages[late.sid].status == "delivered")
    assert product.calls == []
    assert statuses(product, 2) == ["sent", "delivered"]
    assert {call.form["MessageSid"] for call in product.calls} == {late.sid}


def test_without_network_everything_waits(
    sim: server.Handle, twilio: Client, product: Receiver
) -> None:
    api(sim, "POST", "switches", {"network_down": {NURSE: True}})
    for number in range(3):
        sent = api(sim, "POST", f"phones/{NURSE}/send", {"text": f"question {number}"})
        assert sent["status"] == "waiting"
    out = twilio.messages.create(to=NURSE, from_=SMS, body="x", status_callback=CALLBACK)
    eventually(lambda: sim.state.messages[out.sid].note)
    assert statuses(product, 1) == ["sent"]
    api(sim, "POST", "switches", {"network_down": False})
    eventually(lambda: sim.state.messages[out.sid].status == "delivered")
    eventually(lambda: len(product.at(INBOX)) == 3)
    assert [form["Body"] for form in product.at(INBOX)] == [f"question {n}" for n in range(3)]


def test_a_carrier_error_comes_as_undelivered(
    sim: server.Handle, twilio: Client, product: Receiver
) -> None:
    api(sim, "POST", "switches", {"delivery_error": {NURSE: 30003}})
    twilio.messages.create(to=NURSE, from_=SMS, body="x", status_callback=CALLBACK)
    assert statuses(product, 2) == ["sent", "undelivered"]
    assert product.calls[1].form["ErrorCode"] == "30003"


def test_every_webhook_twice(sim: server.Handle, product: Receiver) -> None:
    api(sim, "POST", "switches", {"webhooks_twice": True})
    api(sim, "POST", f"phones/{NURSE}/send", {"text": "once"})
    first, second = heard(product, 2)
    assert first.form == second.form


def test_a_product_that_fails_is_shown_and_can_be_tried_again(
    sim: server.Handle, product: Receiver
) -> None:
    product.status = 503
    sent = api(sim, "POST", f"phones/{NURSE}/send", {"text": "anyone?"})
    eventually(lambda: sim.state.messages[sent["sid"]].status == "failed")
    time.sleep(0.1)
    assert len(product.calls) == 1, "Twilio does not retry a 5xx by default"
    assert "503" in str(sim.state.messages[sent["sid"]].note)
    product.status = 204
    api(sim, "POST", f"messages/{sent['sid']}/again")
    eventually(lambda: sim.state.messages[sent["sid"]].status == "delivered")


def test_retries_carry_the_same_token(sim: server.Handle, product: Receiver) -> None:
    product.status = 500
    poster = sim.network.delivery._poster
    outcome = poster.post(f"{PUBLIC}{INBOX}#rc=2&rp=5xx", {"Body": "x"})
    assert (outcome.ok, outcome.status) == (False, 500)
    assert len(product.calls) == 3
    assert all(call.genuine for call in product.calls)
    assert len({call.token for call in product.calls}) == 1
    product.close()
    assert poster.post(f"{PUBLIC}{INBOX}", {"Body": "x"}).status is None


def test_the_window_can_be_closed_and_opens_by_writing(sim: server.Handle) -> None:
    api(sim, "POST", f"phones/{MENTOR}/send", {"text": "hello"})
    assert api(sim, "GET", f"threads/{MENTOR}")["window"]["open"]
    api(sim, "POST", "switches", {"window_closed": {MENTOR: True}})
    assert not api(sim, "GET", f"threads/{MENTOR}")["window"]["open"]
    api(sim, "POST", f"phones/{MENTOR}/send", {"text": "hello"})
    assert api(sim, "GET", f"threads/{MENTOR}")["window"]["open"]
    assert api(sim, "GET", "switches")["window_closed"] == []


def test_events_are_told_as_they_happen(sim: server.Handle, product: Receiver) -> None:
    cursor = api(sim, "GET", "events")["cursor"]
    assert api(sim, "GET", f"events?after={cursor}&wait=0.05")["events"] == []
    api(sim, "POST", f"phones/{NURSE}/send", {"text": "hello"})
    eventually(lambda: api(sim, "GET", "stats")["idle"])
    told = api(sim, "GET", f"events?after={cursor}&wait=5")["events"]
    assert [event["kind"] for event in told] == ["inbound", "status"]
    assert [event["n"] for event in told] == [cursor + 1, cursor + 2]
    assert api(sim, "GET", "stats")["webhooks_ok"] == 1


def test_the_clock_can_be_moved(sim: server.Handle, twilio: Client) -> None:
    api(sim, "POST", "clock", {"offset_seconds": 86400 * 30})
    sent = twilio.messages.create(to=NURSE, from_=SMS, body="x")
    assert sent.date_created.timestamp() - time.time() > 86400 * 29
    assert requests.post(f"{sim.url}/simulator/api/clock", json={}, timeout=5).status_code == 400


def test_a_restart_keeps_the_chats(tmp_path: Path, product: Receiver) -> None:
    journal = tmp_path / "simulator.sqlite"
    first = server.start(product.url, public_url=PUBLIC, journal=journal)
    api(first, "PUT", "phonebook", [{"name": "Alice", "sms": NURSE}])
    api(first, "POST", "switches", {"network_down": {NURSE: True}})
    sent = api(first, "POST", f"phones/{NURSE}/send", {"text": "kept"})
    first.close()
    assert product.calls == []
    again = server.start(product.url, public_url=PUBLIC, journal=journal)
    try:
        assert api(again, "GET", "phonebook")[0]["name"] == "Alice"
        api(again, "POST", "switches", {"network_down": False})
        assert heard(product)[0].form["MessageSid"] == sent["sid"]
        eventually(lambda: api(again, "GET", f"threads/{NURSE}")["messages"][0]["status"])
        api(again, "POST", "reset")
        assert api(again, "GET", "threads")["threads"] == []
    finally:
        again.close()
