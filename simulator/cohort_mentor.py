"""Simulated mentors: they answer cases in working hours, by quoting, and now and then PASS.

Visits and signed skills are their `rounds`; see `cohort_rounds`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from random import Random
from typing import Any, Final

from simulator import cohort_days
from simulator import cohort_rounds as rounds
from simulator.cohort_agenda import Agenda
from simulator.cohort_hearing import Hearing
from simulator.cohort_manners import LANGUAGES, READ
from simulator.cohort_reading import case_wants_of
from simulator.cohort_rounds import Rounds
from simulator.cohort_traits import draw_routine
from simulator.cohort_types import Act, Seen, Spell, in_utc, stream

MEDIAN_MINUTES: Final = 75.0
URGENT_MINUTES: Final = 6.0
SPREAD: Final = 1.0
PASSES: Final = 0.06
FORGETS: Final = 0.08  # until the reminder
BY_CODE: Final = 0.15
# The simulated operators of mentors are good ones.
OUTAGES: Final = 0.2


class Mentor:
    """One simulated mentor; the same seed, name and messages give the same acts."""

    presses = 0.9

    def __init__(
        self,
        name: str,
        seed: int | str,
        answers: Sequence[str],
        timezone: str = "Africa/Kigali",
        language: str = "en",
        median_minutes: float = MEDIAN_MINUTES,
    ) -> None:
        """`answers`: what this mentor writes, one of them at a time.

        `median_minutes`: of the time to an answer, before working hours are counted.

        Raises:
            ValueError: there is no answer to give.
        """
        if not answers:
            raise ValueError("a mentor needs at least one answer to give")
        self.name = name
        self.stream = f"{seed}:{name}"
        self.answers = tuple(answers)
        self.language = language if language in LANGUAGES else LANGUAGES[0]
        self.median_minutes = median_minutes
        self.routine = draw_routine(stream(self.stream, "traits"), timezone, OUTAGES)
        self.agenda = Agenda()
        self.rounds = Rounds()
        self.heard = 0

    def begin(self, now: datetime) -> None:
        """Begin with visits, a day from `now` (aware) or so."""
        at = rounds.next_visit(self, in_utc(now), rounds.FIRST_VISIT)
        self.agenda.add(Act(at, "text", "VISIT", ""), "visit")

    @property
    def next_at(self) -> datetime | None:
        """When `due` has something next; UTC."""
        return self.agenda.next_at

    def spells(self, day: date) -> list[Spell]:
        """When the phone is off or without network on a local day; see `cohort_days.spells`."""
        return cohort_days.spells(self.routine, self.stream, day)

    def free(self, moment: datetime, rng: Random) -> datetime:
        """`moment`, or the next time the phone is on and in hand; see `cohort_days.free`."""
        return cohort_days.free(self.routine, self.stream, moment, rng)

    def spell_at(self, moment: datetime) -> Spell | None:
        """The spell that holds `moment` (aware), if one does."""
        return cohort_days.spell_at(self.routine, self.stream, moment)

    def at_work(self, moment: datetime, rng: Random) -> datetime:
        """`moment`, or the next time in working hours with a phone that is on."""
        return cohort_days.working(self.routine, self.stream, moment, rng)

    def hears(self, message: Seen, now: datetime, rng: Random | None = None) -> list[Act]:
        """The phone shows a message; what will be done about it, all of it later than `now`.

        The acts are planned already: carry out what `due` gives, not these. Never more than one
        answer to a case is planned.

        Raises:
            ValueError: `now` is naive.
        """
        self.heard += 1
        chances = rng or stream(self.stream, "heard", str(self.heard))
        hearing = Hearing(self, self.agenda, message, in_utc(now), chances)
        before = self.agenda.number
        wants, code = case_wants_of(message.text)
        if wants == "anything":
            hearing.choose(READ[self.language], "ok")
        elif wants == "number":
            number = self.rounds.is_none_of_them(message.text, hearing.now) or "1"
            hearing.choose(number, number)
        elif wants == "nothing":
            self.rounds.hears(self, hearing)
        elif self.agenda.find("answer", code) is None:
            reminded = wants == "still_waiting"
            if reminded or chances.random() >= FORGETS:
                self._answer(code, hearing)
        return self.agenda.since(before)

    def due(self, now: datetime) -> list[Act]:
        """What is done by `now`, in order, each once. Raises ValueError when `now` is naive."""
        now, acts = in_utc(now), []
        while (planned := self.agenda.pop(now)) is not None:
            acts.append(planned.act)
            if planned.purpose == "visit":
                following = rounds.next_visit(self, planned.act.at)
                self.agenda.add(Act(following, "text", "VISIT", ""), "visit")
        return acts

    def _answer(self, code: str, hearing: Hearing) -> None:
        rng = hearing.rng
        if "URGENT" in hearing.message.text:
            at = hearing.later(URGENT_MINUTES, SPREAD)
        else:
            at = hearing.later(self.median_minutes, SPREAD)
            at = self.at_work(at, rng)
        answer, draw = rng.choice(self.answers), rng.random()
        if draw < PASSES:
            hearing.plan(at, f"PASS #{code}", "answer", code)
        elif draw < PASSES + BY_CODE:
            hearing.plan(at, f"#{code} {answer}", "answer", code)
        else:
            hearing.plan(at, answer, "answer", code, "quote")

    def to_json(self) -> dict[str, Any]:
        """All that changes, as plain values."""
        return {
            "agenda": self.agenda.to_json(),
            "rounds": self.rounds.to_json(),
            "heard": self.heard,
        }

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Take up what `to_json` wrote of the same mentor."""
        self.agenda = Agenda.from_json(plain["agenda"])
        if "rounds" in plain:  # what older versions wrote has none
            self.rounds = Rounds.from_json(plain["rounds"])
        self.heard = plain["heard"]
