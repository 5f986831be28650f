"""A provider in trouble, silent, or late with its callbacks. Nothing lost, nothing said twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from channels.errors import BACK_OFF_SECONDS
from store.messages import Flag
from tests.outgoing import NURSE, accepted, attempts, impatient, states, switch, tell
from tests.town import Town, wait_for

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


def test_trouble_lasts_until_the_message_expires(town: Town) -> None:
    town.mentee(NURSE)
    switch(town, api_failure="500")
    tell(town, NURSE, "hello", keep=timedelta(hours=25))
    town.rest()
    for _ in range(12):
        town.later(hours=2)
    message = town.outbox()[0]
    assert (message.state, message.attempts) == ("queued", 13)
    town.later(hours=2)
    message = town.outbox()[0]
    assert (message.state, message.attempts) == ("dropped", 13)
    assert "expired before it could be sent: " in (message.reason or "")
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
