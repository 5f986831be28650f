"""Messages on their way out, while the provider misbehaves. Nothing lost, nothing said twice."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot import outbox
from channels.errors import BACK_OFF_SECONDS
from scheduler.sender import Sender
from store.messages import Attempt, Flag, OutboxMessage
from store.people import Address, Person
from tests.town import Town, wait_for

NURSE = "+250788000301"
MENTOR = "+250788000401"
NUMBERS = iter(range(1_000_000))


def tell(town: Town, number: str, body: str, **more: Any) -> None:
    """Queue a message to whoever has this number."""
    person_id = town.person(number).id
    with town.works.sessions.begin() as session:
        person = session.get_one(Person, person_id)
        key = f"test:{next(NUMBERS)}"
        outbox.say(session, person, body, key=key, now=town.time.now(), **more)


def switch(town: Town, **switches: Any) -> None:
    town.simulator.state.switches.update(switches)


def accepted(town: Town, number: str = NURSE) -> list[str]:
    """What the provider has ever taken for this number, oldest first."""
    thread = town.simulator.state.threads.get(number, [])
    return [message.body for message in thread if not message.inbound]


def states(town: Town) -> list[str]:
    return [message.state for message in town.outbox()]


def address(town: Town, number: str = NURSE) -> Address:
    found: Address = town.one(Address, Address.value == number)
    return found


def impatient(town: Town) -> None:
    """Do not wait ten real seconds for a provider that does not answer."""
    town.works.provider.client.http_client.timeout = 0.15  # type: ignore[attr-defined]


# The provider is in trouble


@pytest.mark.parametrize("failure", ["500", "429"])
def test_trouble_is_retried_with_growing_waits(town: Town, failure: str) -> None:
    nurse = town.mentee(NURSE)
    switch(town, api_failure=failure, api_failure_count=3)
    nurse.says("MENU")
    nurse.hears_nothing()
    waits = []
    for _ in range(3):
        message = town.outbox()[0]
        waits.append((message.next_attempt_at - town.time.now()).total_seconds())
        assert message.state == "queued"
        town.later(seconds=waits[-1] + 1.5)
    nurse.hears("You can text")
    nurse.hears_nothing()
    for wait, step in zip(waits, BACK_OFF_SECONDS, strict=False):
        assert step - 1 < wait <= step * 1.5
    assert accepted(town) == [town.outbox()[0].sent_body]
    assert [m.outcome for m in attempts(town)] == ["refused"] * 3 + ["accepted"]


def attempts(town: Town) -> list[Attempt]:
    with town.works.sessions() as session:
        return list(session.scalars(select(Attempt).order_by(Attempt.id)))


def test_trouble_for_ever_ends_in_a_reason(town: Town) -> None:
    town.mentee(NURSE)
    switch(town, api_failure="500")
    tell(town, NURSE, "hello", keep=timedelta(days=30))
    town.rest()
    for _ in range(12):
        town.later(hours=2)
    message = town.outbox()[0]
    assert message.state == "failed"
    assert message.reason
    assert accepted(town) == []


def test_the_order_is_kept_through_a_retry(town: Town) -> None:
    town.mentee(NURSE)
    switch(town, api_failure="429", api_failure_count=1)
    for word in ("one", "two", "three"):
        tell(town, NURSE, word)
    town.rest()
    assert accepted(town) == []
    town.later(seconds=5)
    assert accepted(town) == ["one", "two", "three"]


def test_a_reply_does_not_wait_behind_a_handset_that_was_off(town: Town) -> None:
    nurse = town.mentee(NURSE)
    switch(town, delivery_error={NURSE: 30003})
    tell(town, NURSE, "news")
    town.rest()
    wait_for(lambda: states(town) == ["queued"], "the callback")
    switch(town, delivery_error={})
    nurse.says("MENU")
    nurse.hears("You can text")


def test_refused_credentials_hold_everything_and_lose_nothing(town: Town) -> None:
    nurse = town.mentee(NURSE)
    state = town.simulator.state
    right = state.account
    state.account = replace(right, auth_token="rotated-at-the-provider")
    nurse.says("MENU")
    for word in ("one", "two"):
        tell(town, NURSE, word)
    town.rest()
    assert states(town) == ["queued"] * 3
    assert town.count(Flag) == 1
    for _ in range(12):  # longer than any other retry would last
        town.later(minutes=6)
    assert set(states(town)) == {"queued"}
    calls = state.counts["api_calls"]
    state.account = right
    switch(town, api_failure="500", api_failure_count=1)
    for _ in range(3):
        town.later(minutes=6)
    nurse.hears("You can text")
    nurse.hears("one")
    nurse.hears("two")
    nurse.hears_nothing()
    assert state.counts["api_calls"] - calls == 4


# The provider does not answer


def test_a_timeout_after_acceptance_is_found_and_not_repeated(town: Town) -> None:
    nurse = town.mentee(NURSE)
    impatient(town)
    switch(town, api_failure="timeout_after_accept", api_failure_count=1, api_failure_seconds=1)
    switch(town, callbacks="none")
    nurse.says("MENU")
    assert states(town) == ["unknown"]
    town.later(seconds=5)
    assert states(town) == ["unknown"]  # the provider's list may lag
    town.later(seconds=20)
    assert states(town) == ["delivered"]
    for _ in range(3):
        town.later(minutes=5)
    assert len(accepted(town)) == 1


def test_a_callback_settles_the_doubt_at_once(town: Town) -> None:
    nurse = town.mentee(NURSE)
    impatient(town)
    switch(town, api_failure="timeout_after_accept", api_failure_count=1, api_failure_seconds=1)
    nurse.says("MENU")
    wait_for(lambda: states(town) == ["delivered"], "the callback")
    town.later(minutes=5)
    assert len(accepted(town)) == 1


def test_a_timeout_before_acceptance_is_sent_once_when_it_is_surely_absent(town: Town) -> None:
    nurse = town.mentee(NURSE)
    impatient(town)
    tell(town, NURSE, "the same words")
    town.rest()
    switch(town, api_failure="timeout_before_accept", api_failure_count=1, api_failure_seconds=1)
    tell(town, NURSE, "the same words")
    town.rest()
    assert states(town) == ["delivered", "unknown"]
    town.later(seconds=20)
    assert states(town) == ["delivered", "unknown"]  # not the earlier one with the same words
    town.later(seconds=60)
    town.later(seconds=2)
    assert states(town) == ["delivered", "delivered"]
    assert accepted(town) == ["the same words"] * 2
    nurse.says("MENU")


def test_a_message_still_in_the_providers_queue_is_not_sent_again(town: Town) -> None:
    nurse = town.mentee(NURSE)
    impatient(town)
    switch(town, api_failure="timeout_after_accept", api_failure_count=1, api_failure_seconds=1)
    switch(town, callbacks="none", delay_ms=60_000)
    nurse.says("MENU")
    assert states(town) == ["unknown"]
    for _ in range(4):
        town.later(seconds=50)
    assert states(town) == ["sent"]
    assert len(accepted(town)) == 1


def test_a_sender_that_died_during_the_call(town: Town) -> None:
    town.mentee(NURSE)
    for word in ("arrived", "never left"):
        tell(town, NURSE, word)
    town.rest()
    first, second = town.outbox()
    thread = town.simulator.state.threads[NURSE]
    town.simulator.state.messages.pop(thread.pop().sid)
    town.execute("UPDATE outbox SET state = 'sending', provider_sid = NULL, sent_at = NULL")
    town.execute("UPDATE attempt SET provider_sid = NULL, outcome = NULL, finished_at = NULL")
    town.later(seconds=31)
    assert [first.state, second.state] == ["delivered", "delivered"]  # as they were
    town.later(seconds=60)
    town.later(seconds=2)
    assert states(town) == ["delivered", "delivered"]
    assert accepted(town) == ["arrived", "never left"]


# Callbacks


@pytest.mark.parametrize("mode", ["late", "out_of_order", "twice", "normal"])
def test_callbacks_in_any_manner_end_the_same(town: Town, mode: str) -> None:
    nurse = town.mentee(NURSE, "whatsapp")
    switch(town, callbacks=mode, late_ms=50)
    nurse.says("MENU")
    wait_for(lambda: states(town) == ["read"], "the callbacks")
    message = town.outbox()[0]
    assert message.delivered_at is not None
    assert message.read_at is not None
    assert message.attempts == 1


def test_without_callbacks_a_message_stays_sent(town: Town) -> None:
    switch(town, callbacks="none")
    town.mentee(NURSE).says("MENU")
    town.later(hours=1)
    assert states(town) == ["sent"]
    assert len(accepted(town)) == 1


def test_a_failure_told_before_the_call_has_returned(town: Town) -> None:
    """The callback of attempt one comes first; attempt two must have its own id."""
    town.mentee(NURSE)
    switch(town, delivery_error={NURSE: 30003}, callbacks="out_of_order")
    tell(town, NURSE, "news")
    town.rest()
    wait_for(lambda: states(town) == ["queued"], "the callback")
    switch(town, delivery_error={}, callbacks="normal")
    town.later(minutes=8)
    message = town.outbox()[0]
    newest = town.simulator.state.threads[NURSE][-1]
    assert (message.state, message.provider_sid) == ("delivered", newest.sid)
    assert accepted(town) == ["news", "news"]  # the first was reported undelivered


def test_a_callback_of_an_earlier_attempt_is_history(town: Town) -> None:
    town.mentee(NURSE)
    switch(town, delivery_error={NURSE: 30008})
    tell(town, NURSE, "news")
    town.rest()
    wait_for(lambda: states(town) == ["queued"], "the callback")
    earlier = town.simulator.state.threads[NURSE][-1]
    switch(town, delivery_error={}, callbacks="none")
    impatient(town)
    switch(town, api_failure="timeout_before_accept", api_failure_count=1, api_failure_seconds=1)
    town.later(minutes=8)
    assert states(town) == ["unknown"]
    form = {"MessageSid": earlier.sid, "MessageStatus": "sending"}
    assert town.simulator.network.delivery._poster.post(earlier.status_callback or "", form).ok
    assert states(town) == ["unknown"]


# What an error means for the person


def test_opted_out_at_the_provider_stops_the_address(town: Town) -> None:
    nurse = town.mentee(NURSE)
    switch(town, opted_out={NURSE: True})
    tell(town, NURSE, "one")
    tell(town, NURSE, "two")
    town.rest()
    assert states(town) == ["failed", "dropped"]
    assert address(town).stopped_at is not None
    assert "opted out" in (town.outbox()[1].reason or "")
    nurse.says("START")
    assert address(town).stopped_at is None
    nurse.hears("Welcome back")


def test_an_unreachable_handset_is_tried_again_later(town: Town) -> None:
    nurse = town.mentee(NURSE)
    switch(town, delivery_error={NURSE: 30003})
    tell(town, NURSE, "news")
    town.rest()
    wait_for(lambda: states(town) == ["queued"], "the callback")
    assert town.outbox()[0].error_code == 30003
    switch(town, delivery_error={})
    town.later(seconds=200)
    assert len(accepted(town)) == 1
    town.later(seconds=300)
    nurse.hears("news")
    assert states(town) == ["delivered"]


def test_a_dead_whatsapp_falls_back_to_sms(town: Town) -> None:
    whatsapp = town.mentee(NURSE, "whatsapp")
    sms = town.phone(NURSE)
    for phone in (whatsapp, sms):
        phone.says("MENU")
        phone.hears("You can text")
    switch(town, delivery_error={f"whatsapp:{NURSE}": 63003})
    tell(town, NURSE, "news")
    town.rest()
    wait_for(lambda: states(town)[-1] == "queued", "the callback")
    town.later(seconds=2)
    sms.hears("news")


def test_a_window_that_the_provider_has_closed_takes_the_template(town: Town) -> None:
    mentor = town.mentor(MENTOR)
    nurse = town.mentee(NURSE)
    switch(town, window_closed={f"whatsapp:{MENTOR}": True})
    nurse.says("MENTOR")
    nurse.says("Snake bite on the hand")
    case = next(m for m in town.outbox() if m.kind == "case")
    wait_for(lambda: town.one(OutboxMessage, OutboxMessage.id == case.id).attempts == 1, "a try")
    town.later(seconds=2)
    mentor.hears("Snake bite", "quoting this message")
    assert town.one(OutboxMessage, OutboxMessage.id == case.id).error_code == 63016


def test_refused_buttons_become_words_and_then_fail(town: Town) -> None:
    nurse = town.mentee(NURSE, "whatsapp")
    nurse.says("MENU")
    switch(town, delivery_error={f"whatsapp:{NURSE}": 63013})
    tell(town, NURSE, "Refer.", menu="rate_case")
    town.rest()
    for _ in range(3):
        town.later(seconds=3)
    bodies = accepted(town, f"whatsapp:{NURSE}")[1:]
    assert bodies == ["Refer.\nDid this help?", "Refer.\nDid this help? 1 Yes 2 Not yet"]
    assert states(town)[-1] == "failed"


def test_a_phone_without_network_hears_it_when_it_is_back(town: Town) -> None:
    nurse = town.mentee(NURSE)
    switch(town, network_down=[NURSE])
    tell(town, NURSE, "news")
    town.rest()
    town.later(hours=1)
    assert states(town) == ["sent"]
    switch(town, network_down=False)
    town.simulator.network.delivery.network_changed()
    wait_for(lambda: states(town) == ["delivered"], "delivery")
    nurse.hears("news")
    assert len(accepted(town)) == 1


# Decided at send time


def test_forty_in_ten_minutes_is_a_loop(town: Town) -> None:
    town.mentee(NURSE)
    for number in range(43):
        tell(town, NURSE, f"echo {number}", wake=number == 42)
    town.rest()
    assert len(accepted(town)) == 40
    assert {m.reason for m in town.outbox(OutboxMessage.state == "dropped")} == {
        "loop: 40 messages in ten minutes"
    }
    town.later(minutes=11)
    tell(town, NURSE, "a person again")
    town.rest()
    assert accepted(town)[-1] == "a person again"


def test_what_has_gone_stale_is_not_sent(town: Town) -> None:
    town.mentee(NURSE)
    switch(town, api_failure="500", api_failure_count=1)
    tell(town, NURSE, "clinic opens in an hour", keep=timedelta(minutes=1))
    town.rest()
    town.later(minutes=2)
    message = town.outbox()[0]
    assert (message.state, accepted(town)) == ("dropped", [])
    assert "expired" in (message.reason or "")


def test_stop_between_queueing_and_sending(town: Town) -> None:
    nurse = town.mentee(NURSE, "whatsapp")
    tell(town, NURSE, "news", wake=False)
    nurse.says("STOP")
    nurse.hears("no more messages")
    nurse.hears_nothing()
    message = town.outbox(OutboxMessage.body == "news")[0]
    assert (message.state, message.attempts) == ("dropped", 0)
    assert "STOP" in (message.reason or "")


def test_a_long_answer_is_cut_at_sentences(town: Town) -> None:
    nurse = town.mentee(NURSE)
    sentences = [f"{n}. Give oxytocin 10 IU at once and note the time.\n\n" for n in range(40)]
    tell(town, NURSE, "".join(sentences), menu="rate_case")
    town.rest()
    parts = accepted(town)
    assert len(parts) == len(nurse.received()) > 1
    assert all(len(part) <= 1100 for part in parts)
    assert all(part.rstrip().endswith("time.") for part in parts[:-1])
    assert [part.count("Did this help") for part in parts] == [0] * (len(parts) - 1) + [1]
    words = " ".join(" ".join(parts).split()[: len("".join(sentences).split())])
    assert words == " ".join("".join(sentences).split())


def test_two_senders_at_once_say_everything_once(town: Town) -> None:
    town.mentee(NURSE)
    for number in range(20):
        tell(town, NURSE, f"part {number}", wake=False)
    works, person_id = town.works, town.person(NURSE).id
    senders = [Sender(works.engine, works.sessions, works.provider, works.now) for _ in range(3)]
    threads = [threading.Thread(target=each.flush, args=(person_id,)) for each in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    town.rest()
    assert sorted(accepted(town), key=_number) == [f"part {n}" for n in range(20)]
    assert {m.attempts for m in town.outbox()} == {1}


def _number(body: str) -> int:
    return int(re.findall(r"\d+", body)[0])
