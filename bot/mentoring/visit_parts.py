"""What a mentor's text says of a visit, put together with what is known of it already.

The state is that of ``visit_walk.VisitWalk``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bot.mentoring import visit_rules
from bot.mentoring.visit_rules import Wish
from bot.text import dates
from bot.text.fold import fold
from bot.turn import Turn
from store.people import Facility, Person

MOST_OPTIONS: Final = 8
# A visit longer ago than this is told of at the office.
OLDEST: Final = timedelta(days=60)


def wish(turn: Turn, said: str) -> Wish:
    """A text, read on the mentor's own day."""
    return visit_rules.wish(said, today(turn))


def today(turn: Turn) -> date:
    """The mentor's own day."""
    return turn.now.astimezone(ZoneInfo(turn.person.timezone)).date()


def set_place(turn: Turn, state: dict[str, Any], said: str) -> None:
    if not said:
        return
    found = visit_rules.facility(said, facilities(turn))
    if len(found.places) == 1:
        state["facility"] = found.places[0].id
    elif found.places:
        state["options"] = [place.id for place in found.places[:MOST_OPTIONS]]
    else:
        state["note"] = "visit_place_unknown"
        return
    topics = visit_rules.topics(found.rest)
    if topics:
        state["topics"] = topics


def set_moment(turn: Turn, state: Any, wish: Wish) -> None:
    """Take day and hour, also one by one; a moment that cannot be one leaves a note."""
    day = wish.day or _day(state)
    found = dates.moment(dates.Read(day, wish.hour, ""), turn.person.timezone)
    if found is None:
        if wish.day is not None:
            state["day"] = wish.day.isoformat()
        return
    wrong = visit_rules.wrong(found, turn.now)
    if wrong is not None:
        state["note"] = f"visit_{wrong}"
        state.pop("day", None)
        return
    state["at"] = found.isoformat()
    state.pop("day", None)


def _day(state: Any) -> date | None:
    given = state.get("day")
    return date.fromisoformat(given) if given else None


def again(turn: Turn, state: Any, wish: Wish) -> None:
    """A day, an hour or a length in place of the one before."""
    if wish.days:
        state["days"] = wish.days
    if state.get("at") is not None:
        here = ZoneInfo(turn.person.timezone)
        before = datetime.fromisoformat(state["at"]).astimezone(here)
        wish = Wish(wish.day or before.date(), wish.hour or before.time())
    set_moment(turn, state, wish)


def named(mentees: Sequence[Person], names: str) -> list[int] | None:
    """The mentees with these names; ``None``, which is all, unless each name fits exactly one."""
    found: list[int] = []
    for part in visit_rules.topics(names):
        fits = [one.id for one in mentees if f" {fold(part)} " in f" {fold(one.name)} "]
        if len(fits) != 1:
            return None
        found += fits
    return found or None


def facilities(turn: Turn) -> list[visit_rules.Place]:
    """Every facility, those where the mentor's own mentees are as near."""
    near = set(
        turn.session.scalars(
            select(Person.facility_id).where(
                Person.mentor_id == turn.person.id, Person.facility_id.is_not(None)
            )
        )
    )
    rows = turn.session.execute(select(Facility.id, Facility.name).order_by(Facility.name))
    return [visit_rules.Place(one, name, one in near) for one, name in rows]


def past_day(day: date | None, now: date) -> date | None:
    """The day of a visit that has taken place; without one, today. ``None``: it is too long ago.

    A day that reads as one to come ("12/11" in December) is the last one of that name.
    """
    found = day or now
    if found > now:
        try:
            found = found.replace(year=found.year - 1)
        except ValueError:
            return None
    return found if now - found <= OLDEST else None
