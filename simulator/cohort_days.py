"""When somebody can look at the phone: sleep, work, and spells without power or network.

Everything is drawn from the person's own stream and the local date, so that a day is the same
whenever and however often one asks: `who` names that stream. Times in and out are aware UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from simulator.cohort_types import Network, Spell, in_utc, stream

DAY_MINUTES = 24 * 60
LUNCH = (12 * 60, 13 * 60)
FLAT_MINUTES = (60, 300)
NO_NETWORK_MINUTES = (5, 240)
NO_NETWORK_MEAN = 40
# After the phone is at hand again people do not answer at once.
SETTLING_MINUTES = 8.0


@dataclass(frozen=True, slots=True)
class Routine:
    """Somebody's days; times are minutes of the local day.

    looks_at_work: share of working days on which the phone is looked at while at work.
    off_at_night: switched off from `sleeps` to `rises`. off_days, flat_days: chance of a day
    without the phone, of a flat battery for some hours. outages: spells without network a day,
    on average.
    """

    timezone: str
    rises: int
    sleeps: int
    works_from: int
    works_to: int
    workdays: tuple[int, ...]
    looks_at_work: float
    off_at_night: bool
    off_days: float
    flat_days: float
    outages: float


def spells(routine: Routine, who: str, day: date) -> list[Spell]:
    """When the phone cannot be reached on a local day, in order, none touching another.

    A spell ends with the local day at the latest; the next day's may begin right there.
    """
    rng = stream(who, "spells", day.isoformat())
    if rng.random() < routine.off_days:
        return [_spell(routine, day, 0, DAY_MINUTES, "off")]
    off: list[tuple[int, int]] = []
    if routine.off_at_night:
        off = [(0, routine.rises), (routine.sleeps, DAY_MINUTES)]
    if rng.random() < routine.flat_days:
        start = rng.randint(9 * 60, 20 * 60)
        off.append((start, min(DAY_MINUTES, start + rng.randint(*FLAT_MINUTES))))
    off = _joined(off)
    outages = _joined([_outage(rng) for _ in range(_how_many(rng, routine.outages))])
    found: list[tuple[int, int, Network]] = [(start, end, "off") for start, end in off]
    # Who is off notices no outage, and two spells that touch would be one.
    found += [
        (start, end, "no_network")
        for start, end in outages
        if all(end < other or start > until for other, until in off)
    ]
    return [_spell(routine, day, *spell) for spell in sorted(found)]


def spell_at(routine: Routine, who: str, moment: datetime) -> Spell | None:
    """The spell that holds `moment`, if one does; its end is outside."""
    day, _ = _local(routine, moment)
    for spell in spells(routine, who, day):
        if spell[0] <= moment < spell[1]:
            return spell
    return None


def free(routine: Routine, who: str, moment: datetime, rng: Random) -> datetime:
    """`moment`, or the first time after it that somebody awake and not busy has a phone that is on.

    Lack of network holds nobody back: the phone keeps what is written.

    Raises:
        ValueError: `moment` is naive.
    """
    return _first(moment, rng, lambda at: _busy_until(routine, who, at))


def working(routine: Routine, who: str, moment: datetime, rng: Random) -> datetime:
    """`moment`, or the first time after it in working hours with a phone that is on.

    Raises:
        ValueError: `moment` is naive.
    """
    return _first(moment, rng, lambda at: _not_working_until(routine, who, at))


def _first(
    moment: datetime, rng: Random, held_until: Callable[[datetime], datetime | None]
) -> datetime:
    moment = in_utc(moment)
    while (until := held_until(moment)) is not None:
        settling = rng.expovariate(1 / (60 * SETTLING_MINUTES))
        moment = max(moment, until) + timedelta(seconds=round(5 + settling))
    return moment


def _busy_until(routine: Routine, who: str, moment: datetime) -> datetime | None:
    day, minute = _local(routine, moment)
    if minute < routine.rises:
        return _at(routine, day, routine.rises)
    if minute >= routine.sleeps:
        return _at(routine, day, DAY_MINUTES)
    if (until := _off_until(routine, who, moment)) is not None:
        return until
    if _looks_up(routine, who, day):
        return None
    for start, end in ((routine.works_from, LUNCH[0]), (LUNCH[1], routine.works_to)):
        if start <= minute < end:
            return _at(routine, day, end)
    return None


def _not_working_until(routine: Routine, who: str, moment: datetime) -> datetime | None:
    day, minute = _local(routine, moment)
    if minute >= routine.works_to or day.weekday() not in routine.workdays:
        return _at(routine, day, DAY_MINUTES)
    if minute < routine.works_from:
        return _at(routine, day, routine.works_from)
    return _off_until(routine, who, moment)


def _off_until(routine: Routine, who: str, moment: datetime) -> datetime | None:
    held = spell_at(routine, who, moment)
    return held[1] if held is not None and held[2] == "off" else None


def _looks_up(routine: Routine, who: str, day: date) -> bool:
    """Whether work is no hindrance on this day."""
    if day.weekday() not in routine.workdays:
        return True
    return stream(who, "work", day.isoformat()).random() < routine.looks_at_work


def _outage(rng: Random) -> tuple[int, int]:
    start = rng.randint(5 * 60, 22 * 60)
    shortest, longest = NO_NETWORK_MINUTES
    length = min(longest, max(shortest, round(rng.expovariate(1 / NO_NETWORK_MEAN))))
    return start, min(DAY_MINUTES, start + length)


def _how_many(rng: Random, mean: float) -> int:
    whole = int(mean)
    return whole + (rng.random() < mean - whole)


def _joined(parts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same minutes without overlaps."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(parts):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _spell(routine: Routine, day: date, start: int, end: int, kind: Network) -> Spell:
    return _at(routine, day, start), _at(routine, day, end), kind


def _at(routine: Routine, day: date, minute: int) -> datetime:
    """A minute of a local day, in UTC; the last one is the next day's midnight."""
    ahead, minute = divmod(minute, DAY_MINUTES)
    day += timedelta(days=ahead)
    zone = ZoneInfo(routine.timezone)
    local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone)
    return local.astimezone(UTC)


def _local(routine: Routine, moment: datetime) -> tuple[date, int]:
    """The local day, and its minute."""
    local = moment.astimezone(ZoneInfo(routine.timezone))
    return local.date(), local.hour * 60 + local.minute
