"""SKILL: a mentor is led through the checklist after an observation, and signs.

Whose skill and which, whether the patient agreed, each step, a summary, the signature. Nothing is
kept as an observation before it is signed, and nothing at all without the patient's yes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, cast

from bot import people, walking, walks, words
from bot.mentoring import marks, mentee_names, skills
from bot.mentoring.competencies import Catalogue, Competency, Step, kept
from bot.mentoring.marks import Mark
from bot.quizzes.progress import short
from bot.text.fold import fold
from bot.texts import text
from bot.turn import Turn
from bot.walks import Prompt, Taken
from store.people import Person
from store.walks import Walk

MOST_LISTED: Final = 9
_STEP: Final = "step:"


def command(turn: Turn, said: str) -> None:
    """SKILL, and perhaps whose and which behind it."""
    mentees = skills.mentees_of(turn.session, turn.person, turn.now)
    if not mentees:
        turn.reply("skill_no_mentees")
        return
    state: dict[str, Any] = {}
    person, rest = mentee_names.begun_with(said, mentees)
    if person is not None:
        state["mentee"] = person.id
        named = _called(rest, _performed(kept(turn.settings.competencies_dir), person))
        if named is not None:
            state["competency"] = named.id
    walks.begin(turn, KIND, state)


def _performed(catalogue: Catalogue, mentee: Person) -> list[Competency]:
    """What the mentee's cadre must be able to do; of a cadre nobody names, everything."""
    levels = catalogue.required(mentee.cadre)
    return [
        one
        for one in catalogue.competencies.values()
        if not levels or levels.get(one.id) == "perform"
    ]


def _called(said: str, competencies: Sequence[Competency]) -> Competency | None:
    """The one competency that some words name: by id, title, topic, or as the bank has it."""
    wanted = fold(said)
    found = [
        one
        for one in competencies
        if wanted in map(fold, (one.id, *one.title.values(), *one.topics, *one.bank))
    ]
    return found[0] if len(found) == 1 else None


class Skill(walks.Kind):
    """The walk of one observation. Answers: mentee and competency by id, marks by step."""

    name: ClassVar[str] = "skill"
    word: ClassVar[str] = "SKILL"

    def counted(self, steps: Sequence[str]) -> Sequence[str]:
        """The checklist's own numbers, by which "all but 4 7" names its steps."""
        return [step for step in steps if step.startswith(_STEP)]

    def steps(self, turn: Turn, walk: Walk) -> Sequence[str]:
        """Whose, which area where there are several, which, the patient, the checklist, signing."""
        steps = ["mentee"] if "mentee" not in walk.state else []
        if "competency" not in walk.state:
            many = len(self._areas(turn, walk)) > 1 if self._mentee_id(walk) else False
            steps += ["area", "competency"] if many else ["competency"]
        competency = self._competency(turn, walk)
        checklist = competency.checklist if competency else ()
        return [*steps, "consent", *(f"{_STEP}{one.id}" for one in checklist), "sign"]

    def ask(self, turn: Turn, walk: Walk) -> Prompt:
        """How the present step is asked."""
        language = turn.person.language
        match walk.step:
            case "mentee":
                mentees = skills.mentees_of(turn.session, turn.person, turn.now)
                names = [people.display_name(one, "?") for one in mentees[:MOST_LISTED]]
                also = tuple(name for one in mentees for name in mentee_names.names_of(one))
                return _listed("skill_whom", names, language, also)
            case "area":
                areas = [self._catalogue(turn).title(a, language) for a in self._areas(turn, walk)]
                return _listed("skill_area", areas, language)
            case "competency":
                titles = [one.title.get(language, one.title["en"]) for one in self._of(turn, walk)]
                return _listed("skill_which", titles, language)
            case "consent":
                return Prompt(text("skill_consent", language), "yes_no")
            case "sign":
                return Prompt(self._summary(turn, walk), "skill_sign", takes="marks")
            case _:
                return self._ask_step(turn, walk)

    def _ask_step(self, turn: Turn, walk: Walk) -> Prompt:
        language = turn.person.language
        step = self._step(turn, walk)
        said = step.text.get(language) or step.text["en"]
        if step.critical:
            said = text("skill_critical", language, step=said)
        if self._checklist(turn, walk)[0].id == step.id:
            said = f"{said}\n{text('skill_at_once', language)}"
        return Prompt(said, "skill_step", takes="marks")

    def take(self, turn: Turn, walk: Walk, said: str) -> Taken:
        """Read an answer to the present step."""
        match walk.step:
            case "mentee":
                return self._take_mentee(turn, walk, said)
            case "area":
                return _keep(walk, said, list(self._areas(turn, walk)))
            case "competency":
                return _keep(walk, said, [one.id for one in self._of(turn, walk)])
            case "consent":
                place = walking.chosen(said, 2)
                if place is None:
                    return "unread"
                walks.keep(walk, place == 0)
                return "next" if place == 0 else "done"
            case "sign":
                return self._take_sign(turn, walk, said)
            case _:
                if self._take_marks(turn, walk, said):
                    return "next"
                place = walking.chosen(said, len(marks.MARKS))
                if place is None:
                    return "unread"
                walks.keep(walk, marks.MARKS[place])
                return "next"

    def _take_mentee(self, turn: Turn, walk: Walk, said: str) -> Taken:
        mentees = skills.mentees_of(turn.session, turn.person, turn.now)
        person, rest = mentee_names.begun_with(said, mentees)
        place = walking.chosen(said, min(len(mentees), MOST_LISTED))
        if person is None and place is not None and words.number(said) is not None:
            person, rest = mentees[place], ""
        if person is None or rest:
            return "unread"
        walks.keep(walk, person.id)
        return "next"

    def _take_marks(self, turn: Turn, walk: Walk, said: str) -> bool:
        checklist = self._checklist(turn, walk)
        found = marks.read(said, len(checklist))
        if found is None:
            return False
        for number, mark in found.items():
            walk.answers[f"{_STEP}{checklist[number - 1].id}"] = mark
        return True

    def _take_sign(self, turn: Turn, walk: Walk, said: str) -> Taken:
        if self._take_marks(turn, walk, said):
            return "next"  # the summary again, for it is not settled yet
        place = walking.chosen(said, 2)
        if place is None:
            return "unread"
        walks.keep(walk, place == 0)
        return "done"

    def skip(self, turn: Turn, walk: Walk) -> bool:
        """A step of the checklist may be left out: it was not seen."""
        return walk.step is not None and walk.step.startswith(_STEP)

    def end(self, turn: Turn, walk: Walk) -> None:
        """Sign, or keep nothing."""
        if not walk.answers.get("consent"):
            turn.reply("skill_no_consent")
            return
        if not walk.answers.get("sign"):
            turn.reply("skill_not_signed")
            return
        competency = self._competency(turn, walk)
        assert competency is not None
        mentee = turn.session.get_one(Person, self._mentee_id(walk))
        passed = skills.sign(
            turn.session,
            mentor=turn.person,
            mentee=mentee,
            competency=competency,
            marks=self._marks(turn, walk),
            key=str(walk.id),
            began_at=walk.begun_at,
            now=turn.now,
        )
        turn.reply(
            "skill_thanks" if passed else "skill_thanks_again",
            mentee=people.bare_name(mentee) or text("plan_mentee", turn.person.language),
        )

    def _summary(self, turn: Turn, walk: Walk) -> str:
        """At most four lines, so that buttons stand under it."""
        language, competency = turn.person.language, self._competency(turn, walk)
        assert competency is not None
        mentee = turn.session.get_one(Person, self._mentee_id(walk))
        found = self._marks(turn, walk)
        passed, done, _ = skills.result(competency, found)
        lines = [
            text(
                "skill_summary",
                language,
                mentee=people.bare_name(mentee) or text("plan_mentee", language),
                competency=competency.title.get(language) or competency.title["en"],
                done=len(done),
                total=len(competency.checklist),
            )
        ]
        for mark in ("not_yet", "not_seen"):
            named = [
                _numbered(number, one, language)
                for number, one in enumerate(competency.checklist, 1)
                if found[one.id] == mark
            ]
            if named:
                lines.append(text(f"skill_{mark}", language, steps="; ".join(named)))
        lines.append(text("skill_would_pass" if passed else "skill_would_not", language))
        return "\n".join(lines)

    def _marks(self, turn: Turn, walk: Walk) -> Mapping[str, Mark]:
        """What was marked; what was left out was not seen."""
        return {
            one.id: cast("Mark", walk.answers.get(f"{_STEP}{one.id}") or "not_seen")
            for one in self._checklist(turn, walk)
        }

    def _mentee_id(self, walk: Walk) -> int | None:
        found: int | None = walk.state.get("mentee") or walk.answers.get("mentee")
        return found

    def _catalogue(self, turn: Turn) -> Catalogue:
        return kept(turn.settings.competencies_dir)

    def _required(self, turn: Turn, walk: Walk) -> list[Competency]:
        mentee = turn.session.get_one(Person, self._mentee_id(walk))
        return _performed(self._catalogue(turn), mentee)

    def _areas(self, turn: Turn, walk: Walk) -> list[str]:
        return list(dict.fromkeys(one.area for one in self._required(turn, walk)))[:MOST_LISTED]

    def _of(self, turn: Turn, walk: Walk) -> list[Competency]:
        """The competencies to choose from: of the area that was chosen, where one was."""
        area = walk.answers.get("area")
        found = [one for one in self._required(turn, walk) if area in (None, one.area)]
        return found[:MOST_LISTED]

    def _competency(self, turn: Turn, walk: Walk) -> Competency | None:
        name = walk.state.get("competency") or walk.answers.get("competency")
        return self._catalogue(turn).competencies.get(name or "")

    def _checklist(self, turn: Turn, walk: Walk) -> tuple[Step, ...]:
        competency = self._competency(turn, walk)
        return competency.checklist if competency else ()

    def _step(self, turn: Turn, walk: Walk) -> Step:
        return next(one for one in self._checklist(turn, walk) if walk.step == f"{_STEP}{one.id}")


def _keep(walk: Walk, said: str, options: Sequence[object]) -> Taken:
    place = walking.chosen(said, len(options))
    if place is None:
        return "unread"
    walks.keep(walk, options[place])
    return "next"


def _listed(key: str, names: Sequence[str], language: str, also: tuple[str, ...] = ()) -> Prompt:
    lines = [text(key, language), *(f"{n} {name}" for n, name in enumerate(names, 1))]
    menu = f"pick{len(names)}" if 2 <= len(names) <= MOST_LISTED else None
    return Prompt("\n".join(lines), menu, also=also)


def _numbered(number: int, step: Step, language: str) -> str:
    mark = text("skill_critical_mark", language) if step.critical else ""
    return f"{number}{mark} {short(step.text, language)}"


KIND = walks.register(Skill())
