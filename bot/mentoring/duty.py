"""A mentor's week: when on duty, when next, and how long something takes in working time.

Weekly hours are local; every moment that comes in or goes out is aware and UTC. Changes of
daylight saving: a local time that does not exist is moved on by the length of the gap; of one
that comes twice, duty begins at the first and ends at the second.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.text.fold import fold

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES: Final = {
    "monday": 0, "tuesday": 1, "tues": 1, "wednesday": 2, "thursday": 3, "thurs": 3, "friday": 4,
    "saturday": 5, "sunday": 6, "lundi": 0, "mardi": 1, "mercredi": 2, "jeudi": 3, "vendredi": 4,
    "samedi": 5, "dimanche": 6, "lun": 0, "mar": 1, "mer": 2, "jeu": 3, "ven": 4, "sam": 5,
    "dim": 6, **{day: number for number, day in enumerate(DAYS)},
}  # fmt: skip
_EVERY: Final = {"daily", "every day", "tous les jours"}
_ALWAYS: Final = {"always", "toujours"}
DAY_MINUTES: Final = 24 * 60
# Weekly hours come round in seven days; a change of daylight saving may cost one of them.
_HORIZON: Final = 15

# Minutes of the local day, the later one excluded; seven days from Monday.
Hours = tuple[tuple[tuple[int, int], ...], ...]


@dataclass(frozen=True)
class Calendar:
    """Weekly hours in a time zone (an IANA name)."""

    hours: Hours
    zone: str


def weekday(name: str) -> int | None:
    """0 for Monday to 6 for Sunday, from an English or French name or its short form."""
    return _NAMES.get(fold(name))


def read(text: str) -> Hours:
    """Hours as people write them: ``mon-fri 08:00-12:00, 14:00-17:00; sat 09:00-12:00``.

    A shift may pass midnight (``fri 20:00-06:00``). ``always`` is every hour of the week.

    Raises:
        ValueError: one clause that says what cannot be read.
    """
    found: list[list[tuple[int, int]]] = [[] for _ in DAYS]
    parts = [part.strip() for part in text.split(";") if part.strip()]
    days: Sequence[int]
    for part in parts:
        if fold(part) in _ALWAYS:
            days, shifts = range(7), [(0, DAY_MINUTES)]
        else:
            match = re.fullmatch(r"(\D+?)[\s:]+(\d.*)", part)
            if match is None:
                raise ValueError(f"{part!r} is not like mon-fri 08:00-17:00")
            days, shifts = _days(match[1]), [_shift(shift) for shift in match[2].split(",")]
        for day in days:
            for start, end in shifts:
                if end > start:
                    found[day].append((start, end))
                else:
                    found[day].append((start, DAY_MINUTES))
                    if end:
                        found[(day + 1) % 7].append((0, end))
    if not parts:
        raise ValueError("no hours are named")
    return tuple(_merged(shifts) for shifts in found)


def _days(words: str) -> Sequence[int]:
    if fold(words) in _EVERY:
        return range(7)
    days: list[int] = []
    for word in filter(None, re.split(r"[,/&]|\band\b|\bet\b", words)):
        ends = [weekday(end) for end in re.split(r"\s*[-–]\s*|\s+to\s+|\s+au?\s+", word.strip())]
        if None in ends or len(ends) > 2:
            raise ValueError(f"{word.strip()!r} is no day of the week")
        first, last = ends[0] or 0, ends[-1] or 0
        days += [(first + step) % 7 for step in range((last - first) % 7 + 1)]
    return days


_SHIFT: Final = re.compile(r"(\d{1,2})(?:[:h.](\d{2})?)?\s*[-–]\s*(\d{1,2})(?:[:h.](\d{2})?)?")


def _shift(text: str) -> tuple[int, int]:
    found = _SHIFT.fullmatch(text.strip())
    if found is not None:
        start, end = (int(found[hour]) * 60 + int(found[hour + 1] or 0) for hour in (1, 3))
        minutes_fit = all(int(found[n] or 0) < 60 for n in (2, 4))
        if minutes_fit and start < DAY_MINUTES and end <= DAY_MINUTES and start != end:
            return start, end
    raise ValueError(f"{text.strip()!r} is not a time such as 08:00-17:00")


def _merged(shifts: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(shifts):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def to_json(hours: Hours) -> dict[str, list[list[str]]]:
    """Hours as they are stored: ``{"mon": [["08:00", "17:00"]], …}``; days without are left out."""
    return {
        day: [[_clock(start), _clock(end)] for start, end in shifts]
        for day, shifts in zip(DAYS, hours, strict=True)
        if shifts
    }


def from_json(stored: Mapping[str, Any]) -> Hours | None:
    """Hours from what is stored; ``None`` when none are."""
    if not stored:
        return None
    return tuple(
        tuple((_minutes(start), _minutes(end)) for start, end in stored.get(day, ()))
        for day in DAYS
    )


def show(hours: Hours) -> str:
    """Hours as a person would write them, days with the same hours together."""
    parts: list[str] = []
    day = 0
    while day < 7:
        last = day
        while last < 6 and hours[last + 1] == hours[day]:
            last += 1
        if hours[day]:
            name = DAYS[day] if last == day else f"{DAYS[day]}-{DAYS[last]}"
            shifts = (f"{_clock(start)}-{_clock(end)}" for start, end in hours[day])
            parts.append(f"{name} {', '.join(shifts)}")
        day = last + 1
    return "; ".join(parts)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def is_on(moment: datetime, calendar: Calendar) -> bool:
    """Whether a moment (aware) falls into the hours."""
    return next_on(moment, calendar) == moment.astimezone(UTC)


def next_on(moment: datetime, calendar: Calendar) -> datetime | None:
    """The moment itself when it falls into the hours, else when they next begin; never: None."""
    for start, end in _spans(moment, calendar):
        if end > moment:
            return max(start, moment.astimezone(UTC))
    return None


def after(start: datetime, working: timedelta, calendar: Calendar) -> datetime:
    """The moment at which this much working time has passed since ``start`` (aware).

    Raises:
        ValueError: the calendar has no hours.
    """
    left = working
    moment = start.astimezone(UTC)
    while True:
        before = left
        for begins, ends in _spans(moment, calendar):
            if ends <= moment:
                continue
            begins = max(begins, moment)
            if ends - begins >= left:
                return begins + left
            left -= ends - begins
            moment = ends
        if left == before:
            raise ValueError("a calendar without hours")


def _spans(moment: datetime, calendar: Calendar) -> Iterator[tuple[datetime, datetime]]:
    """Spells of duty in UTC, in order and apart, from the local day before ``moment``."""
    here = ZoneInfo(calendar.zone)
    today = moment.astimezone(here).date()
    last: datetime | None = None
    for offset in range(-1, _HORIZON):
        day = today + timedelta(days=offset)
        for start, end in calendar.hours[day.weekday()]:
            midnight = datetime.combine(day, time(), here)
            begins, ends = (midnight + timedelta(minutes=minutes) for minutes in (start, end))
            begins = begins.astimezone(UTC)
            ends = max(ends.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
            if last is not None:
                begins = max(begins, last)
            if ends > begins:
                yield begins, ends
                last = ends
