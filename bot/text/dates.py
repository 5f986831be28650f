"""Days and hours as people write them: "12 Dec 9:00", "demain 14h30", "lundi", "12/12".

English, French, Kinyarwanda and Swahili names; days stand before months. An hour in Swahili
("saa 3") counts from sunrise for some and from midnight for others, so it is not read.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "january janvier jan janv mutarama januari",
            "february fevrier feb fev fevr gashyantare februari",
            "march mars mar werurwe machi",
            "april avril apr avr mata aprili",
            "may mai gicurasi mei",
            "june juin jun kamena juni",
            "july juillet jul juil nyakanga julai",
            "august aout aug kanama agosti",
            "september septembre sep sept nzeri septemba",
            "october octobre oct ukwakira oktoba",
            "november novembre nov ugushyingo novemba",
            "december decembre dec ukuboza desemba",
        ),
        start=1,
    )
    for name in names.split()
}
_WEEKDAYS: Final = {
    name: number
    for number, names in enumerate(
        (
            "monday lundi mon lun jumatatu|ku wa mbere",
            "tuesday mardi tues tue mardi jumanne|ku wa kabiri",
            "wednesday mercredi wed mer jumatano|ku wa gatatu",
            "thursday jeudi thurs thu jeu alhamisi|ku wa kane",
            "friday vendredi fri ven ijumaa|ku wa gatanu",
            "saturday samedi sat sam jumamosi|ku wa gatandatu",
            "sunday dimanche sun dim jumapili|ku cyumweru",
        )
    )
    for part in names.split("|")
    for name in ([part] if part.startswith("ku ") else part.split())
}
_TODAY: Final = ("today", "aujourd hui", "uyu munsi", "leo")
_TOMORROW: Final = ("tomorrow", "demain", "ejo hazaza", "ejo", "kesho")
_YESTERDAY: Final = ("yesterday", "hier", "ejo hashize", "jana")
_AFTER: Final = ("day after tomorrow", "apres demain", "ejobundi", "kesho kutwa")
_UNITS: Final = {
    **dict.fromkeys(("day", "days", "jour", "jours"), 1),
    **dict.fromkeys(("week", "weeks", "semaine", "semaines"), 7),
}


def _any(names: object) -> str:
    words = sorted(map(str, names), key=len, reverse=True)  # type: ignore[call-overload]
    return "(?:" + "|".join(word.replace(" ", r"\W+") for word in words) + ")"


_ORDINAL: Final = r"(?:st|nd|rd|th|er|eme)?"
_YEAR: Final = r"(?:\W{1,2}(20\d\d))?"
_NUMBERED: Final = (
    (re.compile(r"\b(20\d\d)-(\d{1,2})-(\d{1,2})\b"), "ymd"),
    (re.compile(r"(?<![\d:.])(\d{1,2})([/.-])(\d{1,2})(?:\2(20\d\d|\d\d))?(?![\d:])"), "dmy"),
    (
        re.compile(
            rf"(?<![\d:])\b(\d{{1,2}})\s*{_ORDINAL}(?:\s+of|\s+ya)?\s*({_any(_MONTHS)})\b\.?{_YEAR}"
        ),
        "d month",
    ),
    (re.compile(rf"\b({_any(_MONTHS)})\.?\s+(\d{{1,2}}){_ORDINAL}\b(?!\s*[:h]){_YEAR}"), "month d"),
)
_BY_NAME: Final = (
    (re.compile(rf"\b{_any(_AFTER)}\b"), 2),
    (re.compile(rf"\b{_any(_YESTERDAY)}\b"), -1),
    (re.compile(rf"\b{_any(_TODAY)}\b"), 0),
    (re.compile(rf"\b{_any(_TOMORROW)}\b"), 1),
)
_IN: Final = re.compile(rf"\b(?:in|dans)\s+(\d{{1,3}}|an?|une?)\s+({_any(_UNITS)})\b")
_WEEKDAY: Final = re.compile(
    rf"(?:\b(?:next|on)\s+)?\b({_any(_WEEKDAYS)})\b\.?(?:\s+(?:prochaine?|next))?"
)
_HOURS: Final = (
    re.compile(r"(?:\b(?:at|a)\s+)?\b(\d{1,2})\s*(?::|h)\s*(\d{2})\s*(am|pm)?\b"),
    re.compile(r"(?:\b(?:at|a)\s+)?\b(\d{1,2})\.(\d{2})\s*(am|pm)?\b"),
    re.compile(r"(?:\b(?:at|a)\s+)?\b(\d{1,2})()\s*(am|pm)\b"),
    re.compile(r"(?:\b(?:at|a)\s+)?\b(\d{1,2})\s*(?:h|heures?|hrs?)()()\b"),
)
_NOON: Final = re.compile(r"(?:\b(?:at|a)\s+)?\b(?:noon|midi)\b")


@dataclass(frozen=True)
class Read:
    """What a text says of when; ``rest``: what is left of it, as typed."""

    day: date | None
    hour: time | None
    rest: str


def read(text: str, today: date) -> Read:
    """The first day and the first hour in a text, which may say other things as well.

    A day without a year is the next one of that name, today included; a weekday is never today.
    """
    plain = _plain(text)
    day, span = _day(plain, today)
    if span is not None:
        text, plain = _without(text, span), _without(plain, span)
    hour, span = _hour(plain)
    if span is not None:
        text = _without(text, span)
    return Read(day, hour, _tidy(text))


def day_of(text: str, today: date) -> date | None:
    """The day that a text names, if it says nothing else but "on" or "le"."""
    found = read(text, today)
    alone = found.hour is None and _plain(found.rest).strip() in ("", "on", "le", "the", "ku")
    return found.day if alone else None


def moment(found: Read, timezone: str) -> datetime | None:
    """Day and hour in a time zone (IANA) as a moment, aware UTC; ``None``: one is not said."""
    if found.day is None or found.hour is None:
        return None
    return datetime.combine(found.day, found.hour, ZoneInfo(timezone)).astimezone(UTC)


def _plain(text: str) -> str:
    """Lower case without accents, sign for sign, so that places in it are places in ``text``."""
    return "".join((unicodedata.normalize("NFKD", sign).lower() or " ")[0] for sign in text)


def _without(text: str, span: tuple[int, int]) -> str:
    return f"{text[: span[0]]} \n {text[span[1] :]}"


def _tidy(text: str) -> str:
    """``text`` without the gaps, and the signs and small words that held what was taken out."""
    parts = [
        re.sub(r"(?i)(?:^|\s)(?:on|at|le|à|the)$", "", part.strip(" ,;:.-")).strip(" ,;:.-")
        for part in text.split("\n")
    ]
    return ", ".join(" ".join(part.split()) for part in parts if part)


def _day(plain: str, today: date) -> tuple[date | None, tuple[int, int] | None]:
    for pattern, order in _NUMBERED:
        for found in pattern.finditer(plain):
            day = _numbered(found, order, today)
            if day is not None:
                return day, found.span()
    for pattern, days in _BY_NAME:
        named = pattern.search(plain)
        if named is not None:
            return today + timedelta(days=days), named.span()
    ahead = _IN.search(plain)
    if ahead is not None:
        count = int(ahead[1]) if ahead[1].isdigit() else 1
        return today + timedelta(days=count * _UNITS[ahead[2]]), ahead.span()
    weekday = _WEEKDAY.search(plain)
    if weekday is not None:
        number = _WEEKDAYS[" ".join(re.split(r"\W+", weekday[1]))]
        return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1), weekday.span()
    return None, None


def _numbered(found: re.Match[str], order: str, today: date) -> date | None:
    match order:
        case "ymd":
            year, month, day = found[1], int(found[2]), int(found[3])
        case "dmy":
            year, month, day = found[4], int(found[3]), int(found[1])
        case "d month":
            year, month, day = found[3], _MONTHS[found[2]], int(found[1])
        case _:
            year, month, day = found[3], _MONTHS[found[1]], int(found[2])
    if year:
        return _date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    for candidate in (today.year, today.year + 1):
        made = _date(candidate, month, day)
        if made is not None and made >= today:
            return made
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _hour(plain: str) -> tuple[time | None, tuple[int, int] | None]:
    for pattern in _HOURS:
        for found in pattern.finditer(plain):
            hour, minute = int(found[1]), int(found[2] or 0)
            if found[3]:
                if not 1 <= hour <= 12:
                    continue
                hour = hour % 12 + (12 if found[3] == "pm" else 0)
            if hour < 24 and minute < 60:
                return time(hour, minute), found.span()
    noon = _NOON.search(plain)
    return (time(12), noon.span()) if noon is not None else (None, None)
