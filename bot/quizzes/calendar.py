"""When doses, reminders and expiries fall, in each mentee's own time zone.

Defaults from the evidence: after work (17:00-19:00; in the Senegal IVR and SMS programme half had
answered by 17:16), three a week on weekdays, quiet from 20:00 to 07:00, expiry after 72 hours, one
reminder. What comes in and goes out is aware UTC; local time appears only inside.

Changes of daylight saving: a local time that does not exist is moved on by the length of the gap,
one that comes twice is the first of the two, and a day that does not exist at all (Apia, 30
December 2011) has no dose.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from hashlib import sha256
from itertools import combinations
from typing import Final
from zoneinfo import ZoneInfo

WEEKDAYS: Final = frozenset({0, 1, 2, 3, 4})
PER_WEEK: Final = 3
WINDOW: Final = (time(17), time(19))
CHOSEN_HOUR_SPREAD: Final = timedelta(minutes=30)
EXPIRY: Final = timedelta(hours=72)
REMIND_BEFORE_EXPIRY: Final = timedelta(hours=24)
# A reminder nearer than this to the question or to its expiry helps nobody.
REMINDER_MARGIN: Final = timedelta(hours=2)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Local hours in which nothing is sent, from `start` up to, not including, `end`.

    They may pass midnight; equal times mean that no hour is quiet.
    """

    start: time = time(20)
    end: time = time(7)

    def holds(self, moment: time) -> bool:
        """Whether a local time is quiet."""
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


QUIET: Final = Quiet()


def plan(
    timezone: str,
    start: date,
    end: date,
    key: str,
    now: datetime,
    *,
    weekdays: Set[int] = WEEKDAYS,
    per_week: int = PER_WEEK,
    hour: int | None = None,
    window: tuple[time, time] = WINDOW,
    quiet: Quiet = QUIET,
    weekends: bool = False,
) -> list[datetime]:
    """The times of one mentee's doses, in UTC, in order, at most one a local day, none before now.

    Args:
        timezone: the mentee's, an IANA name.
        start: first local day.
        end: last local day, included.
        key: names mentee and campaign; the same key always has the same days and minute, different
            keys are spread evenly over the window, so that a cohort is not due in one minute.
        now: aware.
        weekdays: days the campaign allows, 0 Monday to 6 Sunday.
        per_week: 1 to 7; the days of the week are chosen as far apart as they can be. With fewer
            days allowed than that, all of them, never two doses a day.
        hour: 0 to 23, the mentee's own choice; doses fall into its first half. None: the window.
        window: local times, the later one excluded; it does not pass midnight.
        quiet: a time in quiet hours waits until they end.
        weekends: whether Saturday and Sunday count; the mentee's own choice.

    Raises:
        ValueError: an unknown time zone, a naive `now`, or a number out of its range.
    """
    here, now = zone(timezone), _utc(now)
    if not 1 <= per_week <= 7 or not weekdays <= set(range(7)):
        raise ValueError("doses a week are 1 to 7, weekdays 0 (Monday) to 6 (Sunday)")
    allowed = frozenset(weekdays if weekends else weekdays & WEEKDAYS)
    days = _spread_days(allowed, per_week, key)
    at = _local_time(key, hour, window)
    doses: dict[date, datetime] = {}
    for day in _days(start, end):
        if day.weekday() not in days:
            continue
        moment = _to_utc(datetime.combine(day, at), here)
        if moment.astimezone(here).date() != day:
            continue
        moment = _after_quiet(moment, timezone, quiet, weekends, key)
        local_day = moment.astimezone(here).date()
        if moment >= now and local_day <= end:
            doses.setdefault(local_day, moment)
    return sorted(doses.values())


def is_allowed(
    moment: datetime, timezone: str, quiet: Quiet = QUIET, weekends: bool = False
) -> bool:
    """Whether a campaign may send to a mentee of this time zone at `moment`.

    Raises:
        ValueError: an unknown time zone or a naive time.
    """
    local = _utc(moment).astimezone(zone(timezone))
    return (weekends or local.weekday() in WEEKDAYS) and not quiet.holds(local.time())


def next_allowed(
    moment: datetime, timezone: str, quiet: Quiet = QUIET, weekends: bool = False
) -> datetime:
    """`moment` in UTC where sending is allowed then, else when quiet hours or weekend are over.

    Raises:
        ValueError: an unknown time zone or a naive time.
    """
    here, moment = zone(timezone), _utc(moment)
    while True:  # each turn goes on in time, and half-open quiet hours always leave some of a day
        local = moment.astimezone(here)
        if not weekends and local.weekday() not in WEEKDAYS:
            moment = _next(moment, time(0), here)
        elif quiet.holds(local.time()):
            moment = _next(moment, quiet.end, here)
        else:
            return moment


def expires(sent: datetime, after: timedelta = EXPIRY) -> datetime:
    """When a question sent at `sent` (aware) is no longer open, in UTC."""
    return _utc(sent) + after


def reminder(
    sent: datetime,
    timezone: str,
    quiet: Quiet = QUIET,
    weekends: bool = False,
    *,
    before: timedelta = REMIND_BEFORE_EXPIRY,
    expiry: timedelta = EXPIRY,
) -> datetime | None:
    """When the one reminder of an unanswered question goes out, in UTC.

    `before` the expiry; where that time is not allowed, the next that is; where that is too late
    (a weekend), the same local hour of an earlier day. None where no time fits.

    Raises:
        ValueError: an unknown time zone or a naive time.
    """
    here, sent = zone(timezone), _utc(sent)
    first, last = sent + REMINDER_MARGIN, expires(sent, expiry) - REMINDER_MARGIN
    wanted = expires(sent, expiry) - before
    later = next_allowed(max(wanted, first), timezone, quiet, weekends)
    if later <= last:
        return later
    local = wanted.astimezone(here).replace(tzinfo=None)
    for days in range(1, expiry // _DAY + 2):
        earlier = _to_utc(local - _DAY * days, here)
        if first <= earlier <= last and is_allowed(earlier, timezone, quiet, weekends):
            return earlier
    return None


@cache
def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name. Raises ValueError for an unknown one."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"no such time zone: {name}") from error


def _after_quiet(
    moment: datetime, timezone: str, quiet: Quiet, weekends: bool, key: str
) -> datetime:
    """`next_allowed`, spread over half an hour, or all who wait would be due in one minute."""
    allowed = next_allowed(moment, timezone, quiet, weekends)
    if allowed == moment:
        return moment
    seconds = int(CHOSEN_HOUR_SPREAD.total_seconds())
    spread = allowed + timedelta(seconds=_number(f"time:{key}") % seconds)
    return spread if is_allowed(spread, timezone, quiet, weekends) else allowed


def _spread_days(allowed: frozenset[int], per_week: int, key: str) -> frozenset[int]:
    """`per_week` of the allowed weekdays, as far apart as can be; ties fall by the key."""
    if len(allowed) <= per_week:
        return allowed

    def least_gap(days: tuple[int, ...]) -> int:
        following = (*days[1:], days[0] + 7)
        return min(later - earlier for earlier, later in zip(days, following, strict=True))

    sets = list(combinations(sorted(allowed), per_week))
    widest = max(map(least_gap, sets))
    best = [days for days in sets if least_gap(days) == widest]
    return frozenset(best[_number(f"days:{key}") % len(best)])


def _local_time(key: str, hour: int | None, window: tuple[time, time]) -> time:
    if hour is not None and not 0 <= hour <= 23:
        raise ValueError(f"the hour of a dose is 0 to 23, not {hour}")
    midnight = datetime(2000, 1, 1)  # noqa: DTZ001  a wall clock, in no zone
    start = datetime.combine(midnight, window[0] if hour is None else time(hour))
    end = start + CHOSEN_HOUR_SPREAD
    if hour is None:
        end = datetime.combine(midnight, window[1])
    seconds = int((end - start).total_seconds())
    if seconds <= 0:
        raise ValueError("the window of doses must end after it starts")
    return (start + timedelta(seconds=_number(f"time:{key}") % seconds)).time()


def _number(key: str) -> int:
    """A stable number for a key: Python's own hash differs from process to process."""
    return int.from_bytes(sha256(key.encode("utf-8", "surrogatepass")).digest()[:8], "big")


def _days(start: date, end: date) -> Iterator[date]:
    return (start + _DAY * count for count in range((end - start).days + 1))


def _next(moment: datetime, at: time, here: ZoneInfo) -> datetime:
    """The first time after `moment` at which a local clock shows `at`, or skips it."""
    today = moment.astimezone(here).date()
    return next(
        found
        for days in range(4)
        for fold in (0, 1)
        if (found := _to_utc(datetime.combine(today + _DAY * days, at), here, fold)) > moment
    )


def _to_utc(local: datetime, here: ZoneInfo, fold: int = 0) -> datetime:
    return local.replace(tzinfo=here, fold=fold).astimezone(UTC)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError("times of the calendar must be aware")
    return moment.astimezone(UTC)
