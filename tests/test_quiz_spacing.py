"""Exact intervals of both rules of spacing, and what holds for every history."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.quizzes.spacing import (
    CRITICAL_CHECK,
    LONGEST,
    Rule,
    State,
    answered,
    expected_sends,
    expired,
    from_json,
    fsrs,
    kerfoot,
    predicted_recall,
    to_json,
)

START = datetime(2025, 3, 3, 15, 30, tzinfo=UTC)
DAY = timedelta(days=1)
RULES: list[Rule] = ["kerfoot", "fsrs"]
HISTORIES = st.lists(
    st.tuples(st.booleans(), st.floats(0, 400).map(lambda days: timedelta(days=days))),
    min_size=1,
    max_size=12,
)


def lived(
    rule: Rule, history: list[tuple[bool, timedelta]], critical: bool
) -> list[tuple[State, datetime]]:
    state, when, found = State(), START, []
    for right, pause in history:
        when += pause
        state = answered(rule, state, right, when, critical=critical)
        found.append((state, when))
    return found


def intervals(rule: Rule, answers: str, critical: bool = False, **more: float) -> list[int | None]:
    """Days to the next question when every one is answered when due; None: retired for good."""
    state, when, days = State(), START, []
    for answer in answers:
        state = (
            fsrs(state, answer == "r", when, critical=critical, **more)
            if rule == "fsrs"
            else kerfoot(state, answer == "r", when, critical=critical)
        )
        days.append(None if state.due is None else (state.due - when) // DAY)
        when = state.due or when
    return days


@pytest.mark.parametrize(
    ("answers", "days"),
    [
        ("w", [12]),
        ("r", [24]),
        ("rr", [24, None]),
        ("wrr", [12, 24, None]),
        ("rwrr", [24, 12, 24, None]),
        ("wwwr", [12, 12, 12, 24]),
    ],
)
def test_kerfoot_intervals(answers: str, days: list[int | None]) -> None:
    assert intervals("kerfoot", answers) == days


@pytest.mark.parametrize(
    ("answers", "days"),
    [
        ("rr", [24, 90]),
        ("rrr", [24, 90, None]),
        ("rrw", [24, 90, 12]),
        ("rrwrrr", [24, 90, 12, 24, 90, None]),
    ],
)
def test_kerfoot_checks_critical_items_once_after_90_days(
    answers: str, days: list[int | None]
) -> None:
    assert intervals("kerfoot", answers, critical=True) == days


def test_a_right_answer_before_the_check_does_not_stand_for_it() -> None:
    state = kerfoot(kerfoot(State(), True, START), True, START + DAY, critical=True)
    early = kerfoot(state, True, START + 2 * DAY, critical=True)
    assert early.due == state.due == START + DAY + CRITICAL_CHECK
    assert not early.is_finished


@pytest.mark.parametrize(
    ("retention", "answers", "days"),
    [
        # By hand from the FSRS-6 formulas and default weights.
        (0.85, "rrrr", [4, 31, 173, 180]),
        (0.80, "rrr", [8, 75, 180]),
        (0.85, "w", [1]),
    ],
)
def test_fsrs_intervals(retention: float, answers: str, days: list[int]) -> None:
    assert intervals("fsrs", answers, retention=retention) == days


def test_fsrs_checks_critical_items_within_90_days() -> None:
    assert max(day or 0 for day in intervals("fsrs", "rrrrrr", critical=True)) == 90


def test_expiry_is_no_wrong_answer() -> None:
    state = kerfoot(State(), True, START)
    later = START + 27 * DAY
    gone = expired(state, later)
    assert (gone.streak, gone.answers, gone.missed) == (1, 1, 1)
    assert gone.due == state.due
    assert expired(State(), later) == State(missed=1)
    assert expired(state, START + DAY).due == START + DAY
    assert kerfoot(gone, True, later).is_finished


def test_retired_for_good_stays_so_when_a_late_send_expires() -> None:
    finished = kerfoot(kerfoot(State(), True, START), True, START + 24 * DAY)
    assert expired(finished, START + 99 * DAY).is_finished


def test_recall_halves_by_the_stated_half_life() -> None:
    wrong = kerfoot(State(), False, START)
    right = kerfoot(State(), True, START)
    assert predicted_recall(State(), START) == 0
    assert predicted_recall(wrong, START) == 1
    assert predicted_recall(wrong, START + 12 * DAY) == pytest.approx(0.5)
    assert predicted_recall(right, START + 24 * DAY) == pytest.approx(0.5)
    assert predicted_recall(right, START + 48 * DAY) == pytest.approx(0.25)


@pytest.mark.parametrize("retention", [0.80, 0.85])
def test_fsrs_brings_an_item_back_at_the_wanted_recall(retention: float) -> None:
    state = fsrs(fsrs(State(), True, START, retention=retention), True, START + 4 * DAY,
                 retention=retention)  # fmt: skip
    assert state.due is not None
    assert predicted_recall(state, state.due) == pytest.approx(retention, abs=0.01)


@pytest.mark.parametrize(("p", "sends"), [(1, 2), (0.7, 3.469), (0.85, 2.561), (0.5, 6)])
def test_expected_sends(p: float, sends: float) -> None:
    assert expected_sends(p) == pytest.approx(sends, abs=0.001)


def test_expected_sends_are_what_the_rule_does() -> None:
    dice, sends = random.Random(7), 0
    for _ in range(4000):
        state = State()
        while not state.is_finished:
            state = kerfoot(state, dice.random() < 0.7, START)
            sends += 1
    assert sends / 4000 == pytest.approx(expected_sends(0.7), rel=0.05)


@pytest.mark.parametrize("p", [0, -0.1, 1.01])
def test_expected_sends_refuses_what_is_no_chance(p: float) -> None:
    with pytest.raises(ValueError, match="chance"):
        expected_sends(p)


@given(st.sampled_from(RULES), HISTORIES, st.booleans())
def test_every_history(rule: Rule, history: list[tuple[bool, timedelta]], critical: bool) -> None:
    for (right, _), (state, when) in zip(history, lived(rule, history, critical), strict=True):
        assert from_json(json.loads(json.dumps(to_json(state)))) == state
        assert state.last == when
        assert (state.streak > 0) is right
        assert state.due is None or when < state.due <= when + LONGEST
        assert 0 < predicted_recall(state, when + 30 * DAY) <= predicted_recall(state, when) <= 1
        if not right:
            assert state.due is not None
            assert state.retired is None
        if critical and state.due is not None:
            assert state.due - when <= CRITICAL_CHECK
        if rule == "fsrs":
            assert not state.is_finished
            assert (state.due - when) % DAY == timedelta(0)


@given(HISTORIES, st.booleans())
def test_right_never_comes_back_sooner_than_wrong(
    history: list[tuple[bool, timedelta]], critical: bool
) -> None:
    for rule in RULES:
        state, when = lived(rule, history, critical)[-1]
        later = when + 30 * DAY
        right = answered(rule, state, True, later, critical=critical)
        wrong = answered(rule, state, False, later, critical=critical)
        assert right.due is None or (wrong.due is not None and right.due >= wrong.due)


@given(st.sampled_from(RULES), st.booleans(), st.integers(1, 600))
def test_a_clock_put_back_does_not_go_before_the_last_answer(
    rule: Rule, right: bool, minutes: int
) -> None:
    state = answered(rule, State(), False, START)
    again = answered(rule, state, right, START - timedelta(minutes=minutes))
    assert again.last == START
    assert again == answered(rule, state, right, START)


def test_times_are_aware_and_kept_in_utc() -> None:
    kigali = timezone(timedelta(hours=2))
    for rule in RULES:
        state = answered(rule, State(), True, START.astimezone(kigali))
        assert state == answered(rule, State(), True, START)
        assert state.due is not None
        assert state.due.tzinfo is UTC
        with pytest.raises(ValueError, match="aware"):
            answered(rule, State(), True, START.replace(tzinfo=None))
    with pytest.raises(ValueError, match="aware"):
        expired(State(), START.replace(tzinfo=None))


def test_a_campaign_may_change_its_rule() -> None:
    state = kerfoot(State(), True, START)
    moved = fsrs(state, True, START + 24 * DAY)
    assert moved.stability is not None
    assert moved.streak == 2
    back = kerfoot(moved, True, START + 40 * DAY)
    assert back.is_finished
    assert fsrs(back, True, START + 50 * DAY).due is not None


def test_only_a_sensible_retention() -> None:
    with pytest.raises(ValueError, match="retention"):
        fsrs(State(), True, START, retention=1.0)


@pytest.mark.parametrize(
    "data", [{"rule": "sm2"}, {"nonsense": 1}, {"due": "soon"}, {"due": "2025-01-01T00:00:00"}]
)
def test_json_that_is_no_state(data: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  several sentences
        from_json(data)
