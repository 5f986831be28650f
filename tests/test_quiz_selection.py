"""Which item is asked next: the order, the reasons, and what is never asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.quizzes.selection import DUE_AHEAD, TWINS_APART, Candidate, choose
from bot.quizzes.spacing import State, kerfoot, predicted_recall

NOW = datetime(2025, 6, 2, 15, 30, tzinfo=UTC)
DAY = timedelta(days=1)
NONE: frozenset[str] = frozenset()


def after(answers: str, days_ago: float, critical: bool = False) -> State:
    """A state whose last answer was given `days_ago`; the ones before, 24 days apart."""
    state = State()
    for back, answer in zip(range(len(answers) - 1, -1, -1), answers, strict=True):
        when = NOW - (days_ago + 24 * back) * DAY
        state = kerfoot(state, answer == "r", when, critical=critical)
    return state


def one(name: str, competency: str = "c", **more: object) -> Candidate:
    return Candidate(name, competency, **more)  # type: ignore[arg-type]


def picked(*candidates: Candidate, weak: frozenset[str] = NONE) -> tuple[str | None, str]:
    choice = choose(candidates, NONE, None, weak, NOW)
    return choice.item, choice.reason


def test_never_two_open() -> None:
    choice = choose([one("a")], NONE, "b", NONE, NOW)
    assert (choice.item, choice.reason) == (None, "one is open")


def test_due_before_new() -> None:
    due = one("z", state=after("w", 13))
    assert picked(one("a", critical=True), due) == ("z", "due")
    assert picked(one("a", "weak"), due, weak=frozenset({"weak"})) == ("z", "due")


def test_weak_competencies_before_lower_recall() -> None:
    weak, old = one("a", "weak", state=after("r", 24)), one("b", state=after("w", 100))
    assert picked(weak, old) == ("b", "due")
    assert picked(weak, old, weak=frozenset({"weak"})) == ("a", "due, weak competency")


def test_lowest_recall_then_criticality() -> None:
    assert picked(one("a", state=after("w", 12)), one("b", state=after("w", 20))) == ("b", "due")
    both = after("w", 20)
    assert picked(one("a", state=both), one("b", state=both, critical=True)) == ("b", "due")


def test_new_items_weak_then_critical_then_in_order() -> None:
    last, plain = one("a", order=2), one("b", order=1)
    critical, weak = one("c", order=9, critical=True), one("d", "weak", order=10)
    known = frozenset({"weak"})
    assert picked(last, plain, critical, weak, weak=known) == ("d", "new, weak competency")
    assert picked(last, plain, critical) == ("c", "new, critical")
    assert picked(last, plain) == ("b", "new")
    assert picked(last, replace(plain, state=State(missed=1))) == ("a", "new")


def test_due_within_hours_counts_as_due() -> None:
    item = one("a", state=after("w", 12 - 11 / 24))
    assert picked(item) == ("a", "due")
    late = one("a", state=after("w", 12 - 13 / 24))
    choice = choose([late], NONE, None, NONE, NOW)
    assert (choice.reason, choice.next_due) == ("nothing due yet", late.state.due)


def test_a_critical_item_is_checked_after_90_days() -> None:
    checked = one("a", critical=True, state=after("rr", 90, critical=True))
    assert picked(checked) == ("a", "a check of a retired critical item")
    resting = one("a", critical=True, state=after("rr", 80, critical=True))
    assert picked(resting) == (None, "nothing due yet")


def test_nothing_when_all_are_retired() -> None:
    assert picked(one("a", state=after("rr", 200))) == (None, "all retired")
    assert picked() == (None, "no question")


def test_the_cadre_fits() -> None:
    item = one("a", cadres=frozenset({"midwife"}))
    assert choose([item], NONE, None, NONE, NOW, cadre="nurse").reason == "none for this cadre"
    assert choose([item], NONE, None, NONE, NOW, cadre="midwife").item == "a"
    assert choose([item], NONE, None, NONE, NOW).item == "a"
    assert choose([one("b"), item], NONE, None, NONE, NOW, cadre="nurse").item == "b"


def test_nothing_twice_a_day() -> None:
    today = frozenset({"a"})
    assert choose([one("a")], today, None, NONE, NOW).reason == "enough for today"
    assert choose([one("a"), one("b")], today, None, NONE, NOW).item == "b"
    limited = choose([one("a"), one("b")], today, None, NONE, NOW, daily_limit=1)
    assert limited.reason == "enough for today"


@pytest.mark.parametrize("sides", ["both", "first", "second"])
def test_twins_are_a_week_apart(sides: str) -> None:
    asked = NOW - 3 * DAY
    form_a = one("a", twin="b" if sides != "second" else None, asked=asked, state=after("r", 3))
    form_b = one("b", twin="a" if sides != "first" else None, critical=True)
    assert picked(form_a, form_b, one("c")) == ("c", "new")
    assert picked(form_a, form_b) == (None, "only twins of recent items")
    week_ago = replace(form_a, asked=NOW - TWINS_APART)
    assert picked(week_ago, form_b) == ("b", "new, critical")
    assert choose([form_a, form_b], frozenset({"a"}), None, NONE, NOW).item is None


def test_the_time_is_aware() -> None:
    with pytest.raises(ValueError, match="aware"):
        choose([], NONE, None, NONE, NOW.replace(tzinfo=None))


@st.composite
def states(draw: st.DrawFn, critical: bool) -> State:
    answers = draw(st.text("rw", max_size=4))
    return after(answers, draw(st.floats(0.1, 200)), critical) if answers else State()


@st.composite
def lists(draw: st.DrawFn) -> list[Candidate]:
    size = draw(st.integers(0, 8))
    found = []
    for number in range(size):
        critical = draw(st.booleans())
        state = draw(states(critical))
        found.append(
            Candidate(
                item=f"i{number}",
                competency=draw(st.sampled_from("cde")),
                critical=critical,
                cadres=draw(st.sampled_from([frozenset(), frozenset({"nurse"}), frozenset({"x"})])),
                twin=draw(st.sampled_from([None, *(f"i{other}" for other in range(size))])),
                order=draw(st.integers(0, 3)),
                state=state,
                asked=state.last,
            )
        )
    return found


@given(
    lists(),
    st.frozensets(st.sampled_from("cde")),
    st.frozensets(st.sampled_from(["i0", "i1", "i2"])),
    st.randoms(use_true_random=False),
)
def test_what_holds_for_every_choice(
    candidates: list[Candidate],
    weak: frozenset[str],
    today: frozenset[str],
    dice: object,
) -> None:
    choice = choose(candidates, today, None, weak, NOW, cadre="nurse")
    mixed = list(candidates)
    dice.shuffle(mixed)  # type: ignore[attr-defined]
    assert choose(mixed, today, None, weak, NOW, cadre="nurse") == choice

    recent = today | {c.item for c in candidates if c.asked and NOW - c.asked < TWINS_APART}
    by_id = {c.item: c for c in candidates}
    allowed = [
        c
        for c in candidates
        if (not c.cadres or "nurse" in c.cadres)
        and c.item not in today
        and c.twin not in recent
        and not any(other.twin == c.item and other.item in recent for other in candidates)
        and (c.state.is_new if c.state.due is None else c.state.due <= NOW + DUE_AHEAD)
    ]
    if choice.item is None:
        assert not allowed
        return
    best = by_id[choice.item]
    assert best in allowed
    due = [c for c in allowed if not c.state.is_new]
    assert best.state.is_new == (not due)
    group = due or allowed
    if any(c.competency in weak for c in group):
        assert best.competency in weak
        group = [c for c in group if c.competency in weak]
    if due:
        urgency = {c.item: (1 - predicted_recall(c.state, NOW)) * (1 + c.critical) for c in group}
        assert urgency[best.item] == max(urgency.values())
    elif any(c.critical for c in group):
        assert best.critical


def test_a_mentee_meets_every_item_until_all_are_retired() -> None:
    """Half a year of daily doses, all answered right: each is asked at 0 and 24 days, no more."""
    items = {
        name: one(name, twin=twin)
        for name, twin in [("a", "b"), ("b", "a"), ("c", None), ("d", None)]
    }
    sent: dict[str, list[int]] = {name: [] for name in items}
    for day in range(60):
        now = NOW + day * DAY
        choice = choose(items.values(), NONE, None, NONE, now)
        if choice.item is not None:
            item = items[choice.item]
            state = kerfoot(item.state, True, now + timedelta(hours=3))
            items[choice.item] = replace(item, state=state, asked=now)
            sent[choice.item].append(day)
    assert sent == {"a": [0, 24], "c": [1, 25], "d": [2, 26], "b": [7, 31]}
    assert choose(items.values(), NONE, None, NONE, NOW + 70 * DAY).reason == "all retired"
