"""The simulator keeps Twilio's contract: checked with Twilio's own client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client
from twilio.rest.content.v1.content import ContentList
from twilio.rest.content.v1.content.approval_create import ApprovalCreateList

from simulator import server, testkit
from simulator.testkit import Receiver, eventually

SMS, WHATSAPP = server.SMS_FROM, server.WHATSAPP_FROM
NURSE = "+250788000001"
PUBLIC = "https://mentor.example.org"
CALLBACK = f"{PUBLIC}/webhooks/twilio/status"


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


def writes(sim: server.Handle, address: str, text: str = "hello") -> None:
    sim.network.inbound.send(address, {"text": text})


def template(
    twilio: Client, body: str = "New case for {{1}}: reply here.", *, approved: bool = True
) -> str:
    actions = [{"type": "QUICK_REPLY", "title": "Take it", "id": "take"}]
    request = ContentList.ContentCreateRequest(
        {
            "friendly_name": "case_new_en",
            "language": "en",
            "variables": {"1": "Grace"},
            "types": ContentList.Types(
                {
                    "twilio/quick-reply": ContentList.TwilioQuickReply(
                        {
                            "body": body,
                            "actions": [ContentList.QuickReplyAction(a) for a in actions],
                        }
                    )
                }
            ),
        }
    )
    sid = str(twilio.content.v1.contents.create(content_create_request=request).sid)
    if approved:
        content = twilio.content.v1.contents(sid)
        content.approval_create.create(
            content_approval_request=ApprovalCreateList.ContentApprovalRequest(
                {"name": "case_new_en", "category": "UTILITY"}
            )
        )
    return sid


def test_a_message_is_accepted_and_delivered(twilio: Client, product: Receiver) -> None:
    sent = twilio.messages.create(to=NURSE, from_=SMS, body="Muraho", status_callback=CALLBACK)
    assert (sent.status, sent.direction, sent.num_segments) == ("queued", "outbound-api", "1")
    assert sent.sid.startswith("SM")
    assert len(sent.sid) == 34
    assert sent.error_code is None
    assert sent.date_sent is None
    assert abs(sent.date_created - datetime.now(UTC)) < timedelta(seconds=5)
    forms = eventually(lambda: product.at("/webhooks/twilio/status")[1:] and product.calls)
    assert [call.form["MessageStatus"] for call in forms] == ["sent", "delivered"]
    assert all(call.genuine and call.form["MessageSid"] == sent.sid for call in forms)
    assert twilio.messages(sent.sid).fetch().status == "delivered"


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"to": "12", "from_": SMS, "body": "x"}, 400, 21211),
        ({"to": "whatsapp:12", "from_": WHATSAPP, "body": "x"}, 400, 21211),
        ({"to": NURSE, "from_": "+15005550999", "body": "x"}, 400, 21659),
        ({"to": NURSE, "from_": WHATSAPP, "body": "x"}, 400, 21606),
        ({"to": f"whatsapp:{NURSE}", "from_": "whatsapp:+15005550999", "body": "x"}, 400, 63007),
        ({"to": NURSE, "body": "x"}, 400, 21603),
        ({"to": NURSE, "from_": SMS}, 400, 21602),
        ({"to": NURSE, "from_": SMS, "body": "x" * 1601}, 400, 21617),
        ({"to": NURSE, "from_": SMS, "content_sid": "HX" + "0" * 32}, 400, 21655),
        ({"to": NURSE, "messaging_service_sid": "MG1", "body": "x"}, 400, 21705),
    ],
)
def test_refusals(twilio: Client, params: dict[str, str], status: int, code: int) -> None:
    with pytest.raises(TwilioRestException) as refused:
        twilio.messages.create(**params)
    assert (refused.value.status, refused.value.code) == (status, code)


def test_a_messaging_service_chooses_the_sender(twilio: Client, sim: server.Handle) -> None:
    sent = twilio.messages.create(to=NURSE, messaging_service_sid="MG" + "0" * 32, body="x")
    assert sent.status == "accepted"
    assert sim.state.messages[sent.sid].ours == SMS


def test_wrong_credentials(sim: server.Handle) -> None:
    stranger = testkit.client(sim, auth_token="wrong")
    with pytest.raises(TwilioRestException) as refused:
        stranger.messages.create(to=NURSE, from_=SMS, body="x")
    assert (refused.value.status, refused.value.code) == (401, 20003)
    account = f"{sim.url}/2010-04-01/Accounts/{sim.account.sid}.json"
    assert requests.get(account, timeout=5).status_code == 401


def test_the_account_can_be_checked(twilio: Client, sim: server.Handle) -> None:
    assert twilio.api.v2010.accounts(sim.account.sid).fetch().status == "active"


def test_listing_finds_a_message_by_recipient_and_time(twilio: Client) -> None:
    for number in range(5):
        twilio.messages.create(to=NURSE, from_=SMS, body=f"number {number}")
    twilio.messages.create(to="+250788000002", from_=SMS, body="another")
    now = datetime.now(UTC)
    found = twilio.messages.list(to=NURSE, date_sent_after=now - timedelta(minutes=1), page_size=2)
    assert [message.body for message in found] == [f"number {n}" for n in (4, 3, 2, 1, 0)]
    assert twilio.messages.list(to=NURSE, date_sent_before=now - timedelta(days=1)) == []
    assert len(twilio.messages.list(date_sent=now.date())) == 6


def test_freeform_outside_the_window_fails_later(
    twilio: Client, sim: server.Handle, product: Receiver
) -> None:
    mentor = f"whatsapp:{NURSE}"
    late = twilio.messages.create(to=mentor, from_=WHATSAPP, body="x", status_callback=CALLBACK)
    assert late.status == "queued"
    form = eventually(lambda: product.at("/webhooks/twilio/status"))[0]
    assert (form["MessageStatus"], form["ErrorCode"]) == ("failed", "63016")
    writes(sim, mentor)
    soon = twilio.messages.create(to=mentor, from_=WHATSAPP, body="x")
    eventually(lambda: twilio.messages(soon.sid).fetch().status == "read")
    sim.state.set_offset(24 * 3600 + 1)
    late = twilio.messages.create(to=mentor, from_=WHATSAPP, body="x")
    eventually(lambda: twilio.messages(late.sid).fetch().error_code == 63016)


def test_a_template_reaches_a_closed_window(twilio: Client, sim: server.Handle) -> None:
    mentor = f"whatsapp:{NURSE}"
    sid = template(twilio)
    given = json.dumps({"1": "Alice"})
    sent = twilio.messages.create(
        to=mentor, from_=WHATSAPP, content_sid=sid, content_variables=given
    )
    eventually(lambda: twilio.messages(sent.sid).fetch().status == "read")
    shown = sim.state.messages[sent.sid]
    assert shown.body == "New case for Alice: reply here."
    assert shown.buttons == [{"title": "Take it", "id": "take"}]
    plain = twilio.messages.create(to=NURSE, from_=SMS, content_sid=sid)
    assert sim.state.messages[plain.sid].buttons == []
    assert sim.state.messages[plain.sid].body == "New case for Grace: reply here."


@pytest.mark.parametrize(
    ("body", "variables", "code"),
    [("{{1}} and {{2}} here", {"1": "a"}, 63028), ("Case: {{1}}.", {"1": "two\nlines"}, 63005)],
)
def test_a_template_filled_badly_fails_later(
    twilio: Client, body: str, variables: dict[str, str], code: int
) -> None:
    sent = twilio.messages.create(
        to=f"whatsapp:{NURSE}",
        from_=WHATSAPP,
        content_sid=template(twilio, body),
        content_variables=json.dumps(variables),
    )
    eventually(lambda: twilio.messages(sent.sid).fetch().error_code == code)


@pytest.mark.parametrize("value", ["two\nlines", "a\ttab", "a     gap"])
def test_in_session_unruly_values_are_refused_at_once(
    twilio: Client, sim: server.Handle, value: str
) -> None:
    mentor = f"whatsapp:{NURSE}"
    writes(sim, mentor)
    with pytest.raises(TwilioRestException) as refused:
        twilio.messages.create(
            to=mentor,
            from_=WHATSAPP,
            content_sid=template(twilio, "Case: {{1}}."),
            content_variables=json.dumps({"1": value}),
        )
    assert (refused.value.status, refused.value.code) == (400, 21656)


def test_content_can_be_listed_approved_and_deleted(twilio: Client, sim: server.Handle) -> None:
    sid = template(twilio, approved=False)
    content = twilio.content.v1.contents(sid)
    assert content.fetch().friendly_name == "case_new_en"
    assert [found.sid for found in twilio.content.v1.contents.list()] == [sid]
    assert content.approval_fetch().fetch().whatsapp["status"] == "unsubmitted"
    asked = requests.post(
        f"{sim.url}/v1/Content/{sid}/ApprovalRequests/whatsapp",
        json={"name": "case_new_en", "category": "UTILITY"},
        auth=(sim.account.sid, sim.account.auth_token),
        timeout=5,
    )
    assert (asked.status_code, asked.json()["status"]) == (201, "approved")
    assert content.delete()
    with pytest.raises(TwilioRestException) as gone:
        content.fetch()
    assert gone.value.status == 404


@pytest.mark.parametrize(("failure", "status", "code"), [("500", 500, 20500), ("429", 429, 20429)])
def test_the_api_fails_as_often_as_asked(
    twilio: Client, sim: server.Handle, failure: str, status: int, code: int
) -> None:
    sim.state.switches.update({"api_failure": failure, "api_failure_count": 1})
    with pytest.raises(TwilioRestException) as failed:
        twilio.messages.create(to=NURSE, from_=SMS, body="x")
    assert (failed.value.status, failed.value.code) == (status, code)
    assert twilio.messages.create(to=NURSE, from_=SMS, body="x").sid
    assert len(sim.state.messages) == 1


@pytest.mark.parametrize(("when", "kept"), [("after", 1), ("before", 0)])
def test_a_timeout_leaves_the_sender_in_doubt(sim: server.Handle, when: str, kept: int) -> None:
    sim.state.switches.update({"api_failure": f"timeout_{when}_accept", "api_failure_count": 1})
    with pytest.raises(requests.exceptions.ReadTimeout):
        testkit.client(sim, timeout=0.3).messages.create(to=NURSE, from_=SMS, body="in doubt")
    found = testkit.client(sim).messages.list(to=NURSE)
    assert [message.body for message in found] == ["in doubt"] * kept


def test_media_needs_credentials(sim: server.Handle) -> None:
    message = sim.network.inbound.send(NURSE, {"text": "look", "media": ["sample"]})
    url = message.form["MediaUrl0"].replace("https://api.twilio.com", sim.url)
    assert requests.get(url, timeout=5).status_code == 401
    answer = requests.get(url, auth=(sim.account.sid, sim.account.auth_token), timeout=5)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.content.startswith(b"\xff\xd8")


def test_a_hundred_phones_in_a_row(sim: server.Handle) -> None:
    caller = sim.network.app.test_client()
    url = f"/2010-04-01/Accounts/{sim.account.sid}/Messages.json"
    auth = (sim.account.sid, sim.account.auth_token)
    for number in range(100):
        form = {"To": f"+250788{number:06}", "From": SMS, "Body": "x"}
        assert caller.post(url, data=form, auth=auth).status_code == 201
    assert len(sim.state.messages) == 100
