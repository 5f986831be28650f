"""The rounds of a simulated mentor: visits are planned, held and told of, and skills are signed.

All of it by text, as the phone asks. What was signed, and whether it was passed, is remembered by
names, as they stood on the phone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from simulator import cohort_walks as walks
from simulator.cohort_days import Routine
from simulator.cohort_hearing import Hearing
from simulator.cohort_types import stream
from simulator.cohort_walks import Step

# Between the days on which somebody sits down to plan a visit.
VISITS_EVERY: Final = 3.0
VISITS_SPREAD: Final = 0.25
FIRST_VISIT: Final = 1.0
TELLS_AFTER: Final = 40.0  # minutes
TELLS_SPREAD: Final = 0.9
HELD: Final = 0.95
PRESENT: Final = 0.92
# Skills of one mentee that one visit leaves time for.
A_VISIT: Final = 4
# A step of a checklist that is done well, at first and after practice.
DONE: Final = 0.9
DONE_AFTER: Final = 0.98
NOT_SEEN: Final = 0.1  # of the steps that were not done well
ALL_AT_ONCE: Final = 0.3
PATIENT_AGREES: Final = 0.97
FINDS_GAP: Final = 0.3
FINDS_PROBLEM: Final = 0.2
FINDS_STOCK_OUT: Final = 0.15
_WEEKDAYS: Final = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
}
_SAYS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "en": {
        "topics": ("pph, newborn", "fever, triage", "family planning", "pneumonia, diarrhoea"),
        "gap": ("fill in the register each day", "count breaths for a full minute"),
        "problem": ("One nurse for the whole ward at night.", "The fridge is broken."),
        "stock": ("oxytocin", "amoxicillin", "gloves", "zinc"),
        "reason": ("The road was flooded.", "I was called to theatre."),
        "all_ok": ("ALL OK",),
        "all_but": ("ALL BUT",),
        "all": ("ALL",),
        "no": ("NO",),
        "later": ("LATER",),
        "send": ("Send",),
    },
    "fr": {
        "topics": ("hpp, nouveau-né", "fièvre, triage", "planification", "pneumonie, diarrhée"),
        "gap": ("remplir le registre chaque jour", "compter les respirations une minute"),
        "problem": ("Une infirmière seule la nuit.", "Le réfrigérateur est en panne."),
        "stock": ("ocytocine", "amoxicilline", "gants", "zinc"),
        "reason": ("La route était inondée.", "On m'a appelé au bloc."),
        "all_ok": ("TOUT OK",),
        "all_but": ("TOUT SAUF",),
        "all": ("TOUS",),
        "no": ("NON",),
        "later": ("PLUS TARD",),
        "send": ("Envoyer",),
    },
}
_NONE_OF_THEM: Final = ("none", "aucun")


class Doctor(Protocol):
    """Whoever goes on rounds: a mentor."""

    stream: str
    language: str
    routine: Routine

    def at_work(self, moment: datetime, rng: Random) -> datetime:
        """`moment`, or the next time in working hours with a phone that is on."""
        ...


@dataclass(slots=True)
class Rounds:
    """What a mentor remembers of their rounds; people, facilities and skills by name.

    ``visited``: how often each facility was planned; ``present``: who was seen on the visit that is
    being told of; ``queue``: for whom skills are still to be signed; ``catalogue``: the skills that
    the phone offered, by person and area; ``signed``: whether a skill was passed, by person and
    title; ``watched``: what was watched on this visit, by person and title; ``busy``: when a walk
    asked last (ISO 8601), or nothing.
    """

    visited: dict[str, int] = field(default_factory=dict)
    present: list[str] = field(default_factory=list)
    queue: list[str] = field(default_factory=list)
    whose: str = ""
    area: str = ""
    skill: str = ""
    passed: bool = False
    comes_back: bool = False
    catalogue: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    signed: dict[str, dict[str, bool]] = field(default_factory=dict)
    watched: list[list[str]] = field(default_factory=list)
    busy: str = ""

    def hears(self, doctor: Doctor, hearing: Hearing) -> bool:
        """Plan what a message of a walk leads to; whether it was one."""
        step = walks.read(hearing.message, walks.MENTOR)
        if step.wants == "nothing":
            return False
        self.busy = "" if step.wants in ("signed", "refused") else hearing.now.isoformat()
        answer = (
            self._of_visit(step, doctor, hearing)
            or self._of_debrief(step, doctor, hearing)
            or self._of_skill(step, doctor, hearing)
        )
        if answer:
            hearing.agenda.drop("walk")
            hearing.choose(answer, answer, hearing.at_once(), "walk")
        return True

    def is_none_of_them(self, text: str, now: datetime) -> str | None:
        """The number of "none of them", where a text of a walk was taken for one about a case."""
        if not self.busy or now - datetime.fromisoformat(self.busy) > timedelta(hours=1):
            return None
        for line in walks.plain(text).splitlines():
            number, _, name = line.partition(" ")
            if number.isdigit() and name.startswith(_NONE_OF_THEM):
                return number
        return None

    # VISIT.

    def _of_visit(self, step: Step, doctor: Doctor, hearing: Hearing) -> str | None:
        match step.wants:
            case "begun":
                fresh, self.comes_back = not self.comes_back, False
                return "2" if fresh else "1"
            case "waiting":
                word = step.words[0].upper()
                if word != "SKILL" or self.whose:
                    self.comes_back = True
                    hearing.agenda.drop("walk")
                    hearing.plan(hearing.soon(), word, "walk")
            case "facility":
                return self._where(step, doctor)
            case "day":
                return f"{_next_workday(doctor, hearing.now)} 9:00"
            case "hour":
                return "9:00"
            case "topics":
                return _one("topics", doctor, hearing)
            case "confirm":
                send = _says("send", doctor)[0]
                hearing.agenda.drop("walk")
                hearing.choose(send, "1", hearing.at_once(), "walk")
        return None

    def _where(self, step: Step, doctor: Doctor) -> str:
        """The facility that was visited least."""
        if not step.options:
            return _says("later", doctor)[0]
        place = min(step.options, key=lambda one: (self.visited.get(one, 0), one))
        self.visited[place] = self.visited.get(place, 0) + 1
        return str(step.options.index(place) + 1)

    # DEBRIEF.

    def _of_debrief(self, step: Step, doctor: Doctor, hearing: Hearing) -> str | None:
        rng, no = hearing.rng, _says("no", doctor)[0]
        match step.wants:
            case "tell":
                at = hearing.later(TELLS_AFTER, TELLS_SPREAD)
                hearing.agenda.drop("walk")
                hearing.choose("DEBRIEF", "DEBRIEF", at, "walk")
            case "held":
                self.present = []
                return "1" if rng.random() < HELD else "2"
            case "reason":
                return _one("reason", doctor, hearing)
            case "seen":
                return self._who(step, doctor, rng)
            case "about":
                planned = "1 as planned" in _said(hearing) or "1 comme prevu" in _said(hearing)
                return "1" if planned else _one("topics", doctor, hearing)
            case "form":
                return "1" if rng.random() < 0.7 else "2"
            case "minutes":
                return rng.choice(("2 h", "90 min", "3 h"))
            case "watched":
                return "1" if any(not self._complete(name) for name in self.present) else "2"
            case "gaps":
                found = rng.random() < FINDS_GAP
                return f"1 {_one('gap', doctor, hearing)}" if found else no
            case "gap":
                return _one("gap", doctor, hearing) if rng.random() < FINDS_GAP else no
            case "gap_more":
                return no
            case "problems":
                return _one("problem", doctor, hearing) if rng.random() < FINDS_PROBLEM else no
            case "stock":
                return _one("stock", doctor, hearing) if rng.random() < FINDS_STOCK_OUT else no
            case "debriefed":
                waiting = [name for name in self.present if not self._complete(name)]
                self.queue = [name for name in waiting for _ in range(A_VISIT)]
                self.present, self.watched = [], []
                self._next_skill(hearing)
        return None

    def _who(self, step: Step, doctor: Doctor, rng: Random) -> str:
        numbers = [n for n, _ in enumerate(step.options, 1) if rng.random() < PRESENT]
        if len(numbers) in (0, len(step.options)):
            self.present = list(step.options)
            return _says("all", doctor)[0]
        self.present = [step.options[number - 1] for number in numbers]
        return " ".join(map(str, numbers))

    # SKILL.

    def _of_skill(self, step: Step, doctor: Doctor, hearing: Hearing) -> str | None:
        match step.wants:
            case "whom":
                return self._give_up(doctor, hearing)
            case "area":
                for area in step.options:
                    self._offered(area)
                open_ = [area for area in step.options if not self._area_done(area)]
                if not open_:
                    return self._give_up(doctor, hearing)
                self.area = open_[0]
                return str(step.options.index(self.area) + 1)
            case "skill":
                self._offered(self.area)[:] = step.options
                open_ = [one for one in step.options if self._is_open(one)]
                if not open_:
                    return self._give_up(doctor, hearing)
                self.skill = open_[0]
                return str(step.options.index(self.skill) + 1)
            case "consent":
                self.watched.append([self.whose, self.skill])
                return "1" if hearing.rng.random() < PATIENT_AGREES else "2"
            case "mark":
                return self._mark(step, doctor, hearing.rng)
            case "sign":
                self.passed = not step.words[0]
                return "1"
            case "signed":
                theirs = self.signed.setdefault(self.whose, {})
                theirs[self.skill] = self.passed or theirs.get(self.skill, False)
                self._next_skill(hearing)
            case "refused":
                self._next_skill(hearing)
        return None

    def _next_skill(self, hearing: Hearing) -> None:
        """SKILL and the name of whoever is next."""
        while self.queue and self._complete(self.queue[0]):
            self.queue.pop(0)
        if not self.queue:
            return
        self.whose, self.area, self.skill = self.queue.pop(0), "", ""
        hearing.agenda.drop("walk")
        hearing.plan(hearing.at_once(2.0), f"SKILL {self.whose}", "walk")

    def _give_up(self, doctor: Doctor, hearing: Hearing) -> str:
        """Nothing is left to sign for somebody, or the phone does not know them."""
        self.queue = [name for name in self.queue if name != self.whose]
        self.whose = ""
        if self.queue:
            # After LATER has left.
            hearing.agenda.drop("walk")
            hearing.plan(hearing.at_once(), _says("later", doctor)[0], "walk")
            self.whose, self.area, self.skill = self.queue.pop(0), "", ""
            at = hearing.at_once(3.0) + timedelta(minutes=2)
            hearing.plan(at, f"SKILL {self.whose}", "word")
            return ""
        return _says("later", doctor)[0]

    def _mark(self, step: Step, doctor: Doctor, rng: Random) -> str:
        """A step of the checklist, or all of them where that is quicker."""
        again = self.skill in self.signed.get(self.whose, {})
        done = DONE_AFTER if again else DONE
        if step.place == 1 and rng.random() < ALL_AT_ONCE:
            missed = [n for n in range(1, step.of + 1) if rng.random() >= done]
            if not missed:
                return _says("all_ok", doctor)[0]
            return f"{_says('all_but', doctor)[0]} {' '.join(map(str, missed))}"
        if rng.random() < done:
            return "1"
        return "3" if rng.random() < NOT_SEEN else "2"

    def _offered(self, area: str) -> list[str]:
        """The skills of an area that the phone has offered for this mentee, to be filled."""
        return self.catalogue.setdefault(self.whose, {}).setdefault(area, [])

    def _is_open(self, skill: str) -> bool:
        """Whether a skill of this mentee is still to be passed, and was not watched today."""
        passed = self.signed.get(self.whose, {}).get(skill, False)
        return not passed and [self.whose, skill] not in self.watched

    def _area_done(self, area: str) -> bool:
        skills = self._offered(area)
        return bool(skills) and not any(map(self._is_open, skills))

    def _complete(self, name: str) -> bool:
        """Whether all that the phone offers for somebody is signed and passed."""
        areas = self.catalogue.get(name, {})
        theirs = self.signed.get(name, {})
        return bool(areas) and all(
            skills and all(theirs.get(one) for one in skills) for skills in areas.values()
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Rounds:
        """What `to_json` wrote."""
        return cls(**plain)


def next_visit(doctor: Doctor, after: datetime, days: float = VISITS_EVERY) -> datetime:
    """When a mentor sits down to plan the next visit, some ``days`` after a moment (UTC)."""
    rng = stream(doctor.stream, "visit", after.isoformat())
    wait = days * rng.lognormvariate(0.0, VISITS_SPREAD)
    return doctor.at_work(after + timedelta(days=round(wait, 4)), rng)


def _next_workday(doctor: Doctor, now: datetime) -> str:
    """The weekday of the next day of work, as people write it."""
    today = now.astimezone(ZoneInfo(doctor.routine.timezone)).weekday()
    following = [(today + ahead) % 7 for ahead in range(1, 8)]
    day = next(day for day in following if day in doctor.routine.workdays)
    return _WEEKDAYS[doctor.language][day]


def _says(what: str, doctor: Doctor) -> Sequence[str]:
    return _SAYS[doctor.language][what]


def _one(what: str, doctor: Doctor, hearing: Hearing) -> str:
    return hearing.rng.choice(_says(what, doctor))


def _said(hearing: Hearing) -> str:
    return walks.plain(hearing.message.text)
