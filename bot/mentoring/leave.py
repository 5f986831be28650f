"""A mentor's leave: AWAY, with an end or without, and BACK."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.mentoring import assigning, dues, news, telling, until
from bot.turn import Turn
from store.people import Person


def go(turn: Turn, argument: str) -> None:
    """No new cases from now on; the open ones find other mentors."""
    end = until.ends(argument, turn.now, turn.person.timezone) if argument else None
    begin(turn.session, turn.person, end, turn.now)
    if end is None:
        turn.reply("mentor_away")
    else:
        turn.reply("mentor_away_until", when=telling.when(end, turn.now, turn.person))


def come_back(turn: Turn) -> None:
    """Cases can come again, and what waits for somebody comes now."""
    finish(turn.session, turn.person, turn.now)
    turn.reply("mentor_back")


def begin(session: Session, mentor: Person, end: datetime | None, now: datetime) -> None:
    """A mentor is on leave from now on, until a moment or until BACK."""
    mentor.away_since, mentor.away_until = mentor.away_since or now, end
    session.flush()
    assigning.hand_back(session, mentor, now)
    if end is None:
        news.forget(session, mentor.id, "back", now)
    else:
        news.plan(session, mentor.id, "back", end)


def finish(session: Session, mentor: Person, now: datetime) -> None:
    """A mentor is back; what nobody has is looked at now."""
    mentor.away_since = mentor.away_until = None
    session.flush()
    news.forget(session, mentor.id, "back", now)
    dues.bring_waiting(session, now)
