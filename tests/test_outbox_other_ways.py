"""Templates that cannot be used, knocks, missing senders, and doubts that stay doubts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import update
from structlog.testing import capture_logs

from bot.outbox import Template
from channels import content
from channels.twilio import Twilio
from scheduler.clock import Contents
from scheduler.sender import Sender, wake_due
from store import queue
from store.messages import Attempt, ContentTemplate, OutboxMessage
from store.people import Address
from tests.outgoing import MENTOR, NURSE, accepted, impatient, states, switch, tell
from tests.town import Town, wait_for
from webhooks import health


def reject(town: Town, name: str) -> None:
    """WhatsApp takes its approval of a template back."""
    for made in town.simulator.state.contents.values():
        if made.friendly_name == f"mentorline_{name}_en":
            made.approval = "rejected"


def sync(town: Town) -> list[str]:
    with town.works.sessions.begin() as session:
        return content.sync(session, town.works.provider, town.time.now())


def case_text(town: Town, number: str = MENTOR, **more: object) -> None:
    template = Template("case_new", {"1": "K7QP", "2": "Claudine", "3": "Snake bite"}, **more)
    tell(town, number, "Case #K7QP: snake bite on the hand.", kind="case", template=template)


# Templates that cannot be used


def test_only_approved_templates_are_kept(town: Town) -> None:
    assert sync(town) == []
    reject(town, "case_new")
    assert sync(town) == ["mentorline_case_new_en"]
    assert town.count(ContentTemplate, ContentTemplate.name == "case_new") == 1  # the French one
    kinds = {ContentTemplate.approval == word for word in ("approved", "not needed")}
    assert all(town.count(ContentTemplate, kind) for kind in kinds)


def test_a_missing_template_waits_and_then_goes(town: Town) -> None:
    mentor = town.mentor(MENTOR, window=False)
    reject(town, "case_new")
    sync(town)
    case_text(town, is_enough=True)
    town.rest()
    message = town.outbox()[-1]
    assert (message.state, message.attempts) == ("queued", 0)
    assert "case_new cannot be used" in (message.reason or "")
    for made in town.simulator.state.contents.values():
        made.approval = "approved"
    assert sync(town) == []
    town.later(minutes=11)
    mentor.hears("K7QP")


def test_a_missing_template_is_dropped_with_its_reason_when_it_expires(town: Town) -> None:
    town.mentor(MENTOR, window=False)
    reject(town, "case_new")
    sync(town)
    case_text(town, is_enough=True)
    town.rest()
    town.later(hours=73)
    message = town.outbox()[-1]
    assert message.state == "dropped"
    assert "expired before it could be sent: template case_new" in (message.reason or "")


def test_a_refused_template_goes_by_sms(town: Town) -> None:
    town.mentor(MENTOR, window=False)
    person = town.person(MENTOR).id
    with town.works.sessions.begin() as session:
        session.add(Address(person_id=person, channel="sms", value=MENTOR))
    reject(town, "case_new")  # after our last look
    for enough in (True, False):
        case_text(town, is_enough=enough)
        town.rest()
    wait_for(lambda: not {"queued", "sending"} & set(states(town)), "the callbacks")
    town.later(seconds=2)
    town.later(seconds=2)
    assert accepted(town, MENTOR) == ["Case #K7QP: snake bite on the hand."] * 2
    assert town.outbox()[0].error_code == 63016


def test_contents_are_looked_at_often_only_while_one_is_missing(town: Town) -> None:
    tick, counts = Contents(), town.simulator.state.counts
    tick(town.works)
    calls = counts["api_calls"]
    town.time.offset += timedelta(minutes=1)
    tick(town.works)
    assert counts["api_calls"] == calls
    town.execute("DELETE FROM content_template WHERE name = 'case_new'")
    tick(town.works)
    assert counts["api_calls"] > calls
    calls = counts["api_calls"]
    town.time.offset += timedelta(minutes=11)
    tick(town.works)
    assert counts["api_calls"] > calls


# Knocks


def test_what_is_urgent_always_knocks_with_its_own_words(town: Town) -> None:
    mentor = town.mentor(MENTOR, window=False)
    for number, priority in enumerate((queue.PRIORITY_REPLY,) * 2 + (queue.PRIORITY_URGENT,) * 2):
        template = Template(
            "case_new_urgent", {"1": f"K{number}", "2": "Claudine", "3": "Bleeding"}
        )
        body = "She bleeds. " * (200 if number == 3 else 1)
        tell(town, MENTOR, body, kind="case", template=template, priority=priority)
        town.rest()
    knocks = town.outbox(OutboxMessage.kind == "knock")
    assert [knock.template_variables["1"] for knock in knocks] == ["K0", "K2", "K3"]
    assert {knock.template for knock in knocks} == {"case_new_urgent"}
    mentor.hears("URGENT case #K0 from Claudine: Bleeding", "quoting this message")


# Senders


def test_an_address_without_a_sender_is_not_used(town: Town) -> None:
    town.mentee(NURSE, "whatsapp")
    person = town.person(NURSE).id
    with town.works.sessions.begin() as session:
        session.add(Address(person_id=person, channel="sms", value=NURSE))
    settings = town.settings.model_copy(update={"twilio_whatsapp_from": None})
    provider = Twilio(settings)
    assert provider.channels == {"sms"}
    tell(town, NURSE, "news", wake=False)
    Sender(town.works.sessions, provider, town.works.now).flush(person)
    assert accepted(town) == ["news"]


def test_a_stopped_sender_is_seen_from_outside(town: Town) -> None:
    town.mentee(NURSE)
    query = health.COUNTS["mentorline_sender_stopped"]
    web = town.web.app.test_client()  # type: ignore[union-attr]
    assert b"mentorline_sender_stopped 0.0" in web.get("/metrics").data, query
    town.simulator.state.account = replace(town.simulator.state.account, auth_token="rotated")
    with capture_logs() as logs:
        tell(town, NURSE, "news")
        town.rest()
        assert b"mentorline_sender_stopped 1.0" in web.get("/metrics").data
        town.later(minutes=6)
        town.later(minutes=6)
    assert [line["log_level"] for line in logs if line["event"] == "sender stopped"] == ["error"]


# Doubts


def doubtful(town: Town, failure: str) -> None:
    impatient(town)
    switch(town, api_failure=failure, api_failure_count=1, api_failure_seconds=1, callbacks="none")
    tell(town, NURSE, "the words")
    town.rest()
    assert states(town) == ["unknown"]


def test_other_words_than_ours_keep_the_doubt(town: Town) -> None:
    town.mentee(NURSE)
    doubtful(town, "timeout_after_accept")
    wait_for(lambda: bool(accepted(town)), "acceptance")
    town.simulator.state.threads[NURSE][-1].body = "changed on the way"
    for _ in range(3):
        town.later(minutes=5)
    assert states(town) == ["unknown"]
    town.later(hours=73)
    assert states(town) == ["failed"]
    assert len(accepted(town)) == 1


def test_a_late_callback_proves_that_it_was_sent(town: Town) -> None:
    town.mentee(NURSE)
    doubtful(town, "timeout_before_accept")
    with town.works.sessions.begin() as session:
        later = town.time.now() + timedelta(hours=1)
        session.execute(update(OutboxMessage).values(state="queued", next_attempt_at=later))
    message = town.outbox()[0]
    url = f"{town.settings.public_url}/webhooks/twilio/status?m={message.id}"
    post = town.simulator.network.delivery._poster.post
    sid = "SM" + "7" * 32
    assert post(url, {"MessageSid": sid, "MessageStatus": "delivered"}).ok
    assert states(town) == ["delivered"]
    assert town.one(Attempt).provider_sid == sid
    town.later(hours=2)
    assert accepted(town) == []


def test_a_retry_that_waits_is_not_woken_for_what_stands_behind_it(town: Town) -> None:
    town.mentee(NURSE)
    switch(town, api_failure="500", api_failure_count=1)
    for word in ("one", "two"):
        tell(town, NURSE, word)
    town.rest()
    town.execute(
        "UPDATE outbox SET next_attempt_at = next_attempt_at + interval '1 hour' WHERE attempts > 0"
    )

    with town.works.sessions.begin() as session:
        assert wake_due(session, town.time.now() + timedelta(minutes=1)) == 0
        assert wake_due(session, town.time.now() + timedelta(hours=2)) == 1
