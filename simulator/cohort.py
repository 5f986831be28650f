"""Simulated mentees: whether, when and how they answer, what they learn, what else they text.

Tests and the self-assessment are their `course`; see `cohort_course`.

Pure behaviour: no clock and no network. Whoever moves the clock tells a `Mentee` what the phone
shows (`hears`) and carries out what has come due (`due`). Everybody draws from a stream of their
own, named by the seed and the person: the same seed and the same messages give the same acts,
whatever the others do. People are made by `cohort`, mentors are in `cohort_mentor`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final

from simulator import cohort_manners as manners
from simulator import cohort_reading as reading
from simulator import cohort_typing as typing
from simulator.cohort_agenda import Agenda, Planned
from simulator.cohort_course import Course
from simulator.cohort_hearing import Hearing
from simulator.cohort_memory import Memory
from simulator.cohort_mentor import Mentor
from simulator.cohort_people import cohort
from simulator.cohort_traits import Traits
from simulator.cohort_types import Act, Known, Oracle, Seen, Spell, in_utc, stream

__all__ = ["Act", "Known", "Mentee", "Mentor", "Oracle", "Seen", "Spell", "Traits", "cohort"]

# A question that comes once more within this time is the reminder of the first.
STILL_OPEN: Final = timedelta(hours=72)
# Who has asked for the next question waits for it with the phone in hand.
EAGER_FOR: Final = timedelta(hours=1)
EAGER_REPLY: Final = 0.95
EAGER_MINUTES: Final = 2.0
EAGER_SPREAD: Final = 0.7
INSTEAD: Final = 0.5  # of those who ask a question, who do not answer at the same time
AFTER_OWN_QUESTION: Final = 0.6
AFTER_OWN_QUESTION_MINUTES: Final = 60.0
MOST_TRIES: Final = 2  # clean letters after "I could not read that"
GIVES_UP: Final = 0.1


@dataclass(slots=True)
class Asked:
    """The quiz question that was asked last, and what came of it.

    `choice`: the option that is, or was, chosen; `knew`: the fact came to mind; `sent`: an answer
    has left. `tries`: how often a clean letter followed.
    """

    known: Known
    sid: str
    at: datetime
    choice: int | None = None
    knew: bool = False
    sent: bool = False
    tries: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain values; the time in ISO 8601."""
        return {
            "known": self.known.to_json(),
            "sid": self.sid,
            "at": self.at.isoformat(),
            "choice": self.choice,
            "knew": self.knew,
            "sent": self.sent,
            "tries": self.tries,
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Asked:
        """What `to_json` wrote."""
        known, at = Known.from_json(plain["known"]), datetime.fromisoformat(plain["at"])
        return cls(**{**plain, "known": known, "at": at})


class Mentee:
    """One simulated mentee: what is remembered, what is planned, what was asked last."""

    def __init__(self, traits: Traits, questions: Sequence[str] = ()) -> None:
        """`questions`: clinical questions this mentee may ask, in their own language."""
        self.traits = traits
        self.questions = tuple(questions)
        self.memory = Memory(traits)
        self.course = Course(traits, self.memory)
        self.agenda = Agenda()
        self.asked: Asked | None = None
        self.learnt: Known | None = None
        self.wants_card = False
        self.eager_until: datetime | None = None
        self.stopped = False
        self.heard = 0

    @property
    def next_at(self) -> datetime | None:
        """When `due` has something next; UTC."""
        return self.agenda.next_at

    def spells(self, day: date) -> list[Spell]:
        """When the phone is off or without network on a local day; see `cohort_days.spells`."""
        return self.traits.spells(day)

    def hears(self, message: Seen, now: datetime, rng: Random | None = None) -> list[Act]:
        """The phone shows a message; what will be done about it, all of it later than `now`.

        The acts are planned already: carry out what `due` gives, not these. Without `rng`, the
        chances are drawn from this person's own stream, at a place that survives `to_json`.

        Raises:
            ValueError: `now` is naive.
        """
        now = in_utc(now)
        self.heard += 1
        chances = rng or stream(self.traits.stream, "heard", str(self.heard))
        if self.stopped:
            return []
        before = self.agenda.number
        hearing = Hearing(self.traits, self.agenda, message, now, chances)
        if reading.wants_of(message.text) != "answer_of_mentor" and self.course.hears(hearing):
            return self.agenda.since(before)
        if message.known is not None:
            self._question(message.known, hearing)
        else:
            self._told(hearing)
        return self.agenda.since(before)

    def due(self, now: datetime) -> list[Act]:
        """What is done by `now`, in order, each once. Raises ValueError when `now` is naive."""
        now, acts = in_utc(now), []
        while (planned := self.agenda.pop(now)) is not None:
            self._done(planned)
            acts.append(planned.act)
        return acts

    def to_json(self) -> dict[str, Any]:
        """All that changes, as plain values; traits and questions are not in it."""
        return {
            "memory": self.memory.to_json(),
            "course": self.course.to_json(),
            "agenda": self.agenda.to_json(),
            "asked": self.asked and self.asked.to_json(),
            "learnt": self.learnt and self.learnt.to_json(),
            "wants_card": self.wants_card,
            "eager_until": self.eager_until and self.eager_until.isoformat(),
            "stopped": self.stopped,
            "heard": self.heard,
        }

    @classmethod
    def from_json(
        cls, plain: Mapping[str, Any], traits: Traits, questions: Sequence[str] = ()
    ) -> Mentee:
        """What `to_json` wrote, of somebody with these traits and questions."""
        mentee = cls(traits, questions)
        mentee.memory = Memory.from_json(plain["memory"], traits)
        mentee.course = Course(traits, mentee.memory)
        if "course" in plain:  # what older versions wrote has none
            mentee.course = Course.from_json(plain["course"], traits, mentee.memory)
        mentee.agenda = Agenda.from_json(plain["agenda"])
        mentee.asked = Asked.from_json(plain["asked"]) if plain["asked"] else None
        mentee.learnt = Known.from_json(plain["learnt"]) if plain["learnt"] else None
        mentee.wants_card = plain["wants_card"]
        eager = plain["eager_until"]
        mentee.eager_until = datetime.fromisoformat(eager) if eager else None
        mentee.stopped = plain["stopped"]
        mentee.heard = plain["heard"]
        return mentee

    # A question of the quiz.

    def _question(self, known: Known, hearing: Hearing) -> None:
        asked = self.asked
        eager = self.eager_until is not None and hearing.now < self.eager_until
        self.eager_until = None
        same = asked is not None and asked.known.item == known.item
        if asked is not None and same and hearing.now - asked.at < STILL_OPEN:
            self._reminded(asked, eager, hearing)
            return
        self.agenda.drop("answer")
        self.asked = Asked(known, hearing.message.sid, hearing.now)
        if hearing.rng.random() < (EAGER_REPLY if eager else self.traits.first_reply):
            self._plan_answer(self.asked, self._time_to_answer(eager, hearing), hearing)
        manners.seldom(self.traits, hearing)

    def _reminded(self, asked: Asked, eager: bool, hearing: Hearing) -> None:
        if asked.sent:
            self._write_again(hearing)
            return
        at = self._time_to_answer(eager, hearing)
        waiting = self.agenda.find("answer", asked.known.item)
        chance = EAGER_REPLY if eager else self.traits.late_reply
        if waiting is None and hearing.rng.random() < chance:
            self._plan_answer(asked, at, hearing)
        elif waiting is not None and at < waiting.act.at:
            self.agenda.drop("answer")
            self._plan_answer(asked, at, hearing)

    def _time_to_answer(self, eager: bool, hearing: Hearing) -> datetime:
        if eager:
            return hearing.later(EAGER_MINUTES, EAGER_SPREAD)
        return hearing.later(self.traits.median_minutes, self.traits.spread)

    def _plan_answer(self, asked: Asked, at: datetime, hearing: Hearing) -> None:
        """Plan the one answer to a question, and perhaps a question of their own."""
        rng, own = hearing.rng, None
        if self.questions and rng.random() < self.traits.habits.asks:
            own = rng.choice(self.questions)
        if own is not None and rng.random() < INSTEAD:
            hearing.plan(at, own)
            if rng.random() >= AFTER_OWN_QUESTION:
                return
            at, own = hearing.later(AFTER_OWN_QUESTION_MINUTES, 1.0, at), None
        asked.choice, asked.knew = self.memory.choose(asked.known, at, rng)
        letter = typing.clean(asked.choice)
        if own is not None:
            hearing.plan(at, f"{letter}. {own}", "answer", asked.known.item)
        elif (act := hearing.press(letter, at)) is not None:
            self.agenda.add(act, "answer", asked.known.item)
        else:
            said = typing.written(
                asked.choice, asked.known.options, self.traits.typing, self.traits.language, rng
            )
            hearing.plan(at, said, "answer", asked.known.item)

    # Everything else that is said to them.

    def _told(self, hearing: Hearing) -> None:
        text = hearing.message.text
        wants = reading.wants_of(text)
        card_comes, self.wants_card = self.wants_card, False
        if card_comes and wants in ("helpful", "nothing") and reading.has_source(text):
            self._read_card(hearing.now)
        match wants:
            case "clean_letter":
                self._write_again(hearing)
            case "feedback":
                self._learn(hearing)
            case "reminder":
                if self.asked is not None:
                    self._reminded(self.asked, False, hearing)
            case _:
                manners.reply(self.traits, self.questions, wants, hearing)

    def _write_again(self, hearing: Hearing) -> None:
        """Their answer was not read, or did not arrive: the letter and nothing else."""
        asked = self.asked
        if asked is None or asked.choice is None or asked.tries >= MOST_TRIES:
            return
        if not asked.sent or hearing.rng.random() < GIVES_UP:
            return
        asked.tries += 1
        self.agenda.drop("answer")
        letter = typing.clean(asked.choice)
        hearing.plan(hearing.soon(), letter, "answer", asked.known.item)

    def _learn(self, hearing: Hearing) -> None:
        asked = self.asked
        if asked is None or asked.choice is None or not asked.sent:
            return
        read = hearing.rng.random() < self.traits.attention
        self.memory.learn(asked.known, asked.knew, read, hearing.now)
        self.learnt, self.asked = asked.known, None
        self.agenda.drop("answer")
        manners.follow_up(self.traits, asked.choice == asked.known.right, hearing)

    def _read_card(self, now: datetime) -> None:
        if self.learnt is not None:
            self.memory.reread(self.learnt, now)

    def _done(self, planned: Planned) -> None:
        """An act leaves the phone."""
        word = planned.act.said.upper()
        if planned.purpose == "answer":
            if self.asked is not None and planned.about == self.asked.known.item:
                self.asked.sent = True
        elif planned.purpose == "stop":
            self.stopped = True
            self.asked = None
            self.agenda.drop("answer", "word", "stop", "walk", "test")
        elif planned.purpose == "start":
            self.stopped = False
        elif word == "MORE":
            self.wants_card = True
        elif word == "QUIZ":
            self.eager_until = planned.act.at + EAGER_FOR
