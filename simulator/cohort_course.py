"""The way of a simulated mentee: self-assessment, pre-tests, what was wrong, tests again.

Somebody who is invited begins when there is time, takes a test of each area, reads what was wrong,
and takes it again some days later, until the level is reached. What they know of it is what their
phone has said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from simulator import cohort_typing as typing
from simulator import cohort_walks as walks
from simulator.cohort_hearing import Hearing
from simulator.cohort_memory import Memory
from simulator.cohort_traits import Traits, between
from simulator.cohort_types import Known
from simulator.cohort_walks import Step

# Minutes until somebody begins what they were invited to.
BEGINS_AFTER: Final = 180.0
BEGIN_SPREAD: Final = 1.0
# From one test to the next, and to the same one again, in days.
NEXT_TEST: Final = 1.0
SAME_TEST: Final = 4.0
DAYS_SPREAD: Final = 0.2
# A test that is left half-way is brought to mind the day after.
LEAVES: Final = 0.004
READS: Final = 0.9  # of what was wrong, one after the other
COMES: Final = 0.85
DECLINES: Final = 0.08
_VISIT: Final = {"en": ("VISIT YES", "VISIT NO"), "fr": ("VISITE OUI", "VISITE NON")}
_MORE: Final = {"en": "MORE", "fr": "PLUS"}


@dataclass(slots=True)
class Given:
    """One answer in a test: what was chosen, and whether the fact came to mind."""

    known: Known
    choice: int
    knew: bool


@dataclass(slots=True)
class Course:
    """What a mentee remembers of their own way. Areas by id.

    ``areas``: those that TEST has named; ``tests``: how many were taken of each; ``taken``: when
    the last one ended (UTC); ``reached``: where the phone said so; ``given``: the answers of the
    test that is going on, or was last, by item.
    """

    traits: Traits
    memory: Memory
    areas: list[str] = field(default_factory=list)
    tests: dict[str, int] = field(default_factory=dict)
    taken: dict[str, datetime] = field(default_factory=dict)
    reached: list[str] = field(default_factory=list)
    given: dict[str, Given] = field(default_factory=dict)

    def hears(self, hearing: Hearing) -> bool:
        """Plan what a message of a walk leads to; whether it was one."""
        step = walks.read(hearing.message, walks.MENTEE)
        match step.wants:
            case "invited" | "waiting":
                self._begin(step.words[0].upper(), hearing)
            case "begun":
                hearing.choose("1", "1", hearing.at_once(), "walk")
            case "areas":
                self.areas = [name.strip().upper() for name in step.words[0].split(",")]
                self._next_test(hearing, hearing.at_once())
            case "item":
                self._answer(step, hearing)
            case "sure":
                self._sure(step, hearing)
            case "goal":
                hearing.choose("1", "1", hearing.at_once(), "walk")
            case "assessed":
                self._first_test(hearing)
            case "result":
                self._result(step, hearing)
            case "review":
                self._review(step, hearing)
            case "visit":
                self._visit(hearing)
            case _:
                return False
        return True

    def _begin(self, word: str, hearing: Hearing) -> None:
        hearing.agenda.drop("walk")
        hearing.plan(hearing.later(BEGINS_AFTER, BEGIN_SPREAD), word, "walk")

    def _answer(self, step: Step, hearing: Hearing) -> None:
        """A letter for a test, whose options have letters; a number for the self-assessment."""
        known = hearing.message.known
        if known is None or hearing.rng.random() < LEAVES:
            return
        hearing.agenda.drop("walk")
        at = hearing.at_once()
        choice, knew = self.memory.choose(known, at, hearing.rng)
        if step.options:
            hearing.choose(str(choice + 1), str(choice + 1), at, "walk")
            return
        self.given[known.item] = Given(known, choice, knew)
        letter = typing.clean(choice)
        hearing.choose(letter, letter, at, "walk")

    def _sure(self, step: Step, hearing: Hearing) -> None:
        """How sure they are: near what they can do, as far as they can tell."""
        feels = self.traits.skill + hearing.rng.gauss(0.0, 0.2)
        number = str(1 + round(4 * between(feels, 0.0, 1.0)))
        hearing.agenda.drop("walk")
        hearing.choose(number, number, hearing.at_once(), "walk")

    def _first_test(self, hearing: Hearing) -> None:
        """Having looked at themselves, they want to know."""
        if not self.tests and not hearing.agenda.has("test"):
            at = self._in_days(NEXT_TEST, hearing)
            hearing.plan(at, "TEST", "test")

    def _result(self, step: Step, hearing: Hearing) -> None:
        """The score has come: what is known stays better, and what was wrong is looked at."""
        stage, area = step.words[0], step.words[1].upper()
        said = walks.plain(hearing.message.text)
        if area not in self.areas:
            self.areas.append(area)
        self.tests[area] = self.tests.get(area, 0) + 1
        self.taken[area] = hearing.now
        reached = stage == "post-test" and _has(said, "reached the level", "est atteint")
        if reached and area not in self.reached:
            self.reached.append(area)
        for one in self.given.values():
            if one.knew and one.choice == one.known.right:
                self.memory.learn(one.known, True, False, hearing.now)
        hearing.agenda.drop("walk")
        if _has(said, "to look at again", "a revoir") and hearing.rng.random() < READS:
            self._more(hearing)
        else:
            self.given.clear()
        self._next_test(hearing, None)

    def _review(self, step: Step, hearing: Hearing) -> None:
        """One item that was wrong, with its answer and the reason."""
        known = hearing.message.known
        if known is not None and hearing.rng.random() < self.traits.attention:
            self.memory.learn(known, False, True, hearing.now)
        more = step.words[0] in ("more for the next", "plus pour la suivante")
        if more and hearing.rng.random() < READS:
            self._more(hearing)
        elif not more:
            self.given.clear()

    def _more(self, hearing: Hearing) -> None:
        hearing.agenda.drop("walk")
        word = _MORE.get(self.traits.language, "MORE")
        hearing.plan(hearing.at_once(1.5), word, "walk")

    def _next_test(self, hearing: Hearing, at: datetime | None) -> None:
        """The area that was tested least, of those where the level is not reached.

        Args:
            at: None: some days after the last test, and after the last one of this area.
        """
        open_ = [area for area in self.areas if area not in self.reached]
        if not open_:
            return
        area = min(open_, key=lambda one: (self.tests.get(one, 0), self.areas.index(one)))
        if at is None:
            at = self._in_days(NEXT_TEST, hearing)
            if area in self.taken:
                again = self._in_days(SAME_TEST, hearing, self.taken[area])
                at = max(at, again)
        hearing.agenda.drop("test")
        hearing.plan(at, f"TEST {area}", "test")

    def _in_days(self, days: float, hearing: Hearing, start: datetime | None = None) -> datetime:
        later = hearing.rng.lognormvariate(0.0, DAYS_SPREAD) * days
        moment = (start or hearing.now) + timedelta(days=round(later, 4))
        return self.traits.free(max(moment, hearing.now), hearing.rng)

    def _visit(self, hearing: Hearing) -> None:
        draw = hearing.rng.random()
        yes, no = _VISIT.get(self.traits.language, _VISIT["en"])
        if draw < COMES:
            hearing.choose("VISIT YES", yes)
        elif draw < COMES + DECLINES:
            hearing.choose("VISIT NO", no)

    def to_json(self) -> dict[str, Any]:
        """Plain values; times in ISO 8601."""
        return {
            "areas": self.areas,
            "tests": self.tests,
            "taken": {area: at.isoformat() for area, at in self.taken.items()},
            "reached": self.reached,
            "given": [[one.known.to_json(), one.choice, one.knew] for one in self.given.values()],
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any], traits: Traits, memory: Memory) -> Course:
        """What `to_json` wrote, of somebody with these traits and this memory."""
        given = [Given(Known.from_json(known), *rest) for known, *rest in plain["given"]]
        return cls(
            traits,
            memory,
            list(plain["areas"]),
            dict(plain["tests"]),
            {area: datetime.fromisoformat(at) for area, at in plain["taken"].items()},
            list(plain["reached"]),
            {one.known.item: one for one in given},
        )


def _has(said: str, *signs: str) -> bool:
    return any(sign in said for sign in signs)
