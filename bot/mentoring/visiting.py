"""Visits on the phone: the words of mentors, and the yes or no of whoever is visited."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot import words
from bot.mentoring import debriefing, visit_rules, visit_telling, visit_walk, visits
from bot.mentoring.visits import VisitError
from bot.text import dates
from bot.text.fold import fold
from bot.texts import text
from bot.turn import Turn
from store.people import Person
from store.visits import Visit

WORDS: Final = frozenset({"visit", "visits", "debrief"})
MOST_LISTED: Final = 8
# What stands after VISIT; the rest plans one.
_MEANS: Final = {
    **dict.fromkeys(("cancel", "annuler", "call off", "hagarika", "ghairi"), "cancel"),
    **dict.fromkeys(("change", "move", "changer", "deplacer", "hindura", "badili"), "change"),
    **dict.fromkeys(("list", "liste"), "list"),
}
_SAID: Final = re.compile(r"\s*([^\W\d_]+(?: off)?)\s*(?:(?:visit|visite|no|n)?\W*(\d{1,9}))?\b\W*")


def command(turn: Turn, asked: words.Command) -> str | None:
    """Carry out VISIT, VISITS and DEBRIEF, for a mentor or for whoever is visited.

    Returns:
        The text, where it is a question: "visit schedule newborn", of somebody who plans none.
    """
    if asked.name == "debrief":
        debriefing.begin(turn, asked.text)
        return None
    if asked.name == "visits":
        show(turn)
        return None
    found = _SAID.match(asked.text)
    if found is not None:
        first, number = fold(found[1]), found[2]
        coming = words.affirmation(first)
        if coming is not None:
            _answer(turn, coming, int(number) if number else None)
            return None
        meant = _MEANS.get(first)
        if meant == "list":
            show(turn)
            return None
        if meant is not None and turn.person.is_mentor:
            _ask_first(turn, meant, number, asked.text[found.end() :])
            return None
    if turn.person.is_mentor:
        visit_walk.begin(turn, asked.text)
    elif asked.text:
        return turn.text
    else:
        show(turn)
    return None


# Yes and no.


def answered(turn: Turn, asked: dict[str, Any], number: int | None, yes: bool | None) -> None:
    """1 or yes, 2 or no, right after a notice."""
    coming = yes if yes is not None else {1: True, 2: False}.get(number or 0)
    if coming is None:
        turn.reply("choose_again", menu="yes_no")
        return
    visit = turn.session.get_one(Visit, asked["visit"])
    mine = visits.of_person(turn.session, visit, turn.person)
    if mine is not None and mine.coming is not None and words.is_courtesy(turn.text):
        return  # "ok", to our thanks
    _take(turn, visit, coming)


def _answer(turn: Turn, coming: bool, number: int | None) -> None:
    visit = _pressed(turn)
    if visit is None:
        mine = visits.coming_to(turn.session, turn.person, turn.now)
        named = [one for one, _ in mine if one.id == number]
        open_ones = [one for one, part in mine if part.coming is not coming] or [o for o, _ in mine]
        if number is None and len(open_ones) > 1:
            _list_mine(turn, "visit_which")
            return
        visit = next(iter(named if number is not None else open_ones), None)
    if visit is None:
        turn.reply("visit_over_already")
    else:
        _take(turn, visit, coming)


def _pressed(turn: Turn) -> Visit | None:
    """The visit whose notice was quoted, or whose button was pressed."""
    visit_id = visit_telling.of_key(turn.quoted_key() or "")
    return None if visit_id is None else turn.session.get(Visit, visit_id)


def _take(turn: Turn, visit: Visit, coming: bool) -> None:
    visit = visits.locked(turn.session, visit.id)
    outcome = visits.answer(turn.session, visit, turn.person, coming, turn.now)
    if outcome == "over":
        turn.reply("visit_over_already")
        return
    mine = visits.of_person(turn.session, visit, turn.person)
    leader = "_leader" if coming and mine is not None and mine.part == "leader" else ""
    turn.reply(f"visit_{'yes' if coming else 'no'}{leader}", **_parts(turn, visit))


def _parts(turn: Turn, visit: Visit) -> dict[str, Any]:
    mentor = turn.session.get_one(Person, visit.mentor_id)
    return {
        "number": visit.id,
        "mentor": visit_telling.named(mentor, turn.person),
        "facility": visit_telling.place(turn.session, visit),
        "when": visit_telling.when(visit, turn.person),
        "topics": visit_telling.about(visit, turn.person),
    }


# What is planned.


def show(turn: Turn) -> None:
    """VISITS: what is planned, and how to move it or call it off."""
    own = visits.planned(turn.session, turn.person) if turn.person.is_mentor else []
    if not own:
        _list_mine(turn, "visits_mentee")
        return
    language = turn.person.language
    lines = [text("visits_mentor", language)]
    for visit in own[:MOST_LISTED]:
        yes, no, silent = (len(some) for some in visit_telling.counted(turn.session, visit))
        begun = visit.starts_at <= turn.now
        key = "visits_line_debrief" if begun else "visits_line"
        lines.append(text(key, language, **_parts(turn, visit), yes=yes, no=no, silent=silent))
    lines.append(text("visits_mentor_how", language, number=own[-1].id))
    turn.reply_text("\n".join(lines), label="visits")


def _list_mine(turn: Turn, heading: str) -> None:
    mine = visits.coming_to(turn.session, turn.person, turn.now)
    language = turn.person.language
    if not mine:
        turn.reply("visits_none_mentor" if turn.person.is_mentor else "visits_none")
        return
    say = {True: "visit_you_come", False: "visit_you_do_not", None: "visit_you_may_say"}
    lines = [text(heading, language)]
    lines += [
        text(
            "visits_line_mentee",
            language,
            **_parts(turn, visit),
            coming=text(say[part.coming], language),
        )
        for visit, part in mine[:MOST_LISTED]
    ]
    turn.reply_text("\n".join(lines), label="visits")


# Changing and calling off: asked first, for people are told.


def _ask_first(turn: Turn, meant: str, number: str | None, rest: str) -> None:
    visit = _own(turn, number)
    if visit is None:
        if number is None:
            show(turn)
        else:
            turn.reply("visit_no_such", number=number)
        return
    parts = _parts(turn, visit)
    told = len(visit_telling.told(turn.session, visit))
    if meant == "cancel":
        turn.person.pending = {"kind": "visit_cancel", "visit": visit.id}
        turn.reply("visit_cancel_ask", menu="yes_no", **parts, told=told)
        return
    here = ZoneInfo(turn.person.timezone)
    found = visit_rules.wish(rest, turn.now.astimezone(here).date())
    before = visit.starts_at.astimezone(here)
    if found.day is None and found.hour is None:
        turn.reply("visit_change_how", number=visit.id)
        return
    moment = dates.moment(
        dates.Read(found.day or before.date(), found.hour or before.time(), ""),
        turn.person.timezone,
    )
    assert moment is not None
    wrong = visit_rules.wrong(moment, turn.now)
    if wrong is not None:
        turn.reply(f"visit_{wrong}")
        return
    turn.person.pending = {
        "kind": "visit_change",
        "visit": visit.id,
        "at": moment.isoformat(),
        "days": found.days,
    }
    shown = Visit(starts_at=moment, days=found.days or visit.days)
    when = visit_telling.when(shown, turn.person)
    turn.reply("visit_change_ask", menu="yes_no", **{**parts, "when": when}, told=told)


def _own(turn: Turn, number: str | None) -> Visit | None:
    own = [one for one in visits.planned(turn.session, turn.person) if one.starts_at > turn.now]
    if number is not None:
        return next((one for one in own if one.id == int(number)), None)
    return own[0] if len(own) == 1 else None


def confirmed(turn: Turn, asked: dict[str, Any], number: int | None, yes: bool | None) -> None:
    """The answer to "call it off?" or "move it?"."""
    sure = yes if yes is not None else {1: True, 2: False}.get(number or 0)
    if sure is None:
        turn.reply("choose_again", menu="yes_no")
        return
    turn.person.pending = None
    visit = visits.locked(turn.session, asked["visit"])
    if not sure:
        turn.reply("visit_kept", number=visit.id)
        return
    try:
        if asked["kind"] == "visit_cancel":
            told = visits.cancel(turn.session, visit, now=turn.now)
            turn.reply("visit_called_off", **_parts(turn, visit), told=told)
        else:
            moment = datetime.fromisoformat(asked["at"])
            visits.change(turn.session, visit, now=turn.now, starts_at=moment, days=asked["days"])
            visit_walk.said_planned(turn, visit, "visit_changed")
    except VisitError as error:
        turn.reply(str(error))
