"""How often mentors and mentees are to meet, and whether they do: due, planned, done, missed.

The rules are data (``cadence.yml``). Days are local ones; nothing here knows the time of day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

from bot.text.yaml_file import read_yaml

SHIPPED: Final = Path(__file__).with_suffix(".yml")
Of = Literal["mentor", "facility", "group"]
Every = Literal["month", "quarter"]
What = Literal["visits", "days", "sessions"]
State = Literal["done", "planned", "due", "missed"]


@dataclass(frozen=True)
class Rule:
    """``least`` times in each span. ``size``: how many of a group, at least and at most."""

    id: str
    of: Of
    every: Every
    what: What
    least: int
    title: Mapping[str, str]
    association: bool | None = None
    size: tuple[int, int] | None = None


@dataclass(frozen=True)
class Span:
    """A month or a quarter, from ``first`` to ``last``."""

    first: date
    last: date

    def holds(self, day: date) -> bool:
        """Whether a day lies in it."""
        return self.first <= day <= self.last


@dataclass(frozen=True)
class Meeting:
    """From ``day`` on for ``days``, at ``place`` (an id). ``people``: of the group, took part."""

    day: date
    days: int = 1
    place: int | None = None
    people: int = 1


@dataclass(frozen=True)
class Standing:
    """How one rule stands in one span."""

    span: Span
    done: int
    planned: int
    state: State


def read(data: Mapping[str, Any]) -> tuple[Rule, ...]:
    """Rules from the shape of ``cadence.yml``.

    Raises:
        ValueError: one clause that says what is wrong.
    """
    return tuple(_rule(str(name), given) for name, given in data.items())


def _rule(name: str, given: Mapping[str, Any]) -> Rule:
    allowed_for = {"of": get_args(Of), "every": get_args(Every), "what": get_args(What)}
    for key, allowed in allowed_for.items():
        if given.get(key) not in allowed:
            raise ValueError(f"{name}: {key} is none of {', '.join(allowed)}")
    size, least = given.get("size"), given.get("least")
    if not isinstance(least, int) or least < 1:
        raise ValueError(f"{name}: least is not a number from 1")
    if (given["what"] == "sessions") != (size is not None):
        raise ValueError(f"{name}: sessions, and nothing else, have a size")
    return Rule(
        id=name,
        of=given["of"],
        every=given["every"],
        what=given["what"],
        least=least,
        title={language: str(given[language]) for language in ("en", "fr")},
        association=given.get("association"),
        size=(int(size["least"]), int(size["most"])) if size else None,
    )


@cache
def rules() -> tuple[Rule, ...]:
    """The rules as shipped."""
    return read(read_yaml(SHIPPED))


def span_of(every: Every, day: date) -> Span:
    """The month or quarter of the calendar that a day lies in."""
    months = 1 if every == "month" else 3
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    return Span(first, _months_later(first, months) - timedelta(days=1))


def spans(every: Every, first: date, last: date) -> Iterator[Span]:
    """The months or quarters that lie in part or whole between two days, both included."""
    day = first
    while day <= last:
        span = span_of(every, day)
        yield span
        day = span.last + timedelta(days=1)


def _months_later(first: date, months: int) -> date:
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)


def count(rule: Rule, meetings: Iterable[Meeting], span: Span) -> int:
    """How often a rule's ``what`` happened in a span.

    Days in a row at the same place are one visit, counted where it begins. Two meetings on one day
    are one day, and one session.
    """
    found = list(meetings)
    if rule.what == "sessions":
        least = rule.size[0] if rule.size else 1
        return len({one.day for one in found if span.holds(one.day) and one.people >= least})
    if rule.what == "days":
        return sum(span.holds(day) for day in {day for one in found for day in _days(one)})
    by_place: dict[int | None, set[date]] = {}
    for one in found:
        by_place.setdefault(one.place, set()).update(_days(one))
    return sum(
        span.holds(day) and day - timedelta(days=1) not in days
        for days in by_place.values()
        for day in days
    )


def _days(meeting: Meeting) -> list[date]:
    return [meeting.day + timedelta(days=number) for number in range(meeting.days)]


def standing(
    rule: Rule,
    span: Span,
    today: date,
    done: Iterable[Meeting],
    planned: Iterable[Meeting] = (),
) -> Standing:
    """Whether a rule is kept in a span, as of ``today``.

    ``done``: often enough. ``planned``: it will be, if what is planned takes place. ``due``: some
    are missing and nothing is planned for them. ``missed``: the span is over.
    """
    was = list(done)
    had = count(rule, was, span)
    ahead = [one for one in planned if one.day >= today]
    # Counted together: a day that is planned beside one that was is the same visit.
    more = count(rule, [*was, *ahead], span) - had
    if had >= rule.least:
        return Standing(span, had, more, "done")
    if today > span.last:
        return Standing(span, had, 0, "missed")
    return Standing(span, had, more, "planned" if had + more >= rule.least else "due")
