"""Messages: the log of what came in and what went out, with the reason where it did not."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from flask_babel import gettext as _

from bot.overviews import messages, people
from console import asked
from console.blueprint import blueprint
from console.office import caller, desk, note, office
from console.reasons import why
from console.showing import page, zone
from console.words import WORDS


@blueprint.get("/messages", endpoint="messages")
def list_() -> str:
    """By person, direction, channel, state, kind and day; the newest first."""
    scope = caller().scope
    words, sentence = asked.word("q"), ""
    whose, named = _whose(words)
    if words and whose is not None:
        most = len(whose)
        if not most:
            sentence = _("Nobody fits these words.")
        elif named > most:
            sentence = _("%(named)s people fit; these are the messages of the first %(most)s.",
                         named=named, most=most)  # fmt: skip
    kinds = tuple(WORDS["message kind"])
    since, until = asked.day("since"), asked.day("until")
    wanted = messages.Wanted(
        people=whose,
        direction=asked.word("direction", messages.DIRECTIONS),
        channel=asked.word("channel", messages.CHANNELS),
        state=asked.word("state", messages.STATES),
        kind=asked.word("kind", kinds),
        since=_midnight(since),
        until=_midnight(until, days=1),
        after=messages.place(asked.word("after", longest=120)),
    )
    found = messages.found(desk(), scope, wanted)
    note("messages_seen", people=len({line.person_id for line in found.lines}))
    return page(
        "messages.html",
        found=found,
        wanted=wanted,
        words=words,
        person=whose[0] if whose and not words else None,
        since=since,
        until=until,
        directions=messages.DIRECTIONS,
        channels=messages.CHANNELS,
        states=messages.STATES,
        kinds=kinds,
        numbers=scope.numbers,
        why=why,
        sentence=sentence,
    )


def _whose(words: str) -> tuple[tuple[int, ...] | None, int]:
    """The people who are meant, and how many fit; None: everybody."""
    scope = caller().scope
    if words:
        return messages.who(desk(), scope, words, office().settings.default_region)
    number = asked.word("person", longest=18)
    if not (number.isascii() and number.isdecimal()):
        return None, 0
    one = people.one(desk(), scope, int(number))
    return (one.id,) if one is not None else (), 1


def _midnight(day: date | None, days: int = 0) -> datetime | None:
    """When a day begins, or the one so many days later, in the programme's time zone."""
    if day is None or day.year not in messages.YEARS:
        return None
    return datetime.combine(day + timedelta(days), time(), zone())
