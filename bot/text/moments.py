"""A moment as it is said to somebody: ``15:30 today``, ``demain à 7 h``."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
}
_MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August",
           "September", "October", "November", "December"),
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août",
           "septembre", "octobre", "novembre", "décembre"),
}  # fmt: skip


def spoken(
    moment: datetime, now: datetime, timezone: str, language: str, *, midnight: bool = False
) -> str:
    """A moment in a person's own time, as near as it is: today, tomorrow, a weekday, a date.

    Args:
        moment: aware, and so is ``now``.
        language: French is spoken in French, everything else in English.
        midnight: where a day begins, the day alone is said: "Wednesday".
    """
    here = ZoneInfo(timezone)
    local, today = moment.astimezone(here), now.astimezone(here).date()
    days = (local.date() - today).days
    if midnight and local.time() == time():
        return _day(local, days, language)
    if language == "fr":
        minutes = f" {local.minute:02}" if local.minute else ""
        at = f"à {local.hour} h{minutes}"
        if days in (0, 1):
            return ("aujourd'hui ", "demain ")[days] + at
        if 1 < days < 7:
            return f"{_DAYS['fr'][local.weekday()]} {at}"
        return f"le {local.day} {_MONTHS['fr'][local.month - 1]} {at}"
    at = f"{local:%H:%M}"
    if days in (0, 1):
        return f"{at} {('today', 'tomorrow')[days]}"
    if 1 < days < 7:
        return f"{at} on {_DAYS['en'][local.weekday()]}"
    return f"{at} on {local.day} {_MONTHS['en'][local.month - 1]}"


def dated(moment: datetime, timezone: str, language: str) -> str:
    """A moment with its whole date in a person's own time: ``Saturday 12 December at 9:00``."""
    local = moment.astimezone(ZoneInfo(timezone))
    where = "fr" if language == "fr" else "en"
    day = f"{_DAYS[where][local.weekday()]} {local.day} {_MONTHS[where][local.month - 1]}"
    if where == "fr":
        return f"{day} à {local.hour} h {local.minute:02}"
    return f"{day} at {local.hour}:{local.minute:02}"


def _day(local: datetime, days: int, language: str) -> str:
    names = "fr" if language == "fr" else "en"
    if days in (0, 1):
        return {"fr": ("aujourd'hui", "demain"), "en": ("today", "tomorrow")}[names][days]
    if 1 < days < 7:
        return _DAYS[names][local.weekday()]
    day = f"{local.day} {_MONTHS[names][local.month - 1]}"
    return f"le {day}" if names == "fr" else day


def month_name(day: date, language: str) -> str:
    """The month of a day with its year: "March 2026"."""
    names = _MONTHS["fr" if language == "fr" else "en"]
    return f"{names[day.month - 1]} {day.year}"


def rounded_up(moment: datetime, step: timedelta) -> datetime:
    """The next full step of the hour, so that nobody is promised 15:07."""
    start = moment.replace(minute=0, second=0, microsecond=0)
    steps = -((start - moment) // step)
    return start + steps * step
