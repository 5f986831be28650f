"""What to do with a dose at the moment it is due. Plain rules.

A dose is given at its moment or up to twenty hours later; after that it lapses, whatever kept it:
a clock that stood still, an open case, quiet hours. What a month of silence has left is not made
up for: one question at a time, at the hour that was promised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.quizzes.calendar import Quiet, next_allowed

# Shorter than a day, so that today's dose is never given together with tomorrow's.
LATE: Final = timedelta(hours=20)
# Whoever wrote less than this ago is in a conversation.
CONVERSATION: Final = timedelta(minutes=10)
LOOK_AGAIN: Final = timedelta(minutes=30)
# An open question stays open for days more often than not.
LOOK_AT_OPEN: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the decision needs to know of a dose and its mentee. Moments are aware."""

    kind: str
    planned_at: datetime
    timezone: str
    quiet: Quiet
    weekends: bool
    stopped: bool = False
    consented: bool = True
    reachable: bool = True
    left: str | None = None
    paused_until: datetime | None = None
    in_case: bool = False
    in_walk: bool = False
    last_inbound: datetime | None = None
    open_question: bool = False
    waited: str | None = None


@dataclass(frozen=True, slots=True)
class Give:
    """Now."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now; ``until`` is when to look again."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Lapse:
    """Never."""

    reason: str


def decide(facts: Facts, now: datetime) -> Give | Wait | Lapse:
    """Decide about one dose.

    Args:
        now: aware.
    """
    if facts.stopped:
        return Lapse("the mentee texted STOP")
    if not facts.consented:
        return Lapse("no consent")
    if not facts.reachable:
        return Lapse("no address that can be reached")
    if facts.left is not None:
        return Lapse(facts.left)
    if facts.paused_until is not None and facts.paused_until > now:
        return Lapse("paused by the mentee")
    last = facts.planned_at + LATE
    if now > last:
        return Lapse(f"too late: {facts.waited}" if facts.waited else "too late: the clock stood")
    waits = _waits(facts, now)
    if waits is None:
        return Give()
    # One more look just before its time is over, so that the reason for lapsing is the true one.
    return Wait(min(waits.until, last + timedelta(seconds=1)), waits.reason)


def _waits(facts: Facts, now: datetime) -> Wait | None:
    if facts.in_case:
        return Wait(now + LOOK_AGAIN, "in an open case")
    if facts.in_walk:
        return Wait(now + LOOK_AGAIN, "in a walk")
    if facts.kind == "question" and facts.open_question:
        return Wait(now + LOOK_AT_OPEN, "another question is open")
    if facts.last_inbound is not None and now - facts.last_inbound < CONVERSATION:
        return Wait(min(facts.last_inbound, now) + CONVERSATION, "in a conversation")
    allowed = next_allowed(now, facts.timezone, facts.quiet, facts.weekends)
    if allowed > now:
        # What kept it until the evening is why it lapses, not the night that followed.
        return Wait(allowed, facts.waited or "quiet hours or a weekend")
    return None
