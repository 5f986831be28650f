"""Visits, plain rules: what a mentor's text says of one, which facility, and what is due when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.text import dates
from bot.text.fold import fold
from bot.text.redact import redact

MOST_DAYS: Final = 14
# A visit further ahead than this is a slip of the finger.
FURTHEST: Final = timedelta(days=366)
MOST_TOPICS: Final = 8
LONGEST_TOPIC: Final = 40
# Local hours at which people are reminded the day before, and a mentor is asked how it was.
REMIND_AT: Final = time(16)
DEBRIEF_AT: Final = time(16)
# Whoever tells of a visit knows the day, not the minute.
USUAL_START: Final = time(9)
AT_LEAST: Final = timedelta(hours=2)
AGAIN_AFTER: Final = timedelta(hours=18)
CLOSES_AFTER: Final = timedelta(days=7)

_DAYS: Final = re.compile(r"(?<!\bin )(?<!\bdans )\b(\d{1,2})\s*(?:days?|jours?)\b", re.IGNORECASE)
_WITH: Final = re.compile(r"\b(?:with|avec|na)\s+(?!\d)(.+)$", re.IGNORECASE | re.DOTALL)
_KINDS: Final = {
    "health centre": ("health centre", "health center", "hc", "centre de sante", "cs"),
    "health post": ("health post", "hp", "poste de sante", "ps"),
    "hospital": ("district hospital", "hospital", "dh", "hopital de district", "hopital", "hd"),
    "dispensary": ("dispensary", "dispensaire"),
}
_KIND_OF: Final = {
    tuple(phrase.split()): kind for kind, phrases in _KINDS.items() for phrase in phrases
}
_LONGEST_KIND: Final = max(map(len, _KIND_OF))


@dataclass(frozen=True)
class Wish:
    """What a text says of a visit; ``words``: the rest, which names the facility and topics."""

    day: date | None = None
    hour: time | None = None
    days: int | None = None
    names: str = ""
    words: str = ""


def wish(text: str, today: date) -> Wish:
    """Read ``Rukara HC 12 Dec 9:00 2 days pph, newborn with Claudine``, in any order."""
    days = None
    found = _DAYS.search(text)
    if found is not None and 1 <= int(found[1]) <= MOST_DAYS:
        days = int(found[1])
        text = f"{text[: found.start()]} , {text[found.end() :]}"
    when = dates.read(text, today)
    named = _WITH.search(when.rest)
    words = when.rest if named is None else when.rest[: named.start()]
    return Wish(when.day, when.hour, days, named[1].strip() if named else "", words.strip(" ,"))


@dataclass(frozen=True)
class Place:
    """A facility that may be meant; ``near``: the mentor works with people there."""

    id: int
    name: str
    near: bool = False


@dataclass(frozen=True)
class Found:
    """Facilities that fit, the nearest first, and the words behind the name."""

    places: Sequence[Place] = ()
    rest: str = ""


@dataclass(frozen=True)
class _Name:
    place: tuple[str, ...]
    kind: str | None = field(default=None)


def facility(words: str, places: Iterable[Place]) -> Found:
    """The facilities that a text begins with the name of: the most words that fit any.

    "HC", "CS" and the like stand for their kind; without one, the kind is open. Those near the
    mentor go before all others.
    """
    known = [(one, _name(fold(one.name).split())) for one in places]
    marks = list(re.finditer(r"[^\W_]+", words))
    for count in range(min(len(marks), 8), 0, -1):
        wanted = _name([part for mark in marks[:count] for part in fold(mark[0]).split()])
        fits = [one for one, name in known if _fits(wanted, name)]
        if fits:
            rest = words[marks[count - 1].end() :].strip(" ,;:.-")
            return Found([one for one in fits if one.near] or fits, rest)
    return Found((), words)


def _name(parts: Sequence[str]) -> _Name:
    for length in range(_LONGEST_KIND, 0, -1):
        for at in range(len(parts) - length + 1):
            kind = _KIND_OF.get(tuple(parts[at : at + length]))
            if kind is not None:
                rest = (*parts[:at], *parts[at + length :])
                return _Name(tuple(part for part in rest if part not in ("de", "of", "the")), kind)
    return _Name(tuple(parts))


def _fits(wanted: _Name, name: _Name) -> bool:
    same = wanted.kind is None or wanted.kind == name.kind
    return same and bool(wanted.place) and wanted.place == name.place


def topics(words: str, known: Iterable[str] = ()) -> list[str]:
    """Topics with commas, "and" or "et" between; one that is known keeps its own spelling.

    Args:
        known: ids such as ``newborn_resuscitation``.
    """
    spelt = {fold(one.replace("_", " ")): one for one in known}
    found: list[str] = []
    for part in re.split(r"[,;/\n]|\b(?:and|et|na)\b", redact(words).text, flags=re.IGNORECASE):
        plain = " ".join(part.split()).strip(" .:-")
        one = spelt.get(fold(plain.replace("_", " ")), plain[:LONGEST_TOPIC])
        if fold(one) and one not in found:
            found.append(one)
    return found[:MOST_TOPICS]


@dataclass(frozen=True)
class Moments:
    """When a visit is looked at, aware UTC; ``remind`` is ``None`` where it is too late for one."""

    remind: datetime | None
    debrief: datetime
    again: datetime
    close: datetime


def moments(starts_at: datetime, days: int, timezone: str, now: datetime) -> Moments:
    """The reminder of the day before, and the debrief on the last day's afternoon.

    Args:
        starts_at: aware, and so is ``now``.
        timezone: the mentor's.
    """
    here = ZoneInfo(timezone)
    start = starts_at.astimezone(here)
    last = ends(starts_at, days, timezone)
    remind = datetime.combine(start.date() - timedelta(days=1), REMIND_AT, here).astimezone(UTC)
    afternoon = datetime.combine(last.astimezone(here).date(), DEBRIEF_AT, here).astimezone(UTC)
    debrief = max(afternoon, last + AT_LEAST)
    return Moments(
        remind if remind > now else None,
        debrief,
        debrief + AGAIN_AFTER,
        debrief + CLOSES_AFTER,
    )


def ends(starts_at: datetime, days: int, timezone: str) -> datetime:
    """When the last day of a visit begins, at the same local hour. Aware UTC."""
    start = starts_at.astimezone(ZoneInfo(timezone))
    return (start + timedelta(days=days - 1)).astimezone(UTC)


def wrong(starts_at: datetime, now: datetime) -> str | None:
    """Why a moment cannot be one of a visit that is planned now: ``past`` or ``far``."""
    if starts_at <= now:
        return "past"
    return "far" if starts_at - now > FURTHEST else None


_LENGTH: Final = re.compile(
    r"(?:(\d{1,2})(?:[.,](5))?\s*(?:h|hours?|hrs?|heures?|saa|amasaha)"
    r"(?:\s*(?:and|et)?\s*(\d{1,2})\s*(?:m|min|mins|minutes?)?)?"
    r"|(\d{1,4})\s*(?:m|min|mins|minutes?|iminota|dakika)?)\s*\.?",
    re.IGNORECASE,
)
LONGEST_MINUTES: Final = 14 * 12 * 60


def minutes(said: str) -> int | None:
    """How long something took, in minutes: ``90``, ``90 min``, ``2 h``, ``1h30``, ``1.5 hours``.

    A bare number up to 12 could be either, so it is ``None``, and so is what nobody can spend.
    """
    found = _LENGTH.fullmatch(said.strip())
    if found is None:
        return None
    if found[4] is not None:
        bare = re.fullmatch(r"\d+\.?", said.strip()) is not None
        spent = 0 if bare and int(found[4]) <= 12 else int(found[4])
    else:
        spent = int(found[1]) * 60 + (30 if found[2] else 0) + int(found[3] or 0)
    return spent if 1 <= spent <= LONGEST_MINUTES else None
