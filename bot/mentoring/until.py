"""How long a leave lasts, from what follows AWAY: "3 days", "until Monday", "jusqu'au 5/12"."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.text import dates
from bot.text.fold import fold

# A leave longer than this is more likely a slip of the finger.
LONGEST: Final = timedelta(days=366)
_UNITS: Final = {
    **dict.fromkeys(("h", "hour", "hours", "heure", "heures"), "hours"),
    **dict.fromkeys(("d", "day", "days", "j", "jour", "jours", "iminsi", "siku"), "days"),
    **dict.fromkeys(("w", "week", "weeks", "semaine", "semaines", "icyumweru", "wiki"), "weeks"),
    **dict.fromkeys(("month", "months", "mois", "ukwezi", "mwezi"), "months"),
}
_LENGTH: Final = re.compile(r"(?:for |pendant |pour |de )?(\d{1,3}|an?|une?) ?([a-z]+)")
_UNTIL: Final = re.compile(r"(?:until|till|til|to|jusqu a|jusqu au|jusque|au|kugeza|hadi) (.+)")


def is_one(words: str) -> bool:
    """Whether words, folded, say how long a leave lasts, in themselves."""
    sunday = datetime(2026, 3, 1, 12, tzinfo=UTC)
    return ends(words, sunday, "UTC") is not None


def ends(words: str, now: datetime, timezone: str) -> datetime | None:
    """When a leave is over, aware and UTC; ``None``: the words do not say.

    Days begin at midnight in the mentor's own time: "3 days" on a Tuesday, and "until Friday",
    both end as Friday begins. A weekday is the next one, never today.

    Args:
        now: aware.
    """
    said = fold(words)
    here = ZoneInfo(timezone)
    local = now.astimezone(here)
    length = _LENGTH.fullmatch(said)
    if length is not None and length[2] in _UNITS:
        count = int(length[1]) if length[1].isdigit() else 1
        end = _after(local, count, _UNITS[length[2]], here) if count else None
    else:
        until = _UNTIL.fullmatch(said)
        # Folded, "15/2" has lost its stroke.
        named = re.sub(r"\b(\d{1,2}) (\d{1,2})$", r"\1/\2", until[1]) if until else ""
        day = dates.day_of(named, local.date())
        day = day if day is not None and day > local.date() else None
        end = None if day is None else datetime.combine(day, time(), here)
    if end is None or end - local > LONGEST:
        return None
    return end.astimezone(UTC)


def _after(local: datetime, count: int, unit: str, here: ZoneInfo) -> datetime:
    if unit == "hours":
        return (local.astimezone(UTC) + timedelta(hours=count)).astimezone(here)
    days = count * {"days": 1, "weeks": 7, "months": 30}[unit]
    return datetime.combine(local.date() + timedelta(days=days), time(), here)
