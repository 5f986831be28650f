"""What a provider's errors mean for the person, and what is decided at the moment of sending."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

from scheduler.sender import Sender
from store.messages import OutboxMessage
from tests.outgoing import MENTOR, NURSE, accepted, address, states, switch, tell
from tests.town import Town, wait_for

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
    # The callback may even be faster than the sender's look for the next message.
    wait_for(lambda: states(town)[-1] in ("queued", "delivered"), "the callback")
    town.later(seconds=2)
    sms.hears("news")


def test_a_window_that_the_provider_has_closed_takes_the_template(town: Town) -> None:
    mentor = town.mentor(MENTOR)
    nurse = town.mentee(NURSE)
    switch(town, window_closed={f"whatsapp:{MENTOR}": True})
    nurse.says("MENTOR")
    nurse.says("Snake bite on the hand")
    case = next(m for m in town.outbox() if m.kind == "case")
    wait_for(lambda: town.one(OutboxMessage, OutboxMessage.id == case.id).attempts >= 1, "a try")
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
    senders = [Sender(works.sessions, works.provider, works.now) for _ in range(3)]
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
