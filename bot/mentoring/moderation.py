"""What of a discussion reaches one reader, when, and in which words. Plain rules.

Nobody is flooded: each reader has a cap by the hour and by the day, short replies are bundled,
nights are quiet. What waits keeps its order and its reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from bot.sending import quiet_until
from bot.text.fold import fold
from bot.text.redact import redact
from bot.text.yaml_file import read_yaml

CAPPED = ("sms", "whatsapp", "host")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Why something waits, or is not said. Said to the host and kept with the row.
BUNDLED = "bundled with what comes next"
HOURLY = "enough for this hour"
DAILY = "enough for this day"
QUIET = "quiet hours"
EMERGENCY = "in an emergency of their own"
PAUSED = "paused by the host"
BUDGET = "the discussion's segments are used up"
GONE = "left"
STOPPED = "stopped: the person texted STOP"


@dataclass(frozen=True)
class Cap:
    """Messages to one reader by the hour and by the day; replies wait ``bundle`` for others."""

    hour: int
    day: int
    bundle: timedelta


@dataclass(frozen=True)
class Rules:
    """``discussions.yml``."""

    least: int
    most: int
    limit: int
    hour: timedelta
    ends_after: timedelta
    emergency: timedelta
    caps: Mapping[str, Cap]  # sms, whatsapp, host
    longest_reply: int
    longest_bundle: int
    segments: int
    catch_up: int


INFO = "discussion_rules"


@cache
def rules() -> Rules:
    """The rules as shipped."""
    return read_file(Path(__file__).with_name("discussions.yml"))


def of(info: Mapping[Any, Any]) -> Rules:
    """The rules that a session carries in its ``info``; else the shipped ones."""
    found = info.get(INFO)
    return found if isinstance(found, Rules) else rules()


def carried(path: Path | None) -> dict[str, Any]:
    """The ``info`` for the sessions of a process.

    Raises:
        ValueError: what is wrong with the file.
    """
    return {} if path is None else {INFO: read_file(path)}


def read_file(path: Path) -> Rules:
    """Rules from a YAML file.

    Raises:
        ValueError: one clause that says what is wrong with it.
    """
    try:
        given = read_yaml(path)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{path.name} cannot be read") from error
    try:
        found = read(given)
    except KeyError as missing:
        raise ValueError(f"{path.name} lacks {missing.args[0]}") from missing
    except (TypeError, AttributeError) as error:
        raise ValueError(f"{path.name} does not have the shape of discussions.yml") from error
    numbers: list[object] = [found.limit, found.longest_reply, found.longest_bundle, found.segments]
    numbers += [number for cap in found.caps.values() for number in (cap.hour, cap.day)]
    if not all(isinstance(number, int) and number > 0 for number in numbers):
        raise ValueError(f"{path.name} has a limit or cap that is not a number from 1")
    if set(found.caps) != set(CAPPED):
        raise ValueError(f"{path.name} needs caps for {', '.join(CAPPED)}")
    return found


def read(data: Mapping[str, Any]) -> Rules:
    """Rules from the shape of ``discussions.yml``.

    Raises:
        KeyError, TypeError: something is missing or of another shape.
    """
    times = {name: timedelta(**value) for name, value in data["times"].items()}
    return Rules(
        least=data["size"]["least"],
        most=data["size"]["most"],
        limit=data["size"]["limit"],
        hour=times["hour"],
        ends_after=times["ends_after"],
        emergency=times["emergency"],
        caps={
            who: Cap(row["hour"], row["day"], timedelta(**row["bundle"]))
            for who, row in data["caps"].items()
        },
        longest_reply=data["longest_reply"],
        longest_bundle=data["longest_bundle"],
        segments=data["segments"],
        catch_up=data["catch_up"],
    )


@dataclass(frozen=True)
class Reply:
    """A reply that waits for one reader. ``name``: the author's, as shown."""

    id: int
    at: datetime
    name: str
    text: str
    has_media: bool = False


@dataclass(frozen=True)
class Reader:
    """One reader now. ``said_at``: moments of the discussion messages of the last day."""

    channel: str
    timezone: str
    said_at: Sequence[datetime] = ()
    is_host: bool = False
    emergency_since: datetime | None = None


@dataclass(frozen=True)
class Say:
    """Say these now, in one message."""

    replies: Sequence[Reply]


@dataclass(frozen=True)
class Later:
    """Not before ``until``."""

    until: datetime
    reason: str


def decide(
    waiting: Sequence[Reply],
    reader: Reader,
    now: datetime,
    *,
    by: Rules,
    left: int,
    closing: bool = False,
) -> Say | Later:
    """What happens to the replies that wait for one reader.

    Args:
        waiting: at least one, in the order in which they were written.
        left: segments that the discussion may still use.
        closing: the discussion ends, so nothing else comes to be bundled with.
    """
    if reader.emergency_since is not None and now - reader.emergency_since < by.emergency:
        return Later(reader.emergency_since + by.emergency, EMERGENCY)
    quiet = quiet_until(now, reader.timezone)
    if quiet is not None:
        return Later(quiet, QUIET)
    cap = by.caps["host" if reader.is_host else reader.channel]
    for most, span, reason in ((cap.hour, HOUR, HOURLY), (cap.day, DAY, DAILY)):
        within = sorted(moment for moment in reader.said_at if now - moment < span)
        if len(within) >= most:
            return Later(within[-most] + span, reason)
    if left <= 0:
        return Later(now + DAY, BUDGET)
    chosen = _together(waiting, by.longest_bundle)
    complete = len(chosen) < len(waiting) or chosen[0].has_media
    ready = waiting[0].at + cap.bundle
    if not (complete or closing) and now < ready:
        return Later(ready, BUNDLED)
    return Say(chosen)


def _together(waiting: Sequence[Reply], longest: int) -> Sequence[Reply]:
    """The first replies that fit one message; an attachment goes by itself."""
    chosen: list[Reply] = []
    length = 0
    for reply in waiting:
        length += len(reply.name) + len(reply.text) + 3
        if chosen and (length > longest or reply.has_media or chosen[0].has_media):
            break
        chosen.append(reply)
    return chosen


def body(replies: Sequence[Reply], heading: str) -> str:
    """One message of one or several replies; ``heading`` stands above several."""
    lines = [f"{reply.name}: {reply.text}" for reply in replies]
    return lines[0] if len(lines) == 1 else "\n".join([heading, *lines])


def shown(text: str, longest: int) -> tuple[str, bool]:
    """A reply as others see it: without identifiers, one line, cut where it is too long.

    Returns:
        The text, and whether something was cut.
    """
    line = " ".join(redact(text).text.split())
    if len(line) <= longest:
        return line, False
    return line[: longest - 3].rsplit(" ", 1)[0].rstrip() + "...", True


_TITLES = frozenset(
    ["dr", "doctor", "docteur", "prof", "mr", "mrs", "ms", "mme", "mlle", "m", "sr", "sister"]
)


def first_names(people: Mapping[int, str], fallback: str) -> dict[int, str]:
    """How members see each other: first names, with an initial where two are the same.

    Args:
        people: names as stored, by id.
        fallback: for somebody without a name, or with a number in its place.
    """
    words = {who: _name_words(name) for who, name in people.items()}
    firsts = Counter(parts[0].casefold() for parts in words.values() if parts)
    found = {}
    for who, parts in words.items():
        if not parts:
            found[who] = fallback
        elif firsts[parts[0].casefold()] > 1 and len(parts) > 1:
            found[who] = f"{parts[0]} {parts[-1][0]}."
        else:
            found[who] = parts[0]
    return found


def _name_words(name: str) -> list[str]:
    if re.search(r"\d", name):
        return []
    words = name.replace(":", " ").split()
    return [word for word in words if fold(word) and fold(word) not in _TITLES]


def without_person(text: str, name: str, facility: str) -> str:
    """A case's words without the mentee's name and place, so that it can be posed to others."""
    for phrase in filter(None, [facility.strip(), name.strip(), *_name_words(name)]):
        if len(phrase) > 2:
            text = re.sub(rf"(?<!\w){re.escape(phrase)}(?!\w)", "[...]", text, flags=re.IGNORECASE)
    return redact(text).text


_MOMENT = re.compile(
    r"(?:at|a|à|saa|from)?\s*(\d{1,2})\s*(?:(?:[:h.]|heures?)\s*(\d{2})?)?\s*(am|pm)?",
    re.IGNORECASE,
)
_TOMORROW = re.compile(r"\b(?:tomorrow|demain|ejo|kesho)\b", re.IGNORECASE)


def moment(text: str, now: datetime, timezone: str) -> datetime | None:
    """The hour that a host names, today or, once it is past, tomorrow; ``None``: it is none.

    Args:
        text: such as "16:00", "4 pm", "16h30", "tomorrow 9:00".
        timezone: the host's.
    """
    bare = _TOMORROW.sub("", text)
    found = _MOMENT.fullmatch(bare.strip())
    if found is None:
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3] is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[3].lower() == "pm" else 0)
    if hour > 23 or minute > 59:
        return None
    zone = ZoneInfo(timezone)
    local = now.astimezone(zone)
    day = local.date() + timedelta(days=1 if bare != text else 0)
    meant = datetime.combine(day, time(hour, minute), zone)
    if meant <= local:
        meant = datetime.combine(day + timedelta(days=1), time(hour, minute), zone)
    return meant.astimezone(now.tzinfo)


def local(moment: datetime | None, timezone: str, now: datetime) -> str:
    """A moment as a reader's clock shows it, with the day where it is not today."""
    if moment is None:
        return ""
    zone = ZoneInfo(timezone)
    there = moment.astimezone(zone)
    same_day = there.date() == now.astimezone(zone).date()
    return there.strftime("%H:%M" if same_day else "%d/%m %H:%M")


def numbers(text: str, most: int) -> list[int] | None:
    """The numbers that a host names from a list, each once; ``None``: something else is written.

    Args:
        text: such as "1 3 4", "2, 5", "1-4".
        most: how long the list is.
    """
    plain = re.sub(r"\b(?:and|et|na)\b", " ", text, flags=re.IGNORECASE)
    found: list[int] = []
    for part in re.split(r"[\s,;.]+", plain.strip()):
        span = re.fullmatch(r"(\d{1,3})(?:[-–](\d{1,3}))?", part)
        if span is None:
            return None
        first, last = int(span[1]), int(span[2] or span[1])
        if not 1 <= first <= last <= most:
            return None
        found += [number for number in range(first, last + 1) if number not in found]
    return found or None
