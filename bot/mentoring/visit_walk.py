"""VISIT, step by step: where, when, what about, and a look at it before anybody is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from bot import walks, words
from bot.mentoring import moderation, visit_parts, visit_rules, visit_telling, visits
from bot.mentoring.visits import VisitError
from bot.text.fold import fold
from bot.texts import text
from bot.turn import Turn
from store.people import Facility, Person
from store.visits import Visit
from store.walks import Walk

MOST_PEOPLE: Final = 30
_STEPS: Final = ("facility", "when", "topics", "confirm")


class VisitWalk(walks.Kind):
    """State: ``known`` (steps that the first text has settled), and what is known, as ``facility``
    (id), ``at`` (ISO), ``days``, ``topics``, ``people`` (ids, or all), ``names``, ``day`` (without
    its hour), ``options`` (ids offered) and ``note`` (a text: what was wrong).
    """

    name = "visit"
    word = "VISIT"
    uncounted = 1

    def steps(self, turn: Turn, walk: Walk) -> Sequence[str]:
        """What is known is not asked for; who is asked only on request."""
        found = [step for step in _STEPS if step not in walk.state["known"]]
        if walk.state.get("choose"):
            found.insert(-1, "who")
        return found

    def ask(self, turn: Turn, walk: Walk) -> walks.Prompt:
        """How a step is asked; what was wrong with the last answer stands before it."""
        language = turn.person.language
        note = walk.state.pop("note", None)
        before = f"{text(note, language)}\n" if note else ""
        match walk.step:
            case "facility":
                lines = [text("visit_ask_facility", language)]
                lines += _options(turn, walk)
                return walks.Prompt(before + "\n".join(lines), takes="text")
            case "when":
                day = walk.state.get("day")
                if note:
                    return walks.Prompt(text(note, language), takes="text")
                key = "visit_ask_hour" if day else "visit_ask_when"
                return walks.Prompt(text(key, language), takes="text")
            case "topics":
                return walks.Prompt(text("visit_ask_topics", language), takes="text")
            case "who":
                people = _mentees(turn, walk)[:MOST_PEOPLE]
                lines = [text("visit_ask_who", language)]
                lines += [
                    f"{n} {visit_telling.named(person, turn.person)}"
                    for n, person in enumerate(people, 1)
                ]
                return walks.Prompt("\n".join(lines), takes="text")
            case _:
                return walks.Prompt(
                    before + _summary(turn, walk), menu="visit_confirm", takes="text"
                )

    def take(self, turn: Turn, walk: Walk, said: str) -> walks.Taken:
        """Read an answer. A step that is only half answered is asked for the rest."""
        match walk.step:
            case "facility":
                return _take_facility(turn, walk, said)
            case "when":
                return _take_when(turn, walk, said)
            case "topics":
                found = visit_rules.topics(said)
                if not found:
                    return "unread"
                walk.state["topics"] = found
                walks.keep(walk, found)
                return "next"
            case "who":
                return _take_who(turn, walk, said)
            case _:
                return _take_confirm(turn, walk, said)

    def skip(self, turn: Turn, walk: Walk) -> bool:
        """Only the topics may be left open."""
        return walk.step == "topics"

    def end(self, turn: Turn, walk: Walk) -> None:
        """Plan it and say so, or throw it away."""
        if walk.answers.get("confirm") != "send":
            turn.reply("visit_dropped")
            return
        mentor, state = turn.person, walk.state
        try:
            visit = visits.plan(
                turn.session,
                mentor,
                turn.session.get_one(Facility, state["facility"]),
                datetime.fromisoformat(state["at"]),
                now=turn.now,
                source=turn.address.channel,
                days=state.get("days") or 1,
                topics=state.get("topics") or (),
                mentees=state.get("people"),
            )
        except VisitError as error:
            turn.reply(str(error))
            return
        said_planned(turn, visit, "visit_planned")


KIND: Final = walks.register(VisitWalk())


def begin(turn: Turn, said: str) -> None:
    """VISIT, with what is known already behind it: ``Rukara HC 12 Dec 9:00 pph, newborn``."""
    if not said.strip():
        walks.begin(turn, KIND, {"known": []})
        return
    before = walks.living(turn.session, turn.person.id, KIND.name)
    if before is not None:
        walks.drop(turn, before)
    wish = visit_parts.wish(turn, said)
    state: dict[str, Any] = {"days": wish.days}
    visit_parts.set_place(turn, state, wish.words)
    visit_parts.set_moment(turn, state, wish)
    if wish.names:
        state["names"] = wish.names
    given = {"facility": "facility", "when": "at", "topics": "topics"}
    state["known"] = [step for step, key in given.items() if key in state]
    walks.begin(turn, KIND, state)


def _options(turn: Turn, walk: Walk) -> list[str]:
    """The facilities that are offered: those that fit what was said, else those nearby."""
    ids = walk.state.get("options")
    if ids is None:
        near = [place.id for place in visit_parts.facilities(turn) if place.near]
        own = turn.person.facility_id
        ids = (near or ([own] if own else []))[: visit_parts.MOST_OPTIONS]
        walk.state["options"] = ids
    places = [turn.session.get_one(Facility, one) for one in ids]
    names = [place.name for place in places]
    return [
        f"{n} {place.name}" + (f" ({place.district})" if names.count(place.name) > 1 else "")
        for n, place in enumerate(places, 1)
    ]


def _take_facility(turn: Turn, walk: Walk, said: str) -> walks.Taken:
    options = walk.state.get("options") or []
    number = words.number(said)
    if number is not None:
        if not 1 <= number <= len(options):
            return "unread"
        _keep_place(walk, options[number - 1])
        return "next"
    wish = visit_parts.wish(turn, said)
    found = visit_rules.facility(wish.words, visit_parts.facilities(turn))
    if len(found.places) == 1:
        _keep_place(walk, found.places[0].id)
        visit_parts.set_moment(turn, walk.state, wish)
        topics = visit_rules.topics(found.rest)
        if walk.state.get("at"):
            walk.answers["when"] = walk.state["at"]
        if topics:
            walk.state["topics"] = walk.answers["topics"] = topics
    elif found.places:
        walk.state["options"] = [place.id for place in found.places[: visit_parts.MOST_OPTIONS]]
    else:
        walk.state["note"] = "visit_place_unknown"
    return "next"


def _keep_place(walk: Walk, facility_id: int) -> None:
    """Another place has other people."""
    walk.state["facility"] = facility_id
    walk.state["people"] = None
    walks.keep(walk, facility_id)


def _take_when(turn: Turn, walk: Walk, said: str) -> walks.Taken:
    wish = visit_parts.wish(turn, said)
    if wish.day is None and wish.hour is None:
        return "unread"
    walk.answers.pop("when", None)
    visit_parts.again(turn, walk.state, wish)
    if walk.state.get("note") is None and walk.state.get("at") is not None:
        walks.keep(walk, walk.state["at"])
    return "next"


def _mentees(turn: Turn, walk: Walk) -> list[Person]:
    place = turn.session.get_one(Facility, walk.state["facility"])
    found = visits.guests(turn.session, turn.person, place)
    return [person for person, part in found if part == "mentee"]


def _take_who(turn: Turn, walk: Walk, said: str) -> walks.Taken:
    people = _mentees(turn, walk)[:MOST_PEOPLE]
    if fold(said) in ("all", "tous", "toutes", "bose", "wote"):
        chosen = [person.id for person in _mentees(turn, walk)]
    else:
        numbers = moderation.numbers(said, len(people))
        if numbers is None:
            return "unread"
        chosen = [people[number - 1].id for number in numbers]
    walk.state["people"] = chosen
    walks.keep(walk, chosen)
    return "next"


def _take_confirm(turn: Turn, walk: Walk, said: str) -> walks.Taken:
    number, yes = words.number(said), words.clear_answer(said)
    if number == 1 or yes:
        walks.keep(walk, "send")
        return "done"
    if number == 3 or yes is False:
        walks.keep(walk, "drop")
        return "done"
    if number == 2 and _mentees(turn, walk):
        walk.state["choose"] = True
        walk.answers.pop("who", None)
        return "next"
    wish = visit_parts.wish(turn, said)
    if wish.day is None and wish.hour is None and wish.days is None:
        return "unread"
    visit_parts.again(turn, walk.state, wish)
    return "next"


def _summary(turn: Turn, walk: Walk) -> str:
    language, state = turn.person.language, walk.state
    mentees = _mentees(turn, walk)
    if state.get("names") and state.get("people") is None:
        state["people"] = visit_parts.named(mentees, state["names"])
    place = turn.session.get_one(Facility, state["facility"])
    leaders = [
        person
        for person, part in visits.guests(turn.session, turn.person, place)
        if part == "leader"
    ]
    chosen = state.get("people")
    told = [person for person in mentees if chosen is None or person.id in chosen]
    visit = Visit(
        starts_at=datetime.fromisoformat(state["at"]),
        days=state.get("days") or 1,
        topics=state.get("topics") or [],
    )
    return text(
        "visit_confirm",
        language,
        facility=place.name,
        when=visit_telling.when(visit, turn.person),
        topics=visit_telling.about(visit, turn.person),
        mentees=sum(visit_telling.reached(person) for person in told),
        leaders=sum(visit_telling.reached(person) for person in leaders),
    )


def said_planned(turn: Turn, visit: Visit, say: str) -> None:
    """Tell the mentor that it is planned or moved, and who must be told otherwise."""
    now, later = visit_telling.told_by_when(turn.session, visit, turn.now)
    parts = {
        "number": visit.id,
        "facility": visit_telling.place(turn.session, visit),
        "when": visit_telling.when(visit, turn.person),
        "told": now,
    }
    lines = [text(say, turn.person.language, **parts)]
    if later:
        lines.append(text("visit_told_later", turn.person.language, later=later))
    unreached = visit_telling.unreached(turn.session, visit)
    if unreached:
        names = ", ".join(visit_telling.named(person, turn.person) for person in unreached)
        lines.append(text("visit_unreached", turn.person.language, names=names))
    turn.reply_text("\n".join(lines), label=say)
