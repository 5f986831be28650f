"""One person and one message at one moment, and the plain ways of answering it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log
from random import Random
from typing import Final, Protocol

from simulator.cohort_agenda import Agenda, Purpose
from simulator.cohort_types import Act, Kind, Seen, Spell

LONGEST_DELAY: Final = timedelta(days=6)
SHORTEST_DELAY: Final = timedelta(seconds=15)
SOON_MINUTES: Final = 3.0
SOON_SPREAD: Final = 0.8
# Of somebody who is answering one question after the other.
AT_ONCE_MINUTES: Final = 0.7
AT_ONCE_SPREAD: Final = 0.5


class Someone(Protocol):
    """Whoever has a phone."""

    @property
    def presses(self) -> float:
        """Chance to press a button where there is one."""
        ...

    def free(self, moment: datetime, rng: Random) -> datetime:
        """`moment`, or the next time the phone is on and in hand."""
        ...

    def spell_at(self, moment: datetime) -> Spell | None:
        """When the phone cannot be reached, if `moment` lies in such a time."""
        ...


@dataclass(frozen=True, slots=True)
class Hearing:
    """`who` reads `message` at `now` (UTC); what will be done goes into the `agenda`."""

    who: Someone
    agenda: Agenda
    message: Seen
    now: datetime
    rng: Random

    def later(self, median: float, spread: float, start: datetime | None = None) -> datetime:
        """A time after `start`, else after now, when the phone is on and in hand.

        The delay before that is log-normal: `median` in minutes, `spread` of its logarithm.
        """
        return self.who.free((start or self.now) + self._delay(median, spread), self.rng)

    def at_once(self, median: float = AT_ONCE_MINUTES) -> datetime:
        """A short time from now: the phone is in hand, whatever the hour."""
        moment = self.now + self._delay(median, AT_ONCE_SPREAD)
        return moment if self.who.spell_at(moment) is None else self.who.free(moment, self.rng)

    def _delay(self, median: float, spread: float) -> timedelta:
        minutes = round(self.rng.lognormvariate(log(median), spread), 3)
        return min(LONGEST_DELAY, max(SHORTEST_DELAY, timedelta(minutes=minutes)))

    def soon(self) -> datetime:
        """A few minutes from now, or when the phone is on and in hand next."""
        return self.later(SOON_MINUTES, SOON_SPREAD)

    def plan(
        self,
        at: datetime,
        said: str,
        purpose: Purpose = "word",
        about: str = "",
        kind: Kind = "text",
    ) -> None:
        """Plan to write `said`."""
        self.agenda.add(Act(at, kind, said, self.message.sid), purpose, about)

    def say(self, said: str) -> None:
        """Plan to write `said` soon."""
        self.plan(self.soon(), said)

    def choose(
        self, wanted: str, typed: str, at: datetime | None = None, purpose: Purpose = "word"
    ) -> None:
        """Plan to press what says `wanted`, or to write `typed` where that cannot be.

        `at`: None is soon.
        """
        at = at or self.soon()
        act = self.press(wanted, at)
        self.agenda.add(act or Act(at, "text", typed, self.message.sid), purpose)

    def press(self, wanted: str, at: datetime) -> Act | None:
        """Press the button or row whose id is `wanted`, else whose title begins so.

        None where there is none, and for people who write in spite of buttons.
        """
        message = self.message
        if message.channel != "whatsapp" or self.rng.random() >= self.who.presses:
            return None
        shown: list[tuple[Kind, str, str]] = [
            *(("press", button["id"], button["title"]) for button in message.buttons),
            *(("pick", row["id"], row["item"]) for row in message.rows),
        ]
        named = [one for one in shown if one[1] == wanted]
        begun = [one for one in shown if one[2].startswith(wanted)]
        for kind, name, _ in named or begun:
            return Act(at, kind, name, message.sid)
        return None
