"""A mentor's leave: AWAY, with an end or without, and BACK."""

from __future__ import annotations

from bot.mentoring import assigning, dues
from bot.turn import Turn


def go(turn: Turn, argument: str) -> None:
    """No new cases from now on; the open ones find other mentors."""
    mentor = turn.person
    mentor.away_since, mentor.away_until = mentor.away_since or turn.now, None
    assigning.hand_back(turn.session, mentor, turn.now)
    turn.reply("mentor_away")


def come_back(turn: Turn) -> None:
    """Cases can come again, and what waits for somebody comes now."""
    turn.person.away_since = turn.person.away_until = None
    dues.bring_waiting(turn.session, turn.now)
    turn.reply("mentor_back")
