"""The plain rules of sending: what happens to a message, what a status means, how it is written."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sending import (
    ALWAYS,
    LOOP_LIMIT,
    PROACTIVE,
    Address,
    Drop,
    Facts,
    Knock,
    Later,
    Send,
    decide,
    other_way,
    quiet_until,
)
from bot.status import RANK, TRANSLATION, advance
from bot.text.segments import is_gsm7
from channels import templates
from channels.errors import BACK_OFF_SECONDS, CATALOGUE, RETRY_SECONDS, Next, delay, what_next
from channels.render import Outgoing, TemplateMissing, render

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)  # eleven in Kigali
SMS = Address(1, "sms", "+250788000301", None, stopped=False, bad=False)
OPEN = Address(2, "whatsapp", "+250788000301", NOW - timedelta(hours=1), stopped=False, bad=False)
SHUT = replace(OPEN, last_inbound_at=NOW - timedelta(hours=24))
FACTS = Facts(
    kind="reply",
    wanted_address=None,
    has_template=False,
    template_is_enough=False,
    expires_at=None,
    person_stopped=False,
    timezone="Africa/Kigali",
    addresses=[SMS, OPEN],
    sent_lately=0,
)


def decided(**changes: object) -> object:
    return decide(replace(FACTS, **changes), NOW)


# What happens to a message


def test_where_it_goes() -> None:
    assert decided() == Send(OPEN, "free")
    assert decided(wanted_address=1) == Send(SMS, "free")
    assert decided(wanted_address=99) == Send(OPEN, "free")
    assert decided(addresses=[SMS, replace(OPEN, bad=True)]) == Send(SMS, "free")
    assert decided(addresses=[SMS, replace(OPEN, stopped=True)]) == Send(SMS, "free")


def test_outside_the_window() -> None:
    alone = [SHUT]
    assert decided(addresses=[SMS, SHUT]) == Send(SMS, "free")
    assert decided(addresses=alone) == Drop("window closed and no template")
    assert decided(addresses=alone, has_template=True) == Knock(SHUT)
    enough = decided(addresses=alone, has_template=True, template_is_enough=True)
    assert enough == Send(SHUT, "template")


@pytest.mark.parametrize(
    ("hours", "open_"), [(0, True), (23.9, True), (24, False), (25, False), (-1, True)]
)
def test_the_window_closes_a_little_early(hours: float, open_: bool) -> None:
    address = replace(OPEN, last_inbound_at=NOW - timedelta(hours=hours))
    assert address.window_open(NOW) is open_
    assert not replace(OPEN, last_inbound_at=None).window_open(NOW)
    assert SMS.window_open(NOW)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"person_stopped": True}, "stopped: the person texted STOP"),
        ({"sent_lately": LOOP_LIMIT}, "loop"),
        ({"expires_at": NOW}, "expired"),
        ({"addresses": []}, "no address"),
        ({"addresses": [replace(SMS, bad=True)]}, "no address that can be reached"),
        ({"addresses": [replace(SMS, stopped=True)]}, "the address opted out"),
    ],
)
def test_what_is_never_sent_keeps_its_reason(changes: dict[str, object], reason: str) -> None:
    decision = decided(**changes)
    assert isinstance(decision, Drop)
    assert reason in decision.reason


def test_the_confirmation_of_stop_is_still_said() -> None:
    for kind in ALWAYS:
        stopped = replace(SMS, stopped=True)
        said = decided(kind=kind, person_stopped=True, sent_lately=99, addresses=[stopped])
        assert said == Send(stopped, "free")


@pytest.mark.parametrize("kind", ["case", "answer", "danger"])
def test_what_somebody_waits_for_outlives_a_loop(kind: str) -> None:
    assert decided(kind=kind, sent_lately=LOOP_LIMIT) == Later(
        NOW + timedelta(minutes=10), "loop: 40 messages in ten minutes"
    )
    assert isinstance(decided(kind=kind, sent_lately=LOOP_LIMIT, expires_at=NOW), Drop)


def test_another_way_is_one_that_is_open() -> None:
    assert other_way([SHUT, SMS], SHUT, NOW) == SMS
    assert other_way([SMS, OPEN], SMS, NOW) == OPEN
    assert other_way([SHUT], SHUT, NOW) is None
    assert other_way([SMS, SHUT], SMS, NOW) is None
    assert other_way([SHUT, replace(SMS, bad=True)], SHUT, NOW) is None
    assert other_way([SHUT, replace(SMS, stopped=True)], SHUT, NOW) is None


def test_refused_credentials_hold_everything() -> None:
    until = NOW + timedelta(minutes=5)
    assert isinstance(decided(sender_stopped_until=until), Later)
    assert decided(sender_stopped_until=NOW) == Send(OPEN, "free")


moments = st.datetimes(
    datetime(2020, 1, 1),
    datetime(2035, 1, 1),
    timezones=st.just(UTC),
)
zones = st.sampled_from(["Africa/Kigali", "America/Nuuk", "Asia/Kathmandu", "Europe/Paris", "UTC"])


@given(moments, zones)
def test_quiet_hours_end_at_seven_local_time(now: datetime, zone: str) -> None:
    until = quiet_until(now, zone)
    local = now.astimezone(ZoneInfo(zone))
    if until is None:
        assert 7 <= local.hour < 20
    else:
        assert local.hour >= 20 or local.hour < 7
        assert now < until <= now + timedelta(hours=12)
        assert until.astimezone(ZoneInfo(zone)).hour == 7
        assert quiet_until(until, zone) is None


@given(moments, zones, st.sampled_from(["reply", "answer", "case", *PROACTIVE]))
def test_only_what_we_start_ourselves_respects_quiet_hours(
    now: datetime, zone: str, kind: str
) -> None:
    decision = decide(replace(FACTS, kind=kind, timezone=zone, addresses=[SMS]), now)
    waits = kind in PROACTIVE and quiet_until(now, zone) is not None
    assert isinstance(decision, Later if waits else Send)


# What a status means

words = st.sampled_from([*TRANSLATION, "received", "", "DELIVERED", "a word of 2031"])


@given(st.sampled_from(list(RANK)), st.lists(words, max_size=12))
def test_any_order_and_repetition_only_moves_forward(start: str, callbacks: list[str]) -> None:
    states = [start]
    for word in callbacks:
        states.append(advance(states[-1], word))
    for before, after in pairwise(states):
        assert RANK[after] >= RANK[before]
        if before in ("failed", "dropped"):
            assert after == before
        if before in ("delivered", "read"):
            assert after in ("delivered", "read")


@given(st.permutations(["queued", "sending", "sent", "delivered", "read"]))
def test_every_order_of_a_delivery_ends_the_same(callbacks: list[str]) -> None:
    state = "sending"
    for word in callbacks:
        state = advance(state, word)
    assert state == "read"


def test_failures() -> None:
    assert advance("sent", "undelivered") == "failed"
    assert advance("sending", "canceled") == "failed"
    assert advance("delivered", "undelivered") == "delivered"
    assert advance("failed", "delivered") == "failed"


# What an error means


@pytest.mark.parametrize(
    ("code", "status", "action"),
    [
        (21610, 400, Next.STOP_ADDRESS),
        (21211, 400, Next.BAD_ADDRESS),
        (63003, None, Next.BAD_ADDRESS),
        (30003, None, Next.RETRY),
        (30007, None, Next.FAIL),
        (63016, None, Next.TEMPLATE),
        (20429, 429, Next.BACK_OFF),
        (None, 429, Next.BACK_OFF),
        (20500, 500, Next.BACK_OFF),
        (None, 503, Next.BACK_OFF),
        (20003, 401, Next.STOP_SENDER),
        (None, 401, Next.STOP_SENDER),
        (99999, 400, Next.FAIL),
        (None, None, Next.FAIL),
    ],
)
def test_the_catalogue(code: int | None, status: int | None, action: Next) -> None:
    assert what_next(code, status) is action


@given(st.none() | st.integers() | st.sampled_from(list(CATALOGUE)), st.none() | st.integers())
def test_every_error_has_an_answer(code: int | None, status: int | None) -> None:
    assert what_next(code, status) in Next


@pytest.mark.parametrize(
    ("action", "steps"), [(Next.BACK_OFF, BACK_OFF_SECONDS), (Next.RETRY, RETRY_SECONDS)]
)
def test_waits_grow_and_end_or_stay(action: Next, steps: tuple[int, ...]) -> None:
    waits = [delay(action, attempt, 0.0) for attempt in range(1, len(steps) + 1)]
    assert waits == list(steps) == sorted(steps)
    after = delay(action, len(steps) + 1, 0.0)
    assert after == (steps[-1] if action is Next.BACK_OFF else None)
    assert delay(action, 1, 1.0) == steps[0] * 1.5


# How it is written

PLAIN = Outgoing("Give 10 IU.", "en", None, None, None, {})
CONTENTS = {
    ("rate_case_1", "en"): "HX1",
    ("rate_case_3", "en"): "HX13",
    ("case_waiting", "en"): "HX2",
    ("case_new", "en"): "HX3",
}


def test_sms_loses_its_typography_and_costs_less() -> None:
    body = "Don’t wait – “refer” now… " * 5
    payload = render(replace(PLAIN, body=body), "sms", "free", {})
    assert is_gsm7(payload.body)
    assert payload.segments == 1
    assert 'Don\'t wait - "refer" now...' in payload.body
    kept = render(replace(PLAIN, body="Dose 5 µg"), "sms", "free", {})
    assert "m" not in kept.body.replace("mcg", "")


def test_a_menu_is_a_line_on_sms_and_buttons_on_whatsapp() -> None:
    asking = replace(PLAIN, menu="rate_case")
    on_sms = render(asking, "sms", "free", CONTENTS)
    assert on_sms.body == "Give 10 IU.\nDid this help? 1 Yes 2 Not yet"
    assert on_sms.content_sid is None
    on_whatsapp = render(asking, "whatsapp", "free", CONTENTS)
    assert on_whatsapp.content_sid == "HX1"
    assert json.loads(on_whatsapp.content_variables or "") == {"1": "Give 10 IU."}
    assert on_whatsapp.body == "Give 10 IU.\nDid this help?"


@pytest.mark.parametrize(
    "changes", [{"menu": "plain:rate_case"}, {"menu": "rate_case", "media_url": "https://x/y"}]
)
def test_where_buttons_cannot_be_the_line_stays(changes: dict[str, str]) -> None:
    payload = render(replace(PLAIN, **changes), "whatsapp", "free", CONTENTS)
    assert payload.content_sid is None
    assert payload.body.endswith("Did this help? 1 Yes 2 Not yet")
    without = render(replace(PLAIN, menu="rate_case"), "whatsapp", "free", {})
    assert without.body.endswith("1 Yes 2 Not yet")


def test_buttons_take_one_variable_per_line() -> None:
    body = "Give 10 IU.\n\nRefer \t now.\nSource: manual,      p. 4"
    payload = render(replace(PLAIN, body=body, menu="rate_case"), "whatsapp", "free", CONTENTS)
    assert payload.content_sid == "HX13"
    assert json.loads(payload.content_variables or "") == {
        "1": "Give 10 IU.",
        "2": "Refer now.",
        "3": "Source: manual, p. 4",
    }
    assert payload.body.endswith("p. 4\nDid this help?")


@pytest.mark.parametrize("body", ["a\nb\nc\nd\ne", "a " * 510, ""])
def test_what_does_not_fit_buttons_is_plain_text(body: str) -> None:
    contents = {(f"rate_case_{n}", "en"): "HX" for n in range(1, 5)}
    payload = render(replace(PLAIN, body=body, menu="rate_case"), "whatsapp", "free", contents)
    assert payload.content_sid is None
    assert payload.body == f"{body}\nDid this help? 1 Yes 2 Not yet"


@given(st.text(max_size=200))
def test_values_under_buttons_are_never_refused(body: str) -> None:
    contents = {(f"rate_case_{n}", "en"): "HX" for n in range(1, 5)}
    payload = render(replace(PLAIN, body=body, menu="rate_case"), "whatsapp", "free", contents)
    values = json.loads(payload.content_variables or "{}").values()
    assert all(value and not re.search(r"[\n\r\t]| {5,}", value) for value in values)
    assert "".join("".join(values).split()) in ("", "".join(body.split()))


def test_an_attachment_is_an_address_in_the_text_of_an_sms() -> None:
    asked = replace(
        PLAIN, body="Look – “this”", menu="rate_case", media_url="https://x.org/m/a_B-1.c"
    )
    payload = render(asked, "sms", "free", {})
    assert payload.media_url is None
    assert payload.body.splitlines()[1:] == [
        "https://x.org/m/a_B-1.c",
        "Did this help? 1 Yes 2 Not yet",
    ]
    assert render(asked, "whatsapp", "free", {}).media_url == "https://x.org/m/a_B-1.c"


def test_a_list_in_the_body_is_not_written_twice() -> None:
    payload = render(replace(PLAIN, body="1 A\n2 B", menu="pick2"), "sms", "free", {})
    assert payload.body == "1 A\n2 B"


@given(st.dictionaries(st.sampled_from(["1", "2", "3", "4"]), st.text(max_size=60)))
def test_template_variables_are_never_refused(variables: dict[str, str]) -> None:
    asked = replace(PLAIN, template="case_new", template_variables=variables)
    payload = render(asked, "whatsapp", "template", CONTENTS)
    for value in json.loads(payload.content_variables or "{}").values():
        assert value
        assert not set("\n\r\t") & set(value)
        assert "  " not in value
    assert payload.content_sid == "HX3"


def test_a_template_that_the_provider_does_not_have() -> None:
    asked = replace(PLAIN, template="case_waiting", template_variables={"1": "K7XM"})
    with pytest.raises(TemplateMissing):
        render(asked, "whatsapp", "template", {})
    assert "K7XM" in render(asked, "whatsapp", "template", CONTENTS).body


def test_every_menu_fits_whatsapp() -> None:
    for menu in templates.every_menu():
        assert len(menu.options) <= 3 or menu.in_body
        assert all(len(option) <= templates.LONGEST_BUTTON for option in menu.options)
    for template in templates.every_template():
        assert "{{" not in template.filled(dict(template.example))
