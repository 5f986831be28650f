"""A mentor's leave: AWAY, with an end or without, and BACK."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.mentoring import assigning, dues, news, until
from bot.text.moments import spoken
from bot.texts import text
from bot.turn import Turn
from store.cases import Case
from store.people import Person


def go(turn: Turn, argument: str) -> None:
    """No new cases from now on; the open ones find other mentors."""
    person, language = turn.person, turn.person.language
    end = until.ends(argument, turn.now, person.timezone) if argument else None
    codes = [case.code for case in begin(turn.session, person, end, turn.now)]
    if end is None:
        said = [text("mentor_away", language)]
    else:
        when = spoken(end, turn.now, person.timezone, language, midnight=True)
        said = [text("mentor_away_until", language, when=when)]
    if codes:
        said.append(text("mentor_hands_over", language, codes=", ".join(f"#{c}" for c in codes)))
    turn.reply_text(" ".join(said), label="away")


def come_back(turn: Turn) -> None:
    """Cases can come again, and what waits for somebody comes now."""
    finish(turn.session, turn.person, turn.now)
    turn.reply("mentor_back")


def begin(session: Session, mentor: Person, end: datetime | None, now: datetime) -> list[Case]:
    """A mentor is on leave from now on, until a moment or until BACK.

    Returns:
        The open cases, which find other mentors now.
    """
    mentor.away_since, mentor.away_until = mentor.away_since or now, end
    session.flush()
    left = assigning.hand_back(session, mentor, now)
    if end is None:
        news.forget(session, mentor.id, "back", now)
    else:
        news.plan(session, mentor.id, "back", end)
    return left


def finish(session: Session, mentor: Person, now: datetime) -> None:
    """A mentor is back; what nobody has is looked at now."""
    mentor.away_since = mentor.away_until = None
    session.flush()
    news.forget(session, mentor.id, "back", now)
    dues.bring_waiting(session, now)
