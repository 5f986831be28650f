"""The simulator's plain rules."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import text
from simulator.content import check_types, parse_variables
from simulator.errors import ApiError
from simulator.switches import BadSwitch, Switches


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("’" * 70, 1),
        ("’" * 71, 2),
        ("\U0001f600" * 35, 1),
        ("\U0001f600" * 36, 2),
    ],
)
def test_segments(body: str, count: int) -> None:
    assert text.segments(body) == count


@given(st.text(max_size=400))
def test_segments_never_shrink_as_text_grows(body: str) -> None:
    assert 1 <= text.segments(body) <= text.segments(body + "a")


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("+250788000001", True),
        ("whatsapp:+250788000001", True),
        ("whatsapp:RW.12345678", True),
        ("RW.12345678", False),
        ("0788000001", False),
        ("+", False),
        ("whatsapp:", False),
    ],
)
def test_addresses(address: str, good: bool) -> None:
    assert text.valid(address) is good


@given(st.text(max_size=40))
def test_any_text_is_judged(address: str) -> None:
    if text.valid(address):
        assert text.normal(address) == address


@pytest.mark.parametrize(
    ("body", "word"),
    [("STOP", "STOP"), (" unstop\n", "START"), ("Info", "HELP"), ("stop please", None), ("", None)],
)
def test_keywords(body: str, word: str | None) -> None:
    assert text.keyword(body) == word


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=9)))
def test_variables_come_back(values: dict[str, str]) -> None:
    assert parse_variables(json.dumps(values)) == values


@given(st.text(max_size=60))
def test_no_variables_crash_the_parser(raw: str) -> None:
    with suppress(ApiError):
        values = parse_variables(raw)
        assert all(isinstance(value, str) for value in values.values())


@pytest.mark.parametrize(
    "types",
    [
        None,
        {},
        {"twilio/unknown": {"body": "x"}},
        {"twilio/text": {"body": ""}},
        {"twilio/quick-reply": {"body": "x", "actions": []}},
        {"twilio/quick-reply": {"body": "x", "actions": [{"title": "t" * 26}]}},
        {"twilio/list-picker": {"body": "x", "items": [{"item": "a", "id": "a"}]}},
        {"twilio/list-picker": {"body": "x", "button": "b", "items": [{"item": "a"}] * 11}},
    ],
)
def test_templates_that_twilio_would_refuse(types: object) -> None:
    with pytest.raises(ApiError):
        check_types(types)


def test_switches_change_all_or_nothing() -> None:
    switches = Switches()
    with pytest.raises(BadSwitch):
        switches.update({"delay_ms": 10, "callbacks": "sideways"})
    assert switches == Switches()
    switches.update({"network_down": True})
    assert switches.down("+250788000001")
    switches.update({"network_down": ["+250788000001"]})
    switches.update({"network_down": {"+250788000002": True, "+250788000001": False}})
    assert switches.network_down == {"+250788000002"}
    restored = Switches()
    restored.update(switches.to_json())
    assert restored == switches


@pytest.mark.parametrize(
    "changes",
    [
        {"no_such": 1},
        {"webhooks_twice": "yes"},
        {"delay_ms": -1},
        {"delay_ms": True},
        {"network_down": 3},
        {"delivery_error": {"+250788000001": "x"}},
    ],
)
def test_bad_switches(changes: dict[str, object]) -> None:
    with pytest.raises(BadSwitch):
        Switches().update(changes)
