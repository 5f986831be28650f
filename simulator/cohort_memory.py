"""What somebody knows, learns and forgets, fact by fact.

P(right) = guess + (1 - guess - slip) * recall, and recall = 2 ^ (-days / half-life), as in
half-life regression (Settles & Meeder 2016), but never below the level that daily work keeps up,
where a fact stands that was never asked. The half-life grows with every success after a gap and
with what is read; a wrong answer without its reason teaches nothing (mCME v1, Vietnam, n=638).
Reading about one fact lifts the others of its competency a little (transfer: Price 2024).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from simulator.cohort_traits import Traits
from simulator.cohort_types import Known, in_utc

DAY = timedelta(days=1)
LONGEST_HALF_LIFE = 365.0
# A fact of daily work fades more slowly than one that was never met.
KNOWN_BEFORE = 8.0
AFTER_A_MISS = 0.7
GROWTH_BY_READING = 0.3
GROWTH_BY_CARD = 0.2
LIFT = 0.03
MOST_LIFT = 0.2
HIGHEST_LEVEL = 0.97
GUESS_OPTIONS = 4
HIGHEST_GUESS = 0.5


@dataclass(slots=True)
class Trace:
    """One fact in one mind: `half_life` in days, `last` met then (UTC)."""

    half_life: float
    last: datetime


@dataclass(slots=True)
class Memory:
    """The facts met so far, and by how much reading has lifted each competency."""

    traits: Traits
    traces: dict[str, Trace] = field(default_factory=dict)
    lifts: dict[str, float] = field(default_factory=dict)

    def recall(self, known: Known, when: datetime) -> float:
        """The chance, 0 to 1, that the fact comes to mind.

        Raises:
            ValueError: `when` is naive.
        """
        when, trace = in_utc(when), self.traces.get(known.fact)
        if trace is None:
            return self._level(known)
        days = max(0.0, (when - trace.last) / DAY)
        # What work has taught is not lost by having been asked.
        return max(self._level(known), float(2 ** (-days / trace.half_life)))

    def chance(self, known: Known, when: datetime) -> float:
        """The chance of a right answer. Raises ValueError as `recall` does."""
        guess = self._guess(known)
        return guess + (1 - guess - self.traits.slip) * self.recall(known, when)

    def choose(self, known: Known, when: datetime, rng: Random) -> tuple[int, bool]:
        """The option that is chosen, from 0, and whether the fact came to mind.

        Raises:
            ValueError: `when` is naive.
        """
        knew = rng.random() < self.recall(known, when)
        right = rng.random() < (1 - self.traits.slip if knew else self._guess(known))
        wrong = [place for place in range(len(known.options)) if place != known.right]
        # Drawn in any case, so that what follows does not hang on the answer.
        other = rng.choice(wrong) if wrong else known.right
        return (known.right if right else other), knew

    def learn(self, known: Known, knew: bool, read: bool, when: datetime) -> None:
        """An answer was given and its reason came at `when`; `read`: it was read with care.

        Raises:
            ValueError: `when` is naive.
        """
        when = in_utc(when)
        if not (knew or read):
            return
        trace = self.traces.get(known.fact)
        half_life, spaced = self._first_half_life(known), 1.0
        if trace is not None:
            half_life = trace.half_life
            spaced = min(1.0, max(0.0, (when - trace.last) / DAY) / half_life)
        if knew:
            half_life *= 1 + self.traits.learning * spaced
        else:
            half_life = max(self.traits.half_life, half_life * AFTER_A_MISS)
        if read:
            half_life *= 1 + GROWTH_BY_READING * self.traits.learning * spaced
            if not knew:
                lift = self.lifts.get(known.competency, 0.0) + LIFT * self.traits.learning
                self.lifts[known.competency] = min(MOST_LIFT, lift)
        self.traces[known.fact] = Trace(min(LONGEST_HALF_LIFE, half_life), when)

    def reread(self, known: Known, when: datetime) -> None:
        """The card behind an answer was read. Raises ValueError when `when` is naive."""
        trace = self.traces.get(known.fact)
        half_life = trace.half_life if trace else self._first_half_life(known)
        half_life *= 1 + GROWTH_BY_CARD * self.traits.learning
        self.traces[known.fact] = Trace(min(LONGEST_HALF_LIFE, half_life), in_utc(when))

    def _level(self, known: Known) -> float:
        level = self.traits.level(known.competency, known.fact)
        return min(HIGHEST_LEVEL, level + self.lifts.get(known.competency, 0.0))

    def _first_half_life(self, known: Known) -> float:
        return self.traits.half_life * (1 + KNOWN_BEFORE * self._level(known) ** 2)

    def _guess(self, known: Known) -> float:
        """The chance of a lucky guess: the fewer options, the luckier."""
        return min(HIGHEST_GUESS, self.traits.guess * GUESS_OPTIONS / max(1, len(known.options)))

    def to_json(self) -> dict[str, Any]:
        """Plain values; times in ISO 8601."""
        return {
            "traces": {
                fact: [trace.half_life, trace.last.isoformat()]
                for fact, trace in self.traces.items()
            },
            "lifts": dict(self.lifts),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any], traits: Traits) -> Memory:
        """What `to_json` wrote, of somebody with these traits."""
        traces = {
            fact: Trace(half_life, datetime.fromisoformat(last))
            for fact, (half_life, last) in plain["traces"].items()
        }
        return cls(traits, traces, dict(plain["lifts"]))
