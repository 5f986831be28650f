"""Duty hours, working time, how long a leave lasts, and the service levels of the programme."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mentoring import duty, levels, until
from bot.mentoring.duty import Calendar
from bot.text.moments import spoken

TUESDAY = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
KIGALI = "Africa/Kigali"
PARIS = "Europe/Paris"
ZONES = st.sampled_from([KIGALI, PARIS, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@st.composite
def weeks(draw: st.DrawFn) -> duty.Hours:
    """Weekly hours with at least one shift, as they are written."""
    parts = draw(
        st.lists(
            st.tuples(
                st.sampled_from(duty.DAYS), st.integers(0, 1439), st.integers(1, 1440)
            ).filter(lambda part: part[1] != part[2]),
            min_size=1,
            max_size=6,
        )
    )
    return duty.read(
        "; ".join(f"{d} {a // 60}:{a % 60:02}-{b // 60}:{b % 60:02}" for d, a, b in parts)
    )


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("mon-fri 08:00-17:00; sat 09:00-12:00", "mon-fri 08:00-17:00; sat 09:00-12:00"),
        ("Mon, Wed 8-12, 14h-17h30", "mon 08:00-12:00, 14:00-17:30; wed 08:00-12:00, 14:00-17:30"),
        ("lundi-vendredi 8h-17h", "mon-fri 08:00-17:00"),
        ("fri 20:00-06:00", "fri 20:00-24:00; sat 00:00-06:00"),
        ("always", "mon-sun 00:00-24:00"),
        ("daily 07:00-20:00", "mon-sun 07:00-20:00"),
        ("sat-mon 10:00-12:00", "mon 10:00-12:00; sat-sun 10:00-12:00"),
    ],
)
def test_hours_as_people_write_them(written: str, shown: str) -> None:
    assert duty.show(duty.read(written)) == shown


@pytest.mark.parametrize(
    "written", ["", "mon", "8-17", "mon 17", "mon 25:00-26:00", "mon 8:75-9", "xyz 8-9", "mon 8-8"]
)
def test_hours_that_cannot_be_read_are_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"day|time|like|hours"):
        duty.read(written)


@given(weeks())
def test_hours_survive_being_stored_and_shown(hours: duty.Hours) -> None:
    assert duty.from_json(duty.to_json(hours)) == hours
    assert duty.read(duty.show(hours)) == hours


@given(weeks(), ZONES, MOMENTS)
def test_the_next_duty_is_on_duty_and_nothing_before_it_is(
    hours: duty.Hours, zone: str, moment: datetime
) -> None:
    calendar = Calendar(hours, zone)
    found = duty.next_on(moment, calendar)
    assert found is not None
    assert moment <= found <= moment + timedelta(days=8)
    assert duty.is_on(found, calendar)
    if found > moment:
        between = moment + (found - moment) / 2
        assert not duty.is_on(moment, calendar)
        assert not duty.is_on(between, calendar)


@given(weeks(), ZONES, MOMENTS, st.integers(1, 6000), st.integers(1, 6000))
def test_working_time_adds_up(
    hours: duty.Hours, zone: str, moment: datetime, first: int, second: int
) -> None:
    calendar = Calendar(hours, zone)
    one, two = timedelta(minutes=first), timedelta(minutes=second)
    halfway = duty.after(moment, one, calendar)
    assert halfway >= moment + one
    assert duty.after(halfway, two, calendar) == duty.after(moment, one + two, calendar)


def test_working_time_through_nights_and_changes_of_daylight_saving() -> None:
    office = Calendar(duty.read("mon-fri 08:00-17:00"), PARIS)
    friday = datetime(2026, 3, 27, 15, 0, tzinfo=ZoneInfo(PARIS))
    # Summer time begins on the Sunday between: 08:00 on Monday is an hour sooner in UTC.
    assert duty.after(friday, timedelta(hours=4), office) == datetime(2026, 3, 30, 8, tzinfo=UTC)
    night = Calendar(duty.read("sun 01:00-04:00"), PARIS)
    spring, autumn = (
        datetime(2026, month, day, 0, 0, tzinfo=ZoneInfo(PARIS))
        for month, day in ((3, 29), (10, 25))
    )
    ends = [
        end - start
        for day in (spring, autumn)
        for start, end in duty._spans(day, night)
        if day <= start < day + timedelta(days=1)
    ]
    assert ends == [timedelta(hours=2), timedelta(hours=4)]


@pytest.mark.parametrize(
    ("words", "local"),
    [
        ("3 days", "2026-03-06 00:00"),
        ("2 weeks", "2026-03-17 00:00"),
        ("for 3 hours", "2026-03-03 14:00"),
        ("until Monday", "2026-03-09 00:00"),
        ("until Tuesday", "2026-03-10 00:00"),
        ("until tomorrow", "2026-03-04 00:00"),
        ("until 15 March", "2026-03-15 00:00"),
        ("until 1/2", "2027-02-01 00:00"),
        ("3 jours", "2026-03-06 00:00"),
        ("une semaine", "2026-03-10 00:00"),
        ("jusqu'à lundi", "2026-03-09 00:00"),
        ("jusqu'au 15 août", "2026-08-15 00:00"),
        ("iminsi 3", None),
        ("until further notice", None),
        ("400 days", None),
        ("0 days", None),
        ("until 31/2", None),
    ],
)
def test_how_long_a_leave_lasts(words: str, local: str | None) -> None:
    found = until.ends(words, TUESDAY, KIGALI)
    shown = found and f"{found.astimezone(ZoneInfo(KIGALI)):%Y-%m-%d %H:%M}"
    assert shown == local


@given(st.text(max_size=30), MOMENTS, ZONES)
def test_a_leave_ends_later_or_cannot_be_read(words: str, now: datetime, zone: str) -> None:
    found = until.ends(words, now, zone)
    assert found is None or now < found <= now + until.LONGEST + timedelta(days=1)


def test_moments_as_they_are_said() -> None:
    def said(hours: float, language: str) -> str:
        return spoken(TUESDAY + timedelta(hours=hours), TUESDAY, KIGALI, language)

    assert [said(hours, "en") for hours in (4.5, 20, 48, 300)] == [
        "15:30 today", "07:00 tomorrow", "11:00 on Thursday", "23:00 on 15 March",
    ]  # fmt: skip
    assert [said(hours, "fr") for hours in (4.5, 20, 48, 300)] == [
        "aujourd'hui à 15 h 30", "demain à 7 h", "jeudi à 11 h", "le 15 mars à 23 h",
    ]  # fmt: skip


def test_service_levels_are_data(tmp_path: Path) -> None:
    shipped = levels.shipped()
    assert shipped.urgent.at_once == 2
    # Pass on before the mentee hears that it was passed on in vain, and the coordinator first.
    for level in (shipped.normal, shipped.urgent):
        assert level.remind < level.pass_on <= level.alert < level.apologise < level.follow_up
    text = levels.SHIPPED.read_text("utf-8")
    own = tmp_path / "service.yml"
    for old, new, complaint in [
        ("remind: 4h", "remind: soon", "normal.remind is not a time such as"),
        ("most_open: 12", "most_open: 0", "most_open is not a number from 1"),
        ("mon-sun 07:00-20:00", "whenever", "business_hours: 'whenever' is not like"),
        ("  at_once: 2\n", "", "urgent lacks at_once"),
        ("clock time", "moons", "urgent.counted_in is neither"),
        ("most_a_day: 30", "most_a_day: 30\nextra: 1", "service.yml has extra"),
    ]:
        own.write_text(text.replace(old, new), "utf-8")
        with pytest.raises(ValueError, match=complaint):
            levels.read(own)
    own.write_text(text.replace("remind: 4h", "remind: 90m"), "utf-8")
    assert levels.read(own).normal.remind == timedelta(minutes=90)
