"""Days and hours in words: every way of writing one gives that one, and nothing else is lost."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text import dates
from bot.text.moments import dated

TODAY = date(2026, 11, 28)  # a Saturday
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "rw": "Mutarama Gashyantare Werurwe Mata Gicurasi Kamena Nyakanga Kanama Nzeri Ukwakira "
    "Ugushyingo Ukuboza",
    "sw": "Januari Februari Machi Aprili Mei Juni Julai Agosti Septemba Oktoba Novemba Desemba",
}
DAYS = st.integers(0, 364).map(lambda ahead: TODAY + timedelta(days=ahead))


@pytest.mark.parametrize(
    ("text", "day", "hour", "rest"),
    [
        ("Rukara HC 12 Dec 9:00 pph, newborn", (12, 12), (9, 0), "Rukara HC, pph, newborn"),
        ("Rukara 12/12 14h30", (12, 12), (14, 30), "Rukara"),
        ("tomorrow 9 am", (11, 29), (9, 0), ""),
        ("demain à 14h", (11, 29), (14, 0), ""),
        ("après-demain", (11, 30), None, ""),
        ("lundi prochain, Gahini", (11, 30), None, "Gahini"),
        ("on Saturday at 8.30", (12, 5), (8, 30), ""),
        ("Gahini le 1er décembre à midi", (12, 1), (12, 0), "Gahini"),
        ("December 3rd, 10:15", (12, 3), (10, 15), ""),
        ("2026-12-24 08:00", (12, 24), (8, 0), ""),
        ("9.30", None, (9, 30), ""),
        ("in 2 weeks", (12, 12), None, ""),
        ("ku wa mbere 9:00", (11, 30), (9, 0), ""),
        ("jumatano", (12, 2), None, ""),
        ("today 5 pm imci", (11, 28), (17, 0), "imci"),
        ("31/02 9:00", None, (9, 0), "31/02"),
        ("25:00", None, None, "25:00"),
        ("Nyamata, marché", None, None, "Nyamata, marché"),
        ("saa 3", None, None, "saa 3"),
        ("hier 14h", (11, 27), (14, 0), ""),
    ],
)
def test_what_people_write(
    text: str, day: tuple[int, int] | None, hour: tuple[int, int] | None, rest: str
) -> None:
    found = dates.read(text, TODAY)
    assert found.day == (None if day is None else date(2026, *day))
    assert found.hour == (None if hour is None else time(*hour))
    assert found.rest == rest


@given(
    DAYS,
    st.times(),
    st.sampled_from(sorted(MONTHS)),
    st.sampled_from(["{d} {m}", "{d} {m} {y}", "{d}/{n}", "{d}/{n}/{y}", "{y}-{n:02}-{d:02}"]),
    st.sampled_from(["{h}:{i:02}", "{h}h{i:02}", "{h} h {i:02}"]),
    st.sampled_from(["", "Rukara", "Gahini HC"]),
    st.sampled_from(["", "pph", "newborn, anc"]),
)
def test_any_day_and_hour_is_read_as_it_was_written(
    day: date, hour: time, language: str, one: str, other: str, before: str, after: str
) -> None:
    month = MONTHS[language].split()[day.month - 1]
    written = one.format(d=day.day, m=month, n=day.month, y=day.year)
    clock = other.format(h=hour.hour, i=hour.minute)
    found = dates.read(f"{before} {written} {clock} {after}", TODAY)
    assert found.day == day
    assert found.hour == hour.replace(second=0, microsecond=0)
    assert found.rest == ", ".join(filter(None, (before, after)))


@given(
    DAYS,
    st.sampled_from(["en", "fr"]),
    st.times(),
)
def test_what_we_say_is_read_again(day: date, language: str, hour: time) -> None:
    moment = datetime.combine(day, hour.replace(second=0, microsecond=0), tzinfo=UTC)
    found = dates.read(dated(moment, "UTC", language), TODAY)
    assert dates.moment(found, "UTC") == moment


@given(st.text(), DAYS)
def test_no_text_breaks_it_and_no_day_is_past(text: str, today: date) -> None:
    found = dates.read(text, today)
    yesterday = today - timedelta(days=1)
    assert found.day is None or found.day >= yesterday or str(found.day.year)[2:] in text
    assert dates.read(found.rest, today).rest is not None


@given(DAYS, st.times(), st.sampled_from(["Africa/Kigali", "Europe/Paris", "Asia/Kolkata"]))
def test_a_moment_is_in_the_mentors_own_time(day: date, hour: time, zone: str) -> None:
    hour = hour.replace(second=0, microsecond=0)
    found = dates.moment(dates.Read(day, hour, ""), zone)
    assert found is not None
    assert found.tzinfo is UTC
    there = datetime.combine(day, hour, ZoneInfo(zone))
    assert found == there.astimezone(UTC)


def test_a_day_by_itself() -> None:
    assert dates.day_of("le 12 décembre", TODAY) == date(2026, 12, 12)
    assert dates.day_of("Friday", TODAY) == date(2026, 12, 4)
    assert dates.day_of("12 Dec at 9:00", TODAY) is None
    assert dates.day_of("in the ward", TODAY) is None
