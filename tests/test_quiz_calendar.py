"""Dose times, quiet hours, expiry and reminders, in zones with every kind of clock change."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.quizzes.calendar import (
    EXPIRY,
    QUIET,
    Quiet,
    expires,
    is_allowed,
    next_allowed,
    plan,
    reminder,
)

DAY = timedelta(days=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
ALL_WEEK = frozenset(range(7))
ZONES = [
    "Africa/Kigali",
    "Europe/Paris",
    "America/New_York",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "America/St_Johns",
]


def local(moments: list[datetime], timezone: str) -> list[datetime]:
    return [moment.astimezone(ZoneInfo(timezone)) for moment in moments]


def at(text: str, timezone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def test_three_a_week_after_work_in_kigali() -> None:
    doses = plan("Africa/Kigali", date(2025, 3, 3), date(2025, 3, 30), "m1", LONG_AGO)
    assert len(doses) == 12
    assert {dose.tzinfo for dose in doses} == {UTC}
    for dose in local(doses, "Africa/Kigali"):
        assert dose.weekday() in {0, 2, 4}
        assert time(17) <= dose.time() < time(19)
    assert len({dose.time() for dose in doses}) == 1


@pytest.mark.parametrize(
    ("timezone", "change"),
    [
        ("Europe/Paris", date(2025, 3, 30)),
        ("Europe/Paris", date(2025, 10, 26)),
        ("America/New_York", date(2025, 3, 9)),
        ("America/New_York", date(2025, 11, 2)),
        ("Africa/Casablanca", date(2025, 2, 23)),
        ("Africa/Casablanca", date(2025, 4, 6)),
        ("Africa/Cairo", date(2025, 4, 25)),
    ],
)
def test_the_local_hour_stays_through_a_change(timezone: str, change: date) -> None:
    doses = plan(
        timezone,
        change - 7 * DAY,
        change + 7 * DAY,
        "m1",
        LONG_AGO,
        weekdays=ALL_WEEK,
        per_week=7,
        weekends=True,
    )
    here = local(doses, timezone)
    assert len(here) == 15
    assert len({dose.time() for dose in here}) == 1
    assert len({dose.time() for dose in doses}) == 2


def test_an_hour_that_does_not_exist_is_moved_on() -> None:
    night = {
        "weekdays": ALL_WEEK,
        "per_week": 7,
        "weekends": True,
        "quiet": Quiet(time(0), time(0)),
    }
    doses = plan(
        "Europe/Paris", date(2025, 3, 29), date(2025, 3, 31), "m", LONG_AGO, hour=2, **night
    )  # type: ignore[arg-type]
    hours = [dose.hour for dose in local(doses, "Europe/Paris")]
    assert hours == [2, 3, 2]


def test_an_hour_that_comes_twice_is_used_once() -> None:
    night = {
        "weekdays": ALL_WEEK,
        "per_week": 7,
        "weekends": True,
        "quiet": Quiet(time(0), time(0)),
    }
    doses = plan(
        "Europe/Paris", date(2025, 10, 25), date(2025, 10, 27), "m", LONG_AGO, hour=2, **night
    )  # type: ignore[arg-type]
    assert [dose.hour for dose in doses] == [0, 0, 1]
    assert [dose.hour for dose in local(doses, "Europe/Paris")] == [2, 2, 2]


def test_a_day_that_does_not_exist_has_no_dose() -> None:
    doses = plan(
        "Pacific/Apia",
        date(2011, 12, 28),
        date(2012, 1, 1),
        "m",
        LONG_AGO,
        weekdays=ALL_WEEK,
        per_week=7,
        weekends=True,
    )
    days = [(dose.month, dose.day) for dose in local(doses, "Pacific/Apia")]
    assert days == [(12, 28), (12, 29), (12, 31), (1, 1)]


def test_the_chosen_hour() -> None:
    doses = plan("Africa/Kigali", date(2025, 3, 3), date(2025, 3, 9), "m", LONG_AGO, hour=12)
    assert all(time(12) <= dose.time() < time(12, 30) for dose in local(doses, "Africa/Kigali"))


def test_a_chosen_quiet_hour_waits_until_morning_and_is_still_spread() -> None:
    starts = set()
    for number in range(50):
        doses = plan(
            "Africa/Kigali", date(2025, 3, 3), date(2025, 3, 7), f"m{number}", LONG_AGO, hour=22
        )
        here = local(doses, "Africa/Kigali")
        assert [dose.weekday() for dose in here] == [1, 3]
        starts |= {dose.time() for dose in here}
    assert min(starts) >= time(7)
    assert max(starts) < time(7, 30)
    assert len(starts) > 40


def test_weekends_only_when_wanted() -> None:
    saturday, monday = date(2025, 3, 8), date(2025, 3, 10)
    weekend = frozenset({5, 6})
    assert plan("Africa/Kigali", saturday, monday, "m", LONG_AGO, weekdays=weekend) == []
    wanted = plan("Africa/Kigali", saturday, monday, "m", LONG_AGO, weekdays=weekend, weekends=True)
    assert [dose.weekday() for dose in wanted] == [5, 6]


def test_days_of_a_week_are_far_apart_and_differ_between_mentees() -> None:
    week = (date(2025, 3, 3), date(2025, 3, 9))
    pairs = set()
    for number in range(40):
        doses = plan("UTC", *week, f"m{number}", LONG_AGO, per_week=2)
        pairs.add(tuple(dose.weekday() for dose in doses))
    assert pairs == {(0, 3), (1, 4), (0, 4)}
    five = plan("UTC", *week, "m", LONG_AGO, per_week=7)
    assert [dose.weekday() for dose in five] == [0, 1, 2, 3, 4]


def test_nothing_is_planned_before_now() -> None:
    now = at("2025-03-05T17:59", "Africa/Kigali")
    doses = plan("Africa/Kigali", date(2025, 3, 3), date(2025, 3, 9), "m", now)
    every = plan("Africa/Kigali", date(2025, 3, 3), date(2025, 3, 9), "m", LONG_AGO)
    assert doses == [dose for dose in every if dose >= now]
    assert plan("UTC", date(2025, 3, 9), date(2025, 3, 3), "m", LONG_AGO) == []


def test_a_cohort_is_spread_evenly() -> None:
    minutes: Counter[int] = Counter()
    for number in range(6000):
        (dose,) = plan(
            "UTC", date(2025, 3, 3), date(2025, 3, 3), f"m{number}", LONG_AGO, per_week=5
        )
        minutes[dose.hour * 60 + dose.minute - 17 * 60] += 1
    assert set(minutes) == set(range(120))
    assert max(minutes.values()) < 2 * 6000 / 120


@pytest.mark.parametrize(
    ("moment", "wanted"),
    [
        ("2025-03-03T12:00", "2025-03-03T12:00"),
        ("2025-03-03T19:59:59", "2025-03-03T19:59:59"),
        ("2025-03-03T20:00", "2025-03-04T07:00"),
        ("2025-03-04T06:59", "2025-03-04T07:00"),
        ("2025-03-04T00:00", "2025-03-04T07:00"),
        ("2025-03-07T20:00", "2025-03-10T07:00"),
        ("2025-03-08T12:00", "2025-03-10T07:00"),
        ("2025-03-09T23:00", "2025-03-10T07:00"),
    ],
)
def test_next_allowed_in_kigali(moment: str, wanted: str) -> None:
    zone = "Africa/Kigali"
    assert next_allowed(at(moment, zone), zone) == at(wanted, zone)


def test_next_allowed_over_a_change_of_the_clock_and_over_a_missing_day() -> None:
    night = at("2025-03-29T22:00", "Europe/Paris")
    assert next_allowed(night, "Europe/Paris", weekends=True) == datetime(
        2025, 3, 30, 5, tzinfo=UTC
    )
    evening = at("2011-12-29T21:00", "Pacific/Apia")
    morning = next_allowed(evening, "Pacific/Apia", weekends=True)
    assert morning == at("2011-12-31T07:00", "Pacific/Apia")
    assert morning - evening == timedelta(hours=10)


def test_a_quiet_end_in_the_doubled_hour() -> None:
    quiet = Quiet(time(0), time(2, 30))
    second_pass = datetime(2025, 10, 26, 1, 15, tzinfo=UTC)  # 02:15 for the second time
    assert next_allowed(second_pass, "Europe/Paris", quiet, True) == datetime(
        2025, 10, 26, 1, 30, tzinfo=UTC
    )


def test_one_minute_a_day_is_found() -> None:
    hours = Quiet(time(12, 1), time(12))
    assert next_allowed(at("2025-03-07T13:00"), "UTC", hours) == at("2025-03-10T12:00")


def test_expiry_after_72_hours() -> None:
    sent = at("2025-03-28T17:30", "Europe/Paris")
    assert expires(sent) - sent == EXPIRY == timedelta(hours=72)


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        ("2025-03-03T17:30", "2025-03-05T17:30"),  # Monday: Wednesday, a day before expiry
        ("2025-03-05T17:30", "2025-03-07T17:30"),  # Wednesday: Friday
        ("2025-03-06T17:30", "2025-03-07T17:30"),  # Thursday: Saturday is brought forward
        ("2025-03-07T17:30", "2025-03-10T07:00"),  # Friday: Sunday waits until Monday morning
    ],
)
def test_the_reminder_on_allowed_days(sent: str, wanted: str) -> None:
    zone = "Africa/Kigali"
    assert reminder(at(sent, zone), zone) == at(wanted, zone)


def test_no_reminder_where_none_fits() -> None:
    sent = at("2025-03-07T19:30", "Africa/Kigali")
    assert reminder(sent, "Africa/Kigali", expiry=timedelta(hours=24)) is None
    assert reminder(sent, "Africa/Kigali", expiry=timedelta(hours=3)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"timezone": "Africa/Nowhere"},
        {"timezone": "../etc/passwd"},
        {"timezone": ""},
        {"now": datetime(2025, 1, 1)},
        {"per_week": 0},
        {"weekdays": frozenset({7})},
        {"hour": 24},
        {"window": (time(19), time(17))},
    ],
)
def test_what_cannot_be_planned(wrong: dict[str, object]) -> None:
    sound = {
        "timezone": "UTC",
        "start": date(2025, 3, 3),
        "end": date(2025, 3, 3),
        "key": "m",
        "now": LONG_AGO,
    }
    with pytest.raises(ValueError):  # noqa: PT011  several sentences
        plan(**{**sound, **wrong})  # type: ignore[arg-type]


MOMENTS = st.datetimes(datetime(2011, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
HOURS = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30]))
QUIETS = st.one_of(st.just(QUIET), st.builds(Quiet, HOURS, HOURS))


@given(MOMENTS, st.sampled_from(ZONES), QUIETS, st.booleans())
def test_next_allowed_is_allowed_and_not_long_off(
    moment: datetime, timezone: str, quiet: Quiet, weekends: bool
) -> None:
    found = next_allowed(moment, timezone, quiet, weekends)
    assert found >= moment
    assert found - moment < 5 * DAY
    assert is_allowed(found, timezone, quiet, weekends)
    assert next_allowed(found, timezone, quiet, weekends) == found
    if is_allowed(moment, timezone, quiet, weekends):
        assert found == moment


@given(MOMENTS, st.sampled_from(["Africa/Kigali", "Asia/Kathmandu"]), QUIETS, st.booleans())
def test_next_allowed_is_the_first_such_time(
    moment: datetime, timezone: str, quiet: Quiet, weekends: bool
) -> None:
    found = next_allowed(moment, timezone, quiet, weekends)
    quarter = timedelta(minutes=15)
    before = found - quarter
    while before >= moment:
        assert not is_allowed(before, timezone, quiet, weekends)
        before -= quarter


@given(
    st.sampled_from(ZONES),
    st.dates(date(2011, 1, 1), date(2029, 1, 1)),
    st.integers(0, 60),
    st.text(max_size=8),
    st.frozensets(st.integers(0, 6)),
    st.integers(1, 7),
    st.one_of(st.none(), st.integers(0, 23)),
    QUIETS,
    st.booleans(),
    MOMENTS,
)
def test_what_holds_for_every_plan(
    timezone: str,
    start: date,
    length: int,
    key: str,
    weekdays: frozenset[int],
    per_week: int,
    hour: int | None,
    quiet: Quiet,
    weekends: bool,
    now: datetime,
) -> None:
    end = start + length * DAY

    def planned(now: datetime) -> list[datetime]:
        return plan(
            timezone,
            start,
            end,
            key,
            now,
            weekdays=weekdays,
            per_week=per_week,
            hour=hour,
            quiet=quiet,
            weekends=weekends,
        )

    doses = planned(LONG_AGO)
    assert doses == sorted(doses)
    here = local(doses, timezone)
    assert len({dose.date() for dose in here}) == len(here)
    assert all(start <= dose.date() <= end for dose in here)
    assert all(is_allowed(dose, timezone, quiet, weekends) for dose in doses)
    weeks = Counter(dose.isocalendar()[:2] for dose in here)
    assert all(number <= per_week for number in weeks.values())
    assert planned(now) == [dose for dose in doses if dose >= now]


@given(MOMENTS, st.sampled_from(ZONES), QUIETS, st.booleans(), st.integers(0, 60))
def test_a_reminder_is_inside_and_allowed(
    sent: datetime, timezone: str, quiet: Quiet, weekends: bool, before: int
) -> None:
    found = reminder(sent, timezone, quiet, weekends, before=timedelta(hours=before))
    if found is not None:
        assert sent < found < expires(sent)
        assert is_allowed(found, timezone, quiet, weekends)
