"""What makes one simulated mentee different from the next, drawn from a seed.

Reply chances and delays follow the SMS quizzes in Uganda ("Response patterns to interactive SMS
health education quizzes at two sites in Uganda", Trop Med Int Health 2013, doi 10.1111/tmi.12059):
37 to 79 % reply, half of the answers come within 50 minutes, and the mobile operator weighs most.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from math import exp
from random import Random
from typing import Final

from simulator import cohort_days
from simulator.cohort_days import Routine
from simulator.cohort_types import Spell, stream

LOWEST_REPLY: Final = 0.37
HIGHEST_REPLY: Final = 0.79
# Of those who reply at all, how many do so only when they are reminded.
AFTER_REMINDER: Final = 0.12
MEDIAN_MINUTES: Final = 32.0
FORMS: Final = ("letter", "lower", "digit", "dot", "brackets", "option", "words")
_FORM_WEIGHTS: Final = (34, 26, 12, 8, 6, 6, 8)


@dataclass(frozen=True, slots=True)
class Typing:
    """How somebody writes an answer.

    `form` is one of `FORMS`. The rest are chances: to thank, to mistype, to name two options, to
    send what nobody can read.
    """

    form: str
    thanks: float
    typos: float
    doubts: float
    unreadable: float


@dataclass(frozen=True, slots=True)
class Habits:
    """Chances: `asks` per answer, `more` to `thanks` per feedback, `progress` per weekly summary.

    `helped`: to say whether an answer helped. `hour` to `stop`: per question, words sent seldom.
    """

    asks: float
    more: float
    ask: float
    quiz: float
    thanks: float
    progress: float
    helped: float
    hour: float
    fewer: float
    pause: float
    stop: float


@dataclass(frozen=True, slots=True)
class Traits:
    """One mentee. `stream` names everything that is drawn for this person and nobody else.

    skill: the mean ability, 0 to 1, over competencies at the start. learning: by how much a spaced
    success lengthens the half-life. half_life: of a fact newly learnt, in days. slip, guess:
    chances of a wrong answer though one knows, of a right one though one does not (four options).
    attention: chance that feedback is read with care. reply: share of questions answered in the
    end, if there is a reminder. median_minutes, spread: of the delay, log-normal. presses: chance
    to press a button where there is one.
    """

    stream: str
    name: str
    number: str
    channel: str
    language: str
    operator: str
    district: str
    facility: str
    facility_level: str
    cadre: str
    routine: Routine
    skill: float
    learning: float
    half_life: float
    slip: float
    guess: float
    attention: float
    reply: float
    median_minutes: float
    spread: float
    presses: float
    typing: Typing
    habits: Habits

    @property
    def address(self) -> str:
        """The number, with `whatsapp:` in front for somebody on WhatsApp."""
        return f"whatsapp:{self.number}" if self.channel == "whatsapp" else self.number

    @property
    def first_reply(self) -> float:
        """Chance of an answer without a reminder."""
        return self.reply * (1 - AFTER_REMINDER)

    @property
    def late_reply(self) -> float:
        """Chance of an answer after the reminder, for a question not answered before."""
        return self.reply * AFTER_REMINDER / (1 - self.first_reply)

    def ability(self, competency: str) -> float:
        """The level, 0 to 1, in a competency at the start."""
        return _near(self.stream, f"competency:{competency}", self.skill, 0.12)

    def level(self, competency: str, fact: str) -> float:
        """How well, 0 to 1, a fact of a competency is known at the start."""
        return _near(self.stream, f"fact:{fact}", self.ability(competency), 0.15)

    def spells(self, day: date) -> list[Spell]:
        """When the phone cannot be reached on a local day; see `cohort_days.spells`."""
        return cohort_days.spells(self.routine, self.stream, day)

    def spell_at(self, moment: datetime) -> Spell | None:
        """The spell that holds `moment` (aware), if one does."""
        return cohort_days.spell_at(self.routine, self.stream, moment)

    def free(self, moment: datetime, rng: Random) -> datetime:
        """`moment`, or the next time the phone is on and in hand; see `cohort_days.free`."""
        return cohort_days.free(self.routine, self.stream, moment, rng)


@dataclass(frozen=True, slots=True)
class Operator:
    """A made-up mobile operator: what it adds to reply chances, and its outages a day."""

    name: str
    reply: float
    outages: float


OPERATORS: Final = (
    Operator("Hilltel", 0.06, 0.3),
    Operator("Lakecom", 0.0, 0.6),
    Operator("Plainsnet", -0.08, 1.4),
)
OPERATOR_WEIGHTS: Final = (5, 3, 2)


def draw_routine(rng: Random, timezone: str, outages: float) -> Routine:
    """Somebody's days."""
    works_from = rng.choice((7 * 60, 7 * 60 + 30, 8 * 60))
    weekend = rng.choices(((), (5,), (5, 6)), (60, 30, 10))[0]
    return Routine(
        timezone=timezone,
        rises=rng.randint(4 * 60 + 45, 6 * 60 + 15),
        sleeps=rng.randint(20 * 60 + 45, 22 * 60 + 45),
        works_from=works_from,
        works_to=works_from + rng.choice((8 * 60, 9 * 60, 9 * 60 + 30)),
        workdays=(0, 1, 2, 3, 4, *weekend),
        looks_at_work=rng.uniform(0.15, 0.8),
        off_at_night=rng.random() < 0.4,
        off_days=rng.uniform(0.0, 0.05),
        flat_days=rng.uniform(0.0, 0.15),
        outages=outages * rng.uniform(0.5, 1.5),
    )


def draw_typing(rng: Random) -> Typing:
    """Somebody's way of writing."""
    return Typing(
        form=rng.choices(FORMS, _FORM_WEIGHTS)[0],
        thanks=rng.choice((0.0, 0.02, 0.05, 0.25)),
        typos=rng.uniform(0.0, 0.12),
        doubts=rng.uniform(0.0, 0.03),
        unreadable=rng.uniform(0.0, 0.04),
    )


def draw_habits(rng: Random) -> Habits:
    """What somebody does beside answering."""
    return Habits(
        asks=rng.choice((0.0, 0.01, 0.03, 0.08)),
        more=rng.uniform(0.05, 0.4),
        ask=rng.uniform(0.0, 0.03),
        quiz=rng.choice((0.0, 0.0, 0.02, 0.1)),
        thanks=rng.uniform(0.0, 0.12),
        progress=rng.uniform(0.0, 0.4),
        helped=rng.uniform(0.3, 0.9),
        hour=rng.uniform(0.0, 0.01),
        fewer=rng.uniform(0.0, 0.004),
        pause=rng.uniform(0.0, 0.004),
        stop=rng.uniform(0.0, 0.002),
    )


def draw_reply(rng: Random, operator: Operator) -> float:
    """The share of questions somebody answers in the end."""
    return between(rng.gauss(0.60 + operator.reply, 0.09), LOWEST_REPLY, HIGHEST_REPLY)


def draw_median(rng: Random) -> float:
    """The median delay of somebody's answers, in minutes, before sleep and work are counted."""
    return between(MEDIAN_MINUTES * exp(rng.gauss(0.0, 0.5)), 6.0, 150.0)


def between(value: float, lowest: float, highest: float) -> float:
    """`value`, or the nearer limit."""
    return min(highest, max(lowest, value))


@lru_cache(maxsize=65536)
def _near(who: str, name: str, mean: float, deviation: float) -> float:
    return between(stream(who, name).gauss(mean, deviation), 0.05, 0.95)
