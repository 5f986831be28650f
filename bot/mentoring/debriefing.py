"""DEBRIEF: three minutes after a visit. It ends in encounters and in items of coaching plans.

What it finds missing at the facility is passed on (``bot.mentoring.visit_findings``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from bot import walks, words
from bot.mentoring import (
    coaching,
    encounters,
    moderation,
    visit_findings,
    visit_parts,
    visit_rules,
    visit_telling,
    visits,
)
from bot.text.fold import fold
from bot.text.redact import redact
from bot.texts import text
from bot.turn import Turn
from store.people import Facility, Person
from store.visits import Visit
from store.walks import Walk

MOST_LISTED: Final = 30
LONGEST_GAP: Final = 200
_ALL: Final = frozenset({"all", "everybody", "tous", "toutes", "bose", "wote"})
_NONE: Final = frozenset({"none", "nobody", "nothing", "aucun", "personne", "rien"})


class Debrief(walks.Kind):
    """State: ``visit`` or the ``options`` it is chosen from (ids), and ``gaps`` so far."""

    name = "debrief"
    word = "DEBRIEF"

    def steps(self, turn: Turn, walk: Walk) -> Sequence[str]:
        """One line for each thing; a visit that did not take place needs only its reason."""
        first = [] if len(walk.state["options"]) == 1 else ["visit"]
        if walk.answers.get("held") is False:
            return [*first, "held", "reason"]
        found = [*first, "held"]
        if _mentees(turn, walk):
            found.append("seen")
        found.append("topics")
        if len(_seen(walk)) > 1:
            found.append("form")
        found.append("minutes")
        if _seen(walk):
            found += ["skills", "gaps"]
        return [*found, "problems", "stock"]

    def ask(self, turn: Turn, walk: Walk) -> walks.Prompt:
        """How a step is asked."""
        language = turn.person.language
        match walk.step:
            case "visit":
                lines = [text("debrief_which", language)]
                for n, number in enumerate(walk.state["options"], 1):
                    visit = turn.session.get_one(Visit, number)
                    place = visit_telling.place(turn.session, visit)
                    lines.append(f"{n} {place}, {visit_telling.when(visit, turn.person)}")
                return walks.Prompt("\n".join(lines), menu=_pick(len(lines) - 1))
            case "held":
                visit = _visit(turn, walk)
                said = text(
                    "debrief_held",
                    language,
                    facility=visit_telling.place(turn.session, visit),
                    when=visit_telling.when(visit, turn.person),
                )
                return walks.Prompt(said, menu="pick2")
            case "seen":
                lines = [text("debrief_seen", language)]
                lines += _numbered(turn, _mentees(turn, walk))
                return walks.Prompt("\n".join(lines), takes="text")
            case "topics":
                planned = _visit(turn, walk).topics
                key = "debrief_topics_planned" if planned else "debrief_topics"
                shown = visit_telling.about(_visit(turn, walk), turn.person)
                return walks.Prompt(text(key, language, topics=shown), takes="text")
            case "form":
                return walks.Prompt(text("debrief_form", language), menu="pick2")
            case "skills":
                return walks.Prompt(text("debrief_skills", language), menu="pick2")
            case "gaps":
                return walks.Prompt(_ask_gap(turn, walk), takes="text")
            case step:
                return walks.Prompt(text(f"debrief_{step}", language), takes="text")

    def take(self, turn: Turn, walk: Walk, said: str) -> walks.Taken:
        """Read one answer."""
        match walk.step:
            case "visit":
                number = words.number(said)
                if number is None or not 1 <= number <= len(walk.state["options"]):
                    return "unread"
                walks.keep(walk, walk.state["options"][number - 1])
            case "held" | "form" | "skills":
                first = _first_of_two(said)
                if first is None:
                    return "unread"
                walks.keep(walk, first)
            case "seen":
                people = _mentees(turn, walk)
                chosen = _people(said, people)
                if chosen is None:
                    return "unread"
                walks.keep(walk, chosen)
            case "topics":
                planned = list(_visit(turn, walk).topics)
                number = words.number(said)
                if planned and (number == 1 or words.affirmation(said)):
                    found = planned
                else:
                    found = [] if number is not None else visit_rules.topics(said)
                if not found:
                    return "unread"
                walks.keep(walk, found)
            case "minutes":
                spent = visit_rules.minutes(said)
                if spent is None:
                    return "unread"
                walks.keep(walk, spent)
            case "gaps":
                return _take_gap(turn, walk, said)
            case _:
                walks.keep(walk, "" if _nothing(said) else redact(turn.text).text)
        return "next"

    def skip(self, turn: Turn, walk: Walk) -> bool:
        """Whether it took place, who was seen and how long must be known."""
        return walk.step not in ("visit", "held", "seen", "minutes")

    def end(self, turn: Turn, walk: Walk) -> None:
        """Log it, and say what became of it."""
        visit = visits.locked(turn.session, _visit(turn, walk).id)
        answers = walk.answers
        if visit.state not in ("planned", "unreported"):
            turn.reply("visit_is_over")
        elif answers.get("held") is False:
            visits.over(turn.session, visit, "missed", turn.now, answers.get("reason") or "")
            turn.reply("debrief_missed")
        else:
            _held(turn, walk, visit)


KIND: Final = walks.register(Debrief())


def begin(turn: Turn, said: str = "") -> None:
    """DEBRIEF: of the visit that has begun and is not told of yet; of several, which is asked.

    With a facility, and a day that is not today: of a visit that was not planned here.
    """
    if said.strip():
        _unplanned(turn, said)
        return
    found = visits.to_tell_of(turn.session, turn.person, turn.now)
    if not found:
        turn.reply("debrief_none")
        return
    walks.begin(turn, KIND, {"options": [visit.id for visit in found[:8]], "gaps": []})


def _unplanned(turn: Turn, said: str) -> None:
    wish = visit_parts.wish(turn, said)
    found = visit_rules.facility(wish.words, visit_parts.facilities(turn))
    day = visit_parts.past_day(wish.day, visit_parts.today(turn))
    if day is None or len(found.places) != 1:
        turn.reply("debrief_which_place" if day else "debrief_too_old")
        return
    place = turn.session.get_one(Facility, found.places[0].id)
    visit = visits.of_day(turn.session, turn.person, place, day)
    if visit is None:
        visit = visits.note_down(
            turn.session,
            turn.person,
            place,
            day,
            now=turn.now,
            source=turn.address.channel,
            days=wish.days or 1,
            topics=visit_rules.topics(found.rest),
        )
    if visit.state not in ("planned", "unreported"):
        turn.reply("visit_is_over")
        return
    before = walks.living(turn.session, turn.person.id, KIND.name)
    if before is not None and before.state["options"] != [visit.id]:
        walks.drop(turn, before)
    walks.begin(turn, KIND, {"options": [visit.id], "gaps": []})


def _held(turn: Turn, walk: Walk, visit: Visit) -> None:
    answers, seen = walk.answers, _seen(walk)
    topics = answers.get("topics") or list(visit.topics)
    together = answers.get("form") is not False
    visits.over(turn.session, visit, "held", turn.now)
    for person, mine in visit_telling.members(turn.session, visit):
        if mine.part == "mentee":
            mine.seen = person.id in seen
    gaps = walk.state.get("gaps") or []
    visit.debrief = {
        "topics": topics,
        "form": "group" if together and len(seen) > 1 else "individual",
        "minutes": answers["minutes"],
        "skills": bool(answers.get("skills")),
        "gaps": gaps,
        "problems": answers.get("problems") or "",
        "stock": answers.get("stock") or "",
    }
    encounters.of_visit(
        turn.session,
        visit,
        seen,
        topics=topics,
        together=together,
        minutes=answers["minutes"],
        now=turn.now,
    )
    for number, one in enumerate(gaps):
        coaching.add(
            turn.session,
            mentee=turn.session.get_one(Person, one["person"]),
            gap=one["gap"],
            action=text("debrief_action", turn.person.language),
            owner_id=one["person"],
            due_on=None,
            source="debrief",
            key=f"debrief:{visit.id}:{number}",
            now=turn.now,
        )
    language = turn.person.language
    lines = [
        text("debrief_done", language, count=len(seen), minutes=answers["minutes"], gaps=len(gaps))
    ]
    if answers.get("skills"):
        lines.append(text("debrief_sign", language))
    if answers.get("problems"):
        lines += visit_findings.problems(turn, visit, answers["problems"])
    if answers.get("stock"):
        lines += visit_findings.stock_outs(turn, visit, answers["stock"])
    turn.reply_text("\n".join(lines), label="debrief")


def _visit(turn: Turn, walk: Walk) -> Visit:
    options = walk.state["options"]
    return turn.session.get_one(Visit, walk.answers.get("visit") or options[0])


def _mentees(turn: Turn, walk: Walk) -> list[Person]:
    """The visit's mentees, those who said that they come first."""
    found = [
        (mine.coming is not True, person)
        for person, mine in visit_telling.members(turn.session, _visit(turn, walk))
        if mine.part == "mentee"
    ]
    return [person for _, person in sorted(found, key=lambda one: one[0])][:MOST_LISTED]


def _seen(walk: Walk) -> list[int]:
    return list(walk.answers.get("seen") or [])


def _numbered(turn: Turn, people: Sequence[Person]) -> list[str]:
    return [f"{n} {visit_telling.named(one, turn.person)}" for n, one in enumerate(people, 1)]


def _pick(count: int) -> str | None:
    return f"pick{count}" if 2 <= count <= 3 else None


def _first_of_two(said: str) -> bool | None:
    return {1: True, 2: False}.get(words.number(said) or 0, words.clear_answer(said))


def _nothing(said: str) -> bool:
    return words.affirmation(said) is False or fold(said) in _NONE


def _people(said: str, people: Sequence[Person]) -> list[int] | None:
    """Who is meant: numbers of the list, all, none, or names that fit one each."""
    if fold(said) in _ALL or words.affirmation(said):
        return [person.id for person in people]
    if _nothing(said):
        return []
    numbers = moderation.numbers(said, len(people))
    if numbers is not None:
        return [people[number - 1].id for number in numbers]
    chosen: list[int] = []
    for part in visit_rules.topics(said):
        fits = [one.id for one in people if f" {fold(part)} " in f" {fold(one.name)} "]
        if len(fits) != 1:
            return None
        chosen += fits
    return chosen or None


def _ask_gap(turn: Turn, walk: Walk) -> str:
    language = turn.person.language
    people = _of(turn, _seen(walk))
    gaps: list[dict[str, Any]] = walk.state.get("gaps") or []
    if gaps:
        last = turn.session.get_one(Person, gaps[-1]["person"])
        name = visit_telling.named(last, turn.person)
        return text("debrief_gap_more", language, name=name, gap=gaps[-1]["gap"])
    if len(people) == 1:
        name = visit_telling.named(people[0], turn.person)
        return text("debrief_gap_one", language, name=name)
    return "\n".join([text("debrief_gaps", language), *_numbered(turn, people)])


def _take_gap(turn: Turn, walk: Walk, said: str) -> walks.Taken:
    if _nothing(said):
        walks.keep(walk, len(walk.state.get("gaps") or []))
        return "next"
    people = _of(turn, _seen(walk))
    found = []
    for line in re.split(r"[\n;]+", turn.text):
        marked = re.match(r"\s*(\d{1,2})\W+(\S.*)", line, re.DOTALL)
        number, gap = (int(marked[1]), marked[2]) if marked else (1, line)
        alone = len(people) == 1
        if (marked is None and not alone) or not 1 <= number <= len(people) or not fold(gap):
            return "unread"
        short = redact(" ".join(gap.split())).text[:LONGEST_GAP]
        found.append({"person": people[number - 1].id, "gap": short})
    walk.state["gaps"] = [*(walk.state.get("gaps") or []), *found]
    return "next"  # and asked for more


def _of(turn: Turn, ids: Sequence[int]) -> list[Person]:
    return [turn.session.get_one(Person, one) for one in ids]
