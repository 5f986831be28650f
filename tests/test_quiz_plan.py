"""A campaign's plan: what is refused and how, what is kept, and the moments that follow from it."""

from __future__ import annotations

import json
import math
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.quizzes.plan import DAYS, Plan, PlanError, read
from bot.quizzes.planning import moments
from store.quizzes import Preference

MARCH = {"start": "2026-03-03", "end": "2026-03-31"}
TIP = {"en": "Wash your hands."}
some = settings(max_examples=60, deadline=None)
ZONES = [
    "Africa/Kigali",
    "Europe/Berlin",
    "America/New_York",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
]


def problems(**values: Any) -> list[str]:
    with pytest.raises(PlanError) as refused:
        read({**MARCH, **values})
    return refused.value.problems


# What is refused


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"start": "yesterday"}, "start: 'yesterday' is not a date such as 2026-03-31."),
        ({"start": "2026-02-30"}, "start: '2026-02-30' is not a date such as 2026-03-31."),
        ({"start": "2026-04-01"}, "The end is before the start."),
        ({"end": "2029-01-01"}, "A campaign lasts at most 732 days; copy it to go on."),
        ({"colour": "red"}, "colour: is not known here."),
        ({"cohort": {"wards": ["x"]}}, "cohort.wards: is not known here."),
        ({"hour": "evening"}, "hour: 'evening' is not two times such as 17:00-19:00."),
        ({"hour": "24:00-25:00"}, "hour: '24:00-25:00' is not two times such as 17:00-19:00."),
        ({"hour": "19:00-17:00"}, "The hour of doses must end after it starts, on the same day."),
        ({"hour": "17:00-17:00"}, "The hour of doses must end after it starts, on the same day."),
        ({"hour": "21:00-22:00"}, "The hour of doses begins in quiet hours."),
        ({"quiet": "12:00-20:00"}, "The hour of doses begins in quiet hours."),
        ({"timezone": "Mars/Base"}, "timezone: no such time zone: Mars/Base."),
        ({"timezone": "Africa"}, "timezone: no such time zone: Africa."),
        ({"weekdays": []}, "weekdays: at least one weekday is needed."),
        ({"weekdays": "mon, someday"}, "weekdays: 'someday' is no weekday; they are mon, "),
        ({"weekdays": ["sat"]}, "Weekend days need weekends: true."),
        ({"tips": [TIP]}, "Tips go into a campaign of kind tips."),
        ({"kind": "tips"}, "A campaign of tips needs at least one tip."),
        ({"kind": "tips", "tips": [{"fr": "Lavez"}]}, "tips: tip 1 needs a text in English (en)"),
        ({"kind": "tips", "tips": [TIP, {"en": " "}]}, "tips: tip 2 needs a text in English (en)"),
        ({"kind": "tips", "tips": [{"en": "x" * 481}]}, "tips: tip 1 is longer than 480"),
        ({"kind": "tips", "tips": [TIP], "items": ["q"]}, "Items, topics and competencies go"),
        ({"reminder": 72}, "The reminder, in hours before the expiry, must be shorter than it."),
        ({"expiry": 12}, "The reminder, in hours before the expiry, must be shorter than it."),
        ({"budget": {"money": 5}}, "budget: a budget in money needs per_segment or per_template"),
        ({"budget": {"segments": 0}}, "budget.segments: "),
        ({"per_week": 6}, "per_week: "),
        ({"retention": 0.5}, "retention: "),
        ({"spacing": "sm2"}, "spacing: "),
        ({"channel": "fax"}, "channel: "),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(values: dict[str, Any], said: str) -> None:
    [problem] = problems(**values)
    assert problem.startswith(said)
    assert problem.endswith(".")


def test_every_problem_is_named_at_once() -> None:
    found = problems(per_week=9, hour="noon", colour="red")
    assert [one.partition(":")[0] for one in found] == ["per_week", "hour", "colour"]


@pytest.mark.parametrize("data", [None, [], "a campaign", 3])
def test_what_is_no_campaign_at_all(data: Any) -> None:
    with pytest.raises(PlanError, match=r"^A campaign is a list of names and values\.$"):
        read(data)


def test_without_dates_it_is_asked_for_them() -> None:
    with pytest.raises(PlanError) as refused:
        read({})
    assert refused.value.problems == ["start: is missing.", "end: is missing."]


def test_the_weekday_that_is_wrong_is_the_one_that_is_named() -> None:
    assert problems(weekdays=" tuseday")[0].startswith("weekdays: 'tuseday' is no weekday")


def test_no_words_of_a_programmer() -> None:
    said = " ".join(
        problems(weekdays=5)
        + problems(budget=5)
        + problems(cohort="all")
        + problems(per_week="many")
        + problems(items="q1")
    )
    for word in ("tuple", "dictionary", "instance", "parse", "integer", "Input"):
        assert word not in said


@pytest.mark.parametrize(
    "budget", [{"money": math.inf, "per_segment": 0.1}, {"money": 5, "per_segment": math.inf}]
)
def test_an_endless_budget_is_refused(budget: dict[str, Any]) -> None:
    [problem] = problems(budget=budget)
    assert problem.startswith("budget.")


def test_a_character_that_cannot_be_stored_is_refused() -> None:
    [problem] = problems(kind="tips", tips=[{"en": "Wash \x00 your hands."}])
    assert problem.startswith("tips")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@some
@given(st.dictionaries(st.sampled_from(sorted(Plan.model_fields)) | st.text(), anything))
def test_whatever_is_in_the_file_it_is_a_plan_or_sentences(data: dict[str, Any]) -> None:
    for given_data in (data, {**MARCH, **data}):
        found = ["It is a plan."]
        try:
            read(given_data)
        except PlanError as error:
            found = error.problems
        assert found
        assert all(problem.endswith(".") for problem in found)


# What is kept

windows = st.sampled_from(["17:00-19:00", "07:00-20:00", "12:00-12:01", "8h30-9h00", "7-12"])
names = st.lists(
    st.text(st.characters(codec="ascii", min_codepoint=1), min_size=1, max_size=8), max_size=2
)
starts = st.dates(date(2026, 1, 1), date(2026, 12, 1))
lengths = st.integers(0, 120)


# Half of the mentees are put off until the morning, or until Monday.
into_the_night = st.sampled_from(["18:00-23:00", "19:00-23:59"])


@st.composite
def plans(draw: st.DrawFn, windows: st.SearchStrategy[str] = windows) -> Plan:
    start = draw(starts)
    weekends = draw(st.booleans())
    values: dict[str, Any] = {
        "start": start,
        "end": start + timedelta(days=draw(lengths)),
        "hour": draw(windows),
        "per_week": draw(st.integers(1, 5)),
        "weekends": weekends,
        "weekdays": draw(
            st.lists(st.sampled_from(DAYS if weekends else DAYS[:5]), min_size=1, unique=True)
        ),
        "timezone": draw(st.none() | st.sampled_from(ZONES)),
        "own_hour": draw(st.booleans()),
        "summary": draw(st.booleans()),
        "cohort": {"districts": draw(names), "people": draw(names)},
        "budget": draw(st.none() | st.just({"segments": 9}))
        or draw(st.none() | st.just({"money": 2.5, "per_segment": 0.04, "currency": "RWF"})),
        "retention": draw(st.floats(0.80, 0.85)),
        "expiry": 72,
        "reminder": draw(st.integers(0, 71)),
    }
    if draw(st.booleans()):
        values |= {"kind": "tips", "tips": [TIP, {"en": "Rest.", "fr": "Reposez-vous."}]}
    else:
        values |= {"items": draw(names), "topics": draw(names)}
    return read(values)


@some
@given(plans())
def test_a_plan_that_was_written_down_is_read_as_it_was(plan: Plan) -> None:
    written = json.dumps(plan.model_dump(mode="json"), allow_nan=False)
    assert read(json.loads(written)) == plan


def test_days_and_hours_as_people_write_them() -> None:
    plan = read({**MARCH, "weekdays": "Friday; monday, FRI", "hour": "8h30 - 9h00"})
    assert (plan.weekdays, plan.hour) == (("mon", "fri"), "08:30-09:00")
    assert (plan.window, plan.days) == ((time(8, 30), time(9)), {0, 4})


# The moments that follow

wishes = st.none() | st.builds(
    Preference,
    hour=st.none() | st.integers(7, 19),
    per_week=st.none() | st.integers(1, 5),
    weekends=st.none() | st.booleans(),
    paused_until=st.none()
    | st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
)


def span(plan: Plan) -> tuple[datetime, datetime]:
    """From two days before a plan's first day until ten after its last, in any zone."""
    first = datetime.combine(plan.start, time(0), UTC) - timedelta(days=2)
    return first, datetime.combine(plan.end, time(0), UTC) + timedelta(days=10)


@some
@given(
    plans(windows | into_the_night),
    st.sampled_from(ZONES),
    wishes,
    st.lists(st.floats(0, 1), max_size=12),
)
def test_planned_in_pieces_or_at_once_it_is_the_same(
    plan: Plan, timezone: str, wish: Preference | None, cuts: list[float]
) -> None:
    first, last = span(plan)
    ends = [first, *sorted(first + (last - first) * cut for cut in cuts), last]
    how: dict[str, Any] = {"key": "3:14", "timezone": timezone, "wishes": wish}
    pieces = [
        moment
        for start, until in pairwise(ends)
        for moment in moments(plan, start=start, until=until, **how)
    ]
    assert sorted(pieces) == sorted(moments(plan, start=first, until=last, **how))


def test_a_dose_that_waits_for_the_morning_is_planned_whenever_planning_goes_on() -> None:
    """A window that reaches into quiet hours: half of the mentees are put off until seven."""
    plan = read({**MARCH, "hour": "18:00-23:00", "per_week": 5, "summary": False})
    first, last = span(plan)
    night = datetime(2026, 3, 12, 2, 0, tzinfo=UTC)  # four in the morning in Kigali
    for mentee in range(12):
        how: dict[str, Any] = {"key": f"1:{mentee}", "timezone": "Africa/Kigali"}
        pieces = moments(plan, start=first, until=night, **how)
        pieces += moments(plan, start=night, until=last, **how)
        assert pieces == moments(plan, start=first, until=last, **how)


@some
@given(plans(), st.sampled_from(ZONES), wishes)
def test_one_a_day_at_most_and_as_many_a_week_as_wanted(
    plan: Plan, timezone: str, wish: Preference | None
) -> None:
    first, last = span(plan)
    found = moments(plan, key="3:14", timezone=timezone, start=first, until=last, wishes=wish)
    here = ZoneInfo(plan.timezone or timezone)
    doses = [(slot, at.astimezone(here)) for kind, slot, at in found if kind != "summary"]
    assert len({slot for _, slot, _ in found}) == len(found)
    assert all(slot == str(at.date()) for slot, at in doses)
    most = (wish.per_week if wish else None) or plan.per_week
    weeks = Counter(at.isocalendar()[:2] for _, at in doses)
    assert max(weeks.values(), default=0) <= most
    weekends = plan.weekends if wish is None or wish.weekends is None else wish.weekends
    for _, at in doses:
        assert plan.start <= at.date() <= plan.end
        assert weekends or at.weekday() < 5 or plan.start == plan.end
        assert not plan.quiet_hours.holds(at.time())
        if wish is not None and wish.hour is not None and plan.own_hour:
            assert at.hour == wish.hour
        else:
            assert plan.window[0] <= at.time() < plan.window[1]
    if wish is not None and wish.paused_until is not None:
        assert all(at >= wish.paused_until for _, _, at in found)


@some
@given(plans(), st.sampled_from(ZONES))
def test_a_summary_comes_once_and_when_its_week_is_over(plan: Plan, timezone: str) -> None:
    first, last = span(plan)
    found = moments(plan, key="3:14", timezone=timezone, start=first, until=last)
    here = ZoneInfo(plan.timezone or timezone)
    told = [(slot, at.astimezone(here)) for kind, slot, at in found if kind == "summary"]
    if plan.kind == "tips" or not plan.summary:
        assert told == []
    for slot, at in told:
        monday = date.fromisoformat(slot.removeprefix("week:"))
        assert monday.weekday() == 0
        assert timedelta(days=7) <= at.date() - monday < timedelta(days=14)
        assert time(12) <= at.time() < time(13)


def test_what_is_sent_once_is_sent_on_its_day_even_on_a_saturday() -> None:
    saturday = {"start": "2026-03-07", "end": "2026-03-07"}
    plan = read({**saturday, "kind": "tips", "tips": [TIP]})
    first, last = span(plan)
    [(kind, slot, at)] = moments(plan, key="1:1", timezone="Africa/Kigali", start=first, until=last)
    assert (kind, slot, at.date()) == ("tip", "2026-03-07", date(2026, 3, 7))


def test_the_zone_of_the_plan_goes_before_the_mentees() -> None:
    plan = read({**MARCH, "timezone": "Asia/Kathmandu", "summary": False})
    first, last = span(plan)
    how: dict[str, Any] = {"key": "1:1", "start": first, "until": last}
    here = moments(plan, timezone="Africa/Kigali", **how)
    assert here == moments(plan, timezone="America/New_York", **how)
    assert {at.astimezone(ZoneInfo("Asia/Kathmandu")).hour for _, _, at in here} <= {17, 18}
